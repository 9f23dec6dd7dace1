"""What a run can be held to that it was not fitted to: published figures beside ours."""

import math
from typing import Any

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.exercise.draw import Flight
from noroshi.exercise.world import World


def checks(world: World) -> list[dict[str, Any]]:
    """Rows of published, ours and whether they agree within the stated tolerance, for each launch."""
    rows = []
    for flight in world.flights:
        launch, fit = flight.launch, flight.fit
        if launch.failure is not None and launch.failure.figures == "planned":
            # What was planned was not flown.
            continue
        if flight.ascent is not None:
            rows += _orbit(world, flight)
            continue
        pairs = [
            ("apogee", launch.apogee_km.value, fit.apogee_km, "km", 0.02),
            ("range", launch.range_km.value, fit.range_km, "km", 0.02),
        ]
        if launch.flight_time_min is not None:
            pairs.append(("flight time", launch.flight_time_min.value, fit.flight_time_s / 60, "min", 0.08))
        for name, published, ours, unit, tolerance in pairs:
            said = f"{launch.id} {name}" + (" (not fitted)" if name == "flight time" else "")
            rows.append(_row(said, published, ours, unit, tolerance))
    return rows


def _row(name: str, published: float, ours: float, unit: str, tolerance: float) -> dict[str, Any]:
    agrees = abs(ours / published - 1) <= tolerance
    return {"name": name, "published": published, "ours": round(ours, 2), "unit": unit, "ok": agrees}


def _orbit(world: World, flight: Flight) -> list[dict[str, Any]]:
    """The orbit that was reached, and where stage 2 fell as it was flown, with a drag of its own."""
    launch, reached = flight.launch, flight.ascent
    assert reached is not None
    told_km, orbit = launch.apogee_km.value, reached.orbit
    middle_km = (orbit.perigee_km + orbit.apogee_km) / 2
    rows = [_row(f"{launch.id} orbit, mean height", told_km, middle_km, "km", 0.03)]
    for one in world.objects:
        # Only what is down by the end of the run tells where it fell.
        if one.id == f"{launch.id}/stage-2" and one.start_s + len(one.position_ecef_m) <= world.end_s:
            start = math.radians(launch.launch_lat_deg.value), math.radians(launch.launch_lon_deg.value)
            lat, lon, _ = frames.geodetic(one.position_ecef_m[-1])
            range_km = float(geometry.great_circle(*start, lat, lon)[0]) / 1e3
            rows.append(_row(f"{launch.id} fall of stage 2", launch.range_km.value, range_km, "km", 0.05))
    return rows


def crossing_s(world: World, lon_deg: float) -> float | None:
    """When the first launch's ground track first crosses a meridian, s after launch."""
    track = world.tracks[0]
    _, lon, _ = frames.geodetic(np.asarray(track.position_ecef_m))
    east = (np.degrees(lon) - lon_deg + 180) % 360 - 180
    crossed = np.flatnonzero((east[:-1] < 0) & (east[1:] >= 0) & (np.abs(east[:-1]) < 90))
    if not len(crossed):
        return None
    row = int(crossed[0])
    share = -east[row] / (east[row + 1] - east[row])
    return float(track.time_s[row] + share * (track.time_s[row + 1] - track.time_s[row]))


def rises_s(world: World, lat_deg: float, lon_deg: float) -> float | None:
    """When the first launch rises over the sea horizon of a place, s after launch.

    Antenna at sea level, no mask, the scenario's refraction.
    """
    track = world.tracks[0]
    place = np.asarray(frames.ecef(math.radians(lat_deg), math.radians(lon_deg), 0.0))
    arc = geometry.arc(np.broadcast_to(place, track.position_ecef_m.shape), track.position_ecef_m)
    height_m = frames.height(np.asarray(track.position_ecef_m))
    elevation = geometry.refracted_elevation(np.float64(0.0), height_m, arc, world.air.effective_earth)
    above = np.flatnonzero(np.asarray(elevation) > 0)
    return float(track.time_s[above[0]]) if len(above) else None
