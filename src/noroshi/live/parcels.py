"""A message made ready for one partner: the line of the journal, and the parcel that is shipped from it."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from noroshi.live.outbox import Parcel
from noroshi.live.transport import DUE
from noroshi.records.messages import LANES, Message, ReceiptList, lane


def fields(message: Message, to: str, subject: str, sealed: bytes, due_s: float | None) -> dict[str, Any]:
    """Of an "outgoing" line: all that is needed to ship it after a crash."""
    told: dict[str, Any] = {
        "message": message.id,
        "kind": message.kind,
        "origin": message.origin,
        "to": to,
        "form": message.form,
        "lane": LANES[lane(message.kind)],
        "subject": subject,
        "expires_s": message.expires_s,
        "due_s": due_s,
        "sha256": hashlib.sha256(sealed).hexdigest(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    if isinstance(message.payload, ReceiptList):
        told["of"] = [list(pair) for pair in message.payload.of]
    return told


def sealed(entry: Mapping[str, Any]) -> bytes:
    """The bytes of an outgoing or incoming line."""
    return base64.b64decode(entry["sealed"])


def parcel(entry: Mapping[str, Any], unix_s: float) -> Parcel:
    """What an outgoing line says is to be shipped; it waits from `unix_s` on."""
    headers = {} if entry["due_s"] is None else {DUE: repr(float(entry["due_s"]))}
    return Parcel(
        parcel_id=entry["sha256"][:32],
        message_id=entry["message"],
        lane=LANES.index(entry["lane"]),
        expires_s=entry["expires_s"],
        queued_s=unix_s,
        subject=entry["subject"],
        data=sealed(entry),
        headers=headers,
    )
