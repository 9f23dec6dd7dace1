"""The public record of launches: one row of a CSV file as one checked launch, found by name.

The shipped file is data/record/launches.csv; another with the same columns loads in the same way.
"""

import csv
import io
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from itertools import chain, count
from pathlib import Path
from typing import Literal, NoReturn, get_args

from pydantic_core import PydanticCustomError

from noroshi.catalogue import door, wording
from noroshi.catalogue.base import NAME, Within, did_you_mean
from noroshi.catalogue.profiles import KM
from noroshi.catalogue.reported import Report as Report
from noroshi.catalogue.reported import reports
from noroshi.errors import InputError
from noroshi.flight.announced import Told

Kind = Literal["slv", "icbm", "irbm", "mrbm", "srbm", "slbm", "hgv"]
KINDS: tuple[str, ...] = get_args(Kind)
QUALITIES = ("A", "B", "C")
SHIPPED = door.DATA / "record" / "launches.csv"

COLUMNS = (
    "date_utc", "launch_time_utc", "missile", "class", "launch_site", "launch_lat", "launch_lon",
    "azimuth_or_direction", "apogee_km", "apogee_qualifier", "range_km", "range_qualifier", "flight_time_min",
    "impact_description", "jp_range_km", "rok_range_km", "jp_apogee_km", "rok_apogee_km", "outcome",
    "salvo_count", "derived_impact_lat", "derived_impact_lon", "derived_impact_basis", "reported_by",
    "second_report", "dprk_claim", "quality_tier", "launch_coord_basis", "source_url", "notes",
)  # fmt: skip

_LATITUDE = Within(at_least=-90, at_most=90, unit="deg")
_LONGITUDE = Within(at_least=-180, at_most=180, unit="deg")
_BEARING = Within(at_least=0, at_most=360, unit="deg")
# An orbit's apogee may be high; half of a meridian is 20,004 km, and nothing on the ground is farther away.
_HEIGHT = Within(above=0, at_most=100_000, unit="km", slips=KM)
_GROUND = Within(above=0, at_most=20_000, unit="km", slips=KM)
_NUMBERS = {
    "apogee_km": _HEIGHT, "jp_apogee_km": _HEIGHT, "rok_apogee_km": _HEIGHT,
    "range_km": _GROUND, "jp_range_km": _GROUND, "rok_range_km": _GROUND,
    "flight_time_min": Within(above=0, at_most=180, unit="min", slips=(("seconds", 1 / 60),)),
}  # fmt: skip


@dataclass(frozen=True)
class EndPoint:
    """Where a flight may have ended; derived from other figures, never observed."""

    lat_deg: float
    lon_deg: float
    basis: str


@dataclass(frozen=True)
class RecordedLaunch:
    """One launch as the public record has it; None and empty text where nothing was published.

    The place is a facility, not a launcher. `bearing_deg` comes from a data set that does not state its
    convention; it is read as the first bearing of the great circle from launch to end point.
    """

    name: str
    launched_utc: datetime | date
    missile: str
    kind: Kind
    site: str
    site_basis: str
    lat_deg: float | None
    lon_deg: float | None
    direction: str
    bearing_deg: Told | None
    salvo_count: int | None
    outcome: str
    quality: str
    irregular: bool
    impact: str
    derived_end: EndPoint | None
    reports: tuple[Report, ...]
    second_report: str
    notes: str
    sources: tuple[str, ...]
    threat: str = ""


def load_launches(path: Path | str | None = None) -> tuple[RecordedLaunch, ...]:
    """The launches of a file in its order; of the shipped record without one.

    Raises InputError: file, line, column, value, what would do.
    """
    file = SHIPPED if path is None else Path(path)
    where = door.shipped(file) if path is None else str(path)
    found: dict[str, RecordedLaunch] = {}
    for row in _rows(door.read_text(file, where), where):
        launch = _launch(row, found)
        found[launch.name] = launch
    return tuple(found.values())


def find_launch(name: str, launches: Sequence[RecordedLaunch]) -> RecordedLaunch:
    """The launch called `name`, or the only one whose name begins so, or whose missile holds it.

    Raises InputError when none does, or several do.
    """
    asked = name.strip().lower()
    tests = (
        lambda one: one.name == asked,
        lambda one: one.name.startswith(asked),
        lambda one: asked in one.missile.lower(),
    )
    for test in tests:
        found = [one for one in launches if test(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                name, "", None, f"fits {len(found)} launches: {_some(found)}.", "Give more of it."
            )
    raise InputError(name, "", None, "is no launch of the record.", _nearest(asked, launches))


def threat_for(launch: RecordedLaunch) -> str:
    """The threat profile that flies this launch, by class and headline figures; its own wins."""
    if launch.threat:
        return launch.threat
    told = launch.reports[0].announced
    apogee = told.apogee_km.value if told.apogee_km else None
    ground = told.range_km.value if told.range_km else None
    if launch.kind in ("srbm", "slbm"):
        # A ballistic flight of least energy rises to some quarter of its range; this one stays in the air.
        flat = apogee is not None and ground is not None and apogee <= 60 and ground >= 4.5 * apogee
        if launch.irregular or flat:
            return "quasi-ballistic"
    if launch.kind == "slbm":
        # Lofted, it comes down near but rises higher than any missile of short range would.
        short = (ground or 0) < 1000 and (apogee or 0) < 250 and (ground or apogee)
        return "srbm" if short else "mrbm"
    other = {"slv": "space", "hgv": "glide", "irbm": "irbm-single-stage"}
    return other.get(launch.kind, launch.kind)


def _some(launches: Sequence[RecordedLaunch]) -> str:
    """Names of launches, not more than one would read."""
    names = [one.name for one in launches[:12]]
    return ", ".join(names) + (f" and {len(launches) - 12} more" if len(launches) > 12 else "")


def _nearest(asked: str, launches: Sequence[RecordedLaunch]) -> str:
    """What may have been meant; a date may be that of the place, nine hours ahead of UTC."""
    there = [
        one
        for one in launches
        if isinstance(one.launched_utc, datetime)
        and (one.launched_utc + timedelta(hours=9)).date().isoformat() == asked[:10]
    ]
    if there:
        return f"Names begin with the date in UTC; in Korea and Japan it was that day at {_some(there)}."
    hint = did_you_mean(asked, (one.name for one in launches), listed=False)
    return hint or "`noroshi launches` lists them."


@dataclass(frozen=True)
class _Row:
    """One line of the file, to be read cell by cell."""

    where: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def refuse(self, column: str, need: str, hint: str = "") -> NoReturn:
        raise InputError(self.where, f"line {self.line}: {column}", self.cells[column], need, hint)

    def number(self, column: str, bounds: Within) -> float | None:
        """The number in a cell; None where it is empty."""
        text = self.cells[column]
        if not text:
            return None
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
            plain = text.replace(",", "")
            comma = bool(re.fullmatch(wording.NUMBER, text, re.ASCII))
            self.refuse(column, "must be a number.", f"Without commas: {plain}." if comma else "Or empty.")
        return self.within(column, float(text), bounds)

    def within(self, column: str, value: float, bounds: Within) -> float:
        """A number that is checked against its bounds."""
        try:
            bounds(value)
        except PydanticCustomError as error:
            context = error.context or {}
            self.refuse(column, context["need"], context["hint"])
        return value

    def place(self, lat: str, lon: str) -> tuple[float, float] | None:
        """A place on the ground: both of its numbers or neither."""
        north, east = self.number(lat, _LATITUDE), self.number(lon, _LONGITUDE)
        if north is not None and east is not None:
            return north, east
        if north is not None or east is not None:
            column, other = (lat, lon) if north is None else (lon, lat)
            self.refuse(column, f"must not be empty beside {other}.", "Give both or neither.")
        return None

    def one_of(self, column: str, known: Sequence[str]) -> str:
        """A word of a short list, written in whatever case."""
        for word in known:
            if word.lower() == self.cells[column].lower():
                return word
        hint = did_you_mean(self.cells[column].lower(), known, listed=False)
        self.refuse(column, f"must be one of {', '.join(known)}.", hint)


def _rows(text: str, where: str) -> Iterator[_Row]:
    """The rows of a CSV file with our columns, blank lines left out, each with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 0
    try:
        for cells in reader:
            begins, line = line + 1, reader.line_num
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if header is None:
                header = cells
                _check_header(header, where, begins)
            elif len(cells) != len(header):
                raise InputError(
                    where,
                    f"line {begins}",
                    None,
                    f"has {len(cells)} values for {len(header)} columns.",
                    "Text with commas in it stands in quotation marks.",
                )
            else:
                yield _Row(where, begins, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InputError(where, f"line {line + 1}", None, f"is not valid CSV: {error}.") from None
    if header is None:
        raise InputError(
            where, "", None, f"is empty; its first line must name the columns {COLUMNS[0]} and on."
        )


def _check_header(header: Sequence[str], where: str, line: int) -> None:
    for column in COLUMNS:
        if column not in header:
            near = get_close_matches(column, [name for name in header if name not in COLUMNS], n=1)
            hint = f'Is it the one called "{near[0]}"?' if near else f"The columns are: {', '.join(COLUMNS)}."
            raise InputError(where, f"line {line}", None, f'has no column "{column}".', hint)
        if header.count(column) > 1:
            raise InputError(where, f"line {line}", None, f'has two columns "{column}".', "Rename one.")


def _launch(row: _Row, taken: Container[str]) -> RecordedLaunch:
    """One launch of a row, by a name that none before it has."""
    launched = _launched(row)
    stamp = f"{launched:%Y-%m-%d-%H%M}" if isinstance(launched, datetime) else f"{launched:%Y-%m-%d}"
    plain = f"{stamp}-{wording.slug(row['missile'])}"
    names = chain([plain], (f"{plain}-{number}" for number in count(2)))
    name = next(one for one in names if one not in taken)
    place = row.place("launch_lat", "launch_lon")
    end = row.place("derived_impact_lat", "derived_impact_lon")
    bearing = wording.direction(row["azimuth_or_direction"])
    if bearing is not None:
        row.within("azimuth_or_direction", bearing.value, _BEARING)
    numbers = {column: row.number(column, bounds) for column, bounds in _NUMBERS.items()}
    words = (
        "apogee_qualifier",
        "range_qualifier",
        "impact_description",
        "second_report",
        "dprk_claim",
        "notes",
    )
    threat = row.cells.get("threat", "")
    if threat and not re.fullmatch(NAME, threat):
        row.refuse("threat", "must be the name of a threat profile: letters, digits, - and _ only.")
    return RecordedLaunch(
        name=name,
        launched_utc=launched,
        missile=row["missile"],
        kind=row.one_of("class", KINDS),  # type: ignore[arg-type]
        site=row["launch_site"],
        site_basis=row["launch_coord_basis"],
        lat_deg=place[0] if place else None,
        lon_deg=place[1] if place else None,
        direction=row["azimuth_or_direction"],
        bearing_deg=bearing,
        salvo_count=_salvo(row),
        outcome=row["outcome"],
        quality=row.one_of("quality_tier", QUALITIES) if row["quality_tier"] else "",
        irregular=wording.irregular(*(row[column] for column in words)),
        impact=row["impact_description"],
        derived_end=EndPoint(*end, row["derived_impact_basis"]) if end else None,
        reports=reports(row.cells, numbers, bearing),
        second_report=row["second_report"],
        notes=row["notes"],
        sources=tuple(part for part in re.split(r"\s+\|\s+|\s*\|\s*(?=https?:)", row["source_url"]) if part),
        threat=threat,
    )


def _launched(row: _Row) -> datetime | date:
    """When it was launched, UTC; the day alone where no time is given."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", row["date_utc"], re.ASCII):
            raise ValueError
        day = date.fromisoformat(row["date_utc"])
    except ValueError:
        row.refuse("date_utc", "must be a date, such as 2022-10-03.")
    text = row["launch_time_utc"]
    if not text:
        return day
    clock = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?Z?", text, re.ASCII)
    try:
        if clock is None:
            raise ValueError
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        row.refuse("launch_time_utc", "must be a time of day in UTC, such as 22:22.", "Or empty.")


def _salvo(row: _Row) -> int | None:
    salvo = row.number("salvo_count", Within(at_least=1, at_most=1000))
    if salvo is not None and salvo != int(salvo):
        row.refuse("salvo_count", "must be a whole number.")
    return None if salvo is None else int(salvo)
