"""The journal of a live node: an entry is acknowledged when it is on the disk, and never lost after.

What waits is written and synced together (group commit), in the order of the calls. The clock's two times are
taken when an entry is handed over: `t_s` stays the caller's, `utc` is the store's.
"""

import asyncio
import errno
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future as Running
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noroshi.live import segments
from noroshi.live.disk import Disk, Folder
from noroshi.live.log import QUIET, Item, Log, Times
from noroshi.sharing.keys import Signer

SEGMENT_BYTES = 64 << 20
HEAD_EVERY = 1000  # entries
HEAD_AFTER_S = 60.0
MAX_BATCH_BYTES = 8 << 20
MAX_WAITING_BYTES = 64 << 20

Entry = dict[str, Any]


class _Wall:
    """Where nobody gives a clock, both times are Unix seconds."""

    now_s = unix_s = staticmethod(time.time)


@dataclass(eq=False)
class _Waiting(Item):
    size: int = 0  # bytes, about
    future: "asyncio.Future[int] | None" = None

    def settle(self, error: Exception | None) -> None:
        """Wake the caller, if it still waits."""
        future, error = self.future, self.error or error
        if future is None or future.done() or future.get_loop().is_closed():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(self.seq)


class Store:
    """Append-only journal in a folder; one writer, any number of readers. Open with `Store.open`."""

    def __init__(self, disk: Disk, log: Log, clock: Times, head_after_s: float, signs: bool) -> None:
        self._disk, self._log, self._clock = disk, log, clock
        self._head_after_s, self._signs = head_after_s, signs
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._batch: list[_Waiting] | None = None  # what is being written
        self._running: Running[None] | None = None
        self._executor = ThreadPoolExecutor(1, "journal") if disk.blocking else None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._told_head = log.signed_head
        self.on_head: Callable[[bytes], None] | None = None  # told of each new one, in the event loop

    @classmethod
    def open(
        cls,
        folder: Path | Disk,
        signer: Signer | None = None,
        *,
        nation: str = "",
        clock: Times | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        head_every: int = HEAD_EVERY,
        head_after_s: float = HEAD_AFTER_S,
    ) -> "Store":
        """Open the journal in `folder`, or begin it, and check every line.

        A line at the very end that was not finished is cut off, kept beside, and told in an entry "repaired".
        Raises InputError with the place of any other damage, or where another process writes this journal.
        With a signer a signed head is written every `head_every` entries or `head_after_s` seconds, and at
        the end; `nation` is the signer's where it is not given.
        """
        disk = Folder(folder) if isinstance(folder, Path) else folder
        disk.lock()
        try:
            walk, head, unsigned = segments.Walk(disk), None, 0
            for line in walk:
                unsigned += line.entry.get("event") not in QUIET
                if line.entry.get("event") == "head":
                    head, unsigned = line.entry, 0
            mended = segments.cut(disk, walk.end) if walk.end.torn else None
            nation = nation or (signer.public.nation if signer else "")
            times = clock or _Wall()
            log = Log(disk, walk.end, times, signer, nation, segment_bytes, head_every)
            log.unsigned = unsigned
            if head is not None and isinstance(head.get("head"), str):
                log.signed_head = head["head"].encode()
            store = cls(disk, log, times, head_after_s, signer is not None)
            if mended is not None:
                store.write({"t_s": times.now_s(), "node": nation, "event": "repaired", **mended})
        except BaseException:
            disk.close()
            raise
        return store

    async def append(self, entry: Entry) -> int:
        """The seq of `entry`, once it is on the disk. Waits for room where too much waits for the disk.

        Raises OSError where the disk failed: then the entry is not in the journal, and it may be tried again.
        """
        while self._waiting and self._waiting_bytes > MAX_WAITING_BYTES:
            last = self._waiting[-1].future
            await asyncio.wait([last] if last is not None else [])
        return await self.put(entry)

    def put(self, entry: Entry) -> "asyncio.Future[int]":
        """As append, without waiting: the order of calls is the order of lines.

        The future fails with OSError where the disk failed, or where more than MAX_WAITING_BYTES wait.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        waiting = self._stamped(entry, future)
        if self._closed:
            future.set_exception(OSError(errno.EBADF, "the journal is closed"))
        elif self._waiting_bytes > MAX_WAITING_BYTES + MAX_BATCH_BYTES:
            future.set_exception(OSError(errno.ENOBUFS, "too much waits for the disk"))
        else:
            self._waiting.append(waiting)
            self._waiting_bytes += waiting.size
            if self._batch is None and len(self._waiting) == 1:
                # At the end of this turn of the loop: who writes in the same turn shares the sync.
                loop.call_soon(self._begin)
        return future

    def write(self, entry: Entry) -> int:
        """As append, for callers without an event loop: blocks until it is on the disk."""
        waiting = self._stamped(entry, None)
        self._log.write([waiting])
        if waiting.error is not None:
            raise waiting.error
        return waiting.seq

    def entries(self) -> Iterator[Entry]:
        """All entries that are on the disk now, in order, each checked against the chain."""
        for line in self.lines():
            yield line.entry

    def lines(self) -> Iterable[segments.Line]:
        """As entries, with chain and place."""
        return segments.Walk(self._disk, until_seq=self._log.last[0] + 1)

    def head(self) -> tuple[int, str]:
        """Seq and chain of the last entry on the disk; -1 and zeros where there is none."""
        return self._log.last

    @property
    def signed_head(self) -> bytes | None:
        """The latest signed head that is on the disk."""
        return self._log.signed_head

    @property
    def trouble(self) -> str | None:
        """What the disk said when it last failed; None when it works."""
        return self._log.trouble

    @property
    def waiting(self) -> int:
        """Entries that are not on the disk yet."""
        return len(self._waiting) + len(self._batch or ())

    def close(self) -> None:
        """Write what waits, sign the head, and let go of the folder. Raises OSError where that failed."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._running is not None and self._batch is not None:
            self._done(self._batch, self._running.exception())
        try:
            while batch := self._taken():
                self._batch = batch
                self._done(batch, self._tried(batch))
            if self._signs and self._log.unsigned:
                self._log.write([], sign=True)
        finally:
            if self._executor is not None:
                self._executor.shutdown()
            self._disk.close()

    def _stamped(self, entry: Entry, future: "asyncio.Future[int] | None") -> _Waiting:
        if "chain" in entry or "seq" in entry:
            raise ValueError("seq and chain are the store's to give")
        size = 256 + sum(len(value) for value in entry.values() if isinstance(value, str))
        return _Waiting({**entry, "utc": self._log.utc()}, size=size, future=future)

    def _taken(self) -> list[_Waiting]:
        batch, size = [], 0
        while self._waiting and size < MAX_BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += batch[-1].size
        self._waiting_bytes -= size
        return batch

    def _begin(self) -> None:
        if self._batch is not None or self._closed or not (self._waiting or self._log.sign_now):
            return
        batch = self._taken()
        self._batch = batch
        if self._executor is None:
            self._done(batch, self._tried(batch))
            return
        loop = asyncio.get_running_loop()

        def back(running: "Running[None]") -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._done, batch, running.exception())

        self._running = self._executor.submit(self._log.write, batch)
        self._running.add_done_callback(back)

    def _tried(self, batch: list[_Waiting]) -> Exception | None:
        try:
            self._log.write(batch)
        except Exception as error:
            return error
        return None

    def _done(self, batch: list[_Waiting], error: BaseException | None) -> None:
        if self._batch is not batch:
            return  # close() was quicker
        self._batch = self._running = None
        for waiting in batch:
            waiting.settle(error if isinstance(error, Exception) else None)
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        if self._waiting:
            loop.call_soon(self._begin)
        if self._timer is None and self._signs and self._log.unsigned:
            self._timer = loop.call_later(self._head_after_s, self._head_is_due)
        if self.signed_head is not None and self.signed_head != self._told_head:
            self._told_head = self.signed_head
            if self.on_head is not None:
                self.on_head(self.signed_head)

    def _head_is_due(self) -> None:
        self._timer = None
        self._log.sign_now = True
        self._begin()
