"""What satellites see that no track explains: lines of sight become plumes, plumes become tracks.

Each satellite's lines are chained by how fast anything can move across them. Plumes that move, seen by two
satellites, are paired by the fit of one thing to both (`initiate.pair`); one that a single satellite sees for
long enough begins a track by what boosts are like, where a caller tells how (`launchpoint`). What stands
still, as a fire does, begins nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import jax
import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.detections import Plot
from noroshi.records.tracks import Belief, Estimate, Sight
from noroshi.tracking import initiate
from noroshi.tracking.launchpoint import ROWS

# The state that sights [ROWS] of one satellite tell, where `valid`, with a rough launch place (rad); None
# where they tell none.
Alone: TypeAlias = Callable[[Sight, Bool[np.ndarray, "R"], tuple[float, float]], Estimate | None]

# Nothing that comes down again is faster, m/s, and nothing that carries a load is pushed harder, m/s2.
_FASTEST_MPS, _HARDEST_MPS2 = 11.2e3, 100.0
# Sigmas of noise that a gate allows for, and beyond which a source has moved.
_GATE, _MOVED = 5.0, 5.0
# A plume may be too weak to see for so long, between two stages or in thin air, s; what few scans have shown
# may be chance, and is not waited for: one look may be missed at revisits of up to 10 s.
_GAP_S, _YOUNG_GAP_S, _YOUNG = 60.0, 20.0, 3
# Plumes are of one time that were both seen within so long, s.
_FRESH_S = 20.0
# Plots of a plume that are kept: the first and the latest.
_FIRST, _LATEST = 8, ROWS - 8
# Where the lines of a plume are taken to end for gates, and how high a satellite is at least, m.
_GROUND_M, _HIGH_M = 15e3, 1e5
# Lines of two satellites that are so far apart, m, beyond what moved between them, have nothing to do with
# each other.
_APART_M = 30e3


@dataclass(frozen=True)
class Starts:
    """How many scans a plume needs to begin a track: with another satellite's, or alone and over how long.

    None in `alone` begins no track from one satellite.
    """

    alone: Alone | None = None
    scans: int = 3
    scans_alone: int = 5
    span_alone_s: float = 20.0


@dataclass(frozen=True)
class Plume:
    """What one satellite saw of one thing: plots in time, and as filters take them; all scans counted."""

    plots: tuple[Plot, ...]
    sights: tuple[Sight, ...]
    scans: int

    @property
    def last_s(self) -> float:
        """When it was seen last."""
        return self.plots[-1].time_s


@dataclass(frozen=True)
class Begun:
    """A track that begins: its state at the last of its plots, which are in time."""

    estimate: Estimate
    plots: tuple[Plot, ...]


def step(
    plumes: Sequence[Plume],
    plots: Sequence[Plot],
    sights: Sight,
    belief: Belief,
    starts: Starts,
) -> tuple[tuple[Plume, ...], list[Begun]]:
    """Chain the unexplained lines of sight [K >= 1] of one moment on, and tell which tracks now begin.

    Plots without a range from satellites count, all others are passed over.
    """
    now_s = plots[0].time_s
    kept = [
        plume for plume in plumes if plume.last_s > now_s - (_YOUNG_GAP_S if plume.scans < _YOUNG else _GAP_S)
    ]
    rows = [_row(sights, k) for k in range(len(plots))]
    above = [k for k, plot in enumerate(plots) if _from_above(plot, rows[k])]
    for sensor in dict.fromkeys(plots[k].sensor for k in above):
        own = [k for k in above if plots[k].sensor == sensor]
        kept = _chained(kept, [(plots[k], rows[k]) for k in own])
    grown = tuple(kept)
    # Only what was seen now can begin anything that could not begin before.
    if all(plume.last_s < now_s for plume in grown):
        return grown, []
    moving = [plume for plume in grown if plume.last_s > now_s - _FRESH_S and moves(plume)]
    begun, used = _paired(moving, now_s, belief, starts)
    rest = [plume for plume in moving if plume.last_s == now_s and not _among(plume, used)]
    for plume in rest if starts.alone is not None else ():
        one = _alone(plume, starts)
        if one is not None:
            begun.append(one)
            used.append(plume)
    return tuple(plume for plume in grown if not _among(plume, used)), begun


def _among(plume: Plume, some: Sequence[Plume]) -> bool:
    return any(plume is one for one in some)


def _row(sights: Sight, k: int) -> Sight:
    return jax.tree.map(lambda leaf: leaf[k], sights)


def _from_above(plot: Plot, sight: Sight) -> bool:
    """Whether it is a line of sight of a satellite."""
    told = np.isfinite(plot.sigma)
    return bool(
        told[1] and told[2] and not told[0] and np.linalg.norm(sight.site_ecef_m) > MEAN_RADIUS_M + _HIGH_M
    )


def _way(sight: Sight) -> Float[np.ndarray, "3"]:
    return np.asarray(geometry.direction(sight.axes, sight.z[1], sight.z[2]))


def _end(sight: Sight, height_m: float) -> Float[np.ndarray, "3"]:
    """Where a line of sight meets the sphere `height_m` above the mean Earth, or passes nearest to it, m."""
    eye, way = sight.site_ecef_m, _way(sight)
    along = -eye @ way
    inside = max((MEAN_RADIUS_M + height_m) ** 2 - (eye @ eye - along**2), 0.0)
    return np.asarray(eye + (along - np.sqrt(inside)) * way)


def _noise(sight: Sight) -> float:
    return float(max(sight.sigma[1], sight.sigma[2]))


def _across(end: np.ndarray, sight: Sight) -> tuple[float, float]:
    """How far a place lies from a line of sight, m, and how far along it, m."""
    off, way = end - sight.site_ecef_m, _way(sight)
    along = float(off @ way)
    return float(np.linalg.norm(off - along * way)), along


def _misses(plume: Plume, sight: Sight) -> float:
    """How far a line passes from where the plume goes on, as a share of what is allowed."""
    last = plume.sights[-1]
    since_s = float(sight.time_s - last.time_s)
    there, noise = _end(last, _GROUND_M), np.hypot(_noise(last), _noise(sight))
    may_m = _FASTEST_MPS * since_s
    if len(plume.sights) > 1:
        before = plume.sights[-2]
        gap_s = float(last.time_s - before.time_s)
        ahead = since_s / gap_s
        there = there + (there - _end(before, _GROUND_M)) * ahead
        noise = np.hypot(np.hypot(1 + ahead, ahead) * _noise(last), _noise(sight))
        # The speed between two scans is that of half-way between them.
        may_m = min(may_m * (1 + ahead), _HARDEST_MPS2 * since_s * (since_s + gap_s) / 2)
    off_m, along_m = _across(there, sight)
    return off_m / (may_m + _GATE * float(noise) * along_m)


def _chained(plumes: Sequence[Plume], seen: Sequence[tuple[Plot, Sight]]) -> list[Plume]:
    """One satellite's plots of a moment added to the plumes that they go on best; the rest begin plumes."""
    kept = list(plumes)
    mine = [k for k, plume in enumerate(kept) if plume.plots[0].sensor == seen[0][0].sensor]
    free = set(range(len(seen)))
    if mine:
        cost = np.array([[_misses(kept[k], sight) for _, sight in seen] for k in mine])
        # A pair outside the gate is worse than any number of pairs inside it.
        for row, column in zip(*linear_sum_assignment(np.where(cost < 1, cost, 1e3)), strict=True):
            if cost[row, column] < 1:
                kept[mine[row]] = _longer(kept[mine[row]], *seen[column])
                free.discard(int(column))
    return kept + [Plume((seen[k][0],), (seen[k][1],), 1) for k in sorted(free)]


def _longer(plume: Plume, plot: Plot, sight: Sight) -> Plume:
    plots, sights = (*plume.plots, plot), (*plume.sights, sight)
    if len(plots) > _FIRST + _LATEST:
        plots, sights = plots[:_FIRST] + plots[-_LATEST:], sights[:_FIRST] + sights[-_LATEST:]
    return replace(plume, plots=plots, sights=sights, scans=plume.scans + 1)


def moves(plume: Plume) -> bool:
    """Whether the source has moved between its first and its last scan, beyond chance.

    On the ground, where fires are: higher up, one that stands still would shift as the satellite moves.
    """
    first, last = plume.sights[0], plume.sights[-1]
    off_m, along_m = _across(_end(first, 0.0), last)
    return off_m > _MOVED * along_m * float(np.hypot(_noise(first), _noise(last)))


def _paired(
    moving: Sequence[Plume], now_s: float, belief: Belief, starts: Starts
) -> tuple[list[Begun], list[Plume]]:
    """Tracks of plumes that two satellites see, and those plumes."""
    long = [plume for plume in moving if plume.scans >= starts.scans]
    sensors = list(dict.fromkeys(plume.plots[0].sensor for plume in long))
    begun: list[Begun] = []
    used: list[Plume] = []
    for at, first in enumerate(sensors):
        for second in sensors[at + 1 :]:
            ours, theirs = (
                [one for one in long if one.plots[0].sensor == name and not _among(one, used)]
                for name in (first, second)
            )
            near = np.array([[_near(a, b, now_s) for b in theirs] for a in ours]).reshape(
                len(ours), len(theirs)
            )
            ours = [ours[k] for k in np.flatnonzero(near.any(axis=1))]
            theirs = [theirs[k] for k in np.flatnonzero(near.any(axis=0))]
            found = initiate.pair([one.sights for one in ours], [one.sights for one in theirs], belief)
            for (i, j), start in zip(found.pairs, found.starts, strict=True):
                both = sorted((*ours[i].plots, *theirs[j].plots), key=lambda plot: (plot.time_s, plot.sensor))
                begun.append(Begun(start.estimate, tuple(both)))
                used += [ours[i], theirs[j]]
    return begun, used


def _near(a: Plume, b: Plume, now_s: float) -> bool:
    """Whether the last lines of two satellites pass near each other: a quick check before a fit.

    Where neither was seen now, the fit has been tried before.
    """
    if max(a.last_s, b.last_s) < now_s:
        return False
    one, two = a.sights[-1], b.sights[-1]
    u, w = _way(one), _way(two)
    apart, normal = two.site_ecef_m - one.site_ecef_m, np.cross(u, w)
    bent = float(np.linalg.norm(normal))
    gap_m = abs(float(apart @ normal)) / bent if bent > 1e-6 else float(np.linalg.norm(np.cross(apart, u)))
    noise = np.hypot(
        np.hypot(_noise(one), one.bias_sigma[1:].max()), np.hypot(_noise(two), two.bias_sigma[1:].max())
    )
    far_m = float(max(np.linalg.norm(one.site_ecef_m), np.linalg.norm(two.site_ecef_m)))
    return gap_m < _APART_M + _GATE * float(noise) * far_m + _FASTEST_MPS * abs(a.last_s - b.last_s)


def _alone(plume: Plume, starts: Starts) -> Begun | None:
    """The track of a plume that only one satellite sees, where it has seen enough of it."""
    if plume.scans < starts.scans_alone or plume.last_s - plume.plots[0].time_s < starts.span_alone_s:
        return None
    assert starts.alone is not None
    rows = [*plume.sights, *[plume.sights[-1]] * (ROWS - len(plume.sights))]
    sights = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
    lat, lon, _ = frames.geodetic(_end(plume.sights[0], _GROUND_M))
    estimate = starts.alone(sights, np.arange(ROWS) < len(plume.sights), (np.float64(lat), np.float64(lon)))
    return None if estimate is None else Begun(estimate, plume.plots)
