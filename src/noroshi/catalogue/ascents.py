"""Space launches: into orbit, or lost on the way there."""

import math
from dataclasses import replace

import jax
import numpy as np

from noroshi.catalogue.grounded import burnout_of, failing, middling
from noroshi.catalogue.questions import Answer, Failure, Question
from noroshi.earth import frames, geometry
from noroshi.errors import FlightError
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.missile import Body, course
from noroshi.flight.objects import spent_stages
from noroshi.flight.sample import sampled, steps_of
from noroshi.flight.solve import LANES
from noroshi.flight.space import Ascent, Wanted, ascend, planned

# How long what reached orbit is shown.
_IN_ORBIT_S = 900.0
# Where a launch that reached no orbit was bound for; an assumption, low orbits being 300 to 700 km.
_ASSUMED_KM = 500.0


def to_orbit(question: Question) -> Answer:
    """Fit an ascent to the announced orbit, and where its spent stages fall.

    Raises FlightError when none reaches it, or no direction was announced.
    """
    found = _ascend(question, _told_km(question))
    earth = question.earth
    plan = course(question.site, found.missile, Body(1e6), found.aim, earth)
    plan = replace(plan, until_s=np.full_like(plan.until_s, found.insertion_s + _IN_ORBIT_S))
    track = sampled(steps_of(plan), 1.0, found.missile)
    burnout = burnout_of(question.site, found.missile, found.aim, earth)
    falls = spent_stages(question.site, found.missile, found.aim, earth)
    return Answer(question, None, found, burnout, track, falls)


def _told_km(question: Question) -> float:
    told = question.announced.apogee_km
    return told.value if told is not None else _ASSUMED_KM


def _ascend(question: Question, height_km: float) -> Ascent:
    """The ascent to a circular orbit; the range is where stage 2 fell, unless nothing reached orbit."""
    told = question.announced
    if told.bearing_deg is None:
        raise FlightError("no ascent can be fitted without a direction")
    reached = told.range_km is not None and told.apogee_km is not None and question.failure is None
    wanted = Wanted(
        height_km,
        height_km,
        told.bearing_deg.value,
        told.convention,
        fall_range_km=told.range_km.value if reached and told.range_km else None,
    )
    missile, _ = middling(question)
    spent = Body(missile.stages[wanted.fallen_stage - 1].spent_kgpm2)
    return ascend(question.site, wanted, missile, spent, question.earth)


def lost_ascent(question: Question) -> Answer:
    """A space launch that reached no orbit: an ordinary ascent, whose thrust is lost when it must have been.

    Where no time of the failure is given it follows from the announced range: what was left fell there.
    Raises FlightError when neither is known, or no time gives that range.
    """
    found, earth = _ascend(question, _told_km(question)), question.earth
    _, body = middling(question)
    failure, told = question.failure, question.announced.range_km
    if failure is None:
        if told is None:
            raise FlightError("no lost ascent can be flown without a time of failure or a range")
        failure = Failure(_loss_s(found, body, told.value), "thrust-loss")
    if failure.at_s >= found.insertion_s:
        raise FlightError(
            f"nothing can fail at {failure.at_s:.0f} s: it is in orbit after {found.insertion_s:.0f} s"
        )
    falls = spent_stages(question.site, found.missile, found.aim, earth)
    assumed = "" if question.announced.apogee_km else " (assumed)"
    note = f"planned: a circular orbit of {found.orbit.apogee_km:,.0f} km{assumed}"
    return failing(question, failure, planned(found, body), falls, note)


def _loss_s(found: Ascent, body: Body, range_km: float) -> float:
    """When the thrust must have been lost for what is left to fall at this range, s after launch."""
    site, earth = found.site, found.earth
    low, high = 10.0, found.insertion_s - 1.0
    for _ in range(3):
        times = np.linspace(low, high, LANES)
        aim = jax.tree.map(lambda leaf: np.repeat(leaf, LANES), found.aim)
        ends = flown(course(site, found.missile, body, aim, earth, thrust_until_s=times))
        lat, lon, _ = frames.geodetic(ends.state[-1, :3].T * MEGA, earth)
        start = math.radians(site.lat_deg), math.radians(site.lon_deg)
        reached = geometry.great_circle(*start, lat, lon, earth.mean_radius_m)[0] / KILO
        beyond = ends.landed[-1] & (reached > range_km)
        if not beyond.any() or beyond[0]:
            farthest = reached[ends.landed[-1]].max()
            raise FlightError(
                f"no loss of thrust lets it fall at {range_km:.0f} km: it falls within {farthest:,.0f} km, "
                "or reaches orbit"
            )
        after = int(np.argmax(beyond))
        low, high = times[after - 1], times[after]
    return float((low + high) / 2)
