"""Every arm of one seed side by side, and how much of the answer hangs on numbers that nobody published."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from noroshi.catalogue.scenario import Scenario, Sensitivity, with_overrides
from noroshi.exercise import checks, many, summary, warm
from noroshi.exercise.run import Run, run
from noroshi.exercise.world import World, build

# The pair of arms whose difference is the headline, where the scenario has them.
MEASURED = ("bilateral", "hub")
_QUANTITIES = ("first_warning_s", "first_track_s", "alert_s")
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Comparison:
    """All that a run's folder is written from."""

    scenario: Scenario
    seed: int
    runs: tuple[Run, ...]
    summary: dict[str, Any]
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The truth, the same in every arm."""
        return self.runs[0].world


def compare(
    scenario: Scenario,
    seed: int,
    arms: Iterable[str] | None = None,
    spread: int = 0,
    told: Told = lambda what, done, of: None,
) -> Comparison:
    """Run the named arms (default: all) of one seed, the tornado of the measured ones, and the checks.

    `spread` more seeds are run of the measured arms for the spread of their difference. `told` hears what
    is being done, how much of it is done, and of how much. Raises InputError as `run` does.
    """
    names = scenario.named_arms(arms)
    # Compiled code, and compiling, run beside Python: two threads keep two cores busy.
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        ready = [pool.submit(job) for job in warm.jobs()]
        world = build(scenario, seed)
        for one in ready:
            one.result()
        runs = tuple(
            _each(pool, [lambda arm=name: run(scenario, seed, arm, world) for name in names], "arms", told)
        )
        digest = summary.summary(scenario, seed, runs)
        extras: dict[str, Any] = {"checks": checks.checks(world)}
        measured = [name for name in MEASURED if name in names]
        nation = _alerted(digest, measured)
        if len(names) > 1 and nation is not None and scenario.sensitivity:
            extras["tornado"] = _tornado(world, measured, nation, digest, pool, told)
    if spread and len(measured) == len(MEASURED):
        extras["spread"] = _spread(scenario, range(seed + 1, seed + 1 + spread), measured, told)
    return Comparison(scenario, seed, runs, digest, extras)


def _each(pool: ThreadPoolExecutor, jobs: Sequence[Callable[[], Any]], what: str, told: Told) -> list[Any]:
    """Results of jobs in their order."""
    told(what, 0, len(jobs))
    waiting = [pool.submit(job) for job in jobs]
    results = []
    try:
        for done, one in enumerate(waiting, start=1):
            results.append(one.result())
            told(what, done, len(jobs))
    finally:
        for one in waiting:
            one.cancel()
    return results


def _alerted(digest: dict[str, Any], arms: Sequence[str]) -> str | None:
    """The nation whose alert the tornado measures: the first one alerted in any measured arm."""
    alerts = [
        (outcome["alert_s"], nation)
        for arm in arms
        for launch in digest["arms"][arm]["launches"]
        for nation, outcome in launch["nations"].items()
        if outcome["alert_s"] is not None
    ]
    return min(alerts)[1] if alerts else None


def _tornado(
    unchanged: World,
    arms: Sequence[str],
    nation: str,
    digest: dict[str, Any],
    pool: ThreadPoolExecutor,
    told: Told,
) -> dict[str, Any]:
    """First alert of one nation with each unpublished number at its low and at its high end."""
    scenario, seed = unchanged.scenario, unchanged.seed
    baseline = {arm: _first_alert(digest["arms"][arm]["launches"], nation) for arm in arms}

    def end(row: Sensitivity, values: dict[str, float | bool]) -> dict[str, float | None]:
        changed = with_overrides(scenario, values)
        if changed == scenario:
            return baseline
        world = build(changed, seed, like=unchanged)
        return {arm: _until_alert(changed, seed, arm, world, nation) for arm in arms}

    jobs = [
        lambda row=row, values=values: end(row, values)
        for row in scenario.sensitivity
        for values in (row.low, row.high)
    ]
    ends = _each(pool, jobs, "what hangs on unpublished numbers", told)
    return {
        "measure": f"first alert in {nation}, s after launch",
        "nation": nation,
        "baseline": baseline,
        "rows": [
            {"name": row.name, "title": row.title, "low": ends[2 * i], "high": ends[2 * i + 1]}
            for i, row in enumerate(scenario.sensitivity)
        ],
    }


def _first_alert(launches: Iterable[dict[str, Any]], nation: str) -> float | None:
    times = [launch["nations"][nation]["alert_s"] for launch in launches]
    return min((time for time in times if time is not None), default=None)


def _until_alert(scenario: Scenario, seed: int, arm: str, world: World, nation: str) -> float | None:
    """Run only until the nation alerts; nothing later can change when it did."""

    def alerted(so_far: Run) -> bool:
        return any(entry["event"] == "alert" and entry["node"] == nation for entry in so_far.entries[-20:])

    done = run(scenario, seed, arm, world, until=alerted, asked=[nation])
    return _first_alert(summary.launches(scenario, done), nation)


def _spread(scenario: Scenario, seeds: range, arms: Sequence[str], told: Told) -> dict[str, Any]:
    """Quantiles over seeds of each nation's times under both arms, and of their difference."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    of = len(seeds)
    told("further seeds", 0, of)
    for done, seed in enumerate(seeds, start=1):
        both = [one.launches for one in many.run_many(scenario, [seed], arms)]
        for first, second in zip(*both, strict=True):
            for nation, outcome in first["nations"].items():
                for quantity in _QUANTITIES:
                    pair = outcome[quantity], second["nations"][nation][quantity]
                    if None not in pair:
                        found.setdefault((nation, quantity), []).append(pair)
        told("further seeds", done, of)

    def quantiles(values: np.ndarray) -> list[float]:
        return [round(float(q), 1) for q in np.quantile(values, [0.05, 0.5, 0.95])]

    rows = []
    for (nation, quantity), pairs in found.items():
        before, after = np.array(pairs).T
        rows.append(
            {
                "nation": nation,
                "quantity": quantity,
                "seeds": len(pairs),
                arms[0]: quantiles(before),
                arms[1]: quantiles(after),
                "gain": quantiles(before - after),
            }
        )
    return {"seeds": of, "rows": rows}
