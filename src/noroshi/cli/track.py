"""noroshi track: recorded detections become tracks, with where each comes from and where it comes down."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from noroshi.errors import InputError


def track(
    detections: Annotated[
        Path,
        typer.Argument(help="Detections, one row a plot: a Parquet table.", metavar="DETECTIONS.parquet"),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for tracks.parquet, summary.json, regions.geojson; by default out/NAME."),
    ] = None,
    association: Annotated[
        Literal["nearest", "jpda"],
        typer.Option(help="Which plot is whose: one optimal choice, or all by chance."),
    ] = "nearest",
    threat: Annotated[
        str | None,
        typer.Option(
            help="What is believed of what flies: a threat's name or TOML file; by default anything."
        ),
    ] = None,
    sort: Annotated[
        bool,
        typer.Option(
            "--sort", help="Take rows by their times; without, they came in the order of the table."
        ),
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Track recorded detections and say where each object began and where it comes down."""
    from noroshi.catalogue.threats import load_threat
    from noroshi.cli.progress import progress
    from noroshi.exercise import nations, recorded
    from noroshi.formats.detections import decode
    from noroshi.report import recorded as report

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("", "--plot", str(plot), "must end in .png, .svg or .pdf.")
    if plot is not None and not plot.parent.is_dir():
        raise InputError("", "--plot", str(plot), "is in no folder that is there.")
    belief = recorded.GENERIC if threat is None else nations.believed(load_threat(threat).belief)
    try:
        data = detections.read_bytes()
    except OSError as error:
        hint = "Write a table with `noroshi run SCENARIO --detections FILE`, or see docs/reference/track.md."
        raise InputError(str(detections), "", None, f"cannot be read: {error.strerror}.", hint) from error
    rows = decode(data, str(detections))
    if sort:
        rows = sorted(rows, key=recorded.when)
    target = out if out is not None else Path("out") / detections.stem
    report.make(target)
    with progress(quiet=as_json) as told:
        rules = recorded.ruled(association, belief)
        made = recorded.follow(rows, belief, rules, lambda done, of: told("plots", done, of))
    report.write(made, target)
    if plot is not None:
        from noroshi.report.recorded_plot import draw

        try:
            draw(made, plot)
        except OSError as error:
            raise InputError(str(plot), "", None, f"cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps(report.plain(made), ensure_ascii=False))
        return
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 140, highlight=False).print(report.table(made))
    for line in report.said(made):
        typer.echo(line)
    typer.echo(f"Tracks: {target}")
