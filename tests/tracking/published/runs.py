"""Many runs of one filter on one problem, and the figures that papers print of them."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from noroshi.earth.arrays import Array
from noroshi.tracking.kalman import Gaussian, Innovation

Step = Callable[[Gaussian, Array], tuple[Gaussian, Innovation]]


def filtered(start: Gaussian, z: np.ndarray, step: Step) -> Gaussian:
    """Posteriors [runs, scans, ...] of z [runs, scans, m]; `start` has a leading axis of runs."""

    def one(start: Gaussian, z: Array) -> Gaussian:
        def body(state: Gaussian, z: Array) -> tuple[Gaussian, Gaussian]:
            posterior, _ = step(state, z)
            return posterior, posterior

        return lax.scan(body, start, z)[1]

    return jax.tree.map(np.asarray, jax.jit(jax.vmap(one))(start, jnp.asarray(z)))


def alike(start: Gaussian, runs: int) -> Gaussian:
    """The same start for each run."""
    return jax.tree.map(lambda leaf: np.broadcast_to(leaf, (runs, *np.shape(leaf))), start)


def nees(posterior: Gaussian, truth: np.ndarray) -> np.ndarray:
    """Normalised squared error of each run and scan."""
    off = posterior.mean - truth
    return np.einsum("...i,...i", off, np.linalg.solve(posterior.cov, off[..., None])[..., 0])


def rmse(posterior: Gaussian, truth: np.ndarray) -> np.ndarray:
    """Root mean square error over the runs, [scans, n]."""
    return np.sqrt(np.mean((posterior.mean - truth) ** 2, axis=0))


def bound(
    truths: np.ndarray, cov: np.ndarray, f: Callable, Q: np.ndarray, h: Callable, R: np.ndarray
) -> np.ndarray:
    """Square root of the posterior Cramér-Rao bound, [scans, n]; truths [runs, scans + 1, n] from the start.

    The information of P. Tichavský et al. (IEEE Transactions on Signal Processing 46(5), 1998), in the form
    for covariances: linear about the truths, with what a look tells averaged over them. It needs no filter.
    """
    slopes = jax.jit(lambda function, x: jax.vmap(jax.vmap(jax.jacfwd(function)))(x), static_argnums=0)
    F = np.asarray(slopes(f, truths[:, :-1])).mean(axis=0)
    H = np.asarray(slopes(h, truths[:, 1:]))
    told = np.einsum("rkmi,mn,rknj->kij", H, np.linalg.inv(R), H) / len(truths)
    sigmas = []
    for F_k, told_k in zip(F, told, strict=True):
        prior = F_k @ cov @ F_k.T + Q
        cov = np.linalg.solve(np.eye(len(prior)) + prior @ told_k, prior)
        sigmas.append(np.sqrt(np.diag(cov)))
    return np.array(sigmas)
