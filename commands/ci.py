"""`convo ci`: the few steps of the shipped workflow that are about the code host and not about tenants."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import Slug, Stage

if TYPE_CHECKING:
    from runtime.console import Console

Pull = Annotated[int, typer.Option("--pr", min=1, help="number of the pull request")]
GIT_WITHIN_S = 60
_PULL = re.compile(r"([0-9a-f]{40,64})\trefs/pull/([0-9]+)/head")


def comment(
    pr: Pull,
    file: Annotated[list[Path], typer.Option(help="Markdown; repeat for several, the most important first")],
    *,
    head: Annotated[
        str | None, typer.Option(help="the commit it is about: say nothing when the pull request moved on")
    ] = None,
    api: Annotated[
        str, typer.Option(envvar="GITHUB_API_URL", help="root of the API")
    ] = "https://api.github.com",
    repository: Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="owner/name")] = "",
    token_ref: Annotated[
        str, typer.Option(help="env:NAME or file:PATH of the code host's token")
    ] = "env:GITHUB_TOKEN",  # noqa: S107  (where it is, not what it is)
    author: Annotated[
        str, typer.Option(help="whose comment is edited: the account the token belongs to")
    ] = "github-actions[bot]",
) -> int:
    """Write or edit the one comment of convo on a pull request."""
    from commands.comment import Host, HostRefused, body_of
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
    body = body_of([_read(path) for path in file])
    host = Host(api=api.rstrip("/"), repository=repository, token=token, author=author)
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
    remote: Annotated[str, typer.Option(help="where to ask")] = "origin",
) -> int:
    """The numbers of the pull requests that stand at a commit, one a line, those from forks too. Exit code 1 for none."""
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise UsageProblem(f"`{commit}` is no full sha of a commit")
    done = subprocess.run(
        ["git", "ls-remote", "--", remote, "refs/pull/*/head"],
        capture_output=True,
        text=True,
        check=False,
        timeout=GIT_WITHIN_S,
    )
    if done.returncode:
        raise UsageProblem(done.stderr.strip() or f"git cannot reach {remote}")
    found = [m[2] for line in done.stdout.splitlines() if (m := _PULL.fullmatch(line)) and m[1] == commit]
    for number in found:
        print(number)
    return OK if found else WRONG


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
    root: Annotated[Path, typer.Option(help="the folder of tenants")] = Path("tenants"),
) -> int:
    """The tenants that talk on a stage, one a line."""
    from compiler.load import load
    from compiler.source.read import read

    for slug, source in read(load(root)).items():
        if any(connection.stage == stage for connection in source.connections):
            print(slug)
    return OK


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{path}: {error}") from None
