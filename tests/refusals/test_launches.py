"""What `noroshi launches` refuses: one error that helps, exit code 2, nothing on standard output."""

import sys

import pytest

from noroshi.cli.main import main


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run the command with these arguments, which must be refused, and return what it says."""
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["noroshi", "launches", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        stdout, stderr = capsys.readouterr()
        assert (left.value.code, stdout) == (2, "")
        assert "Traceback" not in stderr
        return stderr

    return refused


@pytest.mark.parametrize(
    "arguments, text",
    [
        (
            ("--class", "icmb"),
            "--class = 'icmb'\n  is not a class of missile. Did you mean \"icbm\"?\n",
        ),
        (
            ("--class", "x"),
            "--class = 'x'\n  is not a class of missile. Known: hgv, icbm, irbm, mrbm, slbm, slv, srbm.\n",
        ),
        (("--class", ""), "--class = ''\n  is not a class of missile. Known: hgv, icbm, "),
        (("--since", "2022-13-01"), "--since = '2022-13-01'\n  is not a date. Write it as 2022-01-01.\n"),
        (("--since", "2022"), "--since = '2022'\n  is not a date."),
        (("--since", "20220101"), "--since = '20220101'\n  is not a date."),
        (("--since", "2022-W01-1"), "--since = '2022-W01-1'\n  is not a date."),
        (("--since", ""), "--since = ''\n  is not a date."),
        (("--file", "none.csv"), "none.csv\n  does not exist.\n"),
        (("--file", "."), ".\n  is a folder; name a file.\n"),
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_wrong_option_is_refused_in_words_that_help(said, arguments, text, as_json):
    assert said(*arguments, *as_json).startswith(text)


def test_a_wrong_row_is_refused_with_its_line(said, tmp_path):
    from noroshi.catalogue.record import COLUMNS

    row = dict.fromkeys(COLUMNS, "") | {"date_utc": "2030-01-02", "class": "icbm", "range_km": "far"}
    (tmp_path / "mine.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    assert said("--file", "mine.csv") == "mine.csv: line 2: range_km = 'far'\n  must be a number. Or empty.\n"


def test_an_option_that_nobody_knows_is_refused_with_the_way_to_help(said):
    assert "launches -h' for help." in said("--fast")
