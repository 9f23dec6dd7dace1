"""From a sensor's placement and profile to what looks: its place at a time, and its arrays."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from noroshi.catalogue.placement import Orbit, SensorPlacement, Walker
from noroshi.catalogue.sensors import MAX_FACES, InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth import frames, geometry
from noroshi.earth.model import WGS84
from noroshi.errors import InputError
from noroshi.flight import orbits
from noroshi.flight.orbits import Elements, geostationary, kepler, positions
from noroshi.sensing.infrared import Infrared, nadir_axes
from noroshi.sensing.radar import Radar, unit_range_m
from noroshi.sensing.skywave import Skywave


@dataclass(frozen=True)
class Errors:
    """What is constantly wrong with a sensor in one run: all zero where nobody draws it.

    `bias` is range m (0 for infrared), azimuth and elevation rad; `place_m` east, north, up.
    """

    bias: np.ndarray = field(default_factory=lambda: np.zeros(3))
    place_m: np.ndarray = field(default_factory=lambda: np.zeros(3))
    clock_s: float = 0.0


def moves(sensor: SensorPlacement) -> bool:
    """Whether it stands elsewhere over the Earth from one second to the next."""
    return sensor.moves is not None or sensor.orbit is not None or sensor.walker is not None


def stands(sensor: SensorPlacement, seconds: int) -> list[slice]:
    """Parts of a time, by the second, in which a sensor can be taken to stand still for a first judgement."""
    step = 30 if moves(sensor) else max(seconds, 1)
    return [slice(start, min(start + step, seconds)) for start in range(0, seconds, step)]


def place_at(sensor: SensorPlacement, t_s: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """ECEF place, m, and axes of a sensor at seconds after the epoch.

    Raises InputError, naming the field, for a ship or an aircraft outside the times that it is given for.
    """
    if sensor.longitude_deg is not None:
        lon_deg = sensor.longitude_deg.value
        return np.asarray(geostationary(lon_deg)), nadir_axes(0.0, math.radians(lon_deg))
    if (elements := elements_of(sensor)) is not None:
        place = np.asarray(positions(elements, np.array([t_s]))[0])[0, 0]
        # About the Earth's centre, as the satellite's own horizon is.
        return place, nadir_axes(math.asin(place[2] / np.linalg.norm(place)), math.atan2(place[1], place[0]))
    lat, lon, height_m = ground_at(sensor, t_s)
    if isinstance(sensor.profile, RadarProfile):
        height_m += sensor.profile.antenna_height_m.value
    return np.asarray(frames.ecef(lat, lon, height_m)), np.asarray(frames.enu_axes(lat, lon))


def ground_at(sensor: SensorPlacement, t_s: float = 0.0) -> tuple[float, float, float]:
    """Latitude and longitude, rad, and height, m, of the ground, sea or aircraft that carries it."""
    if sensor.moves is None:
        assert sensor.lat_deg and sensor.lon_deg and sensor.height_m
        return (
            math.radians(sensor.lat_deg.value),
            math.radians(sensor.lon_deg.value),
            sensor.height_m.value,
        )
    points = sensor.moves.points
    times = [point[0] for point in points]
    if not times[0] <= t_s <= times[-1]:
        need = f"is known from {times[0]:g} to {times[-1]:g} s only, and is asked for at {t_s:g} s."
        raise InputError("", f"sensors.{sensor.id}.moves", None, need, "Give its points for all of the time.")
    row = min(bisect_right(times, t_s), len(points) - 1)
    (from_s, *start), (to_s, *end) = points[row - 1], points[row]
    share = (t_s - from_s) / (to_s - from_s)
    here, there = np.radians(start[:2]), np.radians(end[:2])
    distance_m, bearing = geometry.great_circle(*here, *there)
    lat, lon = geometry.great_circle_end(here[0], here[1], bearing, share * distance_m)
    return float(lat), float(lon), start[2] + share * (end[2] - start[2])


def elements_of(sensor: SensorPlacement) -> Elements | None:
    """Kepler elements of one satellite, whose node counts from Greenwich at the epoch."""
    if sensor.orbit is not None:
        return _single(sensor.orbit)
    if sensor.walker is None:
        return None
    return Elements(
        *(column[sensor.member : sensor.member + 1] for column in vars(_all(sensor.walker)).values())
    )


@cache
def _single(orbit: Orbit) -> Elements:
    equator_km = WGS84.semi_major_m / 1e3
    low, high = equator_km + orbit.perigee_km.value, equator_km + orbit.apogee_km.value
    return kepler(
        (low + high) / 2,
        (high - low) / (high + low),
        orbit.inclination_deg.value,
        orbit.node_lon_deg.value,
        orbit.perigee_argument_deg.value,
        orbit.mean_anomaly_deg.value,
    )


@cache
def _all(walker: Walker) -> Elements:
    inclination_deg, height_km = walker.inclination_deg.value, walker.height_km.value
    return orbits.walker(
        *walker.numbers, inclination_deg, height_km, walker.spread, walker.node_lon_deg.value
    )


def radar_of(sensor: SensorPlacement, t_s: float = 0.0, errors: Errors | None = None) -> Radar:
    """A radar at a time, with its errors."""
    profile, errors = sensor.profile, errors or Errors()
    assert isinstance(profile, RadarProfile)
    place, axes = place_at(sensor, t_s)
    search, cued = (
        unit_range_m(one.value * 1e3, one.cross_section_m2, one.snr_db)
        for one in (profile.search_range_km, profile.cued_range_km)
    )
    pairs = np.array(sensor.mask_deg.pairs if sensor.mask_deg else [(0.0, -5.0)])
    mask = np.interp(np.arange(360), pairs[:, 0], pairs[:, 1], period=360)
    rate = profile.sigma_range_rate_mps
    return Radar(
        site_ecef_m=place,
        axes=axes,
        antenna_height_m=np.float64(ground_at(sensor, t_s)[2] + profile.antenna_height_m.value),
        search_unit_m=np.float64(search),
        cued_unit_m=np.float64(cued),
        instrumented_m=np.float64(profile.instrumented_range_km.value * 1e3),
        boresight_rad=np.float64(math.radians(sensor.middle_deg)),
        sector_rad=np.float64(math.radians(sensor.sector_deg)),
        normals=_normals(sensor, profile),
        scan_loss=np.float64(profile.scan_loss.value if profile.scan_loss else 0.0),
        fence_rad=np.radians([profile.fence_low_deg.value, profile.fence_high_deg.value]),
        elevation_rad=np.radians([profile.elevation_min_deg.value, profile.elevation_max_deg.value]),
        mask_rad=np.radians(mask),
        false_alarm=np.float64(profile.false_alarm_probability.value),
        beamwidth_rad=np.float64(math.radians(profile.beamwidth_deg.value)),
        sigma=np.array([profile.sigma_range_m.value, *[profile.sigma_angle_mrad.value * 1e-3] * 2]),
        sigma_range_rate_mps=np.float64(rate.value if rate else np.inf),
        bias=errors.bias,
        bias_place_m=errors.place_m,
        bias_clock_s=np.float64(errors.clock_s),
    )


def _normals(sensor: SensorPlacement, profile: RadarProfile) -> np.ndarray:
    """Unit normals of the faces, east, north, up; the last one fills up."""
    width = profile.sector_deg.value
    first = sensor.middle_deg - width * (profile.faces - 1) / 2
    azimuth = np.radians(first + width * np.minimum(np.arange(MAX_FACES), profile.faces - 1))
    tilt = math.radians(profile.face_tilt_deg.value) if profile.face_tilt_deg else 0.0
    flat = np.full(MAX_FACES, math.sin(tilt))
    return np.stack([np.sin(azimuth) * math.cos(tilt), np.cos(azimuth) * math.cos(tilt), flat], axis=-1)


def infrared_of(sensor: SensorPlacement, t_s: float = 0.0, errors: Errors | None = None) -> Infrared:
    """An infrared satellite at a time, with its errors."""
    profile, errors = sensor.profile, errors or Errors()
    assert isinstance(profile, InfraredProfile)
    place, axes = place_at(sensor, t_s)
    field_deg = profile.field_of_view_deg.value if profile.field_of_view_deg else 180.0
    return Infrared(
        site_ecef_m=place,
        axes=axes,
        threshold_w_per_m2=np.float64(profile.sensitivity_w_per_sr.irradiance_w_per_m2),
        against_space=np.float64(profile.against_space.value),
        field_rad=np.float64(math.radians(field_deg)),
        probability=np.float64(profile.detection_probability.value),
        sigma_rad=np.float64(profile.angle_noise_urad.value * 1e-6),
        bias_rad=errors.bias[1:],
    )


def skywave_of(sensor: SensorPlacement, errors: Errors | None = None) -> Skywave:
    """A skywave radar with its errors."""
    profile, errors = sensor.profile, errors or Errors()
    assert isinstance(profile, SkywaveProfile)
    place, axes = place_at(sensor)
    return Skywave(
        site_ecef_m=place,
        axes=axes,
        annulus_m=np.array([profile.range_min_km.value, profile.range_max_km.value]) * 1e3,
        boresight_rad=np.float64(math.radians(sensor.middle_deg)),
        sector_rad=np.float64(math.radians(sensor.sector_deg)),
        probability=np.float64(profile.detection_probability.value),
        sigma=np.array([profile.sigma_range_km.value * 1e3, profile.sigma_azimuth_mrad.value * 1e-3]),
        bias=errors.bias[:2],
    )
