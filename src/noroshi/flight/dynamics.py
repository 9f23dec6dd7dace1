"""What acts on a body in flight: gravity, rotation, drag, thrust. Kernel units (Mm, ks, km/s, m/s2)."""

import jax.numpy as jnp
from jax import lax

from noroshi.earth.arrays import Array
from noroshi.earth.atmosphere import log_density, sound_speed
from noroshi.earth.model import WGS84, Earth
from noroshi.flight.propagator import State
from noroshi.records.pytree import record

MEGA, KILO = 1e6, 1e3


@record
class Coasting:
    """A body without thrust: its ballistic coefficient m/(Cd A), kg/m2, one per lane."""

    ballistic_coefficient_kgpm2: Array
    earth: Earth = WGS84


@record
class Falling:
    """A body without thrust that may fly on its lift; one element per lane.

    `drag_m2pkg` is one over the ballistic coefficient m/(Cd A) as it flies; where it has lift, the one in
    glide trim. `damping` takes lift back while the path climbs more steeply than equilibrium glide and adds
    some while it falls more steeply: 0 leaves the phugoid (skip) alone.
    """

    drag_m2pkg: Array
    glide_ratio: Array
    bank_rad: Array
    damping: Array
    earth: Earth


@record
class Boosting:
    """A stage under constant thrust; one element per lane, times from the leg's start.

    Relative mass falls evenly from `mass` by `flow_ps`. The thrust points along the air-relative velocity
    where `follow` is 1 (gravity turn), else at a pitch above the launch site's horizon that changes evenly
    (the programme of Forden, Science & Global Security 15, 2007). Directions are unit vectors in ECEF at
    the launch site. `area_m2pkg` is the cross-section over the mass where relative mass is 1.
    """

    start: Array
    exhaust_mps: Array
    flow_ps: Array
    mass: Array
    pitch_rad: Array
    pitch_radps: Array
    follow: Array
    area_m2pkg: Array
    up: tuple[Array, Array, Array]
    forward: tuple[Array, Array, Array]
    earth: Earth


@record
class Burning:
    """A body seen to accelerate: its thrust acceleration grows as fuel burns and may turn evenly."""

    acceleration_mps2: Array
    exhaust_mps: Array
    along: tuple[Array, Array, Array]
    across: tuple[Array, Array, Array]
    turn_radps: Array
    ballistic_coefficient_kgpm2: Array


def height(y: State, earth: Earth = WGS84) -> Array:
    """Height above the ellipsoid, Mm (see earth.frames.height)."""
    r2 = y[0] * y[0] + y[1] * y[1] + y[2] * y[2]
    return jnp.sqrt(r2) - earth.semi_minor_m / MEGA * lax.rsqrt(
        1 - earth.eccentricity2 * (1 - y[2] * y[2] / r2)
    )


def climb(y: State) -> Array:
    """Rate of the radius, km/s: positive on the way up."""
    r2 = y[0] * y[0] + y[1] * y[1] + y[2] * y[2]
    return (y[0] * y[3] + y[1] * y[4] + y[2] * y[5]) * lax.rsqrt(r2)


def speed(y: State) -> Array:
    """Speed in the turning frame, km/s."""
    return jnp.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])


def _fall(y: State, earth: Earth) -> tuple[Array, Array, Array]:
    """Apparent gravity in the turning frame with J2, m/s2 (earth.gravity.apparent in lane-last form)."""
    x, z, vx, vy = y[0], y[2], y[3], y[4]
    turn = earth.rotation_radps * KILO
    r2 = x * x + y[1] * y[1] + z * z
    inverse = 1 / r2
    sin2 = z * z * inverse
    central = -(earth.gm_m3ps2 / 1e12) * inverse * lax.rsqrt(r2)
    oblate = 1.5 * earth.j2 * (earth.semi_major_m / MEGA) ** 2 * inverse
    equatorial = central * (1 - oblate * (5 * sin2 - 1)) + turn * turn
    polar = central * (1 - oblate * (5 * sin2 - 3))
    return (
        equatorial * x + 2 * turn * vy,
        equatorial * y[1] - 2 * turn * vx,
        polar * z,
    )


def _slope(y: State, earth: Earth, drag: Array, push: tuple[Array, Array, Array] | None = None) -> State:
    """Derivative of the state under gravity, drag per km/s of speed, and thrust or lift, m/s2."""
    gx, gy, gz = _fall(y, earth)
    if push is not None:
        gx, gy, gz = gx + push[0], gy + push[1], gz + push[2]
    return y[3], y[4], y[5], gx + drag * y[3], gy + drag * y[4], gz + drag * y[5]


def _drag(y: State, earth: Earth, drag_m2pkg: Array) -> Array:
    """Deceleration per km/s of speed, m/s2, of a body whose Cd A / m is given."""
    density = earth.air * jnp.exp(log_density(height(y, earth) * MEGA))
    return -0.5e6 * density * speed(y) * drag_m2pkg


def coast(t: Array, y: State, body: Coasting) -> State:
    """Free flight: gravity and drag."""
    del t
    # The division last: what XLA takes for cheap, a product, it would compute anew wherever it is read.
    return _slope(y, body.earth, _drag(y, body.earth, 1.0) / body.ballistic_coefficient_kgpm2)


# Height in which the density falls by e where gliders fly, m: only the phugoid's damping reads it.
_SCALE_M = 7_000.0
# Damping never asks for more than this times the lift of the best glide ratio; an assumption.
_MOST_LIFT = 1.5


def glide(t: Array, y: State, body: Falling) -> State:
    """Unpowered flight with lift across the air-relative velocity, banked to the right by `bank_rad`."""
    del t
    trim = _drag(y, body.earth, body.drag_m2pkg)
    v = jnp.maximum(speed(y), 1e-9)
    r = jnp.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])
    along = tuple(component / v for component in y[3:])
    sin_path = climb(y) / v
    cos_path = jnp.sqrt(jnp.maximum(1 - sin_path * sin_path, 1e-12))
    above = tuple((y[i] / r - sin_path * along[i]) / cos_path for i in range(3))
    right = (
        along[1] * above[2] - along[2] * above[1],
        along[2] * above[0] - along[0] * above[2],
        along[0] * above[1] - along[1] * above[0],
    )
    sin, cos = jnp.sin(body.bank_rad), jnp.cos(body.bank_rad)
    # Equilibrium glide descends at -2 H g / (v^2 L/D cos bank) (Lu's form of the Eggers solution).
    weight = body.earth.gm_m3ps2 / 1e12 / (r * r) * _SCALE_M / MEGA
    steady = -2 * weight / (v * v * jnp.maximum(body.glide_ratio * cos, 0.1))
    share = jnp.clip(1 - body.damping * (sin_path - jnp.maximum(steady, -0.5)), 0.0, _MOST_LIFT)
    lift = -trim * v * body.glide_ratio * share
    # Parabolic polar about the best glide ratio: half of the drag there comes from lift.
    drag = trim * 0.5 * (1 + share * share)
    push = tuple(lift * (cos * a + sin * b) for a, b in zip(above, right, strict=True))
    return _slope(y, body.earth, drag, (push[0], push[1], push[2]))


def drag_coefficient(mach: Array) -> Array:
    """A generic slender body: 0.15 subsonic, 0.41 at Mach 1.2, back to 0.15 above Mach 5.

    The V-2-like curve of the public flyout models; smooth, so that no kink lies inside a step.
    """
    rise = 0.26 / (1 + jnp.exp(-(mach - 0.95) / 0.06))
    fall = 1 / (1 + (jnp.maximum(mach - 1.2, 0.0) / 1.6) ** 3)
    return 0.15 + rise * fall


def boost(t: Array, y: State, stage: Boosting) -> State:
    """Powered flight, by pitch programme or gravity turn; without flow a coast between stages."""
    past_s = (t - stage.start) * KILO
    mass = stage.mass - stage.flow_ps * past_s
    thrust = stage.exhaust_mps * stage.flow_ps / mass
    pitch = stage.pitch_rad + stage.pitch_radps * past_s
    sin, cos = jnp.sin(pitch), jnp.cos(pitch)
    v = speed(y)
    # At rest there is no velocity to follow: below some 0.1 m/s the pitch decides.
    follow = stage.follow * v**4 / (v**4 + 1e-16)
    along = follow / jnp.maximum(v, 1e-9)
    mach = v * KILO / sound_speed(height(y, stage.earth) * MEGA)
    drag = _drag(y, stage.earth, drag_coefficient(mach) * stage.area_m2pkg / mass)
    px, py, pz = (
        thrust * ((1 - follow) * (sin * up + cos * forward) + along * y[3 + i])
        for i, (up, forward) in enumerate(zip(stage.up, stage.forward, strict=True))
    )
    return _slope(y, stage.earth, drag, (px, py, pz))


def burn_on(t: Array, y: State, body: Burning) -> State:
    """Powered flight as a tracker believes it: the thrust seen now, growing as fuel burns."""
    drag = _drag(y, WGS84, 1 / body.ballistic_coefficient_kgpm2)
    return _slope(y, WGS84, drag, thrust(t * KILO, body))


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
