"""Partners as witnesses of each other's journals: what to do with a head, and with its countersignature."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from noroshi.errors import Refused
from noroshi.live import heads
from noroshi.live.heads import Head
from noroshi.sharing.keys import Keyring, Signer

Entry = dict[str, Any]


def witnessed(entries: Iterable[Entry], me: str) -> dict[str, Head]:
    """The latest head of each partner that we countersigned, by our own journal."""
    latest: dict[str, Head] = {}
    for entry in entries:
        if entry.get("event") == "countersigned" and entry.get("by") == me:
            head = heads.read_countersignature(str(entry["countersigned"]).encode()).head
            latest[head.nation] = head
    return latest


def answer(
    data: bytes,
    partner: str,
    latest: Mapping[str, Head],
    keyring: Keyring,
    signer: Signer,
    t_s: float,
    unix_s: float,
) -> tuple[bytes, Entry, Head]:
    """A partner's head came: the countersignature to send back, our entry, and the head for `latest`.

    Send once the entry is on the disk. Raises Refused: "head", "bad_signature", a key's reasons,
    "forged_origin" where the head is another nation's, "rewound" where its journal has become shorter and
    "fork" where it says something else than before.
    """
    head = heads.check_head(data, keyring, unix_s)
    if head.nation != partner:
        raise Refused("forged_origin", f"a head of {head.nation}, handed over by {partner}")
    before = latest.get(partner)
    if before is not None and head.seq < before.seq:
        raise Refused(
            "rewound", f"{partner} is at seq {head.seq} and was at seq {before.seq} at {before.utc}"
        )
    if before is not None and head.seq == before.seq and head.chain != before.chain:
        raise Refused("fork", f"seq {head.seq} of {partner} was {before.chain[:12]} and is {head.chain[:12]}")
    utc = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = heads.countersign(data, utc, signer)
    return made, heads.entry(made, t_s, signer.public.nation), head


def accept(data: bytes, partner: str, me: str, keyring: Keyring, t_s: float, unix_s: float) -> Entry:
    """A partner's countersignature of our head came: our entry. Raises Refused as `answer`."""
    told = heads.check_countersignature(data, keyring, unix_s)
    if told.by != partner or told.head.nation != me:
        raise Refused("forged_origin", f"{told.by} on a head of {told.head.nation}, handed over by {partner}")
    return heads.entry(data, t_s, me)
