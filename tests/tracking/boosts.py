"""Boosts of the shipped threats, drawn as the world draws them, and the sights that sensors have of them."""

from dataclasses import dataclass, replace
from functools import cache

import jax
import numpy as np

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames, geometry
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.interpolate import hermite
from noroshi.flight.missile import Aim, Body, Site, course
from noroshi.records.tracks import Sight
from noroshi.sensing.infrared import nadir_axes
from noroshi.tracking.launchpoint import ROWS

# Ideal velocity, km/s, from short to long range of the class, and tilt from the vertical where the turn ends,
# deg.
FAMILIES = {
    "srbm": (1.8, 3.2, 2.0, 25.0),
    "quasi-ballistic": (1.8, 2.8, 20.0, 60.0),
    "mrbm": (2.8, 4.4, 1.0, 20.0),
    "irbm-single-stage": (4.0, 6.0, 10.0, 60.0),
    "icbm": (6.2, 8.5, 0.5, 12.0),
    "glide": (4.0, 7.0, 30.0, 65.0),
}
_MOMENTS = 40


@dataclass(frozen=True)
class Boost:
    """One flight while it burns, from its launch."""

    family: str
    lat_rad: float
    lon_rad: float
    azimuth_rad: float
    burn_s: float
    node_s: np.ndarray
    place: np.ndarray
    speed: np.ndarray

    def at(self, age_s) -> tuple[np.ndarray, np.ndarray]:
        """Place and velocity at ages."""
        return hermite(self.node_s, self.place, self.speed, np.atleast_1d(age_s))


@cache
def boosts(family: str, count: int, seed: int) -> tuple[Boost, ...]:
    """Boosts of a family from places around the Yellow Sea, in all directions, low to lofted."""
    chance = np.random.default_rng([seed, len(family), ord(family[0])])
    low, high, steep, flat = FAMILIES[family]
    tries = 2 * count
    missile, _ = flyer(load_threat(family), lambda name: chance.random(tries))
    tilt = np.radians(steep * (flat / steep) ** chance.random(tries))
    aim = Aim(np.pi / 2 - tilt, chance.uniform(low, high, tries), chance.uniform(0, 2 * np.pi, tries))
    burn_s = sum(np.asarray(stage.burn_s) for stage in missile.stages)
    burn_s = burn_s + 2.0 * (len(missile.stages) - 1)
    until_s = burn_s * np.arange(1, _MOMENTS + 1)[:, None] / _MOMENTS
    lat_deg, lon_deg = chance.uniform(36, 42), chance.uniform(120, 130)
    many, how = jax.tree.map(lambda leaf: np.tile(leaf, _MOMENTS) if np.ndim(leaf) else leaf, (missile, aim))
    plan = course(Site(lat_deg, lon_deg), many, Body(1e4), how)
    ends = flown(replace(plan, until_s=until_s.ravel()))
    state = ends.state[-1].reshape(6, _MOMENTS, tries)
    place, speed = state[:3] * MEGA, state[3:] * KILO
    up = frames.geodetic(np.moveaxis(place, 0, -1))[2]
    sound = np.asarray(ends.sound).reshape(_MOMENTS, tries).all(axis=0) & (up > 0).all(axis=0)
    # Low to lofted: from 15 deg above the horizon to straight up at burnout, and above the clouds.
    last = place[:, -1] / np.linalg.norm(place[:, -1], axis=0)
    climb = (last * speed[:, -1]).sum(axis=0) / np.linalg.norm(speed[:, -1], axis=0)
    sound &= (up[-1] > 18e3) & (climb > np.sin(np.radians(15.0)))
    lat, lon = np.radians([lat_deg, lon_deg])
    start = frames.ecef(lat, lon, np.float64(0.0))
    return tuple(
        Boost(
            family,
            float(lat),
            float(lon),
            float(aim.azimuth_rad[k]),
            float(burn_s[k]),
            np.append(0.0, until_s[:, k]),
            np.concatenate([[start], place[:, :, k].T]),
            np.concatenate([[0 * start], speed[:, :, k].T]),
        )
        for k in np.flatnonzero(sound)[:count]
    )


@dataclass(frozen=True)
class Eye:
    """A sensor that looks at boosts: where, its sigmas and bias, how often and from what height on."""

    sensor: int
    site: np.ndarray
    axes: np.ndarray
    sigma: np.ndarray
    bias: np.ndarray
    revisit_s: float
    above_m: float


def satellite(lon_deg: float, sensor: int, revisit_s: float = 5.0) -> Eye:
    """A geostationary one with the shipped figures: 30 and 20 microradians."""
    lon = np.radians(lon_deg)
    site = 42_164_170.0 * np.array([np.cos(lon), np.sin(lon), 0.0])
    sigma = np.array([np.inf, 30e-6, 30e-6, np.inf])
    return Eye(sensor, site, nadir_axes(0.0, lon), sigma, np.array([0.0, 20e-6, 20e-6]), revisit_s, 9e3)


def radar(lat_deg: float, lon_deg: float, sensor: int) -> Eye:
    """A radar with the figures of a large one, every 4 s above its horizon."""
    lat, lon = np.radians([lat_deg, lon_deg])
    site = frames.ecef(lat, lon, np.float64(500.0))
    sigma, bias = np.array([50.0, 6e-4, 6e-4, np.inf]), np.array([100.0, 5e-4, 5e-4])
    return Eye(sensor, site, frames.enu_axes(lat, lon), sigma, bias, 4.0, 0.0)


def sights(boost: Boost, eyes, chance: np.random.Generator, until_s: float = np.inf, missed: float = 0.05):
    """Sights of a boost by ages, sorted in time: with noise, biases and missed looks."""
    rows = []
    for eye in eyes:
        bias = eye.bias * chance.standard_normal(3)
        age_s = np.arange(chance.uniform(0, eye.revisit_s), min(boost.burn_s, until_s), eye.revisit_s)
        place, _ = boost.at(age_s)
        up = frames.geodetic(place)[2]
        exact = geometry.range_azimuth_elevation(eye.site, eye.axes, place)
        seen = (up > eye.above_m) & (chance.random(len(age_s)) > missed)
        if np.isfinite(eye.sigma[0]):
            seen &= exact[:, 2] > 0.0
        z = np.concatenate([exact + bias, np.zeros((len(age_s), 1))], axis=1)
        measured = np.isfinite(eye.sigma)
        noise = np.where(measured, eye.sigma, 0.0) * chance.standard_normal((len(age_s), 4))
        z = np.where(measured, z + noise, 0.0)
        for k in np.flatnonzero(seen):
            rows.append(
                Sight(
                    np.float64(age_s[k]), z[k], eye.sigma, eye.site, eye.axes, eye.bias, np.int64(eye.sensor)
                )
            )
    return sorted(rows, key=lambda one: float(one.time_s))


def thinned(rows: list[Sight], most: int = ROWS) -> list[Sight]:
    """As many as a fit takes: the first, the last and evenly between."""
    if len(rows) <= most:
        return rows
    return [rows[k] for k in np.linspace(0, len(rows) - 1, most).round().astype(int)]


def stacked(rows: list[Sight]) -> tuple[Sight, np.ndarray]:
    """Rows and which of them are valid, padded to ROWS."""
    padded = rows + [rows[-1]] * (ROWS - len(rows))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *padded), np.arange(ROWS) < len(rows)
