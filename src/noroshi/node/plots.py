"""The tracking cell: plots of the nation's own sensors become things and tracks."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import jax
import numpy as np

from noroshi.earth import frames
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.origins import beyond_horizon, ground_along, position
from noroshi.node.state import Node, Outbox, Thing
from noroshi.node.things import FOUND_AGAIN_S, add, change, within_reach, without_track
from noroshi.records.detections import Plot
from noroshi.records.keys import uniform
from noroshi.records.tracks import SLOTS, Estimate
from noroshi.tracking import recognise
from noroshi.tracking.imm import Sight
from noroshi.tracking.launchpoint import ROWS

# 99.9 % of plots of the tracked object lie within (chi-squared, 3 degrees of freedom), doubled for the
# biases and thrust that a filter believes too small.
_GATE = 2 * 16.27
_PLOTS_TO_CONFIRM = 3
# Nothing that comes down again is faster, and nothing that carries a load is pushed harder.
_FASTEST_MPS, _HARDEST_MPS2 = 11.2e3, 1e3
AIRCRAFT, SATELLITE = "aircraft", "satellite"
# How far an aircraft may get from one plot to the next, m per second between them, and m.
_AIRCRAFT_MPS, _AIRCRAFT_M = 350.0, 5e3
# And how far up or down, m: more than the noise of a far plot. Unseen for so long, it could be anywhere.
_AIRCRAFT_CLIMB_M, _AIRCRAFT_AGAIN_S = 3e3, 60.0
# What a single plot may be off, m, where a partner's track says it should be.
_PLACE_SIGMA_M = 3e3
# Scans of one plume lie this near each other across the line of sight: m per second between them, and m.
_SCAN_MPS, _SCAN_M = 11e3, 36e3
# A plume may be too weak to see for so long, between two stages or in thin air.
_SCAN_GAP_S = 60.0
# Sights of one radar that a launch point is fitted to lie this far apart.
_SIGHTS_APART_S = 4.0


def sense(node: Node, plots: list[Plot], out: Outbox) -> Node:
    """Take in the plots of the nation's own sensors, oldest first, those of one moment together.

    What skywave radars see are aircraft and ships: it is no part of this picture.
    """
    for _, together in itertools.groupby(sorted(plots, key=_when), key=_when):
        moment = list(together)
        for plot in moment:
            node = _first_sight(node, plot, out)
        for plot in moment:
            if plot.sensor in node.desk.satellites:
                node = _scan(node, plot)
        echoes = [plot for plot in moment if plot.sensor in node.desk.radars]
        for start in range(0, len(echoes), SLOTS):
            node = _radar(node, echoes[start : start + SLOTS], out)
    return node


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


def _sights(desk: Desk, plots: list[Plot]) -> Sight:
    """Plots of one moment as the filter takes them: SLOTS rows, the last repeated."""
    rows = [*plots, *[plots[-1]] * (SLOTS - len(plots))]
    return Sight(
        np.array([plot.time_s for plot in rows]),
        np.array([plot.measurement for plot in rows]),
        np.array([plot.sigma for plot in rows]),
        np.array([desk.radars[plot.sensor].slot for plot in rows]),
    )


def _radar(node: Node, plots: list[Plot], out: Outbox) -> Node:
    """Give radar plots of one moment to the tracks they fit best; those that fit none start new ones."""
    desk, sights, stations = node.desk, _sights(node.desk, plots), node.desk.stations_at(plots[0].time_s)
    moved, distances = {}, np.full((len(node.things), len(plots)), np.inf)
    for row, thing in enumerate(node.things):
        since_s = plots[0].time_s - thing.last_plot_s
        if thing.sort == AIRCRAFT:
            if 0 <= since_s < _AIRCRAFT_AGAIN_S:
                distances[row] = [_strayed(desk, thing, plot) for plot in plots]
        elif thing.track is not None and 0 <= since_s < FOUND_AGAIN_S:
            moved[thing.id], distance2 = kernels.weigh(thing.track, sights, stations, desk.belief)
            distances[row] = np.asarray(distance2)[: len(plots)]
    nearest = distances.argmin(axis=0) if len(node.things) else np.zeros(len(plots), int)
    fits = np.array([bool(len(node.things)) and distances[nearest[k], k] < _GATE for k in range(len(plots))])
    for row, thing in enumerate(node.things):
        mine = [plot for k, plot in enumerate(plots) if fits[k] and nearest[k] == row]
        if mine and thing.sort == AIRCRAFT:
            node = change(
                node, replace(thing, last_plot_s=mine[-1].time_s, sights=(*thing.sights[:1], mine[-1]))
            )
        elif mine:
            chosen = _sights(desk, mine)
            track, estimate = kernels.absorb(moved[thing.id], chosen, np.int64(len(mine)), stations)
            if _flies(estimate):
                thing = _credited(replace(thing, track=track, estimate=estimate), mine, out)
                node, thing = _recognised(change(node, thing), thing, mine[-1], out)
            else:
                out.note("track", track=thing.id, state="dropped", sensors=list(thing.sensors))
                thing = without_track(thing)
            node = change(node, thing)
    for k, plot in enumerate(plots):
        if not fits[k]:
            node = _untracked(node, plot, out)
    return node


def _flies(estimate: Estimate) -> bool:
    """Whether anything can move so: plots that do not belong together give a state that nothing has."""
    mean = np.asarray(estimate.mean)
    fast, hard = float(np.linalg.norm(mean[3:6])), float(np.linalg.norm(mean[6:]))
    return fast < _FASTEST_MPS and hard < _HARDEST_MPS2


def _strayed(desk: Desk, thing: Thing, plot: Plot) -> float:
    """How far a plot lies from where an aircraft may be by then: a squared distance, as the filter's."""
    first, last = thing.sights[0], thing.sights[-1]
    here, there = position(desk, plot), position(desk, last)
    # What climbs away from the height that it was recognised at is something else.
    if abs(float(frames.height(here) - frames.height(position(desk, first)))) > _AIRCRAFT_CLIMB_M:
        return math.inf
    may_m = _AIRCRAFT_M + _AIRCRAFT_MPS * (plot.time_s - last.time_s)
    return _GATE * (float(np.linalg.norm(here - there)) / may_m) ** 2


def _recognised(node: Node, thing: Thing, plot: Plot, out: Outbox) -> tuple[Node, Thing]:
    """A thing that turns out to be no missile is followed on, and alarms nobody."""
    if thing.sort or not thing.confirmed or thing.estimate is None:
        return node, thing
    desk = node.desk
    if any(
        recognise.flies_level(position(desk, one), position(desk, plot), plot.time_s - one.time_s)
        for one in thing.sights
    ):
        sort = AIRCRAFT
    elif recognise.orbits(thing.estimate):
        sort = SATELLITE
    else:
        return node, thing
    if thing.scans or thing.told or thing.foreign:
        node, thing = _parted(node, thing)
    out.note("recognised", track=thing.id, sort=sort)
    return node, replace(thing, sort=sort, view=None, sights=(*thing.sights[:1], plot))


def _parted(node: Node, thing: Thing) -> tuple[Node, Thing]:
    """The track on a new thing of its own: what others reported here was something else."""
    view = thing.view if thing.foreign else None
    node, other = add(change(node, replace(without_track(thing), view=view)))
    ours = {name: getattr(thing, name) for name in ("track", "estimate", "plots", "last_plot_s", "evidence")}
    return node, replace(other, **ours, confirmed=True, sensors=thing.sensors, sights=thing.sights)


def _credited(thing: Thing, plots: list[Plot], out: Outbox) -> Thing:
    """A thing whose track has taken in these plots of one moment; confirmed by the third plot."""
    new = tuple(dict.fromkeys(plot.sensor for plot in plots if plot.sensor not in thing.sensors))
    thing = replace(
        thing,
        plots=thing.plots + len(plots),
        last_plot_s=plots[0].time_s,
        lost=False,
        evidence=thing.evidence + len(plots),
        sensors=thing.sensors + new,
        sights=_kept(thing.sights, plots),
    )
    if not thing.confirmed and thing.plots >= _PLOTS_TO_CONFIRM:
        thing = replace(thing, confirmed=True)
        out.note("track", track=thing.id, state="confirmed", sensors=list(thing.sensors))
    return thing


def _kept(sights: tuple[Plot, ...], plots: list[Plot]) -> tuple[Plot, ...]:
    """The first plots of a track, a few seconds apart per radar: what a launch point is fitted to."""
    for plot in plots:
        if len(sights) >= ROWS:
            break
        last_s = max((one.time_s for one in sights if one.sensor == plot.sensor), default=-math.inf)
        if plot.time_s - last_s >= _SIGHTS_APART_S:
            sights = (*sights, plot)
    return sights


def _untracked(node: Node, plot: Plot, out: Outbox) -> Node:
    """Start a track from a plot that fits none, on the thing it belongs to: a reported launch, or new."""
    sight = jax.tree.map(lambda column: column[0], _sights(node.desk, [plot]))
    track = kernels.init(sight, node.desk.stations_at(plot.time_s))
    place = position(node.desk, plot)
    home = next((thing for thing in node.things if _expects(node.desk, thing, place, plot.time_s)), None)
    if home is None:
        node, home = add(node)
    out.note("track", track=home.id, state="tentative", sensors=[plot.sensor])
    return change(node, _credited(replace(home, track=track), [plot], out))


def _expects(desk: Desk, thing: Thing, place_ecef_m: np.ndarray, time_s: float) -> bool:
    """Whether a thing without a track of ours, known from partners or a plume, can be at a place."""
    if thing.track is not None:
        return False
    for foreign in thing.foreign.values():
        # Carried on for long, it could be anywhere.
        if time_s - float(foreign.estimate.time_s) > FOUND_AGAIN_S:
            continue
        there = kernels.carry(foreign.estimate, np.float64(time_s), desk.belief)
        off = np.asarray(there.mean)[:3] - place_ecef_m
        spread = np.asarray(there.cov)[:3, :3] + np.eye(3) * _PLACE_SIGMA_M**2
        if off @ np.linalg.solve(spread, off) < _GATE:
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
    mine = (*thing.scans.get(plot.sensor, ()), plot)
    thing = replace(thing, scans={**thing.scans, plot.sensor: mine}, evidence=thing.evidence + 1)
    satellite = node.desk.satellites[plot.sensor]
    if thing.report_due_s is None and len(mine) >= satellite.hits_to_confirm:
        delay_s = satellite.report_delay_s.draw(uniform(node.desk.seed, "report", plot.sensor, thing.id))
        thing = replace(thing, report_due_s=plot.time_s + delay_s)
    return change(node, thing)


def _continues(desk: Desk, before: Plot, plot: Plot, place_ecef_m: np.ndarray) -> bool:
    """Whether a scan goes on where another one ended: in angle for one satellite, on the ground for two."""
    between_s = plot.time_s - before.time_s
    other = ground_along(desk, before)
    if before.sensor == plot.sensor:
        # Across the line of sight of now: the satellite may have moved on meanwhile.
        eye, _ = desk.satellites[plot.sensor].at(plot.time_s)
        way = (place_ecef_m - eye) / np.linalg.norm(place_ecef_m - eye)
        off_m = float(np.linalg.norm(np.cross(other - eye, way)))
        return between_s < _SCAN_GAP_S and off_m < _SCAN_M + _SCAN_MPS * between_s
    # Seen from two sides, a plume 150 km up is displaced by some hundreds of kilometres.
    return between_s < 30 and float(np.linalg.norm(other - place_ecef_m)) < 400e3
