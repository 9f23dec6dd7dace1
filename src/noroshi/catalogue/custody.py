"""Who holds a recorded launch, from where to where: the flight that fits it, through a net and satellites."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from noroshi.catalogue import eyes, options
from noroshi.catalogue.asked import Typed as Asked
from noroshi.catalogue.coverage import Typed
from noroshi.catalogue.flights import answer
from noroshi.catalogue.nets import AIR, Net, load_net, members, paths
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.questions import Answer, Question
from noroshi.catalogue.shares import owners
from noroshi.catalogue.threats import signature_of
from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84
from noroshi.errors import FlightError, InputError
from noroshi.records.detections import Why
from noroshi.records.truth import Kind, Truth
from noroshi.sensing import custody, signature
from noroshi.sensing.custody import Hold, Sight
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import Infrared

Told = Callable[[str, int, int], None]
# Who reports what it launched itself.
_LAUNCHING = "DPRK"


@dataclass(frozen=True, eq=False)
class Track:
    """A flight a second apart: place in deg, height and way over the ground from the launch in km, truth."""

    time_s: Array
    lat_deg: Array
    lon_deg: Array
    height_km: Array
    ground_km: Array
    truth: Truth

    def to_end_km(self, row: int) -> float:
        """From the place below a moment to the place of the end."""
        here, end = (np.radians([self.lat_deg[at], self.lon_deg[at]]) for at in (row, -1))
        return float(geometry.great_circle(*here, *end)[0]) / 1e3


@dataclass(frozen=True, eq=False)
class Eye:
    """A sensor, or the satellites of a constellation that a nation owns, and what it sees of the flight.

    `place` is latitude and longitude, deg, where it begins; None in orbit.
    """

    id: str
    nation: str
    kind: str
    title: str
    count: int
    place: tuple[float, float] | None
    antenna_m: float
    sight: Sight
    hold: Hold | None


@dataclass(frozen=True, eq=False)
class Custody:
    """A flight, everybody who looks at it, and when two see it at once."""

    flown: Answer
    track: Track
    net: Net | None
    air: Environment
    eyes: tuple[Eye, ...]
    crossing_deg: float

    @property
    def nations(self) -> tuple[str, ...]:
        """Whoever has a sensor, in the order in which they come."""
        return tuple(dict.fromkeys(one.nation for one in self.eyes))

    @property
    def lands(self) -> bool:
        """Whether the flight ends on the ground."""
        return self.flown.ascent is None

    def of(self, nation: str | None = None) -> tuple[Eye, ...]:
        """The sensors of a nation, or all."""
        return tuple(one for one in self.eyes if nation in (None, one.nation))

    def held(self, nation: str | None = None) -> Array:
        """Whether a nation, or anybody, sees the flight at each moment."""
        return np.any([one.sight.held for one in self.of(nation)], axis=0)

    def hold(self, nation: str | None = None) -> Hold | None:
        """Custody of a nation, or of all together."""
        return custody.hold([one.sight for one in self.of(nation)])

    def stereo(self, nation: str | None = None) -> Array:
        """When two sensors of a nation, or of anybody, see it at once."""
        return custody.stereo([one.sight for one in self.of(nation)], math.radians(self.crossing_deg))

    def best(self, nation: str | None = None) -> Eye | None:
        """The sensor that holds it longest."""
        some = [one for one in self.of(nation) if one.hold is not None]
        return max(some, key=lambda one: int(one.sight.held.sum()), default=None)


def follow(
    typed: Typed,
    flight: str,
    told: Told = lambda what, done, of: None,
) -> Custody:
    """Fly a recorded launch and look at it through a net, constellations or both.

    Raises InputError that names the option, FlightError when no flight meets the figures.
    """
    _refuse_places(typed)
    asked = options.nations(typed.nations)
    layers = typed.layers(WGS84)
    for option, value, of in (
        ("--threshold-w-per-m2", typed.threshold_w_per_m2, bool(layers)),
        ("--nadir-deg", typed.nadir_deg, bool(layers)),
        ("--rcs-m2", typed.rcs_m2, typed.net is not None),
    ):
        if value is not None and not of:
            needs = "a net" if option == "--rcs-m2" else "--walker or --elements"
            raise InputError("", option, value, f"belongs to {needs}, and none is given.", "Leave it out.")
    if layers and typed.threshold_w_per_m2 is None:
        hint = "How far a satellite sees a flight depends on the irradiance that it needs."
        raise InputError("", "--threshold-w-per-m2", None, "is missing.", hint)
    whose = owners(asked, [(said.satellites, said.planes) for said, _ in layers])
    flown = _flown(Asked(name=flight).questions(), told)
    day = date.fromisoformat(flown.question.name[:10])
    net = None if typed.net is None else load_net(typed.net, [nation for nation, _ in asked], day)
    track = track_of(flown, typed.rcs_m2)
    found = watch(net, track, told) if net is not None else ()
    air = net.air if net is not None else AIR
    for (said, layer), owner in zip(layers, whose, strict=True):
        place = layer.at(track.time_s)
        field_deg = 180.0 if typed.nadir_deg is None else typed.nadir_deg
        looks = np.array(
            [
                _satellite(place[:, number], typed.threshold_w_per_m2, field_deg)
                for number in range(layer.count)
            ],
            dtype=object,
        )
        for nation in dict.fromkeys(owner.tolist()):
            mine = looks[owner == nation]
            sight = custody.by_satellites(mine.tolist(), air, track.truth)
            name = said.name
            if len(mine) < layer.count:
                name = f"{nation} {len(mine)} of {said.name}"
            eye = Eye(name, nation, "infrared", name, len(mine), None, 0.0, sight, custody.hold([sight]))
            found = (*found, eye)
    if not found:
        raise InputError("", "--net", typed.net, "holds no sensor that is present.")
    return Custody(flown, track, net, air, found, typed.crossing_deg)


def _refuse_places(typed: Typed) -> None:
    """What is asked of places says nothing of a flight."""
    plain = Typed()
    for option, name in (
        ("--search", "search"),
        ("--band", "band"),
        ("--target-km", "target_km"),
        ("--intensity-w-per-sr", "intensity_w_per_sr"),
        ("--min-elevation-deg", "min_elevation_deg"),
        ("--range-km", "range_km"),
        ("--points", "points"),
        ("--steps", "steps"),
        ("--minutes", "minutes"),
        ("--earth", "earth"),
        ("--criterion", "criterion"),
        ("--total", "totals"),
        ("--planes", "planes"),
    ):
        value = getattr(typed, name)
        if value != getattr(plain, name):
            hint = "Leave it out, or leave --flight out."
            got = None if value is True else value
            raise InputError("", option, got, "is asked of places, not of a flight.", hint)
    typed.check_bounds()


def ranked(questions: Sequence[Question]) -> list[Question]:
    """The reports of a launch, that first which is flown: ranges before bounds, observers before the
    launching side, apogees before bounds.

    Where a report gives no apogee, another's is taken.
    """

    def exact(one: Question) -> tuple[bool, bool, bool]:
        figures = one.announced.range_km, one.announced.apogee_km
        far, high = (figure is not None and figure.sense == "about" for figure in figures)
        return far or one.announced.end_deg is not None, one.by != _LAUNCHING, high

    with_apogee = [one for one in questions if one.announced.apogee_km is not None]
    found = []
    for one in sorted(questions, key=exact, reverse=True):
        told = one.announced
        if told.apogee_km is None and with_apogee:
            other = with_apogee[0]
            told = replace(told, apogee_km=other.announced.apogee_km)
            found.append(replace(one, by=f"{one.by} (apogee: {other.by})", announced=told))
        else:
            found.append(one)
    return found


def _flown(questions: Sequence[Question], told: Told) -> Answer:
    """The flight of the first report that one meets. Raises FlightError where none does."""
    why = []
    for one in ranked(questions):
        told("fit", 0, 1)
        try:
            found = answer(one)
        except FlightError as error:
            why.append(f"{one.by or 'flight'}: {error}")
            continue
        told("fit", 1, 1)
        return found
    raise FlightError("\n".join(why))


def track_of(flown: Answer, rcs_m2: float | None = None) -> Track:
    """The fitted flight with what it shows of itself, or with one cross-section throughout."""
    path = flown.trajectory
    rows = np.flatnonzero(path.valid)
    place, speed = path.position_ecef_m[rows], path.velocity_ecef_mps[rows]
    burning = np.asarray(path.burning[rows], bool)
    lat, lon, height_m = frames.geodetic(place)
    shown = signature_of(flown.question.profile)
    shines = signature.shine(shown, height_m, np.linalg.norm(speed, axis=-1), signature.stages(burning))
    echo = signature.echo(shown, height_m, burning)
    one = np.ones(len(rows))
    truth = Truth(
        position_ecef_m=place,
        velocity_ecef_mps=speed,
        rcs_m2=echo if rcs_m2 is None else rcs_m2 * one,
        infrared_w_per_sr=shines,
        kind=np.full(len(rows), int(Kind.MISSILE)),
        swerling=np.full(len(rows), shown.swerling),
        exists=one.astype(bool),
    )
    ground_m, _ = geometry.great_circle(lat[0], lon[0], lat, lon)
    return Track(path.time_s[rows], np.degrees(lat), np.degrees(lon), height_m / 1e3, ground_m / 1e3, truth)


def watch(net: Net, track: Track, told: Told = lambda what, done, of: None) -> tuple[Eye, ...]:
    """Every sensor of a net along a flight that starts at the net's epoch.

    Raises InputError that names a ship which is not known at all its moments.
    """
    found = []
    for number, sensor in enumerate(net.sensors):
        told("sensors", number, len(net.sensors))
        sight = _sight(sensor, track, net.air)
        place, antenna_m = None, 0.0
        if sensor.longitude_deg is None and sensor.orbit is None and sensor.walker is None:
            lat, lon, ground_m = eyes.ground_at(sensor)
            place = math.degrees(lat), math.degrees(lon)
            antenna_m = ground_m + float(
                getattr(getattr(sensor.profile, "antenna_height_m", None), "value", 0)
            )
        title = sensor.title or sensor.id
        hold = custody.hold([sight])
        kind, count = sensor.profile.kind, len(members(sensor))
        found.append(Eye(sensor.id, sensor.nation, kind, title, count, place, antenna_m, sight, hold))
    told("sensors", len(net.sensors), len(net.sensors))
    return tuple(found)


def _sight(sensor: SensorPlacement, track: Track, air: Environment) -> Sight:
    times = track.time_s if eyes.moves(sensor) else track.time_s[:1]
    if sensor.profile.kind == "radar":
        return custody.by_radar([eyes.radar_of(sensor, float(t_s)) for t_s in times], air, track.truth)
    if sensor.profile.kind == "skywave":
        return custody.by_nothing(Why.OTHER_KIND, track.truth)
    one = eyes.infrared_of(sensor)
    looks = [
        replace(one, site_ecef_m=place, axes=custody.nadir_axes(place)) for place in paths(sensor, times)
    ]
    return custody.by_satellites(looks, air, track.truth)


def _satellite(place_m: Array, threshold_w_per_m2: float | None, field_deg: float) -> Infrared:
    """A satellite of a constellation at its places, as good against space as against the Earth."""
    assert threshold_w_per_m2 is not None
    one = np.float64(1.0)
    return Infrared(
        site_ecef_m=place_m,
        axes=custody.nadir_axes(place_m),
        threshold_w_per_m2=np.float64(threshold_w_per_m2),
        against_space=one,
        field_rad=np.radians(field_deg),
        probability=one,
        sigma_rad=0 * one,
        bias_rad=np.zeros(2),
    )
