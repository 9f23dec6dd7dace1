"""Which Earth: gravity, shape, turn and air, as numbers that can be switched and are never hidden."""

from typing import NamedTuple

from noroshi.earth.arrays import Array
from noroshi.earth.constants import FLATTENING, GM_M3PS2, J2, MEAN_RADIUS_M, ROTATION_RADPS, SEMI_MAJOR_M


class Earth(NamedTuple):
    """The Earth that a flight is flown over; scalars, so that compiled code serves every choice.

    `air` multiplies the density of the US Standard Atmosphere 1976: 1 is the standard, 0 a vacuum.
    """

    gm_m3ps2: Array = GM_M3PS2
    semi_major_m: Array = SEMI_MAJOR_M
    flattening: Array = FLATTENING
    j2: Array = J2
    rotation_radps: Array = ROTATION_RADPS
    air: Array = 1.0


WGS84 = Earth()


def sphere(
    radius_m: float = MEAN_RADIUS_M, gm_m3ps2: float = GM_M3PS2, rotation_radps: float = 0.0, air: float = 1.0
) -> Earth:
    """A round Earth without J2, at rest unless told otherwise: the Earth of textbooks and closed forms."""
    return Earth(gm_m3ps2, radius_m, 0.0, 0.0, rotation_radps, air)
