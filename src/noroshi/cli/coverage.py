"""noroshi coverage: what a constellation keeps in view, once and in stereo, or the smallest that does."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from noroshi.errors import InputError


def coverage(
    walker: Annotated[
        list[str] | None,
        typer.Option(help="Satellites/planes/phasing; several are joined.", metavar="T/P/F"),
    ] = None,
    height_km: Annotated[
        list[str] | None,
        typer.Option(help="Height of the orbits, km: one, or one for each --walker.", metavar="KM"),
    ] = None,
    inclination_deg: Annotated[
        list[str] | None,
        typer.Option(help="Inclination, deg: one, or one for each --walker.", metavar="DEG"),
    ] = None,
    pattern: Annotated[
        list[str] | None,
        typer.Option(help="delta (planes over 360°, default) or star (over 180°).", metavar="KIND"),
    ] = None,
    elements: Annotated[
        Path | None, typer.Option(help="Real satellites, a file of TLE or OMM; joined to the others.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="When, UTC; by default the newest of the --elements.", metavar="TIME")
    ] = None,
    target_km: Annotated[float, typer.Option(help="Height of the target, km.")] = 30.0,
    min_elevation_deg: Annotated[
        float | None, typer.Option(help="Lowest elevation of a satellite at the target, deg.")
    ] = None,
    limb: Annotated[
        bool, typer.Option("--limb", help="Lines of sight may graze the Earth's limb (the default).")
    ] = False,
    nadir_deg: Annotated[
        float | None, typer.Option(help="Field of view about the nadir, half angle, deg.")
    ] = None,
    range_km: Annotated[float | None, typer.Option(help="Greatest range, km.")] = None,
    band: Annotated[
        str | None, typer.Option(help="Band of latitude, deg; else the whole Earth.", metavar="SOUTH,NORTH")
    ] = None,
    crossing_deg: Annotated[
        float, typer.Option(help="Gated stereo: two lines of sight cross at this angle at least, deg.")
    ] = 15.0,
    intensity_w_per_sr: Annotated[
        float | None, typer.Option(help="Gated: how bright the target is, W/sr.")
    ] = None,
    threshold_w_per_m2: Annotated[
        float | None, typer.Option(help="Gated: irradiance that a sensor needs, W/m².")
    ] = None,
    earth: Annotated[
        str | None, typer.Option(help="sphere (6371 km), still (the same at rest) or wgs84; by the orbits.")
    ] = None,
    points: Annotated[int, typer.Option(help="Places, of equal area, over the whole Earth.")] = 4000,
    steps: Annotated[int | None, typer.Option(help="Moments, by default 120 of each turn.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="How long, by default a day; one turn over an Earth at rest.")
    ] = None,
    search: Annotated[
        bool, typer.Option("--search", help="Look for the smallest Walker constellation instead.")
    ] = False,
    criterion: Annotated[
        str | None,
        typer.Option(
            help="Search: p1>=0.99, p2>=0.95 or gap<=300, gated.p2>=0.9; p2>=0.95 if not said.",
            metavar="TEXT",
        ),
    ] = None,
    total: Annotated[
        str | None, typer.Option(help="Search: how many satellites, by default 1-100.", metavar="N-M")
    ] = None,
    planes: Annotated[
        str | None, typer.Option(help="Search: how many planes, by default 1-12.", metavar="N-M")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Say how well a constellation keeps a target in view, or look for the smallest one that does."""
    from noroshi.catalogue.coverage import Typed
    from noroshi.cli.progress import progress
    from noroshi.report.coverage import plain, said

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("", "--plot", str(plot), "must end in .png, .svg or .pdf.")
    asked = Typed(
        walker or (), height_km or (), inclination_deg or (), pattern or (), elements, start, target_km,
        min_elevation_deg, limb, nadir_deg, range_km, band, crossing_deg, intensity_w_per_sr,
        threshold_w_per_m2, earth, points, steps, minutes, search, criterion, total, planes,
    )  # fmt: skip
    with progress(quiet=as_json) as told:
        answer = asked.answer(told)
    drawn = plot is not None and bool(answer.layers)
    if plot is not None and drawn:
        from noroshi.report.coverage_plot import draw

        try:
            draw(answer, plot)
        except OSError as error:
            raise InputError(str(plot), "", None, f"cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps(plain(answer), ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    for part in said(answer):
        console.print(part)
    if drawn:
        typer.echo(f"Picture: {plot}")
