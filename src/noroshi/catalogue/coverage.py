"""What a user asks of a constellation's coverage, as typed at the door, and the answer."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from noroshi.catalogue.orbits import read_elements
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.flight.orbits import HEIGHT_MIN_M, SPREAD
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Coverage, Grid, Layer, Share, Times
from noroshi.sensing.search import DAY_S, STILL, TURNING, Criterion, Pattern, Searched, Wanted, search
from noroshi.sensing.visibility import Limits, merged

Told = Callable[[str, int, int], None]

CROSSING_DEG = 15.0
EARTHS = {"sphere": TURNING, "still": STILL, "wgs84": WGS84}
# Steps of the fastest layer's turn, and the most that are taken when nobody says how many.
_STEPS, _STEPS_MOST = 120, 2000
_PLACES_LEAST = 30
_HEIGHTS_KM = (HEIGHT_MIN_M / 1e3, 400_000.0)
_CRITERION = re.compile(r"\s*(gated\.)?(p1|p2|longest_gap_s|gap)\s*(>=|<=|≥|≤)\s*(\d*\.?\d+)\s*(%|s)?\s*")


@dataclass(frozen=True)
class Said:
    """A layer as it was asked for; None where a figure does not belong to its kind."""

    kind: str
    name: str
    satellites: int
    height_km: float | None = None
    inclination_deg: float | None = None
    pattern: str | None = None
    epoch_utc: datetime | None = None


@dataclass(frozen=True)
class Rule:
    """What ends a view, in the units of the options; None where nothing does."""

    target_km: float
    min_elevation_deg: float | None
    nadir_deg: float | None
    range_km: float | None
    crossing_deg: float
    intensity_w_per_sr: float | None
    threshold_w_per_m2: float | None

    @property
    def bright_range_km(self) -> float | None:
        """How far the target is bright enough."""
        if self.intensity_w_per_sr is None or self.threshold_w_per_m2 is None:
            return None
        return float(coverage.bright_range_m(self.intensity_w_per_sr, self.threshold_w_per_m2)) / 1e3

    def geometry(self) -> Limits:
        """Lines of sight alone."""

        def angle(deg: float | None) -> float | None:
            return None if deg is None else float(np.radians(deg))

        range_m = None if self.range_km is None else self.range_km * 1e3
        return Limits(angle(self.min_elevation_deg), angle(self.nadir_deg), range_m)

    def gated(self) -> Limits:
        """Those that count: bright enough, and for two in view crossing well."""
        limits = replace(self.geometry(), crossing_rad=float(np.radians(self.crossing_deg)))
        bright_km = self.bright_range_km
        return limits if bright_km is None else merged(limits, bright_km * 1e3)


@dataclass(frozen=True)
class Answer:
    """Layers and what they keep in view; `searched` where a constellation was looked for.

    Without layers nothing was found, and there is no coverage.
    """

    layers: tuple[Said, ...]
    rule: Rule
    band_deg: tuple[float, float]
    earth: str
    over: Earth
    places: Grid
    times: Times | None = None
    geometry: Coverage | None = None
    gated: Coverage | None = None
    at_start: np.ndarray | None = None
    criterion: Criterion | None = None
    searched: Searched | None = None

    def headline(self, found: Coverage) -> Share:
        """The coverage of the band that was asked for."""
        share = coverage.over(found, coverage.within(self.places, self.band_deg))
        assert share is not None
        return share


@dataclass(frozen=True)
class Typed:
    """Options of `noroshi coverage`, unchecked; None or empty where one was not given."""

    walkers: Sequence[str] = ()
    heights_km: Sequence[str] = ()
    inclinations_deg: Sequence[str] = ()
    patterns: Sequence[str] = ()
    elements: Path | None = None
    start: str | None = None
    target_km: float = 30.0
    min_elevation_deg: float | None = None
    limb: bool = False
    nadir_deg: float | None = None
    range_km: float | None = None
    band: str | None = None
    crossing_deg: float = CROSSING_DEG
    intensity_w_per_sr: float | None = None
    threshold_w_per_m2: float | None = None
    earth: str | None = None
    points: int = 4000
    steps: int | None = None
    minutes: float | None = None
    search: bool = False
    criterion: str | None = None
    totals: str | None = None
    planes: str | None = None

    def answer(self, told: Told = lambda what, done, of: None) -> Answer:
        """Check everything, then watch. Raises InputError that names the option."""
        rule, band = self._rule(), _band(self.band)
        name, earth = self._earth()
        places = coverage.grid(self.points, earth)
        if coverage.within(places, band).sum() < _PLACES_LEAST:
            need = f"holds fewer than {_PLACES_LEAST} of the {self.points:,} places."
            raise InputError("", "--band", self.band, need, "Widen it, or give more --points.")
        if not self.search:
            for option, value in (
                ("--criterion", self.criterion),
                ("--total", self.totals),
                ("--planes", self.planes),
            ):
                if value is not None:
                    raise InputError("", option, value, "belongs to a search.", "Give --search as well.")
            layers = self._layers(earth)
            return self._watched(Answer((), rule, band, name, earth, places), layers, told)
        wanted = self._wanted(rule, band)
        found = search(wanted, told)
        answer = Answer((), rule, band, name, earth, places, criterion=wanted.criterion, searched=found)
        best = found.best
        if best is None or best.pattern is None:
            return answer
        return self._watched(answer, [_planned(best.pattern, earth)], told)

    def _watched(self, answer: Answer, layers: Sequence[tuple[Said, Layer]], told: Told) -> Answer:
        eyes = [layer for _, layer in layers]
        times, rule = self._times(eyes, answer.over), answer.rule
        found = []
        for number, limits in enumerate((rule.geometry(), rule.gated())):
            told("coverage", number, 2)
            found.append(
                coverage.cover(eyes, answer.places, rule.target_km * 1e3, limits, times, answer.over)
            )
        told("coverage", 2, 2)
        at_start = np.concatenate([layer.at(np.zeros(1))[0] for layer in eyes])
        return replace(
            answer,
            layers=tuple(said for said, _ in layers),
            times=times,
            geometry=found[0],
            gated=found[1],
            at_start=at_start,
        )

    def _times(self, layers: Sequence[Layer], earth: Earth) -> Times:
        """One turn where all is then as it was; a day where the Earth turns below, so that gaps end."""
        turns_s = [layer.turn_s for layer in layers]
        lasts_s = max(turns_s) if not earth.rotation_radps else max(DAY_S, *turns_s)
        lasts_s = lasts_s if self.minutes is None else 60 * self.minutes
        steps = self.steps or min(max(8, math.ceil(_STEPS * lasts_s / min(turns_s))), _STEPS_MOST)
        if self.minutes is None and not earth.rotation_radps:
            return coverage.one_turn(layers, steps)
        return Times(lasts_s / steps, steps, False)

    def _rule(self) -> Rule:
        if self.limb and self.min_elevation_deg is not None:
            need = "is given together with --min-elevation-deg."
            raise InputError("", "--limb", None, need, "Give one or the other.")
        for option, value, low, high in (
            ("--target-km", self.target_km, 0, 2000),
            ("--min-elevation-deg", self.min_elevation_deg, -90, 89),
            ("--nadir-deg", self.nadir_deg, 0.1, 180),
            ("--range-km", self.range_km, 1, 1e6),
            ("--crossing-deg", self.crossing_deg, 0, 90),
            ("--intensity-w-per-sr", self.intensity_w_per_sr, 1e-6, 1e12),
            ("--threshold-w-per-m2", self.threshold_w_per_m2, 1e-20, 1e6),
            ("--points", self.points, 100, 1_000_000),
            ("--steps", self.steps, 1, 100_000),
            ("--minutes", self.minutes, 0.1, 60 * 24 * 31),
        ):
            if value is not None and not low <= value <= high:
                raise InputError("", option, value, f"must lie between {low:g} and {high:g}.")
        if (self.intensity_w_per_sr is None) != (self.threshold_w_per_m2 is None):
            missing = "--intensity-w-per-sr" if self.intensity_w_per_sr is None else "--threshold-w-per-m2"
            hint = "A target's intensity and a sensor's threshold belong together: give both or neither."
            raise InputError("", missing, None, "is missing.", hint)
        return Rule(
            self.target_km, self.min_elevation_deg, self.nadir_deg, self.range_km, self.crossing_deg,
            self.intensity_w_per_sr, self.threshold_w_per_m2,
        )  # fmt: skip

    def _earth(self) -> tuple[str, Earth]:
        """The sphere of tables for planned orbits; real satellites stand over the real Earth."""
        if self.earth not in (None, *EARTHS):
            raise InputError("", "--earth", self.earth, f"must be one of {', '.join(EARTHS)}.")
        if self.elements is not None and self.earth not in (None, "wgs84"):
            need = "is no Earth for real satellites."
            raise InputError("", "--earth", self.earth, need, "With --elements it is wgs84.")
        name = self.earth or ("sphere" if self.elements is None else "wgs84")
        return name, EARTHS[name]

    def _layers(self, earth: Earth) -> list[tuple[Said, Layer]]:
        heights = _numbers("--height-km", self.heights_km)
        inclinations = _numbers("--inclination-deg", self.inclinations_deg)
        patterns = _words("--pattern", self.patterns) or ["delta"]
        count = len(self.walkers)
        if not count and self.elements is None:
            hint = "Give --walker T/P/F with --height-km and --inclination-deg, or --elements FILE."
            raise InputError("", "--walker", None, "is missing.", hint)
        for option, given in (("--height-km", heights), ("--inclination-deg", inclinations)):
            if count and not given:
                raise InputError("", option, None, "is missing.", "A Walker constellation needs one.")
        for option, many in (
            ("--height-km", len(heights)),
            ("--inclination-deg", len(inclinations)),
            ("--pattern", len(self.patterns) and len(patterns)),
        ):
            if many not in (0, 1, count) or (many and not count):
                need = f"is given {many} times for {count} constellation{'' if count == 1 else 's'}."
                raise InputError("", option, None, need, "Give it once, or once for each --walker.")
        found = []
        for number, text in enumerate(self.walkers):
            height, inclination, kind = (
                values[number if len(values) > 1 else 0] for values in (heights, inclinations, patterns)
            )
            found.append(_planned(Pattern(*_walker(text), height, inclination, kind), earth))  # type: ignore[arg-type]
        if self.elements is not None:
            found.append(self._published(self.elements))
        elif self.start is not None:
            raise InputError("", "--start", self.start, "belongs to --elements.")
        return found

    def _published(self, path: Path) -> tuple[Said, Layer]:
        sets = read_elements(path)
        epoch = max(sets.epoch_utc) if self.start is None else _moment(self.start)
        layer = coverage.published(path.stem, sets, epoch)
        if not layer.turn_s:
            need = "holds no satellite that is still in orbit at the start."
            raise InputError(str(path), "", None, need, "Name another --start.")
        return Said("elements", path.name, layer.count, epoch_utc=epoch), layer

    def _wanted(self, rule: Rule, band: tuple[float, float]) -> Wanted:
        for option, value in (
            ("--walker", " ".join(self.walkers) or None),
            ("--elements", self.elements and str(self.elements)),
            ("--start", self.start),
        ):
            if value is not None:
                hint = "Leave it out, or leave --search out."
                raise InputError("", option, value, "is given together with --search.", hint)
        heights = _numbers("--height-km", self.heights_km)
        for height in heights:
            if not _HEIGHTS_KM[0] <= height <= _HEIGHTS_KM[1]:
                need = f"must lie between {_HEIGHTS_KM[0]:g} and {_HEIGHTS_KM[1]:g} km."
                raise InputError("", "--height-km", height, need)
        inclinations = _numbers("--inclination-deg", self.inclinations_deg)
        for inclination in inclinations:
            if not 0 <= inclination <= 180:
                raise InputError("", "--inclination-deg", inclination, "must lie between 0 and 180 deg.")
        return Wanted(
            _criterion(self.criterion),
            band,
            rule.target_km * 1e3,
            rule.geometry(),
            rule.gated(),
            _whole("--total", self.totals or "1-100", 2000),
            _whole("--planes", self.planes or "1-12", 100),
            heights or [1000.0],
            inclinations or [50.0, 65.0, 81.0],
            _words("--pattern", self.patterns) or ["delta"],
        )


def _planned(one: Pattern, earth: Earth) -> tuple[Said, Layer]:
    said = Said("walker", one.name, one.total, one.height_km, one.inclination_deg, one.pattern)
    return said, coverage.planned(one.name, one.elements(earth), earth)


def _walker(text: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*/\s*(\d{1,5})\s*/\s*(\d{1,5})\s*", text)
    if match is None:
        hint = "Write satellites/planes/phasing, such as 28/4/1."
        raise InputError("", "--walker", text, "is no Walker pattern.", hint)
    total, planes, phasing = (int(part) for part in match.groups())
    if total > 20_000:
        raise InputError("", "--walker", text, "must have at most 20,000 satellites.")
    return total, planes, phasing


def _numbers(option: str, given: Sequence[str]) -> list[float]:
    """Numbers, given again and again or with commas between."""
    found = []
    for part in ",".join(given).split(",") if given else ():
        try:
            found.append(float(part))
        except ValueError:
            found.append(float("nan"))
        if not np.isfinite(found[-1]):
            raise InputError("", option, part, "must be a number.", "Several have commas between.")
    return found


def _words(option: str, given: Sequence[str]) -> list[str]:
    """Kinds of pattern, given again and again or with commas between."""
    found = ",".join(given).replace(" ", "").split(",") if given else []
    for one in found:
        if one not in SPREAD:
            raise InputError("", option, one, "must be delta (planes over 360°) or star (over 180°).")
    return found


def _whole(option: str, text: str, most: int) -> list[int]:
    """'4-40' or '4,8,12' or both, as whole numbers in order."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        low = int(match[1]) if match else 0
        high = int(match[2] or match[1]) if match else 0
        if not 1 <= low <= high <= most:
            hint = f"Write 4-40 or 4,8,12, from 1 to {most}."
            raise InputError("", option, text, "is no list of whole numbers.", hint)
        found.update(range(low, high + 1))
    return sorted(found)


def _band(text: str | None) -> tuple[float, float]:
    """'20,50' as its southern and northern edge; the whole Earth where nothing is said."""
    if text is None:
        return -90.0, 90.0
    try:
        south, north = (float(part) for part in text.split(","))
    except ValueError:
        hint = "Write south,north, such as 20,50."
        raise InputError("", "--band", text, "is no band of latitude.", hint) from None
    if not -90 <= south < north <= 90:
        need = "must go from south to north, within -90 and 90 deg."
        raise InputError("", "--band", text, need)
    return south, north


def _criterion(text: str | None) -> Criterion:
    """'p2>=0.95', '95 %' too, 'gap<=300'; 'gated.' before it asks for what counts."""
    match = _CRITERION.fullmatch(text if text is not None else "p2>=0.95")
    measure = "longest_gap_s" if match and "gap" in match[2] else match[2] if match else ""
    gap = measure == "longest_gap_s"
    if match is None or gap != (match[3] in ("<=", "≤")) or match[5] == ("%" if gap else "s"):
        hint = "Write p1>=0.99, p2>=0.95 or gap<=300 (s), with gated. before it for what counts."
        raise InputError("", "--criterion", text, "is no criterion.", hint)
    bound = float(match[4]) / (100 if match[5] else 1) if not gap else float(match[4])
    if not gap and not 0 < bound <= 1:
        raise InputError("", "--criterion", text, "needs a share above 0 and at most 1.")
    return Criterion(measure, bound, bool(match[1]))


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write it as 2026-07-01T12:00:00Z."
        raise InputError("", "--start", text, "is no date and time.", hint) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
