"""Profiles: what kind of missile, what kind of radar, what kind of infrared satellite."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from noroshi.catalogue.base import Model, Within, refuse
from noroshi.catalogue.figures import Figure, Spread

KM = (("metres", 1e-3),)
METRES = (("kilometres", 1e3),)
SECONDS = (("minutes", 60.0), ("milliseconds", 1e-3))

RangeKm = Within(at_least=1, at_most=50_000, unit="km", slips=KM)
Delay = Annotated[Spread, AfterValidator(Within(at_least=0, at_most=36_000, unit="s", slips=SECONDS))]
Seconds = Annotated[Figure, AfterValidator(Within(above=0, at_most=3_600, unit="s", slips=SECONDS))]
Elevation = Annotated[Figure, AfterValidator(Within(at_least=-5, at_most=90, unit="deg"))]
Factor = Annotated[Figure, AfterValidator(Within(above=0, at_most=10))]
# The name of a profile is the key or the file that it stands under.
Name = Annotated[SkipJsonSchema[str], Field(default="")]


LIFT = ("glide_ratio", "lift_below_km", "dive_below_mps", "phugoid_damping")


class Belief(Model):
    """What national filters assume of a missile they have never measured; their own prior, not the truth.

    Drag and thrust are narrower here than the truth is drawn, as in life; the burn is not, for a filter
    that gives a burn no chance cannot learn of it.
    """

    burn_s: Annotated[Spread, AfterValidator(Within(above=0, at_most=600, unit="s", slips=SECONDS))] = Field(
        description="Believed time of powered flight, s."
    )
    specific_impulse_s: Annotated[Spread, AfterValidator(Within(at_least=150, at_most=500, unit="s"))] = (
        Field(description="Believed specific impulse, s.")
    )
    ballistic_coefficient_kgpm2: Annotated[
        Spread, AfterValidator(Within(at_least=10, at_most=50_000, unit="kg/m2"))
    ] = Field(description="Believed mass over drag area of the body that falls, kg/m2.")


class ThreatProfile(Model):
    """A missile as input: generic, from public figures; it is flown to meet the announced flight."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    family: Literal["ballistic", "quasi-ballistic", "glide", "space"] = Field(description="How it flies.")
    stages: int = Field(default=1, ge=1, le=4, description="Stages, each with its part of burn and velocity.")
    steering: Literal["gravity-turn", "held-pitch"] = Field(
        default="gravity-turn", description="After the turn: thrust along the velocity, or at a fixed pitch."
    )
    burn_s: Annotated[Spread, AfterValidator(Within(above=0, at_most=600, unit="s", slips=SECONDS))] = Field(
        description="Time of powered flight, s."
    )
    specific_impulse_s: Annotated[Spread, AfterValidator(Within(at_least=150, at_most=500, unit="s"))] = (
        Field(description="Specific impulse, s.")
    )
    vertical_s: Annotated[Spread, AfterValidator(Within(at_least=0, at_most=60, unit="s"))] = Field(
        description="Time of vertical flight after launch, s."
    )
    pitch_over_s: Annotated[Spread, AfterValidator(Within(above=0, at_most=300, unit="s"))] = Field(
        description="Time that the turn to the held pitch takes, s."
    )
    ballistic_coefficient_kgpm2: Annotated[
        Spread, AfterValidator(Within(at_least=10, at_most=50_000, unit="kg/m2"))
    ] = Field(description="Mass over drag area of the body that falls, kg/m2.")
    glide_ratio: Annotated[Spread, AfterValidator(Within(above=0, at_most=6))] | None = Field(
        default=None, description="Lift over drag of a body that pulls up or glides."
    )
    lift_below_km: Annotated[Spread, AfterValidator(Within(above=0, at_most=120, unit="km"))] | None = Field(
        default=None, description="Height on the way down from which it uses its lift, km."
    )
    dive_below_mps: (
        Annotated[Spread, AfterValidator(Within(at_least=0, at_most=7_000, unit="m/s"))] | None
    ) = Field(default=None, description="Speed below which it no longer does, m/s.")
    phugoid_damping: Annotated[Spread, AfterValidator(Within(at_least=0, at_most=100))] | None = Field(
        default=None, description="0: it skips; some 10: equilibrium glide."
    )
    boost_diameter_m: Annotated[Figure, AfterValidator(Within(above=0, at_most=20, unit="m"))] = Field(
        description="Diameter while boosting, m."
    )
    launch_mass_kg: Annotated[
        Figure, AfterValidator(Within(at_least=50, at_most=3e6, unit="kg", slips=(("tonnes", 1e3),)))
    ] = Field(description="Mass at launch, kg.")
    rcs_m2_boost: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e4, unit="m2"))] = Field(
        description="Radar cross-section while boosting, m2."
    )
    rcs_m2_coast: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e4, unit="m2"))] = Field(
        description="Radar cross-section after burnout, m2."
    )
    plume_w_per_sr: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e9, unit="W/sr"))] = Field(
        description="Infrared intensity of the plume while burning, W/sr."
    )
    belief: Belief = Field(description="What national filters assume of it.")

    @model_validator(mode="after")
    def _lift_is_told_where_there_is_lift(self) -> "ThreatProfile":
        lifts = self.family in ("quasi-ballistic", "glide")
        for name in LIFT:
            told = getattr(self, name) is not None
            if lifts and not told:
                refuse(f'is missing; a threat of family "{self.family}" needs it.', field=(name,))
            if told and not lifts:
                refuse(f'has no meaning for the family "{self.family}".', field=(name,), hint="Remove it.")
        return self

    @property
    def believed_burn_s(self) -> Spread:
        """What the defence believes the burn to be, s."""
        return self.belief.burn_s

    @property
    def believed_specific_impulse_s(self) -> Spread:
        """What the defence believes the specific impulse to be, s."""
        return self.belief.specific_impulse_s

    @property
    def believed_ballistic_coefficient_kgpm2(self) -> Spread:
        """What the defence believes the ballistic coefficient to be, kg/m2."""
        return self.belief.ballistic_coefficient_kgpm2


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
        description="Width in azimuth of what it can see, centred on the boresight, deg."
    )
    elevation_min_deg: Elevation = Field(description="Lowest elevation of a beam, deg.")
    elevation_max_deg: Elevation = Field(description="Highest elevation of a beam, deg.")
    fence_low_deg: Elevation = Field(description="Lower edge of the search fence, elevation, deg.")
    fence_high_deg: Elevation = Field(description="Upper edge of the search fence, elevation, deg.")
    search_revisit_s: Seconds = Field(description="Time between two looks of the search fence, s.")
    track_revisit_s: Seconds = Field(description="Time between two looks at a tracked object, s.")
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
    bias_range_m: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=50_000, unit="m"))] = Field(
        description="Constant error in range of one run, 1 sigma of the draw, m."
    )
    bias_angle_mrad: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=100, unit="mrad"))] = Field(
        description="Constant error in angle of one run, 1 sigma of the draw, mrad."
    )
    believed_bias_factor: Factor = Field(
        description="What its own nation believes the bias sigma to be, as a factor on the truth."
    )

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


class InfraredProfile(Model):
    """An infrared satellite in geostationary orbit: it sees a burning plume above the clouds."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    kind: Literal["infrared"] = Field(description='"infrared".')
    revisit_s: Seconds = Field(description="Time between two looks, s.")
    angle_noise_urad: Annotated[Figure, AfterValidator(Within(above=0, at_most=10_000, unit="urad"))] = Field(
        description="Noise of one look in angle, 1 sigma, microradians."
    )
    bias_urad: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=10_000, unit="urad"))] = Field(
        description="Constant error in angle of one run, 1 sigma of the draw, microradians."
    )
    believed_bias_factor: Factor = Field(
        description="What its own nation believes the bias sigma to be, as a factor on the truth."
    )
    hits_to_confirm: Annotated[Figure, AfterValidator(Within(at_least=1, at_most=100))] = Field(
        description="Looks that must see the plume before a launch is declared."
    )
    report_delay_s: Delay = Field(description="From the confirming look to a report on the network, s.")
    sensitivity_w_per_sr: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e9, unit="W/sr"))] = (
        Field(description="Faintest plume that is seen, W/sr.")
    )

    @model_validator(mode="after")
    def _hits_are_whole(self) -> "InfraredProfile":
        if self.hits_to_confirm.value % 1:
            refuse("must be a whole number of looks.", self.hits_to_confirm.value, field=("hits_to_confirm",))
        return self


SensorProfile = RadarProfile | InfraredProfile
