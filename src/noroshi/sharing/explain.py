"""Why a message may go or not: every objection and every question to the policy, in order."""

from dataclasses import dataclass
from typing import NamedTuple

from noroshi.records.messages import FORMS, Message, registered
from noroshi.sharing.policy import Policy, Question, Verdict
from noroshi.sharing.release import OBJECTIONS, Decision, ReleaseTable, release


class Step(NamedTuple):
    """One thing that was considered: `lines` are those of `rules` in the policy's text."""

    name: str
    passed: bool
    reason: str
    rules: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """A decision with what led to it; what stands below the first step that does not pass changes nothing.

    `lines` are those of the decision's rules in the policy's text; there are none where an objection or
    silence decided.
    """

    decision: Decision
    steps: tuple[Step, ...]
    lines: tuple[int, ...]


def explain(
    message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str, policy: Policy | None
) -> Explanation:
    """What `release` decides, and everything that it looked at; `policy` is that of `holder`."""
    decision = release(message, recipient, now_s, table, holder)
    steps = []
    for objects in OBJECTIONS:
        reason = objects(message, recipient, now_s, table, holder)
        steps.append(Step(objects.__name__, reason is None, reason or (objects.__doc__ or "")))
    for question in _questions(message, recipient, table, holder):
        steps.append(_asked(question, policy))
        if question.action != "fuse" and steps[-1].passed:
            # A narrower form is not asked for.
            steps.extend(
                _asked(Question("fuse", recipient, nation, question.kind, exercise=table.exercise), policy)
                for nation in message.contributors
                if nation not in (message.origin, holder, recipient)
            )
            break
    rules = decision.rule.split(", ")
    lines = tuple(line for rule in rules if policy and (line := policy.line(rule)) is not None)
    return Explanation(decision, tuple(steps), lines)


def accepts(message: Message, partner: str, policy: Policy | None, exercise: bool) -> Step:
    """Whether the policy of who gets a message takes it in from `partner`, in the form that it has."""
    kind = registered(message.kind)
    return _asked(Question("accept", partner, message.origin, kind, message.form, exercise), policy)


def _questions(message: Message, recipient: str, table: ReleaseTable, holder: str) -> list[Question]:
    action, kind = "release" if message.origin == holder else "relay", registered(message.kind)
    held = FORMS.index(message.form) if message.form in FORMS else len(FORMS)
    return [Question(action, recipient, message.origin, kind, form, table.exercise) for form in FORMS[held:]]


def _asked(question: Question, policy: Policy | None) -> Step:
    verdict = policy.decide(question) if policy else Verdict(False, (), (), ())
    name = question.action
    name += f" fed by {question.origin}" if name == "fuse" else f" as {question.form}"
    if verdict.errors:
        reason = "a rule cannot be evaluated: " + "; ".join(verdict.errors)
    elif verdict.rules:
        reason = "; ".join(verdict.reasons)
    else:
        reason = "no rule speaks of it, and silence refuses"
    lines = tuple(line for rule in verdict.rules if policy and (line := policy.line(rule)) is not None)
    return Step(name, verdict.allowed, reason, verdict.rules, lines)
