"""`noroshi launches` as a user meets it."""

import json
import re

import jsonschema
import pytest

from noroshi.catalogue import schema
from noroshi.catalogue.record import SHIPPED, load_launches
from tests.cli.command import noroshi
from tests.house.house import ROOT

PAGE = (ROOT / "docs" / "reference" / "launches.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """The whole record, as JSON."""
    done = noroshi("launches", "--json", cwd=tmp_path_factory.mktemp("launches"))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_json_holds_every_launch_and_meets_its_schema(listed):
    jsonschema.validate(listed, schema.launches_schema(), jsonschema.Draft202012Validator)
    assert [one["name"] for one in listed] == [launch.name for launch in load_launches()]
    assert all(one["sources"] for one in listed)


def test_json_tells_bounds_from_rounded_numbers(listed):
    (launch,) = (one for one in listed if one["name"].startswith("2022-03-24"))
    assert launch["launched_utc"] == "2022-03-24T05:33:00Z"
    assert launch["reports"][0] == {
        "by": "Japan MoD",
        "apogee_km": {"value": 6000.0, "half_width": 25.0, "sense": "at least"},
        "range_km": {"value": 1100.0, "half_width": 25.0, "sense": "about"},
        "flight_time_s": {"value": 4260.0, "half_width": 60.0, "sense": "about"},
        "note": "",
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.update(extra=1),
        lambda one: one.pop("sources"),
        lambda one: one.update(reports=[]),
        lambda one: one["reports"][0]["apogee_km"].update(sense="nearly"),
        lambda one: one["reports"][0]["apogee_km"].update(value=-1),
        lambda one: one.update(lat_deg=91),
        lambda one: one.update(launched_utc="yesterday"),
        lambda one: one.update(**{"class": "slow"}),
    ],
)
def test_a_launch_of_another_shape_does_not_fit_the_schema(listed, spoil):
    one = json.loads(json.dumps(listed[10]))
    jsonschema.validate([one], schema.launches_schema())
    spoil(one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([one], schema.launches_schema())


def test_the_table_shows_name_figures_and_reporters(tmp_path):
    done = noroshi("launches", "--class", "ICBM", "--since", "2022-03-24", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows, count, legend = done.stdout.splitlines()
    assert " ".join(head.split()) == "name missile class apogee km range km min reports quality"
    assert rows[0].startswith("2022-03-24-0533-hwasong-17-claim  Hwasong-17 claim")
    assert re.split(r"\s{2,}", rows[0].strip())[2:] == [
        "icbm", "≥6,000", "~1,100", "~71", "Japan, ROK, DPRK", "A",
    ]  # fmt: skip
    assert len(rows) == 6
    assert count == f"6 launches of {SHIPPED}."
    assert "≥ at least" in legend
    assert list(tmp_path.iterdir()) == []


def test_the_first_day_asked_for_is_included_and_what_is_before_it_is_not(tmp_path):
    def names(*more):
        done = noroshi("launches", "--json", *more, cwd=tmp_path)
        return [one["name"] for one in json.loads(done.stdout)]

    assert names("--since", "2026-04-08") == [
        "2026-04-08-0523-ballistic-missile",
        "2026-08-20-0800-srbm-salvo",
    ]
    assert names("--since", "2026-04-09") == ["2026-08-20-0800-srbm-salvo"]
    # A launch without a time counts by its day.
    assert "2014-07-09-scud-c" in names("--since", "2014-07-09", "--class", "srbm")


def test_nothing_found_is_said_and_is_no_error(tmp_path):
    done = noroshi("launches", "--since", "2100-01-01", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"0 launches of {SHIPPED}.")
    assert noroshi("launches", "--since", "2100-01-01", "--json", cwd=tmp_path).stdout == "[]\n"


def test_another_record_is_listed(tmp_path):
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    (tmp_path / "mine.csv").write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    done = noroshi("launches", "--file", "mine.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "2009-04-05-0230-unha-2" in done.stdout
    assert "1 launch of mine.csv." in done.stdout


def test_help_explains_every_option_and_has_an_example(tmp_path):
    text = noroshi("launches", "--help", cwd=tmp_path).stdout
    assert all(option in text for option in ("--class", "--since", "--file", "--json"))
    example = re.search(r"Example: noroshi (.*)", text)[1]
    assert noroshi(*example.split(), cwd=tmp_path).returncode == 0


def test_the_pages_examples_are_what_the_command_prints(tmp_path):
    command, printed = re.search(r"```console\n\$ noroshi (.*?)\n(.*?)```", PAGE, re.DOTALL).groups()
    ours = [line.rstrip() for line in noroshi(*command.split(), cwd=tmp_path).stdout.splitlines()]
    theirs = printed.splitlines()
    # Where it is installed differs.
    assert ours[-2].startswith(theirs[-2].partition(" of ")[0])
    assert ours[:-2] + ours[-1:] == theirs[:-2] + theirs[-1:]

    command = re.search(r"`noroshi (launches [^`]*--json)` prints", PAGE)[1]
    example = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    assert json.loads(noroshi(*command.split(), cwd=tmp_path).stdout) == example


def test_every_field_is_on_the_page(listed):
    for name in [*listed[0], *listed[0]["reports"][0]]:
        assert f"{name}`" in PAGE, name
