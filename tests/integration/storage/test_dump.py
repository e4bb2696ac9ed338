"""A dump of the database, decoded where it can be, holds nobody's number, name or words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
from psycopg import sql

from runtime.embedded import SUPERUSER
from runtime.messages import Arrival, Identity, KillScope, OpenCase, RecordAnswer, SetHold, StatusUpdate, Stop
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Owner, Tenants
from tests.conftest import Database, ManualClock
from tests.integration.storage.test_turns import begin, outcome, reply
from tests.integration.storage.world import VAULT, World, bundle_bytes, message, world

NUMBER = "+447700900123"
NAME = "Samantha Specimen"
WORDS = "my ex Barnaby took the finance out in Llandudno"
TYPED = "Spoke to Wilhelmina about her Vauxhall"  # by an operator, with each act that takes a reason
PRIVATE = (
    "Wilhelmina",
    "Vauxhall",
    NUMBER,
    NUMBER.removeprefix("+"),
    "7700900123",
    *NAME.split(),
    "Barnaby",
    "Llandudno",
    "hunter2",
    "v1s1t0r",
)


async def live_a_little(w: World) -> None:
    """Every way in which words, names and numbers reach the database."""
    clock = w.clock
    bundle = await w.publish(bundle_bytes())
    dave = await w.tenant()
    person = Identity(kind="phone", value=NUMBER)
    wamid = "wamid." + base64.b64encode(b"\x1d\x0a" + NUMBER.removeprefix("+").encode() + b"\x15").decode()
    await w.arrive(
        message(
            dave,
            clock.now(),
            person=person,
            text=WORDS,
            name=NAME,
            provider_id=wamid,
            stop=Stop(scope="organisation", matched="stop all"),
            aliases=(Identity(kind="email", value="Samantha@specimen.example"),),
        ),
        message(
            dave,
            clock.now(),
            person=person,
            text=WORDS,
            name=NAME,
            kind="\x00" + WORDS,
            provider_id=wamid + "2",
        ),
        message(
            dave,
            clock.now(),
            person=Identity(kind="visitor", value="v1s1t0r" * 3),
            channel="webchat",
            connection="dave-web-sandbox",
            text=WORDS,
        ),
        Arrival(
            tenant_id=dave.tenant_id,
            connection_id="dave-wa-sandbox",
            channel="whatsapp_360dialog",
            stop=None,
            event=StatusUpdate(
                provider_id=wamid,
                status="failed",
                at=clock.now(),
                client_ref="k",
                error_code=131026,
                error_title=f"{NUMBER} cannot be reached",
            ),
        ),
    )
    await PgSecrets(w.owner, Tenants(w.owner, VAULT)).set(
        dave.tenant_id, "D360_KEY", "hunter2", by="ann", now=clock.now()
    )
    leases = await w.turns.claim(owner="w", limit=1, lease_s=30, now=clock.now())
    turn = await w.turns.load(leases[0], pinned=None, active=bundle, now=clock.now())
    assert turn is not None
    assert WORDS in [p.text for p in turn.pending]
    effects = (
        RecordAnswer(question="Q-1", answer=WORDS),
        SetHold(category="complaint", priority=1),
        OpenCase(kind="complaint", reason="screen", priority=1, sla_minutes=5, page=True),
    )
    assert await w.turns.commit(
        leases[0], outcome(turn, reply(f"Dear {NAME}"), effects=effects), now=clock.now()
    )
    clock.advance(timedelta(hours=1).total_seconds())
    lease, _ = await begin(w, bundle)
    await w.turns.fail(lease, "ValueError", now=clock.now(), max_attempts=1)
    await operate(w, dave)


async def operate(w: World, dave: Owner) -> None:
    """Everything for which an operator writes a reason."""
    now, tenant, by = w.clock.now(), dave.tenant_id, "Ada Example"
    async with Pool(w.database.url("desk"), role="desk") as desk:
        acts = PgOperations(desk, Tenants(w.owner, VAULT), drain_within_s=0)
        for stopped in (None, tenant):
            await acts.kill(stopped, KillScope.MACHINE, by=by, reason=TYPED, now=now)
        await acts.withdraw(tenant, "sha256:" + "0" * 64, by=by, reason=TYPED, now=now)
        (letter,) = await w.see("select id, conversation_id from dead_letter")
        (case, *_) = await w.see("select id, contact_id from case_file where contact_id is not null")
        (reject,) = await w.see("select id from ingest_reject")
        assert await acts.discard(tenant, "dead_letter", letter["id"], by=by, reason=TYPED, now=now)
        assert await acts.discard(tenant, "reject", reject["id"], by=by, reason=TYPED, now=now)
        await acts.take_over(tenant, letter["conversation_id"], by=by, reason=TYPED, now=now)
        await acts.hand_back(tenant, letter["conversation_id"], by=by, reason=TYPED, now=now)
        await acts.lift_hold(tenant, case["contact_id"], by=by, reason=TYPED, now=now)
        assert await acts.close_case(tenant, case["id"], by=by, note=TYPED, now=now)


def dump(database: Database) -> str:
    """All rows of all tables, as a plain dump writes them."""
    parts = []
    with psycopg.connect(database.url(SUPERUSER)) as admin:
        for (table,) in admin.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        ).fetchall():
            with admin.cursor().copy(sql.SQL("copy {} to stdout").format(sql.Identifier(table))) as rows:
                parts += [bytes(row).decode() for row in rows]
    return "\n".join(parts)


def decoded(text: str) -> Iterator[str]:
    """Whatever in the text reads as hex or base64, as text again, twice over."""
    for run in set(re.findall(r"[0-9a-fA-F]{8,}", text)):
        yield bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1")
    for run in set(re.findall(r"[A-Za-z0-9+/_-]{8,}", text)):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            part = part[:-1] if len(part) % 4 == 1 else part
            try:
                yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
            except binascii.Error:
                continue


async def test_a_dump_holds_no_number_name_or_word(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        await live_a_little(w)
        assert len(await w.see("select 1 from ingest_reject")) == 1
    text = dump(database)
    assert "dave-wa-sandbox" in text
    layers = [text, *decoded(text)]
    layers += [again for layer in layers[1:] for again in decoded(layer)]
    found = [private for private in PRIVATE if any(private.lower() in layer.lower() for layer in layers)]
    assert found == []


def test_the_search_would_have_found_them() -> None:
    twice = base64.b64encode(b"xx" + base64.b64encode(NUMBER.encode())).decode()
    hidden = f"{NUMBER.encode().hex()} {base64.b64encode(b'a' + NUMBER.encode()).decode()}"
    for text in hidden.split():
        assert any(NUMBER in layer for layer in decoded(text))
    assert any(NUMBER in again for layer in decoded(twice) for again in decoded(layer))
