"""The guard at a border: label, subject, form, key and policy must agree, on our side and on theirs."""

import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from noroshi.errors import Refused
from noroshi.records.labels import NATION, marking
from noroshi.records.messages import FORMS, Message, Opaque, registered
from noroshi.sharing.release import Decision, ReleaseTable, release

# First word of every subject; another order of nations would need another word.
ROOT = "rel"
NOBODY = "_"
# What stands in a subject as it is. Anything else (dots, spaces, wildcards, other scripts) goes as its hash.
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}|~[0-9a-f]{32}")
MAX_ID = 256
# So much may a partner's clock be ahead of ours, s.
AHEAD_S = 30.0


class Key(Protocol):
    """What the guard asks of the key that signed: whose it is, and for what."""

    @property
    def nation(self) -> str:
        """Whose key it is."""
        ...

    @property
    def cell(self) -> str:
        """The cell that it speaks for, "" for the whole nation."""
        ...

    @property
    def exercise(self) -> bool:
        """Whether it signs exercise messages; if not, live ones."""
        ...


@dataclass(frozen=True)
class Border:
    """What `me` and `partner` agreed on: one border is for exercise or live, never for both."""

    me: str
    partner: str
    exercise: bool
    epoch_utc: str
    table: ReleaseTable
    positions: tuple[str, ...]
    ahead_s: float = AHEAD_S


class Subject(NamedTuple):
    """What a subject says: for whom, from whom, what, and the token of the message's id."""

    releasable_to: tuple[str, ...]
    origin: str
    kind: str
    token: str


def subject(message: Message, positions: tuple[str, ...]) -> str:
    """The subject of a message: rel.<USA or _>.<JPN or _>. ... .<origin>.<kind>.<token of the id>.

    The place of a nation is fixed, so a partner's share of the stream is one filter. The originator's own
    place stays empty. Raises Refused("subject") where the label names a nation without a place.
    """
    named = set(message.label.releasable_to) - {message.origin}
    if strangers := sorted(named.union({message.origin}).difference(positions)):
        raise Refused("subject", f"{', '.join(map(_shown, strangers))} has no place in {'.'.join(positions)}")
    places = [nation if nation in named else NOBODY for nation in positions]
    return ".".join([ROOT, *places, message.origin, _token(message.kind), _token(message.id)])


def parse(text: str, positions: tuple[str, ...]) -> Subject:
    """Read a subject strictly; `subject` is its only writer.

    Raises Refused("subject"): a token too many or too few, one that is not its place's, a wildcard, a
    control character, or too long a text.
    """
    longest = len(ROOT) + 4 * (len(positions) + 1) + 2 * 65
    if len(text) > longest:
        raise Refused("subject", f"{len(text)} characters, more than any subject has ({longest})")
    tokens = text.split(".")
    if len(tokens) != len(positions) + 4:
        raise Refused("subject", f"{len(tokens)} tokens in place of {len(positions) + 4}: {_shown(text)}")
    root, *places, origin, kind, ident = tokens
    if root != ROOT:
        raise Refused("subject", f"starts with {_shown(root)}, not with {ROOT}")
    for place, nation in zip(places, positions, strict=True):
        if place not in (nation, NOBODY):
            raise Refused("subject", f"{_shown(place)} stands in the place of {nation}")
    if origin not in positions:
        raise Refused("subject", f"origin {_shown(origin)} is none of {', '.join(positions)}")
    for token in (kind, ident):
        if not _TOKEN.fullmatch(token):
            raise Refused("subject", f"{_shown(token)} is no token of a subject")
    return Subject(tuple(place for place in places if place != NOBODY), origin, kind, ident)


def egress(message: Message, border: Border, now_s: float, held: Collection[str] = ()) -> Decision:
    """The last judgement before `message` leaves for the partner, in exactly this form.

    `held` are the nations to which an operator holds everything back. What is refused here was refused
    before, or something between the desk and the border went wrong.
    """
    table, policy_sha256 = border.table, border.table.sha256.get(border.me, "")
    if border.partner in held:
        reason = f"an operator of {border.me} holds what goes to {border.partner}"
        return Decision(False, None, reason, "held", policy_sha256)
    try:
        _whole_in_itself(message)
        if border.exercise != message.label.exercise or border.exercise != table.exercise:
            said = f"marked {message.label.marking}, but the border to {border.partner} is "
            raise Refused("marking", said + marking(border.exercise))
        subject(message, border.positions)
    except Refused as error:
        return Decision(False, None, error.reason, error.code, policy_sha256)
    decision = release(message, border.partner, now_s, table, border.me)
    if decision.allowed and decision.form != message.form:
        reason = f"may go to {border.partner} as {decision.form}, but is {message.form}"
        return Decision(False, None, reason, "form", policy_sha256)
    return decision


def ingress(
    message: Message,
    key: Key,
    subject_text: str,
    epoch_utc: str,
    border: Border,
    now_s: float,
    seen: Callable[[str], bool],
) -> Decision:
    """Judge what the partner handed over: signed by `key`, under this subject, its times after `epoch_utc`.

    `seen` tells whether a message of this id was taken before. Raises Refused with the code of what is
    wrong: marking, epoch, forged_origin, label, subject, replay, stale, future, relayed_without_right,
    policy. Who the message is from is settled before what it asks.
    """
    me, partner, origin = border.me, border.partner, message.origin
    if not key.exercise == message.label.exercise == border.exercise == border.table.exercise:
        said = f"marked {message.label.marking}, signed with a key for {marking(key.exercise)}"
        raise Refused("marking", f"{said}, at a border for {marking(border.exercise)}")
    if _zulu(epoch_utc) != _zulu(border.epoch_utc):
        raise Refused("epoch", f"counts from {_shown(epoch_utc)}, we from {border.epoch_utc}")
    _signed_rightly(message, key, border)
    _whole_in_itself(message)
    if me not in message.label.releasable_to:
        raise Refused("label", f"label '{message.label}' does not name {me}")
    parse(subject_text, border.positions)
    if subject_text != subject(message, border.positions):
        raise Refused("subject", f"{_shown(subject_text)} is not the subject of {_shown(message.id)}")
    if seen(message.id):
        raise Refused("replay", f"{_shown(message.id)} was taken before")
    # Written so that what is no number is refused.
    if not now_s <= message.expires_s:
        raise Refused("stale", f"expired {now_s - message.expires_s:.0f} s ago")
    if not message.created_s <= now_s + border.ahead_s:
        raise Refused("future", f"written {message.created_s - now_s:.0f} s from now")
    decision = border.table.accepted.get((me, partner, origin, registered(message.kind), message.form))
    if decision is None or not decision.allowed:
        known = f"a {message.form} {_shown(message.kind)} of {origin} from {partner}"
        reason = decision.reason if decision else f"no policy of {me} speaks of {known}"
        raise Refused("policy" if origin == partner else "relayed_without_right", reason)
    return decision


def _signed_rightly(message: Message, key: Key, border: Border) -> None:
    """A message is signed by its origin; what was taken something out of, by the partner who did that."""
    origin = message.origin
    if origin == border.me:
        raise Refused(
            "forged_origin", f"{border.partner} hands over what {border.me} is said to have written"
        )
    derived = message.derived_from is not None and message.form != FORMS[0]
    if key.nation != origin and not (key.nation == border.partner and derived):
        what = "a derivative" if derived else "a message"
        raise Refused("forged_origin", f"{what} of {origin}, signed by {key.nation}")
    # What was derived by a partner was derived by its node, whichever cell wrote the whole.
    if key.cell and (key.nation != origin or key.cell != message.cell):
        said = f"signed by cell {_shown(key.cell)} of {key.nation}"
        raise Refused("forged_origin", f"of {_shown(message.cell)} in {origin}, {said}")


def _whole_in_itself(message: Message) -> None:
    """Origin, label, ids and form of a message agree with each other."""
    origin, label = message.origin, message.label
    if not NATION.fullmatch(origin) or label.originator != origin:
        raise Refused("label", f"label of {_shown(label.originator)} on a message of {_shown(origin)}")
    for ident in (message.id, message.derived_from):
        # Else a partner could use up the ids of another, whose messages would then count as replayed.
        if ident is not None and not (ident.startswith(f"{origin}-") and len(ident) <= MAX_ID):
            raise Refused("forged_origin", f"id {_shown(ident)} is not one of {origin}'s: {origin}-...")
    if message.form not in FORMS:
        raise Refused("label", f"form {_shown(message.form)} is none of {', '.join(FORMS)}")
    if message.form == FORMS[0]:
        if message.derived_from is not None:
            raise Refused("label", f"whole, but derived from {_shown(message.derived_from)}")
    elif isinstance(message.payload, Opaque):
        raise Refused("label", f"{_shown(message.kind)} cannot be read here, so it exists only whole")
    elif named := [name for name in message.provenance if not NATION.fullmatch(name)]:
        raise Refused("label", f"{message.form}, but it names {len(named)} sensors as its sources")


def _zulu(epoch_utc: str) -> str:
    """One spelling of UTC; everything else must agree to the letter."""
    return epoch_utc.removesuffix("+00:00") + "Z" if epoch_utc.endswith("+00:00") else epoch_utc


def _token(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return "~" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _shown(text: str) -> str:
    """A partner's text as a log may hold it: short, and without control characters."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")
