"""What a run can be held to that it was not fitted to: published figures beside ours."""

import math
from typing import Any

import numpy as np

from noroshi.earth import frames, geometry
from noroshi.exercise.world import World


def checks(world: World) -> list[dict[str, Any]]:
    """Rows of published, ours and whether they agree within the stated tolerance, for each launch."""
    rows = []
    for flight in world.flights:
        launch, fit = flight.launch, flight.fit
        if launch.failure is not None and launch.failure.figures == "planned":
            # What was planned was not flown.
            continue
        pairs = [
            ("apogee", launch.apogee_km.value, fit.apogee_km, "km", 0.02),
            ("range", launch.range_km.value, fit.range_km, "km", 0.02),
        ]
        if launch.flight_time_min is not None:
            pairs.append(("flight time", launch.flight_time_min.value, fit.flight_time_s / 60, "min", 0.08))
        for name, published, ours, unit, tolerance in pairs:
            rows.append(
                {
                    "name": f"{launch.id} {name}" + (" (not fitted)" if name == "flight time" else ""),
                    "published": published,
                    "ours": round(ours, 2),
                    "unit": unit,
                    "ok": abs(ours / published - 1) <= tolerance,
                }
            )
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
