"""One scenario and one seed, live over real servers and simulated: the same releases, in the same order."""

import asyncio
import hashlib
import json
from contextlib import AsyncExitStack, suppress

import pytest

from noroshi.catalogue.scenario import load_scenario
from noroshi.cli.exercise import entries, make_homes
from noroshi.cli.node import prepared
from noroshi.cli.world import World
from noroshi.exercise import gather
from noroshi.exercise.run import run
from noroshi.exercise.stage import Stage
from noroshi.live import audit, running
from noroshi.sharing.keys import Keyring

UNTIL_S = 110.0


def lived(homes, world, until_s):
    """The nodes of the homes and the world, in one process, as fast as the slowest goes."""

    async def together():
        async with AsyncExitStack() as stack:
            nodes = []
            for home in homes.values():
                nodes.append(
                    await stack.enter_async_context(running.running(home, prepared(home), asyncio.Event()))
                )
            work = [asyncio.create_task(node.work()) for node in nodes]
            try:
                player = World(Stage(world), homes, speed=0.0, until=until_s, patience=60.0)
                await player.connect()
                await asyncio.wait(
                    [asyncio.create_task(player.seconds()), *work], return_when="FIRST_COMPLETED"
                )
                await asyncio.gather(*(node.settle() for node in nodes))
            finally:
                await player.close()
                for task in work:
                    task.cancel()
                for task in work:
                    with suppress(asyncio.CancelledError):
                        await task
            return player.late

    return asyncio.run(together())


@pytest.fixture(scope="module")
def both(tmp_path_factory, world):
    place = tmp_path_factory.mktemp("live")
    played = load_scenario("japan-2022-10-04")
    homes = make_homes(played, "hub", 0, 0.0, place)
    late = lived(homes, world, UNTIL_S)
    journals = {nation: list(entries(home)) for nation, home in homes.items()}
    simulated = run(played, 0, "hub", world, until=lambda so_far: so_far.entries[-1:] and past(so_far))
    return homes, journals, simulated.entries, late


def past(so_far):
    return so_far.entries[-1]["t_s"] > UNTIL_S


def hashed(lines):
    return hashlib.sha256("\n".join(json.dumps(line, sort_keys=True) for line in lines).encode()).hexdigest()


def told(lines, *events):
    return [line for line in lines if line["event"] in events]


def plain(lines):
    """As a journal gives them back."""
    return json.loads(json.dumps(lines))


def test_releases_and_refusals_are_those_of_the_simulation_in_its_order(both):
    _, journals, simulated, late = both
    live = gather.merged(journals)
    assert not late
    assert len(told(live, "decision")) > 10, "nothing is released: the test tests nothing"
    for nation in journals:
        mine = [line for line in live if line["node"] == nation]
        theirs = [line for line in plain(simulated) if line["node"] == nation][: len(mine)]
        for events in (("message",), ("decision",), ("sent", "no_path"), ("received",)):
            assert hashed(told(mine, *events)) == hashed(told(theirs, *events)), (nation, events)


def test_a_live_exercise_leaves_the_journal_of_the_simulated_one(both):
    _, journals, simulated, _ = both
    live = gather.merged(journals)
    assert live == plain(simulated)[: len(live)]


def test_the_auditor_finds_nothing_wrong(both):
    homes, journals, _, _ = both
    known = tuple(key for home in homes.values() for key in home.own_keys)
    assert audit.errors(audit.audit(journals, Keyring(known, {}))) == []
