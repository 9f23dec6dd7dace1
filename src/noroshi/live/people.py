"""What people at a node order and say: signed, journaled, then an input of the next step like any other."""

import base64
import hashlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live.clock import Clock
from noroshi.live.home import Home
from noroshi.live.service import Journal
from noroshi.records.labels import Label
from noroshi.records.messages import HotlineText, Message, OperatorAct, Payload
from noroshi.sharing import envelope
from noroshi.sharing.release import ReleaseTable, addressees

# Cell of the nation that writes what people at the node say, and how long their words count, s.
CELL = "operators"
EXPIRY_S = 3600.0
# The journal's line of such a message; recover reads it like one that came in.
EVENT = "ordered"


class People:
    """Makes messages of what people order at the node of `home`, and hands them to `take`."""

    def __init__(
        self,
        home: Home,
        table: ReleaseTable,
        clock: Clock,
        journal: Journal,
        take: Callable[[Message, float | None, str], None],
    ) -> None:
        self.home, self.table, self.clock = home, table, clock
        self._journal, self._take = journal, take
        self._count = itertools.count()

    async def order(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a command asks: {"do": "act", act, subject, author, reason} or {"do": "say", author, text}.

        The answer names the message, which stands in the journal by then. Raises Refused, KeyError, OSError.
        """
        author = _said(asked, "author")
        if asked["do"] == "act":
            act, subject = _said(asked, "act"), str(asked.get("subject", ""))
            made = self._message("operator_act", OperatorAct(act, subject, author, _said(asked, "reason")))
        else:
            made = self._message("hotline", HotlineText(author, _said(asked, "text")))
        sealed = envelope.seal(wire.encode(made, self.home.epoch_utc), self.home.signer)
        line = {
            "t_s": round(made.created_s, 3),
            "node": self.home.nation,
            "event": EVENT,
            "message": made.id,
            "kind": made.kind,
            "sha256": hashlib.sha256(sealed).hexdigest(),
            "sealed": base64.b64encode(sealed).decode(),
        }
        await self._journal.put(line)
        self._take(made, None, self.home.nation)
        return {"message": made.id, "label": str(made.label)}

    def _message(self, kind: str, payload: Payload) -> Message:
        now_s, nation = self.clock.now_s(), self.home.nation
        name = f"{nation}-P{int(self.clock.unix_s() * 1e3)}-{next(self._count)}"
        named = addressees(self.table, nation, kind)
        label = Label(nation, named, self.home.exercise)
        return Message(name, kind, nation, now_s, now_s + EXPIRY_S, label, payload, (), cell=CELL)


def _said(asked: Mapping[str, Any], name: str) -> str:
    text = asked[name]
    if not (isinstance(text, str) and text.strip()):
        raise Refused("order", f"{name} must say something")
    return text
