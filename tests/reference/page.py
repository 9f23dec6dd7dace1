"""The cases as a page for people who check numbers, and as rows for a program."""

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.reference import (
    air,
    arcs,
    boost,
    coverage,
    custody,
    glide,
    gravity,
    infrared,
    lofted,
    radar,
    record,
    satellites,
    tracking,
)
from tests.reference.cases import MARKS, Case, Group, Result

ROOT = Path(__file__).parents[2]
PAGE, ROWS = ROOT / "docs" / "validation.md", ROOT / "out" / "validation.json"

_FLIGHT = (record, lofted, boost, arcs, glide, air, gravity, satellites)
_SENSING = (infrared, radar, coverage, custody)
_TRACKING = (tracking,)
CASES: tuple[Case, ...] = tuple(case for module in (*_FLIGHT, *_SENSING, *_TRACKING) for case in module.CASES)

HEAD = """\
Our flights, and what is seen of them, beside what others say of the same: published and announced
figures, and independent code. The page is written by `make validation` from the cases of
[tests/reference](../tests/reference), which
`make test` holds to the same tolerances. A tolerance is never widened to meet a number: what is missed
stays here with its likely cause.
"""
TOLERANCES = """\
A tolerance without a sign of per cent is in the unit of the case. For a computed table it is half a unit of
the last printed digit and a little for what was rounded on the way.
"""


def difference(result: Result) -> float:
    """Ours less theirs: a part of theirs where the tolerance is one, else in the unit."""
    off = result.ours - result.case.published
    return off / result.case.published if result.case.tolerance.relative else off


def _plain(text: str) -> str:
    """A zero without a sign, and a minus that is one."""
    return (text if re.search("[1-9]", text) else text.lstrip("+-")).replace("-", "−")


def _ours(result: Result) -> str:
    form = result.case.form
    return _plain(format(result.ours, "," + form if form.endswith("f") else form))


def _published(case: Case) -> str:
    """Theirs with the digits that ours has beyond it left off."""
    if case.form.endswith("f"):
        decimals = int(case.form[1:-1])
        text = f"{case.published:,.{decimals}f}"
        return _plain(text.rstrip("0").rstrip(".") if "." in text else text)
    return _plain(f"{case.published:.12g}")


def _difference(result: Result) -> str:
    case, off = result.case, difference(result)
    if case.tolerance.relative:
        form = "+.2f" if abs(off) < 0.01 else "+.1f"
        text = f"{100 * off:{form}} %"
    elif case.form.endswith("f"):
        text = f"{off:+{case.form}}"
    else:
        text = f"{off:+.0e}" if off else "0"
    return _plain(text)


def _row(result: Result) -> str:
    case = result.case
    unit = f" {case.unit}" if case.unit else ""
    cells = (
        f"`{case.id}`",
        case.what,
        f"{case.source} [{case.mark}]",
        _published(case) + unit,
        _ours(result),
        _difference(result),
        _plain(case.tolerance.said),
        "yes" if result.met else "**no**",
    )
    return "| " + " | ".join(cells) + " |"


def _wrapped(text: str, after: str = "") -> str:
    """A paragraph in lines of the project's width."""
    return textwrap.fill(
        " ".join(text.split()), 119, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    )


def _missed(results: Iterable[Result]) -> list[str]:
    """The misses, each with its likely cause."""
    lines = []
    for result in results:
        case = result.case
        cause = case.known_miss or "**not known yet.**"
        unit = f" {case.unit}" if case.unit else ""
        told = (
            f"- `{case.id}`: {case.what}. Told {_published(case)}{unit}, ours {_ours(result)}{unit} "
            f"({_difference(result)}; tolerance {case.tolerance.said}). {cause}"
        )
        lines.append(_wrapped(told, "  "))
    return lines


def page(results: Sequence[Result], more: str = "") -> str:
    """The page in Markdown: the misses first, then a table for each group, and `more` that is no case."""
    met, missed = sum(result.met for result in results), [one for one in results if not one.met]
    groups: dict[str, tuple[Group, list[Result]]] = {}
    for result in results:
        groups.setdefault(result.case.group.name, (result.case.group, []))[1].append(result)
    parts = [
        "# Validation\n",
        _wrapped(HEAD) + "\n",
        f"**{len(results)} cases, {met} met, {len(missed)} missed.**\n",
    ]
    if missed:
        parts += ["## Missed\n", "\n".join(_missed(missed)) + "\n"]
    marks = "\n".join(f"- **{mark}** {said}." for mark, said in MARKS.items())
    parts += ["## Marks\n", f"{marks}\n", _wrapped(TOLERANCES) + "\n"]
    for group, rows in groups.values():
        done = sum(row.met for row in rows)
        parts += [
            f"## {group.title}\n",
            _wrapped(group.how) + "\n",
            _wrapped(f"Source: {group.sources} {done} of {len(rows)} met.") + "\n",
            "| case | what | source | theirs | ours | difference | tolerance | met |",
            "|---|---|---|--:|--:|--:|--:|---|",
            "\n".join(map(_row, rows)) + "\n",
        ]
    return "\n".join([*parts, more] if more else parts)


def rows(results: Iterable[Result]) -> list[dict[str, object]]:
    """What a program reads."""
    return [
        {
            "case": one.case.id,
            "group": one.case.group.name,
            "what": one.case.what,
            "source": one.case.source,
            "mark": one.case.mark,
            "unit": one.case.unit,
            "published": one.case.published,
            "ours": float(format(one.ours, one.case.form)),
            "difference": float(f"{difference(one):.3g}"),
            "tolerance": one.case.tolerance.said,
            "pass": one.met,
            "known_miss": one.case.known_miss,
        }
        for one in results
    ]


def write(results: Sequence[Result], text: Path = PAGE, table: Path = ROWS, more: str = "") -> None:
    """Page and rows, each whole or not at all; `more` stands at the end of the page."""
    for path, content in (
        (text, page(results, more)),
        (table, json.dumps(rows(results), indent=2, ensure_ascii=False) + "\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(content, encoding="utf-8")
        part.replace(path)
