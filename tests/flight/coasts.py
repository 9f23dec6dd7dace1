"""Burnouts to coast from, the propagator compiled once for them, and the same flight by independent code."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from noroshi.earth import atmosphere, frames
from noroshi.earth.model import WGS84, Earth
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA, Coasting
from noroshi.flight.propagator import Lanes, fly, start

TURN = 7.2921150e-5
GM, A, J2 = 3.986004418e14, 6_378_137.0, 1.08262668355e-3
VACUUM = 1e15  # a ballistic coefficient, kg/m2, that no air can slow


@jax.jit
def _coast(position_m, velocity_mps, beta, tolerance, limit_s, to_apogee, max_steps, earth):
    def gauge(y):
        return jnp.where(to_apogee, dynamics.climb(y), dynamics.height(y, earth))

    y = (*(position_m.T / MEGA), *(velocity_mps.T / KILO))
    body = Coasting(beta, earth)
    lanes = start(dynamics.coast, jnp.zeros_like(beta), y, body)
    return fly(dynamics.coast, lanes, jnp.full_like(beta, limit_s / KILO), body, gauge, tolerance, max_steps)


def coast(
    position_m: np.ndarray,
    velocity_mps: np.ndarray,
    beta: np.ndarray,
    tolerance: float,
    limit_s: float = 7200.0,
    to_apogee: bool = False,
    max_steps: int = 1000,
    earth: Earth = WGS84,
) -> Lanes:
    """Fly bodies [L, 3] down to the ground, or up to the apogee; one compiled kernel per number of lanes."""
    lanes = _coast(position_m, velocity_mps, beta, tolerance, limit_s, to_apogee, max_steps, earth)
    return jax.tree.map(np.asarray, lanes)


def state(lanes: Lanes) -> tuple[np.ndarray, np.ndarray]:
    """Positions, m, and velocities, m/s, [L, 3], of lanes."""
    y = np.asarray(lanes.y).T
    return y[:, :3] * MEGA, y[:, 3:] * KILO


def burnouts(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ECEF positions and velocities at burnout anywhere on Earth, and ballistic coefficients.

    Heights 60 to 120 km, speeds 3 to 6 km/s, climbing at 20 to 45 deg, 2 to 10 t/m2.
    """
    chance = np.random.default_rng(seed)
    lat, lon = np.arcsin(chance.uniform(-1, 1, count)), chance.uniform(-np.pi, np.pi, count)
    heading, climb = chance.uniform(0, 2 * np.pi, count), np.radians(chance.uniform(20, 45, count))
    speed = chance.uniform(3e3, 6e3, count)
    enu = np.stack([np.cos(climb) * np.sin(heading), np.cos(climb) * np.cos(heading), np.sin(climb)], axis=-1)
    velocity = np.einsum("li,lij->lj", speed[:, None] * enu, frames.enu_axes(lat, lon))
    return (
        frames.ecef(lat, lon, chance.uniform(60e3, 120e3, count)),
        velocity,
        chance.uniform(2e3, 10e3, count),
    )


def inertial(position_m: np.ndarray, velocity_mps: np.ndarray) -> np.ndarray:
    """Velocity in the frame that does not turn and coincides with ECEF now, m/s."""
    return velocity_mps + TURN * np.stack(
        [-position_m[..., 1], position_m[..., 0], 0 * position_m[..., 2]], axis=-1
    )


_density = jax.jit(atmosphere.density)


def _fall(_: float, state: np.ndarray, beta: float) -> np.ndarray:
    """Inertial equations of motion: the gradient of the J2 potential, and air that turns with the Earth."""
    r, v = state[:3], state[3:]
    size = np.sqrt(r @ r)
    sin2 = (r[2] / size) ** 2
    oblate = 1.5 * J2 * (A / size) ** 2
    pull = -GM / size**3 * r * (1 - oblate * (5 * sin2 - np.array([1, 1, 3])))
    wind = v - TURN * np.array([-r[1], r[0], 0])
    air = float(_density(frames.geodetic(r)[2]))
    return np.concatenate([v, pull - 0.5 * air * np.sqrt(wind @ wind) / beta * wind])


def _ground(_: float, state: np.ndarray, beta: float) -> float:
    return float(frames.geodetic(state[:3])[2])


_ground.terminal, _ground.direction = True, -1  # type: ignore[attr-defined]


def reference(position_m: np.ndarray, velocity_mps: np.ndarray, beta: float) -> tuple[float, np.ndarray]:
    """Time, s, and ECEF place, m, of one impact by SciPy's DOP853 at 1e-12 in the inertial frame."""
    first = np.concatenate([position_m, inertial(position_m, velocity_mps)])
    scale = np.array([1e-5] * 3 + [1e-8] * 3)
    done = solve_ivp(
        _fall, (0, 7200), first, method="DOP853", rtol=1e-12, atol=scale, events=_ground, args=(beta,)
    )
    time_s, there = done.t_events[0][0], done.y_events[0][0]
    angle = TURN * time_s
    turned = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return time_s, turned @ there[:3]
