"""What a track is held for: laws of probabilities, outside references, reliability on held-out flights."""

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.tracks import Estimate
from noroshi.tracking import kinds
from noroshi.tracking.classify import UNKNOWN, Known, classify
from tests.tracking import flights, reliability

SPHERE_M = 6371e3
MISSILES = [*kinds.KINDS[: kinds.CRUISE + 1]]


def estimate(height_m, climb_mps, along_mps, time_s=100.0, weight=(0.03, 0.9, 0.05, 0.02), thrust_mps2=0.0):
    """A state over 40 N 130 E, flying east."""
    lat, lon = np.radians([40.0, 130.0])
    east, _, up = np.asarray(frames.enu_axes(lat, lon))
    place = np.asarray(frames.ecef(lat, lon, height_m))
    velocity = climb_mps * up + along_mps * east
    way = velocity / max(np.linalg.norm(velocity), 1.0)
    mean = np.concatenate([place, velocity, thrust_mps2 * way, [8.5]])
    sigma = np.repeat([300.0, 15.0, 2.0, 0.8], [3, 3, 3, 1])
    return Estimate(np.float64(time_s), mean, np.diag(sigma**2), np.array(weight))


def turned(one, matrix):
    """The estimate in axes that are turned or mirrored by `matrix`."""
    full = np.eye(10)
    for part in range(3):
        full[3 * part : 3 * part + 3, 3 * part : 3 * part + 3] = matrix
    return replace(one, mean=full @ one.mean, cov=full @ one.cov @ full.T)


@cache
def held_out():
    """Some flights of all kinds, wider than the profiles."""
    return tuple(reliability.held_out(5, seed=11))


@cache
def tried():
    return reliability.trial(held_out(), seed=12, most=25)


def followed(one, step_s=10.0, seed=1, start_s=20.0):
    """All assessments of a flight, from some time after its start on."""
    rng, held, found = np.random.default_rng(seed), None, []
    known = Known(launched_s=0.0 if one.launched else None)
    for row, state in flights.estimates(one, rng, one.time_s[0] + start_s, step_s, (300.0, 15.0, 3.0)):
        held = classify(state, known, held)
        found.append((one.phase[row], held))
    return found


# Laws.


states = st.tuples(
    st.floats(0, 2000e3),
    st.floats(-7000, 7000),
    st.floats(0, 9000),
    st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(states, st.booleans(), st.sampled_from([None, True, False]), st.booleans(), st.floats(0, 100))
def test_probabilities_sum_to_one(state, launched, notice, lost, thrust):
    height, climb, along, weight = state
    known = Known(launched_s=0.0 if launched else None, notice=notice, lost=lost, unseen_s=30.0 * lost)
    first = classify(estimate(height, climb, along, weight=weight, thrust_mps2=thrust), known)
    second = classify(estimate(height, climb, along, 103.0, weight, thrust), known, first)
    for held in (first, second):
        for told in (held.kinds, held.odds, held.phases, held.sorts):
            assert all(0 <= value <= 1 for value in told.values()), told
            assert sum(told.values()) == pytest.approx(1, abs=1e-9)
        assert set(held.kinds) == {*kinds.KINDS, UNKNOWN}
        assert all(held.kinds[name] <= held.odds[name] + 1e-12 for name in kinds.KINDS)
        assert f"{held.likely} (" in held.reason


@settings(max_examples=30, deadline=None)
@given(states, st.floats(0, 2 * math.pi), st.booleans())
def test_turning_or_mirroring_the_earth_changes_nothing(state, turn, mirrored):
    """About its axis, and north for south: the Earth looks the same."""
    height, climb, along, weight = state
    one = estimate(height, climb, along, weight=weight)
    cosine, sine = math.cos(turn), math.sin(turn)
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, -1.0 if mirrored else 1.0]])
    here, there = classify(one), classify(turned(one, matrix))
    for name, value in here.kinds.items():
        assert there.kinds[name] == pytest.approx(value, abs=1e-6)


def test_what_is_seen_of_missiles_leaves_less_open_with_time():
    """On average over flights that are like the family."""
    asked = [one for one in held_out() if one.kind < kinds.CRUISE]
    times = (30.0, 90.0, 180.0, 300.0)
    told = np.full((len(asked), len(times)), np.nan)
    for number, one in enumerate(asked):
        for _, held in followed(one, seed=number):
            slot = np.searchsorted(times, held.time_s + 5.0) - 1
            if slot >= 0:
                told[number, slot] = held.kinds[UNKNOWN]
    # Those that last so long, so that the same are compared.
    whole = told[np.isfinite(told).all(axis=1)]
    assert len(whole) > 10
    mean = whole.mean(axis=0)
    assert (np.diff(mean) < 0).all(), mean
    assert mean[0] > 0.5


def test_the_same_again_is_no_new_evidence():
    """An estimate that is repeated leads to what it says by itself, and no farther."""
    one = estimate(150e3, 1500.0, 2500.0)
    alone = held = classify(one)
    for second in range(1, 60):
        held = classify(replace(one, time_s=np.float64(100.0 + second)), before=held)
    for name, value in alone.odds.items():
        assert held.odds[name] == pytest.approx(value, abs=0.02)


def test_one_odd_estimate_does_not_turn_the_picture():
    """What was held for a minute is not dropped for one second."""
    held = None
    for second in range(60):
        held = classify(estimate(400e3 + 2e3 * second, 2000.0, 4500.0, 200.0 + second), before=held)
    name = max(held.odds, key=held.odds.__getitem__)
    after = classify(estimate(10e3, 0.0, 240.0, 260.0, (0.02, 0.05, 0.05, 0.88)), before=held)
    assert after.odds[name] > held.odds[name] / 3


def test_what_is_no_number_changes_nothing():
    good = classify(estimate(150e3, 1500.0, 2500.0))
    bad = estimate(150e3, math.nan, 2500.0, 110.0)
    assert classify(bad, before=good) is good
    assert classify(bad).kinds[UNKNOWN] == 1
    # Nor does what comes late.
    assert classify(estimate(10e3, 0.0, 240.0, 50.0), before=good) is good


# The classes.


@pytest.mark.parametrize(
    "range_km, burnout_kmps",
    [(300, 1.69648), (1000, 3.01612), (3000, 4.86500), (5500, 6.07524), (10_000, 7.19808)],
)
def test_reach_is_that_of_the_arc_of_least_energy(range_km, burnout_kmps):
    """Closed form of Wheelon's arcs, tabled for a sphere of 6,371 km."""
    assert kinds.reach_km(MEAN_RADIUS_M, burnout_kmps * 1e3) == pytest.approx(range_km, rel=1e-3)


@pytest.mark.parametrize(
    "reach_km, name",
    [(300, 0), (999, 0), (1001, 1), (2999, 1), (3001, 2), (5499, 2), (5501, 3), (12_000, 3)],
)
def test_bands_are_the_public_ones(reach_km, name):
    assert kinds.band(np.array(reach_km)) == name


@pytest.mark.parametrize("range_km", [400, 1700, 4000, 9000])
def test_after_burnout_the_energy_tells_the_class(range_km):
    """An arc of least energy, seen for 20 s as it leaves the air: of the ballistic kinds one stands out."""
    half = range_km * 1e3 / SPHERE_M / 2
    ratio = 2 * math.sin(half) / (1 + math.sin(half))
    path = math.pi / 4 - half / 2
    speed = math.sqrt(ratio * 3.986004418e14 / SPHERE_M)
    # At 80 km it has lost what height costs.
    slower = math.sqrt(1 - 2 * 9.68 * 80e3 / speed**2)
    climb, along = slower * speed * math.sin(path), slower * speed * math.cos(path)
    held = None
    for second in range(20):
        height = 80e3 + climb * second - 4.8 * second**2
        held = classify(estimate(height, climb - 9.6 * second, along, 150.0 + second), before=held)
    right = kinds.KINDS[int(kinds.band(np.array(range_km)))]
    ballistic = {name: held.odds[name] for name in kinds.KINDS[:4]}
    assert ballistic[right] > 0.8 * sum(ballistic.values())


# What is no missile, failed, is announced.


def test_no_aircraft_or_satellite_is_surely_a_missile():
    asked = [one for one in held_out() if one.sort in (kinds.AIRCRAFT, kinds.SATELLITE)]
    assert len(asked) >= 10
    for number, one in enumerate(asked):
        worst = [
            sum(held.kinds[name] for name in MISSILES) for _, held in followed(one, seed=number, step_s=20.0)
        ]
        assert max(worst) < 0.6, one.name
        # A low aircraft may be a cruise missile: that is left open, not said.
        if one.height_m.min() > 3e3:
            assert np.mean(worst) < 0.1, one.name


def test_sorts_of_what_is_no_missile_are_told_apart():
    named = {kinds.AIRCRAFT: "aircraft", kinds.SATELLITE: "satellite"}
    for one in held_out():
        if one.sort in named:
            last = followed(one, step_s=30.0)[-1][1]
            assert max(last.sorts, key=last.sorts.__getitem__) == named[one.sort]


def test_a_notice_speaks_for_a_launch_to_space_and_its_lack_against():
    launch = next(one for one in held_out() if one.kind == kinds.SPACE)
    for notice_s in (30.0, 100.0, 200.0):
        row = int(np.searchsorted(launch.time_s, notice_s))
        _, state = next(iter(flights.estimates(launch, np.random.default_rng(3), launch.time_s[row], 1e4)))
        told = [
            classify(state, Known(0.0, notice=notice)).odds["space launch"] for notice in (False, None, True)
        ]
        assert told[0] < told[1] < told[2]


def test_a_launch_that_reaches_orbit_is_known_for_one():
    for one in held_out():
        if one.kind == kinds.SPACE:
            last = followed(one, step_s=15.0)[-1][1]
            assert last.likely == "space launch", last.reason


def test_a_thrust_that_ends_early_speaks_for_a_failure():
    """A slow launch of long burn whose thrust ends at 0.5 km/s goes nowhere; its launch was seen."""
    climbing = classify(
        estimate(15e3, 450.0, 150.0, 60.0, (0.95, 0.02, 0.02, 0.01), thrust_mps2=18.0), Known(launched_s=0.0)
    )
    held = climbing
    for second in range(1, 30):
        state = estimate(15e3 + 450 * second - 4.9 * second**2, 450.0 - 9.8 * second, 150.0, 60.0 + second)
        held = classify(state, Known(launched_s=0.0), held)
    assert climbing.odds["failed"] < 0.05
    assert held.odds["failed"] > 0.3
    assert held.odds["failed"] + held.odds["not a missile"] > 0.6


def test_what_is_lost_while_it_burns_may_have_failed():
    state = estimate(40e3, 900.0, 700.0, 70.0, (0.95, 0.02, 0.02, 0.01), thrust_mps2=30.0)
    seen, lost = (classify(state, Known(0.0, lost=lost)) for lost in (False, True))
    assert lost.odds["failed"] > seen.odds["failed"] + 0.1
    # The longer nothing more is seen of it, the more what was held before gives way.
    told = [
        classify(state, Known(0.0, unseen_s=unseen_s, lost=True), seen).odds["failed"]
        for unseen_s in (2, 10, 40)
    ]
    assert seen.odds["failed"] < told[0] < told[1] < told[2] <= lost.odds["failed"] + 0.02


@pytest.mark.parametrize(
    "height_m, climb_mps, along_mps, weight",
    [
        (6e3, 0.0, 3500.0, (0.02, 0.05, 0.05, 0.88)),  # nothing holds out there
        (200e3, 9000.0, 9000.0, (0.02, 0.9, 0.05, 0.03)),  # a meteor, upwards
        (55e3, 0.0, 600.0, (0.02, 0.05, 0.05, 0.88)),  # too thin to be held, too slow to fall round
    ],
)
def test_what_is_like_nothing_stays_not_yet_known(height_m, climb_mps, along_mps, weight):
    held = None
    for second in range(0, 60, 5):
        state = estimate(height_m + climb_mps * second, climb_mps, along_mps, 300.0 + second, weight)
        held = classify(state, before=held)
    assert held.likely == UNKNOWN
    assert held.kinds[UNKNOWN] > 0.5, held.reason


def test_a_balloon_is_no_missile():
    held = classify(estimate(30e3, 0.0, 25.0, weight=(0.02, 0.05, 0.05, 0.88)))
    assert sum(held.odds[name] for name in MISSILES) < 0.1


# In time.


def test_a_glider_stays_one_in_its_dive():
    """It then falls as anything does; but it has been seen to fly."""
    asked = [
        one for one in held_out() if one.kind == kinds.GLIDE and (one.phase == kinds.GLIDING).sum() > 300
    ]
    assert asked
    for one in asked:
        told = followed(one)
        seen = [phase == kinds.GLIDING for phase, _ in told]
        after = told[len(seen) - 1 - seen[::-1].index(True) :]
        assert all(held.odds["glide"] + held.odds["quasi-ballistic"] > 0.8 for _, held in after)


def test_a_track_that_is_not_seen_any_more_has_ended_at_last():
    state = estimate(100e3, -3000.0, 2000.0)
    ended = [
        classify(state, Known(unseen_s=unseen_s)).phases["ended"] for unseen_s in (0, 10, 20, 30, 60, 200)
    ]
    assert ended[0] == 0
    assert ended == sorted(ended)
    # It falls for some 30 s.
    assert ended[1] < 0.2 and ended[-1] > 0.95
    assert classify(state, Known(down=True)).phase == "ended"


def test_phases_are_those_that_are_flown():
    """Away from where they change the likeliest phase is right 9 times in 10."""
    right = tried().phase_right
    assert np.nanmean(right) > 0.9


# Reliability.


def test_numbers_of_held_out_flights_mean_what_they_say():
    """With so few flights a calibrated classifier is off by some hundredths; the base rate knows nothing."""
    one = tried()
    here = reliability.scores(one.odds, one.kind, one.weight)
    base = reliability.scores(reliability.base_rate(one), one.kind, one.weight)
    assert here.calibration < 0.08
    assert here.brier < 0.5 * base.brier
    assert here.log < 0.5 * base.log


def test_what_is_said_of_a_kind_bounds_its_truth():
    """Between its number and that with "not yet known" added lies how often it is met, for each kind."""
    one = tried()
    low = (one.weight @ (one.odds * (1 - one.unknown[:, None]))) / one.weight.sum()
    high = low + float(one.weight @ one.unknown) / one.weight.sum()
    met = np.bincount(one.kind, one.weight, minlength=len(kinds.KINDS)) / one.weight.sum()
    assert (low <= met + 0.02).all(), dict(zip(kinds.KINDS, low - met, strict=True))
    assert (met <= high).all()


@pytest.mark.soak
def test_many_held_out_flights_are_reliable_at_every_time():
    asked = reliability.held_out(40, seed=21)
    for launch_seen, allowed in ((True, 0.04), (False, 0.08)):
        one = reliability.trial(asked, 22, launch_seen)
        here = reliability.scores(one.odds, one.kind, one.weight)
        assert here.calibration < allowed
        base = reliability.scores(reliability.base_rate(one), one.kind, one.weight)
        assert here.brier < 0.4 * base.brier
        # How long ago a launch was that nobody saw is not known: by that time no number need be right.
        for low, high in pairwise(reliability.SLICES_S if launch_seen else ()):
            some = one.some((one.since_s >= low) & (one.since_s < high))
            # Some 300 flights in ten bins: chance alone makes 0.05.
            assert reliability.scores(some.odds, some.kind, some.weight).calibration < 0.12, (low, high)
