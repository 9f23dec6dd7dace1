"""The folder under a journal: files that grow at their end, and the moment when bytes are safe.

The journal speaks to a Disk, so that a test may take the power away between any two calls.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from noroshi.errors import InputError


class Disk(Protocol):
    """One folder of plain files. Every method may raise OSError."""

    where: str  # for errors
    blocking: bool  # whether append and sync may take long, and so belong into a thread

    def names(self) -> list[str]:
        """The files that are there, sorted."""

    def size(self, name: str) -> int:
        """Bytes of a file, 0 where it is not there."""

    def read(self, name: str, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset` on; fewer only at the end of the file."""

    def append(self, name: str, data: bytes) -> None:
        """Write at the end, making the file where it is new. Not safe before sync; may fail half-way."""

    def sync(self, name: str) -> None:
        """Return when all bytes of the file are safe."""

    def sync_folder(self) -> None:
        """Return when the names of the files are safe."""

    def truncate(self, name: str, size: int) -> None:
        """Cut the file back to `size` bytes."""

    def lock(self) -> None:
        """Keep every other writer out until `close`; raises InputError where there is one already."""

    def close(self) -> None:
        """Let go of the lock and of open files."""


class Folder:
    """A real folder, made where it is not there."""

    blocking = True

    def __init__(self, path: Path, make: bool = True) -> None:
        self.path, self.where = path, str(path)
        self._open: tuple[str, int] | None = None  # the file that grows, by its descriptor
        self._lock: int | None = None
        if make:
            path.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """The files that are there, sorted."""
        return sorted(entry.name for entry in os.scandir(self.path) if entry.is_file())

    def size(self, name: str) -> int:
        """Bytes of a file, 0 where it is not there."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, name: str, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset` on; fewer only at the end of the file."""
        with (self.path / name).open("rb") as file:
            file.seek(offset)
            return file.read(count)

    def append(self, name: str, data: bytes) -> None:
        """Write at the end, making the file where it is new."""
        descriptor = self._descriptor(name)
        left = memoryview(data)
        while left:
            # A full disk takes a part first, and says so only at the next call.
            left = left[os.write(descriptor, left) :]

    def sync(self, name: str) -> None:
        """Return when all bytes of the file are on the disk."""
        os.fdatasync(self._descriptor(name))

    def sync_folder(self) -> None:
        """Return when the names of the files are on the disk."""
        with _opened(self.path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
            os.fsync(descriptor)

    def truncate(self, name: str, size: int) -> None:
        """Cut the file back to `size` bytes."""
        os.ftruncate(self._descriptor(name), size)

    def lock(self) -> None:
        """Keep every other process out; the lock goes with the process, however that ends."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            need = "is written by another process."
            raise InputError(
                self.where, "", None, need, "A journal has one writer: stop that one first."
            ) from error
        self._lock = descriptor

    def close(self) -> None:
        """Let go of the lock and of open files."""
        for descriptor in (self._open and self._open[1], self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._open = self._lock = None

    def _descriptor(self, name: str) -> int:
        if self._open is None or self._open[0] != name:
            opened = os.open(self.path / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if self._open is not None:
                os.close(self._open[1])
            self._open = (name, opened)
        return self._open[1]


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
