"""What every checked model shares: strict types, no unknown keys, and refusals that say what would do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

T = TypeVar("T")
# TOML gives lists; inside, rows do not change.
Rows = Annotated[tuple[T, ...], Field(strict=False)]
Pair = Annotated[tuple[float, float], Field(strict=False)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
WALKER = r"^\d{1,4}/\d{1,3}/\d{1,3}$"
Id = Annotated[str, Field(pattern=NAME)]
Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def refuse(need: str, got: object = None, hint: str = "", field: tuple[str | int, ...] = ()) -> NoReturn:
    """Refuse a value inside a validator; `field` is the path below the model that is being checked."""
    # pydantic formats braces in the text, so text travels in the context instead.
    context = {"need": need, "got": got, "hint": hint, "field": field}
    raise PydanticCustomError("refused", "refused", context)


def did_you_mean(word: object, known: Iterable[str], listed: bool = True) -> str:
    """The nearest known word; where none is near, the list of them, or nothing when not `listed`."""
    known = sorted(known)
    # Of three letters any two are alike: AUS is not a slip for USA.
    near = get_close_matches(str(word), known, n=1, cutoff=0.6) if len(str(word)) > 3 else []
    near = [one for one in known if one.lower() == str(word).lower()] or near
    if near:
        return f'Did you mean "{near[0]}"?'
    return f"Known: {', '.join(known)}." if known and listed else ""


class Model(BaseModel):
    """Base of all models that a file fills."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys_only(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    refuse("is not a known key.", data[key], did_you_mean(key, cls._writable()), (key,))
        return data

    @classmethod
    def _writable(cls) -> list[str]:
        """Keys that a file may hold; those the loader fills in are left out."""
        skipped = (
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, SkipJsonSchema) for mark in field.metadata)  # type: ignore[misc]
        )
        return sorted(set(cls.model_fields) - set(skipped))


@dataclass(frozen=True)
class Within:
    """Bounds on a stated number: its value and both ends of its range must lie inside.

    `slips` holds (unit, factor): a value outside that times the factor lies inside was probably
    written in that unit.
    """

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    unit: str = ""
    slips: tuple[tuple[str, float], ...] = ()

    def __call__(self, stated: Any) -> Any:
        """Return `stated` (a Figure or a Spread, or a plain number) or refuse it."""
        if isinstance(stated, (int, float)):
            self._check(stated, ())
            return stated
        for part in ("value", "median", "mode", "low", "high"):
            number = getattr(stated, part, None)
            if number is not None and part in stated.model_fields_set:
                self._check(number, (part,) if part != "value" else ())
        return stated

    def _check(self, number: float, part: tuple[str, ...]) -> None:
        if not self._holds(number):
            fits = (
                f"If this is {unit}, write {number * factor:.12g}." for unit, factor in self._slips(number)
            )
            refuse(f"must be {self}.", number, next(fits, ""), part)

    def _slips(self, number: float) -> list[tuple[str, float]]:
        """Units that would explain the number; one just outside the bounds is no slip of unit."""
        just = self._holds(number / 2) or self._holds(number * 2)
        return [] if just else [(unit, factor) for unit, factor in self.slips if self._holds(number * factor)]

    def _holds(self, number: float) -> bool:
        return (
            (self.above is None or number > self.above)
            and (self.at_least is None or number >= self.at_least)
            and (self.below is None or number < self.below)
            and (self.at_most is None or number <= self.at_most)
        )

    def __str__(self) -> str:
        """The bounds in words: 'above 0 and at most 20000 km'."""
        words = {"above": self.above, "at least": self.at_least, "below": self.below, "at most": self.at_most}
        said = " and ".join(f"{word} {bound:.12g}" for word, bound in words.items() if bound is not None)
        return f"{said} {self.unit}".strip()
