"""For reviewers: approve exact words with one's own key or from a review, and see what is approved and what is not."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import AsJson, TenantPath, Today, day_of, tenant_path

if TYPE_CHECKING:
    from commands.approving import Desk
    from compiler.approvals import Person, Subject

HOLDS_DAYS = 365  # unless --expires says otherwise: wording is looked at again every year
MARKS = {"approved": "ok", "expired": "EXPIRED", "void": "VOID", "partly": "PARTLY", "none": "-"}


def approve(
    tenant: TenantPath,
    subjects: Annotated[
        list[str] | None,
        typer.Argument(help="claims (DD-D04) and scripts (persona, campaign/hello, quick_reply/free-way)"),
    ] = None,
    *,
    key: Annotated[Path | None, typer.Option(help="your private Ed25519 key (PEM)")] = None,
    by: Annotated[str, typer.Option(help="your name, as a check (default: whose key it is)")] = "",
    author: Annotated[
        str, typer.Option(help="who else wrote the words, beside those git names; never you")
    ] = "",
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="first day it no longer holds (default: a year on)"),
    ] = None,
    ref: Annotated[str, typer.Option(help="where your review can be read")] = "",
    all_changed: Annotated[
        bool, typer.Option(help="all that differs from --base, else all that is not approved")
    ] = False,
    base: Annotated[
        str, typer.Option(help="what this is to be merged into (commit or folder): its approvers count")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, for scripts")] = False,
    revoke: Annotated[bool, typer.Option(help="remove the approvals of these instead")] = False,
    from_review: Annotated[
        str, typer.Option(help="HOST/owner/repository#N: sign what this pull request's reviews covered")
    ] = "",
    ci_key: Annotated[
        Path | None, typer.Option(help="with --from-review: CI's key, enrolled under review_keys")
    ] = None,
    token_ref: Annotated[
        str, typer.Option(help="env:NAME or file:PATH of the code host's token")
    ] = "env:GITHUB_TOKEN",  # noqa: S107  (where it is, not what it is)
    api: Annotated[str, typer.Option(help="address of the code host's API, if it is not the usual one")] = "",
    today: Today = None,
) -> int:
    """Approve the exact words of claims and scripts. Shows all you answer for and what changed, asks, signs, writes.

    Exit code 1 when it is refused: then nothing was written. With --from-review, 4 when lines of reviews that no longer
    count were struck.
    """
    from commands.approving import Refused, desk

    # Whoever checks may be west of here, where this day has not begun.
    day = day_of(today) if today else min(day_of(None), datetime.now(UTC).date())
    there = desk(Path(tenant_path(tenant)), day)
    until = expires.date() if expires else there.today + timedelta(days=HOLDS_DAYS)
    try:
        if from_review:
            from commands.reviews import approve_from_review

            wanted = [there.subject(name).id for name in subjects or ()]
            return approve_from_review(
                there,
                from_review,
                wanted,
                until=until,
                key=_named(ci_key, "--ci-key"),
                token_ref=token_ref,
                api=api,
            )
        ids = _chosen(there, subjects or [], all_changed=all_changed, base=base, revoke=revoke)
        if revoke:
            return _revoke(there, ids, by=by, yes=yes)
        return _approve(
            there, ids, _named(key, "--key"), by=by, author=author, until=until, ref=ref, base=base, yes=yes
        )
    except Refused as refused:
        print(f"convo: {refused}", file=sys.stderr)
        return WRONG


def approvals(
    tenant: TenantPath,
    subjects: Annotated[list[str] | None, typer.Argument(help="only these, and in full")] = None,
    *,
    json_: AsJson = False,
    today: Today = None,
) -> int:
    """What is approved, by whom, until when; what is not, and which words made an approval void.

    Exit code 1 when anything is not approved.
    """
    from commands.approving import desk, shown
    from compiler.approvals.show import standings

    there = desk(Path(tenant_path(tenant)), day_of(today))
    wanted = {there.subject(name).id for name in subjects or ()}
    rows = [s for s in standings(there.judged, f"{there.today}") if not wanted or s.subject in wanted]
    if json_:
        print(
            json.dumps(
                {"tenant": there.source.slug, "subjects": [asdict(row) for row in rows]}, ensure_ascii=False
            )
        )
    else:
        if wanted:
            shown(there, [row.subject for row in rows])
        for row in rows:
            print(f"{MARKS[row.state]:<8} {row.subject:<28} {row}")
        for fault in there.judged.faults:
            print(f"{fault.code} {fault.message}")
    return OK if all(row.state == "approved" for row in rows) else WRONG


def _chosen(there: Desk, names: list[str], *, all_changed: bool, base: str, revoke: bool) -> list[str]:
    """The ids to act on. Raises UsageProblem when none are named."""
    from commands.approving import changed_since

    if all_changed and (names or revoke):
        raise UsageProblem("--all-changed chooses by itself; name claims and scripts, or let it choose")
    if all_changed:
        return changed_since(there, base)
    if not names:
        raise UsageProblem("name what to approve, or say --all-changed")
    if revoke:  # also what is no longer there: its lines are why the compiler complains
        return list(dict.fromkeys(names))
    return list(dict.fromkeys(there.subject(name).id for name in names))


def _approve(
    there: Desk,
    ids: list[str],
    key_path: Path,
    *,
    by: str,
    author: str,
    until: date,
    ref: str,
    base: str,
    yes: bool,
) -> int:
    from commands import approving
    from commands.wrote import addresses_of
    from compiler.approvals.propose import Approval, line_of
    from compiler.pipeline import enrolled

    key = approving.key_at(key_path)
    person = approving.signer_of(there, key, by)
    mine = [id_ for id_ in ids if there.subject(id_).kind in person.approves]
    _said_of_others(person, [id_ for id_ in ids if id_ not in mine])
    if not mine:
        print("nothing to approve")
        return OK if not ids else WRONG
    approving.shown(there, mine)
    if not approving.confirmed(
        f"{person.name} ({person.role}) approves these {len(mine)} until {until}?", yes=yes
    ):
        print("nothing was approved")
        return WRONG
    now = approving.desk(there.path, there.today)
    approving.unchanged(there, now, mine)

    addresses = addresses_of(person.name, there.path)

    def line(subject: Subject) -> dict[str, Any]:
        approval = Approval(
            by=person.name,
            role=person.role,
            on=f"{now.today}",
            expires=f"{until}",
            ref=ref or "signed with the approver's own key",
            author=approving.author_of(now, person, author, subject, addresses),
            via="key",
            key=key.keyid,
        )
        return line_of(now.source.slug, subject, approval, key.sign)

    enrolment = None
    if base:
        from commands.gitref import folder_at
        from compiler.approvals import Enrolment

        with folder_at(base, there.path.parent) as folder:
            enrolment = enrolled(folder).get(there.path.name, Enrolment())
    gone = approving.enter(now, [line(now.subject(id_)) for id_ in mine], enrolments=[enrolment])
    _told(mine, person.name, gone)
    return OK


def _revoke(there: Desk, ids: list[str], *, by: str, yes: bool) -> int:
    from commands import approving

    whose = f"{by}'s approvals" if by else "every approval"
    if not approving.confirmed(f"remove {whose} of {', '.join(ids)}?", yes=yes):
        print("nothing was removed")
        return WRONG
    count = approving.strike(there, ids, by)
    print(f"removed {count} line(s) from {there.source.slug}/approvals.yaml")
    print("what is already published stays as it is: `convo withdraw` makes words unsayable at once")
    return OK if count else WRONG


def _said_of_others(person: Person, ids: list[str]) -> None:
    if ids:
        may = ", ".join(sorted(person.approves))
        print(f"left out, as {person.name} may approve {may}: {', '.join(ids)}")


def _told(ids: list[str], by: str, gone: list[str]) -> None:
    print(f"{by} approved {', '.join(ids)}")
    for each in gone:
        print(f"removed, as it is no longer needed: {each}")


def _named(path: Path | None, option: str) -> Path:
    if path is None:
        raise UsageProblem(f"name the key that signs: {option}")
    return path
