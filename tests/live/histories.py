"""One seeded history: nations, lines and disks of which everything fails at some time, in virtual time."""

import asyncio
import errno
import itertools
import random
from dataclasses import dataclass, field

from noroshi.live import virtual
from noroshi.live.audit import Finding, audit, errors
from noroshi.live.inprocess import Faults, Network
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from tests.live.nations import EPOCH_UNIX_S, FIVE, Nation, message, ring

WRITING_S = 20.0
KINDS = ("hotline", "hotline", "track", "track", "track", "sensor_status")


class PowerLoss(BaseException):
    """The process is gone in the middle of what it did."""


@dataclass
class Told:
    """What a history left behind; `sent` are (id, from, to) that were acknowledged to their writers."""

    seed: int
    nations: tuple[str, ...]
    journals: dict[str, list[dict]] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    routes: dict[tuple[str, str], str] = field(default_factory=dict)
    labels: dict[str, frozenset[str]] = field(default_factory=dict)
    crashes: int = 0
    full: int = 0
    settled: bool = False

    def wrong(self) -> list[Finding]:
        """What the auditor objects to."""
        return errors(audit(self.journals, ring()))

    def ended(self, nation: str) -> set[tuple[str, str]]:
        """(id, to) that this nation's journal says have expired."""
        return {(e["message"], e["to"]) for e in self.journals[nation] if e["event"] == "expired"}

    def taken(self, nation: str) -> list[str]:
        """Ids of what it took, receipts left aside."""
        lines = (e for e in self.journals[nation] if e["event"] == "incoming")
        return [e["message"] for e in lines if e["kind"] != "receipt"]

    def refused(self, nation: str) -> dict[str, str]:
        """Ids that it refused, with the code."""
        lines = (e for e in self.journals[nation] if e["event"] == "refused" and e["direction"] == "in")
        return {e["message"]: e["reason"] for e in lines if "message" in e}


def history(seed: int, messages: int = 40) -> Told:
    """Run it to its end: everything healed, everybody up, nothing under way."""
    return virtual.run(_History(seed, messages).run())


class _Life:
    """A nation over its crashes."""

    def __init__(self, history: "_History", me: str) -> None:
        self.history, self.me = history, me
        self.chance = random.Random(f"{history.seed} {me}")
        self.disk = Memory(me, self.step)
        self.full_until_s = 0.0
        self.steps_to_live = self.draw_steps()
        self.broken = asyncio.Event()
        self.nation: Nation | None = None

    def draw_steps(self) -> int:
        """How many steps of its disk until the next crash; every step is the last one in some history."""
        return self.chance.choice((10**9, self.chance.randint(1, 60), self.chance.randint(1, 600)))

    def step(self, step: str, name: str) -> None:
        if asyncio.get_running_loop().time() < self.full_until_s and step in ("half", "sync"):
            self.history.told.full += 1
            raise OSError(errno.ENOSPC, "no space left on device")
        self.steps_to_live -= 1
        if self.steps_to_live == 0:
            self.broken.set()
            raise PowerLoss

    async def live(self) -> None:
        """Up, until broken; then down for a while, and up again."""
        history = self.history
        while True:
            self.broken.clear()
            try:
                self.nation = Nation(
                    self.me, history.lines[self.me], history.network, history.clock, history.relays[self.me],
                    self.disk, hand_out_all=bool(history.relays[self.me]), receipt_after_s=0.5,
                ).start()  # fmt: skip
            except (PowerLoss, OSError):
                self.disk.close()  # it broke while it read its journal
            else:
                await self.broken.wait()
            await self.crash()
            await asyncio.sleep(self.chance.uniform(0.1, 4.0))
            self.steps_to_live = 10**9 if history.over else self.draw_steps()

    async def crash(self) -> None:
        history, nation, self.nation = self.history, self.nation, None
        history.told.crashes += 1
        history.network.crash(self.me)
        if nation is not None:
            # Nothing of it may write any more.
            nation.store._closed = True
            nation.store._waiting.clear()
            await nation.end()
        self.disk.crash(lambda unsynced: self.chance.randint(0, unsynced))


class _History:
    def __init__(self, seed: int, messages: int) -> None:
        self.seed, self.messages, self.over = seed, messages, False
        self.chance = chance = random.Random(f"history {seed}")
        self.nations = FIVE[: chance.randint(3, 5)]
        self.told = Told(seed, self.nations)
        faults = Faults(
            delay_s=(0.005, chance.choice((0.02, 0.3))),
            lost=chance.choice((0.0, 0.01, 0.05)),
            delayed=chance.choice((0.0, 0.02)),
            repeat=chance.choice((0.0, 0.02)),
        )
        self.network = Network(seed, faults)
        self.clock = virtual.Clock(EPOCH_UNIX_S)
        self.lines, self.relays = self._topology()
        self.lives: dict[str, _Life] = {}

    def _topology(self) -> tuple[dict[str, list[str]], dict[str, set[tuple[str, str]]]]:
        """A star, a mesh, or a mesh with holes; who has no line to another is served by one in between."""
        hub, chance = self.nations[0], self.chance
        gaps = chance.choice((0.0, 0.4, 1.0))
        lines: dict[str, list[str]] = {nation: [] for nation in self.nations}
        for one, other in itertools.combinations(self.nations, 2):
            if one == hub or chance.random() >= gaps:
                lines[one].append(other)
                lines[other].append(one)
        relays: dict[str, set[tuple[str, str]]] = {nation: set() for nation in self.nations}
        for origin, to in itertools.permutations(self.nations, 2):
            if to not in lines[origin]:
                between = next(nation for nation in lines[origin] if to in lines[nation])
                relays[between].add((origin, to))
                self.told.routes[origin, to] = between
        return lines, relays

    async def run(self) -> Told:
        asyncio.get_running_loop().set_exception_handler(self._trouble)
        self.lives = {nation: _Life(self, nation) for nation in self.nations}
        living = [asyncio.create_task(life.live()) for life in self.lives.values()]
        await asyncio.sleep(0)
        try:
            async with asyncio.TaskGroup() as tasks:
                for nation in self.nations:
                    tasks.create_task(self._write(nation))
                tasks.create_task(self._weather())
            self.over = True
            for life in self.lives.values():
                life.steps_to_live = 10**9
            await asyncio.sleep(5.0)
            self.told.settled = await self._settled()
        finally:
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)
        for nation, life in self.lives.items():
            await life.nation.stop()
            store = Store.open(life.disk, clock=self.clock)
            self.told.journals[nation] = list(store.entries())
            store.close()
        return self.told

    async def _settled(self) -> bool:
        """Everywhere nothing under way, twice in a row: what is relayed or receipted starts anew."""
        for _ in range(200):
            calm = [await life.nation.exchange.settled(300.0) for life in self.lives.values()]
            await asyncio.sleep(3.0)
            if all(calm) and not any(
                status["unreceipted"]
                for life in self.lives.values()
                for status in life.nation.exchange.status().values()
            ):
                return True
        return False

    async def _write(self, nation: str) -> None:
        """A nation's people write; what its node acknowledged is noted, what it did not is given up."""
        chance = random.Random(f"writer {self.seed} {nation}")
        others = [other for other in self.nations if other != nation]
        for number in range(self.messages):
            await asyncio.sleep(chance.expovariate(self.messages / WRITING_S))
            now_s = self.clock.now_s()
            named = tuple(other for other in others if chance.random() < 0.7)
            lasts_s = chance.choice((2.0, 20.0, 1e6, 1e6, 1e6))
            told = message(nation, number, named, chance.choice(KINDS), now_s, now_s + lasts_s)
            self.told.labels[told.id] = frozenset(named)
            life = self.lives[nation]
            if life.nation is None:
                continue
            to = {
                partner if partner in life.nation.partners else self.told.routes[nation, partner]
                for partner in named
            }
            # A relay that the label does not name must not see it: then there is no way.
            for partner in sorted(to & set(named)):
                sending = asyncio.create_task(life.nation.exchange.send(told, partner))
                broken = asyncio.create_task(life.broken.wait())
                await asyncio.wait((sending, broken), return_when=asyncio.FIRST_COMPLETED)
                broken.cancel()
                if sending.done() and sending.exception() is None and sending.result().allowed:
                    self.told.sent.append((told.id, nation, partner))
                sending.cancel()
                if life.broken.is_set() or life.nation is None:
                    break

    async def _weather(self) -> None:
        """Lines are cut, servers freeze, disks fill; all is over when the writers are."""
        chance, network = self.chance, self.network
        lines = [frozenset(pair) for pair in itertools.combinations(self.nations, 2)]
        until_s = WRITING_S + 5.0
        while self.clock.now_s() < until_s:
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            what, length_s = chance.choice(("cut", "freeze", "full", "calm")), chance.uniform(0.2, 6.0)
            if what == "cut":
                network.cut = {line for line in lines if chance.random() < 0.4}
            elif what == "freeze":
                network.frozen = {chance.choice(self.nations)}
            elif what == "full":
                self.lives[chance.choice(self.nations)].full_until_s = self.clock.now_s() + length_s
            await asyncio.sleep(length_s)
            network.cut, network.frozen = set(), set()

    @staticmethod
    def _trouble(loop: asyncio.AbstractEventLoop, context: dict) -> None:
        if not isinstance(context.get("exception"), PowerLoss | OSError | None):
            loop.default_exception_handler(context)
