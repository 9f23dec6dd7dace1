import hashlib

import pytest

from noroshi.errors import InputError
from noroshi.sharing.policy import Policy, Question

PERMIT = """
@id("tell-usa") @reason("an ally")
permit (principal == Nation::"JPN", action == Action::"release", resource == Nation::"USA");
"""
FORBID = """
@id("no-tracks") @reason("tracks stay home")
forbid (principal, action, resource) when { context.kind == Kind::"track" };
"""
TO_USA = Question("release", "USA", "JPN", "track", "whole")


def test_silence_refuses():
    verdict = Policy("JPN", "// nothing").decide(TO_USA)
    assert verdict == (False, (), (), ())


def test_a_permit_gives_its_rule_and_reason():
    assert Policy("JPN", PERMIT).decide(TO_USA) == (True, ("tell-usa",), ("an ally",), ())


@pytest.mark.parametrize("text", [PERMIT + FORBID, FORBID + PERMIT])
def test_forbid_overrides_permit_in_any_order(text):
    assert Policy("JPN", text).decide(TO_USA) == (False, ("no-tracks",), ("tracks stay home",), ())
    assert Policy("JPN", text).decide(TO_USA._replace(kind="forecast")).allowed


def test_rules_that_decide_together_are_named_in_the_order_of_the_file():
    text = "".join(
        f'@id("r{n}") @reason("{n}") permit (principal, action, resource);\n' for n in (3, 1, 2, 5, 4, 12, 11)
    )
    assert Policy("JPN", text).decide(TO_USA).rules == ("r3", "r1", "r2", "r5", "r4", "r12", "r11")


def test_a_policy_speaks_only_for_its_nation():
    assert not Policy("KOR", PERMIT).decide(TO_USA).allowed


def test_a_nation_that_no_rule_knows_gets_nothing():
    assert not Policy("JPN", PERMIT).decide(TO_USA._replace(recipient="GBR")).allowed


def test_a_rule_that_cannot_be_evaluated_refuses():
    # Cedar alone would skip the forbid and let the permit stand.
    overflow = """
    @id("odd") @reason("overflows")
    forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };
    """
    verdict = Policy("JPN", PERMIT + overflow).decide(TO_USA)
    assert not verdict.allowed
    assert "overflow" in verdict.errors[0]


def test_exercise_and_live_can_be_told_apart():
    text = PERMIT.replace(";", " when { context.exercise };")
    assert Policy("JPN", text).decide(TO_USA).allowed
    assert not Policy("JPN", text).decide(TO_USA._replace(exercise=False)).allowed


def test_the_hash_is_of_the_text():
    assert Policy("JPN", PERMIT).sha256 == hashlib.sha256(PERMIT.encode()).hexdigest()


@pytest.mark.parametrize(
    "text, said",
    [
        (PERMIT + "\nallow (principal, action, resource);", ["invalid policy effect: allow", "below line 3"]),
        (PERMIT.replace("== Nation", "= Nation"), ["must be a Cedar policy", "below line 0"]),
        (PERMIT.replace('@id("tell-usa")', ""), ["rule 1", '@id("...")']),
        (PERMIT.replace('@reason("an ally")', ""), ["rule tell-usa", '@reason("...")']),
        (PERMIT + PERMIT, ["rule 2: @id = 'tell-usa'", "one rule only"]),
        (PERMIT.replace('"release"', '"relaese"'), ["rule tell-usa", "relaese"]),
        (FORBID.replace('"track"', '"tracks"'), ["rule no-tracks", '"tracks"']),
        (FORBID.replace("context.kind", "context.knid"), ["rule no-tracks", "`knid`"]),
        (PERMIT.replace('== Nation::"JPN"', "== ?principal"), ["template"]),
    ],
)  # fmt: skip
def test_a_policy_that_would_not_work_is_refused_with_its_place(text, said):
    with pytest.raises(InputError) as error:
        Policy("JPN", text, source="JPN.cedar")
    assert str(error.value).startswith("JPN.cedar")
    for words in said:
        assert words in str(error.value)
