"""What flies and is no missile: orbits stay up, jets keep their height, and no missile does either."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M, ROTATION_RADPS, SEMI_MAJOR_M
from noroshi.flight import orbits as fly_orbits
from noroshi.flight.announced import Announced, Told
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site
from noroshi.flight.sample import burn_times, trajectory
from noroshi.records.tracks import Estimate
from noroshi.tracking.recognise import AIRCRAFT_SEEN_S, comes_down, flies_level, no_aircraft, orbits

# Family, apogee and range, km: lofted, middling, depressed.
FLIGHTS = [
    ("srbm", 100, 400), ("srbm", 200, 200), ("srbm", 50, 300),
    ("quasi-ballistic", 50, 450), ("quasi-ballistic", 90, 690),
    ("mrbm", 200, 1000), ("mrbm", 1000, 300),
    ("irbm-single-stage", 550, 2700), ("irbm-single-stage", 2111, 787), ("irbm-single-stage", 300, 2500),
    ("icbm", 400, 8000), ("icbm", 1200, 10_000), ("icbm", 4475, 950), ("icbm", 7350, 1001),
]  # fmt: skip


@cache
def flown(family, apogee_km, range_km):
    """Place m and velocity m/s by the second, and when the last stage burns out."""
    missile, body = flyer(load_threat(family), lambda name: 0.5)
    told = Announced(Told(apogee_km), Told(range_km), Told(80.0), "great-circle")
    found = fit(Site(39.2, 125.67), told, missile, body)
    track = trajectory(found)
    burnout_s = burn_times(found.missile)[-1][1]
    return np.asarray(track.position_ecef_m), np.asarray(track.velocity_ecef_mps), float(burnout_s)


def estimate(position, velocity, sigma_mps=1.0, burning=0.0):
    cov = np.diag(np.repeat([500.0, sigma_mps, 0.01, 0.5], [3, 3, 3, 1]) ** 2)
    mean = np.concatenate([position, velocity, np.zeros(3), [8.5]])
    return Estimate(np.float64(0.0), mean, cov, np.array([burning, 1 - burning, 0.0, 0.0]))


# Orbits.


@given(st.floats(160, 2000), st.floats(0, 180), st.floats(0, 86_400))
def test_what_circles_the_earth_is_known_to(height_km, tilt_deg, t_s):
    elements = fly_orbits.walker(1, 1, 0, tilt_deg, height_km)
    position, velocity = (np.asarray(part)[0, 0] for part in fly_orbits.positions(elements, np.array([t_s])))
    assert orbits(estimate(position, velocity))


@given(st.floats(160, 1000), st.floats(0, 20_000), st.floats(0, 86_400))
def test_what_is_on_a_long_ellipse_is_known_to_stay_up_at_its_low_end_too(low_km, more_km, t_s):
    semi_km = SEMI_MAJOR_M / 1e3 + low_km + more_km / 2
    elements = fly_orbits.kepler(semi_km, more_km / 2 / semi_km, 63.4, 0, 270, 0)
    position, velocity = (np.asarray(part)[0, 0] for part in fly_orbits.positions(elements, np.array([t_s])))
    assert orbits(estimate(position, velocity, sigma_mps=0.01))


@pytest.mark.parametrize("flight", FLIGHTS, ids=str)
def test_no_missile_is_taken_for_a_satellite(flight):
    """At no moment, however well or badly its speed is known."""
    position, velocity, _ = flown(*flight)
    for row in range(0, len(position), 5):
        for sigma_mps in (0.1, 30.0, 300.0):
            assert not orbits(estimate(position[row], velocity[row], sigma_mps))


def test_an_orbit_counts_only_when_it_is_sure():
    """A circle at 200 km stays above 100 km with 31 m/s less, by vis viva; two sigmas are held against it."""
    # The perigee counts from the mean radius.
    radius_m, low_m = SEMI_MAJOR_M + 200e3, MEAN_RADIUS_M + 100e3
    circle_mps = math.sqrt(GM_M3PS2 / radius_m)
    least_mps = math.sqrt(GM_M3PS2 * 2 * (1 / radius_m - 1 / (radius_m + low_m)))
    position = np.array([radius_m, 0.0, 0.0])
    velocity = np.array([0.0, circle_mps - ROTATION_RADPS * radius_m, 0.0])
    # Over the turning Earth it is slower by the Earth's turn, so that a sigma weighs a little less.
    spare_mps = (circle_mps - least_mps) / 2
    assert 10 < spare_mps < 20
    assert orbits(estimate(position, velocity, sigma_mps=0.8 * spare_mps))
    assert not orbits(estimate(position, velocity, sigma_mps=1.2 * spare_mps))
    assert not orbits(estimate(position, velocity, sigma_mps=0.1, burning=0.2))


def test_a_satellite_is_taken_back_only_when_it_surely_comes_down():
    """About the speed at which a flight level at 200 km just reaches down to 100 km, by vis viva."""
    radius_m, low_m = SEMI_MAJOR_M + 200e3, MEAN_RADIUS_M + 100e3
    least_mps = math.sqrt(GM_M3PS2 * 2 * (1 / radius_m - 1 / (radius_m + low_m)))
    position = np.array([radius_m, 0.0, 0.0])
    for slower_sigmas, down in ((-3, False), (0, False), (2, False), (4, True), (20, True)):
        sigma_mps = 10.0
        across_mps = least_mps - slower_sigmas * sigma_mps - ROTATION_RADPS * radius_m
        state = estimate(position, np.array([0.0, across_mps, 0.0]), sigma_mps)
        assert comes_down(state) is down
        assert not (down and orbits(state))


@pytest.mark.parametrize("flight", FLIGHTS, ids=str)
def test_every_missile_that_is_well_known_surely_comes_down(flight):
    position, velocity, burnout_s = flown(*flight)
    for row in range(math.ceil(burnout_s), len(position), 20):
        assert comes_down(estimate(position[row], velocity[row]))


# Aircraft.


def aloft(height_m, east_mps, up_mps=0.0, sigma_mps=5.0):
    lat, lon = np.radians([38.0, 138.0])
    place = np.asarray(frames.ecef(lat, lon, np.float64(height_m)))
    return estimate(place, np.array([east_mps, 0.0, up_mps]) @ frames.enu_axes(lat, lon), sigma_mps)


@given(st.floats(0, 15e3), st.floats(0, 330), st.floats(-60, 60), st.integers(0, 2**32))
def test_an_aircraft_stays_one_while_it_climbs_and_however_badly_it_is_seen(height_m, mps, climb_mps, seed):
    """Under noise of up to a sigma in each direction; neither a climb nor a height below 15 km tells."""
    chance = np.random.default_rng(seed).uniform(-1, 1, 6)
    for sigma_mps in (5.0, 50.0, 300.0):
        true = aloft(height_m, mps, climb_mps, sigma_mps)
        off = chance * np.repeat([500.0, sigma_mps], 3)
        assert not no_aircraft(replace(true, mean=true.mean + np.concatenate([off, np.zeros(4)])))


@pytest.mark.parametrize(
    "height_m, mps, sigma_mps, beyond",
    [
        (10e3, 450.0, 10.0, True),
        (10e3, 450.0, 20.0, False),
        (21e3, 100.0, 10.0, False),
        (22e3, 100.0, 10.0, True),
    ],
)
def test_what_is_surely_faster_or_higher_is_no_aircraft(height_m, mps, sigma_mps, beyond):
    assert bool(no_aircraft(aloft(height_m, mps, 0.0, sigma_mps))) is beyond


places = st.tuples(st.floats(-60, 60), st.floats(-178, 178), st.floats(0, 360))


@given(places, st.floats(1e3, 15e3), st.floats(160, 330), st.floats(18, 60))
def test_a_jet_is_known_by_its_level_flight(place, height_m, speed_mps, between_s):
    lat, lon, course = place
    east = lon + math.sin(math.radians(course))
    points = Waypoint(lat, lon, height_m, speed_mps), Waypoint(lat + 0.3, east, height_m, speed_mps)
    position = np.asarray(cruise(points).position_ecef_m)
    rows = round(between_s)
    if len(position) > rows:
        assert flies_level(position[0], position[rows], float(rows))


@pytest.mark.parametrize("flight", FLIGHTS, ids=str)
def test_no_missile_is_taken_for_a_jet(flight):
    """From whichever moment on it is seen, with a radar's noise of 300 m. The top of a loft is too high."""
    position, _, _ = flown(*flight)
    chance = np.random.default_rng(0)
    height_m = np.asarray(frames.height(position))
    # Higher up nothing is asked; these are the moments that could be mistaken.
    low = np.flatnonzero(height_m < 30e3)
    top = int(height_m.argmax())
    for start in (*low[::3], *range(max(top - 100, 0), top + 40, 10)):
        for between in (18, 20, 25, 35, 60):
            if start + between < len(position) - 1:
                noise = 300.0 * chance.standard_normal((2, 3))
                first, last = position[start] + noise[0], position[start + between] + noise[1]
                assert not flies_level(first, last, float(between)), (start, between)


@pytest.mark.parametrize(
    "height_m, climbs_m, mps, between_s",
    [
        (10e3, 0, 230, AIRCRAFT_SEEN_S - 1),  # not long enough
        (10e3, 2500, 230, 20),  # climbs
        (10e3, -2500, 230, 20),  # falls
        (10e3, 0, 400, 20),  # too fast
        (10e3, 0, 100, 20),  # too slow: what rises from the ground drifts as much
        (25e3, 0, 230, 20),  # too high
    ],
)
def test_what_a_jet_does_not_do_is_no_jet(height_m, climbs_m, mps, between_s):
    lat = math.radians(38)
    east = mps * between_s / (6.378e6 * math.cos(lat))
    first = np.asarray(frames.ecef(lat, np.float64(2.4), np.float64(height_m)))
    last = np.asarray(frames.ecef(lat, np.float64(2.4 + east), np.float64(height_m + climbs_m)))
    assert not flies_level(first, last, between_s)


def test_what_comes_down_beside_where_it_went_up_is_no_jet():
    """A lofted flight of an hour, seen at 12 km going up and at 11 km coming down 900 km away."""
    up = np.asarray(frames.ecef(np.radians(40.0), np.radians(125.0), np.float64(12e3)))
    down = np.asarray(frames.ecef(np.radians(40.0), np.radians(135.6), np.float64(11e3)))
    assert 150 < np.linalg.norm(down - up) / 3900 < 350
    assert not flies_level(up, down, 3900.0)
