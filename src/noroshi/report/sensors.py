"""The catalogue of sensors: a table, one sensor whole, what a radar sees of the sky, and plain objects."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from noroshi.catalogue.eyes import ground_at, place_at
from noroshi.catalogue.figures import Figure, Spread
from noroshi.catalogue.placement import Mask, Moves, SensorPlacement
from noroshi.catalogue.sensors import Brightness, InfraredProfile, RadarProfile, RadarRange, SkywaveProfile
from noroshi.catalogue.sites import Number, numbers
from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M

Array = np.ndarray

TARGET_M, CROSS_SECTION_M2, SNR_DB = 100e3, 1.0, 13.0
EFFECTIVE_EARTH = np.float64(4 / 3)
_STEP_M = 500.0
_ABSENT = "○"


def tables(sensors: Sequence[SensorPlacement]) -> Iterator[tuple[str, Table]]:
    """For each nation its code and a table of one row for each sensor."""
    for nation in dict.fromkeys(sensor.nation for sensor in sensors):
        shown = Table(box=None, header_style="bold", pad_edge=False)
        shown.add_column("id", no_wrap=True)
        shown.add_column("sensor", no_wrap=True)
        shown.add_column("kind")
        shown.add_column("place or orbit", no_wrap=True)
        for column in ("search km", "cued km", "numbers", "assumed"):
            shown.add_column(column, justify="right", no_wrap=True)
        for sensor in sensors:
            if sensor.nation != nation:
                continue
            stated = [one.number for one in numbers(sensor)]
            assumed = sum(number.confidence == "assumed" for number in stated)
            name = sensor.id if sensor.present else f"{sensor.id} {_ABSENT}"
            kind = sensor.profile.kind
            shown.add_row(
                name, sensor.title, kind, where(sensor), *_reach(sensor), str(len(stated)), str(assumed)
            )
        yield nation, shown


LEGEND = f"""\
{_ABSENT} left out of a run until a scenario says that it is there.
Radar: range for a target of that cross-section. Skywave: its ring. Infrared: the faintest source it sees.
One sensor with all its numbers and their sources: noroshi sensors JPN-Sado"""


def where(sensor: SensorPlacement) -> str:
    """Its place or orbit in a few words."""
    if sensor.longitude_deg is not None:
        return f"geostationary, {_degrees(sensor.longitude_deg.value, 'EW', 0)}"
    if sensor.orbit is not None:
        low, high = sensor.orbit.perigee_km.value, sensor.orbit.apogee_km.value
        heights = f"{low:,.0f}" if low == high else f"{low:,.0f} x {high:,.0f}"
        return f"{heights} km, {sensor.orbit.inclination_deg.value:g}°"
    if sensor.walker is not None:
        one = sensor.walker
        kind = f"{one.pattern} {one.spread}"
        return f"{kind}, {one.height_km.value:,.0f} km, {one.inclination_deg.value:g}°"
    lat, lon, height_m = ground_at(sensor)
    place = f"{_degrees(math.degrees(lat), 'NS')} {_degrees(math.degrees(lon), 'EW')}"
    return f"{place}, {height_m:,.0f} m" if height_m else f"{place}, at sea"


def _degrees(angle: float, signs: str, digits: int = 2) -> str:
    return f"{abs(angle):.{digits}f}°{signs[angle < 0]}"


def _reach(sensor: SensorPlacement) -> tuple[str, str]:
    profile = sensor.profile
    if isinstance(profile, RadarProfile):
        return _range(profile.search_range_km), _range(profile.cued_range_km)
    if isinstance(profile, SkywaveProfile):
        return f"{profile.range_min_km.value:,.0f} to {profile.range_max_km.value:,.0f}", ""
    faint = profile.sensitivity_w_per_sr
    return f"{faint.value:,.0f} W/sr at {faint.range_km:,.0f}", ""


def _range(one: RadarRange) -> str:
    return f"{one.value:,.0f} ({one.cross_section_m2:g} m²)"


def whole(sensor: SensorPlacement) -> Iterator[str | Table]:
    """One sensor: what it is, and each of its numbers with its range, its source and its confidence."""
    yield f"{sensor.id}: {sensor.title} ({sensor.nation})"
    yield f"{sensor.profile.title}, {where(sensor)}"
    if not sensor.present:
        yield f"{_ABSENT} Left out of a run until a scenario says that it is there."
    if sensor.note:
        yield sensor.note
    if isinstance(sensor.profile, RadarProfile):
        yield _in_words(sensor)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("number", "value", "range", "confidence"):
        shown.add_column(column, no_wrap=True, justify="right" if column in ("value", "range") else "left")
    shown.add_column("source", overflow="fold")
    of = "site"
    for one in numbers(sensor):
        if one.of != of:
            shown.add_row("")
            shown.add_row(f"{one.of}:", style="bold")
            of = one.of
        number = one.number
        shown.add_row(one.name, _value(number), _ends(number), number.confidence, number.source)
    yield shown


def _in_words(sensor: SensorPlacement) -> str:
    near_km, far_km = sees_km(sensor)
    target = f"A target of {CROSS_SECTION_M2:g} m² at {TARGET_M / 1e3:g} km"
    if math.isnan(far_km):
        return f"{target} is never seen along its boresight: too far or too high for its beam."
    near = "" if near_km < 1 else f"from {near_km:,.0f} "
    over = f"{near}to {far_km:,.0f} km over the ground along its boresight"
    return f"{target} is seen {over}, when it is told where to look."


def _value(number: Number) -> str:
    if isinstance(number, Moves):
        return f"{len(number.points)} points"
    if isinstance(number, Mask) and number.points is not None:
        return f"{len(number.points)} points"
    value = number.middle if isinstance(number, Figure | Spread) else number.value
    text = f"{value:,.6g}" if value and abs(value) >= 1e-3 else f"{value:g}"
    return text + "".join(f" ({held:g} {unit})" for held, unit in _holds_for(number))


def _holds_for(number: Number) -> list[tuple[float, str]]:
    if isinstance(number, RadarRange):
        return [(number.cross_section_m2, "m²"), (number.snr_db, "dB")]
    return [(number.range_km, "km")] if isinstance(number, Brightness) else []


def _ends(number: Number) -> str:
    if isinstance(number, Moves):
        return "" if number.spread_km is None else f"± {number.spread_km:g} km"
    if number.low is None or number.high is None or number.low == number.high:
        return ""
    return f"{number.low:,g} to {number.high:,g}"


def sees_km(sensor: SensorPlacement, azimuth_deg: float | None = None) -> tuple[float, float]:
    """Nearest and farthest ground range, km, at which a cued radar sees 1 m² at 100 km; NaN where never.

    The least of its range by the fourth-power law at 13 dB, its limits in elevation, its mask and the
    horizon, over an Earth of 4/3 its radius. Along the middle of its sector unless an azimuth is given.
    """
    profile = sensor.profile
    assert isinstance(profile, RadarProfile)
    azimuth_deg = sensor.middle_deg if azimuth_deg is None else azimuth_deg
    antenna_m = np.float64(ground_at(sensor)[2] + profile.antenna_height_m.value)
    target_m = np.float64(TARGET_M)
    arc = np.arange(_STEP_M, 8e6, _STEP_M) / MEAN_RADIUS_M
    near, far = MEAN_RADIUS_M + antenna_m, MEAN_RADIUS_M + TARGET_M
    slant_km = np.sqrt(near**2 + far**2 - 2 * near * far * np.cos(arc)) / 1e3
    elevation = np.degrees(geometry.refracted_elevation(antenna_m, target_m, arc, EFFECTIVE_EARTH))
    lowest = profile.elevation_min_deg.value
    if sensor.mask_deg is not None:
        azimuths, hidden_deg = np.array(sensor.mask_deg.pairs).T
        lowest = max(lowest, float(np.interp(azimuth_deg % 360, azimuths, hidden_deg, period=360)))
    reach_km = min(profile.cued_range_km.at_km(CROSS_SECTION_M2, SNR_DB), profile.instrumented_range_km.value)
    seen = (slant_km <= reach_km) & (elevation >= lowest) & (elevation <= profile.elevation_max_deg.value)
    seen &= arc <= geometry.horizon_arc(antenna_m, target_m, EFFECTIVE_EARTH)
    if not seen.any():
        return math.nan, math.nan
    ground_km = arc[seen] * MEAN_RADIUS_M / 1e3
    return float(ground_km[0]), float(ground_km[-1])


def subpoints(sensor: SensorPlacement) -> tuple[Array, Array]:
    """Where its satellites stand at the epoch: latitude and longitude, deg, of the places below them."""
    assert isinstance(sensor.profile, InfraredProfile)
    members = range(_satellites(sensor))
    spots = [place_at(sensor.model_copy(update={"member": number}))[0] for number in members]
    lat, lon, _ = frames.geodetic(np.stack(spots))
    return np.degrees(lat), np.degrees(lon)


def _satellites(sensor: SensorPlacement) -> int:
    return 1 if sensor.walker is None else int(sensor.walker.pattern.partition("/")[0])


def plain(sensor: SensorPlacement) -> dict[str, Any]:
    """Everything that is known of a sensor, as data/schema/sensors.schema.json has it."""
    profile = sensor.profile
    ground = None if isinstance(profile, InfraredProfile) else ground_at(sensor)
    return {
        "id": sensor.id,
        "title": sensor.title,
        "nation": sensor.nation,
        "kind": profile.kind,
        "profile": profile.name,
        "profile_title": profile.title,
        "present": sensor.present,
        "note": sensor.note,
        "place": ground
        and {
            "lat_deg": round(math.degrees(ground[0]), 6),
            "lon_deg": round(math.degrees(ground[1]), 6),
            "height_m": ground[2],
        },
        "sector": ground and {"middle_deg": sensor.middle_deg, "width_deg": sensor.sector_deg},
        "orbit": None if ground else _orbit(sensor),
        "reach": _plain_reach(sensor),
        "figures": [{"of": one.of, "name": one.name, **_plain_number(one.number)} for one in numbers(sensor)],
        "assumed": sum(one.number.confidence == "assumed" for one in numbers(sensor)),
    }


def _orbit(sensor: SensorPlacement) -> dict[str, Any]:
    one, many = sensor.orbit, sensor.walker
    low, high, tilt = (
        (one.perigee_km.value, one.apogee_km.value, one.inclination_deg.value)
        if one is not None
        else (many.height_km.value, many.height_km.value, many.inclination_deg.value)
        if many is not None
        else (None, None, 0.0)
    )
    return {
        "satellites": _satellites(sensor),
        "longitude_deg": sensor.longitude_deg and sensor.longitude_deg.value,
        "perigee_km": low,
        "apogee_km": high,
        "inclination_deg": tilt,
        "walker": many and many.pattern,
        "spread": many and many.spread,
    }


def _plain_reach(sensor: SensorPlacement) -> dict[str, Any]:
    profile = sensor.profile
    found: dict[str, Any] = dict.fromkeys(("search", "cued", "sees_km", "ring_km", "faintest"))
    if isinstance(profile, RadarProfile):
        for name, one in (("search", profile.search_range_km), ("cued", profile.cued_range_km)):
            found[name] = {"km": one.value, "cross_section_m2": one.cross_section_m2, "snr_db": one.snr_db}
        ends = sees_km(sensor)
        found["sees_km"] = None if math.isnan(ends[1]) else [round(end, 1) for end in ends]
    elif isinstance(profile, SkywaveProfile):
        found["ring_km"] = [profile.range_min_km.value, profile.range_max_km.value]
    else:
        faint = profile.sensitivity_w_per_sr
        found["faintest"] = {"w_per_sr": faint.value, "range_km": faint.range_km}
    return found


def _plain_number(number: Number) -> dict[str, Any]:
    value, low, high = (
        (None, None, None)
        if isinstance(number, Moves)
        else (number.middle if isinstance(number, Figure | Spread) else number.value, number.low, number.high)
    )
    points = number.points if isinstance(number, Moves | Mask) else None
    held = {"m²": "cross_section_m2", "dB": "snr_db", "km": "range_km"}
    return {
        "value": value,
        "low": low,
        "high": high,
        "holds_for": {held[unit]: of for of, unit in _holds_for(number)} or None,
        "points": points and [list(point) for point in points],
        "confidence": number.confidence,
        "source": number.source,
    }
