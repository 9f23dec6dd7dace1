"""Every command as a user meets it."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

import noroshi as package
from noroshi.catalogue.scenario import list_scenarios
from noroshi.formats import journal
from tests.cli.command import noroshi

COMMANDS = ("run", "scenarios", "check", "new")
ARMS = ("national", "bilateral", "hub", "direct")


def test_the_version_is_the_packages(tmp_path):
    done = noroshi("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"noroshi {package.__version__}\n", "")


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_help_has_an_example_that_runs_that_command(tmp_path, command, flag):
    done = noroshi(*command, flag, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    example = re.search(r"Example: noroshi (\w+)", done.stdout)
    assert example and example[1] in (command or COMMANDS)


def test_help_lists_every_command(tmp_path):
    listed = noroshi("--help", cwd=tmp_path).stdout
    assert all(re.search(rf"^\s+{name}\b", listed, re.MULTILINE) for name in COMMANDS)


def test_every_option_of_run_is_explained(tmp_path):
    listed = noroshi("run", "--help", cwd=tmp_path).stdout
    for option in ("--sharing", "--seed", "--out", "--json"):
        assert option in listed
    for arm in ARMS:
        assert arm in listed


def test_the_shipped_scenarios_are_listed_by_name_and_title(tmp_path):
    text, as_json = (noroshi("scenarios", *more, cwd=tmp_path) for more in ([], ["--json"]))
    assert (text.returncode, as_json.returncode) == (0, 0)
    expected = [{"name": one.name, "title": one.title} for one in list_scenarios()]
    assert json.loads(as_json.stdout) == expected
    assert "japan-2022-10-04" in [one["name"] for one in expected]
    for line, one in zip(text.stdout.splitlines(), expected, strict=True):
        assert line.split(maxsplit=1) == [one["name"], one["title"]]


def test_a_good_scenario_is_called_good_and_its_flight_is_told(tmp_path):
    done = noroshi("check", "japan-2022-10-04", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, flight = done.stdout.splitlines()
    assert re.fullmatch(r"japan-2022-10-04: good\. \d+ numbers, \d+ of them assumptions\.", first)
    figures = re.fullmatch(
        r"  L1: apogee (\d+) km, range (\d+) km, ([\d.]+) min, falls at ([\d.-]+), ([\d.-]+)", flight
    )
    # The record: about 1,000 km, about 4,600 km, 07:22 to 07:44.
    assert figures
    assert float(figures[1]) == pytest.approx(1000, rel=0.02)
    assert float(figures[2]) == pytest.approx(4600, rel=0.02)
    assert float(figures[3]) == pytest.approx(22, rel=0.08)


def test_check_as_json_prints_one_object(tmp_path):
    done = noroshi("check", "japan-2022-10-04", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["scenario"] == "japan-2022-10-04" and found["ok"] is True
    assert 0 < found["assumed"] < found["numbers"]


def test_a_new_scenario_checks_clean_and_is_never_written_over(tmp_path):
    first = noroshi("new", "my-case", cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "my-case.toml: edit it, then: noroshi check my-case.toml\n"
    file = tmp_path / "my-case.toml"
    assert tomllib.loads(file.read_text(encoding="utf-8"))["name"] == "my-case"
    assert noroshi("check", "my-case.toml", cwd=tmp_path).returncode == 0

    file.write_text("mine now")
    for name in ("my-case", "my-case.toml"):
        again = noroshi("new", name, cwd=tmp_path)
        assert (again.returncode, again.stdout) == (2, "")
        assert again.stderr.startswith("my-case.toml\n  is there already and is left alone.")
    assert file.read_text() == "mine now"
    assert [path.name for path in tmp_path.iterdir()] == ["my-case.toml"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The whole demo with --json, and where it was started."""
    place = tmp_path_factory.mktemp("demo")
    return place, noroshi("run", "japan-2022-10-04", "--json", cwd=place)


def test_run_with_json_prints_the_summary_and_nothing_else(compared):
    place, done = compared
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed == json.loads((place / "out/japan-2022-10-04/summary.json").read_text(encoding="utf-8"))
    assert list(printed["arms"]) == list(ARMS)
    schema = Path(package.__file__).parent / "data/schema/summary.schema.json"
    jsonschema.validate(printed, json.loads(schema.read_text(encoding="utf-8")))


def test_run_writes_the_whole_folder_and_nothing_beside_it(compared):
    place, _ = compared
    assert [path.name for path in place.iterdir()] == ["out"]
    assert [path.name for path in (place / "out").iterdir()] == ["japan-2022-10-04"]
    folder = place / "out/japan-2022-10-04"
    assert {path.name for path in folder.iterdir()} >= {"summary.json", "report.html", *ARMS}
    for arm in ARMS:
        assert {path.name for path in (folder / arm).iterdir()} == {
            "journal",
            "tracks.parquet",
            "truth.parquet",
            "sights.parquet",
        }


def test_one_seed_gives_the_same_bytes_in_another_process(compared, arms):
    """The journal of the command, of two processes and of a run inside this test are one and the same."""
    place, _ = compared
    for arm in ARMS:
        lines = list(journal.decode((place / "out/japan-2022-10-04" / arm / "journal").read_bytes()))
        entries = sorted(arms[arm].run.entries, key=lambda entry: entry["t_s"])
        head = {name: value for name, value in lines[0].items() if name != "seq"}
        assert journal.encode([head, *entries]) == (
            (place / "out/japan-2022-10-04" / arm / "journal").read_bytes()
        )


def test_the_report_asks_nobody_for_anything(compared):
    """Self-contained: no address is loaded, whatever sources it names."""
    place, _ = compared
    html = (place / "out/japan-2022-10-04/report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|srcset)\s*=\s*["'](?!data:)|@import|url\(\s*["']?https?:""", html)
    assert not re.search(r"<(link|script|iframe)\b[^>]*\b(href|src)\s*=", html)


def test_run_prints_the_comparison_and_names_the_report(tmp_path):
    done = noroshi(
        "run", "japan-2022-10-04", "--sharing", "hub", "--seed", "3", "--out", "here", cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Report: here/report.html\n")
    assert (tmp_path / "here/report.html").is_file()
    summary = json.loads((tmp_path / "here/summary.json").read_text(encoding="utf-8"))
    assert (summary["seed"], list(summary["arms"])) == (3, ["hub"])
    for nation, outcome in summary["arms"]["hub"]["launches"][0]["nations"].items():
        assert nation in done.stdout
        if outcome["alert_s"] is not None:
            assert all(area in done.stdout for area in outcome["alert_areas"])
    # A second run takes the place of the first.
    again = noroshi("run", "japan-2022-10-04", "--sharing", "national", "--out", "here", cwd=tmp_path)
    assert again.returncode == 0
    assert {path.name for path in (tmp_path / "here").iterdir() if path.is_dir()} == {"national"}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.fixture(scope="module")
def three_hours(tmp_path_factory):
    """The shipped month without a launch, cut to three hours."""
    shipped = (Path(package.__file__).parent / "data/scenarios/quiet-month.toml").read_text(encoding="utf-8")
    short = re.sub(r"(?m)^duration_s = .*$", "duration_s = 10800.0", shipped)
    assert short != shipped
    file = tmp_path_factory.mktemp("quiet") / "quiet-month.toml"
    file.write_text(short, encoding="utf-8")
    return file


def test_a_run_without_a_launch_counts_what_is_claimed_all_the_same(three_hours):
    done = noroshi("run", three_hours.name, "--out", "here", cwd=three_hours.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert "false alerts" in done.stdout and "in 30 days" in done.stdout
    assert done.stdout.endswith("Report: here/report.html\n")
    summary = json.loads((three_hours.parent / "here/summary.json").read_text(encoding="utf-8"))
    for arm, told in summary["arms"].items():
        assert arm in done.stdout
        assert told["launches"] == [] and set(told["claims"]) == {"JPN", "KOR", "USA"}
    html = (three_hours.parent / "here/report.html").read_text(encoding="utf-8")
    assert "In 3 hours without a launch" in html


def test_a_spread_after_no_launch_is_refused_and_writes_nothing(three_hours):
    done = noroshi("run", three_hours.name, "--spread", "5", "--out", "spread", cwd=three_hours.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--spread = 5" in done.stderr
    assert "is of times after a launch; this scenario has none." in done.stderr
    assert not (three_hours.parent / "spread").exists()
