"""check() and compile_tenant(): the passes in order, each adding what it finds, none raising."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from compiler import approvals, link, validate
from compiler.build import build
from compiler.diagnostics import Diagnostic
from compiler.load import load, schema
from compiler.rules import lint
from compiler.source.context import Context
from compiler.source.files import Tree
from compiler.source.model import Source
from compiler.source.read import read
from schemas.bundle import canonical, digest_of

DAYS_OF_NOTICE = 30
SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One tenant's bundle. `diagnostics` are warnings: an error leaves no bundle."""

    tenant: str
    bundle: bytes
    digest: str
    unapproved: bool
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Every fault of every tenant looked at. `tenants[slug]` is None for one with errors; `sources` is each file's text."""

    root: Path
    diagnostics: tuple[Diagnostic, ...]
    tenants: Mapping[str, Compiled | None]
    sources: Mapping[str, str] = field(repr=False)

    @property
    def errors(self) -> int:
        return sum(d.is_error for d in self.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.diagnostics) - self.errors

    @property
    def ok(self) -> bool:
        return self.errors == 0


class CompileFailed(Exception):
    """The tenant has errors; `diagnostics` says which."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        errors = [d for d in diagnostics if d.is_error]
        lines = [f"{d.span.file}:{d.span.line}: {d.code}: {d.message}" for d in errors]
        super().__init__("\n".join(["the tenant has errors", *lines]))
        self.diagnostics = diagnostics


def check(
    tenants_dir: Path,
    *,
    today: date,
    only: Sequence[str] = (),
    stage: str = SANDBOX,
    authority: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CheckResult:
    """Compile every tenant of a folder, or `only` some, and report everything at once.

    `today` and `stage` decide diagnostics only, never bytes. `authority`: jsonschema itself looks at every file.
    `progress` is told (tenants done, tenants there are) after each.
    """
    tree = load(tenants_dir, wanted=only)  # discover, parse
    schemas = {
        kind: schema(kind) for kind in sorted({f.kind for folder in tree.folders() for f in folder.files})
    }
    for folder in tree.folders():
        for parsed in folder.files:
            validate.validate(parsed, schemas[parsed.kind], authority=authority)
    link.link(tree, schemas)
    context = _context(today, stage)
    wanted = {slug: source for slug, source in read(tree).items() if not only or slug in only}
    compiled: dict[str, Compiled | None] = {}
    found = _shared_faults(tree, wanted, everything=not only)
    for slug, source in wanted.items():
        result, diagnostics = _compile(source, context)
        found += diagnostics
        compiled[slug] = result
        if progress is not None:
            progress(len(compiled), len(wanted))
    return CheckResult(
        root=tenants_dir,
        diagnostics=tuple(sorted(dict.fromkeys(found), key=lambda d: d.order)),
        tenants=compiled,
        sources={f.file: f.text for folder in tree.folders() for f in folder.files},
    )


def compile_tenant(path: Path, today: date, *, stage: str = SANDBOX, authority: bool = False) -> Compiled:
    """One tenant's bundle from `tenants/<slug>`, with the packs beside it. Raises CompileFailed."""
    path = path.resolve()
    result = check(path.parent, today=today, only=[path.name], stage=stage, authority=authority)
    compiled = result.tenants.get(path.name)
    if compiled is None:
        raise CompileFailed(result.diagnostics)
    return compiled


def _context(today: date, stage: str) -> Context:
    a_year = today.replace(year=today.year + 1, day=min(today.day, 28) if today.month == 2 else today.day)
    soon = today + timedelta(days=DAYS_OF_NOTICE)
    return Context(today=f"{today}", soon=f"{soon}", year_ahead=f"{a_year}", stage=stage)


def _shared_faults(tree: Tree, wanted: Mapping[str, Source], *, everything: bool) -> list[Diagnostic]:
    """Faults of no single tenant: the folder itself, the organisations, and packs (when looking at all) nobody takes."""
    found = [*tree.diagnostics, *tree.organisations.faults()]
    taken = {pack.id for source in wanted.values() for pack in source.packs}
    for name, folder in tree.packs.items():
        if everything and name not in taken:
            found += folder.faults()
    return found


def _compile(source: Source, context: Context) -> tuple[Compiled | None, list[Diagnostic]]:
    """Lint, approvals, build, encode, digest. A tenant with an error in its files or its packs' gets no bundle."""
    found = [*source.folder.faults(), *(d for pack in source.packs for d in pack.folder.faults())]
    found += lint(source, context)
    held, diagnostics = approvals.check(source, today=context.today, stage=context.stage)
    found += diagnostics
    if any(d.is_error for d in found) or source.organisation is None:
        return (
            None,
            found,
        )  # without its organisation's limits it would be looser than allowed; why is said at its file
    document = build(source, held)
    bundle = canonical(document)
    return (
        Compiled(
            tenant=source.slug,
            bundle=bundle,
            digest=digest_of(bundle),
            unapproved=document["unapproved"],
            diagnostics=tuple(sorted(dict.fromkeys(found), key=lambda d: d.order)),
        ),
        found,
    )
