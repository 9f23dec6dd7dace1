"""Time: the budget of each nation's alert, stage by stage, and how its forecast region shrank."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import NullLocator

from noroshi.report import look, outlook
from noroshi.report.events import Notice, Stage
from noroshi.report.folder import Arm, Run
from noroshi.report.look import BLACK, GREEN, GREY, INK, ORANGE, SKY, VERMILION, YELLOW
from noroshi.report.markup import Markup
from noroshi.report.names import at, length, listed, nation_title

WIDE_PX = 1040
STAGES = ("see", "confirm", "relay", "decide", "deliver")
_FILL = {
    "see": (SKY, ""),
    "confirm": (ORANGE, "///"),
    "relay": (GREEN, "|||"),
    "decide": (YELLOW, "\\\\\\"),
    "deliver": (VERMILION, "xxx"),
}
# Signs of what happened, in the order of a chain.
_SIGNS = {
    "own sensor sees it": ("v", "none"),
    "first warning": ("D", "white"),
    "a track": ("o", "white"),
    "alert": ("*", BLACK),
    "more areas": ("P", BLACK),
    "over": ("X", BLACK),
    "stood down": ("X", "white"),
}
_NOTICES = {"alert": "alert", "update": "more areas", "cancel": "over", "stood_down": "stood down"}


def timeline(run: Run, nation: str, was: Mapping[str, float], until_s: float, name: str) -> Markup:
    """One row for each arm, with the stages of the alert as bars; below them what happened on the day.

    `was` holds the nation's areas with the seconds to their alert on the day.
    """
    rows = len(run.arms) + bool(was)
    busy = any(one.nation == nation for arm in run.arms for one in arm.stages)
    height = 50 + (58 if busy else 42) * rows
    figure = look.figure(WIDE_PX, height)
    axes = figure.add_axes((0.135, 34 / height, 0.85, 1 - 44 / height))
    told = []
    for row, arm in enumerate(run.arms):
        told.append(_row(axes, run, arm, nation, rows - 1 - row, until_s, busy))
    for area, time_s in was.items():
        axes.axvline(time_s, color=BLACK, ls=(0, (4, 3)), lw=1, zorder=0.5)
        axes.text(time_s - until_s / 90, -0.1, f"{area} {at(time_s)}", ha="right", va="center", fontsize=10)
        axes.plot([time_s], [-0.1], marker="*", ms=13, color=BLACK, mec="white", zorder=4)
    for launch in run.launches[1:]:
        begin_s = run.launch_time_s(launch.id)
        axes.axvline(begin_s, color=GREY, lw=1, zorder=0.4)
        axes.text(begin_s, rows - 0.5, f" {launch.id}", color=GREY, va="top", fontsize=10)
    labels = [f"{arm.name}\n(retroactive)" if arm.retroactive else arm.name for arm in run.arms]
    axes.set_yticks(range(rows), [*(["as it was"] if was else []), *reversed(labels)], fontsize=11.5)
    axes.set_ylim(-0.5, rows - 0.45)
    _seconds(axes, until_s)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if was:
        told.append(f"As it was: {listed([f'{area} at {at(time_s)}' for area, time_s in was.items()])}.")
    return look.svg(figure, name, f"Timeline of {nation_title(nation)}", " ".join(told))


def key(name: str) -> Markup:
    """What bars and signs on the timelines mean."""
    figure = look.figure(WIDE_PX, 58)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    bars = [
        Patch(facecolor=_FILL[stage][0], hatch=_FILL[stage][1], edgecolor=INK, lw=0.5, label=stage)
        for stage in STAGES
    ]
    signs = [
        Line2D([], [], ls="", marker=marker, ms=8, mfc=inside, mec=BLACK, label=label)
        for label, (marker, inside) in _SIGNS.items()
    ]
    axes.add_artist(axes.legend(handles=bars, loc="upper center", ncols=len(bars), columnspacing=1.8))
    axes.legend(handles=signs, loc="lower center", ncols=len(signs), columnspacing=1.6, handletextpad=0.2)
    return look.svg(figure, name, "Key to the timelines", "What bars and signs on the timelines mean.")


def until(run: Run) -> float:
    """Where the timelines end: a little after the last first alert, in the run or on the day, s."""
    alerts = [one.time_s for arm in run.arms for one in arm.notices if one.event in ("alert", "update")]
    day = list(run.as_it_was.alert_s.values()) if run.as_it_was else []
    warned = [
        (time_s or 0.0) + run.launch_time_s(launch)
        for arm in run.arms
        for launch, nations in arm.outcomes.items()
        for outcome in nations.values()
        for time_s in (outcome.first_warning_s, outcome.first_track_s)
    ]
    return 60.0 * float(np.ceil((max([*alerts, *day, *warned, 60.0]) + 30) / 60))


def regions(run: Run, until_s: float, name: str) -> Markup:
    """The longer semi-axis of the 95 % region over time: a panel for each nation, a line for each arm."""
    seen = [one for one in run.nations if any(f.nation == one for arm in run.arms for f in arm.forecasts)]
    figure = look.figure(WIDE_PX, 300)
    words = []
    panels = figure.subplots(1, max(len(seen), 1), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(left=0.075, right=0.985, bottom=0.15, top=0.8, wspace=0.08)
    for axes, nation in zip(panels, seen, strict=False):
        axes.set_title(nation_title(nation), fontsize=12, loc="left")
        axes.set_yscale("log")
        for arm, width in zip(run.arms, np.linspace(4.5, 1.2, len(run.arms)), strict=True):
            words += _shrinking(axes, run, arm, nation, width)
        axes.grid(True, axis="y")
        _seconds(axes, until_s)
    panels[0].set_ylabel("semi-major axis, km")
    _decades(panels[0])
    names = [arm.name for arm in run.arms]
    handles: list[Line2D] = []
    for arm in run.arms:
        style = look.arm_style(arm.name, names)
        handles.append(Line2D([], [], color=style.colour, ls=style.line, lw=2, label=arm.name))
    handles.append(
        Line2D([], [], ls="", marker="*", ms=11, color=BLACK, label="forecast that the first alert rests on")
    )
    figure.legend(handles=handles, loc="upper center", ncols=len(handles))
    return look.svg(figure, name, "Size of the forecast region over time", " ".join(words) or "No forecasts.")


def _decades(axes: Axes) -> None:
    """Marks at 1, 10, 100 ... km within the limits."""
    low, high = (float(np.log10(limit)) for limit in axes.get_ylim())
    marks = [10.0**power for power in range(int(np.ceil(low)), int(np.floor(high)) + 1)]
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(marks, [f"{mark:,g}" for mark in marks])


def _shrinking(axes: Axes, run: Run, arm: Arm, nation: str, width: float) -> list[str]:
    """One arm's line; where arms agree, the thinner lines lie on the thicker."""
    style = look.arm_style(arm.name, [one.name for one in run.arms])
    words = []
    for launch in run.launches:
        outcome = arm.outcomes.get(launch.id, {}).get(nation)
        for ones in outlook.series(run, arm, nation, launch.id):
            time_s = [one.time_s for one in ones]
            size_km = [one.semi_major_km for one in ones]
            axes.step(time_s, size_km, where="post", color=style.colour, ls=style.line, lw=width)
            words.append(
                f"{nation} under {arm.name}: {length(size_km[0])} at {at(time_s[0])}, "
                f"{length(size_km[-1])} at {at(time_s[-1])}."
            )
            if outcome is not None and outcome.alert_s is not None:
                alert_s = outcome.alert_s + run.launch_time_s(launch.id)
                before = [one for one in ones if one.time_s <= alert_s]
                if before:
                    spot = [alert_s], [before[-1].semi_major_km]
                    axes.plot(*spot, marker="*", ms=13, color=style.colour, mec=BLACK, mew=0.7, zorder=5)
    return words


def _seconds(axes: Axes, until_s: float) -> None:
    """The axis of time: minutes for people, with the unit beside the last."""
    axes.set_xlim(0, until_s)
    room_px = axes.get_position().width * WIDE_PX / 80
    step = next((s for s in (30, 60, 120, 300, 600, 1800, 3600) if until_s / s <= room_px), 7200)
    ticks = np.arange(0, until_s + 1, step)
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks[:-1]] + [f"{ticks[-1]:.0f} s"])
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)


def _row(axes: Axes, run: Run, arm: Arm, nation: str, y: float, until_s: float, busy: bool) -> str:
    """One arm: bars of the first alert of each launch's thing, signs above them; returns it in words."""
    stages = outlook.budget(run, arm, nation)
    notices = [one for one in arm.notices if one.nation == nation]
    signs: list[tuple[float, str]] = []
    for launch, nations in arm.outcomes.items():
        outcome, begin_s = nations.get(nation), run.launch_time_s(launch)
        if outcome is not None:
            times = (outcome.first_detection_s, outcome.first_warning_s, outcome.first_track_s)
            signs += [(t + begin_s, sign) for t, sign in zip(times, _SIGNS, strict=False) if t is not None]
    signs += [(one.time_s, _NOTICES[one.event]) for one in notices]
    _bars(axes, stages, y, until_s)
    _draw_signs(
        axes,
        [one for one in signs if one[0] <= until_s],
        y + (0.13 if busy else -0.25),
        11 / (58 if busy else 42),
        until_s,
    )
    if not notices and not stages:
        axes.text(until_s * 0.995, y, "no alert", ha="right", va="center", color=GREY)
    return _in_words(arm, stages, notices, signs)


def _draw_signs(
    axes: Axes, signs: Sequence[tuple[float, str]], y: float, step: float, until_s: float
) -> None:
    """Signs at their times, one above the other where they would hide each other; alerts with their time."""
    px_s = until_s / (0.85 * WIDE_PX)
    ends: list[float] = []
    for time_s, sign in sorted(signs, key=lambda one: one[0]):
        marker, inside = _SIGNS[sign]
        size = 12 if marker == "*" else 7
        level = next((i for i, end in enumerate(ends) if end < time_s - 6 * px_s), len(ends))
        ends[level:] = [time_s + 6 * px_s, *ends[level + 1 :]]
        spot = [time_s], [y + step * level]
        axes.add_artist(Line2D(*spot, marker=marker, ms=size, mfc=inside, mec=BLACK, mew=1, zorder=4))
        if sign == "alert":
            axes.text(time_s + 9 * px_s, y, at(time_s), va="center", fontsize=11, fontweight="bold")
            ends[level] = time_s + 60 * px_s


def _bars(axes: Axes, stages: Sequence[Stage], y: float, until_s: float) -> None:
    px_s = until_s / (0.85 * WIDE_PX)
    for stage in stages:
        colour, hatch = _FILL.get(stage.stage, (GREY, ""))
        left, right = max(stage.start_s, 0.0), min(stage.end_s, until_s)
        if right <= left:
            continue
        size = (left, y - 0.38), right - left, 0.38
        axes.add_artist(Rectangle(*size, facecolor=colour, hatch=hatch, edgecolor=INK, lw=0.5, zorder=2))
        long_s = stage.end_s - stage.start_s
        for text in (f"{stage.stage} {long_s:.0f} s", f"{long_s:.0f}"):
            if len(text) * 6.2 + 6 < (right - left) / px_s:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.85}
                axes.text(
                    (left + right) / 2,
                    y - 0.2,
                    text,
                    ha="center",
                    va="center",
                    fontsize=10,
                    bbox=box,
                    zorder=3,
                )
                break


def _in_words(
    arm: Arm, stages: Sequence[Stage], notices: Sequence[Notice], signs: Sequence[tuple[float, str]]
) -> str:
    said = [f"{sign} at {at(time_s)}" for time_s, sign in sorted(signs)]
    first = next((one.alert for one in notices if one.event == "alert"), None)
    spent = [f"{one.stage} {one.end_s - one.start_s:.0f} s" for one in stages if one.alert == first]
    return f"{arm.name}: {listed(said) or 'nothing'}" + (f"; {', '.join(spent)}." if spent else ".")
