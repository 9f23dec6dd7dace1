from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgp4.api import jday

from noroshi.earth import epoch
from noroshi.earth.constants import ROTATION_RADPS
from noroshi.errors import InputError

times = st.datetimes(datetime(1957, 1, 1), datetime(2056, 12, 31), timezones=st.just(UTC))
angles = st.floats(-10, 10)
vectors = st.lists(st.floats(-5e7, 5e7), min_size=3, max_size=3).map(np.array)

# Vallado et al., AIAA 2006-6753 Rev. 2, appendix C, "TEME example": 6 April 2004, 07:51:28.386009 UTC.
WHEN = datetime(2004, 4, 6, 7, 51, 28, 386009, tzinfo=UTC)
UT1_UTC_S, POLE_ARCSEC = -0.4399619, (-0.140682, 0.333309)
TEME = 1e3 * np.array([5094.18016210, 6127.64465950, 6380.34453270])
TEME_SPEED = 1e3 * np.array([-4.746131487, 0.785818041, 5.531931288])
ITRF = 1e3 * np.array([-1033.4793830, 7901.2952754, 6380.3565958])
ITRF_SPEED = 1e3 * np.array([-3.225636520, -2.872451450, 5.531924446])


def pole() -> np.ndarray:
    """The matrix from the frame of the true pole to ITRF at `WHEN` (Vallado's polarm, IAU-76)."""
    x, y = np.radians(np.array(POLE_ARCSEC) / 3600)
    about_y = np.array([[np.cos(x), 0, np.sin(x)], [0, 1, 0], [-np.sin(x), 0, np.cos(x)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(y), -np.sin(y)], [0, np.sin(y), np.cos(y)]])
    return about_y @ about_x


@pytest.mark.parametrize(
    "when, jd",
    [
        (datetime(2000, 1, 1, 12, tzinfo=UTC), 2451545.0),
        (datetime(1996, 10, 26, 14, 20, tzinfo=UTC), 2450383.09722222),  # Vallado, example 3-4
        (datetime(1957, 10, 4, 19, 28, 34, tzinfo=UTC), 2436116.31150463),
        (datetime(2000, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))), 2451545.0),
    ],
)
def test_a_julian_date_is_the_published_one(when, jd):
    assert sum(epoch.julian_date(when)) == pytest.approx(jd, abs=1e-8)


@given(times)
def test_a_julian_date_is_that_of_the_orbit_library(when):
    jd, day = jday(
        when.year, when.month, when.day, when.hour, when.minute, when.second + when.microsecond / 1e6
    )
    assert epoch.julian_date(when) == (jd, pytest.approx(day, abs=1e-15))


def test_seconds_after_the_epoch_count_on_over_midnight():
    jd, day = epoch.julian_date(datetime(2026, 7, 1, 23, 59, tzinfo=UTC), np.array([0.0, 60.0, 90.0]))
    later = epoch.julian_date(datetime(2026, 7, 2, 0, 0, 30, tzinfo=UTC))
    assert jd.shape == day.shape == (3,)
    assert day[1] == 1.0
    assert jd[2] + day[2] == sum(later)


def test_an_epoch_without_time_zone_is_refused():
    with pytest.raises(
        InputError, match=r"2026-07-01T00:00:00.*\n  must say its time zone\. Give it tzinfo=UTC"
    ):
        epoch.julian_date(datetime(2026, 7, 1))


@pytest.mark.parametrize(
    "when, ut1_utc_s, gmst_deg",
    [
        # Vallado, example 3-5, in its two printings. A Julian date in one number rounds by up to 8e-8 deg.
        (datetime(1992, 8, 20, 12, 14, tzinfo=UTC), 0.0, 152.578787810),
        (datetime(1992, 8, 20, 12, 14, tzinfo=UTC), 0.0, 152.578787886),
        (WHEN, UT1_UTC_S, 312.8098943),  # Vallado, example 3-15
    ],
)
def test_sidereal_time_is_the_published_one(when, ut1_utc_s, gmst_deg):
    assert np.degrees(epoch.gmst(*epoch.julian_date(when, ut1_utc_s))) == pytest.approx(gmst_deg, abs=1.4e-7)


@given(times)
def test_sidereal_time_is_its_formula_to_a_trillionth_of_a_turn(when):
    days = Fraction(
        (when - datetime(2000, 1, 1, 12, tzinfo=UTC)) // timedelta(microseconds=1), 86_400_000_000
    )
    T = days / 36525
    seconds = Fraction("67310.54841") + (876_600 * 3600 + Fraction("8640184.812866")) * T
    seconds += Fraction("0.093104") * T**2 - Fraction("6.2e-6") * T**3
    off = (
        float(seconds % 86400) / 86400 - epoch.gmst(*epoch.julian_date(when)) / (2 * np.pi) + 0.5
    ) % 1 - 0.5
    assert abs(off) < 1e-12


def test_a_published_place_goes_from_teme_to_itrf_once_the_pole_and_ut1_are_given():
    # To a centimetre; to 0.06 mm with the date rounded to one number, as the published program has it.
    jd, day = epoch.julian_date(WHEN, UT1_UTC_S)
    for when, off_m in (((jd, day), 0.01), ((jd + day, np.zeros_like(day)), 1e-4)):
        place, speed = epoch.teme_to_ecef(TEME, TEME_SPEED, *when)
        assert np.abs(pole() @ place - ITRF).max() < off_m
        assert np.abs(pole() @ speed - ITRF_SPEED).max() < 1e-5


def test_what_is_neglected_costs_what_the_page_says():
    place, _ = epoch.teme_to_ecef(TEME, TEME_SPEED, *epoch.julian_date(WHEN, UT1_UTC_S))
    without_ut1, _ = epoch.teme_to_ecef(TEME, TEME_SPEED, *epoch.julian_date(WHEN))
    assert 10 < np.linalg.norm(place - ITRF) < 20 * np.linalg.norm(ITRF) / 6.4e6
    assert np.linalg.norm(without_ut1 - place) == pytest.approx(
        abs(UT1_UTC_S) * ROTATION_RADPS * np.hypot(*place[:2]), rel=1e-3
    )


@given(vectors, vectors, angles)
def test_to_ecef_and_back_is_where_it_was(place, speed, angle):
    there = epoch.to_inertial(*epoch.to_ecef(place, speed, angle), angle)
    assert np.allclose(there, (place, speed), rtol=0, atol=1e-6)
    assert np.linalg.norm(epoch.to_ecef(place, speed, angle)[0]) == pytest.approx(np.linalg.norm(place))


def test_the_earth_turns_east_under_a_place_that_stands_still():
    fixed = np.array([7e6, 0.0, 1e6])
    place, speed = epoch.to_ecef(fixed, np.zeros(3), np.radians(10.0))
    assert np.degrees(np.arctan2(place[1], place[0])) == pytest.approx(-10)
    after, _ = epoch.to_ecef(fixed, np.zeros(3), np.radians(10.0) + ROTATION_RADPS * 1e-2)
    assert np.allclose((after - place) / 1e-2, speed, atol=1e-3)


def test_numpy_and_jax_find_the_same_turn_for_many_times():
    time_s = np.linspace(0, 1e5, 7)
    ours = epoch.teme_to_ecef(
        np.tile(TEME, (7, 1)), np.tile(TEME_SPEED, (7, 1)), *epoch.julian_date(WHEN, time_s)
    )
    kernel = jax.jit(lambda t: epoch.teme_to_ecef(TEME, TEME_SPEED, *epoch.julian_date(WHEN, t)))
    assert np.allclose(ours, kernel(jnp.asarray(time_s)), rtol=0, atol=1e-5)
    assert isinstance(ours[0], np.ndarray)
