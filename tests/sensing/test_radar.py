"""Statistical tests look 1e5 times, seeds fixed; each check fails by chance once in a million (4.9 sigma)."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from noroshi.earth import frames
from noroshi.records import keys
from noroshi.records.detections import Why
from noroshi.sensing import radar
from noroshi.sensing.fluctuation import detection_probability
from noroshi.sensing.radar import range_equation_m, unit_range_m
from tests.sensing.made import (
    FEW,
    LAT,
    LON,
    MANY,
    NONE,
    SEARCH,
    SILENT,
    around,
    cue,
    filled,
    look,
    objects,
    some_radar,
    view,
)

SURE = 4.9


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


@given(st.floats(1e4, 5e6), st.floats(1e-4, 1e2), st.floats(-np.pi, np.pi), st.floats(0.05, 1.5))
def test_sixteen_times_the_cross_section_is_as_loud_at_twice_the_range(range_m, rcs_m2, azimuth, up):
    near = look(some_radar(), objects(around(range_m, azimuth, up), rcs_m2)).snr[0]
    far = look(some_radar(), objects(around(2 * range_m, azimuth, up), 16 * rcs_m2)).snr[0]
    assert far == pytest.approx(near, rel=1e-6)


def test_a_radars_public_figures_give_its_range():
    # Echo energy over noise energy, factor by factor: out by the gain, back into the aperture.
    figures = (50e3, 0.1, 10.0, 0.03, 0.1, 500.0, 6.0, 12.0)
    power_w, dwell_s, aperture_m2, wavelength_m, rcs_m2, temperature_k, loss_db, snr_db = figures
    range_m = range_equation_m(*figures)
    flux = power_w * dwell_s * (4 * np.pi * aperture_m2 / wavelength_m**2) / (4 * np.pi * range_m**2)
    echo_j = flux * rcs_m2 / (4 * np.pi * range_m**2) * aperture_m2
    noise_j = 1.380649e-23 * temperature_k * 10 ** (loss_db / 10)
    assert 10 * np.log10(echo_j / noise_j) == pytest.approx(snr_db, abs=1e-9)


# --- detection --------------------------------------------------------------------------------------------


def low_high(probability: float) -> tuple[float, float]:
    """Counts out of MANY between which chance keeps but for 1 time in a million."""
    return binom.ppf(5e-7, MANY, probability), binom.ppf(1 - 5e-7, MANY, probability)


@pytest.mark.parametrize("range_m", [1e6, 2e6, 3e6, 5e6])
def test_objects_are_detected_as_often_as_the_closed_form_says(range_m):
    seen = look(some_radar(), objects(np.repeat(around(range_m, 0.5, 1.0), MANY, axis=0)), seed=21)
    low, high = low_high(1e-6 ** (1 / (1 + (3e6 / range_m) ** 4)))
    assert low <= seen.valid.sum() <= high


@pytest.mark.parametrize("swerling", [0, 1, 3])
def test_each_object_fluctuates_in_its_own_way(swerling):
    # In one look, row by row; at 13 dB the three differ by far.
    range_m, rows = 3e6 / 10 ** (13 / 40), np.resize([0, 1, 3], 3 * (MANY // 3))
    there = objects(around(np.full(len(rows), range_m), 0.5, 1.0))
    seen = look(some_radar(), replace(there, swerling=rows), seed=27).valid[rows == swerling]
    chance = detection_probability(np.array([10**1.3]), np.float64(1e-6), np.array([swerling]))
    low, high = binom.ppf([5e-7, 1 - 5e-7], len(seen), float(chance[0]))
    assert low <= seen.sum() <= high


def test_what_does_not_exist_is_not_seen():
    truth = objects(around(np.full(50, 1e5), 0.5, 1.0), rcs_m2=1e6)
    assert look(some_radar(), truth).valid.all()
    assert not look(some_radar(), replace(truth, exists=np.zeros(50, bool))).valid.any()


# --- noise ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("range_m, swerling", [(4e5, 1), (2.5e6, 1), (1.2e6, 0), (1.2e6, 3)])
def test_measurements_scatter_about_truth_and_bias_as_the_radar_states(range_m, swerling):
    bias = np.array([120.0, -8e-4, 5e-4])
    place = around(range_m, 2.0, 0.8)
    sensor = some_radar(bias=bias, sigma_range_rate_mps=np.float64(3.0))
    away = frames.enu_axes(LAT, LON)[0] * 2_000.0
    truth = objects(np.repeat(place, MANY, axis=0), swerling=swerling, velocity_mps=away)
    seen = look(sensor, truth, seed=22)
    off = (seen.measurement - [range_m, 2.0, 0.8] - bias) / seen.sigma
    rate_mps = 2_000.0 * np.cos(0.8) * np.sin(2.0)
    off = np.column_stack([off, (seen.range_rate_mps - rate_mps) / seen.range_rate_sigma_mps])[seen.valid]
    count = len(off)
    assert count > 1000
    # Of Gaussian noise the mean is Gaussian and the sum of squares chi-square, exactly.
    assert np.abs(off.mean(axis=0) * np.sqrt(count)).max() < SURE
    low, high = chi2.ppf([5e-7, 1 - 5e-7], count)
    assert (low < (off**2).sum(axis=0)).all()
    assert ((off**2).sum(axis=0) < high).all()
    # No component leans on another, nor on whether the object was seen at all.
    assert np.abs(np.corrcoef(off.T)[np.triu_indices(4, 1)] * np.sqrt(count)).max() < SURE


# What azimuth noise is wider by at 1 rad of elevation, where these objects stand.
WIDER = np.array([1.0, np.cos(1.0), 1.0])


def test_a_weaker_echo_is_measured_worse_and_never_better_than_the_floor():
    seen = look(some_radar(), objects(around(np.linspace(1e5, 2.9e6, 40), 0.5, 1.0)))
    assert (np.diff(seen.sigma, axis=0) > 0).all()
    assert (seen.sigma > some_radar().sigma).all()
    assert seen.sigma[0] * WIDER == pytest.approx(some_radar().sigma, rel=0.05)
    rated = look(
        some_radar(sigma_range_rate_mps=np.float64(2.0)),
        objects(around(np.linspace(1e5, 2.9e6, 40), 0.5, 1.0)),
    )
    assert rated.range_rate_sigma_mps / 2.0 == pytest.approx(seen.sigma[:, 0] / 50.0, rel=1e-9)
    # Monopulse (Barton): beam width / (1.6 sqrt(2 SNR)), here at SNR 16.
    far = look(some_radar(sigma=np.zeros(3)), objects(around(1.5e6, 0.5, 1.0)))
    assert (far.sigma[0] * WIDER)[1:] == pytest.approx(np.radians(0.7) / (1.6 * np.sqrt(32)), rel=1e-6)


@given(st.floats(0.0, 1.5), st.floats(-np.pi, np.pi))
def test_across_the_beam_noise_is_as_wide_at_every_elevation(up, azimuth):
    sigma = look(some_radar(), objects(around(3e5, azimuth, up))).sigma[0]
    assert sigma[1] * np.cos(up) == pytest.approx(sigma[2], rel=1e-9)


def test_straight_above_azimuth_says_little_but_is_a_number():
    sensor = some_radar(elevation_rad=np.array([0.0, 2.0]))
    sigma = look(sensor, objects(around(3e5, 0.0, np.pi / 2 - 1e-6))).sigma[0]
    assert 20 * sigma[2] < sigma[1] < 100 * sigma[2]


@given(st.floats(1e5, 2e6), st.floats(-np.pi, np.pi), st.floats(0.1, 1.4), st.integers(0, 1000))
def test_range_rate_is_how_fast_range_grows(range_m, azimuth, up, seed):
    velocity_mps = np.random.default_rng(seed).normal(0, 4e3, 3)
    place = around(range_m, azimuth, up)
    truth = objects(place, velocity_mps=velocity_mps)
    before, after = (
        view(some_radar(), objects(place + step_s * velocity_mps)).exact[0, 0] for step_s in (-1e-3, 1e-3)
    )
    assert view(some_radar(), truth).range_rate_mps[0] == pytest.approx((after - before) / 2e-3, abs=1e-3)


def test_a_radar_without_range_rate_states_none():
    truth = objects(around(np.full(20, 3e5), 0.5, 1.0), velocity_mps=np.array([1e3, 2e3, 3e3]))
    without = look(some_radar(), truth)
    assert (without.range_rate_mps == 0).all()
    assert np.isinf(without.range_rate_sigma_mps).all()
    # That one measures it changes nothing of what the other measures too.
    with_it = look(some_radar(sigma_range_rate_mps=np.float64(2.0)), truth)
    assert (with_it.measurement == without.measurement).all()
    assert (with_it.range_rate_mps != 0).all()


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(-300, 300), st.floats(-np.pi, np.pi))
def test_a_radar_that_mistakes_its_place_mistakes_that_of_the_object_as_much(east, north, up, azimuth):
    mistaken_m = np.array([east, north, up])
    place = around(4e5, azimuth, 0.4)
    exact = view(some_radar(bias_place_m=mistaken_m), objects(place)).exact[0]
    believed = around(*exact)
    axes = frames.enu_axes(LAT, LON)
    assert believed[0] == pytest.approx(place[0] - mistaken_m @ axes, abs=1e-5)


@given(st.floats(-1.0, 1.0), st.floats(-np.pi, np.pi))
def test_a_clock_that_is_behind_shows_where_the_object_will_be(behind_s, azimuth):
    velocity_mps = np.array([3e3, -2e3, 4e3])
    place = around(4e5, azimuth, 0.4)
    late = view(some_radar(bias_clock_s=np.float64(behind_s)), objects(place, velocity_mps=velocity_mps))
    then = view(some_radar(), objects(place + behind_s * velocity_mps, velocity_mps=velocity_mps))
    assert late.exact == pytest.approx(then.exact, abs=1e-9, rel=1e-12)
    assert late.range_rate_mps == pytest.approx(then.range_rate_mps)


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


def test_a_cue_without_time_for_it_leaves_the_object_to_the_fence():
    low_fence = some_radar(fence_rad=np.radians([-0.5, 5.0]))
    above, within = (objects(around(2e5, 0.5, np.radians(up)), rcs_m2=1e4) for up in (30.0, 3.0))
    busy_above, busy_within = (cue(0.5, np.radians(up), searching=True, served=False) for up in (30.0, 3.0))
    assert look(low_fence, above, busy_above).why[0] == Why.TOO_BUSY
    seen = look(low_fence, within, busy_within)
    assert seen.why[0] == Why.SEEN
    assert not seen.cued[0]
    served = look(low_fence, above, replace(busy_above, served=np.array([True])))
    assert served.why[0] == Why.SEEN
    assert served.cued[0]


def test_of_two_cues_on_one_object_one_with_time_is_enough():
    one = cue(0.5, 0.4)
    both = replace(
        one,
        centre_rad=np.repeat(one.centre_rad, 2, axis=0),
        half_width_rad=np.repeat(one.half_width_rad, 2),
        valid=np.array([True, True]),
        served=np.array([False, True]),
    )
    assert look(some_radar(), objects(around(2e5, 0.5, 0.4), rcs_m2=1e4), both).cued[0]


def test_a_radar_points_where_its_own_error_leads_it():
    # It measures 0.03 rad too far east: told its own measurement it finds the object again.
    sensor = some_radar(bias=np.array([0.0, 0.03, 0.0]))
    there = objects(around(2e5, 0.5, 0.1), rcs_m2=1e4)
    assert look(sensor, there, cue(0.53, 0.1, half_width=0.01)).cued[0]
    assert not look(sensor, there, cue(0.5, 0.1, half_width=0.01)).cued[0]


@given(st.floats(-np.pi, np.pi), st.floats(0.05, 1.4), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_a_cue_is_a_cone(azimuth, up, aside, above):
    # North, where azimuth folds, is nothing special.
    seen = look(some_radar(), objects(around(3e5, azimuth + aside, up + above)), cue(azimuth, up, 0.1))
    off = np.hypot(aside * np.cos(up + above), above)
    if abs(off - 0.1) > 1e-9:
        assert seen.cued[0] == (off < 0.1)
