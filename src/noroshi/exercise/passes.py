"""Satellites through the search fence of a radar: how often, and the orbits that do it.

Objects of one inclination i lie over latitude p with a density 1 / (2 pi^2 r^2 sqrt(sin^2 i - sin^2 p)) per
object, and half of them go north. What crosses the line where the middle of the fence meets their shell is
that density times the speed across the line, over the turning Earth, times its length.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from noroshi.catalogue.background import Satellites
from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import RadarProfile
from noroshi.earth import epoch, geometry
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M, ROTATION_RADPS

# No object is followed for longer, s.
LONGEST_S = 900
_AZIMUTHS, _HEIGHTS = 360, 12
# Objects turn back at their highest latitude, where their density has no bound but a finite sum.
_TURNING = 1e-4
_LOWEST_RAD = math.radians(-1.5)
Site = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Fence:
    """The middle of a radar's fence, and how often objects cross it; one row of `cells` per way to do so.

    Columns of `cells`: radius, m, and its half width, azimuth, rad, and its half width, inclination, rad,
    and 1 northwards, -1 southwards. `crossings_ps` counts both ways through the fence.
    """

    elevation_rad: float
    middle_rad: float
    half_sector_rad: float
    reach_m: float
    cells: Float[np.ndarray, "C 6"]
    crossings_ps: Float[np.ndarray, "C"]

    @property
    def per_day(self) -> float:
        """Crossings in a day."""
        return float(self.crossings_ps.sum()) * 86_400


def fence(satellites: Satellites, sensor: SensorPlacement) -> Fence:
    """The fence of a radar where it stands at the epoch, and what crosses it."""
    profile = sensor.profile
    assert isinstance(profile, RadarProfile)
    low, high = max(profile.fence_low_deg.value, 0.0), profile.fence_high_deg.value
    elevation = math.radians((low + high) / 2)
    half = math.radians(sensor.sector_deg / 2)
    middle = math.radians(sensor.middle_deg)
    reach_m = profile.instrumented_range_km.value * 1e3
    site = place_at(sensor)
    cells, rates = [], []
    azimuth = middle + half * ((2 * np.arange(_AZIMUTHS) + 1) / _AZIMUTHS - 1)
    for shell in satellites.shells if high > 0 else ():
        half_height = (shell.to_km - shell.from_km) * 1e3 / (2 * _HEIGHTS)
        radius = MEAN_RADIUS_M + shell.from_km * 1e3 + half_height * (2 * np.arange(_HEIGHTS) + 1)
        for lane in satellites.lanes:
            number = satellites.objects.value * shell.share.value * lane.share.value / _HEIGHTS
            grid = np.stack(np.meshgrid(radius, azimuth, [1.0, -1.0], indexing="ij"), axis=-1).reshape(-1, 3)
            inclination = math.radians(lane.inclination_deg)
            rate = number * _per_object(site, elevation, grid, inclination) * (2 * half / _AZIMUTHS)
            rate[_slant(site, elevation, grid)[0] > reach_m] = 0.0
            wide = np.full(len(grid), half / _AZIMUTHS)
            flat = np.full(len(grid), half_height)
            tilt = np.full(len(grid), inclination)
            cells.append(np.stack([grid[:, 0], flat, grid[:, 1], wide, tilt, grid[:, 2]], axis=-1)[rate > 0])
            rates.append(rate[rate > 0])
    none = [np.zeros((0, 6))], [np.zeros(0)]
    return Fence(
        elevation, middle, half, reach_m, np.concatenate(cells or none[0]), np.concatenate(rates or none[1])
    )


def _slant(
    site: Site, elevation_rad: float, grid: Float[np.ndarray, "C 3"]
) -> tuple[Float[np.ndarray, "C"], Float[np.ndarray, "C 3"]]:
    """Slant range, m, and ECEF place, m, where the fence's middle meets spheres at azimuths."""
    place, axes = site
    way = geometry.direction(axes, grid[:, 1], np.full(len(grid), elevation_rad))
    along = way @ place
    slant = -along + np.sqrt(along**2 + grid[:, 0] ** 2 - place @ place)
    return slant, place + slant[:, None] * way


def _per_object(
    site: Site, elevation_rad: float, grid: Float[np.ndarray, "C 3"], inclination_rad: float
) -> Float[np.ndarray, "C"]:
    """Crossings a second and per radian of azimuth of one object on each cell's sphere, one way of going."""
    slant, place = _slant(site, elevation_rad, grid)
    radius = grid[:, 0]
    turning = np.sin(inclination_rad) ** 2 - (place[:, 2] / radius) ** 2
    density = 0.5 / (2 * np.pi**2 * radius**2 * np.sqrt(np.maximum(turning, _TURNING)))
    relative = epoch.to_ecef(place, _velocity(place, grid[:, 2], inclination_rad), np.float64(0.0))[1]
    tangent = geometry.direction(site[1], grid[:, 1] + np.pi / 2, np.zeros(len(grid)))
    normal = np.cross(place, tangent)
    across = np.abs(np.sum(relative * normal, axis=-1)) / np.linalg.norm(normal, axis=-1)
    length = slant * math.cos(elevation_rad)
    return np.where(turning > 0, density * across * length, 0.0)


def _velocity(
    place: Float[np.ndarray, "C 3"], northwards: np.ndarray, inclination_rad: float
) -> Float[np.ndarray, "C 3"]:
    """Inertial velocity, m/s, of circular orbits of an inclination at places that they can reach."""
    radius = np.linalg.norm(place, axis=-1)
    cos_lat = np.hypot(place[:, 0], place[:, 1]) / radius
    east = np.cross([0.0, 0.0, 1.0], place) / (radius * cos_lat)[:, None]
    north = np.cross(place / radius[:, None], east)
    sin = np.clip(np.cos(inclination_rad) / cos_lat, -1, 1)
    cos = northwards * np.sqrt(1 - sin**2)
    heading = sin[:, None] * east + cos[:, None] * north
    return np.sqrt(GM_M3PS2 / radius)[:, None] * heading


def draw(fence: Fence, chance: np.random.Generator, number: int) -> Float[np.ndarray, "N 4"]:
    """Ways to cross: radius, m, azimuth and inclination, rad, and 1 northwards or -1 southwards."""
    share = chance.random((3, number))
    if not len(fence.cells):
        return np.zeros((0, 4))
    ladder = np.cumsum(fence.crossings_ps)
    rows = fence.cells[np.searchsorted(ladder, share[0] * ladder[-1], side="right").clip(max=len(ladder) - 1)]
    radius = rows[:, 0] + (2 * share[1] - 1) * rows[:, 1]
    azimuth = rows[:, 2] + (2 * share[2] - 1) * rows[:, 3]
    return np.stack([radius, azimuth, rows[:, 4], rows[:, 5]], axis=-1)


def fly(
    fence: Fence, row: Float[np.ndarray, "4"], site: Site
) -> tuple[Float[np.ndarray, "M 3"], Float[np.ndarray, "M 3"], int]:
    """ECEF places, m, and velocities, m/s, of one pass, a row a second, and when it begins, s after crossing.

    It lasts while it is in range and above the horizon. No rows where it crosses beyond the range, or on its
    second crossing of one pass: that pass is drawn by its first.
    """
    grid = np.array([[row[0], row[1], row[3]]])
    slant, place = _slant(site, fence.elevation_rad, grid)
    none = np.zeros((0, 3)), np.zeros((0, 3)), 0
    if slant[0] > fence.reach_m:
        return none
    speed = _velocity(place, grid[:, 2], row[2])
    turn_radps = math.sqrt(GM_M3PS2 / row[0] ** 3)
    window = min(int(2 * fence.reach_m / 6e3), 2 * LONGEST_S)
    t_s = np.arange(-window, window + 1.0)
    cos, sin = np.cos(turn_radps * t_s)[:, None], np.sin(turn_radps * t_s)[:, None]
    position, velocity = epoch.to_ecef(
        cos * place + sin / turn_radps * speed, cos * speed - sin * turn_radps * place, ROTATION_RADPS * t_s
    )
    view = geometry.range_azimuth_elevation(*site, position)
    there = (view[:, 0] <= fence.reach_m * (1 + 1e-12)) & (view[:, 2] > _LOWEST_RAD)
    gone = np.flatnonzero(~there)
    first = max(gone[gone < window].max(initial=-1) + 1, window - LONGEST_S // 2)
    last = min(gone[gone > window].min(initial=len(t_s)), window + LONGEST_S // 2)
    setting = view[window + 1, 2] < view[window, 2]
    if setting and _rose(fence, view[first:window]):
        return none
    return position[first:last], velocity[first:last], first - window


def _rose(fence: Fence, view: Float[np.ndarray, "N 3"]) -> bool:
    """Whether a pass rose through the fence, inside the sector, before the last row."""
    above = view[:, 2] >= fence.elevation_rad
    up = np.flatnonzero(above[1:] & ~above[:-1])
    off = (view[up, 1] - fence.middle_rad + math.pi) % (2 * math.pi) - math.pi
    return bool(np.any(np.abs(off) <= fence.half_sector_rad))
