"""What each nation takes a thing for, beside each other and beside what all tell together."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from noroshi.node import doubt, kernels
from noroshi.node.picture import fused
from noroshi.node.state import Beside, Node, Origin, Outbox, Thing, View
from noroshi.node.things import change, own
from noroshi.records.tracks import Estimate
from noroshi.tracking.disagree import MERGED, Assessment, Disagreement, Place, SideBySide, compare

# How often assessments of a thing are compared at most.
_EVERY_S = 30.0
# Noise alone must not open and settle a difference of three sigma again and again. Assumption, 1 to 2.5.
_SETTLED_SIGMA = 2.0
# What a nation said so long ago stands beside nothing of today; nor does a state that old, or one of what may
# burn, which may stop at any moment.
_OLD_S, _STATE_OLD_S, _BURNING_OLD_S, _COASTS = 300.0, 90.0, 3.0, 0.02


def beside(node: Node, now_s: float, out: Outbox) -> Node:
    """Compare what partners take things for with our own view and the merged one, where either is new."""
    if not node.desk.forecasts:
        return node
    for thing in node.things:
        if thing.sort or not thing.said or thing.view is None or now_s < thing.beside.time_s + _EVERY_S:
            continue
        ours = _ours(node, thing)
        views = [thing.view.time_s, *([ours.time_s] if ours is not None else [])]
        of = (*views, *(said.time_s for _, said in sorted(thing.said.items())))
        if of == thing.beside.of:
            continue
        times = {nation: said.time_s for nation, said in thing.said.items() if said.time_s > now_s - _OLD_S}
        if ours is not None and ours.time_s > now_s - _OLD_S:
            times[node.desk.nation] = ours.time_s
        if not times:
            continue
        told = _compared(node, thing, ours, frozenset(times))
        out.note(
            "assessments",
            track=thing.id,
            told=[_row(one, times.get(one.nation, thing.view.time_s)) for one in told.assessments],
            differ=[_line(one) for one in told.disagreements],
            **({"refused": dict(told.refused)} if told.refused else {}),
        )
        still = [one for one in told.comparisons if _differs(one, thing.beside.differ)]
        differ = frozenset(map(_key, still))
        if differ != thing.beside.differ:
            out.note("disagreement", track=thing.id, differ=[_line(one) for one in still])
        node = change(node, replace(thing, beside=Beside(now_s, of, differ)))
    return node


def _key(one: Disagreement) -> tuple[str, str, str]:
    first, second = sorted(one.between)
    return first, second, one.about


def _differs(one: Disagreement, before: Collection[tuple[str, str, str]]) -> bool:
    """Whether two nations differ; what they differed in is settled when it is clearly less than that."""
    if MERGED in one.between:
        return False
    open_still = _key(one) in before and one.sigmas is not None and one.sigmas > _SETTLED_SIGMA
    return one.agrees is False or open_still


def _ours(node: Node, thing: Thing) -> View | None:
    """The forecast from our own track alone, as it was last made."""
    view = thing.view
    if view is not None and view.basis == (node.desk.nation,):
        return view
    return thing.mine


def _compared(node: Node, thing: Thing, ours: View | None, nations: frozenset[str]) -> SideBySide:
    assert thing.view is not None
    states = _states(node, thing, float(thing.view.time_s))
    told = [
        replace(doubt.assessment(nation, said, _place(thing.told.get(nation))), estimate=states.get(nation))
        for nation, said in sorted(thing.said.items())
        if nation in nations
    ]
    if ours is not None and node.desk.nation in nations:
        mine = _assessment(node.desk.nation, ours, thing.origin, states.get(node.desk.nation))
        told = [mine, *told]
    return compare(told, _assessment(MERGED, thing.view, thing.start, states.get(MERGED)))


def _states(node: Node, thing: Thing, time_s: float) -> dict[str, Estimate]:
    """Estimates of each nation and of all, where they are not old, at the time of the newest."""
    estimates = {nation: one.estimate for nation, one in sorted(thing.foreign.items())}
    if (mine := own(thing)) is not None:
        estimates[node.desk.nation] = mine
    if (best := fused(node.desk, thing)) is not None:
        estimates[MERGED] = best[0]
    newest_s = max((float(one.time_s) for one in estimates.values()), default=time_s)
    last_s = newest_s - (
        _STATE_OLD_S if all(float(one.burning) < _COASTS for one in estimates.values()) else _BURNING_OLD_S
    )
    estimates = {nation: one for nation, one in estimates.items() if float(one.time_s) > last_s}
    if len(estimates) < 2:
        return {}
    moved = kernels.carry_all(list(estimates.values()), newest_s, node.desk.belief)
    return {
        nation: jax.tree.map(lambda leaf, row=row: np.asarray(leaf[row]), moved)
        for row, nation in enumerate(estimates)
    }


def _place(origin: Origin | None) -> Place | None:
    return Place.round(origin.lat_deg, origin.lon_deg, origin.sigma_km) if origin is not None else None


def _assessment(nation: str, view: View, start: Origin | None, estimate: Estimate | None) -> Assessment:
    return Assessment(
        nation,
        estimate=estimate,
        impact=Place(
            view.impact_lat_deg,
            view.impact_lon_deg,
            view.semi_major_km,
            view.semi_minor_km,
            view.major_azimuth_deg,
        ),
        impact_time_s=view.impact_time_s,
        impact_time_sigma_s=view.impact_time_sigma_s,
        launch=_place(start),
        launch_time_s=start.time_s if start is not None else None,
        classes=view.held.kinds if view.held is not None else {},
    )


def _row(one: Assessment, time_s: float) -> dict[str, Any]:
    """An assessment for the journal."""
    row: dict[str, Any] = {"nation": one.nation, "time_s": round(time_s, 3)}
    if one.impact is not None:
        row |= {
            "impact_lat_deg": round(one.impact.lat_deg, 4),
            "impact_lon_deg": round(one.impact.lon_deg, 4),
            "semi_major_km": round(one.impact.semi_major_km, 2),
            "semi_minor_km": round(one.impact.semi_minor_km, 2),
        }
    if one.impact_time_s is not None:
        row["impact_time_s"] = round(one.impact_time_s, 1)
    if one.classes:
        kind, chance = max(one.classes.items(), key=lambda item: (item[1], item[0]))
        row |= {"kind": kind, "kind_probability": round(chance, 3)}
    return row


def _line(one: Disagreement) -> dict[str, Any]:
    return {"between": list(one.between), "about": one.about, "verdict": one.verdict}
