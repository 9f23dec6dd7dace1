"""Many runs in one warm process: every arm of every seed, for statistics."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from noroshi.catalogue.scenario import Scenario, load_scenario
from noroshi.exercise import summary
from noroshi.exercise.run import Run, run
from noroshi.exercise.world import build


@dataclass(frozen=True)
class Outcome:
    """One arm of one seed: its launches as in summary.json, and the run behind them."""

    seed: int
    arm: str
    launches: list[dict[str, Any]]
    run: Run


def run_many(
    scenario: Scenario | str, seeds: Iterable[int], arms: Iterable[str] | None = None
) -> Iterator[Outcome]:
    """Run seeds one after the other, each world flown once for all arms (default: the scenario's).

    Yields as it goes, so that ten thousand seeds need the memory of one. Raises InputError as
    `load_scenario` does, and for an arm that the scenario does not have.
    """
    scenario = load_scenario(scenario) if isinstance(scenario, str) else scenario
    names = scenario.named_arms(arms)
    for seed in seeds:
        world = build(scenario, seed)
        for arm in names:
            done = run(scenario, seed, arm, world)
            yield Outcome(seed, arm, summary.launches(scenario, done), done)
