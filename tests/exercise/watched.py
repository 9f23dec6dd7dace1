"""A run with everything that came into its nodes: what a nation could know."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from noroshi.catalogue.scenario import Scenario
from noroshi.exercise import run as runner
from noroshi.exercise.run import Run
from noroshi.exercise.world import World
from noroshi.records.detections import Plot
from noroshi.records.messages import Message

Inbox = tuple[Plot | Message, ...]
LAUNCH = "L1"


@dataclass(frozen=True)
class Watched:
    """One arm of one seed; `inboxes` holds time, nation and inbox of every step of every node."""

    run: Run
    inboxes: tuple[tuple[float, str, Inbox], ...]

    def heard(self) -> Iterator[tuple[float, str, Message]]:
        """Every message that reached a nation: when, which nation, what."""
        for time_s, nation, inbox in self.inboxes:
            yield from ((time_s, nation, item) for item in inbox if isinstance(item, Message))

    def said(self, event: str, node: str | None = None) -> list[dict[str, Any]]:
        """Lines of the journal of one kind."""
        lines = [line for line in self.run.entries if line["event"] == event]
        return [line for line in lines if node is None or line["node"] == node]


def watch(scenario: Scenario, seed: int, arm: str, world: World | None = None) -> Watched:
    """Run one arm and keep what came in."""
    inboxes: list[tuple[float, str, Inbox]] = []
    step = runner.step

    def watching(node, inbox, now_s):
        inboxes.append((now_s, node.desk.nation, tuple(inbox)))
        return step(node, inbox, now_s)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "step", watching)
        run = runner.run(scenario, seed, arm, world)
    return Watched(run, tuple(inboxes))


def written(message: Message) -> str:
    """The id under which its originator wrote it, whatever form it came in."""
    return message.derived_from or message.id
