"""Nations on real servers: loopback, free ports, folders of the test; ended by process id."""

import asyncio
import contextlib
import json
import threading
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from noroshi.live import federation
from noroshi.live.audit import audit
from noroshi.live.clock import WallClock
from noroshi.live.exchange import Exchange
from noroshi.live.home import Home, load_home, write_partner
from noroshi.live.nats import NatsTransport
from noroshi.live.server import Server
from noroshi.live.store import Store
from noroshi.sharing import guard
from noroshi.sharing.keys import Keyring
from tests.live.nations import EPOCH_UNIX_S, EPOCH_UTC, OPEN, open_table


def homes(folder: Path, nations=("USA", "JPN", "KOR"), links=None) -> dict[str, Home]:
    links = links or federation.star(nations, nations[0])
    return federation.init_exercise(folder, nations, links, EPOCH_UTC, dict.fromkeys(nations, OPEN))


class Real:
    """One nation: its server, and a process (here: tasks) that may crash and come again."""

    def __init__(self, home: Home, ring: Keyring, relays=()) -> None:
        self.home, self.me, self.ring, self.relays = home, home.nation, ring, frozenset(relays)
        self.server = Server(home)
        self.clock = WallClock(EPOCH_UNIX_S)
        self.got: list[tuple[str, object]] = []
        self.heard = asyncio.Event()

    async def up(self) -> "Real":
        """Connect, take up what the journal holds open, run."""
        self.transport = await NatsTransport(self.home).__aenter__()
        self.store = Store.open(self.home.journal_path, self.home.signer, clock=self.clock)
        borders = {
            partner: guard.Border(self.me, partner, True, EPOCH_UTC, open_table(), self.home.positions)
            for partner in self.home.partners
        }
        self.exchange = Exchange(
            self.me, borders, self.store, self.transport, self.home.signer, self.ring, self.clock,
            self.take, receipt_after_s=0.2,
        )  # fmt: skip
        self.relaying: set[asyncio.Task] = set()
        self.running = asyncio.create_task(self.exchange.run())
        return self

    def take(self, message, due_s, partner) -> None:
        self.got.append((partner, message))
        self.heard.set()
        for to in self.home.partners:
            if to in message.label.releasable_to and (message.origin, to) in self.relays:
                task = asyncio.create_task(self.exchange.send(message, to))
                self.relaying.add(task)
                task.add_done_callback(self.relaying.discard)

    async def down(self) -> None:
        """The process ends; its server goes on."""
        self.running.cancel()
        await asyncio.gather(self.running, *self.relaying, return_exceptions=True)
        with contextlib.suppress(OSError):
            self.store.close()
        await self.transport.close()

    def ids(self, origin: str | None = None) -> list[str]:
        return [message.id for _, message in self.got if origin in (None, message.origin)]

    async def until(self, count: int, timeout_s: float = 60.0, origin: str | None = None) -> bool:
        """Wait until so many came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while len(self.ids(origin)) < count:
                    self.heard.clear()
                    await self.heard.wait()
                return True
        return False

    def journal(self) -> list[dict]:
        store = Store.open(self.home.journal_path, clock=self.clock)
        try:
            return list(store.entries())
        finally:
            store.close()


def dialling(home: Home, partner: str, port: int) -> Home:
    """The same home, its link to `partner` by another port."""
    known = replace(home.partners[partner], leaf_url=f"tls://127.0.0.1:{port}")
    write_partner(home.folder, known)
    return load_home(home.folder)


@asynccontextmanager
async def federation_of(
    folder: Path, nations=("USA", "JPN", "KOR"), links=None, relays=(), found=None, up=None
):
    """Servers and nations, up (all, or those named); and down again whatever happens."""
    found = found or homes(folder, nations, links)
    ring = Keyring(tuple(home.signer.public for home in found.values()))
    made = {nation: Real(home, ring, relays) for nation, home in found.items()}
    try:
        first = [real for real in made.values() if up is None or real.me in up]
        await asyncio.gather(*(real.server.start() for real in first))
        for real in first:
            await real.up()
        yield made
    finally:
        for real in made.values():
            if hasattr(real, "running"):
                await real.down()
        for real in made.values():
            real.server.thaw()
        await asyncio.gather(*(real.server.stop() for real in made.values()))


async def linked(made: dict[str, Real], timeout_s: float = 20.0) -> bool:
    """Whether every link comes up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while any(
                real.transport.link(one) != "up" for real in made.values() for one in real.home.partners
            ):
                await asyncio.sleep(0.05)
            return True
    return False


async def quiet(made: dict[str, Real], timeout_s: float = 60.0) -> bool:
    """Wait until nothing is under way and nobody writes any more, receipts of receipts included."""
    heads, calm = None, 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while calm < 6:
                now = [real.store.head() for real in made.values()]
                settled = not any(
                    one["unreceipted"] for real in made.values() for one in real.exchange.status().values()
                )
                calm = calm + 1 if settled and now == heads else 0
                heads = now
                await asyncio.sleep(0.3)
            return True
    return False


def audited(made: dict[str, Real]):
    """What the auditor finds in all journals; the nations are down."""
    ring = next(iter(made.values())).ring
    return audit({nation: real.journal() for nation, real in made.items()}, ring)


class Held:
    """A federation that runs in a thread of its own for as long as the tests of a module need it."""

    def __init__(self, folder: Path, **options) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context = federation_of(folder, **options)
        self.made = self.run(self._context.__aenter__(), 120)

    def run(self, coroutine, timeout_s: float = 60.0):
        """The result of a coroutine in the federation's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout_s)

    def close(self) -> None:
        """Everything down."""
        try:
            self.run(self._context.__aexit__(None, None, None), 120)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


def state(real: Real) -> dict:
    """Streams and consumers in all accounts of a server: what an attack would change."""
    place = (
        f"http://127.0.0.1:{real.home.http_port}/jsz?accounts=true&streams=true&consumers=true&config=true"
    )
    with urllib.request.urlopen(place, timeout=5) as answer:
        told = json.load(answer)
    found = {}
    for account in told.get("account_details", ()):
        for stream in account.get("stream_detail", ()):
            consumers = len(stream.get("consumer_detail") or ())
            kept = stream["state"]
            found[account["name"], stream["name"]] = (
                kept["messages"],
                kept["first_seq"],
                consumers,
                stream["config"],
            )
    return found
