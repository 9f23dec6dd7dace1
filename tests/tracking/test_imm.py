"""Checks on chance have fixed seeds; each fails by chance once in a million."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import chi2

from noroshi.compiled import QUICK
from noroshi.earth import atmosphere, frames, gravity
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.records.tracks import BALLISTIC, BURNING, GLIDING, LEVEL, MODELS, SEATS, STATE, Sight, Track
from noroshi.tracking import imm, motion
from tests.tracking.made import (
    BELIEF,
    BIAS,
    LANES,
    SIGMA,
    Stations,
    begin,
    body,
    coasting,
    covariance,
    drift,
    eigenvalues,
    estimate,
    innovation,
    lanes,
    look,
    measured,
    move,
    plots,
    predict,
    rate,
    sight,
    stations,
    tracked,
    update,
    wander,
)

RARE = 5e-7  # in each tail
_one_predict = jax.jit(imm.predict, compiler_options=QUICK)
_one_update = jax.jit(imm.update, compiler_options=QUICK)
_weigh = jax.jit(jax.vmap(imm.weigh), compiler_options=QUICK)
_collapse = jax.jit(jax.vmap(imm.collapse), compiler_options=QUICK)
ROUND = np.array([50.0, 6e-4, 6e-4, 5.0])  # a radar that measures range rate too


def squared_error(state: np.ndarray, track: Track, model: int, seen=slice(0, 6)) -> np.ndarray:
    """Error of one model in sigmas, squared [LANES]."""
    off = (state - np.asarray(track.mean)[:, model])[:, seen]
    cov = np.asarray(track.cov)[:, model][:, seen, seen]
    return np.einsum("li,li->l", off, np.linalg.solve(cov, off[..., None])[..., 0])


# --- as sure as it may be -----------------------------------------------------------------------------------

# What each model starts from: state, sigma of place, speed, force and log beta, seconds between looks.
STARTS = {
    BALLISTIC: (body(height_m=600e3), (1000.0, 20.0, 1e-3, 0.1), 2.0),
    BURNING: (body(height_m=150e3, enu_mps=(1500.0, 100.0, 1200.0)), (300.0, 20.0, 5.0, 0.05), 1.0),
    GLIDING: (body(height_m=42e3, enu_mps=(3000.0, 200.0, 0.0)), (300.0, 20.0, 3.0, 0.05), 1.0),
}


def drawn(model: int, seed: int, believed: np.ndarray = BIAS):
    """Truth [LANES, 10] drawn from a filter's own belief, its tracks and their stations' errors."""
    chance = np.random.default_rng(seed)
    mean, sizes, step_s = STARTS[model]
    if model == BURNING:
        mean = mean.copy()
        mean[6:9] = 30 * mean[3:6] / np.linalg.norm(mean[3:6])
    elif model == GLIDING:
        mean = mean.copy()
        mean[6:9] = np.asarray(motion.rest(GLIDING, mean, BELIEF.glide_ratio_high)[0])
    cov = covariance(*sizes)
    state = mean + chance.standard_normal((LANES, STATE)) * np.sqrt(np.diag(cov))
    if model == BALLISTIC:
        state[:, 6:9] = 0
    bias = chance.standard_normal((LANES, 3, 3)) * believed
    return chance, state, lanes(tracked(mean, cov, model)), bias, step_s


@pytest.mark.parametrize("believed", [BIAS, 0 * BIAS], ids=["biased stations", "exact stations"])
@pytest.mark.parametrize("model", list(STARTS), ids=[MODELS[model] for model in STARTS])
def test_the_filter_is_as_sure_as_it_may_be(model, believed):
    # Truth comes from the filter's own model, so its squared error is chi-squared: 6 per track of place and
    # speed. Burning and gliding bend within a step by what is not yet known of force and drag, so that they
    # are linear to a few percent only: the bounds are the exact ones where all is linear, a band there.
    checked = {2: 0.0, 10: 0.0, 40: 0.0}
    known, seeds = stations(believed), (40, 41)
    for seed in seeds:
        chance, state, track, bias, step_s = drawn(model, seed, believed)
        for count in range(1, 41):
            station = count % 3
            state = move(state, step_s, model) + wander(chance, state, step_s, model)
            z = look(chance, state, known, station, bias)
            track = drift(track, step_s * count)
            track = update(track, plots(step_s * count, z, station, known))
            if count in checked:
                checked[count] += squared_error(state, track, model).sum()
    freedom = 6 * LANES * len(seeds)
    low, high = chi2.ppf([RARE, 1 - RARE], freedom)
    for count, total in checked.items():
        assert low < total < high, f"after {count} looks {total / freedom * 6:.2f} instead of 6"


def test_unseen_a_coast_grows_as_unsure_as_its_own_noise_makes_it():
    # From a state known all but exactly, five minutes without a look.
    start = body(height_m=600e3)
    chance, state = np.random.default_rng(48), lanes(start)
    track = lanes(coasting(start, covariance(1e-2, 1e-5, 1e-3, 1e-6)))
    for count in range(1, 16):
        state = move(state, 20.0) + wander(chance, state, 20.0)
        track = drift(track, 20.0 * count)
    low, high = chi2.ppf([RARE, 1 - RARE], 6 * LANES)
    assert low < squared_error(state, track, BALLISTIC).sum() < high


def test_a_thousand_looks_of_one_station_do_not_beat_its_bias():
    # Half the lanes believe their stations exact, to show what would happen.
    known = stations()
    chance, state, track, bias, _ = drawn(BALLISTIC, 42)
    exact = np.arange(LANES) % 2 == 1
    bias = np.where(exact[:, None, None], 0.0, bias)
    for count in range(1, 1001):
        state = move(state, 0.05) + wander(chance, state, 0.05)
        sights = plots(0.05 * count, look(chance, state, known, 0, bias), 0, known)
        sights = replace(sights, bias_sigma=np.where(exact[:, None], 1e-3 * BIAS, sights.bias_sigma))
        track = update(drift(track, 0.05 * count), sights)
    mean = np.asarray(track.mean)[:, BALLISTIC]
    seen = np.stack([slope(row, known, 0) for row in mean])[:, :3, :3]
    cov = np.asarray(track.cov)[:, BALLISTIC, :3, :3]
    sigma = np.sqrt(np.einsum("lij,ljk,lik->li", seen, cov, seen))
    assert (sigma[~exact] > 0.999 * BIAS).all()
    assert (sigma[exact] < 0.15 * BIAS).all()
    low, high = chi2.ppf([RARE, 1 - RARE], 6 * LANES)
    assert low < squared_error(state, track, BALLISTIC).sum() < high
    # Thousands of looks leave covariances what they are.
    assert eigenvalues(np.asarray(track.cov)[:, BALLISTIC]).min() > 0


@pytest.mark.parametrize("angle_rad", [1e-3, np.radians(0.1)], ids=["1 mrad", "0.1 deg"])
def test_at_long_range_a_wide_beam_does_not_make_it_overconfident(angle_rad):
    # 3,000 km away, 10 m and 0.1 deg as in the ballistic scenario of NRL's TrackerComponentLibrary: across
    # the line of sight a plot is 5 km wide, and bends by 5 m along it. The station measures range rate too.
    known = stations(0 * BIAS)
    chance = np.random.default_rng(49)
    sigma = np.array([10.0, angle_rad, angle_rad, 2.0])
    mean = body(27.0, 116.0, 700e3, (2500.0, 1800.0, 300.0))
    assert 2.8e6 < measured(mean, known, 0)[0] < 3.2e6
    cov = covariance(20e3, 300.0)
    state = mean + chance.standard_normal((LANES, STATE)) * np.sqrt(np.diag(cov))
    state[:, 6:9] = 0
    track, errors = lanes(coasting(mean, cov)), []
    for count in range(1, 31):
        state = move(state, 5.0) + wander(chance, state, 5.0)
        z = look(chance, state, known, 0, None, sigma)
        track = update(drift(track, 5.0 * count), plots(5.0 * count, z, 0, known, sigma))
        if count in (1, 3, 10, 30):
            errors.append(squared_error(state, track, BALLISTIC).mean() / 6)
    # 768 squared errors: a mean outside 0.7 to 1.3 would be 5 sigmas off were all Gaussian.
    assert all(0.7 < error < 1.3 for error in errors), errors


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


def whole(state: np.ndarray, known: Stations, station: int) -> np.ndarray:
    """Range, azimuth, elevation and range rate [4] of one state."""
    return np.append(measured(state, known, station), rate(state, known, station))


def slope(mean: np.ndarray, known: Stations, station: int) -> np.ndarray:
    """What is measured by the state [4, 10], by differences."""
    steps = np.diag([100.0] * 3 + [1.0] * 7)
    return np.stack(
        [(whole(mean + s, known, station) - whole(mean - s, known, station)) / (2 * s.max()) for s in steps],
        axis=1,
    )


def by_hand(mean, cov, cross, z, known: Stations, station: int, sigma: np.ndarray):
    """Schmidt's update as the textbook has it, on state and biases together, its slope by differences."""
    rows = np.isfinite(sigma)
    biases = 3 * len(known.site_ecef_m)
    H = np.concatenate([slope(mean, known, station), np.zeros((4, biases))], axis=1)
    H[:3, STATE + 3 * station : STATE + 3 * station + 3] = np.eye(3)
    H, R = H[rows], np.diag(sigma[rows] ** 2)
    P = np.block([[cov, cross], [cross.T, np.diag(known.bias_sigma.ravel() ** 2)]])
    S = H @ P @ H.T + R
    gain = P @ H.T @ np.linalg.inv(S)
    gain[STATE:] = 0  # considered, never estimated
    left = np.eye(len(P)) - gain @ H
    after = left @ P @ left.T + gain @ R @ gain.T
    residual = (z - whole(mean, known, station))[rows]
    distance2 = residual @ np.linalg.solve(S, residual)
    likelihood = -0.5 * (distance2 + np.linalg.slogdet(2 * np.pi * S)[1])
    told = distance2, likelihood
    return mean + gain[:STATE] @ residual, after[:STATE, :STATE], after[:STATE, STATE:], told


def _random_covariance(chance: np.random.Generator, size: np.ndarray) -> np.ndarray:
    root = chance.standard_normal((STATE, STATE + 3))
    return root @ root.T / (STATE + 3) * size * size[:, None]


SIZE = np.append(np.repeat([15.0, 2.0, 1e-3], 3), 0.1)
PARTS = {
    "all four": ROUND,
    "range and angles": SIGMA,
    "angles alone": np.array([np.inf, 6e-4, 6e-4, np.inf]),
    "range rate alone": np.array([np.inf, np.inf, np.inf, 5.0]),
}


@pytest.mark.parametrize("sigma", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("lat_deg, lon_deg", OCTANTS)
def test_an_update_is_the_textbooks_in_every_octant(lat_deg, lon_deg, sigma):
    # Where prior and plot are near each other as seen from the station the curve is nothing.
    known = stations(0.1 * BIAS, [(lat_deg, lon_deg), (lat_deg + 3, lon_deg - 4)])
    sigma = sigma * np.array([0.1, 0.1, 0.1, 0.1])
    mean, cov = body(lat_deg + 4, lon_deg - 5), _random_covariance(np.random.default_rng(43), SIZE)
    assert (np.sign(mean[:3]) == np.sign(known.site_ecef_m[0])).all()
    track = lanes(coasting(mean, cov))
    hand = mean, cov, np.zeros((STATE, 6)), (0.0, 0.0)
    for count, station in enumerate((0, 1, 0)):
        z = whole(hand[0], known, station) + np.array([4.0, 3e-5, -2e-5, 0.4])
        sights = plots(float(count), np.tile(z, (LANES, 1)), station, known, sigma)
        told = innovation(track, sights)
        track = update(track, sights)
        hand = by_hand(*hand[:3], z, known, station, sigma)
        assert np.asarray(told.freedom)[0] == np.isfinite(sigma).sum()
        assert np.asarray(told.distance2)[0] == pytest.approx(hand[3][0], rel=0.02, abs=1e-4)
        assert np.asarray(told.log_likelihood)[0] == pytest.approx(hand[3][1], rel=0.02, abs=1e-2)
    mean, cov = (np.asarray(part)[0, BALLISTIC] for part in (track.mean, track.cov))
    cross = np.asarray(track.cross)[0, BALLISTIC]
    seats = np.asarray(track.seats)[0]
    taken = [int(np.flatnonzero(seats == station + 1)[0]) for station in (0, 1)]
    cross = np.concatenate([cross[:, 3 * seat : 3 * seat + 3] for seat in taken], axis=1)
    size = np.sqrt(np.diag(hand[1]))
    assert np.allclose((mean - hand[0]) / size, 0, atol=3e-3)
    assert np.allclose((cov - hand[1]) / size / size[:, None], 0, atol=3e-3)
    assert np.allclose((cross - hand[2]) / size[:, None] / known.bias_sigma.ravel(), 0, atol=3e-3)


def test_a_measurement_never_adds_uncertainty():
    # In no direction of the state space, whatever was known before and of the biases.
    chance, known = np.random.default_rng(44), stations()
    size = np.append(np.repeat([1500.0, 20.0, 1e-3], 3), 0.1)
    covs = np.stack([_random_covariance(chance, size) for _ in range(LANES)])
    before = replace(lanes(coasting(body(), covs[0])), cov=np.stack([covs] * len(MODELS), axis=1))
    state = np.asarray(before.mean)[:, BALLISTIC]
    for station in (0, 1, 1):
        z = look(chance, state, known, station, None, ROUND)
        after = update(before, plots(0.0, z, station, known, ROUND))
        old, new = (np.asarray(track.cov)[:, BALLISTIC] for track in (before, after))
        scale = np.sqrt(np.diagonal(old, axis1=1, axis2=2))
        gained = (old - new) / scale[:, :, None] / scale[:, None, :]
        assert np.linalg.eigvalsh(gained).min() > -1e-9
        assert np.trace(gained, axis1=1, axis2=2).min() > 0.01
        before = after


def test_azimuth_has_no_seam():
    # A body due south, its plot on the other side of +-180 deg.
    known = stations(places=[(41.4, 141.2)])
    mean = body(36.0, 141.2, enu_mps=(0.0, -2000.0, 100.0))
    exact = whole(mean, known, 0)
    for side in (-1, 1):
        z = exact.copy()
        z[1] = (exact[1] + side * 1e-3 + np.pi) % (2 * np.pi) - np.pi
        told = innovation(lanes(coasting(mean, covariance())), plots(0.0, np.tile(z, (LANES, 1)), 0, known))
        assert np.asarray(told.residual)[0, 1] == pytest.approx(side * 1e-3, rel=0.01)


def test_a_look_that_lies_far_off_is_told_as_such():
    # In sigmas squared of what the filter expects, which for a known place and exact stations is the plot's
    # own noise.
    known = stations(1e-6 * BIAS)
    exact = measured(body(), known, 0)
    track = lanes(coasting(body(), covariance(1e-2, 1e-2)))
    off = np.random.default_rng(47).standard_normal((LANES, 3)) * np.arange(LANES)[:, None] / 10
    told = innovation(track, plots(0.0, exact + off * SIGMA[:3], 0, known))
    assert told.distance2 == pytest.approx((off**2).sum(axis=1), rel=1e-3, abs=1e-6)
    assert np.asarray(told.residual)[:, :3] == pytest.approx(off * SIGMA[:3], abs=1e-6)


def test_to_weigh_is_to_update_without_the_update():
    known, chance = stations(), np.random.default_rng(50)
    track = lanes(coasting(body(), covariance()))
    sights = plots(0.0, look(chance, np.asarray(track.mean)[:, 0], known, 1), 1, known)
    told = _weigh(track, sights)
    for ours, theirs in zip(jax.tree.leaves(told), jax.tree.leaves(innovation(track, sights)), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-9)


def test_many_tracks_are_as_one_and_one_that_is_no_number_harms_no_other():
    known, chance = stations(), np.random.default_rng(51)
    track = lanes(coasting(body(), covariance()))
    sights = plots(3.0, look(chance, np.asarray(track.mean)[:, 0], known, 1), 1, known)
    clean = update(predict(track, 3.0), sights)
    broken = replace(track, mean=track.mean.copy())
    broken.mean[5] = np.nan
    dirty = update(predict(broken, 3.0), sights)
    for ours, theirs in zip(jax.tree.leaves(dirty), jax.tree.leaves(clean), strict=True):
        assert np.array_equal(
            np.delete(np.asarray(ours), 5, axis=0), np.delete(np.asarray(theirs), 5, axis=0)
        )
    assert np.isnan(np.asarray(dirty.mean)[5]).all()
    one = jax.tree.map(lambda leaf: np.asarray(leaf)[7], (track, sights))
    alone, _ = _one_update(_one_predict(one[0], 3.0, BELIEF), one[1])
    for ours, theirs in zip(jax.tree.leaves(alone), jax.tree.leaves(clean), strict=True):
        assert np.allclose(ours, np.asarray(theirs)[7], rtol=1e-6, atol=1e-9)


# --- seats --------------------------------------------------------------------------------------------------


def test_the_sensor_unseen_for_longest_makes_room():
    many = stations(places=[(30.0 + k, 130.0 + k) for k in range(SEATS + 2)])
    chance = np.random.default_rng(52)
    track = lanes(coasting(body(), covariance()))
    state = np.asarray(track.mean)[:, BALLISTIC]
    for count in range(SEATS):
        track = update(track, plots(float(count), look(chance, state, many, count), count, many))
    assert sorted(np.asarray(track.seats)[0]) == list(range(1, SEATS + 1))
    # The first is seen again: the second is now unseen for longest.
    track = update(track, plots(50.0, look(chance, state, many, 0), 0, many))
    track = update(track, plots(51.0, look(chance, state, many, SEATS), SEATS, many))
    assert sorted(np.asarray(track.seats)[0]) == [1, *range(3, SEATS + 2)]
    # Its covariance is that of a newcomer: by hand from the cross-covariances before.
    assert np.isfinite(np.asarray(track.cross)).all()


def test_a_blend_of_a_miss_and_a_hit_is_the_mixture():
    known, chance = stations(), np.random.default_rng(53)
    track = jax.tree.map(lambda leaf: np.asarray(leaf)[0], lanes(coasting(body(), covariance())))
    first = sight(0.0, look(chance, lanes(body()), known, 0)[0], known, 0)
    track, _ = _one_update(track, first)
    hit, _ = _one_update(track, sight(1.0, look(chance, lanes(body()), known, 1)[0], known, 1))
    both = jax.tree.map(lambda *leaves: np.stack(leaves), track, hit)
    weight = np.array([0.3, 0.7])
    blended = jax.jit(imm.blend)(both, weight)
    share = weight[:, None] * both.weight
    assert np.allclose(blended.weight, share.sum(axis=0), atol=1e-8)
    share = share / share.sum(axis=0)
    for model in range(len(MODELS)):
        mean = share[:, model] @ both.mean[:, model]
        off = both.mean[:, model] - mean
        cov = sum(share[h, model] * (both.cov[h, model] + np.outer(off[h], off[h])) for h in (0, 1))
        size = np.sqrt(np.diag(cov))
        assert np.allclose((blended.mean[model] - mean) / size, 0, atol=1e-9)
        assert np.allclose((blended.cov[model] - cov) / size / size[:, None], 0, atol=1e-9)
        # The miss knows nothing of the second station's bias.
        cross = share[0, model] * both.cross[0, model] + share[1, model] * both.cross[1, model]
        assert np.allclose(np.asarray(blended.cross)[model], cross)
    assert set(np.asarray(blended.seats)) == {0, 1, 2}
    # Of one and the same hypothesis it is that hypothesis.
    twice = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), hit)
    same = imm.blend(twice, np.array([0.5, 0.5]))
    assert np.allclose(same.cov, hit.cov) and np.allclose(same.cross, hit.cross)


# --- beginning and end --------------------------------------------------------------------------------------


def test_a_new_track_stands_where_the_plot_is():
    known = stations()
    z = np.array([9e5, -1.2, 0.3])
    track = jax.tree.map(
        lambda leaf: np.asarray(leaf)[0], begin(plots(5.0, np.tile(z, (LANES, 1)), 1, known))
    )
    assert measured(track.mean[BURNING], known, 1) == pytest.approx(z, rel=1e-9)
    assert (track.mean[:, 3:6] == 0).all()
    assert track.weight.sum() == pytest.approx(1)
    # Its place is as unsure as noise and bias together.
    seen = slope(track.mean[BURNING], known, 1)[:3]
    sigma = np.sqrt(np.diag(seen @ track.cov[BURNING] @ seen.T))
    assert sigma == pytest.approx(np.hypot(SIGMA[:3], BIAS), rel=1e-5)


def test_a_track_from_an_estimate_is_that_estimate_again():
    for model in range(len(MODELS)):
        given = estimate(model=model)
        made = imm.from_estimate(given)
        back = imm.collapse(made)
        assert np.allclose(back.mean[:6], given.mean[:6], rtol=1e-9)
        assert np.allclose(np.diag(back.cov)[:6], np.diag(given.cov)[:6], rtol=1e-3)
        assert np.asarray(back.weight).argmax() == model
        assert np.isfinite(np.asarray(made.cov)).all()
        assert eigenvalues(np.asarray(made.cov)).min() > 0


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
    known = stations()

    def there(time_s: float, z: np.ndarray, station: int) -> Sight:
        here = plots(time_s, z, station, known)
        site = np.einsum("lij,lj->li", turn, here.site_ecef_m)
        return replace(here, site_ecef_m=site, axes=np.einsum("lij,lkj->lki", turn, here.axes))

    # A burn of 30 s, then a coast: all models and their probabilities are at work.
    state = lanes(body(height_m=80e3, enu_mps=(1500.0, 100.0, 1000.0)))
    state[:, 6:9] = state[:, 3:6] / np.linalg.norm(state[0, 3:6]) * 40
    track = None
    for count in range(30):
        z = np.tile(look(chance, state, known, count % 3)[0], (LANES, 1))
        sights = there(2.0 * count, z, count % 3)
        track = begin(sights) if track is None else update(predict(track, 2.0 * count), sights)
        if count in (14, 29):
            _same_but_for(turn, track)
        state = move(state, 2.0, BURNING if count < 15 else BALLISTIC)


def _same_but_for(turn: np.ndarray, track: Track) -> None:
    """Every lane's track is the first lane's, turned."""
    back = np.zeros((LANES, STATE, STATE))
    back[:, 9, 9] = 1
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
    chance, known = np.random.default_rng(seed), stations(believed)
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
    state[:, 6:9] = along * chance.uniform(25, 45, (LANES, 1))
    bias = chance.standard_normal((LANES, 3, 3)) * believed
    track = begin(plots(0.0, look(chance, state, known, 0, bias), 0, known))
    for count in range(1, 46):
        time_s = 2.0 * count
        burning = np.clip(burns_s - (time_s - 2.0), 0, 2.0)
        # Burns that end inside a step are flown in two parts.
        burnt = move(state, burning, BURNING)
        state = move(burnt, 2.0 - burning)
        state[:, 6:9] = burnt[:, 6:9]
        station = count % 3
        z = look(chance, state, known, station, bias)
        track = update(predict(track, time_s), plots(time_s, z, station, known))
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
            off = track.mean[still, BURNING, 6:9] - state[still, 6:9]
            errors.extend(np.linalg.norm(off, axis=1) / np.linalg.norm(state[still, 6:9], axis=1))
    assert np.median(errors) < 0.1


def test_covariances_stay_symmetric_and_positive(flights):
    biases = np.diag(np.tile(BIAS, SEATS) ** 2)
    for time_s, _, _, track in flights:
        cov, cross = track.cov, track.cross
        assert np.isfinite(cov).all()
        size = np.sqrt(np.diagonal(cov, axis1=2, axis2=3))
        skew = (cov - np.swapaxes(cov, 2, 3)) / size[..., :, None] / size[..., None, :]
        assert np.abs(skew).max() < 1e-9
        assert eigenvalues(cov).min() > 0
        # Together with the biases too, or the state would know more of a bias than there is.
        if time_s in (2.0, 20.0, 50.0, 90.0):
            whole = np.zeros((*cov.shape[:2], STATE + 3 * SEATS, STATE + 3 * SEATS))
            whole[..., :STATE, :STATE], whole[..., STATE:, STATE:] = cov, biases
            whole[..., :STATE, STATE:], whole[..., STATE:, :STATE] = cross, np.swapaxes(cross, 2, 3)
            assert eigenvalues(whole).min() > -1e-9


def test_burnout_between_two_looks_is_covered_by_the_spread(flights):
    # From 12 s after burnout the ballistic model stands for the body: its error is as large as it says. The
    # boost is not the filter's own, so this is a band, not a chi-squared test.
    errors = [
        squared_error(state, track, BALLISTIC)[time_s > burns_s + 12]
        for time_s, burns_s, state, track in flights
    ]
    assert 0.4 < np.concatenate(errors).mean() / 6 < 1.5


# --- flights that are not the filter's own ------------------------------------------------------------------


def nees(state: np.ndarray, track: Track) -> np.ndarray:
    """Squared error in sigmas of place and speed, all models together, per dimension [LANES]."""
    told = _collapse(track)
    off = state[:, :6] - np.asarray(told.mean)[:, :6]
    cov = np.asarray(told.cov)[:, :6, :6]
    return np.einsum("li,li->l", off, np.linalg.solve(cov, off[..., None])[..., 0]) / 6


def follow(truth, seed: int, known: Stations, step_s: float, count: int, begin_at: int = 0):
    """Errors [count, LANES] per dimension of the IMM, and of an EKF that knows ballistic motion alone."""
    chance = np.random.default_rng(seed)
    bias = chance.standard_normal((LANES, len(known.site_ecef_m), 3)) * BIAS
    track = bare = None
    errors, bares, distances, weights = [], [], [], []
    for number in range(count):
        time_s = number * step_s
        state = truth(time_s)
        station = number % len(known.site_ecef_m)
        sights = plots(time_s, look(chance, state, known, station, bias), station, known)
        if track is None:
            track = bare = begin(sights)
            continue
        track, bare = (update(moved, sights) for moved in (predict(track, time_s), drift(bare, time_s)))
        weights.append(np.asarray(track.weight).mean(axis=0))
        told = np.asarray(_collapse(track).mean)
        errors.append(nees(state, track))
        bares.append(squared_error(state, bare, BALLISTIC) / 6)
        distances.append(np.linalg.norm(told[:, :3] - state[:, :3], axis=1))
    return tuple(np.array(part) for part in (errors, bares, distances, weights))


NEAR = [(38.5, 134.0), (36.6, 136.5), (40.5, 139.5)]


_air = jax.jit(lambda place: atmosphere.density(frames.height(place)))
_pull = jax.jit(gravity.apparent)


def glider(start: np.ndarray, glide_ratio, bank_rad, damping: float = 0.0):
    """Truth [LANES, 10] at any time up to 130 s of a body that flies on its lift, by SciPy.

    Lift over drag and bank are functions of time; drag has the parabolic polar, and `damping` holds the path
    to an equilibrium glide, both as flight.dynamics.glide has them.
    """

    def fall(time_s: float, y: np.ndarray) -> np.ndarray:
        place, velocity = y[:3], y[3:]
        speed = np.linalg.norm(velocity)
        along, up = velocity / speed, place / np.linalg.norm(place)
        sin_path = along @ up
        above = (up - sin_path * along) / np.sqrt(1 - sin_path**2)
        right = np.cross(along, above)
        bank, ratio = bank_rad(time_s), glide_ratio(time_s)
        trim = 0.5 * float(_air(place)) * speed**2 / np.exp(start[9])
        steady = -2 * 9.6 * 7000 / (speed**2 * max(ratio * np.cos(bank), 0.1))
        share = np.clip(1 - damping * (sin_path - steady), 0, 1.5)
        lift = trim * ratio * share * (np.cos(bank) * above + np.sin(bank) * right)
        drag = trim * (0.5 * (1 + share**2) if ratio > 0 else 1.0)
        return np.concatenate([velocity, np.asarray(_pull(place, velocity)) - drag * along + lift])

    done = solve_ivp(
        fall, (0, 130), start[:6], method="RK45", rtol=1e-7, atol=1e-3, dense_output=True, max_step=2.0
    )
    return lambda time_s: lanes(np.concatenate([done.sol(time_s), start[6:]]))


def _cruising():
    route = cruise(
        (
            Waypoint(37.5, 135.0, 1000.0, 240.0),
            Waypoint(37.8, 135.2, 1000.0, 240.0),
            Waypoint(37.7, 135.6, 800.0, 240.0),
        )
    )

    def truth(time_s: float) -> np.ndarray:
        place = [np.interp(time_s, route.time_s, column) for column in np.asarray(route.position_ecef_m).T]
        speed = [np.interp(time_s, route.time_s, column) for column in np.asarray(route.velocity_ecef_mps).T]
        return lanes(np.concatenate([place, speed, np.zeros(3), [np.log(8000.0)]]))

    return truth


def _fast(height_m: float, enu_mps) -> np.ndarray:
    return body(38.2, 132.5, height_m, enu_mps, beta_kgpm2=5000.0)


# Name: truth, seconds between looks, looks; the sort of it.
FLOWN = {
    "equilibrium glide": lambda: glider(
        _fast(42e3, (3000.0, 100.0, -20.0)), lambda t: 2.6, lambda t: 0.0, 10.0
    ),
    "skip glide": lambda: glider(_fast(60e3, (3200.0, 0.0, -350.0)), lambda t: 2.6, lambda t: 0.0),
    # 2022-01-11: some Mach 10, a glide that turned aside (KCNA told of 240 km sideways).
    "lateral manoeuvre": lambda: glider(
        _fast(40e3, (2900.0, 0.0, -50.0)), lambda t: 2.6, lambda t: -1.1 * (30 < t < 100), 5.0
    ),
    "pull-up of a quasi-ballistic": lambda: glider(
        _fast(48e3, (1700.0, 0.0, -450.0)),
        lambda t: 2.2 * np.clip(min(t - 40, 65 - t) / 3, 0, 1),
        lambda t: 0.0,
    ),
    "ballistic re-entry": lambda: glider(_fast(95e3, (2200.0, 300.0, -700.0)), lambda t: 0.0, lambda t: 0.0),
    "cruise": _cruising,
}


@pytest.mark.parametrize("name", FLOWN)
def test_flights_of_all_sorts_are_followed_and_honestly(name):
    # 65 looks, one in two seconds, by three stations with biases.
    errors, bares, distances, _ = follow(FLOWN[name](), 60, stations(BIAS, NEAR), 2.0, 65)
    settled = slice(9, None)
    assert np.isfinite(errors).all()
    assert 0.4 < errors[settled].mean() < 1.5, errors[settled].mean(axis=1)
    # It is never lost: the worst of 128 lanes at the worst moment.
    assert distances[settled].max() < 3000
    if name not in ("ballistic re-entry", "cruise"):
        assert bares[-1].mean() > 5 * 1.5


def test_what_glides_cruises_or_falls_is_told_apart():
    likely = {"lateral manoeuvre": GLIDING, "ballistic re-entry": BALLISTIC, "cruise": LEVEL}
    for name, model in likely.items():
        _, _, _, weights = follow(FLOWN[name](), 61, stations(BIAS, NEAR), 2.0, 36)
        assert weights[-10:].mean(axis=0).argmax() == model, (name, weights[-10:].mean(axis=0))
