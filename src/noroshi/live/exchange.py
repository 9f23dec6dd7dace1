"""One nation's exchange with its partners: nothing leaves or enters unjudged, nothing acknowledged is lost.

The journal is the outbox. `send` returns when the sealed message stands in it; from then on a shipper brings
it to the partner's side, over any number of crashes, until that side says that it is on disk there (receipt)
or it has expired. What comes in is judged, journaled, acknowledged to the carrier, handed out, in this order.
"""

import asyncio
import base64
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live import parcels, unfinished, verdicts
from noroshi.live.clock import Clock
from noroshi.live.flood import Flood
from noroshi.live.intake import KNOWN_AFTER_S, Intake, Judged, Original
from noroshi.live.notes import Notes
from noroshi.live.outbox import Parcel
from noroshi.live.shipper import Shipper
from noroshi.live.store import Entry, Store
from noroshi.live.transport import Delivery, Transport
from noroshi.records.messages import LANES, Message, ReceiptList, lane
from noroshi.sharing import envelope, guard
from noroshi.sharing.keys import Keyring, Signer
from noroshi.sharing.release import Decision

# A link whose oldest message has waited so long is late, s.
LATE_AFTER_S = 5.0
WATCH_EVERY_S = 0.5
BATCH, BATCH_BYTES = 128, 4 << 20

_LOG = logging.getLogger(__name__)

Take = Callable[[Message, float | None, str], None]


class Exchange:
    """Sends and receives for `me` over the borders given; `run` does the work until it is cancelled.

    `take(message, due_s, partner)` gets each message once, in the order of each partner; after a restart
    again those that were journaled but stand in no receipt of ours, or, with `hand_out_all`, all that have
    not expired: for a node that has forgotten them. Sending a message again that was sent to that nation does
    nothing. `held` are nations to which nothing goes now. `told(partner, name, verdict)` hears every verdict
    of a partner's node, asked for or not.
    """

    def __init__(
        self,
        me: str,
        borders: Mapping[str, guard.Border],
        store: Store,
        transport: Transport,
        signer: Signer,
        keyring: Keyring,
        clock: Clock,
        take: Take,
        *,
        sign_post_quantum: bool = False,
        need_post_quantum: bool = False,
        receipt_after_s: float = 1.0,
        hand_out_all: bool = False,
    ) -> None:
        self.me, self.borders, self.store, self.transport = me, borders, store, transport
        self.signer, self.clock, self.take = signer, clock, take
        self.held: Collection[str] = ()
        self.told: Callable[[str, str, str], None] | None = None
        self.links = dict.fromkeys(borders, "down")
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._intake = Intake(me, borders, keyring, need_post_quantum)
        self._post_quantum = sign_post_quantum
        # Where the journal stood when this process began: no other one began there.
        incarnation = store.head()[1][:12]
        self._notes = Notes(me, store, clock, self.counts)
        self._shippers = {
            partner: Shipper(partner, transport, incarnation, self._receipted, self._not_shipped)
            for partner in borders
        }
        self._sent: dict[tuple[str, str], float] = {}
        self._unacknowledged: dict[tuple[str, str], float] = {}
        self._verdicts = {partner: verdicts.Verdicts(receipt_after_s) for partner in borders}
        self._floods = {partner: Flood() for partner in borders}
        self._moved = asyncio.Event()
        self._again: list[tuple[str, Judged]] = []
        self._recover(hand_out_all)

    @property
    def keyring(self) -> Keyring:
        """The keys that are taken; a new ring counts from the next message on."""
        return self._intake.keyring

    @keyring.setter
    def keyring(self, keyring: Keyring) -> None:
        self._intake.keyring = keyring

    async def send(self, message: Message, to: str, due_s: float | None = None) -> Decision:
        """Acknowledge `message` for `to`: when this returns an allowed decision, it is in our journal.

        A refusal (guard, no border, or rule "busy": too much waits, which never meets a warning) is journaled
        too. Raises OSError where the journal cannot be written: then nothing was acknowledged.
        """
        now_s = self.clock.now_s()
        decision = self._judged_out(message, to, now_s)
        if decision.allowed and (to, message.id) not in self._sent:
            try:
                entry = self._outgoing(message, to, due_s)
            except Refused as error:
                decision = Decision(False, None, error.reason, error.code, decision.policy_sha256)
            else:
                await self._post(entry)
                return decision
        if not decision.allowed:
            self.counts["refused_out", to, decision.rule] += 1
            about = {"message": message.id, "kind": message.kind, "origin": message.origin, "to": to}
            fields = {**about, "direction": "out", "reason": decision.rule, "detail": decision.reason}
            self._notes.note("refused", {"partner": to, **fields})
        return decision

    async def run(self) -> None:
        """Hand out again what a restart left over; ship, receive, and watch the links until cancelled."""
        for partner, one in self._again:
            self._hand_out(partner, one)
        self._again.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                for partner, shipper in self._shippers.items():
                    tasks.create_task(shipper.run())
                    tasks.create_task(self._receive(partner))
                tasks.create_task(self._watch())
        finally:
            self._notes.close()

    async def settled(self, timeout_s: float, taken: bool = False) -> bool:
        """Wait until each partner's side holds all that was sent (`taken`: until its node says so too)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while any(len(one.box) for one in self._shippers.values()) or (
                    taken and self._unacknowledged
                ):
                    self._moved.clear()
                    await self._moved.wait()
                return True
        return False

    def expect(self, partner: str, name: str, expires_s: float) -> None:
        """Await the partner's verdict on what went there in another way than by `send`."""
        self._unacknowledged[partner, name] = expires_s

    def status(self) -> dict[str, dict[str, Any]]:
        """Per partner: link, what waits in each lane, how long the oldest has waited, what is unconfirmed."""
        unix_s = self.clock.unix_s()
        told = {}
        for partner, shipper in self._shippers.items():
            box = shipper.box
            oldest_s = box.oldest_s()
            told[partner] = {
                "link": self.links[partner],
                "waiting": {name: box.waiting(number) for number, name in enumerate(LANES)},
                "unreceipted": len(box),
                "oldest_s": 0.0 if oldest_s is None else max(0.0, unix_s - oldest_s),
                "unacknowledged": sum(to == partner for to, _ in self._unacknowledged),
            }
        return told

    # -- out

    def _judged_out(self, message: Message, to: str, now_s: float) -> Decision:
        border = self.borders.get(to)
        if border is None:
            return Decision(False, None, f"{self.me} has no border with {to}", "no_border", "")
        decision = guard.egress(message, border, now_s, self.held)
        box = self._shippers[to].box
        if decision.allowed and not box.room(lane(message.kind)):
            reason = f"{len(box)} messages wait for {to}; {LANES[lane(message.kind)]}s wait outside"
            return Decision(False, None, reason, "busy", decision.policy_sha256)
        return decision

    def _sealed(self, message: Message, border: guard.Border) -> bytes:
        """Our own under our seal, another's as it came, and what is derived of another's under ours again."""
        if message.origin != self.me:
            original = self._intake.original(message.id)
            if original is not None and (
                message.derived_from is None or original.signed_by == message.origin
            ):
                return original.sealed
            if message.derived_from is None:
                raise Refused(
                    "no_original", f"the sealed message {message.id} of {message.origin} is not here"
                )
        return envelope.seal(wire.encode(message, border.epoch_utc), self.signer, self._post_quantum)

    def _outgoing(self, message: Message, to: str, due_s: float | None) -> Entry:
        border = self.borders[to]
        subject = guard.subject(message, border.positions)
        sealed = self._sealed(message, border)
        return self._notes.line("outgoing", parcels.fields(message, to, subject, sealed, due_s))

    async def _post(self, entry: Entry) -> None:
        """Journal, then queue: in the order of calls, for the journal's lines are in that order too."""
        to = entry["to"]
        key = to, entry["message"]
        self._sent[key] = entry["expires_s"]
        written = self.store.put(entry)

        def queue(done: "asyncio.Future[int]") -> None:
            if done.cancelled() or done.exception() is not None:
                self._sent.pop(key, None)
                return
            if entry["kind"] != "receipt":
                self._unacknowledged[key] = entry["expires_s"]
            self.counts["sent", to, entry["kind"]] += 1
            self._shippers[to].put(parcels.parcel(entry, self.clock.unix_s()))

        written.add_done_callback(queue)
        # Shielded: who sends may be cancelled, what stands in the journal goes all the same.
        await asyncio.shield(written)

    def _receipted(self, partner: str, parcel: Parcel) -> None:
        self._notes.note("receipt", {"message": parcel.message_id, "to": partner})
        self.counts["receipt", partner, ""] += 1
        self._moved.set()

    def _not_shipped(self, partner: str) -> None:
        self.counts["not_shipped", partner, ""] += 1

    # -- in

    async def _receive(self, partner: str) -> None:
        arrived: asyncio.Queue[Delivery] = asyncio.Queue(2 * BATCH)

        async def read() -> None:
            async for delivery in self.transport.inbox(partner):
                await arrived.put(delivery)

        reader = asyncio.create_task(read())
        try:
            while True:
                batch, size = [await arrived.get()], 0
                while not arrived.empty() and len(batch) < BATCH and size < BATCH_BYTES:
                    batch.append(arrived.get_nowait())
                    size += len(batch[-1].data)
                await self._take_in(partner, batch)
        finally:
            reader.cancel()

    async def _take_in(self, partner: str, batch: list[Delivery]) -> None:
        """Judge, journal, acknowledge, hand out."""
        now_s, unix_s = self.clock.now_s(), self.clock.unix_s()
        judged, entries = [], []
        for number, delivery in enumerate(batch):
            if number % 16 == 15:
                await asyncio.sleep(0)  # others have their turn: judging takes some 0.3 ms each
            one = self._intake.judge(partner, delivery, now_s, unix_s)
            if one is None:
                self.counts["duplicate", partner, ""] += 1
                continue
            if lines := self._entries(partner, one, delivery.data):
                judged.append(one)
                entries += lines
        await self._notes.write(entries)
        await batch[-1].ack()
        for one in judged:
            self._hand_out(partner, one)
        self._moved.set()

    def _entries(self, partner: str, one: Judged, data: bytes) -> list[Entry]:
        """The journal's lines about one delivery."""
        line = self._notes.line
        if one.message is None:
            self.counts["refused", partner, one.code] += 1
            entry = line("refused", {"direction": "in", **one.fields})
            return self._floods[partner].let(one.code, entry, self.clock.unix_s())
        fields = {**one.fields, "sealed": base64.b64encode(data).decode()}
        lines = [line("incoming", fields)]
        if isinstance(one.message.payload, ReceiptList):
            for name, verdict in one.message.payload.of:
                if self.told is not None:
                    self.told(partner, name, verdict)
                if self._unacknowledged.pop((partner, name), None) is None:
                    self.counts["acknowledged_unasked", partner, ""] += 1
                    continue
                self.counts["acknowledged", partner, verdict[:32]] += 1
                said = {"message": name, "partner": partner, "verdict": verdict[:64]}
                lines.append(line("acknowledged", said))
        return lines

    def _hand_out(self, partner: str, one: Judged) -> None:
        message = one.message
        if one.fields.get("kind") == "receipt":
            return  # ours to read; a receipt is not acknowledged again
        code = one.code
        if message is not None:
            self.counts["taken", partner, message.kind] += 1
            try:
                self.take(message, one.due_s, partner)
            except Exception:  # what a partner sends never ends the exchange
                _LOG.exception("message %s of %s was not taken by the node", one.name, partner)
                code = "failed"
        self._verdicts[partner].add(one.name, code)

    # -- both

    async def _watch(self) -> None:
        """Twice a second: expiry, links, receipts; now and then forget what is long past."""
        turns = 0
        while True:
            now_s, unix_s = self.clock.now_s(), self.clock.unix_s()
            for partner, shipper in self._shippers.items():
                for parcel in shipper.box.expire(now_s):
                    self._unacknowledged.pop((partner, parcel.message_id), None)
                    self.counts["expired", partner, ""] += 1
                    self._notes.note("expired", {"message": parcel.message_id, "to": partner})
                    self._moved.set()
                self._watch_link(partner, unix_s)
                for entry in self._floods[partner].over(unix_s):
                    self._notes.note("refused", {"partner": partner, "direction": "in", **entry})
                await self._send_verdicts(partner, unix_s)
            turns += 1
            if turns % 120 == 0:
                self._forget(now_s)
            await asyncio.sleep(min([WATCH_EVERY_S, *(one.after_s for one in self._verdicts.values())]))

    def _watch_link(self, partner: str, unix_s: float) -> None:
        state, oldest_s = self.transport.link(partner), self._shippers[partner].box.oldest_s()
        if state != "down" and oldest_s is not None and unix_s - oldest_s > LATE_AFTER_S:
            state = "late"
        if state != self.links[partner]:
            self.links[partner] = state
            self._notes.note("link", {"partner": partner, "state": state})

    async def _send_verdicts(self, partner: str, unix_s: float) -> None:
        while pairs := self._verdicts[partner].due(unix_s):
            message = verdicts.message(
                self.me, partner, pairs, self.clock.now_s(), self.borders[partner].exercise
            )
            try:
                decision = await self.send(message, partner)
            except OSError:
                self._verdicts[partner].again(pairs)
                return
            if not decision.allowed:
                _LOG.warning("no receipts to %s: %s", partner, decision.reason)

    def _forget(self, now_s: float) -> None:
        self._intake.forget(now_s)
        waiting = {
            (to, parcel.message_id)
            for to, shipper in self._shippers.items()
            for parcel in shipper.box.parcels()
        }
        for book in (self._sent, self._unacknowledged):
            for key, expires_s in list(book.items()):
                if expires_s + KNOWN_AFTER_S < now_s and key not in waiting:
                    del book[key]

    def _recover(self, hand_out_all: bool) -> None:
        """Take up what the journal holds open."""
        now_s, unix_s = self.clock.now_s(), self.clock.unix_s()
        found = unfinished.of(self.store.entries(), now_s, KNOWN_AFTER_S)
        self._sent, self._unacknowledged = found.sent, found.unacknowledged
        for (to, _), entry in found.outgoing.items():
            if to in self._shippers:
                self._shippers[to].put(parcels.parcel(entry, unix_s))
        for name, entry in found.incoming.items():
            partner, sealed = entry["partner"], parcels.sealed(entry)
            self._intake.know(name, entry["sha256"], partner, entry["expires_s"])
            if entry["expires_s"] < now_s and name not in found.unhanded:
                continue
            try:
                message, signed_by = self._intake.reopen(sealed, unix_s)
            except Refused:
                self.counts["refused", partner, "key_gone"] += 1
                continue
            self._intake.keep(name, Original(sealed, signed_by))
            if (hand_out_all or name in found.unhanded) and partner in self.borders:
                self._again.append((partner, Judged(name, "taken", entry, message, entry["due_s"])))
        for (partner, name), code in found.refused.items():
            if partner in self.borders:
                self._verdicts[partner].add(name, code)
