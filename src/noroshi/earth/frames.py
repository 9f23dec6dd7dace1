"""Frames: geodetic (WGS 84), Earth-centred Earth-fixed (ECEF), local east-north-up (ENU)."""

from jaxtyping import Float

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.constants import ECCENTRICITY2, SEMI_MINOR_M
from noroshi.earth.model import WGS84, Earth


def ecef(lat_rad: Array, lon_rad: Array, height_m: Array, earth: Earth = WGS84) -> Float[Array, "... 3"]:
    """ECEF position, m, of a geodetic place."""
    xp = namespace(lat_rad, lon_rad, height_m)
    sin_lat, cos_lat = xp.sin(lat_rad), xp.cos(lat_rad)
    normal_m = earth.semi_major_m / xp.sqrt(1 - earth.eccentricity2 * sin_lat**2)
    return xp.stack(
        [
            (normal_m + height_m) * cos_lat * xp.cos(lon_rad),
            (normal_m + height_m) * cos_lat * xp.sin(lon_rad),
            (normal_m * (1 - earth.eccentricity2) + height_m) * sin_lat,
        ],
        axis=-1,
    )


def geodetic(position_ecef_m: Float[Array, "... 3"], earth: Earth = WGS84) -> tuple[Array, Array, Array]:
    """Latitude and longitude, rad, and height, m, above the ellipsoid.

    Bowring's start and two fixed-point turns: below a micrometre from -10 km to 50,000 km.
    """
    xp = namespace(position_ecef_m)
    x, y, z = xp.moveaxis(position_ecef_m, -1, 0)
    axis_m = xp.sqrt(x**2 + y**2)
    major_m, minor_m, eccentricity2 = earth.semi_major_m, earth.semi_minor_m, earth.eccentricity2
    second2 = eccentricity2 / (1 - eccentricity2)
    reduced = xp.arctan2(z * major_m, axis_m * minor_m)
    for _ in range(2):
        lat = xp.arctan2(
            z + second2 * minor_m * xp.sin(reduced) ** 3,
            axis_m - eccentricity2 * major_m * xp.cos(reduced) ** 3,
        )
        reduced = xp.arctan2(minor_m * xp.sin(lat), major_m * xp.cos(lat))
    sin_lat, cos_lat = xp.sin(lat), xp.cos(lat)
    # Along the normal, which holds at the poles too.
    height_m = axis_m * cos_lat + z * sin_lat - major_m * xp.sqrt(1 - eccentricity2 * sin_lat**2)
    return lat, xp.arctan2(y, x), height_m


def enu_axes(lat_rad: Array, lon_rad: Array) -> Float[Array, "... 3 3"]:
    """Rows east, north, up: `axes @ vector_ecef` is the vector in ENU."""
    xp = namespace(lat_rad, lon_rad)
    sin_lat, cos_lat = xp.sin(lat_rad), xp.cos(lat_rad)
    sin_lon, cos_lon = xp.sin(lon_rad), xp.cos(lon_rad)
    zero = xp.zeros_like(sin_lat * sin_lon)
    east = xp.stack([-sin_lon + zero, cos_lon + zero, zero], axis=-1)
    north = xp.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat + zero], axis=-1)
    up = xp.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat + zero], axis=-1)
    return xp.stack([east, north, up], axis=-2)


def height(position_ecef_m: Float[Array, "... 3"]) -> Array:
    """Quick height, m: radius less the ellipsoid's at that geocentric latitude.

    Exact on the ellipsoid, below 1 m off up to 100 km, below 20 m up to 2,000 km.
    """
    xp = namespace(position_ecef_m)
    radius2 = xp.sum(position_ecef_m**2, axis=-1)
    sin2 = position_ecef_m[..., 2] ** 2 / radius2
    return xp.sqrt(radius2) - SEMI_MINOR_M / xp.sqrt(1 - ECCENTRICITY2 * (1 - sin2))
