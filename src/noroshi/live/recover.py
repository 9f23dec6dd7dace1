"""A node after a crash: its journal's steps, taken once more, lead to where it was.

A step is a pure function of the node and what the journal says came in, so nothing else need be kept. A
checkpoint, the node as it was at one step, only spares the steps before it; it is believed where its hash
stands in the journal and it was made by the same software for the same desk.
"""

import base64
import hashlib
import io
import pickle
import platform
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from noroshi import __version__
from noroshi.errors import Refused
from noroshi.formats import message as wire
from noroshi.live import inputs
from noroshi.node.arrivals import place
from noroshi.node.desk import Desk
from noroshi.node.state import Node, Outbox
from noroshi.node.step import step
from noroshi.records.detections import Plot, Sighting
from noroshi.records.messages import Message
from noroshi.sharing import envelope

Item = Plot | Sighting | Message
_KEPT = 2  # checkpoints on disk


@dataclass(frozen=True)
class Inputs:
    """All that goes into one step: plots as they came, then what arrived, in the order of arrival.

    `arrived` are messages and sightings with the time at which they reached the nation.
    """

    t_s: float
    plots: tuple[Plot, ...] = ()
    arrived: tuple[tuple[float, Sighting | Message], ...] = ()

    @property
    def inbox(self) -> list[Item]:
        """As node.step takes it."""
        return [*self.plots, *(item for _, item in self.arrived)]

    def entry(self, nation: str) -> dict[str, Any]:
        """The journal's line, written before the step is taken."""
        messages = [item.id for _, item in self.arrived if isinstance(item, Message)]
        sightings = [
            [number, at_s, *inputs.sighting_row(item)]
            for number, (at_s, item) in enumerate(self.arrived)
            if isinstance(item, Sighting)
        ]
        plots = [inputs.plot_row(plot) for plot in self.plots]
        told = {"plots": plots, "messages": messages, "sightings": sightings}
        return {
            "t_s": self.t_s,
            "node": nation,
            "event": "step",
            **{name: x for name, x in told.items() if x},
        }


def arranged(
    t_s: float, plots: Iterable[Plot], arrived: Iterable[tuple[float, Sighting | Message]]
) -> Inputs:
    """Inputs of a second, in the order that a simulated nation takes them in."""
    return Inputs(t_s, tuple(plots), tuple(sorted(arrived, key=lambda one: place(*one))))


def inputs_of(entry: Mapping[str, Any], messages: Mapping[str, Message]) -> Inputs:
    """The inputs of a journaled step. Raises Refused where the journal does not hold a message it names."""
    items: list[tuple[float, Sighting | Message]] = []
    for name in entry.get("messages", ()):
        if name not in messages:
            raise Refused("journal", f"the step of {entry['t_s']} s took {name}, which did not come in")
        items.append((entry["t_s"], messages[name]))
    for number, at_s, *row in entry.get("sightings", ()):
        items.insert(number, (at_s, inputs.sighting_of(row)))
    return Inputs(entry["t_s"], tuple(inputs.plots_of(entry.get("plots", ()))), tuple(items))


@dataclass(frozen=True)
class Outcome:
    """What a step left: the node after it, what goes out, and which of its inputs had to be set aside."""

    node: Node
    out: Outbox
    aside: tuple[tuple[int, str], ...] = ()


def taken(node: Node, given: Inputs, aside: Sequence[tuple[int, str]] | None = None) -> Outcome:
    """Step, whatever comes in: an item on which the step fails is set aside, and the step taken without it.

    `aside` are inputs (by their place, with the digest of what went wrong) that were set aside before. Where
    the step fails without any input too, the node stays as it is.
    """
    left = list(aside or ())
    while True:
        gone = {number for number, _ in left}
        inbox = [(number, item) for number, item in enumerate(given.inbox) if number not in gone]
        try:
            after, out = step(node, [item for _, item in inbox], given.t_s)
        except Exception as error:
            if not inbox or (number := _culprit(node, inbox, given.t_s)) is None:
                return Outcome(node, Outbox(given.t_s), (*left, (-1, digest(error))))
            left.append((number, digest(error)))
        else:
            return Outcome(after, out, tuple(left))


def _culprit(node: Node, inbox: list[tuple[int, Item]], t_s: float) -> int | None:
    """The last item of the shortest beginning of the inbox on which the step fails; None where none is."""

    def fails(count: int) -> bool:
        try:
            step(node, [item for _, item in inbox[:count]], t_s)
        except Exception:
            return True
        return False

    if fails(0):
        return None
    good, bad = 0, len(inbox)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (good, middle) if fails(middle) else (middle, bad)
    return inbox[bad - 1][0]


def digest(error: BaseException) -> str:
    """What went wrong, where: type, place in the code, and a hash of the whole traceback."""
    text = "".join(traceback.format_exception(error))
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" in {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return f"{type(error).__name__}{where}, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def output(nation: str, given: Inputs, outcome: Outcome) -> list[dict[str, Any]]:
    """The journal's lines that a step leaves, each with the step that it belongs to."""
    lines = []
    for number, why in outcome.aside:
        what = _named(given.inbox[number]) if number >= 0 else {}
        fields = {"reason": "crash", "detail": why, "input": number, **what}
        lines.append({"t_s": given.t_s, "node": nation, "event": "refused", "step": given.t_s, **fields})
    for at_s, event, told in outcome.out.entries:
        line = {"t_s": round(float(at_s), 3), "node": nation, "event": event, **told}
        lines.append({**line, "step": given.t_s})
    return lines


def _named(item: Item) -> dict[str, Any]:
    if isinstance(item, Message):
        return {"message": item.id, "kind": item.kind, "origin": item.origin}
    return {"sensor": item.sensor} if isinstance(item, Plot) else {"sighting": item.id}


@dataclass
class Past:
    """What a journal says of a node: steps in order, messages that came in, lines that each step left.

    `arrived` is from when on a message may be taken; `jumps`, before which step the journal was restored from
    a backup, and to which number messages go on from there; `gone` and `receipts`, (message, partner) that
    the exchange has in its hands and that the partner holds.
    """

    steps: list[Mapping[str, Any]] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    lines: dict[float, list[Mapping[str, Any]]] = field(default_factory=dict)
    checkpoints: list[Mapping[str, Any]] = field(default_factory=list)
    jumps: dict[int, int] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)
    receipts: set[tuple[str, str]] = field(default_factory=set)

    @property
    def taken(self) -> set[str]:
        """Messages that a step has taken."""
        return {name for entry in self.steps for name in entry.get("messages", ())}

    @property
    def waiting(self) -> list[tuple[float, Message]]:
        """Messages that came in and that no step has taken, with the time from which one may."""
        taken = self.taken
        return [
            (self.arrived[name], message)
            for name, message in self.messages.items()
            if name not in taken and message.kind != "receipt"
        ]


_SETTLED = ("outgoing", "expired", "held")


def past(entries: Iterable[Mapping[str, Any]]) -> Past:
    """Read a journal once."""
    found = Past()
    for entry in entries:
        event = entry["event"]
        if "step" in entry:
            found.lines.setdefault(entry["step"], []).append(entry)
        elif event == "step":
            found.steps.append(entry)
        elif event in ("incoming", "ordered"):
            message = _incoming(entry)
            found.messages[message.id] = message
            found.arrived[message.id] = entry["t_s"] if entry.get("due_s") is None else entry["due_s"]
        elif event == "restored":
            # What was written after the backup has numbers that are not known any more. No nation writes a
            # message a second for years, so the time is beyond them all.
            moment = datetime.fromisoformat(entry["utc"])
            found.jumps[len(found.steps)] = int(moment.timestamp())
        elif event == "checkpoint":
            found.checkpoints.append(entry)
        elif event == "receipt":
            found.receipts.add((entry["message"], entry["to"]))
        elif event in _SETTLED or (event == "refused" and entry.get("direction") == "out"):
            found.gone.add((str(entry.get("message")), str(entry.get("to") or entry.get("partner"))))
    return found


def _incoming(entry: Mapping[str, Any]) -> Message:
    """The message of a line that our own exchange wrote once it had checked the seal."""
    return wire.decode(envelope.body_in(base64.b64decode(entry["sealed"])))[0]


def again(fresh: Node, found: Past) -> Iterator[tuple[Inputs, Node, Outcome]]:
    """Every step from the start: what went in, the node before it, and what came of it."""
    node = fresh
    for number, entry in enumerate(found.steps):
        node = _jumped(node, found, number)
        given = inputs_of(entry, found.messages)
        outcome = taken(node, given, _set_aside(found.lines.get(given.t_s, [])))
        yield given, node, outcome
        node = outcome.node


def _jumped(node: Node, found: Past, number: int) -> Node:
    """The node before a step, with the numbers of its messages beyond those that a backup did not know."""
    return replace(node, sent=max(node.sent, found.jumps.get(number, 0)))


def _set_aside(written: Iterable[Mapping[str, Any]]) -> list[tuple[int, str]]:
    lines = (line for line in written if line["event"] == "refused" and "input" in line)
    return [(line["input"], line["detail"]) for line in lines]


@dataclass(frozen=True)
class Recovered:
    """Where a node was when its journal ended.

    `missing` are lines of its last step that were not written any more, `outcome` that step's.
    """

    node: Node
    given: Inputs | None
    outcome: Outcome | None
    missing: list[dict[str, Any]]
    steps: int
    begins: str
    differs: int
    took_s: float


def recover(fresh: Node, found: Past, folder: Path | None = None) -> Recovered:
    """Take the journal's steps once more, from the last good checkpoint on."""
    began = time.monotonic()
    node, first, begins = fresh, 0, "start"
    if folder is not None and (kept := _checkpoint(fresh, found, folder)) is not None:
        node, first = kept
        begins = f"checkpoint of step {first}"
    given = outcome = None
    missing: list[dict[str, Any]] = []
    differs = 0
    # The last step in any case, for what it left may not have gone out.
    for number, entry in enumerate(found.steps[first:], start=first):
        node = _jumped(node, found, number)
        given = inputs_of(entry, found.messages)
        written = found.lines.get(given.t_s, [])
        outcome = taken(node, given, _set_aside(written))
        node = outcome.node
        lines = output(fresh.desk.nation, given, outcome)
        missing = lines[len([line for line in written if line["event"] not in CARRIED]) :]
        differs += sum(not _same(*pair) for pair in zip(lines, written, strict=False))
    node = _jumped(node, found, len(found.steps))
    return Recovered(
        node, given, outcome, missing, len(found.steps) - first, begins, differs, time.monotonic() - began
    )


# Lines of a step about its messages under way, written behind all others.
CARRIED = ("sent", "no_path")


def _same(line: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
    return all(_plain(line[name]) == written.get(name) for name in line)


def _plain(value: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _made_by(desk: Desk) -> str:
    """The software and the desk that a checkpoint is good for."""
    policies = sorted(desk.table.sha256.items())
    told = f"{__version__} {platform.python_version()} {desk.nation} {desk.seed} {policies}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def freeze(node: Node) -> bytes:
    """A node without its desk, which the next process makes anew."""
    bare = replace(node, desk=None, tracker=replace(node.tracker, belief=None, rules=None))  # type: ignore[arg-type]
    return pickle.dumps(bare)


def thaw(data: bytes, desk: Desk) -> Node:
    """The node again. Raises whatever pickle does for what it did not write."""
    bare = pickle.load(io.BytesIO(data))
    if not isinstance(bare, Node):
        raise TypeError(f"a {type(bare).__name__} is no node")
    return replace(bare, desk=desk, tracker=replace(bare.tracker, belief=desk.belief, rules=desk.rules))


def write_checkpoint(node: Node, steps: int, t_s: float, folder: Path) -> dict[str, Any]:
    """Write the node after `steps` steps beside the journal; the line that vouches for it.

    Raises OSError.
    """
    data = freeze(node)
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{steps:09d}.node"
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(data)
    part.replace(path)
    for old in sorted(folder.glob("*.node"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    made = {"steps": steps, "sha256": hashlib.sha256(data).hexdigest(), "made_by": _made_by(node.desk)}
    return {"t_s": t_s, "node": node.desk.nation, "event": "checkpoint", "file": path.name, **made}


def _checkpoint(fresh: Node, found: Past, folder: Path) -> tuple[Node, int] | None:
    """The newest checkpoint that is what the journal says, and how many steps it has taken.

    One before the last step: that one is taken again in any case.
    """
    for line in reversed(found.checkpoints):
        if line["made_by"] != _made_by(fresh.desk) or not 0 < line["steps"] < len(found.steps):
            continue
        try:
            data = (folder / Path(line["file"]).name).read_bytes()
            if hashlib.sha256(data).hexdigest() == line["sha256"]:
                return thaw(data, fresh.desk), line["steps"]
        except Exception:  # whatever is wrong with it, the journal has the whole way
            continue
    return None
