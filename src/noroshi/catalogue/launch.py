"""A launch: an announced flight, given as input."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from noroshi.catalogue.base import Id, Model, Within, refuse
from noroshi.catalogue.figures import Figure
from noroshi.catalogue.profiles import KM, ThreatProfile

G0 = 9.80665  # standard gravity, m/s2: the fall from the apogee is never faster than under it

# How a launch fails.
Loss = Literal["thrust-loss", "break-up"]

Latitude = Annotated[Figure, AfterValidator(Within(at_least=-90, at_most=90, unit="deg"))]
Longitude = Annotated[Figure, AfterValidator(Within(at_least=-180, at_most=180, unit="deg"))]
Height = Annotated[Figure, AfterValidator(Within(at_least=-430, at_most=9_000, unit="m"))]
Azimuth = Annotated[Figure, AfterValidator(Within(at_least=0, at_most=360, unit="deg"))]
# Half of a meridian is 20,004 km: nothing on the ground is farther away.
FlownKm = Annotated[Figure, AfterValidator(Within(above=0, at_most=20_000, unit="km", slips=KM))]
HalfWidthKm = Annotated[Figure, AfterValidator(Within(at_least=0, unit="km"))]
Minutes = Annotated[
    Figure, AfterValidator(Within(above=0, at_most=180, unit="min", slips=(("seconds", 1 / 60),)))
]


class Failing(Model):
    """What goes wrong with a launch, when, and what of it the launch's figures are."""

    kind: Loss = Field(
        description='"thrust-loss": what is left falls on as one; "break-up": it falls in fragments.'
    )
    at_s: Annotated[Figure, AfterValidator(Within(above=0, at_most=10_800, unit="s"))] = Field(
        description="When, seconds after launch."
    )
    figures: Literal["planned", "flown"] = Field(
        description='Whether apogee_km and range_km are what was "planned", or what was "flown" of it.'
    )
    fragments: Annotated[Figure, AfterValidator(Within(at_least=2, at_most=200))] | None = Field(
        default=None, description="Into how many fragments it breaks up."
    )

    @model_validator(mode="after")
    def _fragments_are_of_a_break_up(self) -> "Failing":
        if self.kind == "break-up" and self.fragments is None:
            refuse("is missing: a break-up leaves fragments.", field=("fragments",))
        if self.kind == "thrust-loss" and self.fragments is not None:
            refuse("has no place here: what loses its thrust stays whole.", field=("fragments",))
        return self


class Launch(Model):
    """One announced flight; it is input, and it is flown to meet these figures."""

    id: Id = Field(description="Short name, such as L1.")
    threat: Annotated[ThreatProfile, WithJsonSchema({"type": "string"})] = Field(
        description="Name of a threat profile."
    )
    launch_time_s: Annotated[float, AfterValidator(Within(at_least=0, unit="s"))] = Field(
        default=0.0, description="Launch, seconds after the scenario's epoch."
    )
    count: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Launches of a salvo: each is drawn on its own, as L1-1, L1-2, ...",
    )
    interval_s: Annotated[float, AfterValidator(Within(at_least=0, at_most=3_600, unit="s"))] = Field(
        default=0.0, description="Time from one launch of a salvo to the next, s."
    )
    launch_lat_deg: Latitude = Field(description="Launch point, geodetic latitude, deg.")
    launch_lon_deg: Longitude = Field(description="Launch point, longitude, deg.")
    launch_height_m: Height = Field(description="Launch point, height above the ellipsoid, m.")
    apogee_km: FlownKm = Field(description="Greatest height, km; of a space launch its circular orbit's.")
    range_km: FlownKm = Field(
        description="Distance over the ground from launch to end point, km; of a space launch to where its "
        "stage 2 was to fall."
    )
    bearing_deg: Azimuth = Field(
        description="Bearing, deg from north through east, read by bearing_convention."
    )
    bearing_convention: Literal["great-circle", "launch-azimuth"] = Field(
        description='"great-circle": first bearing of the great circle from launch to end point; '
        '"launch-azimuth": direction of flight at launch over the rotating Earth.'
    )
    flight_time_min: Minutes | None = Field(
        default=None, description="Launch to end point, min; checked, not fitted."
    )
    apogee_spread_km: HalfWidthKm = Field(description="Half-width of the draw around apogee_km, km.")
    range_spread_km: HalfWidthKm = Field(description="Half-width of the draw around range_km, km.")
    upper_pitch_deg: Annotated[Figure, AfterValidator(Within(above=0, below=180, unit="deg"))] | None = Field(
        default=None,
        description="Pitch above the launch site's horizon that the upper stages keep, deg; default: as the "
        "first.",
    )
    failure: Failing | None = Field(default=None, description="What goes wrong with it.")
    note: str = Field(default="", description="What else is on record, such as another government's figures.")

    def _of_space(self) -> None:
        """The figures of a space launch are an orbit and a stage's fall: it ends nowhere unless it fails."""
        if self.failure is None and self.flight_time_min is not None:
            need = "has no place here: what reaches orbit does not come down."
            refuse(need, self.flight_time_min.value, field=("flight_time_min",))
        if self.failure is not None and self.failure.figures == "flown":
            need = 'must be "planned": those of a space launch are its orbit and where stage 2 was to fall.'
            refuse(need, "flown", field=("failure", "figures"))
        if self.upper_pitch_deg is not None:
            need = "has no place here: upper stages of a space launch are steered into its orbit."
            refuse(need, self.upper_pitch_deg.value, field=("upper_pitch_deg",))

    @model_validator(mode="after")
    def _figures_fit_each_other(self) -> "Launch":
        if self.threat.family == "space":
            self._of_space()
        if self.upper_pitch_deg is not None and self.threat.stages < 2:
            need = f'has no meaning: the threat "{self.threat.name}" has one stage.'
            refuse(need, self.upper_pitch_deg.value, field=("upper_pitch_deg",))
        apogee, distance = self.apogee_km.value, self.range_km.value
        # A flat shot still rises: the flattest in the public record reach some 7 % of their range.
        if self.threat.family == "ballistic" and apogee < 0.02 * distance:
            refuse(
                f"is too low for range_km = {distance:g}: no ballistic flight stays below 2 % of its range.",
                apogee,
                f"Give at least {0.02 * distance:.4g} km, or a shorter range.",
                ("apogee_km",),
            )
        if self.flight_time_min is not None:
            fall_min = math.sqrt(2 * apogee * 1e3 / G0) / 60
            if self.flight_time_min.value < fall_min:
                refuse(
                    f"is impossible with apogee_km = {apogee:g}: the fall alone takes {fall_min:.1f} min.",
                    self.flight_time_min.value,
                    field=("flight_time_min",),
                )
        for name in ("apogee", "range"):
            spread, about = getattr(self, f"{name}_spread_km").value, getattr(self, f"{name}_km").value
            if spread >= about:
                refuse(f"must be below {name}_km = {about:g}.", spread, field=(f"{name}_spread_km",))
        return self
