"""The exchange over lines in one process, in virtual time: what is acknowledged, refused, recovered, told."""

import asyncio
import base64
import errno
from dataclasses import replace

import pytest

from noroshi.formats import message as wire
from noroshi.live import virtual
from noroshi.live.inprocess import Faults, Network
from noroshi.live.memory import Memory
from noroshi.live.transport import DUE
from noroshi.sharing import envelope, guard
from tests.live.nations import EPOCH_UNIX_S, FIVE, Nation, message, signer


def played(play, faults=None, **options):
    """What `play(network, usa, jpn)` returns; both are up."""

    async def main():
        network, clock = Network(0, faults), virtual.Clock(EPOCH_UNIX_S)
        usa = Nation("USA", ["JPN"], network, clock, **options).start()
        jpn = Nation("JPN", ["USA"], network, clock, **options).start()
        try:
            return await play(network, usa, jpn)
        finally:
            for nation in (usa, jpn):
                if not nation.running.done():
                    await nation.stop()

    return virtual.run(main())


def events(nation, *names):
    return [entry for entry in nation.store.entries() if entry["event"] in names]


def test_a_message_is_journaled_before_it_is_acknowledged_and_told_to_both_sides():
    async def play(network, usa, jpn):
        told = message("USA", 1, ("JPN",))
        decision = await usa.exchange.send(told, "JPN")
        assert decision.allowed
        (line,) = events(usa, "outgoing")
        assert (line["message"], line["to"], line["lane"]) == (told.id, "JPN", "warning")
        assert await usa.exchange.settled(10.0, taken=True)
        (taken,) = events(jpn, "incoming")
        assert base64.b64decode(taken["sealed"]) == base64.b64decode(line["sealed"])
        assert [entry["message"] for entry in events(usa, "receipt")] == [told.id]
        assert [(e["message"], e["verdict"]) for e in events(usa, "acknowledged")] == [(told.id, "taken")]
        assert jpn.got == [("USA", told)]

    played(play)


def test_what_the_guard_refuses_is_journaled_and_does_not_leave():
    async def play(network, usa, jpn):
        for told, rule in (
            (message("USA", 1, ("KOR",)), "label"),
            (message("USA", 2, ("JPN",), exercise=False), "marking"),
            (message("USA", 3, ("JPN",), created_s=-10.0, expires_s=-1.0), "stale"),
        ):
            decision = await usa.exchange.send(told, "JPN")
            assert (decision.allowed, decision.rule) == (False, rule)
        assert not (await usa.exchange.send(message("USA", 4, ("KOR",)), "KOR")).allowed
        await asyncio.sleep(1.0)
        assert [e["reason"] for e in events(usa, "refused")] == ["label", "marking", "stale", "no_border"]
        assert all(entry["direction"] == "out" for entry in events(usa, "refused"))
        assert events(usa, "outgoing") == []
        assert jpn.got == []

    played(play)


def test_an_operators_hold_keeps_everything_back():
    async def play(network, usa, jpn):
        usa.exchange.held = {"JPN"}
        assert (await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")).rule == "held"
        usa.exchange.held = ()
        assert (await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")).allowed

    played(play)


def test_sending_the_same_message_again_sends_it_once():
    async def play(network, usa, jpn):
        for _ in range(3):
            assert (await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")).allowed
        assert await usa.exchange.settled(10.0)
        await asyncio.sleep(5.0)
        assert len(events(usa, "outgoing")) == 1
        assert len(jpn.got) == 1

    played(play)


def test_a_relayed_message_goes_on_as_the_very_bytes_of_its_origin():
    async def main():
        network, clock = Network(), virtual.Clock(EPOCH_UNIX_S)
        lines = {"JPN": ["USA"], "USA": ["JPN", "KOR"], "KOR": ["USA"]}
        made = {
            me: Nation(me, partners, network, clock, {("JPN", "KOR")} if me == "USA" else ()).start()
            for me, partners in lines.items()
        }
        told = message("JPN", 1, ("USA", "KOR"))
        await made["JPN"].exchange.send(told, "USA")
        await asyncio.sleep(5.0)
        assert made["KOR"].got == [("USA", told)]
        first, passed_on = events(made["JPN"], "outgoing")[0], events(made["USA"], "outgoing")[0]
        assert passed_on["sealed"] == first["sealed"]
        # What was never taken cannot be passed on: nobody else can seal it.
        other = await made["USA"].exchange.send(message("JPN", 2, ("USA", "KOR")), "KOR")
        assert (other.allowed, other.rule) == (False, "no_original")
        # A form of it that the relay made goes under the relay's seal, and is taken.
        derived = replace(told, id="JPN-1-e", form="elements", derived_from=told.id)
        assert (await made["USA"].exchange.send(derived, "KOR")).allowed
        await asyncio.sleep(5.0)
        assert made["KOR"].got[-1] == ("USA", derived)
        for nation in made.values():
            await nation.stop()

    virtual.run(main())


def test_the_emulated_line_tells_when_it_may_be_known_and_at_most_until_it_expires():
    dues = []

    async def play(network, usa, jpn):
        jpn.exchange.take = lambda told, due_s, partner: dues.append(due_s)
        for number, due_s in enumerate((None, 12.5, 1e9)):
            await usa.exchange.send(message("USA", number, ("JPN",), expires_s=100.0), "JPN", due_s)
        assert await usa.exchange.settled(10.0, taken=True)

    played(play)
    assert dues == [None, 12.5, 100.0]


@pytest.mark.parametrize("due", ["soon", "nan", "inf", "", "1e999"])
def test_a_due_time_that_is_none_is_not_heeded(due):
    async def play(network, usa, jpn):
        told = message("USA", 1, ("JPN",))
        data = envelope.seal(wire.encode(told, usa.exchange.borders["JPN"].epoch_utc), signer("USA"))
        await usa.transport.ship("JPN", guard.subject(told, FIVE), "x", data, {DUE: due})
        await asyncio.sleep(1.0)
        assert [entry["due_s"] for entry in events(jpn, "incoming")] == [None]

    played(play)


def test_warnings_overtake_bulk_that_waits_and_nothing_is_lost():
    async def play(network, usa, jpn):
        network.cut.add(frozenset(("USA", "JPN")))
        for number in range(300):
            await usa.exchange.send(message("USA", number, ("JPN",), "sensor_status"), "JPN")
        for number in range(300, 310):
            await usa.exchange.send(message("USA", number, ("JPN",), "track"), "JPN")
        await usa.exchange.send(message("USA", 400, ("JPN",), "hotline"), "JPN")
        network.cut.clear()
        assert await usa.exchange.settled(60.0)
        await asyncio.sleep(1.0)
        kinds = [told.kind for _, told in jpn.got]
        assert len(kinds) == 311
        assert kinds.index("hotline") <= 1  # behind the one that asked whether the way was open
        assert kinds.index("track") <= 2

    played(play, Faults(delay_s=(0.01, 0.02)))


def test_when_too_much_waits_bulk_is_refused_tracks_later_and_warnings_never(monkeypatch):
    monkeypatch.setattr("noroshi.live.outbox.ROOM", (None, 20, 10))

    async def play(network, usa, jpn):
        network.cut.add(frozenset(("USA", "JPN")))
        said = {}
        for number, kind in enumerate(["sensor_status"] * 15 + ["track"] * 15 + ["hotline"] * 15):
            decision = await usa.exchange.send(message("USA", number, ("JPN",), kind), "JPN")
            said.setdefault(kind, []).append((decision.allowed, decision.rule == "busy"))
        assert said["sensor_status"] == [(True, False)] * 10 + [(False, True)] * 5
        assert said["track"] == [(True, False)] * 10 + [(False, True)] * 5
        assert said["hotline"] == [(True, False)] * 15
        network.cut.clear()
        assert await usa.exchange.settled(60.0)
        await asyncio.sleep(1.0)
        assert len(jpn.got) == 35

    played(play)


def test_what_expires_on_its_way_is_said_to_have_expired_and_is_not_sent():
    async def play(network, usa, jpn):
        network.cut.add(frozenset(("USA", "JPN")))
        await usa.exchange.send(message("USA", 1, ("JPN",), "track", expires_s=5.0), "JPN")
        await usa.exchange.send(message("USA", 2, ("JPN",), "track", expires_s=500.0), "JPN")
        await asyncio.sleep(10.0)
        network.cut.clear()
        assert await usa.exchange.settled(60.0, taken=True)
        assert [entry["message"] for entry in events(usa, "expired")] == ["USA-000001"]
        assert jpn.ids() == ["USA-000002"]

    played(play)


def test_what_comes_late_is_marked_late():
    async def play(network, usa, jpn):
        network.cut.add(frozenset(("USA", "JPN")))
        await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")
        await asyncio.sleep(60.0)
        network.cut.clear()
        assert await usa.exchange.settled(60.0)
        await usa.exchange.send(message("USA", 2, ("JPN",), created_s=usa.clock.now_s()), "JPN")
        await asyncio.sleep(1.0)
        late = [entry.get("late_s") for entry in events(jpn, "incoming")]
        assert late[0] == pytest.approx(60.0, abs=2.0)
        assert late[1] is None

    played(play)


def test_links_are_up_degraded_down_and_late_and_each_change_is_journaled():
    async def play(network, usa, jpn):
        seen = []

        async def look(wait_s=5.0):
            await asyncio.sleep(wait_s)
            seen.append(usa.exchange.links["JPN"])

        await look()
        network.cut.add(frozenset(("USA", "JPN")))
        await look()
        await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")
        network.cut.clear()
        network.faults = replace(network.faults, lost=1.0)
        await look(8.0)
        network.faults = replace(network.faults, lost=0.0)
        await look(30.0)
        await jpn.stop()
        network.crash("JPN")
        await look()
        assert seen == ["up", "down", "late", "up", "degraded"]
        assert [entry["state"] for entry in events(usa, "link")] == [
            "up", "down", "up", "late", "up", "degraded"
        ]  # fmt: skip

    played(play)


def test_after_a_crash_what_had_no_receipt_goes_again_and_is_taken_once():
    async def main():
        network, clock = Network(), virtual.Clock(EPOCH_UNIX_S)
        disk = Memory("USA")
        usa = Nation("USA", ["JPN"], network, clock, disk=disk).start()
        jpn = Nation("JPN", ["USA"], network, clock).start()
        await usa.exchange.send(message("USA", 0, ("JPN",)), "JPN")
        assert await usa.exchange.settled(5.0)
        network.cut.add(frozenset(("USA", "JPN")))
        for number in range(1, 6):
            await usa.exchange.send(message("USA", number, ("JPN",)), "JPN")
        await usa.stop()
        network.cut.clear()
        again = Nation("USA", ["JPN"], network, clock, disk=disk).start()
        assert await again.exchange.settled(30.0, taken=True)
        assert jpn.ids() == [f"USA-{number:06d}" for number in range(6)]
        await again.stop()
        await jpn.stop()

    virtual.run(main())


def test_after_a_crash_what_was_taken_and_not_handed_out_is_handed_out_and_the_partner_is_told():
    async def main():
        network, clock = Network(), virtual.Clock(EPOCH_UNIX_S)
        disk = Memory("JPN")
        usa = Nation("USA", ["JPN"], network, clock).start()
        jpn = Nation("JPN", ["USA"], network, clock, disk=disk, receipt_after_s=100.0).start()
        for number in range(3):
            await usa.exchange.send(message("USA", number, ("JPN",)), "JPN")
        await asyncio.sleep(5.0)
        assert len(jpn.got) == 3
        assert events(usa, "acknowledged") == []
        await jpn.stop()  # before any receipt of its node is written
        again = Nation("JPN", ["USA"], network, clock, disk=disk).start()
        assert await usa.exchange.settled(30.0, taken=True)
        assert again.ids() == ["USA-000000", "USA-000001", "USA-000002"]
        await again.stop()
        third = Nation("JPN", ["USA"], network, clock, disk=disk).start()
        await asyncio.sleep(5.0)
        assert third.got == []  # all are told of
        await third.stop()
        forgetful = Nation("JPN", ["USA"], network, clock, disk=disk, hand_out_all=True).start()
        await asyncio.sleep(5.0)
        assert forgetful.ids() == again.ids()
        await forgetful.stop()
        await usa.stop()

    virtual.run(main())


def test_a_refusal_at_the_partner_is_visible_here():
    async def play(network, usa, jpn):
        jpn.exchange.borders["USA"] = replace(jpn.exchange.borders["USA"], epoch_utc="2020-01-01T00:00:00Z")
        heard = []
        usa.exchange.told = lambda partner, name, verdict: heard.append((partner, name, verdict))
        told = message("USA", 1, ("JPN",))
        await usa.exchange.send(told, "JPN")
        await asyncio.sleep(5.0)
        (refused,) = events(jpn, "refused")
        assert (refused["reason"], refused["message"], refused["partner"]) == ("epoch", told.id, "USA")
        assert len(refused["sha256"]) == 64
        # Its receipts count from another epoch than ours: they are refused here, and that is visible too.
        assert events(usa, "refused")[0]["reason"] == "epoch"

    played(play)


def test_a_verdict_is_told_whatever_it_is():
    async def play(network, usa, jpn):
        heard = []
        usa.exchange.told = lambda partner, name, verdict: heard.append((partner, name, verdict))
        told = message("USA", 1, ("JPN",))
        data = envelope.seal(wire.encode(told, usa.exchange.borders["JPN"].epoch_utc), signer("USA"))
        usa.exchange.expect("JPN", told.id, 1e9)
        await usa.transport.ship("JPN", "rel.wrong", "x", data, {})
        await asyncio.sleep(5.0)
        assert heard == [("JPN", told.id, "subject")]
        assert [(e["message"], e["verdict"]) for e in events(usa, "acknowledged")] == [(told.id, "subject")]

    played(play)


def test_a_flood_of_refusals_is_counted_and_does_not_fill_the_journal():
    async def play(network, usa, jpn):
        for number in range(1000):
            await usa.transport.ship("JPN", "rel.x", f"x{number}", b"\x00" * (number + 1), {})
        await asyncio.sleep(130.0)
        assert jpn.exchange.counts["refused", "USA", "not_cose"] == 1000
        lines = events(jpn, "refused")
        assert len(lines) <= 202
        assert sum(entry.get("more", 1) for entry in lines) == 1000
        # The honest message behind the flood is taken.
        await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")
        assert await usa.exchange.settled(30.0)
        await asyncio.sleep(1.0)
        assert jpn.ids() == ["USA-000001"]

    played(play)


def test_a_full_disk_acknowledges_nothing_and_forgets_nothing():
    async def main():
        network, clock = Network(), virtual.Clock(EPOCH_UNIX_S)
        full = set()

        def disk_of(nation):
            def step(what, name):
                if nation in full and what == "half":
                    raise OSError(errno.ENOSPC, "no space left on device")

            return Memory(nation, step)

        usa = Nation("USA", ["JPN"], network, clock, disk=disk_of("USA")).start()
        jpn = Nation("JPN", ["USA"], network, clock, disk=disk_of("JPN")).start()
        full.add("USA")
        with pytest.raises(OSError, match="no space"):
            await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")
        full.clear()
        assert (await usa.exchange.send(message("USA", 1, ("JPN",)), "JPN")).allowed
        full.add("JPN")
        await usa.exchange.send(message("USA", 2, ("JPN",)), "JPN")
        await asyncio.sleep(20.0)
        assert "USA-000002" not in jpn.ids()  # it is not on this disk, so nobody may know it
        full.clear()
        await asyncio.sleep(20.0)
        assert jpn.ids() == ["USA-000001", "USA-000002"]
        await usa.stop()
        await jpn.stop()

    virtual.run(main())


def test_a_node_that_cannot_take_a_message_does_not_stop_the_exchange():
    async def play(network, usa, jpn):
        taken = []

        def take(told, due_s, partner):
            if told.id == "USA-000001":
                raise RuntimeError("a defect of the node")
            taken.append(told.id)

        jpn.exchange.take = take
        for number in range(3):
            await usa.exchange.send(message("USA", number, ("JPN",)), "JPN")
        assert await usa.exchange.settled(30.0, taken=True)
        assert taken == ["USA-000000", "USA-000002"]
        said = {entry["message"]: entry["verdict"] for entry in events(usa, "acknowledged")}
        assert said == {"USA-000000": "taken", "USA-000001": "failed", "USA-000002": "taken"}

    played(play)


def test_the_state_of_a_partner_tells_what_waits():
    async def play(network, usa, jpn):
        network.cut.add(frozenset(("USA", "JPN")))
        await usa.exchange.send(message("USA", 1, ("JPN",), "hotline"), "JPN")
        await usa.exchange.send(message("USA", 2, ("JPN",), "track"), "JPN")
        await asyncio.sleep(30.0)
        status = usa.exchange.status()["JPN"]
        assert status["unreceipted"] == 2
        assert status["unacknowledged"] == 2
        assert status["oldest_s"] == pytest.approx(30.0, abs=1.0)
        assert not await usa.exchange.settled(1.0)

    played(play)


def test_virtual_time_passes_only_when_nothing_is_left_to_do():
    async def main():
        await asyncio.sleep(86_400.0)
        return asyncio.get_running_loop().time()

    assert virtual.run(main()) == pytest.approx(86_400.0)


def test_a_loop_in_which_nothing_can_happen_any_more_says_so():
    async def main():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        virtual.run(main())
