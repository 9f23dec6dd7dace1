"""Filters on problems of the literature: what each must show (figure by figure: tests/reference)."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from noroshi.tracking.kalman import Gaussian
from tests.tracking.published import athans, farina, mathworks, reentry
from tests.tracking.published.runs import nees, rmse

# One in ten thousand for each claim about chance.
RARE = 1e-4


@cache
def fallen():
    """True states of the falling body, and each filter's runs that stayed numbers."""
    z = athans.measured(seed=1, runs=400)
    filters = {"extended": athans.extended, "unscented": athans.unscented, "log": athans.log_unscented}
    return athans.truth()[1:], {name: run(z) for name, run in filters.items()}


def finite(posterior: Gaussian) -> Gaussian:
    whole = np.isfinite(posterior.mean).all(axis=(1, 2)) & np.isfinite(posterior.cov).all(axis=(1, 2, 3))
    return Gaussian(posterior.mean[whole], posterior.cov[whole])


def drift(posterior: Gaussian, truth: np.ndarray, scan: int) -> float:
    """Mean altitude error over the runs in its own standard errors."""
    off = posterior.mean[:, scan, 0] - truth[scan, 0]
    return abs(off.mean()) / (off.std() / np.sqrt(len(off)))


def test_the_extended_filter_is_biased_on_the_falling_body_and_does_not_know_it():
    truth, runs = fallen()
    extended = runs["extended"]
    # Some 150 ft after 15 s.
    assert all(drift(extended, truth, scan) > 6 for scan in (14, 19, 29))
    outside = nees(extended, truth)[:, -1] > stats.chi2.ppf(0.99, 3)
    assert outside.mean() > 0.95


def test_sigma_points_are_not_biased_on_the_falling_body():
    truth, runs = fallen()
    unscented = finite(runs["unscented"])
    held = abs(unscented.mean[:, -1, 0] - truth[-1, 0]) < 1000
    # One run of a hundred is lost, on bodies that it takes to speed up in the air.
    assert held.sum() >= 0.96 * 400
    tracked = Gaussian(unscented.mean[held], unscented.cov[held])
    limit = stats.norm.ppf(1 - RARE / 2)
    assert all(drift(tracked, truth, scan) < limit for scan in (14, 19, 29, 59))
    # Not quite consistent either, as others found (5.1 for three states): tails that are too long.
    assert 3 < np.mean(nees(tracked, truth)) < 8


def test_no_filter_beats_the_bound_on_the_falling_body():
    truth, runs = fallen()
    unscented = finite(runs["unscented"])
    ratio = rmse(unscented, truth)[:, :2] / athans.cramer_rao()[:, :2]
    # A root mean square of n runs lies within some 1 / sqrt(2 n) of its expectation.
    assert ratio[19:].min() > 1 - stats.norm.ppf(1 - RARE) / np.sqrt(2 * len(unscented.mean))


def test_a_logarithm_keeps_the_drag_positive_where_the_number_itself_goes_below_zero():
    truth, runs = fallen()
    below = (runs["unscented"].mean[..., 2] < 0).any(axis=1)
    assert below.mean() > 0.5
    log = finite(runs["log"])
    # It is no cure: a state 33 times off overshoots in one run of a hundred, and the flight then blows up.
    assert len(log.mean) >= 0.96 * 400
    in_logs = truth.copy()
    in_logs[:, 2] = np.log(truth[:, 2])
    last = nees(log, in_logs)[:, -1]
    assert stats.chi2.ppf(0.25, 3) < np.median(last) < stats.chi2.ppf(0.75, 3)


@cache
def reentered():
    states, z = reentry.measured(seed=1, runs=100)
    return states, {"extended": reentry.extended(z), "unscented": reentry.unscented(z)}


@pytest.mark.parametrize("name", ["extended", "unscented"])
def test_re_entry_is_tracked_as_well_as_the_bound_allows_and_consistently(name):
    states, runs = reentered()
    error, limit = rmse(runs[name], states), reentry.cramer_rao()
    near = stats.norm.ppf(1 - RARE / 2) / np.sqrt(2 * len(states))
    for scan in (499, 999, 1999):
        ratio = error[scan, :4] / limit[scan, :4]
        # The bound is looser than it could be: it averages what looks tell over bodies that drift apart.
        assert np.all(1 - near < ratio)
        assert np.all(ratio < 1.15 + near)
    # The filter expects its drag to wander, which the truth does not: NEES a little below 5.
    assert 4 < nees(runs[name], states).mean() < 5.1


@cache
def farinas():
    states, z = farina.measured(seed=1, runs=500)
    filters = {"raw": farina.extended, "converted": farina.converted, "unscented": farina.unscented}
    return states[:, 2:], {name: run(z) for name, run in filters.items()}


def test_raw_angles_make_an_extended_filter_overconfident_and_converted_ones_do_not():
    states, runs = farinas()
    mean = {name: nees(run, states).mean(axis=1) for name, run in runs.items()}
    worse = mean["raw"] - mean["converted"]
    assert worse.mean() / worse.std() * np.sqrt(len(worse)) > stats.norm.ppf(1 - RARE)
    # Of four states: twice too sure with raw angles, by a third with converted ones.
    assert mean["raw"].mean() > 1.6 * 4
    assert mean["converted"].mean() < 1.5 * 4
    assert mean["unscented"].mean() < 1.5 * 4


def test_converted_measurements_come_to_the_bound_on_the_known_target():
    states, runs = farinas()
    error, limit = rmse(runs["converted"], states), farina.cramer_rao()
    near = stats.norm.ppf(1 - RARE / 2) / np.sqrt(2 * len(states))
    for scan in (38, 48, 58):
        assert np.all(abs(error[scan] / limit[scan] - 1) < 0.08 + near)


@pytest.mark.parametrize("dt_s", [1.0, 0.1])
def test_a_turn_ends_where_it_is_printed(dt_s):
    assert mathworks.turned(dt_s) == pytest.approx(mathworks.TURNED[dt_s], abs=0.51e-4)


def test_the_slopes_of_a_measurement_are_the_printed_ones():
    assert mathworks.slopes() == pytest.approx(mathworks.SLOPES, abs=0.51e-4)
