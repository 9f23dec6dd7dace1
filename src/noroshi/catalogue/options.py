"""Options of `noroshi coverage` that are typed as text, read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from noroshi.errors import InputError
from noroshi.flight.orbits import SPREAD
from noroshi.sensing.search import Criterion

_CRITERION = re.compile(r"\s*(gated\.)?(p1|p2|longest_gap_s|gap)\s*(>=|<=|≥|≤)\s*(\d*\.?\d+)\s*(%|s)?\s*")
_NATION = re.compile(r"[A-Z]{3}")


def walker(text: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"\s*(\d{1,5})\s*/\s*(\d{1,5})\s*/\s*(\d{1,5})\s*", text)
    if match is None:
        hint = "Write satellites/planes/phasing, such as 28/4/1."
        raise InputError("", "--walker", text, "is no Walker pattern.", hint)
    total, planes, phasing = (int(part) for part in match.groups())
    if total > 20_000:
        raise InputError("", "--walker", text, "must have at most 20,000 satellites.")
    return total, planes, phasing


def numbers(option: str, given: Sequence[str]) -> list[float]:
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


def words(option: str, given: Sequence[str]) -> list[str]:
    """Kinds of pattern, given again and again or with commas between."""
    found = ",".join(given).replace(" ", "").split(",") if given else []
    for one in found:
        if one not in SPREAD:
            raise InputError("", option, one, "must be delta (planes over 360°) or star (over 180°).")
    return found


def whole(option: str, text: str, most: int) -> list[int]:
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


def band(text: str | None) -> tuple[float, float] | None:
    """'20,50' as its southern and northern edge; None where nothing is said."""
    if text is None:
        return None
    try:
        south, north = (float(part) for part in text.split(","))
    except ValueError:
        hint = "Write south,north, such as 20,50."
        raise InputError("", "--band", text, "is no band of latitude.", hint) from None
    if not -90 <= south < north <= 90:
        need = "must go from south to north, within -90 and 90 deg."
        raise InputError("", "--band", text, need)
    return south, north


def criterion(text: str | None) -> Criterion:
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


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write it as 2026-07-01T12:00:00Z."
        raise InputError("", "--start", text, "is no date and time.", hint) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def nations(text: str | None) -> tuple[tuple[str, int | None], ...]:
    """'USA,JPN' or 'USA=16,JPN=8' as nations and how many satellites each has; None where not said."""
    if text is None:
        return ()
    found: list[tuple[str, int | None]] = []
    for each in text.replace(" ", "").split(","):
        nation, sign, count = each.partition("=")
        if not _NATION.fullmatch(nation):
            need = "must be three capital letters, ISO 3166 alpha-3, such as JPN."
            raise InputError("", "--nations", each, need, "Several have commas between.")
        if nation in dict(found):
            raise InputError("", "--nations", nation, "is given twice.")
        if sign and not (count.isdigit() and int(count) > 0):
            raise InputError("", "--nations", each, "must be a whole number of satellites, 1 or more.")
        found.append((nation, int(count) if sign else None))
    counts = [count for _, count in found]
    if None in counts and counts.count(None) < len(counts):
        hint = "Write USA=16,JPN=8 or USA,JPN."
        raise InputError("", "--nations", text, "gives a number to some and not to others.", hint)
    return tuple(found)
