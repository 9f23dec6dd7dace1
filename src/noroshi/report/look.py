"""How things look: one colour, line and marker for each nation and arm, and figures as inline SVG.

Colours are Okabe and Ito's, told apart with any colour vision; a line style, marker or hatch always says the
same thing once more. No window system and no pyplot: a figure goes straight to the SVG backend.
"""

import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from noroshi.report.markup import Markup, element

BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
GREY, SEA, LAND, INK = "#666666", "#f4f8fb", "#dcd8cd", "#1a1a1a"

PX = 1 / 72  # a figure's inch is 72 of its own pixels, so sizes here are those of the page


class Style(NamedTuple):
    """How one nation or arm is drawn."""

    colour: str
    line: Any
    marker: str


_NATIONS = {"JPN": Style(BLUE, "-", "o"), "KOR": Style(GREEN, "--", "s"), "USA": Style(VERMILION, "-.", "^")}
_OTHERS = (Style(PURPLE, ":", "D"), Style(ORANGE, (0, (5, 1)), "v"), Style(SKY, (0, (1, 2)), "P"))
_ARMS = {
    "national": Style(GREY, ":", "x"),
    "bilateral": Style(ORANGE, "--", "s"),
    "hub": Style(BLUE, "-", "o"),
    "direct": Style(PURPLE, "-.", "D"),
}
_MORE_ARMS = (Style(GREEN, (0, (5, 1)), "^"), Style(VERMILION, (0, (1, 2)), "v"), Style(SKY, "-", "P"))


def nation_style(nation: str, nations: Sequence[str]) -> Style:
    """The same for a nation in every figure of a report."""
    others = [one for one in nations if one not in _NATIONS]
    return _NATIONS.get(nation) or _OTHERS[others.index(nation) % len(_OTHERS)]


def arm_style(arm: str, arms: Sequence[str]) -> Style:
    """The same for an arm in every figure of a report."""
    others = [one for one in arms if one not in _ARMS]
    return _ARMS.get(arm) or _MORE_ARMS[others.index(arm) % len(_MORE_ARMS)]


# Numbers that settle every byte of a figure, and text that stays text.
_SETTINGS = {
    "svg.hashsalt": "noroshi",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#e2e2e2",
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "path.simplify_threshold": 0.3,
}


def settings() -> Any:
    """The context in which every figure is made and written."""
    return matplotlib.rc_context(_SETTINGS)  # type: ignore[arg-type]


def figure(width_px: float, height_px: float) -> Figure:
    """An empty figure, in pixels of the page."""
    return Figure((width_px * PX, height_px * PX), dpi=72)


def svg(drawn: Figure, name: str, title: str, description: str, class_: str = "plot") -> Markup:
    """A figure as an inline SVG: `name` before its ids, a title and a description to be read aloud."""
    buffer = io.StringIO()
    FigureCanvasSVG(drawn).print_svg(buffer, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = _own_ids(text, name)
    text = re.sub(r"(font(?:-family)?: ?(?:[\w.]+ )*[\d.]+px) [^;\"]*", r"\1 sans-serif", text)
    text = re.sub(r"(\d+\.\d{2})\d+", r"\1", text)
    # A tenth of a pixel is enough for a coast; a small marker wants a hundredth.
    text = re.sub(r' d="([^"]{300,})"', lambda d: f' d="{_path(d[1])}"', text)
    text = re.sub(r"\n\s*", "\n", text)
    width, height = (float(value) for value in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0])
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" class="{class_}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc">'
    )
    labels = element("title", title, id=f"{name}-title") + element("desc", description, id=f"{name}-desc")
    return Markup(opening + labels + text[text.index(">") + 1 :])


def _path(d: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(\d+\.\d)\d+", r"\1", d)).strip()


def _own_ids(text: str, name: str) -> str:
    """Drop ids that nothing refers to, make the others the figure's own: one page holds many figures."""
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text))
    kept = {one for pair in used for one in pair if one}

    def renamed(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in kept else ""

    text = re.sub(r' id="([^"]+)"', renamed, text)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
