import jax
import numpy as np
import pytest

from noroshi.earth import frames, gravity

GM, A, J2 = 3.986004418e14, 6_378_137.0, 1.08262668355e-3
TURN = 7.2921150e-5

gravitation = jax.jit(gravity.gravitation)
apparent = jax.jit(gravity.apparent)


def potential(place: np.ndarray) -> float:
    """U = GM/r [1 - J2 (a/r)^2 P2(sin lat)], J/kg, written from the definition."""
    r = np.linalg.norm(place)
    legendre = (3 * (place[2] / r) ** 2 - 1) / 2
    return GM / r * (1 - J2 * (A / r) ** 2 * legendre)


@pytest.mark.parametrize("lat_deg, pull_mps2", [(0, 9.814197), (90, 9.832067), (-90, 9.832067)])
def test_attraction_on_the_ground_is_the_known_one(lat_deg, pull_mps2):
    place = frames.ecef(np.radians(lat_deg), 1.0, 0.0)
    assert np.linalg.norm(gravitation(place)) == pytest.approx(pull_mps2, abs=1e-6)


@pytest.mark.parametrize("lat_deg, weight_mps2", [(0, 9.7803253359), (90, 9.8321849378)])
def test_weight_on_the_ground_is_near_normal_gravity(lat_deg, weight_mps2):
    # WGS 84 normal gravity holds J4 too, which is some 1e-6; so near, not equal.
    place = frames.ecef(np.radians(lat_deg), 1.0, 0.0)
    assert np.linalg.norm(apparent(place, np.zeros(3))) == pytest.approx(weight_mps2, rel=2e-5)


def test_attraction_is_the_gradient_of_the_potential():
    chance = np.random.default_rng(3)
    for _ in range(50):
        place = frames.ecef(chance.uniform(-1.57, 1.57), chance.uniform(-3.1, 3.1), chance.uniform(0, 5e6))
        steps = 100.0 * np.eye(3)
        slope = [(potential(place + step) - potential(place - step)) / 200.0 for step in steps]
        assert np.allclose(gravitation(place), slope, rtol=0, atol=3e-9)


def test_a_body_at_rest_in_the_turning_frame_is_thrown_outwards():
    place = np.array([7e6, 0, 1e6])
    thrown = apparent(place, np.zeros(3)) - gravitation(place)
    assert np.allclose(thrown, [TURN**2 * 7e6, 0, 0], atol=1e-12)


def test_who_moves_east_weighs_less_and_who_moves_north_turns_east():
    place = np.array([A, 0, 0])
    still = apparent(place, np.zeros(3))
    east = apparent(place, np.array([0, 1000.0, 0])) - still
    assert np.allclose(east, [2 * TURN * 1000, 0, 0], atol=1e-12)
    # Coriolis: a northbound body turns to the right in the north. At 45 deg its velocity leans to the axis.
    half = np.sqrt(0.5)
    north = apparent(A * np.array([half, 0, half]), 1000.0 * np.array([-half, 0, half]))
    assert np.allclose(north[1], 2 * TURN * 1000 * half, rtol=1e-9)


def test_north_and_south_pull_alike():
    place, velocity = np.array([4e6, 3e6, 5e6]), np.array([3e3, -2e3, 1e3])
    mirror = np.array([1, 1, -1])
    assert np.allclose(
        apparent(place * mirror, velocity * mirror), apparent(place, velocity) * mirror, rtol=1e-14
    )
