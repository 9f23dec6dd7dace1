"""Stations, a flying body and plots of it, and whole histories of the filter, each compiled once."""

import jax
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.records.tracks import SLOTS, Belief, Stations, Track
from noroshi.tracking import imm, motion
from noroshi.tracking.imm import Innovation, Sight

BELIEF = Belief(*map(np.float64, (100.0, 240.0, 2700.0, 6000.0, 1.2)))
SIGMA = np.array([50.0, 6e-4, 6e-4])  # a plot's own noise: range m, azimuth and elevation rad
BIAS = np.array([100.0, 5e-4, 5e-4])  # one sigma of a station's believed constant error

# Around the Sea of Japan, deg.
PLACES = [(41.4, 141.2), (38.2, 138.4), (31.8, 129.8), (36.6, 127.9)]


def stations(bias: np.ndarray = BIAS, places=PLACES) -> Stations:
    """Stations on the ground; slots beyond the named ones repeat the last."""
    rows = [*places, *[places[-1]] * (SLOTS - len(places))]
    lat, lon = np.radians(np.array(rows, float)).T
    return Stations(
        frames.ecef(lat, lon, np.full(SLOTS, 100.0)), frames.enu_axes(lat, lon), np.tile(bias, (SLOTS, 1))
    )


def body(lat_deg=40.0, lon_deg=133.0, height_m=400e3, enu_mps=(3500.0, 200.0, 2500.0)) -> np.ndarray:
    """State [9] of a body without thrust: over the Sea of Japan, climbing eastwards, above all air."""
    lat, lon = np.radians([lat_deg, lon_deg])
    velocity = np.array(enu_mps) @ frames.enu_axes(lat, lon)
    return np.concatenate([frames.ecef(lat, lon, np.float64(height_m)), velocity, np.zeros(3)])


def covariance(place_m=1000.0, speed_mps=20.0, thrust_mps2=1e-3) -> np.ndarray:
    """The same in all directions, [9, 9]."""
    return np.diag(np.repeat([place_m, speed_mps, thrust_mps2], 3) ** 2)


def coasting(mean: np.ndarray, cov: np.ndarray, time_s: float = 0.0) -> Track:
    """A track that is all but certain to coast, and knows nothing of any bias."""
    weight = np.array([1e-9, 1 - 1e-9])
    cross = np.zeros((2, 9, 3 * SLOTS))
    return Track(np.float64(time_s), np.stack([mean, mean]), np.stack([cov, cov]), cross, weight)


def measured(state: np.ndarray, known: Stations, slot: int) -> np.ndarray:
    """What a perfect plot of that station would read, [3]."""
    return geometry.range_azimuth_elevation(known.site_ecef_m[slot], known.axes[slot], state[..., :3])


def eigenvalues(cov: np.ndarray) -> np.ndarray:
    """Eigenvalues of covariances [..., n, n] scaled to correlations, or metres would hide what is in m/s2."""
    size = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    return np.linalg.eigvalsh(cov / size[..., :, None] / size[..., None, :])


# --- compiled once: LANES tracks at a time ------------------------------------------------------------------

LANES = 128

_init = jax.jit(jax.vmap(imm.init))
_predict = jax.jit(jax.vmap(imm.predict, in_axes=(0, 0, None)))
_drift = jax.jit(jax.vmap(imm.drift, in_axes=(0, 0, None)))
_update = jax.jit(jax.vmap(imm.update))
_move = jax.jit(jax.vmap(motion.move, in_axes=(0, 0, 0, None, None)))


def lanes(tree):
    """The same record LANES times."""
    return jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], LANES, axis=0), tree)


def plots(time_s: float, z: np.ndarray, slot: int) -> Sight:
    """Plots z [LANES, 3] of one moment from that slot's stations."""
    each = np.ones(LANES)
    return Sight(time_s * each, z, each[:, None] * SIGMA, slot * each.astype(int))


def begin(time_s: float, z: np.ndarray, slot: int, known: Stations) -> Track:
    """New tracks from plots."""
    return _init(plots(time_s, z, slot), known)


def predict(track: Track, time_s: float) -> Track:
    """The tracks at a later time."""
    return _predict(track, np.full(LANES, float(time_s)), BELIEF)


def drift(track: Track, time_s: float) -> Track:
    """The tracks at a later time, each model by itself."""
    return _drift(track, np.full(LANES, float(time_s)), BELIEF)


def update(track: Track, z: np.ndarray, slot: int, known: Stations) -> Track:
    """The tracks with the plots taken in."""
    return _update(track, plots(0.0, z, slot), known)[0]


def innovation(track: Track, z: np.ndarray, slot: int, known: Stations) -> Innovation:
    """What the plots told the tracks."""
    return _update(track, plots(0.0, z, slot), known)[1]


def move(state: np.ndarray, dt_s: float, burning: np.ndarray | float = 0.0) -> np.ndarray:
    """States [LANES, 9] a little later, by the filter's own motion."""
    each = np.ones(LANES)
    moved = _move(state, dt_s * each, burning * each, BELIEF.exhaust_mps, BELIEF.ballistic_coefficient_kgpm2)
    return np.array(moved)


def wander(chance: np.random.Generator, dt_s: float) -> np.ndarray:
    """Draws [LANES, 9] of the coasting model's own process noise."""
    small = np.asarray(motion.process_noise(np.float64(dt_s), np.float64(0.0)))[:6, :6]
    draws = np.zeros((LANES, 9))
    draws[:, :6] = chance.standard_normal((LANES, 6)) @ np.linalg.cholesky(small).T
    return draws


def look(chance: np.random.Generator, state: np.ndarray, known: Stations, slot: int, bias) -> np.ndarray:
    """Noisy plots [LANES, 3] of states [LANES, 9]; `known` and `bias` [LANES, SLOTS, 3] have a lane axis."""
    way = state[:, :3] - known.site_ecef_m[:, slot]
    east, north, up = np.einsum("lij,lj->il", known.axes[:, slot], way)
    range_m = np.linalg.norm(way, axis=1)
    exact = np.stack([range_m, np.arctan2(east, north), np.arcsin(up / range_m)], axis=-1)
    return exact + bias[:, slot] + SIGMA * chance.standard_normal((LANES, 3))
