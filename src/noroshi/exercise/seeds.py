"""What sharing buys over many seeds: quantiles of each nation's times under two arms, and of the gain."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from noroshi.exercise import many
from noroshi.exercise.beside import Job
from noroshi.exercise.world import World

_QUANTITIES = ("first_warning_s", "first_track_s", "alert_s")
# (nation, quantity) and its two times, in the order of the arms.
Row = tuple[tuple[str, str], tuple[float, float]]


def jobs(seeds: Iterable[int], arms: Sequence[str]) -> list[Job]:
    """One per seed, for `table`."""
    return [partial(_seed, seed=seed, arms=tuple(arms)) for seed in seeds]


def _seed(world: World, seed: int, arms: Sequence[str]) -> list[Row]:
    """Both times of everything that happened under both arms; the world given only names the scenario."""
    both = [one.launches for one in many.run_many(world.scenario, [seed], arms)]
    rows: list[Row] = []
    for first, second in zip(*both, strict=True):
        for nation, outcome in first["nations"].items():
            for quantity in _QUANTITIES:
                pair = outcome[quantity], second["nations"][nation][quantity]
                if None not in pair:
                    rows.append(((nation, quantity), pair))
    return rows


def table(arms: Sequence[str], found: Sequence[list[Row]]) -> dict[str, Any]:
    """The spread as it is written, from what came of `jobs`."""
    together: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for rows in found:
        for key, pair in rows:
            together.setdefault(key, []).append(pair)
    lines = []
    for (nation, quantity), pairs in together.items():
        before, after = np.array(pairs).T
        lines.append(
            {
                "nation": nation,
                "quantity": quantity,
                "seeds": len(pairs),
                arms[0]: _quantiles(before),
                arms[1]: _quantiles(after),
                "gain": _quantiles(before - after),
            }
        )
    return {"seeds": len(found), "rows": lines}


def _quantiles(values: np.ndarray) -> list[float]:
    return [round(float(q), 1) for q in np.quantile(values, [0.05, 0.5, 0.95])]
