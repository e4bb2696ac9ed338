"""What a change reaches without being written there: everything in a bundle that names a claim that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from compiler.plan.change import BEHAVIOUR, CHANGED, Change

Document = Mapping[str, Any]
# Changes of a claim that reach whoever says it: not what finds it, nor who approved it.
REACHING = frozenset({"CLAIM_REWORDED", "CLAIM_TERMS_CHANGED"})


def affected(after: Document, changed: Set[str]) -> Iterator[Change]:
    """What cites a changed claim without having changed itself."""
    for kind, name, cited in citations(after):
        for claim in cited:
            if claim in changed and not (kind == "claim" and name in changed):
                yield Change(
                    klass=BEHAVIOUR,
                    rule="AFFECTED",
                    kind=kind,
                    id=name,
                    what=f"through {claim}",
                    op=CHANGED,
                    indirect=True,
                )


def uses(document: Document, claim: str) -> list[str]:
    """Where a claim is said, as `kind id`."""
    return [f"{kind} {name}" for kind, name, cited in citations(document) if claim in cited]


def citations(document: Document) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(kind, id, claims named) of everything that names claims."""
    for claim in document["claims"]:
        yield "claim", claim["id"], claim["required_with"]
    for link in document["links"]:
        yield "link", link["id"], [link["claim"], *link["requires"], *link["answers"]]
    for section, kind in (("quick_replies", "quick reply"), ("campaigns", "campaign")):
        for item in document[section]:
            yield kind, item["id"], item["claims"]
    for flow in document.get("journeys", {}).get("ask_flows", ()):
        yield "ask flow", flow["id"], flow["steps"]
    for category in document["categories"]:
        yield "category", category["id"], [category["reply"]]
    yield "persona", "opening", document["persona"]["opening"]
    for purpose, line in document["lines"].items():
        yield "line", purpose, [line]
