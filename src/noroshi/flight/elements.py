"""Published mean elements, two-line sets and OMM messages, and where SGP4 says their satellites are.

SGP4 with WGS-72 by the reference implementation (Vallado et al. 2006, Revisiting Spacetrack Report #3).
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float, Int
from sgp4 import omm
from sgp4.api import Satrec, SatrecArray
from sgp4.io import compute_checksum

from noroshi.earth.epoch import julian_date, teme_to_ecef
from noroshi.errors import InputError


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
