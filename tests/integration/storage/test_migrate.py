"""The migration runner: in order, once, whole, and never over an edited file."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from runtime.embedded import SUPERUSER, EmbeddedPostgres
from runtime.storage.migrate import FOLDER, MigrationError, migrate, migrations, pending
from tests.conftest import NOON, Database


def folder_with(tmp_path: Path, **files: str) -> Path:
    """The shipped files, with some added or replaced."""
    for migration in migrations(FOLDER):
        (tmp_path / migration.name).write_text(migration.text, encoding="utf-8")
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_second_run_has_nothing_to_do(database: Database) -> None:
    assert migrate(database.url(), now=NOON) == ()
    with psycopg.connect(database.url()) as connection:
        assert pending(connection) == ()


def test_a_new_file_is_applied_once(database: Database, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"9000_more": "create table more (tenant_id int);"})
    assert migrate(database.url(), now=NOON, folder=folder) == ("9000_more.sql",)
    assert migrate(database.url(), now=NOON, folder=folder) == ()


def test_an_edited_file_is_refused(database: Database, tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "0001_tables.sql").write_text("select 1;", encoding="utf-8")
    with pytest.raises(MigrationError, match=r"0001_tables\.sql was edited"):
        migrate(database.url(), now=NOON, folder=folder)


def test_a_database_of_a_newer_version_is_refused(database: Database, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"9000_more": "create table more (tenant_id int);"})
    migrate(database.url(), now=NOON, folder=folder)
    with pytest.raises(MigrationError, match="newer version"):
        migrate(database.url(), now=NOON)


def test_a_broken_file_is_named_with_its_line_and_changes_nothing(database: Database, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"9000_more": "create table more (n int);\n\nselect * frm more;\n"})
    with pytest.raises(MigrationError, match=r"9000_more\.sql, line 3"):
        migrate(database.url(), now=NOON, folder=folder)
    with psycopg.connect(database.url()) as connection:
        assert connection.execute("select to_regclass('more')").fetchone() == (None,)


def test_only_the_owner_may_migrate(server: EmbeddedPostgres, database: Database) -> None:
    with pytest.raises(MigrationError, match="convo_owner"):
        migrate(server.url(SUPERUSER, database.name), now=NOON)
