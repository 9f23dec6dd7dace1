"""Labels: whom a nation writes a message for, and whether it is an exercise."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from noroshi.errors import InputError

NATION = re.compile(r"[A-Z]{3}")  # ISO 3166-1 alpha-3


@dataclass(frozen=True)
class Label:
    """Written once by the originator, never changed by those who pass the message on.

    The originator itself need not be named. A label that names nobody reaches nobody.
    """

    originator: str
    releasable_to: tuple[str, ...]
    exercise: bool = True

    def __str__(self) -> str:
        others = [nation for nation in self.releasable_to if nation != self.originator]
        return " ".join(["REL", self.originator, *others])

    @property
    def marking(self) -> str:
        """What stands above the message: "EXERCISE" or "LIVE"."""
        return marking(self.exercise)


def marking(exercise: bool) -> str:
    """The word for the exercise flag."""
    return "EXERCISE" if exercise else "LIVE"


def parse(text: str, nations: Collection[str], where: str, exercise: bool = True) -> Label:
    """Read "REL JPN USA" (originator first); `where` names the file or message for the error.

    Raises InputError when the text has another form or names a nation that is not in `nations`.
    """
    words = text.split()
    if len(words) < 2 or words[0] != "REL":
        raise InputError(where, "label", text, "must read REL, originator, then recipients:", "REL JPN USA.")
    for word in words[1:]:
        if word not in nations:
            known = ", ".join(sorted(nations))
            raise InputError(where, "label", text, f"names {word}, an unknown nation; known are {known}.")
    return Label(words[1], tuple(words[2:]), exercise)
