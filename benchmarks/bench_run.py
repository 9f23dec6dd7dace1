"""One exercise as a user runs it, and many in one warm process."""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Result, at_most
from benchmarks.measure import measure

SCENARIO = "japan-2022-10-04"
ARMS = ("national", "bilateral", "hub", "direct")
FURTHER_SEEDS = 8


def run() -> list[Result]:
    """First run, second run, peak memory, each further seed."""
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        cache = {"NOROSHI_CACHE_DIR": str(Path(folder, "cache"))}
        noroshi = str(Path(sys.executable).with_name("noroshi"))
        first, second = (
            measure([noroshi, "run", SCENARIO, "--out", str(Path(folder, out))], cache)
            for out in ("first", "second")
        )
    peak_gb = max(first.peak_bytes, second.peak_bytes) / 1e9
    return [
        at_most("run_first", first.wall_s, "s", 25, "whole process, four arms, empty compile cache"),
        at_most("run_again", second.wall_s, "s", 8, "whole process, four arms, compile cache filled"),
        at_most("run_peak_memory", peak_gb, "GB", 1.5, "largest resident set of the two"),
        at_most("run_many_seed", seconds_per_seed(), "s", 1.5, f"mean of {FURTHER_SEEDS} further seeds"),
    ]


def seconds_per_seed() -> float:
    """Mean wall time of a further seed with all arms, once the process is warm."""
    from noroshi.exercise.many import run_many  # after the runs: this process stays small until then

    list(run_many(SCENARIO, [0], ARMS))
    start_s = time.perf_counter()
    list(run_many(SCENARIO, range(1, 1 + FURTHER_SEEDS), ARMS))
    return (time.perf_counter() - start_s) / FURTHER_SEEDS
