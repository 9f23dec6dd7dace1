"""Tracks of recorded detections as a picture: the map, height over time, which model each track followed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch

from noroshi.earth import frames, geometry
from noroshi.exercise.recorded import Found, Line, Recording
from noroshi.records.tracks import MODELS, PLACE
from noroshi.report import look, sheet
from noroshi.report.look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from noroshi.report.projection import ellipse, middle
from noroshi.report.recorded import VAGUE_KM2, middle_of
from noroshi.report.sheet import Said, Sheet, stroke

Array = np.ndarray

_WIDE_PX, _TITLE_PX, _PROFILE_PX, _ROW_PX = 1000, 36, 270, 30
_COLOURS = (ORANGE, BLUE, GREEN, GREY)
# Ribbons that are drawn; of more tracks those with the most plots have one.
_RIBBONS = 10
# A region must be on the map as a whole when it is smaller, km2; else as much as holds half of it.
_SHOWN_KM2 = 4e6
# Names on the map of at most so many tracks.
_NAMED = 12


def draw(made: Recording, path: Path) -> None:
    """Write the picture of a recording; PNG, SVG or PDF by the ending of `path`."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with look.settings():
        _figure(made).savefig(path, dpi=110, metadata=dates.get(path.suffix.lower()))


def _figure(made: Recording) -> Figure:
    ways = {one.name: _way(made, one.name) for one in made.found}
    paper = _paper(made, ways)
    drawn, axes = sheet.canvas(paper)
    shown = sorted(made.found, key=lambda one: -one.followed.plots)[:_RIBBONS]
    shown = [one for one in made.found if one in shown]
    ribbon_px = _ROW_PX * max(len(shown), 1) + 84
    high = _TITLE_PX + paper.height_px + _PROFILE_PX + ribbon_px
    drawn.set_size_inches(_WIDE_PX * look.PX, high * look.PX)
    axes.set_position((0, (_PROFILE_PX + ribbon_px) / high, 1, paper.height_px / high))
    drawn.text(0.012, 1 - 24 / high, _title(made), fontsize=13, weight="bold")
    _map(axes, paper, made, ways)
    first_s = min((way[0][0] for way in ways.values()), default=0.0)
    last_s = max((way[0][-1] for way in ways.values()), default=1.0)
    span = first_s - 0.02 * (last_s - first_s) - 1, last_s + 0.05 * (last_s - first_s) + 1
    profile = drawn.add_axes((0.075, (ribbon_px + 20) / high, 0.905, (_PROFILE_PX - 52) / high))
    _profile(profile, made, ways, span)
    ribbons = drawn.add_axes((0.075, 44 / high, 0.905, (ribbon_px - 74) / high))
    _ribbons(ribbons, made, shown, span)
    return drawn


def _title(made: Recording) -> str:
    count = len(made.found)
    refused = sum(made.refused.values())
    left = f", {refused:,} of them refused" if refused else ""
    return f"{count} {'track' if count == 1 else 'tracks'} of {made.plots:,} plots{left}"


def _lines(made: Recording, name: str) -> list[Line]:
    return [line for line in made.lines if line.track == name]


def _way(made: Recording, name: str) -> tuple[Array, Array, Array, Array, Array]:
    """Time s, latitude and longitude deg, height km and likeliest model along a track."""
    lines = _lines(made, name)
    lat, lon, height_m = frames.geodetic(np.array([line.estimate.mean[PLACE] for line in lines]))
    model = np.array([np.argmax(line.estimate.weight) for line in lines])
    time_s = np.array([line.time_s for line in lines])
    return time_s, np.degrees(lat), np.degrees(lon), height_m / 1e3, model


def _paper(made: Recording, ways: Mapping[str, tuple[Array, ...]]) -> Sheet:
    """The sheet that holds tracks, launches and where they come down."""
    spots = [np.stack(way[1:3], axis=-1) for way in ways.values()]
    for one in made.found:
        if one.launched is not None:
            spots.append(np.array([[one.launched.lat_deg, one.launched.lon_deg]]))
        if one.areas:
            area = one.areas[-1] if one.areas[-1].area_km2 < _SHOWN_KM2 else one.areas[0]
            spots += list(area.rings)
    if not spots:
        spots = (
            [made.places[:, 1:3]] if len(made.places) else [np.array(list(made.sensors.values()) or [(0, 0)])]
        )
    lat, lon = np.concatenate(spots).T
    return sheet.make(lat, lon, middle(lat, lon), _WIDE_PX, (1.7, 2.4), 0.1)


def _map(axes: Axes, paper: Sheet, made: Recording, ways: Mapping[str, tuple[Array, ...]]) -> None:
    said: list[Said] = []
    if len(made.places):
        x, y = paper.projection(made.places[:, 1], made.places[:, 2])
        axes.scatter(x, y, s=5, color=INK, alpha=_faint(len(x)), lw=0, zorder=2.2)
    for one in made.found:
        said += _falls(axes, paper, one, len(made.found))
        said += _starts(axes, paper, one, len(made.found))
    lines = []
    for one in made.found:
        _, lat, lon, _, model = ways[one.name]
        x, y = paper.projection(lat, lon)
        stroke(axes, x, y, color="white", lw=4.4 if len(made.found) <= _NAMED else 2.4, alpha=0.8, zorder=3.4)
        axes.add_collection(_coloured(x, y, model, 2.4 if len(made.found) <= _NAMED else 1.4), autolim=False)
        stroke(axes, x[-1:], y[-1:], marker="o", ms=5, color=_COLOURS[int(model[-1])], mec="white", zorder=4)
        lines.append((x, y))
        said.append(Said(float(x[-1]), float(y[-1]), f"{one.name} {one.held.likely}", INK, bold=True))
    if len(made.found) > _NAMED:
        said = []
    for name, (lat_deg, lon_deg) in made.sensors.items():
        x, y = paper.projection(np.array([lat_deg]), np.array([lon_deg]))
        if paper.window.holds(x, y).all():
            stroke(axes, x, y, marker="^", ms=6, color=GREY, mec="white", zorder=3.3)
            said.append(Said(float(x[0]), float(y[0]), name, GREY, near=True))
    sheet.write(axes, paper, said, lines)
    _key(axes, made)


def _faint(count: int) -> float:
    """The more there are, the fainter each."""
    return float(np.clip(60 / max(count, 1), 0.06, 0.35))


def _coloured(x: Array, y: Array, model: Array, width: float) -> LineCollection:
    """A line in the colour of its model, piece by piece."""
    nodes = np.stack([x, y], axis=-1)
    if len(nodes) < 2:
        nodes, model = np.repeat(nodes, 2, axis=0), np.repeat(model, 2)
    pieces = np.stack([nodes[:-1], nodes[1:]], axis=1)
    colours = [_COLOURS[int(one)] for one in model[1:]]
    return LineCollection(list(pieces), colors=colours, linewidths=width, capstyle="round", zorder=3.6)


def _falls(axes: Axes, paper: Sheet, one: Found, count: int) -> list[Said]:
    """Impact regions, the likelier the darker, and the way there from where it was seen last."""
    if one.lands is None or one.lands_s is None:
        return []
    for area in reversed(one.areas):
        parts = []
        for ring in area.rings:
            x, y = paper.projection(ring[:, 0], ring[:, 1])
            parts.append(shapely.make_valid(shapely.Polygon(np.stack([x, y], axis=-1))))
        whole: shapely.Geometry = shapely.MultiPolygon()
        for part in parts:
            whole = whole.symmetric_difference(part)
        outline = sheet.outline([whole])
        if outline is not None:
            fill = PathPatch(outline, facecolor=PURPLE, alpha=0.13 if count > 3 else 0.22, lw=0, zorder=2.4)
            axes.add_patch(fill)
            axes.add_patch(PathPatch(outline, fill=False, edgecolor=PURPLE, lw=0.7, alpha=0.8, zorder=2.5))
    end = middle_of(one)
    name = "" if count == 1 else f"{one.name} "
    if one.areas[-1].area_km2 > VAGUE_KM2:
        x, y = paper.projection(*np.array(end)[:, None])
        return [Said(float(x[0]), float(y[0]), f"{name}may come down here", PURPLE)]
    lat, lon, _ = frames.geodetic(one.followed.estimate.mean[PLACE])
    away_m, bearing = geometry.great_circle(lat, lon, *np.radians(end))
    ahead = geometry.great_circle_end(lat, lon, bearing, np.linspace(0, 1, 40) * away_m)
    x, y = paper.projection(*(np.degrees(part) for part in ahead))
    stroke(axes, x, y, color=PURPLE, lw=1.1, ls=(0, (2, 2)), zorder=2.9)
    stroke(axes, x[-1:], y[-1:], marker="x", ms=5, color=PURPLE, mew=1.4, zorder=3.0)
    return [Said(float(x[-1]), float(y[-1]), f"{name}comes down about {one.lands_s:,.0f} s", PURPLE)]


def _starts(axes: Axes, paper: Sheet, one: Found, count: int) -> list[Said]:
    """The launch with the ellipse that holds 95 % of it."""
    launch = one.launched
    if launch is None:
        return []
    size, turn = np.linalg.eigh(launch.cov_m2)
    # 95 % of two dimensions lie within 2.448 sigma.
    minor_km, major_km = 2.448 * np.sqrt(size) / 1e3
    azimuth_deg = float(np.degrees(np.arctan2(turn[0, 1], turn[1, 1])))
    ring = ellipse(launch.lat_deg, launch.lon_deg, float(major_km), float(minor_km), azimuth_deg)
    x, y = paper.projection(*ring)
    axes.fill(x, y, facecolor=ORANGE, alpha=0.2, lw=0, zorder=2.4)
    stroke(axes, x, y, color="#a86f00", lw=1.0, zorder=2.5)
    x, y = paper.projection(np.array([launch.lat_deg]), np.array([launch.lon_deg]))
    stroke(axes, x, y, marker="*", ms=11, color=ORANGE, mec="white", mew=0.8, zorder=4)
    text = f"{'' if count == 1 else one.name + ' '}launched at {round(launch.time_s):,} s"
    return [Said(float(x[0]), float(y[0]), text, "#a86f00")]


def _key(axes: Axes, made: Recording) -> None:
    used = {int(np.argmax(line.estimate.weight)) for line in made.lines}
    signs: list[Line2D | Patch] = [
        Line2D([], [], color=_COLOURS[row], lw=3, label=name)
        for row, name in enumerate(MODELS)
        if row in used
    ]
    if len(made.places):
        signs.append(Line2D([], [], lw=0, marker="o", ms=3, color=INK, alpha=0.5, label="plot with a range"))
    if any(one.launched for one in made.found):
        signs.append(Patch(facecolor=ORANGE, alpha=0.35, edgecolor="#a86f00", label="launch, 95 %"))
    if any(one.lands for one in made.found):
        signs.append(Patch(facecolor=PURPLE, alpha=0.5, label="impact, 50, 90, 95 %"))
    if signs:
        legend = axes.legend(
            handles=signs, loc="upper right", fontsize=9, ncols=len(signs), columnspacing=1.2
        )
        legend.set_zorder(7)
        legend.set_frame_on(True)
        legend.get_frame().set(facecolor="white", alpha=0.88, linewidth=0)


def _profile(
    axes: Axes, made: Recording, ways: Mapping[str, tuple[Array, ...]], span: tuple[float, float]
) -> None:
    """Height over time: plots with a range, faint, and the tracks."""
    top = max((float(way[3].max()) for way in ways.values()), default=100.0)
    if len(made.places):
        axes.scatter(
            made.places[:, 0], made.places[:, 3] / 1e3, s=5, color=INK, alpha=_faint(len(made.places)), lw=0
        )
    for name, (time_s, _, _, height_km, model) in ways.items():
        axes.add_collection(
            _coloured(time_s, height_km, model, 2.2 if len(ways) <= _NAMED else 1.2), autolim=False
        )
        if len(ways) <= _NAMED:
            axes.annotate(
                name, (time_s[-1], height_km[-1]), (4, 0), textcoords="offset points", fontsize=9,
                va="center", weight="bold",
            )  # fmt: skip
    axes.set_xlim(*span)
    axes.set_ylim(0, 1.12 * top)
    axes.set_ylabel("height, km")
    axes.tick_params(labelbottom=False)
    axes.grid(True)
    axes.set_axisbelow(True)


def _ribbons(axes: Axes, made: Recording, shown: list[Found], span: tuple[float, float]) -> None:
    """Probabilities of the four models over time, a ribbon for each track."""
    for row, one in enumerate(shown):
        lines = _lines(made, one.name)
        time_s = np.array([line.time_s for line in lines])
        weight = np.array([line.estimate.weight for line in lines])
        edges = (
            row + 0.1 + 0.8 * np.concatenate([np.zeros((len(lines), 1)), np.cumsum(weight, axis=1)], axis=1)
        )
        for model, colour in enumerate(_COLOURS):
            axes.fill_between(time_s, edges[:, model], edges[:, model + 1], color=colour, lw=0, alpha=0.85)
        axes.annotate(
            one.name, (0, row + 0.5), (-8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="center", fontsize=9.5, weight="bold", annotation_clip=False,
        )  # fmt: skip
    title = "probabilities of the models"
    if len(shown) < len(made.found):
        title += f", of the {len(shown)} tracks with the most plots of {len(made.found)}"
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlim(*span)
    axes.set_ylim(max(len(shown), 1), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("time, s")
