"""Flights as samples in time: read between their steps they are where they were flown to."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.errors import FlightError
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.interpolate import hermite
from noroshi.flight.missile import Body, Course, course, repeated
from noroshi.flight.sample import burn_times, sampled, steps_of
from tests.flight.made import BODY, SITE, aim, one_stage, two_stages

PLANS = {
    "ballistic": course(SITE, one_stage(), BODY, aim(55.0)),
    "lofted": course(SITE, two_stages(), BODY, aim(88.0, ideal_kmps=8.0)),
    "short": course(SITE, one_stage(60.0), Body(1500.0), aim(50.0, ideal_kmps=2.0)),
    "gliding": course(SITE, two_stages(), Body(9000.0, 2.5, 70e3, 8.0, 800.0), aim(20.0, ideal_kmps=6.5)),
    "skipping": course(SITE, one_stage(70.0), Body(4000.0, 1.5, 45e3), aim(40.0, ideal_kmps=2.5)),
    "banking": course(
        SITE,
        two_stages(),
        Body(9000.0, 2.5, 70e3, 8.0, 800.0, (0.8, -0.8), (120.0, 120.0)),
        aim(20.0, ideal_kmps=6.5),
    ),
}


@cache
def table(name: str) -> np.ndarray:
    return steps_of(PLANS[name])


def flown_to(plan: Course, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place and velocity at times that no node chose."""
    state = flown(replace(repeated(plan, len(time_s)), until_s=time_s)).state[-1]
    return state[:3].T * MEGA, state[3:].T * KILO


def between(name: str, count: int = 192) -> np.ndarray:
    """Times all over a flight, as far from its nodes as can be."""
    nodes = table(name)[:, 0]
    middle = ((nodes[1:] + nodes[:-1]) / 2)[np.diff(nodes) > 0.1]
    return middle[np.linspace(0, len(middle) - 1, min(count, len(middle))).astype(int)]


@pytest.mark.parametrize("name", PLANS)
def test_a_flight_read_between_its_nodes_is_where_it_was_flown_to(name):
    rows = table(name)
    time_s = between(name)
    place, speed = hermite(rows[:, 0], rows[:, 1:4], rows[:, 4:], time_s)
    there, moving = flown_to(PLANS[name], time_s)
    assert np.linalg.norm(place - there, axis=1).max() < 0.3
    assert np.linalg.norm(speed - moving, axis=1).max() < 0.3


@pytest.mark.parametrize("name", PLANS)
def test_velocities_are_how_places_change(name):
    rows = table(name)
    time_s = between(name)
    beside = 0.001
    far, near = (hermite(rows[:, 0], rows[:, 1:4], rows[:, 4:], time_s + s)[0] for s in (beside, -beside))
    speed = hermite(rows[:, 0], rows[:, 1:4], rows[:, 4:], time_s)[1]
    assert np.abs((far - near) / (2 * beside) - speed).max() < 1e-3


@pytest.mark.parametrize("name", PLANS)
def test_nodes_rise_from_the_launch_to_the_ground_and_hold_every_end_of_a_leg(name):
    rows, plan = table(name), PLANS[name]
    assert rows[0, 0] == 0
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert np.allclose(rows[0, 1:4], plan.position_ecef_m[:, 0])
    assert abs(frames.geodetic(rows[-1, 1:4])[2]) < 0.05
    edges_s = flown(plan).time[:, 0] * KILO
    assert max(np.abs(rows[:, 0] - edge).min() for edge in edges_s) < 1e-6


def test_a_sampled_flight_has_a_row_every_step_and_a_last_one_at_its_end():
    missile = two_stages()
    flight = sampled(table("lofted"), 1.0, missile)
    assert np.allclose(flight.time_s[:-1], np.arange(len(flight.time_s) - 1))
    assert flight.time_s[-1] == table("lofted")[-1, 0]
    assert flight.valid.all()
    # 70 s, 4 s of coast, 90 s.
    assert burn_times(missile) == [(0.0, 70.0), (74.0, 164.0)]
    assert flight.burning.sum() == 70 + 90
    assert not flight.burning[70:74].any()
    assert not sampled(table("lofted"), 1.0, None).burning.any()


def test_a_flight_that_is_lost_is_refused():
    plan = PLANS["ballistic"]
    nowhere = replace(plan, position_ecef_m=plan.position_ecef_m * np.nan)
    with pytest.raises(FlightError, match="could not be followed to its end"):
        steps_of(nowhere)
