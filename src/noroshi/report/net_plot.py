"""What a net of radars reaches, as a picture: how many hold each place, and each nation's part."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch

from noroshi.catalogue.covered import Answer
from noroshi.catalogue.eyes import ground_at
from noroshi.catalogue.nets import reached
from noroshi.earth import geometry
from noroshi.report import look, sheet
from noroshi.report.coverage import areas_km2, where
from noroshi.report.look import GREY, INK, nation_style
from noroshi.report.projection import middle
from noroshi.report.sheet import Sheet
from noroshi.report.world import equal_earth, frame, rim
from noroshi.sensing.coverage import Grid

Array = np.ndarray

_WIDE_PX, _WORLD_PX, _BELOW_PX = 1000, 520, 290
# In view but too faint, then one, two, three and four, five and more: light to dark.
_COLOURS = ("#e9e4d8", "#f6d99a", "#b9d3ea", "#6da5d2", "#1f4e85")
_EDGES = (-0.5, 0.5, 1.5, 2.5, 4.5, 1e6)
_SAID = ("in view, too faint", "one radar holds", "two", "three or four", "five or more")
_CELLS = 240
# A net that reaches farther than this from its middle is drawn on the world, m.
_WIDE_M = 5e6


def figure(answer: Answer) -> Figure:
    """The map of the net and what each nation's radars hold."""
    lat, lon = answer.places.lat_deg, answer.places.lon_deg
    about = middle(lat, lon)
    centre = np.radians(about.lat_deg), np.radians(about.lon_deg)
    apart_m, _ = geometry.great_circle(*centre, np.radians(lat), np.radians(lon))
    if answer.band_deg is not None or apart_m.max() > _WIDE_M:
        high = _WORLD_PX + _BELOW_PX
        drawn = look.figure(_WIDE_PX, high)
        axes = drawn.add_axes((0.01, _BELOW_PX / high, 0.98, (_WORLD_PX - 40) / high))
        _world(axes, answer)
    else:
        paper = sheet.make(lat, lon, about, _WIDE_PX, (1.5, 2.2), 0.04)
        drawn, axes = sheet.canvas(paper)
        high = round(paper.height_px + _BELOW_PX)
        drawn.set_size_inches(_WIDE_PX * look.PX, high * look.PX)
        axes.set_position((0, _BELOW_PX / high, 1, paper.height_px / high))
        _map(axes, paper, answer)
    title = f"{answer.rule.rcs_m2:g} m² at {answer.rule.target_km:g} km: how many radars hold it"
    drawn.text(0.012, 1 - 28 / high, title, fontsize=14, weight="bold")
    _areas(drawn.add_axes((0.075, 52 / high, 0.38, (_BELOW_PX - 100) / high)), answer)
    return drawn


def _world(axes: Axes, answer: Answer) -> None:
    edges = np.linspace(-90, 90, 181), np.linspace(-180, 180, 361)
    _mesh(axes, equal_earth, answer, *edges)
    rim(axes)
    frame(axes, answer.band_deg, "")
    _signs(axes, equal_earth, answer)


def _map(axes: Axes, paper: Sheet, answer: Answer) -> None:
    lat, lon = answer.places.lat_deg, answer.places.lon_deg
    east = (lon - paper.projection.lon_deg + 180) % 360 - 180
    rows = np.linspace(max(lat.min() - 3, -90), min(lat.max() + 3, 90), _CELLS)
    edges = max(east.min() - 3, -180), min(east.max() + 3, 180)
    _mesh(axes, paper.projection, answer, rows, paper.projection.lon_deg + np.linspace(*edges, _CELLS))
    if paper.land is not None:
        axes.add_patch(PathPatch(paper.land, facecolor="none", edgecolor=INK, lw=0.5, alpha=0.7, zorder=1.3))
    _signs(axes, paper.projection, answer)


def _mesh(
    axes: Axes,
    onto: Callable[[Array, Array], tuple[Array, Array]],
    answer: Answer,
    rows: Array,
    columns: Array,
) -> None:
    """How many radars hold each cell between these edges, deg; nothing where none has it in view."""
    net, rule = answer.net, answer.rule
    assert net is not None and rule.rcs_m2 is not None
    middles = (rows[:-1] + rows[1:]) / 2, (columns[:-1] + columns[1:]) / 2
    lats, lons = np.meshgrid(*middles, indexing="ij")
    cells = Grid(lats.ravel(), (lons.ravel() + 180) % 360 - 180)
    found, _ = reached(net, cells, rule.target_km, rule.rcs_m2, None)
    count = np.where(found.geometry.any(axis=0), found.gated.sum(axis=0).astype(float), np.nan)
    colours = ListedColormap(_COLOURS)
    x, y = onto(*np.meshgrid(rows, columns, indexing="ij"))
    norm = BoundaryNorm(_EDGES, colours.N)
    axes.pcolormesh(x, y, count.reshape(lats.shape), cmap=colours, norm=norm, rasterized=True, zorder=1.2)


def _signs(axes: Axes, onto: Callable[[Array, Array], tuple[Array, Array]], answer: Answer) -> None:
    """Where the radars stand, and what the colours mean."""
    net = answer.net
    assert net is not None
    nations = tuple(dict.fromkeys(one.nation for one in net.sensors))
    signs: list[Line2D | Patch] = [Patch(facecolor=one) for one in _COLOURS]
    names = list(_SAID)
    for nation in nations:
        style = nation_style(nation, nations)
        places = np.array([np.degrees(ground_at(one)[:2]) for one in net.of("radar") if one.nation == nation])
        if len(places):
            u, v = onto(places[:, 0], places[:, 1])
            axes.scatter(u, v, s=36, marker=style.marker, color=style.colour, ec="white", lw=0.9, zorder=4)
            signs.append(Line2D([], [], color=style.colour, marker=style.marker, lw=0, ms=7, mec="white"))
            names.append(nation)
    legend = axes.legend(signs, names, loc="lower left", fontsize=9, bbox_to_anchor=(0.035, 0.03))
    legend.set_zorder(7)
    legend.set_frame_on(True)
    legend.get_frame().set(facecolor="white", alpha=0.9, linewidth=0)


def _areas(axes: Axes, answer: Answer) -> None:
    """What each nation's radars hold, and what none but they do."""
    nations = [one.nation for one in answer.nations]
    level = np.arange(len(nations))[::-1]
    for row, one in zip(level, answer.nations, strict=True):
        held, only = areas_km2(answer, one)["gated"]
        colour = nation_style(one.nation, nations).colour
        axes.barh(row, held / 1e6, 0.62, color=colour, alpha=0.35)
        axes.barh(row, only / 1e6, 0.62, color=colour)
        axes.annotate(
            f"{held / 1e6:,.2f}, only it {only / 1e6:,.2f}", (held / 1e6, row), (5, 0),
            textcoords="offset points", va="center", fontsize=9, color=GREY,
        )  # fmt: skip
    axes.set_yticks(level, nations)
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.35)
    axes.set_xlim(left=0)
    axes.set_title(f"held, {where(answer)}, million km²", fontsize=11, loc="left", color=INK)
    axes.xaxis.grid(True)
    axes.set_axisbelow(True)
