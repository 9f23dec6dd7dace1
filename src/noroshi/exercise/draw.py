"""What chance decides about the world of one run, each draw under its own name."""

import math
from dataclasses import dataclass, replace

import numpy as np

from noroshi.catalogue.eyes import Errors
from noroshi.catalogue.launch import Failing, Launch
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.catalogue.threats import flyer
from noroshi.errors import FlightError, InputError
from noroshi.flight import space
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Fit, fit
from noroshi.flight.legs import Course
from noroshi.flight.missile import Body, Missile, Site, course
from noroshi.flight.objects import FRAGMENT_KGPM2
from noroshi.flight.sample import broken, measured, sampled, steps_of, trajectory
from noroshi.flight.space import Ascent, Wanted
from noroshi.records.keys import generator, uniform
from noroshi.records.trajectory import Trajectory

# How fast what a late clock misplaces moves, and how far off a radar's own error of place tells as an angle.
_MOVES_MPS, _AWAY_M = 4e3, 500e3
# The fragment that stands for a flight that broke up: of middling drag.
_PIECE = Body(math.sqrt(math.prod(FRAGMENT_KGPM2)))


@dataclass(frozen=True)
class Flight:
    """One launch of a run as it really is.

    `fit` is what came of it: of what failed, its own apogee and where it fell. What broke up did so at
    `broke`: time, s after launch, place, m, and velocity, m/s; its middle fragment is followed. What reached
    orbit did so by `ascent`; it has no end, and is followed until `until_s` after launch.
    """

    launch: Launch
    fit: Fit
    broke: tuple[float, ...] | None = None
    ascent: Ascent | None = None
    until_s: float = math.inf


def announced(launch: Launch, seed: int) -> Announced:
    """The announced figures, each within its stated half-width."""

    def around(name: str) -> Told:
        middle, spread = getattr(launch, f"{name}_km").value, getattr(launch, f"{name}_spread_km").value
        return Told(float(middle + spread * (2 * uniform(seed, "truth", launch.id, name) - 1)))

    bearing = Told(launch.bearing_deg.value)
    return Announced(around("apogee"), around("range"), bearing, launch.bearing_convention)


def flight(scenario: Scenario, launch: Launch, seed: int) -> Flight:
    """Fly one launch of a run.

    Raises InputError, naming the launch, when no flight meets its figures, or it cannot fail when it shall.
    """
    site = Site(launch.launch_lat_deg.value, launch.launch_lon_deg.value, launch.launch_height_m.value)
    missile, body = flyer(launch.threat, lambda name: uniform(seed, "truth", launch.id, name))
    if launch.upper_pitch_deg is not None:
        missile = replace(missile, upper_rad=math.radians(launch.upper_pitch_deg.value))
    told, failure = announced(launch, seed), launch.failure
    try:
        if launch.threat.family == "space":
            reached = _ascent(site, told, missile)
            planned = space.planned(reached, body)
            if failure is None:
                # Rows are at whole seconds, and the last one of a track is its end.
                until_s = math.floor(scenario.duration_s - launch.launch_time_s) + 0.5
                return Flight(launch, planned, ascent=reached, until_s=until_s)
            return _failed(launch, _lost(planned, failure), reached.insertion_s)
        if failure is None:
            return Flight(launch, fit(site, told, missile, body))
        if failure.figures == "planned":
            planned = fit(site, told, missile, body)
        else:
            lost = replace(missile, thrust_until_s=failure.at_s.value)
            planned = fit(site, told, lost, body if failure.kind == "thrust-loss" else _PIECE)
        return _failed(launch, _lost(replace(planned, body=body), failure), planned.flight_time_s)
    except FlightError as error:
        figures = f"apogee_km = {launch.apogee_km.value:g}, range_km = {launch.range_km.value:g}"
        hint = f"{error}. Change one of the figures, or the threat's burn_s."
        raise InputError(
            scenario.file, f'launches "{launch.id}"', figures, "must be met by one flight:", hint
        ) from error


def _ascent(site: Site, told: Announced, missile: Missile) -> Ascent:
    """The ascent to the planned orbit of a space launch; its second stage was to fall at the range."""
    assert told.apogee_km is not None and told.range_km is not None and told.bearing_deg is not None
    height_km, fall_km = told.apogee_km.value, told.range_km.value
    wanted = Wanted(height_km, height_km, told.bearing_deg.value, told.convention, fall_range_km=fall_km)
    return space.ascend(site, wanted, missile, Body(missile.stages[wanted.fallen_stage - 1].spent_kgpm2))


def _lost(planned: Fit, failure: Failing) -> Fit:
    """The same launch without thrust from its failure on."""
    return replace(planned, missile=replace(planned.missile, thrust_until_s=failure.at_s.value))


def _failed(launch: Launch, planned: Fit, until_s: float) -> Flight:
    """What becomes of a launch that fails: its thrust is lost, or it breaks up."""
    failure = launch.failure
    assert failure is not None
    at_s = failure.at_s.value
    burnt_s = sum(float(stage.burn_s + stage.gap_s) for stage in planned.missile.stages)
    burnt_s -= float(planned.missile.stages[0].gap_s)
    ends_s = burnt_s if failure.kind == "thrust-loss" else until_s
    if at_s >= ends_s:
        what = "the last stage is spent" if failure.kind == "thrust-loss" else "the flight ends"
        raise FlightError(f"nothing can fail at {at_s:g} s: {what} after {ends_s:.0f} s")
    if failure.kind == "thrust-loss":
        return Flight(launch, measured(planned, steps_of(_course(planned))))
    table = broken(planned, at_s, _PIECE)
    row = table[np.abs(table[:, 0] - at_s).argmin()]
    return Flight(launch, measured(planned, table), tuple(row.tolist()))


def _course(flown: Fit, until_s: float = math.inf) -> Course:
    return course(flown.site, flown.missile, flown.body, flown.aim, flown.earth, until_s=until_s)


def track(flight: Flight) -> Trajectory:
    """A flight by the second, from launch to where it falls; of what is in orbit, to the end of the run."""
    if flight.ascent is not None:
        return sampled(steps_of(_course(flight.fit, flight.until_s)), 1.0, flight.fit.missile)
    if flight.broke is None:
        return trajectory(flight.fit)
    return sampled(broken(flight.fit, flight.broke[0], _PIECE), 1.0, flight.fit.missile)


def errors(sensor: SensorPlacement, seed: int) -> Errors:
    """What is constantly wrong with a sensor in this run."""
    normal = generator(seed, "bias", sensor.id).standard_normal(3)
    profile = sensor.profile
    if isinstance(profile, InfraredProfile):
        return Errors(normal * np.array([0.0, 1.0, 1.0]) * profile.bias_urad.value * 1e-6)
    if isinstance(profile, SkywaveProfile):
        azimuth = profile.bias_azimuth_mrad.value * 1e-3
        return Errors(normal * np.array([profile.bias_range_km.value * 1e3, azimuth, 0.0]))
    angle = profile.bias_angle_mrad.value * 1e-3
    place_m, clock_s = _place_m(profile), _clock_s(profile)
    return Errors(
        normal * np.array([profile.bias_range_m.value, angle, angle]),
        place_m * generator(seed, "misplaced", sensor.id).standard_normal(3),
        clock_s * float(generator(seed, "clock", sensor.id).standard_normal()),
    )


def _place_m(profile: RadarProfile) -> float:
    return profile.bias_place_m.value if profile.bias_place_m else 0.0


def _clock_s(profile: RadarProfile) -> float:
    return profile.bias_clock_ms.value * 1e-3 if profile.bias_clock_ms else 0.0


def believed_bias(sensor: SensorPlacement) -> np.ndarray:
    """One sigma of that error, range m, azimuth and elevation rad, as the nation's filter believes it.

    Usually less than the truth's. What place and clock do is taken as an error of range and angle.
    """
    profile = sensor.profile
    assert not isinstance(profile, SkywaveProfile)
    if isinstance(profile, InfraredProfile):
        return np.array([0.0, 1.0, 1.0]) * profile.bias_urad.value * 1e-6 * profile.believed_bias_factor.value
    off_m = math.hypot(_place_m(profile), _clock_s(profile) * _MOVES_MPS)
    angle = math.hypot(profile.bias_angle_mrad.value * 1e-3, off_m / _AWAY_M)
    sigma = np.array([math.hypot(profile.bias_range_m.value, off_m), angle, angle])
    return sigma * profile.believed_bias_factor.value


def phase_s(sensor: SensorPlacement, period_s: float, seed: int) -> float:
    """When in its cycle a sensor stands at the epoch."""
    return uniform(seed, "phase", sensor.id) * period_s
