"""Many objects at once. Chances are drawn from fixed seeds; what may fail by chance says how often."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.records.detections import Plot
from noroshi.records.tracks import Estimate
from noroshi.tracking import measures, tracker
from noroshi.tracking.followed import Followed, Rules, Tracker
from noroshi.tracking.score import Background, Volume
from tests.tracking.scenes import BELIEF, EYES, bodies, history, move, plots

# Forty false plots in 200 km by 0.3 by 0.3 rad at each look of a sensor.
AROUND = Volume((0.0, 200e3), (0.0, 0.3), (0.0, 0.3))
CLUTTERED = dict.fromkeys(EYES, Background(AROUND, 2.0, 40 * 1800.0, 10.0, 0.85))


def follow(moments, rules: Rules | None = None) -> Tracker:
    """The tracker after all moments."""
    state = Tracker(BELIEF, rules or Rules())
    for time_s, _, seen in moments:
        state = tracker.step(state, seen, EYES, time_s)
    return state


def confirmed(state: Tracker) -> list[Followed]:
    return [one for one in state.followed if one.confirmed]


def at(one: Followed, time_s: float) -> np.ndarray:
    """Place of a track at a moment soon after its last plot."""
    return one.estimate.mean[:3] + (time_s - float(one.estimate.time_s)) * one.estimate.mean[3:6]


def nearest_m(state: Tracker, true: np.ndarray) -> np.ndarray:
    """Distance of each true place to the nearest confirmed track."""
    places = np.array([one.estimate.mean[:3] for one in confirmed(state)])
    return np.linalg.norm(places[None] - true[:, None, :3], axis=2).min(axis=1)


@pytest.mark.parametrize("association", ["nearest", "jpda"])
def test_every_body_has_one_track(association):
    moments = list(history(bodies(4, np.random.default_rng(1)), np.random.default_rng(2), 15))
    state = follow(moments, Rules(association=association))
    assert len(confirmed(state)) == 4
    assert nearest_m(state, moments[-1][1]).max() < 1e3


@pytest.mark.parametrize("association", ["nearest", "jpda"])
def test_clutter_makes_no_lasting_tracks_and_breaks_none(association):
    chance = np.random.default_rng(3)
    moments = list(history(bodies(3, chance), chance, 25, detection=0.85, clutter=40))
    state = follow(moments, Rules(association=association, backgrounds=CLUTTERED))
    assert nearest_m(state, moments[-1][1]).max() < 1.5e3
    assert len(confirmed(state)) == 3


@pytest.mark.parametrize("seed", [4, 21])
def test_a_salvo_of_a_hundred_is_a_hundred(seed):
    chance = np.random.default_rng(seed)
    moments = list(history(bodies(100, chance, 60e3, 60.0), chance, 12, sensors=("JPN-North", "KOR-East")))
    state = follow(moments)
    live = [one for one in confirmed(state) if not one.lost]
    assert len(live) == 100
    # None is missed and none is false: every track is near a body of its own.
    truths, places = moments[-1][1][None, :, :3], np.array([[at(one, moments[-1][0]) for one in live]])
    every = np.ones((1, 100), bool)
    off = measures.gospa(truths, places, every, every, cutoff=2e3)
    assert off.missed == 0 == off.false


def test_tracks_that_cross_keep_their_names():
    chance = np.random.default_rng(5)
    # Side by side 8 km apart, one moving across the other's way; nearest, a few hundred metres, half way.
    states = bodies(2, chance, 0.0, 0.0)
    side = np.cross(states[0, :3], states[0, 3:6])
    side /= np.linalg.norm(side)
    states[1, :3] += 8e3 * side + 300.0 * states[0, 3:6] / np.linalg.norm(states[0, 3:6])
    states[1, 3:6] -= 400.0 * side
    named = {}
    state = Tracker(BELIEF)
    for look, (time_s, true, seen) in enumerate(history(states, chance, 21)):
        state = tracker.step(state, seen, EYES, time_s)
        if look in (5, 20):
            places = {one.id: one.estimate.mean[:3] for one in confirmed(state)}
            assert len(places) == 2
            named[look] = [min(places, key=lambda k: np.linalg.norm(places[k] - body[:3])) for body in true]
    assert named[5] == named[20]


def test_what_separates_becomes_a_track_of_its_own():
    chance = np.random.default_rng(6)
    states = bodies(1, chance)
    state = Tracker(BELIEF)
    for look in range(40):
        if look == 10:
            # A stage pushed back at 60 m/s.
            stage = states[:1].copy()
            stage[:, 3:6] *= 1 - 60.0 / np.linalg.norm(stage[:, 3:6])
            states = np.concatenate([states, stage])
        states = move(states, 2.0) if look else states
        state = tracker.step(state, plots(states, 2.0 * look, chance), EYES, 2.0 * look)
    assert len(confirmed(state)) == 2
    assert nearest_m(state, states).max() < 1e3


# --- time ---------------------------------------------------------------------------------------------------


def same(a: Tracker, b: Tracker) -> None:
    """Both know the same tracks, to rounding."""
    mine, other = ({one.id: one for one in state.followed} for state in (a, b))
    assert set(mine) == set(other)
    for name, one in mine.items():
        assert (one.plots, one.confirmed, one.sensors) == (
            other[name].plots,
            other[name].confirmed,
            other[name].sensors,
        )
        sigma = np.sqrt(np.diag(one.estimate.cov))
        assert np.allclose((one.estimate.mean - other[name].estimate.mean) / sigma, 0, atol=1e-6)


@pytest.mark.parametrize("association", ["nearest", "jpda"])
def test_late_plots_give_the_picture_of_plots_on_time(association):
    chance = np.random.default_rng(7)
    moments = list(history(bodies(3, chance), chance, 14))
    rules = Rules(association=association)
    on_time = follow(moments, rules)
    # One station's line is slow: its plots come up to 9 s late, in no order.
    arrivals = []
    for time_s, _, seen in moments:
        for plot in seen:
            late_s = chance.uniform(0, 9) if plot.sensor == "KOR-East" else 0.0
            arrivals.append((time_s + late_s, plot))
    state = Tracker(BELIEF, rules)
    for arrives_s, plot in sorted(arrivals, key=lambda pair: pair[0]):
        state = tracker.step(state, [plot], EYES, arrives_s)
    assert state.late > 20
    same(state, on_time)


def test_the_order_within_a_moment_means_nothing():
    chance = np.random.default_rng(8)
    moments = list(history(bodies(3, chance), chance, 8))
    mixed = [(time_s, true, list(reversed(seen))) for time_s, true, seen in moments]
    same(follow(moments), follow(mixed))


def test_what_comes_after_the_window_is_left_out_and_counted():
    chance = np.random.default_rng(9)
    moments = list(history(bodies(1, chance), chance, 30))
    state = follow(moments)
    again = tracker.step(state, moments[2][2], EYES, moments[-1][0])
    assert again.too_late == len(moments[2][2])
    same(state, again)


def test_a_track_that_was_adopted_survives_a_replay():
    chance = np.random.default_rng(10)
    moments = list(history(bodies(1, chance), chance, 10))
    state = follow(moments[:8])
    mean = state.followed[0].estimate.mean + np.repeat([2e5, 0.0], [3, 7])
    other = replace(state.followed[0].estimate, mean=mean)
    source = Plot("KOR-East", 14.0, (1e6, 0.1, 0.2), (50.0, 6e-4, 6e-4), False)
    state, name = tracker.adopt(state, other, [source])
    late = plots(moments[6][1], 13.0, chance)
    state = tracker.step(state, late, EYES, 16.0)
    assert name in {one.id for one in state.followed}
    assert state.late == len(late)


def test_a_track_without_plots_is_lost_and_later_forgotten():
    chance = np.random.default_rng(11)
    moments = list(history(bodies(1, chance), chance, 6))
    state = follow(moments)
    end_s = moments[-1][0]
    rules = state.rules
    assert not state.followed[0].lost
    assert tracker.step(state, (), {}, end_s + rules.lost_after_s + 1).followed[0].lost
    assert not tracker.step(state, (), {}, end_s + rules.forget_after_s + rules.window_s + 1).followed


def test_what_the_clock_gives_up_is_not_given_up_while_its_plots_may_be_under_way():
    chance = np.random.default_rng(17)
    moments = list(history(bodies(1, chance), chance, 2))
    rules = Rules(confirm_plots=99)
    on_time = follow(
        [*moments, (20.0, None, plots(move(moments[-1][1], 18.0), 20.0, np.random.default_rng(1)))], rules
    )
    state = tracker.step(follow(moments, rules), (), {}, 45.0)
    late = plots(move(moments[-1][1], 18.0), 20.0, np.random.default_rng(1))
    same(tracker.step(state, late, EYES, 45.0), tracker.step(on_time, (), {}, 45.0))


def test_a_gap_of_minutes_is_bridged_and_the_track_is_found_again():
    chance = np.random.default_rng(18)
    moments = list(history(bodies(1, chance), chance, 12))
    state = follow(moments)
    name = state.followed[0].id
    far = move(moments[-1][1], 200.0)
    state = tracker.step(state, plots(far, 222.0, chance, detection=1.0), EYES, 222.0)
    assert {one.id for one in confirmed(state)} == {name}
    assert nearest_m(state, far).max() < 2e3


def test_a_well_known_track_that_is_seen_no_more_is_lost_and_not_taken_for_a_mistake():
    chance = np.random.default_rng(19)
    moments = list(history(bodies(1, chance), chance, 12, sensors=("JPN-North",)))
    state = follow(moments)
    name = state.followed[0].id
    # The radar goes on and sees another, and not this one.
    others = bodies(1, chance)
    others[:, :3] *= 1.05
    for look in range(12, 36):
        others = move(others, 2.0)
        state = tracker.step(
            state, plots(others, 2.0 * look, chance, sensors=("JPN-North",)), EYES, 2.0 * look
        )
    assert [one.lost for one in state.followed if one.id == name] == [True]


def test_a_single_plot_is_given_up_soon():
    chance = np.random.default_rng(12)
    state = follow(list(history(bodies(1, chance), chance, 1, sensors=("JPN-North",), detection=1.0)))
    assert len(state.followed) == 1
    assert not state.followed[0].confirmed
    rules = state.rules
    assert not tracker.step(state, (), {}, rules.lost_after_s + rules.window_s + 1).followed


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_a_flood_of_one_sensor_leaves_the_others_tracks():
    chance = np.random.default_rng(13)
    moments = list(history(bodies(2, chance), chance, 16))
    clean = follow(moments)
    state = Tracker(BELIEF)
    for time_s, true, seen in moments:
        noise = plots(true, time_s, chance, sensors=("KOR-East",), detection=0.0, clutter=60)
        keep = [plot for plot in seen if plot.sensor != "KOR-East"]
        state = tracker.step(state, keep + (noise if time_s > 10 else []), EYES, time_s)
    assert nearest_m(state, moments[-1][1]).max() < 1.5e3
    assert nearest_m(clean, moments[-1][1]).max() < 1.5e3


@pytest.mark.parametrize("association", ["nearest", "jpda"])
def test_a_plot_that_is_no_number_is_counted_and_changes_nothing_else(association):
    chance = np.random.default_rng(15)
    moments = list(history(bodies(2, chance), chance, 6))
    bad = [
        Plot("KOR-East", 6.0, (math.nan, 0.1, 0.2), (50.0, 6e-4, 6e-4), False),
        Plot("KOR-East", math.nan, (1e6, 0.1, 0.2), (50.0, 6e-4, 6e-4), False),
        Plot("KOR-East", 6.0, (1e6, 0.1, 0.2), (50.0, -6e-4, 6e-4), False),
    ]
    rules = Rules(association=association)
    clean = follow(moments, rules)
    mixed = follow([(t, true, seen + (bad if t == 6.0 else [])) for t, true, seen in moments], rules)
    assert mixed.unsound == len(bad)
    same(clean, mixed)
    assert mixed.seen == clean.seen


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: replace(one, mean=one.mean * np.nan),
        lambda one: replace(one, mean=one.mean * np.repeat([1.0, 5.0, 1.0], [3, 3, 4])),
        lambda one: replace(one, cov=np.full_like(one.cov, np.inf)),
        lambda one: replace(one, cov=-one.cov),
        lambda one: replace(one, weight=one.weight * np.nan),
        lambda one: replace(one, time_s=np.float64(np.nan)),
    ],
    ids=["no number", "too fast", "no limit", "no covariance", "no weights", "no time"],
)
def test_a_state_that_cannot_be_is_not_adopted(spoil):
    mean = np.concatenate([bodies(1, np.random.default_rng(16))[0, :6], np.zeros(3), [8.5]])
    cov = np.diag(np.repeat([500.0, 20.0, 0.1, 0.5], [3, 3, 3, 1]) ** 2)
    sound = Estimate(np.float64(14.0), mean, cov, np.full(4, 0.25))
    source = Plot("KOR-East", 14.0, (1e6, 0.1, 0.2), (50.0, 6e-4, 6e-4), False)
    state = Tracker(BELIEF)
    assert tracker.adopt(state, spoil(sound), [source]) == (state, "")
    after, name = tracker.adopt(state, sound, [source])
    assert [one.id for one in after.followed] == [name] != [""]


def test_a_sensor_that_nobody_knows_is_refused():
    stranger = Plot("XXX-1", 0.0, (1e6, 0.1, 0.2), (50.0, 6e-4, 6e-4), False)
    with pytest.raises(KeyError):
        tracker.step(Tracker(BELIEF), [stranger], EYES, 0.0)


def test_angles_alone_begin_no_track_but_feed_one():
    chance = np.random.default_rng(14)
    moments = list(history(bodies(1, chance), chance, 10))
    state = follow(moments[:9])
    blind = [
        replace(plot, measurement=(0.0, *plot.measurement[1:]), sigma=(math.inf, *plot.sigma[1:]))
        for plot in moments[9][2]
    ]
    assert not tracker.step(Tracker(BELIEF), blind, EYES, 18.0).followed
    after = tracker.step(state, blind, EYES, 18.0)
    assert len(after.followed) == len(state.followed)
    assert after.followed[0].plots == state.followed[0].plots + len(blind)
