"""A number with its source: Figure (one value) and Spread (a distribution to draw from).

Every number of a scenario or profile is one of the two. A number that no opened source gives is an
assumption: its source says "assumption: why", it carries a low-high range, and its confidence is "assumed".
"""

import math
from statistics import NormalDist
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from noroshi.catalogue.base import Model, refuse

Confidence = Literal["official", "published", "derived", "assumed"]
ASSUMPTION = "assumption:"
_NORMAL = NormalDist()


class Stated(Model):
    """What a Figure and a Spread share: where the number comes from and how far to trust it."""

    source: str = Field(description='Where the number stands, or "assumption: why".')
    confidence: Confidence = Field(
        description="official (a government said so), published, derived (computed from such), or assumed."
    )

    @model_validator(mode="before")
    @classmethod
    def _a_bare_number_has_no_source(cls, data: Any) -> Any:
        if isinstance(data, (int, float, str, bool)):
            shown = data if isinstance(data, (int, float)) and not isinstance(data, bool) else 0.0
            words = f'value = {shown}, source = "...", confidence = "published"'
            refuse("must be a table, for every number states its source.", data, f"Write {{ {words} }}.")
        return data

    @field_validator("source")
    @classmethod
    def _a_source_says_something(cls, source: str) -> str:
        said = source.removeprefix(ASSUMPTION).strip()
        if not said:
            refuse(f'must name where the number comes from, or say "{ASSUMPTION} why".', source)
        return source

    @model_validator(mode="after")
    def _assumptions_are_marked(self) -> "Stated":
        assumed = self.source.startswith(ASSUMPTION)
        if assumed and self.confidence != "assumed":
            refuse(
                'must be "assumed", for the source says "assumption:".',
                self.confidence,
                field=("confidence",),
            )
        if not assumed and self.confidence == "assumed":
            refuse(
                f'must begin with "{ASSUMPTION}", for the confidence is "assumed".',
                self.source,
                field=("source",),
            )
        return self


class Figure(Stated):
    """One number: {value, low, high, source, confidence}; low and high where it is uncertain."""

    value: float = Field(description="The number, in the unit that the field's name ends with.")
    low: float | None = Field(default=None, description="Lower end of what is thought possible.")
    high: float | None = Field(default=None, description="Upper end of what is thought possible.")

    @model_validator(mode="after")
    def _range_holds_the_value(self) -> "Figure":
        if (self.low is None) != (self.high is None):
            missing = "low" if self.low is None else "high"
            refuse("is missing: a range needs both ends.", field=(missing,))
        if self.low is None and self.confidence == "assumed":
            refuse("is missing: an assumption states the range it may lie in.", field=("low",))
        if self.low is not None and self.high is not None:
            if self.low > self.high:
                refuse(f"must not be above high = {self.high}.", self.low, field=("low",))
            if self.confidence == "assumed" and self.low == self.high:
                refuse("must be above low: an assumption is not exact.", self.high, field=("high",))
            if not self.low <= self.value <= self.high:
                refuse(f"must lie in its own range, {self.low} to {self.high}.", self.value, field=("value",))
        return self

    @property
    def middle(self) -> float:
        """The value; so that a Figure reads like a Spread."""
        return self.value

    def __float__(self) -> float:
        return self.value


# Which fields each kind of spread needs, and may have beside them.
_NEEDS = {
    "fixed": ("value",),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "lognormal": ("median", "sigma", "low", "high"),
}
_MAY = {"fixed": ("low", "high")}


def _spread_schema(schema: dict[str, Any]) -> None:
    """Say per kind what is required; low and high of a fixed spread are filled in when left out."""
    schema["required"] = ["kind", "source", "confidence"]
    schema["allOf"] = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"required": list(needs)}}
        for kind, needs in _NEEDS.items()
    ]


class Spread(Stated):
    """A distribution: fixed {value}, uniform {low, high}, triangular {low, mode, high} or
    lognormal {median, sigma, low, high}, cut off at low and high.
    """

    model_config = ConfigDict(json_schema_extra=_spread_schema)

    kind: Literal["fixed", "uniform", "triangular", "lognormal"] = Field(
        description="The distribution's name."
    )
    low: float = Field(description="No draw lies below.")
    high: float = Field(description="No draw lies above.")
    value: float | None = Field(default=None, description="fixed: the value of every draw.")
    mode: float | None = Field(default=None, description="triangular: the likeliest value.")
    median: float | None = Field(default=None, description="lognormal: the median before it is cut off.")
    sigma: float | None = Field(default=None, description="lognormal: standard deviation of the logarithm.")

    @model_validator(mode="before")
    @classmethod
    def _kind_and_fields_agree(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("kind") not in _NEEDS:
            return data
        kind = data["kind"]
        needs = _NEEDS[kind]
        for key in ("value", "low", "mode", "median", "sigma", "high"):
            if key in needs and data.get(key) is None:
                refuse(f"is missing: a {kind} spread needs {', '.join(needs)}.", field=(key,))
            if key not in needs + _MAY.get(kind, ()) and data.get(key) is not None:
                refuse(f"has no place here: a {kind} spread has {', '.join(needs)}.", data[key], field=(key,))
        if kind == "fixed":
            ends = [key for key in ("low", "high") if key in data]
            if len(ends) == 1 or (not ends and data.get("confidence") == "assumed"):
                missing = "high" if ends == ["low"] else "low"
                refuse("is missing: an assumption states the range it may lie in.", field=(missing,))
            return {"low": data["value"], "high": data["value"], **data}
        return data

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> "Spread":
        if self.low > self.high:
            refuse(f"must not be above high = {self.high}.", self.low, field=("low",))
        if self.low == self.high and (self.kind != "fixed" or self.confidence == "assumed"):
            refuse("must be above low.", self.high, field=("high",))
        for name in ("value", "mode", "median"):
            inner = getattr(self, name)
            if inner is not None and not self.low <= inner <= self.high:
                refuse(f"must lie between low and high, {self.low} to {self.high}.", inner, field=(name,))
        if self.kind == "lognormal":
            assert self.sigma is not None
            if self.low < 0:
                refuse(
                    "must be at least 0: a lognormal spread has no negative draws.", self.low, field=("low",)
                )
            if self.median == 0:
                refuse("must be above 0.", self.median, field=("median",))
            if not 0 < self.sigma <= 5:
                refuse(
                    "must be above 0 and at most 5: it is the spread of the logarithm.",
                    self.sigma,
                    field=("sigma",),
                )
        return self

    @property
    def middle(self) -> float:
        """The median draw."""
        return self.draw(0.5)

    def draw(self, u01: float) -> float:
        """The value that a share `u01` (0 to 1) of the draws lies below; it rises with u01."""
        if self.kind == "fixed":
            assert self.value is not None
            return self.value
        if self.kind == "uniform":
            exact = self.low + u01 * (self.high - self.low)
        elif self.kind == "triangular":
            exact = self._triangular(u01)
        else:
            exact = self._lognormal(u01)
        return min(max(exact, self.low), self.high)

    def _triangular(self, u01: float) -> float:
        assert self.mode is not None
        width = self.high - self.low
        below_mode = (self.mode - self.low) / width
        if u01 < below_mode:
            return self.low + math.sqrt(u01 * width * (self.mode - self.low))
        return self.high - math.sqrt((1 - u01) * width * (self.high - self.mode))

    def _lognormal(self, u01: float) -> float:
        assert self.median is not None and self.sigma is not None
        centre = math.log(self.median)
        share_low = _NORMAL.cdf((math.log(self.low) - centre) / self.sigma) if self.low > 0 else 0.0
        share_high = _NORMAL.cdf((math.log(self.high) - centre) / self.sigma)
        # The inverse is undefined at 0 and 1; the cut at low and high follows in draw().
        share = min(max(share_low + u01 * (share_high - share_low), 1e-15), 1 - 1e-15)
        return math.exp(centre + self.sigma * _NORMAL.inv_cdf(share))
