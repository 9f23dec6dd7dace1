"""The tracking cell: plots of the nation's own sensors become things and tracks."""

import itertools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from noroshi.earth import frames
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.origins import beyond_horizon, ground_along, position
from noroshi.node.state import Node, Outbox, Thing
from noroshi.node.things import FOUND_AGAIN_S, add, change, joined, within_reach, without_track
from noroshi.records.detections import Plot
from noroshi.records.keys import uniform
from noroshi.records.tracks import Estimate
from noroshi.tracking import door, recognise, tracker
from noroshi.tracking.followed import Followed

AIRCRAFT, SATELLITE = "aircraft", "satellite"
# What a single plot may be off, m, where a partner's track says it should be, and how far in sigmas squared.
_PLACE_SIGMA_M, _PLACE_GATE = 3e3, 2 * 16.27
# By so much less is an estimate unsure that is taken at its word.
_SHARP = 1e-12
# Scans of one plume lie this near each other across the line of sight: m per second between them, and m.
_SCAN_MPS, _SCAN_M = 11e3, 36e3
# A plume may be too weak to see for so long, between two stages or in thin air.
_SCAN_GAP_S = 60.0
# Scans of a launch that are kept of each satellite: the first, and the latest.
_FIRST_SCANS, _LATEST_SCANS = 8, 24


def sense(node: Node, plots: list[Plot], now_s: float, out: Outbox) -> Node:
    """Take in the plots of the nation's own sensors, oldest first, those of one moment together.

    What skywave radars see are aircraft and ships: it is no part of this picture.
    """
    desk = node.desk
    rules = node.tracker.rules
    false = {name: max(one.false_per_scan, one.false_ph / 3600) for name, one in rules.backgrounds.items()}
    limits = door.limits_of(false, late_s=rules.window_s)
    accepted, refused, gate = door.judge(plots, node.door, limits, now_s)
    node = replace(node, door=gate)
    for (sensor, reason), number in Counter((plot.sensor, reason) for plot, reason in refused).items():
        out.note("refused", sensor=sensor, reason=str(reason), plots=number)
    for time_s, together in itertools.groupby(sorted(accepted, key=_when), key=_when):
        moment = list(together)
        if time_s < node.tracker.now_s:
            late = sorted({plot.sensor for plot in moment})
            out.note("late", sensors=late, by_s=round(node.tracker.now_s - time_s, 3), plots=len(moment))
        for plot in moment:
            node = _first_sight(node, plot, out)
        for plot in moment:
            if plot.sensor in desk.satellites:
                node = _scan(node, plot)
        tracked = [plot for plot in moment if plot.sensor not in desk.skywaves]
        eyes = {plot.sensor: desk.eye(plot.sensor, time_s) for plot in tracked}
        node = replace(node, tracker=tracker.step(node.tracker, tracked, eyes, time_s))
        node = _followed(node, out)
    return _followed(replace(node, tracker=tracker.step(node.tracker, (), {}, now_s)), out)


def from_above(
    node: Node, thing: Thing, state: Estimate, sights: Sequence[Plot], out: Outbox
) -> tuple[Node, Thing]:
    """Follow a launch that only satellites have seen, from the state that their sights tell."""
    if thing.track is not None or thing.sort or any(plot.sensor in node.desk.radars for plot in sights):
        return node, thing
    seen = {(plot.time_s, plot.sensor) for plot in sights}
    for other in node.things:
        if other.track is not None and len(seen.intersection(other.track.recent)) > len(seen) / 2:
            # What the satellites see here already feeds another track.
            node = joined(node, other, thing, out)
            return node, next(one for one in node.things if one.id == other.id)
    last_s = max(plot.time_s for plot in sights)
    if last_s < node.tracker.now_s - node.tracker.rules.window_s:
        return node, thing
    follows, name = tracker.adopt(node.tracker, state, sorted(sights, key=_when))
    if not name:
        return node, thing
    one = next(one for one in follows.followed if one.id == name)
    out.note("track", track=thing.id, state="confirmed", sensors=list(one.sensors))
    thing = replace(thing, track=one, evidence=thing.evidence + 1)
    return change(replace(node, tracker=follows), thing), thing


def _when(plot: Plot) -> float:
    return plot.time_s


def _first_sight(node: Node, plot: Plot, out: Outbox) -> Node:
    """Journal the first plot of each sensor, with the place it points to."""
    if plot.sensor in node.seen:
        return node
    kind = next(name for name in ("radar", "skywave", "infrared") if plot.sensor in _sensors(node.desk, name))
    where = {"radar": position, "skywave": beyond_horizon, "infrared": ground_along}[kind]
    lat, lon, height_m = (float(value) for value in frames.geodetic(where(node.desk, plot)))
    out.note(
        "first_sight",
        sensor=plot.sensor,
        kind=kind,
        mode="cued" if plot.cued else "search",
        lat_deg=round(math.degrees(lat), 3),
        lon_deg=round(math.degrees(lon), 3),
        height_km=round(height_m / 1e3, 1) if kind == "radar" else None,
        range_km=None if kind == "infrared" else round(plot.measurement[0] / 1e3, 1),
    )
    return replace(node, seen=node.seen | {plot.sensor})


def _sensors(desk: Desk, kind: str) -> Mapping[str, object]:
    """The nation's sensors of a kind, by their names."""
    return {"radar": desk.radars, "skywave": desk.skywaves, "infrared": desk.satellites}[kind]


def _followed(node: Node, out: Outbox) -> Node:
    """Bring the things in line with the tracker: new tracks, tracks that grew, were lost, or are gone."""
    # What was lost before it was confirmed is none; the tracker keeps it for plots that are still to come.
    now = {one.id: one for one in node.tracker.followed if one.confirmed or not one.lost}
    heirs = {gone: one.id for one in node.tracker.followed for gone in one.absorbed}
    known = {thing.track.id for thing in node.things if thing.track is not None}
    new = [one for one in now.values() if one.id not in known and not known & one.absorbed]
    renamed = _renamed(node, [one for one in new if one.plots > 1], now.keys() | heirs.keys())
    heirs |= {gone: one.id for gone, one in renamed.items()}
    for one in new:
        if all(one is not heir for heir in renamed.values()):
            node = _homed(node, one, out)
    for name in [thing.id for thing in node.things]:
        # As it is by now: another may have turned out to be the same meanwhile.
        thing = next((one for one in node.things if one.id == name), None)
        if thing is None or thing.track is None:
            continue
        after = now.get(thing.track.id)
        if after is None and (heir := renamed.get(thing.track.id)) is not None:
            taken = any(one.track is not None and one.track.id == heir.id for one in node.things)
            after = None if taken else heir
        if after is None:
            node = _gone(node, thing, heirs.get(thing.track.id), out)
        elif after is not thing.track:
            node = _grown(node, thing, after, out)
    return node


def _renamed(node: Node, new: Sequence[Followed], known: Collection[str]) -> dict[str, Followed]:
    """Tracks of things that are no more, with the new ones that have most of their plots.

    A track is called by its first plot: one that came late and is earlier gives it another name.
    """
    renamed: dict[str, Followed] = {}
    if not new:
        return renamed
    oldest_s = node.tracker.now_s - node.tracker.rules.window_s
    theirs = [{*one.sights, one.newest} for one in new]
    for thing in node.things:
        gone = thing.track
        if gone is None or gone.id in known or gone.last_s < oldest_s:
            continue
        common = [len(plots.intersection((*gone.sights, gone.newest))) for plots in theirs]
        if max(common) > 0:
            renamed[gone.id] = new[common.index(max(common))]
    return renamed


def _grown(node: Node, thing: Thing, after: Followed, out: Outbox) -> Node:
    """A thing whose track has taken in plots, or was lost."""
    before = thing.track
    assert before is not None
    more = max(after.plots - before.plots, 0)
    news = more + (after.lost and not before.lost)
    thing = replace(thing, track=after, evidence=thing.evidence + news)
    if after.confirmed and not before.confirmed:
        out.note("track", track=thing.id, state="confirmed", sensors=list(after.sensors))
    if after.lost and not before.lost:
        out.note("track", track=thing.id, state="lost", sensors=list(after.sensors))
    node = change(node, thing)
    return _recognised(node, thing, after, out) if more else node


def _gone(node: Node, thing: Thing, heir: str | None, out: Outbox) -> Node:
    """A thing whose track the tracker has no more: it was one with another, was no track, or is long lost."""
    assert thing.track is not None
    if heir is not None:
        for other in node.things:
            if other.track is not None and other.track.id == heir:
                return joined(node, other, thing, out)
        one = next(one for one in node.tracker.followed if one.id == heir)
        return change(node, replace(thing, track=one))
    if thing.track.lost and thing.track.confirmed:
        return node
    if thing.track.confirmed:
        out.note("track", track=thing.id, state="dropped", sensors=list(thing.sensors))
        thing = replace(thing, recant=("none", "its plots do not belong together"))
    return change(node, without_track(thing))


def _recognised(node: Node, thing: Thing, one: Followed, out: Outbox) -> Node:
    """A thing that turns out to be no missile is followed on, and alarms nobody."""
    if not one.confirmed:
        return node
    if thing.sort:
        taken_back = recognise.no_aircraft if thing.sort == AIRCRAFT else recognise.comes_down
        if taken_back(one.estimate):
            out.note("recognised", track=thing.id, sort="unknown")
            node = change(node, replace(thing, sort=""))
        return node
    desk, newest = node.desk, one.newest
    # What was seen before it surely was no aircraft says nothing of it now.
    ranged = [plot for plot in one.sights if plot.sensor in desk.radars and plot.time_s > one.beyond_s]
    if newest.sensor in desk.radars and any(
        recognise.flies_level(position(desk, plot), position(desk, newest), newest.time_s - plot.time_s)
        for plot in ranged
    ):
        sort = AIRCRAFT
    elif recognise.orbits(one.estimate):
        sort = SATELLITE
    elif (word := _taken_for(thing, one.estimate)) is not None:
        sort = word
    else:
        return node
    if thing.scans or thing.told or thing.foreign:
        node, thing = _parted(node, thing, sort)
    out.note("recognised", track=thing.id, sort=sort)
    return change(node, replace(thing, sort=sort, view=None))


def _taken_for(thing: Thing, estimate: Estimate) -> str | None:
    """What a partner recognised its own track of a thing as, where our best estimate says the same.

    Its word spares us the wait until we are sure ourselves, and never speaks against what we see.
    """
    sharp = replace(estimate, cov=np.asarray(estimate.cov) * _SHARP)
    said = set(thing.verdicts.values())
    if AIRCRAFT in said and not recognise.no_aircraft(sharp):
        return AIRCRAFT
    return SATELLITE if SATELLITE in said and recognise.orbits(sharp) else None


def _parted(node: Node, thing: Thing, sort: str) -> tuple[Node, Thing]:
    """The track on a new thing of its own: what others reported here was something else."""
    view = thing.view if thing.foreign else None
    recant = sort, f"its track is of something else: {sort}"
    node, other = add(change(node, replace(without_track(thing), view=view, recant=recant)))
    other = replace(other, track=thing.track, evidence=thing.evidence)
    return change(node, other), other


def _homed(node: Node, one: Followed, out: Outbox) -> Node:
    """A new track goes to the thing that it belongs to: a reported launch, a partner's, or a new one."""
    place = np.asarray(one.estimate.mean)[:3]
    home = next((thing for thing in node.things if _expects(node.desk, thing, place, one.last_s)), None)
    if home is None:
        node, home = add(node)
    out.note("track", track=home.id, state="tentative", sensors=list(one.sensors))
    if one.confirmed:
        out.note("track", track=home.id, state="confirmed", sensors=list(one.sensors))
    return change(node, replace(home, track=one, evidence=home.evidence + one.plots))


def _expects(desk: Desk, thing: Thing, place_ecef_m: np.ndarray, time_s: float) -> bool:
    """Whether a thing without a track of ours, known from partners or a plume, can be at a place."""
    if thing.track is not None or thing.sort:
        return False
    for foreign in thing.foreign.values():
        # Carried on for long, it could be anywhere.
        if time_s - float(foreign.estimate.time_s) > FOUND_AGAIN_S:
            continue
        there = kernels.carry(foreign.estimate, np.float64(time_s), desk.belief)
        off = np.asarray(there.mean)[:3] - place_ecef_m
        spread = np.asarray(there.cov)[:3, :3] + np.eye(3) * _PLACE_SIGMA_M**2
        if off @ np.linalg.solve(spread, off) < _PLACE_GATE:
            return True
    return thing.start is not None and within_reach(thing.start, place_ecef_m, time_s)


def _scan(node: Node, plot: Plot) -> Node:
    """Add a line of sight to the launch it continues, or start a new one."""
    place = ground_along(node.desk, plot)
    for thing in node.things:
        if any(_continues(node.desk, scans[-1], plot, place) for scans in thing.scans.values()):
            break
    else:
        node, thing = add(node)
    mine = thing.scans.get(plot.sensor, ())
    late = bool(mine) and plot.time_s < mine[-1].time_s
    mine = tuple(sorted((*mine, plot), key=_when)) if late else (*mine, plot)
    if len(mine) > _FIRST_SCANS + _LATEST_SCANS:
        mine = (*mine[:_FIRST_SCANS], *mine[-_LATEST_SCANS:])
    thing = replace(thing, scans={**thing.scans, plot.sensor: mine}, evidence=thing.evidence + 1)
    satellite = node.desk.satellites[plot.sensor]
    if thing.report_due_s is None and len(mine) >= satellite.hits_to_confirm:
        delay_s = satellite.report_delay_s.draw(uniform(node.desk.seed, "report", plot.sensor, thing.id))
        thing = replace(thing, report_due_s=plot.time_s + delay_s)
    return change(node, thing)


def _continues(desk: Desk, before: Plot, plot: Plot, place_ecef_m: np.ndarray) -> bool:
    """Whether a scan goes on where another one ended: in angle for one satellite, on the ground for two."""
    # A late one lies before.
    between_s = abs(plot.time_s - before.time_s)
    other = ground_along(desk, before)
    if before.sensor == plot.sensor:
        # Across the line of sight of now: the satellite may have moved on meanwhile.
        eye, _ = desk.satellites[plot.sensor].at(plot.time_s)
        way = (place_ecef_m - eye) / np.linalg.norm(place_ecef_m - eye)
        off_m = float(np.linalg.norm(np.cross(other - eye, way)))
        return between_s < _SCAN_GAP_S and off_m < _SCAN_M + _SCAN_MPS * between_s
    # Seen from two sides, a plume 150 km up is displaced by some hundreds of kilometres.
    return between_s < 30 and float(np.linalg.norm(other - place_ecef_m)) < 400e3
