"""What comes down from orbit by itself: where its last fall begins, how it goes on, and how it glows."""

import math
from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from noroshi.compiled import stored
from noroshi.earth import epoch, frames
from noroshi.earth.arrays import Array
from noroshi.earth.atmosphere import log_density
from noroshi.earth.constants import GM_M3PS2
from noroshi.flight import dynamics, propagator
from noroshi.flight.batch import in_jobs
from noroshi.flight.dynamics import KILO, MEGA, Coasting
from noroshi.flight.interpolate import hermite

# Falls are read by cubics between steps of at most this, s: a metre off where the air brakes hardest.
_STEP_S = 4.0
# Two hours: then even the heaviest has come down.
_STEPS = 1800
_LANES = 16
_TOLERANCE = 1e-8


def entry(
    inclination_rad: np.ndarray, along_rad: np.ndarray, lon_rad: np.ndarray, height_m: float
) -> tuple[Float[np.ndarray, "E 3"], Float[np.ndarray, "E 3"]]:
    """ECEF places, m, and velocities, m/s, of circular orbits at their end, `along_rad` from the node."""
    sin, cos = np.sin(inclination_rad), np.cos(inclination_rad)
    lat = np.arcsin(sin * np.sin(along_rad))
    heading = np.arctan2(cos, sin * np.cos(along_rad))[:, None]
    place = np.asarray(frames.ecef(lat, lon_rad, np.full(len(lat), height_m)))
    radius = np.linalg.norm(place, axis=1, keepdims=True)
    east = np.stack([-np.sin(lon_rad), np.cos(lon_rad), np.zeros(len(lat))], axis=-1)
    north = np.cross(place / radius, east)
    inertial = np.sqrt(GM_M3PS2 / radius) * (np.sin(heading) * east + np.cos(heading) * north)
    return epoch.to_ecef(place, inertial, np.float64(0.0))


def falls(
    place_ecef_m: Float[np.ndarray, "E 3"],
    velocity_ecef_mps: Float[np.ndarray, "E 3"],
    ballistic_coefficient_kgpm2: Float[np.ndarray, "E"],
    first_s: Float[np.ndarray, "E"] | None = None,
) -> Iterator[tuple[Float[np.ndarray, "N 3"], Float[np.ndarray, "N 3"], Float[np.ndarray, "N"]]]:
    """Places, m, velocities, m/s, and glow over its peak of each fall, a row a second while it is in the air.

    The first row is at the start, or `first_s` after it; there is none where it is down by then.
    It glows as the power that the air takes from it: density times speed cubed.
    """
    batch = *(place_ecef_m.T / MEGA), *(velocity_ecef_mps.T / KILO), ballistic_coefficient_kgpm2
    time_s, state, power = in_jobs(_logged, batch, job=_LANES)
    for row in range(time_s.shape[1]):
        node_s = time_s[:, row]
        begins_s = 0.0 if first_s is None else float(first_s[row])
        at_s = begins_s + np.arange(math.floor(node_s[-1] - begins_s) + 1.0)
        place, speed = hermite(node_s, state[:, :3, row] * MEGA, state[:, 3:, row] * KILO, at_s)
        # Rows after the last step repeat it.
        last = int(np.searchsorted(node_s, node_s[-1])) + 1
        glow = np.interp(at_s, node_s[:last], power[:last, row])
        yield place, speed, glow / glow.max(initial=1e-300)


@stored
def _logged(batch: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Times, s, states [steps, 6, lanes] in kernel units, and the air's power; the start among them."""
    *y, beta = batch
    body = Coasting(beta)
    begin = propagator.start(dynamics.coast, jnp.zeros_like(beta), tuple(y), body)
    _, (t, states) = propagator.fly_logged(
        dynamics.coast,
        begin,
        jnp.full_like(beta, _STEP_S * _STEPS / KILO),
        body,
        dynamics.height,
        _TOLERANCE,
        _STEPS,
        _STEP_S / KILO,
    )
    time_s = jnp.concatenate([jnp.zeros_like(beta)[None], t]) * KILO
    state = jnp.concatenate([jnp.stack(y)[None], jnp.stack(states, axis=1)])
    across = tuple(jnp.moveaxis(state, 1, 0))
    power = jnp.exp(log_density(dynamics.height(across) * MEGA)) * dynamics.speed(across) ** 3
    return time_s, state, power
