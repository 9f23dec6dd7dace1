"""The forecasting cell: from the best estimate to impact, region and threatened areas."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from noroshi.alerting import areas as alerting
from noroshi.earth import frames
from noroshi.node import kernels
from noroshi.node.desk import Desk
from noroshi.node.picture import fused
from noroshi.node.state import Node, Origin, Outbox, Thing, View
from noroshi.node.things import change
from noroshi.records.tracks import Estimate
from noroshi.tracking import lost
from noroshi.tracking.classify import Assessment, Known, classify
from noroshi.tracking.forecast import Bundle
from noroshi.tracking.lost import Trust

# Chi-squared, 2 degrees of freedom, 95 %.
_REGION = 5.991
_LEAST_FLIGHTS = 8
# How often people get a new forecast: often while they may have to alert, less so while the missile may
# burn, seldom on a steady coast.
ALARMING_EVERY_S, BURNING_EVERY_S, COASTING_EVERY_S = 5.0, 10.0, 30.0
# From this probability of passage or fall over some own area on, they may have to.
_ALARMING = 0.05
SURELY_COASTING = 0.02
# What a thing is held for is told from this probability on.
_TOLD = 0.05
# Burn assumed to have begun this long before the first evidence when nothing told the launch time.
_UNSEEN_S = 60.0


def forecast(node: Node, now_s: float, out: Outbox) -> Node:
    """Make a new forecast of each thing that is due: with new evidence, or lost, which widens."""
    if not node.desk.forecasts:
        return node
    for thing in node.things:
        news = thing.evidence > thing.weighed
        if thing.sort or not (news or fades(thing)):
            continue
        if now_s < thing.next_forecast_s and not (news and thing.lost):
            continue
        best = fused(node.desk, thing)
        if best is None:
            continue
        estimate, basis = best
        faith = lost.trust(estimate, float(estimate.time_s), now_s)
        level = "aircraft" in thing.verdicts.values()
        held = held_for(node.desk, thing, thing.start, estimate, thing.held, now_s, level)
        flights = _flights(node.desk, thing, estimate, now_s)
        view = read(flights, estimate, basis, node.desk, faith, held)
        kept = view or _aged(thing.view, faith)
        thing = replace(thing, weighed=thing.evidence, view=kept, held=held)
        thing = replace(thing, next_forecast_s=now_s + _every_s(thing, estimate))
        if view is not None:
            out.note("forecast", track=thing.id, **_line(view))
        node = change(node, thing)
    return node


def _aged(view: View | None, faith: Trust) -> View | None:
    """A former forecast where none can be made now, with what its track still deserves."""
    if view is None:
        return None
    left = min(faith.share / view.trust, 1.0) if view.trust > 0 else 0.0
    areas = {name: round(chance * left, 4) for name, chance in view.areas.items()}
    return replace(view, areas=areas, trust=faith.share, expired=faith.reason if faith.expired else "")


def fades(thing: Thing) -> bool:
    """Whether nothing new is seen of a thing, by us or those who told of it, and its forecast stands."""
    unseen = thing.lost or (thing.track is None and bool(thing.foreign))
    return unseen and thing.view is not None and not thing.view.expired


def _flights(desk: Desk, thing: Thing, estimate: Estimate, now_s: float) -> Bundle:
    """The bundle of a thing's estimate, as wide as what may have happened unseen since then."""
    unseen_s = max(now_s - float(estimate.time_s) - lost.PAUSE_S, 0.0)
    start_s = np.float64(launch_time_s(thing, estimate))
    return kernels.bundle(estimate, start_s, desk.belief, np.float64(unseen_s))


def held_for(
    desk: Desk,
    thing: Thing,
    start: Origin | None,
    estimate: Estimate,
    former: Assessment | None,
    now_s: float,
    level: bool = False,
) -> Assessment:
    """What a thing is held for, by an estimate, its launch and the notices that tell of it.

    `level` says that a partner recognised it as an aircraft.
    """
    known = Known(
        launched_s=start.time_s if start is not None else None,
        notice=bool(desk.announced(start.time_s, start.lat_deg, start.lon_deg))
        if start is not None
        else None,
        flies_level=level,
        unseen_s=max(now_s - float(estimate.time_s), 0.0),
        lost=thing.lost,
    )
    return classify(estimate, known, former)


def _every_s(thing: Thing, estimate: Estimate) -> float:
    """How soon people need the next forecast of a thing."""
    if float(estimate.burning) <= SURELY_COASTING:
        return COASTING_EVERY_S
    chances = thing.view.areas.values() if thing.view is not None else ()
    alarming = thing.warning.stage in ("idle", "over") and max(chances, default=0.0) >= _ALARMING
    return ALARMING_EVERY_S if alarming else BURNING_EVERY_S


def launch_time_s(thing: Thing, estimate: Estimate) -> float:
    """When it started, as told by the surest launch report, else some time before it was seen."""
    start = thing.start
    first_s = thing.sights[0].time_s if thing.sights else float(estimate.time_s)
    return start.time_s if start is not None else first_s - _UNSEEN_S


def read(
    flights: Bundle,
    estimate: Estimate,
    basis: tuple[str, ...],
    desk: Desk,
    faith: Trust,
    held: Assessment | None = None,
    with_areas: bool = True,
) -> View | None:
    """What the bundle says to people; None when too few of its flights come down to say anything."""
    valid = np.asarray(flights.valid)
    if valid.sum() < _LEAST_FLIGHTS:
        return None
    impact = np.asarray(flights.impact_ecef_m)[valid]
    time_s = np.asarray(flights.impact_time_s)[valid]
    lat, lon, major_km, minor_km, azimuth = _ellipse(impact)
    threatened, passage = _areas(flights, faith.share, desk) if with_areas else ({}, {})
    cov = np.asarray(estimate.cov)
    return View(
        time_s=float(estimate.time_s),
        state=tuple(np.asarray(estimate.mean).tolist()),
        sigma_m=math.sqrt(float(np.trace(cov[:3, :3]))),
        sigma_mps=math.sqrt(float(np.trace(cov[3:6, 3:6]))),
        basis=basis,
        burning=float(estimate.burning),
        impact_lat_deg=lat,
        impact_lon_deg=lon,
        impact_time_s=float(time_s.mean()),
        impact_time_sigma_s=float(time_s.std()),
        semi_major_km=major_km,
        semi_minor_km=minor_km,
        major_azimuth_deg=azimuth,
        areas=threatened,
        passage_s=passage,
        trust=faith.share,
        expired=faith.reason if faith.expired else "",
        held=held,
    )


def _ellipse(impact_ecef_m: np.ndarray) -> tuple[float, float, float, float, float]:
    """Mean place, deg, and 95 % ellipse of impacts [L, 3]: semi-axes, km, and azimuth of the longer, deg."""
    mean = impact_ecef_m.mean(axis=0)
    lat, lon, _ = frames.geodetic(mean)
    plane = (impact_ecef_m - mean) @ frames.enu_axes(lat, lon)[:2].T / 1e3
    values, vectors = np.linalg.eigh(plane.T @ plane / len(plane))
    minor, major = np.sqrt(np.maximum(values, 1e-6) * _REGION)
    east, north = vectors[:, 1]
    azimuth = math.degrees(math.atan2(east, north)) % 180
    return math.degrees(float(lat)), math.degrees(float(lon)), float(major), float(minor), azimuth


def _areas(flights: Bundle, trust: float, desk: Desk) -> tuple[dict[str, float], dict[str, float]]:
    """Probability that each area is passed over or hit, and when the middle of the bundle is nearest.

    What flies level threatens none by this: it counts among all that may be.
    """
    valid, present = np.asarray(flights.valid), np.asarray(flights.present)
    lat_deg = np.degrees(np.asarray(flights.track_lat_rad)[valid])
    lon_deg = np.degrees(np.asarray(flights.track_lon_rad)[valid])
    time_s = np.asarray(flights.track_time_s)[valid]
    share = trust * alerting.crossing(desk.areas, lat_deg, lon_deg).sum(axis=0) / present.sum()
    rows = np.flatnonzero(share >= 0.01)
    if not len(rows):
        return {}, {}
    # Longitudes about the first point, so that the date line cuts nothing.
    about = lon_deg[0, 0]
    east = (lon_deg - about + 180) % 360 - 180
    chances, passage = {}, {}
    for row in rows:
        name, (centre_lon, centre_lat) = desk.areas.name[row], desk.centre_deg[row]
        there = ((centre_lon - about + 180) % 360 - 180 - east) * math.cos(math.radians(centre_lat))
        nearest = np.hypot(there, centre_lat - lat_deg).argmin(axis=1)
        chances[name] = round(float(share[row]), 4)
        passage[name] = round(float(np.median(time_s[np.arange(len(time_s)), nearest])), 1)
    return chances, passage


def _line(view: View) -> dict[str, Any]:
    return {
        "basis": list(view.basis),
        "burning_probability": round(view.burning, 4),
        "impact_lat_deg": round(view.impact_lat_deg, 4),
        "impact_lon_deg": round(view.impact_lon_deg, 4),
        "impact_time_s": round(view.impact_time_s, 1),
        "semi_major_km": round(view.semi_major_km, 2),
        "semi_minor_km": round(view.semi_minor_km, 2),
        "major_azimuth_deg": round(view.major_azimuth_deg, 1),
        "areas": dict(view.areas),
        **({"trust": round(view.trust, 3)} if view.trust < 1 else {}),
        **({"expired": view.expired} if view.expired else {}),
        **({"held": _likeliest(view.held), "phase": view.held.phase} if view.held is not None else {}),
    }


def _likeliest(held: Assessment) -> dict[str, float]:
    """What it is held for with at least one chance in twenty."""
    return {name: round(chance, 3) for name, chance in held.kinds.items() if chance >= _TOLD}


def alone(estimate: Estimate, thing: Thing, desk: Desk) -> View | None:
    """The forecast from the nation's own track only, for partners: what it tells, it knows itself."""
    view = thing.view
    if view is not None and view.basis == (desk.nation,) and view.time_s == float(estimate.time_s):
        # Nobody else has told anything yet: it was made for our own people just now.
        return view
    flights = _flights(desk, thing, estimate, float(estimate.time_s))
    return read(flights, estimate, (desk.nation,), desk, Trust(1.0, False, ""), with_areas=False)
