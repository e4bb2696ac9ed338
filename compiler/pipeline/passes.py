"""The passes over one tenant, after those over what tenants share. Imported when there is something to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from compiler import approvals, link, load, validate
from compiler.build import build
from compiler.cache import Entry
from compiler.diagnostics import Diagnostic
from compiler.diagnostics.most import listed
from compiler.rules import compare, lint
from compiler.source.alike import Alike
from compiler.source.context import Context
from compiler.source.encoded import encoded
from compiler.source.files import Folder, Tree
from compiler.source.model import Source
from compiler.source.neighbours import Facts, Neighbours, facts_of
from compiler.source.read import chosen, demanding, read_shared, read_tenant
from compiler.source.tree import Map
from schemas.bundle import canonical, digest_of

DEMANDS = "obligatory for"  # no slug: stands among those of the organisations
FACTS = ("channels", "destinations")  # the files that neighbours are compared by
Enrolments = Mapping[str, approvals.Enrolment]


class Passes:
    """What all tenants of one check have in common, and the passes over each. `tree` is parsed but for its tenants."""

    def __init__(
        self,
        tree: Tree,
        context: Context,
        *,
        authority: bool,
        enrolments: Enrolments | None = None,
        aside: bool = False,
    ) -> None:
        self.context, self.authority, self.enrolments, self.aside = context, authority, enrolments, aside
        self.schemas, self.alike = _Schemas(), Alike()
        for folder in (*tree.packs.values(), tree.organisations):
            self._validate(folder)
        self.common = link.link_common(tree, self.schemas)
        self.shared = read_shared(tree)
        self.organisations = tree.organisations

    def source(self, slug: str, folder: Folder) -> Source:
        """A tenant's files, checked against their schemas and linked."""
        self._validate(folder)
        self.alike.keep(folder)
        link.link_tenant(slug, folder, self.common, self.schemas)
        return read_tenant(slug, folder, self.shared)

    def compile(self, slug: str, folder: Folder, *, bundles: bool = True) -> tuple[Entry, bytes | None]:
        """Schema, link, lint, approvals, build, encode, digest. With an error in its files or its packs' no bundle.

        Without `bundles` it ends with what can be wrong: a tenant without errors is one that can be built.
        The entry's `needs` are names; how those stand is for the caller to say.
        """
        source, context = self.source(slug, folder), self.context
        found = [*folder.faults(), *(d for pack in source.packs for d in pack.folder.faults())]
        found += lint(source, context)
        base = enrolled_before(self.enrolments, slug) if self.enrolments is not None else None
        held, diagnostics = approvals.check(source, today=context.today, stage=context.stage, enrolment=base)
        letting = [*diagnostics, *_waivers(source, context)]
        stopping = [d for d in found if not (self.aside and _is_beside(d, slug))]
        stopping += [] if self.aside else letting
        found += letting
        # Without its organisation's limits it would be looser than allowed; why is said at its file.
        sound = source.organisation is not None and not any(d.is_error for d in stopping)
        bundle = encoded(build(source, held)) if sound and bundles else None
        entry = Entry(
            tenant=slug,
            sound=sound,
            digest=digest_of(bundle) if bundle is not None else "",
            size=len(bundle or b""),
            unapproved=sound and not held.whole,
            diagnostics=listed(found),
            facts=facts_of(source),
            needs=dict.fromkeys(_needs(source), ""),
        )
        return entry, bundle

    def facts(self, slug: str, raw: load.Raw) -> Facts:
        """What its neighbours may ask of a tenant that is not compiled itself."""
        folder = load.parsed(raw, FACTS)
        self._validate(folder)
        return facts_of(read_tenant(slug, folder, self.shared))

    def compare(self, facts: Facts, earlier: Neighbours) -> Iterator[Diagnostic]:
        """What a tenant shares with those before it and must not."""
        return compare(facts, earlier)

    def groups(self) -> dict[str, str]:
        """Every organisation that can be read, by its slug, with the sha256 of its file; and for whom packs are obligatory."""
        texts = {parsed.file: parsed.text for parsed in self.organisations.files}
        groups = {slug: digest_of(texts[group.file].encode()) for slug, group in self.shared.groups.items()}
        wanted = [(pack.id, pack.sections["pack"]) for pack in demanding(self.shared)]
        demands = [[name, raw["required_for"], f"{raw.value('required_for')}"] for name, raw in wanted]
        return {**groups, DEMANDS: digest_of(canonical(demands))}

    def _validate(self, folder: Folder) -> None:
        for parsed in folder.files:
            validate.validate(parsed, self.schemas[parsed.kind], authority=self.authority)


def enrolments_of(read: Iterator[tuple[str, load.Raw]]) -> dict[str, approvals.Enrolment]:
    """Who may approve, by tenant, from tenant.yaml alone."""
    found: dict[str, approvals.Enrolment] = {}
    for slug, raw in read:
        folder = load.parsed(raw, ("tenant",))
        for parsed in folder.files:
            validate.validate(parsed, load.schema(parsed.kind))
        tenant = next((f.data for f in folder.of("tenant") if isinstance(f.data, Map) and not f.bad), None)
        found[slug] = approvals.enrolment_of(tenant)[0]
    return found


def enrolled_before(enrolments: Enrolments, slug: str) -> approvals.Enrolment | None:
    """Who counts as enrolled before a change of this tenant, by the enrolments of the state it is to be merged into.

    A tenant that is not there yet enrols nobody by itself: then whoever is enrolled with the same key, name and office for
    a tenant that is there, for no more than everywhere. None where there is no tenant at all: somebody must be the first.
    """
    if slug in enrolments or not enrolments:
        return enrolments.get(slug)
    people: dict[str, approvals.Person] = {}
    dubious: set[str] = set()
    for one in enrolments.values():
        dubious |= one.dubious
        for key, person in one.people.items():
            known = people.setdefault(key, person)
            if (known.name, known.role) != (person.name, person.role):
                dubious.add(key)
            people[key] = replace(known, approves=known.approves & person.approves)
    return approvals.Enrolment(
        people={key: person for key, person in people.items() if key not in dubious},
        review_keys={key: held for one in enrolments.values() for key, held in one.review_keys.items()},
        dubious=frozenset(dubious),
        dubious_names=frozenset(person.name for key, person in people.items() if key in dubious),
    )


def _is_beside(fault: Diagnostic, slug: str) -> bool:
    """Whether it is about a line that lets something through: without the line the tenant is the same, less approved."""
    return fault.span.file in (f"{slug}/approvals.yaml", f"{slug}/waivers.yaml")


def _waivers(source: Source, context: Context) -> list[Diagnostic]:
    """What is wrong with waivers.yaml. What its lines let through is for a plan to say."""
    if not source.waivers or "tenant" not in source.sections:
        return []
    from compiler.plan.waivers import judge

    people = approvals.enrolment_of(source.sections["tenant"])[0].people
    return judge(
        source.waivers, tenant=source.slug, today=context.today, people=people, wrote_it=approvals.wrote_it
    )[1]


def _needs(source: Source) -> Iterator[str]:
    tenant = source.sections.get("tenant")
    yield from (f"pack {name}" for name in chosen(tenant))
    yield f"organisation {tenant['organisation'] if tenant is not None else ''}"
    yield f"packs {DEMANDS}"


class _Schemas(dict[str, Mapping[str, Any]]):
    """The schema of each kind of file, read when a file of that kind turns up."""

    def __missing__(self, kind: str) -> Mapping[str, Any]:
        self[kind] = load.schema(kind)
        return self[kind]
