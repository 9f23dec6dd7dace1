"""Launches of all shipped threats, flown by the flights' own code, as satellites and radars see them.

Checks on chance have fixed seeds; each fails by chance once in a thousand where the module keeps its word.
"""

from dataclasses import replace
from functools import cache

import jax
import numpy as np
import pytest
from scipy.stats import binom, chi2

from noroshi.catalogue.boosts import template
from noroshi.earth import geometry
from noroshi.records.tracks import Belief
from noroshi.tracking import launchpoint
from noroshi.tracking.launchpoint import ROWS
from tests.tracking.boosts import FAMILIES, boosts, radar, satellite, sights, stacked, thinned

RARE = 1e-3
BELIEF = Belief(*map(np.float64, (35.0, 600.0, 2700.0, 6000.0, 2.0, 0.5, 3.0)))
EYES = {
    "one": [satellite(100.0, 1)],
    "two": [satellite(85.0, 1), satellite(160.0, 2)],
    "radar": [satellite(100.0, 1), radar(38.0, 128.6, 3)],
}
LANES = 24
_estimate = jax.jit(jax.vmap(launchpoint.estimate, in_axes=(0, 0, None, 0, None)))


def cases(eyes: str, each: int, seed: int, until_s: float = np.inf):
    """Flights of all families, and the sights, validity and references of each."""
    chance, found = np.random.default_rng(seed), []
    for family in FAMILIES:
        for boost in boosts(family, 32, seed)[:each]:
            rows = thinned(sights(boost, EYES[eyes], chance, until_s=until_s))
            bearing, off_m = chance.uniform(0, 6.28), chance.uniform(0, 6e4)
            near = geometry.great_circle_end(boost.lat_rad, boost.lon_rad, bearing, np.float64(off_m))
            if len(rows) >= 3:
                found.append((boost, rows, near))
    return found


def estimated(many):
    """Launches and states of all cases, LANES at a time."""
    parts = []
    for at in range(0, len(many), LANES):
        some = many[at : at + LANES]
        some = some + some[-1:] * (LANES - len(some))
        rows = [stacked(rows) for _, rows, _ in some]
        seen = jax.tree.map(lambda *leaves: np.stack(leaves), *(one for one, _ in rows))
        near = tuple(np.array([near[k] for _, _, near in some]) for k in range(2))
        parts.append(_estimate(seen, np.stack([valid for _, valid in rows]), template(), near, BELIEF))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(many)], *parts)


def normalised(off: np.ndarray, cov: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.diagonal(cov, axis1=1, axis2=2))
    off, cov = off / size, cov / size[:, :, None] / size[:, None]
    return np.einsum("ci,ci->c", off, np.linalg.solve(cov, off[..., None])[..., 0])


def errors(many, launch) -> np.ndarray:
    """East m, north m, time s of the estimate less the truth [cases, 3]."""
    lat, lon = (np.array([getattr(boost, name) for boost, _, _ in many]) for name in ("lat_rad", "lon_rad"))
    away_m, bearing = geometry.great_circle(lat, lon, launch.lat_rad, launch.lon_rad)
    return np.stack([away_m * np.sin(bearing), away_m * np.cos(bearing), launch.time_s], axis=-1)


def states(many) -> np.ndarray:
    """True place and velocity at the last sight [cases, 6]."""
    return np.array([np.concatenate(boost.at(float(rows[-1].time_s)), axis=1)[0] for boost, rows, _ in many])


@cache
def judged(eyes: str, each: int, seed: int):
    """Normalised squared errors of the launch place, its time, the state; errors of the place, m."""
    many = cases(eyes, each, seed)
    launch, now = estimated(many)
    off = errors(many, launch)
    return (
        normalised(off[:, :2], launch.cov[:, :2, :2]),
        off[:, 2] ** 2 / launch.cov[:, 2, 2],
        normalised(now.mean[:, :6] - states(many), now.cov[:, :6, :6]),
        np.linalg.norm(off[:, :2], axis=1),
    )


@pytest.mark.parametrize(("eyes", "far_m"), [("one", 8e3), ("two", 4e3), ("radar", 1.5e3)])
def test_launch_places_are_found_and_their_regions_hold_them(eyes, far_m):
    """A sample of 24 cannot tell 90 from 95 %; fewer inside than this are too few even for 90 %."""
    place, _, _, away_m = judged(eyes, 4, 5)
    assert np.median(away_m) < far_m
    assert (place < chi2.ppf(0.95, 2)).sum() >= binom.ppf(RARE, len(place), 0.9)
    assert place.mean() / 2 < 2.0


@pytest.mark.soak
@pytest.mark.parametrize("eyes", EYES)
def test_over_many_flights_place_and_time_are_consistent(eyes, record_property):
    parts = [judged(eyes, 32, seed) for seed in (11, 12)]
    place, time, state, away_m = (np.concatenate(column) for column in zip(*parts, strict=True))
    told = {
        "place NEES/2": place.mean() / 2,
        "place inside": (place < chi2.ppf(0.95, 2)).mean(),
        "time NEES": time.mean(),
        "time inside": (time < chi2.ppf(0.95, 1)).mean(),
        "state NEES/6": state.mean() / 6,
        "state inside": (state < chi2.ppf(0.95, 6)).mean(),
        "median km": np.median(away_m) / 1e3,
    }
    for name, value in told.items():
        record_property(name, value)
    print(eyes, {name: round(float(value), 2) for name, value in told.items()})
    assert 0.4 <= told["place NEES/2"] <= 1.5, told
    assert 0.9 <= told["place inside"] <= 0.995, told
    assert 0.4 <= told["time NEES"] <= 1.5, told
    assert 0.9 <= told["time inside"] <= 0.995, told


def test_a_second_sensor_tells_more():
    one, two = (estimated(cases(eyes, 4, 5))[0] for eyes in ("one", "two"))
    sizes = [np.median(np.sqrt(np.trace(launch.cov[:, :2, :2], axis1=1, axis2=2))) for launch in (one, two)]
    assert sizes[1] < sizes[0]


def test_the_state_now_is_where_two_satellites_saw_it():
    many = cases("two", 4, 5)
    _, now = estimated(many)
    off = now.mean[:, :6] - states(many)
    assert np.median(np.linalg.norm(off[:, :3], axis=1)) < 5e3
    assert np.median(np.linalg.norm(off[:, 3:], axis=1)) < 500
    assert (np.linalg.eigvalsh(now.cov) > 0).all()
    assert (now.burning > 0.9).all()
    assert (now.time_s == [float(rows[-1].time_s) for _, rows, _ in many]).all()


def test_a_bias_is_not_averaged_away():
    """Ten times as many sights of one satellite leave its bias in the covariance."""
    many = [one for one in cases("one", 4, 5) if len(one[1]) >= 6][:LANES]
    heavy = [
        (boost, [replace(row, bias_sigma=np.array([0.0, 1e-3, 1e-3])) for row in rows], near)
        for boost, rows, near in many
    ]
    few, lots = (
        estimated([(boost, pick(rows), near) for boost, rows, near in heavy])[0]
        for pick in (lambda rows: rows[:3] + rows[-3:], lambda rows: rows)
    )
    # A milliradian from the geostationary ring is some 37 km on the ground; no number of sights halves it.
    for launch in (few, lots):
        assert np.median(np.sqrt(np.trace(launch.cov[:, :2, :2], axis1=1, axis2=2))) > 20e3


def test_rows_that_are_not_valid_count_for_nothing():
    many = [one for one in cases("two", 4, 5) if len(one[1]) < ROWS - 4]
    _, rows, near = many[0]
    filled, valid = stacked(rows)
    bad = ~valid
    spoilt = replace(filled, z=filled.z + bad[:, None], time_s=filled.time_s - 500 * bad)
    both = jax.tree.map(lambda *leaves: np.stack(leaves * (LANES // 2)), filled, spoilt)
    place = tuple(np.full(LANES, value) for value in near)
    launch, _ = jax.tree.map(
        np.asarray, _estimate(both, np.tile(valid, (LANES, 1)), template(), place, BELIEF)
    )
    assert np.allclose(launch.lat_rad[0], launch.lat_rad[1], rtol=0, atol=1e-9)
    assert np.allclose(launch.cov[0], launch.cov[1], rtol=1e-4, atol=0)


def test_the_template_draws_boosts_that_rise():
    """Two sigmas either way along each mode a boost still climbs while most like it burn."""
    shape = template()
    for mode in range(shape.modes.shape[0]):
        for sign in (-2.0, 2.0):
            height = (np.asarray(shape.mean) + sign * np.asarray(shape.modes[mode]))[0]
            assert (np.diff(height[4:28]) > 0).all()
