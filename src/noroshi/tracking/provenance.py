"""Whose evidence a report holds, and which of several reports may be used together.

A report that went round a ring of nations comes back under other names. Covariance intersection alone never
becomes surer by it; what it cannot see is that one report holds all of another, which then says nothing more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from noroshi.records.messages import nation_of

# As many reports of one object are weighed in all their combinations; more than that, the surest first.
MOST = 10


@dataclass(frozen=True)
class Evidence:
    """Sensors ("JPN-FPS5-Sado"), or nations ("JPN") of a sanitised report, and when each fed it last, s."""

    fed: frozenset[tuple[str, float]]

    @classmethod
    def of(cls, names: Iterable[str], origin: str, time_s: float) -> "Evidence":
        """From a message's provenance; `time_s` is its state's, than which nothing in it is newer."""
        return cls(frozenset((_full(name, origin), time_s) for name in names))

    @property
    def nations(self) -> frozenset[str]:
        """Whose sensors fed it."""
        return frozenset(name.partition("-")[0] for name, _ in self.fed)

    def within(self, other: "Evidence") -> bool:
        """Whether `other` may hold all of this, and as new.

        A nation's bare name may stand for any of its sensors, and any of them for it: doubt counts as yes.
        """
        return all(
            any(_may_be(name, held) and time_s <= held_s for held, held_s in other.fed)
            for name, time_s in self.fed
        )

    def __or__(self, other: "Evidence") -> "Evidence":
        """Both together: of each sensor the newest."""
        newest: dict[str, float] = {}
        for name, time_s in self.fed | other.fed:
            newest[name] = max(time_s, newest.get(name, time_s))
        return Evidence(frozenset(newest.items()))


def choose(evidence: Sequence[Evidence], spread: Callable[[tuple[int, ...]], float]) -> tuple[int, ...]:
    """The reports to use: none holds all of another, and together they leave the least spread.

    `spread` tells what fusing some of them would leave; it is asked only where there is a choice. Of equal
    choices the earlier reports are taken: put one's own first, and the others in a fixed order.
    """
    count = len(evidence)
    clash = [
        [i != j and (a.within(b) or b.within(a)) for j, b in enumerate(evidence)]
        for i, a in enumerate(evidence)
    ]
    if count > MOST:
        order = sorted(range(count), key=lambda row: (spread((row,)), row))
        taken: list[int] = []
        for row in order:
            if not any(clash[row][other] for other in taken):
                taken.append(row)
        return tuple(sorted(taken))
    sets = _largest(clash)
    if len(sets) == 1:
        return sets[0]
    return min(sets, key=lambda rows: (spread(rows), rows))


def _largest(clash: list[list[bool]]) -> list[tuple[int, ...]]:
    """All sets without a clash to which no other can be added, in order of their rows."""
    sets: list[tuple[int, ...]] = [()]
    for row in range(len(clash)):
        grown = [(*one, row) for one in sets if not any(clash[row][other] for other in one)]
        sets = sets + grown
    return sorted(
        one
        for one in sets
        if all(row in one or any(clash[row][other] for other in one) for row in range(len(clash)))
    )


def _may_be(name: str, held: str) -> bool:
    if name == held:
        return True
    nation, _, sensor = name.partition("-")
    its, _, other = held.partition("-")
    return nation == its and not (sensor and other)


def _full(name: str, origin: str) -> str:
    """A sensor's name with its nation in front."""
    nation = nation_of(name, origin)
    return name if name == nation or name.startswith(f"{nation}-") else f"{nation}-{name}"
