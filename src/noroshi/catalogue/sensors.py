"""Profiles of sensors: what kind of radar, skywave radar or infrared satellite."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from noroshi.catalogue.base import Model, Within, refuse
from noroshi.catalogue.figures import Figure
from noroshi.catalogue.profiles import KM, METRES, SECONDS, Delay, Factor, Name, Seconds

RangeKm = Within(at_least=1, at_most=50_000, unit="km", slips=KM)
Kilometres = Annotated[Figure, AfterValidator(RangeKm)]
Elevation = Annotated[Figure, AfterValidator(Within(at_least=-5, at_most=90, unit="deg"))]
Share = Annotated[Figure, AfterValidator(Within(above=0, at_most=1))]
Milliradians = Annotated[Figure, AfterValidator(Within(at_least=0, at_most=100, unit="mrad"))]
MAX_FACES = 4


class RadarRange(Figure):
    """A range means nothing alone: it is where `cross_section_m2` gives `snr_db` in one look."""

    cross_section_m2: float = Field(gt=0, le=1e5, description="Target cross-section the range holds for, m2.")
    snr_db: float = Field(ge=-20, le=60, description="Signal-to-noise of one look at that range, dB.")

    def at_km(self, cross_section_m2: float, snr_db: float) -> float:
        """The range at which another target gives another signal-to-noise: fourth-power law."""
        louder = 10 ** ((self.snr_db - snr_db) / 10)
        return float(self.value * (cross_section_m2 / self.cross_section_m2 * louder) ** 0.25)


class RadarProfile(Model):
    """A ground or ship radar."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    kind: Literal["radar"] = Field(description='"radar".')
    search_range_km: Annotated[RadarRange, AfterValidator(RangeKm)] = Field(
        description="Range in search, with cross_section_m2 and snr_db."
    )
    cued_range_km: Annotated[RadarRange, AfterValidator(RangeKm)] = Field(
        description="Range when told where to look, with cross_section_m2 and snr_db."
    )
    instrumented_range_km: Annotated[Figure, AfterValidator(RangeKm)] = Field(
        description="Nothing is measured beyond, km."
    )
    antenna_height_m: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=1_000, unit="m"))] = Field(
        description="Height of the antenna above the ground or sea at its site, m."
    )
    sector_deg: Annotated[Figure, AfterValidator(Within(above=0, at_most=360, unit="deg"))] = Field(
        description="Width in azimuth of what one face can see, deg."
    )
    elevation_min_deg: Elevation = Field(description="Lowest elevation of a beam, deg.")
    elevation_max_deg: Elevation = Field(description="Highest elevation of a beam, deg.")
    fence_low_deg: Elevation = Field(description="Lower edge of the search fence, elevation, deg.")
    fence_high_deg: Elevation = Field(description="Upper edge of the search fence, elevation, deg.")
    search_revisit_s: Seconds = Field(description="Time between two looks of the search fence, s.")
    track_revisit_s: Seconds = Field(description="Time between two looks at a tracked object, s.")
    track_dwell_ms: Annotated[Figure, AfterValidator(Within(above=0, at_most=60_000, unit="ms"))] | None = (
        Field(default=None, description="What one look at a tracked object takes of the radar's time, ms.")
    )
    track_share: Share | None = Field(
        default=None, description="Share of the radar's time that tracks may take; the rest is search."
    )
    faces: int = Field(
        default=1, ge=1, le=MAX_FACES, description="Fixed faces, side by side, each of one sector."
    )
    face_tilt_deg: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=90, unit="deg"))] | None = (
        Field(default=None, description="Elevation of a face's normal, deg.")
    )
    scan_loss: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=6))] | None = Field(
        default=None,
        description="Power of the cosine, off a face's normal, that signal-to-noise falls with, both ways.",
    )
    rotation_s: Seconds | None = Field(
        default=None, description="One turn of a turning antenna, s; it sees a direction once in each."
    )
    false_alarm_probability: Annotated[Figure, AfterValidator(Within(above=0, at_most=0.1))] = Field(
        description="Probability of a false alarm per look."
    )
    sigma_range_m: Annotated[
        Figure, AfterValidator(Within(at_least=0.1, at_most=50_000, unit="m", slips=METRES))
    ] = Field(description="Least noise in range, 1 sigma, m.")
    sigma_angle_mrad: Annotated[Figure, AfterValidator(Within(above=0, at_most=100, unit="mrad"))] = Field(
        description="Least noise in angle, 1 sigma, mrad."
    )
    beamwidth_deg: Annotated[Figure, AfterValidator(Within(above=0, at_most=30, unit="deg"))] = Field(
        description="Width of the beam, deg; the angle noise grows from it as the signal fades."
    )
    sigma_range_rate_mps: (
        Annotated[Figure, AfterValidator(Within(above=0, at_most=1e3, unit="m/s"))] | None
    ) = Field(default=None, description="Noise in range rate, 1 sigma, m/s, of a radar that measures it.")
    bias_range_m: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=50_000, unit="m"))] = Field(
        description="Constant error in range of one run, 1 sigma of the draw, m."
    )
    bias_angle_mrad: Milliradians = Field(
        description="Constant error in angle of one run, 1 sigma of the draw, mrad."
    )
    bias_place_m: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=50_000, unit="m"))] | None = (
        Field(default=None, description="Error in its own place in one run, 1 sigma east, north and up, m.")
    )
    bias_clock_ms: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=10_000, unit="ms"))] | None = (
        Field(default=None, description="Error of its clock in one run, 1 sigma of the draw, ms.")
    )
    believed_bias_factor: Factor = Field(
        description="What its own nation believes the bias sigma to be, as a factor on the truth."
    )

    @property
    def total_sector_deg(self) -> float:
        """What all its faces see, deg."""
        return self.faces * self.sector_deg.value

    @model_validator(mode="after")
    def _angles_and_ranges_are_in_order(self) -> "RadarProfile":
        if self.elevation_max_deg.value <= self.elevation_min_deg.value:
            refuse(
                f"must be above elevation_min_deg = {self.elevation_min_deg.value}.",
                self.elevation_max_deg.value,
                field=("elevation_max_deg",),
            )
        if self.fence_high_deg.value <= self.fence_low_deg.value:
            refuse(
                f"must be above fence_low_deg = {self.fence_low_deg.value}.",
                self.fence_high_deg.value,
                field=("fence_high_deg",),
            )
        if self.total_sector_deg > 360:
            need = f"must be at most {360 / self.faces:g} deg for each of {self.faces} faces."
            refuse(need, self.sector_deg.value, field=("sector_deg",))
        if (self.track_dwell_ms is None) != (self.track_share is None):
            missing = "track_share" if self.track_share is None else "track_dwell_ms"
            refuse("is missing: track_dwell_ms and track_share belong together.", field=(missing,))
        if self.rotation_s is not None:
            if self.faces > 1:
                refuse(
                    "has no place here: fixed faces do not turn.",
                    self.rotation_s.value,
                    field=("rotation_s",),
                )
            for name in ("search_revisit_s", "track_revisit_s"):
                every_s = getattr(self, name).value
                if every_s < self.rotation_s.value:
                    turn_s = self.rotation_s.value
                    need = f"must be at least rotation_s = {turn_s}: it sees a direction once a turn."
                    refuse(need, every_s, field=(name,))
        # A cue cannot make a radar see less; compared at one target and one signal-to-noise.
        search = self.search_range_km
        cued_km = self.cued_range_km.at_km(search.cross_section_m2, search.snr_db)
        if cued_km < search.value * 0.999:
            refuse(
                "must reach at least as far as search_range_km; for its target and signal-to-noise it is "
                f"{cued_km:.0f} km against {search.value:.0f} km.",
                self.cued_range_km.value,
                field=("cued_range_km",),
            )
        return self


class SkywaveProfile(Model):
    """A radar over the horizon by way of the ionosphere: aircraft and ships, coarse, when the sky allows."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    kind: Literal["skywave"] = Field(description='"skywave".')
    range_min_km: Kilometres = Field(description="Nearest ground range, km: below, the wave skips over.")
    range_max_km: Kilometres = Field(description="Farthest ground range, km.")
    sector_deg: Annotated[Figure, AfterValidator(Within(above=0, at_most=360, unit="deg"))] = Field(
        description="Width in azimuth of what it can see, centred on the boresight, deg."
    )
    availability: Share = Field(description="Share of the time in which the ionosphere carries it.")
    spell_s: Annotated[Figure, AfterValidator(Within(above=0, at_most=86_400, unit="s", slips=SECONDS))] = (
        Field(description="How long one state of the ionosphere lasts, s.")
    )
    revisit_s: Seconds = Field(description="Time between two looks at one place, s.")
    detection_probability: Share = Field(description="Chance that a look shows an aircraft or a ship in it.")
    sigma_range_km: Kilometres = Field(description="Noise in ground range, 1 sigma, km.")
    sigma_azimuth_mrad: Annotated[Figure, AfterValidator(Within(above=0, at_most=100, unit="mrad"))] = Field(
        description="Noise in azimuth, 1 sigma, mrad."
    )
    bias_range_km: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=500, unit="km"))] = Field(
        description="Constant error in range of one run, 1 sigma of the draw, km: the height of the layer."
    )
    bias_azimuth_mrad: Milliradians = Field(
        description="Constant error in azimuth of one run, 1 sigma of the draw, mrad."
    )

    @model_validator(mode="after")
    def _the_ring_has_a_width(self) -> "SkywaveProfile":
        if self.range_max_km.value <= self.range_min_km.value:
            need = f"must be above range_min_km = {self.range_min_km.value}."
            refuse(need, self.range_max_km.value, field=("range_max_km",))
        return self


class Brightness(Figure):
    """A brightness means nothing alone: it is the faintest that is seen from `range_km`."""

    range_km: float = Field(gt=0, le=500_000, description="Distance that the brightness holds for, km.")

    @property
    def irradiance_w_per_m2(self) -> float:
        """What arrives at the sensor."""
        return float(self.value / (self.range_km * 1e3) ** 2)


class InfraredProfile(Model):
    """An infrared satellite: it sees what shines above the clouds, in angle only."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    kind: Literal["infrared"] = Field(description='"infrared".')
    mode: Literal["staring", "scanning"] = Field(
        description="staring: all its field at once; scanning: a line that passes each direction once a scan."
    )
    revisit_s: Seconds = Field(description="Time between two looks, or of one scan, s.")
    field_of_view_deg: Annotated[Figure, AfterValidator(Within(above=0, at_most=180, unit="deg"))] | None = (
        Field(default=None, description="Half angle of what it sees, about the nadir, deg; else everything.")
    )
    sensitivity_w_per_sr: Annotated[Brightness, AfterValidator(Within(above=0, at_most=1e9, unit="W/sr"))] = (
        Field(description="Source seen every other look against the Earth, with the range_km it holds for.")
    )
    against_space: Share = Field(
        description="What is enough of that when space or the limb, not the Earth, lies behind."
    )
    detection_probability: Share = Field(
        description="Chance that a look is not lost, however bright the source."
    )
    angle_noise_urad: Annotated[Figure, AfterValidator(Within(above=0, at_most=10_000, unit="urad"))] = Field(
        description="Noise of one look in angle, 1 sigma, microradians."
    )
    bias_urad: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=10_000, unit="urad"))] = Field(
        description="Constant error in pointing of one run, 1 sigma of the draw, microradians."
    )
    believed_bias_factor: Factor = Field(
        description="What its own nation believes the bias sigma to be, as a factor on the truth."
    )
    hits_to_confirm: Annotated[Figure, AfterValidator(Within(at_least=1, at_most=100))] = Field(
        description="Looks that must see a source before a launch is declared."
    )
    report_delay_s: Delay = Field(description="From the confirming look to a report on the network, s.")

    @model_validator(mode="after")
    def _hits_are_whole(self) -> "InfraredProfile":
        if self.hits_to_confirm.value % 1:
            refuse("must be a whole number of looks.", self.hits_to_confirm.value, field=("hits_to_confirm",))
        return self


SensorProfile = RadarProfile | SkywaveProfile | InfraredProfile
