import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.flight.interpolate import hermite
from tests.flight.coasts import burnouts, coast, state

numbers = st.floats(-1e3, 1e3)
nodes = np.array([-3.0, -1.0, 0.0, 0.5, 4.0])


def cubic(coefficients: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes [N, 3] of three cubics [4, 3]."""
    powers, slopes = (
        at[:, None] ** np.arange(4),
        np.arange(4) * at[:, None] ** np.maximum(np.arange(4) - 1, 0),
    )
    return powers @ coefficients, slopes @ coefficients


@given(st.lists(numbers, min_size=12, max_size=12))
def test_a_cubic_is_followed_exactly(coefficients):
    shape = np.reshape(coefficients, (4, 3))
    asked = np.linspace(-3, 4, 29)
    there, rate = hermite(nodes, *cubic(shape, nodes), asked)
    exact, slope = cubic(shape, asked)
    assert np.allclose(there, exact, atol=1e-10 * np.abs(shape).max(initial=1) * 64)
    assert np.allclose(rate, slope, atol=1e-9 * np.abs(shape).max(initial=1) * 64)


@settings(max_examples=20)
@given(st.lists(numbers, min_size=5, max_size=5), st.floats(-5, 6))
def test_numpy_and_jax_read_the_same(values, asked):
    place, speed = np.outer(values, [1, 2, 3]), np.outer(values[::-1], [1, -1, 0])
    ours, theirs = hermite(nodes, place, speed, np.array([asked])), _compiled(place, speed, np.array([asked]))
    assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-9)


_compiled = jax.jit(lambda place, speed, asked: hermite(jax.numpy.asarray(nodes), place, speed, asked))


def test_nodes_are_met_and_beyond_them_the_nearest_holds():
    place, speed = cubic(np.arange(12.0).reshape(4, 3), nodes)
    there, rate = hermite(nodes, place, speed, nodes)
    assert np.allclose(there, place)
    assert np.allclose(rate, speed)
    there, _ = hermite(nodes, place, speed, np.array([-10.0, 10.0]))
    assert np.allclose(there, place[[0, -1]])


def test_a_node_told_twice_does_no_harm():
    place, speed = cubic(np.arange(12.0).reshape(4, 3), nodes)
    asked = np.linspace(-3, 4, 57)
    twice = np.repeat(np.arange(5), [1, 2, 1, 3, 4])
    once = hermite(nodes, place, speed, asked)
    again = hermite(nodes[twice], place[twice], speed[twice], asked)
    assert np.allclose(once[0], again[0])
    assert np.isfinite(again[1]).all()


def test_a_coast_is_read_to_a_decimetre_between_nodes_half_a_minute_apart():
    # Cubic Hermite: step^4 / 384 times the fourth derivative, which on a coast is some 2e-5 m/s4.
    body = burnouts(12, 64)
    off_m = {}
    for step_s in (30.0, 60.0):
        asked_s = (120.0, 120.0 + step_s / 2, 120.0 + step_s)
        (start, out), (middle, rate), (end, into) = (state(coast(*body, 1e-10, at_s)) for at_s in asked_s)
        high = np.linalg.norm(end, axis=1) > 6_480e3
        there, speed = _read(np.array([0, step_s]), *_pairs(start, end, out, into), np.array([step_s / 2]))
        off_m[step_s] = np.linalg.norm(there[:, 0] - middle, axis=1)[high]
        assert np.linalg.norm(speed[:, 0] - rate, axis=1)[high].max() < 1e-3
    assert off_m[30.0].max() < 0.1
    assert off_m[60.0] / off_m[30.0] == pytest.approx(16, rel=0.1)


_read = jax.jit(jax.vmap(hermite, in_axes=(None, 0, 0, None)))


def _pairs(*ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    start, end, out, into = ends
    return np.stack([start, end], axis=1), np.stack([out, into], axis=1)
