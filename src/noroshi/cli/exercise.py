"""noroshi exercise: world, servers and nodes of a live exercise on one machine, and what they leave."""

import asyncio
import json
import math
import pickle
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noroshi.cli.node import POLICIES
from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.catalogue.scenario import Scenario
    from noroshi.exercise.run import Sample
    from noroshi.live.fleet import Fleet
    from noroshi.live.home import Home
    from noroshi.report.exercise import Outcome

_DESK = "desk.toml"
# This very Python and noroshi, whatever stands first on PATH.
_NOROSHI = (sys.executable, "-c", "from noroshi.cli.main import main; main()")


def exercise(
    scenario: Annotated[
        str, typer.Argument(help="A shipped scenario's name or a TOML file.", metavar="SCENARIO")
    ],
    nations: Annotated[
        str, typer.Option(help="Nations that take part, such as JPN,KOR,USA; by default all.")
    ] = "",
    arm: Annotated[str, typer.Option(help="Arm of sharing.")] = "hub",
    speed: Annotated[
        float, typer.Option(min=0, max=1000, help="Seconds of exercise in a second; 0: as fast as it goes.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, max=2**53, help="Same seed, same releases.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder to write, by default out/NAME-live.")] = None,
    until: Annotated[float, typer.Option(min=1, help="End after so many seconds of exercise.")] = math.inf,
) -> None:
    """Run an exercise live: one server and one node for each nation, and the world apart from them."""
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.exercise import folder, warm

    asked = load_scenario(scenario)
    (name,) = asked.named_arms([arm])
    _part(asked, nations)
    target = out if out is not None else Path("out") / f"{asked.name}-live"
    folder.check_target(target)
    if not warm.is_compiled():
        typer.echo("compiling, once for this version", err=True)
        warm.compile_all()
    with _workshop(target) as place:
        played = narrowed(asked, nations, place)
        homes = make_homes(played, name, seed, speed, place)
        typer.echo(f"homes while it runs: {place / 'nations'}", err=True)
        fleet = make_fleet(played, homes, seed, speed, until, place)
        trouble = asyncio.run(_play(fleet, homes))
        outcome = collect(
            played, name, seed, homes, place, target, {one.name: one.restarts for one in fleet.nodes}
        )
    _tell(outcome, target)
    if trouble:
        typer.echo(trouble, err=True)
    if trouble or outcome.findings:
        raise typer.Exit(1)


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder beside the target in which the exercise runs; at the end what it holds moves there."""
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.absolute().parent))
    except OSError as error:
        need = f"cannot be written: {error.strerror or error}."
        raise InputError(str(target), "", None, need, "Name another with --out.") from error
    try:
        yield place
    except Exception:
        if any(place.glob("nations/*/journal/*")):
            typer.echo(f"what the nations wrote is left in {place}", err=True)
        else:
            shutil.rmtree(place, ignore_errors=True)
        raise
    shutil.rmtree(place, ignore_errors=True)


def narrowed(asked: "Scenario", nations: str, place: Path) -> "Scenario":
    """The scenario of those who take part, written beside their homes for the world."""
    import tomli_w

    from noroshi.catalogue.scenario import load_scenario

    path = place / "scenario.toml"
    path.write_text(tomli_w.dumps(_part(asked, nations)), encoding="utf-8")
    return load_scenario(str(path))


def _part(asked: "Scenario", nations: str) -> dict[str, Any]:
    """The tables of the scenario with those who take part alone. Raises InputError for who cannot."""
    from noroshi.catalogue import desk

    raw = desk.tables(asked)
    wanted = [one.strip() for one in nations.split(",") if one.strip()] or list(asked.nations)
    return raw if set(wanted) == set(asked.nations) else desk.only(raw, wanted, asked.file)


def make_homes(played: "Scenario", arm: str, seed: int, speed: float, place: Path) -> "dict[str, Home]":
    """A home for each nation, with keys marked EXERCISE, its desk and policies; nothing of the world."""
    import tomli_w

    from noroshi.catalogue import desk
    from noroshi.catalogue.release import arm_policies
    from noroshi.live import federation

    policies = arm_policies(played.arms[arm], played.nations, played.file)
    settings = {
        "clock": {"kind": "exercise", **({"speed": float(speed)} if speed else {})},
        "desk": {"scenario": _DESK, "arm": arm, "seed": seed, "emulated_lines": True},
    }
    homes = federation.init_exercise(
        place / "nations",
        list(played.nations),
        _links(played, arm),
        played.epoch_utc.isoformat().replace("+00:00", "Z"),
        {nation: policy.text for nation, policy in policies.items()},
        federation="exercise",
        settings=settings,
    )
    raw = desk.tables(played)
    for nation, home in homes.items():
        prepared = desk.of_nation(raw, played, nation, arm)
        (home.folder / _DESK).write_text(tomli_w.dumps(prepared), encoding="utf-8")
        (home.folder / POLICIES).mkdir()
        for other, policy in policies.items():
            (home.folder / POLICIES / f"{other}.cedar").write_text(policy.text, encoding="utf-8")
    return homes


def _links(played: "Scenario", arm: str) -> list[tuple[str, str]]:
    """Who accepts and who dials, for each line of the arm: relays accept."""
    from noroshi.live.home import POSITIONS

    relays = {relay.via for relay in played.arms[arm].relay}
    order = {nation: number for number, nation in enumerate([*POSITIONS, *played.nations])}

    def first(nation: str) -> tuple[bool, int]:
        return nation not in relays, order[nation]

    found = []
    for link in played.arms[arm].links:
        accepts, dials = sorted(link.between, key=first)
        found.append((accepts, dials))
    return found


def make_fleet(
    played: "Scenario", homes: "Mapping[str, Home]", seed: int, speed: float, until: float, place: Path
) -> "Fleet":
    """The processes: a node for each nation, and the world, whose end is the exercise's."""
    from noroshi.live.fleet import Child, Fleet

    nodes = [
        Child(
            nation,
            [*_NOROSHI, "node", "--config", str(home.folder), "--log", "json", "--leash"],
            home.folder / "node.log",
            home,
        )
        for nation, home in homes.items()
    ]
    options = ["--homes", str(place / "nations"), "--account", str(place / "account"), "--leash"]
    options += ["--seed", str(seed), "--speed", str(speed)]
    if math.isfinite(until):
        options += ["--until", str(until)]
    return Fleet(nodes, Child("world", [*_NOROSHI, "world", played.file, *options], place / "world.log"))


async def _play(fleet: "Fleet", homes: "Mapping[str, Home]") -> str:
    """Run to the end, to Ctrl-C or until one falls for good; what went wrong, in words."""
    from noroshi.live.fleet import Fallen

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running, stopped = asyncio.create_task(fleet.run()), asyncio.create_task(stop.wait())
    shown = asyncio.create_task(_show(fleet, homes))
    try:
        await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            return "interrupted: what had happened by then was kept"
        running.result()
        return ""
    except Fallen as fallen:
        return str(fallen)
    finally:
        shown.cancel()
        running.cancel()
        await asyncio.gather(running, stopped, shown, return_exceptions=True) if stopped.cancel() else None
        await fleet.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _show(fleet: "Fleet", homes: "Mapping[str, Home]") -> None:
    """Seconds of the exercise and states of links, on a terminal's standard error."""
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    console = Console(stderr=True)
    if not console.is_terminal:
        return
    with Live(console=console, refresh_per_second=4, transient=True) as view:
        while True:
            last = fleet.lead.last_words().rpartition("\n")[2]
            told: dict[str, Any] = {}
            with suppress(ValueError):
                told = json.loads(last)
            table = Table(title=f"{told.get('t_s', 0):g} s of {told.get('end_s', 0):g} s")
            for column in ("nation", "links", "journal", "step", "restarts"):
                table.add_column(column)
            for child in fleet.nodes:
                status = await asyncio.to_thread(_health, homes[child.name])
                links = " ".join(f"{to} {one['link']}" for to, one in status.get("links", {}).items())
                seq, step = status.get("journal", {}).get("seq", ""), status.get("last_step_s") or ""
                table.add_row(child.name, links or "starts", str(seq), str(step), str(child.restarts))
            view.update(table)
            await asyncio.sleep(0.5)


def _health(home: "Home") -> dict[str, Any]:
    import urllib.error
    import urllib.request

    url = f"http://127.0.0.1:{home.settings.server.metrics_port}/health"
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        # Not well, and says so.
        with suppress(ValueError):
            return dict(json.load(error))
    except (OSError, ValueError):
        pass
    return {}


def collect(
    played: "Scenario",
    arm: str,
    seed: int,
    homes: "Mapping[str, Home]",
    place: Path,
    target: Path,
    restarts: Mapping[str, int],
) -> "Outcome":
    """Write the folder of the exercise, as a simulated run's with the nations' homes in it, and judge it."""
    from noroshi.exercise import checks, folder, gather, summary
    from noroshi.exercise.compare import Comparison
    from noroshi.exercise.world import build
    from noroshi.live import audit
    from noroshi.report.exercise import judged
    from noroshi.report.html import write_report
    from noroshi.sharing.keys import Keyring

    journals = {nation: list(entries(home)) for nation, home in homes.items()}
    known = tuple(key for home in homes.values() for key in home.own_keys)
    findings = audit.errors(audit.audit(journals, Keyring(known, {})))
    outcome = judged(journals, [str(one) for one in findings], restarts)
    account: dict[str, Any] = {"seen": {}, "account": {}, "first": {}, "late": []}
    with suppress(OSError):
        account = pickle.loads((place / "account").read_bytes())
    pictures = [sample for nation, home in homes.items() for sample in _pictures(home, journals[nation])]
    done = gather.run_of(build(played, seed), arm, journals, pictures, account)
    extras: dict[str, Any] = {"checks": checks.checks(done.world)}
    result = Comparison(played, seed, (done,), summary.summary(played, seed, [done]), extras)

    def finish(part: Path) -> None:
        write_report(part)
        (part / "exercise.json").write_text(json.dumps(outcome.told(), indent=1) + "\n", encoding="utf-8")
        for one in ("nations", "scenario.toml", "world.log"):
            if (place / one).exists():
                shutil.move(place / one, part / one)

    folder.write(result, target, finish)
    return outcome


def entries(home: "Home") -> Iterator[dict[str, Any]]:
    """The lines of a home's journal, each checked; nobody need write it now."""
    from noroshi.live.disk import Folder
    from noroshi.live.segments import Walk

    for line in Walk(Folder(home.journal_path, make=False)):
        yield line.entry


def _pictures(home: "Home", lines: Sequence[Mapping[str, Any]]) -> "list[Sample]":
    """A nation's pictures: its steps are taken once more, for a journal holds words."""
    from noroshi.cli.node import prepared
    from noroshi.exercise.run import samples
    from noroshi.live import recover

    node, found = prepared(home).node, []
    for given, before, outcome in recover.again(node, recover.past(lines)):
        found += samples(given.t_s, home.nation, before, outcome.node)
    return found


def _tell(outcome: "Outcome", target: Path) -> None:
    from rich.console import Console

    from noroshi.report.exercise import table

    console = Console(width=None if Console().is_terminal else 110)
    console.print(table(outcome))
    for finding in outcome.findings:
        console.print(f"  {finding}")
    console.print(
        "audit: " + ("nothing is wrong" if not outcome.findings else f"{len(outcome.findings)} faults")
    )
    typer.echo(f"Report: {target / 'report.html'}")
