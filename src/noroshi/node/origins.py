"""Where a thing started: from sights of our own, with the template of a generic boost."""

import math
from collections.abc import Sequence

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.state import Origin
from noroshi.records.detections import Plot
from noroshi.tracking.launchpoint import ROWS, Sights

# How far a real boost strays from the generic one, m, while it is fitted.
_TEMPLATE_M = 3e3
# Beyond so many sigmas a source has moved: one check in 270,000 of one that stands still says so by chance.
_MOVED = 5.0


def position(desk: Desk, plot: Plot) -> np.ndarray:
    """ECEF place of a radar plot, m."""
    site, axes = desk.radars[plot.sensor].at(plot.time_s)
    range_m, azimuth, elevation = (np.float64(value) for value in plot.measurement)
    return site + range_m * geometry.direction(axes, azimuth, elevation)


def beyond_horizon(desk: Desk, plot: Plot) -> np.ndarray:
    """ECEF place on the ground of a skywave radar's plot, m."""
    site, _ = desk.skywaves[plot.sensor](plot.time_s)
    lat, lon, _ = frames.geodetic(site)
    there = geometry.great_circle_end(
        lat, lon, np.float64(plot.measurement[1]), np.float64(plot.measurement[0])
    )
    return np.asarray(frames.ecef(*there, np.float64(0.0)))


def ground_along(desk: Desk, plot: Plot, height_m: float = 15e3) -> np.ndarray:
    """Where a satellite's line of sight meets the sphere `height_m` above the mean Earth, m."""
    eye, axes = desk.satellites[plot.sensor].at(plot.time_s)
    way = geometry.direction(axes, np.float64(plot.measurement[1]), np.float64(plot.measurement[2]))
    along = -eye @ way
    # The ellipsoid's radius at that latitude, from a first turn on the sphere.
    radius = MEAN_RADIUS_M + height_m
    for _ in range(3):
        inside = max(radius**2 - (eye @ eye - along**2), 0.0)
        place = eye + (along - math.sqrt(inside)) * way
        radius += height_m - float(frames.height(place))
    return place


def moves(desk: Desk, plots: Sequence[Plot]) -> bool:
    """Whether a source seen by one satellite has moved between its first and its last scan, beyond chance."""
    first, last = plots[0], plots[-1]
    if first is last:
        return False
    eye, _ = desk.satellites[last.sensor].at(last.time_s)
    # On the ground, where fires are: higher up, one that stands still would shift as the satellite moves.
    before, after = ground_along(desk, first, 0.0), ground_along(desk, last, 0.0)
    range_m = float(np.linalg.norm(after - eye))
    # Across the line of sight of the last one.
    off_m = float(np.linalg.norm(np.cross(before - eye, after - eye))) / range_m
    return off_m > _MOVED * range_m * math.hypot(first.sigma[1], last.sigma[1])


def estimate(desk: Desk, plots: list[Plot]) -> Origin:
    """Launch point from up to ROWS sights, radar plots or lines of sight."""
    plots = sorted(plots, key=lambda plot: (plot.time_s, plot.sensor))
    counts = {plot.sensor: sum(other.sensor == plot.sensor for other in plots) for plot in plots}
    rows = ROWS - len(plots)
    stations = [
        (desk.satellites.get(plot.sensor) or desk.radars[plot.sensor]).at(plot.time_s) for plot in plots
    ]
    sigmas = []
    for plot, (site, _) in zip(plots, stations, strict=True):
        if plot.sensor in desk.satellites:
            bias = np.array([0.0, *[desk.satellites[plot.sensor].bias_rad] * 2])
        else:
            bias = np.asarray(desk.stations.bias_sigma)[desk.radars[plot.sensor].slot]
        # No missile flies the template; the error, like the bias, is common to a sensor's sights and must
        # not average out with their number.
        range_m = plot.measurement[0] or float(np.linalg.norm(site)) - MEAN_RADIUS_M
        generic = _TEMPLATE_M * np.array([1.0, 1 / range_m, 1 / range_m])
        common = counts[plot.sensor] * (bias**2 + generic**2)
        sigmas.append(np.sqrt(np.array(plot.sigma) ** 2 + common))

    def padded(values: list[np.ndarray] | list[float]) -> np.ndarray:
        array = np.array(values, dtype=float)
        return np.concatenate([array, np.repeat(array[-1:], rows, axis=0)])

    sights = Sights(
        time_s=padded([plot.time_s for plot in plots]),
        site_ecef_m=padded([site for site, _ in stations]),
        axes=padded([axes for _, axes in stations]),
        z=padded([np.array(plot.measurement) for plot in plots]),
        sigma=padded(sigmas),
        valid=np.arange(ROWS) < len(plots),
    )
    first = plots[0]
    place = ground_along(desk, first) if first.sensor in desk.satellites else position(desk, first)
    lat, lon, _ = frames.geodetic(place)
    launch = kernels.launch(sights, desk.template, (np.float64(lat), np.float64(lon)))
    cov = np.asarray(launch.cov)
    return Origin(
        time_s=float(launch.time_s),
        lat_deg=math.degrees(float(launch.lat_rad)),
        lon_deg=math.degrees(float(launch.lon_rad)),
        sigma_km=math.sqrt((cov[0, 0] + cov[1, 1]) / 2) / 1e3,
        azimuth_deg=math.degrees(float(launch.azimuth_rad)),
        azimuth_sigma_deg=math.degrees(min(math.sqrt(cov[3, 3]), math.pi)),
    )
