"""A head holds a nation to its journal, and a countersignature proves that a partner was told."""

import asyncio
import json
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import Refused
from noroshi.live import heads
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from noroshi.sharing import keys

UTC = "2026-05-01T00:00:00.000Z"
CHAIN = "ab" * 32


@lru_cache
def signer(nation):
    return keys.generate(nation, True, 100.0, 1000.0)


@lru_cache
def head():
    return heads.make_head(7, CHAIN, UTC, "JPN", signer("JPN"))


@lru_cache
def countersignature():
    return heads.countersign(head(), UTC, signer("USA"))


def ring(**more):
    return keys.Keyring((signer("JPN").public, signer("USA").public), **more)


def resigned(data, by="JPN", **changed):
    """The same with other fields, signed anew by whoever signs."""
    told = {**json.loads(data), **changed}
    body = {name: told[name] for name in told if name not in ("ed25519", "mldsa65", "kid")}
    return heads._signed(body, signer(by))


def refused(check, *arguments):
    with pytest.raises(Refused) as caught:
        check(*arguments)
    return caught.value.code


def test_a_head_says_whose_journal_ends_how_and_when():
    read = heads.check_head(head(), ring(), 500.0)
    assert (read.nation, read.seq, read.chain, read.utc) == ("JPN", 7, CHAIN, UTC)
    assert read.kid == signer("JPN").public.kid
    assert heads.read_head(head()) == read


def test_a_countersignature_holds_the_head_and_who_was_told():
    read = heads.check_countersignature(countersignature(), ring(), 500.0)
    assert (read.by, read.head) == ("USA", heads.read_head(head()))
    entry = heads.entry(countersignature(), 5.0, "USA")
    assert (entry["nation"], entry["by"], entry["head_seq"], entry["head_chain"]) == ("JPN", "USA", 7, CHAIN)
    assert entry["countersigned"].encode() == countersignature()


@given(st.data())
@settings(max_examples=300)
def test_a_changed_byte_is_refused(data):
    whole, check = data.draw(
        st.sampled_from([(head(), heads.check_head), (countersignature(), heads.check_countersignature)])
    )
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != whole[place]))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    assert refused(check, changed, ring(), 500.0) in ("head", "bad_signature", "unknown_key")


@pytest.mark.parametrize("which", ["ed25519", "mldsa65"])
def test_one_good_signature_of_two_is_not_enough(which):
    other = json.loads(heads.make_head(8, CHAIN, UTC, "JPN", signer("JPN")))
    mixed = heads._canonical({**json.loads(head()), which: other[which]})
    assert refused(heads.check_head, mixed, ring(), 500.0) == "bad_signature"
    short = heads._canonical({**json.loads(head()), which: "AAAA"})
    assert refused(heads.check_head, short, ring(), 500.0) == "bad_signature"
    no_base64 = heads._canonical({**json.loads(head()), which: "é!"})
    assert refused(heads.check_head, no_base64, ring(), 500.0) == "bad_signature"


def test_a_nation_does_not_sign_for_another():
    assert refused(heads.check_head, resigned(head(), "USA"), ring(), 500.0) == "bad_signature"
    forged = resigned(countersignature(), "JPN")
    assert refused(heads.check_countersignature, forged, ring(), 500.0) == "bad_signature"


def test_a_countersignature_of_a_forged_head_is_refused():
    forged = heads.countersign(resigned(head(), "USA"), UTC, signer("USA"))
    assert refused(heads.check_countersignature, forged, ring(), 500.0) == "bad_signature"


@pytest.mark.parametrize(
    "at_unix_s, ring, code",
    [
        (50.0, ring(), "key_not_yet"),
        (2000.0, ring(), "key_expired"),
        (500.0, ring(revoked={signer("JPN").public.kid: 400.0}), "key_revoked"),
        (500.0, keys.Keyring(()), "unknown_key"),
    ],
)
def test_a_key_that_does_not_count_then_signs_no_head(at_unix_s, ring, code):
    assert refused(heads.check_head, head(), ring, at_unix_s) == code


@pytest.mark.parametrize(
    "changed",
    [{"seq": -1}, {"seq": "7"}, {"seq": True}, {"chain": "ab"}, {"nation": None}, {"what": "something else"}],
)
def test_a_head_of_another_shape_is_refused_whoever_signed_it(changed):
    assert refused(heads.check_head, resigned(head(), **changed), ring(), 500.0) == "head"


def test_a_head_is_no_countersignature_and_the_other_way_round():
    assert refused(heads.check_head, countersignature(), ring(), 500.0) == "head"
    assert refused(heads.check_countersignature, head(), ring(), 500.0) == "head"
    assert refused(heads.countersign, b"{}", UTC, signer("USA")) == "head"


def test_a_head_written_otherwise_is_refused_though_it_means_the_same():
    assert refused(heads.check_head, head().replace(b":7,", b": 7,"), ring(), 500.0) == "head"


JSON = st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner))


@given(st.binary(max_size=200) | JSON.map(json.dumps).map(str.encode))
def test_noise_is_refused(noise):
    for check in (heads.check_head, heads.check_countersignature):
        assert refused(check, noise, ring(), 500.0) == "head"


def test_a_flood_is_refused():
    assert refused(heads.check_head, b"[" * 70_000, ring(), 500.0) == "head"
    assert refused(heads.check_head, b"[" * 60_000, ring(), 500.0) == "head"


# In the store


def entry(number):
    return {"t_s": float(number), "node": "JPN", "event": "link", "number": number}


def signed(journal):
    """(seq of the head's entry, what the head says) of every head, each checked against its line."""
    found, before = [], None
    for line in journal.lines():
        if line.entry["event"] == "head":
            read = heads.check_head(line.entry["head"].encode(), ring(), 500.0)
            assert (read.seq, read.chain) == (before.entry["seq"], before.chain)
            found.append(line.entry["seq"])
        before = line
    return found


def test_a_head_is_signed_after_so_many_entries_and_at_the_end():
    disk, told = Memory(), []

    async def write():
        journal = Store.open(disk, signer("JPN"), head_every=10)
        journal.on_head = told.append
        for number in range(25):
            await journal.append(entry(number))
        assert told[-1] == journal.signed_head
        journal.close()

    asyncio.run(write())
    assert len(told) == 2
    journal = Store.open(disk, signer("JPN"), head_every=10)
    assert signed(journal) == [10, 21, 27]
    assert heads.read_head(journal.signed_head).seq == 26
    journal.close()
    # Nothing was written since the last head, so there is nothing to sign.
    assert signed(Store.open(disk)) == [10, 21, 27]


def test_a_head_is_signed_a_while_after_the_last_entry():
    async def write():
        journal = Store.open(Memory(), signer("JPN"), head_after_s=0.01)
        came = asyncio.Event()
        journal.on_head = lambda data: came.set()
        await journal.append(entry(0))
        await asyncio.wait_for(came.wait(), 30)
        assert signed(journal) == [1]
        came.clear()
        await journal.append(entry(1))
        await asyncio.wait_for(came.wait(), 30)
        assert signed(journal) == [1, 3]
        journal.close()

    asyncio.run(write())


def test_entries_without_a_head_before_a_crash_are_signed_for_after_it():
    disk = Memory()
    journal = Store.open(disk, signer("JPN"), head_every=3)
    journal.write(entry(0))
    journal.write(entry(1))
    disk.crash()
    journal = Store.open(disk, signer("JPN"), head_every=3)
    journal.write(entry(2))
    assert signed(journal) == [3]


def test_a_store_without_a_signer_signs_nothing():
    disk = Memory()
    journal = Store.open(disk, head_every=1)
    journal.write(entry(0))
    journal.close()
    assert signed(journal) == []
    assert journal.signed_head is None
