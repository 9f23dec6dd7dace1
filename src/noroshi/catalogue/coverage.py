"""What a user asks of coverage by a constellation, a net of radars or both, as typed, and the answer."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from noroshi.catalogue import options
from noroshi.catalogue.covered import Answer, Rule, Said
from noroshi.catalogue.nets import load_net, reached, satellites_of
from noroshi.catalogue.orbits import read_elements
from noroshi.catalogue.shares import Eyes, Watch, contributions, owners
from noroshi.earth.constants import ORBIT_HEIGHT_MIN_M
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.sensing import coverage, reach
from noroshi.sensing.coverage import Grid, Layer, Times
from noroshi.sensing.reach import Reach
from noroshi.sensing.search import DAY_S, STILL, TURNING, Pattern, Wanted, search

Told = Callable[[str, int, int], None]

CROSSING_DEG = 15.0
EARTHS = {"sphere": TURNING, "still": STILL, "wgs84": WGS84}
# Steps of the fastest layer's turn, and the most that are taken when nobody says how many.
_STEPS, _STEPS_MOST = 120, 2000
_PLACES_LEAST = 30
# Places over the whole Earth: a satellite's view is wide, a radar's is not.
_POINTS, _POINTS_NET = 4000, 100_000
_HEIGHTS_KM = (ORBIT_HEIGHT_MIN_M / 1e3, 400_000.0)


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
    points: int | None = None
    steps: int | None = None
    minutes: float | None = None
    search: bool = False
    criterion: str | None = None
    totals: str | None = None
    planes: str | None = None
    nations: str | None = None
    net: str | None = None
    rcs_m2: float | None = None

    def answer(self, told: Told = lambda what, done, of: None) -> Answer:
        """Check everything, then watch. Raises InputError that names the option."""
        rule, band = self._rule(), options.band(self.band)
        name, earth = self._earth()
        asked = options.nations(self.nations)
        points = self.points or (_POINTS if self.net is None else _POINTS_NET)
        places = coverage.grid(points, earth)
        if band is not None and coverage.within(places, band).sum() < _PLACES_LEAST:
            need = f"holds fewer than {_PLACES_LEAST} of the {points:,} places."
            raise InputError("", "--band", self.band, need, "Widen it, or give more --points.")
        area_km2 = 4 * np.pi * earth.mean_radius_m**2 / 1e6
        answer = Answer((), rule, band, name, earth, places, place_km2=area_km2 / points)
        if not self.search:
            for option, value in (
                ("--criterion", self.criterion),
                ("--total", self.totals),
                ("--planes", self.planes),
            ):
                if value is not None:
                    raise InputError("", option, value, "belongs to a search.", "Give --search as well.")
            layers = self.layers(earth)
            return self._watched(answer, layers, asked, told)
        if any(count is not None for _, count in asked):
            need = "gives numbers, and a search does not know how many satellites it will find."
            raise InputError("", "--nations", self.nations, need, "Name the nations alone.")
        wanted = self._wanted(rule, band or (-90.0, 90.0))
        found = search(wanted, told)
        answer = replace(answer, criterion=wanted.criterion, searched=found)
        best = found.best
        if best is None or best.pattern is None:
            return answer
        return self._watched(answer, [_planned(best.pattern, earth)], asked, told)

    def _watched(
        self,
        answer: Answer,
        layers: Sequence[tuple[Said, Layer]],
        asked: Sequence[tuple[str, int | None]],
        told: Told,
    ) -> Answer:
        rule = answer.rule
        whose = owners(asked, [(said.satellites, said.planes) for said, _ in layers])
        eyes = [
            Eyes(layer, owner, rule.geometry(), rule.gated())
            for (_, layer), owner in zip(layers, whose, strict=True)
        ]
        radars, radar_owner = reach.nothing(len(answer.places.lat_deg)), np.zeros(0, dtype="U3")
        if self.net is not None and rule.rcs_m2 is not None:
            net = load_net(self.net, [nation for nation, _ in asked])
            radars, never = reached(net, answer.places, rule.target_km, rule.rcs_m2, rule.intensity_w_per_sr)
            if answer.band_deg is None and radars.geometry.any():
                near = radars.geometry.any(axis=0)
                there = Grid(answer.places.lat_deg[near], answer.places.lon_deg[near])
                answer = replace(answer, places=there)
                radars = Reach(radars.geometry[:, near], radars.gated[:, near])
            answer = replace(answer, net=net, never=never)
            radar_owner = np.array([one.nation for one in net.of("radar")], dtype="U3")
            if rule.intensity_w_per_sr is not None:
                crossing_rad = math.radians(rule.crossing_deg)
                more = satellites_of(net, rule.intensity_w_per_sr, crossing_rad)
                eyes += [] if more is None else [more]
        times = self._times([one.layer for one in eyes], answer.over) if eyes else None
        still = Times(1.0, 1, True)
        target_m = rule.target_km * 1e3
        watch = Watch(tuple(eyes), radars, radar_owner, answer.places, target_m, times or still, answer.over)
        found = []
        for number, gated in enumerate((False, True)):
            told("coverage", number, 2)
            found.append(watch.cover(gated))
        told("coverage", 2, 2)
        at_start = [one.layer.at(np.zeros(1))[0] for one in eyes]
        return replace(
            answer,
            layers=tuple(said for said, _ in layers),
            times=times,
            geometry=found[0],
            gated=found[1],
            at_start=np.concatenate([np.zeros((0, 3)), *at_start]),
            nations=contributions(watch, told) if asked or answer.net is not None else (),
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

    def check_bounds(self) -> None:
        """Raise InputError for a number outside what its option means."""
        for option, value, low, high in (
            ("--target-km", self.target_km, 0, 2000),
            ("--min-elevation-deg", self.min_elevation_deg, -90, 89),
            ("--nadir-deg", self.nadir_deg, 0.1, 180),
            ("--range-km", self.range_km, 1, 1e6),
            ("--crossing-deg", self.crossing_deg, 0, 90),
            ("--intensity-w-per-sr", self.intensity_w_per_sr, 1e-6, 1e12),
            ("--threshold-w-per-m2", self.threshold_w_per_m2, 1e-20, 1e6),
            ("--rcs-m2", self.rcs_m2, 1e-6, 1e5),
            ("--points", self.points, 100, 1_000_000),
            ("--steps", self.steps, 1, 100_000),
            ("--minutes", self.minutes, 0.1, 60 * 24 * 31),
        ):
            if value is not None and not low <= value <= high:
                raise InputError("", option, value, f"must lie between {low:g} and {high:g}.")

    def _rule(self) -> Rule:
        if self.limb and self.min_elevation_deg is not None:
            need = "is given together with --min-elevation-deg."
            raise InputError("", "--limb", None, need, "Give one or the other.")
        self.check_bounds()
        # The satellites of a net have thresholds of their own.
        own = self.net is not None and not self.walkers and self.elements is None
        if (self.intensity_w_per_sr is None) != (self.threshold_w_per_m2 is None) and not (
            own and self.threshold_w_per_m2 is None
        ):
            missing = "--intensity-w-per-sr" if self.intensity_w_per_sr is None else "--threshold-w-per-m2"
            hint = "A target's intensity and a sensor's threshold belong together: give both or neither."
            raise InputError("", missing, None, "is missing.", hint)
        if self.net is not None and self.rcs_m2 is None:
            hint = "How far a radar sees depends on the target's cross-section."
            raise InputError("", "--rcs-m2", None, "is missing.", hint)
        if self.net is None and self.rcs_m2 is not None:
            raise InputError("", "--rcs-m2", self.rcs_m2, "belongs to a net.", "Give --net as well.")
        return Rule(
            self.target_km, self.min_elevation_deg, self.nadir_deg, self.range_km, self.crossing_deg,
            self.intensity_w_per_sr, self.threshold_w_per_m2, self.rcs_m2,
        )  # fmt: skip

    def _earth(self) -> tuple[str, Earth]:
        """The sphere of tables for planned orbits; real satellites stand over the real Earth."""
        if self.earth not in (None, *EARTHS):
            raise InputError("", "--earth", self.earth, f"must be one of {', '.join(EARTHS)}.")
        for given, what, option in (
            (self.elements, "real satellites", "--elements"),
            (self.net, "real places", "--net"),
        ):
            if given is not None and self.earth not in (None, "wgs84"):
                need = f"is no Earth for {what}."
                raise InputError("", "--earth", self.earth, need, f"With {option} it is wgs84.")
        real = self.elements is not None or self.net is not None
        name = self.earth or ("wgs84" if real else "sphere")
        return name, EARTHS[name]

    def layers(self, earth: Earth) -> list[tuple[Said, Layer]]:
        """The constellations that were asked for. Raises InputError that names the option."""
        heights = options.numbers("--height-km", self.heights_km)
        inclinations = options.numbers("--inclination-deg", self.inclinations_deg)
        patterns = options.words("--pattern", self.patterns) or ["delta"]
        count = len(self.walkers)
        if not count and self.elements is None and self.net is None:
            hint = "Give --walker T/P/F with --height-km and --inclination-deg, --elements FILE, or --net."
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
            found.append(_planned(Pattern(*options.walker(text), height, inclination, kind), earth))  # type: ignore[arg-type]
        if self.elements is not None:
            found.append(self._published(self.elements))
        elif self.start is not None:
            raise InputError("", "--start", self.start, "belongs to --elements.")
        return found

    def _published(self, path: Path) -> tuple[Said, Layer]:
        sets = read_elements(path)
        epoch = max(sets.epoch_utc) if self.start is None else options.moment(self.start)
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
            ("--net", self.net),
        ):
            if value is not None:
                hint = "Leave it out, or leave --search out."
                raise InputError("", option, value, "is given together with --search.", hint)
        heights = options.numbers("--height-km", self.heights_km)
        for height in heights:
            if not _HEIGHTS_KM[0] <= height <= _HEIGHTS_KM[1]:
                need = f"must lie between {_HEIGHTS_KM[0]:g} and {_HEIGHTS_KM[1]:g} km."
                raise InputError("", "--height-km", height, need)
        inclinations = options.numbers("--inclination-deg", self.inclinations_deg)
        for inclination in inclinations:
            if not 0 <= inclination <= 180:
                raise InputError("", "--inclination-deg", inclination, "must lie between 0 and 180 deg.")
        return Wanted(
            options.criterion(self.criterion),
            band,
            rule.target_km * 1e3,
            rule.geometry(),
            rule.gated(),
            options.whole("--total", self.totals or "1-100", 2000),
            options.whole("--planes", self.planes or "1-12", 100),
            heights or [1000.0],
            inclinations or [50.0, 65.0, 81.0],
            options.words("--pattern", self.patterns) or ["delta"],
        )


def _planned(one: Pattern, earth: Earth) -> tuple[Said, Layer]:
    said = Said("walker", one.name, one.total, one.height_km, one.inclination_deg, one.pattern)
    return said, coverage.planned(one.name, one.elements(earth), earth)
