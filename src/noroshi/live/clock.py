"""What time it is at a node: the wall's clock, or the seconds that the world of an exercise counts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cbor2

from noroshi.errors import Refused
from noroshi.live import inputs
from noroshi.records.detections import Plot, Sighting
from noroshi.records.tasking import Cue


class Clock(Protocol):
    """Seconds after the federation's epoch, and this machine's own."""

    def now_s(self) -> float:
        """Seconds after the epoch."""
        ...

    def unix_s(self) -> float:
        """Seconds of this machine's wall clock, by which keys hold."""
        ...

    async def sleep_until(self, t_s: float) -> None:
        """Wait until it is `t_s` after the epoch."""
        ...


@dataclass(frozen=True)
class WallClock:
    """The machine's own clock, counted from the epoch."""

    epoch_unix_s: float

    def now_s(self) -> float:
        """Seconds after the epoch."""
        return time.time() - self.epoch_unix_s

    def unix_s(self) -> float:
        """Seconds of this machine's wall clock."""
        return time.time()

    async def sleep_until(self, t_s: float) -> None:
        """Wait; where the clock is set back meanwhile, longer."""
        while (left_s := t_s - self.now_s()) > 0:
            await asyncio.sleep(min(left_s, 1.0))

    async def seconds(self) -> AsyncIterator[int]:
        """Each whole second as it begins; those that passed while the last one was worked at are left out."""
        t_s = int(self.now_s())
        while True:
            t_s = max(t_s + 1, int(self.now_s()))
            await self.sleep_until(t_s)
            yield t_s


class ExerciseClock:
    """The second that the world named last. It goes on by its word alone, and never back."""

    def __init__(self, t_s: float = 0.0) -> None:
        self._t_s = t_s
        self._moved = asyncio.Condition()

    def now_s(self) -> float:
        """Seconds after the epoch."""
        return self._t_s

    def unix_s(self) -> float:
        """Seconds of this machine's wall clock: keys are of today, whatever day is played."""
        return time.time()

    async def advance(self, t_s: float) -> None:
        """It is `t_s` now."""
        async with self._moved:
            self._t_s = max(self._t_s, t_s)
            self._moved.notify_all()

    async def sleep_until(self, t_s: float) -> None:
        """Wait for the world."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._t_s >= t_s)


@dataclass(frozen=True)
class Tick:
    """One second as the world tells it to one nation: what its sensors and people report, and what to await.

    `sightings` come with the time of their arrival. `expect` are ids of messages whose partners hold receipts
    and that are due by now: the step waits for them. Not `step`, it only says what time it is, so that no
    partner's message of this second finds an older clock.
    """

    t_s: float
    plots: tuple[Plot, ...] = ()
    sightings: tuple[tuple[float, Sighting], ...] = ()
    expect: tuple[str, ...] = ()
    step: bool = True

    def encode(self) -> bytes:
        """CBOR."""
        plots = [inputs.plot_row(plot) for plot in self.plots]
        sightings = [[at_s, *inputs.sighting_row(one)] for at_s, one in self.sightings]
        return cbor2.dumps([float(self.t_s), plots, sightings, list(self.expect), self.step])


def tick_of(data: bytes) -> Tick:
    """The tick of a message. Raises Refused("shape")."""
    try:
        t_s, plots, sightings, expect, step = cbor2.loads(data)
        seen = tuple((float(row[0]), inputs.sighting_of(row[1:])) for row in sightings)
        return Tick(float(t_s), tuple(inputs.plots_of(plots)), seen, tuple(map(str, expect)), bool(step))
    except (cbor2.CBORError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise Refused("shape", f"no tick: {error}") from error


@dataclass(frozen=True)
class Done:
    """A node's answer to a tick: where its radars shall look, what it wrote, and when it wants to step again.

    `sent` are (recipient, id, due_s) of messages that partners hold since the last answer; `idle` that its
    people have nothing to do and every partner holds what it wrote. `took_ms` is what the second cost it.
    """

    t_s: float
    cues: tuple[Cue, ...] = ()
    sent: tuple[tuple[str, str, float], ...] = ()
    wake_s: float = float("inf")
    idle: bool = True
    took_ms: float = 0.0

    def encode(self) -> bytes:
        """CBOR."""
        cues = [inputs.cue_row(cue) for cue in self.cues]
        return cbor2.dumps(
            [self.t_s, cues, [list(one) for one in self.sent], self.wake_s, self.idle, self.took_ms]
        )


def done_of(data: bytes) -> Done:
    """The answer of a message. Raises Refused("shape")."""
    try:
        t_s, rows, sent, wake_s, idle, took_ms = cbor2.loads(data)
        held = tuple((str(to), str(name), float(due_s)) for to, name, due_s in sent)
        cues = tuple(inputs.cue_of(row) for row in rows)
        return Done(float(t_s), cues, held, float(wake_s), bool(idle), float(took_ms))
    except (cbor2.CBORError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise Refused("shape", f"no answer to a tick: {error}") from error


def subject(nation: str) -> str:
    """Where a nation's node hears the world, in its national account."""
    return f"clock.{nation}"


async def heed(connection: Any, nation: str, take: Callable[[Tick], Awaitable[Done]]) -> Any:
    """Answer the world's ticks over an open connection until it ends; returns the subscription.

    A tick that cannot be read is answered with nothing, and the world asks again.
    """

    async def heard(message: Any) -> None:
        try:
            tick = tick_of(message.data)
        except Refused:
            return
        await message.respond((await take(tick)).encode())

    return await connection.subscribe(subject(nation), cb=heard)


async def ask(connection: Any, nation: str, tick: Tick, within_s: float, every_s: float = 2.0) -> Done | None:
    """Tell a nation's node a tick until it answers; None when it has not `within_s`.

    Asking again does no harm: a node steps each second once and gives the same answer.
    """
    from nats import errors

    data, until_s = tick.encode(), time.monotonic() + within_s
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            answer = await connection.request(subject(nation), data, timeout=min(left_s, every_s))
            done = done_of(answer.data)
        except (errors.NoRespondersError, errors.ConnectionClosedError, errors.ConnectionReconnectingError):
            # Its server or its node is not there (yet): a moment, not a busy loop.
            await asyncio.sleep(min(left_s, 0.1))
        except (errors.TimeoutError, TimeoutError, errors.Error, OSError, Refused):
            await asyncio.sleep(min(left_s, 0.02))
        else:
            if done.t_s == tick.t_s:
                return done
    return None
