"""The exchange beside bare durable NATS: delay, rate, and how soon all is complete after trouble.

Real servers and a process for each nation on this machine: loopback, mutual TLS, every store and journal
synced before anything is acknowledged. JPN and KOR dial USA; what JPN writes for KOR goes over USA.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, at_least, at_most
from noroshi.live.server import Server
from tests.live.federated import dialling, homes
from tests.live.line import Line, Weather

NATIONS = ("USA", "JPN", "KOR")
RELAYS = [["JPN", "KOR"], ["KOR", "JPN"]]
# Round trip s, share of lost packets: a good and a bad wide-area line.
WIDE = ((0.05, 0.01), (0.6, 0.05))


class Process:
    """A nation's node in a process of its own."""

    def __init__(self, home: Path, ring: Path) -> None:
        self.home, self.ring = home, ring
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> "Process":
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.exchange_node",
            str(self.home), str(self.ring), json.dumps(RELAYS),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26,
        )  # fmt: skip
        return self

    async def do(self, what: str, **fields: Any) -> dict[str, Any]:
        self.process.stdin.write(json.dumps({"do": what, **fields}).encode() + b"\n")
        answer = json.loads(await self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{self.home.name} {what}: {answer['error']}")
        return answer

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


@asynccontextmanager
async def nations(
    names: Sequence[str] = NATIONS, up: Sequence[str] | None = None, weather: Weather | None = None
) -> AsyncIterator[tuple[dict[str, Process], dict[str, Server]]]:
    """Servers and processes, linked; with `weather` every link is a long line."""
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        found = homes(Path(folder), names)
        ring = Path(folder, "ring.json")
        ring.write_text(json.dumps([home.signer.public.to_dict() for home in found.values()]))
        if weather is not None:
            for number, name in enumerate(names[1:]):
                lines.append(await Line(found[names[0]].settings.server.leaf_port, weather, number).start())
                found[name] = dialling(found[name], names[0], lines[-1].port)
        servers = {name: Server(home) for name, home in found.items()}
        made = {name: Process(home.folder, ring) for name, home in found.items()}
        first = list(up or names)
        try:
            await asyncio.gather(*(servers[name].start() for name in first))
            await asyncio.gather(*(made[name].start() for name in made))
            for name in first:
                await made[name].do("up")
            if up is None:
                for name in first:
                    if not (await made[name].do("linked"))["linked"]:
                        raise RuntimeError(f"{name} has no link")
            yield made, servers
        finally:
            await asyncio.gather(*(process.stop() for process in made.values()))
            for server in servers.values():
                server.thaw()
            await asyncio.gather(*(server.stop() for server in servers.values()))
            await asyncio.gather(*(line.stop() for line in lines))


def run() -> list[Result]:
    """All of it, a few minutes."""
    return asyncio.run(_run())


async def _run() -> list[Result]:
    results = []
    async with nations() as (made, servers):
        results += await delay(made)
        results += await rate(made)
        results += await hub_killed(made, servers)
    results += await frozen()
    results += await late_joiner()
    for round_trip_s, loss in WIDE:
        results += await wide(round_trip_s, loss)
    return results


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


async def delay(
    made: dict[str, Process], blocks: int = 6, count: int = 100, each_s: float = 50.0
) -> list[Result]:
    """Written in JPN to known in KOR, in blocks that take turns with the bare path."""
    usa, jpn, kor = (made[name] for name in NATIONS)
    await usa.do("bare", sender="JPN", on="KOR")
    await kor.do("bare", sender="USA")
    full: list[float] = []
    bare: list[float] = []
    for block in range(-1, blocks):  # the first one warms up
        await jpn.do("bare_send", to="USA", count=count, rate=each_s)
        plain = (await kor.do("await", count=count, timeout_s=30, path="bare"))["took_s"]
        await jpn.do("send", to=["USA", "KOR"], count=count, start=(block + 1) * count, rate=each_s)
        told = (await kor.do("await", count=count, timeout_s=30))["took_s"]
        if len(plain) < count or len(told) < count:
            raise RuntimeError(f"{len(plain)} and {len(told)} of {count} arrived")
        if block >= 0:
            bare += plain
            full += told
    await usa.do("await", count=0, timeout_s=0)
    rows = []
    for name, share, limit in (("p50", 0.5, 4.0), ("p99", 0.99, 2.0)):
        there, without = quantile(full, share), quantile(bare, share)
        said = f"two durable hops: {1e3 * there:.1f} ms, bare {1e3 * without:.1f} ms"
        note = f"{said}; {len(full)} each at {each_s:g}/s"
        rows.append(at_most(f"exchange_delay_{name}", there / without, "x bare", limit, note))
    return rows


async def rate(made: dict[str, Process], count: int = 3000) -> list[Result]:
    """As fast as they go, guards, policy, signatures and journals included."""
    usa, jpn, kor = (made[name] for name in NATIONS)
    rows = []
    for name, to, reader, limit, start in (
        ("exchange_rate_one_border", ["USA"], usa, 500, 10_000),
        ("exchange_rate_two_borders", ["USA", "KOR"], kor, 150, 20_000),
    ):
        sent = await jpn.do("send", to=to, count=count, start=start)
        came = (await reader.do("await", count=count, timeout_s=120))["at_s"]
        if len(came) < count:
            raise RuntimeError(f"{name}: {len(came)} of {count}")
        acknowledged = count / (sent["last_s"] - sent["first_s"])
        note = f"{count} messages; acknowledged here {acknowledged:.0f}/s"
        rows.append(at_least(name, count / (max(came) - sent["first_s"]), "msg/s", limit, note))
    await usa.do("await", count=0, timeout_s=0)
    return rows


async def hub_killed(made: dict[str, Process], servers: dict[str, Server]) -> list[Result]:
    """USA's server gets kill -9 in the middle of a stream and comes back after 2 s, when all is written."""
    jpn, kor = made["JPN"], made["KOR"]
    sending = asyncio.create_task(jpn.do("send", to=["USA", "KOR"], count=600, start=30_000, rate=200))
    await asyncio.sleep(1.0)
    servers["USA"].kill()
    await asyncio.sleep(2.0)
    await servers["USA"].start()
    back_s = time.time()
    await sending
    came = (await kor.do("await", count=600, timeout_s=60))["at_s"]
    note = f"{len(came)} of 600 at KOR over the hub; after the server answered again"
    complete_s = max(came) - back_s if len(came) == 600 else float("inf")
    return [at_most("exchange_hub_killed", complete_s, "s", 3, note)]


async def frozen(length_s: float = 15.0) -> list[Result]:
    """JPN's server is stopped where it stands, as a line that swallows everything."""
    async with nations(NATIONS[:2]) as (made, servers):
        usa, jpn = made["USA"], made["JPN"]
        sending = asyncio.create_task(
            usa.do("send", to=["JPN"], count=int(100 * (length_s + 1)), start=0, rate=100)
        )
        await asyncio.sleep(1.0)
        servers["JPN"].freeze()
        await asyncio.sleep(length_s)
        servers["JPN"].thaw()
        thawed_s = time.time()
        await sending
        count = int(100 * (length_s + 1))
        came = (await jpn.do("await", count=count, timeout_s=60))["at_s"]
        complete_s = max(came) - thawed_s if len(came) == count else float("inf")
        return [
            at_most("exchange_frozen", complete_s, "s", 5, f"{len(came)} of {count}, frozen {length_s:g} s")
        ]


async def late_joiner(count: int = 10_000) -> list[Result]:
    """KOR's server and node are started when 10,000 wait for it."""
    names = ("USA", "KOR")
    async with nations(names, up=("USA",)) as (made, servers):
        await made["USA"].do("send", to=["KOR"], count=count, start=0)
        started_s = time.time()
        await servers["KOR"].start()
        await made["KOR"].do("up")
        came = (await made["KOR"].do("await", count=count, timeout_s=120))["at_s"]
        took_s = max(came) - started_s if len(came) == count else float("inf")
        return [
            at_most(
                "exchange_late_joiner", took_s, "s", 30, f"{len(came)} of {count}, server and node started"
            )
        ]


async def wide(round_trip_s: float, loss: float, count: int = 200) -> list[Result]:
    """Two hops over long lines; emulated by a process that delays and stalls TCP, where there is no netem."""
    weather = Weather((round_trip_s / 2, round_trip_s / 2 * 1.2), loss)
    async with nations(weather=weather) as (made, _):
        await made["JPN"].do("send", to=["USA", "KOR"], count=count, start=0, rate=20)
        took = (await made["KOR"].do("await", count=count, timeout_s=120))["took_s"]
        name = f"exchange_wide_{1e3 * round_trip_s:.0f}ms"
        said = f"{len(took)} of {count} over two lines, {100 * loss:g} % of packets stall"
        note = f"{said}; p99 {quantile(took, 0.99):.2f} s"
        lost = at_most(f"{name}_lost", count - len(took), "messages", 0, note)
        return [
            lost,
            Result(f"{name}_p50", quantile(took, 0.5), "s", note="emulated: delay and stalls of TCP"),
        ]
