"""Row 3: a turn without model or embedder, against the very SQL statements it made, sent again by a bare connection."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import TupleRow

from runtime.messages import Arrival, Identity, InboundMessage
from runtime.storage.claims import PgClaimSearch
from runtime.storage.postgres import Params, Pool, conninfo
from runtime.storage.turns import PgTurns
from runtime.worker import Worker
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import WHATSAPP, Ground, Parts, clock, everything, parts

TURNS = 60
WARM = 5
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class _Said:
    role: str
    statement: str
    params: Params


class _Recorder(Pool):
    """A pool that notes what is sent through it."""

    def __init__(self, url: str, role: str, tape: list[_Said]) -> None:
        super().__init__(url, role=role)
        self._tape = tape

    async def rows(self, statement: str, params: Params = ()) -> list[dict[str, Any]]:
        self._tape.append(_Said(self.role, statement, params))
        return await super().rows(statement, params)


async def run(ground: Ground) -> Row:
    async with parts(ground, "turn") as made:
        tape: list[_Said] = []
        async with (
            _Recorder(made.url("dispatch"), "dispatch", tape) as dispatch,
            _Recorder(made.url("tenant"), "tenant", tape) as tenant,
        ):
            worker = Worker(
                turns=PgTurns(dispatch, tenant, made.tenants),
                bundles=made.keeper,
                claims=PgClaimSearch(tenant),
                model=None,
                checker=None,
                clock=clock(),
                wake=made.wake,
            )
            with ExitStack() as stack:
                bare = {
                    role: stack.enter_context(
                        psycopg.connect(
                            conninfo(made.url(role), role=role), autocommit=True, prepare_threshold=None
                        )
                    )
                    for role in ("dispatch", "tenant")
                }
                rounds = [
                    await _round(made, worker, bare, tape, turns)
                    for turns in [WARM, *[ground.size(TURNS)] * ground.rounds]
                ][1:]
        totals = await everything(
            made.pools["owner"],
            "select (select count(*) from turn), (select count(distinct conversation_id) from outbox), "
            "(select count(*) from conversation_queue where done_seq < last_seq)",
        )
    turns = 2 * (WARM + ground.rounds * ground.size(TURNS))
    statements = [_name(said.statement) for said in tape]
    return Row(
        name="turn",
        work="turn without model or embedder: load, screen, compose, review, commit",
        figures=(
            Figure(
                what="time, against its own bare SQL",
                unit="x",
                value=spread(whole / sql for whole, sql in rounds),
                goal=6,
            ),
            Figure(what="a turn", unit="ms", value=spread(1000 * whole for whole, _ in rounds)),
            Figure(what="its bare SQL", unit="ms", value=spread(1000 * sql for _, sql in rounds)),
        ),
        checks={"every turn was recorded, answered, and left nothing waiting": totals == [(turns, turns, 0)]},
        notes=(f"one turn's statements: {', '.join(statements)}",),
    )


async def _round(
    made: Parts,
    worker: Worker,
    bare: dict[str, psycopg.Connection[TupleRow]],
    tape: list[_Said],
    turns: int,
) -> tuple[float, float]:
    """(seconds of a turn, seconds of its SQL), means over `turns` pairs of conversations."""
    whole = sql = 0.0
    for n in range(turns):
        first = await _arrive(made, n)
        tape.clear()
        began = time.perf_counter()
        await worker.claim()
        await worker.drain()
        whole += time.perf_counter() - began
        sql += _replay(bare, tape, first, await _arrive(made, n))
    return whole / turns, sql / turns


def _replay(
    bare: dict[str, psycopg.Connection[TupleRow]], tape: Sequence[_Said], first: UUID, second: UUID
) -> float:
    """The same statements for a conversation in the same state: both are new, so both leases have fence 1."""
    ids = {str(first): str(second)}
    said = [(bare[each.role], each.statement.encode(), _renamed(each.params, ids)) for each in tape]
    began = time.perf_counter()
    for connection, statement, params in said:
        cursor = connection.execute(statement, params)
        if cursor.description:
            cursor.fetchall()
    return time.perf_counter() - began


def _renamed(value: Any, ids: dict[str, str]) -> Any:
    """Every id of the first conversation becomes another one, the same everywhere; tenants, digests and words stay."""
    match value:
        case UUID():
            return UUID(ids.setdefault(str(value), str(uuid4())))
        case datetime():  # the second one came later, and nothing is ready before it came
            return clock().now()
        case str():
            return _UUID.sub(lambda found: ids.setdefault(found[0], str(uuid4())), value)
        case dict():
            return {key: _renamed(each, ids) for key, each in value.items()}
        case list() | tuple():
            return [_renamed(each, ids) for each in value]
        case _:
            return value


async def _arrive(made: Parts, n: int) -> UUID:
    """A new person's first message, a question that the register answers. Returns the conversation."""
    tenant = made.rolled[n % len(made.rolled)]
    connection = next(c.id for c in tenant.bundle.connections.values() if c.channel == WHATSAPP)
    claims = [claim for claim in tenant.bundle.claims.values() if claim.questions]
    claim = claims[n * 7 % len(claims)]
    stored = await made.ingest.store(
        [
            Arrival(
                tenant_id=tenant.activation.tenant_id,
                connection_id=connection,
                channel=WHATSAPP,
                event=InboundMessage(
                    provider_id=f"wamid.{uuid4().hex}",
                    sender=Identity(kind="phone", value=f"+4477009{uuid4().int % 10**8:08d}"),
                    sent_at=clock().now(),
                    kind="text",
                    text=claim.questions[-1],
                ),
                stop=None,
            )
        ],
        now=clock().now(),
    )
    assert stored[0].conversation_id is not None
    return stored[0].conversation_id


def _name(statement: str) -> str:
    found = re.search(r"(\w+_v\d+)", statement)
    return found[1] if found else statement
