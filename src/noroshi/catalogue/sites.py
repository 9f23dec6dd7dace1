"""The public catalogue of sensors: one file of sites for each nation, rows as a scenario has them."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from noroshi.catalogue import door
from noroshi.catalogue.assemble import KINDS, shipped_names
from noroshi.catalogue.base import Model, Rows, did_you_mean
from noroshi.catalogue.figures import Figure, Spread
from noroshi.catalogue.placement import Mask, Moves, SensorPlacement
from noroshi.catalogue.sensors import SensorProfile
from noroshi.errors import InputError

Number = Figure | Spread | Mask | Moves


class Sites(Model):
    """What a file of sites holds."""

    sensors: Rows[SensorPlacement]


class Stands(NamedTuple):
    """A number of a sensor: whose it is, what it is called there, and the number with its source."""

    of: str
    name: str
    number: Number


def nations() -> tuple[str, ...]:
    """Nations that have a file, in the order of the alphabet."""
    return tuple(sorted(shipped_names("sites")))


def load_sites(wanted: Sequence[str] | None = None) -> tuple[SensorPlacement, ...]:
    """The sensors of `wanted` nations, or of all; a constellation is one row.

    Raises InputError for a nation that has no file, and for a file that is wrong.
    """
    known = nations()
    for code in wanted or ():
        if code not in known:
            raise InputError(
                "sites", "nation", code, "has no sensors in the catalogue.", did_you_mean(code, known)
            )
    codes = known if wanted is None else tuple(dict.fromkeys(wanted))
    return tuple(sensor for code in codes for sensor in _of_nation(code))


def find(sensors: Sequence[SensorPlacement], name: str) -> SensorPlacement:
    """The sensor of that id, in whatever case. Raises InputError with the nearest id."""
    for sensor in sensors:
        if sensor.id.lower() == name.lower():
            return sensor
    hint = did_you_mean(name, [sensor.id for sensor in sensors], listed=False)
    raise InputError("", "sensor", name, "is not in the catalogue.", hint or "noroshi sensors lists them.")


def numbers(sensor: SensorPlacement) -> Iterator[Stands]:
    """Every number that states a source: those of the site, then those of the profile."""
    yield from (Stands("site", name, number) for name, number in _numbers(sensor))
    yield from (Stands(sensor.profile.name, name, number) for name, number in _numbers(sensor.profile))


def _numbers(part: Model, path: str = "") -> Iterator[tuple[str, Number]]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Number):
            yield path + name, value
        elif isinstance(value, Model) and name != "profile":
            yield from _numbers(value, f"{path}{name}.")


@cache
def _of_nation(code: str) -> tuple[SensorPlacement, ...]:
    path = door.DATA / "sites" / f"{code}.toml"
    where = door.shipped(path)
    rows = [_filled(row, number, where) for number, row in enumerate(door.read_toml(path, where)["sensors"])]
    return door.validate(Sites, {"sensors": rows}, where).sensors


def _filled(row: dict[str, Any], number: int, where: str) -> dict[str, Any]:
    """A row whose profile is no longer a name but checked."""
    name = row.get("profile")
    if name not in shipped_names("sensors"):
        field = f"sensors.{door.label(row, number)}.profile"
        hint = did_you_mean(name, shipped_names("sensors"))
        raise InputError(where, field, name, "is not a known sensor profile.", hint)
    return row | {"profile": _profile(str(name))}


@cache
def _profile(name: str) -> SensorProfile:
    path = door.DATA / "sensors" / f"{name}.toml"
    table = door.read_toml(path, door.shipped(path))
    model: type[BaseModel] = KINDS[table["kind"]]
    return door.validate(model, table | {"name": name}, door.shipped(path))  # type: ignore[return-value]
