"""How a node stands is there to be asked, and asking does no harm."""

import asyncio
import io
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from noroshi.exercise.nations import nodes
from noroshi.live import federation, logs
from noroshi.live.clock import ExerciseClock
from noroshi.live.exchange import Exchange
from noroshi.live.health import Health, Offsets, Tap
from noroshi.live.inprocess import Network
from noroshi.live.memory import Memory
from noroshi.live.running import borders
from noroshi.live.service import Service
from noroshi.live.store import Store


@pytest.fixture
def healths(tmp_path, replayed):
    """Of two nations without a link."""
    homes = federation.init_exercise(
        tmp_path, ["JPN", "USA"], [("USA", "JPN")], "2022-10-03T22:22:00Z", {"JPN": "", "USA": ""}
    )
    home, node = homes["JPN"], nodes(replayed, "hub", 0)["JPN"]

    def made():
        clock = ExerciseClock(12.0)
        tap = Tap(Store.open(Memory(), clock=clock))
        service = Service(node, tap, clock)
        exchange = Exchange(
            "JPN",
            borders(home, node),
            tap,
            Network().transport("JPN"),
            home.signer,
            home.keyring,
            clock,
            service.take,
        )
        return Health(home, service, exchange, tap, clock, lambda partner: 0.25)

    return made


async def ask(port, words):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), body.decode()


def asked(made, *requests):
    async def lived():
        health = made()
        health.tap.write({"t_s": 1.0, "node": "JPN", "event": "link", "partner": "USA", "state": "down"})
        about = {"t_s": 1.0, "node": "JPN", "event": "refused", "direction": "in", "partner": "USA"}
        health.tap.write({**about, "reason": "replay"})
        health.tap.write({**about, "reason": "bad_signature", "more": 41})
        await health.serve(0)
        try:
            return [await ask(health.port, words) for words in requests]
        finally:
            await health.stop()

    return asyncio.run(lived())


def test_health_tells_links_journal_clock_and_refusals(healths):
    ((status, body),) = asked(healths, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    told = json.loads(body)
    assert "503" in status and not told["ok"] and told["troubles"] == ["link to USA is down"]
    assert told["links"]["USA"]["link"] == "down" and told["links"]["USA"]["clock_offset_s"] == 0.25
    assert told["journal"]["seq"] == 2 and told["marking"] == "EXERCISE" and told["now_s"] == 12.0
    assert told["disk_free_bytes"] > 0
    refused = {one["reason"]: one["count"] for one in told["refused"]}
    assert refused == {"replay": 1, "bad_signature": 41}


def test_metrics_are_what_prometheus_reads(healths):
    ((status, body),) = asked(healths, b"GET /metrics HTTP/1.1\r\n\r\n")
    assert "200" in status
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }
    assert found["noroshi_journal_seq", ()] == 2
    assert found["noroshi_link_state", (("partner", "USA"), ("state", "down"))] == 1
    assert found["noroshi_link_state", (("partner", "USA"), ("state", "up"))] == 0
    assert found["noroshi_clock_offset_seconds", (("partner", "USA"),)] == 0.25
    by = (("by", "USA"), ("direction", "in"), ("reason", "bad_signature"))
    assert found["noroshi_refused_total", by] == 41


@pytest.mark.parametrize(
    "words, status",
    [
        (b"GET / HTTP/1.1\r\n\r\n", "404"),
        (b"POST /health HTTP/1.1\r\n\r\n", "405"),
        (b"\x00\xff\r\n\r\n", "405"),
        (b"x" * 20_000, ""),
    ],
)
def test_who_asks_wrongly_gets_an_error_and_the_next_an_answer(healths, words, status):
    first, second = asked(healths, words, b"GET /health HTTP/1.1\r\n\r\n")
    assert status in first[0] and "503" in second[0]


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_log_line_carries_what_was_said_with_it(form):
    out = io.StringIO()
    logger = logs.begin("JPN", form, out)
    try:
        logs.say("link to USA is down", logging.WARNING, partner="USA", state="down")
    finally:
        logger.handlers, logger.propagate = [], True
    (line,) = out.getvalue().splitlines()
    if form == "json":
        told = json.loads(line)
        assert told["event"] == "link to USA is down" and told["partner"] == "USA"
        assert told["node"] == "JPN" and told["level"] == "warning" and told["utc"].endswith("Z")
    else:
        assert "JPN warning: link to USA is down partner=USA state=down" in line


def test_the_quickest_answer_tells_the_clock_best():
    answers = iter([(0.30, 0.40), (0.11, 0.02), (-0.20, 0.60)])
    now = {}
    offsets = Offsets(lambda partner: now.get("offset"), lambda partner: now.get("trip"))
    offsets.sample("USA")
    assert offsets("USA") is None
    for now["offset"], now["trip"] in answers:
        offsets.sample("USA")
    assert offsets("USA") == 0.11


def test_a_tap_hands_on_what_it_does_not_do_itself():
    tap = Tap(Store.open(Memory()))
    heard = []
    tap.on_head = heard.append
    assert tap.store.on_head == heard.append and tap.trouble is None
    assert tap.write({"t_s": 0.0, "node": "JPN", "event": "started"}) == 0
    assert tap.events == {"started": 1} and [line["event"] for line in tap.entries()] == ["started"]
