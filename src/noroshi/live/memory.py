"""A disk in memory: for exercises that keep nothing, and for tests that take the power away."""

from collections.abc import Callable

from noroshi.errors import InputError


class Memory:
    """A Disk whose synced bytes outlive a crash; what was not synced is lost or torn as the caller draws.

    `hook(step, name)` is called before every step that changes something: "append", "half" (half of an append
    is written), "appended", "sync", "synced", "sync_folder", "truncate". It may raise: OSError for a disk
    that fails, anything else for the end of the process.
    """

    blocking = False

    def __init__(self, where: str = "memory", hook: Callable[[str, str], None] | None = None) -> None:
        self.where, self.hook = where, hook
        self.files: dict[str, bytearray] = {}
        self._safe: dict[str, int] = {}  # bytes that were synced
        self._cut: dict[str, tuple[int, bytes]] = {}  # synced bytes that a cut took, until that is synced
        self._named: set[str] = set()
        self._locked = False

    def names(self) -> list[str]:
        """The files that are there, sorted."""
        return sorted(self.files)

    def size(self, name: str) -> int:
        """Bytes of a file, 0 where it is not there."""
        return len(self.files.get(name, b""))

    def read(self, name: str, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset` on."""
        return bytes(self.files[name][offset : offset + count])

    def append(self, name: str, data: bytes) -> None:
        """Write at the end in two steps, each of which may be the last."""
        self._step("append", name)
        file = self.files.setdefault(name, bytearray())
        file += data[: len(data) // 2]
        self._step("half", name)
        file += data[len(data) // 2 :]
        self._step("appended", name)

    def sync(self, name: str) -> None:
        """What the file holds now outlives a crash."""
        self._step("sync", name)
        self._safe[name] = len(self.files.setdefault(name, bytearray()))
        self._cut.pop(name, None)
        self._step("synced", name)

    def sync_folder(self) -> None:
        """The files that are there now outlive a crash."""
        self._step("sync_folder", "")
        self._named = set(self.files)

    def truncate(self, name: str, size: int) -> None:
        """Cut the file back; like all else not safe before sync."""
        self._step("truncate", name)
        file = self.files.setdefault(name, bytearray())
        at, taken = self._cut.get(name, (self._safe.get(name, 0), b""))
        if size < at:
            self._cut[name] = size, bytes(file[size:at]) + taken
        del file[size:]

    def lock(self) -> None:
        """Keep a second writer out."""
        if self._locked:
            raise InputError(self.where, "", None, "is written by another process.")
        self._locked = True

    def close(self) -> None:
        """Let go of the lock."""
        self._locked = False

    def crash(self, keep: Callable[[int], int] = lambda unsynced: 0) -> None:
        """Take the power away: of `unsynced` bytes at the end of each file `keep(unsynced)` are still there.

        `keep` is asked in the order of names. A file whose name is not safe is lost whole, or stays, as
        keep(1) says. A cut that was not synced is undone or stays likewise.
        """
        for name in self.names():
            file, cut = self.files[name], self._cut.pop(name, None)
            if name not in self._named and not keep(1):
                del self.files[name]
                self._safe.pop(name, None)
                continue
            if cut is not None and not keep(1):
                file[cut[0] :] = cut[1]
            else:
                safe = self._safe.get(name, 0) if cut is None else cut[0]
                del file[safe + keep(len(file) - safe) :]
            self._safe[name] = len(file)
        self._named = set(self.files)
        self._locked = False

    def _step(self, step: str, name: str) -> None:
        if self.hook is not None:
            self.hook(step, name)
