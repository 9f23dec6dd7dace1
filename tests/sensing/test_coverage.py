"""What constellations keep in view: laws, closed forms, and the search for the smallest."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.earth.model import WGS84
from noroshi.flight.elements import from_tle
from noroshi.flight.orbits import join
from noroshi.sensing import caps, coverage
from noroshi.sensing.search import STILL, TURNING, Criterion, Pattern, Wanted, patterns, search
from noroshi.sensing.visibility import Limits
from tests.flight.test_elements import PUBLISHED

T1 = Pattern(28, 4, 1, 1000.0, 81.0)


def covered(pattern, limits=Limits(), target_m=30e3, places=1000, steps=30, earth=STILL):  # noqa: B008
    layer = coverage.planned(pattern.name, pattern.elements(earth), earth)
    grid = coverage.grid(places, earth)
    return grid, coverage.cover([layer], grid, target_m, limits, coverage.one_turn([layer], steps), earth)


@settings(max_examples=20)
@given(
    st.integers(1, 6), st.integers(1, 6), st.floats(300, 3000), st.floats(0, 180), st.sampled_from([0, 5, 15])
)
def test_the_mean_in_view_is_the_number_of_satellites_times_their_cap(planes, each, height, inclination, low):
    pattern = Pattern(planes * each, planes, planes - 1, height, inclination)
    _, found = covered(pattern, Limits(elevation_rad=np.radians(low)), 0.0, 2000, 8)
    cap = caps.share(caps.cap_rad(height * 1e3, np.radians(low)))
    assert found.mean_in_view.mean() == pytest.approx(planes * each * cap, rel=0.03)


def test_shares_lie_between_nothing_and_the_mean():
    _, found = covered(T1)
    assert (found.p2 <= found.p1).all()
    assert (found.p1 <= 1).all()
    assert (found.p1 <= found.mean_in_view + 1e-12).all()
    assert (found.p1 + found.p2 <= found.mean_in_view + 1e-12).all()


@pytest.mark.parametrize(
    "limits",
    [
        Limits(crossing_rad=np.radians(15)),
        Limits(range_m=2.5e6),
        Limits(elevation_rad=0.0),
        Limits(nadir_rad=0.8),
    ],
)
def test_no_gate_adds_a_view(limits):
    _, free = covered(T1)
    _, gated = covered(T1, limits)
    assert (gated.p1 <= free.p1).all()
    assert (gated.p2 <= free.p2).all()
    assert (gated.longest_gap_s >= free.longest_gap_s).all()
    assert gated.p2.mean() < free.p2.mean()


def test_a_higher_target_is_seen_more():
    low, mid, high = (covered(T1, target_m=height_m)[1].p2.mean() for height_m in (0.0, 30e3, 300e3))
    assert low < mid < high


def test_two_layers_see_no_less_than_either_and_as_much_as_both_joined():
    other = Pattern(6, 2, 1, 1400.0, 45.0)
    grid, times = coverage.grid(800, STILL), coverage.Times(200.0, 20, False)
    layers = [coverage.planned(one.name, one.elements(STILL), STILL) for one in (T1, other)]
    both = coverage.cover(layers, grid, 30e3, Limits(), times, STILL)
    parts = [coverage.cover([one], grid, 30e3, Limits(), times, STILL) for one in layers]
    assert both.mean_in_view == pytest.approx(parts[0].mean_in_view + parts[1].mean_in_view)
    assert all((both.p1 >= part.p1).all() for part in parts)
    whole = coverage.planned("both", join(T1.elements(STILL), other.elements(STILL)), STILL)
    again = coverage.cover([whole], grid, 30e3, Limits(), times, STILL)
    assert again.p2.tolist() == both.p2.tolist()
    # Two periods never bring everything again.
    assert layers[0].repeats_s is not None
    assert whole.repeats_s is None
    assert not coverage.one_turn(layers, 10).repeats


def test_a_star_beats_a_delta_of_54_in_single_cover():
    # The planes of a star move alike side by side, but at one seam.
    low = Limits(elevation_rad=np.radians(5))
    delta = covered(Pattern(54, 6, 1, 1000.0, 81.0), low, 0.0, 2000, 60)[1]
    star = covered(Pattern(54, 6, 1, 1000.0, 81.0, "star"), low, 0.0, 2000, 60)[1]
    assert delta.p1.mean() < 0.96
    assert star.p1.mean() > 0.999


def test_over_an_earth_at_rest_a_gap_may_last_for_ever_and_over_a_turning_one_it_ends():
    grid = coverage.grid(600, STILL)
    tropics = coverage.within(grid, (-10.0, 10.0))
    gaps_s = {}
    for name, earth in (("still", STILL), ("turning", TURNING)):
        layer = coverage.planned(T1.name, T1.elements(earth), earth)
        times = coverage.Times(60.0, 1440, False) if earth is TURNING else coverage.one_turn([layer], 60)
        found = coverage.cover([layer], grid, 30e3, Limits(), times, earth)
        gaps_s[name] = coverage.over(found, tropics).longest_gap_s
    assert gaps_s["still"] == float("inf")
    # A hole between two planes of 28/4/1 is some 20 deg wide, and the Earth turns 15 deg an hour.
    assert 3600 < gaps_s["turning"] < 7200


def test_shares_do_not_depend_on_whether_the_earth_turns():
    grid = coverage.grid(4000, STILL)
    still = covered(T1, places=4000, steps=60)[1]
    layer = coverage.planned(T1.name, T1.elements(TURNING), TURNING)
    turning = coverage.cover([layer], grid, 30e3, Limits(), coverage.Times(120.0, 720, False), TURNING)
    for band in coverage.BANDS_DEG:
        here = coverage.within(grid, band)
        assert turning.p2[here].mean() == pytest.approx(still.p2[here].mean(), abs=0.02)


@pytest.mark.parametrize("earth", [STILL, WGS84], ids=["sphere", "wgs84"])
@pytest.mark.parametrize("band", [(-90.0, 90.0), (20.0, 50.0), (-70.0, -69.0)])
def test_the_grid_gives_every_latitude_its_area(earth, band):
    grid = coverage.grid(20_000, earth, band)
    assert grid.lat_deg.min() >= band[0]
    assert grid.lat_deg.max() <= band[1]
    # Area between two latitudes: the integral of the radii of curvature.
    lat = np.radians(np.linspace(*band, 20_001))
    e2 = earth.eccentricity2
    ring = np.cos(lat) / (1 - e2 * np.sin(lat) ** 2) ** 2
    area = np.concatenate([[0], np.cumsum((ring[1:] + ring[:-1]) / 2)])
    below = np.interp(np.sort(np.radians(grid.lat_deg)), lat, area / area[-1])
    assert below == pytest.approx((np.arange(20_000) + 0.5) / 20_000, abs=2e-6)
    assert np.histogram(grid.lon_deg, 20, (-180, 180))[0] == pytest.approx(1000, abs=5)


def test_every_place_lies_in_one_band():
    grid = coverage.grid(999)
    assert sum(coverage.within(grid, band).astype(int) for band in coverage.BANDS_DEG).tolist() == [1] * 999
    poles = coverage.Grid(np.array([90.0, -90.0]), np.zeros(2))
    assert coverage.within(poles, (80.0, 90.0)).tolist() == [True, False]
    assert coverage.over(covered(T1)[1], np.zeros(1000, bool)) is None


def test_brightness_falls_with_the_square_of_range():
    assert coverage.bright_range_m(1000.0, 1e-9) == pytest.approx(1e6)
    assert coverage.bright_range_m(4000.0, 1e-9) == pytest.approx(2e6)


def test_real_satellites_watch_and_one_that_is_lost_sees_nothing():
    good, lost = PUBLISHED["00005"][0], PUBLISHED["28872"][0]
    # The second is sub-orbital: a year after its elements SGP4 gives it up.
    when = from_tle(lost).epoch_utc[0] + timedelta(days=400)
    grid, times = coverage.grid(500), coverage.Times(600.0, 12, False)

    def mean(text):
        layer = coverage.published("real", from_tle(text), when)
        found = coverage.cover([layer], grid, 0.0, Limits(), times)
        return layer, found.mean_in_view.mean()

    one, alone = mean(good)
    # Vanguard: 10.82 turns a day.
    assert one.turn_s == pytest.approx(86_400 / 10.824, rel=0.01)
    assert 0.05 < alone < 0.3
    both, together = mean(good + "\n" + lost)
    assert both.count == 2
    assert together == pytest.approx(alone)


WANTED = Wanted(
    Criterion("p2", 0.95), (20.0, 50.0), 30e3, Limits(), Limits(crossing_rad=np.radians(15)),
    range(1, 31), (2, 3, 4, 5), (1000.0,), (50.0, 70.0),
)  # fmt: skip


def test_the_search_finds_the_smallest_and_nothing_smaller_will_do():
    heard = []
    found = search(WANTED, lambda *told: heard.append(told))
    assert [one.inclination_deg for one in found.trade] == [50.0, 70.0]
    asked = sum(planes for total in range(1, 31) for planes in (2, 3, 4, 5) if total % planes == 0)
    assert found.asked == 2 * asked
    assert heard[-1] == ("patterns", found.asked, found.asked)
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    best = found.best
    assert best.share.p2 >= 0.95

    def p2(pattern):
        layer = coverage.planned(pattern.name, pattern.elements(STILL), STILL)
        grid = coverage.grid(600, STILL, WANTED.band_deg)
        times = coverage.one_turn([layer], 80)
        return coverage.cover([layer], grid, 30e3, Limits(), times, STILL).p2.mean()

    # By another grid and a whole turn.
    assert p2(best.pattern) == pytest.approx(best.share.p2, abs=0.01)
    smaller = [
        one
        for total in range(best.pattern.total - 3, best.pattern.total)
        for one in patterns(WANTED, total, 1000.0, best.inclination_deg, "delta")
    ]
    assert smaller
    assert max(map(p2, smaller)) < 0.955


def test_a_gated_search_needs_no_fewer_satellites():
    gated = search(replace(WANTED, criterion=Criterion("p2", 0.95, gated=True)))
    free = search(WANTED)
    for one, other in zip(free.trade, gated.trade, strict=True):
        assert other.pattern is None or one.pattern.total <= other.pattern.total


def test_a_search_by_gap_holds_the_gap_over_a_turning_earth():
    wanted = replace(
        WANTED,
        criterion=Criterion("longest_gap_s", 600.0),
        totals=(10, 15, 20),
        planes=(5,),
        inclinations_deg=(50.0,),
    )
    (found,) = search(wanted).trade
    assert found.pattern is not None
    assert found.share.longest_gap_s <= 600
    earth, grid = TURNING, coverage.grid(700, TURNING, (20.0, 50.0))
    layer = coverage.planned("found", found.pattern.elements(earth), earth)
    again = coverage.cover([layer], grid, 30e3, Limits(), coverage.Times(60.0, 1440, False), earth)
    assert again.longest_gap_s.max() <= 600 + 120


def test_a_search_may_find_nothing():
    found = search(replace(WANTED, totals=(2, 4, 6)))
    assert found.best is None
    assert [one.pattern for one in found.trade] == [None, None]
    # Too few by the mean in view, so that none is looked at.
    assert found.screened == 0


def test_streets_need_a_plane_of_three():
    with pytest.raises(ValueError, match="three satellites"):
        caps.street_rad(4, 2)
    # One plane of many: a quarter of the way round and no more.
    assert caps.street_rad(1, 400) == pytest.approx(np.pi / 2, abs=1e-3)
