"""Change fields of a scenario by path, for studies: a copy, checked again as a file would be."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from noroshi.catalogue import assemble, door
from noroshi.catalogue.base import did_you_mean
from noroshi.errors import InputError

S = TypeVar("S", bound=BaseModel)


def apply(model: type[S], scenario: S, values: Mapping[str, float | bool], where: str, prefix: str = "") -> S:
    """A copy of `scenario` with the fields at `values`' paths changed; * stands for every row or name.

    Rows go by id or name: "launches.L1.apogee_km", "sensors.*.mask_deg", "threats.irbm.burn_s".
    Raises InputError when a path names nothing, or the copy is no valid scenario.
    """
    tables = scenario.model_dump(exclude_none=True)
    for launch in tables["launches"]:
        launch["threat"] = launch["threat"]["name"]
    for sensor in tables["sensors"]:
        sensor["profile"] = sensor["profile"]["name"]
    for key in ("expects", "background"):
        if key in tables:
            tables[key] = tables[key]["name"]
    for path, value in values.items():
        places = list(_places(tables, path.split(".")))
        if not places:
            raise InputError(
                where, f'{prefix}"{path}"', value, "names no field.", _nearest(tables, path.split("."))
            )
        for holder, key in places:
            holder[key] = _changed(holder[key], value, where, f'{prefix}"{path}"')
    return assemble.scenario(model, tables, f"{where}: {prefix.rstrip('.')}" if prefix else where)


def _places(part: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of every field that the steps lead to."""
    for key, inner in _inside(part, steps[0]):
        if len(steps) == 1:
            if isinstance(part, dict):
                yield part, key
        else:
            yield from _places(inner, steps[1:])


def _inside(part: Any, step: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(part, dict):
        yield from ((key, inner) for key, inner in part.items() if step in ("*", key))
    elif isinstance(part, list | tuple):
        named = ((row, inner, door.label(inner, row)) for row, inner in enumerate(part))
        yield from ((row, inner) for row, inner, name in named if step in ("*", name, str(row)))


def _changed(old: Any, value: float | bool, where: str, field: str) -> Any:
    """The field with its new value: a number in place of a number, whatever it is wrapped in."""
    stated = isinstance(old, dict) and "source" in old and "confidence" in old
    if isinstance(old, dict | list | tuple) and not stated:
        raise InputError(where, field, value, "names a table, not a field of one.")
    if stated and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(where, field, value, "must be a number.")
    if not stated:
        return value
    changed = {key: part for key, part in old.items() if key not in ("mode", "median", "sigma", "points")}
    # The range grows to hold the value, and the report still shows where the field came from.
    for end, widen in (("low", min), ("high", max)):
        if end in old:
            changed[end] = widen(float(old[end]), float(value))
    if "kind" in old:
        changed["kind"] = "fixed"
    return {**changed, "value": float(value)}


def _nearest(tables: Any, steps: list[str]) -> str:
    """What the first step that leads nowhere may have meant."""
    here = [tables]
    for step in steps:
        found = [inner for part in here for _, inner in _inside(part, step)]
        if not found:
            known = {str(key) for part in here if isinstance(part, dict) for key in part}
            rows = [
                (row, inner)
                for part in here
                if isinstance(part, list | tuple)
                for row, inner in enumerate(part)
            ]
            return did_you_mean(step, known | {door.label(inner, row) for row, inner in rows})
        here = found
    return ""
