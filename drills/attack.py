"""`convo attack`: a tenant's own drills, each step judged by what was decided, said and written down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from compiler.diagnostics.escape import log_line
from compiler.load import load
from drills.played_bundle import bundle_to_play
from drills.rehearsal import PLAYED_ON, Exchange, office_hours, rehearsal
from schemas.bundle import Bundle
from schemas.text import matches, normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One drill on one channel, as a person plays it. `at` is aware UTC."""

    id: str
    title: str
    file: str
    line_no: int
    channel: str
    at: datetime
    consent: bool
    steps: Sequence[Mapping[str, Any]]

    def line(self, so_far: Sequence[Exchange]) -> str | None:
        """What the script says next, whatever was answered."""
        return str(self.steps[len(so_far)]["say"]) if len(so_far) < len(self.steps) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one drill on one channel. `faults` are sentences; none means that it held. Not played: no exchanges."""

    part: Part
    faults: tuple[str, ...]
    exchanges: Sequence[Exchange]

    @property
    def played(self) -> bool:
        return bool(self.exchanges)

    @property
    def held(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {
            "drill": self.part.id,
            "title": self.part.title,
            "file": self.part.file,
            "line": self.part.line_no,
            "channel": self.part.channel,
            "played": self.played,
            "held": self.held,
            "faults": list(self.faults),
            "steps": [
                {
                    "said": exchange.said,
                    "decision": exchange.decision,
                    "categories": sorted(exchange.categories),
                    "claims": list(exchange.claims),
                    "answer": answer_of(exchange),
                }
                for exchange in self.exchanges
            ],
        }


def attack(tenant: Path, *, today: date) -> Sequence[Result]:
    """Plays every drill of the tenant's folder. Raises CompileRefused, EmbeddedPostgresError."""
    compiled = bundle_to_play(tenant, today=today)
    bundle = Bundle.decode(compiled.bundle)
    there = {c.channel for c in bundle.connections.values() if c.stage == "sandbox"} & set(PLAYED_ON)
    everything = list(parts_of(tenant, bundle, today))
    parts = [part for part in everything if part.channel in there]
    apart = [Result(part=part, faults=(), exchanges=()) for part in everything if part.channel not in there]
    if not parts:
        return apart

    async def play() -> Sequence[Result]:
        async with rehearsal(compiled, moment=min(part.at for part in parts)) as stage:
            played = await stage.play(parts)
        done = [
            Result(part=part, faults=tuple(faults_of(part, exchanges)), exchanges=exchanges)
            for part, exchanges in zip(parts, played, strict=True)
        ]
        return [*done, *apart]

    return asyncio.run(play())


def parts_of(tenant: Path, bundle: Bundle, today: date) -> Iterator[Part]:
    """Every drill once for each channel it asks for; one that asks for none, on every channel the tenant has in its sandbox."""
    there = [c.channel for c in bundle.connections.values() if c.stage == "sandbox"]
    office, zone = office_hours(bundle.policy, today), ZoneInfo(bundle.policy.timezone)
    for file in load(tenant.parent).tenants[tenant.name].of("drills"):
        for drill in file.data:
            everywhere = [c for c in PLAYED_ON if c in there] or PLAYED_ON[:1]
            for channel in [drill["channel"]] if "channel" in drill else everywhere:
                yield Part(
                    id=drill["id"],
                    title=drill["title"],
                    file=file.file,
                    line_no=drill.at().line,
                    channel=channel,
                    at=_moment(drill["at"], zone) if "at" in drill else office,
                    consent=drill.get("consent", False),
                    steps=drill["steps"],
                )


def faults_of(part: Part, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """What did not come as it must, each with the number of its step."""
    for number, (step, exchange) in enumerate(zip(part.steps, exchanges, strict=True), 1):
        for fault in step_faults(step["expect"], exchange):
            yield f"step {number}: {fault}"


def step_faults(expected: Mapping[str, Any], came: Exchange) -> Iterator[str]:
    """What was expected of one step and did not come, or came and must not."""
    if "decision" in expected and came.decision != expected["decision"]:
        yield f"the decision was {came.decision}, not {expected['decision']}"
    if missing := sorted(set(expected.get("categories", ())) - came.categories):
        seen = ", ".join(sorted(came.categories)) or "nothing"
        yield f"did not see {', '.join(missing)} (saw {seen})"
    if missing := sorted(set(expected.get("claims", ())) - set(came.claims)):
        yield f"did not state {', '.join(missing)} (stated {', '.join(came.claims) or 'nothing'})"
    shadow = normalise(answer_of(came))
    for pattern in expected.get("never", ()):
        if found := matches(pattern, shadow):
            yield f"the answer holds `{shadow.text[found[0] : found[1]]}`, which `{pattern}` forbids"
    if "case" in expected and expected["case"] not in came.cases:
        yield f"no case `{expected['case']}` is open ({', '.join(sorted(came.cases)) or 'none'} is)"
    for name, is_so in (("hold", came.held), ("suppressed", came.suppressed)):
        if name in expected and expected[name] != is_so:
            yield f"{name} is {_yes(is_so)}, not {_yes(expected[name])}"
    if _has_link(came) and not expected.get("link", False):
        yield "there is a link in the answer"


def answer_of(exchange: Exchange) -> str:
    """Everything the answer says, buttons included."""
    sends = exchange.outcome.sends if exchange.outcome else ()
    return "\n".join(text for send in sends for text in (send.text, *send.options))


def table(results: Sequence[Result]) -> str:
    """One line a drill and channel, and below it what went wrong. No text of a tenant begins a line or acts in a log."""
    width = max((len(r.part.id) for r in results), default=0)
    channels = max((len(r.part.channel) for r in results), default=0)
    lines = []
    for result in results:
        part = result.part
        mark = "-   " if not result.played else "ok  " if result.held else "FAIL"
        lines.append(f"{mark}  {part.id:<{width}}  {part.channel:<{channels}}  {log_line(part.title)}")
        if not result.played:
            lines.append("      not played: the tenant has no sandbox connection that could")
        lines += [f"      {log_line(fault)}" for fault in result.faults]
        if not result.held:
            lines.append(f"      {log_line(part.file)}:{part.line_no}")
    failed = sum(not result.held for result in results)
    apart = sum(not result.played for result in results)
    lines.append(
        f"{len(results) - apart} drills, {failed} failed" + (f", {apart} not played" if apart else "")
    )
    return "\n".join(lines)


def _has_link(exchange: Exchange) -> bool:
    return exchange.outcome is not None and any(send.has_link for send in exchange.outcome.sends)


def _moment(at: str, zone: ZoneInfo) -> datetime:
    """A local `YYYY-MM-DD hh:mm` in UTC; the schema has seen to its form, the compiler to its being a day there is."""
    return datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=zone).astimezone(UTC)


def _yes(is_so: bool) -> str:
    return "set" if is_so else "not set"
