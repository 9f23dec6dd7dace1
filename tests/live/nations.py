"""Nations for tests of the exchange: keys, a policy that lets all go, messages, nodes that pass on."""

import asyncio
from functools import cache

from noroshi.live.exchange import Exchange
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Message, Opaque, SensorStatus, TrackReport
from noroshi.sharing import guard, keys
from noroshi.sharing.policy import Policy
from noroshi.sharing.release import ReleaseTable, compile_table

FIVE = ("USA", "JPN", "KOR", "AUS", "GBR")
EPOCH_UTC = "2026-05-01T00:00:00Z"
EPOCH_UNIX_S = 1777593600.0
FOREVER_S = 1e9
OPEN = '@id("open")\n@reason("all goes")\npermit (principal, action, resource);\n'


@cache
def signer(nation: str, exercise: bool = True) -> keys.Signer:
    return keys.generate(nation, exercise, 0.0, 4e9)


@cache
def ring(nations: tuple[str, ...] = FIVE) -> keys.Keyring:
    return keys.Keyring(tuple(signer(nation).public for nation in nations))


@cache
def open_policy(nation: str) -> Policy:
    return Policy(nation, OPEN, "open.cedar")


@cache
def open_table(nations: tuple[str, ...] = FIVE) -> ReleaseTable:
    return compile_table({nation: open_policy(nation) for nation in nations}, nations)


def border(me: str, partner: str, epoch_utc: str = EPOCH_UTC) -> guard.Border:
    return guard.Border(me, partner, True, epoch_utc, open_table(), FIVE)


def message(
    origin: str,
    number: int,
    to: tuple[str, ...],
    kind: str = "hotline",
    created_s: float = 0.0,
    expires_s: float = FOREVER_S,
    exercise: bool = True,
) -> Message:
    payloads = {
        "hotline": HotlineText("watch", "x" * 40),
        "sensor_status": SensorStatus(f"{origin}-R-1", "up", created_s, None, ""),
        "track": TrackReport(
            f"{origin}-T-{number}", created_s, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0), 9.0,
            tuple(tuple(float(row == column) for column in range(10)) for row in range(10)),
            (0.25, 0.25, 0.25, 0.25), None, None,
        ),
    }  # fmt: skip
    return Message(
        id=f"{origin}-{number:06d}",
        kind=kind,
        origin=origin,
        created_s=created_s,
        expires_s=expires_s,
        label=Label(origin, tuple(sorted(set(to) - {origin})), exercise),
        payload=payloads.get(kind, Opaque(b"\xa0")),
        provenance=(),
    )


class Nation:
    """One nation's exchange over a disk that outlives it."""

    def __init__(self, me, partners, network, clock, relays=(), disk=None, **options) -> None:
        self.me, self.partners, self.network, self.clock = me, tuple(partners), network, clock
        self.relays, self.options = frozenset(relays), options
        self.disk = disk or Memory(me)
        self.got: list[tuple[str, Message]] = []
        self.transport = network.transport(me) if hasattr(network, "transport") else network
        self.store = Store.open(self.disk, clock=clock)
        self.exchange = Exchange(
            me, {partner: border(me, partner) for partner in self.partners}, self.store, self.transport,
            signer(me), ring(), clock, self.take, **options,
        )  # fmt: skip
        self.running: asyncio.Task | None = None
        self.relaying: set[asyncio.Task] = set()

    def start(self) -> "Nation":
        self.running = asyncio.create_task(self.exchange.run())
        return self

    def take(self, message, due_s, partner) -> None:
        self.got.append((partner, message))
        if self.relays:
            for to in self.partners:
                if to in message.label.releasable_to and (message.origin, to) in self.relays:
                    task = asyncio.create_task(self._relay(message, to))
                    self.relaying.add(task)
                    task.add_done_callback(self.relaying.discard)

    async def _relay(self, message, to) -> None:
        while True:
            try:
                await self.exchange.send(message, to)
                return
            except OSError:
                await asyncio.sleep(1.0)

    async def stop(self) -> None:
        await self.end()
        self.store.close()

    async def end(self) -> None:
        """Its tasks end where they stand; the journal stays open."""
        tasks = [self.running, *self.relaying]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def ids(self, partner=None) -> list[str]:
        return [told.id for source, told in self.got if partner in (None, source)]
