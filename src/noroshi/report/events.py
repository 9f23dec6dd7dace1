"""What happened, as an arm's journal tells it, in the report's own records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Lines of these events are passed over before they are parsed: they are many and the report shows none.
UNREAD = ('"event":"message"', '"event":"received"', '"event":"last_sight"')


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
class Reported:
    """A nation's own report of a launch."""

    time_s: float
    nation: str
    track: str


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
class Raid:
    """How many missiles a nation counts from then on: the likeliest, the chance of each, each place's."""

    time_s: float
    nation: str
    count: int
    chance: Mapping[int, float]
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Told:
    """What one nation, or all together ("merged"), takes a thing for; None where it does not say."""

    nation: str
    time_s: float
    impact_lat_deg: float | None
    impact_lon_deg: float | None
    region_km: tuple[float, float] | None
    impact_time_s: float | None
    kind: str | None
    kind_probability: float | None


@dataclass(frozen=True)
class Beside:
    """Assessments of one thing beside each other, as one nation holds them, and where they differ.

    `differ` names the two and says how they differ.
    """

    time_s: float
    nation: str
    track: str
    told: tuple[Told, ...]
    differ: tuple[tuple[str, str, str], ...]


def events(lines: Iterable[dict[str, Any]], zero_s: float) -> dict[str, tuple[Any, ...]]:
    """The lines of a journal that a report reads, by kind; those that it orders in time, ordered."""
    found: dict[str, list[Any]] = {}
    for line in lines:
        if reader := _READERS.get(line["event"]):
            slot, read = reader
            found.setdefault(slot, []).append(read(line, line["t_s"] - zero_s, zero_s))
    for slot in ("sights", "forecasts", "notices", "tracks", "reports", "raids", "beside"):
        found.get(slot, []).sort(key=lambda one: one.time_s)
    return {slot: tuple(rows) for slot, rows in found.items()}


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


def _reported(line: dict[str, Any], time_s: float, zero_s: float) -> Reported:
    return Reported(time_s, line["node"], line["track"])


def _raid(line: dict[str, Any], time_s: float, zero_s: float) -> Raid:
    chance = {int(number): share for number, share in line["chance"].items()}
    return Raid(time_s, line["node"], line["count"], chance, tuple(one["count"] for one in line["groups"]))


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


def _told(one: dict[str, Any], zero_s: float) -> Told:
    falls_s, major_km = one.get("impact_time_s"), one.get("semi_major_km")
    return Told(
        one["nation"],
        one["time_s"] - zero_s,
        one.get("impact_lat_deg"),
        one.get("impact_lon_deg"),
        None if major_km is None else (major_km, one["semi_minor_km"]),
        None if falls_s is None else falls_s - zero_s,
        one.get("kind"),
        one.get("kind_probability"),
    )


def _beside(line: dict[str, Any], time_s: float, zero_s: float) -> Beside:
    differ = tuple((*one["between"], one["verdict"]) for one in line["differ"])
    told = tuple(_told(one, zero_s) for one in line["told"])
    return Beside(time_s, line["node"], line["track"], told, differ)


_READERS: dict[str, tuple[str, Any]] = {
    "first_sight": ("sights", _sight),
    "track": ("tracks", _track),
    "launch_report": ("reports", _reported),
    "forecast": ("forecasts", _forecast),
    "raid": ("raids", _raid),
    "stage": ("stages", _stage),
    "decision": ("decisions", _decided),
    "sent": ("sendings", _sending),
    "assessments": ("beside", _beside),
    **dict.fromkeys(("alert", "update", "cancel", "stood_down"), ("notices", _notice)),
}
