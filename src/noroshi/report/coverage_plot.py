"""A coverage as a picture: the world in stereo, what is in view at the start, shares by latitude."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.tri import TriContourSet

from noroshi.catalogue.covered import Answer
from noroshi.earth import frames
from noroshi.report import look, net_plot
from noroshi.report.look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION
from noroshi.report.world import equal_earth, frame, rim
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Coverage, Times
from noroshi.sensing.search import Found, Searched

Array = np.ndarray

_WIDE_PX, _HIGH_PX = 1000, 830
_ROWS_DEG = 5.0
# Light to dark, the same in print and to any eye: never is paper, always is night blue.
_SHARES = LinearSegmentedColormap.from_list("share", ["#fbf7ee", "#d5e8dc", "#86c3c4", "#3f86b0", "#0b2e59"])
_COUNTS = ("#fbf7ee", "#f6d99a", "#b9d3ea", "#7fb0d8", "#4a7fb5", "#1f4e85")
_COUNT_EDGES = (-0.5, 0.5, 1.5, 2.5, 4.5, 8.5, 1e6)


def draw(answer: Answer, path: Path) -> None:
    """Write the picture of a coverage; PNG, SVG or PDF by the ending of `path`."""
    with look.settings():
        drawn = _figure(answer)
        drawn.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def _figure(answer: Answer) -> Figure:
    assert answer.geometry is not None and answer.gated is not None
    if answer.net is not None:
        drawn = net_plot.figure(answer)
        high = drawn.get_size_inches()[1] / look.PX
        below = drawn.add_axes((0.6, 52 / high, 0.375, 190 / high))
        _latitudes(below, answer, answer.geometry, answer.gated)
        return drawn
    drawn = look.figure(_WIDE_PX, _HIGH_PX)
    names = " + ".join(
        f"{one.name}, {one.height_km:g} km, {one.inclination_deg:g}°" if one.kind == "walker" else one.name
        for one in answer.layers
    )
    drawn.text(0.02, 0.963, names, fontsize=15, fontweight="bold")
    rule = answer.rule
    seen = "above the limb" if rule.min_elevation_deg is None else f"at {rule.min_elevation_deg:g}° or higher"
    drawn.text(0.02, 0.936, f"target at {rule.target_km:g} km, seen {seen}", fontsize=11, color=GREY)
    world = drawn.add_axes((0.02, 0.41, 0.88, 0.485))
    levels = np.append(np.linspace(0, 0.95, 20), 1 + 1e-9)
    filled = _map(world, answer, answer.gated.p2, levels, _SHARES)
    frame(
        world, answer.band_deg, f"two in view, crossing at {rule.crossing_deg:g}° or more: share of the time"
    )
    bar = drawn.colorbar(
        filled, cax=drawn.add_axes((0.912, 0.49, 0.016, 0.33)), ticks=[0, 0.25, 0.5, 0.75, 1]
    )
    bar.set_ticklabels(["never", "25 %", "50 %", "75 %", "always"])
    bar.outline.set_visible(False)  # type: ignore[operator]
    if answer.searched is not None and len(answer.searched.trade) > 1:
        _trade(drawn.add_axes((0.07, 0.07, 0.45, 0.265)), answer.searched)
    else:
        _start(drawn.add_axes((0.02, 0.02, 0.52, 0.32)), answer)
    _latitudes(drawn.add_axes((0.61, 0.07, 0.37, 0.265)), answer, answer.geometry, answer.gated)
    return drawn


def _map(axes: Axes, answer: Answer, values: Array, levels: Array, colours: Colormap) -> TriContourSet:
    """Values of the places as filled contours, cut to the outline of the world."""
    lat, lon = answer.places.lat_deg, answer.places.lon_deg
    # Once more beyond either edge, and at the poles, so that the map is filled to its outline.
    spots = [(lat, lon + turn, values) for turn in (-360, 0, 360)]
    for pole in (-90.0, 90.0):
        nearest = values[np.abs(lat - pole).argsort()[:5]].mean()
        along = np.linspace(-200, 200, 81)
        spots.append((np.full(81, pole), along, np.full(81, nearest)))
    lat, lon, values = (np.concatenate(parts) for parts in zip(*spots, strict=True))
    near = np.abs(lon) <= 200
    x, y = equal_earth(lat[near], lon[near])
    filled = axes.tricontourf(x, y, values[near], levels=levels, cmap=colours, extend="neither")
    filled.set_clip_path(rim(axes))
    return filled


def _start(axes: Axes, answer: Answer) -> None:
    """How many are in view at the first moment, and where they stand."""
    rule, standing = answer.rule, answer.at_start
    assert standing is not None
    eyes = coverage.Layer("", len(standing), lambda _: standing[None], 1.0)
    rows, columns = np.arange(-90, 90.1, 1.0), np.arange(-180, 180.1, 1.0)
    lat, lon = np.meshgrid((rows[:-1] + rows[1:]) / 2, (columns[:-1] + columns[1:]) / 2, indexing="ij")
    cells = coverage.Grid(lat.ravel(), lon.ravel())
    moment = Times(1.0, 1, False)
    now = coverage.cover([eyes], cells, rule.target_km * 1e3, rule.geometry(), moment, answer.over)
    x, y = equal_earth(*np.meshgrid(rows, columns, indexing="ij"))
    colours = ListedColormap(_COUNTS)
    norm = BoundaryNorm(_COUNT_EDGES, colours.N)
    count = now.mean_in_view.reshape(lat.shape)
    axes.pcolormesh(x, y, count, cmap=colours, norm=norm, rasterized=True)
    rim(axes)
    up = standing[np.isfinite(standing).all(axis=-1)]
    under_lat, under_lon, _ = frames.geodetic(up, answer.over)
    u, v = equal_earth(np.degrees(under_lat), np.degrees(under_lon))
    size = 22 if len(up) < 150 else 8
    axes.scatter(u, v, s=size, color=INK, edgecolor="white", lw=0.8, zorder=4)
    frame(axes, answer.band_deg, "in view at the first moment: none, one (sand), two and more (blues)")


def _trade(axes: Axes, searched: Searched) -> None:
    """The smallest constellation against height, or where there is one height only against inclination."""
    found = searched.trade
    by_height = len({one.height_km for one in found}) > 1

    def along(one: Found) -> float:
        return one.height_km if by_height else one.inclination_deg

    def line(one: Found) -> tuple[str, float]:
        return one.kind, one.inclination_deg if by_height else one.height_km

    colours = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
    for number, name in enumerate(dict.fromkeys(map(line, found))):
        some = [one for one in found if line(one) == name]
        total = [one.pattern.total if one.pattern else np.nan for one in some]
        label = f"{name[0]}, {name[1]:g} {'deg' if by_height else 'km'}"
        colour = colours[number % len(colours)]
        ls = "-" if name[0] == "delta" else (0, (4, 2))
        axes.plot([along(one) for one in some], total, "o", ls=ls, color=colour, lw=1.5, label=label)
    axes.set_title("smallest constellation that will do", fontsize=11, loc="left")
    axes.set_xlabel("height, km" if by_height else "inclination, deg")
    axes.set_ylabel("satellites")
    axes.set_ylim(bottom=0)
    axes.grid(True)
    axes.legend(fontsize=9)


def _latitudes(axes: Axes, answer: Answer, geometry: Coverage, gated: Coverage) -> None:
    """Shares of the time against latitude."""
    edges = np.arange(-90, 90.1, _ROWS_DEG)
    middle = (edges[:-1] + edges[1:]) / 2
    rows = [coverage.within(answer.places, (low, high)) for low, high in pairwise(edges)]

    def by_row(values: Array) -> Array:
        return np.array([100 * values[here].mean() if here.any() else np.nan for here in rows])

    if answer.band_deg is not None and answer.band_deg != (-90.0, 90.0):
        axes.axvspan(*answer.band_deg, color=VERMILION, alpha=0.08, lw=0)
    for values, colour, line, label in (
        (geometry.p1, ORANGE, "-", "one in view"),
        (geometry.p2, BLUE, "-", "two"),
        (gated.p1, ORANGE, (0, (4, 2)), "one that counts"),
        (gated.p2, BLUE, (0, (4, 2)), "two that count"),
    ):
        axes.plot(middle, by_row(values), color=colour, ls=line, lw=1.8, label=label)
    axes.set_xlim(-90, 90)
    axes.set_ylim(0, 103)
    axes.set_xticks([-90, -60, -30, 0, 30, 60, 90])
    axes.set_xticklabels(["90°S", "60°S", "30°S", "0°", "30°N", "60°N", "90°N"])
    axes.set_ylabel("% of the time" if answer.times else "% of the places")
    axes.grid(True)
    axes.legend(fontsize=9, loc="lower center" if answer.net is None else "upper left", ncols=2)
    if answer.net is not None:
        # Above the shares of a net that reaches everything.
        axes.set_ylim(0, 135)
        axes.set_yticks([0, 25, 50, 75, 100])
