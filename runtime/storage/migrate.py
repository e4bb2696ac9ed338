"""Bring a database to this version: plain SQL files in order, once each, in one transaction under one lock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from runtime.errors import ConvoError

FOLDER = Path(__file__).parent / "migrations"
LOCK_KEY = 0x636F6E766F  # "convo"
LOCK_WAIT_MS = 60_000
ROLES = ("convo_ingest", "convo_dispatch", "convo_tenant", "convo_desk")

_LEDGER = """
create table if not exists schema_migration (
  name text primary key, sha256 text not null, applied_at timestamptz not null)
"""


class MigrationError(ConvoError):
    """The database cannot be brought to this version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: its name, its text, and the sha256 (hex) by which the ledger knows it."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All files of this version, in the order in which they are applied."""
    return tuple(
        Migration(name=path.name, text=path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("[0-9]*.sql"))
    )


def migrate(url: str, *, now: datetime, folder: Path = FOLDER) -> tuple[str, ...]:
    """Apply what is missing, as convo_owner; returns the names applied. Raises MigrationError, having changed nothing."""
    wanted = migrations(folder)
    with psycopg.connect(url, application_name="convo migrate") as connection:
        connection.execute(sql.SQL("set local lock_timeout = {}").format(LOCK_WAIT_MS))
        # Held until the end of the transaction, so that it also works through a transaction pooler.
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
        _check_server(connection)
        connection.execute(_LEDGER)
        todo = outstanding(wanted, _ledger(connection))
        for migration in todo:
            _apply(connection, migration, now)
    return tuple(migration.name for migration in todo)


def pending(connection: psycopg.Connection, folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of files the database does not have yet. Raises MigrationError as `migrate` would."""
    exists = connection.execute("select to_regclass('schema_migration')").fetchone()
    known = _ledger(connection) if exists and exists[0] else {}
    return tuple(migration.name for migration in outstanding(migrations(folder), known))


def outstanding(wanted: Sequence[Migration], known: Mapping[str, str]) -> tuple[Migration, ...]:
    """What is still to be applied, given the ledger (name -> sha256). Raises MigrationError if the two disagree."""
    names = {migration.name for migration in wanted}
    if newer := sorted(set(known) - names):
        raise MigrationError(
            f"the database has {', '.join(newer)}, which this version does not know: it was migrated by a newer "
            "version. Run that version, or restore a backup made before it."
        )
    for migration in wanted:
        if known.get(migration.name, migration.sha256) != migration.sha256:
            raise MigrationError(
                f"{migration.name} was edited after it had been applied to this database. Put the applied text back "
                "and write the change as a new file."
            )
    todo = tuple(migration for migration in wanted if migration.name not in known)
    last = max(known, default="")
    if late := [migration.name for migration in todo if migration.name < last]:
        raise MigrationError(
            f"{', '.join(late)} comes before {last}, which is already applied. Give it a higher number."
        )
    return todo


def _ledger(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select name, sha256 from schema_migration").fetchall())


def _check_server(connection: psycopg.Connection) -> None:
    if connection.info.server_version < 160000:
        raise MigrationError(
            f"Postgres 16 or newer is needed, this is {connection.info.server_version // 10000}"
        )
    known = {name for (name,) in connection.execute("select rolname from pg_roles")}
    if missing := [role for role in ROLES if role not in known]:
        raise MigrationError(
            f"roles are missing: {', '.join(missing)}. Create each as an administrator: "
            "CREATE ROLE <name> LOGIN NOINHERIT NOBYPASSRLS PASSWORD '...'"
        )
    row = connection.execute(
        "select current_user, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
    ).fetchone()
    if row is None or row[0] != "convo_owner" or row[1]:
        raise MigrationError(
            "migrate must log in as convo_owner, which must be neither superuser nor BYPASSRLS: its functions run as it, "
            "and row policies must bind them"
        )
    if connection.execute("select 1 from pg_extension where extname = 'vector'").fetchone() is None:
        raise MigrationError("the vector extension is missing. As an administrator: CREATE EXTENSION vector")


def _apply(connection: psycopg.Connection, migration: Migration, now: datetime) -> None:
    try:
        connection.execute(migration.text.encode())
    except psycopg.Error as error:
        line = ""
        if position := error.diag.statement_position:
            line = f", line {migration.text.count(chr(10), 0, int(position)) + 1}"
        raise MigrationError(f"{migration.name}{line}: {error}".strip()) from error
    connection.execute(
        "insert into schema_migration values (%s, %s, %s)", [migration.name, migration.sha256, now]
    )
