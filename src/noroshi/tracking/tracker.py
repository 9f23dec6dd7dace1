"""Many objects at once: the plots of one moment in, the tracks of one nation's own sensors out.

Gate, associate (optimal nearest neighbour or JPDA), update, begin, confirm and delete. What arrives late is
taken in where it belongs: the tracker goes back to before it and plays the moments since again, so that the
picture is the one that plots on time had given.
"""

import itertools
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree
from scipy.stats import chi2

from noroshi.earth import geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import GM_M3PS2, SEMI_MAJOR_M
from noroshi.records import keys
from noroshi.records.detections import Plot
from noroshi.records.tracks import FORCE, LEVEL, PLACE, SPEED, Estimate, Sight, Track
from noroshi.tracking import associate, banks, door, plumes, recognise, score
from noroshi.tracking.banks import MOST
from noroshi.tracking.followed import Eye, Followed, Past, Rules, Tracker
from noroshi.tracking.gate import pairs
from noroshi.tracking.plumes import Starts
from noroshi.tracking.score import Seen

T = TypeVar("T")

# 99.9 % of an object's own plots, doubled for the biases and forces that a filter believes too small; by how
# many components were measured.
_GATE = 2 * chi2.ppf(0.999, np.arange(1, 5))
# Nothing that comes down again is faster, and nothing that carries a load is pushed harder.
_FASTEST_MPS, _HARDEST_MPS2 = 11.2e3, 1e3
# More likely than not: a track flies level.
_LIKELY = 0.5
# First plots of a track that are kept, and how far apart per sensor.
_SIGHTS, _SIGHTS_APART_S = 32, 4.0
# A plot that is so probably of no track may begin one.
_FREE = 0.5
# JPDA: a track that so probably has one of a sensor's plots was seen; so probably, none but it has that plot:
# two tracks that share one plot have half each. What has less of a share than the last is left out.
_SEEN, _OWN, _LEAST_SHARE = 0.25, 0.75, 1e-3
# Two tracks this near each other (squared, 6 degrees of freedom; m) that no scan has shown apart for so long
# (or so many of the sensor's revisits) are one; how many of its latest plots a track remembers for that.
_SAME, _NEAR_M, _APART_S, _APART_LOOKS, _RECENT = float(chi2.ppf(0.95, 6)), 50e3, 10.0, 8, 32
# A track with so many plots that fades is lost, not a mistake. Assumption, 5 to 20.
_KNOWN = 10
# A track that has stood so long is moved on for good: else each moment would move it all the way again.
_STALE_S = 20.0


def sights_of(plots: Sequence[Plot], eyes: Sequence[Eye]) -> Sight:
    """Plots [K] as filters take them, with what they must know of each one's sensor."""
    return Sight(
        np.array([plot.time_s for plot in plots]),
        np.array([(*plot.measurement, plot.range_rate_mps) for plot in plots]),
        np.array([(*plot.sigma, plot.range_rate_sigma_mps) for plot in plots]),
        np.array([eye.site_ecef_m for eye in eyes]),
        np.array([eye.axes for eye in eyes]),
        np.array([eye.bias_sigma for eye in eyes]),
        np.array([keys.number(plot.sensor) or 1 for plot in plots]),
    )


def step(tracker: Tracker, plots: Sequence[Plot], eyes: Mapping[str, Eye], now_s: float) -> Tracker:
    """Take in plots of any times up to `now_s`, late ones where they belong, and give up what is lost.

    Plots older than the window are left out and counted (what they would change is long since told), and so
    are those with a fault of their own (`door`). Raises KeyError for a plot of a sensor that is not among
    `eyes`.
    """
    in_order = sorted((plot for plot in plots if door.fault(plot) is None), key=_order)
    tracker = replace(tracker, unsound=tracker.unsound + len(plots) - len(in_order))
    for time_s, together in itertools.groupby(in_order, key=lambda plot: plot.time_s):
        moment = tuple(together)
        if time_s > tracker.now_s:
            tracker = _moment(tracker, moment, eyes)
        elif time_s >= tracker.now_s - tracker.rules.window_s:
            tracker = _replayed(tracker, moment, eyes)
        else:
            tracker = replace(tracker, too_late=tracker.too_late + len(moment))
    # What is still under way may yet be of what the clock alone would give up.
    return _aged(tracker, now_s, tracker.rules.window_s)


def _order(plot: Plot) -> tuple[object, ...]:
    return plot.time_s, plot.sensor, plot.measurement, plot.range_rate_mps, plot.sigma


def _replayed(tracker: Tracker, moment: tuple[Plot, ...], eyes: Mapping[str, Eye]) -> Tracker:
    """Go back to before a late moment and play it and what came since."""
    time_s, late = moment[0].time_s, tracker.late + len(moment)
    since = [one for one in tracker.past if one.time_s >= time_s]
    again = replace(since[0].before, past=tuple(one for one in tracker.past if one.time_s < time_s))
    if since[0].time_s > time_s:
        again = _moment(again, moment, eyes)
        moment = ()
    for one in since:
        again = _moment(again, tuple(sorted((*one.plots, *moment), key=_order)), {**eyes, **one.eyes})
        moment = ()
        for estimate, plots in one.adopted:
            again, _ = adopt(again, estimate, plots)
    return replace(again, late=late, too_late=tracker.too_late, unsound=tracker.unsound)


def _moment(tracker: Tracker, plots: tuple[Plot, ...], eyes: Mapping[str, Eye]) -> Tracker:
    """Take in the plots of one moment, of any sensors."""
    now_s = plots[0].time_s
    tracker = _aged(tracker, now_s)
    kept = tuple(one for one in tracker.past if one.time_s >= now_s - tracker.rules.window_s)
    here = Past(now_s, replace(tracker, past=()), plots, eyes)
    tracker = replace(tracker, past=(*kept, here), now_s=now_s)
    left: list[Plot] = []
    unranged: list[Plot] = []
    for group in _groups(tracker.rules, plots):
        tracker, free = _associated(tracker, group, eyes, 0)
        left += free
    while left:
        # What one sensor shows beside each other are so many objects; another sensor may show the same again.
        first = [plot for plot in left if plot.sensor == left[0].sensor]
        left = [plot for plot in left if plot.sensor != first[0].sensor]
        known = len(tracker.followed)
        unranged += [plot for plot in first if not math.isfinite(plot.sigma[0])]
        tracker = _begun(tracker, first, eyes)
        if left and len(tracker.followed) > known:
            tracker, left = _associated(tracker, left, eyes, known)
    if unranged and tracker.rules.plumes is not None:
        tracker = _from_above(tracker, unranged, eyes, tracker.rules.plumes)
    return _joined(_missed(tracker, plots, eyes))


def _missed(tracker: Tracker, plots: tuple[Plot, ...], eyes: Mapping[str, Eye]) -> Tracker:
    """Count against a track that a sensor of its own searched now and did not see it; count the unexplained.

    A cued look is at one thing and tells nothing of others. A track that has been seen often and fades is
    lost; any other that fades was none.
    """
    now_s, seen = plots[0].time_s, dict(tracker.seen)
    told = Counter(plot.sensor for plot in plots)
    shown = Counter(
        sensor
        for one in tracker.followed
        if one.confirmed and one.last_s == now_s
        for sensor in told
        if _saw(one, now_s, sensor)
    )
    for sensor, number in told.items():
        unexplained = max(number - shown[sensor], 0)
        seen[sensor] = score.counted(seen.get(sensor, Seen(now_s)), now_s, unexplained)
    thresholds, followed, gone = tracker.rules.thresholds(), list(tracker.followed), set()
    searched = {plot.sensor for plot in plots if not plot.cued}
    cost = {sensor: _log_miss(tracker.rules, sensor) for sensor in searched}
    for row, one in enumerate(followed):
        if one.lost:
            continue
        misses = [s for s in one.sensors if s in searched and not _saw(one, now_s, s)]
        if misses:
            place = _expected(one.estimate, now_s)
            fall = sum(cost[sensor] for sensor in misses if _in_sight(eyes[sensor].site_ecef_m, place))
            one = followed[row] = replace(one, score=one.score + fall)
        if not score.fading(one.score, one.highest, thresholds):
            continue
        if one.confirmed and one.plots >= _KNOWN:
            followed[row] = replace(one, lost=True, faded=True)
        else:
            gone.add(row)
    return _without(replace(tracker, followed=tuple(followed), seen=seen), gone)


def _saw(one: Followed, time_s: float, sensor: str) -> bool:
    """Whether a sensor saw this track at the moment."""
    return one.last_s == time_s and ((time_s, sensor) in one.recent or (time_s, sensor) in one.shared)


def _log_miss(rules: Rules, sensor: str) -> float:
    return float(score.miss(np.float64(rules.of(sensor).detection)))


def _expected(estimate: Estimate, now_s: float) -> Float[Array, "3"]:
    """About where something is at a moment that is not long since, falling freely."""
    dt_s = now_s - float(estimate.time_s)
    place = estimate.mean[PLACE]
    pull = -GM_M3PS2 * place / np.linalg.norm(place) ** 3
    return place + dt_s * estimate.mean[SPEED] + dt_s**2 / 2 * pull


def _in_sight(site: Float[Array, "3"], place: Float[Array, "3"]) -> bool:
    """Whether the Earth does not stand between the two."""
    way = place - site
    nearest = site + np.clip(-(site @ way) / (way @ way + 1.0), 0.0, 1.0) * way
    lower_m = min(math.hypot(*site), math.hypot(*place)) - 1.0
    return math.hypot(*nearest) > min(lower_m, SEMI_MAJOR_M)


def _groups(rules: Rules, plots: tuple[Plot, ...]) -> list[list[Plot]]:
    """Plots of a moment that are associated together: JPDA takes one sensor after the other."""
    if rules.association == "nearest":
        return [list(plots)]
    return [list(mine) for _, mine in itertools.groupby(plots, key=lambda plot: plot.sensor)]


def _associated(
    tracker: Tracker, plots: Sequence[Plot], eyes: Mapping[str, Eye], since: int
) -> tuple[Tracker, list[Plot]]:
    """The tracks from row `since` on with their plots taken in, and the plots that may begin others.

    What is confirmed and lately seen comes first; others have what it leaves. Those plots are the free ones,
    and of the ones near them those that a track of one moment took: it knows no speed, and may have taken
    another's, which would else never begin.
    """
    if tracker.tracks is None or since >= len(tracker.followed):
        return tracker, list(plots)
    now_s = plots[0].time_s
    sights = sights_of(plots, [eyes[plot.sensor] for plot in plots])
    moved = banks.predict(_rows(tracker.tracks, slice(since, None)), now_s, tracker.belief)
    sure = np.array([one.confirmed and not one.lost for one in tracker.followed[since:]])
    hits: list[_Hit] = []
    free = np.arange(len(plots))
    for rows in (np.flatnonzero(sure), np.flatnonzero(~sure)):
        if len(rows) and len(free):
            found, free = _shared_out(tracker, moved, plots, sights, rows, free)
            hits += found
    young = [one.born_s == one.last_s < now_s for one in tracker.followed[since:]]
    claimed = np.array([k for hit in hits if young[hit.row] for k, _, _ in hit.plots], int)
    begin = {*free.tolist(), *_beside(sights, claimed, free).tolist()}
    tracker = _kept_up(tracker, moved, {hit.row for hit in hits}, since)
    tracker = _updated(tracker, moved, sights, plots, hits, since)
    return tracker, [plots[k] for k in sorted(begin)]


def _beside(sights: Sight, claimed: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Those claimed plots that lie near a free one of the same sensor."""
    claimed, free = (part[np.isfinite(sights.sigma[part, 0])] for part in (claimed, free))
    if not len(claimed) or not len(free):
        return claimed[:0]
    z = sights.z
    way = np.einsum("ki,kij->kj", geometry.direction(np.eye(3), z[:, 1], z[:, 2]), sights.axes)
    place = sights.site_ecef_m + z[:, :1] * way
    off = np.linalg.norm(place[claimed][:, None] - place[free], axis=2)
    same = sights.sensor[claimed][:, None] == sights.sensor[free]
    return claimed[(same & (off < _NEAR_M)).any(axis=1)]


@dataclass(frozen=True)
class _Hit:
    """What one sensor showed of one track: which plots, how probably each is its own, what each is worth; and
    which it is by the likeliest joint event, -1 for none.
    """

    row: int
    sensor: str
    plots: tuple[tuple[int, float, float], ...]
    best: int


def _shared_out(
    tracker: Tracker,
    moved: Track,
    plots: Sequence[Plot],
    sights: Sight,
    among: np.ndarray,
    open_plots: np.ndarray,
) -> tuple[list[_Hit], np.ndarray]:
    """Which of the open plots are of which of these rows, and those that are of none."""
    names = [plots[k].sensor for k in open_plots.tolist()]
    # JPDA is for tracks that are sure: between young ones, whose gates hold each other's plots, all would
    # end in the middle. A pair worth less than a miss is never the nearest.
    one = tracker.followed[len(tracker.followed) - len(moved.weight) + among[0]]
    nearest = tracker.rules.association == "nearest" or not one.confirmed or one.lost
    least = 0.0 if nearest else math.log(_LEAST_SHARE)
    hits: list[_Hit] = []
    free: list[np.ndarray] = []
    for sensor in dict.fromkeys(names):
        own = open_plots[[name == sensor for name in names]]
        log_miss = _log_miss(tracker.rules, sensor)
        rows, columns, log_ratio = _gated(tracker, moved, sights, sensor, among, own, log_miss + least)
        gated = associate.from_pairs(
            np.searchsorted(among, rows),
            np.searchsorted(own, columns),
            log_ratio,
            np.full(len(among), log_miss),
            len(own),
        )
        if nearest:
            best = associate.nearest(gated)
            chosen = best[gated.track] == gated.plot
            share, taken = np.ones(len(gated.track)), best[best >= 0]
            free.append(np.delete(own, taken))
        else:
            marginals = associate.marginals(gated)
            share = marginals.probability
            chosen = share > _LEAST_SHARE
            best = associate.nearest(gated)
            free.append(own[marginals.free > _FREE])
        of_row: dict[int, list[tuple[int, float, float]]] = {}
        pairs = (among[gated.track], own[gated.plot], share, gated.log_odds + log_miss)
        for row, column, chance, worth in zip(*(part[chosen].tolist() for part in pairs), strict=True):
            of_row.setdefault(row, []).append((column, chance, worth))
        for row, mine in of_row.items():
            at = int(np.searchsorted(among, row))
            likely = sorted(mine, key=lambda pair: -pair[1])[:MOST]
            hits.append(_Hit(row, sensor, tuple(likely), int(own[best[at]]) if best[at] >= 0 else -1))
    return hits, np.sort(np.concatenate(free))


def _kept_up(tracker: Tracker, moved: Track, hit: Collection[int], since: int) -> Tracker:
    """The tracks that none has seen for long, moved on."""
    assert tracker.tracks is not None
    stale = np.abs(moved.time_s - tracker.tracks.time_s[since:]) > _STALE_S
    stale[list(hit)] = False
    rows = np.flatnonzero(stale)
    if not len(rows):
        return tracker
    stacked = jax.tree.map(lambda old, new: banks.put(old, since + rows, new[rows]), tracker.tracks, moved)
    return replace(tracker, tracks=stacked)


def _gated(
    tracker: Tracker,
    moved: Track,
    sights: Sight,
    sensor: str,
    among: np.ndarray,
    own: np.ndarray,
    least: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of these rows and a sensor's own plots inside the gate, and how much likelier than false each
    makes its plot (log); some of those below `least` are left out.
    """
    worth = np.array([_log_worth(tracker, sensor, rated) for rated in (False, True)])
    worth = worth[np.isfinite(sights.sigma[own, 3]).astype(int)]
    rows, columns = pairs(_rows(moved, among), _rows(sights, own), worth - least)
    worth, rows, columns = worth[columns], among[rows], own[columns]
    if not len(rows):
        return rows, columns, np.zeros(0)
    told = banks.weigh(moved, sights, rows, columns)
    inside = told.distance2 < _GATE[np.clip(told.freedom.astype(int) - 1, 0, 3)]
    return rows[inside], columns[inside], (told.log_likelihood + worth)[inside]


def _log_worth(tracker: Tracker, sensor: str, rated: bool) -> float:
    """What a plot adds to a score beside its likelihood: the chance of it over that of a false one."""
    background = tracker.rules.of(sensor)
    if sensor in tracker.seen:
        background = score.adapted(background, tracker.seen[sensor])
    worth = float(score.hit(0.0, background))
    # A false plot may show any speed, where the volume does not say which.
    if rated and background.volume.range_rate_mps == (0.0, 0.0):
        worth += math.log(2 * _FASTEST_MPS)
    return worth


def _rows(tree: T, rows: np.ndarray | slice) -> T:
    return jax.tree.map(lambda leaf: leaf[rows], tree)


def _updated(
    tracker: Tracker, moved: Track, sights: Sight, plots: Sequence[Plot], hits: Sequence[_Hit], since: int
) -> Tracker:
    """The tracks with what is theirs taken in; those without stay as they are."""
    of_row: dict[int, list[_Hit]] = {}
    for hit in hits:
        of_row.setdefault(hit.row, []).append(hit)
    if not of_row:
        return tracker
    rows = np.array(sorted(of_row))
    taken = [[plot for hit in of_row[row] for plot in hit.plots][:MOST] for row in rows.tolist()]
    count = np.array([len(mine) for mine in taken])
    table, share = np.zeros((len(rows), MOST), int), np.zeros((len(rows), MOST + 1))
    for line, mine in enumerate(taken):
        table[line, : len(mine)] = [column for column, _, _ in mine]
        share[line, 1 : len(mine) + 1] = [chance for _, chance, _ in mine]
    if tracker.rules.association == "nearest":
        tracks, estimates = banks.absorb(moved, sights, rows, table, count)
    else:
        share[:, 0] = np.maximum(1 - share.sum(axis=1), 0.0)
        share /= share.sum(axis=1, keepdims=True)
        centre = np.full(len(rows), -1)
        if tracker.rules.association == "gnn-jpda":
            best = [of_row[row][0].best for row in rows.tolist()]
            centre = np.array([_position(mine, k) for mine, k in zip(taken, best, strict=True)])
        tracks, estimates = banks.hedge(moved, sights, rows, table, share, count, centre)
    followed, confirm = list(tracker.followed), tracker.rules.thresholds().confirm
    now_s = plots[0].time_s
    with np.errstate(invalid="ignore"):
        beyond = recognise.no_aircraft(estimates)
    for line, row in enumerate(rows.tolist()):
        one, estimate = followed[since + row], _estimate(estimates, line)
        one = replace(one, beyond_s=now_s) if beyond[line] else one
        followed[since + row] = _credited(tracker.rules, one, plots, of_row[row], confirm, estimate)
    sound = _sound(estimates)
    stacked = jax.tree.map(lambda old, new: banks.put(old, since + rows, new), tracker.tracks, tracks)
    return _without(
        replace(tracker, tracks=stacked, followed=tuple(followed)), set((since + rows[~sound]).tolist())
    )


def _position(plots: Sequence[tuple[int, float, float]], best: int) -> int:
    """Which of the hypotheses, none first, is that of this plot."""
    return next((1 + k for k, (column, _, _) in enumerate(plots) if column == best), 0)


def _sound(estimates: Estimate) -> np.ndarray:
    """Which of them may be: a filter that a wrong plot has thrown off is no track any more."""
    fast = np.linalg.norm(estimates.mean[:, SPEED], axis=1)
    hard = np.linalg.norm(estimates.mean[:, FORCE], axis=1)
    finite = np.isfinite(estimates.mean).all(axis=1) & np.isfinite(estimates.cov).all(axis=(1, 2))
    return finite & (fast < _FASTEST_MPS) & (hard < _HARDEST_MPS2)


def _estimate(estimates: Estimate, line: int) -> Estimate:
    return Estimate(estimates.time_s[line], estimates.mean[line], estimates.cov[line], estimates.weight[line])


def _credited(
    rules: Rules,
    one: Followed,
    plots: Sequence[Plot],
    hits: Sequence[_Hit],
    confirm: float,
    estimate: Estimate,
) -> Followed:
    """A track's account after it has taken in what sensors showed of it at a moment."""
    gain = sum(chance * worth for hit in hits for _, chance, worth in hit.plots)
    now = min(one.score + gain, score.HIGHEST)
    own: list[Plot] = []
    recent, shared = list(one.recent), list(one.shared)
    for hit in hits:
        plot, chance = plots[hit.plots[0][0]], sum(chance for _, chance, _ in hit.plots)
        if chance > _SEEN:
            own.append(plot)
            (recent if chance > _OWN else shared).append((plot.time_s, plot.sensor))
    highest = max(one.highest, now)
    if not own:
        return replace(one, score=now, highest=highest, estimate=estimate)
    new = tuple(dict.fromkeys(plot.sensor for plot in own if plot.sensor not in one.sensors))
    count = one.plots + len(own)
    return replace(
        one,
        score=now,
        highest=highest,
        estimate=estimate,
        last_s=own[0].time_s,
        plots=count,
        sensors=one.sensors + new,
        sights=_kept(one.sights, own),
        newest=own[-1],
        confirmed=one.confirmed or (count >= rules.confirm_plots and now >= confirm),
        lost=False,
        faded=False,
        recent=tuple(recent[-_RECENT:]),
        shared=tuple(shared[-_RECENT:]),
    )


def _kept(sights: tuple[Plot, ...], plots: Sequence[Plot]) -> tuple[Plot, ...]:
    """The first plots of a track, a few seconds apart per sensor: what a launch point is fitted to."""
    for plot in plots:
        if len(sights) >= _SIGHTS:
            break
        last_s = max((one.time_s for one in sights if one.sensor == plot.sensor), default=-math.inf)
        if plot.time_s - last_s >= _SIGHTS_APART_S:
            sights = (*sights, plot)
    return sights


def _begun(tracker: Tracker, plots: Sequence[Plot], eyes: Mapping[str, Eye]) -> Tracker:
    """Begin a track with each of these plots that tells a range."""
    begin = [plot for plot in plots if math.isfinite(plot.sigma[0])]
    if not begin:
        return tracker
    tracks, estimates = banks.init(sights_of(begin, [eyes[plot.sensor] for plot in begin]), tracker.belief)
    followed = []
    for line, plot in enumerate(begin):
        seen = (plot.time_s, plot.sensor)
        one = Followed(
            _name(plot), seen[0], seen[0], 1, 0.0, seen[1:], (plot,), plot, _estimate(estimates, line)
        )
        followed.append(replace(one, recent=(seen,)))
    known = len(tracker.followed)
    return _without(
        _added(tracker, tracks, followed), set((known + np.flatnonzero(~_sound(estimates))).tolist())
    )


def _from_above(tracker: Tracker, plots: Sequence[Plot], eyes: Mapping[str, Eye], starts: Starts) -> Tracker:
    """Chain lines of sight that no track explains, and begin the tracks that they tell."""
    sights = sights_of(plots, [eyes[plot.sensor] for plot in plots])
    kept, begun = plumes.step(tracker.plumes, plots, sights, tracker.belief, starts)
    tracker = replace(tracker, plumes=kept)
    for one in begun:
        tracker, _ = _adopted(tracker, one.estimate, one.plots)
    return tracker


def _added(tracker: Tracker, tracks: Track, followed: Sequence[Followed]) -> Tracker:
    if tracker.tracks is not None:
        tracks = jax.tree.map(lambda a, b: np.concatenate([a, b]), tracker.tracks, tracks)
    return replace(tracker, tracks=tracks, followed=(*tracker.followed, *followed))


def adopt(tracker: Tracker, estimate: Estimate, plots: Sequence[Plot]) -> tuple[Tracker, str]:
    """Follow on from a state that was found otherwise from `plots`: the tracker and the track's id.

    A state that cannot be leaves the tracker as it is, and has no id.
    """
    if not _may_be(estimate):
        return tracker, ""
    if tracker.past:
        newest = tracker.past[-1]
        newest = replace(newest, adopted=(*newest.adopted, (estimate, tuple(plots))))
        tracker = replace(tracker, past=(*tracker.past[:-1], newest))
    return _adopted(tracker, estimate, plots)


def _adopted(tracker: Tracker, estimate: Estimate, plots: Sequence[Plot]) -> tuple[Tracker, str]:
    if not _may_be(estimate):
        return tracker, ""
    tracks = banks.from_estimate(_alone(estimate))
    first, last = plots[0], plots[-1]
    # It takes the place of what a filter alone made of the same plot.
    tracker = _without(tracker, _rows_of(tracker, {_name(first)}))
    one = Followed(
        _name(first),
        first.time_s,
        last.time_s,
        len(plots),
        tracker.rules.thresholds().confirm,
        tuple(dict.fromkeys(plot.sensor for plot in plots)),
        _kept((), plots),
        last,
        estimate,
        confirmed=True,
        beyond_s=last.time_s if recognise.no_aircraft(estimate) else -math.inf,
    )
    return _added(tracker, tracks, [one]), one.id


def _alone(estimate: Estimate) -> Estimate:
    """One estimate as a row of one."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[None], estimate)


def _may_be(estimate: Estimate) -> bool:
    """Whether a state that was found otherwise is one that a filter can go on from."""
    known = np.isfinite(float(estimate.time_s)) and np.isfinite(estimate.weight).all()
    return bool(known and _sound(_alone(estimate))[0] and np.diagonal(estimate.cov)[:6].min() > 0)


def _name(first: Plot) -> str:
    """A track's name by the plot that began it: the same in whatever order plots arrive."""
    return f"{first.sensor} {first.time_s:.3f} {keys.number(str(first.measurement)):08x}"


def _aged(tracker: Tracker, now_s: float, spare_s: float = 0.0) -> Tracker:
    """Give up what nobody has seen for long: the unconfirmed at once, the rest after a time as lost.

    What is to go stays for `spare_s` more.
    """
    rules = tracker.rules
    lost_s = now_s - rules.lost_after_s
    gone_s = {False: lost_s - spare_s, True: now_s - rules.forget_after_s - spare_s}
    gone = {
        row
        for row, one in enumerate(tracker.followed)
        if one.last_s < gone_s[one.confirmed]
        or (one.last_s < lost_s - spare_s and one.estimate.weight[LEVEL] > _LIKELY)
    }
    followed = [
        one if one.lost is (lost := one.faded or one.last_s < lost_s) else replace(one, lost=lost)
        for one in tracker.followed
    ]
    return _without(replace(tracker, followed=tuple(followed)), gone)


def _without(tracker: Tracker, gone: set[int]) -> Tracker:
    if not gone:
        return tracker
    stay = [row for row in range(len(tracker.followed)) if row not in gone]
    followed = tuple(tracker.followed[row] for row in stay)
    if not stay:
        return replace(tracker, tracks=None, followed=())
    return replace(tracker, tracks=_rows(tracker.tracks, np.array(stay)), followed=followed)


def _rows_of(tracker: Tracker, ids: Collection[str]) -> set[int]:
    return {row for row, one in enumerate(tracker.followed) if one.id in ids}


def _joined(tracker: Tracker) -> Tracker:
    """Two tracks of one object become one: the longer one stays."""
    now_s, followed = tracker.now_s, list(tracker.followed)
    fresh = [row for row, one in enumerate(followed) if one.last_s >= now_s - 1.0 and one.plots >= 3]
    if len(fresh) < 2:
        return tracker
    means = np.array([followed[row].estimate.mean for row in fresh])
    late_s = now_s - np.array([float(followed[row].estimate.time_s) for row in fresh])
    pairs = cKDTree(means[:, PLACE] + late_s[:, None] * means[:, SPEED]).query_pairs(
        _NEAR_M, output_type="ndarray"
    )
    shown = _shown(tracker.rules, [followed[row] for row in fresh], now_s)
    # What one scan of one sensor has shown beside each other are two.
    together = np.zeros(len(pairs), bool)
    for look in shown.T:
        together |= look[pairs[:, 0]] & look[pairs[:, 1]]
    gone: set[int] = set()
    for i, j in sorted(pairs[~together].tolist()):
        one, two = fresh[i], fresh[j]
        a, b = followed[one], followed[two]
        if one in gone or two in gone:
            continue
        if _distance2(a.estimate, b.estimate) < _SAME:
            keeps, goes = (one, two) if a.plots >= b.plots else (two, one)
            ids = followed[goes].absorbed | {followed[goes].id}
            followed[keeps] = replace(followed[keeps], absorbed=followed[keeps].absorbed | ids)
            gone.add(goes)
    return _without(replace(tracker, followed=tuple(followed)), gone)


def _shown(rules: Rules, followed: Sequence[Followed], now_s: float) -> np.ndarray:
    """Which scans of the last seconds showed which tracks, each as its own: one row per track."""
    since_s = {
        sensor: now_s - max(_APART_S, _APART_LOOKS * rules.of(sensor).revisit_s)
        for sensor in {sensor for one in followed for _, sensor in one.recent}
    }
    lately = [[look for look in one.recent if look[0] > since_s[look[1]]] for one in followed]
    number = {look: k for k, look in enumerate(sorted({look for looks in lately for look in looks}))}
    shown = np.zeros((len(followed), max(len(number), 1)), bool)
    for row, looks in enumerate(lately):
        shown[row, [number[look] for look in looks]] = True
    return shown


def _distance2(a: Estimate, b: Estimate) -> float:
    """Squared distance of two estimates in place and speed, as the one at its own time sees the other."""
    dt_s = float(b.time_s) - float(a.time_s)
    off = (b.mean - a.mean)[:6]
    off[:3] -= dt_s * a.mean[SPEED]
    spread = (a.cov + b.cov)[:6, :6]
    return float(off @ np.linalg.solve(spread, off))
