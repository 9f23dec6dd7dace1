"""How much of the answer hangs on numbers that nobody published: first alerts with each at its two ends."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from noroshi.catalogue.scenario import Scenario, with_overrides
from noroshi.exercise import summary
from noroshi.exercise.beside import Job
from noroshi.exercise.run import Run, run
from noroshi.exercise.world import World, build

# First alert per arm; None for an end that changes nothing.
End = dict[str, float | None]


def alerted(digest: Mapping[str, Any], arms: Sequence[str]) -> str | None:
    """The nation whose alert the tornado measures: the first one alerted in any of these arms."""
    alerts = [
        (outcome["alert_s"], nation)
        for arm in arms
        for launch in digest["arms"][arm]["launches"]
        for nation, outcome in launch["nations"].items()
        if outcome["alert_s"] is not None
    ]
    return min(alerts)[1] if alerts else None


def jobs(scenario: Scenario, arms: Sequence[str], nation: str) -> list[Job]:
    """The ends to be run, low before high, row by row, for `table`."""
    return [
        partial(_end, values=dict(values), arms=tuple(arms), nation=nation)
        for row in scenario.sensitivity
        for values in (row.low, row.high)
    ]


def table(
    scenario: Scenario, digest: Mapping[str, Any], nation: str, ends: Sequence[End | None]
) -> dict[str, Any]:
    """The tornado as it is written: baseline from the measured arms' summary, and what came of `jobs`."""
    baseline = {arm: _first_alert_s(one["launches"], nation) for arm, one in digest["arms"].items()}
    told = [baseline if end is None else end for end in ends]
    return {
        "measure": f"first alert in {nation}, s after launch",
        "nation": nation,
        "baseline": baseline,
        "rows": [
            {"name": row.name, "title": row.title, "low": told[2 * i], "high": told[2 * i + 1]}
            for i, row in enumerate(scenario.sensitivity)
        ],
    }


def _end(world: World, values: Mapping[str, float | bool], arms: Sequence[str], nation: str) -> End | None:
    changed = with_overrides(world.scenario, values)
    if changed == world.scenario:
        return None
    there = build(changed, world.seed, like=world)
    return {arm: _alert_s(changed, there, arm, nation) for arm in arms}


def _first_alert_s(launches: Iterable[Mapping[str, Any]], nation: str) -> float | None:
    times = [launch["nations"][nation]["alert_s"] for launch in launches]
    return min((time for time in times if time is not None), default=None)


def _alert_s(scenario: Scenario, world: World, arm: str, nation: str) -> float | None:
    """First alert of a nation; of one launch the run goes no further than to the decision that settles it."""
    if len(scenario.launches) > 1:
        done = run(scenario, world.seed, arm, world, asked=[nation])
        return _first_alert_s(summary.launches(scenario, done), nation)
    watch = _Settled(nation)
    run(scenario, world.seed, arm, world, until=watch, asked=[nation])
    if watch.alert_s is None:
        return None
    return round(watch.alert_s - scenario.launches[0].launch_time_s, 3)


class _Settled:
    """Hears a run's journal until the nation has decided on an alert: when it is delivered is known then."""

    def __init__(self, nation: str) -> None:
        self.nation = nation
        self.alert_s: float | None = None
        self._read = 0
        self._open: set[str] = set()

    def __call__(self, so_far: Run) -> bool:
        """Whether the first alert is settled: one is decided on, and no other decision is under way."""
        for entry in so_far.entries[self._read :]:
            if entry["node"] == self.nation and entry["event"] in ("stage", "stood_down"):
                self._hear(entry)
        self._read = len(so_far.entries)
        return self.alert_s is not None and not self._open

    def _hear(self, entry: Mapping[str, Any]) -> None:
        alert = entry["alert"]
        if entry["event"] == "stood_down":
            self._open.discard(alert)
        elif entry["stage"] != "deliver":
            self._open.add(alert)
        else:
            self._open.discard(alert)
            ends_s = round(entry["end_s"], 3)
            self.alert_s = ends_s if self.alert_s is None else min(self.alert_s, ends_s)
