"""Ten thousand extended Kalman filters side by side, and Stone Soup's on the same problem.

Seven states: position, velocity and the logarithm of the ballistic coefficient, under gravity and drag. In a
process of its own kept to one core, in seconds of that core's time: `python -m benchmarks.bench_ekf` prints
the figures as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks.harness import Result, at_least, cores

FILTERS, LOOKS = 10_000, 5
# Filters of which Stone Soup runs as many looks.
LOOPED = 20
# Filters that pass through the cache together.
CHUNK = 100
STEP_S = 1.0


def run() -> list[Result]:
    """Updates a second on one core, and how many times Stone Soup's."""
    pin = f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {set(cores()[:1])})"
    command = f"import os, runpy; {pin}; runpy.run_module('{__name__}', run_name='__main__')"
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        env = {**os.environ, "NOROSHI_CACHE_DIR": folder}
        done = subprocess.run([sys.executable, "-c", command], env=env, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"ended with {done.returncode}:\n{done.stderr[-2000:]}")
    told = json.loads(done.stdout)
    stonesoup = (
        f"Stone Soup {told['version']}: {told['theirs_per_s']:.0f}/s; the same posterior within "
        f"{told['apart_sigma']:.1g} sigma"
    )
    return [
        at_least(
            "ekf_rate",
            told["ours_per_s"],
            "1/s",
            400_000,
            f"{FILTERS} filters of 7 states, predict and update with range, azimuth, elevation, one core",
        ),
        at_least("ekf_to_stonesoup", told["ours_per_s"] / told["theirs_per_s"], "x", 200, stonesoup),
        Result("ekf_first", told["first_s"], "s", note="first call of a process, empty compile cache"),
    ]


def figures() -> dict[str, float | str]:
    """Both in turns on the same measurements."""
    from importlib.metadata import version

    import numpy as np

    # All coordinates and speeds positive: elsewhere Stone Soup's numerical Jacobian is none.
    chance = np.random.default_rng(1)
    site_m = _place(36.0, 42.0, 0.0)
    truth = np.concatenate([_place(38.0, 40.0, 120e3), [1500.0, 1200.0, 2000.0, np.log(5000.0)]])
    cov = np.diag([2e3**2] * 3 + [100.0**2] * 3 + [0.3**2])
    guesses = truth + chance.normal(size=(FILTERS, 7)) * np.sqrt(np.diag(cov))
    sigma = np.array([30.0, 1e-3, 1e-3])
    ours, looked, moved = _ours(site_m, sigma)
    z, x = [], truth
    for _ in range(LOOKS):
        x = np.asarray(moved(x))
        z.append(np.asarray(looked(x)) + chance.normal(size=(FILTERS, 3)) * sigma)
    z = np.stack(z, axis=1)
    first_s = _seconds(lambda: ours(guesses, cov, z))
    theirs = _theirs(site_m, sigma)
    ours_s, theirs_s = [], []
    for _ in range(5):
        ours_s += [_seconds(lambda: ours(guesses, cov, z)) for _ in range(3)]
        theirs_s.append(_seconds(lambda: theirs(guesses[:LOOPED], cov, z[:LOOPED])))
    mean, covs = (np.asarray(leaf)[:LOOPED] for leaf in ours(guesses, cov, z))
    apart = abs(mean - theirs(guesses[:LOOPED], cov, z[:LOOPED]))
    return {
        "version": version("stonesoup"),
        "first_s": first_s,
        "ours_per_s": FILTERS * LOOKS / min(ours_s),
        "theirs_per_s": LOOPED * LOOKS / min(theirs_s),
        "apart_sigma": float((apart / np.sqrt(np.diagonal(covs, axis1=1, axis2=2))).max()),
    }


def _seconds(function: Callable[[], object]) -> float:
    """Time of the core, which what else runs on the machine does not lengthen as it does the clock's."""
    start_s = time.process_time()
    function()
    return time.process_time() - start_s


def _place(lat_deg: float, lon_deg: float, height_m: float):
    import numpy as np

    from noroshi.earth import frames

    return frames.ecef(np.radians(lat_deg), np.radians(lon_deg), height_m)


def _noise():
    import numpy as np

    return np.diag([1.0] * 3 + [0.1] * 3 + [1e-4])


def _ours(site_m, sigma):
    """All filters over all looks, and what a sensor would see, and the motion."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import lax

    from noroshi.earth import atmosphere, frames, geometry, gravity
    from noroshi.tracking import kalman
    from noroshi.tracking.kalman import Gaussian

    # East is y and north is x: azimuth and elevation as Stone Soup's bearing and elevation.
    axes = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    @jax.custom_jvp
    def log_density(height_m):
        return atmosphere.log_density(height_m)

    @log_density.defjvp
    def _(primals, tangents):
        # The polynomial's own slope once, not once for each of seven directions.
        value, slope = jax.jvp(atmosphere.log_density, primals, (jnp.ones_like(primals[0]),))
        return value, slope * tangents[0]

    def slope(x):
        position, velocity = x[:3], x[3:6]
        drag = 0.5 * jnp.exp(log_density(frames.height(position)) - x[6]) * jnp.sqrt(velocity @ velocity)
        pull = gravity.apparent(position, velocity) - drag * velocity
        return jnp.concatenate([velocity, pull, jnp.zeros(1)])

    def move(x):
        k1 = slope(x)
        k2 = slope(x + STEP_S / 2 * k1)
        k3 = slope(x + STEP_S / 2 * k2)
        k4 = slope(x + STEP_S * k3)
        return x + STEP_S / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def seen(x):
        return geometry.range_azimuth_elevation(jnp.asarray(site_m), jnp.asarray(axes), x[:3])

    R, Q, turning = np.diag(sigma**2), _noise(), kalman.wrapped(np.array([False, True, False]))

    def step(state: Gaussian, z):
        return kalman.update(kalman.predict(state, move, Q), z, seen, R, turning)[0]

    @jax.jit
    def look(means, covs, z):
        def chunk(batch):
            return jax.vmap(step)(Gaussian(batch[0], batch[1]), batch[2])

        cut = jax.tree.map(lambda leaf: leaf.reshape(-1, CHUNK, *leaf.shape[1:]), (means, covs, z))
        done = lax.map(chunk, cut)
        return done.mean.reshape(means.shape), done.cov.reshape(covs.shape)

    def track(means, cov, z):
        covs = jnp.broadcast_to(cov, (len(means), 7, 7))
        for number in range(z.shape[1]):
            means, covs = look(means, covs, z[:, number])
        return jax.block_until_ready((means, covs))

    return track, jax.jit(seen), jax.jit(move)


def _theirs(site_m, sigma):
    """Stone Soup's extended filter with the same motion in NumPy, columns side by side."""
    from datetime import datetime, timedelta

    import numpy as np
    from stonesoup.base import Property
    from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRange
    from stonesoup.models.transition.nonlinear import GaussianTransitionModel
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor
    from stonesoup.types.array import CovarianceMatrix, StateVector, StateVectors
    from stonesoup.types.detection import Detection
    from stonesoup.types.hypothesis import SingleHypothesis
    from stonesoup.types.state import GaussianState
    from stonesoup.updater.kalman import ExtendedKalmanUpdater

    from noroshi.earth import atmosphere, constants

    floors_m, pieces = atmosphere._FLOORS_M[1:], atmosphere._COEFFICIENTS[::-1]
    gm, turn, major_m = constants.GM_M3PS2, constants.ROTATION_RADPS, constants.SEMI_MAJOR_M
    minor_m, eccentricity2, j2 = constants.SEMI_MINOR_M, constants.ECCENTRICITY2, constants.J2

    def slope(x):
        place, velocity = x[:3], x[3:6]
        radius2 = (place * place).sum(axis=0)
        radius = np.sqrt(radius2)
        sin2 = place[2] * place[2] / radius2
        height_m = np.clip(radius - minor_m / np.sqrt(1 - eccentricity2 * (1 - sin2)), -500.0, 1e6)
        h, log_density = height_m / 1e5, 0.0
        for row in pieces[:, np.searchsorted(floors_m, height_m, side="right")]:
            log_density = log_density * h + row
        drag = 0.5 * np.exp(log_density - x[6]) * np.sqrt((velocity * velocity).sum(axis=0))
        central, k = -gm / (radius2 * radius), 1.5 * j2 * major_m**2 / radius2
        pull = central * (1 - k * (5 * sin2 - np.array([[1.0], [1.0], [3.0]]))) * place - drag * velocity
        pull[0] += turn * turn * place[0] + 2 * turn * velocity[1]
        pull[1] += turn * turn * place[1] - 2 * turn * velocity[0]
        return np.concatenate([velocity, pull, np.zeros_like(x[6:])])

    class Falling(GaussianTransitionModel):
        ndim_state: int = Property(default=7)

        def function(self, state, noise=False, **kwargs):
            x = np.asarray(state.state_vector, dtype=float)
            k1 = slope(x)
            k2 = slope(x + STEP_S / 2 * k1)
            k3 = slope(x + STEP_S / 2 * k2)
            k4 = slope(x + STEP_S * k3)
            result = x + STEP_S / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return StateVector(result) if x.shape[1] == 1 else StateVectors(result)

        def covar(self, **kwargs):
            return noise

    noise = CovarianceMatrix(_noise())
    model = CartesianToElevationBearingRange(
        7, (0, 1, 2), np.diag(sigma[[2, 1, 0]] ** 2), translation_offset=StateVector(site_m)
    )
    predictor, updater = ExtendedKalmanPredictor(Falling()), ExtendedKalmanUpdater()
    start = datetime(2026, 1, 1)

    def track(means, cov, z):
        ends = []
        for mean, looks in zip(means, z, strict=True):
            state = GaussianState(StateVector(mean), CovarianceMatrix(cov), timestamp=start)
            for number, look in enumerate(looks, 1):
                at = start + timedelta(seconds=STEP_S * number)
                detection = Detection(StateVector(look[[2, 1, 0]]), timestamp=at, measurement_model=model)
                prediction = predictor.predict(state, timestamp=at)
                state = updater.update(SingleHypothesis(prediction, detection))
            ends.append(np.asarray(state.state_vector, dtype=float)[:, 0])
        return np.array(ends)

    return track


if __name__ == "__main__":
    import noroshi  # noqa: F401  (its settings come before the numerical library)

    print(json.dumps(figures()))
