"""Recorded detections as a Parquet table: one row a plot, with the place of its sensor.

docs/reference/track.md tells the columns. What a table lacks as a whole is an error; what is wrong with one
row is left to the tracker's door, which refuses and counts it.
"""

import io
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from noroshi.errors import InputError
from noroshi.records.detections import Plot, Recorded

# Name, whether a table must have it, and what an empty cell or a missing column stands for.
COLUMNS: tuple[tuple[str, bool, float], ...] = (
    ("sensor_lat_deg", True, math.nan),
    ("sensor_lon_deg", True, math.nan),
    ("sensor_height_m", True, math.nan),
    ("range_m", False, math.nan),
    ("azimuth_deg", True, math.nan),
    ("elevation_deg", True, math.nan),
    ("range_rate_mps", False, math.nan),
    ("range_sigma_m", False, math.nan),
    ("azimuth_sigma_deg", True, math.nan),
    ("elevation_sigma_deg", True, math.nan),
    ("range_rate_sigma_mps", False, math.nan),
    ("range_bias_m", False, 0.0),
    ("azimuth_bias_deg", False, 0.0),
    ("elevation_bias_deg", False, 0.0),
)


def decode(data: bytes, where: str = "detections") -> list[Recorded]:
    """Rows in the order of the table. Raises InputError when it is no Parquet or lacks a column."""
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        hint = "Write it with pandas' to_parquet or pyarrow."
        raise InputError(where, "", None, f"is not a Parquet table: {said}.", hint) from None
    if not table.num_rows:
        raise InputError(where, "", None, "holds no rows.", "A row is a plot: docs/reference/track.md.")
    columns = {name: _numbers(table, name, must, otherwise, where) for name, must, otherwise in COLUMNS}
    times, sensors = _times(table, where), _texts(table, "sensor", where)
    return [
        from_columns(
            sensors[row], float(times[row]), {name: float(column[row]) for name, column in columns.items()}
        )
        for row in range(table.num_rows)
    ]


def from_columns(sensor: str, time_s: float, of: Mapping[str, float]) -> Recorded:
    """A row of one value for each of COLUMNS."""
    ranged, rated = math.isfinite(of["range_m"]), math.isfinite(of["range_rate_mps"])
    angles = math.radians(of["azimuth_deg"]), math.radians(of["elevation_deg"])
    sigmas = math.radians(of["azimuth_sigma_deg"]), math.radians(of["elevation_sigma_deg"])
    plot = Plot(
        sensor=sensor,
        time_s=time_s,
        measurement=(of["range_m"] if ranged else 0.0, *angles),
        sigma=(of["range_sigma_m"] if ranged else math.inf, *sigmas),
        cued=False,
        range_rate_mps=of["range_rate_mps"] if rated else 0.0,
        range_rate_sigma_mps=of["range_rate_sigma_mps"] if rated else math.inf,
    )
    bias = math.radians(of["azimuth_bias_deg"]), math.radians(of["elevation_bias_deg"])
    place = of["sensor_lat_deg"], of["sensor_lon_deg"], of["sensor_height_m"]
    return Recorded(plot, *place, (of["range_bias_m"], *bias))


def _numbers(table: pa.Table, name: str, must: bool, otherwise: float, where: str) -> np.ndarray:
    if name not in table.column_names:
        if must:
            have = ", ".join(sorted(table.column_names))
            hint = f"Its unit is told by its name; docs/reference/track.md has all {len(COLUMNS) + 2}."
            raise InputError(where, name, None, f"is missing among the columns: {have}.", hint)
        return np.full(table.num_rows, otherwise)
    column = table.column(name)
    kind = pa.types
    # A column of empty cells alone has no type.
    if not (kind.is_floating(column.type) or kind.is_integer(column.type) or kind.is_null(column.type)):
        hint = "Cast it to float64; an empty cell is what was not measured."
        raise InputError(where, name, str(column.type), "must be a column of numbers.", hint)
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(column.is_null().to_numpy(zero_copy_only=False), otherwise, values)


def _times(table: pa.Table, where: str) -> np.ndarray:
    """Seconds: `time_s` as it is, or `time` (UTC) after its earliest."""
    if "time_s" in table.column_names:
        return _numbers(table, "time_s", True, math.nan, where)
    if "time" not in table.column_names:
        raise InputError(where, "time_s", None, "is missing; so is time.", "One of them must be there.")
    column = table.column("time")
    if not pa.types.is_timestamp(column.type):
        raise InputError(
            where, "time", str(column.type), "must be a column of timestamps.", "Or give time_s."
        )
    stamps = column.cast(pa.timestamp("ns"), safe=False).to_numpy(zero_copy_only=False)
    known = stamps[~np.isnat(stamps)]
    return (stamps - known.min()) / np.timedelta64(1, "s") if len(known) else np.full(len(stamps), math.nan)


def _texts(table: pa.Table, name: str, where: str) -> list[str]:
    if name not in table.column_names:
        raise InputError(where, name, None, "is missing: a column of texts, which sensor made each plot.")
    column = table.column(name)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise InputError(where, name, str(column.type), "must be a column of texts.", "Cast it to string.")
    return [value or "" for value in column.to_pylist()]


def encode(rows: Sequence[Recorded]) -> bytes:
    """The same table from rows; `decode` gives them back but for the last digit of angles."""
    kinds = {"time_s": pa.float64(), "sensor": pa.string()}
    kinds |= {name: pa.float64() for name, _, _ in COLUMNS}
    table = pa.Table.from_pylist([to_columns(row) for row in rows], schema=pa.schema(kinds.items()))
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def to_columns(row: Recorded) -> dict[str, float | str | None]:
    """A row by the names of its columns; None is what was not measured."""
    plot, bias = row.plot, row.bias_sigma
    return {
        "time_s": plot.time_s,
        "sensor": plot.sensor,
        "sensor_lat_deg": row.lat_deg,
        "sensor_lon_deg": row.lon_deg,
        "sensor_height_m": row.height_m,
        "range_m": _told(plot.measurement[0], plot.sigma[0]),
        "azimuth_deg": math.degrees(plot.measurement[1]),
        "elevation_deg": math.degrees(plot.measurement[2]),
        "range_rate_mps": _told(plot.range_rate_mps, plot.range_rate_sigma_mps),
        "range_sigma_m": _told(plot.sigma[0], plot.sigma[0]),
        "azimuth_sigma_deg": math.degrees(plot.sigma[1]),
        "elevation_sigma_deg": math.degrees(plot.sigma[2]),
        "range_rate_sigma_mps": _told(plot.range_rate_sigma_mps, plot.range_rate_sigma_mps),
        "range_bias_m": bias[0],
        "azimuth_bias_deg": math.degrees(bias[1]),
        "elevation_bias_deg": math.degrees(bias[2]),
    }


def _told(value: float, sigma: float) -> float | None:
    """A value that was measured; an empty cell for one that was not."""
    return value if math.isfinite(sigma) else None
