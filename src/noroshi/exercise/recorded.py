"""Recorded detections, tracked: door, tracker, forecast and classes as a node has them, without a node."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Literal

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.exercise import nations
from noroshi.node import kernels
from noroshi.records.detections import Plot, Recorded
from noroshi.records.tracks import Belief, Estimate, Sight
from noroshi.tracking import classify, door, recognise, region, tracker
from noroshi.tracking.classify import Assessment, Known
from noroshi.tracking.door import Door, Refusal
from noroshi.tracking.followed import Eye, Followed, Rules, Tracker
from noroshi.tracking.launchpoint import ROWS
from noroshi.tracking.plumes import Starts
from noroshi.tracking.region import Area, Region
from noroshi.tracking.tracker import sights_of

# Of a missile of which nothing is told; assumptions, with the ranges in brackets: burn 40 to 320 s, exhaust
# speed (2,300 to 3,000 m/s), ballistic coefficient (1,500 to 15,000 kg/m2, two sigmas), glide ratio 1 to 4.
GENERIC = Belief(*map(np.float64, (40.0, 320.0, 2650.0, 5000.0, 1.8, 1.0, 4.0)))
# What a launch is taken to be before the first plot of a track that nobody saw leave the ground, s.
_UNSEEN_S = 60.0
# First plots above this are of no boost that could be traced back, m; fewer than so many tell no launch, nor
# do plots that a launch explains worse than to two sigmas on average: no boost is quite like the others.
_BOOST_BELOW_M, _SIGHTS_FIRST, _MISFIT = 150e3, 5, 4.0
# Higher than this a sensor is a satellite: its angles are taken about the nadir, m.
_SPACE_M = 100e3
# Where a satellite's line of sight is taken to meet what it saw first, m.
_PLUME_M = 15e3
# Refused here, before the door.
_NO_PLACE, _ELSEWHERE = "no place of the sensor", "sensor in two places at once"


@dataclass(frozen=True)
class Line:
    """A track at one moment in which it took in plots; `plots` counts them up to then."""

    time_s: float
    track: str
    estimate: Estimate
    held: Assessment
    plots: int


@dataclass(frozen=True)
class Launched:
    """Where and when a track seems to have started: geodetic deg, s; `cov_m2` of east and north of it."""

    time_s: float
    sigma_s: float
    lat_deg: float
    lon_deg: float
    cov_m2: Float[np.ndarray, "2 2"]

    @property
    def sigma_km(self) -> float:
        """One sigma of the place in any one direction."""
        return math.sqrt(float(np.trace(self.cov_m2)) / 2) / 1e3


@dataclass(frozen=True)
class Found:
    """A confirmed track at its end: what it was, where it began and where it comes down.

    `lands_s` is the middle of the times of impact; both are None of what does not come down.
    """

    name: str
    followed: Followed
    held: Assessment
    launched: Launched | None
    lands: Region | None
    lands_s: float | None

    @cached_property
    def areas(self) -> tuple[Area, ...]:
        """The smallest areas that hold 50, 90 and 95 % of where it comes down."""
        return () if self.lands is None else self.lands.areas()


@dataclass(frozen=True)
class Recording:
    """What was made of recorded detections.

    `refused` counts by sensor and reason. `places` are accepted plots with a range: time s, geodetic latitude
    and longitude deg, height m; `sensors` the last known places of the sensors, latitude and longitude deg.
    """

    lines: tuple[Line, ...]
    found: tuple[Found, ...]
    plots: int
    refused: Mapping[tuple[str, str], int]
    unconfirmed: int
    late: int
    window_s: float
    places: Float[np.ndarray, "K 4"]
    sensors: Mapping[str, tuple[float, float]]


def ruled(association: Literal["nearest", "jpda"], belief: Belief) -> Rules:
    """Rules by which angles alone begin tracks too: of two satellites, or of one by what boosts are like."""

    def alone(sights: Sight, valid: np.ndarray, near: tuple[float, float]) -> Estimate:
        place = np.float64(near[0]), np.float64(near[1])
        return kernels.launch(sights, valid, nations.template(), place, belief)[1]

    return Rules(association, plumes=Starts(alone))


def follow(
    rows: Sequence[Recorded],
    belief: Belief = GENERIC,
    rules: Rules | None = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Recording:
    """Track rows in the order in which they stand in the record: that is the order in which they came in.

    A row whose time lies before that of an earlier row came late. Within the window it is taken in where it
    belongs, and what is returned is what the rows in the order of their times had given.
    """
    rules = rules or ruled("nearest", belief)
    false = {name: max(one.false_per_scan, one.false_ph / 3600) for name, one in rules.backgrounds.items()}
    state, gate, limits = Tracker(belief, rules), Door(), door.limits_of(false, late_s=rules.window_s)
    homes = _Homes()
    story = _Story(homes)
    outside = Counter[tuple[str, str]]()
    done = 0
    for time_s, moment in _moments(rows, rules.window_s, outside):
        done += len(moment)
        told(done, len(rows))
        here: dict[str, Recorded] = {}
        sound = [row for row in moment if _sound(row, here, homes, outside)]
        if not sound:
            continue
        came = [_as_filtered(row) for row in sound]
        # The door must know the time by more than a row that has none.
        now_s = max(state.now_s, time_s) if math.isfinite(time_s) else max(state.now_s, 0.0)
        accepted, _, gate = door.judge(came, gate, limits, now_s)
        if not accepted:
            continue
        # The door keeps the order, so each accepted plot is found with its row again.
        taken = iter(zip(came, sound, strict=True))
        for plot in accepted:
            homes.add(plot, next(row for other, row in taken if other is plot))
        eyes = {plot.sensor: homes.eye(plot) for plot in accepted}
        state = tracker.step(state, accepted, eyes, now_s)
        story.tell(state, time_s)
    told(done, len(rows))
    refused = {(sensor, str(reason)): number for (sensor, reason), number in gate.refused.items()}
    refused = dict(Counter(refused) + outside)
    lines, ends = story.told()
    found = [_found(name, one, held, belief, homes) for name, one, held in ends]
    unconfirmed = sum(not one.confirmed for one in state.followed)
    return Recording(
        tuple(lines), tuple(found), len(rows), refused, unconfirmed, state.late, rules.window_s,
        homes.ranged(), homes.latest(),
    )  # fmt: skip


def when(row: Recorded) -> tuple[bool, float]:
    """What rows are sorted by: those without a time last."""
    return math.isnan(row.plot.time_s), row.plot.time_s


def _moments(
    rows: Sequence[Recorded], window_s: float, outside: Counter[tuple[str, str]]
) -> Iterator[tuple[float, list[Recorded]]]:
    """Rows of one time that stand together, without those whose clock leaps ahead of the record's.

    A leap is believed where the rows that follow bear it out: the next of most other sensors, or of the same
    one where there is no other. Else one clock that is off would make all others late.
    """
    times = [row.plot.time_s for row in rows]
    of: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if math.isfinite(times[number]):
            of.setdefault(row.plot.sensor, []).append(number)

    def leaps(number: int) -> bool:
        after = {name: bisect_right(mine, number) for name, mine in of.items()}
        next_s = {name: times[of[name][k]] for name, k in after.items() if k < len(of[name])}
        own_s = next_s.pop(rows[number].plot.sensor, None)
        others = list(next_s.values()) or ([own_s] if own_s is not None else [])
        borne_out = sum(other_s >= times[number] - window_s for other_s in others)
        return bool(others) and 2 * borne_out <= len(others)

    clock_s = -math.inf
    for time_s, numbers in groupby(range(len(rows)), key=times.__getitem__):
        together = list(numbers)
        if time_s > clock_s + window_s:
            for number in [number for number in together if leaps(number)]:
                outside[rows[number].plot.sensor, str(Refusal.FUTURE)] += 1
                together.remove(number)
        if together:
            clock_s = max(clock_s, time_s) if math.isfinite(time_s) else clock_s
        yield time_s, [rows[number] for number in together]


@dataclass
class _Homes:
    """Where each sensor was at each time, and all plots that were accepted."""

    rows: dict[tuple[str, float], Recorded] = field(default_factory=dict)
    eyes: dict[tuple[str, float], Eye] = field(default_factory=dict)
    plots: list[Plot] = field(default_factory=list)

    def add(self, plot: Plot, row: Recorded) -> None:
        """Keep an accepted plot and the place of its sensor."""
        self.plots.append(plot)
        if (key := (plot.sensor, plot.time_s)) not in self.rows:
            self.rows[key], self.eyes[key] = row, _eye(row)

    def eye(self, plot: Plot) -> Eye:
        """What a filter must know of a plot's sensor then."""
        return self.eyes[plot.sensor, plot.time_s]

    def place(self, plots: Sequence[Plot]) -> Float[np.ndarray, "K 3"]:
        """ECEF places of plots with a range."""
        sights = sights_of(plots, [self.eye(plot) for plot in plots])
        way = geometry.direction(np.eye(3), sights.z[:, 1], sights.z[:, 2])
        return sights.site_ecef_m + sights.z[:, :1] * np.einsum("ki,kij->kj", way, sights.axes)

    def ranged(self) -> Float[np.ndarray, "K 4"]:
        """Time s, latitude and longitude deg, height m of all plots with a range."""
        plots = [plot for plot in self.plots if _ranged(plot)]
        if not plots:
            return np.zeros((0, 4))
        lat, lon, height_m = frames.geodetic(self.place(plots))
        time_s = np.array([plot.time_s for plot in plots])
        return np.stack([time_s, np.degrees(lat), np.degrees(lon), height_m], axis=-1)

    def latest(self) -> dict[str, tuple[float, float]]:
        """Where each sensor was at last, deg."""
        return {
            name: (row.lat_deg, row.lon_deg) for (name, _), row in sorted(self.rows.items(), key=_time_of)
        }


def _time_of(item: tuple[tuple[str, float], Recorded]) -> float:
    return item[0][1]


@dataclass(frozen=True)
class _Told:
    """A line, with the track that it tells of and whether that flies level."""

    line: Line
    followed: Followed
    level: bool


class _Story:
    """What is told of every confirmed track, moment by moment; late plots tell the moments since anew."""

    def __init__(self, homes: _Homes) -> None:
        self.homes = homes
        self.of: dict[str, list[_Told]] = {}
        self.now_s = -math.inf

    def tell(self, state: Tracker, time_s: float) -> None:
        """Take down what stands after a moment at `time_s`, which may have come late."""
        if time_s >= self.now_s:
            self.now_s = time_s
            self._write(state, time_s)
            return
        for lines in self.of.values():
            while lines and lines[-1].line.time_s >= time_s:
                lines.pop()
        since = [one for one in state.past if one.time_s >= time_s]
        after = [*(one.before for one in since[1:]), state]
        for one, then in zip(since, after, strict=True):
            self._write(then, one.time_s)

    def _write(self, state: Tracker, time_s: float) -> None:
        for one in state.followed:
            if not one.confirmed or one.last_s != time_s:
                continue
            lines = self.of.setdefault(one.id, [])
            if lines and lines[-1].line.time_s == time_s:
                lines.pop()
            before = lines[-1] if lines else None
            level = self._level(one, before is not None and before.level)
            held = classify.classify(
                one.estimate, Known(flies_level=level), before.line.held if before is not None else None
            )
            lines.append(_Told(Line(time_s, one.id, one.estimate, held, one.plots), one, level))

    def _level(self, one: Followed, before: bool) -> bool:
        """Whether it was seen to fly level as jets do, and may still be one."""
        if recognise.no_aircraft(one.estimate):
            return False
        if before or not _ranged(one.newest):
            return before
        ranged = [plot for plot in one.sights if _ranged(plot) and one.beyond_s < plot.time_s]
        places = self.homes.place([one.newest, *ranged])
        return any(
            recognise.flies_level(place, places[0], one.newest.time_s - plot.time_s)
            for place, plot in zip(places[1:], ranged, strict=True)
        )

    def told(self) -> tuple[list[Line], list[tuple[str, Followed, Assessment]]]:
        """Lines in the order of time, and the tracks at their ends, named by when they began."""
        ends = [(lines[-1].line, lines[-1].followed) for lines in self.of.values() if lines]
        absorbed = {other for _, one in ends for other in one.absorbed}
        ends = sorted(
            (end for end in ends if end[1].id not in absorbed), key=lambda end: (end[1].born_s, end[1].id)
        )
        names = {one.id: f"T{number}" for number, (_, one) in enumerate(ends, 1)}
        lines = [
            replace(line, track=names[id]) for id in names for line in (each.line for each in self.of[id])
        ]
        lines.sort(key=lambda line: (line.time_s, int(line.track[1:])))
        return lines, [(names[one.id], one, line.held) for line, one in ends]


def _sound(
    row: Recorded, here: dict[str, Recorded], homes: _Homes, outside: Counter[tuple[str, str]]
) -> bool:
    """Whether a row's sensor has a place, and only one at a time; what has none is counted."""
    sensor, known = row.plot.sensor, (*_place(row), *row.bias_sigma)
    if not all(map(math.isfinite, known)) or abs(row.lat_deg) > 90 or min(row.bias_sigma) < 0:
        outside[sensor, _NO_PLACE] += 1
        return False
    before = homes.rows.get((sensor, row.plot.time_s)) or here.setdefault(sensor, row)
    if _place(row) != _place(before):
        outside[sensor, _ELSEWHERE] += 1
        return False
    return True


def _place(row: Recorded) -> tuple[float, float, float]:
    return row.lat_deg, row.lon_deg, row.height_m


def _ranged(plot: Plot) -> bool:
    return all(map(math.isfinite, plot.sigma))


def _eye(row: Recorded) -> Eye:
    lat, lon = np.radians([row.lat_deg, row.lon_deg])
    site, axes = frames.ecef(lat, lon, np.float64(row.height_m)), frames.enu_axes(lat, lon)
    if row.height_m < _SPACE_M:
        return Eye(site, axes, np.array(row.bias_sigma))
    bias = row.bias_sigma[0], *_about_nadir(row.plot, row.bias_sigma[1:])[1]
    return Eye(site, axes[_DOWN] * _TURNED, np.array(bias))


# East, down, north: in these axes a satellite's angles are small, those of its horizon singular at the nadir.
_DOWN, _TURNED = [0, 2, 1], np.array([[1.0], [-1.0], [1.0]])


def _as_filtered(row: Recorded) -> Plot:
    """A row's plot in the axes of its eye; one that is not sound stays as it is, for the door."""
    plot = row.plot
    if row.height_m < _SPACE_M or door.fault(replace(plot, sigma=_capped(plot.sigma))) is not None:
        return plot
    angles, sigmas = _about_nadir(plot, plot.sigma[1:])
    return replace(plot, measurement=(plot.measurement[0], *angles), sigma=(plot.sigma[0], *sigmas))


def _capped(sigma: tuple[float, float, float]) -> tuple[float, float, float]:
    """Sigmas with that of the azimuth small: near the nadir a large one says little."""
    return sigma[0], min(sigma[1], 1e-3), sigma[2]


def _about_nadir(plot: Plot, sigmas: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Azimuth and elevation about the nadir, rad, of those in the local horizon, and sigmas in these."""
    azimuth, elevation = plot.measurement[1:]
    sin_az, cos_az = math.sin(azimuth), math.cos(azimuth)
    sin_el, cos_el = math.sin(elevation), math.cos(elevation)
    way = np.array([cos_el * sin_az, cos_el * cos_az, sin_el])
    spread = np.stack([
        sigmas[0] * cos_el * np.array([cos_az, -sin_az, 0.0]),
        sigmas[1] * np.array([-sin_el * sin_az, -sin_el * cos_az, cos_el]),
    ])  # fmt: skip
    turned, spread = way[_DOWN] * _TURNED[:, 0], spread[:, _DOWN] * _TURNED[:, 0]
    across, north = math.atan2(turned[0], turned[1]), math.asin(max(-1.0, min(1.0, turned[2])))
    sideways = np.array([math.cos(across), -math.sin(across), 0.0])
    sigma = math.hypot(*(spread @ sideways)) / max(math.cos(north), 1e-6)
    upwards = np.array(
        [-math.sin(north) * math.sin(across), -math.sin(north) * math.cos(across), math.cos(north)]
    )
    return (across, north), (sigma, math.hypot(*(spread @ upwards)))


def _found(name: str, one: Followed, held: Assessment, belief: Belief, homes: _Homes) -> Found:
    """A track with its launch and its fall, as far as it tells of them."""
    launched = _launched(one, belief, homes)
    launch_s = launched.time_s if launched is not None else one.born_s - _UNSEEN_S
    flights = kernels.bundle(one.estimate, np.float64(launch_s), belief, np.float64(0.0))
    lands = region.region(flights)
    lands_s = None
    if lands is not None:
        lands_s = float(np.median(np.asarray(flights.impact_time_s)[np.asarray(flights.valid)]))
    return Found(name, one, held, launched, lands, lands_s)


def _launched(one: Followed, belief: Belief, homes: _Homes) -> Launched | None:
    """Where it started, from its first plots, where these may be of a boost."""
    ranged = [plot for plot in one.sights if _ranged(plot)]
    if len(one.sights) < _SIGHTS_FIRST:
        return None
    if ranged:
        _, _, height_m = frames.geodetic(homes.place(ranged))
        # What comes down, or was high when it was first seen, says nothing of its start.
        if height_m[0] > _BOOST_BELOW_M or (len(ranged) > 1 and height_m[-1] <= height_m[0]):
            return None
        place = homes.place(ranged[:1])[0]
    else:
        place = _along(one.sights[0], homes.eye(one.sights[0]))
    count = min(len(one.sights), ROWS)
    plots = [*one.sights[:count], *[one.sights[0]] * (ROWS - count)]
    sights = sights_of(plots, [homes.eye(plot) for plot in plots])
    lat, lon, _ = frames.geodetic(place)
    valid = np.arange(ROWS) < count
    launch, _ = kernels.launch(sights, valid, nations.template(), (np.float64(lat), np.float64(lon)), belief)
    freedom = int(np.isfinite(sights.sigma[:count, :3]).sum())
    if not float(launch.misfit) < _MISFIT * freedom:
        return None
    cov = np.asarray(launch.cov)
    lat_deg, lon_deg = math.degrees(float(launch.lat_rad)), math.degrees(float(launch.lon_rad))
    return Launched(float(launch.time_s), math.sqrt(float(cov[2, 2])), lat_deg, lon_deg, cov[:2, :2])


def _along(plot: Plot, eye: Eye) -> Float[np.ndarray, "3"]:
    """Where a line of sight from above meets the height of a young plume; below the eye where it misses."""
    way = geometry.direction(eye.axes, np.float64(plot.measurement[1]), np.float64(plot.measurement[2]))
    along, radius = -eye.site_ecef_m @ way, MEAN_RADIUS_M + _PLUME_M
    inside = max(radius**2 - (eye.site_ecef_m @ eye.site_ecef_m - along**2), 0.0)
    return eye.site_ecef_m + (along - math.sqrt(inside)) * way
