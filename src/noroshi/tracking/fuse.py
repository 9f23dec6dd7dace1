"""Two estimates of one object whose correlation nobody knows: covariance intersection.

Source: Julier and Uhlmann, American Control Conference 1997; the weight is the
one of least spread at the impact.
"""

import jax
import jax.numpy as jnp

from noroshi.earth.arrays import Array
from noroshi.records.tracks import Belief, Estimate, Track
from noroshi.tracking import imm

# An intermediate-range missile falls some ten minutes after it is tracked best.
_WEIGHTS, _TO_GO_S = 33, 600.0


def carry(estimate: Estimate, to_s: Array, belief: Belief) -> Estimate:
    """An estimate moved to `to_s` as both models would move it.

    Neither becomes the other on the way: over minutes the least chance of a second burn, with all that an
    unseen burn may do, would drown what a steady coast is known to do.
    """
    mean = jnp.stack([estimate.mean, estimate.mean.at[6:].set(0.0)])
    keep = jnp.array([1.0] * 6 + [0.0] * 3)
    coasting = estimate.cov * keep[:, None] * keep
    cov = jnp.stack([estimate.cov, coasting + 1e-6 * jnp.diag(1 - keep)])
    weight = jnp.clip(jnp.stack([estimate.burning, 1 - estimate.burning]), 1e-9, 1.0)
    track = Track(estimate.time_s, mean, cov, jnp.zeros((2, 9, 1)), weight / weight.sum())
    return imm.collapse(imm.drift(track, to_s, belief))


def intersect(a: Estimate, b: Estimate) -> Estimate:
    """Covariance intersection of two estimates at one time; never surer than the evidence allows.

    The weight is the one of least spread at the impact: that of the place, and that of the speed over the
    ten minutes it has to grow. All weights are tried at once on the axes in which both covariances are
    diagonal.
    """
    root = jnp.linalg.cholesky(a.cov)
    inside = jax.scipy.linalg.solve_triangular(root, b.cov, lower=True)
    inside = jax.scipy.linalg.solve_triangular(root, inside.T, lower=True)
    spread, turn = jnp.linalg.eigh((inside + inside.T) / 2)
    # a.cov = axes axes^T, b.cov = axes diag(spread) axes^T.
    axes = root @ turn
    reach = jnp.concatenate([jnp.ones(3), _TO_GO_S**2 * jnp.ones(3), jnp.zeros(3)])
    size = reach @ axes**2
    weights = jnp.linspace(0.0, 1.0, _WEIGHTS)[:, None]
    joint = 1 / (weights + (1 - weights) / spread)
    best = jnp.argmin(joint @ size)
    weight, joint = weights[best, 0], joint[best]
    gain = (axes * (joint * (1 - weight) / spread)) @ jnp.linalg.solve(axes, b.mean - a.mean)
    cov = (axes * joint) @ axes.T
    return Estimate(a.time_s, a.mean + gain, cov, weight * a.burning + (1 - weight) * b.burning)


def join(a: Estimate, b: Estimate, belief: Belief) -> Estimate:
    """Both estimates moved to the later one's time, and their intersection there."""
    now = jnp.maximum(a.time_s, b.time_s)
    return intersect(carry(a, now, belief), carry(b, now, belief))
