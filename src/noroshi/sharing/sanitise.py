"""Take from a message what its recipient may not have."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from noroshi.records.messages import FORMS, Message, Opaque, SensorStatus, nation_of
from noroshi.sharing import coarse

# Fields that hold a word of a list, or the names of places where people live; none names a sensor.
_FIXED = frozenset(("areas", "state", "act", "verdict"))


def to_form(message: Message, form: str, new_id: str, names: Collection[str] = ()) -> Message:
    """The message in `form`; a derivative is called `new_id` and points back to what its origin wrote.

    "whole" is the message itself. "elements" keeps launch point, path and impact point with their
    uncertainty, and names nations in place of sensors, everywhere: those of its provenance, the one that it
    tells of, and `names`, which free text may hold. "coarse" takes the finer digits of time and place off
    too, and free text. A message already in `form` is passed on as it is. Take `new_id` from the message's
    alone (not the recipient's): who hears it twice can then tell.
    Raises ValueError where `form` is unknown or would need more than the message still has, and where the
    payload cannot be read here.
    """
    if form not in FORMS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMS)}")
    if form == message.form:
        return message
    if FORMS.index(form) < FORMS.index(message.form):
        raise ValueError(f"message {message.id} is {message.form}: it cannot become {form} again")
    if isinstance(message.payload, Opaque):
        raise ValueError(f"message {message.id}: nothing can be taken out of a {message.kind}, unread here")
    sensors = _sensors(message, names)
    wrote = message.id if message.derived_from is None else message.derived_from

    def without(text: str) -> str:
        return _without(text, sensors)

    derived = replace(
        message,
        id=_id_without(new_id, message.origin, sensors),
        payload=_without_in(message.payload, without),
        provenance=message.contributors,
        form=form,
        derived_from=_id_without(wrote, message.origin, sensors),
        cell=without(message.cell),
    )
    return _coarse(derived) if form == "coarse" else derived


def _coarse(message: Message) -> Message:
    """Times of the envelope are times too, and who in the nation wrote it is a place."""
    created_s = coarse.before_s(message.created_s)
    expires_s = coarse.before_s(message.expires_s)
    payload = coarse.payload(message.payload)
    return replace(message, created_s=created_s, expires_s=expires_s, payload=payload, cell="")


def _sensors(message: Message, names: Collection[str]) -> dict[str, str]:
    """Every name that must go, with the nation that stands in its place."""
    told = {*message.provenance, *names}
    if isinstance(message.payload, SensorStatus):
        told.add(message.payload.sensor)
    nations = {name: nation_of(name, message.origin) for name in sorted(told)}
    return {name: nation for name, nation in nations.items() if name and name != nation}


def _without_in(value: Any, without: Callable[[str], str]) -> Any:
    """The same with every text passed through `without`."""
    if isinstance(value, str):
        return without(value)
    if isinstance(value, tuple):
        # Rows of numbers are long, and hold no words.
        if value and isinstance(value[0], float):
            return value
        return tuple(_without_in(one, without) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        told = {name: getattr(value, name) for name in _worded(type(value))}
        return replace(value, **{name: _without_in(held, without) for name, held in told.items()})
    return value


@cache
def _worded(kind: type) -> tuple[str, ...]:
    """The fields of a record that may hold words of people and names of things."""
    return tuple(field.name for field in fields(kind) if field.name not in _FIXED)


def _without(text: str, sensors: dict[str, str]) -> str:
    """`text` with the nation in place of each sensor; the longest first, for one name may hold another."""
    kept = text
    for name in sorted(sensors, key=len, reverse=True):
        kept = kept.replace(name, sensors[name])
    if any(name in kept for name in sensors):
        # Two names run into each other; what stays tells texts apart and nothing else.
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return kept


def _id_without(text: str, origin: str, sensors: dict[str, str]) -> str:
    """An id stays one of its origin's, or no border would let it pass."""
    kept, mine = _without(text, sensors), f"{origin}-"
    if kept == text or not text.startswith(mine) or kept.startswith(mine):
        return kept
    return mine + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
