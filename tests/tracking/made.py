"""Stations, a flying body and plots of it, and whole histories of the filter, each compiled once."""

import jax
import jax.numpy as jnp
import numpy as np

from noroshi.earth import frames, geometry
from noroshi.records.tracks import COASTING, SLOTS, Belief, Stations, Track
from noroshi.tracking import imm, motion
from noroshi.tracking.imm import Sight

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
    """Eigenvalues of covariances [..., n, n] scaled to correlations: metres beside m/s2 hide the small ones."""
    size = np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
    return np.linalg.eigvalsh(cov / size[..., :, None] / size[..., None, :])


# --- compiled once ----------------------------------------------------------------------------------------

init, predict, update = jax.jit(imm.init), jax.jit(imm.predict), jax.jit(imm.update)


@jax.jit
def nees(key, mean, cov, known: Stations, dt_s, slots):
    """Follow one coasting body drawn from the filter's own model through looks of stations `slots` [T].

    Truth starts as drawn from mean and covariance, moves by the filter's motion and its process noise; the
    stations' constant errors are drawn from what the filter believes. Returns, after each look, the squared
    error in sigmas (6 degrees of freedom), and the coasting mean and covariance.
    """
    zero, one = jnp.zeros(()), jnp.ones(())
    first, errors, looks = jax.random.split(key, 3)
    moving = motion.process_noise(dt_s, zero)[:6, :6]
    # Metres beside metres per second: tiny, but the root of the true matrix.
    root = jnp.linalg.cholesky(moving)
    state = mean.at[:6].add(jnp.linalg.cholesky(cov[:6, :6]) @ jax.random.normal(first, (6,)))
    bias = known.bias_sigma * jax.random.normal(errors, known.bias_sigma.shape)
    cross = jnp.zeros((2, 9, 3 * SLOTS))
    track = Track(zero, jnp.stack([mean, mean]), jnp.stack([cov, cov]), cross, jnp.array([1e-9, 1 - 1e-9]))

    def look(carry, now):
        state, track = carry
        key, slot = now
        wander, noise = jax.random.split(key)
        state = motion.move(state, dt_s, zero, BELIEF.exhaust_mps, BELIEF.ballistic_coefficient_kgpm2 * one)
        state = state.at[:6].add(root @ jax.random.normal(wander, (6,)))
        exact = geometry.range_azimuth_elevation(known.site_ecef_m[slot], known.axes[slot], state[:3])
        z = exact + bias[slot] + SIGMA * jax.random.normal(noise, (3,))
        time_s = track.time_s + dt_s
        track = imm.predict(track, time_s, BELIEF)
        track, _ = imm.update(track, Sight(time_s, z, jnp.asarray(SIGMA), slot), known)
        off = (state - track.mean[COASTING])[:6]
        cov = track.cov[COASTING]
        return (state, track), (off @ jnp.linalg.solve(cov[:6, :6], off), track.mean[COASTING], cov)

    return jax.lax.scan(look, (state, track), (jax.random.split(looks, len(slots)), slots))[1]


@jax.jit
def history(z, known: Stations, dt_s, slots) -> Track:
    """The track after each of the plots z [T, 3], begun from the first, [T-1] rows."""
    sigma = jnp.asarray(SIGMA)
    track = imm.init(Sight(jnp.zeros(()), z[0], sigma, slots[0]), known)

    def look(track, now):
        z, slot = now
        track = imm.predict(track, track.time_s + dt_s, BELIEF)
        track, _ = imm.update(track, Sight(track.time_s, z, sigma, slot), known)
        return track, track

    return jax.lax.scan(look, track, (z[1:], slots[1:]))[1]
