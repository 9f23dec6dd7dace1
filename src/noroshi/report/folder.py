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

import numpy as np

from noroshi.errors import InputError

# Lines of these events are passed over before they are parsed: they are many and the report shows none.
_UNREAD = ('"event":"message"', '"event":"received"', '"event":"last_sight"')


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
    """What the summary says of one flight as it was flown."""

    id: str
    apogee_km: float
    range_km: float
    flight_time_s: float
    impact_lat_deg: float
    impact_lon_deg: float


@dataclass(frozen=True, eq=False)
class Flight:
    """The true flight of one launch: arrays [N] on a grid of 1 s."""

    launch: str
    time_s: np.ndarray
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    height_m: np.ndarray
    burning: np.ndarray


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
class Sight:
    """The first plot of one sensor, and the place it points to."""

    time_s: float
    nation: str
    sensor: str
    kind: str
    mode: str
    lat_deg: float
    lon_deg: float
    height_km: float | None
    range_km: float | None


@dataclass(frozen=True)
class Forecast:
    """What one nation forecast at one time: impact, 95 % ellipse, areas with their probability."""

    time_s: float
    nation: str
    track: str
    basis: tuple[str, ...]
    burning_probability: float
    impact_lat_deg: float
    impact_lon_deg: float
    semi_major_km: float
    semi_minor_km: float
    major_azimuth_deg: float
    areas: Mapping[str, float]


@dataclass(frozen=True)
class Stage:
    """One stage of the time budget of an alert: see, confirm, relay, decide or deliver."""

    nation: str
    alert: str
    stage: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Notice:
    """What reached the people (alert, update, cancel), or that an alert was stood down before it did."""

    time_s: float
    nation: str
    event: str
    alert: str
    areas: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class TrackChange:
    """A nation's own track becomes tentative, confirmed or lost."""

    time_s: float
    nation: str
    track: str
    state: str


@dataclass(frozen=True)
class Decided:
    """May this message leave `holder` for `to`, in which form, and why."""

    message: str
    kind: str
    origin: str
    holder: str
    to: str
    allowed: bool
    form: str | None
    reason: str
    rule: str


@dataclass(frozen=True)
class Sending:
    """A message that entered a link: when, and when it arrives (None: never)."""

    time_s: float
    kind: str
    sender: str
    to: str
    arrives_s: float | None


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
    flights = () if only_heads else next((_flights(out_dir / arm) for arm in summary["arms"]), ())
    zero_s = min((float(flight.time_s[0]) for flight in flights), default=0.0)
    flights = tuple(replace(flight, time_s=flight.time_s - zero_s) for flight in flights)
    heads: list[Mapping[str, Any]] = []
    arms: list[Arm] = []
    for name, told in summary["arms"].items():
        head, lines = _journal(out_dir / name / "journal", only_heads)
        heads.append(head)
        arms.append(_arm(name, told, head, lines, zero_s))
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
        if not line or any(unread in line for unread in _UNREAD):
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
    zero_s: float,
) -> Arm:
    found: dict[str, list[Any]] = {}
    for line in lines:
        if reader := _READERS.get(line["event"]):
            slot, read = reader
            found.setdefault(slot, []).append(read(line, line["t_s"] - zero_s, zero_s))
    for slot in ("sights", "forecasts", "notices", "tracks"):
        found.get(slot, []).sort(key=lambda one: one.time_s)
    return Arm(
        name=name,
        title=head.get("arm_title") or name,
        retroactive=bool(head.get("retroactive")),
        note=head.get("note") or "",
        policies=head.get("policies", {}),
        outcomes={one["id"]: _outcomes(one["nations"]) for one in told["launches"]},
        **{slot: tuple(rows) for slot, rows in found.items()},
    )


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
    return LaunchTruth(
        one["id"], one["apogee_km"], one["range_km"], one["flight_time_s"], impact["lat"], impact["lon"]
    )


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


def _flights(folder: Path) -> tuple[Flight, ...]:
    path = folder / "truth.parquet"
    if not path.exists():
        return ()
    from pyarrow import ArrowInvalid, parquet  # takes 0.1 s to load

    names = ["launch", "time_s", "lat_deg", "lon_deg", "height_m", "burning"]
    try:
        table = parquet.read_table(path, columns=names)
    except (ArrowInvalid, OSError) as error:
        raise InputError(str(path), "", None, f"cannot be read: {error}.") from None
    launch = np.array(table["launch"].to_pylist())
    columns = [table[name].to_numpy() for name in names[1:]]
    return tuple(
        Flight(str(name), *(column[launch == name] for column in columns)) for name in dict.fromkeys(launch)
    )


def _sight(line: dict[str, Any], time_s: float, zero_s: float) -> Sight:
    return Sight(
        time_s,
        line["node"],
        line["sensor"],
        line["kind"],
        line["mode"],
        line["lat_deg"],
        line["lon_deg"],
        line.get("height_km"),
        line.get("range_km"),
    )


def _track(line: dict[str, Any], time_s: float, zero_s: float) -> TrackChange:
    return TrackChange(time_s, line["node"], line["track"], line["state"])


def _forecast(line: dict[str, Any], time_s: float, zero_s: float) -> Forecast:
    return Forecast(
        time_s,
        line["node"],
        line["track"],
        tuple(line["basis"]),
        line["burning_probability"],
        line["impact_lat_deg"],
        line["impact_lon_deg"],
        line["semi_major_km"],
        line["semi_minor_km"],
        line["major_azimuth_deg"],
        line.get("areas") or {},
    )


def _stage(line: dict[str, Any], time_s: float, zero_s: float) -> Stage:
    return Stage(line["node"], line["alert"], line["stage"], line["start_s"] - zero_s, line["end_s"] - zero_s)


def _notice(line: dict[str, Any], time_s: float, zero_s: float) -> Notice:
    areas = tuple(line.get("areas") or ())
    return Notice(time_s, line["node"], line["event"], line["alert"], areas, line.get("reason", ""))


def _decided(line: dict[str, Any], time_s: float, zero_s: float) -> Decided:
    return Decided(
        line["message"],
        line["kind"],
        line["origin"],
        line["node"],
        line["to"],
        line["allowed"],
        line.get("form"),
        line["reason"],
        line["rule"],
    )


def _sending(line: dict[str, Any], time_s: float, zero_s: float) -> Sending:
    arrives_s = line["arrives_s"]
    return Sending(
        time_s, line["kind"], line["node"], line["to"], None if arrives_s is None else arrives_s - zero_s
    )


_READERS: dict[str, tuple[str, Any]] = {
    "first_sight": ("sights", _sight),
    "track": ("tracks", _track),
    "forecast": ("forecasts", _forecast),
    "stage": ("stages", _stage),
    "decision": ("decisions", _decided),
    "sent": ("sendings", _sending),
    **dict.fromkeys(("alert", "update", "cancel", "stood_down"), ("notices", _notice)),
}
