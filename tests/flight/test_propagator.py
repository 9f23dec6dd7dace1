import jax
import jax.numpy as jnp
import numpy as np
import pytest

from noroshi.flight.propagator import ARRIVED, FLYING, LOST, TIRED, fly, start
from tests.flight.coasts import burnouts, coast, state
from tests.reference.arcs import AT_REST

# A sphere that does not turn, without air: km and s, here in the kernel's Mm and ks.
RADIUS, GM = 6.371, 398_600.4418e-3

# Minimum-energy arcs on it by closed form: range km, apogee km, time s (independent arithmetic: Kepler's
# equation for the time, (R/2)(sin + cos - 1) of half the arc for the apogee).
LEAST_ENERGY = [(range_km, apogee_km, time_s) for range_km, _, _, apogee_km, time_s in AT_REST]


def central(t, y, params):
    """Attraction of a point mass."""
    pull = -GM / (y[0] ** 2 + y[1] ** 2 + y[2] ** 2) ** 1.5
    return y[3], y[4], y[5], pull * y[0], pull * y[1], pull * y[2]


def radius(y):
    """Distance from it, Mm."""
    return jnp.sqrt(y[0] ** 2 + y[1] ** 2 + y[2] ** 2)


GROUND, APOGEE, NOWHERE = 0, 1, 2


@jax.jit
def _flown(y, where, tolerance, t_end):
    def gauge(y):
        climb = (y[0] * y[3] + y[1] * y[4] + y[2] * y[5]) / radius(y)
        return jnp.select([where == GROUND, where == APOGEE], [radius(y) - RADIUS, climb], radius(y))

    lanes = start(central, jnp.zeros_like(y[0]), y, None)
    return fly(central, lanes, jnp.full_like(y[0], t_end), None, gauge, tolerance)


def flown(y, where, tolerance, t_end=4.0):
    """Fly there around a point mass; one compiled kernel serves all."""
    return jax.tree.map(np.asarray, _flown(y, where, tolerance, np.float64(t_end)))


def least_energy() -> tuple[np.ndarray, ...]:
    """States at burnout on the ground for LEAST_ENERGY, from the closed form."""
    arc = np.array([row[0] for row in LEAST_ENERGY]) / (RADIUS * 1e3)
    half = np.sin(arc / 2)
    speed, angle = np.sqrt(2 * GM / RADIUS * half / (1 + half)), np.pi / 4 - arc / 4
    zero = 0 * arc
    return RADIUS + zero, zero, zero, speed * np.sin(angle), speed * np.cos(angle), zero


def test_least_energy_arcs_come_down_where_and_when_keplers_equation_says():
    lanes = flown(least_energy(), GROUND, 1e-9)
    assert (lanes.status == ARRIVED).all()
    range_km = np.arctan2(lanes.y[1], lanes.y[0]) % (2 * np.pi) * RADIUS * 1e3
    for row, there_km, time_s in zip(LEAST_ENERGY, range_km, lanes.t * 1e3, strict=True):
        assert there_km == pytest.approx(row[0], abs=0.02)
        assert time_s == pytest.approx(row[2], abs=0.01)


def test_least_energy_arcs_rise_as_high_as_the_closed_form_says():
    lanes = flown(least_energy(), APOGEE, 1e-9)
    for row, top_km in zip(LEAST_ENERGY, (np.asarray(radius(lanes.y)) - RADIUS) * 1e3, strict=True):
        assert top_km == pytest.approx(row[1], abs=1e-3)


def test_a_circular_orbit_comes_round():
    speed = np.sqrt(GM / 7.0)
    round_ks = 2 * np.pi * np.sqrt(7.0**3 / GM)
    y = tuple(np.full(len(LEAST_ENERGY), value) for value in (7.0, 0.0, 0.0, 0.0, speed, 0.0))
    lanes = flown(y, NOWHERE, 1e-10, round_ks)
    assert (lanes.status == FLYING).all()
    assert (lanes.t == round_ks).all()
    assert np.allclose(lanes.y, y, atol=1e-6)


def test_a_smaller_tolerance_gives_a_smaller_error():
    exact = np.array([row[2] for row in LEAST_ENERGY])
    errors = [np.abs(flown(least_energy(), GROUND, t).t * 1e3 - exact).max() for t in (1e-3, 1e-4, 1e-8)]
    # From some 1e-5 on the event's centimetre rules, 5 ms of a flat flight.
    assert errors[0] > 3 * errors[1] > 3 * errors[2]
    assert errors[2] < 0.01


def test_a_lane_that_is_not_a_number_stops_at_once_and_disturbs_nobody():
    position, velocity, beta = burnouts(6, 8)
    sound = coast(position, velocity, beta, 1e-6)
    position[2, 1], beta[5] = np.nan, np.nan
    sick = coast(position, velocity, beta, 1e-6)
    lost = np.isin(np.arange(8), [2, 5])
    assert (np.asarray(sick.status) == np.where(lost, LOST, ARRIVED)).all()
    assert (np.asarray(sick.t)[lost] == 0).all()
    for ours, theirs in zip(jax.tree.leaves(sick), jax.tree.leaves(sound), strict=True):
        assert (np.asarray(ours)[~lost] == np.asarray(theirs)[~lost]).all()
    # After one single step already, so that the batch need not wait for it.
    assert (np.asarray(coast(position, velocity, beta, 1e-6, max_steps=1).status)[lost] == LOST).all()


@pytest.mark.parametrize("lanes", [8, 64])
def test_a_flight_is_the_same_in_whatever_company(lanes):
    position, velocity, beta = burnouts(7, 64)
    for limit_s, off_m in ((200.0, 1e-6), (7200.0, 0.1)):  # an impact is found to a centimetre of height
        together = coast(position[:lanes], velocity[:lanes], beta[:lanes], 1e-6, limit_s)
        for k in range(4):
            one = coast(position[k : k + 1], velocity[k : k + 1], beta[k : k + 1], 1e-6, limit_s)
            assert together.status[k] == one.status[0]
            assert together.t[k] == pytest.approx(one.t[0], abs=1e-7)
            assert np.linalg.norm(state(together)[0][k] - state(one)[0][0]) < off_m


def test_a_flight_cut_short_says_so():
    body = burnouts(8, 8)
    assert (np.asarray(coast(*body, 1e-6, max_steps=3).status) == TIRED).all()
    # Its time over before it comes down, it is flying still, and stands at that very moment.
    early = coast(*body, 1e-6, 60.0)
    assert (np.asarray(early.status) == FLYING).all()
    assert (np.asarray(early.t) == 0.06).all()
