"""How hot a glider's skin is, and how brightly it shines for a satellite above it."""

from functools import cache

import numpy as np
from scipy.integrate import quad

from noroshi.earth.atmosphere import density
from noroshi.sensing import signature
from noroshi.sensing.signature import BAND_M
from tests.reference.cases import Case, Group, Tolerance, digits, share
from tests.reference.glide import balanced

# Speed km/s, T 1 m aft K, intensity kW/sr in 1.4 to 3.0 and in 2.69 to 2.95 micrometres.
SKINS = [
    (3, 1_005, 11, 2.7),
    (4, 1_183, 31, 6.2),
    (5, 1_318, 58, 10),
    (6, 1_404, 81, 13),
]
NARROW_M = (2.69e-6, 2.95e-6)
# HTV-2 as the lineage has it: a triangle of 22.3 deg to either side, ahead; behind, of one width and flatter.
EMISSIVITY, HALF_ANGLE_RAD, NOSE_M = 0.85, np.radians(22.3), 0.034
AHEAD_M, LENGTH_M, REAR_WIDTH_M, REAR_INCLINE_RAD = 2.9, 3.67, 2.2, np.radians(7.6)
# Anderson: stagnation point of a nose, SI units.
STAGNATION = 1.83e-4

_CODE = (
    "[Hypersonic-Missile-Flight-Model](https://github.com/Remonyz/Hypersonic-Missile-Flight-Model), after "
    "Tracy and Wright"
)
SKIN = Group(
    "skin",
    "A glider's hot skin",
    "HTV-2 class: emissivity 0.85, 3.67 m, wall at 11.3° to the flow, 22.3° to either side in plan, at the "
    "heights where lift and weight balance, as the glides above start: Anderson's laminar heat against "
    "radiation, as `sensing.signature` has it. The intensities validate a magnitude only and "
    "are held to a factor of two: the product's body is a triangle all along. With the body of the lineage, "
    "whose last fifth is 2.2 m wide and 7.6° to the flow, they are held to a tenth; half of 22.3° to either "
    "side would give little more than half of them.",
    f"Independent arithmetic with the formulas and figures of {_CODE}, *Science & Global Security* 28 "
    "(2020); that paper's Figs. 10 and 11 as BENCHMARKING.md of "
    "[Thrusty](https://github.com/armscontrolwonk/Thrusty) quotes them.",
)


@cache
def height_m(speed_kmps: float) -> float:
    """Where a glider of the class flies level."""
    return balanced(lambda _: 1e3 * speed_kmps)


def wall_k(speed_kmps: float, at_m: float, aft_m: float = 1.0, **incline) -> float:
    return float(
        signature.skin_k(np.float64(at_m), np.float64(1e3 * speed_kmps), aft_m, EMISSIVITY, **incline)
    )


def nose_k(speed_kmps: float, at_m: float) -> float:
    speed_mps = 1e3 * speed_kmps
    heat = STAGNATION * np.sqrt(float(density(np.float64(at_m))) / NOSE_M) * speed_mps**3
    return float(signature.balanced_k(np.float64(heat), np.float64(speed_mps), EMISSIVITY))


def triangle(speed_kmps: float, band_m: tuple[float, float]) -> float:
    """Intensity of the product's body, kW/sr."""
    at_m, speed_mps = np.float64(height_m(speed_kmps)), np.float64(1e3 * speed_kmps)
    return float(signature.skin(at_m, speed_mps, LENGTH_M, HALF_ANGLE_RAD, EMISSIVITY, band_m)) / 1e3


def lineage(speed_kmps: float, band_m: tuple[float, float]) -> float:
    """Intensity of the body of the code, kW/sr."""
    at_m = height_m(speed_kmps)

    def ahead(aft_m: float) -> float:
        kelvin = np.float64(wall_k(speed_kmps, at_m, aft_m))
        return float(signature.radiance(kelvin, band_m)) * 2 * aft_m * np.tan(HALF_ANGLE_RAD)

    def behind(aft_m: float) -> float:
        kelvin = np.float64(wall_k(speed_kmps, at_m, aft_m, incline_rad=REAR_INCLINE_RAD))
        return float(signature.radiance(kelvin, band_m)) * REAR_WIDTH_M

    parts = quad(ahead, NOSE_M, AHEAD_M, epsrel=1e-6)[0] + quad(behind, AHEAD_M, LENGTH_M, epsrel=1e-6)[0]
    return EMISSIVITY * parts / 1e3


def twice(published: float) -> Tolerance:
    return Tolerance(published / 2, published, "a factor of 2", relative=True)


def _skins() -> list[Case]:
    cases = []
    for speed, kelvin, *intensities in SKINS:
        at = f"{speed} km/s"
        cases.append(
            Case(f"skin-{speed}-temperature", SKIN, f"{at}: 1 m aft", "stated formula", "C", kelvin, "K",
                 digits(0), lambda speed=speed: wall_k(speed, height_m(speed)), ".1f")
        )  # fmt: skip
        for band_m, name, told in zip((BAND_M, NARROW_M), ("wide", "narrow"), intensities, strict=True):
            band = " to ".join(f"{edge * 1e6:.4g}" for edge in band_m)
            cases += [
                Case(f"skin-{speed}-{name}", SKIN, f"{at}: {band} µm", "stated formula", "C", told, "kW/sr",
                     twice(told), lambda speed=speed, band_m=band_m: triangle(speed, band_m), ".1f"),
                Case(f"skin-{speed}-{name}-lineage", SKIN, f"{at}: {band} µm, body of the lineage",
                     "stated formula", "C", told, "kW/sr", share(told, 0.1),
                     lambda speed=speed, band_m=band_m: lineage(speed, band_m), ".1f"),
            ]  # fmt: skip
    return cases


def _points() -> list[Case]:
    paper, at = "Tracy and Wright 2020", "6 km/s at 49.7 km"
    return [
        Case("skin-nose", SKIN, f"{at}: stagnation point", paper, "S2", 3_200, "K", share(3_200, 0.05),
             lambda: nose_k(6, 49.7e3), ".0f"),
        Case("skin-nose-again", SKIN, f"{at}: stagnation point", "stated formula", "C", 3_300, "K",
             digits(0), lambda: nose_k(6, 49.7e3), ".1f"),
        Case("skin-aft-again", SKIN, f"{at}: 1 m aft", "stated formula", "C", 1_394, "K", digits(0),
             lambda: wall_k(6, 49.7e3), ".1f"),
        Case("skin-aft-coolest", SKIN, "5 km/s: 1 m aft, not below", paper, "S2", 1_200, "K",
             Tolerance(0.0, np.inf, "not below"), lambda: wall_k(5, height_m(5)), ".0f"),
        Case("skin-aft-hottest", SKIN, "7 km/s: 1 m aft, not above", paper, "S2", 2_000, "K",
             Tolerance(np.inf, 0.0, "not above"), lambda: wall_k(7, height_m(7)), ".0f"),
    ]  # fmt: skip


CASES = [*_skins(), *_points()]
