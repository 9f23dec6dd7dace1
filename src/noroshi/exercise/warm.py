"""Compiles the steps of a node before they are needed, so that two cores can share the work.

Every step is called once with empty records of the shapes that a run uses; results are thrown away. A mark
beside the kept code says that a former process did so with the same sources: loading it, which is Python's
work in the main, is then left to the first use.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jax
import numpy as np

from noroshi import compiled
from noroshi.exercise import nations
from noroshi.exercise.nations import TEMPLATE_ROWS
from noroshi.node import kernels
from noroshi.records.tracks import SLOTS, Belief, Estimate, Stations, Track
from noroshi.tracking.imm import Sight
from noroshi.tracking.launchpoint import ROWS, Sights, Template


def compile_all() -> None:
    """Compile everything on two threads (compiling runs beside Python) and leave the mark."""
    pool = ThreadPoolExecutor(min(2, os.cpu_count() or 1))
    try:
        for one in [pool.submit(job) for job in jobs()]:
            one.result()
    finally:
        # After Ctrl-C nobody waits for what is still being compiled.
        pool.shutdown(wait=False, cancel_futures=True)
    if (mark := compiled.place("all")) is not None:
        Path(mark).touch()


def is_compiled() -> bool:
    """Whether compiled code of these sources is kept on disk."""
    mark = compiled.place("all")
    return mark is not None and Path(mark).exists()


def jobs() -> list[Callable[[], object]]:
    """The compilations, longest first, to be called in any order and on any thread."""
    one, eye = np.float64(1.0), np.eye(9)
    stations = jax.device_put(
        Stations(np.ones((SLOTS, 3)), np.tile(np.eye(3), (SLOTS, 1, 1)), np.ones((SLOTS, 3)))
    )
    belief = jax.device_put(Belief(*[one] * 5))
    sights = Sight(np.ones(SLOTS), np.ones((SLOTS, 3)), np.ones((SLOTS, 3)), np.zeros(SLOTS, int))
    sight = jax.tree.map(lambda column: column[0], sights)
    track = Track(one, np.ones((2, 9)), np.stack([eye, eye]), np.ones((2, 9, 3 * SLOTS)), np.full(2, 0.5))
    estimate = Estimate(one, np.ones(9), eye, one)
    rows = np.ones((ROWS, 3))
    batch = Sights(np.ones(ROWS), rows, np.tile(np.eye(3), (ROWS, 1, 1)), rows, rows, np.ones(ROWS, bool))
    template = jax.device_put(Template(one, np.ones(TEMPLATE_ROWS), np.ones(TEMPLATE_ROWS)))
    return [
        # The flight of the truth: the template is flown by the same code.
        partial(nations.template, 100.0, 250.0),
        partial(kernels.bundle, estimate, one, belief),
        partial(kernels.launch, batch, template, (one, one)),
        partial(kernels.weigh, track, sights, stations, belief),
        partial(kernels.join, estimate, estimate, belief),
        partial(kernels.absorb, track, sights, np.int64(1), stations),
        partial(kernels.carry, estimate, one, belief),
        partial(kernels.init, sight, stations),
    ]
