"""Take a due outbox row, look once more, call the channel, record the answer: steps 13 and 14 of a message's life."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID, uuid4

from runtime.bundles import BundleKeeper
from runtime.crash import crash_point
from runtime.errors import BundleMissing, SecretMissing
from runtime.messages import Look, OutboundMessage, Receipt
from runtime.ports import Channel, Clock, DatabaseDown, Outbox, Secrets, Wake
from runtime.pulse import Pulse
from runtime.telemetry import ERRORS, REFUSALS, SEND, SENDS, SWEPT, error_fields, log
from schemas.bundle import Connection

LEASE_S = 30.0
CALL_WITHIN_S = 10.0
POLL_S = (0.5, 1.0)
SWEEP_S = 5.0
DOWN_S = (0.5, 5.0)
EPOCH_FRESH_S = (
    0.5  # a kill is obeyed within a second, also by a process that stood still just before its call
)
SETTLE_PAUSES_S = (0.1, 0.2, 0.4, 0.8, *([1.5] * 20))  # tries at writing down what became of a row

Value = TypeVar("Value")


class Sender:
    """Sends until told to stop. A row is `sending` on disk before the call, and a late process does not call."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        bundles: BundleKeeper,
        channels: Mapping[str, Channel],
        secrets: Secrets,
        clock: Clock,
        wake: Wake,
        concurrency: int = 8,
        lease_s: float = LEASE_S,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._outbox = outbox
        self._bundles = bundles
        self._channels = channels
        self._secrets = secrets
        self._clock = clock
        self._wake = wake
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._jitter = jitter
        self._name = f"sender-{os.getpid()}-{uuid4().hex[:8]}"
        self._looks = 0
        self._working: dict[UUID, asyncio.Task[None]] = {}
        self._per_tenant: Counter[int] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes the calls it has begun."""
        down_s, swept_at = DOWN_S[0], float("-inf")
        async with Pulse(self._wake, "sends", stop) as pulse:
            while not stop.is_set():
                try:
                    if self._clock.monotonic() - swept_at > min(SWEEP_S, self._lease_s / 4):
                        swept_at = self._clock.monotonic()
                        await self.sweep()
                    taken = await self.take()
                    down_s = DOWN_S[0]
                except DatabaseDown as error:
                    log().warning("database away", **error_fields(error))
                    await pulse.sleep(down_s)
                    down_s = min(down_s * 2, DOWN_S[1])
                    continue
                except Exception as error:  # a statement that failed must not interrupt the calls under way
                    ERRORS.labels(process="sender", error=type(error).__name__).inc()
                    log().error("sender stumbled", **error_fields(error))
                    await pulse.sleep(DOWN_S[0])
                    continue
                if len(self._working) >= self._concurrency:
                    await asyncio.wait(self._working.values(), return_when=asyncio.FIRST_COMPLETED)
                elif not taken:  # a call that ends frees its conversation's next row
                    await pulse.wait(self._jitter(*POLL_S), self._working.values())
            await self.drain()

    async def take(self) -> int:
        """Starts a look at as many due rows as there is room for. Returns how many."""
        free = self._concurrency - len(self._working)
        if free <= 0:
            return 0
        due = await self._outbox.due(limit=free, now=self._clock.now())
        if due:
            crash_point("sender.after_due")
        started = 0
        for tenant_id, outbox_id in due:
            # One tenant's slow provider may hold half of our hands, never all of them.
            if outbox_id in self._working or self._per_tenant[tenant_id] >= max(1, self._concurrency // 2):
                continue
            self._per_tenant[tenant_id] += 1
            task = asyncio.create_task(self._send(tenant_id, outbox_id))
            self._working[outbox_id] = task
            started += 1
        return started

    async def drain(self) -> None:
        """Waits for the calls that have begun."""
        while self._working:
            await asyncio.wait(self._working.values())

    async def sweep(self) -> None:
        """Settles rows whose sender died in the middle: `unknown`, never blindly repeated."""
        if swept := await self._outbox.sweep(now=self._clock.now()):
            SWEPT.inc(swept)
            log().warning("interrupted sends swept", count=swept)
            self._wake.notify("pages")

    async def _send(self, tenant_id: int, outbox_id: UUID) -> None:
        try:
            await self._look_and_send(tenant_id, outbox_id)
        except DatabaseDown as error:  # the row is pending still, or the sweep will find it
            log().warning("send left to the sweep", outbox=outbox_id, **error_fields(error))
        except Exception as error:
            ERRORS.labels(process="sender", error=type(error).__name__).inc()
            log().error("send failed", outbox=outbox_id, **error_fields(error))
            await asyncio.sleep(DOWN_S[0])  # a row that makes us stumble is not asked for again at once
        finally:
            self._per_tenant[tenant_id] -= 1
            self._working.pop(outbox_id, None)

    async def _look_and_send(self, tenant_id: int, outbox_id: UUID) -> None:
        self._looks += 1
        owner = (
            f"{self._name}-{self._looks}"  # each attempt its own: an old one cannot settle a newer one's row
        )
        began = self._clock.monotonic()  # before the lease: ours never ends later than the row's
        try:
            look = await self._outbox.last_look(
                tenant_id, outbox_id, owner=owner, lease_s=self._lease_s, now=self._clock.now()
            )
        except (
            DatabaseDown
        ):  # it may have been carried out all the same: then the row is ours, and no call will begin
            await self._put_back(tenant_id, outbox_id, owner, began)
            raise
        crash_point("sender.after_look")
        if look is None:
            return
        self._wake.notify("pages")
        tenant = self._tenant(tenant_id)
        if look.effect != "send" or look.message is None:
            REFUSALS.labels(tenant=tenant, effect=look.effect, rule=look.rule).inc()
            log().info("send refused", tenant=tenant, outbox=outbox_id, effect=look.effect, rule=look.rule)
            if look.effect == "redo":
                self._wake.notify("turns")
            return
        receipt = await self._delivered(tenant_id, look, look.message, began)
        if receipt is None:
            await self._put_back(tenant_id, outbox_id, owner, began)
            log().info("send put back", tenant=tenant, outbox=outbox_id)
            return
        state = await self._settle(
            began,
            lambda: self._outbox.record(tenant_id, outbox_id, receipt, owner=owner, now=self._clock.now()),
        )
        crash_point("sender.after_record")
        self._wake.notify("pages")
        if receipt.person_stopped:
            self._wake.notify("turns")
        SENDS.labels(tenant=tenant, state=state.value if state else "lost").inc()
        log().info(
            "send settled",
            tenant=tenant,
            outbox=outbox_id,
            channel=look.channel,
            result=receipt.result,
            state=state.value if state else "lost",
            code=receipt.code,
            latency_ms=round((self._clock.monotonic() - began) * 1000),
        )

    async def _put_back(self, tenant_id: int, outbox_id: UUID, owner: str, began: float) -> None:
        await self._settle(
            began, lambda: self._outbox.put_back(tenant_id, outbox_id, owner=owner, now=self._clock.now())
        )

    async def _settle(self, began: float, write: Callable[[], Awaitable[Value]]) -> Value:
        """Writes down what became of a row, again and again while its lease lasts: after that it can only be `unknown`.

        Each try is harmless after one that was carried out unseen: the row is not the attempt's own any more.
        """
        for pause_s in SETTLE_PAUSES_S:
            try:
                return await write()
            except Exception as error:  # the database is away, or two transactions stood in each other's way
                if self._clock.monotonic() - began > self._lease_s:
                    raise
                log().warning("send not written down yet", **error_fields(error))
            await asyncio.sleep(pause_s)
        return await write()

    async def _delivered(
        self, tenant_id: int, look: Look, message: OutboundMessage, began: float
    ) -> Receipt | None:
        """As `_deliver`; whatever that stumbles over came before the call."""
        try:
            return await self._deliver(tenant_id, look, message, began)
        except DatabaseDown as error:
            log().warning("call not begun", outbox=look.outbox_id, **error_fields(error))
            return None
        except Exception as error:  # tried again later and later, and in the end a case
            ERRORS.labels(process="sender", error=type(error).__name__).inc()
            log().error("call not begun", outbox=look.outbox_id, **error_fields(error))
            return Receipt(result="refused", detail="raised", retry=True)

    async def _deliver(
        self, tenant_id: int, look: Look, message: OutboundMessage, began: float
    ) -> Receipt | None:
        """The call itself. None when it must not begin: a kill or a stop came between, or we are late. Raises only before it."""
        channel = self._channels.get(look.channel or "")
        found = await self._connection(tenant_id, message)
        if isinstance(found, Receipt):
            return found
        if channel is None:
            return Receipt(result="refused", detail="channel", retry=True)
        connection, secrets = found
        asked_at = self._clock.monotonic()
        if await self._outbox.epoch_to_call(tenant_id, look.outbox_id) != look.kill_epoch:
            return None
        crash_point("sender.before_call")
        call_began = self._clock.monotonic()
        if call_began - began > self._lease_s / 2 or call_began - asked_at > EPOCH_FRESH_S:
            return None
        deadline_s = min(CALL_WITHIN_S, self._lease_s / 2 - 1)
        try:
            async with asyncio.timeout(
                deadline_s + 1
            ):  # the channel keeps to its deadline; this is for one that does not
                receipt = await channel.send(connection, secrets, message, deadline_s=deadline_s)
        except Exception as error:
            ERRORS.labels(process="sender", error=type(error).__name__).inc()
            log().error("channel raised", channel=look.channel, **error_fields(error))
            receipt = Receipt(result="unknown", detail="raised")
        crash_point("sender.after_call")
        SEND.labels(channel=look.channel or "", result=receipt.result).observe(
            self._clock.monotonic() - call_began
        )
        return receipt

    async def _connection(
        self, tenant_id: int, message: OutboundMessage
    ) -> tuple[Connection, Mapping[str, str]] | Receipt:
        """Where to send and with which secrets, or why that is not possible now."""
        try:
            connection = self._bundles.in_force(tenant_id).connections[message.connection_id]
            secrets = {
                purpose: await self._secrets.get(tenant_id, reference)
                for purpose, reference in connection.secrets.items()
            }
        except (BundleMissing, KeyError):
            return Receipt(result="refused", detail="connection", retry=True)
        except SecretMissing:
            return Receipt(result="refused", detail="key", retry=True)
        return connection, secrets

    def _tenant(self, tenant_id: int) -> str:
        try:
            return self._bundles.in_force(tenant_id).tenant.slug
        except BundleMissing:
            return "unknown"
