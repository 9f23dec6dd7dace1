"""A case: what somebody else says of a flight, how near we must come, and how ours is computed."""

from collections.abc import Callable
from dataclasses import dataclass

MARKS = {
    "C": "computed from a stated formula by independent code",
    "S1": "read at the source",
    "S2": "read in a source that quotes it",
    "R": "announced by a government, as data/record/launches.csv has it",
    "claim": "from memory: shown for its consistency, validates nothing",
}


@dataclass(frozen=True)
class Group:
    """Cases computed alike: a title, in one or two sentences how, and where the numbers stand."""

    name: str
    title: str
    how: str
    sources: str


@dataclass(frozen=True)
class Tolerance:
    """How far ours may lie below and above, in the case's unit; `relative` says how a difference is shown."""

    below: float
    above: float
    said: str
    relative: bool = False


@dataclass(frozen=True)
class Case:
    """One number. `known_miss` is the likely cause where ours is known to lie outside the tolerance."""

    id: str
    group: Group
    what: str
    source: str
    mark: str
    published: float
    unit: str
    tolerance: Tolerance
    compute: Callable[[], float]
    form: str
    known_miss: str = ""


@dataclass(frozen=True)
class Result:
    """A case with our number."""

    case: Case
    ours: float
    met: bool


def digits(decimals: int, rounding: float = 0.0) -> Tolerance:
    """Half a unit of the last printed decimal, and what our integrator or a rounded input adds."""
    half = 0.5 * 10.0**-decimals + rounding
    return absolute(half)


def absolute(half: float) -> Tolerance:
    return Tolerance(half, half, f"± {half:.2g}" if half else "exact")


def share(published: float, part: float) -> Tolerance:
    """A part of the published number to both sides."""
    half = abs(published) * part
    return Tolerance(half, half, f"± {100 * part:.2g} %", relative=True)


def flown(case: Case) -> Result:
    """Compute ours. What is no number meets nothing."""
    ours, near = float(case.compute()), case.tolerance
    return Result(case, ours, bool(case.published - near.below <= ours <= case.published + near.above))
