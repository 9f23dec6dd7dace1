"""Taking our own word back: partners who were told of a thing hear when it turns out to be none."""

from dataclasses import replace

from noroshi.node.border import write
from noroshi.node.state import BACK, WITHDRAWN, Node, Outbox, Thing
from noroshi.node.things import change, own
from noroshi.records.messages import AssessmentReport
from noroshi.sharing.release import addressees


def tell(node: Node, now_s: float, out: Outbox) -> Node:
    """Write an assessment of each thing that partners hold for something else than it turned out to be."""
    if not addressees(node.desk.table, node.desk.nation, "assessment"):
        return node
    for thing in node.things:
        now = _now(thing) if thing.told_as or thing.recant is not None else None
        if now is None:
            continue
        verdict, reason = now
        back = verdict in BACK
        names = sorted(name for name, said in thing.told_as.items() if (said in WITHDRAWN) is back)
        if not names and thing.recant is None:
            continue
        for name in names:
            report = AssessmentReport(name, now_s, verdict, reason)
            node = write(node, "assessment", report, thing.sensors, now_s, out)
        told_as = {**thing.told_as, **dict.fromkeys(names, "" if back else verdict)}
        # What is still true of it is told again, once partners may believe it again.
        if not back:
            thing = replace(thing, launch_told=None)
        elif thing.next_publish_s > now_s:
            thing = replace(thing, next_publish_s=now_s)
        node = change(node, replace(thing, told_as=told_as, recant=None))
    return node


def again(thing: Thing) -> bool:
    """Whether partners who were told that a thing is none have to hear that it may be a missile."""
    withdrawn = any(verdict in WITHDRAWN for verdict in thing.told_as.values())
    known = own(thing) is not None or (thing.origin is not None and bool(thing.scans))
    return withdrawn and known and not thing.sort


def _now(thing: Thing) -> tuple[str, str] | None:
    """The verdict on a thing that partners have to hear, with its reason; None while there is none."""
    if thing.sort:
        return thing.sort, f"recognised as {thing.sort}"
    if thing.recant is not None:
        return thing.recant
    return ("unknown", "it may be a missile after all") if again(thing) else None
