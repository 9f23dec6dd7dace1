"""Space launches: orbits from states, ascents into announced orbits."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames
from noroshi.earth.epoch import to_inertial
from noroshi.earth.model import WGS84
from noroshi.errors import FlightError
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import Site, ascent
from noroshi.flight.space import Ascent, Wanted, ascend, orbit_of
from tests.flight.made import one_stage

# Chollima-1 from Sohae: about 515 km; stage 2 some 3,000 km away.
SOHAE = Site(39.6596, 124.7057)
LAUNCHER, BURNT = flyer(load_threat("space"), lambda _: 0.5)
WANTED = {
    "south": Wanted(515.0, 515.0, 190.0, "great-circle"),
    "south, with a stage": Wanted(515.0, 515.0, 190.0, "great-circle", fall_range_km=3000.0),
    "east": Wanted(500.0, 500.0, 95.0),
    "north": Wanted(600.0, 600.0, 350.0),
}


@cache
def ascended(name: str) -> Ascent:
    return ascend(SOHAE, WANTED[name], LAUNCHER, BURNT)


def inserted(found: Ascent) -> tuple[np.ndarray, np.ndarray]:
    """Place, m, and velocity, m/s, at the end of the last burn; ECEF."""
    state = flown(ascent(found.site, found.missile, found.aim, found.earth)).state[BURNS - 1, :, 0]
    return state[:3] * MEGA, state[3:] * KILO


@given(
    st.floats(6.6e6, 9e6),
    st.floats(0.0, 0.3),
    st.floats(0.05, 3.09),
    st.floats(0.0, 6.28),
    st.floats(-3.14, 3.14),
)
def test_an_orbit_is_known_again_from_any_of_its_states(perigee_m, e, inclination, anomaly, turn):
    # In its plane by Kepler, then tilted about the x axis and turned about the pole.
    parameter = perigee_m * (1 + e)
    r = parameter / (1 + e * np.cos(anomaly))
    place = r * np.array([np.cos(anomaly), np.sin(anomaly), 0.0])
    speed = np.sqrt(WGS84.gm_m3ps2 / parameter) * np.array([-np.sin(anomaly), e + np.cos(anomaly), 0.0])
    c, s = np.cos(inclination), np.sin(inclination)
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    tilt = about @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    place, speed = tilt @ place, tilt @ speed
    moving = speed - np.cross([0, 0, WGS84.rotation_radps], place)
    assert to_inertial(place, moving, 0.0)[1] == pytest.approx(speed, abs=1e-6)
    found = orbit_of(place, moving)
    apogee_m = parameter / (1 - e)
    # A root is taken of the eccentricity squared, which of a circle is rounding.
    near_km = 1e-3 + 1e-7 * apogee_m / KILO
    assert found.perigee_km == pytest.approx((perigee_m - WGS84.mean_radius_m) / KILO, abs=near_km)
    assert found.apogee_km == pytest.approx((apogee_m - WGS84.mean_radius_m) / KILO, abs=near_km)
    assert np.radians(found.inclination_deg) == pytest.approx(inclination, abs=1e-6)


@pytest.mark.parametrize("name", WANTED)
def test_an_ascent_meets_the_heights_of_its_orbit(name):
    found, wanted = ascended(name), WANTED[name]
    assert found.orbit.perigee_km == pytest.approx(wanted.perigee_km, abs=5.0)
    assert found.orbit.apogee_km == pytest.approx(wanted.apogee_km, abs=5.0)
    assert np.linalg.norm(found.residual_km) < 0.5


@pytest.mark.parametrize("name", WANTED)
def test_the_orbit_is_that_of_the_state_at_insertion_by_energy_and_momentum(name):
    found = ascended(name)
    place, speed = inserted(found)
    moving = to_inertial(place, speed, 0.0)[1]
    energy = moving @ moving / 2 - WGS84.gm_m3ps2 / np.linalg.norm(place)
    spin = np.cross(place, moving)
    high, low = (WGS84.mean_radius_m + km * KILO for km in (found.orbit.apogee_km, found.orbit.perigee_km))
    assert energy == pytest.approx(-WGS84.gm_m3ps2 / (high + low), rel=1e-9)
    assert spin @ spin == pytest.approx(2 * WGS84.gm_m3ps2 * high * low / (high + low), rel=1e-9)
    # Level at insertion into a circle, at the height asked for.
    assert place @ moving / np.linalg.norm(place) / np.linalg.norm(moving) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", WANTED)
def test_the_inclination_follows_from_latitude_and_azimuth_in_the_frame_at_rest(name):
    found = ascended(name)
    place, speed = inserted(found)
    lat, lon, _ = frames.geodetic(place)
    east, north, _ = np.asarray(frames.enu_axes(lat, lon)) @ to_inertial(place, speed, 0.0)[1]
    # cos i = cos(lat) sin(azimuth), of the place of insertion and of the launch, whose azimuth turned on the
    # way by the frame's convergence.
    assert np.cos(np.radians(found.orbit.inclination_deg)) == pytest.approx(
        np.cos(lat) * np.sin(np.arctan2(east, north)), abs=np.radians(0.3)
    )
    azimuth = found.aim.azimuth_rad[0]
    circle = np.sqrt(WGS84.gm_m3ps2 / np.linalg.norm(place))
    lat = np.radians(SOHAE.lat_deg)
    carried = WGS84.rotation_radps * WGS84.semi_major_m * np.cos(lat)
    over = circle - carried * np.sin(azimuth)
    seen = np.arctan2(over * np.sin(azimuth) + carried, over * np.cos(azimuth))
    due_deg = np.degrees(np.arccos(np.cos(lat) * np.sin(seen)))
    assert found.orbit.inclination_deg == pytest.approx(due_deg, abs=2.0)


def test_no_orbit_is_less_inclined_than_its_launch_site_lies_north():
    assert min(ascended(name).orbit.inclination_deg for name in WANTED) > 39.0


def test_a_launch_azimuth_is_flown_as_told():
    for name in ("east", "north"):
        azimuth = np.degrees(ascended(name).aim.azimuth_rad[0]) % 360
        assert azimuth == pytest.approx(WANTED[name].bearing_deg, abs=0.05)


def test_the_last_stage_starts_after_its_coast_and_insertion_is_its_end():
    found = ascended("south, with a stage")
    burn_s = sum(float(stage.burn_s) for stage in found.missile.stages)
    gaps_s = sum(float(stage.gap_s) for stage in found.missile.stages[1:])
    assert found.insertion_s == pytest.approx(burn_s + gaps_s, abs=1e-6)
    assert sum(float(stage.share) for stage in found.missile.stages) == pytest.approx(1.0)


def test_a_single_stage_is_refused():
    with pytest.raises(FlightError, match="a space launch needs at least two stages"):
        ascend(SOHAE, WANTED["east"], one_stage(), BURNT)


@pytest.mark.parametrize(
    "wanted, text",
    [
        (Wanted(90_000.0, 90_000.0, 95.0), "no ascent meets an orbit of 90000 x 90000 km: the nearest"),
        (
            Wanted(515.0, 515.0, 190.0, fall_range_km=100.0),
            "no ascent meets an orbit of 515 x 515 km, stage 2 down at 100 km: the nearest reaches",
        ),
    ],
)
def test_an_orbit_that_no_launch_reaches_is_refused_with_the_nearest_one(wanted, text):
    with pytest.raises(FlightError) as caught:
        ascend(SOHAE, wanted, LAUNCHER, BURNT)
    assert str(caught.value).startswith(text)
