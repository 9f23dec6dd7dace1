"""What a track is, where it stands in its flight, and how sure that is.

At every estimate the track is held against moments of generic flights of all kinds (`kinds.moments`): how
many of them, by how often each kind is met and how long each moment lasts, look like this one within what
the filter is unsure of and what no generic flight tells exactly. While it burns, what may still burn is so
part of the count; on a coast the class of a ballistic missile is the band of the reach of its energy. What
no flight comes near to counts for none of them.

Estimates of one track share their errors, so each new one is not new evidence. In time the probabilities
therefore follow a hidden Markov chain with fading memory: what was held before, carried on by the chain (a
missile that burns may fail; anything may have been mistaken), to the power of what has not faded yet, times
what the estimate of now says by itself to the rest.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from noroshi.earth import frames
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M, ROTATION_RADPS, STANDARD_GRAVITY_MPS2
from noroshi.records.tracks import BURNING, DRAG, FORCE, GLIDING, PLACE, SPEED, Estimate
from noroshi.tracking import kinds
from noroshi.tracking.kinds import (
    BANDS_KM,
    BOOST,
    CRUISE,
    DEBRIS,
    ENDED,
    FAILED,
    INTERCONTINENTAL,
    KINDS,
    LEVEL,
    MIDCOURSE,
    NONE,
    PHASES,
    PRIOR,
    REENTRY,
    SATELLITE,
    SHORT,
    SORTS,
    SPACE,
)

UNKNOWN = "not yet known"
# What no generic flight tells exactly, one sigma: logarithms of height (over 2 km), thrust, time since launch
# (over 10 s), greatest height and ballistic coefficient; and speed upwards and along, m/s and as a share.
# Assumptions, between half and twice: wide enough that some tens of moments lie near any flight.
_HEIGHT, _THRUST, _SINCE, _HIGHEST, _DRAG = 0.10, 0.12, 0.08, 0.12, 0.5
_SLACK_MPS, _SLACK_SHARE = 60.0, 0.05
_HEIGHT_M, _SINCE_S = 2e3, 10.0
# Moments farther off than this, in sigmas of height or of speed, are not looked at.
_NEAR = 3.5
# What is like none of these flights: how often, and for how long; evenly over as much of the logarithms
# (above), and of the speeds, m/s, as anything may have. Assumptions.
_OTHER, _OTHER_S = 0.02, 600.0
_WIDE = {"height": 8.0, "climb": 8e3, "along": 8e3, "thrust": 4.0, "since": 6.0, "highest": 8.0, "drag": 5.0}
# What the filter's models (burning, ballistic, gliding, level) weigh in each phase, on average. Assumptions:
# a filter takes some seconds to find out, and lift may look like less drag.
_MODELS = np.array([
    [0.90, 0.05, 0.03, 0.02],
    [0.04, 0.84, 0.10, 0.02],
    [0.03, 0.77, 0.18, 0.02],
    [0.03, 0.35, 0.58, 0.04],
    [0.03, 0.05, 0.12, 0.80],
])  # fmt: skip
# A launch that is notified is rarely a missile, and one to space is rarely not notified: odds. Assumptions,
# within a factor of 3.
_NOTICED, _NOT_NOTICED = 30.0, 0.2
# What has no launch, of a track whose launch was seen: by mistake only. An assumption, 0.005 to 0.05.
_BY_MISTAKE = 0.02
# What coasts in orbit, of a track whose launch was not seen, and was launched just now: odds, an assumption.
_UNSEEN = 0.05
# Generic flights are not those that come: so much of what an estimate says is what was held before any. An
# assumption, 0.003 to 0.03.
_MISFIT = 0.01
# How long an estimate's evidence is that of the one before, and how often anything was taken for something
# else, s. Assumptions.
_MEMORY_S, _MISTAKEN_S = 6.0, 600.0
# A missile that burns fails about so often per second: 5 of the 83 of data/record, in some 100 s of burning.
_FAILS_PS = 5 / 83 / 100
# A burning missile out of sight failed, or was lost: an assumption, 0.1 to 0.4.
_LOST_FAILED = 0.2
# The air does not yet matter for a reach: drag is less than this, m/s2.
_THIN_MPS2 = 0.3
# An orbit whose perigee lies above this does not come down in this turn.
_PERIGEE_M = 100e3


@dataclass(frozen=True)
class Known:
    """What else is known of a track.

    `launched_s` is when it was launched, of a launch report or a launch estimate, and its sigma; None where
    no launch was seen. `highest_m` is the greatest height so far where others saw more of it. `notice` says
    whether a notice tells of a launch to space here and now; None where nobody looked. `flies_level` is
    `recognise.flies_level`. `unseen_s` is how long nothing was seen of it, `lost` that it was lost to those
    who should see it, `down` that its end was seen.
    """

    launched_s: float | None = None
    launched_sigma_s: float = 5.0
    highest_m: float | None = None
    notice: bool | None = None
    flies_level: bool = False
    unseen_s: float = 0.0
    lost: bool = False
    down: bool = False


@dataclass(frozen=True)
class Assessment:
    """What a track is held for: probabilities by name, each mapping summing to 1.

    `odds` are the probabilities of `kinds.KINDS`. `kinds` sets aside of each what the evidence leaves open,
    under "not yet known": the entropy that is left of the one before anything was seen, and all where no
    kind fits. The truth of a kind lies between its number there and that number with "not yet known" added.
    `sorts` divides "not a missile". `reach_km` and its sigma are of the energy of its coast, None before;
    `fits` is the probability that it is like any kind at all.
    """

    time_s: float
    kinds: Mapping[str, float]
    phases: Mapping[str, float]
    sorts: Mapping[str, float]
    odds: Mapping[str, float]
    reason: str
    reach_km: float | None = None
    reach_sigma_km: float | None = None
    highest_m: float = 0.0
    lifted: float = 0.0
    fits: float = 1.0
    remembered: tuple[float, ...] = field(default=(), repr=False)

    @property
    def likely(self) -> str:
        """The name with the most; "not yet known" where that is most."""
        return max(self.kinds, key=self.kinds.__getitem__)

    @property
    def phase(self) -> str:
        """The likeliest phase."""
        return max(self.phases, key=self.phases.__getitem__)


@dataclass(frozen=True)
class _Table:
    """The moments as they are compared, one row each."""

    height: np.ndarray  # logarithm, as all below but the speeds
    climb_mps: np.ndarray
    along_mps: np.ndarray
    thrust: np.ndarray
    since: np.ndarray  # NaN where nothing was launched
    highest: np.ndarray
    drag: np.ndarray
    weight_s: np.ndarray
    phase: np.ndarray
    group: np.ndarray


@cache
def _table() -> _Table:
    one = kinds.moments()
    return _Table(
        np.log(np.maximum(one.height_m, 0) + _HEIGHT_M),
        one.climb_mps.astype(np.float32),
        one.along_mps.astype(np.float32),
        np.log(np.maximum(one.thrust_mps2, 1e-3)),
        np.log(one.since_s + _SINCE_S),
        np.log(np.maximum(one.highest_m, 0) + _HEIGHT_M),
        one.log_beta,
        one.weight_s,
        one.phase,
        (one.kind * len(PHASES) + one.phase) * len(SORTS) + one.sort,
    )


@dataclass(frozen=True)
class _Features:
    """What of an estimate tells kinds apart, with sigmas."""

    height_m: float
    height_sigma_m: float
    speed_mps: float
    speed_sigma_mps: float
    climb_mps: float
    climb_sigma_mps: float
    along_mps: float
    along_sigma_mps: float
    thrust_mps2: float
    thrust_sigma_mps2: float
    log_beta: float
    log_beta_sigma: float
    drag_mps2: float
    radius_m: float
    perigee_m: float
    perigee_sigma_m: float
    weight: np.ndarray


def _features(estimate: Estimate) -> _Features:
    """Of an estimate, to first order in its covariance."""
    mean, cov = np.asarray(estimate.mean, float), np.asarray(estimate.cov, float)
    weight = np.clip(np.nan_to_num(np.asarray(estimate.weight, float)), 0.0, 1.0)
    weight = weight / max(weight.sum(), 1e-9)
    place, velocity = mean[PLACE], mean[SPEED]
    radius = math.sqrt(float(place @ place))
    up = place / radius
    speed = max(math.sqrt(float(velocity @ velocity)), 1e-3)
    way = velocity / speed
    sine = max(-1.0, min(1.0, float(way @ up)))
    height_m = float(frames.height(place))
    p, v = cov[PLACE, PLACE], cov[SPEED, SPEED]
    speed_sigma = math.sqrt(max(float(way @ v @ way), 0.0))
    along = speed * math.sqrt(1 - sine**2)
    level = (velocity - speed * sine * up) / max(along, 1e-3)
    sigmas = [math.sqrt(max(float(axis @ v @ axis), 0.0)) for axis in (up, level)]
    force = mean[FORCE]
    thrust = math.sqrt(float(force @ force)) / max(weight[BURNING], 0.5)
    thrust_sigma = math.sqrt(max(float(np.trace(cov[FORCE, FORCE])) / 3, 0.0))
    perigee, perigee_sigma = _perigee(place, velocity, v)
    drag = (
        0.5
        * float(kinds.density(np.asarray(height_m)))
        * speed**2
        / math.exp(min(max(mean[DRAG], 0.0), 12.0))
    )
    return _Features(
        height_m, math.sqrt(max(float(up @ p @ up), 0.0)), speed, speed_sigma, speed * sine, sigmas[0], along,
        sigmas[1], thrust, thrust_sigma, float(mean[DRAG]), math.sqrt(max(float(cov[DRAG, DRAG]), 0.0)), drag,
        radius, perigee, perigee_sigma, weight,
    )  # fmt: skip


def _perigee(place: np.ndarray, velocity: np.ndarray, cov: np.ndarray) -> tuple[float, float]:
    """Height of the perigee of the Kepler orbit through a state over the mean radius, m, and its sigma."""
    moving = velocity + ROTATION_RADPS * np.array([-place[1], place[0], 0.0])

    radius2 = float(place @ place)

    def low(of: np.ndarray) -> float:
        speed2 = float(of @ of)
        parameter = max(radius2 * speed2 - float(place @ of) ** 2, 0.0) / GM_M3PS2
        inverse = 2 / math.sqrt(radius2) - speed2 / GM_M3PS2
        e = math.sqrt(max(1 - parameter * inverse, 0.0))
        return parameter / (1 + e) - MEAN_RADIUS_M

    here = low(moving)
    speed = max(math.sqrt(float(moving @ moving)), 1e-3)
    # Along the path and across: the rest of the velocity does not change the size of the orbit.
    way = moving / speed
    up = place - float(place @ way) * way
    up /= max(math.sqrt(float(up @ up)), 1e-9)
    variance = 0.0
    for axis in (way, up):
        sigma = math.sqrt(max(float(axis @ cov @ axis), 1e-6))
        variance += (low(moving + sigma * axis) - here) ** 2
    return here, math.sqrt(variance)


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def _bands(reach: float, sigma: float) -> np.ndarray:
    """Probabilities of the four classes of a ballistic missile, of a reach and its sigma, km."""
    below = [_normal_cdf((edge - reach) / sigma) for edge in BANDS_KM]
    return np.maximum(np.diff([0.0, *below, 1.0]), 0.0)


def _looks_alike(seen: _Features, known: Known, since_s: float | None, highest_m: float) -> np.ndarray:
    """How much speaks for each kind, phase and sort [K, P, S], and for none of them (added at the end)."""
    table = _table()
    height = math.log(max(seen.height_m, 0.0) + _HEIGHT_M)
    sigma = math.hypot(_HEIGHT, min(seen.height_sigma_m / (max(seen.height_m, 0.0) + _HEIGHT_M), 1.0))
    near = slice(*np.searchsorted(table.height, [height - _NEAR * sigma, height + _NEAR * sigma]))
    slack = _SLACK_MPS + _SLACK_SHARE * seen.speed_mps
    up, along = math.hypot(slack, seen.climb_sigma_mps), math.hypot(slack, seen.along_sigma_mps)
    off_up = (table.climb_mps[near] - np.float32(seen.climb_mps)) * np.float32(1 / up)
    off_along = (table.along_mps[near] - np.float32(seen.along_mps)) * np.float32(1 / along)
    beside = off_up**2 + off_along**2
    some = np.flatnonzero(beside < _NEAR**2)
    rows = some + near.start
    power = ((table.height[rows] - height) / sigma) ** 2 + beside[some]
    root = math.sqrt(2 * math.pi)
    scale, wide = sigma * up * along * root**3, _WIDE["height"] * _WIDE["climb"] * _WIDE["along"]

    def add(column: np.ndarray, value: float, one_sigma: float, where: np.ndarray | None, name: str) -> None:
        nonlocal power, scale, wide
        far = ((column[rows] - value) / one_sigma) ** 2
        # Where it is not compared it may be anything.
        anything = 2 * math.log(_WIDE[name] / (one_sigma * root))
        power = power + (far if where is None else np.where(where, far, anything))
        scale, wide = scale * one_sigma * root, wide * _WIDE[name]

    phase = table.phase[rows]
    if seen.weight[BURNING] > 0.5 and seen.thrust_mps2 > 1.0:
        one_sigma = math.hypot(_THRUST, min(seen.thrust_sigma_mps2 / seen.thrust_mps2, 1.0))
        add(table.thrust, math.log(seen.thrust_mps2), one_sigma, phase == BOOST, "thrust")
    if since_s is not None:
        one_sigma = math.hypot(_SINCE, min(known.launched_sigma_s / (since_s + _SINCE_S), 1.0))
        launched = np.isfinite(table.since[rows])
        add(table.since, math.log(since_s + _SINCE_S), one_sigma, launched, "since")
        power = power - 2 * math.log(_BY_MISTAKE) * ~launched
    if highest_m > 1.15 * max(seen.height_m, 0.0) + 3e3:
        add(table.highest, math.log(highest_m + _HEIGHT_M), _HIGHEST, None, "highest")
    if seen.drag_mps2 > 5.0 and seen.log_beta_sigma < 0.5 and seen.weight[BURNING] < 0.5:
        drags = (phase == REENTRY) | (phase == kinds.GLIDING)
        add(table.drag, seen.log_beta, math.hypot(_DRAG, seen.log_beta_sigma), drags, "drag")
    like = np.exp(-0.5 * power) * table.weight_s[rows] / scale
    shape = (len(KINDS), len(PHASES), len(SORTS))
    total = np.bincount(table.group[rows], like, minlength=math.prod(shape)).astype(float).reshape(shape)
    total[:, : len(_MODELS)] *= (_MODELS @ seen.weight)[None, :, None]
    # None of these flights: any model may weigh anything.
    return np.append(total.ravel(), _OTHER * _OTHER_S / wide / 4)


def _weighed(total: np.ndarray, seen: _Features, known: Known, lifted: float) -> np.ndarray:
    """The same with what no flight of the table tells: notices, orbits, lift seen before, level flight."""
    if known.notice is not None:
        total[SPACE] *= _NOTICED if known.notice else _NOT_NOTICED
    if known.launched_s is None:
        # Of what is in orbit little was launched just now.
        total[SPACE, MIDCOURSE, SATELLITE] *= _UNSEEN
    # An orbit is no matter of likeness: it stays up or not, and what burns may yet get there.
    stays = _normal_cdf((seen.perigee_m - _PERIGEE_M) / max(seen.perigee_sigma_m, 1e3))
    stays = min(max(stays, 1e-4), 1 - 1e-4)
    coasting = np.arange(len(PHASES)) != BOOST
    orbits = np.zeros(total.shape)
    orbits[:, :, SATELLITE] = 1.0
    total *= np.where(coasting[None, :, None], np.where(orbits > 0, stays, 1 - stays), 1.0)
    for kind in (SHORT, SHORT + 1, SHORT + 2, INTERCONTINENTAL, SPACE, FAILED):
        total[kind] *= max(1 - lifted, 0.02)
    total[NONE, :, DEBRIS] *= max(1 - lifted, 0.02)
    if known.flies_level:
        total[:, np.arange(len(PHASES)) != LEVEL] *= 0.02
    return total


def classify(estimate: Estimate, known: Known = Known(), before: Assessment | None = None) -> Assessment:
    """Hold a track against all kinds of flight: one estimate, what else is known, and what was held before.

    An estimate that is not finite, or older than what was held, leaves that. The assessment is of `unseen_s`
    after the estimate: what is not seen any more is asked again with its last estimate. The first call of a
    process takes a second or two, for the generic flights.
    """
    time_s = float(estimate.time_s) + known.unseen_s
    sound = bool(np.isfinite(np.asarray(estimate.mean)).all() and np.isfinite(np.asarray(estimate.cov)).all())
    if before is not None and (not sound or time_s < before.time_s):
        return before
    if not sound:
        return _unknown(time_s)
    seen = _features(estimate)
    since_s = None if known.launched_s is None else max(float(estimate.time_s) - known.launched_s, 0.0)
    passed_s = 0.0 if before is None else time_s - before.time_s
    highest_m = max(seen.height_m, known.highest_m or 0.0, before.highest_m if before else 0.0)
    lifted = _lifted(seen, passed_s, before)
    raw = _looks_alike(seen, known, since_s, highest_m)
    shape = (len(KINDS), len(PHASES), len(SORTS))
    alike = _weighed(raw[:-1].reshape(shape), seen, known, lifted)
    reach, reach_sigma = _reach(seen, alike, before)
    if reach is not None and reach_sigma is not None:
        coasting = [MIDCOURSE, REENTRY]
        alike[:4, coasting] = (
            alike[:4, coasting].sum(axis=0)[None] * _bands(reach, reach_sigma)[:, None, None]
        )
    if known.lost:
        burning = alike[:, BOOST].sum(axis=1)
        alike[FAILED, BOOST, 0] += _LOST_FAILED / (1 - _LOST_FAILED) * burning[[*range(FAILED)]].sum()
    joint = np.append(alike.ravel(), raw[-1])
    now = joint / joint.sum()
    phases = now[:-1].reshape(shape).sum(axis=(0, 2))
    by_kind = np.append(now[:-1].reshape(shape).sum(axis=(1, 2)), now[-1])
    by_kind = (1 - _MISFIT) * by_kind + _MISFIT * _BEFORE
    held = _followed(by_kind, float(phases[BOOST]), passed_s, known, before)
    return _told(time_s, held, now[:-1].reshape(shape), seen, known, (reach, reach_sigma), highest_m, lifted)


def _lifted(seen: _Features, passed_s: float, before: Assessment | None) -> float:
    """Whether lift has been seen: the most that the gliding model has weighed over some seconds."""
    if before is None:
        return 0.0
    now = seen.weight[GLIDING] if seen.weight[BURNING] < 0.3 else 0.0
    # A weight that stands for a few seconds only is chance; one of a half or less says nothing.
    gain = (1 - math.exp(-passed_s / (2 * _MEMORY_S))) * max(now - 0.5, 0.0) * 2
    return before.lifted + (1 - before.lifted) * gain


def _reach(
    seen: _Features, alike: np.ndarray, before: Assessment | None
) -> tuple[float | None, float | None]:
    """Reach of the energy, km, and its sigma: of now where it coasts above the air, else as it was held."""
    held = (None, None) if before is None else (before.reach_km, before.reach_sigma_km)
    if seen.weight[BURNING] > 0.3 or seen.drag_mps2 > _THIN_MPS2 or seen.height_m < 20e3:
        return held if seen.weight[BURNING] < 0.7 else (None, None)
    radius, speed = seen.radius_m, seen.speed_mps
    least_mps = max(seen.speed_sigma_mps, 1.0)
    # Height counts as speed does: g h of energy for each.
    doubt = math.hypot(least_mps, STANDARD_GRAVITY_MPS2 * seen.height_sigma_m / max(speed, 500.0))
    low, here, high = kinds.reach_km(np.full(3, radius), np.array([speed - doubt, speed, speed + doubt]))
    sigma = max(float(high - low) / 2, 2.0)
    if held[0] is not None and held[1] is not None and held[1] < sigma:
        return held
    return float(here), sigma


def _followed(
    now: np.ndarray, burning: float, passed_s: float, known: Known, before: Assessment | None
) -> np.ndarray:
    """Probabilities of kinds, and of none, carried on from those before and joined with those of now."""
    if before is None or not before.remembered:
        return now
    held = np.array(before.remembered)
    fails = 1 - math.exp(-passed_s * _FAILS_PS * burning)
    missiles = [*range(CRUISE), SPACE]
    moved = held[missiles] * fails
    held[missiles] -= moved
    held[FAILED] += moved.sum()
    mistaken = 1 - math.exp(-passed_s / _MISTAKEN_S)
    held = (1 - mistaken) * held + mistaken * _BEFORE
    fresh = 1 - math.exp(-passed_s / _MEMORY_S)
    logs = (1 - fresh) * np.log(np.maximum(held, 1e-12)) + fresh * np.log(np.maximum(now, 1e-12))
    joined = np.exp(logs - logs.max())
    return joined / joined.sum()


def _entropy(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


_BEFORE = np.append(PRIOR * (1 - _OTHER), _OTHER)
_PRIOR_ENTROPY = _entropy(PRIOR / PRIOR.sum())


def _told(
    time_s: float,
    held: np.ndarray,
    now: np.ndarray,
    seen: _Features,
    known: Known,
    reach: tuple[float | None, float | None],
    highest_m: float,
    lifted: float,
) -> Assessment:
    """The numbers under their names, with what is left open set aside, and the reason in words."""
    fits = float(1 - held[-1])
    odds = held[:-1] / max(held[:-1].sum(), 1e-300)
    open_share = min(_entropy(odds) / _PRIOR_ENTROPY, 1.0)
    unknown = 1 - fits * (1 - open_share)
    kinds_now = {name: float(p) for name, p in zip(KINDS, odds * (1 - unknown), strict=True)}
    kinds_now[UNKNOWN] = 1 - sum(kinds_now.values())
    # Phases of the kinds that are held, not only those that look so now.
    of_kind = now.sum(axis=2) / np.maximum(now.sum(axis=(1, 2)), 1e-300)[:, None]
    phases = odds @ of_kind
    phases = phases / phases.sum() if phases.sum() > 0 else np.full(len(PHASES), 1 / len(PHASES))
    ended = _ended(seen, known)
    phases = phases * (1 - ended)
    phases[ENDED] += ended
    none = now[NONE].sum(axis=0)[1:]
    sorts = none / none.sum() if none.sum() > 0 else np.full(len(SORTS) - 1, 1 / (len(SORTS) - 1))
    reason = _reason(kinds_now, seen, known, reach, fits, lifted)
    return Assessment(
        time_s,
        kinds_now,
        dict(zip(PHASES, map(float, phases), strict=True)),
        dict(zip(SORTS[1:], map(float, sorts), strict=True)),
        dict(zip(KINDS, map(float, odds), strict=True)),
        reason,
        reach[0],
        reach[1],
        highest_m,
        lifted,
        fits,
        tuple(map(float, held)),
    )


def _ended(seen: _Features, known: Known) -> float:
    """Whether it is down: it was seen to be, or has not been seen for longer than it can fall."""
    if known.down:
        return 1.0
    if known.unseen_s <= 0 or seen.perigee_m > 0:
        return 0.0
    climb = seen.climb_mps
    # With the centrifugal part of what flies around the Earth; a fall of what will burn on may take longer.
    pull = max(GM_M3PS2 / seen.radius_m**2 - seen.along_mps**2 / seen.radius_m, 0.5)
    fall_s = (climb + math.sqrt(climb**2 + 2 * pull * max(seen.height_m, 0.0))) / pull
    sigma_s = 0.15 * fall_s + seen.speed_sigma_mps / pull + 5.0
    return _normal_cdf((known.unseen_s - fall_s) / sigma_s) * (1 - 0.5 * float(seen.weight[BURNING]))


def _reason(
    told: Mapping[str, float],
    seen: _Features,
    known: Known,
    reach: tuple[float | None, float | None],
    fits: float,
    lifted: float,
) -> str:
    """What speaks for it, in one sentence."""
    name = max(told, key=told.__getitem__)
    path_deg = math.degrees(math.atan2(seen.climb_mps, seen.along_mps))
    parts = [
        f"{seen.height_m / 1e3:.0f} km high at {seen.speed_mps / 1e3:.2f} km/s, path {path_deg:+.0f} deg"
    ]
    if seen.weight[BURNING] > 0.5:
        parts.append(f"burning with {seen.thrust_mps2:.0f} m/s2")
    elif reach[0] is not None and name in KINDS[:4]:
        parts.append(f"energy for {reach[0]:,.0f} +- {reach[1]:,.0f} km")
    if lifted > 0.5:
        parts.append("has flown on lift")
    if seen.perigee_m - 2 * seen.perigee_sigma_m > _PERIGEE_M:
        parts.append(f"stays up, perigee {seen.perigee_m / 1e3:.0f} km")
    if known.flies_level:
        parts.append("keeps its height at a jet's speed")
    if known.notice is not None:
        parts.append("a notice tells of a launch" if known.notice else "no notice tells of a launch")
    if known.lost and seen.weight[BURNING] > 0.5:
        parts.append("lost while it burnt")
    if fits < 0.5:
        parts.append("like no kind of flight that is known")
    return f"{name} ({told[name]:.0%}): " + ", ".join(parts)


def _unknown(time_s: float) -> Assessment:
    """Nothing can be said."""
    prior = dict(zip(KINDS, map(float, PRIOR / PRIOR.sum()), strict=True))
    nothing = dict.fromkeys(KINDS, 0.0) | {UNKNOWN: 1.0}
    even = dict.fromkeys(PHASES, 1 / len(PHASES))
    sorts = dict.fromkeys(SORTS[1:], 1 / (len(SORTS) - 1))
    return Assessment(time_s, nothing, even, sorts, prior, f"{UNKNOWN}: the estimate is no number", fits=0.0)
