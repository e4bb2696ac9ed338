"""Scripted conversations, many at once, through the real store, worker and sender on one database that is thrown away.

The clock stands where it is put, so an hour of conversation takes milliseconds and what is expected at 22:40 can be tried at
noon. A provider's part is played here: whatever a channel would deliver is taken for delivered.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from compiler.pipeline import Compiled
from drills.deployment import Deployment, deployment
from drills.rollout import STAGE
from runtime.bundles import BundleKeeper
from runtime.channels.webchat import WebChat, inbound
from runtime.clock import offset_to
from runtime.embedder import embedder_of
from runtime.errors import MalformedWebhook
from runtime.lastgood import LastGood
from runtime.messages import (
    Identity,
    InboundEvent,
    InboundMessage,
    Lease,
    Look,
    OutboundMessage,
    Outcome,
    Receipt,
    Turn,
)
from runtime.ports import Channel, Checker, Model, Route
from runtime.sender import Sender
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import PgClaimSearch
from runtime.storage.desk import PgDesk
from runtime.storage.ingest import PgIngest
from runtime.storage.operations import PgOperations
from runtime.storage.outbox import PgOutbox
from runtime.storage.people import Consent, PgPeople
from runtime.storage.postgres import Pool
from runtime.storage.turns import PgTurns
from runtime.trust import trusted_keys
from runtime.web.arrivals import arrivals_of
from runtime.web.deps import visitor_token
from runtime.worker import Worker
from schemas.bundle import Bundle, Connection, Policy

TYPING = timedelta(seconds=10)  # longer nobody is waited for who may be writing a second message
BETWEEN_LINES = timedelta(seconds=20)  # a person reads and types
AGREED_AGO = timedelta(days=4)
MOST_LINES = 60  # of one conversation
CONNECTIONS = 4  # to the database, for each role
NUMBERS = "+447700900"  # kept for drama: nobody has one of these; past a thousand they have a digit too many besides
OFFICE_HOURS = clock_time(10, 30)
LONGEST_CLOSED = 31  # days; whoever is never open is played at in any case
PLAYED_ON = ("webchat", "whatsapp_360dialog")  # the channels that talk today


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a person wrote, what it came to, and what stood in the database about them afterwards."""

    said: str
    outcome: Outcome | None  # None: no turn was taken, a human or nobody answers
    stopped: bool  # an opt-out was heard
    cases: frozenset[str]
    held: bool
    suppressed: bool

    @property
    def decision(self) -> str:
        """stop | reply | canned | handoff | silence | fallback."""
        if self.stopped:
            return "stop"
        return "silence" if self.outcome is None else self.outcome.disposition

    @property
    def categories(self) -> frozenset[str]:
        signals = self.outcome.audit["verdict"]["signals"] if self.outcome else ()
        return frozenset(signal["category"] for signal in signals)

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids behind the sentences of the answer, in order."""
        sends = self.outcome.sends if self.outcome else ()
        return tuple(dict.fromkeys(s.claim for send in sends for s in send.sentences if s.claim))


class Script(Protocol):
    """Somebody who writes. `line` is the next thing they write, given what came before; None when they are done."""

    @property
    def channel(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def consent(self) -> bool: ...

    def line(self, so_far: Sequence[Exchange]) -> str | None: ...


@dataclass(slots=True)
class _Person:
    script: Script
    identity: Identity
    route: Route
    exchanges: list[Exchange] = field(default_factory=list)
    conversation: UUID | None = None
    said: str = ""


@dataclass(slots=True)
class SetClock:
    """A clock that stands. `monotonic` is real: it measures how long things take."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def advance_to(self, moment: datetime) -> None:
        """Never back: what is in the database has happened."""
        self.at = max(self.at, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a provider: what it was given, the clock's time, and when by a clock that only measures."""

    key: str
    to: Identity
    text: str
    at: datetime
    began: float  # monotonic seconds


class Taken:
    """A provider that takes everything, and remembers it."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.calls: list[Call] = []

    def authentic(
        self, connection: Connection, secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        return False

    def parse(self, connection: Connection, body: bytes, now: datetime) -> Sequence[InboundEvent]:
        raise MalformedWebhook("a rehearsal has no webhook")

    async def send(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        message: OutboundMessage,
        *,
        deadline_s: float,
    ) -> Receipt:
        call = Call(
            key=message.key,
            to=message.to,
            text=message.text,
            at=self._clock.now(),
            began=self._clock.monotonic(),
        )
        self.calls.append(call)
        return Receipt(result="accepted", provider_id=f"rehearsed-{message.key}")

    @property
    def deduplicates(self) -> bool:
        return True


class NoSecrets:
    """Nobody is called, so nothing is proved to anybody."""

    async def get(self, tenant_id: int, reference: str) -> str:
        return "rehearsed"


ANSWERING: ContextVar[UUID] = ContextVar("ANSWERING")  # whose turn a task is taking: a scripted model asks


class Overheard(PgTurns):
    """The real turns, with what each commits kept for whoever wants to look."""

    outcomes: dict[UUID, list[Outcome]]

    async def load(
        self, lease: Lease, *, pinned: Bundle | None, active: Bundle, now: datetime
    ) -> Turn | None:
        ANSWERING.set(lease.conversation_id)
        return await super().load(lease, pinned=pinned, active=active, now=now)

    async def commit(self, lease: Lease, outcome: Outcome, *, now: datetime) -> bool:
        done = await super().commit(lease, outcome, now=now)
        if done:
            self.outcomes[lease.conversation_id].append(outcome)
        return done


class Interrupted(PgOutbox):
    """The real outbox. `between` is awaited once, after a last look that lets a row go and before the call."""

    between: Callable[[], Awaitable[None]] | None = None

    async def last_look(
        self, tenant_id: int, outbox_id: UUID, *, owner: str, lease_s: float, now: datetime
    ) -> Look | None:
        look = await super().last_look(tenant_id, outbox_id, owner=owner, lease_s=lease_s, now=now)
        if self.between is not None and look is not None and look.effect == "send":
            happens, self.between = self.between, None
            await happens()
        return look


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """One tenant in force, ready to be talked to."""

    bundle: Bundle
    tenant_id: int
    clock: SetClock
    pool: Pool
    people: PgPeople
    ingest: PgIngest
    worker: Worker
    sender: Sender
    turns: Overheard
    provider: Taken
    outbox: Interrupted
    desk: PgDesk
    operations: PgOperations
    owner: Pool
    numbers: int = 0
    scripts: dict[UUID, Script] = field(default_factory=dict)  # who plays in a conversation

    def channels(self) -> tuple[str, ...]:
        """The channels a person can write to this tenant on in its sandbox."""
        return tuple(c for c in PLAYED_ON if self._connection(c) is not None)

    async def play(self, scripts: Sequence[Script]) -> Sequence[Sequence[Exchange]]:
        """Every conversation to its end; what came of each, in the order of the scripts. All are different people."""
        people = [self._person(script) for script in scripts]
        for moment in sorted({script.at for script in scripts}):
            self.clock.advance_to(moment)
            await self._together([person for person in people if person.script.at == moment])
        return [person.exchanges for person in people]

    async def _together(self, people: Sequence[_Person]) -> None:
        for person in people:
            if person.script.consent:
                await self._agrees(person)
        for _ in range(MOST_LINES):
            writing = [person for person in people if self._writes(person)]
            if not writing:
                return
            await self._deliver(writing)
            await self.settle()
            await self._look(writing)
            self.clock.advance_to(self.clock.now() + BETWEEN_LINES)

    def _writes(self, person: _Person) -> bool:
        line = person.script.line(person.exchanges)
        person.said = line or ""
        return line is not None

    async def _deliver(self, people: Sequence[_Person]) -> None:
        now = self.clock.now()
        arrivals = [
            arrival
            for person in people
            for arrival in arrivals_of(person.route, self.bundle, [_message(person, now)])
        ]
        for person in people:  # the page is open: who is there is answered at any hour
            if person.identity.kind == "visitor":
                await self.ingest.visitor_lines(
                    self.tenant_id, person.route.connection.id, person.identity.value, after=0
                )
        for person, stored in zip(people, await self.ingest.store(arrivals, now=now), strict=True):
            person.conversation = stored.conversation_id
            if stored.conversation_id is not None:
                self.scripts[stored.conversation_id] = person.script

    async def settle(self) -> None:
        """Until nobody has anything to do now or in a moment: who may still be typing is waited for by the clock."""
        while True:
            turns = await self.worker.claim()
            await self.worker.drain()
            sends = await self.sender.take()
            await self.sender.drain()
            if turns or sends:
                continue
            soon = await self._ready_soon()
            if soon is None:
                return
            self.clock.advance_to(soon)

    async def _ready_soon(self) -> datetime | None:
        now = self.clock.now()
        async with self.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            cursor = await connection.execute(READY, [now, now + TYPING])
            row = await cursor.fetchone()
        return row[0] if row else None

    async def _look(self, people: Sequence[_Person]) -> None:
        facts = await self._facts([p.conversation for p in people if p.conversation])
        for person in people:
            outcomes = self.turns.outcomes.pop(person.conversation, []) if person.conversation else []
            outcome = outcomes[-1] if outcomes else None
            known = facts.get(person.conversation) if person.conversation else None
            person.exchanges.append(
                Exchange(
                    said=person.said,
                    outcome=outcome,
                    stopped=outcome is not None and outcome.audit["verdict"]["stop"] is not None,
                    cases=frozenset(known["cases"]) if known else frozenset(),
                    held=bool(known and known["held"]),
                    suppressed=bool(known and known["suppressed"]),
                )
            )

    async def _facts(self, conversations: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        async with self.pool.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.tenant', %s, true)", [str(self.tenant_id)])
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(FACTS, [self.tenant_id, list(conversations)])
            return {row["conversation_id"]: row for row in await cursor.fetchall()}

    async def _agrees(self, person: _Person) -> None:
        now = self.clock.now()
        consent = Consent(
            channel="any",
            purpose="any",
            basis="consent",
            sender=self.bundle.tenant.slug,
            source="rehearsal",
            at=now - AGREED_AGO,
            language=self.bundle.tenant.language,
        )
        await self.people.agreed(self.tenant_id, person.identity, consent, now=now)

    def _person(self, script: Script) -> _Person:
        connection = self._connection(script.channel)
        assert connection is not None, "asked of channels() before"
        route = Route(
            tenant_id=self.tenant_id,
            tenant=self.bundle.tenant.slug,
            connection=connection,
            digest=self.bundle.digest,
        )
        if script.channel == "webchat":
            return _Person(script, Identity(kind="visitor", value=visitor_token()), route)
        self.numbers += 1
        return _Person(script, Identity(kind="phone", value=f"{NUMBERS}{self.numbers:03}"), route)

    def _connection(self, channel: str) -> Connection | None:
        there = self.bundle.connections.values()
        return next((c for c in there if c.channel == channel and c.stage == STAGE), None)


READY = "select min(ready_at) from conversation_queue where ready_at > %s and ready_at <= %s"
FACTS = """
select c.conversation_id,
       array(select f.kind from case_file f
             where f.tenant_id = c.tenant_id and f.contact_id = c.contact_id and f.state = 'open') as cases,
       exists (select from hold h where h.tenant_id = c.tenant_id and h.contact_id = c.contact_id
               and h.cleared_at is null) as held,
       p.opted_out_at is not null as suppressed
from conversation c join contact p using (tenant_id, contact_id)
where c.tenant_id = %s and c.conversation_id = any(%s)
"""


@asynccontextmanager
async def rehearsal(
    compiled: Compiled, *, moment: datetime, model: Model | None = None, checker: Checker | None = None
) -> AsyncIterator[Rehearsal]:
    """Puts one tenant in force as of `moment` (aware) and takes everything down again. Raises EmbeddedPostgresError.

    A `model` and a `checker` may ask ANSWERING whose turn it is.
    """
    with tempfile.TemporaryDirectory(prefix="convo-rehearsal-", ignore_cleanup_errors=True) as folder:
        async with deployment(
            Path(folder), clock_offset_s=offset_to(moment), durable=False, port=0, say=_quiet
        ) as made:
            [rolled] = await made.put_in_force([compiled])
            clock = SetClock(max(moment, made.clock.now()))
            minds = (model, checker)
            async with _wired(made, rolled.bundle, rolled.activation.tenant_id, clock, minds) as ready:
                yield ready


@asynccontextmanager
async def _wired(
    made: Deployment,
    bundle: Bundle,
    tenant_id: int,
    clock: SetClock,
    minds: tuple[Model | None, Checker | None],
) -> AsyncIterator[Rehearsal]:
    async with AsyncExitStack() as stack:
        pools = {
            role: await stack.enter_async_context(
                Pool(made.settings.url(role), role=role, max_size=CONNECTIONS)
            )
            for role in ("ingest", "dispatch", "tenant")
        }
        keeper = BundleKeeper(
            store=PgBundles(pools["tenant"], made.tenants),
            stage=made.settings.stage,
            trusted=trusted_keys(made.settings.trust),
            last_good=LastGood(made.settings.data),
            clock=clock,
            wake=made.wake,
        )
        await keeper.start()
        turns = Overheard(pools["dispatch"], pools["tenant"], made.tenants)
        turns.outcomes = defaultdict(list)
        provider = Taken(clock)
        delivered: Mapping[str, Channel] = {"webchat": WebChat(), "whatsapp_360dialog": provider}
        outbox = Interrupted(dispatch=pools["dispatch"], tenant=pools["tenant"], tenants=made.tenants)
        yield Rehearsal(
            bundle=bundle,
            tenant_id=tenant_id,
            clock=clock,
            pool=pools["tenant"],
            people=PgPeople(pools["tenant"], made.tenants),
            ingest=await stack.enter_async_context(PgIngest(pools["ingest"], made.tenants, clock)),
            turns=turns,
            provider=provider,
            outbox=outbox,
            desk=PgDesk(made.desk, made.tenants),
            operations=PgOperations(made.desk, made.tenants),
            owner=made.owner,
            worker=Worker(
                turns=turns,
                bundles=keeper,
                claims=PgClaimSearch(pools["tenant"], embedder_of(made.settings.embedder)),
                model=minds[0],
                checker=minds[1],
                clock=clock,
                wake=made.wake,
            ),
            sender=Sender(
                outbox=outbox,
                bundles=keeper,
                channels=delivered,
                secrets=NoSecrets(),
                clock=clock,
                wake=made.wake,
            ),
        )


def office_hours(policy: Policy, today: date) -> datetime:
    """10:30 local, today or on the next day the tenant answers on: what is said must not depend on the day of the week. UTC."""
    days = [today + timedelta(days=n) for n in range(LONGEST_CLOSED)]
    open_day = next(
        (d for d in days if d.isoweekday() not in policy.quiet_weekdays and f"{d}" not in policy.quiet_dates),
        today,
    )
    return datetime.combine(open_day, OFFICE_HOURS, ZoneInfo(policy.timezone)).astimezone(UTC)


def _message(person: _Person, now: datetime) -> InboundMessage:
    if person.identity.kind == "visitor":
        return inbound(person.identity.value, uuid4().hex, person.said, now)
    return InboundMessage(
        provider_id=f"rehearsal.{uuid4().hex}",
        sender=person.identity,
        sent_at=now,
        kind="text",
        text=person.said,
        profile_name=getattr(person.script, "profile_name", None),
    )


def _quiet(_: str) -> None:
    """Starting a database is no news to somebody who wants to see a rehearsal."""
