"""The template of generic boosts, flown once and shipped: `python -m noroshi.catalogue.boosts` flies it anew.

To be run after a change of `tracking.boosts` or of the flights' code; a test tells when it is due.
"""

import json
from dataclasses import fields
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from noroshi.tracking.boosts import Template, generic

# Digits that are kept: far finer than the noise of any sensor, and coarser than what processors differ by.
_DIGITS = 8


@cache
def template() -> Template:
    """What boosts are like, as shipped."""
    told = json.loads(_file().read_text("utf-8"))
    return Template(**{field.name: np.array(told[field.name], dtype=float) for field in fields(Template)})


def written(boosts: Template) -> str:
    """The template as text."""
    told = {field.name: np.asarray(getattr(boosts, field.name)) for field in fields(Template)}
    return json.dumps({name: _rounded(value).tolist() for name, value in told.items()}) + "\n"


def _rounded(value: np.ndarray) -> np.ndarray:
    size = 10.0 ** (_DIGITS - np.ceil(np.log10(np.maximum(np.abs(value), 1e-30))))
    return np.where(value == 0, 0.0, np.round(value * size) / size)


def _file() -> Path:
    return Path(str(resources.files("noroshi") / "data" / "boosts" / "generic.json"))


if __name__ == "__main__":
    _file().parent.mkdir(exist_ok=True)
    _file().write_text(written(generic()), "utf-8")
