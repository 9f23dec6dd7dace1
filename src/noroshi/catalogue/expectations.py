"""What a policy is expected to decide, from a TOML file, held against what it does decide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from noroshi.catalogue import door
from noroshi.catalogue.base import Code, Model, Rows, did_you_mean, refuse
from noroshi.catalogue.policies import SHIPPED, load_policies, load_policy, shipped_arms
from noroshi.errors import InputError
from noroshi.records import labels
from noroshi.records.messages import FORMS, PAYLOADS, HotlineText, Message, Opaque, registered
from noroshi.sharing.policy import Policy
from noroshi.sharing.release import OBJECTIONS, Decision, compile_table, release

FIVE = ("USA", "JPN", "KOR", "AUS", "GBR")
# What decides besides rules.
_OBJECTIONS = (*(objects.__name__ for objects in OBJECTIONS), "silence")


class Case(Model):
    """One expectation: `nation` has a message for `to`, or is handed one by `by`."""

    name: str = Field(default="", description="What a reader calls it.")
    nation: Code = Field(description="Whose policy decides.")
    to: Code | None = Field(default=None, description="Who would get the message.")
    by: Code | None = Field(default=None, description="Who hands the message over, for what comes in.")
    kind: str = Field(description="Kind of message; one that is not in the registry counts as unregistered.")
    origin: Code | None = Field(default=None, description="Who wrote it; the nation itself unless said.")
    form: Literal["whole", "elements", "coarse"] = Field(
        default="whole", description="The form in which it is held, or handed over."
    )
    label: str | None = Field(default=None, description='Its label, "REL JPN USA"; names `to` unless said.')
    fed_by: Rows[str] = Field(default=(), description="Sensors or nations that fed it.")
    exercise: bool = Field(default=True, description="Marking of the message; borders are for exercise.")
    expect: Literal["allowed", "refused"] = Field(description="What must be decided.")
    goes: Literal["whole", "elements", "coarse"] | None = Field(
        default=None, description="The form in which it must go."
    )
    rule: str | None = Field(default=None, description="The @id of a rule that must have decided.")

    @model_validator(mode="after")
    def _one_way(self) -> "Case":
        if (self.to is None) == (self.by is None):
            refuse("needs either `to` (what goes out) or `by` (what comes in).", field=("to",))
        if self.goes is not None and (self.expect == "refused" or self.by is not None):
            refuse("has a place only where something is allowed to go out.", self.goes, field=("goes",))
        if self.by is not None and (self.label or self.fed_by):
            refuse("has no place where something comes in: the border judges that.", field=("by",))
        return self


class Expectations(Model):
    """A file of expectations."""

    policy: str | None = Field(
        default=None,
        description="Shipped arm, or folder or file beside this one; its own folder unless said.",
    )
    nations: Rows[Code] = Field(
        default=(), description="Nations of the policies, where not all of the folder."
    )
    case: Rows[Case] = Field(min_length=1, description="The expectations.")


@dataclass(frozen=True)
class Outcome:
    """An expectation, what was decided, and what differs; `differs` is empty where it is met."""

    case: Case
    decision: Decision
    differs: tuple[str, ...]

    @property
    def told(self) -> str:
        """The case in a few words."""
        case = self.case
        way = f"{case.nation} -> {case.to}" if case.to else f"{case.nation} <- {case.by}"
        return case.name or f"{way}: {case.form} {case.kind} of {case.origin or case.by or case.nation}"


def find_policies(text: str, beside: Path, nations: tuple[str, ...] = ()) -> dict[str, Policy]:
    """Policies from a shipped arm, a folder of NATION.cedar, or one such file; a path counts from `beside`.

    Raises InputError where there are none, and for those that cannot be used.
    """
    path = SHIPPED / text if text in shipped_arms() else beside / text
    if path.is_file():
        return {path.stem: load_policy(path)}
    if not path.is_dir():
        hint = did_you_mean(text, shipped_arms())
        need = "is no shipped policy folder, and neither a folder nor a file is called so."
        raise InputError(text, "", None, need, hint)
    found = nations or tuple(sorted(file.stem for file in path.glob("*.cedar")))
    if not found:
        raise InputError(text, "", None, "holds no policy: a policy is NATION.cedar.")
    return load_policies(path, found)


def load_expectations(path: Path) -> tuple[Expectations, dict[str, Policy]]:
    """Expectations and the policies that they are of. Raises InputError."""
    told = door.validate(Expectations, door.read_toml(path, str(path)), str(path))
    policies = find_policies(told.policy or ".", path.parent, told.nations)
    for row, case in enumerate(told.case):
        _check(case, policies, str(path), f"case.{door.label(case, row)}")
    return told, policies


def _check(case: Case, policies: Mapping[str, Policy], where: str, field: str) -> None:
    """Raises InputError where a case names what is not there: it would pass or fail for no reason."""
    known = {*FIVE, *policies}
    for name in ("nation", "to", "by", "origin"):
        nation = getattr(case, name)
        if nation is not None and nation not in known:
            hint = did_you_mean(nation, known)
            raise InputError(where, f"{field}.{name}", nation, "is nobody here.", hint)
    policy = policies.get(case.nation)
    if policy is None:
        hint = did_you_mean(case.nation, policies)
        raise InputError(where, f"{field}.nation", case.nation, "has no policy here.", hint)
    if case.label is not None:
        origin = case.origin or case.nation
        if labels.parse(case.label, known, f"{where}: {field}").originator != origin:
            need = f"must be of {origin}, who wrote the message."
            raise InputError(where, f"{field}.label", case.label, need)
    if case.rule is not None and case.rule not in (*_OBJECTIONS, *policy.rules):
        hint = did_you_mean(case.rule, (*_OBJECTIONS, *policy.rules), False)
        need = "is no @id in the policy, and no objection of the border."
        raise InputError(where, f"{field}.rule", case.rule, need, hint)


def judge(told: Expectations, policies: Mapping[str, Policy]) -> Iterator[Outcome]:
    """Hold every expectation against the table that the policies make."""
    nations = tuple(dict.fromkeys((*policies, *(one for case in told.case for one in _named(case)))))
    kinds = tuple(dict.fromkeys(registered(case.kind) for case in told.case))
    table = compile_table(policies, nations, kinds)
    for case in told.case:
        kind, origin = registered(case.kind), case.origin or case.by or case.nation
        if case.by is not None:
            decision = table.accepted.get((case.nation, case.by, origin, kind, case.form))
            if decision is None:
                sha256 = policies[case.nation].sha256
                decision = Decision(False, None, f"{case.nation} wrote it itself", "own", sha256)
        else:
            assert case.to is not None
            decision = release(_message(case, origin, case.to), case.to, 0.0, table, case.nation)
        yield Outcome(case, decision, tuple(_differs(case, decision)))


def _named(case: Case) -> list[str]:
    fed = [name.partition("-")[0] for name in case.fed_by]
    named = [
        case.nation,
        case.to,
        case.by,
        case.origin,
        *(one for one in fed if labels.NATION.fullmatch(one)),
    ]
    return [one for one in named if one is not None]


def _message(case: Case, origin: str, to: str) -> Message:
    named = (to,) if case.label is None else tuple(case.label.split()[2:])
    readable = case.kind in PAYLOADS
    return Message(
        id=f"{origin}-1",
        kind=case.kind,
        origin=origin,
        created_s=0.0,
        expires_s=1.0,
        label=labels.Label(origin, named, case.exercise),
        payload=HotlineText("", "") if readable else Opaque(b""),
        provenance=case.fed_by,
        form=case.form,
        derived_from=None if case.form == FORMS[0] else f"{origin}-0",
    )


def _differs(case: Case, decision: Decision) -> Iterator[str]:
    decided = "allowed" if decision.allowed else "refused"
    if decided != case.expect:
        yield f"is {decided}, must be {case.expect}"
    elif case.goes is not None and decision.form != case.goes:
        yield f"goes as {decision.form}, must go as {case.goes}"
    if case.rule is not None and case.rule not in decision.rule.split(", "):
        yield f"by {decision.rule}, must be by {case.rule}"
