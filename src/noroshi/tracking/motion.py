"""How a tracker believes things move: burning under a growing thrust, or coasting under J2 and drag."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float

from noroshi.earth import atmosphere, frames, gravity
from noroshi.earth.arrays import Array

# Spectral density of the thrust's jerk, m2/s5: a turn of half a degree per second at 50 m/s2, and staging.
_JERK = 0.3
# Unmodelled acceleration while coasting, m2/s3: gravity beyond J2 and thin air.
_COAST = 1e-5


def drag(state: Float[Array, "9"], beta_kgpm2: Array) -> Float[Array, "3"]:
    """Deceleration by the air, m/s2, for a believed ballistic coefficient."""
    velocity = state[3:6]
    air = 0.5 * atmosphere.density(frames.height(state[:3])) / beta_kgpm2
    return -air * jnp.sqrt(velocity @ velocity) * velocity


def slope(
    state: Float[Array, "9"], burning: Array, exhaust_mps: Array, air_mps2: Float[Array, "3"]
) -> Float[Array, "9"]:
    """Time derivative of [position, velocity, thrust acceleration] in ECEF.

    Constant thrust on a mass that shrinks: the acceleration grows as its square over the exhaust speed.
    """
    position, velocity, thrust = state[:3], state[3:6], burning * state[6:]
    # The square root of zero has no slope; the offset is a millimetre per second squared.
    growth = thrust * jnp.sqrt(thrust @ thrust + 1e-6) / exhaust_mps
    return jnp.concatenate([velocity, gravity.apparent(position, velocity) + thrust + air_mps2, growth])


def move(
    state: Float[Array, "9"], dt_s: Array, burning: Array, exhaust_mps: Array, beta_kgpm2: Array
) -> Float[Array, "9"]:
    """One fourth-order Runge-Kutta step: millimetres in twenty seconds of coast, metres in a hundred.

    The air is taken as it is at the step's start, and its own slope is left out: tracks live above it.
    """
    air_mps2 = lax.stop_gradient(drag(state, beta_kgpm2))

    def f(x: Array) -> Array:
        return slope(x, burning, exhaust_mps, air_mps2)

    k1 = f(state)
    k2 = f(state + dt_s / 2 * k1)
    k3 = f(state + dt_s / 2 * k2)
    k4 = f(state + dt_s * k3)
    return state + dt_s / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def transition(
    state: Float[Array, "9"], dt_s: Array, burning: Array, exhaust_mps: Array, beta_kgpm2: Array
) -> tuple[Float[Array, "9"], Float[Array, "9 9"]]:
    """The state `dt_s` later and its derivative by the state now, exact by forward differentiation."""

    def f(x: Array) -> tuple[Array, Array]:
        moved = move(x, dt_s, burning, exhaust_mps, beta_kgpm2)
        return moved, moved

    F, moved = jax.jacfwd(f, has_aux=True)(state)
    return moved, F


def process_noise(dt_s: Array, burning: Array) -> Float[Array, "9 9"]:
    """Covariance gathered in `dt_s`: white jerk while burning, a trace of white acceleration always."""
    t = dt_s
    jerk = (
        _JERK
        * burning
        * jnp.array(
            [[t**5 / 20, t**4 / 8, t**3 / 6], [t**4 / 8, t**3 / 3, t**2 / 2], [t**3 / 6, t**2 / 2, t]]
        )
    )
    coast = _COAST * jnp.array([[t**3 / 3, t**2 / 2, 0 * t], [t**2 / 2, t, 0 * t], [0 * t, 0 * t, 0 * t]])
    return jnp.kron(jerk + coast, jnp.eye(3))
