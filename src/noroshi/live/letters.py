"""Letters between nations: signed files that people carry, before there is a border or beside it.

A letter is text: a line that says what it is, a line with the SHA-256 of what follows, and base64 of the
sender's public key and a sealed JSON object. It is read only when writing it again gives the very same
bytes, so no byte of it can be another. Both signatures, Ed25519 and ML-DSA-65, are always there.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.records.labels import marking
from noroshi.sharing import envelope, keys

MAX_BYTES = 65_536
_LINE = 76
_HEAD = re.compile(
    r"noroshi (?P<what>[a-z]+) 1 (?P<marking>EXERCISE|LIVE) from (?P<sender>[A-Z]{3}) to (?P<to>[A-Z]{3})"
)
_WHAT = {
    "invitation": "an invitation (noroshi federation invite writes one)",
    "request": "an answer to an invitation (noroshi federation join writes one)",
    "notice": "a notice of a partner (noroshi federation rotate, revoke and leave write them)",
}
_ALTERED = "It was altered or cut short on its way; ask for it again."


@dataclass(frozen=True)
class Letter:
    """A letter whose signatures hold: what it is, from whom to whom, its body, and the key that signed."""

    what: str
    sender: str
    to: str
    exercise: bool
    body: Mapping[str, Any]
    key: keys.PublicKey
    sha256: str
    where: str


def write(what: str, to: str, body: Mapping[str, Any], signer: keys.Signer) -> bytes:
    """The bytes of a letter's file. `body` must be plain JSON values."""
    public = signer.public
    head = f"noroshi {what} 1 {marking(public.exercise)} from {public.nation} to {to}"
    # The head is signed with the body.
    sealed = envelope.seal(f"{head}\n{_json(body)}".encode(), signer, post_quantum=True)
    brought = _json(public.to_dict()).encode()
    return _rendered(head, len(brought).to_bytes(4, "big") + brought + sealed)


def read(path: Path, what: tuple[str, ...], now_unix_s: float, keyring: keys.Keyring | None = None) -> Letter:
    """A letter from its file, which must be one of `what`. Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise InputError(str(path), "", None, "is a folder; name a file.") from None
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be read: {error.strerror}.") from None
    return opened(data, str(path), what, now_unix_s, keyring)


def opened(
    data: bytes,
    where: str,
    what: tuple[str, ...],
    now_unix_s: float,
    keyring: keys.Keyring | None = None,
) -> Letter:
    """Check a letter by the keys of `keyring`, or else by the key that it brings. Raises InputError."""
    line = data.partition(b"\n")[0].decode("ascii", "replace")
    head = _HEAD.fullmatch(line)
    if head is None or head["what"] not in what:
        wanted = " or ".join(_WHAT[one] for one in what)
        got = f"It is {_WHAT[head['what']]}." if head and head["what"] in _WHAT else ""
        raise InputError(where, "", None, f"must be {wanted}.", got)
    brought, sealed = _parts(data, line, where)
    try:
        done = envelope.open_sealed(
            sealed, keyring or keys.Keyring((brought,)), now_unix_s, need_post_quantum=True
        )
    except Refused as error:
        hint = "Is this machine's clock right?" if error.code in ("key_not_yet", "key_expired") else ""
        raise InputError(where, "signature", None, f"does not count: {error.reason}.", hint) from None
    signed, _, text = done.body.decode("utf-8", "replace").partition("\n")
    same = done.key.nation == head["sender"] and marking(done.key.exercise) == head["marking"]
    if signed != line or not same:
        raise InputError(where, "line 1", line, "is not what was signed.", _ALTERED)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(where, "", None, "holds no JSON.") from None
    if not isinstance(body, dict):
        raise InputError(where, "", None, "holds no table.")
    exercise = head["marking"] == marking(True)
    return Letter(head["what"], head["sender"], head["to"], exercise, body, done.key, sum_of(data), where)


def is_notice(path: Path) -> bool:
    """Whether a file says of itself that it is a notice; anything else is judged where it is read."""
    try:
        with path.open("rb") as file:
            head = _HEAD.fullmatch(file.readline(200).rstrip(b"\n").decode("ascii", "replace"))
    except OSError:
        return False
    return head is not None and head["what"] == "notice"


def sum_of(data: bytes) -> str:
    """What names a letter: SHA-256 of its file, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _parts(data: bytes, line: str, where: str) -> tuple[keys.PublicKey, bytes]:
    """The key that a letter brings, and what is sealed."""
    try:
        inside = base64.b64decode(b"".join(data.split(b"\n")[2:]), validate=True)
    except ValueError:
        raise InputError(where, "", None, "is not base64 where it should be.", _ALTERED) from None
    if len(data) > MAX_BYTES or _rendered(line, inside) != data:
        raise InputError(where, "line 2", None, "is not the sum of what follows.", _ALTERED)
    size = int.from_bytes(inside[:4], "big")
    try:
        return keys.PublicKey.from_dict(json.loads(inside[4 : 4 + size])), inside[4 + size :]
    except (Refused, ValueError, RecursionError) as error:
        raise InputError(where, "key", None, f"is no public key: {error}.") from None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _rendered(head: str, inside: bytes) -> bytes:
    text = base64.b64encode(inside).decode()
    lines = [head, f"sha256 {hashlib.sha256(head.encode() + inside).hexdigest()}"]
    lines += [text[place : place + _LINE] for place in range(0, len(text), _LINE)]
    return ("\n".join(lines) + "\n").encode()
