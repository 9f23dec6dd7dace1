"""Is it there? The score of a track against the background: likelihood ratios, and when they say enough.

A track is scored by the logarithm of the odds that one thing made its detections rather than the background
(Sittler, IEEE Trans. Military Electronics, 1964; Blackman and Popoli, Design and Analysis of Modern Tracking
Systems, 1999, ch. 6), and confirmed or deleted by the thresholds of Wald's sequential probability ratio test
(Wald, Sequential Analysis, 1947), which follow from the false and missed tracks that a nation accepts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from noroshi.earth.arrays import Array, namespace

DAY_S = 86_400.0
# A sensor's own count is believed over so long, s, beside what was told of it before, which
# counts as so many seconds.
_MEMORY_S = 600.0
_PRIOR_S = 600.0
# Uncounted as false: a sensor may be quieter than believed, but no more than by this factor.
_QUIETEST = 0.1
# A score that has grown high must still fall when nothing is seen any more.
HIGHEST = 30.0


@dataclass(frozen=True)
class Volume:
    """What a sensor surveys, in the coordinates that it measures; what it does not measure is (0, 0)."""

    range_m: tuple[float, float] = (0.0, 0.0)
    azimuth_rad: tuple[float, float] = (0.0, 0.0)
    elevation_rad: tuple[float, float] = (0.0, 0.0)
    range_rate_mps: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> float:
        """Its volume in m, rad, rad, m/s, of what is measured."""
        ends = (self.range_m, self.azimuth_rad, self.elevation_rad, self.range_rate_mps)
        return math.prod(high - low for low, high in ends if high > low)


@dataclass(frozen=True)
class Background:
    """What a nation believes a sensor sees when nobody launches anything.

    False plots and real things that are no missiles (satellites that no catalogue explains, aircraft, fires),
    each an hour over the whole `volume`; `revisit_s` from scan to scan; `detection` the chance that a scan
    shows a thing.
    """

    volume: Volume
    revisit_s: float
    false_ph: float
    things_ph: float
    detection: float = 0.9

    @property
    def false_per_scan(self) -> float:
        """False plots a scan."""
        return self.false_ph * self.revisit_s / 3600

    @property
    def false_density(self) -> float:
        """False plots a scan and unit of the measured volume: 1 / (m rad rad m/s)."""
        return self.false_per_scan / self.volume.size

    @property
    def new_density(self) -> float:
        """Things that appear a scan and unit of the measured volume."""
        return self.things_ph * self.revisit_s / 3600 / self.volume.size


@dataclass(frozen=True)
class Seen:
    """What a sensor's own unexplained plots tell of its background: a decaying count, until `time_s`."""

    time_s: float
    count: float = 0.0
    span_s: float = 0.0


def counted(seen: Seen, time_s: float, unexplained: int) -> Seen:
    """The count after a scan with so many plots that no confirmed track explains; forgets in ten minutes."""
    since_s = max(time_s - seen.time_s, 0.0)
    keep = math.exp(-since_s / _MEMORY_S)
    return Seen(max(time_s, seen.time_s), seen.count * keep + unexplained, seen.span_s * keep + since_s)


def adapted(background: Background, seen: Seen) -> Background:
    """The background with its false plots as they have come of late.

    A gamma prior worth ten minutes at the believed rate (at least one plot), and the decaying count: a sensor
    that floods raises its own density, so that its plots say little; no other sensor's changes.
    """
    believed_ps = background.false_ph / 3600
    weight_s = max(_PRIOR_S, 1 / max(believed_ps, 1e-12))
    rate_ps = (believed_ps * weight_s + seen.count) / (weight_s + seen.span_s)
    return replace(background, false_ph=3600 * max(rate_ps, _QUIETEST * believed_ps))


@dataclass(frozen=True)
class Rule:
    """When a score confirms a track and when it deletes one."""

    confirm: float
    delete: float


def rule(false_per_day: float, starts_per_day: float, missed_share: float = 0.01) -> Rule:
    """Wald's thresholds for so many false confirmed tracks a day, and such a share of true ones given up.

    `starts_per_day` is how many tentative tracks the background begins, which is its false plots a day where
    each begins one. Scores count from the start of a track, without `first`.
    """
    false_share = min(false_per_day / max(starts_per_day, 1e-12), 0.5)
    return Rule(math.log((1 - missed_share) / false_share), math.log(missed_share / (1 - false_share)))


def first(background: Background) -> float:
    """The score of a track at its first plot: a new thing's density over that of all that starts a track."""
    return math.log(background.new_density / background.false_density)


def hit(log_likelihood: Array, background: Background) -> Array:
    """What a detection adds: chance of it times its density under the track, over that of false plots.

    `log_likelihood` is of the measurement (m, rad, rad, m/s as measured), as `imm.weigh` gives it.
    """
    return log_likelihood + math.log(background.detection / background.false_density)


def miss(detection: Array, gate: float = 1.0) -> Array:
    """What a look without a detection adds: ln(1 - Pd Pg). Only looks that could have shown it count."""
    xp = namespace(detection)
    return xp.log1p(-xp.minimum(detection * gate, 0.999))


def add(score: Array, increment: Array, highest: float = HIGHEST) -> Array:
    """The score after an increment, held below `highest` so that a thing that is gone is given up in time."""
    xp = namespace(score, increment)
    return xp.minimum(score + increment, highest)


def fading(score: Array, highest_yet: Array, rule: Rule) -> Array:
    """Whether to delete a track: its score fell below the threshold, or as far from its highest."""
    return (score < rule.delete) | (score < highest_yet + rule.delete - rule.confirm)


def probability(score: Array) -> Array:
    """Chance that it is there, of a score that counts from the prior odds (`first` included)."""
    xp = namespace(score)
    return 1 / (1 + xp.exp(-score))


def radar_background(
    range_m: tuple[float, float],
    azimuth_rad: tuple[float, float],
    elevation_rad: tuple[float, float],
    revisit_s: float,
    false_per_day: float = 20.0,
    things_per_day: float = 10.0,
    detection: float = 0.9,
    range_rate_mps: tuple[float, float] = (0.0, 0.0),
) -> Background:
    """A radar's from daily rates over its sector and ranges; defaults are those of the quiet day."""
    volume = Volume(range_m, azimuth_rad, elevation_rad, range_rate_mps)
    return Background(volume, revisit_s, false_per_day / 24, things_per_day / 24, detection)


def infrared_background(
    half_field_rad: float,
    revisit_s: float,
    false_per_day: float = 20.0,
    things_per_day: float = 2.0,
    detection: float = 0.95,
) -> Background:
    """A satellite's, over the square about the disc that it sees."""
    angle = (-half_field_rad, half_field_rad)
    volume = Volume((0.0, 0.0), angle, angle)
    return Background(volume, revisit_s, false_per_day / 24, things_per_day / 24, detection)


def expected_false(backgrounds: Mapping[str, Background]) -> float:
    """False plots a day of all sensors together: the starts a day where each starts a track."""
    return sum(24 * one.false_ph for one in backgrounds.values())


def scans_to_confirm(hit_gain: float, detection: float, rule: Rule) -> float:
    """How many looks it takes on average to confirm a thing that is there (Wald's identity)."""
    drift = detection * hit_gain + (1 - detection) * float(miss(np.float64(detection)))
    return rule.confirm / drift if drift > 0 else math.inf
