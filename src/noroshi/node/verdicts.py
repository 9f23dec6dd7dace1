"""Partners take their own word back: what rests on it alone goes with it, the rest loses that share."""

import math
from collections.abc import Mapping
from dataclasses import replace

from noroshi.node.state import WITHDRAWN, Node, Outbox, Thing, Verdict
from noroshi.node.things import change, own, without
from noroshi.records.messages import (
    AssessmentReport,
    ForecastReport,
    LaunchReport,
    Message,
    TrackReport,
)

# What is worth longest, a launch report, may come so much later than a verdict on it.
_KEPT_S = 4200.0
# So many verdicts of each partner are kept at most: far more than it can have told tracks in that time.
_MOST = 1000


def names(message: Message) -> tuple[str, str] | None:
    """Whose track a message tells of, and which; None where it names none."""
    payload = message.payload
    if isinstance(payload, ForecastReport | TrackReport | LaunchReport | AssessmentReport):
        return (message.origin, payload.track_id) if payload.track_id else None
    return None


def void(node: Node, message: Message) -> str | None:
    """Why a word on a track is void: it is older than the verdict that took the track back. Else None."""
    key = names(message)
    former = node.judged.get(key) if key is not None else None
    if former is None or former.verdict not in WITHDRAWN or isinstance(message.payload, AssessmentReport):
        return None
    return _why(message, former) if message.created_s <= former.time_s else None


def _why(message: Message, verdict: Verdict) -> str:
    _, track = names(message) or ("", "")
    return f"{track} was taken back: {verdict.verdict}"


def holds_back(node: Node, message: Message, out: Outbox) -> Node | None:
    """The node where a word on a track that was taken back changes nothing of the picture, else None.

    What is older than the verdict is void; what is newer waits for another verdict.
    """
    key = names(message)
    former = node.judged.get(key) if key is not None else None
    if former is None or former.verdict not in WITHDRAWN or key is None:
        return None
    reason = _why(message, former)
    out.note("ignored", message=message.id, kind=message.kind, origin=message.origin, reason=reason)
    if message.created_s <= former.time_s:
        return node
    waiting = {one.kind: one for one in former.waiting}
    if message.kind in waiting and waiting[message.kind].created_s >= message.created_s:
        return node
    waiting[message.kind] = message
    kept = replace(former, waiting=tuple(waiting[kind] for kind in sorted(waiting)))
    return replace(node, judged={**node.judged, key: kept})


def heard(node: Node, message: Message, now_s: float, out: Outbox) -> tuple[Node, tuple[Message, ...]]:
    """Take in what a partner now takes a track of its own for; and what of its words counts again."""
    report, key = message.payload, names(message)
    assert isinstance(report, AssessmentReport) and key is not None
    former = node.judged.get(key)
    if former is not None and not _newer(report, former):
        return node, ()
    waiting = tuple(one for one in former.waiting if one.created_s > report.time_s) if former else ()
    withdrawn = report.verdict in WITHDRAWN
    again = former.waiting if former and not withdrawn else ()
    now = Verdict(report.time_s, report.verdict, now_s + _KEPT_S, waiting if withdrawn else ())
    node = replace(node, judged=_kept(node.judged, key, now, now_s))
    for thing in node.things:
        if withdrawn and key in _tracks(thing):
            node = _taken_back(node, thing, message.origin, report, out)
        elif not withdrawn and key in thing.verdicts:
            out.note("taken_back", **_line(thing, message.origin, report), left=_left(thing))
            node = change(node, _believed(thing, key))
    return node, again


def _newer(report: AssessmentReport, former: Verdict) -> bool:
    """Whether a verdict goes before a former one; of two of one time, told coarsely, the one that warns."""
    if report.time_s != former.time_s:
        return report.time_s > former.time_s
    return former.verdict in WITHDRAWN and report.verdict not in WITHDRAWN


def _kept(
    judged: Mapping[tuple[str, str], Verdict], key: tuple[str, str], verdict: Verdict, now_s: float
) -> dict[tuple[str, str], Verdict]:
    """All verdicts that still matter; of one partner's too many the oldest go."""
    kept = {other: one for other, one in judged.items() if one.until_s > now_s and other != key}
    mine = [other for other in kept if other[0] == key[0]]
    if len(mine) >= _MOST:
        del kept[min(mine, key=lambda other: (kept[other].until_s, other))]
    return kept | {key: verdict}


def _tracks(thing: Thing) -> set[tuple[str, str]]:
    """All names under which partners told of a thing."""
    told = {(nation, one.track) for nation, one in thing.told.items() if one.track}
    return {*thing.aliases, *told, *((nation, one.track) for nation, one in thing.foreign.items())}


def _taken_back(node: Node, thing: Thing, origin: str, report: AssessmentReport, out: Outbox) -> Node:
    """A thing without what a partner told of one track; one that rests on nothing else alarms nobody."""
    key = origin, report.track_id
    tracked = origin in thing.foreign and thing.foreign[origin].track == report.track_id
    # Who names no track in its launch reports means the one that it tells of here.
    launched = origin in thing.told and thing.told[origin].track in (
        (report.track_id, "") if tracked else (report.track_id,)
    )
    said = thing.said.get(origin)
    left = replace(
        thing,
        foreign={name: one for name, one in thing.foreign.items() if not (tracked and name == origin)},
        told={name: one for name, one in thing.told.items() if not (launched and name == origin)},
        said={
            name: one
            for name, one in thing.said.items()
            if name != origin or said is None or said.track_id != report.track_id
        },
        aliases=thing.aliases - {key},
        verdicts={**thing.verdicts, key: report.verdict},
        evidence=thing.evidence + 1,
        next_forecast_s=-math.inf,
    )
    held = _left(left)
    out.note("taken_back", **_line(thing, origin, report), left=held)
    if own(left) is None and not left.foreign:
        left = _void(left, origin, report, alone=not held)
    waited = any(one.thing == thing.id for one in node.pending)
    if not held and left.warning.stage in ("idle", "over") and not waited:
        return without(node, {thing.id})
    return change(node, left)


def _void(thing: Thing, origin: str, report: AssessmentReport, alone: bool) -> Thing:
    """A thing of which nobody holds an estimate any more, as if our own track had turned out so."""
    if report.verdict == "none":
        view = thing.view
        if view is not None:
            # Who was alerted by it stays so until it must have passed, as with a track of our own.
            view = replace(view, areas={}, trust=0.0, expired=f"{origin} took it back")
        return replace(thing, view=view)
    return replace(thing, view=None, sort=report.verdict if alone else thing.sort)


def _believed(thing: Thing, key: tuple[str, str]) -> Thing:
    """A thing of which a partner says that it may be a missile after all."""
    thing = replace(thing, verdicts={name: one for name, one in thing.verdicts.items() if name != key})
    if thing.track is not None or thing.foreign:
        return thing
    return replace(thing, sort="", aliases=thing.aliases | {key})


def _left(thing: Thing) -> list[str]:
    """What a thing rests on: our own track or plumes, and partners and people by name."""
    own_words = [*(["own track"] if thing.track is not None else []), *sorted(thing.scans)]
    return own_words + sorted({*thing.foreign, *thing.told})


def _line(thing: Thing, origin: str, report: AssessmentReport) -> dict[str, str]:
    return {
        "track": thing.id,
        "origin": origin,
        "of": report.track_id,
        "verdict": report.verdict,
        "reason": report.reason,
    }
