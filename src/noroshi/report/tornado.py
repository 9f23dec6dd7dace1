"""How much of the answer hangs on numbers that nobody published."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from noroshi.report import look
from noroshi.report.look import GREY
from noroshi.report.markup import Markup
from noroshi.report.names import NBSP

WIDE_PX = 1040
Values = Mapping[str, float | None]


def arms_of(tornado: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The arms to draw: those wanted that it has, else all that it has."""
    has = list(tornado.get("baseline") or {})
    return [arm for arm in wanted if arm in has] or has


def tornado(told: Mapping[str, Any], arms: Sequence[str], every_arm: Sequence[str], name: str) -> Markup:
    """A bar from the low to the high value of each number, for each arm, the longest first."""
    rows = sorted(told["rows"], key=lambda row: -swing(row, told["baseline"], arms))
    height = 66 + (16 + 15 * len(arms)) * len(rows)
    figure = look.figure(WIDE_PX, height)
    axes = figure.add_axes((0.4, 42 / height, 0.58, 1 - 72 / height))
    step = 1.0 / (len(arms) + 0.7)
    words = []
    for place, row in enumerate(rows):
        y0 = len(rows) - 1 - place
        for i, arm in enumerate(arms):
            y = y0 + ((len(arms) - 1) / 2 - i) * step
            words.append(_bar(axes, row, arm, told["baseline"].get(arm), y, step, every_arm))
    for arm in arms:
        style = look.arm_style(arm, every_arm)
        base = told["baseline"].get(arm)
        if base is not None:
            axes.axvline(base, color=style.colour, ls=style.line, lw=1.2, zorder=1)
    axes.set_yticks(range(len(rows)), [_folded(row["title"]) for row in reversed(rows)], fontsize=10.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.margins(x=0.08)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel(told.get("measure", "s"))
    handles: list[Line2D] = []
    for arm in arms:
        style = look.arm_style(arm, every_arm)
        handles.append(
            Line2D([], [], color=style.colour, ls=style.line, lw=2, marker=style.marker, label=arm)
        )
    handles.append(Line2D([], [], ls="", marker="<", ms=7, mfc="white", mec=GREY, label="low value"))
    handles.append(Line2D([], [], ls="", marker=">", ms=7, color=GREY, label="high value"))
    figure.legend(handles=handles, loc="upper right", ncols=len(handles))
    return look.svg(figure, name, f"Tornado: {told.get('measure', '')}", " ".join(words))


def swing(row: Mapping[str, Any], baseline: Values, arms: Sequence[str]) -> float:
    """The widest change that one number makes in any arm, s; endless where it decides whether at all."""
    widest = 0.0
    for arm in arms:
        values = [row["low"].get(arm), row["high"].get(arm), baseline.get(arm)]
        known = [value for value in values if value is not None]
        if known and len(known) < 3:
            return float("inf")
        widest = max(widest, max(known) - min(known)) if known else widest
    return widest


def in_words(told: Mapping[str, Any], arms: Sequence[str]) -> str:
    """What it hangs on most, and between which ends the gain of the second arm over the first stays."""
    rows = sorted(told["rows"], key=lambda row: -swing(row, told["baseline"], arms))
    widest = swing(rows[0], told["baseline"], arms)
    moves = "whether it comes at all" if widest == float("inf") else f"up to {widest:.0f} s"
    said = f"Most hangs on this: {rows[0]['title']} ({moves})."
    if len(arms) == 2:
        ends = [told["baseline"], *(row[end] for row in rows for end in ("low", "high"))]
        pairs = [(one.get(arms[0]), one.get(arms[1])) for one in ends]
        gained = [before - after for before, after in pairs if before is not None and after is not None]
        if gained:
            low, high = (f"{value + 0.0:.0f}{NBSP}s" for value in (round(min(gained)), round(max(gained))))
            said += f" Through all of them, what {arms[1]} gains on {arms[0]} stays between {low} and {high}."
    return said


def _bar(
    axes: Axes,
    row: Mapping[str, Any],
    arm: str,
    base: float | None,
    y: float,
    step: float,
    arms: Sequence[str],
) -> str:
    style = look.arm_style(arm, arms)
    low, high = row["low"].get(arm), row["high"].get(arm)
    for value, sign, inside in ((low, "<", "white"), (high, ">", style.colour)):
        if value is None:
            text = f"{'low' if sign == '<' else 'high'}: never"
            side = 0.995 if sign == ">" else 0.88
            axes.text(
                side, y, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9.5
            )
            continue
        if base is not None:
            axes.plot(
                [base, value],
                [y, y],
                color=style.colour,
                lw=9 * min(step * 2, 1),
                alpha=0.45,
                solid_capstyle="butt",
            )
        axes.plot([value], [y], marker=sign, ms=7, mfc=inside, mec=style.colour, zorder=3)
    said = ["never" if value is None else f"{value:.0f} s" for value in (low, high)]
    return f"{row['title']}, {arm}: {said[0]} to {said[1]}."


def _folded(title: str, width: int = 52) -> str:
    """A long title on two lines."""
    if len(title) <= width:
        return title
    cut = title.rfind(" ", 0, width)
    return f"{title[:cut]}\n{title[cut + 1 :]}"
