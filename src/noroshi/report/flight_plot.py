"""A fitted flight as a picture: the map, height over time, height over distance."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from noroshi.catalogue.questions import Answer, Unanswered
from noroshi.earth import frames, geometry
from noroshi.report import look, sheet
from noroshi.report.look import BLACK, BLUE, GREEN, GREY, INK, ORANGE, PURPLE, VERMILION
from noroshi.report.projection import middle
from noroshi.report.sheet import Said, Sheet, stroke

_WIDTH_PX, _PROFILE_PX = 1000, 300
_COLOURS = (BLACK, BLUE, GREEN, PURPLE, VERMILION)


def draw(answers: Sequence[Answer | Unanswered], path: Path) -> None:
    """Write the picture of every flight that was found; PNG, SVG or PDF by the ending of `path`."""
    flown = [one for one in answers if isinstance(one, Answer)]
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with look.settings():
        _figure(flown).savefig(path, dpi=110, metadata=dates.get(path.suffix.lower()))


def _figure(answers: Sequence[Answer]) -> Figure:
    tracks = [_ground(one) for one in answers]
    lat, lon = (np.concatenate([track[i] for track in tracks]) for i in (0, 1))
    zones = [fall.zone_deg for one in answers for fall in one.falls]
    if zones:
        spots = np.concatenate(zones)
        lat, lon = np.append(lat, spots[:, 0]), np.append(lon, spots[:, 1])
    about = middle(lat, lon)
    paper = sheet.make(lat, lon, about, _WIDTH_PX, (1.5, 2.4), 0.12)
    drawn, axes = sheet.canvas(paper)
    high = paper.height_px + _PROFILE_PX
    drawn.set_size_inches(_WIDTH_PX * look.PX, high * look.PX)
    share = _PROFILE_PX / high
    axes.set_position((0, share, 1, 1 - share))
    said, lines = [], []
    for number, one in enumerate(answers):
        said += _flight(axes, paper, one, _COLOURS[number % len(_COLOURS)], number, len(answers) > 1)
        lines.append(paper.projection(*_ground(one)[:2]))
    sheet.write(axes, paper, said, lines)
    axes.text(0.012, 0.975, _title(answers), transform=axes.transAxes, fontsize=13, va="top", weight="bold")
    by_time = drawn.add_axes((0.065, 0.2 * share, 0.41, 0.68 * share))
    by_range = drawn.add_axes((0.565, 0.2 * share, 0.41, 0.68 * share))
    for number, one in enumerate(answers):
        _profile(by_time, by_range, one, _COLOURS[number % len(_COLOURS)])
    for below, label in ((by_time, "minutes after launch"), (by_range, "km over the ground")):
        below.set_xlabel(label)
        below.set_ylabel("height, km")
        below.set_ylim(bottom=0)
        below.set_xlim(left=0)
        below.grid(True)
    if len(answers) > 1:
        signs = [
            Line2D([], [], color=_COLOURS[i % len(_COLOURS)], label=one.question.by or one.question.name)
            for i, one in enumerate(answers)
        ]
        by_time.legend(handles=signs, fontsize=9)
    return drawn


def _title(answers: Sequence[Answer]) -> str:
    asked = answers[0].question
    return f"{asked.name} ({asked.threat.name if asked.threat else 'waypoints'})"


def _ground(one: Answer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude and longitude, deg, and height, km, along the flight."""
    lat, lon, height_m = frames.geodetic(one.trajectory.position_ecef_m, one.question.earth)
    return np.degrees(lat), np.degrees(lon), height_m / 1e3


def _flight(axes: Axes, paper: Sheet, one: Answer, colour: str, number: int, many: bool) -> list[Said]:
    lat, lon, _ = _ground(one)
    x, y = paper.projection(lat, lon)
    time_s, burning = one.trajectory.time_s, one.trajectory.burning.astype(bool)
    wide = one.spread
    if wide is not None and wide.met.any():
        u, v = paper.projection(wide.impact_lat_deg[wide.met], wide.impact_lon_deg[wide.met])
        sizes = 30 * wide.weight[wide.met] / max(wide.weight.max(), 1e-12) + 2
        axes.scatter(u, v, s=sizes, color=colour, alpha=0.35, lw=0, zorder=2.5)
    said = []
    for fall in one.falls:
        u, v = paper.projection(fall.zone_deg[:, 0], fall.zone_deg[:, 1])
        axes.scatter(u, v, s=8, color=VERMILION, alpha=0.5, lw=0, zorder=2.6)
        u, v = paper.projection(np.array([fall.lat_deg]), np.array([fall.lon_deg]))
        # Stages of two reports of one launch fall near each other: the first says what they are.
        if not number:
            said.append(Said(float(u[0]), float(v[0]), fall.name, VERMILION))
    stroke(axes, x, y, color="white", lw=3.2, zorder=3)
    stroke(axes, x, y, color=colour, lw=1.5, zorder=3.1)
    stroke(axes, np.where(burning, x, np.nan), y, color=ORANGE, lw=4, solid_capstyle="butt", zorder=3.2)
    stroke(axes, x[:1], y[:1], marker="o", ms=7, color=ORANGE, mec="white", zorder=4)
    by = f", {one.question.by}" if many and one.question.by else ""
    if one.ascent is None:
        stroke(axes, x[-1:], y[-1:], marker="X", ms=9, color=colour, mec="white", zorder=4)
        end = "impact" if one.fit is not None else "last waypoint"
        said.insert(0, Said(x[-1], y[-1], f"{end} {time_s[-1] / 60:.0f} min{by}", colour, True))
    else:
        row = int(np.searchsorted(time_s, one.ascent.insertion_s))
        said.append(Said(x[row], y[row], f"in orbit {one.ascent.insertion_s / 60:.0f} min", colour, True))
    for minute in range(5, int(time_s[-1] // 60) + 1, 5):
        row = int(np.searchsorted(time_s, 60 * minute))
        stroke(axes, x[row : row + 1], y[row : row + 1], marker="o", ms=3, color=colour, zorder=3.3)
        if not number:
            said.append(Said(x[row], y[row], f"{minute} min", GREY, near=True))
    # Reports of one launch share it, and nearly its minutes.
    return said if number else [Said(x[0], y[0], "launch", INK, bold=True), *said]


def _profile(by_time: Axes, by_range: Axes, one: Answer, colour: str) -> None:
    lat, lon, height_km = _ground(one)
    start = np.radians(lat[0]), np.radians(lon[0])
    range_m, _ = geometry.great_circle(*start, np.radians(lat), np.radians(lon))
    burning = one.trajectory.burning.astype(bool)
    for axes, along in ((by_time, one.trajectory.time_s / 60), (by_range, range_m / 1e3)):
        axes.plot(along, height_km, color=colour, lw=1.5)
        axes.plot(np.where(burning, along, np.nan), height_km, color=ORANGE, lw=4, solid_capstyle="butt")
