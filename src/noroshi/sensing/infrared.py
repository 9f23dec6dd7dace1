"""Infrared satellite: bright plumes above the clouds in, lines of sight out."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.records.detections import Detections
from noroshi.records.pytree import record
from noroshi.records.truth import Truth
from noroshi.sensing.environment import Environment

# Chance that a scan shows a plume brighter than the sensor's threshold.
_SCAN_PROBABILITY = 0.95


@record
class Infrared:
    """A staring or scanning sensor in orbit; it measures two angles, no range."""

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    threshold_w_per_sr: Array
    sigma_rad: Array
    bias_rad: Float[Array, "2"]


def nadir_axes(lat_rad: float, lon_rad: float) -> np.ndarray:
    """Rows east, toward the Earth's centre, north.

    Azimuth and elevation in these axes are small angles about the nadir, where those of the local horizon
    would be singular.
    """
    east, north, up = frames.enu_axes(np.float64(lat_rad), np.float64(lon_rad))
    return np.stack([east, -up, north])


def look(satellite: Infrared, air: Environment, truth: Truth, key: Array) -> Detections:
    """Scan once: a plume shows above the clouds, in line of sight, if it is bright enough."""
    key_noise, key_seen = jax.random.split(key)
    exact = geometry.range_azimuth_elevation(satellite.site_ecef_m, satellite.axes, truth.position_ecef_m)
    clear = geometry.clears_earth(satellite.site_ecef_m, truth.position_ecef_m, jnp.zeros(()))
    above = frames.height(truth.position_ecef_m) > air.cloud_break_m
    bright = truth.plume_w_per_sr > satellite.threshold_w_per_sr
    seen = jax.random.uniform(key_seen, bright.shape) < _SCAN_PROBABILITY
    angles = exact[:, 1:] + satellite.bias_rad
    angles = angles + satellite.sigma_rad * jax.random.normal(key_noise, angles.shape)
    none = jnp.zeros_like(angles[:, :1])
    return Detections(
        measurement=jnp.concatenate([none, angles], axis=-1),
        sigma=jnp.concatenate([none + jnp.inf, jnp.zeros_like(angles) + satellite.sigma_rad], axis=-1),
        snr=truth.plume_w_per_sr / satellite.threshold_w_per_sr,
        cued=jnp.zeros_like(above),
        valid=truth.exists & clear & above & bright & seen,
    )
