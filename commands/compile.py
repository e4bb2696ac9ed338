"""`convo compile`: argparse instead of typer, whose loading would cost more than the check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commands import OK, WRONG, UsageProblem
from commands.compile_options import TENANTS, parser, today
from commands.reporting import report, view_of

if TYPE_CHECKING:
    from compiler.approvals import Enrolment
    from compiler.fix import Repair
    from compiler.pipeline import CheckResult
    from compiler.write import SigningKey

__all__ = ["TENANTS", "compile_tenants", "parser", "tenants_of", "today"]


def compile_tenants(arguments: Sequence[str]) -> int:
    """Checks, and without --check writes the bundles. Exit code 0 no errors, 1 errors. Raises UsageProblem."""
    import gc

    gc.disable()  # one short run that keeps what it reads: collecting meanwhile only costs
    given = parser().parse_args(arguments)
    if given.fix and given.diff:
        raise UsageProblem("--fix writes and --diff does not: give one of them")
    checking = given.check or given.fix or given.diff
    root, only = tenants_of(given.tenants)
    if given.watch:
        return _watch(root, only, given)
    key = _signing_key(given.sign_key) if given.sign_key and not checking else None
    task = _Task(root=root, only=only, given=given, enrolments=_enrolled_before(root, given))
    result = _checked(task, root, only, checking=checking)
    if given.diff:
        return _diff(task, result)
    if given.fix:
        result = _fix(task, result)
    report(result, given)
    if not result.ok:
        return WRONG
    if not checking:
        _write(result, given, key)
    return OK


def _watch(root: Path, only: Sequence[str], given: argparse.Namespace) -> int:
    from commands.terminal import wants_color
    from commands.watch import watch

    color = wants_color(sys.stdout, os.environ)
    return watch(root, only, today=lambda: given.today, stage=given.stage, out=sys.stdout, color=color)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What was asked for, and of whom: who may approve is a matter of the folder itself, not of a copy of it."""

    root: Path
    only: Sequence[str]
    given: argparse.Namespace
    enrolments: Mapping[str, Enrolment] | None


def _checked(
    task: _Task, root: Path, only: Sequence[str], *, checking: bool = True, cached: bool = True
) -> CheckResult:
    """A check of the folder, or of a copy of it."""
    from commands.reporting import tells_digests
    from commands.terminal import Progress
    from compiler.cache import cache_for
    from compiler.pipeline import check

    given = task.given
    cache = cache_for(root, os.environ) if checking and cached and not given.no_cache else None
    progress = Progress("tenants", environment=os.environ)
    try:
        return check(
            root,
            today=given.today,
            only=only,
            stage=given.stage,
            authority=not checking,
            progress=progress,
            cache=cache,
            enrolments=task.enrolments,
            bundles=not checking or tells_digests(given),
        )
    finally:
        progress.clear()


def _enrolled_before(root: Path, given: argparse.Namespace) -> Mapping[str, Enrolment] | None:
    """Who may approve a change: with --base those enrolled there, so that nobody is by the change they approve."""
    if given.base is None or given.changed is not None:  # that both are given is refused where they are used
        return None
    from commands.changed import commit_of
    from commands.gitref import folder_at
    from compiler.pipeline import enrolled

    with folder_at(commit_of(given.base, root), root) as folder:
        return enrolled(folder)


# ---- fixes ---------------------------------------------------------------------------------------------------------


def _fix(task: _Task, result: CheckResult) -> CheckResult:
    """Put right what can be, say so (on stderr where stdout is for a program), and check what is left."""
    from commands.fixing import put_right, told

    repair = _repaired(task, result)
    put_right(task.root, repair)
    stream = sys.stdout if task.given.format in {"text", "concise"} else sys.stderr
    stream.write(told(view_of(result, task.given), repair))
    return _checked(task, task.root, task.only, cached=False) if repair.rewrites else result


def _diff(task: _Task, result: CheckResult) -> int:
    from commands.fixing import diff
    from compiler.report import many

    repair = _repaired(task, result)
    sys.stdout.write(diff(view_of(result, task.given), repair))
    there = f"there are {many(result.errors, 'error')} now" if result.errors else "there is no error now"
    sys.stderr.write(f"--fix would put right {many(len(repair.fixed), 'fault')}; {there}\n")
    return WRONG if repair.rewrites or result.errors else OK


def _repaired(task: _Task, result: CheckResult) -> Repair:
    from commands.fixing import repaired

    return repaired(
        task.root,
        result.diagnostics,
        lambda copy, slugs: _checked(task, copy, slugs or task.only, cached=False).diagnostics,
    )


# ---- writing -------------------------------------------------------------------------------------------------------


def _write(result: CheckResult, given: argparse.Namespace, key: SigningKey | None) -> None:
    """A line per bundle, on stderr where stdout is for a program."""
    from compiler.write import sign, write

    stream = sys.stdout if given.format in {"text", "concise"} else sys.stderr
    for compiled in filter(None, result.tenants.values()):
        envelope = (
            sign(compiled.bundle, tenant=compiled.tenant, stages=[given.stage], keys=[key]) if key else None
        )
        try:
            path = write(given.out, compiled.bundle, envelope)
        except OSError as error:
            raise UsageProblem(f"--out {given.out}: {error.strerror}") from None
        notes = ["unapproved"] * compiled.unapproved + ["unsigned"] * (key is None)
        print(f"{compiled.tenant}  {compiled.digest}  {path}  {', '.join(notes)}".rstrip(), file=stream)


def _signing_key(path: Path) -> SigningKey:
    """Read before anything is compiled. Raises UsageProblem for what is no such key."""
    from compiler.write import signing_key

    try:
        return signing_key(path.read_bytes())
    except OSError as error:
        raise UsageProblem(f"--sign-key {path}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise UsageProblem(
            f"--sign-key {path} is no unencrypted Ed25519 private key in PEM; `convo keys new` makes one"
        ) from None


def tenants_of(paths: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """(the folder of tenants, the slugs asked for; none = all). Raises UsageProblem."""
    paths = list(paths) or [TENANTS]
    if len(paths) == 1 and not (paths[0] / "tenant.yaml").exists():
        if paths[0].is_dir():
            return paths[0], ()
        raise UsageProblem(_absent(paths[0]))
    named = [
        path.resolve() if path.name in {"", ".."} else path for path in paths
    ]  # `.` in a tenant's own folder
    if len({path.resolve().parent for path in named}) > 1:
        raise UsageProblem("the tenants must be in one folder")
    for path in named:
        if not path.is_dir():
            raise UsageProblem(_absent(path))
    return named[0].parent, tuple(path.name for path in named)


def _absent(path: Path) -> str:
    from compiler.diagnostics.suggest import did_you_mean

    beside = path.parent
    known = [entry.name for entry in beside.iterdir() if entry.is_dir()] if beside.is_dir() else []
    hint = did_you_mean(path.name, known)
    kind = "is a file, not a folder of tenants" if path.exists() else "is not there"
    return f"{path} {kind}" + (f"; {hint}" if hint else "")
