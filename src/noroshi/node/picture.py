"""The picture: partners' words and our own tracks together, and what became of them."""

import math
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from noroshi.errors import Refused
from noroshi.node import doubt, kernels, origins, plots, verdicts, wishes
from noroshi.node.desk import Desk
from noroshi.node.pairs import merge
from noroshi.node.state import SIGHTING, Foreign, Node, Origin, Outbox, Thing
from noroshi.node.things import add, change, find, forget, joined, one_launch, own, within_reach
from noroshi.records.detections import Plot, Sighting
from noroshi.records.messages import (
    AssessmentReport,
    ForecastReport,
    HotlineText,
    LaunchReport,
    Message,
    SensorStatus,
    TaskingRequest,
    TrackReport,
)
from noroshi.records.tracks import BALLISTIC, Estimate
from noroshi.tracking import fuse, lost, match
from noroshi.tracking import told as told_tracks
from noroshi.tracking.fuse import Part
from noroshi.tracking.launchpoint import ROWS
from noroshi.tracking.provenance import Evidence
from noroshi.tracking.recognise import AIRCRAFT_SEEN_S

# A partner's word on a burning thing is worth so long.
_FRESH_S, _COASTS = 60.0, 0.02
# How far off the direction may be that people give, 1 sigma, and one that they do not give, deg.
_ROUGHLY_DEG, _ANY_WAY_DEG = 45.0, 180.0
# From this probability on a track burns, or falls; and so long ago at most, s, did what coasts start.
_BURNS, _FALLS, _LONGEST_S = 0.5, 0.9, 3600.0
# A launch point is estimated from the first sights, again as they grow in number.
_SIGHTS_FIRST, _SIGHTS_STEP = 5, 6


def hear(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """Take a partner's word into the picture; what cannot be used is refused, journaled and counted."""
    before = len(out.entries)
    try:
        if (reason := doubt.refused(message, now_s)) is not None:
            raise Refused("unusable", reason)
        return _heard(node, message, now_s, out)
    except Refused as why:
        reason = why.reason
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # Nothing that a partner sends may stop a node; what its word had changed until here is void.
        reason = f"of no use: {type(error).__name__}"
    del out.entries[before:]
    return doubt.counted(node, message, reason, out)


def _heard(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """The node with a word that can be used."""
    payload = message.payload
    if isinstance(payload, AssessmentReport):
        node, again = verdicts.heard(node, message, now_s, out)
        for one in again:
            node = _heard(node, one, now_s, out)
        return node
    if isinstance(payload, TaskingRequest):
        return wishes.take(node, message, payload, now_s, out)
    if isinstance(payload, HotlineText | SensorStatus):
        out.note(message.kind, message=message.id, origin=message.origin, **vars(payload))
        return node
    if (kept := verdicts.holds_back(node, message, out)) is not None:
        return kept
    return _pictured(node, message, now_s, out)


def _pictured(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """The node with a launch report, a track or a forecast; other kinds say nothing of things."""
    payload = message.payload
    if isinstance(payload, LaunchReport):
        told = _told(payload)
        node, thing = _launched(node, told)
        return change(
            node,
            replace(
                thing,
                told={**thing.told, message.origin: told},
                last_told_s=now_s,
                evidence=thing.evidence + 1,
            ),
        )
    forecast = payload if isinstance(payload, ForecastReport) else None
    path = forecast.path if forecast is not None else payload
    if not isinstance(path, TrackReport):
        return node
    estimate = told_tracks.estimate(path)
    if not _worth(estimate, now_s):
        return node
    node, thing = _named(node, message.origin, path, out)
    if forecast is not None:
        former = thing.said.get(message.origin)
        if former is None or former.time_s <= forecast.time_s:
            thing = replace(thing, said={**thing.said, message.origin: forecast})
            node = change(node, thing)
    held = thing.foreign.get(message.origin)
    if held is not None and float(held.estimate.time_s) >= path.time_s:
        return node
    evidence = Evidence.of(message.provenance, message.origin, path.time_s)
    thing = replace(
        thing,
        foreign={**thing.foreign, message.origin: Foreign(estimate, evidence, path.track_id)},
        aliases=thing.aliases | {(message.origin, path.track_id)},
        last_told_s=now_s,
        evidence=thing.evidence + 1,
    )
    return change(node, thing)


def _named(node: Node, origin: str, path: TrackReport, out: Outbox) -> tuple[Node, Thing]:
    """The thing that a partner's track is known as; what it told under other names before is the same."""
    name = (origin, path.track_id)
    names = {name, *((origin, other) for other in path.also)}
    known = sorted(
        (one for one in node.things if names & one.aliases), key=lambda one: name not in one.aliases
    )
    if not known:
        # Which of our things it is, all of the partner's tracks together show later.
        return add(node)
    first = known[0]
    for other in known[1:]:
        if first.track is not None and other.track is not None:
            continue
        first, second = (first, other) if other.track is None else (other, first)
        node = joined(node, first, second, out)
        first = find(node, first.id)
    return node, first


def sighted(node: Node, sighting: Sighting, now_s: float, out: Outbox) -> Node:
    """Take what people saw as a rough launch report: it tells radars where to look, and alarms nobody."""
    told = Origin(
        sighting.time_s,
        sighting.lat_deg,
        sighting.lon_deg,
        sighting.sigma_km,
        sighting.bearing_deg or 0.0,
        _ANY_WAY_DEG if sighting.bearing_deg is None else _ROUGHLY_DEG,
    )
    node, thing = _launched(node, told)
    said = {"report": sighting.id, "by": sighting.by, "confidence": sighting.confidence}
    out.note("sighting", track=thing.id, **said, **_rounded(told))
    told_by = {**thing.told, f"{SIGHTING}{sighting.id}": told}
    return change(node, replace(thing, told=told_by, last_told_s=now_s, evidence=thing.evidence + 1))


def _told(report: LaunchReport) -> Origin:
    return Origin(
        report.launch_time_s,
        report.lat_deg,
        report.lon_deg,
        report.sigma_km,
        report.azimuth_deg,
        report.azimuth_sigma_deg,
        report.track_id,
    )


def _launched(node: Node, told: Origin) -> tuple[Node, Thing]:
    """The thing that a launch report speaks of."""
    for thing in node.things:
        if thing.sort:
            continue
        start = thing.start
        if start is not None:
            if one_launch(start, told):
                return node, thing
        elif thing.track is not None and not thing.lost:
            place = np.asarray(thing.track.estimate.mean)[:3]
            if within_reach(told, place, float(thing.track.estimate.time_s)):
                return node, thing
    return add(node)


def fused(desk: Desk, thing: Thing) -> tuple[Estimate, tuple[str, ...]] | None:
    """The best estimate of a thing from our own track and the partners', and whose evidence it holds.

    All are carried to the newest one's time and intersected; no evidence is used twice.
    """
    parts = []
    mine = own(thing)
    if mine is not None:
        parts.append(Part(mine, Evidence.of(thing.sensors, desk.nation, float(mine.time_s))))
    parts += [Part(told.estimate, told.evidence) for _, told in sorted(thing.foreign.items())]
    if not parts:
        return None
    newest_s = max(float(part.estimate.time_s) for part in parts)
    parts = [part for part in parts if _worth(part.estimate, newest_s)]
    if len(parts) > 1:
        moved = kernels.carry_all([part.estimate for part in parts], newest_s, desk.belief)
        stands = _stand(parts, moved, newest_s)
        rows = [jax.tree.map(lambda leaf, row=row: leaf[row], moved) for row in range(len(parts))]
        parts = [
            replace(part, estimate=row) for part, row, well in zip(parts, rows, stands, strict=True) if well
        ]
    to_go_s = thing.view.impact_time_s - newest_s if thing.view is not None else fuse.TO_GO_S
    best = fuse.together(parts, max(to_go_s, 1.0))
    return best.estimate, tuple(sorted(best.evidence.nations))


def _worth(estimate: Estimate, now_s: float) -> bool:
    """A coast can be carried on for long; what a partner saw burning long ago says nothing of now."""
    return float(estimate.time_s) > now_s - _FRESH_S or float(estimate.burning) < _COASTS


def _stand(parts: Sequence[Part], moved: Estimate, newest_s: float) -> list[bool]:
    """Which of the parts, carried to one time, still stand beside the newest.

    What nobody has seen for a while and what contradicts what is seen now was carried on wrongly: as a fall
    into dense air, say, of what glides. There it would be sharper than any plot, and win.
    """
    seen_s = [float(part.estimate.time_s) for part in parts]
    first = seen_s.index(newest_s)
    newest = jax.tree.map(lambda leaf: leaf[first : first + 1], moved)
    far = match.compare(newest, moved)[0][0]
    # A distance that is no number contradicts too.
    return [
        bool(time_s >= newest_s - lost.PAUSE_S or away < match.LET_GO)
        for time_s, away in zip(seen_s, far, strict=True)
    ]


def watch(node: Node, now_s: float, out: Outbox) -> Node:
    """Estimate launch points from plumes that are due and from young tracks."""
    node = merge(forget(node, now_s), now_s, out)
    for thing in node.things:
        node, thing = _traced_back(node, thing, now_s, out)
        due = thing.report_due_s is not None and now_s >= thing.report_due_s
        scans = [plot for plots in thing.scans.values() for plot in plots]
        sights = _thinned(scans) if due else _tracked(thing, now_s)
        enough = _SIGHTS_FIRST if not thing.reported_sights else thing.reported_sights + _SIGHTS_STEP
        if due and not thing.reported_sights:
            # A fire shines where it is.
            enough = 1 if any(origins.moves(node.desk, plots) for plots in thing.scans.values()) else ROWS + 1
        if enough <= len(sights) <= ROWS:
            origin, state = origins.estimate(node.desk, sights)
            if not all(map(math.isfinite, _rounded(origin).values())):
                node = change(node, replace(thing, reported_sights=len(sights)))
                continue
            node, thing = plots.from_above(node, thing, state, sights, out)
            announced = node.desk.announced(origin.time_s, origin.lat_deg, origin.lon_deg)
            thing = replace(thing, origin=origin, reported_sights=len(sights))
            out.note("launch_report", track=thing.id, announced=announced or None, **_rounded(origin))
            node = change(node, thing)
    return node


def _thinned(plots: list[Plot]) -> list[Plot]:
    """As many as a launch point is fitted to: the first, the last, and evenly between."""
    ordered = sorted(plots, key=lambda plot: (plot.time_s, plot.sensor))
    if len(ordered) <= ROWS:
        return ordered
    return [ordered[row] for row in np.linspace(0, len(ordered) - 1, ROWS).round().astype(int)]


def _tracked(thing: Thing, now_s: float) -> list[Plot]:
    """Sights of a track that a launch point may be fitted to: while it burns, and is no aircraft."""
    if not _told_apart(thing, now_s) or thing.track is None:
        return []
    return list(thing.sights) if float(thing.track.estimate.burning) > _BURNS else []


def _told_apart(thing: Thing, now_s: float) -> bool:
    """Whether a track of ours had time to turn out an aircraft or a satellite, and did not."""
    return thing.confirmed and not thing.sort and now_s - thing.sights[0].time_s >= AIRCRAFT_SEEN_S


def _traced_back(node: Node, thing: Thing, now_s: float, out: Outbox) -> tuple[Node, Thing]:
    """Where a thing started that was first seen on its coast: once, from its track alone.

    Where its way back tells none, it is tried again with some more evidence.
    """
    if thing.start is not None or thing.track is None or thing.lost or not _told_apart(thing, now_s):
        return node, thing
    weight = thing.track.estimate.weight
    if float(weight[BALLISTIC]) < _FALLS:
        return node, thing
    if thing.traced and thing.evidence < thing.traced + _SIGHTS_STEP:
        return node, thing
    origin = origins.traced_back(thing.track.estimate)
    thing = replace(thing, traced=thing.evidence)
    if origin is None or origin.time_s < now_s - _LONGEST_S:
        return change(node, thing), thing
    announced = node.desk.announced(origin.time_s, origin.lat_deg, origin.lon_deg)
    thing = replace(thing, origin=origin)
    out.note("launch_report", track=thing.id, announced=announced or None, **_rounded(origin))
    return change(node, thing), thing


def _rounded(origin: Origin) -> dict[str, float]:
    report = vars(origin.report())
    return {name: round(value, 3) for name, value in report.items() if name != "track_id"}
