"""Checks over a border: what conforms passes, what does not is found; notices and heads travel too."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from noroshi.errors import Refused
from noroshi.live import conformance, federation, joining, rotation
from noroshi.live import home as homes
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Message
from tests.live import nodes

EPOCH = "2026-01-01T00:00:00Z"
NATIONS = ["USA", "JPN", "KOR"]
TRIED = ["link", "identity", "label", "canary of another marking", "canary of a forged origin",
         "canary for another nation", "canary under a wrong subject", "canary with an altered byte",
         "stream api"]  # fmt: skip


@pytest.fixture
def trio(tmp_path):
    """Homes of a hub and two others."""
    return federation.init_exercise(tmp_path, NATIONS, federation.star(NATIONS, "USA"), EPOCH, {})


async def until(condition, within_s=20.0):
    """Wait for something to come about."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


def test_two_nodes_that_keep_the_rules_conform_both_ways(trio):
    async def scene():
        async with nodes.running(trio["JPN"], trio["USA"], network=nodes.network()) as running:
            result = await running["JPN"].liaison.conformance.check("USA")
            events = list(running["JPN"].store.entries())
        assert [(line.side, line.name) for line in result.lines] == [
            (side, name) for side in ("JPN", "USA") for name in TRIED
        ]
        assert result.passed, result.lines
        assert not running["JPN"].taken
        assert not running["USA"].taken
        (noted,) = (one for one in events if one["event"] == "conformance")
        assert noted["passed"]
        codes = {one["verdict"] for one in events if one["event"] == "acknowledged"}
        assert codes >= {"taken", "marking", "forged_origin", "label", "subject", "bad_signature"}

    asyncio.run(scene())


def test_three_nations_from_nothing_conform_over_real_servers(tmp_path):
    """Invitations, answers, a server that was running before its partners came, and streams out of reach."""
    made = {"exercise": True, "federation": "keen", "epoch_utc": EPOCH}
    usa = federation.make_home(tmp_path / "USA", "USA", **made)
    for nation in ("JPN", "KOR"):
        (tmp_path / "letter").write_bytes(joining.invite(usa.folder, nation).data)
        answer = joining.join(tmp_path / "letter", tmp_path / nation)
        (tmp_path / "letter").write_bytes(answer.request)
        joining.accept(tmp_path / "letter", usa.folder)

    async def scene():
        async with nodes.running(*(tmp_path / nation for nation in NATIONS)) as running:
            for one, other in (("USA", "JPN"), ("KOR", "USA")):
                result = await running[one].liaison.conformance.check(other)
                assert result.passed, [line for line in result.lines if not line.passed]
                said = [line.said for line in result.lines if line.name == "stream api"]
                assert said == ["our attempt was not heard, left no trace there"] * 2
                assert 0 < result.minutes < 10

    asyncio.run(scene())


@pytest.mark.parametrize(
    "broken, failed",
    [
        ("takes everything", ["canary of another marking", "canary of a forged origin",
                              "canary for another nation", "canary under a wrong subject"]),
        ("says nothing", ["identity"]),
    ],
)  # fmt: skip
def test_a_partner_that_does_not_keep_the_rules_is_found(trio, monkeypatch, broken, failed):
    monkeypatch.setattr(conformance, "PATIENCE_S", 1.5)

    async def scene():
        async with nodes.running(trio["JPN"], trio["USA"], network=nodes.network()) as running:
            usa = running["USA"]
            if broken == "says nothing":
                usa.exchange.take = lambda *_: None
            else:
                intake = usa.exchange._intake
                refuse = intake._refuse

                def lets_in(partner, sha256, name, about, code, reason):
                    judged = refuse(partner, sha256, name, about, code, reason)
                    return replace(judged, code="taken") if code != "bad_signature" else judged

                intake._refuse = lets_in
            return await running["JPN"].liaison.conformance.check("USA")

    result = asyncio.run(scene())
    assert not result.passed
    assert [line.name for line in result.lines if line.side == "JPN" and not line.passed] == failed


def test_our_own_guard_that_lets_out_what_names_another_is_found(trio):
    async def scene():
        async with nodes.running(trio["JPN"], trio["USA"], network=nodes.network()) as running:
            exchange = running["JPN"].exchange
            send = exchange.send

            async def lets_out(message, to, due_s=None):
                return replace(await send(message, to, due_s), allowed=True)

            exchange.send = lets_out
            return await running["JPN"].liaison.conformance.check("USA")

    failed = [line.name for line in asyncio.run(scene()).lines if not line.passed]
    assert failed == ["label"]


def test_a_policy_that_lets_no_words_go_is_said(trio):
    trio["JPN"].policy_path.write_text("// nothing\n")

    async def scene():
        async with nodes.running(trio["JPN"], trio["USA"], network=nodes.network()) as running:
            return await running["JPN"].liaison.conformance.check("USA")

    line = asyncio.run(scene()).lines[-1]
    assert (line.name, line.passed) == ("identity", False)
    assert "words of people cannot go to USA" in line.said


def test_a_nation_without_a_border_does_not_conform(trio):
    async def scene():
        async with nodes.running(trio["JPN"], network=nodes.network()) as running:
            return await running["JPN"].liaison.conformance.check("KOR")

    result = asyncio.run(scene())
    assert not result.passed
    assert result.lines[0].said == "JPN has no border with KOR"


def hotline(home, text, to="USA"):
    """Words of people."""
    return Message(f"{home.nation}-words", "hotline", home.nation, 0.0, 1e12, Label(home.nation, (to,)),
                   HotlineText("desk", text), ())  # fmt: skip


@pytest.mark.parametrize("text", ["conformance check at noon?", "notice to all", "noroshi"])
def test_words_of_people_go_to_people(trio, text):
    async def scene():
        async with nodes.running(trio["USA"], network=nodes.network()) as running:
            assert not running["USA"].liaison.takes(hotline(trio["JPN"], text))

    asyncio.run(scene())


@pytest.mark.parametrize("text", [
    "noroshi:check ", "noroshi:check []", "noroshi:check {}", 'noroshi:check {"step": "report", "nonce": 7}',
    "noroshi:check " + "[" * 4_000, "noroshi:notice", "noroshi:notice a 0 1 !", "noroshi:notice a 9 1 x",
    "noroshi:notice a 0 1 AAAA", "noroshi:notice a -1 99999999 x", "noroshi:head a 0 1 AAAA",
    "noroshi:witness a 0 1 AAAA",
])  # fmt: skip
def test_no_words_of_a_partner_stop_a_node(trio, text):
    async def scene():
        async with nodes.running(trio["USA"], trio["JPN"], network=nodes.network()) as running:
            message = hotline(trio["JPN"], text)
            assert running["USA"].liaison.takes(message)
            running["USA"].liaison.take(message, "JPN")
            await asyncio.sleep(0.05)
            assert (await running["JPN"].liaison.conformance.check("USA")).passed

    asyncio.run(scene())


def test_a_third_nation_relayed_takes_part_in_no_check(trio):
    async def scene():
        async with nodes.running(trio["USA"], trio["JPN"], network=nodes.network()) as running:
            words = 'noroshi:check {"step": "challenge", "nonce": "1"}'
            before = len(list(running["USA"].store.entries()))
            running["USA"].liaison.take(hotline(trio["KOR"], words), "JPN")
            await asyncio.sleep(0.1)
            entries = list(running["USA"].store.entries())[before:]
            assert not [one for one in entries if one["event"] == "outgoing" and one["kind"] == "hotline"]

    asyncio.run(scene())


def test_a_new_key_is_told_over_the_border_and_signs_from_its_time_on(trio):
    async def scene():
        async with nodes.running(trio["USA"], trio["JPN"], trio["KOR"], network=nodes.network()) as running:
            jpn, usa, kor = (running[nation] for nation in ("JPN", "USA", "KOR"))
            home, notices = rotation.rotate(trio["JPN"].folder, after_s=2.0, overlap_s=60.0)
            jpn.liaison.reload()
            old, new = (key.kid for key in sorted(home.own_keys, key=lambda key: key.valid_from_s))
            assert await jpn.liaison.tell("USA", notices["USA"])
            await until(lambda: new in {key.kid for key in usa.exchange.keyring.keys})
            # The hub passes it on to who has no line.
            await until(lambda: new in {key.kid for key in kor.exchange.keyring.keys})
            await until(lambda: jpn.exchange.signer.public.kid == new)
            result = await usa.liaison.conformance.check("JPN")
            assert result.passed, result.lines
            assert any(f"signed with key {new}" in line.said for line in result.lines)
            assert old in {key.kid for key in usa.exchange.keyring.keys}

    asyncio.run(scene())


def test_a_notice_left_by_a_command_goes_when_the_node_runs_and_leaving_ends_the_border(trio):
    folder = trio["JPN"].outgoing_path
    folder.mkdir()
    (folder / "JPN-to-USA.notice").write_bytes(rotation.leave(trio["JPN"].folder, "USA")["USA"])

    async def scene():
        async with nodes.running(trio["USA"], trio["JPN"], network=nodes.network()) as running:
            await until(lambda: running["USA"].changes)
            assert "JPN" not in running["USA"].changes[0].partners
            await until(lambda: (folder / "sent" / "JPN-to-USA.notice").exists())

    asyncio.run(scene())
    assert "JPN" not in homes.load_home(trio["USA"].folder).partners


def test_partners_countersign_the_heads_of_each_others_journals(trio):
    async def scene():
        async with nodes.running(trio["USA"], trio["JPN"], network=nodes.network()) as running:
            assert (await running["JPN"].liaison.conformance.check("USA")).passed
            jpn, usa = running["JPN"], running["USA"]
            for number in range(50):
                await jpn.store.append({"t_s": float(number), "node": "JPN", "event": "note"})
            head = jpn.store.signed_head or b""
            with suppress(Refused):
                jpn.liaison._on_head(head or await signed(jpn))

            def found(node):
                return [one for one in node.store.entries() if one["event"] == "countersigned"]

            await until(lambda: found(jpn) and found(usa))
            assert {one["by"] for one in found(jpn)} == {"USA"}
            assert {one["nation"] for one in found(usa)} == {"JPN"}

    asyncio.run(scene())


async def signed(node):
    """A head of the journal as it is now."""
    from noroshi.live import heads

    seq, chain = node.store.head()
    return heads.make_head(seq, chain, "2026-01-01T00:00:00.000Z", "JPN", node.exchange.signer)
