"""A flight as legs: those without length change nothing, and no lane disturbs another."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.flight.ballistic import fall
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.legs import BURNS, FALLS
from noroshi.flight.missile import Body, adrift, ascent, course
from noroshi.flight.propagator import ARRIVED
from tests.flight.coasts import burnouts
from tests.flight.made import BODY, SITE, aim, one_stage, two_stages

LOFTS_DEG = (40.0, 50.0, 60.0, 70.0, 80.0)


def place_and_speed(ends, leg):
    """States at the end of a leg, [L, 3] each, m and m/s."""
    return ends.state[leg, :3].T * MEGA, ends.state[leg, 3:].T * KILO


def heights_m(ends, leg):
    return frames.geodetic(place_and_speed(ends, leg)[0])[2]


def test_a_flight_goes_on_from_its_burnout_as_a_ballistic_one_falls():
    ends = flown(course(SITE, two_stages(), BODY, aim(*LOFTS_DEG)))
    fallen = fall(*place_and_speed(ends, BURNS - 1), np.full(5, 6000.0), tolerance=1e-8)
    assert (fallen.status == ARRIVED).all()
    place, _ = place_and_speed(ends, -1)
    assert np.linalg.norm(place - fallen.position_ecef_m, axis=1).max() < 20.0
    coast_s = (ends.time[-1] - ends.time[BURNS - 1]) * KILO
    assert coast_s == pytest.approx(fallen.time_s, abs=0.01)


def test_bodies_adrift_fall_as_ballistic_ones():
    place, velocity, beta = burnouts(3, 40)
    ends = flown(adrift(0.0, place, velocity, Body(beta)))
    fallen = fall(place, velocity, beta, tolerance=1e-8)
    assert np.linalg.norm(place_and_speed(ends, -1)[0] - fallen.position_ecef_m, axis=1).max() < 20.0


def test_legs_without_length_change_nothing():
    ends = flown(course(SITE, one_stage(), BODY, aim(*LOFTS_DEG)))
    # One stage burns in three legs of ten; the falls end in an apogee, then on the ground.
    for leg in range(3, BURNS):
        assert np.array_equal(ends.state[leg], ends.state[2])
        assert np.array_equal(ends.time[leg], ends.time[2])
    for leg in range(BURNS + 2, BURNS + FALLS):
        assert heights_m(ends, leg) == pytest.approx(0.0, abs=0.05)


def test_times_never_run_back_and_a_flight_ends_on_the_ground_once():
    ends = flown(course(SITE, two_stages(), Body(8000.0, 2.5, 60e3, 5.0, 800.0), aim(*LOFTS_DEG)))
    assert ends.sound.all()
    assert (np.diff(ends.time, axis=0) >= 0).all()
    assert ends.landed[-1].all()
    assert (np.diff(ends.landed.astype(int), axis=0) >= 0).all()


def test_the_first_fall_ends_at_the_apogee():
    ends = flown(course(SITE, two_stages(), BODY, aim(*LOFTS_DEG)))
    place, speed = place_and_speed(ends, BURNS)
    rate = np.einsum("li,li->l", place, speed) / np.linalg.norm(place, axis=1)
    assert np.abs(rate).max() < 0.01


def test_lift_begins_where_it_was_told_to_and_ends_below_the_speed_of_the_dive():
    body = Body(8000.0, 2.5, 60e3, 5.0, 800.0)
    ends = flown(course(SITE, two_stages(), body, aim(*LOFTS_DEG)))
    assert heights_m(ends, BURNS + 1) == pytest.approx(60e3, abs=1.0)
    speed = np.linalg.norm(place_and_speed(ends, BURNS + 2)[1], axis=1)
    assert speed == pytest.approx(800.0, abs=0.1)


def test_a_launch_that_no_thrust_lifts_stays_on_its_pad_and_counts_as_landed():
    ends = flown(ascent(SITE, one_stage(600.0), aim(80.0, ideal_kmps=0.5)))
    assert ends.landed[BURNS - 1].all()


@settings(max_examples=10)
@given(st.lists(st.integers(0, 63), min_size=1, max_size=20, unique=True))
def test_lanes_that_fail_leave_every_byte_of_the_others_alone(lost):
    lofts = np.linspace(35.0, 85.0, 64)
    plan = course(SITE, one_stage(), BODY, aim(*lofts))
    alone = flown(plan)
    place = plan.position_ecef_m.copy()
    place[:, lost] = np.nan
    beside = flown(replace(plan, position_ecef_m=place))
    others = np.delete(np.arange(64), lost)
    assert not beside.sound[lost].any()
    assert alone.state[..., others].tobytes() == beside.state[..., others].tobytes()
    assert alone.time[..., others].tobytes() == beside.time[..., others].tobytes()
    assert beside.sound[others].all()


def test_a_flight_does_not_depend_on_its_neighbours():
    together = flown(course(SITE, one_stage(), BODY, aim(*LOFTS_DEG)))
    for number, loft in enumerate(LOFTS_DEG):
        alone = flown(course(SITE, one_stage(), BODY, aim(loft)))
        assert np.array_equal(alone.state[..., 0], together.state[..., number])


@pytest.mark.parametrize("until_s", [20.0, 100.0, 154.0, 400.0])
def test_nothing_is_flown_after_its_time(until_s):
    plan = course(SITE, one_stage(), BODY, aim(60.0), until_s=until_s)
    ends = flown(plan)
    assert ends.time[-1, 0] * KILO == pytest.approx(until_s, abs=1e-9)
    assert ends.time.max() == ends.time[-1, 0]
    assert not ends.landed[-1, 0]
