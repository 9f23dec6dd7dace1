"""The two targets of NRL's demonstration fly, and are seen, as it says."""

import numpy as np
from scipy import stats
from scipy.integrate import solve_ivp

from tests.tracking.published import nrl_two_targets as nrl

RARE = 1e-4


def test_the_truth_is_what_an_independent_integrator_finds():
    state, looks_s, ours = nrl.first_target()
    gm, radius, j2, turn = 3.986004418e14, 6_378_137.0, 1.08262668355e-3, 7.2921150e-5

    def slope(_, y):
        x, v = y[:3], y[3:]
        r2 = x @ x
        k = 1.5 * j2 * radius**2 / r2
        pull = -gm / r2**1.5 * x * (1 - k * (5 * x[2] ** 2 / r2 - np.array([1.0, 1.0, 3.0])))
        spin = np.array([0.0, 0.0, turn])
        return np.concatenate([v, pull - 2 * np.cross(spin, v) - np.cross(spin, np.cross(spin, x))])

    done = solve_ivp(slope, (0, looks_s[-1]), state, method="DOP853", rtol=1e-12, atol=1e-6, t_eval=looks_s)
    assert np.max(abs(done.y.T[:, :3] - ours[:, :3])) < 0.1
    assert np.max(abs(done.y.T[:, 3:] - ours[:, 3:])) < 1e-3


def test_the_least_energy_between_two_places_joins_them_on_a_round_earth_at_rest():
    start, end = nrl.place(nrl.FROM_DEG), nrl.place(nrl.TO_DEG)
    velocity, time_s = nrl.least_energy(start, end)

    def slope(_, y):
        return np.concatenate([y[3:], -3.986004418e14 * y[:3] / np.linalg.norm(y[:3]) ** 3])

    def ends(velocity, time_s):
        whole = (0, time_s)
        return solve_ivp(slope, whole, [*start, *velocity], method="DOP853", rtol=1e-12, atol=1e-6).y[:3, -1]

    assert np.linalg.norm(ends(velocity, time_s) - end) < 1.0


def test_plots_are_as_many_and_as_far_off_as_told():
    scenarios = [nrl.build(seed) for seed in range(20)]
    limit = stats.norm.ppf(1 - RARE / 2)
    late = slice(nrl.SURE_LOOKS, None)
    for target in range(2):
        seen = np.array([(one.source[late] == target).any(axis=1) for one in scenarios])
        assert abs(seen.mean() - nrl.SEEN) < limit * np.sqrt(nrl.SEEN * (1 - nrl.SEEN) / seen.size)
        assert all((one.source[: nrl.SURE_LOOKS] == target).sum() == nrl.SURE_LOOKS for one in scenarios)
    false = np.array([(one.valid & (one.source < 0))[nrl.CLEAN_LOOKS :].sum(axis=1) for one in scenarios])
    assert abs(false.mean() - 4.87) < 0.01 + limit * np.sqrt(4.87 / false.size)
    off = []
    for one in scenarios:
        sight = one.truth[1, :, :3] - one.site_ecef_m
        looks, columns = np.nonzero(one.source == 1)
        off.append(one.z[looks, columns, 0] - np.linalg.norm(sight[looks], axis=1))
    off = np.concatenate(off) / nrl.SIGMA[0]
    assert abs(off.mean()) < limit / np.sqrt(len(off))
    assert abs(off.var() - 1) < limit * np.sqrt(2 / len(off))


def test_the_second_target_keeps_its_distance_and_its_speed_is_the_slope_of_its_place():
    one = nrl.build(0)
    apart = one.truth[1, :, :3] - one.truth[0, :, :3]
    assert np.allclose(np.linalg.norm(apart, axis=1), nrl.OFFSET_M)
    middle = (apart[2:] - apart[:-2]) / (one.time_s[2:] - one.time_s[:-2])[:, None]
    faster = one.truth[1, 1:-1, 3:] - one.truth[0, 1:-1, 3:]
    assert np.max(abs(middle - faster)) < 1e-3


def test_one_seed_is_one_scenario():
    a, b, c = nrl.build(3), nrl.build(3), nrl.build(4)
    assert np.array_equal(a.z, b.z)
    assert a.z.shape != c.z.shape or not np.array_equal(a.z, c.z)
