"""noroshi fly as a user runs it, and full flights of every family side by side.

Full flights are bounded by the longest of a batch of 64 (lockstep): a glider or a lofted missile takes twice
the steps of a short flight. What bounds a process is reading Python and the kernel, then some 40 batches.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Result, at_most, cores
from benchmarks.measure import measure

FIGURES = [
    "--lat",
    "40.6",
    "--lon",
    "126.4",
    "--bearing-deg",
    "80",
    "--apogee-km",
    "1000",
    "--range-km",
    "4600",
]
# Families, with lofts in degrees and ideal velocities in km/s that their flights have.
FAMILIES = (
    ("icbm", (70, 88), (7.0, 9.0)),
    ("irbm-single-stage", (30, 60), (6.0, 7.0)),
    ("quasi-ballistic", (15, 40), (2.5, 3.5)),
    ("glide", (5, 30), (4.0, 6.0)),
)
BATCHES = 8


def run() -> list[Result]:
    """A process from nothing, one after it, and full flights a second on one core."""
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        cache = {"NOROSHI_CACHE_DIR": str(Path(folder, "cache"))}
        noroshi = str(Path(sys.executable).with_name("noroshi"))
        first, *again = (measure([noroshi, "fly", *FIGURES, "--json"], cache) for _ in range(4))
        pin = f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {set(cores()[:1])})"
        command = f"import os, runpy; {pin}; runpy.run_module('{__name__}', run_name='__main__')"
        done = subprocess.run(
            [sys.executable, "-c", command],
            env=os.environ | cache,
            text=True,
            capture_output=True,
            check=True,
        )
    rates = json.loads(done.stdout)
    said = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items() if name != "mixed")
    return [
        Result("fly_first", first.wall_s, "s", note="whole process, empty compile cache"),
        at_most("fly_again", min(one.wall_s for one in again), "s", 2.5, "whole process, best of three"),
        Result(
            "full_flights", rates["mixed"], "1/s", note=f"launch to impact, families mixed; alone: {said}"
        ),
    ]


def flights() -> dict[str, float]:
    """Full flights a second, family by family and mixed."""
    import jax
    import numpy as np

    from noroshi.catalogue.threats import flyer, load_threat
    from noroshi.flight.fit import flown
    from noroshi.flight.missile import Aim, Site, course

    chance = np.random.default_rng(1)
    plans = {}
    for name, lofts, speeds in FAMILIES:
        count = 64 * BATCHES
        missile, body = flyer(load_threat(name), lambda _, count=count: chance.random(count))
        aim = Aim(
            np.radians(chance.uniform(*lofts, count)),
            chance.uniform(*speeds, count),
            chance.uniform(0, 2 * np.pi, count),
        )
        plans[name] = course(Site(40.0, 127.0), missile, body, aim)
    leaves = [jax.tree.flatten(plan) for plan in plans.values()]
    every = zip(*(flat for flat, _ in leaves), strict=True)
    joined = [np.concatenate(same, axis=-1) if np.ndim(same[0]) else same[0] for same in every]
    order = chance.permutation(joined[0].shape[-1])
    plans["mixed"] = jax.tree.unflatten(
        leaves[0][1], [leaf[..., order] if np.ndim(leaf) else leaf for leaf in joined]
    )
    rates = {}
    for name, plan in plans.items():
        flown(plan)
        taken_s = []
        for _ in range(4):
            start_s = time.perf_counter()
            flown(plan)
            taken_s.append(time.perf_counter() - start_s)
        rates[name] = len(plan.time_s) / min(taken_s)
    return rates


if __name__ == "__main__":
    print(json.dumps(flights()))
