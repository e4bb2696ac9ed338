"""Which tenants may go to a stage: one that nobody approved yet must not keep the others back, and no real fault may pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

APPROVAL_CODES = "CV6"  # what is wrong with an approval and with nothing else
SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """`may`: slugs; `left_out`: slug -> why, no failure; `faults`: what is wrong besides, `file:line: CODE: message`."""

    may: Sequence[str]
    left_out: Mapping[str, str]
    faults: Sequence[str]


def going_to(root: Path, stage: str, *, today: date) -> Going:
    """Looks at every tenant of a folder as a compile for this stage does."""
    from compiler.pipeline import check, sources

    result = check(root, today=today, stage=stage, authority=True)
    errors = [d for d in result.diagnostics if d.is_error]
    may: list[str] = []
    left_out: dict[str, str] = {}
    slugs = list(result.tenants)
    for slug, source in zip(slugs, sources(root, slugs), strict=True):
        compiled = result.tenants[slug]
        own = [d for d in errors if d.span.file.split("/")[0] == slug]
        unapproved = bool(own) and all(d.code.startswith(APPROVAL_CODES) for d in own)
        if not source.broken and not any(c.stage == stage for c in source.connections):
            left_out[slug] = f"it has no connection of the stage {stage}"
        elif compiled is None and not unapproved:
            continue  # its faults are told; a shared file's are everybody's
        elif compiled is None or (compiled.unapproved and stage != SANDBOX):
            more = f" and {len(own) - 1} more" if len(own) > 1 else ""
            why = f": {own[0].code}: {own[0].message}{more}" if own else ""
            left_out[slug] = f"not all it says is approved{why}"
        else:
            may.append(slug)
    told = [d for d in errors if d.span.file.split("/")[0] not in left_out]
    return Going(
        may=may,
        left_out=left_out,
        faults=[f"{root.name}/{d.span.file}:{d.span.line}: {d.code}: {d.message}" for d in told],
    )


def open_in(path: Path) -> Sequence[str]:
    """What a saved plan holds that nobody let through, one line each. Raises UsageProblem when it is no plan."""
    from commands.planning import saved

    plan, _ = saved(path)
    return [f"  {owner}: {row.change.rule} for `{row.change.subject}`" for owner, row in plan.open]
