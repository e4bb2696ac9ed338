"""A plan as versioned JSON, and back: what `--out` saves, `plan show` prints and `activate --plan` reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.plan.change import Change, Place
from compiler.plan.filled import Sentence
from compiler.plan.rules import RULES
from compiler.plan.whole import FORMAT, Plan, Problem, Reach, Row, SharedPlan, Side, TenantPlan


def encode(plan: Plan, *, code: int) -> dict[str, Any]:
    """The document. `code` is the exit code it came with; `verdict` says the same in words."""
    return {
        "format": FORMAT,
        "base": {"name": plan.base.name, "commit": plan.base.commit},
        "head": {"name": plan.head.name, "commit": plan.head.commit},
        "today": plan.today,
        "gravest": plan.gravest,
        "verdict": {"code": code, "open": len(plan.open), "void": len(plan.void), **plan.counts},
        "tenants": [_tenant(each) for each in plan.tenants],
        "shared": [_shared(each) for each in plan.shared],
        "problems": [_problem(problem) for problem in plan.problems],
        "void": [_problem(problem) for problem in plan.void],
        "warnings": list(plan.warnings),
    }


def decode(document: Mapping[str, Any]) -> Plan:
    """The plan of a document of this format. Raises KeyError or TypeError for what is none."""
    return Plan(
        base=Side(**document["base"]),
        head=Side(**document["head"]),
        today=document["today"],
        tenants=tuple(
            TenantPlan(
                **{key: each[key] for key in ("tenant", "state", "base_digest", "head_digest")},
                rows=tuple(_row_back(row) for row in each["changes"]),
            )
            for each in document["tenants"]
        ),
        shared=tuple(
            SharedPlan(
                owner=each["owner"],
                rows=tuple(_row_back(row) for row in each["changes"]),
                reaches=tuple(
                    Reach(tenant=r["tenant"], touches=tuple(r["touches"]), digests=tuple(r["digests"]))
                    for r in each["tenants"]
                ),
            )
            for each in document["shared"]
        ),
        problems=tuple(Problem(**each) for each in document["problems"]),
        warnings=tuple(document["warnings"]),
        void=tuple(Problem(**each) for each in document.get("void", ())),
    )


def _problem(p: Problem) -> dict[str, Any]:
    return {
        "side": p.side,
        "tenant": p.tenant,
        "code": p.code,
        "message": p.message,
        "file": p.file,
        "line": p.line,
    }


def _tenant(plan: TenantPlan) -> dict[str, Any]:
    return {
        "tenant": plan.tenant,
        "state": plan.state,
        "base_digest": plan.base_digest,
        "head_digest": plan.head_digest,
        "changes": [_row(row) for row in plan.rows],
    }


def _shared(plan: SharedPlan) -> dict[str, Any]:
    return {
        "owner": plan.owner,
        "changes": [_row(row) for row in plan.rows],
        "tenants": [
            {"tenant": reach.tenant, "touches": list(reach.touches), "digests": list(reach.digests)}
            for reach in plan.reaches
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    change = row.change
    return {
        "class": change.klass,
        "rule": change.rule,
        "subject": change.subject,
        "kind": change.kind,
        "id": change.id,
        "what": change.what,
        "op": change.op,
        "direction": change.direction,
        "indirect": change.indirect,
        "before": change.before,
        "after": change.after,
        "property": change.pointer,
        "ids": list(change.ids),
        "digest": row.digest,
        "open": change.open,
        "covered": change.covered,
        "lets_through": RULES[change.rule].way,
        "place": _place(change.place),
        "base_place": _place(change.base_place),
        "uses": list(row.uses),
        "earlier": list(row.earlier),
        "sentences": [{"claim": s.claim, "before": s.before, "after": s.after} for s in row.sentences],
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line}


def _row_back(row: Mapping[str, Any]) -> Row:
    same = ("rule", "kind", "id", "what", "op", "direction", "indirect", "before", "after", "covered")
    change = Change(
        klass=row["class"],
        **{key: row[key] for key in same},
        pointer=row["property"],
        ids=tuple(row["ids"]),
        place=Place(**row["place"]) if row["place"] else None,
        base_place=Place(**row["base_place"]) if row["base_place"] else None,
    )
    return Row(
        change=change,
        digest=row["digest"],
        uses=tuple(row["uses"]),
        earlier=tuple(row["earlier"]),
        sentences=tuple(Sentence(**each) for each in row.get("sentences", ())),
    )
