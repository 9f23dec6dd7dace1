"""Custody of a flight: where the horizon takes it, when two see it, and how runs are told."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.records.detections import Why
from noroshi.sensing import custody
from noroshi.sensing.custody import (
    by_nothing,
    by_radar,
    by_satellites,
    hold,
    nadir_axes,
    nearest,
    runs,
    stereo,
)
from noroshi.sensing.infrared import nadir_axes as axes_below
from tests.sensing.made import FOUR_THIRDS, NONE, objects, over_ground, site, some_radar, some_satellite

MEAN_RADIUS_M = 6_371_008.8
# Away to the north-east, a hundredth of a degree of arc a moment.
ARC = np.radians(np.arange(1.0, 19.0, 0.01))


def leaving(height_m: float, **shown):
    """A flight at one height, away from the site of the tests."""
    return objects(over_ground(ARC, np.full(len(ARC), 0.8), np.full(len(ARC), height_m)), **shown)


@given(st.lists(st.booleans(), max_size=40))
def test_runs_tell_a_flag_whole(flag):
    found = runs(np.array(flag, bool))
    again = np.zeros(len(flag), bool)
    for first, last in found:
        assert not again[first : last + 1].any()
        again[first : last + 1] = True
    assert again.tolist() == flag
    # Between two runs there is a gap, else they were one.
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


@pytest.mark.parametrize("height_m", [20e3, 50e3, 200e3])
@pytest.mark.parametrize("air", [NONE, FOUR_THIRDS], ids=["no refraction", "four thirds"])
def test_custody_from_the_sea_ends_within_a_moment_of_the_horizons_formula(height_m, air):
    radar = some_radar(**site(0.0), elevation_rad=np.radians([-5.0, 90.0]), cued_unit_m=np.float64(1e8))
    found = hold([by_radar([radar], air, leaving(height_m))])
    bent_m = MEAN_RADIUS_M * float(air.effective_earth)
    horizon = float(air.effective_earth) * np.arccos(bent_m / (bent_m + height_m))
    (run,) = found.runs
    # The site stands on the ellipsoid, half a per cent off the sphere of the formula.
    assert ARC[run[1]] == pytest.approx(horizon, rel=0.006)
    assert run[0] == 0
    assert found.lost == Why.BEHIND_EARTH


def test_a_faint_flight_is_lost_where_half_of_the_looks_show_it():
    radar = some_radar(**site(0.0), elevation_rad=np.radians([-5.0, 90.0]), cued_unit_m=np.float64(1.5e6))
    truth = leaving(300e3, rcs_m2=1.0)
    found = hold([by_radar([radar], NONE, truth)])
    range_m = np.linalg.norm(truth.position_ecef_m - radar.site_ecef_m, axis=-1)
    snr = (1.5e6 / range_m) ** 4
    shown = 1e-6 ** (1 / (1 + snr))
    assert found.last == np.flatnonzero(shown >= 0.5)[-1]
    assert found.lost == Why.TOO_DIM


def test_a_radar_that_moves_but_stays_sees_as_one_that_stands():
    truth, radar = leaving(60e3), some_radar()
    still, moving = by_radar([radar], NONE, truth), by_radar([radar] * len(ARC), NONE, truth)
    assert moving.why.tolist() == still.why.tolist()
    assert moving.line == pytest.approx(still.line)
    # One that follows the flight a degree behind never loses it to the Earth.
    follows = [
        replace(radar, site_ecef_m=place)
        for place in over_ground(ARC - np.radians(0.9), np.full(len(ARC), 0.8), np.zeros(len(ARC)))
    ]
    assert hold([by_radar(follows, NONE, truth)]).last > hold([still]).last


def test_a_flight_that_is_held_to_its_end_is_not_lost():
    radar = some_radar()
    near = objects(over_ground(ARC[:50], np.full(50, 0.8), np.full(50, 60e3)))
    assert hold([by_radar([radar], NONE, near)]).lost is None


def test_together_they_hold_what_any_holds_and_whoever_saw_it_last_says_why():
    truth = leaving(60e3)
    low = some_radar(elevation_rad=np.radians([20.0, 90.0]))
    sights = [by_radar([radar], NONE, truth) for radar in (low, some_radar())]
    alone = [hold([one]) for one in sights]
    assert alone[0].last < alone[1].last
    assert alone[0].lost == Why.BELOW_ELEVATION
    assert hold(sights) == alone[1]
    assert hold([]) is None


def test_who_sees_nothing_holds_nothing_and_says_what_was_nearest_to_it():
    truth = leaving(60e3)
    assert hold([by_nothing(Why.OTHER_KIND, truth)]) is None
    assert nearest(by_nothing(Why.OTHER_KIND, truth)) == Why.OTHER_KIND
    away = some_radar(sector_rad=np.radians(10.0), boresight_rad=np.radians(200.0))
    sight = by_radar([away], NONE, truth)
    assert hold([sight]) is None
    assert nearest(sight) == Why.OUT_OF_SECTOR


BRIGHT = {"plume": 1e6}


def test_a_satellite_holds_what_shines_above_the_clouds():
    sight = by_satellites([some_satellite()], NONE, leaving(60e3, **BRIGHT))
    assert sight.held.all()
    assert not by_satellites([some_satellite()], NONE, leaving(60e3, plume=1.0)).held.any()
    assert nearest(by_satellites([some_satellite()], NONE, leaving(5e3, **BRIGHT))) == Why.CLOUDED


def test_several_satellites_hold_what_one_of_them_holds():
    truth = leaving(60e3, **BRIGHT)
    behind, above = some_satellite(np.radians(-60.0)), some_satellite()
    assert nearest(by_satellites([behind], NONE, truth)) == Why.BEHIND_EARTH
    both = by_satellites([behind, above], NONE, truth)
    assert both.held.all()
    assert (both.why == Why.SEEN).all()


def test_two_satellites_are_stereo_when_their_lines_cross_and_a_radar_with_any_other_always():
    truth = leaving(60e3, **BRIGHT)
    east, west, beside = (
        by_satellites([some_satellite(np.radians(lon))], NONE, truth) for lon in (150, 90, 92)
    )
    rule = np.radians(15.0)
    assert stereo([east, west], rule).all()
    assert not stereo([west, beside], rule).any()
    assert not stereo([west], rule).any()
    radar = by_radar([some_radar()], NONE, truth)
    assert stereo([west, radar], rule).tolist() == radar.held.tolist()
    # A second radar makes two wherever both see.
    assert stereo([radar, radar], rule).tolist() == radar.held.tolist()


def test_the_axes_of_a_satellite_at_many_moments_are_those_of_each():
    chance = np.random.default_rng(5)
    lat, lon = chance.uniform(-1.4, 1.4, 9), chance.uniform(-np.pi, np.pi, 9)
    place = 7e6 * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    for row, axes in enumerate(nadir_axes(place)):
        assert axes == pytest.approx(axes_below(lat[row], lon[row]))
    moving = replace(some_satellite(), site_ecef_m=place, axes=nadir_axes(place))
    truth = objects(over_ground(ARC[:9], np.full(9, 0.8), np.full(9, 60e3)), **BRIGHT)
    one_by_one = [
        int(
            by_satellites(
                [replace(moving, site_ecef_m=place[row], axes=moving.axes[row])],
                NONE,
                objects(truth.position_ecef_m[row : row + 1], **BRIGHT),
            ).why[0]
        )
        for row in range(9)
    ]
    assert custody.by_satellites([moving], NONE, truth).why.tolist() == one_by_one
