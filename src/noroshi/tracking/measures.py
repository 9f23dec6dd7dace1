"""How good tracks, covariances and forecasts were, once the truth is known: plain arrays over many scans.

Truths are [scan, truth, dimension], tracks [scan, track, dimension], each with a mask of those that exist;
what a mask shuts out may be NaN.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import betaincinv, chdtri, ndtri

from noroshi.earth import geometry
from noroshi.earth.arrays import Array


@dataclass(frozen=True)
class Gospa:
    """GOSPA of each scan, and its three parts: distance^p = localisation + missed + false."""

    distance: Float[Array, "S"]
    localisation: Float[Array, "S"]
    missed: Float[Array, "S"]
    false: Float[Array, "S"]


def ospa(
    truths: Float[Array, "S N D"],
    tracks: Float[Array, "S M D"],
    truth_valid: Bool[Array, "S N"],
    track_valid: Bool[Array, "S M"],
    cutoff: float,
    order: float = 1.0,
) -> Float[Array, "S"]:
    """OSPA distance of each scan, 0 where there is neither truth nor track.

    Schuhmacher, Vo and Vo, A consistent metric for performance evaluation of multi-object filters, IEEE
    Trans. Signal Processing 56(8), 2008.
    """
    _check(cutoff, order)
    distance = np.zeros(len(truths))
    for scan, (truth, track) in enumerate(_present(truths, tracks, truth_valid, track_valid)):
        most, least = max(len(truth), len(track)), min(len(truth), len(track))
        if not most:
            continue
        costs, scale = _costs(truth, track, cutoff, order)
        total = costs[linear_sum_assignment(costs)].sum() + (most - least) * scale
        distance[scan] = cutoff * (total / (scale * most)) ** (1 / order)
    return distance


def gospa(
    truths: Float[Array, "S N D"],
    tracks: Float[Array, "S M D"],
    truth_valid: Bool[Array, "S N"],
    track_valid: Bool[Array, "S M"],
    cutoff: float,
    order: float = 2.0,
) -> Gospa:
    """GOSPA distance of each scan, with alpha = 2, and what of it is place, missed truths and false tracks.

    Rahmathullah, García-Fernández and Svensson, Generalized optimal sub-pattern assignment metric, FUSION
    2017.
    """
    _check(cutoff, order)
    localisation, missed, false = np.zeros((3, len(truths)))
    for scan, (truth, track) in enumerate(_present(truths, tracks, truth_valid, track_valid)):
        costs, scale = _costs(truth, track, cutoff, order)
        paired = costs[linear_sum_assignment(costs)]
        # A pair at the cutoff costs as much as one missed and one false: it is taken as those.
        held = paired[paired < scale]
        localisation[scan] = held.sum() * (cutoff**order / scale)
        missed[scan] = (len(truth) - len(held)) * cutoff**order / 2
        false[scan] = (len(track) - len(held)) * cutoff**order / 2
    return Gospa((localisation + missed + false) ** (1 / order), localisation, missed, false)


@dataclass(frozen=True)
class Siap:
    """Single integrated air picture. Over time [scan]; the whole run as the ratio of the sums.

    `completeness`: share of the truths that are tracked. `ambiguity`: tracks per tracked truth.
    `spuriousness`: share of the tracks that hold no truth. `position_m`, `velocity_mps`: mean error of those
    that do. `changes_per_s`: changes of track number per second tracked. `longest`: share of the truths'
    lives held by the one track that held them longest.
    """

    completeness: float
    ambiguity: float
    spuriousness: float
    position_m: float
    velocity_mps: float
    changes_per_s: float
    longest: float
    completeness_then: Float[Array, "S"]
    ambiguity_then: Float[Array, "S"]
    spuriousness_then: Float[Array, "S"]
    position_then_m: Float[Array, "S"]
    velocity_then_mps: Float[Array, "S"]


def hold(
    truths: Float[Array, "S N D"],
    tracks: Float[Array, "S M D"],
    truth_valid: Bool[Array, "S N"],
    track_valid: Bool[Array, "S M"],
    threshold: float,
    confirm: int = 3,
    end: int = 2,
) -> Int[Array, "S M"]:
    """Truth that each track holds at each scan, -1 for none.

    A track takes the nearest truth within `threshold` when that has been the same for `confirm` of its scans
    in a row, from the first of them on, and loses it when `end` of its scans in a row say otherwise, from the
    last that agreed on.
    """
    scans, count = track_valid.shape
    near = np.full((scans, count), -1)
    for scan in range(scans):
        here, there = np.flatnonzero(track_valid[scan]), np.flatnonzero(truth_valid[scan])
        if not (len(here) and len(there)):
            continue
        apart = cdist(tracks[scan, here], truths[scan, there])
        apart[~(apart < threshold)] = np.inf
        found = np.argmin(apart, axis=1)
        inside = np.isfinite(apart[np.arange(len(here)), found])
        near[scan, here[inside]] = there[found[inside]]

    held = np.full((scans, count), -1)
    for track in range(count):
        mine = np.flatnonzero(track_valid[:, track])
        held[mine, track] = _hold(near[mine, track].tolist(), confirm, end)
    return held


def siap(
    time_s: Float[Array, "S"],
    held: Int[Array, "S M"],
    truth_valid: Bool[Array, "S N"],
    track_valid: Bool[Array, "S M"],
    position_m: Float[Array, "S M"] | None = None,
    velocity_mps: Float[Array, "S M"] | None = None,
) -> Siap:
    """SIAP attributes of tracks that hold the truths `held`, -1 for none; errors are of each track.

    Source: Votruba and others, Single Integrated Air Picture (SIAP) metrics implementation, 2001, as Stone
    Soup reads it: a share of nothing is 0, ambiguity of nothing 1.
    """
    scans, truths = truth_valid.shape
    scan, track = np.nonzero((held >= 0) & track_valid)
    truth = held[scan, track]
    there = truth_valid[scan, truth]
    scan, track, truth = scan[there], track[there], truth[there]
    tracked = np.zeros((scans, truths), bool)
    tracked[scan, truth] = True

    exist, found = truth_valid.sum(axis=1), tracked.sum(axis=1)
    present, holding = track_valid.sum(axis=1), np.bincount(scan, minlength=scans)

    def errors(of: Array | None) -> Float[Array, "S"]:
        return np.zeros(scans) if of is None else np.bincount(scan, of[scan, track], scans)

    off_m, off_mps = errors(position_m), errors(velocity_mps)
    life_s = _span_s(time_s, truth_valid)
    spells = _spells(scan, truth, track, track_valid)
    needed = np.array([_needed(spells[spells[:, 0] == n, 2:]) for n in range(truths)], int)
    followed_s = _followed_s(time_s, truth_valid, spells)
    longest_s = np.zeros(truths)
    if len(spells):
        pair, which = np.unique(spells[:, :2], axis=0, return_inverse=True)
        by_pair = np.bincount(which.ravel(), time_s[spells[:, 3]] - time_s[spells[:, 2]])
        np.maximum.at(longest_s, pair[:, 0], by_pair)
    return Siap(
        completeness=float(_ratio(found.sum(), exist.sum())),
        ambiguity=float(_ratio(holding.sum(), found.sum(), 1.0)),
        spuriousness=float(_ratio((present - holding).sum(), present.sum())),
        position_m=float(_ratio(off_m.sum(), holding.sum())),
        velocity_mps=float(_ratio(off_mps.sum(), holding.sum())),
        changes_per_s=float(_ratio(np.maximum(needed - 1, 0).sum(), followed_s.sum())),
        longest=float(_ratio(longest_s.sum(), life_s.sum())),
        completeness_then=_ratio(found, exist),
        ambiguity_then=_ratio(holding, found, 1.0),
        spuriousness_then=_ratio(present - holding, present),
        position_then_m=_ratio(off_m, holding),
        velocity_then_mps=_ratio(off_mps, holding),
    )


@dataclass(frozen=True)
class Loss:
    """Truths that were held once, the share of them not held when they ended, and losses per second held."""

    held: int
    lost: float
    lost_per_s: float


def track_loss(time_s: Float[Array, "S"], held: Int[Array, "S M"], truth_valid: Bool[Array, "S N"]) -> Loss:
    """How often a truth that was held is let go by every track while it still exists."""
    scans, truths = truth_valid.shape
    tracked = np.zeros((scans, truths), bool)
    scan, track = np.nonzero(held >= 0)
    tracked[scan, held[scan, track]] = True
    tracked &= truth_valid
    ever = tracked.any(axis=0)
    last = scans - 1 - np.argmax(truth_valid[::-1], axis=0)
    gone = ever & ~tracked[last, np.arange(truths)]
    drops = tracked[:-1] & ~tracked[1:] & truth_valid[1:]
    kept_s = np.sum((tracked[:-1] & truth_valid[1:]) * np.diff(time_s)[:, None])
    return Loss(int(ever.sum()), float(_ratio(gone.sum(), ever.sum())), float(_ratio(drops.sum(), kept_s)))


def nees(error: Float[Array, "... D"], cov: Float[Array, "... D D"]) -> Float[Array, "..."]:
    """Normalised (estimation) error squared, e^T P^-1 e; NaN where P is no covariance.

    The same of an innovation and its covariance is the NIS. A measurement that lacks parts has them as an
    infinite variance without covariances: they add nothing.
    """
    error, cov = np.broadcast_arrays(error, cov[..., 0])[0].astype(float), np.asarray(cov, float)
    variance = np.diagonal(cov, axis1=-2, axis2=-1)
    absent = np.isposinf(variance)
    size = np.sqrt(np.where(absent | ~(variance > 0), 1.0, variance))
    # On a scale where every variance is 1: metres and metres per second would spoil the numbers.
    scaled = cov / (size[..., :, None] * size[..., None, :])
    scaled = np.where(absent[..., :, None] | absent[..., None, :], np.eye(cov.shape[-1]), scaled)
    residual = np.where(absent, 0.0, error / size)
    sound = np.all(np.isfinite(scaled), axis=(-2, -1)) & np.all(np.isfinite(residual), axis=-1)
    sound &= np.all(absent | (variance > 0), axis=-1)
    scaled = np.where(sound[..., None, None], scaled, np.eye(cov.shape[-1]))
    values, axes = np.linalg.eigh((scaled + np.swapaxes(scaled, -1, -2)) / 2)
    sound &= values[..., 0] > 0
    along = np.einsum("...ij,...i->...j", axes, np.where(sound[..., None], residual, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sound, np.sum(along**2 / values, axis=-1), np.nan)


@dataclass(frozen=True)
class Consistency:
    """Mean of a normalised error squared per degree of freedom, and where chance would put it.

    Expected 1; above `high` the covariance is too small, below `low` too large. `count` errors were numbers.
    """

    mean: Float[Array, "..."]
    low: Float[Array, "..."]
    high: Float[Array, "..."]
    count: Int[Array, "..."]

    @property
    def consistent(self) -> Bool[Array, "..."]:
        """Whether the mean lies between the bounds."""
        return (self.low <= self.mean) & (self.mean <= self.high)


def consistency(
    errors2: Float[Array, "R ..."], freedom: float | Float[Array, "R ..."], false_alarm: float = 0.05
) -> Consistency:
    """Mean NEES or NIS over independent runs (the first axis) with two-sided chi-squared bounds.

    Bar-Shalom, Li and Kirubarajan, Estimation with applications to tracking and navigation, 2001, 5.4. NaN is
    left out. A consistent filter lies outside the bounds in `false_alarm` of cases.
    """
    there = ~np.isnan(errors2)
    degrees = np.sum(np.where(there, freedom, 0.0), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.sum(np.where(there, errors2, 0.0), axis=0) / degrees
        low = chdtri(degrees, 1 - false_alarm / 2) / degrees
        high = chdtri(degrees, false_alarm / 2) / degrees
    return Consistency(mean, low, high, there.sum(axis=0))


@dataclass(frozen=True)
class Share:
    """A share of `count` independent cases, its confidence interval; NaN, 0 and 1 where there were none."""

    share: Float[Array, "..."]
    low: Float[Array, "..."]
    high: Float[Array, "..."]
    count: Int[Array, "..."]


def share(
    hits: Int[Array, "..."], count: Int[Array, "..."], confidence: float = 0.95, exact: bool = False
) -> Share:
    """Share with its Wilson interval, or `exact` with that of Clopper and Pearson: never too short."""
    hits, count = np.asarray(hits, float), np.asarray(count, float)
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = hits / count
        if exact:
            low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), count - hits + 1, tail), 0.0)
            high = np.where(hits < count, betaincinv(hits + 1, np.maximum(count - hits, 1), 1 - tail), 1.0)
        else:
            z2 = ndtri(tail) ** 2
            centre = (hits + z2 / 2) / (count + z2)
            reach = np.sqrt(z2 * (hits * (count - hits) / count + z2 / 4)) / (count + z2)
            low = np.where(hits > 0, centre - reach, 0.0)
            high = np.where(hits < count, centre + reach, 1.0)
    none = count == 0
    return Share(ratio, np.where(none, 0.0, low), np.where(none, 1.0, high), count.astype(int))


def coverage(
    inside: Bool[Array, "R ..."],
    valid: Bool[Array, "R ..."] | None = None,
    confidence: float = 0.95,
    exact: bool = False,
) -> Share:
    """How often regions held what they should, over runs (the first axis), at each time by itself.

    Times of one run are no independent cases: their intervals do not add up to one.
    """
    valid = np.ones(np.shape(inside), bool) if valid is None else valid
    return share(np.sum(inside & valid, axis=0), np.sum(valid, axis=0), confidence, exact)


def inside_ellipse(distance2: Float[Array, "..."], level: float, freedom: int = 2) -> Bool[Array, "..."]:
    """Whether a squared Mahalanobis distance is in the Gaussian region that holds `level`; NaN is not."""
    return distance2 <= chdtri(freedom, 1 - level)


@dataclass(frozen=True)
class Misses:
    """Distances of forecasts from what came, m: of each run and time, and over the runs at each time."""

    error_m: Float[Array, "R S"]
    median_m: Float[Array, "S"]
    ninetieth_m: Float[Array, "S"]
    rms_m: Float[Array, "S"]
    count: Int[Array, "S"]


def forecast_error(
    lat_rad: Float[Array, "R S"],
    lon_rad: Float[Array, "R S"],
    true_lat_rad: Float[Array, "R S"],
    true_lon_rad: Float[Array, "R S"],
    valid: Bool[Array, "R S"] | None = None,
) -> Misses:
    """Great-circle error of forecasts over runs and times; what is not valid or no number is left out."""
    with np.errstate(invalid="ignore"):
        error_m, _ = geometry.great_circle(lat_rad, lon_rad, true_lat_rad, true_lon_rad)
    if valid is not None:
        error_m = np.where(valid, error_m, np.nan)
    there = ~np.isnan(error_m)
    count = there.sum(axis=0)
    # A time without forecasts has no median; quantiles of an empty column would warn.
    filled = np.where(count > 0, error_m, 0.0)
    median_m, ninetieth_m = np.nanquantile(filled, [0.5, 0.9], axis=0)
    rms_m = np.sqrt(np.nanmean(filled**2, axis=0))
    none = count == 0
    return Misses(
        error_m,
        np.where(none, np.nan, median_m),
        np.where(none, np.nan, ninetieth_m),
        np.where(none, np.nan, rms_m),
        count,
    )


def _check(cutoff: float, order: float) -> None:
    if not (0 < cutoff < np.inf and 1 <= order < np.inf):
        raise ValueError(f"cutoff {cutoff} must be above 0 and order {order} at least 1, both finite")


def _present(truths: Array, tracks: Array, truth_valid: Array, track_valid: Array):
    """Truths and tracks that exist, scan by scan."""
    for truth, track, real, kept in zip(truths, tracks, truth_valid, track_valid, strict=True):
        yield truth[real], track[kept]


def _costs(truth: Array, track: Array, cutoff: float, order: float) -> tuple[Float[Array, "N M"], float]:
    """Distances to the power of `order`, cut off, and what the cutoff costs. A distance of NaN is beyond it.

    Low orders are kept as they are; others are measured in cutoffs, so that no power overflows.
    """
    apart = cdist(truth, track)
    apart = np.where(apart < cutoff, apart, cutoff)
    if order == 1:
        return apart, cutoff
    return (apart / cutoff) ** order, 1.0


def _ratio(above: Array, below: Array, empty: float = 0.0) -> Array:
    """Quotient, `empty` where there is nothing to divide by."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    return np.divide(above, below, out=np.full(np.shape(below), empty), where=below != 0)


def _hold(near: list[int], confirm: int, end: int) -> list[int]:
    """Truth held at each scan of one track, from the nearest one at each."""
    held = [-1] * len(near)
    now, last = -1, -1  # the truth held, and when it was last nearest
    rival, since = -1, 0  # what has been nearest instead, and since when
    for k, found in enumerate(near):
        if found == now and now >= 0:
            held[last + 1 : k + 1] = [now] * (k - last)
            last, rival = k, -1
            continue
        if found != rival:
            rival, since = found, k
        if now >= 0 and k - last >= end:
            now = -1
        if now < 0 and rival >= 0 and k + 1 - since >= confirm:
            held[since : k + 1] = [rival] * (k + 1 - since)
            now, last, rival = rival, k, -1
    return held


def _span_s(time_s: Array, valid: Bool[Array, "S N"]) -> Float[Array, "N"]:
    """Time from the first to the last scan at which each exists."""
    first, last = np.argmax(valid, axis=0), len(valid) - 1 - np.argmax(valid[::-1], axis=0)
    return np.where(valid.any(axis=0), time_s[last] - time_s[first], 0.0)


def _spells(scan: Array, truth: Array, track: Array, track_valid: Array) -> Int[Array, "Q 4"]:
    """Unbroken spells in which one track holds one truth: truth, track, first scan, last scan."""
    # Scans at which the track does not exist break nothing: count the track's own.
    own = np.cumsum(track_valid, axis=0)[scan, track]
    order = np.lexsort((scan, track, truth))
    scan, truth, track, own = scan[order], truth[order], track[order], own[order]
    new = np.append(True, (np.diff(truth) != 0) | (np.diff(track) != 0) | (np.diff(own) != 1))[: len(scan)]
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(scan))[: len(first)] - 1
    return np.stack([truth[first], track[first], scan[first], scan[last]], axis=1)


def _needed(spells: Int[Array, "Q 2"]) -> int:
    """The least number of spells, each from its first to its last scan, to cover what all cover together."""
    count, reached, best = 0, -1, -1
    for first, last in spells[np.lexsort((spells[:, 1], spells[:, 0]))]:
        if first > reached + 1:
            # No more candidates to go on with: take the one that reaches farthest.
            if best > reached:
                count, reached = count + 1, best
            reached = max(reached, first - 1)  # over a gap, if there is one
        best = max(best, last)
    return count + (best > reached)


def _followed_s(
    time_s: Array, truth_valid: Bool[Array, "S N"], spells: Int[Array, "Q 4"]
) -> Float[Array, "N"]:
    """Time over which each truth was held by some track throughout."""
    scans, truths = truth_valid.shape
    edges = np.zeros((scans, truths), int)
    np.add.at(edges, (spells[:, 2], spells[:, 0]), 1)
    np.add.at(edges, (spells[:, 3], spells[:, 0]), -1)
    steps = np.cumsum(edges, axis=0)[:-1] > 0
    return np.sum(steps * np.diff(time_s)[:, None], axis=0)
