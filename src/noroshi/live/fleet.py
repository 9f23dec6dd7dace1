"""The processes of an exercise on one machine: started together, watched, and ended together.

Each has its standard input on a leash: when this process is gone, however it went, they end by themselves.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from noroshi.errors import NoroshiError
from noroshi.live import server
from noroshi.live.home import Home

# A node that ends without being asked is started again so often.
RESTARTS = 3
_STOP_S = 20.0
_TAIL = 1_500


class Fallen(NoroshiError):
    """A process of the exercise ended, and may not be started again; the text holds its last words."""


@dataclass
class Child:
    """One process: what it runs, where its words go, how often it was started again."""

    name: str
    command: Sequence[str]
    log: Path
    home: Home | None = None
    restarts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Start it, in a session of its own: Ctrl-C is for the one that started it."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.returncode is None

    def signal(self, number: int) -> None:
        """Send it a signal, where it runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self) -> None:
        """Ask it to end, and end it where it does not; what its server left is ended too."""
        if self.process is not None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        if self.home is not None:
            await asyncio.to_thread(server.end_former, self.home)

    def last_words(self) -> str:
        """The end of its log."""
        try:
            return self.log.read_bytes()[-_TAIL:].decode(errors="replace").strip()
        except OSError:
            return ""


class Fleet:
    """Nodes that are started again when they fall, and one process whose end is the end of all."""

    def __init__(self, nodes: Sequence[Child], lead: Child) -> None:
        self.nodes, self.lead = list(nodes), lead

    async def run(self) -> None:
        """Run until the lead ends. Raises Fallen when it ends badly, or a node falls too often."""
        await asyncio.gather(*(child.start() for child in self.nodes))
        await self.lead.start()
        assert self.lead.process is not None
        watchers = [asyncio.create_task(self._keep(child)) for child in self.nodes]
        leader = asyncio.create_task(self.lead.process.wait())
        try:
            done, _ = await asyncio.wait([leader, *watchers], return_when=asyncio.FIRST_COMPLETED)
            for one in done - {leader}:
                one.result()
            if leader in done and leader.result() != 0:
                raise Fallen(f"{self.lead.name} ended with {leader.result()}:\n{self.lead.last_words()}")
        finally:
            for task in (leader, *watchers):
                task.cancel()
            await asyncio.gather(leader, *watchers, return_exceptions=True)

    async def stop(self) -> None:
        """End all: the lead first, then the nodes at once, so that each still hears the others."""
        await self.lead.stop()
        await asyncio.gather(*(child.stop() for child in self.nodes))

    async def _keep(self, child: Child) -> None:
        while True:
            assert child.process is not None
            code = await child.process.wait()
            if code >= 0 or child.restarts >= RESTARTS:
                # It gave up by itself, for a reason that a restart would not mend.
                raise Fallen(f"{child.name} ended with {code}:\n{child.last_words()}")
            child.restarts += 1
            await child.start()
