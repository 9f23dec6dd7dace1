"""What a user asks to be flown, as typed at the door: a recorded launch, figures, or waypoints."""

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from noroshi.catalogue import door
from noroshi.catalogue.questions import Failure, Question, questions, with_burn
from noroshi.catalogue.record import find_launch, load_launches
from noroshi.catalogue.threats import load_threat
from noroshi.earth import geometry
from noroshi.earth.model import WGS84, Earth, sphere
from noroshi.errors import InputError
from noroshi.flight.announced import Announced, Sense, Told, as_rounded
from noroshi.flight.cruise import Waypoint
from noroshi.flight.missile import Site

FORMS = "6000, '>6000' (at least), '<50' (at most) or '6000+-25'"
_FIGURE = re.compile(
    r"\s*(?P<sense>>=?|<=?|≥|≤|~)?\s*(?P<value>[-+]?\d[\d,]*\.?\d*|[-+]?\.\d+)"
    r"\s*((±|\+-)\s*(?P<half>\d+\.?\d*))?\s*"
)
_SENSES: dict[str, Sense] = {">": "at least", "≥": "at least", "<": "at most", "≤": "at most"}
# Reach of the ballistic classes, km.
_CLASSES = (("srbm", 1000.0), ("mrbm", 3000.0), ("irbm-single-stage", 5500.0), ("icbm", float("inf")))
# How a bearing is read unless told otherwise.
_READ = "great-circle"
_COLUMNS = ("lat_deg", "lon_deg", "height_m", "speed_mps")


@dataclass(frozen=True)
class Typed:
    """Options of `noroshi fly`, unchecked; None where one was not given."""

    name: str | None = None
    file: Path | None = None
    lat: float | None = None
    lon: float | None = None
    height_m: float = 0.0
    bearing_deg: str | None = None
    convention: str = _READ
    apogee_km: str | None = None
    range_km: str | None = None
    flight_time_min: str | None = None
    end_lat: float | None = None
    end_lon: float | None = None
    family: str | None = None
    burn_s: float | None = None
    bank: str | None = None
    fails_at_s: float | None = None
    failure: str | None = None
    earth: str = "wgs84"
    rotation: bool = True
    air: bool = True
    seed: int = 0

    def questions(self) -> tuple[Question, ...]:
        """One question for each report of a recorded launch, or the one of own figures.

        Raises InputError that names the option.
        """
        over, banks, failure = self._earth(), self._banks(), self._failure()
        if self.name is not None:
            places = (self.lat, self.lon, self.end_lat, self.end_lon)
            figures = (self.bearing_deg, self.apogee_km, self.range_km, self.flight_time_min)
            given = any(value is not None for value in (*places, *figures))
            if given or self.height_m or self.convention != _READ:
                need = "is given together with figures."
                raise InputError("", "NAME", self.name, need, "Give one or the other.")
            launch = find_launch(self.name, load_launches(self.file))
            found = questions(launch, self.family or "", self.seed)
        else:
            found = (self._own(),)
        asked = (replace(one, earth=over, bank=banks, failure=failure) for one in found)
        if self.burn_s is None:
            return tuple(asked)
        return tuple(replace(one, threat=with_burn(one.profile, self.burn_s)) for one in asked)

    def _own(self) -> Question:
        if self.file is not None:
            hint = "Name one of its launches."
            raise InputError("", "--file", str(self.file), "is a record of launches.", hint)
        if self.lat is None or self.lon is None:
            missing = "--lat" if self.lat is None else "--lon"
            hint = "Give a recorded launch's name (noroshi launches), or a launch point with figures."
            raise InputError("", missing, None, "is missing.", hint)
        for option, value, bound in (
            ("--lat", self.lat, 90),
            ("--lon", self.lon, 180),
            ("--end-lat", self.end_lat, 90),
            ("--end-lon", self.end_lon, 180),
        ):
            if value is not None and not -bound <= value <= bound:
                raise InputError("", option, value, f"must lie between -{bound} and {bound} deg.")
        if not -500 <= self.height_m <= 9000:
            need = "must lie between -500 and 9,000 m: a launch starts on the ground, not inside the Earth."
            raise InputError("", "--height-m", self.height_m, need)
        if self.convention not in (_READ, "launch-azimuth"):
            need = "must be great-circle or launch-azimuth."
            raise InputError("", "--bearing-convention", self.convention, need)
        if (self.end_lat is None) != (self.end_lon is None):
            raise InputError("", "--end-lat, --end-lon", None, "belong together: give both or neither.")
        end = None if self.end_lat is None or self.end_lon is None else (self.end_lat, self.end_lon)
        # What reaches orbit has no range.
        needs_range = self.family != "space" or self.apogee_km is None
        if end is None and (self.bearing_deg is None or (self.range_km is None and needs_range)):
            missing = "--bearing-deg" if self.bearing_deg is None else "--range-km"
            hint = "A flight needs a range and a direction, or --end-lat and --end-lon."
            raise InputError("", missing, None, "is missing.", hint)
        told = Announced(
            figure("--apogee-km", self.apogee_km, 50.0, (1.0, 100_000.0)),
            figure("--range-km", self.range_km, 50.0, (1.0, 20_000.0)),
            figure("--bearing-deg", self.bearing_deg, 1.0, (-360.0, 360.0)),
            self.convention,  # type: ignore[arg-type]
            figure("--flight-time-min", self.flight_time_min, 1.0, (0.1, 300.0), unit=60.0),
            end,
        )
        site = Site(self.lat, self.lon, self.height_m)
        if end is not None and _apart_km(site, end) < 1:
            raise InputError("", "--end-lat, --end-lon", end, "is the launch point itself.")
        threat = load_threat(self.family or _class(site, told))
        return Question("flight", site, told, threat, seed=self.seed, strict_time=True)

    def _earth(self) -> Earth:
        if self.earth not in ("wgs84", "sphere"):
            raise InputError("", "--earth", self.earth, "must be wgs84 or sphere.")
        turn = WGS84.rotation_radps * self.rotation
        chosen = WGS84 if self.earth == "wgs84" else sphere()
        return chosen._replace(rotation_radps=turn, air=float(self.air))

    def _banks(self) -> tuple[tuple[float, float], ...]:
        """'30:120,-30:120' as (seconds, degrees)."""
        if self.bank is None:
            return ()
        try:
            pairs = [piece.split(":") for piece in self.bank.split(",")]
            banks = tuple((float(lasts_s), float(bank)) for bank, lasts_s in pairs)
        except ValueError:
            hint = "Write deg:s, such as 30:120,-30:120."
            raise InputError("", "--bank", self.bank, "is no programme of banks.", hint) from None
        if not all(0 < lasts_s < 1e5 and abs(bank) <= 180 for lasts_s, bank in banks):
            raise InputError("", "--bank", self.bank, "needs banks within 180 deg for more than 0 s.")
        return banks

    def _failure(self) -> Failure | None:
        if self.failure not in (None, "thrust-loss", "break-up"):
            raise InputError("", "--failure", self.failure, "must be thrust-loss or break-up.")
        if self.fails_at_s is None:
            if self.failure is not None:
                raise InputError("", "--failure", self.failure, "needs --fails-at-s: when does it fail?")
            return None
        if not 0.1 <= self.fails_at_s < 1e5:
            raise InputError("", "--fails-at-s", self.fails_at_s, "must lie between 0.1 and 100,000 s.")
        return Failure(self.fails_at_s, self.failure or "thrust-loss")  # type: ignore[arg-type]


def figure(
    option: str, text: str | None, coarse: float, bounds: tuple[float, float], unit: float = 1.0
) -> Told | None:
    """A figure as a user writes it, times `unit`: a bound, a half width, or rounded as its digits show.

    Raises InputError that names the option.
    """
    if text is None:
        return None
    match = _FIGURE.fullmatch(text)
    if match is None:
        raise InputError("", option, text, "is not a figure.", f"Write a number, such as {FORMS}.")
    value = float(match["value"].replace(",", ""))
    if not bounds[0] <= value <= bounds[1]:
        raise InputError("", option, text, f"must lie between {bounds[0]:g} and {bounds[1]:g}.")
    sense = _SENSES.get((match["sense"] or "~")[0], "about")
    told = as_rounded(value, coarse, sense)
    half = float(match["half"]) if match["half"] else told.half_width
    if half >= value > 0 and bounds[0] > 0:
        raise InputError("", option, text, "leaves nothing: its half width reaches zero.")
    return Told(told.value * unit, half * unit, sense)


def _apart_km(site: Site, end_deg: tuple[float, float]) -> float:
    """Distance over the ground, km."""
    places = np.radians([site.lat_deg, site.lon_deg, *end_deg])
    return float(geometry.great_circle(*places)[0]) / 1e3


def _class(site: Site, told: Announced) -> str:
    """The ballistic class: by range, or by how far a lofted flight could have gone, some twice its apogee."""
    apogee = told.apogee_km.value if told.apogee_km else 0.0
    ground = told.range_km.value if told.range_km else 0.0
    if told.end_deg is not None:
        ground = _apart_km(site, told.end_deg)
    reach = max(ground, 2 * apogee)
    return next(name for name, up_to in _CLASSES if reach <= up_to)


def load_waypoints(path: Path) -> tuple[Waypoint, ...]:
    """Waypoints of a CSV file with the columns lat_deg, lon_deg, height_m and speed_mps.

    Raises InputError: file, line, column, value.
    """
    where = str(path)
    rows = csv.DictReader(door.read_text(path, where).splitlines())
    missing = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise InputError(where, "", None, f"has no column {missing[0]}.", f"Needed: {', '.join(_COLUMNS)}.")
    points = []
    for line, row in enumerate(rows, start=2):
        values = []
        for column in _COLUMNS:
            try:
                values.append(float(row[column]))
            except (TypeError, ValueError):
                raise InputError(f"{where}:{line}", column, row[column], "must be a number.") from None
        points.append(Waypoint(*values))
    return tuple(points)
