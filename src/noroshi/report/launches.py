"""Recorded launches as a table for a terminal, and as plain objects for programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table

from noroshi.catalogue.record import RecordedLaunch, threat_for
from noroshi.flight.announced import Told

_SIGNS = {"about": "~", "at least": "≥", "at most": "≤"}


def table(launches: Sequence[RecordedLaunch]) -> Table:
    """One row for each launch: the headline figures, and who reported."""
    found = Table(box=None, header_style="bold", pad_edge=False)
    found.add_column("name", no_wrap=True)
    found.add_column("missile", no_wrap=True, overflow="ellipsis", max_width=28)
    found.add_column("class")
    for column in ("apogee km", "range km", "min"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column("reports")
    found.add_column("quality")
    for launch in launches:
        told = launch.reports[0].announced
        found.add_row(
            launch.name,
            launch.missile,
            launch.kind,
            _shown(told.apogee_km),
            _shown(told.range_km),
            _shown(told.flight_time_s, 60.0),
            _reporters(launch),
            launch.quality,
        )
    return found


def _shown(told: Told | None, unit: float = 1.0) -> str:
    if told is None:
        return ""
    return f"{_SIGNS[told.sense]}{told.value / unit:,.10g}"


def _reporters(launch: RecordedLaunch) -> str:
    """Who reported, once each, by the first word."""
    words = [part.split()[0] for report in launch.reports for part in report.by.split("/") if part.strip()]
    return ", ".join(dict.fromkeys(words))


def plain(launch: RecordedLaunch) -> dict[str, Any]:
    """Everything that is known of a launch, as data/schema/launches.schema.json has it."""
    when = launch.launched_utc
    stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(when, datetime) else when.isoformat()
    end = launch.derived_end
    return {
        "name": launch.name,
        "launched_utc": stamp,
        "missile": launch.missile,
        "class": launch.kind,
        "threat": threat_for(launch),
        "irregular": launch.irregular,
        "salvo_count": launch.salvo_count,
        "outcome": launch.outcome,
        "site": launch.site,
        "site_basis": launch.site_basis,
        "lat_deg": launch.lat_deg,
        "lon_deg": launch.lon_deg,
        "direction": launch.direction,
        "bearing_deg": _told(launch.bearing_deg),
        "bearing_convention": launch.reports[0].announced.convention,
        "reports": [
            {
                "by": report.by,
                "apogee_km": _told(report.announced.apogee_km),
                "range_km": _told(report.announced.range_km),
                "flight_time_s": _told(report.announced.flight_time_s),
                "note": report.note,
            }
            for report in launch.reports
        ],
        "impact": launch.impact,
        "derived_end": end and {"lat_deg": end.lat_deg, "lon_deg": end.lon_deg, "basis": end.basis},
        "second_report": launch.second_report,
        "notes": launch.notes,
        "quality": launch.quality,
        "sources": list(launch.sources),
    }


def _told(told: Told | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {"value": told.value, "half_width": told.half_width, "sense": told.sense}
