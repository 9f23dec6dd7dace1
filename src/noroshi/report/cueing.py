"""What cueing bought: radars that saw a launch since somebody told them where to look, how much sooner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from noroshi.report import tables
from noroshi.report.folder import Run
from noroshi.report.markup import Inner, Section, element
from noroshi.report.names import NBSP, NEVER, at, in_sentence, nation_title

SEARCH = "search"
# The order in which words are told: one's own before others'.
_OWN = ("own track", "own track, lost", "own launch report", "sighting")


@dataclass(frozen=True)
class Row:
    """One radar and one launch: first seen when, on whose word, when by search alone; s after launch."""

    launch: str
    nation: str
    sensor: str
    first_s: float
    because: str
    alone_s: float | None

    @property
    def cued(self) -> bool:
        """Whether it first saw the launch on a word, its own nation's or a partner's."""
        return self.because != SEARCH

    @property
    def saved_s(self) -> float | None:
        """How much sooner it saw the launch for having been told; None where it never had."""
        return None if self.alone_s is None else self.alone_s - self.first_s


def rows(told: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """The rows of an arm, as the summary has them."""
    names = ("launch", "nation", "sensor", "first_s", "because", "alone_s")
    return tuple(Row(*(one[name] for name in names)) for one in told)


def section(run: Run) -> Section | None:
    """The section of the page; nothing where no radar was told anything of use."""
    found = {arm.name: rows(arm.cueing) for arm in run.arms}
    if not any(row.cued for ones in found.values() for row in ones):
        return None
    inner: list[Inner] = [_by_word(run, found)]
    for launch in run.launches:
        if len(run.launches) > 1:
            inner.append(element("h3", f"Launch {launch.id}"))
        inner.append(_by_radar(run, found, launch.id))
    said = (
        "Each radar is asked again what its search alone had shown, with the same chance in every look: what "
        "the director knows and no nation does. Never without: the search does not see the launch at all."
    )
    return "cueing", "What cueing bought", [*inner, element("p", said, class_="note")]


def _by_word(run: Run, found: Mapping[str, Sequence[Row]]) -> Inner:
    """By nation and by whose word it was: how many radars, and how much sooner."""
    head: list[Inner] = ["Nation", "On whose word", *(tables.arm_label(arm) for arm in run.arms)]
    body = []
    for nation in run.nations:
        words = {row.because for ones in found.values() for row in ones if row.nation == nation}
        lines: list[list[Inner]] = []
        for word in sorted(words, key=_order):
            mine = [
                [row for row in found[arm.name] if (row.nation, row.because) == (nation, word)]
                for arm in run.arms
            ]
            lines.append([worded(word), *(_bought(ones) for ones in mine)])
        body += tables.grouped(nation_title(nation), lines)
    return tables.body(head, body)


def _by_radar(run: Run, found: Mapping[str, Sequence[Row]], launch: str) -> Inner:
    """Radar by radar: when by its search alone, and when under each arm."""
    head: list[Inner] = ["Nation", "Radar", "Its search alone", *(tables.arm_label(arm) for arm in run.arms)]
    titles = {sensor.id: sensor.title for sensor in run.sensors}
    body = []
    for nation in run.nations:
        mine = [
            row for ones in found.values() for row in ones if (row.nation, row.launch) == (nation, launch)
        ]
        first = sorted(mine, key=lambda row: (row.first_s, row.sensor))
        lines: list[list[Inner]] = []
        for sensor in dict.fromkeys(row.sensor for row in first):
            alone_s = next(row.alone_s for row in first if row.sensor == sensor)
            cells = [_seen(found[arm.name], launch, sensor) for arm in run.arms]
            lines.append([titles.get(sensor, sensor), at(alone_s), *cells])
        body += tables.grouped(nation_title(nation), lines)
    return tables.body(head, body)


def _order(word: str) -> tuple[int, str]:
    if word == SEARCH:
        return len(_OWN) + 1, word
    return (_OWN.index(word), word) if word in _OWN else (len(_OWN), word)


def worded(word: str) -> str:
    """Whose word it was, as a reader calls it."""
    what, of, nation = word.rpartition(" from ")
    if of:
        return f"{what} from {in_sentence(nation)}"
    return "nobody's: its own search" if word == SEARCH else word


def _bought(ones: Sequence[Row]) -> str:
    """How many radars, and between which times they saw it sooner."""
    if not ones:
        return NEVER
    radars = f"{len(ones)} radar" + ("s" if len(ones) > 1 else "")
    if not ones[0].cued:
        return radars
    said = []
    saved = sorted(round(row.saved_s) for row in ones if row.saved_s is not None)
    if saved:
        span = f"{saved[0]}" if saved[0] == saved[-1] else f"{saved[0]} to {saved[-1]}"
        said.append(f"{span}{NBSP}s sooner")
    if never := len(ones) - len(saved):
        said.append("never without" if never == len(ones) else f"{never} never without")
    return f"{radars}, {', '.join(said)}"


def _seen(ones: Sequence[Row], launch: str, sensor: str) -> str:
    """How one radar fared under one arm."""
    row = next((row for row in ones if (row.launch, row.sensor) == (launch, sensor)), None)
    if row is None or not row.cued:
        return at(None if row is None else row.first_s)
    saved = "never without" if row.saved_s is None else f"{row.saved_s:.0f}{NBSP}s sooner"
    return f"{at(row.first_s)}, {saved}: {worded(row.because)}"
