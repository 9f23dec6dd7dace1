"""Worlds of one's own: a few sensors, and objects put where a test wants them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import Scenario
from noroshi.earth import frames
from noroshi.exercise.objects import Object
from noroshi.exercise.watch import Watch
from noroshi.exercise.world import World, build
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.records import keys
from noroshi.records.detections import Plot
from noroshi.records.truth import Kind


def quiet(scenario: Scenario, sensors: Sequence[SensorPlacement], duration_s: float, **more: Any) -> Scenario:
    """A scenario with these sensors alone, in which nobody launches anything."""
    nations = tuple(dict.fromkeys(sensor.nation for sensor in sensors))
    fields = {
        "sensors": tuple(sensors),
        "launches": (),
        "expects": scenario.expected,
        "duration_s": duration_s,
        "nations": nations,
        "arms": {"national": scenario.arms["national"]},
    }
    return scenario.model_copy(update=fields | more)


def world_of(scenario: Scenario, *objects: Object, seed: int = 0) -> World:
    """The world of a scenario without launches, with objects in it beside its own."""
    empty = build(scenario, seed)
    there = (*empty.objects, *objects)
    numbers = np.array([keys.number(one.id) for one in there], dtype=np.uint32)
    end_s = max((one.start_s + len(one.position_ecef_m) for one in there), default=0.0)
    return replace(
        empty, objects=there, numbers=numbers, end_s=min(scenario.duration_s, max(end_s, empty.end_s))
    )


def made(
    name: str,
    kind: Kind,
    position_ecef_m: np.ndarray,
    velocity_ecef_mps: np.ndarray | None = None,
    start_s: float = 0.0,
    rcs_m2: float = 100.0,
    glow: float = 0.0,
    swerling: int = 0,
) -> Object:
    """An object from its rows."""
    rows = len(position_ecef_m)
    still = np.zeros_like(position_ecef_m)
    speed = still if velocity_ecef_mps is None else velocity_ecef_mps
    each = np.ones(rows)
    return Object(name, kind, start_s, position_ecef_m, speed, rcs_m2 * each, glow * each, swerling)


def hovering(name: str, kind: Kind, lat_deg: float, lon_deg: float, height_m: float, rows: int, **more: Any):
    """An object that stands in the air."""
    lat, lon = np.radians([lat_deg, lon_deg])
    place = np.asarray(frames.ecef(lat, lon, np.float64(height_m)))
    return made(name, kind, np.tile(place, (rows, 1)), **more)


def airliner(
    name: str, *points: tuple[float, float], height_m: float = 10e3, mps: float = 230.0, **more: Any
):
    """A jet from place to place, level."""
    flown = cruise(tuple(Waypoint(lat, lon, height_m, mps) for lat, lon in points))
    rows = int(flown.time_s[-1])
    return made(
        name,
        Kind.AIRCRAFT,
        np.asarray(flown.position_ecef_m)[:rows],
        np.asarray(flown.velocity_ecef_mps)[:rows],
        **more,
    )


def plots_of(watch: Watch, seconds: Sequence[int] | range) -> list[Plot]:
    """What all sensors report in these seconds."""
    return [plot for t_s in seconds for _, plot in watch.detections(t_s)]
