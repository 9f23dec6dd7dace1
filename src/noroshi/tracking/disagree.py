"""National assessments beside each other and beside the merged one: where they differ, and by how much.

Governments publish different figures of one flight (2024-01-14: "at least 500" and "about 1,000" km), for
each analyses what it has on its own. Who hides that behind one merged answer hides how unsure it is.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri_exp

from noroshi.earth import geometry
from noroshi.records.tracks import Estimate

MERGED = "merged"
# A class that says nothing.
UNKNOWN = "not yet known"
# One pair in 370 that agree differs by more, were they independent and their uncertainties right.
DIFFERS_SIGMA = 3.0
# Two that share less than half of their probability mean different things. Assumption, 0.3 to 0.7.
_SHARED = 0.5
# Of a 95 % ellipse: half axis over sigma, the root of the chi-square quantile of 2 degrees, -2 ln 0.05.
_AXIS_SIGMA = math.sqrt(-2 * math.log(0.05))


@dataclass(frozen=True)
class Place:
    """A point on the ground with its 95 % ellipse."""

    lat_deg: float
    lon_deg: float
    semi_major_km: float
    semi_minor_km: float
    major_azimuth_deg: float

    @classmethod
    def round(cls, lat_deg: float, lon_deg: float, sigma_km: float) -> "Place":
        """A point that is known as well in every direction, 1 sigma per axis."""
        return cls(lat_deg, lon_deg, sigma_km * _AXIS_SIGMA, sigma_km * _AXIS_SIGMA, 0.0)


@dataclass(frozen=True)
class Assessment:
    """What one nation, or all together ("merged"), takes an object for; None or empty where it does not say.

    `estimate` is compared where both stand at one time: carry them there first. `classes` are probabilities,
    `count` is of objects in its raid.
    """

    nation: str
    estimate: Estimate | None = None
    impact: Place | None = None
    impact_time_s: float | None = None
    impact_time_sigma_s: float | None = None
    launch: Place | None = None
    launch_time_s: float | None = None
    launch_time_sigma_s: float | None = None
    classes: Mapping[str, float] = field(default_factory=dict)
    count: int | None = None


@dataclass(frozen=True)
class Disagreement:
    """How two assessments compare in one thing.

    `difference` is in `unit`; `sigmas` is how unusual that is for the uncertainties that both state, as of a
    Gaussian of one dimension, and None where they state none. `agrees` is None where nobody can tell.
    """

    between: tuple[str, str]
    about: str
    difference: float
    unit: str
    sigmas: float | None
    agrees: bool | None
    verdict: str


@dataclass(frozen=True)
class SideBySide:
    """Assessments that can be used, each comparison of two of them, and why others were refused."""

    assessments: tuple[Assessment, ...]
    comparisons: tuple[Disagreement, ...]
    refused: Mapping[str, str]

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Comparisons that differ, the widest apart first."""
        differ = [one for one in self.comparisons if one.agrees is False]
        return tuple(sorted(differ, key=lambda one: -(one.sigmas or 0.0)))


def compare(assessments: Sequence[Assessment], merged: Assessment | None = None) -> SideBySide:
    """Every pair of nations, and every nation beside the merged one, in all that both speak of.

    Stated uncertainties are added as if independent. What two have in common makes their true difference
    smaller, so that agreement with the merged assessment, which rests on theirs, says little; a difference
    says much.
    """
    told = [*assessments, *([merged] if merged else [])]
    reasons = {one.nation: reason for one in told if (reason := refused(one))}
    kept = tuple(one for one in told if one.nation not in reasons)
    return SideBySide(
        kept, tuple(line for pair in itertools.combinations(kept, 2) for line in _two(*pair)), reasons
    )


def refused(one: Assessment) -> str | None:
    """Why an assessment cannot stand beside others, or None."""
    for name, place in (("impact", one.impact), ("launch", one.launch)):
        if place is not None and (reason := _nowhere(place)):
            return f"{name}: {reason}"
    times = ("impact_time_s", "launch_time_s", "impact_time_sigma_s", "launch_time_sigma_s")
    for name in times:
        value = getattr(one, name)
        if value is not None and not (math.isfinite(value) and (value > 0 or "sigma" not in name)):
            return f"{name} = {value}"
    chances = list(one.classes.values())
    if chances and not (all(0 <= p <= 1 for p in chances) and abs(sum(chances) - 1) < 1e-3):
        return f"probabilities of classes sum to {sum(chances):g}, the least is {min(chances):g}"
    if one.count is not None and not one.count >= 0:
        return f"count = {one.count}"
    return _nonsense(one.estimate) if one.estimate is not None else None


def _nowhere(place: Place) -> str | None:
    if not all(math.isfinite(value) for value in vars(place).values()):
        return "not finite"
    if not (abs(place.lat_deg) <= 90 and abs(place.lon_deg) <= 360):
        return f"latitude {place.lat_deg:g}, longitude {place.lon_deg:g}"
    if not 0 < place.semi_minor_km <= place.semi_major_km:
        return f"ellipse of {place.semi_major_km:g} by {place.semi_minor_km:g} km"
    return None


def _nonsense(estimate: Estimate) -> str | None:
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    if not (np.isfinite(mean).all() and np.isfinite(cov).all() and np.isfinite(float(estimate.time_s))):
        return "estimate: not finite"
    size2 = np.diag(cov)
    if (size2 <= 0).any() or np.linalg.eigvalsh(cov / np.sqrt(size2) / np.sqrt(size2)[:, None])[0] <= 0:
        return "estimate: covariance not positive"
    return None


def _two(a: Assessment, b: Assessment) -> list[Disagreement]:
    lines = [
        *_places("impact place", a, b, a.impact, b.impact),
        *_times(
            "impact time",
            a,
            b,
            a.impact_time_s,
            b.impact_time_s,
            a.impact_time_sigma_s,
            b.impact_time_sigma_s,
        ),
        *_places("launch place", a, b, a.launch, b.launch),
        *_times(
            "launch time",
            a,
            b,
            a.launch_time_s,
            b.launch_time_s,
            a.launch_time_sigma_s,
            b.launch_time_sigma_s,
        ),
        *_ranges(a, b),
        *_states(a, b),
    ]
    if a.classes and b.classes:
        lines.append(_classes(a, b))
    if a.count is not None and b.count is not None:
        lines.append(_counts(a, b))
    return lines


def _line(
    a: Assessment, b: Assessment, about: str, difference: float, unit: str, sigmas: float | None
) -> list[Disagreement]:
    apart = f"{abs(difference):.0f} {unit} apart"
    if sigmas is None:
        agrees, verdict = None, f"{apart} in {about}, uncertainty not told"
    elif sigmas <= DIFFERS_SIGMA:
        agrees, verdict = True, f"agrees in {about}: {apart}, {sigmas:.1f} sigma"
    else:
        agrees, verdict = False, f"differs by {sigmas:.1f} sigma in {about}: {apart}"
    return [Disagreement((a.nation, b.nation), about, difference, unit, sigmas, agrees, verdict)]


def _places(
    about: str, a: Assessment, b: Assessment, one: Place | None, two: Place | None
) -> list[Disagreement]:
    if one is None or two is None:
        return []
    away_km, there, back = _between(one, two)
    # Along the great circle and across it, at either end: they are the same way at both.
    spread = _axes(one, there) + _axes(two, back + math.pi)
    distance2 = away_km**2 * float(np.linalg.inv(spread)[0, 0])
    # Two degrees of freedom: a difference beyond it by chance has the probability exp(-distance2 / 2).
    return _line(a, b, about, away_km, "km", _sigmas(-distance2 / 2))


def _times(
    about: str,
    a: Assessment,
    b: Assessment,
    one_s: float | None,
    two_s: float | None,
    sigma_s: float | None,
    other_s: float | None,
) -> list[Disagreement]:
    if one_s is None or two_s is None:
        return []
    late_s = two_s - one_s
    spread_s = None if sigma_s is None or other_s is None else math.hypot(sigma_s, other_s)
    return _line(a, b, about, late_s, "s", None if spread_s is None else abs(late_s) / spread_s)


def _ranges(a: Assessment, b: Assessment) -> list[Disagreement]:
    """The figure that governments publish: from launch to impact."""
    figures = [_range(one.launch, one.impact) for one in (a, b) if one.launch and one.impact]
    if len(figures) < 2:
        return []
    (one_km, sigma_km), (two_km, other_km) = figures
    farther_km = two_km - one_km
    return _line(a, b, "range", farther_km, "km", abs(farther_km) / math.hypot(sigma_km, other_km))


def _range(launch: Place, impact: Place) -> tuple[float, float]:
    """Range and its sigma, km."""
    away_km, there, back = _between(launch, impact)
    return away_km, math.sqrt(_axes(launch, there)[0, 0] + _axes(impact, back)[0, 0])


def _states(a: Assessment, b: Assessment) -> list[Disagreement]:
    """Place and velocity where both stand at one time."""
    if a.estimate is None or b.estimate is None or float(a.estimate.time_s) != float(b.estimate.time_s):
        return []
    off = (np.asarray(b.estimate.mean) - np.asarray(a.estimate.mean))[:6]
    spread = (np.asarray(a.estimate.cov) + np.asarray(b.estimate.cov))[:6, :6]
    half = float(off @ np.linalg.solve(spread, off)) / 2
    # Six degrees of freedom: exp(-h) (1 + h + h^2 / 2).
    return _line(
        a,
        b,
        "state",
        float(np.linalg.norm(off[:3])) / 1e3,
        "km",
        _sigmas(-half + math.log1p(half + half**2 / 2)),
    )


def _sigmas(log_chance: float) -> float:
    """The two-sided Gaussian deviation of the same chance."""
    return max(0.0, -float(ndtri_exp(log_chance - math.log(2))))


def _classes(a: Assessment, b: Assessment) -> Disagreement:
    """By the probability that both put on the same; one that does not yet know contradicts nobody."""
    between = (a.nation, b.nation)
    tops = [max(one.classes.items(), key=lambda item: (item[1], item[0])) for one in (a, b)]
    apart = 1 - sum(min(chance, b.classes.get(name, 0.0)) for name, chance in a.classes.items())
    silent = [nation for nation, (name, _) in zip(between, tops, strict=True) if name == UNKNOWN]
    if silent:
        words = f"{' and '.join(silent)} {'do' if len(silent) > 1 else 'does'} not yet know the class"
        return Disagreement(between, "class", apart, "probability", None, None, words)
    said = [f"{chance:.0%} {name}" for name, chance in tops]
    agrees = apart <= 1 - _SHARED
    if agrees:
        words = f"agrees in class: {said[0]} and {said[1]}"
    else:
        words = f"differs in class: {a.nation} says {said[0]}, {b.nation} {said[1]}"
    return Disagreement(between, "class", apart, "probability", None, agrees, words)


def _counts(a: Assessment, b: Assessment) -> Disagreement:
    agrees = a.count == b.count
    if agrees:
        words = f"agrees in count: {a.count}"
    else:
        words = f"{a.nation} sees {a.count} object{'s' if a.count != 1 else ''}, {b.nation} {b.count}"
    return Disagreement(
        (a.nation, b.nation), "count", float((b.count or 0) - (a.count or 0)), "objects", None, agrees, words
    )


def _between(one: Place, two: Place) -> tuple[float, float, float]:
    """Distance, km, and the bearing from each to the other, rad."""
    here, there = np.radians([one.lat_deg, one.lon_deg]), np.radians([two.lat_deg, two.lon_deg])
    away_m, out = geometry.great_circle(*here, *there)
    _, back = geometry.great_circle(*there, *here)
    return float(away_m) / 1e3, float(out), float(back)


def _axes(place: Place, bearing_rad: float) -> np.ndarray:
    """Covariance [2, 2], km2, along a bearing and to the right of it."""
    turn = math.radians(place.major_azimuth_deg) - bearing_rad
    major = np.array([math.cos(turn), math.sin(turn)]) * place.semi_major_km / _AXIS_SIGMA
    minor = np.array([-math.sin(turn), math.cos(turn)]) * place.semi_minor_km / _AXIS_SIGMA
    return np.outer(major, major) + np.outer(minor, minor)
