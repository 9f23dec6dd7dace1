"""A scenario as a nation's node may hold it: its own sensors, people and lines, and nothing of what happens.

Works on a scenario's tables as its file has them, so that what is left out is left out of the file.
"""

import copy
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from noroshi.catalogue import assemble, door
from noroshi.catalogue.base import did_you_mean
from noroshi.catalogue.scenario import Scenario
from noroshi.errors import InputError

Tables = dict[str, Any]
# What tells, or is drawn from, what happens: it stays with the director.
_DIRECTORS = (
    "launches",
    "background",
    "faults",
    "reports",
    "as_it_was",
    "sensitivity",
    "description",
    "threats",
)


def tables(scenario: Scenario) -> Tables:
    """A loaded scenario's tables, with what it takes over from shipped files."""
    path = Path(scenario.file)
    if path.parts[:2] == ("noroshi", "data"):
        path = door.DATA.parents[1] / path
    raw = door.read_toml(path, scenario.file)
    raw = {**raw, **assemble.shared(raw, scenario.file)}
    for name, arm in raw.get("arms", {}).items():
        # A policy folder beside the file is found from elsewhere too.
        beside = path.absolute().parent / scenario.arms[name].policies
        if beside.is_dir():
            arm["policies"] = str(beside)
    return copy.deepcopy(raw)


def only(raw: Tables, nations: Collection[str], where: str) -> Tables:
    """A scenario with some of its nations alone: no sensor, line, relay or report of the others.

    Raises InputError for a nation that is not in it.
    """
    for nation in nations:
        if nation not in raw["nations"]:
            hint = did_you_mean(nation, raw["nations"])
            raise InputError(where, "--nations", nation, "takes no part in this scenario.", hint)
    left = {**raw, "nations": [nation for nation in raw["nations"] if nation in nations]}
    left.pop("sensitivity", None)
    left["sensors"] = [row for row in raw["sensors"] if row["nation"] in nations]
    names = {row["id"] for row in left["sensors"]}
    if "faults" in raw:
        left["faults"] = [row for row in raw["faults"] if _of(row["sensor"], names)]
    if "reports" in raw:
        left["reports"] = [row for row in raw["reports"] if row["to"] in nations]
    if "notices" in raw:
        known = [
            {**row, "known_to": [one for one in row["known_to"] if one in nations]} for row in raw["notices"]
        ]
        left["notices"] = [row for row in known if row["known_to"]]
    left["arms"] = {name: _arm(arm, nations) for name, arm in raw["arms"].items()}
    return left


def of_nation(raw: Tables, scenario: Scenario, nation: str, arm: str) -> Tables:
    """What the node of a nation is prepared with for one arm: its desk, with nothing of what will happen.

    Raises InputError where the nation has no sensor.
    """
    left = {name: value for name, value in raw.items() if name not in _DIRECTORS}
    left["name"], left["title"] = f"desk-{nation}", f"What the node of {nation} is prepared with"
    left["description"] = "Own sensors, people, areas and lines of one nation."
    expected = scenario.expected.name
    left["expects"] = expected
    if expected in raw.get("threats", {}):
        left["threats"] = {expected: raw["threats"][expected]}
    left["sensors"] = [row for row in raw["sensors"] if row["nation"] == nation]
    if not left["sensors"]:
        raise InputError(scenario.file, "nations", nation, "has no sensor; a node needs one of its own.")
    profiles = {row.get("profile") for row in left["sensors"]}
    for section, names in (("profiles", profiles), ("national", set(raw["nations"]))):
        if section in raw:
            left[section] = {name: table for name, table in raw[section].items() if name in names}
    if "notices" in raw:
        known = [row for row in raw["notices"] if nation in row["known_to"]]
        left["notices"] = [{**row, "known_to": [nation]} for row in known]
    left["arms"] = {arm: {**raw["arms"][arm], "title": arm, "note": ""}}
    return left


def load(path: Path) -> Scenario:
    """Read a desk's file. Its policies are the node's own, so none is looked for. Raises InputError."""
    raw = door.read_toml(path, str(path))
    return assemble.scenario(Scenario, {**raw, "file": str(path)}, str(path))


def _of(sensor: str, names: Collection[str]) -> bool:
    """Whether a sensor is one of `names`, or a satellite of a constellation that is."""
    return sensor in names or sensor.rpartition("-")[0] in names


def _arm(arm: Mapping[str, Any], nations: Collection[str]) -> Tables:
    links = [link for link in arm.get("links", ()) if set(link["between"]) <= set(nations)]
    relays = [
        relay
        for relay in arm.get("relay", ())
        if relay["via"] in nations and sum(relay["via"] in link["between"] for link in links) >= 2
    ]
    left = {name: value for name, value in arm.items() if name not in ("links", "relay")}
    return {**left, **({"links": links} if links else {}), **({"relay": relays} if relays else {})}
