"""Where a coast came from: an object that was seen only after its burn is flown backwards to the ground.

Nobody saw the boost, so what it adds is a guess: the way back meets the ground near the launch, for a boost
bends little, but a missile on its thrust is slower than one that was thrown, the more the faster it gets.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth import frames, gravity
from noroshi.earth.arrays import Array
from noroshi.records.pytree import record
from noroshi.records.tracks import Estimate

_STEP_S, _STEPS = 5.0, 500
# Along and across the way, one sigma: what boosts differ by. Assumptions, by a factor of two.
_ALONG_M, _ACROSS_M = 25e3, 10e3
# Seconds that a boost takes longer than a throw per m/s of the speed it reaches: gained at 28 m/s2 on average
# (assumption, 20 to 45), most of it late, so that the way takes 0.4 of it at that speed (0.3 to 0.5).
_SLOWER_SPMPS, _SLOWER_SHARE = 0.6 / 28.0, 0.4


@record
class Source:
    """Launch place (geodetic rad), time, direction; one sigma of place, m, time, s, and direction, rad.

    `found` is False where the way back does not meet the ground within 2,500 s.
    """

    lat_rad: Float[Array, ""]
    lon_rad: Float[Array, ""]
    time_s: Float[Array, ""]
    azimuth_rad: Float[Array, ""]
    sigma_m: Float[Array, ""]
    time_sigma_s: Float[Array, ""]
    azimuth_sigma_rad: Float[Array, ""]
    found: Array


def _back(state: Float[Array, "6"], dt_s: Array) -> Float[Array, "6"]:
    """One fourth-order Runge-Kutta step of a coast under J2, backwards where `dt_s` is below 0."""

    def f(x: Array) -> Array:
        return jnp.concatenate([x[3:], gravity.apparent(x[:3], x[3:])])

    k1 = f(state)
    k2 = f(state + dt_s / 2 * k1)
    k3 = f(state + dt_s / 2 * k2)
    k4 = f(state + dt_s * k3)
    return state + dt_s / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def source(estimate: Estimate) -> Source:
    """Fly the state back to the ground, with points of one sigma on all its sides."""
    root = jnp.linalg.cholesky(estimate.cov[:6, :6] + 1e-6 * jnp.eye(6))
    points = jnp.concatenate(
        [estimate.mean[None, :6], estimate.mean[:6] + root.T, estimate.mean[:6] - root.T]
    )

    def one(state: Array) -> tuple[Array, Array, Array, Array]:
        def turn(_: int, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            state, age_s = carry
            up = frames.height(state[:3]) > 0
            moved = jnp.where(up, _back(state, jnp.float64(-_STEP_S)), state)
            return moved, age_s + up * _STEP_S

        state, age_s = jax.lax.fori_loop(0, _STEPS, turn, (state, jnp.zeros(())))
        # On the last step it went under the ground: back up to it along its way.
        height = frames.height(state[:3])
        up = state[:3] / jnp.linalg.norm(state[:3])
        over_s = jnp.where(height < 0, -height / jnp.maximum(state[3:] @ up, 1.0), 0.0)
        place = state[:3] + state[3:] * jnp.minimum(over_s, _STEP_S)
        return place, age_s - over_s, state[3:], height <= 0

    places, ages_s, speeds, found = jax.vmap(one)(points)
    lat, lon, _ = frames.geodetic(places[0])
    axes = frames.enu_axes(lat, lon)
    east, north = axes[0] @ speeds[0], axes[1] @ speeds[0]
    azimuth = jnp.arctan2(east, north)
    off = (places[1:] - places[0]) @ axes[:2].T
    spread = off.T @ off / 2
    along = jnp.stack([jnp.sin(azimuth), jnp.cos(azimuth)])
    across = jnp.stack([jnp.cos(azimuth), -jnp.sin(azimuth)])
    spread = spread + _ALONG_M**2 * jnp.outer(along, along) + _ACROSS_M**2 * jnp.outer(across, across)
    turns = jnp.arctan2(speeds[1:] @ axes[0], speeds[1:] @ axes[1]) - azimuth
    turns = (turns + jnp.pi) % (2 * jnp.pi) - jnp.pi
    slower_s = _SLOWER_SPMPS * jnp.linalg.norm(speeds[0])
    return Source(
        lat,
        lon,
        estimate.time_s - ages_s[0] - slower_s,
        azimuth % (2 * jnp.pi),
        jnp.sqrt(jnp.trace(spread) / 2),
        jnp.sqrt(jnp.sum((ages_s[1:] - ages_s[0]) ** 2) / 2 + (_SLOWER_SHARE * slower_s) ** 2),
        jnp.sqrt(jnp.sum(turns**2) / 2 + jnp.radians(3.0) ** 2),
        found[0],
    )
