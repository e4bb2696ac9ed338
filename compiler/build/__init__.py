"""Source -> the bundle's document: sorted, NFC, whole numbers only, every reference resolved. Pure.

The strictest of a tenant and its packs is taken wherever both speak, so that what a rule missed is still not looser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from compiler.build.record import document_digest, journeys, limits, record
from compiler.source.encoded import Fixed
from compiler.source.held import Held, composed
from compiler.source.lexicon import opt_out_words
from compiler.source.model import Category, Claim, Pattern, Source, tidy
from compiler.source.strictest import policy_of
from compiler.source.tree import Map
from schemas.bundle import FORMAT
from schemas.sendtable import default_rows, looser_than, prove, rows_of

ROOT = "tenants"  # files are named from here, wherever the folder lies
LINES = ("opt_out_confirmation", "holding", "handoff", "fallback", "no_answer", "clarify", "off_hours")
EXAMPLE = "EXAMPLE"


def build(source: Source, held: Held) -> dict[str, Any]:
    """The bundle of a tenant without errors, as the document `Bundle.decode` reads."""
    section = source.sections
    document = {
        "format": FORMAT,
        "unapproved": not held.whole,
        "tenant": _tenant(source),
        "persona": _persona(source),
        "claims": [_claim(source, claim, held) for claim in source.spoken()],
        "prohibited": [_prohibited(claim) for claim in source.prohibited()],
        "categories": categories(source),
        "opt_out": opt_out_words(source.packs),
        "handoff_words": _union(
            section["guardrails"]["handoff_words"],
            *(p.sections["pack"].get("handoff_words", ()) for p in source.packs),
        ),
        "lines": lines(source),
        "links": [_link(link) for link in sorted(section["destinations"]["links"], key=_by_id)],
        "connections": [_connection(c) for c in sorted(section["channels"]["connections"], key=_by_id)],
        "consent_bases": _consent_bases(section["consent"].get("bases", ())),
        "policy": policy_of(source),
        "send_table": send_table(source),
        "guardrails": _union(
            section["guardrails"]["active"], *(p.sections["pack"]["guardrails"] for p in source.packs)
        ),
        "quick_replies": [_quick_reply(q) for q in sorted(section["journeys"]["quick_replies"], key=_by_id)],
        "campaigns": [_campaign(c) for c in sorted(section["journeys"]["campaigns"], key=_by_id)],
        "escalation": dict(section["destinations"]["escalation"]),
        "journeys": journeys(source),
        "limits": limits(source),
        "record": record(source),
    }
    done: dict[str, Any] = composed(document)
    return done


def _consent_bases(bases: Iterable[Map]) -> list[dict[str, Any]]:
    """One entry a purpose and basis: every channel any of its lines names, and only the evidence that all of them want."""
    found: dict[str, dict[str, Any]] = {}
    for each in bases:
        name = f"{each['purpose']} {each['basis']}"
        channels, evidence = set(each["channels"]), set(each["evidence"])
        if name in found:
            channels |= set(found[name]["channels"])
            evidence &= set(found[name]["evidence"])
        found[name] = {"id": name, "channels": sorted(channels), "evidence": sorted(evidence)}
    return [found[name] for name in sorted(found)]


def closed(source: Source, claim: Claim) -> tuple[str, ...]:
    """Everything that must have been shown with a claim, directly or not, in the order to show it."""
    order: dict[str, None] = {}
    waiting = list(reversed(claim.required_with))
    while waiting:  # depth first; a function that calls itself would keep the tenant alive in a circle
        name = waiting.pop()
        if name != claim.id and name not in order and name in source.claims:
            order[name] = None
            waiting += reversed(source.claims[name].required_with)
    return tuple(order)


def lines(source: Source) -> dict[str, str | None]:
    """The fixed lines by purpose: the tenant's own, else the last pack's that has one."""
    found: dict[str, str | None] = dict.fromkeys(LINES)
    for held in [*(p.sections["pack"] for p in source.packs), source.sections["persona"]]:
        found.update(held.get("lines", {}))
    return found


def categories(source: Source) -> list[dict[str, Any]]:
    """The packs' signals with what the tenant adds, most urgent first."""
    merged: dict[str, dict[str, Any]] = {}
    for category in [c for pack in source.packs for c in pack.categories]:
        merged.setdefault(category.id, _category(category))
    for added in source.categories:
        if added.id in merged:
            merged[added.id]["patterns"] += [_pattern(p) for p in added.patterns]
            merged[added.id]["reply"] = added.reply or merged[added.id]["reply"]
    return sorted(merged.values(), key=lambda c: (c["priority"], c["id"]))


def send_table(source: Source) -> list[dict[str, Any]]:
    """The default grid, tightened by what this tenant's consent rules say about confirmations of an opt-out."""
    consents = [p.sections["consent"] for p in source.packs if "consent" in p.sections] + [
        source.sections["consent"]
    ]
    return _table(silent=any(c["opt_out"]["confirmations"] == 0 for c in consents if "opt_out" in c))


@cache
def _table(*, silent: bool) -> Fixed:
    """Proved once for all the tenants that have it."""
    rows = default_rows()
    for row in rows:
        if silent and (row["state"], row["send_class"]) == ("opted_out", "confirmation"):
            row.update(effect="drop", only=(), otherwise=None)
    _proved(rows)
    return Fixed(composed(rows))


def _proved(rows: list[dict[str, Any]]) -> None:
    """The table about to go into a bundle is whole, lets safety through and is nowhere looser than the grid of the packs.

    No tenant's file can make this fail; if it does, the compiler is wrong and must not hand anything out.
    """
    table = rows_of(rows)
    faults = [f"{f.state}/{f.send_class}/{f.channel} {f.message}" for f in prove(table)]
    faults += [
        f"{r.state}/{r.send_class}/{r.channel} is looser" for r in looser_than(table, rows_of(default_rows()))
    ]
    if faults:
        raise RuntimeError("the send table does not hold: " + "; ".join(faults))


def _by_id(item: Mapping[str, Any]) -> str:
    return str(item["id"])


def _union(*lists: Iterable[str]) -> list[str]:
    return sorted({word for words in lists for word in words})


def _tenant(source: Source) -> dict[str, Any]:
    raw = source.sections["tenant"]
    values = {slot.removeprefix("tenant."): value for slot, value in source.fills().items()}
    return {
        **{key: raw[key] for key in ("slug", "display_name", "organisation", "legal_entity")},
        **{key: raw[key] for key in ("nation", "timezone", "language")},
        "packs": [pack.id for pack in source.packs],
        "values": values,
        "example": any(EXAMPLE in text for text in [*values.values(), raw["legal_entity"]]),
        "accent": dict(raw["accent"]),
        "hours_text": raw["values"]["hours"],
        "retention_days": dict(raw["retention_days"]),
    }


def _persona(source: Source) -> dict[str, Any]:
    from compiler.source.template import (
        render,
    )  # Jinja2 takes longer to import than a small tenant to compile

    raw = source.sections["persona"]
    return {
        **{key: raw[key] for key in ("name", "display_name", "max_chars", "preset")},
        **{key: list(raw[key]) for key in ("languages", "opening", "phrases")},
        "topic": source.sections["tenant"]["values"]["topic"],
        "prompt": render(raw["prompt"], persona=raw, tenant=source.sections["tenant"]),
    }


def _claim(source: Source, claim: Claim, held: Held) -> dict[str, Any]:
    raw = claim.raw
    return {
        "id": claim.id,
        "kind": claim.kind,
        "texts": claim.texts,
        "slots": sorted(claim.slots),
        "when": claim.when,
        "required_with": list(closed(source, claim)),
        "repeat_after_days": raw.get("repeat_after_days"),
        "never_say": sorted(raw.get("never_say", ())),
        "sources": sorted(raw["source"]),
        "effective": claim.effective,
        "expires": claim.expires,
        "review_by": claim.review_by,
        "channels": sorted(claim.channels),
        "audience": sorted(claim.audience),
        "questions": _questions(raw),
        "options": list(raw.get("options", ())),
        "topic": tidy(raw.get("topic", "")),
        "digest": held.digests[claim.id],
        "approvals": [_approval(line) for line in held.lines.get(claim.id, ())],
        "approved": held.approved(claim.id),
        "covers": sorted(claim.covers),
        "document": raw.get("document", ""),
        "document_digest": document_digest(source, raw.get("document", "")),
        **_place(raw),
    }


def _questions(raw: Map) -> list[str]:
    """What a claim is found by: the words that offer it are a question it answers."""
    topic = [tidy(raw["topic"])] if "topic" in raw else []
    return [*topic, *(question for question in raw.get("questions", ()) if question not in topic)]


def _approval(line: Map) -> dict[str, Any]:
    return {key: line.get(key) for key in ("by", "role", "on", "expires", "ref")}


def _place(raw: Map) -> dict[str, Any]:
    return {"file": f"{ROOT}/{raw.file}", "line": raw.at().line}


def _prohibited(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "says": tidy(claim.raw["says"]),
        "match": list(claim.match),
        "allow": sorted(claim.allow),
        "sources": sorted(claim.raw["source"]),
        "effective": claim.effective,
        "expires": claim.expires,
        "review_by": claim.review_by,
        **_place(claim.raw),
    }


def _category(category: Category) -> dict[str, Any]:
    raw = category.raw
    return {
        **{
            key: raw[key]
            for key in ("id", "priority", "send_class", "hold", "suppress", "stops_bot", "page", "after")
        },
        **{key: raw.get(key) for key in ("reply", "case", "sla_minutes")},
        "pause_days": raw.get("pause_days", 0),
        "patterns": [_pattern(pattern) for pattern in category.patterns],
    }


def _pattern(pattern: Pattern) -> dict[str, Any]:
    return {"id": pattern.id, "match": pattern.match, "lang": pattern.lang, "unless": list(pattern.unless)}


def _link(raw: Map) -> dict[str, Any]:
    return {
        **{key: raw[key] for key in ("id", "url", "claim", "slot", "tracking_ref")},
        "requires": list(raw["requires"]),
        "answers": {answer["question"]: answer["answer"] for answer in raw["answers"]},
    }


def _connection(raw: Map) -> dict[str, Any]:
    return {
        **{key: raw[key] for key in ("id", "channel", "stage", "address", "signature", "outreach")},
        "base_url": raw.get("base_url", ""),
        "secrets": dict(raw.get("secrets", {})),
        "options": dict(raw.get("options", {})),
        "origins": sorted(raw.get("origins", ())),
    }


def _quick_reply(raw: Map) -> dict[str, Any]:
    return {
        **{key: raw[key] for key in ("id", "title")},
        "claims": list(raw["claims"]),
        "questions": list(raw.get("questions", ())),
    }


def _campaign(raw: Map) -> dict[str, Any]:
    return {
        **{key: raw[key] for key in ("id", "purpose", "language")},
        "claims": list(raw["claims"]),
        "template": raw.get("template"),
    }
