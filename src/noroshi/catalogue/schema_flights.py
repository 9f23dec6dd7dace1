"""JSON Schemas of the record and of flights."""

from noroshi.catalogue.record import KINDS, QUALITIES
from noroshi.catalogue.schema_base import DIALECT, Schema, table


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
        figure = table({"value": value, "half_width": half_width, "sense": sense})
        return {"anyOf": [figure, {"type": "null"}], "description": description}

    def degrees(description: str, most: int, null: bool = False) -> Schema:
        kind = ["number", "null"] if null else "number"
        return {"type": kind, "minimum": -most, "maximum": most, "description": description}

    report = table(
        {
            "by": {"type": "string", "description": "Government, data set, or DPRK for its own claim."},
            "apogee_km": told("Greatest height, km."),
            "range_km": told("Distance over the ground, km."),
            "flight_time_s": told("Launch to impact, s."),
            "note": text("Words beside the figures that no number holds"),
        }
    )
    end = table(
        {
            "lat_deg": degrees("Latitude, deg.", 90),
            "lon_deg": degrees("Longitude, deg.", 180),
            "basis": text("What it was derived from"),
        }
    )
    launch = table(
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
    told = table(
        {
            "value": number("The number as announced."),
            "half_width": number("How far rounding may have moved it, to either side.", minimum=0),
            "sense": {
                "enum": ["about", "at least", "at most"],
                "description": "Rounded, or a bound that the truth may lie beyond.",
            },
        }
    )
    announced = table(
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
                **table({"lat_deg": north, "lon_deg": east}),
                "description": "End point, where one was given in place of range and direction.",
            },
        }
    )
    announced |= {"required": [], "description": "What was announced; no key for what was not."}
    site = table(
        {
            "lat_deg": north,
            "lon_deg": east,
            "height_m": number("Height above the ellipsoid, m."),
        }
    )
    impact = table(
        {
            "lat_deg": north,
            "lon_deg": east,
            "time_s": number("Time after launch, s.", minimum=0),
        }
    )
    orbit = table(
        {
            "perigee_km": number("Least height above the mean radius, km."),
            "apogee_km": number("Greatest height above the mean radius, km."),
            "inclination_deg": number("Inclination to the equator, deg.", minimum=0, maximum=180),
        }
    )
    residuals = table(
        {
            "apogee_km": number("Apogee, or the height at insertion, km.", none=True),
            "range_km": number("Range, or the spent stage's where one was announced, km.", none=True),
            "across_km": number("Across the announced direction, km; to orbit, after 1,000 km.", none=True),
            "flight_time_s": number("Flight time, which is not fitted, s.", none=True),
        }
    )
    burnout = table(
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

    spread = table(
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
    fall = table(
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
    unanswered = table({**said, "error": text("Why no flight fits.")})
    whole = table(
        {
            **answer,
            "track": {"type": "array", "items": row, "minItems": 2, "description": "The flight in time."},
            "reports": {
                "type": "array",
                "items": {"anyOf": [table(answer), unanswered]},
                "minItems": 1,
                "description": "Every report's flight, the first that could be flown among them.",
            },
        }
    )
    return {"$schema": DIALECT, "title": "noroshi fly", **whole}
