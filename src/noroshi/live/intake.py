"""What a partner handed over: opened, judged, and known again when it comes twice."""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live.transport import DUE, Delivery
from noroshi.records.messages import Message
from noroshi.sharing import envelope, guard
from noroshi.sharing.keys import Keyring

# What was taken is known so long past its expiry; later it would be refused as stale anyhow.
KNOWN_AFTER_S = 600.0
# So many refused ones are known when they come again.
REFUSED_KNOWN = 10_000
# Arrived so long after it was written, or was due: marked late.
LATE_S = 5.0


@dataclass(frozen=True)
class Original:
    """A message as it came, to be passed on as it came, and whose seal it bears."""

    sealed: bytes
    signed_by: str


@dataclass(frozen=True)
class Judged:
    """One delivery that came anew: taken (`message` is there) or refused (`code` is not "taken").

    `name` is the message's id, or the hash of the bytes where nothing in them can be believed.
    """

    name: str
    code: str
    fields: Mapping[str, Any]
    message: Message | None
    due_s: float | None


class Intake:
    """The ingress of one nation, over all its borders: what is taken at one is known at the others."""

    def __init__(
        self, me: str, borders: Mapping[str, guard.Border], keyring: Keyring, need_post_quantum: bool = False
    ) -> None:
        self.me, self.borders, self.keyring = me, borders, keyring
        self.need_post_quantum = need_post_quantum
        self._taken: dict[str, tuple[str, str, float]] = {}  # id -> sha256, partner, expires_s
        self._originals: dict[str, Original] = {}
        self._refused: OrderedDict[tuple[str, str], None] = OrderedDict()

    def judge(self, partner: str, delivery: Delivery, now_s: float, unix_s: float) -> Judged | None:
        """Judge what `partner` handed over; None where the very same came from it before.

        What is taken counts as known from here on. Raises nothing, whatever the bytes are.
        """
        sha256 = hashlib.sha256(delivery.data).hexdigest()
        if (partner, sha256) in self._refused:
            return None
        name, about = f"sha256:{sha256}", dict[str, str]()
        try:
            opened = envelope.open_sealed(delivery.data, self.keyring, unix_s, self.need_post_quantum)
            message, epoch_utc = wire.decode(opened.body)
            if self._taken.get(message.id, ("", "", 0.0))[:2] == (sha256, partner):
                return None
            name = message.id[: guard.MAX_ID]
            about = {"message": name, "kind": message.kind[:64], "origin": message.origin[:64]}
            border = self.borders[partner]
            guard.ingress(
                message, opened.key, delivery.subject, epoch_utc, border, now_s, self._taken.__contains__
            )
        except Refused as error:
            return self._refuse(partner, sha256, name, about, error.code, error.reason)
        except Exception as error:  # whatever a partner sends, the next message is judged
            return self._refuse(
                partner, sha256, name, about, "failed", f"{type(error).__name__}: {error}"[:200]
            )
        self.know(message.id, sha256, partner, message.expires_s)
        self.keep(message.id, Original(delivery.data, opened.key.nation))
        due_s = _due_s(delivery.headers, message) if border.exercise else None
        fields: dict[str, Any] = {**about, "form": message.form, "partner": partner}
        fields |= {"subject": delivery.subject}
        fields |= {"expires_s": message.expires_s, "sha256": sha256, "due_s": due_s}
        late_s = now_s - max(message.created_s, due_s or -math.inf)
        if late_s > LATE_S:
            fields["late_s"] = round(late_s, 3)
        return Judged(name, "taken", fields, message, due_s)

    def reopen(self, sealed: bytes, unix_s: float) -> tuple[Message, str]:
        """Message and signer of what stands in our own journal. Raises Refused where a key is gone since."""
        opened = envelope.open_sealed(sealed, self.keyring, unix_s)
        return wire.decode(opened.body)[0], opened.key.nation

    def know(self, message_id: str, sha256: str, partner: str, expires_s: float) -> None:
        """From now on `message_id` is taken."""
        self._taken[message_id] = (sha256, partner, expires_s)

    def keep(self, message_id: str, original: Original) -> None:
        """Hold the bytes of a message that may have to be passed on."""
        self._originals[message_id] = original

    def original(self, message_id: str) -> Original | None:
        """The bytes of a message that was taken and has not expired."""
        return self._originals.get(message_id)

    def forget(self, now_s: float) -> None:
        """Let go of what has expired."""
        for message_id, (_, _, expires_s) in list(self._taken.items()):
            if expires_s < now_s:
                self._originals.pop(message_id, None)
            if expires_s + KNOWN_AFTER_S < now_s:
                del self._taken[message_id]

    def _refuse(
        self, partner: str, sha256: str, name: str, about: Mapping[str, str], code: str, reason: str
    ) -> Judged:
        self._refused[partner, sha256] = None
        while len(self._refused) > REFUSED_KNOWN:
            self._refused.popitem(last=False)
        fields = {**about, "partner": partner, "reason": code, "detail": reason[:500], "sha256": sha256}
        return Judged(name, code, fields, None, None)


def _due_s(headers: Mapping[str, str], message: Message) -> float | None:
    """When the line of the exercise lets it through, at most at its expiry; None where nothing is said."""
    try:
        due_s = float(headers[DUE])
    except (KeyError, ValueError):
        return None
    return min(due_s, message.expires_s) if math.isfinite(due_s) else None
