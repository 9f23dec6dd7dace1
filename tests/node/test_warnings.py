"""Alerts from the first threat to the last word, when forecasts come and go and things become one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.node import border, outlook, pairs, picture, warn
from noroshi.node.state import Foreign, Origin, Outbox, Pending, Thing, View, Warning
from noroshi.node.step import wake_s
from noroshi.node.things import joined, one_launch, within_reach, without_track
from noroshi.tracking import lost
from noroshi.tracking.lost import Trust
from noroshi.tracking.provenance import Evidence
from tests.node.test_heard import NOW_S, PLACE, coasting, events, heard, ours, seen, word
from tests.sharing.words import message, payload

AREA = "Hokkaido"
STANDING = Warning("standing", 1, (AREA,), passage_s={AREA: 500.0}, name="JPN-T1-A1")


def view(time_s: float, chance: float = 0.9, **more) -> View:
    """A forecast that passes over one area at T+500 and comes down at T+1320."""
    areas = {AREA: chance} if chance else {}
    return replace(seen(38.0, time_s), areas=areas, passage_s={AREA: 500.0}, **more)


def having(japan, *things):
    return replace(japan, things=things, made=len(things))


def considered(node, now_s):
    out = Outbox(now_s)
    return warn.consider(node, now_s, out), out


# A second alert.


@pytest.mark.parametrize("since_s, again", [(-1.0, False), (0.0, False), (1.0, True)])
def test_what_threatens_anew_after_the_end_of_an_alert_is_alerted_again(japan, since_s, again):
    over = replace(STANDING, stage="over", ended_s=NOW_S)
    node, out = considered(
        having(japan, Thing("JPN-T1", view=view(NOW_S + since_s), warning=over)), NOW_S + 2
    )
    begun = {line["alert"] for line in events(out, "stage")}
    assert begun == ({"JPN-T1-A2"} if again else set())
    assert node.things[0].warning.stage == ("deciding" if again else "over")


def test_an_alert_that_was_cancelled_for_a_dip_comes_back_under_its_next_name(japan):
    waiting = (Pending(NOW_S, "changed", "JPN-T1"),)
    node = having(japan, Thing("JPN-T1", view=view(NOW_S, 0.0), warning=replace(STANDING, changing=True)))
    out = Outbox(NOW_S)
    node = warn.act(replace(node, pending=()), waiting[0], NOW_S, out)
    assert [line["alert"] for line in events(out, "cancel")] == ["JPN-T1-A1"]
    node, out = considered(node, NOW_S + 1)
    assert not out.entries, "nothing threatens"
    node = replace(node, things=(replace(node.things[0], view=view(NOW_S + 5)),))
    node, out = considered(node, NOW_S + 6)
    assert {line["alert"] for line in events(out, "stage")} == {"JPN-T1-A2"}


@pytest.mark.parametrize("dead_first", [True, False])
def test_an_alert_that_is_over_hides_no_threat_of_what_is_the_same(japan, dead_first):
    dead = Thing("JPN-T1", view=view(NOW_S - 50), warning=Warning("over", 1, name="JPN-T1-A1", ended_s=NOW_S))
    live = Thing("JPN-T2", view=view(NOW_S - 5))
    two = (dead, live) if dead_first else (live, dead)
    node = joined(having(japan, dead, live), *two, Outbox(NOW_S))
    node, out = considered(node, NOW_S)
    assert node.things[0].view is live.view
    # And no name is given twice.
    assert {line["alert"] for line in events(out, "stage")} == {f"{two[0].id}-A2"}


# Two alerts become one.


def test_an_alert_ends_under_the_name_it_was_delivered_under(japan):
    first = ours("JPN-T1", coasting())
    alerted = Thing("JPN-T2", warning=replace(STANDING, name="JPN-T2-A1"))
    node = joined(having(japan, first, alerted), first, alerted, Outbox(NOW_S))
    out = Outbox(NOW_S)
    warn.act(node, Pending(NOW_S, "changed", "JPN-T1"), NOW_S, out)
    assert [line["alert"] for line in events(out, "cancel")] == ["JPN-T2-A1"]


def test_of_two_standing_alerts_one_ends_and_the_other_takes_its_areas(japan):
    one = Thing("JPN-T1", warning=STANDING)
    two = Thing("JPN-T2", warning=replace(STANDING, areas=("Aomori",), name="JPN-T2-A1"))
    out = Outbox(NOW_S)
    node = joined(having(japan, one, two), one, two, out)
    (end,), (more,) = events(out, "cancel"), events(out, "update")
    assert (end["alert"], end["areas"], end["reason"]) == ("JPN-T2-A1", [], "it is the same as JPN-T1-A1")
    assert (more["alert"], more["areas"]) == ("JPN-T1-A1", ["Aomori", AREA])
    assert node.things[0].warning.areas == ("Aomori", AREA)


# What is seen no more.


@pytest.mark.parametrize("partner", [True, False])
def test_a_forecast_falls_with_the_only_track_that_bore_it(japan, partner):
    told = {"USA": Foreign(coasting(), Evidence.of(["USA"], "USA", NOW_S), "USA-T1")} if partner else {}
    thing = without_track(replace(ours("JPN-T1", coasting()), view=view(NOW_S), foreign=told))
    assert bool(thing.view.expired) is not partner
    deciding = replace(thing, warning=Warning("deciding", 1, name="JPN-T1-A1"))
    out = Outbox(NOW_S)
    warn.act(having(japan, deciding), Pending(NOW_S, "decided", "JPN-T1"), NOW_S, out)
    assert [line["reason"] for line in events(out, "stood_down")] == (
        [] if partner else ["the track supports no alert any more: its track is no more"]
    )
    # Who was alerted stays so until it must have passed.
    standing = having(japan, replace(thing, warning=STANDING))
    assert not considered(standing, 500.0 + warn.PASSED_AFTER_S - 1)[0].pending
    assert bool(considered(standing, 500.0 + warn.PASSED_AFTER_S)[0].pending) is not partner


@pytest.mark.parametrize("expired, after_s", [("", 1320.0 + warn.DOWN_AFTER_S), ("gone", 560.0)])
def test_a_node_wakes_when_an_alert_may_end(japan, expired, after_s):
    thing = Thing("JPN-T1", view=view(NOW_S, expired=expired), warning=STANDING)
    node = having(japan, thing)
    due_s = wake_s(node, NOW_S)
    assert due_s == after_s
    assert not considered(node, due_s - 1)[0].pending and considered(node, due_s)[0].pending


def test_a_forecast_that_cannot_be_made_anew_is_worth_what_its_track_is(japan, monkeypatch):
    thing = replace(ours("JPN-T1", coasting()), view=view(NOW_S, 0.8))
    monkeypatch.setattr(outlook, "read", lambda *_: None)
    monkeypatch.setattr(outlook, "_flights", lambda *_: None)
    monkeypatch.setattr(lost, "trust", lambda *_: Trust(0.5, False, "lost"))
    node = outlook.forecast(having(japan, thing), NOW_S, Outbox(NOW_S))
    after = node.things[0].view
    assert (after.trust, after.expired, after.areas) == (0.5, "", {AREA: 0.4})
    monkeypatch.setattr(lost, "trust", lambda *_: Trust(0.2, True, "not seen for 300 s"))
    node = replace(node, things=(replace(node.things[0], weighed=0, next_forecast_s=-math.inf),))
    after = outlook.forecast(node, NOW_S, Outbox(NOW_S)).things[0].view
    assert after.expired == "not seen for 300 s"


# Launch reports.


def below():
    """A launch point right under the object of `coasting`, at its time."""
    from noroshi.earth import frames

    lat, lon, _ = frames.geodetic(PLACE[:3])
    return Origin(NOW_S, math.degrees(float(lat)), math.degrees(float(lon)), 5.0, 80.0, 10.0)


@pytest.mark.parametrize("later_s, reached", [(0.0, True), (50.0, True), (70.0, False), (3000.0, False)])
def test_nothing_is_anywhere_before_its_launch(later_s, reached):
    start = replace(below(), time_s=NOW_S + later_s)
    assert within_reach(start, PLACE[:3], NOW_S) is reached


@pytest.mark.parametrize("kind", ["missile", "airliner", "lost"])
def test_a_launch_report_is_of_no_airliner_and_of_nothing_lost(japan, kind):
    thing = ours("JPN-T1", coasting())
    if kind == "airliner":
        thing = replace(thing, sort="aircraft")
    if kind == "lost":
        thing = replace(thing, track=replace(thing.track, lost=True))
    _, found = picture._launched(having(japan, thing), below())
    assert (found.id == "JPN-T1") is (kind == "missile")


def test_a_launch_point_is_sought_anew_only_with_more_evidence(japan, monkeypatch):
    tried = []
    monkeypatch.setattr(picture, "_told_apart", lambda *_: True)
    monkeypatch.setattr(picture.origins, "traced_back", lambda estimate: tried.append(estimate))
    thing = ours("JPN-T1", coasting())
    node = having(japan, thing)
    for _ in range(5):
        node, thing = picture._traced_back(node, thing, NOW_S, Outbox(NOW_S))
    assert len(tried) == 1
    thing = replace(thing, evidence=thing.evidence + 6)
    picture._traced_back(node, thing, NOW_S, Outbox(NOW_S))
    assert len(tried) == 2


def test_things_of_one_launch_are_found_as_pair_by_pair(japan):
    """All at once, the same pair as by one comparison after the other."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        starts = [
            Origin(rng.uniform(0, 400), rng.uniform(38, 44), rng.uniform(120, 130), 5.0, 90.0, 10.0)
            for _ in range(5)
        ]
        things = tuple(Thing(f"JPN-T{row}", origin=start) for row, start in enumerate(starts))
        expected = [
            (one, two)
            for row, one in enumerate(things)
            for two in things[row + 1 :]
            if one_launch(one.start, two.start)
        ]
        assert pairs._two_of_a_launch(having(japan, *things)) == (expected[0] if expected else None)


def test_a_plume_and_a_track_of_one_launch_are_one(japan):
    plume = Thing("JPN-T1", origin=replace(below(), time_s=NOW_S - 60))
    track = ours("JPN-T2", coasting())
    assert pairs._two_of_a_launch(having(japan, plume, track)) == (plume, track)
    for none in (replace(track, sort="aircraft"), replace(track, track=None)):
        assert pairs._two_of_a_launch(having(japan, plume, none)) is None
    both = replace(plume, track=replace(track.track, confirmed=False))
    assert pairs._two_of_a_launch(having(japan, both, track)) is None


# What partners send.

SPOILT = {
    "of no time": {"time_s": math.nan},
    "from the future": {"time_s": NOW_S + 60},
    "of long ago": {"time_s": NOW_S - 1e5},
    "a time in words": {"time_s": "now"},
    "a number beyond numbers": {"time_s": 10**400},
    "no chance": {"burning_probability": 1.5},
    "less than no chance": {"burning_probability": -0.1},
    "chance unknown": {"burning_probability": math.nan},
    "no name": {"track_id": None},
    "a name in a list": {"track_id": ["USA-T1"]},
    "classes without names": {"assessment": ((1, 1.0),)},
    "no pairs": {"assessment": (1, 2)},
}


def refused_once(japan, one):
    node, out = heard(having(japan), one)
    assert not node.things and node.refused == {"USA": 1}
    assert len(events(out, "refused")) == 1


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_a_forecast_of_nonsense_is_refused_and_counted(japan, spoilt):
    one = word("USA-T1", coasting(), kind="forecast")
    refused_once(japan, replace(one, payload=replace(one.payload, **spoilt)))


@pytest.mark.parametrize("spoilt", [{"track_id": 7}, {"also": None}, {"also": (7,)}, {"also": "USA-T2"}])
@pytest.mark.parametrize("kind", ["track", "forecast"])
def test_a_track_without_a_name_is_refused_and_counted(japan, spoilt, kind):
    one = word("USA-T1", coasting(), kind=kind)
    path = replace(one.payload if kind == "track" else one.payload.path, **spoilt)
    refused_once(japan, replace(one, payload=path if kind == "track" else replace(one.payload, path=path)))


@pytest.mark.parametrize("fed_by", [None, (7,), ([],), "USA"])
def test_a_word_fed_by_nobody_can_say_whom_is_refused_and_goes_nowhere(japan, fed_by):
    one = replace(message("launch_report", origin="USA"), payload=payload("launch_report"), provenance=fed_by)
    refused_once(japan, one)
    node = border.receive(having(japan), one, NOW_S, Outbox(NOW_S))
    assert not node.pending


# What is kept no longer than needed.


def test_messages_are_remembered_as_long_as_they_can_come_again(japan):
    node = japan
    for hour in range(48):
        now_s = NOW_S + 3600.0 * hour
        one = replace(message("alert", origin="USA"), id=f"USA-{hour}")
        node = border.receive(node, one, now_s, Outbox(now_s))
        again = Outbox(now_s + 600.0)
        assert border.receive(node, one, now_s + 600.0, again) is node and not again.entries
    assert len(node.heard) <= 2


def test_a_launch_report_is_told_once_and_again_with_more_sights(japan):
    thing = Thing("JPN-T1", origin=below(), scans={"JPN-IR": ()}, reported_sights=5)
    node = having(japan, thing)
    for sights, told in ((5, True), (5, False), (11, True), (11, False)):
        before, now = node.sent, replace(node.things[0], reported_sights=sights)
        node = border.publish(replace(node, things=(now,)), NOW_S, Outbox(NOW_S))
        assert (node.things[0].launch_told == sights) and not node.heard
        if node.desk.partners:
            assert (node.sent > before) is told


def test_no_radar_is_pointed_at_what_became_another(japan):
    one, two = Thing("JPN-T1"), Thing("JPN-T2")
    cued = {"JPN-Sado JPN-T1": (1.0, "x"), "JPN-Sado JPN-T2": (1.0, "x")}
    node = joined(replace(having(japan, one, two), cued=cued), one, two, Outbox(NOW_S))
    assert set(node.cued) == {"JPN-Sado JPN-T1"}


def test_one_pause_between_two_looks_widens_nothing_and_costs_no_trust():
    assert lost.trust(coasting(), 0.0, lost.PAUSE_S).share == 1.0
    assert lost.trust(coasting(), 0.0, lost.PAUSE_S + 1).share < 1.0
