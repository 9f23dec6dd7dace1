"""What chance decides about the world of one run, each draw under its own name."""

from dataclasses import dataclass

import numpy as np

from noroshi.catalogue.launch import Launch
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.profiles import RadarProfile
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.threats import flyer
from noroshi.errors import FlightError, InputError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Fit, fit
from noroshi.flight.missile import Site
from noroshi.records.keys import generator, uniform


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


def bias(sensor: SensorPlacement, seed: int) -> np.ndarray:
    """The constant error of a sensor in this run: range m (0 for infrared), azimuth and elevation rad."""
    normal = generator(seed, "bias", sensor.id).standard_normal(3)
    profile = sensor.profile
    if isinstance(profile, RadarProfile):
        angle = profile.bias_angle_mrad.value * 1e-3
        return normal * np.array([profile.bias_range_m.value, angle, angle])
    return normal * np.array([0.0, 1.0, 1.0]) * profile.bias_urad.value * 1e-6


def believed_bias(sensor: SensorPlacement) -> np.ndarray:
    """One sigma of that error as the nation's filter believes it, usually less than the truth's."""
    profile = sensor.profile
    if isinstance(profile, RadarProfile):
        angle = profile.bias_angle_mrad.value * 1e-3
        sigma = np.array([profile.bias_range_m.value, angle, angle])
    else:
        sigma = np.array([0.0, 1.0, 1.0]) * profile.bias_urad.value * 1e-6
    return sigma * profile.believed_bias_factor.value


def phase_s(sensor: SensorPlacement, period_s: float, seed: int) -> float:
    """When in its cycle a sensor stands at the epoch."""
    return uniform(seed, "phase", sensor.id) * period_s
