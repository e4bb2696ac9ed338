"""One fictional customer at the sandbox phone: what they write, what is queued for them, what the database knows of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
from psycopg.rows import dict_row

from drills.deployment import Deployment
from drills.rollout import STAGE, Rolled
from drills.sandbox.dialog360 import Person
from drills.sandbox_server import KIND
from drills.town import Town
from runtime.engine.campaign import campaign_send
from runtime.messages import Identity
from runtime.storage.outbox import PgOutbox
from runtime.storage.people import Consent, PgPeople
from runtime.storage.postgres import Pool

ANSWER_WITHIN_S = 20.0
POLL_S = 0.1
AGREED_AGO = timedelta(days=4)
CAMPAIGN_DUE_S = 4.0  # the message is queued, and goes out so much later unless something stops it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the conversations take place."""

    there: Town

    @property
    def deployment(self) -> Deployment:
        return self.there.deployment

    def tenant(self, index: int) -> Rolled:
        """One of the tenants, in the order of their slugs."""
        ordered = sorted(self.there.rolled, key=lambda tenant: tenant.compiled.tenant)
        return ordered[index % len(ordered)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `sentences` are (text, claim id) of ours; empty for the person's own."""

    ours: bool
    text: str
    sentences: tuple[tuple[str, str | None], ...] = ()
    send_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One conversation with what was checked of it."""

    title: str
    tenant: str
    channel: str
    said: tuple[Said, ...]
    checks: tuple[tuple[str, bool], ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(held for _, held in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them."""
        return {
            "title": self.title,
            "tenant": self.tenant,
            "channel": self.channel,
            "passed": self.passed,
            "checks": [{"what": what, "held": held} for what, held in self.checks],
            "transcript": [
                {
                    "from": self.tenant if said.ours else "person",
                    "text": said.text,
                    **(
                        {
                            "send_class": said.send_class,
                            "sentences": [{"text": text, "claim": claim} for text, claim in said.sentences],
                        }
                        if said.ours
                        else {}
                    ),
                }
                for said in self.said
            ],
            **self.facts,
        }

    def as_text(self) -> str:
        """As it is printed for a person."""
        lines = ["", f"== {self.title} ({self.tenant}, {self.channel})"]
        for said in self.said:
            if not said.ours:
                lines.append(f"  person: {said.text}")
                continue
            lines.append(f"  {self.tenant} ({said.send_class}):")
            lines += [f"    [{claim or 'no claim'}] {text}" for text, claim in said.sentences]
        for name, value in self.facts.items():
            lines.append(f"  {name}: {json.dumps(value, ensure_ascii=False)}")
        lines += [f"  {'ok  ' if held else 'FAIL'} {what}" for what, held in self.checks]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message of ours, decrypted."""

    text: str
    sentences: tuple[tuple[str, str | None], ...]
    send_class: str
    state: str
    rule: str | None
    campaign: str | None


class Customer:
    """A fictional customer of one tenant, at the sandbox phone."""

    def __init__(self, stage: Stage, http: httpx2.AsyncClient, tenant: Rolled, person: Person) -> None:
        self._stage = stage
        self._http = http
        self._tenant = tenant
        self._tenant_id = tenant.activation.tenant_id
        self._person = person
        self._pool: Pool = stage.deployment.tenant
        self._said: list[str] = []
        self._connection = next(
            c for c in tenant.bundle.connections.values() if c.channel == KIND and c.stage == STAGE
        )

    async def writes(self, text: str) -> None:
        """Types on the phone; returns when the phone's server has taken it."""
        url = f"{self._stage.there.phone}/phone/{self._connection.id}/messages"
        answer = await self._http.post(url, json={"as": self._person.phone, "text": text})
        answer.raise_for_status()
        self._said.append(text)

    async def gets_campaign(self) -> bool:
        """Agrees, as on a form, and has the tenant's first campaign queued, due in a few seconds. Whether it was queued."""
        made, bundle = self._stage.deployment, self._tenant.bundle
        now = made.clock.now()
        campaign = next(iter(bundle.campaigns.values()))
        agreed_at = now - AGREED_AGO
        contact = await PgPeople(self._pool, made.tenants).agreed(
            self._tenant_id,
            self._identity,
            Consent(
                channel=KIND,
                purpose=campaign.purpose,
                basis="consent",
                sender=bundle.tenant.slug,
                source="example form",
                at=agreed_at,
                language=bundle.tenant.language,
            ),
            now=now,
        )
        send = campaign_send(
            campaign,
            bundle,
            now=now,
            channel=KIND,
            language=bundle.tenant.language,
            sandbox=True,
            withdrawn=frozenset(),
            slots={"consent.source_line": f"you asked us to on {agreed_at:%d %B %Y}"},
        )
        if contact is None or send is None:
            return False
        outbox = PgOutbox(dispatch=self._pool, tenant=self._pool, tenants=made.tenants)
        send = replace(send, due_at=now + timedelta(seconds=CAMPAIGN_DUE_S))
        queued = await outbox.queue_proactive(self._tenant_id, contact, self._connection.id, send, now=now)
        return queued is not None

    async def until(
        self, enough: Callable[[Sequence[Row]], bool], *, within_s: float = ANSWER_WITHIN_S
    ) -> Sequence[Row]:
        """Our messages to this person as soon as they are `enough`, or what there is when the time is up."""
        deadline = time.monotonic() + within_s
        while not enough(rows := await self.rows()) and time.monotonic() < deadline:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(POLL_S)
        return rows

    async def until_processed(self) -> None:
        """Waits until every message of this person has had its turn, whatever came of it."""
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            waiting = await self.facts(
                "select q.last_seq, q.done_seq from conversation c join conversation_queue q using (tenant_id, conversation_id) "
                "where c.tenant_id = %s and c.contact_id = %s"
            )
            if (
                waiting
                and waiting[0]["last_seq"] >= len(self._said)
                and waiting[0]["done_seq"] == waiting[0]["last_seq"]
            ):
                return
            await asyncio.sleep(POLL_S)

    async def phone_shows(self, wanted: int) -> list[str]:
        """What the firm's bubbles on the phone say, given a moment to arrive."""
        url = f"{self._stage.there.phone}/phone/{self._connection.id}/lines"
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while True:
            answer = await self._http.get(url, params={"as": self._person.phone})
            shown = [line["text"] for line in answer.json()["lines"] if line["ours"]]
            if len(shown) >= wanted or time.monotonic() > deadline:
                return shown
            await asyncio.sleep(POLL_S)

    async def rows(self) -> Sequence[Row]:
        """Our messages to this person, whatever became of them, oldest first."""
        found = await self.facts(
            "select o.id, o.body, o.send_class, o.state, o.decided_rule, o.campaign, o.contact_id, c.wrapped_key "
            "from outbox o join contact c using (tenant_id, contact_id) "
            "where o.tenant_id = %s and o.contact_id = %s order by o.n"
        )
        if not found:
            return ()
        keys = (await self._stage.deployment.tenants.get(self._tenant_id)).keys
        key = keys.open_contact(found[0]["contact_id"], found[0]["wrapped_key"])
        rows = []
        for row in found:
            body = json.loads(key.decrypt(row["body"], table="outbox", column="body", row=row["id"]))
            rows.append(
                Row(
                    text=body["text"],
                    sentences=tuple((s["text"], s["claim"]) for s in body["sentences"]),
                    send_class=row["send_class"],
                    state=row["state"],
                    rule=row["decided_rule"],
                    campaign=row["campaign"],
                )
            )
        return rows

    def dropping_rules(self, states: Sequence[str]) -> set[str]:
        """The rules by which the compiled send table drops a proactive message in one of these states."""
        return {
            row.rule
            for row in self._tenant.bundle.send_table
            if row.state in states
            and (row.send_class, row.channel, row.effect) == ("proactive", KIND, "drop")
        }

    async def facts(self, statement: str) -> Sequence[Mapping[str, Any]]:
        """Rows about this person, read with one tenant's rights. The statement's parameters are tenant and contact."""
        owner = await self._stage.deployment.tenants.get(self._tenant_id)
        blind = owner.keys.blind_index(self._identity.kind, self._identity.value)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.tenant', %s, true)", [str(self._tenant_id)])
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(
                "select contact_id from identity where tenant_id = %s and blind = %s",
                [self._tenant_id, blind],
            )
            contact = await cursor.fetchone()
            if contact is None:
                return ()
            await cursor.execute(statement.encode(), [self._tenant_id, contact["contact_id"]])
            return await cursor.fetchall()

    def talk(
        self, title: str, rows: Sequence[Row], checks: tuple[tuple[str, bool], ...], **facts: Any
    ) -> Talk:
        """What was said, the person first, and what was checked of it."""
        ours = [
            Said(ours=True, text=row.text, sentences=row.sentences, send_class=row.send_class)
            for row in rows
            if row.state == "sent"
        ]
        theirs = [Said(ours=False, text=text) for text in self._said]
        return Talk(
            title=title,
            tenant=self._tenant.compiled.tenant,
            channel=KIND,
            said=(theirs[0], *ours, *theirs[1:]),
            checks=checks,
            facts=facts,
        )

    @property
    def _identity(self) -> Identity:
        return Identity(kind="phone", value=f"+{self._person.phone}")
