from itertools import pairwise
from statistics import mean

import pytest

from noroshi.catalogue import delays

CASE = "JP-2022-10-04"


def test_the_fit_never_sees_the_case_it_is_compared_with():
    assert CASE not in delays.launch_to_alert_s(CASE)
    assert delays.launch_to_alert_s("")[CASE] == 300


def test_the_fit_takes_alerts_that_people_got_at_a_real_launch():
    # Published times, in whole minutes: 11:30-11:32, 05:58-06:02, 06:28-06:30, 22:43-22:46.
    assert delays.launch_to_alert_s(CASE) == {
        "JP-2009-04-05": 120, "JP-2017-08-29": 240, "JP-2023-05-31": 120, "JP-2023-11-21": 180,
    }  # fmt: skip


def test_the_nation_file_holds_the_fitted_numbers(replayed):
    japan = replayed.national["JPN"]
    for stage, fitted in delays.human_delay(CASE).items():
        assert getattr(japan, stage) == fitted


def test_the_stages_taken_off_are_those_of_the_nation_file(replayed):
    japan = replayed.national["JPN"]
    for spread, (middle, sigma) in ((japan.relay_s, delays.RELAY_S), (japan.deliver_s, delays.DELIVER_S)):
        draws = [spread.draw((row + 0.5) / 1000) for row in range(1000)]
        assert mean(draws) == pytest.approx(middle, rel=0.01)
        assert mean((draw - middle) ** 2 for draw in draws) ** 0.5 == pytest.approx(sigma, rel=0.03)


def test_all_stages_together_give_the_record_back(replayed):
    """Launch to alert in the mean, as in the four cases; the cut of long delays takes a little off."""
    japan = replayed.national["JPN"]
    grid = [(row + 0.5) / 2000 for row in range(2000)]
    people_and_lines = sum(
        mean(getattr(japan, stage).draw(share) for share in grid)
        for stage in ("confirm_s", "relay_s", "decide_s", "deliver_s")
    )
    record = mean(delays.launch_to_alert_s(CASE).values())
    assert delays.SEE_S[0] + people_and_lines == pytest.approx(record, rel=0.05)


def test_a_slower_record_gives_slower_people():
    medians = [
        sum(spread.draw(0.5) for spread in delays.human_delay(exclude).values())
        for exclude in ("JP-2017-08-29", "JP-2023-05-31")  # without the slowest, without one of the fastest
    ]
    assert all(quicker < slower for quicker, slower in pairwise(medians))


def test_a_record_faster_than_its_machines_is_refused(monkeypatch):
    monkeypatch.setattr(delays, "SEE_S", (170.0, 15.0))
    with pytest.raises(ValueError, match="leaves no time for people"):
        delays.human_delay(CASE)
