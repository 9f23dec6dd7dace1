"""What `noroshi sensors` refuses: one error that helps, exit code 2, nothing on standard output."""

import sys

import pytest

from noroshi.cli.main import main


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run the command with these arguments, which must be refused, and return what it says."""
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["noroshi", "sensors", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        stdout, stderr = capsys.readouterr()
        assert (left.value.code, stdout) == (2, "")
        assert "Traceback" not in stderr
        assert list(tmp_path.iterdir()) == []
        return stderr

    return refused


@pytest.mark.parametrize(
    "arguments, text",
    [
        (
            ("--nation", "PRK"),
            "--nation = 'PRK'\n  has no sensors in the catalogue. Known: AUS, GBR, JPN, KOR, USA.\n",
        ),
        (("--nation", "JPN", "--nation", "Japan"), "--nation = 'Japan'\n  has no sensors in the catalogue."),
        (("--nation", ""), "--nation = ''\n  has no sensors in the catalogue."),
        (
            ("--kind", "infared"),
            "--kind = 'infared'\n  is not a kind of sensor. Did you mean \"infrared\"?\n",
        ),
        (("--kind", "x"), "--kind = 'x'\n  is not a kind of sensor. Known: infrared, radar, skywave.\n"),
        (("--kind", ""), "--kind = ''\n  is not a kind of sensor."),
        (("JPN-Sadu",), "sensor = 'JPN-Sadu'\n  is not in the catalogue. Did you mean \"JPN-Sado\"?\n"),
        (("x",), "sensor = 'x'\n  is not in the catalogue. noroshi sensors lists them.\n"),
        (("",), "sensor = ''\n  is not in the catalogue."),
        (
            ("JPN-Sado", "--nation", "JPN"),
            "--nation = ['JPN']\n  has no place beside the name of a sensor. Leave it out.\n",
        ),
        (("JPN-Sado", "--kind", "radar"), "--kind = 'radar'\n  has no place beside the name of a sensor."),
        (("--plot", "map.bmp"), "--plot = 'map.bmp'\n  must end in .png, .svg or .pdf.\n"),
        (("--plot", "none/map.svg", "--nation", "AUS"), "none/map.svg\n  cannot be written: No such file"),
        (
            ("--nation", "KOR", "--kind", "infrared", "--plot", "map.svg"),
            "--plot = 'map.svg'\n  has nothing to show: no sensor is of that nation and kind.\n",
        ),
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_wrong_option_is_refused_in_words_that_help(said, arguments, text, as_json):
    assert said(*arguments, *as_json).startswith(text)


def test_an_option_that_nobody_knows_is_refused_with_the_way_to_help(said):
    assert "sensors -h' for help." in said("--fast")
