"""Chance has fixed seeds; each check on it fails by chance once in a thousand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, chi2, poisson

from noroshi.tracking import score
from noroshi.tracking.score import Background, Seen, Volume

RARE = 1e-3
VOLUME = Volume((100e3, 1100e3), (-1.0, 1.0), (0.0, 0.1))
# One false plot in ten gates, far more than of a quiet radar, so that false tracks can be counted at all.
SIGMA = np.array([300.0, 3e-3, 3e-3])
_GATE2 = chi2.ppf(0.999, 3)
_ELLIPSOID = 4 / 3 * math.pi * _GATE2**1.5 * SIGMA.prod()
BUSY = Background(VOLUME, 6.0, 3600 / 6.0 * VOLUME.size * 0.1 / _ELLIPSOID, 10.0, 0.8)


def followed(real: bool, count: int, rule: score.Rule, seed: int, background: Background = BUSY, scans=60):
    """Scan (from 1) at which each of `count` tracks is confirmed and deleted, 0 for neither.

    The prediction is exact, so that the gate is an ellipsoid of fixed size in which false plots are even; the
    nearest plot is taken.
    """
    chance = np.random.default_rng(seed)
    density = BUSY.false_density
    total, highest = np.zeros(count), np.zeros(count)
    confirmed, deleted = np.zeros(count, int), np.zeros(count, int)
    log_peak = -0.5 * 3 * math.log(2 * math.pi) - np.log(SIGMA).sum()
    for scan in range(1, scans + 1):
        false = chance.poisson(density * _ELLIPSOID, count)
        # The nearest of n even in a ball: the cube of its radius is the least of n uniforms.
        nearest = np.where(false > 0, 1 - chance.random(count) ** (1 / np.maximum(false, 1)), np.inf)
        distance2 = _GATE2 * nearest ** (2 / 3)
        if real:
            seen = chance.random(count) < BUSY.detection
            own = np.where(seen, chance.chisquare(3, count), np.inf)
            distance2 = np.minimum(distance2, np.where(own < _GATE2, own, np.inf))
        taken = np.isfinite(distance2)
        likely = log_peak - 0.5 * np.where(taken, distance2, 0.0)
        step = np.where(
            taken, score.hit(likely, background), score.miss(np.float64(background.detection), 0.999)
        )
        open_ = deleted == 0
        total = np.where(open_, score.add(total, step), total)
        highest = np.maximum(highest, total)
        confirmed = np.where(open_ & (confirmed == 0) & (total >= rule.confirm), scan, confirmed)
        gone = np.where(confirmed > 0, score.fading(total, highest, rule), total <= rule.delete)
        deleted = np.where(open_ & gone, scan, deleted)
    return confirmed, deleted


@pytest.mark.parametrize("false_share", [0.02, 0.002])
def test_false_tracks_come_no_more_often_than_they_were_designed_to(false_share):
    # Each false plot starts a track; so many a day of all that start.
    starts = 24 * BUSY.false_ph
    rule = score.rule(false_share * starts, starts)
    count = 100_000
    confirmed, _ = followed(False, count, rule, 1)
    wrong = int((confirmed > 0).sum())
    assert wrong <= binom.ppf(1 - RARE, count, false_share)
    # Nor so rarely that true ones would wait for nothing: what a score jumps over is its last step.
    assert wrong > false_share * count / 100


def test_things_are_confirmed_as_soon_as_wald_says_and_seldom_given_up():
    rule = score.rule(1.0, 1000.0, missed_share=0.02)
    count = 20_000
    confirmed, deleted = followed(True, count, rule, 2)
    given_up = int(((confirmed == 0) & (deleted > 0)).sum())
    assert given_up <= binom.ppf(1 - RARE, count, 0.02)
    gain = float(score.hit(-0.5 * 3 * math.log(2 * math.pi) - np.log(SIGMA).sum() - 1.5, BUSY))
    told = score.scans_to_confirm(gain, BUSY.detection, rule)
    mean = confirmed[confirmed > 0].mean()
    # Wald leaves out what the last step goes beyond: less than one step.
    assert told - 1 < mean < told + 1.5


def test_what_is_gone_is_deleted_however_well_it_was_seen():
    rule = score.rule(0.01, 20.0)
    total = 0.0
    for _ in range(100):
        total = score.add(total, score.hit(-5.0, BUSY))
    highest = total
    looks = 0
    while not score.fading(total, highest, rule):
        total = score.add(total, float(score.miss(np.float64(0.9))))
        looks += 1
    assert looks <= 10


def test_a_look_that_could_not_have_shown_it_costs_nothing():
    assert score.miss(np.float64(0.0)) == 0.0
    assert score.miss(np.float64(0.9)) < score.miss(np.float64(0.5)) < 0.0


def test_a_hit_says_less_where_false_plots_are_dense():
    dense = replace(BUSY, false_ph=10 * BUSY.false_ph)
    assert score.hit(0.0, BUSY) - score.hit(0.0, dense) == pytest.approx(math.log(10))


def test_rates_over_the_sector_become_a_density_and_back():
    quiet = score.radar_background((0.0, 2e6), (-1.0, 1.0), (0.0, 0.1), 6.0, 24.0, 12.0)
    scans_a_day = score.DAY_S / quiet.revisit_s
    assert quiet.false_density * quiet.volume.size * scans_a_day == pytest.approx(24.0)
    assert quiet.new_density * quiet.volume.size * scans_a_day == pytest.approx(12.0)
    assert score.expected_false({"a": quiet, "b": quiet}) == pytest.approx(48.0)
    assert score.first(quiet) == pytest.approx(math.log(12 / 24))


def test_a_stricter_rule_takes_longer():
    loose, strict = score.rule(10.0, 1000.0), score.rule(0.1, 1000.0)
    assert strict.confirm == pytest.approx(loose.confirm + math.log(100))
    assert strict.delete < 0 < loose.confirm


def test_a_flood_raises_its_own_sensors_density_and_no_others():
    quiet = score.radar_background((0.0, 2e6), (-1.0, 1.0), (0.0, 0.1), 6.0)
    chance = np.random.default_rng(3)
    flooding, calm = Seen(0.0), Seen(0.0)
    mean = 30.0
    for scan in range(1, 101):
        flooding = score.counted(flooding, 6.0 * scan, int(chance.poisson(mean)))
        calm = score.counted(calm, 6.0 * scan, int(chance.random() < quiet.false_per_scan))
    raised = score.adapted(quiet, flooding)
    # What was believed counts as ten minutes or more: the estimate is on its way, the order is right.
    assert 0.05 * mean < raised.false_per_scan < 1.2 * mean
    assert score.hit(0.0, quiet) - score.hit(0.0, raised) > math.log(100)
    assert abs(score.hit(0.0, quiet) - score.hit(0.0, score.adapted(quiet, calm))) < math.log(5)
    # And falls again when the flood is over.
    for scan in range(101, 1201):
        flooding = score.counted(flooding, 6.0 * scan, 0)
    assert score.adapted(quiet, flooding).false_ph < 2 * quiet.false_ph


def test_under_a_flood_the_designed_false_rate_holds_once_the_density_is_learnt():
    # A sensor that believes in a tenth of its false plots makes too many false tracks; with what it has
    # counted of late it makes as few as designed.
    share, count = 0.01, 40_000
    rule = score.rule(share, 1.0)
    naive = replace(BUSY, false_ph=BUSY.false_ph / 30)
    seen = Seen(0.0)
    chance = np.random.default_rng(4)
    for scan in range(1, 301):
        seen = score.counted(seen, 6.0 * scan, int(chance.poisson(BUSY.false_per_scan)))
    learnt = score.adapted(naive, seen)
    wrong = {
        name: int((followed(False, count, rule, 5, one)[0] > 0).sum())
        for name, one in {"naive": naive, "learnt": learnt}.items()
    }
    assert wrong["naive"] > binom.ppf(1 - RARE, count, share)
    # The believed rate still weighs in: the density is short by some tens of per cent.
    assert wrong["learnt"] <= binom.ppf(1 - RARE, count, share * BUSY.false_ph / learnt.false_ph)


def test_a_count_without_a_flood_stays_near_what_is_believed():
    quiet = replace(BUSY, false_ph=360.0)
    seen, chance = Seen(0.0), np.random.default_rng(6)
    for scan in range(1, 1001):
        seen = score.counted(seen, 6.0 * scan, int(chance.poisson(quiet.false_per_scan)))
    # The count rests on some hundred plots of the last ten minutes.
    low, high = poisson.ppf([RARE / 2, 1 - RARE / 2], 60) / 60
    assert low < score.adapted(quiet, seen).false_ph / quiet.false_ph < high


def test_a_score_is_odds():
    assert score.probability(np.float64(0.0)) == 0.5
    assert score.probability(np.float64(math.log(99))) == pytest.approx(0.99)
