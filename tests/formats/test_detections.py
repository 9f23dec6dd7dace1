"""Recorded detections as a table: what goes in comes out, and what is no such table is refused in words."""

import io
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.formats.detections import decode, encode
from noroshi.records.detections import Plot, Recorded

ROW = Recorded(
    Plot("A", 3.5, (1e6, 0.5, 0.2), (50.0, 1e-3, 2e-3), False), 40.0, 130.0, 10.0, (5.0, 1e-4, 2e-4)
)


def table(**change):
    """The table of one row with columns changed, or left out where None."""
    columns = pq.read_table(io.BytesIO(encode([ROW]))).to_pydict()
    return {name: value for name, value in (columns | change).items() if value is not None}


def written(columns) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def numbers(row: Recorded) -> list[float]:
    """All numbers of a row in a fixed order."""
    plot = row.plot
    return [
        plot.time_s, *plot.measurement, *plot.sigma, plot.range_rate_mps, plot.range_rate_sigma_mps,
        row.lat_deg, row.lon_deg, row.height_m, *row.bias_sigma,
    ]  # fmt: skip


angle = st.floats(-math.pi / 2, math.pi / 2)
sigma = st.floats(1e-9, 1.0)


@st.composite
def rows(draw):
    """A row with or without a range and a range rate."""
    ranged, rated = draw(st.booleans()), draw(st.booleans())
    plot = Plot(
        draw(st.text(min_size=1, max_size=8)),
        draw(st.floats(-1e6, 1e9)),
        (draw(st.floats(0, 5e7)) if ranged else 0.0, draw(angle), draw(angle)),
        (draw(sigma) if ranged else math.inf, draw(sigma), draw(sigma)),
        False,
        draw(st.floats(-1e4, 1e4)) if rated else 0.0,
        draw(sigma) if rated else math.inf,
    )
    place = draw(st.floats(-90, 90)), draw(st.floats(-180, 180)), draw(st.floats(-500, 4e7))
    return Recorded(plot, *place, (draw(sigma), draw(sigma), draw(sigma)))


@settings(max_examples=50)
@given(st.lists(rows(), min_size=1, max_size=5))
def test_rows_come_back_as_they_were_written(told):
    back = decode(encode(told))
    assert [row.plot.sensor for row in back] == [row.plot.sensor for row in told]
    for one, other in zip(back, told, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-14, atol=1e-15)


def test_a_table_without_ranges_and_biases_measures_angles_alone():
    optional = ("range_m", "range_rate_mps", "range_sigma_m", "range_rate_sigma_mps")
    biases = ("range_bias_m", "azimuth_bias_deg", "elevation_bias_deg")
    (row,) = decode(written(table(**dict.fromkeys(optional + biases))))
    assert row.plot.sigma[0] == row.plot.range_rate_sigma_mps == math.inf
    assert row.bias_sigma == (0.0, 0.0, 0.0)
    assert row.plot.measurement[1:] == pytest.approx(ROW.plot.measurement[1:])


def test_what_is_missing_in_a_row_is_left_to_the_door():
    """A row without an angle or a time is a row still; only a table as a whole is refused here."""
    (row,) = decode(written(table(azimuth_deg=[None], time_s=[None])))
    assert math.isnan(row.plot.measurement[1]) and math.isnan(row.plot.time_s)


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("us", tz="Asia/Tokyo")])
def test_times_of_day_count_from_the_earliest(kind):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    when = pa.array([start + timedelta(seconds=7), start, None], pa.timestamp("us", tz="UTC")).cast(kind)
    columns = {name: 3 * value for name, value in table(time_s=None).items()}
    two = written({**columns, "time": when})
    times = [row.plot.time_s for row in decode(two)]
    assert times[:2] == [7.0, 0.0]
    assert math.isnan(times[2])


def test_whole_numbers_are_numbers():
    (row,) = decode(written(table(sensor_height_m=[250])))
    assert row.height_m == 250.0


@pytest.mark.parametrize(
    "data, told",
    [
        (b"", ["is not a Parquet table", "to_parquet"]),
        (b"time,sensor\n1,A\n", ["is not a Parquet table"]),
        (written({name: value[:0] for name, value in table().items()}), ["holds no rows", "track.md"]),
        (written(table(azimuth_deg=None)), ["azimuth_deg", "is missing among the columns", "elevation_deg"]),
        (written(table(elevation_sigma_deg=None)), ["elevation_sigma_deg", "is missing"]),
        (written(table(azimuth_deg=["north"])), ["azimuth_deg = 'string'", "numbers", "float64"]),
        (written(table(range_m=[True])), ["range_m = 'bool'", "numbers"]),
        (written(table(sensor=[7])), ["sensor = 'int64'", "texts"]),
        (written(table(sensor=None)), ["sensor", "is missing"]),
        (written(table(time_s=None)), ["time_s", "so is time"]),
        (written(table(time_s=None, time=[3.0])), ["time = 'double'", "timestamps"]),
    ],
)  # fmt: skip
def test_what_is_no_table_of_detections_is_refused_with_the_column_and_a_remedy(data, told):
    with pytest.raises(InputError) as refused:
        decode(data, "mine.parquet")
    assert str(refused.value).startswith("mine.parquet")
    for text in told:
        assert text in str(refused.value)


def test_a_negative_sigma_is_no_fault_of_the_table():
    bad = replace(ROW, plot=replace(ROW.plot, sigma=(50.0, -1e-3, 1e-3)))
    (row,) = decode(encode([bad]))
    assert row.plot.sigma[1] == pytest.approx(-1e-3)
