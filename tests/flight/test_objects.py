"""What comes down beside the body: spent stages and fragments."""

from functools import cache

import numpy as np
import pytest

from noroshi.earth import frames, geometry
from noroshi.earth.model import WGS84
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Fit, fit, flown
from noroshi.flight.missile import Body, adrift, course
from noroshi.flight.objects import FRAGMENT_MPS, fragments, spent_stages
from noroshi.flight.sample import steps_of
from tests.flight.made import BODY, SITE, aim, three_stages, two_stages

TOLD = Announced(Told(1000.0), Told(4600.0), Told(80.0))
START = np.radians([SITE.lat_deg, SITE.lon_deg])


@cache
def fitted() -> Fit:
    return fit(SITE, TOLD, two_stages(), BODY)


def away(lat_deg, lon_deg, start=START):
    """Distance, km, and bearing, deg, over the ground."""
    way_m, bearing = geometry.great_circle(*start, np.radians(lat_deg), np.radians(lon_deg))
    return way_m / 1e3, np.degrees(bearing)


def test_stages_fall_short_of_the_body_and_along_its_track():
    (first,) = spent_stages(SITE, two_stages(), fitted().aim)
    distance_km, bearing = away(first.lat_deg, first.lon_deg)
    assert 0 < distance_km < fitted().range_km
    assert bearing == pytest.approx(80.0, abs=3.0)
    # When the first stage is spent, and down after that and before the body.
    assert first.time_s == pytest.approx(70.0)
    assert 70 < first.fall_s < fitted().flight_time_s
    assert first.name == "stage 1"


def test_the_last_stage_flies_on_with_the_body_unless_asked_for():
    both = spent_stages(SITE, two_stages(), fitted().aim, last_too=True)
    assert [one.name for one in both] == ["stage 1", "stage 2"]
    first, second = (away(one.lat_deg, one.lon_deg)[0] for one in both)
    # Spent where the body begins its fall, but the air stops it sooner.
    assert first < second < fitted().range_km
    assert both[1].time_s == pytest.approx(164.0)


def test_every_stage_of_three_falls_farther_than_the_one_before():
    launch = aim(80.0, ideal_kmps=8.5, upper=(np.radians(40), np.radians(-0.06)))
    stages = spent_stages(SITE, three_stages(), launch, last_too=True)
    distances = [away(one.lat_deg, one.lon_deg)[0] for one in stages]
    assert distances == sorted(distances)
    heights = [one.height_km for one in stages]
    assert heights == sorted(heights)


def test_light_stages_fall_nearer_than_heavy_ones():
    distances, falls_s = [], []
    for kgpm2 in (50.0, 200.0, 800.0, 3200.0):
        (first,) = spent_stages(SITE, two_stages(kgpm2), fitted().aim)
        distances.append(away(first.lat_deg, first.lon_deg)[0])
        falls_s.append(first.fall_s)
    assert distances == sorted(distances)
    # And later: the air holds them up longer.
    assert falls_s == sorted(falls_s, reverse=True)


def test_the_zone_of_a_stage_holds_middle_light_and_heavy():
    (first,) = spent_stages(SITE, two_stages(), fitted().aim)
    middle, light, heavy = (away(*place)[0] for place in first.zone_deg)
    assert light < middle < heavy
    assert away(first.lat_deg, first.lon_deg)[0] == pytest.approx(middle)


def test_of_several_flights_each_lets_a_stage_fall():
    launches = aim(50.0, 55.0, 60.0, 65.0)
    (first,) = spent_stages(SITE, two_stages(), launches)
    assert first.zone_deg.shape == (4, 2)
    (alone,) = spent_stages(SITE, two_stages(), aim(50.0))
    assert (first.lat_deg, first.lon_deg) == pytest.approx((alone.lat_deg, alone.lon_deg), abs=1e-9)


def broken_up(at_s: float, seed: int = 0):
    plan = course(SITE, two_stages(), BODY, fitted().aim, until_s=at_s)
    return fragments(steps_of(plan)[-1], np.random.default_rng(seed))


@pytest.mark.parametrize("at_s", [60.0, 164.0, 600.0])
def test_fragments_fall_around_the_middle_one(at_s):
    pieces, middle = broken_up(at_s)
    assert pieces.name == "fragments"
    assert len(pieces.zone_deg) == 61
    assert pieces.time_s == pytest.approx(at_s)
    assert np.allclose(pieces.zone_deg[0], [pieces.lat_deg, pieces.lon_deg])
    # The middle one's course ends where the middle one falls.
    lat, lon, height_m = frames.geodetic(flown(middle).state[-1, :3, 0] * 1e6)
    assert abs(height_m) < 0.05
    assert np.degrees([lat, lon]) == pytest.approx(pieces.zone_deg[0], abs=1e-5)
    # Some fall before it, some beyond, some to either side.
    distance, bearing = away(*pieces.zone_deg.T)
    assert distance.min() < distance[0] < distance.max()
    assert bearing.min() < bearing[0] < bearing.max()


def test_fragments_fly_no_farther_than_they_are_thrown():
    pieces, _ = broken_up(164.0)
    middle = np.radians([pieces.lat_deg, pieces.lon_deg])
    apart_km, _ = away(*pieces.zone_deg.T, start=middle)
    # 4 sigma of speed for as long as they fall, thrice for a shallow arc; drag makes the rest.
    assert apart_km.max() < 3 * 4 * FRAGMENT_MPS * (pieces.fall_s - 164.0) / 1e3


def test_a_break_up_follows_its_seed():
    zones = [broken_up(164.0, seed)[0].zone_deg for seed in (0, 0, 1)]
    assert zones[0].tobytes() == zones[1].tobytes()
    assert zones[0].tobytes() != zones[2].tobytes()


def test_in_a_vacuum_heavy_and_light_fall_alike():
    place = np.asarray(frames.ecef(*START, 80e3))
    velocity = np.array([-1500.0, -1000.0, 1500.0])
    plan = adrift(
        0.0, np.tile(place, (3, 1)), np.tile(velocity, (3, 1)), Body(np.array([10.0, 1e3, 1e5])),
        WGS84._replace(air=0.0),
    )  # fmt: skip
    state = flown(plan).state[-1]
    assert np.ptp(state, axis=1).max() == 0
