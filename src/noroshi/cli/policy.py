"""noroshi policy: why a message may go or not, and whether a policy decides as expected."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.catalogue.expectations import Outcome
    from noroshi.records.messages import Message
    from noroshi.sharing.explain import Explanation, Step
    from noroshi.sharing.policy import Policy

app = typer.Typer(
    help="Explain and test what release policies decide.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_POLICY = "A shipped arm, a folder of NATION.cedar files, or one such file."


@app.command(epilog="Example: noroshi policy explain message.json --to KOR --policy mesh")
def explain(
    message: Annotated[
        str,
        typer.Argument(
            help="A message as JSON or as the bytes of a border, JOURNAL:ID, or - for standard input.",
            metavar="MESSAGE",
        ),
    ],
    to: Annotated[str, typer.Option("--to", help="The nation that would get it.", metavar="NATION")],
    policy: Annotated[str, typer.Option(help=_POLICY)] = "hub",
    holder: Annotated[
        str | None,
        typer.Option(help="The nation whose border it leaves; its origin unless said.", metavar="NATION"),
    ] = None,
    now_s: Annotated[
        float | None, typer.Option(help="The moment, s after the epoch; when it was written unless said.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="The border is for live, not for exercise.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Tell what is decided on a message, by which rule, and everything that was considered."""
    from noroshi.catalogue.expectations import FIVE, find_policies
    from noroshi.records.messages import registered
    from noroshi.sharing.explain import accepts
    from noroshi.sharing.explain import explain as explained
    from noroshi.sharing.release import compile_table
    from noroshi.sharing.sanitise import to_form

    policies = find_policies(policy, Path())
    known = frozenset((*FIVE, *policies))
    told = _message(message, known)
    by = _nation(holder or told.origin, "--holder", known)
    to = _nation(to, "--to", known)
    nations = tuple(sorted({*known, told.origin, *told.contributors}))
    table = compile_table(policies, nations, (registered(told.kind),), not live)
    moment_s = told.created_s if now_s is None else now_s
    found = explained(told, to, moment_s, table, by, policies.get(by))
    there = None
    if found.decision.allowed and found.decision.form is not None and to in policies:
        goes = told
        if found.decision.form != told.form:
            goes = to_form(told, found.decision.form, f"{told.id}/{found.decision.form}")
        there = accepts(goes, by, policies[to], not live)
    if as_json:
        typer.echo(json.dumps(_plain(told, by, to, found, policies.get(by), there), ensure_ascii=False))
        return
    for line in _lines(told, by, to, found, policies, there):
        typer.echo(line)


@app.command(epilog="Example: noroshi policy test my-policies/tests.toml")
def test(
    file: Annotated[
        str, typer.Argument(help="Expectations, TOML; a folder that holds tests.toml; or a shipped arm.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")] = False,
) -> None:
    """Hold policies against expectations; exit code 1 where one is not met."""
    from noroshi.catalogue.expectations import judge, load_expectations
    from noroshi.catalogue.policies import SHIPPED, shipped_arms

    path = SHIPPED / file if file in shipped_arms() else Path(file)
    outcomes = list(judge(*load_expectations(path / "tests.toml" if path.is_dir() else path)))
    failed = [one for one in outcomes if one.differs]
    if as_json:
        typer.echo(json.dumps({"passed": len(outcomes) - len(failed), "failed": len(failed),
                               "cases": [_case(one) for one in outcomes]}, ensure_ascii=False))  # fmt: skip
    else:
        for one in outcomes:
            typer.echo(f"{'FAILED' if one.differs else 'passed'}  {one.told}")
            if one.differs:
                typer.echo(f"        {'; '.join(one.differs)}")
                typer.echo(f"        {one.decision.rule}: {one.decision.reason}")
        typer.echo(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed.")
    if failed:
        raise typer.Exit(1)


def _case(one: "Outcome") -> dict[str, Any]:
    decision = one.decision
    return {
        "case": one.told,
        "passed": not one.differs,
        "differs": list(one.differs),
        "allowed": decision.allowed,
        "form": decision.form,
        "rule": decision.rule,
        "reason": decision.reason,
    }


def _nation(text: str, option: str, known: frozenset[str]) -> str:
    from noroshi.catalogue.base import did_you_mean

    if text.upper() not in known:
        raise InputError("", option, text, "is not a known nation.", did_you_mean(text, known))
    return text.upper()


def _message(text: str, nations: frozenset[str]) -> "Message":
    from noroshi.catalogue.spoken import read

    if text == "-":
        return read(sys.stdin.buffer.read(), "standard input", nations)
    path, (folder, _, name) = Path(text), text.rpartition(":")
    if not path.exists() and folder and Path(folder).exists():
        return _journaled(Path(folder), name, nations)
    return read(_bytes(path), text, nations)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        hint = "Name a file, JOURNAL:ID, or - for standard input."
        raise InputError(str(path), "", None, "does not exist.", hint) from None
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be read: {error.strerror}.") from None


def _journaled(journal: Path, name: str, nations: frozenset[str]) -> "Message":
    """A message by its id from a journal: the sealed bytes of a live node, or the words of a run."""
    from noroshi.catalogue.spoken import from_table, read

    where = f"{journal}:{name}"
    for entry in _entries(journal):
        if entry.get("message") != name:
            continue
        if isinstance(entry.get("sealed"), str):
            return read(base64.b64decode(entry["sealed"]), where, nations)
        if entry.get("event") == "message":
            # A run's journal tells no provenance: fusion is not judged.
            fields = {"id": name, "origin": entry["node"], "created_s": entry["t_s"]}
            return from_table({**fields, "kind": entry["kind"], "label": entry["label"]}, where, nations)
    raise InputError(where, "", None, f"holds no message {name}.", "Ids stand in its lines as message.")


def _entries(journal: Path) -> Iterator[dict[str, Any]]:
    """Lines of a journal that read as JSON objects, unchecked: noroshi journal verify checks."""
    files = sorted(one for one in journal.iterdir() if one.is_file()) if journal.is_dir() else [journal]
    for file in files:
        for line in _bytes(file).splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry


def _plain(
    told: "Message", by: str, to: str, found: "Explanation", policy: "Policy | None", there: "Step | None"
) -> dict[str, Any]:
    decision = found.decision
    return {
        "message": told.id,
        "kind": told.kind,
        "origin": told.origin,
        "held_as": told.form,
        "holder": by,
        "to": to,
        "allowed": decision.allowed,
        "form": decision.form,
        "rule": decision.rule,
        "reason": decision.reason,
        "file": policy.source if policy else None,
        "lines": list(found.lines),
        "policy_sha256": decision.policy_sha256,
        "considered": [step._asdict() for step in found.steps],
        "accepted_there": there and there._asdict(),
    }


def _lines(
    told: "Message",
    by: str,
    to: str,
    found: "Explanation",
    policies: dict[str, "Policy"],
    there: "Step | None",
) -> Iterator[str]:
    decision, policy = found.decision, policies.get(by)
    verdict = f"allowed, as {decision.form}" if decision.allowed else "refused"
    holds = "" if by == told.origin else f", held by {by}"
    yield f"{told.id}: {told.form} {told.kind} of {told.origin}{holds}, to {to}: {verdict}"
    yield f"  rule    {decision.rule}"
    yield f"  reason  {decision.reason}"
    if policy is None:
        yield f"  policy  none of {by} here, so nothing leaves it"
    else:
        at = "".join(f":{line}" for line in found.lines[:1])
        more = "".join(f", line {line}" for line in found.lines[1:])
        yield f"  policy  {policy.source}{at}{more}"
        yield f"  sha256  {decision.policy_sha256}"
    yield "considered, in this order:"
    for step in found.steps:
        yield _step(step)
    if there is not None:
        yield f"and at {to}, {policies[to].source}:"
        yield _step(there)


def _step(step: "Step") -> str:
    mark = "passes" if step.passed else "REFUSES"
    rules = [f"{rule} (line {line})" for rule, line in zip(step.rules, step.lines, strict=False)]
    by = f"{', '.join(rules)}: " if rules else ""
    return f"  {mark:<8}{step.name:<22}{by}{step.reason}"
