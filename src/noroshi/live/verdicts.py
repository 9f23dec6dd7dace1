"""Signed receipts: what became of a partner's messages, told in lists so that refusals show on both sides."""

import hashlib
from collections import deque

from noroshi.records.labels import Label
from noroshi.records.messages import Message, ReceiptList

MOST = 100
LASTS_S = 3600.0


class Verdicts:
    """What is to be told to one partner: after `after_s`, or as soon as MOST wait."""

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        self._waiting: deque[tuple[str, str]] = deque()
        self._since_s: float | None = None

    def add(self, name: str, verdict: str) -> None:
        """`name` is a message's id or the hash of its bytes; `verdict` "taken" or the code of the refusal."""
        self._waiting.append((name, verdict))

    def due(self, unix_s: float) -> tuple[tuple[str, str], ...]:
        """What goes in one message now; empty where it can wait."""
        if not self._waiting:
            self._since_s = None
            return ()
        if self._since_s is None:
            self._since_s = unix_s
        if len(self._waiting) < MOST and unix_s - self._since_s < self.after_s:
            return ()
        self._since_s = None
        return tuple(self._waiting.popleft() for _ in range(min(MOST, len(self._waiting))))

    def again(self, pairs: tuple[tuple[str, str], ...]) -> None:
        """They could not be journaled: they wait on, first."""
        self._waiting.extendleft(reversed(pairs))


def message(
    me: str, partner: str, pairs: tuple[tuple[str, str], ...], now_s: float, exercise: bool
) -> Message:
    """The receipt message; its id is made of what it says: the same when it is written again."""
    text = "\n".join([me, partner, *(f"{name} {verdict}" for name, verdict in pairs)])
    return Message(
        id=f"{me}-receipt-{hashlib.sha256(text.encode()).hexdigest()[:24]}",
        kind="receipt",
        origin=me,
        created_s=now_s,
        expires_s=now_s + LASTS_S,
        label=Label(me, (partner,), exercise),
        payload=ReceiptList(pairs),
        provenance=(),
    )
