"""The persona's prompt uses something it may not.

The prompt is a Jinja2 text rendered by the compiler, so that the bundle holds plain words. It may insert what persona.yaml and
tenant.yaml hold (`{{ persona.voice.tone | join(", ") }}`, `{{ tenant.values.brand }}`) and choose with `if`; loops, macros,
calls and arithmetic are not needed for a voice and could keep the compiler busy for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.diagnostics.suggest import did_you_mean
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.once import of_text

CODE = Code(
    code="CV5016",
    name="prompt",
    summary="a prompt with an undeclared variable or a forbidden construct",
    explanation=__doc__,
    bad="prompt: You are {{ persona.nmae }}.",
    good="prompt: You are {{ persona.name }}.",
)
NEEDS = frozenset({"persona", "tenant"})

_NODES = {
    "Template",
    "Output",
    "TemplateData",
    "Name",
    "Getattr",
    "Filter",
    "Const",
    "If",
    "Not",
    "And",
    "Or",
}
_FILTERS = {"join", "lower", "upper", "trim"}


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    yield from _found(source)


def filled_in(source: Source) -> str | None:
    """The prompt as the bundle will hold it; None when there is a fault in it or in what it inserts."""
    if NEEDS - set(source.sections):
        return None
    text: str = source.sections["persona"]["prompt"]
    if "{" not in text:
        return text.strip()
    if any(_found(source)):
        return None
    from compiler.source.template import render

    return render(text, persona=source.sections["persona"], tenant=source.sections["tenant"])


def _found(source: Source) -> Iterator[Diagnostic]:
    from jinja2 import TemplateSyntaxError

    persona = source.sections["persona"]
    span = persona.value("prompt")
    try:
        uses = _uses(persona["prompt"])
    except TemplateSyntaxError as error:
        yield CODE.at(_line(span, error.lineno), f"the prompt cannot be read: {error.message}")
        return
    except RecursionError:
        yield CODE.at(span, "the prompt cannot be read: it is nested too deeply")
        return
    faults = list(_faults(uses, span, {"persona": persona, "tenant": source.sections["tenant"]}))
    yield from faults or _unrendered(persona["prompt"], span, source)


@dataclass(frozen=True, slots=True)
class _Use:
    """What stands on a line of a prompt: a construct that is forbidden, or else the path of a variable."""

    line: int
    forbidden: str
    path: tuple[str, ...] = ()


@of_text
def _uses(prompt: str) -> tuple[_Use, ...]:
    """Everything of a prompt that may be a fault. Raises TemplateSyntaxError, RecursionError."""
    from jinja2 import nodes

    from compiler.source.template import parsed

    tree = parsed(prompt)
    inner = set[int]()
    found: list[_Use] = []
    for node in [tree, *tree.find_all(nodes.Node)]:
        kind = type(node).__name__
        if kind not in _NODES or (isinstance(node, nodes.Filter) and node.name not in _FILTERS):
            found.append(_Use(node.lineno, _described(node)))
        elif isinstance(node, nodes.Getattr | nodes.Name) and id(node) not in inner:
            path = _path(node, inner)
            if path is not None:
                found.append(_Use(node.lineno, "", tuple(path)))
    return tuple(found)


def _faults(uses: Iterable[_Use], span: Span, known: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for use in uses:
        if use.forbidden:
            yield CODE.at(_line(span, use.line), f"a prompt may not use {use.forbidden}")
        else:
            yield from _unknown(use.path, known, _line(span, use.line))


def _unrendered(text: str, span: Span, source: Source) -> Iterator[Diagnostic]:
    """What only shows when it is filled in: a filter given something it cannot take."""
    from compiler.source.template import render

    try:
        render(text, persona=source.sections["persona"], tenant=source.sections["tenant"])
    except Exception as error:  # whatever a filter raises is a fault of the prompt
        yield CODE.at(span, f"the prompt cannot be filled in: {error}")


def _described(node: Any) -> str:
    return (
        f"the filter `{node.name}`" if type(node).__name__ == "Filter" else f"`{type(node).__name__.lower()}`"
    )


def _path(node: Any, inner: set[int]) -> list[str] | None:
    """`persona.voice.tone` as its names; None when it does not begin with a name."""
    names: list[str] = []
    while type(node).__name__ == "Getattr":
        names.append(node.attr)
        node = node.node
        inner.add(id(node))
    return [node.name, *reversed(names)] if type(node).__name__ == "Name" else None


def _unknown(path: Sequence[str], known: Any, span: Span) -> Iterator[Diagnostic]:
    here = known
    for name in path:
        if not isinstance(here, dict) or name not in here:
            message = f"`{'.'.join(path)}` is not declared: there is no `{name}`"
            yield CODE.at(span, message, help=did_you_mean(name, here) if isinstance(here, dict) else None)
            return
        here = here[name]


def _line(span: Span, line: int) -> Span:
    """The line of the prompt: a block text begins on the line after its key."""
    at = span.line + line
    return Span(file=span.file, line=at, column=1, end_line=at, end_column=2)
