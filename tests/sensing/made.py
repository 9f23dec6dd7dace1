"""A radar, a satellite and objects made for the tests, and the two looks, compiled once."""

from dataclasses import replace

import jax
import numpy as np

from noroshi.earth import frames
from noroshi.records.detections import Detections
from noroshi.records.tasking import Tasking
from noroshi.records.truth import Kind, Truth
from noroshi.sensing import infrared, radar
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import Infrared
from noroshi.sensing.radar import Radar, View

LAT, LON = np.radians(38.2), np.radians(138.4)
NONE, FOUR_THIRDS = (Environment(np.float64(k), np.float64(8e3)) for k in (1.0, 4 / 3))

# Numbers of objects that the looks are compiled for; fewer are filled up with what does not exist.
FEW, MANY = 256, 100_000

_radar, _view, _infrared = jax.jit(radar.look), jax.jit(radar.view), jax.jit(infrared.look)


def filled(truth: Truth, upto: int) -> Truth:
    """Truth with `upto` rows, the last ones empty."""
    more = upto - len(truth.exists)
    full = jax.tree.map(lambda rows: np.concatenate([rows, np.repeat(rows[:1], more, axis=0)]), truth)
    return replace(full, exists=full.exists & (np.arange(upto) < upto - more))


def _cut(seen: Detections, count: int) -> Detections:
    return jax.tree.map(lambda rows: np.asarray(rows)[:count], seen)


def _size(count: int) -> int:
    return FEW if count <= FEW else MANY


def site(height_m: float = 20.0, lat: float = LAT, lon: float = LON) -> dict:
    """Where a radar stands, as the fields that tell it."""
    return {
        "site_ecef_m": frames.ecef(lat, lon, np.float64(height_m)),
        "axes": frames.enu_axes(lat, lon),
        "antenna_height_m": np.float64(height_m),
    }


def some_radar(**changes) -> Radar:
    """It sees all round, from 2 deg below the horizontal to the zenith, without range rate, loss or bias."""
    plain = Radar(
        **site(),
        search_unit_m=np.float64(3e6),
        cued_unit_m=np.float64(4e6),
        instrumented_m=np.float64(1e7),
        boresight_rad=np.float64(0.0),
        sector_rad=np.float64(2 * np.pi),
        normals=np.tile([0.0, 1.0, 0.0], (4, 1)),
        scan_loss=np.float64(0.0),
        fence_rad=np.array([-0.5, np.pi / 2]),
        elevation_rad=np.array([np.radians(-2), np.pi / 2]),
        mask_rad=np.full(36, np.radians(-5)),
        false_alarm=np.float64(1e-6),
        beamwidth_rad=np.radians(0.7),
        sigma=np.array([50.0, 6e-4, 6e-4]),
        sigma_range_rate_mps=np.float64(np.inf),
        bias=np.zeros(3),
        bias_place_m=np.zeros(3),
        bias_clock_s=np.float64(0.0),
    )
    return replace(plain, **changes)


def cue(
    azimuth: float = 0.0, up: float = 0.0, half_width: float = 0.05, searching: bool = False, served=True
) -> Tasking:
    """One cue, with or without the search fence beside it; an antenna that does not turn."""
    return Tasking(
        np.array([[azimuth, up]]),
        np.array([half_width]),
        np.array([True]),
        np.array([served]),
        np.array(searching),
        np.array([0.0, 2 * np.pi]),
    )


SEARCH = replace(cue(searching=True), valid=np.array([False]))
SILENT = replace(SEARCH, searching=np.array(False))


def objects(
    position_m: np.ndarray,
    rcs_m2: float = 1.0,
    plume: float = 0.0,
    kind: Kind = Kind.MISSILE,
    swerling: int = 1,
    velocity_mps: np.ndarray | float = 0.0,
) -> Truth:
    """Truth with bodies at these places [K, 3]."""
    one = np.ones(len(position_m))
    return Truth(
        position_m,
        np.broadcast_to(velocity_mps, position_m.shape).astype(float),
        rcs_m2 * one,
        plume * one,
        np.full(len(one), int(kind)),
        np.full(len(one), swerling),
        one.astype(bool),
    )


def around(range_m, azimuth, up, lat: float = LAT, lon: float = LON, height_m: float = 20.0) -> np.ndarray:
    """Places [K, 3] at ranges, azimuths and straight elevations from a site."""
    range_m, azimuth, up = np.broadcast_arrays(*np.atleast_1d(range_m, azimuth, up))
    way = [np.cos(up) * np.sin(azimuth), np.cos(up) * np.cos(azimuth), np.sin(up)]
    return frames.ecef(lat, lon, np.float64(height_m)) + range_m[:, None] * (
        np.stack(way, -1) @ frames.enu_axes(lat, lon)
    )


def over_ground(arc: np.ndarray, azimuth: np.ndarray, height_m: np.ndarray) -> np.ndarray:
    """Places [K, 3] some angle away along the ground, at a height above the ellipsoid."""
    sin_lat = np.sin(LAT) * np.cos(arc) + np.cos(LAT) * np.sin(arc) * np.cos(azimuth)
    east = np.sin(azimuth) * np.sin(arc) * np.cos(LAT)
    lon = LON + np.arctan2(east, np.cos(arc) - np.sin(LAT) * sin_lat)
    return frames.ecef(np.arcsin(sin_lat), lon, height_m)


def look(
    sensor: Radar, truth: Truth, tasking: Tasking = SEARCH, air: Environment = NONE, seed=0
) -> Detections:
    """One look, as NumPy arrays; `seed` is a number or a key."""
    key = jax.random.key(seed) if isinstance(seed, int) else seed
    count = len(truth.exists)
    return _cut(_radar(sensor, tasking, air, filled(truth, _size(count)), key), count)


def view(sensor: Radar, truth: Truth) -> View:
    """What a radar could measure, as NumPy arrays."""
    count = len(truth.exists)
    return jax.tree.map(
        lambda rows: np.asarray(rows)[:count], _view(sensor, NONE, filled(truth, _size(count)))
    )


def some_satellite(lon: float = np.radians(120.0), **changes) -> Infrared:
    """In geostationary orbit; it needs 1e4 W/sr from 36,000 km, sees all round and has no bias."""
    plain = Infrared(
        site_ecef_m=42_164_170.0 * np.array([np.cos(lon), np.sin(lon), 0.0]),
        axes=infrared.nadir_axes(0.0, lon),
        threshold_w_per_m2=np.float64(1e4 / 36e6**2),
        against_space=np.float64(1.0),
        field_rad=np.float64(np.pi),
        probability=np.float64(0.95),
        sigma_rad=np.float64(30e-6),
        bias_rad=np.zeros(2),
    )
    return replace(plain, **changes)


def scan(satellite: Infrared, truth: Truth, air: Environment = NONE, seed: int = 0) -> Detections:
    """One scan, as NumPy arrays."""
    count = len(truth.exists)
    return _cut(_infrared(satellite, air, filled(truth, _size(count)), jax.random.key(seed)), count)
