"""The front door: parses arguments, prints, and is the one place where compiler and runtime meet.

Exit codes: 0 all is well, 1 there is something to put right (a diagnostic, a refusal), 2 the command cannot run as it was
given or configured, 3 `plan` or `diff` found changes, 4 one of them still needs somebody's approval or a waiver, 130
interrupted. Everything is imported where it is used: `convo compile --check` must stay quick.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from commands import OK, USAGE, WRONG

if TYPE_CHECKING:
    import typer

Command = Callable[..., int]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """The `convo` command."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["compile"]:  # without typer: loading it would cost more than the check
        sys.exit(_guarded(lambda: _compile(arguments[1:])))
    sys.exit(_guarded(lambda: _typer(arguments)))


def _guarded(run: Callable[[], int]) -> int:
    """Runs a command. What it may raise for its user becomes a message on stderr and an exit code."""
    try:
        return run()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `convo ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        print(f"convo: {error}", file=sys.stderr)
        return code


# By name, so that nothing needs to be imported to know them. An error that is not here is a fault of ours and shows itself.
_CODES = {
    "UsageProblem": USAGE,
    "SettingsError": USAGE,
    "NotConfigured": USAGE,
    "KeyUnusable": USAGE,
    "EmbeddedPostgresError": USAGE,
    "MigrationError": USAGE,
    "ConvoError": WRONG,
    "DatabaseDown": WRONG,
    "ChildrenGone": WRONG,
    "SignatureRefused": WRONG,
    "CompileRefused": WRONG,
    "CompileFailed": WRONG,
}


def _code_of(error: Exception) -> int | None:
    return next((_CODES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _CODES), None)


def _compile(arguments: Sequence[str]) -> int:
    from commands.compile import compile_tenants

    return compile_tenants(arguments)


def _typer(arguments: Sequence[str]) -> int:
    front()(args=list(arguments), prog_name="convo")
    return OK


def front() -> typer.Typer:
    """Every command but the fast path of `compile`, as typer knows them."""
    commands, groups = _table()
    made = _group(
        "Regulated firms talk to customers without losing a message or saying what nobody approved."
    )
    for panel, members in commands.items():
        for name, command in members.items():
            made.command(name, rich_help_panel=panel)(_exiting(command))
    for name, (panel, words, members) in groups.items():
        nested = _group(words)
        for inner, command in members.items():
            nested.command(inner)(_exiting(command))
        made.add_typer(nested, name=name, rich_help_panel=panel)
    return made


def _table() -> tuple[dict[str, dict[str, Command]], dict[str, tuple[str, str, dict[str, Command]]]]:
    """Every command by the panel of the help it stands in, and every group of commands."""
    from commands import (
        approvals,
        army,
        author,
        bundles,
        ci,
        completion,
        drill,
        init,
        operate,
        plan,
        plays,
        processes,
        proposing,
        sending,
        tenants,
        withdraw,
    )

    commands: dict[str, dict[str, Command]] = {
        "Start here": {
            "demo": processes.demo,
            "chat": tenants.chat,
            "serve": processes.serve,
            "doctor": processes.doctor,
            "init": init.init,
            "completion": completion.command(_table),
        },
        "Write tenants": {
            "compile": tenants.compile_,
            "explain": tenants.explain,
            "plan": plan.plan,
            "diff": plan.diff,
            "waive": plan.waive,
            "screen": tenants.screen,
            "review": tenants.review,
            "attack": drill.attack,
            "transcript": drill.transcript,
            "propose": proposing.propose,
            "fmt": author.fmt,
            "upgrade": author.upgrade,
            "uses": author.uses,
            "docs": author.docs,
            "why-send": sending.why_send,
            "send-table": sending.send_table,
            "approve": approvals.approve,
            "approvals": approvals.approvals,
        },
        "Put bundles in force": {
            "publish": bundles.publish,
            "activate": bundles.activate,
            "rollback": bundles.rollback,
            "status": bundles.status,
        },
        "Run one process": {
            "web": processes.web,
            "worker": processes.worker,
            "sender": processes.sender,
            "migrate": processes.migrate,
        },
        "Operate": {
            "why": operate.why,
            "kill": operate.kill,
            "enable": operate.enable,
            "withdraw": withdraw.withdraw,
        },
    }
    groups: dict[str, tuple[str, str, dict[str, Command]]] = {
        "queue": (
            "Operate",
            "Dead letters and sends whose fate is unknown.",
            {"list": operate.queue_list, "replay": operate.queue_replay, "discard": operate.queue_discard},
        ),
        "audit": ("Operate", "The audit trail.", {"verify": operate.audit_verify}),
        "secret": ("Operate", "Secrets of connections.", {"set": operate.secret_set}),
        "ci": (
            "Write tenants",
            "Steps of the workflow that are about the code host.",
            {"comment": ci.comment, "pull": ci.pull, "tenants": ci.tenants, "active": ci.active},
        ),
        "drill": (
            "Write tenants",
            "Tenants under attack, before people write to them.",
            {
                "attack": army.attack,
                "attest": army.attest,
                "personas": plays.personas,
                "facts": plays.facts,
            },
        ),
        "schema": (
            "Write tenants",
            "The schemas of tenant files.",
            {"export": author.schema_export},
        ),
        "desk": ("Operate", "The operators' pages.", {"link": operate.desk_link}),
        "keys": ("Put bundles in force", "Keys that sign bundles.", {"new": bundles.keys_new}),
    }
    return commands, groups


def _group(words: str) -> typer.Typer:
    import typer

    return typer.Typer(
        help=words,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def _exiting(command: Command) -> Callable[..., None]:
    """typer takes no exit code from a return value."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        raise SystemExit(command(*args, **kwargs))

    return run


if __name__ == "__main__":
    main()
