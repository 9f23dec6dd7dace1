from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from noroshi.tracking import associate

MISS = np.log(0.05)


def table(seed: int, tracks: int, plots: int, shut: float = 0.3, mean: float = 2.0, spread: float = 2.0):
    """Random log ratios, a share of them outside the gate, and log probabilities of a miss."""
    chance = np.random.default_rng(seed)
    log_ratio = chance.normal(mean, spread, (tracks, plots))
    log_ratio[chance.random((tracks, plots)) < shut] = -np.inf
    return log_ratio, np.log(1 - chance.uniform(0.3, 0.99, tracks))


def sparse(seed: int, tracks: int, plots: int, wrong: float):
    """Every track with a plot of its own and, at a rate of `wrong` a track, plots of others and of nobody."""
    chance = np.random.default_rng(seed)
    log_ratio = np.full((tracks, plots), -np.inf)
    inside = chance.random((tracks, plots)) < wrong / plots
    log_ratio[inside] = chance.normal(0, 3, inside.sum())
    own = np.arange(tracks)
    log_ratio[own, own] = chance.normal(8, 2, tracks)
    return log_ratio, np.full(tracks, MISS)


def every_event(log_ratio: np.ndarray, log_miss: np.ndarray):
    """All joint events as a plot per track (the number of plots for none) and the log weight of each."""
    tracks, plots = log_ratio.shape
    worth = np.concatenate([log_ratio, log_miss[:, None]], axis=1)
    for event in product(range(plots + 1), repeat=tracks):
        seen = [plot for plot in event if plot < plots]
        if len(set(seen)) == len(seen):
            yield event, sum(worth[track, plot] for track, plot in enumerate(event))


def brute(log_ratio: np.ndarray, log_miss: np.ndarray) -> np.ndarray:
    """Joint probabilities [T, K + 1] by summing all events in plain loops."""
    sums = np.zeros((log_ratio.shape[0], log_ratio.shape[1] + 1))
    events = list(every_event(log_ratio, log_miss))
    most = max(log_weight for _, log_weight in events)
    for event, log_weight in events:
        sums[np.arange(len(event)), event] += np.exp(log_weight - most)
    return sums / sums.sum(axis=1, keepdims=True)


def joint(log_ratio: np.ndarray, log_miss: np.ndarray) -> np.ndarray:
    return associate.marginals(associate.from_table(log_ratio, log_miss)).table()


def total(log_ratio: np.ndarray, log_miss: np.ndarray, chosen: np.ndarray) -> float:
    """Log likelihood of a choice of plots."""
    at = np.arange(len(chosen))
    return float(np.where(chosen >= 0, log_ratio[at, chosen], log_miss).sum())


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.floats(0, 0.8), st.integers(0, 2**31))


@given(sizes)
@settings(max_examples=80, deadline=None)
def test_nearest_is_the_likeliest_of_all_joint_events(size):
    tracks, plots, shut, seed = size
    log_ratio, log_miss = table(seed, tracks, plots, shut, mean=0.0)
    chosen = associate.nearest(associate.from_table(log_ratio, log_miss))
    assert len(set(chosen[chosen >= 0])) == np.sum(chosen >= 0)
    best = max(log_weight for _, log_weight in every_event(log_ratio, log_miss))
    assert total(log_ratio, log_miss, chosen) == pytest.approx(best, abs=1e-9)


@given(sizes)
@settings(max_examples=80, deadline=None)
def test_small_clusters_have_the_exact_probabilities(size):
    tracks, plots, shut, seed = size
    log_ratio, log_miss = table(seed, tracks, plots, shut)
    assert np.allclose(joint(log_ratio, log_miss), brute(log_ratio, log_miss), atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 60), (60, 1)])
def test_one_track_or_one_plot_is_exact_at_any_size(shape):
    log_ratio, log_miss = table(3, *shape, shut=0.1)
    odds = np.exp(log_ratio - log_miss[:, None])
    # One of many excludes the others; its odds are against nothing at all.
    expected = odds / (1 + odds.sum())
    assert np.allclose(joint(log_ratio, log_miss)[:, :-1], expected, atol=1e-12)


def chain(seed: int, **figures) -> tuple[np.ndarray, np.ndarray]:
    """Five tracks and six plots: each track shares one plot with the next."""
    log_ratio, log_miss = table(seed, 5, 6, shut=0.0, **figures)
    row, column = np.indices(log_ratio.shape)
    log_ratio[(column < row) | (column > row + 1)] = -np.inf
    return log_ratio, log_miss


def test_gates_without_a_loop_are_exact_beyond_listing(monkeypatch):
    monkeypatch.setattr(associate, "_LISTED_MOST", 0)
    log_ratio, log_miss = chain(4)
    exact = brute(log_ratio, log_miss)
    assert np.allclose(joint(log_ratio, log_miss), exact, atol=1e-3)
    finer = associate.marginals(associate.from_table(log_ratio, log_miss), tolerance=1e-12)
    assert np.allclose(finer.table(), exact, atol=1e-10)


def test_belief_propagation_errs_far_less_than_tracks_by_themselves(monkeypatch):
    # Four tracks and four plots in one another's gates, odds of about a hundred: where loops matter most.
    monkeypatch.setattr(associate, "_LISTED_MOST", 0)
    errors, lonely = [], []
    for seed in range(100):
        log_ratio, log_miss = table(seed, 4, 4, shut=0.4)
        exact = brute(log_ratio, log_miss)
        errors.append(np.abs(joint(log_ratio, log_miss) - exact).max())
        odds = np.exp(np.concatenate([log_ratio - log_miss[:, None], np.zeros((4, 1))], axis=1))
        lonely.append(np.abs(odds / odds.sum(axis=1, keepdims=True) - exact).max())
    assert np.mean(errors) < np.mean(lonely) / 4
    # Largest error of a table over 20,000 others: median 0.025, 90 % below 0.12, 99 % below 0.22, all below
    # 0.35. More than 5 of 100 beyond the last but one: once in 2,000.
    assert np.sum(np.array(errors) > 0.22) <= 5


def test_belief_propagation_agrees_with_stone_soup(monkeypatch):
    from stonesoup.dataassociator.probability import JPDAwithLBP

    monkeypatch.setattr(associate, "_LISTED_MOST", 0)
    for seed in range(20):
        log_ratio, log_miss = table(seed, 12, 20, shut=0.6)
        odds = np.concatenate([np.ones((12, 1)), np.exp(log_ratio - log_miss[:, None])], axis=1)
        theirs = JPDAwithLBP._loopy_belief_propagation(odds, 1, 1e-9)
        ours = associate.marginals(associate.from_table(log_ratio, log_miss), tolerance=1e-9)
        assert ours.error <= 1e-9
        assert np.allclose(ours.table(), np.roll(theirs, -1, axis=1), atol=1e-7)


@pytest.mark.parametrize("seed", range(8))
def test_messages_keep_small_odds_beside_large_ones(monkeypatch, seed):
    # "All minus own" loses odds of 7 beside odds of 2e17. A chain is exact, whatever its odds.
    monkeypatch.setattr(associate, "_LISTED_MOST", 0)
    log_ratio, log_miss = chain(seed, mean=60.0, spread=40.0)
    ours = associate.marginals(associate.from_table(log_ratio, log_miss), tolerance=1e-12).table()
    assert np.allclose(ours, brute(log_ratio, log_miss), atol=1e-9)


def test_odds_beyond_a_float_are_no_trouble():
    log_ratio = np.array([[5000.0, 4990.0], [4990.0, 5000.0], [-5000.0, 3.0]])
    found = joint(log_ratio, np.full(3, MISS))
    assert np.all(np.isfinite(found))
    assert np.allclose(found[:2, :2], np.eye(2), atol=1e-8)
    assert associate.nearest(associate.from_table(log_ratio, np.full(3, MISS))).tolist() == [0, 1, -1]


@given(st.integers(0, 2**31), st.floats(0.5, 6))
@settings(max_examples=25, deadline=None)
def test_probabilities_share_out_each_track_and_no_plot_twice(seed, wrong):
    gated = associate.from_table(*sparse(seed, 30, 50, wrong))
    found = associate.marginals(gated)
    probabilities = found.table()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-9)
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    # At the fixed point the plots' own beliefs are the same; before it, within what is left to come.
    assert np.all(probabilities[:, :-1].sum(axis=0) <= 1 + 1e-3)
    assert np.allclose(found.free, np.maximum(1 - probabilities[:, :-1].sum(axis=0), 0), atol=1e-12)


def test_the_order_of_tracks_and_plots_does_not_matter():
    log_ratio, log_miss = sparse(5, 40, 70, 2.0)
    chance = np.random.default_rng(6)
    rows, columns = chance.permutation(40), chance.permutation(70)
    gated = associate.from_table(log_ratio, log_miss)
    turned = associate.from_table(log_ratio[rows][:, columns], log_miss[rows])
    nearest = associate.nearest(turned)
    assert np.array_equal(np.where(nearest >= 0, columns[nearest], -1), associate.nearest(gated)[rows])
    every = np.append(columns, 70)
    assert np.allclose(
        associate.marginals(turned).table(), associate.marginals(gated).table()[rows][:, every], atol=1e-9
    )


def test_probabilities_come_true_as_often_as_they_say():
    # Three tracks within each other's gates, drawn from the very model: plots one sigma about each, clutter.
    chance = np.random.default_rng(14)
    p_seen, density, half = 0.8, 0.01, 8.0
    told, came, free, clutter = [], [], [], 0
    for _ in range(600):
        tracks = chance.uniform(-2, 2, (3, 2))
        seen = np.flatnonzero(chance.random(3) < p_seen)
        false = chance.uniform(-half, half, (chance.poisson(density * 4 * half**2), 2))
        plots = np.concatenate([tracks[seen] + chance.standard_normal((len(seen), 2)), false])
        distance2 = np.sum((tracks[:, None] - plots) ** 2, axis=-1)
        log_ratio = np.log(p_seen / density / (2 * np.pi)) - distance2 / 2
        found = associate.marginals(associate.from_table(log_ratio, np.full(3, np.log(1 - p_seen))))
        true = np.zeros((3, len(plots) + 1), bool)
        true[seen, np.arange(len(seen))] = True
        true[:, -1] = ~true.any(axis=1)
        told.append(found.table().ravel())
        came.append(true.ravel())
        free.append(found.free)
        clutter += len(false)
    told, came, free = np.concatenate(told), np.concatenate(came), np.concatenate(free)
    for low in np.arange(0, 1, 0.1):
        inside = (told >= low) & (told < low + 0.1 + 1e-9)
        # Four sigma: one test in 1,500 fails by chance in any of its eleven comparisons.
        spread = np.sqrt(np.sum(told[inside] * (1 - told[inside])))
        assert abs(np.sum(came[inside]) - np.sum(told[inside])) < 4 * spread + 1
    assert abs(clutter - free.sum()) < 4 * np.sqrt(np.sum(free * (1 - free)))


def test_clusters_are_solved_as_if_alone():
    first, second = sparse(7, 20, 40, 3.0), sparse(8, 25, 30, 3.0)
    both = np.full((45, 70), -np.inf)
    both[:20, :40], both[20:, 40:] = first[0], second[0]
    gated = associate.from_table(both, np.concatenate([first[1], second[1]]))
    of_track, of_plot = associate.clusters(gated)
    assert not set(of_track[:20]) & set(of_track[20:])
    assert np.all(of_plot[gated.plot] == of_track[gated.track])
    assert np.all(np.delete(of_plot, gated.plot) == -1)
    alone = joint(*first)
    together = associate.marginals(gated).table()
    assert np.array_equal(together[:20, :40], alone[:, :40])
    nearest = associate.nearest(gated)
    assert np.array_equal(nearest[:20], associate.nearest(associate.from_table(*first)))


@pytest.mark.parametrize("no_probability", [np.nan, 0.5])
def test_a_track_or_plot_of_nan_gets_nothing_and_spoils_nobody(no_probability):
    log_ratio, log_miss = sparse(9, 30, 60, 2.0)
    clean = log_ratio.copy()
    clean[[4, 11]], clean[:, 17] = -np.inf, -np.inf
    dirty, dirty_miss = log_ratio.copy(), log_miss.copy()
    dirty[4], dirty[:, 17], dirty_miss[11] = np.nan, np.nan, no_probability
    dirty[20, 50] = np.inf
    clean[20, 50] = -np.inf
    sound, spoiled = associate.from_table(clean, log_miss), associate.from_table(dirty, dirty_miss)
    assert spoiled.refused == 60 + 1 + (30 - 2) + 1
    assert sound.refused == 0
    assert np.array_equal(associate.nearest(sound), associate.nearest(spoiled))
    assert associate.nearest(spoiled)[[4, 11]].tolist() == [-1, -1]
    assert np.array_equal(associate.marginals(sound).table(), associate.marginals(spoiled).table())


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (3, 4)])
def test_nothing_to_associate_is_all_missed(shape):
    gated = associate.from_table(np.full(shape, -np.inf), np.full(shape[0], MISS))
    assert np.all(associate.nearest(gated) == -1)
    found = associate.marginals(gated)
    assert found.table().shape == (shape[0], shape[1] + 1)
    assert np.all(found.missed == 1) and np.all(found.free == 1)
    assert np.all(associate.clusters(gated)[0] == -1)


def test_a_sensor_that_never_misses_is_believed():
    log_ratio = np.array([[-3.0, -np.inf], [-np.inf, -np.inf]])
    gated = associate.from_table(log_ratio, np.full(2, -np.inf))
    assert associate.nearest(gated).tolist() == [0, -1]
    assert associate.marginals(gated).missed == pytest.approx([0, 1], abs=1e-9)


def test_a_list_of_pairs_is_the_same_as_a_table():
    log_ratio, log_miss = sparse(10, 30, 50, 2.0)
    at = np.random.default_rng(11).permutation(np.argwhere(log_ratio > -np.inf))
    listed = associate.from_pairs(at[:, 0], at[:, 1], log_ratio[at[:, 0], at[:, 1]], log_miss, 50)
    assert np.allclose(associate.marginals(listed).table(), joint(log_ratio, log_miss), atol=1e-9)


def test_a_flood_of_plots_ends_at_the_optimum():
    # A thousand tracks, ten thousand plots, fifty in each gate: one cluster of all.
    log_ratio, log_miss = sparse(12, 1000, 10_000, 50.0)
    gated = associate.from_table(log_ratio, log_miss)
    # The whole table at once, a miss worth nothing.
    at, to = linear_sum_assignment(np.maximum(log_ratio, MISS), maximize=True)
    best = np.maximum(log_ratio, MISS)[at, to].sum()
    assert total(log_ratio, log_miss, associate.nearest(gated)) == pytest.approx(best, rel=1e-12)
    found = associate.marginals(gated)
    assert np.all(np.isfinite(found.probability)) and found.error < 1e-3


def test_a_close_formation_has_probabilities_that_add_up_within_the_rounds_allowed():
    # Thirty objects in one another's gates with odds of millions: the slowest case for beliefs.
    chance = np.random.default_rng(13)
    log_ratio = chance.normal(12, 1, (30, 30))
    found = associate.marginals(associate.from_table(log_ratio, np.full(30, MISS)), tolerance=1e-3)
    assert np.allclose(found.table().sum(axis=1), 1, atol=1e-9)
    assert np.all(found.table()[:, :-1].sum(axis=0) < 1.05)
    assert found.error < 0.01
