"""How far a radar sees: the range equation with public figures, how range scales, and a published horizon."""

from collections.abc import Callable

import numpy as np

from noroshi.earth import geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.sensing.radar import range_equation_m, unit_range_m
from tests.reference.cases import Case, Group, absolute, digits

# Mean power, dwell that is integrated, aperture with its efficiency, 9.5 GHz.
POWER_W, DWELL_S, APERTURE_M2, WAVELENGTH_M = 81e3, 0.1, 0.8 * 9.2, 299_792_458 / 9.5e9
TEMPERATURE_K, SNR_DB = 500.0, 13.0
# Cross-section m2, losses dB, range km.
RANGES = [(0.001, 8.0, 448), (0.01, 8.0, 797), (0.1, 8.0, 1_417), (1.0, 8.0, 2_520), (0.01, 6.3, 879)]

STATUTE_MILE_M = 1_609.344
# Height of a glider, thousand feet, and how far a radar on the ground sees it, statute miles.
GLIDERS = [(120, 420), (140, 460)]

EQUATION = Group(
    "range-equation",
    "How far a radar of public figures sees",
    "`sensing.radar.range_equation_m`: R⁴ = PtGAσ/((4π)²kTL·SNR), G = 4πA/λ², with 81 kW over 0.1 s, "
    "A = 0.8 × 9.2 m², 9.5 GHz, 500 K and a signal-to-noise of 13 dB. Dwell and aperture efficiency are "
    "G. Lewis and T. Postol's for the AN/TPY-2; the other figures and the losses are assumed: this holds our "
    "arithmetic to others' and says nothing of that radar.",
    "Independent arithmetic with the formula stated; G. Lewis and T. Postol, 21 September 2012 "
    "(mostlymissiledefense.com).",
)
SCALING = Group(
    "range-scaling",
    "How a radar's range scales",
    "R⁴ goes with power, aperture, gain and cross-section: ratios of `range_equation_m`, and of "
    "`unit_range_m`, through which the stated ranges of the shipped profiles are read.",
    "10^¼ and 8^¼.",
)
GLIDER = Group(
    "horizon-published",
    "A published horizon",
    "A radar on the ground, a glider at 120,000 and 140,000 ft: `earth.geometry.horizon_arc` without "
    "refraction, which is what the paper must have used: with 4/3 it would be 489 and 528 mi.",
    "Peace et al., as quoted by Thrusty: 420 to 460 statute miles, read as rounded to 10.",
)


def _range_m(rcs_m2: float, loss_db: float, power: float = 1.0, aperture: float = 1.0) -> float:
    return range_equation_m(
        power * POWER_W, DWELL_S, aperture * APERTURE_M2, WAVELENGTH_M, rcs_m2, TEMPERATURE_K, loss_db, SNR_DB
    )


def _ranges() -> list[Case]:
    return [
        Case(f"range-{rcs:g}-{loss:g}", EQUATION, f"{rcs:g} m², losses of {loss:g} dB", "stated formula", "C",
             told, "km", digits(0), lambda rcs=rcs, loss=loss: _range_m(rcs, loss) / 1e3, ".1f")
        for rcs, loss, told in RANGES
    ]  # fmt: skip


def _scaling() -> list[Case]:
    def case(name: str, what: str, told: float, ours: Callable[[], float]) -> Case:
        return Case(name, SCALING, what, "stated formula", "C", told, "", digits(4), ours, ".5f")

    return [
        case("scaling-cross-section", "Ten times the cross-section", 1.7783,
             lambda: _range_m(0.1, 8.0) / _range_m(0.01, 8.0)),
        case("scaling-stated-range", "Ten times the cross-section, from one stated range", 1.7783,
             lambda: unit_range_m(1e6, 0.01, 13.0) / unit_range_m(1e6, 0.1, 13.0)),
        # Twice the aperture is twice the gain too.
        case("scaling-radar", "Twice the power, aperture and gain", 1.6818,
             lambda: _range_m(0.01, 8.0, power=2.0, aperture=2.0) / _range_m(0.01, 8.0)),
    ]  # fmt: skip


def _horizons() -> list[Case]:
    def miles(thousand_ft: int) -> float:
        arc = geometry.horizon_arc(0.0, thousand_ft * 304.8, 1.0)
        return float(np.asarray(arc)) * MEAN_RADIUS_M / STATUTE_MILE_M

    return [
        Case(f"horizon-glider-{high}-kft", GLIDER, f"Glider at {high},000 ft", "Peace et al.", "S2",
             float(told), "mi", absolute(5.0), lambda high=high: miles(high), ".1f")
        for high, told in GLIDERS
    ]  # fmt: skip


CASES = [*_ranges(), *_scaling(), *_horizons()]
