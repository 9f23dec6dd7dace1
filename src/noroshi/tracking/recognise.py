"""What flies and is no missile: what goes round in orbit, and what keeps its height at a jet's speed."""

import math

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.flight.space import orbit_of
from noroshi.records.tracks import Estimate

# An orbit whose perigee surely lies above this does not come down in this turn.
_PERIGEE_KM = 100.0
# Surely: at a speed so many sigmas below the estimate; and not while it may still burn.
_SIGMAS, _BURNS = 2.0, 0.05
# Jet aircraft are slower and keep nearer to their height than any missile for so long (assumption). What
# leaves the ground is as slow at first, but goes nowhere; a lofted missile is so at its top, far too high.
_AIRCRAFT_MPS, _AIRCRAFT_CLIMB_M, AIRCRAFT_SEEN_S = (150.0, 350.0), 2e3, 18.0
_AIRCRAFT_HEIGHT_M = 20e3
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
