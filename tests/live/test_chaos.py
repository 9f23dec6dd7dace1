"""Real servers killed, frozen, cut off and restarted: complete, once, in order, and no auditor objects."""

import asyncio
import contextlib

from noroshi.live.audit import errors
from tests.live.federated import audited, dialling, federation_of, homes, linked, quiet
from tests.live.line import Line
from tests.live.nations import message

RELAYS = {("JPN", "KOR"), ("KOR", "JPN")}


async def stream(sender, to: tuple[str, ...], count: int, every_s: float = 0.01, start: int = 0, acts=None):
    """Write `count` messages to the partners among `to`; `acts` are coroutines' makers by number."""
    for number in range(start, start + count):
        if acts and number in acts:
            await acts[number]()
        told = message(
            sender.me, number, to, created_s=sender.clock.now_s(), expires_s=sender.clock.now_s() + 1e6
        )
        for partner in sender.home.partners:
            if partner in to:
                decision = await sender.exchange.send(told, partner)
                assert decision.allowed, decision
        await asyncio.sleep(every_s)


def ids(origin: str, count: int) -> list[str]:
    return [f"{origin}-{number:06d}" for number in range(count)]


def objections(made) -> list[str]:
    return [str(finding) for finding in errors(audited(made))]


def test_a_hub_killed_and_restarted_loses_nothing_and_repeats_nothing(tmp_path):
    async def main():
        async with federation_of(tmp_path, relays=RELAYS) as made:
            assert await linked(made)
            usa, jpn, kor = made["USA"], made["JPN"], made["KOR"]

            async def kill():
                usa.server.kill()

            acts = {60: kill, 160: usa.server.start}
            await stream(jpn, ("USA", "KOR"), 300, acts=acts)
            assert await usa.until(300)
            assert await kor.until(300)
            assert await jpn.exchange.settled(30.0, taken=True)
            assert await quiet(made)
            assert usa.ids() == kor.ids() == ids("JPN", 300)
        assert objections(made) == []

    asyncio.run(main())


def test_a_frozen_server_is_noticed_and_catches_up_when_it_thaws(tmp_path):
    async def main():
        async with federation_of(tmp_path, nations=("USA", "JPN")) as made:
            assert await linked(made)
            usa, jpn = made["USA"], made["JPN"]
            jpn.server.freeze()
            await stream(usa, ("JPN",), 200, every_s=0.03)
            assert usa.exchange.links["JPN"] in ("down", "late")
            jpn.server.thaw()
            assert await jpn.until(200)
            assert jpn.ids() == ids("USA", 200)
            assert await usa.exchange.settled(30.0, taken=True)
            assert await quiet(made)
        assert objections(made) == []
        assert "down" in [entry.get("state") for entry in made["USA"].journal() if entry["event"] == "link"]

    asyncio.run(main())


def test_nodes_that_crash_while_they_ship_and_receive_go_on_where_they_were(tmp_path):
    async def main():
        async with federation_of(tmp_path, nations=("USA", "JPN")) as made:
            assert await linked(made)
            usa, jpn = made["USA"], made["JPN"]

            async def crash(one):
                # No order: its tasks end where they stand, and its connections break.
                one.running.cancel()
                await asyncio.gather(one.running, return_exceptions=True)
                with contextlib.suppress(OSError):
                    one.store.close()
                await one.transport.close()
                await one.up()

            acts = {50: lambda: crash(usa), 100: lambda: crash(jpn), 150: lambda: crash(usa)}
            await stream(usa, ("JPN",), 200, every_s=0.0, acts=acts)
            assert await usa.exchange.settled(30.0, taken=True)
            assert await quiet(made)
            taken = [
                e["message"]
                for e in jpn.store.entries()
                if e["event"] == "incoming" and e["kind"] != "receipt"
            ]
            assert taken == ids("USA", 200)
        assert objections(made) == []

    asyncio.run(main())


def test_servers_restarted_in_another_order_find_each_other_again(tmp_path):
    async def main():
        async with federation_of(tmp_path, relays=RELAYS) as made:
            assert await linked(made)
            usa, jpn, kor = made["USA"], made["JPN"], made["KOR"]
            await stream(jpn, ("USA", "KOR"), 30)
            for real in (usa, kor, jpn):
                real.server.kill()
            await stream(jpn, ("USA", "KOR"), 30, start=30)  # acknowledged: it is in the journal
            for real in (kor, jpn, usa):
                await real.server.start()
                await asyncio.sleep(0.3)
            await stream(jpn, ("USA", "KOR"), 30, start=60)
            assert await kor.until(90)
            assert kor.ids() == usa.ids() == ids("JPN", 90)
            assert await jpn.exchange.settled(30.0, taken=True)
            assert await quiet(made)
        assert objections(made) == []

    asyncio.run(main())


def test_a_line_that_is_cut_and_cut_again_loses_nothing(tmp_path):
    async def main():
        found = homes(tmp_path, ("USA", "JPN"))
        line = await Line(found["USA"].settings.server.leaf_port).start()
        found["JPN"] = dialling(found["JPN"], "USA", line.port)
        try:
            async with federation_of(tmp_path, found=found) as up:
                assert await linked(up)
                usa, jpn = up["USA"], up["JPN"]
                acts = {40: line.cut, 80: line.start, 120: line.cut, 160: line.start}
                await stream(usa, ("JPN",), 200, every_s=0.02, acts=acts)
                assert await jpn.until(200)
                assert jpn.ids() == ids("USA", 200)
                assert await usa.exchange.settled(30.0, taken=True)
                assert await quiet(up)
        finally:
            await line.stop()
        assert objections(up) == []

    asyncio.run(main())


def test_who_joins_late_gets_everything_that_waited(tmp_path):
    async def main():
        async with federation_of(tmp_path, nations=("USA", "JPN"), up=("USA",)) as made:
            usa, jpn = made["USA"], made["JPN"]
            await stream(usa, ("JPN",), 400, every_s=0.0)
            assert usa.exchange.links["JPN"] == "down"
            await jpn.server.start()
            await jpn.up()
            assert await jpn.until(400)
            assert jpn.ids() == ids("USA", 400)
            assert await usa.exchange.settled(30.0, taken=True)
            assert await quiet(made)
        assert objections(made) == []

    asyncio.run(main())
