"""A message from a file."""

import json

import pytest

from noroshi.catalogue.spoken import read
from noroshi.errors import InputError
from noroshi.formats import message as wire
from noroshi.records.messages import KINDS, PAYLOADS, Opaque
from noroshi.sharing import envelope, keys
from tests.sharing.words import message

NATIONS = frozenset(("JPN", "KOR", "USA"))
EPOCH = "2022-10-04T00:00:00Z"
SHORT = {"kind": "forecast", "origin": "JPN", "label": "REL JPN USA"}


def said(table):
    return read(json.dumps(table).encode(), "m.json", NATIONS)


@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_a_message_says_of_itself_reads_back(kind):
    one = message(kind)
    assert said(one.to_dict()) == one


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_of_a_border_read_with_seal_and_without(kind):
    one = message(kind)
    body = wire.encode(one, EPOCH)
    signer = keys.generate("JPN", True, 0.0, 1e10)
    assert read(body, "m", NATIONS) == read(envelope.seal(body, signer), "m", NATIONS) == one


def test_three_words_are_enough_for_a_decision():
    one = said(SHORT)
    assert (one.id, one.form, one.provenance, str(one.label)) == ("JPN-forecast", "whole", (), "REL JPN USA")
    assert one.created_s <= one.expires_s
    assert isinstance(said({**SHORT, "kind": "weather_report"}).payload, Opaque)
    assert not isinstance(one.payload, Opaque)


@pytest.mark.parametrize(
    "changed, place",
    [
        ({"kind": None}, "kind"),
        ({"origin": "Japan"}, "origin = 'Japan'"),
        ({"label": "JPN USA"}, "label = 'JPN USA'"),
        ({"label": "REL JPN FRA"}, "unknown nation; known are JPN, KOR, USA"),
        ({"label": 3}, "label = 3"),
        ({"label": {"originator": "JPN"}}, "label.releasable_to"),
        ({"form": "elemnts"}, 'Did you mean "elements"?'),
        ({"labels": "REL JPN"}, 'Did you mean "label"?'),
        ({"provenance": "JPN-1"}, "a list of any number, each a text"),
        ({"provenance": [1]}, "provenance[0] = 1"),
        ({"created_s": "now"}, "created_s = 'now'"),
        ({"created_s": True}, "created_s = True"),
        ({"payload": {"track": "T"}}, "payload.track"),
        ({"payload": {"track_id": "T"}}, "payload.time_s"),
        ({"payload": []}, "must be an object"),
    ],
)
def test_what_is_wrong_in_json_is_told_with_its_field(changed, place):
    with pytest.raises(InputError) as error:
        said({**SHORT, **changed})
    assert place in str(error.value)
    assert str(error.value).startswith("m.json") or "m.json" in str(error.value)


@pytest.mark.parametrize("missing", SHORT)
def test_what_is_missing_is_named(missing):
    with pytest.raises(InputError, match=f"m.json: {missing}\n  is missing"):
        said({name: value for name, value in SHORT.items() if name != missing})


@pytest.mark.parametrize(
    "data, words",
    [
        (b'{"kind": }', "line 1\n  is not valid JSON"),
        (b'{"kind": "\xff"}', "byte 10\n  is not UTF-8"),
        (b"{" * 100_000, "JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"", "must be a message"),
        (b"hello", "must be a message"),
        (b"\xd2\x84", "must be a message"),
        (b"\xa0", "must be a message"),
    ],
)
def test_what_is_no_message_is_refused(data, words):
    with pytest.raises(InputError, match=words):
        read(data, "m.json", NATIONS)


def test_a_payload_that_is_told_is_read_to_its_depth():
    table = json.loads(json.dumps(message("forecast").to_dict()))
    assert said(table).payload.path.covariance[0][0] == 1e6
    table["payload"]["path"]["covariance"][0] = ["far"]
    with pytest.raises(InputError, match=r"payload\.path\.covariance\[0\]\[0\] = 'far'"):
        said(table)
    assert said({**table, "payload": None}).payload != message("forecast").payload
