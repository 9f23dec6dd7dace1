"""Which of a partner's tracks is which of ours, for whole salvos.

What two nations' errors have in common (the object's own unrest, which both filters call process noise; a
report that went round) is unknown, so the distance is judged against the widest spread of the difference that
any correlation allows. Sources: Bar-Shalom, IEEE TAC 26 (1981), the effect of common process noise; Hanebeck,
Briechle and Horn, IEEE MFI 2001, bounds for unknown correlation; optimal assignment as in Blackman and
Popoli, Design and Analysis of Modern Tracking Systems, 1999.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from noroshi.earth.arrays import Array
from noroshi.records.tracks import Estimate

# Squared sigmas, 6 degrees of freedom: one true pair in a thousand lies farther, one in a million. A pair
# once matched is let go beyond the second only.
GATE, LET_GO = 22.46, 38.26
# How far apart two objects are that are not one, one sigma. Assumption: stages and salvos of one place, 10 to
# 500 km and 100 to 1000 m/s.
_APART_M, _APART_MPS = 50e3, 300.0
# Twice the logarithm of the odds, before looking, that a partner's track is one that we hold (20, assumption,
# 2 to 100), and of what a former match is worth (100, assumption, 10 to 1000).
_COMMON, _FORMER = 6.0, 9.2
# Pairs weighed at a time: what fits a processor's cache.
_PAIRS = 16384


@dataclass(frozen=True)
class Pair:
    """One object as two nations hold it: row of ours, row of theirs, squared distance (6 degrees)."""

    ours: int
    theirs: int
    distance2: float
    former: bool = False


def match(ours: Estimate, theirs: Estimate, former: Collection[tuple[int, int]] = ()) -> tuple[Pair, ...]:
    """Pairs of estimates [N] and [M], all at one time, that are taken to be one object each.

    Each is in one pair at most, and all together are the likeliest pairing of what lies inside the gate; a
    pair (row of ours, row of theirs) in `former` stays until it is implausible or another pairing is clearly
    better. What is no number is in no pair.
    """
    known = np.zeros((len(ours.mean), len(theirs.mean)), bool)
    for pair in former:
        known[pair] = True
    one, two = _Half.of(ours), _Half.of(theirs)
    gain, distance2 = np.zeros(known.shape), np.full(known.shape, np.inf)
    rows, columns = np.nonzero(_may_be_near(one, two))
    for start in range(0, len(rows), _PAIRS):
        row, column = rows[start : start + _PAIRS], columns[start : start + _PAIRS]
        far, ratio = _compare(one, two, row, column)
        former_too = known[row, column]
        near = far < np.where(former_too, LET_GO, GATE)
        worth = _COMMON - ratio + _FORMER * former_too
        gain[row, column], distance2[row, column] = np.where(near, np.maximum(worth, 0.0), 0.0), far
    # Without a match there is nothing to gain, so that the best assignment leaves alone who fits nobody.
    chosen = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return tuple(
        Pair(int(row), int(column), float(distance2[row, column]), bool(known[row, column]))
        for row, column in chosen
        if gain[row, column] > 0
    )


def compare(ours: Estimate, theirs: Estimate) -> tuple[Float[Array, "n m"], Float[Array, "n m"]]:
    """Squared distance of every pair, and minus twice the log likelihood ratio of "one object" to "two".

    Under "one object" the difference has the widest covariance that any correlation allows; under "two" what
    lies between two objects of one launch comes to it. NaN where a covariance is not positive.
    """
    one, two = _Half.of(ours), _Half.of(theirs)
    shape = one.place2.size, two.place2.size
    rows, columns = (index.ravel() for index in np.indices(shape))
    far, ratio = _compare(one, two, rows, columns)
    return far.reshape(shape), ratio.reshape(shape)


@dataclass(frozen=True)
class _Half:
    """Place and velocity of n estimates: means [6, n], lower halves of covariances [6][i][n], and traces."""

    mean: Float[Array, "6 n"]
    cov: list[list[Float[Array, "n"]]]
    place2: Float[Array, "n"]
    speed2: Float[Array, "n"]

    @classmethod
    def of(cls, told: Estimate) -> "_Half":
        mean, cov = np.asarray(told.mean)[:, :6], np.asarray(told.cov)[:, :6, :6]
        half = [[np.ascontiguousarray(cov[:, i, j]) for j in range(i + 1)] for i in range(6)]
        size = [half[i][i] for i in range(6)]
        return cls(
            np.ascontiguousarray(mean.T), half, size[0] + size[1] + size[2], size[3] + size[4] + size[5]
        )


def _may_be_near(one: _Half, two: _Half) -> Bool[Array, "n m"]:
    """Pairs that the gates can hold: no distance is less than it would be with all spread along it."""
    with np.errstate(all="ignore"):
        place2, speed2 = one.place2[:, None], one.speed2[:, None]
        share = _share(place2, speed2, two.place2, two.speed2)
        near = np.ones(share.shape, bool)
        for axes, mine, its in ((slice(0, 3), place2, two.place2), (slice(3, 6), speed2, two.speed2)):
            off2 = sum((a[:, None] - b) ** 2 for a, b in zip(one.mean[axes], two.mean[axes], strict=True))
            near &= off2 < LET_GO * (mine / share + its / (1 - share))
        return near


def _compare(
    one: _Half, two: _Half, row: Array, column: Array
) -> tuple[Float[Array, "k"], Float[Array, "k"]]:
    with np.errstate(all="ignore"):
        share = _share(one.place2[row], one.speed2[row], two.place2[column], two.speed2[column])
        first, second = 1 / share, 1 / (1 - share)
        off = [one.mean[i, row] - two.mean[i, column] for i in range(6)]
        spread = [
            [one.cov[i][j][row] * first + two.cov[i][j][column] * second for j in range(i + 1)]
            for i in range(6)
        ]
        same, log_same = _distance2(off, spread)
        apart = np.repeat([_APART_M**2, _APART_MPS**2], 3)
        wider = [[spread[i][j] + (apart[i] if i == j else 0.0) for j in range(i + 1)] for i in range(6)]
        other, log_other = _distance2(off, wider)
        return same, same + log_same - other - log_other


def bound(a: Float[Array, "... 6 6"], b: Float[Array, "... 6 6"]) -> Float[Array, "... 6 6"]:
    """The least of the covariances a / w + b / (1 - w): what a difference has at most, however correlated."""
    sizes = [np.diagonal(cov, axis1=-2, axis2=-1) for cov in (a, b)]
    (place2, speed2), (its_place2, its_speed2) = ((d[..., :3].sum(-1), d[..., 3:].sum(-1)) for d in sizes)
    share = _share(place2, speed2, its_place2, its_speed2)[..., None, None]
    return a / share + b / (1 - share)


def _share(place2: Array, speed2: Array, its_place2: Array, its_speed2: Array) -> Array:
    """The w of least spread of place and of speed, each counted by what both have of it."""
    all_place2, all_speed2 = place2 + its_place2, speed2 + its_speed2
    mine = np.sqrt(place2 / all_place2 + speed2 / all_speed2)
    theirs = np.sqrt(its_place2 / all_place2 + its_speed2 / all_speed2)
    return mine / (mine + theirs)


def _distance2(off: list[Array], spread: list[list[Array]]) -> tuple[Array, Array]:
    """x S^-1 x and log det S of many pairs at once, by L D L^T written out: no call per pair."""
    lower: list[list[Array]] = []
    pivots: list[Array] = []
    turned: list[Array] = []
    distance2: Array = 0.0
    log_size: Array = 0.0
    for i in range(6):
        row: list[Array] = []
        for j in range(i):
            value = spread[i][j] - sum((row[k] * lower[j][k] for k in range(j)), start=0.0)
            row.append(value)
        # `row` holds L times D; divided by the pivots it is L.
        divided = [row[j] / pivots[j] for j in range(i)]
        pivot = spread[i][i] - sum((row[j] * divided[j] for j in range(i)), start=0.0)
        pivot = np.where(pivot > 0, pivot, np.nan)
        along = off[i] - sum((divided[j] * turned[j] for j in range(i)), start=0.0)
        lower.append(divided)
        pivots.append(pivot)
        turned.append(along)
        distance2 = distance2 + along**2 / pivot
        log_size = log_size + np.log(pivot)
    return distance2, log_size
