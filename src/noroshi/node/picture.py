"""The tracking cell: plots and partners' words become things, tracks and launch points."""

import itertools
import math
from dataclasses import replace

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.state import Foreign, Node, Origin, Outbox, Thing
from noroshi.records.detections import Plot
from noroshi.records.keys import uniform
from noroshi.records.messages import ForecastReport, LaunchReport, Message, TrackReport
from noroshi.records.tracks import SLOTS, Estimate
from noroshi.tracking.imm import Sight
from noroshi.tracking.launchpoint import ROWS, Sights

# 99.9 % of plots of the tracked object lie within (chi-squared, 3 degrees of freedom), doubled for the
# biases and thrust that a filter believes too small.
_GATE = 2 * 16.27
# A lookalike from a partner must lie within as many sigmas (squared, 6 degrees of freedom), likewise.
_SAME = 2 * 22.46
_PLOTS_TO_CONFIRM = 3
# What a single plot may be off, m, where a partner's track says it should be.
_PLACE_SIGMA_M = 3e3
LOST_AFTER_S = 30.0
_FRESH_S, _COASTS = 60.0, 0.02
# Scans of one plume lie this near each other, rad per second between them, plus a fixed part.
_SCAN_RATE, _SCAN_GATE = 3e-4, 1e-3
# Two reports speak of one launch when no farther apart than this in place and time.
_SAME_LAUNCH_KM, _SAME_LAUNCH_S = 150.0, 90.0
# How far a real boost strays from the generic one, m, while it is fitted.
_TEMPLATE_M = 3e3
# A launch point is estimated from the first sights, again as they grow in number.
_SIGHTS_FIRST, _SIGHTS_STEP, _SIGHTS_APART_S = 5, 6, 4.0


def change(node: Node, thing: Thing) -> Node:
    """The node with `thing` in place of its former self."""
    return replace(node, things=tuple(thing if one.id == thing.id else one for one in node.things))


def add(node: Node) -> tuple[Node, Thing]:
    """The node with one more, empty thing."""
    thing = Thing(id=f"{node.desk.nation}-T{node.made + 1}")
    return replace(node, things=(*node.things, thing), made=node.made + 1), thing


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
    place = _ground_along(node.desk, plot) if infrared else _position(node.desk, plot)
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


def _position(desk: Desk, plot: Plot) -> np.ndarray:
    """ECEF place of a radar plot, m."""
    station = desk.radars[plot.sensor]
    range_m, azimuth, elevation = (np.float64(value) for value in plot.measurement)
    return station.site_ecef_m + range_m * geometry.direction(station.axes, azimuth, elevation)


def _ground_along(desk: Desk, plot: Plot, height_m: float = 15e3) -> np.ndarray:
    """Where a satellite's line of sight meets the sphere `height_m` above the mean Earth, m."""
    satellite = desk.satellites[plot.sensor]
    way = geometry.direction(satellite.axes, np.float64(plot.measurement[1]), np.float64(plot.measurement[2]))
    eye = satellite.site_ecef_m
    along = -eye @ way
    # The ellipsoid's radius at that latitude, from a first turn on the sphere.
    radius = MEAN_RADIUS_M + height_m
    for _ in range(3):
        inside = max(radius**2 - (eye @ eye - along**2), 0.0)
        place = eye + (along - math.sqrt(inside)) * way
        radius += height_m - float(frames.height(place))
    return place


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
    place = _position(node.desk, plot)
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
    return thing.start is not None and _within_reach(thing.start, place_ecef_m, time_s)


def _within_reach(start: Origin, place_ecef_m: np.ndarray, time_s: float) -> bool:
    """Whether what left `start` can be at a place: no farther than 4.5 km/s, and not behind it."""
    lat, lon, _ = frames.geodetic(place_ecef_m)
    here = np.radians(start.lat_deg), np.radians(start.lon_deg)
    distance_m, bearing = geometry.great_circle(*here, lat, lon)
    age_s = max(time_s - start.time_s, 0.0) + 30.0
    off = abs((math.degrees(float(bearing)) - start.azimuth_deg + 180) % 360 - 180)
    near = float(distance_m) < 100e3
    return near or (float(distance_m) < 4.5e3 * age_s and off < 3 * start.azimuth_sigma_deg + 20)


def _scan(node: Node, plot: Plot) -> Node:
    """Add a line of sight to the launch it continues, or start a new one."""
    place = _ground_along(node.desk, plot)
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
    other = _ground_along(desk, before)
    # Seen from two sides, a plume 150 km up is displaced by some hundreds of kilometres.
    return between_s < 30 and float(np.linalg.norm(other - place_ecef_m)) < 400e3


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
    node, thing = _same(node, (message.origin, path.track_id), estimate)
    known = thing.foreign.get(message.origin)
    if known is not None and float(known.estimate.time_s) >= path.time_s:
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
            if _one_launch(start, told):
                return node, thing
        elif thing.track is not None:
            place = np.asarray(thing.track.mean)[0, :3]
            if _within_reach(told, place, float(thing.track.time_s)):
                return node, thing
    return add(node)


def _same(node: Node, alias: tuple[str, str], estimate: Estimate) -> tuple[Node, Thing]:
    """The thing that a partner's track speaks of: known by its name, else by lying where ours lies."""
    for thing in node.things:
        if alias in thing.aliases:
            return node, thing
    for thing in node.things:
        known = _known(thing)
        if known is not None and _alike(node.desk, known, estimate):
            return node, thing
        if known is None and thing.start is not None:
            place = np.asarray(estimate.mean)[:3]
            if _within_reach(thing.start, place, float(estimate.time_s)):
                return node, thing
    return add(node)


def _alike(desk: Desk, a: Estimate, b: Estimate) -> bool:
    now = np.float64(max(float(a.time_s), float(b.time_s)))
    a, b = kernels.carry(a, now, desk.belief), kernels.carry(b, now, desk.belief)
    off = (np.asarray(a.mean) - np.asarray(b.mean))[:6]
    spread = (np.asarray(a.cov) + np.asarray(b.cov))[:6, :6]
    return float(off @ np.linalg.solve(spread, off)) < _SAME


def _estimate(path: TrackReport) -> Estimate:
    return Estimate(
        np.float64(path.time_s),
        np.array(path.position_ecef_m + path.velocity_ecef_mps + path.thrust_ecef_mps2),
        np.array(path.covariance),
        np.float64(path.burning_probability),
    )


def own(thing: Thing) -> Estimate | None:
    """The nation's own estimate of a thing, once its track is confirmed."""
    return thing.estimate if thing.confirmed else None


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
    # A coast can be carried on for long; what a partner saw burning long ago says nothing of now.
    newest_s = max(float(estimate.time_s) for estimate, _ in parts)
    parts = [part for part in parts if _worth(part[0], newest_s)]
    together = parts[0][0]
    for estimate, _ in parts[1:]:
        together = kernels.join(together, estimate, desk.belief)
    return together, tuple(sorted({nation for _, nations in parts for nation in nations}))


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
    estimates = [_known(thing) for thing in (one, two)]
    if estimates[0] is not None and estimates[1] is not None:
        return _alike(desk, estimates[0], estimates[1])
    if estimates[0] is None and estimates[1] is None:
        return one.start is not None and two.start is not None and _one_launch(one.start, two.start)
    estimate = estimates[0] if estimates[0] is not None else estimates[1]
    start = one.start if estimates[0] is None else two.start
    assert estimate is not None
    place = np.asarray(estimate.mean)[:3]
    return start is not None and _within_reach(start, place, float(estimate.time_s))


def _known(thing: Thing) -> Estimate | None:
    """Our own confirmed estimate of a thing, else the newest of a partner."""
    foreign = [one.estimate for _, one in sorted(thing.foreign.items())]
    return own(thing) or max(foreign, key=lambda estimate: float(estimate.time_s), default=None)


def _one_launch(a: Origin, b: Origin) -> bool:
    away_m, _ = geometry.great_circle(*np.radians([a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg]))
    return abs(a.time_s - b.time_s) < _SAME_LAUNCH_S and float(away_m) < _SAME_LAUNCH_KM * 1e3


def _worth(estimate: Estimate, now_s: float) -> bool:
    return float(estimate.time_s) > now_s - _FRESH_S or float(estimate.burning) < _COASTS


def watch(node: Node, now_s: float, out: Outbox) -> Node:
    """Notice lost tracks; estimate launch points from plumes that are due and from young tracks."""
    if len(node.things) > 1:
        node = merge(node, out)
    for thing in node.things:
        if thing.track is not None and not thing.lost and now_s - thing.last_plot_s > LOST_AFTER_S:
            thing = replace(thing, lost=True, evidence=thing.evidence + 1)
            if thing.confirmed:
                out.note("track", track=thing.id, state="lost", sensors=list(thing.sensors))
            node = change(node, thing)
        due = thing.report_due_s is not None and now_s >= thing.report_due_s
        scans = [plot for plots in thing.scans.values() for plot in plots]
        sights = scans if due else list(thing.sights) if thing.confirmed else []
        enough = _SIGHTS_FIRST if not thing.reported_sights else thing.reported_sights + _SIGHTS_STEP
        if due and not thing.reported_sights:
            enough = 1
        if enough <= len(sights) <= ROWS:
            thing = replace(thing, origin=_origin(node.desk, sights), reported_sights=len(sights))
            assert thing.origin is not None
            out.note("launch_report", track=thing.id, **_rounded(thing.origin))
            node = change(node, thing)
    return node


def _rounded(origin: Origin) -> dict[str, float]:
    report = origin.report()
    return {name: round(value, 3) for name, value in vars(report).items()}


def _origin(desk: Desk, plots: list[Plot]) -> Origin:
    """Launch point from up to ROWS sights, radar plots or lines of sight."""
    plots = sorted(plots, key=lambda plot: (plot.time_s, plot.sensor))
    counts = {plot.sensor: sum(other.sensor == plot.sensor for other in plots) for plot in plots}
    rows = ROWS - len(plots)
    stations = [desk.satellites.get(plot.sensor) or desk.radars[plot.sensor] for plot in plots]
    sigmas = []
    for plot, station in zip(plots, stations, strict=True):
        if plot.sensor in desk.satellites:
            bias = np.array([0.0, *[desk.satellites[plot.sensor].bias_rad] * 2])
        else:
            bias = np.asarray(desk.stations.bias_sigma)[desk.radars[plot.sensor].slot]
        # No missile flies the template; the error, like the bias, is common to a sensor's sights and must
        # not average out with their number.
        range_m = plot.measurement[0] or float(np.linalg.norm(station.site_ecef_m)) - MEAN_RADIUS_M
        generic = _TEMPLATE_M * np.array([1.0, 1 / range_m, 1 / range_m])
        common = counts[plot.sensor] * (bias**2 + generic**2)
        sigmas.append(np.sqrt(np.array(plot.sigma) ** 2 + common))

    def padded(values: list[np.ndarray] | list[float]) -> np.ndarray:
        array = np.array(values, dtype=float)
        return np.concatenate([array, np.repeat(array[-1:], rows, axis=0)])

    sights = Sights(
        time_s=padded([plot.time_s for plot in plots]),
        site_ecef_m=padded([station.site_ecef_m for station in stations]),
        axes=padded([station.axes for station in stations]),
        z=padded([np.array(plot.measurement) for plot in plots]),
        sigma=padded(sigmas),
        valid=np.arange(ROWS) < len(plots),
    )
    first = plots[0]
    place = _ground_along(desk, first) if first.sensor in desk.satellites else _position(desk, first)
    lat, lon, _ = frames.geodetic(place)
    launch = kernels.launch(sights, desk.template, (np.float64(lat), np.float64(lon)))
    cov = np.asarray(launch.cov)
    return Origin(
        time_s=float(launch.time_s),
        lat_deg=math.degrees(float(launch.lat_rad)),
        lon_deg=math.degrees(float(launch.lon_rad)),
        sigma_km=math.sqrt((cov[0, 0] + cov[1, 1]) / 2) / 1e3,
        azimuth_deg=math.degrees(float(launch.azimuth_rad)),
        azimuth_sigma_deg=math.degrees(min(math.sqrt(cov[3, 3]), math.pi)),
    )
