"""Alert areas: which of them a line crosses, which holds a point, which lie side by side.

Degrees, WGS84. Longitudes may run on past +-180, as along a flight over the antimeridian: every answer stays
the same when all longitudes of a line or point shift by 360. Between two points a line is straight in
longitude and latitude: in steps of 100 km it strays less than 1 km from the great circle below 75 degrees.
"""

from dataclasses import dataclass

import numpy as np
import shapely

Array = np.ndarray

KM_PER_DEG = 111.195  # along a meridian of a sphere of 6371 km
NEIGHBOUR_KM = 5.0  # over a strait with a bridge, or the gap between two generalised borders


@dataclass(frozen=True, eq=False)
class Areas:
    """First-level areas: row i is the area `name[i]` of `nation[i]`, with its shape."""

    nation: tuple[str, ...]
    name: tuple[str, ...]
    geometry: Array  # [A] shapely MultiPolygon, (longitude, latitude) in deg within +-180

    def __post_init__(self) -> None:
        # A prepared shape keeps an index of its edges; it answers the second question ten times faster.
        shapely.prepare(self.geometry)


def crossing(areas: Areas, lat_deg: Array, lon_deg: Array) -> Array:
    """Which lines [L, N] touch which areas: bool [L, A].

    Points that are NaN are left out, so shorter lines are padded with NaN; a line of one point is that point.
    """
    lat_deg, lon_deg = _filled(*np.broadcast_arrays(np.asarray(lat_deg, float), np.asarray(lon_deg, float)))
    lon_deg = np.unwrap(lon_deg, period=360.0, axis=1)
    touched = np.zeros((len(lat_deg), len(areas.name)), bool)
    # Turn t spans longitudes 360 t - 180 to 360 t + 180, both ends included. A line of NaN lies in none.
    first = np.ceil((lon_deg.min(axis=1) - 180) / 360)
    last = np.floor((lon_deg.max(axis=1) + 180) / 360)
    turns = np.arange(np.nanmin(first), np.nanmax(last) + 1) if np.isfinite(first).any() else ()
    for turn in turns:
        there = np.flatnonzero((first <= turn) & (turn <= last))
        if len(there):
            touched[there] |= _touched(areas.geometry, lat_deg[there], lon_deg[there] - 360 * turn)
    return touched


def containing(areas: Areas, lat_deg: Array, lon_deg: Array) -> Array:
    """Which points [P] lie in or on the border of which areas: bool [P, A]. A NaN point lies nowhere."""
    return crossing(areas, np.asarray(lat_deg, float)[:, None], np.asarray(lon_deg, float)[:, None])


def neighbours(areas: Areas, index: int) -> list[int]:
    """Rows of the areas of the same nation that touch area `index` or lie within some 5 km of it."""
    west, south, east, north = shapely.bounds(areas.geometry).T
    # Longitudes shrunk as at the middle of the area make a plane map that is true enough for 5 km.
    shrink = np.cos(np.radians((south[index] + north[index]) / 2))
    reach_deg = NEIGHBOUR_KM / KM_PER_DEG
    same = np.array(areas.nation) == areas.nation[index]
    close = same & (south - reach_deg <= north[index]) & (north + reach_deg >= south[index])
    close[index] = False

    def plane(row: int, shift_deg: float = 0.0) -> shapely.Geometry:
        return shapely.transform(
            areas.geometry[row], lambda x, y: ((x + shift_deg) * shrink, y), interleaved=False
        )

    here = plane(index)
    shapely.prepare(here)
    found = set()
    for shift_deg in (-360.0, 0.0, 360.0):
        gap = reach_deg / shrink
        beside = close & (west + shift_deg - gap <= east[index]) & (east + shift_deg + gap >= west[index])
        rows = np.flatnonzero(beside)
        found |= {row for row in map(int, rows) if shapely.dwithin(here, plane(row, shift_deg), reach_deg)}
    return sorted(found)


def _filled(lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
    """Lines [L, N] with each NaN point replaced by the last good point before it, or the first after."""
    good = np.isfinite(lat_deg) & np.isfinite(lon_deg)
    if good.all():
        return lat_deg, lon_deg
    last = np.maximum.accumulate(np.where(good, np.arange(good.shape[1]), -1), axis=1)
    last = np.where(last < 0, good.argmax(axis=1)[:, None], last)
    return np.take_along_axis(lat_deg, last, 1), np.take_along_axis(lon_deg, last, 1)


def _touched(geometry: Array, lat_deg: Array, lon_deg: Array) -> Array:
    """Which lines [L, N] touch which shapes [A], both within +-180: bool [L, A]."""
    if lat_deg.shape[1] == 1:
        lat_deg, lon_deg = (np.repeat(x, 2, axis=1) for x in (lat_deg, lon_deg))
    west, south, east, north = shapely.bounds(geometry).T
    near = (west <= lon_deg.max()) & (east >= lon_deg.min())
    near &= (south <= lat_deg.max()) & (north >= lat_deg.min())
    touched = np.zeros((len(lat_deg), len(geometry)), bool)
    # A shape is asked only where the box of a single step meets its box: of 800 pairs of a line over Japan
    # and a prefecture some 40 remain.
    lon_pair, lat_pair = (np.stack([x[:, :-1], x[:, 1:]])[..., None] for x in (lon_deg, lat_deg))
    touched[:, near] = (
        (lon_pair.min(axis=0) <= east[near])
        & (lon_pair.max(axis=0) >= west[near])
        & (lat_pair.min(axis=0) <= north[near])
        & (lat_pair.max(axis=0) >= south[near])
    ).any(axis=1)
    lines, rows = np.nonzero(touched)
    shapes = shapely.linestrings(np.stack([lon_deg, lat_deg], axis=-1))
    touched[lines, rows] = shapely.intersects(geometry[rows], shapes[lines])
    return touched
