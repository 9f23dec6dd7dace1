"""What nations claimed in a run without a launch: all of it false, and told beside any gain in time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MONTH_S = 30 * 86_400.0
KINDS = {"launch_report": "launch_reports", "track": "confirmed_tracks", "alert": "alerts"}


@dataclass(frozen=True)
class Claims:
    """How often one nation was wrong, each thing and each alert counted once."""

    launch_reports: int
    confirmed_tracks: int
    alerts: int

    def a_month(self, duration_s: float) -> Mapping[str, float]:
        """The same, for 30 days."""
        return {name: number * MONTH_S / duration_s for name, number in vars(self).items()}


@dataclass(frozen=True)
class Claim:
    """The first time that a nation claims a thing or an alert; `id` is its own, of the thing or of the alert.

    `kind` is that of a field of Claims.
    """

    t_s: float
    nation: str
    kind: str
    id: str
    thing: str


def first_claims(entries: Iterable[Mapping[str, Any]]) -> Iterator[Claim]:
    """False claims in the journal of one arm of a run without a launch.

    A nation's own launch reports and confirmed tracks; alerts reach the people, whosever data they rest on.
    """
    told: set[tuple[str, str, str]] = set()
    for entry in entries:
        event = entry["event"]
        if event not in KINDS or (event == "track" and entry["state"] != "confirmed"):
            continue
        name = entry["alert"] if event == "alert" else entry["track"]
        key = entry["node"], event, name
        if key not in told:
            told.add(key)
            thing = name.rpartition("-A")[0] if event == "alert" else name
            yield Claim(entry["t_s"], entry["node"], KINDS[event], name, thing)


def claims(entries: Iterable[Mapping[str, Any]], nations: Sequence[str]) -> dict[str, Claims]:
    """How often each nation was wrong in the journal of one arm of a run without a launch."""
    number = Counter((claim.nation, claim.kind) for claim in first_claims(entries))
    return {nation: Claims(*(number[nation, kind] for kind in KINDS.values())) for nation in nations}
