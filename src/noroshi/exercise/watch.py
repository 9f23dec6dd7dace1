"""The sensors of a run as their nations task them: who looks where and when, and what they report."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import RadarProfile, SkywaveProfile
from noroshi.earth import geometry
from noroshi.exercise import ghosts, inview, looks
from noroshi.exercise.world import Sensors, World, period_s
from noroshi.records.detections import Plot, Why
from noroshi.records.keys import uniform
from noroshi.records.tasking import Cue, Tasking
from noroshi.records.truth import Kind, Truth
from noroshi.sensing import schedule, skywave
from noroshi.sensing.radar import Radar

# Numbers of cues that a look is compiled for; where there are more, those not looked at for longest go first.
_CUES = (4, 16, 64, 256)
# Why a look passed an object by for this once; it tells something where none comes for so long.
_PASSING, _PATIENCE_S = (Why.NOT_LOOKED, Why.TOO_BUSY), 20
# A steady coast is looked at this many times less often than what may still burn (assumption).
STEADY = 3
# Where there is no time for all, what is urgent waits so many times less long than the rest (assumption, 2 to
# 5).
URGENT = 3.0


@dataclass(frozen=True)
class First:
    """When a sensor first saw a launch, and for which track and on whose word it looked there then.

    Both are empty where the sensor's own search showed it.
    """

    t_s: float
    track: str = ""
    because: str = ""


@dataclass
class Watch:
    """What the sensors of a world see under one arm, and how their time is spent.

    Not `cued`, nobody tells radars where to look, whatever nations ask for: their search alone.
    """

    world: World
    cued: bool = True
    cues: dict[str, dict[str, Cue]] = field(default_factory=dict)
    # Director's knowledge: when each nation first and last saw each launch, when each sensor did first, and
    # why a look showed it or not.
    seen: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    first: dict[tuple[str, str], First] = field(default_factory=dict)
    account: dict[tuple[str, str], list[tuple[int, Why]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find when anything can be in view at all; outside those seconds no look is worth its time."""
        world = self.world
        self._owner = {sensor.id: sensor.nation for sensor in world.scenario.sensors}
        self._served: dict[tuple[str, str], float] = {}
        self._left: dict[str, float] = {}
        self._turned_down: set[tuple[str, str]] = set()
        self._looked: dict[tuple[str, str], int] = {}
        self._views = [inview.views(one, world) for one in world.objects]
        busy: set[int] = set()
        for one, views in zip(world.objects, self._views, strict=True):
            shown = np.zeros(len(one.position_ecef_m), bool)
            if views is not None:
                shown |= views[1].any(axis=1)
            if world.satellites.placed:
                shown |= one.infrared_w_per_sr > 0
            if world.skywaves.placed and one.kind in (Kind.AIRCRAFT, Kind.SHIP):
                shown |= True
            busy.update((round(one.start_s) + np.flatnonzero(shown)).tolist())
        self._ghosts = _ghosts(world)
        busy.update(self._ghosts)
        self._busy = sorted(busy)

    def next_s(self, t_s: float) -> float:
        """The next second, from `t_s` on, in which a look may show anything."""
        if any(cue.until_s >= t_s for cues in self.cues.values() for cue in cues.values()):
            return t_s
        row = bisect_left(self._busy, t_s)
        return float(self._busy[row]) if row < len(self._busy) else math.inf

    def task(self, cue: Cue) -> None:
        """Take a nation's word on where one of its radars shall look."""
        if not self.cued:
            return
        self.cues.setdefault(cue.sensor, {})[cue.track] = cue

    def detections(self, t_s: int) -> list[tuple[str, Plot]]:
        """Plots of this second with the nation each goes to, in an order that tells nothing of the truth."""
        here = self.world.present(t_s)
        plots: list[Plot] = []
        if len(here):
            plots = [*self._radars(t_s, here), *self._skywaves(t_s, here), *self._scans(t_s, here)]
        plots += self._ghosts.get(t_s, ())
        plots = sorted(self._spoilt(plots), key=lambda one: (one.sensor, one.measurement))
        return [(self._owner[plot.sensor], plot) for plot in plots]

    def _spoilt(self, plots: list[Plot]) -> list[Plot]:
        """Plots as they come: some twice, and those of sensors with a fault as the fault has them."""
        scenario, seed = self.world.scenario, self.world.seed
        if plots and scenario.background is not None:
            plots = [*plots, *ghosts.duplicates(plots, scenario.background.ghosts, seed)]
        return list(ghosts.apply(scenario.faults, plots, seed)) if scenario.faults else plots

    def searched(self, launch: int) -> list[int]:
        """Seconds of the run in which the search of some radar may show an object, by geometry."""
        one, views = self.world.objects[launch], self._views[launch]
        if views is None:
            return []
        seconds = round(one.start_s) + np.flatnonzero(views[1].any(axis=1))
        return [int(t_s) for t_s in seconds if 0 <= t_s <= self.world.end_s]

    def search(self, t_s: int) -> list[Plot]:
        """What radars see in a second; for the director, who asks what they had seen by themselves."""
        return self._radars(t_s, self.world.present(t_s))

    def _radars(self, t_s: int, here: np.ndarray) -> list[Plot]:
        sensors = self.world.radars
        near = np.zeros((2, len(sensors.placed)), bool)
        for number in here:
            if (views := self._views[number]) is not None:
                row = round(t_s - self.world.objects[number].start_s)
                near[0] |= views[0][row]
                near[1] |= views[1][row]
        asked: list[list[Cue]] = []
        due = np.zeros(len(sensors.placed), bool)
        for column, sensor in enumerate(sensors.placed):
            profile = sensor.profile
            assert isinstance(profile, RadarProfile)
            live = self._live(sensor, t_s) if near[0, column] else []
            due[column] = near[1, column] and self._searches(sensor, profile, t_s)
            asked.append(live)
        if not any(asked) and not due.any():
            return []
        tasking = self._tasking(t_s, asked, due)
        looking = tasking.searching | tasking.served.any(axis=1)
        return self._look(looks.radar_looks, sensors, tasking, t_s, looking, asked)

    def _searches(self, sensor: SensorPlacement, profile: RadarProfile, t_s: int) -> bool:
        """Whether a radar looks along its fence in this second; a turning one does so all round its turn."""
        if profile.rotation_s is not None:
            return self._in_turn(sensor, profile.rotation_s.value, profile.search_revisit_s.value, t_s)
        return (t_s - self.world.phases[sensor.id]) % round(period_s(sensor)) == 0

    def _in_turn(self, sensor: SensorPlacement, turn_s: float, every_s: float, t_s: int) -> bool:
        """Whether a turning antenna is in a turn that is due, for what is looked at every so often."""
        turn = math.floor((t_s - self.world.phases[sensor.id]) / turn_s)
        return turn % round(every_s / turn_s) == 0

    def _live(self, sensor: SensorPlacement, t_s: int) -> list[Cue]:
        """Cues that hold; where there are too many, those not looked at for longest."""
        cues = self.cues.get(sensor.id, {})
        for name in [name for name, cue in cues.items() if cue.until_s < t_s]:
            del cues[name]
        if len(cues) <= _CUES[-1]:
            return list(cues.values())

        def waiting(cue: Cue) -> tuple[bool, float, float]:
            last_s = self._served.get((sensor.id, cue.track), -math.inf)
            return not self._passes(sensor, cue, t_s, edge=1.0), last_s, -cue.until_s

        return sorted(cues.values(), key=waiting)[: _CUES[-1]]

    def _passes(self, sensor: SensorPlacement, cue: Cue, t_s: int, edge: float = 0.0) -> bool:
        """Whether an antenna looks at the middle of a cue in this second, or up to `edge` half-widths beside.

        One that turns passes it or does not.
        """
        assert isinstance(sensor.profile, RadarProfile)
        if sensor.profile.rotation_s is None:
            return True
        begins, turns = self._swept(sensor, t_s)
        beside = edge * cue.half_width_rad
        return (cue.azimuth_rad - begins + beside) % (2 * math.pi) < turns + 2 * beside

    def _swept(self, sensor: SensorPlacement, t_s: int) -> tuple[float, float]:
        """Azimuth where the beam of a turning antenna stands, and how far it turns in a second, rad."""
        assert isinstance(sensor.profile, RadarProfile) and sensor.profile.rotation_s is not None
        turn_s = sensor.profile.rotation_s.value
        return 2 * math.pi * ((t_s - self.world.phases[sensor.id]) / turn_s % 1), 2 * math.pi / turn_s

    def _tasking(self, t_s: int, asked: list[list[Cue]], searching: np.ndarray) -> Tasking:
        most = max(len(cues) for cues in asked)
        size = next(size for size in _CUES if size >= most)
        count = len(asked)
        centre, width = np.zeros((count, size, 2)), np.zeros((count, size))
        valid, served = np.zeros((2, count, size), bool)
        swept = np.tile([0.0, 2 * math.pi], (count, 1))
        for row, cues in enumerate(asked):
            sensor = self.world.radars.placed[row]
            profile = sensor.profile
            assert isinstance(profile, RadarProfile)
            names = self._serve(sensor, profile, cues, t_s)
            for slot, cue in enumerate(cues):
                centre[row, slot] = cue.azimuth_rad, cue.elevation_rad
                width[row, slot] = cue.half_width_rad
                valid[row, slot] = True
                served[row, slot] = cue.track in names
            if profile.rotation_s is not None:
                swept[row] = self._swept(sensor, t_s)
        return Tasking(centre, width, valid, served, searching, swept)

    def _serve(
        self, sensor: SensorPlacement, profile: RadarProfile, cues: list[Cue], t_s: int
    ) -> frozenset[str]:
        """Tracks that are looked at in this second: those that are due, as far as the radar's time goes."""
        if profile.rotation_s is not None:
            turn_s, every_s = profile.rotation_s.value, profile.track_revisit_s.value
            due = [
                cue
                for cue in cues
                if self._in_turn(sensor, turn_s, every_s * (STEADY if cue.steady else 1), t_s)
            ]
            passed = [cue for cue in due if self._passes(sensor, cue, t_s)]
            self._served.update(((sensor.id, cue.track), float(t_s)) for cue in passed)
            return frozenset(cue.track for cue in due)
        requests = []
        for cue in cues:
            every_s = profile.track_revisit_s.value * (STEADY if cue.steady else 1)
            key = sensor.id, cue.track
            last_s = self._served.get(key, -math.inf)
            # Radars begin together, at whole turns: their plots of one moment make one step of a filter.
            if t_s % every_s < 1 or key in self._turned_down or t_s - last_s < 2 * every_s:
                weight = URGENT if cue.urgent else 1.0
                requests.append(schedule.Request(cue.track, every_s, last_s, weight))
        capacity = math.inf
        if profile.track_dwell_ms is not None and profile.track_share is not None:
            capacity = profile.track_share.value / (profile.track_dwell_ms.value * 1e-3)
        capacity = min(capacity, len(requests) + 1.0)
        names, self._left[sensor.id] = schedule.share_out(
            requests, t_s, capacity, self._left.get(sensor.id, 0.0)
        )
        self._served.update(((sensor.id, name), float(t_s)) for name in names)
        asked = {(sensor.id, one.name) for one in requests if one.overdue(t_s) >= 1}
        self._turned_down = (self._turned_down | asked) - {(sensor.id, name) for name in names}
        return names

    def _skywaves(self, t_s: int, here: np.ndarray) -> list[Plot]:
        sensors = self.world.skywaves
        if not any(self.world.objects[number].kind in (Kind.AIRCRAFT, Kind.SHIP) for number in here):
            return []
        due = self._due(sensors, t_s)
        if not due.any():
            return []
        carried = []
        for sensor in sensors.placed:
            profile = sensor.profile
            assert isinstance(profile, SkywaveProfile)
            carried.append(
                skywave.in_service(
                    profile.availability.value,
                    profile.spell_s.value,
                    t_s,
                    lambda spell, name=sensor.id: uniform(self.world.seed, "ionosphere", name, spell),  # type: ignore[misc]
                )
            )
        count = len(sensors.placed)
        none = np.zeros((count, 1))
        off = np.zeros((count, 1), bool)
        around = np.tile([0.0, 2 * math.pi], (count, 1))
        tasking = Tasking(np.zeros((count, 1, 2)), none, off, off, np.array(carried), around)
        return self._look(looks.skywave_looks, sensors, tasking, t_s, due)

    def _scans(self, t_s: int, here: np.ndarray) -> list[Plot]:
        world = self.world
        bright = any(
            world.objects[number].infrared_w_per_sr[round(t_s - world.objects[number].start_s)] > 0
            for number in here
        )
        due = self._due(world.satellites, t_s) if bright else np.zeros(0, bool)
        return self._look(looks.infrared_looks, world.satellites, None, t_s, due)

    def _due(self, sensors: Sensors, t_s: int) -> np.ndarray:
        return np.array(
            [(t_s - self.world.phases[one.id]) % round(period_s(one)) == 0 for one in sensors.placed], bool
        )

    def _look(
        self,
        kernel: Any,
        sensors: Sensors,
        tasking: Tasking | None,
        t_s: int,
        due: np.ndarray,
        asked: Sequence[Sequence[Cue]] = (),
    ) -> list[Plot]:
        """Plots of one second's looks; the object behind each stays here, with the director.

        `asked` are the cues of each sensor, in the order of the tasking.
        """
        if not due.any():
            return []
        world = self.world
        truth, rows = world.truth(t_s)
        seen = kernel(
            sensors.at(t_s), tasking, world.air, truth, sensors.keys, np.int64(t_s), world.numbers[rows]
        )
        silent = np.array([[self._silent(one, t_s)] for one in sensors.placed])
        why = np.where(
            silent & (np.asarray(seen.why) != Why.ABSENT), int(Why.NO_SERVICE), np.asarray(seen.why)
        )
        self._note(sensors, rows, why, np.asarray(truth.exists), due, t_s)
        valid = np.asarray(seen.valid) & due[:, None] & ~silent
        if not valid.any():
            return []
        z, sigma, cued = np.asarray(seen.measurement), np.asarray(seen.sigma), np.asarray(seen.cued)
        rate, rate_sigma = np.asarray(seen.range_rate_mps), np.asarray(seen.range_rate_sigma_mps)
        plots = []
        for row, column in np.argwhere(valid):
            sensor, behind = sensors.placed[row], world.objects[rows[column]]
            if behind.kind is Kind.MISSILE:
                key = sensor.nation, behind.id
                self.seen[key] = self.seen.get(key, (float(t_s), 0.0))[0], float(t_s)
                if (sensor.id, behind.id) not in self.first:
                    word = None
                    if cued[row, column] and tasking is not None:
                        pointed = _pointed(sensors.at(t_s), row, truth, column)
                        word = _word(asked[row], tasking.served[row], pointed)
                    found = First(float(t_s)) if word is None else First(float(t_s), word.track, word.because)
                    self.first[sensor.id, behind.id] = found
            plot = Plot(
                sensor.id,
                float(t_s),
                tuple(z[row, column].tolist()),
                tuple(sigma[row, column].tolist()),
                bool(cued[row, column]),
                float(rate[row, column]),
                float(rate_sigma[row, column]),
            )
            plots.append(plot)
        return plots

    def _silent(self, sensor: SensorPlacement, t_s: int) -> bool:
        """Whether a fault keeps a sensor from telling anything."""
        return any(
            fault.kind == "silent" and fault.sensor == sensor.id and fault.from_s <= t_s < fault.until_s
            for fault in self.world.scenario.faults
        )

    def _note(
        self,
        sensors: Sensors,
        rows: np.ndarray,
        why: np.ndarray,
        exists: np.ndarray,
        due: np.ndarray,
        t_s: int,
    ) -> None:
        """Write down what became of each look at a missile, where that changes."""
        for column in np.flatnonzero(exists):
            behind = self.world.objects[rows[column]]
            if behind.kind is not Kind.MISSILE:
                continue
            for row in np.flatnonzero(due):
                key = sensors.placed[row].id, behind.id
                told, reason = self.account.setdefault(key, []), Why(int(why[row, column]))
                if reason not in _PASSING:
                    self._looked[key] = t_s
                elif told and t_s - self._looked.get(key, -math.inf) < _PATIENCE_S:
                    continue
                if not told or told[-1][1] is not reason:
                    told.append((t_s, reason))


def _pointed(radars: Radar, row: int, truth: Truth, column: int) -> tuple[float, float]:
    """Azimuth and elevation, rad, at which a radar takes itself to point when it looks at an object."""
    axes = np.asarray(radars.axes)[row]
    place = np.asarray(radars.site_ecef_m)[row] + np.asarray(radars.bias_place_m)[row] @ axes
    position = truth.position_ecef_m[column]
    position = position + truth.velocity_ecef_mps[column] * float(radars.bias_clock_s[row])
    exact = geometry.range_azimuth_elevation(place, axes, position) + np.asarray(radars.bias)[row]
    return float(exact[1]), float(exact[2])


def _word(cues: Sequence[Cue], served: np.ndarray, pointed: tuple[float, float]) -> Cue | None:
    """The cue for which a radar looked there: of those served, the one with its middle nearest."""
    azimuth, elevation = pointed

    def off(cue: Cue) -> float:
        turn = (azimuth - cue.azimuth_rad + math.pi) % (2 * math.pi) - math.pi
        return math.hypot(turn * math.cos(elevation), elevation - cue.elevation_rad) / cue.half_width_rad

    return min((cue for cue, now in zip(cues, served, strict=False) if now), key=off, default=None)


def _ghosts(world: World) -> dict[int, list[Plot]]:
    """Plots that no object makes, by their second."""
    found = defaultdict[int, list[Plot]](list)
    for sensor in world.scenario.sensors:
        for plot in ghosts.unreal(world.scenario, sensor, world.seed) if sensor.present else ():
            found[round(plot.time_s)].append(plot)
    return dict(found)
