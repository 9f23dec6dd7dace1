"""Orbits as arrays over time: constellations, general Kepler orbits with J2 drift, published element sets.

Two families that never mix. `Elements` are Kepler's, for satellites that somebody plans or assumes; their
secular drift under J2 follows Vallado, Fundamentals of Astrodynamics and Applications, 4th ed., section 9.6.
`ElementSets` are the mean elements that are published for real satellites, which only SGP4 may move
(Vallado et al., Revisiting Spacetrack Report #3, AIAA 2006-6753; TLE and CCSDS 502.0 OMM as text).
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float, Int
from sgp4 import omm
from sgp4.api import Satrec, SatrecArray
from sgp4.io import compute_checksum

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.epoch import julian_date, teme_to_ecef
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.records.pytree import record

HEIGHT_MIN_M = 150e3  # below, the air ends an orbit within a turn or two
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
    pattern (Walker, J. Brit. Interplanetary Soc. 37, 1984).
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
        ("height_km" if not e.any() else "perigee_height_km", low_m / 1e3, low_m >= HEIGHT_MIN_M, _LOW),
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
_LOW = f"must be at least {HEIGHT_MIN_M / 1e3:.0f} km: lower, the air ends the orbit within a turn or two."


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


@dataclass(frozen=True)
class ElementSets:
    """Published mean elements of N satellites, for SGP4 alone; `number` as their catalogue writes it."""

    name: tuple[str, ...]
    number: tuple[str, ...]
    epoch_utc: tuple[datetime, ...]
    satellites: SatrecArray


def positions_sgp4(
    sets: ElementSets, epoch_utc: datetime, time_s: Float[np.ndarray, "T"]
) -> tuple[Float[np.ndarray, "T N 3"], Float[np.ndarray, "T N 3"], Int[np.ndarray, "T N"]]:
    """ECEF positions, m, velocities over the turning Earth, m/s, and status, at seconds after `epoch_utc`.

    Status 0 is good; else it is SGP4's error code (`sgp4.api.SGP4_ERRORS`; 6: decayed) and the place is NaN.
    SGP4 with WGS-72, as the sets are made. By rule of thumb they are good to a kilometre at their epoch and
    lose one to three a day in low orbits; nothing here stops a caller who asks for a year later. SGP4's own
    velocity is about 1 m/s off the way its place changes.
    """
    midnight_jd, day = julian_date(epoch_utc, np.asarray(time_s, float))
    status, position_km, velocity_kmps = sets.satellites.sgp4(midnight_jd, day)
    position_m, velocity_mps = (1e3 * np.swapaxes(value, 0, 1) for value in (position_km, velocity_kmps))
    position_m, velocity_mps = teme_to_ecef(position_m, velocity_mps, midnight_jd[:, None], day[:, None])
    lost = (status.T != 0)[..., None]
    return np.where(lost, np.nan, position_m), np.where(lost, np.nan, velocity_mps), status.T.astype(int)


def from_tle(text: str, where: str = "TLE") -> ElementSets:
    """Element sets from two-line elements, with or without a name above each pair; # begins a comment.

    Raises InputError that names `where`, the line and what is wrong with it.
    """
    name, above, found = "", None, []
    for number, line in enumerate(text.splitlines(), 1):
        line, at = line.rstrip(), f"line {number}"
        kind = line[:2] if line[:2] in ("1 ", "2 ") else ""
        if not line or line.startswith("#"):
            continue
        if above and kind != "2 ":
            raise InputError(
                where, at, line, f'must be line 2 of satellite {above[2:7].strip()}, beginning with "2 ".'
            )
        if kind == "2 " and not above:
            raise InputError(where, at, line, "is a line 2 without its line 1 above.")
        if not kind and name:
            raise InputError(where, at, line, f'must be line 1 of {name}, beginning with "1 ".')
        if not kind:
            name = line.removeprefix("0 ").strip()
            continue
        _check_line(line, where, at)
        if kind == "1 ":
            above = line
            continue
        assert above is not None
        if line[2:7] != above[2:7]:
            raise InputError(
                where, at, line, f"must be of the same satellite as the line above, {above[2:7]}."
            )
        found.append(_from_lines(name, above, line))
        name, above = "", None
    if above or name or not found:
        missing = "line 2" if above else "line 1" if name else "two-line element set"
        raise InputError(
            where, "end of file", None, f"comes before any {missing}{' of ' + name if name else ''}."
        )
    return _sets(found)


# Columns (from 0), what stands there, and its form: Spacetrack Report #3; Alpha-5 numbers; type 4 is SGP4-XP.
_ANGLE = r" *\d+\.\d{4}"
_POWER = r"[-+ ]\d{5}[-+ ]\d"
_NUMBER = r"[A-HJ-NP-Z]\d{4}| *\d+"
_COLUMNS = {
    "1": (
        (2, 7, "satellite number", _NUMBER),
        (18, 32, "epoch (year, day)", r"\d\d *\d+\.\d{8}"),
        (33, 43, "first derivative of mean motion", r"[-+ ]\.\d{8}"),
        (44, 52, "second derivative of mean motion", _POWER),
        (53, 61, "drag term", _POWER),
        (62, 63, "ephemeris type (0: SGP4)", r"[ 023]"),
        (64, 68, "element set number", r" *\d*"),
    ),
    "2": (
        (2, 7, "satellite number", _NUMBER),
        (8, 16, "inclination", _ANGLE),
        (17, 25, "right ascension of the node", _ANGLE),
        (26, 33, "eccentricity", r"\d{7}"),
        (34, 42, "argument of perigee", _ANGLE),
        (43, 51, "mean anomaly", _ANGLE),
        (52, 63, "mean motion", r" *\d+\.\d{8}"),
        (63, 68, "revolution number", r" *\d*"),
    ),
}
_BLANK = {"1": (1, 8, 17, 32, 43, 52, 61, 63), "2": (1, 7, 16, 25, 33, 42, 51)}


def _check_line(line: str, where: str, at: str) -> None:
    """Refuse a line that has not 69 characters, whose sum is wrong, or a number out of its columns."""
    if len(line) != 69:
        raise InputError(where, at, line, f"must have 69 characters, has {len(line)}.")
    if not (line.isascii() and line.isprintable()):
        raise InputError(where, at, line, "must be plain ASCII.")
    if line[68] != str(sum_ := compute_checksum(line)):
        raise InputError(
            where, at, line, f"ends with checksum {line[68]}, but its digits sum to {sum_}.", "Copy it anew."
        )
    for start, end, what, form in _COLUMNS[line[0]]:
        if not re.fullmatch(form, line[start:end], re.ASCII):
            raise InputError(where, at, line[start:end], f"in columns {start + 1}-{end} is no {what}.")
    for column in _BLANK[line[0]]:
        if line[column] != " ":
            raise InputError(where, at, line, f"must be blank in column {column + 1}.")
    if line[0] == "1" and not 1 <= float(line[20:32]) < 367:
        raise InputError(where, at, line[20:32], "is no day of a year, from 1 to 366.")
    if line[0] == "2" and float(line[8:16]) > 180:
        raise InputError(where, at, line[8:16], "is no inclination, from 0 to 180 deg.")
    if line[0] == "2" and not float(line[52:63]) > 0:
        raise InputError(where, at, line[52:63], "is no mean motion, above 0 turns per day.")


_Set = tuple[str, str, datetime, Satrec]


def _from_lines(name: str, line1: str, line2: str) -> _Set:
    number, year = line1[2:7].strip(), int(line1[18:20])
    begin = datetime(year + (2000 if year < 57 else 1900), 1, 1, tzinfo=UTC)
    epoch_utc = begin + timedelta(days=float(line1[20:32]) - 1)
    return name or number, number, epoch_utc, Satrec.twoline2rv(line1, line2)


def _sets(found: list[_Set]) -> ElementSets:
    names, numbers, epochs, satellites = zip(*found, strict=True)
    return ElementSets(names, numbers, epochs, SatrecArray(satellites))


def omm_form(text: str) -> str | None:
    """Which form of OMM a text seems to be: XML, JSON, KVN, CSV, or None for no OMM at all."""
    head = text.lstrip()[:1]
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("COMMENT")), "")
    if head == "<":
        return "XML"
    if head and head in "[{":
        return "JSON"
    if re.match(r"\s*[A-Z_]+\s*=", first):
        return "KVN"
    return "CSV" if re.search(r"(^|,)\W?(EPOCH|MEAN_MOTION)\W?(,|$)", first) else None


def from_omm(text: str, where: str = "OMM") -> ElementSets:
    """Element sets from orbit mean-elements messages in XML, JSON, KVN or CSV, one or many.

    Raises InputError that names `where`, the satellite, the field and what is wrong with it.
    """
    form = omm_form(text)
    if form is None:
        raise InputError(
            where, "", None, "is no OMM: neither XML, JSON, KVN (KEY = value) nor CSV with a heading."
        )
    rows = list(_ROWS[form](text, where))
    if not rows:
        raise InputError(where, "", None, f"holds no orbit mean-elements message ({form}).")
    return _sets([_from_fields(row, where, number) for number, row in enumerate(rows, 1)])


def _xml(text: str, where: str) -> Iterator[Mapping[str, Any]]:
    if "<!DOCTYPE" in text.upper():
        raise InputError(
            where, "", None, "has a DOCTYPE, which no OMM has.", "Was a web page saved in its place?"
        )
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputError(where, f"line {error.position[0]}", None, f"is not valid XML: {error}.") from None
    for segment in root.iter():
        if segment.tag.rpartition("}")[2] == "segment":
            yield {leaf.tag.rpartition("}")[2]: leaf.text for leaf in segment.iter() if not len(leaf)}


def _json(text: str, where: str) -> Iterator[Mapping[str, Any]]:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(where, f"line {error.lineno}", None, f"is not valid JSON: {error.msg}.") from None
    except (ValueError, RecursionError):
        raise InputError(
            where, "", None, "is not valid JSON: a number too long or nested too deeply."
        ) from None
    for number, row in enumerate([rows] if isinstance(rows, dict) else rows, 1):
        if not isinstance(row, dict):
            raise InputError(where, f"message {number}", row, "must be an object of OMM fields.")
        yield row


def _kvn(text: str, where: str) -> Iterator[Mapping[str, Any]]:
    row: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip() or re.match(r"\s*COMMENT\b", line):
            continue
        if not equals:
            raise InputError(where, f"line {number}", line.strip(), "must be KEY = value.")
        if key == "CCSDS_OMM_VERS" and row:
            yield row
            row = {}
        row[key] = re.sub(r"\s*\[[^]]*\]$", "", value)  # without its unit
    if row:
        yield row


def _csv(text: str, where: str) -> Iterator[Mapping[str, Any]]:
    try:
        yield from csv.DictReader(io.StringIO(text.strip()))
    except csv.Error as error:
        raise InputError(where, "", None, f"is not valid CSV: {error}.") from None


_ROWS = {"XML": _xml, "JSON": _json, "KVN": _kvn, "CSV": _csv}
# What SGP4 needs, and between which values.
_NEEDED = {
    "MEAN_MOTION": (1e-8, 20.0),
    "ECCENTRICITY": (0.0, 0.9999999),
    "INCLINATION": (0.0, 180.0),
    "RA_OF_ASC_NODE": (-360.0, 360.0),
    "ARG_OF_PERICENTER": (-360.0, 360.0),
    "MEAN_ANOMALY": (-360.0, 360.0),
    "BSTAR": (-10.0, 10.0),
    "NORAD_CAT_ID": (0, 999_999_999),
}
# What a message may say and what it must then be. EPHEMERIS_TYPE 4 is SGP4-XP, another theory.
_FIXED = {
    "CENTER_NAME": ("EARTH",),
    "REF_FRAME": ("TEME",),
    "TIME_SYSTEM": ("UTC",),
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"),
    "EPHEMERIS_TYPE": ("0", "2", "3"),
}
# The library asks for these, and they move nothing.
_BOOKKEEPING = {
    "CLASSIFICATION_TYPE": "U",
    "OBJECT_ID": "",
    "EPHEMERIS_TYPE": "0",
    "ELEMENT_SET_NO": "0",
    "REV_AT_EPOCH": "0",
    "MEAN_MOTION_DOT": "0",
    "MEAN_MOTION_DDOT": "0",
}


def _from_fields(row: Mapping[str, Any], where: str, message: int) -> _Set:
    """One checked message as SGP4 wants it."""
    said = {str(key): str(value).strip() for key, value in row.items() if value is not None}
    called = said.get("OBJECT_NAME") or said.get("NORAD_CAT_ID") or f"message {message}"
    for key, good in _FIXED.items():
        if said.get(key, "") and said[key].upper() not in good:
            raise InputError(where, f"{called}.{key}", said[key], f"must be {' or '.join(good)} for SGP4.")
    for key, (low, high) in _NEEDED.items():
        if not said.get(key):
            raise InputError(where, f"{called}.{key}", None, "is missing, and SGP4 needs it.")
        try:
            good_number = low <= float(said[key]) <= high
        except ValueError:
            good_number = False
        if not good_number:
            raise InputError(
                where, f"{called}.{key}", said[key], f"must be a number from {low:g} to {high:g}."
            )
    epoch_utc = _epoch(said.get("EPOCH", ""), where, f"{called}.EPOCH")
    number = int(float(said["NORAD_CAT_ID"]))
    # Alpha-5 ends at 339,999, and the library with it; SGP4 itself does not look at the number.
    said |= _BOOKKEEPING | {"NORAD_CAT_ID": str(number if number <= 339_999 else 0)}
    satellite = Satrec()
    omm.initialize(satellite, said | {"EPOCH": epoch_utc.strftime("%Y-%m-%dT%H:%M:%S.%f")})
    return called, str(number), epoch_utc, satellite


def _epoch(said: str, where: str, field: str) -> datetime:
    try:
        epoch = datetime.fromisoformat(said)
    except ValueError:
        need = "must be a UTC time such as 2020-07-12T21:16:01.000416."
        raise InputError(where, field, said or None, need) from None
    return epoch.replace(tzinfo=UTC) if epoch.tzinfo is None else epoch.astimezone(UTC)
