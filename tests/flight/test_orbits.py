import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from noroshi.earth import epoch, frames
from noroshi.earth.gravity import apparent
from noroshi.earth.model import WGS84, sphere
from noroshi.errors import InputError
from noroshi.flight import orbits
from tests.house.house import ROOT

ROUND = sphere(6_371e3)
STILL = WGS84._replace(rotation_radps=0.0)
ECEF_DAY_S = 2 * np.pi / WGS84.rotation_radps


# Constellations


def nodes_and_places(constellation, planes):
    """RAAN and argument of latitude, deg, [planes, satellites of a plane]."""
    return (
        np.degrees(value).reshape(planes, -1)
        for value in (constellation.raan_rad, constellation.mean_anomaly_rad)
    )


walkers = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: st.tuples(st.just(size[0] * size[1]), st.just(size[0]), st.integers(0, size[0] - 1))
)


@given(walkers, st.sampled_from(["delta", "star"]), st.floats(-360, 360))
def test_a_walker_constellation_is_evenly_spaced_in_planes_slots_and_phase(tpf, pattern, raan_deg):
    total, planes, phasing = tpf
    there = orbits.walker(*tpf, 81.0, 1000.0, pattern, raan_deg)
    raan, place = nodes_and_places(there, planes)
    spread = 360 if pattern == "delta" else 180
    assert np.allclose(raan, raan_deg + spread / planes * np.arange(planes)[:, None], atol=1e-9)
    assert np.allclose(np.diff(place, axis=1), 360 * planes / total)
    assert np.allclose(np.diff(place[:, 0]), 360 * phasing / total)
    assert np.all(there.semi_major_m == WGS84.semi_major_m + 1e6)


def test_galileo_is_a_walker_delta_24_3_1():
    # The textbook case: 3 planes 120° apart, 8 slots 45° apart, 15° from plane to plane.
    raan, place = nodes_and_places(orbits.walker(24, 3, 1, 56.0, 23_222.0), 3)
    assert np.allclose(raan[:, 0], [0, 120, 240])
    assert np.allclose(place[0], 45 * np.arange(8))
    assert np.allclose(place[:, 0], [0, 15, 30])


@given(walkers, st.floats(0, 1e5))
@settings(max_examples=25)
def test_a_delta_looks_the_same_from_every_plane(tpf, time_s):
    # Turned by one plane and advanced by one phase a delta is itself again, over the seam too.
    total, planes, phasing = tpf
    there, _ = orbits.positions(orbits.walker(*tpf, 55.0, 1000.0), np.array([time_s]), STILL._replace(j2=0.0))
    turned = 2 * np.pi / planes
    advanced = orbits.walker(*tpf, 55.0, 1000.0)
    advanced = dataclasses.replace(
        advanced,
        raan_rad=advanced.raan_rad + turned,
        mean_anomaly_rad=advanced.mean_anomaly_rad + 2 * np.pi * phasing / total,
    )
    again, _ = orbits.positions(advanced, np.array([time_s]), STILL._replace(j2=0.0))
    apart = np.linalg.norm(there[0][:, None] - again[0][None], axis=-1)
    assert apart.min(axis=1).max() < 1e-2


def test_a_polar_star_has_one_seam_where_neighbours_meet_head_on():
    star = orbits.walker(12, 4, 0, 90.0, 1000.0, "star")
    _, speed = orbits.positions(star, np.array([0.0]), STILL)
    nodes = speed[0].reshape(4, 3, 3)[:, 0]  # all at their ascending node, flying north
    assert np.all(nodes[:, 2] > 7e3)
    raan = np.degrees(star.raan_rad.reshape(4, 3)[:, 0])
    assert 180 - raan[-1] == pytest.approx(45)  # its neighbour over there is the first plane coming down


@pytest.mark.parametrize(
    "change, said",
    [
        ({"planes": 5}, "walker 28/5/1: planes = 5\n  must divide the 28 satellites"),
        ({"phasing": 4}, "phasing = 4\n  must be from 0 to 3"),
        ({"phasing": -1}, "phasing = -1\n  must be a whole number, 0 or more"),
        ({"total": 0}, "total = 0\n  must be a whole number, 1 or more"),
        ({"total": float("nan")}, "total = nan\n  must be a whole number"),
        ({"planes": 2.5}, "planes = 2.5\n  must be a whole number"),
        ({"pattern": "rosette"}, "pattern = 'rosette'\n  must be \"delta\""),
        ({"height_km": 149.0}, "height_km = 149.0\n  must be at least 150 km"),
        ({"height_km": float("nan")}, "height_km = nan\n  must be at least 150 km"),
        ({"inclination_deg": 181.0}, "inclination_deg = 181.0\n  must be from 0 to 180 deg"),
        ({"raan_deg": float("inf")}, "raan_deg = inf\n  must be a number"),
    ],
)
def test_what_is_no_walker_constellation_is_refused(change, said):
    good = {"total": 28, "planes": 4, "phasing": 1, "inclination_deg": 81.0, "height_km": 1000.0}
    orbits.walker(**good)
    with pytest.raises(InputError) as refused:
        orbits.walker(**good | change)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "orbit, said",
    [
        ((26_600.0, 0.96, 63.4), "eccentricity = 0.96\n  must be from 0 to 0.95"),
        ((26_600.0, -0.1, 63.4), "eccentricity = -0.1"),
        ((26_600.0, 0.76, 63.4), "perigee_height_km = 5.863\n  must be at least 150 km"),
        ((float("inf"), 0.7, 63.4), "semi_major_km = inf\n  must be a number"),
    ],
)
def test_what_is_no_orbit_is_refused(orbit, said):
    with pytest.raises(InputError) as refused:
        orbits.kepler(*orbit)
    assert said in str(refused.value)


# Motion


@pytest.mark.parametrize(
    "height_km, period_min",
    # Closed form with R = 6371 km and GM of WGS 84.
    [(550, 95.502), (1000, 104.966), (1200, 109.267), (1350, 112.530), (35_786, 1435.70)],
)
def test_a_circular_orbit_closes_after_the_published_period(height_km, period_min):
    one = orbits.walker(1, 1, 0, 60.0, height_km, earth=ROUND)
    period_s = 2 * np.pi / orbits.drift(one, ROUND)[2][0]
    assert period_s / 60 == pytest.approx(period_min, abs=6e-3 if height_km > 2e3 else 6e-4)
    place, speed = orbits.positions(one, np.array([0.0, period_s, period_s / 2]), ROUND)
    assert np.allclose(place[1], place[0], atol=1e-2)
    assert np.allclose(place[2], -place[0], atol=1e-2)
    assert np.allclose(np.linalg.norm(place, axis=-1), 6_371e3 + height_km * 1e3)
    assert np.allclose(
        np.linalg.norm(speed, axis=-1), np.sqrt(ROUND.gm_m3ps2 / np.linalg.norm(place, axis=-1))
    )


@given(st.floats(0, orbits.ECCENTRICITY_MAX), st.floats(-100, 100))
def test_keplers_equation_is_solved_to_rounding(eccentricity, mean_rad):
    E = orbits.eccentric_anomaly(np.float64(mean_rad), eccentricity)
    off = (E - eccentricity * np.sin(E) - mean_rad + np.pi) % (2 * np.pi) - np.pi
    assert abs(off) < 1e-13


kepler_orbits = st.builds(
    lambda perigee_km, e, i, *angles: orbits.kepler((6378.137 + perigee_km) / (1 - e), e, i, *angles),
    st.floats(200, 30e3),
    st.floats(0, 0.75),
    st.floats(0, 180),
    *[st.floats(0, 360)] * 3,
)


@given(kepler_orbits, st.floats(-1e6, 1e6))
def test_energy_and_angular_momentum_are_kept_where_only_a_point_pulls(orbit, time_s):
    place, speed = orbits.positions(orbit, np.array([0.0, time_s]), STILL._replace(j2=0.0))
    a, e = orbit.semi_major_m[0], orbit.eccentricity[0]
    energy = np.sum(speed**2, axis=-1) / 2 - WGS84.gm_m3ps2 / np.linalg.norm(place, axis=-1)
    assert np.allclose(energy, -WGS84.gm_m3ps2 / (2 * a), rtol=1e-10)
    momentum = np.cross(place, speed)
    assert np.allclose(
        np.linalg.norm(momentum, axis=-1), np.sqrt(WGS84.gm_m3ps2 * a * (1 - e**2)), rtol=1e-10
    )
    assert np.allclose(momentum[..., 2] / np.linalg.norm(momentum, axis=-1), np.cos(orbit.inclination_rad))


@given(kepler_orbits, st.floats(0, 1e6), st.floats(0, 6))
def test_the_velocity_is_how_the_place_changes(orbit, time_s, gmst_rad):
    place, speed = orbits.positions(orbit, time_s + np.array([-0.5, 0.0, 0.5]), gmst_rad=gmst_rad)
    assert np.allclose(place[2] - place[0], speed[1], atol=0.05)


@given(kepler_orbits, st.floats(0, 6))
@settings(max_examples=25)
def test_the_turning_earth_sees_the_same_orbit(orbit, gmst_rad):
    time_s = np.linspace(0, 2e5, 5)
    turned = gmst_rad + WGS84.rotation_radps * time_s[:, None]
    there = epoch.to_ecef(*orbits.positions(orbit, time_s, STILL), turned)
    assert np.allclose(orbits.positions(orbit, time_s, gmst_rad=gmst_rad), there, rtol=0, atol=1e-2)


def test_an_integrated_flight_without_j2_ends_where_kepler_says():
    molniya = orbits.kepler(26_562.0, 0.74, 63.4, 40.0, 270.0, 10.0)
    time_s = np.linspace(0, 86_400, 25)
    plain = STILL._replace(j2=0.0)
    place, speed = orbits.positions(molniya, time_s, plain)

    def fall(_, state):
        return np.concatenate([state[3:], -plain.gm_m3ps2 * state[:3] / np.linalg.norm(state[:3]) ** 3])

    start = np.concatenate([place[0, 0], speed[0, 0]])
    flown = solve_ivp(fall, (0, 86_400), start, "DOP853", time_s, rtol=1e-12, atol=1e-6)
    assert np.abs(flown.y[:3].T - place[:, 0]).max() < 1


def test_an_integrated_flight_with_j2_turns_its_node_as_fast_as_the_closed_form():
    orbit = orbits.walker(1, 1, 0, 50.0, 1000.0)
    time_s = np.linspace(0, 10 * 86_400, 4001)
    place, speed = orbits.positions(orbit, time_s[:1])
    # The Earth's own frame and gravity of the flight kernel, nothing of this module.
    field = jax.jit(lambda y: jnp.concatenate([y[3:], apparent(y[:3], y[3:])]))
    flown = solve_ivp(
        lambda _, y: np.asarray(field(y)),
        (0, time_s[-1]),
        np.r_[place[0, 0], speed[0, 0]],
        "DOP853",
        time_s,
        rtol=1e-9,
    )
    still = epoch.to_inertial(flown.y[:3].T, flown.y[3:].T, WGS84.rotation_radps * time_s)
    normal = np.cross(*still)
    node_rad = np.unwrap(np.arctan2(normal[:, 0], -normal[:, 1]))
    assert np.polyfit(time_s, node_rad, 1)[0] == pytest.approx(orbits.drift(orbit)[0][0], rel=5e-3)


def test_the_node_moves_by_the_closed_form():
    i, p = np.radians(81.0), WGS84.semi_major_m + 1e6
    n = np.sqrt(WGS84.gm_m3ps2 / p**3)
    node, _, _ = orbits.drift(orbits.walker(1, 1, 0, 81.0, 1000.0))
    assert node[0] == pytest.approx(
        -1.5 * n * WGS84.j2 * (WGS84.semi_major_m / p) ** 2 * np.cos(i), rel=1e-12
    )


def test_98_6_degrees_at_800_km_keeps_up_with_the_sun():
    node, _, _ = orbits.drift(orbits.walker(1, 1, 0, 98.6, 800.0))
    assert np.degrees(node[0]) * 365.2422 * 86_400 == pytest.approx(360, rel=5e-3)
    flat, _, _ = orbits.drift(orbits.walker(1, 1, 0, 98.6, 800.0), WGS84._replace(j2=0.0))
    assert flat[0] == 0


def test_a_molniya_stays_over_its_latitude_because_its_perigee_does_not_move():
    critical_deg = np.degrees(np.arccos(np.sqrt(1 / 5)))
    assert critical_deg == pytest.approx(63.435, abs=1e-3)
    orbit = orbits.kepler(26_562.0, 0.74, critical_deg, 0.0, 270.0, 180.0)
    _, perigee, anomaly = orbits.drift(orbit)
    assert abs(perigee[0]) < 1e-20
    assert 2 * np.pi / anomaly[0] == pytest.approx(ECEF_DAY_S / 2, rel=1e-3)
    place, _ = orbits.positions(orbit, np.arange(0, 100) * 2 * np.pi / anomaly[0])
    assert np.allclose(np.degrees(frames.geodetic(place)[0]), 63.5, atol=0.2)


@pytest.mark.parametrize("lon_deg", [0.0, 140.7, -75.2, [0.0, 120.0, -120.0]])
def test_a_geostationary_slot_stays_put_because_nothing_pulls_it_away(lon_deg):
    place = orbits.geostationary(np.array(lon_deg))
    assert np.abs(apparent(place, np.zeros_like(place))).max() < 1e-14
    lat, lon, height_m = frames.geodetic(place)
    assert np.allclose(lat, 0)
    assert np.allclose(np.degrees(lon), lon_deg)
    assert np.allclose(height_m, 35_786e3, atol=1e3)


def test_a_kepler_orbit_at_the_geostationary_radius_stays_over_its_slot():
    plain = WGS84._replace(j2=0.0)
    slot = orbits.geostationary(140.7, plain)
    orbit = orbits.kepler(np.linalg.norm(slot) / 1e3, 0.0, 0.0, 140.7, earth=plain)
    place, speed = orbits.positions(orbit, np.linspace(0, 30 * 86_400, 50), plain)
    assert np.abs(place - slot).max() < 0.1
    assert np.abs(speed).max() < 1e-6


@pytest.mark.parametrize(
    "lon_deg, earth, said",
    [(0.0, sphere(), "must be above 0 rad/s"), (400.0, WGS84, "must be degrees from -360 to 360")],
)
def test_a_slot_over_an_earth_at_rest_or_nowhere_is_refused(lon_deg, earth, said):
    with pytest.raises(InputError, match=said):
        orbits.geostationary(lon_deg, earth)


def test_numpy_and_jax_find_the_same_orbits():
    mixed = orbits.join(orbits.walker(28, 4, 1, 81.0, 1000.0), orbits.kepler(26_562.0, 0.74, 63.4))
    time_s = np.linspace(0, 86_400, 11)
    ours = orbits.positions(mixed, time_s, gmst_rad=1.0)
    theirs = jax.jit(orbits.positions)(mixed, jnp.asarray(time_s), WGS84, 1.0)
    assert ours[0].shape == (11, 29, 3)
    assert isinstance(ours[0], np.ndarray)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-4)


# Published element sets


def test_the_examples_of_the_page_run(capsys):
    page = (ROOT / "docs" / "reference" / "orbits.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example, {})
    printed = re.findall(r"^print\(.*\)  # (.*)$", page, re.MULTILINE)
    assert printed
    assert capsys.readouterr().out.splitlines() == printed
