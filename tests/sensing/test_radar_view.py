"""What geometry, kind and tasking leave of what a radar could see, and what it says of the rest."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.records.detections import Why
from noroshi.records.truth import Kind
from tests.sensing.made import (
    FEW,
    FOUR_THIRDS,
    LON,
    MANY,
    NONE,
    SEARCH,
    SILENT,
    around,
    cue,
    look,
    objects,
    over_ground,
    site,
    some_radar,
    view,
)

MEAN_RADIUS_M = 6_371_008.8


def scattered(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground arcs, azimuths and heights all about the site, to far behind the horizon."""
    chance = np.random.default_rng(seed)
    arc = chance.uniform(1e-3, 0.35, MANY)
    return arc, chance.uniform(-np.pi, np.pi, MANY), chance.uniform(100, 6e5, MANY)


# --- what can be in view ----------------------------------------------------------------------------------


@pytest.mark.parametrize("height_m", [20.0, 300.0, 1000.0])
@pytest.mark.parametrize("air", [NONE, FOUR_THIRDS], ids=["no refraction", "four thirds"])
def test_nothing_is_ever_seen_below_the_horizon(height_m, air):
    # A radar on a mountain that may point below its horizontal still does not see through the Earth.
    arc, azimuth, above_m = scattered(23)
    truth = objects(over_ground(arc, azimuth, above_m), rcs_m2=1e6)
    told = cue(0.0, 0.0, half_width=10.0, searching=True)
    seen = look(some_radar(**site(height_m)), truth, told, air)
    earth_m = MEAN_RADIUS_M * float(air.effective_earth)
    horizon = sum(np.arccos(earth_m / (earth_m + h)) for h in (height_m, above_m))
    beyond = arc * MEAN_RADIUS_M / earth_m / horizon
    # Half a per cent for the ellipsoid, on which the places stand.
    assert beyond[seen.valid].max() < 1.005
    assert seen.valid[(beyond < 0.995) & (arc > 0.01)].mean() > 0.99


def test_nothing_is_ever_seen_behind_the_mask():
    # A ridge of 10 deg in the east, falling to nothing 60 deg to either side.
    steps_deg = (np.arange(0, 360, 10) - 90 + 180) % 360 - 180
    mask = np.radians(np.maximum(10 - np.abs(steps_deg) / 6, 0))
    azimuth, up = np.meshgrid(np.linspace(-np.pi, np.pi, 721), np.radians(np.linspace(0.5, 15, 60)))
    azimuth, up = azimuth.ravel(), up.ravel()
    truth = objects(around(1e5, azimuth, up), rcs_m2=1e6)
    seen = look(some_radar(mask_rad=mask), truth).valid
    ridge = 10 - np.abs((np.degrees(azimuth) - 90 + 180) % 360 - 180) / 6
    # A tenth of a degree, because elevation is reckoned over a sphere.
    assert not seen[np.degrees(up) < ridge - 0.3].any()
    assert seen[np.degrees(up) > ridge + 0.3].mean() > 0.99


def test_refraction_lifts_more_above_the_horizon_and_hides_nothing():
    arc, azimuth, above_m = scattered(24)
    truth = objects(over_ground(arc, azimuth, above_m), rcs_m2=1e6)
    straight, bent = (look(some_radar(), truth, air=air, seed=3).valid for air in (NONE, FOUR_THIRDS))
    assert (bent | ~straight).all()
    gained = bent & ~straight
    # At 1,000 km along the ground the least height falls from 79 km to 59 km.
    there = np.abs(arc * MEAN_RADIUS_M - 1000e3) < 10e3
    assert above_m[there & bent].min() == pytest.approx(59.2e3, rel=0.05)
    assert above_m[there & straight].min() == pytest.approx(79.3e3, rel=0.05)
    assert gained.sum() > 1000


@given(st.floats(-np.pi, np.pi), st.floats(0.2, 3.0), st.floats(-np.pi, np.pi))
def test_only_what_lies_in_the_sector_is_seen(boresight, width, azimuth):
    sensor = some_radar(boresight_rad=np.float64(boresight), sector_rad=np.float64(width))
    seen = look(sensor, objects(around(1e5, azimuth, 0.5), rcs_m2=1e6)).valid[0]
    off = abs((azimuth - boresight + np.pi) % (2 * np.pi) - np.pi)
    if abs(off - width / 2) > 1e-6:
        assert seen == (off < width / 2)


@pytest.mark.parametrize(
    "changes, range_m, up_deg",
    [
        ({"elevation_rad": np.radians([3, 80])}, 2e5, 2.0),
        ({"elevation_rad": np.radians([3, 80])}, 2e5, 81.0),
        ({"instrumented_m": np.float64(3e5)}, 3.1e5, 30.0),
        ({"fence_rad": np.radians([1, 5])}, 2e5, 6.0),
        ({"fence_rad": np.radians([3, 5])}, 2e5, 2.0),
    ],
)
def test_each_limit_of_a_radar_hides_what_a_radar_without_it_sees(changes, range_m, up_deg):
    there = objects(around(range_m, 1.0, np.radians(up_deg)), rcs_m2=1e6)
    assert look(some_radar(), there).valid[0]
    assert not look(some_radar(**changes), there).valid[0]


# --- faces and turning antennas ---------------------------------------------------------------------------


def faces(count: int, tilt_deg: float, first_deg: float = 0.0) -> np.ndarray:
    """Normals of faces that stand evenly all round; the last one fills up to four."""
    azimuth = np.radians(first_deg + 360 / count * np.minimum(np.arange(4), count - 1))
    tilt = np.radians(tilt_deg)
    flat = np.full(4, np.sin(tilt))
    return np.stack([np.sin(azimuth) * np.cos(tilt), np.cos(azimuth) * np.cos(tilt), flat], axis=-1)


@given(st.floats(-1.4, 1.4), st.floats(0.5, 4.0))
def test_off_a_faces_normal_the_echo_fades_with_a_power_of_the_cosine(off, power):
    # In the plane of the normal and the vertical, and across it.
    tilt = np.radians(20)
    sensor = some_radar(normals=faces(1, 20.0), scan_loss=np.float64(power))
    plain = view(some_radar(), objects(around(3e5, off, tilt)))
    aside = view(sensor, objects(around(3e5, off, tilt)))
    # Spherical law of cosines between two directions at one elevation.
    cos = np.sin(tilt) ** 2 + np.cos(tilt) ** 2 * np.cos(off)
    assert aside.snr_search[0] == pytest.approx(plain.snr_search[0] * cos**power, rel=1e-9)
    assert aside.snr_cued[0] == pytest.approx(plain.snr_cued[0] * cos**power, rel=1e-9)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_many_faces_look_alike_and_lose_least_on_their_normals(count):
    sensor = some_radar(normals=faces(count, 0.0), scan_loss=np.float64(3.0))
    azimuth = np.radians(np.arange(0, 360, 5.0))
    loss = view(sensor, objects(around(3e5, azimuth, 0.0))).snr_search / 1e4
    assert loss.max() == pytest.approx(1.0, abs=1e-9)
    assert loss.min() == pytest.approx(max(np.cos(np.pi / count), 0.0) ** 3, abs=1e-3)
    turned = np.roll(loss, 72 // count)
    assert turned == pytest.approx(loss, abs=1e-9)


def test_behind_all_its_faces_a_radar_sees_nothing_but_noise():
    sensor = some_radar(normals=faces(1, 0.0), scan_loss=np.float64(2.0))
    behind = look(sensor, objects(around(np.full(MANY, 1e5), np.pi, 0.5), rcs_m2=1e6))
    assert (behind.snr == 0).all()
    assert not behind.valid.any()


@given(st.floats(-10, 10), st.integers(1, 24), st.lists(st.floats(-np.pi, np.pi), min_size=1, max_size=40))
def test_in_each_turn_a_turning_antenna_passes_each_direction_once(begins, parts, azimuths):
    width = 2 * np.pi / parts
    truth = objects(around(1e5, np.array(azimuths), 0.3), rcs_m2=1e9)
    passed = np.zeros(len(azimuths), int)
    for part in range(parts):
        swept = np.array([begins + part * width, width])
        seen = look(some_radar(), truth, replace(SEARCH, swept_rad=swept))
        assert np.isin(seen.why, [Why.SEEN, Why.NOT_LOOKED]).all()
        passed += seen.valid
    edges = (np.array(azimuths)[:, None] - begins - width * np.arange(parts)) % (2 * np.pi)
    clear = (np.minimum(edges, 2 * np.pi - edges) > 1e-9).all(axis=1)
    assert (passed[clear] == 1).all()


def test_a_cue_does_not_turn_the_antenna():
    swept = np.array([1.0, 0.2])
    there, elsewhere = (objects(around(1e5, azimuth, 0.3), rcs_m2=1e6) for azimuth in (1.1, 2.0))
    assert look(some_radar(), there, replace(cue(1.1, 0.3), swept_rad=swept)).cued[0]
    assert look(some_radar(), elsewhere, replace(cue(2.0, 0.3), swept_rad=swept)).why[0] == Why.NOT_LOOKED
    # Nor does it matter to those that look all round how the angles are counted.
    round_once = replace(SEARCH, swept_rad=np.array([1.1, 2 * np.pi]))
    assert look(some_radar(), there, round_once).valid[0]


@pytest.mark.parametrize("turn", [0.1, 1.0, 2.5, -3.0])
def test_nothing_hangs_on_where_the_earth_has_turned_to(turn):
    arc, azimuth, above_m = (column[:FEW] for column in scattered(25))
    place = over_ground(arc, azimuth, above_m)
    told = cue(0.5, 0.2, 0.4, searching=True)
    sensor = some_radar(
        sector_rad=np.float64(3.0),
        mask_rad=np.radians(np.linspace(-5, 5, 36)),
        normals=faces(1, 20.0),
        scan_loss=np.float64(2.0),
        bias_place_m=np.array([50.0, -30.0, 10.0]),
    )
    cos, sin = np.cos(turn), np.sin(turn)
    turned = place @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1.0]])
    here = look(sensor, objects(place, rcs_m2=100.0), told, FOUR_THIRDS)
    there = look(replace(sensor, **site(lon=LON + turn)), objects(turned, rcs_m2=100.0), told, FOUR_THIRDS)
    assert (there.why == here.why).all()
    assert len(set(here.why)) > 4
    assert there.measurement == pytest.approx(here.measurement, rel=1e-7, abs=1e-7)
    assert there.sigma == pytest.approx(here.sigma, rel=1e-9)


@pytest.mark.parametrize("steps", [1, 9, 20])
def test_a_radar_at_the_pole_may_be_turned_about_its_axis(steps):
    turn = np.radians(10 * steps)
    chance = np.random.default_rng(26)
    range_m, azimuth, up = (chance.uniform(*ends, FEW) for ends in ((1e5, 2e6), (-3.1, 3.1), (0.02, 1.4)))
    pole = {"lat": np.pi / 2, "lon": 0.0}
    mask = np.radians(chance.uniform(-5, 15, 36))
    sensor = some_radar(
        **site(**pole),
        boresight_rad=np.float64(0.3),
        sector_rad=np.float64(4.0),
        mask_rad=mask,
        normals=faces(3, 10.0),
        scan_loss=np.float64(2.0),
    )
    told = replace(cue(0.5, 0.2, 0.6, searching=True), swept_rad=np.array([-1.0, 3.0]))
    turned = replace(
        sensor,
        boresight_rad=np.float64(0.3 + turn),
        mask_rad=np.roll(mask, steps),
        normals=faces(3, 10.0, 10.0 * steps),
    )
    told_too = replace(cue(0.5 + turn, 0.2, 0.6, searching=True), swept_rad=np.array([turn - 1.0, 3.0]))
    here = look(sensor, objects(around(range_m, azimuth, up, **pole)), told)
    there = look(turned, objects(around(range_m, azimuth + turn, up, **pole)), told_too)
    assert (there.why == here.why).all()
    assert len(set(here.why)) > 4
    assert there.snr == pytest.approx(here.snr, rel=1e-8)


# --- why ---------------------------------------------------------------------------------------------------

RIDGE = np.full(36, np.radians(8.0))


@pytest.mark.parametrize(
    "why, changes, truth, tasking",
    [
        (Why.ABSENT, {}, {"exists": np.array([False])}, SEARCH),
        (Why.OTHER_KIND, {}, {"kind": np.array([Kind.FIRE])}, SEARCH),
        (
            Why.BEHIND_EARTH,
            {},
            {"position_ecef_m": over_ground(np.array([1.0]), np.array([0.5]), 1e4)},
            SEARCH,
        ),
        (Why.OUT_OF_SECTOR, {"sector_rad": np.float64(0.5)}, {}, SEARCH),
        (Why.BELOW_ELEVATION, {"elevation_rad": np.radians([20, 80])}, {}, SEARCH),
        (Why.ABOVE_ELEVATION, {"elevation_rad": np.radians([0, 3])}, {}, SEARCH),
        (Why.MASKED, {"mask_rad": RIDGE}, {}, SEARCH),
        (Why.TOO_FAR, {"instrumented_m": np.float64(1e5)}, {}, SEARCH),
        (Why.NOT_LOOKED, {}, {}, SILENT),
        (Why.NOT_LOOKED, {"fence_rad": np.radians([0, 3])}, {}, SEARCH),
        (Why.TOO_BUSY, {}, {}, cue(0.5, 0.1, served=False)),
        (Why.MISSED, {}, {"rcs_m2": np.array([1e-9])}, SEARCH),
        (Why.SEEN, {}, {}, SEARCH),
    ],
    ids=lambda value: value.name if isinstance(value, Why) else "",
)
def test_the_look_says_why_an_object_is_not_seen(why, changes, truth, tasking):
    there = replace(objects(around(2e5, 0.5, 0.1), rcs_m2=1e6), **truth)
    seen = look(some_radar(**changes), there, tasking)
    assert Why(seen.why[0]) == why
    assert seen.valid[0] == (why == Why.SEEN)


def test_of_many_reasons_the_first_is_told():
    worst = some_radar(
        sector_rad=np.float64(0.5), elevation_rad=np.radians([20, 80]), instrumented_m=np.float64(1e5)
    )
    there = objects(around(2e5, 0.5, 0.1), rcs_m2=1e-9)
    assert look(worst, there, SILENT).why[0] == Why.OUT_OF_SECTOR
    assert look(replace(worst, sector_rad=np.float64(6.0)), there, SILENT).why[0] == Why.BELOW_ELEVATION
    assert look(some_radar(), there, SILENT).why[0] == Why.NOT_LOOKED


@pytest.mark.parametrize("kind", list(Kind))
def test_a_radar_sees_everything_that_echoes_and_no_fire(kind):
    there = objects(around(np.full(10, 1e5), 0.5, 0.3), rcs_m2=1e6, kind=kind)
    assert look(some_radar(), there).valid.all() == (kind != Kind.FIRE)


def test_a_whole_flight_is_viewed_as_its_moments_are():
    up = np.linspace(-0.1, 1.2, FEW)
    flight = objects(around(np.linspace(2e6, 3e5, FEW), 0.5, up))
    whole = view(some_radar(), flight)
    looked = look(some_radar(), flight)
    assert whole.snr_search == pytest.approx(looked.snr, rel=1e-12)
    hidden = whole.why != Why.SEEN
    assert 0 < hidden.sum() < FEW
    assert (looked.why[hidden] == whole.why[hidden]).all()
    assert np.isin(looked.why[~hidden], [Why.SEEN, Why.MISSED]).all()
