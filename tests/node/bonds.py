"""A node among partners that may tell each other everything, and what they tell."""

import itertools
from dataclasses import replace

from noroshi.node.state import Outbox, View
from noroshi.node.step import step
from noroshi.records.messages import AssessmentReport, Message
from noroshi.sharing.policy import Policy
from noroshi.sharing.release import compile_table
from tests.node.test_heard import coasting, word
from tests.sharing.words import NATIONS, message

OPEN = """
@id("all") @reason("a test")
permit (principal == Nation::"{nation}", action, resource);
"""


class At:
    """A delay of so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds

    def draw(self, u01):
        return self.seconds


def bonded(node, pass_on_s=None, **changes):
    """A nation's node with both partners on the line."""
    table = compile_table({nation: Policy(nation, OPEN.format(nation=nation)) for nation in NATIONS}, NATIONS)
    others = tuple(nation for nation in NATIONS if nation != node.desk.nation)
    delay = None if pass_on_s is None else At(pass_on_s)
    desk = replace(node.desk, table=table, partners=others, pass_on_s=delay, **changes)
    return replace(node, desk=desk)


_number = itertools.count(1)


def said(kind, payload, origin="USA", created_s=120.0, **more) -> Message:
    """A partner's message of any payload, with a name of its own."""
    one = replace(message(kind, origin=origin, expires_s=created_s + 900.0), **more)
    return replace(one, id=f"{origin}-x{next(_number)}", created_s=created_s, payload=payload)


def verdict(track, time_s, what="aircraft", origin="USA") -> Message:
    """A partner's word on what its track is by now."""
    return said("assessment", AssessmentReport(track, time_s, what, "it kept its height"), origin, time_s)


def forecast(track="USA-T1", time_s=120.0, origin="USA", place=(0.0, 0.0, 0.0)) -> Message:
    """A partner's forecast, made at the time of its state."""
    one = word(track, coasting(place, time_s), origin, kind="forecast")
    payload = replace(one.payload, time_s=time_s)
    return replace(one, id=f"{origin}-x{next(_number)}", created_s=time_s, payload=payload)


def told(node, *inbox, now_s=120.0):
    """The node after one step with this inbox, and what came out."""
    return step(node, list(inbox), now_s)


def lines(out: Outbox, event):
    """The journal's lines of one kind."""
    return [fields for _, name, fields in out.entries if name == event]


def threat(time_s=120.0, area="Aomori") -> View:
    """A forecast that surely threatens one area."""
    return View(
        time_s, (0.0,) * 10, 1.0, 1.0, ("USA",), 0.0, 40.0, 141.0, time_s + 300.0, 30.0, 10.0, 95.0,
        {area: 0.9}, {area: time_s + 200.0},
    )  # fmt: skip
