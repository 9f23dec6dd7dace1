import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.flight.interpolate import hermite
from tests.flight.coasts import burnouts, coast, state

numbers = st.floats(-1e3, 1e3)
nodes = np.array([-3.0, -1.0, 0.0, 0.5, 4.0])


def cubic(coefficients: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes [N, 3] of three cubics [4, 3]."""
    powers, slopes = at[:, None] ** np.arange(4), np.arange(4) * at[:, None] ** np.maximum(np.arange(4) - 1, 0)
    return powers @ coefficients, slopes @ coefficients


@given(st.lists(numbers, min_size=12, max_size=12))
def test_a_cubic_is_followed_exactly(coefficients):
    shape = np.reshape(coefficients, (4, 3))
    asked = np.linspace(-3, 4, 29)
    there, rate = hermite(nodes, *cubic(shape, nodes), asked)
    exact, slope = cubic(shape, asked)
    assert np.allclose(there, exact, atol=1e-10 * np.abs(shape).max(initial=1) * 64)
    assert np.allclose(rate, slope, atol=1e-9 * np.abs(shape).max(initial=1) * 64)


@settings(max_examples=20, deadline=None)
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


def test_a_coast_with_nodes_a_minute_apart_is_read_to_decimetres():
    # Cubic Hermite: step^4 / 384 times the fourth derivative; on a coast that is some 1e-5 m/s4.
    position, velocity, beta = (part[:8] for part in burnouts(12, 64))
    speed = np.linalg.norm(velocity, axis=1, keepdims=True)
    velocity = velocity / speed * np.maximum(speed, 4500.0)
    ends = [state(coast(position, velocity, beta, 1e-10, time_s)) for time_s in (120.0, 150.0, 180.0)]
    (start, out), (middle, rate), (end, into) = ends
    for k in range(8):
        asked = hermite(
            np.array([0, 60.0]), np.stack([start[k], end[k]]), np.stack([out[k], into[k]]), np.array([30.0])
        )
        assert np.linalg.norm(asked[0][0] - middle[k]) < 0.5
        assert np.linalg.norm(asked[1][0] - rate[k]) < 0.1
