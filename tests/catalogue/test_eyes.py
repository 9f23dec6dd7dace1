"""From a row of the catalogue to what looks: where it is when, which way it faces, what is wrong with it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.eyes import (
    Errors,
    ground_at,
    infrared_of,
    moves,
    place_at,
    radar_of,
    skywave_of,
)
from noroshi.earth import frames, geometry
from noroshi.earth.constants import GM_M3PS2, ROTATION_RADPS, SEMI_MAJOR_M
from noroshi.errors import InputError
from noroshi.flight import orbits
from tests.catalogue.placed import figure, moving, on_ground, orbit, placed, profile, walker

SEOUL = on_ground(37.5, 127.0, 300.0)
TURN_S = 2 * math.pi / ROTATION_RADPS

latitudes, longitudes = st.floats(-80, 80), st.floats(-180, 180)


# Ships and aircraft.


@given(latitudes, longitudes, latitudes, longitudes, st.floats(0, 1))
def test_a_ship_stays_on_the_great_circle_between_its_points(lat, lon, to_lat, to_lon, share):
    ship = placed("apy-2", **moving((100, lat, lon, 0), (700, to_lat, to_lon, 9000)))
    here_lat, here_lon, height_m = ground_at(ship, 100 + 600 * share)
    start, end = np.radians([lat, lon]), np.radians([to_lat, to_lon])
    whole_m, _ = geometry.great_circle(*start, *end)
    gone_m, _ = geometry.great_circle(*start, here_lat, here_lon)
    left_m, _ = geometry.great_circle(here_lat, here_lon, *end)
    # Half round the Earth there is no one great circle.
    if whole_m < 19_900e3:
        assert gone_m + left_m == pytest.approx(whole_m, abs=0.5)
        assert gone_m == pytest.approx(share * whole_m, abs=0.5)
    assert height_m == pytest.approx(9000 * share, abs=1e-6)


def test_a_ship_is_at_each_of_its_points_at_its_time():
    points = [(0, 38, 179.5, 0), (600, 38.5, -179.5, 10), (1200, 38.5, -179.5, 10), (1800, 38, -178, 0)]
    ship = placed("apy-2", **moving(*points))
    for time_s, lat, lon, height_m in points:
        at_lat, at_lon, at_m = ground_at(ship, time_s)
        assert np.degrees([at_lat, at_lon]) == pytest.approx([lat, lon], abs=1e-9)
        assert at_m == height_m
    # Lying still between two points at one place.
    assert np.degrees(ground_at(ship, 900)[:2]) == pytest.approx([38.5, -179.5], abs=1e-9)
    # Over the date line the short way.
    assert abs(math.degrees(ground_at(ship, 300)[1])) > 179.5


@pytest.mark.parametrize("t_s", [-1.0, 99.9, 600.5])
def test_where_a_ship_is_outside_its_times_nobody_knows(t_s):
    ship = placed("apy-2", **moving((100, 38, 132, 0), (600, 39, 132, 0)))
    with pytest.raises(InputError) as caught:
        place_at(ship, t_s)
    assert str(caught.value) == (
        f"sensors.JPN-X.moves\n  is known from 100 to 600 s only, and is asked for at {t_s:g} s. "
        "Give its points for all of the time."
    )


def test_an_aircraft_carries_its_radar_at_its_own_height():
    above = profile("apy-2", antenna_height_m=figure(3))
    jet = placed(above, **moving((0, 36, 130, 9000), (600, 36, 131, 9600)))
    radar = radar_of(jet, 300.0)
    assert radar.antenna_height_m == pytest.approx(9303)
    assert float(frames.geodetic(radar.site_ecef_m)[2]) == pytest.approx(9303, abs=1e-3)
    assert moves(jet)


def test_a_radar_on_the_ground_stands_where_it_is_told_to_at_all_times():
    site = placed("j-fps-5", **SEOUL, boresight_deg=figure(300))
    place, axes = place_at(site, 0.0)
    later, turned = place_at(site, 1e6)
    assert np.array_equal(place, later) and np.array_equal(axes, turned)
    lat, lon, height_m = frames.geodetic(place)
    assert np.degrees([lat, lon]) == pytest.approx([37.5, 127.0])
    assert float(height_m) == pytest.approx(300 + site.profile.antenna_height_m.value, abs=1e-3)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert not moves(site)


# Faces, sectors, masks.


@pytest.mark.parametrize("name", ["uewr-two-faces", "uewr-three-faces", "an-tpy-2-forward", "j-fps-3"])
@pytest.mark.parametrize("boresight", [0.0, 100.0, 350.0])
def test_the_faces_of_a_radar_share_its_sector_evenly(name, boresight):
    kind = profile(name)
    where = {"boresight_deg": figure(boresight)} if kind.total_sector_deg < 360 else {}
    radar = radar_of(placed(kind, **SEOUL, **where))
    normals = radar.normals[: kind.faces]
    assert np.linalg.norm(radar.normals, axis=1) == pytest.approx(np.ones(4))
    tilt = kind.face_tilt_deg.value if kind.face_tilt_deg else 0.0
    assert np.degrees(np.arcsin(normals[:, 2])) == pytest.approx(tilt)
    # No direction of the sector lies farther from a face than half of that face's width.
    azimuth = np.degrees(np.arctan2(normals[:, 0], normals[:, 1]))
    middle = boresight if where else 0.0
    half = kind.total_sector_deg / 2
    for asked in np.linspace(middle - half, middle + half, 50):
        off = np.abs((azimuth - asked + 180) % 360 - 180)
        assert off.min() <= kind.sector_deg.value / 2 + 1e-9


def test_a_mask_is_read_between_its_points_and_round_through_north():
    points = [[10, 1.0], [30, 3.0], [350, 0.0]]
    mask = {"points": points, "source": "a test", "confidence": "published"}
    radar = radar_of(placed("j-fps-5", **SEOUL, boresight_deg=figure(0), mask_deg=mask))
    asked = {0: 0.5, 10: 1.0, 20: 2.0, 30: 3.0, 190: 1.5, 350: 0.0}
    for azimuth, elevation in asked.items():
        assert math.degrees(radar.mask_rad[azimuth]) == pytest.approx(elevation)
    peak = {"points": [[100, 0.0], [105, 10.0], [110, 0.0]], "source": "a test", "confidence": "published"}
    narrow = radar_of(placed("j-fps-5", **SEOUL, boresight_deg=figure(0), mask_deg=peak))
    assert math.degrees(narrow.mask_rad[105]) == pytest.approx(10.0)
    bare = radar_of(placed("j-fps-5", **SEOUL, boresight_deg=figure(0)))
    assert np.degrees(bare.mask_rad) == pytest.approx(-5)


def test_a_range_says_the_same_of_any_target():
    """Where 1 m2 gives a signal-to-noise of one follows from the stated range by the fourth power."""
    for name in ("j-fps-5", "an-tpy-2-forward", "spy-6"):
        kind = profile(name)
        where = {} if kind.total_sector_deg == 360 else {"boresight_deg": figure(0)}
        radar = radar_of(placed(kind, **SEOUL, **where))
        for stated, unit_m in (
            (kind.search_range_km, radar.search_unit_m),
            (kind.cued_range_km, radar.cued_unit_m),
        ):
            assert stated.at_km(1.0, 0.0) * 1e3 == pytest.approx(float(unit_m))


# Satellites.


@given(st.floats(-180, 180), st.floats(0, 1e6))
def test_a_geostationary_satellite_stands_still_above_its_longitude(lon_deg, t_s):
    still = placed("geo-infrared", longitude_deg=figure(lon_deg))
    place, axes = place_at(still, t_s)
    assert np.array_equal(place, place_at(still, 0.0)[0])
    assert np.cos(np.arctan2(place[1], place[0]) - math.radians(lon_deg)) == pytest.approx(1)
    # Kepler's third law; the flattening pulls a little more.
    assert np.linalg.norm(place) == pytest.approx((GM_M3PS2 / ROTATION_RADPS**2) ** (1 / 3), rel=2e-5)
    # The second axis points at the Earth's centre.
    assert axes[1] == pytest.approx(-place / np.linalg.norm(place), abs=1e-12)
    assert not moves(still)


heights = st.tuples(st.floats(200, 3000), st.floats(0, 38_000))


@given(heights, st.floats(0, 180), st.floats(-360, 360), st.floats(-360, 360), st.floats(-360, 360))
def test_an_orbit_keeps_between_its_perigee_and_its_apogee(heights, tilt, node, argument, anomaly):
    low, high = heights[0], heights[0] + heights[1]
    angles = {"inclination_deg": tilt, "node_lon_deg": node, "perigee_argument_deg": argument}
    one = placed("heo-infrared", **orbit(low, high, **angles, mean_anomaly_deg=anomaly))
    semi_m = SEMI_MAJOR_M + (low + high) / 2 * 1e3
    period_s = 2 * math.pi * math.sqrt(semi_m**3 / GM_M3PS2)
    radius_m = [np.linalg.norm(place_at(one, t_s)[0]) for t_s in np.linspace(0, period_s, 12)]
    assert min(radius_m) >= SEMI_MAJOR_M + low * 1e3 - 1
    assert max(radius_m) <= SEMI_MAJOR_M + high * 1e3 + 1
    # No farther from the equator than it is tilted.
    place, axes = place_at(one, 1234.0)
    assert abs(place[2]) <= np.linalg.norm(place) * math.sin(math.radians(tilt)) + 1
    assert axes[1] == pytest.approx(-place / np.linalg.norm(place), abs=1e-9)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)


def test_an_orbit_begins_at_its_node_and_at_its_perigee():
    """At the epoch the node counts from Greenwich, whatever the sidereal time is."""
    node = placed("heo-infrared", **orbit(600, 600, node_lon_deg=77.0, perigee_argument_deg=0))
    lat, lon, _ = frames.geodetic(place_at(node, 0.0)[0])
    assert np.degrees([lat, lon]) == pytest.approx([0, 77], abs=1e-9)
    low = placed("heo-infrared", **orbit(600, 39_000))
    # Its perigee lies in the far south (argument 270 deg), its apogee half a turn later in the far north.
    semi_m = SEMI_MAJOR_M + (600 + 39_000) / 2 * 1e3
    half_s = math.pi * math.sqrt(semi_m**3 / GM_M3PS2)
    first, last = place_at(low, 0.0)[0], place_at(low, half_s)[0]
    assert np.linalg.norm(first) == pytest.approx(SEMI_MAJOR_M + 600e3, abs=1)
    assert np.linalg.norm(last) == pytest.approx(SEMI_MAJOR_M + 39_000e3, rel=1e-4)
    assert first[2] < 0 < last[2]


@given(st.floats(0, 86_400))
def test_an_orbit_is_the_one_that_coverage_flies(t_s):
    one = placed("heo-infrared", **orbit(600, 39_000, node_lon_deg=20, mean_anomaly_deg=100))
    semi_km = SEMI_MAJOR_M / 1e3 + (600 + 39_000) / 2
    elements = orbits.kepler(semi_km, (39_000 - 600) / 2 / semi_km, 63.4, 20, 270, 100)
    there = np.asarray(orbits.positions(elements, np.array([t_s]))[0])[0, 0]
    assert place_at(one, t_s)[0] == pytest.approx(there, abs=1e-3)


@pytest.mark.parametrize("spread", ["delta", "star"])
def test_the_satellites_of_a_constellation_are_those_of_walkers_pattern(spread):
    row = placed("leo-wide-infrared", **walker("12/3/2", spread=spread))
    elements = orbits.walker(12, 3, 2, 53.0, 1000.0, spread, 20.0)
    for t_s in (0.0, 5000.0):
        expected = np.asarray(orbits.positions(elements, np.array([t_s]))[0])[0]
        found = [place_at(row.model_copy(update={"member": number}), t_s)[0] for number in range(12)]
        assert np.array(found) == pytest.approx(expected, abs=1e-6)
        apart = np.linalg.norm(np.array(found)[:, None] - np.array(found), axis=-1) + 1e9 * np.eye(12)
        assert apart.min() > 100e3


# Errors.


def test_a_sensor_without_drawn_errors_has_none():
    errors = Errors()
    assert not errors.bias.any() and not errors.place_m.any() and errors.clock_s == 0
    radar = radar_of(placed("j-fps-5", **SEOUL, boresight_deg=figure(300)))
    assert not radar.bias.any() and not radar.bias_place_m.any() and radar.bias_clock_s == 0


def test_errors_reach_the_arrays_of_each_kind():
    errors = Errors(np.array([100.0, 1e-3, 2e-3]), np.array([10.0, 20.0, 30.0]), 0.05)
    radar = radar_of(placed("j-fps-5", **SEOUL, boresight_deg=figure(300)), errors=errors)
    assert radar.bias.tolist() == [100.0, 1e-3, 2e-3]
    assert radar.bias_place_m.tolist() == [10, 20, 30] and radar.bias_clock_s == 0.05
    satellite = infrared_of(placed("geo-infrared", longitude_deg=figure(75)), errors=errors)
    assert satellite.bias_rad.tolist() == [1e-3, 2e-3]
    far = skywave_of(placed("jorn-90", **SEOUL, boresight_deg=figure(0)), errors)
    assert far.bias.tolist() == [100.0, 1e-3]


def test_a_satellite_without_a_field_of_view_sees_to_the_limb_and_beyond():
    assert infrared_of(placed("geo-infrared", longitude_deg=figure(75))).field_rad == pytest.approx(math.pi)
    narrow = profile("geo-infrared", field_of_view_deg=figure(5))
    assert infrared_of(placed(narrow, longitude_deg=figure(75))).field_rad == pytest.approx(math.radians(5))
