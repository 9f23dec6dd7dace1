"""Profiles of threats: how a missile flies, how it shows, what a defence believes of it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from noroshi.catalogue.base import Model, Within, refuse
from noroshi.catalogue.figures import Figure, Spread

KM = (("metres", 1e-3),)
METRES = (("kilometres", 1e3),)
SECONDS = (("minutes", 60.0), ("milliseconds", 1e-3))

Delay = Annotated[Spread, AfterValidator(Within(at_least=0, at_most=36_000, unit="s", slips=SECONDS))]
Seconds = Annotated[Figure, AfterValidator(Within(above=0, at_most=3_600, unit="s", slips=SECONDS))]
Factor = Annotated[Figure, AfterValidator(Within(above=0, at_most=10))]
# The name of a profile is the key or the file that it stands under.
Name = Annotated[SkipJsonSchema[str], Field(default="")]


WEAK = ("plume_weak_share", "plume_weak_from_km", "plume_weak_to_km")
SKIN = ("skin_length_m", "skin_half_angle_deg", "skin_emissivity")
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
    rcs_m2_air: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e4, unit="m2"))] | None = Field(
        default=None, description="Radar cross-section in the air after the last burnout, below 90 km, m2."
    )
    rcs_m2_stage: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e4, unit="m2"))] | None = Field(
        default=None, description="Radar cross-section of a spent stage, m2; default that while boosting."
    )
    separates: bool = Field(
        default=False,
        description="Whether the last stage is left behind as well, when it is spent; else it flies on with "
        "the body.",
    )
    swerling: Literal[0, 1, 3] = Field(
        default=1, description="How its echo fluctuates from look to look: 0 steady, 1 or 3."
    )
    plume_w_per_sr: Annotated[Figure, AfterValidator(Within(above=0, at_most=1e9, unit="W/sr"))] = Field(
        description="Infrared intensity of the first stage's plume in the satellites' band, W/sr."
    )
    plume_upper_share: Annotated[Figure, AfterValidator(Within(above=0, at_most=1))] | None = Field(
        default=None, description="What the plume of each later stage is of the one before it."
    )
    plume_weak_share: Annotated[Figure, AfterValidator(Within(above=0, at_most=1))] | None = Field(
        default=None, description="What is left of the plume half way through its weak stretch."
    )
    plume_weak_from_km: (
        Annotated[Figure, AfterValidator(Within(at_least=0, at_most=200, unit="km"))] | None
    ) = Field(default=None, description="Height at which the weak stretch begins, km.")
    plume_weak_to_km: Annotated[Figure, AfterValidator(Within(at_least=0, at_most=300, unit="km"))] | None = (
        Field(default=None, description="Height at which the weak stretch ends, km.")
    )
    skin_length_m: Annotated[Figure, AfterValidator(Within(above=0, at_most=20, unit="m"))] | None = Field(
        default=None, description="Length of a body whose skin glows in the air, m."
    )
    skin_half_angle_deg: Annotated[Figure, AfterValidator(Within(above=0, at_most=60, unit="deg"))] | None = (
        Field(default=None, description="Half angle of its planform, a triangle, deg.")
    )
    skin_emissivity: Annotated[Figure, AfterValidator(Within(above=0, at_most=1))] | None = Field(
        default=None, description="Emissivity of that skin."
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

    @model_validator(mode="after")
    def _what_belongs_together_is_told_together(self) -> "ThreatProfile":
        for group in (WEAK, SKIN):
            told = [name for name in group if getattr(self, name) is not None]
            for name in group:
                if told and name not in told:
                    refuse(f"is missing: it belongs to {told[0]}.", field=(name,))
        if self.plume_weak_from_km is not None and self.plume_weak_to_km is not None:
            start_km = self.plume_weak_from_km.value
            if self.plume_weak_to_km.value <= start_km:
                need = f"must be above plume_weak_from_km = {start_km}."
                refuse(need, self.plume_weak_to_km.value, field=("plume_weak_to_km",))
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
