import jax
import numpy as np
import pytest

from noroshi.compiled import QUICK
from noroshi.earth import frames, gravity
from noroshi.records.tracks import BALLISTIC, BURNING, GLIDING, LEVEL, MODELS
from noroshi.tracking import motion
from tests.flight.coasts import burnouts, coast, state
from tests.tracking.made import BELIEF, body, eigenvalues

EXHAUST = float(BELIEF.exhaust_mps)
ALL = pytest.mark.parametrize("model", range(len(MODELS)), ids=MODELS)

transitions = jax.jit(motion.transitions, compiler_options=QUICK)
process_noises = jax.jit(motion.process_noises, compiler_options=QUICK)
drag = jax.jit(motion.drag)

# One place in each octant of ECEF; Japan's is x < 0, y > 0, z > 0.
OCTANTS = [(lat, lon) for lat in (38.0, -38.0) for lon in (-135.0, -45.0, 45.0, 135.0)]


def moved(start: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray]:
    """State [10, 4] of each model and slope [10, 10, 4], from one state."""
    four = np.repeat(start[:, None], len(MODELS), axis=1)
    after, slope = transitions(four, np.float64(dt_s), BELIEF)
    return np.asarray(after), np.asarray(slope)


def step(start: np.ndarray, dt_s: float, model: int) -> np.ndarray:
    return moved(start, dt_s)[0][:, model]


def flown(lat_deg: float, lon_deg: float, height_m: float, enu_mps, force=40.0) -> np.ndarray:
    """State of a body under a force askew to its way."""
    start = body(lat_deg, lon_deg, height_m, enu_mps, beta_kgpm2=4000.0)
    start[6:9] = force * start[3:6] / np.linalg.norm(start[3:6]) + np.array([1.0, -2.0, 3.0])
    return start


@pytest.mark.parametrize("lat_deg, lon_deg", OCTANTS)
@pytest.mark.parametrize(
    "height_m, enu_mps",
    [(250e3, (3500.0, 200.0, 2500.0)), (42e3, (3100.0, -900.0, -150.0)), (9e3, (240.0, 60.0, 2.0))],
    ids=["above the air", "re-entry and glide", "cruise"],
)
def test_the_slope_of_the_motion_is_that_of_finite_differences_in_every_octant(
    lat_deg, lon_deg, height_m, enu_mps
):
    # With drag, its fall with height, lift that the air gives, and in two steps of the integrator.
    start, dt_s = flown(lat_deg, lon_deg, height_m, enu_mps), 21.0
    _, slope = moved(start, dt_s)
    sizes = np.append(np.repeat([20.0, 1.0, 0.1], 3), 1e-3)
    columns = []
    for way, size in zip(np.diag(sizes), sizes, strict=True):
        columns.append((moved(start + way, dt_s)[0] - moved(start - way, dt_s)[0]) / (2 * size))
    by_hand = np.stack(columns, axis=1)
    # A ballistic body has no force, whatever it is told.
    assert (slope[:, 6:9, BALLISTIC] == 0).all()
    # In units in which each column is of order one: metres over the step, 1 for the logarithm.
    units = np.append(np.repeat([1.0, 1 / dt_s, 1 / dt_s**2], 3), 1 / 100)
    off = (slope - by_hand) * units[:, None] / units[:, None, None]
    assert np.abs(off).max() < 3e-5


def test_a_coast_through_space_and_air_is_the_propagators():
    # Another code, other units, an adaptive step; the filter's single step of 10 s, at 2 to 10 t/m2.
    position, velocity, beta = burnouts(50, 64)
    for rise_m in (300e3, -20e3):
        place = position * (1 + rise_m / np.linalg.norm(position, axis=1, keepdims=True))
        there, speed = state(coast(place, velocity, beta, 1e-10, 10.0))
        for k in range(8):
            start = np.concatenate([place[k], velocity[k], np.zeros(3), [np.log(beta[k])]])
            after = step(start, 10.0, BALLISTIC)
            assert np.linalg.norm(after[:3] - there[k]) < 0.5
            assert np.linalg.norm(after[3:6] - speed[k]) < 0.1


def test_at_once_the_acceleration_is_gravity_and_drag():
    start = body(height_m=50e3)
    for model, force in ((BALLISTIC, 0.0), (BURNING, 0.0)):
        change = (step(start, 1e-3, model) - start)[3:6] / 1e-3
        whole = np.asarray(gravity.apparent(start[:3], start[3:6])) + np.asarray(drag(start)) + force
        assert change == pytest.approx(whole, abs=1e-3)


@pytest.mark.parametrize("dt_s, off_m", [(20.0, 0.01), (100.0, 0.05)])
def test_one_long_step_costs_little(dt_s, off_m):
    start = body()
    fine = start
    for _ in range(20):
        fine = step(fine, dt_s / 20, BALLISTIC)
    assert np.linalg.norm((step(start, dt_s, BALLISTIC) - fine)[:3]) < off_m


def test_thrust_grows_as_the_rocket_equation_says():
    # Constant thrust on a mass that shrinks: a(t) = a / (1 - a t / c).
    start, t_s = body(38.0, 135.0, height_m=250e3), 5.0
    start[6:9] = 40 * start[3:6] / np.linalg.norm(start[3:6])
    later = step(start, t_s, BURNING)
    assert np.linalg.norm(later[6:9]) == pytest.approx(40 / (1 - 40 * t_s / EXHAUST), rel=1e-6)
    # What it gains over a coast is the exhaust speed times the logarithm of the mass ratio, but for gravity's
    # slope over the few hundred metres between the two.
    gain = later[3:6] - step(start, t_s, BALLISTIC)[3:6]
    assert np.linalg.norm(gain) == pytest.approx(-EXHAUST * np.log(1 - 40 * t_s / EXHAUST), rel=1e-4)


def test_air_slows_against_the_motion_and_more_the_lighter_the_body():
    place = frames.ecef(0.7, 2.2, np.float64(30e3))
    heavy, light = (
        np.asarray(drag(np.concatenate([place, [1000.0, -2000.0, 500.0], np.zeros(3), [np.log(beta)]])))
        for beta in (4000.0, 2000.0)
    )
    assert np.allclose(light, 2 * heavy)
    # 30 km: 0.0184102 kg/m3 (US Standard Atmosphere 1976).
    assert np.linalg.norm(light) == pytest.approx(0.5 * 0.0184102 * 5.25e6 / 2000, rel=1e-4)
    assert light @ [1000.0, -2000.0, 500.0] < 0


def rising(states: np.ndarray) -> float:
    """Height, m."""
    return float(frames.geodetic(states[:3])[2])


def test_an_equilibrium_glide_falls_as_eggers_says():
    # Lift that holds the height against gravity less the path's curve, drag that slows: the path falls at
    # 2 H g / (v^2 L/D) only where drag takes speed; over 60 s it keeps within some km.
    start = body(height_m=40e3, enu_mps=(4000.0, 0.0, 0.0), beta_kgpm2=6000.0)
    start[6:9] = np.asarray(motion.rest(GLIDING, start, BELIEF.glide_ratio_high)[0])
    up = start[:3] / np.linalg.norm(start[:3])
    lift, speed = start[6:9], start[3:6]
    assert abs(lift @ speed) < 1e-6 * np.linalg.norm(lift) * np.linalg.norm(speed)
    assert 0 < lift @ up < 9.9
    glides, falls = (step(start, 60.0, model) for model in (GLIDING, BALLISTIC))
    assert rising(falls) < 32e3 < 38e3 < rising(glides) < 41e3


def test_lift_is_never_more_than_the_air_gives():
    for height_m in (20e3, 40e3, 60e3, 80e3, 120e3):
        start = body(height_m=height_m, enu_mps=(2500.0, 300.0, 0.0))
        force = np.asarray(motion.rest(GLIDING, start, BELIEF.glide_ratio_high)[0])
        most = float(BELIEF.glide_ratio_high) * np.linalg.norm(drag(start))
        assert np.linalg.norm(force) <= most + 1e-6


def test_level_flight_keeps_height_and_speed():
    start = body(height_m=10e3, enu_mps=(200.0, 150.0, 0.0), beta_kgpm2=8000.0)
    start[6:9] = np.asarray(motion.rest(LEVEL, start, BELIEF.glide_ratio_high)[0])
    later = start
    for _ in range(30):
        later = step(later, 10.0, LEVEL)
    assert rising(later) == pytest.approx(10e3, abs=300.0)
    assert np.linalg.norm(later[3:6]) == pytest.approx(250.0, rel=0.02)


def test_a_force_goes_back_to_its_rest():
    for model in (GLIDING, LEVEL):
        start = body(height_m=30e3, enu_mps=(1500.0, 0.0, 0.0))
        still = np.asarray(motion.rest(model, start, BELIEF.glide_ratio_high)[0])
        start[6:9] = still + np.array([3.0, 4.0, 0.0])
        off = [np.linalg.norm(step(start, dt_s, model)[6:9] - still) for dt_s in (1e-6, 5.0, 15.0)]
        assert off[0] == pytest.approx(5.0, rel=1e-3)
        assert off[0] > off[1] > off[2] > 0


@ALL
def test_process_noise_adds_up_over_steps(model):
    # Two steps of 3 s gather what one of 6 s does: noise is white, and only time counts.
    start = body(height_m=35e3)
    time_s = {GLIDING: motion._GLIDE_TIME_S, LEVEL: motion._LEVEL_TIME_S}.get(model)

    def carried(dt_s: float) -> np.ndarray:
        if time_s is None:
            place, speed, force = dt_s**2 / 2, dt_s, 1.0
        else:
            force = np.exp(-dt_s / time_s)
            speed = time_s * (1 - force)
            place = time_s * (dt_s - speed)
        return np.kron(np.array([[1, dt_s, place], [0, 1, speed], [0, 0, force]]), np.eye(3))

    def noise(dt_s: float) -> np.ndarray:
        four = np.repeat(start[:, None], len(MODELS), axis=1)
        return np.asarray(process_noises(four, np.float64(dt_s), BELIEF))[:9, :9, model]

    both, once = carried(3.0) @ noise(3.0) @ carried(3.0).T + noise(3.0), noise(6.0)
    seen = slice(0, 6 if model == BALLISTIC else 9)
    if model == BALLISTIC:
        both = carried(3.0)[:6, :6] @ noise(3.0)[:6, :6] @ carried(3.0)[:6, :6].T + noise(3.0)[:6, :6]
    assert np.allclose(both[seen, seen], once[seen, seen], rtol=1e-8, atol=1e-18)
    assert eigenvalues(once).min() > 0


@ALL
@pytest.mark.parametrize("dt_s", [1e-9, 1e-4, 0.1, 30.0, 600.0])
def test_process_noise_is_a_covariance_for_any_time(model, dt_s):
    four = np.repeat(body(height_m=35e3)[:, None], len(MODELS), axis=1)
    noise = np.asarray(process_noises(four, np.float64(dt_s), BELIEF))[:, :, model]
    assert np.allclose(noise, noise.T)
    assert eigenvalues(noise).min() > -1e-12


@ALL
@pytest.mark.parametrize("height_m", [-50e3, -500.0, 0.0, 5e3, 86e3, 1e6, 4e7])
@pytest.mark.parametrize("dt_s", [-5.0, 0.0, 2.0, 300.0])
def test_nothing_is_ever_not_a_number(model, height_m, dt_s):
    # Below ground, in orbit, at rest and at orbital speed, for a stone and a feather.
    for enu_mps in ((0.0, 0.0, 0.0), (7500.0, 0.0, -3000.0)):
        for beta in (50.0, 1e5):
            start = body(20.0, 100.0, height_m, enu_mps, beta)
            start[6:9] = [60.0, -80.0, 90.0]
            after, slope = moved(start, dt_s)
            four = np.repeat(start[:, None], len(MODELS), axis=1)
            noise = np.asarray(process_noises(four, np.float64(dt_s), BELIEF))
            for values in (after[:, model], slope[:, :, model], noise[:, :, model]):
                assert np.isfinite(values).all()
            assert np.linalg.norm(after[3:6, model]) < 2e5


def test_a_body_that_coasts_gathers_far_less_noise_than_one_that_burns():
    four = np.repeat(body()[:, None], len(MODELS), axis=1)
    noise = np.asarray(process_noises(four, np.float64(2.0), BELIEF))
    quiet, loud = (np.diag(noise[:, :, model])[:6] for model in (BALLISTIC, BURNING))
    assert (quiet < 0.01 * loud).all()


def test_above_the_air_a_glider_has_no_lift_to_wander_with():
    four = np.repeat(body(height_m=200e3)[:, None], len(MODELS), axis=1)
    noise = np.asarray(process_noises(four, np.float64(2.0), BELIEF))
    assert np.sqrt(noise[6, 6, GLIDING]) < 0.1 < np.sqrt(noise[6, 6, LEVEL])
