"""One run: world, nodes and simulated links on one clock, from one second with an event to the next."""

import heapq
import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from noroshi.catalogue.scenario import Scenario
from noroshi.exercise import nations
from noroshi.exercise.stage import Lines, Stage
from noroshi.exercise.watch import First
from noroshi.exercise.world import World, build
from noroshi.node.arrivals import Place, place
from noroshi.node.state import Node, Outbox, View
from noroshi.node.step import step, wake_s
from noroshi.records.detections import Plot, Sighting, Why
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
        if loop.stage.over(t_s, loop.idle()) or (until is not None and until(loop.result)):
            break
        day, t_s = t_s // DAY_S, loop.next_s(t_s)
        if t_s // DAY_S > day:
            told(t_s // DAY_S)
    return loop.result


def samples(t_s: float, nation: str, before: Node, after: Node) -> list[Sample]:
    """The pictures that a step made anew."""
    old = {thing.id: thing.view for thing in before.things}
    return [
        Sample(float(t_s), nation, thing.id, thing.view)
        for thing in after.things
        if thing.view is not None and thing.view is not old.get(thing.id)
    ]


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
        self.stage, self.lines = Stage(world, heard), Lines(scenario, arm, seed)
        self.nodes = nations.nodes(scenario, arm, seed, asked)
        watch = self.stage.watch
        self.result = Run(world, arm, seen=watch.seen, account=watch.account, first=watch.first)
        self.on_the_way: list[tuple[Place, str, int, Message | Sighting]] = []
        # When each node wants its next step even if nothing comes in.
        self.wakes = dict.fromkeys(self.nodes, math.inf)
        self.count = itertools.count()

    def idle(self) -> bool:
        """Whether nothing is left to arrive or to be done by people."""
        return not self.on_the_way and not any(node.pending for node in self.nodes.values())

    def next_s(self, t_s: int) -> int:
        """The next second in which anything may happen."""
        return self.stage.next_s(t_s, [*self.wakes.values(), *(one[0][0] for one in self.on_the_way[:1])])

    def second(self, t_s: int) -> None:
        """Look, deliver, and step every node that has something to do."""
        inboxes: dict[str, list[Plot | Sighting | Message]] = {
            nation: list(plots) for nation, plots in self.stage.plots(t_s).items()
        }
        for arrives_s, nation, sighting in self.stage.sightings(t_s):
            self._under_way(arrives_s, nation, sighting)
        while self.on_the_way and self.on_the_way[0][0][0] <= t_s:
            _, nation, _, item = heapq.heappop(self.on_the_way)
            inboxes.setdefault(nation, []).append(item)
        for nation, node in self.nodes.items():
            if nation in inboxes or self.wakes[nation] <= t_s:
                node, out = step(node, inboxes.get(nation, []), float(t_s))
                self.result.samples.extend(samples(t_s, nation, self.nodes[nation], node))
                self.nodes[nation] = node
                self.wakes[nation] = wake_s(node, float(t_s))
                self._carry_out(nation, t_s, out)

    def _under_way(self, arrives_s: float, nation: str, item: Message | Sighting) -> None:
        heapq.heappush(self.on_the_way, (place(arrives_s, item), nation, next(self.count), item))

    def _carry_out(self, nation: str, t_s: int, out: Outbox) -> None:
        for at_s, event, fields in out.entries:
            self.result.note(at_s, nation, event, fields)
        for cue in out.cues:
            self.stage.task(cue)
        for dispatch in out.dispatches:
            event, fields, arrives_s = self.lines.carry(dispatch.message, nation, dispatch.to, t_s)
            self.result.note(t_s, nation, event, fields)
            if arrives_s is not None:
                self._under_way(arrives_s, dispatch.to, dispatch.message)
