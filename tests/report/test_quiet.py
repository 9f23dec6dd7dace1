"""The report of a run without a launch."""

import re
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from noroshi.report import quiet_plot
from noroshi.report.folder import read_run
from noroshi.report.html import page
from noroshi.report.names import NBSP
from noroshi.report.quiet import KINDS, MOST_ALERTS
from noroshi.report.text import answer, comparison
from tests.report import made

FIELDS = ("launch_reports", "confirmed_tracks", "alerts")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return read_run(made.write_quiet(tmp_path_factory.mktemp("quiet") / "run"))


def prose(text):
    body = ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    return re.sub(r"\s+", " ", " ".join(body.itertext()).replace(NBSP, " "))


def printed(run):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(comparison(run))
    return console.export_text()


def test_the_first_sentence_says_what_sharing_adds_to_false_claims_and_what_it_removes(quiet):
    first = answer(quiet)[0]
    assert first.startswith("In 30 days without a launch, nations under hub claim")
    assert "4 alerts (national 0: JPN 1 instead of 0, KOR 3 instead of 0)" in first
    assert "2 launch reports (national 3: JPN 1 instead of 2)" in first
    assert "10 confirmed tracks (national 10)" in first
    assert first.endswith("all false.")


def test_every_count_of_every_nation_under_every_arm_is_said(quiet):
    said = answer(quiet)
    assert any("bilateral claim 1 alert (national 0: JPN 1 instead of 0)" in one for one in said)
    line = "False under hub: alerts JPN 1, KOR 3, USA 0; launch reports JPN 1, KOR 0, USA 1; "
    assert f"{line}confirmed tracks JPN 5, KOR 1, USA 4." in said
    assert "no forecast" in said[-1]


def test_arms_that_claim_the_same_share_a_sentence(tmp_path):
    claimed = {"national": {"JPN": (1, 1, 0)}, "bilateral": {"JPN": (1, 2, 0)}, "hub": {"JPN": (1, 2, 0)}}
    said = answer(read_run(made.write_quiet(tmp_path / "run", claimed)))
    assert "nations under hub and bilateral claim" in said[0]
    assert sum("without a launch" in one for one in said) == 1


def test_one_arm_alone_is_told_without_comparing(tmp_path):
    said = answer(read_run(made.write_quiet(tmp_path / "run", {"hub": {"JPN": (1, 2, 3)}}, days=0.25)))
    assert said[0] == "False under hub: alerts JPN 3; launch reports JPN 1; confirmed tracks JPN 2."
    assert not any("instead of" in one for one in said)


@pytest.mark.parametrize(
    "days, said", [(30.0, "30 days"), (1.0, "1 day"), (0.25, "6 hours"), (1.5, "1.5 days")]
)
def test_the_length_of_a_run_is_told_in_its_own_unit(tmp_path, days, said):
    first = answer(read_run(made.write_quiet(tmp_path / "run", days=days)))[0]
    assert first.startswith(f"In {said} without")


def test_the_terminal_table_holds_every_nation_and_arm_and_scales_a_shorter_run_to_a_month(quiet, tmp_path):
    text = printed(quiet)
    for word in ("JPN", "KOR", "USA", "national", "bilateral", "hub*", "false alerts", "EXERCISE"):
        assert word in text
    assert "in 30 days" not in text
    short = printed(read_run(made.write_quiet(tmp_path / "run", {"national": {"JPN": (1, 2, 3)}}, days=3.0)))
    row = next(line for line in short.splitlines() if "JPN" in line)
    assert re.findall(r"\d+", row) == ["3", "30", "1", "10", "2", "20"]


def test_the_lines_of_the_picture_end_at_the_counts_of_the_summary(quiet):
    for arm in quiet.arms:
        for nation, three in made.QUIET[arm.name].items():
            for kind, number in zip(FIELDS, three, strict=True):
                times = quiet_plot.times(arm, nation, kind)
                assert len(times) == number
                assert times == sorted(times)
    assert set(KINDS) == set(FIELDS)


@pytest.mark.parametrize("days", [0.25, 1.0, 5.0, 30.0])
def test_the_page_tells_claims_and_their_causes_and_draws_no_flight(tmp_path, days):
    run = read_run(made.write_quiet(tmp_path / "run", days=days))
    text = page(run)
    body = prose(text)
    for said in (
        "What was claimed, all of it false",
        "What was really there",
        "1,234",
        "3 airliners",
        "<Aomori>",
    ):
        assert said in body
    for left_out in (
        "On the map",
        "Where the time went",
        "Who knew what",
        "T is the launch",
        "Who saw it first",
    ):
        assert left_out not in body
    assert "nan" not in re.findall(r"\w+", body) and "None" not in body
    assert page(run) == text


def test_alerts_are_listed_with_their_cause_and_how_long_they_stood(quiet):
    body = prose(page(quiet))
    # The first of three in thirty days.
    assert "day 8, 12:00 KOR <Aomori> airliner 10 min" in body


def test_a_flood_of_alerts_is_counted_and_not_listed_to_its_end(tmp_path):
    claimed = {"national": {"JPN": (0, 0, 3 * MOST_ALERTS)}}
    body = prose(page(read_run(made.write_quiet(tmp_path / "run", claimed))))
    assert body.count("airliner 10 min") == MOST_ALERTS
    assert f"{3 * MOST_ALERTS} airliners" in body


@pytest.mark.parametrize(
    "asked",
    [
        {"background": False},
        {"claimed": {"hub": {}}},
        {"claimed": {"hub": {"XYZ": (0, 0, 0)}}},
        {"duration_s": 0.0},
        {"sensors": [], "versions": {}, "assumptions": [], "sources": [], "title": "", "description": ""},
    ],
    ids=str,
)
def test_a_quiet_run_may_lack_almost_anything(tmp_path, asked):
    body = prose(page(read_run(made.write_quiet(tmp_path / "run", **asked))))
    assert "EXERCISE" in body
    assert "nan" not in re.findall(r"\w+", body) and "None" not in body


def test_a_gain_in_time_is_told_beside_how_to_count_false_claims(run, tmp_path):
    assert "`noroshi run quiet-month`" in answer(run)[-1]
    alone = read_run(made.write_run(tmp_path / "alone", arms=["hub"]))
    assert not any("quiet-month" in one for one in answer(alone))
