"""What people at the node do: hold what goes to a nation, stand an alert down, confirm a thing, note."""

from collections.abc import Callable
from dataclasses import replace

from noroshi.node import border, doubt, warn
from noroshi.node.state import Node, Outbox, Thing
from noroshi.node.things import change
from noroshi.records.messages import Message, OperatorAct

Done = tuple[Node, str | None]
# What people of ours write themselves, and the node sends as it sends its own.
_WORDS = ("hotline", "sensor_status", "tasking_request")


def ordered(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """Take in what our own people wrote: do what they ordered, send what they say to partners.

    What cannot be done is journaled with its reason. Nobody else writes in our name but our own node, which
    hears nothing from itself.
    """
    first = border.once(node, message, now_s)
    if first is None:
        return node
    after, refused = first, doubt.refused(message, now_s, ours=True)
    if refused is None and now_s > message.expires_s:
        refused = f"expired {now_s - message.expires_s:.0f} s ago"
    if refused is None and isinstance(message.payload, OperatorAct):
        # The act stands before what follows from it.
        place = len(out.entries)
        after, refused = _ACTS[message.payload.act](first, message.payload, now_s, out)
        if refused is None:
            said = {"message": message.id, **vars(message.payload)}
            out.entries.insert(place, (now_s, "operator_act", said))
    elif refused is None and message.kind in _WORDS:
        label, words = str(message.label), border.brief(message.payload)
        out.note("message", message=message.id, kind=message.kind, label=label, payload=words)
        for partner in node.desk.partners:
            border.send(first, message, partner, now_s, out)
    elif refused is None:
        refused = f"a {message.kind} is written by the node itself"
    return after if refused is None else doubt.counted(first, message, refused, out)


def _hold(node: Node, act: OperatorAct, now_s: float, out: Outbox) -> Done:
    if act.subject == node.desk.nation or act.subject not in node.desk.table.nations:
        return node, f"{act.subject} is no nation that anything goes to"
    return replace(node, held={**node.held, act.subject: f"held by {act.author}: {act.reason}"}), None


def _resume(node: Node, act: OperatorAct, now_s: float, out: Outbox) -> Done:
    if act.subject not in node.held:
        return node, f"nothing to {act.subject} is held"
    return replace(node, held={name: why for name, why in node.held.items() if name != act.subject}), None


def _stand_down(node: Node, act: OperatorAct, now_s: float, out: Outbox) -> Done:
    thing = _named(node, act.subject)
    if thing is None:
        return node, f"there is no thing {act.subject}"
    thing = replace(thing, stood_down=act.author, confirmed_by="")
    reason = f"stood down by {act.author}: {act.reason}"
    return warn.stand_down(change(node, thing), thing, reason, now_s, out), None


def _confirm(node: Node, act: OperatorAct, now_s: float, out: Outbox) -> Done:
    thing = _named(node, act.subject)
    if thing is None:
        return node, f"there is no thing {act.subject}"
    thing = replace(thing, stood_down="", confirmed_by=act.author)
    return warn.confirm(change(node, thing), thing, now_s), None


def _note(node: Node, act: OperatorAct, now_s: float, out: Outbox) -> Done:
    return node, None


# All that doubt knows.
_ACTS: dict[str, Callable[[Node, OperatorAct, float, Outbox], Done]] = {
    "hold": _hold,
    "resume": _resume,
    "stand_down": _stand_down,
    "confirm": _confirm,
    "note": _note,
}


def _named(node: Node, name: str) -> Thing | None:
    """The thing of that name, or the one that an alert of that name is about."""
    return next((one for one in node.things if name and name in (one.id, one.warning.name)), None)
