"""The plan of a whole folder of tenants: each tenant's changes, what packs change for all of them, and what is unclear. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from compiler.plan.change import (
    BEHAVIOUR,
    BREAKING,
    CLASSES,
    COSMETIC,
    LOOSENED,
    NEEDS_APPROVAL,
    Change,
    change_digest,
)
from compiler.plan.filled import Sentence
from compiler.plan.waivers import Waiver

FORMAT = "convo.plan/v1"
UNCLEAR = "does not compile, so nobody can say what"
NOTHING, CHANGES, NEEDS = "nothing", "changes", "needs_approval"
SAME, CHANGED, ADDED, REMOVED, BROKEN = "same", "changed", "added", "removed", "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is compared: a ref, a folder or a bundle's file, by the name it was given; `commit` where there is one."""

    name: str
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a tenant does not compile on one side, or why a line that lets something through does not hold.

    `tenant` is empty for what lies in a file several share.
    """

    side: str  # base | head
    tenant: str
    code: str
    message: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A change as one tenant has it: its digest for waivers (none when shared), and where the claim it is about is used."""

    change: Change
    digest: str
    uses: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()  # who approved the claim as it was
    sentences: tuple[Sentence, ...] = ()  # with values filled in, where that makes a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPlan:
    """One tenant. `state`: same | changed | added | removed | broken. Digests are of its bundles."""

    tenant: str
    state: str
    base_digest: str | None
    head_digest: str | None
    rows: tuple[Row, ...] = ()
    unused: tuple[Waiver, ...] = ()
    takes: tuple[
        str, ...
    ] = ()  # of a broken one: whose files it shares, `_packs/<pack>` and `_organisations`

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(row.change for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A tenant that a shared change reaches, and what of the tenant it touches."""

    tenant: str
    touches: tuple[str, ...]
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlan:
    """What one pack or organisation changes, once, and for whom."""

    owner: str
    rows: tuple[Row, ...]
    reaches: tuple[Reach, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything. Shared changes stand in `shared` and in no tenant's own list."""

    base: Side
    head: Side
    today: str
    tenants: tuple[TenantPlan, ...]
    shared: tuple[SharedPlan, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    void: tuple[
        Problem, ...
    ] = ()  # approvals and waivers of the head that do not hold: as if they were not there

    @property
    def rows(self) -> Iterator[tuple[str, Row]]:
        """(owner, row) of every change, each shared one once."""
        for each in self.shared:
            for row in each.rows:
                yield each.owner, row
        for tenant in self.tenants:
            for row in tenant.rows:
                yield tenant.tenant, row

    @property
    def gravest(self) -> str | None:
        return min((row.change.klass for _, row in self.rows), key=CLASSES.index, default=None)

    @property
    def open(self) -> tuple[tuple[str, Row], ...]:
        """What somebody still has to let through."""
        return tuple((owner, row) for owner, row in self.rows if row.change.open)

    @property
    def waits(self) -> bool:
        """Whether somebody still has to do something: let a change through, or put an approval right."""
        return bool(self.open or self.void)

    @property
    def counts(self) -> Mapping[str, int]:
        """Direct changes by class, and how many are loosened."""
        direct = [row.change for _, row in self.rows if not row.change.indirect]
        found = {
            klass: sum(c.klass == klass for c in direct)
            for klass in (BREAKING, NEEDS_APPROVAL, BEHAVIOUR, COSMETIC)
        }
        return {**found, LOOSENED: sum(c.direction == LOOSENED for c in direct)}

    @property
    def head_fails(self) -> bool:
        return any(problem.side == "head" for problem in self.problems)


def assemble(
    *,
    base: Side,
    head: Side,
    today: str,
    tenants: Iterable[TenantPlan],
    owners: Mapping[tuple[str, int], str],
    problems: Sequence[Problem] = (),
    warnings: Sequence[str] = (),
    void: Sequence[Problem] = (),
) -> Plan:
    """The plan, with what a pack or organisation changed told once. `owners`: whose file it is, by tenant and row."""
    own: list[TenantPlan] = []
    shared: dict[str, dict[tuple[object, ...], Row]] = {}
    reached: dict[str, dict[str, list[str]]] = {}
    digests: dict[str, dict[str, list[str]]] = {}
    for tenant in sorted(tenants, key=lambda each: each.tenant):
        kept: list[Row] = []
        for number, row in enumerate(tenant.rows):
            owner = owners.get((tenant.tenant, number), "")
            if not owner.startswith("_") or tenant.state in (ADDED, REMOVED):
                kept.append(row)
                continue
            rows = shared.setdefault(owner, {})
            rows[_same(row.change)] = _merged(rows.get(_same(row.change)), row)
            touched = reached.setdefault(owner, {}).setdefault(tenant.tenant, [])
            touched += [use for use in (*row.uses, row.change.subject) if use not in touched]
            digests.setdefault(owner, {}).setdefault(tenant.tenant, []).append(row.digest)
        own.append(replace(tenant, rows=tuple(kept)))
    for tenant in own:
        for owner in shared.keys() & set(tenant.takes):
            reached[owner].setdefault(tenant.tenant, [UNCLEAR])
    told = tuple(
        SharedPlan(
            owner=owner,
            rows=tuple(sorted(rows.values(), key=lambda row: row.change.order)),
            reaches=tuple(
                Reach(tenant=name, touches=tuple(touches), digests=tuple(digests[owner].get(name, ())))
                for name, touches in sorted(reached[owner].items())
            ),
        )
        for owner, rows in sorted(shared.items())
    )
    return Plan(
        base=base,
        head=head,
        today=today,
        tenants=tuple(own),
        shared=told,
        problems=tuple(problems),
        warnings=tuple(warnings),
        void=tuple(void),
    )


def _same(change: Change) -> tuple[object, ...]:
    """What makes the same change of a pack one, though each tenant has it in its own bundle."""
    return (change.rule, change.kind, change.id, change.what, repr(change.before), repr(change.after))


def _merged(known: Row | None, row: Row) -> Row:
    """Let through only where every tenant let it through. A digest is of one tenant's change: `reaches` has them all."""
    if known is None:
        return replace(row, digest="", sentences=())  # each tenant fills in its own
    covered = known.change.covered if row.change.covered else ""
    return replace(
        known,
        change=replace(known.change, covered=covered),
        uses=tuple(dict.fromkeys((*known.uses, *row.uses))),
    )


def row_of(
    tenant: str,
    change: Change,
    *,
    uses: Sequence[str] = (),
    earlier: Sequence[str] = (),
    sentences: Sequence[Sentence] = (),
) -> Row:
    """A change with its digest."""
    return Row(
        change=change,
        digest=change_digest(tenant, change),
        uses=tuple(uses),
        earlier=tuple(earlier),
        sentences=tuple(sentences),
    )
