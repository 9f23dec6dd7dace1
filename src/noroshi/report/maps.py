"""Maps: the flight, what each nation saw and forecast of it, and who was alerted."""

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Polygon

from noroshi.report import look, outlook
from noroshi.report.events import Forecast
from noroshi.report.folder import Arm, LaunchTruth, Run
from noroshi.report.look import BLACK, GREY, INK, ORANGE, YELLOW
from noroshi.report.markup import Markup
from noroshi.report.names import at, length, listed, nation_title, region
from noroshi.report.outlook import Place
from noroshi.report.projection import Projection, ellipse, middle
from noroshi.report.sheet import Said, Sheet, canvas, make, on, outline, stroke, strokes, write
from noroshi.report.truth import Flight

Array = np.ndarray

WIDE_PX, CLOSE_PX = 1040, 520
# How large a region may be that the whole of it must be on the map, km.
_SHOWN_KM = 1200.0
# The same for the close-up of the fall; and its least width, km.
_FALL_KM, _FALL_LEAST_KM = 150.0, 40.0


def flight_sheet(run: Run, arms: Sequence[Arm], nation: str, places: Sequence[Place]) -> Sheet:
    """The whole flight, the launch to the last impact, with the areas and one nation's smaller regions."""
    lat, lon = _flown(run)
    about = middle(lat, lon)
    drawn = (
        one for arm in arms for launch in run.launches for one in outlook.chosen(run, arm, nation, launch.id)
    )
    small = [_outline_of(one) for one in drawn if one.semi_major_km < _SHOWN_KM]
    corners = np.array([xy for place in places for xy in _corners(place)]).reshape(-1, 2)
    lat = np.concatenate([lat, corners[:, 0], *(one[0] for one in small)])
    lon = np.concatenate([lon, corners[:, 1], *(one[1] for one in small)])
    return make(lat, lon, about, WIDE_PX, (1.9, 2.6), 0.07)


def fall_sheet(run: Run, arms: Sequence[Arm], nation: str, launch: LaunchTruth) -> Sheet:
    """About the true impact, with one nation's late regions under all of these arms."""
    drawn = [one for arm in arms for one in outlook.chosen(run, arm, nation, launch.id)]
    assert launch.impact_deg is not None
    about = Projection(*launch.impact_deg)
    late = [about(*_outline_of(one)) for one in drawn if one.semi_major_km < _FALL_KM]
    spots = [spot for spot in late if np.hypot(spot[0].mean(), spot[1].mean()) < 2 * _FALL_KM]
    half = np.array([-_FALL_LEAST_KM, _FALL_LEAST_KM]) / 2
    x, y = (np.concatenate([half, *(spot[i] for spot in spots)]) for i in (0, 1))
    return on(about, x, y, CLOSE_PX, (1.6, 1.6), 0.12)


def close_sheet(run: Run, places: Sequence[Place]) -> Sheet:
    """From the launch to the areas that were alerted, with the first sights."""
    seen = {one.sensor for arm in run.arms for one in outlook.first_sights(arm)}
    sites = [(one.lat_deg, one.lon_deg) for one in run.sensors if one.kind != "infrared" and one.id in seen]
    begin = [(flight.lat_deg[0], flight.lon_deg[0]) for flight in run.flights]
    sights = [(one.lat_deg, one.lon_deg) for arm in run.arms for one in outlook.first_sights(arm)]
    corners = [xy for place in places for xy in _corners(place)]
    spots = [*begin, *sites, *sights, *corners] or [(0.0, 0.0)]
    lat, lon = np.array(spots).T
    return make(lat, lon, middle(lat, lon), CLOSE_PX, (1.15, 1.6), 0.1)


def flight_map(run: Run, arm: Arm, nation: str, sheet: Sheet, places: Sequence[Place], name: str) -> Markup:
    """The ground track with the regions that one nation forecast under one arm, as they shrank."""
    figure, axes = canvas(sheet)
    said: list[Said] = []
    _fill_areas(axes, sheet, run, arm, places)
    words = []
    for launch in run.launches:
        chosen = outlook.chosen(run, arm, nation, launch.id)
        said += _regions(axes, sheet, run, nation, chosen)
        words += [f"at {at(one.time_s)} {region((one.semi_major_km, one.semi_minor_km))}" for one in chosen]
    said += _tracks(axes, sheet, run)
    _sensors(axes, sheet, run)
    _first_sights(axes, sheet, run, arm)
    write(axes, sheet, said, _lines(run, sheet))
    told = f"Forecast regions of {nation_title(nation)} under {arm.name}: {'; '.join(words) or 'none'}."
    title = f"Map of the flight and of {nation_title(nation)}'s forecasts under {arm.name}"
    return look.svg(figure, name, title, told, "map")


def fall_map(run: Run, arm: Arm, nation: str, launch: LaunchTruth, sheet: Sheet, name: str) -> Markup:
    """The impact from near, with the last regions that one nation forecast under one arm."""
    figure, axes = canvas(sheet)
    chosen = outlook.chosen(run, arm, nation, launch.id)
    falls = (launch.flight_time_s or 0.0) + run.launch_time_s(launch.id)
    said = [Said(0.0, 0.0, f"impact {at(falls)}", INK, bold=True)]
    _tracks(axes, sheet, run)
    stroke(axes, np.zeros(1), np.zeros(1), marker="X", ms=9, color=BLACK, mec="white", zorder=4)
    said += _regions(axes, sheet, run, nation, chosen, least_px=0.0)
    write(axes, sheet, said, _lines(run, sheet))
    words = [f"at {at(one.time_s)} {region((one.semi_major_km, one.semi_minor_km))}" for one in chosen]
    title = f"Close-up of the fall, with {nation_title(nation)}'s forecasts under {arm.name}"
    return look.svg(figure, name, title, f"Regions {'; '.join(words) or 'none'}.", "map")


def close_map(run: Run, arm: Arm, sheet: Sheet, places: Sequence[Place], name: str) -> Markup:
    """From the launch to the alerted areas: sensors, where each nation first saw it, who was alerted when."""
    figure, axes = canvas(sheet)
    said = _fill_areas(axes, sheet, run, arm, places)
    _tracks(axes, sheet, run)
    said += _minutes(axes, sheet, run)
    said += _sensors(axes, sheet, run)
    said = _first_sights(axes, sheet, run, arm) + said
    write(axes, sheet, said, _lines(run, sheet))
    alerted = [
        f"{area} at {at(time_s)}"
        for nation in run.nations
        for area, time_s in arm.area_alert_s(nation).items()
    ]
    told = f"Alerted under {arm.name}: {listed(alerted) or 'nobody'}."
    return look.svg(figure, name, f"Close-up under {arm.name}: first sights and alerted areas", told, "map")


def key(run: Run, name: str) -> Markup:
    """What the signs on the maps mean."""
    figure = look.figure(WIDE_PX, 62)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    handles: list[Line2D | Patch] = [
        Line2D(
            [], [], color=BLACK, lw=1.6, marker="|", markersize=8, label="ground track, a mark each minute"
        ),
        Line2D([], [], color=ORANGE, lw=4, label="burning"),
    ]
    for nation in run.nations:
        style = look.nation_style(nation, run.nations)
        handles.append(_dot(style, nation, filled=True, size=6))
    first = look.nation_style(run.nations[0], run.nations) if run.nations else look.Style(INK, "-", "o")
    handles += [
        _dot(look.Style(GREY, "-", first.marker), "small, filled: radar", filled=True, size=6),
        _dot(look.Style(GREY, "-", first.marker), "large, hollow: first sight", filled=False, size=11),
        Patch(facecolor=YELLOW, edgecolor=INK, hatch="///", label="alerted in the model"),
        Patch(facecolor="none", edgecolor=INK, ls="--", lw=1.3, label="alerted as it was"),
    ]
    axes.legend(handles=handles, loc="center", ncols=5, handlelength=2.2, columnspacing=1.6)
    return look.svg(figure, name, "Key to the maps", "What the signs on the maps mean.")


def _dot(style: look.Style, label: str, filled: bool, size: float) -> Line2D:
    inside = style.colour if filled else "none"
    edge = "white" if filled else style.colour
    width = 0.6 if filled else 1.8
    return Line2D([], [], ls="", marker=style.marker, ms=size, mfc=inside, mec=edge, mew=width, label=label)


def _flown(run: Run) -> tuple[Array, Array]:
    """Places of all flights, or where they fell when the truth is not at hand."""
    if run.flights:
        lat, lon = zip(*((one.lat_deg, one.lon_deg) for one in run.flights), strict=True)
        return np.concatenate(lat), np.concatenate(lon)
    spots = [one.impact_deg for one in run.launches if one.impact_deg is not None] or [(0.0, 0.0)]
    lat, lon = np.array(spots, float).T
    return lat, lon


def _outline_of(one: Forecast) -> tuple[Array, Array]:
    return ellipse(
        one.impact_lat_deg, one.impact_lon_deg, one.semi_major_km, one.semi_minor_km, one.major_azimuth_deg
    )


def _corners(place: Place) -> list[tuple[float, float]]:
    west, south, east, north = place.shape.bounds
    return [(south, west), (north, east), (south, east), (north, west)]


def _fill_areas(axes: Axes, sheet: Sheet, run: Run, arm: Arm, places: Sequence[Place]) -> list[Said]:
    """Areas alerted under this arm, hatched, and those of the day, outlined."""
    said = []
    on_the_day = run.as_it_was.alert_s if run.as_it_was else {}
    for place in places:
        shape = shapely.transform(place.shape, lambda xy: np.stack(sheet.projection(*xy.T[::-1]), axis=-1))
        shape = shapely.simplify(shapely.clip_by_rect(shape, *sheet.window), 0.5 * sheet.km_per_px)
        area = outline([shape])
        if area is None:
            continue
        time_s = arm.area_alert_s(place.nation).get(place.name)
        words = []
        if time_s is not None:
            patch = PathPatch(area, facecolor=YELLOW, edgecolor=INK, hatch="///", lw=0.4, alpha=0.85)
            axes.add_patch(patch).set_zorder(1.2)
            words.append(at(time_s))
        if place.name in on_the_day:
            axes.add_patch(PathPatch(area, fill=False, edgecolor=INK, ls="--", lw=1.3, zorder=1.3))
            words.append(f"as it was {at(on_the_day[place.name])}")
        if words:
            spot = shapely.point_on_surface(shape)
            said.append(Said(spot.x, spot.y, f"{place.name}: {', '.join(words)}", INK, bold=True))
    return said if len(said) <= 8 else []


def _regions(
    axes: Axes, sheet: Sheet, run: Run, nation: str, chosen: Sequence[Forecast], least_px: float = 14.0
) -> list[Said]:
    """Forecast regions, the later the darker, each with its time unless it is smaller than `least_px`."""
    said = []
    style = look.nation_style(nation, run.nations)
    for i, one in enumerate(chosen):
        x, y = sheet.projection(*_outline_of(one))
        share = (i + 1) / len(chosen)
        inside = Polygon(
            np.stack([x, y], axis=-1), facecolor=style.colour, alpha=0.05 + 0.05 * share, lw=0, zorder=2
        )
        axes.add_artist(inside)
        stroke(axes, x, y, color=style.colour, alpha=0.35 + 0.65 * share, lw=0.8 + 0.8 * share, zorder=2.1)
        seen = np.flatnonzero(sheet.window.holds(x, y))
        if len(seen) and one.semi_major_km > least_px * sheet.km_per_px:
            # Labels go above and below in turn, at the outermost point that is seen.
            top = seen[np.argmax(y[seen] if i % 2 == 0 else -y[seen])]
            said.append(
                Said(x[top], y[top], f"{at(one.time_s)}: ± {length(one.semi_major_km)}", style.colour)
            )
    return said


def _tracks(axes: Axes, sheet: Sheet, run: Run) -> list[Said]:
    """Ground tracks with a mark each minute, launch and impact."""
    said = []
    aloft = {launch.id for launch in run.launches if launch.impact_deg is None}
    for flight in run.flights:
        x, y = sheet.projection(flight.lat_deg, flight.lon_deg)
        stroke(axes, x, y, color="white", lw=3.2, zorder=3)
        stroke(axes, x, y, color=BLACK, lw=1.5, zorder=3.1)
        burning = flight.burning.astype(bool)
        stroke(axes, x[burning], y[burning], color=ORANGE, lw=4, solid_capstyle="butt", zorder=3.2)
        marks = []
        for _, before, after in _each_minute(flight):
            dx, dy = x[after] - x[before], y[after] - y[before]
            size = 5 * sheet.km_per_px / max(float(np.hypot(dx, dy)), 1e-9) * np.array([-1, 1])
            spot = (before + after) // 2
            marks.append((x[spot] + dy * size, y[spot] - dx * size))
        strokes(axes, marks, color=BLACK, lw=1.1, zorder=3.1)
        stroke(axes, x[:1], y[:1], marker="o", ms=7, color=ORANGE, mec="white", zorder=4)
        many = len(run.flights) > 1
        said.append(Said(x[0], y[0], f"launch {flight.launch}" if many else "launch", INK, bold=True))
        if flight.launch not in aloft:
            stroke(axes, x[-1:], y[-1:], marker="X", ms=9, color=BLACK, mec="white", zorder=4)
            falls = at(flight.time_s[-1])
            name = f"impact {flight.launch} {falls}" if many else f"impact {falls}"
            said.append(Said(x[-1], y[-1], name, INK, True))
        every = 5
        said += [
            Said(x[(a + b) // 2], y[(a + b) // 2], f"{minute} min", INK, near=True)
            for minute, a, b in _each_minute(flight)
            if minute % every == 0
        ]
    return said


def _minutes(axes: Axes, sheet: Sheet, run: Run) -> list[Said]:
    """Launch, and each minute by its number, for a close-up."""
    said = []
    for flight in run.flights:
        x, y = sheet.projection(flight.lat_deg, flight.lon_deg)
        said.append(Said(x[0], y[0], "launch", INK, bold=True))
        for minute, before, after in _each_minute(flight):
            spot = (before + after) // 2
            said.append(Said(x[spot], y[spot], f"{minute} min", INK, near=True))
    return [one for one in said if sheet.window.holds(np.array(one.x), np.array(one.y))]


def _lines(run: Run, sheet: Sheet) -> list[tuple[Array, Array]]:
    return [sheet.projection(flight.lat_deg, flight.lon_deg) for flight in run.flights]


def _each_minute(flight: Flight) -> list[tuple[int, int, int]]:
    """Minutes after this launch, with the rows around them."""
    since_s = flight.time_s - flight.time_s[0]
    rows = [(m, int(np.searchsorted(since_s, 60 * m))) for m in range(1, int(since_s[-1] // 60) + 1)]
    return [(m, max(row - 1, 0), min(row + 1, len(since_s) - 1)) for m, row in rows]


def _sensors(axes: Axes, sheet: Sheet, run: Run) -> list[Said]:
    said = []
    for sensor in run.sensors:
        x, y = sheet.projection(np.array([sensor.lat_deg]), np.array([sensor.lon_deg]))
        if sensor.kind != "infrared" and sheet.window.holds(x, y).all():
            style = look.nation_style(sensor.nation, run.nations)
            stroke(
                axes, x, y, marker=style.marker, ms=6.5, color=style.colour, mec="white", mew=0.7, zorder=5
            )
            said.append(Said(x[0], y[0], sensor.title.partition(" (")[0], style.colour))
    return said


def _first_sights(axes: Axes, sheet: Sheet, run: Run, arm: Arm) -> list[Said]:
    """For each nation, the first sight of any of its satellites and of any of its radars."""
    said = []
    for sight in outlook.first_sights(arm):
        x, y = sheet.projection(np.array([sight.lat_deg]), np.array([sight.lon_deg]))
        if sheet.window.holds(x, y).all():
            style = look.nation_style(sight.nation, run.nations)
            stroke(axes, x, y, marker=style.marker, ms=12, mfc="none", mec="white", mew=3.4, zorder=4.4)
            stroke(axes, x, y, marker=style.marker, ms=12, mfc="none", mec=style.colour, mew=1.9, zorder=4.5)
            text = f"{sight.nation} {sight.kind} {at(sight.time_s)}"
            said.append(Said(x[0], y[0], text, style.colour, bold=True))
    return said
