"""noroshi journal: is it what was written, what stands in it, and do those of all nations agree?"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.live.places import Journal
    from noroshi.sharing.keys import Keyring

journal = typer.Typer(
    name="journal",
    help="Check a journal, read it, write it as a table, and audit those of all nations.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FOLLOW_EVERY_S = 0.5

Place = Annotated[
    Path,
    typer.Argument(
        help="A run's journal or its folder, a live journal's folder, a node's home.", metavar="PATH"
    ),
]
Keys = Annotated[
    list[Path] | None,
    typer.Option(help="Public keys: a partner's file, a folder of them, a home; may be given several times."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@journal.command(epilog="Example: noroshi journal verify ex/JPN")
def verify(path: Place, keys: Keys = None, as_json: Json = False) -> None:
    """Check every line, signed head and countersignature; exit 1 with the place of the first damage."""
    from dataclasses import asdict

    from noroshi.live import verify as verifying
    from noroshi.live.places import journal_at

    found_at = journal_at(path)
    keyring = _keyring(keys, [found_at])
    found = verifying.verify(found_at, keyring)
    if as_json:
        print(
            json.dumps({"path": str(found_at.path), "good": found.good, **asdict(found)}, ensure_ascii=False)
        )
        raise typer.Exit(0 if found.good else 1)
    span = f", {found.first_utc} to {found.last_utc}" if found.first_utc else ""
    typer.echo(f"{found_at.path}: {found.entries} entries{span}")
    if found.entries:
        typer.echo(f"  last line: seq {found.entries - 1}, chain {found.chain}")
    if found.torn_bytes and not found.damage:
        typer.echo(
            f"  behind it {found.torn_bytes} bytes of a line that is not finished; the node cuts them off"
        )
    if found_at.live:
        judged = "signatures good" if keyring is not None else "signatures not checked: name keys with --keys"
        reach = f", up to seq {found.signed}; {judged}" if found.heads else ""
        typer.echo(f"  {found.heads} signed heads{reach}")
        for nation, seq in sorted(found.countersigned.items()):
            typer.echo(f"  countersigned by {nation} up to seq {seq}")
    for unchecked in found.unchecked:
        typer.echo(f"  not checked: {unchecked}")
    for fault in found.faults:
        typer.echo(f"  wrong: {fault}")
    if found.damage:
        typer.echo(f"  damage after seq {found.entries - 1}:\n{found.damage}")
    typer.echo("good" if found.good else "NOT GOOD")
    raise typer.Exit(0 if found.good else 1)


@journal.command(epilog="Example: noroshi journal show ex/JPN --event incoming --event refused --since 120")
def show(
    path: Place,
    event: Annotated[list[str] | None, typer.Option(help="Only these events; several times.")] = None,
    node: Annotated[list[str] | None, typer.Option(help="Only these nations; several times.")] = None,
    since: Annotated[str | None, typer.Option(help="From then on: seconds, or a time in ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to then: seconds, or a time in ISO 8601.")] = None,
    message: Annotated[str | None, typer.Option(help="Only what is about the message of this id.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last so many of them.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is being written, to Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print entries as JSON lines.")] = False,
) -> None:
    """Print entries, one a line; exit 1 where the journal is damaged, after what stands before."""
    from collections import deque

    from noroshi.live import show as showing
    from noroshi.live.places import journal_at

    found_at = journal_at(path)
    wanted = showing.chosen(event or (), node or (), message, since, until)
    walk = found_at.walk()

    def entries() -> Iterator[dict[str, Any]]:
        yield from (line.entry for line in walk if wanted(line.entry))

    def put(entry: dict[str, Any]) -> None:
        text = json.dumps(entry, ensure_ascii=False) if as_json else showing.text(entry)
        sys.stdout.write(text + "\n")  # flushed at the end, not line by line

    if not as_json:
        typer.echo(showing.HEADINGS)
    kept: deque[dict[str, Any]] = deque(maxlen=last or 1)
    damage = ""
    try:
        for entry in entries():
            if last is None:
                put(entry)
            else:
                kept.append(entry)
    except InputError as error:
        damage = f"damaged after seq {walk.end.seq - 1}: {error}"
    for entry in kept:
        put(entry)
    while follow and not damage:
        sys.stdout.flush()
        time.sleep(FOLLOW_EVERY_S)
        walk = found_at.walk(since=walk.end)
        for entry in entries():
            put(entry)
    if walk.end.torn:
        typer.echo(f"behind the last line: {len(walk.end.torn)} bytes of one that is not finished", err=True)
    if damage:
        typer.echo(damage, err=True)
        raise typer.Exit(1)


@journal.command(epilog="Example: noroshi journal export ex/JPN --out jpn.parquet")
def export(
    path: Place,
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[
        Literal["jsonl", "csv", "parquet"] | None,
        typer.Option("--format", help="By default what the file's name ends in."),
    ] = None,
) -> None:
    """Write the whole journal as a table, every line checked on the way."""
    from noroshi.live import export as exporting
    from noroshi.live.places import journal_at

    by_name: dict[str, exporting.Format] = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}
    chosen = form or by_name.get(out.suffix.lower())
    if chosen is None:
        raise InputError("", "--out", str(out), "must end in .jsonl, .csv or .parquet.", "Or give --format.")
    walk = journal_at(path).walk()
    count = exporting.write(walk, out, chosen)
    if walk.end.torn:
        typer.echo(f"left out: {len(walk.end.torn)} bytes of a line that is not finished", err=True)
    typer.echo(f"{out}: {count} entries")


@journal.command(epilog="Example: noroshi journal audit ex/USA ex/JPN ex/KOR")
def audit(
    folders: Annotated[
        list[Path], typer.Argument(help="Journals or homes, one for each nation.", metavar="FOLDER...")
    ],
    keys: Keys = None,
    running: Annotated[
        bool, typer.Option("--running", help="The nodes go on: what is on its way is not lost.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Lay the journals of all nations of one exchange beside each other; exit 1 where something is wrong."""
    from dataclasses import asdict

    from noroshi.live import audit as auditing
    from noroshi.live.places import journal_at

    places = [journal_at(folder) for folder in folders]
    keyring = _keyring(keys, places)
    journals: dict[str, Iterator[dict[str, Any]]] = {}
    damaged: list[Any] = []
    for place in places:
        nation = _nation(place)
        if nation in journals:
            need = f"is a second journal of {nation}; one for each nation is needed."
            raise InputError(str(place.path), "", None, need)
        journals[nation] = _entries(place, nation, damaged)
    findings = auditing.audit(journals, keyring, running)
    findings = sorted([*findings, *damaged], key=lambda one: (not one.error, one.nation, one.seq))
    wrong = auditing.errors(findings)
    if as_json:
        rows = [{**asdict(one), "error": one.error} for one in findings]
        print(
            json.dumps({"nations": sorted(journals), "good": not wrong, "findings": rows}, ensure_ascii=False)
        )
        raise typer.Exit(1 if wrong else 0)
    for one in findings:
        typer.echo(f"{'WRONG' if one.error else 'note '}  {one}")
    checked = "signatures checked" if keyring is not None else "signatures not checked: name keys with --keys"
    rest = f"{len(wrong)} wrong, {len(findings) - len(wrong)} to note; {checked}"
    typer.echo(f"{len(journals)} journals ({', '.join(sorted(journals))}): {rest}")
    raise typer.Exit(1 if wrong else 0)


def _keyring(keys: list[Path] | None, places: "list[Journal]") -> "Keyring | None":
    """The keys given, or those in the homes whose journals are read; None where there are none."""
    from noroshi.live.places import keyring_at

    homes = [place.home for place in places if place.home is not None and any(place.home.glob("*/*.json"))]
    if keys or homes:
        return keyring_at(*(keys or homes))
    return None


def _nation(place: "Journal") -> str:
    for line in place.walk():
        if isinstance(nation := line.entry.get("node"), str) and nation:
            return nation
    return place.path.parent.name if place.path.name == "journal" else place.path.name


def _entries(place: "Journal", nation: str, damaged: list[Any]) -> Iterator[dict[str, Any]]:
    from noroshi.live.audit import Finding

    walk = place.walk()
    try:
        for line in walk:
            yield line.entry
    except InputError as error:
        place_of = str(error).replace("\n ", ":")
        damaged.append(Finding("chain", nation, walk.end.seq, "", place_of))
