"""The border over real servers: who holds what, how the way stands, what the stream keeps."""

import asyncio
import random

import pytest

from noroshi.live.transport import AFTER, Unreachable
from tests.live.federated import Held, linked, state
from tests.live.nations import message

OTHERS = {"USA": ("JPN", "KOR"), "JPN": ("USA", "KOR"), "KOR": ("USA", "JPN")}
RELAYS = {("JPN", "KOR"), ("KOR", "JPN")}


@pytest.fixture(scope="module")
def border(tmp_path_factory):
    """USA accepts and passes on between JPN and KOR, which dial it."""
    held = Held(tmp_path_factory.mktemp("federation"), relays=RELAYS)
    try:
        assert held.run(linked(held.made))
        yield held
    finally:
        held.close()


async def comes_to(look, wanted, tries=400):
    """Whether `look()` becomes `wanted`."""
    for _ in range(tries):
        if look() == wanted:
            return True
        await asyncio.sleep(0.05)
    return False


def test_each_nation_holds_what_names_it_and_nothing_else(border):
    chance = random.Random("labels")
    made = border.made
    written = {}

    async def write():
        for number in range(60):
            origin = chance.choice(sorted(made))
            named = tuple(other for other in OTHERS[origin] if chance.random() < 0.6)
            now_s = made[origin].clock.now_s()
            told = message(origin, number, named, created_s=now_s, expires_s=now_s + 1e6)
            written[told.id] = origin, named
            for partner in made[origin].home.partners:
                decision = await made[origin].exchange.send(told, partner)
                assert decision.allowed is (partner in named)
        reach = {name: set() for name in made}
        for name, (origin, named) in written.items():
            for nation in named:
                # JPN and KOR hear each other over USA, which must be named too.
                if nation in made[origin].home.partners or "USA" in named:
                    reach[nation].add(name)
        for nation, wanted in reach.items():
            assert await comes_to(lambda nation=nation: set(made[nation].ids()), wanted), nation
            assert len(made[nation].ids()) == len(wanted)
        return reach

    reach = border.run(write())
    assert all(reach.values())
    for nation, real in made.items():
        held = repr(list(real.store.entries()))
        for name, (origin, _) in written.items():
            assert (name in held) is (nation == origin or name in reach[nation])


def test_the_way_tells_who_is_there(border):
    usa, jpn = border.made["USA"], border.made["JPN"]

    async def play():
        assert usa.transport.link("JPN") == "up"
        assert abs(usa.transport.offset_s("JPN")) < 60.0
        assert usa.transport.round_trip_s("JPN") > 0
        await jpn.down()
        assert await comes_to(lambda: usa.transport.link("JPN"), "degraded")
        jpn.server.kill()
        assert await comes_to(lambda: usa.transport.link("JPN"), "down")
        await jpn.server.start()
        await jpn.up()
        assert await comes_to(lambda: usa.transport.link("JPN"), "up")
        assert await comes_to(lambda: usa.exchange.links["JPN"], "up")

    border.run(play(), 120)
    states = [
        entry["state"]
        for entry in usa.store.entries()
        if entry["event"] == "link" and entry["partner"] == "JPN"
    ]
    assert states[-3:] == ["degraded", "down", "up"]


def test_what_is_in_the_journal_is_let_go_by_the_stream(border):
    usa, jpn = border.made["USA"], border.made["JPN"]

    async def play():
        count = len(jpn.ids("USA"))
        for number in range(1000, 1020):
            now_s = usa.clock.now_s()
            told = message("USA", number, ("JPN",), created_s=now_s, expires_s=now_s + 1e6)
            await usa.exchange.send(told, "JPN")
        assert await jpn.until(count + 20, origin="USA")
        return await comes_to(lambda: state(jpn)["X_USA", "IN_USA"][0], 0)

    assert border.run(play())


def test_nothing_is_taken_after_a_gap_and_nothing_is_held_twice(border):
    usa = border.made["USA"]

    async def play():
        ship = usa.transport.ship
        await ship("JPN", "rel.gap", "gap-1", b"one", {})
        await ship("JPN", "rel.gap", "gap-2", b"two", {AFTER: "gap-1"})
        with pytest.raises(Unreachable, match="wrong last msg ID"):
            await ship("JPN", "rel.gap", "gap-4", b"four", {AFTER: "gap-3"})
        await ship("JPN", "rel.gap", "gap-2", b"two", {AFTER: "gap-1"})  # again: held already
        await ship("JPN", "rel.gap", "gap-3", b"three", {AFTER: "gap-2"})
        await ship("JPN", "rel.gap", "gap-4", b"four", {AFTER: "gap-3"})

    border.run(play())


def test_who_is_not_there_is_unreachable(border):
    usa, kor = border.made["USA"], border.made["KOR"]

    async def play():
        kor.server.kill()
        with pytest.raises(Unreachable):
            for _ in range(20):  # until our server has noticed, what it was given is lost
                await usa.transport.ship("KOR", "rel.x", "x", b"x", {})
        await kor.server.start()
        assert await comes_to(lambda: usa.transport.link("KOR"), "up")
        assert await comes_to(lambda: kor.transport.link("USA"), "up")

    border.run(play(), 120)


def test_streams_are_those_of_partners_and_no_others(border):
    assert border.run(border.made["USA"].transport.streams()) == {"IN_JPN", "IN_KOR"}
    assert border.run(border.made["JPN"].transport.streams()) == {"IN_USA"}
    assert border.made["USA"].transport.domain("JPN") == "jpn"


def test_a_question_that_nobody_answers_gets_none(border):
    jpn = border.made["JPN"]
    assert border.run(jpn.transport.request("USA", "$JS.usa.API.STREAM.NAMES", b"{}", 1.0)) is None
