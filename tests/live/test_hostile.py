"""A hostile partner and a hostile hub on real servers: each attack is refused, and no trace is left."""

import asyncio
import contextlib
import hashlib
import json
from dataclasses import replace

import nats
import pytest

from noroshi.formats import message as wire
from noroshi.live import server
from noroshi.sharing import envelope, guard, keys
from tests.live.federated import Held, linked, state
from tests.live.nations import EPOCH_UTC, message


@pytest.fixture(scope="module")
def border(tmp_path_factory):
    """USA accepts, JPN and KOR dial; all nodes are up."""
    held = Held(tmp_path_factory.mktemp("federation"))
    try:
        assert held.run(linked(held.made))
        yield held
    finally:
        held.close()


def sealed(told, signer, epoch_utc=EPOCH_UTC) -> bytes:
    return envelope.seal(wire.encode(told, epoch_utc), signer)


def now(border) -> float:
    return border.made["USA"].clock.now_s()


async def handed_over(border, data: bytes, subject: str, sender="JPN", to="USA") -> dict:
    """What `to` writes about bytes that `sender` hands over past its own guard."""
    there, here = border.made[to], border.made[sender]
    name = hashlib.sha256(data + subject.encode()).hexdigest()
    sha256 = hashlib.sha256(data).hexdigest()
    await here.transport.ship(to, subject, name, data, {})
    for _ in range(400):
        for entry in there.store.entries():
            if entry.get("sha256") == sha256 and entry["event"] in ("incoming", "refused"):
                return entry
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was written about it")


def told_of(border, number: int, origin="JPN", to=("USA",), **changes):
    made = message(origin, number, to, created_s=now(border), expires_s=now(border) + 1e6)
    return replace(made, **changes)


def subject_of(told) -> str:
    return guard.subject(told, ("USA", "JPN", "KOR", "AUS", "GBR"))


def test_an_honest_message_by_the_same_way_is_taken(border):
    told = told_of(border, 1)
    entry = border.run(handed_over(border, sealed(told, border.made["JPN"].home.signer), subject_of(told)))
    assert (entry["event"], entry["message"]) == ("incoming", told.id)


def forged_of_us(border):
    told = told_of(border, 10, "USA", ("JPN",))
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def forged_of_another(border):
    told = told_of(border, 11, "KOR", ("USA", "JPN"))
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def with_a_made_up_key(border):
    told = told_of(border, 12)
    return sealed(told, keys.generate("JPN", True, 0.0, 4e9)), subject_of(told)


def changed_on_the_way(border):
    told = told_of(border, 13)
    data = bytearray(sealed(told, border.made["JPN"].home.signer))
    data[len(data) // 2] ^= 1
    return bytes(data), subject_of(told)


def with_anothers_id(border):
    told = told_of(border, 14, id="KOR-000014")
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def under_a_wider_subject(border):
    told = told_of(border, 15)
    return sealed(told, border.made["JPN"].home.signer), subject_of(
        replace(told, label=replace(told.label, releasable_to=("USA", "KOR")))
    )


def under_no_subject_of_ours(border):
    told = told_of(border, 16)
    return sealed(told, border.made["JPN"].home.signer), "rel.USA.x"


def not_for_us(border):
    told = told_of(border, 17, to=("KOR",))
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def marked_live(border):
    made = message("JPN", 18, ("USA",), created_s=now(border), expires_s=now(border) + 10, exercise=False)
    return sealed(made, border.made["JPN"].home.signer), subject_of(made)


def from_the_future(border):
    told = told_of(border, 19, created_s=now(border) + 3600)
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def long_expired(border):
    told = told_of(border, 20, expires_s=now(border) - 1)
    return sealed(told, border.made["JPN"].home.signer), subject_of(told)


def of_another_epoch(border):
    told = told_of(border, 21)
    return sealed(told, border.made["JPN"].home.signer, "2025-01-01T00:00:00Z"), subject_of(told)


def too_large(border):
    return b"\xd2\x84" + b"x" * 400_000, subject_of(told_of(border, 22))


def garbage(border):
    return b"{}", subject_of(told_of(border, 23))


@pytest.mark.parametrize(
    "attack, code",
    [
        (forged_of_us, "forged_origin"),
        (forged_of_another, "forged_origin"),
        (with_a_made_up_key, "unknown_key"),
        (changed_on_the_way, "bad_signature"),
        (with_anothers_id, "forged_origin"),
        (under_a_wider_subject, "subject"),
        (under_no_subject_of_ours, "subject"),
        (not_for_us, "label"),
        (marked_live, "marking"),
        (from_the_future, "future"),
        (long_expired, "stale"),
        (of_another_epoch, "epoch"),
        (too_large, "too_large"),
        (garbage, "not_cose"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_hostile_partners_message_is_refused_with_its_reason_and_never_handed_out(border, attack, code):
    usa = border.made["USA"]
    before = len(usa.got)
    entry = border.run(handed_over(border, *attack(border)))
    assert (entry["event"], entry["reason"], entry["partner"]) == ("refused", code, "JPN")
    assert entry["detail"]
    assert usa.exchange.counts["refused", "JPN", code] > 0
    assert len(usa.got) == before


def test_a_replay_is_counted_and_the_same_id_with_other_bytes_is_refused(border):
    usa, jpn = border.made["USA"], border.made["JPN"]
    told = told_of(border, 30)
    data = sealed(told, jpn.home.signer)
    assert border.run(handed_over(border, data, subject_of(told)))["event"] == "incoming"

    async def again():
        before = usa.exchange.counts["duplicate", "JPN", ""]
        await jpn.transport.ship("USA", subject_of(told), "another-name", data, {})
        for _ in range(400):
            if usa.exchange.counts["duplicate", "JPN", ""] > before:
                return True
            await asyncio.sleep(0.02)
        return False

    assert border.run(again())
    other = sealed(replace(told, payload=replace(told.payload, text="other words")), jpn.home.signer)
    entry = border.run(handed_over(border, other, subject_of(told)))
    assert (entry["event"], entry["reason"]) == ("refused", "replay")
    assert usa.ids().count(told.id) == 1


def test_what_another_nation_wrote_to_it_cannot_be_played_back_to_us_as_new(border):
    usa, kor = border.made["USA"], border.made["KOR"]
    told = told_of(border, 31, "KOR", ("USA", "JPN"))
    data = sealed(told, kor.home.signer)
    assert border.run(handed_over(border, data, subject_of(told), sender="KOR"))["event"] == "incoming"

    async def by_japan():
        await border.made["JPN"].transport.ship("USA", subject_of(told), "replayed", data, {})
        for _ in range(400):
            for entry in usa.store.entries():
                if (
                    entry["event"] == "refused"
                    and entry.get("message") == told.id
                    and entry["partner"] == "JPN"
                ):
                    return entry["reason"]
            await asyncio.sleep(0.02)

    assert border.run(by_japan()) == "replay"
    assert usa.ids().count(told.id) == 1


def api_attacks(domain: str, streams: list[str]) -> list[tuple[str, bytes]]:
    """Everything that the API of streams offers against somebody else's."""
    consumer = {
        "config": {
            "name": "evil",
            "deliver_policy": "all",
            "ack_policy": "none",
            "deliver_subject": "ship.USA.JPN.evil",
        }
    }
    calls = [
        ("STREAM.LIST", b"{}"),
        ("STREAM.NAMES", b"{}"),
        ("INFO", b""),
        ("STREAM.CREATE.EVIL", b'{"name":"EVIL","subjects":["zz.>"]}'),
    ]
    for name in streams:
        config = json.dumps({"stream_name": name, **consumer}).encode()
        calls += [
            (f"STREAM.INFO.{name}", b""),
            (f"STREAM.PURGE.{name}", b""),
            (f"STREAM.DELETE.{name}", b""),
            (f"STREAM.MSG.GET.{name}", b'{"seq":1}'),
            (f"STREAM.MSG.DELETE.{name}", b'{"seq":1}'),
            (
                f"STREAM.UPDATE.{name}",
                json.dumps({"name": name, "subjects": ["zz.>"], "max_msgs": 1}).encode(),
            ),
            (f"CONSUMER.CREATE.{name}", config),
            (f"CONSUMER.CREATE.{name}.evil", config),
            (f"CONSUMER.NAMES.{name}", b"{}"),
        ]
    prefixes = (f"$JS.{domain}.API", "$JS.API")
    return [(f"{prefix}.{call}", body) for prefix in prefixes for call, body in calls]


async def attacked(attacker, victim, partner: str, replies: str) -> tuple[dict, dict, list[bytes]]:
    """State of the victim's server before and after, and what the attacker heard."""
    client = await attacker.transport._connect(f"border-{partner}", "_INBOX.evil")
    heard: list[bytes] = []

    async def hear(told):
        if told.data:  # an empty one says that nobody is there
            heard.append(told.data)

    try:
        # Answers to a subject that is permitted on the link, so that silence is not for want of a way back.
        await client.subscribe(replies, cb=hear)
        streams = [name for _, name in state(victim)]
        await asyncio.sleep(2.5)  # what was taken before is purged by its owner
        before = state(victim)
        # Under the attacker's own account the plain prefix is its own server: only the other domain's counts.
        for subject, body in api_attacks(server.domain(victim.me), streams):
            if not subject.startswith("$JS.API"):
                await client.publish(subject, body, reply=replies)
        await client.flush()
        await asyncio.sleep(1.5)
        return before, state(victim), heard
    finally:
        await client.close()


def test_the_partner_reaches_no_stream_of_ours_by_jetstreams_api(border):
    usa, jpn = border.made["USA"], border.made["JPN"]
    before, after, heard = border.run(attacked(jpn, usa, "USA", "_INBOX.rcpt.JPN.evil"))
    assert ("X_JPN", "IN_JPN") in before
    assert after == before
    assert heard == []


def test_the_hub_reaches_no_stream_of_the_side_that_dials_it(border):
    usa, jpn = border.made["USA"], border.made["JPN"]

    async def fill():
        # With its node away, the stream of JPN keeps what came: something to purge.
        await jpn.down()
        for number in range(5):
            told = told_of(border, 40 + number, "USA", ("JPN",))
            await usa.exchange.send(told, "JPN")
        assert await usa.exchange.settled(30.0)

    border.run(fill())
    try:
        before, after, heard = border.run(attacked(usa, jpn, "JPN", "_INBOX.rcpt.USA.evil"))
        assert before["X_USA", "IN_USA"][0] >= 5
        assert after == before
        assert heard == []
    finally:
        border.run(jpn.up())
    assert border.run(jpn.until(5, origin="USA"))


def test_a_partner_ships_neither_as_another_nor_into_anothers_stream(border):
    usa, jpn = border.made["USA"], border.made["JPN"]

    def kept(real):
        # Its own stream it may fill (a receipt of its node, say): the guard reads that one.
        return {name: (row[0], row[1]) for name, row in state(real).items() if name != ("X_JPN", "IN_JPN")}

    async def spray():
        client = await jpn.transport._connect("border-USA", "_INBOX.evil")
        try:
            await asyncio.sleep(2.5)
            before = kept(usa)
            told = subject_of(told_of(border, 50))
            for place in ("ship.KOR.USA", "ship.USA.KOR", "ship.USA.JPN", "ship.JPN.KOR", "ship.JPN.USA.x"):
                await client.publish(f"{place}.{told}", b"evil")
            for place in (
                "_INBOX.local.x",
                "_INBOX.rcpt.KOR.x",
                "clock.USA",
                "federation.USA",
                "$SYS.REQ.SERVER.PING",
            ):
                await client.publish(place, b"evil")
            await client.flush()
            await asyncio.sleep(1.0)
            return before, kept(usa)
        finally:
            await client.close()

    before, after = border.run(spray())
    assert after == before


def test_a_partner_that_listens_to_everything_hears_nothing_of_another(border):
    usa, jpn, kor = (border.made[nation] for nation in ("USA", "JPN", "KOR"))
    heard = []

    async def hear(told):
        heard.append((told.subject, told.data))

    async def listen():
        client = await jpn.transport._connect("border-USA", "_INBOX.evil")
        try:
            await client.subscribe(">", cb=hear)
            await client.flush()
            await asyncio.sleep(0.5)
            secret = [told_of(border, 60 + number, "USA", ("KOR",)) for number in range(20)]
            count = len(kor.ids("USA"))
            for told in secret:
                await usa.exchange.send(told, "KOR")
            assert await kor.until(count + 20, origin="USA")
            await asyncio.sleep(0.5)
            return secret
        finally:
            await client.close()

    secret = border.run(listen())
    everything = repr(heard)
    assert not any(told.id in everything for told in secret)
    assert not any("KOR" in subject.split(".")[:3] for subject, _ in heard)


def test_the_key_of_a_link_opens_no_door_for_an_ordinary_client(border):
    usa, jpn = border.made["USA"], border.made["JPN"]

    async def enter():
        trouble = []

        async def note(error):
            trouble.append(str(error))

        with contextlib.suppress(Exception):
            client = await nats.connect(
                usa.home.client_url, nkeys_seed_str=jpn.home.nkey("leaf-USA").seed, allow_reconnect=False,
                connect_timeout=3, error_cb=note,
            )  # fmt: skip
            await client.close()
            return None
        return trouble

    trouble = border.run(enter())
    assert trouble is not None
    assert any("authorization" in text.lower() for text in trouble)


POISON = {
    "subject-that-is-no-text": b"PUB ship.JPN.USA.rel.\xff\xfe 1\r\nx\r\n",
    "headers-that-are-none": b"HPUB ship.JPN.USA.rel.x 20 21\r\nNATS/1.0\r\n"
    + 6 * b"\xff"
    + b"\r\n\r\nx\r\n",
    "headers-without-end": b"HPUB ship.JPN.USA.rel.x 14 15\r\nNATS/1.0\r\nabcdx\r\n",
    "as-if-from-the-server": b"HPUB ship.JPN.USA.rel.x 31 32\r\nNATS/1.0 100 Idle Heartbeat\r\n\r\nx\r\n",
    "nothing": b"PUB ship.JPN.USA.rel.x 0\r\n\r\n",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_message_that_the_client_cannot_read_does_not_stop_what_comes_after(border, poison):
    usa, jpn = border.made["USA"], border.made["JPN"]

    async def play():
        client = await jpn.transport._connect("border-USA", "_INBOX.evil")
        try:
            client._transport.write(poison)
            await client._transport.drain()
            await asyncio.sleep(0.3)
        finally:
            await client.close()
        number = 200 + len(usa.ids("JPN"))
        told = told_of(border, number)
        await jpn.exchange.send(told, "USA")
        for _ in range(1200):
            if told.id in usa.ids():
                return True
            await asyncio.sleep(0.05)
        return False

    assert border.run(play(), 120)


def test_after_all_attacks_the_exchange_goes_on(border):
    usa, jpn = border.made["USA"], border.made["JPN"]
    told = told_of(border, 90)
    count = len(usa.ids("JPN"))
    assert border.run(jpn.exchange.send(told, "USA")).allowed
    assert border.run(usa.until(count + 1, origin="JPN"))
    assert told.id in usa.ids()
