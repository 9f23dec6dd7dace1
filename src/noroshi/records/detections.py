"""What sensors report: measurements with their own stated noise, and nothing of the truth."""

from dataclasses import dataclass
from enum import IntEnum

from jaxtyping import Bool, Float, Int

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


class Why(IntEnum):
    """Why a look showed an object, or did not; of several reasons the first in this order.

    For the director's account of a run: a plot carries none of it.
    """

    SEEN = 0
    ABSENT = 1
    OTHER_KIND = 2
    NO_SERVICE = 3
    BEHIND_EARTH = 4
    OUT_OF_SECTOR = 5
    BELOW_ELEVATION = 6
    ABOVE_ELEVATION = 7
    MASKED = 8
    TOO_NEAR = 9
    TOO_FAR = 10
    OUT_OF_FIELD = 11
    CLOUDED = 12
    DARK = 13
    TOO_DIM = 14
    NOT_LOOKED = 15
    TOO_BUSY = 16
    MISSED = 17


@record
class Detections:
    """One look of one sensor at K objects: range m, azimuth rad, elevation rad in the sensor's axes.

    What a sensor does not measure is 0 with an infinite sigma: the range of an infrared satellite, the
    elevation of a skywave radar, the range rate, m/s, of all but some radars.
    """

    measurement: Float[Array, "K 3"]
    sigma: Float[Array, "K 3"]
    range_rate_mps: Float[Array, "K"]
    range_rate_sigma_mps: Float[Array, "K"]
    snr: Float[Array, "K"]
    cued: Bool[Array, "K"]
    why: Int[Array, "K"]
    valid: Bool[Array, "K"]


@dataclass(frozen=True)
class Plot:
    """One detection on its way to its nation: which sensor, when, what it measured, how sure."""

    sensor: str
    time_s: float
    measurement: tuple[float, float, float]
    sigma: tuple[float, float, float]
    cued: bool
    range_rate_mps: float = 0.0
    range_rate_sigma_mps: float = float("inf")


@dataclass(frozen=True)
class Sighting:
    """What people saw or heard who are no sensors, as it reaches their nation: when, roughly where.

    `bearing_deg` is where they say it went; None when they say nothing of that. `confidence`, low or medium,
    is for people to read: no rule hangs on it.
    """

    id: str
    by: str
    time_s: float
    lat_deg: float
    lon_deg: float
    sigma_km: float
    bearing_deg: float | None
    confidence: str


@dataclass(frozen=True)
class Recorded:
    """A plot with the place that its sensor had then, geodetic; azimuth and elevation are from there.

    `bias_sigma` is what the sensor may be off all the time, one sigma: range m, azimuth and elevation rad.
    """

    plot: Plot
    lat_deg: float
    lon_deg: float
    height_m: float
    bias_sigma: tuple[float, float, float] = (0.0, 0.0, 0.0)
