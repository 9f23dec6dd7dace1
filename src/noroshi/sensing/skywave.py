"""Skywave radar: aircraft and ships in a ring beyond the horizon, coarse, when the ionosphere carries."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth import geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.detections import Detections, Why
from noroshi.records.pytree import record
from noroshi.records.tasking import Tasking
from noroshi.records.truth import Kind, Truth
from noroshi.sensing.environment import Environment


@record
class Skywave:
    """It measures range over the ground, m, and azimuth, rad: `sigma` and `bias` in that order.

    `annulus_m` is the nearest and the farthest ground range, `probability` the chance that a look shows what
    lies between. There is no signal-to-noise: public figures state none.
    """

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    annulus_m: Float[Array, "2"]
    boresight_rad: Array
    sector_rad: Array
    probability: Array
    sigma: Float[Array, "2"]
    bias: Float[Array, "2"]


def in_service(availability: float, spell_s: float, t_s: float, uniform: Callable[[int], float]) -> bool:
    """Whether the ionosphere carries at a time: it holds for a spell, and each spell is drawn alone.

    `uniform` gives the draw in [0, 1) of a spell by its number.
    """
    return uniform(math.floor(t_s / spell_s)) < availability


def ground_range_azimuth(skywave: Skywave, position_ecef_m: Float[Array, "K 3"]) -> tuple[Array, Array]:
    """Range over the ground, m, and azimuth, rad: the angle at the Earth's centre times its mean radius."""
    arc = geometry.arc(jnp.broadcast_to(skywave.site_ecef_m, position_ecef_m.shape), position_ecef_m)
    exact = geometry.range_azimuth_elevation(skywave.site_ecef_m, skywave.axes, position_ecef_m)
    return MEAN_RADIUS_M * arc, exact[:, 1]


def look(skywave: Skywave, tasking: Tasking, air: Environment, truth: Truth, key: Array) -> Detections:
    """Look once at all of the ring. `tasking.searching` False: the ionosphere does not carry."""
    key_noise, key_seen = jax.random.split(key)
    ground_m, azimuth = ground_range_azimuth(skywave, truth.position_ecef_m)
    off = (azimuth - skywave.boresight_rad + math.pi) % (2 * math.pi) - math.pi
    hidden = {
        Why.ABSENT: ~truth.exists,
        Why.OTHER_KIND: (truth.kind != Kind.AIRCRAFT) & (truth.kind != Kind.SHIP),
        Why.NO_SERVICE: jnp.broadcast_to(~tasking.searching, off.shape),
        Why.OUT_OF_SECTOR: jnp.abs(off) > skywave.sector_rad / 2,
        Why.TOO_NEAR: ground_m < skywave.annulus_m[0],
        Why.TOO_FAR: ground_m > skywave.annulus_m[1],
        Why.MISSED: jax.random.uniform(key_seen, off.shape) >= skywave.probability,
    }
    why = jnp.select(list(hidden.values()), list(hidden), Why.SEEN)
    noise = skywave.sigma * jax.random.normal(key_noise, (len(off), 2))
    measured = jnp.stack([ground_m, azimuth], axis=-1) + skywave.bias + noise
    none, never = jnp.zeros_like(off), jnp.full_like(off, jnp.inf)
    return Detections(
        measurement=jnp.concatenate([measured, none[:, None]], axis=-1),
        sigma=jnp.concatenate([jnp.broadcast_to(skywave.sigma, noise.shape), never[:, None]], axis=-1),
        range_rate_mps=none,
        range_rate_sigma_mps=never,
        snr=none,
        cued=jnp.zeros_like(why, bool),
        why=why,
        valid=why == Why.SEEN,
    )
