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
from noroshi.catalogue.areas import load_areas
from noroshi.catalogue.eyes import moves, place_at
from noroshi.catalogue.figures import Spread
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.profiles import Belief as BeliefModel
from noroshi.catalogue.release import arm_policies
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth import frames
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.errors import InputError
from noroshi.exercise import draw
from noroshi.flight.missile import Aim, Body, Missile, Site, Stage, course
from noroshi.flight.sample import sampled, steps_of
from noroshi.node.desk import Course, Desk, Satellite, Station
from noroshi.node.state import Node
from noroshi.records.tracks import SLOTS, Belief, Stations
from noroshi.sharing.release import ReleaseTable, compile_table
from noroshi.tracking.launchpoint import Template

TEMPLATE_ROWS = 320
# The generic boost that launch points are fitted with: a middle burn toward a middle loft.
_TEMPLATE_LOFT_RAD, _TEMPLATE_FUEL = math.radians(42), 0.85


def nodes(scenario: Scenario, arm: str, seed: int, asked: Collection[str] | None = None) -> dict[str, Node]:
    """A fresh node for each nation of the scenario under one arrangement of sharing.

    Only the nations in `asked` (default: all) make forecasts of their own.
    """
    sharing = scenario.arms[arm]
    policies = arm_policies(sharing, scenario.nations, scenario.file)
    table = compile_table(policies, scenario.nations)
    partners = {
        nation: tuple(
            other
            for other in scenario.nations
            if any(set(link.between) == {nation, other} for link in sharing.links)
        )
        for nation in scenario.nations
    }
    relays = {relay.via: relay.delay_s for relay in sharing.relay}
    return {
        nation: Node(
            replace(
                _desk(scenario, nation, table, partners[nation], relays.get(nation), seed),
                forecasts=asked is None or nation in asked,
            )
        )
        for nation in scenario.nations
    }


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
    if len(radars) > SLOTS:
        need = f"must have at most {SLOTS} radars for one nation."
        raise InputError(scenario.file, "sensors", f"{len(radars)} radars of {nation}", need)
    stations = {}
    site, frame, sigma = np.zeros((SLOTS, 3)), np.tile(np.eye(3), (SLOTS, 1, 1)), np.ones((SLOTS, 3))
    for slot, sensor in enumerate(radars):
        site[slot], frame[slot] = place_at(sensor)
        sigma[slot] = draw.believed_bias(sensor)
        stations[sensor.id] = Station(sensor.id, slot, _course(sensor), moves(sensor))
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
        # On the device once: a compiled step is called thousands of times with it.
        stations=jax.device_put(Stations(site, frame, sigma)),
        belief=jax.device_put(believed(belief)),
        template=template(belief.burn_s.middle, belief.specific_impulse_s.middle),
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
    )


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
    )


@cache
def template(burn_s: float, specific_impulse_s: float) -> Template:
    """Height and distance of a generic boost by the second, flown by the same code as the truth."""
    exhaust_mps = specific_impulse_s * STANDARD_GRAVITY_MPS2
    missile = Missile((Stage(burn_s, exhaust_mps),), 10.0, 50.0, 7e-5, gravity_turn=0.0)
    ideal_kmps = -exhaust_mps / 1e3 * math.log(1 - _TEMPLATE_FUEL)
    aim = Aim(np.array([_TEMPLATE_LOFT_RAD]), np.array([ideal_kmps]), np.array([0.0]))
    flown = sampled(steps_of(course(Site(0.0, 0.0), missile, Body(5000.0), aim)), 1.0, missile)
    lat, _, height_m = frames.geodetic(flown.position_ecef_m[:TEMPLATE_ROWS])
    distance_m = 6.371e6 * np.asarray(lat)
    return jax.device_put(Template(np.float64(1.0), np.asarray(height_m), distance_m))


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
