"""Re-entry past a radar: S. Julier and J. Uhlmann, Proceedings of the IEEE 92(3), 2004, 401-422, after
D. Austin and C. Leondes (1981), as S. Särkkä poses it (IEEE TAC 52(9), 2007) and as the EKF/UKF toolbox does.

In kilometres and seconds: place in a plane through the Earth's centre, velocity, and the logarithm of how
much more drag there is than that of the nominal body. Ports differ in the radar's range noise; here it is
1 m.
"""

import jax.numpy as jnp
import numpy as np

from noroshi.earth.arrays import Array
from noroshi.tracking import kalman
from noroshi.tracking.kalman import SAFE, Gaussian, Spread
from tests.tracking.published.runs import Step, bound, filtered

NOMINAL, SCALE_KM, GM, RADIUS_KM = -0.59783, 13.406, 3.9860e5, 6374.0
STEP_S, STEPS = 0.1, 2000
NOISE = np.diag([1e-3**2, 0.17e-3**2])
TRUE = np.array([6500.4, 349.14, -1.8093, -6.7967, 0.6932])
TRUE_COV = np.diag([1e-6, 1e-6, 1e-6, 1e-6, 0.0])
START = Gaussian(np.array([*TRUE[:4], 0.0]), np.diag([1e-6, 1e-6, 1e-6, 1e-6, 1.0]))
# For each step, not for each second: with the latter the errors come out a quarter smaller than those told.
TRUE_Q = np.diag([0.0, 0.0, 2.4064e-5, 2.4064e-5, 0.0])
Q = np.diag([0.0, 0.0, 2.4064e-5, 2.4064e-5, 1e-6])
ANGLES = np.array([False, True])


def move(x: Array) -> Array:
    """A tenth of a second later, by Euler's step as in the source."""
    place, velocity = x[:2], x[2:4]
    radius, speed = jnp.sqrt(place @ place), jnp.sqrt(velocity @ velocity)
    drag = NOMINAL * jnp.exp(x[4]) * jnp.exp((RADIUS_KM - radius) / SCALE_KM) * speed
    pull = -GM / radius**3
    return x + STEP_S * jnp.concatenate([velocity, drag * velocity + pull * place, jnp.zeros(1)])


def seen(x: Array) -> Array:
    """Range, km, and angle, rad, from the radar on the first axis."""
    east, north = x[0] - RADIUS_KM, x[1]
    return jnp.stack([jnp.hypot(east, north), jnp.arctan2(north, east)])


def truth(chance: np.random.Generator, runs: int) -> np.ndarray:
    """States [runs, steps + 1, 5] of bodies that start and drift by chance."""
    shake = np.sqrt(np.diag(TRUE_Q))
    x = TRUE + np.sqrt(np.diag(TRUE_COV)) * chance.normal(size=(runs, 5))
    states = [x]
    for _ in range(STEPS):
        place, velocity = x[:, :2], x[:, 2:4]
        radius = np.linalg.norm(place, axis=1, keepdims=True)
        speed = np.linalg.norm(velocity, axis=1, keepdims=True)
        drag = NOMINAL * np.exp(x[:, 4:]) * np.exp((RADIUS_KM - radius) / SCALE_KM) * speed
        rate = np.concatenate(
            [velocity, drag * velocity - GM / radius**3 * place, np.zeros((runs, 1))], axis=1
        )
        x = x + STEP_S * rate + shake * chance.normal(size=(runs, 5))
        states.append(x)
    return np.stack(states, axis=1)


def measured(seed: int, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """True states from the first look on, and what the radar saw."""
    chance = np.random.default_rng(seed)
    states = truth(chance, runs)[:, 1:]
    east, north = states[..., 0] - RADIUS_KM, states[..., 1]
    exact = np.stack([np.hypot(east, north), np.arctan2(north, east)], axis=-1)
    return states, exact + np.sqrt(np.diag(NOISE)) * chance.normal(size=exact.shape)


def cramer_rao(seed: int = 0, runs: int = 100) -> np.ndarray:
    return bound(truth(np.random.default_rng(seed), runs), START.cov, move, Q, seen, NOISE)


def extended(z: np.ndarray) -> Gaussian:
    return _run(
        z, lambda x, z: kalman.update(kalman.predict(x, move, Q), z, seen, NOISE, kalman.wrapped(ANGLES))
    )


def unscented(z: np.ndarray, spread: Spread = SAFE) -> Gaussian:
    return _run(
        z,
        lambda x, z: kalman.unscented_update(
            kalman.unscented_predict(x, move, Q, spread), z, seen, NOISE, kalman.wrapped(ANGLES), spread
        ),
    )


def _run(z: np.ndarray, step: Step) -> Gaussian:
    start = Gaussian(np.tile(START.mean, (len(z), 1)), np.tile(START.cov, (len(z), 1, 1)))
    return filtered(start, z, step)
