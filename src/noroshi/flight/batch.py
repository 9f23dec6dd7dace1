"""Many lanes, few at a time: chunks that stay in cache inside compiled code, jobs for threads outside it.

A batch is a pytree whose leaves have their lanes last. Lanes must not know of each other; then cutting a
batch changes no byte of what comes out. What is missing to a full chunk is filled with lanes that are not a
number, which a kernel stops at once.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from noroshi.earth.arrays import Array, namespace

In = TypeVar("In")
Out = TypeVar("Out")

# Elsewhere than on a CPU: below eight lanes, a vector's width, results differ in the last bits.
FEWEST = 8
# On a CPU. Chunks of 64 to 256 lanes stay in cache; a longer one waits longer for its slowest lane.
CHUNK = 128
JOB = 4096


def in_chunks(function: Callable[[In], Out], batch: In, chunk: int | None = None) -> Out:
    """`function` of all lanes, chunk by chunk; for use inside compiled code.

    Where nothing is said, a chunk is what the backend likes: 128 lanes on a CPU, elsewhere the whole batch.
    """
    lanes = _lanes(batch)
    size = chunk or (CHUNK if jax.default_backend() == "cpu" else _up(lanes, FEWEST))
    padded = _padded(batch, _up(lanes, size))
    if _lanes(padded) == size:
        return _first(function(padded), lanes)
    cut = jax.tree.map(lambda leaf: jnp.moveaxis(leaf.reshape(*leaf.shape[:-1], -1, size), -2, 0), padded)
    done = lax.map(function, cut)
    whole = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, 0, -2).reshape(*leaf.shape[1:-1], -1), done)
    return _first(whole, lanes)


def in_jobs(
    function: Callable[[In], Out], batch: In, threads: int | None = None, job: int | None = None
) -> Out:
    """Compiled `function` of all lanes as NumPy arrays, a job of lanes at a time, on one thread per core.

    XLA lets go of the interpreter lock, so threads share the work. On a CPU every job is filled up to one
    size, with lanes that cost a step each: one program serves all, and no company changes a byte. Elsewhere
    there is one job. `function` may use `in_chunks`.
    """
    lanes = _lanes(batch)
    job = (job or JOB) if jax.default_backend() == "cpu" else _up(lanes, FEWEST)
    edges = [*range(0, lanes, job), lanes] if lanes else [0, 0]
    cuts = [slice(*pair) for pair in pairwise(edges)]

    def one(cut: slice) -> Out:
        part = jax.tree.map(lambda leaf: leaf[..., cut], batch)
        done = jax.block_until_ready(function(_padded(part, job)))
        return _first(jax.tree.map(np.asarray, done), _lanes(part))

    workers = min(len(cuts), threads or _cores())
    if workers == 1:
        parts = [one(cut) for cut in cuts]
    else:
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(one, cuts))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves, axis=-1), *parts)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lanes(batch: object) -> int:
    return jax.tree.leaves(batch)[0].shape[-1]


def _up(count: int, step: int) -> int:
    """The next multiple of `step`, at least one."""
    return max(1, -(-count // step)) * step


def _first(batch: Out, lanes: int) -> Out:
    return jax.tree.map(lambda leaf: leaf[..., :lanes], batch)


def _padded(batch: In, lanes: int) -> In:
    """The batch with lanes that are no number (0 where there are only whole ones) up to `lanes`."""
    missing = lanes - _lanes(batch)

    def longer(leaf: Array) -> Array:
        xp = namespace(leaf)
        empty = np.nan if xp.issubdtype(leaf.dtype, xp.floating) else 0
        return xp.concatenate([leaf, xp.full((*leaf.shape[:-1], missing), empty, leaf.dtype)], axis=-1)

    return jax.tree.map(longer, batch) if missing else batch
