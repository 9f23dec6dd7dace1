"""What one nation knows at a moment. All of it is replaced, never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from noroshi.node.desk import Desk
from noroshi.records.detections import Plot
from noroshi.records.messages import LaunchReport, Message
from noroshi.records.tasking import Cue
from noroshi.records.tracks import Estimate, Track
from noroshi.sharing.release import Decision


@dataclass(frozen=True)
class View:
    """One forecast as people read it: impact and its 95 % ellipse, areas with their probability.

    `passage_s` is when the middle of the bundle passes nearest to each such area. `state` is the estimate
    it came from: position m, velocity m/s, thrust m/s2, ECEF, with one sigma of position and velocity.
    """

    time_s: float
    state: tuple[float, ...]
    sigma_m: float
    sigma_mps: float
    basis: tuple[str, ...]
    burning: float
    impact_lat_deg: float
    impact_lon_deg: float
    impact_time_s: float
    semi_major_km: float
    semi_minor_km: float
    major_azimuth_deg: float
    areas: Mapping[str, float]
    passage_s: Mapping[str, float]


@dataclass(frozen=True)
class Origin:
    """Where a thing started, as this nation or a partner estimated it."""

    time_s: float
    lat_deg: float
    lon_deg: float
    sigma_km: float
    azimuth_deg: float
    azimuth_sigma_deg: float

    def report(self) -> LaunchReport:
        """The same as a message's payload."""
        return LaunchReport(
            self.time_s, self.lat_deg, self.lon_deg, self.sigma_km, self.azimuth_deg, self.azimuth_sigma_deg
        )


@dataclass(frozen=True)
class Foreign:
    """A partner's estimate of a thing: the path it shared, and the nations that fed it."""

    estimate: Estimate
    nations: tuple[str, ...]


@dataclass(frozen=True)
class Warning:
    """The alert about one thing, from the first threat seen to the last word.

    `stage` is idle, deciding, delivering, standing or over.
    """

    stage: str = "idle"
    number: int = 0
    areas: tuple[str, ...] = ()
    changing: bool = False
    passage_s: Mapping[str, float] = field(default_factory=dict)


# What people tell stands in `Thing.told` under this and the report's name, a partner's word by nation.
SIGHTING = "sighting "


@dataclass(frozen=True)
class Thing:
    """One object or launch as this nation sees it.

    `sort` is what it was recognised as, aircraft or satellite; empty while it may be a missile. `announced`
    is the notice that tells of it.
    """

    id: str
    track: Track | None = None
    estimate: Estimate | None = None
    plots: int = 0
    last_plot_s: float = -np.inf
    confirmed: bool = False
    lost: bool = False
    sensors: tuple[str, ...] = ()
    sights: tuple[Plot, ...] = ()
    scans: Mapping[str, tuple[Plot, ...]] = field(default_factory=dict)
    reported_sights: int = 0
    report_due_s: float | None = None
    origin: Origin | None = None
    told: Mapping[str, Origin] = field(default_factory=dict)
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    aliases: frozenset[tuple[str, str]] = frozenset()
    sort: str = ""
    last_told_s: float = -np.inf
    evidence: int = 0
    weighed: int = 0
    next_forecast_s: float = -np.inf
    next_publish_s: float = -np.inf
    view: View | None = None
    warning: Warning = Warning()

    @property
    def start(self) -> Origin | None:
        """The best word on the launch: the surest of our own and the partners'."""
        known = [*([self.origin] if self.origin else []), *self.told.values()]
        return min(known, key=lambda one: one.sigma_km, default=None)


@dataclass(frozen=True)
class Pending:
    """Something that people or lines will have done at `due_s`."""

    due_s: float
    what: str
    thing: str
    message: Message | None = None
    to: str = ""


@dataclass(frozen=True)
class Node:
    """One nation at one moment."""

    desk: Desk
    things: tuple[Thing, ...] = ()
    pending: tuple[Pending, ...] = ()
    heard: frozenset[str] = frozenset()
    sent: int = 0
    made: int = 0
    cued: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dispatch:
    """A message on its way over one border, with the decision that let it pass."""

    message: Message
    to: str
    decision: Decision


@dataclass
class Outbox:
    """What one step of a node brings forth: messages, cues for its radars, lines for the journal."""

    now_s: float
    dispatches: list[Dispatch] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    entries: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def note(self, event: str, **fields: Any) -> None:
        """Add a line for the journal, at the step's time."""
        self.entries.append((self.now_s, event, fields))
