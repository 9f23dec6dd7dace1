"""Lambert's azimuthal equal-area map about a middle: no seam at the date line, no trouble at a pole.

Snyder, Map Projections: A Working Manual (USGS Professional Paper 1395), equations 24-2 to 24-4, on a sphere.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M

Array = np.ndarray

RADIUS_KM = MEAN_RADIUS_M / 1e3


@dataclass(frozen=True)
class Projection:
    """A map about one place; x to the east and y to the north of it, km."""

    lat_deg: float
    lon_deg: float

    def __call__(self, lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
        """Places on the map, km. Only the antipode of the middle has none; it comes out far away."""
        lat, east = np.radians(lat_deg), np.radians(np.asarray(lon_deg) - self.lon_deg)
        sin0, cos0 = np.sin(np.radians(self.lat_deg)), np.cos(np.radians(self.lat_deg))
        facing = 1 + sin0 * np.sin(lat) + cos0 * np.cos(lat) * np.cos(east)
        scale = RADIUS_KM * np.sqrt(2 / np.maximum(facing, 1e-9))
        x = scale * np.cos(lat) * np.sin(east)
        y = scale * (cos0 * np.sin(lat) - sin0 * np.cos(lat) * np.cos(east))
        return x, y


class Window(NamedTuple):
    """A part of a map, km."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, x: Array, y: Array) -> Array:
        """Which places lie inside."""
        return (x > self.west) & (x < self.east) & (y > self.south) & (y < self.north)


def middle(lat_deg: Array, lon_deg: Array) -> Projection:
    """The map about the mean of some places, taken in space so that the date line does not matter."""
    lat, lon = np.radians(np.asarray(lat_deg, float)), np.radians(np.asarray(lon_deg, float))
    mean = frames.ecef(lat, lon, np.zeros_like(lat)).mean(axis=0)
    lat0, lon0, _ = frames.geodetic(mean)
    return Projection(float(np.degrees(lat0)), float(np.degrees(lon0)))


def window(x: Array, y: Array, aspect: tuple[float, float], margin: float = 0.08) -> Window:
    """What holds these places with a margin, widened to a width between `aspect` times its height."""
    west, east, south, north = float(np.min(x)), float(np.max(x)), float(np.min(y)), float(np.max(y))
    width = max((east - west) * (1 + 2 * margin), 20.0)
    height = max((north - south) * (1 + 2 * margin), 10.0)
    height = max(height, width / aspect[1])
    width = max(width, height * aspect[0])
    x0, y0 = (west + east) / 2, (south + north) / 2
    return Window(x0 - width / 2, y0 - height / 2, x0 + width / 2, y0 + height / 2)


def ellipse(
    lat_deg: float, lon_deg: float, semi_major_km: float, semi_minor_km: float, major_azimuth_deg: float
) -> tuple[Array, Array]:
    """The outline of an ellipse on the ground: latitude and longitude, deg, [73]."""
    turn = np.linspace(0, 2 * np.pi, 73)
    along, across = semi_major_km * np.cos(turn), semi_minor_km * np.sin(turn)
    bearing = np.radians(major_azimuth_deg) + np.arctan2(across, along)
    # Farther than a quarter of the Earth an ellipse means nothing; it only says "anywhere".
    distance_m = np.minimum(np.hypot(along, across), 10e3) * 1e3
    middle_rad = np.radians(lat_deg), np.radians(lon_deg)
    lat, lon = geometry.great_circle_end(*middle_rad, bearing, distance_m)  # type: ignore[arg-type]
    return np.degrees(lat), np.degrees(lon)
