"""A partner countersigns what follows from what it saw before, and nothing else."""

from functools import lru_cache

import pytest

from noroshi.errors import Refused
from noroshi.live import heads, witness
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from noroshi.sharing import keys

UTC = "2026-05-01T00:00:00.000Z"


@lru_cache
def signer(nation):
    return keys.generate(nation, True, 0.0, 4e9)


def ring():
    return keys.Keyring(tuple(signer(nation).public for nation in ("JPN", "KOR", "USA")))


def head(seq, chain="ab" * 32, nation="JPN"):
    return heads.make_head(seq, chain, UTC, nation, signer(nation))


def answer(data, latest, partner="JPN"):
    return witness.answer(data, partner, latest, ring(), signer("USA"), 5.0, 500.0)


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.code


def test_a_head_is_countersigned_and_both_journals_say_so():
    made, entry, latest = answer(head(7), {})
    assert (entry["node"], entry["nation"], entry["by"], entry["head_seq"]) == ("USA", "JPN", "USA", 7)
    theirs = witness.accept(made, "USA", "JPN", ring(), 6.0, 501.0)
    assert {**theirs, "node": "USA", "t_s": 5.0} == entry
    journal = Store.open(Memory())
    journal.write(entry)
    assert witness.witnessed(journal.entries(), "USA") == {"JPN": latest}
    assert witness.witnessed(journal.entries(), "KOR") == {}


def test_a_journal_that_goes_on_is_countersigned_again():
    _, _, seen = answer(head(7), {})
    assert answer(head(9, "cd" * 32), {"JPN": seen})[2].seq == 9
    assert answer(head(7), {"JPN": seen})[2] == seen


def test_a_journal_that_became_shorter_or_says_something_else_is_not():
    _, _, seen = answer(head(7), {})
    assert refused(answer, head(6), {"JPN": seen}) == "rewound"
    assert refused(answer, head(7, "cd" * 32), {"JPN": seen}) == "fork"


def test_nobody_hands_over_the_head_of_another():
    assert refused(answer, head(7, nation="KOR"), {}) == "forged_origin"
    made, _, _ = answer(head(7), {})
    assert refused(witness.accept, made, "KOR", "JPN", ring(), 0.0, 500.0) == "forged_origin"
    assert refused(witness.accept, made, "USA", "KOR", ring(), 0.0, 500.0) == "forged_origin"
    assert refused(witness.accept, head(7), "USA", "JPN", ring(), 0.0, 500.0) == "head"
