"""Who is looked at when a radar has more tracks than time: the longest overdue first."""

from collections.abc import Iterable
from dataclasses import dataclass

# Whole looks and due times are found by adding up fractions.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Request:
    """A track that wants a look every `period_s`; `last_s` is when it had one, -inf for never.

    What moves steadily asks for a longer period: that is its lower priority. With no time for all, what has
    twice the `weight` waits half as long; it is not due any sooner.
    """

    name: str
    period_s: float
    last_s: float
    weight: float = 1.0

    def overdue(self, now_s: float) -> float:
        """How many of its periods have gone by since its last look; it is due from 1 on."""
        return (now_s - self.last_s) / self.period_s


def share_out(
    requests: Iterable[Request], now_s: float, new_looks: float, left_looks: float
) -> tuple[frozenset[str], float]:
    """Names that are served now, and the looks that are left for the next time.

    `new_looks` is the time for tracks since the last call over the time of one look, rarely a whole number:
    `left_looks` carries the rest on. Idle time cannot be saved up, so no more than one look is left. Who was
    never looked at goes first, then the longest overdue by its own period and weight, then by name: with too
    many tracks all of them wait in proportion, and none for ever.
    """
    room = left_looks + new_looks
    due = [one for one in requests if one.overdue(now_s) >= 1 - _ROUNDING]
    waiting = sorted((-one.weight * one.overdue(now_s), one.name) for one in due)
    served = frozenset(name for _, name in waiting[: int(room + _ROUNDING)])
    return served, min(max(room - len(served), 0.0), 1.0)
