"""Directions, distances and horizons."""

from jaxtyping import Float

from noroshi.earth.arrays import Array, namespace
from noroshi.earth.constants import MEAN_RADIUS_M, SEMI_MAJOR_M, SEMI_MINOR_M

# Standard radio refraction: a ray bends as if straight over an Earth of 4/3 the radius.
EFFECTIVE_EARTH = {"none": 1.0, "four-thirds": 4 / 3}


def range_azimuth_elevation(
    site_ecef_m: Float[Array, "3"], axes: Float[Array, "3 3"], position_ecef_m: Float[Array, "... 3"]
) -> Float[Array, "... 3"]:
    """Range, m, azimuth clockwise from north and elevation, rad, as a straight line from the site."""
    xp = namespace(site_ecef_m, axes, position_ecef_m)
    enu = (position_ecef_m - site_ecef_m) @ axes.T
    east, north, up = xp.moveaxis(enu, -1, 0)
    range_m = xp.sqrt(xp.sum(enu**2, axis=-1))
    return xp.stack([range_m, xp.arctan2(east, north), xp.arcsin(up / range_m)], axis=-1)


def direction(axes: Float[Array, "3 3"], azimuth_rad: Array, elevation_rad: Array) -> Float[Array, "3"]:
    """Unit vector in ECEF toward an azimuth and elevation."""
    xp = namespace(axes, azimuth_rad, elevation_rad)
    enu = xp.stack(
        [
            xp.cos(elevation_rad) * xp.sin(azimuth_rad),
            xp.cos(elevation_rad) * xp.cos(azimuth_rad),
            xp.sin(elevation_rad),
        ],
        axis=-1,
    )
    return enu @ axes


def refracted_elevation(
    site_height_m: Array, target_height_m: Array, arc_rad: Array, effective_earth: Array
) -> Array:
    """Elevation, rad, at which a radar sees a target over an effective Earth.

    The textbook form: ground distance kept, Earth's radius times `effective_earth` (1 = no refraction,
    4/3 = standard). It is made for the lower atmosphere: for targets in space near the horizon 4/3 lifts
    them more than a real ray does, so "none" and "four-thirds" bracket the truth.
    """
    xp = namespace(site_height_m, target_height_m, arc_rad, effective_earth)
    radius_m = MEAN_RADIUS_M * effective_earth
    arc = arc_rad / effective_earth
    near, far = radius_m + site_height_m, radius_m + target_height_m
    return xp.arctan2(far * xp.cos(arc) - near, far * xp.sin(arc))


def horizon_arc(site_height_m: Array, target_height_m: Array, effective_earth: Array) -> Array:
    """Angle at the Earth's centre, rad, beyond which the Earth hides a target: both horizons together."""
    xp = namespace(site_height_m, target_height_m, effective_earth)
    radius_m = MEAN_RADIUS_M * effective_earth

    def dip(height_m: Array) -> Array:
        return xp.arccos(radius_m / (radius_m + xp.maximum(height_m, 0.0)))

    return effective_earth * (dip(site_height_m) + dip(target_height_m))


def arc(a_ecef_m: Float[Array, "... 3"], b_ecef_m: Float[Array, "... 3"]) -> Array:
    """Angle at the Earth's centre between two places, rad, exact for small angles too."""
    xp = namespace(a_ecef_m, b_ecef_m)
    cross = xp.linalg.norm(xp.cross(a_ecef_m, b_ecef_m), axis=-1)
    return xp.arctan2(cross, xp.sum(a_ecef_m * b_ecef_m, axis=-1))


def clears_earth(
    eye_ecef_m: Float[Array, "3"], target_ecef_m: Float[Array, "... 3"], margin_m: Array
) -> Array:
    """Whether the straight line from eye to target stays `margin_m` above the ellipsoid.

    The line is scaled so that the ellipsoid becomes the unit sphere.
    """
    xp = namespace(eye_ecef_m, target_ecef_m, margin_m)
    scale = 1 / xp.array([SEMI_MAJOR_M, SEMI_MAJOR_M, SEMI_MINOR_M])
    eye, way = eye_ecef_m * scale, (target_ecef_m - eye_ecef_m) * scale
    along = xp.clip(-xp.sum(eye * way, axis=-1) / xp.sum(way**2, axis=-1), 0.0, 1.0)
    nearest = eye + along[..., None] * way
    return xp.sum(nearest**2, axis=-1) > (1 + margin_m / SEMI_MAJOR_M) ** 2


def great_circle_end(
    lat_rad: Array, lon_rad: Array, bearing_rad: Array, distance_m: Array
) -> tuple[Array, Array]:
    """Latitude and longitude, rad, of the end of a great circle on the sphere of mean radius."""
    xp = namespace(lat_rad, lon_rad, bearing_rad, distance_m)
    arc_rad = distance_m / MEAN_RADIUS_M
    sin_lat = xp.sin(lat_rad) * xp.cos(arc_rad) + xp.cos(lat_rad) * xp.sin(arc_rad) * xp.cos(bearing_rad)
    east = xp.sin(bearing_rad) * xp.sin(arc_rad) * xp.cos(lat_rad)
    lon = lon_rad + xp.arctan2(east, xp.cos(arc_rad) - xp.sin(lat_rad) * sin_lat)
    return xp.arcsin(sin_lat), (lon + xp.pi) % (2 * xp.pi) - xp.pi


def great_circle(
    lat_rad: Array, lon_rad: Array, to_lat_rad: Array, to_lon_rad: Array, radius_m: Array = MEAN_RADIUS_M
) -> tuple[Array, Array]:
    """Distance, m, and initial bearing, rad, between two places on a sphere, by default of mean radius."""
    xp = namespace(lat_rad, lon_rad, to_lat_rad, to_lon_rad)
    east = to_lon_rad - lon_rad
    x = xp.cos(lat_rad) * xp.sin(to_lat_rad) - xp.sin(lat_rad) * xp.cos(to_lat_rad) * xp.cos(east)
    y = xp.sin(east) * xp.cos(to_lat_rad)
    cos = xp.sin(lat_rad) * xp.sin(to_lat_rad) + xp.cos(lat_rad) * xp.cos(to_lat_rad) * xp.cos(east)
    return radius_m * xp.arctan2(xp.hypot(x, y), cos), xp.arctan2(y, x) % (2 * xp.pi)
