"""One nation's release policy, in Cedar: forbid overrides permit, silence refuses."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import cedarpy

from noroshi.errors import InputError
from noroshi.records.messages import FORMS, KINDS

# What a policy may speak about. It reads as a sentence: principal (the nation that holds the message)
# may do action to resource (the nation that would get it) when context (the message) is so.
#   address  principal writes its own messages for resource: puts it on the label
#   release  principal sends its own message
#   relay    principal passes on a message of context.origin
#   fuse     principal sends its own message although sensors of context.origin fed it
#   accept   principal takes in a message of context.origin that resource hands over
SCHEMA = f"""
entity Nation;
entity Kind enum {json.dumps(KINDS)};
entity Form enum {json.dumps(FORMS)};
type Product = {{origin: Nation, kind: Kind, form: Form, exercise: Bool}};
action address appliesTo {{principal: Nation, resource: Nation, context: {{kind: Kind, exercise: Bool}}}};
action release, relay, accept appliesTo {{principal: Nation, resource: Nation, context: Product}};
action fuse appliesTo {{
  principal: Nation, resource: Nation, context: {{origin: Nation, kind: Kind, exercise: Bool}}
}};
"""


class Question(NamedTuple):
    """May the policy's nation do `action` towards `recipient`? Actions stand beside SCHEMA.

    Of "accept", `recipient` is the partner who hands the message over: Cedar's resource.
    """

    action: str
    recipient: str
    origin: str
    kind: str
    form: str = "whole"
    exercise: bool = True


class Verdict(NamedTuple):
    """What Cedar said: the @id and @reason of the rules that decided, none where the policy is silent."""

    allowed: bool
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """The text that `nation` decides by; `source` names its file in errors.

    Raises InputError when the text is no Cedar, does not fit SCHEMA, or has a rule without @id or @reason.
    """

    nation: str
    text: str
    source: str = ""

    def __post_init__(self) -> None:
        _parsed(self.text, self.source or f"policy of {self.nation}")

    @property
    def sha256(self) -> str:
        """Hash of the text in UTF-8, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def rules(self) -> tuple[str, ...]:
        """The @ids of its rules, in the order of the text."""
        _, rules = _parsed(self.text, self.source or f"policy of {self.nation}")
        return tuple(rule["id"] for rule in rules.values())

    def line(self, rule: str) -> int | None:
        """The line of the text, from 1, on which a rule's @id stands; None where no rule is called so."""
        for number, line in enumerate(self.text.splitlines(), start=1):
            if f'@id("{rule}")' in line.partition("//")[0]:
                return number
        return None

    def decide(self, question: Question) -> Verdict:
        """Evaluate one question; about 0.1 ms, so tables are compiled before a run."""
        return self.decide_all([question])[0]

    def decide_all(self, questions: Sequence[Question]) -> list[Verdict]:
        """Evaluate many questions; a rule that cannot be evaluated refuses, whatever the others say."""
        policies, rules = _parsed(self.text, self.source or f"policy of {self.nation}")
        requests = [_request(self.nation, question) for question in questions]
        verdicts = []
        for answer in cedarpy.is_authorized_batch(requests, policies, _nobody()):
            # Cedar lists deciding rules in no fixed order; we list them in the file's.
            deciding = [rule for name, rule in rules.items() if name in answer.diagnostics.reasons]
            # Cedar skips a rule that fails, and a skipped forbid would open the border.
            errors = tuple(sorted(answer.diagnostics.errors))
            verdicts.append(
                Verdict(
                    allowed=answer.allowed and not errors,
                    rules=tuple(rule["id"] for rule in deciding),
                    reasons=tuple(rule["reason"] for rule in deciding),
                    errors=errors,
                )
            )
        return verdicts


def _request(nation: str, question: Question) -> dict[str, Any]:
    context: dict[str, Any] = {"kind": _entity("Kind", question.kind), "exercise": question.exercise}
    if question.action != "address":
        context["origin"] = _entity("Nation", question.origin)
    if question.action in ("release", "relay", "accept"):
        context["form"] = _entity("Form", question.form)
    return {
        "principal": {"type": "Nation", "id": nation},
        "action": {"type": "Action", "id": question.action},
        "resource": {"type": "Nation", "id": question.recipient},
        "context": context,
    }


def _entity(type_name: str, name: str) -> dict[str, dict[str, str]]:
    return {"__entity": {"type": type_name, "id": name}}


@lru_cache(maxsize=1)
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(SCHEMA)


@lru_cache(maxsize=1)
def _nobody() -> cedarpy.Entities:
    """The rules ask only about names, so no entity needs a record."""
    return cedarpy.Entities.from_json_str("[]")


@lru_cache(maxsize=256)
def _parsed(text: str, where: str) -> tuple[cedarpy.PolicySet, dict[str, dict[str, str]]]:
    """The parsed policy, and the annotations of each rule under the name Cedar gave it, in file order."""
    try:
        policies = cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        hint = f"Look below line {_good_lines(text)}."
        raise InputError(where, "", None, f"must be a Cedar policy, but: {error}.", hint) from error
    parts = json.loads(cedarpy.policies_to_json_str(text))
    if parts["templates"]:
        need = "must have no template (?principal, ?resource)."
        raise InputError(where, "", None, need, "Name the nation.")
    static = parts["staticPolicies"]
    # policy0, policy1, ... in the order of the file.
    rules = {name: static[name].get("annotations", {}) for name in sorted(static, key=_position)}
    seen: set[str] = set()
    for number, annotations in enumerate(rules.values(), start=1):
        for need in ("id", "reason"):
            if not annotations.get(need):
                rule = f"rule {annotations.get('id') or number}"
                hint = "A decision carries its rule and its reason."
                raise InputError(where, rule, None, f'must have @{need}("...").', hint)
        if annotations["id"] in seen:
            raise InputError(where, f"rule {number}: @id", annotations["id"], "must stand on one rule only.")
        seen.add(annotations["id"])
    # A misspelt kind or form would never match: a permit that never permits, a forbid that never forbids.
    for problem in cedarpy.validate_policies(text, _schema()).errors:
        rule = rules.get(problem.policy_id, {}).get("id", problem.policy_id)
        said = problem.error.replace(f"for policy `{problem.policy_id}`", "").strip(" ,:")
        raise InputError(where, f"rule {rule}", None, f"must speak of what messages have, but: {said}.")
    return policies, rules


def _position(name: str) -> int:
    return int(name.removeprefix("policy"))


def _good_lines(text: str) -> int:
    """How many lines from the top are read without error; Cedar's own message has no line."""
    good = 0
    for position, letter in enumerate(text):
        if letter == ";":
            try:
                cedarpy.PolicySet.from_str(text[: position + 1])
            except ValueError:
                continue
            good = text.count("\n", 0, position) + 1
    return good
