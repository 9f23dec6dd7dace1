"""ASTERIX: bytes as the specification lays them out, read as plots of the sensors that the node knows."""

import math
import re
import struct
import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.errors import Refused
from noroshi.formats import asterix
from noroshi.formats.stations import Station, elevation, place_of
from noroshi.records.detections import Plot, Recorded
from tests.formats import wire
from tests.house.house import ROOT

RADAR = Station(
    "JPN-R-1", 40.9, 141.3, 100.0, range_sigma_m=50.0, azimuth_sigma_deg=0.1, height_sigma_m=300.0,
    geoid_m=38.0, range_rate_sigma_mps=3.0,
)  # fmt: skip
SDPS = Station("JPN-C-1", 35.0, 139.0, 20.0, 50.0, 0.1, height_sigma_m=150.0, position_sigma_m=250.0)
STATIONS = {(1, 2): RADAR, (8, 3): SDPS}
EVENING_S = 79_200.0  # 22:00 UTC
NM, FT = 1_852.0, 0.3048


def block(category: int, *records: bytes) -> bytes:
    body = b"".join(records)
    return struct.pack(">BH", category, len(body) + 3) + body


def report(
    source=b"\1\2", time_s=EVENING_S + 10, sort=b"\x30", polar=(100.0, 90.0), height_ft=10_000.0, doppler=200
) -> bytes:
    """A CAT 048 record by hand: items 010, 140, 020, 040, 110, 120 as far as given (I048, edition 1.32)."""
    first = 0x80 * bool(source) | 0x40 * (time_s is not None) | 0x20 * bool(sort) | 0x10 * bool(polar)
    third = 0x08 * (height_ft is not None) | 0x04 * (doppler is not None)
    fspec = bytes((first | 1, 1, third)) if third else bytes((first,))
    body = source or b""
    if time_s is not None:
        body += round(time_s * 128).to_bytes(3, "big")
    body += sort or b""
    if polar:
        body += struct.pack(">HH", round(polar[0] * 256), round(polar[1] / 360 * 65_536))
    if height_ft is not None:
        body += struct.pack(">H", round(height_ft / 25) % (1 << 14))
    if doppler is not None:
        body += b"\x80" + struct.pack(">H", doppler % (1 << 10))
    return fspec + body


def track(
    source=b"\x08\x03", time_s=EVENING_S + 10, place=(36.0, 140.0), velocity=(250.0, -100.0),
    status=b"\x01\x80", altitude_ft=40_000.0, climb=600.0, accuracy=(0.002, 0.003, 125.0),
) -> bytes:  # fmt: skip
    """A CAT 062 record by hand: items 010, 070, 105, 185, 080, 130, 220, 500 (I062, edition 1.20)."""
    first = 0x80 * bool(source) | 0x10 * (time_s is not None) | 0x08 * bool(place) | 0x02 * bool(velocity)
    third = 0x10 * (altitude_ft is not None) | 0x04 * (climb is not None)
    fspec = bytes((first | 1, 0x04 * bool(status) | 1, third | bool(accuracy)))
    fspec += b"\x04" * bool(accuracy)
    body = source or b""
    if time_s is not None:
        body += round(time_s * 128).to_bytes(3, "big")
    if place:
        body += struct.pack(">ii", *(round(value / 180 * 2**25) for value in place))
    if velocity:
        body += struct.pack(">hh", *(round(value / 0.25) for value in velocity))
    body += status or b""
    if altitude_ft is not None:
        body += struct.pack(">h", round(altitude_ft / 6.25))
    if climb is not None:
        body += struct.pack(">h", round(climb / 6.25))
    if accuracy:
        lat, lon, altitude = accuracy
        body += b"\x30" + struct.pack(">HH", round(lat / 180 * 2**25), round(lon / 180 * 2**25))
        body += bytes((round(altitude / 6.25),))
    return fspec + body


def taken(data: bytes, received_s: float = 10.5, exercise: bool = True) -> asterix.Taken:
    return asterix.decode(data, STATIONS, received_s, EVENING_S, exercise)


def refusal(data: bytes, exercise: bool = True) -> str:
    """The code with which its only record is refused."""
    found = taken(data, exercise=exercise)
    assert found.rows == ()
    (refused,) = found.refused
    return refused.code


def test_a_radars_report_is_a_plot_of_its_sensor():
    found = taken(block(48, report(), report(time_s=EVENING_S + 10.25, doppler=-150)))
    assert found.refused == ()
    first, second = found.rows
    assert (first.plot.sensor, first.plot.time_s, second.plot.time_s) == ("JPN-R-1", 10.0, 10.25)
    assert (first.lat_deg, first.lon_deg, first.height_m) == (40.9, 141.3, 100.0)
    assert first.plot.measurement[0] == 100 * NM
    assert first.plot.measurement[1] == pytest.approx(math.pi / 2)
    assert (first.plot.range_rate_mps, second.plot.range_rate_mps) == (200.0, -150.0)
    assert first.plot.range_rate_sigma_mps == 3.0
    assert first.plot.sigma[:2] == (50.0, math.radians(0.1))
    # The height is over the geoid, which lies 38 m above the ellipsoid there.
    assert place_of(first, RADAR)[2] == pytest.approx(10_000 * FT + 38.0, abs=0.1)


def test_the_sigma_of_an_elevation_is_that_of_height_and_range_over_the_distance():
    (row,) = taken(block(48, report(height_ft=3_000.0))).rows
    assert row.plot.sigma[2] == pytest.approx(300.0 / (100 * NM), rel=0.01)
    (steep,) = taken(block(48, report(polar=(20.0, 0.0), height_ft=100_000.0))).rows
    sine = math.sin(steep.plot.measurement[2])
    across_m = 20 * NM * math.sqrt(1 - sine**2)
    assert steep.plot.sigma[2] == pytest.approx(math.hypot(300.0, 50.0 * sine) / across_m, rel=0.01)


def test_a_doppler_speed_is_used_where_the_station_says_what_it_means():
    away = block(48, report())
    other = {
        (1, 2): Station("R", 40.9, 141.3, 100.0, 50.0, 0.1, 300.0, range_rate_sigma_mps=3.0, receding=False)
    }
    assert asterix.decode(away, other, 10.0, EVENING_S, True).rows[0].plot.range_rate_mps == -200.0
    silent = {(1, 2): Station("R", 40.9, 141.3, 100.0, 50.0, 0.1, 300.0)}
    plot = asterix.decode(away, silent, 10.0, EVENING_S, True).rows[0].plot
    assert (plot.range_rate_mps, plot.range_rate_sigma_mps) == (0.0, math.inf)
    doubtful = block(48, report(doppler=200)[:-2] + b"\x80\xc8")
    assert taken(doubtful).rows[0].plot.range_rate_sigma_mps == math.inf


def test_a_system_track_is_a_plot_as_its_station_would_see_it():
    (row,) = taken(block(62, track())).rows
    lat, lon, height_m = place_of(row, SDPS)
    assert (math.degrees(lat), math.degrees(lon)) == pytest.approx((36.0, 140.0), abs=6e-6)
    assert height_m == pytest.approx(40_000 * FT, abs=0.1)
    assert (row.plot.sensor, row.plot.time_s) == ("JPN-C-1", 10.0)
    # 0.003 degrees of longitude on that parallel are more than 0.002 of latitude: both ways as the larger.
    across_m = 0.003 * math.cos(math.radians(36.0)) * 111_320
    assert row.plot.sigma[0] == pytest.approx(across_m, rel=0.02)
    assert row.plot.range_rate_sigma_mps == math.inf


def test_a_system_tracks_velocity_becomes_a_range_rate_where_the_station_trusts_it():
    trusting = {(8, 3): Station("C", 36.0, 139.0, 0.0, 50.0, 0.1, 150.0, range_rate_sigma_mps=5.0)}
    data = block(62, track(velocity=(250.0, 0.0), altitude_ft=0.0, climb=0.0))
    (row,) = asterix.decode(data, trusting, 10.0, EVENING_S, True).rows
    assert row.plot.range_rate_mps == pytest.approx(250.0, abs=0.1)  # it flies east, away from a station west
    unsure = block(62, track(climb=None))
    assert (
        asterix.decode(unsure, trusting, 10.0, EVENING_S, True).rows[0].plot.range_rate_sigma_mps == math.inf
    )


def test_a_system_track_that_does_not_tell_its_accuracy_has_that_of_the_station():
    (row,) = taken(block(62, track(accuracy=None))).rows
    assert row.plot.sigma[0] == pytest.approx(250.0, rel=0.01)


@pytest.mark.parametrize(
    "record, code",
    [
        (report(source=None), "missing"), (report(source=b"\1\3"), "unknown_station"),
        (report(time_s=None), "missing"), (report(time_s=86_400.0), "time"),
        (report(time_s=60_000.0), "time"),
        (report(sort=None), "missing"), (report(polar=None), "missing"),
        (report(height_ft=None), "no_height"),
        (report(sort=b"\x20"), "not_simulated"), (report(sort=b"\x31\x80"), "test"),
        (report(sort=b"\x32"), "monitor"), (report(sort=b"\x10"), "no_detection"),
        (report(sort=b"\x31\x40"), "missing"), (report(polar=(0.0, 0.0)), "height"),
        (report(polar=(1.0, 0.0), height_ft=200_000.0), "height"),
        (report(polar=(250.0, 0.0), height_ft=-100_000.0), "height"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_report_that_cannot_be_used_is_refused_by_itself(record, code):
    assert refusal(block(48, record)) == code
    beside = taken(block(48, report(), record, report()))
    assert (len(beside.rows), [one.code for one in beside.refused]) == (2, [code])


@pytest.mark.parametrize(
    "record, code",
    [
        (track(source=None), "missing"), (track(source=b"\1\1"), "unknown_station"),
        (track(time_s=None), "missing"), (track(place=None), "missing"), (track(status=None), "missing"),
        (track(altitude_ft=None), "no_height"), (track(status=b"\x00"), "not_simulated"),
        (track(status=b"\x01\xc0"), "no_detection"), (track(status=b"\x01\x81\x01\x80"), "no_detection"),
        (track(place=(91.0, 0.0)), "asterix"), (track(place=(35.0, 139.0)), "height"),
        (track(place=(35.0, 139.0), altitude_ft=66.0), "height"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_system_track_that_cannot_be_used_is_refused_by_itself(record, code):
    assert refusal(block(62, record)) == code


def test_exercise_and_live_never_mix():
    assert refusal(block(48, report()), exercise=False) == "simulated"
    assert refusal(block(62, track()), exercise=False) == "simulated"
    assert refusal(block(48, report(sort=b"\x20")), exercise=True) == "not_simulated"
    assert len(taken(block(48, report(sort=b"\x20")), exercise=False).rows) == 1
    assert len(taken(block(62, track(status=b"\x00")), exercise=False).rows) == 1


def test_other_categories_are_counted_and_passed_over():
    found = taken(block(34, b"\x80\1\2") + block(48, report()) + block(21))
    assert (len(found.rows), [one.code for one in found.refused]) == (1, ["category", "category"])


@pytest.mark.parametrize(
    "time_of_day_s, received_s, told_s",
    [
        (EVENING_S, 0.5, 0.0), (86_399.0, 7_200.5, 7_199.0), (0.0, 7_200.5, 7_200.0), (1.0, 7_199.5, 7_201.0),
        (86_399.5, 7_203.0, 7_199.5), (EVENING_S, 86_400.25, 86_400.0), (EVENING_S - 1, -0.5, -1.0),
    ],
)  # fmt: skip
def test_a_time_of_day_is_the_one_nearest_to_when_it_came(time_of_day_s, received_s, told_s):
    (row,) = taken(block(48, report(time_s=time_of_day_s)), received_s).rows
    assert row.plot.time_s == told_s


def test_a_published_record_is_read_as_far_as_it_goes():
    # A report of secondary radar that is shown with several decoders: SAC 25, SIC 201, 27354.6 s, no height.
    data = bytes.fromhex(
        "300030fdf70219c9356d4da0c5aff1e0020005283c660c10c236d4182001c0780031bc0000400deb07b9582e410020f5"
    )
    station = {(25, 201): RADAR}
    found = asterix.decode(data, station, 27_355.0, 0.0, False)
    assert [one.code for one in found.refused] == ["no_height"]


azimuths = st.floats(-math.pi, math.pi)
ranges = st.floats(1_000.0, 470_000.0) | st.floats(470_000.0, 1_500_000.0)


@given(ranges, azimuths, st.floats(0.0, 61_000.0), st.floats(0.0, 86_400.0), st.floats(-500.0, 500.0))
def test_a_plot_goes_through_a_target_report_within_its_steps(
    range_m, azimuth_rad, height_m, time_s, rate_mps
):
    assume(height_m < range_m * 0.99)
    row = plotted(RADAR, range_m, azimuth_rad, height_m, time_s, rate_mps)
    data = asterix.encode([row], STATIONS, 48, EVENING_S, True)
    (back,) = asterix.decode(data, STATIONS, time_s, EVENING_S, True).rows
    assert back.plot.time_s == pytest.approx(time_s, abs=1 / 256)
    assert back.plot.measurement[0] == pytest.approx(range_m, abs=NM / 512)
    assert (
        abs(math.remainder(back.plot.measurement[1] - azimuth_rad, 2 * math.pi)) <= math.pi / 65_536 * 1.0001
    )
    assert place_of(back, RADAR)[2] == pytest.approx(height_m, abs=12.5 * FT + 0.1)
    assert back.plot.range_rate_mps == pytest.approx(rate_mps, abs=0.5)


@given(ranges, azimuths, st.floats(0.0, 61_000.0), st.floats(0.0, 86_400.0))
def test_a_plot_goes_through_a_system_track_within_its_steps(range_m, azimuth_rad, height_m, time_s):
    assume(height_m < range_m * 0.99)
    row = plotted(SDPS, range_m, azimuth_rad, height_m, time_s, 0.0)
    data = asterix.encode([row], STATIONS, 62, EVENING_S, True)
    (back,) = asterix.decode(data, STATIONS, time_s, EVENING_S, True).rows
    assert back.plot.time_s == pytest.approx(time_s, abs=1 / 256)
    there, here = (frames.ecef(*place_of(one, SDPS)) for one in (row, back))
    assert math.dist(there, here) < 1.2  # half a step: 0.3 m each way along the ground, 0.95 m upward


def plotted(station: Station, range_m, azimuth_rad, height_m, time_s, rate_mps) -> Recorded:
    """What a station measures of a target at that range and height."""
    angle, sigma_rad = elevation(station, range_m, azimuth_rad, height_m)
    plot = Plot(
        station.sensor, time_s, (range_m, azimuth_rad, angle), (50.0, 0.001, sigma_rad), False, rate_mps, 3.0
    )
    return Recorded(plot, station.lat_deg, station.lon_deg, station.height_m)


def test_many_plots_take_several_blocks():
    rows = [plotted(RADAR, 200_000.0, 0.5, 10_000.0, float(second), 0.0) for second in range(600)]
    data = asterix.encode(rows, STATIONS, 48, EVENING_S, True)
    found = asterix.decode(data, STATIONS, 300.0, EVENING_S, True)
    assert [row.plot.time_s for row in found.rows] == [float(second) for second in range(600)]


@pytest.mark.parametrize("category", [48, 62])
def test_what_the_format_cannot_tell_is_not_written(category):
    row = Recorded(Plot("JPN-R-1", 0.0, (500_000.0, 0.0, 0.5), (50.0, 1e-3, 1e-3), False), 40.9, 141.3, 100.0)
    with pytest.raises(Refused, match="out_of_range: height"):
        asterix.encode([row], STATIONS, category, EVENING_S, True)
    angles = Recorded(
        Plot("JPN-R-1", 0.0, (0.0, 0.0, 0.5), (math.inf, 1e-3, 1e-3), False), 40.9, 141.3, 100.0
    )
    with pytest.raises(Refused, match="out_of_range: a plot without a range"):
        asterix.encode([angles], STATIONS, category, EVENING_S, True)
    with pytest.raises(Refused, match="category: category 21"):
        asterix.encode([row], STATIONS, 21, EVENING_S, True)
    with pytest.raises(Refused, match="unknown_station"):
        asterix.encode([row], {}, category, EVENING_S, True)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30", b"\x30\x00", b"\x30\x00\x02", b"\x30\x00\x00", b"\x30\xff\xff", block(48, report())[:-1],
        block(48, report()[:-1]), block(48, b"\xff\xff\xff\xff\xff\xff"), block(48, b"\x80\x01"),
        block(62, track()[:-1]), block(62, b"\x01"), block(48, report()) + b"\x30",
    ],
    ids=lambda data: f"{len(data)} bytes",
)  # fmt: skip
def test_a_broken_datagram_is_refused(data):
    with pytest.raises(Refused, match="asterix"):
        taken(data)


def test_a_datagram_has_an_end():
    with pytest.raises(Refused, match="too_large"):
        taken(bytes(asterix.MAX_BYTES + 1))
    empty = asterix.decode(block(48) * (asterix.MAX_BYTES // 3), STATIONS, 0.0, EVENING_S, True)
    assert empty == asterix.Taken((), ())
    assert taken(b"") == asterix.Taken((), ())
    with pytest.raises(Refused, match="too_large: has more than"):
        taken(block(48, bytes(10_000)))


def fuzzed(count: int, seed: int) -> None:
    far = plotted(RADAR, 900_000.0, 1.0, 50_000.0, 10.0, 0.0)
    good = [
        block(48, report(), report(sort=b"\x31\x00")), block(62, track(), track(accuracy=None)),
        asterix.encode([far], STATIONS, 48, EVENING_S, True),
    ]  # fmt: skip
    taken(good[0])  # what is made on first use is not theirs
    for data in wire.watched(wire.hostile(good, count, seed)):
        try:
            found = taken(data)
        except Refused:
            continue
        for row in found.rows:
            numbers = (row.plot.time_s, *row.plot.measurement, *row.plot.sigma, row.plot.range_rate_mps)
            assert all(map(math.isfinite, numbers)) and min(row.plot.sigma) > 0


def test_whatever_comes_is_taken_or_refused():
    fuzzed(10_000, seed=1)


@pytest.mark.soak
def test_a_million_hostile_datagrams_are_taken_or_refused():
    fuzzed(1_000_000, seed=2)


def test_the_stations_of_the_page_can_be_made():
    page = (ROOT / "docs" / "reference" / "sensor-door.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (row,) = tomllib.loads(example)["stations"]
    told = {name: value for name, value in row.items() if name not in ("sac", "sic")}
    station = Station(**told, lat_deg=38.086, lon_deg=138.335, height_m=1_042.0)
    assert (row["sac"], row["sic"], station.sensor) == (25, 201, "JPN-Sado")
