"""The database executes the table that was proved: its decision equals schemas.sendtable.decide for any facts and any table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from runtime.embedded import SUPERUSER
from schemas.bundle import SendRow
from schemas.sendtable import (
    CHANNELS,
    CLASSES,
    CLEAR,
    RESTRICTIONS,
    SEVERITY,
    STATES,
    UNTILS,
    decide,
    default_rows,
    rows_of,
)
from tests.conftest import Database

FACTS = [*(s.id for s in STATES if s.id != CLEAR), "moon_full"]
ROWS = rows_of(default_rows())

facts = st.frozensets(st.sampled_from(FACTS[:-1]), max_size=6) | st.frozensets(
    st.sampled_from(FACTS), max_size=3
)
flags = st.frozensets(st.sampled_from(RESTRICTIONS))
classes = st.sampled_from([*CLASSES, "gossip"])
channels = st.sampled_from([*CHANNELS, "pigeon"])
effects = st.sampled_from([*SEVERITY, "shrug"])
rows = st.builds(
    SendRow,
    row=st.integers(1, 99),
    state=st.sampled_from([CLEAR, "hold", "opted_out"]),
    send_class=st.just("reply"),
    channel=st.just("webchat"),
    effect=effects,
    only=st.lists(
        st.sampled_from([*RESTRICTIONS, "warn", "cheaper_rung", "on_tuesdays"]), max_size=3, unique=True
    ).map(tuple),
    otherwise=st.none() | effects,
    until=st.none() | st.sampled_from([*UNTILS, "whenever"]),
    rule=st.sampled_from(["R-A", "R-B"]),
)
quickly = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))


class Table:
    """A send table in the database."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.connection = connection
        connection.execute("select set_config('app.tenant', '1', false)")

    def load(self, table: list[SendRow] | tuple[SendRow, ...], digest: str) -> None:
        self.connection.execute("delete from send_rule where digest = %s", [digest])
        for n, r in enumerate(table):
            self.connection.execute(
                "insert into send_rule values (1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    digest,
                    n,
                    r.row,
                    r.state,
                    r.send_class,
                    r.channel,
                    r.effect,
                    list(r.only),
                    r.otherwise,
                    r.until,
                    r.rule,
                ],
            )

    def decide(
        self, digest: str, facts: frozenset[str], send_class: str, channel: str, flags: frozenset[str]
    ) -> tuple[Any, ...]:
        row = self.connection.execute(
            "select * from send_decide_v1(1, %s, %s::text[], %s::text[], %s, %s)",
            [digest, sorted(facts), sorted(flags), send_class, channel],
        ).fetchone()
        assert row is not None
        return row["effect"], row["rule"], row["row_no"], set(row["until"]), set(row["notes"])


@pytest.fixture(scope="module")
def table(module_database: Database) -> Iterator[Table]:
    url = module_database.server.url(SUPERUSER, module_database.name)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        made = Table(connection)
        made.load(ROWS, "shipped")
        yield made


def expected(
    table: list[SendRow] | tuple[SendRow, ...],
    facts: frozenset[str],
    send_class: str,
    channel: str,
    flags: frozenset[str],
) -> tuple[Any, ...]:
    said = decide(table, facts, send_class, channel, flags)
    return said.effect, said.rule, said.row, set(said.until), set(said.notes)


@quickly
@given(facts=facts, send_class=classes, channel=channels, flags=flags)
def test_the_shipped_table_decides_in_sql_as_it_was_proved(
    table: Table, facts: frozenset[str], send_class: str, channel: str, flags: frozenset[str]
) -> None:
    said = table.decide("shipped", facts, send_class, channel, flags)
    assert said == expected(ROWS, facts, send_class, channel, flags)


@quickly
@given(
    made=st.lists(rows, max_size=4),
    facts=st.frozensets(st.sampled_from(["hold", "opted_out"])),
    flags=flags,
)
def test_any_table_however_broken_decides_in_sql_as_in_python(
    table: Table, made: list[SendRow], facts: frozenset[str], flags: frozenset[str]
) -> None:
    numbered = [replace(r, row=n) for n, r in enumerate(made, start=1)]
    table.load(numbered, "made")
    said = table.decide("made", facts, "reply", "webchat", flags)
    assert said == expected(numbered, facts, "reply", "webchat", flags)


def test_a_database_whose_table_lets_an_unknown_rule_pass_is_caught(table: Table) -> None:
    text = str(
        table.connection.execute("select pg_get_functiondef('send_decide_v1'::regproc) as text").fetchone()[
            "text"
        ]  # type: ignore[index]
    )
    mutant = text.replace("effect := 'refuse'; rule := 'R-TABLE-1'", "effect := 'send'; rule := 'R-CLEAR'")
    assert mutant != text
    with table.connection.transaction(force_rollback=True):
        table.connection.execute(mutant.encode())
        said = table.decide("shipped", frozenset({"moon_full"}), "reply", "webchat", frozenset())
        assert said != expected(ROWS, frozenset({"moon_full"}), "reply", "webchat", frozenset())
