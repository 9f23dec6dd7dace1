"""One run: world, nodes and simulated links on one clock, from one second with an event to the next."""

import heapq
import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from noroshi.catalogue.reports import Report
from noroshi.catalogue.scenario import Scenario
from noroshi.exercise import links, nations
from noroshi.exercise.watch import First, Watch
from noroshi.exercise.world import World, build
from noroshi.node.state import Node, Outbox, View
from noroshi.node.step import step, wake_s
from noroshi.records.detections import Plot, Sighting, Why
from noroshi.records.keys import uniform
from noroshi.records.messages import Message

DAY_S = 86_400


@dataclass(frozen=True)
class Sample:
    """A nation's picture of one thing at one moment."""

    t_s: float
    nation: str
    track: str
    view: View


@dataclass
class Run:
    """What one arm of one run left behind.

    `entries` are the journal's lines in order, `samples` the pictures. The director's alone are `seen` (first
    and last detection by nation and launch), `account` (by sensor and launch when the reason changed that its
    looks showed the launch or did not), `first` (by sensor and launch the first detection, and on whose
    word) and `world`.
    """

    world: World
    arm: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    seen: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    account: Mapping[tuple[str, str], Sequence[tuple[int, Why]]] = field(default_factory=dict)
    first: Mapping[tuple[str, str], First] = field(default_factory=dict)

    def note(self, t_s: float, node: str, event: str, fields: Mapping[str, Any]) -> None:
        """Append a line; what is written stays."""
        self.entries.append({"t_s": round(float(t_s), 3), "node": node, "event": event, **fields})


def run(
    scenario: Scenario,
    seed: int,
    arm: str,
    world: World | None = None,
    until: Callable[[Run], bool] | None = None,
    asked: Collection[str] | None = None,
    told: Callable[[int], None] = lambda days: None,
    heard: Callable[[Plot], None] = lambda plot: None,
) -> Run:
    """Run one arm of one seed to its end, or until `until` says that enough is known.

    The world of a seed is the same for every arm and may be passed in. Only the nations in `asked`
    (default: all) make forecasts of their own, which takes most of the time. `told` hears of each day that is
    over, how many are; `heard` of each plot, as it comes.
    """
    world = world or build(scenario, seed)
    loop = _Loop(scenario, seed, world, arm, asked, heard)
    t_s = 0
    while t_s <= scenario.duration_s:
        loop.second(t_s)
        if (t_s > world.end_s and loop.idle()) or (until is not None and until(loop.result)):
            break
        day, t_s = t_s // DAY_S, loop.next_s(t_s)
        if t_s // DAY_S > day:
            told(t_s // DAY_S)
    return loop.result


def _sighting(report: Report) -> Sighting:
    """A report of people as it reaches their nation."""
    place = report.lat_deg, report.lon_deg, report.radius_km
    return Sighting(report.id, report.by, report.time_s, *place, report.bearing_deg, report.confidence_level)


class _Loop:
    """The clock of one run."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        world: World,
        arm: str,
        asked: Collection[str] | None,
        heard: Callable[[Plot], None],
    ) -> None:
        self.seed, self.world, self.heard = seed, world, heard
        self.nodes = nations.nodes(scenario, arm, seed, asked)
        self.watch = Watch(world)
        watch = self.watch
        self.result = Run(world, arm, seen=watch.seen, account=watch.account, first=watch.first)
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
        self.on_the_way: list[tuple[float, int, str, Message | Sighting]] = []
        # When each node wants its next step even if nothing comes in.
        self.wakes = dict.fromkeys(self.nodes, math.inf)
        self.count = itertools.count()
        for report in scenario.reports:
            arrives_s = report.time_s + report.delay_s.draw(uniform(seed, "sighting", report.id))
            heapq.heappush(self.on_the_way, (arrives_s, next(self.count), report.to, _sighting(report)))

    def idle(self) -> bool:
        """Whether nothing is left to arrive or to be done by people."""
        return not self.on_the_way and not any(node.pending for node in self.nodes.values())

    def next_s(self, t_s: int) -> int:
        """The next second in which anything may happen; past the world's end, one after the other."""
        times = [self.watch.next_s(t_s + 1), *self.wakes.values(), *(one[0] for one in self.on_the_way[:1])]
        if t_s + 1 > self.world.end_s:
            times.append(t_s + 1)
        return max(t_s + 1, math.ceil(min(min(times), self.world.end_s + 1)))

    def second(self, t_s: int) -> None:
        """Look, deliver, and step every node that has something to do."""
        inboxes: dict[str, list[Plot | Sighting | Message]] = {}
        if t_s <= self.world.end_s:
            for nation, plot in self.watch.detections(t_s):
                self.heard(plot)
                inboxes.setdefault(nation, []).append(plot)
        while self.on_the_way and self.on_the_way[0][0] <= t_s:
            _, _, nation, message = heapq.heappop(self.on_the_way)
            inboxes.setdefault(nation, []).append(message)
        for nation, node in self.nodes.items():
            if nation in inboxes or self.wakes[nation] <= t_s:
                node, out = step(node, inboxes.get(nation, []), float(t_s))
                self._sample(nation, t_s, self.nodes[nation], node)
                self.nodes[nation] = node
                self.wakes[nation] = wake_s(node, float(t_s))
                self._carry_out(nation, t_s, out)

    def _sample(self, nation: str, t_s: int, before: Node, after: Node) -> None:
        old = {thing.id: thing.view for thing in before.things}
        for thing in after.things:
            if thing.view is not None and thing.view is not old.get(thing.id):
                self.result.samples.append(Sample(float(t_s), nation, thing.id, thing.view))

    def _carry_out(self, nation: str, t_s: int, out: Outbox) -> None:
        for at_s, event, fields in out.entries:
            self.result.note(at_s, nation, event, fields)
        for cue in out.cues:
            self.watch.task(cue)
        for dispatch in out.dispatches:
            message, to = dispatch.message, dispatch.to
            link = links.between(self.links, nation, to)
            if link is None:
                self.result.note(t_s, nation, "no_path", {"message": message.id, "to": to})
                continue
            sent = links.send(link, self.seed, f"{message.id} {nation}>{to}", float(t_s), message.expires_s)
            arrives_s = None if sent.arrives_s is None else round(sent.arrives_s, 3)
            fields = {"message": message.id, "kind": message.kind, "to": to, "arrives_s": arrives_s}
            self.result.note(t_s, nation, "sent", {**fields, "attempts": sent.attempts})
            if arrives_s is not None:
                heapq.heappush(self.on_the_way, (arrives_s, next(self.count), to, message))
