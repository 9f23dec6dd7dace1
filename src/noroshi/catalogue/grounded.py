"""Flights that come down: fitted, spread, held against their announced time; and those that fail."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from noroshi.catalogue.questions import Answer, Burnout, Failure, Question
from noroshi.catalogue.threats import flyer
from noroshi.earth import frames
from noroshi.earth.model import Earth
from noroshi.errors import FlightError
from noroshi.flight.announced import Told
from noroshi.flight.arcs import arc_time_s
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, fit, flown
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import MOST_BANKS, Aim, Body, Missile, Site, ascent, course, fuel_fractions
from noroshi.flight.objects import Fall, fragments, spent_stages
from noroshi.flight.sample import measured, sampled, steps_of
from noroshi.flight.spread import Spread, part_of, spread
from noroshi.records.keys import generator

# Flights of the spread, and how far a model of this kind may be off in time: the larger of the two.
DRAWS, TIME_SHARE, TIME_S = 64, 0.05, 90.0
# No stage is thought to be lighter when empty; an assumption.
_MOST_MASS_RATIO = 15.0
# The bound from the arc alone is of a round Earth at rest: this far it may be off.
_COAST_SHARE = 0.003


def middling(question: Question) -> tuple[Missile, Body]:
    """The missile and the body in the middle of their spreads."""
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


def to_ground(question: Question) -> Answer:
    """Fit a flight that comes down, and its spread.

    An apogee that was told as a bound, or not at all, follows from the flight time where that was told.
    Raises FlightError when no flight of the family meets the figures.
    """
    told, earth = question.announced, question.earth
    missile, body = middling(question)
    _refuse_too_short(question)
    found = fit(question.site, told, missile, body, earth)

    def chance(name: str) -> np.ndarray:
        return generator(question.seed, "flight spread", name).random(DRAWS)

    missiles, bodies = flyer(question.profile, chance)
    named = {name: chance(name) for name in ("apogee", "range", "bearing")}
    wide = spread(found, told, missiles, _banked(bodies, question), named)
    notes = [*_time_notes(question, found, wide), *_mass_notes(missile, found)]
    open_apogee = told.apogee_km is None or told.apogee_km.sense != "about"
    if open_apogee and told.flight_time_s is not None and wide.timely:
        likely = Told(wide.between("apogee_km")[1])
        found = fit(question.site, replace(told, apogee_km=likely), missile, body, earth)
        notes.append("the apogee follows from the flight time: it was told as a bound, or not at all")
    falls = _spent(question, missile, found, wide)
    if question.failure is not None:
        if question.failure.at_s >= found.flight_time_s:
            raise FlightError(
                f"nothing can fail at {question.failure.at_s:.0f} s: the flight ends after "
                f"{found.flight_time_s:.0f} s"
            )
        planned = (
            f"planned: apogee {found.apogee_km:,.0f} km, range {found.range_km:,.0f} km, "
            f"{found.flight_time_s / 60:.1f} min"
        )
        return failing(question, question.failure, found, falls, planned)
    table = steps_of(course(question.site, missile, body, found.aim, earth))
    track = sampled(table, 1.0, missile)
    burnout = burnout_of(question.site, missile, found.aim, earth)
    return Answer(question, found, None, burnout, track, tuple(falls), wide, tuple(notes))


def _spent(question: Question, missile: Missile, found: Fit, wide: Spread) -> list[Fall]:
    """Where the stages of the fitted flight fall, and around them those of all that meet the figures."""
    site, earth = question.site, question.earth
    falls = list(spent_stages(site, missile, found.aim, earth))
    if not wide.met.any():
        return falls
    missiles, aim = part_of((wide.missile, wide.aim), wide.met, len(wide.met))
    return [
        replace(one, zone_deg=np.concatenate([one.zone_deg, more.zone_deg]))
        for one, more in zip(falls, spent_stages(site, missiles, aim, earth), strict=True)
    ]


def failing(question: Question, failure: Failure, planned: Fit, falls: Sequence[Fall], told: str) -> Answer:
    """What becomes of a launch that loses its thrust or breaks up; the middle fragment is followed."""
    site, missile, body, earth = planned.site, planned.missile, planned.body, planned.earth
    still = [one for one in falls if one.time_s < failure.at_s]
    if failure.kind == "thrust-loss":
        table = steps_of(course(site, missile, body, planned.aim, earth, thrust_until_s=failure.at_s))
    else:
        chance = generator(question.seed, "flight fragments")
        whole = steps_of(course(site, missile, body, planned.aim, earth, until_s=failure.at_s))
        pieces, middle = fragments(whole[-1], chance, earth=earth)
        table = np.concatenate([whole, steps_of(middle)[1:]])
        still.append(pieces)
    track = sampled(table, 1.0, missile)
    track = replace(track, burning=track.burning & (track.time_s < failure.at_s))
    burnout = burnout_of(site, missile, planned.aim, earth)
    if burnout.time_s > failure.at_s:
        burnout = _state(table[np.abs(table[:, 0] - failure.at_s).argmin()], earth)
    note = f"fails at {failure.at_s:.0f} s ({failure.kind}); {told}"
    return Answer(question, measured(planned, table), None, burnout, track, tuple(still), None, (note,))


def burnout_of(site: Site, missile: Missile, aim: Aim, earth: Earth) -> Burnout:
    """Where the last stage of a launch is spent."""
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
    if not (told.flight_time_s and told.apogee_km and told.range_km):
        return
    if told.flight_time_s.sense == "at least":
        return
    # Lift may shorten the way over the ground, not the way up to the apogee and down.
    least_km = 1.0 if question.profile.glide_ratio is not None else max(_low(told.range_km), 1.0)
    coast_s = arc_time_s(max(_low(told.apogee_km), 1.0), least_km)
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
