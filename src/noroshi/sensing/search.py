"""The smallest Walker constellation that keeps a band of latitude in view.

Shares of time are taken over a round Earth at rest, where a pattern comes again each time a satellite takes
the place of the next one of its plane: that short while, over all longitudes, is all there is to look at, and
what turns below sees the mean of it. A gap ends when the Earth carries a place out of it, so gaps are
measured over an Earth that turns, for a day.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from noroshi.earth.constants import ROTATION_RADPS
from noroshi.earth.model import Earth, sphere
from noroshi.flight.orbits import Elements, walker
from noroshi.sensing import coverage
from noroshi.sensing.caps import RADIUS_M, period_s
from noroshi.sensing.visibility import Limits

STILL = sphere(RADIUS_M)
TURNING = sphere(RADIUS_M, rotation_radps=ROTATION_RADPS)
DAY_S = 86_400.0


@dataclass(frozen=True)
class _Fine:
    """How finely a pattern is looked at: places of the band, steps of a turn for shares and for gaps."""

    places: int
    steps: int
    gap_steps: int


# First coarsely, then as finely as the answer. What a screen finds a little short is still looked at again.
_SCREEN, _FULL = _Fine(256, 96, 48), _Fine(1024, 360, 120)
_SLACK = 0.03


@dataclass(frozen=True)
class Criterion:
    """p1 or p2 of at least a share, or a longest gap of at most so many seconds."""

    measure: str
    bound: float
    gated: bool = False

    def short(self, share: coverage.Share, slack: float = 0.0) -> bool:
        """Whether a coverage falls short by more than `slack` (of a share, or of seconds)."""
        if self.measure == "longest_gap_s":
            return share.longest_gap_s > self.bound + slack
        return getattr(share, self.measure) < self.bound - slack


@dataclass(frozen=True)
class Pattern:
    """A Walker constellation T/P/F."""

    total: int
    planes: int
    phasing: int
    height_km: float
    inclination_deg: float
    pattern: str = "delta"

    @property
    def name(self) -> str:
        """T/P/F."""
        return f"{self.total}/{self.planes}/{self.phasing}"

    def elements(self, earth: Earth) -> Elements:
        """Its orbits."""
        return walker(
            self.total,
            self.planes,
            self.phasing,
            self.inclination_deg,
            self.height_km,
            self.pattern,
            earth=earth,
        )


@dataclass(frozen=True)
class Wanted:
    """What is looked for, and among which patterns; heights in km, angles and the band in deg."""

    criterion: Criterion
    band_deg: tuple[float, float]
    target_m: float
    geometry: Limits
    gated: Limits
    totals: Sequence[int]
    planes: Sequence[int]
    heights_km: Sequence[float]
    inclinations_deg: Sequence[float]
    patterns: Sequence[str] = ("delta",)


@dataclass(frozen=True)
class Found:
    """The smallest constellation of one height, inclination and kind; None where none of the set will do."""

    height_km: float
    inclination_deg: float
    kind: str
    pattern: Pattern | None = None
    share: coverage.Share | None = None


@dataclass(frozen=True)
class Searched:
    """The smallest of each height, inclination and kind, and how many patterns were looked at on the way."""

    trade: tuple[Found, ...]
    asked: int
    screened: int
    confirmed: int

    @property
    def best(self) -> Found | None:
        """The smallest of all; of equals the one that sees most."""
        met = [one for one in self.trade if one.pattern and one.share]
        return min(met, key=_rank, default=None)


def _rank(one: Found) -> tuple[float, ...]:
    assert one.pattern and one.share
    return (one.pattern.total, -one.share.p2, -one.share.p1, one.share.longest_gap_s)


def patterns(
    wanted: Wanted, total: int, height_km: float, inclination_deg: float, kind: str
) -> Iterator[Pattern]:
    """Every pattern of so many satellites, of the planes that are looked at, with every phasing."""
    for planes in wanted.planes:
        if total % planes == 0:
            for phasing in range(planes):
                yield Pattern(total, planes, phasing, height_km, inclination_deg, kind)


def search(
    wanted: Wanted,
    told: Callable[[str, int, int], None] = lambda what, done, of: None,
    threads: int | None = None,
) -> Searched:
    """For each height, inclination and kind the smallest pattern that meets the criterion.

    Totals are tried from the smallest on; those too small by the mean number in view are passed over. `told`
    hears how many patterns are done.
    """
    look = _Look(wanted, threads)
    cases = [
        (height_km, inclination_deg, kind)
        for height_km in wanted.heights_km
        for inclination_deg in wanted.inclinations_deg
        for kind in wanted.patterns
    ]
    each = {total: sum(p for p in wanted.planes if total % p == 0) for total in sorted(set(wanted.totals))}
    asked, done, trade = len(cases) * sum(each.values()), 0, []
    for case in cases:
        found = Found(*case)
        least = look.least_total(*case)
        for total, count in each.items():
            done += count
            if found.pattern is None and total >= least:
                found = look.smallest(found, total)
                told("patterns", done, asked)
        told("patterns", done, asked)
        trade.append(found)
    return Searched(tuple(trade), asked, look.screened, look.confirmed)


class _Look:
    """Looks at one pattern after the other, and counts them."""

    def __init__(self, wanted: Wanted, threads: int | None) -> None:
        self.wanted, self.threads = wanted, threads
        self.screened = self.confirmed = 0

    def least_total(self, height_km: float, inclination_deg: float, kind: str) -> int:
        """Satellites that it takes for a mean in view as high as the share (twice that, for two in view)."""
        criterion = self.wanted.criterion
        if criterion.measure == "longest_gap_s":
            return 1
        one = Pattern(1, 1, 0, height_km, inclination_deg, kind)
        each = self.shares(one, _FULL, self.wanted.geometry).mean_in_view
        need = criterion.bound * (2 if criterion.measure == "p2" else 1)
        # A hundredth for what the grid leaves open.
        return math.ceil(0.99 * need / each) if each > 0 else 1 << 30

    def smallest(self, found: Found, total: int) -> Found:
        """`found` with the best pattern of this total that meets the criterion; as it was where none does."""
        wanted, criterion = self.wanted, self.wanted.criterion
        likely = []
        for one in patterns(wanted, total, found.height_km, found.inclination_deg, found.kind):
            slack = _SLACK
            if criterion.measure == "longest_gap_s":
                slack = 2 * _turn_s(one) / _SCREEN.gap_steps
            share = self._asked(one, _SCREEN, wanted.geometry, slack)
            self.screened += 1
            if not criterion.short(share, slack):
                likely.append((_order(criterion, share), one))
        limits = wanted.gated if criterion.gated else wanted.geometry
        for _, one in sorted(likely, key=lambda pair: pair[0]):
            self.confirmed += 1
            if not criterion.short(self._asked(one, _FULL, limits, 0.0)):
                shares, gaps = self.shares(one, _FULL, limits), self.gaps(one, _FULL, limits)
                whole = replace(shares, longest_gap_s=gaps.longest_gap_s)
                return replace(found, pattern=one, share=whole)
        return found

    def _asked(self, pattern: Pattern, fine: _Fine, limits: Limits, slack: float) -> coverage.Share:
        """What the criterion is about; a gap only until it is too long."""
        criterion = self.wanted.criterion
        if criterion.measure == "longest_gap_s":
            return self.gaps(pattern, fine, limits, criterion.bound + slack)
        return self.shares(pattern, fine, limits)

    def shares(self, pattern: Pattern, fine: _Fine, limits: Limits) -> coverage.Share:
        """Over an Earth at rest, until each satellite is where the next of its plane was."""
        per_plane = pattern.total // pattern.planes
        steps = max(8, math.ceil(fine.steps / per_plane))
        times = coverage.Times(_turn_s(pattern) / per_plane / steps, steps, True)
        return self._band(pattern, fine, limits, times, STILL)

    def gaps(self, pattern: Pattern, fine: _Fine, limits: Limits, most_s: float = math.inf) -> coverage.Share:
        """Over an Earth that turns, for a day, or until a gap is longer than `most_s`."""
        steps = math.ceil(DAY_S / _turn_s(pattern) * fine.gap_steps)
        return self._band(pattern, fine, limits, coverage.Times(DAY_S / steps, steps, False), TURNING, most_s)

    def _band(
        self,
        pattern: Pattern,
        fine: _Fine,
        limits: Limits,
        times: coverage.Times,
        earth: Earth,
        gap_most_s: float = math.inf,
    ) -> coverage.Share:
        places = coverage.grid(fine.places, earth, self.wanted.band_deg)
        layer = coverage.planned(pattern.name, pattern.elements(earth), earth)
        target_m = self.wanted.target_m
        found = coverage.cover([layer], places, target_m, limits, times, earth, self.threads, gap_most_s)
        whole = coverage.over(found, np.ones(fine.places, bool))
        assert whole is not None
        return whole


def _turn_s(pattern: Pattern) -> float:
    return float(period_s(pattern.height_km * 1e3))


def _order(criterion: Criterion, share: coverage.Share) -> tuple[float, ...]:
    """Best first, by what is asked for."""
    if criterion.measure == "longest_gap_s":
        return (share.longest_gap_s, -share.p1)
    return (-getattr(share, criterion.measure), -share.p2)
