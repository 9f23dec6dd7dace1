"""Is a journal what was written? Its lines, its signed heads, and what partners countersigned."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.live import heads
from noroshi.live.places import Journal
from noroshi.sharing.keys import Keyring


@dataclass
class Verified:
    """What was found, up to the first damage.

    `damage` is its place in words, "" where there is none; `faults` are heads and signatures that are not
    good. `signed` is the seq up to which a good head reaches, -1 for none; `countersigned` says the same of
    each partner's countersignature of our heads; `unchecked` are those for which no key was there.
    `torn_bytes` lie behind the last whole line.
    """

    entries: int = 0
    first_utc: str = ""
    last_utc: str = ""
    chain: str = ""
    torn_bytes: int = 0
    heads: int = 0
    signed: int = -1
    countersigned: dict[str, int] = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    damage: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage and not self.faults


def verify(journal: Journal, keyring: Keyring | None) -> Verified:
    """Check every line, head and countersignature; without keys the signatures are left unchecked."""
    found, walk = Verified(), journal.walk()
    chains: dict[int, str] = {}  # of the lines that heads speak of
    before = (-1, "")
    try:
        for line in walk:
            entry = line.entry
            utc = str(entry.get("utc", ""))
            found.first_utc, found.last_utc = found.first_utc or utc, utc or found.last_utc
            if entry.get("event") == "head":
                _head(found, line.entry, before, chains, keyring)
            elif entry.get("event") == "countersigned":
                _countersigned(found, entry, chains, keyring)
            before = entry["seq"], line.chain
    except InputError as error:
        found.damage = str(error)
    found.entries, found.chain = walk.end.seq, walk.end.chain
    found.torn_bytes = len(walk.end.torn)
    if found.torn_bytes and not journal.live and not found.damage:
        found.damage = f"{journal.path}: line {found.entries + 1}\n  is cut short: {found.torn_bytes} bytes."
    return found


def _head(
    found: Verified,
    entry: dict[str, Any],
    before: tuple[int, str],
    chains: dict[int, str],
    keyring: Keyring | None,
) -> None:
    place = f"seq {entry['seq']}: head"
    try:
        data = str(entry.get("head")).encode()
        head = heads.read_head(data) if keyring is None else heads.check_head(data, keyring, _unix_s(entry))
    except Refused as refused:
        found.faults.append(f"{place}: {refused}")
        return
    found.heads += 1
    if (head.seq, head.chain) != before:
        found.faults.append(f"{place}: says seq {head.seq}, chain {head.chain[:12]}; it is {before[1][:12]}")
        return
    chains[head.seq] = head.chain
    found.signed = head.seq


def _countersigned(
    found: Verified, entry: dict[str, Any], chains: dict[int, str], keyring: Keyring | None
) -> None:
    place = f"seq {entry['seq']}: countersigned"
    try:
        data = str(entry.get("countersigned")).encode()
        if keyring is None:
            told = heads.read_countersignature(data)
        else:
            told = heads.check_countersignature(data, keyring, _unix_s(entry))
    except Refused as refused:
        if refused.code == "unknown_key":  # of a partner that has left, perhaps
            found.unchecked.append(f"{place}: {refused.reason}")
            return
        found.faults.append(f"{place}: {refused}")
        return
    if told.head.nation != entry.get("node"):
        return  # what we countersigned of a partner's; its journal shows whether that still holds
    if chains.get(told.head.seq) != told.head.chain:
        found.faults.append(
            f"{place}: {told.by} was told of seq {told.head.seq}, chain {told.head.chain[:12]}, not in here"
        )
        return
    found.countersigned[told.by] = max(told.head.seq, found.countersigned.get(told.by, -1))


def _unix_s(entry: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(entry.get("utc"))).timestamp()
    except ValueError:
        raise Refused("head", "has no time by which keys are judged") from None
