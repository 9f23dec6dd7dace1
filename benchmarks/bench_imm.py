"""The multiple-model filter: predictions with updates a second on one core, and what one track alone takes.

The process that measures is kept to one core: XLA counts the cores it may use once, when it starts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.harness import Result, at_least, cores

TRACKS = 10_240
# Tracks that are kept and worked on together, side by side: what stays in cache.
BLOCK = 32


def run() -> list[Result]:
    """10,240 independent tracks with four models, on one core, by the time that the processor gave."""
    pin = f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {set(cores()[:1])})"
    command = f"import os, runpy; {pin}; runpy.run_module('{__name__}', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", command], env=os.environ, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"ended with {done.returncode}:\n{done.stderr[-2000:]}")
    told = json.loads(done.stdout)
    seats = "biases of 8 sensors considered"
    return [
        at_least("imm_rate", told["rate"], "1/s", 60_000, f"four models, ten states, {seats}, one core"),
        Result("imm_rate_one_seat", told["rate_one_seat"], "1/s", note="the same with room for one sensor"),
        Result("imm_predict", told["predict"] * 1e6, "us", note="one track alone, call and all"),
        Result("imm_weigh", told["weigh"] * 1e6, "us", note="one track alone"),
        Result("imm_update", told["update"] * 1e6, "us", note="one track alone"),
        Result("imm_first", told["first"], "s", note="compiling predict and update of one track, CPU time"),
    ]


def _best(work: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    taken_s = []
    for _ in range(times):
        start_s = clock()
        work()
        taken_s.append(clock() - start_s)
    return min(taken_s)


def measure() -> dict[str, float]:
    """Rates with room for eight sensors and for one, and single calls."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from noroshi.compiled import QUICK
    from noroshi.tracking import imm
    from tests.tracking.made import BELIEF, body, coasting, covariance, measured, sight, stations

    known = stations()
    track, plot = coasting(body(), covariance()), sight(2.0, measured(body(), known, 0), known, 0)

    def many(record):
        """Blocks of tracks, tracks last."""

        def spread(leaf):
            leaf = jnp.asarray(leaf)
            return jnp.broadcast_to(leaf[None, ..., None], (TRACKS // BLOCK, *leaf.shape, BLOCK)) + 0

        return jax.tree.map(spread, record)

    def rate(tracks) -> float:
        def step(track, plot):
            return imm.update(imm.predict(track, plot.time_s, BELIEF), plot)[0]

        block = jax.vmap(step, in_axes=-1, out_axes=-1)
        kernel = jax.jit(lambda *pair: jax.lax.map(lambda one: block(*one), pair), compiler_options=QUICK)
        plots = many(plot)
        jax.block_until_ready(kernel(tracks, plots))
        return TRACKS / _best(lambda: jax.block_until_ready(kernel(tracks, plots)), time.process_time, 6)

    start_s = time.process_time()
    to_s = np.float64(2.0)
    calls = {"predict": (imm.predict, (track, to_s, BELIEF)), "update": (imm.update, (track, plot))}
    kernels = {
        name: (jax.jit(function, compiler_options=QUICK).lower(*args).compile(), args)
        for name, (function, args) in calls.items()
    }
    first_s = time.process_time() - start_s
    kernels["weigh"] = jax.jit(imm.weigh, compiler_options=QUICK).lower(track, plot).compile(), (track, plot)

    def alone(name: str) -> float:
        kernel, args = kernels[name]
        return _best(lambda: jax.block_until_ready(kernel(*args)), time.perf_counter, 300)

    bare = replace(track, cross=track.cross[..., :3], seats=track.seats[:1], seat_s=track.seat_s[:1])
    return {
        "rate": rate(many(track)),
        "rate_one_seat": rate(many(bare)),
        "first": first_s,
        **{name: alone(name) for name in kernels},
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
