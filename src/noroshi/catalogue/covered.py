"""What was asked of coverage, and what the answer holds."""

import math
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from noroshi.catalogue.nets import Net
from noroshi.catalogue.shares import Contribution
from noroshi.earth.model import Earth
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Coverage, Grid, Share, Times
from noroshi.sensing.search import Criterion, Searched
from noroshi.sensing.visibility import Limits, merged


@dataclass(frozen=True)
class Said:
    """A layer as it was asked for; None where a figure does not belong to its kind."""

    kind: str
    name: str
    satellites: int
    height_km: float | None = None
    inclination_deg: float | None = None
    pattern: str | None = None
    epoch_utc: datetime | None = None

    @property
    def planes(self) -> int:
        """Planes of a pattern; 0 where nobody says."""
        return int(self.name.split("/")[1]) if self.kind == "walker" else 0


@dataclass(frozen=True)
class Rule:
    """What ends a view, in the units of the options; None where nothing does."""

    target_km: float
    min_elevation_deg: float | None
    nadir_deg: float | None
    range_km: float | None
    crossing_deg: float
    intensity_w_per_sr: float | None
    threshold_w_per_m2: float | None
    rcs_m2: float | None = None

    @property
    def bright_range_km(self) -> float | None:
        """How far the target is bright enough."""
        if self.intensity_w_per_sr is None or self.threshold_w_per_m2 is None:
            return None
        return float(coverage.bright_range_m(self.intensity_w_per_sr, self.threshold_w_per_m2)) / 1e3

    def geometry(self) -> Limits:
        """Lines of sight alone."""

        def angle(deg: float | None) -> float | None:
            return None if deg is None else float(np.radians(deg))

        range_m = None if self.range_km is None else self.range_km * 1e3
        return Limits(angle(self.min_elevation_deg), angle(self.nadir_deg), range_m)

    def gated(self) -> Limits:
        """Those that count: bright enough, and for two in view crossing well."""
        limits = replace(self.geometry(), crossing_rad=float(np.radians(self.crossing_deg)))
        bright_km = self.bright_range_km
        return limits if bright_km is None else merged(limits, bright_km * 1e3)


@dataclass(frozen=True)
class Answer:
    """Layers, a net, and what they keep in view; `searched` where a constellation was looked for.

    Without a band the figures are of all places, which are those that the net's radars can have in view where
    there is a net. `never` are its sensors that see none of them. Without layers and net nothing was found,
    and there is no coverage. Without times nothing moves.
    """

    layers: tuple[Said, ...]
    rule: Rule
    band_deg: tuple[float, float] | None
    earth: str
    over: Earth
    places: Grid
    times: Times | None = None
    geometry: Coverage | None = None
    gated: Coverage | None = None
    at_start: np.ndarray | None = None
    criterion: Criterion | None = None
    searched: Searched | None = None
    net: Net | None = None
    never: tuple[tuple[str, str], ...] = ()
    nations: tuple[Contribution, ...] = ()
    place_km2: float = 0.0

    @property
    def here(self) -> np.ndarray:
        """Which places the headline figures are of."""
        if self.band_deg is None:
            return np.ones(len(self.places.lat_deg), bool)
        return coverage.within(self.places, self.band_deg)

    def headline(self, found: Coverage) -> Share:
        """The coverage of the places that were asked for."""
        share = coverage.over(found, self.here)
        return Share(0.0, 0.0, 0.0, math.inf) if share is None else share
