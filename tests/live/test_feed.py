"""What a sensor reports reaches the nation's door, sensor by sensor and second by second."""

import asyncio

import pytest

from noroshi.errors import InputError
from noroshi.formats import detections_json
from noroshi.live import feed
from noroshi.live.clock import ExerciseClock
from noroshi.records.detections import Plot, Recorded


def row(sensor, time_s):
    return Recorded(Plot(sensor, time_s, (1e5, 0.0, 0.1), (10.0, 1e-3, 1e-3), False), 41.0, 141.0, 10.0)


def test_a_parcel_holds_one_second_of_one_sensor():
    rows = [row("A", 1.0), row("A", 1.9), row("B", 1.95), row("B", 2.0), row("B", 2.5)]
    assert [[one.plot.time_s for one in look] for look in feed.looks(rows)] == [
        [1.0, 1.9],
        [1.95],
        [2.0, 2.5],
    ]
    assert [len(look) for look in feed.looks(rows[:2] * 5, most=4)] == [4, 4, 2]


class Wire:
    def __init__(self):
        self.sent = []

    async def publish(self, subject, data):
        self.sent.append((subject, data))

    async def flush(self):
        pass


def test_parcels_go_out_when_their_second_has_come():
    async def lived():
        wire, clock = Wire(), ExerciseClock()
        looks = feed.paced([row("A", 1.0), row("A", 5.0)], clock)
        task = asyncio.create_task(feed.publish(wire, looks, "jsonl", detections_json.encode))
        await clock.advance(2.0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert [subject for subject, _ in wire.sent] == ["sense.A.jsonl"]
        await clock.advance(6.0)
        assert await task == 2
        assert len(detections_json.take(wire.sent[1][1]).rows) == 1

    asyncio.run(lived())


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">"])
def test_a_name_that_is_no_token_is_refused(name):
    async def lived():
        await feed.publish(
            Wire(), feed.paced([row(name, 0.0)], ExerciseClock()), "jsonl", detections_json.encode
        )

    with pytest.raises(InputError, match="without dots"):
        asyncio.run(lived())
