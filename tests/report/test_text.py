"""The answer in words."""

import pytest
from rich.console import Console

from noroshi.report.folder import read_run
from noroshi.report.names import NBSP
from noroshi.report.text import answer, comparison
from tests.report import made


def words(tmp_path, **asked):
    return " ".join(answer(read_run(made.write_run(tmp_path / "run", **asked)))).replace(NBSP, " ")


def printed(run):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(comparison(run))
    return console.export_text().replace(NBSP, " ")


def test_the_first_sentence_says_what_the_hub_buys_over_bilateral(run):
    first = answer(run)[0].replace(NBSP, " ")
    assert "hub" in first
    assert "bilateral" in first
    assert "Japan: its people are alerted 40 s earlier, at T+190 s instead of T+230 s" in first
    assert "2.1 times smaller (280 km instead of 600 km)" in first


def test_an_arrangement_that_did_not_exist_is_said_to_be_so(run):
    assert "did not exist then" in answer(run)[0]


@pytest.mark.parametrize(("hub_s", "little"), [(230.0, True), (221.0, True), (239.0, True), (219.0, False)])
def test_a_gain_below_ten_seconds_is_called_little(tmp_path, hub_s, little):
    said = words(
        tmp_path,
        arms=["bilateral", "hub"],
        alert_s={"bilateral": 230.0, "hub": hub_s},
        at_alert_km={"bilateral": 300.0, "hub": 290.0},
    )
    assert ("buys little here over bilateral" in said) is little
    assert f"T+{hub_s:.0f} s" in said


def test_a_loss_is_not_sold_as_a_gain(tmp_path):
    said = words(
        tmp_path,
        arms=["bilateral", "hub"],
        alert_s={"bilateral": 230.0, "hub": 290.0},
        at_alert_km={"bilateral": 300.0, "hub": 300.0},
    )
    assert "buys nothing here" in said
    assert "alerted 60 s later" in said


@pytest.mark.parametrize(
    ("bilateral_s", "hub_s", "said"),
    [
        (None, 190.0, "only under hub its people are alerted, at T+190 s"),
        (230.0, None, "under hub it no longer alerts its people (under bilateral at T+230 s)"),
    ],
)
def test_an_alert_that_only_one_arm_brings_is_named(tmp_path, bilateral_s, hub_s, said):
    alert_s = {"bilateral": bilateral_s, "hub": hub_s}
    assert said in words(tmp_path, arms=["bilateral", "hub"], alert_s=alert_s)


def test_one_arm_alone_is_told_without_comparing(tmp_path):
    said = words(tmp_path, arms=["national"])
    assert "Under national, people in Japan are alerted at T+240 s" in said
    assert "No alert in the Republic of Korea and the United States" in said
    assert "buys" not in said


def test_the_day_stands_beside_an_arm_that_existed(run):
    said = " ".join(answer(run)).replace(NBSP, " ")
    assert "As it was, the alerts reached Hokkaido at T+300 s and Aomori at T+420 s" in said
    assert "in the model under bilateral, Hokkaido at T+290 s and Aomori at T+230 s" in said


def test_a_spread_that_begins_at_nothing_is_doubted(run):
    said = " ".join(answer(run))
    assert "Over 20 seeds" in said
    assert "it may be nothing" in said


def test_each_launch_has_its_own_answer(tmp_path):
    said = words(tmp_path, launches=["L1", "L2"])
    assert "L1: What hub" in said
    assert "L2: Hub" in said


def test_the_terminal_table_holds_every_nation_and_arm_beside_the_day(run):
    text = printed(run)
    for word in ("JPN", "KOR", "USA", "national", "bilateral", "hub*", "direct*", "as it was", "EXERCISE"):
        assert word in text
    assert "T+190 s" in text
    assert "280 × 60 km" in text
    assert "T+420 s" in text


def test_the_terminal_table_needs_no_alert_and_no_nation(tmp_path):
    alert_s = dict.fromkeys(made.ARMS)
    assert "–" in printed(made.write_run(tmp_path / "quiet", alert_s=alert_s, as_it_was=False))
    assert "EXERCISE" in printed(made.write_run(tmp_path / "empty", nations=()))
