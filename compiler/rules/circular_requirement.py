"""Claims that require each other in a circle nobody wrote down as a set.

Two claims may require each other: a fee and the way to end the agreement are never said apart, and both say so. That is a
set, and it is legitimate however many claims are in it, as long as each pair of neighbours says it on both sides. A circle
that closes only over third claims (A requires B, B requires C, C requires A) is a set too, but by accident: it binds claims
whose authors never named each other, it has no order in which to show them, and one line added to one claim lengthens what
a person must read before all the others. A claim that requires itself is a slip of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.reach import way

CODE = Code(
    code="CV5033",
    name="circular-requirement",
    summary="claims that require each other in a circle",
    explanation=__doc__,
    bad="- {id: DD-A1, required_with: [DD-A2]}\n- {id: DD-A2, required_with: [DD-A3]}\n- {id: DD-A3, required_with: [DD-A1]}",
    good="- {id: DD-A1, required_with: [DD-A2]}\n- {id: DD-A2, required_with: [DD-A1, DD-A3]}\n- {id: DD-A3}",
)
NEEDS = frozenset({"claims"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    needs = {c.id: [n for n in c.required_with if n in source.claims] for c in source.spoken()}
    set_of = _sets(needs)
    told = set[frozenset[str]]()
    for name in sorted(needs):
        for index, wanted in enumerate(source.claims[name].required_with):
            if wanted != name and set_of.get(wanted) == set_of[name]:
                continue  # one set, written down on both sides
            path = way(needs, wanted, name)
            if path is None or frozenset(path) in told:
                continue
            told.add(frozenset(path))
            yield CODE.at(
                source.claims[name].within("required_with", index),
                f"`{name}` requires itself: {' -> '.join([name, *path])}",
                labels=[
                    Label(span=source.claims[step].span("required_with"), text=f"`{step}` requires `{after}`")
                    for step, after in pairwise(path)
                ],
                help="take one of these out, or say on both sides that they belong together",
            )


def _sets(needs: Mapping[str, list[str]]) -> dict[str, int]:
    """A number for every claim: claims that require each other, in pairs, have one."""
    found: dict[str, int] = {}
    for number, name in enumerate(needs):
        waiting = [name] if name not in found else []
        while waiting:
            here = waiting.pop()
            found[here] = number
            waiting += [n for n in needs[here] if n not in found and here in needs.get(n, ())]
    return found
