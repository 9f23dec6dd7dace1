"""A ballistic target of known drag: A. Farina, B. Ristic, D. Benvenuti, IEEE TAES 38(3), 2002, 854-867.

The density is confirmed in other code, the radar and the start are from recollection of the paper (a look
each 2 s, 100 m, 0.017 rad); all figures compared here are of the very same parameters. In metres and seconds
over a flat Earth: x, vx, y, vy.
"""

import jax
import jax.numpy as jnp
import numpy as np

from noroshi.earth.arrays import Array
from noroshi.tracking import kalman
from noroshi.tracking.kalman import Gaussian, Spread
from tests.tracking.published.runs import Step, bound, filtered

GRAVITY, WEIGHT, STEP_S, SCANS = 9.81, 40_000.0, 2.0, 61
NOISE = np.diag([100.0**2, 0.017**2])
_ANGLE = np.radians(190.0)
TRUE = np.array([232e3, 2290 * np.cos(_ANGLE), 88e3, 2290 * np.sin(_ANGLE)])
_PUSH = np.array([[STEP_S**2 / 2, 0], [STEP_S, 0], [0, STEP_S**2 / 2], [0, STEP_S]])
_AXIS = np.array([[STEP_S**3 / 3, STEP_S**2 / 2], [STEP_S**2 / 2, STEP_S]])
Q = 1.0 * np.kron(np.eye(2), _AXIS)
PLACE = np.array([0, 2])
# Julier and Uhlmann's first form with kappa = 3 - n, as was usual when the paper was written.
PLAIN = Spread(alpha=1.0, beta=0.0, kappa=-1.0)


def move(x: Array) -> Array:
    """Two seconds later: a step of constant acceleration, as in the paper."""
    x_m, vx, y_m, vy = x
    density = jnp.where(y_m < 9144.0, 1.227 * jnp.exp(-1.093e-4 * y_m), 1.754 * jnp.exp(-1.49e-4 * y_m))
    drag = -GRAVITY * density / (2 * WEIGHT) * jnp.sqrt(vx**2 + vy**2)
    coast = jnp.stack([x_m + STEP_S * vx, vx, y_m + STEP_S * vy, vy])
    return coast + _PUSH @ jnp.stack([drag * vx, drag * vy - GRAVITY])


def seen(x: Array) -> Array:
    """Range, m, and elevation, rad."""
    return jnp.stack([jnp.hypot(x[0], x[2]), jnp.arctan2(x[2], x[0])])


def place(x: Array) -> Array:
    return x[PLACE]


def truth(chance: np.random.Generator, runs: int) -> np.ndarray:
    """States [runs, scans, 4], scan 0 at the start."""
    root = np.linalg.cholesky(Q)
    x = np.tile(TRUE, (runs, 1))
    step = jax.jit(jax.vmap(move))
    states = [x]
    for _ in range(SCANS - 1):
        x = np.asarray(step(x)) + chance.normal(size=x.shape) @ root.T
        states.append(x)
    return np.stack(states, axis=1)


def measured(seed: int, runs: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    states = truth(chance, runs)
    exact = np.asarray(jax.vmap(jax.vmap(seen))(states))
    return states, exact + np.sqrt(np.diag(NOISE)) * chance.normal(size=exact.shape)


def two_points(z: Array) -> Gaussian:
    """The state at the second of two looks [2, 2] from both, converted."""
    first, second = (kalman.converted_polar(look, np.sqrt(np.diag(NOISE))) for look in z)
    speed = (second.mean - first.mean) / STEP_S
    mean = jnp.stack([second.mean[0], speed[0], second.mean[1], speed[1]])
    both = second.cov / STEP_S
    of_speed = (first.cov + second.cov) / STEP_S**2
    cov = (
        jnp.zeros((4, 4))
        .at[jnp.ix_(PLACE, PLACE)].set(second.cov)
        .at[jnp.ix_(PLACE, PLACE + 1)].set(both)
        .at[jnp.ix_(PLACE + 1, PLACE)].set(both)
        .at[jnp.ix_(PLACE + 1, PLACE + 1)].set(of_speed)
    )  # fmt: skip
    return Gaussian(mean, cov)


def cramer_rao(seed: int = 0, runs: int = 500) -> np.ndarray:
    """Of scans 2, 3 ...: after a start from two looks."""
    states = truth(np.random.default_rng(seed), runs)
    start = two_points(jax.vmap(seen)(states[:, :2].mean(axis=0)))
    return bound(states[:, 1:], np.asarray(start.cov), move, Q, seen, NOISE)


def extended(z: np.ndarray) -> Gaussian:
    """On range and elevation as they are."""
    return _run(z, lambda x, z: kalman.update(kalman.predict(x, move, Q), z, seen, NOISE))


def converted(z: np.ndarray) -> Gaussian:
    """Extended, on converted measurements."""

    def step(x: Gaussian, z: Array) -> tuple[Gaussian, kalman.Innovation]:
        look = kalman.converted_polar(z, np.sqrt(np.diag(NOISE)))
        return kalman.update(kalman.predict(x, move, Q), look.mean, place, look.cov)

    return _run(z, step)


def unscented(z: np.ndarray, spread: Spread = PLAIN) -> Gaussian:
    def step(x: Gaussian, z: Array) -> tuple[Gaussian, kalman.Innovation]:
        return kalman.unscented_update(
            kalman.unscented_predict(x, move, Q, spread), z, seen, NOISE, spread=spread
        )

    return _run(z, step)


def _run(z: np.ndarray, step: Step) -> Gaussian:
    """Posteriors of the third scan on."""
    return filtered(jax.vmap(two_points)(z[:, :2]), z[:, 2:], step)
