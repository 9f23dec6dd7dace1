"""A track as numbers: two models of one object, burning and coasting, with their probabilities."""

from jaxtyping import Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record

BURNING, COASTING = 0, 1
# Sensors of one nation whose biases a track may carry; further ones share the last place.
SLOTS = 8


@record
class Track:
    """State [position m, velocity m/s, thrust acceleration m/s2] in ECEF at `time_s`, per model.

    `cross` is the covariance of the state with the (considered, never estimated) biases of the nation's
    sensors: three per slot, in the order range m, azimuth rad, elevation rad.
    """

    time_s: Float[Array, ""]
    mean: Float[Array, "2 9"]
    cov: Float[Array, "2 9 9"]
    cross: Float[Array, "2 9 S3"]
    weight: Float[Array, "2"]


@record
class Estimate:
    """One Gaussian of an object: state as in Track, and the probability that it still burns."""

    time_s: Float[Array, ""]
    mean: Float[Array, "9"]
    cov: Float[Array, "9 9"]
    burning: Float[Array, ""]


@record
class Belief:
    """What a nation's filter assumes of a missile before it has seen this one."""

    burn_low_s: Float[Array, ""]
    burn_high_s: Float[Array, ""]
    exhaust_mps: Float[Array, ""]
    ballistic_coefficient_kgpm2: Float[Array, ""]
    ballistic_coefficient_ratio: Float[Array, ""]


@record
class Stations:
    """The sensors of one nation as its filter knows them: place, axes, bias sigma; one row per slot."""

    site_ecef_m: Float[Array, "S 3"]
    axes: Float[Array, "S 3 3"]
    bias_sigma: Float[Array, "S 3"]
