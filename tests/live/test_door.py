"""The sensor door: sound plots go in, in the sensor's own axes; the rest is counted, said, and harmless."""

import io
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.exercise import taken
from noroshi.exercise.nations import nodes
from noroshi.formats import asterix, detections, detections_json
from noroshi.live.clock import ExerciseClock
from noroshi.live.door import Door, stations_of
from noroshi.records.detections import Plot, Recorded

RADAR = "JPN-Ominato"


class Pages:
    """A journal that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def put(self, entry):
        self.lines.append(entry)
        return self

    def add_done_callback(self, call):
        pass


@pytest.fixture(scope="module")
def usa(replayed):
    return nodes(replayed, "national", 0)["USA"].desk


@pytest.fixture(scope="module")
def japan(replayed):
    return nodes(replayed, "national", 0)["JPN"].desk


def door(desk, exercise=True, stations=None):
    plots = []
    made = Door(desk, ExerciseClock(100.0), Pages(), plots.extend, 1664835720.0, exercise, stations)
    return made, plots


@pytest.fixture(scope="module")
def rows(replayed):
    """Plots of a radar as its table has them, with the plots that they are of."""
    sensor = next(one for one in replayed.sensors if one.id == RADAR)
    plots = [
        Plot(RADAR, 90.0 + number, (1.1e6 + number, 0.01 * number, 0.4), (50.0, 1e-3, 1e-3), False)
        for number in range(3)
    ]
    return taken.rows({RADAR: sensor}, plots), plots


def same(got, expected):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert one.sensor == other.sensor
        np.testing.assert_allclose(one.measurement, other.measurement, rtol=0, atol=1e-6)
        np.testing.assert_allclose(one.sigma, other.sigma, rtol=1e-6)


@pytest.mark.parametrize("form, encode", [("jsonl", detections_json.encode), ("parquet", detections.encode)])
def test_plots_go_in_as_the_sensor_measured_them(japan, rows, form, encode):
    at, plots = door(japan)
    assert at.parcel(f"sense.{RADAR}.{form}", encode(rows[0])) == 3
    same(plots, rows[1])
    assert not at.journal.lines and at.status()[RADAR][form] == 3


def test_a_satellites_angles_are_turned_into_its_own_axes(usa, replayed):
    sensor = next(one for one in replayed.sensors if one.id in usa.satellites)
    plot = Plot(sensor.id, 95.0, (0.0, 0.02, -0.03), (math.inf, 1e-4, 1e-4), False)
    at, plots = door(usa)
    assert (
        at.parcel(f"sense.{sensor.id}.jsonl", detections_json.encode(taken.rows({sensor.id: sensor}, [plot])))
        == 1
    )
    same(plots, [plot])


def test_asterix_comes_in_under_the_station_that_the_nation_names(japan, rows):
    table = [{"sac": 1, "sic": 7, "sensor": RADAR, "range_sigma_m": 50.0, "azimuth_sigma_deg": 0.05,
              "height_sigma_m": 100.0}]  # fmt: skip
    stations = stations_of(table, japan, "asterix.toml")
    station = stations[1, 7]
    low = Recorded(
        Plot(RADAR, 99.0, (1.5e5, 1.0, 0.05), (50.0, 1e-3, 1e-3), False),
        station.lat_deg, station.lon_deg, station.height_m,
    )  # fmt: skip
    day_s = 22 * 3600 + 22 * 60.0
    at, plots = door(japan, stations=stations)
    assert at.parcel(f"sense.{RADAR}.asterix048", asterix.encode([low], stations, 48, day_s, True)) == 1
    np.testing.assert_allclose(plots[0].measurement[0], 1.5e5, atol=50)
    assert at.parcel(f"sense.{RADAR}.asterix048", b"\x30\x00\x05\xff\xff") == 0
    assert at.journal.lines[-1]["direction"] == "sensor"


def test_a_station_that_is_nobodys_is_refused_with_its_place(japan):
    with pytest.raises(InputError, match="no radar of JPN"):
        stations_of([{"sac": 1, "sic": 7, "sensor": "KOR-Nowhere"}], japan, "asterix.toml")
    with pytest.raises(InputError, match="must have sac"):
        stations_of([{"sac": 1}], japan, "asterix.toml")


@pytest.mark.parametrize(
    "subject, data, reason",
    [
        (f"sense.{RADAR}.xml", b"", "format"),
        ("sense.JPN-Nowhere.jsonl", b"", "unknown_sensor"),
        ("nonsense", b"", "format"),
        (f"sense.{RADAR}.jsonl", b"x" * (1 << 20) + b"x", "too_large"),
        (f"sense.{RADAR}.jsonl", b"no json\n", "line"),
        (f"sense.{RADAR}.parquet", b"no table", "failed"),
    ],
)
def test_whatever_is_wrong_is_said_with_its_reason(japan, subject, data, reason):
    at, plots = door(japan)
    assert at.parcel(subject, data) == 0 and not plots
    (line,) = at.journal.lines
    assert line["event"] == "refused" and line["reason"] == reason and line["detail"]
    assert list(at.refused.values()) == [1]


def test_one_bad_row_leaves_the_others_good(japan, rows):
    good = detections_json.encode(rows[0])
    at, plots = door(japan)
    assert at.parcel(f"sense.{RADAR}.jsonl", b"{}\n" + good + b"[1]\n") == 3
    assert at.refused[RADAR, "line"] == 2 and len(plots) == 3


def test_rows_of_another_sensor_or_place_are_refused(japan, rows):
    at, plots = door(japan)
    data = detections_json.encode(rows[0])
    assert at.parcel("sense.JPN-Sado.jsonl", data) == 0
    assert at.refused["JPN-Sado", "sensor"] == 3
    away = data.replace(b'"sensor_lat_deg": 41', b'"sensor_lat_deg": 31')
    assert away != data and at.parcel(f"sense.{RADAR}.jsonl", away) == 0
    assert at.refused[RADAR, "place"] == 3 and not plots


def test_a_table_without_the_federations_seconds_is_refused(japan, rows):
    table = pq.read_table(io.BytesIO(detections.encode(rows[0])))
    times = pa.array([0, 1, 2], pa.timestamp("s"))
    dated = table.drop_columns(["time_s"]).append_column("time", times)
    out = io.BytesIO()
    pq.write_table(dated, out)
    at, plots = door(japan)
    assert at.parcel(f"sense.{RADAR}.parquet", out.getvalue()) == 0 and not plots
    assert at.refused[RADAR, "table"] == 1


def test_a_flood_of_refusals_does_not_fill_the_journal(japan):
    at, _ = door(japan)
    for _ in range(1000):
        at.parcel(f"sense.{RADAR}.jsonl", b"no json\n")
    assert at.refused[RADAR, "line"] == 1000 and len(at.journal.lines) <= 101
    for number in range(1000):
        at.parcel(f"sense.stranger-{number}.jsonl", b"")
    assert set(at.refused) == {(RADAR, "line"), ("?", "unknown_sensor")}


def fuzzed(japan, count):
    forms = st.sampled_from(["jsonl", "parquet", "asterix048", "asterix062", "json", ""])

    @settings(max_examples=count)
    @given(forms, st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
    def any_bytes(form, data):
        at, plots = door(japan)
        assert at.parcel(f"sense.{RADAR}.{form}", data) == len(plots)

    any_bytes()


def test_no_bytes_stop_the_door(japan):
    fuzzed(japan, 10_000)


@pytest.mark.soak
def test_no_bytes_stop_the_door_however_many(japan):
    fuzzed(japan, 1_000_000)
