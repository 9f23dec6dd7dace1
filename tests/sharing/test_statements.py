"""What nations say of their keys: announced, followed, revoked; by whom it must be signed."""

import json
import math
from dataclasses import replace

import pytest

from noroshi.errors import Refused
from noroshi.sharing import keys, statements
from noroshi.sharing.keys import Keyring

OLD = keys.generate("USA", True, 0.0, 1_000.0)
NEW = keys.generate("USA", True, 0.0, 2_000.0)
JPN = keys.generate("JPN", True, 0.0, 1_000.0)
LIVE = keys.generate("USA", False, 0.0, 1_000.0)
RING = Keyring((OLD.public, JPN.public))
ANNOUNCED = statements.announce(OLD)
ROTATED = statements.rotate(OLD, NEW, 100.0)
REVOKED = statements.revoke(OLD, OLD.public.kid, 50.0, "laptop lost")


def code(read, *arguments) -> str:
    with pytest.raises(Refused) as refusal:
        read(*arguments)
    return refusal.value.code


def test_statements_go_through_a_file():
    for told in (ANNOUNCED, ROTATED, REVOKED):
        assert json.loads(json.dumps(told)) == told


def test_an_announcement_gives_the_key():
    assert statements.announced(ANNOUNCED) == OLD.public


def test_a_new_key_follows_the_old_one_which_counts_on():
    ring = statements.rotated(ROTATED, RING, 100.0)
    assert ring.find(NEW.public.kid, 150.0).nation == "USA"
    assert ring.find(OLD.public.kid, 150.0) == OLD.public
    assert code(ring.find, NEW.public.kid, 99.0) == "key_not_yet"
    assert statements.rotated(ROTATED, ring, 100.0) == ring


def test_a_key_does_not_follow_before_its_time():
    assert code(statements.rotated, ROTATED, RING, 99.0) == "statement"


def test_a_new_key_follows_no_key_that_is_unknown_over_or_revoked():
    assert code(statements.rotated, ROTATED, Keyring((JPN.public,)), 100.0) == "unknown_key"
    assert code(statements.rotated, ROTATED, RING, 1_000.0) == "key_expired"
    assert (
        code(statements.rotated, ROTATED, Keyring(RING.keys, {OLD.public.kid: 90.0}), 100.0) == "key_revoked"
    )


@pytest.mark.parametrize("new", [JPN, LIVE, keys.generate("USA", True, 0.0, 2_000.0, cell="ops")])
def test_a_new_key_is_of_the_same_nation_cell_and_marking(new):
    assert code(statements.rotated, statements.rotate(OLD, new, 100.0), RING, 100.0) == "statement"


def test_who_holds_the_new_key_must_sign_too():
    alone = ROTATED | {"signatures": ROTATED["signatures"][:1]}
    assert code(statements.rotated, alone, RING, 100.0) == "bad_signature"
    stolen = statements.rotate(OLD, JPN, 100.0) | {"key": NEW.public.to_dict()}
    assert code(statements.rotated, stolen, RING, 100.0) == "bad_signature"


def test_a_revoked_key_counts_no_more():
    ring = statements.revoked(REVOKED, RING, 60.0)
    assert code(ring.find, OLD.public.kid, 50.0) == "key_revoked"
    assert ring.find(OLD.public.kid, 49.0) == OLD.public
    assert ring.find(JPN.public.kid, 60.0) == JPN.public


def test_of_two_revocations_the_earlier_time_holds():
    later = statements.revoke(OLD, OLD.public.kid, 70.0, "again")
    for order in ((REVOKED, later), (later, REVOKED)):
        ring = RING
        for told in order:
            ring = statements.revoked(told, ring, 60.0)
        assert ring.revoked == {OLD.public.kid: 50.0}


def test_another_key_of_the_nation_may_revoke():
    ring = statements.rotated(ROTATED, RING, 100.0)
    told = statements.revoke(NEW, OLD.public.kid, 90.0, "stolen")
    assert statements.revoked(told, ring, 100.0).revoked == {OLD.public.kid: 90.0}


def test_a_nation_cannot_revoke_anothers_key():
    told = statements.revoke(JPN, OLD.public.kid, 50.0, "mischief")
    assert code(statements.revoked, told, RING, 60.0) == "unknown_key"
    claimed = told | {"nation": "USA"}
    assert code(statements.revoked, claimed, RING, 60.0) == "statement"


def test_an_exercise_key_cannot_revoke_a_live_one():
    ring = Keyring((OLD.public, LIVE.public))
    told = statements.revoke(OLD, LIVE.public.kid, 50.0, "drill")
    assert code(statements.revoked, told, ring, 60.0) == "statement"


@pytest.mark.parametrize("told", [ANNOUNCED, ROTATED, REVOKED], ids=lambda told: told["statement"])
def test_a_statement_with_anything_changed_is_refused(told):
    read = {
        "announce": lambda one: statements.announced(one),
        "rotate": lambda one: statements.rotated(one, RING, 100.0),
        "revoke": lambda one: statements.revoked(one, RING, 100.0),
    }[told["statement"]]
    read(told)
    for name, value in told.items():
        wrongs = [None, [], {}, "", 0, "x" * 50, math.nan, [None], [{}]]
        if isinstance(value, float):
            wrongs += [value + 1, -value]
        if name == "key":
            wrongs += [
                value | {"valid_until_s": 3_000.0},
                value | {"nation": "JPN"},
                value | {"exercise": False},
            ]
        if name == "signatures":
            first = value[0]
            wrongs += [[first | {part: "AAAA"}, *value[1:]] for part in first]
            wrongs += [[first | {part: 5}, *value[1:]] for part in first] + [value * 2, [*value, first]]
        for wrong in wrongs:
            with pytest.raises(Refused):
                read(told | {name: wrong})
        with pytest.raises(Refused):
            read({kept: value for kept, value in told.items() if kept != name})
    for wrong in (told | {"more": 1}, None, [], "announce", 5):
        with pytest.raises(Refused):
            read(wrong)


def test_one_signature_of_the_two_algorithms_is_not_enough():
    other = statements.announce(JPN)["signatures"][0]
    for part in ("ed25519", "mldsa65"):
        forged = ANNOUNCED["signatures"][0] | {part: other[part]}
        assert code(statements.announced, ANNOUNCED | {"signatures": [forged]}) == "bad_signature"


def test_a_statement_is_no_message_and_no_message_is_a_statement():
    longer = replace(OLD.public, valid_until_s=9_000.0).to_dict()
    assert code(statements.announced, ANNOUNCED | {"key": longer}) == "bad_signature"
    assert code(statements.announced, ROTATED) == code(statements.announced, REVOKED) == "statement"
