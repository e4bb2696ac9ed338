"""For whoever answers for a change: what changes between two states of the tenants, how grave it is, what lets it through."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import CHANGES, NEEDS_APPROVAL, OK, WRONG, UsageProblem
from commands.compile import TENANTS
from commands.options import Today, day_of

if TYPE_CHECKING:
    from compiler.plan.whole import Plan

SHOW = "show"
Format = Annotated[Literal["text", "json", "md"], typer.Option("--format", help="how it is told")]
Out = Annotated[Path | None, typer.Option(help="also save the plan here, as JSON")]
AsJson = Annotated[bool, typer.Option("--json", help="the same as --format json")]
Tenants = Annotated[Path, typer.Option(help="the folder of tenants, for git refs")]


def plan(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="tenants/ or tenants/<slug>; two bundles to compare; or `show` and a saved plan"),
    ] = None,
    *,
    base: Annotated[
        str, typer.Option(help="git ref, folder or bundle .json (default: where this branch left main)")
    ] = "",
    format_: Format = "text",
    out: Out = None,
    json_: AsJson = False,
    today: Today = None,
) -> int:
    """What the tenants as they now stand would change. What the bot newly says, no longer says and may do more comes first.

    Exit code 0 nothing, 3 changes, 4 something still needs somebody's approval, 1 it does not compile, 2 wrong usage.
    """
    given = list(what or ())
    told = "json" if json_ else format_
    if given[:1] == [SHOW]:
        return _show(given[1:], told, day_of(today))
    if len(given) == 2 and all(name.endswith(".json") or not Path(name).is_dir() for name in given):
        return _compare(given[0], given[1], tenants=TENANTS, told=told, out=out, today=day_of(today))
    root, only = _tenants(given)
    if not base:
        from commands.gitref import merge_base

        base = merge_base(root)
    return _compare(base, str(root), tenants=root, told=told, out=out, today=day_of(today), only=only)


def diff(
    base: Annotated[str, typer.Argument(help="git ref, folder or bundle .json")],
    head: Annotated[str, typer.Argument(help="the same")],
    *,
    tenants: Tenants = TENANTS,
    format_: Format = "text",
    out: Out = None,
    json_: AsJson = False,
    today: Today = None,
) -> int:
    """What changes from BASE to HEAD, both compiled with this compiler; the working folder is not touched.

    Exit codes as `convo plan`.
    """
    told = "json" if json_ else format_
    return _compare(base, head, tenants=tenants, told=told, out=out, today=day_of(today))


def _compare(
    base: str,
    head: str,
    *,
    tenants: Path,
    told: str,
    out: Path | None,
    today: date,
    only: tuple[str, ...] = (),
) -> int:
    import gc

    from commands.planning import compared, plan_of

    gc.disable()  # one short run that keeps what it reads: collecting meanwhile only costs
    with ExitStack() as stack:
        before = stack.enter_context(compared(base, tenants, today=today, only=only, which="base"))
        after = stack.enter_context(compared(head, tenants, today=today, only=only, which="head"))
        found = plan_of(before, after, today=today)
    code = code_of(found)
    if out is not None:
        from compiler.write import put

        put(out, _json(found, code).encode())
    _tell(found, told, code)
    return code


def code_of(found: Plan) -> int:
    """The exit code of a plan."""
    if found.head_fails:
        return WRONG
    if found.waits:
        return NEEDS_APPROVAL
    return CHANGES if any(True for _ in found.rows) or found.problems else OK


def _tell(found: Plan, told: str, code: int) -> None:
    if told == "json":
        sys.stdout.write(_json(found, code))
    elif told == "md":
        from compiler.plan.comment import comment

        sys.stdout.write(comment(found))
    else:
        from compiler.plan.text import text

        sys.stdout.write(text(found))


def _json(found: Plan, code: int) -> str:
    from compiler.plan.encode import encode

    return json.dumps(encode(found, code=code), ensure_ascii=True, indent=1) + "\n"


def _show(arguments: list[str], told: str, today: date) -> int:
    """Prints a saved plan. One that no longer fits the folder is only warned of: reading it must always work."""
    if len(arguments) != 1:
        raise UsageProblem("name one saved plan: `convo plan show plan.json`")
    from commands.planning import saved

    found, code = saved(Path(arguments[0]))
    _tell(found, told, code)
    sys.stdout.flush()
    for tenant in _stale(found, today):
        print(f"warning: {tenant} is not as this plan says any more; make a new one", file=sys.stderr)
    return code


def _stale(found: Plan, today: date) -> list[str]:
    """Tenants of a plan's head folder that compile to something else by now."""
    root = Path(found.head.name)
    if found.head.commit or (not (root / "tenant.yaml").is_file() and not root.is_dir()):
        return []
    from commands.planning import digests

    now = digests(root, today)
    return [
        t.tenant for t in found.tenants if t.head_digest and now.get(t.tenant, t.head_digest) != t.head_digest
    ]


def _tenants(given: list[str]) -> tuple[Path, tuple[str, ...]]:
    from commands.compile import tenants_of

    return tenants_of([Path(name) for name in given])


def waive(
    tenant: Annotated[str, typer.Argument(help="slug, or tenants/<slug>")],
    *,
    rule: Annotated[str, typer.Option(help="the rule, as the plan names it")],
    subject: Annotated[str, typer.Option(help="what it is about, as the plan names it: `policy strikes`")],
    plan_: Annotated[Path, typer.Option("--plan", help="the saved plan with the change")],
    reason: Annotated[str, typer.Option(help="why it may go through")],
    expires: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="first day on which the waiver no longer holds")
    ],
    key: Annotated[Path, typer.Option(help="your private Ed25519 key (PEM)")],
    by: Annotated[str, typer.Option(help="your name, as a check (default: whose key it is)")] = "",
    author: Annotated[str, typer.Option(help="who made the change (default: as git tells); never you")] = "",
    today: Today = None,
) -> int:
    """Let one change of a plan through, by name, until a day. Signs a line of waivers.yaml.

    Exit code 1 when it is refused: then nothing was written.
    """
    from commands.options import tenant_path
    from commands.waiving import Refused, Wanted, waive_changes

    wanted = Wanted(
        rule=rule, subject=subject, reason=reason, expires=f"{expires.date()}", by=by, author=author
    )
    try:
        lines = waive_changes(Path(tenant_path(tenant)), plan_, wanted, key=key, today=day_of(today))
    except Refused as refused:
        print(f"convo: {refused}", file=sys.stderr)
        return WRONG
    for line in lines:
        print(f"{line['rule']} for `{line['subject']}` is waived by {line['by']} until {line['expires']}")
    return OK
