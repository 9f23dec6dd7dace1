"""Two ballistic targets 50 m apart among false alarms, after NRL's TrackerComponentLibrary.

Parameters read in its demoBallisticScenario (D. Crouse, 2015, distribution statement A). From the Sea of
Japan to the middle of the Pacific with the least energy between the two places as if they were inertial; J2
and the turning Earth but no air; a radar in the Aleutians with a hundred evenly spaced looks while the target
is above 10 degrees. Nothing numerical is published of it.
"""

from dataclasses import dataclass
from functools import cache

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.earth.constants import GM_M3PS2
from noroshi.earth.model import WGS84
from noroshi.flight import dynamics, propagator
from noroshi.flight.dynamics import KILO, MEGA, Coasting

FROM_DEG, TO_DEG, RADAR_DEG = (39.61693, 134.54975), (40.56751, -159.53953), (51.86310, -177.98669)
LOOKS, LOWEST_RAD, OFFSET_M = 100, np.radians(10.0), 50.0
SIGMA = np.array([10.0, np.radians(0.1), np.radians(0.1)])
SEEN, SURE_LOOKS, CLEAN_LOOKS = 0.8, 4, 2
# False alarms for each m rad2, and how far from the first target: range m, azimuth and elevation rad.
CLUTTER_PM = 1e-2
HALF = np.array([50e3, np.radians(2.0), np.radians(2.0)])
FALSE_PER_LOOK = float(CLUTTER_PM * np.prod(2 * HALF))
AIRLESS = WGS84._replace(air=0.0)


@dataclass(frozen=True)
class Scenario:
    """A hundred looks, padded to the most plots that one had; `source` is the target's number or -1."""

    time_s: np.ndarray
    truth: np.ndarray
    """[2, looks, 6]: ECEF position m and velocity m/s."""
    site_ecef_m: np.ndarray
    axes: np.ndarray
    z: np.ndarray
    """[looks, plots, 3]: range m, azimuth clockwise from north and elevation rad."""
    valid: np.ndarray
    source: np.ndarray


def place(deg: tuple[float, float]) -> np.ndarray:
    return frames.ecef(np.radians(deg[0]), np.radians(deg[1]), 0.0)


def least_energy(start_m: np.ndarray, end_m: np.ndarray) -> tuple[np.ndarray, float]:
    """Velocity, m/s, and time of flight, s, of the ellipse of least energy (D. Vallado, chapter 7.6.1)."""
    r1, r2 = np.linalg.norm(start_m), np.linalg.norm(end_m)
    cos = start_m @ end_m / (r1 * r2)
    chord = np.linalg.norm(end_m - start_m)
    half = (r1 + r2 + chord) / 2
    parameter = r1 * r2 / chord * (1 - cos)
    beta = 2 * np.arcsin(np.sqrt((half - chord) / half))
    time_s = np.sqrt((half / 2) ** 3 / GM_M3PS2) * (np.pi - (beta - np.sin(beta)))
    speed = np.sqrt(GM_M3PS2 * parameter) / (r1 * r2 * np.sqrt(1 - cos**2))
    return speed * (end_m - (1 - r2 / parameter * (1 - cos)) * start_m), float(time_s)


@jax.jit
def _flown(start, until_ks):
    lanes = propagator.start(dynamics.coast, 0 * until_ks, start, _body(until_ks))
    return propagator.fly(dynamics.coast, lanes, until_ks, _body(until_ks), tolerance=1e-9)


def _body(like) -> Coasting:
    return Coasting(1e4 + 0 * like, AIRLESS)


def flown(state: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """States [times, 6] by the kernel that flies missiles, of one lane for each time."""
    start = [np.full(len(time_s), number) for number in (*(state[:3] / MEGA), *(state[3:] / KILO))]
    y = _flown(tuple(start), np.asarray(time_s) / KILO).y
    return np.stack(
        [*(np.asarray(row) * MEGA for row in y[:3]), *(np.asarray(row) * KILO for row in y[3:])], axis=1
    )


@cache
def first_target() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State at the start, times of the looks, and states then."""
    velocity, time_s = least_energy(place(FROM_DEG), place(TO_DEG))
    state = np.concatenate([place(FROM_DEG), velocity])
    often_s = np.arange(1.0, 1.25 * time_s, 2.0)
    elevation = _seen(flown(state, often_s)[:, :3])[:, 2]
    above = np.flatnonzero(elevation > LOWEST_RAD)
    looks_s = np.linspace(often_s[above[0]], often_s[above[-1]], LOOKS)
    return state, looks_s, flown(state, looks_s)


def build(seed: int) -> Scenario:
    """Truth and plots: each target seen four times in five, and at the first four looks surely."""
    chance = np.random.default_rng(seed)
    _, looks_s, first = first_target()
    site, axes = _radar()
    sight = first[:, :3] - site
    range_m = np.linalg.norm(sight, axis=1, keepdims=True)
    along = sight / range_m
    # Farther by a constant along the line of sight, and as fast as that line turns.
    turning = (first[:, 3:] - along * np.sum(along * first[:, 3:], axis=1, keepdims=True)) / range_m
    truth = np.stack([first, first + OFFSET_M * np.concatenate([along, turning], axis=1)])
    exact = np.stack([_seen(one[:, :3]) for one in truth])
    rows: list[list[tuple[np.ndarray, int]]] = []
    for look in range(LOOKS):
        plots = [
            (exact[target, look] + SIGMA * chance.normal(size=3), target)
            for target in range(2)
            if chance.random() < SEEN or look < SURE_LOOKS
        ]
        for _ in range(chance.poisson(FALSE_PER_LOOK) if look >= CLEAN_LOOKS else 0):
            centre = exact[0, look] + HALF * chance.uniform(-1, 1, 3)
            plots.append((centre + SIGMA * chance.normal(size=3), -1))
        rows.append([plots[index] for index in chance.permutation(len(plots))])
    most = max(map(len, rows))
    z, valid, source = np.zeros((LOOKS, most, 3)), np.zeros((LOOKS, most), bool), np.full((LOOKS, most), -1)
    for look, plots in enumerate(rows):
        for column, (plot, target) in enumerate(plots):
            z[look, column], valid[look, column], source[look, column] = plot, True, target
    return Scenario(looks_s, truth, site, axes, z, valid, source)


def _radar() -> tuple[np.ndarray, np.ndarray]:
    return place(RADAR_DEG), frames.enu_axes(*np.radians(RADAR_DEG))


def _seen(position_ecef_m: np.ndarray) -> np.ndarray:
    return geometry.range_azimuth_elevation(*_radar(), position_ecef_m)
