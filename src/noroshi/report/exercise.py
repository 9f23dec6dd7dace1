"""What a live exercise came to: releases, refusals, time to the partner's picture, restarts."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Nation:
    """One nation's share; `refused` by reason, delays in ms of the wall's clock.

    `disk_ms` are from the second in which a partner wrote a message until it is on this nation's disk,
    `picture_ms` until the step that took it: p50 and p99, None where nothing came.
    """

    released: int
    kept: int
    refused: Mapping[str, int]
    taken: int
    late: int
    disk_ms: tuple[float, float] | None
    picture_ms: tuple[float, float] | None
    restarts: int


@dataclass(frozen=True)
class Outcome:
    """All nations, and what the audit found wrong."""

    nations: Mapping[str, Nation]
    findings: Sequence[str] = field(default_factory=tuple)

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def judged(
    journals: Mapping[str, Sequence[Mapping[str, Any]]],
    findings: Iterable[str],
    restarts: Mapping[str, int],
) -> Outcome:
    """Read the nations' journals beside each other."""
    written: dict[str, float] = {}
    for entries in journals.values():
        written.update(_written(entries))
    found = {
        nation: _nation(entries, written, restarts.get(nation, 0)) for nation, entries in journals.items()
    }
    return Outcome(found, tuple(findings))


def _written(entries: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """When each message's step began, unix seconds."""
    began, found = 0.0, {}
    for entry in entries:
        if entry["event"] == "step":
            began = _unix_s(entry)
        elif entry["event"] == "message" and "step" in entry:
            found[str(entry["message"])] = began
    return found


def _nation(entries: Sequence[Mapping[str, Any]], written: Mapping[str, float], restarts: int) -> Nation:
    refused: Counter[str] = Counter()
    disk, picture = [], []
    released = kept = late = 0
    for entry in entries:
        event = entry["event"]
        if event == "decision":
            released, kept = released + bool(entry["allowed"]), kept + (not entry["allowed"])
        elif event == "refused":
            refused[str(entry.get("reason", ""))] += int(entry.get("more", 1))
        elif event == "late":
            late += 1
        elif event == "incoming" and (start := written.get(_whole(entry["message"]))) is not None:
            disk.append((_unix_s(entry) - start) * 1e3)
        elif event == "step":
            names = [_whole(name) for name in entry.get("messages", ())]
            starts = [written[name] for name in names if name in written]
            picture += [(_unix_s(entry) - start) * 1e3 for start in starts]
    delays = _middle(disk), _middle(picture)
    return Nation(released, kept, dict(refused), len(picture), late, *delays, restarts)


def _whole(name: str) -> str:
    """Of a message in a narrower form, the one that its origin wrote."""
    return name.partition("/")[0]


def _middle(values: Sequence[float]) -> tuple[float, float] | None:
    """p50 and p99 as values that occurred."""
    if not values:
        return None
    ordered = sorted(values)
    p50, p99 = (ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99))
    return round(p50, 2), round(p99, 2)


def _unix_s(entry: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(str(entry["utc"])).timestamp()


def table(outcome: Outcome) -> Table:
    """For the terminal."""
    made = Table(
        title="The exercise, nation by nation", caption="Delays in ms of the wall's clock, p50 / p99."
    )
    for column in ("nation", "released", "kept back", "refused at the border", "taken", "late"):
        made.add_column(column)
    for column in ("to its disk", "to its picture", "restarts"):
        made.add_column(column)
    for nation, one in outcome.nations.items():
        refused = ", ".join(f"{reason} {count}" for reason, count in sorted(one.refused.items()))
        counts = str(one.released), str(one.kept), refused or "-", str(one.taken), str(one.late)
        made.add_row(nation, *counts, _shown(one.disk_ms), _shown(one.picture_ms), str(one.restarts))
    return made


def _shown(delay: tuple[float, float] | None) -> str:
    return "-" if delay is None else f"{delay[0]:.0f} / {delay[1]:.0f}"
