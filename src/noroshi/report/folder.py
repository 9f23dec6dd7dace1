"""Reads the folder of a run: summary.json, each arm's journal, the truth, and what was worked out beside it.

Times here are seconds since the first launch of the run; in the files they count from the scenario's epoch
(summary.json: from each launch).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from noroshi.errors import InputError
from noroshi.report import truth
from noroshi.report.events import (
    UNREAD,
    Beside,
    Decided,
    Forecast,
    Notice,
    Raid,
    Reported,
    Sending,
    Sight,
    Stage,
    TrackChange,
    events,
)
from noroshi.report.truth import Flight, Spell


@dataclass(frozen=True)
class Accuracy:
    """A forecast against the truth: error and semi-axes of the 95 % region, larger first, km."""

    impact_error_km: float | None
    region_km: tuple[float, float] | None


@dataclass(frozen=True)
class Outcome:
    """What one nation reached about one launch; seconds after that launch, None where it never did."""

    first_detection_s: float | None
    first_track_s: float | None
    first_warning_s: float | None
    alert_s: float | None
    alert_areas: tuple[str, ...]
    at_alert: Accuracy
    at_end: Accuracy


@dataclass(frozen=True)
class LaunchTruth:
    """What the summary says of one flight as it was flown; None of the end of what reached orbit."""

    id: str
    apogee_km: float
    range_km: float | None
    flight_time_s: float | None
    impact_deg: tuple[float, float] | None


@dataclass(frozen=True)
class Sensor:
    """A sensor of the scenario; satellites stand at the place below them."""

    id: str
    nation: str
    kind: str
    lat_deg: float
    lon_deg: float
    title: str


@dataclass(frozen=True)
class Claims:
    """What a nation claimed though nothing was launched."""

    launch_reports: float
    confirmed_tracks: float
    alerts: float


@dataclass(frozen=True)
class Arm:
    """One arrangement of sharing: what happened under it."""

    name: str
    title: str
    retroactive: bool
    note: str
    policies: Mapping[str, str]
    outcomes: Mapping[str, Mapping[str, Outcome]]  # launch, then nation
    sights: tuple[Sight, ...] = ()
    tracks: tuple[TrackChange, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    stages: tuple[Stage, ...] = ()
    notices: tuple[Notice, ...] = ()
    decisions: tuple[Decided, ...] = ()
    sendings: tuple[Sending, ...] = ()
    reports: tuple[Reported, ...] = ()
    raids: tuple[Raid, ...] = ()
    beside: tuple[Beside, ...] = ()
    spells: tuple[Spell, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)  # by track, the launch that it means
    cueing: tuple[Mapping[str, Any], ...] = ()  # as in the summary
    claims: Mapping[str, Claims] | None = None  # by nation, where nothing was launched
    claims_a_month: Mapping[str, Claims] | None = None

    def area_alert_s(self, nation: str) -> dict[str, float]:
        """When each alerted area of a nation first hears of it, in that order."""
        first: dict[str, float] = {}
        for notice in self.notices:
            if notice.nation == nation and notice.event in ("alert", "update"):
                for area in notice.areas:
                    first.setdefault(area, notice.time_s)
        return first


@dataclass(frozen=True)
class AsItWas:
    """What happened on the day: areas with the seconds from launch to their alert, and notes."""

    alert_s: Mapping[str, float]
    notes: tuple[Mapping[str, Any], ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Run:
    """Everything that a report tells."""

    folder: Path
    scenario: str
    title: str
    description: str
    epoch_utc: str
    seed: int
    nations: tuple[str, ...]
    launches: tuple[LaunchTruth, ...]
    arms: tuple[Arm, ...]
    as_it_was: AsItWas | None
    sensors: tuple[Sensor, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[str, ...] = ()
    flights: tuple[Flight, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)
    duration_s: float = 0.0

    @property
    def quiet(self) -> bool:
        """Whether nothing was launched and false claims were counted."""
        return bool(self.arms) and all(arm.claims is not None for arm in self.arms)

    @cached_property
    def by_name(self) -> dict[str, Arm]:
        """Its arms by their names."""
        return {arm.name: arm for arm in self.arms}

    def launch_time_s(self, launch: str) -> float:
        """When a launch takes place, s after the first one of the run."""
        return next((float(one.time_s[0]) for one in self.flights if one.launch == launch), 0.0)


def read_run(out_dir: Path, only_heads: bool = False) -> Run:
    """The run in `out_dir`; `only_heads` leaves out the truth and what the journals say after their heads.

    Raises InputError when the folder is not one of a run.
    """
    summary = _read_json(out_dir / "summary.json")
    if summary is None:
        raise InputError(
            str(out_dir), "summary.json", None, "is missing.", "Name a folder that `noroshi run` wrote."
        )
    extras = _read_json(out_dir / "extras.json") or {}
    try:
        return _run(out_dir, summary, extras, only_heads)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"cannot be read as a run ({type(error).__name__}: {error})."
        raise InputError(str(out_dir), "", None, said, "Was it written by this version?") from error


def _run(out_dir: Path, summary: Mapping[str, Any], extras: Mapping[str, Any], only_heads: bool) -> Run:
    flights = () if only_heads else next((truth.flights(out_dir / arm) for arm in summary["arms"]), ())
    zero_s = min((float(flight.time_s[0]) for flight in flights), default=0.0)
    flights = tuple(replace(flight, time_s=flight.time_s - zero_s) for flight in flights)
    heads: list[Mapping[str, Any]] = []
    arms: list[Arm] = []
    for name, told in summary["arms"].items():
        head, lines = _journal(out_dir / name / "journal", only_heads)
        heads.append(head)
        spells = () if only_heads else truth.spells(out_dir / name, zero_s)
        owners = {} if only_heads else truth.owners(out_dir / name, flights, zero_s)
        arms.append(_arm(name, told, head, lines, spells, owners, zero_s))
    head = heads[0] if heads else {}
    launches = [
        one["truth"] | {"id": one["id"]} for arm in summary["arms"].values() for one in arm["launches"]
    ]
    return Run(
        folder=out_dir,
        scenario=summary["scenario"],
        title=head.get("title") or summary["scenario"],
        description=head.get("description", ""),
        epoch_utc=str(head.get("epoch_utc", "")),
        seed=int(summary["seed"]),
        nations=tuple(head.get("nations") or ()),
        launches=tuple({one["id"]: _launch_truth(one) for one in reversed(launches)}.values())[::-1],
        arms=tuple(arms),
        as_it_was=_as_it_was(summary.get("as_it_was"), head.get("as_it_was")),
        sensors=tuple(_sensor(one) for one in head.get("sensors", ())),
        versions=head.get("versions", {}),
        assumptions=tuple(head.get("assumptions", ())),
        sources=tuple(head.get("sources", ())),
        flights=flights,
        extras=extras,
        duration_s=float(head.get("duration_s", 0.0)),
    )


def _read_json(path: Path) -> Any:
    """The content of a JSON file; None when there is none. Raises InputError when it is not JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise InputError(str(path), "", None, f"is not JSON: {error}.") from None


def _journal(path: Path, only_head: bool) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """The run event, and the other lines that a report reads."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(str(path), "", None, f"cannot be read: {said}.") from None
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if only_head and number > 1:
            break
        if not line or any(unread in line for unread in UNREAD):
            continue
        try:
            lines.append(json.loads(line))
        except ValueError:
            raise InputError(str(path), f"line {number}", None, "is not JSON.") from None
    heads = [line for line in lines if line["event"] == "run"]
    if not heads:
        raise InputError(str(path), "", None, "has no event 'run'.", "Was the run broken off?")
    return heads[0], [line for line in lines if line["event"] != "run"]


def _arm(
    name: str,
    told: Mapping[str, Any],
    head: Mapping[str, Any],
    lines: Iterable[dict[str, Any]],
    spells: tuple[Spell, ...],
    owners: Mapping[str, str],
    zero_s: float,
) -> Arm:
    return Arm(
        name=name,
        title=head.get("arm_title") or name,
        retroactive=bool(head.get("retroactive")),
        note=head.get("note") or "",
        policies=head.get("policies", {}),
        outcomes={one["id"]: _outcomes(one["nations"]) for one in told["launches"]},
        spells=spells,
        owners=owners,
        cueing=tuple(told.get("cueing", ())),
        claims=_claims(told.get("claims")),
        claims_a_month=_claims(told.get("claims_a_month")),
        **events(lines, zero_s),
    )


def _claims(told: Mapping[str, Any] | None) -> dict[str, Claims] | None:
    return None if told is None else {nation: Claims(**one) for nation, one in told.items()}


def _outcomes(nations: Mapping[str, Any]) -> dict[str, Outcome]:
    return {
        nation: Outcome(
            first_detection_s=one["first_detection_s"],
            first_track_s=one["first_track_s"],
            first_warning_s=one["first_warning_s"],
            alert_s=one["alert_s"],
            alert_areas=tuple(one["alert_areas"]),
            at_alert=_accuracy(one["at_alert"]),
            at_end=_accuracy(one["at_end"]),
        )
        for nation, one in nations.items()
    }


def _accuracy(told: Mapping[str, Any] | None) -> Accuracy:
    if told is None:
        return Accuracy(None, None)
    region = told["region_km"]
    return Accuracy(told["impact_error_km"], (region[0], region[1]) if region else None)


def _launch_truth(one: Mapping[str, Any]) -> LaunchTruth:
    impact = one["impact"]
    place = None if impact is None else (impact["lat"], impact["lon"])
    return LaunchTruth(one["id"], one["apogee_km"], one["range_km"], one["flight_time_s"], place)


def _sensor(one: Mapping[str, Any]) -> Sensor:
    return Sensor(
        one["id"], one["nation"], one["kind"], one["lat_deg"], one["lon_deg"], one.get("title") or one["id"]
    )


def _as_it_was(short: Mapping[str, Any] | None, full: Mapping[str, Any] | None) -> AsItWas | None:
    """What happened on the day, earliest first; the summary has the times, the journal also the notes."""
    told = full or short
    if not told:
        return None
    alert_s = sorted((told.get("alert_s") or {}).items(), key=lambda one: one[1])
    return AsItWas(dict(alert_s), tuple(told.get("notes") or ()), told.get("source") or "")
