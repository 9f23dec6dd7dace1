"""JSON Schemas of what people and programs write and read: scenarios, summaries, launches, flights, coverage.

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


def flight_schema() -> Schema:
    """What `noroshi fly --json` prints."""
    null: Schema = {"type": "null"}

    def number(description: str, none: bool = False, **bounds: float) -> Schema:
        return {"type": ["number", "null"] if none else "number", **bounds, "description": description}

    def text(description: str) -> Schema:
        return {"type": "string", "description": description}

    def maybe(table: Schema, description: str) -> Schema:
        return {"anyOf": [table, null], "description": description}

    north = number("Geodetic latitude, deg.", minimum=-90, maximum=90)
    east = number("Longitude, deg.", minimum=-180, maximum=180)
    told = _table(
        {
            "value": number("The number as announced."),
            "half_width": number("How far rounding may have moved it, to either side.", minimum=0),
            "sense": {
                "enum": ["about", "at least", "at most"],
                "description": "Rounded, or a bound that the truth may lie beyond.",
            },
        }
    )
    announced = _table(
        {
            "apogee_km": {**told, "description": "Greatest height, km; of an orbit too."},
            "range_km": {**told, "description": "Distance over the ground, km; of a spent stage to orbit."},
            "bearing_deg": {**told, "description": "Direction, deg from north through east."},
            "flight_time_s": {**told, "description": "Launch to impact, s."},
            "bearing_convention": {
                "enum": ["great-circle", "launch-azimuth"],
                "description": "How the direction is read: first bearing of the great circle to the end, "
                "or direction of flight at launch.",
            },
            "end": {
                **_table({"lat_deg": north, "lon_deg": east}),
                "description": "End point, where one was given in place of range and direction.",
            },
        }
    )
    announced |= {"required": [], "description": "What was announced; no key for what was not."}
    site = _table(
        {
            "lat_deg": north,
            "lon_deg": east,
            "height_m": number("Height above the ellipsoid, m."),
        }
    )
    impact = _table(
        {
            "lat_deg": north,
            "lon_deg": east,
            "time_s": number("Time after launch, s.", minimum=0),
        }
    )
    orbit = _table(
        {
            "perigee_km": number("Least height above the mean radius, km."),
            "apogee_km": number("Greatest height above the mean radius, km."),
            "inclination_deg": number("Inclination to the equator, deg.", minimum=0, maximum=180),
        }
    )
    residuals = _table(
        {
            "apogee_km": number("Apogee, or the height at insertion, km.", none=True),
            "range_km": number("Range, or the spent stage's where one was announced, km.", none=True),
            "across_km": number("Across the announced direction, km; to orbit, after 1,000 km.", none=True),
            "flight_time_s": number("Flight time, which is not fitted, s.", none=True),
        }
    )
    burnout = _table(
        {
            "time_s": number("Time after launch, s.", minimum=0),
            "lat_deg": north,
            "lon_deg": east,
            "height_km": number("Height above the ellipsoid, km."),
            "speed_mps": number("Speed over the turning Earth, m/s.", minimum=0),
            "path_deg": number("Path above the horizon, deg.", minimum=-90, maximum=90),
        }
    )

    def quantiles(description: str) -> Schema:
        item = {"type": "number"}
        return {"type": "array", "items": item, "minItems": 3, "maxItems": 3, "description": description}

    spread = _table(
        {
            "apogee_km": quantiles("Apogee, km."),
            "range_km": quantiles("Range, km."),
            "flight_time_s": quantiles("Flight time, s."),
            "burnout_s": quantiles("Burnout, s after launch."),
            "impact_lat_deg": quantiles("Latitude of the impact, deg."),
            "impact_lon_deg": quantiles("Longitude of the impact, deg; beyond 180 across the date line."),
            "flown": {"type": "integer", "minimum": 1, "description": "Flights that were drawn."},
            "met": {"type": "integer", "minimum": 1, "description": "Those that meet the figures."},
            "effective": number("How many equally likely flights these are worth.", minimum=0),
        }
    )
    place: Schema = {
        "type": "array",
        "prefixItems": [north, east],
        "items": False,
        "minItems": 2,
        "description": "Latitude and longitude, deg.",
    }
    fall = _table(
        {
            "name": text("stage 1, stage 2 ... or fragments."),
            "time_s": number("When it came loose, s after launch.", minimum=0),
            "height_km": number("How high, km."),
            "fall_s": number("When it is down, s after launch.", minimum=0),
            "lat_deg": {**north, "description": "Latitude where the middle one falls, deg."},
            "lon_deg": {**east, "description": "Longitude where the middle one falls, deg."},
            "zone": {"type": "array", "items": place, "description": "Where each that was flown falls."},
        }
    )
    row: Schema = {
        "type": "array",
        "prefixItems": [
            number("Time after launch, s.", minimum=0),
            north,
            east,
            number("Height above the ellipsoid, km."),
            number("Speed over the turning Earth, m/s.", minimum=0),
            {"enum": [0, 1], "description": "1 while it burns."},
        ],
        "items": False,
        "minItems": 6,
        "description": "Time, s, latitude and longitude, deg, height, km, speed, m/s, burning.",
    }
    said = {
        "by": text("Who announced the figures; empty for figures of one's own."),
        "announced": announced,
    }
    answer = {
        "name": text("Name of the recorded launch, of the waypoints' file, or flight."),
        **said,
        "threat": {"type": ["string", "null"], "description": "Threat profile; null along waypoints."},
        "family": {
            "enum": ["ballistic", "quasi-ballistic", "glide", "space", "cruise"],
            "description": "How it flies.",
        },
        "arc": {
            "enum": ["depressed", "standard", "lofted", "to orbit", "waypoints"],
            "description": "Apogee beside that of the arc of least energy for the range.",
        },
        "site": {**site, "description": "Where it starts."},
        "apogee_km": number("Greatest height, km; of the orbit where it reaches one."),
        "range_km": number("Distance over the ground, km; null in orbit.", none=True, minimum=0),
        "flight_time_s": number("Launch to impact, s; null in orbit.", none=True, minimum=0),
        "impact": maybe(impact, "Where and when it comes down; null in orbit."),
        "orbit": maybe(orbit, "The orbit it reaches; null where it comes down."),
        "residuals": {
            **residuals,
            "description": "Flown less announced; of a flight that fails, the planned one's. Null where "
            "nothing was fitted or announced.",
        },
        "azimuth_deg": number("Direction of flight at launch, deg from north.", minimum=0, maximum=360),
        "ideal_velocity_kmps": number(
            "Velocity without gravity and air, km/s; null along waypoints.", none=True, minimum=0
        ),
        "burnout": maybe(
            burnout, "Where the last stage is spent or the thrust is lost; null along waypoints."
        ),
        "spread": maybe(
            spread,
            "5 %, 50 % and 95 % of flights that agree with the figures; null where none was fitted, or it "
            "fails.",
        ),
        "falls": {"type": "array", "items": fall, "description": "Spent stages and fragments."},
        "notes": {"type": "array", "items": text("A sentence."), "description": "What else is to be said."},
    }
    unanswered = _table({**said, "error": text("Why no flight fits.")})
    whole = _table(
        {
            **answer,
            "track": {"type": "array", "items": row, "minItems": 2, "description": "The flight in time."},
            "reports": {
                "type": "array",
                "items": {"anyOf": [_table(answer), unanswered]},
                "minItems": 1,
                "description": "Every report's flight, the first that could be flown among them.",
            },
        }
    )
    return {"$schema": DIALECT, "title": "noroshi fly", **whole}


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
    "flight.schema.json": flight_schema,
    "coverage.schema.json": coverage_schema,
}

if __name__ == "__main__":
    for name, schema in FILES.items():
        (DATA / "schema" / name).write_text(as_text(schema()), encoding="utf-8")
