"""One nation's process of bench_exchange: reads commands as JSON lines, answers with JSON lines.

The bare path beside the exchange is what NATS gives without it: publish to the partner's stream, wait until
it is on disk there, read it from there.
"""

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from noroshi.live import server
from noroshi.live.arrivals import Arrivals
from noroshi.live.home import load_home
from noroshi.sharing.keys import Keyring, PublicKey
from tests.live.federated import Real, linked
from tests.live.nations import message

BARE_BYTES = 450


class Node:
    """The nation, and what arrived here by either path: seconds under way, and when."""

    def __init__(self, home: Path, ring: Path, relays: list[list[str]]) -> None:
        keys = tuple(PublicKey.from_dict(row) for row in json.loads(ring.read_text()))
        self.real = Real(load_home(home), Keyring(keys), {(one, other) for one, other in relays})
        self.took = self.real.take
        self.real.take = self.take
        self.arrived: list[tuple[float, float]] = []
        self.bare: list[tuple[float, float]] = []
        self.tasks: list[asyncio.Task] = []

    def take(self, told: Any, due_s: float | None, partner: str) -> None:
        """Note when it came, then do with it what the nation does."""
        self.arrived.append((self.real.clock.now_s() - told.created_s, time.time()))
        self.took(told, due_s, partner)

    async def do_up(self) -> dict:
        await self.real.up()
        # What is there now stays: else each full collection walks it again, a tenth of a second each time.
        gc.collect()
        gc.freeze()
        return {"unix_s": time.time()}

    async def do_linked(self) -> dict:
        return {"linked": await linked({self.real.me: self.real}, 30.0)}

    async def do_send(
        self, to: list[str], count: int, start: int, rate: float = 0.0, kind: str = "hotline"
    ) -> dict:
        """`count` messages to each partner among `to`; at `rate` a second, or (0) with 64 at once."""
        slots, first_s = asyncio.Semaphore(64), time.time()

        async def one(number: int) -> None:
            now_s = self.real.clock.now_s()
            told = message(self.real.me, number, tuple(to), kind, now_s, now_s + 1e6)
            for partner in self.real.home.partners:
                if partner in to:
                    decision = await self.real.exchange.send(told, partner)
                    if not decision.allowed:
                        raise RuntimeError(decision.reason)
            slots.release()

        sending = []
        for number in range(start, start + count):
            await slots.acquire()
            sending.append(asyncio.create_task(one(number)))
            if rate:
                await asyncio.sleep(max(0.0, first_s + (number - start + 1) / rate - time.time()))
        await asyncio.gather(*sending)
        return {"first_s": first_s, "last_s": time.time()}

    async def do_await(self, count: int, timeout_s: float, path: str = "arrived") -> dict:
        """All that came, once there are `count` or time is over; forgotten after."""
        came, until_s = getattr(self, path), time.time() + timeout_s
        while len(came) < count and time.time() < until_s:
            await asyncio.sleep(0.005)
        told = {"took_s": [row[0] for row in came], "at_s": [row[1] for row in came]}
        came.clear()
        return told

    async def do_bare(self, sender: str, on: str | None = None) -> dict:
        """Hold, read and pass on what `sender` publishes past the exchange."""
        me, local = self.real.me, self.real.transport._locals[sender]
        config = {"name": "BARE", "subjects": [f"{server.shipped(sender, me)}.bare.>"], "storage": "file"}
        await local.request("$JS.API.STREAM.CREATE.BARE", json.dumps(config).encode(), timeout=5)

        async def read() -> None:
            async with Arrivals(local, "BARE") as arrivals:
                async for sequence, told in arrivals:
                    self.bare.append((time.time() - float(told.data.split()[0]), time.time()))
                    if on:
                        self.tasks.append(asyncio.create_task(self._publish(on, told.data)))
                    await arrivals.ack(sequence)()

        self.tasks.append(asyncio.create_task(read()))
        return {}

    async def do_bare_send(self, to: str, count: int, rate: float) -> dict:
        first_s = time.time()
        for number in range(count):
            self.tasks.append(asyncio.create_task(self._publish(to, repr(time.time()).encode())))
            await asyncio.sleep(max(0.0, first_s + (number + 1) / rate - time.time()))
        return {}

    async def _publish(self, to: str, data: bytes) -> None:
        place = f"{server.shipped(self.real.me, to)}.bare.x"
        await self.real.transport._clients[to].request(place, data.ljust(BARE_BYTES), timeout=10)

    async def do_links(self) -> dict:
        return dict(self.real.exchange.links)

    async def do_settled(self, timeout_s: float) -> dict:
        return {"settled": await self.real.exchange.settled(timeout_s)}


async def main() -> None:
    """Until standard input ends."""
    home, ring, relays = sys.argv[1:4]
    node = Node(Path(home), Path(ring), json.loads(relays))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        asked = json.loads(line)
        try:
            answer = await getattr(node, f"do_{asked.pop('do')}")(**asked)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    for task in node.tasks:
        task.cancel()
    if hasattr(node.real, "running"):
        await node.real.down()


if __name__ == "__main__":
    asyncio.run(main())
