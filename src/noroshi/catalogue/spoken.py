"""A message from a file, as people write or keep it: JSON, or the bytes that went over a border."""

import json
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from noroshi.catalogue.base import did_you_mean
from noroshi.errors import InputError, Refused
from noroshi.formats import message as wire
from noroshi.records import labels
from noroshi.records.messages import FORMS, PAYLOADS, HotlineText, Message, Opaque, Payload
from noroshi.sharing import envelope

_FIELDS = tuple(field.name for field in fields(Message))
_NEEDED = ("kind", "origin", "label")
# The first byte of a COSE_Sign1 with its tag.
_SEALED = 0xD2


def read(data: bytes, where: str, nations: frozenset[str]) -> Message:
    """A message from JSON, from canonical CBOR, or from a sealed envelope, whose signature is not checked.

    JSON needs `kind`, `origin` and `label` ("REL JPN USA" or its fields); what else is there is read, what
    is not has a harmless value. Raises InputError, which `where` names.
    """
    if data.lstrip()[:1] == b"{":
        return from_table(_json(data, where), where, nations)
    try:
        body = envelope.body_in(data) if data[:1] == bytes([_SEALED]) else data
        return wire.decode(body)[0]
    except Refused as error:
        need = f"must be a message: JSON, canonical CBOR or a sealed envelope, but: {error}."
        raise InputError(where, "", None, need) from None


def from_table(table: dict[str, Any], where: str, nations: frozenset[str]) -> Message:
    """A message from a JSON object. Raises InputError naming the field."""
    for name in table:
        if name not in _FIELDS:
            hint = did_you_mean(name, _FIELDS)
            raise InputError(where, name, table[name], "is not a field of a message.", hint)
    for name in _NEEDED:
        if name not in table:
            raise InputError(where, name, None, "is missing; a decision needs kind, origin and label.")
    kind, origin = (_text(table, name, where) for name in ("kind", "origin"))
    if not labels.NATION.fullmatch(origin):
        raise InputError(where, "origin", origin, "must be a nation's three letters.", "Such as JPN.")
    form = _text(table, "form", where, "whole")
    if form not in FORMS:
        raise InputError(
            where, "form", form, f"must be one of {', '.join(FORMS)}.", did_you_mean(form, FORMS)
        )
    created_s = _number(table, "created_s", where, 0.0)
    derived_from = table.get("derived_from")
    return Message(
        id=_text(table, "id", where, f"{origin}-{kind}"),
        kind=kind,
        origin=origin,
        created_s=created_s,
        expires_s=_number(table, "expires_s", where, created_s),
        label=_label(table["label"], where, nations),
        payload=_payload(kind, table.get("payload"), where),
        provenance=_value(tuple[str, ...], table.get("provenance", ()), "provenance", where),
        form=form,
        derived_from=None if derived_from is None else _text(table, "derived_from", where),
        cell=_text(table, "cell", where, ""),
        version=_text(table, "version", where, "1.0"),
    )


def _json(data: bytes, where: str) -> dict[str, Any]:
    try:
        told = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(where, f"byte {error.start}", None, "is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise InputError(where, f"line {error.lineno}", None, f"is not valid JSON: {error.msg}.") from None
    except RecursionError:
        raise InputError(where, "", None, "is nested too deeply.") from None
    return told if isinstance(told, dict) else {}


def _label(told: Any, where: str, nations: frozenset[str]) -> labels.Label:
    if isinstance(told, str):
        return labels.parse(told, nations, where)
    if not isinstance(told, dict):
        raise InputError(where, "label", told, 'must read "REL JPN USA", or hold its fields.')
    label = _value(labels.Label, {"exercise": True, **told}, "label", where)
    assert isinstance(label, labels.Label)
    return label


def _payload(kind: str, told: Any, where: str) -> Payload:
    """Only whether it can be read matters to a decision; where none is told, any that can is as good."""
    shape = PAYLOADS.get(kind)
    if shape is None:
        return Opaque(b"")
    if told is None:
        return HotlineText("", "")
    payload: Payload = _value(shape, told, "payload", where)
    return payload


def _text(table: dict[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or (not value and default != ""):
        raise InputError(where, name, value, "must be a text.")
    return value


def _number(table: dict[str, Any], name: str, where: str, default: float) -> float:
    return float(_value(float, table.get(name, default), name, where))


def _value(hint: Any, told: Any, name: str, where: str) -> Any:
    """`told`, which comes from JSON, as a value of the type that a record says."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        rest = [one for one in inner if one is not NoneType]
        return None if told is None else _value(rest[0], told, name, where)
    if hint is float and isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    if hint in (str, bool) and isinstance(told, hint):
        return told
    if origin is tuple and isinstance(told, list | tuple):
        if inner[-1] is Ellipsis:
            return tuple(_value(inner[0], one, f"{name}[{row}]", where) for row, one in enumerate(told))
        if len(told) == len(inner):
            pairs = enumerate(zip(inner, told, strict=True))
            return tuple(_value(one, value, f"{name}[{row}]", where) for row, (one, value) in pairs)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(told, dict):
        return _record(hint, told, name, where)
    raise InputError(where, name, told if len(str(told)) < 60 else None, f"must be {_called(hint)}.")


def _record(shape: type, told: dict[str, Any], name: str, where: str) -> Any:
    hints = get_type_hints(shape)
    for key in told:
        if key not in hints:
            hint = did_you_mean(key, hints)
            raise InputError(where, f"{name}.{key}", None, f"is not a field of {shape.__name__}.", hint)
    given = {key: _value(hints[key], value, f"{name}.{key}", where) for key, value in told.items()}
    for field in fields(shape):
        if field.name not in given and field.default is MISSING:
            raise InputError(where, f"{name}.{field.name}", None, "is missing.")
    return shape(**given)


def _called(hint: Any) -> str:
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        many = "any number" if inner[-1] is Ellipsis else str(len(inner))
        return f"a list of {many}, each {_called(inner[0])}"
    if is_dataclass(hint):
        return "an object"
    return {str: "a text", float: "a number", bool: "true or false"}.get(hint, "a value")
