"""What a radar sees of a target at 100 km, where satellites stand, and the map of both."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawn

from noroshi.catalogue.figures import Figure
from noroshi.catalogue.placement import Mask
from noroshi.catalogue.sites import find, load_sites
from noroshi.earth import geometry
from noroshi.report import sensors, sensors_plot
from noroshi.report.sensors import sees_km, subpoints, where
from noroshi.report.sensors_plot import footprint, holds, outline

ALL = load_sites()
EARTH_KM = 6371.0


@cache
def made(**changed):
    """Beale, with other numbers: of the profile, or height_m and mask_deg of the site."""
    sensor = find(ALL, "USA-Beale")
    site = {name: changed.pop(name) for name in ("height_m", "mask_deg") if name in changed}
    profile = sensor.profile
    ranges = {name: getattr(profile, name) for name in ("search_range_km", "cued_range_km")}
    update = {
        name: (ranges[name] if name in ranges else getattr(profile, name)).model_copy(
            update={"value": float(value), "low": None, "high": None}
        )
        for name, value in changed.items()
    }
    free = Mask(value=-5.0, source="none", confidence="derived")
    height = Figure(value=float(site.get("height_m", 0)), source="here", confidence="derived")
    return sensor.model_copy(
        update={
            "profile": profile.model_copy(update=update),
            "height_m": height,
            "mask_deg": site.get("mask_deg", free),
        }
    )


@pytest.mark.parametrize("antenna_m", [0, 15, 1000])
def test_a_strong_radar_on_the_ground_sees_to_the_published_horizon(antenna_m):
    radar = made(
        cued_range_km=40_000, instrumented_range_km=40_000, elevation_min_deg=-5, antenna_height_m=antenna_m
    )
    # d = a_e (acos(a_e / (a_e + h_a)) + acos(a_e / (a_e + h_t))), a_e = 4/3 Earth: 1,297 km from the ground.
    effective_km = 4 / 3 * EARTH_KM
    expected = effective_km * sum(
        math.acos(effective_km / (effective_km + h_km)) for h_km in (antenna_m / 1e3, 100.0)
    )
    assert sees_km(radar)[1] == pytest.approx(expected, abs=0.6)
    if antenna_m == 0:
        assert sees_km(radar)[1] == pytest.approx(1297, abs=2)


@pytest.mark.parametrize("reach_km", [150.0, 400.0, 900.0])
def test_a_weak_radar_sees_as_far_as_its_range_slants(reach_km):
    radar = made(
        instrumented_range_km=reach_km, elevation_min_deg=-5, antenna_height_m=0, elevation_max_deg=90
    )
    # The law of cosines in the triangle of the Earth's centre, the radar and the target.
    near, far = EARTH_KM, EARTH_KM + 100.0
    arc = math.acos((near**2 + far**2 - reach_km**2) / (2 * near * far))
    assert sees_km(radar)[1] == pytest.approx(EARTH_KM * arc, abs=0.6)


def test_ten_times_the_cross_section_is_worth_a_fourth_root():
    cued = find(ALL, "USA-Shariki").profile.cued_range_km
    assert cued.at_km(0.1, 13.0) / cued.at_km(0.01, 13.0) == pytest.approx(1.7783, abs=1e-4)


def test_a_range_too_short_for_the_height_is_no_view():
    near, far = sees_km(made(instrumented_range_km=99.0, antenna_height_m=0))
    assert math.isnan(near) and math.isnan(far)
    assert footprint(made(instrumented_range_km=99.0, antenna_height_m=0)) is None


def test_a_beam_that_does_not_look_up_leaves_a_hole():
    low = made(elevation_max_deg=20, antenna_height_m=0)
    high = made(elevation_max_deg=60, antenna_height_m=0)
    assert sees_km(low)[0] > 4 * sees_km(high)[0]
    # Over so short a distance the Earth is nearly flat: 100 km / tan 20 deg.
    assert sees_km(low)[0] == pytest.approx(100 / math.tan(math.radians(20)), rel=0.06)


@given(st.floats(0, 10), st.floats(0, 10))
@settings(max_examples=25, deadline=None)
def test_a_higher_mask_never_shows_more(one, other):
    low, high = sorted((one, other))

    def hidden(deg):
        return made(mask_deg=Mask(value=deg, source="here", confidence="derived"), elevation_min_deg=0)

    assert sees_km(hidden(high))[1] <= sees_km(hidden(low))[1]


def test_a_mask_with_a_mountain_hides_what_is_behind_it():
    points = ((0.0, 0.0), (89.0, 0.0), (90.0, 15.0), (91.0, 0.0))
    radar = made(mask_deg=Mask(points=points, source="here", confidence="derived"), elevation_min_deg=0)
    assert sees_km(radar, 90.0)[1] < 0.4 * sees_km(radar, 45.0)[1]
    assert sees_km(radar, 45.0) == sees_km(radar, 405.0)


@pytest.mark.parametrize(
    "name", ["USA-Beale", "GBR-SaxaVord", "JPN-Sado", "USA-Clear", "AUS-JORN-1", "AUS-JORN-2"]
)
def test_a_place_lies_in_a_view_when_its_distance_and_direction_do(name):
    view = footprint(find(ALL, name))
    half = view.sensor.sector_deg / 2
    rng = np.random.default_rng(5)
    share, off = rng.uniform(-0.3, 1.3, 500), rng.uniform(-180, 180, 500)
    near, far = view.near_m[0], view.far_m[0]
    distance = np.maximum(near + share * (far - near), 1e3)
    azimuth = np.radians(view.sensor.middle_deg + off)
    lat, lon = geometry.great_circle_end(np.float64(view.lat), np.float64(view.lon), azimuth, distance)
    expected = (distance >= near) & (distance <= far) & (np.abs(off) <= half)
    # Away from the edges, where rounding decides.
    clear = (
        (np.abs(distance - near) > 10) & (np.abs(distance - far) > 10) & (np.abs(np.abs(off) - half) > 1e-6)
    )
    found = holds(view, np.degrees(lat), np.degrees(lon))
    assert (found == expected)[clear].all()
    assert expected.any() and not expected.all()


@pytest.mark.parametrize("name", ["USA-Beale", "GBR-SaxaVord", "AUS-JORN-1"])
def test_the_edge_of_a_view_lies_at_its_ends(name):
    view = footprint(find(ALL, name))
    lat, lon = np.radians(outline(view))
    lat, lon = lat[np.isfinite(lat)], lon[np.isfinite(lon)]
    distance, _ = geometry.great_circle(np.float64(view.lat), np.float64(view.lon), lat, lon)
    ends = np.array([0.0, view.near_m[0], view.far_m[0]])
    assert np.abs(distance[:, None] - ends).min(axis=1).max() < 1.0


def test_a_skywave_radar_is_not_counted_for_a_missile_and_what_is_left_out_is_not_either():
    views = [footprint(sensor) for sensor in ALL if sensor.id in ("AUS-JORN-1", "JPN-ASEV", "KOR-Aegis-East")]
    lat, lon = np.array([38.0, -10.0]), np.array([132.0, 140.0])
    # In the Sea of Japan the Korean ship; below the skywave ring nobody.
    assert sensors_plot._counted(views, lat, lon).tolist() == [1.0, 0.0]
    assert holds(views[0], lat, lon).tolist() == [False, True]


def test_a_geostationary_satellite_stands_over_the_equator_at_its_longitude():
    one = find(ALL, "USA-SBIRS-GEO-1")
    (lat,), (lon,) = subpoints(one)
    assert (lat, lon) == pytest.approx((0.0, one.longitude_deg.value), abs=1e-6)
    assert where(one) == "geostationary, 100°W"


def test_no_satellite_passes_north_of_its_inclination_and_a_constellation_shows_them_all():
    one = find(ALL, "USA-T1-Tracking")
    lat, lon = subpoints(one)
    assert len(lat) == len(lon) == 28
    # Geodetic latitude is up to 0.2 deg above geocentric.
    assert np.abs(lat).max() <= 81.2
    assert len(np.unique(np.round(np.stack([lat, lon]), 3), axis=1).T) == 28


@pytest.mark.parametrize(
    "name, words",
    [
        ("USA-SBIRS-HEO-1", "1,590 x 38,760 km, 63.58°"),
        ("USA-HBTSS-1", "1,000 km, 40°"),
        ("USA-T0-SpaceX", "4/2/1 star, 1,000 km, 80°"),
        ("JPN-Aegis-1", "39.30°N 135.00°E, at sea"),
        ("AUS-JORN-2", "28.33°S 122.01°E, 450 m"),
    ],
)
def test_where_a_sensor_is_stands_in_a_few_words(name, words):
    assert where(find(ALL, name)) == words


def test_a_sensor_told_whole_says_what_its_radar_sees_and_when_it_is_left_out():
    told = list(sensors.whole(find(ALL, "JPN-E767")))
    assert any("Left out of a run" in one for one in told if isinstance(one, str))
    assert any("is never seen along its boresight" in one for one in told if isinstance(one, str))
    told = [one for one in sensors.whole(find(ALL, "USA-Kyogamisaki")) if isinstance(one, str)]
    assert not any("Left out" in one for one in told)
    assert any(one.startswith("A target of 1 m² at 100 km is seen ") for one in told)


def words_of(drawn: Drawn) -> list[str]:
    return [text.get_text() for axes in drawn.axes for text in axes.texts]


def test_the_map_names_every_site_once_and_shows_crowded_corners_larger():
    with sensors_plot.look.settings():
        drawn = sensors_plot._figure(ALL)
    named = words_of(drawn)
    single = [sensor.id.partition("-")[2] for sensor in ALL if sensor.walker is None]
    assert sorted(named) == sorted(single)
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["", "North-east Asia", "British Isles"]


def test_words_on_the_map_do_not_hide_each_other():
    with sensors_plot.look.settings():
        drawn = sensors_plot._figure(ALL)
        renderer = FigureCanvasAgg(drawn).get_renderer()
        drawn.draw(renderer)
        for axes in drawn.axes:
            # A halo and the air around letters may touch; letters may not.
            boxes = [text.get_window_extent(renderer).shrunk(0.9, 0.6) for text in axes.texts]
            for number, one in enumerate(boxes):
                assert not one.count_overlaps(boxes[:number]), axes.texts[number].get_text()


def test_a_map_of_few_sensors_has_no_corner_without_them():
    with sensors_plot.look.settings():
        drawn = sensors_plot._figure(load_sites(["AUS"]))
    assert len(drawn.axes) == 1


def test_the_same_sensors_give_the_same_map(tmp_path):
    few = load_sites(["AUS"])
    for name in ("one.svg", "two.svg"):
        sensors_plot.draw(few, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
