"""`convo drill facts`: every distinct sentence with its claim, file and line, or the word UNTRACED, as a report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from compiler.diagnostics.escape import log_line
from drills.facts.spoken import Spoken
from drills.facts.trace import UNTRACED, Traced, trace
from drills.reports import Change, Report, Row, Said, changes

PLAYED, LIVE = "facts", "facts-live"  # kinds of report: of drills, or of what was said to people
SHOWN_CHARS = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence as it was said, how often, and where first."""

    traced: Traced
    times: int
    where: str
    at: datetime


def facts(spoken: Iterable[Spoken]) -> tuple[Fact, ...]:
    """Each distinct sentence once: untraced ones first, then by claim."""
    found: dict[tuple[str, str, str], Fact] = {}
    for each in spoken:
        traced = judged(each)
        key = (traced.text, traced.origin, traced.why)
        before = found.get(key)
        times = before.times + 1 if before else 1
        found[key] = Fact(
            traced=traced,
            times=times,
            where=before.where if before else each.where,
            at=before.at if before else each.at,
        )
    return tuple(sorted(found.values(), key=lambda f: (not f.traced.why, f.traced.origin, f.traced.text)))


def judged(spoken: Spoken) -> Traced:
    """One sentence by the bundle it was composed from; without that bundle nothing can be said for it."""
    if spoken.bundle is None:
        return Traced(text=spoken.sentence.text, claim=None, why="its bundle is not there any more")
    return trace(spoken.sentence, spoken.bundle, vouched=spoken.vouched)


def untraced(found: Sequence[Fact]) -> int:
    return sum(bool(fact.traced.why) for fact in found)


def table(found: Sequence[Fact], change: Change | None = None) -> str:
    """One line a sentence: its claim and place, or UNTRACED and why; then what differs from the list before."""
    width = max((len(f.traced.origin) for f in found), default=0)
    lines = []
    for fact in found:
        text = log_line(fact.traced.text)
        shown = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
        place = f"  {fact.traced.file}:{fact.traced.line}" if fact.traced.file else ""
        lines.append(f"{fact.traced.origin:<{width}}  {fact.times:>5}x  {shown}{place}")
        if fact.traced.why:
            lines.append(
                f"{'':<{width}}         {log_line(fact.traced.why)} (first in {log_line(fact.where)})"
            )
    lines.append(f"{len(found)} sentences, {untraced(found)} {UNTRACED.lower()}")
    lines += changes(change, gone="not said any more") if change is not None else []
    return "\n".join(lines)


def as_report(found: Sequence[Fact], *, tenant: str, digest: str, source: str, kind: str = PLAYED) -> Report:
    """The same as a report that can be kept, compared and shown as a page."""
    return Report(
        kind=kind,
        tenant=tenant,
        digest=digest,
        seed=0,
        played_at=datetime.now(UTC),
        rows=tuple(_row(fact) for fact in found),
        notes={"source": source},
    )


def _row(fact: Fact) -> Row:
    traced = fact.traced
    claims = (traced.claim,) if traced.claim else ()
    return Row(
        id=f"{traced.origin}/{hashlib.sha256(traced.text.encode()).hexdigest()[:8]}",
        group=traced.origin,
        strategy="traced" if not traced.why else UNTRACED,
        ok=not traced.why,
        expected={"origin": "a claim, a phrase or a check"},
        got={"origin": traced.origin, "file": traced.file, "line": traced.line, "times": fact.times},
        faults=(traced.why,) if traced.why else (),
        transcript=(Said(who="bot", text=traced.text, at=fact.at, claims=claims),),
    )
