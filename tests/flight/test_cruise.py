"""Cruise missiles and aircraft: flown as given, from waypoint to waypoint."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M, STANDARD_GRAVITY_MPS2
from noroshi.errors import InputError
from noroshi.flight.cruise import Waypoint, cruise

# The way is laid on a round Earth, the places lie on the ellipsoid: speeds differ by less than this.
OBLATE = 0.006

CORNER = (Waypoint(40, 130, 100, 250), Waypoint(41, 131, 300, 250), Waypoint(40, 132, 200, 250))


def over_ground(flight):
    """Latitude and longitude, rad, height, m, and the unit vectors of the round Earth."""
    lat, lon, height_m = frames.geodetic(flight.position_ecef_m)
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return lat, lon, height_m, unit


def steps_m(flight):
    """Way over the round Earth from row to row."""
    unit = over_ground(flight)[3]
    return np.linalg.norm(np.diff(unit, axis=0), axis=1) * MEAN_RADIUS_M


@st.composite
def ways(draw):
    """Waypoints at least 150 km apart that turn by no more than a right angle or so."""
    lat, lon, heading = draw(st.floats(-60, 60)), draw(st.floats(-170, 170)), draw(st.floats(0, 6.28))
    points = []
    for _ in range(draw(st.integers(2, 6))):
        height_m, speed = draw(st.floats(-100, 20_000)), draw(st.floats(50, 600))
        points.append(Waypoint(lat, lon, height_m, speed))
        heading += draw(st.floats(-1.5, 1.5))
        away_deg = draw(st.floats(1.5, 5))
        lat += away_deg * np.cos(heading)
        lon = (lon + away_deg * np.sin(heading) / np.cos(np.radians(lat)) + 180) % 360 - 180
        assume(-75 < lat < 75)
    return tuple(points)


@settings(max_examples=50)
@given(ways())
def test_a_way_is_flown_from_its_first_point_to_its_last_without_a_jump(way):
    flight = cruise(way, bank_deg=60.0)
    height_m = over_ground(flight)[2]
    for row, point in ((0, way[0]), (-1, way[-1])):
        there = frames.ecef(np.radians(point.lat_deg), np.radians(point.lon_deg), point.height_m)
        assert flight.position_ecef_m[row] == pytest.approx(there, abs=1e-3)
    fastest = max(point.speed_mps for point in way[:-1])
    slowest = min(point.speed_mps for point in way[:-1])
    stride = steps_m(flight)
    assert stride.max() <= fastest * (1 + 1e-6) + 1e-3
    assert stride[:-1].min() >= slowest * 0.99
    heights = [point.height_m for point in way]
    assert height_m.min() >= min(heights) - 1e-3 and height_m.max() <= max(heights) + 1e-3
    assert flight.valid.all() and not flight.burning.any()
    assert np.isfinite(flight.velocity_ecef_mps).all()


@settings(max_examples=50)
@given(ways())
def test_velocities_are_those_over_the_ground_and_of_the_climb(way):
    flight = cruise(way, bank_deg=60.0)
    speed = np.linalg.norm(flight.velocity_ecef_mps, axis=1)
    fastest = max(point.speed_mps for point in way[:-1])
    slowest = min(point.speed_mps for point in way[:-1])
    # At 20 km one is 0.3 % farther out; 20 km of climb over 150 km are 1 % of the way.
    assert speed.max() < fastest * (1 + OBLATE + 0.013)
    assert speed.min() > slowest * (1 - OBLATE - 0.012)


def test_the_speed_over_the_ground_is_constant_between_waypoints():
    stride = steps_m(cruise(CORNER))[:-1]
    # Chords of the turn are shorter than its arcs: 0.02 rad squared over 24.
    assert stride == pytest.approx(250.0, rel=5e-5)


@pytest.mark.parametrize("bank_deg", [10.0, 30.0, 60.0])
def test_a_turn_goes_round_at_the_rate_that_speed_and_bank_allow(bank_deg):
    flight = cruise(CORNER, bank_deg, step_s=0.5)
    unit = over_ground(flight)[3]
    moving = np.diff(unit, axis=0)
    moving = moving / np.linalg.norm(moving, axis=1, keepdims=True)
    turned = np.linalg.norm(np.cross(moving[:-2], moving[1:-1]), axis=1) / 0.5
    rate = STANDARD_GRAVITY_MPS2 * np.tan(np.radians(bank_deg)) / 250.0
    turning = turned > 0.9 * rate
    assert turning.any()
    assert np.median(turned[turning]) == pytest.approx(rate, rel=1e-3)
    # Elsewhere only as the ground bends.
    assert np.median(turned[~turning]) == pytest.approx(250.0 / MEAN_RADIUS_M, rel=1e-2)
    # As long as the corner's angle needs: from 37 deg east of north to 37 deg east of south.
    corner = np.arccos(moving[0] @ moving[-2])
    assert turning.sum() * 0.5 == pytest.approx(corner / rate, rel=0.05, abs=1.0)


def test_a_corner_is_cut_and_not_passed():
    flight = cruise(CORNER)
    lat, lon, _, _ = over_ground(flight)
    away_m, _ = geometry.great_circle(lat, lon, np.radians(41), np.radians(131))
    radius_m = 250.0**2 / (STANDARD_GRAVITY_MPS2 * np.tan(np.radians(30)))
    first, _ = geometry.great_circle(*np.radians([40, 130, 41, 131]))
    assert 0 < away_m.min() < radius_m
    assert steps_m(flight).sum() < 2 * first


@settings(max_examples=50)
@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(-80, 80), st.floats(-180, 180))
def test_without_turns_a_way_is_a_great_circle(lat, lon, end_lat, end_lon):
    start, end = np.radians([lat, lon]), np.radians([end_lat, end_lon])
    way_m, bearing = geometry.great_circle(*start, *end)
    assume(1e4 < way_m < 1.9e7)
    flight = cruise((Waypoint(lat, lon, 0, 300), Waypoint(end_lat, end_lon, 0, 0)), step_s=60.0)
    assert flight.time_s[-1] == pytest.approx(float(way_m) / 300, rel=1e-9)
    here = over_ground(flight)
    gone_m, seen = geometry.great_circle(*start, here[0][1:], here[1][1:])
    assert gone_m == pytest.approx(300 * flight.time_s[1:], rel=1e-6)
    assert np.cos(seen - bearing) == pytest.approx(1.0, abs=1e-9)


def test_points_on_one_great_circle_need_no_turn():
    flight = cruise(
        (Waypoint(0, 10, 100, 200), Waypoint(0, 12, 100, 250), Waypoint(0, 14, 100, 300)), step_s=10.0
    )
    lat, _, _, _ = over_ground(flight)
    assert np.abs(lat).max() < 1e-12
    degree_m = np.radians(1) * MEAN_RADIUS_M
    assert flight.time_s[-1] == pytest.approx(2 * degree_m / 200 + 2 * degree_m / 250)


def test_heights_change_evenly_along_each_leg():
    flight = cruise((Waypoint(40, 130, 100, 200), Waypoint(41, 131, 900, 200)))
    height_m = over_ground(flight)[2]
    assert height_m == pytest.approx(100 + 800 * flight.time_s / flight.time_s[-1], abs=1e-6)


@pytest.mark.parametrize("more_s", [1e-12, 1e-9, 1e-6, 0.3])
def test_a_flight_that_ends_just_after_a_step_moves_no_faster_there(more_s):
    way_m, _ = geometry.great_circle(0, 0, 0, np.radians(1))
    flight = cruise((Waypoint(0, 0, 0, float(way_m) / (400 + more_s)), Waypoint(0, 1, 0, 0)))
    speed = np.linalg.norm(flight.velocity_ecef_mps, axis=1)
    assert speed == pytest.approx(np.median(speed), rel=1e-6)


HERE, THERE = Waypoint(40, 130, 0, 250), Waypoint(41, 130, 0, 250)


@pytest.mark.parametrize(
    "way, text",
    [
        ((), "waypoints = 0\n  must be at least 2."),
        ((HERE,), "waypoints = 1\n  must be at least 2."),
        ((HERE, Waypoint(91, 130, 0, 250)), "waypoints.1 = (91, 130)\n  must lie within 90 deg and 180 deg."),
        ((Waypoint(40, 181, 0, 250), THERE), "waypoints.0 = (40, 181)\n  must lie within"),
        ((Waypoint(np.nan, 0, 0, 250), THERE), "waypoints.0 = (nan, 0)\n  must lie within"),
        ((HERE, Waypoint(41, 130, 0, 0), HERE), "waypoints.1: speed_mps = 0\n  must lie between 1 and"),
        ((Waypoint(40, 130, 0, 3001), THERE), "waypoints.0: speed_mps = 3001\n  must lie between 1 and"),
        ((Waypoint(40, 130, -501, 250), THERE), "waypoints.0: height_m = -501\n  must lie between -500"),
        ((HERE, Waypoint(41, 130, 40_001, 250)), "waypoints.1: height_m = 40001\n  must lie between"),
        ((HERE, HERE), "waypoints.1 = (40, 130)\n  must not be where the last one is."),
        (
            (HERE, Waypoint(-40, -50, 0, 250)),
            "waypoints.1 = (-40, -50)\n  must not be opposite the last one.",
        ),
        ((HERE, THERE, HERE), "waypoints.1 = (41, 130)\n  turns straight back. Add a waypoint beside it."),
        (
            (HERE, Waypoint(40.01, 130, 0, 250), Waypoint(40.01, 130.01, 0, 250)),
            "waypoints.1 = (40.01, 130)\n  leaves no room for its turn at 250 m/s and 30 deg of bank. "
            "Move the waypoints apart, fly slower, or bank more.",
        ),
        (
            (HERE, Waypoint(41, 130, 0, 250), Waypoint(41, 130.01, 0, 250)),
            "waypoints.2 = (41, 130)\n  leaves no room for its turn",
        ),
    ],
)
def test_a_way_that_cannot_be_flown_is_refused_by_its_waypoint(way, text):
    with pytest.raises(InputError) as caught:
        cruise(way)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("bank_deg", [0.0, -10.0, 85.0, np.nan])
def test_a_bank_that_no_aircraft_flies_is_refused(bank_deg):
    with pytest.raises(InputError, match="must be above 0 and below 85 deg"):
        cruise(CORNER, bank_deg)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=5),
    st.floats(50, 2500),
)
def test_any_way_is_refused_in_words_or_flown_without_a_jump(places, speed):
    way = tuple(Waypoint(lat, lon, 0, speed) for lat, lon in places)
    try:
        flight = cruise(way, step_s=10.0)
    except InputError as error:
        assert "waypoints" in str(error)
        return
    assert steps_m(flight).max() <= 10 * speed * (1 + 1e-6) + 1e-3
    end = frames.ecef(np.radians(places[-1][0]), np.radians(places[-1][1]), 0.0)
    assert flight.position_ecef_m[-1] == pytest.approx(end, abs=1e-3)
