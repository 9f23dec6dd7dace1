"""What is really there at one instant: for the world, its sensors and the director alone."""

from enum import IntEnum

from jaxtyping import Bool, Float, Int

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


class Kind(IntEnum):
    """What an object is, as far as it decides who can see it at all."""

    MISSILE = 0
    SPACE = 1
    AIRCRAFT = 2
    SHIP = 3
    FIRE = 4


@record
class Truth:
    """K objects at one instant, ECEF; rows with `exists` False are padding.

    `infrared_w_per_sr` is what shines from it in the satellites' band: plume, hot skin or fire. `swerling`
    is how its echo fluctuates from look to look: 0 steady, 1 or 3.
    """

    position_ecef_m: Float[Array, "K 3"]
    velocity_ecef_mps: Float[Array, "K 3"]
    rcs_m2: Float[Array, "K"]
    infrared_w_per_sr: Float[Array, "K"]
    kind: Int[Array, "K"]
    swerling: Int[Array, "K"]
    exists: Bool[Array, "K"]
