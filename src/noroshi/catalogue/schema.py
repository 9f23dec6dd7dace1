"""JSON Schemas of what people and programs write and read: scenario files, summary.json, launches.

Run `python -m noroshi.catalogue.schema` to write them to data/schema; a test holds them to the models.
"""

import json
from typing import Any

from noroshi.catalogue.door import DATA
from noroshi.catalogue.record import KINDS, QUALITIES
from noroshi.catalogue.scenario import Scenario

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def scenario_schema() -> Schema:
    """What a scenario file may hold, generated from the models."""
    schema = Scenario.model_json_schema()
    schema["title"] = "noroshi scenario"
    return {"$schema": DIALECT, **schema}


def summary_schema() -> Schema:
    """What summary.json of a run holds."""
    seconds = {"type": ["number", "null"]}
    accuracy = _table(
        {
            "impact_error_km": {
                "type": ["number", "null"],
                "minimum": 0,
                "description": "Distance over the ground from the forecast impact to the true one, km.",
            },
            "region_km": {
                "type": ["array", "null"],
                "items": {"type": "number", "minimum": 0},
                "minItems": 2,
                "maxItems": 2,
                "description": "Semi-axes of the region that holds the impact with 95 %, km, larger first.",
            },
        }
    )
    nation = _table(
        {
            "first_detection_s": {**seconds, "description": "A sensor of its own sees the missile."},
            "first_track_s": {**seconds, "description": "It holds a confirmed track of its own."},
            "first_warning_s": {
                **seconds,
                "description": "It knows of the launch, from its own sensors or from a partner's message.",
            },
            "alert_s": {**seconds, "description": "Its first alert reaches its people."},
            "alert_areas": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Areas alerted during the run, in the order of their alert.",
            },
            "at_alert": {**accuracy, "description": "Its forecast when its first alert reached the people."},
            "at_end": {**accuracy, "description": "Its last forecast."},
        }
    )
    truth = _table(
        {
            "apogee_km": {"type": "number", "description": "Greatest height, km."},
            "range_km": {"type": "number", "description": "Distance over the ground, km."},
            "flight_time_s": {"type": "number", "description": "Launch to impact, s."},
            "impact": _table(
                {
                    "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "Latitude, deg."},
                    "lon": {
                        "type": "number",
                        "minimum": -180,
                        "maximum": 180,
                        "description": "Longitude, deg.",
                    },
                }
            ),
        }
    )
    launch = _table(
        {
            "id": {"type": "string", "description": "Name of the launch in the scenario."},
            "truth": {**truth, "description": "The flight of this seed, as it was drawn and flown."},
            "nations": {
                "type": "object",
                "additionalProperties": nation,
                "description": "By nation, ISO 3166 alpha-3. Times are seconds after this launch.",
            },
        }
    )
    arm = _table({"launches": {"type": "array", "items": launch, "description": "One for each launch."}})
    as_it_was = _table(
        {
            "alert_s": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "description": "Area: seconds from launch to its first alert, on the day.",
            }
        }
    )
    summary = _table(
        {
            "scenario": {"type": "string", "description": "Name of the scenario."},
            "seed": {"type": "integer", "description": "Seed of the run."},
            "as_it_was": {
                "anyOf": [as_it_was, {"type": "null"}],
                "description": "What happened on the day; null where the scenario does not say.",
            },
            "arms": {
                "type": "object",
                "additionalProperties": arm,
                "description": "By arm of sharing: national, bilateral, hub, direct, or the scenario's own.",
            },
        }
    )
    words = "Null stands for what never happened."
    return {"$schema": DIALECT, "title": "noroshi summary.json", "description": words, **summary}


def launches_schema() -> Schema:
    """What `noroshi launches --json` prints."""

    def text(description: str) -> Schema:
        return {"type": "string", "description": f"{description}; empty where nothing is published."}

    def told(description: str, least: float = 0.0) -> Schema:
        value = {"type": "number", "minimum": least, "description": "The number as announced."}
        half_width = {
            "type": "number",
            "minimum": 0,
            "description": "How far rounding may have moved it, to either side.",
        }
        sense = {
            "enum": ["about", "at least", "at most"],
            "description": "Rounded, or a bound that the truth may lie beyond.",
        }
        table = _table({"value": value, "half_width": half_width, "sense": sense})
        return {"anyOf": [table, {"type": "null"}], "description": description}

    def degrees(description: str, most: int, null: bool = False) -> Schema:
        kind = ["number", "null"] if null else "number"
        return {"type": kind, "minimum": -most, "maximum": most, "description": description}

    report = _table(
        {
            "by": {"type": "string", "description": "Government, data set, or DPRK for its own claim."},
            "apogee_km": told("Greatest height, km."),
            "range_km": told("Distance over the ground, km."),
            "flight_time_s": told("Launch to impact, s."),
            "note": text("Words beside the figures that no number holds"),
        }
    )
    end = _table(
        {
            "lat_deg": degrees("Latitude, deg.", 90),
            "lon_deg": degrees("Longitude, deg.", 180),
            "basis": text("What it was derived from"),
        }
    )
    launch = _table(
        {
            "name": {"type": "string", "description": "Date and time in UTC, and the missile; unique."},
            "launched_utc": {
                "type": "string",
                "pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$",
                "description": "Launch, UTC; the date alone where no time is published.",
            },
            "missile": text("Missile as its reporters call it"),
            "class": {"enum": list(KINDS), "description": "Class of missile."},
            "threat": {"type": "string", "description": "Family of threat profiles that flies it."},
            "irregular": {"type": "boolean", "description": "A report calls the flight irregular."},
            "salvo_count": {
                "type": ["integer", "null"],
                "minimum": 1,
                "description": "How many were launched together; the figures are those of one.",
            },
            "outcome": text("Success or failure"),
            "site": text("Facility, not the launcher's place"),
            "site_basis": text("Where the coordinates come from"),
            "lat_deg": degrees("Latitude of the facility, deg; null where not published.", 90, null=True),
            "lon_deg": degrees("Longitude of the facility, deg; null where not published.", 180, null=True),
            "direction": text("Direction of flight in the source's words"),
            "bearing_deg": told("Direction as a number, deg from north through east."),
            "bearing_convention": {
                "const": "great-circle",
                "description": "How we read it: first bearing of the great circle to the end point. "
                "The source does not state its convention.",
            },
            "reports": {
                "type": "array",
                "items": report,
                "minItems": 1,
                "description": "Headline figures first, then nations that differ, then the claim.",
            },
            "impact": text("Where it fell, in words"),
            "derived_end": {
                "anyOf": [end, {"type": "null"}],
                "description": "End point derived from other figures; not an observation.",
            },
            "second_report": text("What else was reported, in words"),
            "notes": text("Notes"),
            "quality": {
                "enum": [*QUALITIES, ""],
                "description": "A two governments, B one, C a data set alone; empty where not stated.",
            },
            "sources": {"type": "array", "items": {"type": "string"}, "description": "Addresses."},
        }
    )
    return {"$schema": DIALECT, "title": "noroshi launches", "type": "array", "items": launch}


def _table(properties: Schema) -> Schema:
    """A table that has all of these fields and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def as_text(schema: Schema) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FILES = {
    "scenario.schema.json": scenario_schema,
    "summary.schema.json": summary_schema,
    "launches.schema.json": launches_schema,
}

if __name__ == "__main__":
    for name, schema in FILES.items():
        (DATA / "schema" / name).write_text(as_text(schema()), encoding="utf-8")
