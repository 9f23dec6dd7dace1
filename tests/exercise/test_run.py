"""One run: the same seed gives the same words, and people's time is accounted for."""

import itertools
import json
from collections import Counter

import pytest

from noroshi.catalogue.areas import load_areas
from noroshi.catalogue.scenario import load_scenario
from noroshi.exercise import run as runner
from noroshi.exercise.run import run
from noroshi.exercise.world import build
from noroshi.formats import journal

ARMS = ("national", "bilateral", "hub", "direct")
STAGES = ["see", "confirm", "relay", "decide", "deliver"]


def test_one_seed_twice_gives_the_same_journal(replayed, arms):
    again = run(replayed, 0, "hub", build(replayed, 0))
    assert journal.encode(again.entries) == journal.encode(arms["hub"].run.entries)


def test_another_seed_gives_another_journal(replayed, arms):
    other = run(replayed, 1, "national")
    assert journal.encode(other.entries) != journal.encode(arms["national"].run.entries)


def test_what_is_asked_of_a_run_does_not_alter_it(replayed, world, arms):
    """A study stops when a nation has alerted and asks no other nation: nothing else may change."""

    def alerted(so_far):
        return any(line["event"] == "alert" and line["node"] == "JPN" for line in so_far.entries)

    whole = arms["bilateral"].said("alert", "JPN")
    assert whole, "nobody alerts: the test tests nothing"
    short = run(replayed, 0, "bilateral", world, until=alerted, asked=["JPN"])
    assert [line for line in short.entries if line["event"] == "alert"] == whole[:1]
    end_s = short.entries[-1]["t_s"]
    ours = [line for line in short.entries if line["node"] == "JPN"]
    before = [line for line in arms["bilateral"].run.entries if line["node"] == "JPN"][: len(ours)]
    assert ours == before
    assert end_s < arms["bilateral"].run.entries[-1]["t_s"]
    assert not any(line["event"] == "forecast" and line["node"] != "JPN" for line in short.entries)


@pytest.mark.parametrize("arm", ARMS)
def test_a_run_ends_when_all_has_come_down_and_all_is_said(replayed, arms, arm):
    watched = arms[arm]
    times = [line["t_s"] for line in watched.run.entries]
    assert min(times) >= 0
    assert max(times) <= replayed.duration_s
    sent = Counter((line["message"], line["to"]) for line in watched.said("sent") if line["arrives_s"])
    assert sent == Counter((message.id, nation) for _, nation, message in watched.heard())


@pytest.mark.parametrize("arm", ARMS)
def test_a_message_arrives_when_its_link_says(arms, arm):
    watched = arms[arm]
    for line in watched.said("sent"):
        assert line["arrives_s"] is None or line["arrives_s"] >= line["t_s"]
    for time_s, nation, message in watched.heard():
        ways = [
            line for line in watched.said("sent") if (line["message"], line["to"]) == (message.id, nation)
        ]
        # Straight or by way of a third nation; nodes step by the whole second.
        assert any(line["arrives_s"] <= time_s < line["arrives_s"] + 1 for line in ways)


@pytest.mark.parametrize("arm", ARMS)
def test_the_journal_holds_nothing_of_the_truth(arms, world, arm):
    """A nation never learns the director's name for the launch, nor the figures it was fitted to."""
    text = json.dumps(arms[arm].run.entries)
    fit = world.flights[0].fit
    assert '"L1"' not in text
    for figure in (
        fit.impact_lat_deg,
        fit.impact_lon_deg,
        fit.apogee_km,
        fit.range_km,
        fit.missile.stages[0].burn_s,
    ):
        assert str(figure) not in text


@pytest.mark.parametrize("arm", ARMS)
def test_the_director_and_the_nations_agree_on_who_saw_it_first(arms, arm):
    watched = arms[arm]
    for (nation, _), (first_s, last_s) in watched.run.seen.items():
        assert first_s == min(line["t_s"] for line in watched.said("first_sight", nation))
        assert last_s >= first_s


@pytest.mark.parametrize("arm", ARMS)
def test_the_stages_of_an_alert_follow_each_other_without_a_gap(arms, arm):
    stages = arms[arm].said("stage")
    assert stages, "nobody is threatened: the test tests nothing"
    for _, group in itertools.groupby(sorted(stages, key=lambda one: one["alert"]), lambda one: one["alert"]):
        lines = list(group)
        names = [line["stage"] for line in lines]
        # Whoever stands down at the decision never delivers.
        assert names in (STAGES, STAGES[:4])
        for before, after in itertools.pairwise(lines):
            assert after["start_s"] == before["end_s"]
        assert all(line["end_s"] >= line["start_s"] for line in lines)
        assert all(line["end_s"] > line["start_s"] for line in lines[1:])


@pytest.mark.parametrize("arm", ARMS)
def test_people_are_alerted_when_the_alert_has_been_delivered(arms, arm):
    watched = arms[arm]
    delivered = {line["alert"]: line for line in watched.said("stage") if line["stage"] == "deliver"}
    alerts = watched.said("alert")
    assert alerts, "nobody is alerted: the test tests nothing"
    for line in alerts:
        assert delivered[line["alert"]]["end_s"] == line["t_s"]
        assert delivered[line["alert"]]["node"] == line["node"]
    # An update or a cancel changes an alert that stands.
    first_s = {line["alert"]: line["t_s"] for line in alerts}
    for line in watched.said("update") + watched.said("cancel"):
        assert line["t_s"] > first_s[line["alert"]]
    assert all(line["reason"] for line in alerts + watched.said("update") + watched.said("cancel"))


@pytest.mark.parametrize("arm", ARMS)
def test_a_nation_alerts_its_own_areas_only(replayed, arms, arm):
    watched = arms[arm]
    for nation in replayed.nations:
        own = set(load_areas([nation]).name)
        for event in ("alert", "update", "cancel"):
            for line in watched.said(event, nation):
                assert set(line["areas"]) <= own
        for line in watched.said("forecast", nation):
            assert set(line["areas"]) <= own
            assert all(0 < chance <= 1 for chance in line["areas"].values())


@pytest.mark.parametrize("arm", ARMS)
def test_an_area_is_alerted_only_after_a_forecast_that_threatens_it(replayed, arms, arm):
    watched = arms[arm]
    for line in watched.said("alert"):
        threshold = replayed.national[line["node"]].threshold.value
        forecasts = [one for one in watched.said("forecast", line["node"]) if one["t_s"] <= line["t_s"]]
        for area in line["areas"]:
            assert max(one["areas"].get(area, 0) for one in forecasts) >= threshold


@pytest.mark.parametrize("arm", ARMS)
def test_a_forecast_carries_its_uncertainty(arms, arm):
    for line in arms[arm].said("forecast"):
        assert line["semi_major_km"] >= line["semi_minor_km"] > 0
        assert 0 <= line["burning_probability"] <= 1
        assert line["impact_time_s"] > 0


def test_a_lost_track_never_grows_sharper(arms):
    """What nobody sees any more is known no better than when it was seen last."""
    watched = arms["national"]
    lost = [line for line in watched.said("track") if line["state"] == "lost"]
    assert lost, "every track is held to the end: the test tests nothing"
    for line in lost:
        last_plot_s = max(
            item.time_s
            for time_s, nation, inbox in watched.inboxes
            for item in inbox
            if nation == line["node"] and time_s <= line["t_s"]
        )
        assert line["t_s"] - last_plot_s > 30
        again_s = min(
            (time_s for time_s, nation, inbox in watched.inboxes
             if nation == line["node"] and inbox and time_s > line["t_s"]),
            default=float("inf"),
        )  # fmt: skip
        views = [
            sample.view
            for sample in watched.run.samples
            if sample.nation == line["node"] and line["t_s"] <= sample.t_s < again_s
        ]
        for before, after in itertools.pairwise(views):
            assert after.semi_major_km >= before.semi_major_km * (1 - 1e-9)
            assert after.semi_minor_km >= before.semi_minor_km * (1 - 1e-9)


class _Ticks(runner._Loop):
    """The clock of a run that stops at every second."""

    def next_s(self, t_s: int) -> int:
        return t_s + 1


def by_the_second(scenario, world, arm):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_Loop", _Ticks)
        return run(scenario, 0, arm, world)


@pytest.mark.parametrize("arm", ["national", "direct"])
def test_no_second_is_skipped_in_which_something_happens(replayed, world, arms, arm):
    ticked = by_the_second(replayed, world, arm)
    assert journal.encode(ticked.entries) == journal.encode(arms[arm].run.entries)
    assert ticked.seen == arms[arm].run.seen


def test_no_second_of_a_quiet_day_is_skipped_in_which_something_happens():
    """Two hours of the shipped month, with the ghosts, aircraft and satellites that it holds."""
    month = load_scenario("quiet-month").model_copy(update={"duration_s": 7200.0})
    world = build(month, 0)
    stopped = []

    class Counted(runner._Loop):
        def second(self, t_s: int) -> None:
            stopped.append(t_s)
            super().second(t_s)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_Loop", Counted)
        events = run(month, 0, "hub", world)
    assert len([line for line in events.entries if line["event"] == "track"]) > 10
    assert len(stopped) < 7200
    assert events.entries == by_the_second(month, world, "hub").entries
    # Nobody launches anything; nobody sees a launch, nor is anybody warned.
    assert events.seen == {} and events.account == {}
    assert not any(line["event"] in ("alert", "stage") for line in events.entries)
