"""The tables of the page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from noroshi.report.events import Sight
from noroshi.report.folder import Arm, Outcome, Run
from noroshi.report.gains import KINDS, Gain, gain
from noroshi.report.markup import Inner, Markup, element, joined, table
from noroshi.report.names import NBSP, NEVER, at, length, nation_title, region
from noroshi.report.outlook import Place


def arm_label(arm: Arm) -> Markup:
    """The name of an arm, marked when the arrangement did not exist then."""
    return joined(arm.name, element("span", " retroactive", class_="mark") if arm.retroactive else None)


def glance(run: Run, launch: str, places: Sequence[Place]) -> Markup:
    """What each nation reached under each arm, and as it was."""
    head = [
        "Nation",
        "Sharing",
        "Knows of the launch",
        "Own sensor sees it",
        "Has a track",
        "Alert",
        "Areas alerted",
    ]
    head += ["At the alert: region", "error", "At the end: region", "error"]
    rows = []
    for nation in run.nations:
        ours = [(arm, arm.outcomes.get(launch, {}).get(nation)) for arm in run.arms]
        lines: list[list[Inner]] = [[arm_label(arm), *_reached(one)] for arm, one in ours if one is not None]
        day = {place.name for place in places if place.nation == nation}
        was = {} if run.as_it_was is None else {a: t for a, t in run.as_it_was.alert_s.items() if a in day}
        if was:
            times = element("td", [element("div", f"{a} {at(t)}") for a, t in was.items()], colspan="2")
            lines.append([element("em", "as it was"), NEVER, NEVER, NEVER, times, *[""] * 4])
        rows += grouped(nation_title(nation), lines)
    return body(head, rows)


def _reached(one: Outcome) -> list[Inner]:
    alert, end = one.at_alert, one.at_end
    return [
        at(one.first_warning_s),
        at(one.first_detection_s),
        at(one.first_track_s),
        element("strong", at(one.alert_s)) if one.alert_s is not None else NEVER,
        element("td", ", ".join(one.alert_areas) or NEVER, class_="long"),
        region(alert.region_km),
        length(alert.impact_error_km),
        region(end.region_km),
        length(end.impact_error_km),
    ]


def grouped(title: str, lines: Sequence[Sequence[Inner]]) -> list[Markup]:
    """Rows with one heading that spans them."""
    rows = []
    for i, line in enumerate(lines):
        first = element("th", title, scope="rowgroup", rowspan=len(lines)) if i == 0 else None
        cells = [_cell(one) for one in line]
        rows.append(element("tr", first, cells, class_="first" if i == 0 else None))
    return rows


def _cell(inner: Inner) -> Markup:
    return inner if isinstance(inner, Markup) and inner.startswith("<td") else element("td", inner)


def body(head: Iterable[Inner], rows: Iterable[Markup]) -> Markup:
    """A table of rows that are made already; it scrolls sideways on a narrow screen."""
    top = element("thead", element("tr", [element("th", one, scope="col") for one in head]))
    whole = element("table", top, element("tbody", list(rows)))
    return element(
        "div", whole, class_="wide", tabindex="0", role="group", aria_label="Table, scrolls sideways"
    )


def areas(run: Run, places: Sequence[Place]) -> Markup:
    """Area by area: when the flight was over it, and when its people heard of it."""
    head: list[Inner] = ["Area", "Flown over", *(arm_label(arm) for arm in run.arms)]
    day = run.as_it_was.alert_s if run.as_it_was else {}
    if day:
        head.append("as it was")
    rows: list[list[Inner]] = []
    for place in places:
        over = (
            "not at all"
            if place.passage_s is None
            else f"{at(place.passage_s[0])} to {at(place.passage_s[1])}"
        )
        times = [arm.area_alert_s(place.nation).get(place.name) for arm in run.arms]
        if day:
            times.append(day.get(place.name))
        rows.append([f"{place.name}, {place.nation}", over, *(_ahead(time_s, place) for time_s in times)])
    return table(head, rows)


def _ahead(time_s: float | None, place: Place) -> str:
    """An alert with the time that it leaves people before the flight is over them."""
    if time_s is None or place.passage_s is None:
        return at(time_s)
    left_s = place.passage_s[0] - time_s
    return f"{at(time_s)}, {abs(left_s):.0f} s {'before' if left_s >= 0 else 'after'}"


_BOUGHT = {
    "first_detection_s": "Own sensor sees it",
    "first_warning_s": "Knows of the launch",
    "first_track_s": "Has a track",
    "alert_s": "Alert",
    "at_alert": "Region at the alert",
    "at_end": "Region at the end",
}


def bought(run: Run, base: Arm, launch: str) -> Markup:
    """What each arm bought over `base`."""
    others = [arm for arm in run.arms if arm is not base]
    head: list[Inner] = ["Nation", "What", base.name, *(arm_label(arm) for arm in others)]
    rows = []
    for nation in run.nations:
        before = base.outcomes.get(launch, {}).get(nation)
        if before is None:
            continue
        lines: list[list[Inner]] = []
        for kind in KINDS:
            mine = gain(before, before, kind)
            cells = [
                _gained(gain(before, arm.outcomes[launch][nation], kind))
                if nation in arm.outcomes.get(launch, {})
                else NEVER
                for arm in others
            ]
            lines.append([_BOUGHT[kind], at(mine.before) if mine.is_time else length(mine.before), *cells])
        rows += grouped(nation_title(nation), lines)
    return body(head, rows)


def _gained(one: Gain) -> Markup:
    """A gain as words; little ones are named so."""
    if one.before is None and one.after is None:
        return element("td", NEVER)
    value = at(one.after) if one.is_time else length(one.after)
    if one.before is None:
        return element("td", f"{value}, only here", class_="better")
    if one.after is None:
        return element("td", "never here", class_="worse")
    if one.same:
        return element("td", "same")
    if one.little and not one.is_time:
        return element("td", f"{value} (little)")
    if one.is_time:
        earlier_s = one.earlier_s or 0.0
        words, better = f"{abs(earlier_s):.0f} s {'earlier' if earlier_s > 0 else 'later'}", earlier_s > 0
    else:
        factor = one.factor or 1.0
        better = factor > 1
        words = f"{factor:.1f} times smaller" if better else f"{1 / factor:.1f} times larger"
    if one.little:
        return element("td", f"{value}, {words} (little)")
    return element("td", f"{value}, {words}", class_="better" if better else "worse")


def spread(run: Run, told: Mapping[str, Any]) -> Markup:
    """Medians and the middle 90 % over many seeds, s; `gain` is how much earlier the second arm comes."""
    rows = told.get("rows") or []
    columns = [name for name, value in (rows[0] if rows else {}).items() if isinstance(value, list)]
    words = [
        [
            nation_title(row["nation"]),
            _BOUGHT.get(row["quantity"], row["quantity"]),
            str(row.get("seeds", NEVER)),
            *(_range(row.get(name)) for name in columns),
        ]
        for row in rows
    ]
    caption = f"{told.get('seeds', '?')} seeds; median, and in brackets where 90 % of them lie, in seconds."
    arms = [arm_label(run.by_name[name]) if name in run.by_name else name for name in columns]
    return table(["Nation", "What", "Seeds in which both have it", *arms], words, caption, lead=2)


def _range(values: Sequence[float | None] | None) -> str:
    if not values or values[1] is None:
        return NEVER
    low, mid, high = values
    ends = ["never" if one is None else f"{one:.0f}" for one in (low, high)]
    return f"{mid:.0f} ({ends[0]} to {ends[1]})"


def sights(run: Run) -> Markup:
    """Who saw it first: each sensor's first sight in each arm, and where that was."""
    first: dict[str, dict[str, Sight]] = {}
    for arm in run.arms:
        for sight in arm.sights:
            first.setdefault(sight.sensor, {}).setdefault(arm.name, sight)
    order = sorted(first, key=lambda sensor: min(sight.time_s for sight in first[sensor].values()))
    known = {sensor.id: sensor for sensor in run.sensors}
    rows: list[list[Inner]] = []
    for id in [*order, *(id for id in known if id not in first)]:
        seen = first.get(id, {})
        sensor = known.get(id)
        nation = sensor.nation if sensor else next(iter(seen.values())).nation
        earliest = min(seen.values(), key=lambda sight: sight.time_s, default=None)
        rows.append(
            [
                sensor.title if sensor else id,
                nation,
                sensor.kind if sensor else "",
                *(_seen(seen.get(arm.name)) for arm in run.arms),
                _where(earliest),
            ]
        )
    return table(
        ["Sensor", "Nation", "Kind", *(arm_label(arm) for arm in run.arms), "Where at the earliest"], rows
    )


def _seen(sight: Sight | None) -> str:
    if sight is None:
        return NEVER
    return f"{at(sight.time_s)}{', cued' if sight.mode == 'cued' else ''}"


def _where(sight: Sight | None) -> str:
    if sight is None:
        return NEVER
    if sight.range_km is None or sight.height_km is None:
        return f"near {_degrees(sight.lat_deg, 'NS')} {_degrees(sight.lon_deg, 'EW')}"
    return f"{length(sight.range_km)} off, {length(sight.height_km)} up"


def _degrees(value: float, letters: str) -> str:
    return f"{abs(value):.1f}°{letters[value < 0]}"


def messages(run: Run) -> Markup:
    """What crossed which border, and how long it took."""
    ways: dict[tuple[str, str, str], dict[str, list[float | None]]] = {}
    for arm in run.arms:
        for one in arm.sendings:
            took = None if one.arrives_s is None else one.arrives_s - one.time_s
            ways.setdefault((one.sender, one.to, one.kind), {}).setdefault(arm.name, []).append(took)
    rows: list[list[Inner]] = [
        [f"{sender} to {to}", _kind(kind), *(_sent(by_arm.get(arm.name, [])) for arm in run.arms)]
        for (sender, to, kind), by_arm in sorted(ways.items())
    ]
    return table(["Border", "Kind", *(arm_label(arm) for arm in run.arms)], rows, lead=2)


def _sent(took: Sequence[float | None]) -> str:
    arrived = [value for value in took if value is not None]
    if not took:
        return NEVER
    lost = f", {len(took) - len(arrived)} lost" if len(arrived) < len(took) else ""
    return f"{len(took)}{lost}" + (f", in {median(arrived):.1f}{NBSP}s" if arrived else "")


def refusals(run: Run) -> Markup | None:
    """What was not released, by border and rule, with the words of the first such decision."""
    counts: dict[tuple[str, str, str, str, str], Counter[str]] = {}
    reasons: dict[tuple[str, str, str, str, str], str] = {}
    for arm in run.arms:
        for one in arm.decisions:
            if not one.allowed:
                group = (one.holder, one.to, one.origin, one.kind, one.rule)
                counts.setdefault(group, Counter())[arm.name] += 1
                reasons.setdefault(group, one.reason)
    rows: list[list[Inner]] = []
    for group, by_arm in sorted(counts.items()):
        holder, to, origin, kind, rule = group
        what = f"{'its own' if origin == holder else f'{origin}’s'} {_kind(kind)}"
        why = element("td", reasons[group], " (", element("code", rule), ")", class_="long")
        rows.append([f"{holder} to {to}", what, *(str(by_arm[arm.name] or NEVER) for arm in run.arms), why])
    if not rows:
        return None
    head: list[Inner] = [
        "Border",
        "What",
        *(arm_label(arm) for arm in run.arms),
        "Why, and the rule that decided",
    ]
    return table(head, rows, lead=2)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def released(run: Run) -> list[str]:
    """How many decisions let a message through, and in which form, in a sentence for each arm."""
    said = []
    for arm in run.arms:
        forms = Counter(one.form for one in arm.decisions if one.allowed)
        refused = sum(not one.allowed for one in arm.decisions)
        passed = ", ".join(f"{count} as {form}" for form, count in sorted(forms.items(), key=str)) or "none"
        said.append(f"{arm.name}: released {passed}; refused {refused or 'none'}.")
    return said


def checks(told: Sequence[Mapping[str, Any]]) -> Markup:
    """The flight against what was published of it."""
    rows = [
        [
            one["name"],
            _figure(one["published"]),
            _figure(one["ours"]),
            one.get("unit", ""),
            "yes" if one["ok"] else "NO",
        ]
        for one in told
    ]
    return table(["What", "Published", "In this run", "Unit", "Agrees"], rows)


def _figure(value: Any) -> str:
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
    return NEVER if value is None else str(value)


def notes(run: Run) -> Markup:
    """What happened on the day, with where it is told."""
    assert run.as_it_was is not None
    rows = [
        [at(one["time_s"]), element("td", one["text"]), element("td", one.get("source", ""), class_="long")]
        for one in run.as_it_was.notes
    ]
    return table(["When", "What", "Told by"], rows)


def figures(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Numbers with their range, source and confidence; those that share all of it stand together.

    Where all have one confidence, it is left out.
    """
    merged: dict[tuple[str, ...], list[str]] = {}
    graded = len({one.get("confidence") for one in rows}) > 1
    for one in rows:
        ends = [one.get("low"), one.get("high")]
        between = f"{_figure(ends[0])}{NBSP}to{NBSP}{_figure(ends[1])}" if None not in ends else NEVER
        source = str(one.get("source", "")).removeprefix("assumption: ")
        said = (_figure(one.get("value")), between, str(one.get("confidence", "")), source)
        merged.setdefault(said, []).append(str(one["field"]))
    lines: list[list[Inner]] = []
    for (value, between, confidence, source), fields in merged.items():
        names = [element("div", element("code", _breakable(name))) for name in _gathered(fields)]
        grade = [confidence] if graded else []
        lines.append([joined(names), value, between, *grade, element("td", source, class_="long")])
    return table(["Number", "Value", "Range", *(["Confidence"] if graded else []), "Source"], lines)


def _gathered(fields: Sequence[str]) -> list[str]:
    """Field paths; more than three that begin and end alike become one with stars and their number."""
    ends: dict[tuple[str, str], list[str]] = {}
    for name in fields:
        ends.setdefault((name.partition(".")[0], name.rpartition(".")[2]), []).append(name)
    return [
        name
        for (first, last), names in ends.items()
        for name in (names if len(names) <= 3 else [f"{first}.*.{last} ({len(names)})"])
    ]


def _breakable(name: str) -> Markup:
    """A field path that may break after its dots."""
    parts = name.split(".")
    return joined(parts[0], [joined(".", element("wbr"), part) for part in parts[1:]])


def origin(run: Run) -> Markup:
    """Seed, versions and policies: what it takes to repeat this run."""
    rows: list[list[Inner]] = [["scenario", run.scenario], ["seed", str(run.seed)]]
    rows += [[name, version] for name, version in sorted(run.versions.items())]
    for arm in run.arms:
        for nation, sha256 in sorted(arm.policies.items()):
            rows.append([f"policy of {nation}, {arm.name}", element("code", sha256)])
    return table(["What", "Which"], rows, class_="origin")
