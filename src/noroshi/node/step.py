"""One step of one nation: what came in, what it makes of it, what goes out."""

from dataclasses import replace

from noroshi.node import acts, assess, border, cue, outlook, picture, plots, raid, recant, warn, wishes
from noroshi.node.state import Node, Outbox
from noroshi.records.detections import Plot, Sighting
from noroshi.records.messages import Message

# Radars are kept pointed at what only partners see as long as they keep telling.
_STALE_S = 60.0


def step(node: Node, inbox: list[Plot | Sighting | Message], now_s: float) -> tuple[Node, Outbox]:
    """Take in the inbox at `now_s`; the outbox holds messages, sensor tasking and journal lines.

    The node has no clock and no socket: the same inbox at the same times gives the same outbox.
    """
    out = Outbox(now_s)
    node = plots.sense(node, [item for item in inbox if isinstance(item, Plot)], now_s, out)
    for item in inbox:
        if isinstance(item, Message):
            ours = item.origin == node.desk.nation
            node = (acts.ordered if ours else border.receive)(node, item, now_s, out)
        elif isinstance(item, Sighting):
            node = picture.sighted(node, item, now_s, out)
    node = picture.watch(node, now_s, out)
    node = outlook.forecast(node, now_s, out)
    node = _due(node, now_s, out)
    node = warn.consider(node, now_s, out)
    node = recant.tell(node, now_s, out)
    node = border.publish(node, now_s, out)
    node = assess.beside(node, now_s, out)
    node = cue.task(node, now_s, out)
    node = wishes.cue(node, now_s, out)
    node = raid.count(node, now_s, out)
    return node, out


def _due(node: Node, now_s: float, out: Outbox) -> Node:
    """Finish what is due, earliest first; finishing one thing may bring forth the next."""
    while due := sorted((one for one in node.pending if one.due_s <= now_s), key=lambda one: one.due_s):
        first = due[0]
        rest = list(node.pending)
        rest.remove(first)
        node = replace(node, pending=tuple(rest))
        if first.what == "relay":
            assert first.message is not None
            border.relay(node, first.message, first.to, now_s, out)
        else:
            # People finish between two steps; the journal keeps their own time.
            out.now_s = first.due_s
            node = warn.act(node, first, first.due_s, out)
            out.now_s = now_s
    return node


def wake_s(node: Node, now_s: float) -> float:
    """When the node wants its next step even if nothing comes in."""
    times = [one.due_s for one in node.pending]
    if node.wishes:
        times.append(now_s + wishes.EVERY_S)
    for thing in node.things:
        if thing.sort:
            continue
        if recant.again(thing):
            times.append(now_s + 1.0)
        if thing.warning.stage == "standing" and not thing.warning.changing and thing.view is not None:
            times.append(max(warn.down_s(thing.view, thing.warning), now_s + 1.0))
        if thing.view is not None and (thing.evidence > thing.weighed or outlook.fades(thing)):
            times.append(max(thing.next_forecast_s, now_s + 1.0))
        if thing.report_due_s is not None and thing.report_due_s > now_s:
            times.append(thing.report_due_s)
        if (publish_s := border.publishes_s(node, thing)) is not None:
            times.append(max(publish_s, now_s + 1.0))
        if thing.track is not None and not thing.lost:
            times.append(thing.last_plot_s + node.tracker.rules.lost_after_s + 1.0)
        elif node.desk.radars and thing.last_told_s > now_s - _STALE_S:
            times.append(now_s + cue.EVERY_S)
    return min(times, default=float("inf"))
