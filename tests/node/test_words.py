"""Words that are no tracks: to people, wishes to look, what people order, and what nobody here can read."""

import math
from dataclasses import replace

import pytest

from noroshi.node import border
from noroshi.node.state import Outbox, Pending, Thing, Warning
from noroshi.node.step import step, wake_s
from noroshi.records.messages import (
    KINDS,
    PAYLOADS,
    HotlineText,
    Opaque,
    OperatorAct,
    ReceiptList,
    SensorStatus,
    TaskingRequest,
)
from tests.node.bonds import bonded, forecast, lines, said, threat, told
from tests.sharing.words import payload

HERE = {"lat_deg": 40.5, "lon_deg": 137.0, "height_m": 200e3, "radius_km": 40.0}


@pytest.fixture
def node(japan):
    return bonded(japan, pass_on_s=5.0, forecasts=False)


def wish(until_s=300.0, **changes):
    fields = {"time_s": 120.0, **HERE, "until_s": until_s, "reason": "something burnt up there", **changes}
    return said("tasking_request", TaskingRequest(**fields))


def order(act, subject="", reason="drill", author="watch officer", origin="JPN"):
    return said("operator_act", OperatorAct(act, subject, author, reason), origin=origin)


# Of people, of sensors, of what nobody here can read.


@pytest.mark.parametrize(
    "kind, body",
    [
        ("hotline", HotlineText("watch officer", "Ours sees nothing of it.")),
        ("sensor_status", SensorStatus("USA-Kyogamisaki", "down", 100.0, None, "repair")),
    ],
)
def test_what_partners_say_is_journaled_and_passed_on(node, kind, body):
    node, out = told(node, said(kind, body))
    (line,) = lines(out, kind)
    assert line["origin"] == "USA" and vars(body).items() <= line.items()
    assert not node.things and not node.refused
    node, out = told(node, now_s=126.0)
    assert [(one.to, one.message.kind) for one in out.dispatches] == [("KOR", kind)]


@pytest.mark.parametrize(
    "kind, body",
    [
        ("receipt", ReceiptList((("JPN-00001", "taken"),))),
        ("forecast", Opaque(b"\xa0")),
        ("supply_alert", Opaque(b"\xa0")),
        ("weather", Opaque(b"\x01")),
    ],
)
def test_what_says_nothing_of_things_is_received_and_passed_on(node, kind, body):
    node, out = told(node, said(kind, body))
    assert [event for _, event, _ in out.entries] == ["received"]
    assert not node.things and not node.refused
    _, out = told(node, now_s=126.0)
    assert [(one.to, one.message.kind) for one in out.dispatches] == [("KOR", kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_carries_what_is_anothers_is_refused_and_goes_nowhere(node, kind):
    body = payload("hotline" if kind != "hotline" else "receipt")
    node, out = told(node, said(kind, body))
    assert node.refused == {"USA": 1} and not node.pending and not node.things
    assert "carries" in lines(out, "refused")[0]["reason"]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_every_kind_has_its_expiry(kind):
    assert 0 < border._EXPIRY_S[kind] < border._HEARD_S


def test_ids_of_one_nation_do_not_burn_those_of_another(node):
    one = replace(forecast("KOR-T1", origin="KOR"), derived_from="USA-00001")
    two = replace(forecast(), id="USA-00001", derived_from=None)
    node, _ = told(node, one, two)
    assert {nation for thing in node.things for nation in thing.foreign} == {"KOR", "USA"}


# Where partners ask us to look.


def test_a_wish_turns_radars_until_it_is_over_and_is_never_urgent(node):
    node, out = told(node, wish(until_s=140.0))
    because = {line["because"] for line in lines(out, "tasking")}
    assert because == {"tasking request from USA"} and out.cues
    assert {line["sensor"] for line in lines(out, "tasking")} == {cue.sensor for cue in out.cues}
    assert all(cue.steady and not cue.urgent and cue.until_s <= 140.0 for cue in out.cues)
    now_s, times = 120.0, []
    while (wake := wake_s(node, now_s)) < 1000.0:
        now_s = math.ceil(wake)
        node, out = step(node, [], float(now_s))
        times += [now_s] if out.cues else []
        assert not lines(out, "tasking")
    assert times and max(times) < 140 and not node.wishes and not node.cued


def test_a_wish_points_where_it_was_asked_for(node):
    from noroshi.earth import geometry

    _, out = told(node, wish())
    for cue in out.cues:
        site, axes = node.desk.radars[cue.sensor].at(120.0)
        place = step(node, [wish()], 120.0)[0].wishes[0].place_ecef_m
        _, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, place).tolist()
        assert (cue.azimuth_rad, cue.elevation_rad) == pytest.approx((azimuth, elevation))


@pytest.mark.parametrize(
    "asked, because",
    [
        (wish(until_s=119.0), "expired"),
        (wish(until_s=1e6), "is the most"),
        (wish(lat_deg=-40.0), "outside the cover"),
        (wish(height_m=45e6), "outside the cover"),
        (wish(lat_deg=100.0), "latitude"),
        (wish(lat_deg=math.nan), "not finite"),
        (wish(radius_km=-1.0), "km around"),
        (wish(height_m=1e12), "km high"),
        (wish(until_s=math.inf), "not finite"),
        (wish(time_s=1e9), "ahead"),
        (wish(lon_deg="east"), "not numbers"),
        (wish(reason=None), "no words"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_with_its_reason(node, asked, because):
    node, out = told(node, asked)
    (line,) = lines(out, "refused")
    assert because in line["reason"] and line["kind"] == "tasking_request"
    assert not node.wishes and not out.cues and node.refused == {"USA": 1}


def test_a_partner_has_so_many_wishes_and_no_more(node):
    node, out = told(node, *(wish() for _ in range(40)))
    assert len(node.wishes) == 16 == 40 - len(lines(out, "refused"))


# What our own people do.


def threatened(node, stage="deciding", due="decided", due_s=200.0):
    areas = ("Aomori",) if stage in ("delivering", "standing") else ()
    warning = Warning(stage, 1, areas, name="JPN-T1-A1", passage_s={"Aomori": 320.0}, confirmed_s=180.0)
    thing = Thing("JPN-T1", view=threat(), warning=warning, last_told_s=120.0)
    pending = (Pending(due_s, due, "JPN-T1"),) if due else ()
    return replace(node, things=(thing,), pending=pending, made=1)


def test_what_is_held_goes_nowhere_until_it_is_resumed(node):
    node, out = told(node, order("hold", "KOR", "talks"))
    (act,) = lines(out, "operator_act")
    assert (act["act"], act["subject"], act["author"], act["reason"]) == (
        "hold",
        "KOR",
        "watch officer",
        "talks",
    )
    out = Outbox(121.0)
    node = border.announce(node, "alert", ("Aomori",), "drill", 121.0, out)
    assert {one.to for one in out.dispatches} == {"USA"}
    # Nor is it on the label, for a partner to pass it on.
    assert out.dispatches[0].message.label.releasable_to == ("USA",)
    (refused,) = [line for line in lines(out, "decision") if not line["allowed"]]
    assert (refused["to"], refused["rule"]) == ("KOR", "hold")
    assert "watch officer" in refused["reason"] and "talks" in refused["reason"]
    node, out = told(node, forecast(), now_s=122.0)
    node, out = told(node, now_s=128.0)
    assert not out.dispatches and {line["rule"] for line in lines(out, "decision")} == {"hold"}
    node, _ = told(node, order("resume", "KOR"), now_s=130.0)
    out = Outbox(131.0)
    border.announce(node, "cancel", ("Aomori",), "drill", 131.0, out)
    assert {one.to for one in out.dispatches} == {"USA", "KOR"}


def test_a_person_stands_down_what_people_decide_on(node):
    for stage, due in (("deciding", "decided"), ("delivering", "delivered")):
        held, out = told(threatened(node, stage, due), order("stand_down", "JPN-T1", "it is a drone"))
        (line,) = lines(out, "stood_down")
        assert "watch officer" in line["reason"] and "drone" in line["reason"]
        assert [event for _, event, _ in out.entries][:2] == ["operator_act", "stood_down"]
        assert not held.pending and held.things[0].warning.stage == "idle"
        # It still threatens, but it takes a person to say so now.
        held, out = told(held, now_s=125.0)
        assert not held.pending and not lines(out, "stage")
        held, out = told(held, order("confirm", "JPN-T1"), now_s=130.0)
        assert [one.what for one in held.pending] == ["decided"]


def test_a_person_cancels_an_alert_by_its_name(node):
    held, out = told(threatened(node, "standing", "", 0.0), order("stand_down", "JPN-T1-A1"))
    (line,) = lines(out, "cancel")
    assert line["areas"] == ["Aomori"] and "watch officer" in line["reason"]
    assert {one.message.kind for one in out.dispatches} == {"cancel"}
    assert held.things[0].warning.stage == "over"


def test_who_is_sure_spares_people_the_time_to_confirm(node):
    held, _ = told(threatened(node), order("confirm", "JPN-T1"))
    # Sixty seconds of confirming were left.
    assert [one.due_s for one in held.pending] == [140.0]
    again, _ = told(held, order("confirm", "JPN-T1"), now_s=121.0)
    assert [one.due_s for one in again.pending] == [140.0]
    early, _ = told(threatened(node, "idle", ""), order("confirm", "JPN-T1"))
    (pending,) = early.pending
    slow, _ = told(threatened(node, "idle", ""))
    confirm_s = slow.things[0].warning.confirmed_s - 120.0
    assert confirm_s > 0 and slow.pending[0].due_s - pending.due_s == pytest.approx(confirm_s, abs=2e-3)


def test_a_note_is_journaled_and_changes_nothing(node):
    after, out = told(node, order("note", "JPN-T1", "radio says it is a drill"))
    assert [event for _, event, _ in out.entries] == ["operator_act"]
    assert replace(after, heard={}) == replace(node, heard={})


@pytest.mark.parametrize(
    "act, because",
    [
        (order("hold", "JPN"), "no nation"),
        (order("hold", "XXX"), "no nation"),
        (order("resume", "KOR"), "nothing"),
        (order("stand_down", "JPN-T7"), "no thing"),
        (order("confirm", ""), "no thing"),
        (order("launch", "JPN-T1"), "none of"),
        (order("note", 7), "no words"),
        (replace(order("hold", "KOR"), expires_s=100.0), "expired"),
        (order("note", "x" * 300), "no words"),
        (said("forecast", payload("forecast"), origin="JPN"), "not numbers"),
        (said("alert", payload("alert"), origin="JPN"), "by the node itself"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(node, act, because):
    after, out = told(node, act)
    assert [event for _, event, _ in out.entries] == ["refused"] and after.refused == {"JPN": 1}
    if because != "not numbers":
        assert because in lines(out, "refused")[0]["reason"]
    assert not out.dispatches and not after.held


@pytest.mark.parametrize("act", ["hold", "resume", "stand_down", "confirm", "note"])
def test_nobody_elses_people_act_here(node, act):
    held = threatened(node)
    after, out = told(held, order(act, "KOR" if act == "hold" else "JPN-T1", origin="USA"))
    assert after.refused == {"USA": 1} and after.pending == held.pending and not after.held
    assert not lines(out, "operator_act") and not lines(out, "stood_down")


def test_an_act_that_comes_twice_is_done_once(node):
    act = order("hold", "KOR")
    node, _ = told(node, act)
    node, _ = told(node, order("resume", "KOR"), now_s=121.0)
    node, out = told(node, act, now_s=122.0)
    assert not node.held and not out.entries


def test_what_our_own_people_say_goes_to_partners(node):
    words = said("hotline", HotlineText("watch officer", "Do you see it too?"), origin="JPN")
    _, out = told(node, words)
    assert {(one.to, one.message.kind) for one in out.dispatches} == {("USA", "hotline"), ("KOR", "hotline")}
