"""Who can be reached at all: over a line, or through nations that pass on and may.

Where no such path is, the journal says so; nothing is routed around a policy.
"""

from collections.abc import Collection

from noroshi.sharing.release import ReleaseTable, addressees


def cut_off(
    table: ReleaseTable, lines: Collection[frozenset[str]], relays: Collection[str], origin: str
) -> dict[tuple[str, str], str]:
    """Of the nations that `origin` writes for, those that no path leads to: (kind, nation) -> why.

    `lines` are pairs of nations, `relays` those that pass on what comes to them for others. A line that a
    policy forbids is no matter here: each message is decided on, and the decision is in the journal.
    """
    found = {}
    for kind in table.kinds:
        reached = _reached(table, lines, relays, origin, kind)
        for nation in addressees(table, origin, kind):
            if nation not in reached:
                found[kind, nation] = _why(lines, relays, origin, nation)
    return found


def _reached(
    table: ReleaseTable, lines: Collection[frozenset[str]], relays: Collection[str], origin: str, kind: str
) -> set[str]:
    """Nations at the end of a line of the origin's, or of a relay's that may have it and may pass it on."""
    reached = {nation for nation in table.nations if frozenset((origin, nation)) in lines}
    # What each relay holds, in the form in which it first came.
    holds: dict[str, str] = {}
    for nation in sorted(reached):
        decision = table.released.get((origin, origin, nation, kind, "whole"))
        if decision is not None and decision.allowed and decision.form is not None:
            holds[nation] = decision.form
    todo = [nation for nation in holds if nation in relays]
    while todo:
        via = todo.pop()
        for nation in table.nations:
            if nation == origin or nation in holds or frozenset((via, nation)) not in lines:
                continue
            decision = table.released.get((via, origin, nation, kind, holds[via]))
            if decision is not None and decision.allowed and decision.form is not None:
                holds[nation] = decision.form
                reached.add(nation)
                if nation in relays:
                    todo.append(nation)
    return reached


def _why(lines: Collection[frozenset[str]], relays: Collection[str], origin: str, nation: str) -> str:
    between = sorted(
        via for via in relays if frozenset((origin, via)) in lines and frozenset((via, nation)) in lines
    )
    if between:
        return f"no line from {origin} to {nation}, and no policy lets {' or '.join(between)} pass it on"
    return f"no line from {origin} to {nation}, and nobody between them passes on"
