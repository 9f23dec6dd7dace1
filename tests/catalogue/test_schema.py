import json
import tomllib
from datetime import datetime

import jsonschema
import pytest

from noroshi.catalogue import door, schema
from noroshi.catalogue.template import new_scenario


@pytest.mark.parametrize("name", schema.FILES)
def test_the_schema_file_is_what_the_models_say(name):
    on_disk = (door.DATA / "schema" / name).read_text(encoding="utf-8")
    assert on_disk == schema.as_text(schema.FILES[name]()), "run: python -m noroshi.catalogue.schema"
    jsonschema.Draft202012Validator.check_schema(json.loads(on_disk))


def plain(table):
    """TOML as JSON would say it."""
    return json.loads(
        json.dumps(table, default=lambda value: value.isoformat() if isinstance(value, datetime) else None)
    )


@pytest.mark.parametrize("text", [
    (door.DATA / "scenarios" / "japan-2022-10-04.toml").read_text(encoding="utf-8"),
    new_scenario("small"),
], ids=["shipped", "new"])  # fmt: skip
def test_good_scenarios_fit_the_schema(text):
    jsonschema.validate(plain(tomllib.loads(text)), schema.scenario_schema())


@pytest.mark.parametrize(
    "old, new",
    [
        ("boresight_deg", "boresite_deg"),
        ('id = "L1"\n', ""),
        ('"great-circle"\n', '"loxodrome"\n'),
        ('profile = "j-fps-5"', "profile = 5"),
        ('kind = "lognormal", median = 2.0', 'kind = "lognormal"'),
        (', source = "assumption: high cloud"', ""),
    ],
)
def test_wrong_scenarios_do_not_fit_the_schema(old, new):
    text = new_scenario("small")
    assert old in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain(tomllib.loads(text.replace(old, new, 1))), schema.scenario_schema())


def described(part, path=""):
    """Paths of properties without a description."""
    for name, inner in part.get("properties", {}).items():
        if "description" not in inner and not inner.get("properties"):
            yield f"{path}.{name}"
        yield from described(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield from described(part[key], f"{path}[]")
    for inner in part.get("anyOf", ()):
        yield from described(inner, path)


def test_every_field_is_documented():
    assert list(described(schema.summary_schema())) == []
    whole = schema.scenario_schema()
    missing = [f"{name}{path}" for name, part in whole["$defs"].items() for path in described(part)]
    assert missing + list(described(whole)) == []


# As the format was agreed on: seconds after launch, null where it never happened.
AGREED = """{"scenario": "japan-2022-10-04", "seed": 0,
 "as_it_was": {"alert_s": {"Hokkaido": 300, "Aomori": 420}},
 "arms": {"hub": {"launches": [{"id": "L1",
   "truth": {"apogee_km": 1000.0, "range_km": 4600.0, "flight_time_s": 1320.0,
     "impact": {"lat": 0.0, "lon": 0.0}},
   "nations": {"JPN": {"first_detection_s": 0.0, "first_track_s": 0.0, "first_warning_s": 0.0, "alert_s": 0.0,
     "alert_areas": ["Aomori"],
     "at_alert": {"impact_error_km": 0.0, "region_km": [0.0, 0.0]},
     "at_end": {"impact_error_km": 0.0, "region_km": [0.0, 0.0]}}}}]}}}"""


def nation(summary):
    return summary["arms"]["hub"]["launches"][0]["nations"]["JPN"]


def test_the_agreed_summary_fits_its_schema():
    jsonschema.validate(json.loads(AGREED), schema.summary_schema())


def test_null_stands_for_what_never_happened():
    summary = json.loads(AGREED)
    for key in ("first_detection_s", "first_track_s", "first_warning_s", "alert_s"):
        nation(summary)[key] = None
    nation(summary)["at_alert"] = {"impact_error_km": None, "region_km": None}
    jsonschema.validate(summary, schema.summary_schema())


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("seed"),
        lambda s: s.update(extra=1),
        lambda s: nation(s).pop("alert_s"),
        lambda s: nation(s).update(alert_s="420"),
        lambda s: nation(s).update(alert_areas=None),
        lambda s: nation(s)["at_end"].update(region_km=[1.0]),
        lambda s: nation(s)["at_end"].update(impact_error_km=-1.0),
    ],
)
def test_another_summary_does_not_fit(change):
    summary = json.loads(AGREED)
    change(summary)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(summary, schema.summary_schema())
