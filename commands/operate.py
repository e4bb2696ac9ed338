"""For operators: why a message was sent, what is stuck, stop and start, secrets, the audit."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import socket
import sys
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from commands import OK, WRONG, UsageProblem
from commands.connected import with_console
from commands.options import AsJson, By, Slug, operator

if TYPE_CHECKING:
    from runtime.console import Console

Kind = Annotated[
    Literal["dead_letter", "outbox", "reject"], typer.Argument(help="as `queue list` shows it under `kind`")
]


def why(
    message: Annotated[str, typer.Argument(help="id of a message: ours, or the provider's")],
    tenant: Annotated[str | None, typer.Argument(help="slug (default: whoever has such a message)")] = None,
) -> int:
    """Everything behind one message: sentences, claims, approvers, the decision to send and the rule that took it."""

    async def act(console: Console) -> int:
        found = await console.why(tenant, message)
        if found is None:
            print(
                f"convo: {tenant or 'no tenant'} has {'no' if tenant else 'a'} message {message}",
                file=sys.stderr,
            )
            return WRONG
        print(json.dumps(found, indent=2, default=str, ensure_ascii=False))
        return OK

    return with_console(act)


def queue_list(
    tenant: Annotated[str | None, typer.Argument(help="slug (default: every tenant)")] = None,
) -> int:
    """What will not move by itself, as JSON lines: dead letters; sends that are unknown, failed or not_sent; rejected events."""

    async def act(console: Console) -> int:
        for row in await console.stuck(tenant):
            print(json.dumps(row, default=str))
        return OK

    return with_console(act)


def queue_replay(tenant: Slug, kind: Kind, item: Annotated[UUID, typer.Argument()], by: By = "") -> int:
    """Try a dead letter or an unknown send again."""

    async def act(console: Console) -> int:
        done = await console.replay(tenant, kind, item, by=operator(by))
        print("queued again" if done else "nothing there to replay")
        return OK if done else WRONG

    return with_console(act)


def queue_discard(
    tenant: Slug,
    kind: Kind,
    item: Annotated[UUID, typer.Argument()],
    reason: Annotated[str, typer.Option(help="stands in the audit")],
    by: By = "",
) -> int:
    """Give a dead letter or an unknown send up, with a reason."""

    async def act(console: Console) -> int:
        done = await console.discard(tenant, kind, item, by=operator(by), reason=reason)
        print("discarded" if done else "nothing there to discard")
        return OK if done else WRONG

    return with_console(act)


def kill(
    tenant: Annotated[str, typer.Argument(help="slug, or ALL")],
    reason: Annotated[str, typer.Option(help="stands in the audit")],
    everything: Annotated[bool, typer.Option(help="stop people too, not only automatic messages")] = False,
    by: By = "",
) -> int:
    """Stop sending now. Two people are needed to enable it again."""

    async def act(console: Console) -> int:
        in_flight = await console.kill(tenant, everything=everything, by=operator(by), reason=reason)
        print(f"stopped; {in_flight} message(s) were being sent at that moment")
        return OK

    return with_console(act)


def _claimed(by: str) -> str:
    """A name as given, with the login and machine it was given from: `Ada Example (login ada@host)`.

    Whoever has this shell may claim any name; what stands beside it is what the machine itself says.
    """
    name = " ".join(operator(by).replace("(", " ").replace(")", " ").split())
    try:
        login = pwd.getpwuid(os.getuid()).pw_name  # not getpass: LOGNAME and USER say what one likes
    except KeyError:
        login = str(os.getuid())
    return f"{name} (login {login}@{socket.gethostname()})"


def enable(tenant: Annotated[str, typer.Argument(help="slug, or ALL")], by: By = "") -> int:
    """Ask to send again, or be the second person to agree. Exit code 1 while the second is missing, or ALL is stopped."""

    async def act(console: Console) -> int:
        found = await console.enable(tenant, by=_claimed(by))
        if found.state == "waiting":
            print(
                f"noted for {_claimed(by)}; another person must run this too. Names are what this shell's user claims: "
                "the audit keeps the login and the machine beside each"
            )
        elif not found.still:
            print("sending again" if found.state == "enabled" else "nothing is stopped")
        elif found.state == "enabled" and tenant == "ALL":
            print("sending again, except:")
        for stopped, who in found.still.items():
            if found.state != "waiting" or stopped != tenant:
                print(f"still stopped for {stopped} by {who}")
        stands = found.still if tenant != "ALL" else found.still.keys() & {tenant}
        return WRONG if found.state == "waiting" or stands else OK

    return with_console(act)


def audit_verify(json_: AsJson = False) -> int:
    """Check every audit chain, root and row an entry names, and say what could not show. Exit code 1 when anything is wrong."""

    async def act(console: Console) -> int:
        found = await console.verify_audit()
        if json_:
            print(json.dumps(found, default=str))
            return OK if found["ok"] else WRONG
        for finding in found["findings"]:
            where = (
                f"{finding['stream']} entry {finding['n']}" if finding["stream"] else f"root {finding['n']}"
            )
            print(f"{finding['kind']}: {where}: {finding['message']}")
        until = found["sealed_until"]
        print(f"{found['entries']} entries in {found['streams']} streams under {found['roots']} roots")
        print(f"sealed until {until.isoformat(timespec='seconds')}" if until else "nothing is sealed yet")
        print(f"{found['unsealed']} entries are newer: only their chain protects them")
        for what, done in (
            ("signatures", found["signatures_checked"]),
            ("exported copy", found["export_checked"]),
        ):
            print(f"{what}: {'checked' if done else 'NOT checked'}")
        for limit in found["limits"]:
            print(f"limit: {limit}")
        return OK if found["ok"] else WRONG

    return with_console(act)


def secret_set(
    tenant: Slug,
    name: Annotated[str, typer.Argument(help="the NAME of secret:NAME in channels.yaml")],
    by: By = "",
) -> int:
    """Store a secret, encrypted. The value is read from the terminal or from stdin, never from the arguments."""
    value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise UsageProblem("the value is empty")

    async def act(console: Console) -> int:
        await console.set_secret(tenant, name, value, by=operator(by))
        print(f"{tenant}: secret:{name} is set")
        return OK

    return with_console(act)


def desk_link(
    name: Annotated[str, typer.Option("--operator", help="who comes in")],
    role: Annotated[
        Literal["owner", "admin", "agent", "viewer"], typer.Option(help="what they may do")
    ] = "viewer",
) -> int:
    """A login to the desk that works once, for fifteen minutes, from this machine (development only)."""

    async def act(console: Console) -> int:
        settings = console.settings
        if not settings.dev:
            raise UsageProblem("login links are for development: CONVO_DEV is not 1")
        print(f"http://{settings.host}:{settings.port}{await console.desk_link(name, role)}")
        return OK

    return with_console(act)
