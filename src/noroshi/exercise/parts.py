"""What comes loose from flights and falls by itself: spent stages, and fragments of what broke up.

Radars see them as they see missiles. What they are, only their names tell: L1/stage-1, L1/fragment-1.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from noroshi.exercise import falls
from noroshi.exercise.draw import Flight
from noroshi.exercise.objects import Object
from noroshi.flight.objects import FRAGMENT_KGPM2, FRAGMENT_MPS, TUMBLING, separations
from noroshi.records.keys import generator, uniform
from noroshi.records.truth import Kind

# Cross-section of a fragment, m2: from a bolt's to a tank's; an assumption.
FRAGMENT_M2 = (0.01, 1.0)
# What tumbles has many parts alike that echo together.
_SWERLING = 1


@dataclass(frozen=True)
class _Part:
    """Where something came loose: time, s after launch, place, m, velocity, m/s; its drag and its echo."""

    name: str
    launch_time_s: float
    row: Float[np.ndarray, "7"]
    ballistic_coefficient_kgpm2: float
    rcs_m2: float


def loose(flights: Sequence[Flight], seed: int) -> tuple[Object, ...]:
    """All that comes loose from flights, each until it is on the ground; nothing shines."""
    parts = [part for flight in flights for part in (*_stages(flight, seed), *_fragments(flight, seed))]
    if not parts:
        return ()
    rows = np.stack([part.row for part in parts])
    drag = np.array([part.ballistic_coefficient_kgpm2 for part in parts])
    # Objects have their rows at whole seconds after the launch.
    first_s = np.ceil(rows[:, 0]) - rows[:, 0]
    found = []
    for part, (place, velocity, _) in zip(
        parts, falls.falls(rows[:, 1:4], rows[:, 4:], drag, first_s), strict=True
    ):
        count = len(place)
        if count:
            start_s = part.launch_time_s + math.ceil(part.row[0])
            echo, dark = np.full(count, part.rcs_m2), np.zeros(count)
            found.append(Object(part.name, Kind.MISSILE, start_s, place, velocity, echo, dark, _SWERLING))
    return tuple(found)


def left_m2(flight: Flight) -> tuple[float, float] | None:
    """When a failed launch is no longer what it was, s after launch, and the cross-section of what is left.

    None where it flew as it should, or left its last stage behind all the same.
    """
    failure, threat = flight.launch.failure, flight.launch.threat
    if failure is None:
        return None
    if flight.broke is not None:
        return failure.at_s.value, math.sqrt(math.prod(FRAGMENT_M2))
    if threat.stages in separations(flight.fit, threat.separates):
        return None
    return failure.at_s.value, threat.rcs_m2_boost.value


def _stages(flight: Flight, seed: int) -> Iterator[_Part]:
    """Stages that are left behind before a break-up, or on the way to orbit, each with a drag of its own."""
    launch, threat = flight.launch, flight.launch.threat
    # The last stage of what reaches orbit stays up with it.
    last_too = threat.separates and flight.ascent is None
    if threat.stages == 1 and not last_too:
        return
    echo = threat.rcs_m2_stage or threat.rcs_m2_boost
    _, low, high = TUMBLING
    for stage, row in separations(flight.fit, last_too).items():
        if flight.broke is not None and row[0] >= flight.broke[0]:
            continue
        name = f"stage-{stage}"
        factor = low * (high / low) ** uniform(seed, "truth", launch.id, name)
        drag = float(flight.fit.missile.stages[stage - 1].spent_kgpm2) * factor
        yield _Part(f"{launch.id}/{name}", launch.launch_time_s, row, drag, echo.value)


def _fragments(flight: Flight, seed: int) -> Iterator[_Part]:
    """Fragments beside the middle one, which flies on as the launch; each is thrown as its name decides."""
    launch = flight.launch
    if flight.broke is None or launch.failure is None or launch.failure.fragments is None:
        return
    for number in range(1, round(launch.failure.fragments.value)):
        name = f"fragment-{number}"
        chance = generator(seed, "truth", launch.id, name)
        drag, echo = (low * (high / low) ** chance.random() for low, high in (FRAGMENT_KGPM2, FRAGMENT_M2))
        row = np.array(flight.broke)
        row[4:] += FRAGMENT_MPS * chance.standard_normal(3)
        yield _Part(f"{launch.id}/{name}", launch.launch_time_s, row, drag, echo)
