"""Who could see a launch, and why not: the director's account of every sensor, in words and as a ribbon."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from noroshi.records.detections import Why
from noroshi.report import look
from noroshi.report.custody import WHY
from noroshi.report.folder import Arm, LaunchTruth, Run, Sensor
from noroshi.report.look import BLUE, GREY, INK, ORANGE, SKY
from noroshi.report.markup import Markup
from noroshi.report.names import at, in_sentence, listed, nation_title
from noroshi.report.truth import Spell

WIDE_PX, _ROW_PX, _GROUP_PX, _LEFT_PX = 1040, 17, 22, 190
# Narrower than this, s, a spell is no wider than two pixels: a bin shows the best of what is in it.
_BIN_S = 4.0


class Look(NamedTuple):
    """How a sort of reasons is drawn: the nearer to seeing, the higher its bar."""

    words: str
    colour: str
    hatch: str
    height: float
    reasons: tuple[Why, ...]


# From seeing to the farthest from it; a bin shows the first of these that occurs in it.
LOOKS = (
    Look("seen", BLUE, "", 0.86, (Why.SEEN,)),
    Look("in view: missed or too faint", SKY, "", 0.62, (Why.MISSED, Why.TOO_DIM)),
    Look("in view: not looked at", ORANGE, "///", 0.62, (Why.NOT_LOOKED, Why.TOO_BUSY)),
    Look("dark, or under clouds", "#4a4a4a", "", 0.3, (Why.DARK, Why.CLOUDED)),
    Look("beyond its range", "#b9a3c9", "", 0.3, (Why.TOO_FAR, Why.TOO_NEAR)),
    Look(
        "out of its sector", "#e3cf9f", "", 0.3,
        (Why.OUT_OF_SECTOR, Why.OUT_OF_FIELD, Why.BELOW_ELEVATION, Why.ABOVE_ELEVATION),
    ),
    Look("below the horizon, or behind land", "#d3d3d3", "", 0.3, (Why.BEHIND_EARTH, Why.MASKED)),
)  # fmt: skip
_LEVEL = {why.name.lower(): level for level, one in enumerate(LOOKS) for why in one.reasons}
_IN_VIEW = {Why.MISSED: "missed", Why.NOT_LOOKED: "not looked at", Why.TOO_BUSY: "its time went to others"}


def told(run: Run, arm: Arm, launch: str) -> dict[Sensor, list[Spell]]:
    """The account of each sensor about one launch, by nation as they stand in the run."""
    mine: dict[str, list[Spell]] = {}
    for one in arm.spells:
        if one.launch == launch:
            mine.setdefault(one.sensor, []).append(one)
    order = [sensor for nation in run.nations for sensor in run.sensors if sensor.nation == nation]
    return {sensor: mine[sensor.id] for sensor in order if sensor.id in mine}


def never(run: Run, arm: Arm, launch: str) -> list[str]:
    """Each sensor that never sees a launch, with what kept it from that most of the time."""
    said = []
    for sensor, spells in told(run, arm, launch).items():
        lasts_s: dict[Why, float] = {}
        for one in spells:
            why = Why[one.why.upper()]
            lasts_s[why] = lasts_s.get(why, 0.0) + one.until_s - one.from_s
        if Why.SEEN not in lasts_s:
            said.append(f"{sensor.title} ({sensor.nation}) never sees it: {_because(lasts_s)}.")
    return said


def _because(lasts_s: dict[Why, float]) -> str:
    """The reason that holds longest; if it was in view at all, also what it lacked then."""
    if Why.OTHER_KIND in lasts_s:
        return WHY[Why.OTHER_KIND]
    inside = {why: s for why, s in lasts_s.items() if why in _IN_VIEW or why is Why.TOO_DIM}
    outside = {why: s for why, s in lasts_s.items() if why not in inside}
    said = []
    if outside:
        main = max(outside, key=lambda why: outside[why])
        share = outside[main] / sum(lasts_s.values())
        said.append(f"{WHY[main]} for {100 * share:.0f} % of the flight")
    if inside:
        main = max(inside, key=lambda why: inside[why])
        words = _IN_VIEW.get(main) or WHY[main]
        said.append(f"in view for {sum(inside.values()):.0f} s, mostly {words}")
    return "; ".join(said)


def ribbon(run: Run, arm: Arm, launch: LaunchTruth, name: str) -> Markup:
    """A row for each sensor, time along it, in the colour of why it saw the launch or did not."""
    sensors = told(run, arm, launch.id)
    nations = list(dict.fromkeys(sensor.nation for sensor in sensors))
    rows_px = _GROUP_PX * len(nations) + _ROW_PX * len(sensors)
    high = rows_px + 62
    figure = look.figure(WIDE_PX, high)
    axes = figure.add_axes((_LEFT_PX / WIDE_PX, 30 / high, 1 - (_LEFT_PX + 14) / WIDE_PX, rows_px / high))
    begin_s = run.launch_time_s(launch.id)
    end_s = max((spells[-1].until_s for spells in sensors.values()), default=begin_s + 60)
    words, level = [], 0.0
    for nation in nations:
        style = look.nation_style(nation, run.nations)
        axes.axhline(level, color="#d0d0d0", lw=0.6)
        _name(axes, nation_title(nation), level + 0.55 * _GROUP_PX, 11.5, style.colour, "bold")
        level += _GROUP_PX
        for sensor, spells in sensors.items():
            if sensor.nation == nation:
                _name(axes, sensor.title.partition(" (")[0], level + _ROW_PX / 2, 10, INK, "normal")
                _bars(axes, spells, level + _ROW_PX / 2)
                words.append(_in_words(sensor, spells))
                level += _ROW_PX
    _moments(axes, run, launch)
    axes.set_ylim(level, 0)
    axes.set_xlim(begin_s, end_s)
    axes.set_yticks([])
    for side in ("left", "top"):
        axes.spines[side].set_visible(False)
    step = next((s for s in (60, 120, 300, 600, 1800) if (end_s - begin_s) / s <= 14), 3600)
    ticks = np.arange(np.ceil(begin_s / step) * step, end_s + 1, step)
    axes.set_xticks(ticks, [f"{tick:.0f}{' s' if tick == ticks[-1] else ''}" for tick in ticks])
    axes.xaxis.grid(True)
    axes.set_axisbelow(True)
    title = f"Who could see {launch.id} under {arm.name}, and why not"
    return look.svg(figure, name, title, " ".join(words) or "No sensor.")


def key(name: str) -> Markup:
    """What the colours of the ribbon mean."""
    figure = look.figure(WIDE_PX, 44)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    patches = [
        Patch(facecolor=one.colour, hatch=one.hatch, lw=0, edgecolor="white", label=one.words)
        for one in LOOKS
    ]
    axes.legend(handles=patches, loc="center", ncols=4, columnspacing=1.6, handlelength=1.6)
    return look.svg(figure, name, "Key to the ribbons", "What the colours of the ribbons mean.")


def _name(axes: Axes, text: str, y: float, size: float, colour: str, weight: str) -> None:
    axes.annotate(
        text, (0, y), (-8, 0), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
        va="center", fontsize=size, color=colour, weight=weight, annotation_clip=False,
    )  # fmt: skip


def _bars(axes: Axes, spells: list[Spell], middle: float) -> None:
    """Bins as bars, neighbours of one colour in one."""
    begin_s, end_s = spells[0].from_s, spells[-1].until_s
    edges = np.append(np.arange(begin_s, end_s, _BIN_S), end_s)
    levels = np.full(len(edges) - 1, len(LOOKS))
    for one in spells:
        if one.why in _LEVEL:
            inside = (edges[:-1] < one.until_s) & (edges[1:] > one.from_s)
            levels[inside] = np.minimum(levels[inside], _LEVEL[one.why])
    starts = np.append(0, np.flatnonzero(np.diff(levels)) + 1)
    ends = np.append(starts[1:], len(levels))
    for level, drawn in enumerate(LOOKS):
        rows = levels[starts] == level
        bars = [(edges[a], edges[b] - edges[a]) for a, b in zip(starts[rows], ends[rows], strict=True)]
        if bars:
            thick = drawn.height * _ROW_PX
            axes.broken_barh(
                bars, (middle - thick / 2, thick), facecolor=drawn.colour, hatch=drawn.hatch,
                edgecolor="white", lw=0, zorder=2,
            )  # fmt: skip


def _moments(axes: Axes, run: Run, launch: LaunchTruth) -> None:
    """Burnout, apogee and impact as lines, named above the rows."""
    for flight in run.flights:
        if flight.launch != launch.id:
            continue
        rows = [("apogee", int(np.argmax(flight.height_m))), ("impact", -1)]
        if launch.impact_deg is None:
            rows = []
        if flight.burning.any():
            rows.insert(0, ("burnout", int(np.flatnonzero(flight.burning)[-1])))
        for name, row in rows:
            time_s = float(flight.time_s[row])
            axes.axvline(time_s, color=INK, lw=0.9, ls=(0, (3, 3)), zorder=3)
            side = "right" if name == "impact" else "center"
            axes.annotate(
                f"{name} {at(time_s)}", (time_s, 0), (0, 5), textcoords="offset points", ha=side, fontsize=10,
                color=GREY,
            )  # fmt: skip


def _in_words(sensor: Sensor, spells: list[Spell]) -> str:
    """First and last sight of one sensor, to be read aloud."""
    seen = [one for one in spells if one.why == "seen"]
    if not seen:
        return f"{sensor.title}, {sensor.nation}: never."
    total_s = sum(one.until_s - one.from_s for one in seen)
    between = f"{at(seen[0].from_s)} to {at(seen[-1].until_s)}"
    return f"{sensor.title}, {sensor.nation}: {between}, {total_s:.0f} s of it."


def headline(run: Run, arm: Arm, launch: str) -> str:
    """For how long each nation's sensors see the launch under one arm."""
    said = []
    for nation in run.nations:
        seen = [
            (one.from_s, one.until_s)
            for sensor, spells in told(run, arm, launch).items()
            for one in spells
            if sensor.nation == nation and one.why == "seen"
        ]
        if seen:
            first, last = min(seen)[0], max(end for _, end in seen)
            said.append(f"{in_sentence(nation)} from {at(first)} to {at(last)}")
    return f"Own sensors of {listed(said)} see it." if said else "No sensor sees it."
