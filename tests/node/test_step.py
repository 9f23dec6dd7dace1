"""One nation's step: the same inbox at the same times, the same outbox; nothing else comes in."""

import itertools
import math

import pytest

from noroshi.exercise.nations import nodes
from noroshi.node.step import step, wake_s
from noroshi.records.detections import Plot
from noroshi.records.messages import Message

# What the run notes about links, a node knows nothing of.
OF_THE_RUN = ("sent", "no_path")


def replay(node, inboxes):
    """Step a node through inboxes; yields the time, the node before and after, the inbox, the outbox."""
    for time_s, inbox in inboxes:
        after, out = step(node, list(inbox), time_s)
        yield time_s, node, after, inbox, out
        node = after


def inboxes_of(watched, nation):
    return [(time_s, inbox) for time_s, who, inbox in watched.inboxes if who == nation]


def lines(outboxes):
    return [
        {"t_s": round(at_s, 3), "event": event, **fields}
        for *_, out in outboxes
        for at_s, event, fields in out.entries
    ]


def journal_of(watched, nation):
    return [
        {name: value for name, value in line.items() if name != "node"}
        for line in watched.run.entries
        if line["node"] == nation and line["event"] not in OF_THE_RUN
    ]


@pytest.mark.parametrize("arm, nation", [("hub", "JPN"), ("bilateral", "USA"), ("direct", "KOR")])
def test_a_node_alone_with_the_same_inboxes_says_the_same(replayed, arms, arm, nation):
    """No clock, no socket, no neighbour: what came in settles what goes out."""
    fresh = nodes(replayed, arm, 0)[nation]
    assert lines(replay(fresh, inboxes_of(arms[arm], nation))) == journal_of(arms[arm], nation)


def test_a_step_leaves_the_node_it_was_given_as_it_was(replayed, arms):
    came = inboxes_of(arms["hub"], "JPN")
    for time_s, before, after, inbox, out in replay(nodes(replayed, "hub", 0)["JPN"], came[:60]):
        again, same = step(before, list(inbox), time_s)
        assert (same.entries, same.dispatches, same.cues) == (out.entries, out.dispatches, out.cues)
        assert [thing.id for thing in again.things] == [thing.id for thing in after.things]
        assert again.pending == after.pending


def test_a_nation_that_sees_and_hears_nothing_says_nothing(replayed):
    for node in nodes(replayed, "direct", 0).values():
        assert wake_s(node, 0.0) == math.inf
        for time_s in (0.0, 100.0, 1500.0):
            after, out = step(node, [], time_s)
            assert (out.entries, out.dispatches, out.cues, after.things) == ([], [], [], ())


def test_a_message_that_comes_twice_counts_once(replayed, arms):
    """Straight and by the hub, together or one after the other: evidence is not doubled."""
    came = inboxes_of(arms["direct"], "JPN")
    doubled = [
        (time_s, [*inbox, *[item for item in inbox if isinstance(item, Message)]]) for time_s, inbox in came
    ]
    fresh = nodes(replayed, "direct", 0)["JPN"]
    assert lines(replay(fresh, doubled)) == journal_of(arms["direct"], "JPN")


def test_a_node_points_its_own_radars_and_no_others(replayed, arms):
    own = {one.id for one in replayed.sensors if one.nation == "JPN" and one.profile.kind == "radar"}
    cues = [
        (time_s, cue)
        for time_s, _, _, _, out in replay(nodes(replayed, "hub", 0)["JPN"], inboxes_of(arms["hub"], "JPN"))
        for cue in out.cues
    ]
    assert cues
    for time_s, cue in cues:
        assert cue.sensor in own
        assert cue.until_s > time_s
        assert 0 < cue.half_width_rad < math.pi / 2
        assert cue.because


def test_a_partners_word_turns_a_radar_to_what_it_has_not_seen(arms):
    """What sharing is for: Japan's radars look where its partners see, before Japan sees anything."""
    first = arms["hub"].said("tasking", "JPN")[0]
    assert first["because"].startswith(("track from ", "launch report from "))
    assert first["t_s"] < arms["hub"].said("first_sight", "JPN")[0]["t_s"]
    assert arms["hub"].said("first_sight", "JPN")[0]["mode"] == "cued"


@pytest.fixture(scope="module")
def blinded(replayed, arms):
    """Japan on its own, whose sensors see nothing more from T+200 on: (time, node, outbox) of each second."""
    came = dict(inboxes_of(arms["national"], "JPN"))
    every_second = [(float(t), came.get(float(t), ()) if t < 200 else ()) for t in range(300)]
    return [
        (time_s, after, out)
        for time_s, _, after, _, out in replay(nodes(replayed, "national", 0)["JPN"], every_second)
    ]


def test_a_track_without_plots_is_lost_after_half_a_minute(arms, blinded):
    last_plot_s = max(
        item.time_s
        for time_s, inbox in inboxes_of(arms["national"], "JPN")
        for item in inbox
        if isinstance(item, Plot) and time_s < 200
    )
    lost = [
        (time_s, fields)
        for time_s, _, out in blinded
        for _, event, fields in out.entries
        if event == "track" and fields["state"] == "lost"
    ]
    assert len(lost) == 1
    assert 30 < lost[0][0] - last_plot_s <= 32


def test_a_forecast_without_plots_grows_no_sharper(blinded):
    lost_s = next(time_s for time_s, node, _ in blinded if any(thing.lost for thing in node.things))
    views = [node.things[0].view for time_s, node, _ in blinded if time_s >= lost_s]
    assert len(views) > 30
    for before, after in itertools.pairwise(views):
        assert after.semi_major_km >= before.semi_major_km * (1 - 1e-9)
        assert after.semi_minor_km >= before.semi_minor_km * (1 - 1e-9)


def test_a_radar_is_still_pointed_where_a_lost_track_should_be(blinded):
    lost_s = next(time_s for time_s, node, _ in blinded if any(thing.lost for thing in node.things))
    late = [cue for time_s, _, out in blinded if time_s > lost_s + 30 for cue in out.cues]
    assert late
    assert late[-1].because == "own track, lost"
