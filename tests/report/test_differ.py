"""National assessments side by side."""

import json
import re

import pytest

from noroshi.report.folder import read_run
from noroshi.report.html import page
from noroshi.report.names import NBSP
from tests.report import made


def row(nation, lat_deg, kind="ballistic"):
    return {
        "nation": nation, "time_s": 210.0, "impact_lat_deg": lat_deg, "impact_lon_deg": -170.5,
        "semi_major_km": 300.0, "semi_minor_km": 40.0, "impact_time_s": 1400.0, "kind": kind,
        "kind_probability": 0.7,
    }  # fmt: skip


def lines(*differ):
    """Three who tell at T+212 s, and before and after that only two."""
    line = {"node": "JPN", "event": "assessments", "track": "JPN-T1", "differ": []}
    two, three = (
        [row("JPN", 40.0), row("merged", 40.0)],
        [row(name, 41.0) for name in ("JPN", "KOR", "merged")],
    )
    return [
        {**line, "t_s": 200.0, "told": two},
        {**line, "t_s": 212.0, "told": three, "differ": list(differ)},
        {**line, "t_s": 300.0, "told": two},
    ]


def said(tmp_path, told):
    """The words of the page's section, from a run whose journals hold these lines too; "" without one."""
    folder = made.write_run(tmp_path / "run", arms=("national", "hub"))
    with (folder / "hub" / "journal").open("a") as file:
        file.write("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in told))
    found = re.search(r'<section><h2 id="differ">(.*?)</section>', page(read_run(folder)), re.DOTALL)
    return re.sub(r"<[^>]*>", " ", found[1]).replace(NBSP, " ") if found else ""


def test_the_last_time_with_most_nations_is_shown_with_its_verdicts(tmp_path):
    verdict = "differs by 4.2 sigma in impact time: 60 s apart"
    text = said(tmp_path, lines({"between": ["KOR", "merged"], "about": "impact time", "verdict": verdict}))
    assert "T+212 s" in text and "T+300 s" not in text and "T+200 s" not in text
    assert f"Republic of Korea and all together: {verdict}" in text
    assert "41.00° N, 170.50° W" in text and "300 × 40 km" in text and "ballistic, 70%" in text


def test_who_agrees_is_said_to_agree(tmp_path):
    assert "They agree" in said(tmp_path, lines())


@pytest.mark.parametrize("told", [[], [{**lines()[0], "node": "KOR"}]], ids=["none", "of another nation"])
def test_without_assessments_of_the_nation_there_is_no_section(tmp_path, told):
    assert said(tmp_path, told) == ""
