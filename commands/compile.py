"""`convo compile`: argparse instead of typer, whose loading would cost more than the check."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from commands import OK, WRONG, UsageProblem

TENANTS = Path("tenants")


def compile_tenants(arguments: Sequence[str]) -> int:
    if "--check" in arguments:
        from compiler.pipeline import main_check

        return main_check([argument for argument in arguments if argument != "--check"])
    given = parser().parse_args(arguments)
    from compiler.pipeline import check
    from compiler.report import render
    from compiler.write import sign, signing_key, write

    root, only = _tenants_of(given.tenants)
    result = check(root, today=given.today, only=only, stage=given.stage, authority=True)
    print(render(result, given.format, color=sys.stdout.isatty()))
    if not result.ok:
        return WRONG
    key = signing_key(given.sign_key.read_bytes()) if given.sign_key else None
    for compiled in filter(None, result.tenants.values()):
        envelope = (
            sign(compiled.bundle, tenant=compiled.tenant, stages=[given.stage], keys=[key]) if key else None
        )
        path = write(given.out, compiled.bundle, envelope)
        notes = ["unapproved"] * compiled.unapproved + ["unsigned"] * (key is None)
        print(f"{compiled.tenant}  {compiled.digest}  {path}  {', '.join(notes)}".rstrip())
    return OK


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="convo compile",
        description="Check tenants and write their bundles. Touches no database and no network.",
    )
    add = made.add_argument
    add("tenants", nargs="*", type=Path, help="tenants/, or one or more tenants/<slug> (default: tenants)")
    add("--check", action="store_true", help="only say what is wrong; write nothing")
    add("--today", type=date.fromisoformat, default=today(), help="the day perishable facts are judged on")
    add("--stage", choices=("sandbox", "staging", "live"), default="sandbox", help="which stage it is for")
    add("--format", choices=("text", "concise", "json", "github", "sarif"), default="text")
    add("--out", type=Path, default=Path("dist"), help="where <digest>.json is written (default: dist)")
    add("--sign-key", type=Path, help="Ed25519 private key (PEM); without it the bundle is unsigned")
    return made


def _tenants_of(paths: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """(the folder of tenants, the slugs asked for; none = all)."""
    if not paths:
        return TENANTS, ()
    if len(paths) == 1 and not (paths[0] / "tenant.yaml").exists():
        return paths[0], ()
    if len({path.resolve().parent for path in paths}) > 1:
        raise UsageProblem("the tenants must be in one folder")
    return paths[0].parent, tuple(path.resolve().name for path in paths)


def today() -> date:
    return datetime.now().astimezone().date()
