"""The page: one file that needs nothing else, the same for the same run, readable without seeing it."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from noroshi.report.folder import read_run
from noroshi.report.html import page, write_report
from noroshi.report.names import NBSP
from tests.report import made

SVG = "{http://www.w3.org/2000/svg}"
XHTML = "{http://www.w3.org/1999/xhtml}"


def parsed(text):
    """The page as XML: that it parses is the proof that it is well-formed."""
    return ET.fromstring(text.removeprefix("<!DOCTYPE html>\n"))


def prose(text):
    """What a reader reads."""
    return re.sub(r"\s+", " ", "".join(parsed(text).itertext()).replace(NBSP, " "))


def test_the_page_asks_nothing_of_anybody(report):
    loads = []

    class Loads(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag not in ("script", "link", "iframe", "img", "object", "embed", "base", "form")
            loads.extend(
                (tag, name, value)
                for name, value in attrs
                if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster")
            )

    Loads().feed(report)
    assert loads
    assert all(value.startswith("#") for _, _, value in loads)
    assert all(one.startswith("#") for one in re.findall(r"url\(([^)]+)\)", report))
    assert "@import" not in report


def test_every_link_inside_the_page_leads_somewhere(report):
    ids = [one.get("id") for one in parsed(report).iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    wanted = re.findall(r'(?:href="#|url\(#)([^")]+)', report)
    assert set(wanted) <= set(ids)


def test_the_page_is_well_formed_and_keeps_strange_words_as_words(report):
    assert "A missile over <Tohoku> & beyond" in prose(report)
    assert "J-ALERT to <Hokkaido> & others." in prose(report)
    assert "https://example.org/a?b=1&c=2" in prose(report)


def test_the_same_run_gives_the_same_bytes(folder, report, tmp_path):
    again = made.write_run(tmp_path / "elsewhere", extras=made.some_extras())
    assert write_report(again).read_text() == report
    assert not list(again.glob("*.part"))


def test_the_page_stays_below_a_megabyte(report):
    assert len(report.encode()) < 1_000_000


def test_every_figure_has_a_title_and_a_description_to_be_read_aloud(report):
    figures = list(parsed(report).iter(f"{SVG}svg"))
    assert len(figures) > 10
    for figure in figures:
        assert figure.get("role") == "img"
        assert figure.find(f"{SVG}title").text
        assert figure.find(f"{SVG}desc").text


def test_no_chance_and_no_clock_is_left_in_the_figures(report):
    assert "dc:date" not in report
    assert "<metadata" not in report


def test_the_page_is_marked_as_an_exercise_at_both_ends(report):
    body = prose(report)
    assert body.count("EXERCISE") == 2
    assert body.count("Not certified for safety of life") == 2
    assert "public data" in body


def test_arrangements_that_did_not_exist_are_marked(report):
    heads = [
        "".join(one.itertext())
        for one in parsed(report).iter(f"{XHTML}th")
        if "hub" in "".join(one.itertext())
    ]
    assert heads
    assert all("retroactive" in one for one in heads if one.startswith("hub"))
    assert not any("bilateral retroactive" in one for one in heads)


@pytest.mark.parametrize(
    "said",
    [
        "1 lost",  # what a link lost
        "the policy is <silent> (silence)",  # a refusal with its reason and rule
        "T+250 s, 73 s before",  # the alert of an area against the flight over it
        "high: never",  # the end of a tornado at which nobody is alerted
        "Most hangs on this: Land hides",
        "18",  # seeds in which both arms alert
        "NO",  # a figure that does not agree with the record
        "sensors.JPN-Sado.lon_deg",
        "38 to 38.2",
        "https://example.org/source",
        "numpy2.0",
        "seed7",
        "ab" * 32,
    ],
)
def test_the_page_tells(report, said):
    assert said in prose(report)


def test_the_answer_comes_before_everything_else(report):
    body = prose(report)
    assert body.index("its people are alerted 40 s earlier") < body.index("Who knew what, and when")


@pytest.mark.parametrize(
    "asked",
    [
        {"arms": ["hub"]},
        {"arms": ["national"], "as_it_was": False},
        {"arms": ["direct", "bilateral"]},
        {"arms": []},
        {"alert_s": dict.fromkeys(made.ARMS)},
        {"nations": ()},
        {"nations": ("AUS", "XYZ")},
        {"launches": ()},
        {"launches": ("L1", "L2")},
        {"extras": {}},
        {"extras": {"spread": None, "checks": [], "tornado": {"rows": []}}},
        {"sensors": [], "versions": {}, "assumptions": [], "sources": [], "title": "", "description": ""},
    ],
    ids=str,
)
def test_a_run_may_lack_almost_anything(tmp_path, asked):
    body = prose(page(read_run(made.write_run(tmp_path / "run", **asked))))
    assert "EXERCISE" in body
    assert "nan" not in re.findall(r"\w+", body)
    assert "None" not in body


def test_without_the_truth_there_are_maps_still(tmp_path):
    folder = made.write_run(tmp_path / "run", arms=["bilateral", "hub"])
    for path in folder.glob("*/truth.parquet"):
        path.unlink()
    assert "On the map" in prose(page(read_run(folder)))


def test_two_launches_have_a_table_each(tmp_path):
    body = prose(page(read_run(made.write_run(tmp_path / "run", launches=("L1", "L2")))))
    assert body.count("Launch L1") == 2
    assert body.count("Launch L2") == 2
