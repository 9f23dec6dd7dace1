"""What cueing bought: the director's answer to what a radar had seen with nobody to tell it where to look."""

import math
from functools import partial

import numpy as np
import pytest

from noroshi.catalogue.eyes import place_at
from noroshi.earth import geometry
from noroshi.exercise import cueing
from noroshi.exercise import run as runner
from noroshi.exercise.run import Run
from noroshi.exercise.summary import summary
from noroshi.exercise.watch import Watch
from noroshi.records.tasking import Cue


def told_everywhere(world, watch, t_s, because="track from USA"):
    """Every radar is told where the launch is."""
    one = world.objects[0]
    row = min(round(t_s - one.start_s), len(one.position_ecef_m) - 1)
    for sensor in world.radars.placed:
        site, axes = place_at(sensor, t_s)
        _, azimuth, elevation = geometry.range_azimuth_elevation(
            site, axes, one.position_ecef_m[row]
        ).tolist()
        watch.task(Cue(sensor.id, "T1", azimuth, elevation, math.radians(5), False, t_s + 1, because))


def seconds(world):
    """All that matter: until every radar that ever sees the launch by itself does so, and a minute more."""
    return range(round(world.objects[0].start_s), round(max(cueing.alone(world).values())) + 60)


def watched(world, cued=True):
    """The director's account of a world in which radars are told where the launch is."""
    watch = Watch(world, cued=cued)
    for t_s in seconds(world):
        told_everywhere(world, watch, t_s)
        watch.detections(t_s)
    return Run(world, "national", seen=watch.seen, account=watch.account, first=watch.first)


@pytest.fixture(scope="module")
def helped(world):
    """Told from the first second on."""
    return watched(world)


def radars(run):
    """First detections by radars."""
    placed = {sensor.id for sensor in run.world.radars.placed}
    return {key: one for key, one in run.first.items() if key[0] in placed}


def test_the_search_alone_is_what_a_watch_sees_to_which_nobody_speaks(world):
    """To the second, for every radar: the same chance in the same looks."""
    deaf = radars(watched(world, cued=False))
    assert len(deaf) >= 5
    assert {key: one.t_s for key, one in deaf.items()} == cueing.alone(world)
    assert not any(one.because or one.track for one in deaf.values())


def test_nothing_is_seen_later_for_having_been_cued(helped):
    """Exactly, draw by draw: a cued look has the energy of the search or more, and the search goes on."""
    search = cueing.alone(helped.world)
    assert search and search.keys() <= radars(helped).keys()
    saved = [one.saved_s for one in cueing.bought(helped) if one.saved_s is not None]
    assert min(saved) >= 0 < max(saved)


def test_a_launch_that_the_search_never_shows_is_never_seen_without(helped):
    never = [one for one in cueing.bought(helped) if one.alone_s is None]
    for one in never:
        assert one.because == "track from USA" and one.saved_s is None
    assert {one.sensor for one in never}.isdisjoint(sensor for sensor, _ in cueing.alone(helped.world))


def test_a_word_counts_where_it_led_and_a_search_where_it_did(helped):
    rows = cueing.bought(helped)
    assert {one.because for one in rows} <= {"track from USA", cueing.SEARCH}
    assert any(one.because == "track from USA" and one.track == "T1" for one in rows)
    for one in rows:
        if one.because == cueing.SEARCH:
            assert one.saved_s == 0


def test_of_several_words_the_one_counts_that_pointed_there(world):
    """Another cue of the same radar, twenty degrees beside, has no part in what it sees."""
    watch = Watch(world)
    for t_s in seconds(world):
        told_everywhere(world, watch, t_s)
        for sensor in world.radars.placed:
            right = watch.cues[sensor.id]["T1"]
            beside = right.azimuth_rad + math.radians(20)
            watch.task(
                Cue(sensor.id, "A2", beside, right.elevation_rad, math.radians(5), False, t_s + 1, "sighting")
            )
        watch.detections(t_s)
    words = {one.because for key, one in watch.first.items()}
    assert "track from USA" in words and "sighting" not in words


def test_the_summary_counts_from_the_launch(helped):
    (start_s,) = [flight.launch.launch_time_s for flight in helped.world.flights]
    rows = cueing.told(helped)
    assert rows == summary(helped.world.scenario, 0, [helped])["arms"]["national"]["cueing"]
    for row, one in zip(rows, cueing.bought(helped), strict=True):
        assert row["first_s"] == pytest.approx(one.first_s - start_s, abs=1e-3)
        if row["saved_s"] is not None:
            assert row["alone_s"] - row["first_s"] == pytest.approx(row["saved_s"], abs=2e-3)


def test_a_partners_word_is_told_under_its_name(arms, replayed):
    """Only where there is sharing, and never one's own nation's word as a partner's."""
    found = {arm: cueing.bought(watched.run) for arm, watched in arms.items()}
    for arm, rows in found.items():
        for row in rows:
            assert row.saved_s is None or row.saved_s >= 0
            _, of, nation = row.because.rpartition(" from ")
            if of:
                assert arm != "national"
                assert nation in replayed.nations and nation != row.nation
    assert any(" from " in row.because for rows in found.values() for row in rows)
    assert all(
        cueing.alone(watched.run.world) == cueing.alone(arms["national"].run.world)
        for watched in arms.values()
    )


@pytest.mark.soak
@pytest.mark.parametrize("arm", ["national", "hub"])
def test_the_search_alone_is_what_a_whole_run_sees_without_cues(replayed, world, arm, monkeypatch):
    monkeypatch.setattr(runner, "Watch", partial(Watch, cued=False))
    deaf = runner.run(replayed, 0, arm, world, asked=[])
    assert {key: one.t_s for key, one in radars(deaf).items()} == cueing.alone(world)
    assert np.all([one.because == "" for one in deaf.first.values()])
