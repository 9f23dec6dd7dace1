"""Clocks of a node, and the words between the world and a node."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import Refused
from noroshi.live import clock, federation
from noroshi.live.clock import Done, ExerciseClock, Tick, WallClock
from noroshi.live.nats import NatsTransport
from noroshi.live.server import Server
from noroshi.records.detections import Plot, Sighting
from noroshi.records.tasking import Cue

finite = st.floats(allow_nan=False, allow_infinity=False)
plots = st.builds(
    Plot,
    st.text(max_size=9),
    finite,
    st.tuples(finite, finite, finite),
    st.tuples(finite, finite, st.floats(min_value=0, allow_nan=False).filter(lambda x: x != -float("inf"))),
    st.booleans(),
)
names = st.text(max_size=9)
sightings = st.builds(
    Sighting, names, names, finite, finite, finite, finite, st.one_of(st.none(), finite), names
)


@given(finite, st.lists(plots, max_size=3), st.lists(st.tuples(finite, sightings), max_size=2), st.booleans())
def test_a_tick_comes_out_as_it_went_in(t_s, seen, said, step):
    tick = Tick(t_s, tuple(seen), tuple(said), ("USA-00001",), step)
    assert clock.tick_of(tick.encode()) == tick


def test_an_answer_comes_out_as_it_went_in():
    cue = Cue("JPN-Sado", "JPN-T1", 0.1, 0.2, 0.3, False, 40.0, "own track")
    done = Done(5.0, (cue,), (("USA", "JPN-00001", 7.25),), float("inf"), False, 12.5)
    assert clock.done_of(done.encode()) == done


@settings(max_examples=10_000)
@given(st.binary(max_size=200))
def test_what_is_no_tick_is_refused_and_nothing_else_happens(data):
    for read in (clock.tick_of, clock.done_of):
        try:
            read(data)
        except Refused as refused:
            assert refused.code == "shape"


def test_an_exercise_clock_goes_by_the_worlds_word_and_never_back():
    async def lived():
        one = ExerciseClock()
        waiting = asyncio.create_task(one.sleep_until(10.0))
        await one.advance(9.0)
        await asyncio.sleep(0)
        assert not waiting.done()
        await one.advance(12.0)
        await waiting
        await one.advance(3.0)
        assert one.now_s() == 12.0

    asyncio.run(lived())


def test_a_wall_clock_counts_whole_seconds_and_leaves_out_missed_ones(monkeypatch):
    wall = [1000.25]
    monkeypatch.setattr(clock.time, "time", lambda: wall[0])

    async def slept(seconds):
        wall[0] += seconds

    async def lived():
        found = []
        async for t_s in WallClock(900.0).seconds():
            found.append(t_s)
            # The third second took long.
            wall[0] += 3.5 if len(found) == 3 else 0.1
            if len(found) == 6:
                return found

    monkeypatch.setattr(clock.asyncio, "sleep", slept)
    found = asyncio.run(lived())
    assert found[:3] == [101, 102, 103] and found == sorted(set(found))
    assert found[3] == 106


def test_the_world_asks_until_a_node_answers_and_gives_up_in_time(tmp_path):
    homes = federation.init_exercise(tmp_path, ["JPN"], [], "2022-10-03T22:22:00Z", {"JPN": ""})
    told = []

    async def take(tick):
        told.append(tick)
        return Done(tick.t_s, idle=False)

    async def lived():
        server = Server(homes["JPN"])
        await server.start()
        try:
            world, node = [await NatsTransport(homes["JPN"]).national() for _ in range(2)]
            assert await clock.ask(world, "JPN", Tick(3.0), 0.2) is None
            await node.publish(clock.subject("JPN"), b"no tick")
            await clock.heed(node, "JPN", take)
            await node.flush()
            done = await clock.ask(world, "JPN", Tick(4.0), 30.0)
            assert done == Done(4.0, idle=False) and told == [Tick(4.0)]
            await world.close()
            await node.close()
        finally:
            await server.stop()

    asyncio.run(lived())
