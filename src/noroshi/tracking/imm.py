"""Interacting multiple model filter of one object: four extended Kalman filters and their probabilities.

Sensor biases are considered (Schmidt): they widen the covariance through their cross-covariance with the
state, but are never estimated, so that a thousand looks of one biased radar do not make it exact.
Sources: Blom and Bar-Shalom, IEEE TAC 33 (1988); Schmidt, Advances in Control Systems 3 (1966); Joseph form.

A measurement is made linear where prior and plot together put the object, not at the prior, and what its
curve leaves there widens it: at long range, where a prior or a plot is wide across the line of sight, this
is what converted measurements are good for (Lerro and Bar-Shalom, IEEE TAES 29, 1993), and it serves angles
alone.

Every function is of one track and may be vmapped; then it runs with the tracks last (`_many`). A long batch
is quickest some 64 tracks at a time: jax.lax.map(function, (tracks, sights), batch_size=64).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import Float

from noroshi.earth import geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.pytree import record
from noroshi.records.tracks import (
    BALLISTIC,
    BURNING,
    DRAG,
    FORCE,
    GLIDING,
    LEVEL,
    MODELS,
    PLACE,
    SEATS,
    SPEED,
    STATE,
    Belief,
    Estimate,
    Sight,
    Track,
)
from noroshi.tracking import motion
from noroshi.tracking.motion import Three, apart, dot, stack, times

_COUNT = len(MODELS)
# Before anything is known: speed per axis by model, m/s, and thrust, m/s2. Assumption: 1,500 to 4,000 and
# 20 to 80; what flies level is slow.
_SPEED_SIGMA_MPS = np.array([2500.0, 2500.0, 2500.0, 300.0])
_THRUST_SIGMA_MPS2 = 40.0
# Where only a direction is measured: the height in which the line of sight is cut, and how far off it may be.
_UNSEEN_HEIGHT_M, _UNSEEN_SIGMA_M = 60e3, 150e3
# First probabilities: low in the air, in thin air, above it. Assumption.
_FIRST = np.array([[0.45, 0.2, 0.1, 0.25], [0.6, 0.25, 0.145, 0.005], [0.7, 0.299, 0.0009, 0.0001]])
_LEAST_WEIGHT = 1e-9
# Below this a model has no part in what is told as one Gaussian.
_HARDLY = 0.01
# Chances per second, assumptions with ranges of a factor of ten: a burn starts again (of missiles with stages
# each pauses once or twice in some 200 s of burn; of coasts of a thousand seconds few end so); one flies on
# its lift where the air bears it; a glide is given up, and where the air does not bear it; one flies level
# where it is slow and low; that is given up; at least.
_REIGNITION_PS, _LIFTS_PS, _DROPS_PS, _FALLS_PS = 2e-4, 0.02, 0.005, 0.05
# Stages follow each other below some height, m; what coasts far above is burnt out. Assumption, 200 to 500e3.
_STAGES_M, _STAGES_SOFT_M = 300e3, 50e3
_LEVELS_PS, _LEAVES_PS, _RARE_PS = 2e-3, 2e-3, 1e-7
# The air bears a glide where it can lift this much, m/s2; level flight is below this height and speed and
# does not climb more quickly, m/s: fighters at their best do 250 to 300. Assumption, 150 to 300.
_BEARS_MPS2, _LOW_M, _SLOW_MPS, _CLIMBS_MPS = 3.0, 25e3, 1200.0, 200.0
# Chance per second that what is not borne so is no longer held for level flight; assumption, 0.1 to 1.
_UNBORNE_PS = 0.5
# What burns accelerates by at least this; told apart once the thrust is known to within _TOLD_MPS2.
_LEAST_THRUST_MPS2, _TOLD_MPS2 = 8.0, 6.0
# Glide ratio where no belief is given: from_estimate. Public figures of gliders lie between 2 and 4.
_GLIDE_RATIO = 3.0

_FORCED = np.isin(np.arange(STATE), np.arange(STATE)[FORCE])
_FREE = 1.0 - _FORCED
_FORCE_DIAGONAL = np.diag(1.0 * _FORCED)


@record
class Innovation:
    """What a measurement told of a track, and how well it fits.

    `distance2` in sigmas squared and `residual` are those of the nearest model; `log_likelihood` is of the
    measurement under all models together, a density per m, rad, rad, m/s as measured. `freedom` is how many
    of the four were measured.
    """

    distance2: Float[Array, ""]
    log_likelihood: Float[Array, ""]
    residual: Float[Array, "4"]
    freedom: Float[Array, ""]


# --- beginning ----------------------------------------------------------------------------------------------


def init(sight: Sight, belief: Belief) -> Track:
    """A track from one measurement: its place, with speed and force wide open.

    Without a range it stands where the line of sight is 60 km high (or nearest the ground), and its depth is
    open; sharper beginnings come from `from_estimate`.
    """
    seen = jnp.isfinite(sight.sigma[:3])
    z = jnp.where(seen, sight.z[:3], jnp.array([1.0, 0.0, 0.0]))
    z = z.at[0].set(jnp.where(seen[0], z[0], _cut(sight, z)))
    position, by_plot = _place(z, sight.site_ecef_m, sight.axes)
    sigma = jnp.where(seen, sight.sigma[:3], jnp.array([_UNSEEN_SIGMA_M, jnp.pi, jnp.pi / 2]))
    bias2 = sight.bias_sigma**2
    cov = jnp.zeros((STATE, STATE)).at[PLACE, PLACE].set((by_plot * (sigma**2 + bias2)) @ by_plot.T)
    log_beta = jnp.log(belief.ballistic_coefficient_kgpm2)
    mean = jnp.concatenate([position, jnp.zeros(6), log_beta[None]])
    cov = cov.at[DRAG, DRAG].set(jnp.log(belief.ballistic_coefficient_ratio) ** 2)
    means, covs = [], []
    for model in range(_COUNT):
        force, sigma2 = _sets_in(model, mean, belief.glide_ratio_high)
        spread = jnp.zeros(STATE).at[SPEED].set(_SPEED_SIGMA_MPS[model] ** 2).at[FORCE].set(sigma2)
        means.append(mean.at[FORCE].set(force))
        covs.append(cov + jnp.diag(spread))
    # Of an unmeasured component no bias speaks.
    cross = jnp.zeros((STATE, SEATS, 3)).at[PLACE, 0].set(by_plot * jnp.where(seen, bias2, 0.0))
    height = motion.height(mean)
    weight = jnp.where(height < 25e3, _FIRST[0], jnp.where(height < 90e3, _FIRST[1], _FIRST[2]))
    return Track(
        sight.time_s,
        jnp.stack(means),
        jnp.stack(covs),
        jnp.stack([cross.reshape(STATE, -1)] * _COUNT),
        weight,
        jnp.zeros(SEATS, int).at[0].set(sight.sensor),
        jnp.full(SEATS, -jnp.inf).at[0].set(sight.time_s),
    )


def _cut(sight: Sight, z: Array) -> Array:
    """Range, m, where a line of sight is some 60 km high, or nearest the ground."""
    way = geometry.direction(sight.axes, z[1], z[2])
    site = sight.site_ecef_m
    along = -(site @ way)
    radius = MEAN_RADIUS_M + _UNSEEN_HEIGHT_M
    inside2 = along**2 - (site @ site - radius**2)
    half = jnp.sqrt(jnp.maximum(inside2, 0.0))
    # From above the near crossing, from below the far one.
    return jnp.maximum(jnp.where(site @ site > radius**2, along - half, along + half), 1e3)


def _place(z: Array, site: Array, axes: Array) -> tuple[Array, Array]:
    """ECEF position of range, azimuth, elevation, and its slope by them."""

    def place(z: Array) -> tuple[Array, Array]:
        there = site + z[0] * geometry.direction(axes, z[1], z[2])
        return there, there

    by_plot, there = jax.jacfwd(place, has_aux=True)(z)
    return there, by_plot


def from_estimate(estimate: Estimate) -> Track:
    """A track from a state that was found otherwise; it knows of no bias yet.

    The force is kept by the most probable model; the others begin as when they set in.
    """
    estimate = jax.tree.map(jnp.asarray, estimate)
    likely = jnp.argmax(estimate.weight)
    means, covs = [], []
    for model in range(_COUNT):
        force, sigma2 = _sets_in(model, estimate.mean, jnp.asarray(_GLIDE_RATIO))
        kept = (likely == model) & (model != BALLISTIC)
        fresh = estimate.cov * _FREE * _FREE[:, None] + jnp.diag(sigma2 * _FORCED)
        means.append(jnp.where(kept, estimate.mean, estimate.mean.at[FORCE].set(force)))
        covs.append(jnp.where(kept, estimate.cov, fresh))
    weight = jnp.maximum(estimate.weight, _LEAST_WEIGHT)
    return Track(
        estimate.time_s,
        jnp.stack(means),
        jnp.stack(covs),
        jnp.zeros((_COUNT, STATE, 3 * SEATS)),
        weight / weight.sum(),
        jnp.zeros(SEATS, int),
        jnp.full(SEATS, -jnp.inf),
    )


def _sets_in(model: int, state: Float[Array, "10"], glide_ratio: Array) -> tuple[Array, Array]:
    """Force [3] and its variance with which a model begins."""
    force, sigma = motion.rest(model, state, glide_ratio)
    return force, (_THRUST_SIGMA_MPS2 + 0 * sigma if model == BURNING else sigma) ** 2


# --- many tracks --------------------------------------------------------------------------------------------

# How many axes of its own each field has; lanes come after them.
_AXES: dict[type, Any] = {
    Track: Track(0, 2, 3, 3, 1, 1, 1),
    Sight: Sight(0, 1, 1, 1, 2, 1, 0),
    Belief: Belief(0, 0, 0, 0, 0, 0, 0),
    Innovation: Innovation(0, 0, 1, 0),
}


def _axes(value: Any) -> Any:
    """As `value`, with the number of each leaf's own axes."""
    return tuple(_axes(part) for part in value) if isinstance(value, tuple) else _AXES.get(type(value), 0)


def _many(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """`kernel` of arrays with lanes last; vmapped, the axis that is mapped becomes a lane.

    Vectors of many tracks' numbers run several times as fast as many tracks' vectors of three.
    """
    mapped = custom_vmap(kernel)

    @mapped.def_vmap
    def rule(size: int, batched: Any, *args: Any) -> tuple[Any, Any]:
        def last(leaf: Array, is_batched: bool, axes: int) -> Array:
            return jnp.moveaxis(leaf, 0, axes) if is_batched else jnp.expand_dims(leaf, axes)

        def first(leaf: Array, axes: int) -> Array:
            shape = (*leaf.shape[:axes], size, *leaf.shape[axes + 1 :])
            return jnp.moveaxis(jnp.broadcast_to(leaf, shape), axes, 0)

        out = mapped(*jax.tree.map(last, args, tuple(batched), _axes(args)))
        return jax.tree.map(first, out, _axes(out)), jax.tree.map(lambda _: True, out)

    return mapped


def _each(track: Track) -> tuple[Array, Array, Array]:
    """Mean [10, 4], covariance [10, 10, 4], cross-covariance [10, 3B, 4]: models are lanes too."""
    return jnp.moveaxis(track.mean, 0, 1), jnp.moveaxis(track.cov, 0, 2), jnp.moveaxis(track.cross, 0, 2)


def _joined(
    time_s: Array, mean: Array, cov: Array, cross: Array, weight: Array, seats: Array, seat_s: Array
) -> Track:
    """A track of what `_each` took apart."""
    mean, cov, cross, weight = apart((mean, cov, cross, weight), time_s)
    return Track(
        time_s,
        jnp.moveaxis(mean, 1, 0),
        jnp.moveaxis(cov, 2, 0),
        jnp.moveaxis(cross, 2, 0),
        weight,
        seats,
        seat_s,
    )


# --- from one moment to the next ----------------------------------------------------------------------------


def predict(track: Track, to_s: Array, belief: Belief) -> Track:
    """The track at a later time, wider by what may have happened in between."""
    return _predict(track, jnp.asarray(to_s), belief)


def drift(track: Track, to_s: Array, belief: Belief) -> Track:
    """Move each model to `to_s` by itself."""
    return _drift(track, jnp.asarray(to_s), belief)


@_many
def _predict(track: Track, to_s: Array, belief: Belief) -> Track:
    return _drifted(_mix(track, to_s - track.time_s, belief), to_s, belief)


@_many
def _drift(track: Track, to_s: Array, belief: Belief) -> Track:
    return _drifted(track, to_s, belief)


def _drifted(track: Track, to_s: Array, belief: Belief) -> Track:
    mean, cov, cross = _each(track)
    dt_s = to_s - track.time_s
    moved, F = motion.transitions(mean, dt_s, belief)
    noise = motion.process_noises(mean, dt_s, belief)
    F = apart(F, dt_s)
    carried = apart(times(F, cov), dt_s)
    spread = sum(carried[:, k][:, None] * F[:, k][None] for k in range(STATE)) + noise
    to_s = to_s + 0 * track.time_s
    return _joined(to_s, moved, spread, times(F, cross), track.weight, track.seats, track.seat_s)


def _rates(mean: Float[Array, "10 4"], belief: Belief) -> list[list[Array | float]]:
    """Chance per second that a model (row) gives way to another (column), by where its object is."""
    fast = motion.size((mean[3], mean[4], mean[5]))
    most = motion.lift_most(mean, belief.glide_ratio_high)
    bears = most**2 / (most**2 + _BEARS_MPS2**2)
    low = jax.nn.sigmoid((_LOW_M - motion.height(mean)) / 2e3)
    climb = dot((mean[0], mean[1], mean[2]), (mean[3], mean[4], mean[5])) / motion.size(
        (mean[0], mean[1], mean[2])
    )
    level = (
        low
        * jax.nn.sigmoid((_SLOW_MPS - fast) / 100.0)
        * jax.nn.sigmoid((_CLIMBS_MPS - jnp.abs(climb)) / 40.0)
    )
    slow = _LEVELS_PS * level
    # What climbs out of where wings hold is no aircraft: else the first minute of a boost stays one.
    leaves = _LEAVES_PS + _UNBORNE_PS * (1 - level[LEVEL])
    burnt = 2 / (belief.burn_low_s + belief.burn_high_s)
    drops = _DROPS_PS + _FALLS_PS * (1 - bears[GLIDING])
    again = _REIGNITION_PS * jax.nn.sigmoid((_STAGES_M - motion.height(mean)) / _STAGES_SOFT_M)
    # Burning, ballistic, gliding, level.
    return [
        [0.0, burnt, _LIFTS_PS / 10 * bears[BURNING], slow[BURNING]],
        [again[BALLISTIC], 0.0, _LIFTS_PS * bears[BALLISTIC], slow[BALLISTIC]],
        [again[GLIDING] / 10, drops, 0.0, slow[GLIDING]],
        [leaves, leaves, _LEAVES_PS * bears[LEVEL], 0.0],
    ]


def _mix(track: Track, dt_s: Array, belief: Belief) -> Track:
    """Blend the models by the chance that one became another in `dt_s`."""
    mean, cov, cross = _each(track)
    models = range(_COUNT)
    joint = [[0 * dt_s] * _COUNT for _ in models]
    for i, row in enumerate(_rates(mean, belief)):
        rates = [rate + (_RARE_PS if i != j else 0.0) for j, rate in enumerate(row)]
        leaving = sum(rates)
        gone = -jnp.expm1(-leaving * jnp.abs(dt_s))
        for j in models:
            joint[i][j] = track.weight[i] * (1 - gone if i == j else gone * rates[j] / leaving)
    weight = stack([sum(joint[i][j] for i in models) for j in models])
    share = [stack([joint[i][j] / weight[j] for j in models]) for i in models]
    share = apart(share, dt_s)

    # What came to model j from model i: as it was, but for the force, with which j begins,
    begins = apart([_sets_in(j, mean, belief.glide_ratio_high) for j in models], dt_s)
    each = []
    for i in models:
        force = stack([mean[6:9, i] if i == j else begins[j][0][:, i] for j in models], axis=1)
        same = jnp.broadcast_to(mean[:, i][:, None], (STATE, *force.shape[1:]))
        each.append(jnp.concatenate([same[:6], force, same[9:]]))
    # and but that a burn which ends does so somewhere inside.
    push, spread = apart(_burnout(mean[:, BURNING], dt_s), dt_s)
    each[BURNING] = each[BURNING].at[:, BALLISTIC].add(push)
    blended = sum(share[i] * each[i] for i in models)
    blended, off = apart((blended, [each[i] - blended for i in models]), dt_s)

    kept = _kept(cov.ndim)
    stays = stack([share[j][j] for j in models])
    begun = stack([sum(share[i][j] * begins[j][1][i] for i in models if i != j) + 0 * dt_s for j in models])
    scaled = [share[i] * off[i] for i in models]
    scaled, stays, begun = apart((scaled, stays, begun), dt_s)
    new_cov = sum(share[i] * cov[:, :, i][:, :, None] for i in models) * kept + stays * cov * (1 - kept)
    new_cov = new_cov + sum(scaled[i][:, None] * off[i][None] for i in models)
    new_cov = new_cov + begun * _FORCE_DIAGONAL.reshape(STATE, STATE, *[1] * (cov.ndim - 2))
    new_cov = new_cov.at[:6, :6, BALLISTIC].add(share[BURNING][BALLISTIC] * spread)
    free = kept[:, DRAG][:, None]
    new_cross = sum(share[i] * cross[:, :, i][:, :, None] for i in models) * free + stays * cross * (1 - free)
    return _joined(track.time_s, blended, new_cov, new_cross, weight, track.seats, track.seat_s)


def _kept(axes: int) -> np.ndarray:
    """1 in a covariance where the force has no part, [10, 10]."""
    return (_FREE * _FREE[:, None]).reshape(STATE, STATE, *[1] * (axes - 2))


def _burnout(mean: Float[Array, "10"], dt_s: Array) -> tuple[Float[Array, "10"], Float[Array, "6 6"]]:
    """What a burn that ends at an unknown instant of `dt_s` adds to a coast over all of it: mean and spread.

    Burning on for u adds a u to the velocity and, carried back to the start, -a u^2 / 2 to the place; u is
    uniform. At 100 m/s2 and two seconds that is 60 m/s, one sigma: far more than a track's own.
    """
    thrust = mean[6:9] + 0 * dt_s
    push = jnp.concatenate([-thrust * dt_s**2 / 6, thrust * dt_s / 2, 0 * mean[6:] + 0 * dt_s])
    squared = thrust[:, None] * thrust[None]
    shape = (dt_s**4 / 45, -(dt_s**3) / 24), (-(dt_s**3) / 24, dt_s**2 / 12)
    return push, jnp.concatenate([jnp.concatenate([part * squared for part in row], axis=1) for row in shape])


# --- measurements -------------------------------------------------------------------------------------------


def weigh(track: Track, sight: Sight) -> Innovation:
    """How well a sight fits a track that stands at the sight's time."""
    return _weigh(track, sight)


def update(track: Track, sight: Sight) -> tuple[Track, Innovation]:
    """Condition a track that stands at the sight's time on it."""
    return _update(track, sight)


@_many
def _weigh(track: Track, sight: Sight) -> Innovation:
    mean, cov, cross = _each(track)
    fit, _, _ = _fit(mean, cov, _own(_seat(track, sight), cross), sight)
    return _told(track, sight, fit)


@record
class _Fit:
    """How a sight lies to each model [4]: residual and slope by place and speed [4][6], the variance of each
    component, covariance with the state [4][10], Cholesky factor of the whole, distance and likelihood.
    """

    residual: list[Array]
    slope: list[list[Array]]
    noise: list[Array]
    with_state: list[Array]
    factor: list[list[Array]]
    distance2: Array
    log_likelihood: Array


@_many
def _update(track: Track, sight: Sight) -> tuple[Track, Innovation]:
    mean, cov, cross = _each(track)
    seat = _seat(track, sight)
    own = _own(seat, cross)
    fit, alone, cov = _fit(mean, cov, own, sight)
    H, four = fit.slope, range(4)
    K = apart(_gain(fit), sight.time_s)

    new_mean = mean + sum(K[i] * fit.residual[i] for i in four)
    # Joseph form with considered biases, A P A' - A C K' - K C' A' + K (B + R) K' with A = 1 - K H, one
    # factor after the other: the covariance stays positive when K is not optimal.
    left = apart(cov - sum(K[i][:, None] * alone[i][None] for i in four), sight.time_s)
    measured = [sum(H[i][k] * left[:, k] for k in range(6)) for i in four]
    bias = [own[c] - sum(K[j] * _by(H[j], own[c]) for j in four) for c in range(3)]
    halved = [m - fit.noise[i] / 2 * K[i] for i, m in enumerate(measured)]
    sides = [half + bias[i] if i < 3 else half for i, half in enumerate(halved)]
    others = [bias[i] - fit.noise[i] / 2 * K[i] if i < 3 else -fit.noise[i] / 2 * K[i] for i in four]
    sides, others = apart((sides, others), sight.time_s)
    new_cov = left - sum(sides[i][:, None] * K[i][None] + K[i][:, None] * others[i][None] for i in four)

    new_cross = cross
    if seat is not None:
        chosen, fresh = seat
        seen = jnp.isfinite(sight.sigma)
        each = cross.reshape(STATE, -1, 3, *cross.shape[2:])
        # A newcomer's seat is cleared first.
        each = jnp.where(fresh[:, None, None], 0.0, each)
        by = apart([sum(H[i][k] * each[k] for k in range(6)) for i in four], sight.time_s)
        of_bias = stack([K[c] * jnp.where(seen[c], sight.bias_sigma[c], 0.0) ** 2 for c in range(3)], axis=1)
        each = each - sum(K[i][:, None, None] * by[i][None] for i in four)
        each = each - jnp.where(chosen[:, None, None], of_bias[:, None], 0.0)
        new_cross = each.reshape(STATE, -1, *each.shape[3:])
        seats = jnp.where(chosen, sight.sensor, track.seats)
        seat_s = jnp.where(chosen, sight.time_s, track.seat_s)
    else:
        seats, seat_s = track.seats, track.seat_s

    shown = _log_weight(track) + fit.log_likelihood
    burns = _thrust_shows(new_mean[:, BURNING], new_cov[:, :, BURNING])
    shown = stack([shown[model] + burns if model == BURNING else shown[model] for model in range(_COUNT)])
    weight = jnp.maximum(jax.nn.softmax(shown, axis=0), _LEAST_WEIGHT)
    updated = _joined(
        track.time_s + 0 * sight.time_s,
        new_mean,
        new_cov,
        new_cross,
        weight / weight.sum(axis=0),
        seats,
        seat_s,
    )
    return updated, _told(track, sight, fit)


def _log_weight(track: Track) -> Array:
    return jnp.log(jnp.maximum(track.weight, 1e-300))


def _told(track: Track, sight: Sight, fit: _Fit) -> Innovation:
    """The nearest model's view, and the likelihood under all."""
    near = fit.distance2 == jnp.min(fit.distance2, axis=0)
    first = near & (jnp.cumsum(near, axis=0) == 1)
    residual = stack([jnp.sum(jnp.where(first, part, 0.0), axis=0) for part in fit.residual])
    return Innovation(
        jnp.min(fit.distance2, axis=0),
        jax.nn.logsumexp(_log_weight(track) + fit.log_likelihood, axis=0),
        residual,
        jnp.sum(jnp.isfinite(sight.sigma), axis=0) + 0.0 * track.time_s,
    )


def _by(row: list[Array], vector: Array) -> Array:
    """A row of the slope times a state."""
    return sum(row[k] * vector[k] for k in range(6))


def _seat(track: Track, sight: Sight) -> tuple[Array, Array] | None:
    """Which seat [B] is the sight's sensor's, and whether it is new there; None without seats.

    A newcomer takes a free seat, or that unused for longest.
    """
    count = track.seats.shape[0]
    if count == 0:
        return None
    known = track.seats == sight.sensor
    used_s = jnp.where(track.seats == 0, -jnp.inf, track.seat_s)
    chosen = jnp.where(jnp.any(known, axis=0), jnp.argmax(known, axis=0), jnp.argmin(used_s, axis=0))
    seat = jnp.arange(count).reshape(count, *[1] * chosen.ndim) == chosen
    return seat, seat & ~known


def _own(seat: tuple[Array, Array] | None, cross: Float[Array, "10 B3 4"]) -> list[Array]:
    """Covariance of the state with the sight's own biases, three of [10, 4]."""
    if seat is None:
        return [jnp.zeros((STATE, *cross.shape[2:]))] * 3
    chosen, fresh = seat
    each = cross.reshape(STATE, -1, 3, *cross.shape[2:])
    kept = (chosen & ~fresh)[:, None]
    count = each.shape[1]
    return [sum(jnp.where(kept[b], each[:, b, c], 0.0) for b in range(count)) for c in range(3)]


def _fit(mean: Array, cov: Array, own: list[Array], sight: Sight) -> tuple[_Fit, list[Array], Array]:
    """How the sight lies to each model, the covariance of the state with H x alone, four of [10, 4], and the
    prior covariance with what a curve adds that no number of looks averages out.
    """
    seen = jnp.isfinite(sight.sigma)
    residual, H, bent, curved = apart(_linear(mean, cov, sight, seen), sight.time_s)
    line = stack(H[0][:3])
    cov = cov.at[:3, :3].add(curved * line[:, None] * line[None])
    four = range(4)
    R = [jnp.where(seen[i], sight.sigma[i], 1.0) ** 2 for i in four]
    B = [jnp.where(seen[c], sight.bias_sigma[c], 0.0) ** 2 for c in range(3)]
    noise = [R[i] + bent[i] + (B[i] if i < 3 else 0.0) for i in four]
    # H P by rows: by columns, P H', what rounding makes unsymmetric in P would double with every plot.
    alone = [sum(H[i][k] * cov[k] for k in range(6)) for i in four]
    biased = [alone[i] + (jnp.where(seen[i], own[i], 0.0) if i < 3 else 0.0) for i in four]
    own, alone, biased = apart((own, alone, biased), sight.time_s)

    L: list[list[Array]] = [[] for _ in four]
    whitened: list[Array] = []
    for i in four:
        for j in range(i + 1):
            S = _by(H[j], biased[i]) + (noise[i] if i == j else 0.0)
            if j < 3:
                S = S + jnp.where(seen[j], _by(H[i], own[j]), 0.0)
            S = S - sum(L[i][k] * L[j][k] for k in range(j))
            L[i].append(jnp.sqrt(S) if i == j else S / L[j][j])
        whitened.append((residual[i] - sum(L[i][k] * whitened[k] for k in range(i))) / L[i][i])
    distance2 = sum(part**2 for part in whitened)
    log_determinant = 2 * sum(jnp.log(L[i][i]) for i in four)
    freedom = jnp.sum(seen, axis=0)
    log_likelihood = -0.5 * (distance2 + log_determinant + freedom * np.log(2 * np.pi))
    L = apart(L, sight.time_s)
    return _Fit(residual, H, noise, biased, L, distance2, log_likelihood), alone, cov


def _gain(fit: _Fit) -> list[Array]:
    """Gain, four of [10, 4], through the Cholesky factor: by hand, without a call out of the kernel."""
    L, K = fit.factor, list(fit.with_state)
    for i in range(4):
        K[i] = (K[i] - sum(L[i][k] * K[k] for k in range(i))) / L[i][i]
    for i in reversed(range(4)):
        K[i] = (K[i] - sum(L[k][i] * K[k] for k in range(i + 1, 4))) / L[i][i]
    return K


def _linear(
    mean: Array, cov: Array, sight: Sight, seen: Array
) -> tuple[list[Array], list[list[Array]], list[Array], Array]:
    """Residual [4], slope [4][6] by place and speed, the variance [4] that the curve adds to the measurement,
    and what it adds to the place along the line of sight.

    Linear about the place where prior and plot, each by its own variance, put the object; the residual is
    against the prior. Rows of what was not measured are 0.
    """
    axes, site = sight.axes, sight.site_ecef_m
    way = (mean[0] - site[0], mean[1] - site[1], mean[2] - site[2])
    speed = (mean[3], mean[4], mean[5])
    rows = [(axes[i, 0], axes[i, 1], axes[i, 2]) for i in range(3)]
    east, north, up = (dot(row, way) for row in rows)
    flat2 = east * east + north * north
    range_m = jnp.sqrt(flat2 + up * up)
    azimuth, elevation = jnp.arctan2(east, north), jnp.arctan2(up, jnp.sqrt(flat2))
    # Sight and prior in range, azimuth and elevation, with the prior's variance of each.
    flat = jnp.maximum(jnp.sqrt(flat2), 1e-6 * range_m)
    units = _units(rows, east / flat, north / flat, up / range_m, flat / range_m)
    scale = (1.0, flat, range_m)
    prior2 = [_quadratic(cov, unit) / scale[i] ** 2 for i, unit in enumerate(units)]
    off = [sight.z[0] - range_m, _turned(sight.z[1] - azimuth), sight.z[2] - elevation]
    plot2 = [jnp.where(seen[i], sight.sigma[i], 1.0) ** 2 + sight.bias_sigma[i] ** 2 for i in range(3)]
    trust = [jnp.where(seen[i], prior2[i] / (prior2[i] + plot2[i]), 0.0) for i in range(3)]
    left2 = [(1 - trust[i]) * prior2[i] for i in range(3)]

    there_m = jnp.maximum(range_m + trust[0] * off[0], 0.1 * range_m)
    azimuth, elevation = azimuth + trust[1] * off[1], elevation + trust[2] * off[2]
    cos_up = jnp.maximum(jnp.cos(elevation), 1e-6)
    line, across, above = _units(rows, jnp.sin(azimuth), jnp.cos(azimuth), jnp.sin(elevation), cos_up)
    none = jnp.zeros_like(there_m)
    nought = [none] * 3
    closing = dot(speed, line)
    drifting = [(v - closing * u) / there_m for v, u in zip(speed, line, strict=True)]
    H = [
        [*line, *nought],
        [*(u / (there_m * cos_up) for u in across), *nought],
        [*(u / there_m for u in above), *nought],
        [*drifting, *line],
    ]
    # Second order in the direction: r (1 - angle^2 / 2) along the line of sight.
    wide = left2[1] * cos_up**2, left2[2]
    bend = 0.5 * there_m * (wide[0] + wide[1])
    residual = [
        sight.z[0] - dot(way, line) - bend,
        _turned(sight.z[1] - azimuth) - dot(way, across) / (there_m * cos_up),
        _turned(sight.z[2] - elevation) - dot(way, above) / there_m,
        sight.z[3] - closing - dot((drifting[0], drifting[1], drifting[2]), way),
    ]
    speed2 = cov[3, 3] + cov[4, 4] + cov[5, 5]
    bent = [
        0.5 * there_m**2 * (wide[0] ** 2 + wide[1] ** 2),
        none,
        none,
        0.5 * (wide[0] + wide[1]) * speed2,
    ]
    residual = [jnp.where(seen[i], part, 0.0) for i, part in enumerate(residual)]
    H = [[jnp.where(seen[i], part, 0.0) for part in row] for i, row in enumerate(H)]
    bent = [jnp.where(seen[i], part, 0.0) for i, part in enumerate(bent)]
    # As long as the object may be anywhere across, the curve errs by the same at each look: what exceeds the
    # range's own noise is not to be averaged out.
    return residual, H, bent, bent[0] ** 2 / (bent[0] + plot2[0])


def _units(
    rows: list[Three], sin_az: Array, cos_az: Array, sin_up: Array, cos_up: Array
) -> tuple[Three, ...]:
    """Unit vectors in ECEF along the line of sight, of growing azimuth, of growing elevation."""

    def turned(east: Array, north: Array, up: Array) -> Three:
        x, y, z = (east * rows[0][k] + north * rows[1][k] + up * rows[2][k] for k in range(3))
        return x, y, z

    line = turned(cos_up * sin_az, cos_up * cos_az, sin_up)
    across = turned(cos_az, -sin_az, 0.0 * sin_az)
    return line, across, turned(-sin_up * sin_az, -sin_up * cos_az, cos_up)


def _quadratic(cov: Array, unit: Three) -> Array:
    """Variance of the place along a unit vector."""
    diagonal = sum(cov[k, k] * unit[k] ** 2 for k in range(3))
    return diagonal + 2 * sum(cov[i, j] * unit[i] * unit[j] for i, j in ((0, 1), (0, 2), (1, 2)))


def _turned(angle_rad: Array) -> Array:
    """An angle folded into -pi..pi."""
    return (angle_rad + jnp.pi) % (2 * jnp.pi) - jnp.pi


def _thrust_shows(mean: Float[Array, "10"], cov: Float[Array, "10 10"]) -> Array:
    """Log chance that the thrust is more than nothing, once it is known well enough to tell.

    Without it a burning model whose thrust has gone to nought is a ballistic one with more noise, and would
    explain every jump between two biased radars better than the truth.
    """
    thrust = (mean[6], mean[7], mean[8])
    strong = motion.size(thrust)
    along = (thrust[0] / strong, thrust[1] / strong, thrust[2] / strong)
    sigma = jnp.sqrt(jnp.maximum(_quadratic(cov[6:9, 6:9], along), 1e-12))
    chance = jax.scipy.stats.norm.logcdf((strong - _LEAST_THRUST_MPS2) / sigma)
    return jnp.where(sigma < _TOLD_MPS2, chance, 0.0)


# --- many into one ------------------------------------------------------------------------------------------


def blend(tracks: Track, weight: Float[Array, "H"]) -> Track:
    """One track from hypotheses [H] of one object at one time, by their probabilities: a Gaussian per model.

    Seats are those used last in any hypothesis; one that lacks a sensor has no covariance with its biases.
    """
    joint = weight[:, None] * tracks.weight
    total = jnp.maximum(joint.sum(axis=0), 1e-300)
    share = joint / total
    mean = jnp.einsum("hm,hmk->mk", share, tracks.mean)
    off = tracks.mean - mean
    cov = jnp.einsum("hm,hmkl->mkl", share, tracks.cov) + jnp.einsum("hm,hmk,hml->mkl", share, off, off)
    used_s = jnp.where((tracks.seats == 0) | (weight[:, None] <= 0), -jnp.inf, tracks.seat_s)
    last = jnp.argmax(used_s, axis=0)
    seats = jnp.take_along_axis(tracks.seats, last[None], axis=0)[0]
    seat_s = jnp.take_along_axis(tracks.seat_s, last[None], axis=0)[0]
    same = (tracks.seats[:, None, :] == seats[None, :, None]) & (seats[None, :, None] != 0)
    cross = tracks.cross.reshape(*tracks.cross.shape[:3], -1, 3)
    aligned = jnp.einsum("hm,hbs,hmksc->mkbc", share, same * 1.0, cross).reshape(tracks.cross.shape[1:])
    new_weight = jnp.maximum(joint.sum(axis=0), _LEAST_WEIGHT)
    return Track(tracks.time_s[0], mean, cov, aligned, new_weight / new_weight.sum(), seats, seat_s)


def collapse(track: Track) -> Estimate:
    """One Gaussian with the mean and covariance of the models together, but for those that hardly are.

    What has less than one chance in a hundred keeps its probability and has no part in the Gaussian: a second
    burn of one in ten thousand, with all that it may do, would drown what a steady coast is known to do.
    """
    share = jnp.where(track.weight < _HARDLY, 0.0, track.weight)
    share = share / share.sum()
    mean = share @ track.mean
    off = track.mean - mean
    cov = jnp.einsum("i,ikl->kl", share, track.cov + off[:, :, None] * off[:, None, :])
    return Estimate(track.time_s, mean, cov, track.weight)
