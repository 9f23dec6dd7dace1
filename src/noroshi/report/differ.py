"""Where nations differ: what each takes a launch for, beside each other and beside all together."""

from noroshi.report import gains, outlook
from noroshi.report.events import Beside, Told
from noroshi.report.folder import Arm, Run
from noroshi.report.markup import Inner, Markup, Section, element, table
from noroshi.report.names import NBSP, NEVER, at, in_sentence, nation_title, region

# As the journal calls the assessment that rests on all.
_MERGED = "merged"


def section(run: Run) -> Section | None:
    """Who takes it for what under the arms of the headline; None where nobody told anybody."""
    nation = outlook.focus(run)
    if nation is None:
        return None
    inner: list[Inner] = []
    for arm in gains.pair(run) or run.arms[:1]:
        if (one := last_common(arm, nation)) is not None:
            said = f", at {at(one.time_s)}, as {in_sentence(nation)} holds it."
            inner += [element("p", element("strong", arm.title), said), *side_by_side(one)]
    if not inner:
        return None
    said = (
        "Each nation's word rests on its own sensors, that of all together on them all, so that it agrees "
        "with each more easily. The last time with most nations is shown."
    )
    return "differ", "Where nations differ", [*inner, element("p", said, class_="note")]


def last_common(arm: Arm, nation: str) -> Beside | None:
    """When most nations stood beside each other in a nation's picture, the last such time."""
    mine = [one for one in arm.beside if one.nation == nation]
    return max(mine, key=lambda one: (len(one.told), one.time_s), default=None)


def side_by_side(one: Beside) -> list[Inner]:
    """The table of a moment, and in words who differs in what."""
    head = ["Who", "Said at", "Falls at", "When", "Region", "Held for"]
    rows: list[list[Inner]] = [
        [
            _who(told.nation),
            at(told.time_s),
            _place(told),
            at(told.impact_time_s),
            region(told.region_km),
            _kind(told),
        ]
        for told in one.told
    ]
    return [table(head, rows), _verdicts(one)]


def _verdicts(one: Beside) -> Markup:
    if not one.differ:
        return element("p", "They agree in all that two of them tell, within three sigma.")
    lines = [element("li", f"{_pair(first, second)}: {verdict}.") for first, second, verdict in one.differ]
    return element("ul", lines)


def _pair(first: str, second: str) -> str:
    words = [_inside(name) for name in (first, second)]
    return " and ".join([words[0][:1].upper() + words[0][1:], words[1]])


def _who(nation: str) -> str:
    return "All together" if nation == _MERGED else nation_title(nation)


def _inside(nation: str) -> str:
    return "all together" if nation == _MERGED else in_sentence(nation)


def _place(told: Told) -> str:
    if told.impact_lat_deg is None or told.impact_lon_deg is None:
        return NEVER
    lat, lon = told.impact_lat_deg, (told.impact_lon_deg + 180) % 360 - 180
    return f"{abs(lat):.2f}°{NBSP}{'S' if lat < 0 else 'N'}, {abs(lon):.2f}°{NBSP}{'W' if lon < 0 else 'E'}"


def _kind(told: Told) -> str:
    return NEVER if told.kind is None else f"{told.kind}, {told.kind_probability or 0.0:.0%}"
