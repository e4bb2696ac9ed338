"""Row 2: a thousand conversations with messages waiting, emptied in order, against procrastinate with `lock`."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID, uuid4

import procrastinate

from runtime import jobs
from runtime.messages import Arrival, Identity, InboundMessage, Lease, Outcome, Stored
from runtime.storage.turns import PgTurns
from runtime.worker import Worker
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import WHATSAPP, Ground, Parts, clock, everything, parts

CONVERSATIONS = 1_000
MESSAGES_EACH = 2
CONCURRENCY = 16
AT_ONCE = 200


async def run(ground: Ground) -> Row:
    async with parts(ground, "queue") as made:
        conversations = ground.size(CONVERSATIONS)
        theirs = _Procrastinate(made)
        rounds = []
        ours_in_order = theirs_in_order = True
        for n in range(ground.rounds):
            took: dict[str, float] = {}
            for contender in ("ours", "theirs") if n % 2 == 0 else ("theirs", "ours"):
                if contender == "ours":
                    await _arrive(made, conversations)
                    took["ours"], seen = await _drain(made, conversations)
                    ours_in_order &= _in_order(seen, conversations)
                else:
                    took["theirs"], seen_jobs = await theirs.drain(conversations)
                    theirs_in_order &= _in_order(seen_jobs, conversations)
            rounds.append(took)
        left = await everything(
            made.pools["owner"], "select count(*) from conversation_queue where done_seq < last_seq"
        )
    return Row(
        name="queue",
        work=f"queue drain, {conversations:,} conversations, {MESSAGES_EACH} messages each, ordered, no-op work",
        figures=(
            Figure(
                what="speed, against procrastinate with lock",
                unit="x",
                value=spread(each["theirs"] / each["ours"] for each in rounds),
                goal=5,
                better="more",
            ),
            Figure(what="ours", unit="s", value=spread(each["ours"] for each in rounds)),
            Figure(what="procrastinate with lock", unit="s", value=spread(each["theirs"] for each in rounds)),
        ),
        checks={
            "ours left nothing waiting": left == [(0,)],
            "ours took every message once, in order": ours_in_order,
            "procrastinate took every job once, in order": theirs_in_order,
        },
        notes=(
            f"both in one process, {CONCURRENCY} at a time, on the same Postgres (fsync on); ours claims, loads and "
            "decrypts, and commits fenced with its audit entry, all pending messages of a conversation in one turn",
        ),
    )


def _in_order(seen: dict[object, list[int]], conversations: int) -> bool:
    wanted = list(range(1, MESSAGES_EACH + 1))
    return len(seen) == conversations and all(numbers == wanted for numbers in seen.values())


# ---- ours ------------------------------------------------------------------------------------------------------------


async def _arrive(made: Parts, conversations: int) -> None:
    """First messages of all, then all second ones: as a busy day mixes them."""
    tenant = made.rolled[0]
    connection = next(c.id for c in tenant.bundle.connections.values() if c.channel == WHATSAPP)
    run = uuid4().hex[:8]

    def arrival(person: int, n: int) -> Arrival:
        return Arrival(
            tenant_id=tenant.activation.tenant_id,
            connection_id=connection,
            channel=WHATSAPP,
            event=InboundMessage(
                provider_id=f"wamid.{run}.{person}.{n}",
                sender=Identity(kind="phone", value=f"+4477009{run}{person:05d}"),
                sent_at=clock().now(),
                kind="text",
                text=f"A question, part {n}",
            ),
            stop=None,
        )

    for n in range(MESSAGES_EACH):
        for first in range(0, conversations, AT_ONCE):
            people = range(first, min(first + AT_ONCE, conversations))
            stored: Sequence[Stored] = await made.ingest.store(
                [arrival(person, n) for person in people], now=clock().now()
            )
            assert all(each.outcome == "stored" for each in stored)


class _NoOp(Worker):
    """The real worker, whose turns say and do nothing."""

    def __init__(self, made: Parts, wanted: int) -> None:
        super().__init__(
            turns=PgTurns(made.pools["dispatch"], made.pools["tenant"], made.tenants),
            bundles=made.keeper,
            claims=_Nothing(),
            model=None,
            checker=None,
            clock=clock(),
            wake=made.wake,
            concurrency=CONCURRENCY,
        )
        self.seen: dict[object, list[int]] = defaultdict(list)
        self.stop = asyncio.Event()
        self._wanted = wanted

    async def _answer(self, lease: Lease, leased_at: float) -> None:
        active = self._bundles.in_force(lease.tenant_id)
        pinned = await self._pinned(lease, active)
        turn = await self._turns.load(lease, pinned=pinned, active=active, now=self._clock.now())
        assert turn is not None
        outcome = Outcome(
            tenant_id=turn.tenant_id,
            conversation_id=turn.conversation_id,
            upto_seq=turn.pending[-1].seq,
            disposition="silence",
            sends=(),
            effects=(),
            audit={},
            bundle=active.digest,
            pinned=active.digest,
        )
        assert await self._turns.commit(lease, outcome, now=self._clock.now())
        self.seen[lease.conversation_id] += [pending.seq for pending in turn.pending]
        if len(self.seen) == self._wanted:
            self.stop.set()


class _Nothing:
    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> tuple[()]:
        return ()


async def _drain(made: Parts, conversations: int) -> tuple[float, dict[object, list[int]]]:
    worker = _NoOp(made, conversations)
    began = time.perf_counter()
    await worker.run(worker.stop)
    return time.perf_counter() - began, worker.seen


# ---- procrastinate ----------------------------------------------------------------------------------------------------


class _Procrastinate:
    """A job per message, locked by its conversation."""

    def __init__(self, made: Parts) -> None:
        url = made.url("dispatch")
        options = quote(f"-c search_path={jobs.SCHEMA}")
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=f"{url}&options={options}", min_size=1, max_size=CONCURRENCY
            )
        )
        self._seen: dict[object, list[int]] = {}
        self._task = self._app.task(name="nothing", queue="bench", pass_context=False)(self._nothing)

    async def _nothing(self, conversation: str, n: int) -> None:
        self._seen.setdefault(conversation, []).append(n)

    async def drain(self, conversations: int) -> tuple[float, dict[object, list[int]]]:
        self._seen = {}
        keys: list[UUID] = [uuid4() for _ in range(conversations)]
        async with self._app.open_async():
            for n in range(1, MESSAGES_EACH + 1):
                await self._app.job_manager.batch_defer_jobs_async(
                    [
                        self._task.configure(lock=str(key)).make_new_job(conversation=str(key), n=n)
                        for key in keys
                    ]
                )
            began = time.perf_counter()
            await self._app.run_worker_async(
                queues=["bench"],
                concurrency=CONCURRENCY,
                wait=False,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="always",
            )
            return time.perf_counter() - began, self._seen
