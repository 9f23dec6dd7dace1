"""Two estimates of one object whose correlation nobody knows: covariance intersection.

Source: Julier and Uhlmann, American Control Conference 1997; the weight is the one of least determinant.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from noroshi.records.tracks import Belief, Estimate, Track
from noroshi.tracking import imm

_WEIGHTS = 17


def carry(estimate: Estimate, to_s: Array, belief: Belief) -> Estimate:
    """An estimate moved to `to_s` as both models would move it."""
    mean = jnp.stack([estimate.mean, estimate.mean.at[6:].set(0.0)])
    keep = jnp.array([1.0] * 6 + [0.0] * 3)
    coasting = estimate.cov * keep[:, None] * keep
    cov = jnp.stack([estimate.cov, coasting + 1e-6 * jnp.diag(1 - keep)])
    weight = jnp.clip(jnp.stack([estimate.burning, 1 - estimate.burning]), 1e-9, 1.0)
    track = Track(estimate.time_s, mean, cov, jnp.zeros((2, 9, 1)), weight / weight.sum())
    return imm.collapse(imm.predict(track, to_s, belief))


def intersect(a: Estimate, b: Estimate) -> Estimate:
    """Covariance intersection of two estimates at one time; never surer than the evidence allows.

    Only place and speed weigh in the choice: the thrust of a coasting body is known to be nought.
    """
    scale = jnp.array([1e3] * 3 + [10.0] * 3 + [1.0] * 3)
    A = jnp.linalg.inv(a.cov / scale[:, None] / scale)
    B = jnp.linalg.inv(b.cov / scale[:, None] / scale)

    def at(weight: Array) -> tuple[Array, Array]:
        cov = jnp.linalg.inv(weight * A + (1 - weight) * B)
        return cov, jnp.linalg.slogdet(cov[:6, :6])[1]

    weights = jnp.linspace(0.0, 1.0, _WEIGHTS)
    covs, sizes = jax.vmap(at)(weights)
    best = jnp.argmin(sizes)
    weight, cov = weights[best], covs[best]
    mean = cov @ (weight * A @ (a.mean / scale) + (1 - weight) * B @ (b.mean / scale))
    return Estimate(
        a.time_s, mean * scale, cov * scale[:, None] * scale, weight * a.burning + (1 - weight) * b.burning
    )


def join(a: Estimate, b: Estimate, belief: Belief) -> Estimate:
    """Both estimates moved to the later one's time, and their intersection there."""
    now = jnp.maximum(a.time_s, b.time_s)
    return intersect(carry(a, now, belief), carry(b, now, belief))
