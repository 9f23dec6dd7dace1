"""What nodes say to each other beside warnings: checks, notices of keys and of leaving, heads of journals.

They travel as words of people (kind hotline) with a fixed beginning, so no node needs a special way in. The
commands of noroshi federation reach a running node here too, by a request at its own server.
"""

import asyncio
import base64
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from noroshi.errors import InputError, NoroshiError, Refused
from noroshi.live import home as homes
from noroshi.live import rotation, witness
from noroshi.live.clock import Clock
from noroshi.live.conformance import Conformance
from noroshi.live.exchange import Exchange
from noroshi.live.home import Home
from noroshi.records.messages import HotlineText, Message

# How such words begin; none of people do.
NOTICE, HEAD, WITNESS = KINDS = ("noroshi:notice", "noroshi:head", "noroshi:witness")
# A letter is some 10 kB; a text holds 4,096 characters.
_PART = 3_600
_MOST_PARTS = 12
_DELIVER_EVERY_S = 2.0
# So many entries make a new head worth telling: telling it makes some twenty.
_HEAD_EVERY = 40
_LOG = logging.getLogger(__name__)


class Liaison:
    """The federation's side of a running node.

    `takes` and `take` are for its exchange, before the node itself is asked; `handle` answers the commands
    of its own nation. `changed` is called with the home when its partners are others than before.
    """

    def __init__(
        self,
        home: Home,
        exchange: Exchange,
        clock: Clock,
        changed: Callable[[Home], None] | None = None,
    ) -> None:
        self.home, self.exchange, self.clock, self.changed = home, exchange, clock, changed
        self.subject = subject(home.nation)
        self.conformance = Conformance(home, exchange, clock)
        self._parts: dict[tuple[str, str], tuple[str, list[str | None]]] = {}
        self._witnessed = witness.witnessed(exchange.store.entries(), home.nation)
        self._head_sent = exchange.store.head()[0]
        exchange.store.on_head = self._on_head
        self._next: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        # What people at the node order and say; set by who has a node for it.
        self.people: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]] | None = None
        self._expect_next_key()
        self._begin(self._deliver())

    # -- between nodes

    def takes(self, message: Message) -> bool:
        """Whether a message is for here, and not for people."""
        payload = message.payload
        words = payload.text.partition(" ")[0] if isinstance(payload, HotlineText) else ""
        return words in KINDS or self.conformance.takes(message)

    def take(self, message: Message, partner: str) -> None:
        """Do what it says; nothing that a partner sends raises here."""
        if self.conformance.takes(message):
            self.conformance.take(message, partner)
        elif message.origin == partner and isinstance(message.payload, HotlineText):
            kind, data = self._collected(partner, message.payload.text)
            if kind == NOTICE:
                self._take_notice(partner, data)
            elif kind:
                self._begin(self._take_head(partner, kind, data))

    def _collected(self, partner: str, text: str) -> tuple[str, bytes]:
        """Kind and bytes, once all parts are here, else ("", b""); a new one throws away the last's parts."""
        try:
            kind, name, number, of, part = text.split(" ", 4)
            place, count = int(number), int(of)
        except ValueError:
            return "", b""
        if not (kind in KINDS and 0 <= place < count <= _MOST_PARTS and len(part) <= _PART):
            return "", b""
        kept = self._parts.get((partner, kind))
        if kept is None or kept[0] != name or len(kept[1]) != count:
            kept = self._parts[partner, kind] = (name, [None] * count)
        kept[1][place] = part
        if any(one is None for one in kept[1]):
            return "", b""
        del self._parts[partner, kind]
        try:
            return kind, base64.b64decode("".join(one or "" for one in kept[1]), validate=True)
        except ValueError:
            return "", b""

    def _take_notice(self, partner: str, letter: bytes) -> None:
        fields: dict[str, Any]
        try:
            notice = rotation.take_notice(self.home.folder, letter, f"notice of {partner}")
            fields = {"taken": True, "notice": notice.what, "said": notice.said}
        except (InputError, OSError) as error:
            fields = {"taken": False, "said": str(error)}
        entry = {"t_s": round(self.clock.now_s(), 3), "node": self.home.nation, "event": "notice"}
        self.exchange.store.put({**entry, "partner": partner, **fields})
        _LOG.warning("notice of %s: %s", partner, fields["said"])
        if fields["taken"]:
            self.reload()
            if fields["notice"] in rotation.PASSED_ON:
                self._begin(self._pass_on(partner))

    async def _pass_on(self, nation: str) -> None:
        """Tell the other partners what we know of a nation now."""
        for partner, letter in rotation.introduce(self.home.folder, nation).items():
            try:
                told = await self.tell(partner, letter)
            except (NoroshiError, OSError) as error:
                told = False
                _LOG.debug("to %s: %s", partner, error)
            if not told:
                _LOG.warning("%s was not told of %s", partner, nation)

    async def _deliver(self) -> None:
        """Send the notices that commands left while no node ran, as soon as the links are up."""
        while True:
            for path in sorted(self.home.outgoing_path.glob("*-to-*.notice")):
                partner = path.name.partition("-to-")[2][:3]
                if self.exchange.links.get(partner) not in ("up", "late"):
                    continue
                try:
                    if await self.tell(partner, path.read_bytes()):
                        done = path.parent / "sent"
                        done.mkdir(exist_ok=True)
                        path.rename(done / path.name)
                except (NoroshiError, OSError) as error:
                    _LOG.debug("%s: %s", path.name, error)
            await asyncio.sleep(_DELIVER_EVERY_S)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tell(self, partner: str, letter: bytes) -> bool:
        """Send a notice over the border; whether the partner's node has taken all parts of it."""
        return await self._tell(partner, NOTICE, letter)

    async def _tell(self, partner: str, kind: str, data: bytes) -> bool:
        text = base64.b64encode(data).decode()
        parts = [text[place : place + _PART] for place in range(0, len(text), _PART)]
        name = hashlib.sha256(data).hexdigest()[:16]
        words = [f"{kind} {name} {number} {len(parts)} {part}" for number, part in enumerate(parts)]
        return await self.conformance.tell(partner, words)

    # -- heads of journals: each partner countersigns ours, and we theirs

    def _on_head(self, data: bytes) -> None:
        """A new signed head: to every partner, unless little has happened but such heads."""
        seq = self.exchange.store.head()[0]
        if self._closed or seq - self._head_sent < _HEAD_EVERY:
            return
        self._head_sent = seq
        for partner in self.exchange.borders:
            if self.exchange.links.get(partner) == "up":
                self._begin(self._say_head(partner, HEAD, data))

    async def _say_head(self, partner: str, kind: str, data: bytes) -> None:
        try:
            await self._tell(partner, kind, data)
        except (NoroshiError, OSError) as error:
            _LOG.debug("to %s: %s", partner, error)

    async def _take_head(self, partner: str, kind: str, data: bytes) -> None:
        t_s, unix_s = round(self.clock.now_s(), 3), self.clock.unix_s()
        ring, signer, store = self.exchange.keyring, self.exchange.signer, self.exchange.store
        try:
            if kind == HEAD:
                made, entry, head = witness.answer(data, partner, self._witnessed, ring, signer, t_s, unix_s)
                await store.append(entry)
                self._witnessed[partner] = head
                await self._say_head(partner, WITNESS, made)
            else:
                await store.append(witness.accept(data, partner, self.home.nation, ring, t_s, unix_s))
        except Refused as error:
            about = {"t_s": t_s, "node": self.home.nation, "event": "refused", "direction": "in"}
            fields = {"partner": partner, "kind": "head", "reason": error.code, "detail": error.reason[:500]}
            store.put({**about, **fields, "sha256": hashlib.sha256(data).hexdigest()})
        except OSError as error:
            _LOG.warning("head of %s: %s", partner, error)

    # -- commands of the own nation

    async def handle(self, data: bytes) -> bytes:
        """Answer one request of noroshi federation: JSON in, JSON out."""
        try:
            asked = json.loads(data)
            answer = await self._do(str(asked["do"]), asked)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            answer = {"error": f"not understood: {error}"}
        except (NoroshiError, OSError) as error:
            answer = {"error": str(error)}
        return json.dumps(answer, ensure_ascii=False).encode()

    async def _do(self, what: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if what == "check":
            return (await self.conformance.check(str(asked["partner"]))).to_dict()
        if what == "tell":
            letter = base64.b64decode(asked["letter"], validate=True)
            return {"told": await self.tell(str(asked["partner"]), letter)}
        if what == "reload":
            self.reload()
            if nation := asked.get("introduce"):
                self._begin(self._pass_on(str(nation)))
            return {"reloaded": True}
        if what == "status":
            return {"links": dict(self.exchange.links)}
        if what in ("act", "say") and self.people is not None:
            return await self.people(asked)
        return {"error": f"not understood: {what[:40]}"}

    def reload(self) -> None:
        """Read the home anew: keys count from now on; other partners are the node's business (`changed`)."""
        before = set(self.home.partners)
        self.home = homes.load_home(self.home.folder)
        self.conformance.home = self.home
        self.exchange.keyring = self.home.keyring
        self.exchange.signer = self.home.signer
        self._expect_next_key()
        if set(self.home.partners) != before and self.changed is not None:
            self.changed(self.home)

    def _expect_next_key(self) -> None:
        """Change to the next signing key when its time comes."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        now = self.clock.unix_s()
        waits_s = [key.valid_from_s - now for key in self.home.own_keys if key.valid_from_s > now]
        if waits_s:
            loop = asyncio.get_running_loop()
            # A timer of days is looked after once a day.
            self._next = loop.call_later(min(min(waits_s) + 0.01, 86_400.0), self.reload)

    def close(self) -> None:
        """Let go of timers and tasks."""
        self._closed = True
        if self._next is not None:
            self._next.cancel()
        for task in self._tasks:
            task.cancel()
        self.conformance.close()


def subject(nation: str) -> str:
    """Where a node hears the commands of its own nation, in its own account."""
    return f"federation.{nation}"
