"""JSON Schemas of sensors, what they cover, and custody."""

from noroshi.catalogue.schema_base import DIALECT, Schema, table


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
    row = table({"south_deg": latitude("Southern edge."), "north_deg": latitude("Northern edge."), **figures})
    covered = table(
        {
            **figures,
            "by_latitude": {"type": "array", "items": row, "description": "Bands of 10 deg, from the south."},
        }
    )
    kinds = {"enum": ["delta", "star"]}
    layer = table(
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
    target = table(
        {
            "height_km": number("Height above the ground, km."),
            "intensity_w_per_sr": number("Brightness toward the sensor, W/sr.", null=True),
            "rcs_m2": number("Radar cross-section, m2; null without a net.", null=True),
        }
    )
    limits = table(
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
    criterion = table(
        {
            "measure": measures,
            "bound": number("At least this share, or at most these seconds."),
            "gated": {"type": "boolean", "description": "Asked of what counts, not of geometry."},
        }
    )
    found = table(
        {
            "height_km": number("Height, km."),
            "inclination_deg": number("Inclination, deg.", most=180),
            "pattern": {**kinds, "description": "Planes over 360 or 180 deg."},
            "walker": {"type": ["string", "null"], "description": "Smallest T/P/F that will do; else null."},
            "satellites": whole("T.", null=True),
            "coverage": or_null(table(figures), "Of the band; gated where the criterion is."),
        }
    )
    searched = table(
        {
            "criterion": {**criterion, "description": "What a constellation must meet."},
            "asked": whole("Patterns of the set."),
            "screened": whole("Patterns looked at coarsely."),
            "confirmed": whole("Patterns looked at finely."),
            "best": or_null(found, "The smallest of all."),
            "trade": {"type": "array", "items": found, "description": "By height, inclination and pattern."},
        }
    )
    edges = {"type": ["array", "null"], "items": latitude("Edge, deg."), "minItems": 2, "maxItems": 2}
    text_or_null = {"type": ["string", "null"]}
    sensor = table(
        {
            "id": {"type": "string", "description": "Its name in the net."},
            "nation": {"type": "string", "description": "Whose it is."},
            "kind": {"enum": ["radar", "skywave", "infrared"], "description": "What it is."},
            "never": {**text_or_null, "description": "Why it never sees anything of this; else null."},
        }
    )
    net = table(
        {
            "name": {"type": "string", "description": "public, or the scenario."},
            "sensors": {"type": "array", "items": sensor, "description": "All of the net that take part."},
        }
    )
    less = {"type": "number", "description": "Of the whole, less what is left without it."}
    longer = {"type": ["number", "null"], "description": "How much longer the gap is without it, s."}
    loss = table({"mean_in_view": less, "p1": less, "p2": less, "longest_gap_s": longer})
    brought = table(
        {
            "alone": {**table(figures), "description": "By its own sensors only."},
            "without": {**table(figures), "description": "By all others."},
            "loss": {**loss, "description": "What its withholding costs."},
            "holds_km2": number("Area that its radars hold; null without a net.", null=True),
            "only_km2": number("Area that its radars hold and no other nation's.", null=True),
        }
    )
    nation = table(
        {
            "nation": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 3166 alpha-3."},
            "satellites": whole("Its satellites."),
            "radars": whole("Its radars."),
            "geometry": {**brought, "description": "By lines of sight alone."},
            "gated": {**brought, "description": "By those that count."},
        }
    )
    whole_thing = table(
        {
            "layers": {
                "type": "array",
                "items": layer,
                "description": "What watches, joined; empty: nothing.",
            },
            "net": or_null(net, "Radars and satellites at their places."),
            "target": {**target, "description": "What is watched for."},
            "limits": {**limits, "description": "What ends a view; null where nothing does."},
            "band_deg": {**edges, "description": "South and north of the headline, deg; null: in reach."},
            "earth": {"enum": ["sphere", "still", "wgs84"], "description": "Which Earth."},
            "places": whole("Places of equal area over the Earth."),
            "steps": whole("Moments.", null=True),
            "step_s": number("Between them, s.", null=True),
            "geometry": or_null(covered, "By lines of sight alone."),
            "gated": or_null(covered, "By those that count."),
            "nations": {"type": "array", "items": nation, "description": "What each nation brings."},
            "search": or_null(searched, "Where a constellation was looked for."),
            "assumptions": {"type": "array", "items": {"type": "string"}, "description": "In words."},
        }
    )
    return {"$schema": DIALECT, "title": "noroshi coverage", **whole_thing}


def sensors_schema() -> Schema:
    """What `noroshi sensors --json` prints."""
    null: Schema = {"type": "null"}

    def number(description: str, none: bool = False, least: float | None = None) -> Schema:
        kind = {"type": ["number", "null"] if none else "number", "description": description}
        return kind if least is None else kind | {"minimum": least}

    def text(description: str) -> Schema:
        return {"type": "string", "description": description}

    def maybe(table: Schema, description: str) -> Schema:
        return {"anyOf": [table, null], "description": description}

    def ends(description: str) -> Schema:
        item = {"type": "number", "minimum": 0}
        pair: Schema = {"type": "array", "items": item, "minItems": 2, "maxItems": 2}
        return maybe(pair, description)

    place = table(
        {
            "lat_deg": number("Geodetic latitude, deg.", least=-90),
            "lon_deg": number("Longitude, deg.", least=-180),
            "height_m": number("Ground, sea or aircraft, m above mean sea level."),
        }
    )
    sector = table(
        {
            "middle_deg": number("Azimuth of its middle, deg.", least=0),
            "width_deg": number("Width in azimuth of all its faces, deg.", least=0),
        }
    )
    spread = {"enum": ["delta", "star", None], "description": "Planes over 360 or 180 deg."}
    orbit = table(
        {
            "satellites": {"type": "integer", "minimum": 1, "description": "How many the row stands for."},
            "longitude_deg": number("Geostationary longitude, deg.", none=True, least=-180),
            "perigee_km": number("Lowest height, km; null when geostationary.", none=True),
            "apogee_km": number("Greatest height, km; null when geostationary.", none=True),
            "inclination_deg": number("Inclination, deg.", least=0),
            "walker": {"type": ["string", "null"], "description": "T/P/F of a constellation."},
            "spread": spread,
        }
    )
    held = table(
        {
            "km": number("Range, km.", least=0),
            "cross_section_m2": number("Cross-section it holds for, m2.", least=0),
            "snr_db": number("Signal-to-noise of one look at that range, dB."),
        }
    )
    faintest = table(
        {
            "w_per_sr": number("Faintest source seen against the Earth, W/sr.", least=0),
            "range_km": number("Distance it holds for, km.", least=0),
        }
    )
    reach = table(
        {
            "search": maybe(held, "Radar: in search."),
            "cued": maybe(held, "Radar: when told where to look."),
            "sees_km": ends(
                "Radar: nearest and farthest ground range at which 1 m2 at 100 km is seen along the middle "
                "of the sector when it is told where to look, km; null where never."
            ),
            "ring_km": ends("Skywave: nearest and farthest ground range, km."),
            "faintest": maybe(faintest, "Infrared."),
        }
    )
    point = {"type": "array", "items": {"type": "number"}}
    figure = table(
        {
            "of": text('"site", or the name of the profile.'),
            "name": text("Field, whose ending is the unit."),
            "value": number("The number; the median of a distribution; null where points stand.", none=True),
            "low": number("Lower end of what is thought possible.", none=True),
            "high": number("Upper end of what is thought possible.", none=True),
            "holds_for": maybe(
                {"type": "object", "additionalProperties": {"type": "number"}},
                "What the number holds for: cross_section_m2 and snr_db, or range_km.",
            ),
            "points": maybe(
                {"type": "array", "items": point}, "A mask by azimuth, or a course through time."
            ),
            "confidence": {
                "enum": ["official", "published", "derived", "assumed"],
                "description": "How far to trust it.",
            },
            "source": text('Where it stands, or "assumption: why".'),
        }
    )
    sensor = table(
        {
            "id": text("Unique name."),
            "title": text("What a reader calls it."),
            "nation": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "Owner, ISO 3166 alpha-3."},
            "kind": {"enum": ["radar", "infrared", "skywave"], "description": "Kind of sensor."},
            "profile": text("Name of its sensor profile."),
            "profile_title": text("What a reader calls the profile."),
            "present": {
                "type": "boolean",
                "description": "false: left out until a scenario says it is there.",
            },
            "note": text("What else is known; may be empty."),
            "place": maybe(place, "On the ground, at sea or in the air; null for satellites."),
            "sector": maybe(sector, "What it looks at; null for satellites."),
            "orbit": maybe(orbit, "Satellites only."),
            "reach": {**reach, "description": "How far it sees; null where a part belongs to another kind."},
            "figures": {"type": "array", "items": figure, "description": "Every number with its source."},
            "assumed": {"type": "integer", "minimum": 0, "description": "How many of them are assumptions."},
        }
    )
    return {"$schema": DIALECT, "title": "noroshi sensors", "type": "array", "items": sensor}


def custody_schema() -> Schema:
    """What `noroshi coverage --flight NAME --json` prints."""

    def number(description: str, null: bool = False) -> Schema:
        return {"type": ["number", "null"] if null else "number", "minimum": 0, "description": description}

    def text(description: str, null: bool = False) -> Schema:
        return {"type": ["string", "null"] if null else "string", "description": description}

    flight = table(
        {
            "name": text("The recorded launch."),
            "by": text("Whose figures are flown."),
            "family": text("Threat profile."),
            "range_km": number("Over the ground, km."),
            "apogee_km": number("Greatest height, km."),
            "apogee_s": number("When, s after launch."),
            "burnout_s": number("Last burnout, s after launch.", null=True),
            "end_s": number("Impact, or the end of what is flown, s after launch."),
            "lands": {"type": "boolean", "description": "Whether it comes down; else it reached orbit."},
        }
    )
    gap = table({"from_s": number("Last sight before."), "until_s": number("First sight after.")})
    held = table(
        {
            "first_s": number("First sight, s after launch."),
            "first_height_km": number("Height then, km."),
            "last_s": number("Last sight, s after launch."),
            "last_height_km": number("Height then, km."),
            "gaps": {"type": "array", "items": gap, "description": "Times between in which it is lost."},
            "gap_to_end_s": number("From the last sight to the end, s."),
            "gap_to_end_km": number("From the place below the last sight to the end, km."),
            "lost": text("Why it was lost; null: held to the end.", null=True),
        }
    )
    custody = {"anyOf": [held, {"type": "null"}], "description": "Null: it is never seen."}
    union = {
        "custody": custody,
        "stereo_s": number("How long two see it at once, s."),
        "longest": text("The sensor that holds it longest.", null=True),
    }
    sensor = table(
        {
            "id": text("Its name in the net, or the constellation's."),
            "nation": text("Whose it is; null for nobody's.", null=True),
            "kind": {"enum": ["radar", "skywave", "infrared"], "description": "What it is."},
            "count": {"type": "integer", "minimum": 1, "description": "Satellites that stand together."},
            "never": text("Why it never sees the flight; null where it does.", null=True),
            "custody": custody,
        }
    )
    nation = table({"nation": text("ISO 3166 alpha-3; null for nobody's.", null=True), **union})
    whole_thing = table(
        {
            "flight": {**flight, "description": "What is flown."},
            "net": text("public, a scenario, or null.", null=True),
            "crossing_deg": number("Least angle of two lines of sight without range, deg."),
            "together": {**table(union), "description": "All of them."},
            "nations": {"type": "array", "items": nation, "description": "Each nation's own sensors."},
            "sensors": {"type": "array", "items": sensor, "description": "Each sensor."},
            "assumptions": {"type": "array", "items": {"type": "string"}, "description": "In words."},
        }
    )
    return {"$schema": DIALECT, "title": "noroshi coverage --flight", **whole_thing}
