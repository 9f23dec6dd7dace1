"""A live journal on disk: segment files named by their first seq, one chain through all of them."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from noroshi.errors import InputError
from noroshi.formats.journal import START, follow
from noroshi.live.disk import Disk

MAX_LINE_BYTES = 4 << 20  # sixteen times the largest message, sealed and in base64
_MAX_REST_BYTES = 16 << 20  # a whole batch that a crash left as zeros
_CHUNK_BYTES = 1 << 20
_SEGMENT = re.compile(r"(\d{12})\.jsonl")


@dataclass(frozen=True)
class Line:
    """One entry and where it stands: segment, number of the line from 1 on, first byte; the chain with it."""

    entry: dict[str, Any]
    chain: str
    segment: str
    number: int
    offset: int


@dataclass(frozen=True)
class End:
    """Where a journal ends: the seq that comes next, the chain so far, the segment that grows.

    `size` counts the bytes of whole lines in it; `torn` is what lies behind them, a line that was not
    finished.
    """

    seq: int
    chain: str
    segment: str
    size: int
    torn: bytes


def name_of(seq: int) -> str:
    """Name of the segment that begins with `seq`."""
    return f"{seq:012d}.jsonl"


def names(disk: Disk) -> list[str]:
    """The segments that are there, in order."""
    return [name for name in disk.names() if _SEGMENT.fullmatch(name)]


class Walk:
    """Iterates over the lines of a journal and checks each; `end` holds where it has come.

    Raises InputError with segment, line and seq at the first damage. A line at the very end that was not
    finished is no damage: it is left in `end.torn`. Memory holds one line and one chunk. `files` names the
    file of a journal that has no segments; `since` is the end of an earlier walk, to go on from there.
    """

    def __init__(
        self,
        disk: Disk,
        files: list[str] | None = None,
        until_seq: int | None = None,
        since: End | None = None,
    ) -> None:
        self._disk, self._until = disk, until_seq
        self._files = names(disk) if files is None else files
        first = self._files[0] if self._files else name_of(0)
        self.end = since or End(0, START, first, 0, b"")

    def __iter__(self) -> Iterator[Line]:
        """The lines in order."""
        begin = self.end
        for segment in self._files:
            if segment < begin.segment:
                continue
            if self.end.seq == self._until:
                return
            if segment != begin.segment or not begin.size:
                self._starts(segment)
                self.end = replace(self.end, segment=segment, size=0)
            yield from self._within(segment)
            if self.end.seq == self._until:
                return
            if segment != self._files[-1] and (self.end.torn or not self.end.size):
                got = self.end.torn[:60].decode(errors="replace") if self.end.torn else None
                need = "is cut short, and another segment follows: lines are lost."
                raise InputError(self.where(segment), self._place(segment), got, need)

    def where(self, segment: str) -> str:
        """A segment's place, for errors."""
        return f"{self._disk.where}/{segment}"

    def _within(self, segment: str) -> Iterator[Line]:
        where, end = self.where(segment), replace(self.end, torn=b"")
        for line, whole in _lines(self._disk, segment, end.size, where):
            if not whole:
                self.end = replace(end, torn=line)
                return
            entry, chain = follow(line, end.seq, end.chain, where, self._place(segment))
            at, number = end.size, end.seq - _first(segment) + 1
            self.end = end = End(end.seq + 1, chain, segment, at + len(line) + 1, b"")
            yield Line(entry, chain, segment, number, at)
            if end.seq == self._until:
                return

    def _place(self, segment: str) -> str:
        return f"line {self.end.seq - _first(segment) + 1} (seq {self.end.seq})"

    def _starts(self, segment: str) -> None:
        seq = self.end.seq
        if _first(segment) != seq and _SEGMENT.fullmatch(segment):
            need = f"does not follow: {name_of(seq)} must come, whose first line is seq {seq}."
            hint = "A segment is lost, doubled or renamed."
            raise InputError(self.where(segment), f"line 1 (seq {_first(segment)})", None, need, hint)


def _first(segment: str) -> int:
    """The seq of a segment's first line; 0 for a journal in one file."""
    match = _SEGMENT.fullmatch(segment)
    return int(match[1]) if match else 0


def cut(disk: Disk, end: End) -> dict[str, Any]:
    """Cut the unfinished line off and keep its bytes in a file beside; what was done, for the journal."""
    sha256 = hashlib.sha256(end.torn).hexdigest()
    kept = f"torn-{end.seq:012d}-{sha256[:12]}.bin"
    if disk.size(kept):
        disk.truncate(kept, 0)  # a former repair that did not come to its end
    disk.append(kept, end.torn)
    disk.sync(kept)
    disk.sync_folder()
    disk.truncate(end.segment, end.size)
    disk.sync(end.segment)
    cut = {"segment": end.segment, "offset": end.size, "bytes": len(end.torn)}
    return {**cut, "sha256": sha256, "kept": kept}


def _lines(disk: Disk, segment: str, offset: int, where: str) -> Iterator[tuple[bytes, bool]]:
    """Lines from a byte on without their breaks; the last may not be whole."""
    rest = b""
    while data := disk.read(segment, offset, _CHUNK_BYTES):
        offset += len(data)
        *lines, rest = (rest + data).split(b"\n") if b"\n" in data else [rest + data]
        for line in lines:
            yield line, True
        if len(rest) > _MAX_REST_BYTES:
            need = f"has no line break in {_MAX_REST_BYTES} bytes."
            raise InputError(where, f"byte {offset - len(rest)}", None, need)
    if rest:
        yield rest, False
