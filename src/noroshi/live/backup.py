"""One file that a node can be made of again: settings, policy, partners, journal, and sealed keys if asked.

A plain tar. Its first member, manifest.json, names every other with its SHA-256, and where the journal ends.
What the server keeps (jetstream/) is not in it: what is still to be sent follows from the journal.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from noroshi.errors import InputError
from noroshi.formats import journal
from noroshi.live import keybox, segments
from noroshi.live.disk import Folder
from noroshi.live.places import Journal
from noroshi.live.store import Store

WHAT = "noroshi backup 1"
MANIFEST, KEYS = "manifest.json", "keys.sealed"
MAX_MANIFEST_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
# All that may be in a backup. No name begins with a dot and none leads out of the home.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,120}\.(toml|cedar)")
_PARTNER = re.compile(r"(partners|known)/[A-Za-z0-9_][A-Za-z0-9._-]{0,120}")
_JOURNAL = re.compile(r"journal/(\d{12}\.jsonl|torn-\d{12}-[0-9a-f]{12}\.bin)")


@dataclass(frozen=True)
class Manifest:
    """What is in a backup. `files` holds bytes and SHA-256 by name; the journal's last line is seq, chain."""

    nation: str
    utc: str
    seq: int
    chain: str
    files: dict[str, tuple[int, str]]

    @property
    def keys(self) -> bool:
        """Whether the private keys are in it."""
        return KEYS in self.files

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        plain = {"what": WHAT, **self.__dict__}
        return json.dumps(plain, indent=1, sort_keys=True).encode() + b"\n"


def backup(home: Path, out: Path, passphrase: str | None = None) -> Manifest:
    """Write a backup of a home whose node may run meanwhile; with a passphrase its private keys too.

    The journal goes up to the last whole line, each line checked. Raises InputError for a home that is none,
    a damaged journal, or a file that cannot be written.
    """
    if not (home / "node.toml").is_file():
        raise InputError(str(home), "", None, "is no node's home: it holds no node.toml.")
    walk = Journal(home / "journal", True, home).walk() if (home / "journal").is_dir() else None
    nation = _nation(home / "node.toml")
    for _ in walk or ():
        pass
    end = walk.end if walk is not None else segments.End(0, journal.START, "", 0, b"")
    try:
        sources = dict(_sources(home, end))
        box = keybox.seal(home / "keys", passphrase) if passphrase is not None else None
        files = {name: (size, _sha256(path, size)) for name, (path, size) in sources.items()}
        if box is not None:
            files[KEYS] = (len(box), hashlib.sha256(box).hexdigest())
        utc = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest = Manifest(nation, utc, end.seq - 1, end.chain, files)
        _written(out, manifest, sources, box)
    except OSError as error:
        raise InputError(
            str(error.filename or out), "", None, f"fails: {error.strerror or error}."
        ) from error
    return manifest


def restore(file: Path, to: Path, passphrase: str | None = None) -> Manifest:
    """Make the home `to` of a backup: everything is checked before anything there is touched.

    Over a home that is there it goes only where its journal says nothing that the backup does not; the old
    journal is kept beside. With a passphrase the keys come too; without, those that are there stay.
    Raises InputError.
    """
    to = to.absolute()
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{to.name}-restoring-", dir=to.parent))
        try:
            manifest = _unpacked(file, fresh)
            _whole(file, manifest, fresh)
            if passphrase is not None:
                if not manifest.keys:
                    raise InputError(str(file), "", None, "holds no private keys.")
                keybox.open_into(str(file), (fresh / KEYS).read_bytes(), passphrase, fresh / "keys")
            (fresh / KEYS).unlink(missing_ok=True)
            _placed(file, manifest, fresh, to)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise InputError(
            str(error.filename or file), "", None, f"fails: {error.strerror or error}."
        ) from error
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a backup says is in it. Raises InputError."""
    with _tar(file) as tar:
        return _manifest(file, tar)


def _sources(home: Path, end: segments.End) -> Iterator[tuple[str, tuple[Path, int]]]:
    """Name, and path and bytes, of every file that goes in, as far as it goes in."""
    for path in sorted(
        [*home.iterdir(), *home.glob("partners/*"), *home.glob("known/*"), *home.glob("journal/*")]
    ):
        name = path.relative_to(home).as_posix()
        if path.is_symlink() or not path.is_file() or not _known(name):
            continue
        size = path.stat().st_size
        if path.name == end.segment:
            size = end.size
        elif path.suffix == ".jsonl" and path.name > end.segment:
            continue  # begun meanwhile
        yield name, (path, size)


def _nation(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("nation", ""))
    except (OSError, ValueError) as error:
        raise InputError(str(path), "", None, f"cannot be read: {error}.") from error


def _known(name: str) -> bool:
    return bool(
        _PLAIN.fullmatch(name) or _PARTNER.fullmatch(name) or _JOURNAL.fullmatch(name) or name == KEYS
    )


def _written(out: Path, manifest: Manifest, sources: dict[str, tuple[Path, int]], box: bytes | None) -> None:
    part = out.with_name(out.name + ".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, MANIFEST, io.BytesIO(manifest.to_bytes()), len(manifest.to_bytes()))
                for name, (path, size) in sources.items():
                    with path.open("rb") as source:
                        _add(tar, name, source, size)
                if box is not None:
                    _add(tar, KEYS, io.BytesIO(box), len(box))
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, source)


def _sha256(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for data in _chunks(file.read, size):
            digest.update(data)
    return digest.hexdigest()


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size and (data := read(min(size, _CHUNK_BYTES))):
        size -= len(data)
        yield data


def _tar(file: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(file, "r:")
    except OSError as error:
        raise InputError(str(file), "", None, f"cannot be read: {error.strerror or error}.") from error
    except tarfile.TarError as error:
        raise InputError(str(file), "", None, f"is no backup: {error}.") from error


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    member = _next(file, tar)
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > MAX_MANIFEST_BYTES:
        raise InputError(str(file), "", None, f"is no backup: it does not begin with {MANIFEST}.")
    try:
        told: dict[str, Any] = json.loads(_content(tar, member).read())
        if told.pop("what") != WHAT:
            raise ValueError("is of another kind or version")
        files = {str(name): (int(size), str(sha256)) for name, (size, sha256) in told.pop("files").items()}
        manifest = Manifest(files=files, **told)
        types = [type(value) for value in (manifest.nation, manifest.utc, manifest.seq, manifest.chain)]
        if types != [str, str, int, str]:
            raise ValueError("has values of a wrong type")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, tarfile.TarError) as error:
        raise InputError(str(file), MANIFEST, None, f"cannot be used: {error}.") from error
    if strange := sorted(name for name in files if not _known(name)):
        raise InputError(str(file), MANIFEST, strange[0], "is no name that a backup may hold.")
    return manifest


def _next(file: Path, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise InputError(str(file), "", None, f"is damaged: {error}.", "Take another copy.") from error


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"{member.name} is no file")
    return content


def _unpacked(file: Path, fresh: Path) -> Manifest:
    """Every member into `fresh`: only plain files that the manifest names, of the size and hash it says."""
    with _tar(file) as tar:
        manifest = _manifest(file, tar)
        needed, free = sum(size for size, _ in manifest.files.values()), shutil.disk_usage(fresh).free
        if needed > free:
            raise InputError(str(file), "", None, f"needs {needed} bytes, and {free} are free.")
        left = dict(manifest.files)
        while (member := _next(file, tar)) is not None:
            expected = left.pop(member.name, None)
            if expected is None or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                need = "is not among what the manifest names, stands twice, or is no plain file."
                raise InputError(str(file), member.name[:100], None, need)
            if member.size != expected[0]:
                need = f"must have {expected[0]} bytes."
                raise InputError(str(file), member.name, member.size, need, "The file is damaged.")
            _copied(file, tar, member, fresh / member.name, expected)
        if left:
            raise InputError(str(file), sorted(left)[0], None, "is missing: the file is cut short.")
    return manifest


def _copied(
    file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, to: Path, expected: tuple[int, str]
) -> None:
    to.parent.mkdir(mode=0o755, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            for data in _chunks(_content(tar, member).read, expected[0]):
                digest.update(data)
                size += written.write(data)
            written.flush()
            os.fsync(written.fileno())
    except tarfile.TarError as error:
        raise InputError(str(file), member.name, None, f"is damaged: {error}.") from error
    if (size, digest.hexdigest()) != expected:
        raise InputError(str(file), member.name, None, "is not what was backed up: its SHA-256 differs.")


def _whole(file: Path, manifest: Manifest, fresh: Path) -> None:
    (fresh / "journal").mkdir(exist_ok=True)
    if not (fresh / "node.toml").is_file():
        raise InputError(str(file), "", None, "holds no node.toml.")
    walk = Journal(fresh / "journal", True, fresh).walk()
    for _ in walk:
        pass
    if (walk.end.seq - 1, walk.end.chain) != (manifest.seq, manifest.chain) or walk.end.torn:
        need = f"ends at seq {walk.end.seq - 1}, but the manifest says {manifest.seq}."
        raise InputError(str(file), "journal", None, need)


def _placed(file: Path, manifest: Manifest, fresh: Path, to: Path) -> None:
    """Put what was unpacked where it belongs; the journal last, so that half of it is no home."""
    to.mkdir(mode=0o700, exist_ok=True)
    (to / "journal").mkdir(exist_ok=True)
    held = Folder(to / "journal")
    held.lock()
    try:
        _not_newer(manifest, fresh, to)
        for path in sorted(fresh.iterdir()):
            if path.name != "journal":
                _replaced(path, to / path.name)
        if any(path.name != "lock" for path in (to / "journal").iterdir()):
            utc = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            (to / "journal").rename(to / f"journal-before-{utc}")
        else:
            shutil.rmtree(to / "journal")
        (fresh / "journal").rename(to / "journal")
    finally:
        held.close()
    store = Store.open(to / "journal", nation=manifest.nation)
    told = {"t_s": None, "node": manifest.nation, "event": "restored", "backup_utc": manifest.utc}
    store.write({**told, "backup_seq": manifest.seq})
    store.close()
    Folder(to).sync_folder()


def _replaced(path: Path, at: Path) -> None:
    if path.is_dir():
        at.mkdir(mode=0o700 if path.name == "keys" else 0o755, exist_ok=True)
        for inner in path.iterdir():
            inner.replace(at / inner.name)
    else:
        path.replace(at)


def _not_newer(manifest: Manifest, fresh: Path, to: Path) -> None:
    """Refuse where the journal that is there says something that the backup does not."""
    there = iter(Journal(to / "journal", True, to).walk())
    backed = iter(Journal(fresh / "journal", True, fresh).walk())
    while True:
        try:
            line = next(there, None)
        except InputError:
            return  # from here on it is damaged, which is what backups are for
        if line is None:
            return
        ours = next(backed, None)
        if ours is None or ours.chain != line.chain:
            seq, differs = line.entry["seq"], ours is not None
            need = (
                f"differs from the backup at seq {seq}."
                if differs
                else (
                    f"is newer: it goes on after seq {manifest.seq}, where the backup of {manifest.utc} ends."
                )
            )
            hint = "Restore to another folder, or move this journal away."
            raise InputError(str(to / "journal"), "", None, need, hint)
