"""Space launches: the ascent of a staged launcher into orbit, fitted to what was announced.

The first stage flies a gravity turn, the upper ones turn evenly towards the horizontal. The unknowns are the
first turn, the ideal velocity, the azimuth, the upper stages' pitch and its rate, and the last stage's part
of the velocity; the figures are the orbit, the direction and, where announced, where a spent stage fell.
"""

import math
from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Float

from noroshi.earth import epoch, frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import FlightError
from noroshi.flight.announced import Convention
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, flown
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import Aim, Body, Missile, Site, adrift, ascent
from noroshi.flight.solve import LANES, Unknowns, solve

_SOUGHT = Unknowns(
    low=np.array([math.radians(20), 6.0, -1e3, math.radians(-40), math.radians(-0.4), 0.1, 0.02]),
    high=np.array([math.radians(89.9), 14.0, 1e3, math.radians(80), math.radians(0.1), 0.6, 6.0]),
    probe=np.array([1e-4, 1e-4, 1e-4, 1e-4, 1e-6, 1e-4, 1e-4]),
    stride=np.array([0.1, 0.5, 0.5, 0.2, 0.001, 0.1, 0.5]),
)
_MET_KM = 0.5


@dataclass(frozen=True)
class Orbit:
    """Heights above the mean radius, km, and inclination, deg."""

    perigee_km: float
    apogee_km: float
    inclination_deg: float


@dataclass(frozen=True)
class Wanted:
    """What was announced of a space launch: orbit, direction, and where one stage (1, 2, ...) fell."""

    perigee_km: float
    apogee_km: float
    bearing_deg: float
    convention: Convention = "launch-azimuth"
    fallen_stage: int = 2
    fall_range_km: float | None = None


@dataclass(frozen=True)
class Ascent:
    """A launch that reaches its orbit, and by how much it misses each figure, km (height, speed and path at
    insertion as lengths, stage range, across).
    """

    site: Site
    missile: Missile
    aim: Aim
    insertion_s: float
    orbit: Orbit
    residual_km: tuple[float, ...]
    earth: Earth = WGS84


def orbit_of(place_m: np.ndarray, velocity_mps: np.ndarray, earth: Earth = WGS84) -> Orbit:
    """The Kepler orbit through a state in ECEF, [3] each."""
    _, moving = epoch.to_inertial(place_m, velocity_mps, 0.0, earth.rotation_radps)
    r, spin = float(np.linalg.norm(place_m)), np.cross(place_m, moving)
    major = 1 / (2 / r - float(moving @ moving) / earth.gm_m3ps2)
    parameter = float(spin @ spin) / earth.gm_m3ps2
    e = math.sqrt(max(1 - parameter / major, 0.0))
    low = major * (1 - e) - earth.mean_radius_m
    # What escapes has no apogee.
    high = major * (1 + e) - earth.mean_radius_m if major > 0 else math.inf
    inclination = math.degrees(math.acos(spin[2] / np.linalg.norm(spin)))
    return Orbit(low / KILO, high / KILO, inclination)


def _parted(missile: Missile, last: Array, gap_s: Array) -> Missile:
    """The launcher with `last` as its last stage's part of the velocity and a coast before it."""
    before = missile.stages[:-1]
    stages = [replace(stage, share=(1 - last) / len(before)) for stage in before]
    return replace(missile, stages=(*stages, replace(missile.stages[-1], share=last, gap_s=gap_s)))


def ascend(site: Site, wanted: Wanted, missile: Missile, burnt: Body, earth: Earth = WGS84) -> Ascent:
    """Find the ascent that reaches the announced orbit.

    `burnt` is a spent stage as it falls. Raises FlightError when none does, with the nearest one's orbit, or
    when the launcher has fewer than two stages.
    """
    if len(missile.stages) < 2:
        raise FlightError("a space launch needs at least two stages")
    bearing = math.radians(wanted.bearing_deg)
    major_m = earth.mean_radius_m + (wanted.perigee_km + wanted.apogee_km) / 2 * KILO
    spent_leg = 2 + 2 * (wanted.fallen_stage - 1)
    launch = math.radians(site.lat_deg), math.radians(site.lon_deg)

    def misses(x: np.ndarray) -> np.ndarray:
        parted = _parted(missile, x[5], x[6] * 100)
        aim = Aim(x[0], x[1], x[2], x[3], x[4])
        ends = flown(ascent(site, parted, aim, earth))
        state, time = ends.state[BURNS - 1], ends.time
        place, speed = state[:3].T * MEGA, state[3:].T * KILO
        _, moving = epoch.to_inertial(place, speed, 0.0, earth.rotation_radps)
        r, v = np.linalg.norm(place, axis=1), np.linalg.norm(moving, axis=1)
        due = np.sqrt(earth.gm_m3ps2 * np.maximum(2 / r - 1 / major_m, 1e-9))
        path = np.einsum("li,li->l", place, moving) / (r * v)
        rows = [
            (r - earth.mean_radius_m) / KILO - wanted.perigee_km,
            # 1 m/s is about 3.5 km of apogee; 1 mrad is about 7 km of height over a quarter of a revolution.
            (v - due) * 3.5,
            path * 7000.0,
        ]
        spent = ends.state[spent_leg]
        fallen = flown(adrift(time[spent_leg] * KILO, spent[:3].T * MEGA, spent[3:].T * KILO, burnt, earth))
        lat, lon, _ = frames.geodetic(fallen.state[-1, :3].T * MEGA, earth)
        range_m, seen = geometry.great_circle(*launch, lat, lon, earth.mean_radius_m)
        if wanted.fall_range_km is not None:
            rows.append(range_m / KILO - wanted.fall_range_km)
        turn = (x[2] if wanted.convention == "launch-azimuth" else seen) - bearing
        rows.append(((turn + np.pi) % (2 * np.pi) - np.pi) * 1000.0)
        good = ends.sound & ~ends.landed[BURNS - 1]
        good &= fallen.sound & fallen.landed[-1]
        return np.where(good, np.stack(rows), np.inf)

    guesses = _guesses(bearing)
    off = np.linalg.norm(misses(guesses), axis=0)
    if not np.isfinite(off).any():
        raise FlightError("no ascent leaves the ground and reaches space with these burns")
    first = guesses[:, np.argsort(off)[: _SOUGHT.problems]]
    x, miss = solve(misses, _SOUGHT, first, met=1e-2, rounds=60)
    size = np.linalg.norm(miss, axis=0)
    best = int(np.argmin(size))
    aim = Aim(*(x[i, best : best + 1] for i in range(5)))
    parted = _parted(missile, float(x[5, best]), float(x[6, best]) * 100)
    ends = flown(ascent(site, parted, aim, earth))
    state = ends.state[BURNS - 1, :, 0]
    orbit = orbit_of(state[:3] * MEGA, state[3:] * KILO, earth)
    if not size[best] < _MET_KM:
        fallen = wanted.fall_range_km is not None
        fall = f", stage {wanted.fallen_stage} down at {wanted.fall_range_km:.0f} km" if fallen else ""
        raise FlightError(
            f"no ascent meets an orbit of {wanted.perigee_km:.0f} x {wanted.apogee_km:.0f} km{fall}: "
            f"the nearest reaches {orbit.perigee_km:.0f} x {orbit.apogee_km:.0f} km"
            + (f", stage down {miss[3, best]:+.0f} km off" if fallen else "")
        )
    insertion_s = float(ends.time[BURNS - 1, 0]) * KILO
    return Ascent(site, parted, aim, insertion_s, orbit, tuple(float(m) for m in miss[:, best]), earth)


def planned(found: Ascent, body: Body) -> Fit:
    """An ascent as a flight that has yet to fail: where it comes down is not known."""
    loft, ideal, azimuth, *upper = (float(value[0]) for value in jax.tree.leaves(found.aim))
    nowhere = (math.nan,) * 5
    missed = (0.0, 0.0, 0.0)
    return Fit(
        found.site, found.missile, body, loft, ideal, azimuth, *nowhere, missed, found.earth, tuple(upper)
    )


def _guesses(bearing_rad: float) -> Float[np.ndarray, "7 64"]:
    """A grid of first turns, velocities, pitches and coasts; the rest where launchers have it."""
    turns, speeds, pitches, gaps = np.meshgrid(
        np.radians([66, 74, 80, 85]), [9.2, 9.9], np.radians([5, 20]), [0.1, 0.8, 1.6, 2.6]
    )
    flat = np.full(LANES, 1.0)
    rate = np.radians(-0.06)
    return np.stack(
        [
            turns.ravel(),
            speeds.ravel(),
            flat * bearing_rad,
            pitches.ravel(),
            flat * rate,
            flat * 0.36,
            gaps.ravel(),
        ]
    )
