"""What may still happen, as numbers: it stays within what rockets, beliefs and time allow."""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.records.tracks import Belief
from noroshi.tracking import envelope

LANES = 32
EVEN = (np.arange(LANES) + 0.5) / LANES


def belief(low_s: float, high_s: float) -> Belief:
    return Belief(*map(np.float64, (low_s, high_s, 2700.0, 6000.0, 1.2, 2.0, 4.0)))


_burns = jax.jit(envelope.burns)


def burns(elapsed_s: float, size_mps2: float, low_s: float, high_s: float, exhaust_mps: float = 2700.0):
    full = np.full(LANES, 1.0)
    known = belief(low_s, high_s)
    course = _burns(
        np.float64(elapsed_s), size_mps2 * full, exhaust_mps * full, known, EVEN, EVEN[::-1].copy(), 0 * full
    )
    return jax.tree.map(np.asarray, course)


@given(st.floats(0, 400), st.floats(1, 400), st.floats(20, 200), st.floats(10, 300), st.floats(2000, 4500))
@settings(deadline=None)
def test_some_burn_always_remains_and_never_more_than_the_mass_allows(
    elapsed_s, size, low_s, more_s, exhaust
):
    course = burns(elapsed_s, size, low_s, low_s + more_s, exhaust)
    assert (course.burn_s > 0).all()
    # The mass left falls evenly and is never nothing (accelerations below 3 m/s2 are taken for 3).
    assert (course.burn_s < exhaust / max(size, 3.0) + 0.2).all()
    assert (np.diff(course.burn_s[course.again_s == 0]) >= -1e-9).all()
    assert (course.again_s >= 0).all() and (course.gap_s >= 0).all()


@given(st.floats(20, 150), st.floats(10, 60))
@settings(deadline=None)
def test_the_harder_it_accelerates_the_less_of_the_stage_is_left(elapsed_s, size):
    slow, fast = (np.median(burns(elapsed_s, a, 60.0, 400.0).burn_s) for a in (size, 2 * size))
    assert fast < slow


def test_a_short_believed_burn_has_one_stage_and_a_long_one_may_have_more():
    assert (burns(40.0, 30.0, 30.0, 80.0).again_s > 0).mean() < 0.1
    assert 0.15 < (burns(60.0, 30.0, 120.0, 360.0).again_s > 0).mean() < 0.6


def test_a_failure_cuts_the_burns_to_its_share():
    course = burns(60.0, 30.0, 120.0, 360.0)
    short = envelope.cut(course, EVEN)
    assert np.allclose(short.burn_s + short.again_s, EVEN * (course.burn_s + course.again_s))
    assert (np.asarray(short.burn_s) <= course.burn_s + 1e-12).all()


def test_even_draws_stay_even_inside_each_group():
    group = np.array([0, 1, 1, 0, 2] * 6 + [0, 0])
    draws = np.asarray(envelope.within(EVEN[::-1].copy(), group))
    for one in range(3):
        count = (group == one).sum()
        assert np.allclose(np.sort(draws[group == one]), (np.arange(count) + 0.5) / count)
