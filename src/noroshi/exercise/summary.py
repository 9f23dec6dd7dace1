"""The summary of a run: what each nation knew and did, measured against the truth by the director."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from noroshi.catalogue.scenario import Scenario
from noroshi.earth import geometry
from noroshi.exercise import cueing
from noroshi.exercise.claims import claims
from noroshi.exercise.draw import Flight
from noroshi.exercise.objects import Object
from noroshi.exercise.run import Run, Sample
from noroshi.flight.fit import Fit
from noroshi.node.state import View

_KNOWS = ("launch_report", "forecast", "track")


def summary(scenario: Scenario, seed: int, runs: Iterable[Run]) -> dict[str, Any]:
    """The object written to summary.json; times in seconds after the launch, null for what never happened."""
    was = scenario.as_it_was
    return {
        "scenario": scenario.name,
        "seed": seed,
        "as_it_was": {"alert_s": dict(was.alert_s)} if was else None,
        "arms": {run.arm: _arm(scenario, run) for run in runs},
    }


def _arm(scenario: Scenario, run: Run) -> dict[str, Any]:
    told = {"launches": launches(scenario, run), **_claims(scenario, run)}
    return told | ({"cueing": cueing.told(run)} if scenario.launches else {})


def _claims(scenario: Scenario, run: Run) -> dict[str, Any]:
    """What each nation claimed though nothing was launched, in the run and for 30 days; else nothing."""
    if scenario.launches:
        return {}
    found = claims(run.entries, scenario.nations)
    month = {nation: one.a_month(scenario.duration_s) for nation, one in found.items()}
    return {
        "claims": {nation: vars(one) for nation, one in found.items()},
        "claims_a_month": {
            nation: {name: round(number, 3) for name, number in one.items()} for nation, one in month.items()
        },
    }


def launches(scenario: Scenario, run: Run) -> list[dict[str, Any]]:
    """One arm: each launch with its truth and what every nation made of it."""
    owner = _owners(run)
    found = []
    for flight in run.world.flights:
        start_s = flight.launch.launch_time_s
        bodies = {track for track, one in owner.items() if one == flight.launch.id}
        things = {track for track, one in owner.items() if one.partition("/")[0] == flight.launch.id}
        nations = {
            nation: _nation(run, nation, flight.launch.id, flight.fit, start_s, things, bodies)
            for nation in scenario.nations
        }
        found.append({"id": flight.launch.id, "truth": _truth(flight), "nations": nations})
    return found


def _truth(flight: Flight) -> dict[str, Any]:
    """The flight in a few numbers; what reached orbit has its apogee there, and no end."""
    fit = flight.fit
    if flight.ascent is not None:
        high_km = round(flight.ascent.orbit.apogee_km, 3)
        return {"apogee_km": high_km, "range_km": None, "flight_time_s": None, "impact": None}
    return {
        "apogee_km": round(fit.apogee_km, 3),
        "range_km": round(fit.range_km, 3),
        "flight_time_s": round(fit.flight_time_s, 2),
        "impact": {"lat": round(fit.impact_lat_deg, 5), "lon": round(fit.impact_lon_deg, 5)},
    }


def _owners(run: Run) -> dict[str, str]:
    """What each nation's thing is, a launch or a part of one (L1/stage-1): what is nearest to where it was
    believed last.
    """
    launched = [flight.launch.id for flight in run.world.flights]
    if not launched:
        return {}
    there = [one for one in run.world.objects if one.id.partition("/")[0] in launched]
    last: dict[str, Sample] = {sample.track: sample for sample in run.samples}
    owners = {
        track: min(there, key=lambda one: _away_m(one, sample.view)).id for track, sample in last.items()
    }
    if len(launched) > 1:
        # Where much is in the air a thing may end as another's: it is of what it was nearest to most often.
        seen: dict[str, Counter[str]] = {}
        for sample in run.samples:
            if sample.view.trust == 1.0:
                nearest = min(there, key=lambda one: _away_m(one, sample.view)).id
                seen.setdefault(sample.track, Counter())[nearest] += 1
        owners |= {track: counts.most_common(1)[0][0] for track, counts in seen.items()}
    if len(launched) == 1:
        for track in {entry["track"] for entry in run.entries if "track" in entry}:
            owners.setdefault(track, launched[0])
    return owners


def _away_m(one: Object, view: View) -> float:
    """How far an object is from where a thing is believed; one that is down stays where it fell."""
    row = round(view.time_s - one.start_s)
    if row < 0:
        return math.inf
    place = one.position_ecef_m[min(row, len(one.position_ecef_m) - 1)]
    return float(np.linalg.norm(place - np.array(view.state[:3])))


def miss_km(sample: Sample, fit: Fit) -> float:
    """Distance of a forecast impact from the true one."""
    view = sample.view
    places = np.radians([view.impact_lat_deg, view.impact_lon_deg, fit.impact_lat_deg, fit.impact_lon_deg])
    return float(geometry.great_circle(*places)[0]) / 1e3


def _nation(
    run: Run, nation: str, launch: str, fit: Fit, start_s: float, things: set[str], bodies: set[str]
) -> dict[str, Any]:
    """What a nation made of one launch: when it knew and warned, by any thing that is of it; where it thought
    that the body falls.
    """
    # Nobody knew of it before it was launched: what is told so was another's at the time.
    mine = [entry for entry in run.entries if entry["node"] == nation and entry["t_s"] >= start_s]
    told = _told_of(run, things)
    tracks = [entry["t_s"] for entry in mine if _tracked(entry, things)]
    warned = [entry["t_s"] for entry in mine if _warned(entry, things, told)]
    alerts = [
        entry for entry in mine if entry["event"] in ("alert", "update") and _of(entry["alert"], things)
    ]
    samples = [sample for sample in run.samples if sample.nation == nation and sample.track in bodies]
    seen = run.seen.get((nation, launch))
    alert_s = alerts[0]["t_s"] if alerts else None
    before = [sample for sample in samples if alert_s is not None and sample.t_s <= alert_s]

    def after(time_s: float | None) -> float | None:
        return None if time_s is None else round(time_s - start_s, 3)

    return {
        "first_detection_s": after(seen[0] if seen else None),
        "first_track_s": after(min(tracks, default=None)),
        "first_warning_s": after(min(warned, default=None)),
        "alert_s": after(alert_s),
        "alert_areas": sorted({area for entry in alerts for area in entry["areas"]}),
        "at_alert": _forecast(before, fit),
        # While anything of it was still seen: what is lost only widens from there.
        "at_end": _forecast([sample for sample in samples if sample.view.trust == 1.0], fit),
    }


def _of(alert: str, things: set[str]) -> bool:
    return alert.rpartition("-A")[0] in things


def _tracked(entry: Mapping[str, Any], things: set[str]) -> bool:
    """A track of the nation's own was confirmed, or a forecast (own or from a partner's path) was made."""
    confirmed = entry["event"] == "track" and entry["state"] == "confirmed"
    return (confirmed or entry["event"] == "forecast") and entry["track"] in things


def _told_of(run: Run, things: set[str]) -> set[str] | None:
    """Messages that are about these things; None where there is one launch, which all of them are about."""
    if len(run.world.flights) == 1:
        return None
    found = set()
    for entry in run.entries:
        if entry["event"] == "message" and entry["payload"].get("track_id") in things:
            found.add(entry["message"])
    return found


def _warned(entry: Mapping[str, Any], things: set[str], told: set[str] | None) -> bool:
    """The nation knew of a launch: by its own report or track, or by a partner's word."""
    if entry["event"] == "received":
        about = told is None or entry["message"].partition("/")[0] in told
        return about and entry["kind"] in _KNOWS
    return _tracked(entry, things) or (entry["event"] == "launch_report" and entry["track"] in things)


def _forecast(samples: list[Sample], fit: Fit) -> dict[str, Any]:
    if not samples:
        return {"impact_error_km": None, "region_km": None}
    last, falls = samples[-1], math.isfinite(fit.impact_lat_deg)
    return {
        "impact_error_km": round(miss_km(last, fit), 3) if falls else None,
        "region_km": [round(last.view.semi_major_km, 3), round(last.view.semi_minor_km, 3)],
    }
