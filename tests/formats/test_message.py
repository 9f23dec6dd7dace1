"""Messages on the wire: one way to write each, and whatever else comes is refused with a code."""

import math
import tracemalloc
from dataclasses import replace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import Refused
from noroshi.formats import cbor
from noroshi.formats.message import MAX_BYTES, decode, encode
from noroshi.records.labels import Label
from noroshi.records.messages import (
    KINDS,
    PAYLOADS,
    AlertNotice,
    AssessmentReport,
    ForecastReport,
    HotlineText,
    Message,
    Opaque,
    ReceiptList,
    TrackReport,
)
from tests.formats import wire
from tests.formats.wire import EPOCH

PATH = TrackReport(
    "USA-T1", 12.5, (1.1e6, 2.2e6, 3.3e6), (1.5, 2.5, 3.5), (0.1, 0.2, 0.3), 7.3,
    tuple(tuple(float(row == column) for column in range(10)) for row in range(10)),
    (0.1, 0.2, 0.3, 0.4), 40.5, None, ("USA-T0",),
)  # fmt: skip
TRACK = Message(
    "USA-00001", "track", "USA", 12.0, 600.0, Label("USA", ("JPN", "KOR")), PATH, ("USA-IR-1", "USA-R-2")
)
FORECAST = replace(
    TRACK,
    kind="forecast",
    payload=ForecastReport(
        "USA-T1", 13.0, 1.0, 40.0, 130.0, PATH, 41.0, 150.0, 900.0, 50.0, 20.0, 80.0, 0.5, (("mrbm", 0.75),)
    ),
)
ALERT = replace(TRACK, kind="alert", payload=AlertNotice(("Aomori", "北海道"), "impact expected"))


def changed(message: Message, *path: str, to: object) -> bytes:
    """The message's bytes with one value changed, written canonically again."""
    told = cbor2.loads(encode(message, EPOCH))
    place = told
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return cbor2.dumps(told, canonical=True)


def code(data: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        decode(data)
    assert len(refusal.value.reason) < 1_000
    return refusal.value.code


@pytest.mark.parametrize("kind", [*PAYLOADS, "supply_alert", "weather"])
@settings(max_examples=40)
@given(data=st.data())
def test_a_message_of_any_kind_arrives_as_it_was_sent(kind, data):
    message = data.draw(wire.messages(kind))
    told = encode(message, EPOCH)
    assert decode(told) == (message, EPOCH)
    back, epoch = decode(told)
    assert encode(back, epoch) == told


def test_the_label_has_the_shape_of_a_confidentiality_label():
    label = cbor2.loads(encode(TRACK, EPOCH))["label"]
    assert label == {
        "policy": "urn:noroshi:label:1",
        "classification": "UNCLASSIFIED",
        "created_s": 12.0,
        "originator": "USA",
        "marking": "EXERCISE",
        "categories": [{"type": "PERMISSIVE", "name": "Releasable To", "values": ["JPN", "KOR"]}],
    }


def test_every_kind_of_the_registry_can_be_told():
    for kind in set(KINDS) - set(PAYLOADS):
        message = replace(TRACK, kind=kind, payload=Opaque(cbor2.dumps({"a": [1, 2.5]}, canonical=True)))
        assert decode(encode(message, EPOCH))[0] == message


def test_a_later_minor_version_is_read_without_what_is_new():
    later = replace(ALERT, version="1.7")
    told = cbor2.loads(encode(later, EPOCH))
    told["urgency"] = "now"
    told["payload"]["colour"] = {"deep": [1]}
    assert decode(cbor2.dumps(told, canonical=True)) == (later, EPOCH)


def test_a_payload_that_a_later_minor_version_wrote_otherwise_is_kept_as_it_is():
    data = changed(replace(ALERT, version="1.7"), "payload", to={"areas": "all of them"})
    message, _ = decode(data)
    assert message.payload == Opaque(cbor2.dumps({"areas": "all of them"}, canonical=True))
    assert encode(message, EPOCH) == data


@pytest.mark.parametrize("version", ["2.0", "0.9", "1", "1.", "1.0.0", "01.0", "", "１.0", 1.0, None])
def test_another_major_version_is_refused(version):
    assert code(changed(TRACK, "version", to=version)) == "version"


@pytest.mark.parametrize(
    "path, to",
    [
        (("id",), ""), (("id",), "two words"), (("id",), "x" * 257), (("id",), 5), (("id",), "Ⅷ"),
        (("kind",), "Track"), (("kind",), ""), (("kind",), "k" * 49), (("kind",), ["track"]),
        (("origin",), "usa"), (("origin",), "USAF"), (("origin",), None),
        (("cell",), "a b"), (("cell",), None),
        (("epoch",), "yesterday"), (("epoch",), "2022-10-03T22:00:00+09:00"), (("epoch",), 0.0),
        (("created_s",), 12), (("expires_s",), "600"), (("expires_s",), None), (("expires_s",), True),
        (("form",), "full"), (("form",), None), (("derived_from",), ""), (("derived_from",), 1),
        (("provenance",), "USA"), (("provenance",), [1]), (("provenance",), ["x"] * 2_049),
        (("payload",), None), (("payload",), []), (("payload",), {}),
        (("payload", "track_id"), b"USA-T1"), (("payload", "track_id"), "x" * 4_097),
        (("payload", "position_ecef_m"), [1.0, 2.0]), (("payload", "position_ecef_m"), [1.0, 2.0, 3]),
        (("payload", "covariance"), b"\x00" * 799), (("payload", "covariance"), [[1.0] * 10] * 10),
        (("payload", "covariance"), b"\x7f\xf0" + b"\x00" * 798), (("payload", "models"), [1.0] * 5),
        (("payload", "extra"), 1), (("more",), 1),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_field_that_is_not_as_it_must_be_is_refused(path, to):
    assert code(changed(TRACK, *path, to=to)) == "field"


@pytest.mark.parametrize("name", [*cbor2.loads(encode(TRACK, EPOCH))])
def test_a_message_that_lacks_a_field_is_refused(name):
    told = cbor2.loads(encode(TRACK, EPOCH))
    del told[name]
    assert code(cbor2.dumps(told, canonical=True)) == ("version" if name == "version" else "field")


@pytest.mark.parametrize("version", ["1.0", "1.9"])
@pytest.mark.parametrize(
    "path, to",
    [
        ((), None), ((), "REL USA JPN"),
        (("policy",), "urn:noroshi:label:2"), (("classification",), "SECRET"), (("classification",), None),
        (("created_s",), 11.0), (("originator",), "usa"), (("originator",), None),
        (("marking",), "DRILL"), (("marking",), ["LIVE"]), (("review",), "2027-01-01"),
        (("categories",), []), (("categories",), "none"), (("categories",), [None]),
        (("categories",), [{"type": "RESTRICTIVE", "name": "Releasable To", "values": ["JPN"]}]),
        (("categories",), [{"type": "PERMISSIVE", "name": "Special", "values": ["JPN"]}]),
        (("categories",), [{"type": "PERMISSIVE", "name": "Releasable To", "values": ["JPN", "JPN"]}]),
        (("categories",), [{"type": "PERMISSIVE", "name": "Releasable To", "values": ["all"]}]),
        (("categories",), [{"type": "PERMISSIVE", "name": "Releasable To", "values": "JPN"}]),
        (("categories",), [{"type": "PERMISSIVE", "name": "Releasable To", "values": [], "x": 1}]),
        (
            ("categories",),
            [
                {"type": "PERMISSIVE", "name": "Releasable To", "values": ["JPN"]},
                {"type": "RESTRICTIVE", "name": "Need to know", "values": ["Air"]},
            ],
        ),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_label_is_understood_whole_or_not_at_all(version, path, to):
    assert code(changed(replace(TRACK, version=version), "label", *path, to=to)) == "label"


@pytest.mark.parametrize(
    "message",
    [
        replace(TRACK, created_s=math.nan), replace(TRACK, expires_s=math.inf), replace(TRACK, id=""),
        replace(TRACK, payload=ALERT.payload), replace(TRACK, payload=Opaque(b"\xa0")),
        replace(TRACK, payload=replace(PATH, covariance=())), replace(TRACK, origin="us"),
        replace(TRACK, payload=replace(PATH, covariance=((1.0,) * 9,) * 10)),
        replace(TRACK, payload=replace(PATH, position_ecef_m=(1.0, 2.0))),
        replace(TRACK, derived_from=""), replace(TRACK, derived_from="a b"), replace(TRACK, form="full"),
        replace(TRACK, kind="weather", payload=Opaque(b"\x81" * 12 + b"\x00")),
        replace(TRACK, kind="weather"), replace(TRACK, kind="weather", payload=Opaque(b"\xc1\x00")),
        replace(TRACK, label=Label("USA", ("JPN", "JPN"))), replace(TRACK, version="2.0"),
        replace(TRACK, kind="hotline", payload=HotlineText("\ud800", "half a pair")),
        replace(TRACK, kind="assessment", payload=AssessmentReport("T", 1.0, "perhaps", "")),
        replace(TRACK, kind="receipt", payload=ReceiptList((("a", "taken"),) * 2_049)),
        replace(TRACK, kind="alert", payload=AlertNotice(("x" * 4_000,) * 100, "")),
    ],
)  # fmt: skip
def test_what_no_partner_would_take_is_not_written(message):
    with pytest.raises(Refused):
        encode(message, EPOCH)


def test_whole_numbers_of_our_own_are_written_as_numbers_with_a_fraction():
    assert decode(encode(replace(TRACK, created_s=12), EPOCH)) == (TRACK, EPOCH)


def test_the_longest_lists_fit():
    path = replace(PATH, also=("x",) * 2_048)
    forecast = replace(FORECAST.payload, path=path, assessment=(("x", 0.5),) * 2_048)
    longest = replace(FORECAST, payload=forecast, provenance=("s",) * 2_048)
    assert decode(encode(longest, EPOCH))[0] == longest


# RFC 8949, appendix A: the examples that are in our narrow shape, and those that are not.
@pytest.mark.parametrize(
    "told, value",
    [
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1_000), ("1b000000e8d4a51000", 10**12),
        ("1bffffffffffffffff", 2**64 - 1), ("20", -1), ("3903e7", -1_000), ("f90000", 0.0), ("f98000", -0.0),
        ("f93e00", 1.5), ("fa47c35000", 100_000.0), ("f90001", 5.960464477539063e-8), ("f9c400", -4.0),
        ("fb7e37e43c8800759c", 1e300), ("fbc010666666666666", -4.1), ("f4", False), ("f5", True),
        ("f6", None),
        ("40", b""), ("4401020304", b"\1\2\3\4"), ("60", ""), ("6449455446", "IETF"), ("62c3bc", "ü"),
        ("64f0908591", "𐅑"), ("8301820203820405", [1, [2, 3], [4, 5]]), ("a0", {}),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ],
)  # fmt: skip
def test_published_examples_are_read_and_written(told, value):
    assert cbor.loads(bytes.fromhex(told)) == value
    assert cbor.dumps(value) == bytes.fromhex(told)


@pytest.mark.parametrize(
    "told",
    [
        "f97c00", "f97e00", "f9fc00", "fa7f800000", "fa7fc00000", "fb7ff0000000000000", "fb7ff8000000000000",
        "f7", "f0", "f818", "f8ff", "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0",
        "c249010000000000000000", "d74401020304", "d818456449455446", "5f42010243030405ff", "9fff", "bfff",
        "7f657374726561646d696e67ff", "a201020304", "a10102", "1800", "190017", "5800", "fa3fc00000",
        "fb3ff8000000000000", "a2616201616102", "a2616101616102", "ff", "1c", "d9d9f7a0", "c482211904d2",
        "d81ca0", "d81d00", "8" + "18" * 13 + "0",
    ],
)  # fmt: skip
def test_what_is_not_the_one_way_to_write_it_is_refused(told):
    with pytest.raises(Refused) as refusal:
        cbor.loads(bytes.fromhex(told))
    assert refusal.value.code in ("not_canonical", "not_cbor")


@pytest.mark.parametrize(
    "told", ["", "18", "62c3", "61ff", "82", "a161", "0000", "5affffffff", "9b" + "f" * 16]
)
def test_what_breaks_off_or_runs_on_is_refused(told):
    with pytest.raises(Refused, match="not_cbor"):
        cbor.loads(bytes.fromhex(told))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("message", [TRACK, FORECAST, ALERT])
def test_the_order_of_fields_is_not_free(message, order):
    told = cbor2.loads(encode(message, EPOCH))
    shuffled = dict(sorted(told.items(), key=lambda pair: pair[0], reverse=order < 0))
    assert code(cbor2.dumps(shuffled)) == "not_canonical"


HOSTILE = {
    "nested": b"\x81" * MAX_BYTES,
    "nested maps": b"\xa1\x61a" * (MAX_BYTES // 3),
    "huge bytes": b"\x5b" + b"\x7f" * 8,
    "huge text": b"\x7a\xff\xff\xff\xff",
    "huge list": b"\x9b\x00\x00\x00\x7f\xff\xff\xff\xff",
    "huge map": b"\xbb\x00\x00\x00\x7f\xff\xff\xff\xff",
    "many numbers": b"\x9a\x00\x03\xff\x00" + b"\x00" * 0x3FF00,
    "many maps": b"\x9a\x00\x03\xff\x00" + b"\xa0" * 0x3FF00,
    "big number": b"\xc2\x5a\x00\x03\xff\x00" + b"\xff" * 0x3FF00,
    "decimal": b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
    "pattern": b"\xd8\x23\x78\x1e(((((((((a+)+)+)+)+)+)+)+)+)+b",
    "shared": b"\xd8\x1c\x81" * 80_000 + b"\xd8\x1d\x00",
    "long text": b"\x7a\x00\x03\xff\x00" + b"\xff" * 0x3FF00,
    "too large": b"\x00" * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_in_little_memory(name):
    decode(encode(TRACK, EPOCH))  # what is made on first use is not theirs
    tracemalloc.start()
    code(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def fuzzed(count: int, seed: int) -> None:
    good = [encode(message, EPOCH) for message in (TRACK, FORECAST, ALERT)]
    for data in wire.watched(wire.hostile(good, count, seed)):
        try:
            message, epoch = decode(data)
        except Refused:
            continue
        # What is taken all the same says just what it says: one way to write it.
        assert encode(message, epoch) == data or message.version != "1.0"


def test_whatever_comes_is_taken_or_refused():
    fuzzed(10_000, seed=1)


@pytest.mark.soak
def test_a_million_hostile_messages_are_taken_or_refused():
    fuzzed(1_000_000, seed=2)
