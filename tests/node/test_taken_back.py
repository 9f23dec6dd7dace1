"""Who told partners of a thing and finds out that it is none says so, and who believed it lets go of it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.node import border, pairs, picture, plots, recant
from noroshi.node.state import Origin, Outbox, Pending, Thing, Warning
from noroshi.node.step import step, wake_s
from noroshi.node.things import change
from noroshi.records.messages import AssessmentReport, LaunchReport
from noroshi.tracking.followed import Followed
from tests.node.bonds import bonded, forecast, lines, said, threat, told, verdict
from tests.node.test_heard import coasting, ours

LAUNCH = LaunchReport(60.0, 40.85, 125.7, 5.0, 80.0, 10.0)


@pytest.fixture
def node(japan):
    return bonded(japan, forecasts=False)


def hears(node, *messages, now_s=120.0):
    out = Outbox(now_s)
    for one in messages:
        node = border.receive(node, one, now_s, out)
    return node, out


def foreign(node, nation="USA"):
    return [thing for thing in node.things if nation in thing.foreign or nation in thing.told]


# What a partner takes back.


@pytest.mark.parametrize("what", ["aircraft", "satellite", "none"])
def test_what_rests_on_one_partners_word_goes_with_it(node, what):
    node, _ = hears(node, forecast())
    assert len(node.things) == 1
    node, out = hears(node, verdict("USA-T1", 125.0, what), now_s=126.0)
    assert not node.things
    (line,) = lines(out, "taken_back")
    assert (line["origin"], line["of"], line["verdict"], line["left"]) == ("USA", "USA-T1", what, [])


def test_a_launch_report_is_taken_back_by_its_name(node):
    node, _ = hears(node, said("launch_report", replace(LAUNCH, track_id="USA-T4")))
    node, _ = hears(node, verdict("USA-T5", 121.0), now_s=121.0)
    assert foreign(node)
    node, _ = hears(node, verdict("USA-T4", 121.0), now_s=121.0)
    assert not node.things


def test_a_launch_report_without_a_name_goes_with_the_track_that_it_was_joined_with(node):
    place = np.asarray(coasting().mean)[:3]
    near = picture.Origin(60.0, 40.85, 125.7, 5.0, 80.0, 10.0)
    both = Thing("JPN-T1", told={"USA": near})
    node, _ = hears(replace(node, things=(both,), made=1), forecast())
    node = replace(node, things=(replace(node.things[1], told=both.told),))
    assert np.isfinite(place).all()
    node, _ = hears(node, verdict("USA-T1", 125.0), now_s=126.0)
    assert not node.things


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_order_and_no_repetition_of_words_brings_a_track_back_that_was_taken_back(busy_once, data):
    """Two forecasts and a launch report of before, and the verdict, each once or more, in any order."""
    words = [
        forecast(time_s=100.0),
        forecast(time_s=105.0),
        said("launch_report", replace(LAUNCH, track_id="USA-T1"), created_s=101.0),
        verdict("USA-T1", 110.0),
    ]
    order = data.draw(st.permutations([*words, *data.draw(st.lists(st.sampled_from(words), max_size=4))]))
    after, _ = hears(busy_once, *order, now_s=111.0)
    assert not foreign(after) and [thing.id for thing in after.things] == ["JPN-T1"]
    assert not after.refused


@pytest.fixture(scope="module")
def busy_once(replayed, watchers):
    from noroshi.exercise.nations import nodes
    from tests.exercise.made import quiet

    japan = nodes(quiet(replayed, watchers, 20_000.0), "national", 0)["JPN"]
    far = ours("JPN-T1", coasting((9e5, 0, 0)))
    return bonded(replace(japan, things=(far,), made=1), forecasts=False)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_later_word_that_it_may_be_a_missile_holds_whatever_the_order(node, order):
    words = [
        forecast(time_s=100.0),
        verdict("USA-T1", 110.0),
        verdict("USA-T1", 115.0, "unknown"),
        forecast(time_s=105.0),
    ]
    node, _ = hears(node, *(words[row] for row in order), now_s=116.0)
    node, _ = hears(node, forecast(time_s=120.0), now_s=121.0)
    (thing,) = foreign(node)
    assert float(thing.foreign["USA"].estimate.time_s) == 120.0


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_verdicts_of_one_time_the_one_that_warns_counts(node, order):
    """Times may be told coarsely: who cannot tell the order must not fall silent."""
    words = [verdict("USA-T1", 110.0), verdict("USA-T1", 110.0, "unknown")][::order]
    node, _ = hears(node, *words, forecast(time_s=115.0), now_s=116.0)
    assert foreign(node)


def test_what_came_before_the_word_that_it_is_one_after_all_waits_for_it(node):
    node, _ = hears(node, verdict("USA-T1", 110.0), now_s=111.0)
    node, out = hears(node, forecast(time_s=120.0), now_s=121.0)
    assert not node.things and "taken back" in lines(out, "ignored")[0]["reason"]
    node, _ = hears(node, verdict("USA-T1", 119.0, "missile"), now_s=122.0)
    assert foreign(node) and node.things[0].foreign["USA"].track == "USA-T1"


def test_what_we_see_ourselves_stays_and_loses_only_that_partners_share(node):
    mine = ours("JPN-T1", coasting())
    node = replace(node, things=(mine,), made=1)
    node, _ = hears(node, forecast())
    node = pairs.merge(node, 120.0, Outbox(120.0))
    (thing,) = node.things
    assert set(thing.foreign) == {"USA"}
    node, out = hears(node, verdict("USA-T1", 121.0, "satellite"), now_s=121.0)
    (thing,) = node.things
    assert thing.track is not None and not thing.foreign and not thing.said and thing.sort == ""
    assert lines(out, "taken_back")[0]["left"] == ["own track"]
    assert picture.fused(node.desk, thing)[1] == ("JPN",)


def test_what_another_partner_tells_stays(node):
    node, _ = told(node, forecast(), forecast("KOR-T9", origin="KOR"))
    assert set(node.things[0].foreign) == {"KOR", "USA"}
    node, out = told(node, verdict("USA-T1", 121.0), now_s=121.0)
    (thing,) = node.things
    assert set(thing.foreign) == {"KOR"} and thing.sort == ""
    assert lines(out, "taken_back")[0]["left"] == ["KOR"]


def moving(height_m, speed_mps, sigma_mps):
    """An estimate of what flies level to the east, known so well."""
    up = np.array([1.0, 0.0, 0.0])
    mean = np.array([*(up * (6378137.0 + height_m)), 0.0, speed_mps, 0.0, 0.0, 0.0, 0.0, 8.5])
    cov = np.diag(np.repeat([300.0, sigma_mps, 0.1, 0.3], [3, 3, 3, 1]) ** 2)
    return replace(coasting(), mean=mean, cov=cov)


@pytest.mark.parametrize(
    "estimate, word, taken_for",
    [
        (moving(10e3, 240.0, 80.0), "aircraft", "aircraft"),
        (moving(10e3, 900.0, 80.0), "aircraft", ""),
        (moving(60e3, 240.0, 80.0), "aircraft", ""),
        (moving(400e3, 7300.0, 120.0), "satellite", "satellite"),
        (moving(400e3, 5000.0, 40.0), "satellite", ""),
        (moving(400e3, 7300.0, 120.0), "none", ""),
        (moving(10e3, 240.0, 80.0), "", ""),
    ],
)
def test_a_partners_verdict_hastens_what_our_own_track_says_and_overrules_nothing(
    node, estimate, word, taken_for
):
    thing = ours("JPN-T1", estimate)
    thing = replace(thing, verdicts={("USA", "USA-T1"): word} if word else {})
    followed: Followed = thing.track
    node = plots._recognised(replace(node, things=(thing,), made=1), thing, followed, Outbox(120.0))
    assert node.things[0].sort == taken_for


def alerted(node, stage, due):
    """A node whose people are at some stage of an alert about what only a partner tells."""
    node, _ = hears(node, forecast())
    (thing,) = node.things
    areas = ("Aomori",) if stage != "deciding" else ()
    warning = Warning(stage, 1, areas, name="JPN-T1-A1", passage_s={"Aomori": 320.0})
    thing = replace(thing, view=threat(), warning=warning)
    pending = (Pending(140.0, due, thing.id),) if due else ()
    return replace(node, things=(thing,), pending=pending)


def until(node, end_s, start_s):
    """Let time pass; all that is noted."""
    entries, now_s = [], start_s
    while (now_s := max(np.ceil(wake_s(node, now_s)), now_s + 1)) <= end_s:
        node, out = step(node, [], float(now_s))
        entries += out.entries
    return node, [(at_s, event, fields) for at_s, event, fields in entries]


def test_people_who_decide_on_what_was_taken_back_stand_down(node):
    for what, reason in (("aircraft", "it is an aircraft"), ("none", "USA took it back")):
        held = alerted(node, "deciding", "decided")
        held, _ = told(held, verdict("USA-T1", 125.0, what), now_s=126.0)
        held, noted = until(held, 200.0, 126.0)
        (line,) = [fields for _, event, fields in noted if event == "stood_down"]
        assert reason in line["reason"]
        assert not [event for _, event, _ in noted if event in ("alert", "cancel")]


def test_an_alert_that_stands_on_what_was_taken_back_ends(node):
    held = alerted(node, "standing", "")
    held, _ = told(held, verdict("USA-T1", 125.0), now_s=126.0)
    held, noted = until(held, 1500.0, 126.0)
    (end,) = [(at_s, fields) for at_s, event, fields in noted if event == "cancel"]
    assert end[1]["areas"] == ["Aomori"] and "aircraft" in end[1]["reason"]


def test_an_alert_on_what_was_dropped_stays_until_it_must_have_passed(node):
    held = alerted(node, "standing", "")
    held, _ = told(held, verdict("USA-T1", 125.0, "none"), now_s=126.0)
    held, noted = until(held, 1500.0, 126.0)
    (end_s,) = [at_s for at_s, event, _ in noted if event == "cancel"]
    assert end_s >= 380.0


def test_nobody_takes_back_what_another_told(node):
    node, _ = hears(node, forecast())
    before = node.things
    node, out = hears(node, verdict("USA-T1", 125.0, origin="KOR"), now_s=126.0)
    assert node.things == before and node.refused == {"KOR": 1}
    assert "USA-T1 is a track of USA" in lines(out, "refused")[0]["reason"]
    node, _ = hears(node, verdict("JPN-T1", 125.0), now_s=126.0)
    assert node.things == before and node.refused == {"KOR": 1, "USA": 1}


def test_no_track_that_was_taken_back_comes_again_under_anothers_name(node):
    node, _ = hears(node, verdict("USA-T1", 110.0))
    one = forecast(time_s=115.0)
    node, out = hears(node, replace(one, payload=replace(one.payload, track_id="USA-T9")))
    assert not node.things and "another's" in lines(out, "refused")[0]["reason"]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"track_id": ""},
        {"track_id": 7},
        {"track_id": "USA-" + "x" * 300},
        {"time_s": float("nan")},
        {"time_s": 10**400},
        {"time_s": 1e9},
        {"time_s": -1e9},
        {"verdict": "harmless"},
        {"verdict": None},
        {"reason": 3},
    ],
)
def test_a_verdict_of_nonsense_changes_nothing(node, spoilt):
    node, _ = hears(node, forecast())
    one = said("assessment", replace(AssessmentReport("USA-T1", 120.0, "none", "x"), **spoilt))
    after, out = hears(node, one)
    assert after.things == node.things and not after.judged and after.refused == {"USA": 1}
    assert len(lines(out, "refused")) == 1


def test_verdicts_on_what_was_never_told_are_bounded(node):
    out = Outbox(120.0)
    for row in range(1200):
        node = picture.hear(node, verdict(f"USA-T{row}", 110.0), 120.0, out)
    assert len(node.judged) == 1000 and not node.things
    late = verdict("USA-T9999", 9000.0)
    node = picture.hear(node, late, 9000.0, Outbox(9000.0))
    assert set(node.judged) == {("USA", "USA-T9999")}


def test_a_hub_does_not_pass_on_what_was_taken_back_meanwhile(replayed):
    from noroshi.exercise.nations import nodes

    hub = bonded(nodes(replayed, "hub", 0)["USA"], pass_on_s=60.0, forecasts=False)
    hub, _ = told(hub, forecast("JPN-T1", origin="JPN"))
    hub, _ = told(hub, verdict("JPN-T1", 125.0, origin="JPN"), now_s=126.0)
    hub, out = told(hub, now_s=190.0)
    assert {one.message.kind for one in out.dispatches} == {"assessment"}
    assert lines(out, "ignored")[0]["kind"] == "forecast"


# What we take back ourselves.


def published(node, *things):
    """A node that has told partners of these."""
    node = replace(node, things=tuple(things), made=len(things))
    return border.publish(node, 120.0, Outbox(120.0))


def assessed(out):
    return [line["payload"] for line in lines(out, "message") if line["kind"] == "assessment"]


@pytest.mark.parametrize("sort", ["aircraft", "satellite"])
def test_what_turns_out_to_be_no_missile_is_taken_back_once(node, sort):
    node = published(node, ours("JPN-T1", coasting()))
    out = Outbox(121.0)
    assert recant.tell(node, 121.0, out) is node and not out.entries
    (thing,) = node.things
    node = replace(node, things=(replace(thing, sort=sort, view=None),))
    node = recant.tell(node, 125.0, out)
    (report,) = assessed(out)
    assert (report["track_id"], report["verdict"]) == ("JPN-T1", sort)
    assert {one.to for one in out.dispatches} == {"USA", "KOR"}
    again = Outbox(130.0)
    assert recant.tell(node, 130.0, again) is node and not again.entries


def test_what_may_be_a_missile_after_all_is_told_so_and_then_told_again(node):
    node = published(node, ours("JPN-T1", coasting()))
    (thing,) = node.things
    node = recant.tell(replace(node, things=(replace(thing, sort="satellite"),)), 125.0, Outbox(125.0))
    (thing,) = node.things
    node = replace(node, things=(replace(thing, sort=""),))
    out = Outbox(130.0)
    assert border.publish(node, 130.0, out) is node and not out.entries
    node = border.publish(recant.tell(node, 130.0, out), 130.0, out)
    assert [line["kind"] for line in lines(out, "message")][:2] == ["assessment", "forecast"]
    assert assessed(out)[0]["verdict"] == "unknown"


def test_a_dropped_track_is_taken_back(node):
    node = published(node, ours("JPN-T1", coasting()))
    out = Outbox(125.0)
    node = plots._gone(node, node.things[0], None, out)
    node = recant.tell(node, 125.0, out)
    (report,) = assessed(out)
    assert (report["track_id"], report["verdict"]) == ("JPN-T1", "none")


def test_what_nobody_was_told_is_not_taken_back(node):
    out = Outbox(125.0)
    node = replace(node, things=(replace(ours("JPN-T1", coasting()), sort="aircraft"),), made=1)
    assert recant.tell(node, 125.0, out) is node
    node = plots._gone(node, ours("JPN-T1", coasting()), None, Outbox(125.0))
    node = recant.tell(node, 125.0, out)
    assert not out.entries and node.things[0].recant is None


def test_all_names_of_a_thing_are_taken_back(node):
    """Partners may know it under the name of either of two that turned out to be one."""
    node = published(node, ours("JPN-T1", coasting()), ours("JPN-T2", coasting((3e5, 0, 0))))
    one, two = node.things
    node = picture.joined(node, one, replace(two, track=None), Outbox(121.0))
    node = replace(node, things=(replace(node.things[0], sort="aircraft"),))
    out = Outbox(125.0)
    recant.tell(node, 125.0, out)
    assert [report["track_id"] for report in assessed(out)] == ["JPN-T1", "JPN-T2"]


def test_a_plume_under_an_aircraft_is_told_again_when_the_aircraft_was_taken_back(node):
    """The track is taken back; what our satellite saw is still there, and is told as such."""
    plume = replace(
        ours("JPN-T1", coasting()),
        origin=Origin(60.0, 40.85, 125.7, 5.0, 80.0, 10.0),
        scans={"JPN-IR": ()},
        reported_sights=5,
    )
    node = published(node, plume)
    assert node.things[0].launch_told == 5
    node, flown = plots._parted(node, node.things[0], "aircraft")
    node = change(node, replace(flown, sort="aircraft"))
    out = Outbox(125.0)
    node = border.publish(recant.tell(node, 125.0, out), 125.0, out)
    assert [report["verdict"] for report in assessed(out)] == ["aircraft"]
    assert [line["kind"] for line in lines(out, "message")] == ["assessment"]
    assert wake_s(node, 125.0) <= 126.0
    out = Outbox(126.0)
    node = border.publish(recant.tell(node, 126.0, out), 126.0, out)
    assert [line["kind"] for line in lines(out, "message")] == ["assessment", "launch_report"]
    assert lines(out, "message")[1]["payload"]["track_id"] == "JPN-T1"
    assert assessed(out)[0]["verdict"] == "unknown"


def test_two_nodes_tell_each_other_and_let_go(replayed):
    """What one recognises the other forgets, message by message as they go over the border."""
    from noroshi.exercise.nations import nodes

    fresh = nodes(replayed, "direct", 0)
    kor, jpn = (bonded(fresh[nation], forecasts=False) for nation in ("KOR", "JPN"))
    out = Outbox(120.0)
    jpn = border.publish(replace(jpn, things=(ours("JPN-T1", coasting()),), made=1), 120.0, out)
    kor, _ = told(kor, *(one.message for one in out.dispatches if one.to == "KOR"), now_s=121.0)
    assert len(foreign(kor, "JPN")) == 1
    (thing,) = jpn.things
    out = Outbox(125.0)
    recant.tell(replace(jpn, things=(replace(thing, sort="satellite"),)), 125.0, out)
    kor, noted = told(kor, *(one.message for one in out.dispatches if one.to == "KOR"), now_s=126.0)
    assert not kor.things and lines(noted, "taken_back")[0]["verdict"] == "satellite"
