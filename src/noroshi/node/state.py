"""What one nation knows at a moment. All of it is replaced, never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from noroshi.node.desk import Desk
from noroshi.records.detections import Plot
from noroshi.records.messages import ForecastReport, LaunchReport, Message
from noroshi.records.tasking import Cue
from noroshi.records.tracks import Estimate
from noroshi.sharing.release import Decision
from noroshi.tracking.classify import Assessment
from noroshi.tracking.door import Door
from noroshi.tracking.followed import Followed, Tracker
from noroshi.tracking.provenance import Evidence


@dataclass(frozen=True)
class View:
    """One forecast as people read it: impact and its 95 % ellipse, areas with their probability.

    `passage_s` is when the middle of the bundle passes nearest to each such area. `state` is the estimate
    it came from: position m, velocity m/s, force m/s2, ECEF, with one sigma of position and velocity. `trust`
    is what a track that is no longer seen still deserves, by which `areas` are cut; `expired` says why it
    supports no alert any more. `held` is what it is held for.
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
    trust: float = 1.0
    expired: str = ""
    held: Assessment | None = None
    impact_time_sigma_s: float | None = None


@dataclass(frozen=True)
class Origin:
    """Where a thing started, as this nation or a partner estimated it; `track` is its name there."""

    time_s: float
    lat_deg: float
    lon_deg: float
    sigma_km: float
    azimuth_deg: float
    azimuth_sigma_deg: float
    track: str = ""

    def report(self, track_id: str = "") -> LaunchReport:
        """The same as a message's payload, under a name of ours."""
        return LaunchReport(
            self.time_s,
            self.lat_deg,
            self.lon_deg,
            self.sigma_km,
            self.azimuth_deg,
            self.azimuth_sigma_deg,
            track_id,
        )


@dataclass(frozen=True)
class Foreign:
    """A partner's track of a thing: its estimate, whose evidence it holds, and the partner's name for it."""

    estimate: Estimate
    evidence: Evidence
    track: str


@dataclass(frozen=True)
class Beside:
    """Assessments of a thing as they were last compared: when, of what, and who differed about what."""

    time_s: float = -np.inf
    of: tuple[float, ...] = ()
    differ: frozenset[tuple[str, str, str]] = frozenset()


# How far an alert may have come.
STAGES = ("idle", "over", "deciding", "delivering", "standing")


@dataclass(frozen=True)
class Warning:
    """The alert about one thing, from the first threat seen to the last word.

    `stage` is idle, deciding, delivering, standing or over. `name` is that of the last alert, under which it
    was delivered, whatever its thing turned out to be since; `ended_s` is when people heard that it is over.
    `confirmed_s` is when people will have confirmed it.
    """

    stage: str = "idle"
    number: int = 0
    areas: tuple[str, ...] = ()
    changing: bool = False
    passage_s: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    ended_s: float = -np.inf
    confirmed_s: float = -np.inf


# What people tell stands in `Thing.told` under this and the report's name, a partner's word by nation.
SIGHTING = "sighting "


@dataclass(frozen=True)
class Thing:
    """One object or launch as this nation sees it.

    `track` is the account of our own track, also when it is long lost; `tracked_s` when one
    that turned out to be none had its last plot. `sort` is what it was recognised as,
    aircraft or satellite; empty while it may be a missile. `held` is what it is held for, by probability.
    `mine` is the last forecast from our own track alone, `said` what partners last took it for. `also` are
    names of its own that partners were told before it turned out to be one thing. `launch_told` is of how
    many sights the launch report was that partners heard last, `traced` the evidence on which its launch
    point was last sought from its track alone. `told_as` are the names under which partners hold it by our
    word, each with the verdict that they were told last, empty before any; `recant` is a verdict on its
    former track that they are still to be told, with its reason. `verdicts` are what partners say it is who
    took their own word on it back, by (nation, track). `stood_down` and `confirmed_by` are the people who
    stood its alert down and who were sure of it.
    """

    id: str
    track: Followed | None = None
    tracked_s: float = -np.inf
    scans: Mapping[str, tuple[Plot, ...]] = field(default_factory=dict)
    reported_sights: int = 0
    launch_told: int | None = None
    traced: int = 0
    report_due_s: float | None = None
    origin: Origin | None = None
    told: Mapping[str, Origin] = field(default_factory=dict)
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    said: Mapping[str, ForecastReport] = field(default_factory=dict)
    mine: View | None = None
    beside: Beside = Beside()
    aliases: frozenset[tuple[str, str]] = frozenset()
    also: frozenset[str] = frozenset()
    told_as: Mapping[str, str] = field(default_factory=dict)
    recant: tuple[str, str] | None = None
    verdicts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    stood_down: str = ""
    confirmed_by: str = ""
    sort: str = ""
    held: Assessment | None = None
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

    @property
    def confirmed(self) -> bool:
        """Whether it has a track of our own that is surely no chance."""
        return self.track is not None and self.track.confirmed

    @property
    def lost(self) -> bool:
        """Whether its track has had no plot for long."""
        return self.track is not None and self.track.lost

    @property
    def last_plot_s(self) -> float:
        """When our own sensors' last plot was of its track, or of one that turned out to be none."""
        return self.track.last_s if self.track is not None else self.tracked_s

    @property
    def sights(self) -> tuple[Plot, ...]:
        """The first plots of its track."""
        return self.track.sights if self.track is not None else ()

    @property
    def sensors(self) -> tuple[str, ...]:
        """Our own sensors that fed its track."""
        return self.track.sensors if self.track is not None else ()


@dataclass(frozen=True)
class Pending:
    """Something that people or lines will have done at `due_s`."""

    due_s: float
    what: str
    thing: str
    message: Message | None = None
    to: str = ""


@dataclass(frozen=True)
class RaidTold:
    """How many missiles were counted last, on what, and when to count again.

    `told` is the likeliest number and that of each group from one place; None before there was anything to
    count.
    """

    next_s: float = -np.inf
    basis: tuple[object, ...] = ()
    told: tuple[int, tuple[int, ...]] | None = None


# Verdicts that take a track back, and those that take that back.
WITHDRAWN, BACK = ("aircraft", "satellite", "none"), ("missile", "unknown")


@dataclass(frozen=True)
class Verdict:
    """A partner's last word on one of its tracks: what it takes it for since when.

    Kept until nothing older can come any more. `waiting` are newer words on a track that is taken back: they
    count once it is a missile again.
    """

    time_s: float
    verdict: str
    until_s: float
    waiting: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Wish:
    """Where a partner asks us to look, ECEF m, until when, and which of our radars can."""

    name: str
    nation: str
    place_ecef_m: tuple[float, float, float]
    radius_m: float
    until_s: float
    radars: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """One nation at one moment.

    `heard` are partners' messages, each until when it could come again. `paired` is what there was when
    tracks of a partner were last compared with ours, `refused` how many of its reports could not be used.
    `judged` are partners' verdicts on their tracks by (nation, track), `wishes` where they ask us to look,
    `held` why a person lets nothing go to a nation.
    """

    desk: Desk
    tracker: Tracker
    things: tuple[Thing, ...] = ()
    pending: tuple[Pending, ...] = ()
    heard: Mapping[str, float] = field(default_factory=dict)
    sent: int = 0
    made: int = 0
    cued: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    paired: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    door: Door = field(default_factory=Door)
    raid: RaidTold = RaidTold()
    judged: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)


def fresh(desk: Desk) -> Node:
    """A nation that has seen and heard nothing yet."""
    known = frozenset([*desk.radars, *desk.satellites, *desk.skywaves])
    return Node(desk, Tracker(desk.belief, desk.rules), door=Door(known))


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
