"""When and which way the Earth has turned: UTC, Julian dates, sidereal time, inertial and turning frames.

Sidereal time is Greenwich mean sidereal time of the IAU 1982 model, the one that TEME, the frame of SGP4, is
made for (Vallado et al. 2006, Revisiting Spacetrack Report #3, AIAA 2006-6753).

Two things are left out, because they would need a daily bulletin. UT1 is taken to be UTC: they differ by
less than 0.9 s by definition, at most 420 m on the ground at the equator, 450 m at 500 km height and 2.8 km
at the geostationary ring, always along the parallel (add UT1-UTC to the seconds where it is known). Polar
motion, below 0.6 arcseconds: at most 20 m on the ground and 130 m at the geostationary ring.
"""

from datetime import UTC, datetime

import numpy as np
from jaxtyping import Float

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.constants import ROTATION_RADPS
from noroshi.errors import InputError

DAY_S = 86_400.0
J2000_JD = 2_451_545.0
_CENTURY_DAY = 36_525.0
_ORDINAL_JD = 1_721_424.5  # Julian date of the midnight that begins day 0 of datetime's count


def julian_date(epoch_utc: datetime, time_s: Float[Array, "..."] = 0.0) -> tuple[Array, Array]:
    """Julian date `time_s` seconds after an epoch: the epoch's midnight, and the days since.

    In two parts a date keeps nanoseconds, in one it is rounded to 40 microseconds, 30 cm of a low flight.
    Every day has 86,400 s: across a leap second the count is one second off. Raises InputError for an epoch
    without time zone.
    """
    if epoch_utc.utcoffset() is None:
        raise InputError(
            "epoch",
            "",
            epoch_utc.isoformat(),
            "must say its time zone.",
            "Give it tzinfo=UTC or end it with a Z.",
        )
    utc = epoch_utc.astimezone(UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    xp = namespace(time_s)
    day = ((utc - midnight).total_seconds() + xp.asarray(time_s, float)) / DAY_S
    return xp.full_like(day, utc.toordinal() + _ORDINAL_JD), day


def gmst(midnight_jd: Array, day: Array) -> Array:
    """Greenwich mean sidereal time, rad in [0, 2 pi), of a Julian date (UT1) in two parts."""
    xp = namespace(midnight_jd, day)
    whole = midnight_jd - J2000_JD
    century = (whole + day) / _CENTURY_DAY
    # The formula's 876,600 h per century are one turn per day: counted apart, no digits drown in them.
    drift_s = 67_310.54841 + (8_640_184.812866 + (0.093104 - 6.2e-6 * century) * century) * century
    turns = xp.mod(whole, 1.0) + xp.mod(day, 1.0) + drift_s / DAY_S
    return 2 * np.pi * xp.mod(turns, 1.0)


def to_ecef(
    position_inertial_m: Float[Array, "... 3"],
    velocity_inertial_mps: Float[Array, "... 3"],
    turned_rad: Array,
    rotation_radps: Array = ROTATION_RADPS,
) -> tuple[Float[Array, "... 3"], Float[Array, "... 3"]]:
    """Position and velocity in the Earth's frame, once that has turned by `turned_rad` about its pole.

    The velocity is the one that the turning Earth sees.
    """
    xp = namespace(position_inertial_m, velocity_inertial_mps, turned_rad)
    place = _about_pole(xp, position_inertial_m, -turned_rad)
    speed = _about_pole(xp, velocity_inertial_mps, -turned_rad)
    return place, speed - _carried(xp, place, rotation_radps)


def to_inertial(
    position_ecef_m: Float[Array, "... 3"],
    velocity_ecef_mps: Float[Array, "... 3"],
    turned_rad: Array,
    rotation_radps: Array = ROTATION_RADPS,
) -> tuple[Float[Array, "... 3"], Float[Array, "... 3"]]:
    """The way back from `to_ecef`."""
    xp = namespace(position_ecef_m, velocity_ecef_mps, turned_rad)
    speed = velocity_ecef_mps + _carried(xp, position_ecef_m, rotation_radps)
    return _about_pole(xp, position_ecef_m, turned_rad), _about_pole(xp, speed, turned_rad)


def teme_to_ecef(
    position_teme_m: Float[Array, "... 3"],
    velocity_teme_mps: Float[Array, "... 3"],
    midnight_jd: Array,
    day: Array,
) -> tuple[Float[Array, "... 3"], Float[Array, "... 3"]]:
    """From TEME, the frame of SGP4 (true equator, mean equinox), at a Julian date in two parts."""
    return to_ecef(position_teme_m, velocity_teme_mps, gmst(midnight_jd, day))


def _about_pole(xp: Array, vector: Array, angle_rad: Array) -> Array:
    """A vector turned eastward about the pole."""
    x, y, z = xp.moveaxis(vector, -1, 0)
    cos, sin = xp.cos(angle_rad), xp.sin(angle_rad)
    return xp.stack([cos * x - sin * y, sin * x + cos * y, z + xp.zeros_like(cos)], axis=-1)


def _carried(xp: Array, position_ecef_m: Array, rotation_radps: Array) -> Array:
    """How fast the turning Earth carries a place along, m/s."""
    x, y, z = xp.moveaxis(position_ecef_m, -1, 0)
    return rotation_radps * xp.stack([-y, x, xp.zeros_like(z)], axis=-1)
