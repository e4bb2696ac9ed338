"""Functions of the database with one line undone, to show that the tests would notice."""

from __future__ import annotations

import psycopg

from tests.conftest import Database


def mutate(database: Database, function: str, *changes: tuple[str, str]) -> None:
    """Replaces text in a function's definition; a text that is not there is the test's own fault."""
    with psycopg.connect(database.url()) as connection:
        row = connection.execute(
            "select pg_get_functiondef(oid) from pg_proc where proname = %s", [function]
        ).fetchone()
        assert row is not None, function
        definition = str(row[0])
        for old, new in changes:
            assert old in definition, f"{function} no longer holds {old!r}"
            definition = definition.replace(old, new)
        connection.execute(definition.encode())
