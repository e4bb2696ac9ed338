"""What lines alone cannot tell: starts of ours that race with a stop, silence over weeks, the nights when clocks change."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drills.plays.log import waits_until
from drills.plays.player import Player
from drills.plays.values import Line
from drills.rehearsal import office_hours
from runtime.storage.desk_rows import SendingRow

HELLO = Line(said=("hi",))
WELL_APART = timedelta(days=4)
A_MONTH = timedelta(days=31)
TRIES = 12  # days on which a start is tried until it leaves
STRIKES = 3
NIGHT = timedelta(hours=-1)  # before the clocks change at one in the morning, UTC
YEAR_DAYS = 370


async def race(player: Player) -> None:
    """A start of ours has passed the last look, and before the provider is called the stop is on disk: nobody may call."""
    await player.writes(Line(said=("what is this about",)))
    _to_office(player, timedelta(days=3))
    await player.starts()

    async def stop() -> None:
        await player.store(player.messages(Line(said=("STOP",))))
        player.stop_stored = time.monotonic()

    player.stage.outbox.between = stop
    await player.settled()


async def silence(player: Player) -> None:
    """We start three times and nothing comes back; a fourth start is tried."""
    for _ in range(STRIKES + 1):
        await start(player)


async def silence_then_back(player: Player) -> None:
    """After the three, the person writes a month later and is answered; we still may not start."""
    await silence(player)
    _to_office(player, A_MONTH)
    await player.writes(HELLO)
    answered = player.fresh, player.before
    await start(player)
    player.fresh, player.before = answered


async def clocks_forward(player: Player) -> None:
    """They write in the night in which an hour is skipped."""
    await _in_the_night(player, forward=True)


async def clocks_back(player: Player) -> None:
    """They write in the night in which an hour comes twice."""
    await _in_the_night(player, forward=False)


SCRIPTS: Mapping[str, Callable[[Player], Awaitable[None]]] = {
    "race": race,
    "silence": silence,
    "silence_then_back": silence_then_back,
    "clocks_forward": clocks_forward,
    "clocks_back": clocks_back,
}


def change_after(now: datetime, zone: ZoneInfo, *, forward: bool) -> datetime:
    """When the zone's clock next goes forward or back. Aware UTC. Raises ValueError for a zone that never changes."""
    for hour in range(YEAR_DAYS * 24):
        at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hour)
        before, after = (
            at.astimezone(zone).utcoffset(),
            (at + timedelta(hours=1)).astimezone(zone).utcoffset(),
        )
        assert before is not None and after is not None
        if (after > before) if forward else (after < before):
            return (at + timedelta(hours=1)).astimezone(UTC)
    raise ValueError(f"the clocks of {zone.key} never change")


# ---- below: one start, one night ---------------------------------------------------------------------------------------------


async def start(player: Player) -> None:
    """Queues a start, and lets days go by until it has left or was refused."""
    queued = await player.starts()
    if queued is None:
        return
    for _ in range(TRIES):
        await player.stage.settle()
        row = await _row(player, str(queued))
        if row is None or row.state != "pending":
            break
        _to_office(player, timedelta(days=1))
    row = await _row(player, str(queued))
    if row is not None and row.state not in ("sent", "unknown"):
        player.refusals += [f"{look.effect}: {', '.join(look.facts)} ({look.rule})" for look in row.looks]
    _to_office(player, WELL_APART)


async def _row(player: Player, outbox_id: str) -> SendingRow | None:
    """The row; the conversation is the one that the start itself made."""
    if player.conversation is None:
        async with player.stage.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            found = await connection.execute(OF, [player.stage.tenant_id, outbox_id])
            [(player.conversation,)] = await found.fetchall()
    return next((row for row in (await player.log()).rows if str(row.id) == outbox_id), None)


OF = "select conversation_id from outbox where tenant_id = %s and id = %s"


async def _in_the_night(player: Player, *, forward: bool) -> None:
    clock = player.stage.clock
    zone = ZoneInfo(player.stage.bundle.policy.timezone)
    clock.advance_to(change_after(clock.now(), zone, forward=forward) + NIGHT)
    await player.writes(Line(said=("are you open at this hour",)))
    for _ in range(TRIES):  # the night of a change is before a Sunday, on which some tenants are closed
        waiting = [waits_until(row) for row in (await player.log()).rows if row.state == "pending"]
        if not waiting:
            return
        clock.advance_to(max(waiting))
        await player.settled()


def _to_office(player: Player, later: timedelta) -> None:
    """On to office hours of a day the tenant is open on, at least so much later."""
    clock, policy = player.stage.clock, player.stage.bundle.policy
    clock.advance_to(office_hours(policy, (clock.now() + later).astimezone(ZoneInfo(policy.timezone)).date()))
