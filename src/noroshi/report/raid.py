"""How many missiles each nation counted over time, against how many had been launched."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from noroshi.report import look, tables
from noroshi.report.events import Raid
from noroshi.report.folder import Arm, Run
from noroshi.report.look import BLACK
from noroshi.report.markup import Inner, Markup, Section, element, figure
from noroshi.report.names import NEVER, at, nation_title

WIDE_PX = 1040


def section(run: Run) -> Section | None:
    """The section of the page; nothing where nobody ever had more than one thing to count."""
    if not any(arm.raids for arm in run.arms):
        return None
    said = (
        "Likeliest number of missiles in the nation's picture; stages that parted from one count with it. "
        "Dashed: how many had been launched. A nation begins to count when it holds two things at once."
    )
    inner: list[Inner] = [figure(_counts(run, "raid"), said), _last(run)]
    return "raid", "How many missiles, and from where", inner


def launched(run: Run, time_s: float) -> int:
    """How many missiles had been launched by a time, s after the first launch."""
    return sum(run.launch_time_s(launch.id) <= time_s for launch in run.launches)


def _counts(run: Run, name: str) -> Markup:
    """A panel for each nation that counted, a line for each arm, and the truth."""
    counted = [
        one for one in run.nations if any(raid.nation == one for arm in run.arms for raid in arm.raids)
    ]
    drawn = look.figure(WIDE_PX, 280)
    panels = drawn.subplots(1, len(counted), sharey=True, squeeze=False)[0]
    drawn.subplots_adjust(left=0.06, right=0.985, bottom=0.16, top=0.8, wspace=0.08)
    ends = [raid.time_s for arm in run.arms for raid in arm.raids]
    until_s = 60.0 * float(np.ceil((max(ends) + 60) / 60))
    words = [f"Launched: {len(run.launches)}."]
    for axes, nation in zip(panels, counted, strict=True):
        _truth(axes, run, until_s)
        for number, arm in enumerate(run.arms):
            # Where arms agree, the thinner lines lie on the thicker.
            words += _line(axes, run, arm, nation, until_s, 1.5 + 1.2 * (len(run.arms) - 1 - number))
        axes.set_title(nation_title(nation), fontsize=11.5)
        axes.set_xlim(0, until_s)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("s after the first launch")
        axes.grid(True)
        axes.set_axisbelow(True)
    names = [arm.name for arm in run.arms]
    handles = [
        Line2D([], [], color=style.colour, ls=style.line, lw=2, label=one)
        for one, style in ((one, look.arm_style(one, names)) for one in names)
    ]
    handles.append(Line2D([], [], color=BLACK, ls="--", lw=1, label="launched"))
    drawn.legend(handles=handles, loc="upper center", ncols=len(handles))
    return look.svg(drawn, name, "Missiles counted over time", " ".join(words))


def _truth(axes: Axes, run: Run, until_s: float) -> None:
    times = sorted(run.launch_time_s(launch.id) for launch in run.launches)
    steps = [0.0, *times, until_s], [0, *range(1, len(times) + 1), len(times)]
    axes.step(*steps, where="post", color=BLACK, ls="--", lw=1, zorder=3)


def _line(axes: Axes, run: Run, arm: Arm, nation: str, until_s: float, width: float) -> list[str]:
    raids = _of(arm, nation)
    if not raids:
        return []
    style = look.arm_style(arm.name, [one.name for one in run.arms])
    time_s, count = [*(one.time_s for one in raids), until_s], [one.count for one in raids]
    axes.step(time_s, [*count, count[-1]], where="post", color=style.colour, ls=style.line, lw=width)
    most = max(raids, key=lambda one: one.count)
    return [f"{nation} under {arm.name}: {most.count} at {at(most.time_s)}, {count[-1]} in the end."]


def _of(arm: Arm, nation: str) -> Sequence[Raid]:
    return [one for one in arm.raids if one.nation == nation]


def _last(run: Run) -> Markup:
    """What each nation counted at most and last, and the truth."""
    head: list[Inner] = ["Nation", "Sharing", "Most at once", "Launched by then", "In the end", "From places"]
    body: list[Markup] = []
    for nation in run.nations:
        lines: list[list[Inner]] = []
        for arm in run.arms:
            raids = _of(arm, nation)
            if not raids:
                continue
            most, last = max(raids, key=lambda one: one.count), raids[-1]
            sure = last.chance.get(last.count)
            end = f"{last.count}" + ("" if sure is None else f", with {100 * sure:.0f} %")
            places = ", ".join(str(n) for n in last.groups) or NEVER
            lines.append(
                [
                    tables.arm_label(arm),
                    f"{most.count} at {at(most.time_s)}",
                    str(launched(run, most.time_s)),
                    end,
                    element("td", f"{len(last.groups)} ({places})" if last.groups else NEVER),
                ]
            )
        body += tables.grouped(nation_title(nation), lines)
    return tables.body(head, body)
