import datetime
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from noroshi.tracking import measures

START = datetime.datetime(2024, 1, 1)


def scene(seed: int, scans: int = 12, truths: int = 6, tracks: int = 8, spread: float = 30.0):
    """Truths and tracks at random places in the plane, a fifth of each absent, their places NaN."""
    chance = np.random.default_rng(seed)
    true = chance.uniform(-100, 100, (scans, truths, 2))
    real, kept = chance.random((scans, truths)) < 0.8, chance.random((scans, tracks)) < 0.8
    near = true[:, chance.integers(0, truths, tracks)]
    made = near + chance.normal(0, spread, near.shape)
    true[~real], made[~kept] = np.nan, np.nan
    # Stone Soup knows no scan at which nothing exists.
    real[:, 0] = True
    true[:, 0] = 0.0
    return true, made, real, kept


def stone_soup_states(places: np.ndarray, valid: np.ndarray) -> list[list]:
    from stonesoup.types.state import State

    return [
        [
            State(place[:, None], timestamp=START + datetime.timedelta(seconds=scan))
            for place in places[scan, valid[scan]]
        ]
        for scan in range(len(places))
    ]


@pytest.mark.parametrize("cutoff", [15.0, 80.0])
def test_ospa_is_that_of_stone_soup(cutoff):
    from stonesoup.metricgenerator.ospametric import OSPAMetric

    true, made, real, kept = scene(1)
    theirs = OSPAMetric(c=cutoff, p=1)
    expected = [
        theirs.compute_OSPA_distance(tracks, truths).value
        for truths, tracks in zip(stone_soup_states(true, real), stone_soup_states(made, kept), strict=True)
    ]
    assert np.allclose(measures.ospa(true, made, real, kept, cutoff, 1), expected, rtol=3e-14, atol=0)


def test_ospa_of_order_two_is_never_above_that_of_stone_soup():
    # Theirs assigns by distance and then squares, so that its choice is not always the best one.
    from stonesoup.metricgenerator.ospametric import OSPAMetric

    true, made, real, kept = scene(2, scans=40)
    theirs = OSPAMetric(c=60.0, p=2)
    expected = np.array(
        [
            theirs.compute_OSPA_distance(tracks, truths).value
            for truths, tracks in zip(
                stone_soup_states(true, real), stone_soup_states(made, kept), strict=True
            )
        ]
    )
    ours = measures.ospa(true, made, real, kept, 60.0, 2)
    assert np.all(ours <= expected * (1 + 3e-14))
    assert np.mean(np.isclose(ours, expected, rtol=3e-14, atol=0)) > 0.3


@pytest.mark.parametrize("order", [1, 2, 3])
def test_ospa_is_the_least_over_all_permutations(order):
    true, made, real, kept = scene(3, scans=8, truths=4, tracks=5)
    ours = measures.ospa(true, made, real, kept, 50.0, order)
    for scan, found in enumerate(ours):
        few, many = sorted((true[scan, real[scan]], made[scan, kept[scan]]), key=len)
        best = min(
            sum(
                min(np.linalg.norm(one - many[other]), 50.0) ** order
                for one, other in zip(few, way, strict=False)
            )
            for way in itertools.permutations(range(len(many)), len(few))
        )
        mean = (best + 50.0**order * (len(many) - len(few))) / len(many)
        assert found == pytest.approx(mean ** (1 / order), rel=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_gospa_and_its_parts_are_those_of_stone_soup(order):
    from stonesoup.metricgenerator.ospametric import GOSPAMetric

    true, made, real, kept = scene(4, scans=30)
    made[3], kept[3] = np.nan, False
    ours = measures.gospa(true, made, real, kept, 40.0, order)
    theirs = GOSPAMetric(c=40.0, p=order)
    for scan, (truths, tracks) in enumerate(
        zip(stone_soup_states(true, real), stone_soup_states(made, kept), strict=True)
    ):
        value = theirs.compute_gospa_metric(tracks, truths)[0].value
        for name in ("distance", "localisation", "missed", "false"):
            assert getattr(ours, name)[scan] == pytest.approx(value[name], rel=1e-13, abs=1e-10), name


@given(st.integers(0, 2**31), st.sampled_from([1.0, 2.0]))
@settings(max_examples=30, deadline=None)
def test_both_are_metrics(seed, order):
    a, b, real_a, real_b = scene(seed, scans=4, truths=3, tracks=4)
    c, _, real_c, _ = scene(seed + 1, scans=4, truths=5)
    for measure in (
        lambda *of: measures.ospa(*of, 60.0, order),
        lambda *of: measures.gospa(*of, 60.0, order).distance,
    ):
        ab, ba = measure(a, b, real_a, real_b), measure(b, a, real_b, real_a)
        assert np.allclose(ab, ba, rtol=1e-12)
        assert np.all(measure(a, a, real_a, real_a) == 0)
        assert np.all(ab <= measure(a, c, real_a, real_c) + measure(c, b, real_c, real_b) + 1e-9)


def test_parts_of_gospa_count_what_is_missed_and_false():
    true, made = np.zeros((1, 2, 2)), np.array([[[0.0, 3.0], [900.0, 0.0], [0.0, 950.0]]])
    found = measures.gospa(true, made, np.full((1, 2), True), np.full((1, 3), True), 10.0, 2)
    assert (found.localisation[0], found.missed[0], found.false[0]) == (9.0, 50.0, 100.0)


def test_nothing_true_and_nothing_tracked_is_no_distance():
    none = np.zeros((2, 3, 2)), np.zeros((2, 4, 2)), np.zeros((2, 3), bool), np.zeros((2, 4), bool)
    assert measures.ospa(*none, 10.0).tolist() == [0, 0]
    assert measures.gospa(*none, 10.0).distance.tolist() == [0, 0]
    some = (*none[:3], np.ones((2, 4), bool))
    assert measures.ospa(*some, 10.0).tolist() == [10, 10]


def test_a_track_of_nan_costs_the_cutoff_and_no_more():
    true, made = np.zeros((1, 1, 3)), np.full((1, 1, 3), np.nan)
    there = np.full((1, 1), True)
    assert measures.ospa(true, made, there, there, 10.0).tolist() == [10]
    assert measures.gospa(true, made, there, there, 10.0).missed.tolist() == [50]


@pytest.mark.parametrize("cutoff, order", [(0.0, 1), (np.nan, 1), (np.inf, 1), (10.0, 0.5), (10.0, np.inf)])
def test_cutoffs_and_orders_without_meaning_are_refused(cutoff, order):
    there = np.full((1, 1), True)
    with pytest.raises(ValueError, match="cutoff"):
        measures.ospa(np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), there, there, cutoff, order)


# Tracks that swap, end, begin, double up and go astray.
def picture(seed: int):
    """Four truths and nine tracks over 40 scans, as places and velocities [S, N, 4], and their masks."""
    chance = np.random.default_rng(seed)
    scans = 40
    time_s = np.arange(scans, dtype=float)
    true = np.zeros((scans, 4, 4))
    true[:, :, 0] = 10.0 * time_s[:, None]
    true[:, :, 1] = 1000.0 * np.arange(4)
    true[:, :, 2] = 10.0
    real = np.full((scans, 4), True)
    real[:5, 3], real[30:, 2] = False, False
    # Track, truth, first and last scan.
    lives = [(0, 0, 0, 39), (1, 1, 0, 14), (2, 1, 10, 25), (3, 1, 30, 39), (4, 2, 2, 29)]
    lives += [(5, 2, 8, 20), (6, 3, 5, 39), (7, None, 3, 30), (8, 3, 12, 33)]
    made, kept = np.full((scans, 9, 4), np.nan), np.full((scans, 9), False)
    for track, truth, first, last in lives:
        inside = slice(first, last + 1)
        kept[inside, track] = True
        base = np.array([-5000.0, -5000.0, 0, 0]) if truth is None else true[inside, truth]
        made[inside, track] = base + chance.normal(0, 5, (last + 1 - first, 4))
    # One strays for a scan (kept), another for four (lost and found), a third goes over to a neighbour.
    made[20, 0, 1] += 300
    made[12:16, 6, 1] += 300
    made[22:29, 4] = true[22:29, 3] + 3.0
    return time_s, true, made, real, kept


def stone_soup_paths(time_s, places, valid, kind):
    from stonesoup.types.state import State

    return [
        kind(
            [
                State(
                    places[scan, n][:, None],
                    timestamp=START + datetime.timedelta(seconds=float(time_s[scan])),
                )
                for scan in np.flatnonzero(valid[:, n])
            ]
        )
        for n in range(places.shape[1])
    ]


def siap_of(time_s, true, made, real, kept, held):
    of = np.take_along_axis(true, np.maximum(held, 0)[..., None], axis=1)
    off = made - of
    return measures.siap(
        time_s,
        held,
        real,
        kept,
        np.linalg.norm(off[..., :2], axis=-1),
        np.linalg.norm(off[..., 2:], axis=-1),
    )


@pytest.mark.parametrize("confirm, end", [(3, 2), (2, 1), (2, 3)])
def test_siap_is_that_of_stone_soup(confirm, end):
    from stonesoup.dataassociator.tracktotrack import TrackToTruth
    from stonesoup.measures import Euclidean
    from stonesoup.metricgenerator.manager import MultiManager
    from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
    from stonesoup.types.groundtruth import GroundTruthPath
    from stonesoup.types.track import Track

    time_s, true, made, real, kept = picture(5)
    held = measures.hold(true[..., :2], made[..., :2], real, kept, 50.0, confirm, end)
    ours = siap_of(time_s, true, made, real, kept, held)

    siap = SIAPMetrics(position_measure=Euclidean([0, 1]), velocity_measure=Euclidean([2, 3]))
    near = TrackToTruth(
        association_threshold=50.0,
        consec_pairs_confirm=confirm,
        consec_misses_end=end,
        measure=Euclidean([0, 1]),
    )
    manager = MultiManager([siap], near)
    manager.add_data(
        {
            "groundtruth_paths": set(stone_soup_paths(time_s, true, real, GroundTruthPath)),
            "tracks": set(stone_soup_paths(time_s, made, kept, Track)),
        },
        overwrite=False,
    )
    theirs = manager.generate_metrics()["siap_generator"]
    names = {
        "SIAP Completeness": "completeness",
        "SIAP Ambiguity": "ambiguity",
        "SIAP Spuriousness": "spuriousness",
        "SIAP Position Accuracy": "position_m",
        "SIAP Velocity Accuracy": "velocity_mps",
        "SIAP Rate of Track Number Change": "changes_per_s",
        "SIAP Longest Track Segment": "longest",
        "SIAP Completeness at times": "completeness_then",
        "SIAP Ambiguity at times": "ambiguity_then",
        "SIAP Spuriousness at times": "spuriousness_then",
        "SIAP Position Accuracy at times": "position_then_m",
        "SIAP Velocity Accuracy at times": "velocity_then_mps",
    }
    for title, name in names.items():
        value = theirs[title].value
        expected = [one.value for one in value] if isinstance(value, list) else value
        assert getattr(ours, name) == pytest.approx(np.array(expected), rel=1e-12), title


@pytest.mark.parametrize(
    "nearest, held",
    [
        ("AAAAAA", "AAAAAA"),
        ("AAA-AA", "AAAAAA"),  # one miss is bridged
        ("AAA--AAA", "AAA--AAA"),  # two end it
        ("AA--AA", "------"),  # never three in a row
        ("AAABABB", "AAAAA--"),  # what was nearest before the last agreement does not count
        ("AAABABBB", "AAAAABBB"),
        ("AAABBB", "AAABBB"),
        ("AAA--AAA-AA", "AAA--AAAAAA"),  # found again, it may miss once more
    ],
)
def test_a_track_holds_what_is_nearest_long_enough(nearest, held):
    places = {"A": 0.0, "B": 100.0, "-": 1000.0}
    tracks = np.array([[[places[one]]] for one in nearest])
    scans = len(nearest)
    truths = np.tile([[[0.0], [100.0]]], (scans, 1, 1))
    found = measures.hold(truths, tracks, np.full((scans, 2), True), np.full((scans, 1), True), 10.0)
    assert "".join("AB-"[one] for one in found[:, 0]) == held


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), min_size=0, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_fewest_tracks_that_cover_a_life_are_the_fewest_of_all_choices(spells):
    def covered(chosen) -> set[int]:
        return {scan for first, last in chosen for scan in range(first, last + 1)}

    fewest = next(
        count
        for count in range(len(spells) + 1)
        if any(covered(some) == covered(spells) for some in itertools.combinations(spells, count))
    )
    assert measures._needed(np.array(spells, int).reshape(-1, 2)) == fewest


def test_a_perfect_picture_scores_perfectly():
    time_s, true, _, real, _ = picture(6)
    held = np.where(real, np.arange(4), -1)
    found = siap_of(time_s, true, true, real, real, held)
    assert (found.completeness, found.ambiguity, found.spuriousness) == (1, 1, 0)
    assert (found.position_m, found.velocity_mps, found.changes_per_s, found.longest) == (0, 0, 0, 1)


def test_a_change_of_track_number_is_counted_once():
    # Two tracks share a truth for 100 s, one after the other; a third is the second's double.
    held = np.full((101, 3), -1)
    held[:51, 0], held[51:, 1], held[60:90, 2] = 0, 0, 0
    found = measures.siap(np.arange(101.0), held, np.full((101, 1), True), held >= 0)
    # From the last scan of the first to the first of the second nobody holds it.
    assert found.changes_per_s == pytest.approx(1 / 99)
    assert found.longest == pytest.approx(0.5)
    assert found.completeness == 1 and found.ambiguity == pytest.approx(131 / 101)


def test_no_tracks_and_no_truths_are_scored_without_fuss():
    for truths, tracks in [(0, 0), (3, 0), (0, 3)]:
        time_s, real, kept = np.arange(4.0), np.full((4, truths), True), np.full((4, tracks), True)
        held = measures.hold(np.zeros((4, truths, 2)), np.zeros((4, tracks, 2)), real, kept, 1.0)
        found = measures.siap(time_s, held, real, kept)
        assert (found.completeness, found.ambiguity, found.longest) == (0, 1, 0)
        assert found.spuriousness == (1 if tracks else 0)
        assert measures.track_loss(time_s, held, real).held == 0


def test_lost_truths_are_those_let_go_before_their_end():
    time_s = np.arange(0.0, 50.0, 5.0)
    real = np.full((10, 3), True)
    real[6:, 1] = False
    held = np.full((10, 2), -1)
    held[:, 0] = 0
    held[4, 0] = -1  # let go and taken up again
    held[:6, 1] = 1  # held to its end
    found = measures.track_loss(time_s, held, real)
    assert found.held == 2 and found.lost == 0
    assert found.lost_per_s == pytest.approx(1 / (8 * 5 + 5 * 5))
    held[9, 0] = -1
    assert measures.track_loss(time_s, held, real).lost == 0.5


def test_normalised_errors_follow_chi_squared():
    chance = np.random.default_rng(7)
    root = chance.normal(size=(6, 6)) * np.array([1e3, 1e3, 1e3, 1.0, 1.0, 1.0])[:, None]
    errors = chance.normal(size=(4000, 6)) @ root.T
    found = measures.nees(errors, root @ root.T)
    # One in a thousand consistent filters fails this.
    assert stats.kstest(found, stats.chi2(6).cdf).pvalue > 1e-3
    assert measures.consistency(found, 6, false_alarm=1e-3).consistent
    assert not measures.consistency(found * 1.2, 6).consistent
    assert not measures.consistency(found / 1.2, 6).consistent
    assert measures.consistency(found * 1.2, 6).mean > measures.consistency(found, 6).high


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_normalised_errors_are_those_of_a_plain_solve(seed):
    chance = np.random.default_rng(seed)
    root, error = chance.normal(size=(5, 3, 3)), chance.normal(size=(5, 3))
    cov = root @ np.swapaxes(root, -1, -2) + 0.1 * np.eye(3)
    expected = np.einsum("ni,ni->n", error, np.linalg.solve(cov, error[..., None])[..., 0])
    assert np.allclose(measures.nees(error, cov), expected, rtol=1e-9)


def test_what_was_not_measured_adds_nothing():
    cov = np.diag([4.0, np.inf, 9.0])
    assert measures.nees(np.array([2.0, np.nan, 3.0]), cov) == pytest.approx(2)


def test_no_covariance_gives_no_normalised_error():
    bad = np.array(
        [np.diag([1.0, -1.0]), [[1.0, 2.0], [2.0, 1.0]], np.full((2, 2), np.nan), np.zeros((2, 2))]
    )
    found = measures.nees(np.ones((4, 2)), bad)
    assert np.all(np.isnan(found))
    summed = measures.consistency(np.append(found, [1.0, 3.0]), 2)
    assert summed.count == 2 and summed.mean == 1


def test_bounds_of_consistency_hold_what_they_say():
    chance = np.random.default_rng(8)
    errors2 = chance.chisquare(4, (25, 4000))
    outside = np.sum(~measures.consistency(errors2, 4, false_alarm=0.05).consistent)
    # Two-sided, one in a thousand.
    assert stats.binomtest(int(outside), 4000, 0.05).pvalue > 1e-3


@pytest.mark.parametrize("exact, method", [(False, "wilson"), (True, "exact")])
def test_intervals_of_shares_are_those_of_scipy(exact, method):
    for count in (1, 7, 40):
        for hits in range(count + 1):
            ours = measures.share(hits, count, 0.9, exact)
            theirs = stats.binomtest(hits, count).proportion_ci(0.9, method)
            assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
            assert ours.low <= ours.share <= ours.high


def test_coverage_counts_runs_at_each_time():
    chance = np.random.default_rng(9)
    inside = measures.inside_ellipse(chance.chisquare(2, (2000, 3)), 0.95)
    valid = np.full((2000, 3), True)
    valid[:, 2] = False
    found = measures.coverage(inside, valid, confidence=0.999)
    assert np.all((found.low <= 0.95) & (found.high >= 0.95))
    assert found.count.tolist() == [2000, 2000, 0]
    assert np.isnan(found.share[2]) and (found.low[2], found.high[2]) == (0, 1)
    assert not measures.inside_ellipse(np.nan, 0.95)


def test_forecast_errors_are_great_circles_with_gaps_left_out():
    degree = np.pi / 180
    lat = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, np.nan]]) * degree
    zero = np.zeros((2, 3))
    found = measures.forecast_error(lat, zero, zero, zero, np.array([[True, True, False]] * 2))
    assert found.count.tolist() == [2, 2, 0]
    # One degree of a great circle on the mean sphere is 111.195 km.
    assert found.error_m[1, 0] == pytest.approx(111_195, abs=1)
    assert found.rms_m[0] == pytest.approx(111_195 / np.sqrt(2), abs=1)
    assert found.median_m[1] == 0 and np.isnan(found.rms_m[2])
