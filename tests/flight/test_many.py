"""Many flights: what holds for some must hold for a hundred thousand."""

import numpy as np
import pytest

from noroshi.catalogue import assemble
from noroshi.catalogue.threats import flyer, load_threat
from noroshi.errors import FlightError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.ballistic import fall
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site
from noroshi.flight.propagator import ARRIVED
from tests.flight.coasts import burnouts

# Apogee and range, km, that missiles of a family were seen to reach or may.
REACH = {
    "icbm": ((300, 7000), (300, 10_000)),
    "irbm-single-stage": ((200, 2000), (500, 4500)),
    "mrbm": ((100, 600), (200, 1500)),
    "srbm": ((40, 250), (100, 700)),
    "quasi-ballistic": ((20, 60), (100, 800)),
    "glide": ((50, 150), (500, 6000)),
}


def fits(name: str, count: int, seed: int) -> list[bool]:
    """Whether each of `count` draws of figures and missile was met; the others were refused in words."""
    chance = np.random.default_rng(seed)
    (low, high), (near, far) = REACH[name]
    met = []
    for _ in range(count):
        told = Announced(
            Told(chance.uniform(low, high)), Told(chance.uniform(near, far)), Told(chance.uniform(0, 360))
        )
        drawn = chance.random()
        missile, body = flyer(load_threat(name), lambda _, drawn=drawn: drawn)
        site = Site(np.degrees(np.arcsin(chance.uniform(-0.9, 0.9))), chance.uniform(-180, 180))
        try:
            found = fit(site, told, missile, body)
        except FlightError as refused:
            assert "no flight" in str(refused)
            met.append(False)
        else:
            assert max(map(abs, found.residual_km)) < 0.05
            assert 0 < found.flight_time_s < 7200
            met.append(True)
    return met


def errors_m(count: int, tolerance: float) -> np.ndarray:
    """Distances of impacts from those at a tolerance where no step matters."""
    bodies = burnouts(41, count)
    loose, tight = fall(*bodies, tolerance), fall(*bodies, 1e-10)
    assert (loose.status == ARRIVED).all() and (tight.status == ARRIVED).all()
    return np.linalg.norm(loose.position_ecef_m - tight.position_ecef_m, axis=1)


def test_every_family_with_a_reach_is_shipped():
    assert set(REACH) == assemble.shipped_names("threats") - {"space"}


@pytest.mark.parametrize("name", REACH)
def test_figures_anywhere_on_earth_are_met_or_refused_in_words(name):
    assert any(fits(name, 6, 1))


def test_impacts_err_by_metres_whatever_the_body():
    off_m = errors_m(8192, 1e-5)
    assert off_m.max() < 15
    assert np.median(off_m) < 0.5


@pytest.mark.soak
@pytest.mark.parametrize("name", REACH)
def test_two_hundred_draws_of_figures_are_met_or_refused_in_words(name):
    # The fit finds a flight wherever figures and missile belong together; most of these do.
    assert np.mean(fits(name, 200, 2)) > 0.6


@pytest.mark.soak
def test_a_hundred_thousand_impacts_err_by_metres():
    off_m = errors_m(102_400, 1e-5)
    assert off_m.max() < 20
    assert np.quantile(off_m, 0.999) < 8
