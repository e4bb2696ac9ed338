"""What the provider took and later says it could not deliver is somebody's work, unless we had started it ourselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal
from uuid import UUID

import pytest
import pytest_asyncio

from runtime.messages import Arrival, StatusUpdate
from runtime.storage.ingest import PgIngest
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Pool
from tests.integration.send.world import CHANNELS, CLAIM, WHATSAPP, Person, World

Says = Callable[..., Awaitable[None]]
UNDELIVERABLE, USER_STOPPED = 131026, 131050


@pytest_asyncio.fixture
async def says(firm: World) -> AsyncIterator[Says]:
    """A status of a row arrives from the provider."""
    async with (
        Pool(firm.database.url("ingest"), role="ingest") as pool,
        PgIngest(pool, firm.tenants, firm.clock) as ingest,
    ):

        async def status(
            row: UUID,
            said: Literal["sent", "delivered", "read", "failed"],
            code: int | None = None,
            *,
            by_id: bool = False,
            provider_id: str | None = None,
        ) -> None:
            update = StatusUpdate(
                provider_id=provider_id or f"wamid.{row}",
                status=said,
                at=firm.clock.now(),
                client_ref=None if by_id else firm.row(row)["key"],
                error_code=code,
            )
            arrival = Arrival(
                tenant_id=firm.tenant_id,
                connection_id=WHATSAPP,
                channel=CHANNELS[WHATSAPP],
                event=update,
                stop=None,
            )
            (stored,) = await ingest.store([arrival], now=firm.clock.now())
            assert stored.outcome in ("stored", "duplicate")

        yield status


def left(firm: World, person: Person, send_class: str = "reply", state: str = "sent") -> UUID:
    """A message that has left, or may have, with what follows from that."""
    now = firm.clock.now()
    row = firm.waiting(person, send_class, state=state, sending_at=now, settled_at=now)
    firm.sql(
        "update outbox set provider_hmac = %s where id = %s",
        [firm.owner.keys.blind_index("provider_id", f"wamid.{row}"), row],
    )
    if state == "sent":
        firm.sql("select send_shown_v1(%s, %s, %s)", [firm.tenant_id, row, now])
    return row


@pytest.mark.parametrize("state", ["sent", "unknown", "sending"])
@pytest.mark.parametrize(
    ("send_class", "cases"),
    [
        ("safety", [(0, True)]),
        ("confirmation", [(1, False)]),
        ("reply", [(1, False)]),
        ("human", [(1, False)]),
        ("service", [(1, False)]),
        ("proactive", []),
    ],
)
async def test_a_message_reported_as_failed_is_a_case_and_danger_pages(
    firm: World, says: Says, send_class: str, cases: list[tuple[int, bool]], state: str
) -> None:
    person = firm.person()
    row = left(firm, person, send_class, state)
    await says(row, "failed", UNDELIVERABLE)
    found = firm.sql("select * from case_file where conversation_id = %s", [person.conversation])
    assert [(case["priority"], case["page"]) for case in found] == cases
    assert {(case["kind"], case["reason"]) for case in found} <= {("send_failed", str(UNDELIVERABLE))}
    assert firm.one("select count(*) as n from event where kind = 'alert'")["n"] == (send_class == "safety")


@pytest.mark.parametrize("state", ["sent", "unknown"])
async def test_a_message_reported_as_failed_stands_in_the_queue_and_was_not_shown(
    firm: World, says: Says, state: str
) -> None:
    row = left(firm, firm.person(), state=state)
    assert len(firm.sql("select * from shown")) == (state == "sent")
    await says(row, "failed", UNDELIVERABLE)
    assert firm.row(row)["state"] == "failed"
    stuck = await PgOperations(firm.pools["desk"], firm.tenants).stuck(firm.tenant_id)
    assert [(item.id, item.state) for item in stuck] == [(row, "failed")]
    assert firm.sql("select * from shown") == []
    entry = firm.one("select header from audit where header ->> 'outbox' = %s", [str(row)])["header"]
    assert (entry["what"], entry["code"], entry["stopped"]) == ("failed later", UNDELIVERABLE, False)


async def test_one_failure_said_twice_is_one_case(firm: World, says: Says) -> None:
    row = left(firm, firm.person())
    await says(row, "failed", UNDELIVERABLE)
    firm.sql("update case_file set state = 'closed'")
    firm.clock.advance(86_400 * 2)
    await says(row, "failed", UNDELIVERABLE)
    assert firm.one("select count(*) as n from case_file")["n"] == 1


async def test_a_failure_said_after_the_message_was_delivered_is_nobodys_work(
    firm: World, says: Says
) -> None:
    row = left(firm, firm.person())
    await says(row, "delivered")
    await says(row, "failed", UNDELIVERABLE)
    assert (firm.row(row)["state"], firm.row(row)["status"]) == ("sent", "delivered")
    assert firm.sql("select * from case_file") == []


async def test_a_message_that_was_delivered_after_all_was_sent(firm: World, says: Says) -> None:
    row = left(firm, firm.person())
    await says(row, "failed", UNDELIVERABLE)
    await says(row, "delivered")
    assert (firm.row(row)["state"], firm.row(row)["status"]) == ("sent", "delivered")
    assert firm.one("select claim_digest from shown")["claim_digest"] == CLAIM


async def test_the_rest_of_an_answer_whose_first_part_failed_waits_for_a_human(
    firm: World, says: Says
) -> None:
    person = firm.person()
    row, rest = left(firm, person), firm.waiting(person, part=1)
    await says(row, "failed", UNDELIVERABLE)
    assert firm.row(rest)["state"] == "superseded"
    kinds = firm.sql("select kind from case_file order by kind")
    assert [case["kind"] for case in kinds] == ["not_sent", "send_failed"]


async def test_what_is_tried_again_and_fails_again_is_a_case_again(firm: World, says: Says) -> None:
    row, operations = left(firm, firm.person()), PgOperations(firm.pools["desk"], firm.tenants)
    await says(row, "failed", UNDELIVERABLE)
    firm.sql("update case_file set state = 'closed'")
    assert await operations.replay(firm.tenant_id, "outbox", row, by="Ada Example", now=firm.clock.now())
    assert firm.row(row)["status"] is None
    firm.sql("update outbox set state = 'sent' where id = %s", [row])
    await says(row, "failed", UNDELIVERABLE, provider_id="wamid.EXAMPLE-2")
    assert firm.one("select count(*) as n from case_file where state = 'open'")["n"] == 1


@pytest.mark.parametrize("by_id", [False, True])
async def test_whoever_stopped_us_inside_whatsapp_is_found_by_the_message_that_failed(
    firm: World, says: Says, by_id: bool
) -> None:
    person, bystander = firm.person(), firm.person()
    row, later = left(firm, person, "proactive"), firm.waiting(person, "service")
    await says(row, "failed", USER_STOPPED, by_id=by_id)
    contact = firm.one("select * from contact where contact_id = %s", [person.contact])
    assert (contact["opted_out_at"], contact["opt_out_reason"]) == (firm.clock.now(), "provider stop")
    assert [s["reason"] for s in firm.sql("select reason from suppression")] == ["provider stop"]
    assert await firm.decided(later) == ("drop", "R-OPT-1")
    assert (await firm.decided(firm.waiting(bystander, "proactive")))[0] == "send"
    assert firm.sql("select * from case_file") == []
