"""Putting bundles in force: publish, activate, roll back, look; and keys to sign with."""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import CHANGES, OK, WRONG, UsageProblem
from commands.connected import with_console
from commands.options import AsJson, By, Slug, Stage, Today, day_of, digest_given, operator, read_bundle
from schemas.bundle import Bundle
from schemas.refusals import STALE_PLAN
from schemas.signing import RAW_PREFIX, public_key

if TYPE_CHECKING:
    from compiler.plan.whole import Plan
    from compiler.write import SigningKey
    from runtime.console import Console

SHOWN = 3  # open changes of a plan that are named


def publish(
    path: Annotated[
        Path, typer.Argument(help="a bundle .json with its .dsse.json beside it, or tenants/<slug>")
    ],
    sign_key: Annotated[
        Path | None, typer.Option(help="for a folder: the Ed25519 key (PEM) that signs it")
    ] = None,
    stage: Stage = "sandbox",
    by: By = "",
    today: Today = None,
) -> int:
    """Store a signed bundle, so that it can be activated. Prints its digest."""
    tenant, data, envelope = _signed_bundle(path, sign_key, stage, today)

    async def act(console: Console) -> int:
        print(await console.publish(tenant, data, envelope, stage=stage, by=operator(by)))
        return OK

    return with_console(act)


def activate(
    tenant: Slug,
    digest: Annotated[str, typer.Argument(help="sha256:... as `publish` printed it")] = "",
    *,
    plan: Annotated[
        Path | None,
        typer.Option(help="a saved plan: activate what it led to, and only on what it was made against"),
    ] = None,
    expect_active: Annotated[
        str | None, typer.Option(help="refuse unless this digest (or `none`) is in force now")
    ] = None,
    stage: Stage = "sandbox",
    by: By = "",
) -> int:
    """Put a published bundle in force. Running processes take it within seconds and drop no message.

    With --plan: the bundle the plan led to, refused when the one in force is not the one the plan was made against, and
    when the plan holds changes that nobody has let through.
    """
    if plan is not None:
        if digest or expect_active:
            raise UsageProblem("--plan names both digests: give no other")
        planned, code = _planned(plan, tenant)
        if planned.open or code not in (OK, CHANGES):
            print(f"convo: {_still_open(plan, planned)}", file=sys.stderr)
            return WRONG
        expect_active, digest = _digests(planned, tenant)
    elif not digest:
        raise UsageProblem("name the digest to activate, or a saved plan: --plan plan.json")

    async def act(console: Console) -> int:
        from runtime.errors import PointerMoved

        try:
            pointer = await console.activate(
                tenant,
                stage,
                digest_given(digest),
                expect_active=expect_active and digest_given(expect_active),
                by=operator(by),
            )
        except PointerMoved:
            if plan is None:
                raise
            moved = f"{tenant}/{stage} is no longer at {expect_active}, which {plan} was made against"
            message = STALE_PLAN.says(moved)
            print(f"convo: {message}; nothing was activated. Make a new plan: `convo plan`", file=sys.stderr)
            return WRONG
        print(f"{tenant}/{stage}: {pointer.digest} is in force (serial {pointer.serial})")
        return OK

    return with_console(act)


def _planned(path: Path, tenant: str) -> tuple[Plan, int]:
    """A saved plan and the code it came with. Raises UsageProblem when it leads to no bundle of the tenant."""
    from commands.planning import saved

    plan, code = saved(path)
    if not any(each.tenant == tenant and each.head_digest for each in plan.tenants):
        raise UsageProblem(f"{path} leads to no bundle of {tenant}")
    return plan, code


def _digests(plan: Plan, tenant: str) -> tuple[str, str]:
    """(what must be in force, what to activate)."""
    found = next(each for each in plan.tenants if each.tenant == tenant)
    return found.base_digest or "none", found.head_digest or ""


def _still_open(path: Path, plan: Plan) -> str:
    """What a plan still needs, the first few by name."""
    from compiler.diagnostics.escape import visible

    names = [visible(f"{owner}: {row.change.rule} for `{row.change.subject}`") for owner, row in plan.open]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    what = f"still needs somebody's approval: {'; '.join(names[:SHOWN])}{more}" if names else "does not hold"
    return (
        f"{path} {what}; nothing was activated. Have it approved or waived, then make the plan again:"
        " `convo plan --out`"
    )


def rollback(tenant: Slug, stage: Stage = "sandbox", by: By = "") -> int:
    """Put the bundle in force that was before the present one; once more, the one before that."""

    async def act(console: Console) -> int:
        pointer = await console.rollback(tenant, stage, by=operator(by))
        print(f"{tenant}/{stage}: back to {pointer.digest} (serial {pointer.serial})")
        return OK

    return with_console(act)


def status(stage: Stage = "sandbox", json_: AsJson = False) -> int:
    """Which bundle each tenant should use and which one each process really uses.

    Exit code 1 when they differ, or when a connection cannot be served.
    """

    async def act(console: Console) -> int:
        rows = await console.status(stage)
        if json_:
            print(json.dumps(rows))
        elif not rows:
            print(f"nothing is in force on {stage}")
        else:
            for row in rows:
                print(f"{row['tenant']}/{stage}  {row['digest']}  serial {row['serial']}")
                for seen in row["processes"]:
                    state = _state(seen["digest"] == row["digest"], seen["error"])
                    print(f"    {seen['process']:<24} {seen['digest'] or 'nothing'}  {state}")
        wrong = any(
            seen["digest"] != row["digest"] or seen["error"] for row in rows for seen in row["processes"]
        )
        return WRONG if wrong or not rows else OK

    return with_console(act)


def _state(current: bool, error: str | None) -> str:
    if current:
        return f"NOT ALL SERVED: {error}" if error else "ok"
    return f"STALE: {error or 'not yet taken'}"


def keys_new(
    path: Annotated[
        Path, typer.Argument(help="where the private key goes; the public one goes beside it as .pub")
    ],
) -> int:
    """A fresh Ed25519 pair, to sign bundles or approvals with."""
    from compiler.write import new_key
    from drills.devkeys import write_private

    private, public = new_key()
    try:
        write_private(path, private)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    path.with_suffix(".pub").write_bytes(public)
    print(f"private key {path}; public key {path.with_suffix('.pub')}: name it in CONVO_TRUST")
    raw = base64.b64encode(public_key(public)).decode()
    print(f"{RAW_PREFIX}{raw}  is the public key in one line, as tenant.yaml enrols approvers and CI")
    return OK


def read_signing_key(path: Path) -> SigningKey:
    """The key of a file. Raises UsageProblem."""
    from cryptography.exceptions import UnsupportedAlgorithm

    from compiler.write import signing_key

    try:
        return signing_key(path.read_bytes())
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageProblem(
            f"{path}: no unencrypted Ed25519 private key (PEM); `convo keys new` makes one"
        ) from None


def _signed_bundle(
    path: Path, sign_key: Path | None, stage: str, today: datetime | None
) -> tuple[str, bytes, bytes]:
    """(tenant, bundle bytes, envelope) of a bundle file, or of a folder compiled and signed now."""
    if path.is_dir():
        from compiler.pipeline import compile_tenant
        from compiler.write import sign

        if sign_key is None:
            raise UsageProblem("to publish a folder, name the key that signs it: --sign-key")
        key = read_signing_key(sign_key)
        compiled = compile_tenant(path, day_of(today), stage=stage, authority=True)
        return (
            compiled.tenant,
            compiled.bundle,
            sign(compiled.bundle, tenant=compiled.tenant, stages=[stage], keys=[key]),
        )
    beside = path.with_name(path.name.removesuffix(".json") + ".dsse.json")
    try:
        data, envelope = read_bundle(path), beside.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{error.filename}: {error.strerror}") from None
    return Bundle.decode(data).tenant.slug, data, envelope
