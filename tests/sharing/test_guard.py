"""The guard at a border, from both sides."""

import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.policies import load_policies
from noroshi.errors import Refused
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Opaque
from noroshi.sharing.guard import Border, egress, ingress, parse, subject
from noroshi.sharing.release import compile_table
from noroshi.sharing.sanitise import to_form
from tests.sharing.words import FIVE, message

EPOCH = "2022-10-04T00:00:00Z"
NOW_S = 200.0
MESH = compile_table(load_policies("mesh", FIVE), FIVE)
HUB = compile_table(load_policies("hub", FIVE[:3]), FIVE[:3])


@dataclass(frozen=True)
class Key:
    """Whose key signed."""

    nation: str
    cell: str = ""
    exercise: bool = True


def border(me, partner, table=MESH, exercise=True):
    return Border(me, partner, exercise, EPOCH, table, FIVE)


def elements(kind="forecast", origin="JPN", to=("USA", "KOR"), form="elements"):
    """A derivative as it goes over the border."""
    one = message(kind, origin, to=to)
    return to_form(one, form, f"{one.id}/{form}")


def taken(one, me="USA", partner="JPN", table=HUB, **changed):
    """What the guard of `me` says of a message that its partner hands over, all being well unless changed."""
    given = {
        "key": Key(one.origin),
        "subject_text": subject(one, FIVE),
        "epoch_utc": EPOCH,
        "border": border(me, partner, table),
        "now_s": NOW_S,
        "seen": lambda name: False,
    }
    return ingress(one, **{**given, **changed})


def refused(one, code, **changed):
    """It is refused with this code; the words of the refusal."""
    with pytest.raises(Refused) as error:
        taken(one, **changed)
    assert error.value.code == code
    return error.value.reason


# Subjects


def test_a_subject_names_everyone_at_a_fixed_place():
    one = message("track", "JPN", to=("USA", "KOR"))
    assert subject(one, FIVE) == "rel.USA._.KOR._._.JPN.track.JPN-track-1"
    assert parse(subject(one, FIVE), FIVE) == (("USA", "KOR"), "JPN", "track", "JPN-track-1")


def test_the_originator_stands_in_no_place_even_where_its_label_names_it():
    one = message("track", "JPN", to=("JPN", "AUS"))
    assert subject(one, FIVE) == "rel._._._.AUS._.JPN.track.JPN-track-1"


@pytest.mark.parametrize(
    "name",
    ["JPN-1/elements", "JPN-1.KOR", "JPN-*", "JPN->", "JPN- 1", "JPN-車力", "JPN-" + "x" * 99, "JPN-\r\n"],
)
def test_an_id_that_is_no_token_goes_as_its_hash(name):
    text = subject(replace(message(), id=name), FIVE)
    assert len(text.split(".")) == 9
    token = text.split(".")[-1]
    assert token[0] == "~" and token.isascii() and len(token) == 33
    # Another id has another token, and none that could be an id's own.
    assert token != subject(replace(message(), id=name + "2"), FIVE).split(".")[-1]


def test_whom_the_federation_has_no_place_for_cannot_be_written_to():
    with pytest.raises(Refused, match="'FRA' has no place in USA"):
        subject(message(to=("USA", "FRA")), FIVE)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "1 tokens in place of 9"),
        ("rel.USA._.KOR._._.JPN.track", "8 tokens in place of 9"),
        ("rel.USA._.KOR._._.JPN.track.1.2", "10 tokens in place of 9"),
        ("rel2.USA._.KOR._._.JPN.track.1", "'rel2'"),
        ("REL.USA._.KOR._._.JPN.track.1", "'REL'"),
        ("rel.JPN._.KOR._._.JPN.track.1", "'JPN' stands in the place of USA"),
        ("rel.*._.KOR._._.JPN.track.1", "'*' stands in the place of USA"),
        ("rel.USA._.KOR._._.*.track.1", "origin '*'"),
        ("rel.USA._.KOR._._.FRA.track.1", "origin 'FRA'"),
        ("rel.USA._.KOR._._.JPN.track.>", "'>' is no token"),
        ("rel.USA._.KOR._._.JPN.track.", "'' is no token"),
        ("rel.USA._.KOR._._.JPN.tr ack.1", "'tr ack' is no token"),
        ("rel.USA._.KOR._._.JPN.track.1\r\nPUB x", "'1\\r\\nPUB x' is no token"),
        ("rel.USA._.KOR._._.JPN.track.1\x00", "no token"),
        ("rel.USA._.KOR._._.JPN.track.１", "no token"),
        ("rel.USA._.KOR._._.JPN.track." + "1" * 65, "no token"),
        ("rel.USA._.KOR._._.JPN.track." + "1" * 10_000, "more than any subject has"),
        ("rel.usa._.KOR._._.JPN.track.1", "'usa' stands in the place of USA"),
        ("$JS.API.STREAM.PURGE.X._._._.1", "'$JS'"),
    ],
)
def test_a_subject_with_a_trick_is_refused(text, said):
    with pytest.raises(Refused) as error:
        parse(text, FIVE)
    assert error.value.code == "subject"
    assert said in error.value.reason


PIECES = [
    *FIVE,
    "_",
    "rel",
    "track",
    "*",
    ">",
    ".",
    "..",
    " ",
    "\n",
    "\x00",
    "~",
    "-",
    "é",
    "JPN-1",
    "$JS",
    "ſ",
]


def tricked(rng):
    """A subject that was right once, changed here and there, or one of pieces."""
    if rng.random() < 0.2:
        return "".join(rng.choice(PIECES) for _ in range(rng.randrange(30)))
    named = tuple(one for one in FIVE if rng.random() < 0.5)
    one = replace(message("track", rng.choice(FIVE), to=named), id=f"JPN-{rng.randrange(10)}")
    tokens = subject(one, FIVE).split(".")
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(tokens))
        change = rng.randrange(4)
        if change == 0:
            tokens[at] = rng.choice(PIECES)
        elif change == 1:
            tokens.insert(at, rng.choice(PIECES))
        elif change == 2 and len(tokens) > 1:
            del tokens[at]
        else:
            tokens[at] += chr(rng.randrange(0x300))
    return ".".join(tokens)


@pytest.mark.parametrize("tries", [10_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_whatever_subject_a_partner_thinks_of_is_refused_or_means_what_it_says(tries):
    rng = random.Random(tries)
    read = 0
    for _ in range(tries):
        text = tricked(rng)
        try:
            told = parse(text, FIVE)
        except Refused as error:
            assert error.code == "subject" and error.reason.isprintable() and len(error.reason) < 300
            continue
        read += 1
        places = [one if one in told.releasable_to else "_" for one in FIVE]
        assert text == ".".join(["rel", *places, told.origin, told.kind, told.token])
        assert text.isascii() and text.isprintable() and not set(text) & set("*> ")
    assert 0 < read < tries


# What goes out


def test_what_was_decided_goes_out_in_the_form_that_was_decided():
    decision = egress(elements(), border("JPN", "USA", HUB), NOW_S)
    assert (decision.allowed, decision.form, decision.rule) == (True, "elements", "hub-jpn-elements-to-hub")


def test_the_whole_does_not_slip_out_where_only_elements_may_go():
    decision = egress(message(to=("USA", "KOR")), border("JPN", "USA", HUB), NOW_S)
    assert (decision.allowed, decision.form, decision.rule) == (False, None, "form")
    assert decision.reason == "may go to USA as elements, but is whole"


def test_an_operator_holds_what_goes_to_one_nation_and_not_what_goes_to_others():
    one = elements("track", "JPN", to=("USA", "KOR"))
    held = egress(one, border("JPN", "KOR"), NOW_S, held=frozenset({"KOR"}))
    assert (held.allowed, held.rule) == (False, "held")
    assert held.reason == "an operator of JPN holds what goes to KOR"
    assert egress(one, border("JPN", "USA"), NOW_S, held=frozenset({"KOR"})).allowed


@pytest.mark.parametrize(
    "changed, rule, said",
    [
        ({"label": Label("JPN", ("KOR",))}, "label", "does not name USA"),
        ({"label": Label("KOR", ("USA",))}, "label", "label of 'KOR' on a message of 'JPN'"),
        (
            {"label": Label("JPN", ("USA",), False)},
            "marking",
            "marked LIVE, but the border to USA is EXERCISE",
        ),
        ({"label": Label("JPN", ("USA", "FRA"))}, "subject", "'FRA' has no place"),
        ({"expires_s": 100.0}, "stale", "expired 100 s ago"),
        ({"id": "KOR-7"}, "forged_origin", "'KOR-7' is not one of JPN's"),
        ({"provenance": ("JPN-FPS5-1",)}, "label", "names 1 sensors as its sources"),
        ({"form": "whole", "derived_from": None}, "form", "may go to USA as elements"),
        ({"form": "thin"}, "label", "form 'thin' is none of"),
        ({"payload": Opaque(b"")}, "label", "cannot be read here"),
        ({"kind": "track"}, "silence, hub-jpn-sensors-stay-home", "silent"),
    ],
)
def test_nothing_goes_out_against_label_marking_form_or_policy(changed, rule, said):
    one = replace(elements(), **changed)
    decision = egress(one, border("JPN", "USA", HUB), NOW_S)
    assert not decision.allowed and decision.form is None
    assert rule.startswith(decision.rule) and said in decision.reason


def test_a_border_of_one_marking_over_a_table_of_the_other_lets_nothing_pass():
    live = replace(elements(), label=Label("JPN", ("USA",), False))
    for one in (elements(), live):
        for exercise in (True, False):
            table = compile_table(load_policies("hub", FIVE[:3]), FIVE[:3], ("forecast",), not exercise)
            assert not egress(one, border("JPN", "USA", table, exercise), NOW_S).allowed


def test_an_unregistered_kind_goes_whole_by_its_label_where_the_policy_permits_it():
    word = replace(message("unregistered", "AUS", to=("GBR", "JPN")), kind="weather_report")
    assert egress(word, border("AUS", "GBR"), NOW_S).form == "whole"
    assert not egress(word, border("AUS", "JPN"), NOW_S).allowed
    assert taken(word, "GBR", "AUS", MESH).rule == "mesh-gbr-accept-among-three"


# What comes in


def test_what_a_partner_wrote_and_signed_is_taken_by_the_rule_that_says_so():
    decision = taken(elements())
    assert (decision.allowed, decision.form, decision.rule) == (
        True,
        "elements",
        "hub-usa-accept-from-partners",
    )


def test_what_the_hub_passes_on_is_taken_under_the_seal_of_origin_or_hub():
    one = elements("forecast", "JPN", to=("USA", "KOR"))
    for signer in ("JPN", "USA"):
        assert taken(one, "KOR", "USA", key=Key(signer)).rule == "hub-kor-accept-from-hub"


@pytest.mark.parametrize("signer", ["USA", "KOR", "AUS"])
def test_who_signs_in_anothers_name_is_refused(signer):
    """A whole message only by its origin; a derivative by its origin or by who hands it over."""
    whole = message("track", "JPN", to=FIVE)
    refused(whole, "forged_origin", me="GBR", partner="AUS", table=MESH, key=Key(signer))
    derived = elements("forecast", "JPN", to=FIVE)
    if signer != "USA":
        said = refused(derived, "forged_origin", me="GBR", partner="USA", table=MESH, key=Key(signer))
        assert said == f"a derivative of JPN, signed by {signer}"


def test_our_own_words_do_not_come_back_to_us():
    one = elements("forecast", "USA", to=("JPN", "KOR"))
    refused(one, "forged_origin", key=Key("JPN"))
    refused(one, "forged_origin", key=Key("USA"))


def test_a_cell_signs_for_itself_only():
    one = replace(elements(), cell="radar-command")
    assert taken(one, key=Key("JPN", "radar-command")).allowed
    assert taken(one, key=Key("JPN")).allowed
    refused(one, "forged_origin", key=Key("JPN", "navy"))
    refused(one, "forged_origin", me="KOR", partner="USA", key=Key("USA", "radar-command"))


@pytest.mark.parametrize("name", ["KOR-1", "1", "JPN", "", "JPN-" + "1" * 300])
def test_a_partner_cannot_use_up_the_ids_of_another(name):
    one = elements()
    refused(replace(one, id=name), "forged_origin", subject_text="any")
    refused(replace(one, derived_from=name), "forged_origin")


def test_who_is_no_relay_is_refused_what_it_relays():
    said = refused(elements("forecast", "KOR", to=("USA", "JPN")), "relayed_without_right", partner="JPN")
    assert "take from JPN the forecast of KOR" in said


def test_what_our_policy_does_not_speak_of_is_refused():
    assert "silent" in refused(elements("track"), "policy")
    assert refused(message("sensor_status", to=("USA",)), "policy").endswith("'")
    none = compile_table({}, FIVE[:3], ("forecast",))
    refused(elements(), "policy", table=none)
    # A kind for which nobody asked the policies.
    said = refused(elements("alert"), "policy", table=none)
    assert said == "no policy of USA speaks of a elements 'alert' of JPN from JPN"


@pytest.mark.parametrize(
    "changed, code, said",
    [
        ({"label": Label("JPN", ("KOR",))}, "label", "does not name USA"),
        ({"label": Label("JPN", ())}, "label", "does not name USA"),
        ({"label": Label("USA", ("USA",))}, "label", "label of 'USA' on a message of 'JPN'"),
        ({"provenance": ("JPN-FPS5-1",)}, "label", "names 1 sensors"),
        ({"form": "whole"}, "label", "whole, but derived from 'JPN-forecast-1'"),
        ({"label": Label("JPN", ("USA",), False)}, "marking", "marked LIVE"),
        ({"expires_s": 199.0}, "stale", "expired 1 s ago"),
        ({"expires_s": float("nan")}, "stale", "nan"),
        ({"created_s": 231.0}, "future", "written 31 s from now"),
        ({"created_s": float("nan")}, "future", "nan"),
        ({"label": Label("JPN", ("USA", "FRA"))}, "subject", "'FRA' has no place"),
    ],
)
def test_what_comes_in_wrong_is_refused_with_its_code(changed, code, said):
    one = replace(elements(), **changed)
    assert said in refused(one, code, subject_text=subject(elements(), FIVE))


def test_a_little_ahead_is_no_future():
    assert taken(replace(elements(), created_s=229.0)).allowed


def test_a_subject_that_says_something_else_than_the_message_is_refused():
    one = elements()
    for other in (
        replace(one, label=Label("JPN", ("USA",))),
        replace(one, id="JPN-forecast-2/elements"),
        replace(one, kind="track"),
        elements("forecast", "KOR", to=("USA", "JPN")),
    ):
        said = refused(one, "subject", subject_text=subject(other, FIVE))
        assert "is not the subject of" in said


def test_exercise_and_live_do_not_meet_by_key_label_or_border():
    refused(elements(), "marking", key=Key("JPN", exercise=False))
    live = replace(elements(), label=Label("JPN", ("USA", "KOR"), False))
    refused(live, "marking")
    refused(live, "marking", key=Key("JPN", exercise=False))
    refused(elements(), "marking", border=border("USA", "JPN", HUB, exercise=False))


@pytest.mark.parametrize(
    "epoch", ["2022-10-03T00:00:00Z", "", "2022-10-04T00:00:00", "2022-10-04T00:00:00+09:00"]
)
def test_times_after_another_epoch_are_refused(epoch):
    refused(elements(), "epoch", epoch_utc=epoch)


def test_utc_may_be_spelt_with_z_or_with_zeros():
    assert taken(elements(), epoch_utc="2022-10-04T00:00:00+00:00").allowed


def test_what_was_taken_before_is_a_replay_even_when_it_has_expired_since():
    one = elements()
    for now_s in (NOW_S, 10_000.0):
        assert refused(one, "replay", seen=lambda name: name == one.id, now_s=now_s)


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_refusal_can_be_logged_whatever_it_quotes(name, kind):
    one = replace(message(to=("USA",)), id=name, kind=kind, payload=HotlineText("", ""))
    with pytest.raises(Refused) as error:
        taken(one, subject_text=name)
    assert error.value.reason.isprintable()
