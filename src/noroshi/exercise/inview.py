"""When an object may show to a radar at all: seconds in which a look is worth its time."""

import math

import numpy as np

from noroshi.catalogue import eyes
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import RadarProfile
from noroshi.earth import frames, geometry
from noroshi.exercise.objects import Object
from noroshi.exercise.world import World
from noroshi.records.truth import Kind

# Refraction of any kind offered bends by less than this, rad, and a fence is missed by no more than that.
_BENDS_RAD, _MARGIN_RAD = math.radians(5), math.radians(0.2)
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
        for rows in _spans(sensor, count):
            position = one.position_ecef_m[rows]
            # A flight may outlast the run, beyond which nobody knows where a ship is.
            middle_s = min(one.start_s + (rows.start + rows.stop) / 2, world.scenario.duration_s)
            place, axes = eyes.place_at(sensor, middle_s)
            ends = position[[0, len(position) // 2, -1]]
            length_m = np.linalg.norm(np.diff(ends, axis=0), axis=1).sum()
            if np.linalg.norm(ends - place, axis=1).min() > reach_m + length_m:
                continue
            view = geometry.range_azimuth_elevation(place, axes, position)
            near[rows, column] = (view[:, 0] < reach_m * 1.01) & (view[:, 2] > -_BENDS_RAD)
            apparent = geometry.refracted_elevation(
                np.float64(frames.geodetic(place)[2]),
                height_m[rows],
                geometry.arc(np.broadcast_to(place, position.shape), position),
                world.air.effective_earth,
            )
            low, high = np.radians([profile.fence_low_deg.value, profile.fence_high_deg.value])
            margin = _MOVING_RAD if eyes.moves(sensor) else _MARGIN_RAD
            inside = (apparent > low - margin) & (apparent < high + margin)
            fenced[rows, column] = near[rows, column] & inside
    return (near, fenced) if near.any() else None


def _spans(sensor: SensorPlacement, count: int) -> list[slice]:
    """Parts of an object's time in which a sensor can be taken to stand still for a first judgement."""
    step = 30 if eyes.moves(sensor) else count
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]
