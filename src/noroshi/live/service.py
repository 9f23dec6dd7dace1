"""One nation's node on a clock: what comes in is journaled, stepped, and what goes out is durable.

The second is the step's unit, as in a simulated run: everything that has arrived by then goes in, in the same
order, and node.step does the rest. The service adds what a run need not have: inputs are written before the
step, so that a crash repeats it; an input on which the step fails is set aside; what is late is marked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from noroshi.errors import Refused
from noroshi.live import recover
from noroshi.live.clock import Clock, Done
from noroshi.node.state import Dispatch, Node
from noroshi.node.step import wake_s
from noroshi.records.detections import Plot, Sighting
from noroshi.records.messages import Message, lane
from noroshi.records.tasking import Cue
from noroshi.sharing.release import Decision

# So long after it was written (or, over an emulated line, was due) a message is catch-up; by lane: warnings,
# tracks, bulk. Lines take a second or two; a track is worth a minute.
LATE_S = (10.0, 20.0, 300.0)
_CHECKPOINT_EVERY = 200  # steps
_REMEMBERED = 100_000  # messages; what is older the exchange refuses as stale
_AGAIN_S = 0.5  # between two tries at a disk that fails


class Journal(Protocol):
    """What the service asks of the journal; health.Tap is one that counts."""

    def put(self, entry: dict[str, Any]) -> "asyncio.Future[int]":
        """The entry's number once it is on the disk; order of calls is order of lines."""
        ...


class Borders(Protocol):
    """What the service asks of the exchange."""

    async def send(self, message: Message, to: str, due_s: float | None = None) -> Decision:
        """Judge, seal and journal a message for a partner; returns when that is on the disk."""
        ...


class Line(Protocol):
    """What an emulated line made of a message, as exercise.stage.Carried has it."""

    @property
    def event(self) -> str:
        """Name of the journal's line."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """The rest of the journal's line."""
        ...

    @property
    def arrives_s(self) -> float | None:
        """When it arrives; None for never."""
        ...


Lines = Callable[[Message, str, str, float], Line]


@dataclass(frozen=True)
class Bounds:
    """How long a second may wait for others, s: for messages that are due, and for partners' receipts."""

    expected_s: float = 10.0
    receipts_s: float = 10.0


@dataclass
class Counts:
    """What health shows of a service."""

    steps: int = 0
    crashes: int = 0
    late: int = 0
    took_ms: float = 0.0
    wait_ms: float = 0.0
    arrived: dict[str, int] = field(default_factory=dict)
    recovered: str = ""


class Service:
    """One nation. `take` is for its exchange, `second` for its clock, `sense` for its sensor door."""

    def __init__(
        self,
        node: Node,
        journal: Journal,
        clock: Clock,
        lines: Lines | None = None,
        tasking: Callable[[Sequence[Cue]], Awaitable[None]] | None = None,
        checkpoints: Path | None = None,
        bounds: Bounds | None = None,
        checkpoint_every: int = _CHECKPOINT_EVERY,
    ) -> None:
        self.node, self.nation, self.clock = node, node.desk.nation, clock
        self.borders: Borders | None = None
        self.counts = Counts()
        self.steps, self.last_s = 0, float("-inf")
        self._journal, self._lines, self._tasking = journal, lines, tasking
        self._checkpoints, self._every = checkpoints, checkpoint_every
        self._bounds = bounds or Bounds()
        self._plots: list[Plot] = []
        self._arrived: list[tuple[float, Message]] = []
        self._here: set[str] = set()
        self._changed = asyncio.Condition()
        self._lock = asyncio.Lock()
        # Messages that a step has taken, or that a journal holds: what comes again is not new.
        self._old: dict[str, None] = {}
        self._answer = Done(float("-inf"))
        # Handed to the exchange, by recipient and id, with the time at which it is due; then, with a receipt.
        self._out: dict[tuple[str, str], float] = {}
        self._held: list[tuple[str, str, float]] = []
        self._background: set[asyncio.Task[None]] = set()
        # Prepared shapes answer one thread at a time; kernels would hold up links on the loop's own.
        self._thread = ThreadPoolExecutor(1, "step")

    async def resume(
        self, found: recover.Past, mine: Callable[[Message], bool] = lambda message: True
    ) -> None:
        """Come to where the journal ends, before anything new: see recover.

        `mine` tells messages for the node from those that something else at home answers.
        """
        waiting = [one for one in found.waiting if mine(one[1])]
        self._arrived.extend(waiting)
        self._here.update(message.id for _, message in waiting)
        self._old = dict.fromkeys(found.messages)
        been = await self._apart(recover.recover, self.node, found, self._checkpoints)
        self.node = been.node
        if been.given is None or been.outcome is None:
            return
        self.last_s, self.steps = been.given.t_s, len(found.steps)
        self.counts.recovered = been.begins
        await self._write(
            {
                **self._head("recovered", been.given.t_s),
                "begins": been.begins,
                "steps": been.steps,
                "differs": been.differs,
                "missing": len(been.missing),
                "took_s": round(been.took_s, 3),
            },
            *been.missing,
        )
        await self._carry_out(been.given.t_s, been.outcome, found)

    def take(self, message: Message, due_s: float | None, partner: str) -> None:
        """Take a partner's message in; the step of the second in which it is due gets it."""
        if message.id in self._old:
            return
        now_s = self.clock.now_s()
        at_s = now_s if due_s is None else due_s
        self._arrived.append((at_s, message))
        self.counts.arrived[message.origin] = self.counts.arrived.get(message.origin, 0) + 1
        age_s = now_s - max(message.created_s, message.created_s if due_s is None else due_s)
        if age_s > LATE_S[lane(message.kind)]:
            self.counts.late += 1
            told = {"message": message.id, "kind": message.kind, "origin": message.origin, "partner": partner}
            self._later({**self._head("late", now_s), **told, "age_s": round(age_s, 3)})
        self._known(message.id)

    def heard(self, entry: Mapping[str, Any]) -> None:
        """Take note of what the exchange journals: receipts, and messages that will never be handed out."""
        event = entry.get("event")
        if event in ("receipt", "expired") or (event == "refused" and entry.get("direction") == "out"):
            key = str(entry.get("to") or entry.get("partner")), str(entry.get("message"))
            due_s = self._out.pop(key, None)
            if event == "receipt" and due_s is not None:
                self._held.append((*key, due_s))
        elif event != "refused" or "message" not in entry:
            return
        self._known(str(entry.get("message")))

    def sense(self, plots: Sequence[Plot]) -> None:
        """Take plots of own sensors; the next second's step gets them."""
        self._plots.extend(plots)

    async def second(
        self,
        t_s: float,
        plots: Sequence[Plot] = (),
        sightings: Sequence[tuple[float, Sighting]] = (),
        expect: Sequence[str] = (),
    ) -> Done:
        """Live through one second, once: asked again, the answer is the same."""
        async with self._lock:
            if t_s <= self.last_s:
                return self._answer if t_s == self.last_s else Done(t_s)
            began = time.monotonic()
            await self._await(t_s, expect)
            waited = time.monotonic()
            mine, self._plots = self._plots, []
            arrived = [one for one in self._arrived if round(one[0], 3) <= t_s]
            self._arrived = [one for one in self._arrived if round(one[0], 3) > t_s]
            given = recover.arranged(t_s, [*plots, *mine], [*arrived, *sightings])
            cues: tuple[Cue, ...] = ()
            if given.inbox or expect or self._wake_s() <= t_s:
                cues = await self._step(given)
            await self._receipts()
            self.counts.wait_ms = (waited - began) * 1e3
            self.counts.took_ms = (time.monotonic() - began) * 1e3
            return self._tell(t_s, cues)

    async def stop(self) -> None:
        """Wait for what is being written, and for the step that is being taken."""
        async with self._lock:
            if self._background:
                await asyncio.wait(self._background)
            self._thread.shutdown()

    async def _step(self, given: recover.Inputs) -> tuple[Cue, ...]:
        # The step needs no disk: it is taken while its inputs are being written.
        _, outcome = await asyncio.gather(
            self._write(given.entry(self.nation)), self._apart(recover.taken, self.node, given)
        )
        self.steps += 1
        self.counts.steps += 1
        self.counts.crashes += len(outcome.aside)
        self.node, self.last_s = outcome.node, given.t_s
        names = [item.id for _, item in given.arrived if isinstance(item, Message)]
        self._here.difference_update(names)
        self._old.update(dict.fromkeys(names))
        for name in list(self._old)[: max(0, len(self._old) - _REMEMBERED)]:
            del self._old[name]
        await self._write(*recover.output(self.nation, given, outcome))
        await self._carry_out(given.t_s, outcome)
        if self._checkpoints is not None and self.steps % self._every == 0:
            await self._checkpoint(given.t_s)
        return tuple(outcome.out.cues)

    async def _carry_out(
        self, t_s: float, outcome: recover.Outcome, found: recover.Past | None = None
    ) -> None:
        """Send what a step wrote; `found` is what a former process did of it already."""
        told = [
            line for line in (found.lines.get(t_s, ()) if found else ()) if line["event"] in recover.CARRIED
        ]
        lines: list[dict[str, Any]] = []
        sends: list[tuple[Dispatch, float | None]] = []
        for number, dispatch in enumerate(outcome.out.dispatches):
            due_s = None
            if self._lines is not None:
                line = self._lines(dispatch.message, self.nation, dispatch.to, t_s)
                if number >= len(told):
                    lines.append({**self._head(line.event, t_s), **line.fields, "step": t_s})
                if (due_s := line.arrives_s) is None:
                    continue
            key = dispatch.to, dispatch.message.id
            if found is not None and (dispatch.message.id, dispatch.to) in found.receipts:
                self._held.append((*key, due_s or t_s))
                continue
            self._out[key] = due_s or t_s
            if found is None or (dispatch.message.id, dispatch.to) not in found.gone:
                sends.append((dispatch, due_s))
        await self._write(*lines)
        # Each begins before the next, so that they are journaled in this order, and one sync serves all.
        await asyncio.gather(*(self._send(dispatch, due_s) for dispatch, due_s in sends))
        if outcome.out.cues and self._tasking is not None:
            await self._tasking(outcome.out.cues)
        if found is not None:
            self._tell(t_s, tuple(outcome.out.cues))

    async def _send(self, dispatch: Dispatch, due_s: float | None) -> None:
        message, to = dispatch.message, dispatch.to
        while self.borders is not None:
            try:
                decision = await self.borders.send(message, to, due_s)
                if not decision.allowed:
                    # Said by the exchange, with its reason.
                    self._out.pop((to, message.id), None)
                return
            except OSError:
                # A full disk: nothing is lost that waits here, and nothing is sent that is not on it.
                await asyncio.sleep(_AGAIN_S)
            except Refused as refused:
                self._out.pop((to, message.id), None)
                told = {"reason": refused.code, "detail": refused.reason, "direction": "out", "partner": to}
                line = {"message": message.id, "kind": message.kind, "origin": message.origin, **told}
                await self._write({**self._head("refused", self.last_s), **line})
                return

    def _tell(self, t_s: float, cues: tuple[Cue, ...]) -> Done:
        sent, self._held = tuple(self._held), []
        done = Done(
            float(t_s),
            cues,
            sent,
            self._next_s(t_s),
            not self.node.pending and not self._out and not self._arrived,
            self.counts.took_ms,
        )
        if t_s == self.last_s:
            self._answer = done
        return done

    def _wake_s(self) -> float:
        return wake_s(self.node, self.last_s) if self.steps else float("inf")

    def _next_s(self, t_s: float) -> float:
        """When the next second is worth a look: for the node, for what waits here, for receipts to come."""
        due_s = min((at_s for at_s, _ in self._arrived), default=float("inf"))
        return min(self._wake_s(), due_s, t_s + 1 if self._out else float("inf"))

    async def _await(self, t_s: float, expect: Sequence[str]) -> None:
        """Wait for messages that partners' lines would have brought by now."""
        wanted = set(expect) - self._old.keys()
        try:
            async with asyncio.timeout(self._bounds.expected_s), self._changed:
                await self._changed.wait_for(lambda: wanted <= self._here)
        except TimeoutError:
            missing = sorted(wanted - self._here)
            await self._write({**self._head("awaited", t_s), "messages": missing})

    async def _receipts(self) -> None:
        """Wait until partners hold what this step wrote, but not for ever: the way may be cut."""
        try:
            async with asyncio.timeout(self._bounds.receipts_s), self._changed:
                await self._changed.wait_for(lambda: not self._out)
        except TimeoutError:
            pass

    def _known(self, name: str) -> None:
        self._here.add(name)
        self._soon(self._notify())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _checkpoint(self, t_s: float) -> None:
        assert self._checkpoints is not None
        try:
            line = await self._apart(recover.write_checkpoint, self.node, self.steps, t_s, self._checkpoints)
        except (OSError, TypeError, AttributeError) as error:
            # It only spares time; the journal has the whole way.
            line = {**self._head("no_checkpoint", t_s), "detail": recover.digest(error)}
        await self._write(line)

    async def _write(self, *entries: dict[str, Any]) -> None:
        """On the disk, in this order, however long it takes: what is not written has not happened."""
        left = list(entries)
        while left:
            results = await asyncio.gather(*map(self._journal.put, left), return_exceptions=True)
            failed = [number for number, result in enumerate(results) if isinstance(result, BaseException)]
            if not failed:
                return
            error = results[failed[0]]
            if not isinstance(error, OSError):
                raise error  # type: ignore[misc]
            left = left[failed[0] :]
            await asyncio.sleep(_AGAIN_S)

    def _later(self, entry: dict[str, Any]) -> None:
        self._soon(self._write(entry))

    def _soon(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _apart(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    def _head(self, event: str, t_s: float) -> dict[str, Any]:
        return {"t_s": round(float(t_s), 3), "node": self.nation, "event": event}
