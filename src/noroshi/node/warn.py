"""The alert cell: who is threatened, and the people who confirm, pass on, decide and deliver."""

from dataclasses import replace

from noroshi.node.border import announce
from noroshi.node.desk import Desk
from noroshi.node.state import Node, Outbox, Pending, Thing, View, Warning
from noroshi.node.things import change
from noroshi.records.keys import uniform

# So long after its forecast impact nobody waits for a thing any more.
DOWN_AFTER_S = 300.0
# And so long after the forecast passage over the alerted areas for one that is lost and expired.
PASSED_AFTER_S = 60.0
# What people have settled beforehand when a launch is announced.
_READY = ("confirm", "relay", "decide")


def threatened(desk: Desk, view: View, threshold: float) -> tuple[str, ...]:
    """Areas passed over or hit with at least this probability, with neighbours where that is the rule."""
    names = {name for name, chance in view.areas.items() if chance >= threshold}
    for name in sorted(names):
        names.update(desk.neighbours.get(name, ()))
    return tuple(sorted(names))


def consider(node: Node, now_s: float, out: Outbox) -> Node:
    """Start the human chain when a forecast threatens our areas; change or end an alert when it moves."""
    for thing in node.things:
        if thing.stood_down:
            # A person said so; it takes a person to say otherwise.
            continue
        if thing.view is None:
            if thing.warning.stage == "standing" and not thing.warning.changing:
                node = _ask(node, thing, now_s)
            continue
        names = () if thing.view.expired else threatened(node.desk, thing.view, node.desk.threshold)
        if names and _unwarned(thing.warning, thing.view):
            node = _begin(node, thing, now_s, out)
        elif thing.warning.stage == "standing" and not thing.warning.changing:
            node = _follow(node, thing, thing.view, names, now_s)
    return node


def _unwarned(warning: Warning, view: View) -> bool:
    """Whether no alert is on its way or stands, and what is seen is newer than the end of the last one."""
    return warning.stage == "idle" or (warning.stage == "over" and view.time_s > warning.ended_s)


def _delay(node: Node, stage: str, thing: Thing) -> float:
    delay = getattr(node.desk, f"{stage}_s")
    name = (node.desk.nation, stage, thing.id, thing.warning.number)
    ready = stage in _READY and _announced(node.desk, thing)
    factor = node.desk.announced_factor if ready else 1.0
    return factor * float(delay.draw(uniform(node.desk.seed, "people", *name)))


def _announced(desk: Desk, thing: Thing) -> bool:
    """Whether a notice tells of the launch, by our own word on it or a partner's."""
    start = thing.start
    return start is not None and bool(desk.announced(start.time_s, start.lat_deg, start.lon_deg))


def _begin(node: Node, thing: Thing, now_s: float, out: Outbox) -> Node:
    """From the first threat seen: confirm, pass it up, decide. What is decided on is settled at the end."""
    number = thing.warning.number + 1
    alert = f"{thing.id}-A{number}"
    start = thing.start
    seen_from_s = start.time_s if start is not None else thing.view.time_s if thing.view else now_s
    out.note("stage", alert=alert, stage="see", start_s=round(seen_from_s, 1), end_s=now_s)
    at_s = now_s
    confirmed_s = at_s
    for stage in ("confirm", "relay", "decide"):
        sure = stage == "confirm" and thing.confirmed_by
        end_s = at_s if sure else round(at_s + _delay(node, stage, thing), 3)
        out.note("stage", alert=alert, stage=stage, start_s=at_s, end_s=end_s)
        at_s = end_s
        confirmed_s = end_s if stage == "confirm" else confirmed_s
    thing = replace(thing, warning=Warning("deciding", number, name=alert, confirmed_s=confirmed_s))
    return _later(change(node, thing), at_s, "decided", thing)


def _later(node: Node, due_s: float, what: str, thing: Thing) -> Node:
    return replace(node, pending=(*node.pending, Pending(due_s, what, thing.id)))


def _follow(node: Node, thing: Thing, view: View, names: tuple[str, ...], now_s: float) -> Node:
    """Ask for a change when new areas are threatened, or when all alerted ones are free."""
    grown = set(names) - set(thing.warning.areas)
    over = _free(node.desk, view, thing.warning) or now_s >= down_s(view, thing.warning)
    return _ask(node, thing, now_s) if grown or over else node


def _free(desk: Desk, view: View, warning: Warning) -> bool:
    """Whether a thing that is seen no longer threatens what was alerted; one that is lost frees nobody."""
    if view.trust < 1:
        return False
    return all(view.areas.get(area, 0.0) < desk.cancel_threshold for area in warning.areas)


def down_s(view: View, warning: Warning) -> float:
    """When a thing must have come down, or is lost and must have passed."""
    landed_s = view.impact_time_s + DOWN_AFTER_S
    passed_s = max(warning.passage_s.values(), default=view.impact_time_s) + PASSED_AFTER_S
    return min(landed_s, passed_s) if view.expired else landed_s


def _ask(node: Node, thing: Thing, now_s: float) -> Node:
    """Ask people to change or end a standing alert."""
    thing = replace(thing, warning=replace(thing.warning, changing=True))
    return _later(change(node, thing), round(now_s + _delay(node, "update", thing), 3), "changed", thing)


def act(node: Node, pending: Pending, now_s: float, out: Outbox) -> Node:
    """Do what people have finished: decide, deliver, change or end an alert."""
    thing = next(one for one in node.things if one.id == pending.thing)
    view, warning = thing.view, thing.warning
    alert = warning.name
    if pending.what == "decided":
        names: tuple[str, ...] = ()
        if view is not None and not view.expired:
            names = threatened(node.desk, view, node.desk.threshold)
        if view is None or not names:
            reason = _is_none(thing) if thing.sort else "no area is threatened any more"
            if view is not None and view.expired:
                reason = f"the track supports no alert any more: {view.expired}"
            out.note("stood_down", alert=alert, reason=reason)
            return change(node, replace(thing, warning=replace(warning, stage="idle")))
        end_s = round(now_s + _delay(node, "deliver", thing), 3)
        out.note("stage", alert=alert, stage="deliver", start_s=now_s, end_s=end_s)
        passage = {name: view.passage_s.get(name, view.impact_time_s) for name in names}
        thing = replace(thing, warning=replace(warning, stage="delivering", areas=names, passage_s=passage))
        return _later(change(node, thing), end_s, "delivered", thing)
    if pending.what == "delivered":
        reason = f"passage or fall with probability of at least {node.desk.threshold:g}"
        out.note("alert", alert=alert, areas=list(warning.areas), reason=reason)
        thing = replace(thing, warning=replace(warning, stage="standing"))
        return announce(change(node, thing), "alert", warning.areas, reason, now_s, out)
    if view is None:
        return _end(node, thing, alert, _is_none(thing), now_s, out)
    return _settle(node, thing, view, alert, now_s, out)


def stand_down(node: Node, thing: Thing, reason: str, now_s: float, out: Outbox) -> Node:
    """End an alert by a person's word, at once: on its way it goes no further, and a standing one is over."""
    warning, alert = thing.warning, thing.warning.name
    node = replace(node, pending=tuple(one for one in node.pending if one.thing != thing.id))
    if warning.stage in ("deciding", "delivering"):
        out.note("stood_down", alert=alert, reason=reason)
        return change(node, replace(thing, warning=replace(warning, stage="idle", areas=())))
    return _end(node, thing, alert, reason, now_s, out) if warning.stage == "standing" else node


def confirm(node: Node, thing: Thing, now_s: float) -> Node:
    """Spare people the rest of the time that they confirm in: a person is sure of a thing."""
    saved_s = thing.warning.confirmed_s - now_s
    if thing.warning.stage != "deciding" or saved_s <= 0:
        return node
    pending = tuple(
        replace(one, due_s=round(one.due_s - saved_s, 3))
        if one.thing == thing.id and one.what == "decided"
        else one
        for one in node.pending
    )
    warning = replace(thing.warning, confirmed_s=now_s)
    return change(replace(node, pending=pending), replace(thing, warning=warning))


def _is_none(thing: Thing) -> str:
    """Why a thing without a forecast threatens nobody: it is no missile, or its track was another's."""
    if not thing.sort:
        return "what threatened was something else"
    return f"it is {'an' if thing.sort[0] in 'aeiou' else 'a'} {thing.sort}"


def _settle(node: Node, thing: Thing, view: View, alert: str, now_s: float, out: Outbox) -> Node:
    """Deliver a change of a standing alert: more areas, or its end."""
    warning = replace(thing.warning, changing=False)
    names = () if view.expired else threatened(node.desk, view, node.desk.threshold)
    grown = tuple(sorted(set(names) - set(warning.areas)))
    if grown:
        names = tuple(sorted({*warning.areas, *grown}))
        reason = f"now also {', '.join(grown)}"
        passage = {
            **warning.passage_s,
            **{name: view.passage_s.get(name, view.impact_time_s) for name in grown},
        }
        out.note("update", alert=alert, areas=list(names), reason=reason)
        thing = replace(thing, warning=replace(warning, areas=names, passage_s=passage))
        return announce(change(node, thing), "alert", names, reason, now_s, out)
    if not _free(node.desk, view, warning) and now_s < down_s(view, warning):
        return change(node, replace(thing, warning=warning))
    passed = now_s >= max(warning.passage_s.values(), default=now_s)
    reason = "it has passed" if passed else "the forecast has moved away"
    if view.expired:
        reason = f"its passage would be over, and nothing is seen of it: {view.expired}"
    return _end(node, replace(thing, warning=warning), alert, reason, now_s, out)


def _end(node: Node, thing: Thing, alert: str, reason: str, now_s: float, out: Outbox) -> Node:
    """Deliver the end of an alert."""
    warning = replace(thing.warning, changing=False, stage="over", ended_s=now_s)
    out.note("cancel", alert=alert, areas=list(warning.areas), reason=reason)
    thing = replace(thing, warning=warning)
    return announce(change(node, thing), "cancel", warning.areas, reason, now_s, out)
