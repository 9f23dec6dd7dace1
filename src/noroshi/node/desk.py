"""What one nation knows before anything happens: its sensors, beliefs, rules, people and partners."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from noroshi.alerting.areas import Areas
from noroshi.records.tracks import Belief
from noroshi.sharing.release import ReleaseTable
from noroshi.tracking.boosts import Template
from noroshi.tracking.followed import Eye, Rules


class Delay(Protocol):
    """A delay of people or machines as a distribution."""

    def draw(self, u01: float) -> float:
        """Seconds at the quantile `u01`."""
        ...


# ECEF place, m, and axes at seconds after the epoch.
Course = Callable[[float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Station:
    """A radar of the nation as its own node knows it: where it is when, and how far off it may be."""

    id: str
    at: Course
    bias_sigma: np.ndarray


@dataclass(frozen=True)
class Satellite:
    """An infrared satellite of the nation, with what its ground segment needs before it reports."""

    id: str
    at: Course
    bias_rad: float
    hits_to_confirm: int
    report_delay_s: Delay


class Notice(Protocol):
    """A navigation or air warning that the nation has read."""

    @property
    def id(self) -> str:
        """Its short name."""
        ...

    def tells_of(self, time_s: float, lat_deg: float, lon_deg: float) -> bool:
        """Whether a launch then and there is the announced one."""
        ...


@dataclass(frozen=True)
class Desk:
    """The standing knowledge and rules of one nation's node.

    `centre_deg` is a place (longitude, latitude) inside each of `areas`. `forecasts` False spares a nation
    that nobody asks about its own forecasts; what it tells its partners stays the same. Of an announced
    launch its people take `announced_factor` of their time. `cut_off` tells, by kind of message and nation
    that it is for, why no path leads there (see sharing.paths).
    """

    nation: str
    seed: int
    radars: Mapping[str, Station]
    satellites: Mapping[str, Satellite]
    skywaves: Mapping[str, Course]
    belief: Belief
    template: Template
    areas: Areas
    centre_deg: np.ndarray
    neighbours: Mapping[str, tuple[str, ...]]
    threshold: float
    cancel_threshold: float
    confirm_s: Delay
    relay_s: Delay
    decide_s: Delay
    deliver_s: Delay
    update_s: Delay
    table: ReleaseTable
    partners: tuple[str, ...]
    pass_on_s: Delay | None
    forecasts: bool = True
    notices: tuple[Notice, ...] = ()
    announced_factor: float = 1.0
    rules: Rules = field(default_factory=Rules)
    cut_off: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def announced(self, time_s: float, lat_deg: float, lon_deg: float) -> str:
        """The notice that tells of a launch then and there; empty for none."""
        told = (notice.id for notice in self.notices if notice.tells_of(time_s, lat_deg, lon_deg))
        return next(told, "")

    def eye(self, sensor: str, t_s: float) -> Eye:
        """A radar or satellite as filters know it, where it then is. Raises KeyError for any other."""
        if sensor in self.satellites:
            satellite = self.satellites[sensor]
            return Eye(*satellite.at(t_s), np.array([0.0, satellite.bias_rad, satellite.bias_rad]))
        station = self.radars[sensor]
        return Eye(*station.at(t_s), station.bias_sigma)
