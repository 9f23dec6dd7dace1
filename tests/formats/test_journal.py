"""What is in the journal is what was written, or the reader says which line is not."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.formats.journal import decode, encode

words = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
entries = st.dictionaries(words.filter(lambda name: name not in ("seq", "chain")), values, max_size=4)
journals = st.lists(entries, min_size=1, max_size=5)

# Characters that a byte may not be turned into unnoticed: line ends, quotes, a digit that changes no number.
NASTY = [
    {"event": "alert", "t_s": 1.0, "areas": ["Hokkaidō", "Aomori"], "reason": 'said "now",\r\n"chain":"'},
    {"event": "forecast", "t_s": 0.30000000000000004, "spread_km": [1e300, -0.0, 5e-324]},
    {"event": "cancel", "t_s": 100, "reason": None},
]


def line_refused(data: bytes) -> int:
    """The number of the line that the reader refuses."""
    with pytest.raises(InputError) as caught:
        list(decode(data, "hub/journal"))
    assert caught.value.where == "hub/journal"
    word, number = caught.value.field.split()
    assert word == "line"
    return int(number)


@given(journals)
def test_what_is_read_is_what_was_written(journal):
    read = list(decode(encode(journal)))
    assert [entry.pop("seq") for entry in read] == list(range(len(journal)))
    assert read == journal


@given(journals)
def test_a_line_is_one_json_object_in_utf_8(journal):
    lines = encode(journal).decode().removesuffix("\n").split("\n")
    assert len(lines) == len(journal)
    assert all(len(json.loads(line)["chain"]) == 64 for line in lines)


@given(entries)
def test_the_order_of_keys_does_not_alter_the_bytes(entry):
    backwards = dict(reversed(entry.items()))
    assert encode([entry]) == encode([backwards])


@given(journals, st.data())
def test_a_changed_byte_is_reported_with_its_line(journal, data):
    written = encode(journal)
    place = data.draw(st.integers(0, len(written) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != written[place]))
    changed = written[:place] + bytes([byte]) + written[place + 1 :]
    assert line_refused(changed) == written[:place].count(b"\n") + 1


def test_every_flipped_bit_of_a_journal_is_reported_with_its_line():
    written = encode(NASTY)
    for place in range(len(written)):
        for bit in range(8):
            changed = bytearray(written)
            changed[place] ^= 1 << bit
            assert line_refused(bytes(changed)) == written[:place].count(b"\n") + 1


@pytest.mark.parametrize(
    "old, new",
    [
        (b'"t_s":1.0', b'"t_s":1e0'),
        (b'"t_s":1.0', b'"t_s":1.00'),
        (b'"t_s":100', b'"t_s": 100'),
        (b"0.30000000000000004", b"0.30000000000000005"),
        (b"-0.0", b"-0e0"),
        (b"\n", b"\r\n"),
        (b"\n", b"\r"),
        ("ō".encode(), b"\\u014d"),
    ],
)
def test_a_line_written_otherwise_is_reported_though_it_means_the_same(old, new):
    written = encode(NASTY)
    assert old in written
    place = written.index(old)
    assert line_refused(written.replace(old, new, 1)) == written[:place].count(b"\n") + 1


@given(journals, st.data())
def test_a_lost_line_is_reported_where_it_is_missing(journal, data):
    lines = encode(journal).splitlines(keepends=True)
    assume(len(lines) > 1)
    # A journal that only ends early looks like one that is still being written.
    lost = data.draw(st.integers(0, len(lines) - 2))
    assert line_refused(b"".join(lines[:lost] + lines[lost + 1 :])) == lost + 1


@given(journals, st.data())
def test_swapped_lines_are_reported_at_the_first_of_them(journal, data):
    lines = encode(journal).splitlines(keepends=True)
    assume(len(lines) > 1)
    one = data.draw(st.integers(0, len(lines) - 2))
    two = data.draw(st.integers(one + 1, len(lines) - 1))
    lines[one], lines[two] = lines[two], lines[one]
    assert line_refused(b"".join(lines)) == one + 1


@given(journals, st.data())
def test_a_doubled_line_is_reported_at_its_second_place(journal, data):
    lines = encode(journal).splitlines(keepends=True)
    doubled = data.draw(st.integers(0, len(lines) - 1))
    assert line_refused(b"".join(lines[: doubled + 1] + lines[doubled:])) == doubled + 2


@given(journals, st.data())
def test_a_line_that_was_cut_short_is_reported(journal, data):
    written = encode(journal)
    end = data.draw(st.integers(1, len(written)))
    assume(not written[:end].endswith(b"\n"))
    assert line_refused(written[:end]) == written[:end].count(b"\n") + 1


@given(journals, journals, st.data())
def test_a_line_of_another_journal_is_reported(journal, other, data):
    ours, theirs = (encode(one).splitlines(keepends=True) for one in (journal, other))
    assume(len(ours) > 1)
    place = data.draw(st.integers(0, min(len(ours) - 2, len(theirs) - 1)))
    assume(ours[place] != theirs[place])
    ours[place] = theirs[place]
    # After lines that are the same in both it follows, but our next line does not follow it.
    assert line_refused(b"".join(ours)) in (place + 1, place + 2)


@given(st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_journal_are_refused(noise):
    assert line_refused(noise) >= 1


def test_what_was_read_before_a_bad_line_stands():
    written = encode(NASTY).splitlines(keepends=True)
    reader = decode(b"".join([*written[:2], b"{}\n"]))
    assert [next(reader)["event"], next(reader)["event"]] == ["alert", "forecast"]
    with pytest.raises(InputError, match="line 3"):
        next(reader)


def test_an_empty_journal_is_empty():
    assert encode([]) == b""
    assert list(decode(b"")) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_not_written(number):
    with pytest.raises(ValueError):
        encode([{"t_s": number}])
