"""Stations, flying bodies and plots of them, and whole histories of the filter, each compiled once."""

from dataclasses import dataclass

import jax
import numpy as np

from noroshi.compiled import QUICK
from noroshi.earth import frames, geometry
from noroshi.records.tracks import BALLISTIC, MODELS, SEATS, STATE, Belief, Estimate, Sight, Track
from noroshi.tracking import imm, motion
from noroshi.tracking.imm import Innovation

BELIEF = Belief(*map(np.float64, (100.0, 240.0, 2700.0, 6000.0, 1.2, 2.0, 4.0)))
SIGMA = np.array([50.0, 6e-4, 6e-4, np.inf])  # a plot's own noise: range m, azimuth, elevation rad, no rate
BIAS = np.array([100.0, 5e-4, 5e-4])  # one sigma of a station's believed constant error

# Around the Sea of Japan, deg.
PLACES = [(41.4, 141.2), (38.2, 138.4), (31.8, 129.8), (36.6, 127.9)]


@dataclass(frozen=True)
class Stations:
    """Where stations stand [S], their axes and the sigma of their biases; number s + 1 is the s-th."""

    site_ecef_m: np.ndarray
    axes: np.ndarray
    bias_sigma: np.ndarray


def stations(bias: np.ndarray = BIAS, places=PLACES) -> Stations:
    """Stations on the ground."""
    lat, lon = np.radians(np.array(places, float)).T
    count = len(places)
    return Stations(
        frames.ecef(lat, lon, np.full(count, 100.0)), frames.enu_axes(lat, lon), np.tile(bias, (count, 1))
    )


def body(
    lat_deg=40.0, lon_deg=133.0, height_m=400e3, enu_mps=(3500.0, 200.0, 2500.0), beta_kgpm2=6000.0
) -> np.ndarray:
    """State [10] of a body without force: over the Sea of Japan, climbing eastwards, above all air."""
    lat, lon = np.radians([lat_deg, lon_deg])
    velocity = np.array(enu_mps) @ frames.enu_axes(lat, lon)
    place = frames.ecef(lat, lon, np.float64(height_m))
    return np.concatenate([place, velocity, np.zeros(3), [np.log(beta_kgpm2)]])


def covariance(place_m=1000.0, speed_mps=20.0, force_mps2=1e-3, log_beta=0.1) -> np.ndarray:
    """The same in all directions, [10, 10]."""
    return np.diag(np.append(np.repeat([place_m, speed_mps, force_mps2], 3), log_beta) ** 2)


def tracked(mean: np.ndarray, cov: np.ndarray, model: int, time_s: float = 0.0) -> Track:
    """A track that is all but certain of one model, and knows nothing of any bias."""
    weight = np.full(len(MODELS), 1e-9)
    weight[model] = 1 - 1e-9 * (len(MODELS) - 1)
    return Track(
        np.float64(time_s),
        np.stack([mean] * len(MODELS)),
        np.stack([cov] * len(MODELS)),
        np.zeros((len(MODELS), STATE, 3 * SEATS)),
        weight,
        np.zeros(SEATS, int),
        np.full(SEATS, -np.inf),
    )


def coasting(mean: np.ndarray, cov: np.ndarray, time_s: float = 0.0) -> Track:
    """A track that is all but certain to be ballistic, and knows nothing of any bias."""
    return tracked(mean, cov, BALLISTIC, time_s)


def estimate(
    mean: np.ndarray | None = None, cov: np.ndarray | None = None, model: int = BALLISTIC, time_s: float = 0.0
) -> Estimate:
    """One Gaussian, by default of `body` and `covariance`, all but certain of one model."""
    weight = np.full(len(MODELS), 1e-9)
    weight[model] = 1 - 1e-9 * (len(MODELS) - 1)
    return Estimate(
        np.float64(time_s), body() if mean is None else mean, covariance() if cov is None else cov, weight
    )


def measured(state: np.ndarray, known: Stations, station: int) -> np.ndarray:
    """What a perfect plot of that station would read: range, azimuth, elevation [..., 3]."""
    site, axes = known.site_ecef_m[station], known.axes[station]
    return geometry.range_azimuth_elevation(site, axes, state[..., :3])


def rate(state: np.ndarray, known: Stations, station: int) -> np.ndarray:
    """Range rate, m/s, that it would read."""
    way = state[..., :3] - known.site_ecef_m[station]
    return np.sum(way * state[..., 3:6], axis=-1) / np.linalg.norm(way, axis=-1)


def sight(time_s: float, z: np.ndarray, known: Stations, station: int, sigma: np.ndarray = SIGMA) -> Sight:
    """One plot z [3] or [4] of a station, as a filter takes it."""
    return Sight(
        np.float64(time_s),
        np.append(z, np.zeros(4 - len(z))),
        sigma,
        known.site_ecef_m[station],
        known.axes[station],
        known.bias_sigma[station],
        np.int64(station + 1),
    )


def eigenvalues(cov: np.ndarray) -> np.ndarray:
    """Eigenvalues of covariances [..., n, n] scaled to correlations, or metres would hide what is in m/s2."""
    size = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    return np.linalg.eigvalsh(cov / size[..., :, None] / size[..., None, :])


# --- compiled once: LANES tracks at a time ------------------------------------------------------------------

LANES = 128

_init = jax.jit(jax.vmap(imm.init, in_axes=(0, None)), compiler_options=QUICK)
_predict = jax.jit(jax.vmap(imm.predict, in_axes=(0, 0, None)), compiler_options=QUICK)
_drift = jax.jit(jax.vmap(imm.drift, in_axes=(0, 0, None)), compiler_options=QUICK)
_update = jax.jit(jax.vmap(imm.update), compiler_options=QUICK)
_move = jax.jit(jax.vmap(motion.transitions, in_axes=(0, 0, None)), compiler_options=QUICK)
_noise = jax.jit(jax.vmap(motion.process_noises, in_axes=(0, 0, None)), compiler_options=QUICK)


def lanes(tree):
    """The same record LANES times."""
    return jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], LANES, axis=0), tree)


def plots(time_s: float, z: np.ndarray, station: int, known: Stations, sigma: np.ndarray = SIGMA) -> Sight:
    """Plots z [LANES, 3] or [LANES, 4] of one moment from one station."""
    each = np.ones(LANES)

    def same(value: np.ndarray) -> np.ndarray:
        return np.repeat(np.asarray(value)[None], LANES, axis=0)

    site, axes, bias = (value[station] for value in (known.site_ecef_m, known.axes, known.bias_sigma))
    whole = np.concatenate([z, np.zeros((LANES, 4 - z.shape[1]))], axis=1)
    number = np.full(LANES, station + 1)
    return Sight(time_s * each, whole, same(sigma), same(site), same(axes), same(bias), number)


def begin(sights: Sight) -> Track:
    """New tracks from plots."""
    return _init(sights, BELIEF)


def predict(track: Track, time_s: float, belief: Belief = BELIEF) -> Track:
    """The tracks at a later time."""
    return _predict(track, np.full(LANES, float(time_s)), belief)


def drift(track: Track, time_s: float, belief: Belief = BELIEF) -> Track:
    """The tracks at a later time, each model by itself."""
    return _drift(track, np.full(LANES, float(time_s)), belief)


def update(track: Track, sights: Sight) -> Track:
    """The tracks with the plots taken in."""
    return _update(track, sights)[0]


def innovation(track: Track, sights: Sight) -> Innovation:
    """What the plots told the tracks."""
    return _update(track, sights)[1]


def move(
    state: np.ndarray, dt_s: float | np.ndarray, model: int = BALLISTIC, belief: Belief = BELIEF
) -> np.ndarray:
    """States [LANES, 10] a little later, by one of the filter's own motions."""
    four = np.repeat(state[:, :, None], len(MODELS), axis=2)
    return np.array(_move(four, dt_s * np.ones(LANES), belief)[0][..., model])


def wander(
    chance: np.random.Generator,
    state: np.ndarray,
    dt_s: float,
    model: int = BALLISTIC,
    belief: Belief = BELIEF,
) -> np.ndarray:
    """Draws [LANES, 10] of a model's own process noise over `dt_s` from where the states stand."""
    four = np.repeat(state[:, :, None], len(MODELS), axis=2)
    noise = np.asarray(_noise(four, dt_s * np.ones(LANES), belief)[..., model])
    size = np.sqrt(np.diagonal(noise, axis1=1, axis2=2))
    root = np.linalg.cholesky(noise / size[:, :, None] / size[:, None, :] + 1e-14 * np.eye(STATE))
    return size * np.einsum("lij,lj->li", root, chance.standard_normal((LANES, STATE)))


def look(
    chance: np.random.Generator,
    state: np.ndarray,
    known: Stations,
    station: int,
    bias: np.ndarray | None = None,
    sigma: np.ndarray = SIGMA,
) -> np.ndarray:
    """Noisy plots [LANES, 4] of states [LANES, 10]; `bias` [LANES, S, 3] is each lane's own."""
    exact = np.concatenate([measured(state, known, station), rate(state, known, station)[:, None]], axis=1)
    noise = np.where(np.isfinite(sigma), sigma, 0.0) * chance.standard_normal((LANES, 4))
    if bias is not None:
        noise[:, :3] += bias[:, station]
    return exact + noise
