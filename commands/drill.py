"""Playing conversations before customers have them: a tenant's own drills, and the changed claims in use."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.gitref import folder_at
from commands.options import AsJson, TenantPath, Today, day_of, tenant_path
from compiler.diagnostics.suggest import did_you_mean
from schemas.bundle import Bundle

if TYPE_CHECKING:
    from drills.rollout import CompileRefused


def attack(tenant: TenantPath, json_: AsJson = False, today: Today = None) -> int:
    """Play the tenant's drills (drills/*.yaml) through store, worker and sender. Exit code 1 when one fails.

    A drill without `at` is played at 10:30 on --today, or on the next day the tenant answers on.
    """
    from drills.attack import attack as played
    from drills.attack import table
    from drills.rollout import CompileRefused

    _without_logs()
    folder = tenant_path(tenant)
    try:
        results = played(folder, today=day_of(today))
    except CompileRefused as refused:
        return _refused(refused)
    if json_:
        print(
            json.dumps({"tenant": folder.name, "drills": [r.as_json() for r in results]}, ensure_ascii=False)
        )
    elif not results:
        print(f"{folder.name} has no drill in drills/")
    else:
        print(table(results))
    return OK if all(result.held for result in results) else WRONG


def transcript(
    tenant: TenantPath,
    *,
    base: Annotated[
        str | None, typer.Option(help="what to compare with: a branch, tag, commit or folder of tenants")
    ] = None,
    claims: Annotated[
        str | None, typer.Option(help="instead: the claims to play, by id, with commas")
    ] = None,
    format_: Annotated[Literal["text", "md", "json"], typer.Option("--format")] = "text",
    max_chars: Annotated[int, typer.Option(min=1_000, help="how long the Markdown may be")] = 20_000,
    today: Today = None,
) -> int:
    """Hear changed claims in their place: for each a conversation in the sandbox in which it is said, if there is one.

    Without --base and --claims every claim of the tenant is played.
    """
    from drills import transcript as drill
    from drills.played_bundle import bundle_to_play
    from drills.rollout import CompileRefused

    _without_logs()
    folder, day = tenant_path(tenant), day_of(today)
    try:
        compiled = bundle_to_play(folder, today=day)
    except CompileRefused as refused:
        return _refused(refused)
    bundle = Bundle.decode(compiled.bundle)
    if claims is not None:
        wanted = tuple(claim.strip() for claim in claims.split(",") if claim.strip())
        if unknown := [claim for claim in wanted if claim not in bundle.claims]:
            hint = did_you_mean(unknown[0], bundle.claims) or "`convo compile --check` names them all"
            raise UsageProblem(f"{folder.name} has no claim {unknown[0]} that may be said; {hint}")
    else:
        wanted = drill.changed_claims(_bundle_at(base, folder, day), bundle)
    scenes = drill.transcript(compiled, wanted, today=day, cues=drill.cues_in(folder.parent))
    match format_:
        case "json":
            print(json.dumps(drill.as_json(folder.name, scenes), ensure_ascii=False))
        case "md":
            print(drill.as_markdown(folder.name, scenes, most_chars=max_chars), end="")
        case "text":
            print(drill.as_text(folder.name, scenes))
    return OK


def _bundle_at(base: str | None, folder: Path, day: date) -> Bundle | None:
    """The tenant as it was; None when it was not there, or could not be compiled: then every claim is new."""
    from drills.played_bundle import bundle_to_play
    from drills.rollout import CompileRefused

    if base is None:
        return None
    with folder_at(base, folder.parent) as tenants, suppress(CompileRefused):
        return Bundle.decode(bundle_to_play(tenants / folder.name, today=day).bundle)
    return None


def _refused(refused: CompileRefused) -> int:
    """Prints what is wrong with the tenant. Returns the exit code."""
    from compiler.report import render

    print(render(refused.result, "concise", color=False), end="", file=sys.stderr)
    return WRONG


def _without_logs() -> None:
    """What the processes of a deployment write down is no news to somebody at a terminal; errors are."""
    import logging

    from runtime.telemetry import configure

    configure("pretty", process="drill", level=logging.ERROR)
