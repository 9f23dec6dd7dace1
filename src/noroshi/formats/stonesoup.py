"""Stone Soup's detections as rows of ours and back, and our tracks as its tracks.

Stone Soup (dstl, MIT licence) is no dependency: it is imported when a function here is called. Detections are
those of its models CartesianToElevationBearing, ...Range and ...RangeRate, whose bearing runs from the x axis
to the y axis of a sensor's turned frame and whose noise stands in the order elevation, bearing, range, rate.
What is written is in ECEF, m, with states x, vx, y, vy, z, vz; what is read may also be in the local frame
(east, north, up) of an origin. Times are naive UTC.
"""

import importlib
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.errors import InputError
from noroshi.records.detections import Plot, Recorded
from noroshi.records.tracks import Estimate

EPOCH = datetime(2000, 1, 1)
# Where a state of Stone Soup's holds ours: x, vx, y, vy, z, vz.
_ORDER = [0, 3, 1, 4, 2, 5]
_PLACE, _SPEED = (0, 2, 4), (1, 3, 5)


def _part(name: str) -> Any:
    """A module of Stone Soup. Raises InputError where it is not installed."""
    try:
        return importlib.import_module(f"stonesoup.{name}")
    except ImportError:
        hint = "Install it beside noroshi: pip install stonesoup."
        raise InputError("", "stonesoup", None, "is not installed.", hint) from None


def read(
    detections: Iterable[Any],
    epoch: datetime = EPOCH,
    origin: tuple[float, float, float] | None = None,
    where: str = "detections",
) -> list[Recorded]:
    """Rows of Stone Soup's detections, in their order; times in seconds after `epoch`.

    Their models' frame is ECEF, or east, north, up of `origin` (geodetic deg, m). The sensor's name is the
    metadata's "sensor", else one name for each place. Raises InputError for a model of another sort, noise
    that is not diagonal, or a sensor that moves in a range rate.
    """
    models = _part("models.measurement.nonlinear")
    base, turn = np.zeros(3), np.eye(3)
    if origin is not None:
        lat, lon = np.radians(origin[:2])
        base, turn = frames.ecef(lat, lon, np.float64(origin[2])), frames.enu_axes(lat, lon)
    rows, names = [], dict[tuple[float, ...], str]()
    for number, one in enumerate(detections):
        model, at = one.measurement_model, f"detection {number}"
        rated = isinstance(model, models.CartesianToElevationBearingRangeRate)
        ranged = rated or isinstance(model, models.CartesianToElevationBearingRange)
        if not (ranged or isinstance(model, models.CartesianToElevationBearing)):
            need = "must be CartesianToElevationBearing, CartesianToElevationBearingRange or ...RangeRate."
            raise InputError(where, at, type(model).__name__, need)
        if rated and np.any(np.asarray(model.velocity, float)):
            raise InputError(where, at, "velocity", "must be 0: a sensor that stands on the Earth.")
        noise = np.asarray(model.covar(), float)
        if np.any(
            np.abs(noise - np.diag(np.diag(noise))) > 1e-9 * np.sqrt(np.outer(np.diag(noise), np.diag(noise)))
        ):
            raise InputError(where, at, "noise_covar", "must be diagonal.")
        z = [float(value) for value in np.ravel(one.state_vector)]
        sigma = np.sqrt(np.diag(noise))
        site = base + np.asarray(model.translation_offset, float).ravel() @ turn
        own = np.asarray(model.rotation_matrix, float) @ turn
        lat, lon, height_m = (float(value) for value in frames.geodetic(site))
        angles, spread = _turned(z[1], z[0], sigma[1], sigma[0], own, frames.enu_axes(lat, lon))
        place = tuple(np.round(site, 1).tolist())
        name = (one.metadata or {}).get("sensor") or names.setdefault(place, f"S{len(names) + 1}")
        plot = Plot(
            sensor=str(name),
            time_s=(one.timestamp - epoch).total_seconds(),
            measurement=(z[2] if ranged else 0.0, *angles),
            sigma=(float(sigma[2]) if ranged else math.inf, *spread),
            cued=False,
            range_rate_mps=z[3] if rated else 0.0,
            range_rate_sigma_mps=float(sigma[3]) if rated else math.inf,
        )
        rows.append(Recorded(plot, math.degrees(lat), math.degrees(lon), height_m))
    return rows


def _turned(
    bearing: float, elevation: float, sigma_b: float, sigma_e: float, own: np.ndarray, enu: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Azimuth and elevation in the local horizon, and their sigmas, of angles in a sensor's axes (rows)."""
    cos_b, sin_b, cos_e, sin_e = (
        math.cos(bearing),
        math.sin(bearing),
        math.cos(elevation),
        math.sin(elevation),
    )
    way = np.array([cos_e * cos_b, cos_e * sin_b, sin_e])
    spread = np.stack([
        sigma_b * cos_e * np.array([-sin_b, cos_b, 0.0]),
        sigma_e * np.array([-sin_e * cos_b, -sin_e * sin_b, cos_e]),
    ])  # fmt: skip
    east, north, up = enu @ (way @ own)
    spread = spread @ own @ enu.T
    azimuth, height = math.atan2(east, north), math.asin(max(-1.0, min(1.0, up)))
    sideways = np.array([math.cos(azimuth), -math.sin(azimuth), 0.0])
    steep = math.sin(height)
    upwards = np.array([-steep * math.sin(azimuth), -steep * math.cos(azimuth), math.cos(height)])
    across = math.hypot(*(spread @ sideways)) / max(math.cos(height), 1e-9)
    return (azimuth, height), (across, math.hypot(*(spread @ upwards)))


def write(rows: Sequence[Recorded], epoch: datetime = EPOCH) -> list[Any]:
    """Stone Soup's detections of rows, in ECEF, with the sensor's name in the metadata; biases are left out.

    Rows must be sound: times and measured values finite, sigmas above 0.
    """
    models, types = _part("models.measurement.nonlinear"), _part("types.detection")
    array = _part("types.array")
    kinds = _part("types.angle")
    found = []
    for row in rows:
        plot = row.plot
        lat, lon = np.radians([row.lat_deg, row.lon_deg])
        told: dict[str, Any] = {
            "ndim_state": 6,
            "mapping": _PLACE,
            "translation_offset": array.StateVector(frames.ecef(lat, lon, np.float64(row.height_m))),
            "rotation_offset": array.StateVector(_angles(frames.enu_axes(lat, lon))),
        }
        # Bearings run from east to north.
        z: list[Any] = [
            kinds.Elevation(plot.measurement[2]),
            kinds.Bearing(math.pi / 2 - plot.measurement[1]),
        ]
        sigma = [plot.sigma[2], plot.sigma[1]]
        ranged, rated = math.isfinite(plot.sigma[0]), math.isfinite(plot.range_rate_sigma_mps)
        if ranged:
            z.append(plot.measurement[0])
            sigma.append(plot.sigma[0])
        if ranged and rated:
            z.append(plot.range_rate_mps)
            sigma.append(plot.range_rate_sigma_mps)
            told["velocity_mapping"] = _SPEED
            told["velocity"] = array.StateVector([0.0, 0.0, 0.0])
        name = "Range" * ranged + "Rate" * (ranged and rated)
        model = getattr(models, f"CartesianToElevationBearing{name}")(
            noise_covar=array.CovarianceMatrix(np.diag(np.square(sigma))), **told
        )
        found.append(
            types.Detection(
                array.StateVector(z),
                timestamp=epoch + timedelta(seconds=plot.time_s),
                measurement_model=model,
                metadata={"sensor": plot.sensor},
            )
        )
    return found


def _angles(axes: Float[np.ndarray, "3 3"]) -> list[float]:
    """Stone Soup's rotation offset whose matrix has these rows."""
    # Its matrix is Rx(-x) Ry(y) Rz(-z).
    y = math.asin(max(-1.0, min(1.0, float(axes[0, 2]))))
    x = math.atan2(float(axes[1, 2]), float(axes[2, 2]))
    z = math.atan2(float(axes[0, 1]), float(axes[0, 0]))
    return [x, y, z]


def tracks(estimates: Iterable[tuple[str, Estimate]], epoch: datetime = EPOCH) -> set[Any]:
    """Stone Soup's tracks of Gaussian states in ECEF, of names and estimates in the order of time."""
    track, states, array = _part("types.track"), _part("types.state"), _part("types.array")
    of: dict[str, list[Any]] = {}
    for name, one in estimates:
        mean, cov = np.asarray(one.mean)[_ORDER], np.asarray(one.cov)[np.ix_(_ORDER, _ORDER)]
        state = states.GaussianState(
            array.StateVector(mean),
            array.CovarianceMatrix(cov),
            timestamp=epoch + timedelta(seconds=float(one.time_s)),
        )
        of.setdefault(name, []).append(state)
    return {track.Track(states=mine, id=name) for name, mine in of.items()}
