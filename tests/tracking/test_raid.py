import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from noroshi.earth import frames, geometry
from noroshi.tracking import raid

# Two sites 60 km apart, north of Wonsan and south of Hamhung, and one on the other side of the Earth.
NEAR, NEXT, FAR = (39.2, 127.4), (39.7, 127.6), (-39.2, -52.6)


def launches(seed: int, sites, sigma_m: float = 3000.0):
    """Estimated launch points, one per site: places drawn from their own covariances, long ellipses."""
    chance = np.random.default_rng(seed)
    lat, lon = np.deg2rad(np.array(sites)).T
    place, axes = frames.ecef(lat, lon, np.zeros(len(lat))), frames.enu_axes(lat, lon)
    turn = chance.uniform(0, np.pi, len(lat))
    cos, sin = np.cos(turn), np.sin(turn)
    turned = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    sigmas = sigma_m * chance.uniform(0.3, 1.0, (len(lat), 2))
    root = turned * sigmas[:, None]
    ground = root @ np.swapaxes(root, -1, -2)
    off = (root @ chance.standard_normal((len(lat), 2, 1)))[..., 0]
    cov = np.swapaxes(axes[:, :2], -1, -2) @ ground @ axes[:, :2]
    place = place + np.einsum("nij,ni->nj", axes[:, :2], off)
    return place, cov, chance.uniform(0, 300, len(lat))


def group(seed: int, sites, **options) -> raid.Origins:
    place, cov, time_s = launches(seed, sites)
    return raid.by_origin(place, cov, time_s, np.ones(len(place)), **options)


@given(st.lists(st.floats(0, 1), min_size=0, max_size=9))
@settings(max_examples=60, deadline=None)
def test_the_count_is_the_sum_over_all_cases(existence):
    expected = np.zeros(len(existence) + 1)
    for case in itertools.product([0, 1], repeat=len(existence)):
        expected[sum(case)] += np.prod(
            [p if real else 1 - p for p, real in zip(existence, case, strict=True)]
        )
    assert np.allclose(raid.count(np.array(existence)), expected, atol=1e-12)


def test_equal_probabilities_are_binomial_up_to_a_thousand():
    found = raid.count(np.full(1000, 0.3))
    assert np.allclose(found, stats.binom(1000, 0.3).pmf(np.arange(1001)), rtol=1e-9, atol=1e-300)
    assert raid.at_least(found, 300) == pytest.approx(stats.binom(1000, 0.3).sf(299), rel=1e-9)


def test_stages_and_fragments_count_once_with_their_missile():
    existence = np.array([0.9, 0.5, 0.8, 0.7])
    # The second is the first's spent stage, the fourth a fragment of the third.
    together = raid.count(existence, family=np.array([4, 4, 7, 7]))
    assert np.allclose(together, raid.count(np.array([0.9, 0.8])))
    place, cov, time_s = launches(1, [NEAR] * 4)
    told = raid.by_origin(place, cov, time_s, existence, family=np.array([4, 4, 7, 7]))
    untold = raid.by_origin(place, cov, time_s, existence)
    assert told.expected == pytest.approx([1.7]) and untold.expected == pytest.approx([2.9])


def test_a_stage_goes_where_its_missile_came_from():
    # Its own origin, poorly known, looks like the other site's.
    place, cov, time_s = launches(2, [NEAR, NEXT, NEXT])
    cov[2] *= 4
    found = raid.by_origin(place, cov, time_s, np.ones(3), family=np.array([0, 1, 0]))
    assert found.group[0] == found.group[2] != found.group[1]
    assert found.expected.tolist() == [1, 1]


def test_what_does_not_exist_for_sure_widens_the_count():
    assert raid.count(np.array([0.5, np.nan, 1.5, -1.0])).tolist() == [0.5, 0.5, 0, 0, 0]


def test_a_salvo_from_one_place_is_seldom_split():
    # Promised at most one in a hundred; three or more of sixty would happen once in forty at that rate.
    split = sum(len(group(seed, [NEAR] * 40).expected) > 1 for seed in range(60))
    assert split <= 2


@pytest.mark.parametrize("other", [NEXT, FAR])
def test_two_sites_are_told_apart(other):
    sites = [NEAR] * 12 + [other] * 7
    for seed in range(10):
        found = group(seed, sites)
        assert len(found.expected) == 2
        assert len(set(found.group[:12])) == len(set(found.group[12:])) == 1
        assert sorted(found.expected) == [7, 12]
        assert not found.ambiguous.any()


def test_an_origin_known_badly_joins_one_group_and_is_marked():
    place, cov, time_s = launches(3, [NEAR] * 3 + [NEXT] * 3 + [(39.45, 127.5)])
    cov[-1] = cov[-1] * 400
    found = raid.by_origin(place, cov, time_s, np.ones(7))
    assert len(found.expected) == 2 and found.ambiguous.tolist() == [False] * 6 + [True]


def test_the_place_of_a_group_is_where_it_was_launched():
    lat, lon = np.deg2rad(NEAR)
    true = frames.ecef(lat, lon, 0.0)
    inside = 0
    for seed in range(200):
        found = group(seed, [NEAR] * 5, false_split=1e-6)
        off = frames.enu_axes(lat, lon)[:2] @ (found.place_ecef_m[0] - true)
        inside += off @ np.linalg.solve(found.cov_m2[0], off) < stats.chi2.isf(0.05, 2)
        assert abs(frames.geodetic(found.place_ecef_m[0])[2]) < 20
    # Equal weights are never surer than the evidence allows: here, with independent errors, far from it.
    assert inside >= 190


def test_a_common_place_is_no_surer_than_its_surest_member():
    place, cov, time_s = launches(4, [NEAR] * 8)
    found = raid.by_origin(place, cov, time_s, np.ones(8))
    axes = frames.enu_axes(*np.deg2rad(NEAR))[:2]
    surest = min(np.trace(axes @ one @ axes.T) for one in cov)
    assert np.trace(found.cov_m2[0]) >= surest


def test_a_site_of_some_width_is_one_site():
    # Launchers ten kilometres apart, each known to a few hundred metres.
    sites = [NEAR, (NEAR[0] + 0.09, NEAR[1])] * 5
    place, cov, time_s = launches(5, sites, sigma_m=300.0)
    assert len(raid.by_origin(place, cov, time_s, np.ones(10)).expected) == 2
    assert len(raid.by_origin(place, cov, time_s, np.ones(10), spread_m=5000.0).expected) == 1


def test_groups_are_numbered_by_time_and_span_it():
    place, cov, _ = launches(6, [NEAR] * 3 + [NEXT] * 3)
    time_s = np.array([500.0, 520.0, 540.0, 30.0, 10.0, 20.0])
    found = raid.by_origin(place, cov, time_s, np.ones(6))
    assert found.group.tolist() == [1, 1, 1, 0, 0, 0]
    assert found.first_s.tolist() == [10, 500] and found.last_s.tolist() == [30, 540]


def test_bad_origins_have_no_group_and_spoil_nobody():
    place, cov, time_s = launches(7, [NEAR] * 6 + [NEXT] * 6)
    clean = raid.by_origin(place, cov, time_s, np.ones(12))
    worse = np.concatenate([place, place[:4]]), np.concatenate([cov, cov[:4]]), np.append(time_s, time_s[:4])
    worse[0][12] = np.nan
    worse[1][13] = -cov[0]
    worse[1][14] = np.nan
    worse[2][15] = np.nan
    dirty = raid.by_origin(*worse, np.ones(16))
    assert dirty.group.tolist() == [*clean.group.tolist(), -1, -1, -1, -1]
    assert np.array_equal(dirty.chance, clean.chance)
    assert np.array_equal(dirty.place_ecef_m, clean.place_ecef_m)


@pytest.mark.parametrize("objects", [0, 1])
def test_no_raid_and_a_raid_of_one(objects):
    place, cov, time_s = (part[:objects] for part in launches(8, [NEAR]))
    found = raid.by_origin(place, cov, time_s, np.full(objects, 0.5))
    assert len(found.expected) == len(found.sigma_m) == objects
    waves = raid.by_arrival(time_s, np.ones(objects), np.full(objects, 0.5))
    assert len(waves.first_s) == objects
    assert raid.count(np.full(objects, 0.5)).tolist() == [1.0] if not objects else [0.5, 0.5]


def test_the_order_of_objects_does_not_matter():
    place, cov, time_s = launches(9, [NEAR] * 9 + [NEXT] * 5)
    turn = np.random.default_rng(10).permutation(14)
    straight = raid.by_origin(place, cov, time_s, np.linspace(0.1, 1, 14))
    turned = raid.by_origin(place[turn], cov[turn], time_s[turn], np.linspace(0.1, 1, 14)[turn])
    assert np.array_equal(turned.group, straight.group[turn])
    assert np.allclose(turned.chance, straight.chance)


def test_arrivals_at_one_time_are_one_wave():
    time_s = np.array([1000.0, 1030.0, 1050.0, 1400.0, 1390.0, np.nan])
    found = raid.by_arrival(time_s, np.full(6, 5.0), np.full(6, 0.5))
    assert found.group.tolist() == [0, 0, 0, 1, 1, -1]
    assert found.first_s.tolist() == [1000, 1390] and found.last_s.tolist() == [1050, 1400]
    assert np.allclose(found.chance[1], [0.25, 0.5, 0.25, 0])


def test_a_stage_that_falls_short_makes_no_wave_of_its_own():
    found = raid.by_arrival(
        np.array([400.0, 1000.0, 1010.0]), np.full(3, 5.0), np.ones(3), family=np.array([1, 1, 2])
    )
    assert found.group.tolist() == [0, 0, 0]
    assert found.chance[0].tolist() == [0, 0, 1]


def test_unsure_arrivals_are_not_split():
    time_s = np.array([1000.0, 1200.0])
    assert raid.by_arrival(time_s, np.full(2, 5.0), np.ones(2)).group.tolist() == [0, 1]
    assert raid.by_arrival(time_s, np.full(2, 100.0), np.ones(2)).group.tolist() == [0, 0]


def test_distances_on_the_ground_reach_round_the_earth():
    lat, lon = np.deg2rad([NEAR, NEXT, FAR, (0.0, 170.0)]).T
    place = frames.ecef(lat, lon, np.zeros(4))
    axes = frames.enu_axes(lat, lon)[:, :2]
    way = np.linalg.norm(raid._off(place[:1], axes[:1], place[1:]), axis=-1)
    expected, _ = geometry.great_circle(lat[:1], lon[:1], lat[1:], lon[1:])
    # A sphere against the ellipsoid's centre: half a percent.
    assert way == pytest.approx(expected, rel=5e-3)
