"""What one nation's journal says of messages, as tables: sent, taken, refused, receipted, countersigned."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2

from noroshi.errors import Refused
from noroshi.formats import journal
from noroshi.formats.message import decode
from noroshi.records.messages import Message, Opaque, ReceiptList

# Says what is wrong with the signatures of sealed bytes at a time (ISO 8601), "" if nothing.
Check = Callable[[bytes, str], str]

_SIGN1 = 18  # the CBOR tag of COSE_Sign1


@dataclass(frozen=True)
class Held:
    """A message as a line of a journal holds it: with which nation it came or went, and its bytes' hash."""

    seq: int
    utc: str
    partner: str
    message: str
    sha256: str
    told: Message | None  # what the sealed bytes hold, its payload left aside; None where that cannot be read
    fault: str  # what is wrong with the signatures, "" if nothing or not asked


@dataclass
class Ledger:
    """One journal in tables; `chains` holds 32 bytes a line, `faults` rows of seq, finding and detail."""

    nation: str
    check: Check | None = None
    sent: dict[tuple[str, str], Held] = field(default_factory=dict)  # (message, to): the first time
    taken: dict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))  # by message
    refused: dict[tuple[str, str], str] = field(default_factory=dict)  # (partner, sha256): reason
    refused_ids: set[tuple[str, str]] = field(default_factory=set)  # (partner, message)
    more: dict[str, int] = field(default_factory=dict)  # partner: refusals of a flood, counted only
    expired: set[tuple[str, str]] = field(default_factory=set)  # (message, to)
    receipts: list[tuple[int, str, str, str]] = field(default_factory=list)  # seq, message, partner, verdict
    countersigned: list[tuple[int, str, str]] = field(default_factory=list)  # seq, utc, the text
    heads: list[tuple[int, str, str]] = field(default_factory=list)  # seq, utc, the text
    chains: bytearray = field(default_factory=bytearray)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    last_utc: str = ""

    def __len__(self) -> int:
        return len(self.chains) // 32

    def chain(self, seq: int) -> str:
        """The chain with which the line `seq` ends."""
        return self.chains[32 * seq : 32 * seq + 32].hex()


def read(nation: str, entries: Iterable[dict[str, Any]], check: Check | None = None) -> Ledger:
    """Tables of a journal whose lines come in order; `check` is asked about every message that was taken."""
    ledger, chain = Ledger(nation, check), journal.START
    for seq, entry in enumerate(entries):
        if entry.get("seq") != seq:
            fault = f"line {seq} says that it is {entry.get('seq')}: lines are lost or moved"
            ledger.faults.append((seq, "chain", fault))
            return ledger
        # Canonical form is one only, so the entry alone gives back its line.
        _, chain = journal.link({key: entry[key] for key in entry if key != "chain"}, seq, chain)
        ledger.chains += bytes.fromhex(chain)
        if entry.get("chain", chain) != chain:
            ledger.faults.append((seq, "chain", f"line {seq} does not follow from the lines before it"))
            return ledger
        ledger.last_utc = max(ledger.last_utc, str(entry.get("utc", "")))
        if (note := _NOTES.get(entry.get("event", ""))) is not None:
            try:
                note(ledger, seq, entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                fault = f"the entry {entry['event']}: {type(error).__name__} {error}"
                ledger.faults.append((seq, "unreadable", fault))
    return ledger


def opened(sealed: bytes) -> Message | None:
    """The message in its seal, nothing verified and read apart from the border's own code; None if none."""
    try:
        tag = cbor2.loads(sealed)
        message = decode(tag.value[2])[0] if tag.tag == _SIGN1 else None
    except (
        Refused,
        cbor2.CBORDecodeError,
        AttributeError,
        IndexError,
        RecursionError,
        TypeError,
        ValueError,
    ):
        return None
    if message is None or isinstance(message.payload, ReceiptList):
        return message
    return replace(message, payload=Opaque(b""))


def _held(seq: int, entry: dict[str, Any], partner: str, check: Check | None) -> Held:
    sealed = base64.b64decode(entry["sealed"], validate=True)
    utc, message = str(entry.get("utc", "")), str(entry["message"])
    fault = check(sealed, utc) if check else ""
    return Held(seq, utc, partner, message, hashlib.sha256(sealed).hexdigest(), opened(sealed), fault)


def _outgoing(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    held = _held(seq, entry, str(entry["to"]), None)
    ledger.sent.setdefault((held.message, held.partner), held)


def _incoming(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    held = _held(seq, entry, str(entry["partner"]), ledger.check)
    ledger.taken[held.message].append(held)


def _refused(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    # A node's own step refuses too, what it was handed after it was taken: that has no direction.
    if entry.get("direction") == "in":
        partner = str(entry.get("partner", ""))
        ledger.more[partner] = ledger.more.get(partner, 0) + int(entry.get("more", 0))
        reason = ": ".join(str(entry[name]) for name in ("reason", "code", "detail") if entry.get(name))
        ledger.refused[partner, str(entry.get("sha256", ""))] = reason
        if entry.get("message"):
            ledger.refused_ids.add((partner, str(entry["message"])))


def _expired(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    ledger.expired.add((str(entry["message"]), str(entry["to"])))


def _receipt(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    ledger.receipts.append((seq, str(entry["message"]), str(entry["to"]), ""))


def _acknowledged(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    verdict = str(entry.get("verdict", "taken"))
    ledger.receipts.append((seq, str(entry["message"]), str(entry["partner"]), verdict))


def _head(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    ledger.heads.append((seq, str(entry.get("utc", "")), entry["head"]))


def _countersigned(ledger: Ledger, seq: int, entry: dict[str, Any]) -> None:
    ledger.countersigned.append((seq, str(entry.get("utc", "")), entry["countersigned"]))


_NOTES = {
    "outgoing": _outgoing,
    "incoming": _incoming,
    "refused": _refused,
    "expired": _expired,
    "receipt": _receipt,
    "acknowledged": _acknowledged,
    "head": _head,
    "countersigned": _countersigned,
}
