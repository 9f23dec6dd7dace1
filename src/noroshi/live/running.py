"""One nation's node, whole: its server, journal, exchange, service, doors, and the loop that drives them."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

import cbor2

from noroshi import __version__
from noroshi.errors import InputError
from noroshi.formats.asterix import Stations
from noroshi.live import clock as clocks
from noroshi.live import command, inputs, recover
from noroshi.live.clock import Done, ExerciseClock, Tick, WallClock
from noroshi.live.door import Door
from noroshi.live.exchange import Exchange
from noroshi.live.health import Health, Offsets, Tap
from noroshi.live.home import Home
from noroshi.live.liaison import Liaison
from noroshi.live.logs import say
from noroshi.live.nats import NatsTransport
from noroshi.live.people import People
from noroshi.live.server import Server
from noroshi.live.service import Lines, Service
from noroshi.live.store import Store
from noroshi.node.state import Node
from noroshi.records.labels import marking
from noroshi.records.messages import Message
from noroshi.records.tasking import Cue
from noroshi.sharing.guard import Border

CHECKPOINTS = "checkpoints"
PID = "node.pid"
_WATCH_S = 0.5
# A partner's node says within this what it took; longer nobody waits for it at the end, s.
_SETTLE_S = 3.0
_RECEIPT_AFTER_S = 0.5


@dataclass(frozen=True)
class Prepared:
    """What a node runs with: itself, the lines that an exercise emulates, its ASTERIX stations."""

    node: Node
    lines: Lines | None = None
    stations: Stations | None = None


async def run(home: Home, prepared: Prepared, leash: bool = False) -> None:
    """Run until SIGTERM, SIGINT or (on a `leash`) the end of standard input; then stop in order.

    Raises InputError, and what a server or a disk says that cannot go on.
    """
    if home.settings.clock.kind == "exercise" and not home.exercise:
        where = str(home.folder / "node.toml")
        raise InputError(where, "clock.kind", "exercise", "is for exercises; this node is live.", '"wall".')
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(home, prepared, stop) as node:
        loop.add_signal_handler(signal.SIGHUP, node.liaison.reload)
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(node.work())]
        if leash:
            ends.append(asyncio.create_task(on_leash(stop)))
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
            await node.settle()
        finally:
            for one in ends:
                one.cancel()
            await asyncio.gather(*ends, return_exceptions=True)


@dataclass
class Running:
    """The parts of a node that runs."""

    home: Home
    server: Server
    transport: NatsTransport
    clock: WallClock | ExerciseClock
    store: Store
    service: Service
    exchange: Exchange
    liaison: Liaison
    health: Health
    door: Door
    offsets: Offsets
    national: Any

    async def work(self) -> None:
        """Drive it until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.exchange.run())
            tasks.create_task(self._keep_server())
            tasks.create_task(self._sample_clocks())
            await self.door.attach(self.national)
            if isinstance(self.clock, ExerciseClock):
                await clocks.heed(self.national, self.home.nation, self._tick)
            else:
                tasks.create_task(self._seconds(self.clock))

    async def settle(self) -> None:
        """Let partners say what they took, and say it to them."""
        if any(state == "up" for state in self.exchange.links.values()):
            await self.exchange.settled(_SETTLE_S, taken=True)
            await asyncio.sleep(2 * _RECEIPT_AFTER_S)

    async def _seconds(self, clock: WallClock) -> None:
        async for t_s in clock.seconds():
            await self.service.second(float(t_s))

    async def _tick(self, tick: Tick) -> Done:
        assert isinstance(self.clock, ExerciseClock)
        await self.clock.advance(tick.t_s)
        if not tick.step:
            return Done(tick.t_s)
        return await self.service.second(tick.t_s, tick.plots, tick.sightings, tick.expect)

    async def _sample_clocks(self) -> None:
        while True:
            for partner in self.home.partners:
                self.offsets.sample(partner)
            await asyncio.sleep(1.0)

    async def _keep_server(self) -> None:
        """A server that ended is started again: what is journaled goes on from there."""
        while True:
            await asyncio.sleep(_WATCH_S)
            if not self.server.alive:
                say("server ended; it is started again", logging.WARNING)
                await self.server.start()


@asynccontextmanager
async def running(home: Home, prepared: Prepared, stop: asyncio.Event) -> AsyncIterator[Running]:
    """A node with everything begun that it needs, and all of it ended in order."""
    async with AsyncExitStack() as stack:
        pid = home.folder / PID
        pid.write_text(f"{os.getpid()}\n")
        stack.callback(pid.unlink, missing_ok=True)
        server = Server(home)
        await server.start()
        stack.push_async_callback(server.stop)
        transport = await stack.enter_async_context(NatsTransport(home))
        national = await transport.national()
        stack.push_async_callback(national.close)
        exercise = home.settings.clock.kind == "exercise"
        clock = ExerciseClock() if exercise else WallClock(home.epoch_unix_s)
        store = Store.open(home.journal_path, home.signer, nation=home.nation, clock=clock)
        stack.callback(store.close)
        found = await asyncio.to_thread(recover.past, store.entries())
        if isinstance(clock, ExerciseClock) and found.steps:
            await clock.advance(found.steps[-1]["t_s"])
        tap = Tap(store)
        tap.watchers.append(_said)

        async def tasking(cues: Sequence[Cue]) -> None:
            rows = [inputs.cue_row(cue) for cue in cues]
            await national.publish(f"tasking.{home.nation}", cbor2.dumps(rows))

        folder = home.folder / CHECKPOINTS
        service = Service(prepared.node, tap, clock, prepared.lines, tasking, folder)
        stack.push_async_callback(service.stop)
        tap.watchers.append(service.heard)

        def take(message: Message, due_s: float | None, partner: str) -> None:
            if liaison.takes(message):
                liaison.take(message, partner)
            else:
                service.take(message, due_s, partner)

        exchange = Exchange(
            home.nation,
            borders(home, prepared.node),
            cast(Store, tap),
            transport,
            home.signer,
            home.keyring,
            clock,
            take,
            sign_post_quantum=home.settings.post_quantum.sign,
            need_post_quantum=home.settings.post_quantum.need,
            receipt_after_s=_RECEIPT_AFTER_S,
        )
        service.borders = exchange

        def changed(now: Home) -> None:
            # Borders and links are made once: whoever runs the node starts it again.
            say("partners changed; the node ends and must be started again", logging.WARNING)
            stop.set()

        liaison = Liaison(home, exchange, clock, changed=changed)
        liaison.people = People(home, prepared.node.desk.table, clock, tap, service.take).order
        stack.callback(liaison.close)
        commands = await command.serve(home, liaison)
        stack.push_async_callback(commands.close)
        head = {"t_s": clock.now_s(), "node": home.nation}
        told = {"version": __version__, "marking": marking(home.exercise)}
        await tap.append({**head, "event": "started", **told})
        await service.resume(found, lambda message: not liaison.takes(message))
        door = Door(
            prepared.node.desk, clock, tap, service.sense, home.epoch_unix_s, home.exercise, prepared.stations
        )
        offsets = Offsets(transport.offset_s, transport.round_trip_s)
        health = Health(home, service, exchange, tap, clock, offsets, door)
        if home.settings.server.metrics_port:
            await health.serve(home.settings.server.metrics_port)
            stack.push_async_callback(health.stop)
        say(
            "node runs",
            marking=marking(home.exercise),
            partners=sorted(home.partners),
            steps=len(found.steps),
        )
        node = Running(
            home, server, transport, clock, store, service, exchange, liaison, health, door, offsets, national
        )
        # What stands by now stays: a full collection would hold up messages for a fifth of a second.
        gc.collect()
        gc.freeze()
        try:
            yield node
        finally:
            gc.unfreeze()
            with suppress(OSError):
                await tap.append({"t_s": clock.now_s(), "node": home.nation, "event": "stopped"})
            say("node stops")


def borders(home: Home, node: Node) -> Mapping[str, Border]:
    """A border to each partner, under this nation's policy."""
    return {
        partner: Border(
            home.nation, partner, home.exercise, home.epoch_utc, node.desk.table, tuple(home.positions)
        )
        for partner in home.partners
    }


def _said(entry: Mapping[str, Any]) -> None:
    """What people at the console must see of the journal."""
    if entry["event"] == "link":
        level = logging.INFO if entry["state"] == "up" else logging.WARNING
        say(
            f"link to {entry['partner']} is {entry['state']}",
            level,
            partner=entry["partner"],
            state=entry["state"],
        )
    elif entry["event"] in ("alert", "update", "cancel"):
        say(entry["event"], logging.WARNING, areas=entry.get("areas"), alert=entry.get("alert"))
    elif entry["event"] == "refused":
        fields = {name: entry[name] for name in ("partner", "sensor", "message") if name in entry}
        say("refused", logging.WARNING, reason=entry.get("reason"), detail=entry.get("detail"), **fields)


async def on_leash(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: whoever started this process is gone, however it went."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    stop.set()
