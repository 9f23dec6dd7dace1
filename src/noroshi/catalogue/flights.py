"""A question answered: the flight that fits what was announced, how sure it is, what falls beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from noroshi.catalogue import door
from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.record import RecordedLaunch, threat_for
from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames, geometry
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import FlightError, InputError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.arcs import arc_time_s, least_energy_apogee_km
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, fit, flown
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import MOST_BANKS, Aim, Body, Missile, Site, ascent, course, fuel_fractions
from noroshi.flight.objects import Fall, fragments, spent_stages
from noroshi.flight.sample import sampled, steps_of
from noroshi.flight.space import Ascent, Wanted, ascend
from noroshi.flight.spread import Spread, spread
from noroshi.records.keys import generator
from noroshi.records.trajectory import Trajectory

# Flights of the spread, and how far a model of this kind may be off in time: the larger of the two.
DRAWS, TIME_SHARE, TIME_S = 64, 0.05, 90.0
# No stage is thought to be lighter when empty; an assumption.
_MOST_MASS_RATIO = 15.0
# How long what reached orbit is shown.
_IN_ORBIT_S = 900.0
# The bound from the coast alone is of a round Earth at rest: this far it may be off.
_COAST_SHARE = 0.003

Loss = Literal["thrust-loss", "break-up"]


@dataclass(frozen=True)
class Failure:
    """What goes wrong, when: thrust is lost and all falls on, or it breaks up."""

    at_s: float
    kind: Loss


@dataclass(frozen=True)
class Question:
    """What is asked: a launch, what was announced of it and by whom, and the family that flies it."""

    name: str
    site: Site
    announced: Announced
    threat: ThreatProfile | None
    by: str = ""
    note: str = ""
    seed: int = 0
    earth: Earth = WGS84
    failure: Failure | None = None
    bank: tuple[tuple[float, float], ...] = ()
    strict_time: bool = False

    @property
    def profile(self) -> ThreatProfile:
        """The threat, of questions that are fitted."""
        assert self.threat is not None
        return self.threat


@dataclass(frozen=True)
class Burnout:
    """Where the last stage was spent: speed over the turning Earth, path above the horizon."""

    time_s: float
    lat_deg: float
    lon_deg: float
    height_km: float
    speed_mps: float
    path_deg: float


@dataclass(frozen=True)
class Answer:
    """A flight that fits: `fit`, or for what reached orbit `ascent`, neither where waypoints were given; what
    else is known of it.
    """

    question: Question
    fit: Fit | None
    ascent: Ascent | None
    burnout: Burnout | None
    trajectory: Trajectory
    falls: tuple[Fall, ...] = ()
    spread: Spread | None = None
    notes: tuple[str, ...] = ()

    @property
    def arc(self) -> str:
        """Depressed, standard or lofted: apogee beside that of the least energy for the range."""
        if self.fit is None:
            return "to orbit" if self.ascent else "waypoints"
        least_km = least_energy_apogee_km(self.fit.range_km)
        ratio = self.fit.apogee_km / least_km
        return "depressed" if ratio < 0.7 else "lofted" if ratio > 1.4 else "standard"


@dataclass(frozen=True)
class Unanswered:
    """A report that no flight fits, and why."""

    question: Question
    why: str


def questions(launch: RecordedLaunch, threat: str = "", seed: int = 0) -> tuple[Question, ...]:
    """One question for each report of a recorded launch that gives anything to fit.

    Raises InputError when the record has no place of launch, or no report has figures.
    """
    if launch.lat_deg is None or launch.lon_deg is None:
        raise InputError(
            "",
            "launch",
            launch.name,
            "has no published place of launch.",
            "Give --lat and --lon with its figures.",
        )
    profile = load_threat(threat or threat_for(launch))
    site = Site(launch.lat_deg, launch.lon_deg)
    asked = []
    for report in launch.reports:
        told = report.announced
        orbit = profile.family == "space" and launch.outcome.startswith("success")
        if told.range_km or told.end_deg or (orbit and told.apogee_km):
            if profile.family == "space" and not orbit:
                # What came down was no orbit's height.
                told = replace(told, apogee_km=None)
            asked.append(Question(launch.name, site, told, profile, report.by, report.note, seed))
    if not asked:
        raise InputError("", "launch", launch.name, "has no published range or end point: nothing to fit.")
    return tuple(asked)


def with_burn(threat: ThreatProfile, burn_s: float) -> ThreatProfile:
    """The same threat with a burn that is known; InputError when no missile burns so."""
    table = threat.model_dump(exclude_none=True)
    told = {"kind": "fixed", "value": burn_s, "source": "given by the user", "confidence": "derived"}
    return door.validate(ThreatProfile, table | {"burn_s": told}, threat.name)


def answers(asked: Sequence[Question], told: Callable[[str, int, int], None]) -> list[Answer | Unanswered]:
    """Every question answered; `told` hears how far it is.

    Raises FlightError when none can be.
    """
    found: list[Answer | Unanswered] = []
    for number, one in enumerate(asked):
        told("fit", number, len(asked))
        try:
            found.append(answer(one))
        except FlightError as error:
            found.append(Unanswered(one, str(error)))
    missed = [one for one in found if isinstance(one, Unanswered)]
    if len(missed) == len(found):
        raise FlightError("\n".join(f"{one.question.by or 'flight'}: {one.why}" for one in missed))
    return found


def answer(question: Question) -> Answer:
    """Fit the flight and its spread.

    Raises FlightError when no flight of the family meets the figures, and says how far off the nearest is.
    """
    if question.profile.family == "space" and question.announced.apogee_km and not question.failure:
        return _to_orbit(question)
    return _to_ground(question)


def along(name: str, waypoints: tuple[Waypoint, ...]) -> Answer:
    """The flight of a cruise missile or an aircraft from waypoint to waypoint.

    Raises InputError that names the waypoint when it cannot be flown.
    """
    first = waypoints[0] if waypoints else Waypoint(0.0, 0.0, 0.0, 0.0)
    flown_along = cruise(waypoints)
    site = Site(first.lat_deg, first.lon_deg, first.height_m)
    return Answer(Question(name, site, Announced(), None), None, None, None, flown_along)


def _middle(question: Question) -> tuple[Missile, Body]:
    missile, body = flyer(question.profile, lambda name: 0.5)
    return missile, _banked(body, question)


def _banked(body: Body, question: Question) -> Body:
    if not question.bank:
        return body
    if question.profile.glide_ratio is None:
        raise FlightError(f'a body of family "{question.profile.family}" has no lift to bank with')
    if len(question.bank) > MOST_BANKS:
        raise FlightError(f"{len(question.bank)} banks were given, at most {MOST_BANKS} can be flown")
    bank_s, bank_deg = zip(*question.bank, strict=True)
    return replace(body, bank_s=bank_s, bank_rad=tuple(math.radians(one) for one in bank_deg))


def _to_ground(question: Question) -> Answer:
    told, earth = question.announced, question.earth
    missile, body = _middle(question)
    _refuse_too_short(question)
    found = fit(question.site, told, missile, body, earth)

    def chance(name: str) -> np.ndarray:
        return generator(question.seed, "flight spread", name).random(DRAWS)

    missiles, bodies = flyer(question.profile, chance)
    named = {name: chance(name) for name in ("apogee", "range", "bearing")}
    wide = spread(found, told, missiles, _banked(bodies, question), named)
    notes = [*_time_notes(question, found, wide), *_mass_notes(missile, found)]
    falls = [
        replace(one, zone_deg=np.concatenate([one.zone_deg, more.zone_deg]))
        for one, more in zip(
            spent_stages(question.site, missile, found.aim, earth),
            spent_stages(question.site, wide.missile, wide.aim, earth),
            strict=True,
        )
    ]
    burnout = _burnout(question.site, missile, found.aim, earth)
    if question.failure is not None:
        return _failed(question, missile, body, found, burnout, falls)
    table = steps_of(course(question.site, missile, body, found.aim, earth))
    track = sampled(table, 1.0, missile)
    return Answer(question, found, None, burnout, track, tuple(falls), wide, tuple(notes))


def _failed(
    question: Question, missile: Missile, body: Body, planned: Fit, burnout: Burnout, falls: list[Fall]
) -> Answer:
    """What becomes of a fitted flight that loses its thrust or breaks up: the middle fragment is followed."""
    failure, earth = question.failure, question.earth
    assert failure is not None
    if failure.at_s >= planned.flight_time_s:
        raise FlightError(
            f"nothing can fail at {failure.at_s:.0f} s: the flight ends after {planned.flight_time_s:.0f} s"
        )
    falls = [one for one in falls if one.time_s < failure.at_s]
    if failure.kind == "thrust-loss":
        table = steps_of(
            course(question.site, missile, body, planned.aim, earth, thrust_until_s=failure.at_s)
        )
    else:
        chance = generator(question.seed, "flight fragments")
        whole = steps_of(course(question.site, missile, body, planned.aim, earth, until_s=failure.at_s))
        pieces, middle = fragments(whole[-1], chance, earth=earth)
        table = np.concatenate([whole, steps_of(middle)[1:]])
        falls.append(pieces)
    track = sampled(table, 1.0, missile)
    track = replace(track, burning=track.burning & (track.time_s < failure.at_s))
    told = (
        f"fails at {failure.at_s:.0f} s ({failure.kind}); planned: apogee {planned.apogee_km:,.0f} km, "
        f"range {planned.range_km:,.0f} km, {planned.flight_time_s / 60:.1f} min"
    )
    ended = _measured(planned, table)
    if burnout.time_s > failure.at_s:
        burnout = _state(table[np.searchsorted(table[:, 0], failure.at_s)], earth)
    return Answer(question, ended, None, burnout, track, tuple(falls), None, (told,))


def _measured(planned: Fit, table: np.ndarray) -> Fit:
    """What became of a flight that failed, read off its steps."""
    lat, lon, height_m = frames.geodetic(table[:, 1:4], planned.earth)
    start = math.radians(planned.site.lat_deg), math.radians(planned.site.lon_deg)
    range_m, _ = geometry.great_circle(*start, lat[-1], lon[-1], planned.earth.mean_radius_m)
    return replace(
        planned,
        apogee_km=float(height_m.max()) / KILO,
        range_km=float(range_m) / KILO,
        flight_time_s=float(table[-1, 0]),
        impact_lat_deg=math.degrees(lat[-1]),
        impact_lon_deg=math.degrees(lon[-1]),
    )


def _to_orbit(question: Question) -> Answer:
    told, earth = question.announced, question.earth
    missile, spent = _middle(question)
    assert told.apogee_km is not None
    if told.bearing_deg is None:
        raise FlightError("no ascent can be fitted without a direction")
    height = told.apogee_km.value
    wanted = Wanted(
        height,
        height,
        told.bearing_deg.value,
        told.convention,
        fall_range_km=told.range_km.value if told.range_km else None,
    )
    found = ascend(question.site, wanted, missile, spent, earth)
    burnout = _burnout(question.site, found.missile, found.aim, earth)
    plan = course(question.site, found.missile, Body(1e6), found.aim, earth)
    plan = replace(plan, until_s=np.full_like(plan.until_s, found.insertion_s + _IN_ORBIT_S))
    track = sampled(steps_of(plan), 1.0, found.missile)
    falls = spent_stages(question.site, found.missile, found.aim, earth)
    return Answer(question, None, found, burnout, track, falls)


def _burnout(site: Site, missile: Missile, aim: Aim, earth: Earth) -> Burnout:
    ends = flown(ascent(site, missile, aim, earth))
    state = ends.state[BURNS - 1, :, 0]
    return _state(np.array([ends.time[BURNS - 1, 0] * KILO, *state[:3] * MEGA, *state[3:] * KILO]), earth)


def _state(row: np.ndarray, earth: Earth) -> Burnout:
    """A row of time, s, place, m, and velocity, m/s, as where and how fast."""
    lat, lon, height_m = frames.geodetic(row[1:4], earth)
    up = np.asarray(frames.enu_axes(lat, lon))[2]
    speed = float(np.linalg.norm(row[4:]))
    return Burnout(
        float(row[0]),
        math.degrees(lat),
        math.degrees(lon),
        float(height_m) / KILO,
        speed,
        math.degrees(math.asin(float(up @ row[4:]) / speed)),
    )


def _low(told: Told) -> float:
    """The least that an announced number may mean."""
    if told.sense == "at most":
        return 0.0
    return told.value - told.half_width


def _refuse_too_short(question: Question) -> None:
    """No flight is shorter than the coast alone."""
    told = question.announced
    if (
        not (told.flight_time_s and told.apogee_km and told.range_km)
        or told.flight_time_s.sense == "at least"
    ):
        return
    if question.profile.glide_ratio is not None:
        return
    coast_s = arc_time_s(max(_low(told.apogee_km), 1.0), max(_low(told.range_km), 1.0))
    longest_s = told.flight_time_s.value + told.flight_time_s.half_width
    if longest_s < coast_s * (1 - _COAST_SHARE):
        raise FlightError(
            f"no flight reaches {told.apogee_km.value:g} km and {told.range_km.value:g} km within "
            f"{told.flight_time_s.value / 60:.1f} min: without air and boost the arc alone takes "
            f"{coast_s / 60:.1f} min, {(coast_s - told.flight_time_s.value) / 60:.1f} min more"
        )


def _time_notes(question: Question, found: Fit, wide: Spread) -> list[str]:
    """Whether the flights that meet apogee and end also take as long as announced."""
    told = question.announced.flight_time_s
    if told is None:
        return []
    met = wide.met
    times = np.append(wide.flight_time_s[met], found.flight_time_s)
    allowed = max(TIME_SHARE * told.value, TIME_S) + told.half_width
    low, high = float(times.min()), float(times.max())
    below = told.sense != "at least" and told.value < low - allowed
    above = told.sense != "at most" and told.value > high + allowed
    if not (below or above):
        return []
    off = (told.value - low if below else told.value - high) / 60
    text = (
        f"no flight of family {question.profile.name} that meets apogee and end takes "
        f"{told.value / 60:.1f} min: they take {low / 60:.1f} to {high / 60:.1f} min ({off:+.1f} min)"
    )
    if question.strict_time:
        raise FlightError(text)
    return [text]


def _mass_notes(missile: Missile, found: Fit) -> list[str]:
    ratio = max(1 / (1 - float(part)) for part in fuel_fractions(missile, found.ideal_kmps))
    if ratio < _MOST_MASS_RATIO:
        return []
    return [
        f"a stage would need a mass ratio of {ratio:.0f}; none above {_MOST_MASS_RATIO:.0f} was ever built"
    ]
