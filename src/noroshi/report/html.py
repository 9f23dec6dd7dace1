"""The report: one HTML file that needs nothing but itself."""

import os
from pathlib import Path

from noroshi.report import (
    cueing,
    differ,
    gains,
    look,
    maps,
    outlook,
    quiet_page,
    raid,
    spells,
    tables,
    text,
    timeline,
    tornado,
)
from noroshi.report.css import CSS
from noroshi.report.folder import Arm, LaunchTruth, Run, read_run
from noroshi.report.markup import Inner, Markup, Section, element, figure, joined
from noroshi.report.names import in_sentence, listed, nation_title
from noroshi.report.outlook import Place
from noroshi.report.sheet import Sheet

MARKING = "EXERCISE"
STATEMENT = (
    "Analysis from public data and stated assumptions, for exercises. Not certified for safety of life: "
    "warn nobody by it, and refrain from no warning because of it."
)


def write_report(out: Path | Run) -> Path:
    """Write OUT/report.html from the files in OUT; the same run gives the same bytes."""
    run = out if isinstance(out, Run) else read_run(out)
    path = run.folder / "report.html"
    part = path.with_suffix(".html.part")
    part.write_text(page(run), encoding="utf-8")
    os.replace(part, path)
    return path


def page(run: Run) -> str:
    """The whole page; also well-formed XML."""
    with look.settings():
        sections = [section for section in _sections(run) if section is not None]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{run.title} · noroshi"),
        element("style", Markup(CSS)),
    )
    marking = element("p", element("strong", MARKING), f" · {STATEMENT}")
    links = [element("li", element("a", title, href=f"#{name}")) for name, title, _ in sections]
    body = element(
        "body",
        element("div", element("div", marking, class_="page"), class_="marking", role="note"),
        element(
            "main",
            _opening(run),
            element("nav", element("ul", links), aria_label="On this page"),
            [element("section", element("h2", title, id=name), inner) for name, title, inner in sections],
        ),
        element("footer", element("div", marking, class_="page")),
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n{head}\n{body}\n</html>\n'
    )


def _opening(run: Run) -> Markup:
    arms = listed([arm.name for arm in run.arms])
    facts = f"Scenario {run.scenario} · seed {run.seed} · sharing: {arms}"
    if not run.quiet:
        facts += " · T is the launch"
    if run.epoch_utc:
        facts += f" · epoch {run.epoch_utc.replace('T', ' ').replace('+00:00', 'Z')}"
    says = [element("p", line) for line in text.answer(run)]
    return joined(
        element("h1", run.title),
        element("p", facts, class_="facts"),
        element("p", run.description) if run.description else None,
        element("div", says, class_="answer", role="region", aria_label="The answer"),
    )


def _sections(run: Run) -> list[Section | None]:
    if run.quiet:
        return [quiet_page.claims(run), quiet_page.there(run), _messages(run), _numbers(run), _origin(run)]
    places = outlook.places(run)
    return [
        _comparison(run, places),
        _maps(run, places),
        _timelines(run, places),
        _regions(run),
        _bought(run),
        _tornado(run),
        _sights(run),
        cueing.section(run),
        raid.section(run),
        differ.section(run),
        _spells(run),
        _messages(run),
        _day(run),
        _numbers(run),
        _origin(run),
    ]


def _comparison(run: Run, places: list[Place]) -> Section:
    inner: list[Inner] = []
    for launch in run.launches:
        if len(run.launches) > 1:
            inner.append(element("h3", f"Launch {launch.id}"))
        inner.append(element("p", _flown(launch), class_="note"))
        inner.append(tables.glance(run, launch.id, places))
    inner.append(
        element(
            "p",
            "Times count from the launch. A region is the pair of semi-axes of the ellipse that holds the "
            "impact with 95 %; the error is from the middle of the forecast to the true impact.",
            class_="note",
        )
    )
    if places:
        inner.append(element("h3", "Area by area"))
        inner.append(tables.areas(run, places))
    return "comparison", "Who knew what, and when", inner


def _flown(launch: LaunchTruth) -> str:
    if launch.range_km is None or launch.flight_time_s is None:
        return f"Flown: into an orbit with an apogee of {launch.apogee_km:,.0f} km; nothing of it comes down."
    return (
        f"Flown: apogee {launch.apogee_km:,.0f} km, range {launch.range_km:,.0f} km, "
        f"{launch.flight_time_s:,.0f} s."
    )


def _shown(run: Run) -> list[Arm]:
    """The arms that have maps: the two of the headline."""
    return list(gains.pair(run) or run.arms[:1])


def _maps(run: Run, places: list[Place]) -> Section | None:
    nation = outlook.focus(run)
    if not run.launches or nation is None:
        return None
    wide, close = maps.flight_sheet(run, _shown(run), nation, places), maps.close_sheet(run, places)
    inner: list[Inner] = [figure(maps.key(run, "map-key"))]
    pairs = []
    for arm in _shown(run):
        said = joined(
            element("strong", arm_title(arm)), ". From the launch to the alerted areas, with first sights."
        )
        pairs.append(figure(maps.close_map(run, arm, close, places, f"close-{arm.name}"), said))
    inner.append(element("div", pairs, class_="pair"))
    inner += [_flight_figure(run, arm, nation, wide, places) for arm in _shown(run)]
    for launch in run.launches:
        if launch.impact_deg is None:
            continue
        fall = maps.fall_sheet(run, _shown(run), nation, launch)
        pairs = [_fall_figure(run, arm, nation, launch, fall) for arm in _shown(run)]
        inner.append(element("div", pairs, class_="pair"))
    others = [one for one in run.nations if one != nation and _has_forecasts(run, one)]
    for one in others:
        more = [_flight_figure(run, arm, one, wide, places) for arm in _shown(run)]
        inner.append(element("details", element("summary", f"The same for {in_sentence(one)}"), more))
    above = [sensor.title for sensor in run.sensors if sensor.kind == "infrared"]
    if above:
        inner.append(element("p", f"Not on the maps: {listed(above)}, in orbit.", class_="note"))
    return "maps", "On the map", inner


def _has_forecasts(run: Run, nation: str) -> bool:
    return any(one.nation == nation for arm in _shown(run) for one in arm.forecasts)


def _flight_figure(run: Run, arm: Arm, nation: str, sheet: Sheet, places: list[Place]) -> Markup:
    svg = maps.flight_map(run, arm, nation, sheet, places, f"flight-{arm.name}-{nation}")
    said = joined(
        element("strong", arm_title(arm)),
        f". Where {in_sentence(nation)} expected the fall: 95 % regions, the later the darker, each with its "
        "time and longer semi-axis.",
    )
    return figure(svg, said)


def _fall_figure(run: Run, arm: Arm, nation: str, launch: LaunchTruth, sheet: Sheet) -> Markup:
    what = f"The fall of {launch.id}" if len(run.launches) > 1 else "The fall"
    svg = maps.fall_map(run, arm, nation, launch, sheet, f"fall-{arm.name}-{launch.id}")
    return figure(svg, joined(element("strong", arm_title(arm)), f". {what} from near."))


def arm_title(arm: Arm) -> str:
    """The full title of an arm, marked when the arrangement did not exist then."""
    return f"{arm.title} (retroactive)" if arm.retroactive else arm.title


def _timelines(run: Run, places: list[Place]) -> Section:
    until_s = timeline.until(run)
    inner: list[Inner] = [figure(timeline.key("time-key"))]
    for nation in run.nations:
        ours = {place.name for place in places if place.nation == nation}
        day = run.as_it_was.alert_s if run.as_it_was else {}
        was = {area: time_s for area, time_s in day.items() if area in ours}
        inner.append(element("h3", nation_title(nation)))
        inner.append(figure(timeline.timeline(run, nation, was, until_s, f"time-{nation}")))
    inner.append(
        element(
            "p",
            "Bars are the stages of the alert: see (from the true launch until a forecast threatens an "
            "area), confirm, relay, decide, deliver. Dashed lines are the alerts of the day. What comes "
            "later than the axis, such as the end of an alert, is not drawn.",
            class_="note",
        )
    )
    return "timelines", "Where the time went", inner


def _regions(run: Run) -> Section | None:
    if not any(arm.forecasts for arm in run.arms):
        return None
    latest = max(one.time_s for arm in run.arms for one in arm.forecasts)
    svg = timeline.regions(run, 60.0 * -(-latest // 60), "regions")
    said = "Longer semi-axis of the 95 % region of each nation's forecast of the impact, on a scale of tens."
    return "regions", "How fast the forecast sharpened", figure(svg, said)


def _bought(run: Run) -> Section | None:
    two = gains.pair(run)
    if two is None:
        return None
    inner: list[Inner] = []
    for launch in run.launches:
        if len(run.launches) > 1:
            inner.append(element("h3", f"Launch {launch.id}"))
        inner.append(tables.bought(run, two[0], launch.id))
    inner.append(
        element(
            "p",
            f"Little is less than {gains.LITTLE_S:.0f} s, or a factor of less than {gains.LITTLE_FACTOR:g}, "
            f"or between regions below {gains.LITTLE_KM:.0f} km. "
            "All arms of a run share the flight, the noise of the sensors and the delays of people where "
            "they do the same, so differences come from sharing.",
            class_="note",
        )
    )
    if spread := run.extras.get("spread"):
        inner += [element("h3", "Over many seeds"), tables.spread(run, spread)]
    return "bought", f"What each arrangement bought over {two[0].name}", inner


def _tornado(run: Run) -> Section | None:
    told = run.extras.get("tornado")
    if not told or not told.get("rows"):
        return None
    two = gains.pair(run)
    arms = tornado.arms_of(told, [arm.name for arm in two] if two else [])
    svg = tornado.tornado(told, arms, [arm.name for arm in run.arms], "tornado")
    said = "Each number alone goes from its low to its high value; the lines stand at the run as it is."
    inner = [element("p", tornado.in_words(told, arms)), figure(svg, said)]
    return "tornado", "How much hangs on numbers that nobody published", inner


def _sights(run: Run) -> Section:
    inner = [tables.sights(run)]
    said = "Cued: the sensor was told where to look by a track or report, its own nation's or a partner's."
    return "sights", "Who saw it first", [*inner, element("p", said, class_="note")]


def _spells(run: Run) -> Section | None:
    shown = _shown(run)
    told = [one for one in run.launches if any(spells.told(run, arm, one.id) for arm in shown)]
    if not told:
        return None
    inner: list[Inner] = [figure(spells.key("spells-key"))]
    for launch in told:
        for arm in shown:
            inner.append(_ribbon(run, arm, launch))
            if missed := spells.never(run, arm, launch.id):
                inner.append(element("ul", [element("li", one) for one in missed]))
    said = (
        "What the director knows and no nation is told: geometry and brightness each second, and what became "
        "of the looks. Too faint: a cued look of the radar, or the satellite, shows it less often than not."
    )
    return "spells", "Who could see it, and why not", [*inner, element("p", said, class_="note")]


def _ribbon(run: Run, arm: Arm, launch: LaunchTruth) -> Markup:
    said = joined(element("strong", arm_title(arm)), f". {spells.headline(run, arm, launch.id)}")
    return figure(spells.ribbon(run, arm, launch, f"spells-{arm.name}-{launch.id}"), said)


def _messages(run: Run) -> Section:
    inner: list[Inner] = [
        element("ul", [element("li", one) for one in tables.released(run)]),
        tables.messages(run),
    ]
    said = "How many entered the line, how many of them never arrived, and the median time on the way."
    inner.append(element("p", said, class_="note"))
    if refused := tables.refusals(run):
        inner += [element("h3", "Refused, and why"), refused]
    return "messages", "What crossed the borders", inner


def _day(run: Run) -> Section | None:
    inner: list[Inner] = []
    if told := run.extras.get("checks"):
        inner += [element("h3", "The flight against the record"), tables.checks(told)]
    if run.as_it_was and run.as_it_was.notes:
        inner += [element("h3", "As it was"), tables.notes(run)]
    if not inner:
        return None
    return "day", "Against what happened", inner


def _numbers(run: Run) -> Section | None:
    if not run.assumptions:
        return None
    assumed = [one for one in run.assumptions if one.get("confidence") == "assumed"]
    others = [one for one in run.assumptions if one.get("confidence") != "assumed"]
    said = (
        f"No public source gives {len(assumed)} numbers of this scenario; they are assumed, each with the "
        "range that it may lie in."
    )
    inner: list[Inner] = [element("p", said)]
    for title, rows in (("Assumed, with their ranges", assumed), ("Published or derived", others)):
        if rows:
            inner.append(
                element("details", element("summary", f"{title} ({len(rows)})"), tables.figures(rows))
            )
    return "numbers", "Assumptions and sources", inner


def _origin(run: Run) -> Section:
    inner: list[Inner] = [tables.origin(run)]
    if run.sources:
        rows = element("ul", [element("li", one) for one in run.sources])
        inner.append(element("details", element("summary", f"Sources ({len(run.sources)})"), rows))
    notes = [element("li", element("strong", arm.name), f": {arm.note}") for arm in run.arms if arm.note]
    if notes:
        inner = [element("h3", "The arrangements"), element("ul", notes), *inner]
    return "origin", "How this was made", inner
