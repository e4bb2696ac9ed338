"""schema.sql, which people read, is the sum of the migrations, which make databases."""

from __future__ import annotations

import psycopg
from psycopg import sql

from runtime.embedded import SUPERUSER, EmbeddedPostgres
from tests.conftest import Database
from tests.integration.storage.schema import FILE, catalogue


def test_the_schema_file_makes_what_the_migrations_make(server: EmbeddedPostgres, database: Database) -> None:
    name = f"{database.name}_from_file"
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} owner convo_owner").format(sql.Identifier(name)))
    try:
        with psycopg.connect(server.url(SUPERUSER, name), autocommit=True) as connection:
            connection.execute("create extension vector")
        with psycopg.connect(server.url("convo_owner", name)) as connection:
            connection.execute("set check_function_bodies = off")
            connection.execute(FILE.read_text(encoding="utf-8").encode())
            connection.execute("set search_path = public")
            from_file = catalogue(connection)
    finally:
        with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    with psycopg.connect(database.url()) as connection:
        from_migrations = catalogue(connection)
    assert len(from_migrations) > 500
    advice = "run `python -m tests.integration.storage.schema`"
    assert sorted(from_file - from_migrations) == [], advice
    assert sorted(from_migrations - from_file) == [], advice
