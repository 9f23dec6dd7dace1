"""The sharing cell: writes messages for partners, passes on what may go on, and says why not."""

from dataclasses import asdict, replace

from noroshi.node import outlook, verdicts
from noroshi.node.picture import hear
from noroshi.node.state import Dispatch, Node, Outbox, Pending, Thing, View
from noroshi.node.things import change, own
from noroshi.records.keys import uniform
from noroshi.records.labels import Label
from noroshi.records.messages import (
    AlertNotice,
    ForecastReport,
    Message,
    Payload,
    TrackReport,
)
from noroshi.sharing.release import addressees, release
from noroshi.sharing.sanitise import to_form
from noroshi.tracking import told

# A path is worth nothing when it has come down; a launch report when everybody knows; what takes them back
# outlives both. Of people's words an hour is assumed (10 min to a shift).
_EXPIRY_S = {
    "launch_report": 1800.0,
    "track": 60.0,
    "forecast": 900.0,
    "alert": 3600.0,
    "cancel": 3600.0,
    "assessment": 3600.0,
    "hotline": 3600.0,
    "sensor_status": 3600.0,
    "tasking_request": 1800.0,
    "operator_act": 3600.0,
    "receipt": 3600.0,
}
_PUBLISH_EVERY_S = 10.0
# No message comes again later than this: none is worth more than an hour, and lines take minutes at most.
_HEARD_S = max(_EXPIRY_S.values()) + 600.0


def receive(node: Node, message: Message, now_s: float, out: Outbox) -> Node:
    """Take a partner's message in once, and pass it on to those its label names beyond us."""
    first = once(node, message, now_s)
    if first is None:
        return node
    node = first
    out.note("received", message=message.id, kind=message.kind, origin=message.origin, form=message.form)
    refused = node.refused
    node = hear(node, message, now_s, out)
    # What is of no use here may be of no shape for others either.
    return _pass_on(node, message, now_s) if node.refused is refused else node


def once(node: Node, message: Message, now_s: float) -> Node | None:
    """The node that will know a message when it comes again; None where this is so already.

    A sanitised message and the one that it was made from are one. One nation's ids say nothing of another's.
    """
    whole = f"{message.origin} {message.derived_from or message.id}"
    if node.heard.get(whole, now_s) > now_s:
        return None
    heard = {name: until_s for name, until_s in node.heard.items() if until_s > now_s}
    return replace(node, heard={**heard, whole: now_s + _HEARD_S})


def _pass_on(node: Node, message: Message, now_s: float) -> Node:
    """Put a message for others on the relay's desk; it goes on when the relay's delay is over."""
    delay = node.desk.pass_on_s
    if delay is None:
        return node
    due_s = now_s + delay.draw(uniform(node.desk.seed, "relay", node.desk.nation, message.id))
    waiting = [
        Pending(due_s, "relay", "", message, partner)
        for partner in node.desk.partners
        if partner != message.origin and partner in message.label.releasable_to
    ]
    return replace(node, pending=node.pending + tuple(waiting))


def relay(node: Node, message: Message, to: str, now_s: float, out: Outbox) -> None:
    """Pass a partner's message on, unless it has been taken back while it waited."""
    if (reason := verdicts.void(node, message)) is not None:
        out.note("ignored", message=message.id, kind=message.kind, origin=message.origin, reason=reason)
        return
    send(node, message, to, now_s, out)


def send(node: Node, message: Message, to: str, now_s: float, out: Outbox) -> None:
    """Ask the policy and let the message over the border to `to`, in the form it allows.

    Nothing goes where a person holds it; what is held is not kept for later.
    """
    decision = release(message, to, now_s, node.desk.table, node.desk.nation)
    if to in node.held:
        decision = replace(decision, allowed=False, form=None, reason=node.held[to], rule="hold")
    out.note(
        "decision",
        message=message.id,
        kind=message.kind,
        origin=message.origin,
        to=to,
        allowed=decision.allowed,
        form=decision.form,
        reason=decision.reason,
        rule=decision.rule,
        policy=decision.policy_sha256[:12],
    )
    if decision.allowed and decision.form is not None:
        if decision.form != message.form:
            message = to_form(message, decision.form, f"{message.id}/{decision.form}")
        out.dispatches.append(Dispatch(message, to, decision))


def write(
    node: Node, kind: str, payload: Payload, fed_by: tuple[str, ...], now_s: float, out: Outbox
) -> Node:
    """Write a message for everyone whom the nation's policy lets it address, and send it to partners.

    Nobody from whom a person holds it is named on it, so that no partner passes it on there.
    """
    addressed = addressees(node.desk.table, node.desk.nation, kind)
    if not addressed:
        return node
    named = tuple(nation for nation in addressed if nation not in node.held)
    message = Message(
        id=f"{node.desk.nation}-{node.sent + 1:05d}",
        kind=kind,
        origin=node.desk.nation,
        created_s=now_s,
        expires_s=now_s + _EXPIRY_S[kind],
        label=Label(node.desk.nation, named, node.desk.table.exercise),
        payload=payload,
        provenance=fed_by,
    )
    node = replace(node, sent=node.sent + 1)
    out.note("message", message=message.id, kind=kind, label=str(message.label), payload=brief(payload))
    for partner in node.desk.partners:
        send(node, message, partner, now_s, out)
    for nation in named:
        if reason := node.desk.cut_off.get((kind, nation)):
            out.note("no_path", message=message.id, to=nation, reason=reason)
    return node


def brief(payload: Payload) -> dict[str, object]:
    """A payload for the journal, without its covariance."""
    line = asdict(payload)
    path = line.pop("path", None)
    line.pop("covariance", None)
    if path:
        line["path_time_s"] = path["time_s"]
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in line.items()}


def publish(node: Node, now_s: float, out: Outbox) -> Node:
    """Tell partners of new launch points and, every few seconds, of our own track's forecast."""
    for thing in node.things:
        origin = thing.origin
        if thing.told_as.get(thing.id):
            # Partners were told that it is none; they hear first that it is one again.
            continue
        if origin is not None and thing.scans and thing.launch_told != thing.reported_sights:
            thing = _held_as(node, replace(thing, launch_told=thing.reported_sights), "launch_report")
            node = change(node, thing)
            fed_by = tuple(sorted(thing.scans))
            node = write(node, "launch_report", origin.report(thing.id), fed_by, now_s, out)
        estimate, due_s = own(thing), publishes_s(node, thing)
        if estimate is None or due_s is None or now_s < due_s:
            continue
        fresh = float(estimate.time_s) >= now_s - _PUBLISH_EVERY_S
        view = outlook.alone(estimate, thing, node.desk) if fresh else None
        if view is None:
            continue
        # By what our own sensors say alone.
        former = thing.mine.held if thing.mine is not None else None
        held = outlook.held_for(node.desk, thing, thing.origin, estimate, former, now_s)
        view = replace(view, held=held)
        every_s = _PUBLISH_EVERY_S if view.burning > outlook.SURELY_COASTING else outlook.COASTING_EVERY_S
        thing = _held_as(node, replace(thing, next_publish_s=now_s + every_s, mine=view), "forecast")
        node = change(node, thing)
        start = thing.origin
        place = (start.lat_deg, start.lon_deg) if start is not None else (None, None)
        path = replace(told.report(thing.id, estimate, *place), also=tuple(sorted(thing.also)))
        node = write(node, "forecast", _report(thing, path, view), thing.sensors, now_s, out)
        if addressees(node.desk.table, node.desk.nation, "track"):
            node = write(node, "track", path, thing.sensors, now_s, out)
    return node


def _held_as(node: Node, thing: Thing, kind: str) -> Thing:
    """A thing that partners now hold under its name, where they are addressed at all."""
    told = addressees(node.desk.table, node.desk.nation, kind)
    return replace(thing, told_as={**thing.told_as, thing.id: ""}) if told else thing


def publishes_s(node: Node, thing: Thing) -> float | None:
    """When partners are due the next word of our own track; None while there is none that is fresh then."""
    estimate = own(thing)
    if estimate is None or thing.sort or thing.lost or not node.desk.partners:
        return None
    if float(estimate.time_s) < thing.next_publish_s - _PUBLISH_EVERY_S:
        return None
    return thing.next_publish_s if addressees(node.desk.table, node.desk.nation, "forecast") else None


def _report(thing: Thing, path: TrackReport, view: View) -> ForecastReport:
    start = thing.origin
    kinds = view.held.kinds if view.held is not None else {}
    return ForecastReport(
        track_id=thing.id,
        time_s=view.time_s,
        launch_time_s=start.time_s if start else None,
        launch_lat_deg=start.lat_deg if start else None,
        launch_lon_deg=start.lon_deg if start else None,
        path=path,
        impact_lat_deg=view.impact_lat_deg,
        impact_lon_deg=view.impact_lon_deg,
        impact_time_s=view.impact_time_s,
        semi_major_km=view.semi_major_km,
        semi_minor_km=view.semi_minor_km,
        major_azimuth_deg=view.major_azimuth_deg,
        burning_probability=view.burning,
        assessment=tuple((name, round(chance, 5)) for name, chance in kinds.items() if chance >= 5e-6),
        impact_time_sigma_s=view.impact_time_sigma_s,
    )


def announce(node: Node, kind: str, areas: tuple[str, ...], reason: str, now_s: float, out: Outbox) -> Node:
    """Tell partners that our people were alerted, or that it is over."""
    return write(node, kind, AlertNotice(areas, reason), (), now_s, out)
