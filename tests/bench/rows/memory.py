"""Row 8: what the processes hold in memory after some traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx2

from drills.town import Town, town
from tests.bench.figures import Figure, Row, spread
from tests.bench.load import Wish, play
from tests.bench.place import WHATSAPP, Ground, clock, everything
from tests.bench.rows.chat_answer import answers, plan

MESSAGES = 2_000
MESSAGES_PER_S = 100.0
VISITORS = 10
QUIET_WITHIN_S = 180.0
GOALS_MB = {"web": 120.0, "worker": 240.0, "sender": None}


async def run(ground: Ground) -> Row:
    async with town(plan(ground, "memory"), lambda _: None) as there:
        pids = there.supervisor.pids()
        fresh = {name: resident_mb(pid) for name, pid in pids.items()}
        await _traffic(there, ground)
        quiet = await _quiet(there)
        after = {name: resident_mb(pid) for name, pid in pids.items()}
        same = pids == there.supervisor.pids()
    return Row(
        name="memory",
        work="memory, resident, with embedder and language detection, without litellm",
        figures=tuple(
            Figure(what=f"{name}, after traffic", unit="MB", value=spread([after[name]]), goal=goal)
            for name, goal in GOALS_MB.items()
        ),
        checks={"all messages were answered": quiet, "no process had to be restarted": same},
        notes=(
            f"after {ground.size(MESSAGES):,} WhatsApp messages and {VISITORS} web chats; at the start "
            + ", ".join(f"{name} {mb:.0f} MB" for name, mb in fresh.items()),
        ),
    )


def resident_mb(pid: int) -> float:
    """VmRSS in MB (10^6 bytes), pages shared with other processes included."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {pid} has no memory of its own")


async def _traffic(there: Town, ground: Ground) -> None:
    tenant = there.rolled[0]
    connection = next(c for c in tenant.bundle.connections.values() if c.channel == WHATSAPP)
    await play(
        Wish(
            port=int(there.web.rpartition(":")[2]),
            connection=connection.id,
            header=connection.options.get("secret_header", "X-Convo-Secret"),
            secret=await there.deployment.secret(tenant.activation.tenant_id, connection.secrets["webhook"]),
            phone_number_id=connection.options.get("phone_number_id", "100000000000000"),
            at=int(clock().now().timestamp()),
            prefix=uuid4().hex[:12],
            seconds=ground.size(MESSAGES) / MESSAGES_PER_S,
            connections=16,
            rate=MESSAGES_PER_S,
        )
    )
    async with httpx2.AsyncClient(base_url=there.web, trust_env=False, timeout=15) as http:
        await answers(there, http, VISITORS)


async def _quiet(there: Town) -> bool:
    for _ in range(round(QUIET_WITHIN_S)):
        left = await everything(
            there.deployment.owner, "select count(*) from conversation_queue where done_seq < last_seq"
        )
        if left == [(0,)]:
            return True
        await asyncio.sleep(1)
    return False
