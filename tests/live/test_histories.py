"""Seeded histories in which everything fails: what was acknowledged is where it must be, once, in order."""

import pytest

from noroshi.live.intake import Intake
from noroshi.live.notes import Notes
from noroshi.live.outbox import Outbox, Shipment
from tests.live.histories import Told, history


def lost(told: Told) -> list[tuple[str, str, str]]:
    """What was acknowledged for a nation and neither arrived there, nor expired, nor was refused as stale."""
    return [
        (name, nation, to)
        for name, nation, to in told.sent
        if name not in told.taken(to)
        and (name, to) not in told.ended(nation)
        and told.refused(to).get(name) != "stale"
    ]


def not_relayed(told: Told) -> list[tuple[str, str, str]]:
    """What a relay took and neither brought on, nor let expire, nor found expired."""
    missing = []
    for (origin, to), between in told.routes.items():
        for name in told.taken(between):
            if not name.startswith(f"{origin}-") or to not in told.labels[name] or name in told.taken(to):
                continue
            refusals = [
                e["reason"]
                for e in told.journals[between]
                if e["event"] == "refused" and e.get("message") == name
            ]
            if (
                (name, to) not in told.ended(between)
                and told.refused(to).get(name) != "stale"
                and "stale" not in refusals
            ):
                missing.append((name, between, to))
    return missing


def holds(seed: int, messages: int) -> None:
    told = history(seed, messages)
    assert told.settled, f"seed {seed}"
    assert told.wrong() == [], f"seed {seed}"
    assert lost(told) == [], f"seed {seed}"
    assert not_relayed(told) == [], f"seed {seed}"
    for nation in told.nations:
        taken = told.taken(nation)
        assert len(taken) == len(set(taken)), f"seed {seed}"
        assert all(nation in told.labels[name] for name in taken), f"seed {seed}: a leak to {nation}"


@pytest.mark.parametrize("tens", range(10))
def test_whatever_fails_each_acknowledged_message_is_at_each_nation_it_was_for_once_and_nowhere_else(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        holds(seed, messages=15)


@pytest.mark.soak
@pytest.mark.parametrize("hundreds", range(10))
def test_a_thousand_longer_histories_hold_too(hundreds):
    for seed in range(1000 + 100 * hundreds, 1100 + 100 * hundreds):
        holds(seed, messages=40)


def test_a_history_is_the_same_each_time():
    one, other = history(4, 10), history(4, 10)
    assert one.sent == other.sent
    assert (one.crashes, one.full) == (other.crashes, other.full)
    order = [[(e["event"], e.get("message")) for e in told.journals["USA"]] for told in (one, other)]
    assert order[0] == order[1]


def test_histories_hold_crashes_full_disks_and_expiry():
    told = [history(seed, 15) for seed in range(2, 8)]
    assert sum(one.crashes for one in told) > 5
    assert sum(one.full for one in told) > 0
    events = {entry["event"] for one in told for lines in one.journals.values() for entry in lines}
    assert {"outgoing", "receipt", "incoming", "acknowledged", "expired", "link"} <= events
    assert any(entry.get("late_s") for one in told for lines in one.journals.values() for entry in lines)


async def without_waiting(self, entries):
    """A mutant: what comes in is acknowledged before it is on disk."""
    for entry in entries:
        self._store.put(entry).add_done_callback(lambda done: done.exception())


def forgetful(self, message_id, sha256, partner, expires_s):
    """A mutant: it knows nothing of what it took."""


def unordered(self, rest=Outbox.next):
    """A mutant: the partner's side is not told what came before."""
    shipment = rest(self)
    return None if shipment is None else Shipment(shipment.parcel, None, shipment.run)


@pytest.mark.parametrize(
    "place, name, mutant",
    [(Notes, "write", without_waiting), (Intake, "know", forgetful), (Outbox, "next", unordered)],
    ids=["acknowledged-early", "forgetful", "unordered"],
)
def test_an_exchange_that_breaks_its_promise_is_found_out(place, name, mutant, monkeypatch):
    monkeypatch.setattr(place, name, mutant)
    for seed in range(60):
        told = history(seed, 15)
        if told.wrong() or lost(told) or not_relayed(told) or not told.settled:
            return
    pytest.fail("sixty histories and nobody noticed")
