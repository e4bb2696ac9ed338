"""Which bundle is in force for each stage, what was before it, and what every process really holds."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from runtime.storage.desk_rows import Pointer, Seen
from runtime.web.desk import words
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit

STAGES = ("live", "staging", "sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """One pointer of a stage's history."""

    serial: int
    digest: str
    by: str
    at: str
    unapproved: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage: its pointer in force first, then the ones before."""

    name: str
    ours: bool  # the stage this deployment follows
    history: tuple[Pointed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What one process holds."""

    name: str
    stage: str
    holds: str
    wants: str
    error: str
    stale: bool
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is in the bundle in force, in numbers."""

    claims: int
    approved: int
    guardrails: int
    send_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """The context of desk/bundles.html."""

    title: str
    stages: tuple[Stage, ...]
    processes: tuple[Process, ...]
    counted: Counted | None


async def bundles(visit: Visit) -> Response:
    """Pointers and processes."""
    found = await visit.deps.desk.bundled(visit.owner.tenant_id)
    ours = visit.deps.stage
    page = Bundles(
        title=_title(visit, found.pointers, found.seen),
        stages=tuple(
            Stage(name=name, ours=name == ours, history=history)
            for name in sorted(STAGES, key=lambda name: name != ours)
            if (history := _history(visit, name, found.pointers))
        ),
        processes=tuple(_process(visit, seen) for seen in found.seen),
        counted=_counted(visit),
    )
    return await show(visit, "desk/bundles.html", page, title="Bundles", current="/bundles")


def stale(seen: Seen) -> bool:
    """Whether a process does not hold what the pointer wants."""
    return seen.digest != seen.wanted


def _title(visit: Visit, pointers: tuple[Pointer, ...], seen: tuple[Seen, ...]) -> str:
    here = [p for p in pointers if p.stage == visit.deps.stage]
    if not here:
        return f"No bundle is in force for {visit.deps.stage}"
    late = sum(1 for one in seen if stale(one))
    if late:
        return (
            f"Serial {here[0].serial} is wanted, {words.many(late, 'process', 'processes')} still on another"
        )
    return f"Serial {here[0].serial} is in force" + (" in every process" if seen else "")


def _history(visit: Visit, stage: str, pointers: tuple[Pointer, ...]) -> tuple[Pointed, ...]:
    mine = sorted((p for p in pointers if p.stage == stage), key=lambda p: -p.serial)
    return tuple(
        Pointed(
            serial=p.serial,
            digest=p.digest,
            by=p.by,
            at=words.when(p.at, visit.zone),
            unapproved=p.unapproved,
            current=n == 0,
        )
        for n, p in enumerate(mine)
    )


def _process(visit: Visit, seen: Seen) -> Process:
    return Process(
        name=seen.process,
        stage=seen.stage,
        holds=seen.digest or "",
        wants=seen.wanted,
        error=seen.error or "",
        stale=stale(seen),
        at=words.when(seen.at, visit.zone),
    )


def _counted(visit: Visit) -> Counted | None:
    bundle = visit.bundle
    if bundle is None:
        return None
    return Counted(
        claims=len(bundle.claims),
        approved=sum(1 for claim in bundle.claims.values() if claim.approved),
        guardrails=len(bundle.guardrails),
        send_rows=len(bundle.send_table),
    )
