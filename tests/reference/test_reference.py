"""Our flights against what others say of the same; the same cases stand in docs/validation.md."""

import json
import re
from dataclasses import replace

import pytest

from tests.reference import page
from tests.reference.cases import MARKS, Case, Group, absolute, digits, flown, share

KNOWN = [case for case in page.CASES if case.known_miss]
DUE = [case for case in page.CASES if not case.known_miss]


@pytest.mark.parametrize("case", DUE, ids=lambda case: case.id)
def test_a_case_is_met(case: Case):
    result = flown(case)
    assert result.met, f"{case.what}: {case.published} {case.unit} {case.tolerance.said}, ours {result.ours}"


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case.id)
def test_a_known_miss_still_misses(case: Case):
    # Else it must leave the list, so that the list stays true.
    assert not flown(case).met


def test_every_case_stands_on_the_page_and_nothing_else():
    told = re.findall(r"^\| `([^`]+)` \|", page.PAGE.read_text(), re.MULTILINE)
    assert sorted(told) == sorted(case.id for case in page.CASES), "make validation writes the page anew"


def test_every_case_has_a_name_of_its_own_and_a_source():
    assert len({case.id for case in page.CASES}) == len(page.CASES)
    assert all(case.source and case.mark in MARKS for case in page.CASES)


def test_what_is_from_memory_validates_nothing():
    # It may be shown to contradict itself, but no number of ours is held to it.
    for case in page.CASES:
        if case.mark == "claim":
            assert case.tolerance.below < 0
            assert case.tolerance.above == float("inf")
        assert "from memory" not in case.source


GROUP = Group("made", "Made", "Made up.", "Nobody.")
CASE = Case("made-up", GROUP, "a length", "nobody", "C", 100.0, "km", absolute(5.0), lambda: 0.0, ".1f")


@pytest.mark.parametrize(
    "near, ours, met",
    [
        (absolute(5.0), 95.0, True),
        (absolute(5.0), 105.1, False),
        (share(100.0, 0.02), 98.1, True),
        (share(100.0, 0.02), 97.9, False),
        (digits(1), 100.049, True),
        (digits(1), 100.051, False),
        (absolute(5.0), float("nan"), False),
    ],
)
def test_a_number_is_met_within_its_tolerance_and_not_beyond(near, ours, met):
    assert flown(replace(CASE, tolerance=near, compute=lambda: ours)).met is met


def test_the_page_begins_with_what_is_missed_and_why(tmp_path):
    good, bad = (
        flown(replace(CASE, id=name, compute=lambda ours=ours: ours, known_miss=cause))
        for name, ours, cause in (("near", 101.0, ""), ("far", 142.0, "Likely the wind."))
    )
    text, table = tmp_path / "page.md", tmp_path / "out" / "rows.json"
    page.write([good, bad], text, table)
    told = text.read_text()
    assert "**2 cases, 1 met, 1 missed.**" in told
    assert told.index("Likely the wind.") < told.index("## Made")
    assert "| `far` | a length | nobody [C] | 100 km | 142.0 | +42.0 | ± 5 | **no** |" in told
    rows = json.loads(table.read_text())
    assert [(row["case"], row["published"], row["ours"], row["pass"]) for row in rows] == [
        ("near", 100.0, 101.0, True),
        ("far", 100.0, 142.0, False),
    ]
