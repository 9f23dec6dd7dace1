"""Statistical tests look 1e5 times, seeds fixed; each check fails by chance once in a million (4.9 sigma)."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from noroshi.records import keys
from noroshi.sensing import radar
from noroshi.sensing.radar import detection_probability, unit_range_m
from tests.sensing.made import (
    FEW,
    FOUR_THIRDS,
    MANY,
    NONE,
    SEARCH,
    SILENT,
    around,
    cue,
    filled,
    look,
    objects,
    over_ground,
    site,
    some_radar,
)

SURE = 4.9
MEAN_RADIUS_M = 6_371_008.8


def scattered(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground arcs, azimuths and heights all about the site, to far behind the horizon."""
    chance = np.random.default_rng(seed)
    arc = chance.uniform(1e-3, 0.35, MANY)
    return arc, chance.uniform(-np.pi, np.pi, MANY), chance.uniform(100, 6e5, MANY)


# --- range equation ---------------------------------------------------------------------------------------


@given(st.floats(1e4, 1e7), st.floats(1e-4, 1e2), st.floats(-10, 30))
def test_ten_times_the_cross_section_is_seen_1_78_times_as_far(range_m, rcs_m2, snr_db):
    # The same unit range behind both statements: R^4 goes with cross-section over signal-to-noise.
    farther = unit_range_m(1.7782794 * range_m, 10 * rcs_m2, snr_db)
    assert farther == pytest.approx(unit_range_m(range_m, rcs_m2, snr_db), rel=1e-7)
    assert unit_range_m(range_m, rcs_m2, snr_db + 10) == pytest.approx(
        1.7782794 * unit_range_m(range_m, rcs_m2, snr_db)
    )


@pytest.mark.parametrize("range_km, rcs_m2", [(448, 0.001), (797, 0.01), (1417, 0.1), (2520, 1.0)])
def test_published_ranges_of_one_radar_tell_one_unit_range(range_km, rcs_m2):
    # X-band, losses 8 dB, signal-to-noise 13 dB, after Lewis and Postol (2012); rounded to a kilometre.
    assert unit_range_m(range_km * 1e3, rcs_m2, 13) == pytest.approx(unit_range_m(2520e3, 1.0, 13), rel=2e-3)


def test_signal_to_noise_falls_with_the_fourth_power_of_range():
    sensor = some_radar()
    seen = look(sensor, objects(around(np.array([3e5, 6e5, 3e6]), 0.3, 0.9), rcs_m2=1.0))
    assert seen.snr == pytest.approx([1e4, 1e4 / 16, 1.0], rel=1e-6)
    tenfold = look(sensor, objects(around(1.7782794 * 3e5, 0.3, 0.9), rcs_m2=10.0))
    assert tenfold.snr[0] == pytest.approx(seen.snr[0], rel=1e-6)


# --- detection --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("snr", [0.0, 1.0, 10.0, 100.0])
def test_the_closed_form_is_what_a_fluctuating_echo_in_noise_does(snr):
    # One pulse: echo and noise are complex Gaussian, and the threshold lets noise pass 1 time in 1,000.
    chance = np.random.default_rng(20)
    echo = chance.standard_normal((MANY, 2)) * np.sqrt(snr / 2) + chance.standard_normal((MANY, 2)) * np.sqrt(
        0.5
    )
    passed = ((echo**2).sum(axis=1) > -np.log(1e-3)).sum()
    assert (
        low_high(detection_probability(snr, 1e-3))[0]
        <= passed
        <= low_high(detection_probability(snr, 1e-3))[1]
    )


def low_high(probability: float) -> tuple[float, float]:
    """Counts out of MANY between which chance keeps but for 1 time in a million."""
    return binom.ppf(5e-7, MANY, probability), binom.ppf(1 - 5e-7, MANY, probability)


@pytest.mark.parametrize("range_m", [1e6, 2e6, 3e6, 5e6])
def test_objects_are_detected_as_often_as_the_closed_form_says(range_m):
    seen = look(some_radar(), objects(np.repeat(around(range_m, 0.5, 1.0), MANY, axis=0)), seed=21)
    low, high = low_high(1e-6 ** (1 / (1 + (3e6 / range_m) ** 4)))
    assert low <= seen.valid.sum() <= high


def test_what_does_not_exist_is_not_seen():
    truth = objects(around(np.full(50, 1e5), 0.5, 1.0), rcs_m2=1e6)
    assert look(some_radar(), truth).valid.all()
    assert not look(some_radar(), replace(truth, exists=np.zeros(50, bool))).valid.any()


# --- noise ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("range_m", [4e5, 2.5e6])
def test_measurements_scatter_about_truth_and_bias_as_the_radar_states(range_m):
    bias = np.array([120.0, -8e-4, 5e-4])
    place = around(range_m, 2.0, 0.8)
    seen = look(some_radar(bias=bias), objects(np.repeat(place, MANY, axis=0)), seed=22)
    off = (seen.measurement - [range_m, 2.0, 0.8] - bias) / seen.sigma
    off = off[seen.valid]
    count = len(off)
    assert count > 1000
    assert np.abs(off.mean(axis=0) * np.sqrt(count)).max() < SURE
    assert np.abs((off.var(axis=0) - 1) * np.sqrt(count / 2)).max() < SURE
    # No component leans on another, nor on whether the object was seen at all.
    assert np.abs(np.corrcoef(off.T)[np.triu_indices(3, 1)] * np.sqrt(count)).max() < SURE


def test_a_weaker_echo_is_measured_worse_and_never_better_than_the_floor():
    seen = look(some_radar(), objects(around(np.linspace(1e5, 2.9e6, 40), 0.5, 1.0)))
    assert (np.diff(seen.sigma, axis=0) > 0).all()
    assert (seen.sigma > some_radar().sigma).all()
    assert seen.sigma[0] == pytest.approx(some_radar().sigma, rel=0.05)
    # Monopulse (Barton): beam width / (1.6 sqrt(2 SNR)), here at SNR 16.
    far = look(some_radar(sigma=np.zeros(3)), objects(around(1.5e6, 0.5, 1.0)))
    assert far.sigma[0, 1:] == pytest.approx(np.radians(0.7) / (1.6 * np.sqrt(32)), rel=1e-6)


def test_a_radars_noise_does_not_hang_on_the_other_radars():
    # As a world keeps them: each with a key folded from its own name, all looking in one batch.
    root, truth = keys.root(7), filled(objects(around(np.full(20, 3e5), 0.5, 1.0)), FEW)
    names = ["KOR-GreenPine-N", "JPN-Sado", "USA-Shariki"]
    each = jax.numpy.stack([keys.fold(root, "look", name) for name in names])
    batch = jax.tree.map(lambda *leaves: np.stack(leaves), *[some_radar()] * 3)
    all_look = jax.jit(jax.vmap(radar.look, in_axes=(0, None, None, None, 0)))
    together = np.asarray(all_look(batch, SEARCH, NONE, truth, each).measurement)
    for row, name in enumerate(names):
        alone = look(some_radar(), truth, seed=keys.fold(root, "look", name)).measurement
        assert alone == pytest.approx(together[row], rel=1e-12)
    assert (together[0] != together[1]).all()


# --- cue and fence ----------------------------------------------------------------------------------------


def test_a_cue_makes_seen_what_the_fence_misses():
    low_fence = some_radar(fence_rad=np.radians([-0.5, 5.0]))
    above = objects(around(np.full(200, 3e5), 0.5, np.radians(30)), rcs_m2=10.0)
    assert not look(low_fence, above).valid.any()
    told = look(low_fence, above, cue(0.5, np.radians(30)))
    assert told.cued.all()
    assert told.valid.mean() > 0.95


def test_a_cue_puts_more_energy_on_the_object():
    weak = objects(around(np.full(MANY, 3.5e6), 0.5, 0.8))
    searched, told = (
        look(some_radar(), weak, tasking) for tasking in (SEARCH, cue(0.5, 0.8, searching=True))
    )
    assert told.snr == pytest.approx(searched.snr * (4 / 3) ** 4, rel=1e-9)
    assert told.valid.sum() > searched.valid.sum()


def test_nothing_is_seen_beside_the_cue_unless_the_fence_is_searched():
    near = objects(around(np.full(50, 2e5), 0.5, np.radians(3)), rcs_m2=10.0)
    beside = cue(2.0, 0.8)
    assert not look(some_radar(), near, beside).valid.any()
    assert look(some_radar(), near, replace(beside, searching=np.array(True))).valid.all()
    assert not look(some_radar(), near, SILENT).valid.any()


@given(st.floats(-np.pi, np.pi), st.floats(0.05, 1.4), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_a_cue_is_a_cone(azimuth, up, aside, above):
    # North, where azimuth folds, is nothing special.
    seen = look(some_radar(), objects(around(3e5, azimuth + aside, up + above)), cue(azimuth, up, 0.1))
    off = np.hypot(aside * np.cos(up + above), above)
    if abs(off - 0.1) > 1e-9:
        assert seen.cued[0] == (off < 0.1)


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
