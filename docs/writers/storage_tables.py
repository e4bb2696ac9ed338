"""docs/reference/storage-tables.md, from runtime/storage/schema.sql, which a test holds to the sum of the migrations."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources

NAME = "storage-tables.md"
ROLES: Mapping[str, str] = {
    "convo_ingest": "the web process: store what arrives",
    "convo_dispatch": "worker and sender: whose turn it is, which row is due; no contents. The periodic jobs",
    "convo_tenant": "worker and sender: one tenant's contents at a time",
    "convo_desk": "the desk and operators' commands",
    "convo_owner": "migrations, bundles and secrets; owns every table and is bound by the same row policies",
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Who": {
        "organisation": "a firm or group; STOP ALL and shared caps reach all its tenants",
        "tenant": "a brand, its wrapped key, its kill switch",
        "platform": "one row: the kill switch for all tenants",
        "kill_request": "who asked to send again, and who agreed",
    },
    "Bundles": {
        "bundle": "published bytes, by digest",
        "bundle_attestation": "append-only: every signed envelope over a bundle, for the stages and by the keys it names",
        "bundle_pointer": "append-only: which digest is in force for a tenant and stage; the highest serial wins",
        "bundle_seen": "what each process really holds, and why not a newer one",
        "bundle_claim": "the claims of a bundle by digest, with their dates: what may be said now",
        "claim_index": "claim texts and example questions for the search",
        "embedding_cache": "vectors of those texts, by embedder and by the text's hash; nobody else's words",
        "claim_withdrawal": "claim digests that may not be said any more",
        "send_rule": "the bundle's send table, one row a cell",
        "policy": "the bundle's hours, caps and limits",
        "connection": "connections of the bundles in force",
        "secret": "values of `secret:NAME`, encrypted under the tenant's key",
    },
    "People": {
        "contact": "a person as one tenant knows them; their wrapped key; opt-out, strikes",
        "identity": "how they are reached, encrypted; found by HMAC",
        "consent_event": "append-only: what they agreed to or withdrew, and the evidence",
        "suppression": "who must not be written to, as an HMAC that outlives their data",
        "organisation_suppression": "the same for every tenant of an organisation",
        "hold": "danger, distress, complaint ...: what stops all but replies by people",
        "answer": "their answers to scripted questions, encrypted",
        "shown": "which wording they last saw, and when",
    },
    "Conversations": {
        "conversation": "a person on a connection; pinned bundle; who owns it",
        "conversation_queue": "what waits to be answered: numbers, lease and fence; head of the audit stream",
        "tenant_turn": "when each tenant was last served, so that none waits behind a noisy one",
        "inbox": "every message, in order, encrypted; partitioned by day",
        "inbox_seen": "what arrived already, for de-duplication; partitioned by day",
        "media": "pictures that a model may look at, fetched once, encrypted",
        "ingest_reject": "events that could not be stored, kept as they came, encrypted",
        "turn": "one row an answered turn: from where, up to where, how",
        "signal_count": "how often a category was seen in a conversation",
        "dead_letter": "turns given up after their last try",
        "case_file": "work for a person, with its clock",
        "model_outage": "since when no model answers a tenant, and the case that says so",
    },
    "Sending": {
        "outbox": "every message to be sent and its state; the words are encrypted",
        "outbox_decision": "append-only: each last look, its facts and the rule that decided",
        "delivery_status": "append-only: what the provider said became of it",
        "spend_day": "the day's money granted so far",
        "spend_shard": "the same, in sixteen parts, so that no row is everybody's",
        "spend_contact": "what one person cost today",
        "spend_reservation": "for model costs, which come with the model rungs; nothing writes it yet",
    },
    "Audit and desk": {
        "audit": "append-only: every entry of every stream, chained by hash; bodies encrypted",
        "drill_result": "append-only: what signed attack suites came to, by the bundle they were played against",
        "audit_stream": "heads of the streams `send/` and `desk/`",
        "audit_root": "sealed roots, each chained to the one before",
        "audit_root_leaf": "the stream heads a root binds",
        "audit_sealed": "the newest sealed leaf of each stream and its place in the tree, for the sealer alone",
        "model_breaker": "which model of which provider keeps failing, and until when nobody asks it; of all tenants",
        "event": "what happened, in kinds and numbers; never words",
        "desk_link": "one-time login links, as hashes",
        "desk_session": "sessions of operators, as hashes",
        "schema_migration": "which migrations ran, with their checksums",
    },
}
HEAD = """# Storage: tables and roles

Written by `python -m docs.generate` from `runtime/storage/schema.sql`; do not edit. Why it is like this:
[storage and roles](../explanation/storage-and-roles.md).

Every table but the migrations' own ledger has forced row-level security, which binds the owner too. Times are parameters
of every function. procrastinate's tables are in a schema of their own, `procrastinate`.

## Roles

| role | task | tables it may read | functions it may call |
|---|---|---|---|
"""

_TABLE = re.compile(r"^CREATE TABLE public\.(\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^    (\w+) ", re.MULTILINE)
_GRANT = re.compile(r"^GRANT [\w, ]+ ON (TABLE|FUNCTION) public\.(\w+).* TO (\w+);$", re.MULTILINE)


def page() -> str:
    """The whole page. A table without a purpose in GROUPS stands at the end, with its columns."""
    schema = (resources.files("runtime.storage") / "schema.sql").read_text("utf-8")
    tables = tables_of(schema)
    known = {name for group in GROUPS.values() for name in group}
    others = {name: "" for name in tables if name not in known}
    parts = [HEAD + "".join(_roles(schema))]
    for title, purposes in {**GROUPS, **({"Others": others} if others else {})}.items():
        parts += [f"## {title}", "", "| table | what it holds | columns |", "|---|---|---|"]
        parts += [f"| `{name}` | {words} | {', '.join(tables[name])} |" for name, words in purposes.items()]
        parts.append("")
    return "\n".join(parts)


def tables_of(schema: str) -> dict[str, tuple[str, ...]]:
    """Every table with its columns, partitions left out."""
    return {
        name: tuple(column for column in _COLUMN.findall(body) if column != "CONSTRAINT")
        for name, body in _TABLE.findall(schema)
        if not name.endswith("_default")
    }


def _roles(schema: str) -> Iterator[str]:
    granted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, name, role in _GRANT.findall(schema):
        granted[role, kind].add(name)
    for role, task in ROLES.items():
        if role == "convo_owner":
            yield f"| `{role}` | {task} | its own | its own |\n"
            continue
        tables = ", ".join(sorted(granted[role, "TABLE"])) or "none"
        functions = ", ".join(sorted(granted[role, "FUNCTION"])) or "none"
        yield f"| `{role}` | {task} | {tables} | {functions} |\n"
    yield "\n"
