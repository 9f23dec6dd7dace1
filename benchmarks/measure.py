"""Wall time and peak memory of one command, measured by a parent small enough not to blur them.

A child's peak resident set counts what its parent held when it was started (Linux: the old memory map is
counted at exec), so the command is started from a bare interpreter and never from a process that holds JAX.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Whole process: start of the interpreter to its end; the largest resident set on the way."""

    wall_s: float
    peak_bytes: int


def measure(command: Sequence[str], extra_env: Mapping[str, str]) -> Measured:
    """Run `command` with its output put aside; RuntimeError with its last words when it fails."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [sys.executable, __file__, *command],
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, **extra_env},
            text=True,
        )
        if done.returncode:
            said.seek(0)
            last = said.read()[-2000:]
            raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}:\n{last}")
    return Measured(**json.loads(done.stdout))


def main(command: Sequence[str]) -> int:
    """Run `command`, print what it took as JSON, return its exit status."""
    start_s = time.perf_counter()
    status = subprocess.run(command, stdout=sys.stderr).returncode
    wall_s = time.perf_counter() - start_s
    # ru_maxrss is in KiB, on macOS in bytes (getrusage(2)).
    unit = 1 if sys.platform == "darwin" else 1024
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    print(json.dumps({"wall_s": wall_s, "peak_bytes": peak_bytes}))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
