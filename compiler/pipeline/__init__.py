"""check() and compile_tenant(): the passes in order, each adding what it finds, none raising."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from compiler import load
from compiler.cache import Cache
from compiler.diagnostics import Diagnostic
from compiler.pipeline.result import CheckResult, Compiled, CompileFailed
from compiler.pipeline.run import Run
from compiler.source.context import Context
from compiler.source.neighbours import Neighbours

if TYPE_CHECKING:
    from compiler.approvals import Enrolment
    from compiler.source.model import Source

__all__ = [
    "CheckResult",
    "CompileFailed",
    "Compiled",
    "check",
    "compile_tenant",
    "enrolled",
    "source_of",
    "sources",
]

DAYS_OF_NOTICE = 30
SANDBOX = "sandbox"


def check(
    tenants_dir: Path,
    *,
    today: date,
    only: Sequence[str] = (),
    stage: str = SANDBOX,
    authority: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
    enrolments: Mapping[str, Enrolment] | None = None,
    bundles: bool = True,
    aside: bool = False,
) -> CheckResult:
    """Compile every tenant of a folder, or `only` some, and report everything at once.

    `today` and `stage` decide diagnostics only, never bytes. `authority`: jsonschema itself looks at every file.
    `progress` is told (tenants done, tenants there are) after each. Tenants are read one after the other, and of each
    only what it came to is kept. With a `cache`, one whose files were seen before is not compiled again.
    `enrolments`: for a proposed change, who is enrolled in its base (`enrolled`); it is judged without the cache.
    `bundles`: make them at once. Else each is made when somebody asks for it, which finds no fault that is not found here.
    `aside`: to look at what is proposed. Approvals and waivers that do not hold are told, but count as not being there,
    instead of leaving no bundle. Nothing made so is for publishing.
    """

    def again(slug: str, files: str) -> bytes:
        result = check(tenants_dir, today=today, only=[slug], stage=stage, authority=authority, aside=aside)
        compiled = result.tenants.get(slug)
        if compiled is None or compiled.files != files:
            raise CompileFailed(result.diagnostics)
        return compiled.bundle

    run = Run(
        tenants_dir,
        _context(today, stage),
        only=only,
        authority=authority,
        cache=cache,
        enrolments=enrolments,
        bundles=bundles,
        aside=aside,
        again=again,
    )
    slugs = sorted(run.tree.tenants)
    wanted = [slug for slug in slugs if not only or slug in only]
    found: list[Diagnostic] = []
    compiled: dict[str, Compiled | None] = {}
    earlier = Neighbours()
    for slug in slugs:
        if slug in wanted if only else True:
            diagnostics, compiled[slug] = run.tenant(slug, earlier)
            found += diagnostics
            if progress is not None:
                progress(len(compiled), len(wanted))
        elif wanted and slug < wanted[-1]:  # a later one is told of what it shares, not we
            earlier.take(run.facts(slug))
    found += run.shared_faults(everything=not only)
    if cache is not None:
        cache.save(everything=not only)
    every = tuple(sorted(dict.fromkeys(found), key=lambda d: d.order))
    return CheckResult(root=tenants_dir, diagnostics=every, tenants=compiled, sources=run.sources_of(every))


def compile_tenant(
    path: Path, today: date, *, stage: str = SANDBOX, authority: bool = False, aside: bool = False
) -> Compiled:
    """One tenant's bundle from `tenants/<slug>`, with the packs beside it; `aside` as for `check`. Raises CompileFailed."""
    path = path.resolve()
    result = check(path.parent, today=today, only=[path.name], stage=stage, authority=authority, aside=aside)
    compiled = result.tenants.get(path.name)
    if compiled is None:
        raise CompileFailed(result.diagnostics)
    return compiled


def enrolled(tenants_dir: Path) -> dict[str, Enrolment]:
    """Who may approve, by tenant: what a change to be merged into this folder is judged by. Only tenant.yaml is read."""
    from compiler.pipeline.passes import enrolments_of

    slugs = load.look(tenants_dir).tree.tenants
    return enrolments_of((slug, load.read_tenant(tenants_dir, slug)) for slug in slugs)


def sources(tenants_dir: Path, slugs: Sequence[str]) -> Iterator[Source]:
    """Several tenants as typed values, one after the other; what they share is read once."""
    from compiler.pipeline.passes import Passes

    passes = Passes(
        load.look(tenants_dir, wanted=slugs).parsed(), _context(date.min, SANDBOX), authority=False
    )
    for slug in slugs:
        yield passes.source(slug, load.parsed(load.read_tenant(tenants_dir, slug), alike=passes.alike))


def source_of(tenants_dir: Path, slug: str) -> Source:
    """One tenant as typed values, from whatever of it could be read; its folder tells what could not."""
    from compiler.pipeline.passes import Passes

    tree = load.look(tenants_dir, wanted=[slug]).parsed()
    passes = Passes(tree, _context(date.min, SANDBOX), authority=False)
    return passes.source(slug, load.parsed(load.read_tenant(tenants_dir, slug)))


def _context(today: date, stage: str) -> Context:
    a_year = today.replace(year=today.year + 1, day=min(today.day, 28) if today.month == 2 else today.day)
    soon = today + timedelta(days=DAYS_OF_NOTICE)
    return Context(today=f"{today}", soon=f"{soon}", year_ahead=f"{a_year}", stage=stage)
