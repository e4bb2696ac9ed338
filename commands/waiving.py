"""How `convo waive` comes to new lines: which changes of which plan, by whom, checked as the compiler would, then written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import UsageProblem
from commands.approving import Refused, desk, key_at, signer_of

if TYPE_CHECKING:
    from commands.approving import Desk
    from compiler.plan import Change
    from compiler.plan.whole import Plan
    from compiler.source.tree import Map

__all__ = ["Refused", "Wanted", "waive_changes"]

WAIVERS = "waivers.yaml"
HEAD = (
    "# yaml-language-server: $schema=../../schemas/tenant/waivers.schema.json\n"
    "# One signed line a waiver, written by `convo waive`. Do not edit by hand.\n"
)
FIELDS = ("rule", "subject", "digest", "reason", "author", "by", "on", "expires", "key", "signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to let through, why and until when (an ISO day). `by` and `author` may be left empty."""

    rule: str
    subject: str
    reason: str
    expires: str
    by: str
    author: str


def waive_changes(
    path: Path, plan: Path, wanted: Wanted, *, key: Path, today: date
) -> Sequence[Mapping[str, Any]]:
    """The signed lines, written. Raises Refused, or UsageProblem for a key or plan that cannot be read."""
    from commands.planning import saved
    from compiler.plan import change_digest
    from compiler.plan.waivers import waiver_payload

    there = desk(path, today)
    signing = key_at(key)
    person = signer_of(there, signing, wanted.by)
    changes = _changes(saved(plan)[0], there.source.slug, wanted)
    lines: list[dict[str, Any]] = []
    for change in changes:
        line = {
            "rule": wanted.rule,
            "subject": change.subject,
            "digest": change_digest(there.source.slug, change),
            "reason": wanted.reason,
            "author": _authors(there, change, person.name, wanted.author),
            "by": person.name,
            "on": f"{today}",
            "expires": wanted.expires,
            "key": signing.keyid,
        }
        signature = signing.sign(waiver_payload(there.source.slug, line))
        lines.append({**line, "signature": base64.b64encode(signature).decode()})
    _write(there, lines)
    return lines


def _changes(plan: Plan, tenant: str, wanted: Wanted) -> list[Change]:
    from compiler.diagnostics.suggest import did_you_mean
    from compiler.plan.rules import RULES, waivable

    if not waivable(wanted.rule):
        hint = "" if wanted.rule in RULES else did_you_mean(wanted.rule, RULES)
        why = "can never be waived" if wanted.rule in RULES else "is no rule of a plan"
        raise Refused(f"`{wanted.rule}` {why}{f': {hint}' if hint else ''}")
    shared = [s for s in plan.shared if any(reach.tenant == tenant for reach in s.reaches)]
    rows = [row for s in shared for row in s.rows] + [
        row for each in plan.tenants if each.tenant == tenant for row in each.rows
    ]
    found = [
        row.change for row in rows if (row.change.rule, row.change.subject) == (wanted.rule, wanted.subject)
    ]
    if not found:
        subjects = sorted({row.change.subject for row in rows if row.change.rule == wanted.rule})
        known = f"; it has {', '.join(f'`{s}`' for s in subjects)}" if subjects else ""
        raise Refused(f"the plan has no `{wanted.rule}` for `{wanted.subject}` of {tenant}{known}")
    return found


def _authors(there: Desk, change: Change, person: str, named: str) -> str:
    """Whoever changed the very line, as git tells, and whoever is named besides: naming one never takes another away."""
    from commands.whochanged import author_of
    from commands.wrote import Part, addresses_of, authors, listed

    place = change.place or change.base_place
    found: tuple[str, ...] = ()
    if place is not None:
        file = there.path.parent / place.file
        found = authors(Part(file=file, first=place.line, last=place.line)) if place.line else ()
        found = found or tuple(filter(None, [author_of(file)]))
    found += (named,) if named else ()
    if not found:
        raise UsageProblem("git does not tell who made the change: name them with --author")
    return "; ".join(listed(found, person, addresses_of(person, there.path)))


def _write(there: Desk, new: Sequence[Mapping[str, Any]]) -> None:
    """All lines, those for the same changes replaced. Raises Refused with what the compiler would say."""
    from compiler.write import put

    file = there.path / WAIVERS
    digests = {line["digest"] for line in new}
    lines = [*(line for line in there.source.waivers if line["digest"] not in digests), *new]
    text = rendered(file.read_text(encoding="utf-8") if file.exists() else "", lines)
    wrong = _refusals(there, text, digests)
    if wrong:
        raise Refused("\n".join(wrong))
    put(file, text.encode())


def rendered(before: str, lines: Sequence[Mapping[str, Any]]) -> str:
    """The file: the comments at its head kept, lines by rule, subject and digest, one field a line."""
    head = "".join(line for line in before.splitlines(keepends=True) if line.startswith("#")) or HEAD
    ordered = sorted(lines, key=lambda line: (line["rule"], line["subject"], line["digest"]))
    blocks = ["".join(_rows(line)) for line in ordered]
    return f"{head}\n" + ("\n".join(blocks) if blocks else "[]\n")


def _rows(line: Mapping[str, Any]) -> list[str]:
    rows = [f"{_key(field)}: {_scalar(field, line[field])}\n" for field in FIELDS]
    return [f"{'- ' if n == 0 else '  '}{row}" for n, row in enumerate(rows)]


def _key(field: str) -> str:
    return '"on"' if field == "on" else field  # bare, YAML 1.1 reads it as true


def _scalar(field: str, value: str) -> str:
    return value if field in ("rule", "on", "expires") else json.dumps(value, ensure_ascii=False)


def _refusals(there: Desk, text: str, digests: set[str]) -> list[str]:
    """What the compiler would say of the new lines, read back from the text."""
    from compiler.approvals import wrote_it
    from compiler.plan.waivers import judge

    parsed: list[Map] = []
    faults = _read(there, text, parsed)
    ours = [line for line in parsed if line["digest"] in digests]
    people = there.judged.enrolment.people
    _, wrong = judge(ours, tenant=there.source.slug, today=f"{there.today}", people=people, wrote_it=wrote_it)
    return [*faults, *(f"{d.code} {d.message}{f' ({d.help})' if d.help else ''}" for d in wrong)]


def _read(there: Desk, text: str, into: list[Map]) -> list[str]:
    from compiler.load import schema
    from compiler.source.files import Parsed
    from compiler.source.parse import parse
    from compiler.source.read import items
    from compiler.validate import validate

    parsed = parse(Parsed(f"{there.source.slug}/{WAIVERS}", "waivers", text=text))
    validate(parsed, schema("waivers"), authority=True)
    into += [line for _, line in items(parsed)]
    return [f"{d.code} {d.message}" for d in parsed.diagnostics]
