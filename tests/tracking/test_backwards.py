"""Where a coast came from: laws of the way back, and launches that nobody saw."""

import jax
import numpy as np
import pytest
from scipy.stats import binom

from noroshi.earth import frames, geometry
from noroshi.records.tracks import Estimate
from noroshi.tracking.backwards import source
from tests.tracking.boosts import FAMILIES, boosts
from tests.tracking.made import body, covariance

_source = jax.jit(source)


def estimate(mean: np.ndarray, cov: np.ndarray, time_s: float = 500.0) -> Estimate:
    return Estimate(np.float64(time_s), mean, cov, np.array([0.0, 1.0, 0.0, 0.0]))


def from_ground(lat_deg: float, lon_deg: float, enu_mps) -> np.ndarray:
    """State [10] at the ground of a body that is thrown."""
    lat, lon = np.radians([lat_deg, lon_deg])
    velocity = np.array(enu_mps) @ frames.enu_axes(lat, lon)
    return np.concatenate([frames.ecef(lat, lon, np.float64(0.0)), velocity, np.zeros(3), [np.log(6000.0)]])


@pytest.mark.parametrize("lat_deg, lon_deg, enu_mps", [
    (40.0, 127.0, (2500.0, 300.0, 3000.0)),
    (-33.0, 151.0, (-1500.0, 900.0, 2500.0)),
    (65.0, -150.0, (100.0, -4500.0, 3500.0)),
])  # fmt: skip
def test_what_is_thrown_is_traced_back_to_where_it_was_thrown(lat_deg, lon_deg, enu_mps):
    start = from_ground(lat_deg, lon_deg, enu_mps)
    # Thrown backwards in time is thrown the other way: 300 s on, by the filter's own motion without air.
    from noroshi.earth import gravity

    def f(x):
        return np.concatenate([x[3:], np.asarray(gravity.apparent(x[:3], x[3:]))])

    x = start[:6]
    for _ in range(300):
        k1 = f(x)
        k2 = f(x + 0.5 * k1)
        k3 = f(x + 0.5 * k2)
        k4 = f(x + k3)
        x = x + (k1 + 2 * k2 + 2 * k3 + k4) / 6
    found = _source(estimate(np.concatenate([x, start[6:]]), covariance(1.0, 1e-3)))
    assert bool(found.found)
    away_m, _ = geometry.great_circle(*np.radians([lat_deg, lon_deg]), found.lat_rad, found.lon_rad)
    # The last step of 5 s is cut by a straight line: half g t2 of height, here 122 m.
    assert float(away_m) < 300.0
    east, north, _ = enu_mps
    off = (np.degrees(float(found.azimuth_rad)) - np.degrees(np.arctan2(east, north)) + 180) % 360 - 180
    assert abs(off) < 0.1
    # It was up for 300 s, and the time below 100 km counts twice.
    assert 500.0 - 300.0 - 150.0 < float(found.time_s) < 500.0 - 300.0


def test_doubt_about_the_speed_is_doubt_about_the_launch():
    sure, unsure = (_source(estimate(body(), covariance(100.0, speed))) for speed in (1.0, 100.0))
    # 100 m/s over the 130 s back to the ground and some.
    assert float(unsure.sigma_m) ** 2 - float(sure.sigma_m) ** 2 > 10e3**2
    assert float(unsure.time_sigma_s) > float(sure.time_sigma_s)
    assert float(sure.sigma_m) > 15e3  # what nobody saw of the boost stays unknown


def test_what_goes_round_in_orbit_comes_from_nowhere():
    lat, lon = np.radians([40.0, 133.0])
    velocity = np.array([7000.0, 0.0, 0.0]) @ frames.enu_axes(lat, lon)
    mean = np.concatenate([frames.ecef(lat, lon, np.float64(8e5)), velocity * 1.06, np.zeros(3), [8.7]])
    assert not bool(_source(estimate(mean, covariance(10.0, 0.1))).found)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_launches_that_nobody_saw_lie_where_and_when_they_are_said_to(family):
    # From the end of the burn, known as a tracker knows it. 48 flights cannot tell 90 from 95 %: fewer inside
    # than this come of 90 % once in a thousand.
    flights = boosts(family, 48, 32)
    ends = [one.at(one.burn_s - 0.01) for one in flights]
    mean = np.zeros((len(flights), 10))
    mean[:, :6] = [np.concatenate([place[0], speed[0]]) for place, speed in ends]
    mean[:, 9] = 8.7
    cov = np.tile(covariance(300.0, 10.0), (len(flights), 1, 1))
    time_s = np.array([one.burn_s for one in flights])
    found = jax.vmap(source)(Estimate(time_s, mean, cov, np.tile([0.0, 1.0, 0.0, 0.0], (len(flights), 1))))
    true = np.array([[one.lat_rad, one.lon_rad] for one in flights]).T
    away_m, _ = geometry.great_circle(*true, np.asarray(found.lat_rad), np.asarray(found.lon_rad))
    near = np.asarray(away_m) < np.sqrt(5.991) * np.asarray(found.sigma_m)
    soon = np.abs(np.asarray(found.time_s)) < 1.96 * np.asarray(found.time_sigma_s)
    least = binom.ppf(1e-3, len(flights), 0.9)
    assert near.sum() >= least
    assert soon.sum() >= least
