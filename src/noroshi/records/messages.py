"""What nations tell each other: reports, tracks, forecasts and alerts, each under a label."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from noroshi.records.labels import NATION, Label

# The registry of kinds, open at its end. RESERVED are named for what comes and have no payload of their own
# yet; UNREGISTERED is how policies speak of any kind that is not in the registry.
RESERVED = ("supply_alert", "cyber_indicator")
UNREGISTERED = "unregistered"
KINDS = (
    "launch_report",
    "track",
    "forecast",
    "alert",
    "cancel",
    "assessment",
    "hotline",
    "sensor_status",
    "tasking_request",
    "operator_act",
    "receipt",
    *RESERVED,
    UNREGISTERED,
)
FORMS = ("whole", "elements", "coarse")  # widest first
# Version of the messages, major.minor: what differs in minor only is kept and passed on.
VERSION = "1.0"

Vector = tuple[float, float, float]
Covariance = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class LaunchReport:
    """Something was launched: when, where (1-sigma radius), and roughly which way (clockwise from north).

    `track_id` is the originator's name for it, by which it may be taken back; empty where it is not told.
    """

    launch_time_s: float
    lat_deg: float
    lon_deg: float
    sigma_km: float
    azimuth_deg: float
    azimuth_sigma_deg: float
    track_id: str = ""


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


@dataclass(frozen=True)
class AssessmentReport:
    """What the originator now takes a thing for: `verdict` is aircraft, satellite, missile, unknown or none.

    `track_id` is the name under which partners were told of it; `none` says that there never was anything.
    """

    track_id: str
    time_s: float
    verdict: str
    reason: str


@dataclass(frozen=True)
class HotlineText:
    """Words of people to people; no node acts on them."""

    author: str
    text: str


@dataclass(frozen=True)
class SensorStatus:
    """How one sensor stands: `state` is up, degraded or down, from `from_s` on, expected until `until_s`."""

    sensor: str
    state: str
    from_s: float
    until_s: float | None
    reason: str


@dataclass(frozen=True)
class TaskingRequest:
    """A wish that a partner look somewhere: a place, how far around, and until when it is worth it."""

    time_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    radius_km: float
    until_s: float
    reason: str


@dataclass(frozen=True)
class OperatorAct:
    """What a person at the node did: `act` is hold, resume, stand_down, confirm or note.

    `subject` is a nation (hold and resume what goes to it), or the name of a thing; `author` a role.
    """

    act: str
    subject: str
    author: str
    reason: str


@dataclass(frozen=True)
class ReceiptList:
    """What became of a partner's messages: pairs of id and "taken" or the code of a refusal."""

    of: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Opaque:
    """The payload of a kind or a later version that this build cannot read: canonical CBOR, as it came."""

    data: bytes


Payload = (
    LaunchReport
    | TrackReport
    | ForecastReport
    | AlertNotice
    | AssessmentReport
    | HotlineText
    | SensorStatus
    | TaskingRequest
    | OperatorAct
    | ReceiptList
    | Opaque
)

# What each kind carries; a kind without an entry is Opaque.
PAYLOADS: dict[str, type] = {
    "launch_report": LaunchReport,
    "track": TrackReport,
    "forecast": ForecastReport,
    "alert": AlertNotice,
    "cancel": AlertNotice,
    "assessment": AssessmentReport,
    "hotline": HotlineText,
    "sensor_status": SensorStatus,
    "tasking_request": TaskingRequest,
    "operator_act": OperatorAct,
    "receipt": ReceiptList,
}

# Warnings go before tracks, tracks before bulk; within a lane the order of each origin is kept.
LANES = ("warning", "track", "bulk")


def lane(kind: str) -> int:
    """The lane of a kind as an index into LANES."""
    if kind == "track":
        return 1
    return 2 if kind in ("sensor_status", "receipt") or kind not in PAYLOADS else 0


def registered(kind: str) -> str:
    """The kind by which policies speak of it: itself, or UNREGISTERED."""
    return kind if kind in KINDS else UNREGISTERED


@dataclass(frozen=True)
class Message:
    """One warning on its way, with its label and with everything that fed it.

    `provenance` names sensors ("USA-IR-1": the nation, a hyphen, the rest) or, where a sanitised
    message fed it, only the nation ("USA"). `form` and `derived_from` tell what was taken away and from what.
    `cell` is who in the nation wrote it, "" for the node itself; `version` that of its shape.
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
    cell: str = ""
    version: str = VERSION

    @property
    def contributors(self) -> tuple[str, ...]:
        """The nations whose sensors fed it, in alphabetical order."""
        return _nations_of(self.provenance, self.origin)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dicts and tuples, for the journal; what cannot be read as hexadecimal digits."""
        told = asdict(self)
        if isinstance(self.payload, Opaque):
            told["payload"]["data"] = self.payload.data.hex()
        return told


def nation_of(name: str, origin: str) -> str:
    """The nation of a sensor by its name; one without a nation in front is the originator's own."""
    nation = name.partition("-")[0]
    return nation if NATION.fullmatch(nation) else origin


@lru_cache(maxsize=4096)
def _nations_of(provenance: tuple[str, ...], origin: str) -> tuple[str, ...]:
    return tuple(sorted({nation_of(name, origin) for name in provenance}))
