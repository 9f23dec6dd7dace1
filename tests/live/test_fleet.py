"""Processes of an exercise: started together, started again when they fall, and none left behind."""

import asyncio
import os
import signal
import sys

import pytest

from noroshi.live.fleet import RESTARTS, Child, Fallen, Fleet

WAIT = "import sys; sys.stdin.read()"


def child(tmp_path, name, code):
    return Child(name, [sys.executable, "-c", code], tmp_path / f"{name}.log")


def gone(*children):
    """Whether none of them runs any more."""
    for one in children:
        with pytest.raises(ProcessLookupError):
            os.kill(one.process.pid, 0)
    return True


def test_the_end_of_the_lead_is_the_end_of_all(tmp_path):
    nodes = [child(tmp_path, "A", WAIT), child(tmp_path, "B", WAIT)]
    fleet = Fleet(nodes, child(tmp_path, "world", "print('over')"))

    async def lived():
        await fleet.run()
        assert all(one.alive for one in nodes)
        await fleet.stop()

    asyncio.run(lived())
    assert gone(*nodes, fleet.lead) and fleet.lead.last_words() == "over"


def test_a_node_that_is_killed_is_started_again_but_not_for_ever(tmp_path):
    node = child(tmp_path, "A", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    fleet = Fleet([node], child(tmp_path, "world", WAIT))

    async def lived():
        with pytest.raises(Fallen, match="A ended with -9"):
            await fleet.run()
        await fleet.stop()

    asyncio.run(lived())
    assert node.restarts == RESTARTS and gone(node, fleet.lead)


@pytest.mark.parametrize("who", ["node", "world"])
def test_what_gives_up_by_itself_ends_the_exercise_with_its_last_words(tmp_path, who):
    fails = "import sys; print('no desk'); sys.exit(2)"
    node = child(tmp_path, "A", fails if who == "node" else WAIT)
    fleet = Fleet([node], child(tmp_path, "world", fails if who == "world" else WAIT))

    async def lived():
        with pytest.raises(Fallen, match=r"(?s)ended with 2.*no desk"):
            await fleet.run()
        await fleet.stop()

    asyncio.run(lived())
    assert gone(node, fleet.lead)


def test_a_process_that_will_not_end_is_ended(tmp_path, monkeypatch):
    from noroshi.live import fleet as module

    monkeypatch.setattr(module, "_STOP_S", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    one = child(tmp_path, "A", f"{deaf}; print('up', flush=True); time.sleep(600)")

    async def lived():
        await one.start()
        while not one.last_words():
            await asyncio.sleep(0.01)
        one.signal(signal.SIGSTOP)
        await one.stop()

    asyncio.run(lived())
    assert gone(one)


def test_a_child_hears_when_its_parent_is_gone(tmp_path):
    one = child(tmp_path, "A", WAIT)

    async def lived():
        await one.start()
        one.process.stdin.close()
        assert await one.process.wait() == 0

    asyncio.run(lived())
