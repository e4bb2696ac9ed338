"""Row 6: how long after its commit a kill lets provider calls begin, with four senders at work, and whether it lists the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from runtime.messages import KillScope
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Params, Pool
from tests.bench.figures import Figure, Row, spread
from tests.bench.load import Wish, play
from tests.bench.place import (
    HOST,
    Ground,
    Site,
    clock,
    everything,
    listener,
    process,
    running,
    site,
    until_ready,
)

SENDERS = 4
SLOW_S = 0.3
MESSAGES_PER_S = 60.0
LOAD_S = 6.0
AT_LEAST_UNDER_WAY = 4  # the kill comes when so many calls are out
SETTLE_S = 2.5  # longer than the second that is allowed, so that a late call is seen
FLOW_WITHIN_S = 60.0
PEOPLE = ("Asha Example", "Ben Sample")


class _Timed(Pool):
    """Notes when a kill was committed, by the machine's monotonic clock, and what was out just then."""

    committed_at = 0.0

    async def rows(self, statement: str, params: Params = ()) -> list[dict[str, Any]]:
        found = await super().rows(statement, params)
        if "kill_v1" in statement:
            self.committed_at = time.monotonic()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kill:
    late_s: float  # of the last call that began after the commit; 0.0 when none did
    out: int  # calls that were under way at the commit
    listed: bool
    before: int  # calls in the second before the kill
    after_drain: int  # calls that began after the kill had reported to be done


async def run(ground: Ground) -> Row:
    async with AsyncExitStack() as stack:
        provider = stack.enter_context(listener())
        web = stack.enter_context(listener())
        place = await stack.enter_async_context(site(ground, "kill", provider_port=provider.getsockname()[1]))
        port = web.getsockname()[1]
        children = [
            process(
                place, "provider", "--fd", str(provider.fileno()), "--slow", str(SLOW_S),
                module="tests.bench.provider",
            ),
            process(place, "web", "web", "--fd", str(web.fileno())),
            process(place, "worker", "worker"),
            *(process(place, f"sender{n}", "sender") for n in range(SENDERS)),
        ]  # fmt: skip
        await stack.enter_async_context(running(*children))
        await until_ready(port, len(place.rolled))
        pool = await stack.enter_async_context(_Timed(place.made.settings.url("desk"), role="desk"))
        http = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=10))
        calls = f"http://{HOST}:{provider.getsockname()[1]}/calls"
        kills = [await _one(place, pool, http, calls, port, n) for n in range(ground.rounds)]
        twice = await _twice(http, calls)
    return Row(
        name="kill",
        work=f"kill switch under load, {SENDERS} sender processes",
        figures=(
            Figure(
                what="last provider call that began after the commit",
                unit="ms",
                value=spread(1000 * kill.late_s for kill in kills),
                goal=1_000,
            ),
            Figure(
                what="calls under way at the commit", unit="calls", value=spread(kill.out for kill in kills)
            ),
            Figure(
                what="calls in the second before", unit="calls", value=spread(kill.before for kill in kills)
            ),
        ),
        checks={
            "every call under way or begun after the commit was listed": all(kill.listed for kill in kills),
            "in no round did a call begin later than 1 s after the commit": all(
                kill.late_s <= 1 for kill in kills
            ),
            "no call began after the kill had reported": all(kill.after_drain == 0 for kill in kills),
            "each kill met calls under way": all(kill.before > 0 and kill.out > 0 for kill in kills),
            "no key reached the provider twice": not twice,
        },
        notes=(
            f"messages come in at {MESSAGES_PER_S:.0f} per s; each call takes {SLOW_S:.1f} s; the machine is killed, then "
            "enabled by two people, in every round",
        ),
    )


async def _one(
    place: Site, pool: _Timed, http: httpx2.AsyncClient, calls: str, port: int, number: int
) -> _Kill:
    operations = PgOperations(pool, place.made.tenants)
    load = asyncio.create_task(
        play(
            Wish(
                port=port,
                connection=place.connection,
                header=place.header,
                secret=place.secret,
                phone_number_id="100000000000000",
                at=int(clock().now().timestamp()),
                prefix=uuid4().hex[:12],
                seconds=LOAD_S,
                first=number * round(LOAD_S * MESSAGES_PER_S),  # a kill leaves the others' rows waiting
                connections=8,
                rate=MESSAGES_PER_S,
            )
        )
    )
    await _flowing(http, calls)
    killing = asyncio.create_task(
        operations.kill(None, KillScope.MACHINE, by=PEOPLE[0], reason="bench", now=clock().now())
    )
    before = pool.committed_at
    while pool.committed_at == before and not killing.done():  # noqa: ASYNC110  (a statement of another task)
        await asyncio.sleep(0)
    committed = pool.committed_at
    listed = {row.id for row in await operations.in_flight(None)}
    await killing
    reported = time.monotonic()
    await asyncio.sleep(SETTLE_S)
    await load
    made = (await http.get(calls)).json()
    for person in PEOPLE:
        await operations.enable(None, by=person, now=clock().now())
    place.made.wake.notify("sends")
    ids = await _ids(place)
    # A call that ended within a moment of the commit may have been recorded between the two readings.
    out = [call for call in made if call["began"] <= committed < (call["ended"] or float("inf"))]
    late = [call for call in made if call["began"] > committed]
    open_still = [call for call in out if call["ended"] is None or call["ended"] > committed + 0.05]
    return _Kill(
        late_s=max((call["began"] - committed for call in late), default=0.0),
        out=len(out),
        listed=all(ids.get(call["key"]) in listed for call in (*open_still, *late)),
        before=sum(committed - 1 < call["began"] <= committed for call in made),
        after_drain=sum(call["began"] > reported for call in made),
    )


async def _flowing(http: httpx2.AsyncClient, calls: str) -> None:
    async with asyncio.timeout(FLOW_WITHIN_S):
        while sum(call["ended"] is None for call in (await http.get(calls)).json()) < AT_LEAST_UNDER_WAY:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)


async def _ids(place: Site) -> Mapping[str, Any]:
    return dict(await everything(place.made.owner, "select key, id from outbox"))


async def _twice(http: httpx2.AsyncClient, calls: str) -> bool:
    keys = [call["key"] for call in (await http.get(calls)).json()]
    return len(keys) != len(set(keys))
