"""The documents point at what exists, and the schemas at what they describe."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.house.house import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SCHEMA = json.loads((ROOT / "src" / "noroshi" / "data" / "schema" / "summary.schema.json").read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_example_of_a_summary_meets_its_schema():
    page = (ROOT / "docs" / "reference" / "summary.md").read_text()
    example = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(example, SCHEMA)


@pytest.mark.parametrize("spoil", ["extra", "missing", "text"])
def test_a_summary_of_another_shape_is_refused(spoil):
    summary = {"scenario": "a", "seed": 0, "as_it_was": {"alert_s": {}}, "arms": {"hub": {"launches": []}}}
    jsonschema.validate(summary, SCHEMA)
    if spoil == "extra":
        summary["truth"] = {}
    elif spoil == "missing":
        del summary["as_it_was"]
    else:
        summary["seed"] = "zero"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(summary, SCHEMA)
