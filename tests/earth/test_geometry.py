import jax
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from noroshi.earth import frames, geometry
from noroshi.earth.geometry import EFFECTIVE_EARTH

A = 6_378_137.0
MEAN = 6_371_008.8  # (2a + b) / 3 of WGS 84

latitudes = st.floats(-np.pi / 2, np.pi / 2)
inner_latitudes = st.floats(-1.55, 1.55)
longitudes = st.floats(-np.pi, np.pi)
bearings = st.floats(0, 2 * np.pi)

# Antenna and target height, km; horizon along the ground, km, over 4/3 of the Earth and without refraction.
# Independent arithmetic: d = a [acos(a / (a + antenna)) + acos(a / (a + target))], a = 6371 km or 4/3 of it.
HORIZONS = [
    (0.030, 0, 22.6, 19.6),
    (0.010, 0, 13.0, 11.3),  # "a radar on a 10 m mast sees some 13 km"
    (0.010, 0.100, 54.3, 47.0),
    (0.020, 0.091, 57.8, 50.0),
    (9.1, 0.091, 432, 374),
    (18.3, 0.091, 596, 516),
    (0, 30, 713, 617),
    (0, 40, 823, 712),
    (0, 50, 919, 796),
    (0, 100, 1297, 1122),
    (0, 200, 1826, 1576),
    (0, 500, 2846, 2446),
]
# Ground range, km, and the least height, km, that a radar at sea level sees there: 4/3 and no refraction.
LEAST_HEIGHTS = [
    (500, 14.7, 19.7),
    (600, 21.2, 28.4),
    (1000, 59.2, 79.3),
    (1500, 134, 181),
    (2000, 241, 327),
    (3000, 559, 778),
]


def elevation(antenna_m: float, target_m: float, ground_m: float, refraction: str) -> float:
    """Apparent elevation, rad, of a target some way along the ground."""
    heights = np.float64(antenna_m), np.float64(target_m)
    return float(geometry.refracted_elevation(*heights, ground_m / MEAN, EFFECTIVE_EARTH[refraction]))


@pytest.mark.parametrize("antenna_km, target_km, bent_km, straight_km", HORIZONS)
def test_the_horizon_is_where_the_table_has_it(antenna_km, target_km, bent_km, straight_km):
    for refraction, far_km in (("four-thirds", bent_km), ("none", straight_km)):
        earth_m = MEAN * EFFECTIVE_EARTH[refraction]
        # The last ray that touches the ground leaves the antenna this far below the horizontal.
        dip = np.arccos(earth_m / (earth_m + antenna_km * 1e3))
        # That ray touches after this way; what is hidden lies beyond.
        horizon_m = brentq(
            lambda ground_m, dip=dip, refraction=refraction: (
                elevation(antenna_km * 1e3, target_km * 1e3 + 1e-5, ground_m, refraction) + dip
            ),
            max(earth_m * dip, 1e3),
            far_km * 1.3e3,
        )
        assert horizon_m / 1e3 == pytest.approx(far_km, rel=3e-3, abs=0.06)


@pytest.mark.parametrize("antenna_km, target_km, bent_km, straight_km", HORIZONS)
def test_both_horizons_together_hide_what_the_last_ray_misses(antenna_km, target_km, bent_km, straight_km):
    for refraction, far_km in (("four-thirds", bent_km), ("none", straight_km)):
        heights_m = np.float64(antenna_km * 1e3), np.float64(target_km * 1e3)
        arc = geometry.horizon_arc(*heights_m, np.float64(EFFECTIVE_EARTH[refraction]))
        assert arc * MEAN / 1e3 == pytest.approx(far_km, rel=1.2e-3, abs=0.06)


@pytest.mark.parametrize("ground_km, bent_km, straight_km", LEAST_HEIGHTS)
def test_what_hides_behind_the_horizon_is_as_tall_as_the_table_says(ground_km, bent_km, straight_km):
    for refraction, least_km in (("four-thirds", bent_km), ("none", straight_km)):
        assert elevation(0, least_km * 0.99e3, ground_km * 1e3, refraction) < 0
        assert elevation(0, least_km * 1.01e3, ground_km * 1e3, refraction) > 0


@given(st.floats(0, 5e3), st.floats(5e3, 1e6), st.floats(1e3, 4e6))
def test_refraction_only_ever_lifts_what_flies_above_the_antenna(antenna_m, target_m, ground_m):
    straight = elevation(antenna_m, target_m, ground_m, "none")
    assert elevation(antenna_m, target_m, ground_m, "four-thirds") > straight


@given(inner_latitudes, longitudes, st.floats(0, 3e3), bearings, st.floats(0.01, 0.5), st.floats(0, 2e6))
def test_without_refraction_the_elevation_is_the_straight_lines(lat, lon, site_m, bearing, arc, target_m):
    # On the sphere; the ellipsoid tilts the horizon by up to 0.2 deg.
    site = (MEAN + site_m) * unit(lat, lon)
    end = geometry.great_circle_end(lat, lon, bearing, np.float64(arc * MEAN))
    target = (MEAN + target_m) * unit(*end)
    way = target - site
    straight = np.arcsin(way @ unit(lat, lon) / np.linalg.norm(way))
    assert elevation(site_m, target_m, arc * MEAN, "none") == pytest.approx(straight, abs=1e-6)


def unit(lat: float, lon: float) -> np.ndarray:
    """Direction from the centre of a sphere."""
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


@given(inner_latitudes, longitudes, bearings, st.floats(1.0, 19_900e3))
@example(np.radians(40.6), np.radians(179.9), np.pi / 2, 4_600e3)  # across the date line
@example(1.5, 0.0, 0.0, 4_600e3)  # over the pole
def test_a_great_circle_leads_where_it_says(lat, lon, bearing, distance_m):
    end = geometry.great_circle_end(
        np.float64(lat), np.float64(lon), np.float64(bearing), np.float64(distance_m)
    )
    assert -np.pi <= end[1] <= np.pi
    back_m, seen = geometry.great_circle(np.float64(lat), np.float64(lon), *end)
    # An arcsine at the pole itself costs half the digits.
    assert back_m == pytest.approx(distance_m, abs=0.5)
    # Near a pole a bearing turns fast; what counts is where it leads.
    across = 2 * np.sin((seen - bearing) / 2) * min(distance_m, 1e6)
    assert abs(across) * np.cos(lat) < 1.0


@given(inner_latitudes, longitudes, inner_latitudes, longitudes)
def test_a_great_circle_is_as_long_there_as_back(lat, lon, to_lat, to_lon):
    there, _ = geometry.great_circle(*map(np.float64, (lat, lon, to_lat, to_lon)))
    back, _ = geometry.great_circle(*map(np.float64, (to_lat, to_lon, lat, lon)))
    assert there == pytest.approx(back, abs=1e-6)
    chord = np.linalg.norm(unit(lat, lon) - unit(to_lat, to_lon))
    assert 2 * np.sin(there / MEAN / 2) == pytest.approx(chord, abs=1e-9)


@pytest.mark.parametrize(
    "lat_deg, lon_deg, bearing_deg, share, end_deg",
    [
        (0, 0, 90, 0.25, (0, 90)),
        (0, 170, 90, 0.125, (0, -145)),
        (0, 30, 0, 0.25, (90, None)),
        (45, -60, 180, 0.125, (0, -60)),
        (60, 0, 0, 0.125, (75, 180)),  # over the pole and down the other side
    ],
)
def test_known_ways_around_the_globe(lat_deg, lon_deg, bearing_deg, share, end_deg):
    start = np.radians([lat_deg, lon_deg, bearing_deg])
    lat, lon = np.degrees(geometry.great_circle_end(*start, np.float64(share * 2 * np.pi * MEAN)))
    assert lat == pytest.approx(end_deg[0], abs=1e-6)
    if end_deg[1] is not None:
        assert (lon - end_deg[1] + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)


@given(inner_latitudes, longitudes, st.floats(0, 5e3), bearings, st.floats(-1.5, 1.5), st.floats(1e3, 4e7))
def test_range_azimuth_and_elevation_lead_back_to_the_object(lat, lon, height_m, azimuth, up, range_m):
    site = frames.ecef(np.float64(lat), np.float64(lon), np.float64(height_m))
    axes = frames.enu_axes(np.float64(lat), np.float64(lon))
    way = geometry.direction(axes, np.float64(azimuth), np.float64(up))
    assert np.linalg.norm(way) == pytest.approx(1)
    seen = geometry.range_azimuth_elevation(site, axes, site + range_m * way)
    again = site + seen[0] * geometry.direction(axes, seen[1], seen[2])
    assert np.linalg.norm(again - site - range_m * way) < 1e-6 * range_m + 1e-6
    assert seen[0] == pytest.approx(range_m, rel=1e-9)
    assert seen[2] == pytest.approx(up, abs=1e-6)


def test_north_is_azimuth_zero_and_east_a_quarter_turn():
    axes = frames.enu_axes(np.radians(38.0), np.radians(138.0))
    east, north, up = axes
    for way, azimuth in ((north, 0), (north + east, np.pi / 4), (east, np.pi / 2), (-east, -np.pi / 2)):
        range_m, seen, elevation_rad = geometry.range_azimuth_elevation(np.zeros(3), axes, way * 1e3)
        assert range_m == pytest.approx(1e3 * np.linalg.norm(way))
        assert (seen, elevation_rad) == pytest.approx((azimuth, 0), abs=1e-12)
    assert geometry.range_azimuth_elevation(np.zeros(3), axes, up)[2] == pytest.approx(np.pi / 2)


@given(st.floats(1e-9, 3.1))
def test_an_arc_is_exact_however_small(angle):
    a = np.array([7e6, 0, 0])
    b = 9e6 * np.array([np.cos(angle), np.sin(angle), 0])
    assert geometry.arc(a, b) == pytest.approx(angle, rel=1e-12)


def touching(lat: float, lon: float, azimuth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A place on the ellipsoid, its up, and a direction in the plane that touches there."""
    axes = frames.enu_axes(np.float64(lat), np.float64(lon))
    place = frames.ecef(np.float64(lat), np.float64(lon), np.float64(0))
    return place, axes[2], np.sin(azimuth) * axes[0] + np.cos(azimuth) * axes[1]


@given(inner_latitudes, longitudes, bearings, st.floats(1e3, 4e7), st.floats(1e3, 4e6), st.floats(-2e3, 2e3))
def test_a_line_of_sight_clears_the_earth_if_and_only_if_it_passes_above_where_it_would_touch(
    lat, lon, azimuth, back_m, on_m, above_m
):
    assume(abs(above_m) > 0.1)
    place, up, way = touching(lat, lon, azimuth)
    eye, target = (place + above_m * up + along * way for along in (-back_m, on_m))
    clear = geometry.clears_earth(eye, target, np.float64(0))
    assert clear == (above_m > 0)
    assert clear == geometry.clears_earth(target, eye, np.float64(0))


@given(inner_latitudes, longitudes, bearings, st.floats(1e4, 4e7), st.floats(1e3, 2e6), st.floats(1.0, 1e5))
def test_the_earth_behind_the_object_hides_nothing(lat, lon, azimuth, out_m, short_m, height_m):
    # The eye looks down at a place; the object stands above it, on this side of the ground.
    place, up, way = touching(lat, lon, azimuth)
    target = place + height_m * up
    eye = target + out_m * (up + 0.5 * way) + short_m * way
    assert geometry.clears_earth(eye, target, np.float64(0))
    assert not geometry.clears_earth(eye, -target, np.float64(0))


def test_a_margin_asks_for_room_above_the_ground():
    place, up, way = touching(0.7, 2.4, 1.0)
    eye, target = (place + 5e3 * up + along * way for along in (-1e6, 2e6))
    assert geometry.clears_earth(eye, target, np.float64(4.9e3))
    assert not geometry.clears_earth(eye, target, np.float64(5.1e3))


def test_numpy_and_jax_see_the_same():
    chance = np.random.default_rng(4)
    lat, to_lat = chance.uniform(-1.5, 1.5, (2, 100))
    lon, to_lon = chance.uniform(-3.1, 3.1, (2, 100))
    arc, heights = chance.uniform(0.01, 0.5, 100), chance.uniform(0, 1e6, (2, 100))
    site, target = frames.ecef(lat[0], lon[0], 10.0), frames.ecef(to_lat, to_lon, heights[0])
    axes = frames.enu_axes(lat[0], lon[0])
    cases = [
        (geometry.great_circle, (lat, lon, to_lat, to_lon)),
        (geometry.great_circle_end, (lat, lon, to_lon % 6, arc * MEAN)),
        (geometry.refracted_elevation, (*heights, arc, np.float64(4 / 3))),
        (geometry.horizon_arc, (*heights, np.float64(4 / 3))),
        (geometry.range_azimuth_elevation, (site, axes, target)),
        (geometry.arc, (np.broadcast_to(site, target.shape), target)),
        (geometry.clears_earth, (site, target, np.float64(0))),
        (geometry.direction, (axes, arc, arc)),
    ]
    for function, arguments in cases:
        ours, theirs = np.array(function(*arguments)), np.array(jax.jit(function)(*arguments))
        assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-9), function.__name__
