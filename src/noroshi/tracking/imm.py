"""Interacting multiple model filter of one object: extended Kalman filters, burning and coasting.

Sensor biases are considered (Schmidt): they widen the covariance through their cross-covariance with the
state, but are never estimated, so that a thousand looks of one biased radar do not make it exact.
Sources: Blom and Bar-Shalom, IEEE TAC 33 (1988); Schmidt, Advances in Control Systems 3 (1966); Joseph form.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth import geometry
from noroshi.earth.arrays import Array
from noroshi.records.pytree import record
from noroshi.records.tracks import BURNING, COASTING, SLOTS, Belief, Estimate, Stations, Track
from noroshi.tracking.motion import process_noise, transition

# Before anything is known: speed and thrust of a missile shortly after its first sight, per axis.
_SPEED_SIGMA_MPS = 2500.0
_THRUST_SIGMA_MPS2 = 40.0
_BURNING_AT_FIRST = 0.9
# Chance per second that a burn ends, over the middle of its believed length, and that one starts again.
_REIGNITION_PER_S = 1e-4
_COAST_THRUST_VARIANCE = 1e-6
# What burns accelerates by at least this; told apart once the thrust is known to within _TOLD_MPS2.
_LEAST_THRUST_MPS2, _TOLD_MPS2 = 8.0, 6.0


@record
class Sight:
    """A radar plot as a filter takes it: range m, azimuth and elevation rad, their sigma, the slot."""

    time_s: Float[Array, ""]
    z: Float[Array, "3"]
    sigma: Float[Array, "3"]
    slot: Array


@record
class Innovation:
    """What a plot told: squared distance from the forecast, in sigmas (3 degrees of freedom)."""

    distance2: Float[Array, ""]
    residual: Float[Array, "3"]


def init(sight: Sight, stations: Stations) -> Track:
    """A track from one plot: its place, with speed and thrust wide open."""
    site, axes = stations.site_ecef_m[sight.slot], stations.axes[sight.slot]
    position, slope = _place(sight.z, site, axes)
    noise = jnp.diag(sight.sigma**2)
    bias = jnp.diag(stations.bias_sigma[sight.slot] ** 2)
    cov = jnp.zeros((9, 9))
    cov = cov.at[:3, :3].set(slope @ (noise + bias) @ slope.T)
    cov = cov.at[jnp.arange(3, 6), jnp.arange(3, 6)].set(_SPEED_SIGMA_MPS**2)
    cross = jnp.zeros((9, SLOTS, 3)).at[:3, sight.slot].set(slope @ bias).reshape(9, -1)
    mean = jnp.concatenate([position, jnp.zeros(6)])
    thrust = jnp.array([_THRUST_SIGMA_MPS2**2, _COAST_THRUST_VARIANCE])
    covs = jnp.stack([cov, cov]).at[:, jnp.arange(6, 9), jnp.arange(6, 9)].set(thrust[:, None])
    weight = jnp.array([_BURNING_AT_FIRST, 1 - _BURNING_AT_FIRST])
    return Track(sight.time_s, jnp.stack([mean, mean]), covs, jnp.stack([cross, cross]), weight)


def _place(z: Array, site: Array, axes: Array) -> tuple[Array, Array]:
    """ECEF position of a plot and its slope by the plot."""

    def place(z: Array) -> Array:
        return site + z[0] * geometry.direction(axes, z[1], z[2])

    return place(z), jax.jacfwd(place)(z)


def _mix(track: Track, dt_s: Array, belief: Belief) -> Track:
    """Blend the two models by the chance that one became the other in `dt_s`."""
    mean_burn_s = (belief.burn_low_s + belief.burn_high_s) / 2
    stops = 1 - jnp.exp(-dt_s / mean_burn_s)
    starts = 1 - jnp.exp(-dt_s * _REIGNITION_PER_S)
    switch = jnp.array([[1 - stops, stops], [starts, 1 - starts]])
    joint = switch * track.weight[:, None]
    weight = joint.sum(axis=0)
    share = joint / weight
    # What came to model j from model i: as it was, but that a burn which ends does so somewhere inside.
    mean, cov = jnp.stack([track.mean] * 2, axis=1), jnp.stack([track.cov] * 2, axis=1)
    pushed, pushed_cov = _burnout(track.mean[BURNING], dt_s)
    mean = mean.at[BURNING, COASTING].add(pushed)
    cov = cov.at[BURNING, COASTING].add(pushed_cov)
    blended = jnp.einsum("ij,ijk->jk", share, mean)
    off = mean - blended[None]
    cov = jnp.einsum("ij,ijkl->jkl", share, cov + off[..., :, None] * off[..., None, :])
    return Track(track.time_s, blended, cov, jnp.einsum("ij,ikl->jkl", share, track.cross), weight)


def _burnout(mean: Array, dt_s: Array) -> tuple[Array, Array]:
    """What a burn that ends at an unknown instant of `dt_s` adds to a coast over all of it: mean and spread.

    Burning on for u adds a u to the velocity and, carried back to the start, -a u^2 / 2 to the place; u is
    uniform. At 100 m/s2 and two seconds that is 60 m/s, one sigma: far more than a track's own.
    """
    thrust = mean[6:]
    none = jnp.zeros(3)
    push = jnp.concatenate([-thrust * dt_s**2 / 6, thrust * dt_s / 2, none])
    shape = jnp.array(
        [[dt_s**4 / 45, -(dt_s**3) / 24, 0.0], [-(dt_s**3) / 24, dt_s**2 / 12, 0.0], [0.0, 0.0, 0.0]]
    )
    return push, jnp.kron(shape, jnp.outer(thrust, thrust))


def drift(track: Track, to_s: Array, belief: Belief) -> Track:
    """Move both models to `to_s`."""
    dt_s = to_s - track.time_s

    def one(mean: Array, cov: Array, cross: Array, burning: Array) -> tuple[Array, Array, Array]:
        moved, F = transition(mean, dt_s, burning, belief.exhaust_mps, belief.ballistic_coefficient_kgpm2)
        # A body that coasts has no thrust; its derivative by thrust is nought already.
        keep = jnp.concatenate([jnp.ones(6), burning * jnp.ones(3)])
        F = keep[:, None] * F
        still = (1 - burning) * _COAST_THRUST_VARIANCE * jnp.diag(jnp.array([0.0] * 6 + [1.0] * 3))
        return keep * moved, F @ cov @ F.T + process_noise(dt_s, burning) + still, F @ cross

    mean, cov, cross = jax.vmap(one)(track.mean, track.cov, track.cross, jnp.array([1.0, 0.0]))
    return Track(to_s, mean, cov, cross, track.weight)


def predict(track: Track, to_s: Array, belief: Belief) -> Track:
    """The track at a later time, wider by what may have happened in between."""
    return drift(_mix(track, to_s - track.time_s, belief), to_s, belief)


def update(track: Track, sight: Sight, stations: Stations) -> tuple[Track, Innovation]:
    """Condition a track that stands at the plot's time on the plot."""
    site, axes = stations.site_ecef_m[sight.slot], stations.axes[sight.slot]
    R = jnp.diag(sight.sigma**2)
    B = jnp.diag(stations.bias_sigma[sight.slot] ** 2)
    mine = jnp.arange(3) + 3 * sight.slot

    def h(x: Array) -> Array:
        return geometry.range_azimuth_elevation(site, axes, x[:3])

    def one(mean: Array, cov: Array, cross: Array) -> tuple[Array, ...]:
        H = jax.jacfwd(h)(mean)
        C = cross[:, mine]
        S = H @ cov @ H.T + H @ C + C.T @ H.T + B + R
        inverse, determinant = _inverse3(S)
        K = (cov @ H.T + C) @ inverse
        residual = sight.z - h(mean)
        residual = residual.at[1].set((residual[1] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        # Joseph form with considered biases: the covariance stays positive when K is not optimal.
        A = jnp.eye(9) - K @ H
        new_cov = A @ cov @ A.T - A @ C @ K.T - K @ C.T @ A.T + K @ (B + R) @ K.T
        new_cross = (A @ cross).at[:, mine].add(-K @ B)
        distance2 = residual @ inverse @ residual
        log_likelihood = -0.5 * (distance2 + jnp.log(determinant))
        return mean + K @ residual, new_cov, new_cross, log_likelihood, distance2, residual

    mean, cov, cross, log_likelihood, distance2, residual = jax.vmap(one)(track.mean, track.cov, track.cross)
    log_weight = jnp.log(track.weight) + log_likelihood
    log_weight = log_weight.at[BURNING].add(_thrust_shows(mean[BURNING], cov[BURNING]))
    weight = jnp.maximum(jax.nn.softmax(log_weight), 1e-9)
    near = jnp.argmin(distance2)
    return (
        Track(track.time_s, mean, cov, cross, weight / weight.sum()),
        Innovation(distance2[near], residual[near]),
    )


def _thrust_shows(mean: Array, cov: Array) -> Array:
    """Log chance that the thrust is more than nothing, once it is known well enough to tell.

    Without it a burning model whose thrust has gone to nought is a coasting one with more noise, and would
    explain every jump between two biased radars better than the truth.
    """
    size = jnp.sqrt(mean[6:] @ mean[6:] + 1e-6)
    along = mean[6:] / size
    sigma = jnp.sqrt(along @ cov[6:, 6:] @ along)
    chance = jax.scipy.stats.norm.logcdf((size - _LEAST_THRUST_MPS2) / sigma)
    return jnp.where(sigma < _TOLD_MPS2, chance, 0.0)


def _inverse3(S: Array) -> tuple[Array, Array]:
    """Inverse and determinant of a symmetric 3 x 3 matrix, by cofactors: no call out of the kernel.

    Scaled to a unit diagonal first, for rows in metres stand beside rows in radians.
    """
    scale = 1 / jnp.sqrt(jnp.diag(S))
    a, b, c = S[0, 1] * scale[0] * scale[1], S[0, 2] * scale[0] * scale[2], S[1, 2] * scale[1] * scale[2]
    determinant = 1 - a * a - b * b - c * c + 2 * a * b * c
    cofactors = jnp.array(
        [
            [1 - c * c, b * c - a, a * c - b],
            [b * c - a, 1 - b * b, a * b - c],
            [a * c - b, a * b - c, 1 - a * a],
        ]
    )
    return cofactors / determinant * scale * scale[:, None], determinant / jnp.prod(scale) ** 2


def weigh(track: Track, sights: Sight, stations: Stations, belief: Belief) -> tuple[Track, Array]:
    """The track at the sights' common time, and how far each sight [R] lies from it, in sigmas squared."""
    moved = predict(track, sights.time_s[0], belief)

    def far(sight: Sight) -> Array:
        return update(moved, sight, stations)[1].distance2

    return moved, jax.vmap(far)(sights)


def absorb(track: Track, sights: Sight, count: Array, stations: Stations) -> tuple[Track, Estimate]:
    """Condition a track that stands at the sights' time on the first `count` of them, one after the other."""

    def one(row: Array, track: Track) -> Track:
        sight = jax.tree.map(lambda column: column[row], sights)
        return update(track, sight, stations)[0]

    track = jax.lax.fori_loop(0, count, one, track)
    return track, collapse(track)


def collapse(track: Track) -> Estimate:
    """One Gaussian with the mean and covariance of the two models together."""
    mean = track.weight @ track.mean
    off = track.mean - mean
    cov = jnp.einsum("i,ikl->kl", track.weight, track.cov + off[:, :, None] * off[:, None, :])
    return Estimate(track.time_s, mean, cov, track.weight[BURNING])
