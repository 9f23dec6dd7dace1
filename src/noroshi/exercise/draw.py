"""What chance decides about the world of one run, each draw under its own name."""

import math
from dataclasses import dataclass

import numpy as np

from noroshi.catalogue.eyes import Errors
from noroshi.catalogue.launch import Launch
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.catalogue.threats import flyer
from noroshi.errors import FlightError, InputError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Fit, fit
from noroshi.flight.missile import Site
from noroshi.records.keys import generator, uniform

# How fast what a late clock misplaces moves, and how far off a radar's own error of place tells as an angle.
_MOVES_MPS, _AWAY_M = 4e3, 500e3


@dataclass(frozen=True)
class Flight:
    """One launch of a run as it really is."""

    launch: Launch
    fit: Fit


def announced(launch: Launch, seed: int) -> Announced:
    """The announced figures, each within its stated half-width."""

    def around(name: str) -> Told:
        middle, spread = getattr(launch, f"{name}_km").value, getattr(launch, f"{name}_spread_km").value
        return Told(float(middle + spread * (2 * uniform(seed, "truth", launch.id, name) - 1)))

    bearing = Told(launch.bearing_deg.value)
    return Announced(around("apogee"), around("range"), bearing, launch.bearing_convention)


def flight(scenario: Scenario, launch: Launch, seed: int) -> Flight:
    """Fly one launch of a run.

    Raises InputError, naming the launch, when no flight meets its figures.
    """
    site = Site(launch.launch_lat_deg.value, launch.launch_lon_deg.value, launch.launch_height_m.value)
    missile, body = flyer(launch.threat, lambda name: uniform(seed, "truth", launch.id, name))
    try:
        return Flight(launch, fit(site, announced(launch, seed), missile, body))
    except FlightError as error:
        figures = f"apogee_km = {launch.apogee_km.value:g}, range_km = {launch.range_km.value:g}"
        hint = f"{error}. Change one of the figures, or the threat's burn_s."
        raise InputError(
            scenario.file, f'launches "{launch.id}"', figures, "must be met by one flight:", hint
        ) from error


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
