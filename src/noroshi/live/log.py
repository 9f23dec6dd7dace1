"""The end of a journal that grows: lines linked, signed for, written and synced, or nothing at all."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from noroshi.formats.journal import link
from noroshi.live import heads, segments
from noroshi.live.disk import Disk
from noroshi.sharing.keys import Signer

# About heads themselves: they call for no head, or two nodes would keep each other busy for ever.
QUIET = ("head", "countersigned")


class Times(Protocol):
    """What a journal asks of a clock: seconds of the exercise and of the world."""

    def now_s(self) -> float:
        """Seconds after the epoch."""

    def unix_s(self) -> float:
        """Unix seconds."""


@dataclass(eq=False)
class Item:
    """An entry to write; then its seq, or what is wrong with the entry itself."""

    entry: dict[str, Any]
    seq: int = -1
    error: Exception | None = None


class Log:
    """Blocks while it writes; several threads may call it."""

    def __init__(
        self,
        disk: Disk,
        end: segments.End,
        clock: Times,
        signer: Signer | None,
        nation: str,
        segment_bytes: float,
        head_every: float,
    ) -> None:
        self._disk, self._clock, self._signer, self._nation = disk, clock, signer, nation
        self._segment_bytes, self._head_every = segment_bytes, head_every
        # Seq of the last line on the disk and its chain, in one piece: read without waiting for the disk.
        self.last = (end.seq - 1, end.chain)
        self._segment, self._size = end.segment, end.size
        self._fresh = True  # the segment's name may not be safe yet
        self._dirty = False  # bytes that nobody was told of may lie behind `_size`
        self._mutex = threading.Lock()
        self.unsigned = 0  # entries since the last signed head
        self.sign_now = False  # whether the next batch ends with a head in any case
        self.signed_head: bytes | None = None  # the latest that is on the disk
        self.trouble: str | None = None  # what the disk said when it last failed; None when it works

    def write(self, batch: Sequence[Item], sign: bool = False) -> None:
        """Write and sync a batch, or leave the journal as it was and raise what the disk said."""
        with self._mutex:
            try:
                self._restore()
                seq, chain, unsigned, data, head = self._linked(batch, sign)
                if data:
                    self._safely(data)
            except Exception as error:
                self.trouble = str(error)
                with suppress(OSError):  # tried again before the next line
                    self._restore()
                raise
            self.trouble = None
            self.last, self._size = (seq - 1, chain), self._size + len(data)
            self.unsigned, self.sign_now = unsigned, self.sign_now and unsigned > 0
            self.signed_head = head or self.signed_head

    def _safely(self, data: bytes) -> None:
        if self._size >= self._segment_bytes:
            self._segment, self._size, self._fresh = segments.name_of(self.last[0] + 1), 0, True
        self._dirty = True
        self._disk.append(self._segment, data)
        self._disk.sync(self._segment)
        if self._fresh:
            self._disk.sync_folder()
        self._fresh = self._dirty = False

    def _restore(self) -> None:
        """Half a line, or whole ones whose callers were told that they failed: neither may stay."""
        if self._dirty:
            self._disk.truncate(self._segment, self._size)
            self._disk.sync(self._segment)
            self._dirty = False

    def _linked(self, batch: Sequence[Item], sign: bool) -> tuple[int, str, int, bytes, bytes | None]:
        """The lines of a batch, with a signed head behind them where one is due; and where they lead."""
        seq, chain, unsigned, lines = self.last[0] + 1, self.last[1], self.unsigned, []
        for item in batch:
            try:
                line, after = link(item.entry, seq, chain)
                if len(line) > segments.MAX_LINE_BYTES:
                    raise ValueError(f"an entry of {len(line)} bytes, above {segments.MAX_LINE_BYTES}")
            except (ValueError, TypeError, RecursionError) as error:
                item.error = error
                continue
            lines.append(line)
            item.seq, seq, chain = seq, seq + 1, after
            unsigned += item.entry.get("event") not in QUIET
        head = None
        if self._signer and unsigned and (sign or self.sign_now or unsigned >= self._head_every):
            utc = self.utc()
            head = heads.make_head(seq - 1, chain, utc, self._nation, self._signer)
            told = {"t_s": self._clock.now_s(), "node": self._nation, "event": "head", "utc": utc}
            line, chain = link({**told, "head": head.decode()}, seq, chain)
            lines.append(line)
            seq += 1
            unsigned = 0
        return seq, chain, unsigned, b"".join(line + b"\n" for line in lines), head

    def utc(self) -> str:
        """The machine's time, ISO 8601 with milliseconds."""
        moment = datetime.fromtimestamp(self._clock.unix_s(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
