"""What chance decides about the world of one run, each draw under its own name."""

from dataclasses import dataclass

import numpy as np

from noroshi.catalogue.launch import Launch
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.profiles import RadarProfile
from noroshi.catalogue.scenario import Scenario
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.errors import FlightError, InputError
from noroshi.flight.launch import Announced, Fit, Shape, Site, fit
from noroshi.records.keys import generator, uniform


@dataclass(frozen=True)
class Flight:
    """One launch of a run as it really is."""

    launch: Launch
    fit: Fit


def shape(launch: Launch, seed: int) -> Shape:
    """Burn, thrust, pitch programme and drag of a launch, drawn from its threat profile."""
    threat = launch.threat

    def draw(name: str) -> float:
        return float(getattr(threat, name).draw(uniform(seed, "truth", launch.id, name)))

    area_m2 = np.pi / 4 * threat.boost_diameter_m.value**2
    vertical_s = draw("vertical_s")
    return Shape(
        burn_s=draw("burn_s"),
        exhaust_mps=draw("specific_impulse_s") * STANDARD_GRAVITY_MPS2,
        vertical_s=vertical_s,
        pitch_over_s=vertical_s + draw("pitch_over_s"),
        area_per_mass_m2pkg=area_m2 / threat.launch_mass_kg.value,
        ballistic_coefficient_kgpm2=draw("ballistic_coefficient_kgpm2"),
    )


def announced(launch: Launch, seed: int) -> Announced:
    """The announced figures, each within its stated half-width."""

    def around(name: str) -> float:
        middle, spread = getattr(launch, f"{name}_km").value, getattr(launch, f"{name}_spread_km").value
        return float(middle + spread * (2 * uniform(seed, "truth", launch.id, name) - 1))

    return Announced(around("apogee"), around("range"), launch.bearing_deg.value, launch.bearing_convention)


def flight(scenario: Scenario, launch: Launch, seed: int) -> Flight:
    """Fly one launch of a run.

    Raises InputError, naming the launch, when no flight meets its figures.
    """
    site = Site(launch.launch_lat_deg.value, launch.launch_lon_deg.value, launch.launch_height_m.value)
    try:
        return Flight(launch, fit(site, announced(launch, seed), shape(launch, seed)))
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
