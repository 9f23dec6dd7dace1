"""Numbers printed on MathWorks' pages of `constturn` and `cameasjac`; angles there are in degrees."""

import jax.numpy as jnp
import numpy as np

from noroshi.earth.arrays import Array
from noroshi.tracking import kalman
from noroshi.tracking.kalman import Gaussian

TURNING = np.array([500.0, 0.0, 0.0, 100.0, 12.0])
TURNED = {
    1.0: np.array([489.5662, -20.7912, 99.2705, 97.8148, 12.0]),
    0.1: np.array([499.8953, -2.0942, 9.9993, 99.9781, 12.0]),
}
SEEN = np.array([1.0, 10.0, 3.0, 2.0, 20.0, 5.0])
# Azimuth, deg, and range by x, vx, ax, y, vy, ay.
SLOPES = np.array([[-22.9183, 0.0, 0.0, 11.4592, 0.0, 0.0], [0.4472, 0.0, 0.0, 0.8944, 0.0, 0.0]])


def turn(x: Array, dt_s: Array) -> Array:
    """x, vx, y, vy and turn rate, deg/s, after `dt_s` at a constant rate of turn."""
    rate = jnp.radians(x[4])
    sin, cos = jnp.sin(rate * dt_s), jnp.cos(rate * dt_s)
    return jnp.stack(
        [
            x[0] + sin / rate * x[1] - (1 - cos) / rate * x[3],
            cos * x[1] - sin * x[3],
            x[2] + (1 - cos) / rate * x[1] + sin / rate * x[3],
            sin * x[1] + cos * x[3],
            x[4],
        ]
    )


def turned(dt_s: float) -> np.ndarray:
    """Where a filter that is sure of itself predicts the turning object to be."""
    sure = Gaussian(jnp.asarray(TURNING), jnp.zeros((5, 5)))
    return np.asarray(kalman.predict(sure, lambda x: turn(x, dt_s), jnp.zeros((5, 5))).mean)


def seen(x: Array) -> Array:
    return jnp.stack([jnp.degrees(jnp.arctan2(x[3], x[0])), jnp.hypot(x[0], x[3])])


def slopes() -> np.ndarray:
    """The derivative that the filter uses, read from the covariance of its innovation.

    Where one number of the state alone is unsure, by one, what a look says varies with that number itself by
    the slope: it is measured beside the look.
    """
    columns = []
    for axis in np.eye(6):
        prior = Gaussian(jnp.asarray(SEEN), jnp.asarray(np.outer(axis, axis)))

        def both(x: Array, axis: np.ndarray = axis) -> Array:
            return jnp.append(seen(x), axis @ x)

        _, innovation = kalman.update(prior, both(prior.mean), both, np.eye(3))
        columns.append(np.asarray(innovation.cov)[:2, 2])
    return np.array(columns).T
