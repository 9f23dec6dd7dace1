"""Conformance over a live border: both sides show that what should arrive does, and that nothing else can.

Words of the check travel as ordinary messages of kind hotline, so they are judged like any other. Canaries
go past the own guard on purpose: the partner must refuse each, and say so in its signed receipt.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live.clock import Clock
from noroshi.live.exchange import Exchange
from noroshi.live.home import Home
from noroshi.live.transport import Unreachable
from noroshi.records.labels import Label
from noroshi.records.messages import FORMS, HotlineText, Message
from noroshi.sharing import envelope, guard
from noroshi.sharing.release import release
from noroshi.sharing.sanitise import to_form

AUTHOR = "conformance"
# No words of people begin so.
_START = "noroshi:check "
_LASTS_S = 600.0
# The partner's receipts come about once a second; it may be busy.
PATIENCE_S = 20.0
_BOTH_S = 90.0
# A check takes some 6 s; nobody waits longer than this.
LONGEST_S = 200.0


@runtime_checkable
class StreamCarrier(Protocol):
    """A transport with a stream interface that a partner must not reach."""

    def domain(self, nation: str) -> str:
        """By which name that of a nation is asked for."""
        ...

    async def request(self, partner: str, subject: str, data: bytes, timeout_s: float) -> bytes | None:
        """Ask anything over the border; None where nobody answers."""
        ...

    async def streams(self) -> set[str]:
        """Names of the streams at our own server."""
        ...


@dataclass(frozen=True)
class Line:
    """One thing that was tried: `side` is the nation that tried it."""

    side: str
    name: str
    passed: bool
    said: str


@dataclass(frozen=True)
class Result:
    """What a check found. `minutes` are those since the invitation was written, once all has passed."""

    partner: str
    lines: tuple[Line, ...]
    minutes: float

    @property
    def passed(self) -> bool:
        """Whether everything did."""
        return bool(self.lines) and all(line.passed for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        lines = [vars(line) for line in self.lines]
        return {
            "partner": self.partner,
            "passed": self.passed,
            "minutes": round(self.minutes, 3),
            "lines": lines,
        }


class Conformance:
    """One nation's part in checks, its own and its partners'.

    The service hands it every message that it `takes`; `check` runs while the exchange does.
    """

    def __init__(self, home: Home, exchange: Exchange, clock: Clock) -> None:
        self.home, self.exchange, self.clock = home, exchange, clock
        self._awaited: dict[tuple[str, str], asyncio.Future[Any]] = {}
        self._running: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        exchange.told = self._told

    # -- what comes in

    def takes(self, message: Message) -> bool:
        """Whether a message is of a check, and not for people."""
        payload = message.payload
        return isinstance(payload, HotlineText) and payload.text.startswith(_START)

    def take(self, message: Message, partner: str) -> None:
        """Answer or use a message of a check; what makes no sense is passed over."""
        assert isinstance(message.payload, HotlineText)
        try:
            said = json.loads(message.payload.text.removeprefix(_START))
            step, nonce = str(said["step"]), str(said["nonce"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        if message.origin != partner:
            return
        if step in ("answer", "trace_answer", "report"):
            self._settle(partner, f"{step} {nonce}", said)
        elif step in ("challenge", "trace", "check"):
            task = asyncio.get_running_loop().create_task(self._answer(partner, step, nonce))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, partner: str, step: str, nonce: str) -> None:
        if step == "challenge":
            await self._say(
                partner, {"step": "answer", "nonce": nonce, "kid": self.exchange.signer.public.kid}
            )
        elif step == "trace":
            carrier = self.exchange.transport
            found = isinstance(carrier, StreamCarrier) and _canary_stream(nonce) in await carrier.streams()
            await self._say(partner, {"step": "trace_answer", "nonce": nonce, "found": found})
        elif partner not in self._running:
            # One at a time: a partner that asks and asks makes no work.
            lines = await self._outward(partner)
            told = [[line.name, line.passed, line.said[:150]] for line in lines]
            await self._say(partner, {"step": "report", "nonce": nonce, "lines": told})

    def _told(self, partner: str, name: str, verdict: str) -> None:
        self._settle(partner, f"verdict {name}", verdict)

    def _settle(self, partner: str, what: str, value: Any) -> None:
        awaited = self._awaited.get((partner, what))
        if awaited is not None and not awaited.done():
            awaited.set_result(value)

    # -- what goes out

    async def check(self, partner: str) -> Result:
        """Try everything from our side, then have the partner try it from theirs."""
        known = self.home.partners.get(partner)
        if known is None or partner not in self.exchange.borders:
            need = f"{self.home.nation} has no border with {partner}"
            return Result(partner, (Line(self.home.nation, "border", False, need),), 0.0)
        lines = await self._outward(partner)
        if len(lines) > 2:
            lines += await self._inward(partner)
        minutes = (self.clock.unix_s() - known.invited_unix_s) / 60
        result = Result(partner, tuple(lines), minutes)
        failed = [f"{line.side} {line.name}" for line in lines if not line.passed]
        entry: dict[str, Any] = {"t_s": round(self.clock.now_s(), 3), "node": self.home.nation}
        entry["event"] = "conformance"
        entry |= {"partner": partner, "passed": result.passed, "failed": failed}
        await self.exchange.store.append(entry)
        return result

    async def tell(self, partner: str, words: Sequence[str]) -> bool:
        """Say each of `words`; whether the partner's node has taken them all. Raises Refused, OSError."""
        if partner not in self.exchange.borders:
            raise Refused("no_border", f"{self.home.nation} has no border with {partner}")
        verdicts = []
        for text in words:
            message = await self._send(partner, text)
            verdicts.append(self._await(partner, f"verdict {message.id}"))
        try:
            async with asyncio.timeout(PATIENCE_S):
                return all([await verdict == "taken" for verdict in verdicts])
        except TimeoutError:
            return False

    def close(self) -> None:
        """End what is being answered."""
        for task in self._tasks:
            task.cancel()

    async def _outward(self, partner: str) -> list[Line]:
        self._running.add(partner)
        try:
            lines = [await self._tried("link", self._link(partner))]
            if lines[0].passed:
                lines.append(await self._tried("identity", self._identity(partner)))
            # Where nobody answers, the rest would only wait.
            if lines[-1].passed:
                lines.append(await self._tried("label", self._unnamed_stays(partner)))
                for name in _CANARIES:
                    lines.append(await self._tried(f"canary {name}", self._canary(partner, name)))
                lines.append(await self._tried("stream api", self._no_trace(partner)))
            return lines
        finally:
            self._running.discard(partner)

    async def _tried(self, name: str, trial: Awaitable[tuple[bool, str]]) -> Line:
        try:
            passed, said = await trial
        except TimeoutError:
            passed, said = False, f"no word within {PATIENCE_S:.0f} s"
        except (Refused, Unreachable, OSError, ValueError) as error:
            passed, said = False, str(error)
        return Line(self.home.nation, name, passed, said)

    async def _link(self, partner: str) -> tuple[bool, str]:
        async with asyncio.timeout(PATIENCE_S):
            while (state := self.exchange.transport.link(partner)) != "up":
                await asyncio.sleep(0.1)
        by_net = isinstance(self.exchange.transport, StreamCarrier)
        return True, f"{state}, mutual TLS and key login" if by_net else state

    async def _identity(self, partner: str) -> tuple[bool, str]:
        """A question that only the partner's key can answer; that it arrives shows labels work as well."""
        nonce = secrets.token_hex(8)
        answer = self._await(partner, f"answer {nonce}")
        message = await self._say(partner, {"step": "challenge", "nonce": nonce})
        taken = self._await(partner, f"verdict {message.id}")
        async with asyncio.timeout(PATIENCE_S):
            kid = str((await answer)["kid"])
            verdict = await taken
        held = {key.kid for key in self.exchange.keyring.keys if key.nation == partner}
        passed = kid in held and verdict == "taken"
        return passed, f"answered, signed with key {kid}; our question was {verdict}"

    async def _unnamed_stays(self, partner: str) -> tuple[bool, str]:
        """What does not name the partner does not leave; our own guard must stop it."""
        message = self._message(_START + "must not leave", (self._third(partner),), self.home.nation)
        decision = await self.exchange.send(message, partner)
        return not decision.allowed, f"what does not name {partner} stays: {decision.reason}"

    async def _canary(self, partner: str, name: str) -> tuple[bool, str]:
        """Ship what must be refused; pass when the partner's signed receipt says so with the right code."""
        code, build = _CANARIES[name]
        border = self.exchange.borders[partner]
        message, subject = build(self, partner)
        sealed = envelope.seal(
            wire.encode(message, border.epoch_utc),
            self.exchange.signer,
            post_quantum=self.home.settings.post_quantum.sign,
        )
        known_as = message.id
        if code == "bad_signature":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
            known_as = f"sha256:{hashlib.sha256(sealed).hexdigest()}"
        verdict = self._await(partner, f"verdict {known_as}")
        self.exchange.expect(partner, known_as, message.expires_s)
        parcel_id = hashlib.sha256(sealed).hexdigest()[:32]
        async with asyncio.timeout(PATIENCE_S):
            await self.exchange.transport.ship(partner, subject, parcel_id, sealed, {})
            found = await verdict
        return found == code, f"receipt says {found}" + ("" if found == code else f", not {code}")

    async def _no_trace(self, partner: str) -> tuple[bool, str]:
        """Try to make a stream at the partner; a timeout alone would prove nothing, so ask for the trace."""
        carrier = self.exchange.transport
        if not isinstance(carrier, StreamCarrier):
            return True, "this link has no stream interface"
        nonce = secrets.token_hex(8)
        name = _canary_stream(nonce)
        call = f"$JS.{carrier.domain(partner)}.API.STREAM.CREATE.{name}"
        config = json.dumps({"name": name, "subjects": [f"canary.{nonce}"], "storage": "memory"}).encode()
        answered = await carrier.request(partner, call, config, 1.0) is not None
        answer = self._await(partner, f"trace_answer {nonce}")
        await self._say(partner, {"step": "trace", "nonce": nonce})
        async with asyncio.timeout(PATIENCE_S):
            found = (await answer)["found"]
        said = "left a trace there" if found else "left no trace there"
        return (
            not answered and found is False,
            f"our attempt was {'heard' if answered else 'not heard'}, {said}",
        )

    async def _inward(self, partner: str) -> list[Line]:
        nonce = secrets.token_hex(8)
        report = self._await(partner, f"report {nonce}")
        await self._say(partner, {"step": "check", "nonce": nonce})
        try:
            async with asyncio.timeout(_BOTH_S):
                told = (await report)["lines"]
            return [Line(partner, str(row[0]), row[1] is True, str(row[2])) for row in told]
        except TimeoutError:
            return [Line(partner, "report", False, f"no report within {_BOTH_S:.0f} s")]
        except (TypeError, IndexError, KeyError):
            return [Line(partner, "report", False, "its report cannot be read")]

    def _await(self, partner: str, what: str) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._awaited[partner, what] = future
        future.add_done_callback(lambda _: self._awaited.pop((partner, what), None))
        return future

    async def _say(self, partner: str, words: Mapping[str, Any]) -> Message:
        return await self._send(partner, _START + json.dumps(words))

    async def _send(self, partner: str, text: str) -> Message:
        """Send words in the form that the policy lets go. Raises Refused where it lets none."""
        message = self._message(text, (partner,), self.home.nation)
        border = self.exchange.borders[partner]
        decision = release(message, partner, self.clock.now_s(), border.table, self.home.nation)
        if not decision.allowed or decision.form is None or decision.form == FORMS[-1]:
            need = f"words of people cannot go to {partner}: {decision.reason}"
            raise Refused("policy", need)
        message = to_form(message, decision.form, f"{message.id}-{decision.form}")
        decision = await self.exchange.send(message, partner)
        if not decision.allowed:
            raise Refused(decision.rule, decision.reason)
        return message

    def _message(self, text: str, to: tuple[str, ...], origin: str) -> Message:
        now_s = self.clock.now_s()
        return Message(
            id=f"{origin}-{AUTHOR}-{secrets.token_hex(8)}",
            kind="hotline",
            origin=origin,
            created_s=now_s,
            expires_s=now_s + _LASTS_S,
            label=Label(origin, to, self.home.exercise),
            payload=HotlineText(AUTHOR, text),
            provenance=(),
        )

    def _third(self, partner: str) -> str:
        """A nation of the federation that is neither of the two."""
        others = [one for one in self.home.positions if one not in (partner, self.home.nation)]
        return others[0] if others else self.home.nation

    # -- canaries: what is shipped, under which subject

    def _wrong_marking(self, partner: str) -> tuple[Message, str]:
        message = self._message(_START + "canary", (partner,), self.home.nation)
        other = replace(message, label=replace(message.label, exercise=not self.home.exercise))
        return other, guard.subject(other, self.home.positions)

    def _forged_origin(self, partner: str) -> tuple[Message, str]:
        third = self._third(partner)
        message = self._message(
            _START + "canary", (partner,), third if third != self.home.nation else partner
        )
        return message, guard.subject(message, self.home.positions)

    def _wrong_label(self, partner: str) -> tuple[Message, str]:
        message = self._message(_START + "canary", (self._third(partner),), self.home.nation)
        return message, guard.subject(message, self.home.positions)

    def _wrong_subject(self, partner: str) -> tuple[Message, str]:
        message = self._message(_START + "canary", (partner,), self.home.nation)
        return message, guard.subject(replace(message, kind="alert"), self.home.positions)

    def _altered(self, partner: str) -> tuple[Message, str]:
        message = self._message(_START + "canary", (partner,), self.home.nation)
        return message, guard.subject(message, self.home.positions)


def _canary_stream(nonce: str) -> str:
    return f"CANARY_{nonce}"


_CANARIES: dict[str, tuple[str, Callable[[Conformance, str], tuple[Message, str]]]] = {
    "of another marking": ("marking", Conformance._wrong_marking),
    "of a forged origin": ("forged_origin", Conformance._forged_origin),
    "for another nation": ("label", Conformance._wrong_label),
    "under a wrong subject": ("subject", Conformance._wrong_subject),
    "with an altered byte": ("bad_signature", Conformance._altered),
}
