"""Rows that the audit names, overwritten or deleted by a superuser: each is missed, by tenant, stream and entry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from runtime.embedded import SUPERUSER
from runtime.messages import Identity, Send, SendClass, Sentence, Stop, Suppress
from runtime.storage.audit import PgAudit, Verified
from runtime.storage.outbox import PgOutbox
from runtime.storage.people import Consent, PgPeople
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.test_turns import begin, claim, outcome
from tests.integration.storage.world import World, bundle_bytes, message, phone, world

STOP = Stop(scope="tenant", matched="stop")
STOP_ALL = Stop(scope="organisation", matched="stop all")
VISITOR = Identity(kind="bsuid", value="EXAMPLE.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One firm: somebody wrote and was answered, agreed to hear more; somebody else said stop."""

    w: World
    admin: psycopg.Connection[dict[str, Any]]
    tenant_id: int
    answered: UUID
    stopped: UUID

    def damage(self, statement: str) -> None:
        """By the superuser, whom no policy and no grant holds back. At least one row is touched."""
        assert self.admin.execute(statement.encode()).rowcount > 0

    async def verify(self) -> Verified:
        return await PgAudit(self.w.owner).verify()

    def stream(self, name: str) -> str:
        return name.format(answered=self.answered, stopped=self.stopped, tenant=self.tenant_id)


def reply(bundle: Bundle, part: int) -> Send:
    said = Sentence(text="EXAMPLE", claim="D-1", variant="full", digest=bundle.claims["D-1"].digest)
    return Send(part=part, send_class=SendClass.REPLY, sentences=(said,), answers_seq=1)


@asynccontextmanager
async def firm(database: Database, clock: ManualClock, stop: Stop = STOP) -> AsyncIterator[Case]:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        (first,) = await w.arrive(
            message(dave, clock.now(), text="hello", person=phone(1), aliases=(VISITOR,))
        )
        lease, turn = await begin(w, bundle)
        assert await w.turns.commit(lease, outcome(turn, reply(bundle, 1), reply(bundle, 2)), now=clock.now())
        outbox = PgOutbox(dispatch=w.dispatch, tenant=w.tenant_pool, tenants=w.tenants)
        for tenant_id, row in await outbox.due(limit=10, now=clock.now()):
            look = await outbox.last_look(tenant_id, row, owner="sender-1", lease_s=30.0, now=clock.now())
            assert look is not None
        agreed = Consent(
            channel="any", purpose="any", basis="consent", sender="EXAMPLE Ltd", source="form", at=clock.now()
        )
        await PgPeople(w.tenant_pool, w.tenants).agreed(dave.tenant_id, phone(1), agreed, now=clock.now())
        (second,) = await w.arrive(message(dave, clock.now(), text="stop", person=phone(2), stop=stop))
        assert first.conversation_id is not None
        assert second.conversation_id is not None
        url = database.server.url(SUPERUSER, database.name)
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as admin:
            yield Case(
                w=w,
                admin=admin,
                tenant_id=dave.tenant_id,
                answered=first.conversation_id,
                stopped=second.conversation_id,
            )


WROTE, TURN, SEND, STOPPED = "conv/{answered}", "conv/{answered}", "send/{answered}", "conv/{stopped}"
FIRST = "n = (select min(n) from outbox)"
NOT_AS = "its row in {} is not what was recorded: {}"
GONE = "its row in {} is gone"

DAMAGE: dict[str, tuple[str, str, str, int, str]] = {
    "a message overwritten": (
        "update inbox set payload = 'x' where stop_scope is null",
        "row_edited", WROTE, 1, NOT_AS.format("inbox", "payload"),
    ),
    "a message deleted": (
        "delete from inbox where stop_scope is null",
        "row_missing", WROTE, 1, GONE.format("inbox"),
    ),
    "a message that said stop no longer says so": (
        "update inbox set stop_scope = null where stop_scope is not null",
        "row_edited", STOPPED, 1, NOT_AS.format("inbox", "stop"),
    ),
    "an answer overwritten": (
        f"update outbox set body = 'x' where {FIRST}",
        "row_edited", TURN, 2, NOT_AS.format("outbox", "body"),
    ),
    "what an answer claimed overwritten": (
        f"update outbox set claims = '{{}}' where {FIRST}",
        "row_edited", TURN, 2, NOT_AS.format("outbox", "claims"),
    ),
    "an answer that waits deleted": (
        "delete from outbox where state = 'pending'",
        "row_missing", TURN, 2, GONE.format("outbox"),
    ),
    "all decisions deleted": (
        "delete from outbox_decision",
        "row_missing", SEND, 1, GONE.format("outbox_decision"),
    ),
    "a decision overwritten": (
        "update outbox_decision set effect = 'refuse', rule = 'R-EXAMPLE-1'",
        "row_edited", SEND, 1, NOT_AS.format("outbox_decision", "effect, rule"),
    ),
    "what a decision knew overwritten": (
        "update outbox_decision set facts = facts || '{\"facts\": [\"opted_out\"]}'",
        "row_edited", SEND, 1, NOT_AS.format("outbox_decision", "facts"),
    ),
    "all opt-outs deleted": (
        "delete from suppression",
        "row_missing", STOPPED, 1, GONE.format("suppression"),
    ),
    "an opt-out dated back": (
        "update suppression set at = at - interval '1 day'",
        "row_edited", STOPPED, 1, NOT_AS.format("suppression", "at"),
    ),
    "an opt-out taken off the person": (
        "update contact set opted_out_at = null where opted_out_at is not null",
        "row_edited", STOPPED, 1, NOT_AS.format("suppression", "opted_out_at"),
    ),
    "the person who opted out deleted": (
        "delete from contact where opted_out_at is not null",
        "row_missing", STOPPED, 1, GONE.format("suppression"),
    ),
    "the identities of who opted out deleted": (
        "delete from identity using contact where contact.contact_id = identity.contact_id and opted_out_at is not null",
        "row_missing", STOPPED, 1, GONE.format("suppression"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_row_that_is_not_as_recorded_is_found_and_its_entry_named(
    damage: str, database: Database, clock: ManualClock
) -> None:
    statement, kind, stream, n, message = DAMAGE[damage]
    async with firm(database, clock) as case:
        assert (await case.verify()).ok
        case.damage(statement)
        [found] = (await case.verify()).findings
    assert (found.kind, found.tenant_id, found.stream, found.n) == (
        kind,
        case.tenant_id,
        case.stream(stream),
        n,
    )
    assert found.message == message


async def test_consent_that_was_rewritten_or_deleted_is_found(database: Database, clock: ManualClock) -> None:
    async with firm(database, clock) as case:
        case.damage("update consent_event set purpose = 'claims' where kind = 'granted'")
        [edited] = (await case.verify()).findings
        case.damage("delete from consent_event where kind = 'granted'")
        [missing] = (await case.verify()).findings
    assert (edited.kind, edited.stream) == ("row_edited", case.stream("desk/{tenant}"))
    assert (missing.kind, missing.n) == ("row_missing", edited.n)


async def test_a_stop_of_the_whole_organisation_is_missed_there_too(
    database: Database, clock: ManualClock
) -> None:
    async with firm(database, clock, STOP_ALL) as case:
        assert (await case.verify()).ok
        case.damage("delete from organisation_suppression")
        [found] = (await case.verify()).findings
    assert (found.kind, found.stream, found.n) == ("row_missing", case.stream(STOPPED), 1)


async def test_a_stop_that_a_turn_found_is_missed_for_every_address_the_person_had(
    database: Database, clock: ManualClock
) -> None:
    async with firm(database, clock) as case:
        clock.advance(timedelta(minutes=2).total_seconds())
        await case.w.arrive(message(await case.w.tenant(), clock.now(), text="no more", person=phone(1)))
        bundle = await case.w.publish(bundle_bytes())
        [lease] = [each for each in await claim(case.w) if each.conversation_id == case.answered]
        turn = await case.w.turns.load(lease, pinned=None, active=bundle, now=clock.now())
        assert turn is not None
        done = outcome(turn, effects=(Suppress(reason="asked"),))
        assert await case.w.turns.commit(lease, done, now=clock.now())
        assert (await case.verify()).ok
        case.damage(
            "delete from suppression s using identity i where i.suppression_blind = s.blind and i.kind = 'bsuid'"
        )
        [found] = (await case.verify()).findings
    assert (found.kind, found.stream, found.n) == ("row_missing", case.stream(WROTE), 4)


async def test_of_two_like_decisions_at_one_instant_each_must_have_its_row(
    database: Database, clock: ManualClock
) -> None:
    async with firm(database, clock) as case:
        outbox = PgOutbox(dispatch=case.w.dispatch, tenant=case.w.tenant_pool, tenants=case.w.tenants)
        row = case.admin.execute("select id from outbox where state = 'sending'").fetchone()
        assert row is not None
        for _ in range(2):
            await outbox.put_back(case.tenant_id, row["id"], owner="sender-1", now=clock.now())
            await outbox.last_look(case.tenant_id, row["id"], owner="sender-1", lease_s=30.0, now=clock.now())
        assert (await case.verify()).ok
        case.damage(
            "delete from outbox_decision where id = (select id from outbox_decision order by ctid desc limit 1)"
        )
        [found] = (await case.verify()).findings
    assert (found.kind, found.stream, found.n) == ("row_missing", case.stream(SEND), 5)


async def test_who_was_erased_is_no_finding_and_their_rows_are_compared_all_the_same(
    database: Database, clock: ManualClock
) -> None:
    async with firm(database, clock) as case:
        case.damage("delete from identity")
        case.damage("update contact set wrapped_key = null")
        assert (await case.verify()).ok
        case.damage("update inbox set payload = 'x'")
        found = (await case.verify()).findings
    assert {(f.kind, f.stream) for f in found} == {
        ("row_edited", case.stream(WROTE)),
        ("row_edited", case.stream(STOPPED)),
    }


async def test_a_table_that_was_emptied_is_one_finding_a_stream_with_a_count(
    database: Database, clock: ManualClock
) -> None:
    async with firm(database, clock) as case:
        dave = await case.w.tenant()
        await case.w.arrive(*(message(dave, clock.now(), person=phone(1)) for _ in range(3)))
        case.damage("delete from inbox where stop_scope is null")
        [found] = (await case.verify()).findings
    assert found.message == "its row in inbox is gone, and so it is for 3 later in this stream"


async def test_what_a_check_could_not_have_found_is_said(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with firm(database, clock) as case:
        await PgAudit(case.w.owner).seal(key=None, now=clock.now(), export=tmp_path / "roots.jsonl")
        audit = PgAudit(case.w.owner)
        assert ["CONVO_SEAL_EXPORT" in limit for limit in (await audit.verify()).limits] == [True, False]
        with_export = await audit.verify(trusted={}, exported=tmp_path / "roots.jsonl")
        assert with_export.limits == ()
        await case.w.arrive(message(await case.w.tenant(), clock.now(), person=phone(1)))
        [limit] = (await audit.verify(trusted={}, exported=tmp_path / "roots.jsonl")).limits
        assert limit.startswith("entries newer than the last root")
