"""What flies and is no missile: what goes round in orbit, and what keeps its height at a jet's speed."""

import math

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.flight.space import orbit_of
from noroshi.records.tracks import PLACE, SPEED, Estimate

# An orbit whose perigee surely lies above this does not come down in this turn.
_PERIGEE_KM = 100.0
# Surely: at a speed so many sigmas below the estimate; and not while it may still burn.
_SIGMAS, _BURNS = 2.0, 0.05
# What was recognised is taken back only this surely, in sigmas: else noise would do it.
_DOUBT_SIGMAS = 3.0
# Jet aircraft are slower and keep nearer to their height than any missile for so long (assumption). What
# leaves the ground is as slow at first, but goes nowhere; a lofted missile is so at its top, far too high.
_AIRCRAFT_MPS, _AIRCRAFT_CLIMB_M, AIRCRAFT_SEEN_S = (150.0, 350.0), 2e3, 18.0
_AIRCRAFT_HEIGHT_M = 20e3
# No jet of the fastest above, with the wind behind it and its climb, is as fast (assumption, 350 to 500).
_JET_MPS = 400.0
# Of places longer apart nothing follows: what goes up steeply may come down beside them.
_AIRCRAFT_JUDGED_S = 60.0


def orbits(estimate: Estimate) -> bool:
    """Whether an object surely stays in orbit, by the Kepler orbit through its state."""
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    speed_mps = float(np.linalg.norm(mean[3:6]))
    doubt_mps = _SIGMAS * math.sqrt(float(np.linalg.eigvalsh(cov[3:6, 3:6])[-1]))
    if float(estimate.burning) > _BURNS or speed_mps <= doubt_mps:
        return False
    slower = mean[3:6] * (1 - doubt_mps / speed_mps)
    return orbit_of(mean[:3], slower).perigee_km > _PERIGEE_KM


def comes_down(estimate: Estimate) -> bool:
    """Whether what was taken for a satellite surely does not stay in orbit: its perigee, to first order."""
    mean = np.asarray(estimate.mean)[:6]
    perigee_km = orbit_of(mean[:3], mean[3:]).perigee_km
    if perigee_km > _PERIGEE_KM:
        return False
    steps = np.linalg.cholesky(np.asarray(estimate.cov)[:6, :6]).T
    more, less = (
        np.array([orbit_of((mean + sign * step)[:3], (mean + sign * step)[3:]).perigee_km for step in steps])
        for sign in (1, -1)
    )
    return perigee_km + _DOUBT_SIGMAS * float(np.linalg.norm(more - less)) / 2 < _PERIGEE_KM


def no_aircraft(estimate: Estimate) -> np.ndarray:
    """Whether each of the estimates [...] is surely faster than jets are, or higher."""
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    place, velocity = mean[..., PLACE], mean[..., SPEED]
    speed_mps = np.linalg.norm(velocity, axis=-1)
    slowest_mps = speed_mps - _DOUBT_SIGMAS * _sigma(velocity, cov[..., SPEED, SPEED])
    lowest_m = frames.height(place) - _DOUBT_SIGMAS * _sigma(place, cov[..., PLACE, PLACE])
    return np.asarray((slowest_mps > _JET_MPS) | (lowest_m > _AIRCRAFT_HEIGHT_M))


def _sigma(along: Float[Array, "... 3"], cov: Float[Array, "... 3 3"]) -> Float[Array, "..."]:
    """One sigma along a direction."""
    way = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    return np.sqrt(np.maximum(np.einsum("...i,...ij,...j->...", way, cov, way), 0.0))


def flies_level(first_ecef_m: Float[Array, "3"], last_ecef_m: Float[Array, "3"], between_s: float) -> bool:
    """Whether two places of an object, some time apart, are those of an aircraft."""
    if not AIRCRAFT_SEEN_S <= between_s <= _AIRCRAFT_JUDGED_S:
        return False
    first_m, last_m = float(frames.height(first_ecef_m)), float(frames.height(last_ecef_m))
    if max(first_m, last_m) > _AIRCRAFT_HEIGHT_M or abs(last_m - first_m) > _AIRCRAFT_CLIMB_M:
        return False
    way_m2 = float(np.sum((last_ecef_m - first_ecef_m) ** 2)) - (last_m - first_m) ** 2
    slowest_mps, fastest_mps = _AIRCRAFT_MPS
    return slowest_mps < math.sqrt(max(way_m2, 0.0)) / between_s < fastest_mps
