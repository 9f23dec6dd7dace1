"""What one nation knows before anything happens: its sensors, beliefs, rules, people and partners."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from noroshi.alerting.areas import Areas
from noroshi.records.tracks import Belief, Stations
from noroshi.sharing.release import ReleaseTable
from noroshi.tracking.launchpoint import Template


class Delay(Protocol):
    """A delay of people or machines as a distribution."""

    def draw(self, u01: float) -> float:
        """Seconds at the quantile `u01`."""
        ...


@dataclass(frozen=True)
class Station:
    """A radar of the nation as its own node knows it: its row in `Desk.stations`, its place and axes."""

    id: str
    slot: int
    site_ecef_m: np.ndarray
    axes: np.ndarray


@dataclass(frozen=True)
class Satellite:
    """An infrared satellite of the nation, with what its ground segment needs before it reports."""

    id: str
    site_ecef_m: np.ndarray
    axes: np.ndarray
    bias_rad: float
    hits_to_confirm: int
    report_delay_s: Delay


@dataclass(frozen=True)
class Desk:
    """The standing knowledge and rules of one nation's node.

    `centre_deg` is a place (longitude, latitude) inside each of `areas`. `forecasts` False spares a nation
    that nobody asks about its own forecasts; what it tells its partners stays the same.
    """

    nation: str
    seed: int
    radars: Mapping[str, Station]
    satellites: Mapping[str, Satellite]
    stations: Stations
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
