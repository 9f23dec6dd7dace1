"""The door of a tracker: plots that would spoil it are refused one by one, with a reason that is counted.

A sensor's fault stays its own: what is refused changes nothing for other sensors, or for the sensor's own
plots that are sound.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from noroshi.records.detections import Plot

# What nothing on Earth measures beyond: range, m, and range rate, m/s.
_FARTHEST_M, _FASTEST_MPS = 5e7, 3e4
# Noise in angle that says nothing, rad; and a range, m.
_WIDEST_RAD, _LOOSEST_M = 0.5, 1e6
# So many things before one sensor at once are a fault of it and no raid; assumption, 1,000 to 10,000.
THINGS = 2000


class Refusal(StrEnum):
    """Why a plot was refused; of several reasons the first in this order."""

    UNKNOWN_SENSOR = "unknown sensor"
    NOT_A_NUMBER = "not a number"
    BAD_SIGMA = "sigma not positive"
    NOTHING_MEASURED = "nothing measured"
    OUT_OF_BOUNDS = "out of bounds"
    FUTURE = "time lies ahead"
    TOO_OLD = "older than the replay window"
    REPLAYED = "came before"
    FLOOD = "more plots than the sensor can mean"


@dataclass(frozen=True)
class Limits:
    """What a door lets in.

    `late_s` is how far back plots can still be taken in (the replay window), `ahead_s` how far a clock may
    run ahead. `most` is how many plots a sensor may bring in `per_s` seconds of its own time.
    """

    late_s: float = 60.0
    ahead_s: float = 2.0
    per_s: float = 1.0
    most: Mapping[str, int] = field(default_factory=dict)
    most_else: int = 200


@dataclass(frozen=True)
class Door:
    """What the door remembers: the plots of the window, how many came when, and what it refused."""

    known: frozenset[str] | None = None
    seen: Mapping[tuple[str, float, tuple[float, ...]], None] = field(default_factory=dict)
    taken: Mapping[tuple[str, int], int] = field(default_factory=dict)
    refused: Mapping[tuple[str, Refusal], int] = field(default_factory=dict)

    def count(self, reason: Refusal | None = None, sensor: str | None = None) -> int:
        """Refusals so far, of a reason, of a sensor, or all."""
        return sum(
            number
            for (name, why), number in self.refused.items()
            if reason in (None, why) and sensor in (None, name)
        )


def limits_of(plots_per_scan: Mapping[str, float], things: int = THINGS, late_s: float = 60.0) -> Limits:
    """Limits by what each sensor may bring: its false plots a second (or scan) and so many things.

    Five sigmas of a Poisson number above what is expected: one sound scan in some three million is cut. A
    sensor of which nothing is told may bring the things alone.
    """
    most = {name: _most(things + mean) for name, mean in plots_per_scan.items()}
    return Limits(late_s=late_s, most=most, most_else=_most(things))


def _most(mean: float) -> int:
    return math.ceil(mean + 5 * math.sqrt(mean) + 5)


def judge(
    plots: Iterable[Plot], door: Door, limits: Limits, now_s: float
) -> tuple[list[Plot], list[tuple[Plot, Refusal]], Door]:
    """Accepted plots in the order that they came in, refused ones with reasons, and what is remembered."""
    seen, taken, counts = dict(door.seen), dict(door.taken), Counter(door.refused)
    accepted: list[Plot] = []
    refused: list[tuple[Plot, Refusal]] = []
    for plot in plots:
        reason = fault(plot, door.known) or _when(plot, limits, now_s)
        key = (plot.sensor, plot.time_s, (*plot.measurement, plot.range_rate_mps))
        slot = (plot.sensor, 0)
        if reason is None:
            slot = (plot.sensor, math.floor(plot.time_s / limits.per_s))
            if key in seen:
                reason = Refusal.REPLAYED
            elif taken.get(slot, 0) >= limits.most.get(plot.sensor, limits.most_else):
                reason = Refusal.FLOOD
        if reason is None:
            seen[key] = None
            taken[slot] = taken.get(slot, 0) + 1
            accepted.append(plot)
        else:
            counts[plot.sensor, reason] += 1
            refused.append((plot, reason))
    # What is older than the window is refused by its time alone.
    oldest_s = now_s - limits.late_s
    seen = {key: None for key in seen if key[1] >= oldest_s}
    taken = {slot: number for slot, number in taken.items() if (slot[1] + 1) * limits.per_s >= oldest_s}
    return accepted, refused, replace(door, seen=seen, taken=taken, refused=dict(counts))


def fault(plot: Plot, known: frozenset[str] | None = None) -> Refusal | None:
    """What is wrong with a plot in itself, whenever it comes."""
    if known is not None and plot.sensor not in known:
        return Refusal.UNKNOWN_SENSOR
    values = (*plot.measurement, plot.range_rate_mps)
    sigmas = (*plot.sigma, plot.range_rate_sigma_mps)
    if not all(map(math.isfinite, (plot.time_s, *values))) or any(map(math.isnan, sigmas)):
        return Refusal.NOT_A_NUMBER
    if min(sigmas) <= 0:
        return Refusal.BAD_SIGMA
    if not any(map(math.isfinite, sigmas[:3])):
        return Refusal.NOTHING_MEASURED
    range_m, azimuth, elevation, rate_mps = values
    told = [math.isfinite(sigma) for sigma in sigmas]
    if (
        (told[0] and not (0 <= range_m <= _FARTHEST_M and sigmas[0] <= _LOOSEST_M))
        or (told[1] and not (abs(azimuth) <= 2 * math.pi and sigmas[1] <= _WIDEST_RAD))
        or (told[2] and not (abs(elevation) <= math.pi / 2 + 1e-9 and sigmas[2] <= _WIDEST_RAD))
        or (told[3] and abs(rate_mps) > _FASTEST_MPS)
    ):
        return Refusal.OUT_OF_BOUNDS
    return None


def _when(plot: Plot, limits: Limits, now_s: float) -> Refusal | None:
    if plot.time_s > now_s + limits.ahead_s:
        return Refusal.FUTURE
    if plot.time_s < now_s - limits.late_s:
        return Refusal.TOO_OLD
    return None
