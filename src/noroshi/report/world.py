"""The world as a map: the Equal Earth projection, its rim and the coast.

Šavrič, Patterson and Jenny, Int. J. Geogr. Inf. Sci. 33 (2019): equal areas stay equal, so that a map's
colours may be weighed by eye.
"""

from functools import cache

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from noroshi.catalogue.areas import load_coastline
from noroshi.report.look import INK, VERMILION
from noroshi.report.sheet import strokes

Array = np.ndarray

_A = (1.340264, -0.081106, 0.000893, 0.003796)


def equal_earth(lat_deg: Array, lon_deg: Array) -> tuple[Array, Array]:
    """Places on the map, in radii; 2.7 to the east and 1.3 to the north at the most."""
    turn = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(lat_deg)))
    a1, a2, a3, a4 = _A
    slope = 9 * a4 * turn**8 + 7 * a3 * turn**6 + 3 * a2 * turn**2 + a1
    x = 2 * np.sqrt(3) * np.radians(lon_deg) * np.cos(turn) / (3 * slope)
    return x, turn * (a1 + a2 * turn**2 + turn**6 * (a3 + a4 * turn**2))


def rim(axes: Axes) -> Polygon:
    """The outline of the world; what is drawn is cut to it."""
    lat = np.linspace(-90, 90, 91)
    x, y = equal_earth(np.concatenate([lat, lat[::-1]]), np.repeat([180.0, -180.0], 91))
    rim = Polygon(np.stack([x, y], axis=-1), closed=True, facecolor="none", edgecolor="#999999", lw=0.8)
    axes.add_patch(rim)
    return rim


def frame(axes: Axes, band_deg: tuple[float, float] | None, title: str) -> None:
    """Coast, parallels, the band that was asked for, and what is shown."""
    axes.set_xlim(-2.72, 2.72)
    axes.set_ylim(-1.34, 1.34)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(title, fontsize=11, loc="left", pad=4)
    coast = _coast()
    strokes(axes, coast, color="white", lw=1.4, alpha=0.7, zorder=2)
    strokes(axes, coast, color=INK, lw=0.45, zorder=2.1)
    along = np.linspace(-180, 180, 61)
    lines = [equal_earth(np.full(61, lat), along) for lat in (-60.0, -30.0, 0.0, 30.0, 60.0)]
    strokes(axes, lines, color="white", lw=0.5, alpha=0.6, zorder=1.9)
    if band_deg is not None and band_deg != (-90.0, 90.0):
        edges = [equal_earth(np.full(61, lat), along) for lat in band_deg]
        strokes(axes, edges, color=VERMILION, lw=1.2, ls=(0, (5, 3)), zorder=2.2)


@cache
def _coast() -> list[tuple[Array, Array]]:
    """The world's coast on the map, as fine as the picture shows it."""
    lines = (np.stack(equal_earth(line[:, 1], line[:, 0]), axis=-1) for line in load_coastline())
    return [
        tuple(np.asarray(shapely.simplify(shapely.LineString(line), 0.004).coords).T)  # type: ignore[misc]
        for line in lines
        if np.ptp(line, axis=0).max() > 0.012
    ]
