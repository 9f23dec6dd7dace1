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

_START = "0" * 64


def _canonical(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _link(before: str, line: bytes) -> str:
    return hashlib.sha256(before.encode() + line).hexdigest()


def encode(entries: Iterable[dict[str, Any]]) -> bytes:
    """Lines of a whole journal, numbered by `seq` from 0 and chained."""
    lines, chain = [], _START
    for seq, entry in enumerate(entries):
        line = _canonical({**entry, "seq": seq})
        chain = _link(chain, line)
        lines.append(line[:-1] + f',"chain":"{chain}"}}'.encode())
    return b"".join(line + b"\n" for line in lines)


def decode(data: bytes, where: str = "journal") -> Iterator[dict[str, Any]]:
    """Entries of a journal in order, each checked against the chain.

    Raises InputError at the first line that is not what was written, with its number.
    """
    chain = _START
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            entry = json.loads(line)
            stated = entry.pop("chain")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            need = "must be a journal line, JSON with a chain."
            raise InputError(where, f"line {number}", line[:60].decode(errors="replace"), need) from error
        chain = _link(chain, _canonical(entry))
        if chain != stated or entry.get("seq") != number - 1:
            raise InputError(where, f"line {number}", None, "does not follow from the lines before it: changed or lost.")
        yield entry
