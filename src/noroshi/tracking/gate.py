"""Which tracks and plots of a moment may belong together: by place alone, before any pair is weighed."""

import math

import numpy as np
from scipy.spatial import cKDTree

from noroshi.earth import geometry
from noroshi.records.tracks import PLACE, Sight, Track

# Pairs of track and plot so many sigmas apart in place are not weighed, where there are many.
# A tree finds them from so many on.
_COARSE_FROM, _TREE_FROM, _COARSE_SIGMAS, _COARSE_M = 64, 20_000, 8.0, 1e3


def pairs(moved: Track, sights: Sight, worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pairs that may belong together: all of a few; of many those near in place whose
    density could outweigh `worth` of the plot.
    """
    tracks, plots = len(moved.weight), len(sights.z)
    if tracks * plots <= _COARSE_FROM:
        rows, columns = np.divmod(np.arange(tracks * plots), plots)
        return rows, columns
    ranged = np.isfinite(sights.sigma[:, 0])
    z = np.where(np.isfinite(sights.sigma[:, :3]), sights.z[:, :3], 0.0)
    way = np.einsum("ki,kij->kj", geometry.direction(np.eye(3), z[:, 1], z[:, 2]), sights.axes)
    sigma_m = np.hypot(np.where(ranged, sights.sigma[:, 0], 0.0), sights.bias_sigma[:, 0])
    angle = np.hypot(sights.sigma[:, 1:3].max(axis=1), sights.bias_sigma[:, 1:].max(axis=1))
    mean, spread_m = _place(moved)
    seen_m = sights.site_ecef_m + z[:, :1] * way
    wide_m = _COARSE_SIGMAS * np.hypot(sigma_m, z[:, 0] * angle)
    reach_m = _COARSE_SIGMAS * spread_m + _COARSE_M + wide_m.max(where=ranged, initial=0.0)
    rows, columns = _within(mean, reach_m, seen_m, ranged)

    off = mean[rows] - sights.site_ecef_m[columns]
    along = np.einsum("pi,pi->p", off, way[columns])
    across_m = np.sqrt(np.maximum(np.einsum("pi,pi->p", off, off) - along**2, 0.0))
    may_m = _COARSE_SIGMAS * (spread_m[rows] + np.maximum(along, 1.0) * angle[columns]) + _COARSE_M
    deep_m = np.where(ranged[columns], np.abs(along - z[columns, 0]), 0.0)
    near = (across_m < may_m) & (deep_m < may_m + _COARSE_SIGMAS * sigma_m[columns])
    rows, columns = rows[near], columns[near]

    # The density of a plot under a model is at most that of the model's place alone at its middle, and falls
    # at least as fast as that of a ball of its widest axis.
    axes2 = np.linalg.eigvalsh(moved.cov[:, :, PLACE, PLACE]).clip(1.0)
    middle = np.log(moved.weight) - 0.5 * np.log(2 * np.pi * axes2).sum(axis=2)
    apart2 = np.sum((moved.mean[rows][:, :, PLACE] - seen_m[columns, None]) ** 2, axis=2)
    widest2 = axes2[:, :, -1][rows] + (wide_m[columns, None] / _COARSE_SIGMAS) ** 2
    most = (middle[rows] - 0.5 * apart2 / widest2).max(axis=1) + math.log(moved.weight.shape[1])
    rate = np.where(np.isfinite(sights.sigma[:, 3]), np.sqrt(2 * np.pi) * sights.sigma[:, 3], 1.0)
    by_plot = 2 * np.log(z[:, 0].clip(1.0)) + np.log(np.cos(z[:, 2]).clip(1e-6)) - np.log(rate) + worth
    whole = np.isfinite(sights.sigma[:, :3]).all(axis=1)
    hopes = ~whole[columns] | (most + by_plot[columns] > 0)
    return rows[hopes], columns[hopes]


def _within(
    places: np.ndarray, reach_m: np.ndarray, seen_m: np.ndarray, ranged: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of places and plots within reach of each other; all plots without a range."""
    inside = np.flatnonzero(ranged)
    rows, columns = np.divmod(np.arange(len(places) * len(inside)), max(len(inside), 1))
    if len(rows) > _TREE_FROM:
        found = cKDTree(seen_m[inside]).query_ball_point(places, reach_m, return_sorted=True)
        columns = np.concatenate([np.array(one, int) for one in found])
        rows = np.repeat(np.arange(len(places)), [len(one) for one in found])
    blind = np.flatnonzero(~ranged)
    more, others = np.divmod(np.arange(len(places) * len(blind)), max(len(blind), 1))
    return np.concatenate([rows, more]), np.concatenate([inside[columns], blind[others]])


def _place(moved: Track) -> tuple[np.ndarray, np.ndarray]:
    """Mean place [T, 3] and its spread [T], m, over all models."""
    mean = np.einsum("tm,tmi->ti", moved.weight, moved.mean[:, :, PLACE])
    off = moved.mean[:, :, PLACE] - mean[:, None]
    inner = np.trace(moved.cov[:, :, PLACE, PLACE], axis1=2, axis2=3)
    return mean, np.sqrt(np.sum(moved.weight * (inner + np.sum(off**2, axis=2)), axis=1))
