"""Regions of highest density, fans and passages, on places whose answer is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from noroshi.earth import geometry
from noroshi.tracking import region
from noroshi.tracking.forecast import points
from noroshi.tracking.region import Plane, contours, narrowest_sector, passages, smooth

CHI2 = {0.5: 1.386, 0.9: 4.605, 0.95: 5.991}
PLACES = [(38.0, 140.0), (-20.0, 179.95), (89.8, 30.0), (-90.0, 0.0)]


def about(lat_deg: float, lon_deg: float) -> Plane:
    return Plane.about(region._unit(np.array([lat_deg]), np.array([lon_deg])))


def bundle_at(lat_deg: float, lon_deg: float, axes_km=(300.0, 40.0), lanes: int = 32):
    """A region after a bundle with exactly these semi-axes, one sigma, and its plane."""
    plane = about(lat_deg, lon_deg)
    return smooth(*plane.there(points(lanes)[0][:, :2] * axes_km)), plane


def test_the_plane_is_equal_area_and_leads_back():
    plane = about(40.0, 170.0)
    lat, lon = np.array([40.0, 10.0, -30.0, 75.0]), np.array([170.0, -150.0, 140.0, 0.0])
    there = plane.there(plane.here(region._unit(lat, lon)))
    assert np.allclose(there, [lat, lon], atol=1e-9)
    # The cap of 60 degrees about the middle is a quarter of the sphere: a disk of that very area.
    cap = np.array(
        geometry.great_circle_end(0.0, 0.0, np.linspace(0, 2 * np.pi, 9), geometry.MEAN_RADIUS_M * np.pi / 3)
    )
    x, y = (
        about(0.0, 0.0)
        .here(
            np.stack(
                [np.cos(cap[0]) * np.cos(cap[1]), np.cos(cap[0]) * np.sin(cap[1]), np.sin(cap[0])], axis=-1
            )
        )
        .T
    )
    radius_km = geometry.MEAN_RADIUS_M / 1e3
    assert np.allclose(np.pi * (x**2 + y**2), np.pi * radius_km**2, rtol=1e-9)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("axes_km", [(300.0, 40.0), (5.0, 5.0), (1500.0, 300.0)])
def test_the_region_of_a_gaussian_holds_what_it_says_and_is_no_smaller(place, axes_km):
    found, plane = bundle_at(*place, axes_km)
    chance = np.random.default_rng(1)
    drawn = plane.there(chance.standard_normal((500, 2)) * axes_km)
    ranks = np.array([found.rank(*one) for one in zip(*drawn, strict=True)])
    for share, chi2 in CHI2.items():
        held = (ranks <= share).mean()
        # Kernels widen: never too little (4 sigma of 500 draws), and no more than they are wide.
        assert share - 4 * np.sqrt(share * (1 - share) / 500) <= held <= share + 0.2 * (1 - share) + 0.12
        area = found.area(share)
        exact = np.pi * chi2 * axes_km[0] * axes_km[1]
        assert 0.9 * exact < area.area_km2 < 1.9 * exact
        # The rings hold what they say, by an independent count.
        assert found.probability(area.rings) == pytest.approx(share, abs=0.015)


def test_no_ring_is_cut_at_the_date_line():
    found, _ = bundle_at(-20.0, 179.95)
    (ring,) = found.area(0.95).rings
    assert np.abs(np.diff(ring[:, 1])).max() < 5
    assert np.allclose(ring[0], ring[-1])
    assert ring[:, 1].max() > 180 or ring[:, 1].min() < -180
    assert found.inside(-20.0, 179.95) and found.inside(-20.0, -179.9) and found.inside(-20.0, 180.1)
    assert not found.inside(-20.0, 0.0)


def test_a_region_about_a_pole_holds_the_pole():
    found, _ = bundle_at(90.0, 0.0, (200.0, 200.0))
    assert found.inside(90.0, 0.0) and found.inside(90.0, 123.0) and not found.inside(80.0, 0.0)
    (ring,) = found.area(0.95).rings
    assert abs(ring[-1, 1] - ring[0, 1]) == pytest.approx(360, abs=1e-6)


def test_what_may_fall_in_two_places_keeps_two_small_regions():
    normal = points(32)[0][:, :2]
    plane = about(40.0, 140.0)
    here, there = normal[:16] * 5.0, normal[16:] * [20.0, 5.0] + [0.0, 1500.0]
    found = smooth(*plane.there(np.concatenate([here, there])))
    area = found.area(0.95)
    assert len(area.rings) == 2
    assert area.area_km2 < 12_000
    assert found.inside(*plane.there(np.array([0.0, 0.0]))) and found.inside(
        *plane.there(np.array([0.0, 1500.0]))
    )
    assert not found.inside(*plane.there(np.array([0.0, 750.0])))
    # Half of it near the one.
    assert found.within(40.0, 140.0, 100.0) == pytest.approx(0.5, abs=0.01)


@given(st.floats(-90, 90), st.floats(-180, 180))
@settings(max_examples=20, deadline=None)
def test_regions_know_no_special_place_on_earth(lat_deg, lon_deg):
    """The same bundle elsewhere gives the same areas and ranks."""
    (one, first), (other, second) = bundle_at(38.0, 140.0), bundle_at(lat_deg, lon_deg)
    assert other.area(0.9).area_km2 == pytest.approx(one.area(0.9).area_km2, rel=0.02)
    probe = np.array([200.0, 30.0])
    assert other.rank(*second.there(probe)) == pytest.approx(one.rank(*first.there(probe)), abs=0.02)


def test_areas_of_more_share_hold_those_of_less():
    found, _ = bundle_at(38.0, 140.0)
    small, middle, large = found.areas()
    assert small.area_km2 < middle.area_km2 < large.area_km2
    for lat, lon in small.rings[0]:
        assert found.inside(lat, lon, 0.55) and found.inside(lat, lon, 0.95)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_contours_close_and_bound_what_is_higher(seed):
    """Signed areas of the lines count the cells inside; no node sits on the wrong side."""
    chance = np.random.default_rng(seed)
    field = np.zeros((24, 24))
    for _ in range(4):
        x, y = chance.uniform(5, 18, 2)
        grid = np.mgrid[:24, :24]
        field += np.exp(-((grid[0] - x) ** 2 + (grid[1] - y) ** 2) / chance.uniform(2, 12))
    field[[0, -1]] = field[:, [0, -1]] = 0
    level = float(np.quantile(field, chance.uniform(0.5, 0.95))) + 1e-9
    lines = contours(field, level)
    signed = 0.0
    inside = np.zeros(field.shape, bool)
    nodes = np.stack(np.mgrid[:24, :24], axis=-1)
    for line in lines:
        assert np.allclose(line[0], line[-1])
        x, y = line.T
        signed += 0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])
        for (ax, ay), (bx, by) in pairwise(line):
            if ay != by:
                px, py = nodes[..., 0], nodes[..., 1]
                inside ^= ((ay > py) != (by > py)) & (px < (bx - ax) * (py - ay) / (by - ay) + ax)
    assert (inside == (field > level)).all()
    # Each higher node stands for some cell, give or take the border.
    count, border = (field > level).sum(), sum(len(line) for line in lines)
    assert abs(signed - count) <= border


# --- regions of any shape -----------------------------------------------------------------------------------


def turned(place_km: np.ndarray, turn_deg: float) -> np.ndarray:
    a = np.radians(turn_deg)
    return place_km @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


def clump_and_far(chance, turn_deg):
    """A clump of 1 to 40 km and one to six lanes that may fall anywhere about it."""
    far = chance.integers(1, 7)
    clump = chance.standard_normal((32 - far, 2)) * chance.uniform([1, 1], [40, 5])
    return np.concatenate([turned(clump, turn_deg), chance.standard_normal((far, 2)) * 1500])


def two_places(chance, turn_deg):
    one, other = chance.standard_normal((2, 16, 2)) * chance.uniform([20, 2], [300, 20])
    away = np.array([0, chance.uniform(0, 1500)])
    return np.concatenate([turned(one, turn_deg), turned(other, -turn_deg) + away])


def wide(chance, turn_deg):
    return turned(chance.standard_normal((32, 2)) * [2000, 1500], turn_deg)


def line(chance, turn_deg):
    """4,000 km long, 10 km wide, straight or bent: a missile that still burns."""
    along = chance.uniform(-2000, 2000, 32)
    bend = chance.choice([0, 300]) * (along / 2000) ** 2
    return turned(np.stack([along, bend + chance.standard_normal(32) * 10], axis=-1), turn_deg)


def line_with_a_clump_at_its_end(chance, turn_deg):
    along, across = chance.uniform(-2000, 2000, 32), chance.standard_normal(32)
    near = np.arange(32) < 20
    along = np.where(near, 2000 + 3 * chance.standard_normal(32), along)
    return turned(np.stack([along, across * np.where(near, 1.5, 10)], axis=-1), turn_deg)


def cross(chance, turn_deg):
    one, other = chance.standard_normal((2, 16, 2)) * [300, 3]
    return np.concatenate([turned(one, turn_deg), turned(other, turn_deg + 90)])


def same_place(chance, turn_deg):
    return np.zeros((8, 2)) + turn_deg


SHAPES = [clump_and_far, two_places, wide, line, line_with_a_clump_at_its_end, cross, same_place]


def drawn(found: region.Region, count: int, chance) -> np.ndarray:
    """Places [count, 2], km, drawn from the density by chance."""
    lane = chance.integers(0, len(found.centre_km), count)
    root = np.linalg.cholesky(found.spread_km2)[lane]
    return found.centre_km[lane] + np.einsum("nij,nj->ni", root, chance.standard_normal((count, 2)))


def inside_rings(found: region.Region, rings, place_km: np.ndarray) -> np.ndarray:
    x, y = place_km.T
    odd = np.zeros(len(x), bool)
    for ring in rings:
        for (ax, ay), (bx, by) in pairwise(found._on_plane(ring[:, 0], ring[:, 1])):
            if ay != by:
                odd ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return odd


@given(st.sampled_from(SHAPES), st.integers(0, 2**32 - 1), st.floats(0, 180))
@settings(max_examples=60, deadline=None)
def test_areas_of_any_shape_are_never_empty_and_hold_what_they_say(shape, seed, turn_deg):
    """Against 2,000 draws that the areas did not see, at 5 sigma of chance: by luck once in some 7,000 runs.

    Beyond chance, 0.02 for the level, which is a quantile of 2,048 draws, and for the rings' edges.
    """
    chance = np.random.default_rng(seed)
    found = smooth(*about(40.0, 140.0).there(shape(chance, turn_deg)))
    places = drawn(found, 2000, chance)
    before_km2 = 0.0
    for share in (0.1, 0.5, 0.9, 0.95):
        area = found.area(share)
        assert area.rings and area.area_km2 > before_km2
        before_km2 = area.area_km2
        held = inside_rings(found, area.rings, places).mean()
        assert held == pytest.approx(share, abs=0.02 + 5 * np.sqrt(share * (1 - share) / len(places)))


@given(st.sampled_from(SHAPES), st.integers(0, 2**32 - 1), st.floats(0, 180))
@settings(max_examples=40, deadline=None)
def test_the_size_of_an_area_is_that_of_all_that_is_denser(shape, seed, turn_deg):
    """The mean of 1 / density over draws that pass the level is the area: 5 sigma of that mean, and 6 %.

    The 6 % are for the grid, whose lines are finer only where they take 0.5 % to the wrong side.
    """
    chance = np.random.default_rng(seed)
    found = smooth(*about(40.0, 140.0).there(shape(chance, turn_deg)))
    density = found.density_km2(drawn(found, 20_000, chance))
    for share in (0.5, 0.95):
        sizes = (density > found.level(share)) / density
        mean, sigma = sizes.mean(), sizes.std() / np.sqrt(len(sizes))
        assert found.area(share).area_km2 == pytest.approx(mean, abs=0.06 * mean + 5 * sigma)


@pytest.mark.parametrize("share", [1e-4, 0.01, 0.999])
def test_the_smallest_and_the_largest_share_have_an_area(share):
    for shape in SHAPES:
        found = smooth(*about(40.0, 140.0).there(shape(np.random.default_rng(3), 30.0)))
        assert found.area(share).area_km2 > 0


def test_a_tight_clump_keeps_its_small_area_when_a_few_fall_far_away():
    """28 of 32 lanes within some km: half of the probability lies there, however far the others spread."""
    normal = points(32)[0][:, :2]
    plane = about(40.0, 140.0)
    found = smooth(*plane.there(normal * np.where(np.arange(32) < 28, 2.0, 1500.0)[:, None]))
    area = found.area(0.5)
    assert 0 < area.area_km2 < np.pi * 10**2
    assert inside_rings(found, area.rings, np.zeros((1, 2)) + found.centre_km[:28].mean(axis=0)).all()


def test_densities_are_those_of_scipy():
    found = smooth(*about(40.0, 140.0).there(line_with_a_clump_at_its_end(np.random.default_rng(2), 20.0)))
    places = np.concatenate([found.draws_km[::40], found.centre_km])
    kernels = zip(found.centre_km, found.spread_km2, strict=True)
    exact = np.mean([multivariate_normal(*kernel).pdf(places) for kernel in kernels], axis=0)
    assert found.density_km2(places) == pytest.approx(exact, rel=1e-6)


# --- fans and passages --------------------------------------------------------------------------------------


@given(st.floats(0, 360), st.floats(1, 100))
def test_the_narrowest_sector_turns_with_the_directions(turn_deg, spread_deg):
    bearing = np.linspace(-spread_deg / 2, spread_deg / 2, 41)
    first, last = narrowest_sector(bearing + turn_deg, 0.5)
    # 21 of 41 evenly spaced ones span half.
    assert (last - first) % 360 == pytest.approx(spread_deg / 2, rel=1e-6)


def test_a_fan_from_the_launch_point():
    found, plane = bundle_at(40.0, 140.0, (30.0, 300.0))
    lat, lon = plane.there(np.array([0.0, -2000.0]))
    fan = found.fan(float(lat), float(lon))
    assert (fan.median_deg + 180) % 360 - 180 == pytest.approx(0.0, abs=0.7)
    low, five, middle, ninety_five, high = fan.range_km
    assert low < five < middle < ninety_five < high
    assert middle == pytest.approx(2000, rel=0.03)
    # Two thousand km away and 30 km wide, 95 % within 1.96 sigma, a little more by the kernels.
    sector = (fan.sector95_deg[1] - fan.sector95_deg[0]) % 360
    assert 2 * 1.9 * np.degrees(30 / 2000) < sector < 2 * 1.96 * np.degrees(30 / 2000) * 1.6
    assert (fan.sector50_deg[1] - fan.sector50_deg[0]) % 360 < sector / 2


def test_passages_are_quantiles_of_those_who_pass():
    lanes, steps = 40, 100
    time_s = 10.0 + np.arange(steps) + np.zeros((lanes, 1))
    touched = np.zeros((lanes, steps - 1, 2), bool)
    for lane in range(20):
        touched[lane, 30 + lane : 35 + lane, 0] = True
    present = np.arange(lanes) < 30
    over, missed = passages(touched, time_s, present)
    assert over.probability == pytest.approx(20 / 30)
    assert over.first_s == pytest.approx(np.quantile(40.0 + np.arange(20), [0.05, 0.5, 0.95]))
    assert over.last_s == pytest.approx(np.quantile(45.0 + np.arange(20), [0.05, 0.5, 0.95]))
    assert (missed.probability, missed.first_s, missed.last_s) == (0.0, None, None)


def test_passages_of_points_and_of_nobody():
    touched = np.zeros((3, 5, 1), bool)
    touched[:, 2] = True
    time_s = np.arange(5.0) + np.zeros((3, 1))
    (at,) = passages(touched, time_s, np.ones(3, bool))
    assert at.first_s == at.last_s == pytest.approx((2.0, 2.0, 2.0))
    (nobody,) = passages(touched, time_s, np.zeros(3, bool))
    assert nobody.probability == 0
