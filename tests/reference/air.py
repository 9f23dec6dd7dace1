"""The US Standard Atmosphere 1976 by height: density and speed of sound."""

import jax

from noroshi.earth import atmosphere
from tests.reference.cases import Case, Group, Tolerance, share

# Height km, density kg/m3, speed of sound m/s where it has one.
LAYERS = [
    (0, 1.2250, 340.294),
    (1, 1.11166, 336.435),
    (5, 0.736429, 320.545),
    (10, 0.413510, 299.532),
    (11, 0.364802, 295.154),
    (20, 0.0889099, 295.070),
    (30, 0.0184102, 301.709),
    (40, 3.99568e-3, 317.189),
    (50, 1.02688e-3, 329.799),
    (60, 3.09678e-4, 315.074),
    (70, 8.28286e-5, 297.061),
    (80, 1.84580e-5, 282.538),
]
ABOVE = [
    (86, 6.95775e-6),
    (100, 5.61226e-7),
    (120, 2.23931e-8),
    (150, 2.10921e-9),
    (200, 2.61693e-10),
    (300, 2.01856e-11),
    (500, 5.56298e-13),
    (1000, 3.57186e-15),
]
# What `noroshi.earth.atmosphere` promises above 86 km.
THIN = 0.007
# The standard's 8314.32/28.9644 = 287.05307 J/(kg K) and the 287.05287 of ISO 2533.
GAS = 1e-6

AIR = Group(
    "air",
    "Air",
    "`noroshi.earth.atmosphere` at geometric heights, as the flights use it. Temperature and pressure are "
    "not given by it and stand behind density and speed of sound. Below 86 km the standard's own formulas, "
    "met to the printed digits, 1e-6 apart for the gas constant (the standard's 8314.32/28.9644 J/(kg K), "
    "or 287.05287 as in ISO 2533); above, where drag moves an impact by metres, within the 0.7 % that it "
    "promises.",
    "US Standard Atmosphere 1976 by the independent codes fluids 1.3.1, ambiance 1.3.1 and (from 86 km on) "
    "ussa1976 0.3.4.",
)

_density = jax.jit(atmosphere.density)
_sound_speed = jax.jit(atmosphere.sound_speed)


def _digits(published: float) -> Tolerance:
    """Half a unit of the sixth significant digit, and the two gas constants in use."""
    half = 0.5 * 10.0 ** (int(f"{published:e}".split("e")[1]) - 5) + GAS * published
    return Tolerance(half, half, f"± {half:.1g}")


def _cases() -> list[Case]:
    cases = []
    for height_km, published, *sound in LAYERS:
        cases.append(
            Case(
                f"air-{height_km}km-density", AIR, f"{height_km} km: density", "fluids, ambiance", "C",
                published, "kg/m³", _digits(published), lambda h=height_km: _density(h * 1e3), ".6e",
            )
        )  # fmt: skip
        cases.append(
            Case(
                f"air-{height_km}km-sound", AIR, f"{height_km} km: speed of sound", "fluids, ambiance", "C",
                sound[0], "m/s", _digits(sound[0]), lambda h=height_km: _sound_speed(h * 1e3), ".4f",
            )
        )  # fmt: skip
    for height_km, published in ABOVE:
        cases.append(
            Case(
                f"air-{height_km}km-density", AIR, f"{height_km} km: density", "ussa1976", "C",
                published, "kg/m³", share(published, THIN), lambda h=height_km: _density(h * 1e3), ".5e",
            )
        )  # fmt: skip
    return cases


CASES = _cases()
