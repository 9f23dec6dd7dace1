"""What is asked of a flight and what is answered: a launch with its figures, the flight that fits them."""

from dataclasses import dataclass, replace

from noroshi.catalogue import door
from noroshi.catalogue.launch import Loss
from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.record import RecordedLaunch, threat_for
from noroshi.catalogue.threats import load_threat
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.flight.announced import Announced
from noroshi.flight.arcs import least_energy_apogee_km
from noroshi.flight.fit import Fit
from noroshi.flight.missile import Site
from noroshi.flight.objects import Fall
from noroshi.flight.space import Ascent
from noroshi.flight.spread import Spread
from noroshi.records.trajectory import Trajectory

# What is flown of a launch that the record calls so.
_FAILED = "recorded as {}: what was seen of it is flown as if it were meant"


@dataclass(frozen=True)
class Failure:
    """What goes wrong, when: thrust is lost and all falls on, or it breaks up."""

    at_s: float
    kind: Loss


@dataclass(frozen=True)
class Question:
    """What is asked: a launch, what was announced of it and by whom, and the family that flies it."""

    name: str
    site: Site
    announced: Announced
    threat: ThreatProfile | None
    by: str = ""
    note: str = ""
    seed: int = 0
    earth: Earth = WGS84
    failure: Failure | None = None
    bank: tuple[tuple[float, float], ...] = ()
    strict_time: bool = False

    @property
    def profile(self) -> ThreatProfile:
        """The threat, of questions that are fitted."""
        assert self.threat is not None
        return self.threat


@dataclass(frozen=True)
class Burnout:
    """Where the last stage was spent: speed over the turning Earth, path above the horizon."""

    time_s: float
    lat_deg: float
    lon_deg: float
    height_km: float
    speed_mps: float
    path_deg: float


@dataclass(frozen=True)
class Answer:
    """A flight that fits: `fit`, or for what reached orbit `ascent`, neither where waypoints were given; what
    else is known of it.
    """

    question: Question
    fit: Fit | None
    ascent: Ascent | None
    burnout: Burnout | None
    trajectory: Trajectory
    falls: tuple[Fall, ...] = ()
    spread: Spread | None = None
    notes: tuple[str, ...] = ()

    @property
    def arc(self) -> str:
        """Depressed, standard or lofted: apogee beside that of the least energy for the range."""
        if self.fit is None:
            return "to orbit" if self.ascent else "waypoints"
        least_km = least_energy_apogee_km(self.fit.range_km)
        if self.fit.apogee_km < 0.7 * least_km:
            return "depressed"
        return "lofted" if self.fit.apogee_km > 1.4 * least_km else "standard"


@dataclass(frozen=True)
class Unanswered:
    """A report that no flight fits, and why."""

    question: Question
    why: str


def questions(launch: RecordedLaunch, threat: str = "", seed: int = 0) -> tuple[Question, ...]:
    """One question for each report of a recorded launch that gives anything to fit.

    Raises InputError when the record has no place of launch, or no report has figures.
    """
    if launch.lat_deg is None or launch.lon_deg is None:
        raise InputError(
            "",
            "launch",
            launch.name,
            "has no published place of launch.",
            "Give --lat and --lon with its figures.",
        )
    profile = load_threat(threat or threat_for(launch))
    site = Site(launch.lat_deg, launch.lon_deg)
    asked = []
    for report in launch.reports:
        told = report.announced
        orbit = profile.family == "space" and launch.outcome.startswith("success")
        if told.range_km or told.end_deg or (orbit and told.apogee_km):
            if profile.family == "space" and not orbit:
                # What came down was no orbit's height.
                told = replace(told, apogee_km=None)
            failed = "" if launch.outcome.startswith("success") else _FAILED.format(launch.outcome)
            note = "; ".join(part for part in (report.note, failed) if part)
            asked.append(Question(launch.name, site, told, profile, report.by, note, seed))
    if not asked:
        raise InputError("", "launch", launch.name, "has no published range or end point: nothing to fit.")
    return tuple(asked)


def with_burn(threat: ThreatProfile, burn_s: float) -> ThreatProfile:
    """The same threat with a burn that is known; InputError when no missile burns so."""
    table = threat.model_dump(exclude_none=True)
    told = {"kind": "fixed", "value": burn_s, "source": "given by the user", "confidence": "derived"}
    return door.validate(ThreatProfile, table | {"burn_s": told}, threat.name)
