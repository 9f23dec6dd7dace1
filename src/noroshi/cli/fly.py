"""noroshi fly: a flight that fits a recorded launch, or figures of one's own."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from noroshi.errors import InputError

_FORMS = "6000, '>6000' (at least), '<50' (at most) or '6000+-25'"


def fly(
    name: Annotated[
        str | None, typer.Argument(help="A recorded launch, or the beginning of its name.", metavar="NAME")
    ] = None,
    lat: Annotated[float | None, typer.Option(help="Launch point, latitude, deg.")] = None,
    lon: Annotated[float | None, typer.Option(help="Launch point, longitude, deg.")] = None,
    height_m: Annotated[float, typer.Option(help="Launch point, height above the ellipsoid, m.")] = 0.0,
    bearing_deg: Annotated[str | None, typer.Option(help="Direction of the end point, deg.")] = None,
    convention: Annotated[
        str, typer.Option("--bearing-convention", help="How to read it: great-circle or launch-azimuth.")
    ] = "great-circle",
    apogee_km: Annotated[str | None, typer.Option(help=f"Apogee, km: {_FORMS}.")] = None,
    range_km: Annotated[
        str | None,
        typer.Option(help="Range over the ground, km, as the apogee; of space: where stage 2 fell."),
    ] = None,
    flight_time_min: Annotated[
        str | None, typer.Option(help="Flight time, min, as the apogee: narrows the spread, is not fitted.")
    ] = None,
    end_lat: Annotated[
        float | None,
        typer.Option(help="End point, latitude, deg, instead of range and bearing; name a family too."),
    ] = None,
    end_lon: Annotated[float | None, typer.Option(help="End point, longitude, deg.")] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help="What flies: srbm, mrbm, irbm-single-stage, icbm, quasi-ballistic, glide, space, or a TOML "
            "file; by default by the record or the range."
        ),
    ] = None,
    burn_s: Annotated[float | None, typer.Option(help="Burn of all stages where it is known, s.")] = None,
    bank: Annotated[
        str | None,
        typer.Option(
            help="Banks of a glider from its first lift on, deg:s, to the right above 0: '30:120,-30:120'.",
            metavar="BANKS",
        ),
    ] = None,
    fails_at_s: Annotated[float | None, typer.Option(help="It fails this long after launch, s.")] = None,
    failure: Annotated[str | None, typer.Option(help="How it fails: thrust-loss or break-up.")] = None,
    waypoints: Annotated[
        Path | None,
        typer.Option(help="Cruise or aircraft: a CSV file with lat_deg, lon_deg, height_m, speed_mps."),
    ] = None,
    earth: Annotated[str, typer.Option(help="wgs84 with J2, or sphere.")] = "wgs84",
    rotation: Annotated[bool, typer.Option(help="Whether the Earth turns.")] = True,
    air: Annotated[bool, typer.Option(help="Whether there is air.")] = True,
    seed: Annotated[int, typer.Option(min=0, max=2**53, help="Seed of the spread.")] = 0,
    file: Annotated[
        Path | None, typer.Option(help="Another record, CSV with the columns of the shipped one.")
    ] = None,
    step_s: Annotated[float, typer.Option(min=0.1, max=3600, help="Step of the track in JSON, s.")] = 10.0,
    plot: Annotated[Path | None, typer.Option(help="Write a picture: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Fly what was announced: a recorded launch or your own figures, with its spread."""
    from noroshi.catalogue.asked import Typed, load_waypoints
    from noroshi.catalogue.flights import along, answers
    from noroshi.catalogue.questions import Answer, Unanswered
    from noroshi.cli.progress import progress
    from noroshi.report.flight import plain, said

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("", "--plot", str(plot), "must end in .png, .svg or .pdf.")
    found: list[Answer | Unanswered]
    asked = Typed(
        name, file, lat, lon, height_m, bearing_deg, convention, apogee_km, range_km, flight_time_min,
        end_lat, end_lon, family, burn_s, bank, fails_at_s, failure, earth, rotation, air, seed,
    )  # fmt: skip
    if waypoints is not None:
        if asked != Typed():
            need = "is given together with a launch or its figures."
            raise InputError("", "--waypoints", str(waypoints), need, "Give one or the other.")
        found = [along(waypoints.stem, load_waypoints(waypoints))]
    else:
        questions = asked.questions()
        with progress(quiet=as_json) as told:
            found = answers(questions, told)
    if plot is not None:
        from noroshi.report.flight_plot import draw

        try:
            draw(found, plot)
        except OSError as error:
            raise InputError(str(plot), "", None, f"cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps(plain(found, step_s), ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    for part in said(found):
        console.print(part)
    if plot is not None:
        typer.echo(f"Picture: {plot}")
