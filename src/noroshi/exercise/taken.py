"""The plots of a run as a record of detections, with nothing of the truth: what `noroshi track` reads."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import SkywaveProfile
from noroshi.earth import frames, geometry
from noroshi.exercise import draw
from noroshi.exercise.run import run
from noroshi.exercise.world import World
from noroshi.records.detections import Plot, Recorded


def record(world: World, arm: str) -> list[Recorded]:
    """Everything that radars and satellites report under one arm, in the order in which it comes.

    Skywave radars measure along the ground and are left out. The arm is run once more: cues tell radars where
    to look.
    """
    plots: list[Plot] = []
    run(world.scenario, world.seed, arm, world, heard=plots.append)
    sensors = {one.id: one for one in world.scenario.sensors if not isinstance(one.profile, SkywaveProfile)}
    return rows(sensors, [plot for plot in plots if plot.sensor in sensors])


def rows(sensors: Mapping[str, SensorPlacement], plots: Sequence[Plot]) -> list[Recorded]:
    """Plots of placed sensors as rows, their angles in the local horizon of each."""
    return [_row(sensors[plot.sensor], plot) for plot in plots]


def _row(sensor: SensorPlacement, plot: Plot) -> Recorded:
    site, axes = place_at(sensor, plot.time_s)
    lat, lon, height_m = (float(value) for value in frames.geodetic(site))
    enu = frames.enu_axes(lat, lon)
    bias = draw.believed_bias(sensor)
    azimuth, elevation = plot.measurement[1:]
    way = geometry.direction(axes, np.float64(azimuth), np.float64(elevation))
    _, turned, up = (float(value) for value in geometry.range_azimuth_elevation(site, enu, site + 1e6 * way))
    if np.allclose(axes, enu, atol=1e-9):
        sigmas, biases = plot.sigma[1:], (float(bias[1]), float(bias[2]))
    else:
        # A satellite's noise is the same in all directions across its line of sight.
        across = max(math.cos(up), 1e-6)
        sigmas = plot.sigma[1] * math.cos(elevation) / across, plot.sigma[2]
        biases = float(bias[1]) / across, float(bias[2])
    told = Plot(
        sensor=plot.sensor,
        time_s=plot.time_s,
        measurement=(plot.measurement[0], turned, up),
        sigma=(plot.sigma[0], *sigmas),
        cued=plot.cued,
        range_rate_mps=plot.range_rate_mps,
        range_rate_sigma_mps=plot.range_rate_sigma_mps,
    )
    return Recorded(told, math.degrees(lat), math.degrees(lon), height_m, (float(bias[0]), *biases))
