"""From a scenario to what each nation's node knows on the day: the only way the world becomes knowledge."""

import math
import threading
from collections.abc import Collection
from dataclasses import replace
from functools import cache, partial

import jax
import numpy as np
import shapely

from noroshi.alerting.areas import Areas, neighbours
from noroshi.catalogue import boosts
from noroshi.catalogue.areas import load_areas
from noroshi.catalogue.eyes import moves, place_at
from noroshi.catalogue.figures import Spread
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.profiles import Belief as BeliefModel
from noroshi.catalogue.release import arm_policies
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.exercise import draw
from noroshi.node.desk import Course, Desk, Satellite, Station
from noroshi.node.state import Node, fresh
from noroshi.records.tracks import Belief
from noroshi.sharing import paths
from noroshi.sharing.release import ReleaseTable, compile_table
from noroshi.tracking.boosts import Template
from noroshi.tracking.followed import Rules
from noroshi.tracking.score import Background, Volume, infrared_background, radar_background

# The Earth's disc from a geostationary satellite, deg, where no field of view is told.
_HALF_FIELD_DEG = 8.7
# Lift over drag of whatever may glide (assumption; 2.6 is the most that is published of a flown one).
_GLIDE_RATIO = 1.0, 4.0


def nodes(scenario: Scenario, arm: str, seed: int, asked: Collection[str] | None = None) -> dict[str, Node]:
    """A fresh node for each nation of the scenario under one arrangement of sharing.

    Only the nations in `asked` (default: all) make forecasts of their own.
    """
    policies = arm_policies(scenario.arms[arm], scenario.nations, scenario.file)
    table = compile_table(policies, scenario.nations)
    return {
        nation: node(scenario, arm, seed, nation, table, asked is None or nation in asked)
        for nation in scenario.nations
    }


def node(
    scenario: Scenario, arm: str, seed: int, nation: str, table: ReleaseTable, forecasts: bool = True
) -> Node:
    """A fresh node of one nation; of `table` it asks what its own policy says."""
    sharing = scenario.arms[arm]
    partners = tuple(
        other
        for other in scenario.nations
        if any(set(link.between) == {nation, other} for link in sharing.links)
    )
    relays = {relay.via: relay.delay_s for relay in sharing.relay}
    lines = {frozenset(link.between) for link in sharing.links}
    desk = _desk(scenario, nation, table, partners, relays.get(nation), seed)
    return fresh(replace(desk, forecasts=forecasts, cut_off=paths.cut_off(table, lines, relays, nation)))


def _desk(
    scenario: Scenario,
    nation: str,
    table: ReleaseTable,
    partners: tuple[str, ...],
    pass_on_s: Spread | None,
    seed: int,
) -> Desk:
    model = scenario.national[nation]
    belief = scenario.expected.belief
    mine = [sensor for sensor in scenario.sensors if sensor.nation == nation and sensor.present]
    radars = [sensor for sensor in mine if isinstance(sensor.profile, RadarProfile)]
    stations = {
        sensor.id: Station(sensor.id, _course(sensor), draw.believed_bias(sensor)) for sensor in radars
    }
    satellites = {}
    for sensor in mine:
        if isinstance(sensor.profile, InfraredProfile):
            satellites[sensor.id] = Satellite(
                sensor.id,
                _course(sensor),
                float(draw.believed_bias(sensor)[1]),
                round(sensor.profile.hits_to_confirm.value),
                sensor.profile.report_delay_s,
            )
    skywaves = {sensor.id: _course(sensor) for sensor in mine if isinstance(sensor.profile, SkywaveProfile)}
    areas, centre_deg = _areas(nation, threading.get_ident())
    return Desk(
        nation=nation,
        seed=seed,
        radars=stations,
        satellites=satellites,
        skywaves=skywaves,
        belief=jax.device_put(believed(belief)),
        template=template(),
        areas=areas,
        centre_deg=centre_deg,
        neighbours=_next_door(nation) if model.neighbours else {},
        threshold=model.threshold.value,
        cancel_threshold=model.cancel_threshold.value,
        confirm_s=model.confirm_s,
        relay_s=model.relay_s,
        decide_s=model.decide_s,
        deliver_s=model.deliver_s,
        update_s=model.update_s,
        table=table,
        partners=partners,
        pass_on_s=pass_on_s,
        notices=tuple(notice for notice in scenario.notices if nation in notice.known_to),
        announced_factor=model.announced_factor.value if model.announced_factor else 1.0,
        rules=Rules(backgrounds={sensor.id: _background(sensor) for sensor in mine}),
    )


def _background(sensor: SensorPlacement) -> Background:
    """What a nation believes a sensor of its own sees when nobody launches anything: a quiet day's."""
    profile = sensor.profile
    if isinstance(profile, InfraredProfile):
        half = profile.field_of_view_deg.value / 2 if profile.field_of_view_deg else _HALF_FIELD_DEG
        return infrared_background(math.radians(half), max(profile.revisit_s.value, 1.0))
    if isinstance(profile, SkywaveProfile):
        return Background(Volume(), max(profile.revisit_s.value, 1.0), 1.0, 1.0)
    half = math.radians(profile.sector_deg.value) / 2
    elevations = math.radians(profile.elevation_min_deg.value), math.radians(profile.elevation_max_deg.value)
    ranges = 0.0, profile.instrumented_range_km.value * 1e3
    return radar_background(ranges, (-half, half), elevations, max(profile.search_revisit_s.value, 1.0))


def _course(sensor: SensorPlacement) -> Course:
    """Where a sensor is when, as its own nation knows it."""
    if moves(sensor):
        return partial(place_at, sensor)
    standing = place_at(sensor)
    return lambda t_s: standing


def believed(belief: BeliefModel) -> Belief:
    """What filters assume of the missile, as numbers."""
    drag = belief.ballistic_coefficient_kgpm2
    return Belief(
        np.float64(belief.burn_s.low),
        np.float64(belief.burn_s.high),
        np.float64(belief.specific_impulse_s.middle * STANDARD_GRAVITY_MPS2),
        np.float64(drag.middle),
        # Half of the range's logarithm is taken as two sigmas.
        np.float64((drag.high / drag.low) ** 0.25),
        np.float64(_GLIDE_RATIO[0]),
        np.float64(_GLIDE_RATIO[1]),
    )


@cache
def template() -> Template:
    """What boosts are like, as launch points are fitted with."""
    return jax.device_put(boosts.template())


@cache
def _areas(nation: str, thread: int) -> tuple[Areas, np.ndarray]:
    """Areas and a place in each; a copy per thread, for prepared shapes answer one thread at a time."""
    shared = load_areas([nation])
    areas = Areas(shared.nation, shared.name, shapely.from_wkb(shapely.to_wkb(shared.geometry)))
    inside = shapely.point_on_surface(areas.geometry)
    return areas, np.stack([shapely.get_x(inside), shapely.get_y(inside)], axis=-1)


@cache
def _next_door(nation: str) -> dict[str, tuple[str, ...]]:
    areas = load_areas([nation])
    return {
        name: tuple(areas.name[row] for row in neighbours(areas, index))
        for index, name in enumerate(areas.name)
    }
