"""Where and when it started, and where it is now: batch least squares of what boosts are like through sights.

Infrared satellites measure angles only; the template (mean and modes of many generic boosts, `boosts`)
supplies the missing range. The unknowns are launch place, time, direction and the weights of the modes; a
sensor's bias is considered, not estimated: common to all its sights, so that it does not average out. One
satellite often cannot tell toward from away, and what fits lies along a bent ridge: so the fits from eight
directions only propose, and deterministic draws around them, each weighted by how well it fits (importance
sampling with a mixture; Bishop, Pattern Recognition and Machine Learning, 11.1.4), give mean and covariance.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtri
from scipy.stats import qmc

from noroshi.earth import atmosphere, frames, geometry, gravity
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M, ROTATION_RADPS
from noroshi.records.pytree import record
from noroshi.records.tracks import Belief, Estimate, Sight
from noroshi.tracking.boosts import CELLS, MODES, OLD_S, SMALL_M, YOUNG_S, Template

ROWS = 32
_TURNS = 8
_ITERATIONS = 16
# Draws around each of the eight fits, and the degrees of freedom of the t that they come from.
_DRAWS, _TAIL = 64, 6
# From what counts as it fits to what nearly all count alike; so many equally good draws are wanted.
_TEMPERS, _ENOUGH = jnp.array([1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.0]), 32.0
_PLACE = 4
_UNKNOWNS = _PLACE + MODES

# Unknowns: east and north of the reference place, 100 km; launch time, 30 s; azimuth, rad; weights of the
# modes.
_UNIT = jnp.array([1e5, 1e5, 30.0, 1.0] + [1.0] * MODES)
# Missiles stray from generic boosts by more than those do from each other: an assumption, 1 to 1.6.
_PRIOR = jnp.array([5.0, 5.0, 4.0, 1e3] + [1.3] * MODES)
# The age at which a sight is taken first, s, where no better is known.
_FIRST_AGE_S = 35.0
# The burn is told by the shape so much worse than among generic boosts; and time and way from the launch to
# the first sight, which nobody saw, are read off the template to such a share: assumptions, 1 to 3 and 0.1 to
# 0.3.
_BURN_LOOSE, _UNSEEN = 2.0, 0.2
# How much more than the draws tell the state now is off, in variance: where one satellite alone saw it, and
# where more did. An assumption, held against flights of all shipped threats; 1 to 3.
_ALONE, _CROSSED = 2.2, 1.2
# Half the time over which speed and force of a draw are read off its places, s.
_STEP_S = 0.5
# So much of the force of a boost that no spline tells (staging, drag), m/s2: an assumption, 2 to 10.
_ROUGH_MPS2 = 4.0


@record
class Launch:
    """Launch place (geodetic rad), time, direction; covariance of [east m, north m, time s, azimuth rad].

    `misfit` is the least sum of squares of the weighted residuals, prior included; `effective` how many
    equally good draws mean and covariance rest on: below some 20 they are rough.
    """

    lat_rad: Float[Array, ""]
    lon_rad: Float[Array, ""]
    time_s: Float[Array, ""]
    azimuth_rad: Float[Array, ""]
    cov: Float[Array, "4 4"]
    misfit: Float[Array, ""]
    effective: Float[Array, ""]


def _normals() -> np.ndarray:
    """Draws [8, N, P] of a t with unit scale, even and always the same: half, and their mirror images."""
    u = qmc.Halton(_UNKNOWNS + 1, scramble=False).random(_TURNS * _DRAWS // 2 + 64)[64:]
    normal = ndtri(u[:, 1:])
    # A chi-squared over its degrees of freedom, by Wilson and Hilferty.
    chi = (1 - 2 / (9 * _TAIL) + ndtri(u[:, :1]) * math.sqrt(2 / (9 * _TAIL))) ** 3
    half = (normal / np.sqrt(np.maximum(chi, 0.05))).reshape(_DRAWS // 2, _TURNS, _UNKNOWNS)
    return np.concatenate([half, -half]).transpose(1, 0, 2)


_EVEN = _normals()


def _at(age_s: Array) -> Array:
    """Where on the splines an age lies, in columns from the first."""
    return jnp.log(age_s / YOUNG_S) * (CELLS / math.log(OLD_S / YOUNG_S)) + 1.0


def _off(age_s: Array) -> Array:
    """How far from each column of the splines ages [...] lie, [..., C]."""
    return _at(age_s)[..., None] - jnp.arange(CELLS + 3)


def _read(age_s: Array, rest: Float[Array, "C K"]) -> Array:
    """Columns of a table read between ages, [..., K]."""
    return jnp.maximum(1 - jnp.abs(_off(age_s)), 0.0) @ rest


def _basis(age_s: Array) -> Array:
    """What each column of a uniform cubic B-spline counts for at ages [...], [..., C], without a search."""
    off = jnp.abs(_off(age_s))
    return (jnp.maximum(2 - off, 0.0) ** 3 - 4 * jnp.maximum(1 - off, 0.0) ** 3) / 6


def _basis_slope(age_s: Array) -> Array:
    """Derivative of `_basis` by age, 1/s."""
    off = _off(age_s)
    by_column = 2 * jnp.maximum(1 - jnp.abs(off), 0.0) ** 2 - jnp.maximum(2 - jnp.abs(off), 0.0) ** 2 / 2
    return jnp.sign(off) * by_column * (CELLS / math.log(OLD_S / YOUNG_S)) / age_s[..., None]


def _place(start: Float[Array, "6"], time_s: Array, reference: tuple[Array, Array]) -> Float[Array, "3"]:
    """ECEF place, m, of a boost at a time.

    `start` is east, north, launch time and azimuth in their units, and the logarithms of height and distance.
    """
    east, north, launched_s, azimuth = start[:_PLACE] * _UNIT[:_PLACE]
    rise, distance = jnp.exp(start[4]) - SMALL_M, jnp.exp(start[5]) - SMALL_M
    since_s = time_s - launched_s
    # Before the launch the body stands; the slope keeps the fit from losing it there, or beyond the template.
    rise = rise + 10.0 * jnp.minimum(since_s - YOUNG_S, 0.0) + 5e3 * jnp.maximum(since_s - OLD_S, 0.0)
    lat, lon = reference
    axes = frames.enu_axes(lat, lon)
    base = frames.ecef(lat, lon, jnp.zeros(()))
    # Onto the curved ground: along the chord's arc, then up from there; first the launch, then the boost from
    # it.
    arc = jnp.sqrt(east**2 + north**2 + 1.0) / MEAN_RADIUS_M
    way = (east * axes[0] + north * axes[1]) / (arc * MEAN_RADIUS_M)
    up = axes[2] * jnp.cos(arc) + way * jnp.sin(arc)
    place = base + MEAN_RADIUS_M * (up - axes[2])
    forward = jnp.sin(azimuth) * axes[0] + jnp.cos(azimuth) * axes[1]
    forward = forward - up * (forward @ up)
    forward = forward / jnp.sqrt(forward @ forward)
    onward = distance / MEAN_RADIUS_M
    above = up * jnp.cos(onward) + forward * jnp.sin(onward)
    way_m = MEAN_RADIUS_M * (above - up) + rise * above
    # The turning frame bends the path: twice the turn across the way flown, integrated as a power of age.
    age_s = jnp.clip(since_s, YOUNG_S, OLD_S)
    bend = jnp.stack([-way_m[1], way_m[0], jnp.zeros(())]) * (2 * ROTATION_RADPS / 3.2)
    return place + way_m - bend * age_s


def _starts(theta: Float[Array, "P"], time_s: Float[Array, "T"], template: Template) -> Float[Array, "T 6"]:
    """What `_place` takes, of scaled unknowns at times."""
    coefficients = template.mean + jnp.tensordot(theta[_PLACE:], template.modes, axes=1)
    age_s = jnp.clip(time_s - theta[2] * _UNIT[2], YOUNG_S, OLD_S)
    logs = _basis(age_s) @ coefficients.T
    return jnp.concatenate([jnp.broadcast_to(theta[:_PLACE], (len(time_s), _PLACE)), logs], axis=1)


def _slopes(theta: Float[Array, "P"], time_s: Float[Array, "T"], template: Template) -> Float[Array, "T 6 P"]:
    """Derivatives of `_starts` by the unknowns."""
    coefficients = template.mean + jnp.tensordot(theta[_PLACE:], template.modes, axes=1)
    since_s = time_s - theta[2] * _UNIT[2]
    age_s = jnp.clip(since_s, YOUNG_S, OLD_S)
    inside = (since_s > YOUNG_S) & (since_s < OLD_S)
    later = -_UNIT[2] * inside[:, None] * (_basis_slope(age_s) @ coefficients.T)
    by_mode = jnp.einsum("tc,mkc->tkm", _basis(age_s), template.modes)
    by_start = jnp.zeros((len(time_s), 2, _PLACE)).at[:, :, 2].set(later)
    start = jnp.broadcast_to(jnp.eye(_PLACE, _UNKNOWNS), (len(time_s), _PLACE, _UNKNOWNS))
    return jnp.concatenate([start, jnp.concatenate([by_start, by_mode], axis=2)], axis=1)


def _whitening(sights: Sight, valid: Array, template: Template, reference: tuple[Array, Array]) -> Array:
    """Matrices [3, R, R] that make residuals of one kind independent with unit variance.

    Noise is each sight's own; a bias, and what no boost of the template explains, is common to a sensor.
    """
    first_s = jnp.min(jnp.where(valid, sights.time_s, jnp.inf))
    age_s = jnp.clip(sights.time_s - first_s + _FIRST_AGE_S, YOUNG_S, OLD_S)
    at, rest_m = _at(age_s), _read(age_s, template.rest[:, :1])[:, 0]
    base = frames.ecef(*reference, jnp.asarray(2e4))
    range_m = jnp.linalg.norm(sights.site_ecef_m - base, axis=-1)
    range_m = jnp.where(jnp.isfinite(sights.sigma[:, 0]), jnp.maximum(sights.z[:, 0], 1e4), range_m)
    loose = jnp.stack([rest_m, rest_m / range_m, rest_m / range_m])
    told = (valid[:, None] & jnp.isfinite(sights.sigma[:, :3])).T
    same = sights.sensor[:, None] == sights.sensor
    near = jnp.exp(-0.5 * ((at[:, None] - at) / 2.0) ** 2)
    sigma = jnp.where(told, sights.sigma[:, :3].T, 1.0)
    bias, loose = jnp.where(told, sights.bias_sigma.T, 0.0), jnp.where(told, loose, 0.0)
    cov = same * (bias[:, :, None] * bias[:, None] + near * loose[:, :, None] * loose[:, None])
    cov = cov + jnp.eye(len(at)) * jnp.where(told, sigma**2 + (0.1 * loose) ** 2, 1.0)[:, None]
    L = jax.lax.linalg.cholesky(cov, symmetrize_input=False)
    eye = jnp.broadcast_to(jnp.eye(len(at)), cov.shape)
    return jax.lax.linalg.triangular_solve(L, eye, left_side=True, lower=True) * told[:, None]


def estimate(
    sights: Sight,
    valid: Bool[Array, "R"],
    template: Template,
    reference: tuple[Array, Array],
    belief: Belief,
) -> tuple[Launch, Estimate]:
    """Launch place, time and direction, and the state at the last sight, from sights [R] of what burns.

    `sights` has one row for each sight in any order, of satellites and radars alike; rows that are not
    `valid` count for nothing. `reference` is a rough place (rad) within some 300 km of the launch.
    """
    first = jnp.argmin(jnp.where(valid, sights.time_s, jnp.inf))
    first_s = sights.time_s[first]
    last_s = jnp.max(jnp.where(valid, sights.time_s, -jnp.inf))
    above = ~jnp.isfinite(sights.sigma[first, 0])
    middle = jnp.zeros(_UNKNOWNS).at[2].set((first_s - _FIRST_AGE_S) / _UNIT[2])
    white = _whitening(sights, valid, template, reference)
    told = valid[:, None] & jnp.isfinite(sights.sigma[:, :3])

    def seen(start: Array, sight: Sight) -> Array:
        place = _place(start, sight.time_s, reference)
        return geometry.range_azimuth_elevation(sight.site_ecef_m, sight.axes, place)

    def missed(found: Float[Array, "R 3"]) -> Float[Array, "3 R"]:
        off = found - sights.z[:, :3]
        off = off.at[:, 1].set((off[:, 1] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        return jnp.einsum("krs,sk->kr", white, jnp.where(told, off, 0.0))

    def lit(starts: Array) -> Array:
        """How far from usual the height is where it is first seen from above."""
        height = jnp.maximum(starts[first, 4], math.log(SMALL_M))
        return jnp.where(above, (height - jnp.log(template.light_m)) / template.light_ratio, 0.0)

    def lasts(theta: Array) -> Array:
        """It still burns at the last sight: minus twice the logarithm of the chance, as a square."""
        burn = template.burn[0] + template.burn[1:-1] @ theta[_PLACE:]
        age_s = jnp.clip(last_s - theta[2] * _UNIT[2], YOUNG_S, OLD_S)
        more = (burn - jnp.log(age_s)) / (_BURN_LOOSE * template.burn[-1])
        return jnp.sqrt(-2 * jax.scipy.special.log_ndtr(more) + 1e-9)

    def fitted(theta: Array) -> tuple[Array, Array, Array]:
        """Sum of squares of the residuals, half its gradient, and the Gauss-Newton matrix."""
        starts, slopes = _starts(theta, sights.time_s, template), _slopes(theta, sights.time_s, template)

        def both(start: Array, sight: Sight) -> tuple[Array, Array]:
            found = seen(start, sight)
            return found, found

        by_start, found = jax.vmap(jax.jacfwd(both, has_aux=True))(starts, sights)
        # Summed outright: many small products of matrices take longer.
        by_theta = jnp.sum(by_start[:, :, :, None] * slopes[:, None], axis=2)
        by_theta = jnp.where(told[:, :, None], by_theta, 0.0)
        J = jnp.einsum("krs,skp->krp", white, by_theta).reshape(-1, _UNKNOWNS)
        by_lit = jnp.where(above, slopes[first, 4] / template.light_ratio, 0.0)
        burns, by_burns = jax.value_and_grad(lasts)(theta)
        J = jnp.concatenate([J, jnp.diag(1 / _PRIOR), by_lit[None], by_burns[None]])
        r = jnp.concatenate(
            [missed(found).ravel(), (theta - middle) / _PRIOR, jnp.stack([lit(starts), burns])]
        )
        return r @ r, J.T @ r, J.T @ J

    def turn(carry: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
        trial, theta, now, slope, bend, damping = carry
        there = fitted(trial)
        better = there[0] < now
        theta, now, slope, bend = jax.tree.map(
            lambda new, old: jnp.where(better, new, old), (trial, *there), (theta, now, slope, bend)
        )
        damping = jnp.where(better, damping / 5, damping * 5)
        root = jax.lax.linalg.cholesky(bend + damping * jnp.diag(jnp.diag(bend)), symmetrize_input=False)
        step = -jax.scipy.linalg.cho_solve((root, True), slope)
        return (theta + jnp.clip(step, -2.0, 2.0), theta, now, slope, bend, damping), None

    def descend(azimuth: Array) -> tuple[Array, Array, Array]:
        theta = middle.at[3].set(azimuth)
        none = jnp.array(jnp.inf), jnp.zeros(_UNKNOWNS), jnp.eye(_UNKNOWNS), jnp.array(5e-2)
        (_, theta, least, _, bend, _), _ = jax.lax.scan(turn, (theta, theta, *none), None, length=_ITERATIONS)
        # A direction is never known worse than not at all.
        return theta, least, jax.lax.linalg.cholesky(bend.at[3, 3].add(1.0), symmetrize_input=False)

    thetas, costs, roots = jax.vmap(descend)(jnp.arange(_TURNS) * (2 * jnp.pi / _TURNS))
    best = thetas[jnp.argmin(costs)]
    # Fits that are hardly likely leave their draws to those that are.
    rising = jnp.cumsum(jax.nn.softmax(-costs / 4))
    share = (jnp.arange(_TURNS) + 0.5) / _TURNS
    pick = jnp.clip((rising < share[:, None]).sum(axis=1), 0, _TURNS - 1)
    thetas, roots = thetas[pick], roots[pick]
    # The root is of the information: what is drawn is divided by it.
    spread = jax.lax.linalg.triangular_solve(roots, jnp.asarray(_EVEN), lower=True)
    draws = (thetas[:, None] + spread).reshape(-1, _UNKNOWNS)

    def wrapped(off: Array) -> Array:
        return off.at[..., 3].set((off[..., 3] + jnp.pi) % (2 * jnp.pi) - jnp.pi)

    # What all eight together propose.
    spread2 = jnp.sum(jnp.einsum("knp,kpq->knq", wrapped(draws - thetas[:, None]), roots) ** 2, axis=2)
    size = -jnp.sum(jnp.log(jnp.diagonal(roots, axis1=1, axis2=2)), axis=1)
    density = -0.5 * (_TAIL + _UNKNOWNS) * jnp.log1p(spread2 / _TAIL) - size[:, None]
    proposed = jax.scipy.special.logsumexp(density, axis=0)
    # Of each draw what the sights should have been, and its places about the last sight.
    about_s = jnp.concatenate([sights.time_s, last_s + jnp.array([-_STEP_S, 0.0, _STEP_S])])

    def tried(theta: Array) -> tuple[Array, Array, Array]:
        starts = _starts(theta, about_s, template)
        places = jax.vmap(_place, in_axes=(0, 0, None))(starts, about_s, reference)
        found = jax.vmap(geometry.range_azimuth_elevation)(
            sights.site_ecef_m, sights.axes, places[: len(sights.time_s)]
        )
        prior = jnp.sum(((theta - middle) / _PRIOR) ** 2)
        squares = jnp.sum(missed(found) ** 2) + prior + lit(starts) ** 2 + lasts(theta) ** 2
        return squares, places[len(sights.time_s) :], jnp.exp(starts[first, 5]) - SMALL_M

    fit, places, away_m = jax.vmap(tried)(draws)
    # Where few draws fit, all count for more than they should: the spread comes out too large, never too
    # small.
    logs = jnp.where(jnp.isfinite(fit), -fit / 2, -jnp.inf) - proposed
    weights = jax.nn.softmax(_TEMPERS[:, None] * logs, axis=1)
    enough = 1 / jnp.sum(weights**2, axis=1)
    weight = weights[jnp.argmax(enough > _ENOUGH)]
    effective = 1 / jnp.sum(weight**2)

    off = wrapped(draws - best)[:, :_PLACE]
    mean = weight @ off
    off = off - mean
    # Few draws tell a covariance too small.
    few = 1 + _PLACE / effective
    # Nor does a fit that misses its sights by more than their noise know what it says (Birge's ratio).
    few = few * jnp.maximum(1.0, jnp.min(costs) / (told.sum() + 1.0))
    cov = jnp.einsum("n,ni,nj->ij", weight, off, off) * few * _UNIT[:_PLACE] * _UNIT[:_PLACE, None]
    east, north, launched_s, azimuth = (best[:_PLACE] + mean) * _UNIT[:_PLACE]
    cov = cov.at[2, 2].add((_UNSEEN * jnp.maximum(first_s - launched_s, 0.0)) ** 2)
    # In whatever direction that was: a heavy one may have stood long before it went.
    way_m = weight @ jnp.where(weight > 0, jnp.maximum(away_m, 0.0), 0.0)
    cov = cov + jnp.diag(jnp.array([1.0, 1.0, 0.0, 0.0])) * (_UNSEEN * way_m) ** 2
    lat, lon = geometry.great_circle_end(
        *reference, jnp.arctan2(east, north), jnp.sqrt(east**2 + north**2 + 1e-6)
    )
    launch = Launch(lat, lon, launched_s, azimuth % (2 * jnp.pi), cov, jnp.min(costs), effective)
    several = jnp.any(valid & (sights.sensor != sights.sensor[first])) | jnp.any(told[:, 0])
    loose = few * jnp.where(several, _CROSSED, _ALONE)
    return launch, _now(places, weight, last_s, launched_s, template, belief, loose)


def _now(
    places: Float[Array, "N 3 3"],
    weight: Float[Array, "N"],
    last_s: Array,
    launched_s: Array,
    template: Template,
    belief: Belief,
    loose: Array,
) -> Estimate:
    """The state at the last sight as the weighted draws have it: places just before, then and just after."""
    drag = jnp.log(belief.ballistic_coefficient_kgpm2)

    def state(places: Float[Array, "3 3"]) -> Array:
        before, place, after = places
        speed, turned = (after - before) / (2 * _STEP_S), (after - 2 * place + before) / _STEP_S**2
        air = 0.5 * atmosphere.density(frames.height(place)) / belief.ballistic_coefficient_kgpm2
        pull = air * jnp.sqrt(speed @ speed) * speed
        force = turned - gravity.apparent(place, speed) + pull
        return jnp.concatenate([place, speed, force, pull])

    states = jax.vmap(state)(places)
    states = jnp.where((weight > 0)[:, None], states, 0.0)
    mean = weight @ states
    off = (states - mean)[:, :9]
    cov = jnp.einsum("n,ni,nj->ij", weight, off, off) * loose
    rest = _read(jnp.clip(last_s - launched_s, YOUNG_S, OLD_S), template.rest)
    rest = jnp.sqrt(rest**2 + jnp.array([0.0, 0.0, _ROUGH_MPS2]) ** 2)
    cov = cov + jnp.diag(jnp.repeat(rest, 3) ** 2)
    # How much of the force is the air's hangs on the ballistic coefficient.
    by_beta = jnp.zeros(10).at[6:9].set(-mean[9:]).at[9].set(1.0)
    unsure2 = jnp.log(belief.ballistic_coefficient_ratio) ** 2
    whole = jnp.zeros((10, 10)).at[:9, :9].set(cov) + unsure2 * jnp.outer(by_beta, by_beta)
    # What was just seen from above burns; that it went out meanwhile is left to the filter.
    burning = jnp.array([0.97, 0.03, 0.0, 0.0])
    return Estimate(last_s, jnp.append(mean[:9], drag), whole, burning)
