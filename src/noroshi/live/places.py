"""Where a journal is: a run's file or arm, a live journal's folder, a node's home; and public keys."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.live import segments
from noroshi.live.disk import Folder
from noroshi.sharing.keys import Keyring, PublicKey

MAX_KEY_FILE_BYTES = 4 << 20


@dataclass(frozen=True)
class Journal:
    """A journal to read: a live one lies in segments, a run's is one file; `home` is the node's, if any."""

    path: Path
    live: bool
    home: Path | None

    def walk(self, since: segments.End | None = None) -> segments.Walk:
        """Its lines as they are now, each checked; one that was not finished is left in walk.end.torn."""
        if self.live:
            return segments.Walk(Folder(self.path, make=False), since=since)
        return segments.Walk(Folder(self.path.parent, make=False), files=[self.path.name], since=since)


def journal_at(path: Path) -> Journal:
    """The journal that `path` leads to. Raises InputError where it leads to none, or to several."""
    if path.is_file():
        return Journal(path, path.suffix == ".jsonl" and path.stem.isdigit(), None)
    if (path / "journal").is_file():
        return Journal(path / "journal", False, None)
    if (path / "journal").is_dir():
        return Journal(path / "journal", True, path)
    if path.is_dir() and ((path / "lock").exists() or segments.names(Folder(path, make=False))):
        return Journal(path, True, None)
    if arms := sorted(str(one.parent) for one in path.glob("*/journal")):
        raise InputError(str(path), "", None, "holds several journals.", f"Name one: {', '.join(arms)}.")
    need = "leads to no journal." if path.exists() else "is not there."
    hint = "Give a run's journal file, a journal folder, or a node's home."
    raise InputError(str(path), "", None, need, hint)


def keyring_at(*paths: Path) -> Keyring:
    """All public keys in JSON files: a partner's file, a folder of them, a node's home. Raises InputError."""
    found: dict[str, PublicKey] = {}
    revoked: dict[str, float] = {}
    for path in paths:
        before = len(found)
        for file in _key_files(path):
            told = _read(file)
            for key in _keys_in(told, str(file)):
                found[key.kid] = key
            if isinstance(told, dict) and isinstance(told.get("revoked"), dict):
                revoked.update({str(kid): float(when) for kid, when in told["revoked"].items()})
        if len(found) == before and not found:
            raise InputError(str(path), "", None, "holds no public keys.", "Give partners' files, or a home.")
    return Keyring(tuple(found.values()), revoked)


def _key_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(str(path), "", None, "is not there.")
    return sorted(
        [
            *path.glob("*.json"),
            *path.glob("partners/*.json"),
            *path.glob("known/*.json"),
            *path.glob("keys/sign.json"),
        ]
    )


def _read(file: Path) -> Any:
    try:
        with file.open("rb") as opened:
            return json.loads(opened.read(MAX_KEY_FILE_BYTES))
    except OSError as error:
        raise InputError(str(file), "", None, f"cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(str(file), "", None, "must be JSON.") from error


def _keys_in(told: Any, where: str) -> Iterator[PublicKey]:
    if isinstance(told, dict):
        if {"kid", "ed25519", "mldsa65"} <= told.keys():
            try:
                yield PublicKey.from_dict(told)
            except Refused as refused:
                raise InputError(
                    where, "", None, f"holds a key that cannot be used: {refused.reason}."
                ) from None
        else:
            for inner in told.values():
                yield from _keys_in(inner, where)
    elif isinstance(told, list):
        for inner in told:
            yield from _keys_in(inner, where)
