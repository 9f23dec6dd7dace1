"""When two things are one: a partner's track and ours, all of them at once, or what is of one launch."""

from dataclasses import replace

import jax
import numpy as np

from noroshi.node import kernels
from noroshi.node.state import Foreign, Node, Outbox, Thing
from noroshi.node.things import (
    FOUND_AGAIN_S,
    add,
    change,
    find,
    joined,
    known,
    launched_with,
    own,
    reached,
)
from noroshi.records.messages import ForecastReport
from noroshi.records.tracks import Estimate
from noroshi.tracking.match import match

# What a partner has told nothing new of for so long it has lost: it tells a steady coast every 30 s, what may
# burn every 10 s, and lines are slow.
_COASTING_TOLD_S, _BURNING_TOLD_S, _COASTS = 90.0, 30.0, 0.02
# A forecast may be so late beyond its own spread. Assumption, 10 to 60 s.
_DOWN_S = 30.0
# What may burn may stop at any moment: only estimates this near in time show that two are not one.
_NEAR_S = 3.0


def merge(node: Node, now_s: float, out: Outbox) -> Node:
    """Join things that turn out to be one: a partner's track and ours, a plume and a track, two reports."""
    node = pair(node, now_s, out)
    while two := _two_of_a_launch(node):
        one, other = two
        first, second = (one, other) if one.track is not None or other.track is None else (other, one)
        node = joined(node, first, second, out)
    return node


def pair(node: Node, now_s: float, out: Outbox) -> Node:
    """Settle anew which track of each partner is which of our things, where anything has changed."""
    for nation in sorted({nation for thing in node.things for nation in thing.foreign}):
        seen = _paired_of(node, nation, now_s)
        if seen == node.paired.get(nation):
            continue
        for ours in (True, False):
            node = _round(node, nation, ours, now_s, out)
        node = replace(node, paired={**node.paired, nation: seen})
    return node


def _fresh(thing: Thing, nation: str, now_s: float) -> bool:
    """Whether a partner still tells of a thing."""
    told = thing.foreign.get(nation)
    return told is not None and _recent(told.estimate, now_s)


def _recent(estimate: Estimate, now_s: float) -> bool:
    last_s = _COASTING_TOLD_S if float(estimate.burning) < _COASTS else _BURNING_TOLD_S
    return float(estimate.time_s) > now_s - last_s


def _down(thing: Thing, now_s: float) -> bool:
    """Whether a thing must have come down, by what nations last told of it: nothing new is a part of it.

    Only of what is told, for that is the same whether or not anybody asks for forecasts of our own.
    """
    ends = [
        (one.time_s, one.burning_probability, one.impact_time_s, one.impact_time_sigma_s)
        for one in thing.said.values()
    ]
    if (mine := thing.mine) is not None:
        ends.append((mine.time_s, mine.burning, mine.impact_time_s, mine.impact_time_sigma_s))
    if not ends:
        return False
    _, burning, impact_s, sigma_s = max(ends, key=lambda end: end[0])
    return burning < _COASTS and now_s > impact_s + max(3 * (sigma_s or 0.0), _DOWN_S)


def _comparable(one: Estimate, two: Estimate, now_s: float) -> bool:
    """Whether two estimates, once taken for one object, can show by now that they are not."""
    steady = all(float(each.burning) < _COASTS and _recent(each, now_s) for each in (one, two))
    return steady or abs(float(one.time_s) - float(two.time_s)) <= _NEAR_S


def _paired_of(node: Node, nation: str, now_s: float) -> tuple[object, ...]:
    """What the pairing of a partner's tracks with our things depends on."""
    things = [thing for thing in node.things if not thing.sort]
    alone = any(_fresh(thing, nation, now_s) and own(thing) is None for thing in things)
    return tuple(
        (
            thing.id,
            thing.confirmed,
            # While a track of theirs is of nothing of ours, each of our plots may show that it is.
            thing.track.plots if alone and thing.track is not None and nation not in thing.foreign else 0,
            float(thing.foreign[nation].estimate.time_s) if nation in thing.foreign else 0.0,
        )
        for thing in things
        if thing.confirmed or thing.foreign
    )


def _round(node: Node, nation: str, ours: bool, now_s: float, out: Outbox) -> Node:
    """Pair a partner's tracks with our own, or where we have none of late with what others tell."""
    rows: dict[str, Estimate] = {}
    columns: dict[str, Estimate] = {}
    for thing in node.things:
        mine = own(thing)
        if thing.sort or (not ours and mine is not None and _recent(mine, now_s)):
            continue
        row = mine if ours else _others(thing, nation, now_s)
        if row is not None and (_recent(row, now_s) or not _down(thing, now_s)):
            rows[thing.id] = row
        if _fresh(thing, nation, now_s):
            columns[thing.id] = thing.foreign[nation].estimate
            if thing.id in rows and not _comparable(rows[thing.id], columns[thing.id], now_s):
                del rows[thing.id], columns[thing.id]
    if not columns:
        return node
    newest_s = max(float(one.time_s) for one in [*rows.values(), *columns.values()])
    rows = {name: one for name, one in rows.items() if newest_s - float(one.time_s) < FOUND_AGAIN_S}
    if not rows:
        return node
    every = kernels.carry_all([*rows.values(), *columns.values()], newest_s, node.desk.belief)
    one, two = (
        jax.tree.map(lambda leaf, part=part: leaf[part], every)
        for part in (slice(len(rows)), slice(len(rows), None))
    )
    names, its = list(rows), list(columns)
    former = {(row, its.index(name)) for row, name in enumerate(names) if name in columns}
    found = {its[pair.theirs]: names[pair.ours] for pair in match(one, two, former)}
    gone = [its[column] for row, column in former if found.get(its[column]) != names[row]]
    parts = {}
    for name in gone:
        node, parts[name] = _taken(node, name, nation)
    for name in sorted(columns):
        home = found.get(name)
        if name in parts:
            node = _given(node, home, name, nation, parts[name], out)
        if home is None or home == name or name in parts:
            continue
        first, second = find(node, home), find(node, name)
        if second.track is not None:
            first, second = second, first
        if second.track is None:
            node = joined(node, first, second, out)
    return node


def _others(thing: Thing, nation: str, now_s: float) -> Estimate | None:
    """The newest of what nations other than `nation` tell, else what it told itself and no longer tells."""
    told = [one.estimate for name, one in sorted(thing.foreign.items()) if name != nation]
    if not told and nation in thing.foreign and not _fresh(thing, nation, now_s):
        return thing.foreign[nation].estimate
    return max(told, key=lambda estimate: float(estimate.time_s), default=None)


def _taken(node: Node, name: str, nation: str) -> tuple[Node, tuple[Foreign, ForecastReport | None]]:
    """A thing without a partner's word on it, and that word."""
    thing = find(node, name)
    foreign, said = thing.foreign[nation], thing.said.get(nation)
    left = replace(
        thing,
        foreign={key: one for key, one in thing.foreign.items() if key != nation},
        said={key: one for key, one in thing.said.items() if key != nation},
        aliases=thing.aliases - {(nation, foreign.track)},
        evidence=thing.evidence + 1,
    )
    return change(node, left), (foreign, said)


def _given(
    node: Node,
    home: str | None,
    name: str,
    nation: str,
    part: tuple[Foreign, ForecastReport | None],
    out: Outbox,
) -> Node:
    """A partner's track that was taken for one thing goes to another, or becomes one of its own."""
    if home is None:
        node, thing = add(node)
    else:
        thing = find(node, home)
    foreign, said = part
    out.note("parted", track=name, other=thing.id, origin=nation)
    thing = replace(
        thing,
        foreign={**thing.foreign, nation: foreign},
        said={**thing.said, **({nation: said} if said is not None else {})},
        aliases=thing.aliases | {(nation, foreign.track)},
        last_told_s=max(thing.last_told_s, float(foreign.estimate.time_s)),
        evidence=thing.evidence + 1,
    )
    return change(node, thing)


def _two_of_a_launch(node: Node) -> tuple[Thing, Thing] | None:
    """The first two things, one or both without an estimate, of one launch by its place and direction.

    Only a launch that no track is known of can be another thing's: those are few, and each is compared with
    all things at once.
    """
    things = [thing for thing in node.things if not thing.sort]
    estimates = {row: one for row, thing in enumerate(things) if (one := known(thing)) is not None}
    # The tracker knows its own tracks apart.
    tracked = np.array([thing.track is not None for thing in things], bool)
    starts = [thing.start for thing in things]
    told = np.array([start is not None for start in starts], bool)
    without = np.array([row not in estimates for row in range(len(things))], bool)
    launches = np.array(
        [(one.time_s, one.lat_deg, one.lon_deg) if one is not None else (np.nan,) * 3 for one in starts]
    ).reshape(-1, 3)
    launches[~without] = np.nan
    held = list(estimates)
    places = np.array([np.asarray(one.mean)[:3] for one in estimates.values()]).reshape(-1, 3)
    times_s = np.array([float(one.time_s) for one in estimates.values()])
    found: list[tuple[int, int]] = []
    for row in np.flatnonzero(told & without).tolist():
        start = starts[row]
        assert start is not None
        same = launched_with(start, *launches.T)
        same[: row + 1] = False
        same[held] = reached(start, places, times_s)
        same &= ~(tracked & tracked[row])
        found += [(min(row, other), max(row, other)) for other in np.flatnonzero(same).tolist()]
    if not found:
        return None
    first, second = min(found)
    return things[first], things[second]
