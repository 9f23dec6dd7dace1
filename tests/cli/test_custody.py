"""`noroshi coverage --flight` as a user meets it."""

import json
import re
import shlex

import jsonschema
import pytest

from noroshi.catalogue import schema
from tests.cli.command import noroshi
from tests.house.house import ROOT

PAGE = (ROOT / "docs" / "reference" / "custody.md").read_text(encoding="utf-8")
LOW = ("--net", "japan-2022-10-04", "--flight", "2024-01-14")


def asked(folder, *arguments):
    done = noroshi("coverage", *arguments, "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, schema.custody_schema(), jsonschema.Draft202012Validator)
    return answer


@pytest.fixture(scope="module")
def low(tmp_path_factory):
    """14 January 2024 through the radars and satellites of a shipped scenario."""
    return asked(tmp_path_factory.mktemp("custody"), *LOW)


def test_the_flight_is_the_one_with_the_range_that_was_no_bound(low):
    flight = low["flight"]
    assert flight["by"] == "ROK JCS (apogee: Japan MoD)"
    assert flight["range_km"] == pytest.approx(1000, abs=0.5)
    assert flight["apogee_km"] == pytest.approx(50, abs=0.5)
    assert 0 < flight["burnout_s"] < flight["apogee_s"] < flight["end_s"]


def test_a_nation_holds_what_any_of_its_sensors_holds(low):
    for row in low["nations"]:
        own = [one["custody"] for one in low["sensors"] if one["nation"] == row["nation"] and one["custody"]]
        assert row["custody"]["first_s"] == min(one["first_s"] for one in own)
        assert row["custody"]["last_s"] == max(one["last_s"] for one in own)
        assert row["longest"] in [one["id"] for one in low["sensors"]]
    assert low["together"]["custody"]["first_s"] == min(row["custody"]["first_s"] for row in low["nations"])


def test_from_the_last_sight_to_the_impact_the_flight_goes_down(low):
    for row in low["nations"]:
        custody = row["custody"]
        assert custody["last_s"] + custody["gap_to_end_s"] == pytest.approx(low["flight"]["end_s"])
        assert 0 < custody["gap_to_end_km"] <= low["flight"]["range_km"]
        assert custody["lost"] is not None
    # A plume above the clouds comes before the radars, and two nations' radars hold the middle.
    held = {row["nation"]: row["custody"] for row in low["nations"]}
    assert held["USA"]["first_s"] < held["JPN"]["first_s"]
    assert held["KOR"]["last_s"] < held["JPN"]["last_s"]


def test_a_sensor_that_never_sees_the_flight_says_why(low):
    never = {one["id"]: one["never"] for one in low["sensors"]}
    assert never["JPN-Yozadake"] == "beyond the horizon"
    assert never["JPN-Sado"] is None
    assert all((one["custody"] is None) == (one["never"] is not None) for one in low["sensors"])


def test_only_the_nations_that_were_asked_for_look(tmp_path, low):
    some = asked(tmp_path, *LOW, "--nations", "JPN")
    assert [row["nation"] for row in some["nations"]] == ["JPN"]
    assert some["nations"][0] == next(row for row in low["nations"] if row["nation"] == "JPN")
    assert some["together"]["custody"] == some["nations"][0]["custody"]


def test_a_smaller_cross_section_is_never_held_longer_by_a_radar(tmp_path, low):
    small = asked(tmp_path, *LOW, "--nations", "KOR", "--rcs-m2", "0.001")
    large = asked(tmp_path, *LOW, "--nations", "KOR", "--rcs-m2", "10")

    def held_s(answer):
        held = answer["nations"][0]["custody"]
        return 0 if held is None else held["last_s"] - held["first_s"]

    assert held_s(small) < held_s(large)


def test_satellites_of_ones_own_are_divided_and_need_a_threshold(tmp_path):
    orbit = ("--walker", "28/4/1", "--height-km", "1000", "--inclination-deg", "81")
    seen = asked(
        tmp_path,
        *orbit,
        "--threshold-w-per-m2",
        "1e-9",
        "--flight",
        "2024-01-14",
        "--nations",
        "USA=14,JPN=14",
    )
    assert [(one["id"], one["count"]) for one in seen["sensors"]] == [
        ("USA 14 of 28/4/1", 14),
        ("JPN 14 of 28/4/1", 14),
    ]
    assert seen["net"] is None
    # Below the clouds nobody sees the plume.
    assert all(row["custody"] is None or row["custody"]["first_height_km"] > 8 for row in seen["nations"])
    shared = asked(tmp_path, *orbit, "--threshold-w-per-m2", "1e-9", "--flight", "2024-01-14")
    assert [row["nation"] for row in shared["nations"]] == [None]
    assert shared["together"]["custody"] == seen["together"]["custody"]


def test_the_tables_and_the_picture(tmp_path):
    done = noroshi("coverage", *LOW, "--plot", "custody.png", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "2024-01-14-0553-hwasong-16a, flown to fit what ROK JCS (apogee: Japan MoD) told: 1,000 km"
    )
    assert "- never see this flight, beyond the horizon: JPN-Yozadake" in done.stdout
    assert "a bound from above" in done.stdout
    assert "Picture: custody.png" in done.stdout
    assert (tmp_path / "custody.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "custody.png").stat().st_size > 100_000


def test_the_pages_examples_run(tmp_path):
    for command in re.findall(r"```console\n\$ noroshi (.*?)\n```", PAGE):
        done = noroshi(*shlex.split(command), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_field_is_on_the_page(low):
    parts = (low, low["flight"], low["together"], low["nations"][0], low["sensors"][0])
    for name in [*(name for part in parts for name in part), *low["together"]["custody"]]:
        assert name in PAGE, name
