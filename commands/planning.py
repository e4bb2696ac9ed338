"""Compiles both sides of a comparison and puts the plan together: what is read here, compiler.plan decides about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import UsageProblem

if TYPE_CHECKING:
    from compiler.approvals import Enrolment
    from compiler.diagnostics import Diagnostic
    from compiler.pipeline import Compiled
    from compiler.plan import Change
    from compiler.plan.waivers import Waiver
    from compiler.plan.whole import Plan, Problem, Row, Side, TenantPlan
    from compiler.source.model import Source

SHOWN_REASONS = 5  # of a tenant that does not compile; `convo compile --check` tells them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One side, compiled. `held`: what each tenant came to (None: it does not compile); `folder`, where it has one."""

    side: Side
    held: Mapping[str, Compiled | bytes | None]
    problems: tuple[Problem, ...] = ()
    void: tuple[Problem, ...] = ()  # approvals and waivers that do not hold
    folder: Path | None = None

    def digest(self, slug: str) -> str | None:
        """The digest of a tenant's bundle; None where there is none."""
        from schemas.bundle import digest_of

        found = self.held.get(slug)
        return digest_of(found) if isinstance(found, bytes) else found.digest if found is not None else None

    def made_of(self, slug: str) -> str | None:
        """What a tenant was made of: two of the same have the same bundle and the same files beside it."""
        found = self.held.get(slug)
        return self.digest(slug) if found is None or isinstance(found, bytes) else found.files

    def bundle(self, slug: str) -> bytes | None:
        """Its bytes. Of very many tenants not all are kept: then it is compiled again."""
        found = self.held.get(slug)
        return found if found is None or isinstance(found, bytes) else found.bundle


@dataclass(slots=True)
class _Found:
    """What is gathered tenant by tenant."""

    tenants: list[TenantPlan] = field(default_factory=list)
    owners: dict[tuple[str, int], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@contextmanager
def compared(
    given: str, tenants: Path, *, today: date, only: Sequence[str], which: str
) -> Iterator[Compared]:
    """A folder, a bundle's file or a git ref, compiled with this compiler. Raises UsageProblem."""
    from compiler.plan.whole import Side

    path = Path(given)
    if path.is_dir():
        yield _compiled(path, Side(name=given), today=today, only=only, which=which)
    elif path.suffix == ".json" or path.exists():
        yield _bundle(path, given)
    else:
        from commands.gitref import tenants_at

        with tenants_at(given, tenants) as at:
            yield _compiled(
                at.folder, Side(name=given, commit=at.commit), today=today, only=only, which=which
            )


def plan_of(base: Compared, head: Compared, *, today: date) -> Plan:
    """Everything that changes from one side to the other."""
    from compiler.plan.whole import assemble

    found = _Found()
    slugs = sorted({*base.held, *head.held})
    before, after = _sources(base, head, slugs), _sources(head, base, slugs)
    enrolments = _enrolments(base)
    for slug in slugs:  # one after the other, so that of ten thousand only the changes are kept
        _tenant(slug, base, head, (next(before), next(after)), enrolments, today=today, into=found)
    return assemble(
        base=base.side,
        head=head.side,
        today=f"{today}",
        tenants=found.tenants,
        owners=found.owners,
        problems=(*base.problems, *head.problems),
        warnings=found.warnings,
        void=head.void,
    )


def _compiled(folder: Path, side: Side, *, today: date, only: Sequence[str], which: str) -> Compared:
    from compiler.load import look
    from compiler.pipeline import check

    if (folder / "tenant.yaml").is_file():
        folder, only = folder.parent, [folder.resolve().name]
    tree = look(folder).tree
    there = [slug for slug in sorted(tree.tenants) if not only or slug in only]
    # What is no tenant's folder at all, such as a link: without it, a side would seem to have no such tenant.
    odd = [
        d
        for d in tree.diagnostics
        if d.is_error and d.span.file and (not only or d.span.file.split("/")[0] in only)
    ]
    problems = [_problem(d, folder, which, "") for d in odd[:SHOWN_REASONS]]
    if not there:
        return Compared(side=side, held={}, problems=tuple(problems), folder=folder)
    # What is proposed is looked at before it is approved again: a stale approval must hide no change.
    result = check(folder, today=today, only=there if only else (), aside=True)
    wrong = [d for d in result.diagnostics if d.is_error]
    for slug in (slug for slug, compiled in result.tenants.items() if compiled is None):
        own = [d for d in wrong if d.span.file.split("/")[0] == slug]
        shared = [d for d in wrong if d.span.file.startswith("_")]  # told once, however many tenants it stops
        problems += [_problem(d, folder, which, slug) for d in own[:SHOWN_REASONS]]
        problems += [_problem(d, folder, which, "") for d in shared[:SHOWN_REASONS] if not own]
    void = [
        _problem(d, folder, which, compiled.tenant)
        for compiled in result.tenants.values()
        if compiled is not None
        for d in compiled.diagnostics
        if d.is_error
    ]
    return Compared(
        side=side,
        held=result.tenants,
        problems=tuple(dict.fromkeys(problems)),
        void=tuple(dict.fromkeys(void)),
        folder=folder,
    )


def _problem(fault: Diagnostic, folder: Path, which: str, tenant: str) -> Problem:
    from compiler.plan.whole import Problem

    return Problem(
        side=which,
        tenant=tenant,
        code=fault.code,
        message=fault.message,
        file=f"{folder.name}/{fault.span.file}",
        line=fault.span.line,
    )


def _bundle(path: Path, given: str) -> Compared:
    from commands.options import read_bundle
    from compiler.plan.whole import Side

    data = read_bundle(path)
    slug = str(json.loads(data)["tenant"]["slug"])
    return Compared(side=Side(name=given), held={slug: data})


def _sources(side: Compared, other: Compared, slugs: Sequence[str]) -> Iterator[Source | None]:
    """For each tenant its files, where it differs from the other side and has any: they say where a change stands."""
    from compiler.pipeline import sources

    wanted = {slug for slug in slugs if side.digest(slug) and side.made_of(slug) != other.made_of(slug)}
    read = sources(side.folder, sorted(wanted)) if side.folder is not None and wanted else iter(())
    for slug in slugs:
        yield next(read, None) if slug in wanted else None


def _enrolments(base: Compared) -> Mapping[str, Enrolment] | None:
    """Who may let a change through: those enrolled before it. None where the base is a bundle, which has no folder."""
    from compiler.pipeline import enrolled

    return enrolled(base.folder) if base.folder is not None else None


def _tenant(
    slug: str,
    base: Compared,
    head: Compared,
    sources: tuple[Source | None, Source | None],
    enrolments: Mapping[str, Enrolment] | None,
    *,
    today: date,
    into: _Found,
) -> None:
    """One tenant's changes with their places, what lets them through and where claims are used."""
    from compiler.plan import plan, removed
    from compiler.plan.beside import beside
    from compiler.plan.places import located
    from compiler.plan.whole import TenantPlan, row_of

    state = _state(slug, base, head)
    told = TenantPlan(
        tenant=slug,
        state=state,
        base_digest=base.digest(slug),
        head_digest=head.digest(slug),
    )
    before, after = sources
    if state == "broken":
        into.tenants.append(replace(told, takes=_takes(slug, head)))
        return
    aside = tuple(row_of(slug, change) for change in beside(before, after)) if before and after else ()
    if state == "same":
        into.tenants.append(replace(told, state="changed" if aside else "same", rows=aside))
        return
    old, new = base.bundle(slug), head.bundle(slug)
    try:
        found = (removed(slug),) if state == "removed" else plan(old, new, unknown=state == "changed")
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        if base.folder is not None and head.folder is not None:
            raise  # we made both ourselves
        raise UsageProblem(f"{slug}: a bundle that no compiler made cannot be compared: {error}") from None
    documents = [json.loads(data) if data else {} for data in (old, new)]
    changes, unused = _let_through(
        found, slug, documents[1], before=before, after=after, enrolments=enrolments, today=today
    )
    rows: list[Row] = []
    for change in changes:
        owner, place, base_place = located(change, before, after)
        into.owners[slug, len(rows)] = owner
        there = replace(change, place=place, base_place=base_place)
        rows.append(_row(slug, there, *documents))
    into.tenants.append(replace(told, rows=(*rows, *aside), unused=unused))
    into.warnings += [
        f"{slug}: the waiver of {w.rule} for `{w.subject}` ({w.file}:{w.line}) lets nothing of this plan through"
        for w in unused
    ]


def _takes(slug: str, head: Compared) -> tuple[str, ...]:
    """Whose files a tenant that does not compile shares, as far as it can be read."""
    from compiler.pipeline import source_of

    if head.folder is None:
        return ()
    source = source_of(head.folder, slug)
    return (*(f"_packs/{pack.id}" for pack in source.packs), "_organisations")


def _state(slug: str, base: Compared, head: Compared) -> str:
    old, new = base.digest(slug), head.digest(slug)
    if new is None:
        return "removed" if slug not in head.held else "broken"
    if old is None and slug in base.held:
        return "changed"  # from what, nobody can say
    return "added" if old is None else "same" if old == new else "changed"


def _row(slug: str, change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Row:
    from compiler.plan.filled import sentences
    from compiler.plan.indirect import uses
    from compiler.plan.whole import row_of

    said = sentences(change, before, after)
    if change.kind != "claim" or change.indirect:
        return row_of(slug, change, sentences=said)
    used = uses(after or before, change.id)
    was = next((claim for claim in before.get("claims", ()) if claim["id"] == change.id), None)
    earlier = [f"{a['by']} ({a['role']}) on {a['on']}" for a in was["approvals"]] if was else []
    return row_of(slug, change, uses=used, earlier=earlier, sentences=said)


def _let_through(
    changes: Sequence[Change],
    slug: str,
    document: Mapping[str, Any],
    *,
    before: Source | None,
    after: Source | None,
    enrolments: Mapping[str, Enrolment] | None,
    today: date,
) -> tuple[list[Change], tuple[Waiver, ...]]:
    """The changes with who let them through: by approvals and waivers of people who were enrolled before the change."""
    from compiler.approvals import enrolment_of, wrote_it
    from compiler.approvals.judge import judge as judge_approvals
    from compiler.pipeline.passes import enrolled_before
    from compiler.plan.covered import by_approval, by_waiver
    from compiler.plan.waivers import judge, waived

    if after is None or enrolments is None:
        return list(changes), ()
    before_it = enrolled_before(enrolments, slug)
    base = before_it if before_it is not None else enrolment_of(after.sections.get("tenant"))[0]
    held = judge_approvals(after, today=f"{today}", enrolment=base).held
    here = enrolment_of(after.sections.get("tenant"))[0].people
    both = {
        key: person
        for key, person in here.items()
        if key in base.people and base.people[key].name == person.name
    }
    both = {key: person for key, person in both.items() if "waivers" in base.people[key].approves}
    waivers, _ = judge(after.waivers, tenant=slug, today=f"{today}", people=both, wrote_it=wrote_it)
    told = [
        by_waiver(by_approval(change, held, fills=_fills(change, document)), slug, waivers)
        for change in changes
    ]
    old = {line["digest"] for line in before.waivers} if before is not None else set()
    used = {w.digest for change in changes if (w := waived(change, slug, waivers))}
    return told, tuple(w for w in waivers if w.digest not in used and w.digest not in old)


def _fills(change: Change, document: Mapping[str, Any]) -> tuple[str, ...]:
    from compiler.plan.filled import VALUES, filled_by

    return (
        filled_by(change.pointer.removeprefix(VALUES), document) if change.pointer.startswith(VALUES) else ()
    )


def saved(path: Path) -> tuple[Plan, int]:
    """A saved plan and the exit code it came with. Raises UsageProblem when it is none."""
    from compiler.plan.encode import decode
    from compiler.plan.whole import FORMAT

    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise UsageProblem(f"{path} is a plan of another version than {FORMAT}: make a new one")
        return decode(document), int(document["verdict"]["code"])
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageProblem(f"{path} is no saved plan: `convo plan --out {path}` makes one") from None


def digests(folder: Path, today: date) -> Mapping[str, str]:
    """What the tenants of a folder compile to now."""
    from compiler.pipeline import check

    if (folder / "tenant.yaml").is_file():
        result = check(folder.parent, today=today, only=[folder.resolve().name], aside=True)
    else:
        result = check(folder, today=today, aside=True)
    return {slug: compiled.digest if compiled else "" for slug, compiled in result.tenants.items()}
