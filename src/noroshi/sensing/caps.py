"""Caps and streets: what one satellite sees of a round Earth, and what planes of them cover, in closed form.

Wertz, Space Mission Analysis and Design (caps); Rider, J. Astronaut. Sci. 33 (1985) (streets of coverage).
"""

import math

import numpy as np

from noroshi.earth.arrays import Array
from noroshi.earth.constants import GM_M3PS2

RADIUS_M = 6_371e3  # of the round Earth of tables


def period_s(height_m: Array, radius_m: float = RADIUS_M, gm_m3ps2: float = GM_M3PS2) -> Array:
    """One turn of a circular orbit."""
    return 2 * np.pi * np.sqrt((radius_m + height_m) ** 3 / gm_m3ps2)


def cap_rad(
    height_m: Array, elevation_rad: Array, target_m: Array = 0.0, radius_m: float = RADIUS_M
) -> Array:
    """Half angle, at the Earth's centre, of the cap that is seen at `elevation_rad` or higher.

    From a target at height `target_m`: sin eta = (R + target) cos(elevation) / (R + h).
    """
    nadir = np.arcsin((radius_m + target_m) * np.cos(elevation_rad) / (radius_m + height_m))
    return np.pi / 2 - elevation_rad - nadir


def limb_rad(height_m: Array, target_m: Array = 0.0, radius_m: float = RADIUS_M) -> Array:
    """Half angle of the cap in which targets are seen above the Earth's limb."""
    return np.arccos(radius_m / (radius_m + height_m)) + np.arccos(radius_m / (radius_m + target_m))


def share(cap: Array) -> Array:
    """The part of the Earth that a cap of this half angle, rad, holds."""
    return np.sin(cap / 2) ** 2


def elevation_rad(height_m: Array, cap: Array, radius_m: float = RADIUS_M) -> Array:
    """Elevation at which a place on the ground at this angle from the point below sees the satellite."""
    up = (radius_m + height_m) * np.cos(cap) - radius_m
    return np.arctan2(up, (radius_m + height_m) * np.sin(cap))


def street_rad(planes: int, per_plane: int) -> float:
    """Half angle that satellites of polar planes, phased as well as can be, need to cover the Earth.

    (P - 1)(cap + c) + 2 c = pi with cos c = cos(cap) / cos(pi / S): streets of half width c, neighbours
    that move alike side by side, and once round the seam where they do not.
    """
    if planes < 1 or per_plane < 3:
        raise ValueError("streets need a plane or more with three satellites or more")
    # At the least the satellites of a plane touch; then the street has no width.
    low, high = math.pi / per_plane, math.pi / 2
    for _ in range(60):
        cap = (low + high) / 2
        half = math.acos(min(1.0, math.cos(cap) / math.cos(math.pi / per_plane)))
        if (planes - 1) * (cap + half) + 2 * half < math.pi:
            low = cap
        else:
            high = cap
    return (low + high) / 2


def lowest_seen_m(ground_m: Array, effective_earth: float = 1.0, radius_m: float = RADIUS_M) -> Array:
    """Height at which a target this far over the ground rises above the horizon of a radar on the ground."""
    bent_m = radius_m * effective_earth
    return bent_m * (1 / np.cos(ground_m / bent_m) - 1)
