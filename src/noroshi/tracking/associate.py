"""Which plot belongs to which track: optimal nearest neighbour, and joint probabilities.

Plain arrays in and out. A pair of a track and a plot is inside the gate or it is not; pairs inside join
tracks and plots to clusters, and each cluster is solved by itself.

What a pair is worth is its log odds: that this track made this plot, against that the track was missed and
the plot is clutter. With probability of detection Pd, density N(z; track) of the plot under the track and
clutter density c: log(Pd N / c) - log(1 - Pd). For a track that may not exist, r Pd in place of Pd.

Joint probabilities are listed event by event where a cluster is small (Bar-Shalom and Fortmann, Tracking and
Data Association, 1988), and found by loopy belief propagation where it is not (Williams and Lau, Approximate
evaluation of marginal association probabilities with belief propagation, IEEE TAES 50(4), 2014). Efficient
hypothesis management is left out on purpose: it is said to be patented (github.com/dstl/Stone-Soup/pull/283).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from noroshi.earth.arrays import Array

# A sensor that never misses is taken to miss once in 1e12 looks, so that odds stay finite.
_MISS_LEAST = np.log(1e-12)
# Clusters are listed event by event while (plots + 1)^tracks, times tracks and plots, stays below: five
# tracks and five plots, say. It bounds the memory of the tables that are kept to 2 MB each.
_LISTED_MOST = 250_000
# Belief propagation: odds beyond are as good as certain; and an end to the work, however large a flood.
_LOG_ODDS_MOST = 300.0
# A change of rounding only.
_SAME = 1e-15
_ROUNDS_MOST, _WORK_MOST = 2000, 100_000_000


@dataclass(frozen=True)
class Gated:
    """Pairs inside the gate, and what each is worth. `refused` counts pairs and tracks of NaN."""

    track: Int[Array, "P"]
    plot: Int[Array, "P"]
    log_odds: Float[Array, "P"]
    tracks: int
    plots: int
    refused: int = 0


@dataclass(frozen=True)
class Marginals:
    """Probability that a pair belongs together, that a track was missed, that a plot is of no track here.

    `probability` goes with the pairs of `gated`. `error` is how far the beliefs may still be from where
    they converge, and says nothing of how far belief propagation is from the exact sum over all events.
    """

    gated: Gated
    probability: Float[Array, "P"]
    missed: Float[Array, "T"]
    free: Float[Array, "K"]
    error: float

    def table(self) -> Float[Array, "T K1"]:
        """One row per track, one column per plot and, last, the probability that it was missed."""
        table = np.zeros((self.gated.tracks, self.gated.plots + 1))
        table[self.gated.track, self.gated.plot] = self.probability
        table[:, -1] = self.missed
        return table


def from_table(log_ratio: Float[Array, "T K"], log_miss: Float[Array, "T"]) -> Gated:
    """Pairs from a table of log(Pd N / c), -inf outside the gate, and log(1 - Pd) of each track."""
    log_ratio = np.asarray(log_ratio, float)
    plots = log_ratio.shape[1]
    # NaN is unequal to anything, so that it passes here and is counted there.
    track, plot = np.divmod(np.flatnonzero(log_ratio != -np.inf), max(plots, 1))
    return from_pairs(track, plot, log_ratio[track, plot], log_miss, plots)


def from_pairs(
    track: Int[Array, "P"],
    plot: Int[Array, "P"],
    log_ratio: Float[Array, "P"],
    log_miss: Float[Array, "T"],
    plots: int,
) -> Gated:
    """Pairs from a list of those inside the gate, each at most once.

    A pair whose ratio is NaN or endless is left out, a track whose `log_miss` is no logarithm of a
    probability gets nothing; the others are as they would be without them.
    """
    log_miss = np.asarray(log_miss, float)
    sound = log_miss <= 0
    log_odds = log_ratio - np.maximum(log_miss, _MISS_LEAST)[track]
    kept = np.isfinite(log_odds) & sound[track]
    refused = int(np.sum(~kept & (np.asarray(log_ratio) != -np.inf) & sound[track])) + int(np.sum(~sound))
    return Gated(track[kept], plot[kept], log_odds[kept], len(log_miss), plots, refused)


def clusters(gated: Gated) -> tuple[Int[Array, "T"], Int[Array, "K"]]:
    """Number of the cluster of each track and of each plot; -1 where it has nothing inside its gate."""
    of_track, of_plot = np.full(gated.tracks, -1), np.full(gated.plots, -1)
    cluster = _joined(gated.track, gated.plot, gated.tracks, gated.plots)
    of_track[gated.track], of_plot[gated.plot] = cluster, cluster
    return of_track, of_plot


def nearest(gated: Gated) -> Int[Array, "T"]:
    """Plot of each track, -1 for none: the choice of the largest total log odds, a miss counting 0.

    The optimum over all choices in which no plot has two tracks (globally optimal nearest neighbour).
    """
    chosen = np.full(gated.tracks, -1)
    # A pair worth less than a miss is never part of the optimum; without them the clusters are smaller.
    better = gated.log_odds > 0
    work = _Clusters.of(gated.track[better], gated.plot[better], gated.log_odds[better], gated)
    alone = np.minimum(work.rows, work.columns) == 1
    first = _best(work.log_odds, work.start)[alone]
    chosen[work.track[first]] = work.plot[first]
    for inside, rows, columns in work.each(~alone):
        worth = np.zeros((rows, columns))
        row, column = work.row[inside], work.column[inside]
        worth[row, column] = work.log_odds[inside]
        # SciPy's dense solver: the sparse one checks first whether a matching exists, at times exponentially
        # long (github.com/scipy/scipy/issues/26147).
        picked = np.full(rows, -1)
        at, to = linear_sum_assignment(worth, maximize=True)
        picked[at] = to
        mine = picked[row] == column
        chosen[work.track[inside][mine]] = work.plot[inside][mine]
    return chosen


def marginals(gated: Gated, tolerance: float = 1e-4) -> Marginals:
    """Probabilities of all pairs given that a plot has one source and a track makes at most one plot (JPDA).

    Exact where a cluster is small or its gates make no loop (one track or one plot above all). Elsewhere
    loopy belief propagation, stopped when every probability is within about `tolerance` of where it
    converges. What it converges to leans to the likeliest event where odds are high and many plots are
    shared: over tables of four tracks and four plots with odds of about a hundred, the largest error of a
    table has a median of 0.025 and exceeds 0.22 in one of a hundred.
    """
    work = _Clusters.of(gated.track, gated.plot, gated.log_odds, gated)
    size = np.diff(work.start)
    probability = np.zeros(len(work.track))
    # Without a loop the beliefs are exact; the power may overflow to inf, which is large.
    with np.errstate(over="ignore"):
        cells = (work.columns + 1.0) ** work.rows * work.rows * work.columns
    listed = (size >= work.rows + work.columns) & (cells <= _LISTED_MOST)
    shapes = np.stack([work.rows, work.columns], axis=1)
    for rows, columns in np.unique(shapes[listed], axis=0):
        alike = np.flatnonzero(listed & (work.rows == rows) & (work.columns == columns))
        inside = _within(work.start, alike)
        number = np.repeat(np.arange(len(alike)), size[alike])
        odds = np.full((len(alike), rows, columns + 1), -np.inf)
        odds[:, :, -1] = 0.0
        odds[number, work.row[inside], work.column[inside]] = work.log_odds[inside]
        exact = _list(odds)
        probability[inside] = exact[number, work.row[inside], work.column[inside]]
    inside = _within(work.start, np.flatnonzero(~listed))
    probability[inside], error = _propagate(work, inside, tolerance)

    missed = np.maximum(1 - np.bincount(work.track, probability, gated.tracks), 0.0)
    free = np.maximum(1 - np.bincount(work.plot, probability, gated.plots), 0.0)
    back = np.empty_like(probability)
    back[work.origin] = probability
    return Marginals(gated, back, missed, free, error)


@dataclass(frozen=True)
class _Clusters:
    """Pairs sorted by cluster, then track. `row` and `column` number tracks and plots within the cluster.

    Cluster n holds the pairs from start[n] to start[n + 1], rows[n] tracks and columns[n] plots.
    `origin` is the place of each pair in the arrays given.
    """

    origin: Int[Array, "P"]
    track: Int[Array, "P"]
    plot: Int[Array, "P"]
    log_odds: Float[Array, "P"]
    cluster: Int[Array, "P"]
    row: Int[Array, "P"]
    column: Int[Array, "P"]
    start: Int[Array, "C1"]
    rows: Int[Array, "C"]
    columns: Int[Array, "C"]

    @staticmethod
    def of(track: Array, plot: Array, log_odds: Array, among: Gated) -> "_Clusters":
        cluster = _joined(track, plot, among.tracks, among.plots)
        order = np.lexsort((track, cluster))
        track, plot, log_odds, cluster = track[order], plot[order], log_odds[order], cluster[order]
        count = int(cluster[-1]) + 1 if len(cluster) else 0
        start = np.searchsorted(cluster, np.arange(count + 1))
        row, rows = _numbered(track, cluster, among.tracks, count)
        column, columns = _numbered(plot, cluster, among.plots, count)
        return _Clusters(order, track, plot, log_odds, cluster, row, column, start, rows, columns)

    def each(self, chosen: Bool[Array, "C"]) -> Iterator[tuple[slice, int, int]]:
        """Pairs, number of tracks and number of plots of each chosen cluster."""
        for n in np.flatnonzero(chosen):
            yield slice(self.start[n], self.start[n + 1]), int(self.rows[n]), int(self.columns[n])


def _joined(track: Array, plot: Array, tracks: int, plots: int) -> Int[Array, "P"]:
    """Number of the cluster of each pair, from 0 without gaps."""
    if not len(track):
        return np.zeros(0, int)
    nodes = tracks + plots
    graph = csr_array((np.ones(len(track)), (track, plot + tracks)), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1][track]
    return np.unique(label, return_inverse=True)[1]


def _numbered(member: Array, cluster: Array, members: int, count: int) -> tuple[Array, Array]:
    """Number of each pair's track (or plot) within its cluster, and how many each cluster has."""
    home = np.full(members, -1)
    home[member] = cluster
    present = np.flatnonzero(home >= 0)
    order = present[np.argsort(home[present], kind="stable")]
    size = np.bincount(home[order], minlength=count)
    number = np.zeros(members, int)
    number[order] = np.arange(len(order)) - (np.cumsum(size) - size)[home[order]]
    return number[member], size


def _within(start: Array, chosen: Array) -> Int[Array, "P"]:
    """Indices of the pairs of the chosen clusters, cluster by cluster."""
    size = np.diff(start)[chosen]
    shift = start[:-1][chosen] - (np.cumsum(size) - size)
    return np.arange(size.sum()) + np.repeat(shift, size)


def _best(value: Array, start: Array) -> Int[Array, "C"]:
    """Index of the largest value between start[n] and start[n + 1], the first of equals."""
    if not len(value):
        return np.zeros(0, int)
    most = np.repeat(np.maximum.reduceat(value, start[:-1]), np.diff(start))
    at = np.flatnonzero(value == most)
    return at[np.searchsorted(at, start[:-1])]


@lru_cache(maxsize=64)
def _events(rows: int, columns: int) -> tuple[Int[Array, "E R"], Float[Array, "E RC"]]:
    """All ways to give each track one plot or none (numbered `columns`), and the pairs each way holds."""
    every = product(range(columns + 1), repeat=rows)
    events = np.array([e for e in every if len({*e} - {columns}) == rows - e.count(columns)])
    marks = events[:, :, None] == np.arange(columns + 1)
    return events, marks.reshape(len(events), -1).astype(float)


def _list(log_odds: Float[Array, "C R K1"]) -> Float[Array, "C R K1"]:
    """Exact probabilities of clusters of one shape, by summing all their joint events. Last column: none."""
    _, rows, width = log_odds.shape
    events, marks = _events(int(rows), int(width) - 1)
    weight = sum(log_odds[:, row, events[:, row]] for row in range(rows))
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    return (weight @ marks).reshape(log_odds.shape) / weight.sum(axis=1)[:, None, None]


def _others(value: Float[Array, "P"], start: Int[Array, "G"], group: Int[Array, "P"]) -> Float[Array, "P"]:
    """Sum of the other values of each one's group, without the cancellation of "all minus own".

    The largest of a group gets the sum of the rest as such; for any other, all minus own is no less
    than the largest, so that nothing is lost.
    """
    at = _best(value, np.append(start, len(value)))
    rest = value.copy()
    rest[at] = 0.0
    rest_sum = np.add.reduceat(rest, start)
    others = (rest_sum + value[at])[group] - value
    others[at] = rest_sum
    return others


class _Messages:
    """Pairs still at work, in groups by track and by plot."""

    def __init__(self, work: _Clusters, inside: Array) -> None:
        self.odds = np.exp(np.clip(work.log_odds[inside], -_LOG_ODDS_MOST, _LOG_ODDS_MOST))
        self.cluster_start, _ = _groups(work.cluster[inside])
        self.track_start, self.by_track = _groups(work.track[inside])
        self.order = np.argsort(work.plot[inside], kind="stable")
        self.plot_start, self.by_plot = _groups(work.plot[inside][self.order])

    def beliefs(self, nu: Array) -> tuple[Array, Array]:
        """Probabilities and messages to tracks after one round of all plots and all tracks."""
        value = self.odds * nu
        others = 1 + _others(value, self.track_start, self.by_track)
        mu = self.odds / others
        back = np.empty_like(mu)
        back[self.order] = _others(mu[self.order], self.plot_start, self.by_plot)
        return value / (others + value), 1 / (1 + back)


def _groups(sorted_by: Array) -> tuple[Array, Array]:
    """Starts of the runs of equal numbers, and the number of the run of each."""
    new = np.append(True, sorted_by[1:] != sorted_by[:-1])
    return np.flatnonzero(new), np.cumsum(new) - 1


def _propagate(work: _Clusters, inside: Array, tolerance: float) -> tuple[Array, float]:
    """Beliefs of the pairs `inside`, whole clusters, and how far they may be from where they converge.

    A cluster stops at its own time, so that no other one shifts its numbers. Each round's change shrinks by a
    rate; what all rounds to come would change is estimated as that of a geometric series.
    """
    done = np.zeros(len(inside))
    if not len(inside):
        return done, 0.0
    alive = np.arange(len(inside))
    messages = _Messages(work, inside)
    belief, nu = messages.beliefs(np.ones(len(inside)))
    change = np.full(len(messages.cluster_start), np.inf)
    working = np.full(len(change), True)
    left, worked = 0.0, 0
    for _ in range(_ROUNDS_MOST):
        last, last_change = belief, change
        belief, nu = messages.beliefs(nu)
        worked += len(alive)
        change = np.maximum.reduceat(np.abs(belief - last), messages.cluster_start)
        with np.errstate(invalid="ignore", divide="ignore"):
            to_come = change**2 / (last_change - change)
        # No rate yet, or none that shrinks.
        to_come[~np.isfinite(last_change) | (change >= last_change)] = np.inf
        to_come[change <= _SAME] = 0.0
        spent = worked > _WORK_MOST
        stops = working & ((np.maximum(to_come, change) <= tolerance) | spent)
        if not stops.any():
            continue
        size = np.diff(np.append(messages.cluster_start, len(alive)))
        now = np.repeat(stops, size)
        done[alive[now]] = belief[now]
        left = max(left, float(to_come[stops].max()))
        working = working & ~stops
        if not working.any():
            break
        if np.mean(working) < 0.7:
            stays = np.repeat(working, size)
            alive, nu, belief = alive[stays], nu[stays], belief[stays]
            change, working = change[working], working[working]
            messages = _Messages(work, inside[alive])
    else:
        stays = np.repeat(working, np.diff(np.append(messages.cluster_start, len(alive))))
        done[alive[stays]] = belief[stays]
        left = max(left, float(to_come[working].max()))
    return done, min(left, 1.0)
