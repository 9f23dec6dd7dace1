"""Where sensors stand, what the land hides from them, and the air they look through."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from noroshi.catalogue.base import Code, Id, Model, Pair, Rows, Within, refuse
from noroshi.catalogue.figures import Figure, Stated
from noroshi.catalogue.launch import Azimuth, Height, Latitude, Longitude
from noroshi.catalogue.profiles import KM, RadarProfile, SensorProfile

ON_EARTH = ("lat_deg", "lon_deg", "height_m")


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


class SensorPlacement(Model):
    """A sensor of a nation at its place: a radar at lat, lon, height; a satellite above a longitude."""

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
    mask_deg: Mask | None = Field(default=None, description="What the land hides, elevation, deg (radar).")
    longitude_deg: Longitude | None = Field(
        default=None, description="Geostationary longitude, deg (infrared satellite)."
    )
    note: str = Field(default="", description="What is known of it on the day.")

    @model_validator(mode="after")
    def _place_fits_the_kind(self) -> "SensorPlacement":
        radar = isinstance(self.profile, RadarProfile)
        needs: tuple[str, ...] = ON_EARTH if radar else ("longitude_deg",)
        bans = ("longitude_deg",) if radar else (*ON_EARTH, "boresight_deg", "mask_deg")
        what = f'{self.profile.kind} profile "{self.profile.name}"'
        for name in needs:
            if getattr(self, name) is None:
                refuse(f"is missing: the {what} needs {', '.join(needs)}.", field=(name,))
        for name in bans:
            if getattr(self, name) is not None:
                refuse(f"has no place here: the {what} stands at {', '.join(needs)}.", field=(name,))
        sector_deg = self.profile.sector_deg.value if isinstance(self.profile, RadarProfile) else 360.0
        if sector_deg < 360 and self.boresight_deg is None:
            refuse(f"is missing: the {what} sees a sector of {sector_deg:g} deg.", field=("boresight_deg",))
        return self


class Environment(Model):
    """Air and clouds."""

    cloud_break_km: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=30, unit="km", slips=KM))] = (
        Field(description="Height at which a plume comes into view from above, km.")
    )
    refraction_factor: Annotated[Figure, AfterValidator(Within(at_least=1, at_most=2))] = Field(
        description="Effective Earth radius over the true one; 4/3 is standard, 1 is no refraction."
    )
