"""Boosts: missiles whose masses and motors were published fly as far; burn times lie in our spread."""

from functools import cache

import numpy as np

from noroshi.catalogue.threats import load_threat
from noroshi.earth.constants import ROTATION_RADPS, STANDARD_GRAVITY_MPS2
from noroshi.earth.model import WGS84, Earth, sphere
from noroshi.flight.dynamics import KILO
from noroshi.flight.fit import flown, fly_ends
from noroshi.flight.legs import BURNS
from noroshi.flight.missile import Aim, Body, Missile, Site, Stage, course
from tests.reference.cases import Case, Group, Tolerance, share

# Dry and fuelled mass without payload, kg, specific impulse s, burn s, diameter m, payload kg.
MISSILES = {
    "scud-b": (1198, 4897, 230, 75, 0.84, 1000),
    "al-hussein": (1334, 6073, 230, 90, 0.84, 191),
    "no-dong": (3900, 19_900, 240, 70, 0.88, 1000),
    "no-dong-wide": (3900, 19_900, 240, 70, 1.36, 1000),
}
NAMES = {
    "scud-b": "Scud-B",
    "al-hussein": "Al Hussein",
    "no-dong": "No-dong",
    "no-dong-wide": "No-dong of 1.36 m",
}
ROUND = sphere(rotation_radps=ROTATION_RADPS)

FLYOUT = Group(
    "flyout",
    "Farthest range of three missiles",
    "Launched at 40° N toward 40° east of north: straight up for 5 s, an even turn to a pitch that is then "
    "held. Drag curve and turn of the publication are not known, so ours is the farthest of three turns "
    "(15, 30 and 50 % of the burn) and twenty lofts. Drag is by one generic curve; tank and payload fall "
    "together. The independent run flies over a round turning Earth, ours beside it too.",
    "Forden, *Science & Global Security* 15 (2007), Tables 1 and 3, quoted in METHODS.md §15.1 and "
    "trajectory.py of [Thrusty](https://github.com/armscontrolwonk/Thrusty). Its fourth missile, "
    "Taepodong-I (2,349 km), is left out: its upper stage was not seen.",
)
BURN = Group(
    "burn",
    "Burn times of intercontinental missiles",
    "The burn time in the spread of the shipped profile `icbm` that is nearest to the published one.",
    "[IEEE Spectrum, March 2005](https://spectrum.ieee.org/mar05/1585/missile), quoting the study of the "
    "American Physical Society; National Research Council 2012 (about 4 min liquid, a minute less solid) "
    "as told by [csc.asu.edu](https://csc.asu.edu/2012/09/11).",
)


@cache
def farthest(name: str, earth: Earth) -> dict[str, float]:
    '""The farthest flight of a missile: range, apogee, km, time, s, speed over the ground at burnout,'
    'km/s.""'
    dry, fuelled, impulse_s, burn_s, diameter_m, payload = MISSILES[name]
    area_m2 = np.pi / 4 * diameter_m**2
    exhaust_mps = impulse_s * STANDARD_GRAVITY_MPS2
    ideal_kmps = exhaust_mps / KILO * np.log((fuelled + payload) / (dry + payload))
    lofts, turns = (part.ravel() for part in np.meshgrid(np.radians(np.arange(36.0, 56.0)), [0.15, 0.3, 0.5]))
    missile = Missile(
        (Stage(float(burn_s), exhaust_mps),),
        5.0,
        turns * burn_s,
        area_m2 / (fuelled + payload),
        gravity_turn=0.0,
    )
    body = Body((dry + payload) / (0.2 * area_m2))
    aim = Aim(lofts, np.full_like(lofts, ideal_kmps), np.full_like(lofts, np.radians(40)))
    site = Site(40.0, 0.0)
    ends = fly_ends(site, missile, body, aim, earth)
    best = int(ends.range_km.argmax())
    burnout = flown(course(site, missile, body, aim, earth)).state[BURNS - 1, 3:, best]
    return {
        "range": float(ends.range_km[best]),
        "apogee": float(ends.apogee_km[best]),
        "time": float(ends.time_s[best]),
        "speed": float(np.linalg.norm(burnout)),
    }


def _flyout(name: str, what: str, published: float, unit: str, again: bool = False) -> Case:
    source, mark = ("independent run", "C") if again else ("Forden 2007", "S2")
    earth = ROUND if again else WGS84
    form = ".2f" if unit == "km/s" else ".0f"
    said = f"{NAMES[name]}: {what}" + (", round Earth" if again else "")
    return Case(
        f"flyout-{name}-{what}" + ("-again" if again else ""), FLYOUT, said, source, mark, published, unit,
        share(published, 0.05), lambda: farthest(name, earth)[what], form,
    )  # fmt: skip


def _burn(case: str, published_s: float, source: str) -> Case:
    fuel = case.partition("-")[0]

    def nearest() -> float:
        spread = load_threat("icbm").burn_s
        return min(max(published_s, spread.low), spread.high)

    return Case(
        f"burn-{case}", BURN, f"{fuel} propellant: nearest burn time", source, "S1", published_s, "s",
        Tolerance(0.0, 0.0, "inside"), nearest, ".0f",
    )  # fmt: skip


CASES = [
    _flyout("scud-b", "range", 288, "km"),
    _flyout("al-hussein", "range", 693, "km"),
    _flyout("no-dong", "range", 973, "km"),
    _flyout("scud-b", "range", 292, "km", again=True),
    _flyout("scud-b", "apogee", 73, "km", again=True),
    _flyout("scud-b", "time", 301, "s", again=True),
    _flyout("scud-b", "speed", 1.51, "km/s", again=True),
    _flyout("al-hussein", "range", 706, "km", again=True),
    _flyout("al-hussein", "apogee", 174, "km", again=True),
    _flyout("al-hussein", "time", 462, "s", again=True),
    _flyout("no-dong", "range", 999, "km", again=True),
    _flyout("no-dong-wide", "range", 937, "km", again=True),
    _burn("liquid", 250, "IEEE Spectrum 2005"),
    _burn("solid", 170, "IEEE Spectrum 2005"),
    _burn("liquid-nrc", 240, "NRC 2012"),
    _burn("solid-nrc", 180, "NRC 2012"),
]
