"""What people at a node order is signed, journaled, done, and not forgotten over a crash."""

import asyncio
import base64
from types import SimpleNamespace

import pytest

from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live import recover
from noroshi.live.people import People
from noroshi.sharing import envelope, keys
from tests.live.lone import EPOCH, Lone, japan

SIGNER = keys.generate("JPN", True, 0.0, 4e9)
HOME = SimpleNamespace(nation="JPN", signer=SIGNER, epoch_utc=EPOCH, exercise=True)
HOLD = {"do": "act", "act": "hold", "subject": "USA", "author": "shift lead", "reason": "a drill"}


def people(lone):
    return People(HOME, lone.service.node.desk.table, lone.clock, lone.tap, lone.service.take)


def lived(lone, *asked):
    async def live():
        await lone.resume()
        told = []
        for t_s, one in enumerate(asked, start=1):
            await lone.clock.advance(float(t_s))
            told.append(await people(lone).order(one))
            await lone.service.second(float(t_s))
        return told

    return asyncio.run(live())


def test_a_hold_is_signed_journaled_and_stands_after_a_crash(replayed):
    lone = Lone(japan(replayed))
    (told,) = lived(lone, HOLD)
    (line,) = [entry for entry in lone.tap.entries() if entry["event"] == "ordered"]
    sealed = base64.b64decode(line["sealed"])
    opened = envelope.open_sealed(sealed, keys.Keyring((SIGNER.public,), {}), 1.0)
    assert wire.decode(opened.body)[0].id == told["message"] == line["message"]
    assert [entry["act"] for entry in lone.lines() if entry["event"] == "operator_act"] == ["hold"]
    assert set(lone.service.node.held) == {"USA"}
    lone.disk.crash(lambda unsynced: 0)
    again = Lone(japan(replayed), disk=lone.disk)
    asyncio.run(again.resume())
    assert set(again.service.node.held) == {"USA"}


def test_an_order_that_no_step_has_taken_is_taken_after_a_crash(replayed):
    lone = Lone(japan(replayed))
    asyncio.run(people(lone).order(HOLD))
    found = recover.past(lone.tap.entries())
    assert [message.payload.act for _, message in found.waiting] == ["hold"]


def test_words_go_to_whom_the_policy_names(replayed):
    lone = Lone(japan(replayed))
    (told,) = lived(lone, {"do": "say", "author": "duty officer", "text": "radar check at noon"})
    assert told["label"].startswith("REL JPN")
    assert {to for name, to, _ in lone.exchange.sent if name.startswith(told["message"])} == {"USA"}


@pytest.mark.parametrize("name", ["author", "reason", "act"])
@pytest.mark.parametrize("said", ["", "  ", None, 7])
def test_nobody_orders_without_saying_who_what_and_why(replayed, name, said):
    lone = Lone(japan(replayed))
    with pytest.raises(Refused, match=name):
        asyncio.run(people(lone).order({**HOLD, name: said}))
    assert not list(lone.tap.entries())


def test_what_cannot_be_done_is_refused_with_its_reason(replayed):
    lone = Lone(japan(replayed))
    lived(lone, {**HOLD, "subject": "JPN"})
    assert not lone.service.node.held
    (refused,) = [entry for entry in lone.lines() if entry["event"] == "refused"]
    assert "no nation" in refused["reason"]
