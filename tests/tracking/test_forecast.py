from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import frames, geometry
from noroshi.records.tracks import Estimate
from noroshi.tracking import forecast
from noroshi.tracking.forecast import LANES, POINTS, Bundle
from tests.flight.coasts import coast, state
from tests.tracking.made import BELIEF, body, covariance

STEADY = replace(BELIEF, ballistic_coefficient_ratio=np.float64(1.0))  # no doubt about the drag

_bundle = jax.jit(forecast.bundle)


def bundle(estimate: Estimate, belief=STEADY, launch_time_s: float = -150.0) -> Bundle:
    return jax.tree.map(np.asarray, _bundle(estimate, np.float64(launch_time_s), belief))


def estimate(mean: np.ndarray, cov: np.ndarray, burning: float = 0.0, time_s: float = 50.0) -> Estimate:
    return Estimate(np.float64(time_s), mean, cov, np.float64(burning))


def boosting(acceleration_mps2: float = 30.0) -> np.ndarray:
    """State of a missile under thrust along its way, over the coast, at 100 km."""
    start = body(40.5, 131.0, 100e3, (2200.0, 100.0, 1800.0))
    start[6:] = acceleration_mps2 * start[3:6] / np.linalg.norm(start[3:6])
    return start


def on_the_ground(impact_ecef_m: np.ndarray) -> np.ndarray:
    """Impacts [L, 2] east and north of their mean, km."""
    mean = impact_ecef_m.mean(axis=0)
    lat, lon, _ = frames.geodetic(mean)
    return (impact_ecef_m - mean) @ frames.enu_axes(lat, lon)[:2].T / 1e3


def spread_km(flights: Bundle) -> np.ndarray:
    """Semi-axes, one sigma, of the impacts."""
    plane = on_the_ground(flights.impact_ecef_m[flights.valid])
    return np.sqrt(np.linalg.eigvalsh(plane.T @ plane / len(plane)))


# --- the points ---------------------------------------------------------------------------------------------


def test_the_points_have_no_mean_and_unit_covariance():
    normal, even = forecast._points()
    assert normal.shape == (LANES, 13)
    assert np.allclose(normal.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(normal.T @ normal / LANES, np.eye(13), atol=1e-12)
    # The even ones fill 0 to 1 with one point in each of as many steps.
    assert even.shape == (LANES, 2)
    assert np.allclose(np.sort(even, axis=0).T, (np.arange(LANES) + 0.5) / LANES)


def test_the_share_of_lanes_that_burn_is_the_probability_of_burning():
    for burning in (0.0, 0.25, 0.5, 1.0):
        flights = bundle(estimate(boosting(), covariance(), burning))
        assert flights.burning.mean() == pytest.approx(burning, abs=0.5 / LANES)


# --- coast --------------------------------------------------------------------------------------------------


def test_a_tight_coasts_impacts_are_the_linear_propagation():
    mean, cov = body(), covariance(300.0, 3.0)
    cov[0, 3] = cov[3, 0] = 0.5 * 300 * 3  # a speed that leans on a place
    flights = bundle(estimate(mean, cov))
    assert flights.valid.all()
    # By differences with another integrator call: the state's six directions, both ways.
    steps = np.diag([300.0] * 3 + [3.0] * 3)
    starts = np.concatenate([mean[:6] + steps, mean[:6] - steps, np.repeat(mean[None, :6], 52, axis=0)])
    there = state(coast(starts[:, :3], starts[:, 3:], np.full(64, 6000.0), 1e-9))[0]
    lat, lon, _ = frames.geodetic(there[-1])
    slope = (there[:6] - there[6:12]) @ frames.enu_axes(lat, lon)[:2].T / 2e3 / np.diag(steps)[:, None]
    linear = slope.T @ cov[:6, :6] @ slope
    plane = on_the_ground(flights.impact_ecef_m)
    sampled = plane.T @ plane / LANES
    size = np.sqrt(np.diag(linear))
    assert np.allclose(sampled / size / size[:, None], linear / size / size[:, None], atol=0.05)
    assert np.linalg.norm(flights.impact_ecef_m.mean(axis=0) - there[-1]) < 0.05 * size.max() * 1e3


def test_a_known_state_comes_down_at_one_place_and_time():
    sure = bundle(estimate(body(), covariance(1e-3, 1e-6)))
    exact = coast(*np.split(np.tile(body()[:6], (64, 1)), 2, axis=1), np.full(64, 6000.0), 1e-9)
    assert np.linalg.norm(sure.impact_ecef_m - state(exact)[0][0], axis=1).max() < 15
    assert sure.impact_time_s == pytest.approx(50.0 + exact.t[0] * 1e3, abs=0.05)


def test_doubt_about_the_drag_spreads_the_impacts():
    known, doubted = (bundle(estimate(body(), covariance(1.0, 1e-3)), belief) for belief in (STEADY, BELIEF))
    assert spread_km(doubted)[1] > 10 * spread_km(known)[1]


@pytest.mark.parametrize("burning", [0.0, 0.6])
def test_every_flight_ends_on_the_ground_and_its_track_leads_there(burning):
    flights = bundle(estimate(boosting(), covariance(), burning))
    assert flights.valid.all()
    lat, lon, height_m = frames.geodetic(flights.impact_ecef_m)
    assert np.abs(height_m).max() < 0.02
    assert flights.track_lat_rad.shape == (LANES, POINTS)
    # From the state to the impact, in even steps of time.
    assert np.allclose(flights.track_time_s[:, 0], 50.0)
    assert np.allclose(flights.track_time_s[:, -1], flights.impact_time_s)
    assert np.allclose(np.diff(flights.track_time_s, 2, axis=1), 0, atol=1e-9)
    assert np.allclose(flights.track_lat_rad[:, -1], lat, atol=1e-8)
    assert np.allclose(flights.track_lon_rad[:, -1], lon, atol=1e-8)
    start = frames.geodetic(boosting()[:3])
    first_m, _ = geometry.great_circle(*start[:2], flights.track_lat_rad[:, 0], flights.track_lon_rad[:, 0])
    assert first_m.max() < 5e3
    # No leap on the way: the fastest body makes 7.5 km a second over the ground.
    ways = [flights.track_lat_rad, flights.track_lon_rad]
    leaps_m, _ = geometry.great_circle(ways[0][:, :-1], ways[1][:, :-1], ways[0][:, 1:], ways[1][:, 1:])
    assert (leaps_m < 7500 * np.diff(flights.track_time_s, axis=1)).all()


def test_a_state_that_is_no_number_counts_for_nothing():
    mean = body()
    mean[1] = np.nan
    assert not bundle(estimate(mean, covariance())).valid.any()


def test_what_leaves_the_earth_counts_for_nothing():
    mean = body()
    mean[3:6] *= 11_500 / np.linalg.norm(mean[3:6])
    assert not bundle(estimate(mean, covariance())).valid.any()


# --- burning ------------------------------------------------------------------------------------------------


def test_what_may_still_burn_comes_down_over_a_wider_stretch():
    cov = covariance(200.0, 2.0)
    spreads = [spread_km(bundle(estimate(boosting(), cov, burning)))[1] for burning in (0.0, 0.5, 1.0)]
    assert spreads[1] > 20 * spreads[0]
    assert spreads[2] > 20 * spreads[0]


def test_what_burns_on_flies_farther():
    cov = covariance(200.0, 2.0)
    flights = bundle(estimate(boosting(), cov, 0.5))
    lat, lon, _ = frames.geodetic(boosting()[:3])
    way_m, _ = geometry.great_circle(lat, lon, *frames.geodetic(flights.impact_ecef_m)[:2])
    assert way_m[flights.burning].min() > way_m[~flights.burning].max()


def belief_of(exhaust_mps: float, longest_s: float):
    return replace(BELIEF, exhaust_mps=np.float64(exhaust_mps), burn_high_s=np.float64(longest_s))


shares = st.floats(0, 1)
remaining = jax.jit(forecast.remaining_burn)


@given(shares, st.floats(0, 400), st.floats(0, 500), st.floats(2000, 4500), st.floats(60, 400))
def test_some_burn_always_remains_and_never_more_than_believed(share, elapsed_s, size, exhaust, longest_s):
    left = float(
        remaining(np.float64(elapsed_s), np.float64(size), belief_of(exhaust, longest_s), np.float64(share))
    )
    assert 0 < left <= max(longest_s - elapsed_s, 5.0)
    # It cannot burn longer than the mass lasts.
    assert left < exhaust / max(size, 1.0)


@given(shares, st.floats(0, 200), st.floats(1, 300), st.floats(1, 100))
def test_the_harder_it_accelerates_the_less_burn_is_left(share, elapsed_s, size, more):
    slow, fast = (
        float(remaining(np.float64(elapsed_s), np.float64(a), belief_of(2700.0, 240.0), np.float64(share)))
        for a in (size, size + more)
    )
    assert fast <= slow


def test_a_forecast_with_a_wider_state_is_wider():
    narrow, wide = (spread_km(bundle(estimate(body(), covariance(*size)))) for size in ((300, 3), (600, 6)))
    assert wide == pytest.approx(2 * narrow, rel=0.05)
