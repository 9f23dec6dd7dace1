"""What reaches a node beside messages, as plain rows: for the wire to the world and for the journal.

Rows hold floats as they are, so that what is read back is what came, to the last bit. JSON knows no
infinity, so what a sensor does not measure is None.
"""

import math
from collections.abc import Sequence
from typing import Any

from noroshi.errors import Refused
from noroshi.records.detections import Plot, Sighting
from noroshi.records.tasking import Cue

Row = list[Any]


def plot_row(plot: Plot) -> Row:
    """Sensor, time, measurement, sigma, cued, range rate and its sigma."""
    numbers = *plot.measurement, *plot.sigma, plot.range_rate_mps, plot.range_rate_sigma_mps
    return [plot.sensor, float(plot.time_s), bool(plot.cued), *(_told(value) for value in numbers)]


def plot_of(row: Any) -> Plot:
    """The plot of a row. Raises Refused("shape")."""
    try:
        sensor, time_s, cued, *values = row
        numbers = [_read(value) for value in values]
        if not isinstance(sensor, str) or not isinstance(cued, bool) or len(numbers) != 8:
            raise ValueError
        x, y, z, sx, sy, sz, rate, rate_sigma = numbers
        return Plot(sensor, _read(time_s), (x, y, z), (sx, sy, sz), cued, rate, rate_sigma)
    except (TypeError, ValueError) as error:
        raise Refused("shape", f"no row of a plot: {str(row)[:80]}") from error


def sighting_row(sighting: Sighting) -> Row:
    """The fields in their order."""
    return [getattr(sighting, name) for name in Sighting.__dataclass_fields__]


def sighting_of(row: Any) -> Sighting:
    """The sighting of a row. Raises Refused("shape")."""
    try:
        ident, by, time_s, lat, lon, sigma_km, bearing, confidence = row
        if not all(isinstance(text, str) for text in (ident, by, confidence)):
            raise ValueError
        where = _read(lat), _read(lon), _read(sigma_km)
        return Sighting(
            ident, by, _read(time_s), *where, None if bearing is None else _read(bearing), confidence
        )
    except (TypeError, ValueError) as error:
        raise Refused("shape", f"no row of a sighting: {str(row)[:80]}") from error


def cue_row(cue: Cue) -> Row:
    """The fields in their order."""
    return [getattr(cue, name) for name in Cue.__dataclass_fields__]


def cue_of(row: Any) -> Cue:
    """The cue of a row. Raises Refused("shape")."""
    try:
        return Cue(*row)
    except TypeError as error:
        raise Refused("shape", f"no row of a cue: {str(row)[:80]}") from error


def plots_of(rows: Sequence[Any]) -> list[Plot]:
    """Plots of rows. Raises Refused("shape")."""
    return [plot_of(row) for row in rows]


def _told(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _read(value: Any) -> float:
    """A number; None for what is infinite."""
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    return float(value)
