"""Ground and ship radar: truth in, detections out."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.records.detections import Detections
from noroshi.records.pytree import record
from noroshi.records.tasking import Tasking
from noroshi.records.truth import Truth
from noroshi.sensing.environment import Environment

# Angle accuracy of a monopulse: beam width / (1.6 sqrt(2 SNR)) (Barton, Modern Radar System Analysis).
_MONOPULSE = 1.6


@record
class Radar:
    """Phased array against Swerling 1 targets. Ranges `*_unit_m` are where 1 m2 gives SNR 1."""

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    antenna_height_m: Array
    search_unit_m: Array
    cued_unit_m: Array
    instrumented_m: Array
    boresight_rad: Array
    sector_rad: Array
    fence_rad: Float[Array, "2"]
    elevation_rad: Float[Array, "2"]
    mask_rad: Float[Array, "36"]
    false_alarm: Array
    beamwidth_rad: Array
    sigma: Float[Array, "3"]
    bias: Float[Array, "3"]


def unit_range_m(range_m: float, cross_section_m2: float, snr_db: float) -> float:
    """Where 1 m2 gives SNR 1, from a range stated with its cross-section and signal-to-noise.

    R^4 is proportional to cross-section / SNR, so a range without both says nothing.
    """
    return range_m * (10 ** (snr_db / 10) / cross_section_m2) ** 0.25


def detection_probability(snr: Array, false_alarm: Array) -> Array:
    """Swerling 1, single look: Pd = Pfa^(1 / (1 + SNR))."""
    return false_alarm ** (1 / (1 + snr))


def horizon_elevation(
    radar: Radar, air: Environment, position_ecef_m: Float[Array, "K 3"]
) -> tuple[Array, Array]:
    """Elevation, rad, at which the refracted ray leaves the antenna for each object; does it clear the Earth?

    A radar on a mountain may point below the horizontal, but not through the sea.
    """
    heights_m = radar.antenna_height_m, frames.height(position_ecef_m)
    arc = geometry.arc(jnp.broadcast_to(radar.site_ecef_m, position_ecef_m.shape), position_ecef_m)
    clear = arc < geometry.horizon_arc(*heights_m, air.effective_earth)
    return geometry.refracted_elevation(*heights_m, arc, air.effective_earth), clear


def mask_elevation(radar: Radar, azimuth_rad: Array) -> Array:
    """Terrain mask, rad, at an azimuth, between the stated 10-degree steps."""
    step = (azimuth_rad % (2 * math.pi)) / math.radians(10)
    low = jnp.floor(step).astype(int) % 36
    share = step - jnp.floor(step)
    return radar.mask_rad[low] * (1 - share) + radar.mask_rad[(low + 1) % 36] * share


def look(radar: Radar, tasking: Tasking, air: Environment, truth: Truth, key: Array) -> Detections:
    """Look once at every object: inside a cue with the track's energy, else in the search fence."""
    key_noise, key_seen = jax.random.split(key)
    exact = geometry.range_azimuth_elevation(radar.site_ecef_m, radar.axes, truth.position_ecef_m)
    range_m, azimuth, elevation = jnp.moveaxis(exact, -1, 0)
    apparent, clear = horizon_elevation(radar, air, truth.position_ecef_m)

    away = _turn(azimuth[:, None] - tasking.centre_rad[:, 0]) * jnp.cos(elevation)[:, None]
    off = jnp.hypot(away, elevation[:, None] - tasking.centre_rad[:, 1])
    cued = jnp.any(tasking.valid & (off < tasking.half_width_rad), axis=-1)
    fence = (apparent >= radar.fence_rad[0]) & (apparent <= radar.fence_rad[1])
    unit_m = jnp.where(cued, radar.cued_unit_m, radar.search_unit_m)

    in_sector = jnp.abs(_turn(azimuth - radar.boresight_rad)) <= radar.sector_rad / 2
    floor = jnp.maximum(radar.elevation_rad[0], mask_elevation(radar, azimuth))
    in_view = in_sector & (apparent > floor) & (apparent < radar.elevation_rad[1])
    in_view &= clear & (range_m < radar.instrumented_m)

    # Against a normalised range: the fourth power of 1e6 m costs digits.
    snr = truth.rcs_m2 * (unit_m / range_m) ** 4
    seen = jax.random.uniform(key_seen, snr.shape) < detection_probability(snr, radar.false_alarm)
    angle = radar.beamwidth_rad / (_MONOPULSE * jnp.sqrt(2 * jnp.maximum(snr, 1.0)))
    sigma = jnp.stack(
        [
            radar.sigma[0] * jnp.sqrt(1 + 10 / jnp.maximum(snr, 1.0)),
            jnp.hypot(radar.sigma[1], angle),
            jnp.hypot(radar.sigma[2], angle),
        ],
        axis=-1,
    )
    noise = sigma * jax.random.normal(key_noise, exact.shape)
    return Detections(
        measurement=exact + radar.bias + noise,
        sigma=sigma,
        snr=snr,
        cued=cued,
        valid=truth.exists & in_view & seen & (cued | (tasking.searching & fence)),
    )


def _turn(angle_rad: Array) -> Array:
    """An angle folded into -pi..pi."""
    return (angle_rad + math.pi) % (2 * math.pi) - math.pi
