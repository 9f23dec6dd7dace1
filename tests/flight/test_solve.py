"""Many small problems in lockstep: problems whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.flight.solve import LANES, Unknowns, solve

WIDE = Unknowns(np.full(2, -50.0), np.full(2, 50.0), np.full(2, 1e-6), np.full(2, 10.0))
ROSENBROCK = np.array([[-1.2, 1.0], [3.0, -2.0], [0.0, 0.0], [-4.0, 7.0]]).T


def rosenbrock(x):
    """Misses that are nothing at (1, 1) alone, along a bent valley."""
    return np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def test_a_bent_valley_is_followed_to_its_end_from_everywhere_at_once():
    x, miss = solve(rosenbrock, WIDE, ROSENBROCK, met=1e-9, rounds=100)
    assert np.allclose(x, 1.0, atol=1e-8)
    assert np.abs(miss).max() < 1e-9


def test_one_batch_holds_a_problem_and_a_neighbour_for_every_unknown():
    assert WIDE.problems == LANES // 3
    seen = []

    def misses(x):
        seen.append(x.shape)
        return rosenbrock(x)

    solve(misses, WIDE, ROSENBROCK, met=1e-9, rounds=3)
    assert set(seen) == {(2, 3 * ROSENBROCK.shape[1])}


@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(-40, 40)), min_size=1, max_size=WIDE.problems))
def test_lines_are_met_wherever_they_cross(roots):
    wanted = np.array(roots).T

    def misses(x):
        off = x - np.tile(wanted, 3)
        return np.stack([off[0] + off[1], off[0] - 2 * off[1]])

    x, _ = solve(misses, WIDE, np.zeros_like(wanted), met=1e-6)
    assert np.allclose(x, wanted, atol=1e-5)


def test_more_figures_than_unknowns_are_met_in_the_mean_of_squares():
    x_rows = np.arange(6.0)
    y = np.array([0.1, 0.9, 2.2, 2.8, 4.1, 5.2])

    def misses(x):
        return x[0] + np.outer(x_rows, x[1]) - y[:, None]

    x, _ = solve(misses, WIDE, np.zeros((2, 1)), met=1e-9)
    slope, start = np.polyfit(x_rows, y, 1)
    assert x[:, 0] == pytest.approx([start, slope], abs=1e-5)


def test_no_unknown_leaves_its_bounds_and_the_nearest_flight_lies_at_them():
    narrow = Unknowns(np.full(2, -50.0), np.array([0.5, 50.0]), WIDE.probe, WIDE.stride)
    first = np.array([[30.0], [1.0]])
    tried = []

    def misses(x):
        tried.append(x[:, :1])
        return rosenbrock(x)

    x, miss = solve(misses, narrow, first, met=1e-9, rounds=200)
    assert max(one[0, 0] for one in tried) <= 0.5
    # The best at the bound is (0.5, 0.25), which still misses by 0.5.
    assert x[0, 0] == 0.5
    assert x[1, 0] == pytest.approx(0.25, abs=0.05)
    assert miss[1, 0] == pytest.approx(0.5)


def test_no_round_strides_farther_than_allowed():
    careful = Unknowns(WIDE.low, WIDE.high, WIDE.probe, np.array([0.5, 0.25]))
    tried = []

    def misses(x):
        tried.append(x[:, 0])
        return x - 20.0

    x, _ = solve(misses, careful, np.zeros((2, 1)), met=1e-6, rounds=200)
    assert np.allclose(x, 20.0)
    strides = np.abs(np.diff(np.array(tried), axis=0))
    assert (strides <= np.array([0.5, 0.25]) + 1e-9).all()


def test_where_nothing_flies_stands_still_and_disturbs_no_other():
    def misses(x):
        return np.where(x[0] < -100, np.inf, rosenbrock(x))

    lost = Unknowns(np.full(2, -500.0), WIDE.high, WIDE.probe, WIDE.stride)
    alone, _ = solve(misses, lost, ROSENBROCK, met=1e-9, rounds=100)
    beside = np.insert(ROSENBROCK, 2, [-300.0, 4.0], axis=1)
    x, miss = solve(misses, lost, beside, met=1e-9, rounds=100)
    assert list(x[:, 2]) == [-300.0, 4.0]
    assert np.isinf(miss[:, 2]).all()
    assert np.array_equal(np.delete(x, 2, axis=1), alone)


def test_a_problem_without_a_slope_stays_where_it_is():
    # Flat: no neighbour says where to go. And an edge: nothing flies beside it.
    def misses(x):
        flat = np.stack([np.full_like(x[0], 3.0), np.full_like(x[0], 4.0)])
        return np.where(x[0] > 0, np.where(x[0] > 10, np.inf, flat), rosenbrock(x))

    first = np.array([[5.0, 5.0], [10.0, 5.0], [-3.0, 1.0]]).T
    x, miss = solve(misses, WIDE, first, met=1e-9)
    assert np.array_equal(x[:, :2], first[:, :2])
    assert miss[:, 0].tolist() == [3.0, 4.0]
    assert not np.array_equal(x[:, 2], first[:, 2])


@given(st.floats(-40, 40), st.floats(-40, 40))
def test_no_round_makes_the_misses_larger(x0, x1):
    first = np.array([[x0], [x1]])
    before = np.inf
    for rounds in (1, 3, 9):
        _, miss = solve(rosenbrock, WIDE, first, met=1e-9, rounds=rounds)
        now = float((miss**2).sum())
        assert now <= min(before, float((rosenbrock(first) ** 2).sum()))
        before = now
