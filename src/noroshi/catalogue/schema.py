"""JSON Schemas of what people and programs write and read: scenarios, summaries, launches, flights, coverage
and sensors.

Run `python -m noroshi.catalogue.schema` to write them to data/schema; a test holds them to the models.
"""

import json

from noroshi.catalogue.door import DATA
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.schema_base import DIALECT, Schema, table
from noroshi.catalogue.schema_flights import flight_schema, launches_schema
from noroshi.catalogue.schema_sight import coverage_schema, custody_schema, sensors_schema


def scenario_schema() -> Schema:
    """What a scenario file may hold, generated from the models."""
    schema = Scenario.model_json_schema()
    schema["title"] = "noroshi scenario"
    placement = schema["$defs"]["SensorPlacement"]
    site = {"type": "string", "description": "Id of a sensor in data/sites; other fields change it."}
    schema["$defs"]["Site"] = {
        **placement,
        "description": "A sensor of the public catalogue, with what is otherwise here.",
        "title": "Site",
        "properties": {"site": site, **placement["properties"]},
        "required": ["site"],
    }
    threat = schema["$defs"]["ThreatProfile"]
    like = {"type": "string", "description": "Name of a shipped threat profile; other fields change it."}
    schema["$defs"]["Likeness"] = {
        **threat,
        "description": "A threat like a shipped one, with what is otherwise here.",
        "title": "Likeness",
        "properties": {"like": like, **threat["properties"]},
        "required": ["like"],
    }
    [(names, of_threats)] = schema["properties"]["threats"]["patternProperties"].items()
    either = {"anyOf": [of_threats, {"$ref": "#/$defs/Likeness"}]}
    schema["properties"]["threats"]["patternProperties"] = {names: either}
    of_sensors, of_arms = schema["properties"]["sensors"], schema["properties"]["arms"]
    of_sensors["items"] = {"anyOf": [of_sensors["items"], {"$ref": "#/$defs/Site"}]}
    words = {name: of_arms.pop(name) for name in ("description", "title")}
    name = {"type": "string", "description": "Name of a shipped set of arms, such as trilateral."}
    schema["properties"]["arms"] = {**words, "anyOf": [of_arms, name]}
    return {"$schema": DIALECT, **schema}


# Geodetic degrees.
_PLACE = table(
    {
        "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "Latitude, deg."},
        "lon": {"type": "number", "minimum": -180, "maximum": 180, "description": "Longitude, deg."},
    }
)


def summary_schema() -> Schema:
    """What summary.json of a run holds."""
    seconds = {"type": ["number", "null"]}
    accuracy = table(
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
    nation = table(
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
    truth = table(
        {
            "apogee_km": {"type": "number", "description": "Greatest height, km."},
            "range_km": {
                "type": ["number", "null"],
                "description": "Distance over the ground, km; null of what reached orbit.",
            },
            "flight_time_s": {
                "type": ["number", "null"],
                "description": "Launch to impact, s; null of what reached orbit.",
            },
            "impact": {"anyOf": [_PLACE, {"type": "null"}], "description": "Null of what reached orbit."},
        }
    )
    launch = table(
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

    def claims(number: str, description: str) -> Schema:
        counts = {
            "launch_reports": "Things that it reported as launches on its own data.",
            "confirmed_tracks": "Tracks of its own that were confirmed.",
            "alerts": "Alerts that reached its people.",
        }
        nation = table(
            {name: {"type": number, "minimum": 0, "description": words} for name, words in counts.items()}
        )
        return {"type": "object", "additionalProperties": nation, "description": description}

    cueing = table(
        {
            "launch": {"type": "string", "description": "Id of the launch; times are seconds after it."},
            "nation": {"type": "string", "description": "Whose radar it is."},
            "sensor": {"type": "string", "description": "Id of the radar."},
            "first_s": {"type": "number", "description": "It first sees the launch."},
            "because": {"type": "string", "description": "On whose word it looked there; search: on none."},
            "alone_s": {**seconds, "description": "Its search alone first sees the launch."},
            "saved_s": {**seconds, "minimum": 0, "description": "How much sooner it saw it so."},
        }
    )
    arm = table(
        {
            "launches": {"type": "array", "items": launch, "description": "One for each launch."},
            "cueing": {
                "type": "array",
                "items": cueing,
                "description": "What cueing bought: every radar that saw a launch, with and without cues.",
            },
            "claims": claims(
                "integer", "Only where nothing is launched: what each nation claimed, all of it false."
            ),
            "claims_a_month": claims("number", "The same, for 30 days."),
        }
    )
    arm["required"] = ["launches"]
    as_it_was = table(
        {
            "alert_s": {
                "type": "object",
                "additionalProperties": {"type": "number"},
                "description": "Area: seconds from launch to its first alert, on the day.",
            }
        }
    )
    summary = table(
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


def as_text(schema: Schema) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FILES = {
    "scenario.schema.json": scenario_schema,
    "summary.schema.json": summary_schema,
    "launches.schema.json": launches_schema,
    "flight.schema.json": flight_schema,
    "coverage.schema.json": coverage_schema,
    "custody.schema.json": custody_schema,
    "sensors.schema.json": sensors_schema,
}

if __name__ == "__main__":
    for name, schema in FILES.items():
        (DATA / "schema" / name).write_text(as_text(schema()), encoding="utf-8")
