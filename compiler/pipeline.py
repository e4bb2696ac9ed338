"""check() and compile_tenant(): the passes in order, each adding what it finds, none raising."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from compiler import approvals, link, load, validate
from compiler.build import build
from compiler.cache import Cache, Entry
from compiler.diagnostics import Diagnostic
from compiler.rules import compare, lint
from compiler.source.context import Context
from compiler.source.encoded import encoded
from compiler.source.files import Folder, Tree
from compiler.source.model import Source
from compiler.source.neighbours import Facts, Neighbours, facts_of
from compiler.source.read import Shared, chosen, read_shared, read_tenant
from compiler.source.tree import Map
from schemas.bundle import digest_of

DAYS_OF_NOTICE = 30
SANDBOX = "sandbox"
# Bundles beyond this are made again when somebody asks for them, so that ten thousand tenants fit into memory.
KEPT_BUNDLES_BYTES = 64 << 20
FACTS = ("channels", "destinations")  # the files that neighbours are compared by


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One tenant's bundle, of `size` bytes. `diagnostics` are warnings: an error leaves no bundle."""

    tenant: str
    digest: str
    size: int
    unapproved: bool
    diagnostics: tuple[Diagnostic, ...]
    held: bytes | Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def bundle(self) -> bytes:
        """The bytes. One that was not kept is compiled again; raises CompileFailed when the files are others by now."""
        return self.held if isinstance(self.held, bytes) else self.held()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Every fault of every tenant looked at. `tenants[slug]` is None for one with errors.

    `sources` is the text of every file that a diagnostic points into.
    """

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
    cache: Cache | None = None,
    enrolments: Mapping[str, approvals.Enrolment] | None = None,
) -> CheckResult:
    """Compile every tenant of a folder, or `only` some, and report everything at once.

    `today` and `stage` decide diagnostics only, never bytes. `authority`: jsonschema itself looks at every file.
    `progress` is told (tenants done, tenants there are) after each. Tenants are read one after the other, and of each
    only what it came to is kept. With a `cache`, one whose files were seen before is not compiled again.
    `enrolments`: for a proposed change, who is enrolled in its base (`enrolled`); it is judged without the cache.
    """
    cache = cache if enrolments is None else None
    run = _Run(tenants_dir, _context(today, stage), authority, cache, load.survey(tenants_dir, wanted=only))
    run.enrolments = enrolments
    wanted = [slug for slug in sorted(run.tree.tenants) if not only or slug in only]
    found: list[Diagnostic] = []
    compiled: dict[str, Compiled | None] = {}
    earlier = Neighbours()
    for slug in sorted(run.tree.tenants) if wanted else ():
        if only and slug not in only:
            if slug < wanted[-1]:  # a later one is told of what it shares, not we
                earlier.take(run.facts(slug))
            continue
        entry, compiled[slug] = run.tenant(slug)
        found += entry.diagnostics
        found += compare(entry.facts, earlier)
        earlier.take(entry.facts)
        if progress is not None:
            progress(len(compiled), len(wanted))
    found += run.shared_faults(everything=not only)
    if cache is not None:
        cache.save(everything=not only)
    diagnostics = tuple(sorted(dict.fromkeys(found), key=lambda d: d.order))
    return CheckResult(
        root=tenants_dir, diagnostics=diagnostics, tenants=compiled, sources=run.sources_of(diagnostics)
    )


def compile_tenant(path: Path, today: date, *, stage: str = SANDBOX, authority: bool = False) -> Compiled:
    """One tenant's bundle from `tenants/<slug>`, with the packs beside it. Raises CompileFailed."""
    path = path.resolve()
    result = check(path.parent, today=today, only=[path.name], stage=stage, authority=authority)
    compiled = result.tenants.get(path.name)
    if compiled is None:
        raise CompileFailed(result.diagnostics)
    return compiled


def enrolled(tenants_dir: Path) -> dict[str, approvals.Enrolment]:
    """Who may approve, by tenant: what a change to be merged into this folder is judged by. Only tenant.yaml is read."""
    found: dict[str, approvals.Enrolment] = {}
    for slug in load.survey(tenants_dir).tenants:
        folder = load.parsed(load.read_tenant(tenants_dir, slug), ("tenant",))
        for parsed in folder.files:
            validate.validate(parsed, load.schema(parsed.kind))
        tenant = next((f.data for f in folder.of("tenant") if isinstance(f.data, Map) and not f.bad), None)
        found[slug] = approvals.enrolment_of(tenant)[0]
    return found


def source_of(tenants_dir: Path, slug: str) -> Source:
    """One tenant as typed values, from whatever of it could be read; its folder tells what could not."""
    run = _Run(tenants_dir, _context(date.min, SANDBOX), False, None, load.survey(tenants_dir, wanted=[slug]))
    return run.source(slug, load.parsed(load.read_tenant(tenants_dir, slug)))


def _context(today: date, stage: str) -> Context:
    a_year = today.replace(year=today.year + 1, day=min(today.day, 28) if today.month == 2 else today.day)
    soon = today + timedelta(days=DAYS_OF_NOTICE)
    return Context(today=f"{today}", soon=f"{soon}", year_ahead=f"{a_year}", stage=stage)


class _Schemas(dict[str, Mapping[str, Any]]):
    """The schema of each kind of file, read when a file of that kind turns up."""

    def __missing__(self, kind: str) -> Mapping[str, Any]:
        self[kind] = load.schema(kind)
        return self[kind]


class _Run:
    """One check: what all tenants share, read once, and what is kept of each."""

    def __init__(
        self, root: Path, context: Context, authority: bool, cache: Cache | None, tree: Tree
    ) -> None:
        self.root, self.context, self.authority, self.cache, self.tree = root, context, authority, cache, tree
        self.schemas = _Schemas()
        for folder in (*tree.packs.values(), tree.organisations):
            self._validate(folder)
        self.common = link.link_common(tree, self.schemas)
        self.shared: Shared = read_shared(tree)
        self.sources = {
            f.file: f.text for folder in (*tree.packs.values(), tree.organisations) for f in folder.files
        }
        self.taken: set[str] = set()
        self.room = KEPT_BUNDLES_BYTES
        self.enrolments: Mapping[str, approvals.Enrolment] | None = None

    def tenant(self, slug: str) -> tuple[Entry, Compiled | None]:
        """Everything about one tenant, from the cache where it is there."""
        raw = load.read_tenant(self.root, slug)
        key = self._key(slug, raw.folder)
        entry = self.cache.get(key, self.standing) if self.cache and key else None
        if entry is None:
            entry, bundle = self._compile(slug, load.parsed(raw))
            if self.cache and key and all(entry.needs.values()):
                self.cache.put(key, entry)
        else:
            bundle = None
        self._keep_texts(raw, entry.diagnostics)
        self.taken.update(need.removeprefix("pack ") for need in entry.needs)
        return entry, self._compiled(entry, bundle)

    def facts(self, slug: str) -> Facts:
        """What its neighbours may ask of a tenant that is not looked at itself."""
        folder = load.parsed(load.read_tenant(self.root, slug), FACTS)
        self._validate(folder)
        return facts_of(read_tenant(slug, folder, self.shared))

    def standing(self, need: str) -> str:
        """What a tenant's result depends on outside its folder: a pack as it is, or an organisation's file."""
        kind, _, name = need.partition(" ")
        if kind == "pack":
            return self.tree.packs[name].digest if name in self.tree.packs else "absent"
        group = self.shared.groups.get(name)
        return "" if group is None else digest_of(self.sources[group.file].encode())

    def shared_faults(self, *, everything: bool) -> Iterator[Diagnostic]:
        """Faults of no single tenant: the folder, the organisations, and packs (when looking at all) nobody takes."""
        yield from self.tree.diagnostics
        yield from self.tree.organisations.faults()
        for name, folder in self.tree.packs.items():
            if everything and name not in self.taken:
                yield from folder.faults()

    def sources_of(self, diagnostics: Iterable[Diagnostic]) -> dict[str, str]:
        """The texts that were kept, and those of neighbours that a label points into."""
        files = {s.file for d in diagnostics for s in (d.span, *(each.span for each in d.labels)) if s.line}
        for file in files - set(self.sources):
            text = load.text_of(self.root, file)
            if text is not None:
                self.sources[file] = text
        return {file: text for file, text in self.sources.items() if file in files}

    def _key(self, slug: str, folder: Folder) -> str:
        """What a result is kept under; empty when it must not be kept, as when a file could not be read."""
        if not folder.digest or self.cache is None or self.enrolments is not None:
            return ""
        context, packs = self.context, ",".join(sorted(self.tree.packs))
        return self.cache.key(slug, folder.digest, f"{context}", f"{self.authority}", packs)

    def _validate(self, folder: Folder) -> None:
        for parsed in folder.files:
            validate.validate(parsed, self.schemas[parsed.kind], authority=self.authority)

    def source(self, slug: str, folder: Folder) -> Source:
        """A tenant's files, checked against their schemas and linked."""
        self._validate(folder)
        link.link_tenant(slug, folder, self.common, self.schemas)
        return read_tenant(slug, folder, self.shared)

    def _compile(self, slug: str, folder: Folder) -> tuple[Entry, bytes | None]:
        """Schema, link, lint, approvals, build, encode, digest. With an error in its files or its packs' no bundle."""
        source = self.source(slug, folder)
        found = [*folder.faults(), *(d for pack in source.packs for d in pack.folder.faults())]
        found += lint(source, self.context)
        base = self.enrolments.get(slug, approvals.Enrolment()) if self.enrolments is not None else None
        held, diagnostics = approvals.check(
            source, today=self.context.today, stage=self.context.stage, enrolment=base
        )
        found += diagnostics
        bundle, unapproved = None, False
        # Without its organisation's limits it would be looser than allowed; why is said at its file.
        if source.organisation is not None and not any(d.is_error for d in found):
            document = build(source, held)
            bundle, unapproved = encoded(document), document["unapproved"]
        entry = Entry(
            tenant=slug,
            digest=digest_of(bundle) if bundle is not None else "",
            size=len(bundle or b""),
            unapproved=unapproved,
            diagnostics=tuple(sorted(dict.fromkeys(found), key=lambda d: d.order)),
            facts=facts_of(source),
            needs={need: self.standing(need) for need in _needs(source)},
        )
        return entry, bundle

    def _compiled(self, entry: Entry, bundle: bytes | None) -> Compiled | None:
        if not entry.digest:
            return None
        again = _Again(self.root, entry, self.context, self.authority)
        if bundle is not None:
            self.room -= len(bundle)
        return Compiled(
            tenant=entry.tenant,
            digest=entry.digest,
            size=entry.size,
            unapproved=entry.unapproved,
            diagnostics=entry.diagnostics,
            held=bundle if bundle is not None and self.room >= 0 else again,
        )

    def _keep_texts(self, raw: load.Raw, diagnostics: Iterable[Diagnostic]) -> None:
        files = {s.file for d in diagnostics for s in (d.span, *(each.span for each in d.labels)) if s.line}
        if files:
            self.sources.update(
                {file: data.decode("utf-8", "replace") for file, data in raw.texts() if file in files}
            )


def _needs(source: Source) -> Iterator[str]:
    tenant = source.sections.get("tenant")
    yield from (f"pack {name}" for name in chosen(tenant))
    yield f"organisation {tenant['organisation'] if tenant is not None else ''}"


@dataclass(frozen=True, slots=True)
class _Again:
    """Compiles a tenant whose bundle was not kept."""

    root: Path
    entry: Entry
    context: Context
    authority: bool

    def __call__(self) -> bytes:
        result = check(
            self.root,
            today=date.fromisoformat(self.context.today),
            only=[self.entry.tenant],
            stage=self.context.stage,
            authority=self.authority,
        )
        compiled = result.tenants.get(self.entry.tenant)
        if compiled is None or compiled.digest != self.entry.digest:
            raise CompileFailed(result.diagnostics)
        return compiled.bundle
