"""Files of published orbits: two-line elements or orbit mean-elements messages, told apart by content."""

from pathlib import Path

from noroshi.catalogue import door
from noroshi.errors import InputError
from noroshi.flight import elements


def read_elements(path: Path) -> elements.ElementSets:
    """The element sets of a file: TLE of two or three lines, or OMM in XML, JSON, KVN or CSV.

    Raises InputError that names the file, the place in it and what is wrong.
    """
    where = str(path)
    text = door.read_text(path, where)
    if not text.strip():
        raise InputError(where, "", None, "is empty.")
    if elements.omm_form(text):
        return elements.from_omm(text, where)
    if not any(line.startswith(("1 ", "2 ")) for line in text.splitlines()):
        first = text.strip().splitlines()[0]
        need = 'is neither a TLE (lines that begin with "1 " and "2 ") nor an OMM (XML, JSON, KVN, CSV).'
        raise InputError(where, "line 1", first[:80], need)
    return elements.from_tle(text, where)
