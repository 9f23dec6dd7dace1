"""Whatever bytes a journal, a head or a box of keys is made of: an answer or a refusal, and no other end."""

import random
from functools import lru_cache

import pytest

from noroshi.errors import InputError, Refused
from noroshi.live import heads, keybox, segments
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from noroshi.sharing import keys

COUNTS = [10_000, pytest.param(1_000_000, marks=pytest.mark.soak)]
TOKENS = (
    b'"',
    b"{",
    b"}",
    b"[" * 40,
    b"\\u0000",
    b"1e999",
    b"null",
    b"\xff",
    b"\n",
    b"\0",
    b'"chain":"',
    b"-1",
)


@lru_cache
def signer():
    return keys.generate("JPN", True, 0.0, 4e9)


def changed(whole, chance):
    """The bytes with one to four of them replaced, lost, doubled, or with something put between."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        how = chance.randrange(5)
        if how == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at : at + chance.randint(1, 40)]
        elif how == 2:
            data[at:at] = data[at : at + chance.randint(1, 40)]
        elif how == 3:
            data[at:at] = chance.choice(TOKENS)
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("count", COUNTS)
def test_a_head_of_any_bytes_is_good_or_refused(count):
    chance, ring = random.Random(1), keys.Keyring((signer().public,))
    head = heads.make_head(7, "ab" * 32, "2026-05-01T00:00:00Z", "JPN", signer())
    countersigned = heads.countersign(head, "2026-05-01T00:00:00Z", signer())
    for number in range(count):
        whole, check = ((head, heads.check_head), (countersigned, heads.check_countersignature))[number % 2]
        data = changed(whole, chance)
        try:
            check(data, ring, 1.0)
        except Refused:
            continue
        assert data == whole


@pytest.mark.parametrize("count", COUNTS)
def test_a_journal_of_any_bytes_is_read_as_far_as_it_was_written(count):
    chance, disk = random.Random(2), Memory()
    journal = Store.open(disk)
    for number in range(8):
        journal.write({"t_s": 0.0, "node": "JPN", "event": "link", "number": number})
    (name,) = disk.files
    whole = bytes(disk.files[name])
    lines = whole.split(b"\n")
    for _ in range(count):
        disk.files[name] = bytearray(changed(whole, chance))
        read = []
        try:
            read.extend(segments.Walk(disk))
        except InputError as error:
            assert "(seq " in error.field or "byte" in error.field
        same = bytes(disk.files[name]).split(b"\n")
        assert [line.entry["number"] for line in read] == list(range(len(read)))
        assert same[: len(read)] == lines[: len(read)]


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_a_box_of_any_bytes_opens_to_the_keys_or_not_at_all(count, tmp_path, monkeypatch):
    monkeypatch.setattr(keybox, "COST", {"n": 2, "r": 1, "p": 1})
    monkeypatch.setattr(keybox, "_MAX_COST", {"n": 16, "r": 2, "p": 2})
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/sign.json").write_text("SECRET")
    box, chance = keybox.seal(tmp_path / "keys", "a long enough passphrase"), random.Random(3)
    for number in range(count):
        target = tmp_path / str(number)
        try:
            keybox.open_into("x.tar", changed(box, chance), "a long enough passphrase", target)
        except InputError:
            assert not target.exists()
        else:
            assert (target / "sign.json").read_text() == "SECRET"
