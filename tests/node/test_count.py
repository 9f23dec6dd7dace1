"""How many missiles a nation counts: its things with doubt, and what parted from one missile as one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.node import raid
from noroshi.node.state import SIGHTING, Foreign, Origin, Outbox, RaidTold, Thing
from noroshi.records.tracks import Estimate
from noroshi.tracking.provenance import Evidence

NOW_S = 300.0
SITE, OTHER = (39.6, 125.8), (41.6, 128.2)


def launched(place=SITE, time_s=0.0, sigma_km=5.0):
    return Origin(time_s, *place, sigma_km, 90.0, 3.0)


def estimated(place_m, speed_mps, sigma_m=300.0, sigma_mps=3.0):
    state = np.array([*place_m, *speed_mps, 0.0, 0.0, 0.0, 8.5])
    sigma = np.repeat([sigma_m, sigma_mps, 0.1, 0.3], [3, 3, 3, 1])
    return Estimate(np.float64(NOW_S), state, np.diag(sigma**2), np.array([0.0, 1.0, 0.0, 0.0]))


def heard(number, estimate=None, start=None):
    """A thing of which the United States told a launch, a track, or both."""
    told = {} if start is None else {"USA": start}
    foreign = {}
    if estimate is not None:
        foreign = {"USA": Foreign(estimate, Evidence.of(["USA"], "USA", NOW_S), f"USA-T{number}")}
    return Thing(f"JPN-T{number}", told=told, foreign=foreign, last_told_s=NOW_S)


def counted(node, *things, now_s=NOW_S):
    """What is journaled of a raid, and the node after it."""
    out = Outbox(now_s)
    node = raid.count(replace(node, things=tuple(things)), now_s, out)
    return [fields for _, event, fields in out.entries if event == "raid"], node


def falling(since_s, launch_s=0.0, bearing=90.0):
    """Place and velocity on a plane parabola over the Sea of Japan: east at 3 km/s, up at 3 km/s."""
    axes = frames.enu_axes(*np.radians(SITE))
    start = np.asarray(frames.ecef(*np.radians(SITE), np.float64(100e3)))
    age_s = since_s - launch_s
    way = axes[0] * math.sin(math.radians(bearing)) + axes[1] * math.cos(math.radians(bearing))
    rise = 3e3 * age_s - 4.5 * age_s**2
    return start + 3e3 * age_s * way + rise * axes[2], 3e3 * way + (3e3 - 9 * age_s) * axes[2]


def test_one_thing_is_no_raid(japan):
    lines, node = counted(japan, heard(1, start=launched()))
    assert lines == [] and node.raid == RaidTold()


def test_a_raid_is_told_with_its_chances_and_its_places(japan):
    """Five launch reports: three from one place, two from another."""
    places = [SITE, SITE, OTHER, SITE, OTHER]
    things = [heard(n, start=launched(place, 40.0 * n)) for n, place in enumerate(places)]
    (line,), node = counted(japan, *things)
    assert line["count"] == 5 and line["things"] == 5 and line["unplaced"] == 0
    assert sum(line["chance"].values()) == pytest.approx(1, abs=0.05)
    # Binomial of five reports, each of which is right with the same probability.
    assert line["chance"]["5"] == pytest.approx(raid._LAUNCH_TOLD**5, abs=1e-3)
    assert [one["count"] for one in line["groups"]] == [3, 2]
    for one, (lat, lon) in zip(line["groups"], (SITE, OTHER), strict=True):
        assert (one["lat_deg"], one["lon_deg"]) == pytest.approx((lat, lon), abs=0.05)
    assert [one["first_s"] for one in line["groups"]] == [0.0, 80.0]
    # Said once: nothing new, nothing said, however often it is asked.
    for later_s in (1.0, 60.0):
        lines, node = counted(node, *things, now_s=NOW_S + later_s)
        assert lines == []


def test_a_further_launch_and_one_that_was_none_are_told(japan):
    things = [heard(n, start=launched(time_s=60.0 * n)) for n in range(3)]
    _, node = counted(japan, *things[:2])
    (more,), node = counted(node, *things)
    assert more["count"] == 3
    (fewer,), node = counted(node, things[0], replace(things[1], sort="satellite"), things[2])
    assert fewer["count"] == 2
    (one,), node = counted(node, things[0])
    assert one["count"] == 1


def test_what_is_recognised_as_no_missile_does_not_count(japan):
    things = [replace(heard(n, start=launched()), sort="aircraft") for n in range(4)]
    assert counted(japan, *things)[0] == []


def test_what_people_saw_counts_less_than_what_sensors_did(japan):
    seen = Thing("JPN-T9", told={f"{SIGHTING}r1": launched()})
    assert raid.missile(japan, seen) < raid.missile(japan, heard(1, start=launched()))
    assert raid.missile(japan, heard(1, start=launched())) < raid.missile(
        japan, heard(1, estimated(*falling(300)))
    )
    assert raid.missile(japan, Thing("JPN-T8")) == 0


def parting(apart_mps, along):
    """A missile and its stage, 200 s after they parted at a known speed along a direction."""
    place, speed = falling(NOW_S)
    off = apart_mps * np.asarray(along)
    return estimated(place, speed), estimated(place + 200 * off, speed + off)


@pytest.mark.parametrize("apart_mps", [50.0, 300.0, 1500.0])
def test_a_spent_stage_is_one_with_its_missile(japan, apart_mps):
    axes = frames.enu_axes(*np.radians(SITE))
    body, stage = parting(apart_mps, -axes[0])
    now = replace(
        body,
        **{n: np.stack([getattr(body, n), getattr(stage, n)]) for n in ("time_s", "mean", "cov", "weight")},
    )
    # The missile was seen before they parted, the stage after.
    assert raid.parted(now, np.array([60.0, 110.0]))[0, 1]
    # Nothing parts before it was ever seen as one.
    assert not raid.parted(now, np.array([150.0, 170.0]))[0, 1]


@pytest.mark.parametrize("later_s", [5.0, 30.0, 90.0])
def test_two_after_one_another_on_one_path_are_two(later_s):
    one, two = estimated(*falling(NOW_S)), estimated(*falling(NOW_S, launch_s=later_s))
    now = replace(
        one, **{n: np.stack([getattr(one, n), getattr(two, n)]) for n in ("time_s", "mean", "cov", "weight")}
    )
    assert not raid.parted(now, np.array([60.0, 60.0 + later_s])).any()


@pytest.mark.parametrize("beside_m", [2e3, 20e3])
def test_two_beside_one_another_are_two(beside_m):
    place, speed = falling(NOW_S)
    north = frames.enu_axes(*np.radians(SITE))[1]
    one, two = estimated(place, speed), estimated(place + beside_m * north, speed)
    now = replace(
        one, **{n: np.stack([getattr(one, n), getattr(two, n)]) for n in ("time_s", "mean", "cov", "weight")}
    )
    assert not raid.parted(now, np.array([60.0, 65.0])).any()


def test_two_that_are_known_too_badly_are_not_taken_for_one(japan):
    axes = frames.enu_axes(*np.radians(SITE))
    body, stage = parting(100.0, -axes[0])
    vague = replace(stage, cov=stage.cov * 1e4)
    now = replace(
        body,
        **{n: np.stack([getattr(body, n), getattr(vague, n)]) for n in ("time_s", "mean", "cov", "weight")},
    )
    assert not raid.parted(now, np.array([60.0, 110.0])).any()
