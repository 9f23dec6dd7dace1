"""Where it will come down: a bundle of flights drawn from what the track knows and does not know.

While the object may still burn the bundle is a mixture over remaining burn, growth and turn of the thrust
(so over reach and loft); afterwards it carries the covariance of the coasting state and of the drag to the
ground. The draws are a fixed set of points with exactly zero mean and unit covariance, so that a Gaussian
state gives the linear answer where the flight is linear, and no chance enters.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA, Burning, Coasting
from noroshi.flight.interpolate import hermite
from noroshi.flight.propagator import ARRIVED, LOST, fly, fly_logged, start
from noroshi.records.pytree import record
from noroshi.records.tracks import Belief, Estimate

LANES = 32
# 64 points on 4,600 km lie some 75 km apart on the ground: the line between them keeps within a kilometre.
POINTS = 64
_ROWS = 96
_LONGEST_S = 3600.0
# State 9, drag, exhaust speed, turn up or down, turn sideways.
_NORMALS = 13
_TURN_SIGMA_RADPS = np.radians([0.15, 0.04])
_EXHAUST_SIGMA = 0.08
# Mass share at burnout over acceleration at launch, s2/m: 5 to 20 % over 13 to 20 m/s2 (1.3 to 2 g).
_DRYNESS = (0.05 / 20, 0.20 / 13)
# 1e-5 is a few metres at impact: far below any track's own uncertainty.
_TOLERANCE = 1e-5


def _points() -> tuple[np.ndarray, np.ndarray]:
    """Normal points [LANES, 13] of exactly zero mean and unit covariance, and even uniforms [LANES, 2].

    The additive recurrence of M. Roberts (2018) on the generalised golden ratio, through the normal quantile.
    """
    from statistics import NormalDist

    dimensions = _NORMALS + 2
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    uniform = (0.5 + np.outer(np.arange(1, LANES + 1), steps)) % 1
    normal = np.vectorize(NormalDist().inv_cdf)(uniform[:, :_NORMALS])
    normal -= normal.mean(axis=0)
    normal = normal @ np.linalg.inv(np.linalg.cholesky(np.cov(normal.T, bias=True))).T
    even = (np.argsort(np.argsort(uniform[:, _NORMALS:], axis=0), axis=0) + 0.5) / LANES
    return normal, even


_NORMAL, _EVEN = _points()


@record
class Bundle:
    """LANES flights of one forecast: impact place and time, the path on the way, which ones may count.

    The ground track has POINTS places evenly in time from the state to the impact. Times are seconds after
    the scenario's epoch, angles geodetic.
    """

    impact_ecef_m: Float[Array, "L 3"]
    impact_time_s: Float[Array, "L"]
    track_time_s: Float[Array, "L N"]
    track_lat_rad: Float[Array, "L N"]
    track_lon_rad: Float[Array, "L N"]
    burning: Bool[Array, "L"]
    valid: Bool[Array, "L"]


def remaining_burn(elapsed_s: Array, acceleration_mps2: Array, belief: Belief, share: Array) -> Array:
    """Seconds of burn left, given that it burns still after `elapsed_s`; `share` in 0..1 picks the quantile.

    A missile that left the ground at a0 and ends with the mass share d burns until its acceleration is
    a0 / d. That ratio is taken log-uniform, given that it is not reached yet; the longest believed burn cuts.
    """
    size = jnp.maximum(acceleration_mps2, 1.0)
    least = jnp.minimum(_DRYNESS[0], 0.9 / size)
    most = jnp.minimum(_DRYNESS[1], 0.98 / size)
    dryness = least * (most / least) ** share
    fuel_s = belief.exhaust_mps / size * (1 - dryness * size)
    return jnp.minimum(fuel_s, jnp.maximum(belief.burn_high_s - elapsed_s, 5.0))


def bundle(estimate: Estimate, launch_time_s: Array, belief: Belief) -> Bundle:
    """Fly LANES draws of the estimate to the ground."""
    normal, even = jnp.asarray(_NORMAL), jnp.asarray(_EVEN)
    root = jnp.linalg.cholesky(estimate.cov + 1e-6 * jnp.eye(9))
    state = estimate.mean + normal[:, :9] @ root.T
    position, velocity, thrust = state[:, :3], state[:, 3:6], state[:, 6:]
    burning = even[:, 0] < estimate.burning
    beta = belief.ballistic_coefficient_kgpm2 * belief.ballistic_coefficient_ratio ** normal[:, 9]

    size = jnp.linalg.norm(thrust, axis=-1, keepdims=True)
    elapsed_s = estimate.time_s - launch_time_s
    burn_s = jnp.where(burning, remaining_burn(elapsed_s, size[:, 0], belief, even[:, 1]), 0.0)
    along = thrust / jnp.maximum(size, 1e-9)
    up = position / jnp.linalg.norm(position, axis=-1, keepdims=True)
    side = jnp.cross(along, up)
    side = side / jnp.maximum(jnp.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    turn = normal[:, 11:13] * _TURN_SIGMA_RADPS
    across = turn[:, :1] * jnp.cross(side, along) + turn[:, 1:] * side
    rate = jnp.linalg.norm(across, axis=-1, keepdims=True)
    across = across / jnp.maximum(rate, 1e-12)

    zero = jnp.zeros(LANES)
    y = (*(position.T / MEGA), *(velocity.T / KILO))
    seen = Burning(
        acceleration_mps2=size[:, 0],
        exhaust_mps=belief.exhaust_mps * jnp.exp(_EXHAUST_SIGMA * normal[:, 10]),
        along=tuple(along.T),
        across=tuple(across.T),
        turn_radps=rate[:, 0],
        ballistic_coefficient_kgpm2=beta,
    )
    lanes = start(dynamics.burn_on, zero, y, seen)
    lanes = fly(dynamics.burn_on, lanes, burn_s / KILO, seen, dynamics.height, _TOLERANCE, max_steps=100)
    body = Coasting(beta)
    coasting = start(dynamics.coast, lanes.t, lanes.y, body, dt=0.02)._replace(status=lanes.status)
    limit = jnp.full(LANES, _LONGEST_S / KILO)
    end, (times, path) = fly_logged(dynamics.coast, coasting, limit, body, dynamics.height, _TOLERANCE, _ROWS)

    def whole(first: Array, burnt: Array, rest: Array) -> Array:
        return jnp.concatenate([first[None], burnt[None], rest]).T

    nodes = [whole(*parts) for parts in zip(y, lanes.y, path, strict=True)]
    place, speed = jnp.stack(nodes[:3], axis=-1) * MEGA, jnp.stack(nodes[3:], axis=-1) * KILO
    node_s = estimate.time_s + whole(zero, lanes.t, times) * KILO
    asked_s = node_s[:, :1] + (node_s[:, -1:] - node_s[:, :1]) * jnp.linspace(0.0, 1.0, POINTS)
    lat, lon, _ = frames.geodetic(jax.vmap(hermite)(node_s, place, speed, asked_s)[0])
    return Bundle(
        impact_ecef_m=place[:, -1],
        impact_time_s=node_s[:, -1],
        track_time_s=asked_s,
        track_lat_rad=lat,
        track_lon_rad=lon,
        burning=burning,
        valid=(end.status == ARRIVED) & (lanes.status != LOST),
    )
