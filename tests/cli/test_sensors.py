"""`noroshi sensors` as a user meets it."""

import json
import re

import jsonschema
import pytest

from noroshi.catalogue import schema
from noroshi.catalogue.sites import load_sites
from tests.cli.command import noroshi
from tests.house.house import ROOT

PAGE = (ROOT / "docs" / "reference" / "sensors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """The whole catalogue, as JSON."""
    done = noroshi("sensors", "--json", cwd=tmp_path_factory.mktemp("sensors"))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_json_holds_every_sensor_and_meets_its_schema(listed):
    jsonschema.validate(listed, schema.sensors_schema(), jsonschema.Draft202012Validator)
    assert [one["id"] for one in listed] == [sensor.id for sensor in load_sites()]


def test_json_tells_a_range_with_its_target_and_a_number_with_its_source(listed):
    (radar,) = (one for one in listed if one["id"] == "USA-Shariki")
    assert radar["reach"]["cued"] == {"km": 870.0, "cross_section_m2": 0.01, "snr_db": 13.0}
    (figure,) = (one for one in radar["figures"] if one["name"] == "cued_range_km")
    assert figure["of"] == "an-tpy-2-forward"
    assert figure["holds_for"] == {"cross_section_m2": 0.01, "snr_db": 13.0}
    assert (figure["low"], figure["high"]) == (600.0, 1500.0)
    assert "Lewis and Postol" in figure["source"]


def test_each_kind_has_the_parts_that_belong_to_it(listed):
    for one in listed:
        space = one["kind"] == "infrared"
        assert (one["orbit"] is not None) == space
        assert (one["place"] is None) == (one["sector"] is None) == space
        reach = one["reach"]
        assert (reach["search"] is not None) == (one["kind"] == "radar")
        assert (reach["ring_km"] is not None) == (one["kind"] == "skywave")
        assert (reach["faintest"] is not None) == space


def test_a_constellation_is_one_row_with_all_of_its_satellites(listed):
    (one,) = (one for one in listed if one["id"] == "USA-T1-Tracking")
    assert one["orbit"] == {
        "satellites": 28, "longitude_deg": None, "perigee_km": 1000.0, "apogee_km": 1000.0,
        "inclination_deg": 81.0, "walker": "28/4/1", "spread": "star",
    }  # fmt: skip
    assert one["present"] is False


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.update(extra=1),
        lambda one: one.pop("reach"),
        lambda one: one.update(kind="sonar"),
        lambda one: one.update(nation="Australia"),
        lambda one: one["reach"].update(sees_km=[1.0]),
        lambda one: one["figures"][0].update(confidence="certain"),
        lambda one: one["figures"][0].pop("source"),
    ],
)
def test_another_sensor_does_not_fit_the_schema(listed, spoil):
    one = json.loads(json.dumps(listed[0]))
    spoil(one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([one], schema.sensors_schema())


def test_the_list_is_by_nation_and_says_how_much_is_assumed(tmp_path):
    done = noroshi("sensors", "--nation", "kor", "--nation", "AUS", "--kind", "Radar", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "KOR"
    assert "AUS" in lines
    assert not any("JORN" in line for line in lines)
    (row,) = (line for line in lines if line.startswith("KOR-GreenPine-N "))
    assert re.split(r"\s{2,}", row)[1:] == [
        "Green Pine, North Chungcheong", "radar", "36.70°N 127.70°E, 300 m", "600 (1 m²)", "800 (1 m²)",
        "25", "25",
    ]  # fmt: skip
    assert any(line.startswith("KOR-E737 ○") for line in lines)
    assert "9 sensors." in lines


def test_one_sensor_is_told_whole_with_every_source(tmp_path, listed):
    done = noroshi("sensors", "usa-seongju", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    assert words.startswith(
        "USA-Seongju: Seongju, Korea (THAAD) (USA) AN/TPY-2, terminal mode, 36.04°N 128.22°E"
    )
    (one,) = (one for one in listed if one["id"] == "USA-Seongju")
    for figure in one["figures"]:
        assert re.search(rf"^{re.escape(figure['name'])} ", done.stdout, re.MULTILINE), figure["name"]
    # Sources are folded over lines, and not cut.
    (source,) = (one["source"] for one in one["figures"] if one["name"] == "height_m")
    assert all(word in done.stdout for word in source.replace("(", "").replace(")", "").split())


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_map_is_written(tmp_path, ending):
    path = tmp_path / f"map.{ending}"
    done = noroshi("sensors", "--nation", "AUS", "--plot", str(path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"Map: {path}\n")
    start = path.read_bytes()[:200]
    assert start.startswith(b"\x89PNG") if ending == "png" else b"<?xml" in start


def test_nothing_found_is_said_and_is_no_error(tmp_path):
    done = noroshi("sensors", "--nation", "KOR", "--kind", "infrared", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 sensors.\n", "")
    done = noroshi("sensors", "--nation", "KOR", "--kind", "infrared", "--json", cwd=tmp_path)
    assert done.stdout == "[]\n"


def test_help_explains_every_option_and_has_an_example(tmp_path):
    text = noroshi("sensors", "--help", cwd=tmp_path).stdout
    assert all(option in text for option in ("ID", "--nation", "--kind", "--plot", "--json"))
    example = re.search(r"Example: noroshi (.*)", text)[1]
    assert noroshi(*example.split(), cwd=tmp_path).returncode == 0


def test_the_pages_examples_are_what_the_command_prints(tmp_path, listed):
    command, printed = re.search(r"```console\n\$ noroshi (.*?)\n(.*?)```", PAGE, re.DOTALL).groups()
    ours = [line.rstrip() for line in noroshi(*command.split(), cwd=tmp_path).stdout.splitlines()]
    assert ours == printed.splitlines()

    (shown,) = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    (one,) = (one for one in listed if one["id"] == shown["id"])
    names = [figure["name"] for figure in shown["figures"]]
    assert shown == one | {"figures": [figure for figure in one["figures"] if figure["name"] in names]}


def test_every_field_is_on_the_page(listed):
    for name in [*listed[0], *listed[0]["figures"][0], *listed[0]["reach"]]:
        assert re.search(rf"`(reach\.)?{name}(\[\])?`", PAGE), name
