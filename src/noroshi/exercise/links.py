"""Simulated links between nations: delay, loss and outage, by seed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from noroshi.records import keys


class Delay(Protocol):
    """A distribution of delays, in seconds."""

    def draw(self, u01: float) -> float:
        """The delay at quantile `u01` in [0, 1)."""
        ...


@dataclass(frozen=True)
class Link:
    """A two-way link between nations `a` and `b`; it stores what is lost and sends it again.

    `outages` are [start, end) in seconds. What is lost, on its way when the link goes out, or written during
    an outage, is sent again every `retry_s` until it arrives.
    """

    a: str
    b: str
    delay: Delay
    loss_probability: float = 0.0
    outages: tuple[tuple[float, float], ...] = ()
    # Assumption: the sender misses the receipt after a second; no figure for the real links is public.
    retry_s: float = 1.0

    def joins(self, one: str, other: str) -> bool:
        """Whether it runs between these two, either way round."""
        return {one, other} == {self.a, self.b}


class Delivery(NamedTuple):
    """When it arrives (None: not before the deadline, so never) and how often it was sent."""

    arrives_s: float | None
    attempts: int


def send(link: Link, seed: int, message_id: str, now_s: float, deadline_s: float = math.inf) -> Delivery:
    """Send at `now_s`, again until it arrives, but start no attempt after `deadline_s` (say, its expiry).

    The draws of a message hang on the seed, the link's two nations and the message's id alone, and those of
    its n-th attempt on n: no other message alters them, and waiting for an outage to end draws nothing.
    """
    if link.loss_probability >= 1.0:
        return Delivery(None, 0)
    chance = keys.generator(seed, "link", *sorted((link.a, link.b)), message_id)
    attempts = 0
    start_s = _when_up(link, now_s)
    while start_s <= deadline_s and math.isfinite(start_s):
        attempts += 1
        u_loss, u_delay = chance.random(2)
        arrives_s = start_s + max(0.0, link.delay.draw(float(u_delay)))
        if u_loss >= link.loss_probability and not _fails(link, start_s, arrives_s):
            return Delivery(arrives_s, attempts)
        start_s = _when_up(link, start_s + link.retry_s)
    return Delivery(None, attempts)


def _when_up(link: Link, time_s: float) -> float:
    """The first try at `time_s` or a whole number of retries later that no outage meets."""
    for out_s, back_s in sorted(link.outages):
        if out_s <= time_s < back_s:
            if math.isinf(back_s):
                return math.inf
            time_s += math.ceil((back_s - time_s) / link.retry_s) * link.retry_s
    return time_s


def _fails(link: Link, start_s: float, end_s: float) -> bool:
    """Whether the link goes out while the message is under way."""
    return any(start_s < out_s <= end_s for out_s, _ in link.outages)


def between(links: Iterable[Link], one: str, other: str) -> Link | None:
    """The link that joins two nations, or None: then nothing flows straight between them."""
    return next((link for link in links if link.joins(one, other)), None)
