"""The catalogue, walked: whose rows a setting shows, and what each role may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from runtime.embedded import SUPERUSER
from tests.conftest import Database

READERS = ("convo_owner", "convo_tenant", "convo_desk")
SILENT = ("convo_ingest", "convo_dispatch")  # functions only
MINE, OTHER = 1, 2

# Not of one tenant, and shown to nobody who names one.
OF_THE_DEPLOYMENT = {"platform", "audit_root", "desk_link", "desk_session", "model_breaker"}
LEDGER = "schema_migration"  # file names and their hashes; the owner's alone

# What a generated row must hold to pass a table's checks.
ALLOWED: dict[tuple[str, str], Any] = {
    ("bundle_pointer", "stage"): "sandbox",
    ("claim_index", "kind"): "text",
    ("consent_event", "kind"): "granted",
    ("outbox", "send_class"): "reply",
    ("desk_link", "role"): "viewer",
    ("desk_session", "role"): "viewer",
}
SAMPLES: dict[str, Any] = {
    "int4": MINE,
    "int8": 1,
    "int2": 1,
    "text": "x",
    "bool": True,
    "uuid": "00000000-0000-0000-0000-000000000001",
    "bytea": b"x",
    "timestamptz": "2026-11-24T10:30:00Z",
    "date": "2026-11-24",
    "jsonb": "{}",
    "_text": [],
    "_int4": [MINE],
    "tsvector": "x",
    "vector": "[1]",
}

TABLES = """
select c.relname, coalesce(c.relrowsecurity and c.relforcerowsecurity, false),
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'), c.relispartition
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = 'convo_owner'
order by 1
"""
MUST_BE_GIVEN = """
select a.attname, t.typname from pg_attribute a join pg_type t on t.oid = a.atttypid
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped
  and (a.attname = 'tenant_id' or (a.attnotnull and not a.atthasdef))
"""


@pytest.fixture
def admin(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url(SUPERUSER), autocommit=True) as connection:
        yield connection


def tables(admin: psycopg.Connection) -> list[tuple[str, bool, bool, bool]]:
    found = [row for row in admin.execute(TABLES).fetchall() if row[0] != LEDGER]
    assert len(found) > 40
    return found


def fill(admin: psycopg.Connection, table: str) -> None:
    """One row of tenant MINE, whatever the table is for."""
    columns = admin.execute(MUST_BE_GIVEN, [table]).fetchall()
    if not columns:  # the platform's one row is there already
        return
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    values = [ALLOWED.get((table, name), SAMPLES[kind]) for name, kind in columns]
    marks = sql.SQL(", ").join(sql.Placeholder() * len(values))
    admin.execute(
        sql.SQL("insert into {} ({}) overriding system value values ({}) on conflict do nothing").format(
            sql.Identifier(table), names, marks
        ),
        values,
    )


def seen(connection: psycopg.Connection, table: str, *, tenant: int | None) -> int:
    with connection.transaction():
        connection.execute(
            "select set_config('app.tenant', %s, true)", ["" if tenant is None else str(tenant)]
        )
        row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def test_every_table_has_forced_row_security(admin: psycopg.Connection) -> None:
    assert [name for name, forced, _, _ in tables(admin) if not forced] == []


def test_every_table_is_one_tenants_or_named_as_the_deployments(admin: psycopg.Connection) -> None:
    without = {name for name, _, by_tenant, _ in tables(admin) if not by_tenant}
    assert without == OF_THE_DEPLOYMENT | {"organisation"}


def test_every_key_of_a_tenants_table_is_led_by_the_tenant(admin: psycopg.Connection) -> None:
    """But where the key is a day to drop, a row that may be the platform's, or unique over all tenants on purpose."""
    keys = admin.execute(
        "select c.relname, a.attname from pg_index i join pg_class c on c.oid = i.indrelid "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] "
        "where i.indisprimary and c.relnamespace = 'public'::regnamespace and a.attname <> 'tenant_id' "
        "and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id') order by 1"
    ).fetchall()
    assert keys == [
        ("inbox_seen", "sent_on"),
        ("inbox_seen_default", "sent_on"),
        ("kill_request", "id"),
        ("organisation_suppression", "organisation_id"),
    ]


def test_every_table_read_with_another_tenants_setting_returns_nothing(
    database: Database, admin: psycopg.Connection
) -> None:
    admin.execute("set session_replication_role = replica")  # no foreign keys while rows are made up
    for name, _, _, is_partition in tables(admin):
        if not is_partition:
            fill(admin, name)
    admin.execute("update tenant set organisation_id = 1")
    looked_at = 0
    for role in READERS:
        with psycopg.connect(database.url(role), autocommit=True) as connection:
            for name, _, by_tenant, _ in tables(admin):
                row = admin.execute("select has_table_privilege(%s, %s, 'select')", [role, name]).fetchone()
                if row == (False,):
                    continue
                where = (role, name)
                assert (where, seen(connection, name, tenant=OTHER)) == (where, 0)
                assert (where, seen(connection, name, tenant=None)) == (where, 0)
                if by_tenant:  # and the walk can see what there is to see
                    assert (where, seen(connection, name, tenant=MINE)) == (where, 1)
                looked_at += 1
    assert looked_at > 100


def test_a_login_role_cannot_ask_for_every_tenant(database: Database, admin: psycopg.Connection) -> None:
    admin.execute("set session_replication_role = replica")
    fill(admin, "contact")
    for role, expected in (("convo_tenant", 0), ("convo_desk", 0), ("convo_owner", 1)):
        with psycopg.connect(database.url(role), autocommit=True) as connection:
            connection.execute("select set_config('app.every', 'on', false)")
            assert connection.execute("select count(*) from contact").fetchone() == (expected,)


def test_roles_read_at_most_and_only_through_row_security(admin: psycopg.Connection) -> None:
    """Everything else is a function's to do, desk sessions too."""
    granted = admin.execute(
        "select g.rolname, c.relname, a.privilege_type from pg_class c, lateral aclexplode(c.relacl) a "
        "join pg_roles g on g.oid = a.grantee "
        "where c.relnamespace = 'public'::regnamespace and g.rolname <> 'convo_owner' and g.rolname <> %s",
        [SUPERUSER],
    ).fetchall()
    assert [row for row in granted if row[0] in SILENT] == []
    assert {(role, table, what) for role, table, what in granted if what != "SELECT"} == set()
    unread = {
        "desk_link",
        "desk_session",
        "secret",
        "audit_root",
        "platform",
        "kill_request",
        "organisation_suppression",
        "tenant_turn",
    }
    assert {table for _, table, _ in granted} & unread == set()
    assert admin.execute(
        "select count(*) from pg_class c, lateral aclexplode(c.relacl) a "
        "where a.grantee = 0 and c.relnamespace = 'public'::regnamespace"
    ).fetchone() == (0,)


def test_nobody_changes_or_deletes_the_audit_not_even_the_owners_functions(
    database: Database, admin: psycopg.Connection
) -> None:
    for table in (
        "audit",
        "audit_root",
        "audit_root_leaf",
        "outbox_decision",
        "consent_event",
        "delivery_status",
    ):
        for role in (*READERS, *SILENT):
            row = admin.execute(
                "select has_table_privilege(%(r)s, %(t)s, 'update') or has_table_privilege(%(r)s, %(t)s, 'delete') "
                "or has_table_privilege(%(r)s, %(t)s, 'truncate')",
                {"r": role, "t": table},
            ).fetchone()
            assert (role, table, row) == (role, table, (False,))


# Every function a role may call: its task. A new one is added here by name, or the build is red.
COMMON = {"tenants_v1", "bundle_fetch_v1", "bundle_pointers_v1", "drill_envelopes_v1"}
TASKS = {
    "convo_ingest": COMMON
    | {"ingest_v1", "ingest_v2", "ingest_statuses_v1", "ingest_reject_v1"}
    | {"visitor_lines_v1", "answering_v1"}
    | {"secret_get_v1", "bundle_saw_v1"},
    "convo_dispatch": COMMON
    | {"claim_v1", "claim_v2", "send_due_v1", "send_sweep_v1", "kill_now_v1", "queue_gauges_v1"}
    | {"partitions_job_v1"}
    | {"breaker_states_v1", "breaker_try_v1", "breaker_report_v1"}
    | {"audit_roots_v1", "audit_seal_v1", "audit_sealed_v1", "audit_moved_v1"},
    "convo_tenant": COMMON
    | {"last_look_v3", "commit_turn_v2", "commit_turn_v3", "spend_reserve_v1"}
    | {"load_v2", "last_look_v2", "media_keep_v1", "models_down_v1", "models_up_v1"}
    | {"pin_v1", "load_v1", "conversation_key_v1", "commit_turn_v1", "fail_turn_v1", "claim_search_v1"}
    | {"claim_search_v2", "search_ready_v1", "send_epoch_v1"}
    | {"last_look_v1", "send_put_back_v1", "send_record_v1", "send_connection_v1", "send_recipient_v1"}
    | {"send_queue_v1", "kill_now_v1", "consent_record_v1", "secret_get_v1", "bundle_saw_v1"}
    | {"audit_hash_v1"},
    "convo_desk": COMMON
    | {"breaker_states_v1"}
    | {"desk_link_look_v1", "desk_link_use_v1", "desk_session_v1", "desk_session_end_v1"}
    | {"desk_look_v1", "desk_switches_v1", "bundle_held_v1", "send_queue_v1", "send_recipient_v1"}
    | {"kill_v1", "in_flight_v1", "enable_v1", "withdraw_v1", "replay_v1", "discard_v1", "stuck_v1"}
    | {"take_over_v1", "typing_v1", "hand_back_v1", "lift_hold_v1", "close_case_v1", "why_v1"}
    | {"kill_now_v1", "audit_hash_v1"},
}


def test_every_role_may_call_its_own_functions_and_no_others(admin: psycopg.Connection) -> None:
    found: dict[str, set[str]] = {role: set() for role in TASKS}
    for role, function in admin.execute(
        "select g.rolname, p.proname from pg_proc p, lateral aclexplode(p.proacl) a join pg_roles g on g.oid = a.grantee "
        "where p.pronamespace = 'public'::regnamespace and pg_get_userbyid(p.proowner) = 'convo_owner' "
        "and g.rolname <> 'convo_owner'"
    ):
        found[role].add(function)
    assert found == TASKS


# What a role that serves every tenant at once may not be handed: words, and the keys they are under. A tenant's own key is
# under the master key, which no database holds, and tells of no person.
SEALED = re.compile(
    r"(.*_)?(body|payload|ciphertext|data|given_name|identity_value|typed|evidence|wrapped_key|key)"
)
WRAPPED_FOR_THE_PROCESS = {
    ("tenants_v1", "wrapped_key"),
    ("bundle_fetch_v1", "data"),
}  # a bundle is no secret
RESULT_COLUMNS = """
select p.proname, a.name from pg_proc p, lateral aclexplode(p.proacl) g,
       lateral (select unnest(p.proargnames) as name, unnest(p.proargmodes) as mode) a
where p.pronamespace = 'public'::regnamespace and g.grantee = 'convo_dispatch'::regrole and a.mode in ('o', 'b', 't')
union all
select p.proname, a.attname from pg_proc p, lateral aclexplode(p.proacl) g, pg_type t, pg_attribute a
where p.pronamespace = 'public'::regnamespace and g.grantee = 'convo_dispatch'::regrole and t.oid = p.prorettype
  and a.attrelid = t.typrelid and a.attnum > 0
"""


def test_who_serves_every_tenant_at_once_is_handed_nobodys_ciphertext(admin: psycopg.Connection) -> None:
    found = {(str(function), str(column)) for function, column in admin.execute(RESULT_COLUMNS.encode())}
    assert ("claim_v1", "conversation_id") in found
    assert {row for row in found if SEALED.fullmatch(row[1])} == WRAPPED_FOR_THE_PROCESS


def test_a_function_that_runs_as_its_owner_cannot_be_led_to_other_tables(admin: psycopg.Connection) -> None:
    loose = admin.execute(
        "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace "
        "and not coalesce(proconfig @> array['search_path=public, pg_temp'], false)"
    ).fetchall()
    assert loose == []
    public = admin.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace "
        "and pg_get_userbyid(proowner) = 'convo_owner' and has_function_privilege('public', oid, 'execute')"
    ).fetchall()
    assert public == []


def test_a_role_outside_its_task_is_refused(database: Database) -> None:
    tries = {
        "convo_ingest": "select * from inbox",
        "convo_dispatch": "select body from outbox",
        "convo_tenant": "select * from claim_v1('me', 1, 30, now())",
        "convo_desk": "update outbox set state = 'sent'",
    }
    for role, statement in tries.items():
        with (
            psycopg.connect(database.url(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())
