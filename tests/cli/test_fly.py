"""`noroshi fly` as a user meets it, in process: what is printed, what is written, what is refused."""

import io
import json
import sys

import jsonschema
import pytest

from noroshi.catalogue import grounded, schema
from noroshi.catalogue.record import SHIPPED
from noroshi.cli.main import main
from tests.cli.command import noroshi

OWN = ("--lat", "40", "--lon", "126", "--bearing-deg", "80", "--apogee-km", "150", "--range-km", "300")
WAY = "lat_deg,lon_deg,height_m,speed_mps\n40,130,100,250\n41,131,300,250\n40,132,200,250\n"


@pytest.fixture
def fly(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own; its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    # A quarter of the flights: what a spread holds is not asked here.
    monkeypatch.setattr(grounded, "DRAWS", 16)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["noroshi", "fly", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def said(fly, tmp_path):
    """What is said against a command line that must be refused; nothing is written."""

    def refused(*arguments: str) -> str:
        before = sorted(tmp_path.iterdir())
        code, stdout, stderr = fly(*arguments)
        assert (code, stdout) == (2, "")
        assert "Traceback" not in stderr
        assert sorted(tmp_path.iterdir()) == before
        return stderr

    return refused


def test_a_recorded_launch_is_flown_for_each_of_its_reports(fly):
    code, stdout, stderr = fly("2022-03-24")
    assert (code, stderr) == (0, "")
    japan, korea, claim = (
        stdout.index(text) for text in ("claim, Japan MoD", "claim, ROK JCS", "DPRK: no flight reaches")
    )
    assert japan < korea < claim
    assert "≥6,000 ± 25" in stdout and "~71 ± 1" in stdout
    assert "note: the apogee follows from the flight time" in stdout


def test_json_stands_alone_and_meets_its_schema(fly):
    code, stdout, stderr = fly("2022-10-03", "--json")
    assert (code, stderr) == (0, "")
    flight = json.loads(stdout)
    jsonschema.validate(flight, schema.flight_schema(), jsonschema.Draft202012Validator)
    assert [one["by"] for one in flight["reports"]] == ["Japan MoD", "ROK JCS"]
    assert stdout.count("\n") == 1


def test_figures_of_ones_own_are_flown_and_the_same_seed_says_the_same(fly):
    first, again, other = (fly(*OWN, "--json", "--seed", seed)[1] for seed in ("0", "0", "1"))
    assert first == again
    assert json.loads(first)["spread"] != json.loads(other)["spread"]
    assert json.loads(first)["range_km"] == pytest.approx(300, abs=0.1)


def test_the_track_has_the_step_that_was_asked_for(fly):
    flight = json.loads(fly(*OWN, "--json", "--step-s", "60")[1])
    assert [row[0] for row in flight["track"][:-1]] == [60.0 * i for i in range(len(flight["track"]) - 1)]


def test_a_way_is_flown_from_its_file(fly, tmp_path):
    (tmp_path / "patrol.csv").write_text(WAY)
    code, stdout, stderr = fly("--waypoints", "patrol.csv")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("patrol")
    flight = json.loads(fly("--waypoints", "patrol.csv", "--json")[1])
    jsonschema.validate(flight, schema.flight_schema(), jsonschema.Draft202012Validator)
    assert flight["track"][-1][1:3] == [40.0, 132.0]


def test_a_glider_banks_and_a_missile_fails_as_told(fly):
    glide = ("--lat", "40", "--lon", "126", "--bearing-deg", "80", "--apogee-km", "120", "--range-km")
    code, stdout, _ = fly(*glide, "2500", "--family", "glide", "--bank", "30:60,-30:60")
    assert code == 0 and "2,500.0" in stdout
    code, stdout, _ = fly(*OWN, "--fails-at-s", "20")
    assert code == 0 and "note: fails at 20 s (thrust-loss); planned: apogee 150 km" in stdout


def test_a_record_of_ones_own_is_flown_from(fly, tmp_path):
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("2022-10-03"))
    mine = row.replace("2022-10-03", "2030-01-02", 1)
    (tmp_path / "mine.csv").write_text(f"{lines[0]}\n{mine}\n", encoding="utf-8")
    code, stdout, stderr = fly("2030-01-02", "--file", "mine.csv")
    assert (code, stderr) == (0, "")
    assert stdout.startswith("2030-01-02")


def test_the_picture_is_written_where_told(fly, tmp_path):
    code, stdout, stderr = fly(*OWN, "--plot", "flight.png")
    assert (code, stderr) == (0, "")
    assert stdout.endswith("Picture: flight.png\n")
    assert (tmp_path / "flight.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(fly(*OWN, "--plot", "flight.svg", "--json")[1])["name"] == "flight"
    assert (tmp_path / "flight.svg").exists()


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("more, shown", [((), True), (("--json",), False)])
def test_progress_is_shown_on_a_terminal_alone_and_never_with_json(fly, monkeypatch, more, shown):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    code, stdout, _ = fly(*OWN, *more)
    assert code == 0
    assert ("fit" in terminal.getvalue()) is shown
    assert "\x1b[2K" not in stdout


def other(option: str, value: str) -> tuple[str, ...]:
    """Own figures, with one of them or another option changed."""
    return (*OWN, option, value)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("2099-01-01",), "2099-01-01\n  is no launch of the record."),
        (("2022-10-03", "--lat", "4"), "NAME = '2022-10-03'\n  is given together with figures."),
        ((), "--lat\n  is missing. Give a recorded launch's name"),
        (other("--lat", "95"), "--lat = 95.0\n  must lie between -90 and 90 deg."),
        (other("--height-m", "-10000"), "--height-m = -10000.0\n  must lie between -500 and 9,000 m"),
        (other("--family", "nope"), "--family = 'nope'\n  is not a known family of flights."),
        (other("--burn-s", "100000"), "srbm: burn_s = 100000.0\n  must be above 0 and at most 600 s."),
        (other("--range-km", "-5"), "--range-km = '-5'\n  must lie between 1 and 20000."),
        (other("--range-km", "far"), "--range-km = 'far'\n  is not a figure."),
        (other("--plot", "x.gif"), "--plot = 'x.gif'\n  must end in .png, .svg or .pdf."),
        (other("--plot", "no/such/x.png"), "no/such/x.png\n  cannot be written: No such file or directory."),
        (
            other("--flight-time-min", "1"),
            "flight: no flight reaches 150 km and 300 km within 1.0 min: without air and boost the arc alone",
        ),
        (
            other("--flight-time-min", "60"),
            "flight: no flight of family srbm that meets apogee and end takes",
        ),
        (other("--apogee-km", "2"), "flight: no flight meets apogee 2 km with range 300 km: the nearest has"),
        (other("--bank", "30:20"), 'flight: a body of family "ballistic" has no lift to bank with'),
        (other("--fails-at-s", "9999"), "flight: nothing can fail at 9999 s: the flight ends after"),
        (
            ("--waypoints", "patrol.csv", "2022-10-03"),
            "--waypoints = 'patrol.csv'\n  is given together with a launch or its figures.",
        ),
        (("--waypoints", "none.csv"), "none.csv\n  does not exist."),
        (("2022-10-03", "--file", "none.csv"), "none.csv\n  does not exist."),
    ],
)
def test_what_cannot_be_flown_is_refused_in_words(said, arguments, text):
    assert said(*arguments).startswith(text)


@pytest.mark.parametrize(
    "option, value", [("--step-s", "0"), ("--step-s", "nan"), ("--seed", "-1"), ("--lat", "north")]
)
def test_an_option_that_is_no_number_of_its_kind_is_refused_with_the_way_to_help(said, option, value):
    text = said(*other(option, value))
    assert option in text and "noroshi fly -h' for help." in text


def test_a_way_that_cannot_be_flown_is_refused_by_its_waypoint(said, tmp_path):
    (tmp_path / "patrol.csv").write_text(WAY.replace("41,131,300", "40,130,300"))
    assert said("--waypoints", "patrol.csv").startswith("waypoints.1 = (40.0, 130.0)\n  must not be where")


def test_a_process_of_its_own_answers_in_the_same_way(tmp_path):
    done = noroshi("fly", *OWN, "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["range_km"] == pytest.approx(300, abs=0.1)
    done = noroshi("fly", *other("--lat", "95"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_help_explains_every_option_and_has_an_example(tmp_path):
    text = noroshi("fly", "--help", cwd=tmp_path).stdout
    options = ("--lat", "--bearing-deg", "--apogee-km", "--family", "--bank", "--fails-at-s", "--waypoints")
    assert all(option in text for option in (*options, "--plot", "--json", "--file", "--seed"))
    assert "Example: noroshi fly" in text
