"""The sensor door: detections of the nation's own sensors, over NATS, as `sense.<sensor>.<format>`.

Formats are parquet, jsonl, asterix048 and asterix062. Whatever is wrong with a parcel or with one row of it
is counted and journaled with its reason; the rest goes in, and the node goes on.
"""

import asyncio
import io
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import pyarrow.parquet as pq

from noroshi.earth import frames, geometry
from noroshi.errors import InputError, Refused
from noroshi.formats import asterix, detections, detections_json
from noroshi.formats.stations import Station
from noroshi.formats.taken import Taken
from noroshi.live.clock import Clock
from noroshi.live.flood import Flood
from noroshi.node.desk import Desk
from noroshi.records.detections import Plot, Recorded

FORMATS = ("parquet", "jsonl", "asterix048", "asterix062")
SUBJECT = "sense.*.*"
MAX_BYTES = 1 << 20
MAX_ROWS = 20_000
# A table may unfold to so many bytes.
_MAX_UNFOLDED_BYTES = 64 << 20
# A row that places its sensor farther off than this from where the nation has it is of something else, m.
_ASTRAY_M = 10e3


class Journal(Protocol):
    """What the door asks of the journal."""

    def put(self, entry: dict[str, Any]) -> "asyncio.Future[int]":
        """The entry's number once it is on the disk."""
        ...


class Door:
    """Reads parcels for one nation; `take` gets the plots of each in the sensor's own axes."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        journal: Journal,
        take: Callable[[Sequence[Plot]], None],
        epoch_unix_s: float,
        exercise: bool,
        stations: asterix.Stations | None = None,
    ) -> None:
        self.desk, self.clock, self.journal, self.take = desk, clock, journal, take
        self.epoch_unix_s, self.exercise, self.stations = epoch_unix_s, exercise, stations or {}
        self.taken: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.last_s: dict[str, float] = {}
        self._floods: dict[str, Flood] = {}

    async def attach(self, connection: Any) -> Any:
        """Listen on an open connection to the nation's own server; returns the subscription."""

        async def heard(message: Any) -> None:
            self.parcel(message.subject, message.data)

        return await connection.subscribe(SUBJECT, cb=heard)

    def parcel(self, subject: str, data: bytes) -> int:
        """Take in one parcel, whatever it is; how many of its plots went in."""
        sensor, form = _told(subject)
        try:
            if form not in FORMATS:
                raise Refused("format", f"{form or subject!r} is none of {', '.join(FORMATS)}")
            if sensor not in self._sensors:
                raise Refused("unknown_sensor", f"{self.desk.nation} has no sensor {sensor!r}")
            if len(data) > MAX_BYTES:
                raise Refused("too_large", f"has {len(data)} bytes; {MAX_BYTES} are taken")
            found = self._read(form, data)
        except Refused as refused:
            self._refuse(sensor, form, refused)
            return 0
        except Exception as error:  # whatever a sensor sends, the next parcel is read
            self._refuse(sensor, form, Refused("failed", f"{type(error).__name__}: {error}"))
            return 0
        for refusal in found.refused:
            self._refuse(sensor, form, refusal)
        plots = []
        for row in found.rows:
            try:
                plots.append(self._plot(sensor, row))
            except Refused as refused:
                self._refuse(sensor, form, refused)
        if plots:
            self.taken[sensor, form] += len(plots)
            self.last_s[sensor] = max(plot.time_s for plot in plots)
            self.take(plots)
        return len(plots)

    def status(self) -> dict[str, Any]:
        """Per sensor: plots taken, refusals by reason, time of the last plot."""
        told: dict[str, Any] = {}
        for (sensor, form), count in sorted(self.taken.items()):
            told.setdefault(sensor, {})[form] = count
        for (sensor, reason), count in sorted(self.refused.items()):
            told.setdefault(sensor, {}).setdefault("refused", {})[reason] = count
        for sensor, t_s in self.last_s.items():
            told[sensor]["last_s"] = round(t_s, 3)
        return told

    @property
    def _sensors(self) -> frozenset[str]:
        desk = self.desk
        return frozenset([*desk.radars, *desk.satellites, *desk.skywaves])

    def _read(self, form: str, data: bytes) -> Taken:
        if form == "jsonl":
            return _few(detections_json.take(data, self.epoch_unix_s))
        if form == "parquet":
            return _few(_table(data))
        of_day = datetime.fromtimestamp(self.epoch_unix_s, UTC)
        midnight = of_day.replace(hour=0, minute=0, second=0, microsecond=0)
        epoch_day_s = (of_day - midnight).total_seconds()
        found = asterix.decode(data, self.stations, self.clock.now_s(), epoch_day_s, self.exercise)
        return _few(found)

    def _plot(self, sensor: str, row: Recorded) -> Plot:
        """The row in the sensor's own axes. Raises Refused("sensor"), ("place") or ("not_a_number")."""
        if row.plot.sensor != sensor:
            raise Refused("sensor", f"a row of {row.plot.sensor[:64]!r} came as one of {sensor}")
        told = row.plot.time_s, *row.plot.measurement, row.lat_deg, row.lon_deg, row.height_m
        if not all(map(math.isfinite, told)) or any(map(math.isnan, row.plot.sigma)):
            raise Refused("not_a_number", "a value is missing or is no number")
        site, axes = self._place(sensor, row.plot.time_s)
        claimed = frames.ecef(np.radians(row.lat_deg), np.radians(row.lon_deg), row.height_m)
        if (astray_m := float(np.linalg.norm(np.asarray(claimed) - site))) > _ASTRAY_M:
            raise Refused("place", f"says that {sensor} stands {astray_m / 1e3:.0f} km from where it does")
        return in_own_axes(row.plot, site, axes)

    def _place(self, sensor: str, t_s: float) -> tuple[np.ndarray, np.ndarray]:
        if sensor in self.desk.skywaves:
            return self.desk.skywaves[sensor](t_s)
        eye = self.desk.eye(sensor, t_s)
        return eye.site_ecef_m, eye.axes

    def _refuse(self, sensor: str, form: str, refused: Refused) -> None:
        # Names that nobody has are as many as anybody likes.
        known = sensor if sensor in self._sensors else "?"
        self.refused[known, refused.code] += 1
        entry = {
            "t_s": round(self.clock.now_s(), 3),
            "node": self.desk.nation,
            "event": "refused",
            "direction": "sensor",
            "sensor": known,
            "format": form[:16],
            "reason": refused.code,
            "detail": refused.reason[:200],
        }
        flood, unix_s = self._floods.setdefault(known, Flood()), self.clock.unix_s()
        head = {name: entry[name] for name in ("t_s", "node", "event", "direction", "sensor")}
        for line in (
            *({**head, **more} for more in flood.over(unix_s)),
            *flood.let(refused.code, entry, unix_s),
        ):
            # Nobody waits for it; a disk that fails is told by the journal's own trouble.
            self.journal.put(line).add_done_callback(lambda done: done.cancelled() or done.exception())


def in_own_axes(plot: Plot, site: np.ndarray, axes: np.ndarray) -> Plot:
    """A plot whose angles are from north and from the horizon, turned into the axes of its sensor."""
    lat, lon, _ = (float(value) for value in frames.geodetic(site))
    enu = frames.enu_axes(lat, lon)
    if np.allclose(axes, enu, atol=1e-9):
        return plot
    _, azimuth, up = plot.measurement
    way = geometry.direction(enu, np.float64(azimuth), np.float64(up))
    seen = geometry.range_azimuth_elevation(site, axes, site + 1e6 * way)
    turned, elevation = float(seen[1]), float(seen[2])
    # Of what stands across its line of sight a sensor is as sure all round.
    across = max(math.cos(elevation), 1e-6)
    sigma = plot.sigma[0], plot.sigma[1] * math.cos(up) / across, plot.sigma[2]
    return Plot(
        plot.sensor,
        plot.time_s,
        (plot.measurement[0], turned, elevation),
        sigma,
        plot.cued,
        plot.range_rate_mps,
        plot.range_rate_sigma_mps,
    )


def _told(subject: str) -> tuple[str, str]:
    """Sensor and format of a subject; empty for what has another shape."""
    tokens = subject.split(".")
    return (tokens[1], tokens[2]) if len(tokens) == 3 and tokens[0] == "sense" else ("", "")


def _table(data: bytes) -> Taken:
    """Rows of a Parquet table, once it is sure that it is small."""
    try:
        about = pq.ParquetFile(io.BytesIO(data)).metadata
        unfolded = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
        if about.num_rows > MAX_ROWS or unfolded > _MAX_UNFOLDED_BYTES:
            raise Refused("too_large", f"has {about.num_rows} rows in {unfolded} bytes")
        if "time_s" not in about.schema.to_arrow_schema().names:
            # A file's times may begin with its first row; at a door they must be the federation's.
            raise Refused("table", "has no time_s, seconds after the epoch")
        return Taken(tuple(detections.decode(data)), ())
    except InputError as error:
        raise Refused("table", " ".join(str(error).split())[:200]) from None


def _few(found: Taken) -> Taken:
    if len(found.rows) > MAX_ROWS:
        raise Refused("too_large", f"has {len(found.rows)} rows; {MAX_ROWS} are taken")
    return found


def stations_of(rows: Sequence[Mapping[str, Any]], desk: Desk, where: str) -> asterix.Stations:
    """Stations behind SAC and SIC as a node's asterix.toml names them, at the places of the desk.

    Raises InputError.
    """
    found = {}
    for number, row in enumerate(rows):
        field = f"stations.{number}"
        try:
            told = {name: value for name, value in row.items() if name not in ("sac", "sic", "sensor")}
            sensor, key = str(row["sensor"]), (int(row["sac"]), int(row["sic"]))
        except (KeyError, TypeError, ValueError):
            raise InputError(where, field, None, "must have sac, sic and sensor.") from None
        if sensor not in desk.radars:
            known = ", ".join(sorted(desk.radars))
            raise InputError(where, f"{field}.sensor", sensor, f"is no radar of {desk.nation}: {known}.")
        eye = desk.eye(sensor, 0.0)
        lat, lon, height_m = (float(value) for value in frames.geodetic(eye.site_ecef_m))
        place = math.degrees(lat), math.degrees(lon), height_m
        range_m, azimuth, elevation = (float(value) for value in eye.bias_sigma)
        try:
            found[key] = Station(sensor, *place, bias_sigma=(range_m, azimuth, elevation), **told)
        except TypeError as error:
            raise InputError(where, field, None, f"does not fit a station: {error}.") from None
    return found
