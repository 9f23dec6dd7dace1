"""The things a nation knows of, and when two of them are one."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float

from noroshi.earth import frames, geometry
from noroshi.node.state import STAGES, Node, Origin, Outbox, Thing, View, Warning
from noroshi.records.tracks import Estimate

T = TypeVar("T")

# Two reports speak of one launch when no farther apart than this in place and time.
_SAME_LAUNCH_KM, _SAME_LAUNCH_S = 150.0, 90.0
# A lost track is found again within this time; later anything would fit it.
FOUND_AGAIN_S = 900.0
# The longest flight of the record took 73 minutes.
_LONGEST_FLIGHT_S = 5400.0
# Longer than anything flies unseen between two nations' sensors.
_FORGOTTEN_AFTER_S = 3600.0
# Launch points from tracks and what people saw are so far off in time, 3 sigma. Assumption, 30 to 120 s.
_BEFORE_S = 60.0


def change(node: Node, thing: Thing) -> Node:
    """The node with `thing` in place of its former self."""
    return replace(node, things=tuple(thing if one.id == thing.id else one for one in node.things))


def find(node: Node, name: str) -> Thing:
    """The thing of that name. Raises StopIteration where there is none."""
    return next(thing for thing in node.things if thing.id == name)


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
    return without(node, gone) if gone else node


def without(node: Node, gone: Collection[str]) -> Node:
    """The node without some of its things."""
    return replace(_uncued(node, gone), things=tuple(one for one in node.things if one.id not in gone))


def _uncued(node: Node, gone: Collection[str]) -> Node:
    """The node that points no radar at things that are no more."""
    cued = {key: value for key, value in node.cued.items() if key.rpartition(" ")[2] not in gone}
    return replace(node, cued=cued)


def _last_s(thing: Thing) -> float:
    """When anything was last seen or heard of it."""
    scans = (plots[-1].time_s for plots in thing.scans.values())
    return max(thing.last_plot_s, thing.last_told_s, *scans)


def without_track(thing: Thing) -> Thing:
    """A thing whose track turned out to be none; where nobody else tells of it, its forecast is void."""
    view = thing.view
    if view is not None and not thing.foreign:
        # Who was alerted by it stays so until it must have passed.
        view = replace(view, areas={}, trust=0.0, expired="its track is no more")
    return replace(thing, track=None, tracked_s=thing.last_plot_s, sort="", mine=None, view=view)


def own(thing: Thing) -> Estimate | None:
    """The nation's own estimate of a thing, once its track is confirmed."""
    return thing.track.estimate if thing.track is not None and thing.track.confirmed else None


def known(thing: Thing) -> Estimate | None:
    """Our own confirmed estimate of a thing, else the newest of a partner."""
    foreign = [one.estimate for _, one in sorted(thing.foreign.items())]
    return own(thing) or max(foreign, key=lambda estimate: float(estimate.time_s), default=None)


def one_launch(a: Origin, b: Origin) -> bool:
    """Whether two launch reports lie so near in place and time that they mean one launch."""
    times_s, lats_deg, lons_deg = (np.array([value]) for value in (b.time_s, b.lat_deg, b.lon_deg))
    return bool(launched_with(a, times_s, lats_deg, lons_deg)[0])


def launched_with(
    a: Origin,
    time_s: Float[np.ndarray, "N"],
    lat_deg: Float[np.ndarray, "N"],
    lon_deg: Float[np.ndarray, "N"],
) -> Bool[np.ndarray, "N"]:
    """Which of N launches, by times and places, lie so near one that they may be the same."""
    here = np.radians(a.lat_deg), np.radians(a.lon_deg)
    away_m, _ = geometry.great_circle(*here, np.radians(lat_deg), np.radians(lon_deg))
    return (np.abs(time_s - a.time_s) < _SAME_LAUNCH_S) & (np.asarray(away_m) < _SAME_LAUNCH_KM * 1e3)


def within_reach(start: Origin, place_ecef_m: np.ndarray, time_s: float) -> bool:
    """Whether what left `start` can be at a place."""
    return bool(reached(start, place_ecef_m[None], np.array([time_s]))[0])


def reached(
    start: Origin, place_ecef_m: Float[np.ndarray, "N 3"], time_s: Float[np.ndarray, "N"]
) -> Bool[np.ndarray, "N"]:
    """At which of N places what left `start` can be: up by then, no farther than 4.5 km/s, not behind it."""
    since_s = time_s - start.time_s
    lat, lon, _ = frames.geodetic(place_ecef_m)
    here = np.radians(start.lat_deg), np.radians(start.lon_deg)
    distance_m, bearing = geometry.great_circle(*here, lat, lon)
    off = np.abs((np.degrees(bearing) - start.azimuth_deg + 180) % 360 - 180)
    far_m = 4.5e3 * (np.maximum(since_s, 0.0) + 30.0)
    ahead = (distance_m < far_m) & (off < 3 * start.azimuth_sigma_deg + 20)
    up = (since_s >= -_BEFORE_S) & (since_s <= _LONGEST_FLIGHT_S)
    return np.asarray(up & ((distance_m < 100e3) | ahead))


def joined(node: Node, first: Thing, second: Thing, out: Outbox) -> Node:
    """The node with two things as one, which keeps the first's name and track; of two alerts the farther.

    Where both stand, the one goes on over the areas of both; nobody is told that it is over.
    """
    kept, other = (first, second) if _how_far(first) >= _how_far(second) else (second, first)
    warning = _alerted(kept.warning, other.warning)
    if other.warning.stage in ("deciding", "delivering"):
        out.note("stood_down", alert=other.warning.name, reason=f"it is the same as {kept.id}")
    elif other.warning.stage == "standing":
        if warning.areas != kept.warning.areas:
            reason = f"it is the same as {other.warning.name}"
            out.note("update", alert=warning.name, areas=list(warning.areas), reason=reason)
        reason = f"it is the same as {warning.name}"
        out.note("cancel", alert=other.warning.name, areas=[], reason=reason)
    whole = replace(
        first,
        scans={**second.scans, **first.scans},
        reported_sights=max(first.reported_sights, second.reported_sights),
        report_due_s=first.report_due_s if first.report_due_s is not None else second.report_due_s,
        origin=min((o for o in (first.origin, second.origin) if o), key=lambda o: o.sigma_km, default=None),
        told={**second.told, **first.told},
        foreign=_newest(first.foreign, second.foreign, lambda one: float(one.estimate.time_s)),
        said=_newest(first.said, second.said, lambda one: one.time_s),
        aliases=first.aliases | second.aliases,
        also=first.also | second.also | ({second.id} if second.next_publish_s > -math.inf else set()),
        told_as={**second.told_as, **first.told_as},
        recant=(first.recant or second.recant) if first.track is None else None,
        verdicts={**second.verdicts, **first.verdicts},
        stood_down=first.stood_down if second.stood_down else "",
        confirmed_by=first.confirmed_by or second.confirmed_by,
        last_told_s=max(first.last_told_s, second.last_told_s),
        evidence=first.evidence + second.evidence,
        view=_sharper(kept.view, other.view),
        warning=warning,
    )
    out.note("merged", track=first.id, other=second.id)
    pending = tuple(
        replace(one, thing=first.id) if one.thing == kept.id else one
        for one in node.pending
        if one.thing != other.id
    )
    things = tuple(whole if t.id == first.id else t for t in node.things if t.id != second.id)
    return replace(_uncued(node, {second.id}), things=things, pending=pending)


def _how_far(thing: Thing) -> tuple[int, bool, int]:
    """How far an alert about a thing has come, whether one may be due, and how many there were."""
    warning, view = thing.warning, thing.view
    over = warning.stage == "over"
    live = view is not None and not view.expired and bool(view.areas) and not over
    return 0 if over else STAGES.index(warning.stage), live, warning.number


def _sharper(one: View | None, two: View | None) -> View | None:
    """The first of two forecasts, unless it supports nothing any more."""
    known = [view for view in (one, two) if view is not None]
    return next((view for view in known if not view.expired), known[0] if known else None)


def _alerted(kept: Warning, other: Warning) -> Warning:
    """The alert about a thing that turned out to be another too: people stay alerted wherever they were."""
    number = max(kept.number, other.number)
    if other.stage != "standing":
        return replace(kept, number=number)
    areas = tuple(sorted({*kept.areas, *other.areas}))
    return replace(kept, number=number, areas=areas, passage_s={**other.passage_s, **kept.passage_s})


def _newest(one: Mapping[str, T], two: Mapping[str, T], time_s: Callable[[T], float]) -> dict[str, T]:
    """Of each partner the newest."""
    return {
        nation: max((told[nation] for told in (one, two) if nation in told), key=time_s)
        for nation in {**two, **one}
    }
