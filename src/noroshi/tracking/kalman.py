"""Textbook filters for any model and dimension: extended, unscented, and on converted measurements.

All are pure functions of one object, to be vmapped. A model is a function: `f` moves a state, `h` says what a
sensor would measure of it; noise is additive. Derivatives are exact (forward mode): differences in steps of
rounding size are what fails at the coordinates of Earth-fixed frames.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record

Model = Callable[[Array], Array]
Residual = Callable[[Array, Array], Array]
# Up to this size a matrix is eliminated by written-out steps, which vmap turns into plain vector code.
_WRITTEN_OUT = 4


@record
class Gaussian:
    """A state, or a place, and how sure it is."""

    mean: Float[Array, "n"]
    cov: Float[Array, "n n"]


@record
class Innovation:
    """What a measurement said beyond the prediction, and the covariance that was expected of it.

    `distance2` is the squared Mahalanobis distance: chi-squared with as many degrees of freedom as the
    measurement has numbers, where the filter is right about itself. A prior that is no covariance shows as a
    `log_likelihood` that is not a number.
    """

    residual: Float[Array, "m"]
    cov: Float[Array, "m m"]
    distance2: Float[Array, ""]
    log_likelihood: Float[Array, ""]


class Spread(NamedTuple):
    """Where sigma points lie and how they weigh (scaled unscented transform, Julier 2002).

    Points lie at alpha sqrt(n + kappa) sigmas; `beta` adds weight to the middle one's part of the covariance,
    2 being best for a Gaussian. With the numbers here no weight is negative, so that no covariance can lose
    its sign; the textbook's kappa = 3 - n gives that up from four states on.
    """

    alpha: float = 1.0
    beta: float = 2.0
    kappa: float = 0.0


# The default.
SAFE = Spread()


def difference(a: Array, b: Array) -> Array:
    """a - b: the residual of what has no ends that meet."""
    return a - b


def wrapped(angles: Array) -> Residual:
    """A residual that takes the short way round wherever `angles` is true."""

    def residual(a: Array, b: Array) -> Array:
        straight = a - b
        around = jnp.remainder(straight + jnp.pi, 2 * jnp.pi) - jnp.pi
        return jnp.where(angles, around, straight)

    return residual


def predict(prior: Gaussian, f: Model, Q: Float[Array, "n n"]) -> Gaussian:
    """Move `prior` by x' = f(x) + N(0, Q), extended Kalman filter."""
    mean, F = _linear(f, prior.mean)
    return Gaussian(mean, F @ prior.cov @ F.T + Q)


def update(
    prior: Gaussian, z: Float[Array, "m"], h: Model, R: Float[Array, "m m"], residual: Residual = difference
) -> tuple[Gaussian, Innovation]:
    """Condition `prior` on z = h(x) + N(0, R), extended Kalman filter."""
    expected, H = _linear(h, prior.mean)
    HP = H @ prior.cov
    off = residual(z, expected)
    K, innovation = _weighed(off, HP @ H.T + R, HP)
    # Joseph form, A P A' + K R K': the covariance stays positive when K is inexact. Both sums as one product,
    # for in batches of small matrices each product costs, whatever its size.
    A = jnp.eye(len(prior.mean)) - K @ H
    cov = jnp.concatenate([A @ prior.cov, K @ R], axis=1) @ jnp.concatenate([A, K], axis=1).T
    return Gaussian(prior.mean + K @ off, _even(cov)), innovation


def unscented_predict(prior: Gaussian, f: Model, Q: Float[Array, "n n"], spread: Spread = SAFE) -> Gaussian:
    """Move `prior` by x' = f(x) + N(0, Q), unscented."""
    points, weights = _points(prior, spread)
    mean, off = _averaged(f, points, weights, difference)
    return Gaussian(mean, _even(_moment(off, weights.of_cov, off) + Q))


def unscented_update(
    prior: Gaussian,
    z: Float[Array, "m"],
    h: Model,
    R: Float[Array, "m m"],
    residual: Residual = difference,
    spread: Spread = SAFE,
) -> tuple[Gaussian, Innovation]:
    """Condition `prior` on z = h(x) + N(0, R), unscented, with sigma points drawn anew from `prior`."""
    points, weights = _points(prior, spread)
    expected, off = _averaged(h, points, weights, residual)
    moved = points - prior.mean
    S = _moment(off, weights.of_cov, off) + R
    surprise = residual(z, expected)
    K, innovation = _weighed(surprise, S, _moment(off, weights.of_cov, moved))
    # P - K S K' written as a sum of squares, as Joseph's form does.
    left = moved - off @ K.T
    cov = _moment(left, weights.of_cov, left) + K @ R @ K.T
    return Gaussian(prior.mean + K @ surprise, _even(cov)), innovation


def converted(
    z: Float[Array, "3"],
    sigma: Float[Array, "3"],
    site_ecef_m: Float[Array, "3"] | float = 0.0,
    axes: Float[Array, "3 3"] | None = None,
) -> Gaussian:
    """Place of what was measured in range m, azimuth (from the second axis to the first) and elevation rad.

    Unbiased over the noise for any range and angle error, with the mean covariance of such conversions given
    the measurement: L. Mo et al., "Unbiased converted measurements for tracking", IEEE Transactions on
    Aerospace and Electronic Systems 34(3), 1998, 1023-1027, as NRL's TrackerComponentLibrary has it
    (spher2CartTaylor, algorithm 0). Written anew in differences that do not cancel: at 40,000 km the squares
    of the range would leave nothing of a metre. `axes` (rows east, north, up) turn it into their frame.

    Where rough angles alone blur the depth, its variance is up to five times too wide; it is never too small.
    """
    r, azimuth, elevation = z[0], z[1], z[2]
    noise, va, ve = sigma[0] ** 2, sigma[1] ** 2, sigma[2] ** 2
    c, s = jnp.cos(2 * elevation), jnp.sin(2 * elevation)
    # The terms in exp(-n v) of the moments of sines and cosines, each less what it is without noise.
    g, p = jnp.expm1(-2 * va), jnp.expm1(va) + jnp.expm1(-3 * va)
    m, d = jnp.expm1(ve), jnp.expm1(-3 * ve) - jnp.expm1(-2 * ve)
    k, w = m + c * jnp.expm1(-3 * ve), c * jnp.expm1(-2 * ve)
    level = 1 + c
    side = ((r**2 + 2 * noise) * (jnp.expm1(va) - jnp.expm1(-3 * va)) * (level + k)
            + (r**2 + noise) * g * (level + w)) / 4  # fmt: skip
    ahead = (r**2 * (level * (p - g) + 2 * (m + c * d) + p * k - g * w)
             + noise * (2 * (2 + p) * (level + k) - (2 + g) * (level + w))) / 4  # fmt: skip
    above = (r**2 * (m - c * d)
             + noise * (1 - c + 2 * m - c * (2 * jnp.expm1(-3 * ve) - jnp.expm1(-2 * ve)))) / 2  # fmt: skip
    shear = jnp.exp(-va / 2) * s / 2 * (r**2 * d + noise * (2 * jnp.exp(-3 * ve) - jnp.exp(-2 * ve)))
    zero = jnp.zeros_like(r)
    cov = jnp.array([[side, zero, zero], [zero, ahead, shear], [zero, shear, above]])
    sin, cos, one = jnp.sin(azimuth), jnp.cos(azimuth), jnp.ones_like(r)
    # Columns: to the right of the line of sight, ahead on the level, up.
    turn = jnp.array([[cos, sin, zero], [-sin, cos, zero], [zero, zero, one]])
    reach = r * jnp.exp(ve / 2)
    mean = turn @ jnp.array([zero, reach * jnp.exp(va / 2) * jnp.cos(elevation), reach * jnp.sin(elevation)])
    if axes is not None:
        turn, mean = axes.T @ turn, axes.T @ mean
    return Gaussian(site_ecef_m + mean, _even(turn @ cov @ turn.T))


def converted_polar(z: Float[Array, "2"], sigma: Float[Array, "2"]) -> Gaussian:
    """Place in a plane of what was measured in range and angle, rad, from the first axis to the second."""
    level = jnp.zeros(1)
    space = converted(jnp.concatenate([z, level]), jnp.concatenate([sigma, level]))
    order = jnp.array([1, 0])
    return Gaussian(space.mean[order], space.cov[order][:, order])


def solve(S: Float[Array, "m m"], B: Float[Array, "m k"]) -> tuple[Float[Array, "m k"], Float[Array, ""]]:
    """S^-1 B of a positive definite S, and the logarithm of its determinant, no number where S is none."""
    size = S.shape[-1]
    if size > _WRITTEN_OUT:
        root = jnp.linalg.cholesky(S)
        return jax.scipy.linalg.cho_solve((root, True), B), 2 * jnp.sum(jnp.log(jnp.diagonal(root)))
    # L D L' and back, row by row.
    L: dict[tuple[int, int], Array] = {}
    D: list[Array] = []
    for i in range(size):
        for j in range(i):
            known = sum((L[i, k] * D[k] * L[j, k] for k in range(j)), start=jnp.zeros(()))
            L[i, j] = (S[i, j] - known) / D[j]
        D.append(S[i, i] - sum((L[i, k] ** 2 * D[k] for k in range(i)), start=jnp.zeros(())))
    rows: list[Array] = []
    for i in range(size):
        rows.append(B[i] - sum((L[i, k] * rows[k] for k in range(i)), start=jnp.zeros(())))
    for i in reversed(range(size)):
        below = sum((L[k, i] * rows[k] for k in range(i + 1, size)), start=jnp.zeros(()))
        rows[i] = rows[i] / D[i] - below
    return jnp.stack(rows), jnp.sum(jnp.log(jnp.stack(D)))


class _Weights(NamedTuple):
    of_mean: Array
    of_cov: Array


def _linear(function: Model, x: Array) -> tuple[Array, Array]:
    """Value and Jacobian in one pass."""

    def twice(x: Array) -> tuple[Array, Array]:
        value = function(x)
        return value, value

    slope, value = jax.jacfwd(twice, has_aux=True)(x)
    return value, slope


def _weighed(off: Array, S: Array, HP: Array) -> tuple[Array, Innovation]:
    """Gain and innovation for a residual, its covariance, and the covariance of it with the state, [m n]."""
    solved, log_det = solve(S, jnp.concatenate([HP, off[:, None]], axis=1))
    distance2 = off @ solved[:, -1]
    log_likelihood = -0.5 * (distance2 + log_det + len(off) * jnp.log(2 * jnp.pi))
    return solved[:, :-1].T, Innovation(off, S, distance2, log_likelihood)


def _points(prior: Gaussian, spread: Spread) -> tuple[Array, _Weights]:
    """Sigma points [2n + 1, n], the mean first."""
    n = len(prior.mean)
    reach2 = spread.alpha**2 * (n + spread.kappa)
    steps = jnp.sqrt(reach2) * jnp.linalg.cholesky(prior.cov).T
    points = prior.mean + jnp.concatenate([jnp.zeros((1, n)), steps, -steps])
    of_mean = jnp.full(2 * n + 1, 0.5 / reach2).at[0].set(1 - n / reach2)
    return points, _Weights(of_mean, of_mean.at[0].add(1 - spread.alpha**2 + spread.beta))


def _averaged(
    function: Model, points: Array, weights: _Weights, residual: Residual
) -> tuple[Array, Float[Array, "points m"]]:
    """Mean of what the points become, and how far each is from it, taken from the middle one on.

    So angles may be averaged across the place where they jump.
    """
    become = jax.vmap(function)(points)
    from_middle = jax.vmap(lambda one: residual(one, become[0]))(become)
    shift = weights.of_mean @ from_middle
    return become[0] + shift, from_middle - shift


def _moment(
    a: Float[Array, "p m"], weights: Float[Array, "p"], b: Float[Array, "p n"]
) -> Float[Array, "m n"]:
    return (a * weights[:, None]).T @ b


def _even(cov: Array) -> Array:
    """Rounding must not make a covariance lopsided."""
    return (cov + cov.T) / 2
