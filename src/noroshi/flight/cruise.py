"""Cruise missiles and aircraft: from waypoint to waypoint at given speeds and heights, turning as they must.

Great circles between waypoints, joined by arcs of the radius that speed and bank allow; what is given is
flown, nothing is found.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.earth.constants import MEAN_RADIUS_M, STANDARD_GRAVITY_MPS2
from noroshi.errors import InputError
from noroshi.records.trajectory import Trajectory

# Velocities are read this far to either side, s.
_BESIDE_S = 0.05


@dataclass(frozen=True)
class Waypoint:
    """A place to pass, geodetic degrees, at a height above the ellipsoid; the speed over the ground from here
    to the next. Corners are cut by the turn.
    """

    lat_deg: float
    lon_deg: float
    height_m: float
    speed_mps: float


@dataclass(frozen=True)
class _Piece:
    """Part of a great or small circle: turned about `pole` from `start` by `angle_rad`, `length_m` long."""

    start: Float[np.ndarray, "3"]
    pole: Float[np.ndarray, "3"]
    angle_rad: float
    length_m: float


def cruise(waypoints: tuple[Waypoint, ...], bank_deg: float = 30.0, step_s: float = 1.0) -> Trajectory:
    """The flight every `step_s`, with a last row at the last waypoint; it never burns as a booster does.

    Heights change evenly along each leg. Raises InputError, naming the waypoint, for fewer than two, for two
    at one place or opposite each other, a speed that is none, a height below the ground, or a turn that the
    legs are too short for.
    """
    _check(waypoints, bank_deg)
    place = np.array([_unit(point) for point in waypoints])
    pieces, lengths = _pieces(waypoints, place, bank_deg)
    # Each leg from the middle of one turn to the middle of the next: there speed changes.
    ends_m = np.concatenate([[0.0], np.cumsum(lengths)])
    speeds = np.array([point.speed_mps for point in waypoints[:-1]])
    ends_s = np.concatenate([[0.0], np.cumsum(lengths / speeds)])
    time_s = np.append(np.arange(0.0, ends_s[-1], step_s), ends_s[-1])
    heights_m = [point.height_m for point in waypoints]

    def place_at(asked_s: np.ndarray) -> Float[np.ndarray, "N 3"]:
        along_m = np.interp(asked_s, ends_s, ends_m)
        unit = _at(pieces, along_m)
        lat, lon = np.arcsin(np.clip(unit[:, 2], -1, 1)), np.arctan2(unit[:, 1], unit[:, 0])
        return np.asarray(frames.ecef(lat, lon, np.interp(along_m, ends_m, heights_m)))

    # However near the last row stands to the one before it.
    before_s, after_s = (np.clip(time_s + side * _BESIDE_S, 0.0, ends_s[-1]) for side in (-1, 1))
    velocity = (place_at(after_s) - place_at(before_s)) / (after_s - before_s)[:, None]
    still = np.zeros(len(time_s), dtype=bool)
    return Trajectory(time_s, place_at(time_s), velocity, still, ~still)


def _check(waypoints: tuple[Waypoint, ...], bank_deg: float) -> None:
    if len(waypoints) < 2:
        raise InputError("", "waypoints", len(waypoints), "must be at least 2.")
    if not 0 < bank_deg < 85:
        raise InputError("", "bank_deg", bank_deg, "must be above 0 and below 85 deg.")
    for number, point in enumerate(waypoints):
        where = f"waypoints.{number}"
        if not (-90 <= point.lat_deg <= 90 and -180 <= point.lon_deg <= 180):
            raise InputError(where, "", (point.lat_deg, point.lon_deg), "must lie within 90 deg and 180 deg.")
        if not 1 <= point.speed_mps <= 3000 and number < len(waypoints) - 1:
            raise InputError(where, "speed_mps", point.speed_mps, "must lie between 1 and 3,000 m/s.")
        if not -500 <= point.height_m <= 40_000:
            raise InputError(where, "height_m", point.height_m, "must lie between -500 and 40,000 m.")
    for number, (one, other) in enumerate(pairwise(waypoints)):
        cosine = float(_unit(one) @ _unit(other))
        if abs(cosine) > 1 - 1e-13:
            need = (
                "must not be where the last one is." if cosine > 0 else "must not be opposite the last one."
            )
            raise InputError(f"waypoints.{number + 1}", "", (other.lat_deg, other.lon_deg), need)


def _unit(point: Waypoint) -> Float[np.ndarray, "3"]:
    lat, lon = math.radians(point.lat_deg), math.radians(point.lon_deg)
    return np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])


def _turned(start: np.ndarray, pole: np.ndarray, angle: np.ndarray) -> Float[np.ndarray, "N 3"]:
    """`start` turned about `pole` (Rodrigues)."""
    angle = np.atleast_1d(angle)[:, None]
    along = np.cross(pole, start)
    return start * np.cos(angle) + along * np.sin(angle) + pole * (pole @ start) * (1 - np.cos(angle))


def _pieces(
    waypoints: tuple[Waypoint, ...], place: np.ndarray, bank_deg: float
) -> tuple[list[_Piece], np.ndarray]:
    """Great circles and turns in order, and the length of each leg with half of the turn at either end."""
    normal = np.cross(place[:-1], place[1:])
    normal = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    pieces: list[_Piece] = []
    lengths = np.zeros(len(normal))
    at = place[0]
    for leg, pole in enumerate(normal):
        corner, turn = place[leg + 1], None
        if leg + 1 < len(normal):
            turn = _turn(waypoints, leg + 1, pole, normal[leg + 1], bank_deg)
        end = turn.start if turn else corner
        angle = float(np.arctan2(np.cross(at, end) @ pole, at @ end))
        if angle < 0:
            point = waypoints[leg + 1 if turn else leg]
            need = f"leaves no room for its turn at {point.speed_mps:.0f} m/s and {bank_deg:.0f} deg of bank."
            hint = "Move the waypoints apart, fly slower, or bank more."
            raise InputError(f"waypoints.{leg + 1}", "", (point.lat_deg, point.lon_deg), need, hint)
        pieces.append(_Piece(at, pole, angle, angle * MEAN_RADIUS_M))
        lengths[leg] += pieces[-1].length_m
        at = end
        if turn:
            pieces.append(turn)
            lengths[leg : leg + 2] += turn.length_m / 2
            at = _turned(turn.start, turn.pole, np.array([turn.angle_rad]))[0]
    return pieces, lengths


def _turn(
    waypoints: tuple[Waypoint, ...], corner: int, before: np.ndarray, after: np.ndarray, bank_deg: float
) -> _Piece | None:
    """The arc that touches both legs of a corner; none where the way goes straight on."""
    speed = max(waypoints[corner - 1].speed_mps, waypoints[corner].speed_mps)
    radius = speed**2 / (STANDARD_GRAVITY_MPS2 * math.tan(math.radians(bank_deg))) / MEAN_RADIUS_M
    point = _unit(waypoints[corner])
    side = float(np.sign(np.cross(before, after) @ point))
    cosine = float(before @ after)
    # No circle of this radius touches both legs where they nearly lie on each other.
    if (1 + cosine) <= max(2 * math.sin(radius) ** 2, 1e-9):
        lies = waypoints[corner].lat_deg, waypoints[corner].lon_deg
        raise InputError(f"waypoints.{corner}", "", lies, "turns straight back.", "Add a waypoint beside it.")
    if side == 0 or np.linalg.norm(after - before) < 1e-9:
        return None
    # The centre is `radius` away from both great circles, on the side of the turn.
    weight = side * math.sin(radius) / (1 + cosine)
    height = 1 - 2 * weight**2 * (1 + cosine)
    centre = weight * (before + after) + math.sqrt(height) * point
    start, end = (touch - (touch @ centre) * centre for touch in (before, after))
    first, last = (centre - (centre @ pole) * pole for pole in (before, after))
    first, last = first / np.linalg.norm(first), last / np.linalg.norm(last)
    angle = float(np.arctan2(np.cross(start, end) @ centre, start @ end))
    return _Piece(first, centre * side, abs(angle), abs(angle) * math.sin(radius) * MEAN_RADIUS_M)


def _at(pieces: list[_Piece], along_m: np.ndarray) -> Float[np.ndarray, "N 3"]:
    """Unit vectors at distances along the way."""
    starts = np.concatenate([[0.0], np.cumsum([piece.length_m for piece in pieces])])
    which = np.clip(np.searchsorted(starts, along_m, side="right") - 1, 0, len(pieces) - 1)
    unit = np.empty((len(along_m), 3))
    for number, piece in enumerate(pieces):
        mine = which == number
        share = (along_m[mine] - starts[number]) / max(piece.length_m, 1e-9)
        unit[mine] = _turned(piece.start, piece.pole, share * piece.angle_rad)
    return unit
