"""Compiles the steps of a node before they are needed, so that two cores can share the work.

Every step is called once with empty records of the shapes that a run uses; results are thrown away. A mark
beside the kept code says that a former process did so with the same sources: loading it, which is Python's
work in the main, is then left to the first use.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path

import jax
import numpy as np

from noroshi import compiled
from noroshi.exercise import nations
from noroshi.node import kernels
from noroshi.records.tracks import MODELS, STATE, Belief, Estimate
from noroshi.tracking import banks, fuse
from noroshi.tracking.fuse import Part
from noroshi.tracking.launchpoint import ROWS
from noroshi.tracking.provenance import Evidence

# Numbers of tracks and plots of a moment that nearly every run comes to.
_COUNTS = banks.SIZES[:2]


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
    one, eye = np.float64(1.0), np.eye(STATE)
    belief = jax.device_put(Belief(*[one] * len(fields(Belief))))
    estimate = Estimate(one, np.ones(STATE), eye, np.full(len(MODELS), 0.25))
    batch, valid = banks.sights(ROWS), np.ones(ROWS, bool)
    return [
        partial(kernels.bundle, estimate, one, belief),
        partial(kernels.launch, batch, valid, nations.template(), (one, one), belief),
        partial(fuse.together, [Part(estimate, Evidence.of([name], name, 0.0)) for name in ("AAA", "BBB")]),
        partial(kernels.carry, estimate, np.float64(2.0), belief),
        *[partial(job, count) for count in _COUNTS for job in banks.jobs(belief)],
    ]
