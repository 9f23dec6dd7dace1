"""The quiet day as data: what flies, falls, burns and flickers before sensors when nobody launches."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from noroshi.catalogue import door
from noroshi.catalogue.base import Id, Model, Rows, Within, did_you_mean, refuse
from noroshi.catalogue.figures import Figure, Spread
from noroshi.catalogue.profiles import KM, METRES, Name
from noroshi.errors import InputError

FOLDER = door.DATA / "background"

Share = Annotated[Figure, AfterValidator(Within(at_least=0, at_most=1))]
PerDay = Annotated[Figure, AfterValidator(Within(at_least=0, at_most=100_000, unit="a day"))]
CrossSection = Annotated[Spread, AfterValidator(Within(above=0, at_most=1e5, unit="m2"))]
Intensity = Annotated[Spread, AfterValidator(Within(above=0, at_most=1e9, unit="W/sr"))]
Lasts = Annotated[Spread, AfterValidator(Within(above=0, at_most=1_440, unit="min"))]


class Shell(Model):
    """Part of the objects in low orbit: those between two heights."""

    from_km: float = Field(ge=150, le=3_000, description="Lowest height, km.")
    to_km: float = Field(ge=150, le=3_000, description="Greatest height, km.")
    share: Share = Field(description="Its share of the objects.")

    @model_validator(mode="after")
    def _it_has_a_thickness(self) -> "Shell":
        if self.to_km <= self.from_km:
            refuse(f"must be above from_km = {self.from_km:g}.", self.to_km, field=("to_km",))
        return self


class Lane(Model):
    """Part of the objects in low orbit: those of one inclination."""

    inclination_deg: float = Field(gt=0, lt=180, description="Inclination, deg.")
    share: Share = Field(description="Its share of the objects.")


def _whole(parts: Sequence[Shell] | Sequence[Lane], field: str) -> None:
    total = sum(part.share.value for part in parts)
    if abs(total - 1) > 1e-6:
        refuse("must have shares that sum to 1.", round(total, 6), field=(field,))


class Satellites(Model):
    """Objects in low orbit that pass through the search fence of a radar."""

    objects: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=1e7))] = Field(
        description="Objects in low orbit."
    )
    share_known: Share = Field(
        description="Share of their passes that the catalogue of known satellites explains at once."
    )
    shells: Rows[Shell] = Field(min_length=1, description="How they are spread over heights.")
    lanes: Rows[Lane] = Field(min_length=1, description="How they are spread over inclinations.")
    cross_section_m2: CrossSection = Field(description="Radar cross-section, m2.")

    @model_validator(mode="after")
    def _shares_are_whole(self) -> "Satellites":
        _whole(self.shells, "shells")
        _whole(self.lanes, "lanes")
        return self


class Debris(Model):
    """What comes down from orbit by itself."""

    per_year: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=100_000, unit="a year"))] = Field(
        description="Re-entries a year, all over the Earth."
    )
    share_known: Share = Field(description="Share that is announced well enough to be recognised at once.")
    entry_km: Annotated[Figure, AfterValidator(Within(at_least=100, at_most=140, unit="km", slips=KM))] = (
        Field(description="Height at which the last fall begins, km.")
    )
    ballistic_coefficient_kgpm2: Annotated[
        Spread, AfterValidator(Within(at_least=10, at_most=2_000, unit="kg/m2"))
    ] = Field(description="Mass over drag area, kg/m2.")
    cross_section_m2: CrossSection = Field(description="Radar cross-section, m2.")
    peak_w_per_sr: Intensity = Field(
        description="Infrared intensity in the satellites' band where the air heats it most, W/sr."
    )


class Airliners(Model):
    """Aircraft in the low beams of a radar that nobody has identified."""

    tracks_per_day: PerDay = Field(description="Aircraft that cross the low beams of one radar in a day.")
    skywave_tracks_per_day: PerDay = Field(
        description="Aircraft that cross the ring of one skywave radar in a day."
    )
    share_identified: Share = Field(description="Share that flight plans and transponders explain.")
    height_km: Annotated[Spread, AfterValidator(Within(at_least=1, at_most=20, unit="km", slips=KM))] = Field(
        description="Height of level flight, km."
    )
    speed_mps: Annotated[Spread, AfterValidator(Within(at_least=50, at_most=350, unit="m/s"))] = Field(
        description="Speed over the ground, m/s."
    )
    unidentified_min: Lasts = Field(description="How long one stays unidentified, min.")
    cross_section_m2: CrossSection = Field(description="Radar cross-section, m2.")


class Region(Model):
    """A box of land with fires or gas flares."""

    id: Id = Field(description="Short name.")
    lat_deg: Annotated[tuple[float, float], Field(strict=False)] = Field(
        description="South and north edge, deg."
    )
    lon_deg: Annotated[tuple[float, float], Field(strict=False)] = Field(
        description="West and east edge, deg; the east edge lies east of the west one, beyond 180 if it must."
    )
    per_day: PerDay = Field(
        description="Sources a day that appear and are bright enough for a warning satellite."
    )

    @model_validator(mode="after")
    def _it_is_a_box(self) -> "Region":
        south, north = self.lat_deg
        west, east = self.lon_deg
        if not -90 <= south < north <= 90:
            refuse(
                "must rise from the south to the north edge, within 90 deg.",
                list(self.lat_deg),
                "",
                ("lat_deg",),
            )
        if not (-180 <= west < east <= 360 and east - west <= 180):
            hint = f"Across the date line: write [{west:g}, {east + 360:g}]." if east < west else ""
            need = "must run eastwards from the west to the east edge, by at most 180 deg."
            refuse(need, list(self.lon_deg), hint, ("lon_deg",))
        return self


class Fires(Model):
    """Hot spots on the ground that infrared satellites see."""

    regions: Rows[Region] = Field(min_length=1, description="Where they appear.")
    share_known: Share = Field(description="Share that the ground segment's map of static sources masks.")
    share_clear: Share = Field(description="Share that no cloud hides.")
    intensity_w_per_sr: Intensity = Field(
        description="Infrared intensity in the satellites' band, as it leaves the air, W/sr."
    )
    unmasked_min: Lasts = Field(description="From its appearance to the moment the map takes it in, min.")

    @model_validator(mode="after")
    def _regions_have_names_of_their_own(self) -> "Fires":
        names = [region.id for region in self.regions]
        for row, name in enumerate(names):
            if name in names[:row]:
                refuse("is given twice.", name, field=("regions", row, "id"))
        return self


class Ghosts(Model):
    """Plots without an object, and second plots of one object."""

    false_plots_per_day: PerDay = Field(description="False plots of one radar in a day.")
    skywave_false_plots_per_day: PerDay = Field(description="False plots of one skywave radar in a day.")
    duplicate_share: Share = Field(description="Share of plots that come twice.")
    duplicate_range_m: Annotated[
        Figure, AfterValidator(Within(at_least=0, at_most=50_000, unit="m", slips=METRES))
    ] = Field(description="How far the second lies off in range, 1 sigma, m.")
    duplicate_angle_mrad: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=100, unit="mrad"))] = (
        Field(description="How far the second lies off in angle, 1 sigma, mrad.")
    )


class Background(Model):
    """All that a network of sensors sees on a day without a launch."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    satellites: Satellites = Field(description="Objects in orbit that pass through radar beams.")
    debris: Debris = Field(description="Objects that come down from orbit.")
    airliners: Airliners = Field(description="Aircraft in low beams.")
    fires: Fires = Field(description="Fires and gas flares under infrared satellites.")
    ghosts: Ghosts = Field(description="False and doubled plots.")


_NEEDS = {"noise": "factor", "bias": "azimuth_deg", "storm": "plots_per_min"}


class Fault(Model):
    """Something wrong with a sensor for a time, which its nation does not know."""

    sensor: Id = Field(description="Which sensor.")
    kind: Literal["silent", "noise", "bias", "storm"] = Field(
        description="silent: no plots; noise: more than it states; bias: azimuths turned; storm: false plots."
    )
    from_s: Annotated[float, AfterValidator(Within(at_least=0, unit="s"))] = Field(
        description="When it begins, s after the epoch."
    )
    until_s: Annotated[float, AfterValidator(Within(at_least=0, unit="s"))] = Field(
        description="When it ends, s after the epoch."
    )
    factor: Annotated[Figure, AfterValidator(Within(above=1, at_most=1_000))] | None = Field(
        default=None, description="noise: the noise over what the sensor states."
    )
    azimuth_deg: Annotated[Figure, AfterValidator(Within(at_least=-180, at_most=180, unit="deg"))] | None = (
        Field(default=None, description="bias: how far azimuths are turned, clockwise, deg.")
    )
    plots_per_min: (
        Annotated[Figure, AfterValidator(Within(above=0, at_most=6_000, unit="a minute"))] | None
    ) = Field(default=None, description="storm: false plots a minute.")
    note: str = Field(default="", description="What happened.")

    @model_validator(mode="after")
    def _figures_fit_the_kind(self) -> "Fault":
        if self.until_s <= self.from_s:
            refuse(f"must be above from_s = {self.from_s:g}.", self.until_s, field=("until_s",))
        for kind, name in _NEEDS.items():
            stated = getattr(self, name)
            if kind == self.kind and stated is None:
                refuse(f'is missing: a fault of kind "{kind}" needs it.', field=(name,))
            if kind != self.kind and stated is not None:
                refuse(f'has no place in a fault of kind "{self.kind}".', stated.value, field=(name,))
        return self


def check_faults(faults: Sequence[Fault], sensors: Sequence[str], duration_s: float) -> None:
    """Refuse, inside a scenario's validator, faults of sensors that it has not, or outside its time."""
    for row, fault in enumerate(faults):
        if fault.sensor not in sensors:
            hint = did_you_mean(fault.sensor, sensors)
            refuse("is not among the scenario's sensors.", fault.sensor, hint, ("faults", row, "sensor"))
        if fault.from_s >= duration_s:
            need = f"must be below duration_s = {duration_s:g}."
            refuse(need, fault.from_s, field=("faults", row, "from_s"))


def list_backgrounds() -> list[str]:
    """Names of the backgrounds that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_background(name: object, where: str = "", field: str = "background") -> Background:
    """A shipped background by its name; `where` and `field` say who asks.

    Raises InputError: file, field, value, what would do.
    """
    known = list_backgrounds()
    if not isinstance(name, str):
        raise InputError(where, field, name, "must be a name in quotation marks.")
    if name not in known:
        raise InputError(where, field, name, "is not a known background.", did_you_mean(name, known))
    path = FOLDER / f"{name}.toml"
    table = door.read_toml(path, door.shipped(path))
    return door.validate(Background, {**table, "name": name}, door.shipped(path))
