"""noroshi backup and noroshi restore: a node's home in one file, and back."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from noroshi.errors import InputError

Passphrase = Annotated[
    Path | None,
    typer.Option(help="File with the passphrase of the keys; else NOROSHI_PASSPHRASE, else it is asked for."),
]


def backup(
    home: Annotated[Path, typer.Argument(help="The node's home folder.", metavar="HOME")],
    out: Annotated[Path, typer.Option(help="File to write, a tar.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="The private keys too, sealed with a passphrase.")
    ] = False,
    passphrase_file: Passphrase = None,
) -> None:
    """Write settings, policy, partners and journal of a node into one file; the node may run."""
    from noroshi.live import backup as saving

    words = _passphrase(passphrase_file, confirm=True) if with_keys else None
    made = saving.backup(home, out, words)
    keys = "with private keys, sealed" if made.keys else "without private keys"
    typer.echo(f"{out}: {len(made.files)} files, journal up to seq {made.seq}, {keys}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file of noroshi backup.", metavar="FILE")],
    to: Annotated[Path, typer.Option(help="Home folder to make, or to put it over.", metavar="HOME")],
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave the sealed keys where they are.")
    ] = False,
    passphrase_file: Passphrase = None,
) -> None:
    """Make a node's home of a backup, after checking all of it; never over a newer journal."""
    from noroshi.live import backup as saving

    keys = saving.read_manifest(file).keys and not without_keys
    words = _passphrase(passphrase_file, confirm=False) if keys else None
    made = saving.restore(file, to, words)
    told = "with its private keys" if keys else "without private keys"
    typer.echo(f"{to}: {made.nation or 'node'} as of {made.utc}, journal up to seq {made.seq}, {told}")


def _passphrase(file: Path | None, confirm: bool) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(str(file), "--passphrase-file", None, f"cannot be read: {error}.") from error
    if "NOROSHI_PASSPHRASE" in os.environ:
        return os.environ["NOROSHI_PASSPHRASE"]
    if not sys.stdin.isatty():
        need = "is needed for the keys, and nobody is here to be asked."
        raise InputError("", "passphrase", None, need, "Give --passphrase-file or NOROSHI_PASSPHRASE.")
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
