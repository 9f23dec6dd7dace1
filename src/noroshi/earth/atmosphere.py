"""US Standard Atmosphere 1976: density and speed of sound by geometric height.

Up to 86 km the standard's own layers, exact. Above, where drag moves an impact by metres, two
polynomials in the logarithm of the density, fitted to the standard as the independent code `ussa1976`
0.3.4 tabulates it: within 0.8 % from 86 to 120 km and 4 % from 120 to 1,000 km. Below -0.5 km and above
1,000 km the height is clipped, so that trial steps of an integrator below ground stay finite.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from noroshi.earth.arrays import Array

_RADIUS_M = 6_356_766.0
_GAS_JPKGK = 8314.32 / 28.9644
_LAPSE_G = 9.80665 / _GAS_JPKGK
_BASE_M = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3])
_LAPSE_KPM = np.array([-6.5, 0.0, 1.0, 2.8, 0.0, -2.8, -2.0]) * 1e-3
_LAYER_TOP_M = 86e3
_SPLIT_M = 120e3
_LOW = (-14.91958, -2.9802001, 0.047630424, -0.30515505, 0.1511826, 0.86023127, -0.02162434, -0.44873253)
_HIGH = (-24.643713, -8.389603, -2.7664428, -7.4170132, -18.493364, -7.0107966, 35.219314, 28.132152)


def _bases() -> tuple[np.ndarray, np.ndarray]:
    """Temperature, K, and log pressure at the bottom of each layer."""
    temperature, log_pressure = [288.15], [np.log(101_325.0)]
    for layer in range(6):
        rise = _BASE_M[layer + 1] - _BASE_M[layer]
        lapse = _LAPSE_KPM[layer]
        top = temperature[-1] + lapse * rise
        fall = rise / temperature[-1] if lapse == 0 else np.log(top / temperature[-1]) / lapse
        log_pressure.append(log_pressure[-1] - _LAPSE_G * fall)
        temperature.append(top)
    return np.array(temperature), np.array(log_pressure)


_BASE_K, _BASE_LOG_PA = _bases()


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _layer(height_m: Array) -> tuple[Array, Array]:
    """Molecular temperature, K, and log pressure in the layers."""
    geopotential_m = _RADIUS_M * height_m / (_RADIUS_M + height_m)
    base_m = jnp.zeros_like(height_m)
    base_k = jnp.full_like(height_m, _BASE_K[0])
    lapse = jnp.full_like(height_m, _LAPSE_KPM[0])
    log_pa = jnp.full_like(height_m, _BASE_LOG_PA[0])
    for layer in range(1, 7):
        above = geopotential_m >= _BASE_M[layer]
        base_m = jnp.where(above, _BASE_M[layer], base_m)
        base_k = jnp.where(above, _BASE_K[layer], base_k)
        lapse = jnp.where(above, _LAPSE_KPM[layer], lapse)
        log_pa = jnp.where(above, _BASE_LOG_PA[layer], log_pa)
    rise = geopotential_m - base_m
    # Clipped for the lanes above 86 km, whose value here is discarded.
    temperature = jnp.maximum(base_k + lapse * rise, 100.0)
    isothermal = lapse == 0
    fall = jnp.where(
        isothermal, rise / base_k, jnp.log(temperature / base_k) / jnp.where(isothermal, 1.0, lapse)
    )
    return temperature, log_pa - _LAPSE_G * fall


def log_density(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Natural logarithm of the density in kg/m3 at a geometric height."""
    height_m = jnp.clip(height_m, -500.0, 1e6)
    temperature, log_pa = _layer(height_m)
    low = _polynomial(_LOW, (height_m - 103e3) / 17e3)
    high = _polynomial(_HIGH, (height_m - 300e3) / (height_m + 100e3))
    upper = jnp.where(height_m < _SPLIT_M, low, high)
    return jnp.where(height_m < _LAYER_TOP_M, log_pa - jnp.log(_GAS_JPKGK * temperature), upper)


def density(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Density, kg/m3, at a geometric height."""
    return jnp.exp(log_density(height_m))


def sound_speed(height_m: Float[Array, "..."]) -> Float[Array, "..."]:
    """Speed of sound, m/s; above 86 km the value at 86 km, where the notion ends."""
    temperature, _ = _layer(jnp.clip(height_m, -500.0, _LAYER_TOP_M))
    return jnp.sqrt(1.4 * _GAS_JPKGK * temperature)
