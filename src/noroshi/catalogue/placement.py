"""Where sensors stand, what the land hides from them, and the air they look through."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

from noroshi.catalogue.base import WALKER, Code, Id, Model, Pair, Rows, Within, refuse
from noroshi.catalogue.figures import Figure, Stated
from noroshi.catalogue.launch import Azimuth, Height, Latitude, Longitude
from noroshi.catalogue.profiles import KM
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SensorProfile, SkywaveProfile
from noroshi.earth.constants import ORBIT_HEIGHT_MIN_M, SEMI_MAJOR_M

ON_EARTH = ("lat_deg", "lon_deg", "height_m")
ON_GROUND_ALONE = (*ON_EARTH, "moves", "boresight_deg", "sector_edges_deg", "mask_deg")
IN_ORBIT_ALONE = ("longitude_deg", "orbit", "walker")
# Satellites of one constellation.
MOST_IN_ONE = 1000
# As flight.orbits has it, which no file need load arrays for.
_ECCENTRICITY_MAX = 0.95


class Mask(Stated):
    """What the land hides: one elevation all round, or points [azimuth, elevation] with straight lines
    between them.
    """

    value: float | None = Field(default=None, ge=-5, lt=90, description="One elevation all round, deg.")
    points: Rows[Pair] | None = Field(
        default=None, description="Points [azimuth, elevation], deg, azimuth rising."
    )
    low: float | None = Field(default=None, description="Lower end of what is thought possible, deg.")
    high: float | None = Field(default=None, description="Upper end of what is thought possible, deg.")

    @model_validator(mode="after")
    def _one_form_and_a_range(self) -> "Mask":
        if (self.value is None) == (self.points is None):
            refuse("must have either value or points.")
        if self.confidence == "assumed" and (self.low is None or self.high is None):
            refuse(
                "is missing: an assumption states the range it may lie in.",
                field=("low" if self.low is None else "high",),
            )
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                refuse(f"must be below high = {self.high}.", self.low, field=("low",))
            if self.value is not None and not self.low <= self.value <= self.high:
                refuse(f"must lie in its own range, {self.low} to {self.high}.", self.value, field=("value",))
        azimuths = [azimuth for azimuth, _ in self.points or ()]
        if self.points is not None and not azimuths:
            refuse("must hold at least one point.", field=("points",))
        if azimuths != sorted(set(azimuths)) or (azimuths and not 0 <= azimuths[0] <= azimuths[-1] <= 360):
            refuse("must have azimuths that rise, from 0 to 360 deg.", azimuths, field=("points",))
        for row, (azimuth, elevation) in enumerate(self.points or ()):
            if not -5 <= elevation < 90:
                refuse(
                    "must have an elevation from -5 to 90 deg.", [azimuth, elevation], field=("points", row)
                )
        return self

    @property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """Points (azimuth, elevation), deg, azimuth rising; one point means all round."""
        return self.points if self.points is not None else ((0.0, self.value or 0.0),)


class Day(Stated):
    """A day of the calendar, and where it stands."""

    day: date = Field(description="The day, such as 2024-02-14.")


class Moves(Stated):
    """Where a ship or an aircraft is when: points in time, with straight great circles between them."""

    points: Rows[Annotated[tuple[float, float, float, float], Field(strict=False)]] = Field(
        min_length=2,
        description="Points [time_s, lat_deg, lon_deg, height_m], time rising, s after the epoch.",
    )
    spread_km: float | None = Field(
        default=None, ge=0, description="How far off it may have been, km; an assumption states it."
    )

    @model_validator(mode="after")
    def _a_course_through_time(self) -> "Moves":
        if self.confidence == "assumed" and self.spread_km is None:
            refuse("is missing: an assumption states how far off it may be.", field=("spread_km",))
        times = [time_s for time_s, *_ in self.points]
        if times != sorted(set(times)):
            refuse("must have times that rise.", times, field=("points",))
        for row, (_, lat, lon, height_m) in enumerate(self.points):
            if not (-90 <= lat <= 90 and -180 <= lon <= 180 and -430 <= height_m <= 20_000):
                need = "must be [time_s, lat_deg, lon_deg, height_m] with a place on Earth, up to 20,000 m."
                refuse(need, list(self.points[row]), field=("points", row))
        return self


LowKm = Annotated[
    Figure, AfterValidator(Within(at_least=ORBIT_HEIGHT_MIN_M / 1e3, at_most=500_000, unit="km", slips=KM))
]
Inclination = Annotated[Figure, AfterValidator(Within(at_least=0, at_most=180, unit="deg"))]
Angle = Annotated[Figure, AfterValidator(Within(at_least=-360, at_most=360, unit="deg"))]


class Orbit(Model):
    """The orbit of one satellite at the epoch, over an equator whose node angle counts from Greenwich."""

    perigee_km: LowKm = Field(description="Lowest height, km.")
    apogee_km: LowKm = Field(description="Greatest height, km.")
    inclination_deg: Inclination = Field(description="Inclination, deg.")
    node_lon_deg: Angle = Field(description="Longitude of the ascending node at the epoch, deg.")
    perigee_argument_deg: Angle = Field(description="Argument of the perigee, deg.")
    mean_anomaly_deg: Angle = Field(description="Mean anomaly at the epoch, deg.")

    @model_validator(mode="after")
    def _the_apogee_is_above(self) -> "Orbit":
        if self.apogee_km.value < self.perigee_km.value:
            need = f"must be at least perigee_km = {self.perigee_km.value:g}."
            refuse(need, self.apogee_km.value, field=("apogee_km",))
        across_km = self.apogee_km.value + self.perigee_km.value + 2 * SEMI_MAJOR_M / 1e3
        if self.apogee_km.value - self.perigee_km.value > _ECCENTRICITY_MAX * across_km:
            need = f"is too far above perigee_km: the eccentricity must be at most {_ECCENTRICITY_MAX:g}."
            refuse(need, self.apogee_km.value, field=("apogee_km",))
        return self


class Walker(Model):
    """A constellation of circular orbits, T/P/F; one row of it stands for its T satellites."""

    pattern: str = Field(pattern=WALKER, description="Satellites/planes/phasing: 28/4/1.")
    spread: Literal["delta", "star"] = Field(
        default="delta", description="Planes over 360 deg, or over 180 deg."
    )
    height_km: LowKm = Field(description="Height above the equator's radius, km.")
    inclination_deg: Inclination = Field(description="Inclination, deg.")
    node_lon_deg: Angle = Field(description="Longitude of the first plane's node at the epoch, deg.")

    @model_validator(mode="after")
    def _it_is_a_pattern(self) -> "Walker":
        total, planes, phasing = self.numbers
        if not total or not planes or total % planes:
            refuse("must have planes of equal satellites.", self.pattern, field=("pattern",))
        if total > MOST_IN_ONE:
            refuse(f"must have at most {MOST_IN_ONE} satellites.", self.pattern, field=("pattern",))
        if phasing >= planes:
            refuse(
                f"must have a phasing from 0 to {planes - 1}, planes less one.",
                self.pattern,
                field=("pattern",),
            )
        return self

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Satellites, planes, phasing."""
        total, planes, phasing = (int(part) for part in self.pattern.split("/"))
        return total, planes, phasing


def _azimuths(edges: tuple[float, float]) -> tuple[float, float]:
    for azimuth in edges:
        if not 0 <= azimuth <= 360:
            refuse("must be azimuths from 0 to 360 deg.", list(edges))
    return edges


class SensorPlacement(Model):
    """A sensor of a nation at its place: on the ground, on the move, or in orbit."""

    id: Id = Field(description="Unique name, such as JPN-Sado.")
    title: str = Field(default="", description="What a reader calls the place.")
    nation: Code = Field(description="Who owns it, ISO 3166 alpha-3.")
    profile: Annotated[SensorProfile, Field(discriminator="kind"), WithJsonSchema({"type": "string"})] = (
        Field(description="Name of a sensor profile.")
    )
    present: bool = Field(default=True, description="false leaves it out of the run.")
    lat_deg: Latitude | None = Field(default=None, description="Site, geodetic latitude, deg (radar).")
    lon_deg: Longitude | None = Field(default=None, description="Site, longitude, deg (radar).")
    height_m: Height | None = Field(
        default=None, description="Ground or sea at the site, m above mean sea level (radar)."
    )
    boresight_deg: Azimuth | None = Field(
        default=None, description="Azimuth of the sector's middle, deg (radar with a sector below 360)."
    )
    sector_edges_deg: Annotated[Pair, AfterValidator(_azimuths)] | None = Field(
        default=None,
        description="Azimuths [from, to], deg, clockwise, of the sector's ends; instead of boresight_deg.",
    )
    mask_deg: Mask | None = Field(default=None, description="What the land hides, elevation, deg (radar).")
    since: Day | None = Field(default=None, description="In service since; always if not given.")
    until: Day | None = Field(default=None, description="In service until; still if not given.")
    moves: Moves | None = Field(
        default=None, description="Ship or aircraft: where it is when, instead of lat_deg, lon_deg, height_m."
    )
    longitude_deg: Longitude | None = Field(
        default=None, description="Geostationary longitude, deg (infrared satellite)."
    )
    orbit: Orbit | None = Field(default=None, description="Any other orbit (infrared satellite).")
    walker: Walker | None = Field(
        default=None, description="A constellation: one row stands for its satellites, ID-1, ID-2, ..."
    )
    member: SkipJsonSchema[int] = Field(default=0, ge=0, description="Which satellite of a constellation.")
    note: str = Field(default="", description="What is known of it on the day.")

    @model_validator(mode="after")
    def _place_fits_the_kind(self) -> "SensorPlacement":
        ground = not isinstance(self.profile, InfraredProfile)
        what = f'{self.profile.kind} profile "{self.profile.name}"'
        ways: tuple[tuple[str, ...], ...] = (
            (ON_EARTH, ("moves",)) if ground else tuple((name,) for name in IN_ORBIT_ALONE)
        )
        said = " or ".join(", ".join(way) for way in ways)
        for name in IN_ORBIT_ALONE if ground else ON_GROUND_ALONE:
            if getattr(self, name) is not None:
                refuse(f"has no place here: the {what} stands at {said}.", field=(name,))
        given = [way for way in ways if any(getattr(self, name) is not None for name in way)]
        for name in (given or ways)[0]:
            if getattr(self, name) is None:
                refuse(f"is missing: the {what} needs {said}.", field=(name,))
        if len(given) > 1:
            refuse(f"has no place here beside {given[0][0]}: it stands at {said}.", field=(given[1][0],))
        if self.member >= (self.walker.numbers[0] if self.walker is not None else 1):
            refuse("is not a known key.", self.member, field=("member",))
        if self.sector_edges_deg is not None:
            if self.boresight_deg is not None:
                refuse("has no place here beside boresight_deg.", field=("sector_edges_deg",))
            start, end = self.sector_edges_deg
            if abs((end - start) % 360 - self.sector_deg % 360) > 1:
                swapped = abs((start - end) % 360 - self.sector_deg % 360) <= 1
                hint = f"The ends are swapped: write [{end:g}, {start:g}]." if swapped else ""
                need = f"must span the {self.sector_deg:g} deg of the {what}, clockwise."
                refuse(need, [start, end], hint, ("sector_edges_deg",))
        elif self.sector_deg < 360 and self.boresight_deg is None:
            need = f"is missing: the {what} sees a sector of {self.sector_deg:g} deg."
            refuse(need, field=("boresight_deg",))
        return self

    def serves(self, day: date) -> bool:
        """Whether it is in service on a day."""
        early = self.since is not None and day < self.since.day
        late = self.until is not None and day > self.until.day
        return not early and not late

    @property
    def middle_deg(self) -> float:
        """Azimuth of the sector's middle, deg."""
        if self.sector_edges_deg is not None:
            return (self.sector_edges_deg[0] + self.sector_deg / 2) % 360
        return self.boresight_deg.value if self.boresight_deg is not None else 0.0

    @property
    def sector_deg(self) -> float:
        """Width in azimuth of all that it can see, deg."""
        if isinstance(self.profile, RadarProfile):
            return self.profile.total_sector_deg
        return self.profile.sector_deg.value if isinstance(self.profile, SkywaveProfile) else 360.0


class Environment(Model):
    """Air and clouds."""

    cloud_break_km: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=30, unit="km", slips=KM))] = (
        Field(description="Height at which a plume comes into view from above, km.")
    )
    refraction_factor: Annotated[Figure, AfterValidator(Within(at_least=1, at_most=2))] = Field(
        description="Effective Earth radius over the true one; 4/3 is standard, 1 is no refraction."
    )
