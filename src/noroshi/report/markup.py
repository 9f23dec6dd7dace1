"""HTML as text that cannot come out crooked: every element is closed, every word escaped.

What it writes is also well-formed XML, so that a test can hold the whole page to it.
"""

from collections.abc import Iterable
from html import escape

# Elements that hold nothing.
_VOID = {"br", "meta", "wbr"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Inner = str | Markup | None | Iterable["Inner"]
# The name that links lead to, the title, and what stands below it.
Section = tuple[str, str, Inner]


def element(name: str, /, *inner: Inner, **attributes: object) -> Markup:
    """One element. An attribute `class_` is class, other underscores are hyphens, None leaves it out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written} />")
    return Markup(f"<{name}{written}>{joined(*inner)}</{name}>")


def joined(*inner: Inner) -> Markup:
    """Several pieces in a row; words are escaped, markup is kept, None is nothing."""
    pieces: list[str] = []
    for one in inner:
        if one is None:
            continue
        if isinstance(one, Markup):
            pieces.append(one)
        elif isinstance(one, str):
            pieces.append(escape(one, quote=False))
        else:
            pieces.append(joined(*one))
    return Markup("".join(pieces))


def figure(svg: Markup, caption: Inner = None) -> Markup:
    """A figure that scrolls sideways on a narrow screen, with what is said of it."""
    said = element("figcaption", caption) if caption is not None else None
    label = "Figure, scrolls sideways on a narrow screen"
    box = element("div", svg, class_="scroll", tabindex="0", role="group", aria_label=label)
    return element("figure", box, said)


def table(
    head: Iterable[Inner],
    rows: Iterable[Iterable[Inner]],
    caption: Inner = None,
    class_: str | None = None,
    lead: int = 1,
) -> Markup:
    """A table that scrolls sideways on a narrow screen; the first `lead` cells of a row are its heading.

    A cell that is an element `th` or `td` already stands as it is.
    """
    top = element("tr", [cell("th", one, scope="col") for one in head])
    body = [
        element(
            "tr",
            [cell("th", one, scope="row") if i < lead else cell("td", one) for i, one in enumerate(row)],
        )
        for row in rows
    ]
    whole = element(
        "table",
        element("caption", caption) if caption is not None else None,
        element("thead", top),
        element("tbody", body),
        class_=class_,
    )
    return element(
        "div", whole, class_="wide", tabindex="0", role="group", aria_label="Table, scrolls sideways"
    )


def cell(name: str, inner: Inner, /, **attributes: object) -> Markup:
    """A cell of a table, unless it is one already."""
    if isinstance(inner, Markup) and inner.startswith(("<th", "<td")):
        return inner
    return element(name, inner, **attributes)
