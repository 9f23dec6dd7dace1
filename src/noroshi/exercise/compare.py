"""Every arm of one seed side by side, and how much of the answer hangs on numbers that nobody published."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from noroshi.catalogue.scenario import Scenario
from noroshi.errors import InputError
from noroshi.exercise import beside, causes, checks, seeds, summary, tornado, warm
from noroshi.exercise.beside import Hears, Helper, Job, Long, Told
from noroshi.exercise.run import DAY_S, Run, run
from noroshi.exercise.world import World, build

# The pair of arms whose difference is the headline, where the scenario has them.
MEASURED = ("bilateral", "hub")


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
    processes: int = 1,
) -> Comparison:
    """Run the named arms (default: all) of one seed, the tornado of the measured ones, and the checks.

    `spread` more seeds are run of the measured arms for the spread of their difference. `told` hears what
    is being done, how much of it is done, and of how much. With two `processes` a second one helps: the same
    results, sooner; a script that asks for it needs its `if __name__ == "__main__":`. Raises InputError as
    `run` does, and for a spread where nothing is launched.
    """
    names = scenario.named_arms(arms)
    if spread and not scenario.launches:
        need = "is of times after a launch; this scenario has none."
        raise InputError(scenario.name, "--spread", spread, need, "Leave it out, and name another --seed.")
    if not warm.is_compiled():
        # Before the second process starts: compiled in both it would take twice the work and the memory.
        warm.compile_all()
    with beside.helper(scenario, seed, wanted=processes > 1 and warm.is_compiled()) as second:
        return _compare(build(scenario, seed), names, spread, told, second)


def _compare(
    world: World, names: Sequence[str], spread: int, told: Told, second: Helper | None
) -> Comparison:
    scenario, seed = world.scenario, world.seed
    measured = [name for name in names if name in MEASURED]
    others = [name for name in names if name not in measured]
    # The measured arms first: only they tell whose alert the tornado is about.
    jobs = [_job("measured arms", name, scenario) for name in measured]
    parts = beside.results(jobs, world, second, told)
    baseline = summary.summary(scenario, seed, [Run(world, *part) for part in parts])
    nation = tornado.alerted(baseline, measured) if len(names) > 1 and scenario.sensitivity else None

    jobs = [_job("other arms", name, scenario) for name in others]
    if nation is not None:
        ends = tornado.jobs(scenario, measured, nation)
        jobs += [("what hangs on unpublished numbers", job) for job in ends]
    found = beside.results(jobs, world, second, told)
    done = {part[0]: Run(world, *part) for part in [*parts, *found[: len(others)]]}
    runs = tuple(done[name] for name in names)

    extras: dict[str, Any] = {"checks": checks.checks(world)}
    if not scenario.launches:
        extras["background"] = causes.causes(world, runs)
    if nation is not None:
        extras["tornado"] = tornado.table(scenario, baseline, nation, found[len(others) :])
    if spread and len(measured) == len(MEASURED):
        jobs = [("further seeds", job) for job in seeds.jobs(range(seed + 1, seed + 1 + spread), measured)]
        extras["spread"] = seeds.table(measured, beside.results(jobs, world, second, told))
    return Comparison(scenario, seed, runs, summary.summary(scenario, seed, runs), extras)


def _job(what: str, arm: str, scenario: Scenario) -> tuple[str, Job]:
    """An arm as a job, a part for each day where it takes more than one."""
    days = max(1, math.ceil(scenario.duration_s / DAY_S))
    return what if days == 1 else f"{what}, days", Long(partial(_arm, arm=arm), days)


def _arm(world: World, hears: Hears, arm: str) -> tuple[Any, ...]:
    """A run's parts but for the world, which both processes have."""
    done = run(world.scenario, world.seed, arm, world, told=hears)
    return arm, done.entries, done.samples, dict(done.seen), dict(done.account), dict(done.first)
