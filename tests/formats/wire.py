"""Messages of every kind, and bytes that a hostile partner might send."""

import random
import tracemalloc
import types
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from noroshi.formats import shapes
from noroshi.records.labels import Label
from noroshi.records.messages import FORMS, PAYLOADS, Covariance, Message, Opaque

EPOCH = "2022-10-03T22:00:00Z"
NATIONS = ("USA", "JPN", "KOR", "AUS", "GBR")

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=20)
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
nations = st.lists(st.sampled_from(NATIONS), unique=True, max_size=5).map(tuple)


def of(hint: Any, kind: type, name: str) -> st.SearchStrategy[Any]:
    """Values of an annotation, as far as a partner may tell them."""
    if (kind, name) in shapes.WORDS:
        return st.sampled_from(shapes.WORDS[kind, name])
    if hint == Covariance:
        row = st.lists(numbers, min_size=10, max_size=10).map(tuple)
        return st.builds(lambda one: (one,) * 10, row)
    if hint in (float, str):
        return numbers if hint is float else texts
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.none() | of(next(part for part in parts if part is not type(None)), kind, name)
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(of(parts[0], kind, name), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(of(part, kind, name) for part in parts))
    return payloads(hint)


def payloads(kind: type) -> st.SearchStrategy[Any]:
    """Payloads of one type."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{one.name: of(hints[one.name], kind, one.name) for one in fields(kind)})


@st.composite
def messages(draw: st.DrawFn, kind: str | None = None) -> Message:
    """A message of a kind, or of any."""
    kind = kind or draw(st.sampled_from([*PAYLOADS, "supply_alert", "weather"]))
    payload = draw(payloads(PAYLOADS[kind])) if kind in PAYLOADS else Opaque(b"\xa1aa\x01")
    return Message(
        id=draw(names),
        kind=kind,
        origin=draw(st.sampled_from(NATIONS)),
        created_s=draw(numbers),
        expires_s=draw(numbers),
        label=Label(draw(st.sampled_from(NATIONS)), draw(nations), draw(st.booleans())),
        payload=payload,
        provenance=draw(st.lists(texts, max_size=3).map(tuple)),
        form=draw(st.sampled_from(FORMS)),
        derived_from=draw(st.none() | names),
        cell=draw(st.just("") | names),
        version=draw(st.just("1.0")),
    )


def hostile(good: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Random bytes, valid ones with bytes changed, cut, doubled or joined, and made-up heads."""
    chance = random.Random(seed)
    for number in range(count):
        base = bytearray(good[number % len(good)])
        sort = chance.randrange(6)
        if sort == 0:
            yield chance.randbytes(chance.randrange(64))
        elif sort == 1:
            yield bytes(base[: chance.randrange(len(base))])
        elif sort == 2:
            for _ in range(chance.randrange(1, 4)):
                base[chance.randrange(len(base))] = chance.randrange(256)
            yield bytes(base)
        elif sort == 3:
            at, other = chance.randrange(len(base)), good[chance.randrange(len(good))]
            yield bytes(base[:at]) + other[chance.randrange(len(other)) :]
        elif sort == 4:
            at = chance.randrange(len(base))
            yield bytes(base[:at]) + chance.randbytes(chance.randrange(1, 9)) + bytes(base[at:])
        else:
            at, head = chance.randrange(len(base)), chance.randrange(256)
            yield bytes(base[:at]) + bytes((head,)) + b"\xff" * chance.choice((1, 2, 4, 8)) + bytes(base[at:])


def watched(parcels: Iterator[bytes], most_bytes: int = 8_000_000, first: int = 2_000) -> Iterator[bytes]:
    """The parcels; what is made of the first ones must not take more memory than that at any time."""
    tracemalloc.start()
    try:
        for number, data in enumerate(parcels):
            if number == first:
                assert tracemalloc.get_traced_memory()[1] < most_bytes
                tracemalloc.stop()  # it makes everything slow
            yield data
    finally:
        tracemalloc.stop()
