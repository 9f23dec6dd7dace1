"""How far probabilities of kinds can be trusted: scores and reliability on flights that were held out.

`python -m tests.tracking.reliability [FOLDER]` draws some hundreds of flights, prints the tables of
docs/reference/classification.md and draws the figure.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from noroshi.tracking import kinds
from noroshi.tracking.classify import UNKNOWN, Known, classify
from tests.tracking import flights
from tests.tracking.flights import Flown

# Since the launch, or since it was first seen, s.
SLICES_S = (0, 60, 120, 180, 300, 600, 1200, 6000)
_SHARES = dict(
    zip(
        (kinds.AIRCRAFT, kinds.SATELLITE, kinds.DEBRIS),
        (*kinds.NO_MISSILES[:2], kinds.NO_MISSILES[2:].sum()),
        strict=True,
    )
)


@dataclass(frozen=True)
class Trial:
    """Assessments of held-out flights: odds [N, K] and the truth [N]; each weighs as its flight is likely."""

    odds: np.ndarray
    unknown: np.ndarray
    kind: np.ndarray
    since_s: np.ndarray
    weight: np.ndarray
    phase_right: np.ndarray
    flight: np.ndarray

    def some(self, rows: np.ndarray) -> "Trial":
        return Trial(*(getattr(self, name)[rows] for name in Trial.__dataclass_fields__))


@dataclass(frozen=True)
class Scores:
    """Brier score (0 to 2), log score (nats), calibration error, and how often the likeliest is right."""

    count: int
    brier: float
    log: float
    calibration: float
    right: float


def held_out(each: int, seed: int, wider: bool = True) -> list[Flown]:
    """Flights of all kinds, `each` of every profile."""
    found: list[Flown] = []
    for family in flights.AIMS:
        found += flights.missiles(family, each, seed, wider)
        found += flights.missiles(family, max(each // 5, 1), seed, wider, failing=True)
    found += flights.launches_to_space(max(each // 2, 2), seed)
    found += flights.debris(each, seed) + flights.satellites(each, seed)
    return found + flights.level(each, seed, True) + flights.level(each, seed, False)


def trial(asked: Sequence[Flown], seed: int, launch_seen: bool = True, most: int = 40) -> Trial:
    """Follow every flight with the errors of a tracker, at most `most` estimates each."""
    rng = np.random.default_rng(seed)
    alike = Counter((one.kind, one.sort) for one in asked)
    rows = []
    for number, one in enumerate(asked):
        start_s = one.time_s[0] + rng.uniform(10, 40)
        step_s = max(10.0, (one.time_s[-1] - start_s) / most)
        # A launch is known within some seconds.
        launched_s = float(rng.normal(0, 5)) if one.launched and launch_seen else None
        likely = kinds.PRIOR[one.kind] * _SHARES.get(one.sort, 1.0) / alike[one.kind, one.sort]
        held = None
        for row, estimate in flights.estimates(one, rng, start_s, step_s):
            held = classify(estimate, Known(launched_s), held)
            odds = [held.odds[name] for name in kinds.KINDS]
            settled = len(set(one.phase[max(row - 12, 0) : row + 1])) == 1
            right = float(held.phase == kinds.PHASES[one.phase[row]]) if settled else np.nan
            since_s = float(estimate.time_s) - (0.0 if one.launched else one.time_s[0])
            rows.append((odds, held.kinds[UNKNOWN], one.kind, since_s, likely * step_s, right, number))
    return Trial(*(np.array(column) for column in zip(*rows, strict=True)))


def scores(odds: np.ndarray, kind: np.ndarray, weight: np.ndarray) -> Scores:
    """Scores of probabilities [N, K]; calibration in ten bins of the likeliest kind's number."""
    weight = weight / weight.sum()
    one_hot = np.eye(odds.shape[1])[kind]
    sure, right = odds.max(axis=1), odds.argmax(axis=1) == kind
    bins = np.minimum((sure * 10).astype(int), 9)
    off = np.bincount(bins, weight * (sure - right), minlength=10)
    return Scores(
        len(kind),
        float(weight @ ((odds - one_hot) ** 2).sum(axis=1)),
        float(-weight @ np.log(np.maximum(odds[np.arange(len(kind)), kind], 1e-9))),
        float(np.abs(off).sum()),
        float(weight @ right),
    )


def base_rate(one: Trial) -> np.ndarray:
    """The best that can be said without a look: how often each kind is met."""
    rate = np.bincount(one.kind, one.weight, minlength=len(kinds.KINDS)) / one.weight.sum()
    return np.tile(rate, (len(one.kind), 1))


def _line(name: str, one: Trial) -> str:
    here, base = scores(one.odds, one.kind, one.weight), scores(base_rate(one), one.kind, one.weight)
    unknown = float(np.average(one.unknown, weights=one.weight))
    return (
        f"| {name} | {len(set(one.flight))} | {here.brier:.3f} | {base.brier:.3f} | {here.log:.2f} "
        f"| {base.log:.2f} | {here.calibration:.3f} | {here.right:.0%} | {unknown:.2f} |"
    )


def _curve(one: Trial) -> list[tuple[float, float, float]]:
    """Told, frequency and share of all numbers of all kinds, in ten bins."""
    told = one.odds.ravel()
    true = np.eye(one.odds.shape[1])[one.kind].ravel()
    weight = np.repeat(one.weight, one.odds.shape[1])
    bins = np.minimum((told * 10).astype(int), 9)
    total = np.bincount(bins, weight, minlength=10)
    sums = (np.bincount(bins, weight * column, minlength=10) for column in (told, true))
    rows = zip(*sums, total, strict=True)
    return [(float(a / w), float(b / w), float(w / weight.sum())) for a, b, w in rows if w > 0]


def main() -> None:
    """Print the tables; draw the figure where a folder is given."""
    asked = held_out(40, 2)
    tried = {
        "held out, launch seen": trial(asked, 2),
        "held out, launch not seen": trial(asked, 3, launch_seen=False),
        "the record": trial(flights.recorded(), 4),
    }
    head = "| | flights | Brier | base | log | base | calibration | right | not yet known |"
    print(head, "|---|" + "---|" * 8, *(_line(name, one) for name, one in tried.items()), sep="\n")
    one = tried["held out, launch seen"]
    print()
    for low, high in pairwise(SLICES_S):
        print(_line(f"{low} to {high} s", one.some((one.since_s >= low) & (one.since_s < high))))
    print()
    for number, name in enumerate(kinds.KINDS):
        mine = one.kind == number
        told = np.average(one.odds[mine, number], weights=one.weight[mine])
        said = float(one.weight @ one.odds[:, number] / one.weight.sum())
        met = float(one.weight[mine].sum() / one.weight.sum())
        others = one.odds[mine].T @ one.weight[mine] / one.weight[mine].sum()
        others[number] = 0
        next_to = f"{kinds.KINDS[others.argmax()]} {others.max():.2f}"
        print(f"| {name} | {met:.3f} | {said:.3f} | {told:.2f} | {next_to} |")
    print()
    for told, true, share in _curve(one):
        print(f"| {told:.3f} | {true:.3f} | {share:.3f} |")
    print("phase right", float(np.nanmean(one.phase_right)))
    if len(sys.argv) > 1:
        _draw(tried, Path(sys.argv[1]))


def _draw(tried: dict[str, Trial], folder: Path) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], "0.7")
    for name, one in tried.items():
        axes.plot(*np.array(_curve(one)).T[:2], "o-", label=name)
    axes.set(xlabel="told", ylabel="true", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    figure.savefig(folder / "reliability.svg", bbox_inches="tight")


if __name__ == "__main__":
    main()
