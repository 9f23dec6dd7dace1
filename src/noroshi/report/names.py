"""Words for nations, times and lengths."""

from functools import cache

from noroshi.catalogue.door import DATA, read_toml
from noroshi.errors import InputError

NEVER = "–"
NBSP = "\u00a0"  # a number and its unit stay on one line


@cache
def nation_title(nation: str) -> str:
    """What a reader calls a nation; its code where no file of the package names it."""
    try:
        return str(read_toml(DATA / "nations" / f"{nation}.toml", nation)["title"])
    except (InputError, KeyError):
        return nation


def in_sentence(nation: str) -> str:
    """The nation inside a sentence, with its article where it takes one."""
    title = nation_title(nation)
    return f"the {title}" if title.startswith(("United ", "Republic ")) else title


def listed(words: list[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def at(time_s: float | None) -> str:
    """A time after the launch, as in T+215 s."""
    return NEVER if time_s is None else f"T+{time_s:.0f}{NBSP}s"


def length(km: float | None) -> str:
    """A length: 4.2 km, 42 km, 1,200 km."""
    if km is None:
        return NEVER
    return f"{km:.1f}{NBSP}km" if km < 9.95 else f"{km:,.0f}{NBSP}km"


def region(axes_km: tuple[float, float] | None) -> str:
    """The semi-axes of a region: 420 × 35 km."""
    if axes_km is None:
        return NEVER
    major, minor = (length(axis).removesuffix(f"{NBSP}km") for axis in axes_km)
    return f"{major}{NBSP}×{NBSP}{minor}{NBSP}km"
