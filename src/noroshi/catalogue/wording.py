"""What reports say in words: bounds beside a number, figures in a claim, directions, who said what."""

import re
from collections.abc import Iterable
from dataclasses import replace

from noroshi.flight.announced import Announced, Sense, Told, as_rounded

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"

# The nations whose figures stand in columns of their own, by the words that name them.
_NATIONS = {
    "Japan": re.compile(r"(?<!Sea of )\b(?:Japan(?:ese)?|JSDF)\b"),
    "ROK": re.compile(r"\b(?:ROK|South Korean?|(?<!US )JCS)\b"),
}

_NO_LESS = re.compile(r"\b(?:no|not) (?:less than|below|under)\b")
_NO_MORE = re.compile(r"\b(?:no|not) (?:more than|above|beyond|over|exceeding)\b")
_MORE = re.compile(r"\b(?:at least|over|more than|above|beyond|exceed(?:s|ed|ing)?|or more)\b|[≥>]")
_LESS = re.compile(r"\b(?:at most|up to|less than|below|under|or less)\b|[≤<]")
_ABOUT = re.compile(r"\b(?:about|around|approx(?:imately)?|average|some|roughly)\b|~")


def number(text: str) -> float:
    """A number as reports print it: 6,248.5."""
    return float(text.replace(",", ""))


def sense(words: str) -> Sense:
    """Whether the words beside a number make it a bound; `about` for other words, and for both at once."""
    words = " ".join(words.lower().split())
    words, no_less = _NO_LESS.subn(" ", words)
    words, no_more = _NO_MORE.subn(" ", words)
    more = bool(no_less or _MORE.search(words))
    less = bool(no_more or _LESS.search(words))
    return "about" if more == less else "at least" if more else "at most"


def says_how(words: str) -> bool:
    """Whether the words say at all if the number is rounded or a bound."""
    return sense(words) != "about" or bool(_ABOUT.search(words.lower()))


def distance(value_km: float, words: str = "") -> Told:
    """A distance with the words beside it; "50-60" says how far it may be off."""
    told = as_rounded(value_km, sense=sense(words))
    for low, high in re.findall(rf"(?<![\d:.,-])({NUMBER}) ?[-–] ?({NUMBER})(?![\d:-])", words):
        off = max(value_km - number(low), number(high) - value_km)
        if number(low) <= value_km <= number(high):
            told = replace(told, half_width=max(told.half_width, off))
    return told


_IRREGULAR = re.compile(r"(?<!not )(?<!no )\b(?:irregular\w*|quasi-?ballistic|pull(?:ed|s)?[- ]?up)\b", re.I)


def irregular(*texts: str) -> bool:
    """Whether a report says that the flight was no plain ballistic one."""
    return any(_IRREGULAR.search(text) for text in texts)


def nations(text: str) -> list[str]:
    """Which of the nations with columns of their own are named."""
    return [nation for nation, named in _NATIONS.items() if named.search(text)]


def by_nation(text: str) -> tuple[str, dict[str, str]]:
    """The parts of a text that speak for nobody in particular, and what it says for each nation.

    "ROK; Japan MoD: far over 4,000" is "ROK", and "far over 4,000" for Japan.
    """
    rest: list[str] = []
    said: dict[str, str] = {}
    for part in re.split(r";(?![^()]*\))", text):
        head = re.fullmatch(r"\s*([A-Za-z][A-Za-z .]*?)\s*:\s+(.*?)\s*", part, re.DOTALL)
        who = nations(head[1]) if head else []
        if head and len(who) == 1:
            said[who[0]] = f"{said[who[0]]}; {head[2]}" if who[0] in said else head[2]
        elif not head and part.strip():
            rest.append(part.strip())
    return "; ".join(rest), said


def clauses(text: str) -> list[str]:
    """A text cut at brackets and at commas, but not at those inside a number."""
    return [
        part.strip() for part in re.split(r"[;()/]|\band\b|(?<!\d),|,(?!\d{3}(?!\d))", text) if part.strip()
    ]


def sense_of(value_km: float, said: str) -> Sense | None:
    """How a nation's words tell a distance that stands among its figures; None where they do not hold it."""
    for clause in clauses(said):
        end = 0
        for found in re.finditer(rf"({NUMBER})\s*km\b( or more| or less)?", clause):
            if number(found[1]) == value_km:
                return sense(clause[end : found.start()] + (found[2] or ""))
            end = found.end()
    return None


_UP = {"apogee", "altitude", "height", "peak", "high", "highest"}
_ALONG = {"range", "distance", "downrange", "target", "away"}
_FILLING = {
    *(
        "about",
        "approx",
        "approximately",
        "around",
        "some",
        "roughly",
        "from",
        "memory",
        "claimed",
        "official",
    ),
    *(
        "at",
        "least",
        "most",
        "over",
        "above",
        "below",
        "under",
        "up",
        "to",
        "more",
        "less",
        "than",
        "no",
        "not",
    ),
    *("far", "greatly", "maximum", "max", "flight", "flew", "flown", "time", "duration", "seconds"),
    *("a", "an", "the", "of", "in", "for", "with", "or"),
}
_KM = re.compile(rf"(?<![\d.,-])({NUMBER})\s*(?:km|kilomet(?:er|re)s?)\b", re.I)
_CLOCK = re.compile(
    r"(?<![\d.,:-])(?:(\d+)\s*h(?:ours?)?\s*)?(?:(\d+)\s*min(?:utes?)?\b)?"
    rf"(?:\s*({NUMBER})\s*s(?:ec(?:onds?)?)?\b)?",
    re.I,
)


def time_said(clause: str) -> Told | None:
    """A flight time and nothing else: "4,151 s", "47 min 12 s", "~53 min"."""
    for found in _CLOCK.finditer(clause):
        hours, minutes, seconds = found.groups()
        if minutes is None and seconds is None:
            continue
        if not _words(clause[: found.start()] + " " + clause[found.end() :]) <= _FILLING:
            return None
        total = 3600 * float(hours or 0) + 60 * float(minutes or 0) + number(seconds or "0")
        half_width = 30.0 if seconds is None else as_rounded(number(seconds), 1.0).half_width
        return Told(total, half_width, sense(clause)) if total else None
    return None


def claim(text: str) -> Announced | None:
    """The figures of a claim such as "6,045 km, 1,000.2 km, 4,151 s"; None where there are none.

    Of two bare distances the first is the apogee; one alone is the range. What has words that we do not
    know ("120 km lateral manoeuvre") is no figure of the flight.
    """
    up, along, bare, times = [], [], [], []
    for clause in clauses(text):
        if told := time_said(clause):
            times.append(told)
        kilometres = list(_KM.finditer(clause))
        if len(kilometres) != 1 or not number(kilometres[0][1]):
            continue
        words = _words(_KM.sub(" ", clause))
        told = distance(number(kilometres[0][1]), _KM.sub(" ", clause))
        if words <= _FILLING:
            bare.append(told)
        elif words <= _FILLING | _UP:
            up.append(told)
        elif words <= _FILLING | _ALONG:
            along.append(told)
    if len(bare) == 2 and not up and not along:
        up, along = bare[:1], bare[1:]
    elif len(bare) == 1:
        if not along:
            along = bare
        elif not up:
            up = bare
    apogee, ground, time = _only(up), _only(along), _only(times)
    return Announced(apogee, ground, None, flight_time_s=time) if apogee or ground or time else None


def _only(found: list[Told]) -> Told | None:
    """Two figures for one thing leave it open."""
    return found[0] if len(found) == 1 else None


def _words(text: str) -> set[str]:
    """Words and left-over numbers, which nobody knows either."""
    return set(re.findall(r"[^\W_]+", text.lower()))


_COMPASS = (
    "N",
    "NNE",
    "NE",
    "ENE",
    "E",
    "ESE",
    "SE",
    "SSE",
    "S",
    "SSW",
    "SW",
    "WSW",
    "W",
    "WNW",
    "NW",
    "NNW",
)


def direction(text: str) -> Told | None:
    """A bearing in degrees from "093 deg (data set); E", or from a direction in words alone."""
    stated = re.search(r"(-?\d+(?:\.\d+)?)\s*(?:deg|°)", text) or re.fullmatch(
        r"\s*(-?\d+(?:\.\d+)?)\s*", text
    )
    if stated:
        value = float(stated[1])
        return Told(value, as_rounded(value, 1.0).half_width)
    first = re.split(r"[;,(]", text)[0].lower()
    for word, letter in (("north", "n"), ("south", "s"), ("east", "e"), ("west", "w")):
        first = re.sub(rf"{word}(?:ern|erly|wards?)?", letter, first)
    point = re.sub(r"[\s-]", "", first).upper()
    if point in _COMPASS:
        return Told(_COMPASS.index(point) * 22.5, 22.5 if len(point) < 3 else 11.25)
    return None


def slug(text: str) -> str:
    """Letters and digits in small print with - between, of at most some 24 characters."""
    short = re.split(r"[(,;]|\s/\s", text)[0]
    words = re.findall(r"[a-z0-9]+", short.lower())
    kept: list[str] = []
    for word in words:
        if kept and len("-".join([*kept, word])) > 24:
            break
        kept.append(word[:24])
    return "-".join(kept) or "missile"


def joined(parts: Iterable[str]) -> str:
    """Notes one after the other."""
    return "; ".join(part for part in parts if part)
