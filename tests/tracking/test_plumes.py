"""Plumes of boosts, fires and false lines as satellites show them. Chances are drawn from fixed seeds."""

from functools import cache, partial

import jax
import numpy as np
import pytest

from noroshi.catalogue.boosts import template
from noroshi.earth import frames, geometry
from noroshi.records.detections import Plot
from noroshi.records.tracks import Belief
from noroshi.tracking import launchpoint, plumes, tracker
from noroshi.tracking.followed import Eye, Rules, Tracker
from noroshi.tracking.plumes import Starts
from tests.tracking.boosts import boosts, satellite

BELIEF = Belief(*map(np.float64, (35.0, 600.0, 2700.0, 6000.0, 2.0, 0.5, 3.0)))
SATELLITES = {"West": satellite(85.0, 1), "East": satellite(160.0, 2)}
EYES = {name: Eye(one.site, one.axes, one.bias) for name, one in SATELLITES.items()}
SIGMA = (np.inf, 30e-6, 30e-6)
EVERY_S, STAGGER_S = 5.0, {"West": 0.0, "East": 2.0}
# Boosts from places of their own, by their family and seed, and when each is launched, s.
FLIGHTS = (("mrbm", 3, 0.0), ("srbm", 4, 20.0), ("quasi-ballistic", 6, 10.0))


@cache
def flown():
    return [(boosts(family, 1, seed)[0], launched_s) for family, seed, launched_s in FLIGHTS]


def lines(name: str, places: np.ndarray, chance: np.random.Generator, noisy: float = 1.0) -> np.ndarray:
    """What a satellite measures of places [K, 3]."""
    one = SATELLITES[name]
    exact = geometry.range_azimuth_elevation(one.site, one.axes, places)
    exact[:, 0] = 0.0
    exact[:, 1:] += noisy * chance.standard_normal((len(places), 2)) * SIGMA[1:]
    return exact


def shown(names=tuple(SATELLITES), until_s: float = 60.0, fires: int = 0, false: int = 0, seed: int = 1):
    """All plots of a while, in time: boosts above the clouds, fires that stand, and false lines anywhere."""
    chance, found = np.random.default_rng(seed), []
    hot = frames.ecef(
        *np.radians([chance.uniform(30, 45, fires), chance.uniform(110, 140, fires)]), np.zeros(fires)
    )
    for name in names:
        for time_s in np.arange(STAGGER_S[name], until_s, EVERY_S):
            here = [
                boost.at(time_s - launched_s)[0][0]
                for boost, launched_s in flown()
                if 0 < time_s - launched_s < boost.burn_s
            ]
            here = [place for place in here if frames.geodetic(place)[2] > 9e3]
            lat, lon = np.radians([chance.uniform(20, 50, false), chance.uniform(100, 150, false)])
            every = np.concatenate([np.reshape(here, (-1, 3)), hot, frames.ecef(lat, lon, np.zeros(false))])
            z = chance.permutation(lines(name, every, chance))
            found += [Plot(name, float(time_s), tuple(row), SIGMA, False) for row in z.tolist()]
    return sorted(found, key=lambda plot: (plot.time_s, plot.sensor))


def follow(plots, starts: Starts | None, delay=lambda plot: 0.0) -> Tracker:
    """The tracker after plots that come in as late as `delay` has it."""
    state = Tracker(BELIEF, Rules(plumes=starts, window_s=60.0))
    came: dict[float, list[Plot]] = {}
    for plot in plots:
        came.setdefault(plot.time_s + delay(plot), []).append(plot)
    for now_s in sorted(came):
        state = tracker.step(state, came[now_s], EYES, now_s)
    return state


def misses_m(state: Tracker) -> np.ndarray:
    """Distance of each track from the nearest boost [tracks], at the track's own last plot."""
    return np.array(
        [
            min(
                np.linalg.norm(
                    one.estimate.mean[:3] - boost.at(float(one.estimate.time_s) - launched_s)[0][0]
                )
                for boost, launched_s in flown()
            )
            for one in state.followed
        ]
    )


_launch = jax.jit(launchpoint.estimate)


def alone(sights, valid, near):
    return jax.tree.map(np.asarray, _launch(sights, valid, template(), near, BELIEF)[1])


def test_each_boost_that_two_satellites_see_becomes_one_track_and_nothing_else_does():
    state = follow(shown(fires=4, false=6, until_s=95.0), Starts())
    assert len(state.followed) == len(FLIGHTS)
    assert all(one.confirmed and set(one.sensors) == set(SATELLITES) for one in state.followed)
    assert misses_m(state).max() < 5e3


def test_no_plume_begins_a_track_where_nobody_asks_for_it():
    state = follow(shown(), None)
    assert state.followed == () and state.plumes == ()


def test_one_satellite_alone_begins_tracks_only_where_a_template_is_told():
    plots = shown(("East",), until_s=95.0, fires=4)
    assert follow(plots, Starts()).followed == ()
    state = follow(plots, Starts(alone))
    assert len(state.followed) == len(FLIGHTS)
    for one in state.followed:
        off = one.estimate.mean[:3] - min(
            (boost.at(float(one.estimate.time_s) - launched_s)[0][0] for boost, launched_s in flown()),
            key=lambda place, one=one: np.linalg.norm(place - one.estimate.mean[:3]),
        )
        # Within five sigmas: one in 60,000 tracks is not, where the covariance is honest.
        assert off @ np.linalg.solve(one.estimate.cov[:3, :3], off) < 25.0
        assert one.sights[0].time_s - one.born_s == 0.0


def test_a_template_may_decline():
    state = follow(shown(("East",), until_s=95.0), Starts(lambda sights, valid, near: None))
    assert state.followed == () and len(state.plumes) >= len(FLIGHTS)


def test_late_lines_of_sight_give_the_same_picture():
    plots = shown(until_s=75.0, fires=2)
    on_time = follow(plots, Starts())
    late = follow(plots, Starts(), lambda plot: 13.0 if plot.sensor == "West" else 0.0)
    assert on_time.followed
    assert {one.id for one in late.followed} == {one.id for one in on_time.followed}
    means = [{one.id: one.estimate.mean for one in state.followed} for state in (on_time, late)]
    assert all(np.array_equal(means[0][name], means[1][name]) for name in means[0])


def test_a_fire_is_a_plume_that_does_not_move():
    state = follow(shown(("East",), until_s=60.0, fires=3), Starts(scans=99))
    long = [plume for plume in state.plumes if plume.scans >= 10]
    assert sum(not plumes.moves(plume) for plume in long) == 3


def test_plumes_side_by_side_keep_to_themselves():
    """Two that cross 40 km apart in the sky: each plume has the sights of one thing only."""
    chance = np.random.default_rng(2)
    lat, lon = np.radians([40.0, 130.0])
    base, axes = frames.ecef(lat, lon, np.float64(60e3)), frames.enu_axes(lat, lon)
    kept, whose = (), {}
    for look in range(12):
        t = EVERY_S * look
        there = np.stack(
            [base + (3e3 * t - 90e3) * axes[0], base + (90e3 - 3e3 * t) * axes[0] + 40e3 * axes[1]]
        )
        z = lines("East", there, chance)
        plots = [Plot("East", t, tuple(row), SIGMA, False) for row in z.tolist()]
        whose |= {plot: k for k, plot in enumerate(plots)}
        sights = tracker.sights_of(plots, [EYES["East"]] * 2)
        kept, begun = plumes.step(kept, plots, sights, BELIEF, Starts())
        assert not begun
    assert len(kept) == 2
    assert all(len({whose[plot] for plot in plume.plots}) == 1 for plume in kept)


def test_what_is_kept_of_a_plume_is_bounded():
    chance, kept = np.random.default_rng(3), ()
    fire = frames.ecef(np.float64(0.6), np.float64(2.2), np.float64(0.0))[None]
    for look in range(80):
        (row,) = lines("East", fire, chance).tolist()
        plot = Plot("East", EVERY_S * look, tuple(row), SIGMA, False)
        kept, _ = plumes.step(kept, [plot], tracker.sights_of([plot], [EYES["East"]]), BELIEF, Starts())
    (plume,) = kept
    assert plume.scans == 80
    assert len(plume.plots) == len(plume.sights) <= launchpoint.ROWS
    assert plume.plots[0].time_s == 0.0 and plume.last_s == EVERY_S * 79


@pytest.mark.parametrize("sigma", [(50.0, 1e-3, 1e-3), (np.inf, 1e-3, np.inf)])
def test_radar_plots_and_bearings_make_no_plumes(sigma):
    plot = Plot("East", 0.0, (4e7, 0.0, 0.0), sigma, False)
    step = partial(plumes.step, (), [plot], tracker.sights_of([plot], [EYES["East"]]), BELIEF, Starts())
    assert step() == ((), [])
