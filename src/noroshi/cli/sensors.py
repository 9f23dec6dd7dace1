"""noroshi sensors: the public catalogue of sensors."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from noroshi.errors import InputError

_KINDS = ("radar", "infrared", "skywave")


def sensors(
    name: Annotated[
        str | None, typer.Argument(help="One sensor, whole: each number with its source.", metavar="ID")
    ] = None,
    nation: Annotated[
        list[str] | None,
        typer.Option(help="Only AUS, GBR, JPN, KOR or USA; several are joined.", metavar="CODE"),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only radar, infrared or skywave.", metavar="KIND")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a map: .png, .svg or .pdf.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """List the public sensors of five nations: where they stand, how far they reach, how much is assumed."""
    from noroshi.catalogue.sites import find, load_sites
    from noroshi.report.sensors import LEGEND, plain, tables, whole

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError("", "--plot", str(plot), "must end in .png, .svg or .pdf.")
    wanted_kind = _kind(kind)
    found = [one for one in load_sites(_nations(nation)) if wanted_kind in (None, one.profile.kind)]
    if name is not None:
        for option, value in (("--nation", nation), ("--kind", kind)):
            if value:
                raise InputError(
                    "", option, value, "has no place beside the name of a sensor.", "Leave it out."
                )
        found = [find(found, name)]
    if plot is not None and not found:
        raise InputError(
            "", "--plot", str(plot), "has nothing to show: no sensor is of that nation and kind."
        )
    if plot is not None:
        from noroshi.report.sensors_plot import draw

        try:
            draw(found, plot)
        except OSError as error:
            raise InputError(str(plot), "", None, f"cannot be written: {error.strerror}.") from error
    if as_json:
        typer.echo(json.dumps([plain(one) for one in found], ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False, markup=False)
    if name is not None:
        for part in whole(found[0]):
            console.print(part)
    else:
        for code, table in tables(found):
            console.print(code, style="bold")
            console.print(table)
            console.print()
        typer.echo(f"{len(found)} sensor{'' if len(found) == 1 else 's'}.")
        if found:
            typer.echo(LEGEND)
    if plot is not None:
        typer.echo(f"Map: {plot}")


def _nations(codes: list[str] | None) -> list[str] | None:
    """Codes of nations, in whatever case."""
    from noroshi.catalogue.base import did_you_mean
    from noroshi.catalogue.sites import nations

    codes = [one.strip() for code in codes or () for one in code.split(",")]
    for code in codes:
        if code.upper() not in nations():
            hint = did_you_mean(code, nations())
            raise InputError("", "--nation", code, "has no sensors in the catalogue.", hint)
    return [code.upper() for code in codes] if codes else None


def _kind(kind: str | None) -> str | None:
    """A kind of sensor, in whatever case."""
    from noroshi.catalogue.base import did_you_mean

    if kind is None or kind.lower() in _KINDS:
        return kind and kind.lower()
    raise InputError("", "--kind", kind, "is not a kind of sensor.", did_you_mean(kind.lower(), _KINDS))
