"""What a missile shows of itself along its flight: its echo, its plume and its hot skin.

Formulas, sources and what is left out stand in docs/reference/signatures.md.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.atmosphere import density

# Below, air turns a body nose first; the world draws no finer line.
AIR_TOP_M = 90e3
# Short-wave infrared as warning satellites use it: the band of Tracy and Wright.
BAND_M = (1.4e-6, 3.0e-6)
# Top of a glider against the flow: 11.3 deg in the code of Tracy and Wright for HTV-2.
INCLINE_RAD = math.radians(11.3)

# Planck's constant, speed of light, Boltzmann's constant: exact in the SI. Stefan's constant of them.
_H_JS, _C_MPS, _K_JPK = 6.62607015e-34, 299_792_458.0, 1.380649e-23
_STEFAN = 2 * math.pi**5 * _K_JPK**4 / (15 * _H_JS**3 * _C_MPS**2)
# Anderson, Hypersonic and High Temperature Gas Dynamics: laminar flow along a flat wall, SI units.
_LAMINAR, _SPEED_POWER = 2.53e-5, 3.2
_WALL_J_PER_KGK = 1_000.0

# Newton's steps to the temperature of the wall: five leave less than a billionth, at any speed and heat.
_STEPS = 6
# Terms of Planck's integral: its error is below 1e-6 of it where wavelength times temperature stays below
# 0.0144 m K, which is 4,800 K at 3 micrometres.
_TERMS = 16
# Stations along the skin, by Gauss and Legendre in the root of the way from the nose.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True)
class Skin:
    """A body whose top glows in the air: a triangle from the nose on, seen from above."""

    length_m: float
    half_angle_rad: float
    emissivity: float


@dataclass(frozen=True)
class Signature:
    """What radars and infrared satellites may see of one missile; `swerling` is how its echo fluctuates."""

    rcs_m2_boost: float
    rcs_m2_coast: float
    rcs_m2_air: float
    swerling: int
    plume_w_per_sr: float
    plume_upper_share: float
    plume_weak_share: float
    plume_weak_from_m: float
    plume_weak_to_m: float
    skin: Skin | None


def echo(signature: Signature, height_m: Float[Array, "N"], burning: Bool[Array, "N"]) -> Float[Array, "N"]:
    """Radar cross-section, m2, along a whole flight; `burning` says when a stage burns.

    Until the last burnout the missile is whole, between its stages too.
    """
    xp = namespace(height_m, burning)
    boosting = xp.flip(xp.cumsum(xp.flip(burning))) > 0
    return rcs(height_m, boosting, signature.rcs_m2_boost, signature.rcs_m2_coast, signature.rcs_m2_air)


def shine(
    signature: Signature,
    height_m: Float[Array, "N"],
    speed_mps: Float[Array, "N"],
    stage: Int[Array, "N"],
) -> Float[Array, "N"]:
    """Infrared intensity, W/sr, along a flight: the plume while a stage burns, else the skin.

    `stage` counts from 0 and is -1 when none burns. The plume outshines the skin, which a shroud may cover.
    """
    flame = plume(
        height_m,
        stage,
        signature.plume_w_per_sr,
        signature.plume_upper_share,
        signature.plume_weak_share,
        signature.plume_weak_from_m,
        signature.plume_weak_to_m,
    )
    body = signature.skin
    if body is None:
        return flame
    glow = skin(height_m, speed_mps, body.length_m, body.half_angle_rad, body.emissivity)
    return namespace(height_m, stage).where(stage >= 0, flame, glow)


def stages(burning: Bool[Array, "N"]) -> Int[Array, "N"]:
    """Which stage burns along a whole flight, from 0 on; -1 where none does."""
    xp = namespace(burning)
    begins = burning & ~xp.concatenate([xp.zeros(1, bool), burning[:-1]])
    return xp.where(burning, xp.cumsum(begins) - 1, -1)


def rcs(height_m: Array, boosting: Array, boost_m2: Array, coast_m2: Array, air_m2: Array) -> Array:
    """Radar cross-section, m2: of the whole missile, of what coasts in space, of what flies nose first.

    After the boost the air decides and not the way up or down: a low flight is in the air throughout.
    """
    xp = namespace(height_m, boosting)
    return xp.where(boosting, boost_m2, xp.where(height_m < AIR_TOP_M, air_m2, coast_m2))


def plume(
    height_m: Array,
    stage: Array,
    plume_w_per_sr: Array,
    upper_share: Array,
    weak_share: Array,
    weak_from_m: Array,
    weak_to_m: Array,
) -> Array:
    """Intensity of a plume, W/sr: each stage has `upper_share` of the one below it; 0 for stage -1.

    Where the air no longer burns it on and it has not yet grown large, it is weak: smoothly down to
    `weak_share` half way between two heights.
    """
    xp = namespace(height_m, stage)
    along = xp.clip((height_m - weak_from_m) / (weak_to_m - weak_from_m), 0.0, 1.0)
    left = weak_share ** (xp.sin(xp.pi * along) ** 2)
    return xp.where(stage >= 0, plume_w_per_sr * left * upper_share ** xp.maximum(stage, 0.0), 0.0)


def skin(
    height_m: Array,
    speed_mps: Array,
    length_m: float,
    half_angle_rad: float,
    emissivity: float,
    band_m: tuple[float, float] = BAND_M,
) -> Array:
    """Intensity, W/sr, in a band, of a triangular skin that shines as much as the air heats it."""
    xp = namespace(height_m, speed_mps)
    root = (1 + _NODES) / 2
    aft_m = length_m * root**2
    width_m = 2 * aft_m * math.tan(half_angle_rad)
    step_m = _WEIGHTS * length_m * root
    wall_k = skin_k(xp.asarray(height_m)[..., None], xp.asarray(speed_mps)[..., None], aft_m, emissivity)
    return emissivity * xp.sum(radiance(wall_k, band_m) * width_m * step_m, axis=-1)


def skin_k(
    height_m: Array, speed_mps: Array, aft_m: Array, emissivity: Array, incline_rad: float = INCLINE_RAD
) -> Array:
    """Temperature, K, of a wall some way aft of the nose: laminar flow, heat in equals heat radiated."""
    xp = namespace(height_m, speed_mps, aft_m)
    shape = _LAMINAR * math.sqrt(math.cos(incline_rad)) * math.sin(incline_rad) / xp.sqrt(aft_m)
    heat = shape * xp.sqrt(xp.asarray(density(height_m))) * speed_mps**_SPEED_POWER
    return balanced_k(heat, speed_mps, emissivity)


def balanced_k(cold_heat_w_per_m2: Array, speed_mps: Array, emissivity: Array) -> Array:
    """Temperature, K, at which a wall radiates the heat it takes in, from the heat a cold wall would take.

    A hot one takes less, by its enthalpy over that of the flow: e s T^4 = q (1 - c T / (v^2 / 2)).
    """
    xp = namespace(cold_heat_w_per_m2, speed_mps)
    radiated = emissivity * _STEFAN
    # Above both bounds lies no solution, and from there Newton's steps only fall: the balance is convex.
    most_k = xp.maximum(speed_mps, 1.0) ** 2 / (2 * _WALL_J_PER_KGK)
    wall_k = xp.minimum((cold_heat_w_per_m2 / radiated) ** 0.25, most_k)
    for _ in range(_STEPS):
        excess = radiated * wall_k**4 - cold_heat_w_per_m2 * (1 - wall_k / most_k)
        slope = 4 * radiated * wall_k**3 + cold_heat_w_per_m2 / most_k
        wall_k = wall_k - excess / xp.maximum(slope, 1e-30)
    return wall_k


def radiance(temperature_k: Array, band_m: tuple[float, float] = BAND_M) -> Array:
    """Planck's law over a band, W/(m2 sr), of a black surface."""
    xp = namespace(temperature_k)
    # What is colder than ice does not shine here, and its exponents would overflow.
    kelvin = xp.maximum(temperature_k, 100.0)
    scale = 2 * (_K_JPK * kelvin) ** 4 / (_H_JS**3 * _C_MPS**2)
    short, long = (_H_JS * _C_MPS / (wavelength_m * _K_JPK * kelvin) for wavelength_m in band_m)
    return scale * (_photons(long) - _photons(short))


def _photons(x: Array) -> Array:
    """Integral of t^3 / (e^t - 1) from x to infinity, term by term."""
    xp = namespace(x)
    return sum(
        xp.exp(-n * x) * (x**3 / n + 3 * x**2 / n**2 + 6 * x / n**3 + 6 / n**4) for n in range(1, _TERMS + 1)
    )
