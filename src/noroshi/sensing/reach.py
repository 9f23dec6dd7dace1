"""What radars that stand still reach: places over which each holds a target at one height."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.records.detections import Why
from noroshi.records.pytree import record
from noroshi.records.truth import Kind, Truth
from noroshi.sensing.environment import Environment
from noroshi.sensing.fluctuation import detection_probability
from noroshi.sensing.radar import Radar, View, view

# A look in which the target shows as often as not.
PD_LEAST = 0.5


def cued(seen: View, false_alarm: Array, swerling: Array) -> Array:
    """Why a cued look would not show each object: too faint, where it would fail more often than not."""
    chance = detection_probability(seen.snr_cued, false_alarm, swerling)
    return jnp.where((seen.why == Why.SEEN) & (chance < PD_LEAST), int(Why.TOO_DIM), seen.why)


@record
class Reach:
    """R radars against P places: in view by geometry, and of these with energy enough when cued."""

    geometry: Bool[Array, "R P"]
    gated: Bool[Array, "R P"]


def nothing(places: int) -> Reach:
    """The reach of no radar."""
    none = np.zeros((0, places), bool)
    return Reach(none, none)


def target(position_ecef_m: Float[Array, "K 3"], rcs_m2: Array) -> Truth:
    """Bodies of a cross-section at places, whose echo fluctuates from look to look (Swerling 1)."""
    one = np.ones(len(position_ecef_m))
    return Truth(
        position_ecef_m=position_ecef_m,
        velocity_ecef_mps=np.zeros_like(position_ecef_m),
        rcs_m2=rcs_m2 * one,
        infrared_w_per_sr=0 * one,
        kind=np.full(len(one), int(Kind.MISSILE)),
        swerling=np.ones(len(one), int),
        exists=one.astype(bool),
    )


def reach(
    radars: Sequence[Radar], position_ecef_m: Float[Array, "P 3"], rcs_m2: float, air: Environment
) -> Reach:
    """Which radars hold a target of a cross-section at which places.

    By geometry: above the horizon and the mask, inside sector, elevations and instrumented range. Gated: a
    cued look shows it with a probability of a half or more.
    """
    truth = target(position_ecef_m, rcs_m2)
    found = nothing(len(position_ecef_m))
    for radar in radars:
        seen = view(radar, air, truth)
        clear = np.asarray(seen.why) == Why.SEEN
        loud = np.asarray(cued(seen, radar.false_alarm, truth.swerling)) == Why.SEEN
        found = Reach(np.vstack([found.geometry, clear]), np.vstack([found.gated, loud]))
    return found
