import jax
import numpy as np
import pytest

from noroshi.records.tracks import Estimate
from noroshi.tracking import fuse
from tests.tracking.made import BELIEF, LANES, body, coasting, covariance, eigenvalues, lanes, predict

SIZE = np.repeat([1000.0, 15.0, 1.0], 3)
TO_GO_S = 600.0  # over which a speed's spread grows into the impact's

_intersect, join = jax.jit(jax.vmap(fuse.intersect)), jax.jit(fuse.join)


def intersect(a: Estimate, b: Estimate) -> Estimate:
    return jax.tree.map(np.asarray, _intersect(a, b))


def estimates(seed: int, stretched: float = 2.0) -> Estimate:
    """LANES estimates, each sure in other directions."""
    chance = np.random.default_rng(seed)
    roots = chance.standard_normal((LANES, 9, 9)) * np.exp(
        stretched * chance.standard_normal((LANES, 1, 9)) / 2
    )
    cov = (roots @ roots.transpose(0, 2, 1) / 9 + 0.01 * np.eye(9)) * SIZE * SIZE[:, None]
    mean = body() + SIZE * chance.standard_normal((LANES, 9))
    return Estimate(np.zeros(LANES), mean, cov, chance.uniform(0, 1, LANES))


def weights(a: Estimate, b: Estimate, both: Estimate) -> np.ndarray:
    """The share of the first estimate [LANES], read from the probabilities of burning."""
    return (both.burning - b.burning) / (a.burning - b.burning)


def at_impact(cov: np.ndarray) -> np.ndarray:
    """Spread of the place, and of the speed over the way to go, m2."""
    return np.trace(cov[:, :3, :3], axis1=1, axis2=2) + TO_GO_S**2 * np.trace(
        cov[:, 3:6, 3:6], axis1=1, axis2=2
    )


def test_the_order_of_two_estimates_does_not_matter():
    a, b = estimates(60), estimates(61)
    ours, theirs = intersect(a, b), intersect(b, a)
    assert np.allclose((ours.mean - theirs.mean) / SIZE, 0, atol=1e-6)
    assert np.allclose(ours.cov / SIZE / SIZE[:, None], theirs.cov / SIZE / SIZE[:, None], atol=1e-6)
    assert np.allclose(ours.burning, theirs.burning)


def test_an_estimate_joined_with_itself_is_itself():
    # A report that comes back by another way makes nobody surer.
    a = estimates(62)
    again = intersect(a, a)
    assert np.allclose((again.mean - a.mean) / SIZE, 0, atol=1e-6)
    assert np.allclose(again.cov / SIZE / SIZE[:, None], a.cov / SIZE / SIZE[:, None], rtol=1e-9)
    assert np.allclose(again.burning, a.burning)


def test_two_estimates_of_one_covariance_are_no_surer_than_either():
    a = estimates(63)
    b = Estimate(a.time_s, a.mean + SIZE, a.cov, a.burning)
    both = intersect(a, b)
    assert np.allclose(both.cov / SIZE / SIZE[:, None], a.cov / SIZE / SIZE[:, None], rtol=1e-9)


def test_no_direction_is_surer_than_in_the_better_of_the_two():
    a, b = estimates(64), estimates(65)
    both = intersect(a, b)
    chance = np.random.default_rng(66)
    for _ in range(50):
        way = chance.standard_normal(9) * SIZE
        information = [np.einsum("i,lij,j->l", way, np.linalg.inv(one.cov), way) for one in (a, b, both)]
        assert (information[2] <= np.maximum(information[0], information[1]) * (1 + 1e-6)).all()


def test_the_weight_is_the_one_of_least_spread_at_the_impact():
    a, b = estimates(67), estimates(68)
    both = intersect(a, b)
    least = at_impact(both.cov)
    assert (least <= np.minimum(at_impact(a.cov), at_impact(b.cov)) * (1 + 1e-9)).all()
    for weight in np.linspace(0, 1, 11):
        other = np.linalg.inv(weight * np.linalg.inv(a.cov) + (1 - weight) * np.linalg.inv(b.cov))
        # The weights tried are a thirty-second apart, so a little may be left to gain.
        assert (least <= at_impact(other) * 1.02).all()
    share = weights(a, b, both)
    assert ((share > -1e-9) & (share < 1 + 1e-9)).all()
    assert ((share > 0.1) & (share < 0.9)).mean() > 0.2


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_it_is_never_surer_than_the_evidence_whatever_the_two_have_in_common(correlation):
    # Errors a = A u, b = B v with u and v correlated in any way: in no direction is the fused error's true
    # covariance larger than the one told.
    a, b = estimates(69), estimates(70)
    both = intersect(a, b)
    share = weights(a, b, both)[:, None, None]
    gain_a = share * both.cov @ np.linalg.inv(a.cov)
    gain_b = (1 - share) * both.cov @ np.linalg.inv(b.cov)
    assert np.allclose((gain_a + gain_b) * SIZE / SIZE[:, None], np.eye(9), atol=1e-6)
    turn = np.linalg.qr(np.random.default_rng(71).standard_normal((LANES, 9, 9)))[0]
    shared = correlation * np.linalg.cholesky(a.cov) @ turn @ np.linalg.cholesky(b.cov).transpose(0, 2, 1)
    middle = gain_a @ shared @ gain_b.transpose(0, 2, 1)
    true = gain_a @ a.cov @ gain_a.transpose(0, 2, 1) + gain_b @ b.cov @ gain_b.transpose(0, 2, 1)
    true = true + middle + middle.transpose(0, 2, 1)
    assert np.linalg.eigvalsh((both.cov - true) / SIZE / SIZE[:, None]).min() > -1e-8


def test_what_one_knows_across_and_the_other_along_is_known_both_ways():
    # Each is sure of one direction; both together are nearly as sure of each as the one that knows it.
    flat = covariance(5000.0, 50.0, 1e-3)
    covs = [flat.copy(), flat.copy()]
    for row, cov in enumerate(covs):
        cov[row, row], cov[row + 3, row + 3] = 50.0**2, 0.5**2
    a, b = (lanes(Estimate(np.float64(0), body(), cov, np.float64(0.0))) for cov in covs)
    sigma = np.sqrt(np.diagonal(intersect(a, b).cov[0]))
    assert (sigma[:2] < 80).all()
    assert (sigma[3:5] < 0.8).all()


def test_two_estimates_meet_at_the_later_time():
    early = Estimate(np.float64(10.0), body(), covariance(), np.float64(0.0))
    there = jax.tree.map(
        lambda leaf: np.asarray(leaf)[0], predict(lanes(coasting(body(), covariance(), 10.0)), 40.0)
    )
    late = Estimate(np.float64(40.0), there.mean[1], covariance(300.0, 20.0), np.float64(0.0))
    both = jax.tree.map(np.asarray, join(early, late, BELIEF))
    assert both.time_s == 40.0
    assert np.allclose((both.mean - late.mean)[:6] / np.repeat([300.0, 20.0], 3), 0, atol=0.05)
    swapped = jax.tree.map(np.asarray, join(late, early, BELIEF))
    assert np.allclose((both.mean - swapped.mean) / SIZE, 0, atol=1e-6)
    assert eigenvalues(both.cov).min() > 0
