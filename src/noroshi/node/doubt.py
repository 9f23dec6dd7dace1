"""What of a partner's word is refused, and why: it would poison whatever it is joined with."""

import math

from noroshi.records.messages import ForecastReport, LaunchReport, Message, TrackReport
from noroshi.tracking import disagree, told
from noroshi.tracking.disagree import Assessment, Place

# How far a partner's clock may be ahead (assumption, 0.1 to 10 s), and how long ago a launch may be: longer
# than the longest flight of the record, 73 minutes.
_AHEAD_S, _OLDEST_S = 2.0, 5400.0
# A launch point that is worse known, km, says nothing. Assumption, 500 to 5000.
_VAGUE_KM = 2000.0


def refused(message: Message, now_s: float) -> str | None:
    """Why a partner's word cannot be used, or None."""
    payload = message.payload
    try:
        if not _words(message.provenance):
            return "provenance is no words"
        if isinstance(payload, LaunchReport):
            return _launch(payload, now_s)
        if isinstance(payload, ForecastReport):
            return _forecast(payload, now_s)
        return _path(payload, now_s) if isinstance(payload, TrackReport) else None
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return "not numbers"


def _words(told: object) -> bool:
    return isinstance(told, tuple | list) and all(isinstance(word, str) for word in told)


def _path(path: TrackReport, now_s: float) -> str | None:
    if not _words((path.track_id, *path.also)) or not _words(path.also):
        return "names of tracks are no words"
    return told.refused(path, now_s)


def _forecast(report: ForecastReport, now_s: float) -> str | None:
    if not _words((report.track_id, *(name for name, _ in report.assessment))):
        return "names are no words"
    if not math.isfinite(report.time_s):
        return "not finite"
    if not now_s - _OLDEST_S <= report.time_s <= now_s + _AHEAD_S:
        return f"forecast of {report.time_s - now_s:.0f} s from now"
    if not 0 <= report.burning_probability <= 1:
        return f"burns with probability {report.burning_probability:g}"
    path = _path(report.path, now_s) if report.path is not None else None
    return path or disagree.refused(assessment("", report))


def _launch(report: LaunchReport, now_s: float) -> str | None:
    if not all(math.isfinite(value) for value in vars(report).values()):
        return "not finite"
    if abs(report.lat_deg) > 90 or abs(report.lon_deg) > 360:
        return f"latitude {report.lat_deg:g}, longitude {report.lon_deg:g}"
    if not 0 < report.sigma_km <= _VAGUE_KM:
        return f"launch point known to {report.sigma_km:g} km"
    if not 0 < report.azimuth_sigma_deg <= 360:
        return f"direction known to {report.azimuth_sigma_deg:g} deg"
    if report.launch_time_s > now_s + _AHEAD_S:
        return f"launch {report.launch_time_s - now_s:.0f} s ahead"
    if report.launch_time_s < now_s - _OLDEST_S:
        return f"launch {now_s - report.launch_time_s:.0f} s ago"
    return None


def assessment(nation: str, report: ForecastReport, launch: Place | None = None) -> Assessment:
    """What a partner takes a thing for; a forecast tells no spread of the launch point, its report does."""
    return Assessment(
        nation,
        impact=Place(
            report.impact_lat_deg,
            report.impact_lon_deg,
            report.semi_major_km,
            report.semi_minor_km,
            report.major_azimuth_deg,
        ),
        impact_time_s=report.impact_time_s,
        impact_time_sigma_s=report.impact_time_sigma_s,
        launch=launch,
        launch_time_s=report.launch_time_s,
        classes=dict(report.assessment),
    )
