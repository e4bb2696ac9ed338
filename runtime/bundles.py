"""Which bundle is in force: fetch, verify, build beside the running one, swap; the last known good one keeps serving.

A tenant's new bundle is decoded and checked off to the side and becomes visible by one assignment of a frozen table, so a
reader sees the old world or the new one. Anything wrong with it leaves the old one in force and is shown by `status`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from runtime.errors import BundleMissing, BundleRefused
from runtime.lastgood import Kept, LastGood
from runtime.ports import CHANNELS, Activation, Bundles, Clock, DatabaseDown, Route, Wake
from runtime.telemetry import BUNDLE_CACHE, BUNDLE_REFUSED, BUNDLE_STALE, ERRORS, error_fields, log
from schemas.attested import withstood
from schemas.bundle import Bundle, BundleError
from schemas.refusals import CONNECTION_SERVED, OTHER_BYTES, OTHER_TENANT, UNAPPROVED, UNKNOWN_CHANNEL
from schemas.signing import SignatureRefused, verify_any

POLL_S = 2.0
CACHE_BYTES = 64 * 1024 * 1024
MEMORY_PER_BYTE = 3  # measured: 190 kB of JSON are 0.52 MB of values
LOOK_AGAIN_S = 1.0
REPORT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One tenant's bundle as it serves now, and what the pointer wants."""

    tenant: str
    tenant_id: int
    bundle: Bundle
    serial: int
    since: datetime
    refused: tuple[str, ...] = ()  # connections of this stage that cannot be served, with the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All tenants in force at one moment; replaced whole, never changed."""

    tenants: Mapping[int, InForce] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantStatus:
    """What /readyz and `convo status` show for a tenant. `stale`: the pointer names another bundle than the one in use.

    `refused`: connections of the bundle in use that this version cannot serve; the others are served.
    """

    tenant: str
    desired: str
    active: str | None
    serial: int
    stale: bool
    last_attempt: datetime
    last_success: datetime | None
    error: str | None
    refused: tuple[str, ...] = ()


class Report(Protocol):
    """Told what this process holds for a tenant, whenever that changes and every REPORT_S. May raise DatabaseDown."""

    async def __call__(
        self, tenant_id: int, *, digest: str | None, wanted: str, error: str | None, now: datetime
    ) -> None: ...


class BundleKeeper:
    """Follows the pointers of one stage. `start` once, then `run` as a task; every look-up is a dict access."""

    def __init__(
        self,
        *,
        store: Bundles,
        stage: str,
        trusted: Mapping[str, bytes],
        last_good: LastGood,
        clock: Clock,
        wake: Wake,
        report: Report | None = None,
    ) -> None:
        self._report = report
        self._reported: dict[int, tuple[object, float]] = {}
        self._store = store
        self._stage = stage
        self._trusted = trusted
        self._last_good = last_good
        self._clock = clock
        self._wake = wake
        self._table = Table()
        self._status: dict[str, TenantStatus] = {}
        self._database: str | None = "not asked yet"
        self._pinned: dict[str, tuple[Bundle, int]] = {}  # digest -> (bundle, memory), oldest use first
        self._pinned_bytes = 0
        self._attested: dict[int, int] = {}  # tenant -> envelopes kept on disk with what is in force
        self._looked_at = float("-inf")

    async def start(self) -> None:
        """Serves from disk what was good last time, then asks the database; a database that is away is not fatal."""
        for kept in await asyncio.to_thread(self._last_good.read, self._stage):
            self._adopt_kept(kept)
        await self.refresh()

    async def run(self) -> None:
        """Polls and listens until cancelled."""
        while True:
            await self._wake.wait("bundles", POLL_S)
            try:
                await self.refresh()
            except (
                Exception
            ) as error:  # whatever it is, what serves goes on serving, and says that it is on its own
                ERRORS.labels(process="bundles", error=type(error).__name__).inc()
                log().error("pointers not read", **error_fields(error))
                self._database = "the pointers cannot be read; the bundles in use stay"

    async def refresh(self) -> None:
        """One look at the pointers. Never raises for a bad bundle or a database that is away."""
        self._looked_at = self._clock.monotonic()
        try:
            pointers = await self._store.active(self._stage)
        except DatabaseDown:
            self._database = "the database cannot be reached; the bundles in use stay"
            return
        self._database = None
        for pointer in pointers:
            known = self._table.tenants.get(pointer.tenant_id)
            if known is None or known.bundle.digest != pointer.digest:
                await self._follow(pointer)
            else:
                self._note(pointer, error=None)
                await self._keep_newly_signed(pointer)
            await self._tell(pointer)

    async def route(self, connection_id: str) -> Route | None:
        """Where a webhook of this connection belongs; None for a connection nobody has. Raises DatabaseDown when unsure.

        An unknown one makes us look at the pointers again, at most once a second: it may have been activated just now.
        """
        found = self._table.routes.get(connection_id)
        if found is None and self._clock.monotonic() - self._looked_at > LOOK_AGAIN_S:
            await self.refresh()
            found = self._table.routes.get(connection_id)
        if found is None and self._database is not None:
            raise DatabaseDown(self._database)
        return found

    def tenants(self) -> tuple[InForce, ...]:
        """Every tenant in force."""
        return tuple(self._table.tenants.values())

    def in_force(self, tenant_id: int) -> Bundle:
        """The active bundle. Raises BundleMissing."""
        try:
            return self._table.tenants[tenant_id].bundle
        except KeyError:
            raise BundleMissing(f"no bundle is in force for tenant {tenant_id}") from None

    def bundle(self, digest: str) -> Bundle:
        """A bundle in memory by its digest: one in force, or a pinned one. Raises BundleMissing."""
        for tenant in self._table.tenants.values():
            if tenant.bundle.digest == digest:
                return tenant.bundle
        if digest in self._pinned:
            return self._pinned[digest][0]
        raise BundleMissing(f"{digest} is not loaded")

    async def pinned(self, tenant_id: int, digest: str) -> Bundle:
        """The bundle a conversation began with, fetched if need be. Raises BundleMissing, BundleRefused, DatabaseDown."""
        active = self.in_force(tenant_id)
        if active.digest == digest:
            return active
        found = self._pinned.pop(digest, None)
        if found is None:
            data, envelopes, drills = await self._fetch(tenant_id, digest)
            bundle = self._checked(self._table.tenants[tenant_id].tenant, digest, data, envelopes, drills)
            found = (bundle, len(data) * MEMORY_PER_BYTE)
            self._pinned_bytes += found[1]
        self._pinned[digest] = found  # last used stands last
        self._forget_oldest()
        return found[0]

    def status(self) -> Mapping[str, Any]:
        """JSON-ready: whether serving is possible, each tenant's desired and active digest, and what went wrong."""
        tenants = [
            {
                "tenant": s.tenant,
                "desired": s.desired,
                "active": s.active,
                "serial": s.serial,
                "stale": s.stale,
                "last_attempt": s.last_attempt.isoformat(),
                "last_success": s.last_success.isoformat() if s.last_success else None,
                "error": s.error,
                "refused": list(s.refused),
            }
            for s in sorted(self._status.values(), key=lambda s: s.tenant)
        ]
        return MappingProxyType(
            {
                "stage": self._stage,
                "ready": bool(self._table.tenants),
                "stale": any(t["stale"] for t in tenants) or self._database is not None,
                "error": self._database,
                "tenants": tenants,
            }
        )

    # ---- taking a bundle into use ---------------------------------------------------------------------------------

    async def _follow(self, pointer: Activation) -> None:
        try:
            data, envelopes, drills = await self._fetch(pointer.tenant_id, pointer.digest)
            bundle = await asyncio.to_thread(
                self._checked, pointer.tenant, pointer.digest, data, envelopes, drills
            )
            self._swap(pointer.tenant, pointer.tenant_id, bundle, pointer.serial)
        except DatabaseDown:
            self._database = "the database cannot be reached; the bundles in use stay"
            return
        except (BundleRefused, BundleMissing) as refusal:
            BUNDLE_REFUSED.labels(tenant=pointer.tenant).inc()
            log().error(
                "bundle refused", tenant=pointer.tenant, bundle=pointer.digest, **error_fields(refusal)
            )
            self._note(pointer, error=str(refusal))
            return
        self._note(pointer, error=None)
        log().info("bundle in force", tenant=pointer.tenant, bundle=pointer.digest, serial=pointer.serial)
        await self._keep(pointer, data, envelopes, drills)

    async def _keep_newly_signed(self, pointer: Activation) -> None:
        """What is in force was signed once more: a restart during an outage may trust only the new key."""
        if self._attested.get(pointer.tenant_id) == pointer.attestations:
            return
        try:
            data, envelopes, drills = await self._fetch(pointer.tenant_id, pointer.digest)
            await asyncio.to_thread(self._checked, pointer.tenant, pointer.digest, data, envelopes, drills)
        except (DatabaseDown, BundleMissing):
            return  # asked again at the next look
        except BundleRefused as refusal:  # what is kept already is better
            self._attested[pointer.tenant_id] = pointer.attestations
            log().error(
                "bundle altered in the database",
                tenant=pointer.tenant,
                bundle=pointer.digest,
                **error_fields(refusal),
            )
            return
        await self._keep(pointer, data, envelopes, drills)

    async def _fetch(self, tenant_id: int, digest: str) -> tuple[bytes, Sequence[bytes], Sequence[bytes]]:
        data, envelopes = await self._store.fetch(tenant_id, digest)
        drills = await self._store.drills(tenant_id, digest) if self._stage != "sandbox" else ()
        return data, envelopes, drills

    async def _keep(
        self, pointer: Activation, data: bytes, envelopes: Sequence[bytes], drills: Sequence[bytes]
    ) -> None:
        kept = Kept(
            tenant=pointer.tenant,
            tenant_id=pointer.tenant_id,
            stage=self._stage,
            digest=pointer.digest,
            serial=pointer.serial,
            bundle=data,
            envelopes=tuple(envelopes),
            drills=tuple(drills),
        )
        self._attested[pointer.tenant_id] = len(envelopes)
        try:
            await asyncio.to_thread(self._last_good.write, kept)
        except OSError as error:  # a full disk must not stop a bundle that serves already
            log().warning("last good bundle not kept on disk", tenant=kept.tenant, **error_fields(error))

    def _adopt_kept(self, kept: Kept) -> None:
        try:
            bundle = self._checked(kept.tenant, kept.digest, kept.bundle, kept.envelopes, kept.drills)
            self._swap(kept.tenant, kept.tenant_id, bundle, kept.serial)
        except BundleRefused as refusal:
            log().error(
                "kept bundle refused", tenant=kept.tenant, bundle=kept.digest, **error_fields(refusal)
            )
            return
        self._attested[kept.tenant_id] = len(kept.envelopes)
        now = self._clock.now()
        self._status[kept.tenant] = TenantStatus(
            tenant=kept.tenant,
            desired=kept.digest,
            active=kept.digest,
            serial=kept.serial,
            stale=False,
            last_attempt=now,
            last_success=now,
            error=None,
            refused=next(t.refused for t in self.tenants() if t.tenant == kept.tenant),
        )

    def _checked(
        self,
        tenant: str,
        digest: str,
        data: bytes,
        envelopes: Sequence[bytes],
        drills: Sequence[bytes],
    ) -> Bundle:
        """Decoded values of bytes that one envelope holds for, for this tenant and stage, or BundleRefused with the reason.

        Where real people are, a signed drill must hold for them too: a row of the database is no proof of one.
        """
        try:
            verified = verify_any(envelopes, data, tenant=tenant, stage=self._stage, trusted=self._trusted)
            if verified.digest != digest:
                differ = f"the bytes are {verified.digest}, the pointer names {digest}"
                raise BundleRefused(OTHER_BYTES.says(differ))
            if self._stage != "sandbox":
                withstood(drills, tenant=tenant, digest=digest, trusted=self._trusted)
            bundle = Bundle.decode(data)
        except (SignatureRefused, BundleError) as error:
            raise BundleRefused(f"{tenant}: {error}") from error
        if bundle.tenant.slug != tenant:
            other = f"the bundle is of tenant {bundle.tenant.slug}, the pointer is of {tenant}"
            raise BundleRefused(OTHER_TENANT.says(other))
        if bundle.unapproved and self._stage != "sandbox":
            unapproved = "it holds unapproved claims, which only sandbox connections may speak"
            raise BundleRefused(f"{tenant}: {UNAPPROVED.says(unapproved)}")
        return bundle

    def _swap(self, tenant: str, tenant_id: int, bundle: Bundle, serial: int) -> None:
        # By slug: a bundle kept on disk may carry the number the tenant had in another database.
        routes = {key: route for key, route in self._table.routes.items() if route.tenant != tenant}
        others = {key: entry for key, entry in self._table.tenants.items() if entry.tenant != tenant}
        refused: list[str] = []
        for connection in bundle.connections.values():
            if connection.stage != self._stage:
                continue
            if connection.channel not in CHANNELS:
                unknown = f"connection {connection.id}: this version has no channel {connection.channel}"
                refused.append(UNKNOWN_CHANNEL.says(unknown))
                log().error(
                    "connection refused", tenant=tenant, connection=connection.id, channel=connection.channel
                )
                continue
            if connection.id in routes:
                other = routes[connection.id].tenant
                taken = CONNECTION_SERVED.says(f"connection {connection.id} belongs to {other} already")
                raise BundleRefused(f"{tenant}: {taken}")
            routes[connection.id] = Route(
                tenant_id=tenant_id, tenant=tenant, connection=connection, digest=bundle.digest
            )
        now = self._clock.now()
        entry = InForce(
            tenant=tenant,
            tenant_id=tenant_id,
            bundle=bundle,
            serial=serial,
            since=now,
            refused=tuple(refused),
        )

        self._table = Table(tenants={**others, tenant_id: entry}, routes=routes)

    def _note(self, pointer: Activation, *, error: str | None) -> None:
        before = self._status.get(pointer.tenant)
        known = self._table.tenants.get(pointer.tenant_id)
        now = self._clock.now()
        active = known.bundle.digest if known else None
        self._status[pointer.tenant] = TenantStatus(
            tenant=pointer.tenant,
            desired=pointer.digest,
            active=active,
            serial=pointer.serial,
            stale=active != pointer.digest,
            last_attempt=now,
            last_success=now if error is None else (before.last_success if before else None),
            error=error,
            refused=known.refused if known else (),
        )
        BUNDLE_STALE.labels(tenant=pointer.tenant).set(active != pointer.digest)

    async def _tell(self, pointer: Activation) -> None:
        status = self._status.get(pointer.tenant)
        if self._report is None or status is None:
            return
        error = "; ".join(filter(None, (status.error, *status.refused))) or None
        fact, now = (status.active, status.desired, error), self._clock.monotonic()
        before, at = self._reported.get(pointer.tenant_id, (None, float("-inf")))
        if fact == before and now - at < REPORT_S:
            return
        try:
            await self._report(
                pointer.tenant_id,
                digest=status.active,
                wanted=status.desired,
                error=error,
                now=self._clock.now(),
            )
        except DatabaseDown:
            return
        self._reported[pointer.tenant_id] = (fact, now)

    def _forget_oldest(self) -> None:
        while self._pinned_bytes > CACHE_BYTES and len(self._pinned) > 1:
            oldest = next(iter(self._pinned))
            self._pinned_bytes -= self._pinned.pop(oldest)[1]
        BUNDLE_CACHE.set(self._pinned_bytes)
