"""What leads to what: the claims a set drags along, where a claim can be said, and what each journey of a tenant shows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from compiler.source.model import PROHIBITED, Claim, Link, Source

CHANNELS = ("whatsapp_360dialog", "whatsapp_waha", "webchat", "email")
AUDIENCES = ("consumer", "sole_trader", "business")


def closed(source: Source, names: Iterable[str], *, most: int | None = None) -> dict[str, Claim]:
    """These claims and everything they require, directly or not, in the order in which it is met; `most`: and no more."""
    found: dict[str, Claim] = {}
    waiting = deque(names)
    while waiting and (most is None or len(found) < most):
        name = waiting.popleft()
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
    came: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here == goal:
            path, back = [here], came[here]
            while back is not None:
                path.append(back)
                back = came[back]
            return path[::-1]
        for after in steps.get(here, ()):
            if after not in came:
                came[after] = here
                waiting.append(after)
    return None


def requirements(source: Source) -> dict[str, list[str]]:
    """Of every claim that may be said: what it requires."""
    return {c.id: [n for n in c.required_with if n in source.claims] for c in source.spoken()}


def sets(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """A number for every claim: claims that require each other, in pairs, have one."""
    found: dict[str, int] = {}
    for number, name in enumerate(needs):
        waiting = [name] if name not in found else []
        while waiting:
            here = waiting.pop()
            found[here] = number
            waiting += [n for n in needs[here] if n not in found and here in needs.get(n, ())]
    return found


def rings(steps: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """A number for every name: names that lead to each other, however far round, have one. In linear time."""
    back: dict[str, list[str]] = {name: [] for name in steps}
    for name, afters in steps.items():
        for after in afters:
            if after in back:
                back[after].append(name)
    found: dict[str, int] = {}
    for number, name in enumerate(reversed(_left(steps))):
        waiting = [name] if name not in found else []
        while waiting:
            here = waiting.pop()
            if here not in found:
                found[here] = number
                waiting += [before for before in back[here] if before not in found]
    return found


def _left(steps: Mapping[str, Sequence[str]]) -> list[str]:
    """The names in the order in which a walk that goes deep first has done with them."""
    done: list[str] = []
    seen: set[str] = set()
    for name in steps:
        waiting = [(name, iter(steps[name]))] if name not in seen else []
        seen.add(name)
        while waiting:
            here, afters = waiting[-1]
            after = next((a for a in afters if a not in seen and a in steps), None)
            if after is None:
                done.append(here)
                waiting.pop()
            else:
                seen.add(after)
                waiting.append((after, iter(steps[after])))
    return done


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
