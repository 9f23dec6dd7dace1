"""The public catalogue of sensors: what its files hold, and what they may not hold."""

import re
from collections import Counter

import pytest

from noroshi.catalogue import door, sites
from noroshi.catalogue.figures import Figure
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.catalogue.sites import Sites, find, load_sites, nations, numbers
from noroshi.errors import InputError

ALL = load_sites()
IDS = [sensor.id for sensor in ALL]


def of(nation):
    return [sensor for sensor in ALL if sensor.nation == nation]


def test_five_nations_have_sensors_and_each_file_holds_its_own():
    assert nations() == ("AUS", "GBR", "JPN", "KOR", "USA")
    for nation in nations():
        own = load_sites([nation])
        assert own
        assert {sensor.nation for sensor in own} == {nation}
        assert all(sensor.id.startswith(f"{nation}-") for sensor in own)


def test_an_id_is_given_once():
    assert [name for name, count in Counter(IDS).items() if count > 1] == []


def test_nations_come_in_the_order_asked_for_and_once():
    asked = load_sites(["USA", "AUS", "USA"])
    assert list(dict.fromkeys(sensor.nation for sensor in asked)) == ["USA", "AUS"]
    assert len(asked) == len(of("USA")) + len(of("AUS"))


def test_a_nation_without_sensors_is_refused_with_those_that_have_some():
    with pytest.raises(
        InputError, match=r"nation = 'PRK'\n  has no sensors .* Known: AUS, GBR, JPN, KOR, USA\."
    ):
        load_sites(["PRK"])


@pytest.mark.parametrize("sensor", ALL, ids=IDS)
def test_every_number_has_a_page_or_is_an_assumption_with_its_range(sensor):
    for one in numbers(sensor):
        number = one.number
        if number.confidence == "assumed":
            assert number.source.startswith("assumption: "), one.name
            assert number.low < number.high, one.name
        elif number.confidence in ("published", "official"):
            assert re.search(r"https?://\S+|by definition", number.source), (one.name, number.source)


@pytest.mark.parametrize("sensor", ALL, ids=IDS)
def test_every_sensor_says_what_it_is(sensor):
    assert sensor.title
    # What is left out of a run says why.
    assert sensor.present or sensor.note


def test_what_is_notional_is_an_assumption():
    for sensor in ALL:
        if "notional" in sensor.title and sensor.lat_deg is not None:
            assert sensor.lat_deg.confidence == sensor.lon_deg.confidence == "assumed"
            # A ship's station is known to no better than a hundred kilometres.
            assert sensor.lat_deg.high - sensor.lat_deg.low >= 1
        if sensor.longitude_deg is not None:
            assert sensor.longitude_deg.confidence == "assumed"


def test_the_sites_that_the_record_names_are_there():
    def names(nation, profile):
        return {s.id.partition("-")[2] for s in of(nation) if s.profile.name == profile}

    # https://dot.asahi.com/aera/2017090400078.html?page=2
    assert names("JPN", "j-fps-5") == {"Ominato", "Sado", "Koshikijima", "Yozadake"}
    assert len(names("JPN", "j-fps-3")) == 7
    # Two in Japan, one each in the Republic of Korea and on Guam.
    assert names("USA", "an-tpy-2-forward") == {"Shariki", "Kyogamisaki"}
    assert names("USA", "an-tpy-2-terminal") == {"Seongju", "Guam"}
    assert names("USA", "uewr-two-faces") == {"Beale", "CapeCod", "Clear", "Pituffik"}
    assert names("GBR", "uewr-three-faces") == {"Fylingdales"}
    assert sum(isinstance(s.profile, SkywaveProfile) for s in of("AUS")) == 3


def test_only_the_united_states_have_infrared_satellites():
    owners = {sensor.nation for sensor in ALL if isinstance(sensor.profile, InfraredProfile)}
    assert owners == {"USA"}


def test_the_constellations_have_the_satellites_that_were_ordered():
    patterns = {s.id: s.walker.pattern for s in of("USA") if s.walker is not None}
    assert patterns["USA-T1-Tracking"] == "28/4/1"
    assert patterns["USA-T2-Tracking"].startswith("54/")
    # Tranche 0: eight in all.
    first = [int(patterns[name].split("/")[0]) for name in ("USA-T0-SpaceX", "USA-T0-L3Harris")]
    assert sum(first) == 8


def test_whole_faces_of_early_warning_radars_make_the_published_sectors():
    assert find(ALL, "USA-Beale").sector_deg == 240
    assert find(ALL, "GBR-Fylingdales").sector_deg == 360
    lrdr = find(ALL, "USA-LRDR")
    assert lrdr.sector_deg == 220
    # Faces to the north and to the west: 55 deg to either side of their middle.
    assert lrdr.middle_deg == 315


def test_a_cue_never_costs_range():
    for sensor in ALL:
        if isinstance(sensor.profile, RadarProfile):
            search, cued = sensor.profile.search_range_km, sensor.profile.cued_range_km
            assert cued.at_km(1.0, 13.0) >= 0.999 * search.at_km(1.0, 13.0), sensor.id


def test_every_shipped_sensor_profile_is_sound_and_used():
    used = {sensor.profile.name for sensor in ALL}
    assert used == {path.stem for path in (door.DATA / "sensors").glob("*.toml")}


def test_numbers_are_told_with_the_path_that_a_file_writes():
    told = [one.name for one in numbers(find(ALL, "USA-T1-Tracking")) if one.of == "site"]
    assert told == ["walker.height_km", "walker.inclination_deg", "walker.node_lon_deg"]
    of_profile = {one.name for one in numbers(find(ALL, "JPN-Sado")) if one.of == "j-fps-5"}
    in_file = door.read_toml(door.DATA / "sensors" / "j-fps-5.toml", "")
    assert of_profile == {name for name, value in in_file.items() if isinstance(value, dict)}


def test_a_sensor_is_found_in_whatever_case_and_a_slip_is_named():
    assert find(ALL, "jpn-sado").id == "JPN-Sado"
    with pytest.raises(InputError, match=r"sensor = 'JPN-Sadu'\n  is not in the catalogue\. Did you mean"):
        find(ALL, "JPN-Sadu")


def test_rows_are_rows_of_a_scenario(tmp_path):
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.catalogue.template import new_scenario

    path = door.DATA / "sites" / "JPN.toml"
    head, _, _ = new_scenario("probe").partition("[[sensors]]")
    _, _, tail = new_scenario("probe").rpartition("[[sensors]]")
    (tmp_path / "probe.toml").write_text(
        f"{head}{path.read_text(encoding='utf-8')}\n[[sensors]]{tail}", encoding="utf-8"
    )
    world = load_scenario(str(tmp_path / "probe.toml"))
    assert {sensor.id for sensor in of("JPN")} <= {sensor.id for sensor in world.sensors}


@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"profile": "j-fps-6"},
            "sensors.T.profile = 'j-fps-6'\n  is not a known sensor profile. Did you mean",
        ),
        (
            {"lat_deg": 40.0},
            "sensors.T.lat_deg = 40.0\n  must be a table, for every number states its source.",
        ),
        ({"boresight_deg": None}, "sensors.T.boresight_deg\n  is missing: "),
    ],
)
def test_a_wrong_row_is_refused_with_its_field(tmp_path, monkeypatch, change, said):
    good = {
        "id": "T", "nation": "KOR", "profile": "green-pine-block-b",
        **{name: {"value": 10.0, "source": "a page", "confidence": "published"}
           for name in ("lat_deg", "lon_deg", "height_m", "boresight_deg")},
    }  # fmt: skip
    row = {key: value for key, value in (good | change).items() if value is not None}
    monkeypatch.setattr(sites.door, "read_toml", lambda path, where, real=door.read_toml: (
        {"sensors": [row]} if path.stem == "KOR" else real(path, where)
    ))  # fmt: skip
    sites._of_nation.cache_clear()
    try:
        with pytest.raises(InputError) as caught:
            load_sites(["KOR"])
    finally:
        sites._of_nation.cache_clear()
    assert str(caught.value).startswith(f"noroshi/data/sites/KOR.toml: {said}")


def test_a_file_of_sites_holds_sensors_and_nothing_else():
    with pytest.raises(InputError, match=r"radars = \[\]\n  is not a known key"):
        door.validate(Sites, {"sensors": [], "radars": []}, "x.toml")
    assert isinstance(ALL[0], SensorPlacement)
    assert isinstance(next(iter(numbers(ALL[0]))).number, Figure)
