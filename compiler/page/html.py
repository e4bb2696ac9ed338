"""HTML from values: every text is escaped, what cannot be seen is shown, and a link leads to https or nowhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from compiler.diagnostics.escape import visible


class Html(str):
    """Text that is HTML already. Anything else is escaped before it gets into a page."""

    __slots__ = ()


VOID = ("br",)
Child = str | Html | None


def text(value: object) -> Html:
    """A text as a reader sees it, line ends kept."""
    shown = "\n".join(visible(line) for line in str(value).split("\n"))
    return Html(escape(shown, quote=True).replace("\n", "<br>"))


def el(tag: str, *children: Child | Iterable[Child], **attributes: str | None) -> Html:
    """An element. `cls` is the class attribute; an attribute that is None is left out."""
    inner: list[str] = []
    for child in children:
        parts = (child,) if child is None or isinstance(child, str) else child
        inner += [part if isinstance(part, Html) else text(part) for part in parts if part is not None]
    written = "".join(
        f' {"class" if name == "cls" else name.replace("_", "-")}="{escape(visible(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{written}>" + ("" if tag in VOID else f"{''.join(inner)}</{tag}>"))


def link(url: str, words: Child = None) -> Html:
    """A link where the address is plainly one of the web's; otherwise the address as text."""
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and bool(parts.hostname) and url.isascii() and url.isprintable()
    except ValueError:
        good = False
    if not good:
        return el("span", words if words is not None else url)
    return el("a", words if words is not None else url, href=url, rel="noreferrer noopener")


def rows(pairs: Iterable[tuple[str, Child]]) -> Html:
    """A list of terms and what they are; a pair without a value is left out."""
    return el("dl", (part for name, value in pairs if value for part in (el("dt", name), el("dd", value))))


def items(values: Iterable[Child], *, ordered: bool = False) -> Html:
    return el("ol" if ordered else "ul", (el("li", value) for value in values))
