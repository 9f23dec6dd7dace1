"""What `noroshi coverage` refuses: one error that helps, exit code 2, nothing on standard output."""

import sys

import pytest

from noroshi.cli.main import main
from tests.flight.test_elements import PUBLISHED

T1 = ("--walker", "28/4/1", "--height-km", "1000", "--inclination-deg", "81")


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run the command with these arguments, which must be refused, and return what it says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.tle").write_text(PUBLISHED["00005"][0] + "\n", encoding="utf-8")

    def refused(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["noroshi", "coverage", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        stdout, stderr = capsys.readouterr()
        assert (left.value.code, stdout) == (2, "")
        assert "Traceback" not in stderr
        assert [path.name for path in tmp_path.iterdir()] == ["one.tle"]
        return stderr

    return refused


def walker(text, height="1000", inclination="81"):
    return ("--walker", text, "--height-km", height, "--inclination-deg", inclination)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((), "--walker\n  is missing. Give --walker T/P/F with"),
        (("--walker", "28/4/1"), "--height-km\n  is missing."),
        (("--walker", "28/4/1", "--height-km", "1000"), "--inclination-deg\n  is missing."),
        (walker("28/5/1"), "walker 28/5/1: planes = 5\n  must divide the 28 satellites into equal planes."),
        (walker("28/4/4"), "walker 28/4/4: phasing = 4\n  must be from 0 to 3"),
        (walker("0/1/0"), "walker 0/1/0: total = 0\n  must be a whole number, 1 or more."),
        (walker("28/4"), "--walker = '28/4'\n  is no Walker pattern. Write satellites/planes/phasing"),
        (walker("30000/3/1"), "--walker = '30000/3/1'\n  must have at most 20,000 satellites."),
        (walker("28/4/1", "149"), "walker 28/4/1: height_km = 149.0\n  must be at least 150 km"),
        (walker("28/4/1", "high"), "--height-km = 'high'\n  must be a number."),
        (walker("28/4/1", "nan"), "--height-km = 'nan'\n  must be a number."),
        (walker("28/4/1", "1000", "181"), "walker 28/4/1: inclination_deg = 181.0\n  must be from 0 to 180"),
        (walker("28/4/1", "800,1000"), "--height-km\n  is given 2 times for 1 constellation."),
        ((*T1, "--pattern", "rose"), "--pattern = 'rose'\n  must be delta (planes over 360°) or star"),
        (
            (*T1, "--limb", "--min-elevation-deg", "5"),
            "--limb\n  is given together with --min-elevation-deg. Give one or the other.\n",
        ),
        ((*T1, "--min-elevation-deg", "91"), "--min-elevation-deg = 91.0\n  must lie between -90 and 89."),
        ((*T1, "--target-km", "-1"), "--target-km = -1.0\n  must lie between 0 and 2000."),
        ((*T1, "--crossing-deg", "100"), "--crossing-deg = 100.0\n  must lie between 0 and 90."),
        ((*T1, "--points", "5"), "--points = 5\n  must lie between 100 and 1e+06."),
        ((*T1, "--steps", "0"), "--steps = 0\n  must lie between 1 and 100000."),
        ((*T1, "--band", "50,20"), "--band = '50,20'\n  must go from south to north"),
        ((*T1, "--band", "20,95"), "--band = '20,95'\n  must go from south to north"),
        ((*T1, "--band", "20"), "--band = '20'\n  is no band of latitude. Write south,north"),
        ((*T1, "--band", "20,20.01"), "--band = '20,20.01'\n  holds fewer than 30 of the 4,000 places."),
        ((*T1, "--intensity-w-per-sr", "1"), "--threshold-w-per-m2\n  is missing."),
        ((*T1, "--threshold-w-per-m2", "1"), "--intensity-w-per-sr\n  is missing."),
        ((*T1, "--threshold-w-per-m2", "0"), "--threshold-w-per-m2 = 0.0\n  must lie between"),
        ((*T1, "--earth", "flat"), "--earth = 'flat'\n  must be one of sphere, still, wgs84."),
        ((*T1, "--start", "2026-01-01"), "--start = '2026-01-01'\n  belongs to --elements."),
        ((*T1, "--plot", "seen.gif"), "--plot = 'seen.gif'\n  must end in .png, .svg or .pdf."),
        ((*T1, "--criterion", "p2>=0.9"), "--criterion = 'p2>=0.9'\n  belongs to a search."),
        ((*T1, "--total", "3"), "--total = '3'\n  belongs to a search."),
        ((*T1, "--nations", "USA,japan"), "--nations = 'japan'\n  must be three capital letters"),
        ((*T1, "--nations", "USA,USA"), "--nations = 'USA'\n  is given twice."),
        ((*T1, "--nations", "USA=14,JPN"), "--nations = 'USA=14,JPN'\n  gives a number to some and not"),
        ((*T1, "--nations", "USA=0"), "--nations = 'USA=0'\n  must be a whole number of satellites"),
        ((*T1, "--nations", "USA=14,JPN=7"), "--nations = 'USA=14,JPN=7'\n  gives out 21 satellites of 28."),
        ((*walker("2/1/0"), "--nations", "USA,JPN,KOR"), "--nations = 'USA,JPN,KOR'\n  are 3 nations for 2"),
        (
            (*T1, "--walker", "3/3/0", "--nations", "USA,JPN,KOR"),
            "--nations = 'USA,JPN,KOR'\n  are 3 nations for 2 constellations.",
        ),
        (("--search", "--nations", "USA=4"), "--nations = 'USA=4'\n  gives numbers, and a search does not"),
        (("--search", "--net", "public"), "--rcs-m2\n  is missing."),
        (("--net", "public"), "--rcs-m2\n  is missing. How far a radar sees depends on the target's"),
        (("--net", "nowhere", "--rcs-m2", "1"), "nowhere\n  is neither a shipped scenario nor a file."),
        (("--net", "public", "--rcs-m2", "0"), "--rcs-m2 = 0.0\n  must lie between"),
        ((*T1, "--rcs-m2", "1"), "--rcs-m2 = 1.0\n  belongs to a net."),
        (
            ("--net", "japan-2022-10-04", "--rcs-m2", "1", "--nations", "JPN,GBR"),
            "--nations = 'GBR'\n  has no sensor in the net japan-2022-10-04.",
        ),
        (
            ("--net", "public", "--rcs-m2", "1", "--earth", "still"),
            "--earth = 'still'\n  is no Earth for real places.",
        ),
        (("--flight", "2024-01-14"), "--walker\n  is missing."),
        ((*T1, "--flight", "2024-01-14"), "--threshold-w-per-m2\n  is missing. How far a satellite sees"),
        (("--net", "public", "--flight", "1999"), "1999\n  is no launch of the record."),
        (
            ("--net", "public", "--flight", "2024-01-14", "--band", "20,50"),
            "--band = '20,50'\n  is asked of places, not of a flight.",
        ),
        (
            ("--search", "--flight", "2024-01-14"),
            "--search\n  is asked of places, not of a flight. Leave it out, or leave --flight out.",
        ),
        (("--elements", "none.tle"), "none.tle\n  does not exist.\n"),
        (("--elements", "one.tle", "--height-km", "1000"), "--height-km\n  is given 1 times for 0"),
        (
            ("--elements", "one.tle", "--earth", "still"),
            "--earth = 'still'\n  is no Earth for real satellites.",
        ),
        (("--elements", "one.tle", "--start", "soon"), "--start = 'soon'\n  is no date and time."),
        (("--search", "--walker", "28/4/1"), "--walker = '28/4/1'\n  is given together with --search."),
        (("--search", "--elements", "one.tle"), "--elements = 'one.tle'\n  is given together with --search."),
        (("--search", "--height-km", "100"), "--height-km = 100.0\n  must lie between 150 and 400000 km."),
        (("--search", "--inclination-deg", "200"), "--inclination-deg = 200.0\n  must lie between 0 and 180"),
        (("--search", "--total", "9-4"), "--total = '9-4'\n  is no list of whole numbers. Write 4-40 or 4,8"),
        (("--search", "--planes", "0"), "--planes = '0'\n  is no list of whole numbers."),
        (("--search", "--criterion", "p3>=1"), "--criterion = 'p3>=1'\n  is no criterion. Write p1>=0.99"),
        (("--search", "--criterion", "gap>=9"), "--criterion = 'gap>=9'\n  is no criterion."),
        (("--search", "--criterion", "p1<=0.5"), "--criterion = 'p1<=0.5'\n  is no criterion."),
        (
            ("--search", "--criterion", "p1>=99"),
            "--criterion = 'p1>=99'\n  needs a share above 0 and at most",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_that_help(said, arguments, text):
    assert said(*arguments).startswith(text)


def test_a_picture_that_cannot_be_written_is_refused(said):
    small = ("--points", "500", "--steps", "4", "--earth", "still")
    assert said(*T1, *small, "--plot", "no/such/seen.png").startswith(
        "no/such/seen.png\n  cannot be written:"
    )


def test_json_refuses_in_the_same_way(said):
    assert said(*walker("28/5/1"), "--json").startswith("walker 28/5/1: planes = 5")


def test_an_option_that_nobody_knows_is_refused_with_the_way_to_help(said):
    assert "coverage -h' for help." in said("--fast")
