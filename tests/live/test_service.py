"""One nation's service: what comes in is journaled before it counts, what goes out is durable, once each."""

import asyncio

import pytest

from noroshi.errors import Refused
from noroshi.exercise.stage import Lines
from noroshi.live import recover
from noroshi.live.memory import Memory
from noroshi.records.detections import Plot
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Message
from tests.live.lone import Lone, Simulated, japan


@pytest.fixture(scope="module")
def simulated(replayed, world):
    """The same seconds as a run has them."""
    return Simulated(replayed, world, 113.0)


def words(number, created_s=0.0):
    label = Label("USA", ("JPN",))
    return Message(
        f"USA-{number:05d}",
        "hotline",
        "USA",
        created_s,
        created_s + 900,
        label,
        HotlineText("staff", "x"),
        (),
    )


def test_its_lines_are_those_of_the_simulated_nation(replayed, simulated):
    async def lived():
        lone = Lone(japan(replayed), Lines(replayed, "hub", 0).carry)
        await lone.live(simulated.until(100.0))
        return lone

    lone = asyncio.run(lived())
    lines = [{name: line[name] for name in line if name != "step"} for line in lone.lines()]
    assert lines == simulated.lines[: len(lines)]
    # The inputs of a step stand before what it left.
    steps = {}
    for number, line in enumerate(lone.tap.entries()):
        if line["event"] == "step":
            steps[line["t_s"]] = number
        elif "step" in line:
            assert steps[line["step"]] < number


def test_a_second_is_lived_once_however_often_it_is_told(replayed, simulated):
    async def lived():
        lone = Lone(japan(replayed), Lines(replayed, "hub", 0).carry)
        inboxes = simulated.until(80.0)
        await lone.live(inboxes)
        t_s, inbox = inboxes[-1]
        before = lone.tap.head()
        plots = [item for item in inbox if isinstance(item, Plot)]
        first, second = await lone.service.second(t_s, plots), await lone.service.second(t_s, plots)
        assert lone.tap.head() == before and first == second and first.t_s == t_s
        assert (await lone.service.second(t_s - 5, plots)).cues == ()
        assert lone.tap.head() == before

    asyncio.run(lived())


def test_a_message_waits_until_its_line_lets_it_through(replayed):
    async def lived():
        lone = Lone(japan(replayed))
        lone.arrives(words(1), 12.5)
        for t_s in (11.0, 12.0, 13.0):
            await lone.service.second(t_s)
        steps = [line for line in lone.tap.entries() if line["event"] == "step"]
        assert [(line["t_s"], line["messages"]) for line in steps] == [(13.0, ["USA-00001"])]

    asyncio.run(lived())


def test_what_comes_in_one_second_is_taken_by_arrival_then_by_name(replayed):
    async def lived():
        lone = Lone(japan(replayed))
        for number, due_s in ((3, 5.0), (1, 5.0), (2, 4.0)):
            lone.arrives(words(number), due_s)
        await lone.service.second(5.0)
        (step,) = [line for line in lone.tap.entries() if line["event"] == "step"]
        assert step["messages"] == ["USA-00002", "USA-00001", "USA-00003"]

    asyncio.run(lived())


def test_a_step_waits_for_what_is_expected_but_not_for_ever(replayed):
    async def lived():
        lone = Lone(japan(replayed))
        asyncio.get_running_loop().call_later(0.01, lone.arrives, words(1), 5.0)
        await lone.service.second(5.0, expect=["USA-00001"])
        await lone.service.second(6.0, expect=["USA-00002"])
        told = [line for line in lone.tap.entries() if line["event"] in ("step", "awaited")]
        assert told[0]["messages"] == ["USA-00001"]
        assert told[1]["event"] == "awaited" and told[1]["messages"] == ["USA-00002"]

    asyncio.run(lived())


def test_catch_up_is_marked_late(replayed):
    async def lived():
        lone = Lone(japan(replayed))
        await lone.clock.advance(100.0)
        lone.arrives(words(1, created_s=99.0), 99.0)
        lone.service.take(words(2, created_s=20.0), None, "USA")
        await lone.service.second(101.0)
        await asyncio.sleep(0.01)
        late = [line for line in lone.tap.entries() if line["event"] == "late"]
        assert [(line["message"], line["age_s"]) for line in late] == [("USA-00002", 80.0)]

    asyncio.run(lived())


def test_a_full_disk_stops_the_node_and_loses_nothing(replayed):
    full = [False]

    def hook(step, name):
        if full[0] and step == "append":
            raise OSError(28, "no space left on device")

    async def lived():
        lone = Lone(japan(replayed), disk=Memory(hook=hook))
        lone.service._here.clear()
        full[0] = True
        lone.service.take(words(1), 5.0, "USA")
        second = asyncio.create_task(lone.service.second(5.0))
        done, _ = await asyncio.wait([second], timeout=0.2)
        assert not done and lone.tap.trouble and lone.tap.head()[0] == -1
        full[0] = False
        await second
        assert next(line["event"] for line in lone.tap.entries()) == "step"

    asyncio.run(lived())


def test_what_the_exchange_will_not_send_is_said_and_the_node_goes_on(replayed, simulated):
    class Stubborn:
        async def send(self, message, to, due_s=None):
            raise Refused("too_large", "has too many bytes")

    async def lived():
        lone = Lone(japan(replayed), Lines(replayed, "hub", 0).carry)
        lone.service.borders = Stubborn()
        await lone.live(simulated.until(100.0))
        refused = [line for line in lone.tap.entries() if line["event"] == "refused"]
        assert refused and {line["reason"] for line in refused} == {"too_large"}
        assert (await lone.service.second(101.0)).idle in (True, False)

    asyncio.run(lived())


def test_an_input_on_which_the_step_fails_does_not_stop_the_node(replayed, monkeypatch):
    step = recover.step

    def fails(node, inbox, now_s):
        assert not any(getattr(item, "id", "") == "USA-00002" for item in inbox), "cannot be"
        return step(node, inbox, now_s)

    monkeypatch.setattr(recover, "step", fails)

    async def lived():
        lone = Lone(japan(replayed))
        for number in (1, 2, 3):
            lone.arrives(words(number), 5.0)
        await lone.service.second(5.0)
        lone.arrives(words(4), 6.0)
        await lone.service.second(6.0)
        assert lone.service.counts.crashes == 1 and lone.service.steps == 2
        refused = [line for line in lone.tap.entries() if line["event"] == "refused"]
        assert [(line["reason"], line["message"]) for line in refused] == [("crash", "USA-00002")]
        received = [line["message"] for line in lone.lines() if line["event"] == "received"]
        assert received == ["USA-00001", "USA-00003", "USA-00004"]

    asyncio.run(lived())
