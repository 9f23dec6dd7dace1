import numpy as np
import pytest

from noroshi.earth import epoch
from noroshi.earth.constants import GM_M3PS2, J2, ROTATION_RADPS, SEMI_MAJOR_M
from noroshi.exercise import falls
from noroshi.flight import ballistic

BETA = np.array([30.0, 100.0, 400.0])


@pytest.fixture(scope="module")
def begun() -> tuple[np.ndarray, np.ndarray]:
    return falls.entry(
        np.radians([53.0, 98.0, 30.0]), np.array([0.3, 1.5, 4.0]), np.array([2.4, 0.0, -2.0]), 120e3
    )


@pytest.fixture(scope="module")
def flown(begun: tuple[np.ndarray, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return list(falls.falls(*begun, BETA))


def test_a_fall_begins_on_a_circular_orbit_of_its_inclination(begun):
    place, speed = epoch.to_inertial(*begun, np.float64(0.0))
    radius = np.linalg.norm(place, axis=1)
    np.testing.assert_allclose(np.linalg.norm(speed, axis=1), np.sqrt(GM_M3PS2 / radius), rtol=1e-12)
    np.testing.assert_allclose(np.sum(place * speed, axis=1) / radius, 0, atol=1e-6)
    pole = np.cross(place, speed)
    cosine = pole[:, 2] / np.linalg.norm(pole, axis=1)
    # The place is 120 km above the ellipsoid, its latitude geodetic: up to 0.2 deg beside the geocentric one.
    np.testing.assert_allclose(np.degrees(np.arccos(cosine)), [53.0, 98.0, 30.0], atol=0.3)


def test_a_fall_ends_where_the_batch_of_ballistic_flights_says(begun, flown):
    ends = ballistic.fall(*begun, BETA, tolerance=1e-10)
    for row, (place, speed, _) in enumerate(flown):
        left_s = ends.time_s[row] - (len(place) - 1)
        assert 0 <= left_s <= 1
        gone = place[-1] + speed[-1] * left_s
        np.testing.assert_allclose(gone, ends.position_ecef_m[row], atol=0.5)


def test_air_takes_energy_from_a_fall_and_never_gives_any(flown):
    for place, speed, _ in flown:
        radius = np.linalg.norm(place, axis=1)
        sin2 = (place[:, 2] / radius) ** 2
        oblate = 1 - J2 * (SEMI_MAJOR_M / radius) ** 2 * (3 * sin2 - 1) / 2
        turning = (ROTATION_RADPS * np.hypot(place[:, 0], place[:, 1])) ** 2 / 2
        jacobi = np.sum(speed**2, axis=1) / 2 - GM_M3PS2 / radius * oblate - turning
        assert np.all(np.diff(jacobi) < 0)


def test_a_fall_glows_brightest_where_it_is_braked_hard(flown):
    for place, _, glow in flown:
        peak = glow.argmax()
        height_km = (np.linalg.norm(place, axis=1) - 6_371e3) / 1e3
        assert glow.max() == 1 and 20 < height_km[peak] < 90
        assert glow[0] < 0.01 and glow[-1] < 0.01


def test_a_fall_may_be_asked_for_from_a_moment_after_its_start(begun, flown):
    """The same path, read half a second later; nothing of what is down by then."""
    late = list(falls.falls(*begun, BETA, np.array([0.5, 0.5, 1e5])))
    for (place, speed, _), (later, faster, _) in zip(flown[:2], late[:2], strict=True):
        count = min(len(place), len(later)) - 1
        middle = (place[:count] + place[1 : count + 1]) / 2 + (speed[:count] - speed[1 : count + 1]) / 8
        # The middle of a cubic over a second.
        np.testing.assert_allclose(later[:count], middle, atol=0.05)
        assert np.all(np.linalg.norm(faster[:count] - speed[:count], axis=1) < 200)
    assert len(late[2][0]) == 0
