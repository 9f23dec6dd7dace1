"""Detections as JSON lines: one object a line, with the columns of the Parquet table.

docs/reference/track.md tells the columns. A file is read whole or not at all (`decode`); at the door of a
live node each line stands for itself (`take`).
"""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.formats.detections import COLUMNS, from_columns, to_columns
from noroshi.formats.taken import Taken
from noroshi.records.detections import Recorded

MAX_LINE_BYTES = 4_096
MAX_BYTES = 16_777_216
_NUMBERS = {name: (must, otherwise) for name, must, otherwise in COLUMNS}
_MOST_SENSOR = 128


def decode(data: bytes, where: str = "detections") -> list[Recorded]:
    """Rows in the order of the lines. Raises InputError that names the first line that cannot be used.

    Every line has `time_s`, or every line has `time` (ISO 8601, UTC where it has no zone), told as seconds
    after the earliest.
    """
    read: list[tuple[str, float, dict[str, float], bool]] = []
    for number, line in _lines(data):
        try:
            read.append(_line(line))
        except Refused as refusal:
            shown = line[:60].decode(errors="replace")
            raise InputError(where, f"line {number}", shown, f"{refusal.reason}.") from None
        if read[-1][3] != read[0][3]:
            raise InputError(where, f"line {number}", None, "must tell time as the first line does.")
    if not read:
        raise InputError(where, "", None, "holds no rows.", "A row is a plot: docs/reference/track.md.")
    start_s = min(time_s for _, time_s, _, _ in read) if read[0][3] else 0.0
    return [from_columns(sensor, time_s - start_s, numbers) for sensor, time_s, numbers, _ in read]


def take(data: bytes, epoch_unix_s: float | None = None) -> Taken:
    """Rows of the lines that can be used and a refusal for each other: "line", "too_large".

    `time_s` are seconds after the epoch; `time` is taken where `epoch_unix_s` says when that was.
    """
    if len(data) > MAX_BYTES:
        return Taken((), (Refused("too_large", f"has {len(data)} bytes; {MAX_BYTES} are taken"),))
    rows: list[Recorded] = []
    refused: list[Refused] = []
    for number, line in _lines(data):
        try:
            sensor, time_s, numbers, dated = _line(line)
            if dated and epoch_unix_s is None:
                raise Refused("line", "must tell time_s: this door does not know the epoch")
            rows.append(from_columns(sensor, time_s - (epoch_unix_s or 0.0) * dated, numbers))
        except Refused as refusal:
            refused.append(Refused(refusal.code, f"line {number}: {refusal.reason}"))
    return Taken(tuple(rows), tuple(refused))


def encode(rows: Sequence[Recorded]) -> bytes:
    """The same lines from rows; what was not measured is left out."""
    lines = ({name: value for name, value in to_columns(row).items() if value is not None} for row in rows)
    return b"".join(json.dumps(line, allow_nan=False).encode() + b"\n" for line in lines)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _line(line: bytes) -> tuple[str, float, dict[str, float], bool]:
    """Sensor, time, numbers by column, and whether the time is a date (unix seconds)."""
    if len(line) > MAX_LINE_BYTES:
        raise Refused("too_large", f"has {len(line)} bytes; a line has at most {MAX_LINE_BYTES}")
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("line", "must be a JSON object") from None
    if not isinstance(told, dict):
        raise Refused("line", "must be a JSON object")
    sensor = told.get("sensor")
    if not isinstance(sensor, str) or not 0 < len(sensor) <= _MOST_SENSOR:
        raise Refused("line", f"sensor must be a text of 1 to {_MOST_SENSOR} characters")
    numbers = {name: _number(told.get(name), name, must, other) for name, (must, other) in _NUMBERS.items()}
    if told.get("time_s") is not None:
        return sensor, _number(told["time_s"], "time_s", True, math.nan), numbers, False
    return sensor, _date(told.get("time")), numbers, True


def _number(value: Any, name: str, must: bool, otherwise: float) -> float:
    if value is None:
        if must:
            raise Refused("line", f"{name} is missing")
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("line", f"{name} must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refused("line", f"{name} must be a finite number")
    return number


def _date(value: Any) -> float:
    """Unix seconds of a date and time."""
    if value is None:
        raise Refused("line", "time_s is missing; so is time")
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise Refused("line", "time must read like 2026-01-31T12:00:00Z") from None
