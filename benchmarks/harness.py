"""Finds the benchmarks, runs them, and writes what they found."""

import importlib
import json
import os
import platform
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """One number. `target` is text such as "<= 25"; `met` is None where nothing was promised."""

    name: str
    value: float | None
    unit: str
    target: str | None = None
    met: bool | None = None
    note: str = ""


def at_most(name: str, value: float, unit: str, limit: float, note: str = "") -> Result:
    """A number that must not exceed `limit`."""
    return Result(name, value, unit, f"<= {limit:g}", value <= limit, note)


def at_least(name: str, value: float, unit: str, limit: float, note: str = "") -> Result:
    """A number that must reach `limit`."""
    return Result(name, value, unit, f">= {limit:g}", value >= limit, note)


def names() -> list[str]:
    """Every benchmark: bench_run.py is called "run"."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def run(name: str) -> list[Result]:
    """Results of one benchmark; one that fails is a missed target with its reason."""
    try:
        return list(importlib.import_module(f"benchmarks.bench_{name}").run())
    except Exception as error:
        traceback.print_exc()
        first_line = str(error).partition("\n")[0]
        return [Result(name, None, "", None, False, f"failed: {type(error).__name__}: {first_line}")]


def machine() -> str:
    """The machine in words: a figure without its machine says little."""
    return (
        f"{processor()}, {len(cores())} cores in use, {platform.system()}, Python {platform.python_version()}"
    )


def processor() -> str:
    """Name of the processor where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def cores() -> Sequence[int]:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)


def keep_to(count: int) -> None:
    """Use `count` cores, here and in every child, where the system lets us choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores()[:count])


def table(results: Iterable[Result]) -> Table:
    """What a person reads."""
    shown = Table(title="noroshi benchmarks", caption=machine())
    for column, justify in (("name", "left"), ("value", "right"), ("unit", "left"), ("target", "right")):
        shown.add_column(column, justify=justify)
    shown.add_column("met")
    shown.add_column("note", overflow="fold")
    words = {True: "[green]yes", False: "[red]no", None: "–"}
    for row in results:
        value = "–" if row.value is None else f"{row.value:.4g}"
        shown.add_row(row.name, value, row.unit, row.target or "–", words[row.met], row.note)
    return shown


def write(results: Iterable[Result], path: Path) -> None:
    """What a program reads: a list of rows, each with the machine it was measured on."""
    rows = [{**asdict(row), "machine": machine()} for row in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
