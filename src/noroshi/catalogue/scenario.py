"""A scenario: launches, sensors, nations and the arms of sharing, each number with its source.

Numbers are Figures (.value .low .high) or Spreads (.draw(u) .low .high .middle); see figures.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

from noroshi.catalogue import assemble, door, overrides
from noroshi.catalogue.arms import Arm
from noroshi.catalogue.background import Background, Fault, check_faults
from noroshi.catalogue.base import Code, Id, Model, Rows, Within, did_you_mean, refuse
from noroshi.catalogue.figures import Confidence, Figure, Spread
from noroshi.catalogue.launch import Launch
from noroshi.catalogue.nation import NationModel
from noroshi.catalogue.placement import Environment, Mask, SensorPlacement
from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.release import arm_policies
from noroshi.catalogue.reports import Notice, Report, check_told
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SensorProfile, SkywaveProfile
from noroshi.errors import InputError


class Note(Model):
    """One moment of what really happened."""

    time_s: float = Field(description="Seconds after the epoch.")
    text: str = Field(description="What happened.")
    source: str = Field(min_length=1, description="Who reported it.")


class AsItWas(Model):
    """What happened on the day, to print beside the arms."""

    alert_s: dict[str, Annotated[float, AfterValidator(Within(at_least=0, unit="s"))]] = Field(
        description="Area: seconds from launch to its first alert."
    )
    source: str = Field(min_length=1, description="Who reported it.")
    confidence: Confidence = Field(description="How far to trust it.")
    notes: Rows[Note] = Field(default=(), description="Moments of the day.")


class Sensitivity(Model):
    """One row of the tornado: field paths and their values at the low and at the high end."""

    name: Id = Field(description="Short name.")
    title: str = Field(description="What a reader calls it.")
    low: dict[str, bool | float] = Field(min_length=1, description='{ "field.path" = value } at the low end.')
    high: dict[str, bool | float] = Field(
        min_length=1, description='{ "field.path" = value } at the high end.'
    )


class Scenario(Model):
    """The world of one exercise: what its file says, with every profile that it names."""

    file: SkipJsonSchema[str] = Field(default="", description="Where it was read from.")
    name: Id = Field(description="Short name; the run's folder is called so.")
    title: str = Field(description="One line for a reader.")
    description: str = Field(description="A paragraph for a reader.")
    epoch_utc: datetime = Field(description="Zero of all times, UTC, such as 2022-10-03T22:22:00Z.")
    duration_s: Annotated[float, AfterValidator(Within(above=0, at_most=40 * 86_400, unit="s"))] = Field(
        description="Length of the run, s."
    )
    nations: Rows[Code] = Field(min_length=1, description="Who takes part, ISO 3166 alpha-3.")
    launches: Rows[Launch] = Field(default=(), description="What is launched.")
    expects: Annotated[ThreatProfile, WithJsonSchema({"type": "string"})] | None = Field(
        default=None,
        description="Name of the threat profile that national filters expect; default the first launch's.",
    )
    sensors: Rows[SensorPlacement] = Field(min_length=1, description="What can see it.")
    background: Annotated[Background, WithJsonSchema({"type": "string"})] | None = Field(
        default=None, description="Name of a background: what else flies, falls and burns, such as quiet."
    )
    faults: Rows[Fault] = Field(default=(), description="Sensors with a fault for a time.")
    reports: Rows[Report] = Field(default=(), description="What people saw who are no sensors.")
    notices: Rows[Notice] = Field(default=(), description="Navigation and air warnings of what is announced.")
    environment: Environment = Field(description="The air that sensors look through.")
    arms: dict[Id, Arm] = Field(min_length=1, description="Arrangements of sharing, by name.")
    as_it_was: AsItWas | None = Field(default=None, description="What happened on the day.")
    sensitivity: Rows[Sensitivity] = Field(default=(), description="Rows of the tornado.")
    threats: dict[Id, ThreatProfile] = Field(default={}, description="Threat profiles of this file's own.")
    profiles: dict[Id, Annotated[SensorProfile, Field(discriminator="kind")]] = Field(
        default={}, description="Sensor profiles of this file's own."
    )
    national: dict[Code, NationModel] = Field(default={}, description="Nations of this file's own.")

    @model_validator(mode="after")
    def _parts_fit_each_other(self) -> "Scenario":
        if self.epoch_utc.utcoffset() != timedelta(0):
            refuse("must be UTC: end it with a Z.", self.epoch_utc.isoformat(), field=("epoch_utc",))
        _distinct(self.nations, "nations")
        _distinct([launch.id for launch in self.launches], "launches", "id")
        _distinct([sensor.id for sensor in self.sensors], "sensors", "id")
        _distinct([row.name for row in self.sensitivity], "sensitivity", "name")
        if not self.launches and self.expects is None:
            refuse(
                "is missing: where nothing is launched, filters must know what to expect.", field=("expects",)
            )
        for launch in self.launches:
            flight_s = launch.flight_time_min.value * 60 if launch.flight_time_min else 0.0
            if launch.launch_time_s + flight_s >= self.duration_s:
                ends = launch.launch_time_s + flight_s
                need = f'must be above {ends:g} s, when the flight of launch "{launch.id}" ends.'
                refuse(need, self.duration_s, field=("duration_s",))
        for row, sensor in enumerate(self.sensors):
            self._takes_part(sensor.nation, ("sensors", row, "nation"))
            if sensor.present and sensor.moves is not None:
                start_s, end_s = sensor.moves.points[0][0], sensor.moves.points[-1][0]
                if start_s > 0 or end_s < self.duration_s:
                    need = f"must cover the whole run, 0 to {self.duration_s:g} s."
                    refuse(need, [start_s, end_s], field=("sensors", row, "moves"))
        check_faults(self.faults, [sensor.id for sensor in self.sensors], self.duration_s)
        check_told(self.reports, self.notices, self.nations, self.duration_s)
        for name, arm in self.arms.items():
            self._arm_fits(name, arm)
        return self

    def _takes_part(self, nation: str, field: tuple[str | int, ...]) -> None:
        if nation not in self.nations:
            refuse("is not among the scenario's nations.", nation, did_you_mean(nation, self.nations), field)

    def _arm_fits(self, name: str, arm: Arm) -> None:
        seen: list[frozenset[str]] = []
        for row, link in enumerate(arm.links):
            for nation in link.between:
                self._takes_part(nation, ("arms", name, "links", row, "between"))
            if frozenset(link.between) in seen:
                refuse("is given twice.", list(link.between), field=("arms", name, "links", row, "between"))
            seen.append(frozenset(link.between))
        for row, relay in enumerate(arm.relay):
            field = ("arms", name, "relay", row, "via")
            self._takes_part(relay.via, field)
            if sum(relay.via in pair for pair in seen) < 2:
                refuse(
                    "must have links to two nations in this arm, for it stands between them.",
                    relay.via,
                    "",
                    field,
                )

    @property
    def expected(self) -> ThreatProfile:
        """What national filters take everything for."""
        return self.expects or self.launches[0].threat

    def cautions(self) -> list[str]:
        """What a reader of a run must know: where its model does not fit its launches."""
        lifted = [launch.id for launch in self.launches if launch.threat.glide_ratio is not None]
        if not lifted:
            return []
        which = ", ".join(lifted)
        return [
            f"{which}: flies on its lift; while it still burns, the nations' regions of it are too small."
        ]

    def named_arms(self, names: Iterable[str] | None = None) -> tuple[str, ...]:
        """The arms called `names`, default all, in the file's order.

        Raises InputError for an arm that the scenario does not have.
        """
        wanted = tuple(self.arms if names is None else names)
        for name in wanted:
            if name not in self.arms:
                raise InputError(
                    self.file,
                    "sharing",
                    name,
                    "is not an arm of this scenario.",
                    did_you_mean(name, self.arms),
                )
        return tuple(name for name in self.arms if name in wanted)

    def figures(self) -> Iterator[tuple[str, Figure | Spread | Mask]]:
        """Every number that states a source, by its field path; profiles once each."""
        for name in type(self).model_fields:
            yield from _figures(name, getattr(self, name))


def _distinct(names: Sequence[str], *field: str) -> None:
    for row, name in enumerate(names):
        if name in names[:row]:
            refuse("is given twice.", name, field=(field[0], row, *field[1:]))


def _figures(path: str, part: Any) -> Iterator[tuple[str, Figure | Spread | Mask]]:
    if isinstance(part, Figure | Spread | Mask):
        yield path, part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _figures(f"{path}.{key}", value)
    elif isinstance(part, tuple):
        for row, value in enumerate(part):
            yield from _figures(f"{path}.{door.label(value, row)}", value)
    elif isinstance(part, Model):
        for name in type(part).model_fields:
            value = getattr(part, name)
            # Profiles stand once, under threats and profiles, not again at each launch and sensor.
            if not isinstance(value, ThreatProfile | RadarProfile | SkywaveProfile | InfraredProfile):
                yield from _figures(f"{path}.{name}", value)


@dataclass(frozen=True)
class Listed:
    """A shipped scenario, in a line."""

    name: str
    title: str


def list_scenarios() -> list[Listed]:
    """The scenarios that come with the package."""
    found = []
    for path in sorted((door.DATA / "scenarios").glob("*.toml")):
        found.append(Listed(path.stem, door.read_toml(path, door.shipped(path)).get("title", "")))
    return found


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read, complete and check a scenario: a shipped name or a TOML file.

    Raises InputError: file, field, value, what would do.
    """
    path, where = _find(name_or_path)
    raw = door.read_toml(path, where)
    if "file" in raw:
        raise InputError(where, "file", raw["file"], "is not a known key.")
    scenario = assemble.scenario(Scenario, {**raw, "file": where}, where)
    for arm in scenario.arms.values():
        arm_policies(arm, scenario.nations, where)
    for row in scenario.sensitivity:
        for end, values in (("low", row.low), ("high", row.high)):
            overrides.apply(Scenario, scenario, values, where, f"sensitivity.{row.name}.{end}.")
    return scenario


def with_overrides(scenario: Scenario, values: Mapping[str, float | bool]) -> Scenario:
    """A scenario with some fields changed, such as {"sensors.*.mask_deg": 2.0, "threats.irbm.burn_s": 130}.

    A number on a Figure sets its value, on a Spread makes it fixed. Raises InputError as the file would.
    """
    return overrides.apply(Scenario, scenario, values, scenario.file or scenario.name, "")


def _find(name_or_path: str | Path) -> tuple[Path, str]:
    text = str(name_or_path)
    path = Path(text)
    named = door.DATA / "scenarios" / f"{text}.toml"
    if path.name == text and not text.endswith(".toml") and named.is_file():
        return named, door.shipped(named)
    if (text and path.exists()) or text.endswith(".toml") or path.name != text:
        return path, text
    known = [one.name for one in list_scenarios()]
    raise InputError(text, "", None, "is neither a shipped scenario nor a file.", did_you_mean(text, known))
