"""Where it will come down: a bundle of flights drawn from what the track knows and does not know.

The flights are shared among the four models by their weights. What burns is a mixture over remaining burn,
further stages, turn of the thrust and failure; what falls carries the covariance of state and drag to the
ground; what glides flies under unknown banks; what flies level has a place after a time and no fall. The
draws are a fixed set of points with exactly zero mean and unit covariance, so that a Gaussian state gives the
linear answer where the flight is linear, and no chance enters.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Bool, Float, Int

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.interpolate import hermite
from noroshi.flight.propagator import ARRIVED, LOST, Lanes, Rhs, fly, fly_logged, start
from noroshi.records.pytree import record
from noroshi.records.tracks import BALLISTIC, BURNING, DRAG, FORCE, GLIDING, LEVEL, STATE, Belief, Estimate
from noroshi.tracking import envelope, lost
from noroshi.tracking.envelope import Course, Steering, Thrusting

LANES = 32
# 64 points on 4,600 km lie some 75 km apart on the ground: the line between them keeps within a kilometre.
POINTS = 64
# How far ahead a level flight is told.
LEVEL_S = 900.0
_ROWS = 128
_LONGEST_S = 3600.0
# The state; exhaust speed, turn up or down, turn sideways, ignition of a further stage, bank, its swing.
_NORMALS = STATE + 6
# Model; end of the stage, whole burn, failure, when it fails, what is left, steering, glide ratio, lift after
# the burn.
_EVENS = 9
_EXHAUST_SIGMA = 0.08
# Share of what coasts within the believed burn that ignites once more. Assumption, 0.01 to 0.1.
_RESTARTS = 0.04
# 1e-5 is a few metres at impact: far below any track's own uncertainty.
_TOLERANCE = 1e-5
_LEAST_KGPM2, _MOST_KGPM2 = 20.0, 5e4


@cache
def points(lanes: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal points [lanes, 16] of exactly zero mean and unit covariance, and even uniforms [lanes, 9].

    Richtmyer's sequence, whose steps are the square roots of primes, through the normal quantile.
    """
    from statistics import NormalDist

    dimensions = _NORMALS + _EVENS
    if lanes <= dimensions:
        raise ValueError(f"{lanes} lanes are too few for {dimensions} dimensions")
    primes = [n for n in range(2, 100) if all(n % k for k in range(2, n))][:dimensions]
    uniform = (0.5 + np.outer(np.arange(1, lanes + 1), np.sqrt(primes))) % 1
    even = (np.argsort(np.argsort(uniform[:, :_EVENS], axis=0), axis=0) + 0.5) / lanes
    normal = np.vectorize(NormalDist().inv_cdf)(uniform[:, _EVENS:])
    normal -= normal.mean(axis=0)
    normal = normal @ np.linalg.inv(np.linalg.cholesky(np.cov(normal.T, bias=True))).T
    return normal, even


@record
class Bundle:
    """Flights of one forecast, all equally likely: impact place and time, the path on the way, which count.

    `valid` are those that come down: only their impacts mean anything. `present` are those whose paths do:
    these and the level ones, which have a place after a time. The ground track has POINTS places evenly in
    time from the state to the impact. Times are seconds after the scenario's epoch, angles geodetic.
    `model` is the model that each was drawn from, `failing` those that fail on the way.
    """

    impact_ecef_m: Float[Array, "L 3"]
    impact_time_s: Float[Array, "L"]
    track_time_s: Float[Array, "L N"]
    track_lat_rad: Float[Array, "L N"]
    track_lon_rad: Float[Array, "L N"]
    model: Int[Array, "L"]
    failing: Bool[Array, "L"]
    valid: Bool[Array, "L"]
    present: Bool[Array, "L"]

    @property
    def burning(self) -> Array:
        """Those drawn as still burning."""
        return self.model == BURNING


def _root(cov: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Lower square root of a covariance that may have lost its last digits of positiveness.

    Cholesky's, on a unit diagonal, where a pivot that is nothing or less gives nothing.
    """
    size = jnp.sqrt(jnp.maximum(jnp.diagonal(cov), 1e-12))
    row = jnp.arange(len(size))

    def column(j: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        rest, root = carry
        pivot = rest[j, j]
        down = jnp.where(row >= j, rest[:, j], 0.0) * lax.rsqrt(jnp.maximum(pivot, 1e-10))
        down = jnp.where(pivot > 1e-10, down, 0.0)
        return rest - jnp.outer(down, down), root.at[:, j].set(down)

    scaled = cov / size[:, None] / size
    _, root = lax.fori_loop(0, len(size), column, (scaled, jnp.zeros_like(scaled)))
    # What is not a number must not turn into no uncertainty.
    return jnp.where(jnp.isfinite(cov).all(), size[:, None] * root, jnp.nan)


def _apart(estimate: Estimate) -> tuple[Array, Array]:
    """Mean and covariance of what burns: an estimate blends its thrust with the nothing of what does not.

    For a share w of thrust f and covariance P the blend has the mean w f and the covariance w P + w (1 - w) f
    f'.
    """
    share = jnp.clip(estimate.burning, 0.2, 1.0)
    force = estimate.mean[FORCE]
    mean = jnp.asarray(estimate.mean).at[FORCE].set(force / share)
    cov = jnp.asarray(estimate.cov).at[FORCE, :].divide(share)
    cov = cov.at[:6, FORCE].divide(share).at[DRAG, FORCE].divide(share)
    # Along the thrust alone, and never to less than a twentieth of it: it is not known to be just these two.
    size2 = force @ force + 1e-12
    along = force / jnp.sqrt(size2)
    spread = along @ cov[FORCE, FORCE] @ along
    least = jnp.minimum(spread, 0.05**2 * size2 / share**2)
    off = jnp.minimum(size2 * (1 - share) / share**2, spread - least)
    return mean, cov.at[FORCE, FORCE].add(-off * jnp.outer(along, along))


def bundle(
    estimate: Estimate,
    launch_time_s: Array,
    belief: Belief,
    unseen_s: Array = 0.0,
    lanes: int = LANES,
) -> Bundle:
    """Fly `lanes` draws of an estimate to the ground.

    Of a lost track: the estimate at its last plot, and the seconds since (lost.widen, lost.fail_share).
    """
    normal, even = (jnp.asarray(drawn) for drawn in points(lanes))
    estimate = lost.widen(estimate, unseen_s)
    reached = jnp.cumsum(estimate.weight) / estimate.weight.sum()
    model = jnp.minimum((reached < even[:, :1]).sum(axis=1), LEVEL)
    end, total, fails, when, remains, how, ratio, gliding = (
        envelope.within(even[:, column], model) for column in range(1, _EVENS)
    )
    burning = model == BURNING

    plain = estimate.mean + normal[:, :STATE] @ _root(estimate.cov).T
    burning_mean, burning_cov = _apart(estimate)
    pushed = burning_mean + normal[:, :STATE] @ _root(burning_cov).T
    state = jnp.where(burning[:, None], pushed, plain)
    position, velocity, force = state[:, :3], state[:, 3:6], state[:, FORCE]
    exhaust_mps = belief.exhaust_mps * jnp.exp(_EXHAUST_SIGMA * normal[:, STATE])
    elapsed_s = jnp.maximum(estimate.time_s - launch_time_s, 0.0)

    failing = fails < jnp.where(burning, lost.fail_share(unseen_s), lost.break_share(unseen_s))
    failing = failing & (model != LEVEL)
    beta = jnp.clip(jnp.exp(state[:, DRAG]), _LEAST_KGPM2, _MOST_KGPM2)
    beta = jnp.where(failing, envelope.pieces_kgpm2(remains), beta)
    size = jnp.linalg.norm(force, axis=-1)
    course = envelope.burns(elapsed_s, size, exhaust_mps, belief, end, total, normal[:, STATE + 3])
    course = _where(failing, envelope.cut(course, when), course)
    again = envelope.restarts(elapsed_s, exhaust_mps, belief, when, total, normal[:, STATE + 3])
    restart = _RESTARTS * (1 + 3 * (1 - jnp.exp(-unseen_s / 60.0)))
    restart = restart * jnp.clip(1 - elapsed_s / belief.burn_high_s, 0.0, 1.0)
    restarting = (model == BALLISTIC) & (1 - fails < restart)
    nothing = jax.tree.map(jnp.zeros_like, course)
    course = _where(burning, course, _where(restarting, again, nothing))

    zero = jnp.zeros(lanes)
    y = (*(position.T / MEGA), *(velocity.T / KILO))
    stands = start(dynamics.coast, zero, y, dynamics.Coasting(beta))
    turns = normal[:, STATE + 1 : STATE + 3]
    steers = envelope.steering(elapsed_s, position, velocity, force, turns, how, ratio, remains)
    steers = replace(steers, follow=jnp.where(burning, steers.follow, 1.0))
    # Where nobody burns or will, nothing is to be flown before the fall.
    still = (jnp.zeros((3, lanes)), tuple(jnp.broadcast_to(column, (3, lanes)) for column in y))
    powered, nodes = lax.cond(
        jnp.any(course.burn_s + course.again_s > 0),
        lambda: _powered(stands, course, steers, size, exhaust_mps, beta),
        lambda: (stands, still),
    )
    # Above the air no filter tells what will glide from what will fall.
    later = jnp.where(
        burning,
        envelope.will_glide(position, velocity, belief),
        envelope.will_pull_up(position, velocity, beta, belief),
    )
    glider = (model == GLIDING) | ((model <= BALLISTIC) & (gliding < later))
    lifted = glider & ~failing
    # What is to glide will be faster; what glides is fast enough not to dive yet.
    dives_mps = jnp.where(model == GLIDING, jnp.linalg.norm(velocity, axis=-1), jnp.inf)
    banks = normal[:, STATE + 4], normal[:, STATE + 5]
    body = envelope.glides(beta, lifted, belief, ratio, when, end, *banks, dives_mps)
    limit = jnp.where(model == LEVEL, 0.0, _LONGEST_S / KILO)
    arrived, (times, path) = _fallen(powered, body, lifted.any(), limit)

    node_s = estimate.time_s + jnp.concatenate([zero[None], nodes[0], times]).T * KILO
    columns = [
        jnp.concatenate([first[None], burnt, rest]).T
        for first, burnt, rest in zip(y, nodes[1], path, strict=True)
    ]
    place, speed = jnp.stack(columns[:3], axis=-1) * MEGA, jnp.stack(columns[3:], axis=-1) * KILO
    share = jnp.linspace(0.0, 1.0, POINTS)
    asked_s = node_s[:, :1] + (node_s[:, -1:] - node_s[:, :1]) * share
    lat, lon, _ = frames.geodetic(jax.vmap(hermite)(node_s, place, speed, asked_s)[0])
    is_level = (model == LEVEL)[:, None]
    level_lat, level_lon = envelope.level(position, velocity, normal[:, STATE + 4], LEVEL_S * share)
    down = (arrived.status == ARRIVED) & (powered.status != LOST) & (model != LEVEL)
    ahead_s = estimate.time_s + LEVEL_S * share
    return Bundle(
        impact_ecef_m=place[:, -1],
        impact_time_s=node_s[:, -1],
        track_time_s=jnp.where(is_level, ahead_s, asked_s),
        track_lat_rad=jnp.where(is_level, level_lat, lat),
        track_lon_rad=jnp.where(is_level, level_lon, lon),
        model=model,
        failing=failing,
        valid=down,
        present=down | (is_level[:, 0] & jnp.isfinite(level_lat).all(axis=1)),
    )


def _fallen(
    lanes: Lanes, body: envelope.Wandering, with_lift: Array, limit: Array
) -> tuple[Lanes, tuple[Array, tuple[Array, ...]]]:
    """Fly every lane to the ground and log its way; the lift is left out where nobody has any."""

    def fallen(rhs: Rhs, body: Any) -> tuple[Lanes, tuple[Array, tuple[Array, ...]]]:
        falling = start(rhs, lanes.t, lanes.y, body, dt=0.02)._replace(status=lanes.status)
        return fly_logged(rhs, falling, limit, body, dynamics.height, _TOLERANCE, _ROWS)

    return lax.cond(
        with_lift,
        lambda: fallen(envelope.wander, body),
        lambda: fallen(dynamics.coast, dynamics.Coasting(1 / body.drag_m2pkg)),
    )


def _where(mask: Array, yes: Course, no: Course) -> Course:
    return jax.tree.map(lambda a, b: jnp.where(mask, a, b), yes, no)


def _powered(
    lanes: Lanes, course: Course, steers: Steering, size_mps2: Array, exhaust_mps: Array, beta: Array
) -> tuple[Lanes, tuple[Array, tuple[Array, ...]]]:
    """Fly the burns and gaps of a course; where each ended: times [3, L] and states."""
    lengths_s = jnp.stack([course.burn_s, course.gap_s, course.again_s])
    sizes = jnp.stack([size_mps2, jnp.zeros_like(size_mps2), course.again_mps2])

    def leg(lanes: Lanes, told: tuple[Array, Array]) -> tuple[Lanes, tuple[Array, tuple[Array, ...]]]:
        lasts_s, acceleration = told
        stage = Thrusting(
            start=lanes.t,
            acceleration_mps2=acceleration,
            exhaust_mps=exhaust_mps,
            along=tuple(steers.along.T),  # type: ignore[arg-type]
            across=tuple(steers.across.T),  # type: ignore[arg-type]
            turn_radps=steers.turn_radps,
            most_rad=steers.most_rad,
            follow=steers.follow,
            ballistic_coefficient_kgpm2=beta,
        )
        again = start(envelope.burn, lanes.t, lanes.y, stage, dt=0.01)._replace(status=lanes.status)
        t_end = lanes.t + lasts_s / KILO
        lanes = fly(envelope.burn, again, t_end, stage, dynamics.height, _TOLERANCE, max_steps=100)
        return lanes, (lanes.t, lanes.y)

    return lax.scan(leg, lanes, (lengths_s, sizes))
