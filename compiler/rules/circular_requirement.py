"""Claims that require each other in a circle nobody wrote down as a set.

Two claims may require each other: a fee and the way to end the agreement are never said apart, and both say so. That is a
set, and it is legitimate however many claims are in it, as long as each pair of neighbours says it on both sides. A circle
that closes only over third claims (A requires B, B requires C, C requires A) is a set too, but by accident: it binds claims
whose authors never named each other, it has no order in which to show them, and one line added to one claim lengthens what
a person must read before all the others. A claim that requires itself is a slip of the same kind.

Circles that run through each other are told once, by the shortest through the first of their lines; of a long one its two
ends are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.reach import requirements, rings, sets, way

CODE = Code(
    code="CV5033",
    name="circular-requirement",
    summary="claims that require each other in a circle",
    explanation=__doc__,
    bad="- {id: DD-A1, required_with: [DD-A2]}\n- {id: DD-A2, required_with: [DD-A3]}\n- {id: DD-A3, required_with: [DD-A1]}",
    good="- {id: DD-A1, required_with: [DD-A2]}\n- {id: DD-A2, required_with: [DD-A1, DD-A3]}\n- {id: DD-A3}",
)
NEEDS = frozenset({"claims"})

_SHOWN = 8  # claims of a circle that are named


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    needs = requirements(source)
    set_of, ring_of = sets(needs), rings(needs)
    told = set[int]()
    for name in sorted(needs):
        for index, wanted in enumerate(source.claims[name].required_with):
            if wanted == name:
                yield _fault(source, name, index, [name])
                continue
            apart = wanted in needs and set_of[wanted] != set_of[name] and ring_of[wanted] == ring_of[name]
            if apart and ring_of[name] not in told:
                told.add(ring_of[name])
                yield _fault(source, name, index, way(needs, wanted, name) or [])


def _fault(source: Source, name: str, index: int, path: list[str]) -> Diagnostic:
    """The circle that line closes; of a long one its two ends."""
    steps = [name, *path]
    shown = steps
    if len(steps) > _SHOWN:
        left_out = len(steps) - _SHOWN + 1
        shown = [*steps[: _SHOWN // 2], f"({left_out:,} more)", *steps[-(_SHOWN // 2 - 1) :]]
    pairs = list(pairwise(path))
    return CODE.at(
        source.claims[name].within("required_with", index),
        f"`{name}` requires itself: {' -> '.join(shown)}",
        labels=[
            Label(span=source.claims[step].span("required_with"), text=f"`{step}` requires `{after}`")
            for step, after in (pairs if len(steps) <= _SHOWN else [*pairs[:2], *pairs[-2:]])
        ],
        help="take one of these out, or say on both sides that they belong together",
    )
