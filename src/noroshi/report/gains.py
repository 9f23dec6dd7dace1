"""What one arm of sharing buys over another."""

from dataclasses import dataclass

from noroshi.report.folder import Arm, Outcome, Run

# Below these a difference is called little. The delays of people that follow a warning scatter by more
# (data/nations), and a region that shrinks by less changes hardly which areas are in it.
LITTLE_S = 10.0
LITTLE_FACTOR = 1.25
# Two regions smaller than this lie in one town either way.
LITTLE_KM = 20.0
# What counts as the same moment: nodes step each second.
SAME_S = 1.0


@dataclass(frozen=True)
class Gain:
    """One arm's value against another's: s after the launch, or the longer semi-axis in km.

    `kind` is first_warning_s, first_track_s, alert_s, at_alert or at_end.
    """

    kind: str
    before: float | None
    after: float | None

    @property
    def is_time(self) -> bool:
        """Whether it is a time, else a size."""
        return self.kind.endswith("_s")

    @property
    def earlier_s(self) -> float | None:
        """How much earlier it comes; negative when later."""
        return None if self.before is None or self.after is None else self.before - self.after

    @property
    def factor(self) -> float | None:
        """How many times smaller it is; below 1 when larger."""
        return self.before / self.after if self.before and self.after else None

    @property
    def same(self) -> bool:
        """Whether nothing that could be told apart has changed."""
        if self.before is None or self.after is None:
            return self.before is self.after
        if self.is_time:
            return abs(self.before - self.after) < SAME_S
        return self.factor is not None and 0.95 < self.factor < 1.05

    @property
    def better(self) -> bool:
        """Whether it is earlier, smaller, or there at all."""
        return self.after is not None and (self.before is None or self.after < self.before)

    @property
    def little(self) -> bool:
        """Whether it changes nothing that people would notice."""
        if self.before is None or self.after is None:
            return self.before is self.after
        if self.is_time:
            return abs(self.before - self.after) < LITTLE_S
        if max(self.before, self.after) < LITTLE_KM:
            return True
        return self.factor is not None and 1 / LITTLE_FACTOR < self.factor < LITTLE_FACTOR


KINDS = ("first_warning_s", "first_track_s", "alert_s", "at_alert", "at_end")


def pair(run: Run) -> tuple[Arm, Arm] | None:
    """The two arms of the headline: hub against bilateral where both ran, else what comes nearest to it."""
    if len(run.arms) < 2:
        return None
    base = next((run.by_name[one] for one in ("bilateral", "national") if one in run.by_name), run.arms[0])
    others = [arm for arm in run.arms if arm is not base]
    return base, next((arm for arm in others if arm.name == "hub"), others[-1])


def gain(before: Outcome, after: Outcome, kind: str) -> Gain:
    """One gain of one nation."""
    return Gain(kind, _value(before, kind), _value(after, kind))


def _value(outcome: Outcome, kind: str) -> float | None:
    if kind.endswith("_s"):
        value: float | None = getattr(outcome, kind)
        return value
    region_km = getattr(outcome, kind).region_km
    return None if region_km is None else float(region_km[0])
