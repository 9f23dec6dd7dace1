"""The border: may this nation have this message now, in which form, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from noroshi.records.labels import marking
from noroshi.records.messages import FORMS, KINDS, Message, Opaque, registered
from noroshi.sharing.policy import Policy, Question, Verdict


@dataclass(frozen=True)
class Decision:
    """What was decided and why.

    `form` is what goes (None when refused). `rule` is the @id of the Cedar rules that decided, or the name
    of an objection below, or "silence". `policy_sha256` is the holder's policy, "" where it has none.
    """

    allowed: bool
    form: str | None
    reason: str
    rule: str
    policy_sha256: str


@dataclass(frozen=True)
class ReleaseTable:
    """Policies turned into answers, so that a run asks Cedar nothing.

    `released`: (holder, origin, recipient, kind, form of the message as held) -> Decision.
    `fused`: (holder, contributor, recipient, kind) -> Decision on the holder's own messages that the
    contributor's sensors fed. `addressed`: (origin, kind) -> the nations its label names.
    `accepted`: (holder, partner that hands it over, origin, kind, form) -> Decision.
    """

    nations: tuple[str, ...]
    kinds: tuple[str, ...]
    exercise: bool
    sha256: Mapping[str, str]
    released: Mapping[tuple[str, str, str, str, str], Decision]
    fused: Mapping[tuple[str, str, str, str], Decision]
    addressed: Mapping[tuple[str, str], tuple[str, ...]]
    accepted: Mapping[tuple[str, str, str, str, str], Decision]


def own(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> str | None:
    """A warning does not go back to where it is or came from: it would look like new evidence."""
    if recipient == message.origin:
        return f"{recipient} wrote it"
    if recipient == holder:
        return f"{recipient} holds it already"
    return None


def label(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> str | None:
    """Who is not named does not get it; an empty label names nobody."""
    if recipient not in message.label.releasable_to:
        return f"label '{message.label}' does not name {recipient}"
    return None


def exercise(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> str | None:
    """Exercise and live do not mix."""
    if message.label.exercise != table.exercise:
        return f"marked {message.label.marking}, but the border to {recipient} is {marking(table.exercise)}"
    return None


def stale(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> str | None:
    """A warning past its expiry misleads; refuse it."""
    if now_s > message.expires_s:
        return f"expired {now_s - message.expires_s:.0f} s ago, too late for {recipient}"
    return None


def opaque(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> str | None:
    """What nobody here can read exists only whole: nobody here could say what is left in another form."""
    if isinstance(message.payload, Opaque) and message.form != FORMS[0]:
        return f"a {message.kind} that cannot be read here goes whole or not at all, not as {message.form}"
    return None


OBJECTIONS = (own, label, exercise, stale, opaque)


def release(message: Message, recipient: str, now_s: float, table: ReleaseTable, holder: str) -> Decision:
    """Refuse unless the label names `recipient`, nothing objects, and the policy of `holder` permits.

    `holder` is the nation whose border the message leaves now; where it is not the origin, that is a relay.
    """
    policy_sha256 = table.sha256.get(holder, "")
    for objects in OBJECTIONS:
        if reason := objects(message, recipient, now_s, table, holder):
            return Decision(False, None, reason, objects.__name__, policy_sha256)
    kind = registered(message.kind)
    decision = table.released.get((holder, message.origin, recipient, kind, message.form))
    if decision is None:
        known = f"a {message.form} {message.kind} of {message.origin} to {recipient}"
        return Decision(False, None, f"no policy of {holder} speaks of {known}", "silence", policy_sha256)
    if decision.allowed:
        if isinstance(message.payload, Opaque) and decision.form != message.form:
            reason = (
                f"goes to {recipient} only in form {decision.form}, and nothing can be taken out of what "
            )
            reason += "cannot be read here"
            return Decision(False, None, reason, "opaque", policy_sha256)
        # What others' sensors fed carries their data with it, whoever signs.
        for nation in message.contributors:
            if nation not in (message.origin, holder, recipient):
                fused = table.fused.get((holder, nation, recipient, kind))
                if fused is None or not fused.allowed:
                    reason = f"fed by {nation}, of which no policy of {holder} speaks to {recipient}"
                    return fused or Decision(False, None, reason, "silence", policy_sha256)
    return decision


def addressees(table: ReleaseTable, origin: str, kind: str) -> tuple[str, ...]:
    """The nations that `origin` writes a message of `kind` for, in the table's order; none where silent."""
    return table.addressed.get((origin, kind), ())


def compile_table(
    policies: Mapping[str, Policy],
    nations: Sequence[str],
    kinds: Sequence[str] = KINDS,
    exercise: bool = True,
) -> ReleaseTable:
    """Ask every policy everything once. A nation without a policy says nothing, so nothing leaves it."""
    released: dict[tuple[str, str, str, str, str], Decision] = {}
    fused: dict[tuple[str, str, str, str], Decision] = {}
    addressed: dict[tuple[str, str], tuple[str, ...]] = {}
    accepted: dict[tuple[str, str, str, str, str], Decision] = {}
    for holder in nations:
        others = [nation for nation in nations if nation != holder]
        policy = policies.get(holder)
        verdicts = _verdicts(policy, list(_questions(holder, nations, kinds, exercise)))
        sha256 = policy.sha256 if policy else ""
        for kind in kinds:
            addressed[holder, kind] = tuple(
                nation
                for nation in others
                if verdicts[Question("address", nation, holder, kind, exercise=exercise)].allowed
            )
        for question in verdicts:
            action, recipient, origin, kind, form, _ = question
            if action in ("release", "relay"):
                narrower = [question._replace(form=other) for other in FORMS[FORMS.index(form) :]]
                decision = _settle(holder, narrower, verdicts, sha256)
                released[holder, origin, recipient, kind, form] = decision
            elif action == "fuse":
                fused[holder, origin, recipient, kind] = _settle(holder, [question], verdicts, sha256)
            elif action == "accept":
                decision = _settle(holder, [question], verdicts, sha256)
                accepted[holder, recipient, origin, kind, form] = decision
    return ReleaseTable(
        nations=tuple(nations),
        kinds=tuple(kinds),
        exercise=exercise,
        sha256={nation: policy.sha256 for nation, policy in policies.items()},
        released=released,
        fused=fused,
        addressed=addressed,
        accepted=accepted,
    )


def _questions(
    holder: str, nations: Sequence[str], kinds: Sequence[str], exercise: bool
) -> Iterator[Question]:
    """Everything that can be asked of the policy of `holder`."""
    for recipient, kind in product(nations, kinds):
        if recipient == holder:
            continue
        yield Question("address", recipient, holder, kind, exercise=exercise)
        for origin in nations:
            if origin != recipient:
                action = "release" if origin == holder else "relay"
                for form in FORMS:
                    yield Question(action, recipient, origin, kind, form, exercise)
                if origin != holder:
                    yield Question("fuse", recipient, origin, kind, exercise=exercise)
            if origin != holder:
                for form in FORMS:
                    yield Question("accept", recipient, origin, kind, form, exercise)


def _verdicts(policy: Policy | None, questions: list[Question]) -> dict[Question, Verdict]:
    if policy is None:
        return dict.fromkeys(questions, Verdict(False, (), (), ()))
    return dict(zip(questions, policy.decide_all(questions), strict=True))


def _settle(
    holder: str, questions: Sequence[Question], verdicts: Mapping[Question, Verdict], sha256: str
) -> Decision:
    """The first form that is permitted; else a refusal that names what forbids, or the silence."""
    for question in questions:
        verdict = verdicts[question]
        if verdict.allowed:
            reason = f"{holder} may {_said(question)} in form {question.form}: {'; '.join(verdict.reasons)}"
            return Decision(True, question.form, reason, ", ".join(verdict.rules), sha256)
    silent = not any(verdicts[question].rules or verdicts[question].errors for question in questions)
    if silent and questions[0].action != "accept":
        reason = f"the policy of {holder} is silent on '{_said(questions[0])}' in any form"
        return Decision(False, None, reason, "silence", sha256)
    # Narrowest first: that was the last hope.
    refusals = [_refusal(holder, question, verdicts[question]) for question in reversed(questions)]
    rules = dict.fromkeys(rule for rule, _ in refusals)
    return Decision(False, None, "; ".join(reason for _, reason in refusals), ", ".join(rules), sha256)


def _refusal(holder: str, question: Question, verdict: Verdict) -> tuple[str, str]:
    """Rule and reason of one refused question."""
    asked = _said(question)
    if question.action in ("release", "relay", "accept"):
        asked += f" in form {question.form}"
    if verdict.errors:
        return "error", f"the policy of {holder} fails on '{asked}': {'; '.join(verdict.errors)}"
    if verdict.rules:
        return ", ".join(verdict.rules), f"{holder} may not {asked}: {'; '.join(verdict.reasons)}"
    return "silence", f"the policy of {holder} is silent on '{asked}'"


def _said(question: Question) -> str:
    """The question in words, from the verb on, without the form."""
    what = question.kind.replace("_", " ")
    if question.action == "release":
        return f"give {question.recipient} its {what}"
    if question.action == "relay":
        return f"pass to {question.recipient} the {what} of {question.origin}"
    if question.action == "accept":
        return f"take from {question.recipient} the {what} of {question.origin}"
    return f"give {question.recipient} its own {what} fed by sensors of {question.origin}"
