"""What a nation may know of itself: its rule for alerting and the delays of its people and lines."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from noroshi.catalogue.base import Model, Within, refuse
from noroshi.catalogue.figures import Figure
from noroshi.catalogue.profiles import Delay

Probability = Annotated[Figure, AfterValidator(Within(above=0, below=1, slips=(("per cent", 0.01),)))]


class NationModel(Model):
    """One nation: when it alerts its people, how, and how long each stage takes."""

    code: Annotated[SkipJsonSchema[str], Field(default="")]
    title: str = Field(description="What a reader calls it.")
    alert_channel: str = Field(description="How its people are told.")
    threshold: Probability = Field(
        description="An area is alerted when it is threatened with this probability."
    )
    cancel_threshold: Probability = Field(description="An alert is withdrawn below this probability.")
    neighbours: bool = Field(description="Whether areas that touch a threatened area are alerted too.")
    confirm_s: Delay = Field(description="People make sure that what the sensors show is a launch, s.")
    relay_s: Delay = Field(description="From the defence ministry to who decides on the alert, s.")
    decide_s: Delay = Field(description="People decide to alert, and whom, s.")
    announced_factor: Annotated[Figure, AfterValidator(Within(above=0, at_most=1))] | None = Field(
        default=None, description="Share of these three that people need for a launch announced before."
    )
    deliver_s: Delay = Field(description="From the decision to speakers and telephones, s.")
    update_s: Delay = Field(description="From a changed forecast to its update or cancel at the people, s.")

    @model_validator(mode="after")
    def _cancel_lies_below_alert(self) -> "NationModel":
        if self.cancel_threshold.value >= self.threshold.value:
            refuse(
                f"must be below threshold = {self.threshold.value}.",
                self.cancel_threshold.value,
                field=("cancel_threshold",),
            )
        return self
