"""A question answered: the flight that fits what was announced, how sure it is, what falls beside it."""

from collections.abc import Callable, Sequence

from noroshi.catalogue.ascents import lost_ascent, to_orbit
from noroshi.catalogue.grounded import to_ground
from noroshi.catalogue.questions import Answer, Question, Unanswered
from noroshi.errors import FlightError
from noroshi.flight.announced import Announced
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.flight.missile import Site


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
    if question.profile.family != "space":
        return to_ground(question)
    if question.failure is None and question.announced.apogee_km is not None:
        return to_orbit(question)
    return lost_ascent(question)


def along(name: str, waypoints: tuple[Waypoint, ...]) -> Answer:
    """The flight of a cruise missile or an aircraft from waypoint to waypoint.

    Raises InputError that names the waypoint when it cannot be flown.
    """
    first = waypoints[0] if waypoints else Waypoint(0.0, 0.0, 0.0, 0.0)
    flown_along = cruise(waypoints)
    site = Site(first.lat_deg, first.lon_deg, first.height_m)
    return Answer(Question(name, site, Announced(), None), None, None, None, flown_along)
