"""A fitted flight as plain objects for programs, and as a table for a terminal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from noroshi.catalogue.questions import Answer, Question, Unanswered
from noroshi.earth import frames, geometry
from noroshi.flight.announced import Told
from noroshi.flight.interpolate import hermite
from noroshi.flight.objects import Fall
from noroshi.flight.space import Ascent
from noroshi.records.trajectory import Trajectory

# Of time, latitude, longitude, height and speed in a track.
_DIGITS = (2, 5, 5, 4, 2)
_SIGNS = {"about": "~", "at least": "≥", "at most": "≤"}
_SPREAD = ("apogee_km", "range_km", "flight_time_s", "burnout_s", "impact_lat_deg", "impact_lon_deg")


def plain(answers: Sequence[Answer | Unanswered], step_s: float) -> dict[str, Any]:
    """The first flight with its track, and under `reports` every report's, as flight.schema.json has it."""
    first = next(one for one in answers if isinstance(one, Answer))
    whole = _answer(first)
    whole["track"] = track(first.trajectory, step_s, first.question.earth)
    whole["reports"] = [_report(one) for one in answers]
    return whole


def _report(one: Answer | Unanswered) -> dict[str, Any]:
    if isinstance(one, Answer):
        return _answer(one)
    return {"by": one.question.by, "announced": _announced(one.question), "error": one.why}


def _answer(one: Answer) -> dict[str, Any]:
    asked, burnout = one.question, one.burnout
    ends = _fitted(one) if one.fit else _ascended(one.ascent) if one.ascent else _passed(one)
    return {
        "name": asked.name,
        "by": asked.by,
        "threat": asked.threat.name if asked.threat else None,
        "family": asked.threat.family if asked.threat else "cruise",
        "arc": one.arc,
        "site": {
            "lat_deg": asked.site.lat_deg,
            "lon_deg": asked.site.lon_deg,
            "height_m": asked.site.height_m,
        },
        "announced": _announced(asked),
        **ends,
        "burnout": burnout
        and {
            "time_s": round(burnout.time_s, 2),
            "lat_deg": round(burnout.lat_deg, 5),
            "lon_deg": round(burnout.lon_deg, 5),
            "height_km": round(burnout.height_km, 3),
            "speed_mps": round(burnout.speed_mps, 2),
            "path_deg": round(burnout.path_deg, 3),
        },
        "spread": _spread(one),
        "falls": [_fall(fall) for fall in one.falls],
        "notes": list(one.notes) + ([asked.note] if asked.note else []),
    }


def _impact(lat_deg: float, lon_deg: float, time_s: float) -> dict[str, float]:
    return {"lat_deg": round(lat_deg, 5), "lon_deg": round(lon_deg, 5), "time_s": round(time_s, 2)}


def _fitted(one: Answer) -> dict[str, Any]:
    fit, told = one.fit, one.question.announced.flight_time_s
    assert fit is not None
    apogee_off, range_off, across = (_zeroed(value) for value in fit.residual_km)
    return {
        "apogee_km": round(fit.apogee_km, 3),
        "range_km": round(fit.range_km, 3),
        "flight_time_s": round(fit.flight_time_s, 2),
        "impact": _impact(fit.impact_lat_deg, fit.impact_lon_deg, fit.flight_time_s),
        "orbit": None,
        "residuals": {
            "apogee_km": apogee_off,
            "range_km": range_off,
            "across_km": across,
            "flight_time_s": round(fit.flight_time_s - told.value, 1) if told else None,
        },
        "azimuth_deg": round(float(np.degrees(fit.azimuth_rad)), 4),
        "ideal_velocity_kmps": round(fit.ideal_kmps, 5),
    }


def _ascended(ascent: Ascent) -> dict[str, Any]:
    orbit, off = ascent.orbit, ascent.residual_km
    return {
        "apogee_km": round(orbit.apogee_km, 3),
        "range_km": None,
        "flight_time_s": None,
        "impact": None,
        "orbit": {
            "perigee_km": round(orbit.perigee_km, 3),
            "apogee_km": round(orbit.apogee_km, 3),
            "inclination_deg": round(orbit.inclination_deg, 4),
        },
        "residuals": {
            "apogee_km": _zeroed(off[0]),
            "range_km": _zeroed(off[3]) if len(off) > 4 else None,
            "across_km": _zeroed(off[-1]),
            "flight_time_s": None,
        },
        "azimuth_deg": round(float(np.degrees(ascent.aim.azimuth_rad[0])) % 360, 4),
        "ideal_velocity_kmps": round(float(ascent.aim.ideal_kmps[0]), 5),
    }


def _passed(one: Answer) -> dict[str, Any]:
    """A flight along waypoints: nothing was fitted."""
    flown = one.trajectory
    lat, lon, height_m = frames.geodetic(flown.position_ecef_m)
    range_m, bearing = geometry.great_circle(lat[0], lon[0], lat[-1], lon[-1])
    return {
        "apogee_km": round(float(height_m.max()) / 1e3, 3),
        "range_km": round(float(range_m) / 1e3, 3),
        "flight_time_s": round(float(flown.time_s[-1]), 2),
        "impact": _impact(float(np.degrees(lat[-1])), float(np.degrees(lon[-1])), float(flown.time_s[-1])),
        "orbit": None,
        "residuals": dict.fromkeys(("apogee_km", "range_km", "across_km", "flight_time_s")),
        "azimuth_deg": round(float(np.degrees(bearing)), 4),
        "ideal_velocity_kmps": None,
    }


def _zeroed(value: float) -> float:
    """Rounded, and never minus nothing."""
    return round(value, 3) + 0.0


def _announced(asked: Question) -> dict[str, Any]:
    told = asked.announced
    named = {
        "apogee_km": told.apogee_km,
        "range_km": told.range_km,
        "bearing_deg": told.bearing_deg,
        "flight_time_s": told.flight_time_s,
    }
    shown: dict[str, Any] = {
        name: {"value": value.value, "half_width": value.half_width, "sense": value.sense}
        for name, value in named.items()
        if value is not None
    }
    if told.bearing_deg is not None:
        shown["bearing_convention"] = told.convention
    if told.end_deg is not None:
        shown["end"] = {"lat_deg": told.end_deg[0], "lon_deg": told.end_deg[1]}
    return shown


def _spread(one: Answer) -> dict[str, Any] | None:
    wide = one.spread
    if wide is None or not wide.met.any():
        return None
    found: dict[str, Any] = {name: [round(value, 3) for value in wide.between(name)] for name in _SPREAD}
    return found | {
        "flown": len(wide.met),
        "met": int(wide.met.sum()),
        "effective": round(wide.effective, 1),
    }


def _fall(fall: Fall) -> dict[str, Any]:
    return {
        "name": fall.name,
        "time_s": round(fall.time_s, 2),
        "height_km": round(fall.height_km, 2),
        "fall_s": round(fall.fall_s, 1),
        "lat_deg": round(fall.lat_deg, 4),
        "lon_deg": round(fall.lon_deg, 4),
        "zone": [[round(float(lat), 3), round(float(lon), 3)] for lat, lon in fall.zone_deg],
    }


def track(flown: Trajectory, step_s: float, earth: Any) -> list[list[float]]:
    """Rows of time, s, latitude, longitude, deg, height, km, speed over the ground's frame, m/s, burning."""
    time_s = np.append(np.arange(0, flown.time_s[-1], step_s), flown.time_s[-1])
    position, velocity = hermite(flown.time_s, flown.position_ecef_m, flown.velocity_ecef_mps, time_s)
    lat, lon, height_m = frames.geodetic(position, earth)
    speed = np.linalg.norm(velocity, axis=-1)
    columns = (time_s, np.degrees(lat), np.degrees(lon), height_m / 1e3, speed)
    shown = np.stack([column.round(digits) for column, digits in zip(columns, _DIGITS, strict=True)], axis=1)
    before = np.searchsorted(flown.time_s, time_s, side="right") - 1
    burning = flown.burning[before].astype(int).tolist()
    # Plus nothing: no minus before a zero.
    return [[*row, lit] for row, lit in zip((shown + 0.0).tolist(), burning, strict=True)]


def told_as(told: Told | None, unit: float = 1.0, digits: str = ",.10g") -> str:
    """An announced number as it was told: ~ about, ≥ at least, ≤ at most."""
    if told is None:
        return ""
    width = f" ± {told.half_width / unit:.4g}" if told.half_width else ""
    return f"{_SIGNS[told.sense]}{told.value / unit:{digits}}{width}"


def said(answers: Sequence[Answer | Unanswered]) -> list[Table | str]:
    """What a person reads: for each report what was announced, what was flown, how sure it is; and notes."""
    parts: list[Table | str] = []
    for one in answers:
        if isinstance(one, Unanswered):
            parts.append(escape(f"{one.question.by or one.question.name}: {one.why}"))
            continue
        parts.append(_table(one))
        notes = [*one.notes, one.question.note]
        parts += [escape(f"  note: {note}") for note in notes if note]
        parts.append("")
    return parts


def _table(one: Answer) -> Table:
    asked, told, fit, burnout = one.question, one.question.announced, one.fit, one.burnout
    flown_as = f" ({asked.threat.name})" if asked.threat else ""
    title = (f"{asked.name}, {asked.by}" if asked.by else asked.name) + flown_as
    found = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column, justify in (("", "left"), ("announced", "right"), ("flown", "right"), ("5 to 95 %", "right")):
        found.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    wide = one.spread if one.spread is not None and one.spread.met.any() else None

    def between(name: str, unit: float = 1.0, digits: str = ",.0f") -> str:
        if wide is None:
            return ""
        low, _, high = wide.between(name)
        return f"{low / unit:{digits}} to {high / unit:{digits}}"

    if fit is not None:
        apogee = f"{fit.apogee_km:,.1f} ({one.arc})"
        minutes, wide_min = f"{fit.flight_time_s / 60:.1f}", between("flight_time_s", 60, ".1f")
        end = "" if told.end_deg is None else f"{told.end_deg[0]:g}, {told.end_deg[1]:g}"
        found.add_row("apogee, km", told_as(told.apogee_km), apogee, between("apogee_km"))
        found.add_row("range, km", told_as(told.range_km), f"{fit.range_km:,.1f}", between("range_km"))
        found.add_row("flight time, min", told_as(told.flight_time_s, 60, ".4g"), minutes, wide_min)
        place = between("impact_lat_deg", digits=".2f")
        found.add_row("impact, deg north", end, f"{fit.impact_lat_deg:.3f}", place)
        place = between("impact_lon_deg", digits=".2f")
        found.add_row("impact, deg east", "", f"{fit.impact_lon_deg:.3f}", place)
    elif one.ascent is not None:
        orbit = one.ascent.orbit
        heights = f"{orbit.perigee_km:,.0f} x {orbit.apogee_km:,.0f}"
        found.add_row("orbit, km", told_as(told.apogee_km), heights, "")
        found.add_row("inclination, deg", "", f"{orbit.inclination_deg:.2f}", "")
    else:
        passed = _passed(one)
        found.add_row("highest, km", "", f"{passed['apogee_km']:,.2f}", "")
        found.add_row("first to last, km", "", f"{passed['range_km']:,.1f}", "")
        found.add_row("flight time, min", "", f"{passed['flight_time_s'] / 60:.1f}", "")
    if burnout is not None:
        path = f"{burnout.speed_mps:,.0f} m/s, {burnout.path_deg:.1f} deg up"
        found.add_row("burnout, s", "", f"{burnout.time_s:.0f}", between("burnout_s"))
        found.add_row("burnout at", "", f"{burnout.height_km:,.0f} km, {path}", "")
    for fall in one.falls:
        place = f"{fall.lat_deg:.2f}, {fall.lon_deg:.2f} at {fall.fall_s:,.0f} s"
        found.add_row(f"{fall.name} down", "", place, _zone(fall))
    return found


def _zone(fall: Fall) -> str:
    """How far around its middle something may come down."""
    if len(fall.zone_deg) < 2:
        return ""
    middle = np.radians([fall.lat_deg, fall.lon_deg])
    away_m, _ = geometry.great_circle(*middle, *np.radians(fall.zone_deg).T)
    return f"within {max(float(np.quantile(away_m, 0.95)) / 1e3, 1.0):,.0f} km"
