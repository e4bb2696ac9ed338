"""A link whose prerequisites can never all be met.

A link is given once every claim it `requires` has been shown to the person and every question under `answers` has been
answered as it says. It can never be given, and nobody notices until the first customer wants it, when

- a prerequisite cannot be said where the link can: not on that channel, not to that audience, not in that language, not yet;
- one question is to be answered in two ways;
- a prerequisite is a fixed line of the machine, which no conversation leads to;
- links wait for each other in a circle: a prerequisite is only given with a link that waits for this one;
- a flow of journeys.yaml comes to the link before it has come to all that the link waits for.

That the question offers the answer at all is looked at by CV5022.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Link, Source
from compiler.source.reach import before, closed, gaps, way

CODE = Code(
    code="CV5028",
    name="unmeetable-link",
    summary="a link whose prerequisites can never all be met",
    explanation=__doc__,
    bad="requires: [DD-D04]   # DD-D04 has `channels: [email]`, the link's claim is for every channel",
    good="requires: [DD-D04]   # DD-D04 can be said wherever the link's claim can",
)
NEEDS = frozenset({"claims", "destinations", "journeys", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for link in source.links:
        yield from _out_of_reach(source, link, context.today)
        yield from _two_answers(link)
        yield from _circle(source, link)
        yield from _too_early(source, link)


def _out_of_reach(source: Source, link: Link, today: str) -> Iterator[Diagnostic]:
    given = source.claims.get(link.claim)
    for place, key, name in _prerequisites(link):
        needed = source.claims.get(name)
        if given is None or needed is None:
            continue  # the link pass says so
        faults = list(gaps(given, needed, today))
        if needed.kind == "line":
            faults.append("is a fixed line of the machine")
        for why in faults:
            yield CODE.at(
                link.within("requires", place)
                if key == "requires"
                else link.answers[place].value("question"),
                f"the link `{link.id}` waits for `{name}`, which {why}",
                labels=[
                    Label(span=needed.span(), text=f"`{name}`"),
                    Label(span=given.span(), text=f"`{given.id}` is said with the link"),
                ],
                help="give it the reach of the link's claim, or let the link wait for another",
            )


def _prerequisites(link: Link) -> Iterator[tuple[int, str, str]]:
    for index, name in enumerate(link.requires):
        yield index, "requires", name
    for index, wanted in enumerate(link.answers):
        yield index, "answers", wanted["question"]


def _two_answers(link: Link) -> Iterator[Diagnostic]:
    for index, wanted in enumerate(link.answers):
        first = next(earlier for earlier in link.answers if earlier["question"] == wanted["question"])
        if first is not link.answers[index]:
            yield CODE.at(
                wanted.value("answer"),
                f"the link `{link.id}` waits for two answers to `{wanted['question']}`",
                labels=[Label(span=first.value("answer"), text="the other answer")],
                help="a person gives one: keep one of them",
            )


def _circle(source: Source, link: Link) -> Iterator[Diagnostic]:
    carried = {other.claim: other.id for other in source.links}
    waits = {
        other.id: [carried[name] for name in closed(source, before(other)) if name in carried]
        for other in source.links
    }
    for index, name in enumerate(link.requires):
        for other in [carried[needed] for needed in closed(source, [name]) if needed in carried]:
            path = way(waits, other, link.id)
            if path is not None:
                yield CODE.at(
                    link.within("requires", index),
                    f"the link `{link.id}` waits for itself: {' -> '.join([link.id, *path])}",
                    labels=[Label(span=source.claims[name].span(), text=f"`{name}` comes with a link")],
                    help="let one of them wait for something that can be said without a link",
                )


def _too_early(source: Source, link: Link) -> Iterator[Diagnostic]:
    for flow in source.sections["journeys"]["ask_flows"]:
        if link.claim in flow["steps"]:
            at = flow["steps"].index(link.claim)
            shown = closed(source, flow["steps"][:at])
            missing = [name for name in before(link) if name not in shown]
            if missing:
                yield CODE.at(
                    flow["steps"].item(at),
                    f"the flow `{flow['id']}` comes to the link `{link.id}` before {', '.join(missing)}",
                    labels=[Label(span=link.span("requires"), text="what the link waits for")],
                    help="put them before the link's claim",
                )
