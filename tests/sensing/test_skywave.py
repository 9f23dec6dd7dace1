"""Statistical tests look 1e5 times, seeds fixed; each check fails by chance once in a million."""

import math
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from noroshi.earth import frames, geometry
from noroshi.records.detections import Detections, Why
from noroshi.records.keys import uniform
from noroshi.records.truth import Kind, Truth
from noroshi.sensing import skywave
from noroshi.sensing.skywave import Skywave, in_service
from tests.sensing.made import FEW, MANY, NONE, SEARCH, SILENT, filled, objects

# Inland Australia, looking north-west; the numbers are made up.
LAT, LON = np.radians(-23.5), np.radians(144.1)
NORTH_WEST = np.radians(-45)

_look = jax.jit(skywave.look)


def some_skywave(**changes) -> Skywave:
    """From 1,000 to 3,000 km, 90 deg about the north-west, without a bias; it never misses."""
    plain = Skywave(
        site_ecef_m=frames.ecef(LAT, LON, np.float64(0.0)),
        axes=frames.enu_axes(LAT, LON),
        annulus_m=np.array([1e6, 3e6]),
        boresight_rad=np.float64(NORTH_WEST),
        sector_rad=np.float64(np.pi / 2),
        probability=np.float64(1.0),
        sigma=np.array([2e4, 5e-3]),
        bias=np.zeros(2),
    )
    return replace(plain, **changes)


def out_there(distance_m, bearing, height_m: float = 0.0, kind: Kind = Kind.SHIP) -> Truth:
    """Objects at distances along great circles from the site."""
    distance_m, bearing = np.broadcast_arrays(*np.atleast_1d(distance_m, bearing))
    lat, lon = geometry.great_circle_end(LAT, LON, bearing, distance_m)
    return objects(frames.ecef(lat, lon, np.float64(height_m)), kind=kind)


def look(sensor: Skywave, truth: Truth, tasking=SEARCH, seed: int = 0) -> Detections:
    count = len(truth.exists)
    full = filled(truth, FEW if count <= FEW else MANY)
    seen = _look(sensor, tasking, NONE, full, jax.random.key(seed))
    return jax.tree.map(lambda rows: np.asarray(rows)[:count], seen)


@pytest.mark.parametrize("kind", list(Kind))
def test_it_sees_aircraft_and_ships_and_nothing_else(kind):
    seen = look(some_skywave(), out_there(2e6, NORTH_WEST, kind=kind))
    assert seen.valid[0] == (kind in (Kind.AIRCRAFT, Kind.SHIP))
    assert seen.valid[0] or seen.why[0] == Why.OTHER_KIND


@given(st.floats(1e5, 5e6), st.floats(-np.pi, np.pi))
def test_it_sees_a_ring_and_a_sector_of_it(distance_m, bearing):
    off = abs((bearing - NORTH_WEST + np.pi) % (2 * np.pi) - np.pi)
    why = look(some_skywave(), out_there(distance_m, bearing)).why[0]
    # Half a per cent, and half a degree, for the ellipsoid.
    if abs(off - np.pi / 4) < 0.01 or min(abs(distance_m - 1e6), abs(distance_m - 3e6)) < 0.005 * distance_m:
        return
    if off > np.pi / 4:
        assert why == Why.OUT_OF_SECTOR
    elif distance_m < 1e6:
        assert why == Why.TOO_NEAR
    elif distance_m > 3e6:
        assert why == Why.TOO_FAR
    else:
        assert why == Why.SEEN


def test_far_below_the_horizon_height_hides_nothing():
    assert look(some_skywave(), out_there(2.5e6, NORTH_WEST, 0.0)).valid[0]
    assert look(some_skywave(), out_there(2.5e6, NORTH_WEST, 1e4, Kind.AIRCRAFT)).valid[0]


def test_when_the_ionosphere_does_not_carry_nothing_is_seen():
    assert (look(some_skywave(), out_there([5e5, 2e6], NORTH_WEST), SILENT).why == Why.NO_SERVICE).all()
    # That there is no such object, or none of its kind, comes first.
    other = replace(out_there(2e6, NORTH_WEST), kind=np.array([Kind.MISSILE]))
    assert look(some_skywave(), other, SILENT).why[0] == Why.OTHER_KIND
    gone = replace(other, exists=np.array([False]))
    assert look(some_skywave(), gone, SILENT).why[0] == Why.ABSENT


def test_it_measures_range_over_the_ground_and_azimuth_with_its_noise_and_bias():
    bias = np.array([4e4, -8e-3])
    there = out_there(np.full(MANY, 2e6), NORTH_WEST)
    seen = look(some_skywave(bias=bias), there, seed=30)
    calm = some_skywave(sigma=np.zeros(2))
    exact = look(calm, out_there(2e6, NORTH_WEST)).measurement[0]
    # Over a round Earth of mean radius: the ellipsoid is worth a third of a per cent.
    assert exact[0] == pytest.approx(2e6, rel=4e-3)
    assert exact[1] == pytest.approx(NORTH_WEST, abs=4e-3)
    off = (seen.measurement[:, :2] - exact[:2] - bias) / [2e4, 5e-3]
    assert np.abs(off.mean(axis=0) * np.sqrt(MANY)).max() < 4.9
    low, high = chi2.ppf([5e-7, 1 - 5e-7], MANY)
    assert (low < (off**2).sum(axis=0)).all()
    assert ((off**2).sum(axis=0) < high).all()
    assert abs(np.corrcoef(off.T)[0, 1]) * np.sqrt(MANY) < 4.9
    # Height and speed it does not tell.
    assert (seen.sigma[:, :2] == [2e4, 5e-3]).all()
    assert np.isinf(seen.sigma[:, 2]).all()
    assert np.isinf(seen.range_rate_sigma_mps).all()
    assert (seen.measurement[:, 2] == 0).all()
    assert not seen.cued.any()


@given(st.floats(0.16, 0.47), st.sampled_from([-1, 1]), st.floats(-3.0, 3.0))
def test_along_the_equator_ground_range_is_longitude_times_the_mean_radius(away, side, lon):
    equator = some_skywave(
        site_ecef_m=frames.ecef(np.float64(0.0), lon, np.float64(0.0)),
        axes=frames.enu_axes(np.float64(0.0), lon),
        boresight_rad=np.float64(side * np.pi / 2),
        sigma=np.zeros(2),
    )
    there = objects(frames.ecef(np.zeros(1), np.array([lon + side * away]), np.zeros(1)), kind=Kind.SHIP)
    exact = [6_371_008.8 * away, side * np.pi / 2, 0.0]
    assert look(equator, there).measurement[0] == pytest.approx(exact, rel=1e-9)


def test_the_height_of_an_aircraft_does_not_move_it_over_the_ground():
    calm = some_skywave(sigma=np.zeros(2))
    low, high = (look(calm, out_there(2e6, NORTH_WEST, height_m)).measurement[0] for height_m in (0, 12e3))
    assert high == pytest.approx(low, rel=1e-4, abs=1e-3)


def test_it_misses_as_often_as_stated():
    seen = look(some_skywave(probability=np.float64(0.7)), out_there(np.full(MANY, 2e6), NORTH_WEST), seed=31)
    low, high = binom.ppf([5e-7, 1 - 5e-7], MANY, 0.7)
    assert low <= seen.valid.sum() <= high
    assert (seen.why[~seen.valid] == Why.MISSED).all()


@given(st.floats(0.05, 1.0), st.floats(1.0, 86_400.0), st.integers(0, 1000))
def test_the_ionosphere_holds_for_a_spell_and_is_drawn_anew_for_the_next(availability, spell_s, seed):
    def draw(number: int) -> float:
        return uniform(seed, "ionosphere", number)

    for number in range(5):
        within = [
            in_service(availability, spell_s, (number + part) * spell_s, draw) for part in (0.01, 0.5, 0.99)
        ]
        assert within == [draw(number) < availability] * 3


def test_over_many_spells_it_carries_as_often_as_stated():
    spells = 2000
    on = sum(
        in_service(0.6, 600.0, 600.0 * n + 1, lambda n: uniform(3, "ionosphere", n)) for n in range(spells)
    )
    low, high = binom.ppf([5e-7, 1 - 5e-7], spells, 0.6)
    assert low <= on <= high
    assert in_service(1.0, 600.0, 0.0, lambda n: math.nextafter(1.0, 0.0))
