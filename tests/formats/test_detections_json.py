"""JSON lines of detections: the columns of the table, whole files in files, single lines at a live door."""

import json
import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.formats import detections, detections_json
from noroshi.formats.detections_json import MAX_BYTES, decode, encode, take
from tests.formats.test_detections import ROW, numbers, rows
from tests.formats.wire import hostile, watched
from tests.house.house import ROOT

GOOD = encode([ROW])
LINE = json.loads(GOOD)


def lines(*told: object) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in told)


def without(*names: str, **change: object) -> dict[str, object]:
    """The line of one row without some columns and with others changed."""
    return {name: value for name, value in (LINE | change).items() if name not in names}


@settings(max_examples=50)
@given(st.lists(rows(), min_size=1, max_size=5))
def test_rows_come_back_as_they_were_written_and_as_the_table_tells_them(told):
    told = [replace(row, plot=replace(row.plot, sensor="S")) for row in told]
    back, table = decode(encode(told)), detections.decode(detections.encode(told))
    assert take(encode(told)).rows == tuple(back) == tuple(table)
    for one, other in zip(back, told, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-14, atol=1e-15)


def test_blank_lines_and_a_missing_last_line_break_do_not_matter():
    assert decode(b"\n  \r\n" + GOOD + b"\r\n" + GOOD[:-1]) == decode(GOOD) * 2


def test_what_was_not_measured_may_be_left_out_or_null():
    names = ("range_m", "range_rate_mps", "range_sigma_m", "range_rate_sigma_mps", "range_bias_m")
    for line in (without(*names), LINE | dict.fromkeys(names)):
        (row,) = decode(lines(line))
        assert row.plot.sigma[0] == row.plot.range_rate_sigma_mps == math.inf
        assert row.bias_sigma[0] == 0.0


def test_further_columns_are_left_aside():
    assert decode(lines(LINE | {"snr": 12, "note": {"by": "hand"}})) == decode(GOOD)


def test_dates_become_seconds_after_the_earliest_or_after_the_epoch():
    dated = [without("time_s", time=when) for when in ("2026-01-31T12:00:02Z", "2026-01-31T12:00:00.5")]
    assert [row.plot.time_s for row in decode(lines(*dated))] == [1.5, 0.0]
    epoch_s = 1_769_860_800.0  # 2026-01-31T12:00:00Z
    assert [row.plot.time_s for row in take(lines(*dated), epoch_s).rows] == [2.0, 0.5]
    assert [one.code for one in take(lines(*dated)).refused] == ["line", "line"]


BAD = [
    (b"{", "must be a JSON object"), (b"[1]", "must be a JSON object"), (b"\xff", "must be a JSON object"),
    (b"[" * 3_000, "must be a JSON object"), (b" " * 4_097 + b"{}", "4096"),
    (without("sensor"), "sensor must be a text"), (without(sensor=5), "sensor must be a text"),
    (without(sensor=""), "sensor must be a text"), (without(sensor="x" * 129), "sensor must be a text"),
    (without("azimuth_deg"), "azimuth_deg is missing"), (without(azimuth_deg=None), "azimuth_deg is missing"),
    (without(elevation_deg="high"), "elevation_deg must be a number"),
    (without(range_m=True), "range_m must be a number"), (without(range_m=[1]), "range_m must be a number"),
    (without(range_m=math.nan), "range_m must be a finite number"),
    (without(range_m=10**400), "range_m must be a finite number"),
    (without("time_s"), "time_s is missing"), (without("time_s", time="noon"), "time must read like"),
    (without("time_s", time=5), "time must read like"), (without(time_s="0"), "time_s must be a number"),
]  # fmt: skip


@pytest.mark.parametrize("line, said", BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_file_with_a_bad_line_is_refused_with_its_number(line, said):
    with pytest.raises(InputError) as error:
        decode(lines(LINE, LINE, line), "plots.jsonl")
    assert str(error.value).startswith("plots.jsonl: line 3")
    assert said in str(error.value)


@pytest.mark.parametrize("line, said", BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_live_door_refuses_the_bad_line_alone(line, said):
    found = take(lines(LINE, line, LINE))
    assert len(found.rows) == 2
    (refused,) = found.refused
    assert refused.code in ("line", "too_large")
    assert "line 2: " in refused.reason and said in refused.reason


def test_a_file_tells_time_in_one_way():
    dated = without("time_s", time="2026-01-31T12:00:00Z")
    with pytest.raises(InputError, match="line 2\n  must tell time as the first line does"):
        decode(lines(LINE, dated))


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_an_empty_file_is_refused_and_an_empty_parcel_is_not(data):
    with pytest.raises(InputError, match="holds no rows"):
        decode(data)
    assert take(data) == detections_json.Taken((), ())


def test_too_large_a_parcel_is_refused_whole():
    found = take(b"\n" * (MAX_BYTES + 1))
    assert (found.rows, [one.code for one in found.refused]) == ((), ["too_large"])


def fuzzed(count: int, seed: int) -> None:
    chance = random.Random(seed)
    for data in watched(hostile([GOOD, GOOD * 3], count, seed)):
        found = take(data, epoch_unix_s=chance.choice((None, 0.0)))
        assert len(found.rows) + len(found.refused) == sum(map(bool, map(bytes.strip, data.split(b"\n"))))


def test_whatever_comes_is_taken_or_refused():
    fuzzed(10_000, seed=1)


@pytest.mark.soak
def test_a_million_hostile_parcels_are_taken_or_refused():
    fuzzed(1_000_000, seed=2)


def test_the_example_of_the_page_is_taken():
    page = (ROOT / "docs" / "reference" / "sensor-door.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (row,) = decode(example.encode())
    assert (row.plot.sensor, row.plot.measurement[0]) == ("JPN-Sado", 812_000.0)
