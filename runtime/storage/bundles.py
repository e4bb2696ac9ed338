"""Published bundles and the pointers that say which is in force; activation lays out the tables the runtime executes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import uuid4

from runtime.errors import BundleMissing, BundleRefused, PointerMoved
from runtime.ports import Activation, Embedder, EmbedderDown
from runtime.storage.drills import is_gate, not_drilled
from runtime.storage.embeddings import Embeddings
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from schemas.bundle import Bundle, BundleError, Claim, digest_of
from schemas.refusals import CONNECTION_TAKEN, INDEX_NOT_READY, OTHER_ORGANISATION, OTHER_TENANT

PUBLISH = "select bundle_publish_v1(%s, %s, %s, %s, %s, %s, %s)"
DRILLS = "select envelope from drill_envelopes_v1(%s, %s)"
FETCH = "select data, envelopes from bundle_fetch_v1(%s, %s)"
POINTERS = "select * from bundle_pointers_v1(%s, %s)"
ACTIVATE = "select * from bundle_activate_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
SAW = "select bundle_saw_v1(%s, %s, %s, %s, %s, %s, %s)"


class PgBundles:
    """Implements ports.Bundles. Any role may read; `publish` and `activate` need a pool of convo_owner."""

    def __init__(self, pool: Pool, tenants: Tenants, embedder: Embedder | None = None) -> None:
        self._pool = pool
        self._tenants = tenants
        self._embedder = embedder

    async def publish(self, tenant: str, data: bytes, envelope: bytes, *, by: str, now: datetime) -> str:
        """Store verified bytes and one more envelope over them, making the tenant if it is new.

        Raises BundleRefused when they are another tenant's.
        """
        bundle = _decoded(data)
        if bundle.tenant.slug != tenant:
            raise BundleRefused(OTHER_TENANT.says(f"the bundle is {bundle.tenant.slug}'s, not {tenant}'s"))
        owner = await self._tenants.ensure(
            tenant, name=bundle.tenant.display_name, organisation=bundle.tenant.organisation, now=now
        )
        if owner.organisation != bundle.tenant.organisation:
            moved = f"a bundle cannot move it to {bundle.tenant.organisation}"
            belongs = f"{tenant} belongs to organisation {owner.organisation}; {moved}"
            raise BundleRefused(OTHER_ORGANISATION.says(belongs))
        digest = digest_of(data)
        with _gated(tenant, digest):
            await self._pool.rows(
                PUBLISH, [owner.tenant_id, digest, data, envelope, bundle.unapproved, by, now]
            )
        with suppress(BundleRefused):  # activation asks again, and says so
            await self._embed(owner.tenant_id, bundle)
        return digest

    async def activate(
        self, tenant: str, stage: str, digest: str, *, expect_active: str | None, by: str, now: datetime
    ) -> Activation:
        """Move the pointer in one transaction. `expect_active`: a digest, `none` when nothing may be in force, None: whatever.

        The search by meaning is ready before: with an embedder, a text without its vector keeps a bundle out of force.
        Raises BundleMissing, PointerMoved, BundleRefused.
        """
        owner = await self._tenants.by_slug(tenant)
        data, _ = await self.fetch(owner.tenant_id, digest)
        bundle = _decoded(data)
        await self._embed(owner.tenant_id, bundle)
        connections = [
            {"id": c.id, "channel": c.channel} for c in bundle.connections.values() if c.stage == stage
        ]
        with _gated(tenant, digest, stage):
            row = await self._pool.row(
                ACTIVATE,
                [
                    owner.tenant_id,
                    stage,
                    digest,
                    expect_active,
                    by,
                    uuid4(),
                    now,
                    json.dumps(list(_rules(bundle))),
                    json.dumps({**asdict(bundle.policy), "legal_entity": bundle.tenant.legal_entity}),
                    bundle.unapproved,
                    bundle.tenant.organisation,
                    json.dumps([_claim(claim) for claim in bundle.claims.values()]),
                    json.dumps([text for claim in bundle.claims.values() for text in _texts(claim)]),
                    json.dumps(connections),
                ],
            )
        assert row is not None
        match row["outcome"]:
            case "activated":
                return Activation(
                    tenant=tenant,
                    tenant_id=owner.tenant_id,
                    stage=stage,
                    digest=digest,
                    serial=row["serial"],
                    by=by,
                    at=now,
                )
            case "moved":
                raise PointerMoved
            case "taken":
                taken = f"connection {row['detail']} belongs to another tenant"
                raise BundleRefused(CONNECTION_TAKEN.says(taken))
            case _:
                raise BundleMissing

    async def _embed(self, tenant_id: int, bundle: Bundle) -> None:
        if self._embedder is None:
            return
        texts = [text["text"] for claim in bundle.claims.values() for text in _texts(claim)]
        try:
            await Embeddings(self._pool, self._embedder).complete(tenant_id, texts)
        except EmbedderDown as error:
            unready = f"{self._embedder.name} gave no vectors for its claims ({error})"
            raise BundleRefused(INDEX_NOT_READY.says(unready)) from error

    async def active(self, stage: str) -> Sequence[Activation]:
        """What is in force, one per tenant that has a pointer for this stage."""
        return [_activation(row) for row in await self._pool.rows(POINTERS, [None, stage])]

    async def history(self, tenant: str, stage: str) -> Sequence[Activation]:
        """Every pointer, newest first."""
        return [_activation(row) for row in await self._pool.rows(POINTERS, [tenant, stage])]

    async def fetch(self, tenant_id: int, digest: str) -> tuple[bytes, Sequence[bytes]]:
        """(bundle bytes, every envelope over them, newest first). Raises BundleMissing."""
        row = await self._pool.row(FETCH, [tenant_id, digest])
        if row is None:
            raise BundleMissing
        return row["data"], tuple(row["envelopes"])

    async def drills(self, tenant_id: int, digest: str) -> Sequence[bytes]:
        """The envelopes of the last drills of a bundle that came to nothing, newest first; none of it is verified."""
        return [row["envelope"] for row in await self._pool.rows(DRILLS, [tenant_id, digest])]

    async def saw(
        self,
        tenant_id: int,
        *,
        process: str,
        stage: str,
        digest: str | None,
        wanted: str,
        error: str | None,
        now: datetime,
    ) -> None:
        """Note what a process holds now, and why not what the pointer wants."""
        await self._pool.rows(SAW, [tenant_id, process, stage, digest, wanted, error, now])


@contextmanager
def _gated(tenant: str, digest: str, stage: str = "") -> Iterator[None]:
    """What the database's own gate stops is a refusal, told as everywhere else."""
    try:
        yield
    except Exception as error:
        if is_gate(error):
            raise not_drilled(tenant, digest, stage=stage) from error
        raise


def _decoded(data: bytes) -> Bundle:
    try:
        return Bundle.decode(data)
    except BundleError as error:
        raise BundleRefused(str(error)) from error


def _rules(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for n, rule in enumerate(bundle.send_table, start=1):
        yield {
            "n": n,
            "row_no": rule.row,
            "state": rule.state,
            "send_class": rule.send_class,
            "channel": rule.channel,
            "effect": rule.effect,
            "only_when": rule.only,
            "otherwise": rule.otherwise,
            "until": rule.until,
            "rule": rule.rule,
        }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "claim_id": claim.id,
        "claim_digest": claim.digest,
        "effective": claim.effective,
        "expires": claim.expires,
        "approved": claim.approved and bool(claim.approvals),
        "approved_until": _approved_until(claim),
    }


def _approved_until(claim: Claim) -> str | None:
    """The first day on which none of the approvals holds any more; None when one of them has no end."""
    ends = [approval.expires for approval in claim.approvals]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def _texts(claim: Claim) -> Iterator[dict[str, Any]]:
    """What a claim is found by: its example questions first, then its own wording."""
    languages = sorted(claim.texts)
    found = [("question", languages[0] if languages else "en", text) for text in claim.questions]
    found += [
        ("text", language, claim.texts[language][variant])
        for language in languages
        for variant in sorted(claim.texts[language])
    ]
    for n, (kind, language, text) in enumerate(found, start=1):
        yield {"claim_id": claim.id, "n": n, "kind": kind, "language": language, "text": text}


def _activation(row: dict[str, Any]) -> Activation:
    return Activation(
        tenant=row["tenant"],
        tenant_id=row["tenant_id"],
        stage=row["stage"],
        digest=row["digest"],
        serial=row["serial"],
        by=row["activated_by"],
        at=row["activated_at"],
        attestations=row["attestations"],
    )
