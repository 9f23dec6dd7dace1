"""What is really there at one instant: for the world, its sensors and the director alone."""

from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


@record
class Truth:
    """K objects at one instant, ECEF; rows with `exists` False are padding."""

    position_ecef_m: Float[Array, "K 3"]
    velocity_ecef_mps: Float[Array, "K 3"]
    rcs_m2: Float[Array, "K"]
    plume_w_per_sr: Float[Array, "K"]
    exists: Bool[Array, "K"]
