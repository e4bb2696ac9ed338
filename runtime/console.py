"""What an operator does from the command line: one object over the database, without printing anything."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from runtime import jobs
from runtime.clock import clock_of
from runtime.crypto import Vault
from runtime.embedder import embedder_of
from runtime.errors import BundleMissing, BundleRefused
from runtime.messages import KillScope
from runtime.models.embedding import for_the_occasion
from runtime.ports import Activation, Clock
from runtime.references import read_reference
from runtime.settings import Settings
from runtime.storage import migrate as migrations
from runtime.storage.access import make_link
from runtime.storage.audit import PgAudit
from runtime.storage.bundles import PgBundles
from runtime.storage.desk import PgDesk
from runtime.storage.desk_rows import Withdrawal
from runtime.storage.drills import PgDrills, not_drilled
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Pool
from runtime.storage.sealing import seal_key
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants, TenantUnknown
from runtime.storage.wake import PgWake
from runtime.trust import sealing_keys, trusted_keys
from schemas.attested import DrillResult, not_of_the_future, verify_result, withstood
from schemas.bundle import Bundle, BundleError, Claim, digest_of
from schemas.refusals import NOT_PUBLISHED, UNAPPROVED
from schemas.signing import SignatureRefused, verify_any

DIGEST = "sha256:"
NONE = "none"  # `--expect-active none`: nothing is in force yet
EVERY_TENANT = "ALL"
NOT_SENT = "not_sent"  # what the desk and its cases call a send that the last look stopped


def migrate(settings: Settings) -> tuple[str, ...]:
    """Brings our tables and the jobs' to this version, as convo_owner. Returns what was applied."""
    url = settings.url("owner")
    applied = migrations.migrate(url, now=clock_of(settings.clock_offset_s).now())
    return (*applied, *(["procrastinate"] if jobs.prepare(url) else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enabling:
    """What became of asking to send again: `nothing` (was stopped), `waiting` (for the second person) or `enabled`; and
    what is stopped still, by slug or `ALL`, with who stopped it."""

    state: str
    still: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words that can be withdrawn: where they are in force, how many sends wait with them, and whether they are `gone`."""

    digest: str
    claim: Claim | None = None
    stages: tuple[str, ...] = ()
    waiting: int = 0
    gone: bool = False


def way_back(digests: Sequence[str]) -> str | None:
    """Where a rollback goes, given every digest that was in force, newest first; None when there is nothing before.

    Putting an earlier bundle in force takes back what came after it, so that a second rollback goes further back.
    """
    standing: list[str] = []
    for digest in reversed(digests):
        if digest in standing:
            del standing[standing.index(digest) :]
        standing.append(digest)
    return standing[-2] if len(standing) > 1 else None


@asynccontextmanager
async def open_console(settings: Settings) -> AsyncIterator[Console]:
    """Opens the pools that operators' commands need: convo_owner for bundles and secrets, convo_desk for the rest."""
    vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=os.environ)
    async with AsyncExitStack() as stack:
        owner, desk = [
            await stack.enter_async_context(Pool(settings.url(role), role=role, max_size=2))
            for role in ("owner", "desk")
        ]
        yield Console(
            settings=settings,
            clock=clock_of(settings.clock_offset_s),
            owner=owner,
            desk=desk,
            tenants=Tenants(owner, vault),
            wake=await stack.enter_async_context(PgWake(settings.url("owner"))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Every act is by somebody (`by`), at the clock's time, and audited where it happens. Tenants are named by slug."""

    settings: Settings
    clock: Clock
    owner: Pool
    desk: Pool
    tenants: Tenants
    wake: PgWake

    # ---- bundles ------------------------------------------------------------------------------------------------------

    async def publish(self, tenant: str, data: bytes, envelope: bytes, *, stage: str, by: str) -> str:
        """Checks and stores a bundle; returns its digest. Raises BundleRefused."""
        self._check(tenant, data, [envelope], stage)
        await self._check_drilled(tenant, digest_of(data), stage)
        return await self._bundles.publish(tenant, data, envelope, by=by, now=self.clock.now())

    async def attest(self, tenant: str, data: bytes, envelope: bytes, *, by: str) -> DrillResult:
        """Keeps what a trusted key says was played against exactly these bytes, published or not. Raises BundleRefused."""
        try:
            bundle = Bundle.decode(data)
            trusted = trusted_keys(self.settings.trust)
            result = verify_result(envelope, tenant=tenant, digest=digest_of(data), trusted=trusted)
            not_of_the_future(result, self.clock.now())
        except (SignatureRefused, BundleError) as refusal:
            raise BundleRefused(f"{tenant}: {refusal}") from refusal
        owner = await self.tenants.ensure(
            tenant,
            name=bundle.tenant.display_name,
            organisation=bundle.tenant.organisation,
            now=self.clock.now(),
        )
        await PgDrills(self.owner).record(owner.tenant_id, result, envelope, by=by, now=self.clock.now())
        return result

    async def activate(
        self, tenant: str, stage: str, digest: str, *, expect_active: str | None, by: str
    ) -> Activation:
        """Puts a published bundle in force. Raises BundleMissing, BundleRefused, PointerMoved."""
        owner = await self.tenants.by_slug(tenant)
        data, envelopes = await self._bundles.fetch(owner.tenant_id, digest)
        self._check(tenant, data, envelopes, stage)
        await self._check_drilled(tenant, digest, stage)
        history = await self._bundles.history(tenant, stage)
        active = history[0].digest if history else None
        expected = (active or NONE) if expect_active is None else expect_active
        pointer = await self._bundles.activate(
            tenant, stage, digest, expect_active=expected, by=by, now=self.clock.now()
        )
        self.wake.notify("bundles")
        return pointer

    async def rollback(self, tenant: str, stage: str, *, by: str) -> Activation:
        """Puts the bundle before the present one back; again, the one before that. Raises TenantUnknown, BundleMissing."""
        await self.tenants.by_slug(tenant)
        history = await self._bundles.history(tenant, stage)
        before = way_back([pointer.digest for pointer in history])
        if before is None:
            none = f"{tenant}/{stage} has no bundle before the present one to go back to"
            raise BundleMissing(NOT_PUBLISHED.says(none))
        return await self.activate(tenant, stage, before, expect_active=history[0].digest, by=by)

    async def status(self, stage: str) -> Sequence[Mapping[str, Any]]:
        """Each pointer of the stage with what every process that was heard of within the hour holds."""
        rows = []
        for pointer in await self._bundles.active(stage):
            held = await self.desk.rows("select * from bundle_held_v1(%s, %s)", [pointer.tenant_id, stage])
            rows.append(
                {
                    "tenant": pointer.tenant,
                    "digest": pointer.digest,
                    "serial": pointer.serial,
                    "by": pointer.by,
                    "at": pointer.at.isoformat(),
                    "processes": [{**row, "seen_at": row["seen_at"].isoformat()} for row in held],
                }
            )
        return rows

    # ---- the rest -----------------------------------------------------------------------------------------------------

    async def set_secret(self, tenant: str, name: str, value: str, *, by: str) -> None:
        """Stores what `secret:NAME` refers to, encrypted under the tenant's key."""
        tenant_id = await self._id(tenant)
        await PgSecrets(self.owner, self.tenants).set(tenant_id, name, value, by=by, now=self.clock.now())

    async def wordings(self, tenant: str, what: str, *, stages: Sequence[str]) -> Sequence[Wording]:
        """The words a claim id has in the bundles in force at these stages, or those of one digest. Raises TenantUnknown.

        A digest is found without a bundle too: what is not in force now could be put back.
        """
        tenant_id = await self._id(tenant)
        found: dict[str, Wording] = {}
        for stage in stages:
            for pointer in await self._bundles.active(stage):
                if pointer.tenant_id == tenant_id:
                    data, _ = await self._bundles.fetch(tenant_id, pointer.digest)
                    for claim in Bundle.decode(data).claims.values():
                        if what in (claim.id, claim.digest):
                            before = found.get(claim.digest, Wording(digest=claim.digest, claim=claim))
                            found[claim.digest] = replace(before, stages=(*before.stages, stage))
        if not found and what.startswith(DIGEST):
            found[what] = Wording(digest=what)
        waiting = await self._reads.waiting_with(tenant_id, list(found))
        gone = {w.claim_digest for w in await self._reads.withdrawn(tenant_id)}
        return [replace(w, waiting=waiting.get(w.digest, 0), gone=w.digest in gone) for w in found.values()]

    async def withdraw(self, tenant: str, digests: Sequence[str], *, by: str, reason: str) -> None:
        """Makes words unsayable at every stage, from the next last look on. There is no way back but other words."""
        tenant_id = await self._id(tenant)
        for digest in digests:
            await self._operations.withdraw(tenant_id, digest, by=by, reason=reason, now=self.clock.now())
        self.wake.notify("sends")
        self.wake.notify("turns")

    async def withdrawals(self, tenant: str) -> Sequence[Withdrawal]:
        """Every wording that was withdrawn, oldest first."""
        return await self._reads.withdrawn(await self._id(tenant))

    async def kill(self, tenant: str, *, everything: bool, by: str, reason: str) -> int:
        """Stops sending; `ALL` for every tenant. Returns how many messages were being sent."""
        scope = KillScope.EVERYTHING if everything else KillScope.MACHINE
        return await self._operations.kill(
            await self._id_or_all(tenant), scope, by=by, reason=reason, now=self.clock.now()
        )

    async def enable(self, tenant: str, *, by: str) -> Enabling:
        """Asks, as the first person or the second; what else stands in the way is in the answer."""
        tenant_id = await self._id_or_all(tenant)
        stopped = tenant in await self._stopped(tenant_id)
        state = await self._operations.enable(tenant_id, by=by, now=self.clock.now())
        self.wake.notify("sends")
        return Enabling(state=state if stopped else "nothing", still=await self._stopped(tenant_id))

    async def _stopped(self, tenant_id: int | None) -> Mapping[str, str | None]:
        """What keeps this tenant (None: any) from sending, with who stopped it: by slug, and `ALL`."""
        found: dict[str, str | None] = {}
        for owner in [None, *await self.tenants.every()]:
            if owner is None or tenant_id in (None, owner.tenant_id):
                slug = owner.slug if owner else EVERY_TENANT
                for row in await self.desk.rows(
                    "select * from desk_switches_v1(%s)", [owner and owner.tenant_id]
                ):
                    if row["kill_scope"] != KillScope.NONE.value:
                        found[EVERY_TENANT if row["of_all"] else slug] = row["killed_by"]
        return found

    async def stuck(self, tenant: str | None) -> Sequence[Mapping[str, Any]]:
        """What will not move by itself, of one tenant or of all: dead letters, sends that failed or may have gone.

        `state` of a send: unknown, failed (the provider refused it) or not_sent (`reason` is the rule that stopped it).
        """
        slugs = {owner.tenant_id: owner.slug for owner in await self.tenants.every()}
        found = await self._operations.stuck(await self._id(tenant) if tenant else None)
        rows = [{**asdict(row), "tenant": slugs.get(row.tenant_id)} for row in found]
        return [{**row, "state": NOT_SENT} if row["state"] == "dead" else row for row in rows]

    async def replay(self, tenant: str, kind: str, item: UUID, *, by: str) -> bool:
        """Tries a dead letter or an unknown send again."""
        done = await self._operations.replay(await self._id(tenant), kind, item, by=by, now=self.clock.now())
        self.wake.notify("turns")
        self.wake.notify("sends")
        return done

    async def discard(self, tenant: str, kind: str, item: UUID, *, by: str, reason: str) -> bool:
        """Gives a dead letter or an unknown send up."""
        return await self._operations.discard(
            await self._id(tenant), kind, item, by=by, reason=reason, now=self.clock.now()
        )

    async def why(self, tenant: str | None, message: str) -> Mapping[str, Any] | None:
        """Everything behind one message and whose it is, or None when the tenant (None: every one) has no such message."""
        owners = [await self.tenants.by_slug(tenant)] if tenant else await self.tenants.every()
        for owner in owners:
            if found := await self._operations.why(owner.tenant_id, message):
                return {"tenant": owner.slug, **found}
        return None

    async def verify_audit(self) -> Mapping[str, Any]:
        """Checks every chain and root; signatures against CONVO_SEAL_KEY and CONVO_SEAL_TRUST, the export when it is named.

        On staging and live a root whose signature was not checked, for want of a key here or there, is a finding.
        """
        settings = self.settings
        trusted = dict(sealing_keys(settings.seal_trust))
        if settings.seal_key:
            key = seal_key(read_reference(settings.seal_key, os.environ).encode())
            trusted[key.key_id] = key.public
        exported = settings.seal_export if settings.seal_export and settings.seal_export.exists() else None
        must = settings.stage != "sandbox"
        found = await PgAudit(self.owner).verify(
            trusted=trusted if trusted or must else None, exported=exported
        )
        return {
            **asdict(found),
            "ok": found.ok,
            "signatures_checked": bool(trusted),
            "export_checked": bool(exported),
        }

    async def desk_link(self, operator: str, role: str) -> str:
        """The path of a one-time login for every tenant there is."""
        ids = [tenant.tenant_id for tenant in await self.tenants.every()]
        return await make_link(self.owner, operator, role, ids, self.clock.now())

    def _check(self, tenant: str, data: bytes, envelopes: Sequence[bytes], stage: str) -> None:
        trusted = trusted_keys(self.settings.trust)
        try:
            verify_any(envelopes, data, tenant=tenant, stage=stage, trusted=trusted)
        except SignatureRefused as refusal:
            raise BundleRefused(f"{tenant}: {refusal}") from refusal
        if stage != "sandbox" and Bundle.decode(data).unapproved:
            unapproved = "it holds unapproved claims, which only sandbox connections may speak"
            raise BundleRefused(f"{tenant}: {UNAPPROVED.says(unapproved)}")

    async def _check_drilled(self, tenant: str, digest: str, stage: str) -> None:
        """Told before anything is tried; the database holds a gate, and each process checks the signature again."""
        if stage == "sandbox":
            return
        try:
            tenant_id = await self._id(tenant)
        except TenantUnknown:
            raise not_drilled(tenant, digest, stage=stage) from None
        if not await PgDrills(self.owner).drilled(tenant_id, digest, stage):
            raise not_drilled(tenant, digest, stage=stage)
        try:
            withstood(
                await self._bundles.drills(tenant_id, digest),
                tenant=tenant,
                digest=digest,
                trusted=trusted_keys(self.settings.trust),
            )
        except SignatureRefused as refusal:
            raise BundleRefused(f"{tenant}: {refusal}") from refusal

    async def _id(self, tenant: str) -> int:
        return (await self.tenants.by_slug(tenant)).tenant_id

    async def _id_or_all(self, tenant: str) -> int | None:
        return None if tenant == EVERY_TENANT else await self._id(tenant)

    @property
    def _bundles(self) -> PgBundles:
        remote = for_the_occasion(
            lambda provider: read_reference(
                self.settings.model_keys.get(provider, "none"), os.environ
            ).strip(),
            self.settings.model_urls,
        )
        return PgBundles(self.owner, self.tenants, embedder_of(self.settings.embedder, remote=remote))

    @property
    def _reads(self) -> PgDesk:
        return PgDesk(self.desk, self.tenants)

    @property
    def _operations(self) -> PgOperations:
        return PgOperations(self.desk, self.tenants)
