"""False claims as they add up over a run without a launch: a panel for each kind and nation."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from noroshi.report import look, quiet
from noroshi.report.folder import Arm, Run
from noroshi.report.markup import Markup
from noroshi.report.names import nation_title

WIDE_PX, _ROW_PX = 1040, 150
# Where the days are counted in weeks, so are the marks.
_WEEKS_FROM_DAYS = 14
# How far apart two sums at the ends of lines must stand to be read, as a part of the greatest.
_APART = 0.115


def adding_up(run: Run, name: str) -> Markup:
    """The counts over time: a line for each arm, its sum at the end of it."""
    days = run.duration_s / quiet.DAY_S
    figure = look.figure(WIDE_PX, _ROW_PX * len(quiet.KINDS) + 70)
    panels = figure.subplots(len(quiet.KINDS), max(len(run.nations), 1), sharex=True, squeeze=False)
    high = _ROW_PX * len(quiet.KINDS) + 70
    figure.subplots_adjust(
        left=0.075, right=0.955, bottom=36 / high, top=1 - 58 / high, wspace=0.25, hspace=0.22
    )
    words = []
    for row, (kind, (_, many)) in enumerate(quiet.KINDS.items()):
        most = max((quiet.of(arm, nation, kind) for arm in run.arms for nation in run.nations), default=0)
        panels[row][0].set_ylabel(f"false {many}")
        for axes, nation in zip(panels[row], run.nations, strict=False):
            words += _panel(axes, run, nation, kind, days, _APART * max(most, 1))
            # One scale for all nations, so that heights can be compared; whole numbers.
            axes.set_ylim(-0.04 * max(most, 1), 1.12 * max(most, 1))
            axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.grid(True)
            axes.set_axisbelow(True)
            if row == 0:
                axes.set_title(nation_title(nation), fontsize=12, loc="left")
    _time(panels[-1], days)
    names = [arm.name for arm in run.arms]
    handles = []
    for arm, width in zip(run.arms, _widths(run), strict=True):
        style = look.arm_style(arm.name, names)
        handles.append(Line2D([], [], color=style.colour, ls=style.line, lw=min(width, 3), label=arm.name))
    figure.legend(handles=handles, loc="upper center", ncols=max(len(handles), 1))
    return look.svg(figure, name, "False claims as they add up", " ".join(words) or "No nation takes part.")


def times(arm: Arm, nation: str, kind: str) -> list[float]:
    """When a nation first claimed each thing of a kind, s."""
    if kind == "alerts":
        found = [
            (one.alert, one.time_s) for one in arm.notices if one.nation == nation and one.event == "alert"
        ]
    elif kind == "launch_reports":
        found = [(one.track, one.time_s) for one in arm.reports if one.nation == nation]
    else:
        found = [
            (one.track, one.time_s) for one in arm.tracks if one.nation == nation and one.state == "confirmed"
        ]
    first: dict[str, float] = {}
    for key, time_s in found:
        first.setdefault(key, time_s)
    return sorted(first.values())


def _widths(run: Run) -> np.ndarray:
    """Where arms agree, the thinner lines lie on the thicker."""
    return np.linspace(4.5, 1.4, max(len(run.arms), 1))


def _panel(axes: Axes, run: Run, nation: str, kind: str, days: float, apart: float) -> list[str]:
    """The lines of one kind and nation; sums at their ends keep so far apart."""
    words, sums = [], {}
    for arm, width in zip(run.arms, _widths(run), strict=True):
        style = look.arm_style(arm.name, [one.name for one in run.arms])
        at = np.array(times(arm, nation, kind)) / quiet.DAY_S
        count = np.arange(len(at) + 1)
        axes.step(
            np.concatenate([[0.0], at, [days]]), np.append(count, len(at)),
            where="post", color=style.colour, ls=style.line, lw=width,
        )  # fmt: skip
        sums[len(at)] = style.colour
        words.append(f"{nation} under {arm.name}: {len(at)} {quiet.KINDS[kind][1]}.")
    level = -apart
    for number, colour in sorted(sums.items()):
        level = max(number, level + apart)
        axes.annotate(
            f"{number:,}", (days, level), (5, 0), textcoords="offset points", va="center", fontsize=10.5,
            color=colour if len(sums) > 1 else look.INK, weight="bold", annotation_clip=False,
        )  # fmt: skip
    return words


def _time(panels: np.ndarray, days: float) -> None:
    """The axis of time: weeks, days or hours, whatever reads best."""
    if days >= _WEEKS_FROM_DAYS:
        ticks = np.arange(0, days + 0.01, 7)
        # The last days of a month are no week.
        labels = [f"week {n + 1}" if days - tick > 3 else "" for n, tick in enumerate(ticks)]
    elif days > 2:
        ticks = np.arange(0, days + 0.01, max(1, days // 7))
        labels = [f"day {tick + 1:.0f}" for tick in ticks]
    else:
        ticks = np.linspace(0, days, 5)
        labels = [f"{24 * tick:.3g} h" for tick in ticks]
    for axes in panels:
        axes.set_xlim(0, days)
        axes.set_xticks(ticks, labels, ha="left" if days >= _WEEKS_FROM_DAYS else "center")
