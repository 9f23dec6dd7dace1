"""What is in the air, in orbit and on the ground on a quiet day: objects drawn for the sensors that see them.

Events, not ticks: each object lives for its minutes near a sensor. A day of a kind (and of a sensor) is drawn
under its own name, so that another sensor, or a longer run, changes none that is there already.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float

from noroshi.catalogue.background import Airliners, Background, Debris, Fires, Satellites
from noroshi.catalogue.eyes import place_at, stands
from noroshi.catalogue.figures import Spread
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth import frames, geometry
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.exercise import falls, passes
from noroshi.exercise.objects import Object
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.records.keys import generator
from noroshi.records.truth import Kind

DAY_S = 86_400
YEAR_DAYS = 365.25
# An object that gives less than this at its nearest is never seen: one look in ten thousand.
_HOPELESS_DB = -3.0
# Below a radar's horizontal: mountains look down, air bends rays.
_LOWEST_RAD = math.radians(-1.5)
# What glows a hundred times fainter than at its peak no longer counts as seen from orbit.
_FAINT = 0.01
# Land lies above the ellipsoid; a fire on its very surface would hide behind it by rounding.
_FIRE_M = 100.0


def objects(
    background: Background, sensors: Sequence[SensorPlacement], duration_s: float, seed: int
) -> tuple[Object, ...]:
    """All background objects of a run, by start; nothing lies before 0 or after `duration_s`."""
    present = [sensor for sensor in sensors if sensor.present]
    found: list[Object] = []
    for sensor in present:
        if isinstance(sensor.profile, RadarProfile):
            found += _satellites(background.satellites, sensor, duration_s, seed)
        if not isinstance(sensor.profile, InfraredProfile):
            found += _airliners(background.airliners, sensor, duration_s, seed)
    found += _debris(background.debris, background.satellites, present, duration_s, seed)
    if any(isinstance(sensor.profile, InfraredProfile) for sensor in present):
        found += _fires(background.fires, duration_s, seed)
    return tuple(sorted(found, key=lambda one: (one.start_s, one.id)))


def _days(duration_s: float, seed: int, *names: str) -> Iterator[tuple[int, np.random.Generator]]:
    """Each day that a run touches, with a generator of its own."""
    for day in range(math.ceil(duration_s / DAY_S)):
        yield day, generator(seed, "background", *names, day)


def _moments(chance: np.random.Generator, rate_per_day: float, day: int) -> Float[np.ndarray, "N"]:
    """Poisson moments of one day: whole seconds after the epoch."""
    number = chance.poisson(rate_per_day)
    return day * DAY_S + np.floor(DAY_S * chance.random(number))


def _drawn(spread: Spread, chance: np.random.Generator, number: int) -> Float[np.ndarray, "N"]:
    return np.array([spread.draw(share) for share in chance.random(number)])


def _lasting(
    name: str,
    kind: Kind,
    start_s: float,
    track: tuple[np.ndarray, np.ndarray],
    duration_s: float,
    rcs_m2: float = 0.0,
    infrared_w_per_sr: np.ndarray | float = 0.0,
) -> Iterator[Object]:
    """An object from its rows, one a second, cut to the run; nothing when no row lies in it."""
    rows = len(track[0])
    first, last = max(0, math.ceil(-start_s)), min(rows, math.floor(duration_s - start_s) + 1)
    if first >= last:
        return
    cut = slice(first, last)
    # Constants are views of one number: a fire of an hour takes no memory.
    glow = np.broadcast_to(np.float64(1) * infrared_w_per_sr, (rows,))[cut]
    rcs = np.broadcast_to(np.float64(rcs_m2), (last - first,))
    yield Object(name, kind, float(start_s + first), track[0][cut], track[1][cut], rcs, glow)


def _satellites(
    satellites: Satellites, sensor: SensorPlacement, duration_s: float, seed: int
) -> Iterator[Object]:
    """Passes through a radar's fence that the catalogue does not explain."""
    profile = sensor.profile
    assert isinstance(profile, RadarProfile)
    fence = passes.fence(satellites, sensor)
    rate = fence.per_day * (1 - satellites.share_known.value)
    for day, chance in _days(duration_s, seed, "satellite", sensor.id):
        at_s = _moments(chance, rate, day)
        rcs = _drawn(satellites.cross_section_m2, chance, len(at_s))
        drawn = passes.draw(fence, chance, len(at_s))
        for number, cross_s in enumerate(at_s):
            site = place_at(sensor, min(cross_s, duration_s))
            position, velocity, seen = passes.fly(fence, drawn[number], site)
            reach_m = 1e3 * max(
                one.at_km(rcs[number], _HOPELESS_DB)
                for one in (profile.search_range_km, profile.cued_range_km)
            )
            near = np.linalg.norm(position - site[0], axis=1).min(initial=math.inf)
            if not len(position) or near > reach_m:
                continue
            name = f"satellite-{sensor.id}-{day}-{number}"
            start_s = cross_s + seen
            yield from _lasting(name, Kind.SPACE, start_s, (position, velocity), duration_s, rcs[number])


def _airliners(
    airliners: Airliners, sensor: SensorPlacement, duration_s: float, seed: int
) -> Iterator[Object]:
    """Unidentified aircraft in a radar's low beams or a skywave radar's ring, straight and level."""
    profile = sensor.profile
    skywave = isinstance(profile, SkywaveProfile)
    a_day = airliners.skywave_tracks_per_day if skywave else airliners.tracks_per_day
    rate = a_day.value * (1 - airliners.share_identified.value)
    for day, chance in _days(duration_s, seed, "airliner", sensor.id):
        at_s = _moments(chance, rate, day)
        lasts_s = np.round(60 * _drawn(airliners.unidentified_min, chance, len(at_s)))
        height_m = 1e3 * _drawn(airliners.height_km, chance, len(at_s))
        speed_mps = _drawn(airliners.speed_mps, chance, len(at_s))
        rcs = _drawn(airliners.cross_section_m2, chance, len(at_s))
        spread = chance.random((len(at_s), 3))
        for number, (far, turn, course) in enumerate(spread):
            site, _ = place_at(sensor, min(at_s[number], duration_s))
            lat, lon, antenna_m = (float(value) for value in frames.geodetic(site))
            if isinstance(profile, SkywaveProfile):
                near_m, far_m = profile.range_min_km.value * 1e3, profile.range_max_km.value * 1e3
            else:
                assert isinstance(profile, RadarProfile)
                horizon_m = MEAN_RADIUS_M * float(
                    geometry.horizon_arc(np.float64(antenna_m), height_m[number], np.float64(4 / 3))
                )
                near_m, far_m = 0.0, min(horizon_m, profile.instrumented_range_km.value * 1e3)
            # Even over the area.
            away_m = math.sqrt(near_m**2 + far * (far_m**2 - near_m**2))
            azimuth = math.radians(sensor.middle_deg + (turn - 0.5) * sensor.sector_deg)
            middle = geometry.great_circle_end(lat, lon, azimuth, away_m)
            half_m = speed_mps[number] * lasts_s[number] / 2
            ends = [
                geometry.great_circle_end(*middle, 2 * math.pi * course + side, half_m)
                for side in (math.pi, 0.0)
            ]
            points = tuple(
                Waypoint(
                    math.degrees(one[0]),
                    math.degrees(one[1]),
                    float(height_m[number]),
                    float(speed_mps[number]),
                )
                for one in ends
            )
            flown = cruise(points)
            whole = int(flown.time_s[-1]) + 1
            track = flown.position_ecef_m[:whole], flown.velocity_ecef_mps[:whole]
            name = f"airliner-{sensor.id}-{day}-{number}"
            start_s = at_s[number] - lasts_s[number] // 2
            yield from _lasting(name, Kind.AIRCRAFT, start_s, track, duration_s, rcs[number])


def _debris(
    debris: Debris,
    satellites: Satellites,
    sensors: Sequence[SensorPlacement],
    duration_s: float,
    seed: int,
) -> Iterator[Object]:
    """Objects that come down unannounced, for as long as some sensor could see them."""
    rate = debris.per_year.value / YEAR_DAYS * (1 - debris.share_known.value)
    shares = np.array([lane.share.value for lane in satellites.lanes])
    tilts = np.radians([lane.inclination_deg for lane in satellites.lanes])
    names: list[str] = []
    columns: list[np.ndarray] = []
    for day, chance in _days(duration_s, seed, "debris"):
        at_s = _moments(chance, rate, day)
        number = len(at_s)
        tilt = tilts[chance.choice(len(shares), number, p=shares / shares.sum())]
        along, lon = 2 * math.pi * chance.random((2, number))
        drawn = (
            _drawn(spread, chance, number)
            for spread in (
                debris.ballistic_coefficient_kgpm2,
                debris.cross_section_m2,
                debris.peak_w_per_sr,
            )
        )
        columns.append(np.stack([at_s, tilt, along, lon, *drawn]))
        names += [f"debris-{day}-{row}" for row in range(number)]
    if not names:
        return
    at_s, tilt, along, lon, beta, rcs, peak = np.concatenate(columns, axis=1)
    entry_m = debris.entry_km.value * 1e3
    for row, (place, speed, shine) in enumerate(falls.falls(*falls.entry(tilt, along, lon, entry_m), beta)):
        glow = peak[row] * shine
        seen = np.flatnonzero(_in_view(sensors, at_s[row], place, shine > _FAINT, duration_s))
        if len(seen):
            cut = slice(seen[0], seen[-1] + 1)
            kept, start_s = (place[cut], speed[cut]), at_s[row] + seen[0]
            yield from _lasting(names[row], Kind.SPACE, start_s, kept, duration_s, rcs[row], glow[cut])


def _in_view(
    sensors: Sequence[SensorPlacement],
    start_s: float,
    position_ecef_m: np.ndarray,
    glows: Bool[np.ndarray, "N"],
    duration_s: float,
) -> Bool[np.ndarray, "N"]:
    """When some radar has an object in range and above its horizon, or some satellite can see it glow."""
    seen = np.zeros(len(position_ecef_m), bool)
    for sensor in sensors:
        for rows in stands(sensor, len(seen)):
            place, axes = place_at(sensor, min(start_s + rows.start, duration_s))
            if isinstance(sensor.profile, RadarProfile):
                view = geometry.range_azimuth_elevation(place, axes, position_ecef_m[rows])
                far_m = sensor.profile.instrumented_range_km.value * 1e3
                seen[rows] |= (view[:, 0] < far_m) & (view[:, 2] > _LOWEST_RAD)
            elif isinstance(sensor.profile, InfraredProfile):
                clear = geometry.clears_earth(place, position_ecef_m[rows], np.float64(0.0))
                seen[rows] |= glows[rows] & clear
    return seen


def _fires(fires: Fires, duration_s: float, seed: int) -> Iterator[Object]:
    """Fires and flares that no map knows and no cloud hides, until the map takes them in."""
    unknown = (1 - fires.share_known.value) * fires.share_clear.value
    for region in fires.regions:
        for day, chance in _days(duration_s, seed, "fire", region.id):
            at_s = _moments(chance, region.per_day.value * unknown, day)
            lasts_s = np.ceil(60 * _drawn(fires.unmasked_min, chance, len(at_s)))
            intensity = _drawn(fires.intensity_w_per_sr, chance, len(at_s))
            south, north = np.sin(np.radians(region.lat_deg))
            lat = np.arcsin(south + (north - south) * chance.random(len(at_s)))
            west, east = np.radians(region.lon_deg)
            lon = west + (east - west) * chance.random(len(at_s))
            places = np.asarray(frames.ecef(lat, lon, np.full(len(at_s), _FIRE_M)))
            for number, start_s in enumerate(at_s):
                rows = int(lasts_s[number])
                place = np.broadcast_to(places[number], (rows, 3))
                still = np.broadcast_to(np.zeros(3), (rows, 3))
                name, glow = f"fire-{region.id}-{day}-{number}", float(intensity[number])
                yield from _lasting(name, Kind.FIRE, start_s, (place, still), duration_s, 0.0, glow)
