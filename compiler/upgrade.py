"""`convo upgrade`: tenant files of an older schema, brought to this one by edits that leave everything else alone. Pure.

One step a version. From 1 to 2: tenant.yaml says `schema: 2`; each approver may approve facts, which is what version 1 let
them approve and no more; lines of approvals.yaml that version 1 signed name no author, so they go, and are listed: what
they approved has to be approved again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from compiler.diagnostics import Edit, Span
from compiler.source.files import Parsed
from compiler.source.tree import Map, Seq
from compiler.source.version import CURRENT, KEY, old_lines

FACTS_ONLY = "[facts]"


@dataclass(slots=True)
class Upgrade:
    """What to do to a tenant's files. `edits` by file; `again`: the claims to approve again; `refused`: why nothing is done."""

    edits: dict[str, list[Edit]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    refused: str = ""


def upgrade(files: Iterable[Parsed]) -> Upgrade:
    """The edits that bring one tenant's files to this version; none when they are of it already."""
    plan = Upgrade()
    held = {file.kind: file for file in files if file.kind in ("tenant", "approvals")}
    tenant = held.get("tenant")
    if tenant is None or not isinstance(tenant.data, Map):
        plan.refused = "tenant.yaml cannot be read; see `convo compile --check`"
        return plan
    version = tenant.data.get(KEY, 1)
    if type(version) is not int or version > CURRENT:
        plan.refused = f"it is written for schema {version}, which is newer than this release's {CURRENT}"
        return plan
    _tenant(plan, tenant, tenant.data, version)
    if "approvals" in held:
        _approvals(plan, held["approvals"])
    return plan


def _tenant(plan: Upgrade, file: Parsed, tenant: Map, version: int) -> None:
    edits = []
    if KEY not in tenant:
        start = tenant.at()
        edits.append(_insert(start, f"{KEY}: {CURRENT}\n{' ' * (start.column - 1)}"))
    elif version < CURRENT:
        edits.append(Edit(span=tenant.value(KEY), text=str(CURRENT)))
    edits += _approvers(plan, tenant.get("approvers"))
    if edits:
        plan.edits[file.file] = edits


def _approvers(plan: Upgrade, approvers: Any) -> Iterator[Edit]:
    for approver in approvers if isinstance(approvers, Seq) else ():
        if not isinstance(approver, Map) or "approves" in approver or "key" not in approver:
            continue
        name, key = approver.get("name", "an approver"), approver.key("key")
        plan.notes.append(f"{name} may approve facts, as before; add scripts or waivers where that is meant")
        if approver.at().line == key.line and approver.at().column != key.column:
            yield _insert(key, f"approves: {FACTS_ONLY}, ")  # all on one line, in braces
        else:
            yield _insert(key, f"approves: {FACTS_ONLY}\n{' ' * (key.column - 1)}")


def _approvals(plan: Upgrade, file: Parsed) -> None:
    old = list(old_lines(file.data))
    if not old:
        return
    plan.again += sorted({str(line.get("claim", "?")) for line in old})
    if len(old) < len(file.data):
        plan.notes.append(f"{file.file}: remove the lines without `author`; they count for nothing")
        return
    root: Any = yaml.compose(file.text, yaml.CBaseLoader)
    plan.edits[file.file] = [
        Edit(span=_whole(file.file, root), text="[]\n" if root.end_mark.column == 0 else "[]")
    ]


def _whole(file: str, root: Any) -> Span:
    start, end = root.start_mark, root.end_mark
    return Span(
        file=file,
        line=start.line + 1,
        column=start.column + 1,
        end_line=end.line + 1,
        end_column=end.column + 1,
    )


def _insert(at: Span, text: str) -> Edit:
    return Edit(
        span=Span(file=at.file, line=at.line, column=at.column, end_line=at.line, end_column=at.column),
        text=text,
    )
