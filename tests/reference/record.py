"""The public record: each launch whose flight time was told, flown by the generic missile of its class."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from noroshi.catalogue.record import RecordedLaunch, Report, find_launch, load_launches, threat_for
from noroshi.catalogue.threats import flyer, load_threat
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site
from tests.reference.cases import Case, Group, Tolerance
from tests.reference.lofted import coast, minutes_told

RECORD = Group(
    "record",
    "Launches of the record",
    "Every report with a flight time in `src/noroshi/data/record/launches.csv`, space launches apart. The "
    "generic missile of the class (middle of the shipped profile that `threat_for` names) is fitted to "
    "apogee, range and direction, bounds at their value, without an apogee by least velocity; its time is "
    "not fitted but compared. Tolerance 5 %, at least a minute and a half.",
    "The sources of each launch stand in [launches.csv](../src/noroshi/data/record/launches.csv); "
    "[what its columns mean](reference/launches.md).",
)
CLAIM = Group(
    "claim",
    "A claim that cannot be",
    "A flight of the claimed apogee and range takes longer than the claimed time even without its boost "
    "and without air: over a round Earth at rest, and over ours, turning, as the middle of the profile "
    "`icbm` flies it. The claim is from memory; this says that its three numbers do not belong together, "
    "and validates nothing of ours.",
    "Claim for 24 March 2022 as the record has it: 6,248.5 km, 1,090 km, 4,052 s.",
)

# Likely causes, from what the record says; none is established.
KNOWN_MISSES = {
    "record-2017-08-28-2058-hwasong-12-japan-mod": (
        "Likely what was timed: the coast alone takes 13.4 min with these figures, so that 14 min from "
        '05:58 to 06:12 leave half a minute for a boost of two to three. It "broke into three", and 06:12 '
        "may be when that was seen, or when it was last seen, not an impact. The shortest burn of the "
        "profile with figures as low as their rounding allows still takes 15.6 min. South Korea put the "
        "launch a minute earlier, at 05:57."
    ),
    "record-2017-11-28-1818-hwasong-15-japan-mod": (
        'The apogee is a bound ("far over 4,000 km"), flown at its value: the shortest such flight. South '
        "Korea's 4,500 km takes 53.3 min."
    ),
    "record-2023-06-15-1024-kn-23-japan-mod": (
        "Likely the path: an irregular one was announced, and 850 km in 11 min are 1.3 km/s over the "
        "ground; our single pull-up from 50 km flies them at 1.6 km/s, and the ends of the profile's "
        "spread take 8.5 and 9.1 min. South Korea has 780 km and 10 min (launch 19:25)."
    ),
    "record-2023-12-17-2324-hwasong-18-japan-mod": (
        'The apogee is a bound ("over 6,000 km"), flown at its value: the shortest such flight. The '
        "6,518.2 km that North Korea told take 73.6 min."
    ),
}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _from_memory(report: Report) -> bool:
    return "from memory" in report.note


@cache
def _flown_min(name: str, by: str) -> float:
    """Time, min, of the generic missile that meets a report's figures."""
    launch = find_launch(name, _LAUNCHES)
    report = next(one for one in launch.reports if one.by == by)
    missile, body = flyer(load_threat(threat_for(launch)), lambda _: 0.5)
    site = Site(launch.lat_deg, launch.lon_deg)
    return fit(site, report.announced, missile, body).flight_time_s / 60


def _said(launch: RecordedLaunch, report: Report) -> str:
    told = report.announced
    over = {"at least": "over ", "at most": "under ", "about": ""}
    parts = [
        f"{over[one.sense]}{one.value:,g} km {way}"
        for one, way in ((told.apogee_km, "high"), (told.range_km, "far"))
        if one is not None
    ]
    day, profile = f"{launch.launched_utc:%Y-%m-%d}", threat_for(launch)
    return f"{launch.missile}, {day}: {', '.join(parts)}; flown as `{profile}`"


def _reports() -> list[tuple[RecordedLaunch, Report]]:
    return [
        (launch, report)
        for launch in _LAUNCHES
        if launch.kind != "slv"
        for report in launch.reports
        if report.announced.flight_time_s is not None
    ]


def _cases() -> list[Case]:
    cases = []
    for launch, report in _reports():
        if _from_memory(report):
            cases += _claims(launch, report)
            continue
        minutes = report.announced.flight_time_s.value / 60
        name = f"record-{launch.name}-{_slug(report.by)}"
        cases.append(
            Case(
                name, RECORD, _said(launch, report), report.by, "R", minutes, "min", minutes_told(minutes),
                lambda launch=launch, report=report: _flown_min(launch.name, report.by), ".1f",
                KNOWN_MISSES.get(name, ""),
            )
        )  # fmt: skip
    return cases


def _claims(launch: RecordedLaunch, report: Report) -> list[Case]:
    """That the claimed time is shorter than the claimed flight can be."""
    told = report.announced
    minutes, figures = told.flight_time_s.value / 60, (told.apogee_km.value, told.range_km.value)
    ways: dict[str, tuple[str, Callable[[], float]]] = {
        "coast": ("coast alone, round Earth at rest", lambda: coast(*figures)[2] / 60),
        "flown": ("with a boost, turning Earth", lambda: _flown_min(launch.name, report.by)),
    }
    return [
        Case(
            f"claim-{launch.launched_utc:%Y-%m-%d}-{way}", CLAIM, f"{said}: longer than the claim", report.by,
            "claim", minutes, "min", Tolerance(-1e-9, np.inf, "longer"), ours, ".2f",
        )
        for way, (said, ours) in ways.items()
    ]  # fmt: skip


_LAUNCHES = load_launches()
CASES = _cases()
