"""Measures over many scans beside Stone Soup's on the same states: how much quicker, and how equal.

Times are of the processor, so that a busy machine does not blur them.
"""

import datetime
import time
from collections.abc import Callable

import numpy as np

from benchmarks.harness import Result, at_least, at_most

OBJECTS = SCANS = 100
# Of GOSPA and SIAP, where only the ratio of times is of interest.
FEWER = 40
# Errors of 20 m stay within both, so that no track is lost: after a loss Stone Soup's association keeps its
# count of failures and lets go at the next one.
CUTOFF_M, NEAR_M = 200.0, 200.0


def pictures(objects: int = OBJECTS, scans: int = SCANS, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Truths [S, N, 6] and tracks that follow them from their first scan to their last, and both masks."""
    chance = np.random.default_rng(seed)
    start = chance.uniform(0, 50e3, (objects, 3))
    velocity = chance.normal(0, 20, (objects, 3))
    truths = np.zeros((scans, objects, 6))
    truths[..., :3] = start + np.arange(scans)[:, None, None] * velocity
    truths[..., 3:] = velocity
    tracks = truths + np.repeat([20.0, 2.0], 3) * chance.standard_normal(truths.shape)
    first, last = chance.integers(0, scans // 5, objects), chance.integers(4 * scans // 5, scans, objects)
    scan = np.arange(scans)[:, None]
    return truths, tracks, np.full((scans, objects), True), (first <= scan) & (scan <= last)


def run() -> list[Result]:
    """Ratios of Stone Soup's time to ours, both in this run, and the largest difference."""
    from noroshi.tracking import measures

    truths, tracks, real, kept = pictures(FEWER)
    places = truths[..., :3], tracks[..., :3], real, kept
    time_s = np.arange(SCANS, dtype=float)

    def air_picture():
        held = measures.hold(*places, NEAR_M)
        off = tracks - np.take_along_axis(truths, np.maximum(held, 0)[..., None], axis=1)
        off_m, off_mps = (np.linalg.norm(off[..., part], axis=-1) for part in (slice(3), slice(3, 6)))
        return measures.siap(time_s, held, real, kept, off_m, off_mps)

    gospa_s, gospa = _best(lambda: measures.gospa(*places, CUTOFF_M, 2.0))
    siap_s, siap = _best(air_picture)
    theirs = stone_soup(truths, tracks, real, kept, "gospa", "siap")
    off_gospa = np.max(np.abs(gospa.distance / theirs["gospa"][1] - 1))
    off_siap = max(abs(getattr(siap, name) - value) for name, value in theirs["siap"][1].items())

    truths, tracks, real, kept = pictures()
    places = truths[..., :3], tracks[..., :3], real, kept
    ospa_s, ospa = _best(lambda: measures.ospa(*places, CUTOFF_M, 1.0))
    theirs |= stone_soup(truths, tracks, real, kept, "ospa")
    off_ospa = np.max(np.abs(ospa / theirs["ospa"][1] - 1))

    def ratio(name: str, ours_s: float) -> tuple[float, str]:
        return theirs[name][0] / ours_s, f"ours {1e3 * ours_s:.1f} ms, Stone Soup {theirs[name][0]:.2f} s"

    times, note = ratio("ospa", ospa_s)
    gospa_times, gospa_note = ratio("gospa", gospa_s)
    siap_times, siap_note = ratio("siap", siap_s)
    size, fewer = f"{OBJECTS} x {OBJECTS} x {SCANS}, ", f"{FEWER} x {FEWER} x {SCANS}, "
    return [
        at_least("measures_ospa", times, "x", 300, size + note),
        at_most("measures_ospa_off", float(off_ospa), "", 3e-14, "largest relative difference"),
        Result("measures_gospa", gospa_times, "x", note=fewer + gospa_note),
        at_most("measures_gospa_off", float(off_gospa), "", 1e-13, "largest relative difference"),
        Result("measures_siap", siap_times, "x", note=fewer + "association included, " + siap_note),
        at_most("measures_siap_off", float(off_siap), "", 1e-9, "largest difference of any attribute"),
    ]


def stone_soup(
    truths: np.ndarray, tracks: np.ndarray, real: np.ndarray, kept: np.ndarray, *which: str
) -> dict:
    """Seconds and values of "ospa", "gospa" or "siap" (with its association) by Stone Soup."""
    from stonesoup.dataassociator.tracktotrack import TrackToTruth
    from stonesoup.measures import Euclidean
    from stonesoup.metricgenerator.manager import MultiManager
    from stonesoup.metricgenerator.ospametric import GOSPAMetric, OSPAMetric
    from stonesoup.metricgenerator.tracktotruthmetrics import SIAPMetrics
    from stonesoup.types.groundtruth import GroundTruthPath
    from stonesoup.types.state import State
    from stonesoup.types.track import Track

    start = datetime.datetime(2024, 1, 1)
    place, velocity = Euclidean([0, 1, 2]), Euclidean([3, 4, 5])

    def paths(states: np.ndarray, valid: np.ndarray, kind: type) -> set:
        return {
            kind(
                [
                    State(states[scan, n][:, None], timestamp=start + datetime.timedelta(seconds=int(scan)))
                    for scan in np.flatnonzero(valid[:, n])
                ]
            )
            for n in range(states.shape[1])
        }

    data = {
        "groundtruth_paths": paths(truths, real, GroundTruthPath),
        "tracks": paths(tracks, kept, Track),
    }
    generators = {
        "ospa": OSPAMetric(c=CUTOFF_M, p=1, measure=place, generator_name="ospa"),
        "gospa": GOSPAMetric(c=CUTOFF_M, p=2, measure=place, generator_name="gospa"),
        "siap": SIAPMetrics(position_measure=place, velocity_measure=velocity, generator_name="siap"),
    }
    names = {
        "SIAP Completeness": "completeness",
        "SIAP Ambiguity": "ambiguity",
        "SIAP Spuriousness": "spuriousness",
        "SIAP Position Accuracy": "position_m",
        "SIAP Velocity Accuracy": "velocity_mps",
        "SIAP Rate of Track Number Change": "changes_per_s",
        "SIAP Longest Track Segment": "longest",
    }
    results = {}
    for name in which:
        manager = MultiManager([generators[name]], TrackToTruth(association_threshold=NEAR_M, measure=place))
        manager.add_data(data, overwrite=False)
        begin_s = time.process_time()
        found = manager.generate_metrics()[name]
        taken_s = time.process_time() - begin_s
        if name == "siap":
            results[name] = taken_s, {ours: found[title].value for title, ours in names.items()}
        else:
            values = next(iter(found.values())).value
            values = [one.value for one in values]
            of = np.array([one["distance"] if name == "gospa" else one for one in values])
            results[name] = taken_s, of
    return results


def _best(function: Callable, times: int = 5) -> tuple[float, object]:
    """Shortest of several runs, s, and what it returned."""
    taken = []
    for _ in range(times):
        begin_s = time.process_time()
        found = function()
        taken.append(time.process_time() - begin_s)
    return min(taken), found
