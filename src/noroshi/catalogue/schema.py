"""JSON Schemas of what people and programs write and read: scenarios, summary.json, launches, coverage.

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


def coverage_schema() -> Schema:
    """What `noroshi coverage --json` prints."""

    def number(description: str, least: float = 0.0, null: bool = False, most: float | None = None) -> Schema:
        bounds = {"minimum": least} if most is None else {"minimum": least, "maximum": most}
        return {"type": ["number", "null"] if null else "number", **bounds, "description": description}

    def whole(description: str, null: bool = False) -> Schema:
        kind = ["integer", "null"] if null else "integer"
        return {"type": kind, "minimum": 0, "description": description}

    def or_null(table: Schema, description: str) -> Schema:
        return {"anyOf": [table, {"type": "null"}], "description": description}

    def latitude(description: str) -> Schema:
        return number(description, -90, most=90)

    figures = {
        "mean_in_view": number("Satellites in view on average, over places and time."),
        "p1": number("Share of the time, over all places, with at least one in view.", most=1),
        "p2": number("The same with at least two; gated, that cross at the least angle.", most=1),
        "longest_gap_s": number("Longest time without any, s; null where a place never has one.", null=True),
    }
    row = _table(
        {"south_deg": latitude("Southern edge."), "north_deg": latitude("Northern edge."), **figures}
    )
    covered = _table(
        {
            **figures,
            "by_latitude": {"type": "array", "items": row, "description": "Bands of 10 deg, from the south."},
        }
    )
    kinds = {"enum": ["delta", "star"]}
    layer = _table(
        {
            "kind": {"enum": ["walker", "elements"], "description": "Planned, or published elements."},
            "name": {"type": "string", "description": "T/P/F, or the file."},
            "satellites": whole("How many."),
            "height_km": number("Height of the orbits, km.", null=True),
            "inclination_deg": number("Inclination, deg.", null=True, most=180),
            "pattern": or_null(kinds, "Planes over 360 or 180 deg."),
            "epoch_utc": {
                "type": ["string", "null"],
                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
                "description": "When the elements were begun with, UTC.",
            },
        }
    )
    target = _table(
        {
            "height_km": number("Height above the ground, km."),
            "intensity_w_per_sr": number("Brightness toward the sensor, W/sr.", null=True),
        }
    )
    limits = _table(
        {
            "limb": {"type": "boolean", "description": "Lines of sight may graze the Earth's limb."},
            "min_elevation_deg": number("Lowest elevation at the target, deg.", -90, True, 90),
            "nadir_deg": number("Field of view about the nadir, half angle, deg.", 0, True, 180),
            "range_km": number("Greatest range, km.", null=True),
            "crossing_deg": number("Gated: least angle of two lines of sight, deg.", most=90),
            "threshold_w_per_m2": number("Gated: irradiance that a sensor needs, W/m2.", null=True),
            "bright_range_km": number("Gated: how far the target is bright enough, km.", null=True),
        }
    )
    measures = {"enum": ["p1", "p2", "longest_gap_s"], "description": "What must be met."}
    criterion = _table(
        {
            "measure": measures,
            "bound": number("At least this share, or at most these seconds."),
            "gated": {"type": "boolean", "description": "Asked of what counts, not of geometry."},
        }
    )
    found = _table(
        {
            "height_km": number("Height, km."),
            "inclination_deg": number("Inclination, deg.", most=180),
            "pattern": {**kinds, "description": "Planes over 360 or 180 deg."},
            "walker": {"type": ["string", "null"], "description": "Smallest T/P/F that will do; else null."},
            "satellites": whole("T.", null=True),
            "coverage": or_null(_table(figures), "Of the band; gated where the criterion is."),
        }
    )
    searched = _table(
        {
            "criterion": {**criterion, "description": "What a constellation must meet."},
            "asked": whole("Patterns of the set."),
            "screened": whole("Patterns looked at coarsely."),
            "confirmed": whole("Patterns looked at finely."),
            "best": or_null(found, "The smallest of all."),
            "trade": {"type": "array", "items": found, "description": "By height, inclination and pattern."},
        }
    )
    edges = {"type": "array", "items": latitude("Edge, deg."), "minItems": 2, "maxItems": 2}
    whole_thing = _table(
        {
            "layers": {
                "type": "array",
                "items": layer,
                "description": "What watches, joined; empty: nothing.",
            },
            "target": {**target, "description": "What is watched for."},
            "limits": {**limits, "description": "What ends a view; null where nothing does."},
            "band_deg": {**edges, "description": "South and north of the headline figures, deg."},
            "earth": {"enum": ["sphere", "still", "wgs84"], "description": "Which Earth."},
            "places": whole("Places of equal area over the Earth."),
            "steps": whole("Moments.", null=True),
            "step_s": number("Between them, s.", null=True),
            "geometry": or_null(covered, "By lines of sight alone."),
            "gated": or_null(covered, "By those that count."),
            "search": or_null(searched, "Where a constellation was looked for."),
            "assumptions": {"type": "array", "items": {"type": "string"}, "description": "In words."},
        }
    )
    return {"$schema": DIALECT, "title": "noroshi coverage", **whole_thing}


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
    "coverage.schema.json": coverage_schema,
}

if __name__ == "__main__":
    for name, schema in FILES.items():
        (DATA / "schema" / name).write_text(as_text(schema()), encoding="utf-8")
