"""Reading one stream in order, over crashes of the server and of ourselves.

The server keeps no place for us. It pushes from a sequence on to a consumer that lives in its memory; when a
sequence is missing or nothing is heard, not even that there is nothing, we ask again from where we were. What
we have on our own disk is purged, so the first that the stream still holds is where a new process begins;
what it then meets twice, the exchange knows.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

HEARTBEAT_S = 1.0
SILENT_S = 3.0
ASK_S = 3.0
RETRY_S = 0.2
PURGE_EVERY_S = 1.0
# What is missing is asked for so often; then it is passed over.
ASK_AGAIN = 3

_LOG = logging.getLogger(__name__)
_SECOND = 1_000_000_000  # of JetStream's API: nanoseconds
_GONE = (NatsError, OSError, TimeoutError, ValueError, KeyError)


class Arrivals:
    """Messages of a stream with their sequences; `ack(sequence)` gives what lets go of all up to it."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client, self._stream = client, stream
        self._next = 0  # the sequence to come; 0: whatever is first
        self._done = 0  # the last that is on our own disk
        self._heard: asyncio.Queue[Msg] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._missing, self._asked = 0, 0
        self._purging: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Arrivals":
        self._purging = asyncio.create_task(self._purge())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._purging is not None:
            self._purging.cancel()
            await asyncio.gather(self._purging, return_exceptions=True)
        await self._leave()

    async def __aiter__(self) -> AsyncIterator[tuple[int, Msg]]:
        while True:
            await self._ask()
            while True:
                try:
                    message = await asyncio.wait_for(self._heard.get(), SILENT_S)
                except TimeoutError:
                    break  # no heartbeat either: the consumer is gone
                if message.subject == self._inbox:
                    if not await self._control(message):
                        break
                    continue
                sequence = _sequence(message)
                if sequence is None or (self._next and sequence < self._next):
                    continue
                if self._next and sequence != self._next and not self._unreadable(sequence):
                    break  # something between was lost on its way to us
                self._next = sequence + 1
                yield sequence, message

    def ack(self, sequence: int) -> Callable[[], Awaitable[None]]:
        """What to call when this one and all before it are on our own disk."""

        async def acknowledge() -> None:
            self._done = max(self._done, sequence)

        return acknowledge

    def _unreadable(self, sequence: int) -> bool:
        """Whether what is missing before `sequence` was asked for again and never reaches us.

        A partner can write headers that the client drops; that must not end what comes after.
        """
        if self._missing != self._next:
            self._missing, self._asked = self._next, 0
        self._asked += 1
        if self._asked < ASK_AGAIN:
            return False
        _LOG.warning("%s: %d to %d cannot be read", self._stream, self._next, sequence - 1)
        return True

    async def _control(self, message: Msg) -> bool:
        """A heartbeat or a request of flow control; False where a heartbeat says that we missed something."""
        if (
            message.reply
        ):  # flow control: answered when all before it was read, so the server does not run away
            await self._client.publish(message.reply, b"")
            return True
        headers = message.headers or {}
        last = headers.get("Nats-Last-Stream")
        return not (last and self._next and last.isdigit() and int(last) >= self._next)

    async def _ask(self) -> None:
        """A new consumer from `_next` on, tried until there is one."""
        while True:
            await self._leave()
            self._inbox = inbox = self._client.new_inbox()
            # A new queue: what an old consumer still sends is not heard.
            heard: asyncio.Queue[Msg] = asyncio.Queue()
            self._heard = heard

            async def hear(message: Msg, heard: "asyncio.Queue[Msg]" = heard) -> None:
                heard.put_nowait(message)

            start: dict[str, Any] = {"deliver_policy": "all"}
            if self._next:
                start = {"deliver_policy": "by_start_sequence", "opt_start_seq": self._next}
            config = {
                **start,
                "deliver_subject": inbox,
                "ack_policy": "none",
                "max_deliver": 1,
                "replay_policy": "instant",
                "flow_control": True,
                "idle_heartbeat": int(HEARTBEAT_S * _SECOND),
                "inactive_threshold": 10 * _SECOND,
                "mem_storage": True,
                "num_replicas": 1,
            }
            try:
                self._subscription = await self._client.subscribe(inbox, cb=hear)
                body = json.dumps({"stream_name": self._stream, "config": config}).encode()
                call = f"$JS.API.CONSUMER.CREATE.{self._stream}"
                answer = json.loads((await self._client.request(call, body, timeout=ASK_S)).data)
                if "error" not in answer:
                    return
                _LOG.warning("%s: %s", self._stream, answer["error"].get("description"))
            except _GONE as error:
                _LOG.debug("%s: %s", self._stream, type(error).__name__)
            await asyncio.sleep(RETRY_S)

    async def _leave(self) -> None:
        if self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            with contextlib.suppress(*_GONE):
                await subscription.unsubscribe()

    async def _purge(self) -> None:
        """Let the stream go of what we have; a moment later than necessary, for that costs a disk write."""
        purged = 0
        while True:
            await asyncio.sleep(PURGE_EVERY_S)
            if (done := self._done) <= purged:
                continue
            body = json.dumps({"seq": done + 1}).encode()
            started_s = time.monotonic()
            try:
                await self._client.request(f"$JS.API.STREAM.PURGE.{self._stream}", body, timeout=ASK_S)
            except _GONE:
                continue
            purged = done
            _LOG.debug("%s: purged to %d in %.3f s", self._stream, done, time.monotonic() - started_s)


def _sequence(message: Msg) -> int | None:
    """The message's place in its stream, from the reply subject `$JS.ACK....`."""
    try:
        return int(message.metadata.sequence.stream)
    except (NatsError, ValueError, AttributeError, IndexError):
        return None
