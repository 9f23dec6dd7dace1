"""From announced figures to a flight: boost to burnout, coast to impact, fitted to apogee and end point.

The unknowns are loft angle, ideal velocity (through the fuel fraction) and launch azimuth; the figures are
apogee, range and direction of the end point. Burn time, exhaust speed, pitch programme and drag are given.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from noroshi.compiled import stored
from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.errors import FlightError
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA, Boosting, Coasting
from noroshi.flight.interpolate import hermite
from noroshi.flight.propagator import ARRIVED, FLYING, Lanes, State, fly_logged, start
from noroshi.records.pytree import record
from noroshi.records.trajectory import Trajectory

_LANES = 64
# Steps kept of each of three powered legs, and of the way to the apogee and to the ground.
_BOOST_ROWS, _COAST_ROWS = 160, 256
# Steps of a flight that is read in between: cubics then err by centimetres, and by millimetres per second.
_READ_S = (2.0, 30.0)
_TOLERANCE = 1e-6
_LIMIT_KS = 7.2
# A figure counts as met when the flight is this near to it.
_MET_KM = 0.05


@dataclass(frozen=True)
class Site:
    """Where a flight starts: geodetic degrees, metres above the ellipsoid."""

    lat_deg: float
    lon_deg: float
    height_m: float = 0.0


@dataclass(frozen=True)
class Shape:
    """What is given of a flight: times in seconds, exhaust speed, drag of the stage and of the body."""

    burn_s: float
    exhaust_mps: float
    vertical_s: float
    pitch_over_s: float
    area_per_mass_m2pkg: float
    ballistic_coefficient_kgpm2: float


@dataclass(frozen=True)
class Announced:
    """What was announced: apogee, range along the ground, and a direction with its convention.

    `great-circle`: `bearing_deg` is the initial bearing of the great circle from launch to end point.
    `launch-azimuth`: it is the direction of flight at launch over the rotating Earth; the end point then
    lies where the flight takes it. For 4,600 km the two differ by hundreds of kilometres at the end.
    """

    apogee_km: float
    range_km: float
    bearing_deg: float
    convention: str = "great-circle"


@dataclass(frozen=True)
class Fit:
    """A flight that meets the figures, and by how much it misses each."""

    site: Site
    shape: Shape
    loft_rad: float
    fuel_fraction: float
    azimuth_rad: float
    apogee_km: float
    range_km: float
    flight_time_s: float
    impact_lat_deg: float
    impact_lon_deg: float
    residual_km: tuple[float, float, float]


@record
class _Programme:
    """Scalars of one flight, traced: the site in ECEF and its axes, the shape, three unknowns per lane."""

    site_ecef_m: Float[Array, "3"]
    axes: Float[Array, "3 3"]
    burn_s: Array
    exhaust_mps: Array
    vertical_s: Array
    pitch_over_s: Array
    area_per_mass_m2pkg: Array
    ballistic_coefficient_kgpm2: Array
    longest_boost_s: Array
    longest_coast_s: Array
    loft_rad: Float[Array, "L"]
    ideal_kmps: Float[Array, "L"]
    azimuth_rad: Float[Array, "L"]


class _Flown(NamedTuple):
    """What comes of a batch: apogee, Mm, impact, Mm [3, L], time, ks, whether it flew, steps [rows, 7, L]."""

    apogee: Array
    impact: Array
    time: Array
    flew: Array
    log: Array


def _programme(
    site: Site, shape: Shape, unknowns: np.ndarray, longest_s: tuple[float, float] = (np.inf, np.inf)
) -> _Programme:
    lat, lon = math.radians(site.lat_deg), math.radians(site.lon_deg)
    return _Programme(
        np.asarray(frames.ecef(lat, lon, site.height_m)),
        np.asarray(frames.enu_axes(lat, lon)),
        np.float64(shape.burn_s),
        np.float64(shape.exhaust_mps),
        np.float64(shape.vertical_s),
        np.float64(shape.pitch_over_s),
        np.float64(shape.area_per_mass_m2pkg),
        np.float64(shape.ballistic_coefficient_kgpm2),
        *map(np.float64, longest_s),
        *np.ascontiguousarray(unknowns),
    )


def _bodies(plan: _Programme) -> tuple[Boosting, Coasting, Lanes]:
    def each(value: Array) -> Array:
        return jnp.broadcast_to(value, plan.loft_rad.shape)

    east, north, up = plan.axes
    sin, cos = jnp.sin(plan.azimuth_rad), jnp.cos(plan.azimuth_rad)
    stage = Boosting(
        burn_s=each(plan.burn_s),
        exhaust_mps=each(plan.exhaust_mps),
        fuel_fraction=1 - jnp.exp(-plan.ideal_kmps * KILO / plan.exhaust_mps),
        vertical_s=each(plan.vertical_s),
        pitch_over_s=each(plan.pitch_over_s),
        loft_rad=plan.loft_rad,
        up=tuple(each(component) for component in up),
        forward=tuple(sin * e + cos * n for e, n in zip(east, north, strict=True)),
        area_per_mass_m2pkg=each(plan.area_per_mass_m2pkg),
    )
    body = Coasting(each(plan.ballistic_coefficient_kgpm2))
    still = jnp.zeros_like(plan.loft_rad)
    y = (*(each(component / MEGA) for component in plan.site_ecef_m), still, still, still)
    return stage, body, start(dynamics.boost, still, y, stage, dt=0.001)


@stored
def _arrive(plan: _Programme) -> _Flown:
    """Fly every lane from launch to impact."""
    stage, body, lanes = _bodies(plan)
    marks = jnp.stack([plan.vertical_s, plan.pitch_over_s, plan.burn_s]) / KILO

    def burn(lanes: Lanes, t_end: Array) -> tuple[Lanes, tuple[Array, State]]:
        end = jnp.broadcast_to(t_end, lanes.t.shape)
        longest = plan.longest_boost_s / KILO
        return fly_logged(
            dynamics.boost, lanes, end, stage, dynamics.height, _TOLERANCE, _BOOST_ROWS, longest
        )

    lanes, powered = lax.scan(burn, lanes, marks)
    flew = lanes.status == FLYING
    limit = jnp.full_like(lanes.t, _LIMIT_KS)

    def fall(lanes: Lanes, to_ground: Array) -> tuple[Lanes, tuple[Array, tuple[Array, State]]]:
        def gauge(y: State) -> Array:
            return jnp.where(to_ground, dynamics.height(y), dynamics.climb(y))

        longest = plan.longest_coast_s / KILO
        lanes, log = fly_logged(
            dynamics.coast, _again(lanes), limit, body, gauge, _TOLERANCE, _COAST_ROWS, longest
        )
        return lanes, (dynamics.height(lanes.y), log)

    lanes = start(dynamics.coast, lanes.t, lanes.y, body)
    lanes, (heights, falling) = lax.scan(fall, lanes, jnp.array([False, True]))

    def rows(log: tuple[Array, State]) -> Array:
        """Time and state of one lane in one table [rows, 7, L]."""
        return jnp.stack([log[0], *log[1]], axis=2).reshape(-1, 7, log[0].shape[-1])

    return _Flown(
        heights[0],
        jnp.stack(lanes.y[:3]),
        lanes.t,
        flew & (lanes.status == ARRIVED),
        jnp.concatenate([rows(powered), rows(falling)]),
    )


def _again(lanes: Lanes) -> Lanes:
    """An event passed: fly on."""
    return lanes._replace(status=jnp.where(lanes.status == ARRIVED, FLYING, lanes.status).astype(jnp.int32))


def _misses(
    site: Site, announced: Announced, unknowns: np.ndarray, shape: Shape
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Misses [3, L] in km (apogee, range, direction), flights [4, L] (apogee, time, lat, lon), flew [L]."""
    flown = _arrive(_programme(site, shape, unknowns))
    apogee, impact, time, flew = (np.asarray(x) for x in (flown.apogee, flown.impact, flown.time, flown.flew))
    lat, lon, _ = frames.geodetic(impact.T * MEGA)
    launch = math.radians(site.lat_deg), math.radians(site.lon_deg)
    range_m, bearing = geometry.great_circle(*launch, lat, lon)
    seen = bearing if announced.convention == "great-circle" else unknowns[2]
    turn = (seen - math.radians(announced.bearing_deg) + np.pi) % (2 * np.pi) - np.pi
    misses = np.stack(
        [
            apogee * KILO - announced.apogee_km,
            range_m / KILO - announced.range_km,
            turn * announced.range_km,
        ]
    )
    flight = np.stack([apogee * KILO, range_m / KILO, time * KILO, np.degrees(lat), np.degrees(lon)])
    return np.where(flew, misses, np.inf), flight, flew


def _first_guess(announced: Announced, shape: Shape) -> np.ndarray:
    """A grid of loft and ideal velocity around the vacuum burnout speed with a gravity loss: [3, 64]."""
    arc = announced.range_km / 6371.0
    half, apogee = math.sin(arc / 2), announced.apogee_km
    least = math.sqrt(2 * 62.57 * half / (1 + half))
    lofted = math.sqrt(2 * 9.8e-3 * apogee)
    speed = max(least, lofted)
    lofts, speeds = np.meshgrid(np.radians(np.linspace(8, 82, 8)), speed + np.linspace(-0.3, 2.0, 8))
    bearing = np.full(_LANES, math.radians(announced.bearing_deg))
    return np.stack([lofts.ravel(), np.maximum(speeds.ravel(), 0.5), bearing])


def fit(site: Site, announced: Announced, shape: Shape) -> Fit:
    """Find the flight that meets the announced figures, by damped Newton from a coarse grid.

    Raises FlightError when none does, with the nearest flight's figures.
    """
    grid = _first_guess(announced, shape)
    misses, _, flew = _misses(site, announced, grid, shape)
    if not flew.any():
        raise FlightError(f"no flight with a burn of {shape.burn_s:.0f} s leaves the ground and comes back")
    size = np.linalg.norm(misses, axis=0)
    best, at = np.inf, grid[:, size.argmin()]
    slopes = np.diag([1e-4, 1e-4, 1e-4])
    dampings = 2.0 ** -np.arange(16)
    candidates = np.repeat(at[:, None], 16, axis=1)
    for _ in range(25):
        # Each candidate flies with its three neighbours, so that the next slope costs no second call.
        lanes = np.concatenate([candidates, *(candidates + slope[:, None] for slope in slopes)], axis=1)
        misses, flight, flew = _misses(site, announced, lanes, shape)
        size = np.linalg.norm(misses[:, :16], axis=0)
        k = int(np.argmin(size))
        if size[k] >= best:
            break
        best, at, result, miss = size[k], candidates[:, k], flight[:, k], misses[:, k]
        jacobian = np.stack([(misses[:, 16 * (i + 1) + k] - miss) / 1e-4 for i in range(3)], axis=1)
        if best < 1e-4 or not np.isfinite(jacobian).all():
            break
        step = -np.linalg.lstsq(jacobian, miss, rcond=None)[0]
        step *= min(1.0, 0.3 / np.abs(step).max())
        candidates = at[:, None] + step[:, None] * dampings
        candidates[0] = np.clip(candidates[0], math.radians(1), math.radians(89.9))
        candidates[1] = np.clip(candidates[1], 0.2, 15.0)
    if best > _MET_KM:
        raise FlightError(
            f"no flight meets apogee {announced.apogee_km:.0f} km with range {announced.range_km:.0f} km: "
            f"the nearest has apogee {result[0]:.0f} km (off by {miss[0]:+.0f}) "
            f"and range {result[1]:.0f} km (off by {miss[1]:+.0f}), with a burn of {shape.burn_s:.0f} s"
        )
    return Fit(
        site,
        shape,
        loft_rad=float(at[0]),
        fuel_fraction=float(1 - math.exp(-at[1] * KILO / shape.exhaust_mps)),
        azimuth_rad=float(at[2]),
        apogee_km=float(result[0]),
        range_km=float(result[1]),
        flight_time_s=float(result[2]),
        impact_lat_deg=float(result[3]),
        impact_lon_deg=float(result[4]),
        residual_km=(float(miss[0]), float(miss[1]), float(miss[2])),
    )


def trajectory(fitted: Fit, step_s: float = 1.0) -> Trajectory:
    """The fitted flight every `step_s` from launch, with a last row at the impact.

    Read between the integrator's steps, which are kept short enough for centimetres.
    """
    unknowns = np.array([fitted.loft_rad, _ideal_kmps(fitted), fitted.azimuth_rad])
    # As many lanes as the fit flies, so that one compiled kernel serves both.
    lanes = np.repeat(unknowns[:, None], _LANES, axis=1)
    plan = _programme(fitted.site, fitted.shape, lanes, _READ_S)
    table = np.asarray(_arrive(plan).log)[:, :, 0]
    first = np.concatenate([[0.0], np.asarray(plan.site_ecef_m) / MEGA, np.zeros(3)])
    table = np.concatenate([first[None], table])
    table = table[np.concatenate([[True], np.diff(table[:, 0]) > 0])]
    node_s, place, speed = table[:, 0] * KILO, table[:, 1:4] * MEGA, table[:, 4:] * KILO
    time_s = np.append(np.arange(0.0, node_s[-1], step_s), node_s[-1])
    position, velocity = hermite(node_s, place, speed, time_s)
    return Trajectory(
        time_s=time_s,
        position_ecef_m=position,
        velocity_ecef_mps=velocity,
        burning=time_s < fitted.shape.burn_s,
        valid=np.ones(len(time_s), dtype=bool),
    )


def _ideal_kmps(fitted: Fit) -> float:
    """Velocity the fuel would give in free space, km/s."""
    return -math.log(1 - fitted.fuel_fraction) * fitted.shape.exhaust_mps / KILO
