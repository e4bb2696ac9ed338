"""What must hold of a deployment that has come to rest, whatever happened to it: each promise that is broken, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from drills.sandbox.state import State

Sql = Callable[..., list[dict[str, Any]]]

TERMINAL = ("sent", "unknown", "failed", "dead", "superseded")


def broken(sql: Sql, provider: State, *, now: datetime) -> list[str]:
    """Stored once and in order, one outcome each, no key twice at the provider, nothing forgotten. Empty: all of it holds."""
    return [
        *_stored(sql),
        *_answered(sql),
        *_sent(sql, provider),
        *_left_over(sql, now),
    ]


def _stored(sql: Sql) -> list[str]:
    found = []
    for row in sql(
        "select q.conversation_id, q.last_seq, count(x.seq) as stored, count(distinct x.provider_hmac) as different, "
        "coalesce(max(x.seq), 0) as highest, count(distinct x.seq) as numbers from conversation_queue q "
        "left join inbox x using (tenant_id, conversation_id) group by 1, 2"
    ):
        if not row["last_seq"] == row["stored"] == row["highest"] == row["numbers"]:
            found.append(f"numbers with gaps: {row}")
        if row["different"] != row["stored"]:
            found.append(f"stored twice: {row}")
    return found


def _answered(sql: Sql) -> list[str]:
    """Each message belongs to one turn or dead letter. Another takes the place of a turn that the last look sent back."""
    outcomes: dict[Any, list[tuple[int, int, int]]] = defaultdict(list)
    for row in sql("select conversation_id, from_seq, upto_seq, fence from turn"):
        outcomes[row["conversation_id"]].append((row["fence"], row["from_seq"], row["upto_seq"]))
    for row in sql("select conversation_id, from_seq, upto_seq from dead_letter where state <> 'replayed'"):
        outcomes[row["conversation_id"]].append((0, row["from_seq"], row["upto_seq"]))
    sends = sql(
        "select conversation_id, upto_seq, split_part(key, ':', 4) as fence, bool_or(state in ('sent', 'unknown')) as went, "
        "bool_or(decided_effect = 'redo') as taken_back from outbox where upto_seq is not null and send_class = 'reply' "
        "group by 1, 2, 3"
    )
    stands = {
        (row["conversation_id"], row["upto_seq"], row["fence"])
        for row in sends
        if row["went"] and not row["taken_back"]
    }
    found = []
    for queue in sql("select conversation_id, last_seq, done_seq from conversation_queue"):
        conversation, standing = queue["conversation_id"], set[int]()
        for fence, start, end in sorted(outcomes[conversation], reverse=True):
            seqs = set(range(start + 1, end + 1))
            if not seqs & standing:
                standing |= seqs
            elif (conversation, end, str(fence)) in stands:
                found.append(f"answered twice: {conversation} {start + 1} to {end}")
        if standing != set(range(1, queue["last_seq"] + 1)) or queue["done_seq"] != queue["last_seq"]:
            found.append(f"without an outcome: {queue}, {sorted(outcomes[conversation])}")
    return found


def _sent(sql: Sql, provider: State) -> list[str]:
    keys = provider_keys(provider)
    known = {row["key"]: row["state"] for row in sql("select key, state from outbox")}
    found = [f"the provider was called {times} times with {key}" for key, times in keys.items() if times > 1]
    for key in keys:
        if known.get(key) not in ("sent", "unknown"):
            found.append(f"the provider has {key}, which we call {known.get(key)}")
    return found


def provider_keys(provider: State) -> Counter[str]:
    """How often the provider took each of our keys."""
    return Counter(line.key for talk in provider.talks.values() for line in talk if line.ours and line.key)


def _left_over(sql: Sql, now: datetime) -> Sequence[str]:
    waiting = sql(
        "select state, count(*) from outbox o where not state = any(%s) and due_at <= %s and not send_blocked_v1(o) "
        "group by 1",
        list(TERMINAL),
        now,
    )
    return [f"left over in the outbox: {row}" for row in waiting]
