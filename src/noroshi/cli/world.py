"""noroshi world: the world of a live exercise, in a process of its own. Nodes get detections from it only."""

import asyncio
import json
import math
import pickle
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from noroshi.exercise.stage import Stage
    from noroshi.live.clock import Done, Tick

# Until nodes have loaded what they run with; then, what a second may take before the world goes on without.
_READY_S = 300.0
_NOW_S = 5.0


def world(
    scenario: Annotated[Path, typer.Argument(metavar="FILE")],
    homes: Annotated[Path, typer.Option(help="Folder of the nations' homes.")],
    account: Annotated[Path, typer.Option(help="File for what only the director may know.")],
    seed: Annotated[int, typer.Option()] = 0,
    speed: Annotated[
        float, typer.Option(help="Seconds of exercise in a second; 0: as fast as it goes.")
    ] = 0.0,
    until: Annotated[float, typer.Option()] = math.inf,
    patience: Annotated[float, typer.Option(help="How long a second waits for a node, s.")] = 30.0,
    leash: Annotated[bool, typer.Option("--leash")] = False,
) -> None:
    """Play the world for the nodes of an exercise (noroshi exercise starts it)."""
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.exercise.stage import Stage
    from noroshi.exercise.world import build
    from noroshi.live.home import load_home

    played = load_scenario(scenario)
    stage = Stage(build(played, seed))
    found = {nation: load_home(homes / nation) for nation in played.nations}
    asyncio.run(World(stage, found, speed, until, patience).run(account, leash))


class World:
    """The seconds of an exercise: told to every nation, and gone on from when all have lived through them."""

    def __init__(
        self, stage: "Stage", homes: dict[str, Any], speed: float, until: float, patience: float
    ) -> None:
        self.stage, self.homes, self.speed, self.patience = stage, homes, speed, patience
        self.end_s = min(until, stage.world.scenario.duration_s)
        self.wakes = dict.fromkeys(homes, math.inf)
        self.idle = dict.fromkeys(homes, True)
        # Messages that partners hold and may not know yet: when, to whom, which.
        self.on_the_way: list[tuple[float, str, str]] = []
        self.owed: dict[str, list[Tick]] = {}
        self.late: list[tuple[float, str]] = []
        self.stopped = asyncio.Event()
        self.connections: dict[str, Any] = {}

    async def run(self, account: Path, leash: bool) -> None:
        """Play to the end, or until asked to stop; then leave the director's account."""
        from noroshi.live.running import on_leash

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopped.set)
        held = asyncio.create_task(on_leash(self.stopped)) if leash else None
        try:
            await self.connect()
            await self.seconds(self._say)
        finally:
            watch = self.stage.watch
            kept = {"seen": watch.seen, "account": watch.account, "first": watch.first, "late": self.late}
            part = account.with_suffix(".part")
            part.write_bytes(pickle.dumps(kept))
            part.replace(account)
            await self.close()
            if held is not None:
                held.cancel()

    async def connect(self) -> None:
        """Connect to the nations' servers, which may still be starting. Raises what stood in the way."""
        from noroshi.live.nats import NatsTransport

        until_s = time.monotonic() + _READY_S
        for nation, home in self.homes.items():
            while not self.stopped.is_set():
                try:
                    self.connections[nation] = await NatsTransport(home).national()
                    break
                except Exception:  # its server is still to come, in whatever way that shows
                    if time.monotonic() > until_s:
                        raise
                    await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Leave the servers."""
        await asyncio.gather(*(one.close() for one in self.connections.values()), return_exceptions=True)

    async def seconds(self, say: Callable[[int], None] = lambda t_s: None) -> None:
        """One second after the other, to the end."""
        t_s, within_s = 0, _READY_S
        began: float | None = None
        while t_s <= self.end_s and not self.stopped.is_set():
            await self._second(t_s, within_s)
            within_s = self.patience
            say(t_s)
            began = time.monotonic() - t_s / self.speed if began is None and self.speed else began
            idle = not self.on_the_way and not self.owed and all(self.idle.values())
            if self.stage.over(t_s, idle):
                break
            t_s = self.stage.next_s(t_s, [*self.wakes.values(), *(one[0] for one in self.on_the_way)])
            if self.owed:
                t_s = min(t_s, int(max(ticks[-1].t_s for ticks in self.owed.values())) + 1)
            if began is not None:
                await self._sleep(began + t_s / self.speed - time.monotonic())

    async def _second(self, t_s: int, within_s: float) -> None:
        from noroshi.live.clock import Tick

        plots = self.stage.plots(t_s)
        seen: dict[str, list[Any]] = {}
        for arrives_s, nation, sighting in self.stage.sightings(t_s):
            seen.setdefault(nation, []).append((arrives_s, sighting))
        due = [one for one in self.on_the_way if one[0] <= t_s]
        self.on_the_way = [one for one in self.on_the_way if one[0] > t_s]
        ticks: dict[str, list[Tick]] = {}
        for nation in self.homes:
            tick = Tick(
                t_s,
                tuple(plots.get(nation, ())),
                tuple(seen.get(nation, ())),
                tuple(name for _, to, name in due if to == nation),
            )
            ticks[nation] = [*self.owed.pop(nation, ()), tick]
        # First what time it is, to all: else a message of this second would come from the future.
        now = {nation: [Tick(t_s, step=False)] for nation in self.homes}
        await self._ask(now, min(within_s, _NOW_S) if t_s else within_s)
        for nation, answers in (await self._ask(ticks, within_s)).items():
            for done in answers:
                self.wakes[nation], self.idle[nation] = done.wake_s, done.idle
                self.on_the_way += [(due_s, to, name) for to, name, due_s in done.sent]
                for cue in done.cues:
                    self.stage.task(cue)
            if left := ticks[nation][len(answers) :]:
                # It gets these seconds one by one, when it is there again.
                self.late.append((float(t_s), nation))
                self.owed[nation] = left

    async def _ask(self, ticks: "dict[str, list[Tick]]", within_s: float) -> "dict[str, list[Done]]":
        """What each nation answered to its ticks, up to the first that it did not answer in time."""
        from noroshi.live import clock

        async def through(nation: str) -> "list[Done]":
            found: list[Done] = []
            for tick in ticks[nation]:
                done = await clock.ask(self.connections[nation], nation, tick, within_s)
                if done is None:
                    break
                found.append(done)
            return found

        stop = asyncio.create_task(self.stopped.wait())
        answers = asyncio.gather(*map(through, ticks))
        waiting: list[asyncio.Future[Any]] = [answers, stop]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not answers.done():
            answers.cancel()
            return {}
        return dict(zip(ticks, answers.result(), strict=True))

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self.stopped.wait()
            except TimeoutError:
                pass

    def _say(self, t_s: int) -> None:
        """How far it is, for whoever reads our log."""
        told = {"t_s": t_s, "end_s": min(self.end_s, self.stage.world.end_s), "late": len(self.late)}
        print(json.dumps(told), file=sys.stdout, flush=True)
