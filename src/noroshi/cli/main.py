"""The command noroshi: parse, call one function, print."""

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from noroshi import __version__
from noroshi.cli import federation, policy
from noroshi.cli.backup import backup, restore
from noroshi.cli.coverage import coverage
from noroshi.cli.exercise import exercise
from noroshi.cli.feed import feed
from noroshi.cli.fly import fly
from noroshi.cli.journal import journal
from noroshi.cli.launches import launches
from noroshi.cli.node import node
from noroshi.cli.people import act, say
from noroshi.cli.sensors import sensors
from noroshi.cli.track import track
from noroshi.cli.world import world
from noroshi.errors import InputError, NoroshiError

if TYPE_CHECKING:
    from noroshi.exercise.world import World

app = typer.Typer(
    name="noroshi",
    help="See a launch once, together: simulate how allied nations detect, share and warn, from public data.",
    epilog="Example: noroshi run japan-2022-10-04",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ScenarioName = Annotated[
    str, typer.Argument(help="A shipped scenario's name or a TOML file.", metavar="SCENARIO")
]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"noroshi {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate, exercise and study the allied warning chain."""


@app.command(epilog="Example: noroshi run japan-2022-10-04 --sharing hub --seed 3 --out out/hub-3")
def run(
    scenario: ScenarioName,
    sharing: Annotated[
        str,
        typer.Option(help="One arm of sharing (national, bilateral, hub, direct), or compare: all of them."),
    ] = "compare",
    seed: Annotated[int, typer.Option(min=0, max=2**53, help="Same seed, same journal, byte for byte.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder to write, by default out/NAME.")] = None,
    spread: Annotated[
        int, typer.Option(min=0, max=10_000, help="Further seeds for the spread of what sharing buys.")
    ] = 0,
    detections: Annotated[
        Path | None,
        typer.Option(help="Write the plots of one arm as a table for noroshi track; takes --sharing ARM."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json and nothing else.")] = False,
) -> None:
    """Run a scenario, print the comparison and write its report."""
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.cli.progress import progress
    from noroshi.exercise import folder
    from noroshi.exercise.compare import compare
    from noroshi.report.html import write_report
    from noroshi.report.text import comparison

    world = load_scenario(scenario)
    for caution in world.cautions():
        typer.echo(f"caution: {caution}", err=True)
    arms = None if sharing == "compare" else world.named_arms([sharing])
    target = out if out is not None else Path("out") / world.name
    folder.check_target(target)
    if detections is not None and (sharing == "compare" or not detections.parent.is_dir()):
        need = "needs one arm: its radars look where it cues them, and a folder that is there."
        raise InputError("", "--detections", str(detections), need, "Name the arm with --sharing.")
    with progress(quiet=as_json) as told:
        result = compare(world, seed, arms, spread, told, processes=min(2, os.cpu_count() or 1))
        told("report", 0, 1)
        folder.write(result, target, write_report)
        told("report", 1, 1)
        if detections is not None:
            _write_detections(result.world, sharing, detections)
    if as_json:
        typer.echo(json.dumps(result.summary, ensure_ascii=False))
        return
    from rich.console import Console

    # A file or a pipe is as wide as the table needs.
    Console(width=None if sys.stdout.isatty() else 110).print(comparison(target))
    typer.echo(f"Report: {target / 'report.html'}")


def _write_detections(world: "World", arm: str, path: Path) -> None:
    from noroshi.exercise.taken import record
    from noroshi.formats.detections import encode

    try:
        path.write_bytes(encode(record(world, arm)))
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be written: {error.strerror}.") from error


@app.command(epilog="Example: noroshi scenarios")
def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """List the scenarios that come with noroshi."""
    from noroshi.catalogue.scenario import list_scenarios

    listed = list_scenarios()
    if as_json:
        typer.echo(json.dumps([{"name": one.name, "title": one.title} for one in listed], ensure_ascii=False))
        return
    width = max(len(one.name) for one in listed)
    for one in listed:
        typer.echo(f"{one.name:<{width}}  {one.title}")


@app.command(epilog="Example: noroshi check my-case.toml")
def check(
    scenario: ScenarioName,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Check a scenario: every field, and that a flight meets its figures."""
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.exercise.draw import flight

    world = load_scenario(scenario)
    flown = [flight(world, launch, 0) for launch in world.launches]
    figures = list(world.figures())
    assumed = sum(figure.confidence == "assumed" for _, figure in figures)
    if as_json:
        found = {"scenario": world.name, "ok": True, "numbers": len(figures), "assumed": assumed}
        found["cautions"] = world.cautions()
        typer.echo(json.dumps(found))
        return
    typer.echo(f"{world.name}: good. {len(figures)} numbers, {assumed} of them assumptions.")
    for caution in world.cautions():
        typer.echo(f"  caution: {caution}")
    for launch, one in zip(world.launches, flown, strict=True):
        if one.ascent is not None:
            orbit, after_s = one.ascent.orbit, one.ascent.insertion_s
            typer.echo(
                f"  {launch.id}: orbit of {orbit.perigee_km:.0f} by {orbit.apogee_km:.0f} km, "
                f"{orbit.inclination_deg:.1f} deg, after {after_s / 60:.1f} min"
            )
            continue
        fit = one.fit
        typer.echo(
            f"  {launch.id}: apogee {fit.apogee_km:.0f} km, range {fit.range_km:.0f} km, "
            f"{fit.flight_time_s / 60:.1f} min, falls at {fit.impact_lat_deg:.2f}, {fit.impact_lon_deg:.2f}"
        )


@app.command(epilog="Example: noroshi new my-case")
def new(
    name: Annotated[str, typer.Argument(help="Name of the scenario; the file is NAME.toml.", metavar="NAME")],
) -> None:
    """Write a commented scenario to edit."""
    from noroshi.catalogue.template import new_scenario

    path = Path(f"{name.removesuffix('.toml')}.toml")
    text = new_scenario(path.stem)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            str(path), "", None, "is there already and is left alone.", "Choose another name."
        ) from None
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be written: {error.strerror}.") from error
    typer.echo(f"{path}: edit it, then: noroshi check {path}")


app.command(
    epilog='Example: noroshi act hold KOR --home homes/JPN --author "shift lead" --reason "wrong epoch"'
)(act)
app.command(epilog="Example: noroshi backup ex/JPN --out jpn.tar")(backup)
app.command(
    epilog="Example: noroshi coverage --walker 28/4/1 --height-km 1000 --inclination-deg 81 --band 20,50"
)(coverage)
app.command(
    epilog="Example: noroshi exercise japan-2022-10-04 --nations JPN,KOR,USA --arm hub --out out/live"
)(exercise)
app.add_typer(federation.app, name="federation")
app.command(epilog="Example: noroshi feed plots.parquet --home homes/JPN --now")(feed)
app.command(epilog="Example: noroshi fly 2022-10-03 --plot flight.png")(fly)
app.add_typer(journal)
app.command(epilog="Example: noroshi launches --class icbm --since 2022-01-01")(launches)
app.add_typer(policy.app, name="policy")
app.command(epilog="Example: noroshi node --config homes/JPN")(node)
app.command(epilog="Example: noroshi restore jpn.tar --to ex/JPN")(restore)
app.command(epilog='Example: noroshi say "radar check at noon" --home homes/JPN --author "duty officer"')(say)
app.command(epilog="Example: noroshi sensors --nation JPN")(sensors)
app.command(epilog="Example: noroshi track plots.parquet --association jpda --plot tracks.png")(track)
app.command(hidden=True)(world)


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """What goes wrong on purpose is said on standard error, without a traceback, with exit code 2."""
    try:
        yield
    except NoroshiError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except SystemExit as leave:
        # typer's word for Ctrl-C.
        if leave.code == 130:
            typer.echo("interrupted; nothing was written", err=True)
            # Threads that still compile would be waited for.
            os._exit(130)
        raise


@contextmanager
def _ctrl_c_is_heard() -> Iterator[None]:
    """Ctrl-C raises where it is not lost: what a callback of the garbage collector raises is dropped.

    jax has such a callback, and while kernels are compiled much of the time is spent in it.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
        while frame is not None:
            if frame.f_code in callbacks:
                threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def main() -> None:
    """Entry point of the command line."""
    with _ctrl_c_is_heard(), _errors_in_words():
        app(standalone_mode=True)
