"""The auditor: the journals of all nations of one exchange, laid beside each other.

It trusts no nation and no code of the border: it reads the sealed bytes that each journal holds, and asks of
every message whether it is where it must be, once, in order, and nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from noroshi.errors import Refused
from noroshi.live import heads
from noroshi.live.ledger import Held, Ledger, read
from noroshi.records.messages import LANES, ReceiptList, lane
from noroshi.sharing import envelope
from noroshi.sharing.keys import Keyring

# What is told beside errors: how it stands with messages that did not arrive, and what could not be seen.
STANDS = {
    "open": "under way when the journals end",
    "expired": "expired on its way",
    "refused": "refused by the partner's border",
    "unaudited": "the journal of the other side is not among these",
}
ERRORS = {
    "chain": "the journal's lines are not the ones that were written",
    "unreadable": "an entry or the message in it cannot be read",
    "cut": "the journal ends before a head that a partner countersigned",
    "fork": "the journal was rewritten after a partner countersigned its head",
    "head": "a head does not say what the journal says",
    "signature": "a signature is not good",
    "lost": "a message that the partner's side receipted is not in the partner's journal",
    "twice": "a nation took one message more than once",
    "leak": "a nation holds or was sent a message whose label does not name it",
    "unsent": "a nation took a message that its partner's journal does not say it sent",
    "altered": "the bytes taken are not the bytes sent",
    "unheld": "a nation passed on what it never took",
    "order": "messages of one origin and lane were taken in another order than they were sent",
    "receipt": "a receipt is not true",
}


@dataclass(frozen=True)
class Finding:
    """`what` is a key of ERRORS or STANDS; `nation` and `seq` tell whose journal shows it, and where."""

    what: str
    nation: str
    seq: int
    message: str
    detail: str

    @property
    def error(self) -> bool:
        """Whether something is wrong, or only worth knowing."""
        return self.what in ERRORS

    def __str__(self) -> str:
        about = f", {self.message}" if self.message else ""
        return f"{self.nation} seq {self.seq}{about}: {self.what}: {self.detail}"


def audit(
    journals: Mapping[str, Iterable[dict[str, Any]]], keyring: Keyring | None = None, running: bool = False
) -> list[Finding]:
    """All findings about the journals of nations, by nation and seq; errors and how open messages stand.

    With the keys of all nations in `keyring` every signature is checked too, at the time of its entry.
    `running` takes journals that were copied while their nodes went on, one a little after the other.
    """
    check = None if keyring is None else partial(_fault, keyring)
    ledgers = {nation: read(nation, entries, check) for nation, entries in journals.items()}
    findings: set[Finding] = set()
    for ledger in ledgers.values():
        findings.update(_journal(ledger, keyring))
        findings.update(_countersigned(ledger, ledgers, keyring))
        findings.update(_sent(ledger, ledgers, running))
        findings.update(_taken(ledger, ledgers, running))
        findings.update(_order(ledger, ledgers))
        findings.update(_receipts(ledger, ledgers, running))
    return sorted(findings, key=lambda one: (one.nation, one.seq, one.what, one.message, one.detail))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that say that something is wrong."""
    return [finding for finding in findings if finding.error]


def _journal(ledger: Ledger, keyring: Keyring | None) -> Iterator[Finding]:
    for seq, what, fault in ledger.faults:
        yield Finding(what, ledger.nation, seq, "", fault)
    for seq, utc, text in ledger.heads:
        try:
            head = heads.read_head(text.encode())
            if keyring is not None:
                heads.check_head(text.encode(), keyring, _unix_s(utc))
        except Refused as refused:
            yield Finding("signature", ledger.nation, seq, "", f"of a head: {refused}")
            continue
        if (head.nation, head.seq) != (ledger.nation, seq - 1) or head.chain != ledger.chain(seq - 1):
            said = f"says {head.nation} seq {head.seq} {head.chain[:12]}"
            held = f"before it stands {ledger.nation} seq {seq - 1} {ledger.chain(seq - 1)[:12]}"
            yield Finding("head", ledger.nation, seq, "", f"{said}, {held}")


def _countersigned(
    ledger: Ledger, ledgers: Mapping[str, Ledger], keyring: Keyring | None
) -> Iterator[Finding]:
    for seq, utc, text in ledger.countersigned:
        try:
            told = heads.read_countersignature(text.encode())
            if keyring is not None:
                heads.check_countersignature(text.encode(), keyring, _unix_s(utc))
        except Refused as refused:
            yield Finding("signature", ledger.nation, seq, "", f"of a countersignature: {refused}")
            continue
        head, owner = told.head, ledgers.get(told.head.nation)
        if owner is None:
            yield Finding("unaudited", ledger.nation, seq, "", f"head {head.seq} of {head.nation}")
        elif head.seq >= len(owner):
            detail = f"ends at {len(owner) - 1}; {told.by} countersigned seq {head.seq} at {told.utc}"
            yield Finding("cut", owner.nation, len(owner) - 1, "", detail)
        elif head.chain != owner.chain(head.seq):
            here = owner.chain(head.seq)[:12]
            detail = f"is {here} here; {told.by} countersigned {head.chain[:12]} at {told.utc}"
            yield Finding("fork", owner.nation, head.seq, "", detail)


def _sent(ledger: Ledger, ledgers: Mapping[str, Ledger], running: bool) -> Iterator[Finding]:
    """Each message that was sent is at its partner, or it is known why not."""
    receipted = {(message, partner) for _, message, partner, _ in ledger.receipts}
    for (message, to), held in ledger.sent.items():
        yield from _label(ledger.nation, held, to)
        yield from _relayed(ledger, held)
        partner = ledgers.get(to)
        if partner is None:
            yield Finding("unaudited", ledger.nation, held.seq, message, f"sent to {to}")
            continue
        if partner.taken.get(message):
            continue  # _taken compares the bytes
        if (ledger.nation, held.sha256) in partner.refused:
            reason = partner.refused[ledger.nation, held.sha256]
            yield Finding("refused", ledger.nation, held.seq, message, f"by {to}: {reason}")
        elif (message, to) in receipted and partner.more.get(ledger.nation):
            detail = f"by {to}, it seems: {partner.more[ledger.nation]} of a flood are only counted"
            yield Finding("refused", ledger.nation, held.seq, message, detail)
        elif (message, to) in receipted and not running:
            detail = f"{to} receipted it and holds neither it nor a refusal"
            yield Finding("lost", ledger.nation, held.seq, message, detail)
        elif (message, to) in ledger.expired:
            yield Finding("expired", ledger.nation, held.seq, message, f"on its way to {to}")
        else:
            yield Finding("open", ledger.nation, held.seq, message, f"on its way to {to}")


def _taken(ledger: Ledger, ledgers: Mapping[str, Ledger], running: bool) -> Iterator[Finding]:
    """Each message that was taken was sent by that partner, so, to here, and once."""
    for message, times in ledger.taken.items():
        for again in times[1:]:
            detail = f"from {again.partner}, first at seq {times[0].seq} from {times[0].partner}"
            yield Finding("twice", ledger.nation, again.seq, message, detail)
        for held in times:
            yield from _label(ledger.nation, held, ledger.nation)
            if held.fault:
                yield Finding("signature", ledger.nation, held.seq, message, held.fault)
            partner = ledgers.get(held.partner)
            if partner is None:
                yield Finding("unaudited", ledger.nation, held.seq, message, f"taken from {held.partner}")
                continue
            sent = partner.sent.get((message, ledger.nation))
            if sent is None:
                what = "open" if running and held.utc >= partner.last_utc else "unsent"
                yield Finding(what, ledger.nation, held.seq, message, f"as if from {held.partner}")
            elif sent.sha256 != held.sha256:
                detail = (
                    f"{held.sha256[:12]} was taken, {held.partner} sent {sent.sha256[:12]} at seq {sent.seq}"
                )
                yield Finding("altered", ledger.nation, held.seq, message, detail)


def _order(ledger: Ledger, ledgers: Mapping[str, Ledger]) -> Iterator[Finding]:
    """From one partner, of one origin and lane, the order of sending is the order of taking."""
    latest: dict[tuple[str, str, int], Held] = {}
    for held in sorted((times[0] for times in ledger.taken.values()), key=lambda one: one.seq):
        partner = ledgers.get(held.partner)
        sent = partner.sent.get((held.message, ledger.nation)) if partner else None
        if sent is None or held.told is None:
            continue
        row = (held.partner, held.told.origin, lane(held.told.kind))
        before = latest.get(row)
        if before is not None and sent.seq < before.seq:
            detail = f"after {before.message}, which {held.partner} sent later ({LANES[row[2]]} of {row[1]})"
            yield Finding("order", ledger.nation, held.seq, held.message, detail)
        else:
            latest[row] = sent


def _receipts(ledger: Ledger, ledgers: Mapping[str, Ledger], running: bool) -> Iterator[Finding]:
    """What a nation says it was told was sent; what a nation says it took, it took."""
    for seq, message, partner, verdict in ledger.receipts:
        if (message, partner) not in ledger.sent:
            yield Finding("receipt", ledger.nation, seq, message, f"of {partner}, to whom it was not sent")
            continue
        other = ledgers.get(partner)
        if other is None or not verdict:
            continue  # a receipt of the partner's server: _sent looks for the message
        late = running and ledger.last_utc >= other.last_utc
        if verdict == "taken" and not other.taken.get(message) and not late:
            yield Finding("receipt", ledger.nation, seq, message, f"{partner} said taken and never took it")
        sent = ledger.sent[message, partner]
        refused = (ledger.nation, sent.sha256) in other.refused or (
            ledger.nation,
            message,
        ) in other.refused_ids
        if verdict != "taken" and not refused and not other.taken.get(message) and not late:
            detail = f"{partner} said {verdict} and its journal holds no refusal"
            yield Finding("receipt", ledger.nation, seq, message, detail)
    for (message, to), held in ledger.sent.items():
        told = held.told
        if told is None or told.origin != ledger.nation or not isinstance(told.payload, ReceiptList):
            continue
        for about, verdict in told.payload.of:
            if verdict == "taken" and about not in ledger.taken:
                yield Finding("receipt", ledger.nation, held.seq, message, f"told {to} that it took {about}")


def _label(nation: str, held: Held, to: str) -> Iterator[Finding]:
    told = held.told
    if told is None or told.id != held.message:
        yield Finding("unreadable", nation, held.seq, held.message, "its bytes hold no such message")
    elif to not in told.label.releasable_to:
        yield Finding("leak", nation, held.seq, held.message, f"label '{told.label}' does not name {to}")


def _relayed(ledger: Ledger, held: Held) -> Iterator[Finding]:
    told = held.told
    if told is None:
        return
    # What a nation makes of its own message is its own too.
    source = told.derived_from or told.id
    if told.origin != ledger.nation and source not in ledger.taken and told.id not in ledger.taken:
        detail = f"{told.origin} wrote {source}, which is not among what was taken"
        yield Finding("unheld", ledger.nation, held.seq, held.message, detail)


def _fault(keyring: Keyring, sealed: bytes, utc: str) -> str:
    try:
        envelope.open_sealed(sealed, keyring, _unix_s(utc))
    except Refused as refused:
        return str(refused)
    return ""


def _unix_s(utc: str) -> float:
    try:
        return datetime.fromisoformat(utc).timestamp()
    except ValueError:
        raise Refused("signature", f"{utc!r} is no time to judge keys by") from None
