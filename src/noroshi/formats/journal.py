"""The journal: one JSON object a line, each holding the hash of all lines before it.

Canonical form: keys sorted, no spaces, UTF-8, floats as Python prints them (shortest that reads back the
same). `chain` is the SHA-256 of the former line's chain and this line without it, so that a changed, lost or
swapped line shows.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from noroshi.errors import InputError

START = "0" * 64  # what the first line follows


def link(entry: dict[str, Any], seq: int, chain: str) -> tuple[bytes, str]:
    """The next line of a journal without its line break, and the chain that it ends with.

    `chain` is that of the line before, START for the first. Raises ValueError or TypeError where JSON cannot
    say it.
    """
    line = _canonical({**entry, "seq": seq})
    chain = _hashed(chain, line)
    return line[:-1] + f',"chain":"{chain}"}}'.encode(), chain


def follow(line: bytes, seq: int, chain: str, where: str, place: str) -> tuple[dict[str, Any], str]:
    """The entry of one line without its line break, checked against the chain before it, and its own chain.

    Raises InputError, naming file and place, where the line is not what `link` wrote there.
    """
    body, _, end = line.rpartition(b',"chain":"')
    # Over the bytes, not over what they mean: 1.0 and 1e0 are one number and two journals.
    chain = _hashed(chain, body + b"}")
    if end != f'{chain}"}}'.encode():
        need = "does not follow from the lines before it: changed, lost or moved."
        raise InputError(where, place, _shown(line), need)
    try:
        entry = json.loads(body + b"}")
    except (ValueError, RecursionError) as error:
        raise InputError(where, place, _shown(line), "must be a JSON object.") from error
    if not isinstance(entry, dict) or entry.get("seq") != seq:
        raise InputError(where, place, _shown(line), f"must have seq {seq}.")
    return entry, chain


def encode(entries: Iterable[dict[str, Any]]) -> bytes:
    """Lines of a whole journal, numbered by `seq` from 0 and chained."""
    lines, chain = [], START
    for seq, entry in enumerate(entries):
        line, chain = link(entry, seq, chain)
        lines.append(line)
    return b"".join(line + b"\n" for line in lines)


def decode(data: bytes, where: str = "journal") -> Iterator[dict[str, Any]]:
    """Entries of a journal in order, each checked against the chain, byte for byte.

    Raises InputError at the first line that is not what was written, with its number. That lines are missing
    after the last one does not show.
    """
    chain = START
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, start=1):
        entry, chain = follow(line, number - 1, chain, where, f"line {number}")
        yield entry
    if rest:
        raise InputError(
            where, f"line {len(lines) + 1}", _shown(rest), "is cut short: every line ends with a line break."
        )


def _canonical(entry: dict[str, Any]) -> bytes:
    return json.dumps(
        entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _hashed(before: str, line: bytes) -> str:
    return hashlib.sha256(before.encode() + line).hexdigest()


def _shown(line: bytes) -> str:
    return line[:60].decode(errors="replace")
