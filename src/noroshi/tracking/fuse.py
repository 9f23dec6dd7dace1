"""Several estimates of one object whose correlation nobody knows: covariance intersection, all at once.

Sources: Julier and Uhlmann, American Control Conference 1997 (the method and its proof for any correlation);
Wright, Primal-Dual Interior-Point Methods, SIAM 1997 (how the shares are found).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from noroshi.compiled import QUICK, stored
from noroshi.earth.arrays import Array
from noroshi.records.pytree import record
from noroshi.records.tracks import PLACE, SPEED, STATE, Belief, Estimate
from noroshi.tracking import imm
from noroshi.tracking.provenance import MOST, Evidence, choose

# How long a speed's spread has to grow into the impact's, where nobody says better: an intermediate-range
# missile falls some ten minutes after it is tracked best. Assumption, 60 to 1500 s.
TO_GO_S = 600.0
# Nobody is taken to know more than this, one sigma: m, m/s, m/s2, logarithm of the ballistic coefficient.
_FINEST = np.repeat([1e-3, 1e-6, 1e-6, 1e-6], [3, 3, 3, 1])
# Reports are padded to these counts, so that few kernels are compiled.
_SIZES = (2, 4, MOST)
_STEPS, _CENTRING, _TO_THE_WALL = 15, 0.1, 0.99


@dataclass(frozen=True)
class Part:
    """A report of an object: its estimate, carried to the time of all, and whose evidence it holds."""

    estimate: Estimate
    evidence: Evidence


@dataclass(frozen=True)
class Together:
    """The best estimate of an object: from which parts (rows), with what share each, on whose evidence."""

    estimate: Estimate
    evidence: Evidence
    used: tuple[int, ...]
    share: tuple[float, ...]
    spread_m: float


@record
class Intersection:
    """What several estimates tell together, the share [n] each has in it, and the spread at the impact, m."""

    estimate: Estimate
    share: Float[Array, "n"]
    spread_m: Float[Array, ""]


def carry(estimate: Estimate, to_s: Array, belief: Belief) -> Estimate:
    """An estimate moved to `to_s` as each of its models would move it; one that stands there stays as it is.

    None becomes another on the way: over minutes the least chance of a second burn, with all that an
    unseen burn may do, would drown what a steady coast is known to do.
    """
    moved = imm.collapse(imm.drift(imm.from_estimate(estimate), to_s, belief))
    return jax.tree.map(lambda old, new: jnp.where(estimate.time_s == to_s, old, new), estimate, moved)


def spread(cov: Float[Array, "10 10"], to_go_s: Array = TO_GO_S) -> Array:
    """One sigma of the place, with what that of the speed grows to in `to_go_s`, m."""
    return jnp.sqrt(_reach(to_go_s) @ jnp.diagonal(cov))


def intersect(estimates: Estimate, valid: Bool[Array, "n"], to_go_s: Array = TO_GO_S) -> Intersection:
    """Covariance intersection of the `valid` ones of n estimates at one time.

    Their information is averaged with shares that sum to one, which is right for every correlation they may
    have. The shares are those of least spread at the impact, found for all estimates together: the problem is
    convex, so their order is nothing. The models' probabilities are averaged with the same shares: no model
    becomes likelier than for the nation that is surest of it. What is no number or has a negative covariance
    takes no part; where nothing is left, all is NaN.
    """
    cov = widened(estimates.cov)
    information = jax.vmap(_inverse)(cov)
    numbers = [information.sum(axis=(1, 2)), estimates.mean.sum(axis=1), estimates.weight.sum(axis=1)]
    valid = valid & jnp.isfinite(jnp.stack(numbers)).all(axis=0)
    cov, information = (jnp.where(valid[:, None, None], one, jnp.eye(STATE)) for one in (cov, information))
    mean, weight = (jnp.where(valid[:, None], one, 0.0) for one in (estimates.mean, estimates.weight))
    share = jnp.where(valid.any(), _shares(information, cov, valid, _reach(to_go_s)), jnp.nan)
    both = _inverse(jnp.einsum("n,nij->ij", share, information))
    # Offsets from one that takes part keep the digits that places in ECEF would cost.
    first = mean[jnp.argmax(valid)]
    pulled = jnp.einsum("n,nij,nj->i", share, information, mean - first)
    time_s = jnp.max(jnp.where(valid, estimates.time_s, -jnp.inf))
    joined = Estimate(time_s, first + both @ pulled, both, share @ weight)
    return Intersection(joined, share, spread(both, to_go_s))


def widened(cov: Float[Array, "... 10 10"]) -> Float[Array, "... 10 10"]:
    """A little wider in every direction, so that what is told without any spread can be inverted."""
    diagonal = jnp.diagonal(cov, axis1=-2, axis2=-1)
    return cov + (1e-10 * diagonal + _FINEST**2)[..., :, None] * jnp.eye(STATE)


def join(a: Estimate, b: Estimate, belief: Belief) -> Estimate:
    """Both estimates moved to the later one's time, and their intersection there."""
    now = jnp.maximum(a.time_s, b.time_s)
    two = jax.tree.map(lambda *rows: jnp.stack(rows), a, b)
    moved = jax.vmap(carry, in_axes=(0, None, None))(two, now, belief)
    return intersect(moved, jnp.array([True, True])).estimate


def together(parts: Sequence[Part], to_go_s: float = TO_GO_S) -> Together:
    """The best estimate from reports of one time, at least one; no evidence is used twice.

    Even of nations that share no sensor and have heard nothing of each other the errors are correlated, for
    both followed the same unrest of the object: all that is used is intersected, never multiplied.
    """
    found: dict[tuple[int, ...], Intersection] = {}

    def joined(rows: tuple[int, ...]) -> Intersection:
        if rows not in found:
            found[rows] = _joined([parts[row].estimate for row in rows], to_go_s)
        return found[rows]

    used = choose([part.evidence for part in parts], lambda rows: float(joined(rows).spread_m))
    best = joined(used)
    evidence = Evidence(frozenset())
    for row in used:
        evidence = evidence | parts[row].evidence
    share = tuple(float(one) for one in np.asarray(best.share)[: len(used)])
    return Together(best.estimate, evidence, used, share, float(best.spread_m))


def _joined(estimates: Sequence[Estimate], to_go_s: float) -> Intersection:
    """Their intersection; one alone stays as it is."""
    if len(estimates) == 1:
        alone = estimates[0]
        reach = np.repeat([1.0, to_go_s**2, 0.0], [3, 3, STATE - 6])
        size_m = np.sqrt(reach @ np.diagonal(np.asarray(alone.cov)))
        return Intersection(alone, np.ones(1), size_m)
    count = min(size for size in (*_SIZES, len(estimates)) if size >= len(estimates))
    rows = [*estimates, *[estimates[0]] * (count - len(estimates))]
    stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *rows)
    return _compiled()(stacked, np.arange(count) < len(estimates), np.float64(to_go_s))


@lru_cache(maxsize=1)
def _compiled() -> Callable[[Estimate, Array, Array], Intersection]:
    return stored(intersect, QUICK)


def _reach(to_go_s: Array) -> Float[Array, "10"]:
    """What each variance counts for in the spread at the impact."""
    return jnp.zeros(STATE).at[PLACE].set(1.0).at[SPEED].set(jnp.square(to_go_s))


def _inverse(cov: Float[Array, "10 10"]) -> Float[Array, "10 10"]:
    """Inverse by Cholesky: as exact for metres beside metres per second squared as for equal units."""
    root = jax.scipy.linalg.solve_triangular(jnp.linalg.cholesky(cov), jnp.eye(STATE), lower=True)
    return root.T @ root


def _shares(information: Array, cov: Array, valid: Array, reach: Array) -> Float[Array, "n"]:
    """Shares w of least reach . diag((sum w information)^-1), w >= 0, sum w = 1: primal-dual Newton steps.

    g + nu - z = 0, w z = mu -> 0. From equal shares the spread is at most n times the least one, so that no
    step has far to go.
    """
    count = len(valid)
    alone = jnp.where(valid, jnp.diagonal(cov, axis1=1, axis2=2) @ reach, jnp.inf)
    pairs = valid[:, None] & valid[None, :]

    def slopes(w: Array) -> tuple[Array, Array, Array]:
        joint = _inverse(jnp.einsum("n,nij->ij", w, information))
        seen = (joint * reach) @ joint
        f = reach @ jnp.diagonal(joint)
        g = -jnp.einsum("ij,nij->n", seen, information)
        left, right = information @ joint, information @ seen
        return f, g, 2 * jnp.einsum("aij,bji->ab", left, right)

    start = valid / jnp.sum(valid)
    scale, g, _ = slopes(start)
    nu = jnp.max(jnp.where(valid, -g, -jnp.inf)) / scale + 0.1
    z = jnp.where(valid, g / scale + nu, 1.0)

    def step(_: int, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        w, z, nu = state
        f, g, H = slopes(w)
        g, H = g / scale, H / scale
        inside = jnp.where(valid, w, 1.0)
        mu = _CENTRING * (w @ z) / jnp.sum(valid)
        # What does not take part stays where it is; equal estimates have no slope between them.
        H = jnp.where(pairs, H, 0.0) + jnp.diag(jnp.where(valid, z / inside + 1e-12 * f / scale, 1.0))
        kkt = jnp.block([[H, valid[:, None] * 1.0], [valid[None, :] * 1.0, jnp.zeros((1, 1))]])
        rest = jnp.where(valid, -(g + nu - mu / inside), 0.0)
        turn = jnp.linalg.solve(kkt, jnp.append(rest, 0.0))
        dw, dnu = turn[:count], turn[count]
        dz = jnp.where(valid, mu / inside - z - z / inside * dw, 0.0)
        far, farther = _to_the_wall(w, dw), _to_the_wall(z, dz)
        return w + far * dw, z + farther * dz, nu + farther * dnu

    w, _, _ = jax.lax.fori_loop(0, _STEPS, step, (start, z, nu))
    w = jnp.maximum(jnp.where(valid, w, 0.0), 0.0)
    w = w / jnp.sum(w)
    # Never wider than the best alone, whatever became of the steps.
    best = jnp.argmin(alone)
    found = reach @ jnp.diagonal(_inverse(jnp.einsum("n,nij->ij", w, information)))
    return jnp.where(found <= alone[best] * (1 + 1e-9), w, jnp.arange(count) == best)


def _to_the_wall(w: Array, dw: Array) -> Array:
    """Largest part of a step that keeps all positive."""
    return jnp.minimum(1.0, _TO_THE_WALL * jnp.min(jnp.where(dw < 0, -w / jnp.minimum(dw, -1e-300), jnp.inf)))
