"""A sheet of the world to draw on: sea, land, grid and scale, and words that keep out of each other's way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from noroshi.catalogue.areas import load_coastline
from noroshi.report import look
from noroshi.report.look import GREY, INK, LAND, SEA
from noroshi.report.projection import RADIUS_KM, Projection, Window, window

Array = np.ndarray

_FONT_PX = 11.0
# Only a ring around half of the map can hold the antipode.
_FAR_AREA_KM2 = 5e7


class Said(NamedTuple):
    """A word on a map, beside a place."""

    x: float
    y: float
    text: str
    colour: str
    bold: bool = False
    near: bool = False  # better left out than far from its place


@dataclass(frozen=True, eq=False)
class Sheet:
    """A part of the world to draw on: a projection, what of it is seen, and the land in it."""

    projection: Projection
    window: Window
    width_px: int
    land: Outline | None

    @property
    def km_per_px(self) -> float:
        """Scale at the middle."""
        return (self.window.east - self.window.west) / self.width_px

    @property
    def height_px(self) -> float:
        """As wide as told, as high as the window wants."""
        return (self.window.north - self.window.south) / self.km_per_px


def make(
    lat: Array, lon: Array, about: Projection, width_px: int, aspect: tuple[float, float], margin: float
) -> Sheet:
    """The sheet that holds these places, on a map about its own middle."""
    return on(about, *about(lat, lon), width_px, aspect, margin)


def on(
    about: Projection, x: Array, y: Array, width_px: int, aspect: tuple[float, float], margin: float
) -> Sheet:
    """The sheet that holds these places of a map, km."""
    frame = window(x, y, aspect, margin)
    return Sheet(about, frame, width_px, _land(about, frame, width_px))


def _land(projection: Projection, frame: Window, width_px: int) -> Outline | None:
    """The land inside a window. The lines of the coast are closed, or end on the cut at the date line."""
    px_km = (frame.east - frame.west) / width_px
    lines = load_coastline()
    ends = np.cumsum([len(line) for line in lines])
    x, y = projection(*np.concatenate(lines).T[::-1])
    spots = np.stack([x, y], axis=-1)
    # Beyond three windows a line only costs time; its ring would be cut away in any case.
    antipode = shapely.Point((projection.lon_deg + 360) % 360 - 180, -projection.lat_deg)
    shapes = []
    for line, one in zip(lines, np.split(spots, ends[:-1]), strict=True):
        low, high = one.min(axis=0), one.max(axis=0)
        if (low < (frame.east, frame.north)).all() and (high > (frame.west, frame.south)).all():
            shape = shapely.Polygon(one)
            if shape.area > _FAR_AREA_KM2 and shapely.Polygon(line).contains(antipode):
                # The antipode is the map's rim: its land lies between the coast and that.
                shape = shapely.Point(0, 0).buffer(2 * RADIUS_KM).difference(shape.buffer(0))
            shapes.append(shape)
    cut = [shapely.clip_by_rect(shape, *frame) for shape in shapes]
    # An islet of two pixels stays, one below is dust.
    parts = [part for part in shapely.get_parts(cut) if part.area > (1.5 * px_km) ** 2]
    return outline(shapely.simplify(parts, 0.5 * px_km, preserve_topology=False)) if parts else None


def outline(shapes: Iterable[shapely.Geometry]) -> Outline | None:
    """Polygons as one path, with their holes."""
    rings = [
        np.asarray(ring.coords)
        for shape in shapes
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon" and not part.is_empty
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings)) if rings else None


def canvas(sheet: Sheet) -> tuple[Figure, Axes]:
    """A map with sea, land, a grid and a scale."""
    figure = look.figure(sheet.width_px, sheet.height_px)
    axes = figure.add_axes((0, 0, 1, 1), facecolor=SEA, xticks=[], yticks=[])
    axes.set_xlim(sheet.window.west, sheet.window.east)
    axes.set_ylim(sheet.window.south, sheet.window.north)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if sheet.land is not None:
        axes.add_patch(PathPatch(sheet.land, facecolor=LAND, edgecolor="#b5afa0", lw=0.5))
    _grid(axes, sheet)
    _scale(axes, sheet)
    return figure, axes


def _grid(axes: Axes, sheet: Sheet) -> None:
    """Parallels and meridians, with their degrees at the left and lower edges."""
    frame = sheet.window
    span_deg = (frame.east - frame.west) / 111.0
    step = next((one for one in (1, 2, 5, 10, 20) if span_deg / one < 9), 30)
    ahead = 0.55 * span_deg / max(np.cos(np.radians(sheet.projection.lat_deg)), 0.2)
    lons = np.arange(np.floor((sheet.projection.lon_deg - ahead) / step) * step, 1e3, step)
    lons = lons[lons <= min(sheet.projection.lon_deg + ahead + step, lons[0] + 360)]
    lats = np.arange(-90 + step, 90, step)
    fine = np.linspace(0, 1, 25)
    drawn: list[tuple[Array, Array]] = []
    edge = 14 * sheet.km_per_px
    for lat in lats:
        x, y = sheet.projection(np.full(25, lat), lons[0] + fine * (lons[-1] - lons[0]))
        inside = frame.holds(x, y)
        if inside.any():
            drawn.append((x, y))
            y_left = np.interp(frame.west, x, y)
            if frame.south + 2 * edge < y_left < frame.north - edge:
                text = f"{abs(lat):.0f}°{'N' if lat > 0 else 'S' if lat < 0 else ''}"
                axes.text(frame.west + 0.3 * edge, y_left, text, fontsize=9, color=GREY, va="bottom")
    low = max(lats[0], sheet.projection.lat_deg - ahead)
    high = min(lats[-1], sheet.projection.lat_deg + ahead)
    for lon in lons:
        x, y = sheet.projection(low + fine * (high - low), np.full(25, lon))
        if frame.holds(x, y).any():
            drawn.append((x, y))
            x_low = np.interp(frame.south, y, x)
            if frame.west + 3 * edge < x_low < frame.east - 3 * edge:
                turned = (lon + 180) % 360 - 180
                text = f"{abs(turned):.0f}°{'E' if 0 < turned < 180 else 'W' if -180 < turned < 0 else ''}"
                axes.text(x_low, frame.south + 0.3 * edge, text, fontsize=9, color=GREY, ha="left")

    strokes(axes, drawn, color="#b9c9d2", lw=0.5, zorder=1.5)


def stroke(axes: Axes, x: Array, y: Array, **style: Any) -> None:
    """A line; quicker than axes.plot, since the limits of a map stand already."""
    axes.add_artist(Line2D(x, y, **style))


def strokes(axes: Axes, lines: Iterable[tuple[Array, Array]], **style: Any) -> None:
    """Several lines in one."""
    gap = np.array([np.nan])
    parts = [(np.append(x, gap), np.append(y, gap)) for x, y in lines]
    if parts:
        stroke(axes, *(np.concatenate(one) for one in zip(*parts, strict=True)), **style)


def _scale(axes: Axes, sheet: Sheet) -> None:
    """A bar of a round length, lower right."""
    frame, px = sheet.window, sheet.km_per_px
    bar = next(
        km for km in (2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2) if km < 0.2 * (frame.east - frame.west)
    )
    east, south = frame.east - 14 * px, frame.south + 22 * px
    stroke(
        axes,
        np.array([east - bar, east]),
        np.array([south, south]),
        color=INK,
        lw=2,
        solid_capstyle="butt",
        zorder=6,
    )
    axes.text(east - bar / 2, south + 4 * px, f"{bar:,} km", ha="center", fontsize=10, zorder=6)


# Where a word may stand about its place: direction, then distance in pixels.
_AROUND = [
    (np.cos(turn), np.sin(turn), far)
    for far in (10, 20, 34, 50, 70, 95, 125)
    for turn in np.radians([0, 90, 270, 45, 315, 180, 135, 225])
]


def write(axes: Axes, sheet: Sheet, said: Sequence[Said], lines: Sequence[tuple[Array, Array]] = ()) -> None:
    """Write the words where they hide neither each other, nor `lines`, nor the edge.

    The first words choose first; those without room are left out.
    """
    frame, px = sheet.window, sheet.km_per_px
    taken: list[tuple[float, float, float, float]] = []
    spots = [((one.x - frame.west) / px, (one.y - frame.south) / px) for one in said]
    # A sign needs room as well, and so does a line: a bead every 8 pixels.
    for u, v in spots:
        taken.append((u - 6, v - 6, u + 6, v + 6))
    for x, y in lines:
        line = (x - frame.west) / px, (y - frame.south) / px
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*map(np.diff, line)))])
        beads = np.arange(0, along[-1], 8)
        for bead in zip(*(np.interp(beads, along, one) for one in line), strict=True):
            taken.append((bead[0] - 3, bead[1] - 3, bead[0] + 3, bead[1] + 3))
    for own, (one, (u, v)) in enumerate(zip(said, spots, strict=True)):
        wide = _FONT_PX * (0.58 if one.bold else 0.54) * len(one.text)
        for cos, sin, far in _AROUND:
            left = u + far * cos - (0 if cos > 0.3 else wide if cos < -0.3 else wide / 2)
            low = v + far * sin - 6
            box = (left, low, left + wide, low + 13)
            inside = (
                box[0] > 30 and box[2] < sheet.width_px - 4 and box[1] > 16 and box[3] < sheet.height_px - 4
            )
            others = (other for i, other in enumerate(taken) if i != own)
            if one.near and far > 20:
                continue
            if inside and not any(_meet(box, other) for other in others):
                break
        else:
            continue
        taken.append(box)
        if far > 20:
            end = (np.clip(u, box[0], box[2]), np.clip(v, box[1], box[3]))
            stroke(
                axes,
                np.array([one.x, frame.west + end[0] * px]),
                np.array([one.y, frame.south + end[1] * px]),
                color=one.colour,
                lw=0.6,
                zorder=5.5,
            )
        axes.text(
            frame.west + box[0] * px,
            frame.south + (box[1] + 2.5) * px,
            one.text,
            color=one.colour,
            fontsize=_FONT_PX,
            fontweight="bold" if one.bold else "normal",
            zorder=6,
        )


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
