"""What a tracker is: its rules, its tracks with their accounts, and what it was a while ago."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jaxtyping import Float

from noroshi.earth.arrays import Array
from noroshi.records.detections import Plot
from noroshi.records.tracks import Belief, Estimate, Track
from noroshi.tracking import score
from noroshi.tracking.plumes import Plume, Starts
from noroshi.tracking.score import Background, Seen

# Of a sensor of which nothing is told: a radar over a sixth of the sky, with the quiet day's false plots.
_RADAR = score.radar_background((5e4, 3e6), (-1.05, 1.05), (0.0, 1.5), 10.0)


@dataclass(frozen=True)
class Eye:
    """What a filter must know of a sensor at a moment: its place and axes in ECEF, and its bias sigmas."""

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    bias_sigma: Float[Array, "3"]


@dataclass(frozen=True)
class Rules:
    """How tracks are made, kept and given up.

    `association` is by the likeliest joint event ("nearest"), by all of them ("jpda"), which draws tracks
    that share plots together, or by the likeliest with the covariance of all ("gnn-jpda"). `backgrounds` are
    what the nation believes of each sensor, `background` of any other. `false_per_day` is how many tracks
    that nothing made may be confirmed in a day. A track needs `confirm_plots` besides its score. `plumes`
    says how satellites' lines of sight that no track explains begin tracks; None: not at all.
    What flies level could turn anywhere: once it is lost it is forgotten.
    """

    association: Literal["nearest", "jpda", "gnn-jpda"] = "nearest"
    backgrounds: Mapping[str, Background] = field(default_factory=dict)
    background: Background = _RADAR
    false_per_day: float = 0.1
    confirm_plots: int = 3
    lost_after_s: float = 30.0
    forget_after_s: float = 900.0
    window_s: float = 30.0
    plumes: Starts | None = None

    def of(self, sensor: str) -> Background:
        """What is believed of a sensor."""
        return self.backgrounds.get(sensor, self.background)

    def thresholds(self) -> score.Rule:
        """From which scores on a track is confirmed, and given up."""
        believed = self.backgrounds or {"": self.background}
        return score.rule(self.false_per_day, score.expected_false(believed))


@dataclass(frozen=True)
class Followed:
    """One track: what it is called, what fed it, how sure it is that there is anything.

    `score` is the logarithm of how much likelier its plots are if there is an object. `sights` are its first
    plots, some seconds apart per sensor, `recent` the time and sensor of its latest, `shared` of those that
    may as well be another's. `absorbed` are tracks that turned out to be the same object. It is `lost` when
    nobody has seen it for long, or when it has `faded`: it should be seen and is not. At `beyond_s` its state
    was last surely none of an aircraft's.
    """

    id: str
    born_s: float
    last_s: float
    plots: int
    score: float
    sensors: tuple[str, ...]
    sights: tuple[Plot, ...]
    newest: Plot
    estimate: Estimate
    confirmed: bool = False
    lost: bool = False
    recent: tuple[tuple[float, str], ...] = ()
    absorbed: frozenset[str] = frozenset()
    highest: float = 0.0
    faded: bool = False
    shared: tuple[tuple[float, str], ...] = ()
    beyond_s: float = -math.inf


@dataclass(frozen=True)
class Past:
    """What happened to a tracker at one time, and what it was before: what a replay begins with."""

    time_s: float
    before: "Tracker"
    plots: tuple[Plot, ...]
    eyes: Mapping[str, Eye]
    adopted: tuple[tuple[Estimate, tuple[Plot, ...]], ...] = ()


@dataclass(frozen=True)
class Tracker:
    """All tracks of one nation at one moment; row i of `tracks` is followed[i].

    `seen` counts, by sensor, what no confirmed track explains: one that floods is believed less. `late`
    counts plots that came after a later moment's, `too_late` those left out since they came after the window,
    `unsound` those left out since no filter can take them. `plumes` are lines of sight of satellites that no
    track explains yet.
    """

    belief: Belief
    rules: Rules = Rules()
    now_s: float = -math.inf
    tracks: Track | None = None
    followed: tuple[Followed, ...] = ()
    past: tuple[Past, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    late: int = 0
    too_late: int = 0
    unsound: int = 0
    plumes: tuple[Plume, ...] = ()
