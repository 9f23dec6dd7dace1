"""Infrared satellite: what shines above the clouds in, lines of sight out."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array, namespace
from noroshi.records.detections import Detections, Why
from noroshi.records.pytree import record
from noroshi.records.truth import Kind, Truth
from noroshi.sensing.environment import Environment

# Assumption, 4 to 6: the threshold over the noise, which leaves each detector 3e-7 false alarms a look.
THRESHOLD_TO_NOISE = 5.0
# What lies behind an object is where the line of sight, so many times as long, comes to.
_PROLONGED = 1e3


@record
class Infrared:
    """A sensor in orbit; it measures two angles, no range. A row for each object if it moves meanwhile.

    `threshold_w_per_m2` is what just shows against the Earth, `against_space` the part of it that does where
    space or the limb lies behind. `field_rad` is half the field of view, about the nadir. `probability` is
    the chance that a look is not lost to glint, processing or the edge of a detector.
    """

    site_ecef_m: Float[Array, "... 3"]
    axes: Float[Array, "... 3 3"]
    threshold_w_per_m2: Array
    against_space: Array
    field_rad: Array
    probability: Array
    sigma_rad: Array
    bias_rad: Float[Array, "2"]


@record
class View:
    """What a satellite could see of K objects: exact azimuth and elevation in its axes, rad; and why not.

    `snr` is the irradiance over the threshold that holds for what lies behind.
    """

    angles_rad: Float[Array, "K 2"]
    snr: Float[Array, "K"]
    why: Int[Array, "K"]


def nadir_axes(lat_rad: Array, lon_rad: Array) -> Float[np.ndarray, "... 3 3"]:
    """Rows east, toward the Earth's centre, north.

    Azimuth and elevation in these axes are small angles about the nadir, where those of the local horizon
    would be singular.
    """
    axes = np.asarray(frames.enu_axes(lat_rad, lon_rad))
    return np.stack([axes[..., 0, :], -axes[..., 2, :], axes[..., 1, :]], axis=-2)


def detection_probability(snr: Array, probability: Array) -> Array:
    """Chance that one look shows a source of so many thresholds, for Gaussian noise in the irradiance.

    p (Phi(T (snr - 1)) - Phi(-T)): half of p at the threshold, none for what does not shine, whose false
    alarms are not its own.
    """
    over = jax.scipy.special.ndtr(THRESHOLD_TO_NOISE * (snr - 1.0))
    return probability * (over - jax.scipy.special.ndtr(-THRESHOLD_TO_NOISE))


def view(satellite: Infrared, air: Environment, truth: Truth) -> View:
    """What is in line of sight, in the field, above the clouds and brighter than the threshold.

    No chance in it: the K objects may as well be the moments of one flight.
    """
    place, site = truth.position_ecef_m, satellite.site_ecef_m
    xp = namespace(place, site)
    way = (satellite.axes @ (place - site)[..., None])[..., 0]
    range_m = xp.sqrt(xp.sum(way**2, axis=-1))
    east, nadir, north = xp.moveaxis(way, -1, 0)
    off_nadir = xp.arccos(xp.clip(nadir / range_m, -1.0, 1.0))

    hidden = ~geometry.clears_earth(site, place, xp.zeros(()))
    beyond = geometry.clears_earth(site, site + _PROLONGED * (place - site), xp.zeros(()))
    needed = satellite.threshold_w_per_m2 * xp.where(beyond, satellite.against_space, 1.0)
    snr = truth.infrared_w_per_sr / range_m**2 / needed
    # In the order of Why: of several reasons the first is told.
    reasons = {
        Why.ABSENT: ~truth.exists,
        Why.BEHIND_EARTH: hidden,
        Why.OUT_OF_FIELD: off_nadir > satellite.field_rad,
        # How often a fire lies under clouds is told with its rate.
        Why.CLOUDED: (frames.height(place) <= air.cloud_break_m) & (truth.kind != Kind.FIRE),
        Why.DARK: truth.infrared_w_per_sr <= 0,
        Why.TOO_DIM: snr < 1,
    }
    return View(
        angles_rad=xp.stack([xp.arctan2(east, nadir), xp.arcsin(north / range_m)], axis=-1),
        snr=snr,
        why=xp.select(list(reasons.values()), [xp.asarray(int(why)) for why in reasons], int(Why.SEEN)),
    )


def look(satellite: Infrared, air: Environment, truth: Truth, key: Array) -> Detections:
    """Look once: chance decides near the threshold, and now and then far above it too."""
    key_noise, key_seen = jax.random.split(key)
    exact = view(satellite, air, truth)
    possible = (exact.why == Why.SEEN) | (exact.why == Why.TOO_DIM)
    chance = detection_probability(exact.snr, satellite.probability)
    seen = possible & (jax.random.uniform(key_seen, chance.shape) < chance)
    angles = exact.angles_rad + satellite.bias_rad
    angles = angles + satellite.sigma_rad * jax.random.normal(key_noise, angles.shape)
    none = jnp.zeros_like(exact.snr)
    return Detections(
        measurement=jnp.concatenate([none[:, None], angles], axis=-1),
        sigma=jnp.concatenate(
            [none[:, None] + jnp.inf, jnp.zeros_like(angles) + satellite.sigma_rad], axis=-1
        ),
        range_rate_mps=none,
        range_rate_sigma_mps=none + jnp.inf,
        snr=exact.snr,
        cued=jnp.zeros_like(seen),
        why=jnp.where(seen, Why.SEEN, jnp.where(exact.why == Why.SEEN, Why.MISSED, exact.why)),
        valid=seen,
    )
