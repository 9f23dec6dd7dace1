"""What was announced of a flight: numbers rounded or told as bounds, directions by convention."""

from dataclasses import dataclass
from typing import Literal

Sense = Literal["about", "at least", "at most"]
Convention = Literal["great-circle", "launch-azimuth"]


@dataclass(frozen=True)
class Told:
    """One announced number, in the unit its owner states.

    `about`: the truth lies within `half_width` of the value. `at least` and `at most`: the value is a bound
    that the truth may lie beyond; `half_width` still says how far rounding may have moved the bound.
    """

    value: float
    half_width: float = 0.0
    sense: Sense = "about"


def as_rounded(value: float, coarse: float = 50.0, sense: Sense = "about") -> Told:
    """A number whose half width its own digits show: 4,600 was rounded to `coarse`, 970 to 10, 358.5 to 0.1.

    Public reports give distances to 50 km and times to the minute, unless the digits say more.
    """
    for unit in (coarse, 10.0, 1.0, 0.1, 0.01):
        if unit <= coarse and abs(value / unit - round(value / unit)) < 1e-6:
            return Told(value, unit / 2, sense)
    return Told(value, 0.0, sense)


@dataclass(frozen=True)
class Announced:
    """What was announced of one flight; None where nothing was. Kilometres, degrees, seconds.

    Either a range with a bearing, or an end point. `great-circle`: `bearing_deg` is the initial bearing of
    the great circle from launch to end point. `launch-azimuth`: it is the direction of flight at launch over
    the rotating Earth; the end point then lies where the flight takes it. For 4,600 km the two differ by
    hundreds of kilometres at the end.
    """

    apogee_km: Told | None = None
    range_km: Told | None = None
    bearing_deg: Told | None = None
    convention: Convention = "great-circle"
    flight_time_s: Told | None = None
    end_deg: tuple[float, float] | None = None
    end_half_width_km: float = 0.0
