"""The tasking cell: turns what the nation knows, itself or from partners, into work for its radars."""

import math
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import GM_M3PS2
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.outlook import SURELY_COASTING
from noroshi.node.state import SIGHTING, Node, Origin, Outbox, Thing
from noroshi.node.things import own
from noroshi.records.tasking import Cue
from noroshi.records.tracks import Estimate
from noroshi.tracking import boosts, lost

# The word of a track of our own; any other is newer to us, or less sure.
OWN = "own track"
EVERY_S = 4.0
_LASTS_S = 20.0
# A cue is at least a beam wide and at most what a radar can fill with the track's energy.
_NARROW_RAD, _WIDE_RAD = math.radians(1.5), math.radians(12.0)
# What a missile may do until the next cue, m: fly on for some seconds, or turn.
_SLACK_M = 30e3
# For so long a path is a parabola in the Earth's frame, s: Coriolis moves it by 50 m, the densest air by some
# kilometres; after longer the filter carries it on.
_SHORT_S = 8.0
# From this probability of passage or fall over an own area on, a thing is looked at before others.
_THREATENS = 0.05
# So is a track after this share of the time without a plot after which it counts as lost.
_SLIPPING = 1 / 3


def task(node: Node, now_s: float, out: Outbox) -> Node:
    """Point every radar at every thing that is known and still in flight."""
    cued = dict(node.cued)
    due = {
        thing.id: stations
        for thing in node.things
        if not thing.sort
        and (
            stations := [
                station
                for station in node.desk.radars.values()
                if now_s >= cued.get(f"{station.id} {thing.id}", (-math.inf, ""))[0]
            ]
        )
    }
    places = _places(node.desk, [thing for thing in node.things if thing.id in due], now_s + EVERY_S / 2)
    for thing in node.things:
        if thing.id not in places:
            continue
        place, spread_m, because = places[thing.id]
        if not np.isfinite([*place, spread_m]).all():
            continue
        steady = because == OWN and thing.view is not None and thing.view.burning < SURELY_COASTING
        urgent = because != OWN or _slips(node, thing, now_s) or _threatens(thing)
        for station in due[thing.id]:
            site, axes = station.at(now_s)
            range_m, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, place).tolist()
            # Far below the horizon: no ray bends that far, and the cue may wait.
            if elevation < math.radians(-10):
                continue
            width = min(max(3 * spread_m / range_m, _NARROW_RAD), _WIDE_RAD)
            way = azimuth, elevation, width
            out.cues.append(Cue(station.id, thing.id, *way, steady, now_s + _LASTS_S, because, urgent))
            key = f"{station.id} {thing.id}"
            if cued.get(key, (0.0, ""))[1] != because:
                out.note("tasking", sensor=station.id, mode="cued", track=thing.id, because=because)
            cued[key] = (now_s + EVERY_S, because)
    return replace(node, cued=cued)


def _slips(node: Node, thing: Thing, now_s: float) -> bool:
    """Whether a track is about to be lost."""
    return now_s - thing.last_plot_s > _SLIPPING * node.tracker.rules.lost_after_s


def _threatens(thing: Thing) -> bool:
    """Whether people may have to be alerted of a thing, or are."""
    chances = thing.view.areas.values() if thing.view is not None else ()
    return thing.warning.stage not in ("idle", "over") or max(chances, default=0.0) >= _THREATENS


def _places(desk: Desk, things: Sequence[Thing], ahead_s: float) -> dict[str, tuple[np.ndarray, float, str]]:
    """By thing where it should be at `ahead_s`, ECEF m, how far off that may be, m, and who says so.

    A short way on under its force and gravity; a longer one as the filter's models move it, all at once.
    """
    found: dict[str, tuple[np.ndarray, float, str]] = {}
    far: dict[str, tuple[Estimate, str]] = {}
    for thing in things:
        source = _source(desk, thing, ahead_s)
        if source is None:
            continue
        start, because = source
        if isinstance(start, Origin):
            found[thing.id] = *_climbing(desk, start, ahead_s), because
        elif ahead_s - float(start.time_s) > _SHORT_S:
            far[thing.id] = start, because
        else:
            found[thing.id] = *_ahead(start, ahead_s), because
    if far:
        moved = kernels.carry_all([estimate for estimate, _ in far.values()], ahead_s, desk.belief)
        for row, (name, (_, because)) in enumerate(far.items()):
            one = jax.tree.map(lambda leaf, row=row: leaf[row], moved)
            found[name] = *_ahead(one, ahead_s), because
    return found


def _source(desk: Desk, thing: Thing, ahead_s: float) -> tuple[Estimate | Origin, str] | None:
    """What tells best where a thing will be at `ahead_s`, and in whose words.

    Nobody's word is taken once it has expired: where a thing has gone since, it does not tell.
    """
    now_s = ahead_s - EVERY_S / 2
    mine = own(thing)
    if mine is not None and not thing.lost:
        return mine, OWN
    shared = [(float(one.estimate.time_s), nation, one) for nation, one in thing.foreign.items()]
    if shared:
        _, nation, foreign = max(shared, key=lambda one: (one[0], one[1]))
        if _holds(foreign.estimate, now_s):
            return foreign.estimate, f"track from {nation}"
    start = thing.start
    if start is not None and ahead_s - start.time_s < float(desk.belief.burn_high_s):
        return start, _teller(thing, start)
    if mine is not None and _holds(mine, now_s):
        return mine, f"{OWN}, lost"
    return None


def _holds(estimate: Estimate, now_s: float) -> bool:
    """Whether an estimate still says where a thing is."""
    return not lost.trust(estimate, float(estimate.time_s), now_s).expired


def _teller(thing: Thing, start: Origin) -> str:
    """Whose report of a launch it is."""
    if thing.origin is start:
        return "own launch report"
    name = next(name for name, one in thing.told.items() if one is start)
    return "sighting" if name.startswith(SIGHTING) else f"launch report from {name}"


def _ahead(estimate: Estimate, at_s: float) -> tuple[np.ndarray, float]:
    """Where an estimate's thing is a little later, ECEF m, and one sigma of that with some slack, m."""
    dt_s = at_s - float(estimate.time_s)
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    place = mean[:3] + dt_s * mean[3:6]
    length = np.linalg.norm(place)
    place = place + dt_s**2 / 2 * (mean[6:9] - GM_M3PS2 * place / length**3)
    on = np.array([1.0, dt_s, dt_s**2 / 2])
    grown = np.einsum("i,iajb,j->ab", on, cov[:9, :9].reshape(3, 3, 3, 3), on)
    return place, math.sqrt(max(float(np.trace(grown)), 0.0)) + _SLACK_M


def _climbing(desk: Desk, start: Origin, at_s: float) -> tuple[np.ndarray, float]:
    """Where the generic boost would be by now, from a launch report."""
    height_m, distance_m = boosts.typical(desk.template, max(at_s - start.time_s, 0.0))
    lat0, lon0, bearing = np.radians([start.lat_deg, start.lon_deg, start.azimuth_deg])
    lat, lon = geometry.great_circle_end(lat0, lon0, bearing, distance_m)
    doubt_m = start.sigma_km * 1e3 + distance_m * math.radians(start.azimuth_sigma_deg) + 0.3 * distance_m
    return np.asarray(frames.ecef(lat, lon, height_m)), doubt_m + _SLACK_M
