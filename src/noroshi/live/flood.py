"""Refusals are journaled one by one until they are a flood; then they are counted."""

from collections import Counter
from typing import Any

EACH_MINUTE = 100


class Flood:
    """Of one partner: EACH_MINUTE lines a minute for each code, then one that says how many more."""

    def __init__(self) -> None:
        self._minute = -1
        self._seen: Counter[str] = Counter()

    def let(self, code: str, entry: dict[str, Any], unix_s: float) -> list[dict[str, Any]]:
        """The lines to write for this refusal."""
        self._seen[code] += 1
        return [entry] if self._seen[code] <= EACH_MINUTE else []

    def over(self, unix_s: float) -> list[dict[str, Any]]:
        """When a minute is over: what was not written of it."""
        minute = int(unix_s // 60)
        if minute == self._minute:
            return []
        more = [(code, seen - EACH_MINUTE) for code, seen in self._seen.items() if seen > EACH_MINUTE]
        self._minute, self._seen = minute, Counter()
        return [
            {"reason": code, "detail": f"{count} more in a minute", "more": count} for code, count in more
        ]
