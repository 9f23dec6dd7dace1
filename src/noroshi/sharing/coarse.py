"""The coarse form: every time to whole 10 s, every place to 0.1 degrees or 10 km, with what that costs.

What is rounded off is gone: all that lies in one cell reads alike. The spread grows by as much as the cell is
wide, so a coarse word is never surer than the one it came from.
"""

import math
from dataclasses import replace

from noroshi.records.messages import (
    AlertNotice,
    AssessmentReport,
    Covariance,
    ForecastReport,
    HotlineText,
    LaunchReport,
    OperatorAct,
    Payload,
    SensorStatus,
    TaskingRequest,
    TrackReport,
    Vector,
)

# The cells that were agreed. A state moves 10 km in one to three seconds, a launch point not at all.
TIME_S, PLACE_DEG, STATE_M, SPEED_MPS, FORCE_MPS2, LOG_COEFFICIENT = 10.0, 0.1, 1e4, 100.0, 1.0, 0.1
# What stands in place of words: free text may name any time and place.
WITHHELD = "withheld"

_KM_PER_DEG = 111.32  # of a great circle, at most
_WEIGHT_MPS2 = 9.8
# 95 % of a normal distribution in the plane, in squared sigmas.
_SIGMAS2_95 = -2 * math.log(0.05)
# Uniform in a cell of width 1: about its middle, and about its lower end.
_MIDDLE, _END = 1 / 12, 1 / 3
# Place, velocity, force and coefficient in a covariance.
_BLOCKS = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9,))


def payload(fine: Payload) -> Payload:
    """A payload in coarse form; its texts are withheld, its names of things and areas stay."""
    if isinstance(fine, TrackReport):
        return _track(fine)
    if isinstance(fine, ForecastReport):
        return _forecast(fine)
    if isinstance(fine, LaunchReport):
        return _launch(fine)
    if isinstance(fine, TaskingRequest):
        return _tasking(fine)
    if isinstance(fine, SensorStatus):
        until_s = None if fine.until_s is None else before_s(fine.until_s)
        return replace(fine, from_s=before_s(fine.from_s), until_s=until_s, reason=WITHHELD)
    if isinstance(fine, AssessmentReport):
        return replace(fine, time_s=before_s(fine.time_s), reason=WITHHELD)
    if isinstance(fine, AlertNotice | OperatorAct):
        return replace(fine, reason=WITHHELD)
    if isinstance(fine, HotlineText):
        return replace(fine, text=WITHHELD)
    return fine


def before_s(time_s: float) -> float:
    """The last whole 10 s: what has happened is never told as still to come."""
    return time_s // TIME_S * TIME_S + 0.0


def _launch(fine: LaunchReport) -> LaunchReport:
    return replace(
        fine,
        launch_time_s=before_s(fine.launch_time_s),
        lat_deg=_place_deg(fine.lat_deg),
        lon_deg=_place_deg(fine.lon_deg),
        sigma_km=_upwards(math.hypot(fine.sigma_km, math.sqrt(_cell_km2()))),
    )


def _track(fine: TrackReport) -> TrackReport:
    velocity_mps = _cells(fine.velocity_ecef_mps, -2)
    force_mps2 = _cells(fine.force_ecef_mps2, 0)
    return replace(
        fine,
        time_s=before_s(fine.time_s),
        position_ecef_m=_cells(fine.position_ecef_m, -4),
        velocity_ecef_mps=velocity_mps,
        force_ecef_mps2=force_mps2,
        log_ballistic_coefficient=_cell(fine.log_ballistic_coefficient, 1),
        covariance=_covariance(fine.covariance, velocity_mps, force_mps2),
        launch_lat_deg=_maybe_deg(fine.launch_lat_deg),
        launch_lon_deg=_maybe_deg(fine.launch_lon_deg),
    )


def _covariance(fine: Covariance, velocity_mps: Vector, force_mps2: Vector) -> Covariance:
    """A wider one, round in each block: its shape would tell where the sensor stands."""
    late_s2 = _END * TIME_S**2
    added = (
        _MIDDLE * STATE_M**2 + late_s2 * math.hypot(*velocity_mps) ** 2,
        _MIDDLE * SPEED_MPS**2 + late_s2 * (math.hypot(*force_mps2) + _WEIGHT_MPS2) ** 2,
        _MIDDLE * FORCE_MPS2**2,
        _MIDDLE * LOG_COEFFICIENT**2,
    )
    variances: list[float] = []
    for block, more in zip(_BLOCKS, added, strict=True):
        # P <= 4 diag(its 4 blocks), and a block is at most its Frobenius norm times the unit matrix.
        norm = math.hypot(*(fine[i][j] for i in block for j in block))
        variances += [_upwards(len(_BLOCKS) * norm + more)] * len(block)
    return tuple(tuple(v if i == j else 0.0 for j in range(len(variances))) for i, v in enumerate(variances))


def _forecast(fine: ForecastReport) -> ForecastReport:
    sigma_s, widened_km = fine.impact_time_sigma_s, math.sqrt(_SIGMAS2_95 * _cell_km2())
    return replace(
        fine,
        time_s=before_s(fine.time_s),
        launch_time_s=None if fine.launch_time_s is None else before_s(fine.launch_time_s),
        launch_lat_deg=_maybe_deg(fine.launch_lat_deg),
        launch_lon_deg=_maybe_deg(fine.launch_lon_deg),
        path=None if fine.path is None else _track(fine.path),
        impact_lat_deg=_place_deg(fine.impact_lat_deg),
        impact_lon_deg=_place_deg(fine.impact_lon_deg),
        impact_time_s=_cell(fine.impact_time_s, -1),
        semi_major_km=_upwards(math.hypot(fine.semi_major_km, widened_km)),
        semi_minor_km=_upwards(math.hypot(fine.semi_minor_km, widened_km)),
        impact_time_sigma_s=None
        if sigma_s is None
        else _upwards(math.hypot(sigma_s, TIME_S / math.sqrt(12))),
    )


def _tasking(fine: TaskingRequest) -> TaskingRequest:
    # Half the diagonal of a cell at most: the place that was asked for stays inside.
    aside_km = PLACE_DEG * _KM_PER_DEG / math.sqrt(2)
    return replace(
        fine,
        time_s=before_s(fine.time_s),
        lat_deg=_place_deg(fine.lat_deg),
        lon_deg=_place_deg(fine.lon_deg),
        height_m=_cell(fine.height_m, -4),
        radius_km=_upwards(fine.radius_km + aside_km),
        until_s=before_s(fine.until_s),
        reason=WITHHELD,
    )


def _cell(value: float, digits: int) -> float:
    # Adding zero: minus zero would tell the side from which it was rounded.
    return round(value, digits) + 0.0


def _cells(vector: Vector, digits: int) -> Vector:
    x, y, z = (_cell(value, digits) for value in vector)
    return x, y, z


def _place_deg(value: float) -> float:
    return _cell(value, 1)


def _maybe_deg(value: float | None) -> float | None:
    return None if value is None else _place_deg(value)


def _cell_km2() -> float:
    """Variance of a place in its cell along each axis, the cell at its widest."""
    return _MIDDLE * (PLACE_DEG * _KM_PER_DEG) ** 2


def _upwards(value: float) -> float:
    """To two digits, never down."""
    if not (math.isfinite(value) and value > 0):
        return value
    # One digit less in the exponent than in front leaves two.
    step = math.floor(math.log10(value)) - 1
    rounded = round(value, -step)
    return rounded if rounded >= value else round(rounded + 10.0**step, -step)
