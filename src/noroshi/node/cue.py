"""The tasking cell: turns what the nation knows, itself or from partners, into work for its radars."""

import math
from dataclasses import replace

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.node.desk import Desk
from noroshi.node.outlook import SURELY_COASTING
from noroshi.node.state import SIGHTING, Node, Origin, Outbox, Thing
from noroshi.node.things import own
from noroshi.records.tasking import Cue
from noroshi.records.tracks import Estimate

EVERY_S = 4.0
_LASTS_S = 20.0
# A cue is at least a beam wide and at most what a radar can fill with the track's energy.
_NARROW_RAD, _WIDE_RAD = math.radians(1.5), math.radians(12.0)
# What a missile may do until the next cue, m: fly on for some seconds, or turn.
_SLACK_M = 30e3


def task(node: Node, now_s: float, out: Outbox) -> Node:
    """Point every radar at every thing that is known and still in flight."""
    cued = dict(node.cued)
    for thing in node.things:
        known = None if thing.sort else _where(node.desk, thing, now_s)
        if known is None:
            continue
        place, spread_m, because = known
        steady = because == "own track" and thing.view is not None and thing.view.burning < SURELY_COASTING
        for station in node.desk.radars.values():
            key = f"{station.id} {thing.id}"
            if now_s < cued.get(key, (-math.inf, ""))[0]:
                continue
            site, axes = station.at(now_s)
            range_m, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, place).tolist()
            # Far below the horizon: no ray bends that far, and the cue may wait.
            if elevation < math.radians(-10):
                continue
            width = min(max(3 * spread_m / range_m, _NARROW_RAD), _WIDE_RAD)
            out.cues.append(
                Cue(station.id, thing.id, azimuth, elevation, width, steady, now_s + _LASTS_S, because)
            )
            if cued.get(key, (0.0, ""))[1] != because:
                out.note("tasking", sensor=station.id, mode="cued", track=thing.id, because=because)
            cued[key] = (now_s + EVERY_S, because)
    return replace(node, cued=cued)


def _where(desk: Desk, thing: Thing, now_s: float) -> tuple[np.ndarray, float, str] | None:
    """Where a thing should be in a moment, ECEF m, how far off that may be, m, and who says so."""
    ahead_s = now_s + EVERY_S / 2
    mine = own(thing)
    if mine is not None and not thing.lost:
        return *_ahead(mine, ahead_s), "own track"
    shared = [(float(one.estimate.time_s), nation, one) for nation, one in thing.foreign.items()]
    if shared:
        _, nation, foreign = max(shared, key=lambda one: (one[0], one[1]))
        return *_ahead(foreign.estimate, ahead_s), f"track from {nation}"
    start = thing.start
    if start is not None and ahead_s - start.time_s < float(desk.belief.burn_high_s):
        who = "own launch report" if thing.origin is start else "launch report from a partner"
        if any(one is start for name, one in thing.told.items() if name.startswith(SIGHTING)):
            who = "sighting"
        return *_climbing(desk, start, ahead_s), who
    if mine is not None:
        return *_ahead(mine, ahead_s), "own track, lost"
    return None


def _ahead(estimate: Estimate, at_s: float) -> tuple[np.ndarray, float]:
    """A short way on from an estimate along its velocity, curving down."""
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    dt_s = at_s - float(estimate.time_s)
    place = mean[:3] + dt_s * mean[3:6]
    fall = 9.81 * (6.371e6 / np.linalg.norm(place)) ** 2
    place = place + dt_s**2 / 2 * (mean[6:] - fall * place / np.linalg.norm(place))
    grown = cov[:3, :3] + dt_s**2 * cov[3:6, 3:6]
    return place, math.sqrt(float(np.trace(grown))) + _SLACK_M


def _climbing(desk: Desk, start: Origin, at_s: float) -> tuple[np.ndarray, float]:
    """Where the generic boost would be by now, from a launch report."""
    age = max(at_s - start.time_s, 0.0) / float(desk.template.step_s)
    nodes = np.arange(len(desk.template.height_m))
    distance_m = float(np.interp(age, nodes, desk.template.distance_m))
    height_m = float(np.interp(age, nodes, desk.template.height_m))
    lat0, lon0, bearing = np.radians([start.lat_deg, start.lon_deg, start.azimuth_deg])
    lat, lon = geometry.great_circle_end(lat0, lon0, bearing, distance_m)
    doubt_m = start.sigma_km * 1e3 + distance_m * math.radians(start.azimuth_sigma_deg) + 0.3 * distance_m
    return np.asarray(frames.ecef(lat, lon, height_m)), doubt_m + _SLACK_M
