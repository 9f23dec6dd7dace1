import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.tracks import STATE, Estimate
from noroshi.tracking.disagree import MERGED, UNKNOWN, Assessment, Disagreement, Place, compare, refused

KM_PER_DEG = MEAN_RADIUS_M / 1e3 * math.pi / 180


def about(what: str, *told: Assessment, merged: Assessment | None = None) -> Disagreement:
    """The one comparison of two that is about that."""
    (line,) = (one for one in compare(told, merged).comparisons if one.about == what)
    return line


def landing(nation: str, lat_deg: float, lon_deg: float, sigma_km: float = 10.0, **more) -> Assessment:
    return Assessment(nation, impact=Place.round(lat_deg, lon_deg, sigma_km), **more)


def test_places_differ_by_kilometres_and_by_sigmas_of_both():
    # 60 km apart, 10 km each way each: 60 / sqrt(200) in two dimensions.
    line = about("impact place", landing("JPN", 40.0, 140.0), landing("KOR", 40.0 + 60 / KM_PER_DEG, 140.0))
    assert line.difference == pytest.approx(60.0, rel=1e-6)
    chance = chi2.sf(60**2 / 200, 2)
    assert norm.sf(line.sigmas) * 2 == pytest.approx(chance, rel=1e-6)
    assert line.agrees is False
    assert line.between == ("JPN", "KOR")
    assert line.verdict == f"differs by {line.sigmas:.1f} sigma in impact place: 60 km apart"


def test_places_close_to_each_other_agree():
    line = about("impact place", landing("JPN", 40.0, 140.0), landing("KOR", 40.1, 140.0))
    assert line.agrees
    assert line.verdict.startswith("agrees in impact place: 11 km apart")


def test_a_miss_along_the_ellipse_weighs_less_than_one_across():
    wide = Place(40.0, 140.0, 300.0, 20.0, 90.0)
    east = about("impact place", Assessment("JPN", impact=wide), landing("KOR", 40.0, 141.0, 1.0))
    north = about("impact place", Assessment("JPN", impact=wide), landing("KOR", 40.8, 140.0, 1.0))
    assert east.difference == pytest.approx(north.difference, rel=0.1)
    assert east.agrees
    assert not north.agrees


def test_far_apart_in_the_north_each_ellipse_keeps_its_own_north():
    # Along a parallel the great circle sets out north of east and comes in south of it: an ellipse whose
    # major axis lies along the circle at its own end hides the difference at both ends alike.
    a, b = Place(60.0, 100.0, 2000.0, 10.0, 0.0), Place(60.0, 160.0, 2000.0, 10.0, 0.0)
    from noroshi.earth import geometry

    here, there = np.radians([60.0, 100.0]), np.radians([60.0, 160.0])
    out = math.degrees(geometry.great_circle(*here, *there)[1])
    back = math.degrees(geometry.great_circle(*there, *here)[1])
    assert abs(out - 90) > 20
    along = about(
        "impact place",
        Assessment("JPN", impact=replace(a, major_azimuth_deg=out)),
        Assessment("KOR", impact=replace(b, major_azimuth_deg=back)),
    )
    sigma = 2000.0 / math.sqrt(chi2.isf(0.05, 2))
    assert norm.sf(along.sigmas) * 2 == pytest.approx(
        chi2.sf(along.difference**2 / 2 / sigma**2, 2), rel=1e-3
    )


def test_who_is_compared_first_does_not_matter():
    a = landing("JPN", 40.0, 140.0, 30.0, impact_time_s=600.0, impact_time_sigma_s=5.0, count=2)
    b = replace(landing("KOR", 41.0, 142.0, 20.0), impact_time_s=630.0, impact_time_sigma_s=5.0, count=1)
    for ours, theirs in zip(compare([a, b]).comparisons, compare([b, a]).comparisons, strict=True):
        assert abs(ours.difference) == pytest.approx(abs(theirs.difference))
        assert ours.sigmas == pytest.approx(theirs.sigmas) or ours.sigmas is theirs.sigmas
        assert ours.agrees == theirs.agrees


def test_two_that_agree_by_their_own_errors_are_told_so_but_for_one_in_370():
    chance, n = np.random.default_rng(1), 4000
    differ = 0
    for north, east in chance.standard_normal((n, 2)) * math.sqrt(2) * 10.0:
        lat, lon = 40.0 + north / KM_PER_DEG, 140.0 + east / KM_PER_DEG / math.cos(math.radians(40.0))
        differ += not about("impact place", landing("JPN", 40.0, 140.0), landing("KOR", lat, lon)).agrees
    # Expected 10.8; outside 1 to 27 has a chance below 1e-4.
    assert 1 <= differ <= 27


@pytest.mark.parametrize(
    "late_s, sigma_s, agrees, words",
    [
        (20.0, 10.0, True, "agrees in impact time: 20 s apart, 1.4 sigma"),
        (60.0, 10.0, False, "differs by 4.2 sigma in impact time: 60 s apart"),
        (60.0, None, None, "60 s apart in impact time, uncertainty not told"),
    ],
)
def test_times_of_impact_are_compared(late_s, sigma_s, agrees, words):
    line = about(
        "impact time",
        Assessment("JPN", impact_time_s=600.0, impact_time_sigma_s=10.0),
        Assessment("KOR", impact_time_s=600.0 + late_s, impact_time_sigma_s=sigma_s),
    )
    assert (line.difference, line.agrees, line.verdict) == (late_s, agrees, words)


def test_ranges_differ_as_governments_published_them():
    # 14 January 2024: about 1,000 km (Republic of Korea), at least 500 km (Japan), from one launch place.
    launch = Place.round(39.0, 125.8, 5.0)
    east = 1 / (KM_PER_DEG * math.cos(math.radians(39.0)))
    kor = Assessment("KOR", launch=launch, impact=Place.round(39.0, 125.8 + 1000 * east, 50.0))
    jpn = Assessment("JPN", launch=launch, impact=Place.round(39.0, 125.8 + 500 * east, 50.0))
    line = about("range", kor, jpn)
    assert line.difference == pytest.approx(-500, abs=5)
    assert line.agrees is False
    assert about("launch place", kor, jpn).agrees


def test_one_sees_two_objects_the_other_one():
    line = about("count", Assessment("JPN", count=2), Assessment("KOR", count=1))
    assert (line.agrees, line.verdict) == (False, "JPN sees 2 objects, KOR 1")
    line = about("count", Assessment("JPN", count=1), Assessment("KOR", count=1))
    assert (line.agrees, line.verdict) == (True, "agrees in count: 1")


@pytest.mark.parametrize(
    "one, other, agrees, words",
    [
        ({"ballistic": 0.9, "glide": 0.1}, {"ballistic": 0.7, "glide": 0.3}, True, "agrees in class"),
        ({"ballistic": 0.9, "glide": 0.1}, {"ballistic": 0.2, "glide": 0.8}, False, "KOR 80% glide"),
        ({"ballistic": 0.9, "glide": 0.1}, {UNKNOWN: 0.8, "glide": 0.2}, None, "KOR does not yet know"),
        ({UNKNOWN: 1.0}, {UNKNOWN: 1.0}, None, "JPN and KOR do not yet know"),
    ],
)
def test_classes_differ_when_less_than_half_is_shared(one, other, agrees, words):
    line = about("class", Assessment("JPN", classes=one), Assessment("KOR", classes=other))
    assert line.agrees is agrees
    assert words in line.verdict


def state(off_m: float, time_s: float = 0.0) -> Estimate:
    mean = np.zeros(STATE)
    mean[0] = off_m
    return Estimate(
        np.float64(time_s), mean, np.diag(np.repeat([1e6, 100.0, 1.0, 0.1], [3, 3, 3, 1])), np.full(4, 0.25)
    )


def test_states_are_compared_where_both_stand_at_one_time():
    jpn, kor = Assessment("JPN", estimate=state(0.0)), Assessment("KOR", estimate=state(9e3))
    line = about("state", jpn, kor)
    assert line.difference == pytest.approx(9.0)
    assert norm.sf(line.sigmas) * 2 == pytest.approx(chi2.sf(81 / 2, 6), rel=1e-6)
    later = Assessment("KOR", estimate=state(9e3, 1.0))
    assert not compare([jpn, later]).comparisons


def test_every_nation_stands_beside_every_other_and_beside_the_merged_one():
    three = [landing(nation, 40.0 + row, 140.0) for row, nation in enumerate(("JPN", "KOR", "USA"))]
    found = compare(three, landing(MERGED, 41.0, 140.0))
    assert {one.between for one in found.comparisons} == {
        ("JPN", "KOR"), ("JPN", "USA"), ("KOR", "USA"), ("JPN", MERGED), ("KOR", MERGED), ("USA", MERGED),
    }  # fmt: skip
    apart = [one.sigmas for one in found.disagreements]
    assert apart == sorted(apart, reverse=True)
    assert found.disagreements[0].between == ("JPN", "USA")


def test_who_says_nothing_disagrees_with_nobody():
    assert compare([Assessment("JPN"), landing("KOR", 40.0, 140.0, count=1)]).comparisons == ()


NAN = float("nan")


@pytest.mark.parametrize(
    "spoilt, reason",
    [
        (landing("JPN", NAN, 140.0), "impact: not finite"),
        (landing("JPN", 95.0, 140.0), "impact: latitude 95"),
        (landing("JPN", 40.0, 140.0, -1.0), "impact: ellipse"),
        (Assessment("JPN", launch=Place(40.0, 125.0, 5.0, 10.0, 0.0)), "launch: ellipse of 5 by 10 km"),
        (Assessment("JPN", impact_time_s=NAN), "impact_time_s = nan"),
        (Assessment("JPN", impact_time_s=1.0, impact_time_sigma_s=0.0), "impact_time_sigma_s = 0.0"),
        (Assessment("JPN", classes={"ballistic": 0.7}), "sum to 0.7"),
        (Assessment("JPN", classes={"ballistic": 1.5, "glide": -0.5}), "the least is -0.5"),
        (Assessment("JPN", classes={"ballistic": NAN}), "nan"),
        (Assessment("JPN", count=-1), "count = -1"),
        (Assessment("JPN", estimate=replace(state(0.0), mean=np.full(STATE, NAN))), "estimate: not finite"),
        (Assessment("JPN", estimate=replace(state(0.0), cov=-np.eye(STATE))), "covariance not positive"),
    ],
)
def test_nonsense_is_refused_with_its_reason_and_the_others_are_compared(spoilt, reason):
    assert reason in refused(spoilt)
    found = compare([spoilt, landing("KOR", 40.0, 140.0), landing("USA", 40.0, 140.0)])
    assert found.refused == {"JPN": refused(spoilt)}
    assert [one.nation for one in found.assessments] == ["KOR", "USA"]
    assert [one.about for one in found.comparisons] == ["impact place"]


def test_antipodes_are_compared_like_any_others():
    line = about("impact place", landing("JPN", 0.0, 0.0), landing("KOR", 0.0, 180.0))
    assert line.agrees is False
    assert math.isfinite(line.sigmas)
