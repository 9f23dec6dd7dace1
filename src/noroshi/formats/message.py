"""Messages between nations as canonical CBOR: one map, with the label in the shape of STANAG 4774 inside.

docs/reference/envelope.md tells every field. Of one message there is one way to write it; what is written in
any other way, is too large or lacks anything is refused with a code, and nothing else ever comes out.
"""

import re
from typing import Any

from noroshi.errors import Refused
from noroshi.formats import cbor, shapes
from noroshi.formats.shapes import refuse
from noroshi.records.labels import NATION, Label, marking
from noroshi.records.messages import FORMS, PAYLOADS, VERSION, Message, Opaque, Payload

MAX_BYTES = 262_144
POLICY = "urn:noroshi:label:1"
CLASSIFICATION = "UNCLASSIFIED"
RELEASABLE = "Releasable To"

_ID = re.compile(r"[!-~]{1,256}")  # visible ASCII
_KIND = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CELL = re.compile(r"[!-~]{0,64}")
_EPOCH = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|\+00:00)")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_ABOUT = ("version", "id", "kind", "origin", "cell", "epoch", "created_s", "expires_s")
_FIELDS = frozenset((*_ABOUT, "label", "form", "derived_from", "provenance", "payload"))
_LABEL = frozenset(("policy", "classification", "created_s", "originator", "marking", "categories"))
_CATEGORY = frozenset(("type", "name", "values"))
_MARKINGS = {marking(exercise): exercise for exercise in (True, False)}
_FORM = shapes.word(FORMS)
_PROVENANCE = shapes.listing(shapes.TEXT)
_MOST_NATIONS = 64
_VERSION = tuple(int(part) for part in VERSION.split("."))


def encode(message: Message, epoch_utc: str) -> bytes:
    """The bytes to be sealed; `epoch_utc` (ISO 8601) is what the message's seconds count from.

    Raises Refused for a message that `decode` would refuse.
    """
    newer = _newer(message.version)
    label = message.label
    created_s = shapes.NUMBER.write(message.created_s, "created_s")
    data = cbor.dumps(
        {
            "version": message.version,
            "id": _matching(_ID, message.id, "id"),
            "kind": _matching(_KIND, message.kind, "kind"),
            "origin": _matching(NATION, message.origin, "origin"),
            "cell": _matching(_CELL, message.cell, "cell"),
            "epoch": _matching(_EPOCH, epoch_utc, "epoch"),
            "created_s": created_s,
            "expires_s": shapes.NUMBER.write(message.expires_s, "expires_s"),
            "label": {
                "policy": POLICY,
                "classification": CLASSIFICATION,
                "created_s": created_s,
                "originator": _matching(NATION, label.originator, "label.originator"),
                "marking": label.marking,
                "categories": [
                    {"type": "PERMISSIVE", "name": RELEASABLE, "values": _nations(list(label.releasable_to))}
                ],
            },
            "form": _FORM.write(message.form, "form"),
            "derived_from": _optional_id(message.derived_from),
            "provenance": _PROVENANCE.write(message.provenance, "provenance"),
            "payload": _write_payload(message.kind, message.payload, newer),
        }
    )
    _fits(data)
    if isinstance(message.payload, Opaque):
        cbor.loads(data)  # one level deeper than by itself
    return data


def decode(data: bytes) -> tuple[Message, str]:
    """The message and the epoch that its seconds count from.

    Raises Refused and nothing else: "too_large", "not_cbor", "not_canonical", "version" (another major one),
    "label", "field". A kind that is not known and a payload of a later minor version that cannot be read are
    kept as Opaque; further fields of a later minor version are left aside, but never those of a label.
    """
    _fits(data)
    told = cbor.loads(data)
    if type(told) is not dict:
        raise Refused("field", "must be a map")
    newer = _newer(told.get("version"))
    if told.keys() != _FIELDS and not (newer and told.keys() > _FIELDS):
        raise Refused("field", shapes.differing(told, _FIELDS))
    created_s = shapes.NUMBER.read(told["created_s"], "created_s")
    kind = _matching(_KIND, told["kind"], "kind")
    message = Message(
        id=_matching(_ID, told["id"], "id"),
        kind=kind,
        origin=_matching(NATION, told["origin"], "origin"),
        created_s=created_s,
        expires_s=shapes.NUMBER.read(told["expires_s"], "expires_s"),
        label=_read_label(told["label"], created_s),
        payload=_read_payload(kind, told["payload"], newer),
        provenance=_PROVENANCE.read(told["provenance"], "provenance"),
        form=_FORM.read(told["form"], "form"),
        derived_from=_optional_id(told["derived_from"]),
        cell=_matching(_CELL, told["cell"], "cell"),
        version=told["version"],
    )
    return message, _matching(_EPOCH, told["epoch"], "epoch")


def _fits(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise Refused("too_large", f"has {len(data)} bytes; {MAX_BYTES} are taken")


def _newer(version: Any) -> bool:
    """Whether a message is of a later minor version than this build's; refuse another major one."""
    if type(version) is not str or not (parts := _NUMBER.fullmatch(version)):
        raise Refused("version", f"{str(version)[:20]!r} is no version such as {VERSION!r}")
    major, minor = int(parts[1]), int(parts[2])
    if major != _VERSION[0]:
        raise Refused("version", f"is of version {version}; {VERSION} is read here")
    return minor > _VERSION[1]


def _matching(pattern: re.Pattern[str], value: Any, field: str) -> str:
    if type(value) is not str or not pattern.fullmatch(value):
        raise refuse(field, value, f"must match {pattern.pattern}")
    return value


def _optional_id(value: Any) -> str | None:
    return None if value is None else _matching(_ID, value, "derived_from")


def _nations(values: Any) -> list[str]:
    if type(values) is not list or len(values) > _MOST_NATIONS:
        raise Refused("label", f"must name at most {_MOST_NATIONS} nations")
    for value in values:
        if type(value) is not str or not NATION.fullmatch(value):
            raise Refused("label", f"names {str(value)[:20]!r}, no nation of three capitals")
    if len(set(values)) != len(values):
        raise Refused("label", "names a nation twice")
    return values


def _read_label(told: Any, created_s: float) -> Label:
    """A label is read whole or not at all: what is not understood might be a restriction."""
    if type(told) is not dict or told.keys() != _LABEL:
        differs = shapes.differing(told, _LABEL) if isinstance(told, dict) else "is no map"
        raise Refused("label", differs)
    if told["policy"] != POLICY or told["classification"] != CLASSIFICATION:
        policy, level = str(told["policy"])[:60], str(told["classification"])[:60]
        raise Refused("label", f"{level!r} of policy {policy!r} is not {CLASSIFICATION!r} of {POLICY!r}")
    if told["created_s"] != created_s:
        raise Refused("label", "was not written with its message")
    exercise = _MARKINGS.get(told["marking"]) if isinstance(told["marking"], str) else None
    if exercise is None:
        raise Refused(
            "label", f"is marked {str(told['marking'])[:20]!r}; must be one of {', '.join(_MARKINGS)}"
        )
    categories = told["categories"]
    if type(categories) is not list or len(categories) != 1 or type(categories[0]) is not dict:
        raise Refused("label", f"must have one category, {RELEASABLE!r}")
    (category,) = categories
    if category.keys() != _CATEGORY or (category["type"], category["name"]) != ("PERMISSIVE", RELEASABLE):
        raise Refused("label", f"must have one category, {RELEASABLE!r}, PERMISSIVE")
    if type(told["originator"]) is not str or not NATION.fullmatch(told["originator"]):
        raise Refused("label", f"is of {str(told['originator'])[:20]!r}, no nation of three capitals")
    return Label(told["originator"], tuple(_nations(category["values"])), exercise)


def _write_payload(kind: str, payload: Payload, newer: bool) -> Any:
    if isinstance(payload, Opaque) and (newer or kind not in PAYLOADS):
        return cbor.loads(payload.data)
    if kind not in PAYLOADS:
        raise refuse("payload", payload, f"must be Opaque: {kind} has no shape here")
    return shapes.record(PAYLOADS[kind]).write(payload, "payload")


def _read_payload(kind: str, told: Any, newer: bool) -> Payload:
    if kind not in PAYLOADS:
        return Opaque(cbor.dumps(told))
    try:
        return shapes.record(PAYLOADS[kind], newer).read(told, "payload")
    except Refused:
        if newer:
            return Opaque(cbor.dumps(told))
        raise
