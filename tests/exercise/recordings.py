"""Flights and bodies as sensors would have recorded them, without a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames, geometry
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site
from noroshi.flight.sample import trajectory
from noroshi.records.detections import Plot, Recorded
from noroshi.records.trajectory import Trajectory

# Range m, azimuth and elevation rad: noise, and what is believed of the constant error.
NOISE, BIAS = np.array([50.0, 6e-4, 6e-4]), (100.0, 5e-4, 5e-4)
FINE, FINE_BIAS = np.array([np.inf, 30e-6, 30e-6]), (0.0, 20e-6, 20e-6)
GEO_M = 35_786_034.0


@dataclass(frozen=True)
class Looker:
    """A sensor: where it stands, deg and m, how often it looks, s."""

    name: str
    lat_deg: float
    lon_deg: float
    height_m: float
    every_s: float

    @property
    def above(self) -> bool:
        """Whether it is a satellite, which measures angles only and what burns only."""
        return self.height_m > 100e3


RADARS = (
    Looker("JPN-Shariki", 40.9, 140.3, 100.0, 4.0),
    Looker("JPN-Sado", 38.2, 138.4, 1000.0, 4.0),
    Looker("KOR-East", 37.7, 128.9, 300.0, 4.0),
)
SATELLITES = (Looker("USA-West", 0.0, 100.0, GEO_M, 5.0), Looker("USA-East", 0.0, 165.0, GEO_M, 5.0))


def flight(lat_deg=40.0, lon_deg=126.0, bearing_deg=75.0, apogee_km=500.0, range_km=1300.0) -> Trajectory:
    """A medium-range missile by the second, from its launch."""
    told = Announced(Told(apogee_km), Told(range_km), Told(bearing_deg))
    missile, body = flyer(load_threat("mrbm"), lambda name: 0.5)
    return trajectory(fit(Site(lat_deg, lon_deg), told, missile, body))


def seen(
    path: Trajectory, lookers: Sequence[Looker], chance: np.random.Generator, late_s: float = 0.0
) -> list[Recorded]:
    """What the lookers record of a flight that begins at `late_s`, in the order of time."""
    rows = []
    for one in lookers:
        lat, lon = np.radians([one.lat_deg, one.lon_deg])
        site, axes = frames.ecef(lat, lon, np.float64(one.height_m)), frames.enu_axes(lat, lon)
        exact = geometry.range_azimuth_elevation(site, axes, path.position_ecef_m)
        height_m = frames.geodetic(path.position_ecef_m)[2]
        shown = (path.burning & (height_m > 9e3)) if one.above else (exact[:, 2] > 0.02)
        look = (path.time_s + chance.integers(one.every_s)) % one.every_s < 1
        for row in np.flatnonzero(shown & look):
            sigma = np.where(one.above, FINE, NOISE)
            bias = FINE_BIAS if one.above else BIAS
            # Across the line of sight the noise is the same in all directions.
            stretch = np.array([1.0, 1 / np.cos(exact[row, 2]), 1.0]) if one.above else np.ones(3)
            sigma = sigma * stretch
            z = exact[row] + np.where(np.isfinite(sigma), sigma, 0.0) * chance.standard_normal(3)
            if one.above:
                z[0] = 0.0
            plot = Plot(one.name, float(path.time_s[row] + late_s), tuple(z), tuple(sigma), False)
            rows.append(
                Recorded(plot, one.lat_deg, one.lon_deg, one.height_m, tuple(np.array(bias) * stretch))
            )
    return sorted(rows, key=lambda row: (row.plot.time_s, row.plot.sensor))
