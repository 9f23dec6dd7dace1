"""The shipped files of areas, and the tool that made them."""

import importlib.util
import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import shapely

from noroshi.alerting.areas import containing
from noroshi.catalogue.areas import NATIONS, load_areas, load_coastline
from noroshi.errors import InputError

FILES = resources.files("noroshi") / "data" / "areas"
TOOL = Path(__file__).parents[2] / "tools" / "convert_areas.py"


def shipped(nation: str) -> dict:
    return json.loads((FILES / f"{nation}.json").read_text("utf-8"))


def tool():
    spec = importlib.util.spec_from_file_location("convert_areas", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("nation", NATIONS)
def test_every_area_has_a_plain_name_of_its_own_and_a_valid_shape(nation):
    areas = load_areas([nation])
    assert all(name and name.isascii() and name == name.strip() for name in areas.name)
    assert len(set(areas.name)) == len(areas.name) == len(areas.geometry)
    assert set(areas.nation) == {nation}
    assert shapely.is_valid(areas.geometry).all()
    west, south, east, north = shapely.total_bounds(areas.geometry)
    assert -180 <= west < east <= 180 and -90 < south < north < 90


def test_nations_come_in_the_order_asked_and_once():
    areas = load_areas(["KOR", "JPN", "KOR"])
    assert areas.nation[0] == "KOR" and areas.nation[-1] == "JPN"
    assert len(areas.name) == len(load_areas(["JPN"]).name) + len(load_areas(["KOR"]).name)
    assert load_areas([]).name == ()


def test_a_nation_without_areas_is_refused():
    with pytest.raises(InputError) as refused:
        load_areas(["JPN", "PRK"])
    assert "'PRK'" in str(refused.value)
    assert "AUS, GBR, JPN, KOR, USA" in str(refused.value)


@pytest.mark.parametrize("nation", NATIONS)
def test_no_polygon_of_the_source_is_lost_without_a_word(nation):
    file = shipped(nation)
    assert file["polygons"]["source"] == file["polygons"]["kept"] + file["polygons"]["dropped"]
    assert file["polygons"]["dropped"] == len(file["dropped"])
    assert all(entry["why"] for entry in file["dropped"])


@pytest.mark.parametrize("nation", NATIONS)
def test_splitting_and_thinning_keep_the_land(nation):
    area_km2 = tool().area_km2
    features = shipped(nation)["features"]
    before = np.array([feature["properties"]["source_km2"] for feature in features])
    after = np.array([area_km2(shapely.geometry.shape(feature["geometry"])) for feature in features])
    assert after.sum() == pytest.approx(before.sum(), rel=1e-3)
    assert np.abs(after - before).max() < 0.002 * before.sum()
    assert (np.abs(after - before) <= np.maximum(0.05 * before, 1.0)).all()


@pytest.mark.parametrize(
    "nation, name, published_km2",
    [
        # Geospatial Information Authority of Japan; Hokkaido without the four northern islands.
        ("JPN", "Hokkaido", 78421),
        ("JPN", "Aomori", 9646),
        ("JPN", "Iwate", 15275),
        ("JPN", "Kagoshima (Amami Islands)", 1231),
        ("JPN", "Nagasaki (Tsushima)", 708),
        ("KOR", "Jeju", 1849),
        ("KOR", "North Gyeongsang (Ulleung)", 73),
        ("USA", "Colorado", 269601),
        ("USA", "Guam", 540),
        ("USA", "Hawaii (Oahu)", 1546),
        ("AUS", "New South Wales", 801150),
        ("GBR", "Isle of Wight", 380),
    ],
)
def test_areas_have_their_published_size(nation, name, published_km2):
    areas = load_areas([nation])
    found_km2 = tool().area_km2(areas.geometry[areas.name.index(name)])
    assert found_km2 == pytest.approx(published_km2, rel=0.08)


@pytest.mark.parametrize("nation", NATIONS)
def test_each_file_says_where_it_comes_from_and_under_which_terms(nation):
    for origin in shipped(nation)["origin"]:
        assert origin["package"].startswith("npm ") and origin["licence"] in {"MIT", "ISC"}
        assert "public domain" in origin["data"]


@pytest.mark.parametrize("nation", NATIONS)
def test_what_a_file_calls_missing_is_in_no_area(nation):
    missing = shipped(nation)["missing"]
    lat_deg, lon_deg = (np.array([entry[key] for entry in missing]) for key in ("lat_deg", "lon_deg"))
    assert len(missing) and not containing(load_areas([nation]), lat_deg, lon_deg).any()


def test_the_coast_is_cut_at_the_antimeridian_and_has_no_seam_there():
    for line in load_coastline():
        assert line.ndim == 2 and line.shape[1] == 2 and len(line) > 1
        assert np.abs(line[:, 0]).max() <= 180 and np.abs(line[:, 1]).max() <= 90
        step_deg = np.abs(np.diff(line[:, 0]))
        assert step_deg.max() < 20
        along_seam = (np.abs(line[:-1, 0]) == 180) & (np.abs(line[1:, 0]) == 180)
        assert not along_seam.any()


@pytest.mark.parametrize(
    "cape, lat_deg, lon_deg",
    [
        ("Erimo", 41.92, 143.25),
        ("Shiono", 33.44, 135.75),
        ("Agulhas", -34.83, 20.0),
        ("Dezhnev", 66.08, -169.65),
    ],
)
def test_the_coast_passes_the_capes(cape, lat_deg, lon_deg):
    coast = shapely.multilinestrings([shapely.linestrings(line) for line in load_coastline()])
    assert coast.distance(shapely.Point(lon_deg, lat_deg)) < 0.15, cape


# Two squares of 1 degree that share a border, and an island 5 degrees to the east of the second.
TOPOLOGY = {
    "transform": {"scale": [0.5, 0.5], "translate": [10.0, 0.0]},
    "arcs": [
        [[2, 0], [0, 2]],  # the shared border, northward
        [[2, 2], [-2, 0], [0, -2], [2, 0]],
        [[2, 0], [2, 0], [0, 2], [-2, 0]],
        [[14, 0], [2, 0], [0, 2], [-2, 0], [0, -2]],
    ],
    "objects": {
        "land": {
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "Wést"}},
                {"type": "MultiPolygon", "arcs": [[[2, -1]], [[3]]], "properties": {"name": "East"}},
                {"type": "Polygon", "arcs": [[3]], "properties": {"name": None}},
            ]
        }
    },
}


def test_a_topology_decodes_to_the_squares_it_was_made_of():
    shapes = tool().decode(TOPOLOGY)
    assert [name for name, _ in shapes] == ["Wést", "East", None]
    assert [[polygon.bounds for polygon in polygons] for _, polygons in shapes] == [
        [(10, 0, 11, 1)],
        [(11, 0, 12, 1), (17, 0, 18, 1)],
        [(17, 0, 18, 1)],
    ]
    assert all(polygon.area == 1 for _, polygons in shapes for polygon in polygons)


def test_a_far_island_that_nobody_named_stops_the_conversion():
    convert = tool()
    with pytest.raises(SystemExit, match=r"East.*from the largest part"):
        convert.split(convert.decode(TOPOLOGY), [], far_km=60)


def test_a_named_far_island_becomes_an_area_and_a_nameless_shape_is_listed():
    convert = tool()
    shapes = convert.decode(TOPOLOGY)
    places = [{"shape": "East", "name": "East (Isle)", "box": [16, -1, 19, 2]}]
    areas, dropped = convert.split(shapes, places, far_km=60)
    assert sorted(areas) == ["East", "East (Isle)", "West"]
    assert [why for why, _ in dropped] == ["nameless in the source"]
    whole = sum(polygon.area for _, polygons in shapes for polygon in polygons)
    parts = sum(polygon.area for polygons in areas.values() for polygon in polygons)
    assert parts + sum(polygon.area for _, polygon in dropped) == whole
