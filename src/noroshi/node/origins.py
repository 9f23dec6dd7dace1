"""Where a thing started: from sights of our own, with the template of a generic boost."""

import math

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


def position(desk: Desk, plot: Plot) -> np.ndarray:
    """ECEF place of a radar plot, m."""
    station = desk.radars[plot.sensor]
    range_m, azimuth, elevation = (np.float64(value) for value in plot.measurement)
    return station.site_ecef_m + range_m * geometry.direction(station.axes, azimuth, elevation)


def ground_along(desk: Desk, plot: Plot, height_m: float = 15e3) -> np.ndarray:
    """Where a satellite's line of sight meets the sphere `height_m` above the mean Earth, m."""
    satellite = desk.satellites[plot.sensor]
    way = geometry.direction(satellite.axes, np.float64(plot.measurement[1]), np.float64(plot.measurement[2]))
    eye = satellite.site_ecef_m
    along = -eye @ way
    # The ellipsoid's radius at that latitude, from a first turn on the sphere.
    radius = MEAN_RADIUS_M + height_m
    for _ in range(3):
        inside = max(radius**2 - (eye @ eye - along**2), 0.0)
        place = eye + (along - math.sqrt(inside)) * way
        radius += height_m - float(frames.height(place))
    return place


def estimate(desk: Desk, plots: list[Plot]) -> Origin:
    """Launch point from up to ROWS sights, radar plots or lines of sight."""
    plots = sorted(plots, key=lambda plot: (plot.time_s, plot.sensor))
    counts = {plot.sensor: sum(other.sensor == plot.sensor for other in plots) for plot in plots}
    rows = ROWS - len(plots)
    stations = [desk.satellites.get(plot.sensor) or desk.radars[plot.sensor] for plot in plots]
    sigmas = []
    for plot, station in zip(plots, stations, strict=True):
        if plot.sensor in desk.satellites:
            bias = np.array([0.0, *[desk.satellites[plot.sensor].bias_rad] * 2])
        else:
            bias = np.asarray(desk.stations.bias_sigma)[desk.radars[plot.sensor].slot]
        # No missile flies the template; the error, like the bias, is common to a sensor's sights and must
        # not average out with their number.
        range_m = plot.measurement[0] or float(np.linalg.norm(station.site_ecef_m)) - MEAN_RADIUS_M
        generic = _TEMPLATE_M * np.array([1.0, 1 / range_m, 1 / range_m])
        common = counts[plot.sensor] * (bias**2 + generic**2)
        sigmas.append(np.sqrt(np.array(plot.sigma) ** 2 + common))

    def padded(values: list[np.ndarray] | list[float]) -> np.ndarray:
        array = np.array(values, dtype=float)
        return np.concatenate([array, np.repeat(array[-1:], rows, axis=0)])

    sights = Sights(
        time_s=padded([plot.time_s for plot in plots]),
        site_ecef_m=padded([station.site_ecef_m for station in stations]),
        axes=padded([station.axes for station in stations]),
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
