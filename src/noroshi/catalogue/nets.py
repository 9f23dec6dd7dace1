"""A net of sensors as one asks for it: the shipped public ones, or those of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Float

from noroshi.catalogue.base import did_you_mean
from noroshi.catalogue.eyes import elements_of, infrared_of, place_at, radar_of
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import load_scenario
from noroshi.catalogue.shares import Eyes
from noroshi.catalogue.sites import load_sites
from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.earth.geometry import EFFECTIVE_EARTH
from noroshi.earth.model import WGS84
from noroshi.errors import InputError
from noroshi.flight.orbits import positions
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Grid, Layer
from noroshi.sensing.environment import Environment
from noroshi.sensing.reach import Reach, reach
from noroshi.sensing.visibility import Limits

PUBLIC = "public"
# Of the shipped net, where no scenario says: standard refraction, and an assumption for the clouds.
AIR = Environment(np.float64(EFFECTIVE_EARTH["four-thirds"]), np.float64(8e3))


@dataclass(frozen=True)
class Net:
    """Sensors that are present, a constellation as one of them, and the air they look through."""

    name: str
    sensors: tuple[SensorPlacement, ...]
    air: Environment

    def of(self, kind: str) -> tuple[SensorPlacement, ...]:
        """Those of a kind: radar, skywave or infrared."""
        return tuple(one for one in self.sensors if one.profile.kind == kind)


def load_net(name: str, nations: Sequence[str] = (), day: date | None = None) -> Net:
    """The shipped public sensors that are present, or those of a scenario, a shipped one or a file; of some
    nations only, and on a day only those that were in service then.

    Raises InputError when there is none of that name, or a nation has no sensor in it.
    """
    if name == PUBLIC:
        sensors, air = tuple(one for one in load_sites() if one.present), AIR
    else:
        scenario = load_scenario(name)
        sensors = tuple(_whole(one) for one in scenario.sensors if one.present and not one.member)
        bent, clouds_km = scenario.environment.refraction_factor, scenario.environment.cloud_break_km
        air = Environment(np.float64(bent.value), np.float64(clouds_km.value * 1e3))
    sensors = tuple(one for one in sensors if day is None or one.serves(day))
    known = tuple(dict.fromkeys(one.nation for one in sensors))
    for nation in nations:
        if nation not in known:
            hint = did_you_mean(nation, known)
            raise InputError("", "--nations", nation, f"has no sensor in the net {name}.", hint)
    return Net(name, tuple(one for one in sensors if not nations or one.nation in nations), air)


def members(sensor: SensorPlacement) -> tuple[SensorPlacement, ...]:
    """The satellites of a constellation, or the sensor itself."""
    count = 1 if sensor.walker is None else sensor.walker.numbers[0]
    return tuple(sensor.model_copy(update={"member": number}) for number in range(count))


def paths(sensor: SensorPlacement, time_s: Array) -> Float[Array, "N T 3"]:
    """ECEF places, m, of a satellite, or of all of a constellation, at seconds after the epoch."""
    if sensor.longitude_deg is not None:
        return np.broadcast_to(place_at(sensor)[0], (1, len(time_s), 3))
    elements = [elements_of(one) for one in members(sensor)]
    return np.stack([np.asarray(positions(one, time_s)[0])[:, 0] for one in elements if one is not None])


def _whole(sensor: SensorPlacement) -> SensorPlacement:
    """The first satellite of a constellation by the name of the whole: X-1 is of X."""
    if sensor.walker is None or sensor.walker.numbers[0] == 1:
        return sensor
    return sensor.model_copy(update={"id": sensor.id.removesuffix("-1")})


def satellites_of(net: Net, intensity_w_per_sr: float, crossing_rad: float) -> Eyes | None:
    """The net's infrared satellites, each seeing as far as the target is bright enough for it, against the
    Earth, two of them where their lines cross at an angle; None where it has none.
    """
    sensors = net.of("infrared")
    if not sensors:
        return None
    counts = [len(members(one)) for one in sensors]
    looks = [infrared_of(one) for one in sensors]

    def at(time_s: Array) -> Array:
        return np.swapaxes(np.concatenate([paths(one, time_s) for one in sensors]), 0, 1)

    radius_m = np.linalg.norm(at(np.zeros(1))[0], axis=-1)
    # Of the fastest, which says how fine the steps must be.
    turn_s = float(2 * np.pi * np.sqrt(radius_m.min() ** 3 / WGS84.gm_m3ps2))
    field = np.repeat([float(look.field_rad) for look in looks], counts)
    thresholds = np.repeat([float(look.threshold_w_per_m2) for look in looks], counts)
    geometry = Limits(nadir_rad=field)
    bright_m = coverage.bright_range_m(intensity_w_per_sr, thresholds)
    gated = Limits(nadir_rad=field, range_m=bright_m, crossing_rad=np.float64(crossing_rad))
    owner = np.repeat([one.nation for one in sensors], counts)
    return Eyes(Layer(net.name, sum(counts), at, turn_s), owner, geometry, gated)


def reached(
    net: Net, places: Grid, target_km: float, rcs_m2: float, intensity_w_per_sr: float | None
) -> tuple[Reach, tuple[tuple[str, str], ...]]:
    """What a net's radars reach of places; and its sensors that see none of them, each with why."""
    lat, lon = np.radians(places.lat_deg), np.radians(places.lon_deg)
    there = frames.ecef(lat, lon, np.full_like(lat, target_km * 1e3))
    sensors = net.of("radar")
    found = reach([radar_of(one) for one in sensors], there, rcs_m2, net.air)
    never = []
    for row, one in enumerate(sensors):
        if not found.geometry[row].any():
            never.append((one.id, "never sees a place: hidden, out of its sector or beyond its range"))
        elif not found.gated[row].any():
            never.append((one.id, f"never sees {rcs_m2:g} m2: too faint wherever it is in view"))
    never += [(one.id, "never sees a missile: aircraft and ships only") for one in net.of("skywave")]
    if intensity_w_per_sr is None:
        dark = "is left out: without --intensity-w-per-sr the target is dark"
        never += [(one.id, dark) for one in net.of("infrared")]
    return found, tuple(never)
