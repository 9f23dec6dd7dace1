"""Satellites that watch: caps, streets, Walker constellations; and how far a radar's horizon is."""

from functools import cache

import numpy as np

from noroshi.earth import geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.sensing import caps, coverage
from noroshi.sensing.search import STILL, Pattern
from noroshi.sensing.visibility import Limits
from tests.reference.cases import Case, Group, digits

# Height km, period min, and for elevations of 0, 5, 10, 20 deg: half angle deg, share %. Decimals of each.
CAPS = [
    (550, (95.502, 3), ((22.996, 3.973), (18.504, 2.585), (14.968, 1.696), (10.115, 0.777))),
    (1_000, (104.966, 3), ((30.193, 6.783), (25.566, 4.896), (21.657, 3.530), (15.688, 1.863))),
    (1_200, (109.267, 3), ((32.701, 7.925), (28.039, 5.869), (24.033, 4.334), (17.744, 2.379))),
    (1_350, (112.530, 3), ((34.396, 8.742), (29.713, 6.574), (25.648, 4.926), (19.160, 2.770))),
    (35_786, (1435.70, 2), ((81.308, 42.444), (76.341, 38.193), (71.441, 34.086), (61.836, 26.400))),
]
ELEVATIONS_DEG = (0, 5, 10, 20)

# From 1,000 km to a target at a height, km: half angle, deg.
LIMB = [(0, 30.19), (30, 35.74), (50, 37.35), (100, 40.28), (200, 44.37), (500, 52.19)]

# Planes, satellites of each, half angle deg, and by height, km, the worst elevation, deg, and its decimals.
STREETS = [
    (6, 11, 19.91, ((780, 8.24, 2),)),
    (4, 7, 30.78, ((1_000, -0.6, 1), (1_200, 2.0, 1))),
    (5, 8, 25.74, ((1_000, 4.8, 1), (1_200, 7.8, 1))),
    (6, 9, 22.21, ((1_000, 9.2, 1), (1_200, 12.6, 1))),
]

# Antenna and target, m; distance over the ground, km, with 4/3 and without refraction, and their decimals.
HORIZONS = [
    (30, 0, 22.6, 19.6, 1),
    (10, 0, 13.0, 11.3, 1),
    (10, 100, 54.3, 47.0, 1),
    (20, 91, 57.8, 50.0, 1),
    (9_100, 91, 432, 374, 0),
    (18_300, 91, 596, 516, 0),
    (0, 30e3, 713, 617, 0),
    (0, 40e3, 823, 712, 0),
    (0, 50e3, 919, 796, 0),
    (0, 100e3, 1_297, 1_122, 0),
    (0, 200e3, 1_826, 1_576, 0),
    (0, 500e3, 2_846, 2_446, 0),
]
# Distance over the ground, km; lowest height seen, km, with 4/3 and without refraction, and their decimals.
LOWEST = [
    (500, 14.7, 19.7, 1),
    (600, 21.2, 28.4, 1),
    (1_000, 59.2, 79.3, 1),
    (1_500, 134, 181, 0),
    (2_000, 241, 327, 0),
    (3_000, 559, 778, 0),
]

# T, P, F, inclination deg, height km, pattern, target km, lowest elevation deg or the limb; then mean
# in view, shares % of one and two in view, the same between 20 and 50 deg N; None where not published.
WALKERS = [
    (4, 2, 1, 80, 1_000, "delta", 0, 10, 0.141, 13.1, 1.0, None, None),
    (4, 2, 1, 80, 1_000, "delta", 0, 15, 0.102, 9.7, 0.6, None, None),
    (8, 2, 1, 80, 1_000, "delta", 30, None, 0.754, 52.6, 22.8, 49.2, 19.1),
    (28, 4, 1, 81, 1_000, "delta", 0, 5, 1.371, 73.6, 51.0, 74.6, 40.8),
    (28, 4, 1, 81, 1_000, "delta", 30, None, 2.637, 92.4, 84.0, 97.5, 86.6),
    (28, 4, 1, 81, 1_200, "delta", 30, None, 3.006, 95.5, 89.3, 99.5, 93.7),
    (40, 5, 1, 81, 1_000, "delta", 0, 5, 1.958, 99.2, 59.8, 99.0, 59.7),
    (40, 5, 1, 81, 1_000, "delta", 30, None, 3.767, 100.0, 99.0, 100.0, 100.0),
    (54, 6, 1, 81, 1_000, "delta", 0, 5, 2.643, 94.8, 85.0, 98.8, 87.8),
    (54, 6, 1, 81, 1_000, "star", 0, 5, None, 100.0, None, None, None),
    (54, 6, 1, 81, 1_000, "delta", 30, None, 5.086, 100.0, 100.0, 100.0, 100.0),
    (72, 8, 1, 81, 1_000, "delta", 0, 5, 3.524, 100.0, 99.5, 100.0, 100.0),
    (3, 3, 0, 0, 35_786, "delta", 0, 0, 1.273, 98.1, 29.2, 100.0, 32.0),
]
# What 4,000 places and 60 steps leave open: the most that twelve other grids of 3,900 to 4,100 places, turned
# at random, lay away from 40,000 places and 480 steps was 0.0022 in the mean, 0.09 and 0.36 points.
_MEAN_OPEN, _SHARE_OPEN, _BAND_OPEN = 0.002, 0.1, 0.4
PLACES, STEPS = 4_000, 60

ONE = Group(
    "caps",
    "What one satellite sees",
    "R = 6,371 km, GM = 398,600.4418 km³/s². `sensing.caps` in closed form: sin η = R cos ε/(R+h), "
    "λ = 90° − ε − η, the cap's share (1 − cos λ)/2; to the limb, both horizons together.",
    "Independent arithmetic with the formulas stated.",
)
STREET = Group(
    "streets",
    "Streets of coverage",
    "Polar planes phased as well as can be, single cover without a gap: `caps.street_rad` solves "
    "(P−1)(λ+c) + 2c = 180°, cos c = cos λ/cos(180°/S); `caps.elevation_rad` says how low the satellite then "
    "stands.",
    "Independent arithmetic with the formulas stated; 6 × 11 is Iridium's design.",
)
HORIZON = Group(
    "horizons",
    "How far a radar sees",
    "`earth.geometry.horizon_arc`, as the radars of a run use it, over a sphere of mean radius; "
    "`caps.lowest_seen_m` for the other way round. The table's column of √(2ah), an approximation, is left "
    "out.",
    "d = a(acos(a/(a+h₁)) + acos(a/(a+h₂))) with a = 8,494.67 km (4/3) and 6,371 km, independent arithmetic.",
)
_TWICE = {
    "horizon-0-100000-straight": "Rounded twice, it seems: 1,121.497 to 1,121.5, and that to 1,122.",
    "horizon-0-500000-straight": "Rounded twice, it seems: 2,445.499 to 2,445.5, and that to 2,446.",
}
WALKER = Group(
    "walker",
    "Walker constellations",
    "R = 6,371 km at rest, one turn in 60 steps, 4,000 places of a Fibonacci lattice: `sensing.coverage`. "
    "Inclination 81°, F = 1 and the planes of the 54 and the 72 are assumed. The tolerance is half a unit of "
    "the last printed digit and what grid and steps leave open: 0.002 in the mean, 0.1 points over the whole "
    "Earth, 0.4 between 20 and 50° N. The mean in view is held to T times the cap's share as well.",
    "Independent arithmetic with another grid of 4,000 places. "
    '"40 tracking satellites to provide global coverage", "four give 10 %": D. Tournear, April 2024, quoted '
    "by Defense Daily.",
)


@cache
def watched(row: int) -> dict[str, float]:
    """Mean in view and shares, %, of a constellation of the table."""
    total, planes, phasing, inclination, height, kind, target, lowest, *_ = WALKERS[row]
    pattern = Pattern(total, planes, phasing, height, inclination, kind)
    layer = coverage.planned(pattern.name, pattern.elements(STILL), STILL)
    places = coverage.grid(PLACES, STILL)
    limits = Limits(None if lowest is None else np.radians(lowest))
    times = coverage.one_turn([layer], STEPS)
    found = coverage.cover([layer], places, target * 1e3, limits, times, STILL)
    whole = coverage.over(found, np.ones(PLACES, bool))
    band = coverage.over(found, coverage.within(places, (20.0, 50.0)))
    return {
        "mean": whole.mean_in_view,
        "p1": 100 * whole.p1,
        "p2": 100 * whole.p2,
        "band-p1": 100 * band.p1,
        "band-p2": 100 * band.p2,
    }


def _case(
    name: str, group: Group, what: str, told: float, unit: str, decimals: int, ours, room=0.0, known_miss=""
) -> Case:
    form = f".{decimals + 1}f"
    near = digits(decimals, room)
    return Case(name, group, what, "stated formula", "C", told, unit, near, ours, form, known_miss)


def _caps() -> list[Case]:
    cases = []
    for height, (period, decimals), told in CAPS:
        at_m = height * 1e3
        name, what = f"cap-{height}", f"{height:,} km"
        cases.append(
            _case(f"{name}-period", ONE, f"{what}: period", period, "min", decimals,
                  lambda at_m=at_m: caps.period_s(at_m) / 60)
        )  # fmt: skip
        for elevation, (angle, share) in zip(ELEVATIONS_DEG, told, strict=True):

            def cap(at_m=at_m, elevation=elevation):
                return caps.cap_rad(at_m, np.radians(elevation))

            cases += [
                _case(f"{name}-{elevation}-angle", ONE, f"{what} at {elevation}° or higher: half angle",
                      angle, "deg", 3, lambda cap=cap: np.degrees(cap())),
                _case(f"{name}-{elevation}-share", ONE, f"{what} at {elevation}° or higher: share",
                      share, "%", 3, lambda cap=cap: 100 * caps.share(cap())),
            ]  # fmt: skip
    for target, angle in LIMB:
        cases.append(
            _case(f"cap-limb-{target}", ONE, f"1,000 km to {target} km above the limb: half angle",
                  angle, "deg", 2, lambda target=target: np.degrees(caps.limb_rad(1e6, target * 1e3)))
        )  # fmt: skip
    return cases


def _streets() -> list[Case]:
    cases = []
    for planes, per_plane, angle, elevations in STREETS:
        name, what = f"street-{planes}x{per_plane}", f"{planes} planes of {per_plane}"

        def cap(planes=planes, per_plane=per_plane):
            return caps.street_rad(planes, per_plane)

        cases.append(
            _case(f"{name}-angle", STREET, f"{what}: half angle", angle, "deg", 2,
                  lambda cap=cap: np.degrees(cap()))
        )  # fmt: skip
        for height, elevation, decimals in elevations:
            cases.append(
                _case(f"{name}-{height}", STREET, f"{what} at {height:,} km: worst elevation",
                      elevation, "deg", decimals,
                      lambda cap=cap, height=height: np.degrees(caps.elevation_rad(height * 1e3, cap())))
            )  # fmt: skip
    return cases


def _horizons() -> list[Case]:
    cases = []
    for antenna, target, bent, straight, decimals in HORIZONS:
        for told, effective, how in ((bent, 4 / 3, "4/3"), (straight, 1.0, "no refraction")):
            name = f"horizon-{antenna:.0f}-{target:.0f}-{'bent' if effective > 1 else 'straight'}"
            cases.append(
                _case(name, HORIZON, f"antenna {antenna:,} m, target {target:,.0f} m, {how}",
                      told, "km", decimals,
                      lambda antenna=antenna, target=target, effective=effective: MEAN_RADIUS_M / 1e3
                      * float(geometry.horizon_arc(antenna, target, effective)),
                      known_miss=_TWICE.get(name, ""))
            )  # fmt: skip
    for ground, bent, straight, decimals in LOWEST:
        for told, effective, how in ((bent, 4 / 3, "4/3"), (straight, 1.0, "no refraction")):
            name = f"horizon-lowest-{ground}-{'bent' if effective > 1 else 'straight'}"
            cases.append(
                _case(name, HORIZON, f"lowest target seen {ground:,} km away, {how}", told, "km", decimals,
                      lambda ground=ground, effective=effective:
                      float(caps.lowest_seen_m(ground * 1e3, effective)) / 1e3)
            )  # fmt: skip
    return cases


_WORDS = {
    "mean": "mean in view",
    "p1": "one in view",
    "p2": "two in view",
    "band-p1": "one in view, 20–50° N",
    "band-p2": "two in view, 20–50° N",
}


def _walkers() -> list[Case]:
    cases = []
    for row, (total, planes, phasing, _, height, kind, target, lowest, *told) in enumerate(WALKERS):
        seen = "limb" if lowest is None else f"{lowest}°"
        star = ", star" if kind == "star" else ""
        name = f"walker-{total}-{planes}-{phasing}-{height}-{target}-{seen.rstrip('°')}{star[2:]}"
        what = f"{total}/{planes}/{phasing}{star} at {height:,} km, target {target} km, {seen}"
        for measure, published in zip(_WORDS, told, strict=True):
            if published is None:
                continue
            decimals, room = (3, _MEAN_OPEN) if measure == "mean" else (1, _SHARE_OPEN)
            if measure.startswith("band"):
                decimals, room = 0 if published == 32.0 else 1, _BAND_OPEN
            cases.append(
                _case(f"{name}-{measure}", WALKER, f"{what}: {_WORDS[measure]}", published,
                      "" if measure == "mean" else "%", decimals,
                      lambda row=row, measure=measure: watched(row)[measure], room)
            )  # fmt: skip
        if lowest is not None and kind == "delta":
            cap = caps.cap_rad(height * 1e3, np.radians(lowest), target * 1e3)
            cases.append(
                _case(f"{name}-identity", WALKER, f"{what}: mean in view as {total} times the cap's share",
                      float(round(total * caps.share(cap), 3)), "", 3,
                      lambda row=row: watched(row)["mean"], _MEAN_OPEN)
            )  # fmt: skip
    return cases


CASES = [*_caps(), *_streets(), *_walkers(), *_horizons()]
