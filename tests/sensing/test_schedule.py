"""How a radar's time is shared among its tracks, second by second."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.sensing.schedule import Request, share_out

NEVER = -math.inf


def worked(periods_s: list[float], looks_per_s: float, seconds: int) -> dict[str, list[int]]:
    """Seconds in which each track was looked at, all asked for from the first on."""
    tracks = [Request(f"track-{number:03}", period_s, NEVER) for number, period_s in enumerate(periods_s)]
    looks: dict[str, list[int]] = {one.name: [] for one in tracks}
    left = 0.0
    for second in range(seconds):
        served, left = share_out(tracks, second, looks_per_s, left)
        for name in served:
            looks[name].append(second)
        tracks = [replace(one, last_s=second) if one.name in served else one for one in tracks]
    return looks


periods = st.lists(st.integers(1, 12), min_size=1, max_size=30)


@given(periods, st.floats(0.05, 8.0))
def test_a_radar_never_looks_more_often_than_it_has_time_for(periods_s, looks_per_s):
    looks = worked(periods_s, looks_per_s, 60)
    each = np.bincount(np.concatenate([np.array(one, int) for one in looks.values()]), minlength=60)
    done = np.concatenate([[0], np.cumsum(each)])
    for width in range(1, 61):
        # One look may have been left from before.
        assert (done[width:] - done[:-width]).max() <= width * looks_per_s + 1 + 1e-6


@given(periods, st.floats(0.05, 8.0))
def test_no_track_is_starved(periods_s, looks_per_s):
    # Longest it may take: the whole load's worth of time, and a round in which others are ahead.
    load = sum(1 / period_s for period_s in periods_s) / looks_per_s
    longest_s = max(load, 1.0) * max(periods_s) + len(periods_s) / looks_per_s + 2
    seconds = math.ceil(3 * longest_s)
    for seen in worked(periods_s, looks_per_s, seconds).values():
        assert max(np.diff([0, *seen, seconds])) <= longest_s


@given(periods)
def test_with_time_enough_each_track_has_the_revisit_it_asks_for(periods_s):
    looks = worked(periods_s, float(len(periods_s)), 100)
    for period_s, seen in zip(periods_s, looks.values(), strict=True):
        assert seen == list(range(0, 100, period_s))


@pytest.mark.parametrize("times", [1, 2, 3, 7])
@pytest.mark.parametrize("looks_per_s", [0.5, 1.0, 4.0])
def test_n_times_too_many_tracks_wait_n_times_as_long(times, looks_per_s):
    period_s = 4
    count = round(times * looks_per_s * period_s)
    for seen in worked([period_s] * count, looks_per_s, 40 * period_s * times).values():
        assert np.mean(np.diff(seen)) == pytest.approx(times * period_s, abs=0.2)


@pytest.mark.parametrize("times", [1.5, 2.0, 4.0])
def test_steady_tracks_wait_longer_in_the_same_proportion(times):
    quick, steady = [4] * 30, [12] * 30
    looks_per_s = (30 / 4 + 30 / 12) / times
    looks = worked([*quick, *steady], looks_per_s, 600)
    every_s = [np.mean(np.diff(seen)) for seen in looks.values()]
    # A look falls on a whole second, so that the wait is up to one longer.
    assert np.mean(every_s[:30]) == pytest.approx(4 * times, rel=0.1)
    assert np.mean(every_s[30:]) == pytest.approx(12 * times, rel=0.1)


@pytest.mark.parametrize("weight", [2.0, 3.0])
def test_what_weighs_more_waits_less_long_in_that_proportion(weight):
    """Forty tracks for one look a second, four of them urgent: those wait so many times less long."""
    last, left, looks = dict.fromkeys(range(40), NEVER), 0.0, dict.fromkeys(range(40), 0)
    for second in range(2000):
        asked = [
            Request(f"{number:02}", 1.0, seen, weight if number < 4 else 1.0) for number, seen in last.items()
        ]
        served, left = share_out(asked, second, 1.0, left)
        for name in served:
            last[int(name)] = second
            looks[int(name)] += 1
    each = 2000 / (36 + 4 * weight)
    assert [looks[number] for number in range(4)] == pytest.approx([weight * each] * 4, rel=0.1)
    assert [looks[number] for number in range(4, 40)] == pytest.approx([each] * 36, rel=0.1)


def test_a_look_that_takes_longer_than_a_second_is_saved_up_for():
    assert worked([1], 0.25, 13)["track-000"] == [3, 7, 11]


def test_idle_time_is_not_saved_beyond_one_look():
    left = 0.0
    for second in range(100):
        served, left = share_out([], second, 0.4, left)
        assert not served
    assert left == 1.0
    crowd = [Request(f"track-{number}", 1.0, NEVER) for number in range(50)]
    assert len(share_out(crowd, 100, 0.4, left)[0]) == 1


def test_who_was_never_looked_at_goes_first_then_the_longest_overdue_then_by_name():
    asked = [
        Request("late", 2.0, 90.0),
        Request("later", 2.0, 88.0),
        Request("long period", 20.0, 80.0),
        Request("b-new", 5.0, NEVER),
        Request("a-new", 5.0, NEVER),
        Request("not yet due", 5.0, 97.0),
    ]
    order = []
    for room in range(1, 7):
        served, _ = share_out(asked, 100.0, room, 0.0)
        order += sorted(served - set(order))
    assert order == ["a-new", "b-new", "later", "late", "long period"]


@given(st.permutations(range(12)), st.integers(1, 11))
def test_who_is_served_does_not_hang_on_the_order_of_asking(order, room):
    asked = [Request(f"track-{number}", 1.0 + number % 3, -float(number % 4)) for number in range(12)]
    assert share_out([asked[row] for row in order], 5.0, room, 0.0) == share_out(asked, 5.0, room, 0.0)
