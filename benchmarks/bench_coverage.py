"""Lines of sight, a constellation's coverage and the search for one, on the cores that are in use."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.harness import Result, at_least, at_most, cores


def run() -> list[Result]:
    """Tests a second on one core; all cores: the large case, a turn of 54 satellites, the search."""
    one, rest = _process("one", 1), _process("all", len(cores()))
    return [
        at_least(
            "visibility_rate", one["rate"], "1/s", 1e9, "lines of sight to the limb, one core, CPU time"
        ),
        at_least(
            "visibility_rate_full", one["full"], "1/s", 5e8, "elevation, range and field of view, one core"
        ),
        at_most("visibility_large", rest["large"], "s", 4, "10,000 places x 500 satellites x 600 steps"),
        at_most("visibility_memory", rest["memory"], "GB", 1, "largest resident set of that process"),
        at_most(
            "coverage_turn", rest["turn"], "s", 2, "54 satellites, 4,000 places, 60 steps; gated as well"
        ),
        at_most("search_2000", rest["search"], "s", 120, "per 2,000 patterns screened: two in view 95 %"),
        at_most("search_2000_gap", rest["search_gap"], "s", 120, "the same: no gap above 300 s"),
    ]


def _process(part: str, count: int) -> dict[str, float]:
    pin = f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {set(cores()[:count])})"
    command = f"import os, runpy; {pin}; runpy.run_module('{__name__}', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", command, part], env=os.environ, text=True, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def _best(work: Callable[[], object], clock: Callable[[], float], times: int = 4) -> float:
    """The shortest of a few, after a first that compiles."""
    work()
    taken_s = []
    for _ in range(times):
        start_s = clock()
        work()
        taken_s.append(clock() - start_s)
    return min(taken_s)


def _watching(places: int, moments: int, **limits: float) -> Callable[[], object]:
    """500 satellites over a grid."""
    import numpy as np

    from noroshi.flight.orbits import positions, walker
    from noroshi.sensing import coverage
    from noroshi.sensing.search import STILL
    from noroshi.sensing.visibility import Limits

    elements = walker(500, 20, 1, 53.0, 550.0, earth=STILL)
    place_m, _ = positions(elements, np.arange(moments) * 10.0, STILL)
    layer = coverage.Layer("500/20/1", 500, lambda time_s: place_m[(time_s / 10).astype(int)], 1.0)
    grid = coverage.grid(places, STILL)
    times = coverage.Times(10.0, moments, False)
    return lambda: coverage.cover([layer], grid, 30e3, Limits(**limits), times, STILL)


def one() -> dict[str, float]:
    """Tests a second of one core, by the time that the processor gave."""
    pairs = 2048 * 500 * 64
    full = {"elevation_rad": 0.1, "nadir_rad": 1.05, "range_m": 3e6}
    return {
        "rate": pairs / _best(_watching(2048, 64), time.process_time),
        "full": pairs / _best(_watching(2048, 64, **full), time.process_time),
    }


def all_cores() -> dict[str, float]:
    """The large case and its memory, a turn of 54 satellites, the search."""
    import resource

    from noroshi.sensing import coverage
    from noroshi.sensing.search import STILL, Criterion, Pattern, Wanted
    from noroshi.sensing.visibility import Limits

    large = _best(_watching(10_000, 600), time.perf_counter, 2)
    unit = 1e9 if sys.platform == "darwin" else 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

    layer = coverage.planned("54/6/1", Pattern(54, 6, 1, 1000.0, 81.0).elements(STILL), STILL)
    grid, times = coverage.grid(4000, STILL), coverage.one_turn([layer], 60)
    gated = Limits(crossing_rad=0.2618)

    def turn() -> None:
        for limits in (Limits(), gated):
            coverage.cover([layer], grid, 30e3, limits, times, STILL)

    wanted = Wanted(
        Criterion("p2", 0.95), (20.0, 50.0), 30e3, Limits(), gated,
        range(1, 101), range(1, 13), (1000.0, 1200.0), (50.0, 65.0, 81.0), ("delta", "star"),
    )  # fmt: skip
    gap = replace(wanted, criterion=Criterion("longest_gap_s", 300.0), patterns=("delta",))
    return {
        "large": large,
        "memory": memory,
        "turn": _best(turn, time.perf_counter),
        "search": _searched(wanted),
        "search_gap": _searched(gap),
    }


def _searched(wanted) -> float:
    """Seconds for 2,000 patterns."""
    from noroshi.sensing.search import search

    start_s = time.perf_counter()
    screened = search(wanted).screened
    return 2000 * (time.perf_counter() - start_s) / screened


if __name__ == "__main__":
    print(json.dumps({"one": one, "all": all_cores}[sys.argv[1]]()))
