"""`convo compile`: argparse instead of typer, whose loading would cost more than the check."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from commands import OK, WRONG, UsageProblem

if TYPE_CHECKING:
    from compiler.pipeline import CheckResult

TENANTS = Path("tenants")


def compile_tenants(arguments: Sequence[str]) -> int:
    """Checks, and without --check writes the bundles. Exit code 0 no errors, 1 errors. Raises UsageProblem."""
    import gc

    gc.disable()  # one short run that keeps what it reads: collecting meanwhile only costs
    given = parser().parse_args(arguments)
    root, only = tenants_of(given.tenants)
    from compiler.pipeline import check
    from compiler.report import render

    result = check(root, today=given.today, only=only, stage=given.stage, authority=not given.check)
    sys.stdout.write(render(result, given.format, color=sys.stdout.isatty()))
    if not result.ok:
        return WRONG
    if not given.check:
        _write(result, given)
    return OK


def _write(result: CheckResult, given: argparse.Namespace) -> None:
    from compiler.write import sign, signing_key, write

    key = signing_key(given.sign_key.read_bytes()) if given.sign_key else None
    for compiled in filter(None, result.tenants.values()):
        envelope = (
            sign(compiled.bundle, tenant=compiled.tenant, stages=[given.stage], keys=[key]) if key else None
        )
        path = write(given.out, compiled.bundle, envelope)
        notes = ["unapproved"] * compiled.unapproved + ["unsigned"] * (key is None)
        print(f"{compiled.tenant}  {compiled.digest}  {path}  {', '.join(notes)}".rstrip())


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


def tenants_of(paths: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """(the folder of tenants, the slugs asked for; none = all). Raises UsageProblem."""
    if not paths:
        paths = [TENANTS]
    if len(paths) == 1 and not (paths[0] / "tenant.yaml").exists():
        if not paths[0].is_dir():
            raise UsageProblem(f"{paths[0]} is not a folder of tenants")
        return paths[0], ()
    if len({path.resolve().parent for path in paths}) > 1:
        raise UsageProblem("the tenants must be in one folder")
    return paths[0].parent, tuple(path.resolve().name for path in paths)


def today() -> date:
    return datetime.now().astimezone().date()
