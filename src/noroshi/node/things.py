"""The things a nation knows of, and when two of them are one."""

import itertools
import math
from dataclasses import replace

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.state import Node, Origin, Outbox, Thing
from noroshi.records.tracks import Estimate

# A lookalike must lie within as many sigmas (squared, 6 degrees of freedom, 99.9 %), doubled for the biases
# and thrust that a filter believes too small.
_SAME = 2 * 22.46
# Two reports speak of one launch when no farther apart than this in place and time.
_SAME_LAUNCH_KM, _SAME_LAUNCH_S = 150.0, 90.0
# A lost track is found again within this time; later anything would fit it.
FOUND_AGAIN_S = 900.0
# The longest flight of the record took 73 minutes.
_LONGEST_FLIGHT_S = 5400.0
# Longer than anything flies unseen between two nations' sensors.
_FORGOTTEN_AFTER_S = 3600.0


def change(node: Node, thing: Thing) -> Node:
    """The node with `thing` in place of its former self."""
    return replace(node, things=tuple(thing if one.id == thing.id else one for one in node.things))


def add(node: Node) -> tuple[Node, Thing]:
    """The node with one more, empty thing."""
    thing = Thing(id=f"{node.desk.nation}-T{node.made + 1}")
    return replace(node, things=(*node.things, thing), made=node.made + 1), thing


def forget(node: Node, now_s: float) -> Node:
    """Drop what nobody has seen or spoken of for long and nobody has to be told of any more."""
    waiting = {one.thing for one in node.pending}
    gone = {
        thing.id
        for thing in node.things
        if thing.id not in waiting
        and thing.warning.stage in ("idle", "over")
        and now_s - _last_s(thing) > _FORGOTTEN_AFTER_S
    }
    if not gone:
        return node
    cued = {key: value for key, value in node.cued.items() if key.rpartition(" ")[2] not in gone}
    return replace(node, things=tuple(one for one in node.things if one.id not in gone), cued=cued)


def _last_s(thing: Thing) -> float:
    """When anything was last seen or heard of it."""
    scans = (plots[-1].time_s for plots in thing.scans.values())
    return max(thing.last_plot_s, thing.last_told_s, *scans)


def without_track(thing: Thing) -> Thing:
    """A thing whose track turned out to be none."""
    nothing = replace(thing, track=None, estimate=None, sensors=(), sights=(), sort="")
    return replace(nothing, plots=0, confirmed=False, lost=False)


def own(thing: Thing) -> Estimate | None:
    """The nation's own estimate of a thing, once its track is confirmed."""
    return thing.estimate if thing.confirmed else None


def known(thing: Thing) -> Estimate | None:
    """Our own confirmed estimate of a thing, else the newest of a partner."""
    foreign = [one.estimate for _, one in sorted(thing.foreign.items())]
    return own(thing) or max(foreign, key=lambda estimate: float(estimate.time_s), default=None)


def one_launch(a: Origin, b: Origin) -> bool:
    """Whether two launch reports lie so near in place and time that they mean one launch."""
    away_m, _ = geometry.great_circle(*np.radians([a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg]))
    return abs(a.time_s - b.time_s) < _SAME_LAUNCH_S and float(away_m) < _SAME_LAUNCH_KM * 1e3


def within_reach(start: Origin, place_ecef_m: np.ndarray, time_s: float) -> bool:
    """Whether what left `start` can be at a place: still up, no farther than 4.5 km/s, and not behind it."""
    if time_s - start.time_s > _LONGEST_FLIGHT_S:
        return False
    lat, lon, _ = frames.geodetic(place_ecef_m)
    here = np.radians(start.lat_deg), np.radians(start.lon_deg)
    distance_m, bearing = geometry.great_circle(*here, lat, lon)
    age_s = max(time_s - start.time_s, 0.0) + 30.0
    off = abs((math.degrees(float(bearing)) - start.azimuth_deg + 180) % 360 - 180)
    near = float(distance_m) < 100e3
    return near or (float(distance_m) < 4.5e3 * age_s and off < 3 * start.azimuth_sigma_deg + 20)


def alike(desk: Desk, a: Estimate, b: Estimate) -> bool:
    """Whether two estimates, carried to one time, may be of one object."""
    if abs(float(a.time_s) - float(b.time_s)) > FOUND_AGAIN_S:
        return False
    now = np.float64(max(float(a.time_s), float(b.time_s)))
    a, b = kernels.carry(a, now, desk.belief), kernels.carry(b, now, desk.belief)
    off = (np.asarray(a.mean) - np.asarray(b.mean))[:6]
    spread = (np.asarray(a.cov) + np.asarray(b.cov))[:6, :6]
    return float(off @ np.linalg.solve(spread, off)) < _SAME


def merge(node: Node, out: Outbox) -> Node:
    """Join things that turn out to be one: a plume and a track, a partner's track and ours."""
    for one, two in itertools.combinations(node.things, 2):
        if not _one(node.desk, one, two):
            continue
        if one.track is not None and two.track is not None:
            # Two tracks of our own that lie on each other: the longer one stays.
            one, two = sorted((one, two), key=lambda thing: -thing.plots)
        first, second = (one, two) if one.track is not None or two.track is None else (two, one)
        joined = replace(
            first,
            scans={**second.scans, **first.scans},
            reported_sights=max(first.reported_sights, second.reported_sights),
            report_due_s=first.report_due_s if first.report_due_s is not None else second.report_due_s,
            origin=min(
                (o for o in (first.origin, second.origin) if o), key=lambda o: o.sigma_km, default=None
            ),
            told={**second.told, **first.told},
            foreign={**second.foreign, **first.foreign},
            aliases=first.aliases | second.aliases,
            last_told_s=max(first.last_told_s, second.last_told_s),
            evidence=first.evidence + second.evidence,
            view=first.view or second.view,
            warning=max(first.warning, second.warning, key=lambda warning: warning.number),
        )
        out.note("merged", track=first.id, other=second.id)
        pending = tuple(replace(p, thing=first.id) if p.thing == second.id else p for p in node.pending)
        things = tuple(joined if t.id == first.id else t for t in node.things if t.id != second.id)
        return merge(replace(node, things=things, pending=pending), out)
    return node


def _one(desk: Desk, one: Thing, two: Thing) -> bool:
    """Whether two things are the same object, by their estimates, else by launch point and direction."""
    if one.sort or two.sort:
        return False
    estimates = [known(thing) for thing in (one, two)]
    if estimates[0] is not None and estimates[1] is not None:
        return alike(desk, estimates[0], estimates[1])
    if estimates[0] is None and estimates[1] is None:
        return one.start is not None and two.start is not None and one_launch(one.start, two.start)
    estimate = estimates[0] if estimates[0] is not None else estimates[1]
    start = one.start if estimates[0] is None else two.start
    assert estimate is not None
    place = np.asarray(estimate.mean)[:3]
    return start is not None and within_reach(start, place, float(estimate.time_s))
