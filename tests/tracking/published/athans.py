"""A body falling past a radar: M. Athans, R. Wishner, A. Bertolini, IEEE TAC AC-13(5), 1968, 504-514.

Parameters as M. Nørgaard's KalmTool has them. In feet: altitude, downward speed, and a drag parameter that
the filter believes to be 33 times smaller than it is, with an error bar of ten times the truth.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax

from noroshi.earth.arrays import Array
from noroshi.tracking import kalman
from noroshi.tracking.kalman import SAFE, Gaussian, Spread
from tests.tracking.published.runs import Step, alike, bound, filtered

THINNING_PFT = 5e-5
RADAR_FT = (1e5, 1e5)
NOISE_FT2 = np.array([[1e4]])
SECONDS, STEPS_PS = 60, 64
TRUE = np.array([3e5, 2e4, 1e-3])
START = Gaussian(np.array([3e5, 2e4, 3e-5]), np.diag([1e6, 4e6, 1e-4]))
STILL = np.zeros((3, 3))
# The same body with the logarithm of its drag: as far off, and the truth 1.4 sigma away (assumption: 1 to 2).
LOG_START = Gaussian(np.array([3e5, 2e4, np.log(3e-5)]), np.diag([1e6, 4e6, 2.5**2]))
# Julier and Uhlmann's first form.
PLAIN = Spread(alpha=1.0, beta=0.0, kappa=0.0)


def slope(x: Array) -> Array:
    return jnp.stack([-x[1], -jnp.exp(-THINNING_PFT * x[0]) * x[1] ** 2 * x[2], jnp.zeros_like(x[2])])


def fall(x: Array) -> Array:
    """One second later."""
    dt = 1 / STEPS_PS

    def step(_: int, x: Array) -> Array:
        k1 = slope(x)
        k2 = slope(x + dt / 2 * k1)
        k3 = slope(x + dt / 2 * k2)
        k4 = slope(x + dt * k3)
        return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return lax.fori_loop(0, STEPS_PS, step, x)


def log_fall(x: Array) -> Array:
    """One second later, for a state with the logarithm of the drag."""
    return fall(x.at[2].set(jnp.exp(x[2]))).at[2].set(x[2])


def seen(x: Array) -> Array:
    """Range, ft."""
    return jnp.sqrt(RADAR_FT[0] ** 2 + (x[:1] - RADAR_FT[1]) ** 2)


def truth() -> np.ndarray:
    """States at 0, 1 ... 60 s."""
    states = [jnp.asarray(TRUE)]
    for _ in range(SECONDS):
        states.append(fall(states[-1]))
    return np.array(states)


def measured(seed: int, runs: int) -> np.ndarray:
    exact = np.asarray([seen(x) for x in truth()[1:]])
    return exact + np.sqrt(NOISE_FT2[0, 0]) * np.random.default_rng(seed).normal(size=(runs, *exact.shape))


def cramer_rao() -> np.ndarray:
    return bound(truth()[None], START.cov, fall, STILL, seen, NOISE_FT2)


def extended(z: np.ndarray) -> Gaussian:
    return _run(START, z, lambda x, z: kalman.update(kalman.predict(x, fall, STILL), z, seen, NOISE_FT2))


def unscented(z: np.ndarray, spread: Spread = PLAIN) -> Gaussian:
    return _run(START, z, _unscented(fall, spread))


def log_unscented(z: np.ndarray, spread: Spread = SAFE) -> Gaussian:
    return _run(LOG_START, z, _unscented(log_fall, spread))


def _unscented(f: kalman.Model, spread: Spread) -> Step:
    return lambda x, z: kalman.unscented_update(
        kalman.unscented_predict(x, f, STILL, spread), z, seen, NOISE_FT2, spread=spread
    )


def _run(start: Gaussian, z: np.ndarray, step: Step) -> Gaussian:
    return filtered(alike(start, len(z)), z, step)
