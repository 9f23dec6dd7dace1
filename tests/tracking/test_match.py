import jax
import numpy as np
import pytest
from scipy.stats import chi2

from noroshi.records.tracks import STATE, Estimate
from noroshi.tracking import match
from noroshi.tracking.match import GATE, LET_GO

SIZE = np.array([200.0] * 3 + [5.0] * 3)
PLACE = np.array([-3.6e6, 3.4e6, 4.3e6, -3e3, -2e3, 3e3])


def told(mean: np.ndarray, cov: np.ndarray) -> Estimate:
    """Estimates [n] of place and velocity; the rest of the state says nothing."""
    n = len(mean)
    whole = np.tile(np.diag([1.0] * STATE), (n, 1, 1))
    whole[:, :6, :6] = cov
    return Estimate(
        np.zeros(n), np.concatenate([mean, np.zeros((n, 4))], axis=1), whole, np.full((n, 4), 0.25)
    )


def covariances(chance: np.random.Generator, n: int, scale: float = 1.0) -> np.ndarray:
    roots = chance.standard_normal((n, 6, 12))
    return scale**2 * (roots @ roots.swapaxes(1, 2) / 12) * SIZE * SIZE[:, None]


def draw(chance: np.random.Generator, mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    return mean + np.einsum("nij,nj->ni", np.linalg.cholesky(cov), chance.standard_normal(mean.shape))


def pairs(found) -> set[tuple[int, int]]:
    return {(pair.ours, pair.theirs) for pair in found}


def test_the_gates_hold_what_they_say():
    assert chi2.sf(GATE, 6) == pytest.approx(1e-3, rel=1e-2)
    assert chi2.sf(LET_GO, 6) == pytest.approx(1e-6, rel=2e-2)


def test_the_distance_is_that_of_a_library():
    chance = np.random.default_rng(1)
    a, b = covariances(chance, 5), covariances(chance, 7, 3.0)
    one, two = draw(chance, np.tile(PLACE, (5, 1)), a), draw(chance, np.tile(PLACE, (7, 1)), b)
    distance2, ratio = match.compare(told(one, a), told(two, b))
    apart = np.diag(np.repeat([50e3**2, 300.0**2], 3))
    for row in range(5):
        for column in range(7):
            spread = match.bound(a[row], b[column])
            off = one[row] - two[column]
            assert distance2[row, column] == pytest.approx(off @ np.linalg.solve(spread, off), rel=1e-9)
            wider = spread + apart
            logs = np.linalg.slogdet(spread)[1] - np.linalg.slogdet(wider)[1]
            expected = distance2[row, column] + logs - off @ np.linalg.solve(wider, off)
            assert ratio[row, column] == pytest.approx(expected, rel=1e-9)


def test_the_bound_holds_for_every_correlation_of_the_two():
    chance = np.random.default_rng(2)
    for _ in range(200):
        a, b = covariances(chance, 2, np.exp(chance.normal()))
        turn = np.linalg.qr(chance.standard_normal((6, 6)))[0] * chance.uniform(-1, 1)
        shared = np.linalg.cholesky(a) @ turn @ np.linalg.cholesky(b).T
        left = match.bound(a, b) - (a + b - shared - shared.T)
        assert np.linalg.eigvalsh(left / SIZE / SIZE[:, None]).min() > -1e-9


def test_of_equal_covariances_the_bound_is_twice_their_sum():
    a = covariances(np.random.default_rng(3), 1)[0]
    assert np.allclose(match.bound(a, a), 4 * a)


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.9])
def test_a_true_pair_lies_outside_the_gate_no_oftener_than_said(correlation):
    chance, n = np.random.default_rng(4), 2000
    cov = covariances(chance, 1)[0]
    root = np.linalg.cholesky(cov)
    first = chance.standard_normal((n, 6))
    second = correlation * first + np.sqrt(1 - correlation**2) * chance.standard_normal((n, 6))
    missed = 0
    for u, v in zip(first, second, strict=True):
        one, two = (told((PLACE + root @ w)[None], cov[None]) for w in (u, v))
        missed += not match.match(one, two)
    # 2000 pairs at a thousandth: more than 11 has a chance below 1e-5.
    assert missed <= 11


def test_a_salvo_of_a_hundred_is_paired_right_where_it_can_be_told_apart():
    chance, n = np.random.default_rng(5), 100
    # Some 20 km apart, known to 200 m: thirty sigmas.
    true = PLACE + np.concatenate([chance.normal(0, 20e3, (n, 3)), chance.normal(0, 50.0, (n, 3))], axis=1)
    order = chance.permutation(n)
    a, b = covariances(chance, n), covariances(chance, n, 2.0)
    ours, theirs = told(draw(chance, true, a), a), told(draw(chance, true, b)[order], b[order])
    found = match.match(ours, theirs)
    right = {(int(row), column) for column, row in enumerate(order)}
    assert len(pairs(found) & right) >= 99
    assert not pairs(found) - right


def test_the_whole_pairing_is_likelier_than_the_nearest_first():
    # Ours at 0 and 3, theirs at 2 and 5 (in sigmas): the nearest pair first, 3 with 2, would leave the others
    # five apart.
    sigma = np.tile(np.diag(SIZE**2), (2, 1, 1))
    step = np.zeros(6)
    step[0] = 2 * SIZE[0]
    ours = told(PLACE + np.outer([0.0, 3.0], step), sigma)
    theirs = told(PLACE + np.outer([2.0, 5.0], step), sigma)
    assert pairs(match.match(ours, theirs)) == {(0, 0), (1, 1)}


@pytest.mark.parametrize("ours_n, theirs_n", [(0, 3), (3, 0), (0, 0)])
def test_nobody_is_paired_with_nobody(ours_n, theirs_n):
    def some(n):
        return told(np.tile(PLACE, (n, 1)), np.tile(np.diag(SIZE**2), (n, 1, 1)))

    assert match.match(some(ours_n), some(theirs_n)) == ()


def test_who_fits_nobody_stays_alone():
    chance = np.random.default_rng(6)
    cov = covariances(chance, 3)
    far = np.array([500e3, 0, 0, 0, 0, 0])
    ours = told(np.stack([PLACE, PLACE + far, PLACE - far]), cov)
    theirs = told(np.stack([PLACE - far]), cov[:1])
    assert pairs(match.match(ours, theirs)) == {(2, 0)}


def between(sigmas: float) -> tuple[Estimate, Estimate]:
    """Ours, and two of theirs: the first `sigmas` (of the difference) away, the second on the spot."""
    cov = np.diag(SIZE**2)
    step = np.zeros(6)
    step[0] = 2 * SIZE[0] * sigmas
    return told(PLACE[None], cov[None]), told(np.stack([PLACE + step, PLACE]), np.tile(cov, (2, 1, 1)))


def test_a_pair_once_matched_stays_while_another_is_only_a_little_nearer():
    ours, theirs = between(2.5)
    assert pairs(match.match(ours, theirs)) == {(0, 1)}
    kept = match.match(ours, theirs, former=[(0, 0)])
    assert pairs(kept) == {(0, 0)}
    assert kept[0].former


def test_a_pair_once_matched_is_let_go_when_another_is_clearly_nearer():
    ours, theirs = between(4.5)
    assert pairs(match.match(ours, theirs, former=[(0, 0)])) == {(0, 1)}


@pytest.mark.parametrize("sigmas, new, kept", [(4.0, True, True), (5.5, False, True), (6.5, False, False)])
def test_a_pair_once_matched_stays_beyond_the_gate_until_it_is_implausible(sigmas, new, kept):
    ours, theirs = between(sigmas)
    alone = jax.tree.map(lambda leaf: leaf[:1], theirs)
    assert bool(match.match(ours, alone)) is new
    assert bool(match.match(ours, alone, former=[(0, 0)])) is kept


@pytest.mark.parametrize("spoil", ["nan", "negative", "infinite"])
def test_what_is_no_estimate_is_in_no_pair_and_disturbs_no_other(spoil):
    chance = np.random.default_rng(7)
    n = 6
    true = PLACE + np.concatenate([chance.normal(0, 50e3, (n, 3)), np.zeros((n, 3))], axis=1)
    cov = covariances(chance, n)
    ours, theirs = told(draw(chance, true, cov), cov), told(draw(chance, true, cov), cov)
    if spoil == "nan":
        theirs.mean[2, 1] = np.nan
    elif spoil == "negative":
        theirs.cov[2] = -theirs.cov[2]
    else:
        theirs.cov[2, 0, 0] = np.inf
    assert pairs(match.match(ours, theirs)) == {(row, row) for row in range(n) if row != 2}
