"""Custody of a flight as a picture: the map, height over distance above the horizons, a ribbon in time."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from noroshi.catalogue.custody import Custody, Eye
from noroshi.earth import geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.report import look, sheet
from noroshi.report.custody import WHY, headline, name_of
from noroshi.report.look import GREY, INK, Style, nation_style
from noroshi.report.projection import middle
from noroshi.report.sheet import Said, Sheet, stroke

Array = np.ndarray

_WIDE_PX, _TITLE_PX, _PROFILE_PX, _ROW_PX, _GROUP_PX = 1000, 36, 290, 15, 21
# How many nations hold it: nobody, one, two, three and more.
_COLOURS = ("#d62f2f", "#f2b134", "#5aa9d6", "#0b3c6f")
_HOLDERS = ("nobody holds it", "one nation", "two", "three or more")
# A sensor is a sign on the map when it holds the flight, or stands at least this near to it, km.
_NEAR_KM = 1500.0
_FAN_ROWS = 60


def draw(found: Custody, path: Path) -> None:
    """Write the picture of a custody; PNG, SVG or PDF by the ending of `path`."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with look.settings():
        _figure(found).savefig(path, dpi=110, metadata=dates.get(path.suffix.lower()))


def _figure(found: Custody) -> Figure:
    track, near = found.track, _near(found)
    spots = np.array([one.place for one in near if one.hold is not None]).reshape(-1, 2)
    lat, lon = np.append(track.lat_deg, spots[:, 0]), np.append(track.lon_deg, spots[:, 1])
    paper = sheet.make(lat, lon, middle(lat, lon), _WIDE_PX, (1.9, 2.5), 0.09)
    drawn, axes = sheet.canvas(paper)
    rows = _rows(found)
    ribbon_px = sum(_ROW_PX if isinstance(one, Eye) else _GROUP_PX for one in rows) + 88
    high = _TITLE_PX + paper.height_px + _PROFILE_PX + ribbon_px
    drawn.set_size_inches(_WIDE_PX * look.PX, high * look.PX)
    axes.set_position((0, (_PROFILE_PX + ribbon_px) / high, 1, paper.height_px / high))
    drawn.text(0.012, 1 - 24 / high, headline(found), fontsize=13, weight="bold")
    _map(axes, paper, found, near)
    _profile(drawn.add_axes((0.062, (ribbon_px + 46) / high, 0.915, (_PROFILE_PX - 84) / high)), found)
    _ribbon(drawn.add_axes((0.19, 44 / high, 0.787, (ribbon_px - 76) / high)), found, rows)
    return drawn


def _style(found: Custody, nation: str) -> Style:
    return nation_style(nation, found.nations)


def _near(found: Custody) -> list[Eye]:
    """Sensors on the ground that hold the flight or stand near it."""
    track = found.track
    lat, lon = np.radians(track.lat_deg), np.radians(track.lon_deg)

    def apart_km(one: Eye) -> float:
        assert one.place is not None
        return float(_over_ground_m(one.place, lat, lon).min()) / 1e3

    fixed = [one for one in found.eyes if one.place is not None]
    return [one for one in fixed if one.hold is not None or apart_km(one) < _NEAR_KM]


def _over_ground_m(place_deg: tuple[float, float], lat_rad: Array, lon_rad: Array) -> Array:
    lat, lon = np.radians(place_deg)
    return geometry.great_circle(lat, lon, lat_rad, lon_rad)[0]


def _holders(found: Custody) -> Array:
    """How many nations hold the flight at each moment, three at the most."""
    return np.minimum(sum(found.held(nation).astype(int) for nation in found.nations), 3)


def _map(axes: Axes, paper: Sheet, found: Custody, near: list[Eye]) -> None:
    track = found.track
    x, y = paper.projection(track.lat_deg, track.lon_deg)
    said = [Said(x[0], y[0], "launch", INK, True)]
    end = f"{'impact' if found.lands else 'end'} {track.time_s[-1] / 60:.1f} min"
    said.append(Said(x[-1], y[-1], end, INK, True))
    for one in near:
        assert one.place is not None
        style = _style(found, one.nation)
        u, v = (float(part[0]) for part in paper.projection(*(np.array([part]) for part in one.place)))
        holds = one.hold is not None
        if holds:
            _fan(axes, (u, v), (x, y), one, style)
        axes.scatter(
            [u], [v], s=46 if holds else 16, marker=style.marker, zorder=4 if holds else 3.5,
            color=style.colour if holds else "white", edgecolor="white" if holds else style.colour, lw=0.9,
        )  # fmt: skip
        if holds:
            said.append(Said(u, v, one.id.removeprefix(f"{one.nation}-"), style.colour))
    stroke(axes, x, y, color="white", lw=7, zorder=4.5, solid_capstyle="round")
    _coloured(axes, x, y, _holders(found), 4.2)
    stroke(axes, x[:1], y[:1], marker="o", ms=8, color=INK, mec="white", zorder=5)
    stroke(axes, x[-1:], y[-1:], marker="X", ms=11, color=INK, mec="white", zorder=5)
    sheet.write(axes, paper, said, [(x, y)])
    signs = [Line2D([], [], color=one, lw=4) for one in _COLOURS]
    names = list(_HOLDERS)
    for nation in dict.fromkeys(one.nation for one in near if one.hold is not None):
        style = _style(found, nation)
        signs.append(Line2D([], [], color=style.colour, marker=style.marker, lw=0, ms=7, mec="white"))
        names.append(name_of(nation))
    signed = paper.projection(*np.array([one.place for one in near]).reshape(-1, 2).T)
    corner = _free_corner(paper, np.append(x, signed[0]), np.append(y, signed[1]))
    legend = axes.legend(signs, names, loc=corner, fontsize=9, bbox_to_anchor=(0.03, 0.09, 0.96, 0.84))
    legend.set_zorder(7)
    legend.set_frame_on(True)
    legend.get_frame().set(facecolor="white", alpha=0.85, linewidth=0)


def _free_corner(paper: Sheet, x: Array, y: Array) -> Any:
    """The corner of the map with the fewest signs."""
    frame = paper.window
    east = (x - frame.west) / (frame.east - frame.west) > 0.8
    west = (x - frame.west) / (frame.east - frame.west) < 0.2
    high = (y - frame.south) / (frame.north - frame.south) > 0.5
    corners = {
        "lower left": west & ~high,
        "lower right": east & ~high,
        "upper right": east & high,
        "upper left": west & high,
    }
    return min(corners, key=lambda name: int(corners[name].sum()))


def _fan(axes: Axes, site: tuple[float, float], way: tuple[Array, Array], one: Eye, style: Style) -> None:
    """From a radar to the part of the track that it holds."""
    assert one.hold is not None
    for first, last in one.hold.runs:
        rows = np.unique(np.linspace(first, last, _FAN_ROWS).astype(int))
        corners = np.concatenate([[site], np.stack([way[0][rows], way[1][rows]], axis=-1)])
        axes.add_patch(Polygon(corners, closed=True, facecolor=style.colour, alpha=0.06, lw=0, zorder=2.4))
        for row in (first, last):
            stroke(
                axes, np.array([site[0], way[0][row]]), np.array([site[1], way[1][row]]),
                color=style.colour, lw=0.5, alpha=0.35, zorder=2.5,
            )  # fmt: skip


def _coloured(axes: Axes, x: Array, y: Array, level: Array, width: float) -> None:
    """A line in the colour of its level, piece by piece."""
    edges = np.flatnonzero(np.diff(level)) + 1
    for piece in np.split(np.arange(len(level)), edges):
        rows = np.append(piece, min(piece[-1] + 1, len(level) - 1))
        colour = _COLOURS[int(level[piece[0]])]
        stroke(axes, x[rows], y[rows], color=colour, lw=width, zorder=4.6, solid_capstyle="butt")


def _profile(axes: Axes, found: Custody) -> None:
    """Height over the way, and for each nation the horizon of its radars: below it none of them sees."""
    track = found.track
    along, high = track.ground_km, track.height_km
    top = 1.16 * high.max()
    ends = []
    for nation in found.nations:
        lowest = _horizon_km(found, nation)
        if lowest is None or not (lowest < top).any():
            continue
        style = _style(found, nation)
        axes.fill_between(along, 0, np.minimum(lowest, 2 * top), color=style.colour, alpha=0.07, lw=0)
        axes.plot(along, lowest, color=style.colour, ls=style.line, lw=1.1)
        seen = np.flatnonzero(lowest < 0.9 * top)
        ends.append((float(lowest[seen[-1]]), float(along[seen[-1]]), nation, style))
    axes.set_xlim(0, along.max() * 1.06)
    axes.set_ylim(0, top)
    taken: list[float] = []
    for height, at, nation, style in sorted(ends, key=lambda one: one[0]):
        # Names keep out of each other's way.
        level = max([height, *(one + 0.075 * top for one in taken)])
        taken.append(level)
        axes.annotate(
            name_of(nation), (at, level), (4, 0), textcoords="offset points",
            fontsize=9, color=style.colour, va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip
    _coloured(axes, along, high, _holders(found), 3.6)
    for name, row in _moments(found):
        axes.plot(along[row], high[row], "o", ms=5, color=INK, mec="white", zorder=6)
        if name in ("burnout", "apogee"):
            early = along[row] < 0.08 * along.max()
            off, side = ((-5, 5), "right") if name == "burnout" else ((0, 8), "center")
            off, side = ((7, -4), "left") if name == "burnout" and early else (off, side)
            axes.annotate(name, (along[row], high[row]), off, textcoords="offset points", fontsize=9, ha=side)
    axes.set_title("height over distance; the Earth hides what flies lower from a nation's radars",
                   fontsize=11, loc="left")  # fmt: skip
    axes.set_xlabel("km over the ground")
    axes.set_ylabel("height, km")
    axes.grid(True)


def _horizon_km(found: Custody, nation: str) -> Array | None:
    """The lowest height along the way that the bent ray of some radar of a nation reaches, or None."""
    track, effective = found.track, float(found.air.effective_earth)
    radius_m = MEAN_RADIUS_M * effective
    lat, lon = np.radians(track.lat_deg), np.radians(track.lon_deg)
    heights = []
    for one in found.of(nation):
        if one.kind != "radar" or one.place is None:
            continue
        ground_m = _over_ground_m(one.place, lat, lon)
        own = np.arccos(radius_m / (radius_m + max(one.antenna_m, 0.0)))
        beyond = np.clip(ground_m / radius_m - own, 0.0, 1.2)
        heights.append(radius_m * (1 / np.cos(beyond) - 1) / 1e3)
    return np.min(heights, axis=0) if heights else None


def _moments(found: Custody) -> list[tuple[str, int]]:
    """Burnout, apogee and the end, as rows."""
    track, burnout = found.track, found.flown.burnout
    rows = [("end", -1)]
    if found.lands:
        rows = [("apogee", int(track.height_km.argmax())), ("impact", -1)]
    if burnout is not None:
        rows.insert(0, ("burnout", int(np.searchsorted(track.time_s, burnout.time_s))))
    return rows


def _rows(found: Custody) -> list[Eye | str | None]:
    """Rows of the ribbon: all together (None), each nation, and below it its sensors that ever hold."""
    rows: list[Eye | str | None] = [None]
    for nation in found.nations:
        holding = [one for one in found.of(nation) if one.hold is not None]
        if holding:
            rows.append(nation)
            first_to_see = sorted(holding, key=lambda eye: int(eye.sight.held.argmax()))
            rows += first_to_see
    return rows


def _ribbon(axes: Axes, found: Custody, rows: list[Eye | str | None]) -> None:
    """Who holds it when: a row for each sensor, under its nation's."""
    minutes = found.track.time_s / 60
    level = 0.0
    for one in rows:
        single = isinstance(one, Eye)
        high = _ROW_PX if single else _GROUP_PX
        middle_px = level + high / 2
        hold = one.hold if isinstance(one, Eye) else found.hold(one)
        nation = one.nation if isinstance(one, Eye) else one
        colour = INK if nation is None else _style(found, nation).colour
        thick = 0.52 * high if single else 0.66 * high
        if not single:
            axes.axhline(level, color="#d0d0d0", lw=0.6)
        if hold is not None:
            bars = [(minutes[first], max(minutes[last] - minutes[first], 0.02)) for first, last in hold.runs]
            axes.broken_barh(
                bars, (middle_px - thick / 2, thick), color=colour, alpha=0.5 if single else 1, lw=0
            )
            lost = "" if hold.lost is None else WHY[hold.lost]
            axes.annotate(
                lost, (minutes[hold.last], middle_px), (5, 0), textcoords="offset points",
                fontsize=8 if single else 9, color=GREY, va="center",
                bbox={"facecolor": "white", "lw": 0, "pad": 0.5},
            )  # fmt: skip
        name = "together" if one is None else one.id if isinstance(one, Eye) else name_of(one)
        axes.annotate(
            name, (0, middle_px), (-8, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="center", fontsize=8.5 if single else 10.5, color=colour,
            weight="normal" if single else "bold", annotation_clip=False,
        )  # fmt: skip
        level += high
    for name, row in _moments(found):
        axes.axvline(minutes[row], color=INK, lw=0.8, ls=(0, (3, 3)), zorder=0.5)
        axes.annotate(
            name, (minutes[row], 0), (0, 4), textcoords="offset points", ha="center", fontsize=9, color=INK
        )
    axes.set_ylim(level, 0)
    axes.set_xlim(0, minutes[-1] * 1.12)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("minutes after launch")
    axes.xaxis.grid(True)
    axes.set_axisbelow(True)
