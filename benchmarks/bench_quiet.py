"""A month without a launch, as a user runs it."""

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Result, at_most
from benchmarks.measure import measure


def run() -> list[Result]:
    """The whole run with all its arms."""
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        noroshi = str(Path(sys.executable).with_name("noroshi"))
        month = measure([noroshi, "run", "quiet-month", "--out", str(Path(folder, "out"))], {})
    return [at_most("quiet_month", month.wall_s, "s", 600, "whole process, three arms, thirty days")]
