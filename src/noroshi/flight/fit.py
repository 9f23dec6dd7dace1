"""From announced figures to a flight: which launch of a missile meets apogee, end point or direction.

The unknowns are loft angle, ideal velocity and launch azimuth; burn times, exhaust speeds, the turn and the
body's drag and lift are given. The flight time is not fitted but compared.
"""

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Float

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import FlightError
from noroshi.flight import legs
from noroshi.flight.announced import Announced
from noroshi.flight.arcs import least_energy_apogee_km, least_speed_kmps
from noroshi.flight.batch import in_jobs
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.legs import BURNS, Course, Flown
from noroshi.flight.missile import Aim, Body, Missile, Site, course
from noroshi.flight.solve import LANES, Unknowns, solve

T = TypeVar("T")
# Impacts then err by 2 m in the middle and 20 m at the worst, beside the same flights at 1e-11.
TOLERANCE = 1e-7
# A figure counts as met when the flight is this near to it.
_MET_KM = 0.05
# So far that the Earth's turn during a flight cannot turn its direction round.
_FAR_KM = 3000.0
_SOUGHT = Unknowns(
    low=np.array([math.radians(-30.0), 0.2, -1e3]),
    high=np.array([math.radians(89.99), 15.0, 1e3]),
    probe=np.array([1e-4, 1e-4, 1e-4]),
    stride=np.array([0.3, 0.5, 0.5]),
)


@dataclass(frozen=True)
class Figures:
    """What a fit has to meet, as plain numbers, each one or one per problem."""

    apogee_km: Array
    range_km: Array
    bearing_rad: Array
    at_launch: bool


@dataclass(frozen=True)
class Fit:
    """A flight that meets the figures, and by how much it misses each (apogee, range, across), km.

    `upper` is the upper stages' pitch and its rate where they are steered apart (see missile.Aim).
    """

    site: Site
    missile: Missile
    body: Body
    loft_rad: float
    ideal_kmps: float
    azimuth_rad: float
    apogee_km: float
    range_km: float
    flight_time_s: float
    impact_lat_deg: float
    impact_lon_deg: float
    residual_km: tuple[float, float, float]
    earth: Earth = WGS84
    upper: tuple[float, ...] = ()

    @property
    def aim(self) -> Aim:
        """The launch as one flight."""
        values = (self.loft_rad, self.ideal_kmps, self.azimuth_rad, *self.upper)
        return Aim(*(np.array([value]) for value in values))


@dataclass(frozen=True)
class Ends:
    """What comes of flights [L]: apogee and range, km, time, s, impact, rad, bearing of it, and whether."""

    apogee_km: Float[np.ndarray, "L"]
    range_km: Float[np.ndarray, "L"]
    time_s: Float[np.ndarray, "L"]
    lat_rad: Float[np.ndarray, "L"]
    lon_rad: Float[np.ndarray, "L"]
    bearing_rad: Float[np.ndarray, "L"]
    flew: np.ndarray


def flown(plan: Course, tolerance: float = TOLERANCE) -> Flown:
    """Fly a course: 64 flights at a time on a CPU, a thread per core; all at once elsewhere."""
    # One Earth for all; the rest has a lane for each flight.
    earth, every = plan.earth, {name: getattr(plan, name) for name in Course.__dataclass_fields__}
    del every["earth"]
    return in_jobs(
        lambda some: legs.ends(Course(**some, earth=earth), np.float64(tolerance)), every, job=LANES
    )


def fly_ends(site: Site, missile: Missile, body: Body, aim: Aim, earth: Earth = WGS84) -> Ends:
    """Fly launches to the ground."""
    time, state, landed, sound = flown(course(site, missile, body, aim, earth))
    # The apogee, or the burnout of a flight that turned down before it.
    apogee_m = frames.geodetic(state[BURNS, :3].T * MEGA, earth)[2]
    lat, lon, _ = frames.geodetic(state[-1, :3].T * MEGA, earth)
    launch = math.radians(site.lat_deg), math.radians(site.lon_deg)
    range_m, bearing = geometry.great_circle(*launch, lat, lon, earth.mean_radius_m)
    flew = sound & landed[-1] & (time[-1] > time[BURNS - 1])
    return Ends(apogee_m / KILO, range_m / KILO, time[-1] * KILO, lat, lon, bearing, flew)


def plain(site: Site, announced: Announced) -> Figures:
    """The announced figures as plain numbers; an end point becomes range and bearing.

    Raises FlightError when range or direction are missing.
    """
    apogee_km = announced.apogee_km.value if announced.apogee_km else math.nan
    if announced.end_deg is not None:
        launch = math.radians(site.lat_deg), math.radians(site.lon_deg)
        range_m, bearing = geometry.great_circle(*launch, *np.radians(announced.end_deg))
        return Figures(apogee_km, float(range_m) / KILO, float(bearing), False)
    if announced.range_km is None or announced.bearing_deg is None:
        missing = "range" if announced.range_km is None else "direction"
        raise FlightError(f"no flight can be fitted without a {missing} or an end point")
    at_launch = announced.convention == "launch-azimuth"
    return Figures(apogee_km, announced.range_km.value, math.radians(announced.bearing_deg.value), at_launch)


def tiled(tree: T, times: int) -> T:
    """Numbers that differ between problems, repeated for the neighbours of each."""
    return jax.tree.map(lambda leaf: np.tile(leaf, times) if np.ndim(leaf) else leaf, tree)


def aims(
    site: Site,
    figures: Figures,
    missile: Missile,
    body: Body,
    first: np.ndarray,
    earth: Earth = WGS84,
    met_km: float = 1e-4,
) -> tuple[np.ndarray, np.ndarray]:
    """Unknowns [3, K] (loft, rad, ideal velocity, km/s, azimuth, rad) and what they miss [3, K], km.

    Numbers of figures, missile and body are one for all or one for each of the K problems.
    """
    times = len(_SOUGHT.low) + 1
    missiles, bodies = tiled((missile, body), times)
    wanted = tiled((figures.apogee_km, figures.range_km, figures.bearing_rad), times)

    def misses(x: np.ndarray) -> np.ndarray:
        found = fly_ends(site, missiles, bodies, Aim(*x), earth)
        seen = x[2] if figures.at_launch else found.bearing_rad
        turn = (seen - wanted[2] + np.pi) % (2 * np.pi) - np.pi
        off = np.stack([found.apogee_km - wanted[0], found.range_km - wanted[1], turn * wanted[1]])
        # Away from a far end point, the long way round the Earth: no such flight is meant.
        away = (np.cos(x[2] - wanted[2]) < 0) & (wanted[1] > _FAR_KM)
        return np.where(found.flew & ~away, off, np.inf)

    return solve(misses, _SOUGHT, first, met_km)


def _grid(figures: Figures, missile: Missile) -> np.ndarray:
    """A grid of loft and ideal velocity around the vacuum burnout speed with a gravity loss: [3, 64]."""
    speed = least_speed_kmps(figures.apogee_km, figures.range_km)
    tilts = np.geomspace(0.05, 75, 8) if float(np.max(missile.gravity_turn)) else 90 - np.linspace(-6, 82, 8)
    lofts, speeds = np.meshgrid(np.radians(90 - tilts), speed + np.linspace(-0.3, 2.4, 8))
    bearing = np.full(LANES, figures.bearing_rad)
    return np.stack([lofts.ravel(), np.maximum(speeds.ravel(), 0.5), bearing])


def _starts(site: Site, figures: Figures, missile: Missile, body: Body, earth: Earth) -> np.ndarray:
    """First guesses: the best of the grid. FlightError when nothing flies at all."""
    grid = _grid(figures, missile)
    found = fly_ends(site, missile, body, Aim(*grid), earth)
    off = np.hypot(found.apogee_km / figures.apogee_km - 1, found.range_km / figures.range_km - 1)
    off = np.where(found.flew, off, np.inf)
    if not found.flew.any():
        burn_s = sum(float(np.mean(stage.burn_s)) for stage in missile.stages)
        raise FlightError(f"no flight with a burn of {burn_s:.0f} s leaves the ground and comes back")
    return grid[:, np.argsort(off)[: _SOUGHT.problems]]


def _standard_apogee_km(site: Site, figures: Figures, missile: Missile, body: Body, earth: Earth) -> float:
    """The apogee that takes least velocity for the range: where none was announced, a flight is so flown."""
    middle, width = least_energy_apogee_km(figures.range_km), 0.5
    for _ in range(2):
        tried = middle * (1 + width * np.linspace(-1, 1, _SOUGHT.problems))
        each = replace(figures, apogee_km=tried)
        first = _starts(site, replace(figures, apogee_km=middle), missile, body, earth)
        x, miss = aims(site, each, missile, body, np.repeat(first[:, :1], len(tried), axis=1), earth)
        cost = np.where(np.abs(miss).max(axis=0) < _MET_KM, x[1], np.inf)
        if not np.isfinite(cost).any():
            return middle
        middle, width = float(tried[cost.argmin()]), width / 6
    return middle


def fit(site: Site, announced: Announced, missile: Missile, body: Body, earth: Earth = WGS84) -> Fit:
    """Find the launch that meets the announced figures.

    Bounds ("at least 6,000 km") are met at their value. Without an apogee the flight that takes least
    velocity is found. Raises FlightError when none meets them, with the nearest flight's figures.
    """
    figures = plain(site, announced)
    if math.isnan(figures.apogee_km):
        middle = _standard_apogee_km(site, figures, missile, body, earth)
        figures = replace(figures, apogee_km=middle)
    x, miss = aims(site, figures, missile, body, _starts(site, figures, missile, body, earth), earth)
    size = np.linalg.norm(miss, axis=0)
    best = int(size.argmin())
    found = fly_ends(site, missile, body, Aim(*x[:, best : best + 1]), earth)
    if not size[best] < _MET_KM:
        burn_s = sum(float(np.mean(stage.burn_s)) for stage in missile.stages)
        raise FlightError(
            f"no flight meets apogee {figures.apogee_km:.0f} km with range {figures.range_km:.0f} km: "
            f"the nearest has apogee {found.apogee_km[0]:.0f} km (off by {miss[0, best]:+,.1f}) "
            f"and range {found.range_km[0]:.0f} km (off by {miss[1, best]:+,.1f}), "
            f"with a burn of {burn_s:.0f} s"
        )
    loft, ideal, azimuth = (float(value) for value in x[:, best])
    return Fit(
        site,
        missile,
        body,
        loft,
        ideal,
        azimuth % (2 * math.pi),
        apogee_km=float(found.apogee_km[0]),
        range_km=float(found.range_km[0]),
        flight_time_s=float(found.time_s[0]),
        impact_lat_deg=math.degrees(found.lat_rad[0]),
        impact_lon_deg=math.degrees(found.lon_rad[0]),
        residual_km=(float(miss[0, best]), float(miss[1, best]), float(miss[2, best])),
        earth=earth,
    )
