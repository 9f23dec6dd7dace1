"""The coarse form: what it hides, and that it never claims to know more."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.records.messages import (
    FORMS,
    ForecastReport,
    LaunchReport,
    TaskingRequest,
    TrackReport,
    nation_of,
)
from noroshi.sharing import coarse
from noroshi.sharing.sanitise import to_form
from tests.sharing.words import READABLE, message, messages, payload, track_report

times = st.floats(-1e5, 1e6)
latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)
inside = st.floats(-0.499, 0.499)


def whole_tens(value):
    return value % 10 == 0


@st.composite
def tracks(draw):
    """A state somewhere between ground and orbit, with any covariance."""
    root = np.random.default_rng(draw(st.integers(0, 2**32))).uniform(-1, 1, (10, 10))
    scale = np.array([1e3] * 3 + [50.0] * 3 + [2.0] * 3 + [0.3])
    cov = (root @ root.T + 1e-3 * np.eye(10)) * scale * scale[:, None]
    vector = st.tuples(*[st.floats(-1, 1)] * 3)
    return replace(
        track_report(),
        time_s=draw(times),
        position_ecef_m=tuple(7e6 * one for one in draw(vector)),
        velocity_ecef_mps=tuple(7e3 * one for one in draw(vector)),
        force_ecef_mps2=tuple(30 * one for one in draw(vector)),
        covariance=tuple(map(tuple, cov.tolist())),
        launch_lat_deg=draw(latitudes),
        launch_lon_deg=draw(longitudes),
    )


@given(messages(READABLE, FORMS[:2]))
def test_no_sensor_is_named_anywhere_and_no_text_is_left(original):
    derived = to_form(original, "coarse", f"{original.id}/coarse")
    text = json.dumps(derived.to_dict(), ensure_ascii=False)
    if original.form == "whole":
        named = {name for name in original.provenance if nation_of(name, "JPN") != name}
        assert not [name for name in named if json.dumps(name, ensure_ascii=False)[1:-1] in text]
    told = asdict(derived.payload)
    assert {told.get(name, coarse.WITHHELD) for name in ("reason", "text")} == {coarse.WITHHELD}
    assert derived.cell == ""


@given(messages(READABLE, FORMS[:2]))
def test_it_has_its_own_id_points_back_and_is_the_same_each_time(original):
    derived = to_form(original, "coarse", f"{original.id}/coarse")
    assert derived == to_form(original, "coarse", f"{original.id}/coarse")
    assert derived.form == "coarse"
    assert derived.id != original.id or not original.id
    assert derived.derived_from is not None
    assert to_form(derived, "coarse", "D2") is derived
    assert (derived.label, derived.kind, derived.origin) == (original.label, original.kind, original.origin)
    with pytest.raises(ValueError, match="cannot become elements again"):
        to_form(derived, "elements", "D2")


@given(messages(READABLE, FORMS[:1]))
def test_the_way_there_makes_no_difference(original):
    straight = to_form(original, "coarse", "JPN-D")
    round_about = to_form(to_form(original, "elements", "JPN-E"), "coarse", "JPN-D")
    assert replace(round_about, derived_from=straight.derived_from) == straight
    # Both point to what the origin wrote, so that who hears both can tell.
    assert round_about.derived_from == to_form(original, "elements", "JPN-E").derived_from


@given(messages(READABLE, FORMS[:2]))
def test_it_is_never_younger_nor_lives_longer_than_what_it_came_from(original):
    derived = to_form(original, "coarse", "JPN-D")
    for name in ("created_s", "expires_s"):
        coarser, finer = getattr(derived, name), getattr(original, name)
        assert whole_tens(coarser) and finer - 10 < coarser <= finer


@given(st.sampled_from(READABLE))
def test_rounding_twice_changes_no_more_places_and_times(kind):
    once = coarse.payload(payload(kind))
    twice = coarse.payload(once)
    sure = (
        "sigma_km",
        "covariance",
        "semi_major_km",
        "semi_minor_km",
        "impact_time_sigma_s",
        "radius_km",
        "path",
    )
    told, again = asdict(once), asdict(twice)
    assert {name: told[name] for name in told if name not in sure} == {
        name: again[name] for name in again if name not in sure
    }


# What is hidden


@given(tracks(), st.lists(inside, min_size=8, max_size=8))
def test_two_tracks_in_one_cell_read_alike(track, off):
    """Place, time, speed and force moved about inside their cells: the coarse ones cannot be told apart."""
    middle = coarse.payload(track)
    moved = [
        replace(
            middle,
            time_s=middle.time_s + 10 * (0.5 + one),
            position_ecef_m=tuple(x + 1e4 * one for x in middle.position_ecef_m),
            velocity_ecef_mps=tuple(v + 100 * one for v in middle.velocity_ecef_mps),
            force_ecef_mps2=tuple(a + one for a in middle.force_ecef_mps2),
            covariance=track.covariance,
        )
        for one in off
    ]
    assert len({coarse.payload(one) for one in moved}) == 1
    told = coarse.payload(moved[0])
    assert whole_tens(told.time_s)
    assert all(x % 1e4 == 0 for x in told.position_ecef_m)
    assert all(v % 100 == 0 for v in told.velocity_ecef_mps)


@given(latitudes, longitudes, times, inside, inside, st.floats(0, 9.999))
def test_two_launches_in_one_cell_read_alike(lat_deg, lon_deg, time_s, north, east, late_s):
    first = coarse.payload(LaunchReport(time_s, lat_deg, lon_deg, 5.0, 80.0, 10.0))
    within = replace(
        first,
        launch_time_s=first.launch_time_s + late_s,
        lat_deg=first.lat_deg + north / 10,
        lon_deg=first.lon_deg + east / 10,
        sigma_km=5.0,
    )
    assert coarse.payload(within) == first
    assert first.lat_deg == pytest.approx(lat_deg, abs=0.0501)


@pytest.mark.parametrize("value", [-0.04, 0.04, -0.0, 0.0])
def test_zero_does_not_tell_from_which_side_it_was_rounded(value):
    told = coarse.payload(LaunchReport(-0.0, value, value, 5.0, 80.0, 10.0))
    assert [math.copysign(1, one) for one in (told.launch_time_s, told.lat_deg, told.lon_deg)] == [1, 1, 1]


def test_the_covariance_does_not_tell_from_where_the_sensor_looked():
    """Two sensors that measure range far better than bearing, one from the north and one from the east."""
    long, short = 4e6, 1e2
    north, east = np.diag([long, short, short] + [1.0] * 7), np.diag([short, long, short] + [1.0] * 7)
    told = [
        coarse.payload(replace(track_report(), covariance=tuple(map(tuple, cov.tolist()))))
        for cov in (north, east)
    ]
    assert told[0] == told[1]


# What is claimed


@given(tracks())
def test_a_coarse_track_claims_less_in_every_direction(track):
    wide = np.array(coarse.payload(track).covariance) - np.array(track.covariance)
    size = np.sqrt(np.diag(np.array(coarse.payload(track).covariance)))
    assert np.linalg.eigvalsh(wide / size / size[:, None])[0] > -1e-9


def test_the_spread_of_a_coarse_track_holds_what_rounding_did():
    """Drawn from its own spread and rounded, a state stays inside: mean NEES at most its dimension."""
    rng = np.random.default_rng(3)
    base = track_report()
    cov = np.array(base.covariance) / 100  # so fine that rounding is what matters
    nees, size = [], 400
    for _ in range(size):
        late_s = rng.uniform(0, 10)
        place = rng.uniform(-6e6, 6e6, 3)
        speed = rng.uniform(-5e3, 5e3, 3)
        fine = replace(
            base,
            time_s=1000 + late_s,
            position_ecef_m=tuple(place),
            velocity_ecef_mps=tuple(speed),
            covariance=tuple(map(tuple, cov.tolist())),
        )
        told = coarse.payload(fine)
        # Where the thing truly was at the time that the coarse one tells.
        error = place - speed * late_s - np.array(told.position_ecef_m)
        spread = np.array(told.covariance)[:3, :3]
        nees.append(error @ np.linalg.solve(spread, error))
    # Axes differ in speed and the spread is round, so it is too wide for most: from 0.1 to 1 a dimension.
    assert 0.1 < np.mean(nees) / 3 < 1.0


@given(latitudes, longitudes, st.floats(0.1, 500))
def test_a_launch_point_is_told_with_the_cell_in_its_spread(lat_deg, lon_deg, sigma_km):
    told = coarse.payload(LaunchReport(0.0, lat_deg, lon_deg, sigma_km, 80.0, 10.0))
    assert told.sigma_km >= math.sqrt(sigma_km**2 + 11.1**2 / 12)
    # Nor wider than two digits make it.
    assert told.sigma_km <= 1.1 * (sigma_km + 3.4)


@given(st.floats(1, 900), st.floats(0.01, 1), st.floats(0.1, 200))
def test_a_forecast_is_told_with_the_cell_in_its_region_and_its_time(major_km, ratio, sigma_s):
    fine = replace(
        payload("forecast"),
        semi_major_km=major_km,
        semi_minor_km=major_km * ratio,
        impact_time_sigma_s=sigma_s,
    )
    told = coarse.payload(fine)
    assert isinstance(told, ForecastReport) and isinstance(told.path, TrackReport)
    cell_km2 = 5.99 * 11.1**2 / 12
    assert told.semi_major_km**2 >= major_km**2 + cell_km2
    assert told.semi_minor_km**2 >= (major_km * ratio) ** 2 + cell_km2
    assert told.semi_major_km >= told.semi_minor_km
    assert told.impact_time_sigma_s**2 >= sigma_s**2 + 100 / 12
    assert coarse.payload(replace(fine, impact_time_sigma_s=None)).impact_time_sigma_s is None


@given(latitudes.filter(lambda lat: abs(lat) < 89), longitudes, st.floats(1, 300))
def test_what_was_asked_to_be_looked_at_lies_inside_the_coarse_circle(lat_deg, lon_deg, radius_km):
    fine = TaskingRequest(0.0, lat_deg, lon_deg, 0.0, radius_km, 60.0, "")
    told = coarse.payload(fine)
    here, there = (
        np.asarray(frames.ecef(math.radians(one.lat_deg), math.radians(one.lon_deg), 0.0))
        for one in (fine, told)
    )
    assert np.linalg.norm(here - there) / 1e3 + radius_km <= told.radius_km


@given(st.sampled_from(READABLE), st.sampled_from([math.inf, -math.inf, math.nan, 1e300, -1e300]))
def test_numbers_that_are_none_do_not_stop_it(kind, value):
    told = payload(kind)
    numbers = {name: value for name, held in asdict(told).items() if isinstance(held, float)}
    coarse.payload(replace(told, **numbers))


def test_state_of_a_sensor_is_told_without_its_name():
    told = to_form(message("sensor_status"), "coarse", "JPN-1").payload
    assert (told.sensor, told.state, told.from_s, told.until_s) == ("JPN", "down", 100.0, 700.0)
