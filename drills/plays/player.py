"""Plays one part: writes its lines through the real path, lets a colleague answer where the script says so, reads what came."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from psycopg import sql

from drills.plays.desk import page_of
from drills.plays.log import Log
from drills.plays.values import Line, Part
from drills.rehearsal import AGREED_AGO, BETWEEN_LINES, NUMBERS, Rehearsal
from runtime.engine.campaign import campaign_send
from runtime.messages import Identity, InboundEvent, InboundMessage, Outcome
from runtime.ports import Prompt, Route
from runtime.storage.operations import NotPossible
from runtime.storage.people import Consent
from runtime.web.arrivals import arrivals_of
from schemas.bundle import Connection

CHANNEL = "whatsapp_360dialog"  # the one with hours, windows and a provider
COLLEAGUE = "Colleague EXAMPLE"
NO_CAMPAIGN = "nothing to start with"
READS_THE_DESK = "inbox_renders_escaped"
BURST = timedelta(milliseconds=130)  # between messages that come at once


@dataclass(slots=True, kw_only=True)
class Player:
    """One person in one conversation. Every play has a person of its own."""

    stage: Rehearsal
    part: Part
    prompts: Sequence[Prompt]
    number: int
    conversation: UUID | None = None
    contact: UUID | None = None
    written: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    fresh: list[Outcome] = field(default_factory=list)
    before: int = 0
    stop_stored: float | None = None
    refusals: list[str] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        return Identity(kind="phone", value=f"{NUMBERS}{self.number:03}")

    @property
    def route(self) -> Route:
        return Route(
            tenant_id=self.stage.tenant_id,
            tenant=self.stage.bundle.tenant.slug,
            connection=self.connection,
            digest=self.stage.bundle.digest,
        )

    @property
    def connection(self) -> Connection:
        there = self.stage.bundle.connections.values()
        return next(c for c in there if c.channel == CHANNEL and c.stage == "sandbox")

    async def agrees(self) -> None:
        """The person said four days ago that they may be written to."""
        now = self.stage.clock.now()
        consent = Consent(
            channel="any", purpose="any", basis="consent", sender=self.stage.bundle.tenant.slug, source="rehearsal",
            at=now - AGREED_AGO, language=self.stage.bundle.tenant.language,
        )  # fmt: skip
        self.contact = await self.stage.people.agreed(self.stage.tenant_id, self.identity, consent, now=now)

    async def writes(self, line: Line) -> Log:
        """One line, `times` over, and what came of it; then whatever happens afterwards."""
        await self._begin()
        for _ in range(line.times):
            await self.store(self.messages(line), deliveries=line.deliveries)
            await self.settled()
            self.stage.clock.advance_to(self.stage.clock.now() + BETWEEN_LINES)
        log = await self.log(page=any(each.check == READS_THE_DESK for each in line.expect))
        if line.afterwards == "human_back":
            await self.human_back()
        return log

    def messages(self, line: Line) -> list[InboundMessage]:
        now = self.stage.clock.now()
        said = line.said if line.said != ("",) or not line.media else ("",)
        self.written += [text for text in said if text]
        return [
            InboundMessage(
                provider_id=f"played.{uuid4().hex}",
                sender=self.identity,
                sent_at=now + n * BURST,
                kind=line.media or "text",
                text=text,
            )
            for n, text in enumerate(said)
        ]

    async def store(self, events: Sequence[InboundEvent], *, deliveries: int = 1) -> None:
        """Hands messages over, each delivery a webhook of its own."""
        for _ in range(deliveries):
            for event in events:
                arrivals = arrivals_of(self.route, self.stage.bundle, [event])
                [stored] = await self.stage.ingest.store(arrivals, now=self.stage.clock.now())
                self.conversation = stored.conversation_id or self.conversation

    async def settled(self) -> None:
        await self.stage.settle()
        if self.conversation is not None:
            new = self.stage.turns.outcomes.pop(self.conversation, [])
            self.outcomes += new
            self.fresh += new

    async def human_back(self) -> None:
        """A colleague takes the conversation, lifts what holds the person, and gives it back."""
        assert self.conversation is not None
        assert self.contact is not None
        stage, now = self.stage, self.stage.clock.now()
        with suppress(NotPossible):  # nothing holds them
            await stage.operations.lift_hold(
                stage.tenant_id, self.contact, by=COLLEAGUE, reason="a drill", now=now
            )
        await stage.operations.take_over(
            stage.tenant_id, self.conversation, by=COLLEAGUE, reason="a drill", now=now
        )
        await stage.operations.hand_back(
            stage.tenant_id, self.conversation, by=COLLEAGUE, reason="a drill", now=now
        )
        await self.settled()

    async def starts(self) -> UUID | None:
        """We try to start a conversation with the tenant's first campaign; the id of the row when it was queued at all.

        Otherwise the refusals say why not.
        """
        stage = self.stage
        campaign = next(iter(stage.bundle.campaigns.values()), None)
        if campaign is None or self.contact is None:
            self.refusals.append(NO_CAMPAIGN)
            return None
        send = campaign_send(
            campaign, stage.bundle, now=stage.clock.now(), channel=CHANNEL, language=campaign.language, sandbox=True,
            withdrawn=frozenset(), slots={"consent.source_line": "you asked us in a rehearsal"}, contact_id=self.contact,
        )  # fmt: skip
        if send is None:
            self.refusals.append(NO_CAMPAIGN)
            return None
        queued = await stage.outbox.queue_proactive(
            stage.tenant_id, self.contact, self.connection.id, send, now=stage.clock.now()
        )
        if queued is None:
            self.refusals.append("not queued")
        return queued

    async def _begin(self) -> None:
        self.fresh = []
        self.before = len((await self.log()).rows) if self.conversation else 0

    async def log(self, *, page: bool = False) -> Log:
        """Everything as it stands now. `page`: with the desk's own page, which records that somebody looked."""
        stage = self.stage
        conversation = (
            await stage.desk.conversation(stage.tenant_id, self.conversation) if self.conversation else None
        )
        if conversation is not None:
            self.contact = conversation.heading.person.contact_id
        facts = await self._facts()
        return Log(
            bundle=stage.bundle,
            conversation=conversation,
            outcomes=tuple(self.outcomes),
            fresh=tuple(self.fresh),
            before=self.before,
            written=tuple(self.written),
            identity=self.identity.value,
            calls=tuple(call for call in stage.provider.calls if call.to.value == self.identity.value),
            prompts=tuple(self.prompts),
            opt_out_reasons=facts[0],
            dead=facts[1],
            clear=facts[2],
            scored=await self._scored(),
            page=await page_of(stage, self.conversation) if page and self.conversation else "",
            stop_stored=self.stop_stored,
            refusals=tuple(self.refusals),
        )

    async def _scored(self) -> tuple[str, ...]:
        """Columns that grade people, of whatever table says whom its row is about, in which this person has a value."""
        found = []
        async with self.stage.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            graded = await (await connection.execute(GRADED)).fetchall()
            for table, column in graded:
                look = sql.SQL(
                    "select 1 from {} where tenant_id = %s and contact_id = %s and {} is not null"
                ).format(sql.Identifier(table), sql.Identifier(column))
                rows = await connection.execute(look, [self.stage.tenant_id, self.contact])
                found += [f"{table}.{column}"] if await rows.fetchone() else []
        return tuple(found)

    async def _facts(self) -> tuple[tuple[str, ...], int, str]:
        async with self.stage.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            found = await connection.execute(REASONS, [self.stage.tenant_id, self.contact])
            reasons = tuple(row[0] for row in await found.fetchall())
            found = await connection.execute(DEAD, [self.stage.tenant_id, self.conversation])
            [(dead,)] = await found.fetchall()
            found = await connection.execute(CLEAR, {"tenant": self.stage.tenant_id, "contact": self.contact})
            clear = "\n".join(str(row[0]) for row in await found.fetchall())
        return reasons, dead, clear


# What a machine would write down to rank people by, under any of its usual names.
GRADED = r"""
select graded.table_name, graded.column_name from information_schema.columns graded
join information_schema.columns whose using (table_schema, table_name)
where table_schema = 'public' and whose.column_name = 'contact_id'
  and graded.column_name ~ '(^|_)(score|rating|rank|grade|propensity|lead)(_|$)'
"""
REASONS = "select opt_out_reason from contact where tenant_id = %s and contact_id = %s and opt_out_reason is not null"
DEAD = "select count(*) from dead_letter where tenant_id = %s and conversation_id = %s"
# What alerts, digests and analytics are made of: the rows about a person that are not encrypted.
CLEAR = """
select to_jsonb(e) - 'body' from event e where e.tenant_id = %(tenant)s and e.contact_id = %(contact)s
union all select to_jsonb(f) from case_file f where f.tenant_id = %(tenant)s and f.contact_id = %(contact)s
union all select to_jsonb(h) from hold h where h.tenant_id = %(tenant)s and h.contact_id = %(contact)s
union all select to_jsonb(d) from outbox_decision d join outbox o on o.tenant_id = d.tenant_id and o.id = d.outbox_id
  where d.tenant_id = %(tenant)s and o.contact_id = %(contact)s
"""
