"""The simulated world: true flights, what else moves and shines, and the sensors in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from noroshi.catalogue import eyes
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.catalogue.threats import signature_of
from noroshi.earth import frames
from noroshi.exercise import background, draw, parts
from noroshi.exercise.draw import Flight
from noroshi.exercise.objects import Object
from noroshi.records import keys
from noroshi.records.trajectory import Trajectory
from noroshi.records.truth import Kind, Truth
from noroshi.sensing.environment import Environment
from noroshi.sensing.radar import Radar
from noroshi.sensing.signature import echo, shine, stages

# Numbers of objects that looks are compiled for.
_SIZES = (1, 4, 16, 64, 256)


def stacked(parts: list[Any]) -> Any:
    """One record of arrays from many records of the same kind."""
    return jax.device_put(
        jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *parts)
    )


@dataclass(frozen=True)
class Sensors:
    """Sensors of one kind: where they stand in the scenario, as arrays, and each one's key of chance."""

    placed: tuple[SensorPlacement, ...]
    arrays: Any
    keys: jax.Array

    def at(self, t_s: float) -> Any:
        """The arrays, with those that move where they then are."""
        moving = [row for row, sensor in enumerate(self.placed) if eyes.moves(sensor)]
        if not moving:
            return self.arrays
        return _moved(self.arrays, self.placed, moving, t_s)


def _moved(arrays: Any, placed: Sequence[SensorPlacement], moving: Sequence[int], t_s: float) -> Any:
    """The same arrays with some sensors where they are at a time."""
    site, axes = np.array(arrays.site_ecef_m), np.array(arrays.axes)
    for row in moving:
        site[row], axes[row] = eyes.place_at(placed[row], t_s)
    arrays = replace(arrays, site_ecef_m=site, axes=axes)
    if not isinstance(arrays, Radar):
        return arrays
    height_m = np.array(arrays.antenna_height_m)
    for row in moving:
        profile = placed[row].profile
        assert isinstance(profile, RadarProfile)
        height_m[row] = eyes.ground_at(placed[row], t_s)[2] + profile.antenna_height_m.value
    return replace(arrays, antenna_height_m=height_m)


@dataclass(frozen=True)
class World:
    """The truth of one run and the sensors in it; the same for every arm of sharing.

    The first objects are the launches, in their order, then what comes loose from them (see parts), then the
    background; `numbers` are the objects' own, for their chance.
    """

    scenario: Scenario
    seed: int
    flights: tuple[Flight, ...]
    tracks: tuple[Trajectory, ...]
    objects: tuple[Object, ...]
    numbers: np.ndarray
    air: Environment
    radars: Sensors
    skywaves: Sensors
    satellites: Sensors
    errors: Mapping[str, eyes.Errors]
    phases: Mapping[str, float]
    end_s: float

    def __post_init__(self) -> None:
        """Remember when each object is there."""
        start = np.array([one.start_s for one in self.objects])
        rows = np.array([len(one.position_ecef_m) for one in self.objects])
        object.__setattr__(self, "_there", (start, start + rows))

    def present(self, t_s: float) -> np.ndarray:
        """Numbers of the objects that are there at a whole second after the epoch."""
        start, end = self._there  # type: ignore[attr-defined]
        return np.flatnonzero((start <= t_s) & (t_s < end))

    def truth(self, t_s: float) -> tuple[Truth, np.ndarray]:
        """What is there at a whole second, and which object each row is: rows fill up to a fixed number."""
        here = self.present(t_s)
        size = next((size for size in _SIZES if size >= len(here)), len(here))
        rows = [(one, round(t_s - one.start_s)) for one in (self.objects[number] for number in here)]
        empty = size - len(here)

        def column(name: str, fill: Any) -> np.ndarray:
            found = [getattr(one, name)[row] for one, row in rows]
            return np.array([*found, *[fill] * empty], dtype=float)

        kinds = [int(one.kind) for one, _ in rows]
        swerling = [one.swerling for one, _ in rows]
        truth = Truth(
            position_ecef_m=column("position_ecef_m", _NOWHERE).reshape(size, 3),
            velocity_ecef_mps=column("velocity_ecef_mps", np.zeros(3)).reshape(size, 3),
            rcs_m2=column("rcs_m2", 0.0),
            infrared_w_per_sr=column("infrared_w_per_sr", 0.0),
            kind=np.array([*kinds, *[0] * empty]),
            swerling=np.array([*swerling, *[1] * empty]),
            exists=np.arange(size) < len(here),
        )
        return truth, np.concatenate([here, np.zeros(empty, int)])


_NOWHERE = np.array([7e6, 0.0, 0.0])


def missile(flight: Flight, track: Trajectory) -> Object:
    """A flight as the sensors have it: its echo and what shines of it, by the second; of what failed, what is
    left of it.
    """
    position, velocity = np.asarray(track.position_ecef_m)[:-1], np.asarray(track.velocity_ecef_mps)[:-1]
    height_m = np.asarray(frames.height(position))
    burning = np.asarray(track.burning)[:-1]
    signature = signature_of(flight.launch.threat)
    rcs_m2 = np.asarray(echo(signature, height_m, burning))
    if (left := parts.left_m2(flight)) is not None:
        rcs_m2 = np.where(np.asarray(track.time_s)[:-1] < left[0], rcs_m2, left[1])
    return Object(
        flight.launch.id,
        Kind.MISSILE,
        flight.launch.launch_time_s,
        position,
        velocity,
        rcs_m2,
        np.asarray(shine(signature, height_m, np.linalg.norm(velocity, axis=1), stages(burning))),
        signature.swerling,
    )


def build(scenario: Scenario, seed: int, like: World | None = None) -> World:
    """Draw and fly the launches, place the sensors; launches that are also in `like` are not flown again."""
    if like is not None and like.seed == seed and like.scenario.launches == scenario.launches:
        flights, tracks = like.flights, like.tracks
    else:
        flights = tuple(draw.flight(scenario, launch, seed) for launch in scenario.launches)
        tracks = tuple(draw.track(flight) for flight in flights)
    present = [sensor for sensor in scenario.sensors if sensor.present]
    errors = {sensor.id: draw.errors(sensor, seed) for sensor in present}
    objects = tuple(missile(*pair) for pair in zip(flights, tracks, strict=True))
    objects += parts.loose(flights, seed)
    if scenario.background is not None:
        objects += background.objects(scenario.background, present, scenario.duration_s, seed)

    def kept(kind: type, made: Any) -> Sensors:
        placed = tuple(sensor for sensor in present if isinstance(sensor.profile, kind))
        root = keys.root(seed)
        arrays = [made(sensor, errors=errors[sensor.id]) for sensor in placed]
        each = [keys.fold(root, "look", sensor.id) for sensor in placed]
        return Sensors(placed, stacked(arrays) if placed else None, jnp.stack(each) if placed else root)

    return World(
        scenario,
        seed,
        flights,
        tracks,
        objects,
        np.array([keys.number(one.id) for one in objects], dtype=np.uint32),
        Environment(
            np.float64(scenario.environment.refraction_factor.value),
            np.float64(scenario.environment.cloud_break_km.value * 1e3),
        ),
        kept(RadarProfile, eyes.radar_of),
        kept(SkywaveProfile, eyes.skywave_of),
        kept(InfraredProfile, eyes.infrared_of),
        errors,
        {sensor.id: round(draw.phase_s(sensor, period_s(sensor), seed)) for sensor in present},
        _end_s(scenario, objects),
    )


def _end_s(scenario: Scenario, objects: Sequence[Object]) -> float:
    """When the last object is gone; where something may come at any time, the end of the run."""
    if scenario.background is not None or scenario.faults or scenario.reports:
        return scenario.duration_s
    ends = [one.start_s + len(one.position_ecef_m) for one in objects]
    return min(scenario.duration_s, max(ends, default=0.0))


def period_s(sensor: SensorPlacement) -> float:
    """How often it looks for what nobody told it of; the clock of a run knows whole seconds, one at least."""
    profile = sensor.profile
    stated = profile.search_revisit_s if isinstance(profile, RadarProfile) else profile.revisit_s
    return max(stated.value, 1.0)
