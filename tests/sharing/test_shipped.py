"""The shipped policies together: what one side lets go, the other side takes, and nothing goes round."""

import pytest

from noroshi.catalogue.policies import load_policies
from noroshi.records.messages import FORMS, KINDS, RESERVED
from noroshi.sharing.release import compile_table
from tests.sharing.words import ARMS, FIVE, FIVE_ARMS, NATIONS

ALL = dict.fromkeys(ARMS, NATIONS) | dict.fromkeys(FIVE_ARMS, FIVE)
TABLES = {arm: compile_table(load_policies(arm, nations), nations) for arm, nations in ALL.items()}
EYES = ("AUS", "GBR", "USA")


def allowed(arm):
    """(holder, origin, recipient, kind) -> the form in which it goes when it is held whole."""
    return {
        key[:4]: decision.form
        for key, decision in TABLES[arm].released.items()
        if decision.allowed and key[4] == "whole"
    }


@pytest.mark.parametrize("arm", ALL)
def test_whatever_one_side_lets_go_the_other_side_takes_in(arm):
    table = TABLES[arm]
    for (holder, origin, recipient, kind, _), decision in table.released.items():
        if decision.allowed:
            assert table.accepted[recipient, holder, origin, kind, decision.form].allowed


@pytest.mark.parametrize("arm", ALL)
def test_nothing_is_taken_in_from_where_nothing_of_the_kind_comes(arm):
    table = TABLES[arm]
    goes = {(recipient, holder, origin, kind) for holder, origin, recipient, kind in allowed(arm)}
    assert {key[:4] for key, decision in table.accepted.items() if decision.allowed} == goes


@pytest.mark.parametrize("arm", ALL)
def test_a_label_names_whom_a_message_can_reach_and_nobody_else(arm):
    reached = {}
    for _, origin, recipient, kind in allowed(arm):
        reached.setdefault((origin, kind), set()).add(recipient)
    assert {key: set(named) for key, named in TABLES[arm].addressed.items() if named} == reached


@pytest.mark.parametrize("arm", ALL)
def test_what_operators_do_and_what_is_reserved_stays_at_home(arm):
    assert not {kind for *_, kind in allowed(arm)} & {"operator_act", *RESERVED}


@pytest.mark.parametrize("arm", [arm for arm in ALL if arm != "national"])
def test_a_retraction_reaches_whom_the_forecast_reached(arm):
    """In a form at least as fine, or the thing that it takes back could not be told."""
    for (holder, origin, recipient, kind), form in allowed(arm).items():
        if kind == "forecast":
            assert FORMS.index(allowed(arm)[holder, origin, recipient, "assessment"]) <= FORMS.index(form)


@pytest.mark.parametrize("arm", [arm for arm in ALL if arm != "national"])
def test_receipts_go_back_over_every_line_and_no_further(arm):
    goes = allowed(arm)
    lines = {(holder, recipient) for holder, origin, recipient, kind in goes if kind != "receipt"}
    receipts = {(holder, recipient) for holder, _, recipient, kind in goes if kind == "receipt"}
    assert receipts == lines == {(there, here) for here, there in lines}
    assert all(holder == origin for holder, origin, _, kind in goes if kind == "receipt")


@pytest.mark.parametrize("arm", ["hub", "direct", "five-hub"])
def test_no_sensors_leave_where_three_elements_are_shared(arm):
    wide = {kind for (*_, kind), form in allowed(arm).items() if form == "whole"}
    assert wide == {"receipt"}
    assert not {kind for *_, kind in allowed(arm)} & {"sensor_status", "unregistered"}


def test_in_the_mesh_sensors_stay_among_three():
    for (holder, origin, recipient, kind), form in allowed("mesh").items():
        if form == "whole" and kind != "receipt":
            assert {holder, origin, recipient} <= set(EYES)


def test_in_the_mesh_what_is_coarse_on_the_straight_line_is_coarse_on_every_way():
    coarse = {key for key, form in allowed("mesh").items() if form == "coarse"}
    pairs = {(origin, recipient) for _, origin, recipient, _ in coarse}
    assert pairs == {("AUS", "KOR"), ("GBR", "KOR"), ("KOR", "AUS"), ("KOR", "GBR")}
    for (_, origin, recipient, kind), form in allowed("mesh").items():
        if (origin, recipient) in pairs and kind in ("launch_report", "forecast", "track"):
            assert form == "coarse"


def test_no_ally_hears_of_another_without_consent_before_there_is_a_hub():
    goes = allowed("five-bilateral")
    pairs = {frozenset((origin, to)) for holder, origin, to, _ in goes if holder != origin}
    assert pairs == {frozenset(("JPN", "KOR")), frozenset(("AUS", "GBR"))}
    assert all("USA" in (holder, to) for holder, _, to, _ in goes)


@pytest.mark.parametrize("arm", ["hub", "five-hub"])
def test_in_a_hub_every_line_ends_in_the_middle(arm):
    assert all("USA" in (holder, to) for holder, _, to, _ in allowed(arm))


def test_the_five_around_a_hub_share_no_less_than_the_three():
    three, five = allowed("hub"), allowed("five-hub")
    assert all(five.get(key) == form for key, form in three.items())


def test_every_kind_is_spoken_of_somewhere():
    spoken = {kind for arm in ALL for *_, kind in allowed(arm)}
    assert spoken == set(KINDS) - {"operator_act", *RESERVED}
