"""`convo ci`: the few steps of the shipped workflow that are about the code host and not about tenants."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import Slug, Stage, Today, day_of

if TYPE_CHECKING:
    from commands.comment import Host
    from runtime.console import Console

Pull = Annotated[int, typer.Option("--pr", min=1, help="number of the pull request")]

Api = Annotated[str, typer.Option(envvar="GITHUB_API_URL", help="root of the API")]
Repository = Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="owner/name")]
TokenRef = Annotated[str, typer.Option(help="env:NAME or file:PATH of the code host's token")]
GITHUB = "https://api.github.com"
TOKEN = "env:GITHUB_TOKEN"  # noqa: S105  (where it is, not what it is)
BOT = "github-actions[bot]"


def comment(
    pr: Pull,
    file: Annotated[list[Path], typer.Option(help="Markdown; repeat for several, the most important first")],
    *,
    head: Annotated[
        str | None, typer.Option(help="the commit it is about: say nothing when the pull request moved on")
    ] = None,
    api: Api = GITHUB,
    repository: Repository = "",
    token_ref: TokenRef = TOKEN,
    author: Annotated[
        str, typer.Option(help="whose comment is edited: the account the token belongs to")
    ] = BOT,
) -> int:
    """Write or edit the one comment of convo on a pull request."""
    from commands.comment import HostRefused, body_of

    host = _host(api, repository, token_ref, author)
    body = body_of([_read(path) for path in file])
    try:
        if head is not None and (now := host.head(pr)) != head:
            print(f"pull request {pr} has moved on to {now[:12]}: nothing is said about {head[:12]}")
            return OK
        print(host.post(pr, body))
    except HostRefused as refused:
        print(f"convo: {refused}", file=sys.stderr)
        return WRONG
    return OK


def pull(
    commit: Annotated[str, typer.Argument(help="full sha")],
    *,
    head: Annotated[str, typer.Option(help="only of this branch: owner/name:branch")] = "",
    api: Api = GITHUB,
    repository: Repository = "",
    token_ref: TokenRef = TOKEN,
) -> int:
    """The number of the one open pull request into the default branch whose head is this commit; from a fork, too.

    Where there is none, or several, it prints no number, says which there are and ends with 0: there is nothing to act on.
    Exit code 1 when the code host does not answer.
    """
    from commands.comment import HostRefused

    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise UsageProblem(f"`{commit}` is no full sha of a commit")
    host = _host(api, repository, token_ref, BOT)
    try:
        found = host.open_at(commit, head)
    except HostRefused as refused:
        print(f"convo: {refused}", file=sys.stderr)
        return WRONG
    if len(found) == 1:
        print(found[0])
        return OK
    named = ", ".join(f"#{number}" for number in found)
    which = f"several, {named}" if found else "no open pull request into the default branch"
    print(f"at {commit[:12]} there is {which}: nothing is done", file=sys.stderr)
    return OK


def _host(api: str, repository: str, token_ref: str, author: str) -> Host:
    """The code host, with its token. Raises UsageProblem."""
    from commands.comment import Host
    from runtime.errors import SecretMissing
    from runtime.references import read_reference

    try:
        token = read_reference(token_ref, os.environ).strip()
    except SecretMissing as missing:
        raise UsageProblem(str(missing)) from None
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageProblem("name the repository: --repository owner/name")
    if not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/|$)", api):
        raise UsageProblem(f"{api}: a token goes over https:// only (or to this machine)")
    return Host(api=api.rstrip("/"), repository=repository, token=token, author=author)


def active(tenant: Slug, stage: Stage = "sandbox") -> int:
    """The digest in force, or `none`: what `convo activate --expect-active` is given later."""
    from commands.connected import with_console

    async def act(console: Console) -> int:
        rows = await console.status(stage)
        print(next((row["digest"] for row in rows if row["tenant"] == tenant), "none"))
        return OK

    return with_console(act)


def tenants(
    *,
    stage: Annotated[
        Literal["sandbox", "staging", "live"], typer.Option(help="those with a connection of this stage")
    ],
    plan: Annotated[
        Path | None, typer.Option(help="a saved plan: nobody goes while it holds what nobody let through")
    ] = None,
    root: Annotated[Path, typer.Option(help="the folder of tenants")] = Path("tenants"),
    today: Today = None,
) -> int:
    """The tenants that may go to a stage, one a line. Those left out are told, with why, and are no failure.

    Left out: who has no connection of the stage; who is not wholly approved, beyond the sandbox. Exit code 1 for any other
    error, and while the plan holds an open change.
    """
    from commands.going import going_to, open_in
    from compiler.diagnostics.escape import log_line

    if plan is not None and (still := open_in(plan)):
        print("\n".join(["convo: nobody let this through:", *map(log_line, still)]), file=sys.stderr)
        return WRONG
    found = going_to(root, stage, today=day_of(today))
    for slug, why in found.left_out.items():
        print(log_line(f"{slug} is left out: {why}"), file=sys.stderr)
    for fault in found.faults:
        print(log_line(fault), file=sys.stderr)
    for slug in found.may:
        print(slug)
    return WRONG if found.faults else OK


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: {error}") from None
