"""noroshi coverage: what a constellation keeps in view, once and in stereo, or the smallest that does."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

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
    points: Annotated[
        int | None,
        typer.Option(help="Places of equal area over the whole Earth: 4,000; 100,000 with --net."),
    ] = None,
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
    nations: Annotated[
        str | None,
        typer.Option(
            help="Who takes part: USA=16,JPN=8 divides the satellites, USA,JPN deals out planes; of a net "
            "only their sensors.",
            metavar="NAMES",
        ),
    ] = None,
    net: Annotated[
        str | None,
        typer.Option(help="Radars and satellites: public (the shipped ones), or a scenario.", metavar="NAME"),
    ] = None,
    rcs_m2: Annotated[
        float | None, typer.Option(help="Of a net: the target's radar cross-section, m².")
    ] = None,
    flight: Annotated[
        str | None,
        typer.Option(
            help="Who holds a recorded launch, from where to where: its name, as in noroshi fly.",
            metavar="NAME",
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Say how well a constellation, a net of radars or both keep a target in view; or find the smallest."""
    from noroshi.catalogue.coverage import Typed
    from noroshi.cli.progress import progress
    from noroshi.report.coverage import plain, said

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("", "--plot", str(plot), "must end in .png, .svg or .pdf.")
    asked = Typed(
        walker or (), height_km or (), inclination_deg or (), pattern or (), elements, start, target_km,
        min_elevation_deg, limb, nadir_deg, range_km, band, crossing_deg, intensity_w_per_sr,
        threshold_w_per_m2, earth, points, steps, minutes, search, criterion, total, planes, nations, net,
        rcs_m2,
    )  # fmt: skip
    if flight is not None:
        from noroshi.catalogue.custody import follow
        from noroshi.report import custody

        with progress(quiet=as_json) as told:
            found = follow(asked, flight, told)
        if plot is not None:
            from noroshi.report.custody_plot import draw as draw_custody

            _drawn(plot, lambda path: draw_custody(found, path))
        _print(custody.plain(found), custody.said(found), plot, as_json)
        return
    with progress(quiet=as_json) as told:
        answer = asked.answer(told)
    drawn = plot if answer.geometry is not None else None
    if drawn is not None:
        from noroshi.report.coverage_plot import draw

        _drawn(drawn, lambda path: draw(answer, path))
    _print(plain(answer), said(answer), drawn, as_json)


def _drawn(path: Path, draw: Callable[[Path], None]) -> None:
    try:
        draw(path)
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be written: {error.strerror}.") from error


def _print(plain: object, said: Iterable[Any], plot: Path | None, as_json: bool) -> None:
    """JSON alone, or the tables and where the picture lies."""
    if as_json:
        typer.echo(json.dumps(plain, ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    for part in said:
        console.print(part)
    if plot is not None:
        typer.echo(f"Picture: {plot}")
