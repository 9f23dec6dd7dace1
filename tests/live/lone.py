"""One nation's service with nothing around it: a journal in memory, and an exchange that only writes."""

import base64
import json

import pytest

from noroshi.exercise import run as runner
from noroshi.exercise.nations import nodes
from noroshi.formats import message as wire
from noroshi.live import recover
from noroshi.live.clock import ExerciseClock
from noroshi.live.health import Tap
from noroshi.live.memory import Memory
from noroshi.live.service import Bounds, Service
from noroshi.live.store import Store
from noroshi.records.detections import Plot
from noroshi.records.messages import Message
from noroshi.sharing import envelope, keys
from noroshi.sharing.release import Decision

EPOCH = "2022-10-03T22:22:00Z"
SIGNER = keys.generate("USA", True, 0.0, 4e9)


class Exchange:
    """Lets everything out, and has its receipt at once."""

    def __init__(self, tap, nation):
        self.tap, self.nation, self.sent = tap, nation, []

    async def send(self, message, to, due_s=None):
        about = {"t_s": message.created_s, "node": self.nation, "message": message.id, "to": to}
        self.sent.append((message.id, to, due_s))
        self.tap.put({**about, "event": "outgoing", "kind": message.kind})
        await self.tap.append({**about, "event": "receipt"})
        return Decision(True, message.form, "", "", "")


class Lone:
    """A service of Japan's, fed with what it got in a simulated run."""

    def __init__(self, node, lines=None, disk=None, checkpoints=None, every=200):
        self.disk, self.clock = disk or Memory(), ExerciseClock()
        self.tap = Tap(Store.open(self.disk, clock=self.clock))
        bounds = Bounds(expected_s=0.05, receipts_s=0.05)
        self.service = Service(node, self.tap, self.clock, lines, None, checkpoints, bounds, every)
        self.tap.watchers.append(self.service.heard)
        self.exchange = self.service.borders = Exchange(self.tap, node.desk.nation)

    async def resume(self):
        await self.service.resume(recover.past(self.tap.entries()))

    def arrives(self, message, t_s, partner="USA"):
        """As an exchange journals and hands out."""
        sealed = base64.b64encode(envelope.seal(wire.encode(message, EPOCH), SIGNER)).decode()
        about = {"message": message.id, "kind": message.kind, "origin": message.origin, "form": message.form}
        entry = {"t_s": t_s, "node": "JPN", "event": "incoming", "partner": partner, **about}
        self.tap.put({**entry, "sealed": sealed, "due_s": t_s})
        self.service.take(message, t_s, partner)

    async def live(self, inboxes):
        """Seconds with what came in each."""
        for t_s, inbox in inboxes:
            await self.clock.advance(t_s)
            for item in inbox:
                if isinstance(item, Message) and item.id not in self.service._old:
                    self.arrives(item, t_s)
            await self.service.second(t_s, [item for item in inbox if isinstance(item, Plot)])

    def lines(self):
        """What its steps left in the journal."""
        lines = [line for line in self.tap.entries() if "step" in line]
        return [{name: line[name] for name in line if name not in ("utc", "seq", "chain")} for line in lines]


def japan(scenario):
    """Its node before anything happens."""
    return nodes(scenario, "hub", 0)["JPN"]


class Simulated:
    """The first seconds of a simulated run: Japan's lines, and what came to it second by second."""

    def __init__(self, scenario, world, until_s):
        self.inboxes = []
        step = runner.step

        def watching(node, inbox, now_s):
            if node.desk.nation == "JPN":
                self.inboxes.append((now_s, tuple(inbox)))
            return step(node, inbox, now_s)

        def enough(run):
            return bool(run.entries) and run.entries[-1]["t_s"] > until_s

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner, "step", watching)
            done = runner.run(scenario, 0, "hub", world, until=enough)
        self.lines = json.loads(json.dumps([line for line in done.entries if line["node"] == "JPN"]))

    def until(self, t_s):
        """What came by then."""
        return [one for one in self.inboxes if one[0] <= t_s]
