import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from stonesoup.types.state import GaussianState
from stonesoup.types.update import GaussianStateUpdate
from stonesoup.updater.chernoff import ChernoffUpdater

from noroshi.earth import frames
from noroshi.records.tracks import BALLISTIC, STATE, Belief, Estimate
from noroshi.tracking import fuse
from noroshi.tracking.provenance import Evidence

LANES, MOST = 64, 5
SIZE = np.array([1000.0] * 3 + [15.0] * 3 + [1.0] * 3 + [0.3])
TO_GO_S = 600.0
REACH = np.array([1.0] * 3 + [TO_GO_S**2] * 3 + [0.0] * 4)
# Burn from and to s, exhaust m/s, ballistic coefficient kg/m2 and its ratio, glide ratios.
BELIEF = Belief(*map(np.float64, (60.0, 180.0, 2700.0, 5000.0, 2.0, 1.5, 3.5)))

_intersect = jax.jit(jax.vmap(fuse.intersect, in_axes=(0, 0, None)))
_join = jax.jit(fuse.join)


def intersect(estimates: Estimate, count: int | None = None) -> fuse.Intersection:
    """Of estimates [LANES, n, ...], the first `count`; padded, so that all tests share one kernel."""
    n = estimates.mean.shape[1]
    full = jax.tree.map(
        lambda leaf: np.concatenate([leaf, np.repeat(leaf[:, :1], MOST - n, axis=1)], axis=1), estimates
    )
    valid = np.tile(np.arange(MOST) < (n if count is None else count), (LANES, 1))
    return jax.tree.map(np.asarray, _intersect(full, valid, TO_GO_S))


def one(mean: np.ndarray, cov: np.ndarray, weight=(0.1, 0.7, 0.1, 0.1), time_s: float = 0.0) -> Estimate:
    return Estimate(np.float64(time_s), np.asarray(mean), np.asarray(cov), np.asarray(weight, float))


def estimates(seed: int, n: int, stretch: float = 2.0) -> Estimate:
    """LANES times n estimates, each sure in other directions and more or less so."""
    chance = np.random.default_rng(seed)
    roots = chance.standard_normal((LANES, n, STATE, STATE))
    roots = roots * np.exp(stretch * chance.standard_normal((LANES, n, 1, STATE)) / 2)
    roots = roots * np.exp(stretch * chance.standard_normal((LANES, n, 1, 1)) / 2)
    cov = (roots @ roots.swapaxes(-1, -2) / STATE + 1e-3 * np.eye(STATE)) * SIZE * SIZE[:, None]
    mean = body() + SIZE * chance.standard_normal((LANES, n, STATE))
    return Estimate(np.zeros((LANES, n)), mean, cov, chance.dirichlet(np.ones(4), (LANES, n)))


def body(height_m: float = 400e3) -> np.ndarray:
    """State over the Sea of Japan, climbing eastwards, above all air."""
    lat, lon = np.radians([40.0, 133.0])
    velocity = np.array([3500.0, 200.0, 2500.0]) @ frames.enu_axes(lat, lon)
    return np.concatenate(
        [frames.ecef(lat, lon, np.float64(height_m)), velocity, np.zeros(3), [np.log(5000.0)]]
    )


def scaled(cov: np.ndarray) -> np.ndarray:
    return cov / SIZE / SIZE[:, None]


def information(told: Estimate) -> np.ndarray:
    return np.linalg.inv(scaled(np.asarray(fuse.widened(told.cov))))


def impact(cov: np.ndarray) -> np.ndarray:
    """Spread at the impact, m2."""
    return np.diagonal(cov, axis1=-2, axis2=-1) @ REACH


# --- the shares ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("stretch", [0.3, 2.0, 4.0])
def test_no_other_shares_leave_less_spread_at_the_impact(n, stretch):
    # The problem is convex: what a linear bound from here could still gain is more than any shares can.
    told = estimates(60, n, stretch)
    found = intersect(told)
    share = found.share[:, :n]
    assert np.allclose(share.sum(axis=1), 1)
    assert (share >= 0).all()
    inverse = information(told)
    joint = np.linalg.inv(np.einsum("ln,lnij->lij", share, inverse))
    seen = joint * (REACH * SIZE**2) @ joint
    slope = -np.einsum("lij,lnij->ln", seen, inverse)
    left = np.einsum("ln,ln->l", slope, share) - slope.min(axis=1)
    assert (left / impact(found.estimate.cov) < 1e-5).all()


def test_an_optimiser_of_another_kind_finds_no_less():
    told = estimates(61, 3)
    found = intersect(told)
    for lane in range(8):
        inverse = information(told)[lane]

        def left(w, inverse=inverse):
            return np.diag(np.linalg.inv(np.einsum("n,nij->ij", w, inverse))) @ (REACH * SIZE**2) / 1e9

        sums = {"type": "eq", "fun": lambda w: w.sum() - 1}
        best = minimize(
            left, np.full(3, 1 / 3), method="SLSQP", bounds=[(0, 1)] * 3, constraints=sums, tol=1e-12
        )
        assert impact(found.estimate.cov)[lane] / 1e9 <= best.fun * (1 + 1e-6)


def test_with_the_same_shares_it_is_the_intersection_of_an_independent_code():
    told = estimates(62, 2)
    found = intersect(told)
    for lane in range(8):
        share = found.share[lane, 0]
        prior = GaussianState(told.mean[lane, 1] / SIZE, scaled(told.cov[lane, 1]))
        theirs = chernoff(prior, told.mean[lane, 0] / SIZE, scaled(told.cov[lane, 0]), share)
        ours = found.estimate
        assert np.allclose(ours.mean[lane] / SIZE, np.ravel(theirs.mean), atol=1e-6)
        assert np.allclose(scaled(ours.cov[lane]), theirs.covar, rtol=1e-5, atol=1e-9)


def chernoff(prior: GaussianState, mean: np.ndarray, cov: np.ndarray, share: float) -> GaussianStateUpdate:
    """Stone Soup's fusion of a state with another one, taken as a detection of all of it."""
    from stonesoup.models.measurement.linear import LinearGaussian
    from stonesoup.types.detection import GaussianDetection
    from stonesoup.types.hypothesis import SingleHypothesis
    from stonesoup.types.prediction import GaussianStatePrediction

    model = LinearGaussian(STATE, list(range(STATE)), np.zeros((STATE, STATE)))
    detection = GaussianDetection(mean, cov, measurement_model=model)
    prediction = GaussianStatePrediction(prior.state_vector, prior.covar)
    return ChernoffUpdater(measurement_model=model, omega=share).update(
        SingleHypothesis(prediction, detection)
    )


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_order_of_estimates_does_not_matter(n):
    told = estimates(63, n)
    first = intersect(told)
    for order in list(itertools.permutations(range(n)))[1:7]:
        again = intersect(jax.tree.map(lambda leaf, order=order: leaf[:, list(order)], told))
        assert np.allclose((again.estimate.mean - first.estimate.mean) / SIZE, 0, atol=1e-4)
        assert np.allclose(again.spread_m, first.spread_m, rtol=1e-6)
        assert np.allclose(again.estimate.weight, first.estimate.weight, atol=1e-4)


def test_one_after_the_other_is_never_better_than_all_together():
    told = estimates(64, 3)
    pair = intersect(jax.tree.map(lambda leaf: leaf[:, :2], told)).estimate
    third = jax.tree.map(lambda leaf: leaf[:, 2], told)
    apart = intersect(jax.tree.map(lambda *rows: np.stack(rows, axis=1), pair, third))
    assert (intersect(told).spread_m <= apart.spread_m * (1 + 1e-6)).all()


# --- what it may claim --------------------------------------------------------------------------------------


@given(
    n=st.integers(2, MOST),
    seed=st.integers(0, 2**32 - 1),
    stretch=st.floats(0.0, 4.0),
    rank=st.integers(1, 40),
)
@settings(max_examples=25)
def test_it_is_never_surer_than_the_evidence_whatever_the_errors_have_in_common(n, seed, stretch, rank):
    # The estimates' errors are correlated in any way that leaves each with the covariance it tells: shared by
    # `rank` common causes, from one that makes all errors the same to as many as are free.
    told = estimates(seed, n, stretch)
    found = intersect(told)
    chance = np.random.default_rng(seed + 1)
    causes = chance.standard_normal((LANES, n, STATE, max(rank, STATE)))
    white = causes @ causes.swapaxes(-1, -2)
    causes = np.linalg.solve(np.linalg.cholesky(white), causes)
    roots = np.linalg.cholesky(scaled(told.cov)) @ causes
    joint = np.linalg.inv(scaled(found.estimate.cov))
    inverse = information(told)
    gain = np.linalg.solve(joint[:, None], found.share[:, :n, None, None] * inverse)
    error = np.einsum("lnij,lnjk->lik", gain, roots)
    true = error @ error.swapaxes(-1, -2)
    root = np.linalg.cholesky(scaled(found.estimate.cov))
    inside = np.linalg.solve(root, np.linalg.solve(root, true).swapaxes(-1, -2))
    assert np.linalg.eigvalsh(inside).max() < 1 + 1e-4


def test_the_mean_is_the_one_whose_errors_were_bounded():
    told = estimates(65, 3)
    found = intersect(told)
    pulled = np.einsum("ln,lnij,lnj->li", found.share[:, :3], information(told), (told.mean - body()) / SIZE)
    expected = np.linalg.solve(np.linalg.inv(scaled(found.estimate.cov)), pulled[..., None])[..., 0]
    assert np.allclose((found.estimate.mean - body()) / SIZE, expected, atol=1e-5)


@pytest.mark.parametrize("n", [2, 4])
def test_an_estimate_joined_with_itself_is_itself(n):
    # A report that comes back by another way makes nobody surer.
    told = jax.tree.map(lambda leaf: np.repeat(leaf, n, axis=1), estimates(66, 1))
    again = intersect(told).estimate
    assert np.allclose((again.mean - told.mean[:, 0]) / SIZE, 0, atol=1e-6)
    assert np.allclose(scaled(again.cov), scaled(told.cov[:, 0]), rtol=1e-6, atol=1e-9)
    assert np.allclose(again.weight, told.weight[:, 0])


def test_estimates_of_one_covariance_are_no_surer_than_one_of_them():
    told = jax.tree.map(lambda leaf: np.repeat(leaf, 3, axis=1), estimates(67, 1))
    told.mean[:, 1] += SIZE
    both = intersect(told).estimate
    assert np.allclose(scaled(both.cov), scaled(told.cov[:, 0]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_no_direction_is_surer_than_for_the_surest_there(n):
    told = estimates(68, n)
    both = np.linalg.inv(scaled(intersect(told).estimate.cov))
    ways = np.random.default_rng(69).standard_normal((50, STATE))
    theirs = np.einsum("wi,lnij,wj->lnw", ways, information(told), ways).max(axis=1)
    assert (np.einsum("wi,lij,wj->lw", ways, both, ways) <= theirs * (1 + 1e-6)).all()


def test_it_is_never_as_sure_as_a_filter_that_takes_all_as_independent():
    told = estimates(70, 3)
    both = np.linalg.inv(scaled(intersect(told).estimate.cov))
    assert np.linalg.eigvalsh(information(told).sum(axis=1) - both).min() > 0


def test_no_model_becomes_likelier_than_for_the_nation_surest_of_it():
    told = estimates(71, 4)
    weight = intersect(told).estimate.weight
    assert np.allclose(weight.sum(axis=1), 1)
    assert (weight <= told.weight.max(axis=1) + 1e-9).all()
    assert (weight >= told.weight.min(axis=1) - 1e-9).all()


@given(seed=st.integers(0, 2**32 - 1), mirrored=st.booleans())
@settings(max_examples=10)
def test_axes_turned_or_mirrored_turn_the_answer_and_nothing_else(seed, mirrored):
    told = estimates(72, 3)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    turn = -turn if mirrored != (np.linalg.det(turn) < 0) else turn
    whole = np.eye(STATE)
    for at in (0, 3, 6):
        whole[at : at + 3, at : at + 3] = turn
    turned = Estimate(told.time_s, told.mean @ whole.T, whole @ told.cov @ whole.T, told.weight)
    ours, theirs = intersect(told), intersect(turned)
    assert np.allclose(theirs.spread_m, ours.spread_m, rtol=1e-6)
    assert np.allclose((theirs.estimate.mean - ours.estimate.mean @ whole.T) / SIZE, 0, atol=1e-3)


def test_what_one_knows_across_and_the_other_along_is_known_both_ways():
    sigma = np.repeat([5000.0, 50.0, 1e-3, 0.3], [3, 3, 3, 1])
    rows = []
    for row in (0, 1):
        mine = sigma.copy()
        mine[row], mine[row + 3] = 50.0, 0.5
        rows.append(one(body(), np.diag(mine**2)))
    told = jax.tree.map(lambda *leaves: np.repeat(np.stack(leaves)[None], LANES, axis=0), *rows)
    sigma = np.sqrt(np.diagonal(intersect(told).estimate.cov[0]))
    assert (sigma[:2] < 80).all()
    assert (sigma[3:5] < 0.8).all()


@pytest.mark.parametrize("spoil", ["nan", "negative", "infinite"])
def test_what_is_no_estimate_takes_no_part(spoil):
    told = estimates(73, 3)
    without = intersect(told, count=2)
    if spoil == "nan":
        told.mean[:, 2, 4] = np.nan
    elif spoil == "negative":
        told.cov[:, 2] = (
            told.cov[:, 2] - 2 * np.eye(STATE) * np.linalg.eigvalsh(told.cov[:, 2])[:, -1, None, None]
        )
    else:
        told.cov[:, 2, 3, 3] = np.inf
    found = intersect(told)
    assert (found.share[:, 2] == 0).all()
    assert np.allclose((found.estimate.mean - without.estimate.mean) / SIZE, 0, atol=1e-9)
    assert np.allclose(found.spread_m, without.spread_m)


def test_where_nothing_can_be_used_nothing_is_claimed():
    told = estimates(74, 2)
    told.mean[:] = np.nan
    found = intersect(told)
    assert np.isnan(found.estimate.mean).all()
    assert np.isnan(found.spread_m).all()


# --- through time -------------------------------------------------------------------------------------------


def join(a: Estimate, b: Estimate) -> Estimate:
    return jax.tree.map(np.asarray, _join(a, b, BELIEF))


def carried(told: Estimate, to_s: float) -> Estimate:
    """Joined there with one that knows next to nothing: no kernel of its own to compile."""
    vague = one(told.mean, np.diag((1e5 * SIZE) ** 2), told.weight, to_s)
    return join(told, vague)


COASTING = one(body(), np.diag(SIZE**2), weight=(1e-9, 1 - 3e-9, 1e-9, 1e-9))


def test_an_estimate_carried_is_no_surer_and_one_that_stands_there_stays():
    late, same = carried(COASTING, 60.0), carried(COASTING, 0.0)
    assert late.time_s == 60.0
    assert impact(late.cov) > impact(COASTING.cov)
    assert np.allclose((same.mean - COASTING.mean) / SIZE, 0, atol=1e-6)
    assert np.allclose(scaled(same.cov), np.eye(STATE), atol=1e-6)


def test_over_minutes_a_coast_does_not_become_a_burn():
    late = carried(COASTING, 300.0)
    # The speed's spread carries the place 4.5 km away; a burn of a minute would be a hundred.
    assert np.sqrt(np.diagonal(late.cov)[:3]).max() < 8e3
    assert late.weight.argmax() == BALLISTIC


def test_two_estimates_meet_at_the_later_time_in_either_order():
    there = carried(COASTING, 40.0)
    late = one(there.mean, np.diag((0.2 * SIZE) ** 2), time_s=40.0)
    both, swapped = join(COASTING, late), join(late, COASTING)
    assert both.time_s == swapped.time_s == 40.0
    assert np.allclose((both.mean - late.mean)[:6] / SIZE[:6], 0, atol=1e-2)
    assert np.allclose((both.mean - swapped.mean) / SIZE, 0, atol=1e-6)


# --- reports together ---------------------------------------------------------------------------------------


def part(names: str, scale: float, time_s: float = 0.0, seed: int = 0) -> fuse.Part:
    told = estimates(seed, 1, 1.0)
    estimate = one(told.mean[0, 0], told.cov[0, 0] * scale**2)
    return fuse.Part(estimate, Evidence.of(names.split(), "JPN", time_s))


def test_a_partner_that_heard_nothing_new_since_is_left_out():
    ours, theirs = part("JPN-Sado", 1.0, 10.0), part("JPN-Sado", 0.9, 5.0)
    best = fuse.together([ours, theirs])
    assert best.used in ((0,), (1,))
    assert best.evidence.nations == {"JPN"}


def test_two_nations_of_their_own_sensors_are_both_used_and_named():
    best = fuse.together([part("JPN-Sado", 1.0), part("USA-IR-1", 1.0, seed=1)])
    assert best.used == (0, 1)
    assert best.evidence.nations == {"JPN", "USA"}
    assert sum(best.share) == pytest.approx(1)
    assert best.spread_m < min(
        np.sqrt(impact(one.estimate.cov)) for one in (part("x", 1), part("x", 1, seed=1))
    )


def test_the_report_that_holds_all_replaces_those_it_holds_when_it_is_surer():
    parts = [part("JPN-Sado", 3.0), part("USA", 3.0, seed=1), part("JPN USA", 0.1, seed=2)]
    assert fuse.together(parts).used == (2,)


def test_six_reports_are_taken_as_well_as_two():
    parts = [part(f"JPN-R{row}", 1.0, seed=row) for row in range(6)]
    best = fuse.together(parts)
    assert best.used == tuple(range(6))
    assert best.spread_m <= fuse.together(parts[:2]).spread_m * (1 + 1e-6)
