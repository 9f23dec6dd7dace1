"""python -m benchmarks [NAME ...]: run the benchmarks, print a table, write out/bench.json."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import harness


def main() -> int:
    """0 when every benchmark ran, met or not; 1 when one could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {harness.names()}; all if none")
    parser.add_argument("--out", type=Path, default=Path("out/bench.json"), help="where the JSON goes")
    parser.add_argument("--cores", type=int, default=2, help="how many cores to use (default 2)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(harness.names()):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {harness.names()}")

    harness.keep_to(chosen.cores)
    console, progress = Console(), Console(stderr=True)
    results = []
    for name in chosen.names or harness.names():
        with progress.status(f"benchmark {name}"):
            results += harness.run(name)
    console.print(harness.table(results))
    harness.write(results, chosen.out)
    console.print(f"written to {chosen.out}")
    return int(any(row.value is None for row in results))


if __name__ == "__main__":
    sys.exit(main())
