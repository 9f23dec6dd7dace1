"""Ground, ship and airborne radar: truth in, detections out."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Int

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.records.detections import Detections, Why
from noroshi.records.pytree import record
from noroshi.records.tasking import Tasking
from noroshi.records.truth import Kind, Truth
from noroshi.sensing.environment import Environment
from noroshi.sensing.fluctuation import detection_probability

BOLTZMANN_JPK = 1.380649e-23
# Angle accuracy of a monopulse: beam width / (1.6 sqrt(2 SNR)) (Barton and Leonov, Radar Technology
# Encyclopedia, "accuracy of monopulse").
_MONOPULSE = 1.6
# Thermal noise in range and in range rate goes with 1 / sqrt(SNR) (Skolnik, Theoretical accuracy of radar
# measurements, IRE Trans. ANE-7, 1960). That it is as great as the stated floor at 10 dB is an assumption.
_FLOOR_SNR = 10.0
# Azimuth is no measurement at the zenith; from this cosine of elevation on its noise grows no more.
_ZENITH_COS = 0.02


@record
class Radar:
    """Phased array or turning antenna. Ranges `*_unit_m` are where 1 m2 gives SNR 1, on a face's normal.

    `sector_rad` is what all faces see together, about the boresight. `normals` are the faces' in east, north,
    up; signal-to-noise falls with the power `scan_loss` of the cosine off the nearest. A range rate that is
    not measured has an infinite sigma. `bias` is added to what is measured: range m, azimuth and elevation
    rad. The radar really stands `bias_place_m` (east, north, up) from where it believes. Its clock is behind
    by `bias_clock_s`: what it stamps t it saw at t + bias_clock_s.
    """

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    antenna_height_m: Array
    search_unit_m: Array
    cued_unit_m: Array
    instrumented_m: Array
    boresight_rad: Array
    sector_rad: Array
    normals: Float[Array, "4 3"]
    scan_loss: Array
    fence_rad: Float[Array, "2"]
    elevation_rad: Float[Array, "2"]
    mask_rad: Float[Array, "A"]
    false_alarm: Array
    beamwidth_rad: Array
    sigma: Float[Array, "3"]
    sigma_range_rate_mps: Array
    bias: Float[Array, "3"]
    bias_place_m: Float[Array, "3"]
    bias_clock_s: Array


@record
class View:
    """What a radar could measure of K objects, without chance and whatever its tasking.

    `exact` is range m, azimuth and elevation rad about its true place; `apparent_rad` the elevation at which
    the bent ray leaves the antenna. Signal-to-noise is told for the energy of search and of a cue. The range
    rate is over the Earth: its own motion is taken out. `why` is the first reason that stands in the way,
    SEEN where none does; energy is not judged.
    """

    exact: Float[Array, "K 3"]
    range_rate_mps: Float[Array, "K"]
    apparent_rad: Float[Array, "K"]
    snr_search: Float[Array, "K"]
    snr_cued: Float[Array, "K"]
    in_fence: Bool[Array, "K"]
    why: Int[Array, "K"]


def unit_range_m(range_m: float, cross_section_m2: float, snr_db: float) -> float:
    """Where 1 m2 gives SNR 1, from a range stated with its cross-section and signal-to-noise.

    R^4 is proportional to cross-section / SNR, so a range without both says nothing.
    """
    return range_m * (10 ** (snr_db / 10) / cross_section_m2) ** 0.25


def range_equation_m(
    power_w: float,
    dwell_s: float,
    aperture_m2: float,
    wavelength_m: float,
    cross_section_m2: float,
    temperature_k: float,
    loss_db: float,
    snr_db: float,
) -> float:
    """Range from a radar's public figures, for profiles whose range nobody states.

    R^4 = P t G A sigma / ((4 pi)^2 k T L SNR) with G = 4 pi A / lambda^2: average power P over a dwell t,
    integrated coherently, one effective aperture A (with its efficiency) for both ways.
    """
    gain = 4 * math.pi * aperture_m2 / wavelength_m**2
    noise_j = BOLTZMANN_JPK * temperature_k * 10 ** ((loss_db + snr_db) / 10)
    echo_j_m4 = power_w * dwell_s * gain * aperture_m2 * cross_section_m2 / (4 * math.pi) ** 2
    return (echo_j_m4 / noise_j) ** 0.25


def mask_elevation(radar: Radar, azimuth_rad: Array) -> Array:
    """Terrain mask, rad, at an azimuth, between its even steps round the circle."""
    steps = radar.mask_rad.shape[0]
    step = (azimuth_rad % (2 * math.pi)) / (2 * math.pi / steps)
    low = jnp.floor(step).astype(int) % steps
    share = step - jnp.floor(step)
    return radar.mask_rad[low] * (1 - share) + radar.mask_rad[(low + 1) % steps] * share


def view(radar: Radar, air: Environment, truth: Truth) -> View:
    """Where the objects stand about the radar, and what geometry or kind keeps it from seeing each."""
    place = radar.site_ecef_m + radar.bias_place_m @ radar.axes
    position = truth.position_ecef_m + truth.velocity_ecef_mps * radar.bias_clock_s
    exact = geometry.range_azimuth_elevation(place, radar.axes, position)
    range_m, azimuth, _ = jnp.moveaxis(exact, -1, 0)
    way = (position - place) / range_m[:, None]

    # The horizon is the antenna's: a radar on a mountain may point below the horizontal, but not through
    # the sea.
    heights_m = radar.antenna_height_m, frames.height(position)
    arc = geometry.arc(jnp.broadcast_to(place, position.shape), position)
    apparent = geometry.refracted_elevation(*heights_m, arc, air.effective_earth)
    hidden = {
        Why.ABSENT: ~truth.exists,
        Why.OTHER_KIND: truth.kind == Kind.FIRE,
        Why.BEHIND_EARTH: arc >= geometry.horizon_arc(*heights_m, air.effective_earth),
        Why.OUT_OF_SECTOR: jnp.abs(_turn(azimuth - radar.boresight_rad)) > radar.sector_rad / 2,
        Why.BELOW_ELEVATION: apparent <= radar.elevation_rad[0],
        Why.ABOVE_ELEVATION: apparent >= radar.elevation_rad[1],
        Why.MASKED: apparent <= mask_elevation(radar, azimuth),
        Why.TOO_FAR: range_m >= radar.instrumented_m,
    }
    cos_off = jnp.max((way @ radar.axes.T) @ radar.normals.T, axis=-1)
    echo_m2 = truth.rcs_m2 * jnp.maximum(cos_off, 0.0) ** radar.scan_loss
    return View(
        exact=exact,
        range_rate_mps=jnp.sum(truth.velocity_ecef_mps * way, axis=-1),
        apparent_rad=apparent,
        # Against a normalised range: the fourth power of 1e6 m costs digits.
        snr_search=echo_m2 * (radar.search_unit_m / range_m) ** 4,
        snr_cued=echo_m2 * (radar.cued_unit_m / range_m) ** 4,
        in_fence=(apparent >= radar.fence_rad[0]) & (apparent <= radar.fence_rad[1]),
        why=jnp.select(list(hidden.values()), list(hidden), Why.SEEN),
    )


def look(radar: Radar, tasking: Tasking, air: Environment, truth: Truth, key: Array) -> Detections:
    """Look once at every object: inside a cue with the track's energy, else in the search fence."""
    key_noise, key_seen, key_rate = jax.random.split(key, 3)
    there = view(radar, air, truth)
    elevation = there.exact[:, 2]
    asked, cued = _inside(tasking, there.exact + radar.bias)
    looked = cued | (tasking.searching & there.in_fence)

    snr = jnp.where(cued, there.snr_cued, there.snr_search)
    probability = detection_probability(snr, radar.false_alarm, truth.swerling)
    missed = jax.random.uniform(key_seen, snr.shape) >= probability
    why = jnp.select(
        [there.why != Why.SEEN, ~_swept(tasking, there.exact[:, 1]), ~looked & ~asked, ~looked, missed],
        [there.why, Why.NOT_LOOKED, Why.NOT_LOOKED, Why.TOO_BUSY, Why.MISSED],
        Why.SEEN,
    )

    sigma, rate_sigma = noise_of(radar, snr, elevation)
    noise = sigma * jax.random.normal(key_noise, sigma.shape)
    measured = jnp.isfinite(radar.sigma_range_rate_mps)
    off_mps = jnp.where(measured, rate_sigma, 0.0) * jax.random.normal(key_rate, snr.shape)
    return Detections(
        measurement=there.exact + radar.bias + noise,
        sigma=sigma,
        range_rate_mps=jnp.where(measured, there.range_rate_mps + off_mps, 0.0),
        range_rate_sigma_mps=rate_sigma,
        snr=snr,
        cued=cued,
        why=why,
        valid=why == Why.SEEN,
    )


def _inside(tasking: Tasking, pointed: Float[Array, "K 3"]) -> tuple[Array, Array]:
    """Whether each object lies in a cue, and in one that is served, as the radar itself points."""
    _, azimuth, elevation = jnp.moveaxis(pointed[:, None, :], -1, 0)
    away = _turn(azimuth - tasking.centre_rad[:, 0]) * jnp.cos(elevation)
    within = tasking.valid & (jnp.hypot(away, elevation - tasking.centre_rad[:, 1]) < tasking.half_width_rad)
    return jnp.any(within, axis=-1), jnp.any(within & tasking.served, axis=-1)


def _swept(tasking: Tasking, azimuth_rad: Array) -> Array:
    """Whether a turning antenna passes an azimuth in this look; those that do not turn always do."""
    begins, turns = tasking.swept_rad
    return ((azimuth_rad - begins) % (2 * math.pi) < turns) | (turns >= 2 * math.pi)


def noise_of(radar: Radar, snr: Array, elevation_rad: Array) -> tuple[Array, Array]:
    """Sigma of range, azimuth and elevation [K, 3], and of the range rate: a floor and thermal noise.

    The beam's width lies along a great circle, so that in azimuth it is 1 / cos(elevation) as wide.
    """
    least = jnp.maximum(snr, 1.0)
    thermal = jnp.sqrt(1 + _FLOOR_SNR / least)
    angle = radar.beamwidth_rad / (_MONOPULSE * jnp.sqrt(2 * least))
    across = jnp.hypot(radar.sigma[1], angle) / jnp.maximum(jnp.cos(elevation_rad), _ZENITH_COS)
    sigma = [radar.sigma[0] * thermal, across, jnp.hypot(radar.sigma[2], angle)]
    return jnp.stack(sigma, axis=-1), radar.sigma_range_rate_mps * thermal


def _turn(angle_rad: Array) -> Array:
    """An angle folded into -pi..pi."""
    return (angle_rad + math.pi) % (2 * math.pi) - math.pi
