"""Bodies in flight and what stations plot of them, as the tracker takes it."""

from functools import partial

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.records.detections import Plot
from noroshi.records.tracks import BALLISTIC, Belief
from noroshi.tracking import motion
from noroshi.tracking.followed import Eye

BELIEF = Belief(*map(np.float64, (100.0, 240.0, 2700.0, 6000.0, 1.2, 1.0, 4.0)))
SIGMA = (50.0, 6e-4, 6e-4)
BIAS = np.array([50.0, 3e-4, 3e-4])
PLACES = {"JPN-North": (41.4, 141.2), "JPN-Middle": (38.2, 138.4), "KOR-East": (36.6, 127.9)}


def eye(lat_deg: float, lon_deg: float) -> Eye:
    """A station on the ground."""
    lat, lon = np.radians([lat_deg, lon_deg])
    return Eye(frames.ecef(lat, lon, np.float64(100.0)), frames.enu_axes(lat, lon), BIAS)


EYES = {name: eye(*place) for name, place in PLACES.items()}
_move = jax.jit(jax.vmap(partial(motion.move, BALLISTIC), in_axes=(0, None, None)))


def move(states: np.ndarray, dt_s: float) -> np.ndarray:
    """States [N, 10] of falling bodies a little later."""
    return np.asarray(_move(states, np.float64(dt_s), BELIEF))


def bodies(
    count: int, chance: np.random.Generator, apart_m: float = 20e3, apart_mps: float = 30.0
) -> np.ndarray:
    """States [N, 10] of bodies over the Sea of Japan, climbing eastwards beside each other."""
    lat, lon = np.radians([40.0, 133.0])
    velocity = np.array([3500.0, 200.0, 2500.0]) @ frames.enu_axes(lat, lon)
    one = np.concatenate([frames.ecef(lat, lon, np.float64(4e5)), velocity, np.zeros(3), [np.log(6000.0)]])
    states = np.tile(one, (count, 1))
    states[:, :3] += apart_m * chance.standard_normal((count, 3))
    states[:, 3:6] += apart_mps * chance.standard_normal((count, 3))
    return states


def plots(
    states: np.ndarray,
    time_s: float,
    chance: np.random.Generator,
    sensors=tuple(PLACES),
    detection: float = 0.95,
    clutter: int = 0,
) -> list[Plot]:
    """What the stations plot of bodies at one time, in no order that tells which is which."""
    found = []
    for name in sensors:
        station = EYES[name]
        z = geometry.range_azimuth_elevation(station.site_ecef_m, station.axes, states[:, :3])
        z = z[chance.random(len(z)) < detection]
        z = z + chance.standard_normal(z.shape) * SIGMA
        middle = z.mean(axis=0) if len(z) else np.array([1e6, 0.0, 0.4])
        false = middle + chance.uniform(-1, 1, (clutter, 3)) * [100e3, 0.15, 0.15]
        both = np.concatenate([z, false])
        found += [Plot(name, time_s, tuple(row), SIGMA, False) for row in chance.permutation(both).tolist()]
    return found


def history(states: np.ndarray, chance: np.random.Generator, looks: int, every_s: float = 2.0, **how):
    """Moments (time, true states, plots) of bodies that fall on."""
    for look in range(looks):
        if look:
            states = move(states, every_s)
        yield look * every_s, states, plots(states, look * every_s, chance, **how)
