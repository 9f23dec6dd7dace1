"""The catalogue of sensors as a map: who sees a target of 1 m² at 100 km, and where the satellites stand.

The world is the Equal Earth projection about 150° E, so that the Pacific is whole; below it the two corners
where sites crowd.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.patheffects import withStroke

from noroshi.catalogue.areas import load_coastline
from noroshi.catalogue.eyes import ground_at
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth import geometry
from noroshi.report import look, sheet
from noroshi.report.look import GREY, INK
from noroshi.report.projection import Projection, Window
from noroshi.report.sensors import CROSS_SECTION_M2, TARGET_M, sees_km, subpoints
from noroshi.report.sheet import Said, Sheet, strokes
from noroshi.report.world import equal_earth, rim

Array = np.ndarray

_WIDE_PX, _TITLE_PX, _FOOT_PX = 1160, 66, 30
_WORLD_PX, _CORNER_PX = 560, 470
_MIDDLE_DEG = 150.0
_LOW_KM = 10_000.0
_COUNTS = ("#fbf7ee", "#f6e3b8", "#d9e7f2", "#b5d1e8", "#8fb8da", "#6a9dca")
_EDGES = (-0.5, 0.5, 1.5, 3.5, 6.5, 10.5, 1e3)
_SHADES = tuple(zip(_COUNTS, ("none", "1", "2, 3", "4 to 6", "7 to 10", "more"), strict=True))


class Footprint(NamedTuple):
    """What lies below a radar's view of the target: a sector of a ring about its site, rad and m."""

    sensor: SensorPlacement
    lat: float
    lon: float
    azimuth: Array
    near_m: Array
    far_m: Array


class Corner(NamedTuple):
    """A part of the world that is drawn larger."""

    title: str
    about: Projection
    lat_deg: tuple[float, float]
    lon_deg: tuple[float, float]

    def holds(self, sensor: SensorPlacement) -> bool:
        """Whether a sensor on the ground, at sea or in the air stands here."""
        if isinstance(sensor.profile, InfraredProfile):
            return False
        lat, lon = np.degrees(ground_at(sensor)[:2])
        return bool(self.lat_deg[0] < lat < self.lat_deg[1] and self.lon_deg[0] < lon < self.lon_deg[1])


_CORNERS = (
    Corner("North-east Asia", Projection(35.0, 133.0), (23.0, 46.0), (121.0, 146.0)),
    Corner("British Isles", Projection(55.5, -2.0), (49.5, 61.5), (-9.5, 4.5)),
)


def draw(sensors: Sequence[SensorPlacement], path: Path) -> None:
    """Write the map; PNG, SVG or PDF by the ending of `path`."""
    with look.settings():
        drawn = _figure(sensors)
        drawn.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def _figure(sensors: Sequence[SensorPlacement]) -> Figure:
    corners = [corner for corner in _CORNERS if any(map(corner.holds, sensors))]
    corner_px = _CORNER_PX if corners else 0
    high = _TITLE_PX + _WORLD_PX + corner_px + _FOOT_PX
    drawn = look.figure(_WIDE_PX, high)
    nations = list(dict.fromkeys(sensor.nation for sensor in sensors))
    drawn.text(
        0.015, 1 - 27 / high, f"Public sensors of {', '.join(nations)}", fontsize=16, fontweight="bold"
    )
    drawn.text(
        0.015, 1 - 50 / high,
        f"a target of {CROSS_SECTION_M2:g} m² at {TARGET_M / 1e3:g} km: how many radars on watch see it when "
        "told where to look",
        fontsize=11, color=GREY,
    )  # fmt: skip
    views = [one for sensor in sensors if (one := footprint(sensor)) is not None]
    world = drawn.add_axes(
        (10 / _WIDE_PX, (corner_px + _FOOT_PX) / high, 1 - 20 / _WIDE_PX, _WORLD_PX / high)
    )
    _world(world, sensors, views, nations, corners)
    left = 10.0
    for corner in corners:
        wide = 1.0 if len(corners) == 1 else 0.62 if corner is _CORNERS[0] else 0.36
        wide_px = round(wide * (_WIDE_PX - 20))
        box = (left / _WIDE_PX, (_FOOT_PX + 6) / high, wide_px / _WIDE_PX, (corner_px - 40) / high)
        _corner(drawn.add_axes(box), corner, (wide_px, corner_px - 40), sensors, views, nations)
        left += wide_px + 0.02 * _WIDE_PX
    _legend(drawn, sensors, nations)
    return drawn


def footprint(sensor: SensorPlacement) -> Footprint | None:
    """A radar's view of the target, or a skywave radar's ring; None for a satellite or no view at all."""
    profile = sensor.profile
    if isinstance(profile, InfraredProfile):
        return None
    lat, lon, _ = ground_at(sensor)
    half = sensor.sector_deg / 2
    azimuth_deg = sensor.middle_deg + np.linspace(-half, half, max(int(half), 8) + 1)
    if isinstance(profile, SkywaveProfile):
        ends = (profile.range_min_km.value, profile.range_max_km.value)
        near_km, far_km = (np.full(len(azimuth_deg), end) for end in ends)
    else:
        uneven = sensor.mask_deg is not None and sensor.mask_deg.points is not None
        ends = sees_km(sensor)
        near_km, far_km = (
            np.array([sees_km(sensor, azimuth) for azimuth in azimuth_deg]).T
            if uneven
            else (np.full(len(azimuth_deg), end) for end in ends)
        )
    seen = np.isfinite(far_km)
    if not seen.any():
        return None
    azimuth = np.radians(azimuth_deg)
    return Footprint(
        sensor, lat, lon, azimuth, np.where(seen, near_km, 0) * 1e3, np.where(seen, far_km, 0) * 1e3
    )


def outline(view: Footprint) -> tuple[Array, Array]:
    """The edge of a view: latitude and longitude, deg, closed; a whole ring is two circles, apart by NaN."""
    parts = []
    whole_turn = view.sensor.sector_deg >= 360
    ends = (view.far_m, view.near_m) if view.near_m.max() > 20e3 else (view.far_m,)
    for number, end in enumerate(ends):
        step = 1 if number == 0 else -1
        place = np.float64(view.lat), np.float64(view.lon)
        lat, lon = geometry.great_circle_end(*place, view.azimuth[::step], end[::step])
        parts.append(np.degrees(np.stack([lat, lon])))
        if whole_turn:
            parts.append(np.full((2, 1), np.nan))
    if not whole_turn:
        if len(ends) == 1:
            parts.append(np.degrees([[view.lat], [view.lon]]))
        parts.append(parts[0][:, :1])
    lat, lon = np.concatenate(parts, axis=1)
    return lat, lon


def holds(view: Footprint, lat_deg: Array, lon_deg: Array) -> Array:
    """Which places of a grid lie below the view."""
    there = np.radians(lat_deg), np.radians(lon_deg)
    distance_m, bearing = geometry.great_circle(np.float64(view.lat), np.float64(view.lon), *there)
    half = np.radians(view.sensor.sector_deg / 2)
    off = (bearing - np.radians(view.sensor.middle_deg) + np.pi) % (2 * np.pi) - np.pi
    near, far = (np.interp(off, np.linspace(-half, half, len(end)), end) for end in (view.near_m, view.far_m))
    inside: Array = (np.abs(off) <= half) & (distance_m >= near) & (distance_m <= far)
    return inside


def _counted(views: Iterable[Footprint], lat_deg: Array, lon_deg: Array) -> Array:
    """How many radars on watch have each place in view; skywave radars see no such target."""
    count = np.zeros(lat_deg.shape)
    for view in views:
        if view.sensor.present and isinstance(view.sensor.profile, RadarProfile):
            count += holds(view, lat_deg, lon_deg)
    return count


def _on_world(lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
    """Places on the map about its own middle."""
    return equal_earth(np.asarray(lat_deg), (np.asarray(lon_deg) - _MIDDLE_DEG + 180) % 360 - 180)


def _broken(lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
    """A line on the map of the world, cut where it leaves over one edge and comes back over the other."""
    x, y = _on_world(lat_deg, lon_deg)
    jump = np.nonzero(np.abs(np.diff(x)) > 1.5)[0] + 1
    return np.insert(x, jump, np.nan), np.insert(y, jump, np.nan)


def _world(
    axes: Axes,
    sensors: Sequence[SensorPlacement],
    views: Sequence[Footprint],
    nations: Sequence[str],
    corners: Sequence[Corner],
) -> None:
    rows, columns = np.arange(-90, 90.1, 0.75), np.arange(-180, 180.1, 0.75)
    lat, lon = np.meshgrid((rows[:-1] + rows[1:]) / 2, (columns[:-1] + columns[1:]) / 2, indexing="ij")
    count = _counted(views, lat, lon + _MIDDLE_DEG)
    x, y = equal_earth(*np.meshgrid(rows, columns, indexing="ij"))
    _shade(axes, x, y, count)
    axes.set_xlim(-2.72, 2.72)
    axes.set_ylim(-1.34, 1.34)
    axes.set_aspect("equal")
    axes.axis("off")
    rim(axes)
    coast = [_broken(line[:, 1], line[:, 0]) for line in load_coastline() if np.ptp(line, axis=0).max() > 0.7]
    strokes(axes, coast, color=INK, lw=0.4, alpha=0.7, zorder=2)
    for view in views:
        _edge(axes, view, [_broken(*outline(view))], nations)
    said = []
    for sensor in sensors:
        style = look.nation_style(sensor.nation, nations)
        if isinstance(sensor.profile, InfraredProfile):
            u, v = _on_world(*subpoints(sensor))
            face = style.colour if sensor.present else "white"
            size, marker = (70, "*") if _is_high(sensor) else (18, "^")
            axes.scatter(
                u, v, s=size, marker=marker, facecolor=face, edgecolor=style.colour, lw=0.7, zorder=4
            )
            if len(u) > 1:
                continue
        else:
            if any(corner.holds(sensor) for corner in corners):
                continue
            u, v = (np.atleast_1d(one) for one in _on_world(*np.degrees(ground_at(sensor)[:2])))
            _site(axes, sensor, float(u[0]), float(v[0]), nations)
        said.append(Said(float(u[0]), float(v[0]), sensor.id.partition("-")[2], style.colour))
    # Only the window and the width of a sheet are read where words are placed.
    wide_px = 2 * 2.72 / (2 * 1.34) * _WORLD_PX
    about = Sheet(Projection(0.0, _MIDDLE_DEG), Window(-2.72, -1.34, 2.72, 1.34), round(wide_px), None)
    _write(axes, about, said)


def _corner(
    axes: Axes,
    corner: Corner,
    size_px: tuple[int, int],
    sensors: Sequence[SensorPlacement],
    views: Sequence[Footprint],
    nations: Sequence[str],
) -> None:
    lat, lon = np.meshgrid(np.linspace(*corner.lat_deg, 40), np.linspace(*corner.lon_deg, 40))
    x, y = corner.about(lat, lon)
    aspect = size_px[0] / size_px[1]
    about = sheet.on(corner.about, x.ravel(), y.ravel(), size_px[0], (aspect, aspect), 0.0)
    frame = about.window
    axes.set_xlim(frame.west, frame.east)
    axes.set_ylim(frame.south, frame.north)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(corner.title, fontsize=12, loc="left", fontweight="bold", pad=5)
    rows, columns = np.arange(0, 85, 0.1), np.arange(corner.lon_deg[0] - 30, corner.lon_deg[1] + 30, 0.1)
    rows = rows[(rows > corner.lat_deg[0] - 8) & (rows < corner.lat_deg[1] + 8)]
    lat, lon = np.meshgrid((rows[:-1] + rows[1:]) / 2, (columns[:-1] + columns[1:]) / 2, indexing="ij")
    _shade(axes, *corner.about(*np.meshgrid(rows, columns, indexing="ij")), _counted(views, lat, lon))
    if about.land is not None:
        axes.add_patch(PathPatch(about.land, facecolor="none", edgecolor=INK, lw=0.6, alpha=0.8))
    here = [view for view in views if corner.holds(view.sensor)]
    lines = [(view, corner.about(*outline(view))) for view in here]
    for view, line in lines:
        _edge(axes, view, [line], nations)
    said = []
    for sensor in filter(corner.holds, sensors):
        u, v = corner.about(*np.degrees(ground_at(sensor)[:2]))
        _site(axes, sensor, float(u), float(v), nations)
        colour = look.nation_style(sensor.nation, nations).colour
        said.append(Said(float(u), float(v), sensor.id.partition("-")[2], colour))
    _write(axes, about, said)


def _shade(axes: Axes, x: Array, y: Array, count: Array) -> None:
    axes.pcolormesh(x, y, count, cmap=ListedColormap(_COUNTS), norm=BoundaryNorm(_EDGES, 6), rasterized=True)


def _write(axes: Axes, about: Sheet, said: list[Said]) -> None:
    """The words, with a halo: they stand on many lines."""
    before = len(axes.texts)
    sheet.write(axes, about, said)
    for word in axes.texts[before:]:
        word.set_path_effects([withStroke(linewidth=2.6, foreground="white", alpha=0.9)])


def _is_high(sensor: SensorPlacement) -> bool:
    """Whether a satellite is no low one: it stands still, or goes far out."""
    return sensor.walker is None and (sensor.orbit is None or sensor.orbit.apogee_km.value > _LOW_KM)


def _edge(axes: Axes, view: Footprint, lines: list[tuple[Array, Array]], nations: Sequence[str]) -> None:
    style = look.nation_style(view.sensor.nation, nations)
    skywave = isinstance(view.sensor.profile, SkywaveProfile)
    dashes = (0, (1, 2)) if skywave else "-" if view.sensor.present else (0, (4, 3))
    strokes(axes, lines, color=style.colour, lw=1.2 if skywave else 0.7, ls=dashes, alpha=0.7, zorder=3)


def _site(axes: Axes, sensor: SensorPlacement, x: float, y: float, nations: Sequence[str]) -> None:
    style = look.nation_style(sensor.nation, nations)
    face = style.colour if sensor.present else "white"
    axes.scatter(
        [x], [y], s=22, marker=style.marker, facecolor=face, edgecolor=style.colour, lw=0.9, zorder=4
    )


def _legend(drawn: Figure, sensors: Sequence[SensorPlacement], nations: Sequence[str]) -> None:
    signs = []
    for nation in nations:
        style = look.nation_style(nation, nations)
        signs.append(Line2D([], [], color=style.colour, marker=style.marker, ms=6, lw=1.2, label=nation))
    infrared = [sensor for sensor in sensors if isinstance(sensor.profile, InfraredProfile)]
    if any(map(_is_high, infrared)):
        signs.append(Line2D([], [], color=INK, marker="*", ms=9, ls="", label="below a high satellite"))
    if not all(map(_is_high, infrared)):
        signs.append(Line2D([], [], color=INK, marker="^", ms=5, ls="", label="below a low one"))
    if any(not sensor.present for sensor in sensors):
        signs.append(Line2D([], [], color=INK, mfc="white", marker="o", ms=6, ls=(0, (4, 3)), lw=0.9,
            label="left out until a scenario says it is there"))  # fmt: skip
    if any(isinstance(sensor.profile, SkywaveProfile) for sensor in sensors):
        signs.append(Line2D([], [], color=INK, ls=(0, (1, 2)), lw=1.2, label="skywave: aircraft and ships"))
    shades = [Patch(facecolor=colour, edgecolor="#999999", lw=0.5, label=said) for colour, said in _SHADES]
    drawn.legend(handles=shades, loc="upper right", ncols=len(shades), fontsize=10, columnspacing=1.2)
    drawn.legend(handles=signs, loc="lower center", ncols=len(signs), fontsize=10, columnspacing=1.4)
