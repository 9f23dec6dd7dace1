"""Alert areas and coastline from the shipped files, converted once by tools/convert_areas.py.

The files name their origin and licence, and what is missing, beside the shapes.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources

import numpy as np
import shapely

from noroshi.alerting.areas import Areas
from noroshi.errors import InputError

NATIONS = ("AUS", "GBR", "JPN", "KOR", "USA")  # those that have a file of areas


def load_areas(nations: Iterable[str]) -> Areas:
    """The first-level areas of `nations`, in that order; raises InputError for a nation without areas."""
    wanted = tuple(dict.fromkeys(nations))
    for nation in wanted:
        if nation not in NATIONS:
            raise InputError("areas", "nation", nation, f"must be one of {', '.join(NATIONS)}.")
    files = [_nation(nation) for nation in wanted]
    return Areas(
        nation=tuple(nation for nation, (names, _) in zip(wanted, files, strict=True) for _ in names),
        name=tuple(name for names, _ in files for name in names),
        geometry=np.concatenate([np.empty(0, object), *(shapes for _, shapes in files)]),
    )


@cache
def load_coastline() -> list[np.ndarray]:
    """The world's coast as lines [N, 2] of longitude and latitude in deg, cut at +-180."""
    (coast,) = json.loads(_text("coastline"))["features"]
    return [np.array(line) for line in coast["geometry"]["coordinates"]]


@cache
def _nation(nation: str) -> tuple[list[str], np.ndarray]:
    """Names and shapes of one nation's areas."""
    text = _text(nation)
    names = [feature["properties"]["name"] for feature in json.loads(text)["features"]]
    return names, shapely.get_parts(shapely.from_geojson(text))


def _text(name: str) -> str:
    return (resources.files("noroshi") / "data" / "areas" / f"{name}.json").read_text("utf-8")
