"""The picture: partners' words and our own tracks together, and what became of them."""

from dataclasses import replace

import numpy as np

from noroshi.node import kernels, origins
from noroshi.node.desk import Desk
from noroshi.node.state import SIGHTING, Foreign, Node, Origin, Outbox, Thing
from noroshi.node.things import (
    add,
    alike,
    change,
    forget,
    known,
    merge,
    one_launch,
    own,
    within_reach,
    without_track,
)
from noroshi.records.detections import Plot, Sighting
from noroshi.records.messages import ForecastReport, LaunchReport, Message, TrackReport
from noroshi.records.tracks import Estimate
from noroshi.tracking.launchpoint import ROWS
from noroshi.tracking.recognise import AIRCRAFT_SEEN_S

# A track without a plot for so long is lost; a partner's word on a burning thing is worth so long.
LOST_AFTER_S = 30.0
_FRESH_S, _COASTS = 60.0, 0.02
# How far off the direction may be that people give, 1 sigma, and one that they do not give, deg.
_ROUGHLY_DEG, _ANY_WAY_DEG = 45.0, 180.0
# A launch point is estimated from the first sights, again as they grow in number.
_SIGHTS_FIRST, _SIGHTS_STEP = 5, 6


def hear(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """Take a partner's report, track or forecast into the picture."""
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
    path = payload.path if isinstance(payload, ForecastReport) else payload
    if not isinstance(path, TrackReport):
        return node
    estimate = _estimate(path)
    if not _worth(estimate, now_s):
        return node
    node, thing = _same(node, (message.origin, path.track_id), estimate)
    former = thing.foreign.get(message.origin)
    if former is not None and float(former.estimate.time_s) >= path.time_s:
        return node
    nations = tuple(sorted(message.contributors))
    thing = replace(
        thing,
        foreign={**thing.foreign, message.origin: Foreign(estimate, nations)},
        aliases=thing.aliases | {(message.origin, path.track_id)},
        last_told_s=now_s,
        evidence=thing.evidence + 1,
    )
    return change(node, thing)


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
    )


def _launched(node: Node, told: Origin) -> tuple[Node, Thing]:
    """The thing that a launch report speaks of."""
    for thing in node.things:
        start = thing.start
        if start is not None:
            if one_launch(start, told):
                return node, thing
        elif thing.track is not None:
            place = np.asarray(thing.track.mean)[0, :3]
            if within_reach(told, place, float(thing.track.time_s)):
                return node, thing
    return add(node)


def _same(node: Node, alias: tuple[str, str], estimate: Estimate) -> tuple[Node, Thing]:
    """The thing that a partner's track speaks of: known by its name, else by lying where ours lies."""
    for thing in node.things:
        if alias in thing.aliases:
            return node, thing
    for thing in node.things:
        seen = known(thing)
        if seen is not None and alike(node.desk, seen, estimate):
            return node, thing
        if seen is None and thing.start is not None:
            place = np.asarray(estimate.mean)[:3]
            if within_reach(thing.start, place, float(estimate.time_s)):
                return node, thing
    return add(node)


def _estimate(path: TrackReport) -> Estimate:
    return Estimate(
        np.float64(path.time_s),
        np.array(path.position_ecef_m + path.velocity_ecef_mps + path.thrust_ecef_mps2),
        np.array(path.covariance),
        np.float64(path.burning_probability),
    )


def fused(desk: Desk, thing: Thing) -> tuple[Estimate, tuple[str, ...]] | None:
    """The best estimate of a thing from our own track and the partners', and whose evidence it holds.

    A partner's track that our own sensors fed is left out: it would come back as new evidence.
    """
    parts = [(foreign.estimate, foreign.nations) for _, foreign in sorted(thing.foreign.items())]
    parts = [part for part in parts if desk.nation not in part[1]]
    mine = own(thing)
    if mine is not None:
        parts.insert(0, (mine, (desk.nation,)))
    if not parts:
        return None
    newest_s = max(float(estimate.time_s) for estimate, _ in parts)
    parts = [part for part in parts if _worth(part[0], newest_s)]
    together = parts[0][0]
    for estimate, _ in parts[1:]:
        together = kernels.join(together, estimate, desk.belief)
    return together, tuple(sorted({nation for _, nations in parts for nation in nations}))


def _worth(estimate: Estimate, now_s: float) -> bool:
    """A coast can be carried on for long; what a partner saw burning long ago says nothing of now."""
    return float(estimate.time_s) > now_s - _FRESH_S or float(estimate.burning) < _COASTS


def watch(node: Node, now_s: float, out: Outbox) -> Node:
    """Notice lost tracks; estimate launch points from plumes that are due and from young tracks."""
    node = forget(node, now_s)
    if len(node.things) > 1:
        node = merge(node, out)
    for thing in node.things:
        if thing.track is not None and not thing.lost and now_s - thing.last_plot_s > LOST_AFTER_S:
            thing = replace(thing, lost=True, evidence=thing.evidence + 1)
            if thing.confirmed:
                out.note("track", track=thing.id, state="lost", sensors=list(thing.sensors))
            else:
                thing = without_track(thing)
            node = change(node, thing)
        due = thing.report_due_s is not None and now_s >= thing.report_due_s
        scans = [plot for plots in thing.scans.values() for plot in plots]
        sights = _thinned(scans) if due else _tracked(thing, now_s)
        enough = _SIGHTS_FIRST if not thing.reported_sights else thing.reported_sights + _SIGHTS_STEP
        if due and not thing.reported_sights:
            # A fire shines where it is.
            enough = 1 if any(origins.moves(node.desk, plots) for plots in thing.scans.values()) else ROWS + 1
        if enough <= len(sights) <= ROWS:
            origin = origins.estimate(node.desk, sights)
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
    """Sights of a track that a launch point may be fitted to: once it had time to turn out an aircraft."""
    if not thing.confirmed or thing.sort or now_s - thing.sights[0].time_s < AIRCRAFT_SEEN_S:
        return []
    return list(thing.sights)


def _rounded(origin: Origin) -> dict[str, float]:
    report = origin.report()
    return {name: round(value, 3) for name, value in vars(report).items()}
