"""Borders inside one process: for notebooks, exercises on one machine, and tests with seeded faults.

It keeps what nats.py promises: what was shipped is held until it is acknowledged, whoever crashes; what was
held already is recognised; nothing is taken after a gap. Beyond that all goes wrong that `Faults` asks for.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from noroshi.live.transport import AFTER, Delivery, Unreachable


@dataclass(frozen=True)
class Faults:
    """What the lines do: one way takes `delay_s` (from, to), in order; some is lost, or comes far later.

    Chances are per message and way; `delayed` ones come up to `delayed_s` later than they should, and others
    pass them. `repeat` is that the partner's side has forgotten that it held the message already.
    """

    delay_s: tuple[float, float] = (0.0, 0.0)
    lost: float = 0.0
    delayed: float = 0.0
    delayed_s: float = 10.0
    repeat: float = 0.0
    timeout_s: float = 2.0


@dataclass
class _Held:
    """What one nation's side holds of what one partner shipped, on disk: it outlives every crash."""

    parcels: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)
    first: int = 0  # how many are gone
    ids: set[str] = field(default_factory=set)
    last: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str], forget: bool) -> None:
        if msg_id in self.ids and not forget:
            return
        if headers.get(AFTER, self.last) != self.last:
            raise Unreachable(f"{msg_id} does not follow {self.last}")
        self.ids.add(msg_id)
        self.last = msg_id
        self.parcels.append((subject, data, {name: headers[name] for name in headers if name != AFTER}))
        self.arrived.set()


class Network:
    """The carriers of all nations and the lines between them."""

    def __init__(self, seed: int = 0, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.cut: set[frozenset[str]] = set()
        self.frozen: set[str] = set()
        self.running: set[str] = set()
        self._chance = random.Random(f"network {seed}")
        self._held: dict[tuple[str, str], _Held] = {}
        self._clear_s: dict[tuple[str, str], float] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def transport(self, nation: str) -> "InProcess":
        """The carrier of one nation; after a crash the nation takes a new one."""
        self.running.add(nation)
        return InProcess(self, nation)

    def crash(self, nation: str) -> None:
        """The nation's process ends; what its side holds stays."""
        self.running.discard(nation)

    def held(self, sender: str, nation: str) -> _Held:
        """What `nation` holds from `sender`."""
        return self._held.setdefault((sender, nation), _Held())

    async def carry(
        self, sender: str, to: str, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str]
    ) -> None:
        """There, and back with the receipt. What is under way arrives although its sender crashes."""
        trip = asyncio.create_task(self._trip(sender, to, subject, msg_id, data, headers))
        self._under_way.add(trip)
        trip.add_done_callback(self._ended)
        try:
            await asyncio.wait_for(asyncio.shield(trip), self.faults.timeout_s)
        except TimeoutError:
            raise Unreachable(f"no receipt from {to} in {self.faults.timeout_s} s") from None

    def _ended(self, trip: asyncio.Task[None]) -> None:
        self._under_way.discard(trip)
        if not trip.cancelled():
            trip.exception()  # told to the sender, if it still listens

    async def _trip(
        self, sender: str, to: str, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str]
    ) -> None:
        await self._way(sender, to)
        forget = self._chance.random() < self.faults.repeat
        self.held(sender, to).hold(subject, msg_id, data, headers, forget)
        await self._way(to, sender)

    async def _way(self, start: str, end: str) -> None:
        faults, chance = self.faults, self._chance
        if faults.delay_s[1]:
            # One line is one queue: what enters later leaves later.
            now_s, delay_s = asyncio.get_running_loop().time(), chance.uniform(*faults.delay_s)
            leaves_s = max(now_s + delay_s, self._clear_s.get((start, end), 0.0) + 1e-6)
            self._clear_s[start, end] = leaves_s
            await asyncio.sleep(leaves_s - now_s)
        if faults.delayed and chance.random() < faults.delayed:
            await asyncio.sleep(chance.uniform(0.0, faults.delayed_s))
        if frozenset((start, end)) in self.cut:
            raise Unreachable(f"the line between {start} and {end} is cut")
        if faults.lost and chance.random() < faults.lost:
            await asyncio.sleep(10 * faults.timeout_s)
            raise Unreachable("lost")
        while end in self.frozen or start in self.frozen:
            await asyncio.sleep(0.1)


class InProcess:
    """A Transport over a Network."""

    def __init__(self, network: Network, nation: str) -> None:
        self._network, self._nation = network, nation

    async def ship(
        self, partner: str, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str]
    ) -> None:
        """Return when the partner's side holds it."""
        await self._network.carry(self._nation, partner, subject, msg_id, data, headers)

    async def inbox(self, partner: str) -> AsyncIterator[Delivery]:
        """From the first that was not acknowledged on."""
        held = self._network.held(partner, self._nation)
        at = held.first
        while True:
            while at - held.first >= len(held.parcels):
                held.arrived.clear()
                await held.arrived.wait()
            subject, data, headers = held.parcels[at - held.first]
            at += 1
            yield Delivery(subject, data, headers, self._ack(held, at))

    def _ack(self, held: _Held, until: int):  # type: ignore[no-untyped-def]
        async def ack() -> None:
            done = max(0, until - held.first)
            del held.parcels[:done]
            held.first += done

        return ack

    def link(self, partner: str) -> str:
        """Down while cut or frozen, degraded while the partner's process is not there."""
        network = self._network
        if frozenset((self._nation, partner)) in network.cut or {self._nation, partner} & network.frozen:
            return "down"
        return "up" if partner in network.running else "degraded"
