"""noroshi launches: the public record, listed."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from noroshi.errors import InputError


def launches(
    kind: Annotated[
        str | None,
        typer.Option("--class", help="Only slv, icbm, irbm, mrbm, srbm, slbm or hgv.", metavar="CLASS"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from this date on, UTC, such as 2022-01-01.", metavar="DATE")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Another record, CSV with the columns of the shipped one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list and nothing else.")] = False,
) -> None:
    """List recorded launches: what was announced of them, and by whom."""
    from noroshi.catalogue.record import KINDS, SHIPPED, load_launches
    from noroshi.report.launches import plain, table

    wanted = _one_of(kind, KINDS)
    first = _date(since)
    found = [
        launch
        for launch in load_launches(file)
        if wanted in (None, launch.kind) and launch.launched_utc.strftime("%Y-%m-%d") >= first
    ]
    if as_json:
        typer.echo(json.dumps([plain(launch) for launch in found], ensure_ascii=False))
        return
    from rich.console import Console

    if found:
        # A file or a pipe is as wide as the table needs.
        Console(width=None if sys.stdout.isatty() else 130).print(table(found))
    record = file if file is not None else SHIPPED
    typer.echo(
        f"{len(found)} launch{'' if len(found) == 1 else 'es'} of {record}.\n"
        "~ rounded, ≥ at least, ≤ at most, as reported first. With --json: every report, and its sources."
    )


def _one_of(kind: str | None, known: tuple[str, ...]) -> str | None:
    """A class of missile, in whatever case."""
    from noroshi.catalogue.base import did_you_mean

    if kind is None or kind.lower() in known:
        return kind.lower() if kind else None
    hint = did_you_mean(kind.lower(), known)
    raise InputError("--class", "", kind, "is not a class of missile.", hint)


def _date(text: str | None) -> str:
    """A date as it sorts; the empty text before all of them."""
    from datetime import date

    if text is None:
        return ""
    try:
        good = date.fromisoformat(text).isoformat() == text
    except ValueError:
        good = False
    if not good:
        raise InputError("--since", "", text, "is not a date.", "Write it as 2022-01-01.")
    return text
