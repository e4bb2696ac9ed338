"""`convo transcript`: the changed claims in use, each in a short conversation in the sandbox in which it comes up.

Whoever reviews wording should hear it in its place: after which question, beside which disclosures. What is tried: the
claim's own example questions, the first words, the fixed lines, the signals it answers, the claims it must accompany, and
the way to a link. A claim that none of these reaches is said to be so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from compiler.load import load
from compiler.pipeline import Compiled
from drills.rehearsal import PLAYED_ON, Exchange, Rehearsal, office_hours, rehearsal
from schemas.bundle import Bundle, Claim

OPENERS = 5  # example questions tried for one claim
LONGEST_WAY = 12  # lines on the way to a link
NOBODY_ASKS = "zyxgobble wibblefrotz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One way to bring a claim up: what is said first, and whether questions are then answered on the way to a link."""

    wanted: str  # claim id
    first: str
    channel: str
    at: datetime
    answers: Mapping[str, str]  # question id -> answer; empty: only the first line is said
    consent: bool = False

    def line(self, so_far: Sequence[Exchange]) -> str | None:
        """The first words, then an answer to whatever is asked, until the claim was stated."""
        if not so_far:
            return self.first
        if self.wanted in so_far[-1].claims or not self.answers or len(so_far) >= LONGEST_WAY:
            return None
        sends = so_far[-1].outcome.sends if so_far[-1].outcome else ()
        asked = next((send.asks for send in reversed(sends) if send.asks), None)
        return self.answers.get(asked) if asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What came of one claim: the conversation in which it was stated, or the last one in which it was not."""

    claim: Claim
    reached: bool
    channel: str
    exchanges: Sequence[Exchange]
    tried: tuple[str, ...]


def changed_claims(before: Bundle | None, after: Bundle) -> tuple[str, ...]:
    """Ids of claims that are new or whose approved content differs."""
    known = before.claims if before is not None else {}
    return tuple(
        claim.id
        for claim in after.claims.values()
        if claim.id not in known or known[claim.id].digest != claim.digest
    )


def cues_in(tenants: Path) -> Mapping[str, Sequence[str]]:
    """Messages in which each category of the packs is seen, by the examples beside its patterns."""
    found: dict[str, list[str]] = {}
    for pack in load(tenants).packs.values():
        for file in pack.of("signals"):
            for category in file.data if file.whole else ():
                for pattern in category.get("patterns", ()):
                    found.setdefault(category["id"], []).extend(pattern["examples"]["hits"][:1])
    return found


def transcript(
    compiled: Compiled, claims: Sequence[str], *, today: date, cues: Mapping[str, Sequence[str]]
) -> Sequence[Scene]:
    """A scene for each claim, in the order given. `cues`: category id -> messages in which it is seen.

    Raises EmbeddedPostgresError; KeyError for a claim the bundle does not hold.
    """
    bundle = Bundle.decode(compiled.bundle)
    wanted = [bundle.claims[claim] for claim in claims]
    if not wanted:
        return ()
    moment = office_hours(bundle.policy, today)

    async def play() -> Sequence[Scene]:
        async with rehearsal(compiled, moment=moment) as stage:
            return await _scenes(stage, wanted, cues)

    return asyncio.run(play())


async def _scenes(
    stage: Rehearsal, wanted: Sequence[Claim], cues: Mapping[str, Sequence[str]]
) -> Sequence[Scene]:
    """In waves: the first try of every claim at once, then the second of those that were not reached, and so on."""
    left = {claim.id: list(_tries(stage, claim, cues)) for claim in wanted}
    scenes = {c.id: Scene(claim=c, reached=False, channel="", exchanges=(), tried=()) for c in wanted}
    while tries := [ways.pop(0) for claim, ways in left.items() if ways and not scenes[claim].reached]:
        for way, exchanges in zip(tries, await stage.play(tries), strict=True):
            before = scenes[way.wanted]
            scenes[way.wanted] = Scene(
                claim=before.claim,
                reached=any(way.wanted in exchange.claims for exchange in exchanges),
                channel=way.channel,
                exchanges=exchanges,
                tried=(*before.tried, way.first),
            )
    return [scenes[claim.id] for claim in wanted]


def _tries(stage: Rehearsal, claim: Claim, cues: Mapping[str, Sequence[str]]) -> Iterator[Try]:
    bundle, moment = stage.bundle, stage.clock.now()
    channels = [c for c in stage.channels() if not claim.channels or c in claim.channels]
    if not channels:
        return
    channel = next(c for c in PLAYED_ON if c in channels)

    def say(first: str, answers: Mapping[str, str] | None = None) -> Try:
        return Try(wanted=claim.id, first=first, channel=channel, at=moment, answers=answers or {})

    seen: set[str] = set()
    for first in _words(bundle, claim, cues):
        if first not in seen:
            seen.add(first)
            yield say(first)
    for first, answers in _ways(bundle, claim.id):
        yield say(first, answers)


def _words(bundle: Bundle, claim: Claim, cues: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """First words after which the claim may be said at once."""
    yield from claim.questions[:OPENERS]
    for reply in bundle.quick_replies:
        if claim.id in reply.claims:
            yield from reply.questions[:OPENERS]
    if claim.id in bundle.persona.opening or claim.when == "greeting":
        yield "Hello"
    yield from _for_line(bundle, claim)
    for category in bundle.categories:
        if category.reply == claim.id:
            yield from cues.get(category.id, ())[:OPENERS]
    for other in bundle.claims.values():
        if claim.id in other.required_with:
            yield from other.questions[:1]


def _for_line(bundle: Bundle, claim: Claim) -> Iterator[str]:
    lines = bundle.lines
    if claim.id == lines.opt_out_confirmation:
        yield "STOP"
    if claim.id == lines.handoff:
        yield from bundle.handoff_words[:1]
    if claim.id in {lines.no_answer, lines.fallback}:
        yield NOBODY_ASKS
    if claim.when == "thanks":
        yield "thank you"


def _ways(bundle: Bundle, claim: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """First words, and answers, on the way to each link on which the claim is met: the link's own, else the first option."""
    for link in bundle.links.values():
        met = {link.claim, *link.requires, *link.answers}
        met |= {
            needed
            for one in tuple(met)
            if one in bundle.claims
            for needed in bundle.claims[one].required_with
        }
        if claim not in met and not _in_flow(bundle.claims[claim]):
            continue
        options = {c.id: c.options[0] for c in bundle.claims.values() if c.options}
        answers = {**options, **link.answers}
        starts = [q for one in (*link.answers, link.claim) for q in bundle.claims[one].questions[:1]]
        for first in starts[:OPENERS]:
            yield first, answers


def _in_flow(claim: Claim) -> bool:
    return claim.kind == "question"


# ---- for a reader --------------------------------------------------------------------------------------------------------


def as_json(tenant: str, scenes: Sequence[Scene]) -> dict[str, Any]:
    """Versioned plain values."""
    return {
        "format": "convo.transcript/v1",
        "tenant": tenant,
        "claims": [
            {
                "claim": scene.claim.id,
                "digest": scene.claim.digest,
                "reached": scene.reached,
                "channel": scene.channel,
                "tried": list(scene.tried),
                "lines": [line for exchange in scene.exchanges for line in _lines(exchange)],
            }
            for scene in scenes
        ],
    }


def as_text(tenant: str, scenes: Sequence[Scene]) -> str:
    """For a terminal or the log of a workflow: no text of a tenant begins a line or acts there."""
    from compiler.diagnostics.escape import log_line

    if not scenes:
        return f"{tenant}: no claim changed, so there is nothing to play"
    out = []
    for scene in scenes:
        out += ["", f"== {scene.claim.id}  {_verdict(scene)}"]
        for exchange in scene.exchanges:
            out.append(f"  person: {log_line(exchange.said)}")
            for text, claim in _sentences(exchange):
                out.append(f"  {tenant}: [{claim or 'no claim'}] {log_line(text)}")
            if not _sentences(exchange):
                out.append(f"  {tenant}: (nothing is sent: {exchange.decision})")
    return "\n".join(out[1:])


def as_markdown(tenant: str, scenes: Sequence[Scene], *, most_chars: int) -> str:
    """For a comment: every text of the tenant escaped, at most `most_chars` long, scenes left out by name rather than cut.

    Empty when there is nothing to play: of fifty tenants a change usually touches one.
    """
    from compiler.diagnostics.escape import markdown

    title = f"### Sandbox transcript: {markdown(tenant)}\n"
    if not scenes:
        return ""
    unreached = [scene for scene in scenes if not scene.reached]
    out = [
        title,
        f"{len(scenes)} changed claims in use; behind each sentence stands the claim it came from.\n",
    ]
    if unreached:
        named = ", ".join(markdown(scene.claim.id) for scene in unreached)
        out.append(f"**Not reached by any question tried: {named}.**\n")
    room = most_chars - sum(map(len, out)) - ROOM_FOR_THE_REST
    left_out: list[str] = []
    for scene in scenes:
        block = _block(tenant, scene, markdown)
        if left_out or len(block) > room:
            left_out.append(scene.claim.id)
            continue
        room -= len(block)
        out.append(block)
    if left_out:
        shown = ", ".join(markdown(claim) for claim in left_out[:NAMED])
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        out.append(f"Left out for want of room: {shown}{more}. `convo transcript` shows all.\n")
    return "\n".join(out)


ROOM_FOR_THE_REST = 1_500  # characters, for naming what was left out
NAMED = 20


def _block(tenant: str, scene: Scene, safe: Any) -> str:
    rows = [f"<details><summary>{safe(scene.claim.id)}: {safe(_verdict(scene))}</summary>\n"]
    for exchange in scene.exchanges:
        rows.append(f"> **person:** {safe(exchange.said)}\n")
        sentences = _sentences(exchange)
        rows += [f"- {safe(text)} <sub>{safe(claim or 'no claim')}</sub>" for text, claim in sentences]
        if not sentences:
            rows.append(f"- *nothing is sent: {safe(exchange.decision)}*")
        if options := _options(exchange):
            rows.append(f"- *buttons:* {' / '.join(map(safe, options))}")
        rows.append("")
    return "\n".join([*rows, "</details>\n"])


def _verdict(scene: Scene) -> str:
    if scene.reached:
        return f"said on {scene.channel}"
    if not scene.tried:
        return "nothing to try: no example question, flow or signal leads to it, or no sandbox connection is for it"
    return f"not said; {len(scene.tried)} questions tried, the last is shown"


def _lines(exchange: Exchange) -> Iterator[dict[str, Any]]:
    yield {"from": "person", "text": exchange.said}
    sentences = [{"text": text, "claim": claim} for text, claim in _sentences(exchange)]
    yield {
        "from": "bot",
        "decision": exchange.decision,
        "sentences": sentences,
        "options": list(_options(exchange)),
    }


def _sentences(exchange: Exchange) -> list[tuple[str, str | None]]:
    sends = exchange.outcome.sends if exchange.outcome else ()
    return [(s.text, s.claim) for send in sends for s in send.sentences]


def _options(exchange: Exchange) -> tuple[str, ...]:
    sends = exchange.outcome.sends if exchange.outcome else ()
    return tuple(option for send in sends for option in send.options)
