"""What the files do not say outright: which forecast means which launch, which areas were flown over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import shapely

from noroshi.alerting.areas import Areas, containing
from noroshi.catalogue.areas import NATIONS, load_areas
from noroshi.earth import geometry
from noroshi.report.events import Forecast, Sight, Stage
from noroshi.report.folder import Arm, Run
from noroshi.report.truth import Flight


@dataclass(frozen=True, eq=False)
class Place:
    """An area that the report speaks of; `passage_s` is when the flight is over it, first and last."""

    nation: str
    name: str
    shape: shapely.Geometry
    passage_s: tuple[float, float] | None


def series(run: Run, arm: Arm, nation: str, launch: str) -> list[list[Forecast]]:
    """The forecasts of a nation about one launch, in time order, one list for each of its tracks.

    Nations do not know the launches by name: a track is of the launch that it was nearest to when it was last
    believed anywhere, or where no states are at hand of the one whose impact its last forecast is nearest to.
    """
    tracks: dict[str, list[Forecast]] = {}
    for one in arm.forecasts:
        if one.nation == nation:
            tracks.setdefault(one.track, []).append(one)
    return [ones for ones in tracks.values() if _launch_of(run, arm, ones[-1]) == launch]


def chosen(run: Run, arm: Arm, nation: str, launch: str) -> list[Forecast]:
    """Few forecasts of a nation about one launch that tell how its region shrank."""
    outcome = arm.outcomes.get(launch, {}).get(nation)
    alert_s = None if outcome is None else outcome.alert_s
    ones = [one for track in series(run, arm, nation, launch) for one in track]
    begin_s = run.launch_time_s(launch)
    return shrinking(sorted(ones, key=lambda one: one.time_s), None if alert_s is None else alert_s + begin_s)


def budget(run: Run, arm: Arm, nation: str) -> list[Stage]:
    """The stages of a nation's alerts. Seeing counts from the true launch, not from where it was believed."""
    last: dict[str, Forecast] = {one.track: one for one in arm.forecasts}
    first = run.launches[0].id if run.launches else ""
    stages = []
    for stage in arm.stages:
        if stage.nation == nation:
            track = last.get(stage.alert.rpartition("-A")[0])
            launch = _launch_of(run, arm, track) if track else first
            begin_s = run.launch_time_s(launch or first)
            stages.append(replace(stage, start_s=begin_s) if stage.stage == "see" else stage)
    return stages


def _launch_of(run: Run, arm: Arm, last: Forecast) -> str | None:
    if last.track in arm.owners:
        return arm.owners[last.track]
    fallen = {one.id: one.impact_deg for one in run.launches if one.impact_deg is not None}
    if not fallen:
        return None

    def away_m(launch: str) -> float:
        here = np.radians([last.impact_lat_deg, last.impact_lon_deg, *fallen[launch]])
        return float(geometry.great_circle(*here)[0])

    return min(fallen, key=away_m)


def shrinking(
    ones: list[Forecast], alert_s: float | None, ratio: float = 0.55, most: int = 7
) -> list[Forecast]:
    """Few forecasts that tell how the region shrank: each at most `ratio` of the one before, and the last."""
    if not ones:
        return []
    chosen = [ones[0]]
    at_alert = [one for one in ones if alert_s is not None and one.time_s <= alert_s][-1:]
    for one in ones[1:]:
        if one in at_alert or one.semi_major_km < ratio * chosen[-1].semi_major_km:
            chosen.append(one)
    if chosen[-1] is not ones[-1]:
        chosen.append(ones[-1])
    while len(chosen) > most:
        # The one that differs least from its forerunner tells least; the first, the last and the alert stay.
        spare = [i for i in range(1, len(chosen) - 1) if chosen[i] not in at_alert]
        chosen.pop(max(spare, key=lambda i: chosen[i].semi_major_km / chosen[i - 1].semi_major_km))
    return chosen


def first_sights(arm: Arm) -> list[Sight]:
    """For each nation the first sight of any of its satellites, and of any of its radars."""
    first: dict[tuple[str, str], Sight] = {}
    for sight in arm.sights:
        first.setdefault((sight.nation, sight.kind), sight)
    return list(first.values())


def focus(run: Run) -> str | None:
    """The nation that the maps follow: alerted in most arms, else with most forecasts."""

    def weight(nation: str) -> tuple[int, int]:
        alerts = sum(outcome.alert_s is not None for arm in run.arms for outcome in _of(arm, nation))
        return alerts, sum(one.nation == nation for arm in run.arms for one in arm.forecasts)

    return max(run.nations, key=weight, default=None)


def _of(arm: Arm, nation: str) -> Iterable:
    return (nations[nation] for nations in arm.outcomes.values() if nation in nations)


def places(run: Run) -> list[Place]:
    """Every area that was alerted in some arm or on the day, in the order of the first flight over it."""
    wanted: dict[str, dict[str, None]] = {}
    for arm in run.arms:
        for nation in run.nations:
            for name in arm.area_alert_s(nation):
                wanted.setdefault(nation, {})[name] = None
    loaded: dict[str, Areas] = {}
    for name in run.as_it_was.alert_s if run.as_it_was else ():
        for nation in (*wanted, *(one for one in run.nations if one not in wanted)):
            if name in _areas(nation, loaded).name:
                wanted.setdefault(nation, {})[name] = None
                break
    found = []
    for nation, names in wanted.items():
        areas = _areas(nation, loaded)
        passed = _passages(areas, run.flights)
        rows = [areas.name.index(name) for name in names if name in areas.name]
        found += [Place(nation, areas.name[row], areas.geometry[row], passed[row]) for row in rows]
    return sorted(found, key=lambda one: (one.passage_s is None, one.passage_s or (0.0, 0.0), one.name))


def _areas(nation: str, loaded: dict[str, Areas]) -> Areas:
    if nation not in loaded:
        loaded[nation] = load_areas([nation] if nation in NATIONS else [])
    return loaded[nation]


def _passages(areas: Areas, flights: Iterable[Flight]) -> list[tuple[float, float] | None]:
    """When the first flight over each area begins and ends to be over it, s."""
    passed: list[tuple[float, float] | None] = [None] * len(areas.name)
    for flight in flights:
        over = containing(areas, flight.lat_deg, flight.lon_deg)
        for row in np.flatnonzero(over.any(axis=0)):
            times = flight.time_s[over[:, row]]
            passed[row] = passed[row] or (float(times[0]), float(times[-1]))
    return passed
