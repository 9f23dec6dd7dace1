"""Who announced which figures of a launch: one row of the record as reports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from noroshi.catalogue import wording
from noroshi.flight.announced import Announced, Sense, Told, as_rounded

BODIES = {"Japan": "Japan MoD", "ROK": "ROK JCS"}
_COLUMNS = {"Japan": "jp", "ROK": "rok"}
# Words of a qualifier that `Told` says as well.
_SAID = ("", "approx", "about", "over", "at least", "at most")


@dataclass(frozen=True)
class Report:
    """What one government or data set announced of a launch, and the words that no number holds."""

    by: str
    announced: Announced
    note: str = ""


def reports(
    words: Mapping[str, str], numbers: Mapping[str, float | None], bearing: Told | None
) -> tuple[Report, ...]:
    """The headline figures, then the nations' where they differ, then the launching side's claim.

    `words` and `numbers` are cells by column. The bearing is the row's: it stands in every report, so that
    each can be flown, whoever published it.
    """
    headline, owners = _headline(words, numbers)
    said = wording.by_nation(words["second_report"])[1]
    nations = {nation: _nation(nation, words, numbers, headline, owners) for nation in BODIES}
    found = [headline]
    for nation, own in nations.items():
        other = nations["ROK" if nation == "Japan" else "Japan"]
        alone = wording.nations(headline.by) == [nation]
        if own is None:
            continue
        if _differs(own, headline.announced) or (not alone and other and _shared(own, other)):
            found.append(Report(BODIES[nation], own, said.get(nation, "")))
    if claimed := wording.claim(words["dprk_claim"]):
        found.append(Report("DPRK", claimed, words["dprk_claim"]))
    return tuple(replace(one, announced=replace(one.announced, bearing_deg=bearing)) for one in found)


def _headline(
    words: Mapping[str, str], numbers: Mapping[str, float | None]
) -> tuple[Report, dict[str, str | None]]:
    """The figures of the main columns, and whose the apogee and the range are."""
    said = wording.by_nation(words["second_report"])[1]
    reporters = wording.nations(words["reported_by"])
    told: dict[str, Told | None] = {}
    owners: dict[str, str | None] = {}
    notes = []
    for name in ("apogee", "range"):
        value, qualifier = numbers[f"{name}_km"], words[f"{name}_qualifier"]
        own, headed = wording.by_nation(qualifier)
        named = wording.nations(own) or reporters
        owner = named[0] if len(named) == 1 else None
        own = wording.joined([own, headed.get(owner or "", "")])
        told[name] = None
        if value is not None:
            told[name] = _told(value, own, said.get(owner or "", ""))
            owners[name] = owner
        if qualifier not in _SAID:
            notes.append(f"{name}: {qualifier}")
    time = numbers["flight_time_min"]
    by = words["reported_by"] or "not stated"
    whose = set(owners.values())
    if len(whose) == 1 and (nation := whose.pop()) and reporters and nation not in reporters:
        notes.append(f"the figures are {nation}'s, though reported_by says {by}")
        by = BODIES[nation]
    announced = Announced(told["apogee"], told["range"], flight_time_s=_minutes(time))
    return Report(by, announced, "; ".join(notes)), owners


def _told(value_km: float, qualifier: str, said: str, otherwise: Sense = "about") -> Told:
    """A distance with its qualifier; where that leaves open if it is a bound, the nation's words may say."""
    told = wording.distance(value_km, qualifier)
    if wording.says_how(qualifier):
        return told
    return replace(told, sense=wording.sense_of(value_km, said) or otherwise)


def _minutes(time_min: float | None) -> Told | None:
    """Launch and impact are both told to the minute, so that whole minutes may be off by one."""
    if time_min is None:
        return None
    whole = time_min == int(time_min)
    return Told(60 * time_min, 60.0 if whole else 60 * as_rounded(time_min, 1.0).half_width)


def _nation(
    nation: str,
    words: Mapping[str, str],
    numbers: Mapping[str, float | None],
    headline: Report,
    owners: Mapping[str, str | None],
) -> Announced | None:
    """A nation's own columns; its words say which of them are bounds."""
    said = wording.by_nation(words["second_report"])[1].get(nation, "")
    told: dict[str, Told | None] = {}
    for name, first in (("apogee", headline.announced.apogee_km), ("range", headline.announced.range_km)):
        value = numbers[f"{_COLUMNS[nation]}_{name}_km"]
        qualified = wording.by_nation(words[f"{name}_qualifier"])[1].get(nation, "")
        if value is None:
            told[name] = None
        elif first is not None and value == first.value and owners[name] == nation:
            told[name] = first
        else:
            shared = first is not None and value == first.value and owners[name] is None
            told[name] = _told(value, qualified, said, first.sense if first and shared else "about")
    if not any(told.values()):
        return None
    times = [time for clause in wording.clauses(said) if (time := wording.time_said(clause))]
    time = times[0] if len(times) == 1 else None
    if time is not None and time.value % 60 == 0:
        # In whole minutes this too is a difference of two clock times.
        time = replace(time, half_width=60.0)
    return Announced(told["apogee"], told["range"], flight_time_s=time)


def _figures(announced: Announced) -> dict[str, tuple[float, str]]:
    told = {"apogee": announced.apogee_km, "range": announced.range_km, "time": announced.flight_time_s}
    return {name: (one.value, one.sense) for name, one in told.items() if one is not None}


def _differs(one: Announced, headline: Announced) -> bool:
    """Whether `one` holds a figure that the headline does not hold, or not so."""
    theirs = _figures(headline)
    return any(theirs.get(name) != figure for name, figure in _figures(one).items())


def _shared(one: Announced, other: Announced) -> bool:
    """Whether two nations say different things of the same figure."""
    theirs = _figures(other)
    return any(name in theirs and theirs[name] != figure for name, figure in _figures(one).items())
