"""The live journal: entries per second without a disk, one sync each, and with 64 who wait at once."""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Result, at_least
from noroshi.live.memory import Memory
from noroshi.live.store import Store

WRITERS = 64
ENTRY = {
    "t_s": 12.345,
    "node": "JPN",
    "event": "outgoing",
    "message": "JPN-000001",
    "kind": "track",
    "origin": "JPN",
    "to": "USA",
    "form": "whole",
    "sealed": "A" * 600,
}


def run() -> list[Result]:
    """Entries of about 800 bytes, as an exchange writes them; and the disk itself beside it."""
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-", dir=Path.cwd()) as folder:
        return list(asyncio.run(_measured(Path(folder))))


async def _measured(folder: Path) -> list[Result]:
    memory, disk = Store.open(Memory()), Store.open(folder)
    began = time.perf_counter()
    await asyncio.gather(*(memory.put(ENTRY) for _ in range(20_000)))
    buffered = 20_000 / (time.perf_counter() - began)

    delays = []
    began = time.perf_counter()
    for _ in range(1_000):
        at = time.perf_counter()
        await disk.append(ENTRY)
        delays.append(time.perf_counter() - at)
    alone = 1_000 / (time.perf_counter() - began)
    median_ms = statistics.median(delays) * 1e3
    p99_ms = sorted(delays)[int(0.99 * len(delays))] * 1e3

    async def writer() -> None:
        for _ in range(200):
            await disk.append(ENTRY)

    began = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    together = 200 * WRITERS / (time.perf_counter() - began)
    disk.close()
    began = time.perf_counter()
    again = Store.open(folder)
    opened = again.head()[0] / (time.perf_counter() - began)
    again.close()
    bare = _bare(folder / "bare")
    return [
        Result("journal_buffered", buffered, "entries/s", note="chained, in memory, nothing synced"),
        Result("journal_alone", alone, "entries/s", note=f"p50 {median_ms:.2f} ms, p99 {p99_ms:.1f} ms"),
        Result("journal_disk", bare, "syncs/s", note="write 800 bytes and fdatasync, nothing else"),
        at_least("journal_together", together, "entries/s", 2_000, "64 writers, each waits for its entry"),
        Result("journal_opened", opened, "entries/s", note="every line checked"),
    ]


def _bare(path: Path) -> float:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.perf_counter()
    for _ in range(500):
        os.write(descriptor, b"x" * 800)
        os.fdatasync(descriptor)
    rate = 500 / (time.perf_counter() - began)
    os.close(descriptor)
    return rate
