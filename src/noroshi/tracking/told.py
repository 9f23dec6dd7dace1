"""A track as partners tell it: to and from numbers, and what is refused at the door."""

import numpy as np

from noroshi.earth.constants import SEMI_MINOR_M
from noroshi.records.messages import TrackReport
from noroshi.records.tracks import DRAG, FORCE, MODELS, PLACE, SPEED, STATE, Estimate

# From below the ground of the ellipsoid (its error and the track's) to beyond the geostationary ring.
_LOWEST_M, _HIGHEST_M = SEMI_MINOR_M - 50e3, 50e6
# What leaves the Earth for good takes 11.2 km/s; a hundred times the weight is assumption, 30 to 300.
_FASTEST_MPS, _HARDEST_MPS2 = 12e3, 1000.0
# A balloon and a solid rod, kg/m2, as logarithms. Assumption: each a tenth to ten times as much.
_COEFFICIENTS = (float(np.log(1.0)), float(np.log(1e6)))
# How far a partner's clock may be ahead (assumption, 0.1 to 10 s), and how old a state may be: longer than
# the longest flight of the record, 73 minutes.
_AHEAD_S, _OLDEST_S = 2.0, 5400.0
# Of correlations: what rounding leaves of symmetry, and the least eigenvalue that fusion can still mend.
_UNEVEN, _NEGATIVE = 1e-9, 1e-11


def report(
    track_id: str,
    estimate: Estimate,
    launch_lat_deg: float | None = None,
    launch_lon_deg: float | None = None,
) -> TrackReport:
    """An estimate as partners are told it."""
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    return TrackReport(
        track_id=track_id,
        time_s=float(estimate.time_s),
        position_ecef_m=tuple(mean[PLACE].tolist()),
        velocity_ecef_mps=tuple(mean[SPEED].tolist()),
        force_ecef_mps2=tuple(mean[FORCE].tolist()),
        log_ballistic_coefficient=float(mean[DRAG]),
        covariance=tuple(tuple(row) for row in ((cov + cov.T) / 2).tolist()),
        models=tuple(np.asarray(estimate.weight).tolist()),
        launch_lat_deg=launch_lat_deg,
        launch_lon_deg=launch_lon_deg,
    )


def estimate(path: TrackReport) -> Estimate:
    """What a partner told, as numbers."""
    told = path.position_ecef_m + path.velocity_ecef_mps + path.force_ecef_mps2
    return Estimate(
        np.float64(path.time_s),
        np.array([*told, path.log_ballistic_coefficient], float),
        np.array(path.covariance, float),
        np.array(path.models, float),
    )


def refused(path: TrackReport, now_s: float) -> str | None:
    """Why a partner's track cannot be used, or None; it would poison whatever it is fused with."""
    try:
        told = estimate(path)
    except (TypeError, ValueError):
        return "not numbers, or rows of different length"
    mean, cov, models = (np.asarray(value) for value in (told.mean, told.cov, told.weight))
    if (mean.shape, cov.shape, models.shape) != ((STATE,), (STATE, STATE), (len(MODELS),)):
        return f"{mean.size} states, covariance {cov.shape}, {models.size} models"
    if not all(np.isfinite(value).all() for value in (told.time_s, mean, cov, models)):
        return "not finite"
    return _when(path.time_s, now_s) or _how(mean) or _how_sure(cov) or _which(models)


def _when(time_s: float, now_s: float) -> str | None:
    if time_s > now_s + _AHEAD_S:
        return f"state of {time_s - now_s:.0f} s ahead"
    if time_s < now_s - _OLDEST_S:
        return f"state {now_s - time_s:.0f} s old"
    return None


def _how(mean: np.ndarray) -> str | None:
    far_m, fast_mps, hard_mps2 = (float(np.linalg.norm(mean[part])) for part in (PLACE, SPEED, FORCE))
    if not _LOWEST_M < far_m < _HIGHEST_M:
        return f"{far_m / 1e3:.0f} km from the Earth's centre"
    if fast_mps > _FASTEST_MPS:
        return f"{fast_mps / 1e3:.1f} km/s"
    if hard_mps2 > _HARDEST_MPS2:
        return f"force of {hard_mps2:.0f} m/s2"
    if not _COEFFICIENTS[0] <= mean[DRAG] <= _COEFFICIENTS[1]:
        return f"logarithm of the ballistic coefficient {mean[DRAG]:.1f}"
    return None


def _how_sure(cov: np.ndarray) -> str | None:
    size2 = np.diag(cov)
    if (size2 <= 0).any():
        return f"variance {size2.min():g}"
    # As correlations: metres would hide what is wrong with m/s2.
    size = np.sqrt(size2)
    correlation = cov / size / size[:, None]
    if np.abs(correlation - correlation.T).max() > _UNEVEN:
        return "covariance not symmetric"
    if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation)[0] < -_NEGATIVE:
        return "covariance negative"
    return None


def _which(models: np.ndarray) -> str | None:
    if (models < 0).any() or abs(models.sum() - 1) > 1e-6:
        return f"probabilities of models {', '.join(f'{one:g}' for one in models)}"
    return None
