"""Laws of the textbook filters: what any measurement, axis or covariance must leave true."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from noroshi.earth import frames
from noroshi.tracking import kalman
from noroshi.tracking.kalman import Gaussian, Spread

SEEDS = st.integers(0, 2**31 - 1)
# One in ten thousand for each claim about chance.
RARE = 1e-4
R3 = np.diag([25.0, 1e-6, 1e-6])


def covariance(chance: np.random.Generator, n: int, scale: float = 1.0) -> np.ndarray:
    root = chance.normal(size=(n, n))
    return scale * (root @ root.T + 0.1 * np.eye(n))


@jax.jit
def turning(x):
    """Some smooth motion that is not linear."""
    return jnp.stack([x[0] + x[1], x[1] - 0.1 * jnp.sin(x[0]) * x[2], 0.9 * x[2] + 0.05 * x[0] ** 2])


def looking(x):
    return jnp.stack([jnp.sqrt(1 + x @ x), x[1] * x[2]])


both = pytest.mark.parametrize("kind", ["extended", "unscented"])


def predicted(kind, prior, f, Q):
    return kalman.predict(prior, f, Q) if kind == "extended" else kalman.unscented_predict(prior, f, Q)


def updated(kind, prior, z, h, R):
    return kalman.update(prior, z, h, R) if kind == "extended" else kalman.unscented_update(prior, z, h, R)


@both
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_a_linear_gaussian_problem_is_solved_exactly(kind, seed):
    chance = np.random.default_rng(seed)
    F, H = chance.normal(size=(3, 3)), chance.normal(size=(2, 3))
    P, Q, R = covariance(chance, 3), covariance(chance, 3), covariance(chance, 2)
    x, z = chance.normal(size=3), chance.normal(size=2)
    prior = predicted(kind, Gaussian(x, P), lambda x: F @ x, Q)
    posterior, innovation = updated(kind, prior, z, lambda x: H @ x, R)
    # By information instead of covariance: other arithmetic, the same answer.
    ahead = F @ P @ F.T + Q
    told = np.linalg.inv(ahead) + H.T @ np.linalg.inv(R) @ H
    mean = np.linalg.solve(told, np.linalg.solve(ahead, F @ x) + H.T @ np.linalg.solve(R, z))
    assert np.allclose(posterior.cov, np.linalg.inv(told), rtol=1e-7, atol=1e-9)
    assert np.allclose(posterior.mean, mean, rtol=1e-7, atol=1e-7)
    expected = stats.multivariate_normal(H @ F @ x, H @ ahead @ H.T + R).logpdf(z)
    assert innovation.log_likelihood == pytest.approx(expected, rel=1e-7, abs=1e-7)
    off = z - H @ F @ x
    assert innovation.distance2 == pytest.approx(off @ np.linalg.solve(H @ ahead @ H.T + R, off), rel=1e-7)


@both
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_a_measurement_never_adds_uncertainty_and_a_covariance_stays_one(kind, seed):
    chance = np.random.default_rng(seed)
    prior = Gaussian(chance.normal(size=3), covariance(chance, 3))
    posterior, _ = updated(kind, prior, chance.normal(size=2), looking, covariance(chance, 2, 0.1))
    gain = np.linalg.eigvalsh(prior.cov - np.asarray(posterior.cov))
    assert gain.min() > -1e-9 * np.trace(prior.cov)
    assert np.linalg.eigvalsh(np.asarray(posterior.cov)).min() > 0
    assert np.array_equal(posterior.cov, np.asarray(posterior.cov).T)


@both
def test_a_look_a_million_times_sharper_than_the_prior_leaves_a_covariance(kind):
    chance = np.random.default_rng(5)
    for _ in range(20):
        prior = Gaussian(chance.normal(size=6), covariance(chance, 6, 1e12))
        H = chance.normal(size=(3, 6))
        posterior, _ = updated(kind, prior, np.zeros(3), lambda x, H=H: H @ x, np.eye(3))
        assert np.linalg.eigvalsh(np.asarray(posterior.cov)).min() > 0


def test_the_slope_is_exact_where_differences_are_not():
    # In ECEF at the Earth's radius, x below zero: a difference in steps of rounding is a tenth off there.
    place = frames.ecef(np.radians(38.0), np.radians(139.0), 100e3)
    site = frames.ecef(np.radians(36.0), np.radians(141.0), 0.0)

    def bearing(x):
        return jnp.stack([jnp.arctan2(x[1] - site[1], x[0] - site[0])])

    prior = Gaussian(jnp.asarray(place), jnp.eye(3))
    _, innovation = kalman.update(prior, bearing(prior.mean), bearing, np.zeros((1, 1)) + 1e-30)
    # The variance of a bearing to a metre of uncertainty: one over the square of the distance in the plane.
    level2 = (place[0] - site[0]) ** 2 + (place[1] - site[1]) ** 2
    assert innovation.cov[0, 0] * level2 == pytest.approx(1.0, rel=1e-12)


def moving(x):
    """Two bodies' gravity at the Earth's scale."""
    step = 5.0
    pull = -3.986004418e14 * x[:3] / jnp.sqrt(x[:3] @ x[:3]) ** 3
    return jnp.concatenate([x[:3] + step * x[3:] + step**2 / 2 * pull, x[3:] + step * pull])


def ranging(x, site):
    off = x[:3] - site
    return jnp.stack([jnp.sqrt(off @ off), x[3:] @ off / jnp.sqrt(off @ off)])


@both
@pytest.mark.parametrize("turn", ["mirror x", "mirror all", "a third of a turn"])
def test_filters_do_not_know_which_way_the_axes_point(kind, turn):
    chance = np.random.default_rng(3)
    angle = 2 * np.pi / 3
    T = {
        "mirror x": np.diag([-1.0, 1.0, 1.0]),
        "mirror all": -np.eye(3),
        "a third of a turn": np.array(
            [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        ),
    }[turn]
    TT = np.kron(np.eye(2), T)
    x = np.array([4.0e6, 3.5e6, 4.2e6, 1000.0, -2000.0, 3000.0])
    site = np.array([3.9e6, 3.6e6, 3.6e6])
    P = np.diag([1e6] * 3 + [1e4] * 3) + covariance(chance, 6)
    Q, R = np.eye(6), np.diag([25.0, 1.0])
    z = np.asarray(ranging(jnp.asarray(moving(x)), site)) + np.array([300.0, 5.0])

    def ends(x, P, site):
        prior = predicted(kind, Gaussian(jnp.asarray(x), jnp.asarray(P)), moving, Q)
        return updated(kind, prior, z, partial(ranging, site=jnp.asarray(site)), R)[0]

    plain, turned = ends(x, P, site), ends(TT @ x, TT @ P @ TT.T, T @ site)
    sigma = np.sqrt(np.diag(plain.cov))
    back, cov = TT.T @ turned.mean, TT.T @ turned.cov @ TT
    # Sigma points lie along other directions after a turn.
    near = 1e-6 if kind == "extended" or "mirror" in turn else 1e-2
    assert np.all(abs(back - plain.mean) / sigma < near)
    assert np.all(abs(cov - plain.cov) / np.outer(sigma, sigma) < near)


@both
def test_a_bearing_across_the_jump_is_as_good_as_any(kind):
    residual = kalman.wrapped(np.array([True]))

    def end(turn):
        sin, cos = np.sin(turn), np.cos(turn)
        T = np.array([[cos, -sin], [sin, cos]])
        prior = Gaussian(T @ np.array([-100.0, 0.1]), T @ np.diag([4.0, 9.0]) @ T.T)
        z = np.array([np.arctan2(*(T @ np.array([-100.0, -1.0]))[::-1])])

        def h(x):
            return jnp.stack([jnp.arctan2(x[1], x[0])])

        step = kalman.update if kind == "extended" else kalman.unscented_update
        posterior, _ = step(prior, z, h, np.array([[1e-4]]), residual=residual)
        return T.T @ posterior.mean

    # Sigma points lie along other directions after a turn.
    assert np.allclose(end(0.0), end(1.0), atol=1e-9 if kind == "extended" else 0.02)
    # And without the residual it is not.
    prior = Gaussian(np.array([-100.0, 0.1]), np.diag([4.0, 9.0]))
    lost, _ = kalman.update(
        prior, np.array([-3.13]), lambda x: jnp.stack([jnp.arctan2(x[1], x[0])]), 1e-4 * np.eye(1)
    )
    assert abs(lost.mean[1]) > 100


def test_sigma_points_carry_mean_and_covariance_of_a_quadratic_exactly():
    # y = x^2 of x ~ N(m, s2): mean m^2 + s2, variance 4 m^2 s2 + 2 s2^2, which beta = 2 gets right.
    m, s2 = 1.5, 0.49
    prior = Gaussian(np.array([m]), np.array([[s2]]))
    moved = kalman.unscented_predict(prior, lambda x: x**2, np.zeros((1, 1)), Spread(1e-2, 2.0, 0.0))
    assert moved.mean[0] == pytest.approx(m**2 + s2, rel=1e-9)
    assert moved.cov[0, 0] == pytest.approx(4 * m**2 * s2 + 2 * s2**2, rel=1e-6)


def test_sigma_points_see_the_fuel_that_a_slope_does_not():
    # Through a curve the mean moves: the extended filter keeps the image of the mean.
    chance = np.random.default_rng(2)
    prior = Gaussian(np.array([0.3, -0.2, 0.5]), covariance(chance, 3, 0.2))
    drawn = chance.multivariate_normal(prior.mean, prior.cov, size=200_000)
    exact = np.asarray(jax.vmap(turning)(drawn))
    limit = stats.norm.ppf(1 - RARE / 2) * exact.std(axis=0) / np.sqrt(len(exact))
    unscented = kalman.unscented_predict(prior, turning, np.zeros((3, 3)), Spread())
    extended = kalman.predict(prior, turning, np.zeros((3, 3)))
    assert abs(unscented.mean[2] - exact.mean(axis=0)[2]) < limit[2]
    assert abs(extended.mean[2] - exact.mean(axis=0)[2]) > limit[2]


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 6))
def test_small_systems_are_solved_as_numpy_solves_them(seed, size):
    chance = np.random.default_rng(seed)
    # Metres beside milliradians: rows of very different scale.
    scale = np.diag(10.0 ** chance.uniform(-4, 4, size))
    S, B = scale @ covariance(chance, size) @ scale, chance.normal(size=(size, 3))
    solved, log_det = kalman.solve(jnp.asarray(S), jnp.asarray(B))
    expected = np.linalg.solve(S, B)
    assert np.allclose(solved, expected, rtol=1e-8, atol=1e-10 * abs(expected).max())
    assert log_det == pytest.approx(np.linalg.slogdet(S)[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("size", [2, 5])
def test_what_is_no_covariance_shows_in_the_likelihood(size):
    prior = Gaussian(jnp.zeros(size), -jnp.eye(size))
    _, innovation = kalman.update(prior, jnp.zeros(size), lambda x: x, 0.5 * jnp.eye(size))
    assert not np.isfinite(innovation.log_likelihood)
    _, innovation = kalman.update(prior, jnp.full(size, jnp.nan), lambda x: x, 2.0 * jnp.eye(size))
    assert np.isnan(innovation.distance2)


def test_a_thousand_filters_side_by_side_are_a_thousand_filters():
    chance = np.random.default_rng(8)
    means = chance.normal(size=(100, 3))
    covs = np.stack([covariance(chance, 3) for _ in range(100)])
    z, R = chance.normal(size=(100, 2)), np.eye(2)

    def step(prior, z):
        return kalman.update(kalman.predict(prior, turning, np.eye(3)), z, looking, R)

    together, told = jax.jit(jax.vmap(step))(Gaussian(means, covs), z)
    for row in (0, 41, 99):
        alone, one = step(Gaussian(means[row], covs[row]), z[row])
        assert np.allclose(together.mean[row], alone.mean, rtol=1e-12)
        assert np.allclose(together.cov[row], alone.cov, rtol=1e-10)
        assert told.distance2[row] == pytest.approx(float(one.distance2))


# Range m, azimuth and elevation rad; sigmas. Near and rough, far and fine, far and rough.
CONVERSIONS = [
    ((2.0e5, 0.7, 0.5), (30.0, 0.05, 0.08)),
    ((1.0e6, -2.5, 0.2), (10.0, 1.7e-3, 1.7e-3)),
    ((3.0e6, 3.0, 1.2), (1e3, 0.02, 0.01)),
]


@pytest.mark.parametrize("exact, sigma", CONVERSIONS)
def test_conversion_is_unbiased_and_its_covariance_is_that_of_the_error(exact, sigma):
    chance = np.random.default_rng(4)
    z = np.array(exact) + np.array(sigma) * chance.normal(size=(200_000, 3))
    converted = jax.jit(jax.vmap(lambda z: kalman.converted(z, jnp.array(sigma))))(z)
    r, azimuth, elevation = exact
    truth = r * np.array(
        [np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth), np.sin(elevation)]
    )
    off = np.asarray(converted.mean) - truth
    limit = stats.norm.ppf(1 - RARE / 2)
    assert np.all(abs(off.mean(axis=0)) < limit * off.std(axis=0) / np.sqrt(len(off)))
    # What is left out by plain conversion is many times as large.
    level = z[:, 0] * np.cos(z[:, 2])
    up = z[:, 0] * np.sin(z[:, 2])
    plain = np.stack([level * np.sin(z[:, 1]), level * np.cos(z[:, 1]), up], axis=1) - truth
    along = truth / r
    assert abs((plain @ along).mean()) > 5 * abs((off @ along).mean())
    # The covariance: as a whole the mean of those handed out, each taken where the noise put it.
    expected, found = np.asarray(converted.cov).mean(axis=0), off.T @ off / len(off)
    weight = np.linalg.cholesky(expected)
    ratio = np.linalg.solve(weight, np.linalg.solve(weight, found).T)
    # Across the line of sight as it is; along it too wide where rough angles blur the depth, never too sure.
    values = np.linalg.eigvalsh(ratio)
    assert np.all(abs(values[1:] - 1) < limit * np.sqrt(2 / len(off)) + 0.02)
    assert 0.15 < values[0] < 1.02


@pytest.mark.parametrize("exact, sigma", CONVERSIONS)
def test_conversion_keeps_a_covariance_at_any_distance(exact, sigma):
    for r in (1e3, 1e6, 4e7):
        z = jnp.array([r, *exact[1:]])
        cov = np.asarray(kalman.converted(z, jnp.array([1.0, *sigma[1:]])).cov)
        assert np.linalg.eigvalsh(cov).min() > 0.5


def test_conversion_at_fine_angles_is_the_first_order_one():
    z, sigma = jnp.array([4.2e7, 0.4, 0.3]), jnp.array([1.0, 1e-9, 1e-9])

    def place(z):
        return z[0] * jnp.stack([jnp.cos(z[2]) * jnp.sin(z[1]), jnp.cos(z[2]) * jnp.cos(z[1]), jnp.sin(z[2])])

    J = np.asarray(jax.jacfwd(place)(z))
    assert np.allclose(kalman.converted(z, sigma).cov, J @ np.diag(sigma**2) @ J.T, rtol=1e-9, atol=1e-9)


def test_conversion_puts_the_place_into_the_sites_frame():
    lat, lon = np.radians(40.8), np.radians(140.3)
    site, axes = frames.ecef(lat, lon, 200.0), frames.enu_axes(lat, lon)
    z, sigma = jnp.array([5e5, 0.3, 0.6]), jnp.array([30.0, 1e-6, 1e-6])
    here = kalman.converted(z, sigma, site, jnp.asarray(axes))
    local = kalman.converted(z, sigma)
    assert np.allclose(axes @ (here.mean - site), local.mean, atol=1e-6)
    assert np.allclose(axes @ here.cov @ axes.T, local.cov, rtol=1e-9, atol=1e-6)


def test_a_plane_is_space_without_elevation():
    plane = kalman.converted_polar(jnp.array([1e5, 0.3]), jnp.array([20.0, 0.02]))
    assert plane.mean == pytest.approx(1e5 * np.exp(0.02**2 / 2) * np.array([np.cos(0.3), np.sin(0.3)]))
    across = np.array([-np.sin(0.3), np.cos(0.3)])
    assert across @ plane.cov @ across == pytest.approx((1e5 * 0.02) ** 2, rel=1e-2)
