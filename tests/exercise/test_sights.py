"""The director's account of who could see a launch, and why not."""

import itertools

import numpy as np
import pytest

from noroshi.catalogue.figures import Figure
from noroshi.exercise.run import Run
from noroshi.exercise.sights import View, account, views
from noroshi.exercise.world import build
from noroshi.records.detections import Plot, Why
from tests.exercise.watched import LAUNCH

ARMS = ("national", "hub")


@pytest.fixture(scope="module")
def seen_by_geometry(world):
    return views(world)


@pytest.fixture(scope="module")
def spells(arms, seen_by_geometry):
    """Of each arm: by sensor."""
    found = {}
    for arm in ARMS:
        rows = account(arms[arm].run, seen_by_geometry)
        found[arm] = {name: list(some) for name, some in itertools.groupby(rows, lambda one: one.sensor)}
    return found


def plots(watched):
    """Seconds in which each sensor showed something: of one launch and nothing else in this scenario."""
    found = {}
    for _, _, inbox in watched.inboxes:
        for one in inbox:
            if isinstance(one, Plot):
                found.setdefault(one.sensor, set()).add(round(one.time_s))
    return found


@pytest.mark.parametrize("arm", ARMS)
def test_each_sensor_has_an_account_without_a_gap_from_the_launch_to_the_impact(spells, replayed, world, arm):
    assert list(spells[arm]) == [one.id for one in replayed.sensors if one.present]
    for mine in spells[arm].values():
        assert mine[0].from_s == 0
        assert mine[-1].until_s == len(world.objects[0].position_ecef_m)
        for one, other in itertools.pairwise(mine):
            assert one.until_s == other.from_s
            assert one.why is not other.why


@pytest.mark.parametrize("arm", ARMS)
def test_every_plot_lies_in_a_time_that_counts_as_seen_and_every_such_time_begins_with_one(spells, arms, arm):
    shown = plots(arms[arm])
    assert shown
    for sensor, mine in spells[arm].items():
        seconds = shown.get(sensor, set())
        seen = [one for one in mine if one.why is Why.SEEN]
        inside = {second for second in seconds if any(one.from_s <= second < one.until_s for one in seen)}
        assert inside == seconds
        assert all(round(one.from_s) in seconds for one in seen)


def test_what_geometry_rules_out_is_the_same_under_every_arm(spells):
    """Sharing turns a radar; it moves no horizon."""
    looks = (Why.SEEN, Why.MISSED, Why.NOT_LOOKED, Why.TOO_BUSY, Why.TOO_DIM)
    for sensor, mine in spells["national"].items():
        ruled_out = [one for one in mine if one.why not in looks]
        assert ruled_out == [one for one in spells["hub"][sensor] if one.why not in looks]


def test_satellites_see_nothing_under_the_clouds_and_nothing_of_a_dark_coast(spells, world):
    (flight,), one = world.flights, world.objects[0]
    for sensor in world.satellites.placed:
        for spell in spells["hub"][sensor.id]:
            rows = slice(round(spell.from_s), round(spell.until_s))
            if spell.why is Why.DARK:
                assert not one.infrared_w_per_sr[rows].any()
                assert spell.from_s >= flight.fit.missile.stages[0].burn_s - 1
            if spell.why is Why.SEEN:
                assert one.infrared_w_per_sr[rows.start] > 0


def test_a_ship_at_anchor_sees_what_a_radar_on_the_spot_sees(replayed, world, seen_by_geometry):
    """The moving ones go another way through the code, second by second."""
    ship = next(one for one in replayed.sensors if one.id == "JPN-Aegis")
    place = ship.lat_deg.value, ship.lon_deg.value, ship.height_m.value
    moves = {
        "points": [[0.0, *place], [replayed.duration_s, *place]],
        "spread_km": 1.0, "low": None, "high": None,
        "source": "assumption: at anchor", "confidence": "assumed",
    }  # fmt: skip
    kept = {name: value for name, value in moves.items() if value is not None}
    anchored = type(ship).model_validate(
        {**dict(ship), "lat_deg": None, "lon_deg": None, "height_m": None, "moves": kept}
    )
    sensors = tuple(anchored if one is ship else one for one in replayed.sensors)
    there = build(replayed.model_copy(update={"sensors": sensors}), 0, like=world)
    (before,) = [one for one in seen_by_geometry if one.sensor.id == ship.id]
    (after,) = [one for one in views(there) if one.sensor.id == ship.id]
    assert np.mean(before.why == after.why) > 0.998


def view(sensor, why):
    return View(LAUNCH, sensor, 0.0, np.array([int(one) for one in why]))


def told(world, sensor, why, looks, last_s=1e9):
    run = Run(
        world,
        "national",
        account={(sensor.id, LAUNCH): looks},
        seen={(sensor.nation, LAUNCH): (0.0, last_s)},
    )
    rows = account(run, [view(sensor, why)])
    return [(one.from_s, one.until_s, one.why) for one in rows]


@pytest.fixture
def radar(world):
    return world.radars.placed[0]


def test_a_look_stands_until_the_next_or_until_geometry_ends_it(world, radar):
    why = [Why.BEHIND_EARTH] * 10 + [Why.SEEN] * 20 + [Why.TOO_FAR] * 10
    assert told(world, radar, why, [(12, Why.MISSED), (14, Why.SEEN)]) == [
        (0, 10, Why.BEHIND_EARTH),
        (10, 12, Why.NOT_LOOKED),
        (12, 14, Why.MISSED),
        (14, 30, Why.SEEN),
        (30, 40, Why.TOO_FAR),
    ]


def test_what_comes_into_view_again_was_not_looked_at_before_the_next_look(world, radar):
    why = [Why.SEEN] * 10 + [Why.MASKED] * 5 + [Why.SEEN] * 10
    assert told(world, radar, why, [(0, Why.SEEN), (20, Why.SEEN)]) == [
        (0, 10, Why.SEEN),
        (10, 15, Why.MASKED),
        (15, 20, Why.NOT_LOOKED),
        (20, 25, Why.SEEN),
    ]


def test_a_miss_of_what_is_too_faint_is_told_as_faint_and_a_lucky_look_as_seen(world, radar):
    looks = [(0, Why.MISSED), (5, Why.SEEN), (8, Why.MISSED)]
    assert told(world, radar, [Why.TOO_DIM] * 12, looks) == [
        (0, 5, Why.TOO_DIM),
        (5, 8, Why.SEEN),
        (8, 12, Why.TOO_DIM),
    ]


def test_nothing_is_seen_after_the_last_detection_by_its_nation(world, radar):
    looks = [(0, Why.SEEN)]
    assert told(world, radar, [Why.SEEN] * 30, looks, last_s=11.0) == [
        (0, 12, Why.SEEN),
        (12, 30, Why.NOT_LOOKED),
    ]


def test_an_antenna_that_turns_has_not_stopped_looking_between_two_turns(world, radar):
    turn = Figure(value=10.0, low=8.0, high=12.0, source="assumption: made up", confidence="assumed")
    turning = radar.model_copy(update={"profile": radar.profile.model_copy(update={"rotation_s": turn})})
    looks = [(2, Why.SEEN), (3, Why.NOT_LOOKED), (12, Why.SEEN), (13, Why.NOT_LOOKED)]
    why = [Why.SEEN] * 40
    assert told(world, turning, why, looks) == [
        (0, 2, Why.NOT_LOOKED),
        (2, 13, Why.SEEN),
        (13, 40, Why.NOT_LOOKED),
    ]
    assert len(told(world, radar, why, looks)) == 5
