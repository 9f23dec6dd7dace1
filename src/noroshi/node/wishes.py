"""Where partners ask us to look: our radars that can are pointed there, after everything else."""

import math
from dataclasses import replace

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.errors import Refused
from noroshi.node.desk import Desk, Station
from noroshi.node.state import Node, Outbox, Wish
from noroshi.records.messages import Message, TaskingRequest
from noroshi.records.tasking import Cue

EVERY_S = 4.0
_LASTS_S = 20.0
# A wish is a beam wide at least, and at most what a radar can fill with a track's energy.
_NARROW_RAD, _WIDE_RAD = math.radians(1.5), math.radians(12.0)
# So many wishes of one partner stand at a time, and one for so long at most, s: a shift is planned by people.
_MOST, _LONGEST_S = 16, 3600.0


def take(node: Node, message: Message, wish: TaskingRequest, now_s: float, out: Outbox) -> Node:
    """Take a partner's wish on. Raises Refused where no radar of ours can look there, or not any more."""
    if wish.until_s <= now_s:
        raise Refused("stale", f"expired {now_s - wish.until_s:.0f} s ago")
    if wish.until_s - now_s > _LONGEST_S:
        raise Refused("request", f"asks for {wish.until_s - now_s:.0f} s, and {_LONGEST_S:.0f} s is the most")
    node = replace(node, wishes=tuple(one for one in node.wishes if one.until_s > now_s))
    if sum(one.nation == message.origin for one in node.wishes) >= _MOST:
        raise Refused("request", f"{_MOST} requests of {message.origin} stand already")
    lat, lon = math.radians(wish.lat_deg), math.radians(wish.lon_deg)
    place = np.asarray(frames.ecef(np.float64(lat), np.float64(lon), np.float64(wish.height_m)))
    able = [
        station.id
        for station in node.desk.radars.values()
        if _covers(node, station, place, wish.radius_km * 1e3, now_s)
    ]
    if not able:
        raise Refused("request", "outside the cover of every radar")
    x, y, z = place.tolist()
    one = Wish(
        f"request {message.id}",
        message.origin,
        (x, y, z),
        wish.radius_km * 1e3,
        wish.until_s,
        tuple(sorted(able)),
    )
    for sensor in one.radars:
        because = f"tasking request from {message.origin}"
        out.note("tasking", sensor=sensor, mode="cued", track=one.name, because=because)
    return replace(node, wishes=(*node.wishes, one))


def cue(node: Node, now_s: float, out: Outbox) -> Node:
    """Point radars where partners asked us to look, until it is over: a wish is never urgent."""
    if not node.wishes:
        return node
    cued = dict(node.cued)
    for one in node.wishes:
        for sensor in one.radars:
            key = f"{sensor} {one.name}"
            if one.until_s <= now_s:
                cued.pop(key, None)
            elif now_s >= cued.get(key, (-math.inf, ""))[0] and sensor in node.desk.radars:
                out.cues.append(_cue(node.desk, sensor, one, now_s))
                cued[key] = (now_s + EVERY_S, f"tasking request from {one.nation}")
    return replace(node, cued=cued, wishes=tuple(one for one in node.wishes if one.until_s > now_s))


def _cue(desk: Desk, sensor: str, one: Wish, now_s: float) -> Cue:
    range_m, azimuth, elevation = _way(desk.radars[sensor], np.array(one.place_ecef_m), now_s)
    width = min(max(math.atan2(one.radius_m, range_m), _NARROW_RAD), _WIDE_RAD)
    until_s = min(now_s + _LASTS_S, one.until_s)
    because = f"tasking request from {one.nation}"
    return Cue(sensor, one.name, azimuth, elevation, width, True, until_s, because, urgent=False)


def _way(station: Station, place_ecef_m: np.ndarray, now_s: float) -> tuple[float, float, float]:
    """Range, m, azimuth and elevation, rad, from a radar to a place."""
    site, axes = station.at(now_s)
    range_m, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, place_ecef_m).tolist()
    return range_m, azimuth, elevation


def _covers(node: Node, station: Station, place_ecef_m: np.ndarray, radius_m: float, now_s: float) -> bool:
    """Whether a radar may see some part of a place's surroundings, by its range and elevations."""
    range_m, _, elevation = _way(station, place_ecef_m, now_s)
    if not math.isfinite(range_m) or not math.isfinite(elevation):
        return False
    volume = node.tracker.rules.of(station.id).volume
    longest_m, (low, high) = volume.range_m[1], volume.elevation_rad
    wide = math.atan2(radius_m, range_m)
    if longest_m and range_m - radius_m > longest_m:
        return False
    # A radar of which no sector is believed looks down to its horizon.
    return (low if high > low else 0.0) - wide <= elevation <= (high if high > low else math.pi / 2) + wide
