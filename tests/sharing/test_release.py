import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.catalogue.policies import load_policies
from noroshi.records.messages import FORMS, KINDS
from noroshi.sharing.policy import Policy, Question
from noroshi.sharing.release import Decision, addressees, compile_table, release
from noroshi.sharing.sanitise import to_form
from tests.sharing.words import ARMS, FIVE, NATIONS, message, messages

POLICIES = {arm: load_policies(arm, NATIONS) for arm in ARMS}
TABLES = {arm: compile_table(POLICIES[arm], NATIONS) for arm in ARMS}

# What goes, by arm: (holder, origin, recipient) -> kinds in the form that goes. All else is refused.
WARNING = ("launch_report", "forecast")
NOTICES = ("alert", "cancel")
WORDS = ("assessment", "hotline", "tasking_request")
STRAIGHT = [("JPN", "JPN", "USA"), ("KOR", "KOR", "USA"), ("USA", "USA", "JPN"), ("USA", "USA", "KOR")]
RELAYED = [("USA", "JPN", "KOR"), ("USA", "KOR", "JPN")]
BETWEEN_ALLIES = [("JPN", "JPN", "KOR"), ("KOR", "KOR", "JPN")]


def goes(paths, kinds, form):
    return {(*path, kind): form for path in paths for kind in kinds}


GOES = {
    "national": {},
    "bilateral": (
        goes(STRAIGHT, WARNING + NOTICES + WORDS, "elements")
        | goes(STRAIGHT[:2], ("launch_report", "track", "forecast", *WORDS), "whole")
        | goes(STRAIGHT[:2], ("sensor_status", "unregistered"), "whole")
        | goes(STRAIGHT, ("receipt",), "whole")
        | goes(RELAYED, (*WARNING, "assessment"), "elements")
    ),
    "hub": (
        goes(STRAIGHT + RELAYED, WARNING + NOTICES + WORDS, "elements")
        | goes(STRAIGHT, ("receipt",), "whole")
    ),
    "direct": (
        goes(STRAIGHT + RELAYED + BETWEEN_ALLIES, ("track", *WARNING, *NOTICES, *WORDS), "elements")
        | goes(STRAIGHT + BETWEEN_ALLIES, ("receipt",), "whole")
    ),
}
ALL = [(holder, origin, recipient, kind) for holder in NATIONS for origin in NATIONS
       for recipient in NATIONS for kind in KINDS]  # fmt: skip


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("holder, origin, recipient, kind", ALL)
def test_each_arm_releases_what_it_should_and_nothing_else(arm, holder, origin, recipient, kind):
    decision = release(message(kind, origin), recipient, 200.0, TABLES[arm], holder)
    expected = GOES[arm].get((holder, origin, recipient, kind))
    assert (decision.allowed, decision.form) == (expected is not None, expected)
    assert recipient in decision.reason
    assert decision.rule
    assert decision.policy_sha256 == POLICIES[arm][holder].sha256


@pytest.mark.parametrize(
    "arm, origin, kind, named",
    [
        ("national", "JPN", "forecast", ()),
        ("bilateral", "JPN", "forecast", ("KOR", "USA")),  # named, so that it may be passed on
        ("bilateral", "JPN", "track", ("USA",)),
        ("bilateral", "USA", "forecast", ("JPN", "KOR")),
        ("bilateral", "USA", "track", ()),
        ("hub", "KOR", "launch_report", ("JPN", "USA")),
        ("hub", "KOR", "track", ()),
        ("direct", "KOR", "track", ("JPN", "USA")),
    ],
)
def test_a_nation_writes_for_whom_its_policy_lets_it(arm, origin, kind, named):
    assert addressees(TABLES[arm], origin, kind) == named


@pytest.mark.parametrize("arm", ARMS)
def test_what_a_label_names_can_get_there_and_what_gets_there_was_named(arm):
    paths = {(origin, recipient, kind) for _, origin, recipient, kind in GOES[arm]}
    for origin in NATIONS:
        for kind in KINDS:
            reached = {to for by, to, what in paths if (by, what) == (origin, kind)}
            named = set(addressees(TABLES[arm], origin, kind))
            assert named == reached


@pytest.mark.parametrize(
    "arm, kind, holder, origin, recipient, rule, words",
    [
        ("hub", "forecast", "JPN", "JPN", "USA", "hub-jpn-elements-to-hub",
         "JPN may give USA its forecast in form elements: launch point, path, impact point"),
        ("hub", "forecast", "USA", "KOR", "JPN", "hub-usa-relay-at-once",
         "USA may pass to JPN the forecast of KOR in form elements"),
        ("hub", "forecast", "JPN", "JPN", "KOR", "silence, hub-jpn-sensors-stay-home",
         "the policy of JPN is silent on 'give KOR its forecast in form elements'"),
        ("hub", "track", "JPN", "JPN", "USA", "silence, hub-jpn-sensors-stay-home",
         "in form whole: type and position of sensors are not shared"),
        ("bilateral", "forecast", "JPN", "JPN", "KOR", "silence",
         "the policy of JPN is silent on 'give KOR its forecast' in any form"),
        ("bilateral", "forecast", "USA", "JPN", "KOR", "bilateral-usa-relay-after-consent",
         "once the provider agreed"),
        ("bilateral", "track", "USA", "JPN", "KOR", "silence, bilateral-usa-sensors-stay-home",
         "USA may not pass to KOR the track of JPN in form whole"),
        ("national", "forecast", "JPN", "JPN", "USA", "national-nothing-leaves",
         "every nation lives by its own sensors"),
    ],
)  # fmt: skip
def test_a_decision_tells_its_rule_and_reason(arm, kind, holder, origin, recipient, rule, words):
    decision = release(message(kind, origin), recipient, 200.0, TABLES[arm], holder)
    assert decision.rule == rule
    assert words in decision.reason


@pytest.mark.parametrize(
    "changed, recipient, holder, rule, reason",
    [
        ({"to": ("USA",)}, "USA", "JPN", "direct-jpn-elements-to-partners", None),
        ({"to": ("USA",)}, "KOR", "JPN", "label", "label 'REL JPN USA' does not name KOR"),
        ({"to": ("USA",)}, "KOR", "USA", "label", "label 'REL JPN USA' does not name KOR"),
        ({"to": ()}, "USA", "JPN", "label", "label 'REL JPN' does not name USA"),
        ({"to": ()}, "KOR", "JPN", "label", "label 'REL JPN' does not name KOR"),
        ({"to": ("AUS",)}, "AUS", "JPN", "silence", "no policy of JPN speaks of a whole forecast"),
        ({"expires_s": 188.0}, "USA", "JPN", "stale", "expired 12 s ago, too late for USA"),
        ({"expires_s": 200.0}, "USA", "JPN", "direct-jpn-elements-to-partners", None),
        ({"exercise": False}, "USA", "JPN", "exercise", "marked LIVE, but the border to USA is EXERCISE"),
        ({}, "JPN", "USA", "own", "JPN wrote it"),
        ({}, "USA", "USA", "own", "USA holds it already"),
    ],
)  # fmt: skip
def test_what_objects_says_why(changed, recipient, holder, rule, reason):
    # The most open arm, so that nothing but the objection can refuse.
    decision = release(message(**changed), recipient, 200.0, TABLES["direct"], holder)
    assert decision.rule == rule
    assert decision.allowed is (reason is None)
    assert decision.form == (None if reason else "elements")
    assert reason is None or decision.reason.startswith(reason)


def test_a_live_border_refuses_an_exercise():
    live = compile_table(POLICIES["hub"], NATIONS, exercise=False)
    assert release(message(exercise=False), "USA", 200.0, live, "JPN").allowed
    refused = release(message(), "USA", 200.0, live, "JPN")
    assert refused.reason == "marked EXERCISE, but the border to USA is LIVE"


def test_one_allys_data_do_not_reach_the_other_inside_a_us_product_before_consent():
    fused = message("forecast", "USA", provenance=("USA-IR-1", "KOR"))
    refused = release(fused, "JPN", 200.0, TABLES["bilateral"], "USA")
    assert not refused.allowed
    assert refused.rule == "silence"
    assert "give JPN its own forecast fed by sensors of KOR" in refused.reason
    # Back to the ally whose data they are, and in the arms where all have them, it may go.
    assert release(fused, "KOR", 200.0, TABLES["bilateral"], "USA").allowed
    assert release(fused, "JPN", 200.0, TABLES["hub"], "USA").allowed
    own = message("forecast", "USA", provenance=("USA-IR-1", "JPN"))
    assert release(own, "JPN", 200.0, TABLES["bilateral"], "USA").allowed


def test_what_was_sanitised_once_is_passed_on_as_it_is():
    handed_over = to_form(message("forecast", "JPN"), "elements", "JPN-forecast-1/elements")
    decision = release(handed_over, "KOR", 200.0, TABLES["hub"], "USA")
    assert decision.allowed
    assert to_form(handed_over, decision.form, "unused") is handed_over


def test_a_permit_for_the_whole_does_not_speak_for_the_elements():
    text = """@id("w") @reason("w") permit (principal, action == Action::"relay", resource)
    when { context.form == Form::"whole" };"""
    table = compile_table({"USA": Policy("USA", text)}, NATIONS)
    assert release(message(), "KOR", 200.0, table, "USA").form == "whole"
    assert not release(message(form="elements"), "KOR", 200.0, table, "USA").allowed


@given(
    one=messages(),
    arm=st.sampled_from(ARMS),
    holder=st.sampled_from(NATIONS),
    recipient=st.sampled_from([*NATIONS, "AUS"]),
    now_s=st.floats(0, 1e4),
)
def test_nothing_goes_to_whom_the_label_does_not_name_nor_wider_than_it_is_held(
    one, arm, holder, recipient, now_s
):
    decision = release(one, recipient, now_s, TABLES[arm], holder)
    assert isinstance(decision, Decision)
    if decision.allowed:
        assert recipient in one.label.releasable_to
        assert now_s <= one.expires_s
        assert one.label.exercise
        assert FORMS.index(decision.form) >= FORMS.index(one.form)
    else:
        assert decision.form is None
        assert decision.reason


# Rules from which a hypothesis of policies is drawn; each says something else about some nation.
RULES = [
    'permit (principal, action, resource);',
    'permit (principal, action == Action::"release", resource == Nation::"USA");',
    'permit (principal == Nation::"USA", action == Action::"relay", resource)'
    ' when { context.origin != Nation::"GBR" };',
    'permit (principal, action in [Action::"release", Action::"relay"], resource)'
    ' when { context.form == Form::"elements" };',
    'permit (principal, action == Action::"address", resource == Nation::"AUS")'
    ' unless { context.kind == Kind::"alert" };',
    'permit (principal, action == Action::"fuse", resource) when { context.origin == Nation::"JPN" };',
    'forbid (principal, action in [Action::"release", Action::"relay"], resource)'
    ' when { context.form == Form::"whole" && context.kind == Kind::"track" };',
    'forbid (principal, action, resource == Nation::"GBR");',
    'forbid (principal, action, resource) unless { context.exercise };',
]  # fmt: skip
rule_sets = st.lists(st.sampled_from(range(len(RULES))), unique=True, max_size=5)


@given(
    rules=st.dictionaries(st.sampled_from(FIVE), rule_sets),
    exercise=st.booleans(),
    # Five at a time: all of them take Cedar a second.
    kinds=st.lists(st.sampled_from(KINDS), unique=True, min_size=5, max_size=5),
)
@settings(deadline=None, max_examples=40)
def test_the_table_says_what_cedar_says(rules, exercise, kinds):
    policies = {
        nation: Policy(nation, "\n".join(f'@id("r{n}") @reason("because {n}") {RULES[n]}' for n in chosen))
        for nation, chosen in rules.items()
    }
    table = compile_table(policies, FIVE, kinds, exercise)
    for (holder, origin, recipient, kind, held), decision in table.released.items():
        action = "release" if origin == holder else "relay"
        forms = FORMS[FORMS.index(held) :]
        said = ask(policies, holder, [(action, recipient, origin, kind, form, exercise) for form in forms])
        permitted = [(form, verdict) for form, verdict in zip(forms, said, strict=True) if verdict.allowed]
        assert decision.allowed is bool(permitted)
        if permitted:
            assert (decision.form, decision.rule) == (permitted[0][0], ", ".join(permitted[0][1].rules))
        else:
            assert all(rule in decision.rule for verdict in said for rule in verdict.rules)
    for (holder, partner, origin, kind, form), decision in table.accepted.items():
        (verdict,) = ask(policies, holder, [("accept", partner, origin, kind, form, exercise)])
        assert decision.allowed is verdict.allowed
        assert decision.form == (form if verdict.allowed else None)
    for (holder, contributor, recipient, kind), decision in table.fused.items():
        (verdict,) = ask(policies, holder, [("fuse", recipient, contributor, kind, "whole", exercise)])
        assert decision.allowed is verdict.allowed
    for origin in FIVE:
        for kind in kinds:
            asked = [("address", to, origin, kind, "whole", exercise) for to in FIVE if to != origin]
            said = ask(policies, origin, asked)
            named = tuple(to for (_, to, *_), verdict in zip(asked, said, strict=True) if verdict.allowed)
            assert addressees(table, origin, kind) == named
    paths = [(h, o, r) for h in FIVE for o in FIVE for r in FIVE if r not in (h, o)]
    assert len(table.released) == len(paths) * len(kinds) * len(FORMS)
    handed = [(h, p, o) for h in FIVE for p in FIVE for o in FIVE if h not in (p, o)]
    assert len(table.accepted) == len(handed) * len(kinds) * len(FORMS)


def ask(policies, holder, questions):
    """Cedar's own word, without the table; the word of a nation without a policy is that of an empty one."""
    policy = policies.get(holder, Policy(holder, ""))
    return policy.decide_all([Question(*question) for question in questions])


@pytest.mark.parametrize("arm", ARMS)
def test_nations_that_the_shipped_policies_do_not_know_get_nothing(arm):
    table = compile_table(POLICIES[arm], FIVE)
    assert {(holder, partner) for holder, partner, *_ in table.accepted} >= {("USA", "AUS"), ("JPN", "GBR")}
    for (holder, origin, recipient, *_), decision in table.released.items():
        if {holder, origin, recipient} & {"AUS", "GBR"}:
            assert not decision.allowed
    for (holder, partner, origin, *_), decision in table.accepted.items():
        if {holder, partner, origin} & {"AUS", "GBR"}:
            assert not decision.allowed
