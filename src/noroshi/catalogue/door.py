"""The door: files in, plain tables or one clear error out."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from noroshi.catalogue.base import NAME, WALKER, did_you_mean
from noroshi.errors import InputError

DATA = Path(__file__).parents[1] / "data"
M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]


def shipped(path: Path) -> str:
    """How an error names a file of the package."""
    return str(Path("noroshi") / path.relative_to(DATA.parent))


def read_text(path: Path, where: str) -> str:
    """The text of a file. Raises InputError when it cannot be read or is not UTF-8."""
    if path.is_dir():
        raise InputError(where, "", None, "is a folder; name a file.")
    try:
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except FileNotFoundError:
        raise InputError(where, "", None, "does not exist.") from None
    except OSError as error:
        raise InputError(where, "", None, f"cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InputError(
            where, f"byte {error.start}", None, "is not UTF-8 text.", "Save the file as UTF-8."
        ) from None


def read_toml(path: Path, where: str) -> dict[str, Any]:
    """The tables of a TOML file. Raises InputError with the line of a mistake."""
    text = read_text(path, where)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).partition(" (at ")
        line = place.partition(",")[0].removeprefix("line ")
        field = f"line {line}" if line.isdigit() else "end of file"
        got = text.splitlines()[int(line) - 1].strip() if line.isdigit() else None
        raise InputError(where, field, got, f"is not valid TOML: {said[:1].lower()}{said[1:]}.") from None
    except RecursionError:
        raise InputError(where, "", None, "is nested too deeply.") from None


def validate(model: type[M], data: Any, where: str, prefix: Loc = ()) -> M:
    """Check `data` against `model`. Raises InputError for the first thing that is wrong."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refusal(error.errors(include_url=False)[0], model, data, where, prefix) from None


def refusal(error: ErrorDetails, model: type[BaseModel], data: Any, where: str, prefix: Loc) -> InputError:
    """Put one pydantic error into our words."""
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "refused":
        need, got, hint = context["need"], context["got"], context["hint"]
        loc = error["loc"] + tuple(context["field"])
    else:
        need, hint = _words(kind, error, context)
        got = None if kind == "missing" else error["input"]
        loc = error["loc"]
    names = _names(loc, data, keep_last=kind in ("missing", "refused"))
    if kind == "missing" and (described := _described(model, loc)):
        need = f"is missing: {described[0].lower()}{described[1:]}"
    if isinstance(got, Mapping | list | tuple) and len(str(got)) > 60:
        got = None
    return InputError(where, ".".join((*map(str, prefix), *names)), got, need, hint)


def label(part: Any, row: int) -> str:
    """What a row is called in a field path: its id or name, else its number."""
    for key in ("id", "name", "via"):
        called = part.get(key) if isinstance(part, Mapping) else getattr(part, key, None)
        if isinstance(called, str) and called:
            return called
    return str(row)


def _names(loc: Loc, data: Any, keep_last: bool) -> list[str]:
    """The path in words: rows by their id, and without the marks that pydantic puts in for unions."""
    names = []
    for place, step in enumerate(loc):
        is_last = place == len(loc) - 1
        if isinstance(data, Mapping) and step in data:
            names.append(str(step))
            data = data[step]
        elif isinstance(data, list | tuple) and isinstance(step, int) and step < len(data):
            names.append(label(data[step], step))
            data = data[step]
        elif isinstance(data, BaseModel) and hasattr(data, str(step)):
            names.append(str(step))
            data = getattr(data, str(step))
        elif is_last and keep_last:
            names.append(str(step))
    return names


def _described(model: type[BaseModel], loc: Loc) -> str:
    """What the field at `loc` is, from its description."""
    described, here = "", [model]
    for step in loc:
        fields = [one.model_fields[str(step)] for one in here if str(step) in one.model_fields]
        if fields:
            described = fields[0].description or ""
            here = _models(fields[0].annotation)
        else:
            described = ""
    return described


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in getattr(annotation, "__args__", ()) for found in _models(inner)]


def _number_words(error: ErrorDetails) -> tuple[str, str]:
    got = error["input"]
    try:
        return "must be a number.", f"Without quotation marks: {float(got)}." if isinstance(got, str) else ""
    except ValueError:
        return "must be a number.", ""


_PATTERNS = {
    "^[A-Z]{3}$": "must be three capital letters, ISO 3166 alpha-3, such as JPN.",
    WALKER: "must be satellites/planes/phasing, such as 28/4/1.",
    NAME: "must be letters, digits, - and _ only, beginning with a letter or digit.",
}
_WORDS: dict[str, Callable[[ErrorDetails, Mapping[str, Any]], tuple[str, str]]] = {
    "missing": lambda error, _: ("is missing.", ""),
    "float_type": lambda error, _: _number_words(error),
    "int_type": lambda error, _: _number_words(error),
    "finite_number": lambda error, _: ("must be a finite number.", ""),
    "bool_type": lambda error, _: ("must be true or false.", ""),
    "string_type": lambda error, _: ("must be text in quotation marks.", ""),
    "string_too_short": lambda error, _: ("must not be empty.", ""),
    "string_pattern_mismatch": lambda error, ctx: (
        _PATTERNS.get(ctx["pattern"], f"must fit {ctx['pattern']}."),
        "",
    ),
    "datetime_type": lambda error, _: (
        "must be a date and time, such as 2022-10-03T22:22:00Z, without quotation marks.",
        "",
    ),
    "literal_error": lambda error, ctx: (
        f"must be {ctx['expected']}.",
        did_you_mean(
            error["input"], ctx["expected"].replace("'", "").replace(" or ", ", ").split(", "), False
        ),
    ),
    "model_type": lambda error, _: ("must be a table.", ""),
    "dict_type": lambda error, _: ("must be a table.", ""),
    "tuple_type": lambda error, _: ("must be a list.", ""),
    "list_type": lambda error, _: ("must be a list.", ""),
    "too_short": lambda error, ctx: (f"must hold at least {ctx['min_length']} of them.", ""),
    "too_long": lambda error, ctx: (f"must hold at most {ctx['max_length']} of them.", ""),
    "greater_than": lambda error, ctx: (f"must be above {ctx['gt']:g}.", ""),
    "greater_than_equal": lambda error, ctx: (f"must be at least {ctx['ge']:g}.", ""),
    "less_than": lambda error, ctx: (f"must be below {ctx['lt']:g}.", ""),
    "less_than_equal": lambda error, ctx: (f"must be at most {ctx['le']:g}.", ""),
}


def _words(kind: str, error: ErrorDetails, context: Mapping[str, Any]) -> tuple[str, str]:
    if error["loc"][-1:] in (("bool",), ("float",)):
        return "must be a number, true or false.", ""
    if kind in _WORDS:
        return _WORDS[kind](error, context)
    return f"cannot be used: {error['msg'][:1].lower()}{error['msg'][1:]}.", ""
