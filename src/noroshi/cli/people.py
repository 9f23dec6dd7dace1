"""noroshi act and noroshi say: what people at a running node order and say."""

from pathlib import Path
from typing import Annotated, Any

import typer

from noroshi.errors import InputError

HomeFolder = Annotated[Path, typer.Option("--home", help="The nation's home folder.", metavar="HOME")]
Author = Annotated[str, typer.Option(help="Who, as a role: it stands in the journal.")]
ACTS = ("hold", "resume", "stand_down", "confirm", "note")


def act(
    what: Annotated[str, typer.Argument(help=", ".join(ACTS) + ".", metavar="ACT")],
    home: HomeFolder,
    author: Author,
    reason: Annotated[str, typer.Option(help="Why: it stands in the journal, and in each refusal.")],
    subject: Annotated[
        str, typer.Argument(help="A nation (hold, resume), or the name of a track or an alert.")
    ] = "",
) -> None:
    """Hold or resume what goes to a nation, stand an alert down, confirm a track, or note something."""
    if what not in ACTS:
        raise InputError("", "ACT", what, "is no act.", f"One of {', '.join(ACTS)}.")
    done = _ask(home, {"do": "act", "act": what, "subject": subject, "author": author, "reason": reason})
    typer.echo(f"{done['message']}: taken; what came of it stands in the journal")


def say(
    text: Annotated[str, typer.Argument(help="Words for people at the partners' nodes.", metavar="TEXT")],
    home: HomeFolder,
    author: Author,
) -> None:
    """Say something to the partners' people over the hotline, as far as the policy lets it go."""
    done = _ask(home, {"do": "say", "text": text, "author": author})
    typer.echo(f"{done['message']}: {done['label']}")


def _ask(home: Path, words: dict[str, Any]) -> dict[str, Any]:
    from noroshi.live import command
    from noroshi.live.home import load_home

    answer = command.ask(load_home(home), words)
    if answer is None:
        raise InputError(str(home), "", None, "has no node that runs.", f"noroshi node --config {home}")
    return answer
