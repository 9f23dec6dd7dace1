"""Three lofted flights of 2017: the coast alone, and the whole flight of a generic missile."""

from functools import cache

import numpy as np

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site
from tests.reference.arcs import EAST, ROUND, fly
from tests.reference.cases import Case, Group, Tolerance, digits

_HS12 = "[Strategic Study India, 8 July 2017](https://strategicstudyindia.com)"
_HS14 = (
    "[Jane's](https://janes.com/article/72745), "
    "[Missile Threat](https://missilethreat.csis.org/north-korea-conducts-2nd-icbm-test)"
)
_HS15 = "[Defence Industries](https://defence-industries.com)"
# Name, apogee km, range km, told: min; coast alone: min, speed km/s and range of the same speed km.
FLIGHTS = [
    ("hwasong-12", 2111.5, 700.0, _HS12, 30.0, 27.9, 5.60, 4_345),
    ("hwasong-14", 3724.9, 998.0, _HS14, 47.2, 43.1, 6.81, 8_022),
    ("hwasong-15", 4475.0, 950.0, _HS15, 53.0, 50.3, 7.20, 9_983),
]

COAST = Group(
    "coast",
    "Lofted flights of 2017: the coast alone",
    "Speed and angle at the ground that give the told apogee and range over a round Earth at rest (R = "
    "6,371 km, no air), found by flying; then the time of that flight, and how far its speed would go at "
    "the best angle. Without a boost it must come out shorter than was told, by some minutes.",
    "Apogee and range as in the sources of the next table; the rest by Kepler's equation.",
)
BOOST = Group(
    "lofted",
    "Lofted flights of 2017 with a boost",
    "A generic missile of the class (middle of the shipped profile) is fitted to apogee, range and "
    "direction over the turning ellipsoid with air; its time is not fitted but compared. Site and "
    "direction (40° N, 125° E, toward 70°) are near enough: ten degrees either way move it by some "
    "seconds. Hwasong-14 and -15 stand among the record's launches below (`record-2017-07-28…-dprk`, "
    "`record-2017-11-28…-dprk`) with the same figures.",
    f"Hwasong-12 on 14 May 2017: {_HS12}. Hwasong-14 on 28 July 2017: {_HS14}. "
    f"Hwasong-15 on 29 November 2017: {_HS15}.",
)


@cache
def coast(apogee_km: float, range_km: float) -> tuple[float, float, float]:
    """Speed, km/s, angle, rad, and time, s, without boost and air, of what reaches apogee and range."""
    wanted, probe = np.array([range_km, apogee_km]), 1e-6
    x = np.array([np.sqrt(2 * 9.8e-3 * apogee_km / (1 + apogee_km / 6371.0)), np.radians(80.0)])
    for _ in range(30):
        tried = x + np.array([[0, 0], [probe, 0], [0, probe]])
        found = np.stack(fly(tried[:, 0], tried[:, 1], EAST, ROUND, 1e-10)[:2])
        slopes = (found[:, 1:] - found[:, :1]) / probe
        step = np.linalg.solve(slopes, wanted - found[:, 0])
        x = x + np.clip(step, -0.1, 0.1)
        if np.abs(step).max() < 1e-8:
            break
    return float(x[0]), float(x[1]), float(fly(x[0], x[1], EAST, ROUND)[2][0])


def farthest(speed_kmps: float) -> float:
    """How far a speed goes at its best angle, km; found by flying."""
    angle = np.radians(np.linspace(15.0, 45.0, 61))
    for _ in range(3):
        range_km = fly(np.full_like(angle, speed_kmps), angle, EAST, ROUND, 1e-10)[0]
        best = angle[int(range_km.argmax())]
        angle = best + (angle - angle.mean()) / 20
    return float(range_km.max())


def _boosted() -> Case:
    """The flight whose time the record does not have."""
    told = {name: row for name, *row in FLIGHTS}["hwasong-12"]
    apogee_km, range_km, source, minutes = told[:4]

    def ours() -> float:
        missile, body = flyer(load_threat("irbm-single-stage"), lambda _: 0.5)
        announced = Announced(Told(apogee_km), Told(range_km), Told(70.0))
        return fit(Site(40.0, 125.0), announced, missile, body).flight_time_s / 60

    return Case(
        "lofted-hwasong-12-time", BOOST, "Hwasong-12, 2,111.5 km high, 700 km far: time", source, "S1",
        minutes, "min", minutes_told(minutes), ours, ".1f",
    )  # fmt: skip


def minutes_told(minutes: float) -> Tolerance:
    """Times told to the minute, of a missile known by its class: 5 %, at least a minute and a half."""
    half = max(0.05 * minutes, 1.5)
    return Tolerance(half, half, "± 5 %" if half > 1.5 else "± 1.5")


def _coasts() -> list[Case]:
    cases = []
    for name, apogee, ground, _, _, minutes, speed, same in FLIGHTS:
        title = f"{name.capitalize()}, {apogee:,g} km high, {ground:g} km far"
        told = {
            "time": (minutes, "min", digits(1), ".2f", lambda a=apogee, r=ground: coast(a, r)[2] / 60),
            "speed": (speed, "km/s", digits(2), ".3f", lambda a=apogee, r=ground: coast(a, r)[0]),
            "far": (same, "km", digits(0), ".1f", lambda a=apogee, r=ground: farthest(coast(a, r)[0])),
        }
        words = {"time": "time", "speed": "speed", "far": "range of that speed at its best angle"}
        for what, (published, unit, near, form, ours) in told.items():
            cases.append(
                Case(
                    f"coast-{name}-{what}", COAST, f"{title}: {words[what]}", "Kepler's equation", "C",
                    published, unit, near, ours, form,
                )
            )  # fmt: skip
    return cases


CASES = [*_coasts(), _boosted()]
