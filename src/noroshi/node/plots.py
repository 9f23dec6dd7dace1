"""The tracking cell: plots of the nation's own sensors become things and tracks."""

import itertools
import math
from dataclasses import replace

import jax
import numpy as np

from noroshi.earth import frames
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.origins import ground_along, position
from noroshi.node.state import Node, Outbox, Thing
from noroshi.node.things import add, change, within_reach
from noroshi.records.detections import Plot
from noroshi.records.keys import uniform
from noroshi.records.tracks import SLOTS
from noroshi.tracking.imm import Sight
from noroshi.tracking.launchpoint import ROWS

# 99.9 % of plots of the tracked object lie within (chi-squared, 3 degrees of freedom), doubled for the
# biases and thrust that a filter believes too small.
_GATE = 2 * 16.27
_PLOTS_TO_CONFIRM = 3
# What a single plot may be off, m, where a partner's track says it should be.
_PLACE_SIGMA_M = 3e3
# Scans of one plume lie this near each other, rad per second between them, plus a fixed part.
_SCAN_RATE, _SCAN_GATE = 3e-4, 1e-3
# Sights of one radar that a launch point is fitted to lie this far apart.
_SIGHTS_APART_S = 4.0


def sense(node: Node, plots: list[Plot], out: Outbox) -> Node:
    """Take in the plots of the nation's own sensors, oldest first, those of one moment together."""
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
    infrared = plot.sensor in node.desk.satellites
    place = ground_along(node.desk, plot) if infrared else position(node.desk, plot)
    lat, lon, height_m = (float(value) for value in frames.geodetic(place))
    out.note(
        "first_sight",
        sensor=plot.sensor,
        kind="infrared" if infrared else "radar",
        mode="cued" if plot.cued else "search",
        lat_deg=round(math.degrees(lat), 3),
        lon_deg=round(math.degrees(lon), 3),
        height_km=None if infrared else round(height_m / 1e3, 1),
        range_km=None if infrared else round(plot.measurement[0] / 1e3, 1),
    )
    return replace(node, seen=node.seen | {plot.sensor})


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
    desk, sights = node.desk, _sights(node.desk, plots)
    moved, distances = {}, np.full((len(node.things), len(plots)), np.inf)
    for row, thing in enumerate(node.things):
        if thing.track is not None and plots[0].time_s >= thing.last_plot_s:
            moved[thing.id], distance2 = kernels.weigh(thing.track, sights, desk.stations, desk.belief)
            distances[row] = np.asarray(distance2)[: len(plots)]
    nearest = distances.argmin(axis=0) if len(node.things) else np.zeros(len(plots), int)
    fits = np.array([bool(len(node.things)) and distances[nearest[k], k] < _GATE for k in range(len(plots))])
    for row, thing in enumerate(node.things):
        mine = [plot for k, plot in enumerate(plots) if fits[k] and nearest[k] == row]
        if mine:
            chosen = _sights(desk, mine)
            track, estimate = kernels.absorb(moved[thing.id], chosen, np.int64(len(mine)), desk.stations)
            node = change(node, _credited(replace(thing, track=track, estimate=estimate), mine, out))
    for k, plot in enumerate(plots):
        if not fits[k]:
            node = _untracked(node, plot, out)
    return node


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
    track = kernels.init(sight, node.desk.stations)
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
    if before.sensor == plot.sensor:
        off = math.dist(before.measurement[1:], plot.measurement[1:])
        return off < _SCAN_GATE + _SCAN_RATE * between_s
    other = ground_along(desk, before)
    # Seen from two sides, a plume 150 km up is displaced by some hundreds of kilometres.
    return between_s < 30 and float(np.linalg.norm(other - place_ecef_m)) < 400e3
