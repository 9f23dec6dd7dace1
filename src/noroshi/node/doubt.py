"""What of a partner's word is refused, and why: it would poison whatever it is joined with."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from noroshi.node.state import BACK, WITHDRAWN, Node, Outbox
from noroshi.records.messages import (
    PAYLOADS,
    AlertNotice,
    AssessmentReport,
    ForecastReport,
    HotlineText,
    LaunchReport,
    Message,
    Opaque,
    OperatorAct,
    Payload,
    ReceiptList,
    SensorStatus,
    TaskingRequest,
    TrackReport,
    nation_of,
)
from noroshi.tracking import disagree, told
from noroshi.tracking.disagree import Assessment, Place

# How far a partner's clock may be ahead (assumption, 0.1 to 10 s), and how long ago a launch may be: longer
# than the longest flight of the record, 73 minutes.
_AHEAD_S, _OLDEST_S = 2.0, 5400.0
# A launch point that is worse known, km, says nothing. Assumption, 500 to 5000.
_VAGUE_KM = 2000.0
# Names and words are no longer than this, in letters; people's texts may be longer. Assumptions.
_NAME, _TEXT = 256, 10_000
_STATES, _ACTS = ("up", "degraded", "down"), ("hold", "resume", "stand_down", "confirm", "note")
# Where a partner may ask us to look, m: from the lowest ground to beyond the geostationary ring.
_LOWEST_M, _HIGHEST_M = -1e3, 50e6


def refused(message: Message, now_s: float, ours: bool = False) -> str | None:
    """Why a word cannot be used, or None; of what our own people write with `ours`, else of a partner's."""
    payload = message.payload
    try:
        if not _words(message.provenance):
            return "provenance is no words"
        if isinstance(payload, Opaque):
            return None
        if not isinstance(payload, PAYLOADS.get(message.kind, type(None))):
            return f"a {message.kind} that carries {type(payload).__name__}"
        if isinstance(payload, OperatorAct) and not ours:
            return f"an operator act of {message.origin}: only our own people act here"
        if isinstance(payload, AssessmentReport):
            return _verdict(payload, message.origin, now_s)
        check = _CHECKS.get(type(payload))
        return check(payload, now_s) if check is not None else None
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return "not numbers"


def counted(node: Node, message: Message, reason: str, out: Outbox) -> Node:
    """The node that has refused a message of its originator's once more, with a line for the journal."""
    out.note("refused", message=message.id, kind=message.kind, origin=message.origin, reason=reason)
    count = node.refused.get(message.origin, 0) + 1
    return replace(node, refused={**node.refused, message.origin: count})


def _words(told: object) -> bool:
    return isinstance(told, tuple | list) and all(isinstance(word, str) for word in told)


def _short(*told: object, most: int = _NAME) -> bool:
    return all(isinstance(word, str) and len(word) <= most for word in told)


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
    if report.path is not None and report.path.track_id != report.track_id:
        return f"the path of {report.track_id} is another's"
    path = _path(report.path, now_s) if report.path is not None else None
    return path or disagree.refused(assessment("", report))


def _launch(report: LaunchReport, now_s: float) -> str | None:
    if not _short(report.track_id):
        return "the name of its track is no word"
    if not all(math.isfinite(value) for name, value in vars(report).items() if name != "track_id"):
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


def _verdict(report: AssessmentReport, origin: str, now_s: float) -> str | None:
    if not _short(report.track_id, report.verdict) or not _short(report.reason, most=_TEXT):
        return "names are no words"
    if not report.track_id:
        return "of no track"
    if (owner := nation_of(report.track_id, origin)) != origin:
        return f"{report.track_id} is a track of {owner}"
    if report.verdict not in (*WITHDRAWN, *BACK):
        return f"verdict {report.verdict}"
    if not math.isfinite(report.time_s):
        return "not finite"
    if not now_s - _OLDEST_S <= report.time_s <= now_s + _AHEAD_S:
        return f"assessment of {report.time_s - now_s:.0f} s from now"
    return None


def _wish(wish: TaskingRequest, now_s: float) -> str | None:
    if not _short(wish.reason, most=_TEXT):
        return "reason is no words"
    if not all(math.isfinite(value) for name, value in vars(wish).items() if name != "reason"):
        return "not finite"
    if abs(wish.lat_deg) > 90 or abs(wish.lon_deg) > 360:
        return f"latitude {wish.lat_deg:g}, longitude {wish.lon_deg:g}"
    if not _LOWEST_M <= wish.height_m <= _HIGHEST_M:
        return f"{wish.height_m / 1e3:.0f} km high"
    if not 0 < wish.radius_km <= _VAGUE_KM:
        return f"{wish.radius_km:g} km around"
    return f"asked {wish.time_s - now_s:.0f} s ahead" if wish.time_s > now_s + _AHEAD_S else None


def _status(status: SensorStatus, now_s: float) -> str | None:
    if not _short(status.sensor, status.state) or not _short(status.reason, most=_TEXT):
        return "names are no words"
    if status.state not in _STATES:
        return f"state {status.state}"
    times = [status.from_s, *([] if status.until_s is None else [status.until_s])]
    return None if all(math.isfinite(time_s) for time_s in times) else "not finite"


def _hotline(said: HotlineText, now_s: float) -> str | None:
    fine = _short(said.author) and _short(said.text, most=_TEXT)
    return None if fine else "no words, or too many"


def _act(act: OperatorAct, now_s: float) -> str | None:
    if not _short(act.act, act.subject, act.author) or not _short(act.reason, most=_TEXT):
        return "no words, or too many"
    return None if act.act in _ACTS else f"{act.act} is none of {', '.join(_ACTS)}"


def _alert(alert: AlertNotice, now_s: float) -> str | None:
    return None if _words(alert.areas) and _short(alert.reason, most=_TEXT) else "areas are no words"


def _receipts(receipts: ReceiptList, now_s: float) -> str | None:
    pairs = isinstance(receipts.of, tuple | list)
    return (
        None if pairs and all(_words(one) and len(one) == 2 for one in receipts.of) else "no pairs of words"
    )


_CHECKS: dict[type[Payload], Callable[[Any, float], str | None]] = {
    LaunchReport: _launch,
    ForecastReport: _forecast,
    TrackReport: _path,
    TaskingRequest: _wish,
    SensorStatus: _status,
    HotlineText: _hotline,
    OperatorAct: _act,
    AlertNotice: _alert,
    ReceiptList: _receipts,
}


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
