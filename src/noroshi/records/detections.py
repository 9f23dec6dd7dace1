"""What sensors report: measurements with their own stated noise, and nothing of the truth."""

from dataclasses import dataclass

from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


@record
class Detections:
    """One look of one sensor at K objects: range m, azimuth rad, elevation rad in the sensor's axes.

    An infrared satellite measures no range: its range is 0 and its range sigma infinite.
    """

    measurement: Float[Array, "K 3"]
    sigma: Float[Array, "K 3"]
    snr: Float[Array, "K"]
    cued: Bool[Array, "K"]
    valid: Bool[Array, "K"]


@dataclass(frozen=True)
class Plot:
    """One detection on its way to its nation: which sensor, when, what it measured, how sure."""

    sensor: str
    time_s: float
    measurement: tuple[float, float, float]
    sigma: tuple[float, float, float]
    cued: bool
