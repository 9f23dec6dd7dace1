"""13 April 2023: a missile is turned upwards after its first stage, and nothing falls on Hokkaido."""

import numpy as np
import pytest

from noroshi.catalogue.scenario import load_scenario, with_overrides
from noroshi.earth import frames, geometry
from noroshi.exercise.checks import checks
from noroshi.exercise.world import build
from tests.exercise.watched import watch
from tests.scenarios.test_japan_2022_11_03 import STALE_S, plots_s

SEEDS = range(12)
# Where the coast is that stages were said to fall off, deg, read off a map: the east coast along the flight,
# and that of North Hamgyong abreast of where the second stage fell.
COAST, NORTH_COAST = (39.75, 127.6), (41.4, 129.75)
# What was said, km, and how far off ours may be, whose stages share burn and velocity evenly.
WITHIN_KM = {1: (10, 100), 2: (335, 110)}


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("japan-2023-04-13")


@pytest.fixture(scope="module")
def worlds(scenario):
    return [build(scenario, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def runs(scenario, worlds):
    return {arm: watch(scenario, 0, arm, worlds[0]) for arm in ("national", "hub")}


def named(world, name):
    return next(one for one in world.objects if one.id == name)


def end_of(one):
    """Where an object falls, geodetic radians."""
    lat, lon, _ = frames.geodetic(one.position_ecef_m[-1])
    return float(lat), float(lon)


def test_it_flies_as_far_as_korea_said(worlds):
    for world in worlds:
        assert world.flights[0].fit.range_km == pytest.approx(1000, rel=0.03)
        assert all(row["ok"] for row in checks(world))


def test_its_spent_stages_fall_where_they_were_said_to(worlds):
    """Off the coast and not on land; by a model that knows neither stage's mass nor burn."""
    for stage, coast in ((1, COAST), (2, NORTH_COAST)):
        told_km, off_km = WITHIN_KM[stage]
        for world in worlds:
            end = end_of(named(world, f"L1/stage-{stage}"))
            away_km = geometry.great_circle(*np.radians(coast), *end)[0] / 1e3
            assert away_km == pytest.approx(told_km, abs=off_km), (stage, world.seed)
            assert end[1] > np.radians(coast[1])


def path_deg(world, t_s):
    """The way up of a flight above the horizon."""
    track = world.tracks[0]
    row = int(np.searchsorted(track.time_s, t_s))
    place, speed = np.asarray(track.position_ecef_m)[row], np.asarray(track.velocity_ecef_mps)[row]
    lat, lon, _ = frames.geodetic(place)
    up = np.asarray(frames.enu_axes(lat, lon))[2]
    return float(np.degrees(np.arcsin(up @ speed / np.linalg.norm(speed))))


def test_it_is_turned_upwards_after_its_first_stage(scenario, worlds):
    """What flies on by itself turns down; this one turns up, and a coast from there lands short."""
    for world in worlds:
        first, second, third = world.flights[0].fit.missile.stages
        spent_s = float(first.burn_s)
        ends_s = spent_s + float(second.burn_s + second.gap_s + third.burn_s + third.gap_s)
        assert path_deg(world, ends_s - 1) > path_deg(world, spent_s - 1) + 3


def test_nothing_of_it_comes_near_hokkaido(worlds):
    """Cape Kamui and Okushiri are the nearest land, some 200 km from where it falls."""
    nearest = np.radians([(43.33, 140.35), (42.17, 139.42)])
    for world in worlds:
        for one in world.objects:
            lat, lon, _ = frames.geodetic(one.position_ecef_m)
            for place in nearest:
                assert geometry.great_circle(lat, lon, *place)[0].min() > 120e3


def test_japan_s_radars_see_the_missile_and_what_it_leaves_behind(worlds):
    """Four objects, of which three are none that anyone should be warned of."""
    for world in worlds:
        assert [one.id for one in world.objects] == ["L1", "L1/stage-1", "L1/stage-2", "L1/stage-3"]


def test_a_steeper_turn_lets_the_first_stage_fall_farther_off(scenario):
    """For the same range: what the upper stages do not give the first one must."""
    ends = []
    for pitch in (83.0, 86.0, 90.0):
        world = build(with_overrides(scenario, {"launches.L1.upper_pitch_deg": pitch}), 0)
        ends.append(end_of(named(world, "L1/stage-1"))[1])
    assert ends == sorted(ends) and ends[0] < ends[-1]


@pytest.mark.parametrize("arm", ["national", "hub"])
def test_hokkaido_is_not_alerted_for_a_fall_when_nothing_has_been_seen_for_minutes(runs, arm):
    """On the day: 33 minutes after the launch, from a track of the first minutes."""
    watched = runs[arm]
    for line in watched.said("stage"):
        if line["stage"] != "decide":
            continue
        nations = {line["node"]} if arm == "national" else {"JPN", "KOR", "USA"}
        seen = [one for one in plots_s(watched, nations) if one <= line["start_s"]]
        assert seen and line["start_s"] - seen[-1] <= STALE_S, line


@pytest.mark.parametrize("arm", ["national", "hub"])
def test_no_alert_of_japan_stands_at_the_end(runs, arm):
    watched = runs[arm]
    cancelled = {line["alert"] for line in watched.said("cancel", "JPN")}
    assert {line["alert"] for line in watched.said("alert", "JPN")} <= cancelled
