"""How a node stands: /health for people and orchestrators, /metrics for Prometheus, on the loopback address.

Everything is read where it is kept; nothing here can hold up the node, and what is asked wrongly is answered
with an error and no more.
"""

import asyncio
import json
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from noroshi import __version__
from noroshi.live.clock import Clock
from noroshi.live.door import Door
from noroshi.live.exchange import Exchange
from noroshi.live.home import Home
from noroshi.live.service import Service
from noroshi.live.store import Entry, Store
from noroshi.live.transport import LINK_STATES

Told = Callable[[str], float | None]
# Answers of a partner's clock that are compared, one a second.
_SAMPLES = 64
_REQUEST_BYTES = 8_192
_PATIENCE_S = 5.0
# Less room than this for the journal is said aloud, bytes.
LOW_DISK_BYTES = 256 << 20


class Tap:
    """The journal, with somebody looking on: counts lines by event and refusals by reason."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.events: Counter[str] = Counter()
        self.refusals: Counter[tuple[str, str, str]] = Counter()  # direction, partner or sensor, reason
        self.watchers: list[Callable[[Mapping[str, Any]], None]] = []

    def put(self, entry: Entry) -> "asyncio.Future[int]":
        """As Store.put."""
        future = self.store.put(entry)
        self._note(entry)
        return future

    async def append(self, entry: Entry) -> int:
        """As Store.append."""
        seq = await self.store.append(entry)
        self._note(entry)
        return seq

    def write(self, entry: Entry) -> int:
        """As Store.write."""
        seq = self.store.write(entry)
        self._note(entry)
        return seq

    @property
    def on_head(self) -> Callable[[bytes], None] | None:
        """As Store.on_head."""
        return self.store.on_head

    @on_head.setter
    def on_head(self, told: Callable[[bytes], None] | None) -> None:
        self.store.on_head = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _note(self, entry: Entry) -> None:
        event = str(entry["event"])
        self.events[event] += 1
        if event == "refused":
            direction = str(entry.get("direction", "node"))
            who = str(entry.get("partner") or entry.get("sensor") or "")
            self.refusals[direction, who, str(entry.get("reason", ""))] += int(entry.get("more", 1))
        for watcher in self.watchers:
            watcher(entry)


class Offsets:
    """How far partners' clocks are ahead: of the latest answers, the one that was quickest to come back.

    What an answer waited on its way spoils its offset by half of that at most, so the quickest is the truest.
    """

    def __init__(self, offset_s: Told, round_trip_s: Told) -> None:
        self._offset_s, self._round_trip_s = offset_s, round_trip_s
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def sample(self, partner: str) -> None:
        """Look at what is known of a partner now."""
        offset_s, trip_s = self._offset_s(partner), self._round_trip_s(partner)
        if offset_s is not None and trip_s is not None:
            self._samples.setdefault(partner, deque(maxlen=_SAMPLES)).append((trip_s, offset_s))

    def __call__(self, partner: str) -> float | None:
        """Seconds; None before the first answer."""
        found = self._samples.get(partner)
        return min(found)[1] if found else None


class Health:
    """What is known of a node from outside its steps."""

    def __init__(
        self,
        home: Home,
        service: Service,
        exchange: Exchange,
        tap: Tap,
        clock: Clock,
        offset_s: Callable[[str], float | None],
        door: Door | None = None,
    ) -> None:
        self.home, self.service, self.exchange, self.tap = home, service, exchange, tap
        self.clock, self.offset_s, self.door = clock, offset_s, door
        self.registry = CollectorRegistry()
        self.registry.register(self)  # type: ignore[arg-type]
        self._server: asyncio.Server | None = None

    def status(self) -> dict[str, Any]:
        """All that /health tells."""
        seq, chain = self.tap.head()
        free = shutil.disk_usage(self.home.folder).free
        links = {
            partner: {**told, "clock_offset_s": _rounded(self.offset_s(partner))}
            for partner, told in self.exchange.status().items()
        }
        troubles = [
            f"link to {name} is {told['link']}" for name, told in links.items() if told["link"] != "up"
        ]
        if self.tap.trouble:
            troubles.append(f"the journal cannot be written: {self.tap.trouble}")
        if free < LOW_DISK_BYTES:
            troubles.append(f"{free >> 20} MiB of disk are left")
        return {
            "nation": self.home.nation,
            "marking": "EXERCISE" if self.home.exercise else "LIVE",
            "version": __version__,
            "ok": not troubles,
            "troubles": troubles,
            "now_s": round(self.clock.now_s(), 3),
            "last_step_s": self.service.last_s if self.service.steps else None,
            "links": links,
            "journal": {"seq": seq, "chain": chain, "waiting": self.tap.waiting, "trouble": self.tap.trouble},
            "disk_free_bytes": free,
            "service": asdict(self.service.counts),
            "door": self.door.status() if self.door is not None else {},
            "refused": [
                {"direction": direction, "by": who, "reason": reason, "count": count}
                for (direction, who, reason), count in sorted(self.tap.refusals.items())
            ],
        }

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client."""
        yield InfoMetricFamily(
            "noroshi", "Which node this is.", value={"nation": self.home.nation, "version": __version__}
        )
        told = self.status()
        seq = told["journal"]["seq"]
        yield _gauge("noroshi_journal_seq", "Number of the journal's last line on disk.", [((), seq)])
        waiting = told["journal"]["waiting"]
        yield _gauge("noroshi_journal_waiting", "Lines that are not on disk yet.", [((), waiting)])
        yield _gauge("noroshi_disk_free_bytes", "Room for the journal.", [((), told["disk_free_bytes"])])
        yield _gauge("noroshi_time_seconds", "Seconds after the federation's epoch.", [((), told["now_s"])])
        links: Mapping[str, Any] = told["links"]
        yield _gauge(
            "noroshi_link_state",
            "1 for the state in which the link is.",
            [
                ((name, state), int(one["link"] == state))
                for name, one in links.items()
                for state in LINK_STATES
            ],
            ("partner", "state"),
        )
        yield _gauge(
            "noroshi_link_waiting",
            "Messages that wait for the partner's receipt, by lane.",
            [((name, lane), size) for name, one in links.items() for lane, size in one["waiting"].items()],
            ("partner", "lane"),
        )
        for field, name, text in (
            ("oldest_s", "noroshi_link_lag_seconds", "How long the oldest message waits."),
            (
                "unacknowledged",
                "noroshi_link_unacknowledged",
                "Messages of which no signed receipt has come.",
            ),
            ("clock_offset_s", "noroshi_clock_offset_seconds", "How far the partner's clock is ahead."),
        ):
            rows = [((partner,), one[field]) for partner, one in links.items() if one[field] is not None]
            yield _gauge(name, text, rows, ("partner",))
        counts = self.service.counts
        yield _gauge("noroshi_step_seconds", "What the last second took.", [((), counts.took_ms / 1e3)])
        yield _counter("noroshi_steps", "Steps of the node.", [((), counts.steps)])
        yield _counter("noroshi_crashes", "Inputs on which a step failed.", [((), counts.crashes)])
        yield _counter("noroshi_late", "Messages that came late.", [((), counts.late)])
        events = [((name,), count) for name, count in sorted(self.tap.events.items())]
        yield _counter("noroshi_journal_lines", "Lines written, by event.", events, ("event",))
        yield _counter(
            "noroshi_refused",
            "What was not taken.",
            sorted(self.tap.refusals.items()),
            ("direction", "by", "reason"),
        )
        if self.door is not None:
            plots = sorted(self.door.taken.items())
            yield _counter(
                "noroshi_door_plots", "Plots taken at the sensor door.", plots, ("sensor", "format")
            )

    async def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer GET /health and /metrics until `stop`. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._answer, host, port, limit=_REQUEST_BYTES)

    @property
    def port(self) -> int:
        """The port that is served."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Serve no more."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                asked = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._page(asked)
                head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _page(self, asked: bytes) -> tuple[str, str, bytes]:
        words = asked.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or words[0] != b"GET":
            return "405 Method Not Allowed", "text/plain", b"GET /health or /metrics\n"
        path = words[1].partition(b"?")[0]
        if path == b"/health":
            told = self.status()
            body = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
            return ("200 OK" if told["ok"] else "503 Service Unavailable"), "application/json", body
        if path == b"/metrics":
            return "200 OK", "text/plain; version=0.0.4; charset=utf-8", generate_latest(self.registry)
        return "404 Not Found", "text/plain", b"/health or /metrics\n"


Rows = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, rows: Rows, labels: tuple[str, ...] = ()) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _counter(name: str, text: str, rows: Rows, labels: tuple[str, ...] = ()) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
