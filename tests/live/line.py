"""A long line between two ports: it delays, stalls and cuts TCP, for want of a network that may be spoilt."""

import asyncio
import contextlib
import random
from dataclasses import dataclass


@dataclass
class Weather:
    """One way takes `delay_s` (from, to); a lost packet stalls what follows for `stall_s`, as TCP would.

    `loss` is the chance that a read of at most 1,400 bytes stands for a lost packet.
    """

    delay_s: tuple[float, float] = (0.0, 0.0)
    loss: float = 0.0
    stall_s: float = 0.2


class Line:
    """Listens on a free port and passes all on to `port`."""

    def __init__(self, port: int, weather: Weather | None = None, seed: int = 0) -> None:
        self.weather, self._to, self._chance = weather or Weather(), port, random.Random(f"line {seed}")
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()
        self.port = 0
        self.stalls = 0

    async def start(self) -> "Line":
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def cut(self) -> None:
        """Both ends see it end, and nobody gets through until `start`."""
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def stop(self) -> None:
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _joined(self, reader, writer) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there_writer}
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._way(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _way(self, reader, writer) -> None:
        loop, queue = asyncio.get_running_loop(), asyncio.Queue()

        async def write() -> None:
            while True:
                leaves_s, data = await queue.get()
                await asyncio.sleep(leaves_s - loop.time())
                if not data:
                    break
                writer.write(data)
                await writer.drain()

        writing, clear_s = asyncio.create_task(write()), 0.0
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while True:
                data = await reader.read(1400 if self.weather.loss else 65536)
                delay_s = self._chance.uniform(*self.weather.delay_s)
                if self.weather.loss and self._chance.random() < self.weather.loss:
                    # Seen after a round trip and sent again: all behind it waits.
                    self.stalls += 1
                    delay_s += self.weather.stall_s + 2 * self.weather.delay_s[1]
                clear_s = max(clear_s, loop.time() + delay_s)
                queue.put_nowait((clear_s, data))
                if not data:
                    break
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await writing
        writing.cancel()
        self._open.discard(writer)
        with contextlib.suppress(OSError):
            writer.close()
