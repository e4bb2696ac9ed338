"""The desk's one-time links and sessions, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from runtime.embedded import SUPERUSER
from runtime.storage.access import LINK_LIFE, SESSION_LIFE, PgAccess, csrf_of, good_form, make_link
from runtime.storage.postgres import Pool
from tests.conftest import NOON, Database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with Pool(database.url("desk"), role="desk") as pool:
        yield pool


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Pool]:
    async with Pool(database.url("owner"), role="owner") as pool:
        yield pool


async def a_token(owner: Pool) -> str:
    return (await make_link(owner, "Asha Example", "owner", [1, 2], NOON)).removeprefix("/desk/in/")


async def test_a_link_opens_one_session_that_knows_who_it_is(pool: Pool, owner: Pool) -> None:
    token = await a_token(owner)
    access = PgAccess(pool)

    looked = await access.link(token, now=NOON)
    session = await access.enter(token, now=NOON)

    assert (looked.state, looked.operator) == ("good", "Asha Example")
    assert session is not None
    operator = await access.operator(session, now=NOON)
    assert operator is not None
    assert (operator.name, operator.role, operator.tenants) == ("Asha Example", "owner", (1, 2))
    assert operator.until == NOON + SESSION_LIFE


async def test_a_link_works_once_even_when_two_use_it_at_the_same_moment(pool: Pool, owner: Pool) -> None:
    token = await a_token(owner)
    access = PgAccess(pool)

    opened = await asyncio.gather(*(access.enter(token, now=NOON) for _ in range(6)))

    assert len([session for session in opened if session is not None]) == 1
    assert (await access.link(token, now=NOON)).state == "used"


async def test_a_link_ends_after_fifteen_minutes(pool: Pool, owner: Pool) -> None:
    token = await a_token(owner)
    access = PgAccess(pool)

    assert (await access.link(token, now=NOON + LINK_LIFE)).state == "expired"
    assert await access.enter(token, now=NOON + LINK_LIFE) is None


async def test_an_invented_link_opens_nothing(pool: Pool) -> None:
    access = PgAccess(pool)

    assert (await access.link("invented", now=NOON)).state == "unknown"
    assert await access.enter("invented", now=NOON) is None


async def test_a_session_ends_after_twelve_hours_however_busy_it_is(pool: Pool, owner: Pool) -> None:
    access = PgAccess(pool)
    session = await access.enter(await a_token(owner), now=NOON)
    assert session is not None

    assert await access.operator(session, now=NOON + SESSION_LIFE - timedelta(seconds=1)) is not None
    assert await access.operator(session, now=NOON + SESSION_LIFE) is None


async def test_who_signs_out_is_out(pool: Pool, owner: Pool) -> None:
    access = PgAccess(pool)
    session = await access.enter(await a_token(owner), now=NOON)
    assert session is not None

    await access.leave(session, now=NOON)

    assert await access.operator(session, now=NOON) is None


async def test_only_the_sessions_own_form_token_is_good(pool: Pool, owner: Pool) -> None:
    access = PgAccess(pool)
    session = await access.enter(await a_token(owner), now=NOON)
    assert session is not None
    operator = await access.operator(session, now=NOON)
    assert operator is not None

    assert good_form(operator, csrf_of(session))
    assert not good_form(operator, csrf_of("another session"))
    assert not good_form(operator, "")


async def test_the_database_holds_no_token_that_would_let_anybody_in(
    pool: Pool, owner: Pool, database: Database
) -> None:
    token = await a_token(owner)
    session = await PgAccess(pool).enter(token, now=NOON)
    assert session is not None

    with psycopg.connect(database.url(SUPERUSER)) as connection:
        stored = str(connection.execute("select * from desk_link").fetchall())
        stored += str(connection.execute("select * from desk_session").fetchall())

    assert token not in stored and session not in stored and csrf_of(session) not in stored


async def test_signing_in_stands_in_the_record_of_every_tenant_of_the_session(
    pool: Pool, owner: Pool, database: Database
) -> None:
    await PgAccess(pool).enter(await a_token(owner), now=NOON)

    with psycopg.connect(database.url("desk")) as connection:
        connection.execute("select set_config('app.tenant', '2', true)")
        rows = connection.execute("select stream, header ->> 'what', header ->> 'by' from audit").fetchall()

    assert rows[1:] == [("desk/2", "signed in", "Asha Example")]


async def test_a_link_that_was_made_stands_in_the_record_of_every_tenant_it_opens(
    owner: Pool, database: Database
) -> None:
    await a_token(owner)

    with psycopg.connect(database.url(SUPERUSER)) as connection:
        rows = connection.execute(
            "select tenant_id, header ->> 'what', header ->> 'for', header ->> 'role' from audit order by tenant_id"
        ).fetchall()

    assert rows == [(tenant, "login link made", "Asha Example", "owner") for tenant in (1, 2)]


async def test_who_serves_the_desk_can_make_neither_a_link_nor_a_session(
    pool: Pool, database: Database
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await a_token(pool)
    for statement in (
        "insert into desk_session values ('x', 'Eve Example', 'owner', '{1}', 'x', now(), now(), now() + interval '1 day')",
        "insert into desk_link values ('x', 'Eve Example', 'owner', '{1}', now(), now() + interval '1 day')",
        "update desk_session set expires_at = 'infinity', tenants = '{1,2,3}'",
        "select * from desk_session",
    ):
        with psycopg.connect(database.url("desk")) as connection:
            connection.execute("select set_config('app.every', 'on', true)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
