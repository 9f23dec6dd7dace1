"""Orbits as arrays over time, of satellites that somebody plans or assumes: constellations, Kepler orbits.

J2 moves node, perigee and anomaly at their first-order secular rates, which integrated flights confirm. They
never mix with the mean elements published for real satellites (elements.py), which only SGP4 may move.
"""

import math
from dataclasses import fields
from typing import Any

import numpy as np
from jaxtyping import Float

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.constants import ORBIT_HEIGHT_MIN_M
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.records.pytree import record

ECCENTRICITY_MAX = 0.95
SPREAD = {"delta": 2 * math.pi, "star": math.pi}


@record
class Elements:
    """Kepler elements of N satellites at the epoch, in an inertial frame on the Earth's equator; rad, m.

    `gmst_rad` says at `positions` how far Greenwich then stands east of that frame's x axis.
    """

    semi_major_m: Float[Array, "N"]
    eccentricity: Float[Array, "N"]
    inclination_rad: Float[Array, "N"]
    raan_rad: Float[Array, "N"]
    perigee_rad: Float[Array, "N"]
    mean_anomaly_rad: Float[Array, "N"]


def walker(
    total: int,
    planes: int,
    phasing: int,
    inclination_deg: float,
    height_km: float,
    pattern: str = "delta",
    raan_deg: float = 0.0,
    earth: Earth = WGS84,
) -> Elements:
    """Walker's constellation T/P/F of circular orbits, plane after plane; the first node at `raan_deg`.

    A delta spreads its planes over 360 deg, a star over 180 deg. A satellite of the next plane to the east is
    F 360 / T deg ahead. Heights are above the equator's radius. Raises InputError for what is no Walker
    pattern.
    """
    where = f"walker {total}/{planes}/{phasing}"
    for field, number in (("total", total), ("planes", planes), ("phasing", phasing)):
        if not float(number).is_integer() or number < (field != "phasing"):
            raise InputError(
                where, field, number, f"must be a whole number, {int(field != 'phasing')} or more."
            )
    if total % planes:
        raise InputError(where, "planes", planes, f"must divide the {total} satellites into equal planes.")
    if phasing >= planes:
        raise InputError(where, "phasing", phasing, f"must be from 0 to {planes - 1}, planes less one.")
    if pattern not in SPREAD:
        raise InputError(
            where, "pattern", pattern, 'must be "delta" (planes over 360°) or "star" (over 180°).'
        )
    plane, slot = np.divmod(np.arange(total), total // planes)
    return kepler(
        (earth.semi_major_m + height_km * 1e3) / 1e3,
        0.0,
        inclination_deg,
        raan_deg + np.degrees(SPREAD[pattern]) * plane / planes,
        0.0,
        360 * slot / (total // planes) + 360 * phasing * plane / total,
        earth,
        where,
    )


def kepler(
    semi_major_km: Array,
    eccentricity: Array,
    inclination_deg: Array,
    raan_deg: Array = 0.0,
    perigee_deg: Array = 0.0,
    mean_anomaly_deg: Array = 0.0,
    earth: Earth = WGS84,
    where: str = "orbit",
) -> Elements:
    """Checked elements from kilometres and degrees, each a number or one per satellite.

    Raises InputError, with `where` in its text, for an orbit that is none or that the air would end.
    """
    given = np.broadcast_arrays(
        *np.atleast_1d(semi_major_km, eccentricity, inclination_deg, raan_deg, perigee_deg, mean_anomaly_deg)
    )
    a, e, i, *angles = (np.array(value, float) for value in given)
    low_m = a * 1e3 * (1 - e) - earth.semi_major_m
    for field, value, good, need in (
        ("eccentricity", e, (e >= 0) & (e <= ECCENTRICITY_MAX), f"must be from 0 to {ECCENTRICITY_MAX}."),
        ("inclination_deg", i, (i >= 0) & (i <= 180), "must be from 0 to 180 deg."),
        (
            "height_km" if not e.any() else "perigee_height_km",
            low_m / 1e3,
            low_m >= ORBIT_HEIGHT_MIN_M - _ROUNDING_M,
            _LOW,
        ),
        *(
            (name, angle, np.isfinite(angle), "must be a number.")
            for name, angle in zip(_ANGLES, angles, strict=True)
        ),
        ("semi_major_km", a, np.isfinite(a), "must be a number."),
    ):
        if not good.all():
            raise InputError(where, field, round(float(value[~good][0]), 6), need)
    return Elements(a * 1e3, e, *(np.radians(angle) for angle in (i, *angles)))


_ANGLES = ("raan_deg", "perigee_deg", "mean_anomaly_deg")
# A perigee told as a height comes back from major axis and eccentricity with a rounding.
_ROUNDING_M = 1e-3
_LOW_KM = ORBIT_HEIGHT_MIN_M / 1e3
_LOW = f"must be at least {_LOW_KM:.0f} km: lower, the air ends the orbit within a turn or two."


def join(*parts: Elements) -> Elements:
    """Several constellations as one, in that order."""
    return Elements(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Elements))  # type: ignore[arg-type]
    )


def drift(elements: Elements, earth: Earth = WGS84) -> tuple[Array, Array, Array]:
    """Secular rates, rad/s, of node, perigee and mean anomaly (with the mean motion), first order in J2."""
    xp = namespace(*vars(elements).values())
    a, e, cos = elements.semi_major_m, elements.eccentricity, xp.cos(elements.inclination_rad)
    motion = xp.sqrt(earth.gm_m3ps2 / a**3)
    oblate = 0.75 * motion * earth.j2 * (earth.semi_major_m / (a * (1 - e**2))) ** 2
    node, perigee = -2 * oblate * cos, oblate * (5 * cos**2 - 1)
    return node, perigee, motion + oblate * xp.sqrt(1 - e**2) * (3 * cos**2 - 1)


def eccentric_anomaly(mean_rad: Array, eccentricity: Array) -> Array:
    """Eccentric anomaly, rad in [-pi, pi], that solves Kepler's equation M = E - e sin E.

    Danby's start and six turns of Halley: to rounding for eccentricities to 0.95.
    """
    xp = namespace(mean_rad, eccentricity)
    M, e = xp.mod(mean_rad + np.pi, 2 * np.pi) - np.pi, eccentricity
    E = M + 0.85 * e * xp.sign(M)
    for _ in range(6):
        miss, slope, bend = E - e * xp.sin(E) - M, 1 - e * xp.cos(E), e * xp.sin(E)
        E = E - 2 * miss * slope / (2 * slope**2 - miss * bend)
    return E


def positions(
    elements: Elements, time_s: Float[Array, "T"], earth: Earth = WGS84, gmst_rad: Array = 0.0
) -> tuple[Float[Array, "T N 3"], Float[Array, "T N 3"]]:
    """ECEF positions, m, and velocities over the turning Earth, m/s, at seconds after the epoch.

    `gmst_rad` is the sidereal time at the epoch. An Earth with j2 = 0 switches the drift off. What J2 does
    within one turn (some 10 km), the air, Moon and Sun are left out. The velocity is the exact derivative.
    """
    xp = namespace(time_s, gmst_rad, *vars(elements).values())
    time_s = xp.asarray(time_s)[:, None]
    node_radps, perigee_radps, anomaly_radps = drift(elements, earth)
    a, e = elements.semi_major_m, elements.eccentricity
    E = eccentric_anomaly(elements.mean_anomaly_rad + anomaly_radps * time_s, e)
    rate = anomaly_radps / (1 - e * xp.cos(E))
    b = a * xp.sqrt(1 - e**2)
    x, y = a * (xp.cos(E) - e), b * xp.sin(E)
    u, v = -a * xp.sin(E) * rate, b * xp.cos(E) * rate
    # In the plane turned by the perigee, then tilted, then turned by the node over the Earth; both turn on.
    x, y, u, v = _turn(xp, elements.perigee_rad + perigee_radps * time_s, perigee_radps, x, y, u, v)
    cos, sin = xp.cos(elements.inclination_rad), xp.sin(elements.inclination_rad)
    z, w = sin * y, sin * v
    over_radps = node_radps - earth.rotation_radps
    over_rad = elements.raan_rad - gmst_rad + over_radps * time_s
    x, y, u, v = _turn(xp, over_rad, over_radps, x, cos * y, u, cos * v)
    return xp.stack([x, y, z], axis=-1), xp.stack([u, v, w], axis=-1)


def _turn(
    xp: Any, angle_rad: Array, rate_radps: Array, x: Array, y: Array, u: Array, v: Array
) -> tuple[Array, ...]:
    """Position x, y and velocity u, v in axes that lie `angle_rad` back and turn back at that rate."""
    cos, sin = xp.cos(angle_rad), xp.sin(angle_rad)
    x, y, u, v = cos * x - sin * y, sin * x + cos * y, cos * u - sin * v, sin * u + cos * v
    return x, y, u - rate_radps * y, v + rate_radps * x


def geostationary(lon_deg: Array, earth: Earth = WGS84) -> Float[Array, "... 3"]:
    """ECEF place, m, over the equator where gravity with J2 and the turn balance: it stays, velocity zero.

    A place, not Elements: it holds at all times and needs no epoch. Raises InputError for an Earth at rest.
    """
    if not earth.rotation_radps > 0:
        raise InputError(
            "geostationary", "earth.rotation_radps", earth.rotation_radps, "must be above 0 rad/s."
        )
    if not np.all(np.abs(lon_deg) <= 360):
        raise InputError("geostationary", "lon_deg", lon_deg, "must be degrees from -360 to 360.")
    kepler_m3 = earth.gm_m3ps2 / earth.rotation_radps**2
    radius_m = kepler_m3 ** (1 / 3)
    for _ in range(4):  # each turn gains four digits
        radius_m = (kepler_m3 * (1 + 1.5 * earth.j2 * (earth.semi_major_m / radius_m) ** 2)) ** (1 / 3)
    lon = np.radians(lon_deg)
    return radius_m * np.stack([np.cos(lon), np.sin(lon), np.zeros_like(lon)], axis=-1)
