"""Entries of a journal chosen and put into one line of text each."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from noroshi.errors import InputError

Entry = dict[str, Any]
_LONG = 120  # characters of one value
_NOT_TOLD = ("seq", "t_s", "utc", "node", "event")
_FIRST = ("message", "kind", "origin", "partner", "to", "form", "state", "verdict", "reason", "detail")
HEADINGS = f"{'seq':>7}  {'t_s':>10}  {'utc':<12}  {'node':<4}  {'event':<13}  what"


def chosen(
    events: Sequence[str], nodes: Sequence[str], message: str | None, since: str | None, until: str | None
) -> Callable[[Entry], bool]:
    """Says of an entry whether it is wanted; what is not given does not count.

    `since` and `until` are seconds after the epoch or a time in ISO 8601. Raises InputError for others.
    """
    after, before = _time(since, "--since"), _time(until, "--until")

    def wanted(entry: Entry) -> bool:
        if events and entry.get("event") not in events:
            return False
        if nodes and entry.get("node") not in nodes:
            return False
        if message is not None and message not in (entry.get("message"), entry.get("derived_from")):
            return False
        return (after is None or after(entry) >= 0) and (before is None or before(entry) <= 0)

    return wanted


def text(entry: Entry) -> str:
    """One line for people."""
    t_s, utc = entry.get("t_s"), str(entry.get("utc", ""))
    names = [*(name for name in _FIRST if name in entry), *(name for name in entry if name not in _FIRST)]
    shown = [name for name in names if name not in _NOT_TOLD and entry[name] is not None]
    told = " ".join(f"{name}={_value(name, entry[name])}" for name in shown)
    when = f"{t_s:.1f}" if isinstance(t_s, int | float) else ""
    node, event = str(entry.get("node", "")), str(entry.get("event", ""))
    return f"{entry['seq']:>7}  {when:>10}  {utc[11:23]:<12}  {node:<4}  {event:<13}  {told}".rstrip()


def _value(name: str, value: Any) -> str:
    if name in ("sealed", "head", "countersigned") and isinstance(value, str):
        return f"<{len(value)} characters>"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    # What a partner wrote must not move the cursor or colour the terminal.
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in shown)
    return shown if len(shown) <= _LONG else shown[:_LONG] + "…"


def _time(given: str | None, option: str) -> Callable[[Entry], float] | None:
    """How far an entry is after the time given, in seconds; NaN, which is neither, where it has no time."""
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        pass
    else:
        return lambda entry: _number(entry.get("t_s")) - seconds
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        need = "must be seconds after the epoch, or a time such as 2026-05-01T00:00:00Z."
        raise InputError("", option, given, need) from None
    wanted = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return lambda entry: _unix_s(entry.get("utc")) - wanted


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _unix_s(value: Any) -> float:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return math.nan
