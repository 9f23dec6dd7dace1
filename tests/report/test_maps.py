"""The map itself, and what is drawn on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import geometry
from noroshi.report import outlook
from noroshi.report.projection import RADIUS_KM, Projection, ellipse, middle, window

latitudes = st.floats(-80, 80)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes, st.sampled_from([-360.0, 360.0]))
def test_a_map_does_not_care_where_longitudes_begin(lat0, lon0, lat, lon, turn):
    here = np.array(Projection(lat0, lon0)(np.float64(lat), np.float64(lon)))
    there = np.array(Projection(lat0, lon0 + turn)(np.float64(lat), np.float64(lon)))
    assert np.allclose(here, there, atol=1e-3) or np.hypot(*here) > 1.99 * RADIUS_KM


@given(latitudes, longitudes)
def test_a_small_square_keeps_its_area_everywhere(lat, lon):
    # Lambert's map is equal-area: a square of 0.01 deg far from the middle, by its four corners.
    project = Projection(10.0, 20.0)
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * 0.01
    x, y = project(lat + corners[:, 0], lon + corners[:, 1])
    if np.hypot(x, y).max() > 1.9 * RADIUS_KM:
        return
    area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    side = RADIUS_KM * np.radians(0.01)
    middle_lat = np.radians(lat + 0.005)
    assert area == pytest.approx(side**2 * np.cos(middle_lat), rel=1e-2)


def test_the_middle_of_places_on_both_sides_of_the_date_line_lies_on_it():
    assert abs(middle(np.array([40.0, 40.0]), np.array([170.0, -170.0])).lon_deg) == pytest.approx(180.0)


def test_a_window_holds_what_it_was_made_for():
    x, y = np.array([-500.0, 800.0]), np.array([10.0, 20.0])
    frame = window(x, y, (1.9, 2.6))
    assert frame.holds(x, y).all()
    assert (frame.east - frame.west) / (frame.north - frame.south) == pytest.approx(2.6)


@given(latitudes, longitudes, st.floats(1, 3000), st.floats(0.1, 1.0), st.floats(0, 180))
def test_an_ellipse_reaches_as_far_as_its_axes_say(lat, lon, major_km, ratio, azimuth_deg):
    ring_lat, ring_lon = ellipse(lat, lon, major_km, ratio * major_km, azimuth_deg)
    here = np.radians(lat), np.radians(lon)
    away_m, bearing = geometry.great_circle(*here, np.radians(ring_lat), np.radians(ring_lon))
    assert away_m.max() / 1e3 == pytest.approx(major_km, rel=1e-6)
    assert away_m.min() / 1e3 == pytest.approx(ratio * major_km, rel=1e-6)
    if ratio < 0.99:
        off = (np.degrees(bearing[np.argmax(away_m)]) - azimuth_deg + 90) % 180 - 90
        assert abs(off) < 1e-3


def test_tracks_are_told_apart_by_where_they_say_it_falls(tmp_path):
    from noroshi.report.folder import read_run
    from tests.report import made

    run = read_run(made.write_run(tmp_path / "run", arms=["hub"], launches=("L1", "L2")))
    for i, launch in enumerate(("L1", "L2"), start=1):
        (track,) = outlook.series(run, run.arms[0], "JPN", launch)
        assert {one.track for one in track} == {f"JPN-T{i}"}


def test_chosen_regions_shrink_and_keep_the_first_the_last_and_that_of_the_alert(run):
    chosen = outlook.chosen(run, run.by_name["hub"], "JPN", "L1")
    sizes = [one.semi_major_km for one in chosen]
    assert sizes == sorted(sizes, reverse=True)
    assert chosen[0].time_s == 110.0
    assert chosen[-1].time_s == 1290.0
    assert 190.0 in [one.time_s for one in chosen]
    assert len(chosen) <= 7


def test_an_area_is_flown_over_when_the_track_lies_in_it(run):
    found = {place.name: place for place in outlook.places(run)}
    assert set(found) == {"Aomori", "Hokkaido"}
    assert found["Aomori"].passage_s is None  # the made-up track passes north of it
    begin_s, end_s = found["Hokkaido"].passage_s
    flight = run.flights[0]
    over = (flight.time_s >= begin_s) & (flight.time_s <= end_s)
    assert 139.0 < flight.lon_deg[over].min() < flight.lon_deg[over].max() < 146.0


def test_seeing_counts_from_the_true_launch(run):
    see = [one for one in outlook.budget(run, run.by_name["hub"], "JPN") if one.stage == "see"]
    assert [one.start_s for one in see] == [0.0]
