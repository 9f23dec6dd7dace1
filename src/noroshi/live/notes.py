"""Writing to the journal when the disk may be full: what must stand there is tried until it does."""

import asyncio
import errno
from collections import Counter
from collections.abc import Mapping
from typing import Any

from noroshi.live.clock import Clock
from noroshi.live.store import Entry, Store

RETRY_S = 1.0


class Notes:
    """Lines of one nation; failures are counted as ("journal_failed", "", "")."""

    def __init__(self, me: str, store: Store, clock: Clock, counts: Counter[tuple[str, str, str]]) -> None:
        self._me, self._store, self._clock, self._counts = me, store, clock, counts
        self._tasks: set[asyncio.Task[None]] = set()

    def line(self, event: str, fields: Mapping[str, Any]) -> Entry:
        """An entry of this nation, of now."""
        return {"t_s": round(self._clock.now_s(), 3), "node": self._me, "event": event, **fields}

    def note(self, event: str, fields: Mapping[str, Any]) -> None:
        """Journal without waiting."""
        self._put(self.line(event, fields))

    async def write(self, entries: list[Entry]) -> None:
        """Return when all are on disk. All are put in one turn, so that a full disk takes all or none."""
        while entries:
            results = await asyncio.gather(*map(self._store.put, entries), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, OSError):
                    raise result
            entries = [
                one for one, result in zip(entries, results, strict=True) if isinstance(result, OSError)
            ]
            if entries:
                self._counts["journal_failed", "", ""] += 1
                await asyncio.sleep(RETRY_S)

    def close(self) -> None:
        """Try no more."""
        for task in self._tasks:
            task.cancel()

    def _put(self, entry: Entry) -> None:
        self._store.put(entry).add_done_callback(lambda done: self._done(done, entry))

    def _done(self, done: "asyncio.Future[int]", entry: Entry) -> None:
        if done.cancelled() or done.exception() is None:
            return
        self._counts["journal_failed", "", ""] += 1
        if getattr(done.exception(), "errno", None) != errno.EBADF:  # it is closed: there is no later
            task = asyncio.create_task(self._later(entry))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _later(self, entry: Entry) -> None:
        await asyncio.sleep(RETRY_S)
        self._put(entry)
