"""Constants, gravity on the ground, and how fast the oblate Earth turns an orbit's node."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import jax
import numpy as np
from sgp4.api import Satrec

from noroshi.earth import constants, frames, gravity
from noroshi.earth.model import WGS84
from noroshi.flight import dynamics, orbits
from noroshi.flight.dynamics import KILO, MEGA, Coasting
from noroshi.flight.fit import flown
from noroshi.flight.missile import Body, adrift
from tests.flight.test_elements import VANGUARD
from tests.reference.cases import Case, Group, absolute, digits, share

_THRUSTY = "METHODS.md §2–3 of [Thrusty](https://github.com/armscontrolwonk/Thrusty)"
CONSTANTS = Group(
    "constants",
    "Constants",
    "The numbers that the code holds. SGP4's are those of an element set as `elements.from_tle` reads it.",
    f"WGS 84 and standard gravity: {_THRUSTY}. SGP4 with WGS 72: "
    "[python-sgp4](https://github.com/brandon-rhodes/python-sgp4), earth_gravity.",
)
PULL = Group(
    "gravity",
    "Gravity on the ellipsoid",
    "Attraction alone, with J2, at height 0: by `earth.gravity` and by the kernel that flies.",
    "The gradient of U = GM/r·[1 − J2·(a/r)²·P2(sin φ)] with WGS 84 and J2 of EGM96, independent arithmetic.",
)
NODE = Group(
    "node",
    "Drift of the node",
    "Degrees a day: by `orbits.drift`, which moves constellations, and by flying ten turns with the kernel "
    "that flies missiles, from node to node about the oblate Earth at rest. Flown, the elements swing "
    "within a turn, which leaves half a per cent open.",
    "Ω̇ = −1.5·n·J2·(a/p)²·cos i.",
)

# What, ours, published, decimals; the digits that the source prints.
HELD: list[tuple[str, str, float, str, float]] = [
    ("wgs84-radius", "WGS 84 equatorial radius", 6_378_137.0, "m", constants.SEMI_MAJOR_M),
    ("wgs84-flattening", "WGS 84 1/f", 298.257223563, "", 1 / constants.FLATTENING),
    ("wgs84-gm", "WGS 84 GM", 3.986004418e14, "m³/s²", constants.GM_M3PS2),
    ("wgs84-turn", "rate of turn", 7.2921150e-5, "rad/s", constants.ROTATION_RADPS),
    ("standard-gravity", "standard gravity", 9.80665, "m/s²", constants.STANDARD_GRAVITY_MPS2),
]
SGP4_WGS72 = {
    "mu": ("GM", 398_600.8, "km³/s²"),
    "radiusearthkm": ("radius", 6_378.135, "km"),
    "j2": ("J2", 1.082616e-3, ""),
    "j3": ("J3", -2.53881e-6, ""),
    "j4": ("J4", -1.65597e-6, ""),
    "xke": ("xke", 0.07436691613317342, "1/min"),
}
PULLS = [("equator", 0.0, 9.814197), ("pole", 90.0, 9.832067)]
# Height km, inclination deg.
ORBITS = [(500, 51.6), (1_000, 81.0), (1_200, 40.0)]

_gravitation = jax.jit(gravity.gravitation)
_coast = jax.jit(dynamics.coast)
AT_REST = WGS84._replace(rotation_radps=0.0, air=0.0)


def _constants() -> list[Case]:
    cases = [
        Case(f"constant-{name}", CONSTANTS, what, "Thrusty", "S2", published, unit,
             digits(9) if name == "wgs84-flattening" else absolute(0.0), lambda ours=ours: ours, ".12g")
        for name, what, published, unit, ours in HELD
    ]  # fmt: skip
    cases.append(
        Case("constant-wgs84-eccentricity2", CONSTANTS, "WGS 84 e²", "Thrusty", "S2", 6.694e-3, "",
             digits(6), lambda: constants.ECCENTRICITY2, ".4e")
    )  # fmt: skip
    satellite = Satrec.twoline2rv(*VANGUARD.splitlines())
    cases += [
        Case(f"constant-sgp4-{name}", CONSTANTS, f"SGP4 with WGS 72: {what}", "python-sgp4", "S1", published,
             unit, absolute(0.0), lambda name=name: getattr(satellite, name), ".12g")
        for name, (what, published, unit) in SGP4_WGS72.items()
    ]  # fmt: skip
    return cases


def in_kernel(place_m: np.ndarray) -> float:
    """Acceleration of a body let go in the kernel that flies, m/s2, on an Earth at rest without air."""
    body = Coasting(np.float64(1e4), AT_REST)
    slope = _coast(0.0, (*(place_m / MEGA), 0.0, 0.0, 0.0), body)
    return float(np.linalg.norm(np.asarray(slope[3:])))


def _pulls() -> list[Case]:
    cases = []
    for name, lat_deg, published in PULLS:
        place = np.asarray(frames.ecef(np.radians(lat_deg), 0.0, 0.0))
        ways: dict[str, Callable[[np.ndarray], float]] = {
            "": lambda place: float(np.linalg.norm(_gravitation(place))),
            "-flown": in_kernel,
        }
        for way, ours in ways.items():
            cases.append(
                Case(
                    f"gravity-{name}{way}", PULL, name + (", in the kernel" if way else ""),
                    "independent arithmetic", "C", published, "m/s²", digits(6),
                    lambda ours=ours, place=place: ours(place), ".7f",
                )
            )  # fmt: skip
    return cases


def formula_degpday(height_km: float, inclination_deg: float) -> float:
    """The secular rate of the node of a circular orbit, written out."""
    gm, a, j2, major = 3.986004418e14, 6_378_137.0, 1.08262668355e-3, 6_378_137.0 + height_km * 1e3
    rate = -1.5 * np.sqrt(gm / major**3) * j2 * (a / major) ** 2 * np.cos(np.radians(inclination_deg))
    return float(np.degrees(rate) * 86_400)


def drifted(height_km: float, inclination_deg: float) -> float:
    """By the secular rates that move constellations."""
    one = orbits.walker(1, 1, 0, inclination_deg, height_km)
    return float(np.degrees(orbits.drift(one)[0][0]) * 86_400)


@cache
def turned(height_km: float, inclination_deg: float, turns: int = 10) -> float:
    """By flying: the node of the plane after whole turns, about an Earth at rest, whose axes do not turn."""
    radius_m = 6_378_137.0 + height_km * 1e3
    speed, tilt = np.sqrt(3.986004418e14 / radius_m), np.radians(inclination_deg)
    place = np.array([[radius_m, 0.0, 0.0]])
    thrown = speed * np.array([[0.0, np.cos(tilt), np.sin(tilt)]])
    plan = adrift(0.0, place, thrown, Body(1e4), AT_REST)

    def ends(time_s: float) -> np.ndarray:
        return flown(replace(plan, until_s=np.array([time_s]))).state[-1, :, 0]

    # Back to the equator: the time of a turn found by flying to it.
    time_s = turns * 2 * np.pi * np.sqrt(radius_m**3 / 3.986004418e14)
    for _ in range(6):
        state = ends(time_s)
        time_s -= state[2] / state[5] * KILO
    spin = np.cross(state[:3], state[3:])
    return float(np.degrees(np.arctan2(spin[0], -spin[1])) / time_s * 86_400)


def _nodes() -> list[Case]:
    cases, words = [], {"drift": "by rate", "flown": "flown"}
    for height_km, inclination_deg in ORBITS:
        published = formula_degpday(height_km, inclination_deg)
        said = f"{height_km:,} km, {inclination_deg:g}°"
        for way, ours, near in (
            ("drift", drifted, share(published, 1e-9)),
            ("flown", turned, share(published, 0.005)),
        ):
            cases.append(
                Case(
                    f"node-{height_km}-{way}", NODE, f"{said}: {words[way]}", "formula", "C", published,
                    "deg/day", near,
                    lambda ours=ours, h=height_km, i=inclination_deg: ours(h, i), ".4f",
                )
            )  # fmt: skip
    return cases


CASES = [*_constants(), *_pulls(), *_nodes()]
