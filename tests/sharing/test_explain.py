"""Why a message may go or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.policies import load_policies
from noroshi.sharing.explain import accepts, explain
from noroshi.sharing.release import compile_table, release
from noroshi.sharing.sanitise import to_form
from tests.sharing.words import NATIONS, message, messages

POLICIES = {arm: load_policies(arm, NATIONS) for arm in ("hub", "bilateral")}
TABLES = {arm: compile_table(policies, NATIONS) for arm, policies in POLICIES.items()}


def told(one, to, holder="JPN", arm="hub", now_s=200.0):
    return explain(one, to, now_s, TABLES[arm], holder, POLICIES[arm].get(holder))


@given(
    messages(),
    st.sampled_from([*NATIONS, "AUS"]),
    st.sampled_from(NATIONS),
    st.sampled_from(sorted(TABLES)),
    st.floats(0, 1e4),
)
def test_an_explanation_never_differs_from_the_decision(one, to, holder, arm, now_s):
    found = told(one, to, holder, arm, now_s)
    assert found.decision == release(one, to, now_s, TABLES[arm], holder)
    objections, asked = found.steps[:5], found.steps[5:]
    assert [step.name for step in objections] == ["own", "label", "exercise", "stale", "opaque"]
    assert all(step.reason for step in found.steps)
    # Whatever decided stands among the steps as what refused.
    if not found.decision.allowed:
        refusing = {name for step in found.steps if not step.passed for name in (step.name, *step.rules)}
        rules = set(found.decision.rule.split(", "))
        assert rules & refusing or rules <= {"silence", "opaque"}
    else:
        assert all(step.passed for step in objections)
        assert any(step.passed for step in asked)


def test_each_form_is_asked_for_until_one_may_go():
    found = told(message(provenance=("JPN-FPS5-1", "KOR")), "USA")
    names = [(step.name, step.passed) for step in found.steps[5:]]
    assert names == [("release as whole", False), ("release as elements", True), ("fuse fed by KOR", True)]
    assert found.steps[5].rules == ("hub-jpn-sensors-stay-home",)


def test_the_line_of_a_rule_is_where_it_stands():
    found = told(message(), "USA")
    policy = POLICIES["hub"]["JPN"]
    (line,) = found.lines
    assert policy.text.splitlines()[line - 1] == f'@id("{found.decision.rule}")'
    assert policy.line("hub-jpn-nothing") is None
    assert len({policy.line(rule) for rule in policy.rules}) == len(policy.rules)


@pytest.mark.parametrize("to, name", [("JPN", "own"), ("AUS", "label")])
def test_an_objection_is_told_with_what_the_policy_would_have_said(to, name):
    found = told(message(), to)
    step = next(step for step in found.steps[:5] if not step.passed)
    assert step.name == found.decision.rule == name
    assert found.lines == ()


def test_a_holder_without_a_policy_is_silent():
    found = explain(message(), "USA", 200.0, compile_table({}, NATIONS), "JPN", None)
    assert found.decision.rule == "silence"
    assert [step.reason for step in found.steps[5:]] == ["no rule speaks of it, and silence refuses"] * 3


def test_the_other_side_is_asked_whether_it_takes_it_in():
    one = to_form(message(), "elements", "JPN-forecast-1/elements")
    taken = accepts(one, "JPN", POLICIES["hub"]["USA"], exercise=True)
    assert (taken.passed, taken.rules) == (True, ("hub-usa-accept-from-partners",))
    assert not accepts(message(), "JPN", POLICIES["hub"]["USA"], exercise=True).passed
