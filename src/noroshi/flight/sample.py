"""Flights as samples in time: what was fitted, and what flies on beside it."""

import numpy as np
from jaxtyping import Float

from noroshi.errors import FlightError
from noroshi.flight import legs
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, lanes
from noroshi.flight.interpolate import hermite
from noroshi.flight.legs import Course
from noroshi.flight.missile import Missile, course
from noroshi.records.trajectory import Trajectory

_TOLERANCE = np.float64(1e-6)
# Flights of one call of the kernel that keeps its steps.
_TOGETHER = 8


def steps_of(plan: Course) -> list[Float[np.ndarray, "rows 7"]]:
    """Time, s, place, m, and velocity, m/s, of each flight of a course after each step, the start first.

    Raises FlightError when one does not get to its end.
    """
    tables = []
    for first in range(0, len(plan.time_s), _TOGETHER):
        part = lanes(plan, first, _TOGETHER)
        flown = legs.steps(part, _TOLERANCE)
        log, sound = np.asarray(flown.log), np.asarray(flown.sound)
        for lane in range(min(_TOGETHER, len(plan.time_s) - first)):
            if not sound[lane]:
                raise FlightError("the flight could not be followed to its end")
            rows = log[:, :, lane] * [KILO, *[MEGA] * 3, *[KILO] * 3]
            start = [part.time_s[lane], *part.position_ecef_m[:, lane], *part.velocity_ecef_mps[:, lane]]
            table = np.concatenate([np.array(start)[None], rows])
            tables.append(table[np.concatenate([[True], np.diff(table[:, 0]) > 0])])
    return tables


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
    """When each stage burns, s after launch."""
    times: list[tuple[float, float]] = []
    now_s = 0.0
    for stage in missile.stages:
        start_s = now_s + float(stage.gap_s) * bool(times)
        now_s = start_s + float(stage.burn_s)
        times.append((start_s, now_s))
    return times


def trajectory(fitted: Fit, step_s: float = 1.0) -> Trajectory:
    """The fitted flight every `step_s` from launch to impact."""
    plan = course(fitted.site, fitted.missile, fitted.body, fitted.aim, fitted.earth)
    return sampled(steps_of(plan)[0], step_s, fitted.missile)
