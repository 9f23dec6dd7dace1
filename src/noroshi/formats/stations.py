"""Sensors behind a format that tells neither their names nor their places, and what is seen from there."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.errors import Refused
from noroshi.records.detections import Recorded

_LOWEST_M = -2_000.0  # below any ground, by what a height may be off


@dataclass(frozen=True)
class Station:
    """A sensor behind a SAC and SIC: its name, its place and how sure it is, one sigma each.

    ASTERIX tells neither. Heights are over the ellipsoid; `geoid_m` is how far the geoid lies above it there.
    A range rate is taken where `range_rate_sigma_mps` is finite; `receding` says that positive is going away.
    `position_sigma_m` (each way) stands for a system track that does not tell its accuracy (I062/500).
    """

    sensor: str
    lat_deg: float
    lon_deg: float
    height_m: float
    range_sigma_m: float
    azimuth_sigma_deg: float
    height_sigma_m: float
    geoid_m: float = 0.0
    position_sigma_m: float = 200.0
    range_rate_sigma_mps: float = math.inf
    receding: bool = True
    bias_sigma: tuple[float, float, float] = (0.0, 0.0, 0.0)  # range m, azimuth rad, elevation rad


@cache
def place(station: Station) -> tuple[np.ndarray, np.ndarray]:
    """ECEF place of a station, m, and its axes east, north, up."""
    lat, lon = math.radians(station.lat_deg), math.radians(station.lon_deg)
    return frames.ecef(lat, lon, station.height_m), frames.enu_axes(lat, lon)


def elevation(station: Station, range_m: float, azimuth_rad: float, height_m: float) -> tuple[float, float]:
    """Elevation, rad, at which a target of that range and height is seen, and its sigma.

    On the sphere first, then Newton's steps on the ellipsoid.
    """
    if not range_m:
        raise Refused("height", "a range of nothing has no elevation")
    if height_m < _LOWEST_M:
        raise Refused("height", f"a height of {height_m:.0f} m is under the ground")
    site_m, axes = place(station)
    foot_m = float(np.linalg.norm(site_m))
    top_m = foot_m + height_m - station.height_m
    sine = (top_m**2 - foot_m**2 - range_m**2) / (2 * range_m * foot_m)
    angle = math.asin(min(1.0, max(-1.0, sine)))
    for _ in range(4):
        target_m = site_m + range_m * geometry.direction(axes, azimuth_rad, angle)
        lat, lon, reached_m = frames.geodetic(target_m)
        up = frames.enu_axes(lat, lon)[2]
        off_m = float(reached_m) - height_m
        # How height grows with elevation, and with range.
        by_angle = range_m * float(up @ geometry.direction(axes, azimuth_rad, angle + math.pi / 2))
        by_range = float(up @ (target_m - site_m)) / range_m
        if abs(off_m) < 0.01 or abs(by_angle) < 1e-3 * range_m:
            break
        angle -= off_m / by_angle
    if not abs(off_m) < 1.0 or not abs(angle) <= math.pi / 2 or abs(by_angle) < 1e-3 * range_m:
        raise Refused("height", f"no line of {range_m:.0f} m ends at a height of {height_m:.0f} m")
    return angle, math.hypot(station.height_sigma_m, by_range * station.range_sigma_m) / abs(by_angle)


def seen(
    station: Station, target_m: np.ndarray, across_m: float, up_m: float
) -> tuple[tuple[float, float, float], tuple[float, float, float], np.ndarray]:
    """Range m, azimuth and elevation rad of a place in ECEF, their sigmas, and the unit vector that way.

    The place is known to one sigma of `across_m` each way along the ground and `up_m` upward.
    """
    site_m, axes = place(station)
    if not np.linalg.norm(target_m - site_m) > 1.0:
        raise Refused("height", "is at the station's place")
    polar = geometry.range_azimuth_elevation(site_m, axes, target_m)
    range_m, azimuth_rad, elevation_rad = (float(value) for value in polar)
    if abs(elevation_rad) > math.radians(89.9):
        raise Refused("height", "is right above the station")
    along = geometry.direction(axes, azimuth_rad, elevation_rad)
    beside = geometry.direction(axes, azimuth_rad + math.pi / 2, 0.0)
    above = geometry.direction(axes, azimuth_rad, elevation_rad + math.pi / 2)
    lat, lon, _ = frames.geodetic(target_m)
    there = frames.enu_axes(lat, lon).T * np.array([across_m, across_m, up_m])
    along_m, beside_m, above_m = (float(np.linalg.norm(way @ there)) for way in (along, beside, above))
    sigma = (along_m, beside_m / (range_m * math.cos(elevation_rad)), above_m / range_m)
    return (range_m, azimuth_rad, elevation_rad), sigma, along


def place_of(row: Recorded, station: Station) -> tuple[float, float, float]:
    """Latitude and longitude, rad, and height, m, of what a row measured from its station."""
    range_m, azimuth_rad, elevation_rad = row.plot.measurement
    if not math.isfinite(row.plot.sigma[0]):
        raise Refused("out_of_range", "a plot without a range has no place")
    site_m, axes = place(station)
    lat, lon, height_m = frames.geodetic(
        site_m + range_m * geometry.direction(axes, azimuth_rad, elevation_rad)
    )
    return float(lat), float(lon), float(height_m)
