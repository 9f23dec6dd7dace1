import jax
import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M
from noroshi.earth.model import WGS84, sphere
from noroshi.flight.ballistic import BURIED, LONGEST_S, STATUS, Fallen, fall
from noroshi.flight.propagator import ARRIVED, FLYING, LOST
from tests.flight.coasts import burnouts, reference


def same(ours: Fallen, theirs: Fallen) -> bool:
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def of(fallen: Fallen, rows) -> Fallen:
    return jax.tree.map(lambda leaf: leaf[rows], fallen)


@pytest.fixture(scope="module")
def by_dop853():
    """Two dozen flights and where and when SciPy, in the inertial frame, sees them come down."""
    bodies = burnouts(31, 24)
    told = [reference(*body) for body in zip(*bodies, strict=True)]
    return bodies, np.array([time_s for time_s, _ in told]), np.array([there for _, there in told])


@pytest.mark.parametrize("tolerance, most_m, middle_m", [(1e-5, 10.0, 3.0), (1e-6, 5.0, 1.0)])
def test_bodies_come_down_where_and_when_independent_code_says(by_dop853, tolerance, most_m, middle_m):
    bodies, time_s, there_m = by_dop853
    fallen = fall(*bodies, tolerance=tolerance)
    assert (fallen.status == ARRIVED).all()
    miss_m = np.linalg.norm(fallen.position_ecef_m - there_m, axis=-1)
    assert miss_m.max() <= most_m
    assert np.quantile(miss_m, 0.75) <= middle_m
    assert np.allclose(fallen.time_s, time_s, atol=0.2)


def test_impacts_lie_on_the_ellipsoid_and_go_down():
    fallen = fall(*burnouts(32, 500))
    assert np.abs(frames.height(fallen.position_ecef_m)).max() < 0.011
    assert (np.sum(fallen.position_ecef_m * fallen.velocity_ecef_mps, axis=-1) < 0).all()


def test_without_air_on_a_sphere_at_rest_energy_and_momentum_are_kept():
    earth = sphere(air=0.0)
    lat, lon = np.radians(np.array([0.0, 10, -35, 60, 89])), np.radians(np.array([0.0, 120, -75, 30, 5]))
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    east = np.stack([-np.sin(lon), np.cos(lon), 0 * lon], axis=-1)
    position, velocity = (MEAN_RADIUS_M + 1e5) * up, 3e3 * up + 3.5e3 * east
    fallen = fall(position, velocity, np.full(5, 5e3), tolerance=1e-10, earth=earth)

    def energy(position, velocity):
        return np.sum(velocity**2, axis=-1) / 2 - GM_M3PS2 / np.linalg.norm(position, axis=-1)

    assert (fallen.status == ARRIVED).all()
    assert np.allclose(np.linalg.norm(fallen.position_ecef_m, axis=-1), MEAN_RADIUS_M, atol=0.011)
    ends = fallen.position_ecef_m, fallen.velocity_ecef_mps
    assert np.allclose(energy(*ends), energy(position, velocity), rtol=1e-9)
    assert np.allclose(np.cross(*ends), np.cross(position, velocity), rtol=1e-9, atol=1e2)
    # On such an Earth every place is like every other.
    assert np.ptp(fallen.time_s) < 1e-4


def test_thinner_air_carries_further_and_faster():
    position, velocity, beta = burnouts(33, 50)
    thick, thin = (fall(position, velocity, beta, earth=WGS84._replace(air=air)) for air in (1.0, 0.5))
    assert (
        np.linalg.norm(thin.velocity_ecef_mps, axis=-1) > np.linalg.norm(thick.velocity_ecef_mps, axis=-1)
    ).all()
    assert (thin.time_s < thick.time_s).all()


def test_a_body_that_is_no_number_disturbs_nobody():
    position, velocity, beta = burnouts(34, 200)
    sound = fall(position, velocity, beta)
    position[3, 1], velocity[70, 2], beta[131], beta[132] = np.nan, np.inf, np.nan, -1.0
    sick = fall(position, velocity, beta)
    lost = np.isin(np.arange(200), [3, 70, 131, 132])
    assert np.array_equal(sick.status, np.where(lost, LOST, ARRIVED))
    assert (sick.time_s[lost] == 0).all()
    assert same(of(sick, ~lost), of(sound, ~lost))


def test_a_body_that_begins_below_the_ground_is_refused_and_stays_there():
    position, velocity, beta = burnouts(35, 9)
    lat, lon, _ = frames.geodetic(position[4])
    position[4] = frames.ecef(lat, lon, -1.0)
    fallen = fall(position, velocity, beta)
    assert np.array_equal(fallen.status, np.where(np.arange(9) == 4, BURIED, ARRIVED))
    assert STATUS[BURIED] == "began below the ground"
    assert np.allclose(fallen.position_ecef_m[4], position[4], rtol=1e-15)
    assert fallen.time_s[4] == 0


def test_a_body_on_the_ground_may_rise_and_one_that_sinks_has_arrived():
    pad = frames.ecef(*np.radians([[36.0, 36.0], [140.0, 140.0]]), np.zeros(2))
    up = frames.enu_axes(*np.radians([36.0, 140.0]))[2]
    fallen = fall(pad, np.array([500 * up, -500 * up]), np.full(2, 5e3))
    assert (fallen.status == ARRIVED).all()
    assert 60 < fallen.time_s[0] < 102  # 2 v / g, were there no air
    assert fallen.time_s[1] == pytest.approx(0, abs=1e-4)


def test_what_is_in_orbit_flies_still_when_its_time_is_over():
    fallen = fall(np.array([[7.2e6, 0, 0]]), np.array([[0, 7e3, 0]]), np.array([1e4]))
    assert fallen.status[0] == FLYING
    assert fallen.time_s[0] == pytest.approx(LONGEST_S, rel=1e-12)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_few_bodies_or_none_are_a_batch_too(count):
    fallen = fall(*burnouts(36, count))
    assert fallen.position_ecef_m.shape == fallen.velocity_ecef_mps.shape == (count, 3)
    assert fallen.time_s.shape == (count,)
    assert same(fallen, of(fall(*burnouts(36, count)), slice(None)))


def test_neither_threads_nor_order_nor_company_change_a_byte():
    bodies = burnouts(37, 5000)  # two jobs
    fallen = fall(*bodies, threads=1)
    assert same(fallen, fall(*bodies, threads=2))
    order = np.random.default_rng(2).permutation(5000)
    assert same(of(fallen, order), fall(*(column[order] for column in bodies)))
    assert same(of(fallen, slice(8)), fall(*(column[:8] for column in bodies)))
