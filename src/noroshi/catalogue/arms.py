"""Arms of sharing: lines between nations, what a nation in the middle costs, and the policies."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from noroshi.catalogue.base import Code, Model, Pair, Rows, Within, refuse
from noroshi.catalogue.figures import Figure
from noroshi.catalogue.profiles import Delay, Name


class Link(Model):
    """A line between two nations, as it behaves in a run."""

    between: Rows[Code] = Field(min_length=2, max_length=2, description="The two nations.")
    delay_s: Delay = Field(description="Delay of one message, s.")
    loss_probability: Annotated[
        Figure, AfterValidator(Within(at_least=0, at_most=1, slips=(("per cent", 0.01),)))
    ] = Field(description="Probability that one sending is lost.")
    outages: Rows[Pair] = Field(
        default=(), description="Times [start, end] without the line, s after the epoch."
    )
    retry_s: Annotated[Figure, AfterValidator(Within(above=0, at_most=3_600, unit="s"))] = Field(
        description="Time after which an unanswered message is sent again, s."
    )

    @model_validator(mode="after")
    def _ends_differ_and_outages_end(self) -> "Link":
        if self.between[0] == self.between[1]:
            refuse("must join two different nations.", list(self.between), field=("between",))
        for row, (start, end) in enumerate(self.outages):
            if not 0 <= start < end:
                refuse(
                    "must be [start, end] with the end after the start, both from 0 s.",
                    [start, end],
                    field=("outages", row),
                )
        return self


class Relay(Model):
    """What a nation in the middle does with a warning for a third: how long until it goes on."""

    via: Code = Field(description="The nation in the middle.")
    delay_s: Delay = Field(description="From its arrival there to its going on, s.")
    note: str = Field(default="", description="What the delay is made of.")


class Arm(Model):
    """One arrangement of sharing: lines, relays and the policies that decide what goes over them."""

    name: Name
    title: str = Field(description="What a reader calls it.")
    retroactive: bool = Field(default=False, description="true: it did not exist on the day.")
    note: str = Field(default="", description="What it is, and since when.")
    policies: str = Field(
        description="Shipped policy folder, or a folder beside this file, of NATION.cedar files."
    )
    links: Rows[Link] = Field(default=(), description="Lines between nations.")
    relay: Rows[Relay] = Field(default=(), description="Nations that pass warnings on.")
