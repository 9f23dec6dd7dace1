"""When an object may show to a radar at all: seconds in which a look is worth its time."""

import math

import numpy as np

from noroshi.catalogue import eyes
from noroshi.catalogue.sensors import RadarProfile
from noroshi.earth import frames, geometry
from noroshi.exercise.objects import Object
from noroshi.exercise.world import World
from noroshi.records.truth import Kind

# A beam is missed by no more than this, rad.
_MARGIN_RAD = math.radians(0.2)
# An aircraft moves some kilometres in the time for which it is taken to stand still.
_MOVING_RAD = math.radians(3)


def views(one: Object, world: World) -> tuple[np.ndarray, np.ndarray] | None:
    """Per second and radar: may the object be seen at all, and may it be in the search fence? None: never.

    A little wider than the looks themselves decide.
    """
    radars = world.radars.placed
    if one.kind is Kind.FIRE or not radars:
        return None
    count = len(one.position_ecef_m)
    near, fenced = np.zeros((2, count, len(radars)), bool)
    height_m = np.asarray(frames.height(one.position_ecef_m))
    for column, sensor in enumerate(radars):
        profile = sensor.profile
        assert isinstance(profile, RadarProfile)
        reach_m = profile.instrumented_range_km.value * 1e3
        for rows in eyes.stands(sensor, count):
            position = one.position_ecef_m[rows]
            # A flight may outlast the run, beyond which nobody knows where a ship is.
            middle_s = min(one.start_s + (rows.start + rows.stop) / 2, world.scenario.duration_s)
            place, axes = eyes.place_at(sensor, middle_s)
            ends = position[[0, len(position) // 2, -1]]
            length_m = np.linalg.norm(np.diff(ends, axis=0), axis=1).sum()
            if np.linalg.norm(ends - place, axis=1).min() > reach_m + length_m:
                continue
            view = geometry.range_azimuth_elevation(place, axes, position)
            apparent = geometry.refracted_elevation(
                np.float64(frames.geodetic(place)[2]),
                height_m[rows],
                geometry.arc(np.broadcast_to(place, position.shape), position),
                world.air.effective_earth,
            )
            low, high = np.radians([profile.fence_low_deg.value, profile.fence_high_deg.value])
            margin = _MOVING_RAD if eyes.moves(sensor) else _MARGIN_RAD
            lowest = math.radians(profile.elevation_min_deg.value) - margin
            near[rows, column] = (view[:, 0] < reach_m * 1.01) & (apparent > lowest)
            inside = (apparent > low - margin) & (apparent < high + margin)
            fenced[rows, column] = near[rows, column] & inside
    return (near, fenced) if near.any() else None
