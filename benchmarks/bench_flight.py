"""Ballistic flights from burnout to impact: how many a second, beside SciPy and diffrax, and how exact.

Each part runs in a process of its own, for XLA counts the cores it may use once, when it starts:
`python -m benchmarks.bench_flight one` (or `two`) prints that part's figures as JSON.
"""

import bisect
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

from benchmarks.harness import Result, at_least, at_most, cores

FLIGHTS = 102_400
LOOPED = 100
CHECKED = 200
TOLERANCE = 1e-5


def run() -> list[Result]:
    """Flights a second on one core and two, against a SciPy loop and diffrax, and the largest error."""
    one, two = _child("one", 1), _child("two", 2)
    wide = "512-bit vectors" if one["wide"] else "no 512-bit vectors"
    scipy_loop = f"DOP853 at 1e-7, {one['scipy_per_s']:.0f}/s, largest error {one['scipy_error_m']:.2g} m"
    diffrax = f"{one['diffrax_per_s']:.0f}/s, largest error {one['diffrax_error_m']:.2g} m"
    checked = f"{CHECKED} flights, median {one['median_error_m']:.2g} m, against DOP853 at 1e-13"
    return [
        at_least(
            "flight_rate",
            one["ours_per_s"],
            "1/s",
            110_000 if one["wide"] else 80_000,
            f"{FLIGHTS} flights, one core, {wide}",
        ),
        at_least("flight_threads", two["ratio"], "x", 1.8, f"two threads to one, {two['per_s']:.0f}/s"),
        at_least("flight_to_scipy", one["ours_per_s"] / one["scipy_per_s"], "x", 300, scipy_loop),
        at_least("flight_to_diffrax", one["ours_per_s"] / one["diffrax_per_s"], "x", 2, diffrax),
        at_most("flight_error", one["error_m"], "m", 10, checked),
        Result("flight_first", one["first_s"], "s", note="first call of a process, empty compile cache"),
    ]


def _child(part: str, count: int) -> dict[str, float]:
    """Figures of one part, from a process kept to `count` cores."""
    pin = f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {set(cores()[:count])})"
    command = f"import os, runpy; {pin}; runpy.run_module('{__name__}', run_name='__main__')"
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        env = {**os.environ, "NOROSHI_CACHE_DIR": folder}
        done = subprocess.run([sys.executable, "-c", command, part], env=env, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"part {part} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def one() -> dict[str, float]:
    """One core: ours, the SciPy loop and diffrax in turns, and how far each is off."""
    import numpy as np

    from noroshi.flight.ballistic import fall
    from tests.flight.coasts import burnouts

    bodies = burnouts(1, FLIGHTS)
    first_s = _seconds(lambda: fall(*bodies, TOLERANCE, threads=1))
    diffrax = _diffrax(bodies)
    diffrax()
    some = [_body(bodies, k) for k in range(LOOPED)]
    ours_s, scipy_s, diffrax_s = [], [], []
    for _ in range(4):
        ours_s += [_seconds(lambda: fall(*bodies, TOLERANCE, threads=1)) for _ in range(2)]
        scipy_s.append(_seconds(lambda: [_scipy(*body, 1e-7) for body in some]))
        diffrax_s.append(_seconds(diffrax))

    exact = np.array([_scipy(*_body(bodies, k), 1e-13) for k in range(CHECKED)])

    def errors_m(impact_m: np.ndarray) -> np.ndarray:
        return np.linalg.norm(impact_m - exact[: len(impact_m)], axis=-1)

    error_m = errors_m(fall(*bodies, TOLERANCE).position_ecef_m[:CHECKED])
    return {
        "wide": float("prefer_vector_width=512" in os.environ.get("XLA_FLAGS", "")),
        "first_s": first_s,
        "ours_per_s": FLIGHTS / min(ours_s),
        "scipy_per_s": LOOPED / min(scipy_s),
        "diffrax_per_s": FLIGHTS / min(diffrax_s),
        "error_m": error_m.max(),
        "median_error_m": float(np.median(error_m)),
        "scipy_error_m": errors_m(np.array([_scipy(*body, 1e-7) for body in some])).max(),
        "diffrax_error_m": errors_m(diffrax()[:CHECKED]).max(),
    }


def two() -> dict[str, float]:
    """Two cores: one thread and two in turns."""
    from noroshi.flight.ballistic import fall
    from tests.flight.coasts import burnouts

    bodies = burnouts(1, FLIGHTS)
    fall(*bodies, TOLERANCE)
    taken_s = {1: [], 2: []}
    for _ in range(6):
        for threads, taken in taken_s.items():
            taken.append(_seconds(partial(fall, *bodies, TOLERANCE, threads=threads)))
    return {"ratio": min(taken_s[1]) / min(taken_s[2]), "per_s": FLIGHTS / min(taken_s[2])}


def _seconds(function: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    function()
    return time.perf_counter() - start_s


def _body(bodies, k: int) -> tuple[list[float], float]:
    """State in the kernel's units (Mm, km/s) and ballistic coefficient as plain numbers."""
    position_m, velocity_mps, beta = bodies
    return [*(position_m[k] / 1e6).tolist(), *(velocity_mps[k] / 1e3).tolist()], float(beta[k])


def _plain():
    """The equations of dynamics.coast and the density of earth.atmosphere in plain Python numbers.

    What a careful user of SciPy would write: on six numbers NumPy is slower than Python's own floats.
    """
    from noroshi.earth import atmosphere
    from noroshi.earth.model import WGS84

    floors_m = atmosphere._FLOORS_M[1:].tolist()
    pieces = atmosphere._COEFFICIENTS[::-1].T.tolist()
    gm, turn = WGS84.gm_m3ps2 / 1e12, WGS84.rotation_radps * 1e3
    eccentricity2 = WGS84.flattening * (2 - WGS84.flattening)
    semi_minor = WGS84.semi_major_m * (1 - WGS84.flattening) / 1e6
    oblate = 1.5 * WGS84.j2 * (WGS84.semi_major_m / 1e6) ** 2

    def ground(_, state, beta=0.0):
        x, y, z = state[:3]
        r2 = x * x + y * y + z * z
        return math.sqrt(r2) - semi_minor / math.sqrt(1 - eccentricity2 * (1 - z * z / r2))

    def fall(_, state, beta):
        x, y, z, vx, vy, vz = state.tolist()
        r2 = x * x + y * y + z * z
        inverse, r = 1 / r2, math.sqrt(r2)
        sin2 = z * z * inverse
        height_m = 1e6 * (r - semi_minor / math.sqrt(1 - eccentricity2 * (1 - sin2)))
        height_m = min(max(height_m, -500.0), 1e6)
        h, log_density = height_m / 1e5, 0.0
        for coefficient in pieces[bisect.bisect_right(floors_m, height_m)]:
            log_density = log_density * h + coefficient
        drag = -0.5e6 * math.exp(log_density) * math.sqrt(vx * vx + vy * vy + vz * vz) / beta
        central, k = -gm * inverse / r, oblate * inverse
        equatorial = central * (1 - k * (5 * sin2 - 1)) + turn * turn
        polar = central * (1 - k * (5 * sin2 - 3))
        ax = equatorial * x + 2 * turn * vy + drag * vx
        ay = equatorial * y - 2 * turn * vx + drag * vy
        return vx, vy, vz, ax, ay, polar * z + drag * vz

    ground.terminal, ground.direction = True, -1
    return fall, ground


def _scipy(state: list[float], beta: float, tolerance: float):
    """Impact, m, by SciPy's DOP853."""
    from scipy.integrate import solve_ivp

    fall, ground = _plain()
    done = solve_ivp(
        fall,
        (0, 10.8),
        state,
        method="DOP853",
        rtol=tolerance,
        atol=tolerance,
        events=ground,
        args=(beta,),
        first_step=0.005,
    )
    return done.y_events[0][0][:3] * 1e6


def _diffrax(bodies):
    """The same equations, density and chunks, the integrator and its event by diffrax: impacts, m."""
    import diffrax
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optimistix

    from noroshi.flight import dynamics
    from noroshi.flight.batch import in_chunks

    def one_flight(y, beta):
        body = dynamics.Coasting(beta)
        done = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, _: jnp.stack(dynamics.coast(t, tuple(y), body))),
            diffrax.Tsit5(),
            t0=0.0,
            t1=10.8,
            dt0=0.005,
            y0=y,
            stepsize_controller=diffrax.PIDController(rtol=0.0, atol=TOLERANCE),
            event=diffrax.Event(
                lambda t, y, args, **_: dynamics.height(tuple(y)),
                root_finder=optimistix.Newton(1e-8, 1e-8, norm=optimistix.rms_norm),
            ),
            saveat=diffrax.SaveAt(t1=True),
            adjoint=diffrax.ForwardMode(),
            max_steps=1000,
            throw=False,
        )
        return done.ys[0, :3]

    lanes = jax.vmap(one_flight, in_axes=(-1, 0), out_axes=-1)
    fly = jax.jit(lambda batch: in_chunks(lambda chunk: lanes(*chunk), batch))
    position_m, velocity_mps, beta = bodies
    state = np.concatenate([position_m.T / 1e6, velocity_mps.T / 1e3])
    return lambda: np.asarray(fly((state, beta))).T * 1e6


if __name__ == "__main__":
    print(json.dumps({"one": one, "two": two}[sys.argv[1]]()))
