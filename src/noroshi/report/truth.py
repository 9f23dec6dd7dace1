"""Reads what the director alone knew of a run: the true flights, and who could see them when."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
