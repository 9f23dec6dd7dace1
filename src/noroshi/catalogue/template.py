"""A small scenario to edit, for `noroshi new NAME`."""

import re

from noroshi.catalogue import door
from noroshi.catalogue.base import NAME
from noroshi.errors import InputError


def new_scenario(name: str) -> str:
    """The text of a commented scenario called `name`: one launch, two nations; it checks clean as it is.

    Raises InputError when `name` cannot name a scenario.
    """
    if not re.fullmatch(NAME, name):
        made = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_").lower()
        need = "must be letters, digits, - and _ only, beginning with a letter or digit."
        raise InputError("new scenario", "name", name, need, f'Try "{made}".' if made else "")
    path = door.DATA / "template" / "scenario.toml"
    return door.read_text(path, door.shipped(path)).replace("NAME", name)
