"""From what a record says of its fields to a pair of functions that write and read it, strictly."""

import math
import struct
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from noroshi.errors import Refused
from noroshi.records.messages import (
    AssessmentReport,
    Covariance,
    OperatorAct,
    SensorStatus,
)

MAX_TEXT = 4_096  # characters
MAX_LIST = 2_048  # items
# Fields of which only some words are known.
WORDS: dict[tuple[type, str], tuple[str, ...]] = {
    (AssessmentReport, "verdict"): ("aircraft", "satellite", "missile", "unknown", "none"),
    (SensorStatus, "state"): ("up", "degraded", "down"),
    (OperatorAct, "act"): ("hold", "resume", "stand_down", "confirm", "note"),
}
_Several = type[list[Any]] | type[tuple[Any, ...]]  # as they come, as records hold them
_SIDE = 10
_SQUARE = struct.Struct(f">{_SIDE * _SIDE}d")


@dataclass(frozen=True)
class Shape:
    """How one kind of value goes onto the wire and comes back; both raise Refused("field")."""

    write: Callable[[Any, str], Any]
    read: Callable[[Any, str], Any]


def refuse(field: str, got: object, need: str) -> Refused:
    """The refusal of a field's value."""
    shown = repr(got)
    return Refused("field", f"{field} = {shown[:60]}{'…' * (len(shown) > 60)}: {need}")


def _write_number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(field, value, "must be a number")
    return _read_number(float(value), field)


def _read_number(value: Any, field: str) -> float:
    if type(value) is not float or not math.isfinite(value):
        raise refuse(field, value, "must be a finite float")
    return value


def _text(value: Any, field: str) -> str:
    if type(value) is not str or len(value) > MAX_TEXT:
        raise refuse(field, value, f"must be a text of at most {MAX_TEXT} characters")
    return value


def _write_covariance(value: Any, field: str) -> bytes:
    try:
        flat = [float(number) for row in value for number in row if len(row) == _SIDE]
        return _checked(_SQUARE.pack(*flat), field)
    except (TypeError, ValueError, struct.error):
        raise refuse(field, value, f"must be {_SIDE} rows of {_SIDE} numbers") from None


def _read_covariance(value: Any, field: str) -> Covariance:
    if type(value) is not bytes or len(value) != _SQUARE.size:
        raise refuse(field, value, f"must be {_SIDE * _SIDE} big-endian float64, row by row")
    flat = _SQUARE.unpack(_checked(value, field))
    return tuple(flat[row : row + _SIDE] for row in range(0, _SIDE * _SIDE, _SIDE))


def _checked(data: bytes, field: str) -> bytes:
    if not all(map(math.isfinite, _SQUARE.unpack(data))):
        raise Refused("field", f"{field}: must hold finite numbers only")
    return data


NUMBER = Shape(_write_number, _read_number)
TEXT = Shape(_text, _text)
COVARIANCE = Shape(_write_covariance, _read_covariance)


def word(known: Collection[str]) -> Shape:
    """One of a few texts."""

    def check(value: Any, field: str) -> str:
        if type(value) is not str or value not in known:
            raise refuse(field, value, f"must be one of {', '.join(known)}")
        return value

    return Shape(check, check)


def optional(shape: Shape) -> Shape:
    """A value that may be null."""
    return Shape(
        lambda value, field: None if value is None else shape.write(value, field),
        lambda value, field: None if value is None else shape.read(value, field),
    )


def listing(shape: Shape, most: int = MAX_LIST) -> Shape:
    """Values of one shape."""

    def items(value: Any, field: str, kind: _Several) -> Any:
        if not isinstance(value, kind) or len(value) > most:
            raise refuse(field, value, f"must be a list of at most {most}")
        return value

    write, read = shape.write, shape.read
    return Shape(
        lambda value, field: [write(one, field) for one in items(value, field, tuple)],
        lambda value, field: tuple([read(one, field) for one in items(value, field, list)]),
    )


def row(shapes: tuple[Shape, ...]) -> Shape:
    """A fixed number of values."""

    def items(value: Any, field: str, kind: _Several) -> Any:
        if not isinstance(value, kind) or len(value) != len(shapes):
            raise refuse(field, value, f"must be a list of {len(shapes)}")
        return value

    def write(value: Any, field: str) -> list[Any]:
        return [one.write(item, field) for one, item in zip(shapes, items(value, field, tuple), strict=True)]

    def read(value: Any, field: str) -> tuple[Any, ...]:
        return tuple(
            [one.read(item, field) for one, item in zip(shapes, items(value, field, list), strict=True)]
        )

    return Shape(write, read)


@cache
def record(kind: type, newer: bool = False) -> Shape:
    """A frozen dataclass as a map of all its fields; a `newer` one may have more, which are left aside."""
    hints = get_type_hints(kind)
    shapes = {field.name: _of(hints[field.name], kind, field.name, newer) for field in fields(kind)}
    names = shapes.keys()

    def write(value: Any, field: str) -> dict[str, Any]:
        if type(value) is not kind:
            raise refuse(field, value, f"must be a {kind.__name__}")
        return {name: shape.write(getattr(value, name), name) for name, shape in shapes.items()}

    def read(value: Any, field: str) -> Any:
        if type(value) is not dict:
            raise refuse(field, value, "must be a map")
        if value.keys() != names and not (newer and value.keys() > names):
            raise Refused("field", f"{field}: {differing(value, names)}")
        return kind(**{name: shape.read(value[name], name) for name, shape in shapes.items()})

    return Shape(write, read)


def differing(got: Collection[str], names: Collection[str]) -> str:
    """What a map lacks or has too much, in words."""
    lacking = ", ".join(sorted(set(names) - set(got)))
    beyond = ", ".join(sorted(set(got) - set(names)))[:200]
    said = ("lacks " + lacking) * bool(lacking), ("has beyond it " + beyond) * bool(beyond)
    return " and ".join(filter(None, said))


def _of(hint: Any, kind: type, name: str, newer: bool) -> Shape:
    """The shape of an annotation."""
    if (kind, name) in WORDS:
        return word(WORDS[kind, name])
    if hint == Covariance:
        return COVARIANCE
    if hint is float:
        return NUMBER
    if hint is str:
        return TEXT
    of, parts = get_origin(hint), get_args(hint)
    if of is Literal:
        return word(parts)
    if of in (Union, types.UnionType):
        (inner,) = (part for part in parts if part is not type(None))
        return optional(_of(inner, kind, name, newer))
    if of is tuple and parts[-1] is Ellipsis:
        return listing(_of(parts[0], kind, name, newer))
    if of is tuple:
        return row(tuple(_of(part, kind, name, newer) for part in parts))
    return record(hint, newer)
