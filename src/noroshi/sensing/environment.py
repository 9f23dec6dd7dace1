"""What lies between sensors and objects."""

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


@record
class Environment:
    """Refraction as an effective Earth (1 = none, 4/3 = standard) and the height where plumes show, m."""

    effective_earth: Array
    cloud_break_m: Array
