"""How sure a fit is: many flights that all agree with what was announced, rounded or bounded as it was.

Figures are drawn within their rounding and beyond their bounds, the missile within its profile; each draw is
fitted. Where a flight time was announced, flights count by how near they come to it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Figures, Fit, aims, fly_ends, plain
from noroshi.flight.missile import Aim, Body, Missile

T = TypeVar("T")
# "At least 6,000 km" may be up to this much more: an assumption, the record's bounds were passed by 0 to 9 %.
BEYOND = 0.15
# Where no apogee was announced, one around the least costly; an assumption.
_APOGEE_FACTOR = 1.25
# No model of this kind tells a flight time better, however exactly it was told; an assumption.
_TIME_S = 10.0
# Far below what rounding leaves open.
_MET_KM = 0.5


@dataclass(frozen=True)
class Spread:
    """Flights [K]: `met` those that meet the figures; `weight`, which sums to 1, how well each of them agrees
    with an announced flight time too, or all alike where none does (`timely` False).
    """

    met: Bool[np.ndarray, "K"]
    weight: Float[np.ndarray, "K"]
    apogee_km: Float[np.ndarray, "K"]
    range_km: Float[np.ndarray, "K"]
    flight_time_s: Float[np.ndarray, "K"]
    burnout_s: Float[np.ndarray, "K"]
    ideal_kmps: Float[np.ndarray, "K"]
    impact_lat_deg: Float[np.ndarray, "K"]
    impact_lon_deg: Float[np.ndarray, "K"]
    missile: Missile
    aim: Aim
    timely: bool

    @property
    def effective(self) -> float:
        """How many equally likely flights these are worth."""
        total = float((self.weight**2).sum())
        return 1 / total if total else 0.0

    def between(self, name: str, low: float = 0.05, high: float = 0.95) -> tuple[float, float, float]:
        """Low quantile, median and high quantile of one of the figures, of the flights that count."""
        counts = self.weight > 0
        values, weight = getattr(self, name)[counts], self.weight[counts]
        order = np.argsort(values)
        share = np.cumsum(weight[order]) - weight[order] / 2
        five, half, ninety_five = np.interp([low, 0.5, high], share, values[order])
        return float(five), float(half), float(ninety_five)


def draw(told: Told, u01: Float[np.ndarray, "K"]) -> Float[np.ndarray, "K"]:
    """Values that agree with an announced number; they rise with `u01`."""
    low, high = told.value - told.half_width, told.value + told.half_width
    if told.sense == "at least":
        return low * (high * (1 + BEYOND) / low) ** u01
    if told.sense == "at most":
        least = low / (1 + BEYOND)
        return least * (high / least) ** u01
    return told.value + told.half_width * (2 * u01 - 1)


def spread(
    nominal: Fit, announced: Announced, missile: Missile, body: Body, chance: Mapping[str, Array]
) -> Spread:
    """Fit as many flights as `chance` has numbers under "apogee", "range" and "bearing", each in [0, 1).

    Numbers of missile and body are one for each flight. Draws that no flight meets count nothing.
    """
    figures = plain(nominal.site, announced)
    if announced.apogee_km is not None:
        apogee_km = draw(announced.apogee_km, chance["apogee"])
    else:
        apogee_km = nominal.apogee_km * _APOGEE_FACTOR ** (2 * chance["apogee"] - 1)
    if announced.end_deg is not None:
        range_told = Told(float(figures.range_km), announced.end_half_width_km)
        across = announced.end_half_width_km / max(figures.range_km, 1.0)
    else:
        # Without them `plain` raised.
        assert announced.range_km is not None and announced.bearing_deg is not None
        range_told = announced.range_km
        across = math.radians(announced.bearing_deg.half_width)
    range_km = draw(range_told, chance["range"])
    bearing_rad = figures.bearing_rad + across * (2 * chance["bearing"] - 1)
    count = len(apogee_km)
    first = np.array([nominal.loft_rad, nominal.ideal_kmps, nominal.azimuth_rad])
    drawn = Figures(apogee_km, range_km, bearing_rad, figures.at_launch)
    guess = np.repeat(first[:, None], count, axis=1)
    x, miss = aims(nominal.site, drawn, missile, body, guess, nominal.earth, _MET_KM)
    ends = fly_ends(nominal.site, missile, body, Aim(*x), nominal.earth)
    met = (np.abs(miss).max(axis=0) <= _MET_KM) & ends.flew
    burnout_s = np.broadcast_to(burnout_time(missile), (count,))
    weight = np.where(met, 1.0, 0.0)
    timely = True
    if announced.flight_time_s is not None:
        weight = weight * np.exp(_log_likelihood(ends.time_s, announced.flight_time_s))
        timely = weight.sum() > 1e-6
        # None lasts as long as announced: what agrees with the other figures is still worth telling.
        weight = weight if timely else np.where(met, 1.0, 0.0)
    weight = weight / max(weight.sum(), 1e-300)
    longitude = np.degrees(ends.lon_rad)
    # Beside the nominal impact's, so that quantiles do not break at the antimeridian.
    longitude = nominal.impact_lon_deg + (longitude - nominal.impact_lon_deg + 180) % 360 - 180
    return Spread(
        met,
        weight,
        ends.apogee_km,
        ends.range_km,
        ends.time_s,
        burnout_s,
        x[1],
        np.degrees(ends.lat_rad),
        longitude,
        missile,
        Aim(*x),
        bool(timely),
    )


def burnout_time(missile: Missile) -> Array:
    """When the last stage is spent, s after launch."""
    total = sum(np.asarray(stage.burn_s) for stage in missile.stages)
    return total + sum(np.asarray(stage.gap_s) for stage in missile.stages[1:])


def _log_likelihood(time_s: np.ndarray, told: Told) -> np.ndarray:
    """How well flight times agree with an announced one: flat within its rounding, then falling off."""
    off = time_s - told.value
    if told.sense == "at least":
        off = np.minimum(off, 0.0)
    if told.sense == "at most":
        off = np.maximum(off, 0.0)
    beyond = np.maximum(np.abs(off) - told.half_width, 0.0)
    return -0.5 * (beyond / max(told.half_width / 2, _TIME_S)) ** 2


def part_of(tree: T, part: Bool[np.ndarray, "K"], count: int) -> T:
    """The same records with only some of their `count` flights."""

    def some(leaf: Array) -> Array:
        return leaf[part] if np.ndim(leaf) and len(leaf) == count else leaf

    return jax.tree.map(some, tree)
