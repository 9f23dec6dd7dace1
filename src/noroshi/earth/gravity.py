"""Gravity of the rotating WGS 84 Earth with J2, in the frame that turns with it."""

import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth.arrays import Array
from noroshi.earth.constants import GM_M3PS2, J2, ROTATION_RADPS, SEMI_MAJOR_M


def gravitation(position_ecef_m: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    """Attraction alone, m/s2: the gradient of U = GM/r [1 - J2 (a/r)^2 P2(sin lat)]."""
    radius2 = jnp.sum(position_ecef_m**2, axis=-1, keepdims=True)
    sin2 = position_ecef_m[..., 2:3] ** 2 / radius2
    oblate = 1.5 * J2 * SEMI_MAJOR_M**2 / radius2
    factor = 1 - oblate * (5 * sin2 - jnp.array([1.0, 1.0, 3.0]))
    return -GM_M3PS2 / (radius2 * jnp.sqrt(radius2)) * factor * position_ecef_m


def apparent(position_ecef_m: Float[Array, "... 3"], velocity_ecef_mps: Array) -> Float[Array, "... 3"]:
    """Gravitation with the centrifugal and Coriolis accelerations of the turning frame, m/s2."""
    x, y, z = jnp.moveaxis(position_ecef_m, -1, 0)
    vx, vy, _ = jnp.moveaxis(velocity_ecef_mps, -1, 0)
    w = ROTATION_RADPS
    turning = jnp.stack([w * w * x + 2 * w * vy, w * w * y - 2 * w * vx, jnp.zeros_like(z)], axis=-1)
    return gravitation(position_ecef_m) + turning
