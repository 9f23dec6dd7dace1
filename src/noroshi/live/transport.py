"""What carries sealed messages between nations: the exchange knows this, never NATS."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from noroshi.errors import NoroshiError

# The message before this one on its way to the same partner, by the name under which it was shipped: what
# comes after a gap is not taken, so that order survives a lost message.
AFTER = "Noroshi-After"
# Exercise time, seconds after the epoch, at which the receiver may know it: the line of an exercise.
DUE = "Noroshi-Due"

LINK_STATES = ("up", "degraded", "down", "late")


class Unreachable(NoroshiError):
    """The partner's side did not say in time that it holds the message; it may hold it nevertheless."""


@dataclass(frozen=True)
class Delivery:
    """One message as the own side of the border holds it.

    `ack` says that this one and all before it are on our own disk and need not be kept for us any more.
    """

    subject: str
    data: bytes
    headers: Mapping[str, str]
    ack: Callable[[], Awaitable[None]]


class Transport(Protocol):
    """Durable, in order, at least once; what was not acknowledged is delivered again after a restart."""

    async def ship(
        self, partner: str, subject: str, msg_id: str, data: bytes, headers: Mapping[str, str]
    ) -> None:
        """Return when the partner's side holds it on disk (or held it already); else raise Unreachable."""
        ...

    def inbox(self, partner: str) -> AsyncIterator[Delivery]:
        """What came from `partner`, in the order in which its side was told that we hold it; never ends."""
        ...

    def link(self, partner: str) -> str:
        """How the way to `partner` stands: "up", "degraded" (server there, node silent) or "down"."""
        ...
