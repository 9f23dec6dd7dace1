"""A track as numbers: four models of how one object moves, with their probabilities."""

from jaxtyping import Float, Int

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record

# How an object may move. A coast above the air and a re-entry are one model: the same drag, on other air.
BURNING, BALLISTIC, GLIDING, LEVEL = range(4)
MODELS = ("burning", "ballistic", "gliding", "level")
# The one family of states: position m, velocity m/s, force m/s2 (all ECEF), natural logarithm of the
# ballistic coefficient in kg/m2. Force is what pushes beside gravity and drag: thrust, lift, or nothing.
STATE = 10
PLACE, SPEED, FORCE, DRAG = slice(0, 3), slice(3, 6), slice(6, 9), 9
# Sensors whose biases one track carries at a time; the one unseen for longest makes room.
SEATS = 8


@record
class Sight:
    """One measurement of one sensor as a filter takes it, with all it must know of the sensor.

    `z` is range m, azimuth rad, elevation rad in `axes` (east, north, up or a satellite's own), range rate
    m/s; a sigma of infinity marks what was not measured. `bias_sigma` is of range, azimuth and elevation.
    `sensor` is the sensor's number (`keys.number` of its name), never 0.
    """

    time_s: Float[Array, ""]
    z: Float[Array, "4"]
    sigma: Float[Array, "4"]
    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    bias_sigma: Float[Array, "3"]
    sensor: Int[Array, ""]


@record
class Track:
    """State of one object at `time_s` under each of the four models, and the models' probabilities.

    `cross` is the covariance of the state with the (considered, never estimated) biases of the sensors in
    `seats`: three per seat, range m, azimuth rad, elevation rad. A seat holds a sensor's number, 0 when free,
    and `seat_s` when it was used last.
    """

    time_s: Float[Array, ""]
    mean: Float[Array, "4 10"]
    cov: Float[Array, "4 10 10"]
    cross: Float[Array, "4 10 B3"]
    weight: Float[Array, "4"]
    seats: Int[Array, "B"]
    seat_s: Float[Array, "B"]


@record
class Estimate:
    """One Gaussian of an object, and the probability of each model."""

    time_s: Float[Array, ""]
    mean: Float[Array, "10"]
    cov: Float[Array, "10 10"]
    weight: Float[Array, "4"]

    @property
    def burning(self) -> Array:
        """Probability that it still burns."""
        return self.weight[..., BURNING]


@record
class Belief:
    """What a nation's filter assumes of a missile before it has seen this one.

    `ballistic_coefficient_ratio` is one sigma of its logarithm, as a factor; `glide_ratio` is lift over drag.
    """

    burn_low_s: Float[Array, ""]
    burn_high_s: Float[Array, ""]
    exhaust_mps: Float[Array, ""]
    ballistic_coefficient_kgpm2: Float[Array, ""]
    ballistic_coefficient_ratio: Float[Array, ""]
    glide_ratio_low: Float[Array, ""]
    glide_ratio_high: Float[Array, ""]
