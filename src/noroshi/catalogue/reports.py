"""What others tell a nation: sightings by people, and notices to seamen and airmen of what was announced."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from noroshi.catalogue.base import Code, Id, Model, Pair, Rows, Within, did_you_mean, refuse
from noroshi.catalogue.profiles import KM, Delay
from noroshi.earth.constants import MEAN_RADIUS_M

Lat = Annotated[float, AfterValidator(Within(at_least=-90, at_most=90, unit="deg"))]
Lon = Annotated[float, AfterValidator(Within(at_least=-180, at_most=180, unit="deg"))]
Radius = Annotated[float, AfterValidator(Within(above=0, at_most=2_000, unit="km", slips=KM))]
Time = Annotated[float, AfterValidator(Within(at_least=0, unit="s"))]
# Longitude and latitude, deg.
Corner = tuple[float, float]


class Report(Model):
    """Somebody who is no sensor saw or heard something: when, roughly where, how sure."""

    id: Id = Field(description="Short name, such as R1.")
    by: Literal["coast-guard", "ship", "airliner", "police", "public", "nation"] = Field(
        description='Who reports; "nation" is another government\'s notice.'
    )
    nation: Code | None = Field(default=None, description="by nation: whose notice it is.")
    to: Code = Field(description="The nation that hears it.")
    time_s: Time = Field(description="When it was seen, s after the epoch.")
    lat_deg: Lat = Field(description="Where it was seen, latitude, deg.")
    lon_deg: Lon = Field(description="Where it was seen, longitude, deg.")
    radius_km: Radius = Field(description="How far off that may be, 1 sigma, km.")
    bearing_deg: Annotated[float, AfterValidator(Within(at_least=0, at_most=360, unit="deg"))] | None = Field(
        default=None, description="Which way it went, if they said, deg."
    )
    delay_s: Delay = Field(description="From the sighting to the nation's desk, s.")
    confidence_level: Literal["low", "medium"] = Field(description="How far a desk trusts it.")
    text: str = Field(min_length=1, description="What they said.")
    source: str = Field(min_length=1, description='Where it is on record, or "assumption: why".')

    @model_validator(mode="after")
    def _a_notice_has_an_author(self) -> "Report":
        if (self.by == "nation") != (self.nation is not None):
            if self.nation is None:
                refuse('is missing: a report by "nation" says by which.', field=("nation",))
            refuse(f'has no place in a report by "{self.by}".', self.nation, field=("nation",))
        if self.nation == self.to:
            refuse("must not be the nation that hears it.", self.nation, field=("nation",))
        return self


class Circle(Model):
    """A place and what lies around it."""

    lat_deg: Lat = Field(description="Middle, latitude, deg.")
    lon_deg: Lon = Field(description="Middle, longitude, deg.")
    radius_km: Radius = Field(description="Radius, km.")

    def holds(self, lat_deg: float, lon_deg: float) -> bool:
        """Whether a place lies inside, by great circle on the mean sphere."""
        lat, to_lat, east = map(math.radians, (self.lat_deg, lat_deg, lon_deg - self.lon_deg))
        # Haversines: exact for places close together.
        half = math.sin((to_lat - lat) / 2) ** 2
        half += math.cos(lat) * math.cos(to_lat) * math.sin(east / 2) ** 2
        return 2 * MEAN_RADIUS_M * math.asin(math.sqrt(min(half, 1.0))) <= self.radius_km * 1e3


class Zone(Model):
    """A zone that something announced will fall into: a polygon, or a circle."""

    id: Id = Field(description="Short name, such as stage-1.")
    points_deg: Rows[Pair] | None = Field(
        default=None,
        description="Corners [longitude, latitude], deg, in order; edges are straight on a chart.",
    )
    circle: Circle | None = Field(default=None, description="Or a circle.")

    @model_validator(mode="after")
    def _one_form(self) -> "Zone":
        if (self.points_deg is None) == (self.circle is None):
            refuse("must have either points_deg or circle.")
        if self.points_deg is not None:
            self._polygon(self.points_deg)
        return self

    def _polygon(self, points: tuple[Corner, ...]) -> None:
        corners = list(dict.fromkeys(points))
        if len(corners) < 3:
            refuse("must have at least 3 different corners.", len(corners), field=("points_deg",))
        for row, (lon, lat) in enumerate(points):
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                swapped = abs(lon) <= 90 and abs(lat) <= 180
                hint = f"Longitude first: [{lat:g}, {lon:g}]." if swapped else ""
                refuse("must be [longitude, latitude] on Earth.", [lon, lat], hint, ("points_deg", row))
        chart = _chart(points)
        wide_deg = max(x for x, _ in chart) - min(x for x, _ in chart)
        if wide_deg >= 180:
            refuse("must be less than 180 deg wide.", round(wide_deg, 3), field=("points_deg",))
        if (crossing := _crossing(chart)) is not None:
            need = f"must not cross itself: edges {crossing[0] + 1} and {crossing[1] + 1} do."
            refuse(need, hint="Give the corners in order around the zone.", field=("points_deg",))
        if abs(_twice_area(chart)) < 1e-9:
            refuse("must enclose an area.", field=("points_deg",))


def _chart(points: Sequence[Corner]) -> list[Corner]:
    """Corners with longitudes that do not jump at the date line; the first is as given."""
    chart = [points[0]]
    for lon, lat in points[1:]:
        before = chart[-1][0]
        chart.append((before + (lon - before + 180) % 360 - 180, lat))
    return chart


def _twice_area(chart: Sequence[Corner]) -> float:
    """Twice the signed area of a polygon, deg2."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*chart, chart[0]]))


def _crossing(chart: Sequence[Corner]) -> tuple[int, int] | None:
    """Two edges of a polygon that cross, or None."""

    def side(a: Corner, b: Corner, c: Corner) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    edges = list(pairwise([*chart, chart[0]]))
    for one, (a, b) in enumerate(edges):
        for other in range(one + 1, len(edges)):
            c, d = edges[other]
            if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                return one, other
    return None


class Notice(Model):
    """A navigation or air warning: something is announced for a time, from a place, into zones."""

    id: Id = Field(description="Short name, such as N1.")
    issued_by: Code = Field(description="The state that announced it, ISO 3166 alpha-3.")
    known_to: Rows[Code] = Field(min_length=1, description="Nations that have read it.")
    from_s: float = Field(description="Window opens, s after the epoch; below 0 it is open at the epoch.")
    until_s: float = Field(description="Window closes, s after the epoch.")
    launch: Circle | None = Field(default=None, description="Where it will start from, if it says so.")
    zones: Rows[Zone] = Field(default=(), description="Where parts of it will fall.")
    source: str = Field(min_length=1, description='Where it is on record, or "assumption: why".')

    @model_validator(mode="after")
    def _it_says_when_and_where(self) -> "Notice":
        if self.until_s <= self.from_s:
            need = f"must be above from_s = {self.from_s:g}: the window ends before it begins."
            refuse(need, self.until_s, field=("until_s",))
        if self.launch is None and not self.zones:
            refuse("is missing: a notice names a launch place, drop zones, or both.", field=("zones",))
        for row, zone in enumerate(self.zones):
            if zone.id in [other.id for other in self.zones[:row]]:
                refuse("is given twice.", zone.id, field=("zones", row, "id"))
        for row, nation in enumerate(self.known_to):
            if nation in self.known_to[:row]:
                refuse("is given twice.", nation, field=("known_to", row))
        return self

    def tells_of(self, time_s: float, lat_deg: float, lon_deg: float) -> bool:
        """Whether a launch then and there is the announced one: in the window, at the place that it names."""
        opened = self.from_s <= time_s <= self.until_s
        return opened and self.launch is not None and self.launch.holds(lat_deg, lon_deg)


def check_told(
    reports: Sequence[Report], notices: Sequence[Notice], nations: Sequence[str], duration_s: float
) -> None:
    """Refuse, inside a scenario's validator, what reaches nations that take no part or comes too late."""
    for rows, name in ((reports, "reports"), (notices, "notices")):
        ids = [row.id for row in rows]
        for number, one in enumerate(ids):
            if one in ids[:number]:
                refuse("is given twice.", one, field=(name, number, "id"))
    for number, report in enumerate(reports):
        _takes_part(report.to, nations, ("reports", number, "to"))
        if report.time_s > duration_s:
            need = f"must be at most duration_s = {duration_s:g}."
            refuse(need, report.time_s, field=("reports", number, "time_s"))
    for number, notice in enumerate(notices):
        for place, nation in enumerate(notice.known_to):
            _takes_part(nation, nations, ("notices", number, "known_to", place))


def _takes_part(nation: str, nations: Sequence[str], field: tuple[str | int, ...]) -> None:
    if nation not in nations:
        refuse("is not among the scenario's nations.", nation, did_you_mean(nation, nations), field)
