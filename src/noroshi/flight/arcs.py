"""Closed forms of arcs over a round Earth at rest without air: what any fitted flight can be held against."""

import math

RADIUS_KM, GM_KM3PS2 = 6371.0, 398_600.4418


def least_energy_apogee_km(range_km: float) -> float:
    """Apogee of the arc of least energy, ground to ground: R/2 (sin(a/2) + cos(a/2) - 1), a = range/R."""
    half = range_km / RADIUS_KM / 2
    return RADIUS_KM / 2 * (math.sin(half) + math.cos(half) - 1)


def least_speed_kmps(apogee_km: float, range_km: float) -> float:
    """Speed at the ground of the arc with this apogee, but no less than the least that reaches the range."""
    half = math.sin(range_km / RADIUS_KM / 2)
    across = math.sqrt(2 * GM_KM3PS2 / RADIUS_KM * half / (1 + half))
    return max(across, math.sqrt(2 * GM_KM3PS2 * apogee_km / (RADIUS_KM * (RADIUS_KM + apogee_km))))


def arc_time_s(apogee_km: float, range_km: float) -> float:
    """Time of the arc with this apogee and range, ground to ground, by Kepler's equation.

    No flight of these figures is shorter: a booster only takes longer to reach the same height.
    """
    top = RADIUS_KM + apogee_km
    e = apogee_km / (top - RADIUS_KM * math.cos(range_km / RADIUS_KM / 2))
    major = top / (1 + e)
    anomaly = math.acos(max(-1.0, min(1.0, (1 - RADIUS_KM / major) / e)))
    return 2 * math.sqrt(major**3 / GM_KM3PS2) * (math.pi - anomaly + e * math.sin(anomaly))
