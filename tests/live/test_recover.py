"""After a crash anywhere the node is where it was, and says nothing twice."""

import asyncio
from dataclasses import replace

import pytest

from noroshi.errors import Refused
from noroshi.exercise.stage import Lines
from noroshi.live import inputs, recover
from noroshi.live.memory import Memory
from noroshi.live.store import Store
from noroshi.records.detections import Plot, Sighting
from noroshi.records.tasking import Cue
from tests.live.lone import Lone, Simulated, japan

UNTIL_S = 112.0


@pytest.fixture(scope="module")
def simulated(replayed, world):
    """The same seconds as a run has them."""
    return Simulated(replayed, world, 113.0)


@pytest.fixture(scope="module")
def whole(replayed, simulated):
    """Japan's seconds without a crash: its lines, what it sent, its journal."""

    async def lived():
        lone = Lone(japan(replayed), Lines(replayed, "hub", 0).carry)
        await lone.live(simulated.until(UNTIL_S))
        return lone

    lone = asyncio.run(lived())
    assert lone.exchange.sent, "nothing is sent: the test tests nothing"
    return lone


def cut(entries, count):
    """A disk that holds the first lines of a journal and no more."""
    disk = Memory()
    store = Store.open(disk)
    for entry in entries[:count]:
        store.write({name: entry[name] for name in entry if name not in ("seq", "chain", "utc")})
    store.close()
    return disk


def crashes(whole):
    """Moments for a crash: behind a step's inputs, in the middle of what it left, between two messages."""
    entries = list(whole.tap.entries())
    steps = [number for number, line in enumerate(entries) if line["event"] == "step"]
    sends = [number for number, line in enumerate(entries) if line["event"] == "outgoing"]
    left = [number for number, line in enumerate(entries) if "step" in line]
    return entries, [
        steps[len(steps) // 2] + 1,
        left[len(left) // 2] + 1,
        sends[0],
        sends[-1] + 1,
        len(entries),
    ]


@pytest.mark.parametrize("which", range(5))
def test_a_node_that_crashed_goes_on_as_if_it_had_not(replayed, simulated, whole, which):
    entries, moments = crashes(whole)
    disk = cut(entries, moments[which])

    async def goes_on():
        lone = Lone(japan(replayed), Lines(replayed, "hub", 0).carry, disk)
        before = [line for line in lone.tap.entries() if line["event"] == "outgoing"]
        await lone.resume()
        await lone.live([one for one in simulated.until(UNTIL_S) if one[0] > lone.service.last_s])
        return lone, before

    lone, before = asyncio.run(goes_on())
    assert lone.lines() == whole.lines()
    said = [(line["message"], line["to"]) for line in before] + [one[:2] for one in lone.exchange.sent]
    assert said == [one[:2] for one in whole.exchange.sent]
    (told,) = [line for line in lone.tap.entries() if line["event"] == "recovered"]
    assert told["differs"] == 0


def test_a_checkpoint_spares_the_steps_before_it(replayed, simulated, tmp_path):
    async def lived(disk, inboxes):
        lone = Lone(japan(replayed), None, disk, tmp_path / "kept", every=10)
        await lone.resume()
        await lone.live(inboxes)
        return lone

    inboxes = simulated.until(100.0)
    assert len(inboxes) > 12
    first = asyncio.run(lived(Memory(), inboxes))
    disk = cut(list(first.tap.entries()), 10**6)
    again = asyncio.run(lived(disk, []))
    (told,) = [line for line in again.tap.entries() if line["event"] == "recovered"]
    assert told["begins"].startswith("checkpoint") and told["steps"] < 12 and told["differs"] == 0
    assert repr(again.service.node.things) == repr(first.service.node.things)


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"x" + data[1:], lambda data: b""])
def test_a_spoilt_checkpoint_is_not_believed(replayed, simulated, tmp_path, spoil):
    node, folder = japan(replayed), tmp_path / "kept"
    line = recover.write_checkpoint(node, 1, 10.0, folder)
    step = recover.Inputs(10.0).entry("JPN")
    found = recover.past([step, {**step, "t_s": 20.0}, line])
    assert recover.recover(node, found, folder).begins == "checkpoint of step 1"
    path = folder / line["file"]
    path.write_bytes(spoil(path.read_bytes()))
    assert recover.recover(node, found, folder).begins == "start"
    # Nor one that other software, or another policy, made.
    path.write_bytes(recover.freeze(node))
    other = recover.past([step, {**step, "t_s": 20.0}, {**line, "made_by": "0" * 16}])
    assert recover.recover(node, other, folder).begins == "start"


def test_a_restored_journal_numbers_on_beyond_what_it_cannot_know(replayed):
    node = japan(replayed)
    step = recover.Inputs(10.0).entry("JPN")
    restored = {"t_s": None, "node": "JPN", "event": "restored", "utc": "2026-11-22T01:00:00.000Z"}
    been = recover.recover(node, recover.past([step, restored]))
    assert been.node.sent == 1795309200
    assert (
        recover.recover(node, recover.past([step, restored, {**step, "t_s": 20.0}])).node.sent
        == been.node.sent
    )


def test_an_input_on_which_the_step_fails_is_set_aside_and_the_rest_goes_in(replayed, simulated):
    good = simulated.until(75.0)[-1]
    poison = Plot("JPN-Ominato", good[0], ("no", "number", "here"), (1.0, 1.0, 1.0), False)
    node = japan(replayed)
    clean = recover.taken(node, recover.Inputs(good[0], tuple(good[1])))
    mixed = recover.taken(node, recover.Inputs(good[0], (poison, *good[1])))
    assert [number for number, _ in mixed.aside] == [0]
    assert mixed.out.entries == clean.out.entries and repr(mixed.node.things) == repr(clean.node.things)
    lines = recover.output("JPN", recover.Inputs(good[0], (poison, *good[1])), mixed)
    assert lines[0]["event"] == "refused" and lines[0]["reason"] == "crash"
    assert lines[0]["sensor"] == "JPN-Ominato"


def test_a_step_that_fails_by_itself_leaves_the_node_as_it_was(replayed):
    broken = replace(japan(replayed), things=(None,))
    outcome = recover.taken(broken, recover.Inputs(5.0))
    assert outcome.node is broken and outcome.aside[0][0] == -1


def test_rows_bring_back_what_was_written_to_the_last_bit():
    plot = Plot("JPN-Sado", 1 / 3, (0.1, 2.0, -0.0), (float("inf"), 1e-300, 3.0), True)
    assert repr(inputs.plot_of(inputs.plot_row(plot))) == repr(plot)
    sighting = Sighting("R1", "a crew", 1.5, 40.0, 141.0, 30.0, None, "low")
    assert inputs.sighting_of(inputs.sighting_row(sighting)) == sighting
    cue = Cue("JPN-Sado", "JPN-T1", 0.1, 0.2, 0.3, True, 40.0, "own track", True)
    assert inputs.cue_of(inputs.cue_row(cue)) == cue


@pytest.mark.parametrize(
    "row", [None, 3, [], ["JPN-Sado", 1.0], ["JPN-Sado", "1", False] + [0.0] * 8, [1] * 11]
)
def test_a_row_of_another_shape_is_refused(row):
    with pytest.raises(Refused):
        inputs.plot_of(row)
