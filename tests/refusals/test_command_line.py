"""Everything that the command refuses: one error that helps, exit code 2, nothing written."""

import sys
from functools import partial
from pathlib import Path

import pytest

from noroshi.catalogue import door
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


SAID = 'confidence = "published", source = "a test"'


def figure(value: float, **more: float) -> str:
    parts = {"value": float(value), **more}
    return "{ " + "".join(f"{name} = {number}, " for name, number in parts.items()) + SAID + " }"


def profile(shipped: str, **change: object) -> str:
    """A shipped profile as tables of [profiles.mine], with some fields written anew; None leaves one out."""
    table = door.read_toml(door.DATA / "sensors" / f"{shipped}.toml", shipped)
    lines = [f"{key} = {value!r}" for key, value in table.items() if not isinstance(value, dict)]
    lines += [f"{key} = {value}" for key, value in change.items() if value is not None]
    lines += [
        f"{key} = {{ {', '.join(f'{name} = {part!r}' for name, part in value.items())} }}"
        for key, value in table.items()
        if isinstance(value, dict) and key not in change
    ]
    return "\n".join(lines) + "\n"


radar, skywave, satellite = (
    partial(profile, name) for name in ("an-tpy-2-terminal", "jorn-90", "geo-infrared")
)


def row(of: str, **fields: str) -> str:
    """One more sensor."""
    told_ = "".join(f"{name} = {text}\n" for name, text in fields.items())
    return f'[[sensors]]\nid = "JPN-X"\nnation = "JPN"\nprofile = "{of}"\n{told_}'


def told(first: str = "", **figures: float) -> str:
    parts = [first] if first else []
    return (
        "{ " + ", ".join([*parts, *(f"{name} = {figure(value)}" for name, value in figures.items())]) + " }"
    )


SITE = {"lat_deg": figure(38), "lon_deg": figure(138), "height_m": figure(10)}
ORBIT = {
    "perigee_km": 600,
    "apogee_km": 39_000,
    "inclination_deg": 63.4,
    "node_lon_deg": 0,
    "perigee_argument_deg": 270,
    "mean_anomaly_deg": 0,
}
WALKER = {"height_km": 1000, "inclination_deg": 60, "node_lon_deg": 0}

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
        "is not a known nation. Known: AUS, GBR, JPN, KOR, USA.",
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


SENSORS = {
    "a range without its cross-section": (
        f"[profiles.mine]\n{radar(search_range_km=figure(500, snr_db=13))}",
        "profiles.mine.search_range_km.cross_section_m2",
        "is missing: target cross-section the range holds for, m2.",
    ),
    "a brightness without its distance": (
        f"[profiles.mine]\n{satellite(sensitivity_w_per_sr=figure(5000))}",
        "profiles.mine.sensitivity_w_per_sr.range_km",
        "is missing: distance that the brightness holds for, km.",
    ),
    "a dwell without a share": (
        f"[profiles.mine]\n{radar(track_share=None)}",
        "profiles.mine.track_share",
        "is missing: track_dwell_ms and track_share belong together.",
    ),
    "faces that turn": (
        f"[profiles.mine]\n{radar(rotation_s=figure(2), faces=2, sector_deg=figure(90))}",
        "profiles.mine.rotation_s = 2.0",
        "has no place here: fixed faces do not turn.",
    ),
    "a fence with ends swapped": (
        f"[profiles.mine]\n{radar(fence_low_deg=figure(9), fence_high_deg=figure(2))}",
        "profiles.mine.fence_high_deg = 2.0",
        "must be above fence_low_deg = 9.0.",
    ),
    "a skywave ring inside out": (
        f"[profiles.mine]\n{skywave(range_min_km=figure(3000), range_max_km=figure(1000))}",
        "profiles.mine.range_max_km = 1000.0",
        "must be above range_min_km = 3000.0.",
    ),
    "a sector with ends swapped": (
        row("j-fps-5", **SITE, sector_edges_deg="[330, 210]"),
        "sensors.JPN-X.sector_edges_deg = [330.0, 210.0]",
        "The ends are swapped: write [210, 330].",
    ),
    "a satellite that grazes the air": (
        row("heo-infrared", orbit=told(**ORBIT | {"perigee_km": 120})),
        "sensors.JPN-X.orbit.perigee_km = 120.0",
        "must be at least 150 and at most 500000 km.",
    ),
    "an apogee below its perigee": (
        row("heo-infrared", orbit=told(**ORBIT | {"apogee_km": 400})),
        "sensors.JPN-X.orbit.apogee_km = 400.0",
        "must be at least perigee_km = 600.",
    ),
    "a constellation that grazes the air": (
        row("leo-wide-infrared", walker=told('pattern = "6/3/1"', **WALKER | {"height_km": 100})),
        "sensors.JPN-X-1.walker.height_km = 100.0",
        "must be at least 150 and at most 500000 km.",
    ),
    "a pattern that is none": (
        row("leo-wide-infrared", walker=told('pattern = "6/4/1"', **WALKER)),
        "sensors.JPN-X-1.walker.pattern = '6/4/1'",
        "must have planes of equal satellites.",
    ),
    "more satellites than one constellation has": (
        row("leo-wide-infrared", walker=told('pattern = "1200/12/1"', **WALKER)),
        "sensors.JPN-X.walker.pattern = '1200/12/1'",
        "must have at most 1000 satellites.",
    ),
    "a ship outside its times": (
        row("spy-6", moves=f"{{ points = [[0, 38, 134, 0], [900, 38.1, 134, 0]], {SAID} }}"),
        "sensors.JPN-X.moves = [0.0, 900.0]",
        "must cover the whole run, 0 to 1100 s.",
    ),
}


@pytest.mark.parametrize("wrong", SENSORS)
def test_a_sensor_that_cannot_be_is_refused_by_file_field_and_value(said, tmp_path, wrong):
    text, where, need = SENSORS[wrong]
    file = edited(tmp_path, ("[as_it_was]", f"{text}\n[as_it_was]"))
    first, second = said("check", file).rstrip("\n").split("\n")
    assert first.startswith(f"probe.toml: {where}")
    assert need in second


def test_a_constellation_below_the_air_is_refused_where_it_is_asked_about(said):
    text = said("coverage", "--walker", "28/4/1", "--height-km", "100", "--inclination-deg", "60")
    assert "100" in text.split("\n")[0]
    assert "must be at least 150 km" in text


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
        "mine/JPN.cedar: line 3: Nation = 'JPX'\n  is not a known nation. Known: AUS, GBR, JPN, KOR, USA.\n"
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
