"""What radars reach over places: closed forms of horizon and range equation, and radars beside satellites."""

from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.sensing import coverage
from noroshi.sensing.reach import nothing, reach
from noroshi.sensing.search import STILL, Pattern
from noroshi.sensing.visibility import Limits
from tests.sensing.made import FOUR_THIRDS, NONE, site, some_radar

MEAN_RADIUS_M = 6_371_008.8
# Where one look shows a Swerling 1 target as often as not: Pfa^(1 / (1 + SNR)) = 1/2.
SNR_HALF = np.log(1e-6) / np.log(0.5) - 1
WIDE = coverage.grid(40_000)


def places(height_m, grid=WIDE):
    lat, lon = np.radians(grid.lat_deg), np.radians(grid.lon_deg)
    return frames.ecef(lat, lon, np.full_like(lat, height_m))


def cap(angle_rad):
    """The part of a sphere within an angle of a point."""
    return np.sin(angle_rad / 2) ** 2


@pytest.mark.parametrize("height_m", [30e3, 100e3, 500e3])
@pytest.mark.parametrize("air", [NONE, FOUR_THIRDS], ids=["no refraction", "four thirds"])
def test_a_loud_target_is_in_view_over_the_cap_that_the_horizon_leaves(height_m, air):
    radar = some_radar(**site(0.0), elevation_rad=np.radians([-5.0, 90.0]))
    found = reach([radar], places(height_m), 1e6, air)
    bent_m = MEAN_RADIUS_M * float(air.effective_earth)
    horizon = float(air.effective_earth) * np.arccos(bent_m / (bent_m + height_m))
    # 40,000 places leave a per cent of a cap of some hundreds of them.
    assert found.geometry.mean() == pytest.approx(cap(horizon), rel=0.03)
    assert found.gated.tolist() == found.geometry.tolist()


def test_a_faint_target_is_held_as_far_as_the_range_equation_says():
    radar = some_radar(**site(0.0), elevation_rad=np.radians([-5.0, 90.0]), cued_unit_m=np.float64(2e6))
    there = places(500e3)
    away_m = np.linalg.norm(there - radar.site_ecef_m, axis=-1)
    for rcs_m2 in (0.1, 1.0, 10.0):
        found = reach([radar], there, rcs_m2, NONE)
        range_m = 2e6 * (rcs_m2 / SNR_HALF) ** 0.25
        clear = found.geometry[0]
        assert found.gated[0].tolist() == (clear & (away_m <= range_m)).tolist()
    assert 0 < found.gated.sum() < found.geometry.sum()


def test_a_quarter_of_the_sector_holds_a_quarter_of_the_places():
    whole, quarter = (
        some_radar(sector_rad=np.float64(width), boresight_rad=np.float64(0.7))
        for width in (2 * np.pi, np.pi / 2)
    )
    found = reach([whole, quarter], places(500e3), 1e6, NONE)
    assert found.geometry[1].sum() == pytest.approx(found.geometry[0].sum() / 4, rel=0.03)
    assert not (found.geometry[1] & ~found.geometry[0]).any()


def test_a_larger_target_a_lower_mask_and_refraction_never_lose_a_place():
    radar = some_radar()
    base = reach([radar], places(100e3), 0.1, NONE)
    assert not (base.gated & ~reach([radar], places(100e3), 1.0, NONE).gated).any()
    assert not (base.geometry & ~reach([radar], places(100e3), 0.1, FOUR_THIRDS).geometry).any()
    masked = reach([replace(radar, mask_rad=np.full(36, np.radians(5)))], places(100e3), 0.1, NONE)
    assert not (masked.geometry & ~base.geometry).any()
    assert masked.geometry.sum() < base.geometry.sum()


GRID = coverage.grid(800, STILL)
T1 = Pattern(28, 4, 1, 1000.0, 81.0)
CROSSING = Limits(crossing_rad=np.radians(15))


def covered(limits=CROSSING, held=None, layers=True):
    layer = coverage.planned(T1.name, T1.elements(STILL), STILL)
    times = coverage.one_turn([layer], 30)
    return coverage.cover([layer] if layers else [], GRID, 30e3, limits, times, STILL, held=held)


def test_a_radar_adds_one_to_every_moment_and_makes_two_of_every_other():
    held = np.arange(800) % 2
    free, both = covered(), covered(held=held)
    odd = held == 1
    assert both.mean_in_view == pytest.approx(free.mean_in_view + held)
    assert both.p2[odd].tolist() == free.p1[odd].tolist()
    assert (both.p1[odd] == 1).all()
    assert (both.longest_gap_s[odd] == 0).all()
    for name in ("p1", "p2", "longest_gap_s"):
        assert getattr(both, name)[~odd].tolist() == getattr(free, name)[~odd].tolist()


def test_two_radars_are_two_all_the_time():
    assert (covered(held=np.full(800, 2)).p2 == 1).all()


def test_radars_alone_hold_always_or_never():
    found = covered(held=np.arange(800) % 3, layers=False)
    assert found.mean_in_view[:3].tolist() == [0, 1, 2]
    assert found.p1[:3].tolist() == [0, 1, 1]
    assert found.p2[:3].tolist() == [0, 0, 1]
    assert found.longest_gap_s[:3].tolist() == [np.inf, 0, 0]


def test_a_part_of_a_layer_sees_what_its_satellites_see():
    layer = coverage.planned(T1.name, T1.elements(STILL), STILL)
    times = coverage.one_turn([layer], 20)
    mine = np.arange(28) < 7
    parts = [coverage.part(layer, which) for which in (mine, ~mine)]
    seen = [coverage.cover([one], GRID, 30e3, Limits(), times, STILL) for one in (*parts, layer)]
    assert [one.count for one in parts] == [7, 21]
    assert seen[0].mean_in_view + seen[1].mean_in_view == pytest.approx(seen[2].mean_in_view)


def test_no_radar_reaches_nothing():
    assert nothing(5).geometry.shape == (0, 5)
    assert reach([], places(0.0, coverage.grid(5)), 1.0, NONE).gated.sum() == 0
