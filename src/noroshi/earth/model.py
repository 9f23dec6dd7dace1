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

    @property
    def semi_minor_m(self) -> Array:
        """Polar radius, m."""
        return self.semi_major_m * (1 - self.flattening)

    @property
    def eccentricity2(self) -> Array:
        """Square of the meridian's eccentricity."""
        return self.flattening * (2 - self.flattening)

    @property
    def mean_radius_m(self) -> Array:
        """(2a + b) / 3, m: distances along great circles, as public reports give them."""
        return (2 * self.semi_major_m + self.semi_minor_m) / 3


WGS84 = Earth()


def sphere(
    radius_m: float = MEAN_RADIUS_M, gm_m3ps2: float = GM_M3PS2, rotation_radps: float = 0.0, air: float = 1.0
) -> Earth:
    """A round Earth without J2, at rest unless told otherwise: the Earth of textbooks and closed forms."""
    return Earth(gm_m3ps2, radius_m, 0.0, 0.0, rotation_radps, air)
