"""Checks on chance have fixed seeds; each fails by chance once in a million."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.stats import chi2

from noroshi.earth import geometry
from noroshi.records.tracks import BURNING, COASTING, SLOTS, Stations, Track
from tests.tracking.made import (
    BIAS,
    LANES,
    SIGMA,
    begin,
    body,
    coasting,
    covariance,
    drift,
    eigenvalues,
    innovation,
    lanes,
    look,
    measured,
    move,
    predict,
    stations,
    update,
    wander,
)

RARE = 5e-7  # in each tail


def drawn(seed: int, believed: np.ndarray = BIAS):
    """Truth [LANES, 9] drawn from a filter's own belief, its tracks, stations and their errors."""
    chance = np.random.default_rng(seed)
    mean, cov = body(height_m=600e3), covariance()
    state = np.tile(mean, (LANES, 1))
    state[:, :6] += chance.standard_normal((LANES, 6)) * np.sqrt(np.diag(cov))[:6]
    known = lanes(stations(believed))
    bias = chance.standard_normal((LANES, SLOTS, 3)) * believed
    return chance, state, lanes(coasting(mean, cov)), known, bias


def squared_error(state: np.ndarray, track: Track) -> np.ndarray:
    """Error of the coasting model in sigmas, squared [LANES]; 6 degrees of freedom."""
    off = (state - np.asarray(track.mean)[:, COASTING])[:, :6]
    cov = np.asarray(track.cov)[:, COASTING, :6, :6]
    return np.einsum("li,li->l", off, np.linalg.solve(cov, off[..., None])[..., 0])


@pytest.mark.parametrize("believed", [BIAS, 0 * BIAS], ids=["biased stations", "exact stations"])
def test_the_filter_is_as_sure_as_it_may_be(believed):
    # Truth comes from the filter's own coasting model, so its squared error is chi-squared, 6 per track.
    checked = {2: 0.0, 10: 0.0, 60: 0.0}
    seeds = (40, 41)
    for seed in seeds:
        chance, state, track, known, bias = drawn(seed, believed)
        for count in range(1, 61):
            slot = count % 3
            state = move(state, 2.0) + wander(chance, 2.0)
            track = update(predict(track, 2.0 * count), look(chance, state, known, slot, bias), slot, known)
            if count in checked:
                checked[count] += squared_error(state, track).sum()
    freedom = 6 * LANES * len(seeds)
    low, high = chi2.ppf([RARE, 1 - RARE], freedom)
    for count, total in checked.items():
        assert low < total < high, f"after {count} looks {total / freedom * 6:.2f} instead of 6"


def test_unseen_a_coast_grows_as_unsure_as_its_own_noise_makes_it():
    # From a state known all but exactly, five minutes without a look.
    chance, state = np.random.default_rng(48), lanes(body(height_m=600e3))
    track = lanes(coasting(body(height_m=600e3), covariance(1e-2, 1e-5)))
    for count in range(1, 16):
        state = move(state, 20.0) + wander(chance, 20.0)
        track = drift(track, 20.0 * count)
    low, high = chi2.ppf([RARE, 1 - RARE], 6 * LANES)
    assert low < squared_error(state, track).sum() < high


def test_a_thousand_looks_of_one_station_do_not_beat_its_bias():
    # Half the lanes believe their stations exact, to show what would happen.
    chance, state, track, known, bias = drawn(42)
    exact = np.arange(LANES) % 2 == 1
    known = replace(known, bias_sigma=np.where(exact[:, None, None], 1e-3 * BIAS, known.bias_sigma))
    for count in range(1, 1001):
        state = move(state, 0.05) + wander(chance, 0.05)
        z = look(chance, state, known, 0, np.where(exact[:, None, None], 0.0, bias))
        track = update(predict(track, 0.05 * count), z, 0, known)
    seen = _slope(np.asarray(track.mean)[:, COASTING, :3], known.site_ecef_m[:, 0], known.axes[:, 0])
    cov = np.asarray(track.cov)[:, COASTING, :3, :3]
    sigma = np.sqrt(np.einsum("lij,ljk,lik->li", seen, cov, seen))
    assert (sigma[~exact] > 0.999 * BIAS).all()
    assert (sigma[exact] < 0.15 * BIAS).all()
    low, high = chi2.ppf([RARE, 1 - RARE], 6 * LANES)
    assert low < squared_error(state, track).sum() < high


_slope = jax.jit(
    jax.vmap(jax.jacfwd(lambda place, site, axes: geometry.range_azimuth_elevation(site, axes, place)))
)


# --- one update against the textbook ------------------------------------------------------------------------

OCTANTS = [
    (41.4, 141.2),  # Japan: x < 0, y > 0, z > 0
    (-33.0, 151.0),
    (50.0, 30.0),
    (-20.0, 45.0),
    (40.0, -75.0),
    (-15.0, -60.0),
    (37.0, -122.0),
    (-30.0, -150.0),
]


def by_hand(mean: np.ndarray, cov: np.ndarray, cross: np.ndarray, z: np.ndarray, known: Stations, slot: int):
    """Schmidt's update as the textbook has it, on state and biases together, its slope by differences."""
    step = np.diag([100.0] * 3 + [1.0] * 6)

    def h(state):
        return measured(state, known, slot)

    slope = np.stack([(h(mean + s) - h(mean - s)) / (2 * s.max()) for s in step], axis=1)
    H = np.concatenate([slope, np.zeros((3, 3 * SLOTS))], axis=1)
    H[:, 9 + 3 * slot : 12 + 3 * slot] = np.eye(3)
    P = np.block([[cov, cross], [cross.T, np.diag(known.bias_sigma.ravel() ** 2)]])
    R = np.diag(SIGMA**2)
    gain = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
    gain[9:] = 0  # considered, never estimated
    left = np.eye(len(P)) - gain @ H
    after = left @ P @ left.T + gain @ R @ gain.T
    return mean + gain[:9] @ (z - h(mean)), after[:9, :9], after[:9, 9:]


@pytest.mark.parametrize("lat_deg, lon_deg", OCTANTS)
def test_an_update_is_the_textbooks_in_every_octant(lat_deg, lon_deg):
    known = stations(places=[(lat_deg, lon_deg), (lat_deg + 3, lon_deg - 4)])
    mean, cov = body(lat_deg + 4, lon_deg - 5), _random_covariance(np.random.default_rng(43))
    assert (np.sign(mean[:3]) == np.sign(known.site_ecef_m[0])).all()
    track = lanes(coasting(mean, cov))
    hand = mean, cov, np.zeros((9, 3 * SLOTS))
    for slot in (0, 1, 0):
        z = measured(hand[0], known, slot) + np.array([80.0, 7e-4, -5e-4])
        track = update(track, np.tile(z, (LANES, 1)), slot, lanes(known))
        hand = by_hand(*hand, z, known, slot)
    ours = [np.asarray(part)[0, COASTING] for part in (track.mean, track.cov, track.cross)]
    sigma = np.sqrt(np.diag(hand[1]))
    assert np.allclose((ours[0] - hand[0]) / sigma, 0, atol=1e-4)
    assert np.allclose((ours[1] - hand[1]) / sigma / sigma[:, None], 0, atol=1e-5)
    biases = np.tile(BIAS, SLOTS)
    assert np.allclose((ours[2] - hand[2]) / sigma[:, None] / biases, 0, atol=1e-5)


def _random_covariance(chance: np.random.Generator) -> np.ndarray:
    """Well-conditioned but correlated, place some km, speed some tens of m/s."""
    root = chance.standard_normal((9, 12))
    size = np.repeat([1500.0, 20.0, 1e-3], 3)
    return root @ root.T / 12 * size * size[:, None]


def test_a_measurement_never_adds_uncertainty():
    # In no direction of the state space, whatever was known before and of the biases.
    chance = np.random.default_rng(44)
    known = lanes(stations())
    covs = np.stack([_random_covariance(chance) for _ in range(LANES)])
    track = lanes(coasting(body(), covs[0]))
    before = replace(track, cov=np.stack([covs, covs], axis=1))
    state = np.asarray(before.mean)[:, COASTING]
    for slot in (0, 1, 1):
        after = update(before, look(chance, state, known, slot, np.zeros((LANES, SLOTS, 3))), slot, known)
        old, new = (np.asarray(track.cov)[:, COASTING, :6, :6] for track in (before, after))
        size = np.sqrt(np.diagonal(old, axis1=1, axis2=2))
        gained = (old - new) / size[:, :, None] / size[:, None, :]
        assert np.linalg.eigvalsh(gained).min() > -1e-9
        assert np.trace(gained, axis1=1, axis2=2).min() > 0.01
        before = after


# --- symmetry -----------------------------------------------------------------------------------------------


def test_results_turn_and_mirror_with_the_world():
    # Turned about the Earth's axis, or with north and south exchanged, everything is as it was: J2, Coriolis
    # and the filter know no other direction. A slope that goes wrong in one octant would show here.
    chance = np.random.default_rng(45)
    angles = chance.uniform(-np.pi, np.pi, LANES)
    cos, sin, zero = np.cos(angles), np.sin(angles), 0 * angles
    mirror = np.where(np.arange(LANES) % 2 == 0, 1.0, -1.0)
    turn = np.stack([[cos, -sin, zero], [sin, cos, zero], [zero, zero, mirror]]).transpose(2, 0, 1)
    turn[0] = np.eye(3)
    known = lanes(stations())
    there = Stations(
        np.einsum("lij,lsj->lsi", turn, known.site_ecef_m),
        np.einsum("lij,lskj->lski", turn, known.axes),
        known.bias_sigma,
    )
    # A burn of 30 s, then a coast: both models and their probabilities are at work.
    state = lanes(body(height_m=150e3, enu_mps=(1500.0, 100.0, 1500.0)))
    state[:, 6:] = state[:, 3:6] / np.linalg.norm(state[0, 3:6]) * 40
    none = np.zeros((LANES, SLOTS, 3))
    track = None
    for count in range(30):
        z = np.tile(look(chance, state, known, count % 3, none)[0], (LANES, 1))
        if track is None:
            track = begin(0.0, z, 0, there)
        else:
            track = update(predict(track, 2.0 * count), z, count % 3, there)
        if count in (14, 29):
            _same_but_for(turn, track)
        state = move(state, 2.0, float(count < 15))


def _same_but_for(turn: np.ndarray, track: Track) -> None:
    """Every lane's track is the first lane's, turned."""
    back = np.zeros((LANES, 9, 9))
    for block in (slice(0, 3), slice(3, 6), slice(6, 9)):
        back[:, block, block] = turn.transpose(0, 2, 1)
    mean = np.einsum("lij,lmj->lmi", back, np.asarray(track.mean))
    cov = np.einsum("lij,lmjk,lhk->lmih", back, np.asarray(track.cov), back)
    size = np.sqrt(np.diagonal(cov[0], axis1=1, axis2=2))
    assert np.allclose((mean - mean[0]) / size, 0, atol=1e-4)
    assert np.allclose((cov - cov[0]) / size[:, :, None] / size[:, None, :], 0, atol=1e-4)
    assert np.allclose(track.weight, track.weight[0], atol=1e-4)


# --- burning and coasting -----------------------------------------------------------------------------------


def boosted(seed: int, believed: np.ndarray = BIAS):
    """Missiles that burn for 20 to 60 s more, then coast, and their tracks by three stations, every 2 s."""
    chance = np.random.default_rng(seed)
    burns_s = chance.uniform(20, 60, LANES)
    state = np.stack(
        [
            body(40.5 + north, 130 + east, height, (speed, 100.0, speed))
            for north, east, height, speed in zip(
                *(
                    chance.uniform(low, high, LANES)
                    for low, high in ((-1, 1), (-2, 2), (60e3, 120e3), (800, 1800))
                ),
                strict=True,
            )
        ]
    )
    along = state[:, 3:6] / np.linalg.norm(state[:, 3:6], axis=1, keepdims=True)
    state[:, 6:] = along * chance.uniform(25, 45, (LANES, 1))
    known = lanes(stations(believed))
    bias = chance.standard_normal((LANES, SLOTS, 3)) * believed
    track = begin(0.0, look(chance, state, known, 0, bias), 0, known)
    for count in range(1, 46):
        time_s = 2.0 * count
        burning = np.clip(burns_s - (time_s - 2.0), 0, 2.0)
        # Burns that end inside a step are flown in two parts.
        state = move(move(state, burning, 1.0), 2.0 - burning, 0.0)
        slot = count % 3
        track = update(predict(track, time_s), look(chance, state, known, slot, bias), slot, known)
        yield time_s, burns_s, state, track


@pytest.fixture(scope="module")
def flights():
    return [
        (time_s, burns_s, state, jax.tree.map(np.asarray, track))
        for time_s, burns_s, state, track in boosted(46)
    ]


def test_burning_is_believed_under_thrust_and_no_more_soon_after_burnout(flights):
    believed = {}
    for time_s, burns_s, _, track in flights:
        burning = track.weight[:, BURNING]
        assert np.allclose(track.weight.sum(axis=1), 1)
        still, done = time_s < burns_s, time_s > burns_s + 12
        believed[time_s] = np.median(burning[still]) if still.any() else None
        if time_s >= 20:
            assert (burning[still] > 0.5).all()
        assert (burning[done] < 0.05).all()
    assert believed[10.0] < believed[20.0] < 1
    assert believed[20.0] > 0.95


def test_the_thrust_is_found_while_it_burns(flights):
    errors = []
    for time_s, burns_s, state, track in flights:
        if time_s > 20:
            still = time_s < burns_s
            off = track.mean[still, BURNING, 6:] - state[still, 6:]
            errors.extend(np.linalg.norm(off, axis=1) / np.linalg.norm(state[still, 6:], axis=1))
    assert np.median(errors) < 0.1


def test_covariances_stay_symmetric_and_positive(flights):
    known = stations()
    biases = np.diag(known.bias_sigma.ravel() ** 2)
    for time_s, _, _, track in flights:
        cov, cross = track.cov, track.cross
        assert np.isfinite(cov).all()
        size = np.sqrt(np.diagonal(cov, axis1=2, axis2=3))
        skew = (cov - np.swapaxes(cov, 2, 3)) / size[..., :, None] / size[..., None, :]
        assert np.abs(skew).max() < 1e-9
        assert eigenvalues(cov).min() > 0
        # Together with the biases too, or the state would know more of a bias than there is.
        if time_s in (2.0, 20.0, 50.0, 90.0):
            whole = np.zeros((*cov.shape[:2], 9 + 3 * SLOTS, 9 + 3 * SLOTS))
            whole[..., :9, :9], whole[..., 9:, 9:] = cov, biases
            whole[..., :9, 9:], whole[..., 9:, :9] = cross, np.swapaxes(cross, 2, 3)
            assert eigenvalues(whole).min() > -1e-9


def test_burnout_between_two_looks_is_covered_by_the_spread(flights):
    # From 12 s after burnout the coasting model stands for the body: its error is as large as it says. The
    # boost is not the filter's own, so this is a band, not a chi-squared test.
    errors = [squared_error(state, track)[time_s > burns_s + 12] for time_s, burns_s, state, track in flights]
    assert 3 < np.concatenate(errors).mean() < 9


def test_a_look_that_lies_far_off_is_told_as_such():
    # In sigmas squared of what the filter expects, which for a known place and exact stations is the plot's
    # own noise.
    exact = measured(body(), stations(), 0)
    track = lanes(coasting(body(), covariance(1e-2, 1e-2)))
    off = np.random.default_rng(47).standard_normal((LANES, 3)) * np.arange(LANES)[:, None] / 10
    told = innovation(track, exact + off * SIGMA, 0, lanes(stations(1e-6 * BIAS)))
    assert told.distance2 == pytest.approx((off**2).sum(axis=1), rel=1e-3, abs=1e-6)
    assert np.asarray(told.residual) == pytest.approx(off * SIGMA, abs=1e-6)


def test_a_new_track_stands_where_the_plot_is():
    known = stations()
    z = np.array([9e5, -1.2, 0.3])
    track = jax.tree.map(
        lambda leaf: np.asarray(leaf)[0], begin(5.0, np.tile(z, (LANES, 1)), 1, lanes(known))
    )
    assert measured(track.mean[BURNING], known, 1) == pytest.approx(z, rel=1e-9)
    assert (track.mean[:, 3:] == 0).all()
    # Its place is as unsure as noise and bias together.
    seen = np.asarray(_slope(track.mean[:1, :3], known.site_ecef_m[1:2], known.axes[1:2]))[0]
    sigma = np.sqrt(np.diag(seen @ track.cov[BURNING, :3, :3] @ seen.T))
    assert sigma == pytest.approx(np.hypot(SIGMA, BIAS), rel=1e-6)
