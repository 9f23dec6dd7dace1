"""US Standard Atmosphere 1976: density and speed of sound by geometric height.

The logarithm of the density is one polynomial of degree 6 in each of ten pieces, chosen without branch, table
or logarithm (decision 0004). Pieces meet where the standard's layers do, so that no kink lies inside one, and
each agrees with the standard at its ends and at five heights between: within 3e-8 of the standard's formulas
up to 86 km; above, where drag moves an impact by metres, within 0.7 % of the standard as the independent
code `ussa1976` 0.3.4 computes it. Below -0.5 km and above 1,000 km the height is clipped, so that trial
steps of an integrator below ground stay finite.
"""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.polynomial import Polynomial

from noroshi.earth.arrays import Array

_RADIUS_M = 6_356_766.0
_GAS_JPKGK = 8314.32 / 28.9644
_LAPSE_G = 9.80665 / _GAS_JPKGK
_BASE_M = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3])
_LAPSE_KPM = np.array([-6.5, 0.0, 1.0, 2.8, 0.0, -2.8, -2.0]) * 1e-3
_BASE_K = 288.15 + np.concatenate([[0.0], np.cumsum(_LAPSE_KPM[:-1] * np.diff(_BASE_M))])
_BOTTOM_M, _LAYER_TOP_M, _TOP_M = -500.0, 86e3, 1e6
_THIN_M = (115e3, 220e3)
# Density, kg/m3, at the upper six of the seven heights (`_knots`) of each piece above 86 km: ussa1976 0.3.4.
_THIN_KGPM3 = (
    (4.92511e-06, 1.91216e-06, 5.13626e-07, 1.44753e-07, 5.78947e-08, 4.31485e-08),
    (1.77465e-08, 3.57435e-09, 8.89932e-10, 3.22752e-10, 1.74176e-10, 1.41553e-10),
    (3.71858e-11, 2.29509e-12, 1.04566e-13, 1.11942e-14, 4.53014e-15, 3.57186e-15),
)
_UNIT_M = 1e5


def _knots(low_m: float, high_m: float) -> np.ndarray:
    """Seven heights, both ends among them, at which a polynomial hugs what it interpolates."""
    return (low_m + high_m) / 2 - (high_m - low_m) / 2 * np.cos(np.pi * np.arange(7) / 6)


def _layer_log_density(height_m: np.ndarray, layer: int) -> np.ndarray:
    """The standard's own formula in one of its seven layers."""
    rise_m = _RADIUS_M * height_m / (_RADIUS_M + height_m) - _BASE_M[layer]
    log_pa = np.log(101_325.0) - _LAPSE_G * sum(
        _fall(below, _BASE_M[below + 1] - _BASE_M[below]) for below in range(layer)
    )
    temperature = _BASE_K[layer] + _LAPSE_KPM[layer] * rise_m
    return log_pa - _LAPSE_G * _fall(layer, rise_m) - np.log(_GAS_JPKGK * temperature)


def _fall(layer: int, rise_m: np.ndarray) -> np.ndarray:
    """Integral of 1/T, m/K, from the bottom of a layer."""
    lapse, base_k = _LAPSE_KPM[layer], _BASE_K[layer]
    return rise_m / base_k if lapse == 0 else np.log1p(lapse * rise_m / base_k) / lapse


def _pieces() -> tuple[np.ndarray, np.ndarray]:
    """Bottom of each piece, m, and coefficients [7, pieces] of its polynomial in units of 100 km."""
    layer_m = _RADIUS_M * _BASE_M / (_RADIUS_M - _BASE_M)
    edges = np.array([_BOTTOM_M, *layer_m[1:], _LAYER_TOP_M, *_THIN_M, _TOP_M])
    columns = []
    for piece, (low_m, high_m) in enumerate(pairwise(edges)):
        height_m = _knots(low_m, high_m)
        if piece < len(_BASE_M):
            value = _layer_log_density(height_m, piece)
        else:
            value = np.array([value[-1], *np.log(_THIN_KGPM3[piece - len(_BASE_M)])])
        columns.append(Polynomial.fit(height_m / _UNIT_M, value, 6).convert().coef)
    return edges[:-1], np.array(columns).T


_FLOORS_M, _COEFFICIENTS = _pieces()


def _pick(height_m: Array, floors_m: np.ndarray, values: np.ndarray) -> Array:
    """The value of the piece that a height lies in: selects, which vector units do side by side."""
    chosen = jnp.full_like(height_m, values[0])
    for floor_m, value in zip(floors_m[1:], values[1:], strict=True):
        chosen = jnp.where(height_m >= floor_m, value, chosen)
    return chosen


def log_density(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Natural logarithm of the density in kg/m3 at a geometric height."""
    height_m = jnp.clip(height_m, _BOTTOM_M, _TOP_M)
    x = height_m / _UNIT_M
    total = _pick(height_m, _FLOORS_M, _COEFFICIENTS[-1])
    for row in _COEFFICIENTS[-2::-1]:
        total = total * x + _pick(height_m, _FLOORS_M, row)
    return total


def density(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Density, kg/m3, at a geometric height."""
    return jnp.exp(log_density(height_m))


def sound_speed(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Speed of sound, m/s; above 86 km the value at 86 km, where the notion ends."""
    height_m = jnp.clip(height_m, _BOTTOM_M, _LAYER_TOP_M)
    geopotential_m = _RADIUS_M * height_m / (_RADIUS_M + height_m)
    at_zero_k = _pick(geopotential_m, _BASE_M, _BASE_K - _LAPSE_KPM * _BASE_M)
    temperature = at_zero_k + _pick(geopotential_m, _BASE_M, _LAPSE_KPM) * geopotential_m
    return jnp.sqrt(1.4 * _GAS_JPKGK * temperature)
