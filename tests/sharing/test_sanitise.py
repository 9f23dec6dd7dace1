import json
from dataclasses import replace

import pytest
from hypothesis import given

from noroshi.records.messages import FORMS, KINDS, PAYLOADS, AlertNotice, nation_of
from noroshi.sharing.sanitise import to_form
from tests.sharing.words import READABLE, message, messages


@given(messages(READABLE, FORMS[:2]))
def test_no_sensor_is_named_anywhere_in_the_elements(original):
    derived = to_form(original, "elements", f"{original.id}/elements")
    if original.form == "whole":
        text = json.dumps(derived.to_dict(), ensure_ascii=False)
        named = {name for name in original.provenance if nation_of(name, "JPN") != name}
        assert not [name for name in named if json.dumps(name, ensure_ascii=False)[1:-1] in text]


def test_a_sensor_that_appears_when_another_is_taken_out_is_taken_out_too():
    # JPN-2 is looked for first; without JPN-1, "JPN-JPN-1-2" then reads "JPN-JPN-2".
    notice = AlertNotice((), "JPN-JPN-1-2")
    original = replace(message("cancel", provenance=("JPN-2", "JPN-1")), payload=notice)
    derived = to_form(original, "elements", "D1")
    assert "JPN-2" not in derived.payload.reason


@given(messages(READABLE, FORMS[:2]))
def test_the_elements_still_tell_which_nations_fed_them(original):
    derived = to_form(original, "elements", "D1")
    assert derived.contributors == original.contributors
    if original.form == "whole":
        assert derived.provenance == original.contributors


@given(messages(READABLE, FORMS[:2]))
def test_what_is_sanitised_twice_stays_as_it_is(original):
    once = to_form(original, "elements", "D1")
    assert to_form(once, "elements", "D2") is once


@given(messages(READABLE, FORMS[:2]))
def test_label_and_expiry_survive_sanitising(original):
    derived = to_form(original, "elements", "D1")
    assert (derived.label, derived.kind, derived.origin) == (original.label, original.kind, original.origin)
    assert (derived.created_s, derived.expires_s) == (original.created_s, original.expires_s)


@pytest.mark.parametrize("kind", READABLE)
def test_the_elements_keep_the_warning_and_point_back(kind):
    original = message(kind)
    derived = to_form(original, "elements", "D1")
    if kind == "sensor_status":
        assert derived.payload == replace(original.payload, sensor="JPN")
    else:
        assert derived.payload == original.payload  # these texts name no sensor
    assert (derived.id, derived.form, derived.derived_from) == ("D1", "elements", original.id)
    assert derived.provenance == ("JPN",)


def test_the_whole_is_the_message_itself():
    assert to_form(message(), "whole", "D1") == message()


def test_what_was_taken_away_does_not_come_back():
    with pytest.raises(ValueError, match="is elements: it cannot become whole again"):
        to_form(message(form="elements"), "whole", "D1")


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="'raw' is none of whole, elements"):
        to_form(message(), "raw", "D1")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in PAYLOADS])
def test_nothing_can_be_taken_out_of_what_cannot_be_read(kind):
    with pytest.raises(ValueError, match=f"nothing can be taken out of a {kind}"):
        to_form(message(kind), "elements", "D1")
    assert to_form(message(kind), "whole", "D1") == message(kind)
