"""Real filters on flights richer than their models; docs/reference/tracking.md shows it at length."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from noroshi.records.tracks import Belief
from noroshi.tracking import envelope, measures
from tests.tracking import chain, made, regions

# --- covariances over a long track --------------------------------------------------------------------------


def test_covariances_stay_symmetric_and_positive_over_a_thousand_plots():
    # What rounding makes unsymmetric must not grow with every plot.
    chance = np.random.default_rng(70)
    known = made.stations()
    state = made.lanes(made.body(height_m=600e3))
    state[:, :3] += 1e3 * chance.standard_normal((made.LANES, 3))
    track = made.lanes(made.coasting(made.body(height_m=600e3), made.covariance()))
    for count in range(1, 251):
        state = made.move(state, 0.5)
        track = made.predict(track, 0.5 * count)
        for station in range(4):
            z = made.look(chance, state, known, station)
            track = made.update(track, made.plots(0.5 * count, z, station, known))
    cov = np.asarray(track.cov)
    size = np.sqrt(np.diagonal(cov, axis1=2, axis2=3))
    skew = (cov - np.swapaxes(cov, 2, 3)) / size[..., :, None] / size[..., None, :]
    assert np.abs(skew).max() < 1e-9
    assert made.eigenvalues((cov + np.swapaxes(cov, 2, 3)) / 2).min() > 0


# --- what may fly on by its lift ----------------------------------------------------------------------------

BELIEF = Belief(*map(np.float64, (60.0, 240.0, 2600.0, 8000.0, 1.2, 1.0, 4.0)))
BARE = Belief(*map(np.float64, (60.0, 240.0, 2600.0, 8000.0, 1.2, 0.0, 0.0)))


@jax.jit
def pulls_up(position, velocity, known):
    return envelope.will_pull_up(position, velocity, jnp.full(len(position), 8000.0), known)


def shares(height_m: float, level_mps: float, up_mps: float, known: Belief = BELIEF) -> float:
    state = made.body(height_m=height_m, enu_mps=(level_mps, 0.0, up_mps))
    return float(pulls_up(state[None, :3], state[None, 3:6], known)[0])


@pytest.mark.parametrize(
    "height_m, level_mps, up_mps, low, high",
    [
        (90e3, 5000.0, 300.0, 0.6, 0.9),  # flat and fast: much like a glider
        (100e3, 4000.0, 3000.0, 0.0, 0.05),  # thrown up high
        (40e3, 1200.0, 300.0, 0.5, 0.9),  # stays low
        (60e3, 1300.0, 1300.0, 0.0, 0.1),  # of short range, steep and high
        (15e3, 3000.0, -200.0, 0.0, 0.1),  # deep in the air (100 m/s2 of drag) without lift
    ],
)
def test_what_comes_in_flat_or_stays_low_may_pull_up(height_m, level_mps, up_mps, low, high):
    assert low <= shares(height_m, level_mps, up_mps) <= high


def test_nothing_pulls_up_where_no_lift_is_believed():
    assert shares(90e3, 5000.0, 300.0, BARE) == 0


# --- the chain ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    return chain.run(chain.FAMILIES, 16, seed=300)


@pytest.mark.soak
def test_no_track_of_a_long_flight_is_lost_to_numbers(run):
    assert np.isfinite(run.tracks.mean).all()
    assert np.isfinite(run.tracks.cov).all()
    assert np.isfinite(run.nees[run.settled]).all()


@pytest.mark.soak
def test_every_family_is_followed_as_surely_as_it_is_told(run):
    # Truth is richer than the models: a band as the design has it, about the mean over flights. It is left by
    # chance where few flights of a long-lasting bias make the mean.
    for family, told in chain.pairs(run):
        for phase, name in enumerate(chain.PHASES):
            mean, _, flights = chain.consistency(run, family, told, phase)
            if flights >= 10:
                assert 0.2 < mean < 2.0, f"{family} believed {told}, {name}: {mean:.2f} of {flights} flights"


@pytest.mark.soak
def test_no_track_that_turns_hard_aside_diverges(run):
    asked = run.settled & (run.family == "lateral")
    assert asked.any(axis=0).sum() >= 10
    assert run.off_m[asked].max() < 10e3
    assert np.mean(run.nees[asked] > 6) < 0.05


@pytest.mark.soak
def test_a_bare_ballistic_filter_cannot_follow_a_turn_aside(run):
    # What the other models are there for.
    true = run.true
    seen = chain.looks(true, 300)
    rows = np.unique(run.rows[run.family == "lateral"])
    known = [chain.belief("glide")] * len(rows)
    bare = chain.follow(true, seen, rows, known, np.ones(len(rows), bool))
    lifted = run.phase[:, : len(set(run.rows.tolist()))][:, [list(run.rows).index(row) for row in rows]] == 3
    settled = run.settled[:, [list(run.rows).index(row) for row in rows]]
    off = bare.mean[..., :6] - true.state[:, rows]
    told = measures.nees(off, bare.cov[..., :6, :6]) / 6
    assert np.nanmean(told[lifted & settled]) > 3


@pytest.mark.soak
def test_regions_after_the_burn_hold_most_impacts(run):
    found = chain.ranks(run, 300)[len(regions.BURNING_AT) :]
    for family in chain.FAMILIES:
        ranks = found[:, run.family == family]
        ranks = ranks[np.isfinite(ranks)]
        assert len(ranks) > 20
        assert np.mean(ranks <= 0.95) > 0.75, f"{family}: {np.mean(ranks <= 0.95):.2f} of {len(ranks)}"
