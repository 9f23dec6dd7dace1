"""What acts on a body in flight: gravity, rotation, drag, thrust. Kernel units (Mm, ks, km/s, m/s2)."""

import jax.numpy as jnp
from jax import lax

from noroshi.earth.arrays import Array
from noroshi.earth.atmosphere import log_density, sound_speed
from noroshi.earth.constants import (
    ECCENTRICITY2,
    GM_M3PS2,
    J2,
    ROTATION_RADPS,
    SEMI_MAJOR_M,
    SEMI_MINOR_M,
)
from noroshi.flight.propagator import State
from noroshi.records.pytree import record

MEGA, KILO = 1e6, 1e3
_GM = GM_M3PS2 / 1e12
_A, _B = SEMI_MAJOR_M / MEGA, SEMI_MINOR_M / MEGA
_OBLATE = 1.5 * J2 * _A**2
_TURN = ROTATION_RADPS * KILO


@record
class Coasting:
    """A body without thrust: its ballistic coefficient m/(Cd A), kg/m2, one per lane."""

    ballistic_coefficient_kgpm2: Array


@record
class Boosting:
    """A stage under constant thrust along a given pitch programme; one element per lane.

    Pitch is the angle of the thrust above the launch site's horizon: vertical until `vertical_s`, falling
    evenly to `loft_rad` at `pitch_over_s`, held there to the end of the burn (the programme of Forden,
    Science & Global Security 15, 2007). Directions are unit vectors in ECEF at the launch site.
    """

    burn_s: Array
    exhaust_mps: Array
    fuel_fraction: Array
    vertical_s: Array
    pitch_over_s: Array
    loft_rad: Array
    up: tuple[Array, Array, Array]
    forward: tuple[Array, Array, Array]
    area_per_mass_m2pkg: Array


@record
class Burning:
    """A body seen to accelerate: its thrust acceleration grows as fuel burns and may turn evenly."""

    acceleration_mps2: Array
    exhaust_mps: Array
    along: tuple[Array, Array, Array]
    across: tuple[Array, Array, Array]
    turn_radps: Array
    ballistic_coefficient_kgpm2: Array


def height(y: State) -> Array:
    """Height above the ellipsoid, Mm (see earth.frames.height)."""
    r2 = y[0] * y[0] + y[1] * y[1] + y[2] * y[2]
    return jnp.sqrt(r2) - _B * lax.rsqrt(1 - ECCENTRICITY2 * (1 - y[2] * y[2] / r2))


def climb(y: State) -> Array:
    """Rate of the radius, km/s: positive on the way up."""
    r2 = y[0] * y[0] + y[1] * y[1] + y[2] * y[2]
    return (y[0] * y[3] + y[1] * y[4] + y[2] * y[5]) * lax.rsqrt(r2)


def _fall(y: State) -> tuple[Array, Array, Array]:
    """Apparent gravity in the turning frame with J2, m/s2 (earth.gravity.apparent in lane-last form)."""
    x, z, vx, vy = y[0], y[2], y[3], y[4]
    r2 = x * x + y[1] * y[1] + z * z
    inverse = 1 / r2
    sin2 = z * z * inverse
    central = -_GM * inverse * lax.rsqrt(r2)
    oblate = _OBLATE * inverse
    equatorial = central * (1 - oblate * (5 * sin2 - 1)) + _TURN * _TURN
    polar = central * (1 - oblate * (5 * sin2 - 3))
    return (
        equatorial * x + 2 * _TURN * vy,
        equatorial * y[1] - 2 * _TURN * vx,
        polar * z,
    )


def _speed(y: State) -> Array:
    return jnp.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])


def _slope(y: State, drag: Array, push: tuple[Array, Array, Array] | None = None) -> State:
    """Derivative of the state under gravity, drag per km/s of speed, and thrust, m/s2, where there is one."""
    gx, gy, gz = _fall(y)
    if push is not None:
        gx, gy, gz = gx + push[0], gy + push[1], gz + push[2]
    return y[3], y[4], y[5], gx + drag * y[3], gy + drag * y[4], gz + drag * y[5]


def _drag(y: State, ballistic_coefficient_kgpm2: Array) -> Array:
    """Deceleration per km/s of speed, m/s2, of a body of constant ballistic coefficient."""
    density = jnp.exp(log_density(height(y) * MEGA))
    return -0.5e6 * density * _speed(y) / ballistic_coefficient_kgpm2


def coast(t: Array, y: State, body: Coasting) -> State:
    """Free flight: gravity and drag."""
    del t
    return _slope(y, _drag(y, body.ballistic_coefficient_kgpm2))


def drag_coefficient(mach: Array) -> Array:
    """A generic slender body: 0.15 subsonic, 0.41 at Mach 1.2, back to 0.15 above Mach 5.

    The V-2-like curve of the public flyout models; smooth, so that no kink lies inside a step.
    """
    rise = 0.26 / (1 + jnp.exp(-(mach - 0.95) / 0.06))
    fall = 1 / (1 + (jnp.maximum(mach - 1.2, 0.0) / 1.6) ** 3)
    return 0.15 + rise * fall


def boost(t: Array, y: State, stage: Boosting) -> State:
    """Powered flight along the pitch programme."""
    t_s = t * KILO
    mass = 1 - stage.fuel_fraction * t_s / stage.burn_s
    thrust = stage.exhaust_mps * stage.fuel_fraction / (stage.burn_s * mass)
    through = jnp.clip((t_s - stage.vertical_s) / (stage.pitch_over_s - stage.vertical_s), 0.0, 1.0)
    pitch = jnp.pi / 2 - (jnp.pi / 2 - stage.loft_rad) * through
    sin, cos = jnp.sin(pitch), jnp.cos(pitch)
    mach = _speed(y) * KILO / sound_speed(height(y) * MEGA)
    drag = _drag(y, mass / (drag_coefficient(mach) * stage.area_per_mass_m2pkg))
    px, py, pz = (
        thrust * (sin * up + cos * forward) for up, forward in zip(stage.up, stage.forward, strict=True)
    )
    return _slope(y, drag, (px, py, pz))


def burn_on(t: Array, y: State, body: Burning) -> State:
    """Powered flight as a tracker believes it: the thrust seen now, growing as fuel burns."""
    return _slope(y, _drag(y, body.ballistic_coefficient_kgpm2), thrust(t * KILO, body))


def thrust(t_s: Array, body: Burning) -> tuple[Array, Array, Array]:
    """Thrust acceleration, m/s2: a / (1 - a t / c), turned in its plane by `turn_radps`.

    The mass left is never below a twelfth of today's: no tank is a better bargain than that.
    """
    left = jnp.maximum(1 - body.acceleration_mps2 * t_s / body.exhaust_mps, 1 / 12)
    size = body.acceleration_mps2 / left
    sin, cos = jnp.sin(body.turn_radps * t_s), jnp.cos(body.turn_radps * t_s)
    x, y, z = (
        size * (cos * along + sin * across) for along, across in zip(body.along, body.across, strict=True)
    )
    return x, y, z
