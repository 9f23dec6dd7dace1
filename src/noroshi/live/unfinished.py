"""What a journal says is still to be done: after a crash at any step, this is all that is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Entry = Mapping[str, Any]


@dataclass
class Unfinished:
    """What the journal holds open.

    `outgoing` has neither receipt nor expiry, in order; `unacknowledged` are (partner, id) that the
    partner's node has said nothing of and `sent` all that ever went, with their expiry. `incoming` is all
    that was taken, in order, by id; `unhanded` are the ids of those that went into no receipt of ours, and
    `refused` (partner, id or hash, code) likewise.
    """

    outgoing: dict[tuple[str, str], Entry] = field(default_factory=dict)
    unacknowledged: dict[tuple[str, str], float] = field(default_factory=dict)
    sent: dict[tuple[str, str], float] = field(default_factory=dict)
    incoming: dict[str, Entry] = field(default_factory=dict)
    unhanded: dict[str, None] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)


def of(entries: Iterable[Entry], now_s: float, known_after_s: float) -> Unfinished:
    """Read a journal from its start; what is long past its expiry is left out."""
    found = Unfinished()
    for entry in entries:
        if read := _READ.get(entry["event"]):
            read(found, entry)
    for message_id, entry in list(found.incoming.items()):
        if message_id not in found.unhanded and entry["expires_s"] + known_after_s < now_s:
            del found.incoming[message_id]
    return found


def _outgoing(found: Unfinished, entry: Entry) -> None:
    key = entry["to"], entry["message"]
    found.outgoing[key] = entry
    found.sent[key] = entry["expires_s"]
    if entry["kind"] != "receipt":
        found.unacknowledged[key] = entry["expires_s"]
    for message_id, _ in entry.get("of", ()):
        found.unhanded.pop(message_id, None)
        found.refused.pop((entry["to"], message_id), None)


def _receipt(found: Unfinished, entry: Entry) -> None:
    found.outgoing.pop((entry["to"], entry["message"]), None)


def _acknowledged(found: Unfinished, entry: Entry) -> None:
    found.unacknowledged.pop((entry["partner"], entry["message"]), None)


def _incoming(found: Unfinished, entry: Entry) -> None:
    found.incoming[entry["message"]] = entry
    if entry["kind"] != "receipt":
        found.unhanded[entry["message"]] = None


def _refused(found: Unfinished, entry: Entry) -> None:
    if entry.get("direction") == "in" and "sha256" in entry and entry.get("kind") != "receipt":
        name = entry.get("message", f"sha256:{entry['sha256']}")
        found.refused[entry["partner"], name] = entry["reason"]


_READ = {
    "outgoing": _outgoing,
    "receipt": _receipt,
    "expired": _receipt,
    "acknowledged": _acknowledged,
    "incoming": _incoming,
    "refused": _refused,
}
