"""Arrays written in Postgres's binary form say what psycopg's own would."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple
from uuid import UUID

import psycopg
import pytest

from runtime.storage.arrays import columns
from tests.conftest import Database


class Everything(NamedTuple):
    whole: int
    words: str
    raw: bytes
    id: UUID
    day: date
    at: datetime
    maybe_words: str | None
    maybe_whole: int | None


READ_BACK = "select %b::int[], %b::text[], %b::bytea[], %b::uuid[], %b::date[], %b::timestamptz[], %b::text[], %b::int[]"
ROWS = [
    Everything(1, "plain", b"", UUID(int=0), date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC), None, None),
    Everything(
        -(2**31),
        "é 🛑 \"{},\\' NULL",
        b"\x00\xff",
        UUID(int=2**128 - 1),
        date(2026, 11, 24),
        datetime(2026, 11, 24, 10, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        "there",
        2**31 - 1,
    ),
    Everything(
        7, "", b"x" * 70_000, UUID(int=5), date(9999, 12, 31), datetime.max.replace(tzinfo=UTC), "", 0
    ),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[1:], []], ids=["three", "nulls", "no nulls", "none"])
def test_what_goes_in_as_columns_comes_back_as_rows(database: Database, rows: list[Everything]) -> None:
    with psycopg.connect(database.url()) as connection:
        read = connection.execute(READ_BACK, columns(Everything, rows)).fetchone()

    assert read is not None
    assert [Everything(*values) for values in zip(*read, strict=True)] == rows


@pytest.mark.parametrize(("words", "error"), [("\ud83d", ValueError), ("a\x00b", psycopg.DataError)])
def test_words_that_cannot_be_stored_are_refused(words: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        columns(Everything, [ROWS[0]._replace(words=words)])
