"""Flights as samples in time: what was fitted, and what flies on beside it."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames, geometry
from noroshi.errors import FlightError
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, flown
from noroshi.flight.interpolate import hermite
from noroshi.flight.legs import BURNS, Course
from noroshi.flight.missile import Body, Missile, adrift, course, repeated
from noroshi.records.trajectory import Trajectory

# Between nodes a flight is read by cubics. How far they stand apart at first, s: while it burns, where lift
# bends its path, on a plain arc; and near the ground no farther than this share of the time left.
_BURNING_S, _LIFTED_S, _COASTING_S, _LAST_S, _LEFT = 4.0, 10.0, 30.0, 0.5, 0.05
# Then every step is halved, and its halves too where the cubic missed their common node by more than this, m:
# half the step misses a sixteenth.
_OFF_M, _ROUNDS = 1.0, 6


def steps_of(plan: Course) -> Float[np.ndarray, "rows 7"]:
    """Time, s, place, m, and velocity, m/s, along the one flight of a course, its ends included.

    Each node is flown to on its own, by the kernel that flies everything else; they stand so close that
    cubics between them err by decimetres. Raises FlightError when the flight does not get to its end.
    """
    ends = flown(plan)
    if not ends.sound[0]:
        raise FlightError("the flight could not be followed to its end")
    time_s = _nodes(np.append(plan.time_s, ends.time[:, 0] * KILO), plan.falls.glide_ratio[:, 0])
    # The last ends where it ends, by its own event.
    until_s = np.append(time_s[:-1], plan.until_s[0])
    first = [plan.time_s[0], *plan.position_ecef_m[:, 0], *plan.velocity_ecef_mps[:, 0]]
    table = np.concatenate([[first], _rows(plan, time_s, until_s)])
    wide = np.diff(table[:, 0]) > 0
    for _ in range(_ROUNDS):
        before = np.flatnonzero(wide)
        if not len(before):
            break
        between_s = (table[before, 0] + table[before + 1, 0]) / 2
        rows = _rows(plan, between_s, between_s)
        read, _ = hermite(table[:, 0], table[:, 1:4], table[:, 4:], between_s)
        off = np.linalg.norm(read - rows[:, 1:4], axis=1) > _OFF_M
        # The halves of a step stand where it stood.
        halves = np.zeros(len(wide), dtype=bool)
        halves[before] = off
        table = np.insert(table, before + 1, rows, axis=0)
        wide = np.insert(halves, before, off)
    return table


def _rows(plan: Course, time_s: np.ndarray, until_s: np.ndarray) -> Float[np.ndarray, "rows 7"]:
    """Time, place and velocity of the one flight of a course, flown until each of these times."""
    state = flown(replace(repeated(plan, len(time_s)), until_s=until_s)).state[-1]
    return np.concatenate([time_s[:, None], state[:3].T * MEGA, state[3:].T * KILO], axis=1)


def _nodes(edge_s: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Times of the nodes after the start, given where legs begin and end and which falls have lift."""
    down_s = edge_s[-1]
    times = []
    for leg, (start_s, end_s) in enumerate(pairwise(edge_s)):
        step_s = _BURNING_S
        if leg >= BURNS:
            step_s = _LIFTED_S if lifted[leg - BURNS] > 0 else _COASTING_S
        at_s = start_s
        while at_s < end_s:
            at_s += min(step_s, max(_LAST_S, _LEFT * (down_s - at_s)))
            times.append(min(at_s, end_s))
    return np.array(times)


def sampled(table: Float[np.ndarray, "rows 7"], step_s: float, missile: Missile | None) -> Trajectory:
    """A flight every `step_s` from its first node, with a last row at its end, read between its steps."""
    node_s, place, speed = table[:, 0], table[:, 1:4], table[:, 4:]
    time_s = np.append(np.arange(node_s[0], node_s[-1], step_s), node_s[-1])
    position, velocity = hermite(node_s, place, speed, time_s)
    burning = np.zeros(len(time_s), dtype=bool)
    for start_s, end_s in burn_times(missile) if missile is not None else ():
        burning |= (time_s >= start_s) & (time_s < end_s)
    return Trajectory(time_s, position, velocity, burning, np.ones(len(time_s), dtype=bool))


def burn_times(missile: Missile) -> list[tuple[float, float]]:
    """When each stage burns, s after launch, until the thrust is lost."""
    times: list[tuple[float, float]] = []
    now_s, lost_s = 0.0, float(missile.thrust_until_s)
    for stage in missile.stages:
        start_s = now_s + float(stage.gap_s) * bool(times)
        now_s = start_s + float(stage.burn_s)
        times.append((start_s, now_s))
    return [(start_s, min(end_s, lost_s)) for start_s, end_s in times if start_s < lost_s]


def trajectory(fitted: Fit, step_s: float = 1.0) -> Trajectory:
    """The fitted flight every `step_s` from launch to impact."""
    plan = course(fitted.site, fitted.missile, fitted.body, fitted.aim, fitted.earth)
    return sampled(steps_of(plan), step_s, fitted.missile)


def broken(planned: Fit, at_s: float, piece: Body) -> Float[np.ndarray, "rows 7"]:
    """Steps of a flight that breaks up at a time, s after launch: from there those of one piece of it, which
    nothing throws aside.
    """
    whole = steps_of(
        course(planned.site, planned.missile, planned.body, planned.aim, planned.earth, until_s=at_s)
    )
    last = whole[-1]
    falling = steps_of(adrift(last[0], last[None, 1:4], last[None, 4:], piece, planned.earth))
    return np.concatenate([whole, falling[1:]])


def measured(planned: Fit, table: Float[np.ndarray, "rows 7"]) -> Fit:
    """What became of a flight that failed, read off its steps."""
    lat, lon, height_m = frames.geodetic(table[:, 1:4], planned.earth)
    start = math.radians(planned.site.lat_deg), math.radians(planned.site.lon_deg)
    range_m, _ = geometry.great_circle(*start, lat[-1], lon[-1], planned.earth.mean_radius_m)
    return replace(
        planned,
        apogee_km=float(height_m.max()) / KILO,
        range_km=float(range_m) / KILO,
        flight_time_s=float(table[-1, 0]),
        impact_lat_deg=math.degrees(lat[-1]),
        impact_lon_deg=math.degrees(lon[-1]),
    )
