"""A flight as samples in time: what `flight` returns, neutral about who may see it."""

from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


@record
class Trajectory:
    """One flight at N instants; rows with `valid` False lie after the impact.

    Times are seconds after launch, positions and velocities ECEF.
    """

    time_s: Float[Array, "N"]
    position_ecef_m: Float[Array, "N 3"]
    velocity_ecef_mps: Float[Array, "N 3"]
    burning: Bool[Array, "N"]
    valid: Bool[Array, "N"]
