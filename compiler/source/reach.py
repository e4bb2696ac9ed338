"""What leads to what: the claims a set drags along, where a claim can be said, and what each journey of a tenant shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from compiler.source.model import PROHIBITED, Claim, Link, Source

CHANNELS = ("whatsapp_360dialog", "whatsapp_waha", "webchat", "email")
AUDIENCES = ("consumer", "sole_trader", "business")


def closed(source: Source, names: Iterable[str]) -> dict[str, Claim]:
    """These claims and everything they require, directly or not, in the order in which it is met."""
    found: dict[str, Claim] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        claim = source.claims.get(name)
        if claim is not None and name not in found and claim.kind != PROHIBITED:
            found[name] = claim
            waiting += claim.required_with
    return found


def gaps(claim: Claim, needed: Claim, today: str) -> Iterator[str]:
    """Why `needed` cannot be said everywhere that `claim` can, in words that follow `which`."""
    if needed.channels and not set(claim.channels or CHANNELS) <= set(needed.channels):
        yield f"is for {', '.join(needed.channels)} only"
    if needed.audience and not set(claim.audience or AUDIENCES) <= set(needed.audience):
        yield f"is for {', '.join(needed.audience)} only"
    missing = sorted(set(claim.texts) - set(needed.texts))
    if missing:
        yield f"has no text in {', '.join(missing)}"
    if needed.effective > max(claim.effective, today):
        yield f"begins later ({needed.effective})"


def way(steps: Mapping[str, Iterable[str]], start: str, goal: str) -> list[str] | None:
    """The shortest way from `start` to `goal`, both ends included; None when there is none."""
    ways, seen = [[start]], {start}
    for so_far in ways:  # grows meanwhile: breadth first
        if so_far[-1] == goal:
            return so_far
        for after in steps.get(so_far[-1], ()):
            if after not in seen:
                seen.add(after)
                ways.append([*so_far, after])
    return None


def lines(source: Source) -> dict[str, str]:
    """The fixed lines by purpose: the tenant's own, else the last pack's that has one."""
    found: dict[str, str] = {}
    held = [pack.sections["pack"] for pack in source.packs if "pack" in pack.sections]
    for section in [*held, *([source.sections["persona"]] if "persona" in source.sections else [])]:
        found.update(section.get("lines", {}))
    return found


def replies(source: Source) -> set[str]:
    """The fixed replies to signals: the packs', and what the tenant puts in their place."""
    own = {category.id: category.reply for category in source.categories if category.reply}
    theirs = {category.id: category.reply for pack in source.packs for category in pack.categories}
    return {reply for reply in (theirs | own).values() if reply}


def before(link: Link) -> tuple[str, ...]:
    """What must have been said or answered before a link."""
    return (*link.requires, *(wanted["question"] for wanted in link.answers))


def journeys(source: Source) -> Mapping[str, set[str]]:
    """What each kind of journey shows: `opening`, `proactive` (what every campaign has), `link`, `flow`, `asked`, `fixed`."""
    persona, held = source.sections["persona"], source.sections["journeys"]
    campaigns = [set(closed(source, campaign["claims"])) for campaign in held["campaigns"]]
    asked = [c.id for c in source.spoken() if "questions" in c.raw or "topic" in c.raw]
    return {
        "opening": set(closed(source, persona["opening"])),
        "proactive": set.intersection(*campaigns) if campaigns else set(),
        "link": {name for link in source.links for name in closed(source, [*before(link), link.claim])},
        "flow": set(closed(source, [step for flow in held["ask_flows"] for step in flow["steps"]])),
        "asked": set(
            closed(source, [*asked, *(name for q in held["quick_replies"] for name in q["claims"])])
        ),
        "fixed": set(closed(source, [*lines(source).values(), *replies(source)])),
    }
