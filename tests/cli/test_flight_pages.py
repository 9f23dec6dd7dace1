"""The pages about flights: their commands, figures and profile are those of the program."""

import re
import shlex
import subprocess

import pytest

from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.threats import load_threat
from tests.cli.command import NOROSHI, environment, noroshi
from tests.house.house import ROOT

DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorials" / "a-recorded-launch.md").read_text(encoding="utf-8")
FLIGHT = (DOCS / "reference" / "flight.md").read_text(encoding="utf-8")
THREATS = (DOCS / "reference" / "threats.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def in_shell(lines: str, folder) -> subprocess.CompletedProcess[str]:
    """Run what a reader would paste."""
    path = {"PATH": f"{NOROSHI.parent}:{environment()['PATH']}"}
    return subprocess.run(
        ["sh", "-ec", lines],
        cwd=folder,
        env=environment() | path,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_tutorial_runs_from_top_to_bottom(tmp_path):
    said = []
    for lines in blocks(TUTORIAL, "sh"):
        done = in_shell(lines, tmp_path)
        assert done.returncode == 0, (lines, done.stderr)
        said.append(done.stdout)
    assert (tmp_path / "flight.png").stat().st_size > 20_000
    # The claim stands beside the reports that a flight meets.
    (claim,) = blocks(TUTORIAL, "text")
    assert " ".join(claim.split()) in " ".join(said[1].split())
    (refused,) = blocks(TUTORIAL, "sh refused")
    done = in_shell(refused, tmp_path)
    assert done.returncode == 2
    assert claim.split(":", 1)[1].split(",")[0].strip().split(" within ")[0] in done.stderr
    (program,) = blocks(TUTORIAL, "python")
    done = in_shell(f"python - <<'END'\n{program}\nEND", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Japan MoD: apogee" in done.stdout
    assert "DPRK no flight reaches" in done.stdout


def numbers(line: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\.?\d*", line)]


def test_the_figures_of_the_readme_are_printed(tmp_path):
    (table,) = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "text")
    printed = noroshi("fly", "2022-03-24", cwd=tmp_path).stdout.splitlines()[2:]
    for ours, theirs in zip(printed, table.splitlines()[1:], strict=False):
        assert ours.split(",")[0] == theirs.split(",")[0]
        # Machines round differently.
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=0.002)


def test_the_pages_commands_fly(tmp_path):
    for line in blocks(FLIGHT, "sh")[0].splitlines():
        done = noroshi(*shlex.split(line)[1:], cwd=tmp_path)
        assert done.returncode == 0, (line, done.stderr)


def test_every_option_is_on_the_page(tmp_path):
    text = noroshi("fly", "--help", cwd=tmp_path).stdout
    options = set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)) - {"--rotation", "--air"}
    assert {option for option in options if f"`{option}`" not in FLIGHT} == set()


def test_the_waypoints_of_the_page_are_flown(tmp_path):
    (tmp_path / "way.csv").write_text(blocks(FLIGHT, "csv")[0], encoding="utf-8")
    done = noroshi("fly", "--waypoints", "way.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_profile_of_the_page_is_a_profile(tmp_path):
    path = tmp_path / "my-missile.toml"
    path.write_text(blocks(THREATS, "toml")[0], encoding="utf-8")
    assert load_threat(str(path)).name == "my-missile"
    path.write_text(path.read_text().replace('"ballistic"', '"glide"'), encoding="utf-8")
    done = noroshi(*shlex.split(blocks(THREATS, "sh")[0])[1:], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == blocks(THREATS, "text")[0]


@pytest.mark.parametrize("field", sorted(set(ThreatProfile.model_fields) - {"name", "belief"}))
def test_every_field_of_a_profile_is_on_the_page(field):
    assert f"`{field}`" in THREATS
