"""Everything that the command refuses: one error that helps, exit code 2, nothing written."""

import sys
from pathlib import Path

import pytest

from noroshi.catalogue.template import new_scenario
from noroshi.cli.main import main
from tests.cli.command import noroshi

SHIPPED = "japan-2022-10-04"
NATIONS = ("JPN", "USA")


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run a command line that must be refused, in an own folder, and return what it says."""
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: str) -> str:
        before = everything(tmp_path)
        monkeypatch.setattr(sys, "argv", ["noroshi", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        stdout, stderr = capsys.readouterr()
        assert left.value.code == 2
        assert stdout == ""
        assert "Traceback" not in stderr
        assert everything(tmp_path) == before, "something was written all the same"
        return stderr

    return refused


def everything(folder: Path) -> dict[str, bytes]:
    """Every file and folder below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def edited(tmp_path: Path, *changes: tuple[str, str]) -> str:
    """The commented scenario with some of its text changed, as probe.toml."""
    text = new_scenario("probe")
    for old, new in changes:
        assert old in text, f"the template no longer holds {old!r}"
        text = text.replace(old, new, 1)
    (tmp_path / "probe.toml").write_text(text, encoding="utf-8")
    return "probe.toml"


# What is wrong, and how the error begins and goes on: file, field and value; what would do.
FILES = {
    "a profile that nobody knows": (
        [('"j-fps-5"', '"j-fps5"')],
        "probe.toml: sensors.JPN-Ominato.profile = 'j-fps5'",
        'is not a known sensor profile. Did you mean "j-fps-5"?',
    ),
    "a text for a number": (
        [("apogee_km = { value = 550.0", 'apogee_km = { value = "550"')],
        "probe.toml: launches.L1.apogee_km.value = '550'",
        "must be a number. Without quotation marks: 550.0.",
    ),
    "a missing field": (
        [("duration_s = 1100.0\n", "")],
        "probe.toml: duration_s",
        "is missing: length of the run, s.",
    ),
    "a figure without a source": (
        [(', confidence = "official", source = "05:58 to 06:12, each rounded to the minute"', "")],
        "probe.toml: launches.L1.flight_time_min.source",
        'is missing: where the number stands, or "assumption: why".',
    ),
    "a pair of figures that no ballistic flight has": (
        [("apogee_km = { value = 550.0", "apogee_km = { value = 50.0")],
        "probe.toml: launches.L1.apogee_km = 50.0",
        "is too low for range_km = 2700: no ballistic flight stays below 2 % of its range.",
    ),
    "a pair of figures that no flight of this missile meets": (
        [
            ("apogee_km = { value = 550.0", "apogee_km = { value = 300.0"),
            ("range_km = { value = 2700.0", "range_km = { value = 15000.0"),
        ],
        "probe.toml: launches \"L1\" = 'apogee_km = 300, range_km = 15000'",
        "must be met by one flight: no flight meets apogee 300 km with range",
    ),
    "a nation that nobody knows": (
        [('["JPN", "USA"]  #', '["JPN", "XXX"]  #')],
        "probe.toml: nations.1 = 'XXX'",
        "is not a known nation. Known: JPN, KOR, USA.",
    ),
    "a policy folder that is not there": (
        [('policies = "bilateral"', 'policies = "trilateral"')],
        "probe.toml: arms.bilateral.policies = 'trilateral'",
        "is neither a shipped policy folder nor a folder beside this file.",
    ),
    "what is no TOML": (
        [("duration_s = 1100.0", "duration_s = = 1100.0")],
        "probe.toml: line ",
        "is not valid TOML: ",
    ),
}


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("wrong", FILES)
def test_a_wrong_scenario_is_refused_before_anything_is_written(said, tmp_path, command, wrong):
    changes, where, need = FILES[wrong]
    first, second = said(command, edited(tmp_path, *changes)).rstrip("\n").split("\n")
    assert first.startswith(where)
    assert second.startswith("  ")
    assert need in second


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_scenario_that_nobody_knows_is_refused_with_the_nearest_name(said, command):
    first, second = said(command, "japan-2022-10-4").rstrip("\n").split("\n")
    assert first == "japan-2022-10-4"
    assert second == f'  is neither a shipped scenario nor a file. Did you mean "{SHIPPED}"?'


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    "content, where, need",
    [
        (None, "probe.toml", "does not exist."),
        ("a folder", "probe.toml", "is a folder; name a file."),
        (b'name = "caf\xe9"\n', "probe.toml: byte 11", "is not UTF-8 text. Save the file as UTF-8."),
        (b"\x00\x01\x02", "probe.toml: line 1", "is not valid TOML"),
        (b"", "probe.toml: name", "is missing: "),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(said, tmp_path, command, content, where, need):
    if content == "a folder":
        (tmp_path / "probe.toml").mkdir()
    elif content is not None:
        (tmp_path / "probe.toml").write_bytes(content)
    first, second = said(command, "probe.toml").rstrip("\n").split("\n")
    assert first.startswith(where)
    assert need in second


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_unknown_nation_in_a_policys_label_is_refused_with_its_line(said, tmp_path, command):
    rule = """@id("warn-the-partner")
@reason("it is under it")
permit (principal == Nation::"JPN", action == Action::"address", resource == Nation::"JPX");
"""
    (tmp_path / "mine").mkdir()
    for nation in NATIONS:
        (tmp_path / "mine" / f"{nation}.cedar").write_text(rule, encoding="utf-8")
    file = edited(tmp_path, ('policies = "bilateral"', 'policies = "mine"'))
    assert said(command, file) == (
        "mine/JPN.cedar: line 3: Nation = 'JPX'\n  is not a known nation. Known: JPN, KOR, USA.\n"
    )


@pytest.mark.parametrize(
    "arm, hint", [("hubb", 'Did you mean "hub"?'), ("x", "Known: bilateral, direct, hub, national.")]
)
def test_an_unknown_arm_is_refused(said, arm, hint):
    first, second = said("run", SHIPPED, "--sharing", arm).rstrip("\n").split("\n")
    assert first.endswith(f"sharing = '{arm}'")
    assert second == f"  is not an arm of this scenario. {hint}"


@pytest.mark.parametrize("seed", ["-1", "1.5", "one", "99999999999999999999"])
def test_a_seed_that_is_no_natural_number_is_refused(said, seed):
    text = said("run", SHIPPED, "--seed", seed)
    assert "--seed" in text
    assert "Try 'noroshi run -h' for help." in text


@pytest.mark.parametrize("spread", ["-1", "many"])
def test_a_spread_that_is_no_number_of_seeds_is_refused(said, spread):
    assert "--spread" in said("run", SHIPPED, "--spread", spread)


def test_an_out_that_is_no_folder_of_a_run_is_left_alone(said, tmp_path):
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.tex").write_text("mine too")
    for out, need in {
        "notes": "is a file; a run needs a folder.",
        "notes/run": "lies below a file",
        "thesis": "it is not a run's folder and is left alone.",
        ".": "is the folder that you stand in, or above it",
        "..": "is the folder that you stand in, or above it",
        "/": "is the folder that you stand in, or above it",
        "n" * 300: "cannot be written: File name too long.",
    }.items():
        first, second = said("run", SHIPPED, "--out", out).rstrip("\n").split("\n")
        assert first == out
        assert need in second
        assert second.endswith("Name another with --out.")


def test_a_foreign_default_folder_is_left_alone_as_well(said, tmp_path):
    (tmp_path / "out" / SHIPPED).mkdir(parents=True)
    (tmp_path / "out" / SHIPPED / "mine").touch()
    assert said("run", SHIPPED).startswith(f"out/{SHIPPED}\n  holds files but no summary.json of a run")


@pytest.mark.parametrize(
    "name, need",
    [
        ("a b", 'Try "a-b".'),
        ("Fünf", "must be letters, digits, - and _ only"),
        ("", "must be letters, digits, - and _ only"),
        ("-x", "-x"),
        ("no/such/folder", "cannot be written"),
    ],
)
def test_a_name_that_no_scenario_can_have_is_refused(said, name, need):
    assert need in said("new", name)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("check",),
        ("new",),
        ("flie",),
        ("run", SHIPPED, "--fast"),
        ("scenarios", "more"),
        ("--versoin",),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused_with_the_way_to_help(said, arguments):
    text = said(*arguments)
    assert "Try 'noroshi" in text and "-h' for help." in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere.toml"),
        ("run", SHIPPED, "--sharing", "hubb", "--json"),
        ("run", SHIPPED, "--seed", "-1"),
    ],
)
def test_a_process_of_its_own_refuses_in_the_same_way(tmp_path, arguments):
    done = noroshi(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
