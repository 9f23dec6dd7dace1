"""A live exercise after its end: the nations' journals and pictures as if it had been simulated."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from noroshi.exercise.run import Run, Sample
from noroshi.exercise.watch import First
from noroshi.exercise.world import World
from noroshi.records.detections import Why

# What a live journal adds to each line, and a run's does not have.
_LIVE = ("step", "utc", "seq", "chain")


def merged(journals: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The lines that the nations' steps left, in the order of a simulated run: by second, then by nation."""
    lines = []
    for order, entries in enumerate(journals.values()):
        for number, entry in enumerate(entries):
            if "step" in entry:
                bare = {name: value for name, value in entry.items() if name not in _LIVE}
                lines.append((entry["step"], order, number, bare))
    return [line for *_, line in sorted(lines, key=lambda one: one[:3])]


def run_of(
    world: World,
    arm: str,
    journals: Mapping[str, Iterable[Mapping[str, Any]]],
    pictures: Sequence[Sample],
    account: Mapping[str, Any],
) -> Run:
    """The run of a live exercise: `account` is what the world's process kept for the director."""
    seen: Mapping[tuple[str, str], tuple[float, float]] = account["seen"]
    why: Mapping[tuple[str, str], Sequence[tuple[int, Why]]] = account["account"]
    first: Mapping[tuple[str, str], First] = account["first"]
    order = {nation: number for number, nation in enumerate(journals)}
    samples = sorted(pictures, key=lambda one: (one.t_s, order[one.nation]))
    return Run(world, arm, merged(journals), samples, seen, why, first)
