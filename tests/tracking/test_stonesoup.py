"""Stone Soup beside ours: its unscented filter agrees, its extended one fails in Japan's octant.

Its numerical Jacobian (functions.jacobian, 1.9.1) takes its step from the spacing of floating-point numbers,
which is negative below zero: there the step becomes 1e-8 m, less than rounding at the Earth's radius.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from stonesoup.base import Property
from stonesoup.models.measurement.nonlinear import (
    CartesianToElevationBearing,
    CartesianToElevationBearingRange,
)
from stonesoup.models.transition.nonlinear import GaussianTransitionModel
from stonesoup.predictor.kalman import ExtendedKalmanPredictor, UnscentedKalmanPredictor
from stonesoup.types.array import CovarianceMatrix, StateVector, StateVectors
from stonesoup.types.detection import Detection
from stonesoup.types.hypothesis import SingleHypothesis
from stonesoup.types.state import GaussianState
from stonesoup.updater.kalman import ExtendedKalmanUpdater, UnscentedKalmanUpdater

from noroshi.earth import frames, gravity
from noroshi.earth.arrays import Array
from noroshi.tracking import kalman
from noroshi.tracking.kalman import Gaussian, Spread

START = datetime(2026, 1, 1)
STEP_S, LOOKS, RUNS = 2.0, 25, 8
# One in ten thousand for each claim about chance.
RARE = 1e-4
# Stone Soup's own choice for six states.
SPREAD = Spread(alpha=0.5, beta=2.0, kappa=-3.0)
GEO_M = 42_164e3
Q = 0.01 * np.kron([[STEP_S**3 / 3, STEP_S**2 / 2], [STEP_S**2 / 2, STEP_S]], np.eye(3))


@dataclass(frozen=True)
class Scene:
    """Sensors that all look at every step, and a target near `longitude_deg` east that coasts."""

    longitude_deg: float
    sites_m: tuple[tuple[float, float, float], ...]
    sigma: tuple[float, ...]

    @property
    def target(self) -> np.ndarray:
        """Position m and velocity m/s, ECEF."""
        place = frames.ecef(np.radians(36.0), np.radians(self.longitude_deg), 300e3)
        east, north, up = frames.enu_axes(np.radians(36.0), np.radians(self.longitude_deg))
        return np.concatenate([place, 3000 * east + 1500 * north + 500 * up])


def radar(longitude_deg: float) -> Scene:
    site = frames.ecef(np.radians(38.0), np.radians(longitude_deg + 4), 0.0)
    return Scene(longitude_deg, (tuple(site.tolist()),), (1e-3, 1e-3, 50.0))


def satellites(longitude_deg: float) -> Scene:
    angles = np.radians([longitude_deg - 35, longitude_deg + 30])
    sites = tuple((GEO_M * float(np.cos(a)), GEO_M * float(np.sin(a)), 0.0) for a in angles)
    return Scene(longitude_deg, sites, (50e-6, 50e-6))


SCENES = {
    "radar, all positive": radar(40.0),
    "radar, Japan": radar(137.0),
    "satellites, all positive": satellites(45.0),
    "satellites, Japan": satellites(137.0),
}


def move(x: Array) -> Array:
    """One step of fourth order under gravity in the turning frame."""

    def slope(x: Array) -> Array:
        return jnp.concatenate([x[3:], gravity.apparent(x[:3], x[3:])])

    k1 = slope(x)
    k2 = slope(x + STEP_S / 2 * k1)
    k3 = slope(x + STEP_S / 2 * k2)
    k4 = slope(x + STEP_S * k3)
    return x + STEP_S / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def seen(x: Array, site_m: Array, numbers: int) -> Array:
    """Elevation and bearing on ECEF axes, rad, and range, m, as Stone Soup has them."""
    off = x[:3] - site_m
    flat = jnp.hypot(off[0], off[1])
    all_three = [jnp.arctan2(off[2], flat), jnp.arctan2(off[1], off[0]), jnp.sqrt(off @ off)]
    return jnp.stack(all_three[:numbers])


@jax.jit
def moved(columns: Array) -> Array:
    return jax.vmap(move, in_axes=1, out_axes=1)(columns)


@partial(jax.jit, static_argnums=2)
def looked(x: Array, sites_m: Array, numbers: int) -> Array:
    """What each sensor would measure of each target, [targets, sensors, numbers]."""
    return jax.vmap(lambda x: jax.vmap(lambda site_m: seen(x, site_m, numbers))(sites_m))(x)


class Coast(GaussianTransitionModel):
    """The same motion for Stone Soup."""

    ndim_state: int = Property(default=6)

    def function(self, state, noise=False, **kwargs):
        columns = np.asarray(state.state_vector, dtype=float)
        # One shape, so that one compiled kernel serves means, sigma points and steps of a Jacobian.
        padded = np.concatenate([columns, np.tile(columns[:, :1], 13 - columns.shape[1])], axis=1)
        result = np.asarray(moved(padded))[:, : columns.shape[1]]
        return StateVector(result) if columns.shape[1] == 1 else StateVectors(result)

    def covar(self, **kwargs):
        return CovarianceMatrix(Q)


@cache
def inputs(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth [runs, looks, 6], measurements [runs, looks, sensors, m] and first guesses [runs, 6]."""
    scene = SCENES[name]
    chance = np.random.default_rng(11)
    root, first = np.linalg.cholesky(Q), np.linalg.cholesky(prior_cov())
    x = np.tile(scene.target, (RUNS, 1))
    guess = x + chance.normal(size=(RUNS, 6)) @ first.T
    truth, z = [], []
    for _ in range(LOOKS):
        x = np.asarray(moved(x.T)).T + chance.normal(size=x.shape) @ root.T
        exact = np.asarray(looked(x, jnp.array(scene.sites_m), len(scene.sigma)))
        truth.append(x)
        z.append(exact + np.asarray(scene.sigma) * chance.normal(size=exact.shape))
    return np.stack(truth, axis=1), np.stack(z, axis=1), guess


def prior_cov() -> np.ndarray:
    return np.diag([5e3**2] * 3 + [200.0**2] * 3)


@partial(jax.jit, static_argnames="unscented")
def tracked(guess: Array, z: Array, sites_m: Array, sigma: Array, unscented: bool) -> Gaussian:
    """Our posteriors [runs, looks, ...]."""
    numbers = len(sigma)
    R = jnp.diag(sigma**2)
    residual = kalman.wrapped(np.array([True, True, False])[:numbers])

    def step(x: Gaussian, looks: Array) -> tuple[Gaussian, Gaussian]:
        x = kalman.unscented_predict(x, move, Q, SPREAD) if unscented else kalman.predict(x, move, Q)
        for site_m, look in zip(sites_m, looks, strict=True):
            h = partial(seen, site_m=site_m, numbers=numbers)
            if unscented:
                x, _ = kalman.unscented_update(x, look, h, R, residual, SPREAD)
            else:
                x, _ = kalman.update(x, look, h, R, residual)
        return x, x

    def run(guess: Array, z: Array) -> Gaussian:
        return jax.lax.scan(step, Gaussian(guess, jnp.asarray(prior_cov())), z)[1]

    return jax.vmap(run)(guess, z)


@cache
def ours(name: str, unscented: bool) -> Gaussian:
    scene = SCENES[name]
    _, z, guess = inputs(name)
    posterior = tracked(guess, z, jnp.array(scene.sites_m), jnp.array(scene.sigma), unscented=unscented)
    return jax.tree.map(np.asarray, posterior)


@cache
def theirs(name: str, unscented: bool) -> Gaussian:
    """Stone Soup's posteriors."""
    scene = SCENES[name]
    _, z, guess = inputs(name)
    ranging = len(scene.sigma) == 3
    kind = CartesianToElevationBearingRange if ranging else CartesianToElevationBearing
    models = [
        kind(6, (0, 1, 2), np.diag(np.square(scene.sigma)), translation_offset=StateVector(site))
        for site in scene.sites_m
    ]
    predictor = (UnscentedKalmanPredictor if unscented else ExtendedKalmanPredictor)(Coast())
    updater = (UnscentedKalmanUpdater if unscented else ExtendedKalmanUpdater)()
    means, covs = [], []
    for first, run in zip(guess, z, strict=True):
        state = GaussianState(StateVector(first), CovarianceMatrix(prior_cov()), timestamp=START)
        for number, looks in enumerate(run, 1):
            at = START + timedelta(seconds=STEP_S * number)
            state = predictor.predict(state, timestamp=at)
            for model, look in zip(models, looks, strict=True):
                detection = Detection(StateVector(look), timestamp=at, measurement_model=model)
                state = updater.update(SingleHypothesis(state, detection))
            means.append(np.asarray(state.state_vector, dtype=float)[:, 0])
            covs.append(np.asarray(state.covar, dtype=float))
    shape = (len(guess), LOOKS)
    return Gaussian(np.reshape(means, (*shape, 6)), np.reshape(covs, (*shape, 6, 6)))


def nees(name: str, posterior: Gaussian) -> np.ndarray:
    """Of the last look of each run."""
    off = posterior.mean[:, -1] - inputs(name)[0][:, -1]
    return np.einsum("ri,ri->r", off, np.linalg.solve(posterior.cov[:, -1], off[..., None])[..., 0])


@pytest.mark.parametrize("name", SCENES)
def test_our_unscented_filter_is_stone_soups(name):
    a, b = ours(name, unscented=True), theirs(name, unscented=True)
    sigma = np.sqrt(np.diagonal(b.cov, axis1=-2, axis2=-1))
    assert np.max(abs(a.mean - b.mean) / sigma) < 1e-3
    # Relative to the sigmas of the two numbers that a covariance joins.
    assert np.max(abs(a.cov - b.cov) / (sigma[..., :, None] * sigma[..., None, :])) < 1e-4


def test_our_unscented_filter_asks_for_the_same_sigma_points():
    # Stone Soup's updater and predictor have these as defaults, or the comparison would be of two filters.
    for kind in (UnscentedKalmanPredictor, UnscentedKalmanUpdater):
        assert (kind._properties["alpha"].default, kind._properties["beta"].default) == (0.5, 2)


@pytest.mark.parametrize("name", SCENES)
def test_our_extended_filter_is_consistent_in_every_octant(name):
    total = nees(name, ours(name, unscented=False)).sum()
    assert stats.chi2.ppf(RARE / 2, 6 * RUNS) < total < stats.chi2.ppf(1 - RARE / 2, 6 * RUNS)


@pytest.mark.parametrize("name", SCENES)
def test_our_extended_filter_agrees_with_stone_soups_unscented_one(name):
    a, b = ours(name, unscented=False), theirs(name, unscented=True)
    # Two approximations of one posterior: apart by a small part of its sigma in every direction.
    off = (a.mean - b.mean)[:, -1]
    apart = np.einsum("ri,ri->r", off, np.linalg.solve(b.cov[:, -1], off[..., None])[..., 0])
    assert np.sqrt(apart.mean() / 6) < 0.2


def test_stone_soups_extended_filter_fails_in_japans_octant_and_not_where_all_is_positive():
    good, bad = (nees(f"satellites, {where}", theirs(f"satellites, {where}", unscented=False)).sum()
                 for where in ("all positive", "Japan"))  # fmt: skip
    limit = stats.chi2.ppf(1 - RARE, 6 * RUNS)
    assert good < limit
    assert bad > 5 * limit
