"""What was really there in a run without a launch, and which of it each false claim was made of."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from noroshi.exercise import ghosts
from noroshi.exercise.claims import first_claims
from noroshi.exercise.run import Run, Sample
from noroshi.exercise.world import World

# Objects by the names that they are drawn under (background); a false plot is of none.
KINDS = ("satellite", "debris", "airliner", "fire")
# A claim is of the object nearest to where the nation believed the thing, within so many of its own sigmas,
# or this where that is less: airliners fly farther apart, and biases are no part of a sigma.
_SIGMAS, _LEAST_M = 6.0, 10e3
NOTHING, UNKNOWN = "nothing", "unknown"


def causes(world: World, runs: Iterable[Run]) -> dict[str, Any]:
    """Objects by kind and false plots by nation; for each arm of what the false claims were, and what tracks
    were recognised as that are no missile.

    A claim of `nothing` has no object where the nation believed one, `unknown` no believed place.
    """
    scenario = world.scenario
    number = Counter(kind_of(one.id) for one in world.objects)
    false = dict.fromkeys(scenario.nations, 0)
    for sensor in scenario.sensors:
        if sensor.present:
            false[sensor.nation] += len(ghosts.unreal(world.scenario, sensor, world.seed))
    return {
        "objects": {kind: number[kind] for kind in KINDS},
        "false_plots": false,
        "arms": {run.arm: _arm(run) for run in runs},
    }


def kind_of(name: str) -> str:
    """The kind of a background object, by its name."""
    return name.partition("-")[0]


def _arm(run: Run) -> dict[str, Any]:
    nations = run.world.scenario.nations
    pictures: dict[str, list[Sample]] = {}
    for sample in run.samples:
        pictures.setdefault(sample.track, []).append(sample)
    of: dict[str, dict[str, Counter[str]]] = {nation: {} for nation in nations}
    alerts = []
    for claim in first_claims(run.entries):
        cause = _cause(run.world, pictures.get(claim.thing, ()), claim.t_s)
        of[claim.nation].setdefault(claim.kind, Counter())[cause] += 1
        if claim.kind == "alerts":
            alerts.append({"t_s": claim.t_s, "nation": claim.nation, "alert": claim.id, "cause": cause})
    took: dict[str, Counter[str]] = {nation: Counter() for nation in nations}
    for entry in run.entries:
        if entry["event"] == "recognised":
            took[entry["node"]][entry["sort"]] += 1
    return {
        "claims": {
            nation: {kind: dict(sorted(counts.items())) for kind, counts in sorted(kinds.items())}
            for nation, kinds in of.items()
        },
        "alerts": alerts,
        "recognised": {nation: dict(sorted(sorts.items())) for nation, sorts in took.items()},
    }


def _cause(world: World, pictures: Sequence[Sample], t_s: float) -> str:
    """The kind of object that was where a thing was believed, in the picture nearest in time to a claim."""
    if not pictures:
        return UNKNOWN
    view = min(pictures, key=lambda sample: abs(sample.t_s - t_s)).view
    second = round(view.time_s)
    believed = np.array(view.state[:3])
    away_m: Mapping[str, float] = {
        world.objects[number].id: float(np.linalg.norm(_place(world, number, second) - believed))
        for number in world.present(second)
    }
    nearest = min(away_m, key=lambda name: away_m[name], default=None)
    if nearest is None or away_m[nearest] > max(_SIGMAS * view.sigma_m, _LEAST_M):
        return NOTHING
    return kind_of(nearest)


def _place(world: World, number: int, second: int) -> np.ndarray:
    one = world.objects[number]
    return np.asarray(one.position_ecef_m[second - round(one.start_s)])
