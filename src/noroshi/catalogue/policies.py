"""Release policies from files: one Cedar text for each nation, a folder for each arm of sharing."""

from collections.abc import Iterable
from pathlib import Path

from noroshi.errors import InputError
from noroshi.records.labels import NATION
from noroshi.sharing.policy import Policy

SHIPPED = Path(__file__).parent.parent / "data" / "policies"


def shipped_arms() -> tuple[str, ...]:
    """The arms whose policies come with noroshi."""
    return tuple(sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir()))


def load_policies(arm_dir_or_name: str | Path, nations: Iterable[str]) -> dict[str, Policy]:
    """Read <NATION>.cedar for every nation from a shipped arm or, where no arm is called so, from a folder.

    Raises InputError for a folder or file that is missing or unreadable, and for what is no usable Cedar.
    """
    folder = SHIPPED / arm_dir_or_name if str(arm_dir_or_name) in shipped_arms() else Path(arm_dir_or_name)
    if not folder.is_dir():
        need = f"must be a folder of policies or one of the shipped arms: {', '.join(shipped_arms())}."
        raise InputError(str(arm_dir_or_name), "", None, need)
    return {nation: _load(folder / f"{nation}.cedar", nation) for nation in nations}


def load_policy(file: Path) -> Policy:
    """The policy of one nation from NATION.cedar. Raises InputError as `load_policies` does."""
    if not NATION.fullmatch(file.stem):
        need = "must be called after its nation, such as JPN.cedar."
        raise InputError(str(file), "", None, need)
    return _load(file, file.stem)


def _load(file: Path, nation: str) -> Policy:
    try:
        # newline="": the hash is of the file's own bytes.
        with file.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
    except FileNotFoundError as error:
        need = f"must exist: it says what {nation} releases."
        hint = "A file with only a comment releases nothing."
        raise InputError(str(file), "", None, need, hint) from error
    except (OSError, UnicodeDecodeError) as error:
        need = f"must be a readable text file in UTF-8, but: {error}."
        raise InputError(str(file), "", None, need) from error
    return Policy(nation, text, source=str(file))
