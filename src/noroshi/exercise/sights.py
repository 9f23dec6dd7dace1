"""Who could see a launch, second by second, and why not: the director's account of every sensor.

Two things make it. Geometry tells of every second whether a sensor could have seen the flight; what became of
the looks that were done tells whether it did. Both are the truth, so no nation is ever told.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Int

from noroshi.catalogue import eyes
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import RadarProfile
from noroshi.compiled import QUICK, stored
from noroshi.earth.arrays import Array
from noroshi.exercise.objects import Object
from noroshi.exercise.run import Run
from noroshi.exercise.world import World
from noroshi.records.detections import Why
from noroshi.records.truth import Truth
from noroshi.sensing import custody, radar
from noroshi.sensing.environment import Environment
from noroshi.sensing.radar import Radar
from noroshi.sensing.reach import cued

# Flights are filled up to a multiple of this many seconds, so that few lengths are compiled for.
_FILL = 600
# Nothing but energy stands between a sensor and what it has in view.
_IN_VIEW = (Why.SEEN, Why.TOO_DIM)
# What only a look can tell.
_OF_LOOKS = (Why.NOT_LOOKED, Why.TOO_BUSY, Why.MISSED)


@dataclass(frozen=True, eq=False)
class View:
    """Why a sensor sees a launch or does not by geometry and brightness alone, each second from `start_s` on.

    A radar has in view what a cued look would show with a probability of a half or more.
    """

    launch: str
    sensor: SensorPlacement
    start_s: float
    why: Int[np.ndarray, "T"]


@dataclass(frozen=True)
class Spell:
    """How a launch stood with a sensor from one second to another, after the scenario's epoch."""

    launch: str
    sensor: str
    from_s: float
    until_s: float
    why: Why


def views(world: World) -> list[View]:
    """Every sensor along every launch of a world; the same for all arms."""
    found = []
    for one in world.objects[: len(world.flights)]:
        one = _within(one, world.scenario.duration_s)
        truth = _moments(one)
        rows = {**_radars(world, one, truth), **_others(world, one, truth)}
        for sensor in world.scenario.sensors:
            if sensor.present:
                found.append(View(one.id, sensor, one.start_s, rows[sensor.id]))
    return found


def _within(one: Object, duration_s: float) -> Object:
    """A flight as far as the run goes: ships and aircraft are known no longer."""
    rows = slice(0, math.floor(duration_s - one.start_s) + 1)
    columns = ("position_ecef_m", "velocity_ecef_mps", "rcs_m2", "infrared_w_per_sr")
    return replace(one, **{name: getattr(one, name)[rows] for name in columns})


def _moments(one: Object) -> Truth:
    """A flight's seconds as if each were an object."""
    count = len(one.position_ecef_m)
    return Truth(
        position_ecef_m=one.position_ecef_m,
        velocity_ecef_mps=one.velocity_ecef_mps,
        rcs_m2=one.rcs_m2,
        infrared_w_per_sr=one.infrared_w_per_sr,
        kind=np.full(count, int(one.kind)),
        swerling=np.full(count, one.swerling),
        exists=np.ones(count, bool),
    )


def _reasons(radars: Radar, air: Environment, truth: Truth) -> Array:
    """Why, of each radar that stands still [R] at each moment [T]."""

    def one(each: Radar) -> Array:
        return cued(radar.view(each, air, truth), each.false_alarm, truth.swerling)

    return jax.vmap(one)(radars)


_radar_reasons = stored(_reasons, QUICK)


def _radars(world: World, one: Object, truth: Truth) -> dict[str, np.ndarray]:
    """Reasons of all radars, those that stand still in one go."""
    radars, count = world.radars, len(truth.exists)
    if not radars.placed:
        return {}
    filled = jax.tree.map(lambda leaf: np.concatenate([leaf, leaf[[-1] * (-count % _FILL)]]), truth)
    reasons = np.asarray(_radar_reasons(radars.arrays, world.air, filled))[:, :count]
    found = {sensor.id: reasons[row] for row, sensor in enumerate(radars.placed)}
    for sensor in filter(eyes.moves, radars.placed):
        looks = [eyes.radar_of(sensor, t_s, world.errors[sensor.id]) for t_s in _times(one)]
        found[sensor.id] = custody.by_radar(looks, world.air, truth).why
    return found


def _times(one: Object) -> list[float]:
    return [one.start_s + row for row in range(len(one.position_ecef_m))]


def _others(world: World, one: Object, truth: Truth) -> dict[str, np.ndarray]:
    """Reasons of satellites, and of skywave radars, which see no missile."""
    found = {sensor.id: np.full(len(truth.exists), int(Why.OTHER_KIND)) for sensor in world.skywaves.placed}
    for sensor in world.satellites.placed:
        look = eyes.infrared_of(sensor, one.start_s, world.errors[sensor.id])
        if eyes.moves(sensor):
            there = [eyes.place_at(sensor, t_s) for t_s in _times(one)]
            place, axes = (np.stack(column) for column in zip(*there, strict=True))
            look = replace(look, site_ecef_m=place, axes=axes)
        found[sensor.id] = custody.by_satellites([look], world.air, truth).why
    return found


def account(run: Run, found: Sequence[View]) -> list[Spell]:
    """What `views` found, with what became of the looks of one arm, in unbroken spells.

    A look's outcome stands until the next look, or until geometry ends it, but nothing counts as seen after
    the last detection by the sensor's nation.
    """
    spells = []
    for view in found:
        sensor = view.sensor
        looks = _passes(sensor, run.account.get((sensor.id, view.launch), ()))
        why = _with_looks(view, looks)
        _, last_s = run.seen.get((sensor.nation, view.launch), (0.0, -np.inf))
        late = (why == Why.SEEN) & (view.start_s + np.arange(len(why)) > last_s)
        why[late] = Why.NOT_LOOKED
        edges = [0, *(np.flatnonzero(np.diff(why)) + 1).tolist(), len(why)]
        for first, end in itertools.pairwise(edges):
            times = view.start_s + first, view.start_s + end
            spells.append(Spell(view.launch, sensor.id, *times, Why(int(why[first]))))
    return spells


def _passes(sensor: SensorPlacement, looks: Sequence[tuple[int, Why]]) -> list[tuple[int, Why]]:
    """Looks without the pauses in which a turning antenna points elsewhere."""
    profile = sensor.profile
    if not isinstance(profile, RadarProfile) or profile.rotation_s is None:
        return list(looks)
    turn_s = profile.rotation_s.value
    ends = [*(t_s for t_s, _ in looks[1:]), np.inf][: len(looks)]
    return [
        (t_s, why)
        for (t_s, why), end_s in zip(looks, ends, strict=True)
        if why is not Why.NOT_LOOKED or end_s - t_s > turn_s
    ]


def _with_looks(view: View, looks: Sequence[tuple[int, Why]]) -> np.ndarray:
    """Reasons by the second: geometry's, and where that leaves it open the looks'."""
    why = np.array(view.why)
    why[view.why == Why.SEEN] = Why.NOT_LOOKED
    # None where a run ended before the sensor looked at all.
    ends = [*(t_s for t_s, _ in looks[1:]), np.inf][: len(looks)]
    for first, last in custody.runs(np.isin(view.why, _IN_VIEW)):
        from_s, until_s = view.start_s + first, view.start_s + last + 1
        for (t_s, said), end_s in zip(looks, ends, strict=True):
            if from_s <= t_s < until_s:
                rows = slice(round(t_s - view.start_s), round(min(end_s, until_s) - view.start_s))
                faint = view.why[rows] == Why.TOO_DIM
                if said is Why.SEEN:
                    why[rows] = Why.SEEN
                elif said in _OF_LOOKS:
                    why[rows] = np.where(faint, int(Why.TOO_DIM), int(said))
    return why
