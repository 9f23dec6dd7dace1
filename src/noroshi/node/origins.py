"""Where a thing started: from sights of our own, with the template of a generic boost."""

import math
from collections.abc import Sequence

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.state import Origin
from noroshi.records.detections import Plot
from noroshi.records.tracks import Estimate
from noroshi.tracking.launchpoint import ROWS
from noroshi.tracking.tracker import sights_of

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


def estimate(desk: Desk, plots: list[Plot]) -> tuple[Origin, Estimate]:
    """Launch point from up to ROWS sights, radar plots or lines of sight, and the state at the last."""
    plots = sorted(plots, key=lambda plot: (plot.time_s, plot.sensor))
    rows = [*plots, *[plots[-1]] * (ROWS - len(plots))]
    eyes = [desk.eye(plot.sensor, plot.time_s) for plot in rows]
    valid = np.arange(ROWS) < len(plots)
    first = plots[0]
    place = ground_along(desk, first) if first.sensor in desk.satellites else position(desk, first)
    lat, lon, _ = frames.geodetic(place)
    reference = np.float64(lat), np.float64(lon)
    launch, state = kernels.launch(sights_of(rows, eyes), valid, desk.template, reference, desk.belief)
    cov = np.asarray(launch.cov)
    origin = Origin(
        time_s=float(launch.time_s),
        lat_deg=math.degrees(float(launch.lat_rad)),
        lon_deg=math.degrees(float(launch.lon_rad)),
        sigma_km=math.sqrt((cov[0, 0] + cov[1, 1]) / 2) / 1e3,
        azimuth_deg=math.degrees(float(launch.azimuth_rad)),
        azimuth_sigma_deg=math.degrees(min(math.sqrt(cov[3, 3]), math.pi)),
    )
    return origin, jax.tree.map(np.asarray, state)


def traced_back(estimate: Estimate) -> Origin | None:
    """Launch point of an object that was first seen on its coast; None where its way back meets no ground."""
    source = kernels.source(estimate)
    if not bool(source.found):
        return None
    return Origin(
        time_s=float(source.time_s),
        lat_deg=math.degrees(float(source.lat_rad)),
        lon_deg=math.degrees(float(source.lon_rad)),
        sigma_km=float(source.sigma_m) / 1e3,
        azimuth_deg=math.degrees(float(source.azimuth_rad)),
        azimuth_sigma_deg=math.degrees(min(float(source.azimuth_sigma_rad), math.pi)),
    )
