"""A disclosure that must be made at some point, and no journey comes to it there.

A claim says under `when` at what point it is due, and a duty of a pack says so too. Being in the register is not enough:

| due | must be among, directly or required by what is |
|---|---|
| `opening`, `opening_and_proactive` | the persona's `opening` |
| `proactive`, `opening_and_proactive` | the claims of every campaign |
| `before_any_link`, `with_link` | what the links require, ask or say, or a flow |
| `before_any_fee`, `with_fee` | the same, the opening or every campaign; without a link, what can be asked for |
| `in_flow` | a flow, or what a link asks |
| `on_amount_or_eligibility`, `on_question` | what can be asked for (`questions`, a `topic`, a quick reply), or any of the above |
| `on_signal`, `handoff` and the other moments of the machine | the fixed lines and replies to signals, or any of the above |

A claim that is due nowhere it can be said looks like a safeguard and is none. Disclosures are looked at at all these points,
other claims where they are due before or with a link or a fee. That a duty has a claim at all, and that the opening, each
campaign and each link fulfil the duties of their own, is CV5012, and so are the claims that cover such a duty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Claim, Duty, Source
from compiler.source.reach import journeys

CODE = Code(
    code="CV5027",
    name="unreached-disclosure",
    summary="a disclosure that no journey comes to where it is due",
    explanation=__doc__,
    bad="- id: DD-D12\n  kind: disclosure\n  when: before_any_link   # no link requires it",
    good="links:\n  - id: form\n    requires: [DD-D12]",
)
NEEDS = frozenset(
    {"claims", "destinations", "guardrails", "journeys", "pack", "persona", "signals", "tenant"}
)

_LINKS = ("before_any_link", "with_link")
_FEES = ("before_any_fee", "with_fee")
# Of a duty: CV5012 looks at these points, and CV5055 at what must be asked.
_ELSEWHERE = (*_LINKS, "opening", "proactive", "opening_and_proactive", "asked_before_any_link")
_WHERE = {
    "opening": ("opening",),
    "proactive": ("proactive",),
    **dict.fromkeys(_LINKS, ("link", "flow")),
    **dict.fromkeys(_FEES, ("link", "flow", "opening", "proactive")),
    "in_flow": ("flow", "link"),
}
_ANYWHERE = ("asked", "link", "flow", "opening", "proactive")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    shown = journeys(source)
    duties = {d.id: d for pack in reversed(source.packs) for d in pack.duties}
    judged = {name for name, duty in duties.items() if duty.when in _ELSEWHERE}
    told = set[str]()
    for claim in source.spoken():
        if judged & set(claim.covers) or not _must_be_made(claim):
            continue
        for due in _moments(source, claim.when):
            if not _reached(source, shown, claim.id, due):
                told.add(claim.id)
                yield CODE.at(
                    claim.span("when"),
                    f"`{claim.id}` is due {_said(due)}, and no journey comes to it there",
                    labels=[Label(span=claim.span(), text="the claim")],
                    help=f"add it to {_remedy(due)}, or require it from a claim that is there",
                )
    yield from _duties(source, shown, [duty for name, duty in duties.items() if name not in judged], told)


def _must_be_made(claim: Claim) -> bool:
    timely = claim.when in (*_LINKS, *_FEES) and claim.kind not in ("line", "question")
    return claim.kind == "disclosure" or timely


def _duties(
    source: Source, shown: Mapping[str, set[str]], duties: list[Duty], told: set[str]
) -> Iterator[Diagnostic]:
    """Duties at the points CV5012 does not look at: one of the claims that cover them must be come to there."""
    for duty in duties:
        covering = [claim.id for claim in source.spoken() if duty.id in claim.covers]
        if not covering or told & set(covering):
            continue
        if not any(_reached(source, shown, name, duty.when) for name in covering):
            yield _unfulfilled(source, duty, covering)


def _unfulfilled(source: Source, duty: Duty, covering: list[str]) -> Diagnostic:
    pack = duty.owner.removeprefix("_packs/")
    return CODE.at(
        source.claims[covering[0]].span("covers"),
        f"the duty `{duty.id}` of the pack `{pack}` is due {_said(duty.when)}, and no journey comes to "
        f"{' or '.join(covering)} there",
        labels=[Label(span=duty.span("when"), text="the duty")],
        help=f"add it to {_remedy(duty.when)}, or require it from a claim that is there",
    )


def _moments(source: Source, when: str) -> tuple[str, ...]:
    """The points a `when` speaks of that the tenant has: without campaigns or links there is nothing to precede."""
    both = ("opening", "proactive") if when == "opening_and_proactive" else (when,)
    campaigns = bool(source.sections["journeys"]["campaigns"])
    return tuple(
        due for due in both if (due != "proactive" or campaigns) and (due not in _LINKS or source.links)
    )


def _reached(source: Source, shown: Mapping[str, set[str]], name: str, due: str) -> bool:
    places = _WHERE.get(
        due, _ANYWHERE if due in ("on_amount_or_eligibility", "on_question") else (*_ANYWHERE, "fixed")
    )
    if due in _FEES and not source.links:
        places = (*places, "asked")
    return any(name in shown[place] for place in places)


def _said(due: str) -> str:
    return due.replace("_", " ").replace("opening", "at the opening").replace("proactive", "in what we start")


def _remedy(due: str) -> str:
    match due:
        case "opening":
            return "the persona's `opening`"
        case "proactive":
            return "every campaign"
        case "before_any_link" | "with_link" | "before_any_fee" | "with_fee":
            return "what a link `requires`"
        case "in_flow":
            return "a flow of journeys.yaml"
        case "on_amount_or_eligibility" | "on_question":
            return "what can be asked for (`questions`, `topic`)"
        case _:
            return "the fixed lines or the replies to signals"
