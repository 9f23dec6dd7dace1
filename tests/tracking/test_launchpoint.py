"""Checks on chance have fixed seeds; each fails by chance once in a million."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.stats import chi2

from noroshi.earth import frames, geometry
from noroshi.sensing.infrared import nadir_axes
from noroshi.tracking import launchpoint
from noroshi.tracking.launchpoint import ROWS, Launch, Sights, Template
from tests.tracking.made import eigenvalues

CASES = 64
RARE = 5e-7  # in each tail
NOISE_RAD = 1e-4  # some 4 km on the ground, what a template is worth
# Logarithms of the template's scales of time, distance and height: how far missiles stray from it, one sigma.
STRAY = np.array([0.15, 0.4, 0.25])

# A boost that rises at 8 m/s2 and after 15 s speeds up by 14 m/s2 over the ground; no missile's figures.
_AGE = np.arange(300.0)
TEMPLATE = Template(np.float64(1.0), 4.0 * _AGE**2, 7.0 * np.maximum(_AGE - 15, 0) ** 2)

_estimate = jax.jit(jax.vmap(launchpoint.estimate, in_axes=(0, None, 0)))


def satellites(*lon_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Places and axes of geostationary satellites, ROWS in turn."""
    lon = np.radians(np.resize(lon_deg, ROWS))
    place = 42_164_170.0 * np.stack([np.cos(lon), np.sin(lon), 0 * lon], axis=-1)
    return place, np.stack([nadir_axes(0.0, one) for one in lon])


def launches(seed: int, strayed: np.ndarray = STRAY):
    """CASES launches of the template, strayed as the prior says: place, time, azimuth; scales; references."""
    chance = np.random.default_rng(seed)
    lat, lon = chance.uniform(0.5, 0.85, CASES), chance.uniform(1.9, 2.5, CASES)
    scales = np.exp(strayed * chance.standard_normal((CASES, 3)))
    azimuth, time_s = chance.uniform(0, 2 * np.pi, CASES), chance.uniform(-20, 20, CASES)
    off = geometry.great_circle_end(lat, lon, chance.uniform(0, 6.28, CASES), chance.uniform(0, 100e3, CASES))
    return chance, (lat, lon, time_s, azimuth), scales, off


def watched(chance: np.random.Generator, truth, scales: np.ndarray, site, axes, rows: int = ROWS) -> Sights:
    """Lines of sight [CASES, ROWS] every few seconds from where the plume leaves the clouds at 10 km."""
    lat, lon, launched_s, azimuth = (part[:, None] for part in truth)
    slow, far, high = (scales[:, k : k + 1] for k in range(3))
    out_s = slow * np.sqrt(10e3 / high / 4.0)
    age = (out_s + 2.5 * np.arange(ROWS)) / slow
    distance = far * np.interp(age, _AGE, TEMPLATE.distance_m)
    place = frames.ecef(
        *geometry.great_circle_end(lat, lon, azimuth, distance),
        high * np.interp(age, _AGE, TEMPLATE.height_m),
    )
    enu = np.einsum("rij,crj->cri", axes, place - site)
    range_m = np.linalg.norm(enu, axis=-1)
    z = np.stack(
        [0 * range_m, np.arctan2(enu[..., 0], enu[..., 1]), np.arcsin(enu[..., 2] / range_m)], axis=-1
    )
    z[..., 1:] += NOISE_RAD * chance.standard_normal((CASES, ROWS, 2))
    sigma = np.tile([np.inf, NOISE_RAD, NOISE_RAD], (CASES, ROWS, 1))
    valid = np.tile(np.arange(ROWS) < rows, (CASES, 1))
    each = np.ones((CASES, 1, 1))
    return Sights(launched_s + age * slow, each * site, each[..., None] * axes, z, sigma, valid)


def found(sights: Sights, reference) -> Launch:
    return jax.tree.map(np.asarray, _estimate(sights, TEMPLATE, reference))


def errors(launch: Launch, truth) -> np.ndarray:
    """East m, north m, time s, azimuth rad [CASES, 4] of the estimate less the truth."""
    lat, lon, time_s, azimuth = truth
    away_m, bearing = geometry.great_circle(lat, lon, launch.lat_rad, launch.lon_rad)
    turn = (launch.azimuth_rad - azimuth + np.pi) % (2 * np.pi) - np.pi
    return np.stack(
        [away_m * np.sin(bearing), away_m * np.cos(bearing), launch.time_s - time_s, turn], axis=-1
    )


def in_sigmas(launch: Launch, truth) -> np.ndarray:
    """Squared errors [CASES], 4 degrees of freedom."""
    off = errors(launch, truth)
    return np.einsum("ci,ci->c", off, np.linalg.solve(launch.cov, off[..., None])[..., 0])


def test_two_satellites_find_a_launch_of_the_template_within_its_covariance():
    chance, truth, scales, reference = launches(80)
    launch = found(watched(chance, truth, scales, *satellites(90.0, 160.0)), reference)
    low, high = chi2.ppf([RARE, 1 - RARE], 4 * CASES)
    assert low < in_sigmas(launch, truth).sum() < high
    away_m = np.linalg.norm(errors(launch, truth)[:, :2], axis=1)
    assert np.median(away_m) < 5e3


@pytest.mark.parametrize("lon_deg", [90.0, 120.0])
def test_one_satellite_knows_how_little_it_knows(lon_deg):
    # From one side toward and away look alike, and the fit is far from linear: no chi-squared; the typical
    # error is as told, though, and few are told much too small.
    told, away_m = [], []
    for seed in (81, 82, 83, 84):
        chance, truth, scales, reference = launches(seed)
        launch = found(watched(chance, truth, scales, *satellites(lon_deg)), reference)
        told.extend(in_sigmas(launch, truth))
        away_m.extend(np.linalg.norm(errors(launch, truth)[:, :2], axis=1))
    assert np.median(told) == pytest.approx(chi2.ppf(0.5, 4), rel=0.25)
    assert (np.array(told) > chi2.ppf(0.999, 4)).mean() < 0.08
    assert np.median(away_m) < 12e3


def test_more_sights_tell_more():
    _, truth, scales, reference = launches(85)
    few, many = (
        found(watched(np.random.default_rng(86), truth, scales, *satellites(90.0, 160.0), rows), reference)
        for rows in (6, ROWS)
    )
    sizes = [np.sqrt(np.diagonal(launch.cov, axis1=1, axis2=2)) for launch in (few, many)]
    assert (np.median(sizes[1] / sizes[0], axis=0) < 0.7).all()
    assert eigenvalues(few.cov).min() > 0
    assert eigenvalues(many.cov).min() > 0


def test_rows_that_are_not_valid_count_for_nothing():
    chance, truth, scales, reference = launches(87)
    sights = watched(chance, truth, scales, *satellites(90.0, 160.0), rows=12)
    noise = np.where(sights.valid[..., None], 0.0, 1.0)
    spoilt = replace(sights, z=sights.z + noise, time_s=sights.time_s - 500 * noise[..., 0])
    ours, theirs = found(sights, reference), found(spoilt, reference)
    assert np.allclose(ours.lat_rad, theirs.lat_rad, rtol=0, atol=1e-12)
    assert np.allclose(ours.cov, theirs.cov, rtol=1e-9, atol=0)


def test_angles_of_a_launch_are_in_range_and_its_place_is_near_the_reference():
    chance, truth, scales, reference = launches(88)
    launch = found(watched(chance, truth, scales, *satellites(90.0, 160.0)), reference)
    assert ((launch.azimuth_rad >= 0) & (launch.azimuth_rad < 2 * np.pi)).all()
    away_m, _ = geometry.great_circle(*reference, launch.lat_rad, launch.lon_rad)
    assert (away_m < 150e3).all()
