"""The simulated world: true flights, sensors that look at them, detections without a mark of the truth."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.profiles import InfraredProfile, RadarProfile
from noroshi.catalogue.scenario import Scenario
from noroshi.compiled import QUICK, stored
from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.exercise import draw
from noroshi.exercise.draw import Flight
from noroshi.flight.sample import trajectory
from noroshi.records import keys
from noroshi.records.detections import Detections, Plot
from noroshi.records.tasking import Cue, Tasking
from noroshi.records.trajectory import Trajectory
from noroshi.records.truth import Truth
from noroshi.sensing import infrared, radar
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import Infrared
from noroshi.sensing.radar import Radar

CUES = 4
# A steady coast is looked at this many times less often than what may still burn (assumption).
STEADY = 3
GEO_RADIUS_M = 42_164_170.0


def _look_all(
    radars: Radar, tasking: Tasking, air: Environment, truth: Truth, keys_: Array, look: Array
) -> Detections:
    """One look of every radar; the key of a look is its radar's, folded with the look's number."""
    each = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys_, look)
    return jax.vmap(radar.look, in_axes=(0, 0, None, None, 0))(radars, tasking, air, truth, each)


def _scan_all(satellites: Infrared, air: Environment, truth: Truth, keys_: Array, look: Array) -> Detections:
    """One scan of every satellite."""
    each = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys_, look)
    return jax.vmap(infrared.look, in_axes=(0, None, None, 0))(satellites, air, truth, each)


look_all = stored(_look_all, QUICK)
scan_all = stored(_scan_all, QUICK)


def stacked(parts: list[Any]) -> Any:
    """One record of arrays from many records of the same kind."""
    return jax.device_put(
        jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *parts)
    )


def axes(sensor: SensorPlacement) -> tuple[np.ndarray, np.ndarray]:
    """ECEF place, m, and axes of a sensor as it stands in the scenario."""
    if isinstance(sensor.profile, InfraredProfile):
        assert sensor.longitude_deg is not None
        lon = math.radians(sensor.longitude_deg.value)
        place = GEO_RADIUS_M * np.array([math.cos(lon), math.sin(lon), 0.0])
        return place, infrared.nadir_axes(0.0, lon)
    assert sensor.lat_deg and sensor.lon_deg and sensor.height_m
    lat, lon = np.radians([sensor.lat_deg.value, sensor.lon_deg.value])
    height_m = sensor.height_m.value + sensor.profile.antenna_height_m.value
    return np.asarray(frames.ecef(lat, lon, height_m)), np.asarray(frames.enu_axes(lat, lon))


def build_radar(sensor: SensorPlacement, seed: int) -> Radar:
    """A radar of the scenario with its drawn bias."""
    profile = sensor.profile
    assert isinstance(profile, RadarProfile) and sensor.height_m is not None
    place, frame = axes(sensor)
    search, cued = (
        radar.unit_range_m(one.value * 1e3, one.cross_section_m2, one.snr_db)
        for one in (profile.search_range_km, profile.cued_range_km)
    )
    pairs = np.array(sensor.mask_deg.pairs if sensor.mask_deg else [(0.0, -5.0)])
    mask = np.interp(np.arange(0, 360, 10), pairs[:, 0], pairs[:, 1], period=360)
    boresight = sensor.boresight_deg.value if sensor.boresight_deg else 0.0
    return Radar(
        site_ecef_m=place,
        axes=frame,
        antenna_height_m=np.float64(sensor.height_m.value + profile.antenna_height_m.value),
        search_unit_m=np.float64(search),
        cued_unit_m=np.float64(cued),
        instrumented_m=np.float64(profile.instrumented_range_km.value * 1e3),
        boresight_rad=np.float64(math.radians(boresight)),
        sector_rad=np.float64(math.radians(profile.sector_deg.value)),
        fence_rad=np.radians([profile.fence_low_deg.value, profile.fence_high_deg.value]),
        elevation_rad=np.radians([profile.elevation_min_deg.value, profile.elevation_max_deg.value]),
        mask_rad=np.radians(mask),
        false_alarm=np.float64(profile.false_alarm_probability.value),
        beamwidth_rad=np.float64(math.radians(profile.beamwidth_deg.value)),
        sigma=np.array([profile.sigma_range_m.value, *[profile.sigma_angle_mrad.value * 1e-3] * 2]),
        bias=draw.bias(sensor, seed),
    )


def build_infrared(sensor: SensorPlacement, seed: int) -> Infrared:
    """An infrared satellite of the scenario with its drawn bias."""
    profile = sensor.profile
    assert isinstance(profile, InfraredProfile)
    place, frame = axes(sensor)
    return Infrared(
        place,
        frame,
        np.float64(profile.sensitivity_w_per_sr.value),
        np.float64(profile.angle_noise_urad.value * 1e-6),
        draw.bias(sensor, seed)[1:],
    )


@dataclass(frozen=True)
class World:
    """The truth of one run and the sensors in it; the same for every arm of sharing."""

    scenario: Scenario
    seed: int
    flights: tuple[Flight, ...]
    tracks: tuple[Trajectory, ...]
    air: Environment
    radars: tuple[SensorPlacement, ...]
    satellites: tuple[SensorPlacement, ...]
    radar_arrays: Radar | None
    satellite_arrays: Infrared | None
    radar_keys: jax.Array
    satellite_keys: jax.Array
    phases: Mapping[str, float]
    end_s: float

    def truth(self, t_s: float) -> Truth:
        """What is there at a whole second after the epoch."""
        rows = []
        for flight, track in zip(self.flights, self.tracks, strict=True):
            threat = flight.launch.threat
            row = round(t_s - flight.launch.launch_time_s)
            there = 0 <= row < len(track.time_s) - 1
            row = min(max(row, 0), len(track.time_s) - 1)
            burning = bool(track.burning[row])
            rows.append(
                (
                    track.position_ecef_m[row],
                    track.velocity_ecef_mps[row],
                    threat.rcs_m2_boost.value if burning else threat.rcs_m2_coast.value,
                    threat.plume_w_per_sr.value if burning and row > 0 else 0.0,
                    there,
                )
            )
        return Truth(*(np.array(column) for column in zip(*rows, strict=True)))


def build(scenario: Scenario, seed: int, like: World | None = None) -> World:
    """Draw and fly the launches, place the sensors; launches that are also in `like` are not flown again."""
    if like is not None and like.seed == seed and like.scenario.launches == scenario.launches:
        flights, tracks = like.flights, like.tracks
    else:
        flights = tuple(draw.flight(scenario, launch, seed) for launch in scenario.launches)
        tracks = tuple(trajectory(flight.fit) for flight in flights)
    present = [sensor for sensor in scenario.sensors if sensor.present]
    radars = tuple(sensor for sensor in present if isinstance(sensor.profile, RadarProfile))
    satellites = tuple(sensor for sensor in present if isinstance(sensor.profile, InfraredProfile))
    root = keys.root(seed)
    return World(
        scenario,
        seed,
        flights,
        tracks,
        Environment(
            np.float64(scenario.environment.refraction_factor.value),
            np.float64(scenario.environment.cloud_break_km.value * 1e3),
        ),
        radars,
        satellites,
        stacked([build_radar(sensor, seed) for sensor in radars]) if radars else None,
        stacked([build_infrared(sensor, seed) for sensor in satellites]) if satellites else None,
        jnp.stack([keys.fold(root, "look", sensor.id) for sensor in radars]) if radars else root,
        jnp.stack([keys.fold(root, "look", sensor.id) for sensor in satellites]) if satellites else root,
        {sensor.id: round(draw.phase_s(sensor, _period_s(sensor), seed)) for sensor in present},
        min(
            scenario.duration_s,
            max(f.launch.launch_time_s + float(t.time_s[-1]) for f, t in zip(flights, tracks, strict=True)),
        ),
    )


def _period_s(sensor: SensorPlacement) -> float:
    profile = sensor.profile
    return profile.search_revisit_s.value if isinstance(profile, RadarProfile) else profile.revisit_s.value


@dataclass
class Watch:
    """The sensors of a run as their nations task them: who looks where, and what they report."""

    world: World
    cues: dict[str, dict[str, Cue]] = field(default_factory=dict)
    # Director's knowledge: when each nation first and last saw each launch.
    seen: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find when anything can be in view at all; outside those seconds no look is worth its time."""
        world = self.world
        self._visible = np.zeros((int(world.end_s) + 2, len(world.radars)), bool)
        self._fenced = np.zeros_like(self._visible)
        self._burning = np.zeros(int(world.end_s) + 2, bool)
        for flight, track in zip(world.flights, world.tracks, strict=True):
            start = round(flight.launch.launch_time_s)
            rows = min(len(track.time_s) - 1, len(self._burning) - start)
            self._burning[start : start + rows] |= np.asarray(track.burning)[:rows]
            for column, sensor in enumerate(world.radars):
                profile = sensor.profile
                assert isinstance(profile, RadarProfile)
                place, frame = axes(sensor)
                view = geometry.range_azimuth_elevation(place, frame, track.position_ecef_m[:rows])
                # Refraction of any kind offered bends by less than five degrees.
                near = (view[:, 0] < profile.instrumented_range_km.value * 1e3) & (
                    view[:, 2] > math.radians(-5)
                )
                self._visible[start : start + rows, column] |= near
                low, high = profile.fence_low_deg.value, profile.fence_high_deg.value
                apparent = geometry.refracted_elevation(
                    np.float64(frames.geodetic(place)[2]),
                    frames.height(track.position_ecef_m[:rows]),
                    geometry.arc(np.broadcast_to(place, (rows, 3)), track.position_ecef_m[:rows]),
                    world.air.effective_earth,
                )
                margin = math.radians(0.2)
                fenced = (apparent > math.radians(low) - margin) & (apparent < math.radians(high) + margin)
                self._fenced[start : start + rows, column] |= near & fenced

    def task(self, cue: Cue) -> None:
        """Take a nation's word on where one of its radars shall look."""
        self.cues.setdefault(cue.sensor, {})[cue.track] = cue

    def detections(self, t_s: int) -> list[tuple[str, Plot]]:
        """Plots of this second with the nation each goes to, in an order that tells nothing of the truth."""
        plots = [*self._radar_plots(t_s), *self._scans(t_s)]
        return sorted(plots, key=lambda one: (one[1].sensor, one[1].measurement))

    def _radar_plots(self, t_s: int) -> list[tuple[str, Plot]]:
        world = self.world
        due = self._due(t_s)
        if not any(due):
            return []
        centre = np.zeros((len(world.radars), CUES, 2))
        width = np.zeros((len(world.radars), CUES))
        valid = np.zeros((len(world.radars), CUES), bool)
        searching = np.zeros(len(world.radars), bool)
        for row, sensor in enumerate(world.radars):
            live = [cue for cue in self.cues.get(sensor.id, {}).values() if self._wanted(sensor, cue, t_s)]
            # More cues than beams: the newest go first.
            for slot, cue in enumerate(sorted(live, key=lambda cue: -cue.until_s)[:CUES]):
                centre[row, slot] = cue.azimuth_rad, cue.elevation_rad
                width[row, slot] = cue.half_width_rad
                valid[row, slot] = due[row] & 1
            searching[row] = due[row] >> 1
        tasking = Tasking(centre, width, valid, searching)
        assert world.radar_arrays is not None
        seen = look_all(world.radar_arrays, tasking, world.air, world.truth(t_s), world.radar_keys, t_s)
        return self._plots(world.radars, seen, t_s, [True] * len(due))

    @staticmethod
    def _wanted(sensor: SensorPlacement, cue: Cue, t_s: int) -> bool:
        """Whether a cue holds and asks for a look in this second."""
        assert isinstance(sensor.profile, RadarProfile)
        every_s = round(sensor.profile.track_revisit_s.value) * (STEADY if cue.steady else 1)
        return cue.until_s >= t_s and t_s % every_s == 0

    def _due(self, t_s: int) -> list[int]:
        """Per radar: bit 0 a look at cues is due, bit 1 a look along the search fence is."""
        due = []
        for column, sensor in enumerate(self.world.radars):
            profile = sensor.profile
            assert isinstance(profile, RadarProfile)
            if not self._visible[t_s, column]:
                due.append(0)
                continue
            cued = any(self._wanted(sensor, cue, t_s) for cue in self.cues.get(sensor.id, {}).values())
            turn = (t_s - self.world.phases[sensor.id]) % round(profile.search_revisit_s.value) == 0
            due.append(cued + 2 * (turn and bool(self._fenced[t_s, column])))
        return due

    def _scans(self, t_s: int) -> list[tuple[str, Plot]]:
        world = self.world
        due = [
            self._burning[t_s] and (t_s - world.phases[sensor.id]) % round(_period_s(sensor)) == 0
            for sensor in world.satellites
        ]
        if not any(due):
            return []
        assert world.satellite_arrays is not None
        seen = scan_all(world.satellite_arrays, world.air, world.truth(t_s), world.satellite_keys, t_s)
        return self._plots(world.satellites, seen, t_s, due)

    def _plots(
        self, sensors: tuple[SensorPlacement, ...], looks: Detections, t_s: int, due: list[bool]
    ) -> list[tuple[str, Plot]]:
        """Plots of one second's looks; the launch behind each stays here, with the director."""
        valid = np.asarray(looks.valid) & np.array(due)[:, None]
        if not valid.any():
            return []
        z, sigma, cued = np.asarray(looks.measurement), np.asarray(looks.sigma), np.asarray(looks.cued)
        plots = []
        for row, launch in np.argwhere(valid):
            nation = sensors[row].nation
            key = nation, self.world.flights[launch].launch.id
            self.seen[key] = self.seen.get(key, (float(t_s), 0.0))[0], float(t_s)
            plot = Plot(
                sensors[row].id,
                float(t_s),
                tuple(z[row, launch].tolist()),
                tuple(sigma[row, launch].tolist()),
                bool(cued[row, launch]),
            )
            plots.append((nation, plot))
        return plots
