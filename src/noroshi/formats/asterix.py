"""ASTERIX: target reports of radars (CAT 048, edition 1.32) and system tracks (CAT 062, edition 1.20).

docs/reference/sensor-door.md tells which items are read, in which units, and what is refused. Made for
aircraft: heights end at 62 km, and of what flies higher nothing can be told.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from noroshi.earth import frames
from noroshi.errors import Refused
from noroshi.formats.stations import Station, elevation, place_of, seen
from noroshi.formats.taken import Taken
from noroshi.records.detections import Plot, Recorded

MAX_BYTES = 65_535  # a datagram
MAX_RECORDS = 4_096
_NM, _FT = 1_852.0, 0.3048
_TIME_LSB_S = 1 / 128
_RANGE_LSB_M = _NM / 256
_AZIMUTH_LSB_RAD = 2 * math.pi / 65_536
_HEIGHT_LSB_M = 25 * _FT  # I048/110
_ALTITUDE_LSB_M = 6.25 * _FT  # I062/130
_DEGREE_LSB = 180 / 2**25  # I062/105, edition 1.20
_SPEED_LSB_MPS = 0.25  # I062/185
_CLIMB_LSB_MPS = 6.25 * _FT / 60  # I062/220
_DAY_S = 86_400.0
_MOST_APART_S = 3_600.0
_METRE_PER_DEGREE = 111_320.0


Stations = Mapping[tuple[int, int], Station]  # by SAC and SIC


def decode(data: bytes, stations: Stations, received_s: float, epoch_day_s: float, exercise: bool) -> Taken:
    """Plots of a datagram that came `received_s` after the epoch, the `epoch_day_s`th second of its UTC day.

    Each record that cannot be used is refused by itself: "category", "unknown_station", "missing",
    "simulated", "not_simulated", "test", "monitor", "no_detection", "no_height", "height", "time". Raises
    Refused("too_large") or ("asterix") for a datagram that is broken, and nothing else.
    """
    if len(data) > MAX_BYTES:
        raise Refused("too_large", f"has {len(data)} bytes; a datagram has at most {MAX_BYTES}")
    rows: list[Recorded] = []
    refused: list[Refused] = []
    for category, body in _blocks(data):
        if category not in _READ:
            refused.append(Refused("category", f"category {category} is not read here; 48 and 62 are"))
            continue
        for record in _records(category, body):
            if len(rows) + len(refused) >= MAX_RECORDS:
                raise Refused("too_large", f"has more than {MAX_RECORDS} records")
            try:
                of = _Items(record)
                station = _station(of, stations)
                time_s = _time(of.number(_CLOCK[category]), received_s, epoch_day_s)
                rows.append(_READ[category](of, station, time_s, exercise))
            except Refused as refusal:
                refused.append(Refused(refusal.code, f"CAT {category:03d}: {refusal.reason}"))
    return Taken(tuple(rows), tuple(refused))


def encode(
    rows: Sequence[Recorded], stations: Stations, category: int, epoch_day_s: float, exercise: bool
) -> bytes:
    """Data blocks of plots as target reports (48) or as system tracks (62), for tests and exercises.

    Raises Refused: "category", "unknown_station" for a sensor that is none of the stations, "out_of_range"
    for what the category cannot tell, such as heights above 62 km.
    """
    if category not in _WRITE:
        raise Refused("category", f"category {category} is not written here; 48 and 62 are")
    by_name = {station.sensor: (key, station) for key, station in stations.items()}
    made = []
    for number, row in enumerate(rows):
        if row.plot.sensor not in by_name:
            raise Refused("unknown_station", f"{row.plot.sensor!r} is none of the stations")
        (sac, sic), station = by_name[row.plot.sensor]
        clock = round((epoch_day_s + row.plot.time_s) % _DAY_S / _TIME_LSB_S) % round(_DAY_S / _TIME_LSB_S)
        made.append(
            {"010": (("SAC", sac), ("SIC", sic)), **_WRITE[category](row, station, clock, number, exercise)}
        )
    spec = _spec(category)
    blocks = []
    for first in range(0, len(made), _BLOCK):
        records = [spec.cv_record.create(items) for items in made[first : first + _BLOCK]]
        blocks.append(spec.create(records).unparse().to_bytes())
    return b"".join(blocks)


_BLOCK = 256  # records; a block's length has 16 bits


@cache
def _library() -> tuple[Any, Any]:
    """libasterix, on first use: its tables of all categories take 1.5 s and 80 MB."""
    import asterix.base
    import asterix.generated

    return asterix.base, asterix.generated


def _spec(category: int) -> Any:
    _, generated = _library()
    return {48: generated.Cat_048_1_32, 62: generated.Cat_062_1_20}[category]


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Category and records of each data block. In a loop: the library's own reader recurses per block."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 3], "big")
        if size < 3 or at + size > len(data):
            raise Refused(
                "asterix", f"byte {at}: a data block of {size} bytes where {len(data) - at} are left"
            )
        yield data[at], data[at + 3 : at + size]
        at += size


def _records(category: int, body: bytes) -> Iterator[Any]:
    """Records of a data block, each parsed when it is asked for."""
    base, _ = _library()
    record, left = _spec(category).cv_record, base.Bits.from_bytes(body)
    while len(left):
        try:
            found = record.parse(base.ParsingMode.StrictParsing, left)
        except (ValueError, AssertionError, IndexError, RecursionError) as error:
            found = error
        if isinstance(found, Exception):
            said = str(found)[:100] or "malformed"
            raise Refused("asterix", f"CAT {category:03d} cannot be parsed: {said}")
        parsed, left = found
        yield parsed


class _Items:
    """Values of a record's items and subitems, by their names in the specification."""

    def __init__(self, record: Any) -> None:
        self._record = record

    def number(self, item: str, *subitems: str) -> int | None:
        """The bits as an unsigned integer, None where they are not there."""
        found = self._record.get_item(item)
        for name in subitems:
            found = found and found.variation.get_item(name)
        return None if found is None else int(found.as_uint())

    def signed(self, bits: int, item: str, *subitems: str) -> int | None:
        """The bits in two's complement."""
        value = self.number(item, *subitems)
        return value if value is None or value < 1 << (bits - 1) else value - (1 << bits)

    def extended_range(self) -> int | None:
        """The range of 24 bits in the reserved expansion field, for what is beyond 256 NM."""
        base, generated = _library()
        found = self._record.get_item("RE")
        if found is None:
            return None
        told = generated.Ref_048_1_13.cv_expansion.parse(base.Bits.from_bytes(found.variation.get_bytes()))
        if isinstance(told, Exception):
            raise Refused("asterix", "its reserved expansion field cannot be parsed")
        item = told[0].get_item("ERR")
        return None if item is None else int(item.as_uint())


def _station(of: _Items, stations: Stations) -> Station:
    sac, sic = of.number("010", "SAC"), of.number("010", "SIC")
    if sac is None or sic is None:
        raise Refused("missing", "item 010 is not there")
    if (sac, sic) not in stations:
        raise Refused("unknown_station", f"SAC {sac} SIC {sic} is none of the stations")
    return stations[sac, sic]


def _time(clock: int | None, received_s: float, epoch_day_s: float) -> float:
    """Seconds after the epoch of a time of day: the one that is nearest to when it came."""
    if clock is None:
        raise Refused("missing", "the time of day is not there")
    day_s = clock * _TIME_LSB_S
    if day_s >= _DAY_S:
        raise Refused("time", f"a day has no second {day_s:.0f}")
    apart_s = (day_s - epoch_day_s - received_s + _DAY_S / 2) % _DAY_S - _DAY_S / 2
    if abs(apart_s) > _MOST_APART_S:
        raise Refused("time", f"is {apart_s:.0f} s from when it came; {_MOST_APART_S:.0f} s are taken")
    return received_s + apart_s


def _marked(simulated: int | None, exercise: bool) -> None:
    """Simulated reports belong in an exercise, and nothing else does."""
    if simulated and not exercise:
        raise Refused("simulated", "is marked SIM; a live node does not take it")
    if exercise and not simulated:
        raise Refused("not_simulated", "is not marked SIM; an exercise takes nothing else")


def _read_report(of: _Items, station: Station, time_s: float, exercise: bool) -> Recorded:
    """A target report of a radar that measures height."""
    sort = of.number("020", "TYP")
    if sort is None:
        raise Refused("missing", "item 020 is not there")
    _marked(of.number("020", "SIM"), exercise)
    if of.number("020", "TST"):
        raise Refused("test", "is a test target")
    if of.number("020", "RAB"):
        raise Refused("monitor", "is of a fixed transponder")
    if not sort:
        raise Refused("no_detection", "nothing was detected; a track was carried on")
    distance, angle = of.number("040", "RHO"), of.number("040", "THETA")
    if distance is None or angle is None:
        raise Refused("missing", "item 040 is not there")
    if of.number("020", "ERR"):
        distance = of.extended_range()
        if distance is None:
            raise Refused("missing", "its extended range is announced and not there")
    height = of.signed(14, "110", "3DH")
    if height is None:
        raise Refused("no_height", "item 110 is not there: without a height there is no elevation")
    range_m, azimuth_rad = distance * _RANGE_LSB_M, angle * _AZIMUTH_LSB_RAD
    height_m = height * _HEIGHT_LSB_M + station.geoid_m
    elevation_rad, sigma_rad = elevation(station, range_m, azimuth_rad, height_m)
    doppler = None if of.number("120", "CAL", "D") else of.signed(10, "120", "CAL", "CAL")
    rate_mps = None if doppler is None else float(doppler if station.receding else -doppler)
    measured = (range_m, azimuth_rad, elevation_rad)
    sigma = (station.range_sigma_m, math.radians(station.azimuth_sigma_deg), sigma_rad)
    return _recorded(station, time_s, measured, sigma, rate_mps)


def _read_track(of: _Items, station: Station, time_s: float, exercise: bool) -> Recorded:
    """A system track as its station would see the target."""
    if of.number("080", "MON") is None:
        raise Refused("missing", "item 080 is not there")
    _marked(of.number("080", "SIM"), exercise)
    if of.number("080", "CST") or of.number("080", "TSE"):
        raise Refused("no_detection", "the track was carried on without a detection, or ends")
    lat, lon = of.signed(32, "105", "LAT"), of.signed(32, "105", "LON")
    if lat is None or lon is None:
        raise Refused("missing", "item 105 is not there")
    altitude = of.signed(16, "130")
    if altitude is None:
        raise Refused("no_height", "item 130 is not there: pressure altitudes are none of a missile")
    if abs(lat * _DEGREE_LSB) > 90 or abs(lon * _DEGREE_LSB) > 180:
        raise Refused("asterix", "its position is on no Earth")
    lat_rad, lon_rad = math.radians(lat * _DEGREE_LSB), math.radians(lon * _DEGREE_LSB)
    target_m = frames.ecef(lat_rad, lon_rad, altitude * _ALTITUDE_LSB_M)
    measured, sigma, along = seen(station, target_m, *_accuracy(of, station, lat_rad))
    east, north, climb = of.signed(16, "185", "VX"), of.signed(16, "185", "VY"), of.signed(16, "220")
    rate_mps = None
    if east is not None and north is not None and climb is not None:
        enu = np.array([east * _SPEED_LSB_MPS, north * _SPEED_LSB_MPS, climb * _CLIMB_LSB_MPS])
        rate_mps = float(along @ (enu @ frames.enu_axes(lat_rad, lon_rad)))
    return _recorded(station, time_s, measured, sigma, rate_mps)


def _accuracy(of: _Items, station: Station, lat_rad: float) -> tuple[float, float]:
    """One sigma of a track each way along the ground and upward, m: as told, else the station's."""
    lat, lon, altitude = (
        of.number("500", "APW", "LAT"),
        of.number("500", "APW", "LON"),
        of.number("500", "AGA"),
    )
    across_m = station.position_sigma_m
    if lat and lon:
        across_m = max(lat, lon * math.cos(lat_rad)) * _DEGREE_LSB * _METRE_PER_DEGREE
    return across_m, altitude * _ALTITUDE_LSB_M if altitude else station.height_sigma_m


def _recorded(
    station: Station,
    time_s: float,
    measured: tuple[float, float, float],
    sigma: tuple[float, float, float],
    rate_mps: float | None,
) -> Recorded:
    rated = rate_mps is not None and math.isfinite(station.range_rate_sigma_mps)
    range_m, azimuth_rad, elevation_rad = measured
    plot = Plot(
        sensor=station.sensor,
        time_s=time_s,
        measurement=(range_m, math.remainder(azimuth_rad, 2 * math.pi), elevation_rad),
        sigma=sigma,
        cued=False,
        range_rate_mps=rate_mps if rated and rate_mps is not None else 0.0,
        range_rate_sigma_mps=station.range_rate_sigma_mps if rated else math.inf,
    )
    return Recorded(plot, station.lat_deg, station.lon_deg, station.height_m, station.bias_sigma)


def _bits(value: float, lsb: float, bits: int, what: str, signed: bool = True) -> int:
    """A value in steps of `lsb`, in two's complement where `signed`."""
    steps = round(value / lsb)
    least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not least <= steps <= most:
        raise Refused(
            "out_of_range", f"{what} {value:.6g} is not between {least * lsb:.6g} and {most * lsb:.6g}"
        )
    return steps % (1 << bits)


def _write_report(row: Recorded, station: Station, clock: int, number: int, exercise: bool) -> dict[str, Any]:
    """Items of a CAT 048 record beside its source."""
    range_m, azimuth_rad, _ = row.plot.measurement
    _, _, height_m = place_of(row, station)
    distance = _bits(range_m, _RANGE_LSB_M, 24, "range", signed=False)
    beyond = distance >= 1 << 16
    angle = round(azimuth_rad % (2 * math.pi) / _AZIMUTH_LSB_RAD) % 65_536
    first = 1 << 4 | exercise << 3  # TYP single primary, SIM
    items: dict[str, Any] = {
        "020": (first, 1 << 5) if beyond else (first,),  # ERR
        "040": (("RHO", min(distance, 65_535)), ("THETA", angle)),
        "110": (0, ("3DH", _bits(height_m - station.geoid_m, _HEIGHT_LSB_M, 14, "height"))),
        "140": clock,
    }
    if math.isfinite(row.plot.range_rate_sigma_mps):
        rate_mps = row.plot.range_rate_mps if station.receding else -row.plot.range_rate_mps
        # Ten bits of 1 m/s: what is faster is left out.
        if abs(rate_mps) <= 511:
            items["120"] = {"CAL": (0, 0, ("CAL", _bits(rate_mps, 1.0, 10, "range rate")))}
    if beyond:
        _, generated = _library()
        items["RE"] = generated.Ref_048_1_13.cv_expansion.create({"ERR": distance}).unparse().to_bytes()
    return items


def _write_track(row: Recorded, station: Station, clock: int, number: int, exercise: bool) -> dict[str, Any]:
    """Items of a CAT 062 record beside its source."""
    lat, lon, height_m = place_of(row, station)
    place = (
        ("LAT", _bits(math.degrees(lat), _DEGREE_LSB, 32, "latitude")),
        ("LON", _bits(math.degrees(lon), _DEGREE_LSB, 32, "longitude")),
    )
    return {
        "040": number % 65_536,
        "070": clock,
        "080": (1 << 6, exercise << 6),  # MON, SIM
        "105": place,
        "130": _bits(height_m, _ALTITUDE_LSB_M, 16, "height"),
    }


_CLOCK = {48: "140", 62: "070"}
_READ = {48: _read_report, 62: _read_track}
_WRITE = {48: _write_report, 62: _write_track}
