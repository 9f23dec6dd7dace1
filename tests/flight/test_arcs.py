"""Arcs without air over a round Earth at rest, beside published tables and announced flights."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from noroshi.flight.arcs import RADIUS_KM, arc_time_s, least_energy_apogee_km, least_speed_kmps
from tests.reference.arcs import AT_REST

ranges = st.floats(10.0, 19_000.0)


@pytest.mark.parametrize("range_km, speed, angle, apogee, time_s", AT_REST)
def test_the_arc_of_least_energy_is_the_published_one(range_km, speed, angle, apogee, time_s):
    top_km = least_energy_apogee_km(range_km)
    assert top_km == pytest.approx(apogee, abs=6e-4)
    assert least_speed_kmps(top_km, range_km) == pytest.approx(speed, abs=6e-6)
    assert arc_time_s(top_km, range_km) == pytest.approx(time_s, abs=6e-3)


@pytest.mark.parametrize(
    "apogee_km, range_km, minutes, announced_min",
    [
        (2111.5, 700, 27.9, 30.0),  # Hwasong-12, 14 May 2017
        (3724.9, 998, 43.1, 47.2),  # Hwasong-14, 28 July 2017
        (4475, 950, 50.3, 53.0),  # Hwasong-15, 29 November 2017
    ],
)
def test_lofted_flights_took_minutes_longer_than_their_coast(apogee_km, range_km, minutes, announced_min):
    coast_min = arc_time_s(apogee_km, range_km) / 60
    assert coast_min == pytest.approx(minutes, abs=0.05)
    assert 2 < announced_min - coast_min < 4.5


@given(ranges)
def test_no_arc_of_least_energy_rises_higher_than_a_quarter_of_the_way_round(range_km):
    quarter = math.pi / 2 * RADIUS_KM
    assert least_energy_apogee_km(range_km) <= least_energy_apogee_km(quarter) + 1e-9
    assert least_energy_apogee_km(quarter) == pytest.approx(RADIUS_KM * (math.sqrt(2) - 1) / 2)


@given(st.floats(1.0, 20_000.0), ranges)
def test_no_arc_is_slower_than_the_least_that_reaches_its_range_or_its_height(apogee_km, range_km):
    speed = least_speed_kmps(apogee_km, range_km)
    assert speed >= least_speed_kmps(least_energy_apogee_km(range_km), range_km) - 1e-9
    assert speed >= least_speed_kmps(apogee_km, 1e-6) - 1e-9


@given(st.floats(1.0, 20_000.0), st.floats(1.01, 3.0), ranges)
def test_the_higher_of_two_lofted_arcs_takes_longer(apogee_km, higher, range_km):
    assume(apogee_km > least_energy_apogee_km(range_km))
    assert arc_time_s(higher * apogee_km, range_km) > arc_time_s(apogee_km, range_km)


@given(st.floats(1.0, 5_000.0))
def test_straight_up_and_down_takes_the_time_of_a_fall_along_a_radius(height_km):
    # Free fall from rest: t = sqrt(r0^3 / 2 GM) (x sqrt(1 - x^2) + acos x), x^2 = R / r0; there and back.
    top = RADIUS_KM + height_km
    x = math.sqrt(RADIUS_KM / top)
    once_s = math.sqrt(top**3 / 2 / 398_600.4418) * (x * math.sqrt(1 - x * x) + math.acos(x))
    assert arc_time_s(height_km, 1e-6) == pytest.approx(2 * once_s, rel=1e-6)


@given(st.floats(0.01, 1.0))
def test_a_short_arc_is_one_over_a_flat_earth(range_km):
    # At 45 deg: apogee range/4, v^2 = g range, time = sqrt(2 range / g).
    g = 398_600.4418 / RADIUS_KM**2
    top_km = least_energy_apogee_km(range_km)
    assert top_km == pytest.approx(range_km / 4, rel=1e-3)
    assert least_speed_kmps(top_km, range_km) ** 2 == pytest.approx(g * range_km, rel=1e-3)
    assert arc_time_s(top_km, range_km) == pytest.approx(math.sqrt(2 * range_km / g), rel=1e-3)
