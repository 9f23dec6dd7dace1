"""Nothing that a partner sends stops a node: what cannot be used is refused, journaled and counted."""

import math
import random
from dataclasses import fields, is_dataclass, replace
from functools import partial

import numpy as np
import pytest

from noroshi.exercise.nations import nodes
from noroshi.node import border
from noroshi.node.state import Outbox
from noroshi.node.step import step, wake_s
from noroshi.records.messages import PAYLOADS
from tests.node.bonds import bonded, forecast, said, verdict
from tests.sharing.words import payload

# Numbers that are none, that are too much, and words where numbers should be.
BAD = (
    math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-308, 0.0, -0.0, -1.0, 1e9, 10**400, -(10**400), True,
    None, "", "x" * 5000, "JPN-T1", "USA-T1", "\x00", "\ud800", b"\xff", (), (1,), ((),), [], {},
    ((1.0,) * 10,) * 10, ("USA-T1",) * 500, {"a": 1}, object(), np.nan, np.zeros(3), complex(1, 1),
)  # fmt: skip


def spoilt(body, chance: random.Random):
    """A payload of which some fields, at any depth, are something else."""
    changes = {}
    for one in fields(body):
        value = getattr(body, one.name)
        if chance.random() < 0.25:
            changes[one.name] = chance.choice(BAD)
        elif is_dataclass(value):
            changes[one.name] = spoilt(value, chance)
        elif isinstance(value, tuple) and value and chance.random() < 0.3:
            row = chance.randrange(len(value))
            changes[one.name] = (*value[:row], chance.choice(BAD), *value[row + 1 :])
    return replace(body, **changes)


def attack(node, number, first):
    chance = random.Random(first)
    kinds = [*PAYLOADS]
    refused = 0
    for row in range(number):
        kind = chance.choice(kinds)
        body = spoilt(payload(chance.choice([kind] * 9 + kinds), track_id="USA-T1"), chance)
        fed_by = (
            chance.choice([("USA-IR-1",), ("USA",), (), *BAD]) if chance.random() < 0.2 else ("USA-IR-1",)
        )
        out = Outbox(120.0)
        before = node.refused.get("USA", 0)
        one = replace(said(kind, body), id=f"USA-h{first}-{row}", provenance=fed_by)
        after = border.receive(node, one, 120.0, out)
        events = [event for _, event, _ in out.entries]
        assert events[0] == "received" and events.count("refused") == after.refused.get("USA", 0) - before
        refused += events.count("refused")
        if "refused" in events:
            assert (after.things, after.judged, after.wishes) == (node.things, node.judged, node.wishes)
        # Its picture may be anybody's; how it grows is not what is asked here.
        node = replace(after, things=after.things[-4:], heard={}, pending=())
    assert refused > number / 3


@pytest.fixture
def node(japan):
    return bonded(japan, pass_on_s=5.0, forecasts=False)


def test_ten_thousand_words_of_nonsense_are_refused_or_harmless(node):
    attack(node, 10_000, 1)


@pytest.mark.soak
def test_a_million_words_of_nonsense_are_refused_or_harmless(node):
    for first in range(100):
        attack(node, 10_000, 1000 + first)


def extreme(chance: random.Random, number):
    """A forecast that passes every check and is as far from sense as the checks let it."""
    one = forecast(f"USA-T{number}")
    path = one.payload.path
    size = [10 ** chance.uniform(-12, 12) for _ in range(10)]
    turn = np.linalg.qr(np.random.default_rng(chance.randrange(10**9)).normal(size=(10, 10)))[0]
    tight = turn @ np.diag([10 ** chance.uniform(-9, 0) for _ in range(10)]) @ turn.T
    scale = np.sqrt(np.diag(tight))
    cov = (tight + tight.T) / 2 / scale / scale[:, None] * np.outer(size, size)
    cov = (cov + cov.T) / 2
    speed = np.array([chance.uniform(-1, 1) for _ in range(3)])
    speed *= chance.choice([0.0, 1e-9, 1.0, 11.9e3]) / max(np.linalg.norm(speed), 1e-9)
    far_m = chance.choice([6.35e6, 6.4e6, 7e6, 4.9e7])
    place = np.array([chance.uniform(-1, 1) for _ in range(3)])
    place *= far_m / np.linalg.norm(place)
    models = np.array([chance.choice([0.0, 1e-300, 1.0, 0.3]) for _ in range(4)])
    models = models / models.sum() if models.sum() > 0 else np.array([0.0, 1.0, 0.0, 0.0])
    path = replace(
        path,
        track_id=f"USA-T{number}",
        time_s=chance.choice([-5000.0, 0.0, 119.0, 121.9]),
        position_ecef_m=tuple(place.tolist()),
        velocity_ecef_mps=tuple(speed.tolist()),
        force_ecef_mps2=tuple((np.array([1.0, 0, 0]) * chance.choice([0.0, 1e-300, 999.0])).tolist()),
        log_ballistic_coefficient=chance.choice([0.0, 13.8, 7.0]),
        covariance=tuple(map(tuple, cov.tolist())),
        models=tuple(models.tolist()),
        also=(),
    )
    body = replace(
        one.payload,
        track_id=path.track_id,
        path=path,
        impact_lat_deg=chance.choice([-90.0, 0.0, 90.0]),
        impact_time_s=chance.choice([-1e300, 0.0, 130.0, 1e300]),
        semi_major_km=chance.choice([1e-9, 1.0, 1e4]),
        semi_minor_km=1e-9,
        launch_time_s=chance.choice([None, -1e300, 0.0, 1e300]),
    )
    return replace(one, payload=body)


@pytest.mark.parametrize("first", range(3))
def test_a_node_goes_on_with_what_no_check_can_tell_from_sense(japan, first):
    """With forecasts, alerts and cues of its own, among which partners put the strangest that is let in."""
    node = bonded(japan, pass_on_s=5.0)
    chance = random.Random(first)
    now_s, used = 120.0, 0
    for row in range(12):
        inbox = [extreme(chance, chance.randrange(6)) for _ in range(2)]
        if row % 4 == 3:
            inbox.append(verdict(f"USA-T{chance.randrange(6)}", now_s))
        node, out = step(node, inbox, now_s)
        used += sum(event == "received" for _, event, _ in out.entries)
        used -= sum(event == "refused" for _, event, _ in out.entries)
        now_s = min(max(math.ceil(wake_s(node, now_s)), now_s + 1), now_s + 5)
    assert used > 0


def test_a_stack_of_words_in_one_step_is_taken_one_by_one(node):
    words = [partial(forecast, f"USA-T{row}", place=(-row * 5e4, 0.0, 0.0))() for row in range(60)]
    node, out = step(node, words, 120.0)
    assert len(node.things) == 60 and not node.refused
    node, out = step(node, [verdict(f"USA-T{row}", 121.0) for row in range(60)], 121.0)
    assert not node.things and not out.cues


def spoilt_twins(inbox, chance: random.Random):
    """What a hostile nation would tell of the same objects: the same places, and nonsense that is let in."""
    for one in inbox:
        path = getattr(getattr(one, "payload", None), "path", None)
        if path is not None and one.origin == "USA":
            strange = extreme(chance, chance.randrange(3)).payload
            path = replace(
                strange.path,
                track_id=f"KOR-T{chance.randrange(3)}",
                time_s=path.time_s,
                position_ecef_m=path.position_ecef_m,
                velocity_ecef_mps=path.velocity_ecef_mps,
            )
            body = replace(strange, track_id=path.track_id, time_s=path.time_s, path=path)
            yield said("forecast", body, "KOR", path.time_s)
            if chance.random() < 0.3:
                yield verdict(path.track_id, path.time_s, chance.choice(["none", "unknown"]), "KOR")


def test_a_real_launch_is_followed_among_the_strangest_words(replayed, arms):
    """Paired, fused and compared with our own tracks: no word stops a step, and our own track stays."""
    node = nodes(replayed, "hub", 0)["JPN"]
    chance, told_of = random.Random(5), 0
    for time_s, who, inbox in arms["hub"].inboxes:
        if who != "JPN" or time_s > 260:
            continue
        strange = list(spoilt_twins(inbox, chance))
        told_of += len(strange)
        node, _ = step(node, [*inbox, *strange], time_s)
    assert told_of > 5 and any(thing.confirmed for thing in node.things)
