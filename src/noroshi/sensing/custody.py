"""Custody of one flight: which sensor could see it at which moments, and why not at the others.

No chance in it and no tasking: a radar holds what a cued look would show with a probability of a half or
more, a satellite what is bright enough for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from noroshi.earth.arrays import Array
from noroshi.records.detections import Why
from noroshi.records.truth import Truth
from noroshi.sensing import infrared, radar
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import Infrared
from noroshi.sensing.radar import Radar
from noroshi.sensing.reach import cued


@dataclass(frozen=True, eq=False)
class Sight:
    """What one sensor, or S satellites together, see at T moments.

    `why` is SEEN or the reason; of several satellites that of the one that comes nearest to seeing. `line`
    are unit vectors from each to the flight. `ranged` says whether range is measured and not angles alone.
    """

    seen: Bool[Array, "S T"]
    line: Float[Array, "S T 3"]
    why: Int[Array, "T"]
    ranged: bool

    @property
    def held(self) -> Bool[Array, "T"]:
        """Whether any of them sees it."""
        return self.seen.any(axis=0)


@dataclass(frozen=True)
class Hold:
    """Custody in rows of a flight: unbroken runs (first, last); why it ended, None at the flight's end."""

    runs: tuple[tuple[int, int], ...]
    lost: Why | None

    @property
    def first(self) -> int:
        """Row of the first sight."""
        return self.runs[0][0]

    @property
    def last(self) -> int:
        """Row of the last sight."""
        return self.runs[-1][1]


def by_radar(looks: Sequence[Radar], air: Environment, truth: Truth) -> Sight:
    """A radar along a flight whose T moments are the rows of `truth`; one look for all, or one for each
    moment where the radar moves.
    """
    if len(looks) == 1:
        seen = radar.view(looks[0], air, truth)
    else:
        each = jax.tree.map(lambda *leaves: np.stack(leaves), *looks)
        rows = jax.tree.map(lambda leaf: np.asarray(leaf)[:, None], truth)
        seen = jax.tree.map(lambda leaf: leaf[:, 0], jax.vmap(radar.view, (0, None, 0))(each, air, rows))
    why = np.asarray(cued(seen, looks[0].false_alarm, truth.swerling))
    sites = np.stack([look.site_ecef_m for look in looks])
    return Sight((why == Why.SEEN)[None], _lines(sites, truth)[None], why, True)


def by_satellites(looks: Sequence[Infrared], air: Environment, truth: Truth) -> Sight:
    """Satellites along a flight of T moments, the rows of `truth`; each may have a row for each moment."""
    why = np.stack([np.asarray(infrared.view(look, air, truth).why) for look in looks])
    lines = np.stack([_lines(np.atleast_2d(look.site_ecef_m), truth) for look in looks])
    seen = why == Why.SEEN
    # SEEN is the least of the reasons, and the later one stands in the order the nearer it comes.
    return Sight(seen, lines, np.where(seen.any(axis=0), int(Why.SEEN), why.max(axis=0)), False)


def by_nothing(why: Why, truth: Truth) -> Sight:
    """A sensor that sees none of it, for one reason."""
    moments = len(truth.exists)
    none = np.zeros((1, moments), bool)
    return Sight(none, np.zeros((1, moments, 3)), np.full(moments, int(why)), False)


def nadir_axes(site_ecef_m: Float[Array, "T 3"]) -> Float[Array, "T 3 3"]:
    """Rows east, toward the Earth's centre, north of a satellite at T moments."""
    x, y, z = np.moveaxis(site_ecef_m, -1, 0)
    return infrared.nadir_axes(np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x))


def _lines(site_ecef_m: Float[Array, "... 3"], truth: Truth) -> Float[Array, "T 3"]:
    way = np.asarray(truth.position_ecef_m) - site_ecef_m
    return way / np.linalg.norm(way, axis=-1, keepdims=True)


def runs(held: Bool[Array, "T"]) -> tuple[tuple[int, int], ...]:
    """Unbroken runs of a flag: (first, last) row of each."""
    edges = np.diff(np.concatenate([[0], np.asarray(held).astype(int), [0]]))
    starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
    return tuple(zip(starts.tolist(), ends.tolist(), strict=True))


def hold(sights: Sequence[Sight]) -> Hold | None:
    """Custody by any of these sensors; None where none ever sees it.

    Why it ended is told by whoever saw it last; of several the one that comes nearest to seeing on.
    """
    if not sights:
        return None
    held = np.stack([one.held for one in sights])
    found = runs(held.any(axis=0))
    if not found:
        return None
    last = found[-1][1]
    if last == held.shape[1] - 1:
        return Hold(found, None)
    after = max(int(one.why[last + 1]) for one in sights if one.held[last])
    return Hold(found, Why(after))


def nearest(sight: Sight) -> Why:
    """What kept a sensor from seeing a flight at the moment when it came nearest to it."""
    return Why(int(sight.why.max()))


def stereo(sights: Sequence[Sight], crossing_rad: float) -> Bool[Array, "T"]:
    """When two see it at once: any two of which one measures range, or lines that cross well enough."""
    seen = np.concatenate([one.seen for one in sights])
    line = np.concatenate([one.line for one in sights])
    ranged = np.concatenate([np.full(len(one.seen), one.ranged) for one in sights])
    found = (seen.sum(axis=0) > 1) & (seen & ranged[:, None]).any(axis=0)
    for row in np.flatnonzero((seen.sum(axis=0) > 1) & ~found):
        ways = line[seen[:, row], row]
        found[row] = np.abs(ways @ ways.T).min() <= np.cos(crossing_rad)
    return found
