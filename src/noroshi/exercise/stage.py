"""What surrounds the nations in an exercise: sensors, people's reports and lines, simulated or live alike.

The simulated loop (run) and the process that plays the world for live nodes ask the same questions here, so
that one scenario and seed bring each nation the same in the same second.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from noroshi.catalogue.reports import Report
from noroshi.catalogue.scenario import Scenario
from noroshi.exercise import links
from noroshi.exercise.watch import Watch
from noroshi.exercise.world import World
from noroshi.records.detections import Plot, Sighting
from noroshi.records.keys import uniform
from noroshi.records.messages import Message
from noroshi.records.tasking import Cue


class Stage:
    """The world as the nations' sensors and people report it, second by second."""

    def __init__(self, world: World, heard: Callable[[Plot], None] = lambda plot: None) -> None:
        self.world, self.heard = world, heard
        self.watch = Watch(world)
        self._reports: list[tuple[float, str, str, Sighting]] = []
        for report in world.scenario.reports:
            arrives_s = report.time_s + report.delay_s.draw(uniform(world.seed, "sighting", report.id))
            heapq.heappush(self._reports, (arrives_s, report.id, report.to, _sighting(report)))

    def plots(self, t_s: int) -> Mapping[str, list[Plot]]:
        """What the sensors of each nation report in a second; nothing after the world's end."""
        found: dict[str, list[Plot]] = {}
        if t_s <= self.world.end_s:
            for nation, plot in self.watch.detections(t_s):
                self.heard(plot)
                found.setdefault(nation, []).append(plot)
        return found

    def sightings(self, t_s: float) -> list[tuple[float, str, Sighting]]:
        """Reports of people that have come by now, each once: when, to whom, what."""
        found = []
        while self._reports and self._reports[0][0] <= t_s:
            arrives_s, _, nation, sighting = heapq.heappop(self._reports)
            found.append((arrives_s, nation, sighting))
        return found

    def task(self, cue: Cue) -> None:
        """Take a nation's word on where one of its radars shall look."""
        self.watch.task(cue)

    def next_s(self, t_s: int, wanted: Iterable[float]) -> int:
        """The next second in which anything may happen; past the world's end, one after the other.

        `wanted` are when nodes want to step or something arrives at one.
        """
        times = [self.watch.next_s(t_s + 1), *wanted, *(one[0] for one in self._reports[:1])]
        if t_s + 1 > self.world.end_s:
            times.append(t_s + 1)
        return max(t_s + 1, math.ceil(min(min(times), self.world.end_s + 1)))

    def over(self, t_s: int, idle: bool) -> bool:
        """Whether nothing can come any more, where `idle` says that nodes and lines have nothing left."""
        return t_s > self.world.end_s and idle and not self._reports


def _sighting(report: Report) -> Sighting:
    """A report of people as it reaches their nation."""
    place = report.lat_deg, report.lon_deg, report.radius_km
    return Sighting(report.id, report.by, report.time_s, *place, report.bearing_deg, report.confidence_level)


class Carried(NamedTuple):
    """What became of a message at its line: the journal's line about it, and when it arrives, if ever."""

    event: str
    fields: dict[str, Any]
    arrives_s: float | None


class Lines:
    """The lines between nations in one arm of sharing, as they behave under one seed."""

    def __init__(self, scenario: Scenario, arm: str, seed: int) -> None:
        self.seed = seed
        self.links = [
            links.Link(
                a=link.between[0],
                b=link.between[1],
                delay=link.delay_s,
                loss_probability=link.loss_probability.value,
                outages=link.outages,
                retry_s=link.retry_s.value,
            )
            for link in scenario.arms[arm].links
        ]

    def carry(self, message: Message, nation: str, to: str, t_s: float) -> Carried:
        """Send a message from `nation` at `t_s`."""
        link = links.between(self.links, nation, to)
        if link is None:
            return Carried("no_path", {"message": message.id, "to": to}, None)
        sent = links.send(link, self.seed, f"{message.id} {nation}>{to}", float(t_s), message.expires_s)
        arrives_s = None if sent.arrives_s is None else round(sent.arrives_s, 3)
        fields = {"message": message.id, "kind": message.kind, "to": to, "arrives_s": arrives_s}
        return Carried("sent", {**fields, "attempts": sent.attempts}, arrives_s)
