"""noroshi node: one nation's node on wall clock, or in an exercise's lockstep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.live.home import Home
    from noroshi.live.running import Prepared

# What the desk of an exercise's node brings beside its own policy: those of the others, to reckon with.
POLICIES = "policies"


def node(
    config: Annotated[
        Path, typer.Option("--config", help="The nation's home folder, or its node.toml.", metavar="HOME")
    ],
    log: Annotated[str, typer.Option(help="text or json: the shape of lines on standard error.")] = "text",
    leash: Annotated[
        bool, typer.Option("--leash", hidden=True, help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Run one nation's node until Ctrl-C or SIGTERM."""
    import asyncio

    from noroshi.live import logs, running
    from noroshi.live.home import load_home

    if log not in ("text", "json"):
        raise InputError("", "--log", log, 'must be "text" or "json".')
    home = load_home(config)
    logs.begin(home.nation, log)
    asyncio.run(running.run(home, prepared(home), leash))


def prepared(home: "Home") -> "Prepared":
    """The node of a home from what its desk says. Raises InputError."""
    from dataclasses import replace

    from noroshi.catalogue import door as files
    from noroshi.exercise import nations
    from noroshi.exercise.stage import Lines
    from noroshi.live.door import stations_of
    from noroshi.live.running import Prepared
    from noroshi.sharing.release import compile_table

    where = str(home.folder / "node.toml")
    desk = home.settings.desk
    if desk is None:
        need = "is missing: which sensors, areas and people the nation has."
        raise InputError(where, "desk", None, need, "See docs/how-to/run-a-node.md.")
    scenario = _scenario(home, desk.scenario)
    if home.nation not in scenario.nations:
        raise InputError(where, "desk.scenario", desk.scenario, f"has no {home.nation}.")
    (arm,) = scenario.named_arms([desk.arm])
    policies = _policies(home)
    table = compile_table(policies, scenario.nations, exercise=home.exercise)
    made = nations.node(scenario, arm, desk.seed, home.nation, table)
    if any(relay.via not in policies for relay in scenario.arms[arm].relay):
        # Whether a relay passes on is its own policy's to say; a nation that does not know it hopes.
        made = replace(made, desk=replace(made.desk, cut_off={}))
    lines = Lines(scenario, arm, desk.seed).carry if desk.emulated_lines else None
    asterix = home.folder / "asterix.toml"
    stations = None
    if asterix.exists():
        rows = files.read_toml(asterix, str(asterix)).get("stations", [])
        stations = stations_of(rows, made.desk, str(asterix))
    return Prepared(made, lines, stations)


def _scenario(home: "Home", name: str):  # type: ignore[no-untyped-def]
    from noroshi.catalogue import desk
    from noroshi.catalogue.scenario import load_scenario

    beside = home.folder / name
    return desk.load(beside) if beside.is_file() else load_scenario(name)


def _policies(home: "Home"):  # type: ignore[no-untyped-def]
    from noroshi.catalogue.door import read_text
    from noroshi.sharing.policy import Policy

    found = {path.stem: path for path in sorted((home.folder / POLICIES).glob("*.cedar"))}
    found[home.nation] = home.policy_path
    return {nation: Policy(nation, read_text(path, str(path)), str(path)) for nation, path in found.items()}
