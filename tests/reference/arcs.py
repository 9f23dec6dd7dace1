"""Arcs without air over a round Earth: least burnout speed, apogee and time, at rest and turning."""

from functools import cache

import numpy as np
from numpy.polynomial import Polynomial

from noroshi.earth import geometry
from noroshi.earth.constants import GM_M3PS2, ROTATION_RADPS
from noroshi.earth.model import Earth, sphere
from noroshi.flight import arcs
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import Body, adrift
from noroshi.flight.solve import LANES
from tests.reference.cases import Case, Group, absolute, digits

ROUND = sphere(6_371e3, GM_M3PS2, air=0.0)
STILL = sphere(6_378_137.0, GM_M3PS2, air=0.0)
TURNING = sphere(6_378_137.0, GM_M3PS2, ROTATION_RADPS, air=0.0)
# So large that 300 km of it are flat; the gravity at its surface is ours.
FLAT = sphere(1e10, 9.80665 * 1e20, air=0.0)

# Range km, burnout speed km/s, angle deg, apogee km, time s.
AT_REST = [
    (100, 0.98710, 44.775, 24.902, 143.45),
    (300, 1.69648, 44.326, 74.110, 251.03),
    (500, 2.17338, 43.876, 122.516, 327.36),
    (600, 2.37175, 43.651, 146.414, 360.39),
    (1_000, 3.01612, 42.752, 239.938, 474.36),
    (1_300, 3.40091, 42.077, 307.872, 548.49),
    (1_500, 3.62653, 41.628, 352.087, 594.56),
    (2_000, 4.11287, 40.503, 458.790, 701.78),
    (3_000, 4.86500, 38.255, 655.206, 895.04),
    (4_000, 5.43347, 36.007, 827.980, 1071.48),
    (5_000, 5.88337, 33.759, 976.046, 1236.68),
    (5_500, 6.07524, 32.634, 1040.523, 1315.79),
    (6_000, 6.24911, 31.510, 1098.493, 1392.74),
    (8_000, 6.80463, 27.014, 1263.679, 1679.48),
    (10_000, 7.19808, 22.517, 1319.477, 1930.96),
    (12_000, 7.47955, 18.020, 1264.513, 2143.14),
    (13_000, 7.58773, 15.772, 1195.813, 2233.13),
    (15_000, 7.75099, 11.275, 978.086, 2378.58),
]

EAST, WEST = 1.0, -1.0
# Range km, heading, speed over the ground km/s, angle deg, time s, apogee km and its decimals.
OVER_THE_EQUATOR = [
    (1_000, "east", 2.9738, 41.79, 478.2, 234.3, 1),
    (1_000, "none", 3.0129, 42.75, 474.9, 239.9, 1),
    (1_000, "west", 3.0409, 43.73, 473.4, 245.7, 1),
    (3_000, "east", 4.7540, 36.55, 904.5, 624.2, 1),
    (3_000, "none", 4.8601, 38.26, 895.9, 655.3, 1),
    (3_000, "west", 4.9469, 40.01, 891.9, 687.5, 1),
    (10_000, "east", 6.8974, 19.62, 1947.3, 1139.0, 0),
    (10_000, "none", 7.1922, 22.54, 1932.9, 1321.0, 0),
    (10_000, "west", 7.4576, 25.70, 1934.4, 1522.0, 0),
]
HEADINGS = {"east": (TURNING, EAST), "none": (STILL, EAST), "west": (TURNING, WEST)}

# What a step may err by in a flight as the product flies it, and in the search.
_FINE, _PRODUCT = 1e-10, 1e-7


def fly(
    speed_kmps: np.ndarray, angle_rad: np.ndarray, east: float, earth: Earth, tolerance: float = _PRODUCT
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Range, km, apogee, km, and time, s, of bodies thrown from the ground of the equator; [L] each."""
    speed, angle = np.broadcast_arrays(np.atleast_1d(speed_kmps) * KILO, np.atleast_1d(angle_rad))
    place = np.tile([float(earth.semi_major_m), 0.0, 0.0], (len(speed), 1))
    thrown = np.stack([speed * np.sin(angle), east * speed * np.cos(angle), 0 * speed], axis=-1)
    plan = adrift(0.0, place, thrown, Body(1e4), earth)
    ends = flown(plan, tolerance)
    state, time_s = ends.state, ends.time[-1] * KILO
    radius_km = float(earth.semi_major_m) / KILO
    apogee_km = np.linalg.norm(state[BURNS, :3], axis=0) * KILO - radius_km
    return geometry.arc(place, state[-1, :3].T * MEGA) * radius_km, apogee_km, time_s


def closed(range_km: np.ndarray, earth: Earth) -> tuple[np.ndarray, np.ndarray]:
    """Least speed, km/s, and its angle, rad, on an Earth at rest: v2 = (2 GM/R) s/(1+s), 45 deg - arc/4."""
    arc = np.asarray(range_km) * KILO / earth.semi_major_m
    half = np.sin(arc / 2)
    return np.sqrt(2 * earth.gm_m3ps2 / earth.semi_major_m * half / (1 + half)) / KILO, np.pi / 4 - arc / 4


def reaching(range_km: np.ndarray, angle_rad: np.ndarray, east: float, earth: Earth) -> np.ndarray:
    """Speed, km/s, that at an angle comes down at a range: Newton, flight by flight."""
    speed, probe = closed(range_km, earth)[0], 1e-6
    for _ in range(8):
        here, there = (fly(speed + more, angle_rad, east, earth, _FINE)[0] for more in (0.0, probe))
        step = (range_km - here) / ((there - here) / probe)
        speed = speed + np.clip(step, -0.3, 0.3)
        if np.abs(step).max() < 1e-9:
            break
    return speed


@cache
def least(ranges_km: tuple[float, ...], east: float, earth: Earth) -> tuple[np.ndarray, np.ndarray]:
    """Least speed, km/s, that reaches each range, and its angle, rad: found by flying, angle by angle."""
    ranges = np.array(ranges_km, float)
    angle = closed(ranges, earth)[1]
    # Impacts are found to a centimetre of height; over six degrees that moves the lowest point by nothing.
    aside = np.radians(np.linspace(-3.0, 3.0, 9))
    for _ in range(2):
        tried = angle[:, None] + aside
        speed = reaching(np.repeat(ranges, len(aside)), tried.ravel(), east, earth).reshape(tried.shape)
        angle = angle + np.array([_lowest(aside, row) for row in speed])
    return reaching(ranges, angle, east, earth), angle


def _lowest(x: np.ndarray, y: np.ndarray) -> float:
    """Where the curve through points has its least value."""
    bottoms = Polynomial.fit(x, y, 6).deriv().roots()
    real = bottoms[np.abs(bottoms.imag) < 1e-9].real
    return float(real[np.abs(real).argmin()])


@cache
def numbers(ranges_km: tuple[float, ...], east: float, earth: Earth) -> dict[str, np.ndarray]:
    """What the least speed gives, flown as the product flies."""
    speed, angle = least(ranges_km, east, earth)
    range_km, apogee_km, time_s = fly(speed, angle, east, earth)
    angle_deg = np.degrees(angle)
    return {"speed": speed, "angle": angle_deg, "apogee": apogee_km, "time": time_s, "range": range_km}


def slope(range_km: float, earth: Earth) -> float:
    """How much farther one goes for more speed, km per km/s: tells what a rounded speed leaves open."""
    near, far = closed(np.array([range_km - 0.01, range_km + 0.01]), earth)[0]
    return 0.02 / (far - near)


@cache
def highest() -> tuple[float, float]:
    """Arc, km, and apogee, km, of the highest of all arcs of least speed."""
    range_km = np.linspace(9_000, 11_000, LANES)
    flown = fly(*closed(range_km, ROUND), EAST, ROUND, _FINE)
    curve = Polynomial.fit(flown[0], flown[1], 6)
    tops = curve.deriv().roots()
    top = float(next(root.real for root in tops if abs(root.imag) < 1e-9 and 9_500 < root.real < 10_500))
    return top, float(curve(top))


_KEPLER = "closed form"
_UNITS = {"speed": "km/s", "angle": "deg", "apogee": "km", "time": "s", "range": "km"}

REST = Group(
    "arcs",
    "Arcs of least energy over a round Earth at rest",
    "R = 6,371 km, GM = 398,600.4418 km³/s², no air. The least burnout speed that reaches the range is "
    "found by flying (Newton for the speed at nine angles, then the lowest point of the curve through "
    "them) with steps that err by 0.1 mm; apogee and time are then flown as the product flies (1 m a "
    "step). The range is flown from the table's own speed and angle; its tolerance is what half a unit of "
    "the speed's last digit moves.",
    "v² = (2GM/R)·s/(1+s), s = sin(φ/2); angle 45° − φ/4; apogee (R/2)(sin(φ/2) + cos(φ/2) − 1); Kepler's "
    "equation for the time. The same optimum: Wheelon, ARS Journal 29 (1959), quoted in METHODS.md of "
    "[Thrusty](https://github.com/armscontrolwonk/Thrusty); the same apogee: "
    "[Journal of Space Flight](https://diyhistory.lib.uiowa.edu/transcribe/5077/158800).",
)
TURN = Group(
    "turning",
    "Arcs over the equator of a turning Earth",
    "R = 6,378.137 km, ω = 7.292115e-5 rad/s, no air: the least speed over the ground, found and flown as "
    "above, eastwards, westwards, and without turning.",
    "Independent arithmetic: Kepler's orbit in the frame at rest, the ground moved on by ω t, least relative "
    "speed by search.",
)


def farthest_off(name: str) -> float:
    """The largest difference between the table and the closed forms that the product reckons with."""
    off = []
    for range_km, speed, _, apogee, time in AT_REST:
        top = arcs.least_energy_apogee_km(range_km)
        ours = {
            "speed": arcs.least_speed_kmps(top, range_km),
            "apogee": top,
            "time": arcs.arc_time_s(top, range_km),
        }
        off.append(abs(ours[name] - {"speed": speed, "apogee": apogee, "time": time}[name]))
    return max(off)


def _rest() -> list[Case]:
    ranges = tuple(float(row[0]) for row in AT_REST)
    cases = []
    for index, (range_km, speed, angle, apogee, time) in enumerate(AT_REST):
        told = {
            "speed": (speed, digits(5, 1e-7)),
            "angle": (angle, digits(3, 1e-4)),
            "apogee": (apogee, digits(3, 1e-4)),
            "time": (time, digits(2, 1e-3)),
            "range": (range_km, absolute(0.5e-5 * slope(range_km, ROUND) + 1e-3)),
        }
        for name, (published, near) in told.items():

            def ours(name=name, index=index, speed=speed, angle=angle):
                if name == "range":
                    return fly(speed, np.radians(angle), EAST, ROUND)[0][0]
                return numbers(ranges, EAST, ROUND)[name][index]

            form = {"speed": ".6f", "angle": ".4f", "apogee": ".4f", "time": ".3f", "range": ".3f"}[name]
            what = f"{range_km:,} km: {name}"
            cases.append(
                Case(
                    f"arc-{range_km}-{name}",
                    REST,
                    what,
                    _KEPLER,
                    "C",
                    published,
                    _UNITS[name],
                    near,
                    ours,
                    form,
                )
            )
    for name, decimals, form in (("speed", 5, ".7f"), ("apogee", 3, ".5f"), ("time", 2, ".4f")):
        cases.append(
            Case(
                f"arc-closed-{name}", REST, f"`flight.arcs`: {name}, largest difference from the table",
                _KEPLER,
                "C", 0.0, _UNITS[name], digits(decimals), lambda name=name: farthest_off(name), form,
            )
        )  # fmt: skip
    top_km = 6_371 * (np.sqrt(2) - 1) / 2
    cases += [
        Case(
            "arc-highest-apogee", REST, "highest apogee of all, R(√2−1)/2", _KEPLER, "C", round(top_km, 2),
            "km", digits(2), lambda: highest()[1], ".3f",
        ),
        Case(
            "arc-highest-range", REST, "range of that arc, a quarter of the way round", _KEPLER, "C", 10_008,
            "km", digits(0, 0.1), lambda: highest()[0], ".1f",
        ),
        Case(
            "arc-flat-speed", REST, "300 km over a flat Earth (R = 10,000,000 km): speed", "v² = g·range",
            "C", 1.715, "km/s", digits(3), lambda: least((300.0,), EAST, FLAT)[0][0], ".4f",
        ),
        Case(
            "arc-flat-apogee", REST, "300 km over a flat Earth: apogee", "range/4", "C", 75.0, "km",
            digits(1),
            lambda: numbers((300.0,), EAST, FLAT)["apogee"][0], ".2f",
        ),
    ]  # fmt: skip
    return cases


def _turning() -> list[Case]:
    ranges = tuple(sorted({float(row[0]) for row in OVER_THE_EQUATOR}))
    cases = []
    for range_km, heading, speed, angle, time, apogee, decimals in OVER_THE_EQUATOR:
        earth, east = HEADINGS[heading]
        told = {
            "speed": (speed, digits(4, 1e-6), ".5f"),
            "angle": (angle, digits(2, 1e-3), ".3f"),
            "apogee": (apogee, digits(decimals, 1e-3), f".{decimals + 1}f"),
            "time": (time, digits(1, 1e-2), ".2f"),
            # An eighth more than at rest: the turn changes how far a little more speed goes.
            "range": (range_km, absolute(1.125 * 0.5e-4 * slope(range_km, STILL) + 1e-3), ".2f"),
        }
        for name, (published, near, form) in told.items():

            def ours(name=name, earth=earth, east=east, speed=speed, angle=angle, range_km=range_km):
                if name == "range":
                    return fly(speed, np.radians(angle), east, earth)[0][0]
                return numbers(ranges, east, earth)[name][ranges.index(range_km)]

            way = "not turning" if heading == "none" else heading
            cases.append(
                Case(
                    f"turning-{range_km}-{heading}-{name}", TURN, f"{range_km:,} km {way}: {name}",
                    "independent arithmetic", "C", published, _UNITS[name], near, ours, form,
                )
            )  # fmt: skip
    return cases


CASES = [*_rest(), *_turning()]
