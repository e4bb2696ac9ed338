"""A disclosure the packs demand is missing, or is not made when it must be.

Each pack lists duties: what people must be told, and when at the latest. A claim of kind `disclosure` says under `covers`
which duty it fulfils. Every duty needs such a claim; an `opening` duty must be among the persona's opening claims, a
`proactive` one in every campaign, and one that comes `before_any_link` among what each link requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source.context import Context
from compiler.source.model import Duty, Source

CODE = Code(
    code="CV5012",
    name="missing-disclosure",
    summary="a disclosure a pack demands is missing where it must be made",
    explanation=__doc__,
    bad="opening: [DD-D02]   # nothing says that this is an automated assistant",
    good="opening: [DD-D01, DD-D02]",
)
NEEDS = frozenset({"claims", "pack", "tenant", "persona", "journeys", "destinations"})

OPENING = ("opening", "opening_and_proactive")
PROACTIVE = ("proactive", "opening_and_proactive")
BEFORE_LINK = ("before_any_link", "with_link")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    persona, journeys = source.sections["persona"], source.sections["journeys"]
    for duty in _duties(source):
        if not any(duty.id in claim.covers for claim in source.spoken()):
            span = source.sections["tenant"].value("packs")
            yield _fault(span, duty, "no claim covers", "write a disclosure with `covers: [" + duty.id + "]`")
            continue
        if duty.when in OPENING and not _covered(source, persona["opening"], duty):
            yield _fault(
                persona.value("opening"), duty, "the opening does not cover", "add its claim to `opening`"
            )
        for campaign in journeys["campaigns"] if duty.when in PROACTIVE else ():
            if not _covered(source, campaign["claims"], duty):
                message = f"the campaign `{campaign['id']}` does not cover"
                yield _fault(campaign.value("claims"), duty, message, "add its claim to the campaign")
        for link in source.links if duty.when in BEFORE_LINK else ():
            if not _covered(source, [*link.requires, link.claim], duty):
                message = f"the link `{link.id}` does not require"
                yield _fault(link.span("requires"), duty, message, "add its claim to `requires`")


def _duties(source: Source) -> Iterable[Duty]:
    """Every duty once; of two packs with the same duty the first speaks."""
    return {d.id: d for pack in reversed(source.packs) for d in pack.duties}.values()


def _covered(source: Source, ids: Iterable[str], duty: Duty) -> bool:
    """Whether one of the claims, or one it requires, fulfils the duty."""
    waiting, seen = list(ids), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in source.claims:
            continue
        seen.add(name)
        if duty.id in source.claims[name].covers:
            return True
        waiting += source.claims[name].required_with
    return False


def _fault(span: Span, duty: Duty, what: str, remedy: str) -> Diagnostic:
    pack = duty.owner.removeprefix("_packs/")
    return CODE.at(
        span,
        f"{what} the duty `{duty.id}` of the pack `{pack}`: {duty.says.strip()}",
        labels=[Label(span=duty.span(), text="the duty")],
        help=remedy,
    )
