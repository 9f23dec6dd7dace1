"""Reads what the director alone knew of a run: the true flights, and who could see them when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from noroshi.earth import frames
from noroshi.errors import InputError


@dataclass(frozen=True, eq=False)
class Flight:
    """The true flight of one launch: arrays [N] on a grid of 1 s."""

    launch: str
    time_s: np.ndarray
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    height_m: np.ndarray
    burning: np.ndarray


@dataclass(frozen=True)
class Spell:
    """How a launch stood with a sensor from one second to another; `why` as in sights.parquet."""

    launch: str
    sensor: str
    from_s: float
    until_s: float
    why: str


def flights(folder: Path) -> tuple[Flight, ...]:
    """The flights of an arm's truth.parquet; times as in the file."""
    columns = _columns(folder / "truth.parquet", [*_FLIGHT])
    launch = np.array(columns["launch"], dtype=str)
    rest = [np.array(columns[name]) for name in _FLIGHT[1:]]
    names = dict.fromkeys(columns["launch"])
    return tuple(Flight(str(name), *(column[launch == name] for column in rest)) for name in names)


def spells(folder: Path, zero_s: float) -> tuple[Spell, ...]:
    """The rows of an arm's sights.parquet; times since `zero_s`."""
    columns = _columns(folder / "sights.parquet", ["launch", "sensor", "from_s", "until_s", "why"])
    return tuple(
        Spell(launch, sensor, from_s - zero_s, until_s - zero_s, why)
        for launch, sensor, from_s, until_s, why in zip(*columns.values(), strict=True)
    )


def owners(folder: Path, flights: Sequence[Flight], zero_s: float) -> dict[str, str]:
    """Which launch each nation's track means: the one that was nearest to where the track was last believed.

    Reads an arm's tracks.parquet. Times of `flights` count from `zero_s`; what has ended stays where it did.
    """
    names = ("track", "time_s", "x_m", "y_m", "z_m")
    track, time_s, *place = _columns(folder / "tracks.parquet", names).values()
    last = {
        name: (at_s - zero_s, np.array(xyz)) for name, at_s, *xyz in zip(track, time_s, *place, strict=True)
    }
    paths = {
        one.launch: frames.ecef(np.radians(one.lat_deg), np.radians(one.lon_deg), one.height_m)
        for one in flights
    }

    def away_m(flight: Flight, at_s: float, xyz: np.ndarray) -> float:
        row = round(at_s - float(flight.time_s[0]))
        if row < 0:
            return math.inf
        return float(np.linalg.norm(paths[flight.launch][min(row, len(flight.time_s) - 1)] - xyz))

    if not flights:
        return {}
    return {
        name: min(flights, key=lambda one: away_m(one, at_s, xyz)).launch
        for name, (at_s, xyz) in last.items()
    }


_FLIGHT = ("launch", "time_s", "lat_deg", "lon_deg", "height_m", "burning")


def _columns(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    """Columns of a file; empty where there is no file. Raises InputError for what is no such table."""
    if not path.exists():
        return {name: [] for name in names}
    from pyarrow import ArrowInvalid, parquet  # takes 0.1 s to load

    try:
        table = parquet.read_table(path, columns=list(names))
    except (ArrowInvalid, OSError) as error:
        raise InputError(str(path), "", None, f"cannot be read: {error}.") from None
    return {name: table[name].to_pylist() for name in names}
