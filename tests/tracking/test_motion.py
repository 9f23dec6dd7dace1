import jax
import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.tracking import motion
from tests.flight.coasts import burnouts, coast, state
from tests.tracking.made import body, eigenvalues

EXHAUST, BETA = 2700.0, 6000.0

transition = jax.jit(motion.transition)
process_noise = jax.jit(motion.process_noise)

# One place in each octant of ECEF; Japan's is x < 0, y > 0, z > 0.
OCTANTS = [(lat, lon) for lat in (38.0, -38.0) for lon in (-135.0, -45.0, 45.0, 135.0)]


def burning(lat_deg: float, lon_deg: float) -> np.ndarray:
    """State of a body under 40 m/s2."""
    start = body(lat_deg, lon_deg, height_m=250e3)
    start[6:] = 40 * start[3:6] / np.linalg.norm(start[3:6])
    return start


def step(start: np.ndarray, dt_s: float, burns: float) -> np.ndarray:
    return np.asarray(transition(start, np.float64(dt_s), np.float64(burns), EXHAUST, BETA)[0])


@pytest.mark.parametrize("lat_deg, lon_deg", OCTANTS)
@pytest.mark.parametrize("burns", [0.0, 1.0], ids=["coasting", "burning"])
def test_the_slope_of_the_motion_is_that_of_finite_differences_in_every_octant(lat_deg, lon_deg, burns):
    start, dt_s = burning(lat_deg, lon_deg), 8.0
    _, slope = transition(start, np.float64(dt_s), np.float64(burns), EXHAUST, BETA)
    sizes = np.repeat([1000.0, 10.0, 0.1], 3)
    by_hand = np.stack(
        [
            (step(start + way, dt_s, burns) - step(start - way, dt_s, burns)) / (2 * size)
            for way, size in zip(np.diag(sizes), sizes, strict=True)
        ],
        axis=1,
    )
    # In units in which each column is of order one: a metre, a metre per second, a metre per second squared.
    units = np.repeat([1.0, 1 / dt_s, 1 / dt_s**2], 3)
    assert np.allclose(slope * units / units[:, None], by_hand * units / units[:, None], rtol=0, atol=1e-6)


def test_a_coast_is_the_propagators():
    # Another code, other units, an adaptive step; the filter's single step of 20 s.
    position, velocity, beta = burnouts(50, 64)
    position *= 1 + 300e3 / np.linalg.norm(position, axis=1, keepdims=True)
    there, speed = state(coast(position, velocity, beta, 1e-10, 20.0))
    for k in range(8):
        moved = step(np.concatenate([position[k], velocity[k], np.zeros(3)]), 20.0, 0.0)
        assert np.linalg.norm(moved[:3] - there[k]) < 0.05
        assert np.linalg.norm(moved[3:6] - speed[k]) < 0.01


@pytest.mark.parametrize("dt_s, off_m", [(20.0, 0.01), (100.0, 5.0)])
def test_one_long_step_costs_little(dt_s, off_m):
    start = body()
    fine = start
    for _ in range(20):
        fine = step(fine, dt_s / 20, 0.0)
    assert np.linalg.norm(step(start, dt_s, 0.0)[:3] - fine[:3]) < off_m


def test_thrust_grows_as_the_rocket_equation_says():
    # Constant thrust on a mass that shrinks: a(t) = a / (1 - a t / c).
    start, t_s = burning(38.0, 135.0), 5.0
    later = step(start, t_s, 1.0)
    assert np.linalg.norm(later[6:]) == pytest.approx(40 / (1 - 40 * t_s / EXHAUST), rel=1e-6)
    # What it gains over a coast is the exhaust speed times the logarithm of the mass ratio, but for gravity's
    # slope over the few hundred metres between the two.
    gain = later[3:6] - step(start, t_s, 0.0)[3:6]
    assert np.linalg.norm(gain) == pytest.approx(-EXHAUST * np.log(1 - 40 * t_s / EXHAUST), rel=1e-4)


def test_air_slows_against_the_motion_and_more_the_lighter_the_body():
    low = np.concatenate([frames.ecef(0.7, 2.2, np.float64(30e3)), [1000.0, -2000.0, 500.0], np.zeros(3)])
    heavy, light = (np.asarray(motion.drag(low, np.float64(beta))) for beta in (4000.0, 2000.0))
    assert np.allclose(light, 2 * heavy)
    # 30 km: 0.0184102 kg/m3 (US Standard Atmosphere 1976).
    assert np.linalg.norm(light) == pytest.approx(0.5 * 0.0184102 * 5.25e6 / 2000, rel=1e-4)
    assert light @ low[3:6] < 0


@pytest.mark.parametrize("burns", [0.0, 1.0], ids=["coasting", "burning"])
def test_process_noise_adds_up_over_steps(burns):
    # Two steps of 3 s gather what one of 6 s does: noise is white, and only time counts.
    def carried(dt_s: float) -> np.ndarray:
        return np.kron(np.array([[1, dt_s, dt_s**2 / 2], [0, 1, dt_s], [0, 0, 1]]), np.eye(3))

    def noise(dt_s: float) -> np.ndarray:
        return np.asarray(process_noise(np.float64(dt_s), np.float64(burns)))

    both = carried(3.0) @ noise(3.0) @ carried(3.0).T + noise(3.0)
    assert np.allclose(both, noise(6.0), rtol=1e-12)
    seen = noise(6.0)[:6, :6] if burns == 0 else noise(6.0)
    assert eigenvalues(seen).min() > 0


def test_a_body_that_coasts_gathers_far_less_noise_than_one_that_burns():
    quiet, loud = (np.asarray(process_noise(np.float64(2.0), np.float64(burns))) for burns in (0.0, 1.0))
    assert (np.diag(quiet)[:6] < 0.01 * np.diag(loud)[:6]).all()
    assert (np.diag(quiet)[6:] == 0).all()
