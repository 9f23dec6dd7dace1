"""The networked carrier: two connections into each border account of the nation's own NATS server.

One ships and hears receipts, by inboxes that the partner may write to. The other reads our own stream and
asks our own server, by inboxes that it may not: else it could answer in the server's place.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from noroshi.live import server
from noroshi.live.arrivals import Arrivals
from noroshi.live.home import Home
from noroshi.live.transport import AFTER, Delivery, Unreachable

# A shipment without a receipt is one that failed after this, s.
SHIP_S = 3.0
# The way is tried once a second, and an answer awaited this long, s: a change shows within 5 s.
PROBE_EVERY_S, PROBE_S = 1.0, 1.5
SILENT_S = 3.0
API_S = 5.0
# A stream knows again what it was given so long ago, s. What comes twice after that, the exchange knows.
KNOWN_S = 300
# Asks the partner's stream for what it must refuse: the answer shows that it is there, and nothing is kept.
NO_STREAM = "noroshi-probe"
_GONE = (NatsError, OSError, TimeoutError)

_LOG = logging.getLogger(__name__)


class _Way:
    """What is known of the way to one partner: when its server and its node answered last."""

    def __init__(self) -> None:
        self.server_s = self.node_s = -math.inf
        self.offset_s: float | None = None
        self.round_trip_s: float | None = None

    def state(self, now_s: float) -> str:
        if now_s - max(self.server_s, self.node_s) > SILENT_S:
            return "down"
        return "up" if now_s - self.node_s <= SILENT_S else "degraded"


class NatsTransport:
    """A Transport over the home's server. Use as `async with`; it reconnects for as long as it is open."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._clients: dict[str, Client] = {}
        self._locals: dict[str, Client] = {}
        self._ways = {partner: _Way() for partner in home.partners}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "NatsTransport":
        try:
            for partner in self.home.partners:
                name = f"border-{partner}"
                client = await self._connect(name, server.inbox(self.home.nation))
                self._clients[partner] = client
                self._locals[partner] = await self._connect(name, server.LOCAL_INBOX)
                await self._open_stream(self._locals[partner], partner)
                await client.subscribe(f"{server.shipped(partner, self.home.nation)}.ping", cb=_pong)
                self._tasks.append(asyncio.create_task(self._probe(partner)))
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the server."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for client in (*self._clients.values(), *self._locals.values()):
            await client.close()
        self._clients.clear()
        self._locals.clear()

    async def national(self) -> Client:
        """A new connection into the nation's own account, for feed and people; the caller closes it."""
        return await self._connect("client", "_INBOX")

    async def ship(
        self, partner: str, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str]
    ) -> None:
        """Return when the partner's stream has it on disk; else Unreachable."""
        sent = {name: value for name, value in headers.items() if name != AFTER}
        sent["Nats-Msg-Id"] = msg_id
        if AFTER in headers:
            sent["Nats-Expected-Last-Msg-Id"] = headers[AFTER]
        place = f"{server.shipped(self.home.nation, partner)}.{subject}"
        try:
            answer = await self._clients[partner].request(place, data, timeout=SHIP_S, headers=sent)
            receipt = json.loads(answer.data)
        except _GONE as error:
            raise Unreachable(f"{partner}: {type(error).__name__}") from None
        except ValueError:
            raise Unreachable(f"{partner} answered with no receipt") from None
        self._ways[partner].server_s = time.monotonic()
        if not isinstance(receipt, dict) or "error" in receipt or not receipt.get("seq"):
            raise Unreachable(f"{partner}: {str(receipt)[:200]}")

    async def inbox(self, partner: str) -> AsyncIterator[Delivery]:
        """What our stream holds from the partner, from the first that was not acknowledged on."""
        prefix = server.shipped(partner, self.home.nation) + "."
        async with Arrivals(self._locals[partner], server.stream(partner)) as arrivals:
            async for sequence, message in arrivals:
                subject = message.subject.removeprefix(prefix)
                headers = message.headers or {}
                yield Delivery(subject, message.data, headers, arrivals.ack(sequence))

    def link(self, partner: str) -> str:
        """ "up", "degraded" (the partner's server answers, its node does not) or "down"."""
        return self._ways[partner].state(time.monotonic())

    def offset_s(self, partner: str) -> float | None:
        """How far the clock of the partner's node is ahead of ours, as of its last answer; None before."""
        return self._ways[partner].offset_s

    def round_trip_s(self, partner: str) -> float | None:
        """How long the last answer of the partner's node took."""
        return self._ways[partner].round_trip_s

    @staticmethod
    def domain(nation: str) -> str:
        """The JetStream domain of a nation's server."""
        return server.domain(nation)

    async def request(self, partner: str, subject: str, data: bytes, timeout_s: float) -> bytes | None:
        """Ask anything as our own node in the account of that partner; None where nobody answers."""
        try:
            return (await self._clients[partner].request(subject, data, timeout=timeout_s)).data
        except _GONE:
            return None

    async def streams(self) -> set[str]:
        """The names of the streams in all accounts that the node uses at its own server."""
        national = await self.national()
        try:
            names: set[str] = set()
            for client in (national, *self._locals.values()):
                told = await _api(client, "STREAM.NAMES", {})
                names.update(told.get("streams") or ())
            return names
        finally:
            await national.close()

    async def _connect(self, name: str, inbox: str) -> Client:
        async def trouble(error: Exception) -> None:
            _LOG.debug("%s: %s: %s", name, type(error).__name__, error)

        async def changed() -> None:
            _LOG.debug("%s: connection changed", name)

        client = await nats.connect(
            self.home.client_url,
            nkeys_seed_str=self.home.nkey(name).seed,
            name=f"noroshi {self.home.nation} {name}",
            inbox_prefix=inbox.encode(),
            connect_timeout=5,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
            ping_interval=2,
            max_outstanding_pings=2,
            error_cb=trouble,
            disconnected_cb=changed,
            reconnected_cb=changed,
            closed_cb=changed,
        )
        _harden(client)
        return client

    async def _open_stream(self, client: Client, partner: str) -> None:
        """The stream for what the partner ships to us; it refuses when it is full, and drops nothing."""
        name = server.stream(partner)
        config = {
            "name": name,
            "subjects": [f"{server.shipped(partner, self.home.nation)}.rel.>"],
            "storage": "file",
            "retention": "limits",
            "discard": "new",
            "max_bytes": server.BORDER_BYTES // 2,
            "num_replicas": 1,
            "duplicate_window": KNOWN_S * 1_000_000_000,
            "deny_delete": True,
        }
        told = await _api(client, f"STREAM.CREATE.{name}", config)
        if told.get("error", {}).get("err_code") == 10058:  # it is there with other settings
            told = await _api(client, f"STREAM.UPDATE.{name}", config)
        if error := told.get("error"):
            raise server.ServerFailed(f"stream {name} of {self.home.nation}: {error.get('description')}")

    async def _probe(self, partner: str) -> None:
        """Each second: is the partner's stream there, is its node there, what time is it there?"""
        while True:
            tries = asyncio.gather(
                self._ask_stream(partner), self._ask_node(partner), asyncio.sleep(PROBE_EVERY_S)
            )
            await tries

    async def _ask_stream(self, partner: str) -> None:
        place = f"{server.shipped(self.home.nation, partner)}.rel.probe"
        headers = {"Nats-Expected-Stream": NO_STREAM}
        try:
            await self._clients[partner].request(place, b"", timeout=PROBE_S, headers=headers)
        except _GONE:
            return
        self._ways[partner].server_s = time.monotonic()

    async def _ask_node(self, partner: str) -> None:
        way, asked_s, asked_unix_s = self._ways[partner], time.monotonic(), time.time()
        try:
            place = f"{server.shipped(self.home.nation, partner)}.ping"
            answer = await self._clients[partner].request(place, b"", timeout=PROBE_S)
            there_unix_s = float(answer.data)
        except (*_GONE, ValueError):
            return
        way.node_s = time.monotonic()
        way.round_trip_s = way.node_s - asked_s
        if math.isfinite(there_unix_s):
            way.offset_s = there_unix_s - asked_unix_s - way.round_trip_s / 2


def _harden(client: Client) -> None:
    """Keep a message that cannot be read (its subject no UTF-8, say) from ending all reading for good, and
    a line that is cut from spoiling the leave.
    """
    read = client._process_msg

    async def process(*parts: Any) -> None:
        try:
            await read(*parts)
        except Exception as error:  # whatever a partner wrote: the message is dropped, the next one is read
            _LOG.warning("a message that cannot be read: %s", type(error).__name__)

    setattr(client, "_process_msg", process)  # noqa: B010 (its parser calls it by this name)
    leave = client.close

    async def close() -> None:
        # A server that was just reloaded or killed has cut the line: then it is left already.
        with suppress(OSError):
            await leave()

    client.close = close  # type: ignore[method-assign]


async def _pong(message: Msg) -> None:
    """Tell a partner that we are there, and what time it is."""
    if message.reply:
        await message.respond(repr(time.time()).encode())


async def _api(client: Client, call: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """One call of JetStream's API at our own server. Raises ServerFailed where it gives no answer."""
    try:
        answer = await client.request(f"$JS.API.{call}", json.dumps(body).encode(), timeout=API_S)
    except _GONE as error:
        raise server.ServerFailed(f"JetStream does not answer {call}: {type(error).__name__}") from None
    return dict(json.loads(answer.data))
