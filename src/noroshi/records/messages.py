"""What nations tell each other: reports, tracks, forecasts and alerts, each under a label."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from noroshi.records.labels import NATION, Label

# The order of KINDS and FORMS is the order of columns in tables; add at the end.
KINDS = ("launch_report", "track", "forecast", "alert", "cancel")
FORMS = ("whole", "elements")  # widest first

Vector = tuple[float, float, float]
Covariance = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class LaunchReport:
    """Something was launched: when, where (1-sigma radius), and roughly which way (clockwise from north)."""

    launch_time_s: float
    lat_deg: float
    lon_deg: float
    sigma_km: float
    azimuth_deg: float
    azimuth_sigma_deg: float


@dataclass(frozen=True)
class TrackReport:
    """State of one object at `time_s`, ECEF: where, how fast, and the force per mass beside gravity and drag.

    `covariance` is 10 x 10 over position m, velocity m/s, force m/s2 and the natural logarithm of the
    ballistic coefficient in kg/m2; `models` holds the probabilities of records.tracks.MODELS, in their order.
    `also` are track_ids under which it was told before they turned out to be one object.
    """

    track_id: str
    time_s: float
    position_ecef_m: Vector
    velocity_ecef_mps: Vector
    force_ecef_mps2: Vector
    log_ballistic_coefficient: float
    covariance: Covariance
    models: tuple[float, float, float, float]
    launch_lat_deg: float | None
    launch_lon_deg: float | None
    also: tuple[str, ...] = ()

    @property
    def burning_probability(self) -> float:
        """Probability that it still burns, the first of the models."""
        return self.models[0]


@dataclass(frozen=True)
class ForecastReport:
    """The three elements: launch point, flight path, impact point with its 95 % ellipse.

    `assessment` is what it is taken for: pairs of a class and its probability. `impact_time_sigma_s` is one
    sigma, None where it is not told.
    """

    track_id: str
    time_s: float
    launch_time_s: float | None
    launch_lat_deg: float | None
    launch_lon_deg: float | None
    path: TrackReport | None
    impact_lat_deg: float
    impact_lon_deg: float
    impact_time_s: float
    semi_major_km: float
    semi_minor_km: float
    major_azimuth_deg: float
    burning_probability: float
    assessment: tuple[tuple[str, float], ...] = ()
    impact_time_sigma_s: float | None = None


@dataclass(frozen=True)
class AlertNotice:
    """People in `areas` were told to take cover, or told that it is over (kind "cancel")."""

    areas: tuple[str, ...]
    reason: str


Payload = LaunchReport | TrackReport | ForecastReport | AlertNotice


@dataclass(frozen=True)
class Message:
    """One warning on its way, with its label and with everything that fed it.

    `provenance` names sensors ("USA-IR-1": the nation, a hyphen, the rest) or, where a sanitised
    message fed it, only the nation ("USA"). `form` and `derived_from` tell what was taken away and from what.
    """

    id: str
    kind: str
    origin: str
    created_s: float
    expires_s: float
    label: Label
    payload: Payload
    provenance: tuple[str, ...]
    form: str = "whole"
    derived_from: str | None = None

    @property
    def contributors(self) -> tuple[str, ...]:
        """The nations whose sensors fed it, in alphabetical order."""
        return _nations_of(self.provenance, self.origin)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dicts and tuples, for the journal."""
        return asdict(self)


def nation_of(name: str, origin: str) -> str:
    """The nation of a sensor by its name; one without a nation in front is the originator's own."""
    nation = name.partition("-")[0]
    return nation if NATION.fullmatch(nation) else origin


@lru_cache(maxsize=4096)
def _nations_of(provenance: tuple[str, ...], origin: str) -> tuple[str, ...]:
    return tuple(sorted({nation_of(name, origin) for name in provenance}))
