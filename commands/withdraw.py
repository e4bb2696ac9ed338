"""`convo withdraw`: words nobody may say any more, from this moment on, also in what already waits to be sent."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commands import OK, WRONG, UsageProblem
from commands.connected import with_console
from commands.options import By, Slug, digest_given, operator

if TYPE_CHECKING:
    from runtime.console import Console, Wording

STAGES = ("sandbox", "staging", "live")
AFTERWARDS = (
    "To say something on the subject again, change the words or their dates in the claim, have them approved, publish and "
    "activate: other words have another digest. These stay withdrawn."
)


def withdraw(
    tenant: Slug,
    what: Annotated[
        str, typer.Argument(help="a claim's id (as it is in force), or a digest sha256:...")
    ] = "",
    *,
    reason: Annotated[str, typer.Option(help="stands in the audit")] = "",
    stage: Annotated[
        Literal["sandbox", "staging", "live"] | None,
        typer.Option(help="only the words this stage's bundle has under that id (default: any stage's)"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, for scripts")] = False,
    list_: Annotated[bool, typer.Option("--list", help="show what was withdrawn")] = False,
    by: By = "",
) -> int:
    """Make the words of a claim unsayable at once, at every stage. What waits with them is composed again or dropped.

    One person is enough: it only ever stops. There is no undoing it; approved other words take their place.
    """
    if not list_ and not (what and reason.strip()):
        raise UsageProblem("name a claim or a digest, and why: --reason")

    async def act(console: Console) -> int:
        if list_:
            return await _listed(console, tenant)
        found = await console.wordings(tenant, digest_given(what), stages=[stage] if stage else STAGES)
        left = [wording for wording in found if not wording.gone]
        _shown(found)
        if not left:
            print(_nothing(tenant, what, found), file=sys.stderr)
            return WRONG
        if not _confirmed(tenant, left, yes=yes):
            print("nothing was withdrawn")
            return WRONG
        await console.withdraw(tenant, [w.digest for w in left], by=operator(by), reason=reason.strip())
        for wording in left:
            print(f"{tenant}: {_name(wording)} {wording.digest} may not be said any more")
        print(textwrap.fill(AFTERWARDS, 100))
        return OK

    return with_console(act)


async def _listed(console: Console, tenant: str) -> int:
    found = await console.withdrawals(tenant)
    for each in found:
        print(f"{each.at.isoformat(timespec='seconds')}  {each.claim_digest}  by {each.by}: {each.reason}")
    if not found:
        print(f"{tenant}: nothing was withdrawn")
    return OK


def _shown(found: Sequence[Wording]) -> None:
    from schemas.text import visible

    for wording in found:
        where = f"in force on {', '.join(wording.stages)}" if wording.stages else "in no bundle in force"
        print(f"{_name(wording)}  {wording.digest}  {where}")
        for language, texts in sorted(wording.claim.texts.items()) if wording.claim else ():
            for variant, text in sorted(texts.items()):
                print(textwrap.indent(textwrap.fill(f"{variant} ({language}): {visible(text)}", 96), "    "))
        print(f"    {wording.waiting} send(s) wait with it{'; withdrawn already' if wording.gone else ''}")


def _nothing(tenant: str, what: str, found: Sequence[Wording]) -> str:
    if found:
        return f"convo: {what} is withdrawn already"
    return (
        f"convo: no bundle in force of {tenant} has a claim {what}; a digest (sha256:...) works without one"
    )


def _confirmed(tenant: str, left: Sequence[Wording], *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageProblem("there is no terminal to ask on; --yes says it beforehand")
    answer = input(f"withdraw {len(left)} wording(s) of {tenant} for good? [y/N] ")
    return answer.strip().casefold() in {"y", "yes"}


def _name(wording: Wording) -> str:
    return wording.claim.id if wording.claim is not None else "a wording"
