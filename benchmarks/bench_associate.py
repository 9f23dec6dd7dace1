"""Association of many targets in clutter: ours with the gate given, Stone Soup's whole step as the peer.

`scene` is the shared input: straight targets, as many false plots as targets, one radar at the origin. Times
are of the processor, so that a busy machine does not blur them.
"""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.harness import Result, at_most

SCANS = 100
STEP_S = 1.0
P_SEEN = 0.95
# Range m, azimuth rad, elevation rad.
SIGMA = np.array([50.0, 3e-4, 3e-4])
# What the tracks know at the start, one sigma of each coordinate.
PLACE_M, SPEED_MPS = 100.0, 20.0
# Random acceleration as filters assume it, m2/s3.
NOISE = 1.0
# Squared distances in three dimensions: one plot of its own in 20,000 lies beyond.
GATE = 22.0


@dataclass(frozen=True)
class Scene:
    """Targets [scan, target, 6] in metres and metres per second east, north, up of the radar, and its plots.

    A plot is range m, azimuth rad clockwise from north, elevation rad; `source` is its target, -1 for
    clutter; `density` is false plots per m rad2 of each scan.
    """

    time_s: np.ndarray
    truth: np.ndarray
    plots: list[np.ndarray]
    source: list[np.ndarray]
    density: np.ndarray


def scene(targets: int, side_m: float = 20e3, seed: int = 1, scans: int = SCANS) -> Scene:
    """A raid that flies together, each on a course of its own, and false plots in the box around it.

    It starts in `side_m` by `side_m` by a tenth of that and flies at 1,000 m/s, give or take 20 m/s in each
    direction. Each target is seen with P_SEEN a scan. Coordinates stay positive, for Stone Soup's sake.
    """
    chance = np.random.default_rng(seed)
    start = np.array([200e3, 200e3, 30e3]) + side_m * chance.uniform(size=(targets, 3)) * [1.0, 1.0, 0.1]
    velocity = np.array([700.0, 700.0, 0.0]) + 20 * chance.standard_normal((targets, 3))
    time_s = np.arange(1, scans + 1) * STEP_S
    truth = np.zeros((scans, targets, 6))
    truth[:, :, :3] = start + time_s[:, None, None] * velocity
    truth[:, :, 3:] = velocity
    exact = measured(truth[..., :3])
    low, high = exact.min(axis=1), exact.max(axis=1)
    plots, source = [], []
    for scan in range(scans):
        seen = np.flatnonzero(chance.random(targets) < P_SEEN)
        false = chance.uniform(low[scan], high[scan], (chance.poisson(targets), 3))
        true = exact[scan, seen] + SIGMA * chance.standard_normal((len(seen), 3))
        order = chance.permutation(len(true) + len(false))
        plots.append(np.concatenate([true, false])[order])
        source.append(np.append(seen, np.full(len(false), -1))[order])
    return Scene(time_s, truth, plots, source, targets / np.prod(high - low, axis=1))


def measured(place_m: np.ndarray) -> np.ndarray:
    """Range, azimuth and elevation of places [..., 3]."""
    east, north, up = np.moveaxis(place_m, -1, 0)
    range_m = np.linalg.norm(place_m, axis=-1)
    return np.stack([range_m, np.arctan2(east, north), np.arcsin(up / range_m)], axis=-1)


def gate(of: Scene, scan: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios [T, K], -inf outside the gate, and log of a miss [T], of tracks PLACE_M off at that scan."""
    chance = np.random.default_rng([seed, scan])
    place = of.truth[scan, :, :3] + PLACE_M * chance.standard_normal(of.truth[scan, :, :3].shape)
    expected = measured(place)
    step = 1.0
    H = np.stack(
        [(measured(place + step * axis) - measured(place - step * axis)) / (2 * step) for axis in np.eye(3)],
        axis=-1,
    )
    S = PLACE_M**2 * H @ np.swapaxes(H, -1, -2) + np.diag(SIGMA**2)
    root = np.linalg.inv(np.linalg.cholesky(S))
    off = np.einsum("tij,tkj->tki", root, of.plots[scan][None] - expected[:, None])
    distance2 = np.sum(off**2, axis=-1)
    log_density = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) - 1.5 * np.log(2 * np.pi)
    log_ratio = np.log(P_SEEN / of.density[scan]) + log_density[:, None] - distance2 / 2
    return np.where(distance2 < GATE, log_ratio, -np.inf), np.full(len(place), np.log(1 - P_SEEN))


def stone_soup(of: Scene, associator: str, scans: int) -> float:
    """Seconds a scan of Stone Soup's whole step (predict, associate, update) by "gnn", "kd-tree" or "lbp"."""
    from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
    from stonesoup.dataassociator.probability import JPDAwithLBP
    from stonesoup.dataassociator.tree import DetectionKDTreeGNN2D
    from stonesoup.functions import gm_reduce_single
    from stonesoup.hypothesiser.distance import DistanceHypothesiser
    from stonesoup.hypothesiser.probability import PDAHypothesiser
    from stonesoup.measures import Mahalanobis
    from stonesoup.models.measurement.nonlinear import CartesianToElevationBearingRange
    from stonesoup.models.transition.linear import (
        CombinedLinearGaussianTransitionModel,
        ConstantVelocity,
    )
    from stonesoup.predictor.kalman import ExtendedKalmanPredictor
    from stonesoup.types.array import CovarianceMatrix, StateVectors
    from stonesoup.types.detection import Detection
    from stonesoup.types.state import GaussianState
    from stonesoup.types.track import Track
    from stonesoup.types.update import GaussianStateUpdate
    from stonesoup.updater.kalman import ExtendedKalmanUpdater

    # Their axes are north, east, up: their bearing is counted from the first to the second.
    axes = [1, 4, 0, 3, 2, 5]
    model = CartesianToElevationBearingRange(
        ndim_state=6, mapping=(0, 2, 4), noise_covar=CovarianceMatrix(np.diag(SIGMA[[2, 1, 0]] ** 2))
    )
    predictor = ExtendedKalmanPredictor(CombinedLinearGaussianTransitionModel([ConstantVelocity(NOISE)] * 3))
    updater = ExtendedKalmanUpdater(None)
    if associator == "lbp":
        hypothesiser = PDAHypothesiser(
            predictor,
            updater,
            clutter_spatial_density=float(of.density[:scans].mean()),
            prob_detect=P_SEEN,
            prob_gate=0.9999,
        )
        associate = JPDAwithLBP(hypothesiser)
    else:
        hypothesiser = DistanceHypothesiser(predictor, updater, Mahalanobis(), GATE**0.5)
        associate = (
            GNNWith2DAssignment(hypothesiser)
            if associator == "gnn"
            else DetectionKDTreeGNN2D(hypothesiser, predictor, updater, number_of_neighbours=5)
        )

    start = datetime.datetime(2024, 1, 1)
    chance = np.random.default_rng(3)
    cov = CovarianceMatrix(np.diag(np.tile([PLACE_M**2, SPEED_MPS**2], 3)))
    sigma = np.repeat([PLACE_M, SPEED_MPS], 3)
    before = of.truth[0].copy()
    before[:, :3] -= before[:, 3:] * STEP_S
    states = (before + sigma * chance.standard_normal(before.shape))[:, axes]
    tracks = {Track([GaussianState(state[:, None], cov, timestamp=start)]) for state in states}
    looks = [
        {
            Detection(
                plot[[2, 1, 0], None],
                timestamp=start + datetime.timedelta(seconds=now),
                measurement_model=model,
            )
            for plot in plots
        }
        for now, plots in zip(of.time_s[:scans], of.plots, strict=False)
    ]

    def update(found) -> None:
        for track, hypothesis in found.items():
            if associator != "lbp":
                track.append(updater.update(hypothesis) if hypothesis else hypothesis.prediction)
                continue
            posteriors = [updater.update(one) if one else one.prediction for one in hypothesis]
            mean, covar = gm_reduce_single(
                StateVectors([one.state_vector for one in posteriors]),
                np.stack([one.covar for one in posteriors], axis=2),
                np.array([float(one.probability) for one in hypothesis]),
            )
            track.append(GaussianStateUpdate(mean, covar, hypothesis, posteriors[0].timestamp))

    begin_s = time.process_time()
    for now, detections in zip(of.time_s[:scans], looks, strict=True):
        update(associate.associate(tracks, detections, start + datetime.timedelta(seconds=now)))
    taken_s = (time.process_time() - begin_s) / scans
    off = [
        np.linalg.norm(
            np.array(track.state_vector, float).ravel()[[2, 0, 4]] - of.truth[scans - 1, :, :3], axis=1
        )
        for track in tracks
    ]
    if np.mean(np.min(off, axis=1) < 1000) < 0.9:
        raise RuntimeError(f"Stone Soup's {associator} lost its targets: no peer to compare with")
    return taken_s


def run() -> list[Result]:
    """Milliseconds a scan of each part of association, at 100 and 1,000 targets, and of Stone Soup's step."""
    results = []
    # One false plot in ten gates, and one in each; a thousand targets as dense as a hundred.
    for name, targets, side_m, scans in (
        ("100", 100, 20e3, SCANS),
        ("100_dense", 100, 9e3, SCANS),
        ("1000", 1000, 43e3, 10),
        ("1000_dense", 1000, 19.4e3, 10),
    ):
        of = scene(targets, side_m, scans=scans)
        results += ours(name, [gate(of, scan) for scan in range(scans)], of.source)
    for targets, side_m, scans in ((100, 20e3, 10), (1000, 43e3, 3)):
        of = scene(targets, side_m, scans=scans + 1)
        for association, limit in (("nearest", 20.0), ("jpda", 40.0)):
            limit = limit if targets == 100 else 500.0
            name, taken_ms = f"track_{targets}_{association}", steps(of, association)
            note = "whole step of the tracker: predict, gate, associate, update, begin, score"
            results.append(at_most(name, taken_ms, "ms", limit, note))
    small = scene(100, scans=5)
    for associator in ("gnn", "kd-tree", "lbp"):
        taken_s = min(stone_soup(small, associator, 5) for _ in range(2))
        results.append(
            Result(f"associate_100_stone_soup_{associator}", 1e3 * taken_s, "ms", note="its whole step")
        )
    return results


def steps(of: Scene, association: str) -> float:
    """Milliseconds a scan of the tracker's whole step, mean of the best of three of each scan.

    Each scan begins with tracks of all targets as uncertain as Stone Soup's at its start, all confirmed.
    """
    from noroshi.earth import frames
    from noroshi.records.detections import Plot
    from noroshi.records.tracks import LEVEL, Belief, Estimate
    from noroshi.tracking import tracker
    from noroshi.tracking.followed import Eye, Rules, Tracker
    from noroshi.tracking.score import Background, Volume

    belief = Belief(*map(np.float64, (100.0, 240.0, 2700.0, 6000.0, 1.2, 1.0, 4.0)))
    lat, lon = np.radians([38.0, 138.0])
    eye = Eye(frames.ecef(lat, lon, np.float64(0.0)), frames.enu_axes(lat, lon), np.zeros(3))
    turn = eye.axes
    spread = np.repeat([PLACE_M, SPEED_MPS, 1.0, 0.5], [3, 3, 3, 1]) ** 2
    chance = np.random.default_rng(4)
    taken_ms = []
    for scan in range(1, len(of.plots)):
        targets = of.truth.shape[1]
        false = of.density[scan] * 3600 / STEP_S
        volume = Volume((0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
        believed = Background(volume, STEP_S, false, 1.0, P_SEEN)
        state = Tracker(belief, Rules(association, {"radar": believed}))
        for target in range(targets):
            off = chance.standard_normal(6) * np.repeat([PLACE_M, SPEED_MPS], 3)
            place, speed = np.split(of.truth[scan - 1, target] + off, 2)
            mean = np.concatenate(
                [eye.site_ecef_m + place @ turn, speed @ turn, np.zeros(3), [np.log(6000.0)]]
            )
            weight = np.eye(4)[LEVEL] * 0.97 + 0.0075
            estimate = Estimate(of.time_s[scan - 1], mean, np.diag(spread), weight)
            named = Plot("radar", float(of.time_s[scan - 1]), (float(target), 0.0, 0.0), tuple(SIGMA), False)
            state, _ = tracker.adopt(state, estimate, [named])
        now_s = float(of.time_s[scan])
        plots = [
            Plot("radar", now_s, tuple(z), tuple(SIGMA.tolist()), False) for z in of.plots[scan].tolist()
        ]
        best = []
        for _ in range(3):
            begin_s = time.process_time()
            tracker.step(state, plots, {"radar": eye}, now_s)
            best.append(1e3 * (time.process_time() - begin_s))
        taken_ms.append(min(best))
    return float(np.mean(taken_ms))


def ours(name: str, tables: list, sources: list) -> list[Result]:
    """Milliseconds a scan: mean over the scans, each the best of three."""
    from noroshi.tracking import associate

    gated = [associate.from_table(*table) for table in tables]
    for one in gated[:3]:
        associate.marginals(one)
    pairs = np.mean([len(one.track) for one in gated])
    largest = max(int(np.bincount(associate.clusters(one)[0] + 1)[1:].max(initial=0)) for one in gated)
    right = np.mean(
        [
            np.mean(source[found[found >= 0]] == np.flatnonzero(found >= 0))
            for source, found in zip(sources, map(associate.nearest, gated), strict=True)
        ]
    )
    note = f"{pairs:.0f} pairs in gates a scan, largest cluster {largest} tracks"
    return [
        Result(f"associate_{name}_pairs", _ms(lambda t: associate.from_table(*t), tables), "ms", note=note),
        Result(
            f"associate_{name}_nearest",
            _ms(associate.nearest, gated),
            "ms",
            note=f"{100 * right:.1f} % of the plots given are the track's own",
        ),
        Result(f"associate_{name}_joint", _ms(associate.marginals, gated), "ms"),
    ]


def _ms(function: Callable, inputs: list) -> float:
    """Mean over the inputs of the best of three, ms."""
    best = []
    for one in inputs:
        taken = []
        for _ in range(3):
            begin_s = time.process_time()
            function(one)
            taken.append(time.process_time() - begin_s)
        best.append(min(taken))
    return 1e3 * float(np.mean(best))
