import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.exercise.links import Link, between, send


@dataclass(frozen=True)
class Uniform:
    low_s: float
    high_s: float

    def draw(self, u01: float) -> float:
        return self.low_s + u01 * (self.high_s - self.low_s)


LINK = Link("JPN", "USA", Uniform(0.5, 3.0), loss_probability=0.3)
outages = st.tuples(st.floats(0, 500), st.floats(0, 100)).map(lambda pair: (pair[0], pair[0] + pair[1]))
links = st.builds(
    Link,
    a=st.just("JPN"),
    b=st.just("USA"),
    delay=st.builds(Uniform, st.floats(-1, 5), st.floats(-1, 5)),
    loss_probability=st.floats(0, 0.9),
    outages=st.lists(outages, max_size=3).map(tuple),
    retry_s=st.floats(0.5, 10),
)  # fmt: skip


@given(links, st.integers(0, 2**32), st.text(max_size=8), st.floats(0, 600))
def test_the_same_seed_gives_the_same_arrival(link, seed, message_id, now_s):
    assert send(link, seed, message_id, now_s) == send(link, seed, message_id, now_s)


@given(links, st.integers(0, 99), st.floats(0, 600))
def test_a_warning_never_arrives_before_it_was_sent_nor_during_an_outage(link, seed, now_s):
    arrives_s, attempts = send(link, seed, "JPN-forecast-1", now_s)
    assert attempts >= 1
    assert arrives_s >= now_s
    assert not any(out_s <= arrives_s < back_s for out_s, back_s in link.outages)


def test_another_message_does_not_alter_an_arrival():
    alone = send(LINK, 7, "JPN-forecast-2", 10.0)
    for other in range(20):
        send(LINK, 7, f"JPN-forecast-{other + 3}", 10.0)
    assert send(LINK, 7, "JPN-forecast-2", 10.0) == alone


def test_seeds_and_messages_differ_in_their_delays():
    arrivals = {send(LINK, seed, f"m{n}", 0.0).arrives_s for seed in range(10) for n in range(10)}
    assert len(arrivals) == 100


def test_a_link_is_the_same_from_both_ends():
    back = replace(LINK, a="USA", b="JPN")
    assert send(LINK, 0, "m", 0.0) == send(back, 0, "m", 0.0)


def test_delay_is_drawn_from_its_distribution():
    delays_s = [
        send(replace(LINK, loss_probability=0.0), 0, f"m{n}", 5.0).arrives_s - 5.0 for n in range(400)
    ]
    assert min(delays_s) >= 0.5 and max(delays_s) <= 3.0
    # Mean of U(0.5, 3): 1.75, standard error 0.72 / 20.
    assert sum(delays_s) / 400 == pytest.approx(1.75, abs=4 * 0.72 / 20)


def test_what_is_lost_is_sent_again():
    link = Link("JPN", "USA", Uniform(1.0, 1.0), loss_probability=0.5, retry_s=4.0)
    attempts = []
    for n in range(400):
        arrives_s, tries = send(link, 0, f"m{n}", 100.0)
        assert arrives_s == 100.0 + 4.0 * (tries - 1) + 1.0
        attempts.append(tries)
    # Geometric with p = 1/2: mean 2, standard deviation sqrt(2).
    assert sum(attempts) / 400 == pytest.approx(2.0, abs=4 * math.sqrt(2) / 20)


def test_what_is_sent_during_an_outage_arrives_after_its_end():
    link = Link("JPN", "USA", Uniform(1.0, 1.0), outages=((50.0, 80.0),), retry_s=7.0)
    assert send(link, 0, "m", 49.0 - 1e-9) == (pytest.approx(50.0), 1)
    assert send(link, 0, "m", 50.0) == (50.0 + 5 * 7.0 + 1.0, 1)
    assert send(link, 0, "m", 80.0) == (81.0, 1)


def test_what_is_on_its_way_when_the_link_goes_out_is_sent_again():
    link = Link("JPN", "USA", Uniform(1.0, 1.0), outages=((50.0, 80.0),), retry_s=1.0)
    assert send(link, 0, "m", 49.5) == (81.5, 2)


def test_an_outage_does_not_alter_the_draws_of_what_comes_after_it():
    calm = replace(LINK, loss_probability=0.0)
    out = replace(calm, outages=((0.0, 100.0),))
    assert send(out, 0, "m", 0.0).arrives_s - 100.0 == pytest.approx(send(calm, 0, "m", 0.0).arrives_s)


@pytest.mark.parametrize(
    "link, attempts",
    [
        (replace(LINK, loss_probability=1.0), 0),
        (replace(LINK, outages=((0.0, math.inf),)), 0),
        (replace(LINK, outages=((0.0, 900.0),)), 0),
    ],
)
def test_what_cannot_arrive_before_the_deadline_never_arrives(link, attempts):
    assert send(link, 0, "m", 10.0, deadline_s=600.0) == (None, attempts)


def test_a_dead_link_is_given_up_without_a_deadline():
    assert send(replace(LINK, loss_probability=1.0), 0, "m", 10.0).arrives_s is None
    assert send(replace(LINK, outages=((0.0, math.inf),)), 0, "m", 10.0).arrives_s is None


def test_a_link_joins_its_two_nations_either_way_and_no_others():
    links = (LINK, replace(LINK, a="USA", b="KOR"))
    assert between(links, "USA", "JPN") is LINK
    assert between(links, "JPN", "USA") is LINK
    assert between(links, "JPN", "KOR") is None  # no direct link: nothing flows straight
