"""Nothing leaks: random policies, labels, forms and partners at both sides of a border, by an oracle."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from noroshi.errors import Refused
from noroshi.records.messages import FORMS, KINDS
from noroshi.sharing.guard import Border, egress, ingress, subject
from noroshi.sharing.policy import Policy
from noroshi.sharing.release import compile_table, release
from noroshi.sharing.sanitise import to_form
from tests.sharing import oracle
from tests.sharing.oracle import EPOCH, SENSORS, Key
from tests.sharing.words import FIVE

A_POLICY = 250  # messages drawn for each set of policies
NOW_S = 200.0


@pytest.mark.parametrize("messages", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_nothing_crosses_a_border_that_the_rules_do_not_let_pass(messages):
    count = Counter()
    for number in range(messages // A_POLICY):
        rng = oracle.rng_of(number)
        exercise = rng.random() < 0.8
        rules = {nation: oracle.draw_rules(rng) for nation in FIVE}
        policies = {
            nation: Policy(nation, oracle.written(rules[nation], nation))
            for nation in FIVE[rng.randrange(2) :]
        }
        rules = {nation: rules[nation] if nation in policies else [] for nation in FIVE}
        # As many as Cedar is asked of in a quarter of a second.
        kinds = rng.sample(KINDS, 5)
        table = compile_table(policies, FIVE, kinds, exercise)
        for _ in range(A_POLICY):
            message, holder, to = oracle.draw_message(rng, kinds), rng.choice(FIVE), rng.choice(FIVE)
            if holder != to:
                gone = _goes_out(rng, rules, table, message, holder, to, exercise, count)
                _comes_in(rng, rules, table, gone or message, to, holder, exercise, count)
    # The draws reach both sides of every rule.
    assert count["leaks"] == count["differs out"] == count["differs in"] == 0
    for name in ("released", "refused", "elements", "coarse", "out", "held", "taken"):
        assert count[name] > messages / 400, (name, count)
    codes = ("marking", "epoch", "forged_origin", "label", "subject", "replay", "stale", "future", "policy")
    for code in (*codes, "relayed_without_right"):
        assert count[code] > messages / 2000, (code, count)


def _goes_out(rng, rules, table, message, holder, to, exercise, count):
    """Ask, sanitise and let it out as a node does; what left, or None."""
    right = oracle.form_that_goes(rules[holder], message, holder, to, NOW_S, exercise)
    decision = release(message, to, NOW_S, table, holder)
    assert decision.form == right and decision.allowed is (right is not None), (message, decision, right)
    assert decision.reason and decision.rule
    count["released" if decision.allowed else "refused"] += 1
    border = Border(holder, to, exercise, EPOCH, table, FIVE)
    held = frozenset({to}) if rng.random() < 0.1 else frozenset()
    # Whatever somebody puts on the line, in whatever form: only the right one leaves.
    tried = [message]
    for form in FORMS[FORMS.index(message.form) + 1 :]:
        if oracle.readable(message):
            tried.append(to_form(message, form, f"{message.id}/{form}", SENSORS[message.origin]))
    gone = None
    for one in tried:
        last = egress(one, border, NOW_S, held)
        may = oracle.form_that_goes(rules[holder], one, holder, to, NOW_S, exercise) == one.form
        may = may and not oracle.wrong_in_itself(one) and to not in held
        count["leaks"] += last.allowed and not may
        count["differs out"] += last.allowed is not may
        count["held"] += last.rule == "held"
        if last.allowed:
            assert last.form == one.form
            _says_no_more_than_its_form(one, message)
            count["out"] += 1
            count[one.form] += 1
            gone = one
    return gone


def _says_no_more_than_its_form(one, message):
    """No sensor in what was derived here; in the coarse form no finer digit of time and place either."""
    if one is message:
        return
    text = json.dumps(one.to_dict(), ensure_ascii=False)
    names = {*SENSORS[one.origin], *(name for name in message.provenance if len(name) > 3)}
    assert not [name for name in names if name in text], text
    assert one.id.startswith(f"{one.origin}-") and one.derived_from.startswith(f"{one.origin}-")
    if one.form != "coarse":
        return
    assert one.created_s % 10 == one.expires_s % 10 == 0
    for name, value in _numbers("", one.to_dict()["payload"]):
        if name in ("time_s", "launch_time_s", "impact_time_s", "from_s", "until_s"):
            assert value % 10 == 0, name
        elif name.endswith(("lat_deg", "lon_deg")):
            assert value == round(value, 1), name
        elif name in ("position_ecef_m", "height_m"):
            assert value % 1e4 == 0, name


def _numbers(name, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(key, inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _numbers(name, inner)
    elif isinstance(value, float):
        yield name, value


def _comes_in(rng, rules, table, message, me, partner, exercise, count):
    """Hand it over as an honest partner would, or with one thing wrong."""
    if rng.random() < 0.5:
        partner = rng.choice([one for one in FIVE if one != me])
    key = Key(rng.choice([message.origin, message.origin, partner, rng.choice(FIVE)]),
              exercise if rng.random() < 0.95 else not exercise)  # fmt: skip
    told = subject(rng.choice([message] * 9 + [replace(message, id=f"{message.origin}-99999")]), FIVE)
    epoch = EPOCH if rng.random() < 0.95 else "2022-10-05T00:00:00Z"
    seen = rng.random() < 0.05
    border = Border(me, partner, exercise, EPOCH, table, FIVE)
    wrong = oracle.wrong_on_arrival(rules[me], message, me, partner, key, told, epoch, NOW_S, exercise, seen)
    try:
        decision = ingress(message, key, told, epoch, border, NOW_S, lambda name: seen)
    except Refused as error:
        count[error.code] += 1
        if error.code not in wrong:
            count["differs in"] += 1
        return
    count["taken"] += 1
    count["leaks"] += bool(wrong)
    assert decision.allowed and decision.form == message.form
